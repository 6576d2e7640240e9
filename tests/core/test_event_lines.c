/* test_event_lines.c - histories for people: nesting, retries, durations,
 * what is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "event_lines.h"

/* "id previous milliseconds Type {details}": an event of the API. */
static void add(struct wf_event_lines *lines, struct wf_buf *out, int id,
                int previous, int ms, const char *type, const char *details) {
    struct wf_buf text = {0};
    struct wf_error err;
    struct wf_doc *doc;

    wf_buf_addf(&text, "{\"timestamp\":%d.%03d,\"type\":\"%s\",\"id\":%d,"
                "\"previousEventId\":%d", 1704110400 + ms / 1000, ms % 1000,
                type, id, previous);
    if (details != NULL)
        wf_buf_addf(&text, ",\"someEventDetails\":%s", details);
    wf_buf_adds(&text, "}");
    doc = wf_doc_parse((struct wf_str){text.data, text.len}, NULL, &err);
    if (doc == NULL)
        fail_msg("%s", err.message);
    wf_event_lines_add(lines, (struct wf_value){doc, 0}, out);
    wf_doc_unref(doc);
    wf_buf_free(&text);
}

static void assert_lines(struct wf_buf *out, const char *expected) {
    wf_buf_u8(out, 0);
    assert_string_equal(out->data, expected);
    wf_buf_free(out);
}

static struct wf_event_lines *lines_new(size_t columns) {
    struct wf_event_lines_options options = {.unicode = true,
                                             .columns = columns};

    return wf_event_lines_new(&options);
}

static void a_task_with_a_retry(void **state) {
    struct wf_event_lines *lines = lines_new(0);
    struct wf_buf out = {0};

    (void)state;
    add(lines, &out, 1, 0, 0, "ExecutionStarted", "{\"input\":\"{}\"}");
    add(lines, &out, 2, 0, 1, "TaskStateEntered",
        "{\"name\":\"Check\",\"input\":\"{}\"}");
    add(lines, &out, 3, 2, 2, "TaskScheduled",
        "{\"resourceType\":\"lua\",\"resource\":\"a.b\","
        "\"timeoutInSeconds\":60,\"parameters\":\"{\\\"n\\\":1}\"}");
    add(lines, &out, 4, 3, 10, "TaskStarted",
        "{\"resourceType\":\"lua\",\"resource\":\"a.b\"}");
    add(lines, &out, 5, 4, 86, "TaskFailed",
        "{\"error\":\"Lock\",\"cause\":\"held\\nby x\"}");
    add(lines, &out, 6, 5, 4000, "TaskScheduled", "{\"resource\":\"a.b\"}");
    add(lines, &out, 7, 6, 4500, "TaskSucceeded", "{\"output\":\"[]\"}");
    add(lines, &out, 8, 7, 5001, "TaskStateExited",
        "{\"name\":\"Check\",\"output\":\"[]\"}");
    add(lines, &out, 9, 8, 86400000, "ExecutionSucceeded",
        "{\"output\":\"[]\"}");
    wf_event_lines_free(lines);
    assert_lines(
        &out,
        "2024-01-01       ID  STATE           EVENT\n"
        "12:00:00.000      1                  ExecutionStarted  {}\n"
        "12:00:00.001      2  Check           TaskStateEntered  {}\n"
        "12:00:00.002      3  Check           TaskScheduled  lua:a.b"
        "  timeout 60s  {\"n\":1}\n"
        "12:00:00.010      4  Check           TaskStarted\n"
        "12:00:00.086      5  Check           TaskFailed  76ms"
        "  Lock: held by x\n"
        "12:00:04.000      6  Check           TaskScheduled  retry 1  a.b\n"
        "12:00:04.500      7  Check           TaskSucceeded  0.50s  []\n"
        "12:00:05.001      8  Check           TaskStateExited  5.00s  []\n"
        "2024-01-02\n"
        "12:00:00.000      9                  ExecutionSucceeded  1d00h"
        "  []\n");
}

