/* pool_message.c - what workers tell the pool. See wire.h for the layouts. */
#include <stdlib.h>

#include "pool_priv.h"

typedef void message_fn(struct wf_worker_process *worker,
                        struct wf_pool_entry *entry, struct wf_reader *body);

static void on_result(struct wf_worker_process *worker,
                      struct wf_pool_entry *entry, struct wf_reader *body) {
    struct wf_str output = {body->at, (size_t)(body->end - body->at)};

    struct wf_pool *pool = worker->pool;
    pool->reporting = &worker->wire;
    pool->reported_bytes = output.len;
    wf_pool_finish(pool, entry, WF_TASK_SUCCEEDED, output, NULL);
    pool->reporting = NULL;
}

bool wf_pool_take_output(struct wf_pool *pool, struct wf_buf *text,
                         size_t *from) {
    if (!pool->reporting)
        return false;
    *from = wf_wire_take(pool->reporting, pool->reported_bytes, text);
    pool->reporting = NULL;
    return true;
}

static void on_fail(struct wf_worker_process *worker,
                    struct wf_pool_entry *entry, struct wf_reader *body) {
    struct wf_failure failure;

    failure.error = wf_read_text(body);
    failure.cause = wf_read_text(body);
    if (!body->bad)
        wf_pool_finish(worker->pool, entry, WF_TASK_FAILED, WF_STR_NULL,
                       &failure);
}

static void on_cancelled(struct wf_worker_process *worker,
                         struct wf_pool_entry *entry, struct wf_reader *body) {
    (void)body;
    wf_pool_finish(worker->pool, entry, WF_TASK_LOST, WF_STR_NULL, NULL);
}

static void on_log(struct wf_worker_process *worker,
                   struct wf_pool_entry *entry, struct wf_reader *body) {
    static const char *const names[] = {"log", "stdout", "stderr"};
    struct wf_pool *pool = worker->pool;
    uint8_t stream = wf_read_u8(body);
    struct wf_str line = wf_read_text(body);

    if (!body->bad && pool->events.log && !entry->cancelled)
        pool->events.log(pool->arg, entry->id, names[stream % 3], line);
}

static void on_heartbeat(struct wf_worker_process *worker,
                         struct wf_pool_entry *entry, struct wf_reader *body) {
    struct wf_pool *pool = worker->pool;

    (void)body;
    if (pool->events.heartbeat && !entry->cancelled)
        pool->events.heartbeat(pool->arg, entry->id);
}

static void on_checkpoint(struct wf_worker_process *worker,
                          struct wf_pool_entry *entry,
                          struct wf_reader *body) {
    struct wf_pool *pool = worker->pool;
    struct wf_str cursor = wf_read_text(body);

    if (!body->bad && pool->events.checkpoint && !entry->cancelled)
        pool->events.checkpoint(pool->arg, entry->id, cursor);
}

static struct wf_child read_child(struct wf_reader *body) {
    struct wf_child child;

    child.pid = (int32_t)wf_read_varint(body);
    child.start_time = wf_read_varint(body);
    return child;
}

static void on_child_started(struct wf_worker_process *worker,
                             struct wf_pool_entry *entry,
                             struct wf_reader *body) {
    struct wf_pool *pool = worker->pool;
    struct wf_child child = read_child(body);
    struct wf_str key = wf_read_text(body);

    if (body->bad)
        return;
    struct wf_pool_child *known = wf_calloc(1, sizeof(*known));
    known->child = child;
    known->key = wf_strndup(key.data, key.len);
    known->next = entry->children;
    entry->children = known;
    if (pool->events.child_started && !entry->cancelled)
        pool->events.child_started(pool->arg, entry->id, child);
}

void wf_pool_child_drop(struct wf_pool_entry *entry, struct wf_child child) {
    struct wf_pool_child **at = &entry->children;

    while (*at && ((*at)->child.pid != child.pid ||
                   (*at)->child.start_time != child.start_time))
        at = &(*at)->next;
    if (*at) {
        struct wf_pool_child *gone = *at;
        *at = gone->next;
        free(gone->key);
        free(gone);
    }
}

