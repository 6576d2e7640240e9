/* Tests of the readers of items on files: what a key may reach, listings,
 * several parts, manifests, gzip, positions, and batches on the loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "item_files.h"
#include "item_reader_async.h"

static struct item_files files;

/* A kernel without openat2(). */
static bool no_openat2;
long __real_syscall(long number, ...);
long __wrap_syscall(long number, long a, long b, long c, long d);
long __wrap_syscall(long number, long a, long b, long c, long d) {
    if (number == SYS_openat2 && no_openat2)
        return errno = ENOSYS, -1;
    return __real_syscall(number, a, b, c, d);
}

static int make_files(void **state) {
    (void)state;
    item_files_make(&files);
    return 0;
}

static int remove_files(void **state) {
    (void)state;
    no_openat2 = false;
    item_files_remove(&files);
    return 0;
}

static struct wf_item_options of(enum wf_item_dataset dataset,
                                 const char *key) {
    return (struct wf_item_options){.dataset = dataset,
                                    .stores = &files.stores,
                                    .bucket = WF_STR("b"),
                                    .key = wf_str(key)};
}

/* Everything, a line an item; with `each`, a new reader for each batch of
 * that many. Returns the error or "". */
static const char *read_all(const struct wf_item_options *options,
                            size_t each, struct wf_buf *out) {
    static struct wf_error err;
    struct wf_item_batch batch = {0};
    int rc = 0;

    err = (struct wf_error){0};
    out->len = 0;
    for (bool first = true; rc == 0 && !batch.end; first = false) {
        struct wf_item_reader *reader = wf_item_reader_new(options);
        if (!first)
            rc = wf_item_reader_seek(
                reader,
                (struct wf_str){batch.position.data, batch.position.len},
                &err);
        if (rc == 0) {
            rc = wf_item_reader_next(reader, each ? each : SIZE_MAX, SIZE_MAX,
                                     &batch, &err);
            item_files_add(&batch, out);
        }
        wf_item_reader_free(reader);
    }
    wf_buf_u8(out, '\0');
    wf_item_batch_free(&batch);
    return err.message;
}

static void expect(struct wf_item_options options, const char *expected) {
    struct wf_buf out = {0};

    for (size_t each = 0; each < 4; each++) {
        assert_string_equal(read_all(&options, each, &out), "");
        assert_string_equal(out.data, expected);
    }
    wf_buf_free(&out);
}

static void expect_error(struct wf_item_options options,
                         const char *expected) {
    struct wf_buf out = {0};
    const char *error = read_all(&options, 0, &out);

    if (!strstr(error, expected))
        fail_msg("not \"%s\": \"%s\"", expected, error);
    wf_buf_free(&out);
}

/* ---- what a key may reach ---- */

static void keys_stay_below(void **state) {
    (void)state;
    char path[200];
    static const char *const escapes[] = {
        "../other/secret.csv", "/etc/passwd", "out/secret.csv", "out.csv",
        "d/../../other/secret.csv"};

    item_files_put(&files, "other/secret.csv", "a\n1\n");
    item_files_put(&files, "b/d/in.csv", "a\n1\n");
    snprintf(path, sizeof(path), "%s/b/out", files.root);
    assert_int_equal(symlink("../other", path), 0);
    snprintf(path, sizeof(path), "%s/b/out.csv", files.root);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof(path), "%s/b/link.csv", files.root);
    assert_int_equal(symlink("d/in.csv", path), 0);
    for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++)
        expect_error(of(WF_ITEM_OBJECT, escapes[i]),
                     "it leads out of its directory");
    expect(of(WF_ITEM_OBJECT, "link.csv"), "{\"a\":\"1\"}\n");
    expect(of(WF_ITEM_OBJECT, "d/in.csv"), "{\"a\":\"1\"}\n");
    expect_error(of(WF_ITEM_OBJECT, "none.csv"),
                 "open b/none.csv: No such file or directory");
    expect_error(of(WF_ITEM_OBJECT, "d"), "open b/d: not a regular file");
    expect_error(of(WF_ITEM_OBJECT, ""), "no such object");
    struct wf_item_options options = of(WF_ITEM_OBJECT, "x");
    options.bucket = WF_STR("..");
    expect_error(options, "it leads out of its directory");
    options.bucket = WF_STR("none");
    expect_error(options, "open bucket none: No such file or directory");
    options = of(WF_ITEM_OBJECT, "b/d/in.csv");
    options.bucket = WF_STR_NULL; /* a plain file below the root */
    expect(options, "{\"a\":\"1\"}\n");
}

