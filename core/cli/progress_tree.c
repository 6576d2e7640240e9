/* progress_tree.c - scopes and visits. See progress_visit.h. */
#include "progress_visit.h"

#include <inttypes.h>
#include <stdlib.h>

#include "term.h"

enum {
    MAX_VISITS = 1000,  /* kept of the root's; finished ones beyond go */
    MAX_INNER = 50,     /* of a branch's */
    MIN_TABLE = 64,     /* chains; a power of two */
    MIN_NAME_COLUMNS = 12,
    MAX_NAME_COLUMNS = 32,
};

/* ---- ids ---- */

static struct wf_scope_id **chain_of(const struct wf_progress *progress,
                                     uint64_t id) {
    uint64_t hash = id * UINT64_C(0x9e3779b97f4a7c15);

    return &progress->table[(hash >> 32) & (progress->table_size - 1)];
}

static void id_put(struct wf_progress *progress, struct wf_scope_id *entry) {
    struct wf_scope_id **chain = chain_of(progress, entry->id);

    entry->next = *chain;
    *chain = entry;
}

static void table_grow(struct wf_progress *progress) {
    struct wf_scope_id **old = progress->table;
    size_t old_size = progress->table_size;

    progress->table_size = old_size * 2;
    progress->table = wf_calloc(progress->table_size, sizeof(old[0]));
    for (size_t i = 0; i < old_size; i++)
        for (struct wf_scope_id *at = old[i], *next; at != NULL; at = next) {
            next = at->next;
            id_put(progress, at);
        }
    free(old);
}

static void id_remove(struct wf_progress *progress,
                      struct wf_scope_id *entry) {
    struct wf_scope_id **at = chain_of(progress, entry->id);

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    entry->id = 0;
    progress->table_count--;
}

void wf_scope_set_id(struct wf_progress *progress, struct wf_scope *scope,
                     enum wf_scope_key key, uint64_t id) {
    struct wf_scope_id *entry = &scope->ids[key];

    if (entry->id != 0)
        id_remove(progress, entry);
    if (id == 0)
        return;
    if (progress->table_count++ >= progress->table_size)
        table_grow(progress);
    entry->id = id;
    entry->scope = scope;
    id_put(progress, entry);
}

struct wf_scope *wf_progress_scope(const struct wf_progress *progress,
                                   uint64_t id) {
    const struct wf_scope_id *at = *chain_of(progress, id);

    while (at != NULL && at->id != id)
        at = at->next;
    return at != NULL ? at->scope : NULL;
}

/* ---- scopes ---- */

struct wf_visit *wf_scope_current(const struct wf_scope *scope) {
    return wf_list_is_empty(&scope->visits)
               ? NULL : WF_VISIT_OF(scope->visits.previous);
}

struct wf_scope *wf_scope_add(struct wf_progress *progress,
                              struct wf_visit *up, int64_t now_ms) {
    struct wf_scope *scope = wf_calloc(1, sizeof(*scope));

    (void)progress;
    wf_list_init(&scope->visits);
    scope->up = up;
    scope->start_ms = now_ms;
    wf_list_append(&up->children, &scope->link);
    return scope;
}

static void scope_clear(struct wf_progress *progress,
                        struct wf_scope *scope) {
    struct wf_link *link;
    while ((link = wf_list_shift(&scope->visits)))
        wf_visit_remove(progress, WF_VISIT_OF(link));
    for (int key = 0; key < WF_SCOPE_KEYS; key++)
        wf_scope_set_id(progress, scope, (enum wf_scope_key)key, 0);
}

void wf_scope_remove(struct wf_progress *progress, struct wf_scope *scope) {
    wf_list_remove(&scope->link);
    scope_clear(progress, scope);
    free(scope);
}

static void remove_all(struct wf_progress *progress, struct wf_link *scopes) {
    struct wf_link *link;
    while ((link = wf_list_shift(scopes)))
        wf_scope_remove(progress, WF_SCOPE_OF(link));
}

void wf_scope_keep_failed(struct wf_progress *progress,
                          struct wf_scope *scope) {
    struct wf_visit *up = scope->up;

    if (up->failures_kept == WF_PROGRESS_FAILURES) {
        wf_scope_remove(progress, scope);
        return;
    }
    up->failures_kept++;
    wf_list_remove(&scope->link);
    wf_list_append(&up->failures, &scope->link);
    for (int key = 0; key < WF_SCOPE_KEYS; key++)
        wf_scope_set_id(progress, scope, (enum wf_scope_key)key, 0);
}

/* ---- visits ---- */

void wf_visit_remove(struct wf_progress *progress, struct wf_visit *visit) {
    remove_all(progress, &visit->children);
    remove_all(progress, &visit->failures);
    wf_visit_run_leave(visit);
    wf_list_remove(&visit->link);
    visit->scope->visit_count--;
    free(visit->name);
    free(visit->error);
    free(visit->log);
    free(visit);
}

/* How many visits of a scope are worth keeping. */
static size_t room_of(const struct wf_progress *progress,
                      const struct wf_scope *scope) {
    if (!progress->options.live || scope->is_iteration)
        return 1;
    return scope->up == NULL ? MAX_VISITS : MAX_INNER;
}

