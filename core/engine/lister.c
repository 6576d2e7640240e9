/* lister.c - one list of executions. See lister.h. */
#include "lister.h"

#include <stdlib.h>

#define LOOKS 1000 /* at executions in memory, a round */

void wf_lister_free(struct wf_lister *lister) {
    for (size_t i = 0; i < lister->count; i++) {
        free(lister->items[i].name);
        free(lister->items[i].alias);
    }
    free(lister->items);
    free(lister->seen);
    free(lister->qualifier);
    wf_map_run_free(lister->run);
}

static void add(struct wf_lister *lister, struct wf_listed item,
                struct wf_str name, struct wf_str alias) {
    if (!lister->wants(lister->arg, &item, name))
        return;
    if (lister->count == lister->cap) {
        lister->cap = lister->cap ? lister->cap * 2 : 32;
        lister->items = wf_realloc(lister->items,
                                   lister->cap * sizeof(*lister->items));
    }
    item.name = wf_strndup(name.data, name.len);
    if (alias.len)
        item.alias = wf_strndup(alias.data, alias.len);
    lister->items[lister->count++] = item;
}

static int newest_first(const void *a, const void *b) {
    const struct wf_listed *x = a, *y = b;
    if (x->place_ms != y->place_ms)
        return x->place_ms < y->place_ms ? 1 : -1;
    return x->id < y->id ? 1 : x->id > y->id ? -1 : 0;
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool is_seen(const struct wf_lister *lister, uint64_t id) {
    return bsearch(&id, lister->seen, lister->seen_count, sizeof(id),
                   ascending) != NULL;
}

/* Whether it is one of those of the version, or the alias. */
static bool is_qualified(const struct wf_lister *lister,
                         const struct wf_execution *e) {
    if (!lister->qualifier)
        return true;
    return lister->version
               ? e->version == lister->version
               : e->alias && strcmp(e->alias, lister->qualifier) == 0;
}

/* One that has failed, and its run has been redriven, but not it yet. */
static void set_pending(const struct wf_lister *lister,
                        struct wf_listed *item) {
    bool failed = item->status != WF_EXECUTION_RUNNING &&
                  item->status != WF_EXECUTION_SUCCEEDED;
    if (lister->run && failed &&
        wf_map_run_will_redrive(lister->run, item->id)) {
        item->status = WF_EXECUTION_PENDING_REDRIVE;
        item->stop_ms = 0;
    }
}

static void look_at(struct wf_lister *lister, const struct wf_execution *e) {
    struct wf_listed item = {
        .start_ms = e->start_ms,
        .stop_ms = e->stop_ms,
        .place_ms = e->map_child ? 0 : e->start_ms,
        .id = e->id,
        .items = e->map_child ? e->map_child->items : 0,
        .status = e->status,
        .version = e->version,
        .paused_ms = e->pause.since_ms,
    };
    lister->seen[lister->seen_count++] = e->id;
    if (e->id <= lister->since || !is_qualified(lister, e) ||
        (e->deciding && !e->in_store && e->first_seq == 0))
        return; /* not of this list; or its start is held back, not answered
                   yet */
    if (e->deciding) { /* so may its end be */
        item.status = WF_EXECUTION_RUNNING;
        item.stop_ms = 0;
    }
    if (e->redrives) {
        item.redrives = e->redrives->count;
        item.redrive_ms = e->redrives->last_ms;
    }
    set_pending(lister, &item);
    add(lister, item, wf_str(e->name), wf_str(e->alias));
}

/* A place in the list, of executions in memory. */
static struct wf_place place_at(const struct wf_lister *lister,
                                int64_t place_ms, uint64_t id) {
    const struct wf_map_run *run = lister->run;
    return (struct wf_place){.machine = lister->machine,
                             .parent = run ? run->parent : 0,
                             .run = run ? run->number : 0,
                             .start_ms = place_ms,
                             .id = id};
}

/* Executions come and go while the rows are read: what memory shows is taken
 * once, and the rows of those are passed over. */
static void add_memory(struct wf_lister *lister) {
    const struct wf_execution *e;
    size_t most = lister->count + lister->wanted;
    lister->last_ms = lister->before_ms;
    lister->last_id = lister->before_id;
    lister->seen_count = 0;
    if (!lister->seen)
        lister->seen = wf_calloc(LOOKS, sizeof(*lister->seen));
    while (lister->seen_count < LOOKS && lister->count < most) {
        struct wf_place place =
            place_at(lister, lister->last_ms, lister->last_id);
        e = wf_table_before(&lister->engine->table, &place);
        lister->is_last =
            !e || (!lister->run && e->start_ms < lister->oldest_ms);
        if (lister->is_last)
            break;
        lister->last_ms = e->map_child ? 0 : e->start_ms;
        lister->last_id = e->id;
        look_at(lister, e);
    }
    qsort(lister->seen, lister->seen_count, sizeof(*lister->seen),
          ascending);
}

static void add_row(struct wf_lister *lister, const struct wf_row *row) {
    const size_t place = lister->qualifier /* of start and id in the key */
                             ? 4 + strlen(lister->qualifier) + 1
                             : 4;
    struct wf_list_row said;
    bool good = wf_list_row_decode(row->value, lister->run, &said);
    struct wf_listed item = {.id = wf_key_u64(row->key, place + 8),
                             .status = said.status,
                             .start_ms = said.start_ms,
                             .items = said.items,
                             .version = said.version,
                             .redrives = said.redrives,
                             .redrive_ms = said.redrive_ms,
                             .paused_ms = said.paused_ms};
    if (!lister->run)
        item.start_ms = item.place_ms = (int64_t)wf_key_u64(row->key, place);
    if (item.status != WF_EXECUTION_RUNNING)
        item.stop_ms = item.start_ms + said.duration_ms;
    lister->before_ms = item.place_ms;
    lister->before_id = item.id;
    set_pending(lister, &item);
    if (!good || item.id <= lister->since || is_seen(lister, item.id))
        return;
    add(lister, item, said.name, said.version ? said.alias : WF_STR_NULL);
}

static struct wf_key key_of(const struct wf_lister *lister, int64_t place_ms,
                            uint64_t id) {
    uint16_t partition = lister->engine->partition;
    const struct wf_map_run *run = lister->run;
    if (lister->qualifier)
        return wf_key_qualified(partition, lister->machine,
                                wf_str(lister->qualifier), place_ms, id);
    return run ? wf_key_child(partition, run->parent, run->number, id)
               : wf_key_list(partition, lister->machine, place_ms, id);
}

/* Sets what is ready: all down to the place that the rows are read to. */
static void sort_items(struct wf_lister *lister) {
    if (lister->count > 1)
        qsort(lister->items, lister->count, sizeof(*lister->items),
              newest_first);
    while (lister->ready < lister->count) {
        const struct wf_listed *item = &lister->items[lister->ready];
        if (item->place_ms < lister->before_ms ||
            (item->place_ms == lister->before_ms &&
             item->id < lister->before_id))
            break;
        lister->ready++;
    }
}

static void rows_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct wf_lister *lister = arg;
    size_t i = 0, most = lister->count + lister->wanted;
    lister->engine->loads--;
    if (wf_engine_read_failed(lister->engine, err))
        return;
    while (i < count && lister->count < most)
        add_row(lister, &rows[i++]);
    if (!more && i == count) { /* the round has come down to its end */
        lister->in_round = false;
        lister->is_finished = lister->is_last;
        lister->before_ms = lister->is_last ? 0 : lister->last_ms;
        lister->before_id = lister->is_last ? 0 : lister->last_id;
    }
    sort_items(lister);
    lister->stepped(lister->owner);
}

void wf_lister_step(struct wf_lister *lister, size_t wanted,
                    void (*stepped)(void *owner), void *owner) {
    struct wf_engine *engine = lister->engine;
    lister->wanted = wanted;
    lister->stepped = stepped;
    lister->owner = owner;
    if (!lister->in_round)
        add_memory(lister);
    lister->in_round = true;
    struct wf_key from =
        lister->is_last ? key_of(lister, lister->oldest_ms, 0)
                        : key_of(lister, lister->last_ms, lister->last_id);
    struct wf_key to = key_of(lister, lister->before_ms, lister->before_id);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .reverse = true,
                             .max_rows = lister->scan_rows};
    engine->loads++;
    wf_store_scan(engine->store, &range, rows_read, lister);
}
