/* test_audit.c - the audit log: what is written, in which order, what a
 * crash, a full disk and a meddler leave of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "file.h"

enum { CALLS = 2000 };

struct log {
    struct ev_loop *loop;
    struct wf_audit *audit;
    char directory[64], path[80];
    unsigned done, noticed;
    unsigned order[CALLS];
};

static void on_notice(void *arg, const char *text) {
    struct log *log = arg;
    (void)text;
    log->noticed++;
}

static int set_up(void **state) {
    struct log *log = wf_calloc(1, sizeof(*log));
    strcpy(log->directory, "/tmp/moonstep-audit-XXXXXX");
    assert_non_null(mkdtemp(log->directory));
    snprintf(log->path, sizeof(log->path), "%s/log", log->directory);
    log->loop = ev_loop_new(EVFLAG_AUTO);
    *state = log;
    return 0;
}

static int tear_down(void **state) {
    struct log *log = *state;
    wf_audit_close(log->audit);
    ev_loop_destroy(log->loop);
    assert_int_equal(wf_file_remove_tree(log->directory, NULL, NULL), 0);
    free(log);
    return 0;
}

static void reopen(struct log *log) {
    struct wf_error err = {0};
    wf_audit_close(log->audit);
    if (wf_audit_open(log->loop, log->path, on_notice, log, &log->audit,
                      &err) != 0)
        fail_msg("%s", err.message);
}

static void assert_no_opening(struct log *log, enum wf_error_code code,
                              const char *words) {
    struct wf_audit *other;
    struct wf_error err = {0};
    assert_int_equal(wf_audit_open(log->loop, log->path, on_notice, log,
                                   &other, &err),
                     -1);
    assert_int_equal(err.code, code);
    if (!strstr(err.message, words))
        fail_msg("%s", err.message);
}

struct call {
    struct log *log;
    unsigned number;
};
static struct call calls[CALLS];

static void on_logged(void *arg) {
    struct call *call = arg;
    call->log->order[call->log->done++] = call->number;
}

static void add(struct log *log, unsigned number) {
    struct wf_audit_record record = {
        .time_ms = 1700000000000 + number,
        .key = number % 2 ? "ops" : NULL,
        .has_uid = true,
        .uid = 1000,
        .operation = "StopExecution",
        .resource = WF_STR("arn:\"\n\xff"),
        .outcome = "OK",
        .request_id = "00000000-0000-4000-8000-000000000000",
    };
    calls[number] = (struct call){log, number};
    wf_audit_add(log->audit, &record, on_logged, &calls[number]);
}

static void turn_until(struct log *log, unsigned done) {
    while (log->done < done)
        ev_run(log->loop, EVRUN_ONCE);
    assert_int_equal(log->done, done);
}

static struct wf_audit_verdict verdict_of(struct log *log) {
    struct wf_audit_verdict verdict;
    struct wf_error err = {0};
    if (wf_audit_verify(log->path, &verdict, &err) != 0)
        fail_msg("%s", err.message);
    return verdict;
}

static void read_log(struct log *log, struct wf_buf *text) {
    assert_int_equal(wf_file_read(log->path, 1 << 24, text, NULL), 0);
}

static void write_log(struct log *log, const char *data, size_t len) {
    struct wf_file_mode mode = {.mode = 0600};
    assert_int_equal(wf_file_write(log->path, (struct wf_str){data, len}, mode,
                                   NULL),
                     0);
}

/* ---- writing ---- */

