/*
 * bench_engine.c - the engine's figures: bench_engine FIGURE [NUMBER]
 *
 *   transitions [SECONDS]  1,000 in flight, 8 Pass and 2 Choice, 230 bytes
 *   tasks [SECONDS]        1,000 in flight, 10 Lua Tasks, 1 worker
 *   one-tasks [RUNS]       one execution of 10 Tasks alone: latency
 *   one-pass [RUNS]        one execution of 10 Pass states alone: latency
 *   express [SECONDS]      EXPRESS, the machine of `transitions`
 *   waiting [COUNT]        memory of parked executions; start with them
 *   list [COUNT]           ListExecutions with so many in memory
 *   loop [EVENTS]          one Choice loop
 *   timers [COUNT]         all due in one second
 *   recovery [MIB]         start after a crash with the journal at its budget
 *
 * Each line printed is `figure  value unit`. The store lies below $BENCH_DIR
 * (default: the temporary directory).
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_bare.h"
#include "bench_rig.h"
#include "lua_stdlib.h"
#include "worker.h"

static const char INPUT_230[] =
    "{\"order\":{\"id\":9007199254740993,\"customer\":\"c-48151623\","
    "\"items\":[{\"sku\":\"A-1\",\"count\":2,\"price\":19.90},"
    "{\"sku\":\"B-7\",\"count\":1,\"price\":5.00}]},\"region\":\"eu-1\","
    "\"priority\":3,\"express\":false,\"note\":\"leave at the door, please\","
    "\"tags\":[\"new\",\"eu\"]}";

static const char PASS_MACHINE[] =
    "{\"StartAt\":\"P1\",\"States\":{"
    "\"P1\":{\"Type\":\"Pass\",\"Next\":\"P2\"},"
    "\"P2\":{\"Type\":\"Pass\",\"Next\":\"C1\"},"
    "\"C1\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.priority\","
    "\"NumericGreaterThan\":5,\"Next\":\"P8\"},{\"Variable\":\"$.region\","
    "\"StringEquals\":\"eu-1\",\"Next\":\"P3\"}],\"Default\":\"P8\"},"
    "\"P3\":{\"Type\":\"Pass\",\"Next\":\"P4\"},"
    "\"P4\":{\"Type\":\"Pass\",\"Next\":\"P5\"},"
    "\"P5\":{\"Type\":\"Pass\",\"Next\":\"C2\"},"
    "\"C2\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.express\","
    "\"BooleanEquals\":true,\"Next\":\"P8\"}],\"Default\":\"P6\"},"
    "\"P6\":{\"Type\":\"Pass\",\"Next\":\"P7\"},"
    "\"P7\":{\"Type\":\"Pass\",\"Next\":\"P8\"},"
    "\"P8\":{\"Type\":\"Pass\",\"End\":true}}}";

static const char WAIT_MACHINE[] =
    "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\","
    "\"Seconds\":86400,\"End\":true}}}";

static void print(const char *name, double value, const char *unit) {
    printf("%-44s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

/* 10 states of one kind: `body` is what follows "Type":. */
static char *chain(const char *body) {
    struct wf_buf out = {0};
    wf_buf_adds(&out, "{\"StartAt\":\"S0\",\"States\":{");
    for (int i = 0; i < 10; i++) {
        wf_buf_addf(&out, "%s\"S%d\":{\"Type\":%s,", i ? "," : "", i, body);
        if (i < 9)
            wf_buf_addf(&out, "\"Next\":\"S%d\"}", i + 1);
        else
            wf_buf_adds(&out, "\"End\":true}");
    }
    wf_buf_adds(&out, "}}");
    wf_buf_u8(&out, 0);
    return out.data;
}

/* The handler of the task figures. */
static const char handlers_body[] =
    "return { answer = function(input)\n"
    "  return { order = input.order.id, status = \"accepted\",\n"
    "    note = \"a trivial answer of about a hundred bytes, as "
    "promised\" }\nend }\n";

