/*
 * map_turn.c - the turn of a distributed Map's frame: the run begins, counts
 * children that have ended, starts others, and ends.
 *
 * More failed items than are tolerated end the run at once: the children that
 * still run are stopped. A percentage is compared when the number of items is
 * known: from the start for items of the state's input, at its end for those
 * of a reader.
 */
#include <limits.h>
#include <stdlib.h>

#include "engine_impl.h"

#define TEXT(text) {text, sizeof(text) - 1}

/* ---- begin ---- */

static double number_of(struct wf_doc *settings, const char *name) {
    struct wf_value value;
    if (!wf_value_member((struct wf_value){settings, 0}, wf_str(name),
                         &value) ||
        wf_value_type(value) != WF_JSON_NUMBER)
        return 0;
    double number = wf_value_number(value);
    return number > 0 ? number : 0;
}

static bool has_member(struct wf_doc *settings, const char *name) {
    struct wf_value value;
    return wf_value_member((struct wf_value){settings, 0}, wf_str(name),
                           &value);
}

/* A ResultWriter may say how results look without a place to put them. */
static bool writes(struct wf_doc *settings) {
    struct wf_value writer, resource;
    return wf_value_member((struct wf_value){settings, 0}, WF_STR("writer"),
                           &writer) &&
           wf_value_member(writer, WF_STR("resource"), &resource);
}

static char *text_of(struct wf_doc *settings, const char *name) {
    struct wf_value value;
    struct wf_buf text = {0};
    if (wf_value_member((struct wf_value){settings, 0}, wf_str(name),
                        &value) &&
        wf_value_type(value) == WF_JSON_STRING)
        wf_value_string(value, &text);
    wf_buf_u8(&text, 0);
    return text.data;
}

/* `most`: children that may run at once; 0: any number. */
static void read_settings(struct wf_map_run *run, struct wf_doc *settings,
                          uint32_t most) {
    char *type = text_of(settings, "executionType");
    run->express = strcmp(type, "EXPRESS") == 0;
    free(type);
    run->label = text_of(settings, "label");
    double concurrency = number_of(settings, "maxConcurrency");
    run->max_concurrency =
        concurrency < UINT32_MAX ? (uint32_t)concurrency : 0;
    if (most > 0 && run->max_concurrency > most)
        run->max_concurrency = most;
    run->tolerated_count =
        (uint64_t)number_of(settings, "toleratedFailureCount");
    run->tolerated_percentage =
        number_of(settings, "toleratedFailurePercentage");
    run->has_reader = has_member(settings, "reader");
    run->has_writer = writes(settings);
}

static uint64_t count_of(struct wf_value items) {
    return items.doc ? wf_doc_nodes(items.doc)[items.node].count : 0;
}

static void record_started(struct wf_engine *engine, struct wf_frame *frame,
                           struct wf_map_run *run) {
    struct wf_buf arn = {0};
    wf_map_run_arn(run, wf_str(frame->execution->machine->arn), &arn);
    struct wf_event event = {
        .type = WF_EVENT_MAP_RUN_STARTED,
        .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_TEXT,
        .text = {arn.data, arn.len},
    };
    run->started_event = wf_frame_event(engine, frame, &event);
    wf_buf_free(&arn);
}

static const struct wf_failure NOT_IN_EXPRESS = {
    TEXT("States.Runtime"),
    TEXT("An EXPRESS execution can't have a distributed Map"),
};

void wf_map_run_begin(struct wf_engine *engine, struct wf_frame *frame,
                      struct wf_decision *decision) {
    struct wf_execution *execution = frame->execution;
    const struct wf_ref *known[] = {&frame->input, NULL};
    if (execution->express) {
        wf_frame_resume(engine, frame, WF_SCRIPT_BRANCH_FAILED, NULL,
                        &NOT_IN_EXPRESS);
        return;
    }
    bool is_first = frame->before_entered == 0;
    struct wf_fork *fork = wf_fork_new(true, execution->next_frame++, 1);
    struct wf_map_run *run = wf_map_run_new(execution->id, fork->base);
    execution->image_changed = true;
    read_settings(run, decision->run,
                  engine->options.profile->map_run_concurrency);
    run->frame = frame->number;
    run->state = frame->state;
    run->pending = count_of(decision->items);
    run->has_all = !run->has_reader;
    run->follows_start = !is_first;
    wf_map_state_started(engine, frame, run->pending);
    wf_execution_doc(engine, execution, decision->run, known,
                     &frame->parameters);
    run->start_ms = wf_execution_now(engine, execution);
    record_started(engine, frame, run);
    fork->run = run;
    fork->started_event = fork->last_inner = run->started_event;
    if (decision->items.doc)
        wf_fork_set_items(fork, decision->items);
    frame->fork = fork;
    frame->phase = WF_PHASE_FORK;
    run->row_due = true;
    wf_frame_changed(engine, frame);
    wf_frame_run(engine, frame);
}

