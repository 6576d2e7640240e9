/*
 * bench_map.c - figures of Maps: bench_map FIGURE [ITEMS]
 *
 *   pass [ITEMS]   children are one Pass state; time from start to end
 *   task [ITEMS]   children are one Lua task
 *   busy [ITEMS]   children are one Pass state: what others notice of it
 *   wait [ITEMS]   children wait: memory, and what waking one of them writes
 *   token [ITEMS]  children wait for their task tokens: memory, and what the
 *                  answer to one of them writes
 *   activity [ITEMS]   the same, for a worker that polls
 *   distributed [ITEMS]   rows of a CSV file, each the input of a child
 *                  execution of one Pass state: what others notice of it
 *
 * Each line printed is `figure  value unit`. The store lies below $BENCH_DIR
 * (default: the temporary directory).
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench_rig.h"
#include "item_bucket.h"
#include "lua_stdlib.h"
#include "worker.h"

static void print(const char *name, double value, const char *unit) {
    printf("%-44s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

/* A machine of one Map whose processor is one state. */
static char *map_of(const char *state) {
    struct wf_buf out = {0};
    wf_buf_addf(&out,
                "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\","
                "\"ItemProcessor\":{\"StartAt\":\"S\",\"States\":{\"S\":{"
                "\"Type\":%s,\"End\":true}}},\"End\":true}}}",
                state);
    wf_buf_u8(&out, 0);
    return out.data;
}

/* An array of small objects; `when` (may be NULL) is in each but the first,
 * which has `first`. */
static char *items_of(unsigned count, const char *first, const char *when) {
    struct wf_buf out = {0};
    wf_buf_adds(&out, "[");
    for (unsigned i = 0; i < count; i++) {
        wf_buf_addf(&out, "%s{\"order\":{\"id\":%u}", i ? "," : "", i);
        if (when)
            wf_buf_addf(&out, ",\"when\":\"%s\"", i ? when : first);
        wf_buf_adds(&out, "}");
    }
    wf_buf_adds(&out, "]");
    wf_buf_u8(&out, 0);
    return out.data;
}

static const char handlers_body[] =
    "return { answer = function(input)\n"
    "  return { order = input.order.id, status = \"accepted\" }\n"
    "end,\n"
    "submit = function(input)\n"
    "  if input.order.id == 0 then\n"
    "    require('fs').write(input.file, input.token)\n"
    "  end\n"
    "  return 'sent'\n"
    "end }\n";

struct map_wait {
    struct bench_rig *rig;
    uint64_t ended;
    long rss_max;
};

static bool has_ended(void *arg) {
    struct map_wait *wait = arg;
    struct wf_engine_stats stats;
    wf_engine_stats(wait->rig->engine, &stats);
    return stats.executions_ended >= wait->ended;
}

static bool has_ended_watched(void *arg) {
    struct map_wait *wait = arg;
    long rss = bench_memory_kb("/proc/self/status",
                               "RssAnon:");
    if (rss > wait->rss_max)
        wait->rss_max = rss;
    return has_ended(wait);
}

/* Starts one execution and waits for its end; returns seconds. */
static double run_one(struct bench_rig *rig, const char *input) {
    struct bench_load load = {.rig = rig, .input = input, .left = 1};
    uint64_t start = wf_clock_mono_ns();
    bench_load_run(&load, 1);
    if (load.failed || load.refused) {
        fprintf(stderr, "bench: the execution has failed\n");
        exit(1);
    }
    return (double)(wf_clock_mono_ns() - start) / 1e9;
}

static void timed(const char *figure, const char *state, const char *handlers,
                  unsigned items) {
    struct bench_rig rig = {0};
    char name[80];
    char *definition = map_of(state), *few = items_of(100, NULL, NULL);
    char *input = items_of(items, NULL, NULL);
    bench_rig_open(&rig, NULL, handlers, 1);
    bench_rig_machine(&rig, "map", definition, false);
    run_one(&rig, few);
    run_one(&rig, few);
    double took = run_one(&rig, input);
    snprintf(name, sizeof(name), "map %s: %u items", figure, items);
    print(name, took * 1e3, "ms");
    snprintf(name, sizeof(name), "map %s: an item", figure);
    print(name, took * 1e6 / items, "us");
    bench_rig_close(&rig);
    free(definition);
    free(few);
    free(input);
}

/* What is worked on while others look: its figures are called `name`. */
struct busy {
    const char *name;
    const char *definition, *input;
    const struct wf_item_stores *stores;
    unsigned items;
    uint64_t executions; /* that it makes */
};

static void print_busy(const struct busy *busy, const char *figure,
                       double value, const char *unit) {
    char name[100];
    snprintf(name, sizeof(name), "map %s: %s", busy->name, figure);
    print(name, value, unit);
}

