/*
 * pool.c - tasks of the pool: their table, their queues, who gets them.
 *
 * A task whose worker has room is encoded straight into that worker's output
 * buffer; only what nobody can take yet is kept in a queue. Buffers are
 * written once a turn of the loop, by `flush`, a watcher of lowest priority
 * that is fed and so runs after everything else that is pending.
 */
#include "pool_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"

#define OUTPUT_HIGH (8u << 20) /* unwritten bytes: no more tasks for it */

/* ---- the table ---- */

static struct wf_pool_entry **bucket(struct wf_pool *pool, uint64_t id) {
    uint64_t hash = id * UINT64_C(0x9E3779B97F4A7C15);

    return &pool->table[(hash >> 32) & (pool->table_size - 1)];
}

struct wf_pool_entry *wf_pool_find(struct wf_pool *pool, uint64_t id) {
    struct wf_pool_entry *entry = *bucket(pool, id);

    while (entry && entry->id != id)
        entry = entry->hash_next;
    return entry;
}

static void table_grow(struct wf_pool *pool) {
    struct wf_pool_entry **old = pool->table;
    size_t old_size = pool->table_size;

    pool->table_size = old_size * 2;
    pool->table = wf_calloc(pool->table_size, sizeof(*pool->table));
    for (size_t i = 0; i < old_size; i++) {
        struct wf_pool_entry *next;
        for (struct wf_pool_entry *entry = old[i]; entry; entry = next) {
            next = entry->hash_next;
            struct wf_pool_entry **head = bucket(pool, entry->id);
            entry->hash_next = *head;
            *head = entry;
        }
    }
    free(old);
}

static void table_add(struct wf_pool *pool, struct wf_pool_entry *entry) {
    if (pool->count >= pool->table_size)
        table_grow(pool);
    struct wf_pool_entry **head = bucket(pool, entry->id);
    entry->hash_next = *head;
    *head = entry;
    pool->count++;
}

static void table_remove(struct wf_pool *pool, struct wf_pool_entry *entry) {
    struct wf_pool_entry **at = bucket(pool, entry->id);

    while (*at && *at != entry)
        at = &(*at)->hash_next;
    if (*at) {
        *at = entry->hash_next;
        pool->count--;
    }
}

/* ---- entries ---- */

static struct wf_pool_entry *entry_new(struct wf_pool *pool, uint64_t id) {
    struct wf_pool_entry *entry = pool->spare;

    if (entry)
        pool->spare = entry->hash_next;
    else
        entry = wf_malloc(sizeof(*entry));
    *entry = (struct wf_pool_entry){.id = id};
    return entry;
}

static void entry_free(struct wf_pool *pool, struct wf_pool_entry *entry) {
    while (entry->children)
        wf_pool_child_drop(entry, entry->children->child);
    wf_buf_free(&entry->message);
    free(entry->cause);
    entry->hash_next = pool->spare;
    pool->spare = entry;
}

/* Takes the entry away from its worker or queue. */
static void entry_detach(struct wf_pool *pool, struct wf_pool_entry *entry) {
    struct wf_worker_process *worker = entry->worker;

    wf_list_remove(&entry->link);
    wf_list_remove(&entry->fresh);
    entry->worker = NULL;
    if (!worker)
        return;
    if (entry->cancelled) { /* the id may come again */
        uint64_t id = entry->id;
        atomic_compare_exchange_strong(
            &worker->page->cancelled[entry->id % WF_PAGE_CANCELS], &id, 0);
    }
    worker->task_count--;
    atomic_store_explicit(&worker->page->assigned, worker->task_count,
                          memory_order_relaxed);
    if (worker->isolated && worker->task_count == 0)
        wf_pool_kick(pool); /* gets the next one, or retires */
}

static bool has_queued(const struct wf_pool *pool) {
    for (int i = 0; i < WF_POOL_PRIORITIES; i++)
        if (!wf_list_is_empty(&pool->queues[i]))
            return true;
    return !wf_list_is_empty(&pool->isolated_queue);
}