/* The same rows by bare LMDB, as many executions a commit. */
static void beside(struct bench_rig *rig, double transitions,
                   double commits) {
    struct bench_rows rows;
    double each = transitions / 10 / (commits > 0 ? commits : 1);
    bench_rows_measure(rig, &rows);
    print("bytes of an ended execution's rows",
          (double)(rows.execution + rows.name + rows.list), "bytes");
    print("bare LMDB, the same rows: transitions",
          10 * bench_bare_lmdb(&rows, each > 1 ? (unsigned)each : 1, 3),
          "/s");
}

static void throughput(const char *figure, const char *definition,
                       const char *handlers, bool express, double seconds) {
    struct bench_rig rig = {0};
    struct wf_engine_stats before, after;
    struct wf_store_stats store, store_before;
    uint64_t written = 0, written_after = 0;
    char name[80];

    bench_rig_open(&rig, NULL, handlers, 1);
    bench_rig_machine(&rig, "bench", definition, express);
    struct bench_load warm = {.rig = &rig, .input = INPUT_230,
                              .left = 3000, .sync = express};
    bench_load_run(&warm, 1000);
    struct bench_samples sync = {0};
    bench_fdatasync(rig.directory, 200, &sync);
    wf_engine_stats(rig.engine, &before);
    wf_store_stats(rig.store, &store_before);
    bench_device_written(rig.directory, &written);
    uint64_t start = wf_clock_mono_ns();
    struct bench_load load = {
        .rig = &rig,
        .input = INPUT_230,
        .left = UINT64_MAX,
        .until_ns = start + (uint64_t)(seconds * 1e9),
        .sync = express,
    };
    bench_load_run(&load, 1000);
    double took = (double)(wf_clock_mono_ns() - start) / 1e9;
    wf_engine_stats(rig.engine, &after);
    bench_device_written(rig.directory, &written_after);
    wf_store_stats(rig.store, &store);
    store.commits -= store_before.commits;
    double made = (double)(after.transitions - before.transitions);
    snprintf(name, sizeof(name), "%s: transitions", figure);
    print(name, made / took, "/s");
    if (!express) {
        snprintf(name, sizeof(name), "%s: written per transition", figure);
        print(name, (double)(written_after - written) / made, "bytes");
        snprintf(name, sizeof(name), "%s: transitions per commit", figure);
        print(name, made / (double)(store.commits ? store.commits : 1), "");
        beside(&rig, made, (double)store.commits);
        print("fdatasync p50", (double)bench_percentile(&sync, 50) / 1e3,
              "us");
    }
    if (load.failed || load.refused)
        print("FAILED OR REFUSED", (double)(load.failed + load.refused), "");
    bench_samples_free(&sync);
    bench_rig_close(&rig);
}

/* As many commits of bare LMDB, one after the other, each with the rows of
 * one execution. */
static void beside_latency(struct bench_rig *rig, double commits) {
    struct bench_rows rows;
    bench_rows_measure(rig, &rows);
    double rate = bench_bare_lmdb(&rows, 1, 1);
    print("bare LMDB, as many commits", commits * 1e3 / rate, "ms");
}

static void latency(const char *figure, const char *definition,
                    const char *handlers, uint64_t runs) {
    struct bench_rig rig = {0};
    char name[80];
    bench_rig_open(&rig, NULL, handlers, 1);
    bench_rig_machine(&rig, "bench", definition, false);
    struct bench_load warm = {.rig = &rig, .input = INPUT_230, .left = 50};
    bench_load_run(&warm, 1);
    struct bench_samples sync = {0};
    bench_fdatasync(rig.directory, 200, &sync);
    struct bench_load load = {.rig = &rig, .input = INPUT_230, .left = runs,
                              .wants_latencies = true};
    struct wf_store_stats before, after;
    wf_store_stats(rig.store, &before);
    bench_load_run(&load, 1);
    wf_store_stats(rig.store, &after);
    for (int i = 0; i < 2; i++) {
        double percent = i ? 99 : 50;
        snprintf(name, sizeof(name), "%s: p%.0f", figure, percent);
        print(name, (double)bench_percentile(&load.latencies, percent) / 1e6,
              "ms");
    }
    print("commits for each",
          (double)(after.commits - before.commits) / (double)runs, "");
    print("commit, mean",
          (double)(after.commit_ns - before.commit_ns) / 1e3 /
              (double)(after.commits - before.commits),
          "us");
    print("fdatasync p50", (double)bench_percentile(&sync, 50) / 1e3, "us");
    beside_latency(&rig, (double)(after.commits - before.commits) /
                             (double)runs);
    bench_samples_free(&sync);
    bench_samples_free(&load.latencies);
    bench_rig_close(&rig);
}

