/* Tests of the writer of results: what the files say, and that a writer that
 * resumes leaves what one without a crash leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "item_files.h"
#include "item_writer_async.h"

#define ARN "arn:aws:states:us-east-1:123456789012:mapRun:m/Map:run-1"

static struct item_files files;

static int make_files(void **state) {
    (void)state;
    item_files_make(&files);
    return 0;
}

static int remove_files(void **state) {
    (void)state;
    item_files_remove(&files);
    return 0;
}

static struct wf_item_writer_options
options_of(enum wf_result_transformation transformation, bool jsonl) {
    return (struct wf_item_writer_options){.stores = &files.stores,
                                           .bucket = WF_STR("b"),
                                           .prefix = WF_STR("jobs/x"),
                                           .map_run = WF_STR(ARN),
                                           .transformation = transformation,
                                           .jsonl = jsonl};
}

static struct wf_item_writer *
open_at(const struct wf_item_writer_options *options,
        const struct wf_buf *position) {
    struct wf_error err = {0};
    struct wf_item_writer *writer = wf_item_writer_open(
        options, (struct wf_str){position->data, position->len}, &err);

    if (!writer)
        fail_msg("%s", err.message);
    return writer;
}

static void add(struct wf_item_writer *writer, enum wf_result_kind kind,
                const char *output) {
    struct wf_item_result result = {
        .name = WF_STR("n"),
        .status = kind == WF_RESULT_SUCCEEDED ? WF_STR("SUCCEEDED")
                                              : WF_STR("FAILED"),
        .output = wf_str(output)};

    assert_int_equal(wf_item_writer_add(writer, kind, &result, NULL), 0);
}

static void finish(struct wf_item_writer *writer) {
    struct wf_buf key = {0};
    struct wf_error err = {0};

    if (wf_item_writer_finish(writer, &key, &err) != 0)
        fail_msg("%s", err.message);
    assert_true(wf_str_eq((struct wf_str){key.data, key.len},
                          WF_STR("jobs/x/run-1/manifest.json")));
    wf_buf_free(&key);
    wf_item_writer_free(writer);
}

static void expect_file(const char *name, const char *expected) {
    char path[200];

    snprintf(path, sizeof(path), "b/jobs/x/run-1/%s", name);
    char *text = item_files_get(&files, path);
    if (!expected) {
        assert_null(text);
        return;
    }
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static unsigned count_files(void) {
    char path[200];
    unsigned count = 0;

    snprintf(path, sizeof(path), "%s/b/jobs/x/run-1", files.root);
    DIR *dir = opendir(path);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 &&
                 strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static void descriptions(void **state) {
    (void)state;
    struct wf_buf out = {0};
    struct wf_item_result done = {
        .execution_arn = WF_STR("arn:e"),
        .state_machine_arn = WF_STR("arn:m"),
        .name = WF_STR("n"),
        .status = WF_STR("SUCCEEDED"),
        .input = WF_STR("{\"a\":1}"),
        .output = WF_STR("[]"),
        .start_ms = 1738633790099,
        .stop_ms = 1738633790163,
        .redrive_status = WF_STR("NOT_REDRIVABLE"),
        .redrive_reason = WF_STR("Execution is SUCCEEDED and cannot be "
                                 "redriven")};
    wf_item_result_json(&done, &out);
    wf_buf_u8(&out, '\0');
    assert_string_equal(
        out.data,
        "{\"ExecutionArn\":\"arn:e\",\"Input\":\"{\\\"a\\\":1}\","
        "\"InputDetails\":{\"Included\":true},\"Name\":\"n\",\"Output\":"
        "\"[]\",\"OutputDetails\":{\"Included\":true},\"RedriveCount\":0,"
        "\"RedriveStatus\":\"NOT_REDRIVABLE\",\"RedriveStatusReason\":"
        "\"Execution is SUCCEEDED and cannot be redriven\",\"StartDate\":"
        "\"2025-02-04T01:49:50.099Z\",\"StateMachineArn\":\"arn:m\","
        "\"Status\":\"SUCCEEDED\",\"StopDate\":\"2025-02-04T01:49:50.163Z\"}");
    out.len = 0;
    struct wf_item_result pending = {.input = WF_STR("1"),
                                     .status = WF_STR("PENDING")};
    wf_item_result_json(&pending, &out);
    wf_buf_u8(&out, '\0');
    assert_string_equal(out.data,
                        "{\"Input\":\"1\",\"InputDetails\":{\"Included\":"
                        "true},\"Status\":\"PENDING\"}");
    wf_buf_free(&out);
}

static void transformations(void **state) {
    (void)state;
    static const struct {
        enum wf_result_transformation transformation;
        bool jsonl;
        const char *succeeded;
    } cases[] = {
        {WF_RESULT_COMPACT, false, "[[1, {\"a\": [2]}],\"x\",[]]"},
        {WF_RESULT_COMPACT, true, "[1,{\"a\":[2]}]\n\"x\"\n[]\n"},
        {WF_RESULT_FLATTEN, false, "[1,{\"a\": [2]},\"x\"]"},
        {WF_RESULT_FLATTEN, true, "1\n{\"a\":[2]}\n\"x\"\n"},
    };
    for (size_t i = 0; i < 4; i++) {
        struct wf_item_writer_options options =
            options_of(cases[i].transformation, cases[i].jsonl);
        struct wf_buf start = {0};
        struct wf_item_writer *writer = open_at(&options, &start);
        add(writer, WF_RESULT_SUCCEEDED, "[1, {\"a\": [2]}]");
        add(writer, WF_RESULT_FAILED, NULL);
        add(writer, WF_RESULT_SUCCEEDED, "\"x\"");
        add(writer, WF_RESULT_SUCCEEDED, "[]");
        finish(writer);
        expect_file(cases[i].jsonl ? "SUCCEEDED_0.jsonl" : "SUCCEEDED_0.json",
                    cases[i].succeeded);
        expect_file(cases[i].jsonl ? "FAILED_0.jsonl" : "FAILED_0.json",
                    cases[i].jsonl
                        ? "{\"Name\":\"n\",\"Status\":\"FAILED\"}\n"
                        : "[{\"Name\":\"n\",\"Status\":\"FAILED\"}]");
    }
}

static void manifests(void **state) {
    (void)state;
    struct wf_item_writer_options options =
        options_of(WF_RESULT_COMPACT, false);
    struct wf_buf start = {0};
    struct wf_item_writer *writer = open_at(&options, &start);

    options.sync = true;
    add(writer, WF_RESULT_SUCCEEDED, "1");
    add(writer, WF_RESULT_SUCCEEDED, "2");
    expect_file("SUCCEEDED_0.json", NULL); /* not before it is whole */
    finish(writer);
    expect_file("SUCCEEDED_0.json", "[1,2]");
    expect_file("FAILED_0.json", NULL);
    expect_file("manifest.json",
                "{\"DestinationBucket\":\"b\",\"MapRunArn\":\"" ARN "\","
                "\"ResultFiles\":{\"FAILED\":[],\"PENDING\":[],"
                "\"SUCCEEDED\":[{\"Key\":\"jobs/x/run-1/SUCCEEDED_0.json\","
                "\"Size\":5}]}}");
    assert_int_equal(count_files(), 2);
}

