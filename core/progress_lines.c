/* progress_lines.c - progress as plain lines, for pipes and log files. */
#include "progress_visit.h"
#include "term.h"

enum { EVENT_COLUMNS = 22, DURATION_COLUMNS = 8 };

void wf_progress_line(struct wf_progress *progress, int64_t now_ms,
                      struct wf_str name, struct wf_str text) {
    bool unicode = progress->options.unicode;
    struct wf_buf line = {0};

    wf_term_clock(&line, now_ms);
    wf_buf_u8(&line, ' ');
    wf_term_cell(&line, name, progress->name_columns, unicode);
    wf_buf_u8(&line, ' ');
    wf_term_text(&line, text, SIZE_MAX, unicode);
    while (line.len > 0 && line.data[line.len - 1] == ' ')
        line.len--;
    wf_buf_u8(&line, '\n');
    progress->options.write(progress->options.arg,
                            (struct wf_str){line.data, line.len});
    wf_buf_free(&line);
}

/* A Pass is over when it begins, so its end alone is told; a task tells more
 * with its own events than with the entering and leaving of its state. */
static bool is_of_interest(const struct wf_event *event,
                           const struct wf_visit *visit) {
    switch (wf_progress_kind(event->type)) {
    case WF_PROGRESS_ENTERED:
        return event->type == WF_EVENT_WAIT_STATE_ENTERED ||
               event->type == WF_EVENT_FAIL_STATE_ENTERED ||
               (visit != NULL && visit->is_fork);
    case WF_PROGRESS_EXITED:
        return event->type != WF_EVENT_TASK_STATE_EXITED ||
               (visit != NULL && visit->phase == WF_VISIT_CAUGHT);
    case WF_PROGRESS_STARTED:
        return false;
    case WF_PROGRESS_OTHER:
        return event->type == WF_EVENT_MAP_ITERATION_FAILED ||
               event->type == WF_EVENT_MAP_RUN_FAILED;
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

static void add_details(struct wf_buf *text,
                        const struct wf_history_event *event,
                        const struct wf_visit *visit) {
    switch (wf_progress_kind(event->event.type)) {
    case WF_PROGRESS_SCHEDULED:
        if (event->resource_type.len > 0)
            wf_buf_addf(text, "%.*s:", (int)event->resource_type.len,
                        event->resource_type.data);
        wf_buf_addstr(text, event->resource);
        if (visit != NULL && visit->attempts > 1)
            wf_buf_addf(text, " attempt %u", visit->attempts);
        break;
    case WF_PROGRESS_EXITED:
        if (visit != NULL && visit->phase == WF_VISIT_CAUGHT)
            wf_buf_adds(text, "error caught");
        break;
    default:
        wf_progress_error_text(text, event->event.error, event->event.cause);
    }
}

void wf_progress_line_event(struct wf_progress *progress,
                            const struct wf_history_event *event,
                            const struct wf_visit *visit) {
    const char *type = wf_event_type_name(event->event.type);
    struct wf_buf text = {0}, duration = {0};
    int64_t ms = duration_of(progress, &event->event, visit);

    if (!is_of_interest(&event->event, visit) || type == NULL)
        return;
    wf_term_cell(&text, wf_str(type), EVENT_COLUMNS, true);
    wf_buf_u8(&text, ' ');
    if (ms >= 0)
        wf_term_duration(&duration, ms);
    wf_term_cell(&text, (struct wf_str){duration.data, duration.len},
                 DURATION_COLUMNS, true);
    wf_buf_u8(&text, ' ');
    add_details(&text, event, visit);
    wf_progress_line(progress, event->event.time_ms,
                     wf_str(visit != NULL ? visit->name : NULL),
                     (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
    wf_buf_free(&duration);
}
