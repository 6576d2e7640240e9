/* progress.c - from events to visits. See progress.h. */
#include "progress.h"

#include <stdlib.h>

#include "progress_visit.h"
#include "term.h"

enum {
    MAX_VISITS = 1000, /* kept; finished ones beyond are forgotten */
    MAX_TEXT = 400,    /* bytes kept of a log line or a cause */
    MIN_NAME_COLUMNS = 12,
    MAX_NAME_COLUMNS = 32,
};

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
    [WF_EVENT_MAP_STATE_ABORTED] = WF_PROGRESS_ABORTED,
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
    progress->name_columns = MIN_NAME_COLUMNS;
    return progress;
}

static void visit_deinit(struct wf_visit *visit) {
    free(visit->name);
    free(visit->error);
    free(visit->log);
}

void wf_progress_forget(struct wf_progress *progress, size_t count) {
    for (size_t i = 0; i < count; i++)
        visit_deinit(&progress->visits[i]);
    progress->count -= count;
    memmove(progress->visits, progress->visits + count,
            progress->count * sizeof(progress->visits[0]));
}

void wf_progress_free(struct wf_progress *progress) {
    if (progress == NULL)
        return;
    if (progress->count > 0)
        wf_progress_forget(progress, progress->count);
    free(progress->visits);
    free(progress->failed_state);
    wf_buf_free(&progress->notes);
    free(progress);
}

/* ---- visits ---- */

static struct wf_visit *visit_of(struct wf_progress *progress, uint64_t id) {
    for (size_t i = progress->count; i-- > 0;)
        if (progress->visits[i].last_id == id)
            return &progress->visits[i];
    return NULL;
}

static struct wf_visit *visit_named(struct wf_progress *progress,
                                    struct wf_str name) {
    for (size_t i = progress->count; i-- > 0;)
        if (!wf_visit_is_over(&progress->visits[i]) &&
            wf_str_eq(wf_str(progress->visits[i].name), name))
            return &progress->visits[i];
    return NULL;
}

static void make_room(struct wf_progress *progress) {
    size_t first = 0;

    if (progress->count < progress->cap)
        return;
    if (progress->cap < MAX_VISITS) {
        progress->cap = progress->cap == 0 ? 16 : progress->cap * 2;
        progress->visits =
            wf_realloc(progress->visits,
                       progress->cap * sizeof(progress->visits[0]));
        return;
    }
    while (first + 1 < progress->count &&
           !wf_visit_is_over(&progress->visits[first]))
        first++;
    visit_deinit(&progress->visits[first]);
    progress->count--;
    memmove(&progress->visits[first], &progress->visits[first + 1],
            (progress->count - first) * sizeof(progress->visits[0]));
}

static void name_widen(struct wf_progress *progress, const char *name) {
    size_t columns = wf_term_columns(wf_str(name));

    if (columns > MAX_NAME_COLUMNS)
        columns = MAX_NAME_COLUMNS;
    if (columns > progress->name_columns)
        progress->name_columns = columns;
}

static bool is_fork(enum wf_event_type type) {
    return type == WF_EVENT_PARALLEL_STATE_ENTERED ||
           type == WF_EVENT_MAP_STATE_ENTERED;
}

/* The state before it is over: a sibling. It is a fork that is not: inside.
 * (The events between a fork and its branches move the fork's last id on, so
 * further branches find the fork as the latest unfinished one.) */
static unsigned depth_of(struct wf_progress *progress, uint64_t previous) {
    const struct wf_visit *before = visit_of(progress, previous);

    for (size_t i = progress->count; before == NULL && i-- > 0;)
        if (progress->visits[i].is_fork &&
            !wf_visit_is_over(&progress->visits[i]))
            before = &progress->visits[i];
    if (before == NULL)
        return 0;
    return before->depth + (before->is_fork && !wf_visit_is_over(before));
}

static struct wf_visit *visit_add(struct wf_progress *progress,
                                  const struct wf_history_event *event) {
    unsigned depth = depth_of(progress, event->event.previous_id);
    struct wf_visit *visit;

    make_room(progress);
    visit = &progress->visits[progress->count++];
    *visit = (struct wf_visit){
        .last_id = event->event.id,
        .name = wf_strndup(event->state_name.data, event->state_name.len),
        .depth = depth,
        .is_fork = is_fork(event->event.type),
        .start_ms = event->event.time_ms,
    };
    name_widen(progress, visit->name);
    return visit;
}

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

