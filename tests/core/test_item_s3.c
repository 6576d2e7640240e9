/* Tests of buckets behind an S3 endpoint, against a stand-in that checks
 * every signature: objects, listings, results, and what goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "item_files.h"
#include "item_s3.h"
#include "item_writer.h"
#include "s3_server.h"

#define ARN "arn:aws:states:us-east-1:123456789012:mapRun:m/Map:run-1"

static struct s3_server server;
static struct wf_item_stores stores;

/* ---- the bucket's content ---- */

static struct wf_s3 *open_bucket(const char *name) {
    struct wf_error err = {0};
    struct wf_item_bucket *bucket = wf_item_bucket_find(
        &stores, wf_str(name), WF_STR(""), NULL, &err);

    if (!bucket)
        fail_msg("%s", err.message);
    return (struct wf_s3 *)bucket;
}

static void put_into(struct wf_s3 *s3, const char *key, struct wf_str text) {
    struct wf_s3_request request = {
        .method = "PUT", .key = wf_str(key), .body = text};
    struct wf_s3_answer answer = {0};
    struct wf_error err = {0};

    if (wf_s3_send(s3, &request, &answer, &err) != 0)
        fail_msg("%s", err.message);
    wf_buf_free(&answer.body);
}

static void put(const char *bucket, const char *key, struct wf_str text) {
    struct wf_s3 *s3 = open_bucket(bucket);

    put_into(s3, key, text);
    wf_item_bucket_free(&s3->base);
}

/* An object's text, ended by a NUL; data NULL: it is not there. */
static struct wf_buf get(const char *bucket, const char *key) {
    struct wf_s3 *s3 = open_bucket(bucket);
    struct wf_s3_request request = {
        .method = "GET", .key = wf_str(key), .max_bytes = 64 << 20};
    struct wf_s3_answer answer = {0};
    struct wf_error err = {0};

    if (wf_s3_send(s3, &request, &answer, &err) == 0)
        wf_buf_u8(&answer.body, '\0');
    else if (err.code == WF_E_NOT_FOUND)
        wf_buf_free(&answer.body);
    else
        fail_msg("%s", err.message);
    wf_item_bucket_free(&s3->base);
    return answer.body;
}

static void expect_object(const char *key, const char *expected) {
    struct wf_buf text = get("b", key);

    assert_non_null(text.data);
    assert_string_equal(text.data, expected);
    wf_buf_free(&text);
}

/* The keys below a prefix, each followed by a blank. */
static struct wf_buf keys(const char *prefix) {
    struct wf_s3 *s3 = open_bucket("b");
    struct wf_item_list *list = wf_s3_list(s3, wf_str(prefix), WF_STR(""));
    struct wf_buf out = {0};
    struct wf_str key;

    while (list->ops->next(list, &key, NULL) > 0) {
        wf_buf_addstr(&out, key);
        wf_buf_u8(&out, ' ');
    }
    wf_buf_u8(&out, '\0');
    wf_item_list_free(list);
    wf_item_bucket_free(&s3->base);
    return out;
}

static int start(void **state) {
    (void)state;
    if (!s3_server_start(&server))
        return -1;
    stores = s3_server_stores(&server);
    return 0;
}

static int stop(void **state) {
    (void)state;
    s3_server_stop(&server);
    return 0;
}

/* ---- reading ---- */

static struct wf_item_options of(enum wf_item_dataset dataset,
                                 enum wf_item_input input, const char *key) {
    return (struct wf_item_options){.dataset = dataset,
                                    .input = input,
                                    .stores = &stores,
                                    .bucket = WF_STR("b"),
                                    .key = wf_str(key),
                                    .prefix = wf_str(key)};
}

/* All items, a line each, and the error; a new reader for each batch. */
static struct wf_buf read_in_batches(const struct wf_item_options *options,
                                     size_t size) {
    struct wf_item_batch batch = {0};
    struct wf_error err = {0};
    struct wf_buf out = {0};
    int rc = 0;

    while (rc == 0 && !batch.end) {
        struct wf_item_reader *reader = wf_item_reader_new(options);
        struct wf_str position = {batch.position.data, batch.position.len};
        if (position.len)
            rc = wf_item_reader_seek(reader, position, &err);
        if (rc == 0)
            rc = wf_item_reader_next(reader, size, SIZE_MAX, &batch, &err);
        item_files_add(&batch, &out);
        wf_item_reader_free(reader);
    }
    wf_buf_adds(&out, err.message);
    wf_buf_u8(&out, '\0');
    wf_item_batch_free(&batch);
    return out;
}

