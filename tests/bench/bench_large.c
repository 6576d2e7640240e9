/*
 * bench_large.c - what others see of very large payloads:
 * bench_large [MIB] [EXECUTIONS]
 *
 * One client runs executions of three states over a payload of that size
 * (default 64 MiB, 8 of them): a Pass that takes one member by a path, one
 * that filters a list, and one that hands the whole on. Another client runs
 * one small execution after the other meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench_rig.h"

static const char LARGE[] =
    "{\"StartAt\":\"A\",\"States\":{"
    "\"A\":{\"Type\":\"Pass\",\"Parameters\":{\"last.$\":\"$.last\"},"
    "\"ResultPath\":null,\"Next\":\"B\"},"
    "\"B\":{\"Type\":\"Pass\",\"Parameters\":{\"found.$\":"
    "\"$.few[?(@.id > 90)]\"},\"ResultPath\":null,\"Next\":\"C\"},"
    "\"C\":{\"Type\":\"Pass\",\"End\":true}}}";

static const char SMALL[] =
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Pass\","
    "\"End\":true}}}";

static void print(const char *name, double value, const char *unit) {
    printf("%-44s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

/* {"few":[{"id":0}...],"rows":[{...}...],"last":1} */
static char *payload(size_t bytes) {
    struct wf_buf text = {0};
    wf_buf_reserve(&text, bytes + 256);
    wf_buf_adds(&text, "{\"few\":[{\"id\":0}");
    for (int i = 1; i < 100; i++)
        wf_buf_addf(&text, ",{\"id\":%d}", i);
    wf_buf_adds(&text, "],\"rows\":[0");
    for (unsigned i = 0; text.len < bytes - 160; i++)
        wf_buf_addf(&text, ",{\"id\":%u,\"name\":\"customer %u\","
                    "\"note\":\"leave at the door, please\"}", i, i);
    wf_buf_adds(&text, "],\"last\":1}");
    wf_buf_u8(&text, 0);
    return text.data;
}

struct large {
    struct bench_rig *rig;
    struct wf_start_execution ask;
    unsigned left;
    bool over;
};

/* How long the loop worked between two waits. */
struct turns {
    ev_check awake;
    ev_prepare asleep;
    uint64_t since_ns;
    struct bench_samples busy;
};

static void awake(struct ev_loop *loop, ev_check *watcher, int events) {
    struct turns *turns = watcher->data;
    (void)loop;
    (void)events;
    turns->since_ns = wf_clock_mono_ns();
}

static void asleep(struct ev_loop *loop, ev_prepare *watcher, int events) {
    struct turns *turns = watcher->data;
    (void)loop;
    (void)events;
    bench_samples_add(&turns->busy, wf_clock_mono_ns() - turns->since_ns);
}

static void watch_turns(struct ev_loop *loop, struct turns *turns) {
    turns->since_ns = wf_clock_mono_ns();
    ev_check_init(&turns->awake, awake);
    ev_prepare_init(&turns->asleep, asleep);
    ev_set_priority(&turns->awake, EV_MAXPRI);
    ev_set_priority(&turns->asleep, EV_MINPRI);
    turns->awake.data = turns->asleep.data = turns;
    ev_check_start(loop, &turns->awake);
    ev_prepare_start(loop, &turns->asleep);
}

static void start_next(struct large *large);

static void ended(void *arg, const struct wf_refusal *refusal,
                  const struct wf_execution_reply *reply) {
    struct large *large = arg;
    if (refusal || reply->status == WF_EXECUTION_FAILED) {
        fprintf(stderr, "bench: %s\n",
                refusal ? refusal->exception : "failed");
        exit(1);
    }
    if (large->left > 0)
        start_next(large);
    else
        large->over = true;
}

static void started(void *arg, const struct wf_refusal *refusal,
                    const struct wf_execution_reply *reply) {
    struct large *large = arg;
    if (refusal)
        ended(arg, refusal, NULL);
    else
        wf_engine_wait_for_execution(large->rig->engine, reply->arn, 60000,
                                     ended, large);
}

/* From within the loop, so that a probe under way sees what it takes. */
static void start_next(struct large *large) {
    large->left--;
    wf_engine_start_execution(large->rig->engine, &large->ask, started,
                              large);
}

static void run(struct bench_rig *rig, struct large *large,
                struct bench_samples *probes) {
    uint64_t last_ns = wf_clock_mono_ns();
    start_next(large);
    while (!large->over) {
        struct bench_load probe = {.rig = rig, .input = "{}", .left = 1};
        bench_load_run(&probe, 1);
        /* From the end of the one before: whatever is between counts. */
        uint64_t now_ns = wf_clock_mono_ns();
        bench_samples_add(probes, now_ns - last_ns);
        last_ns = now_ns;
    }
}

int main(int argc, char **argv) {
    size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 64;
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 8;
    struct bench_rig rig = {.memory_bytes = (size_t)4 << 30};
    struct bench_samples probes = {0};
    struct turns turns = {0};
    char arn[256];
    bench_rig_open(&rig, NULL, NULL, 1);
    bench_rig_machine(&rig, "large", LARGE, false);
    memcpy(arn, rig.arn, sizeof(arn));
    bench_rig_machine(&rig, "small", SMALL, false);
    char *text = payload(mib << 20);
    struct large large = {
        .rig = &rig,
        .ask = {.state_machine_arn = wf_str(arn), .input = wf_str(text)},
        .left = count,
    };
    uint64_t start = wf_clock_mono_ns();
    watch_turns(rig.loop, &turns);
    run(&rig, &large, &probes);
    print("large: one execution",
          (double)(wf_clock_mono_ns() - start) / 1e6 / count, "ms");
    print("large: another execution meanwhile, p50",
          (double)bench_percentile(&probes, 50) / 1e6, "ms");
    print("large: another execution meanwhile, p99",
          (double)bench_percentile(&probes, 99) / 1e6, "ms");
    print("large: another execution meanwhile, worst",
          (double)bench_percentile(&probes, 100) / 1e6, "ms");
    print("large: turn of the loop, p99",
          (double)bench_percentile(&turns.busy, 99) / 1e6, "ms");
    print("large: turn of the loop, longest",
          (double)bench_percentile(&turns.busy, 100) / 1e6, "ms");
    bench_samples_free(&turns.busy);
    bench_samples_free(&probes);
    bench_rig_close(&rig);
    free(text);
    return 0;
}