struct parked_wait {
    struct bench_rig *rig;
    uint64_t most;
};

static bool are_parked(void *arg) {
    struct parked_wait *wait = arg;
    struct wf_engine_stats stats;
    wf_engine_stats(wait->rig->engine, &stats);
    return stats.active_executions <= wait->most;
}

static double open_ms(struct bench_rig *rig, const char *directory) {
    uint64_t start = wf_clock_mono_ns();
    bench_rig_open(rig, directory, NULL, 1);
    return (double)(wf_clock_mono_ns() - start) / 1e6;
}

static void waiting(uint64_t count) {
    struct bench_rig rig = {0};
    char *directory = bench_directory_new(getenv("BENCH_DIR"));
    print("ready after start: empty store", open_ms(&rig, directory), "ms");
    bench_rig_machine(&rig, "wait", WAIT_MACHINE, false);
    struct bench_load warm = {.rig = &rig, .input = INPUT_230,
                              .left = 10000, .only_start = true};
    bench_load_run(&warm, 1000);
    struct parked_wait wait = {&rig, 0};
    bench_rig_turn_until(&rig, are_parked, &wait);
    long before = bench_memory_kb("/proc/self/status", "RssAnon:");
    uint64_t start = wf_clock_mono_ns();
    struct bench_load load = {.rig = &rig, .input = INPUT_230, .left = count,
                              .only_start = true};
    bench_load_run(&load, 1000);
    double took = (double)(wf_clock_mono_ns() - start) / 1e9;
    print("waiting: starts", (double)count / took, "/s");
    bench_rig_turn_until(&rig, are_parked, &wait);
    long after = bench_memory_kb("/proc/self/status", "RssAnon:");
    print("waiting: anonymous RSS before", (double)before, "KiB");
    print("waiting: anonymous RSS after", (double)after, "KiB");
    print("waiting: anonymous RSS per execution",
          (double)(after - before) * 1024 / (double)count, "bytes");
    bench_rig_close(&rig);
    print("ready after start: with them waiting", open_ms(&rig, directory),
          "ms");
    bench_rig_close(&rig);
    bench_directory_free(directory);
}

static void list_read(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *executions,
                      size_t count, struct wf_str token) {
    (void)executions;
    (void)token;
    *(bool *)arg = !refusal && count == 100;
}

static bool is_true(void *arg) {
    return *(bool *)arg;
}

/* ListExecutions, 100 a page, while so many executions are in memory. */
static void list(uint64_t count) {
    struct bench_rig rig = {.idle_ms = 86400000,
                            .memory_bytes = (size_t)4 << 30};
    struct bench_samples times = {0};
    bench_rig_open(&rig, NULL, NULL, 1);
    bench_rig_machine(&rig, "wait", WAIT_MACHINE, false);
    struct bench_load load = {.rig = &rig, .input = INPUT_230, .left = count,
                              .only_start = true};
    bench_load_run(&load, 1000);
    bench_rig_flush(&rig);
    struct wf_list_executions ask = {.state_machine_arn = wf_str(rig.arn),
                                     .max_results = 100};
    for (int i = 0; i < 100; i++) {
        bool done = false;
        uint64_t start = wf_clock_mono_ns();
        wf_engine_list_executions(rig.engine, &ask, list_read, &done);
        bench_rig_turn_until(&rig, is_true, &done);
        bench_samples_add(&times, wf_clock_mono_ns() - start);
    }
    print("a page of 100 executions: p50",
          (double)bench_percentile(&times, 50) / 1e6, "ms");
    print("a page of 100 executions: p99",
          (double)bench_percentile(&times, 99) / 1e6, "ms");
    bench_samples_free(&times);
    bench_rig_close(&rig);
}

