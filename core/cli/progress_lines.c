/* progress_lines.c - progress as plain lines, for pipes and log files. */
#include <inttypes.h>

#include "progress_visit.h"
#include "term.h"

enum {
    EVENT_COLUMNS = 22,
    DURATION_COLUMNS = 8,
    MANY_ITEMS = 50, /* of a Map: beyond, not each iteration is told of */
};

/* Not cut: somebody may search for it. */
static void add_name(struct wf_buf *line, struct wf_progress *progress,
                     struct wf_str name) {
    size_t used = wf_term_text(line, name, SIZE_MAX,
                               progress->options.unicode);

    for (; used < progress->name_columns; used++)
        wf_buf_u8(line, ' ');
}

static void add_line(struct wf_buf *line, struct wf_progress *progress,
                     int64_t now_ms, struct wf_str name, struct wf_str text) {
    wf_term_clock(line, now_ms);
    wf_buf_u8(line, ' ');
    add_name(line, progress, name);
    wf_buf_u8(line, ' ');
    wf_term_text(line, text, SIZE_MAX, progress->options.unicode);
    while (line->len > 0 && line->data[line->len - 1] == ' ')
        line->len--;
    wf_buf_u8(line, '\n');
}

static void write_all(struct wf_progress *progress, struct wf_buf *lines) {
    if (lines->len > 0)
        progress->options.write(progress->options.arg,
                                (struct wf_str){lines->data, lines->len});
    lines->len = 0;
}

void wf_progress_line(struct wf_progress *progress, int64_t now_ms,
                      struct wf_str name, struct wf_str text) {
    add_line(&progress->held, progress, now_ms, name, text);
    if (progress->holding == 0)
        write_all(progress, &progress->held);
}

void wf_progress_line_first(struct wf_progress *progress, int64_t now_ms,
                            struct wf_str name, struct wf_str text) {
    struct wf_buf line = {0};

    add_line(&line, progress, now_ms, name, text);
    write_all(progress, &line);
    wf_buf_free(&line);
}

void wf_progress_release(struct wf_progress *progress) {
    progress->holding = 0;
    write_all(progress, &progress->held);
}

/* Of a Map with many items only what goes wrong is told of. */
bool wf_progress_is_terse(const struct wf_scope *scope) {
    for (; scope->up != NULL; scope = scope->up->scope)
        if (scope->is_iteration && scope->up->total > MANY_ITEMS)
            return true;
    return false;
}

static bool is_trouble(const struct wf_event *event,
                       const struct wf_visit *visit) {
    switch (wf_progress_kind(event->type)) {
    case WF_PROGRESS_SCHEDULED:
        return visit->attempts > 1;
    case WF_PROGRESS_EXITED:
        return visit->phase == WF_VISIT_CAUGHT;
    case WF_PROGRESS_FAILED:
        return true;
    default:
        return false;
    }
}

/* A Pass is over when it begins, so its end alone is told; a task tells more
 * with its own events than with the entering and leaving of its state. */
static bool is_of_interest(const struct wf_event *event,
                           const struct wf_visit *visit) {
    if (visit != NULL && wf_progress_is_terse(visit->scope))
        return is_trouble(event, visit);
    switch (wf_progress_kind(event->type)) {
    case WF_PROGRESS_ENTERED:
        return event->type == WF_EVENT_WAIT_STATE_ENTERED ||
               event->type == WF_EVENT_FAIL_STATE_ENTERED;
    case WF_PROGRESS_EXITED:
        return event->type != WF_EVENT_TASK_STATE_EXITED ||
               (visit != NULL && visit->phase == WF_VISIT_CAUGHT);
    case WF_PROGRESS_STARTED:
    case WF_PROGRESS_JOINED:
        return false;
    case WF_PROGRESS_OTHER:
        return false;
    case WF_PROGRESS_RUN_OVER:
        return event->type == WF_EVENT_MAP_RUN_FAILED;
    default:
        return true;
    }
}

static int64_t duration_of(const struct wf_progress *progress,
                           const struct wf_event *event,
                           const struct wf_visit *visit) {
    switch (wf_progress_kind(event->type)) {
    case WF_PROGRESS_END:
        return progress->start_ms == 0 ? -1
                                       : event->time_ms - progress->start_ms;
    case WF_PROGRESS_SUCCEEDED:
    case WF_PROGRESS_FAILED:
        return visit == NULL || visit->task_ms == 0
                   ? -1 : event->time_ms - visit->task_ms;
    case WF_PROGRESS_EXITED:
    case WF_PROGRESS_ABORTED:
        return visit == NULL ? -1 : event->time_ms - visit->start_ms;
    default:
        return -1;
    }
}

static void add_attempt(struct wf_buf *text, const struct wf_visit *visit) {
    if (visit != NULL && visit->attempts > 1)
        wf_buf_addf(text, " attempt %u", visit->attempts);
}

