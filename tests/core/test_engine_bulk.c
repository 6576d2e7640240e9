/*
 * test_engine_bulk.c - what is done to all that a search finds: page by page,
 * twice, dry, and after the engine has died in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bulk.h"
#include "engine_fixture.h"

static const char fails[] =
    "{'StartAt':'F','States':{'F':{'Type':'Fail','Error':'X'}}}";
static const char waits[] =
    "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':9000,"
    "'End':true}}}";

struct answer {
    bool done;
    char exception[64], first[64], message[200], token[64], state[80];
    size_t count, refused;
};

static void on_done(void *arg, const struct wf_refusal *refusal,
                    const struct wf_bulk_reply *reply) {
    struct answer *answer = arg;
    answer->done = true;
    if (refusal) {
        snprintf(answer->exception, sizeof(answer->exception), "%s",
                 refusal->exception);
        return;
    }
    answer->count = reply->count;
    answer->refused = reply->refused;
    for (size_t i = 0; i < reply->count; i++) {
        const struct wf_bulk_item *item = &reply->items[i];
        if (item->exception) {
            snprintf(answer->first, sizeof(answer->first), "%s",
                     item->exception);
            snprintf(answer->message, sizeof(answer->message), "%.*s",
                     (int)item->message.len, item->message.data);
        }
        if (item->state.len)
            snprintf(answer->state, sizeof(answer->state), "%.*s",
                     (int)item->state.len, item->state.data);
    }
    snprintf(answer->token, sizeof(answer->token), "%.*s",
             (int)reply->next_token.len,
             reply->next_token.len ? reply->next_token.data : "");
}

static struct answer act(struct rig *rig, struct wf_bulk ask,
                         const char *token) {
    struct answer answer = {0};
    if (token)
        ask.search.next_token = wf_str(token);
    wf_engine_bulk(rig->engine, &ask, on_done, &answer);
    rig_until(rig, &answer.done);
    assert_string_equal(answer.exception, "");
    return answer;
}

/* All pages; how many it has done. */
static size_t act_all(struct rig *rig, struct wf_bulk ask) {
    struct answer answer = act(rig, ask, NULL);
    size_t done = answer.count - answer.refused;
    while (answer.token[0]) {
        char token[64];
        strcpy(token, answer.token);
        answer = act(rig, ask, token);
        done += answer.count - answer.refused;
    }
    return done;
}

static const char *start_many(struct rig *rig, const char *machine,
                              const char *definition, int count) {
    const char *arn = NULL;
    char name[24];
    rig_machine(rig, machine, definition);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%s-%d", machine, i);
        arn = rig_start(rig, name, "{}");
    }
    return arn;
}

static void stops_all_of_them(void **state) {
    struct rig *rig = *state;
    const struct wf_bulk stop = {.action = WF_BULK_STOP,
                                 .error = WF_STR("E"),
                                 .cause = WF_STR("C")};
    struct wf_bulk dry = stop;
    rig_open(rig);
    const char *arn = start_many(rig, "w", waits, 100);
    dry.is_dry = true;
    assert_int_equal(act_all(rig, dry), 100);
    rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
    assert_int_equal(act_all(rig, stop), 100);
    rig_assert_status(rig, arn, WF_EXECUTION_ABORTED);
    rig_assert_text(rig, rig_describe(rig, arn)->error, "E");
    rig_assert_text(rig, rig_describe(rig, arn)->cause, "C");
    assert_int_equal(act_all(rig, stop), 0);
}

/* The token is all that is needed, also by a server that was killed after it
 * had done a page whose answer nobody got. */
static void goes_on_after_a_crash(void **state) {
    struct rig *rig = *state;
    struct wf_bulk stop = {.action = WF_BULK_STOP};
    stop.search.max_results = 10;
    rig_open(rig);
    start_many(rig, "w", waits, 25);
    struct answer first = act(rig, stop, NULL);
    assert_int_equal(first.count, 10);
    assert_true(first.token[0]);
    assert_int_equal(act(rig, stop, first.token).count, 10);
    rig_crash(rig);
    rig_open(rig);
    struct answer again = act(rig, stop, first.token);
    assert_int_equal(again.count, 5); /* what was stopped is not met again */
    assert_int_equal(again.refused, 0);
    assert_string_equal(again.token, "");
    assert_int_equal(act_all(rig, stop), 0);
}

