/* progress_runs.c - Map Runs in progress, and their failed children. */
#include <inttypes.h>
#include <stdlib.h>

#include "progress_visit.h"

enum {
    TELL_MS = 2000,    /* between two plain lines of a run */
    NAME_ENDING = 12,  /* characters of a child's name in the tree */
};

#define RUN_OF(at) WF_ENTRY(at, struct wf_visit_run, link)

/* ---- from MapRunStarted to the last counts ---- */

void wf_visit_run_begin(struct wf_progress *progress, struct wf_visit *visit,
                        const struct wf_event *event) {
    struct wf_visit_run *run = wf_calloc(1, sizeof(*run));
    struct wf_buf path = {0};

    wf_visit_run_leave(visit);
    wf_visit_path(&path, visit);
    *run = (struct wf_visit_run){
        .visit = visit,
        .arn = wf_strndup(event->text.data, event->text.len),
        .path = wf_strndup(path.data, path.len),
        .is_terse = wf_progress_is_terse(visit->scope),
        .told_ms = event->time_ms,
    };
    wf_buf_free(&path);
    wf_list_append(&progress->runs, &run->link);
    visit->run = run;
    visit->is_run = visit->is_uncounted = true;
    visit->is_open = visit->total == 0;
    visit->failed_children = 0;
}

void wf_visit_run_free(struct wf_visit_run *run) {
    if (run->visit != NULL)
        run->visit->run = NULL;
    wf_list_remove(&run->link);
    free(run->arn);
    free(run->path);
    free(run);
}

void wf_visit_run_leave(struct wf_visit *visit) {
    if (visit->run != NULL)
        visit->run->visit = NULL;
    visit->run = NULL;
}

/* Of what is history by now no counts are asked. Otherwise lines that follow
 * are held back, so that the last counts stand before them. */
void wf_visit_run_over(struct wf_progress *progress, struct wf_visit *visit) {
    struct wf_visit_run *run = visit->run;

    if (run == NULL)
        return;
    if (progress->is_muted) {
        wf_visit_run_free(run);
        return;
    }
    run->is_over = true;
    progress->holding += !progress->options.live;
    wf_list_remove(&run->link);
    wf_list_append(progress->runs.next, &run->link); /* before the first */
}

struct wf_str wf_progress_map_run_at(const struct wf_progress *progress,
                                     size_t index) {
    const struct wf_link *at = progress->runs.next;

    while (at != &progress->runs && index-- > 0)
        at = at->next;
    return at != &progress->runs ? wf_str(RUN_OF(at)->arn) : WF_STR_NULL;
}

static struct wf_visit_run *find(const struct wf_progress *progress,
                                 struct wf_str arn) {
    for (struct wf_link *at = progress->runs.next; at != &progress->runs;
         at = at->next)
        if (wf_str_eq(wf_str(RUN_OF(at)->arn), arn))
            return RUN_OF(at);
    return NULL;
}

/* ---- counts ---- */

void wf_progress_add_counts(struct wf_buf *text, uint64_t failed,
                            uint64_t running) {
    if (failed > 0)
        wf_buf_addf(text, ", %" PRIu64 " failed", failed);
    if (running > 0)
        wf_buf_addf(text, ", %" PRIu64 " running", running);
}

static void visit_count(struct wf_visit *visit,
                        const struct wf_progress_map_run *counts) {
    visit->done = counts->done;
    visit->failed = counts->failed;
    visit->running = counts->running;
    visit->failed_children = counts->failed_children;
    visit->is_uncounted = false;
    visit->is_open = visit->is_open && !counts->is_over;
    if (counts->total > visit->total)
        visit->total = counts->total;
}

static void line_counts(struct wf_progress *progress,
                        const struct wf_visit_run *run, bool is_open,
                        const struct wf_progress_map_run *counts,
                        int64_t now_ms) {
    struct wf_buf text = {0};

    wf_buf_addf(&text, "%" PRIu64, counts->done);
    if (is_open)
        wf_buf_adds(&text, " items done");
    else
        wf_buf_addf(&text, " of %" PRIu64 " items", counts->total);
    wf_progress_add_counts(&text, counts->failed, counts->running);
    wf_progress_line_first(progress, now_ms, wf_str(run->path),
                           (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

static void tell_counts(struct wf_progress *progress,
                        struct wf_visit_run *run,
                        const struct wf_progress_map_run *counts,
                        int64_t now_ms) {
    uint64_t reached = counts->done + counts->failed;
    bool is_open = run->visit != NULL && run->visit->is_open;

    if (progress->options.live || run->is_terse)
        return;
    if (!counts->is_over &&
        (now_ms - run->told_ms < TELL_MS || reached == run->told))
        return;
    run->told_ms = now_ms;
    run->told = reached;
    line_counts(progress, run, is_open, counts, now_ms);
}

/* The last of its counts have come. */
static void run_end(struct wf_progress *progress, struct wf_visit_run *run) {
    if (run->is_over && progress->holding == 1)
        wf_progress_release(progress);
    else if (run->is_over && progress->holding > 0)
        progress->holding--;
    wf_visit_run_free(run);
}

void wf_progress_map_run(struct wf_progress *progress,
                         const struct wf_progress_map_run *counts,
                         int64_t now_ms) {
    struct wf_visit_run *run = find(progress, counts->arn);

    if (run == NULL)
        return;
    if (run->visit != NULL)
        visit_count(run->visit, counts);
    tell_counts(progress, run, counts, now_ms);
    if (counts->is_over)
        run_end(progress, run);
    progress->is_dirty = true;
}

/* ---- failed children ---- */

bool wf_progress_wants_child(const struct wf_progress *progress) {
    for (struct wf_link *at = progress->runs.next; at != &progress->runs;
         at = at->next)
        if (RUN_OF(at)->failures_told < WF_PROGRESS_FAILURES)
            return true;
    return false;
}

static void line_child(struct wf_progress *progress,
                       const struct wf_visit_run *run,
                       const struct wf_progress_child *child) {
    struct wf_buf path = {0};

    wf_buf_addf(&path, "%s/", run->path);
    wf_buf_addstr(&path, child->name);
    wf_progress_line_child(progress, (struct wf_str){path.data, path.len},
                           child);
    wf_buf_free(&path);
}

/* It is shown as an iteration that failed in a state of the child's name, the
 * ending of which tells it from others. */
static void keep_child(struct wf_progress *progress, struct wf_visit *map,
                       const struct wf_progress_child *child) {
    struct wf_scope *scope = wf_scope_add(progress, map, child->start_ms);
    struct wf_history_event entered = {
        .event = {.type = WF_EVENT_TASK_STATE_ENTERED,
                  .time_ms = child->start_ms},
        .state_name = child->name,
    };
    struct wf_visit *visit;

    if (child->name.len > NAME_ENDING) {
        entered.state_name.data += child->name.len - NAME_ENDING;
        entered.state_name.len = NAME_ENDING;
    }
    visit = wf_visit_add(progress, scope, &entered);
    visit->phase = WF_VISIT_LOST;
    visit->end_ms = child->stop_ms;
    wf_visit_set_error(visit, child->error, child->cause);
    wf_scope_keep_failed(progress, scope);
    progress->is_dirty = true;
}

void wf_progress_child_failed(struct wf_progress *progress,
                              const struct wf_progress_child *child) {
    struct wf_visit_run *run = find(progress, child->map_run_arn);

    if (run == NULL || run->failures_told == WF_PROGRESS_FAILURES)
        return;
    run->failures_told++;
    if (!progress->options.live)
        line_child(progress, run, child);
    else if (run->visit != NULL)
        keep_child(progress, run->visit, child);
}
