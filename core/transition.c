/*
 * transition.c - runs frames: asks Lua what a state does, applies the
 * decision, records the events.
 *
 * A transition changes nothing before its decision is known, so a script that
 * fails leaves no half of one behind. A frame runs through pure states (Pass,
 * Choice) without a pause, up to a budget, so that no execution keeps the
 * loop from the others.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine_impl.h"

static const struct wf_state_info *state_of(const struct wf_frame *frame) {
    return &frame->execution->machine->states[frame->state];
}

void wf_frame_run(struct wf_engine *engine, struct wf_frame *frame) {
    if (!wf_link_is_in(&frame->run_link))
        wf_list_append(&engine->run_queue, &frame->run_link);
    wf_engine_wake(engine);
}

void wf_frame_changed(struct wf_engine *engine, struct wf_frame *frame) {
    bool was_busy = frame->is_busy;
    wf_frame_mark_changed(frame);
    wf_frame_measure(frame);
    if (was_busy && !frame->is_busy && frame->up)
        wf_child_rests(engine, frame);
    wf_execution_touch(engine, frame->execution);
}

static int64_t event_time(struct wf_engine *engine,
                          struct wf_execution *execution) {
    int64_t now = wf_clock_now_ms(engine->clock);
    if (now > execution->last_ms)
        execution->last_ms = now;
    return execution->last_ms;
}

uint64_t wf_execution_event(struct wf_engine *engine,
                            struct wf_execution *execution,
                            struct wf_event *event) {
    if (event->time_ms == 0)
        event->time_ms = event_time(engine, execution);
    engine->stats.events++;
    if (execution->express && !engine->events.event)
        return execution->tail.next_event++;
    size_t before = execution->tail.bytes.len;
    uint64_t id = wf_tail_add_event(&execution->tail, event,
                                    execution->start_ms);
    engine->open_bytes += execution->tail.bytes.len - before;
    if (execution->express) {
        wf_observe(engine, execution,
                   (struct wf_str){execution->tail.bytes.data,
                                   execution->tail.bytes.len},
                   id);
        wf_tail_reset(&execution->tail, id + 1);
    }
    return id;
}

uint64_t wf_frame_event(struct wf_engine *engine, struct wf_frame *frame,
                        struct wf_event *event) {
    event->previous_id = frame->previous_event;
    event->state = frame->state;
    frame->previous_event =
        wf_execution_event(engine, frame->execution, event);
    return frame->previous_event;
}

/* ---- ends ---- */

/* The rows of a frame that has ended. */
static void forget_frame(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    struct wf_key key;
    if (frame->row_due_ms >= 0) {
        key = wf_key_timer(engine->partition, frame->row_due_ms,
                           execution->id, frame->number);
        wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
        frame->row_due_ms = -1;
    }
    if (frame->has_row) {
        key = wf_key_frame(engine->partition, execution->id, frame->number);
        wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
        frame->has_row = false;
        execution->frame_rows--;
        execution->image_changed = true;
    }
}

/* Rows beside the frame's own that it has no use for any more. */
static void forget_parts(struct wf_engine *engine, struct wf_frame *frame,
                         bool ended) {
    if (frame->checkpoint_over || (ended && frame->has_checkpoint)) {
        struct wf_key key = wf_key_checkpoint(
            engine->partition, frame->execution->id, frame->number);
        wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
        frame->checkpoint_over = false;
    }
    if (frame->pages_over || (ended && frame->fork && frame->fork->has_rows))
        wf_results_delete(engine, frame);
    frame->pages_over = false;
}

/* One that ended while its row could be read stays until that is durable. */
static void bury_frame(struct wf_engine *engine, struct wf_frame *frame) {
    bool had_row = frame->has_row;
    forget_parts(engine, frame, true);
    forget_frame(engine, frame);
    wf_frame_mark_gone(frame);
    if (had_row)
        wf_commit_drop_frame(engine, frame);
    else
        wf_frame_remove(frame);
}

