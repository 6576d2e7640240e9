/*
 * test_engine_branches_fail.c - Parallel and Map: what becomes of failures
 * and of what runs beside them, ends from outside, EXPRESS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "branches.h"
#include "file.h"
#include "lua_stdlib.h"

static const char handlers[] =
    "local t = {}\n"
    "function t.echo(input) return input end\n"
    "function t.boom() error({ Error = 'E', Cause = 'C' }) end\n"
    "function t.slow(input)\n"
    "  require('sleep')(1e6)\n"
    "  return input\n"
    "end\n"
    "return t\n";

/* ---- failures ---- */

static void a_failing_branch_fails_the_parallel(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *story = branches_run(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("F", "'F':{'Type':'Fail','Error':'E','Cause':'C'}") ","
        BRANCH("W", "'W':{'Type':'Wait','Seconds':9,'End':true}")
        "],'End':true}}}",
        "{}", WF_EXECUTION_FAILED, NULL);
    assert_string_equal(story,
                        "1<0 ExecutionStarted\n"
                        "2<0 ParallelStateEntered P\n"
                        "3<2 ParallelStateStarted P\n"
                        "4<3 FailStateEntered F\n"
                        "5<4 ParallelStateFailed P\n"
                        "6<5 ExecutionFailed E: C\n");
}


/* Everything that can stand beside what fails. */
static const char beside[] =
    "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
    BRANCH("F", "'F':{'Type':'Wait','Seconds':1,'Next':'G'},"
           "'G':{'Type':'Fail','Error':'E','Cause':'C'}") ","
    BRANCH("W", "'W':{'Type':'Wait','Seconds':9,'End':true}") ","
    BRANCH("R", "'R':{'Type':'Task','Resource':'lua:t.boom','Retry':[{"
           "'ErrorEquals':['E'],'IntervalSeconds':50}],'End':true}") ","
    BRANCH("M", "'M':{'Type':'Map','ItemsPath':'$.l','ItemProcessor':"
           BRANCH("V", "'V':{'Type':'Wait','Seconds':20,'End':true}")
           ",'End':true}") ","
    BRANCH("S", "'S':{'Type':'Parallel','Branches':["
           BRANCH("U", "'U':{'Type':'Wait','Seconds':20,'End':true}")
           "],'End':true}") ","
    BRANCH("A", "'A':{'Type':'Pass','End':true}")
    "],'Catch':[{'ErrorEquals':['E'],'Next':'Z'}],'End':true},"
    "'Z':{'Type':'Wait','Seconds':100,'End':true}}}";

static void what_runs_beside_a_failure_is_aborted(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    const char *story = branches_succeed(rig, beside, "{'l':[1,2]}",
                                         "{'Error':'E','Cause':'C'}");
    assert_int_equal(rig_count(story, " WaitStateAborted W"), 1);
    assert_int_equal(rig_count(story, " TaskStateAborted R"), 1);
    assert_int_equal(rig_count(story, " WaitStateAborted V"), 2);
    assert_int_equal(rig_count(story, " MapIterationAborted M#0"), 1);
    assert_int_equal(rig_count(story, " MapIterationAborted M#1"), 1);
    assert_int_equal(rig_count(story, " MapStateAborted M"), 1);
    assert_int_equal(rig_count(story, " WaitStateAborted U"), 1);
    assert_int_equal(rig_count(story, " ParallelStateAborted S"), 1);
    assert_int_equal(rig_count(story, " ParallelStateFailed P +1000\n"), 1);
    assert_int_equal(rig_count(story, " PassStateExited A"), 1);
    assert_int_equal(rig_count(story, "Aborted"), 9);
    assert_int_equal(rig_stats(rig).timers, 0);
}