static void calls_back_in_order_when_lines_are_there(void **state) {
    struct log *log = *state;
    struct stat info;
    reopen(log);
    assert_int_equal(verdict_of(log).lines, 0);
    for (unsigned i = 0; i < CALLS; i++)
        add(log, i);
    assert_int_equal(log->done, 0);
    turn_until(log, CALLS);
    for (unsigned i = 0; i < CALLS; i++)
        assert_int_equal(log->order[i], i);
    assert_int_equal(verdict_of(log).lines, CALLS);
    assert_null(verdict_of(log).problem);
    assert_int_equal(stat(log->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void says_what_was_done(void **state) {
    struct log *log = *state;
    struct wf_buf text = {0};
    reopen(log);
    add(log, 0);
    add(log, 1);
    turn_until(log, 2);
    read_log(log, &text);
    wf_buf_u8(&text, '\0');
    const char *second = strchr(text.data, '\n') + 1;
    assert_ptr_equal(strstr(text.data,
                            "{\"time\":\"2023-11-14T22:13:20.000Z\",\"uid\":"
                            "1000,\"operation\":\"StopExecution\",\"resource\""
                            ":\"arn:\\\"\\n"),
                     text.data);
    assert_non_null(strstr(second, "\"key\":\"ops\",\"operation\""));
    assert_non_null(strstr(second, "\"outcome\":\"OK\",\"requestId\":"
                                   "\"00000000-0000-4000-8000-000000000000\""));
    wf_buf_free(&text);
}

static void goes_on_where_it_was(void **state) {
    struct log *log = *state;
    reopen(log);
    add(log, 0);
    reopen(log); /* closing writes what is left, and calls back */
    assert_int_equal(log->done, 1);
    add(log, 1);
    turn_until(log, 2);
    reopen(log);
    assert_int_equal(verdict_of(log).lines, 2);
    assert_null(verdict_of(log).problem);
    assert_int_equal(log->noticed, 0);
}

/* RLIMIT_FSIZE stands for a full disk. */
static void keeps_calls_waiting_while_it_cannot_write(void **state) {
    struct log *log = *state;
    struct rlimit before, small;
    reopen(log);
    add(log, 0);
    turn_until(log, 1);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 500; /* half a line more */
    setrlimit(RLIMIT_FSIZE, &small);
    add(log, 1);
    while (!wf_audit_problem(log->audit))
        ev_run(log->loop, EVRUN_ONCE);
    add(log, 2);
    assert_non_null(strstr(wf_audit_problem(log->audit), "File too large"));
    assert_int_equal(log->done, 1);
    assert_int_equal(log->noticed, 1);
    assert_int_equal(verdict_of(log).lines, 1); /* no half line is left */
    assert_null(verdict_of(log).problem);
    setrlimit(RLIMIT_FSIZE, &before);
    turn_until(log, 3);
    assert_null(wf_audit_problem(log->audit));
    assert_int_equal(log->noticed, 2);
    assert_int_equal(verdict_of(log).lines, 3);
    assert_null(verdict_of(log).problem);
}

/* ---- opening ---- */

static void cuts_off_what_a_crash_left(void **state) {
    struct log *log = *state;
    struct wf_buf text = {0};
    reopen(log);
    add(log, 0);
    add(log, 1);
    turn_until(log, 2);
    wf_audit_close(log->audit);
    log->audit = NULL;
    read_log(log, &text);
    size_t first = (size_t)((char *)memchr(text.data, '\n', text.len) -
                            text.data) + 1;
    for (size_t len = 0; len <= text.len; len += 7) {
        unsigned lines = len >= first;
        log->noticed = 0;
        write_log(log, text.data, len);
        reopen(log);
        assert_int_equal(verdict_of(log).lines, lines);
        assert_null(verdict_of(log).problem);
        assert_int_equal(log->noticed, len != 0 && len != first);
        wf_audit_close(log->audit);
        log->audit = NULL;
    }
    wf_buf_free(&text);
}

static void belongs_to_one_process(void **state) {
    struct log *log = *state;
    reopen(log);
    assert_no_opening(log, WF_E_BUSY, "another process");
}

static void refuses_what_is_no_log_of_its_own(void **state) {
    struct log *log = *state;
    write_log(log, "{\"a\":1}\n", 8);
    assert_no_opening(log, WF_E_INVALID, "no line of an audit log");
    write_log(log, "", 0);
    assert_int_equal(chmod(log->path, 0620), 0);
    assert_no_opening(log, WF_E_INVALID, "written by others");
    unlink(log->path);
    assert_int_equal(mkdir(log->path, 0700), 0);
    assert_no_opening(log, WF_E_IO, "Is a directory");
    strcat(log->path, "/none/log");
    assert_no_opening(log, WF_E_IO, "No such file");
}

/* ---- meddling ---- */

static void assert_line_is_wrong(struct log *log, uint64_t number,
                                 const char *words) {
    struct wf_audit_verdict verdict = verdict_of(log);
    if (!verdict.problem || !strstr(verdict.problem, words) ||
        verdict.lines + 1 != number)
        fail_msg("line %u: %s", (unsigned)verdict.lines + 1,
                 verdict.problem ? verdict.problem : "nothing");
}

static void names_the_first_line_that_does_not_fit(void **state) {
    struct log *log = *state;
    struct wf_buf text = {0}, other = {0};
    reopen(log);
    for (unsigned i = 0; i < 6; i += 2) /* all of one length */
        add(log, i);
    turn_until(log, 3);
    wf_audit_close(log->audit);
    log->audit = NULL;
    read_log(log, &text);
    size_t line = text.len / 3;
    for (size_t i = 0; i < text.len; i++) { /* any bit of any byte */
        text.data[i] ^= 1;
        write_log(log, text.data, text.len);
        if (!verdict_of(log).problem || verdict_of(log).lines > i / line)
            fail_msg("byte %zu", i);
        text.data[i] ^= 1;
    }
    wf_buf_add(&other, text.data, line); /* the second taken out */
    wf_buf_add(&other, text.data + 2 * line, line);
    write_log(log, other.data, other.len);
    assert_line_is_wrong(log, 2, "taken out");
    write_log(log, text.data + line, 2 * line); /* the first */
    assert_line_is_wrong(log, 1, "taken out");
    other.len = 0; /* exchanged */
    wf_buf_add(&other, text.data, line);
    wf_buf_add(&other, text.data + 2 * line, line);
    wf_buf_add(&other, text.data + line, line);
    write_log(log, other.data, other.len);
    assert_line_is_wrong(log, 2, "exchanged");
    other.len = 0; /* twice */
    wf_buf_add(&other, text.data, line);
    wf_buf_add(&other, text.data, text.len);
    write_log(log, other.data, other.len);
    assert_line_is_wrong(log, 2, "put in");
    write_log(log, text.data, text.len - 1);
    assert_line_is_wrong(log, 3, "no end");
    write_log(log, text.data, 2 * line); /* this, its last hash shows */
    assert_null(verdict_of(log).problem);
    wf_buf_free(&text);
    wf_buf_free(&other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(calls_back_in_order_when_lines_are_there),
        TEST(says_what_was_done),
        TEST(goes_on_where_it_was),
        TEST(keeps_calls_waiting_while_it_cannot_write),
        TEST(cuts_off_what_a_crash_left),
        TEST(belongs_to_one_process),
        TEST(refuses_what_is_no_log_of_its_own),
        TEST(names_the_first_line_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