/* ---- counting ---- */

static void count(struct wf_map_counts *counts, uint64_t number,
                  enum wf_execution_status status) {
    counts->running -= number < counts->running ? number : counts->running;
    switch (status) {
    case WF_EXECUTION_SUCCEEDED:
        counts->succeeded += number;
        break;
    case WF_EXECUTION_TIMED_OUT:
        counts->timed_out += number;
        break;
    case WF_EXECUTION_ABORTED:
        counts->aborted += number;
        break;
    default:
        counts->failed += number;
        break;
    }
}

static void count_child(struct wf_engine *engine, struct wf_execution *parent,
                        struct wf_map_run *run,
                        struct wf_execution *execution) {
    const struct wf_map_child *child = execution->map_child;
    count(&run->executions, 1, execution->status);
    count(&run->items, child->items, execution->status);
    wf_map_results_keep(engine, run, execution);
    wf_couple(engine, parent, execution);
    wf_execution_let_go(engine, execution);
}

/* Counts children that have ended, at most `budget`; returns how many. */
static unsigned count_ended(struct wf_engine *engine,
                            struct wf_execution *parent,
                            struct wf_map_run *run, unsigned budget) {
    struct wf_family *family =
        wf_family_find(&engine->families, run->parent, run->number);
    struct wf_link *link;
    unsigned made = 0;
    while (family && made < budget &&
           (link = wf_list_shift(&family->ended))) {
        count_child(engine, parent, run,
                    WF_ENTRY(link, struct wf_map_child, ended_link)
                        ->execution);
        made++;
    }
    return made;
}

static unsigned count_in_turn(struct wf_engine *engine,
                              struct wf_frame *frame, unsigned budget) {
    struct wf_map_run *run = frame->fork->run;
    const struct wf_family *family =
        wf_family_find(&engine->families, run->parent, run->number);
    if (!family || wf_list_is_empty(&family->ended))
        return 0;
    wf_frame_changed(engine, frame); /* they are coupled with its change */
    unsigned made = count_ended(engine, frame->execution, run, budget);
    if (!wf_list_is_empty(&family->ended))
        wf_frame_run(engine, frame);
    return made;
}

/* ---- tolerance ---- */

static uint64_t items_of(const struct wf_map_run *run) {
    return run->item + run->pending;
}

/* More items have failed than the definition tolerates. */
static bool is_too_much(const struct wf_map_run *run) {
    uint64_t failed = wf_map_counts_failed(&run->items);
    bool by_count =
        run->tolerated_count > 0 || run->tolerated_percentage <= 0;
    if (by_count && failed > run->tolerated_count)
        return true;
    return run->tolerated_percentage > 0 && run->has_all &&
           (double)failed * 100 >
               run->tolerated_percentage * (double)items_of(run);
}

static const struct wf_failure TOO_MUCH = {
    TEXT("States.ExceedToleratedFailureThreshold"),
    TEXT("The specified tolerated failure threshold was exceeded"),
};

/* ---- start ---- */

static bool may_start(const struct wf_map_run *run) {
    return !wf_map_run_is_exhausted(run) &&
           run->executions.running < wf_map_run_limit(run);
}

/* Other executions need some, too. */
static bool has_room(const struct wf_engine *engine) {
    return !engine->stalled &&
           engine->active_bytes < engine->options.memory_bytes / 2;
}

/* Outputs that are kept give way. One child may always run: what takes the
 * room may be runs that wait for some, each. */
bool wf_map_has_room(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_map_run *run = frame->fork->run;
    if (has_room(engine) || engine->stalled)
        return !engine->stalled;
    wf_map_results_forget(run);
    wf_frame_measure(frame);
    wf_execution_measure(engine, frame->execution);
    return has_room(engine) || run->executions.running == 0;
}

void wf_map_wait_for_room(struct wf_engine *engine,
                          struct wf_map_run *run) {
    if (!wf_link_is_in(&run->room_link))
        wf_list_append(&engine->map_runs, &run->room_link);
}

void wf_map_runs_housekeeping(struct wf_engine *engine) {
    struct wf_link *link;
    while (has_room(engine) && (link = wf_list_shift(&engine->map_runs))) {
        struct wf_map_run *run =
            WF_ENTRY(link, struct wf_map_run, room_link);
        struct wf_execution *parent =
            wf_table_by_id(&engine->table, run->parent);
        struct wf_frame *frame =
            parent ? wf_execution_frame(parent, run->frame) : NULL;
        if (frame)
            wf_frame_run(engine, frame);
    }
}

