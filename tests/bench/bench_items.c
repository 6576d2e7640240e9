/*
 * bench_items.c - what reading the items of a data set costs: CSV, JSON and
 * JSONL files of a size, in batches of 1,000, on one core. Prints a line for
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
        if (wf_item_reader_next(reader, 1000, 1 << 20, &batch, &err) != 0) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
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
    bench_directory_free(made);
    return 0;
}