static void expect_ten(void) {
    expect_file("SUCCEEDED_0.json", "[0,1,2,3]");
    expect_file("SUCCEEDED_1.json", "[4,5,6,7]");
    expect_file("SUCCEEDED_2.json", "[8,9]");
    expect_file("SUCCEEDED_3.json", NULL);
    assert_int_equal(count_files(), 4);
}

/* A crash after each number of results, with a position before it that is
 * `behind` results old; a crash after the end as well. */
static void resumes(void **state) {
    (void)state;
    struct wf_item_writer_options options =
        options_of(WF_RESULT_COMPACT, false);
    char text[] = "0";

    options.max_file_bytes = 10;
    for (int crash = 0; crash <= 11; crash++) {
        for (int behind = 0; behind <= crash && behind <= 10; behind++) {
            struct wf_buf position = {0}, unused = {0};
            int kept = crash > 10 ? 10 - behind : crash - behind;
            struct wf_item_writer *writer = open_at(&options, &position);
            for (int i = 0; i < (crash < 10 ? crash : 10); i++) {
                if (i == kept)
                    wf_item_writer_flush(writer, &position, NULL);
                text[0] = (char)('0' + i);
                add(writer, WF_RESULT_SUCCEEDED, text);
                wf_item_writer_flush(writer, &unused, NULL);
            }
            if (position.len == 0)
                wf_item_writer_flush(writer, &position, NULL);
            if (crash == 11)
                finish(writer);
            else
                wf_item_writer_free(writer);
            writer = open_at(&options, &position);
            for (int i = kept; i < 10; i++) {
                text[0] = (char)('0' + i);
                add(writer, WF_RESULT_SUCCEEDED, text);
            }
            finish(writer);
            expect_ten();
            wf_buf_free(&position);
            wf_buf_free(&unused);
        }
    }
}

