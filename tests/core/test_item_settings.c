/* Tests of the settings of a distributed Map: which reader or writer they
 * give, where it looks, and what is said of settings that are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "item_files.h"
#include "item_settings.h"

#define ARN "arn:aws:states:us-east-1:123456789012:mapRun:m/Map:run-1"

/* Two roots: buckets and files are looked for in the first one first. */
static struct item_files files, others;
static struct wf_item_stores stores;
static const char *roots[3];
static struct ev_loop *loop;
static struct wf_offload *offload;

static int make_files(void **state) {
    (void)state;
    item_files_make(&files);
    item_files_make(&others);
    roots[0] = files.root;
    roots[1] = others.root;
    stores = (struct wf_item_stores){.roots = roots};
    loop = ev_loop_new(EVFLAG_AUTO);
    offload = wf_offload_new(loop, 2);
    return 0;
}

static int remove_files(void **state) {
    (void)state;
    wf_offload_free(offload);
    ev_loop_destroy(loop);
    item_files_remove(&files);
    item_files_remove(&others);
    return 0;
}

static struct wf_value value_of(const char *json) {
    return (struct wf_value){wf_doc_trusted(wf_str(json)), 0};
}

/* ---- readers ---- */

struct result {
    char text[2048];
};

static void on_batch(void *arg, struct wf_item_batch *batch,
                     const struct wf_error *err) {
    struct result *result = arg;
    struct wf_buf out = {0};

    item_files_add(batch, &out);
    snprintf(result->text, sizeof(result->text), "%.*s%s", (int)out.len,
             out.len ? out.data : "", err ? err->message : "");
    wf_buf_free(&out);
}

/* The items, a line each, and the error behind them. */
static struct result read_items(const char *json) {
    struct wf_value value = value_of(json);
    struct wf_error err = {0};
    struct result result = {0};
    struct wf_item_reader_async *reader = wf_item_settings_reader(
        offload, &stores, value, WF_STR(""), &err);

    wf_doc_unref(value.doc); /* nothing of it is kept */
    if (!reader) {
        snprintf(result.text, sizeof(result.text), "%.2000s", err.message);
        return result;
    }
    wf_item_reader_async_next(reader, 100, 1 << 20, on_batch, &result);
    ev_run(loop, 0);
    wf_item_reader_async_free(reader);
    return result;
}

#define expect(json, text_) assert_string_equal(read_items(json).text, text_)
#define expect_part(json, part) assert_non_null(strstr(read_items(json).text, \
                                                       part))

#define OBJECT(key)                                                           \
    "{\"resource\":\"arn:aws:states:::s3:getObject\",\"parameters\":"         \
    "{\"Bucket\":\"b\",\"Key\":\"" key "\"}"

static void objects(void **state) {
    (void)state;
    item_files_put(&files, "b/a.csv", "x;y\n1;2\n3;4\n");
    item_files_put(&files, "b/a.json", "{\"k\":[1,2,3]}");
    item_files_put(&files, "b/a.jsonl", "[1]\n2\n");
    item_files_put(&files, "b/data", "1\n2\n");
    expect(OBJECT("a.csv") ",\"inputType\":\"CSV\",\"delimiter\":\";\"}",
           "{\"x\":\"1\",\"y\":\"2\"}\n{\"x\":\"3\",\"y\":\"4\"}\n");
    expect(OBJECT("a.csv") ",\"delimiter\":\"SEMICOLON\",\"maxItems\":1}",
           "{\"x\":\"1\",\"y\":\"2\"}\n");
    expect(OBJECT("a.csv") ",\"inputType\":\"CSV\",\"headerLocation\":"
                           "\"GIVEN\",\"headers\":[\"q\\u0041\"],"
                           "\"maxItems\":2}",
           "{\"qA\":\"x;y\"}\n{\"qA\":\"1;2\"}\n");
    expect(OBJECT("a.json") ",\"inputType\":\"JSON\",\"itemsPointer\":"
                            "\"/k\",\"headers\":null}",
           "1\n2\n3\n");
    expect(OBJECT("a.jsonl") "}", "[1]\n2\n");
    expect(OBJECT("data") ",\"inputType\":\"JSONL\"}", "1\n2\n");
    expect(OBJECT("none") "}",
           "open b/none: No such file or directory");
}

