/*
 * engine.c - opening and closing an engine, and the turn of its loop.
 *
 * A turn, before the loop blocks: fire timers, load what is parked and due,
 * run frames within a budget, hand the batch to the store unless two are on
 * their way already (then it goes on growing: group commit). A callback of a
 * watcher only changes state and lets the turn do the rest.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "fetch_guard.h"
#include "private_file.h"
#include "recent.h"

#define CONNECTIONS_BYTES (1 << 20)
#define TURN_TRANSITIONS 2000 /* of all frames */
#define TURN_NS 1000000       /* or so long: others wait for the loop */
#define FRAME_TRANSITIONS 64  /* of one frame before the next has its turn */
#define TURN_TIMERS 1000
#define FREED_PAGES 64        /* of results of what has been joined */
/* Of one decision; beyond, a thread makes it. */
#define LOOP_STEPS 10000 /* about a millisecond */
#define LOOP_BYTES ((size_t)4 << 20)
#define DECIDER_PAYLOADS 8 /* payloads of the largest size that it may make */
#define BATCHES_IN_FLIGHT 2
#define LONGEST_SLEEP_S 1.0   /* steps of the wall clock are noticed */
#define HOUSEKEEPING_S 0.05
#define ITEM_THREADS 4 /* one bucket that hangs must not stop all others */

void wf_engine_notice(struct wf_engine *engine, const char *format, ...) {
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (engine->events.notice)
        engine->events.notice(engine->events_arg, text);
}

void wf_engine_wake(struct wf_engine *engine) {
    if (!engine->closing && !ev_is_active(&engine->spin))
        ev_idle_start(engine->loop, &engine->spin);
}

bool wf_engine_read_failed(struct wf_engine *engine,
                           const struct wf_error *err) {
    if (!err)
        return false;
    wf_engine_notice(engine,
                     WF_ERROR "the store can't be read: %s", err->message);
    if (engine->store_changed)
        engine->store_changed(engine->store_changed_arg, WF_STORE_DEAD, err);
    return true;
}

/* Only a handler can still bring something. */
static bool is_calm(const struct wf_engine *engine) {
    return wf_list_is_empty(&engine->run_queue) &&
           !wf_engine_has_open(engine) && engine->in_flight_count == 0 &&
           engine->loads == 0 && !engine->parked_scanning &&
           wf_evaluator_is_idle(engine->evaluator);
}

bool wf_engine_is_quiet(const struct wf_engine *engine) {
    return is_calm(engine) && engine->tasks.count == 0 &&
           wf_list_is_empty(&engine->tests) &&
           engine->cancelling == 0 && wf_list_is_empty(&engine->reaps);
}

bool wf_engine_may_dispatch(const struct wf_engine *engine) {
    return !engine->options.in_step || is_calm(engine);
}

/* In step, nothing is on its way when frames run. */
static bool must_wait(const struct wf_engine *engine) {
    return engine->options.in_step &&
           (engine->in_flight_count > 0 || engine->loads > 0);
}

struct wf_offload *wf_engine_item_threads(struct wf_engine *engine) {
    if (!engine->item_threads)
        engine->item_threads = wf_offload_new(engine->loop, ITEM_THREADS);
    return engine->item_threads;
}

/* ---- the turn ---- */

static void run_frames(struct wf_engine *engine) {
    unsigned budget = TURN_TRANSITIONS;
    uint64_t end_ns = wf_clock_mono_ns() + TURN_NS;
    struct wf_link *link;
    while (budget > 0 && !wf_engine_is_held_back(engine) &&
           (link = wf_list_shift(&engine->run_queue))) {
        struct wf_frame *frame = WF_ENTRY(link, struct wf_frame, run_link);
        unsigned share =
            budget < FRAME_TRANSITIONS ? budget : FRAME_TRANSITIONS;
        unsigned made = wf_frame_turn(engine, frame, share);
        budget = made < budget ? budget - made : 0;
        if (!engine->options.in_step && wf_clock_mono_ns() > end_ns)
            break;
    }
}