void wf_frames_forget_rows(struct wf_engine *engine,
                           struct wf_execution *execution) {
    struct wf_link *link, *next;
    if (execution->status != WF_EXECUTION_RUNNING) {
        for (struct wf_frame *f = execution->frames; f; f = f->next) {
            forget_parts(engine, f, true);
            forget_frame(engine, f);
        }
        wf_execution_free_frames(execution);
        return;
    }
    for (link = execution->changed.next; link != &execution->changed;
         link = next) {
        struct wf_frame *frame =
            WF_ENTRY(link, struct wf_frame, changed_link);
        next = link->next;
        if (frame->phase == WF_PHASE_GONE)
            bury_frame(engine, frame);
        else
            forget_parts(engine, frame, false);
    }
}

/* A frame of an execution that ends: nothing happens in it any more. Its
 * struct stays until the end is in a batch. */
static void still_frame(struct wf_engine *engine, struct wf_frame *frame) {
    wf_frame_undecide(frame);
    wf_task_abandon(engine, frame);
    wf_timer_disarm(engine, frame);
    wf_list_remove(&frame->run_link);
    frame->runnable = false;
    wf_ref_clear(&frame->input);
    wf_ref_clear(&frame->parameters);
}

static char *copy_text(struct wf_str text) {
    return text.data ? wf_strndup(text.data, text.len) : NULL;
}

static const enum wf_event_type END_EVENTS[] = {
    [WF_EXECUTION_SUCCEEDED] = WF_EVENT_EXECUTION_SUCCEEDED,
    [WF_EXECUTION_FAILED] = WF_EVENT_EXECUTION_FAILED,
    [WF_EXECUTION_TIMED_OUT] = WF_EVENT_EXECUTION_TIMED_OUT,
    [WF_EXECUTION_ABORTED] = WF_EVENT_EXECUTION_ABORTED,
};

void wf_execution_end(struct wf_engine *engine,
                      struct wf_execution *execution,
                      enum wf_execution_status status,
                      const struct wf_failure *failure, uint64_t previous) {
    struct wf_event event = {.type = END_EVENTS[status],
                             .previous_id = previous};
    assert(execution->status == WF_EXECUTION_RUNNING);
    for (struct wf_frame *f = execution->frames; f; f = f->next)
        wf_task_record_started(engine, f);
    if (status == WF_EXECUTION_SUCCEEDED) {
        event.fields = WF_EVENT_HAS_DOC;
        event.doc = execution->output.number;
    }
    if (failure && failure->error.data) {
        event.fields |= WF_EVENT_HAS_ERROR;
        event.error = failure->error;
    }
    if (failure && failure->cause.data) {
        event.fields |= WF_EVENT_HAS_CAUSE;
        event.cause = failure->cause;
    }
    if (failure) {
        execution->error = copy_text(failure->error);
        execution->cause = copy_text(failure->cause);
    }
    wf_execution_event(engine, execution, &event);
    execution->status = status;
    execution->stop_ms = execution->last_ms;
    execution->image_changed = true;
    for (struct wf_frame *f = execution->frames; f; f = f->next)
        still_frame(engine, f);
    wf_timer_disarm_execution(engine, execution);
    engine->stats.executions_ended++;
    wf_execution_touch(engine, execution);
    wf_waiters_ended(engine, execution);
    wf_execution_release(engine, execution);
}

/* ---- decisions ---- */

/* A user's state script may name a state that there is not. */
static void check_next(const struct wf_machine *machine,
                       struct wf_decision *decision) {
    if (decision->kind != WF_DECISION_EXIT || decision->is_end ||
        decision->next < machine->state_count)
        return;
    wf_decision_free(decision);
    *decision = (struct wf_decision){
        .kind = WF_DECISION_FAIL,
        .failure = {WF_STR("States.Runtime"),
                    WF_STR("The state's script named a next state that does "
                           "not exist")},
    };
}

/* AWS: 256 KiB in a payload, 10 MiB in all variables. */
#define VARIABLES_PAYLOADS 40

/* What a frame's variables would take. */
static size_t variables_bytes(const struct wf_frame *frame,
                              struct wf_doc *assigned) {
    struct wf_doc *before = frame->variables.doc;
    if (!before)
        return assigned->len;
    struct wf_doc *merged =
        wf_object_merge((struct wf_value){before, 0},
                        (struct wf_value){assigned, 0});
    size_t bytes = merged->len;
    wf_doc_unref(merged);
    return bytes;
}