static void expect(struct wf_item_options options, const char *expected) {
    struct wf_buf out = read_in_batches(&options, 1);

    assert_string_equal(out.data, expected);
    wf_buf_free(&out);
}

static void objects(void **state) {
    (void)state;
    put("b", "a.csv", WF_STR("x,y\n1,2\n3,4\n"));
    expect(of(WF_ITEM_OBJECT, WF_ITEM_INPUT_CSV, "a.csv"),
           "{\"x\":\"1\",\"y\":\"2\"}\n{\"x\":\"3\",\"y\":\"4\"}\n");
    put("b", "odd/a b+c=1&\xc3\xbc%20~*'()/../.json", WF_STR("[1]"));
    expect(of(WF_ITEM_OBJECT, WF_ITEM_INPUT_JSON,
              "odd/a b+c=1&\xc3\xbc%20~*'()/../.json"),
           "1\n");
    put("b", "empty.jsonl", WF_STR(""));
    expect(of(WF_ITEM_OBJECT, WF_ITEM_INPUT_JSONL, "empty.jsonl"), "");
}

/* Numbers, LINE bytes each. */
#define LINE 500
static struct wf_buf many_lines(unsigned count) {
    struct wf_buf text = {0};

    for (unsigned i = 0; i < count; i++)
        wf_buf_addf(&text, "{\"number\":\"%0*u\"}\n", LINE - 14, i);
    return text;
}

static void large_objects(void **state) {
    (void)state;
    unsigned count = 20000; /* 10 MB: three ranges */
    struct wf_buf text = many_lines(count);
    struct wf_str whole = {text.data, text.len};
    struct wf_item_options options =
        of(WF_ITEM_OBJECT, WF_ITEM_INPUT_JSONL, "large.jsonl");

    put("b", "large.jsonl", whole);
    struct wf_buf out = read_in_batches(&options, count / 5 + 1);
    assert_int_equal(out.len - 1, text.len);
    assert_memory_equal(out.data, text.data, text.len);
    wf_buf_free(&out);

    /* An endpoint that ignores ranges: as long as one is enough. */
    options.key = WF_STR("whole/large.jsonl");
    put("b", "whole/large.jsonl", whole);
    out = read_in_batches(&options, 1);
    assert_string_equal(out.data, "GET s3://b/whole/large.jsonl: the answer "
                                  "is larger than was asked for");
    wf_buf_free(&out);
    wf_buf_free(&text);
    put("b", "whole/small.jsonl", WF_STR("1\n"));
    expect(of(WF_ITEM_OBJECT, WF_ITEM_INPUT_JSONL, "whole/small.jsonl"),
           "1\n");
    put("b", "sizeless/small.jsonl", WF_STR("1\n"));
    expect(of(WF_ITEM_OBJECT, WF_ITEM_INPUT_JSONL, "sizeless/small.jsonl"),
           "GET s3://b/sizeless/small.jsonl: the endpoint does not tell the "
           "object's size");
}

static void another_content_is_noticed(void **state) {
    (void)state;
    unsigned count = 4000; /* 2 MB: the second range is read later */
    struct wf_buf text = many_lines(count);
    struct wf_item_options options =
        of(WF_ITEM_OBJECT, WF_ITEM_INPUT_JSONL, "changing.jsonl");
    struct wf_item_reader *reader = wf_item_reader_new(&options);
    struct wf_item_batch batch = {0};
    struct wf_error err = {0};

    put("b", "changing.jsonl", (struct wf_str){text.data, text.len});
    assert_int_equal(wf_item_reader_next(reader, 10, SIZE_MAX, &batch, &err),
                     0);
    struct wf_buf position = batch.position;
    batch.position = (struct wf_buf){0};
    put("b", "changing.jsonl", (struct wf_str){text.data, text.len - LINE});
    assert_int_equal(
        wf_item_reader_next(reader, count, SIZE_MAX, &batch, &err), -1);
    assert_string_equal(err.message,
                        "GET s3://b/changing.jsonl: HTTP status 412 "
                        "PreconditionFailed: It is so & not otherwise.");
    wf_item_reader_free(reader);
    reader = wf_item_reader_new(&options);
    assert_int_equal(
        wf_item_reader_seek(reader,
                            (struct wf_str){position.data, position.len},
                            &err),
        -1);
    assert_string_equal(err.message, "b/changing.jsonl has changed since it "
                                     "was begun");
    wf_item_reader_free(reader);
    wf_item_batch_free(&batch);
    wf_buf_free(&position);
    wf_buf_free(&text);
}

