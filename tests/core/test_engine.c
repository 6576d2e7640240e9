/*
 * test_engine.c - what executions do, told by their histories: every state
 * type without workers, virtual time, ends from outside, EXPRESS. Tasks are
 * in test_engine_tasks.c, names in test_engine_names.c, parking and recovery
 * in files of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"

#define DAY_MS INT64_C(86400000)

static void a_pass_state_passes(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig, "{'StartAt':'A','States':{'A':{'Type':'Pass','End':true}}}",
        "{'x':1}");
    rig_assert_text(rig, end->output, "{'x':1}");
    rig_assert_text(rig, rig_history(rig, end->arn),
                    "1<0 ExecutionStarted {'x':1}\n"
                    "2<0 PassStateEntered A {'x':1}\n"
                    "3<2 PassStateExited A {'x':1}\n"
                    "4<3 ExecutionSucceeded {'x':1}\n");
}

static void no_input_is_an_empty_object(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig, "{'StartAt':'A','States':{'A':{'Type':'Succeed'}}}", NULL);
    rig_assert_text(rig, end->input, "{}");
    rig_assert_text(rig, rig_history(rig, end->arn),
                    "1<0 ExecutionStarted {}\n"
                    "2<0 SucceedStateEntered A {}\n"
                    "3<2 SucceedStateExited A {}\n"
                    "4<3 ExecutionSucceeded {}\n");
}

static const char every_state[] =
    "{'StartAt':'Prepare','States':{"
    "'Prepare':{'Type':'Pass','Result':{'n':3},'ResultPath':'$.made',"
    "'Next':'Which'},"
    "'Which':{'Type':'Choice','Choices':[{'Variable':'$.made.n',"
    "'NumericEquals':3,'Next':'Pause'}],'Default':'Bad'},"
    "'Pause':{'Type':'Wait','Seconds':30,'Next':'Good'},"
    "'Good':{'Type':'Succeed','OutputPath':'$.made'},"
    "'Bad':{'Type':'Fail'}}}";

static void every_state_tells_its_story(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(rig, every_state, "{'a':[]}");
    rig_assert_text(rig, end->output, "{'n':3}");
    assert_int_equal(end->stop_ms - end->start_ms, 30000);
    rig_assert_text(
        rig, rig_history(rig, end->arn),
        "1<0 ExecutionStarted {'a':[]}\n"
        "2<0 PassStateEntered Prepare {'a':[]}\n"
        "3<2 PassStateExited Prepare {'a':[],'made':{'n':3}}\n"
        "4<3 ChoiceStateEntered Which {'a':[],'made':{'n':3}}\n"
        "5<4 ChoiceStateExited Which {'a':[],'made':{'n':3}}\n"
        "6<5 WaitStateEntered Pause {'a':[],'made':{'n':3}}\n"
        "7<6 WaitStateExited Pause +30000 {'a':[],'made':{'n':3}}\n"
        "8<7 SucceedStateEntered Good +30000 {'a':[],'made':{'n':3}}\n"
        "9<8 SucceedStateExited Good +30000 {'n':3}\n"
        "10<9 ExecutionSucceeded +30000 {'n':3}\n");
}

static void an_observer_sees_every_event_in_order(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(rig, every_state, "{}");
    struct wf_buf expected = {0};
    static const char *const events[] = {
        "ExecutionStarted ",       "PassStateEntered Prepare",
        "PassStateExited Prepare", "ChoiceStateEntered Which",
        "ChoiceStateExited Which", "WaitStateEntered Pause",
        "WaitStateExited Pause",   "SucceedStateEntered Good",
        "SucceedStateExited Good", "ExecutionSucceeded "};
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        wf_buf_addf(&expected, "%s %s\n", end->name, events[i]);
    assert_int_equal(rig->events.len, expected.len);
    assert_memory_equal(rig->events.data, expected.data, expected.len);
    wf_buf_free(&expected);
}

static void a_fail_state_gives_error_and_cause(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig,
        "{'StartAt':'F','States':{'F':{'Type':'Fail','Error':'My.Error',"
        "'Cause':'for a reason'}}}",
        "{}");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_string_equal(end->error, "My.Error");
    assert_string_equal(end->cause, "for a reason");
    assert_null(end->output);
    rig_assert_text(rig, rig_history(rig, end->arn),
                    "1<0 ExecutionStarted {}\n"
                    "2<0 FailStateEntered F {}\n"
                    "3<2 ExecutionFailed My.Error: for a reason\n");
}

static void a_fail_state_takes_its_texts_from_the_input(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig,
        "{\"StartAt\":\"F\",\"States\":{\"F\":{\"Type\":\"Fail\","
        "\"ErrorPath\":\"$.e\","
        "\"CausePath\":\"States.Format('no {}', $.c)\"}}}",
        "{'e':'E.1','c':'luck'}");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_string_equal(end->error, "E.1");
    assert_string_equal(end->cause, "no luck");
}

static void a_fail_state_may_say_nothing(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig, "{'StartAt':'F','States':{'F':{'Type':'Fail'}}}", "{}");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_null(end->error);
    assert_null(end->cause);
    rig_assert_text(rig, rig_history(rig, end->arn),
                    "1<0 ExecutionStarted {}\n"
                    "2<0 FailStateEntered F {}\n"
                    "3<2 ExecutionFailed\n");
}

static void no_choice_that_fits_fails(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig,
        "{'StartAt':'C','States':{'C':{'Type':'Choice','Choices':[{"
        "'Variable':'$.n','NumericEquals':1,'Next':'S'}]},"
        "'S':{'Type':'Succeed'}}}",
        "{'n':2}");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_string_equal(end->error, "States.NoChoiceMatched");
    rig_assert_has(rig_story(rig, end->arn),
                   "2<0 ChoiceStateEntered C\n"
                   "3<2 ExecutionFailed States.NoChoiceMatched:");
}

static void a_path_that_finds_nothing_fails(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig,
        "{'StartAt':'A','States':{'A':{'Type':'Pass','InputPath':'$.none',"
        "'End':true}}}",
        "{}");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_string_equal(end->error, "States.Runtime");
    rig_assert_has(end->cause, "$.none");
}

static void a_quarter_of_a_year_passes_at_once(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    uint64_t begin = wf_clock_mono_ns();
    struct rig_reply *end = rig_run(
        rig,
        "{'StartAt':'Set','States':{"
        "'Set':{'Type':'Pass','Result':{'day':0},'Next':'Day'},"
        "'Day':{'Type':'Wait','Seconds':86400,'Next':'Count'},"
        "'Count':{'Type':'Pass','Parameters':{"
        "'day.$':'States.MathAdd($.day, 1)'},'Next':'Over'},"
        "'Over':{'Type':'Choice','Choices':[{'Variable':'$.day',"
        "'NumericLessThan':90,'Next':'Day'}],'Default':'End'},"
        "'End':{'Type':'Succeed'}}}",
        "{}");
    rig_assert_text(rig, end->output, "{'day':90}");
    assert_int_equal(end->stop_ms - end->start_ms, 90 * DAY_MS);
    assert_true(wf_clock_mono_ns() - begin < UINT64_C(10000000000));
    assert_int_equal(rig_count(rig_story(rig, end->arn), "WaitStateExited"),
                     90);
}

static void a_moment_that_has_passed_is_no_wait(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig,
        "{'StartAt':'W','States':{'W':{'Type':'Wait',"
        "'Timestamp':'2001-01-01T00:00:00Z','End':true}}}",
        "{}");
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    assert_int_equal(end->stop_ms, end->start_ms);
}

static void timers_fire_in_the_order_of_their_times(void **state) {
    struct rig *rig = *state;
    char input[32], name[8];
    const char *arns[20];
    rig_open(rig);
    rig_machine(rig, "w",
                "{'StartAt':'W','States':{'W':{'Type':'Wait',"
                "'SecondsPath':'$.s','End':true}}}");
    store_gate_close(rig->store); /* all of them start at the same moment */
    struct rig_reply *started[20];
    for (int i = 0; i < 20; i++) {
        snprintf(input, sizeof(input), "{'s':%d}", (i * 7) % 20 + 1);
        snprintf(name, sizeof(name), "n%02d", (i * 7) % 20 + 1);
        started[i] = rig_ask_start(rig, name, input);
    }
    rig_turns(rig, 20);
    store_gate_open(rig->store);
    for (int i = 0; i < 20; i++)
        arns[i] = rig_reply_of(rig, started[i])->arn;
    for (int i = 0; i < 20; i++)
        rig_end(rig, arns[i]);
    wf_buf_u8(&rig->events, 0);
    const char *at = rig->events.data;
    for (int i = 1; i <= 20; i++) {
        snprintf(name, sizeof(name), "n%02d", i);
        at = strstr(at, "ExecutionSucceeded");
        assert_non_null(at);
        assert_memory_equal(at - 4, name, 3);
        at++;
    }
}