void wf_pool_finish(struct wf_pool *pool, struct wf_pool_entry *entry,
                    enum wf_task_end how, struct wf_str output,
                    const struct wf_failure *failure) {
    uint64_t id = entry->id;
    bool cancelled = entry->cancelled;
    void (*done)(void *, uint64_t) = entry->done;
    void *done_arg = entry->done_arg;

    if (wf_link_is_in(&entry->fresh))
        wf_pool_emit_started(pool);
    entry_detach(pool, entry);
    table_remove(pool, entry);
    entry_free(pool, entry);
    if (has_queued(pool))
        wf_pool_kick(pool);
    if (cancelled) {
        if (done)
            done(done_arg, id);
    } else if (pool->events.ended) {
        pool->events.ended(pool->arg, id, how, output, failure);
    }
}

void wf_pool_entry_end(struct wf_pool *pool, struct wf_pool_entry *entry,
                       enum wf_task_end how, const char *cause) {
    entry_detach(pool, entry);
    entry->state = WF_POOL_ENDING;
    entry->how = how;
    entry->cause = wf_strndup(cause, strlen(cause));
    entry->pool = pool;
    wf_list_append(&pool->ending, &entry->link);
    wf_pool_kick(pool);
}

/* ---- handing out ---- */

static struct wf_worker_process *pick(struct wf_pool *pool) {
    struct wf_worker_process *best = NULL;

    for (struct wf_link *at = pool->workers.next; at != &pool->workers;
         at = at->next) {
        struct wf_worker_process *worker =
            WF_ENTRY(at, struct wf_worker_process, link);
        if (worker->isolated || worker->ending || worker->broken ||
            worker->task_count >= pool->options.tasks_per_worker ||
            wf_wire_pending(&worker->wire) > OUTPUT_HIGH)
            continue;
        if (!best || worker->stalled < best->stalled ||
            (worker->stalled == best->stalled &&
             worker->task_count < best->task_count))
            best = worker;
    }
    if ((!best || best->task_count > 0) &&
        pool->worker_count < pool->options.workers) {
        struct wf_worker_process *fresh = wf_pool_spawn(pool, false);
        best = fresh ? fresh : best;
    }
    return best;
}

static void entry_assign(struct wf_pool *pool, struct wf_pool_entry *entry,
                         struct wf_worker_process *worker) {
    entry->state = WF_POOL_SENT;
    entry->worker = worker;
    wf_list_append(&worker->tasks, &entry->link);
    wf_list_append(&pool->fresh, &entry->fresh);
    worker->task_count++;
    atomic_store_explicit(&worker->page->assigned, worker->task_count,
                          memory_order_relaxed);
    if (worker->isolated)
        entry->dispatched_ns = wf_clock_mono_ns();
}

static void entry_send(struct wf_pool *pool, struct wf_pool_entry *entry,
                       struct wf_worker_process *worker) {
    size_t mark = wf_wire_begin(&worker->wire, WF_WIRE_TASK);

    wf_buf_add(&worker->wire.out, entry->message.data, entry->message.len);
    wf_wire_end(&worker->wire, mark);
    wf_buf_free(&entry->message);
    wf_list_remove(&entry->link);
    entry_assign(pool, entry, worker);
}

static void hand_out(struct wf_pool *pool) {
    for (int i = WF_POOL_PRIORITIES - 1; i >= 0; i--) {
        struct wf_link *queue = &pool->queues[i];
        while (!wf_list_is_empty(queue)) {
            struct wf_worker_process *worker = pick(pool);
            if (!worker)
                return;
            entry_send(pool,
                       WF_ENTRY(queue->next, struct wf_pool_entry, link),
                       worker);
        }
    }
}

static size_t isolated_limit(const struct wf_pool *pool) {
    return pool->options.workers * 4 < 8 ? 8 : pool->options.workers * 4;
}

static struct wf_worker_process *idle_isolated(struct wf_pool *pool) {
    for (struct wf_link *at = pool->workers.next; at != &pool->workers;
         at = at->next) {
        struct wf_worker_process *worker =
            WF_ENTRY(at, struct wf_worker_process, link);
        if (worker->isolated && worker->task_count == 0 && !worker->ending &&
            !worker->broken)
            return worker;
    }
    return NULL;
}

static void hand_out_isolated(struct wf_pool *pool) {
    struct wf_link *queue = &pool->isolated_queue;
    struct wf_worker_process *worker;

    while (!wf_list_is_empty(queue)) {
        worker = idle_isolated(pool);
        if (!worker && pool->isolated_count < isolated_limit(pool))
            worker = wf_pool_spawn(pool, true);
        if (!worker)
            break;
        entry_send(pool, WF_ENTRY(queue->next, struct wf_pool_entry, link),
                   worker);
    }
    if (!wf_list_is_empty(queue))
        return;
    while ((worker = idle_isolated(pool)) != NULL)
        wf_pool_process_retire(worker);
}