static void listings(void **state) {
    (void)state;
    unsigned count = 2100; /* three pages */
    struct wf_buf expected = {0};
    struct wf_s3 *s3 = open_bucket("l");
    char key[64];

    put_into(s3, "p", WF_STR("out of the prefix"));
    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "p/%04u +\xc3\xbc&<%u>", i, i);
        put_into(s3, key, WF_STR("x"));
        wf_buf_addf(&expected,
                    "{\"Etag\":\"\\\"9dd4e461268c8034f5c8564e155c67a6\\\"\","
                    "\"Key\":\"%s\",\"LastModified\":1706933106,\"Size\":1,"
                    "\"StorageClass\":\"GLACIER\"}\n",
                    key);
    }
    wf_buf_u8(&expected, '\0');
    wf_item_bucket_free(&s3->base);
    struct wf_item_options options =
        of(WF_ITEM_LIST, WF_ITEM_INPUT_JSON, "p/");
    options.bucket = WF_STR("l");
    struct wf_buf out = read_in_batches(&options, 700);
    assert_string_equal(out.data, expected.data);
    wf_buf_free(&out);
    wf_buf_free(&expected);

    options.bucket = WF_STR("mixed");
    put("mixed", "p/1", WF_STR("1"));
    put("mixed", "p/2", WF_STR("1"));
    out = read_in_batches(&options, 10);
    assert_non_null(strstr(out.data, "the keys are not in order"));
    wf_buf_free(&out);
}

static void listed_objects_are_read(void **state) {
    (void)state;
    put("b", "f/", WF_STR(""));
    put("b", "f/1.json", WF_STR("[1,2]"));
    put("b", "f/2.json", WF_STR("[3]"));
    expect(of(WF_ITEM_LIST_FLATTEN, WF_ITEM_INPUT_JSON, "f/"), "1\n2\n3\n");
}

/* ---- what goes wrong ---- */

static void failures(void **state) {
    (void)state;
    struct wf_item_options options =
        of(WF_ITEM_OBJECT, WF_ITEM_INPUT_JSON, "flaky/1.json");

    /* By itself: it is tried again. */
    put("b", "flaky/1.json", WF_STR("[1]")); /* this failed once already */
    put("b", "slow/1.json", WF_STR("[2]"));
    expect(options, "1\n");
    options.key = WF_STR("none.json");
    expect(options, "GET s3://b/none.json: HTTP status 404 NoSuchKey: It is "
                    "so & not otherwise.");
    options.key = WF_STR("broken/1.json");
    expect(options, "GET s3://b/broken/1.json: HTTP status 500 "
                    "InternalError: It is so & not otherwise.");
    options.bucket = WF_STR("../b");
    expect(options, "open bucket ../b: not a bucket's name");
    options = of(WF_ITEM_LIST, WF_ITEM_INPUT_JSON, "");
    options.bucket = WF_STR("none");
    expect(options, "GET s3://none/: HTTP status 404 NoSuchBucket: It is so "
                    "& not otherwise.");
    stores.s3_endpoint = "http://127.0.0.1:1";
    options = of(WF_ITEM_OBJECT, WF_ITEM_INPUT_JSON, "k");
    expect(options, "GET s3://b/k: Couldn't connect to server");
    stores = s3_server_stores(&server);
}

static void signatures(void **state) {
    (void)state;
    struct wf_item_options options =
        of(WF_ITEM_OBJECT, WF_ITEM_INPUT_JSON, "signed.json");

    put("b", "signed.json", WF_STR("[1]"));
    stores.session_token = "token//+=";
    expect(options, "1\n");
    stores.secret_key = "other";
    expect(options, "GET s3://b/signed.json: HTTP status 403 "
                    "SignatureDoesNotMatch: It is so & not otherwise.");
    stores.access_key = NULL;
    expect(options, "GET s3://b/signed.json: HTTP status 403 AccessDenied: "
                    "It is so & not otherwise.");
    put("open", "signed.json", WF_STR("[2]"));
    options.bucket = WF_STR("open");
    expect(options, "2\n");
    stores = s3_server_stores(&server);
}