static bool fits(const struct wf_engine *engine, const struct wf_frame *frame,
                 const struct wf_decision *decision) {
    size_t limit = engine->options.payload_bytes;
    struct wf_doc *assigned = decision->assigned;
    if (decision->output->len > limit || (assigned && assigned->len > limit))
        return false;
    size_t all = limit * VARIABLES_PAYLOADS;
    size_t before =
        assigned && frame->variables.doc ? frame->variables.doc->len : 0;
    return !assigned || before + assigned->len <= all ||
           variables_bytes(frame, assigned) <= all;
}

/* What a state hands on, and what it assigns, may be as large as any
 * payload. */
static void check_size(struct wf_engine *engine, struct wf_frame *frame,
                       struct wf_decision *decision) {
    struct wf_str name = state_of(frame)->name;

    if (decision->kind != WF_DECISION_EXIT ||
        fits(engine, frame, decision))
        return;
    wf_decision_free(decision);
    *decision = (struct wf_decision){.kind = WF_DECISION_FAIL};
    wf_failure_too_large(&decision->failure, name, &decision->texts);
}

static void show_item(const struct wf_fork *fork, uint32_t index,
                      struct wf_script_context *context) {
    context->in_map = true;
    context->map_index = index;
    context->map_key = fork->items_have_keys;
    context->map_item = (struct wf_value){NULL, 0};
    if (fork->items)
        context->map_item = wf_fork_item(fork, index);
}

/* What a script is told of the frame. */
static void show_context(struct wf_engine *engine, struct wf_frame *frame,
                         struct wf_script_context *context) {
    struct wf_execution *execution = frame->execution;
    struct wf_machine *machine = execution->machine;
    *context = (struct wf_script_context){
        .now_ms = event_time(engine, execution),
        .execution_arn_prefix = wf_str(machine->execution_prefix),
        .execution_name = wf_str(execution->name),
        .role_arn = wf_str(machine->role_arn),
        .execution_input = execution->input.doc,
        .start_ms = execution->start_ms,
        .state_machine_arn = wf_str(machine->arn),
        .state_machine_name = wf_str(machine->name),
        .state_name = state_of(frame)->name,
        .entered_ms = frame->entered_ms,
        .entered_event = frame->entered_event,
        .retry_count = frame->retry_count,
        .retriers = frame->retriers,
        .retrier_count = frame->retrier_count,
        .variables = frame->variables.doc,
    };
    const struct wf_frame *f = frame;
    while (f->up && !f->up->fork->is_map)
        f = f->up;
    if (f->up)
        show_item(f->up->fork, wf_frame_index(f), context);
}

/* What is not a state's script's mistake to make. */
static void check(struct wf_engine *engine, struct wf_frame *frame,
                  struct wf_decision *decision) {
    check_next(frame->execution->machine, decision);
    check_size(engine, frame, decision);
}

static void ask(struct wf_engine *engine, struct wf_frame *frame,
                struct wf_script_call *call, enum wf_decide_then then,
                const struct wf_ref *result, struct wf_decision *decision) {
    call->machine = frame->execution->machine->compiled;
    call->state = frame->state;
    call->input = frame->input.doc;
    wf_frame_ask(engine, frame, call, then, result, decision);
    if (decision->kind != WF_DECISION_TOO_LONG)
        check(engine, frame, decision);
}

void wf_frame_decide(struct wf_engine *engine, struct wf_frame *frame,
                     enum wf_script_event event, struct wf_doc *output,
                     const struct wf_failure *failure,
                     struct wf_decision *decision) {
    struct wf_script_context context;
    struct wf_script_call call = {
        .event = event, .output = output, .context = &context};
    if (failure)
        call.failure = *failure;
    show_context(engine, frame, &context);
    ask(engine, frame, &call, WF_DECIDE_AGAIN, NULL, decision);
}

/* The same, and wf_frame_decided() goes on if a thread decides. */
static void decide(struct wf_engine *engine, struct wf_frame *frame,
                   enum wf_script_event event, const struct wf_ref *result,
                   const struct wf_failure *failure,
                   struct wf_decision *decision) {
    struct wf_script_context context;
    struct wf_script_call call = {.event = event,
                                  .output = result ? result->doc : NULL,
                                  .context = &context};
    if (failure)
        call.failure = *failure;
    show_context(engine, frame, &context);
    ask(engine, frame, &call, WF_DECIDE_APPLY, result, decision);
}

