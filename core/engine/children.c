/*
 * children.c - the children of Parallel and Map states: their start, their
 * ends, and what becomes of the state then.
 *
 *   fork ──▶ children start ──▶ each ends with a result ──▶ join: "joined"
 *                │
 *                └─ one fails ──▶ abort: the others are ended ──▶
 *                                 "branch_failed"
 *
 * Each of these is many bounded transitions. Branches of a Parallel start at
 * once; iterations start lazily, so that no more than WINDOW of them do
 * something at a time, however many wait. An abort ends the children in
 * memory some at a time, and then loads those that are parked.
 *
 * A child whose parent aborts gets no further: whatever wakes it, it ends.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine_impl.h"

#define WINDOW 1000       /* iterations of a Map that do something */
#define ABORT_ROWS 256    /* parked children that are loaded at a time */

static const struct wf_state_info *info_of(const struct wf_frame *frame) {
    return &frame->execution->machine->states[frame->state];
}

static uint32_t live_children(const struct wf_fork *fork) {
    return fork->next - fork->done;
}

bool wf_frame_is_doomed(const struct wf_frame *frame) {
    for (const struct wf_frame *f = frame->up; f; f = f->up)
        if (f->phase == WF_PHASE_ABORT)
            return true;
    return false;
}

/* ---- events ---- */

/* An event of the iteration that `child` is: it names the Map. */
static uint64_t iteration_event(struct wf_engine *engine,
                                struct wf_frame *child,
                                enum wf_event_type type) {
    struct wf_event event = {
        .type = type,
        .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_INDEX,
        .previous_id = child->previous_event,
        .state = child->up->state,
        .index = wf_frame_index(child),
    };
    return wf_execution_event(engine, child->execution, &event);
}

static void state_event(struct wf_engine *engine, struct wf_frame *frame,
                        enum wf_event_type type) {
    struct wf_event event = {.type = type, .fields = WF_EVENT_HAS_STATE};
    wf_frame_event(engine, frame, &event);
}

static enum wf_event_type aborted_type(enum wf_event_type entered) {
    switch (entered) {
    case WF_EVENT_TASK_STATE_ENTERED:
        return WF_EVENT_TASK_STATE_ABORTED;
    case WF_EVENT_WAIT_STATE_ENTERED:
        return WF_EVENT_WAIT_STATE_ABORTED;
    case WF_EVENT_PARALLEL_STATE_ENTERED:
        return WF_EVENT_PARALLEL_STATE_ABORTED;
    case WF_EVENT_MAP_STATE_ENTERED:
        return WF_EVENT_MAP_STATE_ABORTED;
    default: /* the others are left as soon as they are entered */
        return WF_EVENT_NONE;
    }
}

/* The state that a frame is in ends without an exit. */
static void aborted_event(struct wf_engine *engine, struct wf_frame *frame) {
    enum wf_event_type type = aborted_type(info_of(frame)->entered);
    bool enters = frame->phase == WF_PHASE_ENTER ||
                  (frame->phase == WF_PHASE_REDRIVE &&
                   frame->entered_event == 0);
    bool has_entered = !enters || frame->deciding;
    if (has_entered && type != WF_EVENT_NONE)
        state_event(engine, frame, type);
}

/* ---- start ---- */

static const struct wf_failure TOO_MANY = {
    {"States.Runtime", sizeof("States.Runtime") - 1},
    {"An execution can't have more than 4,000,000,000 branches and "
     "iterations",
     sizeof("An execution can't have more than 4,000,000,000 branches and "
            "iterations") - 1},
};

void wf_map_state_started(struct wf_engine *engine, struct wf_frame *frame,
                          uint64_t length) {
    struct wf_event event = {
        .type = WF_EVENT_MAP_STATE_STARTED,
        .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_LENGTH,
        .length = length,
    };
    wf_frame_event(engine, frame, &event);
}

/* The frame waits for `count` children from now on. */
static struct wf_fork *begin(struct wf_engine *engine,
                             struct wf_frame *frame, bool is_map,
                             uint32_t count) {
    struct wf_execution *execution = frame->execution;
    assert(!frame->fork);
    struct wf_fork *fork = wf_fork_new(is_map, execution->next_frame, count);
    execution->next_frame += count;
    execution->image_changed = true;
    if (is_map)
        wf_map_state_started(engine, frame, count);
    else
        state_event(engine, frame, WF_EVENT_PARALLEL_STATE_STARTED);
    fork->started_event = frame->previous_event;
    fork->last_inner = fork->last_event = frame->previous_event;
    fork->is_complete = true;
    frame->fork = fork;
    frame->phase = WF_PHASE_FORK;
    return fork;
}

