/*
 * test_engine_activities.c - activities: who gets which task, once; what
 * waits for a poller; polls whose connection is gone; deaths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "machine_answers.h"

#define ACTIVITY PREFIX "activity:a"

/* One task, with more fields; a Map of them. */
#define TASK(fields) \
    "'T':{'Type':'Task','Resource':'" ACTIVITY "'" fields ",'End':true}"
#define ONE(fields) "{'StartAt':'T','States':{" TASK(fields) "}}"
static const char a_map[] =
    "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':{"
    "'StartAt':'T','States':{" TASK("") "}},'End':true}}}";

/* A poll, and what it has got. */
struct poll {
    bool done;
    int looks; /* so many times it is there; 0: always */
    char exception[64], token[128], input[64];
};

static bool is_there(void *arg) {
    struct poll *poll = arg;
    return poll->looks == 0 || --poll->looks > 0;
}

static void polled(void *arg, const struct wf_refusal *refusal,
                   const struct wf_activity_task *task) {
    struct poll *poll = arg;
    assert_false(poll->done);
    poll->done = true;
    if (refusal)
        snprintf(poll->exception, sizeof(poll->exception), "%s",
                 refusal->exception);
    else if (task->token.data)
        snprintf(poll->token, sizeof(poll->token), "%.*s",
                 (int)task->token.len, task->token.data);
    if (!refusal && task->input.data)
        snprintf(poll->input, sizeof(poll->input), "%.*s",
                 (int)task->input.len, task->input.data);
}

static void ask(struct rig *rig, struct poll *poll) {
    struct wf_get_activity_task ask = {.arn = WF_STR(ACTIVITY),
                                       .worker_name = WF_STR("w"),
                                       .is_there = is_there};
    *poll = (struct poll){0};
    wf_engine_get_activity_task(rig->engine, &ask, polled, poll);
}

static void until_polled(struct rig *rig, struct poll *poll) {
    rig_until(rig, &poll->done);
    assert_string_equal(poll->exception, "");
    assert_string_not_equal(poll->token, "");
}

static void made(void *arg, const struct wf_refusal *refusal,
                 const struct wf_activity_reply *reply) {
    struct answer *answer = arg;
    answer->done = true;
    answer->text.len = 0;
    if (refusal) {
        snprintf(answer->exception, sizeof(answer->exception), "%s",
                 refusal->exception);
        wf_buf_addstr(&answer->text, refusal->message);
    } else {
        wf_buf_addstr(&answer->text, reply->name);
        wf_buf_u8(&answer->text, ' ');
        wf_buf_addstr(&answer->text, reply->encryption);
    }
}

static void make(struct rig *rig, const char *encryption,
                 struct answer *answer) {
    struct wf_create_activity ask = {.name = WF_STR("a"),
                                     .encryption = wf_str(encryption)};
    wf_engine_create_activity(rig->engine, &ask, made, answer);
    rig_until(rig, &answer->done);
    answer->done = false;
}

static void open_with_activity(struct rig *rig) {
    struct answer answer = {0};
    rig_open(rig);
    make(rig, NULL, &answer);
    wf_buf_free(&answer.text);
}

static void succeed(struct rig *rig, const char *token, const char *output,
                    const char *exception) {
    struct answer answer = {0};
    struct wf_send_task ask = {.token = wf_str(token),
                               .output = wf_str(output)};
    wf_engine_send_task_success(rig->engine, &ask, answer_done, &answer);
    rig_until(rig, &answer.done);
    assert_string_equal(answer.exception, exception);
    wf_buf_free(&answer.text);
}

static void a_worker_does_the_task(void **state) {
    struct rig *rig = *state;
    struct poll poll;
    open_with_activity(rig);
    rig_machine(rig, "m", ONE(""));
    const char *arn = rig_start(rig, NULL, "{'n':1}");
    ask(rig, &poll);
    until_polled(rig, &poll);
    assert_string_equal(poll.input, "{\"n\":1}");
    succeed(rig, poll.token, "{\"r\":2}", "");
    rig_assert_text(rig, rig_end(rig, arn)->output, "{'r':2}");
    rig_assert_text(rig, rig_story(rig, arn),
                    "1<0 ExecutionStarted\n"
                    "2<0 TaskStateEntered T\n"
                    "3<2 ActivityScheduled T\n"
                    "4<3 ActivityStarted T\n"
                    "5<4 ActivitySucceeded T\n"
                    "6<5 TaskStateExited T\n"
                    "7<6 ExecutionSucceeded\n");
    succeed(rig, poll.token, "1", "TaskTimedOut");
    assert_int_equal(rig_rows(rig, 'Q', 0), 0);
}