/* ---- ends from outside ---- */

static const char long_wait[] =
    "{'StartAt':'A','States':{'A':{'Type':'Pass','Next':'W'},"
    "'W':{'Type':'Wait','Seconds':99,'End':true}}}";

static void an_execution_times_out(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig,
        "{'TimeoutSeconds':60,'StartAt':'A','States':{"
        "'A':{'Type':'Pass','Next':'W'},"
        "'W':{'Type':'Wait','Seconds':99,'End':true}}}",
        "{}");
    assert_int_equal(end->status, WF_EXECUTION_TIMED_OUT);
    assert_int_equal(end->stop_ms - end->start_ms, 60000);
    rig_assert_text(rig, rig_story(rig, end->arn),
                    "1<0 ExecutionStarted\n"
                    "2<0 PassStateEntered A\n"
                    "3<2 PassStateExited A\n"
                    "4<3 WaitStateEntered W\n"
                    "5<4 ExecutionTimedOut +60000\n");
}

static void stopping_aborts(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", long_wait);
    store_gate_close(rig->store); /* virtual time stands still */
    struct rig_reply *start = rig_ask_start(rig, "x", "{}");
    rig_turns(rig, 5);
    struct rig_reply *stop = rig_ask_stop(
        rig, "arn:aws:states:us-east-1:000000000000:execution:m:x", "E", "C");
    rig_turns(rig, 5);
    assert_false(stop->done);
    store_gate_open(rig->store);
    rig_reply_of(rig, start);
    rig_reply_of(rig, stop);
    assert_int_equal(stop->status, WF_EXECUTION_ABORTED);
    assert_string_equal(stop->error, "E");
    assert_string_equal(stop->cause, "C");
    rig_assert_text(rig, rig_story(rig, start->arn),
                    "1<0 ExecutionStarted\n"
                    "2<0 PassStateEntered A\n"
                    "3<2 PassStateExited A\n"
                    "4<3 WaitStateEntered W\n"
                    "5<0 ExecutionAborted E: C\n");
}

