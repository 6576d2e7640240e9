/* Progress: a made-up stream of events, and exactly what people see of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "progress_screen.h"
#include "term.h"

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
    wf_progress_log(screen.progress, WF_STR("Patch"), 0, "log",
                    WF_STR("unpack\033[31m a\tb"), at(12));
    wf_progress_log(screen.progress, WF_STR("Patch"), 0, "stderr",
                    WF_STR("oh"), at(13));
    failure(&screen, WF_EVENT_TASK_FAILED, 530, "DpkgError", "locked\ntrace");
    wf_progress_timer(screen.progress, WF_STR("Patch"), 0, true,
                      at(2530), at(530));
    event(&screen, WF_EVENT_TASK_SCHEDULED, NULL, 2530);
    event(&screen, WF_EVENT_TASK_STARTED, NULL, 2531);
    event(&screen, WF_EVENT_TASK_SUCCEEDED, NULL, 2631);
    event(&screen, WF_EVENT_TASK_STATE_EXITED, "Patch", 2631);
    event(&screen, WF_EVENT_WAIT_STATE_ENTERED, "Settle", 2631);
    wf_progress_timer(screen.progress, WF_STR("Settle"), 0, false,
                      at(92631), at(2631));
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
    wf_progress_log(screen.progress, WF_STR("Patch"), 0, "log",
                    WF_STR("unpacking 漢字 and more than fits in the line"),
                    at(12));
    assert_drawn(&screen, 1010, "\r\033[J"
        "✓ Plan          0ms    \033[K\n"
        "⠋ Patch         1.00s   unpacking 漢字 and more than fits …\033[K\n");
    failure(&screen, WF_EVENT_TASK_FAILED, 1100, "DpkgError", "locked");
    wf_progress_timer(screen.progress, WF_STR("Patch"), 0, true,
                      at(4200), at(1100));
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
    started = event_after(&screen, 0, WF_EVENT_PARALLEL_STATE_STARTED, "Both",
                          0, NULL, NULL);
    a = event_after(&screen, started, WF_EVENT_PASS_STATE_ENTERED, "A1", 0,
                    NULL, NULL);
    b = event_after(&screen, started, WF_EVENT_WAIT_STATE_ENTERED, "B1", 0,
                    NULL, NULL);
    a = event_after(&screen, a, WF_EVENT_PASS_STATE_EXITED, "A1", 0, NULL,
                    NULL);
    event_after(&screen, a, WF_EVENT_PASS_STATE_ENTERED, "A2", 5, NULL, NULL);
    wf_progress_timer(screen.progress, WF_STR("B1"), b, false, at(90000),
                      at(5));
    b = event_after(&screen, b, WF_EVENT_WAIT_STATE_EXITED, "B1", 7, NULL,
                    NULL);
    assert_drawn(&screen, 10, "\r\033[J"
        "⠋ Both          10ms   \033[K\n"
        "├ ✓ A1          0ms    \033[K\n"
        "│ ⠋ A2          5ms    \033[K\n"
        "└ ✓ B1          7ms    \033[K\n");
    event_after(&screen, b, WF_EVENT_FAIL_STATE_ENTERED, "B2", 8, NULL, NULL);
    event_after(&screen, 0, WF_EVENT_PARALLEL_STATE_FAILED, "Both", 9, NULL,
                NULL);
    event_after(&screen, 0, WF_EVENT_EXECUTION_FAILED, NULL, 9, "E", "why");
    wf_progress_finish(screen.progress, at(10));
    assert_text(&screen, "\033[4A\r\033[J"
        "✗ Both          9ms     E: why\033[K\n"
        "├ ✓ A1          0ms    \033[K\n"
        "│ ■ A2          4ms    \033[K\n"
        "└ ✓ B1          7ms    \033[K\n"
        "  ✗ B2          1ms    \033[K\n"
        "✗ ExecutionFailed in 9ms\033[K\n");
    assert_true(wf_str_eq(wf_progress_failed_state(screen.progress),
                          WF_STR("Both/B2")));
    screen_deinit(&screen);
}

static uint64_t begin_iteration(struct screen *screen, uint64_t previous,
                                uint64_t index, int64_t ms) {
    map_event(screen, previous, WF_EVENT_MAP_ITERATION_STARTED, "Roll", index,
              ms);
    event(screen, WF_EVENT_TASK_STATE_ENTERED, "Patch", ms);
    return event_after(screen, 0, WF_EVENT_TASK_SCHEDULED, NULL, ms, NULL,
                       NULL);
}

/* Returns the last event inside the iteration. */
static uint64_t end_iteration(struct screen *screen, uint64_t last,
                              uint64_t index, int64_t ms) {
    last = event_after(screen, last, WF_EVENT_TASK_SUCCEEDED, NULL, ms, NULL,
                       NULL);
    last = event_after(screen, last, WF_EVENT_TASK_STATE_EXITED, "Patch", ms,
                       NULL, NULL);
    map_event(screen, last, WF_EVENT_MAP_ITERATION_SUCCEEDED, "Roll", index,
              ms);
    return last;
}

