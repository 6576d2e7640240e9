/*
 * machine_list.c - ListStateMachines: the rows of table M in the order of the
 * names, with what memory knows better. The token is the last name looked at.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "name_token.h"
#include "refusal.h"

#define DEFAULT_PAGE 100
#define LARGEST_PAGE 1000

struct item {
    char *name, *arn;
    bool express, is_settled;
    enum wf_state_machine_status status;
    int64_t creation_ms, paused_ms;
};

struct list_call {
    struct wf_engine *engine;
    unsigned page;
    struct wf_buf last; /* name looked at; empty: none */
    struct item *items;
    size_t count;
    size_t settling; /* the items before this one are settled */
    bool more;
    wf_state_machine_list_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct list_call *call = memory;
    for (size_t i = 0; i < call->count; i++) {
        free(call->items[i].name);
        free(call->items[i].arn);
    }
    free(call->items);
    wf_buf_free(&call->last);
}

/* ---- answering ---- */

static void answer(void *arg) {
    struct list_call *call = arg;
    struct wf_buf token = {0};
    struct wf_state_machine_reply *replies =
        wf_calloc(call->count + 1, sizeof(*replies));
    for (size_t i = 0; i < call->count; i++) {
        const struct item *item = &call->items[i];
        replies[i] = (struct wf_state_machine_reply){
            .arn = wf_str(item->arn),
            .name = wf_str(item->name),
            .express = item->express,
            .status = item->status,
            .creation_ms = item->creation_ms,
            .paused_ms = item->paused_ms,
        };
    }
    if (call->more)
        wf_name_token_put(&token, &call->last);
    call->reply(call->arg, NULL, replies, call->count,
                (struct wf_str){token.data, token.len});
    wf_buf_free(&token);
    free(replies);
    wf_call_free(call);
}

/* ---- those that are being deleted may be gone by now ---- */

static void settle(void *arg);

static void with_head(void *arg, struct wf_machine_head *head) {
    struct list_call *call = arg;
    if (head)
        wf_machine_settle(call->engine, head, settle, call);
    else /* its row can't be read: shown as it was found */
        settle(call);
}

static void remove_item(struct list_call *call, size_t at) {
    free(call->items[at].name);
    free(call->items[at].arn);
    call->count--;
    memmove(call->items + at, call->items + at + 1,
            (call->count - at) * sizeof(*call->items));
}

static void settle(void *arg) {
    struct list_call *call = arg;
    while (call->settling < call->count) {
        struct item *item = &call->items[call->settling];
        struct wf_str name = wf_str(item->name);
        struct wf_machine_head *head =
            wf_machine_head_find(call->engine, name);
        if (head)
            item->status = head->status;
        if (item->status == WF_STATE_MACHINE_DELETING && !item->is_settled) {
            item->is_settled = true;
            wf_machine_head_by_name(call->engine, name, with_head, call);
            return;
        }
        if (item->status == WF_STATE_MACHINE_DELETED)
            remove_item(call, call->settling);
        else
            call->settling++;
    }
    wf_engine_after(call->engine, answer, call);
}

/* ---- collecting ---- */

static void scan(struct list_call *call);

static void add_row(struct list_call *call, const struct wf_row *row) {
    struct wf_machine_head head;
    struct wf_machine_head_texts texts;
    struct wf_str name = {row->key.data + 3, row->key.len - 3};
    call->last.len = 0;
    wf_buf_addstr(&call->last, name);
    if (!wf_machine_head_decode(row->value, &head, &texts) ||
        head.status == WF_STATE_MACHINE_DELETED)
        return;
    call->items[call->count++] = (struct item){
        .name = wf_strndup(name.data, name.len),
        .arn = wf_machine_arn(call->engine, "stateMachine", name, ""),
        .express = head.express,
        .status = head.status,
        .creation_ms = head.creation_ms,
        .paused_ms = head.paused_ms,
    };
}

static void rows_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct list_call *call = arg;
    size_t i = 0;
    call->engine->loads--;
    if (wf_engine_read_failed(call->engine, err))
        return;
    while (i < count && call->count < call->page)
        add_row(call, &rows[i++]);
    call->more = more || i < count;
    if (call->more && call->count < call->page)
        scan(call);
    else
        settle(call);
}

/* One row more than the page has: are there any? */
static void scan(struct list_call *call) {
    struct wf_engine *engine = call->engine;
    struct wf_key from = wf_key_machine(
        engine->partition, (struct wf_str){call->last.data, call->last.len});
    struct wf_key end = wf_key_table_end(engine->partition, 'M');
    struct wf_range range = {.to = wf_key_str(&end),
                             .max_rows = call->page + 1};
    if (call->last.len)
        from.data[from.len++] = 0; /* the next possible key */
    range.from = wf_key_str(&from);
    engine->loads++;
    wf_store_scan(engine->store, &range, rows_read, call);
}

void wf_engine_list_state_machines(struct wf_engine *engine,
                                   const struct wf_list_state_machines *ask,
                                   wf_state_machine_list_fn *reply,
                                   void *arg) {
    struct list_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct list_call){.engine = engine,
                               .page = ask->max_results,
                               .reply = reply,
                               .arg = arg};
    if (call->page == 0)
        call->page = DEFAULT_PAGE;
    if (call->page > LARGEST_PAGE)
        call->page = LARGEST_PAGE;
    if (ask->next_token.len &&
        !wf_name_token_read(ask->next_token, &call->last)) {
        struct wf_refusal_text text = {0};
        reply(arg,
              wf_refusal_make(&text, "InvalidToken", WF_INVALID_TOKEN,
                              WF_STR_NULL),
              NULL, 0, WF_STR_NULL);
        wf_refusal_free(&text);
        wf_call_free(call);
        return;
    }
    call->items = wf_calloc(call->page, sizeof(*call->items));
    scan(call);
}
