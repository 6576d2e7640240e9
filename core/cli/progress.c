/* progress.c - from events to visits. See progress.h. */
#include "progress.h"

#include <stdlib.h>

#include "progress_visit.h"
#include "term.h"

enum { MAX_TEXT = 400 }; /* bytes kept of a log line or a cause */

static const uint8_t kinds[WF_EVENT_TYPES] = {
    [WF_EVENT_EXECUTION_STARTED] = WF_PROGRESS_BEGIN,
    [WF_EVENT_EXECUTION_REDRIVEN] = WF_PROGRESS_BEGIN,
    [WF_EVENT_EXECUTION_SUCCEEDED] = WF_PROGRESS_END,
    [WF_EVENT_EXECUTION_FAILED] = WF_PROGRESS_END,
    [WF_EVENT_EXECUTION_TIMED_OUT] = WF_PROGRESS_END,
    [WF_EVENT_EXECUTION_ABORTED] = WF_PROGRESS_END,
    [WF_EVENT_PASS_STATE_ENTERED] = WF_PROGRESS_ENTERED,
    [WF_EVENT_TASK_STATE_ENTERED] = WF_PROGRESS_ENTERED,
    [WF_EVENT_CHOICE_STATE_ENTERED] = WF_PROGRESS_ENTERED,
    [WF_EVENT_WAIT_STATE_ENTERED] = WF_PROGRESS_ENTERED,
    [WF_EVENT_SUCCEED_STATE_ENTERED] = WF_PROGRESS_ENTERED,
    [WF_EVENT_FAIL_STATE_ENTERED] = WF_PROGRESS_ENTERED,
    [WF_EVENT_PARALLEL_STATE_ENTERED] = WF_PROGRESS_ENTERED,
    [WF_EVENT_MAP_STATE_ENTERED] = WF_PROGRESS_ENTERED,
    [WF_EVENT_PASS_STATE_EXITED] = WF_PROGRESS_EXITED,
    [WF_EVENT_TASK_STATE_EXITED] = WF_PROGRESS_EXITED,
    [WF_EVENT_CHOICE_STATE_EXITED] = WF_PROGRESS_EXITED,
    [WF_EVENT_WAIT_STATE_EXITED] = WF_PROGRESS_EXITED,
    [WF_EVENT_SUCCEED_STATE_EXITED] = WF_PROGRESS_EXITED,
    [WF_EVENT_PARALLEL_STATE_EXITED] = WF_PROGRESS_EXITED,
    [WF_EVENT_MAP_STATE_EXITED] = WF_PROGRESS_EXITED,
    [WF_EVENT_TASK_STATE_ABORTED] = WF_PROGRESS_ABORTED,
    [WF_EVENT_WAIT_STATE_ABORTED] = WF_PROGRESS_ABORTED,
    [WF_EVENT_PARALLEL_STATE_ABORTED] = WF_PROGRESS_ABORTED,
    [WF_EVENT_PARALLEL_STATE_STARTED] = WF_PROGRESS_FORKED,
    [WF_EVENT_MAP_STATE_STARTED] = WF_PROGRESS_FORKED,
    [WF_EVENT_PARALLEL_STATE_SUCCEEDED] = WF_PROGRESS_JOINED,
    [WF_EVENT_MAP_STATE_SUCCEEDED] = WF_PROGRESS_JOINED,
    [WF_EVENT_MAP_ITERATION_STARTED] = WF_PROGRESS_ITERATION,
    [WF_EVENT_MAP_ITERATION_SUCCEEDED] = WF_PROGRESS_ITERATED,
    [WF_EVENT_MAP_ITERATION_FAILED] = WF_PROGRESS_ITERATED,
    [WF_EVENT_MAP_ITERATION_ABORTED] = WF_PROGRESS_ITERATED,
    [WF_EVENT_MAP_STATE_ABORTED] = WF_PROGRESS_ABORTED,
    [WF_EVENT_MAP_RUN_STARTED] = WF_PROGRESS_RUN,
    [WF_EVENT_MAP_RUN_SUCCEEDED] = WF_PROGRESS_RUN_OVER,
    [WF_EVENT_MAP_RUN_FAILED] = WF_PROGRESS_RUN_OVER,
    [WF_EVENT_MAP_RUN_ABORTED] = WF_PROGRESS_RUN_OVER,
    [WF_EVENT_TASK_SCHEDULED] = WF_PROGRESS_SCHEDULED,
    [WF_EVENT_LAMBDA_FUNCTION_SCHEDULED] = WF_PROGRESS_SCHEDULED,
    [WF_EVENT_ACTIVITY_SCHEDULED] = WF_PROGRESS_SCHEDULED,
    [WF_EVENT_TASK_STARTED] = WF_PROGRESS_STARTED,
    [WF_EVENT_TASK_SUBMITTED] = WF_PROGRESS_STARTED,
    [WF_EVENT_LAMBDA_FUNCTION_STARTED] = WF_PROGRESS_STARTED,
    [WF_EVENT_ACTIVITY_STARTED] = WF_PROGRESS_STARTED,
    [WF_EVENT_TASK_SUCCEEDED] = WF_PROGRESS_SUCCEEDED,
    [WF_EVENT_LAMBDA_FUNCTION_SUCCEEDED] = WF_PROGRESS_SUCCEEDED,
    [WF_EVENT_ACTIVITY_SUCCEEDED] = WF_PROGRESS_SUCCEEDED,
    [WF_EVENT_PARALLEL_STATE_FAILED] = WF_PROGRESS_FAILED,
    [WF_EVENT_MAP_STATE_FAILED] = WF_PROGRESS_FAILED,
    [WF_EVENT_TASK_START_FAILED] = WF_PROGRESS_FAILED,
    [WF_EVENT_TASK_SUBMIT_FAILED] = WF_PROGRESS_FAILED,
    [WF_EVENT_TASK_FAILED] = WF_PROGRESS_FAILED,
    [WF_EVENT_TASK_TIMED_OUT] = WF_PROGRESS_FAILED,
    [WF_EVENT_LAMBDA_FUNCTION_SCHEDULE_FAILED] = WF_PROGRESS_FAILED,
    [WF_EVENT_LAMBDA_FUNCTION_START_FAILED] = WF_PROGRESS_FAILED,
    [WF_EVENT_LAMBDA_FUNCTION_FAILED] = WF_PROGRESS_FAILED,
    [WF_EVENT_LAMBDA_FUNCTION_TIMED_OUT] = WF_PROGRESS_FAILED,
    [WF_EVENT_ACTIVITY_SCHEDULE_FAILED] = WF_PROGRESS_FAILED,
    [WF_EVENT_ACTIVITY_FAILED] = WF_PROGRESS_FAILED,
    [WF_EVENT_ACTIVITY_TIMED_OUT] = WF_PROGRESS_FAILED,
    [WF_EVENT_EVALUATION_FAILED] = WF_PROGRESS_FAILED,
};

