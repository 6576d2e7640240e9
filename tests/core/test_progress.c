/* Progress: a made-up stream of events, and exactly what people see of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "progress.h"
#include "term.h"

enum { T0 = 1704067200000 / 1000 }; /* 2024-01-01T00:00:00Z, in seconds */

struct screen {
    struct wf_buf text;
    size_t columns, lines;
    struct wf_progress *progress;
    uint64_t next_id;
};

static void screen_write(void *arg, struct wf_str text) {
    wf_buf_addstr(&((struct screen *)arg)->text, text);
}

static void screen_size(void *arg, size_t *columns, size_t *lines) {
    *columns = ((struct screen *)arg)->columns;
    *lines = ((struct screen *)arg)->lines;
}

static void screen_init(struct screen *screen, bool live) {
    struct wf_progress_options options = {
        .live = live,
        .unicode = true,
        .write = screen_write,
        .size = screen_size,
        .arg = screen,
    };

    *screen = (struct screen){.columns = 60, .lines = 24, .next_id = 1};
    screen->progress = wf_progress_new(&options);
}

static void screen_deinit(struct screen *screen) {
    wf_progress_free(screen->progress);
    wf_buf_free(&screen->text);
}

static int64_t at(int64_t ms) {
    return (int64_t)T0 * 1000 + ms;
}

/* The next event, at `ms` after the start; `previous` 0: the one before. */
static uint64_t event_after(struct screen *screen, uint64_t previous,
                            enum wf_event_type type, const char *state,
                            int64_t ms, const char *error,
                            const char *cause) {
    uint64_t id = screen->next_id++;
    struct wf_history_event event = {
        .event = {
            .type = type,
            .id = id,
            .previous_id = previous > 0 ? previous : id - 1,
            .time_ms = at(ms),
            .error = wf_str(error),
            .cause = wf_str(cause),
        },
        .state_name = wf_str(state),
        .resource_type = WF_STR("lua"),
        .resource = WF_STR("patch.apply"),
    };

    wf_progress_event(screen->progress, &event);
    return id;
}

static void event(struct screen *screen, enum wf_event_type type,
                  const char *state, int64_t ms) {
    event_after(screen, 0, type, state, ms, NULL, NULL);
}

static void failure(struct screen *screen, enum wf_event_type type,
                    int64_t ms, const char *error, const char *cause) {
    event_after(screen, 0, type, NULL, ms, error, cause);
}

static void assert_text(struct screen *screen, const char *expected) {
    wf_buf_u8(&screen->text, 0);
    assert_string_equal(screen->text.data, expected);
    screen->text.len = 0;
}

/* Draws, and gives what a terminal would show: the sequences that move and
 * erase are checked on their own. */
static void assert_drawn(struct screen *screen, int64_t ms,
                         const char *expected) {
    wf_progress_draw(screen->progress, at(ms));
    assert_text(screen, expected);
}

static void run_patch(struct screen *screen) {
    event(screen, WF_EVENT_EXECUTION_STARTED, NULL, 0);
    event(screen, WF_EVENT_PASS_STATE_ENTERED, "Plan", 1);
    event(screen, WF_EVENT_PASS_STATE_EXITED, "Plan", 1);
    event(screen, WF_EVENT_TASK_STATE_ENTERED, "Patch", 1);
    event(screen, WF_EVENT_TASK_SCHEDULED, NULL, 1);
    event(screen, WF_EVENT_TASK_STARTED, NULL, 10);
}

static void test_lines(void **state) {
    struct screen screen;

    (void)state;
    screen_init(&screen, false);
    run_patch(&screen);
    wf_progress_log(screen.progress, WF_STR("Patch"), "log",
                    WF_STR("unpack\033[31m a\tb"), at(12));
    wf_progress_log(screen.progress, WF_STR("Patch"), "stderr", WF_STR("oh"),
                    at(13));
    failure(&screen, WF_EVENT_TASK_FAILED, 530, "DpkgError", "locked\ntrace");
    wf_progress_timer(screen.progress, WF_STR("Patch"), true, at(2530),
                      at(530));
    event(&screen, WF_EVENT_TASK_SCHEDULED, NULL, 2530);
    event(&screen, WF_EVENT_TASK_STARTED, NULL, 2531);
    event(&screen, WF_EVENT_TASK_SUCCEEDED, NULL, 2631);
    event(&screen, WF_EVENT_TASK_STATE_EXITED, "Patch", 2631);
    event(&screen, WF_EVENT_WAIT_STATE_ENTERED, "Settle", 2631);
    wf_progress_timer(screen.progress, WF_STR("Settle"), false, at(92631),
                      at(2631));
    event(&screen, WF_EVENT_WAIT_STATE_EXITED, "Settle", 92640);
    event(&screen, WF_EVENT_EXECUTION_SUCCEEDED, NULL, 92641);
    assert_text(&screen,
        "00:00:00.000              ExecutionStarted\n"
        "00:00:00.001 Plan         PassStateExited        0ms\n"
        "00:00:00.001 Patch        TaskScheduled                   "
        "lua:patch.apply\n"
        "00:00:00.012 Patch        | unpack a b\n"
        "00:00:00.013 Patch        stderr| oh\n"
        "00:00:00.530 Patch        TaskFailed             0.52s    "
        "DpkgError: locked\n"
        "00:00:00.530 Patch        next attempt in 2.00s\n"
        "00:00:02.530 Patch        TaskScheduled                   "
        "lua:patch.apply attempt 2\n"
        "00:00:02.631 Patch        TaskSucceeded          0.10s\n"
        "00:00:02.631 Settle       WaitStateEntered\n"
        "00:00:02.631 Settle       waits 1m30s\n"
        "00:01:32.640 Settle       WaitStateExited        1m30s\n"
        "00:01:32.641              ExecutionSucceeded     1m32s\n");
    screen_deinit(&screen);
}