static void free_forks(struct wf_engine *engine, uint32_t pages) {
    struct wf_link *first = wf_list_shift(&engine->old_forks);
    if (!first ||
        wf_fork_free_some(WF_ENTRY(first, struct wf_fork, link), pages))
        return;
    wf_list_append(&engine->old_forks, first);
    wf_engine_wake(engine);
}

static void bury_frames(struct wf_engine *engine) {
    struct wf_link *link;
    while ((link = wf_list_shift(&engine->graveyard)))
        wf_frame_remove(WF_ENTRY(link, struct wf_frame, run_link));
}

/* Virtual time moves when nothing else can happen. */
static void move_virtual_time(struct wf_engine *engine) {
    if (!engine->clock->is_virtual || !wf_engine_is_quiet(engine))
        return;
    int64_t next = wf_timers_next(engine);
    if (next != INT64_MAX) {
        wf_clock_advance(engine->clock, next);
        wf_engine_wake(engine);
    }
}

static void set_timer(struct wf_engine *engine) {
    int64_t next = wf_timers_wake(engine);
    ev_timer_stop(engine->loop, &engine->timer);
    if (next == INT64_MAX || engine->clock->is_virtual)
        return;
    double after =
        (double)(next - wf_clock_now_ms(engine->clock)) / 1000 + 0.0005;
    if (after < 0)
        after = 0;
    if (after > LONGEST_SLEEP_S)
        after = LONGEST_SLEEP_S;
    ev_timer_set(&engine->timer, after, 0);
    ev_timer_start(engine->loop, &engine->timer);
}

/* True: there is more that can be done at once. */
static bool run_some(struct wf_engine *engine) {
    bool more = wf_timers_fire(engine, TURN_TIMERS);
    wf_engine_load_due(engine);
    wf_schedules_fire(engine);
    wf_tasks_drain_backlog(engine);
    run_frames(engine);
    return more;
}

static void turn(struct ev_loop *loop, struct ev_prepare *watcher, int e) {
    struct wf_engine *engine = watcher->data;
    (void)loop;
    (void)e;
    ev_idle_stop(engine->loop, &engine->spin);
    bool more = !must_wait(engine) && run_some(engine);
    wf_executions_end_full(engine);
    bury_frames(engine);
    free_forks(engine, FREED_PAGES);
    wf_tokens_turn(engine);
    if (engine->in_flight_count < BATCHES_IN_FLIGHT)
        wf_engine_submit(engine);
    more |= !wf_list_is_empty(&engine->run_queue) &&
            !wf_engine_is_held_back(engine) && !must_wait(engine);
    if (engine->options.in_step) /* it may have become calm */
        wf_tasks_drain_backlog(engine);
    if (more)
        wf_engine_wake(engine);
    move_virtual_time(engine);
    set_timer(engine);
}

/* These two only make the loop turn. */
static void spin(struct ev_loop *loop, struct ev_idle *watcher, int e) {
    (void)loop;
    (void)watcher;
    (void)e;
}

static void timer_due(struct ev_loop *loop, struct ev_timer *watcher, int e) {
    (void)loop;
    (void)watcher;
    (void)e;
}

static void housekeeping(struct ev_loop *loop, struct ev_timer *watcher,
                         int e) {
    struct wf_engine *engine = watcher->data;
    (void)loop;
    (void)e;
    wf_tasks_housekeeping(engine);
    wf_nested_housekeeping(engine);
    wf_nested_ends_housekeeping(engine);
    wf_machines_housekeeping(engine);
    wf_engine_park_idle(engine);
    wf_map_runs_housekeeping(engine);
    wf_retention_housekeeping(engine);
    wf_notifications_housekeeping(engine);
    wf_schedules_housekeeping(engine);
}

/* ---- opening ---- */