static void error_set(struct wf_visit *visit, const struct wf_event *event) {
    struct wf_buf text = {0};

    wf_progress_error_text(&text, event->error, event->cause);
    text_set(&visit->error, (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

/* ---- events ---- */

static void visit_step(struct wf_visit *visit, enum wf_progress_kind kind,
                       const struct wf_event *event) {
    bool had_failed = visit->phase == WF_VISIT_FAILED;

    visit->last_id = event->id;
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
        visit->phase = WF_VISIT_SUCCEEDED;
        break;
    case WF_PROGRESS_FAILED:
        visit->phase = WF_VISIT_FAILED;
        error_set(visit, event);
        break;
    case WF_PROGRESS_EXITED:
        visit->phase = had_failed ? WF_VISIT_CAUGHT : WF_VISIT_DONE;
        visit->end_ms = event->time_ms;
        break;
    case WF_PROGRESS_ABORTED:
        visit->phase = WF_VISIT_STOPPED;
        visit->end_ms = event->time_ms;
        break;
    default:
        break;
    }
}

/* The execution is over: so is every visit, and the last one that had not
 * been left is where it failed. */
static void execution_end(struct wf_progress *progress,
                          const struct wf_event *event) {
    bool failed = event->type == WF_EVENT_EXECUTION_FAILED ||
                  event->type == WF_EVENT_EXECUTION_TIMED_OUT;

    progress->ended = event->type;
    progress->end_ms = event->time_ms;
    for (size_t i = progress->count; i-- > 0;) {
        struct wf_visit *visit = &progress->visits[i];

        if (wf_visit_is_over(visit))
            continue;
        visit->end_ms = event->time_ms;
        visit->phase = !failed ? WF_VISIT_STOPPED : WF_VISIT_LOST;
        if (event->type == WF_EVENT_EXECUTION_SUCCEEDED)
            visit->phase = WF_VISIT_DONE;
        if (!failed || progress->failed_state != NULL)
            continue;
        text_set(&progress->failed_state, wf_str(visit->name));
        if (visit->error == NULL)
            error_set(visit, event);
    }
}

void wf_progress_event(struct wf_progress *progress,
                       const struct wf_history_event *event) {
    enum wf_progress_kind kind = wf_progress_kind(event->event.type);
    struct wf_visit *visit = NULL;

    if (event->event.id <= progress->last_event)
        return;
    progress->last_event = event->event.id;
    progress->is_dirty = true;
    if (kind == WF_PROGRESS_BEGIN && progress->start_ms == 0)
        progress->start_ms = event->event.time_ms;
    if (kind == WF_PROGRESS_BEGIN) /* also: redriven */
        progress->ended = WF_EVENT_NONE;
    else if (kind == WF_PROGRESS_END)
        execution_end(progress, &event->event);
    else if (kind == WF_PROGRESS_ENTERED)
        visit = visit_add(progress, event);
    else if ((visit = visit_of(progress, event->event.previous_id)) != NULL)
        visit_step(visit, kind, &event->event);
    if (!progress->options.live)
        wf_progress_line_event(progress, event, visit);
    if (!progress->options.live && progress->count > 1)
        for (size_t over = progress->count - 1;
             wf_visit_is_over(&progress->visits[0]) && over > 0; over--)
            wf_progress_forget(progress, 1);
}

void wf_progress_timer(struct wf_progress *progress, struct wf_str state,
                       bool is_retry, int64_t due_ms, int64_t now_ms) {
    struct wf_visit *visit = visit_named(progress, state);
    struct wf_buf text = {0};

    if (visit != NULL) {
        visit->phase = WF_VISIT_WAITING;
        visit->due_ms = due_ms;
        progress->is_dirty = true;
    }
    if (progress->options.live)
        return;
    wf_buf_adds(&text, is_retry ? "next attempt in " : "waits ");
    wf_term_duration(&text, due_ms - now_ms);
    wf_progress_line(progress, now_ms, state,
                     (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

void wf_progress_log(struct wf_progress *progress, struct wf_str state,
                     const char *stream, struct wf_str line, int64_t now_ms) {
    struct wf_visit *visit = visit_named(progress, state);
    struct wf_buf text = {0};

    if (visit != NULL) {
        text_set(&visit->log, line);
        progress->is_dirty = true;
    }
    if (progress->options.live)
        return;
    wf_buf_addf(&text, "%s| ", strcmp(stream, "log") == 0 ? "" : stream);
    wf_buf_addstr(&text, line);
    wf_progress_line(progress, now_ms, state,
                     (struct wf_str){text.data, text.len});
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
    return wf_str(progress->failed_state);
}