static void listings(void **state) {
    (void)state;
    item_files_put(&files, "b/p/1.json", "[1,2]");
    item_files_put(&files, "b/p/2.json", "[3]");
    item_files_put(&files, "b/q.json", "[4]");
#define LIST                                                                  \
    "{\"resource\":\"s3:listObjectsV2\",\"parameters\":{\"Bucket\":\"b\","    \
    "\"Prefix\":\"p/\",\"StartAfter\":\"p/1.json\"}"
    expect_part(LIST "}", "\"Key\":\"p/2.json\"");
    assert_null(strstr(read_items(LIST "}").text, "1.json"));
    expect(LIST ",\"transformation\":\"LOAD_AND_FLATTEN\",\"inputType\":"
                "\"JSON\"}",
           "3\n");
}

static void plain_files(void **state) {
    (void)state;
    item_files_put(&files, "one.csv", "h\nfirst\n");
    item_files_put(&others, "one.csv", "h\nsecond\n");
    item_files_put(&others, "d/two.jsonl.gz", "2\n");
    expect("{\"resource\":\"file:read\",\"parameters\":{\"Path\":"
           "\"one.csv\"}}",
           "{\"h\":\"first\"}\n");
    expect("{\"resource\":\"file:read\",\"parameters\":{\"Path\":"
           "\"d/two.jsonl.gz\"}}",
           "2\n");
    expect("{\"resource\":\"file:read\",\"parameters\":{\"Path\":"
           "\"../etc/passwd\"}}",
           "Path must lead from a directory of --files to what is below it: "
           "../etc/passwd");
    static const char *const same[] = {"d", "d/", "./d", ".//d//./"};
    for (size_t i = 0; i < 4; i++) {
        char json[200];
        snprintf(json, sizeof(json), "{\"resource\":\"file:list\","
                 "\"parameters\":{\"Path\":\"%s\"}}", same[i]);
        expect_part(json, "\"Key\":\"d/two.jsonl.gz\"");
    }
    expect("{\"resource\":\"file:list\",\"parameters\":{\"Path\":"
           "\"none\"}}",
           "open none/: No such file or directory");
    expect("{\"resource\":\"file:list\",\"parameters\":{\"Path\":"
           "\"d/../..\"}}",
           "Path must lead from a directory of --files to what is below it: "
           "d/../..");
    expect_part("{\"resource\":\"file:list\",\"parameters\":{\"Path\":"
                "\".\"}}",
                "\"Key\":\"one.csv\"");
}

static void the_first_root_with_the_bucket(void **state) {
    (void)state;
    item_files_put(&others, "only/x.json", "[7]");
    item_files_put(&others, "b/x.json", "[8]");
    expect("{\"resource\":\"s3:getObject\",\"parameters\":{\"Bucket\":"
           "\"only\",\"Key\":\"x.json\"}}",
           "7\n");
    expect(OBJECT("x.json") "}", "open b/x.json: No such file or directory");
    expect("{\"resource\":\"s3:getObject\",\"parameters\":{\"Bucket\":"
           "\"none\",\"Key\":\"x.json\"}}",
           "open bucket none: No such file or directory");
}

static void wrong_settings(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"{\"resource\":\"arn:aws:states:::dynamodb:scan\"}",
         "The ItemReader's Resource is not supported: "
         "arn:aws:states:::dynamodb:scan"},
        {"{\"resource\":\"xs3:getObject\"}",
         "The ItemReader's Resource is not supported: xs3:getObject"},
        {"{\"resource\":\"s3:getObject\",\"parameters\":{\"Key\":\"k\"}}",
         "The parameter Bucket is missing or empty"},
        {"{\"resource\":\"s3:getObject\",\"parameters\":{\"Bucket\":1}}",
         "Bucket must be a string"},
        {"{\"resource\":\"s3:getObject\",\"parameters\":[]}",
         "The parameter Bucket is missing or empty"},
        {OBJECT("k\",\"VersionId\":\"1") "}",
         "The parameter VersionId is not supported"},
        {"{\"resource\":\"file:list\",\"parameters\":{\"Path\":\"/etc\"}}",
         "Path must lead from a directory of --files to what is below it: "
         "/etc"},
        {"{\"resource\":\"file:read\",\"parameters\":{\"Path\":\".//\"}}",
         "The parameter Path is missing or empty"},
        {"{\"resource\":\"file:read\"}",
         "The parameter Path is missing or empty"},
        {OBJECT("k") ",\"inputType\":\"PARQUET\"}",
         "InputType PARQUET is not supported: convert the data to CSV or "
         "JSONL"},
        {OBJECT("k") ",\"inputType\":\"XML\"}",
         "InputType is not supported: XML"},
        {OBJECT("k") ",\"delimiter\":\"ab\"}",
         "CSVDelimiter is not supported: ab"},
        {OBJECT("k") ",\"headerLocation\":\"GIVEN\",\"headers\":[1]}",
         "CSVHeaders must be an array of strings"},
        {OBJECT("k") ",\"maxItems\":1.5}",
         "MaxItems must be a positive integer: 1.5"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect(cases[i][0], cases[i][1]);
    stores.roots = NULL;
    expect(OBJECT("k") "}",
           "No place for S3 buckets is configured. Buckets are directories "
           "below those given with --files, or behind --s3-endpoint.");
    expect("{\"resource\":\"file:list\"}",
           "No place for files is configured. Files are read and written "
           "below the directories given with --files.");
}

