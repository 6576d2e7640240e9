/*
 * deciding.c - decisions of frames: on the loop, or by a thread (decider.h).
 *
 * The loop decides what is small and quick. What turns out to be more than
 * its limits is dropped there, since a decision has no effect before it is
 * known, and made again by a thread, with limits that are much wider.
 *
 * A frame for which a thread decides stays in memory as it is. What the
 * transition has recorded so far must not become durable without the rest, so
 * its execution is held back from the batches (commit.c): after a crash the
 * transition has not begun, and is simply made again. Whatever ends the frame
 * meanwhile gives up the decision.
 */
#include <stdlib.h>

#include "engine_impl.h"

struct wf_frame_deciding {
    struct wf_engine *engine;
    struct wf_frame *frame;  /* NULL: nobody wants to know any more */
    struct wf_deciding *job; /* NULL: decided */
    enum wf_decide_then then;
    enum wf_script_event event; /* what was asked */
    uint32_t item;
    struct wf_ref result;    /* APPLY: the task's output */
    struct wf_decision decision; /* AGAIN, decided: kept until asked for */
    struct wf_decision *out; /* in step: where it goes at once */
};

bool wf_frame_is_undecided(const struct wf_frame *frame) {
    return frame->deciding && frame->deciding->job;
}

/* ---- the answer ---- */

static void drop(struct wf_frame_deciding *deciding) {
    wf_ref_clear(&deciding->result);
    free(deciding);
}

/* The frame does not wait any more. */
static void let_go(struct wf_frame_deciding *deciding) {
    struct wf_frame *frame = deciding->frame;
    deciding->job = NULL;
    wf_execution_let_go(deciding->engine, frame->execution);
}

static void apply(struct wf_frame_deciding *deciding,
                  struct wf_decision *decision) {
    struct wf_frame *frame = deciding->frame;
    frame->deciding = NULL;
    wf_frame_decided(deciding->engine, frame, decision,
                     deciding->result.number ? &deciding->result : NULL);
    drop(deciding);
}

/* So do those that wait for it to know what a Map's items are. */
static void run_again(struct wf_engine *engine, struct wf_frame *frame) {
    wf_frame_run(engine, frame);
    for (struct wf_frame *f = frame->execution->frames; f; f = f->next)
        if (f->runnable)
            wf_frame_run(engine, f);
}

static void decided(void *arg, struct wf_decision *decision) {
    struct wf_frame_deciding *deciding = arg;
    struct wf_frame *frame = deciding->frame;
    if (deciding->out) {
        *deciding->out = *decision;
        return;
    }
    if (frame)
        let_go(deciding);
    bool is_closing = deciding->engine->closing; /* nobody could go on */
    if (!frame || !decision || is_closing) { /* or given up */
        if (frame)
            frame->deciding = NULL;
        if (decision)
            wf_decision_free(decision);
        drop(deciding);
    } else if (deciding->then == WF_DECIDE_APPLY) {
        apply(deciding, decision);
    } else {
        deciding->decision = *decision;
        run_again(deciding->engine, frame);
    }
}

void wf_frame_undecide(struct wf_frame *frame) {
    struct wf_frame_deciding *deciding = frame->deciding;
    if (!deciding)
        return;
    frame->deciding = NULL;
    if (deciding->job) { /* decided() frees it */
        wf_deciding_cancel(deciding->job);
        let_go(deciding);
        deciding->frame = NULL;
    } else {
        wf_decision_free(&deciding->decision);
        drop(deciding);
    }
}

/* ---- the question ---- */

/* By the sizes of what it is about. An item's question comes once for each
 * of very many, and takes but a part of the Map's input. */
static bool is_large(const struct wf_script_call *call) {
    if (call->event == WF_SCRIPT_ITEM)
        return false;
    return call->input->len > WF_EVALUATE_BYTES ||
           (call->output && call->output->len > WF_EVALUATE_BYTES);
}

static uint32_t item_of(const struct wf_script_call *call) {
    return call->event == WF_SCRIPT_ITEM ? call->context->map_index : 0;
}

static void put_question(struct wf_engine *engine, struct wf_frame *frame,
                         const struct wf_script_call *call,
                         struct wf_frame_deciding *deciding) {
    const struct wf_machine *machine = frame->execution->machine;
    struct wf_question question = {
        .machine = (uint64_t)machine->id << 32 | machine->revision,
        .definition = {machine->definition.data, machine->definition.len},
        .call = call,
        .done = decided,
        .arg = deciding,
    };
    if (engine->clock->seeded)
        question.seed = wf_clock_random(engine->clock);
    struct wf_deciding *job = wf_deciders_ask(engine->deciders, &question);
    deciding->job = deciding->out ? NULL : job;
}

static void ask_thread(struct wf_engine *engine, struct wf_frame *frame,
                       const struct wf_script_call *call,
                       enum wf_decide_then then,
                       const struct wf_ref *result) {
    struct wf_frame_deciding *deciding = wf_calloc(1, sizeof(*deciding));
    *deciding = (struct wf_frame_deciding){
        .engine = engine,
        .frame = frame,
        .then = then,
        .event = call->event,
        .item = item_of(call),
    };
    if (result)
        wf_ref_copy(&deciding->result, result);
    frame->deciding = deciding;
    wf_execution_hold(engine, frame->execution);
    put_question(engine, frame, call, deciding);
}

static void ask_in_step(struct wf_engine *engine, struct wf_frame *frame,
                        const struct wf_script_call *call,
                        struct wf_decision *decision) {
    struct wf_frame_deciding deciding = {.out = decision};
    put_question(engine, frame, call, &deciding);
}

/* The frame has asked before: true if that was this question. */
static bool is_known(struct wf_frame *frame, const struct wf_script_call *call,
                     enum wf_decide_then then, struct wf_decision *decision) {
    struct wf_frame_deciding *deciding = frame->deciding;
    if (!deciding)
        return false;
    if (deciding->then != then || deciding->event != call->event ||
        deciding->item != item_of(call)) {
        wf_frame_undecide(frame);
        return false;
    }
    *decision = (struct wf_decision){.kind = WF_DECISION_TOO_LONG};
    if (deciding->job)
        return true;
    *decision = deciding->decision;
    frame->deciding = NULL;
    drop(deciding);
    return true;
}

void wf_frame_ask(struct wf_engine *engine, struct wf_frame *frame,
                  const struct wf_script_call *call,
                  enum wf_decide_then then, const struct wf_ref *result,
                  struct wf_decision *decision) {
    if (is_known(frame, call, then, decision))
        return;
    if (!is_large(call)) {
        wf_script_decide(engine->script, call, decision);
        if (decision->kind != WF_DECISION_TOO_LONG)
            return;
        wf_decision_free(decision);
    }
    *decision = (struct wf_decision){.kind = WF_DECISION_TOO_LONG};
    if (engine->clock->seeded)
        ask_in_step(engine, frame, call, decision);
    else
        ask_thread(engine, frame, call, then, result);
}
