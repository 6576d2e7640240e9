/*
 * bench_schedules.c - many schedules: bench_schedules [COUNT]
 *
 * COUNT schedules (default 100,000): making them, the engine's start beside
 * them, and all of them due in the same second, with another execution
 * meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench_rig.h"
#include "lua_stdlib.h"
#include "schedule.h"
#include "worker.h"

#define AT_ONCE 1000

static const char MACHINE[] =
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Pass\",\"End\":true}}}";

static void print(const char *name, double value, const char *unit) {
    printf("%-50s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

static double seconds_since(uint64_t start_ns) {
    return (double)(wf_clock_mono_ns() - start_ns) / 1e9;
}

/* ---- making them ---- */

struct making {
    struct bench_rig *rig;
    uint64_t next, answered, wanted;
    char expression[64], target[512];
};

static void make_next(struct making *making);

static void made(void *arg, const struct wf_refusal *refusal,
                 const struct wf_schedule_reply *reply) {
    struct making *making = arg;
    (void)reply;
    if (refusal) {
        fprintf(stderr, "bench: no schedule: %.*s\n",
                (int)refusal->message.len, refusal->message.data);
        exit(1);
    }
    making->answered++;
    make_next(making);
}

static void make_next(struct making *making) {
    char name[32];
    if (making->next == making->wanted)
        return;
    snprintf(name, sizeof(name), "s%llu",
             (unsigned long long)making->next++);
    const struct wf_schedule_ask ask = {
        .operation = WF_SCHEDULE_CREATE,
        .schedule = {.group = WF_STR(WF_DEFAULT_GROUP),
                     .name = wf_str(name),
                     .expression = wf_str(making->expression),
                     .target = wf_str(making->target)}};
    wf_engine_schedule(making->rig->engine, &ask, made, making);
}

static bool all_made(void *arg) {
    const struct making *making = arg;
    return making->answered == making->wanted;
}

/* So many whose names begin at `first`. */
static void make(struct bench_rig *rig, uint64_t first, uint64_t count,
                 time_t when) {
    struct making making = {
        .rig = rig, .next = first, .answered = first, .wanted = first + count};
    struct tm utc;
    gmtime_r(&when, &utc);
    strftime(making.expression, sizeof(making.expression),
             "at(%Y-%m-%dT%H:%M:%S)", &utc);
    snprintf(making.target, sizeof(making.target),
             "{\"Arn\":\"%s\",\"RoleArn\":"
             "\"arn:aws:iam::000000000000:role/r\",\"Input\":\"{}\"}",
             rig->arn);
    for (int i = 0; i < AT_ONCE; i++)
        make_next(&making);
    bench_rig_turn_until(rig, all_made, &making);
    bench_rig_flush(rig);
}

/* ---- firing ---- */

struct firing {
    struct bench_rig *rig;
    uint64_t wanted;
};

static bool have_fired(void *arg) {
    const struct firing *firing = arg;
    struct wf_engine_stats stats;
    wf_engine_stats(firing->rig->engine, &stats);
    return stats.executions_started >= firing->wanted;
}

/* All in the same second; the clock is the machine's. */
static void fire(struct bench_rig *rig, uint64_t count,
                 time_t when) {
    struct bench_samples times = {0};
    struct wf_engine_stats stats;
    wf_engine_stats(rig->engine, &stats);
    struct firing firing = {rig, stats.executions_started + count};
    while (time(NULL) < when)
        bench_rig_flush(rig);
    uint64_t start = wf_clock_mono_ns();
    long most = 0;
    while (!have_fired(&firing)) {
        long rss = bench_memory_kb("/proc/self/status", "RssAnon:");
        most = rss > most ? rss : most;
        struct bench_load other = {.rig = rig, .input = "{}", .left = 1,
                                   .wants_latencies = true};
        bench_load_run(&other, 1);
        firing.wanted++;
        bench_samples_add(&times, bench_percentile(&other.latencies, 50));
        bench_samples_free(&other.latencies);
    }
    double took = seconds_since(start);
    print("due in one second: until all have started", took, "s");
    print("due in one second: starts", (double)count / took, "/s");
    print("another execution meanwhile: p50",
          (double)bench_percentile(&times, 50) / 1e6, "ms");
    print("another execution meanwhile: p99",
          (double)bench_percentile(&times, 99) / 1e6, "ms");
    print("anonymous RSS meanwhile, at most", (double)most / 1024, "MiB");
    bench_samples_free(&times);
}

static double open_ms(struct bench_rig *rig, const char *directory) {
    uint64_t start = wf_clock_mono_ns();
    bench_rig_open(rig, directory, NULL, 1);
    return (double)(wf_clock_mono_ns() - start) / 1e6;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    char *directory = bench_directory_new(getenv("BENCH_DIR"));
    struct bench_rig rig = {0};
    bench_rig_open(&rig, directory, NULL, 1);
    bench_rig_machine(&rig, "m", MACHINE, false);
    time_t when = time(NULL) + 10 + (time_t)(count / 4000);
    uint64_t start = wf_clock_mono_ns();
    make(&rig, 0, count, when);
    print("schedules", (double)count, "");
    print("made", (double)count / seconds_since(start), "/s");
    print("anonymous RSS beside them",
          (double)bench_memory_kb("/proc/self/status", "RssAnon:") / 1024,
          "MiB");
    bench_rig_close(&rig);
    print("ready after start", open_ms(&rig, directory), "ms");
    bench_rig_machine(&rig, "m", MACHINE, false);
    if (time(NULL) >= when)
        fprintf(stderr, "bench: they were due before all were made\n");
    fire(&rig, count, when);
    bench_rig_close(&rig);
    bench_directory_free(directory);
    return 0;
}