static void store_changed(void *arg, enum wf_store_state state,
                          const struct wf_error *err) {
    struct wf_engine *engine = arg;
    engine->stalled = state != WF_STORE_OK;
    if (state == WF_STORE_FULL)
        wf_engine_notice(engine,
                         WF_ERROR "the store has no room: %s; new work is "
                         "refused until there is",
                         err ? err->message : "");
    else if (state == WF_STORE_DEAD)
        wf_engine_notice(engine, WF_ERROR "the store has failed: %s",
                         err ? err->message : "");
    else if (state == WF_STORE_OK)
        wf_engine_notice(engine, "the store has room again");
    if (engine->store_changed)
        engine->store_changed(engine->store_changed_arg, state, err);
}

static void script_notice(void *arg, const char *text) {
    wf_engine_notice(arg, "%s", text);
}

static void set_defaults(struct wf_engine_options *options) {
    if (!options->profile)
        options->profile = &WF_PROFILE_NATIVE;
    if (!options->journal_bytes)
        options->journal_bytes = (size_t)48 << 20;
    if (!options->memory_bytes)
        options->memory_bytes = (size_t)256 << 20;
    if (!options->idle_ms)
        options->idle_ms = 3000;
    if (!options->payload_bytes)
        options->payload_bytes = (size_t)64 << 20;
    options->payload_bytes =
        wf_profile_payload_bytes(options->profile, options->payload_bytes);
}

static void start_watchers(struct wf_engine *engine) {
    ev_prepare_init(&engine->prepare, turn);
    ev_timer_init(&engine->timer, timer_due, 0, 0);
    ev_timer_init(&engine->housekeeping, housekeeping, HOUSEKEEPING_S,
                  HOUSEKEEPING_S);
    engine->prepare.data = engine;
    engine->housekeeping.data = engine;
    ev_prepare_start(engine->loop, &engine->prepare);
    ev_timer_start(engine->loop, &engine->housekeeping);
    wf_engine_wake(engine);
}

static void init_lists(struct wf_engine *engine) {
    wf_list_init(&engine->run_queue);
    wf_list_init(&engine->dirty);
    wf_list_init(&engine->held);
    wf_list_init(&engine->full);
    wf_list_init(&engine->unpacked);
    wf_list_init(&engine->idle);
    wf_list_init(&engine->started);
    wf_list_init(&engine->tests);
    wf_list_init(&engine->calls);
    wf_list_init(&engine->cancels);
    wf_list_init(&engine->pieces);
    wf_list_init(&engine->reaps);
    wf_list_init(&engine->in_flight);
    wf_list_init(&engine->sweeps);
    wf_list_init(&engine->graveyard);
    wf_list_init(&engine->old_forks);
    wf_list_init(&engine->map_runs);
    wf_list_init(&engine->late_answers);
    wf_list_init(&engine->redrives);
    wf_activities_init(engine);
    wf_list_init(&engine->put_off);
    wf_list_init(&engine->unsettled);
}

static char *text_or(const char *text, const char *otherwise) {
    const char *chosen = text ? text : otherwise;
    return wf_strndup(chosen, strlen(chosen));
}

static struct wf_engine *engine_new(const struct wf_engine_options *options,
                                    const struct wf_engine_events *events,
                                    void *arg) {
    struct wf_engine *engine = wf_calloc(1, sizeof(*engine));
    engine->options = *options;
    set_defaults(&engine->options);
    if (events)
        engine->events = *events;
    engine->events_arg = arg;
    engine->region = text_or(options->region, "us-east-1");
    engine->account = text_or(options->account, "000000000000");
    engine->parked_next = 0; /* look at the rows once */
    engine->batch_limit = 2000;
    init_lists(engine);
    wf_machines_init(engine);
    wf_schedules_open(engine);
    engine->recent = wf_recent_new();
    ev_idle_init(&engine->spin, spin); /* recovery may start it already */
    return engine;
}

