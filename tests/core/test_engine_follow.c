/* test_engine_follow.c - WaitForEvents: every event once, when it is durable,
 * however the execution and its followers come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"

struct follow {
    struct rig *rig;
    bool done, refused;
    char exception[64];
    size_t count;
    uint64_t first, last;
    enum wf_execution_status status;
};

static void on_events(void *arg, const struct wf_refusal *refusal,
                      const struct wf_history_event *events, size_t count,
                      enum wf_execution_status status) {
    struct follow *follow = arg;
    assert_false(follow->done);
    follow->done = true;
    follow->refused = refusal != NULL;
    follow->count = count;
    follow->status = status;
    if (refusal)
        snprintf(follow->exception, sizeof(follow->exception), "%s",
                 refusal->exception);
    for (size_t i = 1; i < count; i++)
        assert_int_equal(events[i].event.id, events[i - 1].event.id + 1);
    if (count) {
        follow->first = events[0].event.id;
        follow->last = events[count - 1].event.id;
    }
}

static void ask(struct follow *follow, struct rig *rig, const char *arn,
                uint64_t after, unsigned page, int64_t timeout_ms) {
    struct wf_wait_for_events wanted = {
        .execution_arn = wf_str(arn),
        .after = after,
        .max_results = page,
        .timeout_ms = timeout_ms,
    };
    *follow = (struct follow){.rig = rig};
    wf_engine_wait_for_events(rig->engine, &wanted, on_events, follow);
}

/* Follows to the end, `page` events at a time; returns how many there were. */
static uint64_t follow_all(struct rig *rig, const char *arn, unsigned page) {
    struct follow follow = {.status = WF_EXECUTION_RUNNING};
    uint64_t seen = 0;
    while (follow.status == WF_EXECUTION_RUNNING) {
        ask(&follow, rig, arn, seen, page, 0);
        rig_until(rig, &follow.done);
        assert_false(follow.refused);
        assert_true(follow.count > 0 && follow.count <= page);
        assert_int_equal(follow.first, seen + 1);
        seen = follow.last;
    }
    return seen;
}

static const char hour[] =
    "{'StartAt':'W','States':{'W':{'Type':'Wait','SecondsPath':'$.s',"
    "'Next':'P'},'P':{'Type':'Pass','End':true}}}";
static const char loop[] =
    "{'StartAt':'Next','States':{"
    "'Next':{'Type':'Pass','Parameters':{"
    "'n.$':'States.MathAdd($.n, 1)','end.$':'$.end'},'Next':'Over'},"
    "'Over':{'Type':'Choice','Choices':[{'Variable':'$.n',"
    "'NumericLessThanPath':'$.end','Next':'Next'}],'Default':'S'},"
    "'S':{'Type':'Succeed'}}}";

static void a_running_history_is_followed(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", loop);
    const char *arn = rig_start(rig, NULL, "{'n':0,'end':900}");
    assert_int_equal(follow_all(rig, arn, 1000), 3604);
    assert_int_equal(follow_all(rig, arn, 7), 3604);
    rig_reopen(rig);
    assert_int_equal(follow_all(rig, arn, 250), 3604);
}

static void many_follow_one(void **state) {
    struct rig *rig = *state;
    struct follow follows[40];
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, NULL, "{'s':3600}");
    for (int i = 0; i < 40; i++) /* some wait, some are behind */
        ask(&follows[i], rig, arn, (uint64_t)(i % 4), 0, 0);
    const char *other = rig_start(rig, NULL, "{'s':0}");
    rig_end(rig, other);
    rig_end(rig, arn); /* time moves: the clock is virtual */
    for (int i = 0; i < 40; i++) {
        rig_until(rig, &follows[i].done);
        assert_false(follows[i].refused);
        assert_int_equal(follows[i].first, i % 4 + 1);
    }
}

static void a_parked_execution_is_followed(void **state) {
    struct rig *rig = *state;
    struct follow follow;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, NULL, "{'s':3600}");
    rig_until_parked(rig);
    ask(&follow, rig, arn, 2, 0, 0);
    rig_turns(rig, 50);
    assert_false(follow.done);
    rig_jump(rig, INT64_C(3600) * 1000);
    rig_until(rig, &follow.done);
    assert_int_equal(follow.first, 3);
    assert_int_equal(follow_all(rig, arn, 2), 6);
}

static void nothing_new_is_an_answer_too(void **state) {
    struct rig *rig = *state;
    struct follow follow;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, NULL, "{'s':3600}");
    ask(&follow, rig, arn, 2, 0, 30);
    rig_until(rig, &follow.done);
    assert_false(follow.refused);
    assert_int_equal(follow.count, 0);
    assert_int_equal(follow.status, WF_EXECUTION_RUNNING);
    rig_reply_of(rig, rig_ask_stop(rig, arn, "E", "C"));
    ask(&follow, rig, arn, 3, 0, 0);
    rig_until(rig, &follow.done);
    assert_int_equal(follow.count, 0);
    assert_int_equal(follow.status, WF_EXECUTION_ABORTED);
    ask(&follow, rig, arn, 999999, 0, 0);
    rig_until(rig, &follow.done);
    assert_int_equal(follow.status, WF_EXECUTION_ABORTED);
}

static void an_unknown_execution_has_no_events(void **state) {
    struct rig *rig = *state;
    struct follow follow;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    ask(&follow, rig, "arn:aws:states:us-east-1:000000000000:execution:m:no",
        0, 0, 0);
    rig_until(rig, &follow.done);
    assert_true(follow.refused);
    assert_string_equal(follow.exception, "ExecutionDoesNotExist");
}

/* What is shown is durable: events in a batch that the store holds back are
 * not, and a crash may take them. */
static void undurable_events_are_not_shown(void **state) {
    struct rig *rig = *state;
    struct follow follow;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, NULL, "{'s':3600}");
    ask(&follow, rig, arn, 2, 0, 0);
    store_gate_close(rig->store);
    struct rig_reply *stop = rig_ask_stop(rig, arn, "E", "C");
    rig_turns(rig, 50);
    assert_false(follow.done);
    assert_false(stop->done);
    store_gate_open(rig->store);
    rig_until(rig, &follow.done);
    assert_int_equal(follow.first, 3);
    assert_int_equal(follow.status, WF_EXECUTION_ABORTED);
}

static void followers_go_with_the_engine(void **state) {
    struct rig *rig = *state;
    struct follow follows[3];
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, NULL, "{'s':3600}");
    for (int i = 0; i < 3; i++)
        ask(&follows[i], rig, arn, 2, 0, 0);
    rig_turns(rig, 20);
    rig_reopen(rig);
    for (int i = 0; i < 3; i++) {
        assert_true(follows[i].done);
        assert_string_equal(follows[i].exception, "ServiceUnavailable");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(a_running_history_is_followed),
        ENGINE_TEST_BOTH(many_follow_one),
        ENGINE_TEST_REAL(a_parked_execution_is_followed),
        ENGINE_TEST_REAL(nothing_new_is_an_answer_too),
        ENGINE_TEST_BOTH(an_unknown_execution_has_no_events),
        ENGINE_TEST_REAL(undurable_events_are_not_shown),
        ENGINE_TEST_REAL(followers_go_with_the_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