static void express(double seconds) {
    throughput("express", PASS_MACHINE, NULL, true, seconds);
}

struct page {
    bool done;
    size_t count;
};

static void page_read(void *arg, const struct wf_refusal *refusal,
                      const struct wf_history_event *events, size_t count,
                      struct wf_str token) {
    struct page *page = arg;
    (void)events;
    (void)token;
    page->count = refusal ? 0 : count;
    page->done = true;
}

static bool page_done(void *arg) {
    return ((struct page *)arg)->done;
}

static void keep_arn(void *arg, const struct wf_refusal *refusal,
                     const struct wf_execution_reply *reply) {
    if (!refusal)
        snprintf(arg, 256, "%.*s", (int)reply->arn.len, reply->arn.data);
}

static double page_ms(struct bench_rig *rig, const char *arn, bool reverse) {
    struct page page = {0};
    struct wf_get_history ask = {.execution_arn = wf_str(arn),
                                 .max_results = 100, .reverse = reverse};
    uint64_t start = wf_clock_mono_ns();
    wf_engine_get_history(rig->engine, &ask, page_read, &page);
    bench_rig_turn_until(rig, page_done, &page);
    if (page.count != 100)
        fprintf(stderr, "bench: a page has %zu events\n", page.count);
    return (double)(wf_clock_mono_ns() - start) / 1e6;
}

/* While the loop goes on writing: some of 1,001 pages. */
static void page_figures(struct bench_rig *rig, const char *arn,
                         bool reverse) {
    static const struct {
        const char *name;
        double percentile;
    } figures[] = {{"p50", 50}, {"p99", 99}, {"worst", 100}};
    struct bench_samples samples = {0};
    char name[80];
    for (int i = 0; i < 1001; i++)
        bench_samples_add(&samples,
                          (uint64_t)(page_ms(rig, arn, reverse) * 1e6));
    for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
        snprintf(name, sizeof(name), "loop: %s page, %s",
                 reverse ? "last" : "first", figures[i].name);
        print(name,
              (double)bench_percentile(&samples, figures[i].percentile) / 1e6,
              "ms");
    }
    bench_samples_free(&samples);
}

struct events_wait {
    struct bench_rig *rig;
    uint64_t events;
    uint64_t journal_max;
};

static bool has_events(void *arg) {
    struct events_wait *wait = arg;
    struct wf_engine_stats stats;
    wf_engine_stats(wait->rig->engine, &stats);
    if (stats.journal_bytes > wait->journal_max)
        wait->journal_max = stats.journal_bytes;
    return stats.events >= wait->events;
}

