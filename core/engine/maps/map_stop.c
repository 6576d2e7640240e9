/*
 * map_stop.c - ends the children of a Map Run that are not wanted any more:
 * the run has failed, or its execution has ended before it.
 *
 * A pass ends those in memory and loads those that are parked, some at a
 * time. Since a child may park behind its back, what is in memory is looked at
 * before each read of rows, and passes go on until one has found none, and the
 * ends of all are in batches.
 */
#include <stdlib.h>

#include "engine_impl.h"

#define AT_ONCE 256

struct map_stop {
    struct wf_engine *engine;
    uint64_t parent;
    uint32_t run;
    struct wf_buf from; /* key to go on from */
    unsigned waiting;   /* children that are being loaded */
    unsigned ended;     /* at the last look at memory */
    bool is_last;       /* no rows follow */
    bool found;         /* in this pass */
    void (*done)(void *arg);
    void *arg;
};

static void drop(void *memory) {
    struct map_stop *stop = memory;
    wf_buf_free(&stop->from);
}

static bool is_of(const struct map_stop *stop,
                  const struct wf_family *family) {
    return family->parent == stop->parent &&
           (stop->run == WF_MAP_RUNS || family->run == stop->run);
}

/* Ends some of a family. Returns one whose start or end is in no batch yet;
 * NULL: there is none. */
static struct wf_execution *stop_members(struct map_stop *stop,
                                         struct wf_family *family) {
    struct wf_execution *unwritten = NULL;
    struct wf_link *link, *next;
    for (link = family->members.next;
         link != &family->members && stop->ended < AT_ONCE; link = next) {
        struct wf_execution *execution =
            WF_ENTRY(link, struct wf_map_child, member_link)->execution;
        next = link->next;
        if (execution->status == WF_EXECUTION_RUNNING &&
            !execution->map_child->is_new) {
            wf_execution_end(stop->engine, execution, WF_EXECUTION_ABORTED,
                             NULL, 0);
            stop->ended++;
        }
        if (wf_link_is_in(&execution->dirty_link))
            unwritten = execution;
    }
    return unwritten;
}

/* The same for all of them. Nobody counts children of a parent that has
 * ended: those that wait for it, since its frame was being loaded when it
 * ended, wait no longer. */
static struct wf_execution *stop_in_memory(struct map_stop *stop) {
    struct wf_families *families = &stop->engine->families;
    struct wf_execution *unwritten = NULL;
    stop->ended = 0;
    for (size_t i = 0; i < WF_FAMILY_BUCKETS; i++)
        for (struct wf_family *f = families->buckets[i]; f; f = f->next) {
            if (!is_of(stop, f))
                continue;
            struct wf_execution *one = stop_members(stop, f);
            unwritten = one ? one : unwritten;
            if (stop->run == WF_MAP_RUNS)
                wf_family_orphan(stop->engine, f);
        }
    return unwritten;
}

static void look_at_rows(struct map_stop *stop);

static void begin_pass(void *arg) {
    struct map_stop *stop = arg;
    stop->from.len = 0;
    stop->found = stop_in_memory(stop) != NULL;
    look_at_rows(stop);
}

/* Between two passes, others have their turn: a child's end is in no batch
 * before its parent has counted it. */
static void step(struct map_stop *stop) {
    void (*done)(void *arg) = stop->done;
    void *arg = stop->arg;
    struct wf_execution *unwritten = stop_in_memory(stop);
    if (!stop->is_last) {
        stop->found |= unwritten != NULL;
        look_at_rows(stop);
    } else if (unwritten && stop->ended < AT_ONCE) {
        wf_execution_after(stop->engine, unwritten, begin_pass, stop);
    } else if (unwritten || stop->found) {
        begin_pass(stop);
    } else {
        wf_call_free(stop);
        done(arg);
    }
}

static void loaded(void *arg, struct wf_execution *execution) {
    struct map_stop *stop = arg;
    if (execution && execution->status == WF_EXECUTION_RUNNING)
        wf_execution_end(stop->engine, execution, WF_EXECUTION_ABORTED, NULL,
                         0);
    if (--stop->waiting == 0)
        step(stop);
}

/* Row C begins with the status. */
static bool is_running(const struct wf_row *row) {
    return row->value.len > 0 && row->value.data[0] == WF_EXECUTION_RUNNING;
}

static void rows_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct map_stop *stop = arg;
    struct wf_engine *engine = stop->engine;
    uint64_t ids[AT_ONCE];
    unsigned found = 0;
    engine->loads--;
    if (wf_engine_read_failed(engine, err))
        return;
    for (size_t i = 0; i < count; i++)
        if (is_running(&rows[i]) &&
            !wf_table_by_id(&engine->table, wf_key_u64(rows[i].key, 12)))
            ids[found++] = wf_key_u64(rows[i].key, 12);
    stop->is_last = !more;
    stop->from.len = 0;
    if (count > 0) {
        wf_buf_addstr(&stop->from, rows[count - 1].key);
        wf_buf_u8(&stop->from, 0);
    }
    stop->found |= found > 0;
    stop->waiting = found + 1;
    for (unsigned i = 0; i < found; i++)
        wf_execution_load(engine, ids[i], loaded, stop);
    loaded(stop, NULL); /* this page's own */
}

static void look_at_rows(struct map_stop *stop) {
    struct wf_engine *engine = stop->engine;
    bool all = stop->run == WF_MAP_RUNS;
    struct wf_key first = wf_key_child(engine->partition, stop->parent,
                                       all ? 0 : stop->run, 0);
    struct wf_key end =
        wf_key_child(engine->partition, stop->parent,
                     all ? UINT32_MAX : stop->run, UINT64_MAX);
    struct wf_range range = {.from = wf_key_str(&first),
                             .to = wf_key_str(&end),
                             .max_rows = AT_ONCE};
    if (stop->from.len)
        range.from = (struct wf_str){stop->from.data, stop->from.len};
    engine->loads++;
    wf_store_scan(engine->store, &range, rows_read, stop);
}

void wf_map_stop(struct wf_engine *engine, uint64_t parent, uint32_t run,
                 void (*done)(void *arg), void *arg) {
    struct map_stop *stop = wf_call_new(engine, sizeof(*stop), drop);
    stop->engine = engine;
    stop->parent = parent;
    stop->run = run;
    stop->done = done;
    stop->arg = arg;
    begin_pass(stop);
}