static bool has_numbers(const struct wf_frame *frame, uint32_t count) {
    return count < UINT32_C(4000000000) &&
           frame->execution->next_frame < UINT32_C(4000000000) - count;
}

/* Makes the next child's frame; its first event follows `previous`. */
static struct wf_frame *add_child(struct wf_frame *frame, uint32_t state,
                                  uint64_t previous) {
    struct wf_fork *fork = frame->fork;
    struct wf_frame *child =
        wf_frame_new(frame->execution, fork->base + fork->next++);
    wf_frame_set_parent(child, frame);
    child->state = state;
    child->previous_event = previous;
    wf_ref_copy(&child->variables, &frame->variables);
    return child;
}

static void let_run(struct wf_engine *engine, struct wf_frame *child) {
    wf_frame_changed(engine, child);
    wf_frame_run(engine, child);
}

static void refuse_fork(struct wf_engine *engine, struct wf_frame *frame) {
    wf_frame_resume(engine, frame, WF_SCRIPT_BRANCH_FAILED, NULL, &TOO_MANY);
}

void wf_fork_parallel(struct wf_engine *engine, struct wf_frame *frame,
                      struct wf_decision *decision) {
    const struct wf_state_info *info = info_of(frame);
    const struct wf_ref *known[] = {&frame->input, &frame->execution->input,
                                    NULL};
    struct wf_ref input = {0};
    if (!has_numbers(frame, info->branch_count)) {
        refuse_fork(engine, frame);
        return;
    }
    wf_execution_doc(engine, frame->execution, decision->output, known,
                     &input);
    struct wf_fork *fork = begin(engine, frame, false, info->branch_count);
    for (uint32_t i = 0; i < info->branch_count; i++) {
        struct wf_frame *child =
            add_child(frame, info->branches[i], fork->started_event);
        wf_ref_copy(&child->input, &input);
        let_run(engine, child);
    }
    wf_ref_clear(&input);
    wf_frame_changed(engine, frame);
}

static uint32_t item_count(struct wf_value items) {
    return wf_doc_nodes(items.doc)[items.node].count;
}

void wf_fork_map(struct wf_engine *engine, struct wf_frame *frame,
                 struct wf_decision *decision) {
    if (decision->run) {
        wf_map_run_begin(engine, frame, decision);
        return;
    }
    uint32_t count = item_count(decision->items);
    if (!has_numbers(frame, count)) {
        refuse_fork(engine, frame);
        return;
    }
    struct wf_fork *fork = begin(engine, frame, true, count);
    fork->limit = decision->limit;
    wf_fork_set_items(fork, decision->items);
    wf_frame_changed(engine, frame);
    wf_frame_run(engine, frame);
}

bool wf_fork_know_items(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_decision decision;
    if (!frame->fork->is_map || frame->fork->items)
        return true;
    wf_frame_decide(engine, frame, WF_SCRIPT_ENTER, NULL, NULL, &decision);
    if (decision.kind == WF_DECISION_TOO_LONG)
        return false;
    bool known = decision.kind == WF_DECISION_MAP &&
                 item_count(decision.items) == frame->fork->count;
    if (known) {
        wf_fork_set_items(frame->fork, decision.items);
        frame->fork->limit = decision.limit; /* a redrive has not known it */
    }
    wf_decision_free(&decision);
    return known;
}

/* What the next iteration gets; NULL: that could not be made, and the Map
 * has failed, or it is not known yet. */
static struct wf_doc *next_input(struct wf_engine *engine,
                                 struct wf_frame *frame) {
    struct wf_fork *fork = frame->fork;
    struct wf_decision decision;
    if (!info_of(frame)->has_selector)
        return wf_value_doc(wf_fork_item(fork, fork->next));
    wf_frame_ask_item(engine, frame, fork->next, NULL, WF_STR_NULL,
                      &decision);
    struct wf_doc *doc = NULL;
    if (decision.kind == WF_DECISION_TOO_LONG)
        return NULL; /* the frame runs again when that is known */
    if (decision.kind == WF_DECISION_ITEM)
        doc = wf_doc_ref(decision.output);
    else
        wf_fork_fail(engine, frame, &decision.failure);
    wf_decision_free(&decision);
    return doc;
}

