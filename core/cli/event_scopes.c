/* event_scopes.c - the nesting of events. See event_scopes.h. */
#include "event_scopes.h"

#include <stdlib.h>

#define FORKS UINT32_C(0x80000000) /* the event starts a Parallel's branches */
#define LONGEST_JUMP 1000000       /* ids are contiguous, from honest servers */

struct wf_event_scopes {
    struct wf_event_scope *list; /* the first is the root */
    uint32_t count, cap;
    uint32_t *of_event; /* by id: scope, perhaps | FORKS */
    uint64_t event_cap;
};

bool wf_type_ends(struct wf_str type, const char *end) {
    size_t len = strlen(end);

    return type.len >= len && memcmp(type.data + type.len - len, end, len) == 0;
}

bool wf_type_begins(struct wf_str type, const char *begin) {
    size_t len = strlen(begin);

    return type.len >= len && memcmp(type.data, begin, len) == 0;
}

static bool is_type(struct wf_str type, const char *name) {
    return wf_str_eq(type, wf_str(name));
}

/* ---- scopes ---- */

static uint32_t scope_add(struct wf_event_scopes *scopes, uint32_t parent,
                          enum wf_scope_kind kind, uint64_t index,
                          int64_t ms) {
    struct wf_event_scope *scope;

    if (scopes->count == scopes->cap) {
        scopes->cap = scopes->cap == 0 ? 16 : scopes->cap * 2;
        scopes->list = wf_realloc(scopes->list,
                                  scopes->cap * sizeof(scopes->list[0]));
    }
    scope = &scopes->list[scopes->count];
    *scope = (struct wf_event_scope){
        .kind = kind,
        .parent = parent,
        .depth = kind == WF_SCOPE_ROOT ? 0 : scopes->list[parent].depth + 1,
        .index = index,
        .start_ms = ms,
    };
    return scopes->count++;
}

struct wf_event_scopes *wf_event_scopes_new(void) {
    struct wf_event_scopes *scopes = wf_calloc(1, sizeof(*scopes));

    scope_add(scopes, 0, WF_SCOPE_ROOT, 0, 0);
    return scopes;
}

void wf_event_scopes_free(struct wf_event_scopes *scopes) {
    if (scopes == NULL)
        return;
    for (uint32_t i = 0; i < scopes->count; i++)
        free(scopes->list[i].state);
    free(scopes->list);
    free(scopes->of_event);
    free(scopes);
}

static bool make_room(struct wf_event_scopes *scopes, uint64_t id) {
    uint64_t cap = scopes->event_cap;

    if (id < cap)
        return true;
    if (id > cap + LONGEST_JUMP)
        return false;
    cap = id + 1 > cap * 2 ? id + 256 : cap * 2;
    scopes->of_event = wf_realloc(scopes->of_event,
                                  cap * sizeof(scopes->of_event[0]));
    memset(scopes->of_event + scopes->event_cap, 0,
           (cap - scopes->event_cap) * sizeof(scopes->of_event[0]));
    scopes->event_cap = cap;
    return true;
}

/* ---- where an event is ---- */

static bool is_in_state(const struct wf_event_scope *scope,
                        struct wf_str name) {
    return scope->state != NULL && wf_str_eq(wf_str(scope->state), name);
}

/* The innermost scope from `at` outwards that is in the state; or `at`. */
static uint32_t scope_in_state(const struct wf_event_scopes *scopes,
                               uint32_t at, struct wf_str name) {
    for (uint32_t i = at;; i = scopes->list[i].parent) {
        if (is_in_state(&scopes->list[i], name))
            return i;
        if (i == 0)
            return at;
    }
}

/* The innermost that is in a Parallel or Map which has not been left. */
static uint32_t scope_in_fork(const struct wf_event_scopes *scopes,
                              uint32_t at, char fork) {
    for (uint32_t i = at;; i = scopes->list[i].parent) {
        const struct wf_event_scope *scope = &scopes->list[i];

        if (scope->fork == fork && !scope->is_over)
            return i;
        if (i == 0)
            return at;
    }
}

/* The iteration that an event of one is about. */
static uint32_t scope_iteration(const struct wf_event_scopes *scopes,
                                uint32_t at,
                                const struct wf_scope_event *event) {
    for (uint32_t i = at; i != 0; i = scopes->list[i].parent) {
        const struct wf_event_scope *scope = &scopes->list[i];

        if (scope->kind == WF_SCOPE_ITERATION &&
            scope->index == event->index &&
            is_in_state(&scopes->list[scope->parent], event->name))
            return i;
    }
    return at;
}

static uint32_t find_scope(struct wf_event_scopes *scopes,
                           const struct wf_scope_event *event) {
    uint32_t before = event->previous < scopes->event_cap
                          ? scopes->of_event[event->previous]
                          : 0;
    uint32_t at = before & ~FORKS;

    if (wf_type_begins(event->type, "Execution"))
        return 0;
    if (is_type(event->type, "MapIterationStarted"))
        return scope_add(scopes, scope_in_state(scopes, at, event->name),
                         WF_SCOPE_ITERATION, event->index, event->ms);
    if (wf_type_begins(event->type, "MapIteration"))
        return scope_iteration(scopes, at, event);
    if (wf_type_ends(event->type, "StateEntered"))
        return before & FORKS ? scope_add(scopes, at, WF_SCOPE_BRANCH, 0,
                                          event->ms)
                              : at;
    if (wf_type_ends(event->type, "StateExited"))
        return scope_in_state(scopes, at, event->name);
    if (wf_type_begins(event->type, "ParallelState"))
        return scope_in_fork(scopes, at, 'P');
    if (wf_type_begins(event->type, "MapState") ||
        wf_type_begins(event->type, "MapRun"))
        return scope_in_fork(scopes, at, 'M');
    return at;
}

/* ---- what it says ---- */

static void enter(struct wf_event_scope *scope,
                  const struct wf_scope_event *event) {
    free(scope->state);
    scope->state = wf_strndup(event->name.len > 0 ? event->name.data : "",
                              event->name.len);
    scope->fork = is_type(event->type, "ParallelStateEntered") ? 'P'
                  : is_type(event->type, "MapStateEntered")    ? 'M'
                                                               : 0;
    scope->is_over = false;
    scope->entered_ms = scope->task_ms = event->ms;
    scope->attempts = 0;
}

static void take_in(struct wf_event_scope *scope,
                    const struct wf_scope_event *event) {
    struct wf_str type = event->type;

    if (is_type(type, "ExecutionStarted")) {
        scope->start_ms = event->ms;
    } else if (wf_type_ends(type, "StateEntered")) {
        enter(scope, event);
    } else if (wf_type_ends(type, "StateExited") ||
               wf_type_ends(type, "StateAborted")) {
        scope->is_over = true;
    } else if (wf_type_ends(type, "Scheduled") ||
               is_type(type, "ParallelStateStarted") ||
               is_type(type, "MapStateStarted")) {
        scope->attempts++;
        scope->task_ms = event->ms;
    } else if (wf_type_ends(type, "Started") &&
               !wf_type_begins(type, "Map")) {
        scope->task_ms = event->ms;
    }
}

const struct wf_event_scope *
wf_event_scopes_add(struct wf_event_scopes *scopes,
                    const struct wf_scope_event *event) {
    uint32_t at = find_scope(scopes, event);

    if (make_room(scopes, event->id))
        scopes->of_event[event->id] =
            at | (is_type(event->type, "ParallelStateStarted") ? FORKS : 0);
    take_in(&scopes->list[at], event);
    return &scopes->list[at];
}