/* Tasks in the order of their schedule to polls in the order of theirs. */
static void nobody_is_passed_over(void **state) {
    enum { COUNT = 10 };
    struct rig *rig = *state;
    struct poll early[COUNT], late[COUNT];
    char text[32];
    open_with_activity(rig);
    rig_machine(rig, "m", ONE(""));
    for (int i = 0; i < COUNT; i++)
        ask(rig, &early[i]);
    for (int i = 0; i < 2 * COUNT; i++) {
        snprintf(text, sizeof(text), "%d", i);
        rig_start(rig, NULL, text);
    }
    for (int i = 0; i < COUNT; i++) {
        until_polled(rig, &early[i]);
        snprintf(text, sizeof(text), "%d", i);
        assert_string_equal(early[i].input, text);
    }
    for (int i = 0; i < COUNT; i++)
        ask(rig, &late[i]);
    for (int i = 0; i < COUNT; i++) {
        until_polled(rig, &late[i]);
        snprintf(text, sizeof(text), "%d", COUNT + i);
        assert_string_equal(late[i].input, text);
    }
}

/* Gone before there is a task, when it would be taken, and when that is
 * durable and the poll would be answered. */
static void one_that_is_gone_loses_no_task(void **state) {
    struct rig *rig = *state;
    open_with_activity(rig);
    rig_machine(rig, "m", ONE(""));
    for (int looks = 1; looks <= 3; looks++) {
        struct poll gone, there;
        ask(rig, &gone);
        rig_flush(rig);
        rig_turns(rig, 20);
        gone.looks = looks;
        const char *arn = rig_start(rig, NULL, "1");
        rig_until(rig, &gone.done);
        assert_string_equal(gone.token, "");
        rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
        ask(rig, &there);
        until_polled(rig, &there);
        succeed(rig, there.token, "3", "");
        assert_string_equal(rig_end(rig, arn)->output, "3");
        assert_int_equal(rig_count(rig_story(rig, arn), "ActivityStarted"),
                         1);
    }
}

static void what_does_not_exist_is_told(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    struct poll poll;
    rig_open(rig);
    ask(rig, &poll);
    rig_until(rig, &poll.done);
    assert_string_equal(poll.exception, "ActivityDoesNotExist");
    struct rig_reply *end = rig_run(
        rig, ONE(",'Retry':[{'ErrorEquals':['States.ALL']}]"), "{}");
    assert_string_equal(end->error, "States.Runtime");
    assert_string_equal(end->cause,
                        "An error occurred while executing the state 'T' "
                        "(entered at the event id #2). The activity " ACTIVITY
                        " does not exist.");
    rig_assert_has(rig_story(rig, end->arn),
                   "3<2 ExecutionFailed States.Runtime: ");
    make(rig, NULL, &answer);
    ask(rig, &poll);
    wf_engine_delete_activity(rig->engine, WF_STR(ACTIVITY), answer_done,
                              &answer);
    rig_until(rig, &answer.done);
    rig_until(rig, &poll.done);
    assert_string_equal(poll.exception, "ActivityDoesNotExist");
    wf_buf_free(&answer.text);
}

static void making_one_again_changes_nothing(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    struct poll poll;
    open_with_activity(rig);
    make(rig, NULL, &answer);
    assert_string_equal(answer.exception, "");
    make(rig, "{}", &answer);
    assert_string_equal(answer.exception, "ActivityAlreadyExists");
    answer.exception[0] = 0;
    rig_reopen(rig);
    make(rig, "{}", &answer);
    assert_string_equal(answer.exception, "ActivityAlreadyExists");
    answer.exception[0] = 0;
    /* Tasks that wait are there again when it is. */
    rig_machine(rig, "m", ONE(""));
    const char *arn = rig_start(rig, NULL, "7");
    wf_engine_delete_activity(rig->engine, WF_STR(ACTIVITY), answer_done,
                              &answer);
    rig_until(rig, &answer.done);
    answer.done = false;
    make(rig, "{}", &answer);
    assert_string_equal(answer.exception, "");
    rig_reopen(rig);
    ask(rig, &poll);
    until_polled(rig, &poll);
    succeed(rig, poll.token, "8", "");
    assert_string_equal(rig_end(rig, arn)->output, "8");
    wf_buf_free(&answer.text);
}