enum wf_progress_kind wf_progress_kind(enum wf_event_type type) {
    return (unsigned)type < WF_EVENT_TYPES ? kinds[type] : WF_PROGRESS_OTHER;
}

struct wf_progress *
wf_progress_new(const struct wf_progress_options *options) {
    struct wf_progress *progress = wf_calloc(1, sizeof(*progress));

    progress->options = *options;
    wf_progress_tree_init(progress);
    return progress;
}

void wf_progress_free(struct wf_progress *progress) {
    if (progress == NULL)
        return;
    wf_progress_tree_deinit(progress);
    wf_buf_free(&progress->failed_state);
    wf_buf_free(&progress->notes);
    wf_buf_free(&progress->held);
    free(progress);
}

/* ---- texts ---- */

static void text_set(char **text, struct wf_str value) {
    free(*text);
    *text = wf_strndup(value.data,
                       value.len < MAX_TEXT ? value.len : MAX_TEXT);
}

void wf_progress_error_text(struct wf_buf *out, struct wf_str error,
                            struct wf_str cause) {
    const char *end = cause.len == 0 ? NULL
                                     : memchr(cause.data, '\n', cause.len);

    wf_buf_addstr(out, error);
    if (end != NULL)
        cause.len = (size_t)(end - cause.data);
    if (cause.len > 0) {
        if (error.len > 0)
            wf_buf_adds(out, ": ");
        wf_buf_addstr(out, cause);
    }
}

