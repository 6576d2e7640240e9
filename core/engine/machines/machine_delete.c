/*
 * machine_delete.c - DeleteStateMachine.
 *
 * A state machine is DELETING until none of its executions runs. Nobody is
 * told when the last one ends: whoever asks for a state machine that is
 * DELETING looks whether one still runs (wf_machine_settle). No execution
 * starts any more, so the list of executions (table L, newest first) need
 * be walked only once, from where it last found one that ran.
 *
 * Its versions and aliases are deleted at once; what runs them goes on.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "qualifiers.h"
#include "refusal.h"

#define SCAN_ROWS 1000

/* ---- settling ---- */

struct settle_call {
    struct wf_engine *engine;
    struct wf_machine_head *head;
    void (*settled)(void *arg);
    void *arg;
};

static bool runs_in_memory(const struct wf_engine *engine, uint32_t id) {
    const struct wf_table *table = &engine->table;
    for (size_t i = 0; i < table->size; i++)
        for (const struct wf_execution *e = table->by_id[i]; e;
             e = e->id_next)
            if (e->machine->id == id && e->status == WF_EXECUTION_RUNNING)
                return true;
    return false;
}

static void settled(struct settle_call *call) {
    call->settled(call->arg);
    wf_call_free(call);
}

static void set_deleted(struct wf_engine *engine,
                        struct wf_machine_head *head) {
    if (head->status != WF_STATE_MACHINE_DELETING)
        return; /* another one was faster */
    head->status = WF_STATE_MACHINE_DELETED;
    head->paused_ms = 0;
    free(head->pause_reason);
    head->pause_reason = NULL;
    head->tag_count = 0;
    wf_buf_free(&head->tags);
    wf_machine_head_put(engine, head);
}

/* The row's execution runs, unless memory knows that it has ended. */
static bool runs(const struct wf_engine *engine, const struct wf_row *row) {
    const struct wf_execution *execution =
        wf_table_by_id(&engine->table, wf_key_u64(row->key, 12));
    if (execution)
        return execution->status == WF_EXECUTION_RUNNING;
    return row->value.len > 0 && row->value.data[0] == WF_EXECUTION_RUNNING;
}

static void scan(struct settle_call *call);

static void rows_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct settle_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_machine_head *head = call->head;
    size_t i = 0;
    engine->loads--;
    if (wf_engine_read_failed(engine, err))
        return;
    while (i < count && !runs(engine, &rows[i]))
        i++;
    bool found = i < count || runs_in_memory(engine, head->id);
    if (count > 0) {
        const struct wf_row *last = &rows[i < count ? i : count - 1];
        head->running_ms = (int64_t)wf_key_u64(last->key, 4);
        head->running_id = wf_key_u64(last->key, 12) + (i < count);
    }
    if (!found && more) {
        scan(call);
        return;
    }
    if (!found)
        set_deleted(engine, head);
    settled(call);
}

static void scan(struct settle_call *call) {
    struct wf_engine *engine = call->engine;
    const struct wf_machine_head *head = call->head;
    struct wf_key from = wf_key_list(engine->partition, head->id, 0, 0);
    struct wf_key to = wf_key_list(engine->partition, head->id,
                                   head->running_ms, head->running_id);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .reverse = true,
                             .max_rows = SCAN_ROWS};
    engine->loads++;
    wf_store_scan(engine->store, &range, rows_read, call);
}

void wf_machine_settle(struct wf_engine *engine,
                       struct wf_machine_head *head,
                       void (*done)(void *arg), void *arg) {
    if (head->status != WF_STATE_MACHINE_DELETING ||
        runs_in_memory(engine, head->id)) {
        done(arg);
        return;
    }
    struct settle_call *call = wf_call_new(engine, sizeof(*call), NULL);
    *call = (struct settle_call){engine, head, done, arg};
    scan(call);
}

/* ---- DeleteStateMachine ---- */

struct delete_call {
    struct wf_engine *engine;
    wf_done_fn *reply;
    void *arg;
};

static void answer(void *arg) {
    struct delete_call *call = arg;
    call->reply(call->arg, NULL);
    wf_call_free(call);
}

static void answer_when_durable(void *arg) {
    struct delete_call *call = arg;
    wf_engine_after(call->engine, answer, call);
}

static void found(void *arg, struct wf_machine_head *head) {
    struct delete_call *call = arg;
    struct wf_engine *engine = call->engine;
    if (!head || head->status == WF_STATE_MACHINE_DELETED) {
        answer_when_durable(call);
        return;
    }
    if (head->status == WF_STATE_MACHINE_ACTIVE) {
        head->status = WF_STATE_MACHINE_DELETING;
        head->running_ms = INT64_MAX;
        head->running_id = UINT64_MAX;
        wf_machine_head_put(engine, head);
        wf_qualifiers_clear(engine, head);
    }
    wf_machine_settle(engine, head, answer_when_durable, call);
}

void wf_engine_delete_state_machine(struct wf_engine *engine,
                                    struct wf_str text, wf_done_fn *reply,
                                    void *arg) {
    struct wf_refusal_text refusal = {0};
    struct wf_arn arn;
    if (!wf_refusal_plain_arn(&refusal, text, &arn)) {
        reply(arg, &refusal.refusal);
        wf_refusal_free(&refusal);
        return;
    }
    struct delete_call *call = wf_call_new(engine, sizeof(*call), NULL);
    *call = (struct delete_call){engine, reply, arg};
    wf_machine_head_by_name(engine, arn.name, found, call);
}
