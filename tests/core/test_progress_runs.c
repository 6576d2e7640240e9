/* Map Runs in the progress: counts that are asked for, children that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "progress_screen.h"

#define MAP_RUN "arn:aws:states:us-east-1:000000000000:mapRun:m/L:1"

static void begin_run(struct screen *screen, int64_t ms) {
    struct wf_history_event started = {
        .event = {.type = WF_EVENT_MAP_RUN_STARTED,
                  .id = screen->next_id,
                  .previous_id = screen->next_id - 1,
                  .time_ms = at(ms),
                  .text = WF_STR(MAP_RUN)},
        .state_name = WF_STR("Roll"),
    };

    screen->next_id++;
    wf_progress_event(screen->progress, &started);
}

static void count(struct screen *screen, uint64_t done, uint64_t failed,
                  uint64_t running, uint64_t total, int64_t ms) {
    const struct wf_progress_map_run counts = {
        .arn = WF_STR(MAP_RUN), .done = done, .failed = failed,
        .running = running, .total = total, .failed_children = failed / 5,
        .is_over = running == 0,
    };

    wf_progress_map_run(screen->progress, &counts, at(ms));
}

static void fail_child(struct screen *screen, const char *name, int64_t ms) {
    const struct wf_progress_child child = {
        .map_run_arn = WF_STR(MAP_RUN), .name = wf_str(name),
        .error = WF_STR("Bad.Row"), .cause = WF_STR("no id"),
        .start_ms = at(ms - 20), .stop_ms = at(ms),
    };

    wf_progress_child_failed(screen->progress, &child);
}

static void assert_wanted(struct screen *screen, const char *arn) {
    struct wf_str wanted = wf_progress_map_run_at(screen->progress, 0);

    assert_true(wf_str_eq(wanted, wf_str(arn)));
}

/* How many items a reader has is known at its end. */
static void test_tree_of_a_map_run(void **state) {
    struct screen screen;

    (void)state;
    screen_init(&screen, true);
    begin_map(&screen, 0);
    begin_run(&screen, 1);
    assert_wanted(&screen, MAP_RUN);
    assert_drawn(&screen, 10, "\r\033[J"
        "⠋ Roll          10ms   \033[K\n");
    fail_child(&screen, "01a207f7-b444-7000-8054-ecb1668514c4", 40);
    count(&screen, 120, 10, 40, 170, 100);
    assert_drawn(&screen, 110, "\033[1A\r\033[J"
        "⠙ Roll            0.11s   120 done, 10 failed, 40 running\033[K\n"
        "  ✗ ecb1668514c4  20ms    Bad.Row: no id\033[K\n"
        "  … 1 more failed\033[K\n");
    event(&screen, WF_EVENT_MAP_RUN_SUCCEEDED, "Roll", 200);
    event(&screen, WF_EVENT_MAP_STATE_SUCCEEDED, "Roll", 200);
    event(&screen, WF_EVENT_MAP_STATE_EXITED, "Roll", 200);
    event(&screen, WF_EVENT_EXECUTION_SUCCEEDED, NULL, 200);
    assert_wanted(&screen, MAP_RUN);
    count(&screen, 390, 10, 0, 400, 200);
    assert_wanted(&screen, NULL);
    wf_progress_finish(screen.progress, at(200));
    assert_text(&screen, "\033[3A\r\033[J"
        "✓ Roll            0.20s   400 items, 10 failed\033[K\n"
        "  ✗ ecb1668514c4  20ms    Bad.Row: no id\033[K\n"
        "  … 1 more failed\033[K\n"
        "✓ ExecutionSucceeded in 0.20s\033[K\n");
    screen_deinit(&screen);
}