void wf_pool_emit_started(struct wf_pool *pool) {
    struct wf_link *link;

    while ((link = wf_list_shift(&pool->fresh)) != NULL) {
        struct wf_pool_entry *entry =
            WF_ENTRY(link, struct wf_pool_entry, fresh);
        if (pool->events.started && !entry->cancelled)
            pool->events.started(pool->arg, entry->id);
    }
}

static void on_flush(struct ev_loop *loop, ev_prepare *watcher, int events) {
    struct wf_pool *pool = watcher->data;

    (void)events;
    if (!wf_list_is_empty(&pool->ending))
        wf_pool_reap(pool);
    hand_out(pool);
    hand_out_isolated(pool);
    wf_pool_emit_started(pool);
    if (pool->count > 0 && !ev_is_active(&pool->watch))
        ev_timer_again(loop, &pool->watch);
    struct wf_link *next;
    for (struct wf_link *at = pool->workers.next; at != &pool->workers;
         at = next) {
        next = at->next;
        wf_pool_process_flush(WF_ENTRY(at, struct wf_worker_process, link));
    }
}

void wf_pool_kick(struct wf_pool *pool) {
    if (!ev_is_pending(&pool->flush) && !pool->freeing)
        ev_feed_event(pool->loop, &pool->flush, EV_CUSTOM);
}

/* ---- isolated modules ---- */

/* "hash/module" of a task, to be freed. */
static char *module_name(struct wf_str bundle, struct wf_str function) {
    const char *dot = memrchr(function.data, '.', function.len);
    size_t len = dot ? (size_t)(dot - function.data) : function.len;
    struct wf_buf name = {0};

    wf_buf_addstr(&name, bundle);
    wf_buf_u8(&name, '/');
    wf_buf_add(&name, function.data, len);
    wf_buf_u8(&name, 0);
    return name.data;
}

static bool is_isolated(const struct wf_pool *pool, struct wf_str bundle,
                        struct wf_str function) {
    if (pool->isolated_names == 0)
        return false;
    char *name = module_name(bundle, function);
    bool found = false;
    for (size_t i = 0; i < pool->isolated_names && !found; i++)
        found = strcmp(pool->isolated[i], name) == 0;
    free(name);
    return found;
}

void wf_pool_isolate(struct wf_pool *pool, const struct wf_wire_task *task) {
    if (is_isolated(pool, task->bundle, task->function))
        return;
    pool->isolated = wf_realloc(
        pool->isolated, (pool->isolated_names + 1) * sizeof(char *));
    pool->isolated[pool->isolated_names++] =
        module_name(task->bundle, task->function);
}

void wf_pool_requeue_isolated(struct wf_pool *pool,
                              struct wf_pool_entry *entry,
                              struct wf_str body) {
    entry_detach(pool, entry);
    entry->state = WF_POOL_QUEUED;
    wf_buf_addstr(&entry->message, body);
    wf_list_append(&pool->isolated_queue, &entry->link);
    wf_pool_kick(pool);
}

/* ---- the interface ---- */

static struct wf_wire_task wire_task(const struct wf_pool_task *task) {
    return (struct wf_wire_task){
        .id = task->id,
        .timeout_ms = task->timeout_ms > 0 ? (uint64_t)task->timeout_ms : 0,
        .virtual_now_ms =
            task->virtual_now_ms > 0 ? (uint64_t)task->virtual_now_ms : 0,
        .bundle = task->bundle,
        .function = task->function,
        .checkpoint = task->checkpoint,
        .context = task->context,
        .input = task->input,
    };
}