static void loop(uint64_t events) {
    struct bench_rig rig = {0};
    char arn[256] = "", *directory = bench_directory_new(getenv("BENCH_DIR"));
    bench_rig_open(&rig, directory, NULL, 1);
    bench_rig_machine(&rig, "loop",
                      "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":"
                      "\"Choice\",\"Choices\":[{\"Variable\":\"$.region\","
                      "\"StringEquals\":\"eu-1\",\"Next\":\"P\"}],"
                      "\"Default\":\"E\"},\"P\":{\"Type\":\"Pass\","
                      "\"Next\":\"C\"},\"E\":{\"Type\":\"Succeed\"}}}",
                      false);
    struct wf_start_execution ask = {.state_machine_arn = wf_str(rig.arn),
                                     .input = wf_str(INPUT_230)};
    wf_engine_start_execution(rig.engine, &ask, keep_arn, arn);
    struct events_wait wait = {&rig, events / 10, 0};
    uint64_t start = wf_clock_mono_ns();
    bench_rig_turn_until(&rig, has_events, &wait);
    long before = bench_memory_kb("/proc/self/status", "RssAnon:");
    wait.events = events;
    bench_rig_turn_until(&rig, has_events, &wait);
    double took = (double)(wf_clock_mono_ns() - start) / 1e9;
    long after = bench_memory_kb("/proc/self/status", "RssAnon:");
    print("loop: events", (double)events / took, "/s");
    print("loop: anonymous RSS at a tenth", (double)before, "KiB");
    print("loop: anonymous RSS at the end", (double)after, "KiB");
    print("loop: journal, at most", (double)wait.journal_max / 1048576,
          "MiB");
    page_figures(&rig, arn, false);
    page_figures(&rig, arn, true);
    fflush(stdout);
    /* A crash: what is not durable is lost. */
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    bench_rig_close(&rig);
    print("loop: ready after a stop in the middle", open_ms(&rig, directory),
          "ms");
    bench_rig_close(&rig);
    bench_directory_free(directory);
}

struct ended_wait {
    struct bench_rig *rig;
    uint64_t ended;
    long rss_max;
    uint64_t next_probe_ns;
    struct bench_load *probe;
};

static bool all_ended(void *arg) {
    struct ended_wait *wait = arg;
    struct wf_engine_stats stats;
    wf_engine_stats(wait->rig->engine, &stats);
    uint64_t now = wf_clock_mono_ns();
    if (now > wait->next_probe_ns) {
        long rss = bench_memory_kb("/proc/self/status", "RssAnon:");
        if (rss > wait->rss_max)
            wait->rss_max = rss;
        wait->next_probe_ns = now + 100000000;
    }
    return stats.executions_ended >= wait->ended;
}

static void timers(uint64_t count) {
    struct bench_rig rig = {0};
    char definition[256], when[25];
    bench_rig_open(&rig, NULL, NULL, 1);
    /* Time enough to start them all, at 20,000/s, and to let them park. */
    int64_t due = wf_clock_now_ms(&rig.clock) + (int64_t)count / 20 + 10000;
    wf_clock_iso(due, when);
    snprintf(definition, sizeof(definition),
             "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\","
             "\"Timestamp\":\"%s\",\"End\":true}}}",
             when);
    bench_rig_machine(&rig, "probe",
                      "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":"
                      "\"Pass\",\"End\":true}}}",
                      false);
    char probe_arn[256];
    snprintf(probe_arn, sizeof(probe_arn), "%s", rig.arn);
    bench_rig_machine(&rig, "timers", definition, false);
    struct bench_load load = {.rig = &rig, .input = INPUT_230, .left = count,
                              .only_start = true};
    bench_load_run(&load, 1000);
    if (wf_clock_now_ms(&rig.clock) > due - 4000)
        fprintf(stderr, "bench: starting took too long for this figure\n");
    struct wf_engine_stats stats;
    do {
        ev_run(rig.loop, EVRUN_ONCE);
    } while (wf_clock_now_ms(&rig.clock) < due);
    /* A client of another machine works all the while. */
    memcpy(rig.arn, probe_arn, sizeof(probe_arn));
    uint64_t start = wf_clock_mono_ns();
    struct bench_samples probes = {0};
    struct ended_wait wait = {.rig = &rig, .ended = count};
    while (!all_ended(&wait)) {
        struct bench_load probe = {.rig = &rig, .input = "{}", .left = 5,
                                   .wants_latencies = true};
        bench_load_run(&probe, 1);
        wait.ended += 5;
        for (size_t i = 0; i < probe.latencies.count; i++)
            bench_samples_add(&probes, probe.latencies.ns[i]);
        bench_samples_free(&probe.latencies);
    }
    double took = (double)(wf_clock_mono_ns() - start) / 1e9;
    wf_engine_stats(rig.engine, &stats);
    print("timers: until all have fired", took, "s");
    print("timers: fired", (double)count / took, "/s");
    struct bench_rows rows;
    struct bench_samples sync = {0};
    bench_rows_measure(&rig, &rows);
    bench_fdatasync(rig.directory, 200, &sync);
    print("bare LMDB, rows of as many ended ones",
          bench_bare_lmdb(&rows, 1000, 2), "/s");
    print("fdatasync p50", (double)bench_percentile(&sync, 50) / 1e3, "us");
    bench_samples_free(&sync);
    print("timers: anonymous RSS, at most", (double)wait.rss_max, "KiB");
    print("timers: another execution meanwhile, p50",
          (double)bench_percentile(&probes, 50) / 1e6, "ms");
    print("timers: another execution meanwhile, p99",
          (double)bench_percentile(&probes, 99) / 1e6, "ms");
    bench_samples_free(&probes);
    bench_rig_close(&rig);
}

