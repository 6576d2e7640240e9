/*
 * bench_items.c - what reading the items of a data set costs: CSV, JSON and
 * JSONL files of a size, in batches of 1,000, on one core; and writing as
 * many bytes of results, flushed to disk after each 1,000. Prints a line for
 * each, and the memory at most.
 *
 *   bench_items [MEGABYTES a file, default 256] [DIRECTORY, default TMPDIR]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench_util.h"
#include "item_reader.h"
#include "item_writer.h"

static const char *directory;
static size_t file_bytes = (size_t)256 << 20;

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void plain_row(struct wf_buf *out, unsigned i) {
    wf_buf_addf(out, "%u,customer-%u,2026-03-%02u,%u.%02u,EUR,shipped,"
                     "0197c6d2-1b7e-7a11-b51c-%012x,some remark\n",
                i, i * 7919, i % 28 + 1, i % 1000, i % 100, i);
}

static void quoted_row(struct wf_buf *out, unsigned i) {
    wf_buf_addf(out, "\"%u\",\"customer, %u\",\"2026-03-%02u\",\"%u.%02u\","
                     "\"EUR\",\"say \"\"hi\"\"\",\"0197c6d2-1b7e\","
                     "\"two\nlines\"\n",
                i, i * 7919, i % 28 + 1, i % 1000, i % 100);
}

static void json_row(struct wf_buf *out, unsigned i) {
    wf_buf_addf(out, "%s{\"id\":%u,\"name\":\"customer-%u\",\"tags\":[\"a\","
                     "\"b\"],\"price\":%u.%02u,\"paid\":true,\"note\":null,"
                     "\"key\":\"0197c6d2-1b7e-7a11-b51c-%012x\"}\n",
                i ? "," : "", i, i * 7919, i % 1000, i % 100, i);
}

static void jsonl_row(struct wf_buf *out, unsigned i) {
    size_t before = out->len;
    json_row(out, i);
    if (i) /* no comma */
        memmove(out->data + before, out->data + before + 1,
                --out->len - before);
}

static void put(int fd, struct wf_buf *text) {
    if (write(fd, text->data, text->len) != (ssize_t)text->len) {
        perror("write");
        exit(1);
    }
    text->len = 0;
}

static void make(const char *path, const char *head,
                 void (*row)(struct wf_buf *out, unsigned i),
                 const char *tail) {
    struct wf_buf text = {0};
    size_t done = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    wf_buf_adds(&text, head);
    for (unsigned i = 0; done < file_bytes; i++) {
        size_t before = text.len;
        row(&text, i);
        done += text.len - before;
        if (text.len > 1 << 20)
            put(fd, &text);
    }
    wf_buf_adds(&text, tail);
    put(fd, &text);
    close(fd);
    wf_buf_free(&text);
}

static void check(int rc, const struct wf_error *err) {
    if (rc == 0)
        return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static void run(const char *what, enum wf_item_input input, const char *head,
                void (*row)(struct wf_buf *out, unsigned i),
                const char *tail) {
    const char *roots[] = {directory, NULL};
    struct wf_item_stores stores = {.roots = roots};
    struct wf_item_options options = {.dataset = WF_ITEM_OBJECT,
                                      .input = input,
                                      .stores = &stores,
                                      .key = WF_STR("items")};
    struct wf_item_batch batch = {0};
    struct wf_error err = {0};
    struct rusage usage;
    char path[4096];
    uint64_t items = 0;

    snprintf(path, sizeof(path), "%s/items", directory);
    make(path, head, row, tail);
    struct wf_item_reader *reader = wf_item_reader_new(&options);
    double cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    while (!batch.end) {
        check(wf_item_reader_next(reader, 1000, 1 << 20, &batch, &err),
              &err);
        items += batch.count;
    }
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    getrusage(RUSAGE_SELF, &usage);
    printf("%-12s %7.0f MB/s %9.0f items/s  %llu items, %ld MiB RSS\n", what,
           (double)file_bytes / cpu / 1e6, (double)items / cpu,
           (unsigned long long)items, usage.ru_maxrss / 1024);
    unlink(path);
    wf_item_batch_free(&batch);
    wf_item_reader_free(reader);
}

static uint64_t add_results(struct wf_item_writer *writer) {
    struct wf_item_result result = {
        .execution_arn = WF_STR("arn:aws:states:us-east-1:000000000000:"
                                "execution:m/Map:0197c6d2-1b7e-7a11-b51c-"
                                "000000000000"),
        .state_machine_arn = WF_STR("arn:aws:states:us-east-1:000000000000:"
                                    "stateMachine:m/Map"),
        .name = WF_STR("0197c6d2-1b7e-7a11-b51c-000000000000"),
        .status = WF_STR("SUCCEEDED"),
        .input = WF_STR("{\"id\":\"1\",\"name\":\"customer-7919\"}"),
        .output = WF_STR("{\"id\":\"1\",\"total\":17.5}"),
        .start_ms = 1738633790099,
        .stop_ms = 1738633790163,
    };
    struct wf_buf position = {0};
    struct wf_error err = {0};
    uint64_t count = file_bytes / 512;

    for (uint64_t i = 1; i <= count; i++) {
        check(wf_item_writer_add(writer, WF_RESULT_SUCCEEDED, &result, &err),
              &err);
        if (i % 1000)
            continue;
        position.len = 0;
        check(wf_item_writer_flush(writer, &position, &err), &err);
    }
    check(wf_item_writer_finish(writer, &position, &err), &err);
    wf_buf_free(&position);
    return count;
}

static void run_writer(void) {
    const char *roots[] = {directory, NULL};
    struct wf_item_stores stores = {.roots = roots};
    struct wf_item_writer_options options = {.stores = &stores,
                                             .map_run = WF_STR("results"),
                                             .sync = true};
    struct wf_error err = {0};
    struct wf_item_writer *writer =
        wf_item_writer_open(&options, WF_STR(""), &err);

    check(writer ? 0 : -1, &err);
    double cpu = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
    uint64_t count = add_results(writer);
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = now(CLOCK_MONOTONIC) - wall;
    printf("results      %9.0f results/s of CPU time, %.0f/s of time\n",
           (double)count / cpu, (double)count / wall);
    wf_item_writer_free(writer);
}

int main(int argc, char **argv) {
    static const char head[] = "id,name,date,price,currency,state,key,"
                               "remark\n";

    if (argc > 1)
        file_bytes = (size_t)strtoul(argv[1], NULL, 10) << 20;
    char *made = bench_directory_new(argc > 2 ? argv[2] : NULL);
    directory = made;
    printf("files of %zu MiB, batches of 1,000 items, one core\n",
           file_bytes >> 20);
    run("CSV", WF_ITEM_INPUT_CSV, head, plain_row, "");
    run("CSV, quoted", WF_ITEM_INPUT_CSV, head, quoted_row, "");
    run("JSON", WF_ITEM_INPUT_JSON, "[", json_row, "]");
    run("JSONL", WF_ITEM_INPUT_JSONL, "", jsonl_row, "");
    run_writer();
    bench_directory_free(made);
    return 0;
}