void wf_frame_ask_item(struct wf_engine *engine, struct wf_frame *frame,
                       uint32_t index, struct wf_decision *decision) {
    struct wf_script_context context;
    struct wf_script_call call = {.event = WF_SCRIPT_ITEM,
                                  .context = &context};
    show_context(engine, frame, &context);
    show_item(frame->fork, index, &context);
    ask(engine, frame, &call, WF_DECIDE_AGAIN, NULL, decision);
}

/* The frame sees new values from its next state on. */
static void assign(struct wf_engine *engine, struct wf_frame *frame,
                   const struct wf_ref *assigned) {
    if (frame->variables.number == 0) {
        wf_ref_copy(&frame->variables, assigned);
        return;
    }
    struct wf_doc *merged =
        wf_object_merge((struct wf_value){frame->variables.doc, 0},
                        (struct wf_value){assigned->doc, 0});
    wf_execution_doc(engine, frame->execution, merged, NULL,
                     &frame->variables);
    wf_doc_unref(merged);
}

/* Leaves the state. Returns whether the frame enters another one. */
static bool apply_exit(struct wf_engine *engine, struct wf_frame *frame,
                       struct wf_decision *decision,
                       const struct wf_ref *result) {
    struct wf_execution *execution = frame->execution;
    const struct wf_ref *known[] = {&frame->input, &frame->parameters,
                                    &execution->input, result, NULL};
    struct wf_ref output = {0}, assigned = {0};
    struct wf_event event = {.type = state_of(frame)->exited,
                             .fields = WF_EVENT_HAS_STATE |
                                       WF_EVENT_HAS_DOC};

    event.doc = wf_execution_doc(engine, execution, decision->output, known,
                                 &output);
    if (decision->assigned) {
        event.fields |= WF_EVENT_HAS_ASSIGNED;
        event.assigned = wf_execution_doc(
            engine, execution, decision->assigned, known, &assigned);
    }
    wf_frame_event(engine, frame, &event);
    if (frame->has_checkpoint)
        frame->checkpoint_over = true; /* its row goes with the batch */
    frame->has_checkpoint = false;
    frame->restarted = 0;
    wf_ref_clear(&frame->parameters);
    if (decision->assigned)
        assign(engine, frame, &assigned);
    wf_ref_clear(&assigned);
    engine->stats.transitions++;
    if (decision->is_end && frame->up) {
        wf_child_succeeded(engine, frame, &output);
        wf_ref_clear(&output);
        return false;
    }
    if (decision->is_end) {
        wf_ref_copy(&execution->output, &output);
        wf_ref_clear(&output);
        wf_execution_end(engine, execution, WF_EXECUTION_SUCCEEDED, NULL,
                         frame->previous_event);
        return false;
    }
    frame->state = decision->next;
    frame->phase = WF_PHASE_ENTER;
    wf_ref_copy(&frame->input, &output);
    wf_ref_clear(&output);
    wf_frame_changed(engine, frame);
    return true;
}

/* 0 means "no timer", and times before the epoch have come as well. */
static int64_t due_time(const struct wf_decision *decision) {
    return decision->due_ms > 0 ? decision->due_ms : 1;
}

static void apply_retry(struct wf_engine *engine, struct wf_frame *frame,
                        const struct wf_decision *decision) {
    uint16_t *uses = wf_frame_retrier(frame, decision->retrier);
    if (*uses < UINT16_MAX)
        ++*uses;
    frame->retry_count++;
    frame->phase = WF_PHASE_RETRY;
    frame->due_ms = due_time(decision);
    wf_timer_update(engine, frame);
    wf_frame_changed(engine, frame);
    wf_frame_park_if_long(engine, frame);
}

