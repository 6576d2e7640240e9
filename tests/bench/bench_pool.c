/*
 * bench_pool.c - how many trivial tasks a worker process does a second.
 *
 * Keeps IN_FLIGHT tasks with the pool and prints one line: tasks a second,
 * and the processor time of both sides for a task, which a busy machine
 * changes less. The program is also the worker.
 *
 *     bench_pool [TASKS [WORKERS [IN_FLIGHT [FUNCTION]]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "clock.h"
#include "pool.h"
#include "worker.h"

static const char handlers[] =
    "local bench = {}\n"
    "function bench.echo(input) return input end\n"
    "function bench.answer(input)\n"
    "  return { status = \"ok\", host = \"host-17\", count = 17,\n"
    "    message = \"this answer is about one hundred bytes long\" }\n"
    "end\n"
    "function bench.nothing() end\n"
    "return bench\n";

static const char input[] =
    "{\"order\":{\"id\":1234567890123,\"items\":[{\"sku\":\"A-1\",\"n\":2},"
    "{\"sku\":\"B-22\",\"n\":1}],\"customer\":\"C-000042\"},\"comment\":"
    "\"leave it at the door, ring twice, the dog is friendly\",\"paid\":true,"
    "\"total\":129.90,\"currency\":\"EUR\"}";

static const char context[] =
    "{\"token\":\"AAAAKgAAAAIAAAADAAAAAAAAAAAAAAAAeKD4O9z2\",\"attempt\":1,"
    "\"restarted\":0,\"deadline_ms\":0,\"execution\":\"arn:aws:states:"
    "us-east-1:000000000000:execution:bench:0190163f-74e2-7d1c-9c3e\","
    "\"execution_name\":\"0190163f-74e2-7d1c-9c3e\",\"state\":\"Echo\","
    "\"idempotency_key\":\"0190163f-74e2-7d1c-9c3e/5/1\"}";

struct bench {
    struct ev_loop *loop;
    struct wf_pool *pool;
    uint64_t wanted, sent, done, failed;
    char function[64];
};

static void send_one(struct bench *bench) {
    struct wf_pool_task task = {
        .id = ++bench->sent,
        .bundle = WF_STR("5feceb66ffc86f38d952786c6d696c79"
                         "c2dbc239dd4e91b46729d73a27fb57e9"),
        .function = wf_str(bench->function),
        .input = WF_STR(input),
        .context = WF_STR(context),
        .timeout_ms = 60000,
    };
    wf_pool_dispatch(bench->pool, &task);
}

static void on_ended(void *arg, uint64_t task, enum wf_task_end how,
                     struct wf_str output, const struct wf_failure *failure) {
    struct bench *bench = arg;

    (void)task;
    (void)output;
    if (how != WF_TASK_SUCCEEDED && bench->failed++ == 0)
        fprintf(stderr, "%.*s\n", failure ? (int)failure->cause.len : 4,
                failure ? failure->cause.data : "lost");
    bench->done++;
    if (bench->sent < bench->wanted)
        send_one(bench);
    else if (bench->done == bench->wanted)
        ev_break(bench->loop, EVBREAK_ALL);
}

static void on_bundle_wanted(void *arg, struct wf_str bundle) {
    struct bench *bench = arg;
    struct wf_bundle_file file = {WF_STR("bench.lua"), WF_STR(handlers)};

    wf_pool_bundle_files(bench->pool, bundle, &file, 1);
}

static void on_notice(void *arg, const char *text) {
    (void)arg;
    fprintf(stderr, "%s\n", text);
}

static uint64_t number(int argc, char **argv, int index, uint64_t otherwise) {
    return argc > index ? strtoull(argv[index], NULL, 10) : otherwise;
}

static double cpu_seconds(int who) {
    struct rusage usage;

    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void report(const struct bench *bench, unsigned long long in_flight,
                   unsigned workers, double seconds) {
    double each = 1e6 / (double)bench->done;

    printf("%-8s %llu tasks, %llu in flight, %u workers: %.3f s, "
           "%.0f tasks/s; CPU a task: worker %.2f us, pool %.2f us\n",
           bench->function + 6, (unsigned long long)bench->done, in_flight,
           workers, seconds, (double)bench->done / seconds,
           cpu_seconds(RUSAGE_CHILDREN) * each,
           cpu_seconds(RUSAGE_SELF) * each);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, NULL);
    struct bench bench = {.loop = ev_default_loop(0),
                          .wanted = number(argc, argv, 1, 500000)};
    struct wf_pool_options options = {
        .workers = (unsigned)number(argc, argv, 2, 1)};
    uint64_t in_flight = number(argc, argv, 3, 1000);
    struct wf_pool_events events = {.ended = on_ended,
                                    .bundle_wanted = on_bundle_wanted,
                                    .notice = on_notice};
    snprintf(bench.function, sizeof(bench.function), "bench.%s",
             argc > 4 ? argv[4] : "echo");
    bench.pool = wf_pool_new(bench.loop, &options, &events, &bench);
    uint64_t start = wf_clock_mono_ns();
    while (bench.sent < in_flight && bench.sent < bench.wanted)
        send_one(&bench);
    ev_run(bench.loop, 0);
    double seconds = (double)(wf_clock_mono_ns() - start) / 1e9;
    wf_pool_free(bench.pool);
    report(&bench, in_flight, options.workers, seconds);
    return bench.failed ? 1 : 0;
}
