/*
 * worker_task.c - the tasks of a worker: from the message that brings one to
 * the message of its end.
 *
 * A task waits for its bundle, runs, waits for an operation (worker.h), is
 * ready to go on, or is closing: its end is decided, and sent as soon as its
 * children are gone.
 */
#include <stdlib.h>

#include "worker_priv.h"

#define READY_PER_TURN 1000
#define HEARTBEAT_NS (50 * WF_NS_PER_MS)
/* For one that goes on though it is given up: longer than any HTTP request. */
#define DEFER_NS (UINT64_C(90000) * (uint64_t)WF_NS_PER_MS)
#define BUNDLES_MAX 16 /* unused ones beyond are forgotten */

/* ---- the table ---- */

static struct wf_task **bucket(struct wf_worker *worker, uint64_t id) {
    uint64_t hash = id * UINT64_C(0x9E3779B97F4A7C15);

    return &worker->table[(hash >> 32) & (worker->table_size - 1)];
}

struct wf_task *wf_worker_task_find(struct wf_worker *worker, uint64_t id) {
    struct wf_task *task = *bucket(worker, id);

    while (task && task->id != id)
        task = task->hash_next;
    return task;
}

static void table_grow(struct wf_worker *worker) {
    struct wf_task **old = worker->table;
    size_t old_size = worker->table_size;

    worker->table_size = old_size * 2;
    worker->table = wf_calloc(worker->table_size, sizeof(*worker->table));
    for (size_t i = 0; i < old_size; i++) {
        struct wf_task *next;
        for (struct wf_task *task = old[i]; task; task = next) {
            next = task->hash_next;
            struct wf_task **head = bucket(worker, task->id);
            task->hash_next = *head;
            *head = task;
        }
    }
    free(old);
}

/* Keeps the buffer and the slot of a recycled one. */
static struct wf_task *task_new(struct wf_worker *worker, uint64_t id) {
    struct wf_task *task = worker->spare;

    if (task) {
        worker->spare = task->hash_next;
        *task = (struct wf_task){.body = task->body, .slot = task->slot};
    } else {
        task = wf_calloc(1, sizeof(*task));
        task->slot = ++worker->slots;
    }
    task->worker = worker;
    task->id = id;
    task->body.len = 0;
    wf_list_init(&task->procs);
    if (worker->task_count >= worker->table_size)
        table_grow(worker);
    struct wf_task **head = bucket(worker, id);
    task->hash_next = *head;
    *head = task;
    worker->task_count++;
    return task;
}

static void task_free(struct wf_task *task) {
    struct wf_worker *worker = task->worker;
    struct wf_task **at = bucket(worker, task->id);

    while (*at != task)
        at = &(*at)->hash_next;
    *at = task->hash_next;
    worker->task_count--;
    wf_lua_task_forget(task);
    task->bundle->tasks--;
    wf_list_remove(&task->link);
    wf_list_remove(&task->doomed);
    wf_buf_free(&task->report);
    free(task->key);
    if (task->body.cap > 16384)
        wf_buf_free(&task->body);
    task->hash_next = worker->spare;
    worker->spare = task;
}

/* ---- bundles ---- */

static struct wf_bundle *bundle_find(struct wf_worker *worker,
                                     struct wf_str hash) {
    for (struct wf_link *at = worker->bundles.previous;
         at != &worker->bundles; at = at->previous) {
        struct wf_bundle *bundle = WF_ENTRY(at, struct wf_bundle, link);
        if (strlen(bundle->hash) == hash.len &&
            memcmp(bundle->hash, hash.data, hash.len) == 0)
            return bundle;
    }
    return NULL;
}

/* The oldest ones that nobody uses go. */
static void bundles_trim(struct wf_worker *worker) {
    struct wf_link *next;

    for (struct wf_link *at = worker->bundles.next;
         at != &worker->bundles && worker->bundle_count > BUNDLES_MAX;
         at = next) {
        struct wf_bundle *bundle = WF_ENTRY(at, struct wf_bundle, link);
        next = at->next;
        if (bundle->tasks > 0 || !bundle->loaded)
            continue;
        wf_list_remove(&bundle->link);
        worker->bundle_count--;
        wf_lua_bundle_drop(worker, bundle);
        free(bundle->hash);
        free(bundle);
    }
}

static struct wf_bundle *bundle_use(struct wf_worker *worker,
                                    struct wf_str hash) {
    struct wf_bundle *bundle = bundle_find(worker, hash);

    if (bundle)
        return bundle;
    bundle = wf_calloc(1, sizeof(*bundle));
    bundle->hash = wf_strndup(hash.data, hash.len);
    wf_list_init(&bundle->waiting);
    wf_list_append(&worker->bundles, &bundle->link);
    worker->bundle_count++;
    size_t mark = wf_wire_begin(&worker->wire, WF_WIRE_BUNDLE_WANTED);
    wf_buf_text(&worker->wire.out, hash);
    wf_wire_end(&worker->wire, mark);
    return bundle;
}