static void keys_stay_below_without_openat2(void **state) {
    (void)state;
    char path[200];
    static const char *const refused[] = {"../other/secret.csv",
                                          "/etc/passwd", "out/secret.csv",
                                          "link.csv", "d/../d/in.csv"};

    no_openat2 = true;
    item_files_put(&files, "other/secret.csv", "a\n1\n");
    item_files_put(&files, "b/d/in.csv", "a\n1\n");
    snprintf(path, sizeof(path), "%s/b/out", files.root);
    assert_int_equal(symlink("../other", path), 0);
    snprintf(path, sizeof(path), "%s/b/link.csv", files.root);
    assert_int_equal(symlink("d/in.csv", path), 0);
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        expect_error(of(WF_ITEM_OBJECT, refused[i]), "open b/");
    expect(of(WF_ITEM_OBJECT, "d/in.csv"), "{\"a\":\"1\"}\n");
    expect(of(WF_ITEM_OBJECT, ".//d//in.csv"), "{\"a\":\"1\"}\n");
}

static void a_fifo_is_refused(void **state) {
    (void)state;
    char path[200];

    snprintf(path, sizeof(path), "%s/b/fifo", files.root);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_error(of(WF_ITEM_OBJECT, "fifo"), "not a regular file");
}

/* A reader that goes on at a position says why it can't. */
static void expect_refused(const struct wf_item_options *options,
                           const struct wf_buf *position,
                           const char *expected) {
    struct wf_item_reader *reader = wf_item_reader_new(options);
    struct wf_error err = {0};

    assert_int_equal(
        wf_item_reader_seek(
            reader, (struct wf_str){position->data, position->len}, &err),
        -1);
    assert_string_equal(err.message, expected);
    wf_item_reader_free(reader);
}

static void another_file_is_noticed(void **state) {
    (void)state;
    struct wf_item_options options = of(WF_ITEM_OBJECT, "f.csv");
    struct wf_item_reader *reader = wf_item_reader_new(&options);
    struct wf_item_batch batch = {0};

    item_files_put(&files, "b/f.csv", "a\n1\n2\n");
    assert_int_equal(wf_item_reader_next(reader, 1, 99, &batch, NULL), 0);
    wf_item_reader_free(reader);
    item_files_put(&files, "b/f.csv", "a\n1\n2\n3\n");
    expect_refused(&options, &batch.start,
                   "b/f.csv has changed since it was begun");
    expect_refused(&options, &batch.position,
                   "b/f.csv has changed since it was begun");
    wf_item_batch_free(&batch);
}

/* The start of a batch tells of all the files in it. */
static void each_file_has_its_batches(void **state) {
    (void)state;
    struct wf_item_options options = of(WF_ITEM_LIST_FLATTEN, "");
    struct wf_item_reader *reader = wf_item_reader_new(&options);
    struct wf_item_batch batch = {0};

    item_files_put(&files, "b/e.csv", "");
    item_files_put(&files, "b/f.csv", "a\n1\n2\n");
    item_files_put(&files, "b/g.csv", "a\n3\n");
    for (size_t left = 2; left > 0; left--) {
        assert_int_equal(wf_item_reader_next(reader, 9, 99, &batch, NULL), 0);
        assert_int_equal(batch.count, left);
        assert_int_equal(batch.end, left == 1);
    }
    wf_item_reader_free(reader);
    item_files_put(&files, "b/g.csv", "a\n3\n4\n");
    expect_refused(&options, &batch.start,
                   "b/g.csv has changed since it was begun");
    wf_item_batch_free(&batch);
}

static void a_change_under_way_is_noticed(void **state) {
    (void)state;
    struct wf_item_options options = of(WF_ITEM_OBJECT, "f.csv");
    struct wf_item_reader *reader = wf_item_reader_new(&options);
    struct wf_item_batch batch = {0};
    struct wf_error err = {0};

    item_files_put(&files, "b/f.csv", "a\n1\n2\n");
    assert_int_equal(wf_item_reader_next(reader, 1, 99, &batch, &err), 0);
    item_files_put(&files, "b/f.csv", "a\n1\n2\n3\n");
    assert_int_equal(wf_item_reader_next(reader, 9, 99, &batch, &err), -1);
    assert_string_equal(err.message,
                        "b/f.csv has changed while it was read");
    wf_item_reader_free(reader);
    wf_item_batch_free(&batch);
}