/* As recorded: a task that fails its branch is aborted, too. */
static void a_failing_task_fails_the_parallel(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    const char *story = branches_succeed(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("T", "'T':{'Type':'Task','Resource':'lua:t.boom',"
               "'End':true}")
        "],'Catch':[{'ErrorEquals':['States.ALL'],'Next':'Z'}],"
        "'End':true}," PASS("Z") "}}",
        "{}", "{'Error':'E','Cause':'C'}");
    assert_string_equal(story,
                        "1<0 ExecutionStarted\n"
                        "2<0 ParallelStateEntered P\n"
                        "3<2 ParallelStateStarted P\n"
                        "4<3 TaskStateEntered T\n"
                        "5<4 TaskScheduled T\n"
                        "6<5 TaskStarted T\n"
                        "7<6 TaskFailed T E: C\n"
                        "8<7 TaskStateAborted T\n"
                        "9<8 ParallelStateFailed P\n"
                        "10<9 ParallelStateExited P\n"
                        "11<10 PassStateEntered Z\n"
                        "12<11 PassStateExited Z\n"
                        "13<12 ExecutionSucceeded\n");
}

static void a_failing_iteration_fails_the_map(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *story = branches_run(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
        BRANCH("C", "'C':{'Type':'Choice','Choices':[{'Variable':'$',"
               "'NumericEquals':2,'Next':'F'}],'Default':'W'},"
               "'W':{'Type':'Wait','Seconds':9,'End':true},"
               "'F':{'Type':'Fail','Error':'E','Cause':'C'}")
        ",'End':true}}}",
        "[1,2]", WF_EXECUTION_FAILED, NULL);
    assert_string_equal(story,
                        "1<0 ExecutionStarted\n"
                        "2<0 MapStateEntered M\n"
                        "3<2 MapStateStarted M length=2\n"
                        "4<3 MapIterationStarted M#0\n"
                        "5<3 MapIterationStarted M#1\n"
                        "6<4 ChoiceStateEntered C\n"
                        "7<6 ChoiceStateExited C\n"
                        "8<7 WaitStateEntered W\n"
                        "9<5 ChoiceStateEntered C\n"
                        "10<9 ChoiceStateExited C\n"
                        "11<10 FailStateEntered F\n"
                        "12<11 MapIterationFailed M#1\n"
                        "13<8 WaitStateAborted W\n"
                        "14<13 MapIterationAborted M#0\n"
                        "15<11 MapStateFailed M\n"
                        "16<15 ExecutionFailed E: C\n");
}

/* Retries begin again from the state's input, as many times as allowed. */
static void maps_and_parallels_are_retried(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *retry = "'Retry':[{'ErrorEquals':['E'],'IntervalSeconds':1,"
                        "'MaxAttempts':2,'BackoffRate':1}]";
    char definition[700];
    snprintf(definition, sizeof(definition),
             "{'StartAt':'M','States':{'M':{'Type':'Map',%s,"
             "'MaxConcurrency':1,'ItemProcessor':"
             BRANCH("C", "'C':{'Type':'Choice','Choices':[{'Variable':'$',"
                    "'NumericEquals':2,'Next':'F'}],'Default':'A'},"
                    PASS("A") ",'F':{'Type':'Fail','Error':'E'}")
             ",'End':true}}}", retry);
    const char *story = branches_run(rig, definition, "[1,2,3]",
                                     WF_EXECUTION_FAILED, NULL);
    assert_int_equal(rig_count(story, " MapStateEntered"), 1);
    assert_int_equal(rig_count(story, " MapStateStarted"), 3);
    assert_int_equal(rig_count(story, " MapIterationStarted M#0"), 3);
    assert_int_equal(rig_count(story, " MapIterationStarted M#2"), 0);
    assert_int_equal(rig_count(story, " MapIterationFailed M#1"), 3);
    assert_int_equal(rig_count(story, " MapStateFailed"), 1);
    snprintf(definition, sizeof(definition),
             "{'StartAt':'P','States':{'P':{'Type':'Parallel',%s,"
             "'Branches':[" BRANCH("A", "'A':{'Type':'Pass','Next':'F'},"
                                   "'F':{'Type':'Fail','Error':'E'}")
             "],'End':true}}}", retry);
    story = branches_run(rig, definition, "{}", WF_EXECUTION_FAILED, NULL);
    assert_int_equal(rig_count(story, " ParallelStateEntered"), 1);
    assert_int_equal(rig_count(story, " ParallelStateStarted"), 3);
    assert_int_equal(rig_count(story, " ParallelStateFailed"), 1);
}