static void apply_schedule(struct wf_engine *engine, struct wf_frame *frame,
                           struct wf_decision *decision) {
    const struct wf_ref *known[] = {&frame->input, &frame->execution->input,
                                    NULL};
    int64_t now = wf_clock_now_ms(engine->clock);
    wf_execution_doc(engine, frame->execution, decision->output, known,
                     &frame->parameters);
    frame->at_most_once = decision->at_most_once;
    frame->timeout_due_ms =
        decision->timeout_s ? now + decision->timeout_s * 1000 : 0;
    frame->heartbeat_ms = decision->heartbeat_s * 1000;
    frame->heartbeat_due_ms = frame->heartbeat_ms ? now + frame->heartbeat_ms
                                                  : 0;
    frame->phase = WF_PHASE_TASK;
    struct wf_event event = {
        .type = state_of(frame)->scheduled,
        .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_DOC,
        .doc = frame->parameters.number,
        .timeout_s = decision->timeout_s,
        .heartbeat_s = decision->heartbeat_s,
    };
    if (decision->timeout_s)
        event.fields |= WF_EVENT_HAS_TIMEOUT;
    if (decision->heartbeat_s)
        event.fields |= WF_EVENT_HAS_HEARTBEAT;
    if (decision->role_arn.len)
        event.fields |= WF_EVENT_HAS_TEXT;
    event.text = decision->role_arn;
    wf_frame_event(engine, frame, &event);
    wf_timer_update(engine, frame);
    wf_frame_changed(engine, frame);
    wf_task_schedule(engine, frame);
}

static void apply_fail(struct wf_engine *engine, struct wf_frame *frame,
                       const struct wf_decision *decision) {
    engine->stats.transitions++;
    if (frame->up)
        wf_child_failed(engine, frame, &decision->failure);
    else
        wf_execution_end(engine, frame->execution, WF_EXECUTION_FAILED,
                         &decision->failure, frame->previous_event);
}

static void apply_wait(struct wf_engine *engine, struct wf_frame *frame,
                       const struct wf_decision *decision) {
    frame->phase = WF_PHASE_WAIT;
    frame->due_ms = due_time(decision);
    wf_timer_update(engine, frame);
    wf_frame_changed(engine, frame);
    wf_frame_park_if_long(engine, frame);
}

static const struct wf_failure NO_ITEM = {
    {"States.Runtime", sizeof("States.Runtime") - 1},
    {"The state's script answered with an item, for which it was not asked",
     sizeof("The state's script answered with an item, for which it was not "
            "asked") - 1},
};

/* As recorded at AWS: what fails while a state is entered does not follow
 * its *StateEntered but what that follows, except in a Wait; and a Map fails
 * with an event of its own. */
static void record_evaluation(struct wf_engine *engine,
                              struct wf_frame *frame,
                              const struct wf_decision *decision) {
    enum wf_event_type entered = state_of(frame)->entered;
    struct wf_event event = {
        .type = WF_EVENT_EVALUATION_FAILED,
        .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_ERROR |
                  WF_EVENT_HAS_CAUSE | WF_EVENT_HAS_TEXT,
        .error = WF_STR("States.QueryEvaluationError"),
        .cause = wf_str(decision->failed_cause),
        .text = wf_str(decision->failed_location),
    };
    bool entering = frame->previous_event == frame->entered_event;
    if (entering && entered != WF_EVENT_WAIT_STATE_ENTERED)
        frame->previous_event = frame->before_entered;
    wf_frame_event(engine, frame, &event);
    if (entering && entered == WF_EVENT_MAP_STATE_ENTERED &&
        decision->kind != WF_DECISION_RETRY) {
        struct wf_event failed = {.type = WF_EVENT_MAP_STATE_FAILED,
                                  .fields = WF_EVENT_HAS_STATE};
        wf_frame_event(engine, frame, &failed);
    }
}

/* Applies a decision. The frame may be gone afterwards: returns whether it
 * is there and enters a state next. */