/* ---- listings ---- */

/* Leaves "KEY SIZE" of each object. */
static void expect_list(struct wf_item_options options,
                        const char *expected) {
    struct wf_buf out = {0}, keys = {0};
    char key[300], tag[64];
    long long modified, size;

    for (size_t each = 0; each < 3; each++) {
        assert_string_equal(read_all(&options, each, &out), "");
        keys.len = 0;
        for (char *at = out.data; *at; at = strchr(at, '\n') + 1) {
            assert_int_equal(
                sscanf(at,
                       "{\"Etag\":\"\\\"%32[0-9a-f]\\\"\",\"Key\":\"%299[^"
                       "\"]\",\"LastModified\":%lld,\"Size\":%lld,"
                       "\"StorageClass\":\"STANDARD\"}",
                       tag, key, &modified, &size),
                4);
            assert_true(modified > 1600000000);
            wf_buf_addf(&keys, "%s %lld\n", key, size);
        }
        wf_buf_u8(&keys, '\0');
        assert_string_equal(keys.data, expected);
    }
    wf_buf_free(&keys);
    wf_buf_free(&out);
}

static void lists_in_the_order_of_keys(void **state) {
    (void)state;
    struct wf_item_options options = of(WF_ITEM_LIST, "");

    expect_list(options, "");
    item_files_put(&files, "b/a/x", "1");
    item_files_put(&files, "b/a-b", "12");  /* '-' < '/' */
    item_files_put(&files, "b/a.txt", "1"); /* '.' < '/' */
    item_files_put(&files, "b/a0", "123");
    item_files_put(&files, "b/a/b/c", "");
    item_files_put(&files, "b/z", "1");
    item_files_put(&files, "b/.z.0123456789abcdef.tmp", "on its way");
    expect_list(options, "a-b 2\na.txt 1\na/b/c 0\na/x 1\na0 3\nz 1\n");
    options.prefix = WF_STR("a/");
    expect_list(options, "a/b/c 0\na/x 1\n");
    options.prefix = WF_STR("a/b");
    expect_list(options, "a/b/c 0\n");
    options.prefix = WF_STR("a");
    options.start_after = WF_STR("a/b/c");
    expect_list(options, "a/x 1\na0 3\n");
    options.prefix = WF_STR("none/x");
    expect_list(options, "");
    options.prefix = WF_STR("a/../");
    expect_list(options, "");
    options.prefix = WF_STR("/etc/");
    expect_list(options, "");
    options = of(WF_ITEM_LIST, "");
    options.max_items = 2;
    expect_list(options, "a-b 2\na.txt 1\n");
}

static void links_out_are_not_listed(void **state) {
    (void)state;
    char path[200];

    item_files_put(&files, "b/f", "1");
    snprintf(path, sizeof(path), "%s/b/in", files.root);
    assert_int_equal(symlink("f", path), 0);
    snprintf(path, sizeof(path), "%s/b/out", files.root);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof(path), "%s/b/loop", files.root);
    assert_int_equal(symlink(".", path), 0);
    expect_list(of(WF_ITEM_LIST, ""), "f 1\nin 1\n");
}

/* More names than are held at once; objects go while they are listed. */
static void lists_large_directories(void **state) {
    (void)state;
    enum { COUNT = 33000 };
    char path[200];
    struct wf_item_options options = of(WF_ITEM_LIST, "");
    struct wf_item_batch batch = {0};
    struct wf_buf position = {0};
    unsigned next = 0;

    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(path, sizeof(path), "%s/b/%08u", files.root,
                 i * 7919 % COUNT);
        assert_int_equal(mknod(path, S_IFREG | 0600, 0), 0);
    }
    while (!batch.end) {
        struct wf_item_reader *reader = wf_item_reader_new(&options);
        if (position.len)
            assert_int_equal(
                wf_item_reader_seek(
                    reader, (struct wf_str){position.data, position.len},
                    NULL),
                0);
        assert_int_equal(
            wf_item_reader_next(reader, 17000, SIZE_MAX, &batch, NULL), 0);
        for (size_t i = 0; i < batch.count; i++, next++) {
            snprintf(path, sizeof(path), "\"Key\":\"%08u\"", next);
            struct wf_str text = wf_item_text(&batch, i);
            assert_non_null(memmem(text.data, text.len, path, strlen(path)));
        }
        position.len = 0;
        wf_buf_add(&position, batch.position.data, batch.position.len);
        if (next) { /* the key of the position has gone */
            snprintf(path, sizeof(path), "%s/b/%08u", files.root, next - 1);
            unlink(path);
        }
        wf_item_reader_free(reader);
    }
    assert_int_equal(next, COUNT);
    wf_item_batch_free(&batch);
    wf_buf_free(&position);
}