static void what_has_ended_stays_as_it_ended(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig, "{'StartAt':'S','States':{'S':{'Type':'Succeed'}}}", "{}");
    struct rig_reply *stop =
        rig_reply_of(rig, rig_ask_stop(rig, end->arn, "E", "C"));
    assert_false(stop->refused);
    assert_int_equal(stop->status, WF_EXECUTION_SUCCEEDED);
    assert_int_equal(rig_count(rig_story(rig, end->arn), "\n"), 4);
}

static void what_never_was_cannot_be_stopped(void **state) {
    struct rig *rig = *state;
    static const char *const arns[] = {
        "arn:aws:states:us-east-1:000000000000:execution:m:none",
        "arn:aws:states:us-east-1:000000000000:execution:none:none",
        "arn:aws:states:us-east-1:000000000000:execution:m",
        "nonsense", ""};
    rig_open(rig);
    rig_machine(rig, "m", long_wait);
    for (size_t i = 0; i < sizeof(arns) / sizeof(arns[0]); i++) {
        struct rig_reply *replies[] = {
            rig_ask_stop(rig, arns[i], NULL, NULL),
            rig_ask_describe(rig, arns[i]),
            rig_ask_wait(rig, arns[i], 1000),
            rig_ask_history(rig, arns[i], 0, false, NULL),
        };
        for (int k = 0; k < 4; k++) {
            rig_reply_of(rig, replies[k]);
            assert_true(replies[k]->refused);
            assert_string_equal(replies[k]->exception,
                                i < 2 ? "ExecutionDoesNotExist"
                                      : "InvalidArn");
        }
    }
}