static void test_a_seen_event_is_ignored(void **state) {
    struct screen screen;

    (void)state;
    screen_init(&screen, false);
    event(&screen, WF_EVENT_EXECUTION_STARTED, NULL, 0);
    screen.next_id = 1;
    event(&screen, WF_EVENT_EXECUTION_STARTED, NULL, 0);
    assert_text(&screen, "00:00:00.000              ExecutionStarted\n");
    assert_int_equal(wf_progress_last_event(screen.progress), 1);
    screen_deinit(&screen);
}

static void test_tree_of_a_retry(void **state) {
    struct screen screen;

    (void)state;
    screen_init(&screen, true);
    run_patch(&screen);
    wf_progress_log(screen.progress, WF_STR("Patch"), "log",
                    WF_STR("unpacking 漢字 and more than fits in the line"),
                    at(12));
    assert_drawn(&screen, 1010, "\r\033[J"
        "✓ Plan          0ms    \033[K\n"
        "⠋ Patch         1.00s   unpacking 漢字 and more than fits …\033[K\n");
    failure(&screen, WF_EVENT_TASK_FAILED, 1100, "DpkgError", "locked");
    wf_progress_timer(screen.progress, WF_STR("Patch"), true, at(4200),
                      at(1100));
    assert_drawn(&screen, 1201, "\033[1A\r\033[J"
        "↻ Patch         1.20s   attempt 2 in 3s: DpkgError: locked\033[K\n");
    assert_drawn(&screen, 1210, ""); /* nothing new, not time yet */
    assert_drawn(&screen, 4301, "\033[1A\r\033[J"
        "↻ Patch         4.30s   attempt 2 in 0s: DpkgError: locked\033[K\n");
    event(&screen, WF_EVENT_TASK_SCHEDULED, NULL, 4302);
    event(&screen, WF_EVENT_TASK_STARTED, NULL, 4303);
    event(&screen, WF_EVENT_TASK_SUCCEEDED, NULL, 4401);
    event(&screen, WF_EVENT_TASK_STATE_EXITED, "Patch", 4401);
    event(&screen, WF_EVENT_EXECUTION_SUCCEEDED, NULL, 4401);
    wf_progress_finish(screen.progress, at(4401));
    assert_text(&screen, "\033[1A\r\033[J"
        "✓ Patch         4.40s   2 attempts\033[K\n"
        "✓ ExecutionSucceeded in 4.40s\033[K\n");
    screen_deinit(&screen);
}

static void test_tree_of_a_failure(void **state) {
    struct screen screen;

    (void)state;
    screen_init(&screen, true);
    run_patch(&screen);
    failure(&screen, WF_EVENT_TASK_FAILED, 20, "A", "first");
    event(&screen, WF_EVENT_TASK_STATE_EXITED, "Patch", 20);
    event(&screen, WF_EVENT_FAIL_STATE_ENTERED, "Give up", 21);
    failure(&screen, WF_EVENT_EXECUTION_FAILED, 21, "B", "second");
    wf_progress_finish(screen.progress, at(21));
    assert_text(&screen, "\r\033[J"
        "✓ Plan          0ms    \033[K\n"
        "! Patch         19ms    caught A: first\033[K\n"
        "✗ Give up       0ms     B: second\033[K\n"
        "✗ ExecutionFailed in 21ms\033[K\n");
    assert_true(wf_str_eq(wf_progress_failed_state(screen.progress),
                          WF_STR("Give up")));
    screen_deinit(&screen);
}

