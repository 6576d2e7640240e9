/*
 * test_engine_revisions.c - old revisions of state machines: which leave
 * memory, and that nobody notices.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"

struct answer {
    bool done, waits_an_hour;
};

static void on_machine(void *arg, const struct wf_refusal *refusal,
                       const struct wf_state_machine_reply *reply) {
    struct answer *answer = arg;
    if (refusal)
        fail_msg("%s", refusal->exception);
    answer->done = true;
    answer->waits_an_hour =
        memmem(reply->definition.data, reply->definition.len, ":3600,", 6);
}

static void ask_update(struct rig *rig, const char *definition,
                       struct answer *answer) {
    struct wf_update_state_machine ask = {.arn = wf_str(rig->arn),
                                          .definition = wf_str(definition)};
    wf_engine_update_state_machine(rig->engine, &ask, on_machine, answer);
}

static bool most_revisions_are_gone(struct rig *rig, void *arg) {
    (void)arg;
    return rig_stats(rig).revisions < 80;
}

/* A revision that waits `s` seconds and answers with its number. */
static const char *revision(struct rig *rig, int number, int s) {
    struct wf_buf text = {0};
    wf_buf_addf(&text,
                "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':%d,"
                "'Next':'P'},'P':{'Type':'Pass','Result':%d,'End':true}}}",
                s, number);
    wf_buf_u8(&text, 0);
    const char *kept = rig_quoted(rig, text.data);
    wf_buf_free(&text);
    return kept;
}

/* A thousand updates leave few revisions in memory; what was started with one
 * goes on with it, be it parked or active, and still tells of it. */
static void old_revisions_leave_memory(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", revision(rig, 0, 3600));
    const char *parked = rig_start(rig, "parked", NULL);
    rig_until_parked(rig);
    const char *active = NULL;
    for (int i = 1; i <= 1000; i++) {
        ask_update(rig, revision(rig, i, i == 1 ? 2 : 0), &answer);
        rig_until(rig, &answer.done);
        answer.done = false;
        if (i == 1)
            active = rig_start(rig, "active", NULL);
    }
    rig_until_true(rig, most_revisions_are_gone, NULL);
    wf_engine_describe_state_machine_for_execution(
        rig->engine, wf_str(parked), on_machine, &answer);
    rig_until(rig, &answer.done);
    assert_true(answer.waits_an_hour);
    rig_jump(rig, INT64_C(3600) * 1000);
    rig_assert_text(rig, rig_end(rig, active)->output, "1");
    rig_assert_text(rig, rig_end(rig, parked)->output, "0");
    rig_assert_has(rig_story(rig, parked), "PassStateExited P");
    rig_assert_text(rig, rig_end(rig, rig_start(rig, "z", NULL))->output,
                    "1000");
}

/* The latest ones stay, and one that is being asked for. */
static void what_is_asked_for_stays(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    char name[16];
    rig_open(rig);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        rig_machine(rig, name, revision(rig, 0, 0));
    }
    rig_machine(rig, "m", revision(rig, 0, 60));
    const char *arn = rig_start(rig, "x", NULL);
    struct rig_reply *end = rig_ask_wait(rig, arn, 60000);
    for (int i = 1; i < 200; i++)
        ask_update(rig, revision(rig, i, 60), &answer);
    rig_until(rig, &answer.done);
    rig_turns(rig, 100);
    assert_true(rig_stats(rig).revisions >= 101);
    rig_jump(rig, INT64_C(60) * 1000);
    rig_assert_text(rig, rig_reply_of(rig, end)->output, "0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_REAL(old_revisions_leave_memory),
        ENGINE_TEST_REAL(what_is_asked_for_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