static void test_iterations(void **state) {
    struct screen screen;
    uint64_t started, last[4];

    (void)state;
    screen_init(&screen, true);
    started = begin_map(&screen, 4);
    for (uint64_t i = 0; i < 3; i++)
        last[i] = begin_iteration(&screen, started, i, 1);
    wf_progress_log(screen.progress, WF_STR("Patch"), last[1] - 1, "log",
                    WF_STR("unpacking"), at(2));
    last[0] = end_iteration(&screen, last[0], 0, 4);
    last[3] = begin_iteration(&screen, last[0], 3, 4);
    last[2] = event_after(&screen, last[2], WF_EVENT_TASK_FAILED, NULL, 5,
                          "Lock", "held");
    wf_progress_timer(screen.progress, WF_STR("Patch"), last[2] - 10, true,
                      at(9000), at(5)); /* not known: some Patch */
    wf_progress_timer(screen.progress, WF_STR("Patch"), last[2], true,
                      at(9000), at(5));
    assert_drawn(&screen, 10, "\r\033[J"
        "⠋ Roll          10ms    ██░░░░░░░░ 1/4, 3 running\033[K\n"
        "  ↻ [1] Patch   9ms     attempt 2 in 9s\033[K\n"
        "  ✗ [2] Patch   9ms     Lock: held\033[K\n"
        "  ◦ [3] Patch   6ms    \033[K\n");
    map_event(&screen, last[2], WF_EVENT_MAP_ITERATION_FAILED, "Roll", 2, 20);
    map_event(&screen, last[1], WF_EVENT_MAP_ITERATION_ABORTED, "Roll", 1,
              20);
    map_event(&screen, last[3], WF_EVENT_MAP_ITERATION_ABORTED, "Roll", 3,
              20);
    last[2] = map_event(&screen, last[2], WF_EVENT_MAP_STATE_FAILED, "Roll",
                        0, 20);
    event_after(&screen, last[2], WF_EVENT_MAP_STATE_EXITED, "Roll", 20, NULL,
                NULL);
    event(&screen, WF_EVENT_SUCCEED_STATE_ENTERED, "Fine", 21);
    assert_drawn(&screen, 21, "\033[4A\r\033[J"
        "! Roll          20ms    1/4, 1 failed: caught Lock: held\033[K\n"
        "  ✗ [2] Patch   19ms    Lock: held\033[K\n"
        "⠋ Fine          0ms    \033[K\n");
    screen_deinit(&screen);
}

/* A Map begins again: what its iterations were is over. */
static void test_a_map_again(void **state) {
    struct screen screen;
    uint64_t started, last;

    (void)state;
    screen_init(&screen, true);
    started = begin_map(&screen, 2);
    begin_iteration(&screen, started, 0, 1);
    last = begin_iteration(&screen, started, 1, 1);
    last = event_after(&screen, last, WF_EVENT_TASK_FAILED, NULL, 2, "E", "");
    map_event(&screen, last, WF_EVENT_MAP_ITERATION_FAILED, "Roll", 1, 2);
    started = map_event(&screen, last, WF_EVENT_MAP_STATE_STARTED, "Roll", 2,
                        3);
    begin_iteration(&screen, started, 0, 3);
    assert_drawn(&screen, 4, "\r\033[J"
        "⠋ Roll          4ms     ░░░░░░░░░░ 0/2, 1 running, attempt…\033[K\n"
        "  ◦ [0] Patch   1ms    \033[K\n");
    screen_deinit(&screen);
}

