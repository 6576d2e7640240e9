/*
 * ask.c - what a state's script is asked, what it is told of its frame, and
 * which answers are not accepted.
 */
#include <stdlib.h>

#include "engine_impl.h"

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

/* `output`: also what a task, a branch or an iteration is to get. */
static bool fits(const struct wf_engine *engine, const struct wf_frame *frame,
                 const struct wf_decision *decision) {
    size_t limit = engine->options.payload_bytes;
    struct wf_doc *assigned = decision->assigned;
    if ((decision->output && decision->output->len > limit) ||
        (assigned && assigned->len > limit))
        return false;
    size_t all = limit * engine->options.profile->variables_payloads;
    size_t before =
        assigned && frame->variables.doc ? frame->variables.doc->len : 0;
    return !assigned || before + assigned->len <= all ||
           variables_bytes(frame, assigned) <= all;
}

/* What a state hands on, down or out, and what it assigns, may be as large as
 * any payload. */
static void check_size(struct wf_engine *engine, struct wf_frame *frame,
                       struct wf_decision *decision) {
    struct wf_str name = wf_frame_state(frame)->name;

    if (fits(engine, frame, decision))
        return;
    wf_decision_free(decision);
    *decision = (struct wf_decision){.kind = WF_DECISION_FAIL};
    wf_failure_too_large(&decision->failure, name, &decision->texts);
}

/* `item`: NULL, or the item, of which the fork does not know: the whole of a
 * document, or a member's value. */
static void show_item(const struct wf_fork *fork, uint32_t index,
                      const struct wf_value *item,
                      struct wf_script_context *context) {
    context->in_map = true;
    context->map_index = index;
    context->map_key = item ? item->node > 0 : fork->items_have_keys;
    context->map_source = WF_STR("STATE_DATA");
    context->map_item = (struct wf_value){NULL, 0};
    if (item)
        context->map_item = *item;
    else if (fork->items)
        context->map_item = wf_fork_item(fork, index);
}

/* What a script is told of the frame. Its token is kept in `token`. */
static void show_context(struct wf_engine *engine, struct wf_frame *frame,
                         char token[WF_TOKEN_SIZE],
                         struct wf_script_context *context) {
    struct wf_execution *execution = frame->execution;
    struct wf_machine *machine = execution->machine;
    *context = (struct wf_script_context){
        .now_ms = wf_execution_now(engine, execution),
        .execution_arn_prefix = wf_str(wf_execution_prefix(execution)),
        .execution_name = wf_str(execution->name),
        .role_arn = wf_str(machine->role_arn),
        .execution_input = execution->input.doc,
        .start_ms = execution->start_ms,
        .redrive_count = wf_execution_redrive_count(execution),
        .redrive_ms =
            execution->redrives ? execution->redrives->last_ms : 0,
        .state_machine_arn = wf_str(wf_execution_machine_arn(execution)),
        .state_machine_name = wf_str(machine->name),
        .state_name = wf_frame_state(frame)->name,
        .entered_ms = frame->entered_ms,
        .entered_event = frame->entered_event,
        .retry_count = frame->retry_count,
        .retriers = frame->retriers,
        .retrier_count = frame->retrier_count,
        .variables = frame->variables.doc,
    };
    if (wf_frame_state(frame)->has_token)
        context->task_token = wf_task_token_text(frame, token);
    const struct wf_frame *f = frame;
    while (f->up && !f->up->fork->is_map)
        f = f->up;
    if (f->up)
        show_item(f->up->fork, wf_frame_index(f), NULL, context);
}

/* A Map that may run any number of iterations at once still obeys the
 * profile. */
static void check_limit(const struct wf_profile *profile,
                        struct wf_decision *decision) {
    uint32_t most = profile->map_concurrency;
    if (decision->kind == WF_DECISION_MAP && most &&
        (decision->limit == 0 || decision->limit > most))
        decision->limit = most;
}

/* What is not a state's script's mistake to make. */
void wf_frame_check(struct wf_engine *engine, struct wf_frame *frame,
                    struct wf_decision *decision) {
    const struct wf_profile *profile = engine->options.profile;
    check_next(frame->execution->machine, decision);
    check_size(engine, frame, decision);
    check_limit(profile, decision);
    wf_profile_clip(profile, &decision->failure);
}

static void ask(struct wf_engine *engine, struct wf_frame *frame,
                struct wf_script_call *call, enum wf_decide_then then,
                const struct wf_ref *result, struct wf_decision *decision) {
    call->machine = frame->execution->machine->compiled;
    call->state = frame->state;
    call->input = frame->input.doc;
    wf_frame_ask(engine, frame, call, then, result, decision);
    if (decision->kind != WF_DECISION_TOO_LONG)
        wf_frame_check(engine, frame, decision);
}

void wf_frame_decide(struct wf_engine *engine, struct wf_frame *frame,
                     enum wf_script_event event, struct wf_doc *output,
                     const struct wf_failure *failure,
                     struct wf_decision *decision) {
    struct wf_script_context context;
    char token[WF_TOKEN_SIZE];
    struct wf_script_call call = {
        .event = event, .output = output, .context = &context};
    if (failure)
        call.failure = *failure;
    show_context(engine, frame, token, &context);
    ask(engine, frame, &call, WF_DECIDE_AGAIN, NULL, decision);
}

/* The same, and wf_frame_decided() goes on if a thread decides. */
void wf_frame_put_question(struct wf_engine *engine, struct wf_frame *frame,
                           enum wf_script_event event,
                           const struct wf_ref *result,
                           const struct wf_failure *failure,
                           struct wf_decision *decision) {
    struct wf_script_context context;
    char token[WF_TOKEN_SIZE];
    struct wf_script_call call = {.event = event,
                                  .output = result ? result->doc : NULL,
                                  .context = &context};
    if (failure)
        call.failure = *failure;
    show_context(engine, frame, token, &context);
    ask(engine, frame, &call, WF_DECIDE_APPLY, result, decision);
}

void wf_frame_ask_item(struct wf_engine *engine, struct wf_frame *frame,
                       uint32_t index, const struct wf_value *item,
                       struct wf_str source, struct wf_decision *decision) {
    struct wf_script_context context;
    char token[WF_TOKEN_SIZE];
    struct wf_script_call call = {.event = WF_SCRIPT_ITEM,
                                  .context = &context};
    show_context(engine, frame, token, &context);
    show_item(frame->fork, index, item, &context);
    if (source.len)
        context.map_source = source;
    ask(engine, frame, &call, WF_DECIDE_AGAIN, NULL, decision);
}
