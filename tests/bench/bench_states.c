/*
 * bench_states.c - what the engine pays for a decision: state scripts called
 * through script.h, as the loop calls them. One core; a line for each kind
 * of state.
 *
 *   bench_states [SECONDS a figure, default 0.5] [LUA SOURCES, or ""]
 *                [ONLY cases whose name contains this]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "script.h"

/* 300 bytes, as in the performance table. */
static const char INPUT[] =
    "{\"orderId\":\"0197c6d2-1b7e-7a11-b51c-2f3d1f6d1a11\",\"customer\":"
    "{\"id\":8812345678901,\"name\":\"Ada Lovelace\",\"vip\":true},\"items\":"
    "[{\"sku\":\"A-1001\",\"qty\":2,\"price\":19.99},{\"sku\":\"B-7\","
    "\"qty\":1,\"price\":5}],\"note\":null,\"step\":12,\"tag\":\"xyz\","
    "\"delivery\":{\"by\":\"2026-01-31T12:00:00Z\",\"to\":\"Warehouse 7\"}}";

static const struct {
    const char *what;
    const char *state; /* its members but Next */
} CASES[] = {
    {"Pass", "\"Type\":\"Pass\",\"Next\":\"Z\""},
    {"Pass, ResultPath",
     "\"Type\":\"Pass\",\"Result\":{\"ok\":true},\"ResultPath\":\"$.r\","
     "\"Next\":\"Z\""},
    {"Pass, 3 Parameters",
     "\"Type\":\"Pass\",\"Parameters\":{\"id.$\":\"$.orderId\","
     "\"n.$\":\"$.step\",\"who.$\":\"$.customer.name\"},\"Next\":\"Z\""},
    {"Pass, 5 Parameters",
     "\"Type\":\"Pass\",\"Parameters\":{\"id.$\":\"$.orderId\","
     "\"n.$\":\"$.step\",\"who.$\":\"$.customer.name\","
     "\"first.$\":\"$.items[0].sku\",\"by.$\":\"$.delivery.by\"},"
     "\"Next\":\"Z\""},
    {"Pass, 5 in the context",
     "\"Type\":\"Pass\",\"Parameters\":{\"id.$\":\"$.orderId\","
     "\"n.$\":\"$.step\",\"who.$\":\"$.customer.name\","
     "\"run.$\":\"$$.Execution.Name\",\"at.$\":\"$$.State.EnteredTime\"},"
     "\"Next\":\"Z\""},
    {"Choice, rule 1 of 2",
     "\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.tag\","
     "\"StringEquals\":\"xyz\",\"Next\":\"Z\"},{\"Variable\":\"$.step\","
     "\"NumericGreaterThan\":99,\"Next\":\"Z\"}],\"Default\":\"Z\""},
    {"Choice, rule 2 of 2",
     "\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.tag\","
     "\"StringEquals\":\"abc\",\"Next\":\"Z\"},{\"Variable\":\"$.step\","
     "\"NumericLessThan\":99,\"Next\":\"Z\"}],\"Default\":\"Z\""},
    {"Wait", "\"Type\":\"Wait\",\"Seconds\":5,\"Next\":\"Z\""},
    {"Task", "\"Type\":\"Task\",\"Resource\":\"lua:a.b\",\"Next\":\"Z\""},
};

static double now(void) {
    struct timespec t; /* our own time: neighbours count less */
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void decide(struct wf_script *script, struct wf_script_call *call,
                   int times) {
    for (int i = 0; i < times; i++) {
        struct wf_decision decision;
        wf_script_decide(script, call, &decision);
        if (decision.kind == WF_DECISION_FAIL)
            exit(2);
        wf_decision_free(&decision);
    }
}

static double measure(struct wf_script *script, struct wf_script_call *call,
                      double seconds) {
    int times = 1;
    double took = 0;

    while (took < seconds) {
        times *= 2;
        double start = now();
        decide(script, call, times);
        took = now() - start;
    }
    return took / times;
}

static void bench(struct wf_script *script, size_t i, double seconds) {
    char text[1024];
    struct wf_error err;
    struct wf_buf diagnostics = {0};
    struct wf_script_summary summary;
    struct wf_script_context context = {.entered_event = 2};
    struct wf_script_call call = {.context = &context};

    snprintf(text, sizeof(text), "{\"StartAt\":\"A\",\"States\":{\"A\":{%s},"
             "\"Z\":{\"Type\":\"Succeed\"}}}", CASES[i].state);
    struct wf_doc *definition = wf_doc_parse(wf_str(text), NULL, &err);
    if (!definition || wf_script_compile(script, definition, &call.machine,
                                         &summary, &diagnostics, &err) != 0) {
        fprintf(stderr, "%s: %s\n", CASES[i].what, err.message);
        exit(1);
    }
    call.input = wf_doc_parse(wf_str(INPUT), NULL, &err);
    context.execution_input = call.input;
    printf("%-22s %6.0f ns\n", CASES[i].what,
           measure(script, &call, seconds) * 1e9);
    wf_script_machine_free(script, call.machine);
    wf_doc_unref(call.input);
    wf_doc_unref(definition);
    wf_buf_free(&diagnostics);
}

int main(int argc, char **argv) {
    double seconds = argc > 1 ? atof(argv[1]) : 0.5;
    struct wf_clock clock;
    struct wf_error err;
    struct wf_script *script;

    wf_clock_init_virtual(&clock, 0);
    wf_clock_seed(&clock, 1);
    struct wf_script_options options = {
        .clock = &clock,
        .lua_directory = argc > 2 && *argv[2] ? argv[2] : NULL,
    };
    if (wf_script_new(&options, &script, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
        if (argc <= 3 || strstr(CASES[i].what, argv[3]))
            bench(script, i, seconds);
    wf_script_free(script);
    return 0;
}