/* One child; returns whether another one can be tried. */
static bool start_one(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_map_run *run = frame->fork->run;
    struct wf_map_next_input next = {0};
    switch (wf_map_next(engine, frame, &next)) {
    case WF_MAP_NEXT_INPUT:
        wf_map_start_child(engine, frame, next.input, next.items);
        wf_doc_unref(next.input);
        return true;
    case WF_MAP_NEXT_END:
        run->has_all = true;
        break;
    case WF_MAP_NEXT_FAILED:
        wf_fork_fail(engine, frame, &next.failure);
        break;
    case WF_MAP_NEXT_LATER:
        break;
    }
    return false;
}

/* Returns how many were started. */
static unsigned start_children(struct wf_engine *engine,
                               struct wf_frame *frame, unsigned budget) {
    struct wf_map_run *run = frame->fork->run;
    unsigned made = 0;
    bool goes_on = true;
    if (!may_start(run) || frame->execution->pause.since_ms)
        return 0;
    if (wf_map_counts_failed(&run->pending_redrive) > 0)
        return wf_map_redrive_some(engine, frame, budget);
    wf_frame_changed(engine, frame); /* they are coupled with its change */
    while (goes_on && may_start(run) && made < budget) {
        if (!wf_map_has_room(engine, frame)) {
            wf_map_wait_for_room(engine, run);
            return made;
        }
        goes_on = start_one(engine, frame);
        made += goes_on;
    }
    if (goes_on && may_start(run))
        wf_frame_run(engine, frame);
    return made;
}

/* ---- the turn ---- */

static void join(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_failure failure = {WF_STR_NULL, WF_STR_NULL};
    struct wf_doc *output = NULL;
    if (!wf_map_results_get(engine, frame, &output, &failure))
        return; /* it runs again when it is there */
    wf_fork_joined(engine, frame, output, output ? NULL : &failure);
    wf_doc_unref(output);
}

unsigned wf_map_run_turn(struct wf_engine *engine, struct wf_frame *frame,
                         unsigned budget) {
    struct wf_map_run *run = frame->fork->run;
    unsigned made = count_in_turn(engine, frame, budget) + 1;
    if (is_too_much(run)) {
        wf_fork_fail(engine, frame, &TOO_MUCH);
        return made;
    }
    if (made > budget) {
        wf_frame_run(engine, frame); /* there may be more to do */
        return made;
    }
    made += start_children(engine, frame, budget);
    if (frame->phase != WF_PHASE_FORK || wf_frame_is_undecided(frame))
        return made;
    if (is_too_much(run)) /* now that the number of items is known */
        wf_fork_fail(engine, frame, &TOO_MUCH);
    else if (wf_map_run_is_exhausted(run) && run->executions.running == 0)
        join(engine, frame);
    return made;
}

/* ---- abort ---- */

struct stop {
    struct wf_engine *engine;
    uint64_t parent;
    uint32_t frame, run;
};

/* No child runs any more; what the counts say otherwise cannot be. */
static void stopped(void *arg) {
    struct stop *stop = arg;
    struct wf_engine *engine = stop->engine;
    struct wf_execution *parent =
        wf_table_by_id(&engine->table, stop->parent);
    struct wf_frame *frame =
        parent ? wf_execution_frame(parent, stop->frame) : NULL;
    struct wf_map_run *run =
        frame && frame->fork ? frame->fork->run : NULL;
    if (run && run->number == stop->run) {
        run->is_stopping = false;
        if (run->executions.running > 0)
            wf_engine_notice(engine,
                             WF_ERROR "execution %s: %llu children of a Map "
                             "Run are missing", parent->name,
                             (unsigned long long)run->executions.running);
        run->executions.running = run->items.running = 0;
        wf_frame_run(engine, frame);
    }
    wf_call_free(stop);
}

static void stop_children(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_map_run *run = frame->fork->run;
    struct stop *stop = wf_call_new(engine, sizeof(*stop), NULL);
    *stop = (struct stop){engine, run->parent, frame->number, run->number};
    run->is_stopping = true;
    wf_map_stop(engine, run->parent, run->number, stopped, stop);
}

/* Files tell of a run that has failed as well. */
static void abort_done(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_failure failure;
    struct wf_doc *output = NULL;
    if (frame->fork->run->has_writer && !frame->fork->is_aborted &&
        !wf_map_results_get(engine, frame, &output, &failure))
        return;
    wf_doc_unref(output);
    wf_fork_aborted(engine, frame);
}

unsigned wf_map_run_abort_turn(struct wf_engine *engine,
                               struct wf_frame *frame, unsigned budget) {
    struct wf_map_run *run = frame->fork->run;
    unsigned made = count_in_turn(engine, frame, budget) + 1;
    if (run->executions.running == 0)
        abort_done(engine, frame);
    else if (!run->is_stopping)
        stop_children(engine, frame);
    return made;
}