/* A client of another machine works all the while. */
static void run_busy(const struct busy *busy) {
    struct bench_rig rig = {.stores = busy->stores};
    struct bench_samples probes = {0};
    char map_arn[256], probe_arn[256];
    unsigned items = busy->items;
    bench_rig_open(&rig, NULL, NULL, 1);
    bench_rig_machine(&rig, "map", busy->definition, false);
    memcpy(map_arn, rig.arn, sizeof(map_arn));
    bench_rig_machine(&rig, "probe",
                      "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":"
                      "\"Pass\",\"End\":true}}}",
                      false);
    memcpy(probe_arn, rig.arn, sizeof(probe_arn));
    run_one(&rig, "{}");
    long before = bench_memory_kb("/proc/self/status",
                               "RssAnon:");
    memcpy(rig.arn, map_arn, sizeof(map_arn));
    struct bench_load load = {.rig = &rig, .input = busy->input, .left = 1,
                              .only_start = true};
    uint64_t start = wf_clock_mono_ns();
    bench_load_run(&load, 1);
    print_busy(busy, "until its start was acknowledged",
               (double)(wf_clock_mono_ns() - start) / 1e6, "ms");
    memcpy(rig.arn, probe_arn, sizeof(probe_arn));
    struct map_wait wait = {.rig = &rig, .ended = 1 + busy->executions};
    while (!has_ended_watched(&wait)) {
        struct bench_load probe = {.rig = &rig, .input = "{}", .left = 5,
                                   .wants_latencies = true};
        bench_load_run(&probe, 1);
        wait.ended += 5;
        for (size_t i = 0; i < probe.latencies.count; i++)
            bench_samples_add(&probes, probe.latencies.ns[i]);
        bench_samples_free(&probe.latencies);
    }
    double took = (double)(wf_clock_mono_ns() - start) / 1e9;
    print_busy(busy, "items", items, "");
    print_busy(busy, "time, with a client beside it", took * 1e3, "ms");
    print_busy(busy, "an item", took * 1e6 / items, "us");
    print_busy(busy, "anonymous RSS before", (double)before, "KiB");
    print_busy(busy, "anonymous RSS, at most", (double)wait.rss_max, "KiB");
    print_busy(busy, "another execution meanwhile, p50",
               (double)bench_percentile(&probes, 50) / 1e6, "ms");
    print_busy(busy, "another execution meanwhile, p99",
               (double)bench_percentile(&probes, 99) / 1e6, "ms");
    bench_samples_free(&probes);
    bench_rig_close(&rig);
}

static void busy(unsigned items) {
    char *definition = map_of("\"Pass\"");
    char *input = items_of(items, NULL, NULL);
    run_busy(&(struct busy){.name = "busy",
                            .definition = definition,
                            .input = input,
                            .items = items,
                            .executions = 1});
    free(definition);
    free(input);
}

/* ---- distributed ---- */

static const char distributed_map[] =
    "{\"StartAt\":\"M\",\"States\":{\"M\":{\"Type\":\"Map\",\"ItemReader\":{"
    "\"Resource\":\"arn:aws:states:::s3:getObject\",\"ReaderConfig\":{"
    "\"InputType\":\"CSV\",\"CSVHeaderLocation\":\"FIRST_ROW\"},"
    "\"Parameters\":{\"Bucket\":\"bucket\",\"Key\":\"rows.csv\"}},"
    "\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\","
    "\"ExecutionType\":\"STANDARD\"},\"StartAt\":\"S\",\"States\":{\"S\":{"
    "\"Type\":\"Pass\",\"End\":true}}},\"ResultPath\":null,\"End\":true}}}";

/* A bucket with one object; the path of that. */
static char *write_rows(const char *root, unsigned items) {
    struct wf_buf path = {0};
    wf_buf_addf(&path, "%s/bucket", root);
    mkdir(path.data, 0700);
    wf_buf_adds(&path, "/rows.csv");
    FILE *file = fopen(path.data, "w");
    if (!file) {
        perror(path.data);
        exit(1);
    }
    fprintf(file, "id,name\n");
    for (unsigned i = 0; i < items; i++)
        fprintf(file, "%u,name %u\n", i, i);
    fclose(file);
    return path.data;
}

static void distributed(unsigned items) {
    char *root = bench_directory_new(getenv("BENCH_DIR"));
    char *rows = write_rows(root, items);
    struct wf_item_stores stores = {.roots = (const char *[]){root, NULL}};
    run_busy(&(struct busy){.name = "distributed",
                            .definition = distributed_map,
                            .input = "{}",
                            .stores = &stores,
                            .items = items,
                            .executions = (uint64_t)items + 1});
    unlink(rows);
    *strrchr(rows, '/') = '\0';
    rmdir(rows);
    free(rows);
    bench_directory_free(root);
}

