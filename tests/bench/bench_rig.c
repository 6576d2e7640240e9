/* bench_rig.c - see bench_rig.h. */
#include "bench_rig.h"

#include <stdio.h>
#include <stdlib.h>

static void fail(const char *what, const struct wf_error *err) {
    fprintf(stderr, "bench: %s: %s\n", what, err->message);
    exit(3);
}

static void notice(void *arg, const char *text) {
    (void)arg;
    fprintf(stderr, "bench: %s\n", text);
}

char *bench_handlers_new(const char *body) {
    char *directory = bench_directory_new(NULL), path[512];
    snprintf(path, sizeof(path), "%s/bench.lua", directory);
    FILE *out = fopen(path, "w");
    if (!out || fputs(body, out) < 0 || fclose(out) != 0) {
        fprintf(stderr, "bench: %s cannot be written\n", path);
        exit(3);
    }
    return directory;
}

void bench_rig_open(struct bench_rig *rig, const char *directory,
                    const char *handlers, unsigned workers) {
    const char *directories[] = {handlers, NULL};
    struct wf_engine_events events = {.notice = notice};
    struct wf_error err = {0};

    *rig = (struct bench_rig){.keep = directory != NULL,
                              .idle_ms = rig->idle_ms,
                              .memory_bytes = rig->memory_bytes,
                              .stores = rig->stores};
    rig->loop = ev_loop_new(EVFLAG_AUTO);
    wf_clock_init_real(&rig->clock);
    rig->directory = directory ? wf_strndup(directory, strlen(directory))
                               : bench_directory_new(getenv("BENCH_DIR"));
    struct wf_store_options store = {.directory = rig->directory};
    struct wf_engine_options options = {
        .handlers = handlers ? directories : NULL,
        .workers = workers,
        .idle_ms = rig->idle_ms,
        .memory_bytes = rig->memory_bytes,
        .stores = rig->stores,
    };
    if (wf_store_open_lmdb(rig->loop, &store, &rig->store, &err) != 0)
        fail("store", &err);
    if (wf_engine_open(rig->loop, &rig->clock, rig->store, &options, &events,
                       NULL, &rig->engine, &err) != 0)
        fail("engine", &err);
}

void bench_rig_close(struct bench_rig *rig) {
    wf_engine_close(rig->engine);
    wf_store_close(rig->store);
    ev_loop_destroy(rig->loop);
    if (!rig->keep)
        bench_directory_free(rig->directory);
    else
        free(rig->directory);
}

void bench_rig_turn_until(struct bench_rig *rig, bool (*done)(void *arg),
                          void *arg) {
    while (!done(arg))
        ev_run(rig->loop, EVRUN_ONCE);
}

static void set_flag(void *arg) {
    *(bool *)arg = true;
}

static bool is_set(void *arg) {
    return *(bool *)arg;
}

void bench_rig_flush(struct bench_rig *rig) {
    bool done = false;
    wf_engine_flush(rig->engine, set_flag, &done);
    bench_rig_turn_until(rig, is_set, &done);
}

struct creation {
    struct bench_rig *rig;
    bool done;
};

static void created(void *arg, const struct wf_refusal *refusal,
                    const struct wf_state_machine_reply *reply) {
    struct creation *creation = arg;
    if (refusal) {
        fprintf(stderr, "bench: %s: %.*s\n", refusal->exception,
                (int)refusal->message.len, refusal->message.data);
        exit(3);
    }
    snprintf(creation->rig->arn, sizeof(creation->rig->arn), "%.*s",
             (int)reply->arn.len, reply->arn.data);
    creation->done = true;
}

static bool is_created(void *arg) {
    return ((struct creation *)arg)->done;
}

void bench_rig_machine(struct bench_rig *rig, const char *name,
                       const char *definition, bool express) {
    struct creation creation = {rig, false};
    struct wf_create_state_machine ask = {
        .name = wf_str(name),
        .definition = wf_str(definition),
        .role_arn = WF_STR("arn:aws:iam::000000000000:role/bench"),
        .express = express,
    };
    wf_engine_create_state_machine(rig->engine, &ask, created, &creation);
    bench_rig_turn_until(rig, is_created, &creation);
}

/* ---- clients ---- */

struct client {
    struct bench_load *load;
    uint64_t start_ns;
};

static void client_start(struct client *client);

static void client_ended(void *arg, const struct wf_refusal *refusal,
                         const struct wf_execution_reply *reply) {
    struct client *client = arg;
    struct bench_load *load = client->load;
    load->busy--;
    load->ended++;
    if (refusal || reply->status != WF_EXECUTION_SUCCEEDED) {
        if (load->failed++ == 0)
            fprintf(stderr, "bench: an execution failed: %.*s\n",
                    refusal ? (int)refusal->message.len
                            : (int)reply->cause.len,
                    refusal ? refusal->message.data : reply->cause.data);
    }
    if (load->wants_latencies)
        bench_samples_add(&load->latencies,
                          wf_clock_mono_ns() - client->start_ns);
    client_start(client);
}

static void client_started(void *arg, const struct wf_refusal *refusal,
                           const struct wf_execution_reply *reply) {
    struct client *client = arg;
    struct bench_load *load = client->load;
    if (refusal) {
        load->refused++;
        load->busy--;
        client_start(client);
    } else if (load->only_start) {
        load->busy--;
        client_start(client);
    } else {
        wf_engine_wait_for_execution(load->rig->engine, reply->arn, 60000,
                                     client_ended, client);
    }
}

static void client_start(struct client *client) {
    struct bench_load *load = client->load;
    struct wf_start_execution ask = {
        .state_machine_arn = wf_str(load->rig->arn),
        .input = wf_str(load->input),
    };
    client->start_ns = wf_clock_mono_ns();
    if (load->left == 0 ||
        (load->until_ns && client->start_ns > load->until_ns))
        return;
    load->left--;
    load->busy++;
    load->started++;
    if (load->sync)
        wf_engine_start_sync_execution(load->rig->engine, &ask, client_ended,
                                       client);
    else
        wf_engine_start_execution(load->rig->engine, &ask, client_started,
                                  client);
}

static bool is_over(void *arg) {
    return ((struct bench_load *)arg)->busy == 0;
}

void bench_load_run(struct bench_load *load, unsigned clients) {
    struct client *all = wf_calloc(clients, sizeof(*all));
    for (unsigned i = 0; i < clients; i++) {
        all[i].load = load;
        client_start(&all[i]);
    }
    bench_rig_turn_until(load->rig, is_over, load);
    bench_rig_flush(load->rig);
    free(all);
}

long bench_memory_kb(const char *file, const char *field) {
    char line[256];
    long kb = -1;
    FILE *in = fopen(file, "r");
    while (in && fgets(line, sizeof(line), in))
        if (strncmp(line, field, strlen(field)) == 0)
            kb = strtol(line + strlen(field), NULL, 10);
    if (in)
        fclose(in);
    return kb;
}