/* ---- determinism ---- */

static char *seeded_run(struct rig *rig) {
    struct wf_buf all = {0};
    const char *arns[10];
    rig_open(rig);
    rig_machine(rig, "m", every_state);
    for (int i = 0; i < 10; i++)
        arns[i] = rig_start(rig, NULL, "{}");
    for (int i = 0; i < 10; i++) {
        struct rig_reply *end = rig_end(rig, arns[i]);
        wf_buf_addf(&all, "%s %lld\n%s", end->name, (long long)end->start_ms,
                    rig_history(rig, end->arn));
    }
    wf_buf_u8(&all, 0);
    rig_close(rig);
    return all.data;
}

static void a_seed_repeats_everything(void **state) {
    struct rig *rig = *state;
    char *first = seeded_run(rig);
    rig_wipe(rig);
    wf_clock_init_virtual(&rig->clock, 0);
    wf_clock_seed(&rig->clock, 7);
    char *second = seeded_run(rig);
    rig_wipe(rig);
    wf_clock_init_virtual(&rig->clock, 0);
    wf_clock_seed(&rig->clock, 8);
    char *other = seeded_run(rig);
    assert_string_equal(first, second);
    assert_string_not_equal(first, other);
    free(first);
    free(second);
    free(other);
}

/* ---- EXPRESS ---- */

static void make_express(struct rig *rig, const char *definition) {
    struct rig_reply *made =
        rig_reply_of(rig, rig_ask_machine(rig, "e", definition, true));
    assert_false(made->refused);
    snprintf(rig->arn, sizeof(rig->arn), "%s", made->arn);
}

static void express_answers_with_its_result(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    make_express(rig, every_state);
    rig_flush(rig);
    uint64_t records = rig_stats(rig).durable_seq;
    struct rig_reply *end =
        rig_reply_of(rig, rig_ask_sync(rig, "{'a':1}"));
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    rig_assert_text(rig, end->output, "{'n':3}");
    rig_assert_text(rig, end->input, "{'a':1}");
    rig_assert_has(end->arn, ":express:e:");
    rig_flush(rig);
    assert_int_equal(rig_stats(rig).durable_seq, records); /* no rows */
    assert_int_equal(rig_stats(rig).active_executions, 0);
}

static void express_fails_with_error_and_cause(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    make_express(rig, "{'StartAt':'F','States':{'F':{'Type':'Fail',"
                      "'Error':'E','Cause':'C'}}}");
    struct rig_reply *end = rig_reply_of(rig, rig_ask_sync(rig, "{}"));
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_string_equal(end->error, "E");
    assert_string_equal(end->cause, "C");
    assert_null(end->output);
}