/* Fills the journal in a child that then dies, and opens the store. */
static void recovery(double mib) {
    char *directory = bench_directory_new(getenv("BENCH_DIR"));
    /* Nothing parks: all that is started stays in the journal. */
    struct bench_rig rig = {.idle_ms = 86400000,
                            .memory_bytes = (size_t)4 << 30};
    pid_t pid = fork();
    if (pid == 0) {
        struct wf_engine_stats stats;
        bench_rig_open(&rig, directory, NULL, 1);
        bench_rig_machine(&rig, "wait",
                          "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":"
                          "\"Wait\",\"Seconds\":3600,\"End\":true}}}",
                          false);
        do {
            struct bench_load load = {.rig = &rig, .input = INPUT_230,
                                      .left = 1000, .only_start = true};
            bench_load_run(&load, 1000);
            wf_engine_stats(rig.engine, &stats);
        } while ((double)stats.journal_bytes < mib * 1048576);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    double took = open_ms(&rig, directory);
    struct wf_engine_stats stats;
    wf_engine_stats(rig.engine, &stats);
    print("recovery: journal", (double)stats.journal_bytes / 1048576, "MiB");
    print("recovery: executions", (double)stats.active_executions, "");
    print("recovery: ready after", took, "ms");
    bench_rig_close(&rig);
    bench_directory_free(directory);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const char *figure = argc > 1 ? argv[1] : "";
    double number = argc > 2 ? atof(argv[2]) : 0;
    char *tasks = chain("\"Task\",\"Resource\":\"lua:bench.answer\","
                        "\"ResultPath\":\"$.answer\"");
    char *passes = chain("\"Pass\"");
    char *handlers = bench_handlers_new(handlers_body);

    if (strcmp(figure, "transitions") == 0)
        throughput("transitions", PASS_MACHINE, NULL, false,
                   number ? number : 5);
    else if (strcmp(figure, "tasks") == 0)
        throughput("tasks", tasks, handlers, false, number ? number : 5);
    else if (strcmp(figure, "one-tasks") == 0)
        latency("one execution of 10 tasks", tasks, handlers,
                number ? (uint64_t)number : 500);
    else if (strcmp(figure, "one-pass") == 0)
        latency("one execution of 10 Pass states", passes, NULL,
                number ? (uint64_t)number : 2000);
    else if (strcmp(figure, "express") == 0)
        express(number ? number : 5);
    else if (strcmp(figure, "waiting") == 0)
        waiting(number ? (uint64_t)number : 1000000);
    else if (strcmp(figure, "list") == 0)
        list(number ? (uint64_t)number : 100000);
    else if (strcmp(figure, "loop") == 0)
        loop(number ? (uint64_t)number : 10000000);
    else if (strcmp(figure, "timers") == 0)
        timers(number ? (uint64_t)number : 1000000);
    else if (strcmp(figure, "recovery") == 0)
        recovery(number ? number : 47.5);
    else
        fprintf(stderr, "bench_engine: which figure? See the head of %s\n",
                __FILE__);
    free(tasks);
    free(passes);
    bench_directory_free(handlers);
    return 0;
}