static void test_branches_nest(void **state) {
    struct screen screen;
    uint64_t started, a, b;

    (void)state;
    screen_init(&screen, true);
    event(&screen, WF_EVENT_EXECUTION_STARTED, NULL, 0);
    event(&screen, WF_EVENT_PARALLEL_STATE_ENTERED, "Both", 0);
    started = event_after(&screen, 0, WF_EVENT_PARALLEL_STATE_STARTED, NULL,
                          0, NULL, NULL);
    a = event_after(&screen, started, WF_EVENT_PASS_STATE_ENTERED, "A1", 0,
                    NULL, NULL);
    b = event_after(&screen, started, WF_EVENT_WAIT_STATE_ENTERED, "B1", 0,
                    NULL, NULL);
    a = event_after(&screen, a, WF_EVENT_PASS_STATE_EXITED, "A1", 0, NULL,
                    NULL);
    event_after(&screen, a, WF_EVENT_PASS_STATE_ENTERED, "A2", 5, NULL, NULL);
    wf_progress_timer(screen.progress, WF_STR("B1"), false, at(90000), at(5));
    event_after(&screen, b, WF_EVENT_WAIT_STATE_EXITED, "B1", 7, NULL, NULL);
    assert_drawn(&screen, 10, "\r\033[J"
        "⠋ Both          10ms   \033[K\n"
        "  ✓ A1            0ms    \033[K\n"
        "  ✓ B1            7ms    \033[K\n"
        "  ⠋ A2            5ms    \033[K\n");
    screen_deinit(&screen);
}

static void test_a_small_terminal(void **state) {
    struct screen screen;

    (void)state;
    screen_init(&screen, true);
    screen.columns = 20;
    screen.lines = 5;
    event(&screen, WF_EVENT_EXECUTION_STARTED, NULL, 0);
    for (int i = 0; i < 5; i++)
        event_after(&screen, 1, WF_EVENT_TASK_STATE_ENTERED,
                    "A long name of a state", 0, NULL, NULL);
    wf_progress_draw(screen.progress, at(0));
    assert_text(&screen, "\r\033[J"
        "  (3 more)\033[K\n"
        "⠋ A long …  0ms    \033[K\n"
        "⠋ A long …  0ms    \033[K\n");
    assert_drawn(&screen, 500, "\033[3A\r\033[J"
        "  (3 more)\033[K\n"
        "⠴ A long …  0.50s  \033[K\n"
        "⠴ A long …  0.50s  \033[K\n");
    screen_deinit(&screen);
}

/* However long a loop runs, what is kept of it stays small. */
static void test_a_long_loop(void **state) {
    struct screen screen;

    (void)state;
    for (int live = 0; live < 2; live++) {
        screen_init(&screen, live);
        event(&screen, WF_EVENT_EXECUTION_STARTED, NULL, 0);
        for (int i = 0; i < 20000; i++) {
            event(&screen, WF_EVENT_PASS_STATE_ENTERED, "Turn", i);
            event(&screen, WF_EVENT_PASS_STATE_EXITED, "Turn", i);
            if (i % 100 == 0)
                wf_progress_draw(screen.progress, at(i));
            screen.text.len = 0;
        }
        event(&screen, WF_EVENT_EXECUTION_SUCCEEDED, NULL, 20000);
        wf_progress_finish(screen.progress, at(20000));
        screen_deinit(&screen);
    }
}

static void test_cleaning(void **state) {
    static const struct {
        const char *text, *expected;
        size_t max, columns;
    } cases[] = {
        {"plain", "plain", 80, 5},
        {"\033[1;31mred\033[0m", "red", 80, 3},
        {"\033]0;title\ax", "x", 80, 1},
        {"a\r\nb\x7f" "c", "a  b c", 80, 6},
        {"\xff\xfe ok", "?? ok", 80, 5},
        {"\xc0\xaf", "??", 80, 2},
        {"漢字かな", "漢字かな", 8, 8},
        {"漢字かな", "漢字か…", 7, 7},
        {"漢字かな", "漢字…", 6, 5},
        {"e\u0301e\u0301", "e\u0301e\u0301", 2, 2},
        {"a\u202eb", "ab", 80, 2},
        {"abc", "", 0, 0},
        {"abc", "…", 1, 1},
        {"\xc2\x9b" "31m", " 31m", 80, 4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wf_buf out = {0};
        size_t columns = wf_term_text(&out, wf_str(cases[i].text),
                                      cases[i].max, true);

        wf_buf_u8(&out, 0);
        assert_string_equal(out.data, cases[i].expected);
        assert_int_equal(columns, cases[i].columns);
        wf_buf_free(&out);
    }
}

static void test_durations(void **state) {
    static const struct {
        int64_t ms;
        const char *expected;
    } cases[] = {
        {-5, "0ms"},         {0, "0ms"},          {99, "99ms"},
        {100, "0.10s"},      {9999, "9.99s"},     {12345, "12.3s"},
        {125000, "2m05s"},   {12000000, "3h20m"}, {352800000, "4d02h"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wf_buf out = {0};

        wf_term_duration(&out, cases[i].ms);
        wf_buf_u8(&out, 0);
        assert_string_equal(out.data, cases[i].expected);
        wf_buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_a_seen_event_is_ignored),
        cmocka_unit_test(test_tree_of_a_retry),
        cmocka_unit_test(test_tree_of_a_failure),
        cmocka_unit_test(test_branches_nest),
        cmocka_unit_test(test_a_small_terminal),
        cmocka_unit_test(test_a_long_loop),
        cmocka_unit_test(test_cleaning),
        cmocka_unit_test(test_durations),
    };

    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
