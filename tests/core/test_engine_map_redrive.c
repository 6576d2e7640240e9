/*
 * test_engine_map_redrive.c - redrives of Map Runs: children that had ended
 * well stay so, the others go on (STANDARD) or begin anew (EXPRESS), items
 * without a child get one; wherever the engine dies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "map_runs.h"

/* Odd numbers fail until the child is redriven; `once` until a file says that
 * they have failed. */
static const char handlers[] =
    "local t = {}\n"
    "function t.odd(input, task)\n"
    "  if input % 2 == 1 and not task.idempotency_key:find('-r', 1, true)\n"
    "  then error({ Error = 'E', Cause = 'C' }) end\n"
    "  return input * 10\n"
    "end\n"
    "function t.never() error({ Error = 'E', Cause = 'C' }) end\n"
    "return t\n";

#define TASK(name, function, rest) \
    "'" name "':{'Type':'Task','Resource':'lua:t." function "'," rest "}"
#define ODD(type) PROCESSOR(type, "P", "'P':{'Type':'Pass','Next':'T'}," \
                                       TASK("T", "odd", "'End':true"))

static const char *fail_with(struct rig *rig, const char *definition,
                             const char *input) {
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    struct rig_reply *end = rig_run(rig, definition, input);
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    return end->arn;
}

static const char *succeed_after(struct rig *rig, const char *arn,
                                 const char *output) {
    rig_redrive(rig, arn);
    struct rig_reply *end = rig_end(rig, arn);
    const char *story = rig_story(rig, arn);
    if (end->status != WF_EXECUTION_SUCCEEDED)
        fail_msg("%s\n%s", end->cause, story);
    rig_assert_text(rig, end->output, output);
    map_check(rig, arn);
    return story;
}

static void failed_children_go_on(void **state) {
    struct rig *rig = *state;
    const char *arn =
        fail_with(rig, MAP_MACHINE(ODD("STANDARD"), ",'MaxConcurrency':1"),
                  "[2,4,5,6,7]");
    rig_assert_text(rig, map_runs(rig, arn),
                    "FAILED items 2+0+2+1+0+0 executions 0+0+2+1+0+0\n");
    rig_redrive(rig, arn); /* 7 has no redrive yet, and fails */
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    const char *story = succeed_after(rig, arn, "[20,40,50,60,70]");
    assert_int_equal(rig_count(story, " MapRunStarted M"), 1);
    assert_int_equal(rig_count(story, " MapRunRedriven M#1"), 1);
    assert_int_equal(rig_count(story, " MapRunRedriven M#2"), 1);
    assert_int_equal(rig_count(story, " MapRunSucceeded M"), 1);
    rig_assert_text(rig, map_runs(rig, arn),
                    "SUCCEEDED items 0+0+5+0+0+0 executions 0+0+5+0+0+0\n");
    rig_assert_text(rig, map_children(rig, arn),
                    "SUCCEEDED 2 20\nSUCCEEDED 4 40\nSUCCEEDED 5 50\n"
                    "SUCCEEDED 6 60\nSUCCEEDED 7 70\n");
    char *third = strdup(map_child_arns(rig, arn));
    for (char *at = third; *at; at++)
        *at = *at == '\n' ? 0 : *at;
    char *child = third + strlen(third) + 1;
    child += strlen(child) + 1;
    story = rig_story(rig, child);
    assert_int_equal(rig_count(story, " PassStateEntered P"), 1);
    assert_int_equal(rig_count(story, " ExecutionRedriven#1"), 1);
    assert_int_equal(rig_describe(rig, child)->redrives, 1);
    free(third);
}

static void express_children_begin_anew(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig,
        MAP_MACHINE(PROCESSOR("EXPRESS", "C",
                              "'C':{'Type':'Choice','Choices':[{'Variable':"
                              "'$','NumericEquals':3,'Next':'T'}],"
                              "'Default':'B'},"
                              TASK("T", "never", "'End':true") "," PASS("B")),
                    ""),
        "[1,3]");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    const char *arn = end->arn;
    rig_redrive(rig, arn);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    rig_assert_text(rig, map_runs(rig, arn),
                    "FAILED items 0+0+1+1+0+0 executions 0+0+1+1+0+0\n");
    assert_int_equal(rig_count(rig_story(rig, arn), " MapRunRedriven"), 1);
}

static void a_run_that_had_succeeded_begins_anew(void **state) {
    struct rig *rig = *state;
    const char *arn = fail_with(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map',"
        STANDARD("P", PASS("P"))
        ",'ResultSelector':{'t.$':'$$.Execution.RedriveTime','r.$':'$'},"
        "'OutputPath':'$.r','End':true}}}",
        "[1,2]");
    const char *story = succeed_after(rig, arn, "[1,2]");
    assert_int_equal(rig_count(story, " MapRunStarted M"), 2);
}