/* Branches take turns; previousEventId says whose an event is. */
static void branches_are_indented(void **state) {
    struct wf_event_lines *lines = lines_new(0);
    struct wf_buf out = {0};

    (void)state;
    add(lines, &out, 2, 0, 0, "ParallelStateEntered", "{\"name\":\"Both\"}");
    add(lines, &out, 3, 2, 0, "ParallelStateStarted", NULL);
    add(lines, &out, 4, 3, 0, "WaitStateEntered", "{\"name\":\"Left\"}");
    add(lines, &out, 5, 3, 0, "ParallelStateEntered", "{\"name\":\"In\"}");
    add(lines, &out, 6, 5, 0, "ParallelStateStarted", NULL);
    add(lines, &out, 7, 6, 0, "PassStateEntered", "{\"name\":\"Deep\"}");
    add(lines, &out, 8, 7, 0, "PassStateExited", "{\"name\":\"Deep\"}");
    add(lines, &out, 9, 8, 0, "ParallelStateSucceeded", NULL);
    add(lines, &out, 10, 8, 0, "ParallelStateExited", "{\"name\":\"In\"}");
    add(lines, &out, 11, 4, 0, "WaitStateExited", "{\"name\":\"Left\"}");
    add(lines, &out, 12, 11, 0, "ParallelStateSucceeded", NULL);
    add(lines, &out, 13, 11, 9, "ParallelStateExited", "{\"name\":\"Both\"}");
    add(lines, &out, 14, 13, 9, "PassStateEntered", "{\"name\":\"After\"}");
    wf_event_lines_free(lines);
    assert_lines(
        &out,
        "2024-01-01       ID  STATE           EVENT\n"
        "12:00:00.000      2  Both            ParallelStateEntered\n"
        "12:00:00.000      3  Both            ParallelStateStarted\n"
        "12:00:00.000      4  │ Left          WaitStateEntered\n"
        "12:00:00.000      5  │ In            ParallelStateEntered\n"
        "12:00:00.000      6  │ In            ParallelStateStarted\n"
        "12:00:00.000      7  │ │ Deep        PassStateEntered\n"
        "12:00:00.000      8  │ │ Deep        PassStateExited  0ms\n"
        "12:00:00.000      9  │ In            ParallelStateSucceeded  0ms\n"
        "12:00:00.000     10  │ In            ParallelStateExited  0ms\n"
        "12:00:00.000     11  │ Left          WaitStateExited  0ms\n"
        "12:00:00.000     12  Both            ParallelStateSucceeded  0ms\n"
        "12:00:00.009     13  Both            ParallelStateExited  9ms\n"
        "12:00:00.009     14  After           PassStateEntered\n");
}

/* An iteration may begin where another ended (MaxConcurrency): it is none
 * inside that. */
static void iterations_have_numbers(void **state) {
    struct wf_event_lines *lines = lines_new(0);
    struct wf_buf out = {0};

    (void)state;
    add(lines, &out, 2, 0, 0, "MapStateEntered", "{\"name\":\"Each\"}");
    add(lines, &out, 3, 2, 0, "MapStateStarted", "{\"length\":2}");
    add(lines, &out, 4, 3, 0, "MapIterationStarted",
        "{\"name\":\"Each\",\"index\":0}");
    add(lines, &out, 5, 4, 0, "PassStateEntered", "{\"name\":\"Do\"}");
    add(lines, &out, 6, 5, 0, "PassStateExited", "{\"name\":\"Do\"}");
    add(lines, &out, 7, 6, 7, "MapIterationSucceeded",
        "{\"name\":\"Each\",\"index\":0}");
    add(lines, &out, 8, 6, 8, "MapIterationStarted",
        "{\"name\":\"Each\",\"index\":1}");
    add(lines, &out, 9, 8, 8, "FailStateEntered", "{\"name\":\"No\"}");
    add(lines, &out, 10, 9, 10, "MapIterationFailed",
        "{\"name\":\"Each\",\"index\":1}");
    add(lines, &out, 11, 10, 10, "MapStateFailed",
        "{\"error\":\"E\",\"cause\":\"c\"}");
    add(lines, &out, 12, 11, 20, "MapStateStarted", "{\"length\":2}");
    wf_event_lines_free(lines);
    assert_lines(
        &out,
        "2024-01-01       ID  STATE           EVENT\n"
        "12:00:00.000      2  Each            MapStateEntered\n"
        "12:00:00.000      3  Each            MapStateStarted  2 items\n"
        "12:00:00.000      4  │ [0] Each      MapIterationStarted\n"
        "12:00:00.000      5  │ [0] Do        PassStateEntered\n"
        "12:00:00.000      6  │ [0] Do        PassStateExited  0ms\n"
        "12:00:00.007      7  │ [0] Each      MapIterationSucceeded  7ms\n"
        "12:00:00.008      8  │ [1] Each      MapIterationStarted\n"
        "12:00:00.008      9  │ [1] No        FailStateEntered\n"
        "12:00:00.010     10  │ [1] Each      MapIterationFailed  2ms\n"
        "12:00:00.010     11  Each            MapStateFailed  10ms  E: c\n"
        "12:00:00.020     12  Each            MapStateStarted  retry 1"
        "  2 items\n");
}