/* What is over stays on the screen until its last counts are known. */
static void test_tree_waits_for_counts(void **state) {
    struct screen screen;

    (void)state;
    screen_init(&screen, true);
    begin_map(&screen, 20);
    begin_run(&screen, 0);
    count(&screen, 5, 0, 10, 20, 10);
    event(&screen, WF_EVENT_MAP_RUN_SUCCEEDED, "Roll", 10);
    event(&screen, WF_EVENT_MAP_STATE_EXITED, "Roll", 10);
    event(&screen, WF_EVENT_PASS_STATE_ENTERED, "Next", 10);
    assert_drawn(&screen, 10, "\r\033[J"
        "✓ Roll          10ms    20 items\033[K\n"
        "⠋ Next          0ms    \033[K\n");
    count(&screen, 15, 5, 0, 20, 10);
    assert_drawn(&screen, 11, "\033[2A\r\033[J"
        "✓ Roll          10ms    20 items, 5 failed\033[K\n"
        "  … 1 more failed\033[K\n"
        "⠋ Next          1ms    \033[K\n");
    assert_drawn(&screen, 200, "\033[1A\r\033[J"
        "⠹ Next          0.19s  \033[K\n");
    screen_deinit(&screen);
}

static void test_lines_of_a_map_run(void **state) {
    struct screen screen;

    (void)state;
    screen_init(&screen, false);
    begin_map(&screen, 0);
    begin_run(&screen, 1);
    count(&screen, 10, 0, 40, 50, 1000); /* so soon no line */
    for (int i = 0; i < 20; i++)
        fail_child(&screen, i == 0 ? "one" : "two", 1000);
    assert_false(wf_progress_wants_child(screen.progress));
    screen.text.len = 0;
    count(&screen, 120, 100, 40, 260, 2010);
    count(&screen, 120, 100, 40, 260, 9000); /* nothing new */
    event(&screen, WF_EVENT_MAP_RUN_SUCCEEDED, "Roll", 9200);
    event(&screen, WF_EVENT_MAP_STATE_EXITED, "Roll", 9200);
    assert_text(&screen,
        "00:00:02.010 Roll         120 items done, 100 failed, 40 running\n");
    count(&screen, 300, 100, 0, 400, 9200);
    assert_text(&screen,
        "00:00:09.200 Roll         300 of 400 items, 100 failed\n"
        "00:00:09.200 Roll         MapStateExited         9.20s\n");
    screen_deinit(&screen);
}

static void test_lines_of_failed_children(void **state) {
    struct screen screen;

    (void)state;
    screen_init(&screen, false);
    begin_map(&screen, 7);
    begin_run(&screen, 1);
    fail_child(&screen, "one", 30);
    event(&screen, WF_EVENT_MAP_RUN_FAILED, "Roll", 40);
    assert_text(&screen,
        "00:00:00.000              ExecutionStarted\n"
        "00:00:00.000 Roll         MapStateStarted                 7 items\n"
        "00:00:00.001 Roll         MapRunStarted                   "
        MAP_RUN "\n"
        "00:00:00.030 Roll/one     ExecutionFailed        20ms     "
        "Bad.Row: no id\n");
    wf_progress_finish(screen.progress, at(50)); /* the counts never came */
    assert_text(&screen,
        "00:00:00.040 Roll         MapRunFailed\n");
    screen_deinit(&screen);
}

/* A Map Run that was over when somebody began to look on. */
static void test_a_map_run_of_the_past(void **state) {
    struct screen screen;

    (void)state;
    screen_init(&screen, true);
    wf_progress_mute(screen.progress, true);
    begin_map(&screen, 0);
    begin_run(&screen, 1);
    event(&screen, WF_EVENT_MAP_RUN_SUCCEEDED, "Roll", 5);
    event(&screen, WF_EVENT_MAP_STATE_EXITED, "Roll", 5);
    wf_progress_mute(screen.progress, false);
    assert_wanted(&screen, NULL);
    event(&screen, WF_EVENT_PASS_STATE_ENTERED, "Next", 10);
    assert_drawn(&screen, 10, "\r\033[J"
        "✓ Roll          5ms    \033[K\n"
        "⠋ Next          0ms    \033[K\n");
    screen_deinit(&screen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree_of_a_map_run),
        cmocka_unit_test(test_tree_waits_for_counts),
        cmocka_unit_test(test_lines_of_a_map_run),
        cmocka_unit_test(test_lines_of_failed_children),
        cmocka_unit_test(test_a_map_run_of_the_past),
    };

    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