static void stopping_takes_the_task_back(void **state) {
    struct rig *rig = *state;
    struct poll poll;
    open_with_activity(rig);
    rig_machine(rig, "m", ONE(""));
    const char *first = rig_start(rig, NULL, "1");
    const char *second = rig_start(rig, NULL, "2");
    rig_reply_of(rig, rig_ask_stop(rig, first, NULL, NULL));
    ask(rig, &poll);
    until_polled(rig, &poll);
    assert_string_equal(poll.input, "2");
    succeed(rig, poll.token, "2", "");
    rig_end(rig, second);
    assert_int_equal(rig_rows(rig, 'Q', 0), 0);
}

/* ---- deaths ---- */

/* At any moment: all tasks are done, each by one that has a good token. */
static void deaths_lose_no_task(void **state) {
    enum { COUNT = 12 };
    struct rig *rig = *state;
    const char *arns[COUNT];
    char text[16];
    open_with_activity(rig);
    rig_machine(rig, "m", ONE(""));
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "%d", i);
        arns[i] = rig_start(rig, NULL, text);
    }
    for (unsigned turns = 0; turns < 40; turns++) {
        struct poll polls[3];
        for (int i = 0; i < 3; i++)
            ask(rig, &polls[i]);
        rig_turns(rig, turns);
        rig_crash(rig);
        rig_open(rig);
        for (int i = 0; i < 3; i++) {
            struct answer answer = {0};
            struct wf_send_task done = {.token = wf_str(polls[i].token),
                                        .output = wf_str(polls[i].input)};
            if (!polls[i].done || !polls[i].token[0])
                continue;
            wf_engine_send_task_success(rig->engine, &done, answer_done,
                                        &answer);
            rig_until(rig, &answer.done);
            wf_buf_free(&answer.text);
        }
    }
    /* Whoever got a token that counts no more has been told; the rest of the
     * tasks waits for others. */
    for (int i = 0; i < COUNT; i++) {
        struct poll poll;
        struct rig_reply *now = rig_describe(rig, arns[i]);
        if (now->status != WF_EXECUTION_RUNNING)
            continue;
        ask(rig, &poll);
        until_polled(rig, &poll);
        succeed(rig, poll.token, poll.input, "");
    }
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "%d", i);
        assert_string_equal(rig_end(rig, arns[i])->output, text);
        assert_int_equal(rig_count(rig_story(rig, arns[i]),
                                   "ActivitySucceeded"),
                         1);
    }
    assert_int_equal(rig_rows(rig, 'Q', 0), 0);
}

/* It was handed over, and nobody wrote that down: who has it is too late when
 * another one has it. */
static void a_task_that_is_offered_again_has_another_token(void **state) {
    struct rig *rig = *state;
    struct poll first, second;
    open_with_activity(rig);
    rig_machine(rig, "m", ONE(""));
    const char *arn = rig_start(rig, NULL, "1");
    ask(rig, &first);
    until_polled(rig, &first);
    rig_crash(rig);
    rig_open(rig);
    ask(rig, &second);
    until_polled(rig, &second);
    assert_string_not_equal(first.token, second.token);
    succeed(rig, first.token, "1", "TaskTimedOut");
    succeed(rig, second.token, "2", "");
    assert_string_equal(rig_end(rig, arn)->output, "2");
    succeed(rig, first.token, "1", "TaskTimedOut");
}

/* ---- real time, moved by hand ---- */