static void express_times_out(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    make_express(rig, "{'TimeoutSeconds':5,'StartAt':'W','States':{"
                      "'W':{'Type':'Wait','Seconds':60,'End':true}}}");
    struct rig_reply *end = rig_reply_of(rig, rig_ask_sync(rig, "{}"));
    assert_int_equal(end->status, WF_EXECUTION_TIMED_OUT);
    assert_int_equal(end->stop_ms - end->start_ms, 5000);
}

static void express_runs_many_at_once(void **state) {
    struct rig *rig = *state;
    struct rig_reply *ends[500];
    char input[32], output[32];
    rig_open(rig);
    make_express(rig, "{'StartAt':'A','States':{'A':{'Type':'Pass',"
                      "'Next':'W'},'W':{'Type':'Wait','Seconds':1,"
                      "'End':true}}}");
    for (int i = 0; i < 500; i++) {
        snprintf(input, sizeof(input), "{'i':%d}", i);
        ends[i] = rig_ask_sync(rig, input);
    }
    for (int i = 0; i < 500; i++) {
        snprintf(output, sizeof(output), "{'i':%d}", i);
        rig_assert_text(rig, rig_reply_of(rig, ends[i])->output, output);
    }
    assert_int_equal(rig_stats(rig).active_executions, 0);
}

static void express_start_answers_at_once(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    make_express(rig, every_state);
    struct rig_reply *start =
        rig_reply_of(rig, rig_ask_start(rig, NULL, "{}"));
    assert_false(start->refused);
    rig_turns(rig, 5);
    assert_int_equal(rig_stats(rig).active_executions, 0);
    assert_int_equal(rig_stats(rig).executions_ended, 1);
}

static void a_standard_machine_has_no_sync_start(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", every_state);
    struct rig_reply *end = rig_reply_of(rig, rig_ask_sync(rig, "{}"));
    assert_true(end->refused);
    assert_string_equal(end->exception, "StateMachineTypeNotSupported");
}

/* ---- closing ---- */

static void closing_gives_everything_back(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", long_wait);
    store_gate_close(rig->store);
    for (int i = 0; i < 50; i++)
        rig_ask_start(rig, NULL, "{}");
    rig_turns(rig, 3);
    rig_crash(rig); /* the sanitizer would tell of leaks */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(a_pass_state_passes),
        ENGINE_TEST_BOTH(no_input_is_an_empty_object),
        ENGINE_TEST_BOTH(every_state_tells_its_story),
        ENGINE_TEST_BOTH(an_observer_sees_every_event_in_order),
        ENGINE_TEST_BOTH(a_fail_state_gives_error_and_cause),
        ENGINE_TEST_BOTH(a_fail_state_takes_its_texts_from_the_input),
        ENGINE_TEST_BOTH(a_fail_state_may_say_nothing),
        ENGINE_TEST_BOTH(no_choice_that_fits_fails),
        ENGINE_TEST_BOTH(a_path_that_finds_nothing_fails),
        ENGINE_TEST_BOTH(a_quarter_of_a_year_passes_at_once),
        ENGINE_TEST_BOTH(a_moment_that_has_passed_is_no_wait),
        ENGINE_TEST_BOTH(timers_fire_in_the_order_of_their_times),
        ENGINE_TEST_BOTH(an_execution_times_out),
        ENGINE_TEST_BOTH(stopping_aborts),
        ENGINE_TEST_BOTH(what_has_ended_stays_as_it_ended),
        ENGINE_TEST_BOTH(what_never_was_cannot_be_stopped),
        ENGINE_TEST_BOTH(a_seed_repeats_everything),
        ENGINE_TEST_BOTH(express_answers_with_its_result),
        ENGINE_TEST_BOTH(express_fails_with_error_and_cause),
        ENGINE_TEST_BOTH(express_times_out),
        ENGINE_TEST_BOTH(express_runs_many_at_once),
        ENGINE_TEST_BOTH(express_start_answers_at_once),
        ENGINE_TEST_BOTH(a_standard_machine_has_no_sync_start),
        ENGINE_TEST_BOTH(closing_gives_everything_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