static bool apply(struct wf_engine *engine, struct wf_frame *frame,
                  struct wf_decision *decision, const struct wf_ref *result) {
    bool goes_on = false;
    if (decision->failed_location)
        record_evaluation(engine, frame, decision);
    switch (decision->kind) {
    case WF_DECISION_EXIT:
        goes_on = apply_exit(engine, frame, decision, result);
        break;
    case WF_DECISION_FAIL:
        apply_fail(engine, frame, decision);
        break;
    case WF_DECISION_SCHEDULE:
        apply_schedule(engine, frame, decision);
        break;
    case WF_DECISION_WAIT:
        apply_wait(engine, frame, decision);
        break;
    case WF_DECISION_RETRY:
        apply_retry(engine, frame, decision);
        break;
    case WF_DECISION_PARALLEL:
        wf_fork_parallel(engine, frame, decision);
        break;
    case WF_DECISION_MAP:
        wf_fork_map(engine, frame, decision);
        break;
    case WF_DECISION_ITEM:
        decision->failure = NO_ITEM;
        apply_fail(engine, frame, decision);
        break;
    case WF_DECISION_TOO_LONG: /* wf_frame_decided() goes on */
        break;
    }
    wf_decision_free(decision);
    return goes_on;
}

void wf_frame_apply(struct wf_engine *engine, struct wf_frame *frame,
                    struct wf_decision *decision) {
    if (apply(engine, frame, decision, NULL))
        wf_frame_run(engine, frame);
}

/* While a transition is made: if the execution ends, callers still look at
 * its frames. */
static void hold(struct wf_execution *execution) {
    execution->pins++;
}

static void let_go(struct wf_engine *engine, struct wf_execution *execution) {
    execution->pins--;
    if (execution->express && execution->status != WF_EXECUTION_RUNNING)
        wf_execution_release(engine, execution);
}

void wf_frame_resume(struct wf_engine *engine, struct wf_frame *frame,
                     enum wf_script_event event,
                     const struct wf_ref *result,
                     const struct wf_failure *failure) {
    struct wf_execution *execution = frame->execution;
    struct wf_decision decision;
    hold(execution);
    decide(engine, frame, event, result, failure, &decision);
    if (apply(engine, frame, &decision, result))
        wf_frame_run(engine, frame);
    let_go(engine, execution);
}

void wf_frame_decided(struct wf_engine *engine, struct wf_frame *frame,
                      struct wf_decision *decision,
                      const struct wf_ref *result) {
    struct wf_execution *execution = frame->execution;
    hold(execution);
    check(engine, frame, decision);
    if (apply(engine, frame, decision, result))
        wf_frame_run(engine, frame);
    let_go(engine, execution);
}

/* Enters the frame's state. Returns as apply(). */
static bool enter(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_decision decision;
    struct wf_event event = {.type = state_of(frame)->entered,
                             .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_DOC,
                             .doc = frame->input.number};

    frame->retry_count = 0;
    frame->before_entered = frame->previous_event;
    wf_frame_retriers_reset(frame);
    frame->entered_event = wf_frame_event(engine, frame, &event);
    frame->entered_ms = frame->execution->last_ms;
    decide(engine, frame, WF_SCRIPT_ENTER, NULL, NULL, &decision);
    return apply(engine, frame, &decision, NULL);
}

static void time_out(struct wf_engine *engine, struct wf_frame *frame,
                     struct wf_str error) {
    struct wf_failure failure = {.error = error, .cause = WF_STR("")};
    struct wf_event event = {.type = WF_EVENT_TASK_TIMED_OUT,
                             .fields = WF_EVENT_HAS_STATE |
                                       WF_EVENT_HAS_ERROR,
                             /* AWS's histories name both kinds so. */
                             .error = WF_STR("States.Timeout")};
    wf_task_record_started(engine, frame);
    wf_task_abandon(engine, frame);
    frame->timeout_due_ms = frame->heartbeat_due_ms = 0;
    if (state_of(frame)->scheduled == WF_EVENT_LAMBDA_FUNCTION_SCHEDULED)
        event.type = WF_EVENT_LAMBDA_FUNCTION_TIMED_OUT;
    wf_frame_event(engine, frame, &event);
    wf_frame_resume(engine, frame, WF_SCRIPT_TASK_FAILED, NULL, &failure);
}

/* A frame with a scheduled task is in the run queue: why? */
static void run_task(struct wf_engine *engine, struct wf_frame *frame) {
    int64_t now = wf_clock_now_ms(engine->clock);
    if (frame->timeout_due_ms && frame->timeout_due_ms <= now)
        time_out(engine, frame, WF_STR("States.Timeout"));
    else if (frame->task == 0) /* heartbeats since are not known */
        wf_task_recovered(engine, frame);
    else if (frame->heartbeat_due_ms && frame->heartbeat_due_ms <= now)
        time_out(engine, frame, WF_STR("States.HeartbeatTimeout"));
    else
        wf_timer_update(engine, frame);
}

