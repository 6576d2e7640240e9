/*
 * test_engine_map_recover.c - crashes while Map Runs go on: each item has one
 * child, that is counted once, and no row is left in the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "map_runs.h"

static const char handlers[] =
    "local t = {}\n"
    "function t.odd(input)\n"
    "  if input % 2 == 1 then error({ Error = 'E', Cause = 'C' }) end\n"
    "  return input\n"
    "end\n"
    "return t\n";

static struct rig *open_with(void **state, const char *definition) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    rig_machine(rig, "m", definition);
    rig_flush(rig);
    return rig;
}

static struct rig_reply *end_after_crash(struct rig *rig, const char *input,
                                         unsigned turns) {
    rig->options.journal_bytes = turns % 4 ? 1024 : 0;
    struct rig_reply *end = branches_end_after_crash(rig, input, turns);
    if (end)
        map_check(rig, end->arn);
    return end;
}

#define WAITS STANDARD("A", "'A':{'Type':'Wait','SecondsPath':'$'," \
                            "'Next':'B'}," PASS("B"))

static void children_start_once(void **state) {
    struct rig *rig = open_with(
        state, MAP_MACHINE(STANDARD("T", "'T':{'Type':'Task','Resource':"
                                         "'lua:t.odd','Next':'W'},"
                                         "'W':{'Type':'Wait','Seconds':1,"
                                         "'End':true}"),
                           ",'MaxConcurrency':3,"
                           "'ToleratedFailureCount':3"));
    for (unsigned turns = 0; turns < 80; turns += 3) {
        struct rig_reply *end =
            end_after_crash(rig, "[2,4,1,6,3,8,10]", turns);
        if (!end)
            continue;
        rig_assert_text(rig, end->output,
                        "[2,4,{'Error':'E','Cause':'C'},6,"
                        "{'Error':'E','Cause':'C'},8,10]");
        rig_assert_text(rig, map_runs(rig, end->arn),
                        "SUCCEEDED items 0+0+5+2+0+0 "
                        "executions 0+0+5+2+0+0\n");
        rig_assert_text(rig, map_children(rig, end->arn),
                        "SUCCEEDED 2 2\nSUCCEEDED 4 4\nFAILED 1 E: C\n"
                        "SUCCEEDED 6 6\nFAILED 3 E: C\nSUCCEEDED 8 8\n"
                        "SUCCEEDED 10 10\n");
    }
}

/* "[f(0),f(1),...]" Owned by the rig. */
static const char *array_of(struct rig *rig, int count, int (*f)(int i)) {
    struct wf_buf text = {0};
    for (int i = 0; i < count; i++)
        wf_buf_addf(&text, "%c%d", i ? ',' : '[', f(i));
    wf_buf_adds(&text, "]");
    wf_buf_u8(&text, 0);
    const char *kept = rig_quoted(rig, text.data);
    wf_buf_free(&text);
    return kept;
}

static int some_seconds(int i) {
    return i * 7 % 3;
}

/* Many children for each batch, many batches for each run. */
static void long_runs_survive_crashes(void **state) {
    struct rig *rig = open_with(state, MAP_MACHINE(WAITS, ""));
    const char *input = array_of(rig, 700, some_seconds);
    for (unsigned turns = 1; turns < 60; turns += 7) {
        struct rig_reply *end = end_after_crash(rig, input, turns);
        if (!end)
            continue;
        rig_assert_text(rig, end->output, input);
        rig_assert_has(map_runs(rig, end->arn), "executions 0+0+700+0+0+0");
    }
}

#define BATCHES STANDARD("A", "'A':{'Type':'Wait','Seconds':1,'End':true}")
static void batches_survive_crashes(void **state) {
    struct rig *rig = open_with(
        state, MAP_MACHINE(BATCHES, ",'MaxConcurrency':2,'ItemSelector':{"
                                    "'i.$':'$$.Map.Item.Index'},"
                                    "'ItemBatcher':{'MaxItemsPerBatch':2}"));
    for (unsigned turns = 1; turns < 60; turns += 3) {
        struct rig_reply *end = end_after_crash(rig, "[9,9,9,9,9,9,9]",
                                                turns);
        if (!end)
            continue;
        rig_assert_text(rig, end->output,
                        "[{'Items':[{'i':0},{'i':1}]},"
                        "{'Items':[{'i':2},{'i':3}]},"
                        "{'Items':[{'i':4},{'i':5}]},{'Items':[{'i':6}]}]");
        rig_assert_text(rig, map_runs(rig, end->arn),
                        "SUCCEEDED items 0+0+7+0+0+0 "
                        "executions 0+0+4+0+0+0\n");
    }
}

