/*
 * machine_pause.c - PauseStateMachine, ResumeStateMachine. See pause.h.
 *
 * The head is changed first, then the executions that run are gone through,
 * newest first, a page at a time; each is loaded, and parks again by itself.
 * What starts meanwhile looks at the head. The answer leaves when all of this
 * is durable.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "lister.h"
#include "refusal.h"

#define PAGE 64
#define SCAN_ROWS 1000

struct pause_call {
    struct wf_engine *engine;
    struct wf_machine_head *head;
    char *arn, *reason; /* reason NULL: none */
    bool resumes, running;
    int64_t now_ms;
    struct wf_lister lister;
    int64_t before_ms; /* how far it has come */
    uint64_t before_id;
    size_t at;         /* in the page */
    unsigned loading;
    uint64_t executions;
    wf_machine_pause_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct pause_call *call = memory;
    wf_lister_free(&call->lister);
    free(call->arn);
    free(call->reason);
}

static void answer(void *arg) {
    struct pause_call *call = arg;
    const struct wf_machine_head *head = call->head;
    struct wf_machine_pause_reply reply = {
        .arn = wf_str(call->arn),
        .paused_ms = head->paused_ms,
        .reason = wf_str(head->pause_reason),
        .executions = call->executions,
    };
    call->reply(call->arg, NULL, &reply);
    wf_call_free(call);
}

/* ---- the executions ---- */

static bool is_wanted(void *arg, const struct wf_listed *item,
                      struct wf_str name) {
    const struct pause_call *call = arg;
    (void)name;
    return item->status == WF_EXECUTION_RUNNING &&
           (item->paused_ms != 0) == call->resumes;
}

static void next_page(struct pause_call *call);

static void change(struct pause_call *call, struct wf_execution *execution) {
    struct wf_engine *engine = call->engine;
    bool is_paused = execution->pause.since_ms != 0;
    if (execution->status != WF_EXECUTION_RUNNING ||
        is_paused != call->resumes ||
        (is_paused && !execution->pause.with_machine))
        return;
    call->executions++;
    if (call->resumes)
        wf_execution_resume(engine, execution);
    else
        wf_execution_pause(engine, execution, call->now_ms,
                           wf_str(call->reason), true);
}

static void page_done(struct pause_call *call) {
    bool is_over = call->lister.is_finished &&
                   call->lister.ready == call->lister.count;
    wf_lister_free(&call->lister);
    call->lister = (struct wf_lister){0};
    if (is_over)
        wf_engine_after(call->engine, answer, call);
    else
        next_page(call);
}

static void loaded(void *arg, struct wf_execution *execution) {
    struct pause_call *call = arg;
    if (execution)
        change(call, execution);
    if (--call->loading == 0)
        page_done(call);
}

static void stepped(void *owner) {
    struct pause_call *call = owner;
    struct wf_lister *lister = &call->lister;
    if (lister->ready < PAGE && !lister->is_finished) {
        wf_lister_step(lister, PAGE - lister->ready, stepped, call);
        return;
    }
    call->loading = 1; /* until all are asked for */
    for (size_t i = 0; i < lister->ready; i++) {
        call->before_ms = lister->items[i].place_ms;
        call->before_id = lister->items[i].id;
        call->loading++;
        wf_execution_load(call->engine, lister->items[i].id, loaded, call);
    }
    loaded(call, NULL);
}

static void next_page(struct pause_call *call) {
    call->lister = (struct wf_lister){
        .engine = call->engine,
        .machine = call->head->id,
        .since = call->head->since,
        .before_ms = call->before_ms,
        .before_id = call->before_id,
        .scan_rows = SCAN_ROWS,
        .wants = is_wanted,
        .arg = call,
    };
    wf_lister_step(&call->lister, PAGE, stepped, call);
}

/* ---- the operations ---- */

static void set_head(struct pause_call *call) {
    struct wf_machine_head *head = call->head;
    bool is_paused = head->paused_ms != 0;
    if (is_paused != call->resumes)
        return; /* it is so already */
    head->paused_ms = call->resumes ? 0 : call->now_ms;
    free(head->pause_reason);
    head->pause_reason = call->resumes ? NULL : call->reason;
    if (!call->resumes)
        call->reason = call->reason ? wf_strndup(call->reason,
                                                 strlen(call->reason))
                                    : NULL;
    wf_machine_head_put(call->engine, head);
}

static void is_missing(void *arg) {
    struct pause_call *call = arg;
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, "StateMachineDoesNotExist",
                                "State Machine Does Not Exist: '%s'",
                                wf_str(call->arn)),
                NULL);
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void found(void *arg, struct wf_machine_head *head) {
    struct pause_call *call = arg;
    struct wf_engine *engine = call->engine;
    if (!head || head->status == WF_STATE_MACHINE_DELETED) {
        wf_engine_after(engine, is_missing, call);
        return;
    }
    call->head = head;
    call->now_ms = wf_clock_now_ms(engine->clock);
    set_head(call);
    if (head->express || !(call->resumes || call->running))
        wf_engine_after(engine, answer, call);
    else
        next_page(call);
}

static void ask(struct wf_engine *engine,
                const struct wf_pause_state_machine *ask, bool resumes,
                wf_machine_pause_fn *reply, void *arg) {
    struct wf_refusal_text refusal = {0};
    struct wf_arn arn;
    if (!wf_refusal_plain_arn(&refusal, ask->arn, &arn)) {
        reply(arg, &refusal.refusal, NULL);
        wf_refusal_free(&refusal);
        return;
    }
    struct pause_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct pause_call){
        .engine = engine,
        .arn = wf_strndup(ask->arn.data, ask->arn.len),
        .resumes = resumes,
        .running = ask->running,
        .before_ms = INT64_MAX,
        .before_id = UINT64_MAX,
        .reply = reply,
        .arg = arg,
    };
    if (ask->reason.len)
        call->reason = wf_strndup(ask->reason.data, ask->reason.len);
    wf_machine_head_by_name(engine, arn.name, found, call);
}

void wf_engine_pause_state_machine(struct wf_engine *engine,
                                   const struct wf_pause_state_machine *asked,
                                   wf_machine_pause_fn *reply, void *arg) {
    ask(engine, asked, false, reply, arg);
}

void wf_engine_resume_state_machine(struct wf_engine *engine,
                                    struct wf_str arn,
                                    wf_machine_pause_fn *reply, void *arg) {
    const struct wf_pause_state_machine asked = {.arn = arn};
    ask(engine, &asked, true, reply, arg);
}
