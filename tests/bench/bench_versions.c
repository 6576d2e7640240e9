/*
 * bench_versions.c - ListExecutions by version and alias, and executions of an
 * alias: bench_versions [COUNT]
 *
 * COUNT executions (default 1,000,000) of one Pass state have ended; every
 * 1,000th was started by alias RARE, which leads to version 1.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench_rig.h"
#include "lua_stdlib.h"
#include "versions.h"
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

static void on_version(void *arg, const struct wf_refusal *refusal,
                       const struct wf_version_reply *version) {
    (void)version;
    *(bool *)arg = !refusal;
}

static void on_alias(void *arg, const struct wf_refusal *refusal,
                     const struct wf_alias_reply *alias) {
    (void)alias;
    *(bool *)arg = !refusal;
}

static void publish(struct bench_rig *rig) {
    bool done = false;
    const struct wf_publish_version ask = {.state_machine_arn =
                                               wf_str(rig->arn)};
    wf_engine_publish_version(rig->engine, &ask, on_version, &done);
    bench_rig_turn_until(rig, is_true, &done);

    char version[300];
    snprintf(version, sizeof(version), "%s:1", rig->arn);
    const struct wf_route_ask route = {wf_str(version), 100};
    const struct wf_put_alias alias = {
        .name = WF_STR("RARE"), .routes = &route, .route_count = 1};
    done = false;
    wf_engine_create_alias(rig->engine, &alias, on_alias, &done);
    bench_rig_turn_until(rig, is_true, &done);
}

static double starts(struct bench_rig *rig, const char *qualifier,
                     uint64_t count) {
    size_t len = strlen(rig->arn);
    struct bench_load load = {.rig = rig, .input = "{}", .left = count};
    uint64_t start = wf_clock_mono_ns();
    snprintf(rig->arn + len, sizeof(rig->arn) - len, "%s", qualifier);
    bench_load_run(&load, 1000);
    rig->arn[len] = '\0';
    return (double)count * 1e9 / (double)(wf_clock_mono_ns() - start);
}

struct page {
    bool done;
    char token[64];
    size_t count;
};

static void on_page(void *arg, const struct wf_refusal *refusal,
                    const struct wf_execution_reply *executions, size_t count,
                    struct wf_str token) {
    struct page *page = arg;
    (void)refusal;
    (void)executions;
    page->done = true;
    page->count = count;
    snprintf(page->token, sizeof(page->token), "%.*s", (int)token.len,
             token.data ? token.data : "");
}

/* All pages of 100, again and again. */
static void pages(struct bench_rig *rig, const char *qualifier) {
    struct bench_samples times = {0};
    struct page page = {0};
    char arn[300], name[80];
    size_t found = 0;
    snprintf(arn, sizeof(arn), "%s%s", rig->arn, qualifier);
    for (int i = 0; i < 100; i++) {
        const struct wf_list_executions ask = {
            .state_machine_arn = wf_str(arn),
            .max_results = 100,
            .next_token = wf_str(page.token)};
        uint64_t start = wf_clock_mono_ns();
        page.done = false;
        wf_engine_list_executions(rig->engine, &ask, on_page, &page);
        bench_rig_turn_until(rig, is_true, &page.done);
        bench_samples_add(&times, wf_clock_mono_ns() - start);
        found += page.count;
    }
    snprintf(name, sizeof(name), "page of 100, \"%s\": p50", qualifier);
    print(name, (double)bench_percentile(&times, 50) / 1e6, "ms");
    snprintf(name, sizeof(name), "page of 100, \"%s\": p99", qualifier);
    print(name, (double)bench_percentile(&times, 99) / 1e6, "ms");
    print("  shown in 100 pages", (double)found, "");
    bench_samples_free(&times);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct bench_rig rig = {0};
    bench_rig_open(&rig, NULL, NULL, 1);
    bench_rig_machine(&rig, "m", MACHINE, false);
    publish(&rig);
    double plain = 0;
    for (int i = 0; i < 10; i++) {
        starts(&rig, ":RARE", count / 10000);
        plain += starts(&rig, "", count / 10 - count / 10000);
    }
    bench_rig_flush(&rig);
    print("executions, no qualifier", plain / 10, "/s");
    pages(&rig, "");
    pages(&rig, ":RARE");
    pages(&rig, ":1");
    print("executions of an alias", starts(&rig, ":RARE", count / 10), "/s");
    bench_rig_close(&rig);
    return 0;
}