/* ---- starting ---- */

static void body_copy(struct wf_task *task, struct wf_wire_task *ask) {
    struct wf_reader copy;

    wf_wire_put_task(&task->body, ask);
    copy = (struct wf_reader){.at = task->body.data,
                              .end = task->body.data + task->body.len};
    wf_wire_get_task(&copy, ask);
    task->context = ask->context;
    task->checkpoint = ask->checkpoint;
}

void wf_worker_task_trim(struct wf_task *task,
                         const struct wf_wire_task *ask) {
    size_t context = (size_t)(task->context.data - task->body.data);
    size_t checkpoint = (size_t)(task->checkpoint.data - task->body.data);

    if (ask->input.len < 65536)
        return;
    task->body.len = task->body.cap =
        (size_t)(ask->input.data - task->body.data);
    task->body.data = wf_realloc(task->body.data, task->body.cap);
    task->context.data = task->body.data + context;
    task->checkpoint.data = task->body.data + checkpoint;
}

void wf_worker_on_task(struct wf_worker *worker, struct wf_reader *body) {
    struct wf_wire_task ask;

    wf_wire_get_task(body, &ask);
    if (body->bad)
        return;
    struct wf_task *task = task_new(worker, ask.id);
    task->virtual_now_ms = (int64_t)ask.virtual_now_ms;
    if (ask.timeout_ms)
        task->deadline_ns =
            wf_clock_mono_ns() + ask.timeout_ms * (uint64_t)WF_NS_PER_MS;
    task->bundle = bundle_use(worker, ask.bundle);
    task->bundle->tasks++;
    body_copy(task, &ask);
    if (task->bundle->loaded)
        wf_lua_task_start(task, &ask);
    else
        wf_list_append(&task->bundle->waiting, &task->link);
}

void wf_worker_on_bundle(struct wf_worker *worker, struct wf_reader *body) {
    struct wf_bundle *bundle = bundle_find(worker, wf_read_text(body));
    struct wf_link *link;

    if (!bundle || bundle->loaded)
        return;
    wf_lua_bundle_load(worker, bundle, body);
    bundle->loaded = true;
    while ((link = wf_list_shift(&bundle->waiting)) != NULL) {
        struct wf_task *task = WF_ENTRY(link, struct wf_task, link);
        struct wf_reader copy = {.at = task->body.data,
                                 .end = task->body.data + task->body.len};
        struct wf_wire_task ask;
        wf_wire_get_task(&copy, &ask);
        wf_lua_task_start(task, &ask);
    }
    bundles_trim(worker);
}

/* ---- waiting ---- */

void wf_task_resume(struct wf_task *task, wf_task_push_fn *push, void *arg) {
    task->push = push;
    task->push_arg = arg;
    if (task->waiting && !task->closing)
        wf_list_append(&task->worker->ready, &task->link);
}

void wf_worker_run_ready(struct wf_worker *worker) {
    wf_lua_worker_turn(worker);
    wf_worker_end_doomed(worker);
    for (int i = 0; i < READY_PER_TURN; i++) {
        struct wf_link *link = wf_list_shift(&worker->ready);
        if (!link)
            return;
        wf_lua_task_continue(WF_ENTRY(link, struct wf_task, link));
    }
}

static int push_nothing(struct lua_State *L, void *arg) {
    (void)L;
    (void)arg;
    return 0;
}

void wf_worker_on_stored(struct wf_worker *worker, uint64_t id) {
    struct wf_task *task = wf_worker_task_find(worker, id);

    if (!task || !task->storing)
        return;
    task->storing = false;
    wf_task_resume(task, push_nothing, NULL);
}

/* ---- the end ---- */

static void task_closed(struct wf_task *task) {
    wf_buf_addstr(&task->worker->wire.out,
                  (struct wf_str){task->report.data, task->report.len});
    task_free(task);
}

static void on_closer(struct ev_loop *loop, ev_timer *timer, int events) {
    struct wf_worker *worker = timer->data;
    struct wf_link *next;

    (void)events;
    for (struct wf_link *at = worker->closing.next; at != &worker->closing;
         at = next) {
        struct wf_task *task = WF_ENTRY(at, struct wf_task, link);
        next = at->next;
        bool late = wf_clock_mono_ns() - task->closing_ns >
                    UINT64_C(2000) * (uint64_t)WF_NS_PER_MS;
        if (wf_worker_children_end(task, false, late))
            task_closed(task);
    }
    if (wf_list_is_empty(&worker->closing))
        ev_timer_stop(loop, timer);
}