/* Returns whether it has started. */
static bool start_iteration(struct wf_engine *engine,
                            struct wf_frame *frame) {
    struct wf_fork *fork = frame->fork;
    struct wf_doc *input = next_input(engine, frame);
    if (!input)
        return false;
    /* With a limit, the end of one is what lets the next begin. */
    bool follows = fork->limit > 0 && fork->next >= fork->limit;
    struct wf_frame *child =
        add_child(frame, info_of(frame)->branches[0],
                  follows ? fork->last_inner : fork->started_event);
    wf_execution_doc(engine, frame->execution, input, NULL, &child->input);
    wf_doc_unref(input);
    child->previous_event = iteration_event(
        engine, child, WF_EVENT_MAP_ITERATION_STARTED);
    let_run(engine, child);
    return true;
}

static bool may_start(const struct wf_fork *fork) {
    return fork->next < fork->count && fork->busy < WINDOW &&
           (fork->limit == 0 || live_children(fork) < fork->limit);
}

void wf_child_rests(struct wf_engine *engine, struct wf_frame *child) {
    const struct wf_fork *fork = child->up->fork;
    if (child->up->phase == WF_PHASE_FORK &&
        (may_start(fork) || (wf_fork_wakes(fork) && fork->busy < WINDOW)))
        wf_frame_run(engine, child->up);
}

static const struct wf_failure ITEMS_LOST = {
    {"States.Runtime", sizeof("States.Runtime") - 1},
    {"The items of this Map can't be read again",
     sizeof("The items of this Map can't be read again") - 1},
};

/* Returns how many were started. */
static unsigned start_iterations(struct wf_engine *engine,
                                 struct wf_frame *frame, unsigned budget) {
    struct wf_fork *fork = frame->fork;
    unsigned made = 0;
    if (!may_start(fork))
        return 0;
    if (wf_frame_is_undecided(frame))
        return 0;
    if (!wf_fork_know_items(engine, frame)) {
        if (wf_frame_is_undecided(frame))
            return 1;
        wf_fork_fail(engine, frame, &ITEMS_LOST);
        return 1;
    }
    while (may_start(fork) && made < budget) {
        bool has_begun = start_iteration(engine, frame);
        if (!has_begun && wf_frame_is_undecided(frame))
            break;
        if (!has_begun)
            return made + 1; /* the fork may be gone */
        made++;
    }
    wf_frame_changed(engine, frame);
    if (may_start(fork))
        wf_frame_run(engine, frame);
    return made;
}

/* ---- ends ---- */

/* A child has ended: nothing happens in it any more. Its rows, if it has
 * some, go with the execution's next batch. */
static void end_child(struct wf_engine *engine, struct wf_frame *child) {
    struct wf_frame *frame = child->up;
    wf_frame_undecide(child);
    wf_task_abandon(engine, child);
    wf_timer_disarm(engine, child);
    wf_list_remove(&child->run_link);
    child->runnable = false;
    wf_ref_clear(&child->input);
    wf_ref_clear(&child->parameters);
    wf_ref_clear(&child->variables);
    frame->fork->done++;
    wf_frame_leave_parent(child);
    child->phase = WF_PHASE_GONE;
    if (child->execution->express) /* a caller may still look at it */
        wf_list_append(&engine->graveyard, &child->run_link);
    else
        wf_frame_changed(engine, child);
}

/* The fork is over. If the frame gets no further for it, a redrive may begin
 * in it. */
static void hand_up_between(struct wf_frame *frame,
                            const struct wf_fork *fork) {
    struct wf_buf *to =
        frame->up ? &frame->up->fork->between : &frame->execution->between;
    if (fork->between.len == 0)
        return;
    wf_buf_add(to, fork->between.data, fork->between.len);
    frame->execution->image_changed = true;
    if (frame->up)
        wf_frame_mark_changed(frame->up);
}

static struct wf_failure failure_of(const struct wf_fork *fork) {
    return (struct wf_failure){wf_str(fork->error), wf_str(fork->cause)};
}

/* The fork is over; what the frame knew of its children goes. */
static struct wf_fork *take_fork(struct wf_frame *frame) {
    struct wf_fork *fork = frame->fork;
    frame->fork = NULL;
    if (fork->has_rows)
        frame->pages_over = true;
    return fork;
}