static bool is_parked(void *arg) {
    struct map_wait *wait = arg;
    struct wf_engine_stats stats;
    wf_engine_stats(wait->rig->engine, &stats);
    return stats.active_executions == 0;
}

struct event_count {
    struct bench_rig *rig;
    uint64_t events;
};

static bool has_more_events(void *arg) {
    struct event_count *count = arg;
    struct wf_engine_stats stats;
    wf_engine_stats(count->rig->engine, &stats);
    return stats.events >= count->events;
}

static void waiting(unsigned items) {
    struct bench_rig rig = {.idle_ms = 1000};
    struct wf_engine_stats stats;
    struct wf_store_stats before, after;
    char first[25], when[25];
    char *definition = map_of("\"Wait\",\"TimestampPath\":\"$.when\"");
    bench_rig_open(&rig, NULL, NULL, 1);
    int64_t now = wf_clock_now_ms(&rig.clock);
    int64_t due = now + 20000 + items / 10;
    wf_clock_iso(due, first);
    wf_clock_iso(now + 7 * 86400000LL, when);
    char *input = items_of(items, first, when);
    bench_rig_machine(&rig, "map", definition, false);
    long rss = bench_memory_kb("/proc/self/status",
                               "RssAnon:");
    struct bench_load load = {.rig = &rig, .input = input, .left = 1,
                              .only_start = true};
    uint64_t start = wf_clock_mono_ns();
    bench_load_run(&load, 1);
    struct map_wait wait = {.rig = &rig};
    bench_rig_turn_until(&rig, is_parked, &wait);
    double took = (double)(wf_clock_mono_ns() - start) / 1e9;
    long parked = bench_memory_kb("/proc/self/status",
                               "RssAnon:");
    print("map wait: iterations", items, "");
    print("map wait: until all are parked", took, "s");
    print("map wait: anonymous RSS more than before",
          (double)(parked - rss), "KiB");
    if (wf_clock_now_ms(&rig.clock) > due - 2000)
        fprintf(stderr, "bench: parking took too long for this figure\n");
    wf_engine_stats(rig.engine, &stats);
    wf_store_stats(rig.store, &before);
    /* WaitStateExited and MapIterationSucceeded of the first. */
    struct event_count one = {&rig, stats.events + 2};
    bench_rig_turn_until(&rig, has_more_events, &one);
    bench_rig_flush(&rig);
    bench_rig_turn_until(&rig, is_parked, &wait);
    bench_rig_flush(&rig);
    wf_store_stats(rig.store, &after);
    print("map wait: waking one writes",
          (double)(after.bytes_in - before.bytes_in), "bytes of rows");
    print("map wait: in commits",
          (double)(after.commits - before.commits), "");
    bench_rig_close(&rig);
    free(definition);
    free(input);
}

/* ---- those that wait for somebody else ---- */

#define ACTIVITY "arn:aws:states:us-east-1:000000000000:activity:bench"

/* What came back. */
struct reply {
    bool done;
    char token[128];
};

static void on_done(void *arg, const struct wf_refusal *refusal) {
    struct reply *reply = arg;
    if (refusal) {
        fprintf(stderr, "bench: %s\n", refusal->exception);
        exit(1);
    }
    reply->done = true;
}

static void on_activity(void *arg, const struct wf_refusal *refusal,
                        const struct wf_activity_reply *activity) {
    (void)activity;
    on_done(arg, refusal);
}

static void on_task(void *arg, const struct wf_refusal *refusal,
                    const struct wf_activity_task *task) {
    struct reply *reply = arg;
    on_done(reply, refusal);
    snprintf(reply->token, sizeof(reply->token), "%.*s",
             (int)task->token.len, task->token.data);
}

static bool is_done(void *arg) {
    return *(bool *)arg;
}

static void make_activity(struct bench_rig *rig) {
    struct wf_create_activity ask = {.name = WF_STR("bench")};
    struct reply reply = {0};
    wf_engine_create_activity(rig->engine, &ask, on_activity, &reply);
    bench_rig_turn_until(rig, is_done, &reply.done);
}

static void get_task(struct bench_rig *rig, struct reply *reply) {
    struct wf_get_activity_task ask = {.arn = WF_STR(ACTIVITY)};
    reply->done = false;
    wf_engine_get_activity_task(rig->engine, &ask, on_task, reply);
    bench_rig_turn_until(rig, is_done, &reply->done);
    bench_rig_flush(rig);
}

static void read_token(const char *file, struct reply *reply) {
    FILE *in = fopen(file, "r");
    if (!in || !fgets(reply->token, sizeof(reply->token), in)) {
        perror(file);
        exit(1);
    }
    fclose(in);
    unlink(file);
}