static void objects_are_flattened(void **state) {
    (void)state;
    struct wf_item_options options = of(WF_ITEM_LIST_FLATTEN, "");

    item_files_put(&files, "b/p/1.csv", "a,b\n1,2\n3,4\n");
    item_files_put(&files, "b/p/2.csv", "");
    item_files_put(&files, "b/p/3.csv.gz", "b\n5\n6\n");
    item_files_put(&files, "b/q", "x\n1\n");
    options.prefix = WF_STR("p/");
    expect(options, "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n"
                    "{\"b\":\"5\"}\n{\"b\":\"6\"}\n");
    item_files_put(&files, "b/p/4.csv", "a\n\"x\n");
    expect_error(options, "b/p/4.csv: line 2: the quotation mark at byte 2");
}

/* ---- where items come from ---- */

/* The source of each item in turn, also for a reader that begins there. */
static void expect_sources(struct wf_item_options options,
                           const char *const *expected, size_t count) {
    struct wf_item_reader *reader = NULL;
    struct wf_item_batch batch = {0};
    struct wf_error err = {0};

    for (size_t each = 1; each < 4; each++) {
        size_t found = 0;
        wf_item_batch_clear(&batch);
        while (!batch.end) {
            reader = wf_item_reader_new(&options);
            if (batch.position.len && found)
                assert_int_equal(wf_item_reader_seek(
                                     reader, wf_item_str(&batch.position),
                                     &err), 0);
            if (wf_item_reader_next(reader, each, 999, &batch, &err) != 0)
                fail_msg("%s", err.message);
            wf_item_reader_free(reader);
            for (size_t i = 0; i < batch.count; i++, found++) {
                if (found >= count) {
                    fail_msg("more than %zu", count);
                    return; /* (for the analyzer) */
                }
                if (!wf_str_eq(wf_item_str(&batch.source),
                               wf_str(expected[found])))
                    fail_msg("%zu: %.*s", found, (int)batch.source.len,
                             batch.source.data);
            }
        }
        assert_int_equal(found, count);
    }
    wf_item_batch_free(&batch);
}

#define SOURCES(options, ...)                                                 \
    do {                                                                      \
        static const char *const sources_[] = {__VA_ARGS__};                  \
        expect_sources(options, sources_,                                     \
                       sizeof(sources_) / sizeof(*sources_));                 \
    } while (0)

static void items_have_sources(void **state) {
    (void)state;
    struct wf_item_options options = of(WF_ITEM_OBJECT, "p/1.csv");

    item_files_put(&files, "b/p/1.csv", "a,b\n1,2\n3,4\n");
    item_files_put(&files, "b/p/2.csv", "");
    item_files_put(&files, "b/p/3.csv.gz", "b\n5\n6\n");
    SOURCES(options, "S3://b/p/1.csv", "S3://b/p/1.csv");
    options = of(WF_ITEM_LIST_FLATTEN, "");
    options.prefix = WF_STR("p/");
    SOURCES(options, "S3://b/p/1.csv", "S3://b/p/1.csv", "S3://b/p/3.csv.gz",
            "S3://b/p/3.csv.gz");
    options.dataset = WF_ITEM_LIST;
    SOURCES(options, "S3://b", "S3://b", "S3://b");
    options = of(WF_ITEM_TEXT, "");
    options.text = WF_STR("a\n1\n");
    SOURCES(options, "S3://b");
    options.bucket = WF_STR("");
    SOURCES(options, "");
}