/* Records that the state has succeeded or failed, and applies the decision:
 * *Exited follows what *Succeeded follows (or what a Map Run says), but it
 * follows *Failed. */
static void conclude(struct wf_engine *engine, struct wf_frame *frame,
                     struct wf_decision *decision, bool joined,
                     uint64_t exited_follows) {
    bool is_map = info_of(frame)->entered == WF_EVENT_MAP_STATE_ENTERED;
    if (joined && decision->kind == WF_DECISION_EXIT) {
        state_event(engine, frame,
                    is_map ? WF_EVENT_MAP_STATE_SUCCEEDED
                           : WF_EVENT_PARALLEL_STATE_SUCCEEDED);
        frame->previous_event = exited_follows;
    } else if (decision->kind != WF_DECISION_RETRY) {
        state_event(engine, frame,
                    is_map ? WF_EVENT_MAP_STATE_FAILED
                           : WF_EVENT_PARALLEL_STATE_FAILED);
    }
    wf_frame_apply(engine, frame, decision);
}

bool wf_fork_joined(struct wf_engine *engine, struct wf_frame *frame,
                    struct wf_doc *results,
                    const struct wf_failure *failure) {
    struct wf_decision decision;
    wf_frame_decide(engine, frame,
                    results ? WF_SCRIPT_JOINED : WF_SCRIPT_BRANCH_FAILED,
                    results, failure, &decision);
    if (decision.kind == WF_DECISION_TOO_LONG)
        return false;
    uint64_t exited_follows = frame->previous_event;
    if (frame->fork->run)
        exited_follows = wf_map_run_over(
            engine, frame,
            results ? WF_MAP_RUN_SUCCEEDED : WF_MAP_RUN_FAILED, failure);
    wf_list_append(&engine->old_forks, &take_fork(frame)->link);
    conclude(engine, frame, &decision, results != NULL, exited_follows);
    return true;
}

static void join(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_failure failure;
    struct wf_buf text = {0};
    struct wf_doc *results = NULL;
    if (!wf_fork_gather(engine, frame))
        return; /* it runs again when all results are there */
    struct wf_fork *fork = frame->fork;
    frame->previous_event = fork->last_event;
    if (fork->doc_bytes > engine->options.payload_bytes)
        wf_failure_too_large(&failure, info_of(frame)->name, &text);
    else
        results = wf_fork_results(fork);
    wf_fork_joined(engine, frame, results, results ? NULL : &failure);
    wf_doc_unref(results);
    wf_buf_free(&text);
}

static void abort_child(struct wf_engine *engine, struct wf_frame *child);

void wf_fork_aborted(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_decision decision;
    struct wf_fork *fork = frame->fork;
    frame->previous_event = fork->last_inner;
    if (fork->is_aborted) {
        if (fork->run)
            wf_map_run_over(engine, frame, WF_MAP_RUN_ABORTED, NULL);
        take_fork(frame);
        hand_up_between(frame, fork);
        abort_child(engine, frame);
    } else {
        struct wf_failure failure = failure_of(fork);
        wf_frame_decide(engine, frame, WF_SCRIPT_BRANCH_FAILED, NULL,
                        &failure, &decision);
        if (decision.kind == WF_DECISION_TOO_LONG)
            return; /* it runs again when that is known */
        if (fork->run)
            wf_map_run_over(engine, frame, WF_MAP_RUN_FAILED, &failure);
        take_fork(frame);
        if (decision.kind == WF_DECISION_FAIL)
            hand_up_between(frame, fork);
        conclude(engine, frame, &decision, false, 0);
    }
    wf_fork_free(fork);
}

/* Whether the parent can go on within its child's transition. */
static bool has_docs(const struct wf_frame *frame) {
    return frame->input.doc && frame->execution->input.doc &&
           (frame->variables.number == 0 || frame->variables.doc);
}

static void child_has_ended(struct wf_engine *engine,
                            struct wf_frame *frame) {
    struct wf_fork *fork = frame->fork;
    wf_frame_changed(engine, frame);
    if (!wf_frame_has_fork_work(frame))
        return;
    if (!has_docs(frame))
        wf_frame_run(engine, frame);
    else if (frame->phase == WF_PHASE_FORK && fork->done == fork->count)
        join(engine, frame);
    else if (wf_frame_is_held(frame))
        return;
    else if (frame->phase == WF_PHASE_FORK && wf_fork_wakes(fork))
        wf_frame_run(engine, frame);
    else if (frame->phase == WF_PHASE_FORK)
        start_iterations(engine, frame, 1);
    else if (live_children(fork) == 0)
        wf_fork_aborted(engine, frame);
}

