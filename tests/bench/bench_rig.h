/*
 * bench_rig.h - an engine over a store of its own, and closed-loop clients
 * inside the process, for the benchmarks of the engine.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include "bench_util.h"
#include "engine.h"

struct bench_rig {
    struct ev_loop *loop;
    struct wf_clock clock;
    struct wf_store *store;
    struct wf_engine *engine;
    char *directory; /* of the store; owned unless `keep` */
    bool keep;
    int64_t idle_ms; /* options of the engine, set before opening; 0: its */
    size_t memory_bytes; /* defaults */
    const struct wf_item_stores *stores; /* another one */
    char arn[256];   /* of the latest machine */
};

/** Opens store and engine; idle_ms and memory_bytes of `rig` are kept, the
 * rest need not be initialised. Ends the process with a message if it can't.
 * `directory` NULL: a new one. `handlers` NULL: none. */
void bench_rig_open(struct bench_rig *rig, const char *directory,
                    const char *handlers, unsigned workers);
void bench_rig_close(struct bench_rig *rig);
/** A directory of handlers with one file, bench.lua; see
 * bench_directory_free(). */
char *bench_handlers_new(const char *body);
void bench_rig_machine(struct bench_rig *rig, const char *name,
                       const char *definition, bool express);
/** Turns the loop until all that was asked for is durable. */
void bench_rig_flush(struct bench_rig *rig);
void bench_rig_turn_until(struct bench_rig *rig, bool (*done)(void *arg),
                          void *arg);

/** Clients that start an execution, wait for its end, and start again. */
struct bench_load {
    struct bench_rig *rig;
    const char *input;
    uint64_t until_ns;  /* monotonic; start none after this; 0: no limit */
    uint64_t left;      /* executions to start; UINT64_MAX: no limit */
    bool only_start;    /* do not wait for the end */
    bool sync;          /* StartSyncExecution */
    uint64_t started, ended, failed, refused;
    unsigned busy;      /* clients with a request under way */
    struct bench_samples latencies; /* start to end, if wanted */
    bool wants_latencies;
};
void bench_load_run(struct bench_load *load, unsigned clients);

/** A field of /proc/self/smaps_rollup or status in KiB ("RssAnon:"). */
long bench_memory_kb(const char *file, const char *field);

#endif
