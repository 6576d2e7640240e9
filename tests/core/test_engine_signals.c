/*
 * test_engine_signals.c - signals into executions: who takes which, what is
 * kept until then, and deaths meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "machine_answers.h"

#define WAIT_FOR(name, more) "{'Type':'Task','Resource':" \
    "'arn:aws:states:::moonstep:waitForSignal','Parameters':{'Name':" \
    name "}" more "}"
#define ONE "{'StartAt':'S','States':{'S':" \
    WAIT_FOR("'go'", ",'End':true") "}}"

static void send_as(struct rig *rig, const char *arn, const char *name,
                    const char *payload, const char *id,
                    const char *exception) {
    struct wf_send_signal ask = {.execution_arn = wf_str(arn),
                                 .name = wf_str(name),
                                 .payload = wf_str(payload),
                                 .id = wf_str(id)};
    struct answer answer = {0};
    wf_engine_send_signal(rig->engine, &ask, answer_done, &answer);
    rig_until(rig, &answer.done);
    assert_string_equal(answer.exception, exception);
    wf_buf_free(&answer.text);
}

static void send_it(struct rig *rig, const char *arn, const char *name,
                    const char *payload) {
    send_as(rig, arn, name, payload, NULL, "");
}

static void die(struct rig *rig) {
    rig_crash(rig);
    rig_open(rig);
}

static void a_state_waits_and_takes_it(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", ONE);
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_event(rig, arn, "TaskStarted");
    send_it(rig, arn, "other", "1");
    send_it(rig, arn, "go", "{\"a\": 1.0}");
    die(rig);
    assert_string_equal(rig_end(rig, arn)->output, "{\"a\": 1.0}");
    rig_assert_has(rig_story(rig, arn), "3<2 TaskScheduled S");
    rig_assert_has(rig_story(rig, arn), "4<3 TaskStarted S");
    rig_assert_has(rig_story(rig, arn), "5<4 TaskSucceeded S");
    send_as(rig, arn, "go", "1", NULL, "ExecutionNotRunning");
}

static void what_comes_before_is_kept_in_order(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':60,"
                "'Next':'A'},'A':" WAIT_FOR("'go'", ",'ResultPath':'$.a',"
                                                    "'Next':'B'")
                ",'B':" WAIT_FOR("'go'", ",'ResultPath':'$.b','End':true")
                "}}");
    const char *arn = rig_start(rig, NULL, "{}");
    send_it(rig, arn, "go", "1");
    rig_until_parked(rig);
    send_it(rig, arn, "go", "2");
    die(rig);
    rig_jump(rig, 61000);
    rig_assert_text(rig, rig_end(rig, arn)->output, "{'a':1,'b':2}");
}

static void a_parked_state_is_loaded(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", ONE);
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_event(rig, arn, "TaskStarted");
    rig_until_parked(rig);
    rig_reopen(rig);
    send_it(rig, arn, "go", NULL);
    assert_string_equal(rig_end(rig, arn)->output, "{}");
}

static void an_id_is_one_signal(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'A','States':{'A':"
                WAIT_FOR("'go'", ",'ResultPath':'$.a','Next':'B'") ",'B':"
                WAIT_FOR("'go'", ",'ResultPath':'$.b','End':true") "}}");
    const char *arn = rig_start(rig, NULL, "{}");
    send_as(rig, arn, "go", "1", "x", "");
    send_as(rig, arn, "go", "1", "x", "");
    rig_until_event(rig, arn, "TaskStarted B");
    die(rig);
    send_as(rig, arn, "go", "1", "x", "");
    rig_turns(rig, 50);
    rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
    send_as(rig, arn, "go", "2", "y", "");
    rig_assert_text(rig, rig_end(rig, arn)->output, "{'a':1,'b':2}");
}

static void nobody_signals_in_time(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'S','States':{'S':"
                WAIT_FOR("'go'", ",'TimeoutSeconds':30,'Catch':[{'ErrorEquals'"
                         ":['States.Timeout'],'Next':'T'}],'End':true")
                ",'T':" WAIT_FOR("'go'", ",'End':true") "}}");
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_event(rig, arn, "TaskStarted");
    rig_jump(rig, 31000);
    rig_until_event(rig, arn, "TaskStarted T");
    rig_assert_has(rig_story(rig, arn), "TaskTimedOut S");
    send_it(rig, arn, "go", "3"); /* not for the one that waits no more */
    assert_string_equal(rig_end(rig, arn)->output, "3");
}