static void test_lines_of_iterations(void **state) {
    struct screen screen;
    uint64_t started, last;

    (void)state;
    screen_init(&screen, false);
    started = begin_map(&screen, 2);
    last = begin_iteration(&screen, started, 0, 1);
    wf_progress_log(screen.progress, WF_STR("Patch"), last - 1, "log",
                    WF_STR("unpacking"), at(2));
    last = end_iteration(&screen, last, 0, 4);
    map_event(&screen, last, WF_EVENT_MAP_STATE_EXITED, "Roll", 0, 5);
    assert_text(&screen,
        "00:00:00.000              ExecutionStarted\n"
        "00:00:00.000 Roll         MapStateStarted                 2 items\n"
        "00:00:00.001 Roll[0]/Patch TaskScheduled                   "
        "lua:patch.apply\n"
        "00:00:00.002 Roll[0]/Patch | unpacking\n"
        "00:00:00.004 Roll[0]/Patch TaskSucceeded          3ms\n"
        "00:00:00.004 Roll[0]       MapIterationSucceeded  3ms      1 of 2\n"
        "00:00:00.005 Roll          MapStateExited         5ms\n");
    screen_deinit(&screen);
}

/* Of a Map with many items: what goes wrong, and each tenth. */
static void test_lines_of_many_iterations(void **state) {
    struct screen screen;
    uint64_t started, last;

    (void)state;
    screen_init(&screen, false);
    started = last = begin_map(&screen, 1000);
    screen.text.len = 0;
    for (uint64_t i = 0; i < 200; i++) {
        last = begin_iteration(&screen, i == 0 ? started : last, i, 1);
        if (i == 77)
            last = event_after(&screen, last, WF_EVENT_TASK_FAILED, NULL, 1,
                               "Lock", "held");
        last = end_iteration(&screen, last, i, 1);
    }
    assert_text(&screen,
        "00:00:00.001 Roll[77]/Patch TaskFailed             0ms      "
        "Lock: held\n"
        "00:00:00.001 Roll           100 of 1000 iterations\n"
        "00:00:00.001 Roll            200 of 1000 iterations\n");
    screen_deinit(&screen);
}

/* A Map of 10,000 items that all run: few lines, and soon drawn. */
static void test_a_large_map(void **state) {
    struct screen screen;
    uint64_t started, last[100] = {0};

    (void)state;
    screen_init(&screen, true);
    screen.lines = 10;
    started = begin_map(&screen, 10000);
    for (uint64_t i = 0; i < 10000; i++) {
        uint64_t id = begin_iteration(&screen, started, i, 1);
        if (i < 100)
            last[i] = id;
    }
    for (uint64_t i = 0; i < 100; i++)
        end_iteration(&screen, last[i], i, 2);
    assert_drawn(&screen, 10, "\r\033[J"
        "⠋ Roll            10ms    ░░░░░░░░░░ 100/10000, 9900 runni…\033[K\n"
        "  ◦ [100] Patch   9ms    \033[K\n"
        "  ◦ [101] Patch   9ms    \033[K\n"
        "  ◦ [102] Patch   9ms    \033[K\n"
        "  ◦ [103] Patch   9ms    \033[K\n"
        "  ◦ [104] Patch   9ms    \033[K\n"
        "  … 9895 more running\033[K\n");
    screen_deinit(&screen);
}

static void test_a_small_terminal(void **state) {
    struct screen screen;
    uint64_t started;

    (void)state;
    screen_init(&screen, true);
    screen.columns = 20;
    screen.lines = 5;
    event(&screen, WF_EVENT_EXECUTION_STARTED, NULL, 0);
    event(&screen, WF_EVENT_PARALLEL_STATE_ENTERED, "All", 0);
    started = event_after(&screen, 0, WF_EVENT_PARALLEL_STATE_STARTED, "All",
                          0, NULL, NULL);
    for (int i = 0; i < 4; i++)
        event_after(&screen, started, WF_EVENT_TASK_STATE_ENTERED,
                    "A long name of a state", 0, NULL, NULL);
    wf_progress_draw(screen.progress, at(0));
    assert_text(&screen, "\r\033[J"
        "  (3 more)\033[K\n"
        "├ ⠋ A lon…  0ms    \033[K\n"
        "└ ⠋ A lon…  0ms    \033[K\n");
    assert_drawn(&screen, 500, "\033[3A\r\033[J"
        "  (3 more)\033[K\n"
        "├ ⠴ A lon…  0.50s  \033[K\n"
        "└ ⠴ A lon…  0.50s  \033[K\n");
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
        cmocka_unit_test(test_iterations),
        cmocka_unit_test(test_a_map_again),
        cmocka_unit_test(test_lines_of_iterations),
        cmocka_unit_test(test_lines_of_many_iterations),
        cmocka_unit_test(test_a_large_map),
        cmocka_unit_test(test_a_small_terminal),
        cmocka_unit_test(test_a_long_loop),
        cmocka_unit_test(test_cleaning),
        cmocka_unit_test(test_durations),
    };

    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