void wf_child_succeeded(struct wf_engine *engine, struct wf_frame *child,
                        const struct wf_ref *output) {
    struct wf_frame *frame = child->up;
    struct wf_fork *fork = frame->fork;
    fork->last_inner = fork->last_event = child->previous_event;
    if (fork->is_map)
        fork->last_event = iteration_event(
            engine, child, WF_EVENT_MAP_ITERATION_SUCCEEDED);
    wf_fork_put(fork, wf_frame_index(child), output->number, output->doc,
                child->execution->express);
    end_child(engine, child);
    child_has_ended(engine, frame);
}

static char *copy_text(struct wf_str text) {
    return text.data ? wf_strndup(text.data, text.len) : NULL;
}

void wf_fork_fail(struct wf_engine *engine, struct wf_frame *frame,
                  const struct wf_failure *failure) {
    struct wf_fork *fork = frame->fork;
    fork->error = copy_text(failure->error);
    fork->cause = copy_text(failure->cause);
    frame->phase = WF_PHASE_ABORT;
    wf_frame_changed(engine, frame);
    if (!fork->run && live_children(fork) == 0 && has_docs(frame))
        wf_fork_aborted(engine, frame);
    else
        wf_frame_run(engine, frame);
}

void wf_child_failed(struct wf_engine *engine, struct wf_frame *child,
                     const struct wf_failure *failure) {
    struct wf_frame *frame = child->up;
    struct wf_fork *fork = frame->fork;
    /* As recorded at AWS: of a branch (no event says that it has failed), the
     * task that has failed counts as aborted, too. */
    if (!fork->is_map &&
        info_of(child)->entered == WF_EVENT_TASK_STATE_ENTERED)
        aborted_event(engine, child);
    fork->last_inner = fork->last_event = child->previous_event;
    if (fork->is_map)
        iteration_event(engine, child, WF_EVENT_MAP_ITERATION_FAILED);
    end_child(engine, child);
    if (frame->phase == WF_PHASE_ABORT) /* another one was first */
        child_has_ended(engine, frame);
    else
        wf_fork_fail(engine, frame, failure);
}

/* ---- abort ---- */

/* What a child's task has left running is ended before the state goes on: a
 * retry must not work beside it. Whoever ends it runs the child again. */
static bool is_still_at_work(struct wf_engine *engine,
                             struct wf_frame *child) {
    wf_task_record_started(engine, child);
    wf_task_abandon(engine, child);
    wf_timer_disarm(engine, child);
    return child->cancelling > 0 || child->reaping > 0;
}

static void abort_child(struct wf_engine *engine, struct wf_frame *child) {
    struct wf_frame *frame = child->up;
    if (child->fork && (child->fork->run ||
                        child->fork->next > child->fork->done)) {
        if (child->fork->is_aborted)
            return;
        child->fork->is_aborted = true;
        child->phase = WF_PHASE_ABORT;
        let_run(engine, child);
        return;
    }
    if (child->fork) {
        child->previous_event = child->fork->last_inner;
        wf_fork_free(take_fork(child));
    }
    if (is_still_at_work(engine, child))
        return;
    wf_frame_note_between(child, &frame->fork->between);
    aborted_event(engine, child);
    if (frame->fork->is_map)
        iteration_event(engine, child, WF_EVENT_MAP_ITERATION_ABORTED);
    end_child(engine, child);
    child_has_ended(engine, frame);
}

struct abort_read {
    struct wf_engine *engine;
    uint64_t execution;
    uint32_t frame;
    bool wakes; /* it is for children that sleep */
};