void wf_pool_dispatch(struct wf_pool *pool, const struct wf_pool_task *task) {
    struct wf_pool_entry *entry = entry_new(pool, task->id);
    struct wf_wire_task body = wire_task(task);
    struct wf_worker_process *worker = NULL;

    entry->timeout_ms = task->timeout_ms;
    table_add(pool, entry);
    bool isolated = is_isolated(pool, task->bundle, task->function);
    if (!isolated && !has_queued(pool))
        worker = pick(pool);
    if (worker) {
        size_t mark = wf_wire_begin(&worker->wire, WF_WIRE_TASK);
        wf_wire_put_task(&worker->wire.out, &body);
        wf_wire_end(&worker->wire, mark);
        entry_assign(pool, entry, worker);
    } else {
        unsigned priority = task->priority < WF_POOL_PRIORITIES
                                ? task->priority
                                : WF_POOL_PRIORITIES - 1;
        wf_wire_put_task(&entry->message, &body);
        wf_list_append(isolated ? &pool->isolated_queue
                                : &pool->queues[priority],
                       &entry->link);
    }
    wf_pool_kick(pool);
}

void wf_pool_cancel(struct wf_pool *pool, uint64_t task,
                    void (*done)(void *arg, uint64_t task), void *arg) {
    struct wf_pool_entry *entry = wf_pool_find(pool, task);

    if (!entry)
        entry = entry_new(pool, task); /* has ended: only `done` is left */
    entry->cancelled = true;
    entry->done = done;
    entry->done_arg = arg;
    if (entry->state == WF_POOL_QUEUED) {
        wf_pool_entry_end(pool, entry, WF_TASK_LOST, "");
    } else if (entry->state == WF_POOL_SENT && entry->worker->isolated) {
        wf_pool_process_kill(entry->worker, 0, "");
    } else if (entry->state == WF_POOL_SENT) {
        atomic_store(
            &entry->worker->page->cancelled[task % WF_PAGE_CANCELS], task);
        wf_wire_send_id(&entry->worker->wire, WF_WIRE_CANCEL, task);
        wf_pool_kick(pool);
    }
}

/* The worker a task is with, or NULL. */
static struct wf_worker_process *worker_of(struct wf_pool *pool,
                                           uint64_t task) {
    struct wf_pool_entry *entry = wf_pool_find(pool, task);

    return entry ? entry->worker : NULL;
}

void wf_pool_checkpoint_stored(struct wf_pool *pool, uint64_t task) {
    struct wf_worker_process *worker = worker_of(pool, task);

    if (!worker)
        return;
    wf_wire_send_id(&worker->wire, WF_WIRE_CHECKPOINT_STORED, task);
    wf_pool_kick(pool);
}

void wf_pool_child_recorded(struct wf_pool *pool, uint64_t task,
                            struct wf_child child) {
    struct wf_worker_process *worker = worker_of(pool, task);

    if (!worker)
        return;
    size_t mark = wf_wire_begin(&worker->wire, WF_WIRE_CHILD_RECORDED);
    wf_buf_varint(&worker->wire.out, task);
    wf_buf_varint(&worker->wire.out, (uint64_t)child.pid);
    wf_wire_end(&worker->wire, mark);
    wf_pool_kick(pool);
}

void wf_pool_bundle_files(struct wf_pool *pool, struct wf_str bundle,
                          const struct wf_bundle_file *files, size_t count) {
    for (struct wf_link *at = pool->workers.next; at != &pool->workers;
         at = at->next) {
        struct wf_worker_process *worker =
            WF_ENTRY(at, struct wf_worker_process, link);
        if (!wf_pool_bundle_answered(worker, bundle))
            continue;
        size_t mark = wf_wire_begin(&worker->wire, WF_WIRE_BUNDLE);
        wf_buf_text(&worker->wire.out, bundle);
        wf_buf_varint(&worker->wire.out, count);
        for (size_t i = 0; i < count; i++) {
            wf_buf_text(&worker->wire.out, files[i].path);
            wf_buf_text(&worker->wire.out, files[i].content);
        }
        wf_wire_end(&worker->wire, mark);
    }
    wf_pool_kick(pool);
}

size_t wf_pool_room(const struct wf_pool *pool) {
    size_t room = (size_t)pool->options.workers *
                  pool->options.tasks_per_worker;

    return pool->count < room ? room - pool->count : 0;
}

size_t wf_pool_busy(const struct wf_pool *pool) {
    return pool->count;
}

size_t wf_pool_pids(const struct wf_pool *pool, int32_t *pids, size_t max) {
    size_t count = 0;

    for (struct wf_link *at = pool->workers.next; at != &pool->workers;
         at = at->next) {
        if (count < max)
            pids[count] = WF_ENTRY(at, struct wf_worker_process, link)->pid;
        count++;
    }
    return count;
}