static const char waits[] =
    "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
    BRANCH("M", "'M':{'Type':'Map','MaxConcurrency':3,"
           STANDARD("A", "'A':{'Type':'Wait','SecondsPath':'$','Next':'B'},"
                         PASS("B")) ",'End':true}") ","
    BRANCH("Z", PASS("Z")) "],'End':true}}}";

static void check_waits(struct rig *rig, const char *arn) {
    struct rig_reply *end = rig_end(rig, arn);
    if (end->status != WF_EXECUTION_SUCCEEDED)
        fail_msg("%s\n%s", end->cause, rig_story(rig, arn));
    rig_assert_text(rig, end->output,
                    "[[1,2,3,4,5,6,7,8],[1,2,3,4,5,6,7,8]]");
    rig_assert_text(rig, map_runs(rig, arn),
                    "SUCCEEDED items 0+0+8+0+0+0 executions 0+0+8+0+0+0\n");
    map_check(rig, arn);
}

static void it_goes_on_wherever_it_was_stopped(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    rig_machine(rig, "m", waits);
    enum wf_execution_status status = WF_EXECUTION_ABORTED;
    for (unsigned turns = 8; status == WF_EXECUTION_ABORTED; turns += 5) {
        char name[16];
        snprintf(name, sizeof(name), "x%u", turns);
        const char *arn = rig_start(rig, name, "[1,2,3,4,5,6,7,8]");
        rig_turns(rig, turns);
        status =
            rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL))->status;
        if (status == WF_EXECUTION_ABORTED)
            rig_redrive(rig, arn);
        check_waits(rig, arn);
    }
}

static void it_goes_on_wherever_the_engine_died(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    rig_machine(rig, "m", waits);
    for (unsigned turns = 0; turns < 60; turns += 4) {
        char name[16];
        snprintf(name, sizeof(name), "x%u", turns);
        const char *arn = rig_start(rig, name, "[1,2,3,4,5,6,7,8]");
        rig_turns(rig, 20 + turns);
        struct rig_reply *end =
            rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
        if (end->status != WF_EXECUTION_ABORTED)
            continue;
        rig_ask_redrive(rig, arn, "token");
        rig_turns(rig, turns);
        rig_crash(rig);
        rig_open(rig);
        rig_reply_of(rig, rig_ask_redrive(rig, arn, "token"));
        check_waits(rig, arn);
        assert_int_equal(rig_describe(rig, arn)->redrives, 1);
    }
}

static bool three_wait(struct rig *rig, void *arg) {
    return strcmp(map_runs(rig, arg),
                  "RUNNING items 1+3+0+4+0+0 executions 0+3+0+4+0+0\n") == 0;
}

/* Four have failed, and three are stopped. */
static char *stop_some(struct rig *rig, unsigned number) {
    char name[16];
    snprintf(name, sizeof(name), "x%u", number);
    char *arn =
        rig_quoted(rig, rig_start(rig, name, "[0,500,0,0,500,0,500,1]"));
    rig_until_true(rig, three_wait, arn);
    rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    map_check(rig, arn);
    return arn;
}

/* A redrive comes to some of them, or to none, before it is stopped as well:
 * the others count as they had ended. A child may have failed again that its
 * run, having ended, counts as stopped. */
static void those_it_did_not_come_to_count_as_before(void **state) {
    static const char stopped[] =
        "ABORTED items 1+0+0+4+0+3 executions 0+0+0+4+0+3\n";
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                MAP_MACHINE(STANDARD("C", "'C':{'Type':'Choice','Choices':[{"
                                     "'Variable':'$','NumericEquals':0,"
                                     "'Next':'F'}],'Default':'W'},"
                                     "'F':{'Type':'Fail','Error':'E'},"
                                     "'W':{'Type':'Wait','SecondsPath':'$',"
                                     "'End':true}"),
                            ",'MaxConcurrency':3,"
                            "'ToleratedFailurePercentage':100"));
    for (unsigned turns = 0; turns < 40; turns += 3) {
        char *arn = stop_some(rig, turns);
        rig_assert_text(rig, map_runs(rig, arn), stopped);
        rig_redrive(rig, arn);
        rig_turns(rig, turns);
        if (turns % 2)
            rig_reopen(rig);
        rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
        map_check(rig, arn);
        unsigned long failed, aborted;
        const char *said = map_runs(rig, arn);
        if (turns == 0)
            rig_assert_text(rig, said, stopped);
        assert_int_equal(sscanf(said, "ABORTED items 1+0+0+%lu+0+%lu",
                                &failed, &aborted), 2);
        assert_int_equal(failed + aborted, 7);
        assert_true(failed <=
                    rig_count(map_children(rig, arn), "FAILED 0 E"));
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(failed_children_go_on),
        ENGINE_TEST_BOTH(express_children_begin_anew),
        ENGINE_TEST_BOTH(a_run_that_had_succeeded_begins_anew),
        ENGINE_TEST_BOTH(it_goes_on_wherever_it_was_stopped),
        ENGINE_TEST_BOTH(it_goes_on_wherever_the_engine_died),
        ENGINE_TEST_REAL(those_it_did_not_come_to_count_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