static void cancelled(void **state) {
    (void)state;
    atomic_bool flag = true;
    struct wf_item_options options =
        of(WF_ITEM_OBJECT, WF_ITEM_INPUT_JSON, "a.csv");
    struct wf_item_reader *reader = wf_item_reader_new(&options);
    struct wf_item_batch batch = {0};
    struct wf_error err = {0};

    wf_item_reader_cancel_on(reader, &flag);
    assert_int_equal(wf_item_reader_next(reader, 1, 1, &batch, &err), -1);
    assert_int_equal(err.code, WF_E_BUSY);
    wf_item_reader_free(reader);
    wf_item_batch_free(&batch);
}

/* A bucket that is below a root is not asked for. */
static void roots_come_first(void **state) {
    (void)state;
    struct item_files files;

    item_files_make(&files);
    item_files_put(&files, "b/a.json", "[\"root\"]");
    stores.access_key = NULL; /* as "open" wants it */
    stores.roots = files.roots;
    put("open", "a.json", WF_STR("[\"s3\"]"));
    struct wf_item_options options =
        of(WF_ITEM_OBJECT, WF_ITEM_INPUT_JSON, "a.json");
    expect(options, "\"root\"\n");
    options.bucket = WF_STR("open");
    expect(options, "\"s3\"\n");
    stores = s3_server_stores(&server);
    item_files_remove(&files);
}

/* ---- writing ---- */

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

static void add(struct wf_item_writer *writer, struct wf_str output) {
    struct wf_item_result result = {.output = output};
    struct wf_error err = {0};

    if (wf_item_writer_add(writer, WF_RESULT_SUCCEEDED, &result, &err) != 0)
        fail_msg("%s", err.message);
}

static void flush(struct wf_item_writer *writer, struct wf_buf *position) {
    struct wf_error err = {0};

    position->len = 0;
    if (wf_item_writer_flush(writer, position, &err) != 0)
        fail_msg("%s", err.message);
}

static void finish(struct wf_item_writer *writer) {
    struct wf_buf key = {0};
    struct wf_error err = {0};

    if (wf_item_writer_finish(writer, &key, &err) != 0)
        fail_msg("%s", err.message);
    assert_true(wf_str_eq((struct wf_str){key.data, key.len},
                          WF_STR("jobs/run-1/manifest.json")));
    wf_buf_free(&key);
    wf_item_writer_free(writer);
}

static struct wf_item_writer_options writer_options(void) {
    return (struct wf_item_writer_options){
        .stores = &stores,
        .bucket = WF_STR("b"),
        .prefix = WF_STR("jobs"),
        .map_run = WF_STR(ARN),
        .transformation = WF_RESULT_COMPACT,
    };
}

static void add_number(struct wf_item_writer *writer, int i) {
    char text[] = {(char)('0' + i), '\0'};
    add(writer, wf_str(text));
}

/* As in test_item_writer.c: a crash after `crash` results (6: after the
 * end), with a position that is `behind` results old. */
static void crash_and_resume(int crash, int behind) {
    struct wf_item_writer_options options = writer_options();
    struct wf_buf position = {0}, unused = {0};
    int kept = (crash > 5 ? 5 : crash) - behind;

    options.max_file_bytes = 8;
    struct wf_item_writer *writer = open_at(&options, &position);
    for (int i = 0; i < (crash < 5 ? crash : 5); i++) {
        if (i == kept)
            flush(writer, &position);
        add_number(writer, i);
        flush(writer, &unused);
    }
    if (position.len == 0)
        flush(writer, &position);
    if (crash == 6)
        finish(writer);
    else
        wf_item_writer_free(writer);
    writer = open_at(&options, &position);
    for (int i = kept; i < 5; i++)
        add_number(writer, i);
    finish(writer);
    wf_buf_free(&position);
    wf_buf_free(&unused);
}