/* The second attempt fails as well, and is caught. */
static void failing_runs_survive_crashes(void **state) {
    struct rig *rig = open_with(
        state,
        "{'StartAt':'M','States':{'M':{'Type':'Map',"
        STANDARD("W", "'W':{'Type':'Wait','SecondsPath':'$','Next':'T'},"
                      "'T':{'Type':'Task','Resource':'lua:t.odd',"
                      "'End':true}")
        ",'Retry':[{'ErrorEquals':['States.ALL'],'IntervalSeconds':1,"
        "'MaxAttempts':1}],'Catch':[{'ErrorEquals':['States.ALL'],"
        "'Next':'Z'}],'End':true}," PASS("Z") "}}");
    for (unsigned turns = 0; turns < 90; turns += 3) {
        struct rig_reply *end = end_after_crash(rig, "[0,8,1,10,14]", turns);
        if (!end)
            continue;
        rig_assert_has(end->output, "ExceedToleratedFailureThreshold");
        rig_assert_text(rig, map_runs(rig, end->arn),
                        "FAILED items 0+0+1+1+0+3 executions 0+0+1+1+0+3\n"
                        "FAILED items 0+0+1+1+0+3 executions 0+0+1+1+0+3\n");
        assert_int_equal(rig_count(map_children(rig, end->arn), "\n"), 10);
    }
}

#define INNER(label, processor)                                           \
    "'" label "':{'Type':'Map','Label':'" label "'," processor            \
    ",'End':true}"
#define NESTED STANDARD("I", INNER("I", WAITS))

static void runs_in_children_survive_crashes(void **state) {
    struct rig *rig = open_with(state, MAP_MACHINE(NESTED, ""));
    const char *input = "[[1,2],[],[3],[0,2,1,0],[2]]";
    for (unsigned turns = 0; turns < 80; turns += 3) {
        struct rig_reply *end = end_after_crash(rig, input, turns);
        if (end)
            rig_assert_text(rig, end->output, input);
    }
}

static void aborted_runs_survive_crashes(void **state) {
    struct rig *rig = open_with(
        state,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("N", INNER("N", NESTED)) ","
        BRANCH("W", "'W':{'Type':'Wait','Seconds':2,'Next':'F'},"
               "'F':{'Type':'Fail','Error':'E','Cause':'C'}")
        "],'Catch':[{'ErrorEquals':['E'],'Next':'Z'}],'End':true},"
        "'Z':{'Type':'Wait','Seconds':20,'End':true}}}");
    for (unsigned turns = 0; turns < 80; turns += 3) {
        struct rig_reply *end =
            end_after_crash(rig, "[[1,1],[9],[1,9,9],[],[8]]", turns);
        if (!end)
            continue;
        rig_assert_text(rig, end->output, "{'Error':'E','Cause':'C'}");
        const char *children = map_children(rig, end->arn);
        assert_int_equal(rig_count(children, "\n"), 5);
        assert_int_equal(rig_count(children, "ABORTED"), 3);
    }
}

/* Stops the execution some turns after its start, and crashes some turns
 * after that. (A virtual clock would be at the end of all waits.) */
static void stop_and_crash(struct rig *rig, unsigned before,
                           unsigned behind) {
    const char *arn =
        rig_start(rig, NULL, "[[3,7200],[0],[7200,1,1],[],[7200]]");
    rig_turns(rig, before);
    struct rig_reply *stop = rig_ask_stop(rig, arn, "E", "C");
    rig_turns(rig, behind);
    bool acknowledged = stop->done;
    rig_crash(rig);
    rig_open(rig);
    if (acknowledged)
        rig_assert_status(rig, arn, WF_EXECUTION_ABORTED);
    else
        rig_reply_of(rig, rig_ask_stop(rig, arn, "E", "C"));
    map_check(rig, arn);
}

static void orphans_are_stopped_after_crashes(void **state) {
    struct rig *rig = open_with(state, MAP_MACHINE(NESTED, ""));
    for (unsigned i = 0; i < 60; i++) {
        rig->options.journal_bytes = i % 2 ? 1024 : 0;
        stop_and_crash(rig, i * 7 % 30, i % 6);
    }
}