/* What decides: on the loop, and on threads. */
static int open_script(struct wf_engine *engine, struct wf_error *err) {
    struct wf_script_options script = {
        .limits = {.steps = LOOP_STEPS, .doc_bytes = LOOP_BYTES},
        .lua_directory = engine->options.lua_directory,
        .states = engine->options.states,
        .service_models = engine->options.service_models,
        .clock = engine->clock,
        .notice = script_notice,
        .arg = engine,
    };
    struct wf_evaluator_options evaluator = {
        .in_step = engine->clock->seeded};
    struct wf_decider_options deciders = {.script = script,
                                          .seeded = engine->clock->seeded};
    deciders.script.limits = (struct wf_script_limits){
        .doc_bytes = DECIDER_PAYLOADS * engine->options.payload_bytes};
    engine->evaluator = wf_evaluator_new(engine->loop, &evaluator);
    if (wf_script_new(&script, &engine->script, err) != 0)
        return -1;
    return wf_deciders_new(engine->evaluator, &deciders, &engine->deciders,
                           err);
}

/* A line for each; a NUL at the end. */
static void add_endpoints(const char *const *list, struct wf_buf *lines) {
    for (; list && *list; list++)
        wf_buf_addf(lines, "%s\n", *list);
    wf_buf_u8(lines, 0);
}

/* Mistakes in what HTTP Tasks are given are told at once. */
static int check_http(const struct wf_engine_options *options,
                      struct wf_error *err) {
    struct wf_buf text = {0};
    for (const char *const *at = options->http_allow; at && *at; at++)
        if (!wf_network_is_valid(*at))
            return wf_error_set(err, WF_E_INVALID,
                                "--http-allow %s: a network is expected, "
                                "10.0.0.0/8 or fd00::/8", *at);
    int rc = options->connections
                 ? wf_private_file_read(options->connections, WF_FILE_SECRET,
                                        CONNECTIONS_BYTES, &text, err)
                 : 0;
    wf_buf_free(&text);
    return rc;
}

static int open_pool(struct wf_engine *engine, struct wf_error *err) {
    if (check_http(&engine->options, err) != 0)
        return -1;
    struct wf_buf endpoints = {0}, networks = {0};
    /* A seeded run is the same every time: one handler after the other. */
    bool seeded = engine->clock->seeded;
    struct wf_pool_options pool = {
        .workers = seeded ? 1 : engine->options.workers,
        .tasks_per_worker = seeded ? 1 : 0,
        .lua_directory = engine->options.lua_directory,
        .lambda_endpoint = engine->options.lambda_endpoint,
        .service_models = engine->options.service_models,
        .connections = engine->options.connections,
        .region = engine->region,
        .output_bytes = engine->options.payload_bytes,
    };
    add_endpoints(engine->options.service_endpoints, &endpoints);
    pool.service_endpoints = endpoints.data;
    add_endpoints(engine->options.http_allow, &networks);
    pool.http_allow = networks.data;
    int rc = endpoints.len <= WF_POOL_ENDPOINTS &&
                     networks.len <= WF_POOL_ENDPOINTS
                 ? 0
                 : wf_error_set(err, WF_E_LIMIT, "the addresses of "
                                "--service-endpoint or --http-allow are too "
                                "long, all in all");
    if (rc == 0)
        engine->pool = wf_pool_new(engine->loop, &pool, &wf_task_pool_events,
                                   engine);
    wf_buf_free(&endpoints);
    wf_buf_free(&networks);
    return rc;
}

static void watch_store(struct wf_engine *engine) {
    struct wf_store *store = engine->store;
    engine->store_changed = store->changed; /* who watched it, still does */
    engine->store_changed_arg = store->changed_arg;
    wf_store_watch(store, store_changed, engine);
}