static void plain_items_have_sources(void **state) {
    (void)state;
    struct wf_item_options options = of(WF_ITEM_OBJECT, "d/1.csv");

    item_files_put(&files, "d/1.csv", "a\n1\n");
    item_files_put(&files, "d/e/\xff\"2", "a\n1\n2\n");
    options.bucket = WF_STR("");
    SOURCES(options, "file:d/1.csv");
    options.dataset = WF_ITEM_LIST_FLATTEN;
    options.prefix = WF_STR("d/");
    SOURCES(options, "file:d/1.csv", "file:d/e/\xef\xbf\xbd\"2",
            "file:d/e/\xef\xbf\xbd\"2");
    item_files_put(&files, "e/1", "");
    options.dataset = WF_ITEM_LIST;
    options.prefix = WF_STR("e/");
    SOURCES(options, "file:e");
    options.prefix = WF_STR("");
    options.max_items = 1;
    SOURCES(options, "file:.");
}

/* ---- manifests and gzip ---- */

static const char manifest[] =
    "{\"sourceBucket\":\"src\",\"destinationBucket\":\"arn:aws:s3:::b\","
    "\"version\":\"2016-11-30\",\"creationTimestamp\":\"1668560400000\","
    "\"fileFormat\":\"CSV\",\"fileSchema\":\"Bucket, Key, Size\","
    "\"files\":[{\"key\":\"inv/data/1.csv.gz\",\"size\":1},"
    "{\"key\":\"inv/data/2.csv.gz\",\"size\":1}]}";

static void inventories(void **state) {
    (void)state;
    struct wf_item_options options = of(WF_ITEM_S3_INVENTORY, "m.json");

    item_files_put(&files, "b/m.json", manifest);
    item_files_put(&files, "b/inv/data/1.csv.gz",
                   "\"src\",\"csvDataset/\",\"0\"\n\"src\",\"a b\",\"12\"\n");
    item_files_put(&files, "b/inv/data/2.csv.gz", "\"src\",\"c\",\"3\"\n");
    expect(options, "{\"Bucket\":\"src\",\"Key\":\"csvDataset/\",\"Size\":"
                    "\"0\"}\n{\"Bucket\":\"src\",\"Key\":\"a b\",\"Size\":"
                    "\"12\"}\n{\"Bucket\":\"src\",\"Key\":\"c\",\"Size\":"
                    "\"3\"}\n");
    SOURCES(options, "S3://b/inv/data/1.csv.gz", "S3://b/inv/data/1.csv.gz",
            "S3://b/inv/data/2.csv.gz");
    item_files_put(&files, "b/m.json", "{\"fileFormat\":\"CSV\"}");
    expect_error(options, "b/m.json: not an S3 inventory manifest");
    item_files_put(&files, "b/m.json", "[");
    expect_error(options, "b/m.json: ");
}

