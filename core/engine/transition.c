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

#include "activity.h"
#include "engine_impl.h"

const struct wf_state_info *wf_frame_state(const struct wf_frame *frame) {
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

int64_t wf_execution_now(struct wf_engine *engine,
                         struct wf_execution *execution) {
    int64_t now = wf_clock_now_ms(engine->clock);
    if (now > execution->last_ms)
        execution->last_ms = now;
    return execution->last_ms;
}

/* The history's last event is the execution's end. */
static bool is_full(const struct wf_engine *engine,
                    const struct wf_execution *execution) {
    uint64_t most = engine->options.profile->events;
    return most && execution->tail.next_event >= most &&
           !execution->express &&
           execution->status == WF_EXECUTION_RUNNING;
}

static uint64_t leave_out(struct wf_engine *engine,
                          struct wf_execution *execution) {
    if (!wf_link_is_in(&execution->full_link))
        wf_list_append(&engine->full, &execution->full_link);
    wf_engine_wake(engine);
    return execution->tail.next_event - 1;
}

uint64_t wf_execution_event(struct wf_engine *engine,
                            struct wf_execution *execution,
                            struct wf_event *event) {
    if (is_full(engine, execution))
        return leave_out(engine, execution);
    if (event->time_ms == 0)
        event->time_ms = wf_execution_now(engine, execution);
    engine->stats.events++;
    if (execution->express && !wf_is_observed(engine, execution))
        return execution->tail.next_event++;
    size_t before = execution->tail.bytes.len;
    uint64_t id = wf_tail_add_event(&execution->tail, event,
                                    execution->start_ms);
    engine->open_bytes += execution->tail.bytes.len - before;
    if (execution->express)
        wf_observe_express(engine, execution);
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
    struct wf_event event = {.type = wf_frame_state(frame)->exited,
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

static void apply_fail(struct wf_engine *engine, struct wf_frame *frame,
                       const struct wf_decision *decision) {
    engine->stats.transitions++;
    if (frame->up)
        wf_child_failed(engine, frame, &decision->failure);
    else
        wf_execution_end(engine, frame->execution, WF_EXECUTION_FAILED,
                         &decision->failure, frame->previous_event);
}

/* In AWS's words; nobody can catch it. */
static void fail_without_activity(struct wf_engine *engine,
                                  struct wf_frame *frame) {
    const struct wf_state_info *info = wf_frame_state(frame);
    struct wf_decision decision = {.kind = WF_DECISION_FAIL};
    struct wf_buf *text = &decision.texts;
    wf_buf_addf(text,
                "An error occurred while executing the state '%.*s' (entered "
                "at the event id #%llu). The activity %.*s does not exist.",
                (int)info->name.len, info->name.data,
                (unsigned long long)frame->entered_event,
                (int)info->resource.len, info->resource.data);
    decision.failure.error = WF_STR("States.Runtime");
    decision.failure.cause = (struct wf_str){text->data, text->len};
    apply_fail(engine, frame, &decision);
    wf_decision_free(&decision);
}

/* To the workers of the pool, or to those who poll. */
static void hand_out(struct wf_engine *engine, struct wf_frame *frame) {
    if (wf_frame_state(frame)->scheduled == WF_EVENT_ACTIVITY_SCHEDULED)
        wf_task_offer(engine, frame);
    else if (wf_state_waits_for_signal(wf_frame_state(frame)))
        wf_signal_wait(engine, frame);
    else
        wf_task_schedule(engine, frame);
}

static void apply_schedule(struct wf_engine *engine, struct wf_frame *frame,
                           struct wf_decision *decision) {
    const struct wf_ref *known[] = {&frame->input, &frame->execution->input,
                                    NULL};
    int64_t now = wf_clock_now_ms(engine->clock);
    const struct wf_activity *activity = wf_frame_activity(engine, frame);
    if (activity && !activity->exists) {
        fail_without_activity(engine, frame);
        return;
    }
    wf_execution_doc(engine, frame->execution, decision->output, known,
                     &frame->parameters);
    frame->at_most_once = decision->at_most_once;
    frame->timeout_due_ms =
        decision->timeout_s ? now + decision->timeout_s * 1000 : 0;
    frame->timeout_ms = decision->timeout_s * 1000;
    frame->heartbeat_ms = decision->heartbeat_s * 1000;
    frame->heartbeat_due_ms = frame->heartbeat_ms ? now + frame->heartbeat_ms
                                                  : 0;
    frame->phase = WF_PHASE_TASK;
    frame->activity = 0;
    struct wf_event event = {
        .type = wf_frame_state(frame)->scheduled,
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
    hand_out(engine, frame);
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
    enum wf_event_type entered = wf_frame_state(frame)->entered;
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
    if (decision->map_started)
        wf_map_state_started(engine, frame, decision->map_length);
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
    wf_frame_put_question(engine, frame, event, result, failure, &decision);
    if (apply(engine, frame, &decision, result))
        wf_frame_run(engine, frame);
    let_go(engine, execution);
}

void wf_frame_decided(struct wf_engine *engine, struct wf_frame *frame,
                      struct wf_decision *decision,
                      const struct wf_ref *result) {
    struct wf_execution *execution = frame->execution;
    hold(execution);
    wf_frame_check(engine, frame, decision);
    if (apply(engine, frame, decision, result))
        wf_frame_run(engine, frame);
    let_go(engine, execution);
}

/* Enters the frame's state. Returns as apply(). */
static bool enter(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_decision decision;
    struct wf_event event = {.type = wf_frame_state(frame)->entered,
                             .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_DOC,
                             .doc = frame->input.number};

    frame->retry_count = 0;
    frame->before_entered = frame->previous_event;
    wf_frame_retriers_reset(frame);
    wf_task_new_token(engine, frame);
    frame->entered_event = wf_frame_event(engine, frame, &event);
    frame->entered_ms = frame->execution->last_ms;
    wf_frame_put_question(engine, frame, WF_SCRIPT_ENTER, NULL, NULL,
                          &decision);
    return apply(engine, frame, &decision, NULL);
}

/* Another attempt: everything again from the state's input. */
static void retry(struct wf_engine *engine, struct wf_frame *frame) {
    if (!wf_frame_knows_activity(engine, frame))
        return; /* it runs when it does */
    wf_task_new_token(engine, frame);
    wf_frame_resume(engine, frame, WF_SCRIPT_RETRY, NULL, NULL);
}

static void time_out(struct wf_engine *engine, struct wf_frame *frame,
                     struct wf_str error) {
    struct wf_failure failure = {.error = error, .cause = WF_STR("")};
    struct wf_event event = {.type = wf_task_events_of(frame)->timed_out,
                             .fields = WF_EVENT_HAS_STATE |
                                       WF_EVENT_HAS_ERROR,
                             /* AWS's histories name both kinds so. */
                             .error = WF_STR("States.Timeout")};
    wf_task_record_started(engine, frame);
    wf_task_abandon(engine, frame);
    frame->timeout_due_ms = frame->heartbeat_due_ms = 0;
    wf_frame_event(engine, frame, &event);
    wf_frame_resume(engine, frame, WF_SCRIPT_TASK_FAILED, NULL, &failure);
}

/* A frame with a scheduled task is in the run queue: why? */
static void run_task(struct wf_engine *engine, struct wf_frame *frame) {
    int64_t now = wf_clock_now_ms(engine->clock);
    bool is_waiting = frame->phase == WF_PHASE_TOKEN;
    if (is_waiting && wf_signal_take(engine, frame))
        return;
    if (wf_task_answer_waits(frame, now))
        wf_timer_update(engine, frame);
    else if (frame->answers)
        wf_task_answered(engine, frame);
    else if (wf_task_is_in_doubt(frame))
        wf_task_offer_again(engine, frame);
    else if (frame->timeout_due_ms && frame->timeout_due_ms <= now)
        time_out(engine, frame, WF_STR("States.Timeout"));
    else if (frame->task == 0 && !is_waiting) /* after a death */
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
    if (wf_frame_is_held(frame)) {
        frame->runnable = false;
        return made; /* it runs when the execution is resumed */
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
        retry(engine, frame);
        break;
    case WF_PHASE_TASK:
    case WF_PHASE_TOKEN:
        run_task(engine, frame);
        break;
    case WF_PHASE_OFFER:
        wf_offer_turn(engine, frame);
        break;
    case WF_PHASE_FORK:
    case WF_PHASE_ABORT:
        made = wf_fork_turn(engine, frame, budget);
        break;
    case WF_PHASE_REDRIVE:
        wf_frame_redriven(engine, frame);
        break;
    case WF_PHASE_GONE:
        break;
    case WF_PHASE_ENTER:
        while (wf_frame_knows_activity(engine, frame) &&
               enter(engine, frame)) {
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
                               struct wf_execution *execution,
                               struct wf_buf *out) {
    (void)engine;
    size_t from = out->len;
    wf_buf_adds(out, wf_execution_prefix(execution));
    wf_buf_adds(out, execution->name);
    wf_buf_u8(out, 0); /* keeps texts apart, for debuggers */
    return (struct wf_str){out->data + from, out->len - from - 1};
}