/* ---- end ---- */

static void record_over(struct wf_engine *engine, struct wf_frame *frame,
                        enum wf_map_run_status status,
                        const struct wf_failure *failure) {
    static const enum wf_event_type types[] = {
        [WF_MAP_RUN_SUCCEEDED] = WF_EVENT_MAP_RUN_SUCCEEDED,
        [WF_MAP_RUN_FAILED] = WF_EVENT_MAP_RUN_FAILED,
        [WF_MAP_RUN_ABORTED] = WF_EVENT_MAP_RUN_ABORTED,
    };
    struct wf_event event = {.type = types[status],
                             .fields = WF_EVENT_HAS_STATE};
    wf_event_fail(&event, failure);
    wf_frame_event(engine, frame, &event);
}

/* As AWS counts: results in the state's output are written, too. */
static void count_written(struct wf_map_counts *counts) {
    counts->written = counts->succeeded + wf_map_counts_failed(counts);
}

static void set_end(struct wf_map_run *run, enum wf_map_run_status status,
                    int64_t now_ms) {
    run->status = status;
    wf_map_redrive_over(run);
    run->stop_ms = now_ms < run->start_ms ? run->start_ms : now_ms;
    if (status == WF_MAP_RUN_ABORTED ||
        (status == WF_MAP_RUN_FAILED && !run->has_writer))
        return;
    count_written(&run->items);
    count_written(&run->executions);
}

/* Its row goes with the execution's next batch. */
static void end_run(struct wf_engine *engine, struct wf_execution *execution,
                    struct wf_map_run *run, enum wf_map_run_status status) {
    set_end(run, status, wf_execution_now(engine, execution));
    wf_map_input_free(run->input);
    wf_map_results_free(run->results);
    wf_map_redrives_free(run->redrives);
    run->input = NULL;
    run->results = NULL;
    run->redrives = NULL;
    wf_list_remove(&run->room_link);
    wf_list_append(&execution->map_runs, &run->link);
}

uint64_t wf_map_run_over(struct wf_engine *engine, struct wf_frame *frame,
                         enum wf_map_run_status status,
                         const struct wf_failure *failure) {
    struct wf_map_run *run = frame->fork->run;
    frame->previous_event = run->started_event;
    record_over(engine, frame, status, failure);
    frame->fork->run = NULL;
    end_run(engine, frame->execution, run, status);
    return run->follows_start ? run->started_event : frame->previous_event;
}

static void abort_running(struct wf_map_run *run) {
    struct wf_map_counts *counts[] = {&run->items, &run->executions};
    for (size_t i = 0; i < 2; i++) {
        counts[i]->aborted += counts[i]->running;
        counts[i]->running = 0;
    }
}

void wf_map_runs_end(struct wf_engine *engine,
                     struct wf_execution *execution) {
    for (struct wf_frame *f = execution->frames; f; f = f->next) {
        struct wf_map_run *run = f->fork ? f->fork->run : NULL;
        if (!run)
            continue;
        count_ended(engine, execution, run, UINT_MAX);
        execution->has_orphans |= run->executions.running > 0;
        abort_running(run);
        f->fork->run = NULL;
        end_run(engine, execution, run, WF_MAP_RUN_ABORTED);
    }
}

void wf_map_run_left(struct wf_engine *engine, struct wf_map_run *run) {
    abort_running(run);
    set_end(run, WF_MAP_RUN_ABORTED, wf_clock_now_ms(engine->clock));
    wf_map_run_put(engine, run);
}

/* ---- rows ---- */

void wf_map_run_put(struct wf_engine *engine, struct wf_map_run *run) {
    struct wf_key key =
        wf_key_map_run(engine->partition, run->parent, run->number);
    struct wf_buf row = {0};
    wf_map_run_encode(run, &row);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 (struct wf_str){row.data, row.len});
    wf_buf_free(&row);
    run->row_due = false;
}

void wf_map_runs_put(struct wf_engine *engine,
                     struct wf_execution *execution) {
    struct wf_link *link;
    while ((link = wf_list_shift(&execution->map_runs))) {
        struct wf_map_run *run = WF_ENTRY(link, struct wf_map_run, link);
        wf_map_run_put(engine, run);
        wf_map_run_free(run);
    }
    for (link = execution->changed.next; link != &execution->changed;
         link = link->next) {
        struct wf_frame *frame =
            WF_ENTRY(link, struct wf_frame, changed_link);
        if (frame->fork && frame->fork->run && frame->fork->run->row_due)
            wf_map_run_put(engine, frame->fork->run);
    }
}