static void gives_up(void **state) {
    (void)state;
    struct wf_item_writer_options options =
        options_of(WF_RESULT_NONE, false);
    struct wf_buf position = {0};
    struct wf_item_writer *writer = open_at(&options, &position);

    add(writer, WF_RESULT_SUCCEEDED, "1");
    wf_item_writer_flush(writer, &position, NULL);
    assert_int_equal(count_files(), 1);
    wf_item_writer_drop(writer);
    assert_int_equal(count_files(), 0);
    wf_item_writer_free(writer);

    /* What a position needs is no longer there. */
    struct wf_error err = {0};
    assert_null(wf_item_writer_open(
        &options, (struct wf_str){position.data, position.len}, &err));
    assert_non_null(strstr(err.message, "resume b/jobs/x/run-1/SUCCEEDED_0"));
    assert_null(wf_item_writer_open(&options, WF_STR("junk"), &err));
    wf_buf_free(&position);
}

static void prefixes_stay_below(void **state) {
    (void)state;
    struct wf_item_writer_options options =
        options_of(WF_RESULT_NONE, false);
    char path[200];
    struct wf_error err = {0};
    static const char *const bad[] = {"..", "/etc", "a//b", "a/../..", "."};

    for (size_t i = 0; i < 5; i++) {
        options.prefix = wf_str(bad[i]);
        assert_null(wf_item_writer_open(&options, WF_STR(""), &err));
        assert_string_equal(err.message, "the prefix is not a path");
    }
    snprintf(path, sizeof(path), "%s/b/out", files.root);
    assert_int_equal(symlink("/tmp", path), 0);
    options.prefix = WF_STR("out");
    assert_null(wf_item_writer_open(&options, WF_STR(""), &err));
    options.prefix = WF_STR("x");
    options.bucket = WF_STR("none");
    assert_null(wf_item_writer_open(&options, WF_STR(""), &err));
    assert_non_null(strstr(err.message, "open bucket none"));
}

/* ---- on the loop ---- */

struct written {
    struct wf_buf text;
    struct wf_error err;
    int calls;
};

static void on_written(void *arg, struct wf_str text,
                       const struct wf_error *err) {
    struct written *written = arg;

    written->calls++;
    written->text.len = 0;
    wf_buf_addstr(&written->text, text);
    if (err)
        written->err = *err;
}

static void results_from_the_loop(void **state) {
    (void)state;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct wf_offload *offload = wf_offload_new(loop, 2);
    struct wf_item_writer_options options =
        options_of(WF_RESULT_COMPACT, false);
    struct wf_item_result one = {.output = WF_STR("1")};
    struct wf_item_result two = {.output = WF_STR("2")};
    struct wf_item_result bad = {.error = WF_STR("E"), .cause = WF_STR("")};
    struct written written = {0};
    struct wf_item_writer_async *async =
        wf_item_writer_async_new(offload, &options, WF_STR(""));

    wf_item_writer_async_add(async, WF_RESULT_SUCCEEDED, &one);
    wf_item_writer_async_add(async, WF_RESULT_FAILED, &bad);
    assert_true(wf_item_writer_async_pending(async) > 0);
    wf_item_writer_async_flush(async, on_written, &written);
    wf_item_writer_async_add(async, WF_RESULT_SUCCEEDED, &two);
    assert_true(wf_item_writer_async_busy(async));
    ev_run(loop, 0);
    assert_int_equal(written.calls, 1);
    wf_item_writer_async_free(async); /* two has not been written */

    async = wf_item_writer_async_new(
        offload, &options,
        (struct wf_str){written.text.data, written.text.len});
    wf_item_writer_async_add(async, WF_RESULT_SUCCEEDED, &two);
    wf_item_writer_async_finish(async, on_written, &written);
    ev_run(loop, 0);
    assert_int_equal(written.calls, 2);
    assert_int_equal(written.err.code, WF_OK);
    assert_true(wf_str_eq((struct wf_str){written.text.data,
                                          written.text.len},
                          WF_STR("jobs/x/run-1/manifest.json")));
    expect_file("SUCCEEDED_0.json", "[1,2]");
    expect_file("FAILED_0.json", "[{\"Cause\":\"\",\"Error\":\"E\"}]");
    wf_item_writer_async_free(async);

    options.bucket = WF_STR("none");
    async = wf_item_writer_async_new(offload, &options, WF_STR(""));
    wf_item_writer_async_finish(async, on_written, &written);
    ev_run(loop, 0);
    assert_int_equal(written.err.code, WF_E_NOT_FOUND);
    wf_item_writer_async_flush(async, on_written, &written);
    wf_item_writer_async_free(async); /* no callback */
    ev_run(loop, 0);
    assert_int_equal(written.calls, 3);
    wf_buf_free(&written.text);
    wf_offload_free(offload);
    ev_loop_destroy(loop);
}

#define CASE(function)                                                        \
    cmocka_unit_test_setup_teardown(function, make_files, remove_files)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptions), CASE(transformations),
        CASE(manifests),                CASE(resumes),
        CASE(gives_up),                 CASE(prefixes_stay_below),
        CASE(results_from_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