static void results(void **state) {
    (void)state;
    for (int crash = 0; crash <= 6; crash += 2)
        for (int behind = 0; behind <= crash && behind <= 5; behind += 1) {
            crash_and_resume(crash, behind);
            expect_object("jobs/run-1/SUCCEEDED_0.json", "[0,1,2]");
            expect_object("jobs/run-1/SUCCEEDED_1.json", "[3,4]");
            struct wf_buf all = keys("jobs/");
            assert_string_equal(all.data,
                                "jobs/run-1/SUCCEEDED_0.json "
                                "jobs/run-1/SUCCEEDED_1.json "
                                "jobs/run-1/manifest.json ");
            wf_buf_free(&all);
        }
    struct wf_buf manifest = get("b", "jobs/run-1/manifest.json");
    assert_non_null(strstr(manifest.data,
                           "{\"Key\":\"jobs/run-1/SUCCEEDED_1.json\","
                           "\"Size\":5}"));
    wf_buf_free(&manifest);
}

/* The second piece of a file whose first one has been removed. */
static void put_piece_1(void) {
    char key[128];

    snprintf(key, sizeof(key),
             "jobs/run-1/.SUCCEEDED_0.jsonl.%016llx.tmp/000001",
             (unsigned long long)wf_str_hash(WF_STR(ARN)));
    put("b", key, WF_STR("junk"));
}

/* Larger than two pieces: a multipart upload. The writer comes back in the
 * third piece, and again after everything has been published. */
static void large_results(void **state) {
    (void)state;
    struct wf_item_writer_options options = writer_options();
    size_t size = 1 << 20;
    char *text = wf_malloc(size);
    struct wf_buf position = {0}, unused = {0};

    options.jsonl = true;
    memset(text, '7', size);
    struct wf_item_writer *writer = open_at(&options, &position);
    for (int i = 0; i < 20; i++) {
        text[0] = (char)('1' + i % 9);
        if (i == 18)
            flush(writer, &position);
        add(writer, (struct wf_str){text, size});
    }
    flush(writer, &unused);
    wf_item_writer_free(writer); /* a crash; two results are lost */
    for (int round = 0; round < 3; round++) {
        if (round == 2) /* what a crash while pieces are removed leaves */
            put_piece_1();
        writer = open_at(&options, &position);
        for (int i = 18; i < 20; i++) {
            text[0] = (char)('1' + i % 9);
            add(writer, (struct wf_str){text, size});
        }
        finish(writer);
        struct wf_buf all = get("b", "jobs/run-1/SUCCEEDED_0.jsonl");
        assert_int_equal(all.len - 1, 20 * (size + 1));
        for (int i = 0; i < 20; i++) {
            text[0] = (char)('1' + i % 9);
            assert_memory_equal(all.data + (size_t)i * (size + 1), text,
                                size);
        }
        wf_buf_free(&all);
        all = keys("jobs/run-1/.");
        assert_string_equal(all.data, "");
        wf_buf_free(&all);
    }
    free(text);
    wf_buf_free(&position);
    wf_buf_free(&unused);
}

static void given_up(void **state) {
    (void)state;
    struct wf_item_writer_options options = writer_options();
    struct wf_buf position = {0};
    struct wf_item_writer *writer;

    options.prefix = WF_STR("gone");
    writer = open_at(&options, &position);
    add(writer, WF_STR("1"));
    flush(writer, &position);
    struct wf_buf all = keys("gone/");
    assert_memory_equal(all.data, "gone/run-1/.SUCCEEDED_0.json.", 29);
    wf_buf_free(&all);
    wf_item_writer_drop(writer);
    wf_item_writer_free(writer);
    all = keys("gone/");
    assert_string_equal(all.data, "");
    wf_buf_free(&all);

    struct wf_error err = {0};
    assert_null(wf_item_writer_open(
        &options, (struct wf_str){position.data, position.len}, &err));
    assert_string_equal(err.message,
                        "GET s3://b/gone/run-1/SUCCEEDED_0.json: HTTP status "
                        "404 NoSuchKey: It is so & not otherwise.");
    wf_buf_free(&position);
}

int main(void) {
    if (system("python3 -c 1") != 0)
        return 77; /* there is nothing to test against */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects),
        cmocka_unit_test(large_objects),
        cmocka_unit_test(another_content_is_noticed),
        cmocka_unit_test(listings),
        cmocka_unit_test(listed_objects_are_read),
        cmocka_unit_test(failures),
        cmocka_unit_test(signatures),
        cmocka_unit_test(cancelled),
        cmocka_unit_test(roots_come_first),
        cmocka_unit_test(results),
        cmocka_unit_test(large_results),
        cmocka_unit_test(given_up),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