static void machine_ready(void *arg, struct wf_machine *machine) {
    struct wf_engine *engine = arg;
    machine->frames_wait = false;
    /* Frames of a machine that was not ready wait in the executions. */
    for (size_t i = 0; i < engine->table.size; i++)
        for (struct wf_execution *e = engine->table.by_id[i]; e;
             e = e->id_next)
            if (e->machine == machine)
                for (struct wf_frame *f = e->frames; f; f = f->next)
                    if (f->runnable)
                        wf_frame_run(engine, f);
}

/* The machine is being read: the frame runs when it is there. */
static bool machine_is_ready(struct wf_engine *engine,
                             struct wf_frame *frame) {
    struct wf_machine *machine = frame->execution->machine;
    if (machine->ready)
        return true;
    if (machine->broken) {
        struct wf_failure failure = {
            WF_STR("States.Runtime"),
            WF_STR("The definition that this execution is pinned to can't be "
                   "loaded by this version of the engine"),
        };
        wf_execution_end(engine, frame->execution, WF_EXECUTION_FAILED,
                         &failure, frame->previous_event);
        return false;
    }
    frame->runnable = true;
    if (!machine->frames_wait) {
        machine->frames_wait = true;
        wf_machine_need(engine, machine, machine_ready, engine);
    }
    return false;
}

/* A timer may outlive its reason: the frame waits for another by now. */
static bool is_early(struct wf_engine *engine, const struct wf_frame *frame) {
    return (frame->phase == WF_PHASE_WAIT ||
            frame->phase == WF_PHASE_RETRY) &&
           frame->due_ms > wf_clock_now_ms(engine->clock);
}

static unsigned take_turn(struct wf_engine *engine, struct wf_frame *frame,
                          unsigned budget) {
    unsigned made = 1;
    if (frame->execution->status != WF_EXECUTION_RUNNING ||
        frame->phase == WF_PHASE_GONE)
        return made;
    if (!machine_is_ready(engine, frame) ||
        !wf_frame_has_parents(engine, frame))
        return made;
    if (wf_frame_is_doomed(frame)) {
        frame->runnable = false;
        return wf_child_abort(engine, frame, budget);
    }
    if (!wf_frame_load_docs(engine, frame))
        return made;
    frame->runnable = false;
    if (wf_frame_is_undecided(frame))
        return made;
    if (is_early(engine, frame)) {
        wf_timer_update(engine, frame);
        return made;
    }
    switch (frame->phase) {
    case WF_PHASE_WAIT:
        wf_frame_resume(engine, frame, WF_SCRIPT_TIMER_FIRED, NULL, NULL);
        break;
    case WF_PHASE_RETRY:
        wf_frame_resume(engine, frame, WF_SCRIPT_RETRY, NULL, NULL);
        break;
    case WF_PHASE_TASK:
        run_task(engine, frame);
        break;
    case WF_PHASE_FORK:
    case WF_PHASE_ABORT:
        made = wf_fork_turn(engine, frame, budget);
        break;
    case WF_PHASE_GONE:
        break;
    case WF_PHASE_ENTER:
        while (enter(engine, frame)) {
            if (made++ == budget) {
                wf_frame_run(engine, frame);
                break;
            }
        }
        break;
    }
    return made;
}

unsigned wf_frame_turn(struct wf_engine *engine, struct wf_frame *frame,
                       unsigned budget) {
    struct wf_execution *execution = frame->execution;
    hold(execution);
    unsigned made = take_turn(engine, frame, budget);
    let_go(engine, execution);
    return made;
}

struct wf_str wf_execution_arn(struct wf_engine *engine,
                               const struct wf_execution *execution,
                               struct wf_buf *out) {
    (void)engine;
    size_t from = out->len;
    wf_buf_adds(out, execution->machine->execution_prefix);
    wf_buf_adds(out, execution->name);
    wf_buf_u8(out, 0); /* keeps texts apart, for debuggers */
    return (struct wf_str){out->data + from, out->len - from - 1};
}