static void an_item_that_cannot_be_made_fails_the_map(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *story = branches_succeed(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','MaxConcurrency':1,"
        "'ItemSelector':{'v.$':"
        "'States.StringToJson($$.Map.Item.Value)'},'ItemProcessor':"
        BRANCH("W", "'W':{'Type':'Wait','Seconds':5,'End':true}")
        ",'Catch':[{'ErrorEquals':['States.ALL'],'Next':'Z'}],"
        "'End':true},'Z':{'Type':'Pass','Result':'caught','End':true}}}",
        "['1','{']", "'caught'");
    assert_int_equal(rig_count(story, " MapIterationStarted"), 1);
    assert_int_equal(rig_count(story, " MapStateFailed M"), 1);
}

static void results_can_be_too_large(void **state) {
    struct rig *rig = *state;
    rig->options.payload_bytes = 3000;
    rig_open(rig);
    struct wf_buf input = {0};
    wf_buf_adds(&input, "['");
    for (int i = 0; i < 500; i++)
        wf_buf_u8(&input, 'x');
    wf_buf_adds(&input, "',1]");
    wf_buf_u8(&input, 0);
    const char *story = branches_run(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemSelector':{"
        "'a.$':'$[0]','b.$':'$[0]','c.$':'$[0]','d.$':'$[0]'},"
        "'ItemProcessor':" BRANCH("A", PASS("A")) ",'End':true}}}",
        input.data, WF_EXECUTION_FAILED, NULL);
    wf_buf_free(&input);
    rig_assert_has(story, "MapStateFailed M\n");
    assert_int_equal(rig_count(story, " MapIterationSucceeded"), 2);
}

/* What is being aborted from above does not fail once more by itself: the
 * failure that came first counts. */
static void the_first_failure_counts(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *story = branches_succeed(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("Q", "'Q':{'Type':'Parallel','Branches':["
               BRANCH("R", "'R':{'Type':'Map','ItemProcessor':"
                      BRANCH("V", "'V':{'Type':'Wait','SecondsPath':'$',"
                             "'Next':'G'},'G':{'Type':'Fail','Error':"
                             "'Inner','Cause':'of R'}") ",'End':true}")
               "],'End':true}") ","
        BRANCH("O", "'O':{'Type':'Wait','Seconds':0,'Next':'W'},"
               "'W':{'Type':'Wait','Seconds':1,'Next':'F'},"
               "'F':{'Type':'Fail','Error':'Outer','Cause':'of P'}")
        "],'Catch':[{'ErrorEquals':['States.ALL'],'ResultPath':null,"
        "'Next':'Z'}],'End':true}," PASS("Z") "}}",
        "[1,9]", "[1,9]");
    assert_int_equal(rig_count(story, " MapIterationFailed R#"), 1);
    assert_int_equal(rig_count(story, " MapStateFailed R"), 0);
    assert_int_equal(rig_count(story, " ParallelStateFailed Q"), 0);
    assert_int_equal(rig_count(story, " MapStateAborted R"), 1);
    assert_int_equal(rig_count(story, " ParallelStateAborted Q"), 1);
    assert_int_equal(rig_count(story, " ParallelStateFailed P"), 1);
}

static const char stubborn[] =
    "local exec = require('exec')\n"
    "local function shell(text, file)\n"
    "  exec.run({ 'sh', '-c', text, file })\n"
    "end\n"
    "return {\n"
    "  hold = function(input)\n"
    "    shell([[trap '' TERM; echo begin >>\"$0\"; sleep 1.5;"
    "echo end >>\"$0\"]], input.file)\n"
    "  end,\n"
    "  fail = function(input)\n"
    "    shell([[until [ \"$(tail -n 1 \"$0\")\" = begin ]; do"
    " sleep 0.02; done]], input.file)\n"
    "    error({ Error = 'E', Cause = 'C' })\n"
    "  end,\n"
    "}\n";