void wf_pool_notice(struct wf_pool *pool, const char *format, ...) {
    char text[512];
    va_list args;

    if (!pool->events.notice)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    pool->events.notice(pool->arg, text);
}

static void options_default(struct wf_pool_options *options) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (!options->workers)
        options->workers = cores > 0 ? (unsigned)cores : 1;
    if (!options->tasks_per_worker)
        options->tasks_per_worker = 1000;
    if (!options->program)
        options->program = "/proc/self/exe";
    if (!options->memory_bytes)
        options->memory_bytes = 256u << 20;
    if (!options->output_bytes)
        options->output_bytes = 64u << 20;
    if (!options->block_ms)
        options->block_ms = 60000;
}

static void own(const char **text) {
    if (*text)
        *text = strdup(*text);
}

static void options_own(struct wf_pool_options *options) {
    own(&options->program);
    own(&options->lua_directory);
    own(&options->lambda_endpoint);
    own(&options->service_endpoints);
    own(&options->service_models);
    own(&options->connections);
    own(&options->http_allow);
    own(&options->region);
    own(&options->api_endpoint);
}

static void options_free(struct wf_pool_options *options) {
    free((char *)options->program);
    free((char *)options->lua_directory);
    free((char *)options->lambda_endpoint);
    free((char *)options->service_endpoints);
    free((char *)options->service_models);
    free((char *)options->connections);
    free((char *)options->http_allow);
    free((char *)options->region);
    free((char *)options->api_endpoint);
}

struct wf_pool *wf_pool_new(struct ev_loop *loop,
                            const struct wf_pool_options *options,
                            const struct wf_pool_events *events, void *arg) {
    struct wf_pool *pool = wf_calloc(1, sizeof(*pool));

    pool->loop = loop;
    pool->options = *options;
    options_default(&pool->options);
    options_own(&pool->options);
    pool->events = *events;
    pool->arg = arg;
    wf_list_init(&pool->workers);
    for (int i = 0; i < WF_POOL_PRIORITIES; i++)
        wf_list_init(&pool->queues[i]);
    wf_list_init(&pool->isolated_queue);
    wf_list_init(&pool->fresh);
    wf_list_init(&pool->ending);
    pool->table_size = 256;
    pool->table = wf_calloc(pool->table_size, sizeof(*pool->table));
    ev_prepare_init(&pool->flush, on_flush);
    ev_set_priority(&pool->flush, EV_MINPRI);
    ev_timer_init(&pool->watch, wf_pool_watch, 0, 0.25);
    ev_timer_init(&pool->respawn, wf_pool_respawn, 0, 0);
    pool->flush.data = pool->watch.data = pool->respawn.data = pool;
    pool->reaper = wf_reaper_new(loop);
    return pool;
}

void wf_pool_set_api_endpoint(struct wf_pool *pool, const char *url) {
    free((char *)pool->options.api_endpoint);
    pool->options.api_endpoint = strdup(url);
}

static void list_drop(struct wf_pool *pool, struct wf_link *list) {
    struct wf_link *link;

    while ((link = wf_list_shift(list)) != NULL) {
        struct wf_pool_entry *entry =
            WF_ENTRY(link, struct wf_pool_entry, link);
        for (struct wf_pool_child *at = entry->children; at; at = at->next)
            wf_child_reap(at->child, wf_str(at->key));
        entry_free(pool, entry);
    }
}

void wf_pool_free(struct wf_pool *pool) {
    if (!pool)
        return;
    pool->freeing = true;
    ev_clear_pending(pool->loop, &pool->flush);
    ev_timer_stop(pool->loop, &pool->watch);
    ev_timer_stop(pool->loop, &pool->respawn);
    wf_pool_processes_end(pool);
    wf_reaper_free(pool->reaper);
    for (int i = 0; i < WF_POOL_PRIORITIES; i++)
        list_drop(pool, &pool->queues[i]);
    list_drop(pool, &pool->isolated_queue);
    list_drop(pool, &pool->ending);
    while (pool->spare) {
        struct wf_pool_entry *entry = pool->spare;
        pool->spare = entry->hash_next;
        free(entry);
    }
    for (size_t i = 0; i < pool->isolated_names; i++)
        free(pool->isolated[i]);
    free(pool->isolated);
    free(pool->table);
    options_free(&pool->options);
    free(pool);
}