static void add_details(struct wf_buf *text,
                        const struct wf_history_event *event,
                        const struct wf_visit *visit) {
    switch (wf_progress_kind(event->event.type)) {
    case WF_PROGRESS_SCHEDULED:
        if (event->resource_type.len > 0)
            wf_buf_addf(text, "%.*s:", (int)event->resource_type.len,
                        event->resource_type.data);
        wf_buf_addstr(text, event->resource);
        add_attempt(text, visit);
        break;
    case WF_PROGRESS_FORKED:
        if (visit != NULL && visit->fork == WF_VISIT_MAP && visit->total > 0)
            wf_buf_addf(text, "%" PRIu64 " item%s", visit->total,
                        visit->total == 1 ? "" : "s");
        add_attempt(text, visit);
        break;
    case WF_PROGRESS_EXITED:
        if (visit != NULL && visit->phase == WF_VISIT_CAUGHT)
            wf_buf_adds(text, "error caught");
        break;
    case WF_PROGRESS_RUN:
        wf_buf_addstr(text, event->event.text);
        break;
    default:
        wf_progress_error_text(text, event->event.error, event->event.cause);
    }
}

static void add_event(struct wf_buf *text, const char *type, int64_t ms) {
    struct wf_buf duration = {0};

    wf_term_cell(text, wf_str(type), EVENT_COLUMNS, true);
    wf_buf_u8(text, ' ');
    if (ms >= 0)
        wf_term_duration(&duration, ms);
    wf_term_cell(text, (struct wf_str){duration.data, duration.len},
                 DURATION_COLUMNS, true);
    wf_buf_u8(text, ' ');
    wf_buf_free(&duration);
}

static void line_put(struct wf_progress *progress, int64_t now_ms,
                     struct wf_buf *path, struct wf_buf *text) {
    wf_progress_line(progress, now_ms, (struct wf_str){path->data, path->len},
                     (struct wf_str){text->data, text->len});
    wf_buf_free(path);
    wf_buf_free(text);
}

/* Each tenth of many. `map` does not count this iteration yet. */
static void line_tenth(struct wf_progress *progress,
                       const struct wf_event *event,
                       const struct wf_visit *map) {
    struct wf_buf path = {0}, text = {0};

    if (wf_progress_is_terse(map->scope) ||
        (map->done + 1) * 10 / map->total == map->done * 10 / map->total)
        return;
    wf_visit_path(&path, map);
    wf_buf_addf(&text, "%" PRIu64 " of %" PRIu64 " iterations", map->done + 1,
                map->total);
    line_put(progress, event->time_ms, &path, &text);
}

static void line_iteration(struct wf_progress *progress,
                           const struct wf_event *event,
                           const struct wf_scope *scope) {
    const struct wf_visit *map = scope->up;
    bool succeeded = event->type == WF_EVENT_MAP_ITERATION_SUCCEEDED;
    struct wf_buf path = {0}, text = {0};

    if (wf_progress_is_terse(scope) && succeeded) {
        line_tenth(progress, event, map);
        return;
    }
    if (wf_progress_is_terse(scope) &&
        event->type != WF_EVENT_MAP_ITERATION_FAILED)
        return;
    wf_scope_path(&path, scope);
    add_event(&text, wf_event_type_name(event->type),
              event->time_ms - scope->start_ms);
    if (succeeded)
        wf_buf_addf(&text, "%" PRIu64 " of %" PRIu64, map->done + 1,
                    map->total);
    line_put(progress, event->time_ms, &path, &text);
}

void wf_progress_line_event(struct wf_progress *progress,
                            const struct wf_history_event *event,
                            const struct wf_visit *visit,
                            const struct wf_scope *iteration) {
    const char *type = wf_event_type_name(event->event.type);
    struct wf_buf path = {0}, text = {0};

    if (iteration != NULL)
        line_iteration(progress, &event->event, iteration);
    if (iteration != NULL || type == NULL ||
        !is_of_interest(&event->event, visit))
        return;
    add_event(&text, type, duration_of(progress, &event->event, visit));
    add_details(&text, event, visit);
    if (visit != NULL)
        wf_visit_path(&path, visit);
    line_put(progress, event->event.time_ms, &path, &text);
}

void wf_progress_line_child(struct wf_progress *progress, struct wf_str path,
                            const struct wf_progress_child *child) {
    struct wf_buf text = {0};

    add_event(&text,
              wf_event_type_name(child->timed_out
                                     ? WF_EVENT_EXECUTION_TIMED_OUT
                                     : WF_EVENT_EXECUTION_FAILED),
              child->stop_ms - child->start_ms);
    wf_progress_error_text(&text, child->error, child->cause);
    wf_progress_line_first(progress, child->stop_ms, path,
                           (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}