/* Inputs and outputs of children in pieces, decisions that threads make. */
static void large_items_survive_crashes(void **state) {
    struct rig *rig = *state;
    rig->clock.seeded = false; /* which would do without threads */
    open_with(state,
              "{'StartAt':'M','States':{'M':{'Type':'Map','ItemsPath':"
              "'$.l','ItemSelector':{'i.$':'$$.Map.Item.Value',"
              "'p.$':'$.p'},"
              STANDARD("W", "'W':{'Type':'Wait','SecondsPath':'$.i',"
                            "'Next':'B'}," PASS("B"))
              ",'Next':'Z'},'Z':{'Type':'Pass','Parameters':{'n.$':"
              "'$[*].i','p.$':'$[1].p'},'End':true}}}");
    char *pad = branches_padding(300000);
    struct wf_buf input = {0};
    wf_buf_addf(&input, "{\"l\":[3,1,2,0,1],\"p\":%s}", pad);
    wf_buf_u8(&input, 0);
    for (unsigned turns = 4; turns < 90; turns += 5) {
        struct rig_reply *end = end_after_crash(rig, input.data, turns);
        if (!end)
            continue;
        if (!end->output)
            fail_msg("%s: %s", end->error, end->cause);
        const char *output = end->output ? end->output : "";
        assert_int_equal(strlen(output), 300000 + 24);
        assert_memory_equal(output, "{\"n\":[3,1,2,0,1],\"p\":\"xxx", 24);
    }
    wf_buf_free(&input);
    free(pad);
}

/* A selector fails after some children have been made, while threads decide
 * what another branch does: those have not been in a batch yet. */
static void new_children_can_be_stopped(void **state) {
    struct rig *rig = *state;
    rig->clock.seeded = false;
    open_with(state,
              "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
              BRANCH("A", "'A':{'Type':'Pass','ResultPath':'$.c',"
                          "'Next':'B'},'B':{'Type':'Pass','ResultPath':"
                          "'$.d','End':true}") ","
              BRANCH("M", "'M':{'Type':'Map','ItemsPath':'$.l',"
                          "'ItemSelector':{'i.$':'$$.Map.Item.Value.i'},"
                          STANDARD("W", "'W':{'Type':'Wait','Seconds':9,"
                                        "'End':true}")
                          ",'End':true}")
              "],'Catch':[{'ErrorEquals':['States.ALL'],'Next':'Z'}],"
              "'End':true}," PASS("Z") "}}");
    char *pad = branches_padding(300000);
    struct wf_buf input = {0};
    wf_buf_addf(&input, "{\"l\":[{\"i\":1},{\"i\":2},{\"j\":1}],\"p\":%s}",
                pad);
    wf_buf_u8(&input, 0);
    for (unsigned turns = 4; turns < 60; turns += 3) {
        struct rig_reply *end = end_after_crash(rig, input.data, turns);
        if (end)
            rig_assert_has(map_runs(rig, end->arn), "FAILED items ");
    }
    wf_buf_free(&input);
    free(pad);
}

/* So many steps that a thread makes them: 0. */
#define LONG_ZERO "$sum([1..20000].($*0))"

/* All that a script decides takes long. */
static void long_decisions_survive_crashes(void **state) {
    struct rig *rig = *state;
    rig->clock.seeded = false; /* which would do without threads */
    open_with(state,
              "{'QueryLanguage':'JSONata','StartAt':'M','States':{'M':{"
              "'Type':'Map','MaxConcurrency':2,'Items':'{% $map([1..6],"
              "function($i){$i+" LONG_ZERO "}) %}','ItemSelector':"
              "'{% $states.context.Map.Item.Value+$length("
              "$states.context.Map.Item.Source)-10+" LONG_ZERO " %}',"
              STANDARD("A", "'A':{'Type':'Pass','Output':'{% $states.input+"
                            "10+" LONG_ZERO " %}','Next':'F'},'F':{"
                            "'Type':'Choice','Choices':[{'Condition':"
                            "'{% $states.input=14 %}','Next':'G'}],"
                            "'Default':'B'},'G':{'Type':'Fail'},"
                            "'B':{'Type':'Pass','End':true}")
              ",'ToleratedFailureCount':1,'Output':"
              "'{% $count($states.result)+" LONG_ZERO " %}','End':true}}}");
    for (unsigned turns = 0; turns < 450; turns += 37) {
        struct rig_reply *end = end_after_crash(rig, "0", turns);
        if (!end)
            continue;
        if (!end->output)
            fail_msg("%s: %s", end->error, end->cause);
        rig_assert_text(rig, end->output, "6");
        rig_assert_text(rig, map_runs(rig, end->arn),
                        "SUCCEEDED items 0+0+5+1+0+0 "
                        "executions 0+0+5+1+0+0\n");
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(children_start_once),
        ENGINE_TEST_BOTH(long_runs_survive_crashes),
        ENGINE_TEST_BOTH(batches_survive_crashes),
        ENGINE_TEST_BOTH(failing_runs_survive_crashes),
        ENGINE_TEST_BOTH(runs_in_children_survive_crashes),
        ENGINE_TEST_BOTH(aborted_runs_survive_crashes),
        ENGINE_TEST_REAL(orphans_are_stopped_after_crashes),
        ENGINE_TEST_BOTH(large_items_survive_crashes),
        ENGINE_TEST_BOTH(new_children_can_be_stopped),
        ENGINE_TEST_BOTH(long_decisions_survive_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