static void abort_rows(void *arg, const struct wf_row *rows, size_t count,
                       bool more, const struct wf_error *err) {
    struct abort_read *read = arg;
    struct wf_engine *engine = read->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, read->execution);
    struct wf_frame *frame =
        execution ? wf_execution_frame(execution, read->frame) : NULL;
    bool wakes = read->wakes;
    wf_call_free(read);
    engine->loads--;
    if (wf_engine_read_failed(engine, err) || !execution)
        return;
    execution->pins--;
    if (execution->status != WF_EXECUTION_RUNNING || !frame || !frame->fork) {
        wf_execution_release(engine, execution);
        return;
    }
    struct wf_fork *fork = frame->fork;
    uint32_t *from = wakes ? &fork->wakes_from : &fork->rows_from;
    fork->is_reading = false;
    for (size_t i = 0; i < count; i++) {
        uint32_t number = wf_key_u32(rows[i].key, 8);
        *from = number - fork->base + 1;
        if (!wf_execution_frame(execution, number))
            wf_frame_adopt(engine, execution, number, rows[i].value);
    }
    if (wakes && !more)
        fork->wakes_from = fork->next;
    if (count == 0 && !wakes) { /* cannot be */
        wf_engine_notice(engine,
                         WF_ERROR "execution %s: %u children are missing",
                         execution->name,
                         live_children(fork) - fork->in_memory);
        fork->done = fork->next - fork->in_memory;
    }
    wf_frame_run(engine, frame);
}

/* Loads some parked children; those that are doomed end when loaded, those
 * that are asleep wake. */
static void load_parked(struct wf_engine *engine, struct wf_frame *frame,
                        bool wakes) {
    struct wf_execution *execution = frame->execution;
    struct wf_fork *fork = frame->fork;
    uint32_t first = wakes ? fork->wakes_from : fork->rows_from;
    struct wf_key from = wf_key_frame(engine->partition, execution->id,
                                      fork->base + first);
    struct wf_key to = wf_key_frame(engine->partition, execution->id,
                                    fork->base + fork->next);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = ABORT_ROWS,
                             .max_bytes = 4 << 20};
    struct abort_read *read = wf_call_new(engine, sizeof(*read), NULL);
    *read =
        (struct abort_read){engine, execution->id, frame->number, wakes};
    fork->is_reading = true;
    execution->pins++;
    engine->loads++;
    wf_store_scan(engine->store, &range, abort_rows, read);
}

/* Ends children in memory, at most `budget`; returns how many. */
static unsigned abort_some(struct wf_engine *engine, struct wf_frame *frame,
                           unsigned budget) {
    struct wf_fork *fork = frame->fork;
    struct wf_execution *execution = frame->execution;
    unsigned made = 0;
    while (fork->swept < fork->next && made < budget) {
        struct wf_frame *child =
            wf_execution_frame(execution, fork->base + fork->swept++);
        made++;
        if (child && child->phase != WF_PHASE_GONE) {
            abort_child(engine, child);
            if (frame->fork != fork)
                return made; /* that was the last */
        }
    }
    return made;
}

static unsigned abort_turn(struct wf_engine *engine, struct wf_frame *frame,
                           unsigned budget) {
    struct wf_fork *fork = frame->fork;
    unsigned made = 1;
    if (fork->run)
        return wf_map_run_abort_turn(engine, frame, budget);
    if (live_children(fork) == 0) {
        wf_fork_aborted(engine, frame);
        return made;
    }
    if (fork->swept < fork->next) {
        made = abort_some(engine, frame, budget);
        if (frame->fork == fork)
            wf_frame_run(engine, frame);
    } else if (live_children(fork) > fork->in_memory && !fork->is_reading) {
        load_parked(engine, frame, false);
    }
    return made;
}

unsigned wf_child_abort(struct wf_engine *engine, struct wf_frame *child,
                        unsigned budget) {
    /* Only the topmost: it ends those below it first. */
    if (child->up->phase == WF_PHASE_ABORT)
        abort_child(engine, child);
    /* One that was about to fail by itself waits until it is told. */
    if (child->phase == WF_PHASE_ABORT && child->fork->is_aborted)
        return abort_turn(engine, child, budget);
    return 1;
}

unsigned wf_fork_turn(struct wf_engine *engine, struct wf_frame *frame,
                      unsigned budget) {
    struct wf_fork *fork = frame->fork;
    if (frame->phase == WF_PHASE_ABORT)
        return abort_turn(engine, frame, budget);
    if (fork->run)
        return wf_map_run_turn(engine, frame, budget);
    if (fork->done == fork->count) {
        join(engine, frame);
        return 1;
    }
    if (wf_fork_wakes(fork)) {
        if (fork->busy < WINDOW)
            load_parked(engine, frame, true);
        return 1;
    }
    return start_iterations(engine, frame, budget) + 1;
}