void wf_visit_set_error(struct wf_visit *visit, struct wf_str error,
                        struct wf_str cause) {
    struct wf_buf text = {0};

    wf_progress_error_text(&text, error, cause);
    if (text.len > 0)
        text_set(&visit->error, (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

/* ---- branches and iterations ---- */

/* A Parallel or Map fails with the error of the child that failed. */
static void error_inherit(struct wf_visit *fork, const struct wf_visit *from) {
    if (from != NULL && from->error != NULL && from->error[0] != '\0')
        text_set(&fork->error, wf_str(from->error));
}

/* The visit in which a child of this one failed; NULL: none has. In which
 * state a child execution was is not known. */
static struct wf_visit *failed_child(const struct wf_visit *fork) {
    const struct wf_link *list = fork->fork == WF_VISIT_MAP
                                     ? &fork->failures : &fork->children;

    if (fork->is_run)
        return NULL;
    for (struct wf_link *at = list->next; at != list; at = at->next) {
        struct wf_visit *visit = wf_scope_current(WF_SCOPE_OF(at));

        if (visit != NULL && visit->phase == WF_VISIT_LOST)
            return visit;
    }
    return NULL;
}

static bool is_active_fork(const struct wf_visit *visit,
                           const struct wf_history_event *event) {
    return visit != NULL && visit->fork != WF_VISIT_PLAIN &&
           !wf_visit_is_over(visit) &&
           wf_str_eq(wf_str(visit->name), event->state_name);
}

/* The Parallel or Map that the event names, from what it follows outwards:
 * what it follows may be an event inside of it. */
static struct wf_visit *fork_of(struct wf_progress *progress,
                                const struct wf_history_event *event) {
    struct wf_scope *scope = wf_progress_scope(progress,
                                               event->event.previous_id);

    while (scope != NULL) {
        struct wf_visit *visit = wf_scope_current(scope);

        if (is_active_fork(visit, event))
            return visit;
        scope = scope->up != NULL ? scope->up->scope : NULL;
    }
    return wf_progress_visit_named(progress, event->state_name);
}

/* It begins, or begins again. */
static void fork_begin(struct wf_progress *progress, struct wf_visit *fork,
                       const struct wf_event *event) {
    while (!wf_list_is_empty(&fork->children))
        wf_scope_remove(progress, WF_SCOPE_OF(fork->children.next));
    while (!wf_list_is_empty(&fork->failures))
        wf_scope_remove(progress, WF_SCOPE_OF(fork->failures.next));
    wf_visit_leave_fork(progress, fork);
    wf_visit_run_leave(fork);
    fork->failures_kept = 0;
    fork->total = event->length;
    fork->done = fork->failed = 0;
    fork->attempts++;
    fork->phase = WF_VISIT_STARTED;
    fork->task_ms = event->time_ms;
    wf_scope_set_id(progress, fork->scope, WF_SCOPE_FORKED, event->id);
    wf_scope_set_id(progress, fork->scope, WF_SCOPE_LAST, event->id);
}

static struct wf_scope *iteration_begin(struct wf_progress *progress,
                                        const struct wf_history_event *event) {
    struct wf_visit *map = fork_of(progress, event);
    struct wf_scope *scope;

    if (map == NULL || map->fork != WF_VISIT_MAP)
        return NULL;
    scope = wf_scope_add(progress, map, event->event.time_ms);
    scope->is_iteration = true;
    scope->index = event->event.index;
    wf_scope_set_id(progress, scope, WF_SCOPE_LAST, event->event.id);
    map->running++;
    return scope;
}

static struct wf_scope *iteration_of(struct wf_progress *progress,
                                     const struct wf_history_event *event) {
    struct wf_scope *scope = wf_progress_scope(progress,
                                               event->event.previous_id);

    while (scope != NULL &&
           !(scope->is_iteration && scope->index == event->event.index &&
             is_active_fork(scope->up, event)))
        scope = scope->up != NULL ? scope->up->scope : NULL;
    return scope;
}

static void visit_lose(struct wf_visit *visit, enum wf_visit_phase phase,
                       int64_t now_ms) {
    if (visit == NULL || wf_visit_is_over(visit))
        return;
    visit->phase = phase;
    visit->end_ms = now_ms;
}

/* Of those that succeed or are aborted nothing is kept but a count. */
static void iteration_end(struct wf_progress *progress,
                          struct wf_scope *scope,
                          const struct wf_event *event) {
    struct wf_visit *map = scope->up, *visit = wf_scope_current(scope);

    map->running--;
    if (event->type != WF_EVENT_MAP_ITERATION_ABORTED)
        wf_scope_set_id(progress, map->scope, WF_SCOPE_INNER,
                        event->previous_id);
    if (event->type == WF_EVENT_MAP_ITERATION_SUCCEEDED) {
        wf_scope_set_id(progress, map->scope, WF_SCOPE_ITERATED, event->id);
        map->done++;
    }
    if (event->type != WF_EVENT_MAP_ITERATION_FAILED) {
        wf_scope_remove(progress, scope);
        return;
    }
    map->failed++;
    visit_lose(visit, WF_VISIT_LOST, event->time_ms);
    error_inherit(map, visit);
    wf_scope_keep_failed(progress, scope);
}

/* ---- visits ---- */

static struct wf_visit *visit_enter(struct wf_progress *progress,
                                    const struct wf_history_event *event) {
    uint64_t previous = event->event.previous_id;
    struct wf_scope *scope = wf_progress_scope(progress, previous);
    struct wf_visit *visit;

    if (scope == NULL)
        scope = &progress->root;
    if (previous != 0 && scope->ids[WF_SCOPE_FORKED].id == previous)
        scope = wf_scope_add(progress, wf_scope_current(scope),
                             event->event.time_ms);
    visit = wf_visit_add(progress, scope, event);
    if (event->event.type == WF_EVENT_FAIL_STATE_ENTERED)
        visit->phase = WF_VISIT_FAILED;
    return visit;
}

/* A Fail state, or a task whose branch ends with it, is not left but ended. */
static void visit_abort(struct wf_progress *progress, struct wf_visit *visit,
                        const struct wf_event *event) {
    bool had_failed = visit->phase == WF_VISIT_FAILED;

    if (visit->fork != WF_VISIT_PLAIN)
        wf_visit_leave_fork(progress, visit);
    visit_lose(visit, had_failed ? WF_VISIT_LOST : WF_VISIT_STOPPED,
               event->time_ms);
}

/* A branch has no event of its own that says how it ended. */
static void branches_end(struct wf_visit *fork, bool failed, int64_t now_ms) {
    struct wf_link *list = &fork->children;

    for (struct wf_link *at = list->next; at != list; at = at->next) {
        struct wf_visit *visit = wf_scope_current(WF_SCOPE_OF(at));
        bool is_lost = visit != NULL && visit->phase == WF_VISIT_FAILED;

        visit_lose(visit, !failed   ? WF_VISIT_DONE
                          : is_lost ? WF_VISIT_LOST
                                    : WF_VISIT_STOPPED, now_ms);
    }
}

static void visit_fail(struct wf_progress *progress, struct wf_visit *visit,
                       const struct wf_event *event) {
    if (visit->fork == WF_VISIT_PARALLEL) {
        branches_end(visit, true, event->time_ms);
        error_inherit(visit, failed_child(visit));
    }
    if (visit->fork != WF_VISIT_PLAIN)
        wf_visit_leave_fork(progress, visit);
    visit->phase = WF_VISIT_FAILED;
    wf_visit_set_error(visit, event->error, event->cause);
}

static void visit_exit(struct wf_progress *progress, struct wf_visit *visit,
                       const struct wf_event *event) {
    visit->phase = visit->phase == WF_VISIT_FAILED ? WF_VISIT_CAUGHT
                                                   : WF_VISIT_DONE;
    visit->end_ms = event->time_ms;
    if (visit->fork == WF_VISIT_PARALLEL)
        branches_end(visit, false, event->time_ms);
    if (visit->fork != WF_VISIT_PLAIN)
        wf_visit_leave_fork(progress, visit);
}

static void visit_step(struct wf_progress *progress, struct wf_visit *visit,
                       enum wf_progress_kind kind,
                       const struct wf_event *event) {
    wf_scope_set_id(progress, visit->scope, WF_SCOPE_LAST, event->id);
    switch (kind) {
    case WF_PROGRESS_SCHEDULED:
        visit->phase = WF_VISIT_SCHEDULED;
        visit->task_ms = event->time_ms;
        visit->attempts++;
        break;
    case WF_PROGRESS_STARTED:
        visit->phase = WF_VISIT_STARTED;
        visit->task_ms = event->time_ms;
        break;
    case WF_PROGRESS_SUCCEEDED:
    case WF_PROGRESS_JOINED:
        visit->phase = WF_VISIT_SUCCEEDED;
        break;
    case WF_PROGRESS_FORKED:
        fork_begin(progress, visit, event);
        break;
    case WF_PROGRESS_RUN:
        wf_visit_run_begin(progress, visit, event);
        break;
    case WF_PROGRESS_RUN_OVER:
        wf_visit_run_over(progress, visit);
        wf_visit_set_error(visit, event->error, event->cause);
        break;
    case WF_PROGRESS_FAILED:
        visit_fail(progress, visit, event);
        break;
    case WF_PROGRESS_EXITED:
        visit_exit(progress, visit, event);
        break;
    case WF_PROGRESS_ABORTED:
        visit_abort(progress, visit, event);
        break;
    default:
        break;
    }
}

/* ---- the end ---- */

/* What was running below a visit that ends with the execution. */
static void stop_below(struct wf_visit *fork, int64_t now_ms) {
    for (struct wf_link *at = fork->children.next; at != &fork->children;
         at = at->next) {
        struct wf_visit *visit = wf_scope_current(WF_SCOPE_OF(at));

        if (visit == NULL || wf_visit_is_over(visit))
            continue;
        visit_lose(visit, WF_VISIT_STOPPED, now_ms);
        stop_below(visit, now_ms);
    }
}

static void note_failed(struct wf_progress *progress,
                        const struct wf_visit *visit) {
    const struct wf_visit *inner;

    while ((inner = failed_child(visit)) != NULL)
        visit = inner;
    progress->failed_state.len = 0;
    wf_visit_path(&progress->failed_state, visit);
}

/* The execution is over: so is every visit; the one that had not been left
 * is where it failed. */
static void execution_end(struct wf_progress *progress,
                          const struct wf_event *event) {
    struct wf_visit *visit = wf_scope_current(&progress->root);
    bool failed = event->type == WF_EVENT_EXECUTION_FAILED ||
                  event->type == WF_EVENT_EXECUTION_TIMED_OUT;

    progress->ended = event->type;
    progress->end_ms = event->time_ms;
    if (visit == NULL || wf_visit_is_over(visit))
        return;
    stop_below(visit, event->time_ms);
    visit_lose(visit, event->type == WF_EVENT_EXECUTION_SUCCEEDED
                          ? WF_VISIT_DONE
                      : failed ? WF_VISIT_LOST
                               : WF_VISIT_STOPPED, event->time_ms);
    if (!failed)
        return;
    note_failed(progress, visit);
    if (visit->error == NULL)
        wf_visit_set_error(visit, event->error, event->cause);
}

/* ---- from outside ---- */

static struct wf_visit *visit_of(struct wf_progress *progress,
                                 const struct wf_history_event *event) {
    struct wf_scope *scope;

    switch (event->event.type) {
    case WF_EVENT_PARALLEL_STATE_STARTED:
    case WF_EVENT_PARALLEL_STATE_SUCCEEDED:
    case WF_EVENT_PARALLEL_STATE_FAILED:
    case WF_EVENT_PARALLEL_STATE_EXITED:
    case WF_EVENT_PARALLEL_STATE_ABORTED:
    case WF_EVENT_MAP_STATE_STARTED:
    case WF_EVENT_MAP_STATE_SUCCEEDED:
    case WF_EVENT_MAP_STATE_FAILED:
    case WF_EVENT_MAP_STATE_EXITED:
    case WF_EVENT_MAP_STATE_ABORTED:
    case WF_EVENT_MAP_RUN_STARTED:
    case WF_EVENT_MAP_RUN_SUCCEEDED:
    case WF_EVENT_MAP_RUN_FAILED:
    case WF_EVENT_MAP_RUN_ABORTED:
        return fork_of(progress, event);
    default:
        scope = wf_progress_scope(progress, event->event.previous_id);
        return scope != NULL ? wf_scope_current(scope) : NULL;
    }
}

static void begin(struct wf_progress *progress,
                  const struct wf_event *event) {
    if (progress->start_ms == 0)
        progress->start_ms = event->time_ms;
    progress->ended = WF_EVENT_NONE; /* it may have been redriven */
    wf_scope_set_id(progress, &progress->root, WF_SCOPE_LAST, event->id);
}

/* Plain lines come before what an event ends is forgotten, and after what it
 * begins is known. */
static void tell(struct wf_progress *progress,
                 const struct wf_history_event *event,
                 const struct wf_visit *visit,
                 const struct wf_scope *iteration) {
    if (!progress->options.live && !progress->is_muted)
        wf_progress_line_event(progress, event, visit, iteration);
}

static void iteration_event(struct wf_progress *progress,
                            const struct wf_history_event *event) {
    struct wf_scope *scope = iteration_of(progress, event);

    if (scope == NULL)
        return;
    tell(progress, event, NULL, scope);
    iteration_end(progress, scope, &event->event);
}

void wf_progress_event(struct wf_progress *progress,
                       const struct wf_history_event *event) {
    enum wf_progress_kind kind = wf_progress_kind(event->event.type);
    struct wf_visit *visit = NULL;

    if (event->event.id <= progress->last_event)
        return;
    progress->last_event = event->event.id;
    progress->is_dirty = true;
    if (kind == WF_PROGRESS_ITERATION) {
        iteration_begin(progress, event);
        return;
    }
    if (kind == WF_PROGRESS_ITERATED) {
        iteration_event(progress, event);
        return;
    }
    if (kind == WF_PROGRESS_BEGIN)
        begin(progress, &event->event);
    else if (kind == WF_PROGRESS_END)
        execution_end(progress, &event->event);
    else if (kind == WF_PROGRESS_ENTERED)
        visit = visit_enter(progress, event);
    else if ((visit = visit_of(progress, event)) != NULL)
        visit_step(progress, visit, kind, &event->event);
    tell(progress, event, visit, NULL);
}

void wf_progress_mute(struct wf_progress *progress, bool is_muted) {
    progress->is_muted = is_muted;
}

/* ---- timers, logs, notes ---- */

/* The visit that began with the event `entered`, or is in the state. */
static struct wf_visit *visit_entered(struct wf_progress *progress,
                                      struct wf_str state,
                                      uint64_t entered) {
    struct wf_scope *scope =
        entered != 0 ? wf_progress_scope(progress, entered) : NULL;
    struct wf_visit *visit = scope != NULL ? wf_scope_current(scope) : NULL;

    return visit != NULL && visit->entered == entered
               ? visit : wf_progress_visit_named(progress, state);
}

static void line_of(struct wf_progress *progress, struct wf_str state,
                    const struct wf_visit *visit, const struct wf_buf *text,
                    int64_t now_ms) {
    struct wf_buf path = {0};

    if (visit != NULL)
        wf_visit_path(&path, visit);
    else
        wf_buf_addstr(&path, state);
    wf_progress_line(progress, now_ms, (struct wf_str){path.data, path.len},
                     (struct wf_str){text->data, text->len});
    wf_buf_free(&path);
}

void wf_progress_timer(struct wf_progress *progress, struct wf_str state,
                       uint64_t entered, bool is_retry, int64_t due_ms,
                       int64_t now_ms) {
    struct wf_visit *visit = visit_entered(progress, state, entered);
    struct wf_buf text = {0};

    if (visit != NULL && visit->phase == WF_VISIT_WAITING &&
        visit->due_ms == due_ms)
        return; /* it is known */
    if (visit != NULL) {
        visit->phase = WF_VISIT_WAITING;
        visit->due_ms = due_ms;
        progress->is_dirty = true;
    }
    if (progress->options.live ||
        (!is_retry && visit != NULL && wf_progress_is_terse(visit->scope)))
        return;
    wf_buf_adds(&text, is_retry ? "next attempt in " : "waits ");
    wf_term_duration(&text, due_ms - now_ms);
    line_of(progress, state, visit, &text, now_ms);
    wf_buf_free(&text);
}

void wf_progress_log(struct wf_progress *progress, struct wf_str state,
                     uint64_t entered, const char *stream,
                     struct wf_str line, int64_t now_ms) {
    struct wf_visit *visit = visit_entered(progress, state, entered);
    struct wf_buf text = {0};

    if (visit != NULL) {
        text_set(&visit->log, line);
        progress->is_dirty = true;
    }
    if (progress->options.live)
        return;
    wf_buf_addf(&text, "%s| ", strcmp(stream, "log") == 0 ? "" : stream);
    wf_buf_addstr(&text, line);
    line_of(progress, state, visit, &text, now_ms);
    wf_buf_free(&text);
}

void wf_progress_note(struct wf_progress *progress, const char *text,
                      int64_t now_ms) {
    if (!progress->options.live) {
        wf_progress_line(progress, now_ms, WF_STR_NULL, wf_str(text));
        return;
    }
    for (const char *end; *text != '\0'; text = end + (*end == '\n')) {
        end = strchrnul(text, '\n');
        wf_term_text(&progress->notes,
                     (struct wf_str){text, (size_t)(end - text)}, SIZE_MAX,
                     progress->options.unicode);
        wf_buf_u8(&progress->notes, '\n');
    }
    progress->is_dirty = true;
}

uint64_t wf_progress_last_event(const struct wf_progress *progress) {
    return progress->last_event;
}

struct wf_str wf_progress_failed_state(const struct wf_progress *progress) {
    return (struct wf_str){progress->failed_state.data,
                           progress->failed_state.len};
}