static void on_child_ended(struct wf_worker_process *worker,
                           struct wf_pool_entry *entry,
                           struct wf_reader *body) {
    struct wf_pool *pool = worker->pool;
    struct wf_child child = read_child(body);

    if (body->bad)
        return;
    wf_pool_child_drop(entry, child);
    if (pool->events.child_ended)
        pool->events.child_ended(pool->arg, entry->id, child);
}

/* ---- bundles ---- */

static bool is_wanted(const struct wf_worker_process *worker,
                      struct wf_str bundle) {
    for (size_t i = 0; i < worker->wanted_count; i++)
        if (wf_str_eq(wf_str(worker->wanted[i]), bundle))
            return true;
    return false;
}

bool wf_pool_bundle_answered(struct wf_worker_process *worker,
                             struct wf_str bundle) {
    for (size_t i = 0; i < worker->wanted_count; i++) {
        if (!wf_str_eq(wf_str(worker->wanted[i]), bundle))
            continue;
        free(worker->wanted[i]);
        worker->wanted[i] = worker->wanted[--worker->wanted_count];
        return true;
    }
    return false;
}

/* The engine is asked once, however many workers want the bundle. */
static void on_bundle_wanted(struct wf_worker_process *worker,
                             struct wf_reader *body) {
    struct wf_pool *pool = worker->pool;
    struct wf_str bundle = wf_read_text(body);
    bool asked = false;

    if (body->bad || is_wanted(worker, bundle))
        return;
    for (struct wf_link *at = pool->workers.next; at != &pool->workers;
         at = at->next)
        asked = asked || is_wanted(
            WF_ENTRY(at, struct wf_worker_process, link), bundle);
    worker->wanted = wf_realloc(worker->wanted,
                                (worker->wanted_count + 1) * sizeof(char *));
    worker->wanted[worker->wanted_count++] =
        wf_strndup(bundle.data, bundle.len);
    if (!asked && pool->events.bundle_wanted)
        pool->events.bundle_wanted(pool->arg, bundle);
}

static void on_needs_isolation(struct wf_worker_process *worker,
                               struct wf_reader *body) {
    struct wf_str raw = {body->at, (size_t)(body->end - body->at)};
    struct wf_wire_task task;

    wf_wire_get_task(body, &task);
    if (body->bad)
        return;
    struct wf_pool_entry *entry = wf_pool_find(worker->pool, task.id);
    wf_pool_isolate(worker->pool, &task);
    if (!entry || entry->worker != worker)
        return;
    if (entry->cancelled)
        wf_pool_finish(worker->pool, entry, WF_TASK_LOST, WF_STR_NULL, NULL);
    else
        wf_pool_requeue_isolated(worker->pool, entry, raw);
}

static void on_task_message(struct wf_worker_process *worker,
                            enum wf_wire_type type, struct wf_reader *body) {
    static message_fn *const handlers[] = {
        [WF_WIRE_RESULT] = on_result,
        [WF_WIRE_FAIL] = on_fail,
        [WF_WIRE_CANCELLED] = on_cancelled,
        [WF_WIRE_LOG] = on_log,
        [WF_WIRE_HEARTBEAT] = on_heartbeat,
        [WF_WIRE_CHECKPOINT] = on_checkpoint,
        [WF_WIRE_CHILD_STARTED] = on_child_started,
        [WF_WIRE_CHILD_ENDED] = on_child_ended,
    };
    message_fn *handler =
        type < sizeof(handlers) / sizeof(*handlers) ? handlers[type] : NULL;
    struct wf_pool_entry *entry =
        wf_pool_find(worker->pool, wf_read_varint(body));

    if (!handler)
        body->bad = true;
    else if (entry && entry->worker == worker)
        handler(worker, entry, body);
}

int wf_pool_messages(struct wf_worker_process *worker) {
    enum wf_wire_type type;
    struct wf_reader body;

    while (wf_wire_next(&worker->wire, &type, &body)) {
        if (type == WF_WIRE_BUNDLE_WANTED)
            on_bundle_wanted(worker, &body);
        else if (type == WF_WIRE_NEEDS_ISOLATION)
            on_needs_isolation(worker, &body);
        else
            on_task_message(worker, type, &body);
        if (body.bad)
            return -1;
    }
    return 0;
}
