/*
 * cli_run_maps.c - Map Runs in the progress of a run. Their counts are asked
 * for a few times a second, the causes of failures when a child has failed;
 * what goes on in the children otherwise is not shown.
 */
#include "cli_run.h"

enum {
    ASK_MS = 250,
    RUNS_AT_ONCE = 16, /* that are asked for */
    MOST_ASKED = 64,
};

static void ask_for_counts(struct wf_run *run);

/* ---- answers ---- */

/* When nothing is open any more, the end may come that waits for that. */
static void answered(struct wf_run *run) {
    run->asked--;
    ask_for_counts(run);
    if (run->asked > 0 || !run->has_ended)
        return;
    run->has_ended = false;
    if (run->step == WF_RUN_WAIT)
        wf_run_await_end(run);
}

bool wf_run_maps_wait(struct wf_run *run) {
    run->has_ended = run->asked > 0;
    return run->has_ended;
}

static uint64_t failed(const struct wf_map_run_counts *counts) {
    return counts->failed + counts->timed_out;
}

static void on_counts(void *arg, const struct wf_refusal *refusal,
                      const struct wf_map_run_reply *reply) {
    struct wf_run *run = arg;
    bool is_last = refusal == NULL && reply->status != WF_EXECUTION_RUNNING;

    if (is_last && run->children_asked > 0) {
        run->is_due = true; /* what failed is told before them */
    } else if (refusal == NULL) {
        const struct wf_progress_map_run counts = {
            .arn = reply->arn,
            .done = reply->items.succeeded,
            .failed = failed(&reply->items),
            .running = reply->items.running,
            .total = reply->items.total,
            .failed_children = failed(&reply->executions),
            .is_over = is_last,
        };
        wf_progress_map_run(run->progress, &counts,
                            counts.is_over ? reply->stop_ms
                                           : wf_clock_now_ms(&run->clock));
    }
    answered(run);
}

static void on_child(void *arg, const struct wf_refusal *refusal,
                     const struct wf_execution_reply *reply) {
    struct wf_run *run = arg;

    if (refusal == NULL) {
        const struct wf_progress_child child = {
            .map_run_arn = reply->map_run_arn,
            .name = reply->name,
            .error = reply->error,
            .cause = reply->cause,
            .timed_out = reply->status == WF_EXECUTION_TIMED_OUT,
            .start_ms = reply->start_ms,
            .stop_ms = reply->stop_ms,
        };
        wf_progress_child_failed(run->progress, &child);
    }
    run->children_asked--;
    answered(run);
}

/* ---- questions ---- */

/* If it is time, and all questions before have been answered: so failed
 * children are known before the last counts of their run. */
static void ask_for_counts(struct wf_run *run) {
    if (run->asked > 0 || !run->is_due)
        return;
    run->is_due = false;
    for (size_t i = 0; i < RUNS_AT_ONCE; i++) {
        struct wf_str arn = wf_progress_map_run_at(run->progress, i);

        if (arn.len == 0)
            break;
        run->asked++;
        wf_engine_describe_map_run(run->engine, arn, on_counts, run);
    }
}

static void on_ask(struct ev_loop *loop, ev_timer *timer, int revents) {
    struct wf_run *run = timer->data;

    (void)revents;
    run->is_due = true;
    if (wf_progress_map_run_at(run->progress, 0).len > 0)
        ask_for_counts(run);
    else
        ev_timer_stop(loop, timer);
}

void wf_run_maps_init(struct wf_run *run) {
    ev_timer_init(&run->ask, on_ask, ASK_MS / 1000.0, ASK_MS / 1000.0);
    run->ask.data = run;
}

void wf_run_maps_follow(struct wf_run *run) {
    if (!run->is_quiet && !ev_is_active(&run->ask) &&
        wf_progress_map_run_at(run->progress, 0).len > 0)
        ev_timer_start(run->loop, &run->ask);
}

/* The last counts of a run are asked for at once. */
void wf_run_maps_event(struct wf_run *run, enum wf_event_type type) {
    wf_run_maps_follow(run);
    if (run->is_quiet || (type != WF_EVENT_MAP_RUN_SUCCEEDED &&
                          type != WF_EVENT_MAP_RUN_FAILED &&
                          type != WF_EVENT_MAP_RUN_ABORTED))
        return;
    run->is_due = true;
    ask_for_counts(run);
}

void wf_run_maps_other(struct wf_run *run, struct wf_str arn,
                       enum wf_event_type type) {
    if (run->is_quiet || run->asked >= MOST_ASKED ||
        (type != WF_EVENT_EXECUTION_FAILED &&
         type != WF_EVENT_EXECUTION_TIMED_OUT) ||
        !wf_progress_wants_child(run->progress))
        return;
    run->asked++;
    run->children_asked++;
    wf_engine_describe_execution(run->engine, arn, on_child, run);
}