/* ---- writers ---- */

static void on_written(void *arg, struct wf_str text,
                       const struct wf_error *err) {
    struct result *result = arg;

    snprintf(result->text, sizeof(result->text), "%.*s", (int)text.len,
             text.len ? text.data : "");
    if (err)
        snprintf(result->text, sizeof(result->text), "%.2000s",
                 err->message);
}

/* Writes one result; what ResultWriterDetails say, or the error. */
static struct result write_result(const char *json) {
    struct wf_value value = value_of(json);
    struct wf_error err = {0};
    struct result result = {0};
    struct wf_buf details = {0};
    struct wf_item_result one = {.output = WF_STR("[1,2]")};
    struct wf_item_writer_async *writer = wf_item_settings_writer(
        offload, &stores, value, WF_STR(ARN), WF_STR(""), &err);

    if (writer) {
        wf_item_writer_async_add(writer, WF_RESULT_SUCCEEDED, &one);
        wf_item_writer_async_finish(writer, on_written, &result);
        ev_run(loop, 0);
        wf_item_settings_result(value, wf_str(result.text), &details);
        snprintf(result.text, sizeof(result.text), "%.*s", (int)details.len,
                 details.data);
    } else {
        snprintf(result.text, sizeof(result.text), "%.2000s", err.message);
    }
    wf_item_writer_async_free(writer);
    wf_buf_free(&details);
    wf_doc_unref(value.doc);
    return result;
}

static void expect_file(const struct item_files *where, const char *path,
                        const char *expected) {
    char *text = item_files_get(where, path);

    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void writers(void **state) {
    (void)state;
    struct result result = write_result(
        "{\"resource\":\"arn:aws:states:::s3:putObject\",\"parameters\":"
        "{\"Bucket\":\"b\",\"Prefix\":\"out\"},\"transformation\":"
        "\"FLATTEN\",\"outputType\":\"JSONL\"}");
    assert_string_equal(result.text, "{\"Bucket\":\"b\",\"Key\":"
                                     "\"out/run-1/manifest.json\"}");
    expect_file(&files, "b/out/run-1/SUCCEEDED_0.jsonl", "1\n2\n");
    result = write_result("{\"resource\":\"file:write\",\"parameters\":"
                          "{\"Path\":\"./results/\"},\"transformation\":"
                          "\"COMPACT\"}");
    assert_string_equal(result.text, "{\"Bucket\":\"\",\"Key\":"
                                     "\"results/run-1/manifest.json\"}");
    expect_file(&files, "results/run-1/SUCCEEDED_0.json", "[[1,2]]");
    assert_string_equal(
        write_result("{\"resource\":\"lambda:invoke\"}").text,
        "The ResultWriter's Resource is not supported: lambda:invoke");
    assert_string_equal(
        write_result("{\"resource\":\"s3:putObject\"}").text,
        "The parameter Bucket is missing or empty");
    assert_string_equal(
        write_result("{\"resource\":\"file:write\",\"outputType\":\"CSV\"}")
            .text,
        "OutputType is not supported: CSV");
}

#define CASE(function)                                                        \
    cmocka_unit_test_setup_teardown(function, make_files, remove_files)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(objects),
        CASE(listings),
        CASE(plain_files),
        CASE(the_first_root_with_the_bucket),
        CASE(wrong_settings),
        CASE(writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