/* What an aborted task has started is still there for a while: a retry of the
 * state must not work beside it. */
static void a_retry_waits_for_what_was_aborted(void **state) {
    struct rig *rig = *state;
    char file[128], input[256];
    struct wf_buf text = {0};
    struct wf_error err;
    rig->clock.seeded = false; /* handlers run beside each other */
    rig_handler(rig, "work.lua", stubborn);
    rig_open(rig);
    snprintf(file, sizeof(file), "%s/ledger", rig->directory);
    snprintf(input, sizeof(input), "{'file':'%s'}", file);
    branches_run(rig,
                 "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
                 BRANCH("H", "'H':{'Type':'Task','Resource':'lua:work.hold',"
                        "'End':true}") ","
                 BRANCH("F", "'F':{'Type':'Task','Resource':'lua:work.fail',"
                        "'End':true}")
                 "],'Retry':[{'ErrorEquals':['E'],'IntervalSeconds':1,"
                 "'MaxAttempts':1}],'End':true}}}",
                 input, WF_EXECUTION_FAILED, NULL);
    assert_int_equal(wf_file_read(file, 4096, &text, &err), 0);
    wf_buf_u8(&text, 0);
    assert_string_equal(text.data, "begin\nend\nbegin\nend\n");
    wf_buf_free(&text);
}

/* ---- from outside ---- */

static const char all_wait[] =
    "{%s'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
    BRANCH("T", "'T':{'Type':'Task','Resource':'lua:t.slow','End':true}") ","
    BRANCH("M", "'M':{'Type':'Map','ItemsPath':'$.l','ItemProcessor':"
           BRANCH("W", "'W':{'Type':'Wait','Seconds':5000,'End':true}")
           ",'End':true}") "],'End':true}}}";

static bool is_quiet_at_work(struct rig *rig, void *arg) {
    const char *story = rig_story(rig, arg);
    return rig_count(story, " WaitStateEntered W") == 2 &&
           rig_count(story, " TaskStarted") == 1;
}

static void a_stop_ends_all_branches(void **state) {
    struct rig *rig = *state;
    char definition[600];
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    snprintf(definition, sizeof(definition), all_wait, "");
    rig_machine(rig, "m", definition);
    const char *arn = rig_start(rig, NULL, "{'l':[1,2]}");
    rig_until_true(rig, is_quiet_at_work, (void *)arn);
    rig_reply_of(rig, rig_ask_stop(rig, arn, "E", "C"));
    const char *story = rig_story(rig, arn);
    branches_check(story);
    rig_assert_has(story, "<0 ExecutionAborted E: C\n");
    assert_int_equal(rig_count(story, "StateAborted"), 0);
    assert_int_equal(rig_stats(rig).timers, 0);
    rig_flush(rig);
    rig_turns(rig, 50);
    assert_string_equal(rig_story(rig, arn), story);
}

static void a_timeout_ends_all_branches(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *story = branches_run(
        rig,
        "{'TimeoutSeconds':10,'StartAt':'M','States':{'M':{'Type':'Map',"
        "'ItemProcessor':" BRANCH("W", "'W':{'Type':'Wait','Seconds':5000,"
                                  "'End':true}") ",'End':true}}}",
        "[1,2,3]", WF_EXECUTION_TIMED_OUT, NULL);
    rig_assert_has(story, "ExecutionTimedOut");
    assert_int_equal(rig_stats(rig).timers, 0);
}

/* The answer of a task comes when its branch has been aborted. */
static void late_answers_change_nothing(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    rig_machine(rig, "m",
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("A", "'A':{'Type':'Task','Resource':'lua:t.echo','Next':"
               "'F'},'F':{'Type':'Fail','Error':'E'}") ","
        BRANCH("B", "'B':{'Type':'Task','Resource':'lua:t.echo','Next':"
               "'B2'},'B2':{'Type':'Task','Resource':'lua:t.echo',"
               "'End':true}") ","
        BRANCH("D", "'D':{'Type':'Task','Resource':'lua:t.echo',"
               "'End':true}")
        "],'Catch':[{'ErrorEquals':['States.ALL'],'Next':'Z'}],"
        "'End':true},'Z':{'Type':'Wait','Seconds':1,'End':true}}}");
    for (int i = 0; i < 20; i++) {
        const char *arn = rig_start(rig, NULL, "{}");
        assert_int_equal(rig_end(rig, arn)->status,
                         WF_EXECUTION_SUCCEEDED);
        branches_check(rig_story(rig, arn));
    }
}