/* And while a page is under way: all of it is as it was, or is done. */
static void dies_within_a_page(void **state) {
    struct rig *rig = *state;
    const struct wf_bulk stop = {.action = WF_BULK_STOP};
    rig_open(rig);
    start_many(rig, "w", waits, 40);
    for (unsigned turns = 1; turns < 20; turns += 4) {
        static struct answer lost;
        wf_engine_bulk(rig->engine, &stop, on_done, &lost);
        rig_turns(rig, turns);
        rig_crash(rig);
        rig_open(rig);
    }
    act_all(rig, stop);
    assert_int_equal(act_all(rig, stop), 0);
    struct wf_bulk aborted = {.action = WF_BULK_REDRIVE, .is_dry = true};
    assert_int_equal(act_all(rig, aborted), 40);
}

static void says_who_refuses(void **state) {
    struct rig *rig = *state;
    struct wf_bulk stop = {.action = WF_BULK_STOP};
    struct wf_bulk redrive = {.action = WF_BULK_REDRIVE};
    rig_open(rig);
    const char *arn = start_many(rig, "f", fails, 3);
    rig_end(rig, arn);
    start_many(rig, "w", waits, 2);
    stop.search.statuses = 1u << WF_EXECUTION_FAILED;
    struct answer answer = act(rig, stop, NULL);
    assert_int_equal(answer.count, 3);
    assert_int_equal(answer.refused, 3);
    assert_string_equal(answer.first, "ExecutionNotRunning");
    assert_non_null(strstr(answer.message, "FAILED"));
    redrive.search.statuses = 1u << WF_EXECUTION_RUNNING;
    answer = act(rig, redrive, NULL);
    assert_int_equal(answer.count, 2);
    assert_int_equal(answer.refused, 2);
    assert_string_equal(answer.first, "ExecutionNotRedrivable");
}

static void assert_redriven_once(struct rig *rig, const char *arn) {
    rig_assert_has(rig_story(rig, arn), "ExecutionRedriven#1");
    assert_null(strstr(rig_story(rig, arn), "ExecutionRedriven#2"));
}

static void redrives_what_has_failed(void **state) {
    struct rig *rig = *state;
    const struct wf_fix latest = {.revision = WF_STR("latest")};
    struct wf_bulk redrive = {.action = WF_BULK_REDRIVE,
                              .client_token = WF_STR("once")};
    rig_open(rig);
    const char *arn = start_many(rig, "f", fails, 3);
    rig_end(rig, arn);
    rig_until_parked(rig);
    assert_int_equal(act_all(rig, redrive), 3);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    rig_until_parked(rig);
    act_all(rig, redrive); /* the same token: not a second time */
    assert_redriven_once(rig, arn);
    redrive.client_token = WF_STR_NULL;
    redrive.fix = &latest;
    redrive.is_dry = true;
    struct answer answer = act(rig, redrive, NULL);
    assert_int_equal(answer.count - answer.refused, 3);
    assert_string_equal(answer.state, "F");
    assert_redriven_once(rig, arn);
}

static void pauses_and_resumes(void **state) {
    struct rig *rig = *state;
    const struct wf_bulk pause = {.action = WF_BULK_PAUSE,
                                  .reason = WF_STR("why")};
    const struct wf_bulk resume = {.action = WF_BULK_RESUME};
    rig_open(rig);
    const char *arn = start_many(rig, "w", waits, 3);
    assert_int_equal(act_all(rig, pause), 3);
    assert_true(rig_describe(rig, arn)->paused_ms > 0);
    assert_int_equal(act_all(rig, resume), 3);
    assert_true(rig_describe(rig, arn)->paused_ms == 0);
}

static void refuses_as_a_search(void **state) {
    struct rig *rig = *state;
    struct wf_bulk stop = {.action = WF_BULK_STOP};
    struct answer answer = {0};
    rig_open(rig);
    stop.search.next_token = WF_STR("nonsense");
    wf_engine_bulk(rig->engine, &stop, on_done, &answer);
    rig_until(rig, &answer.done);
    assert_string_equal(answer.exception, "InvalidToken");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(stops_all_of_them),
        ENGINE_TEST_BOTH(goes_on_after_a_crash),
        ENGINE_TEST_BOTH(dies_within_a_page),
        ENGINE_TEST_BOTH(says_who_refuses),
        ENGINE_TEST_BOTH(redrives_what_has_failed),
        ENGINE_TEST_BOTH(pauses_and_resumes),
        ENGINE_TEST_BOTH(refuses_as_a_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