/* A Map of many, which park one by one: the oldest first. */
static void the_oldest_takes_it(void **state) {
    struct rig *rig = *state;
    struct wf_buf items = {0};
    char payload[16];
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'M','States':{'M':{'Type':'Map','End':true,"
                "'ItemProcessor':{'StartAt':'S','States':{'S':"
                WAIT_FOR("'go'", ",'End':true") "}}}}}");
    for (int i = 0; i < 120; i++)
        wf_buf_adds(&items, i ? ",1" : "[1");
    wf_buf_add(&items, "]", 2);
    const char *arn = rig_start(rig, NULL, items.data);
    items.len = 0;
    rig_until_event(rig, arn, "TaskStarted");
    rig_until_parked(rig);
    for (int i = 0; i < 120; i++) {
        snprintf(payload, sizeof(payload), "%d", i);
        send_it(rig, arn, "go", payload);
        if (i == 50)
            die(rig);
        wf_buf_addf(&items, "%s%d", i ? "," : "[", i);
    }
    wf_buf_add(&items, "]", 2);
    assert_string_equal(rig_end(rig, arn)->output, items.data);
    wf_buf_free(&items);
}

static void an_aborted_state_takes_none(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
                "{'StartAt':'A','States':{'A':" WAIT_FOR("'go'",
                                                         ",'End':true")
                "}},{'StartAt':'B','States':{'B':"
                WAIT_FOR("'stop'", ",'Next':'F'")
                ",'F':{'Type':'Fail','Error':'E'}}}],'Catch':[{'ErrorEquals':"
                "['E'],'Next':'C'}],'End':true},'C':"
                WAIT_FOR("'go'", ",'End':true") "}}");
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_event(rig, arn, "TaskStarted B");
    send_it(rig, arn, "stop", "1");
    rig_until_event(rig, arn, "TaskStarted C");
    send_it(rig, arn, "go", "2");
    assert_string_equal(rig_end(rig, arn)->output, "2");
}

static void a_paused_execution_keeps_them(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", ONE);
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_event(rig, arn, "TaskStarted");
    rig_reply_of(rig, rig_ask_pause(rig, arn, NULL));
    send_it(rig, arn, "go", "5");
    rig_turns(rig, 50);
    rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
    rig_until_parked(rig);
    die(rig);
    rig_turns(rig, 50);
    rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
    rig_reply_of(rig, rig_ask_resume(rig, arn));
    assert_string_equal(rig_end(rig, arn)->output, "5");
}

static void there_is_a_limit(void **state) {
    struct rig *rig = *state;
    struct wf_buf large = {0};
    rig_open(rig);
    rig_machine(rig, "m", ONE);
    const char *arn = rig_start(rig, NULL, "{}");
    for (int i = 0; i < 1000; i++)
        send_it(rig, arn, "more", "1");
    send_as(rig, arn, "more", "1", NULL, "SignalLimitExceeded");
    const char *other = rig_start(rig, NULL, "{}");
    wf_buf_adds(&large, "\"");
    for (int i = 0; i < 200000; i++)
        wf_buf_u8(&large, 'x');
    wf_buf_add(&large, "\"", 2);
    send_it(rig, other, "more", large.data);
    send_as(rig, other, "more", large.data, NULL, "SignalLimitExceeded");
    wf_buf_free(&large);
    send_it(rig, other, "go", "6");
    assert_string_equal(rig_end(rig, other)->output, "6");
    send_as(rig, arn, "go", "{", NULL, "InvalidSignalPayload");
    send_as(rig, arn, "", "1", NULL, "InvalidName");
    send_as(rig, "arn", "go", "1", NULL, "InvalidArn");
    rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    rig_redrive(rig, arn); /* what was kept is gone */
    rig_until_event(rig, arn, "ExecutionRedriven");
    send_it(rig, arn, "go", "7");
    assert_string_equal(rig_end(rig, arn)->output, "7");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_REAL(a_state_waits_and_takes_it),
        ENGINE_TEST_REAL(what_comes_before_is_kept_in_order),
        ENGINE_TEST_REAL(a_parked_state_is_loaded),
        ENGINE_TEST_REAL(an_id_is_one_signal),
        ENGINE_TEST_REAL(nobody_signals_in_time),
        ENGINE_TEST_REAL(the_oldest_takes_it),
        ENGINE_TEST_REAL(an_aborted_state_takes_none),
        ENGINE_TEST_REAL(a_paused_execution_keeps_them),
        ENGINE_TEST_REAL(there_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