/* ---- EXPRESS ---- */

static struct rig_reply *run_express(struct rig *rig, const char *definition,
                                     const char *input) {
    struct rig_reply *made = rig_reply_of(
        rig, rig_ask_machine(rig, "x", definition, true));
    assert_false(made->refused);
    snprintf(rig->arn, sizeof(rig->arn), "%s", made->arn);
    return rig_reply_of(rig, rig_ask_sync(rig, input));
}

static void express_runs_branches_in_memory(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    struct rig_reply *end = run_express(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','MaxConcurrency':2,"
        "'ItemProcessor':" BRANCH("P", "'P':{'Type':'Parallel','Branches':["
               BRANCH("T", "'T':{'Type':'Task','Resource':'lua:t.echo',"
                      "'End':true}") ","
               BRANCH("W", "'W':{'Type':'Wait','Seconds':1,'End':true}")
               "],'End':true}") ",'End':true}}}",
        "[1,'b',null]");
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    rig_assert_text(rig, end->output,
                    "[[1,1],['b','b'],[null,null]]");
    assert_int_equal(rig_stats(rig).active_executions, 0);
}

static void express_branches_fail(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    struct rig_reply *end = run_express(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("A", "'A':{'Type':'Wait','Seconds':5,'End':true}") ","
        BRANCH("M", "'M':{'Type':'Map','ItemProcessor':"
               BRANCH("V", "'V':{'Type':'Wait','Seconds':7,'End':true}")
               ",'End':true}") ","
        BRANCH("F", "'F':{'Type':'Wait','Seconds':1,'Next':'G'},"
               "'G':{'Type':'Fail','Error':'E','Cause':'C'}") ","
        BRANCH("T", "'T':{'Type':'Task','Resource':'lua:t.slow',"
               "'End':true}")
        "],'End':true}}}",
        "[1,2,3]");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_string_equal(end->error, "E");
    assert_string_equal(end->cause, "C");
    assert_int_equal(rig_stats(rig).active_executions, 0);
}

/* The last sibling to be aborted ends the execution. */
static void an_express_failure_ends_at_once(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = run_express(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
        BRANCH("C", "'C':{'Type':'Choice','Choices':[{'Variable':'$',"
               "'NumericEquals':2,'Next':'F'}],'Default':'W'},"
               "'W':{'Type':'Wait','Seconds':9,'End':true},"
               "'F':{'Type':'Fail','Error':'E','Cause':'C'}")
        ",'End':true}}}",
        "[1,3,2,4]");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(a_failing_branch_fails_the_parallel),
        ENGINE_TEST_BOTH(what_runs_beside_a_failure_is_aborted),
        ENGINE_TEST_BOTH(a_failing_task_fails_the_parallel),
        ENGINE_TEST_BOTH(a_failing_iteration_fails_the_map),
        ENGINE_TEST_BOTH(maps_and_parallels_are_retried),
        ENGINE_TEST_BOTH(an_item_that_cannot_be_made_fails_the_map),
        ENGINE_TEST_BOTH(results_can_be_too_large),
        ENGINE_TEST_BOTH(the_first_failure_counts),
        ENGINE_TEST_REAL(a_retry_waits_for_what_was_aborted),
        ENGINE_TEST_BOTH(a_stop_ends_all_branches),
        ENGINE_TEST_BOTH(a_timeout_ends_all_branches),
        ENGINE_TEST_BOTH(late_answers_change_nothing),
        ENGINE_TEST_BOTH(express_runs_branches_in_memory),
        ENGINE_TEST_BOTH(express_branches_fail),
        ENGINE_TEST_BOTH(an_express_failure_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