int wf_engine_open(struct ev_loop *loop, struct wf_clock *clock,
                   struct wf_store *store,
                   const struct wf_engine_options *options,
                   const struct wf_engine_events *events, void *arg,
                   struct wf_engine **out, struct wf_error *err) {
    struct wf_engine *engine = engine_new(options, events, arg);
    engine->loop = loop;
    engine->clock = clock;
    engine->store = store;
    engine->opened_ms = wf_clock_now_ms(clock);
    engine->hash = wf_hash_new();
    int rc = open_script(engine, err);
    if (rc == 0)
        rc = open_pool(engine, err);
    if (rc == 0)
        rc = wf_survivors_find_copy(engine, err);
    if (rc == 0)
        rc = wf_engine_recover(engine, err);
    if (rc == 0)
        rc = wf_survivors_end(engine, err);
    if (rc == 0)
        rc = wf_bundles_open(engine, err);
    if (rc == 0)
        rc = wf_notifications_open(engine, err);
    if (rc != 0) {
        wf_engine_close(engine);
        return -1;
    }
    watch_store(engine);
    start_watchers(engine);
    *out = engine;
    return 0;
}

void wf_engine_set_api_endpoint(struct wf_engine *engine, const char *url) {
    wf_pool_set_api_endpoint(engine->pool, url);
}

void wf_engine_close(struct wf_engine *engine) {
    if (!engine)
        return;
    engine->closing = true;
    ev_prepare_stop(engine->loop, &engine->prepare);
    ev_idle_stop(engine->loop, &engine->spin);
    ev_timer_stop(engine->loop, &engine->timer);
    ev_timer_stop(engine->loop, &engine->housekeeping);
    wf_notifications_close(engine);
    wf_engine_backup_free(engine);
    wf_retention_free(engine);
    wf_evaluator_free(engine->evaluator);
    wf_bundles_close(engine);
    wf_pool_free(engine->pool);
    wf_waiters_free(engine);
    wf_followers_free(engine);
    wf_pieces_free(engine);
    wf_sweeps_free(engine);
    bury_frames(engine);
    while (!wf_list_is_empty(&engine->old_forks))
        free_forks(engine, UINT32_MAX);
    for (size_t i = 0; i < engine->table.size; i++)
        while (engine->table.by_id[i])
            wf_execution_drop(engine, engine->table.by_id[i]);
    wf_polls_free(engine);
    wf_activities_free(engine);
    wf_table_free(&engine->table);
    wf_offload_free(engine->item_threads);
    wf_offload_free(engine->hash_threads);
    wf_tasks_free(engine);
    wf_commits_free(engine);
    wf_calls_free(engine);
    wf_schedules_close(engine);
    wf_machines_free(engine);
    wf_deciders_free(engine->deciders);
    wf_script_free(engine->script);
    wf_recent_free(engine->recent);
    wf_ended_free(&engine->ended);
    wf_buf_free(&engine->parked_resume);
    wf_hash_free(engine->hash);
    free(engine->timers.heap);
    free(engine->region);
    free(engine->account);
    free(engine);
}

void wf_engine_flush(struct wf_engine *engine, void (*done)(void *arg),
                     void *arg) {
    wf_notifications_settle(engine);
    wf_engine_after(engine, done, arg);
    wf_engine_wake(engine);
}

void wf_engine_offload(struct wf_engine *engine, struct wf_job *job) {
    wf_evaluator_submit(engine->evaluator, job);
}

void wf_engine_watch_store(struct wf_engine *engine,
                           void (*changed)(void *arg,
                                           enum wf_store_state state,
                                           const struct wf_error *err),
                           void *arg) {
    engine->store_changed = changed;
    engine->store_changed_arg = arg;
}

void wf_engine_stats(const struct wf_engine *engine,
                     struct wf_engine_stats *stats) {
    *stats = engine->stats;
    stats->active_executions = engine->table.count;
    stats->active_bytes = engine->active_bytes;
    stats->timers = engine->timers.count;
    stats->journal_bytes = engine->journal_bytes;
    stats->journal_records = engine->next_seq - engine->journal_head;
    stats->durable_seq = engine->durable_seq;
    stats->revisions = engine->machines.count;
    stats->tasks_queued =
        (engine->task_backlog.len - engine->backlog_at) / sizeof(uint64_t);
    wf_log_count(engine, stats);
    wf_notifications_count(engine, stats);
}

void wf_engine_store_stats(const struct wf_engine *engine,
                           struct wf_store_stats *stats) {
    wf_store_stats(engine->store, stats);
}
