/*
 * test_engine_inspect.c - GetExecutionState: what running executions are
 * doing, in memory and in rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "inspect.h"
#include "lua_stdlib.h"
#include "machine_answers.h"

/* What came back: "path|state|waits for|signal|attempt|input|variables" a
 * line. */
struct seen {
    bool done;
    char exception[64], token[16];
    size_t count;
    struct wf_buf text;
};

static void add_data(struct wf_buf *text, const struct wf_state_data *data) {
    wf_buf_u8(text, '|');
    wf_buf_addstr(text, data->text);
    if (data->is_cut)
        wf_buf_adds(text, "...");
}

static void on_state(void *arg, const struct wf_refusal *refusal,
                     const struct wf_state_reply *reply) {
    struct seen *seen = arg;
    seen->done = true;
    if (refusal) {
        snprintf(seen->exception, sizeof(seen->exception), "%s",
                 refusal->exception);
        return;
    }
    seen->count += reply->count;
    snprintf(seen->token, sizeof(seen->token), "%.*s",
             (int)reply->next_token.len, reply->next_token.data);
    for (size_t i = 0; i < reply->count; i++) {
        const struct wf_line_reply *line = &reply->lines[i];
        wf_buf_addstr(&seen->text, line->path);
        wf_buf_addf(&seen->text, "|%.*s|%s|%.*s|%u", (int)line->state.len,
                    line->state.data, line->waits_for,
                    (int)line->signal.len, line->signal.data,
                    (unsigned)line->attempt);
        add_data(&seen->text, &line->input);
        add_data(&seen->text, &line->variables);
        wf_buf_u8(&seen->text, '\n');
    }
}

static void look(struct rig *rig, const char *arn, size_t bytes,
                 struct seen *seen) {
    struct wf_get_state ask = {.execution_arn = wf_str(arn),
                               .data_bytes = bytes,
                               .next_token = wf_str(seen->token)};
    seen->done = false;
    wf_engine_get_state(rig->engine, &ask, on_state, seen);
    rig_until(rig, &seen->done);
}

static void expect_state(struct rig *rig, const char *arn, size_t bytes,
                         const char *expected) {
    struct seen seen = {0};
    look(rig, arn, bytes, &seen);
    wf_buf_u8(&seen.text, 0);
    assert_string_equal(seen.exception, "");
    assert_string_equal(seen.text.data, expected);
    wf_buf_free(&seen.text);
}

static void until_parked(struct rig *rig) {
    unsigned tries = 0;
    while (rig_stats(rig).active_executions > 0) {
        assert_true(tries++ < 1000);
        rig_jump(rig, 4000);
        rig_turns(rig, 20);
    }
}

#define TWO "{'StartAt':'V','States':{'V':{'Type':'Pass','Assign':{'x':7}," \
    "'Next':'P'},'P':{'Type':'Parallel','End':true,'Branches':[" \
    "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':9000,'End':true}" \
    "}},{'StartAt':'S','States':{'S':{'Type':'Task','Resource':" \
    "'arn:aws:states:::moonstep:waitForSignal','Parameters':{'Name':'go'}," \
    "'End':true}}}]}}}"

#define SEEN "|P|BRANCHES||1|{\"in\":1}|{\"x\":7}\n" \
    "P[0]|W|TIMER||1|{\"in\":1}|{\"x\":7}\n" \
    "P[1]|S|SIGNAL|go|1|{\"in\":1}|{\"x\":7}\n"

static void lines_are_shown(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", TWO);
    const char *arn = rig_start(rig, NULL, "{\"in\":1}");
    rig_flush(rig);
    expect_state(rig, arn, 100, SEEN);
    until_parked(rig);
    expect_state(rig, arn, 100, SEEN);
    rig_crash(rig);
    rig_open(rig);
    expect_state(rig, arn, 4,
                 "|P|BRANCHES||1|{\"in...|{\"x\"...\n"
                 "P[0]|W|TIMER||1|{\"in...|{\"x\"...\n"
                 "P[1]|S|SIGNAL|go|1|{\"in...|{\"x\"...\n");
    expect_state(rig, arn, 0,
                 "|P|BRANCHES||1||\nP[0]|W|TIMER||1||\n"
                 "P[1]|S|SIGNAL|go|1||\n");
    struct seen seen = {0};
    rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    look(rig, arn, 0, &seen);
    assert_string_equal(seen.exception, "ExecutionNotRunning");
}

/* Many that are rows: pages, and their Map above them is on the first. */
static void many_lines_come_in_pages(void **state) {
    struct rig *rig = *state;
    struct wf_buf items = {0};
    struct seen seen = {0};
    unsigned pages = 0;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'M','States':{'M':{'Type':'Map','End':true,"
                "'ItemProcessor':{'StartAt':'W','States':{'W':{'Type':'Wait',"
                "'Seconds':90000,'End':true}}}}}}");
    for (int i = 0; i < 130; i++)
        wf_buf_addf(&items, "%s%d", i ? "," : "[", i);
    wf_buf_add(&items, "]", 2);
    const char *arn = rig_start(rig, NULL, items.data);
    wf_buf_free(&items);
    rig_flush(rig);
    until_parked(rig);
    do {
        look(rig, arn, 10, &seen);
        pages++;
    } while (seen.token[0]);
    wf_buf_u8(&seen.text, 0);
    assert_int_equal(seen.count, 131);
    assert_int_equal(pages, 6);
    rig_assert_has(seen.text.data, "|M|ITERATIONS||1|[0,1,2,3,4...|\n");
    rig_assert_has(seen.text.data, "M[0]|W|TIMER||1|0|\n");
    rig_assert_has(seen.text.data, "M[129]|W|TIMER||1|129|\n");
    wf_buf_free(&seen.text);
    assert_true(rig_stats(rig).active_frames < 130);
}

/* As the page that was the next one when lines have gone. */
static void nothing_is_behind_the_last_line(void **state) {
    struct rig *rig = *state;
    struct seen seen = {.token = "5"};
    rig_open(rig);
    rig_machine(rig, "m", TWO);
    const char *arn = rig_start(rig, NULL, "{}");
    look(rig, arn, 100, &seen);
    assert_string_equal(seen.exception, "");
    assert_string_equal(seen.token, "");
    assert_int_equal(seen.count, 0);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_REAL(lines_are_shown),
        ENGINE_TEST_REAL(many_lines_come_in_pages),
        ENGINE_TEST_REAL(nothing_is_behind_the_last_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