static void lines_are_cut(void **state) {
    struct wf_event_lines *lines = lines_new(60);
    struct wf_buf out = {0};
    struct wf_str line;

    (void)state;
    add(lines, &out, 1, 0, 0, "ExecutionStarted",
        "{\"input\":\"{\\\"a\\\":\\\"0123456789012345678901234567890\\\"}\"}");
    wf_event_lines_free(lines);
    line = (struct wf_str){strchr(out.data, '\n') + 1, 0};
    line.len = out.len - (size_t)(line.data - out.data);
    assert_int_equal(line.len, 60 + 1 + strlen("…") - 1);
    wf_buf_free(&out);
}

/* Nothing that a history holds reaches the terminal as a command. */
static void escapes_are_taken_out(void **state) {
    struct wf_event_lines *lines = lines_new(0);
    struct wf_buf out = {0};

    (void)state;
    add(lines, &out, 1, 0, 0, "ExecutionStarted",
        "{\"input\":\"\\u001b[31mred\\u001b]0;title\\u0007\\r\\n\"}");
    add(lines, &out, 2, 0, 0, "PassStateEntered",
        "{\"name\":\"\\u001b[2J\\u202edne\"}");
    wf_event_lines_free(lines);
    assert_null(memchr(out.data, '\033', out.len));
    assert_null(memmem(out.data, out.len, "\u202e", strlen("\u202e")));
    wf_buf_free(&out);
}

/* A server that makes no sense is shown as it is. */
static void odd_ids_do_no_harm(void **state) {
    struct wf_event_lines *lines = lines_new(0);
    struct wf_buf out = {0};

    (void)state;
    add(lines, &out, 2000000000, 1999999999, 0, "PassStateEntered",
        "{\"name\":\"A\"}");
    add(lines, &out, 1, 1, 0, "MapIterationStarted", NULL);
    add(lines, &out, 1, 7, 0, "PassStateExited", "[]");
    add(lines, &out, -5, -1, 0, "", "{\"name\":7,\"index\":-1}");
    wf_event_lines_free(lines);
    assert_non_null(memmem(out.data, out.len, "2000000000", 10));
    wf_buf_free(&out);
}

static void backwards_there_is_no_nesting(void **state) {
    struct wf_event_lines_options options = {.is_flat = true,
                                             .color = true};
    struct wf_event_lines *lines = wf_event_lines_new(&options);
    struct wf_buf out = {0};

    (void)state;
    add(lines, &out, 9, 8, 0, "PassStateExited", "{\"name\":\"A\"}");
    wf_event_lines_free(lines);
    wf_buf_u8(&out, 0);
    assert_non_null(strstr(out.data, "\033[1mA\033[0m"));
    assert_null(strstr(out.data, "ms"));
    wf_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_with_a_retry),
        cmocka_unit_test(branches_are_indented),
        cmocka_unit_test(iterations_have_numbers),
        cmocka_unit_test(lines_are_cut),
        cmocka_unit_test(escapes_are_taken_out),
        cmocka_unit_test(odd_ids_do_no_harm),
        cmocka_unit_test(backwards_there_is_no_nesting),
    };

    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