static void athena_manifests(void **state) {
    (void)state;
    struct wf_item_options options =
        of(WF_ITEM_ATHENA_DATA, "q-manifest.csv");

    item_files_put(&files, "b/q-manifest.csv",
                   "s3://c/out/1.jsonl\n\"s3://b/2.jsonl.gz\"\r\n\n");
    item_files_put(&files, "c/out/1.jsonl", "{\"a\":1}\n{\"a\":2}\n");
    item_files_put(&files, "b/2.jsonl.gz", "{\"a\":3}\n");
    options.input = WF_ITEM_INPUT_JSONL;
    expect(options, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    SOURCES(options, "S3://c/out/1.jsonl", "S3://c/out/1.jsonl",
            "S3://b/2.jsonl.gz");
    item_files_put(&files, "b/q-manifest.csv", "s3://c/out/none\n");
    expect_error(options, "open c/out/none: No such file or directory");
    item_files_put(&files, "b/q-manifest.csv", "c/out/1.jsonl\n");
    expect_error(options, "a line is not s3://BUCKET/KEY");
}

static void gzip(void **state) {
    (void)state;
    struct wf_buf text = {0}, expected = {0};
    char path[200];

    wf_buf_adds(&text, "n\n");
    for (int i = 0; i < 100000; i++) {
        wf_buf_addf(&text, "%d\n", i);
        wf_buf_addf(&expected, "{\"n\":\"%d\"}\n", i);
    }
    wf_buf_u8(&text, '\0');
    wf_buf_u8(&expected, '\0');
    item_files_put(&files, "b/f.csv.gz", text.data);
    struct wf_item_options options = of(WF_ITEM_OBJECT, "f.csv.gz");
    struct wf_buf out = {0};
    assert_string_equal(read_all(&options, 30000, &out), "");
    assert_string_equal(out.data, expected.data);
    snprintf(path, sizeof(path), "%s/b/f.csv.gz", files.root);
    assert_int_equal(truncate(path, 100000), 0);
    expect_error(options, "b/f.csv.gz: not what gzip writes: it is cut off");
    item_files_put(&files, "b/no.gz2", "x");
    snprintf(path, sizeof(path), "%s/b/no.gz2", files.root);
    char other[200];
    snprintf(other, sizeof(other), "%s/b/no.gz", files.root);
    rename(path, other);
    expect_error(of(WF_ITEM_OBJECT, "no.gz"), "not what gzip writes");
    item_files_put(&files, "b/f.zst", "x");
    expect_error(of(WF_ITEM_OBJECT, "f.zst"), "zstd");
    wf_buf_free(&text);
    wf_buf_free(&expected);
    wf_buf_free(&out);
}

/* ---- on the loop ---- */

struct asked {
    struct wf_item_reader_async *async;
    struct wf_item_batch kept;
    struct wf_buf out;
    struct wf_error err;
    int calls;
    bool free_at_end;
};

static void on_batch(void *arg, struct wf_item_batch *batch,
                     const struct wf_error *err) {
    struct asked *asked = arg;
    bool end = batch->end;

    asked->calls++;
    item_files_add(&asked->kept, &asked->out);
    struct wf_item_batch other = asked->kept;
    asked->kept = *batch; /* keeps it, and reads on meanwhile */
    *batch = other;
    if (err)
        asked->err = *err;
    else if (!end)
        wf_item_reader_async_next(asked->async, 2, 999, on_batch, asked);
    if ((end || err) && asked->free_at_end)
        wf_item_reader_async_free(asked->async);
}

static void batches_on_the_loop(void **state) {
    (void)state;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct wf_offload *offload = wf_offload_new(loop, 2);
    struct wf_item_options options = of(WF_ITEM_OBJECT, "f.csv");
    struct asked asked = {.free_at_end = true};

    item_files_put(&files, "b/f.csv", "a\n1\n2\n3\n4\n5\n");
    asked.async = wf_item_reader_async_new(offload, &options, WF_STR(""));
    wf_item_reader_async_next(asked.async, 2, 999, on_batch, &asked);
    assert_true(wf_item_reader_async_busy(asked.async));
    ev_run(loop, 0);
    item_files_add(&asked.kept, &asked.out);
    wf_buf_u8(&asked.out, '\0');
    assert_string_equal(asked.out.data,
                        "{\"a\":\"1\"}\n{\"a\":\"2\"}\n{\"a\":\"3\"}\n"
                        "{\"a\":\"4\"}\n{\"a\":\"5\"}\n");
    assert_int_equal(asked.calls, 3);

    struct asked bad = {.free_at_end = true};
    bad.async = wf_item_reader_async_new(offload, &options, WF_STR("bad"));
    wf_item_reader_async_next(bad.async, 2, 999, on_batch, &bad);
    ev_run(loop, 0);
    assert_string_equal(bad.err.message,
                        "not the position of this data set");

    /* Freed while a batch is being read: no callback. */
    struct asked gone = {0};
    gone.async = wf_item_reader_async_new(offload, &options, WF_STR(""));
    wf_item_reader_async_next(gone.async, 2, 999, on_batch, &gone);
    wf_item_reader_async_free(gone.async);
    ev_run(loop, 0);
    assert_int_equal(gone.calls, 0);

    wf_buf_free(&asked.out);
    wf_item_batch_free(&asked.kept);
    wf_item_batch_free(&bad.kept);
    wf_offload_free(offload);
    ev_loop_destroy(loop);
}

#define CASE(function)                                                        \
    cmocka_unit_test_setup_teardown(function, make_files, remove_files)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(keys_stay_below),
        CASE(keys_stay_below_without_openat2),
        CASE(a_fifo_is_refused),
        CASE(another_file_is_noticed),
        CASE(each_file_has_its_batches),
        CASE(a_change_under_way_is_noticed),
        CASE(lists_in_the_order_of_keys),
        CASE(links_out_are_not_listed),
        CASE(lists_large_directories),
        CASE(objects_are_flattened),
        CASE(items_have_sources),
        CASE(plain_items_have_sources),
        CASE(inventories),
        CASE(athena_manifests),
        CASE(gzip),
        CASE(batches_on_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