static void send_answer(struct bench_rig *rig, struct reply *reply) {
    struct wf_send_task ask = {.token = wf_str(reply->token),
                               .output = WF_STR("{\"approved\":true}")};
    reply->done = false;
    wf_engine_send_task_success(rig->engine, &ask, on_done, reply);
    bench_rig_turn_until(rig, is_done, &reply->done);
    bench_rig_flush(rig);
}

static void print_of(const char *name, const char *what, double value,
                     const char *unit) {
    char figure[80];
    snprintf(figure, sizeof(figure), "map %s: %s", name, what);
    print(figure, value, unit);
}

static void print_writes(struct bench_rig *rig, const char *name,
                         const char *what,
                         const struct wf_store_stats *before) {
    struct wf_store_stats after;
    wf_store_stats(rig->store, &after);
    print_of(name, what, (double)(after.bytes_in - before->bytes_in),
             "bytes of rows");
    print_of(name, "in commits",
             (double)(after.commits - before->commits), "");
}

/* Until all are parked; prints how that went. */
static void park_all(struct bench_rig *rig, const char *name,
                     const char *input, unsigned items) {
    long rss = bench_memory_kb("/proc/self/status", "RssAnon:");
    struct bench_load load = {.rig = rig, .input = input, .left = 1,
                              .only_start = true};
    struct map_wait wait = {.rig = rig};
    uint64_t start = wf_clock_mono_ns();
    bench_load_run(&load, 1);
    bench_rig_turn_until(rig, is_parked, &wait);
    print_of(name, "iterations", items, "");
    print_of(name, "until all are parked",
             (double)(wf_clock_mono_ns() - start) / 1e9, "s");
    print_of(name, "anonymous RSS more than before",
             (double)(bench_memory_kb("/proc/self/status", "RssAnon:") - rss),
             "KiB");
}

static void waiting_for_answers(const char *name, const char *state,
                                const char *handlers, unsigned items) {
    struct bench_rig rig = {.idle_ms = 1000};
    struct map_wait wait = {.rig = &rig};
    struct wf_store_stats before;
    struct reply reply = {0};
    char *definition = map_of(state);
    bench_rig_open(&rig, NULL, handlers, 1);
    char file[256];
    snprintf(file, sizeof(file), "%s/token", rig.directory);
    char *input = items_of(items, file, "-");
    make_activity(&rig);
    bench_rig_machine(&rig, "map", definition, false);
    park_all(&rig, name, input, items);
    wf_store_stats(rig.store, &before);
    if (!handlers) {
        get_task(&rig, &reply);
        print_writes(&rig, name, "handing one over writes", &before);
        bench_rig_turn_until(&rig, is_parked, &wait);
    } else {
        read_token(file, &reply);
    }
    bench_rig_flush(&rig);
    wf_store_stats(rig.store, &before);
    send_answer(&rig, &reply);
    print_writes(&rig, name, "the answer to one writes", &before);
    bench_rig_turn_until(&rig, is_parked, &wait);
    bench_rig_flush(&rig);
    print_writes(&rig, name, "that, and parking again, writes", &before);
    bench_rig_close(&rig);
    free(definition);
    free(input);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const char *figure = argc > 1 ? argv[1] : "";
    unsigned items = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
    char *handlers = bench_handlers_new(handlers_body);
    int status = 0;

    if (strcmp(figure, "pass") == 0)
        timed("pass", "\"Pass\"", NULL, items ? items : 10000);
    else if (strcmp(figure, "task") == 0)
        timed("task", "\"Task\",\"Resource\":\"lua:bench.answer\"",
              handlers, items ? items : 10000);
    else if (strcmp(figure, "busy") == 0)
        busy(items ? items : 100000);
    else if (strcmp(figure, "wait") == 0)
        waiting(items ? items : 100000);
    else if (strcmp(figure, "token") == 0)
        waiting_for_answers(
            figure,
            "\"Task\",\"Resource\":\"lua:bench.submit.waitForTaskToken\","
            "\"Parameters\":{\"order.$\":\"$.order\",\"file.$\":\"$.when\","
            "\"token.$\":\"$$.Task.Token\"}",
            handlers, items ? items : 100000);
    else if (strcmp(figure, "activity") == 0)
        waiting_for_answers(figure,
                            "\"Task\",\"Resource\":\"" ACTIVITY "\"", NULL,
                            items ? items : 100000);
    else if (strcmp(figure, "distributed") == 0)
        distributed(items ? items : 100000);
    else
        status = 2;
    if (status)
        fprintf(stderr, "usage: bench_map "
                "pass|task|busy|wait|token|activity|distributed "
                "[ITEMS]\n");
    bench_directory_free(handlers);
    return status;
}
