/*
 * bench_stored.c - a store with many executions: bench_stored [COUNT]
 *
 * COUNT executions (default 1,000,000) of a state machine have ended: pages of
 * ListExecutions, the engine's start; and a backup while 1,000 clients start
 * executions as fast as they can: by how much the store's file grows beyond
 * what they write.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench_rig.h"
#include "lua_stdlib.h"
#include "worker.h"

#define CLIENTS 1000
#define SLICE_NS UINT64_C(500000000)
#define SLICES_BEFORE 20

static const char MACHINE[] =
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Pass\",\"End\":true}}}";

static void print(const char *name, double value, const char *unit) {
    printf("%-50s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

static bool is_true(void *arg) {
    return *(bool *)arg;
}

/* ---- lists ---- */

struct page {
    bool done;
    size_t count;
    char token[512];
};

static void page_read(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *executions,
                      size_t count, struct wf_str token) {
    struct page *page = arg;
    (void)executions;
    page->done = true;
    page->count = refusal ? 0 : count;
    snprintf(page->token, sizeof(page->token), "%.*s", (int)token.len,
             token.data ? token.data : "");
}

/* From the newest on. */
static void lists(struct bench_rig *rig, int pages) {
    struct bench_samples times = {0};
    struct page page = {0};
    for (int i = 0; i < pages; i++) {
        const struct wf_list_executions ask = {
            .state_machine_arn = wf_str(rig->arn),
            .max_results = 100,
            .next_token = page.token[0] ? wf_str(page.token) : WF_STR_NULL};
        uint64_t start = wf_clock_mono_ns();
        page.done = false;
        wf_engine_list_executions(rig->engine, &ask, page_read, &page);
        bench_rig_turn_until(rig, is_true, &page.done);
        bench_samples_add(&times, wf_clock_mono_ns() - start);
        if (page.count != 100)
            fprintf(stderr, "bench: a page has %zu\n", page.count);
    }
    print("ListExecutions, a page of 100: p50",
          (double)bench_percentile(&times, 50) / 1e6, "ms");
    print("ListExecutions, a page of 100: p99",
          (double)bench_percentile(&times, 99) / 1e6, "ms");
    bench_samples_free(&times);
}

static double open_ms(struct bench_rig *rig, const char *directory) {
    uint64_t start = wf_clock_mono_ns();
    bench_rig_open(rig, directory, NULL, 1);
    return (double)(wf_clock_mono_ns() - start) / 1e6;
}

/* ---- a backup under load ---- */

static double file_mib(const char *directory) {
    char path[512];
    struct stat info;
    snprintf(path, sizeof(path), "%s/moonstep.mdb", directory);
    return stat(path, &info) == 0 ? (double)info.st_size / 1048576 : 0;
}

static void begun(void *arg, const struct wf_refusal *refusal) {
    if (refusal) {
        fprintf(stderr, "bench: no backup: %.*s\n",
                (int)refusal->message.len, refusal->message.data);
        exit(1);
    }
    *(bool *)arg = true;
}

struct progress {
    bool done, runs;
    double mib;
};

static void described(void *arg, const struct wf_refusal *refusal,
                      const struct wf_backup_reply *reply) {
    struct progress *progress = arg;
    progress->done = true;
    progress->runs = !refusal && strcmp(reply->status, "RUNNING") == 0;
    if (!refusal) {
        progress->mib = (double)reply->bytes / 1048576;
        if (strcmp(reply->status, "FAILED") == 0)
            fprintf(stderr, "bench: %.*s\n", (int)reply->error.len,
                    reply->error.data);
    }
}

/* Half a second with all clients; the executions that have ended. */
static uint64_t slice(struct bench_rig *rig, struct bench_samples *times) {
    struct bench_load load = {.rig = rig,
                              .input = "{}",
                              .left = UINT64_MAX,
                              .until_ns = wf_clock_mono_ns() + SLICE_NS,
                              .wants_latencies = true};
    bench_load_run(&load, CLIENTS);
    bench_samples_add(times, bench_percentile(&load.latencies, 99));
    bench_samples_free(&load.latencies);
    return load.ended;
}

static void backup(struct bench_rig *rig, const char *directory) {
    struct bench_samples quiet = {0}, busy = {0};
    struct progress progress = {0};
    uint64_t ended = 0;
    char copy[512];
    bool has_begun = false;
    slice(rig, &quiet);
    double size = file_mib(directory);
    for (int i = 0; i < SLICES_BEFORE; i++)
        ended += slice(rig, &quiet);
    bench_rig_flush(rig);
    double before = file_mib(directory);
    double each = (before - size) / (double)ended;
    print("load alone: executions",
          (double)ended / (SLICES_BEFORE * (double)SLICE_NS / 1e9), "/s");
    print("load alone: the file grows by", each * 1e6, "MiB/million");
    snprintf(copy, sizeof(copy), "%s.copy", directory);
    wf_engine_start_backup(rig->engine, wf_str(copy), begun, &has_begun);
    bench_rig_turn_until(rig, is_true, &has_begun);
    uint64_t start = wf_clock_mono_ns();
    ended = 0;
    do {
        ended += slice(rig, &busy);
        progress.done = false;
        wf_engine_describe_backup(rig->engine, described, &progress);
        bench_rig_turn_until(rig, is_true, &progress.done);
    } while (progress.runs);
    double seconds = (double)(wf_clock_mono_ns() - start) / 1e9;
    bench_rig_flush(rig);
    double grown = file_mib(directory) - before;
    print("backup: took", seconds, "s");
    print("backup: copied", progress.mib, "MiB");
    print("backup: executions meanwhile", (double)ended / seconds, "/s");
    print("backup: p99 of theirs, without it",
          (double)bench_percentile(&quiet, 50) / 1e6, "ms");
    print("backup: p99 of theirs, with it",
          (double)bench_percentile(&busy, 50) / 1e6, "ms");
    print("backup: the file had", before, "MiB");
    print("backup: it grew by", grown, "MiB");
    print("backup: of which is not the load's",
          grown - each * (double)ended, "MiB");
    print("backup: that is", (grown - each * (double)ended) / before * 100,
          "%");
    bench_samples_free(&quiet);
    bench_samples_free(&busy);
    bench_directory_free(strdup(copy));
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    char *directory = bench_directory_new(getenv("BENCH_DIR"));
    struct bench_rig rig = {0};
    print("ready after start: empty store", open_ms(&rig, directory), "ms");
    bench_rig_machine(&rig, "m", MACHINE, false);
    struct bench_load load = {.rig = &rig, .input = "{}", .left = count};
    bench_load_run(&load, CLIENTS);
    bench_rig_flush(&rig);
    lists(&rig, 200);
    bench_rig_close(&rig);
    print("ready after start: with these stored", open_ms(&rig, directory),
          "ms");
    bench_rig_machine(&rig, "m", MACHINE, false);
    lists(&rig, 200);
    backup(&rig, directory);
    bench_rig_close(&rig);
    bench_directory_free(directory);
    return 0;
}