static unsigned depth_of(const struct wf_scope *scope) {
    unsigned depth = 0;

    for (; scope->up != NULL; scope = scope->up->scope)
        depth++;
    return depth;
}

static void name_widen(struct wf_progress *progress,
                       const struct wf_visit *visit) {
    size_t columns = 0;
    struct wf_buf name = {0};

    if (!progress->options.live) {
        wf_visit_path(&name, visit);
    } else {
        columns = (size_t)2 * depth_of(visit->scope);
        if (visit->scope->is_iteration)
            wf_buf_addf(&name, "[%" PRIu64 "] ", visit->scope->index);
        wf_buf_adds(&name, visit->name);
    }
    columns += wf_term_columns((struct wf_str){name.data, name.len});
    wf_buf_free(&name);
    if (columns > MAX_NAME_COLUMNS)
        columns = MAX_NAME_COLUMNS;
    if (columns > progress->name_columns)
        progress->name_columns = columns;
}

static enum wf_visit_fork fork_of(enum wf_event_type type) {
    return type == WF_EVENT_PARALLEL_STATE_ENTERED ? WF_VISIT_PARALLEL
           : type == WF_EVENT_MAP_STATE_ENTERED    ? WF_VISIT_MAP
                                                   : WF_VISIT_PLAIN;
}

struct wf_visit *wf_visit_add(struct wf_progress *progress,
                              struct wf_scope *scope,
                              const struct wf_history_event *event) {
    struct wf_visit *visit = wf_calloc(1, sizeof(*visit));

    while (scope->visit_count >= room_of(progress, scope))
        wf_visit_remove(progress,
                        WF_VISIT_OF(wf_list_shift(&scope->visits)));
    visit->scope = scope;
    visit->entered = event->event.id;
    visit->name = wf_strndup(event->state_name.data, event->state_name.len);
    visit->fork = fork_of(event->event.type);
    visit->start_ms = event->event.time_ms;
    wf_list_init(&visit->children);
    wf_list_init(&visit->failures);
    wf_list_append(&scope->visits, &visit->link);
    scope->visit_count++;
    wf_scope_set_id(progress, scope, WF_SCOPE_LAST, event->event.id);
    wf_scope_set_id(progress, scope, WF_SCOPE_ENTERED, event->event.id);
    name_widen(progress, visit);
    return visit;
}

void wf_visit_leave_fork(struct wf_progress *progress,
                         struct wf_visit *visit) {
    if (visit->fork == WF_VISIT_MAP)
        remove_all(progress, &visit->children);
    visit->running = 0;
    for (struct wf_link *at = visit->children.next; at != &visit->children;
         at = at->next)
        for (int key = 0; key < WF_SCOPE_KEYS; key++)
            wf_scope_set_id(progress, WF_SCOPE_OF(at),
                            (enum wf_scope_key)key, 0);
    for (int key = WF_SCOPE_FORKED; key < WF_SCOPE_KEYS; key++)
        wf_scope_set_id(progress, visit->scope, (enum wf_scope_key)key, 0);
}

static struct wf_visit *find_named(struct wf_scope *scope,
                                   struct wf_str name) {
    struct wf_visit *visit = wf_scope_current(scope), *found = NULL;

    if (visit == NULL || wf_visit_is_over(visit))
        return NULL;
    if (wf_str_eq(wf_str(visit->name), name))
        return visit;
    for (struct wf_link *at = visit->children.next;
         found == NULL && at != &visit->children; at = at->next)
        found = find_named(WF_SCOPE_OF(at), name);
    return found;
}

struct wf_visit *wf_progress_visit_named(struct wf_progress *progress,
                                         struct wf_str name) {
    return find_named(&progress->root, name);
}

/* ---- paths ---- */

void wf_scope_path(struct wf_buf *out, const struct wf_scope *scope) {
    if (scope->up == NULL)
        return;
    wf_visit_path(out, scope->up);
    if (scope->is_iteration)
        wf_buf_addf(out, "[%" PRIu64 "]", scope->index);
}

void wf_visit_path(struct wf_buf *out, const struct wf_visit *visit) {
    if (visit->scope->up != NULL) {
        wf_scope_path(out, visit->scope);
        wf_buf_u8(out, '/');
    }
    wf_buf_adds(out, visit->name);
}

/* ---- all of it ---- */

void wf_progress_tree_init(struct wf_progress *progress) {
    wf_list_init(&progress->root.visits);
    wf_list_init(&progress->runs);
    progress->name_columns = MIN_NAME_COLUMNS;
    progress->table_size = MIN_TABLE;
    progress->table = wf_calloc(MIN_TABLE, sizeof(progress->table[0]));
}

void wf_progress_tree_deinit(struct wf_progress *progress) {
    struct wf_link *link;

    scope_clear(progress, &progress->root);
    while ((link = wf_list_shift(&progress->runs)))
        wf_visit_run_free(WF_ENTRY(link, struct wf_visit_run, link));
    free(progress->table);
}
