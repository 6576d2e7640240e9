/*
 * bench_search.c - SearchExecutions: bench_search [COUNT [MACHINES]]
 *
 * COUNT executions (default 1,000,000) of MACHINES state machines (100) have
 * ended, of each one Pass state.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench_rig.h"
#include "lua_stdlib.h"
#include "search.h"
#include "worker.h"

static const char MACHINE[] =
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Pass\",\"End\":true}}}";

static void print(const char *name, double value, const char *unit) {
    printf("%-44s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

static bool is_true(void *arg) {
    return *(bool *)arg;
}

struct page {
    bool done;
    char token[64];
    size_t count;
};

static void on_page(void *arg, const struct wf_refusal *refusal,
                    const struct wf_search_reply *reply) {
    struct page *page = arg;
    page->done = true;
    page->count = refusal ? 0 : reply->count;
    page->token[0] = '\0';
    if (!refusal && reply->next_token.len)
        snprintf(page->token, sizeof(page->token), "%.*s",
                 (int)reply->next_token.len, reply->next_token.data);
}

/* Pages of 100, one behind the other. */
static void pages(struct bench_rig *rig, const char *title,
                  struct wf_search_executions ask, int count) {
    struct bench_samples times = {0};
    struct page page = {0};
    char name[80];
    size_t found = 0;
    for (int i = 0; i < count; i++) {
        ask.max_results = 100;
        ask.next_token = wf_str(page.token);
        uint64_t start = wf_clock_mono_ns();
        page.done = false;
        wf_engine_search_executions(rig->engine, &ask, on_page, &page);
        bench_rig_turn_until(rig, is_true, &page.done);
        bench_samples_add(&times, wf_clock_mono_ns() - start);
        found += page.count;
    }
    snprintf(name, sizeof(name), "%s: p50", title);
    print(name, (double)bench_percentile(&times, 50) / 1e6, "ms");
    snprintf(name, sizeof(name), "%s: p99", title);
    print(name, (double)bench_percentile(&times, 99) / 1e6, "ms");
    print("  found", (double)found, "");
    bench_samples_free(&times);
}

static void run(struct bench_rig *rig, uint64_t count, unsigned machines) {
    char name[32];
    for (unsigned round = 0; round < 10; round++)
        for (unsigned i = 0; i < machines; i++) {
            struct bench_load load = {
                .rig = rig, .input = "{}", .left = count / machines / 10};
            snprintf(name, sizeof(name), "m%u", i);
            bench_rig_machine(rig, name, MACHINE, false);
            bench_load_run(&load, 1000);
        }
    bench_rig_flush(rig);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    unsigned machines = argc > 2 ? (unsigned)atoi(argv[2]) : 100;
    struct bench_rig rig = {0};
    bench_rig_open(&rig, NULL, NULL, 1);
    run(&rig, count, machines);
    const struct wf_search_executions all = {0};
    const struct wf_search_executions one = {.state_machine_arn =
                                                 wf_str(rig.arn)};
    const struct wf_search_executions failed = {
        .statuses = 1u << WF_EXECUTION_FAILED};
    struct wf_search_executions failed_of_one = failed;
    failed_of_one.state_machine_arn = wf_str(rig.arn);
    const struct wf_search_executions where = {
        .where = WF_STR("{% output.x = 1 %}")};
    const struct wf_search_executions most = {
        .where = WF_STR("{% status = 'SUCCEEDED' %}")};
    pages(&rig, "page of 100, one machine", one, 50);
    pages(&rig, "page of 100, all machines", all, 50);
    pages(&rig, "page of 100, one machine, none fits", failed_of_one, 5);
    pages(&rig, "page of 100, all machines, none fits", failed, 20);
    pages(&rig, "page of 100, a condition that is true", most, 20);
    pages(&rig, "page of 100, a condition that is false", where, 5);
    bench_rig_close(&rig);
    return 0;
}