static void task_close(struct wf_task *task, struct wf_str report) {
    struct wf_worker *worker = task->worker;

    wf_buf_addstr(&task->report, report);
    task->closing = true;
    task->closing_ns = wf_clock_mono_ns();
    wf_list_append(&worker->closing, &task->link);
    if (ev_is_active(&worker->closer))
        return;
    ev_timer_init(&worker->closer, on_closer, 0.02, 0.02);
    worker->closer.data = worker;
    ev_timer_start(worker->loop, &worker->closer);
}

void wf_worker_task_end(struct wf_task *task, size_t mark, bool succeeded) {
    struct wf_wire *wire = &task->worker->wire;
    bool gone = wf_list_is_empty(&task->procs);

    if (!gone || task->lost_lines) {
        struct wf_buf report = {0};
        wf_buf_add(&report, wire->out.data + mark, wire->out.len - mark);
        wf_wire_undo(wire, mark);
        wf_worker_log_end(task);
        gone = gone || wf_worker_children_end(task, succeeded, false);
        if (gone)
            wf_buf_add(&wire->out, report.data, report.len);
        else
            task_close(task, (struct wf_str){report.data, report.len});
        wf_buf_free(&report);
    }
    if (gone)
        task_free(task);
}

void wf_worker_task_left(struct wf_task *task) {
    struct wf_wire *wire = &task->worker->wire;
    size_t mark = wf_wire_begin(wire, WF_WIRE_CANCELLED);

    wf_buf_varint(&wire->out, task->id);
    wf_wire_end(wire, mark);
    wf_worker_task_end(task, mark, false);
}

void wf_worker_task_fail(struct wf_task *task, struct wf_str error,
                         struct wf_str cause) {
    struct wf_wire *wire = &task->worker->wire;

    if (task->leaving) {
        wf_worker_task_left(task);
        return;
    }
    size_t mark = wf_wire_begin(wire, WF_WIRE_FAIL);

    wf_buf_varint(&wire->out, task->id);
    wf_buf_text(&wire->out, error);
    wf_buf_text(&wire->out, cause);
    wf_wire_end(wire, mark);
    wf_worker_task_end(task, mark, false);
}

void wf_worker_on_cancel(struct wf_worker *worker, uint64_t id) {
    struct wf_task *task = wf_worker_task_find(worker, id);

    if (!task || task->leaving)
        return; /* its end is on the way */
    if (!task->closing && task->deferring) {
        task->leaving = true;
        /* That of the state is over, or may be. */
        task->deadline_ns = wf_clock_mono_ns() + DEFER_NS;
        return;
    }
    if (!task->closing) {
        wf_list_remove(&task->link);
        if (wf_lua_task_leave(task))
            return;
        wf_lua_task_drop(task);
        wf_worker_task_left(task);
        return;
    }
    task->report.len = 0;
    size_t mark = wf_wire_begin(&worker->wire, WF_WIRE_CANCELLED);
    wf_buf_varint(&worker->wire.out, id);
    wf_wire_end(&worker->wire, mark);
    wf_buf_add(&task->report, worker->wire.out.data + mark,
               worker->wire.out.len - mark);
    wf_wire_undo(&worker->wire, mark);
}

/* ---- what a task asks and tells ---- */

int64_t wf_task_now_ms(const struct wf_task *task) {
    struct wf_clock clock;

    if (task && task->virtual_now_ms)
        return task->virtual_now_ms;
    if (task)
        return wf_clock_now_ms(&task->worker->clock);
    wf_clock_init_real(&clock);
    return wf_clock_now_ms(&clock);
}

bool wf_task_skip_ms(struct wf_task *task, int64_t ms) {
    if (!task->virtual_now_ms)
        return false;
    task->virtual_now_ms += ms;
    return true;
}

int64_t wf_task_remaining_ms(const struct wf_task *task) {
    uint64_t now = wf_clock_mono_ns();

    if (!task->deadline_ns)
        return INT64_MAX;
    if (task->deadline_ns <= now)
        return 0;
    return (int64_t)(task->deadline_ns - now) / WF_NS_PER_MS;
}

const char *wf_task_key(const struct wf_task *task) {
    struct wf_task *cached = (struct wf_task *)task;

    if (!cached->key)
        cached->key = wf_lua_task_key(cached);
    return cached->key;
}

void wf_task_heartbeat(struct wf_task *task) {
    uint64_t now = wf_clock_mono_ns();

    if (task->heartbeat_ns && now - task->heartbeat_ns < HEARTBEAT_NS)
        return;
    task->heartbeat_ns = now;
    wf_wire_send_id(&task->worker->wire, WF_WIRE_HEARTBEAT, task->id);
    wf_worker_flush_soon(task->worker, now);
}