static void a_map_of_tasks_waits_in_rows(void **state) {
    enum { COUNT = 600 };
    struct rig *rig = *state;
    struct wf_buf items = {0};
    open_with_activity(rig);
    rig_machine(rig, "m", a_map);
    for (int i = 0; i < COUNT; i++)
        wf_buf_addf(&items, "%c%d", i ? ',' : '[', i);
    wf_buf_adds(&items, "]");
    wf_buf_u8(&items, 0);
    const char *arn = rig_start(rig, NULL, items.data);
    rig_until_parked(rig);
    assert_int_equal(rig_rows(rig, 'Q', 0), COUNT);
    bool seen[COUNT] = {0};
    for (int i = 0; i < COUNT; i++) {
        struct poll poll;
        ask(rig, &poll);
        until_polled(rig, &poll);
        if (i % 100 == 0) /* one at a time is in memory */
            assert_true(rig_stats(rig).active_frames < 100);
        int n = atoi(poll.input);
        assert_false(seen[n]);
        seen[n] = true;
        succeed(rig, poll.token, poll.input, "");
    }
    wf_buf_u8(&items, 0);
    assert_string_equal(rig_end(rig, arn)->output, items.data);
    assert_int_equal(rig_rows(rig, 'Q', 0), 0);
    wf_buf_free(&items);
}

static void a_stopped_map_leaves_no_rows(void **state) {
    struct rig *rig = *state;
    struct wf_buf items = {0};
    open_with_activity(rig);
    rig_machine(rig, "m", a_map);
    for (int i = 0; i < 500; i++)
        wf_buf_addf(&items, "%c%d", i ? ',' : '[', i);
    wf_buf_adds(&items, "]");
    wf_buf_u8(&items, 0);
    const char *arn = rig_start(rig, NULL, items.data);
    rig_until_parked(rig);
    rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    rig_until_parked(rig);
    rig_flush(rig);
    for (int i = 0; i < 1000 && rig_rows(rig, 'Q', 0); i++)
        rig_turns(rig, 10);
    assert_int_equal(rig_rows(rig, 'Q', 0), 0);
    assert_int_equal(rig_rows(rig, 'E', 12), 0);
    wf_buf_free(&items);
}

/* The count begins when somebody has the task. */
static void time_runs_from_the_start_on(void **state) {
    struct rig *rig = *state;
    struct poll poll;
    open_with_activity(rig);
    rig_machine(rig, "m", ONE(",'TimeoutSeconds':60"));
    const char *arn = rig_start(rig, NULL, "1");
    rig_until_parked(rig);
    rig_jump(rig, 3600000);
    rig_turns(rig, 100);
    ask(rig, &poll);
    until_polled(rig, &poll);
    rig_jump(rig, 59000);
    rig_turns(rig, 100);
    rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
    rig_jump(rig, 2000);
    assert_string_equal(rig_end(rig, arn)->error, "States.Timeout");
    rig_assert_has(rig_story(rig, arn), "ActivityTimedOut T");
    succeed(rig, poll.token, "1", "TaskTimedOut");
}

static void heartbeats_are_missed(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    struct poll poll;
    open_with_activity(rig);
    rig_machine(rig, "m", ONE(",'HeartbeatSeconds':20"));
    const char *arn = rig_start(rig, NULL, "1");
    ask(rig, &poll);
    until_polled(rig, &poll);
    for (int i = 0; i < 4; i++) {
        rig_jump(rig, 15000);
        rig_turns(rig, 50);
        wf_engine_send_task_heartbeat(rig->engine, wf_str(poll.token),
                                      answer_done, &answer);
        answer_expect(rig, &answer, "");
    }
    rig_jump(rig, 21000);
    assert_string_equal(rig_end(rig, arn)->error, "States.Timeout");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(a_worker_does_the_task),
        ENGINE_TEST_BOTH(nobody_is_passed_over),
        ENGINE_TEST_BOTH(one_that_is_gone_loses_no_task),
        ENGINE_TEST_BOTH(what_does_not_exist_is_told),
        ENGINE_TEST_BOTH(making_one_again_changes_nothing),
        ENGINE_TEST_BOTH(stopping_takes_the_task_back),
        ENGINE_TEST_BOTH(deaths_lose_no_task),
        ENGINE_TEST_BOTH(a_task_that_is_offered_again_has_another_token),
        ENGINE_TEST_REAL(a_map_of_tasks_waits_in_rows),
        ENGINE_TEST_REAL(a_stopped_map_leaves_no_rows),
        ENGINE_TEST_REAL(time_runs_from_the_start_on),
        ENGINE_TEST_REAL(heartbeats_are_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
