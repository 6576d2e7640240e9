/* bulk.c - one action on all that a search finds. See bulk.h. */
#include "bulk.h"

#include <stdlib.h>

#include "engine_impl.h"
#include "qualifiers.h"

#define AT_ONCE 32        /* executions that are begun together */
#define PAGE_NS 2000000000u

/* Texts that an item has, each ended by a NUL; NULL: none. */
struct item {
    struct bulk_call *call;
    char *arn, *exception, *message, *state, *revision_id;
    struct wf_bulk_item shown;
};

struct bulk_call {
    struct wf_engine *engine;
    struct wf_bulk ask;  /* texts in `texts` */
    struct wf_fix fix;
    struct wf_buf texts, token, cause;
    struct item *items;  /* `page` of them */
    size_t count, page;
    size_t begun;        /* of those, */
    size_t pending;      /* and are not done */
    uint64_t begun_ns, condition_errors;
    int64_t scanned_until_ms;
    wf_bulk_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct bulk_call *call = memory;
    for (size_t i = 0; i < call->count; i++) {
        free(call->items[i].arn);
        free(call->items[i].exception);
        free(call->items[i].message);
        free(call->items[i].state);
        free(call->items[i].revision_id);
    }
    free(call->items);
    wf_buf_free(&call->texts);
    wf_buf_free(&call->token);
    wf_buf_free(&call->cause);
}

static char *copy(struct wf_str text) {
    return text.len ? wf_strndup(text.data, text.len) : NULL;
}

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

/* ---- the answer ---- */

static void answer(struct bulk_call *call) {
    struct wf_bulk_item *items =
        wf_calloc(call->count + 1, sizeof(*items));
    struct wf_bulk_reply reply = {
        .items = items,
        .count = call->count,
        .next_token = text_of(&call->token),
        .scanned_until_ms = call->scanned_until_ms,
        .condition_errors = call->condition_errors,
        .condition_cause = text_of(&call->cause),
    };
    for (size_t i = 0; i < call->count; i++) {
        const struct item *item = &call->items[i];
        items[i] = item->shown;
        items[i].arn = wf_str(item->arn);
        items[i].exception = item->exception;
        items[i].message = wf_str(item->message);
        items[i].state = wf_str(item->state);
        items[i].revision_id = wf_str(item->revision_id);
        reply.refused += item->exception != NULL;
    }
    call->reply(call->arg, NULL, &reply);
    free(items);
    wf_call_free(call);
}

/* ---- one execution ---- */

static void search(struct bulk_call *call);

/* The last one of those that were begun together goes on with the others. */
static void is_done(struct bulk_call *call) {
    if (--call->pending > 0)
        return;
    if (call->token.len == 0 || call->count == call->page ||
        wf_clock_mono_ns() - call->begun_ns >= PAGE_NS)
        answer(call);
    else
        search(call);
}

static void refuse(struct item *item, const char *exception,
                   struct wf_str message) {
    item->exception = copy(wf_str(exception));
    item->message = copy(message);
}

static void has_ended(struct item *item) {
    struct wf_buf text = {0};
    wf_buf_addf(&text, "Execution has already ended: %s",
                wf_execution_status_name(item->shown.status));
    refuse(item, "ExecutionNotRunning", text_of(&text));
    wf_buf_free(&text);
}

static void show(struct item *item, const struct wf_execution_reply *reply) {
    item->shown.status = reply->status;
    item->shown.stop_ms = reply->stop_ms;
    item->shown.paused_ms = reply->paused_ms;
}

/* One that is stopped may go on for a moment with ending what it had begun. */
static void on_stopped(void *arg, const struct wf_refusal *refusal,
                       const struct wf_execution_reply *reply) {
    struct item *item = arg;
    if (refusal) {
        refuse(item, refusal->exception, refusal->message);
    } else {
        show(item, reply);
        if (reply->status != WF_EXECUTION_RUNNING &&
            reply->status != WF_EXECUTION_ABORTED)
            has_ended(item);
    }
    is_done(item->call);
}

static void on_paused(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *reply) {
    struct item *item = arg;
    if (refusal)
        refuse(item, refusal->exception, refusal->message);
    else
        show(item, reply);
    is_done(item->call);
}

static void on_redriven(void *arg, const struct wf_refusal *refusal,
                        const struct wf_redriven_reply *reply) {
    struct item *item = arg;
    if (refusal) {
        refuse(item, refusal->exception, refusal->message);
    } else if (!reply->is_redrivable) {
        refuse(item, "ExecutionNotRedrivable", reply->reason);
    } else {
        if (reply->redrive_ms) {
            item->shown.redrive_ms = reply->redrive_ms;
            item->shown.status = WF_EXECUTION_RUNNING;
            item->shown.stop_ms = 0;
        }
        item->state = copy(reply->state);
        item->revision_id = copy(reply->revision_id);
    }
    is_done(item->call);
}

static void redrive(struct bulk_call *call, struct item *item) {
    const struct wf_redrive_execution ask = {
        .execution_arn = wf_str(item->arn),
        .client_token = call->ask.client_token,
        .fix = call->ask.fix,
    };
    wf_engine_redrive_execution(call->engine, &ask, on_redriven, item);
}

static void begin(struct bulk_call *call, struct item *item) {
    const struct wf_bulk *ask = &call->ask;
    struct wf_str arn = wf_str(item->arn);
    if (ask->action == WF_BULK_REDRIVE) {
        redrive(call, item);
        return;
    }
    if (item->shown.status != WF_EXECUTION_RUNNING)
        has_ended(item);
    if (item->exception || ask->is_dry)
        is_done(call);
    else if (ask->action == WF_BULK_STOP)
        wf_engine_stop_execution(call->engine, arn, ask->error, ask->cause,
                                 on_stopped, item);
    else if (ask->action == WF_BULK_PAUSE)
        wf_engine_pause_execution(call->engine, arn, ask->reason, on_paused,
                                  item);
    else
        wf_engine_resume_execution(call->engine, arn, on_paused, item);
}

/* ---- the search ---- */

static void all_are_begun(void *arg) {
    is_done(arg);
}

static void take(struct bulk_call *call, const struct wf_search_reply *reply) {
    call->token.len = 0;
    wf_buf_addstr(&call->token, reply->next_token);
    call->scanned_until_ms = reply->scanned_until_ms;
    if (call->condition_errors == 0 && reply->condition_errors > 0)
        wf_buf_addstr(&call->cause, reply->condition_cause);
    call->condition_errors += reply->condition_errors;
    for (size_t i = 0; i < reply->count && call->count < call->page; i++) {
        struct item *item = &call->items[call->count++];
        item->call = call;
        item->arn = copy(reply->executions[i].arn);
        show(item, &reply->executions[i]);
    }
}

/* Answers may come at once: the one more that is pending is this function. */
static void on_found(void *arg, const struct wf_refusal *refusal,
                     const struct wf_search_reply *reply) {
    struct bulk_call *call = arg;
    if (refusal) {
        call->reply(call->arg, refusal, NULL);
        wf_call_free(call);
        return;
    }
    take(call, reply);
    call->pending = 1 + call->count - call->begun;
    while (call->begun < call->count)
        begin(call, &call->items[call->begun++]);
    wf_engine_after(call->engine, all_are_begun, call);
}

static void search(struct bulk_call *call) {
    struct wf_search_executions ask = call->ask.search;
    size_t room = call->page - call->count;
    ask.max_results = room < AT_ONCE ? (unsigned)room : AT_ONCE;
    ask.next_token = text_of(&call->token);
    wf_engine_search_executions(call->engine, &ask, on_found, call);
}

/* ---- the request ---- */

static void copy_texts(struct bulk_call *call) {
    struct wf_bulk *ask = &call->ask;
    struct wf_search_executions *find = &ask->search;
    struct wf_fix *fix = &call->fix;
    struct wf_str *const texts[] = {
        &find->state_machine_arn, &find->name_prefix, &find->tag_key,
        &find->tag_value, &find->where, &ask->error, &ask->cause,
        &ask->reason, &ask->client_token, &fix->version_arn, &fix->revision,
        &fix->from_state, &fix->input, &fix->variables,
    };
    size_t count = sizeof(texts) / sizeof(texts[0]), room = 1;
    for (size_t i = 0; i < count; i++)
        room += texts[i]->len;
    wf_buf_reserve(&call->texts, room);
    for (size_t i = 0; i < count; i++)
        if (texts[i]->data)
            wf_buf_keep(&call->texts, texts[i]);
}

void wf_engine_bulk(struct wf_engine *engine, const struct wf_bulk *ask,
                    wf_bulk_fn *reply, void *arg) {
    static const unsigned running = 1u << WF_EXECUTION_RUNNING,
                          failed = 1u << WF_EXECUTION_FAILED |
                                   1u << WF_EXECUTION_TIMED_OUT |
                                   1u << WF_EXECUTION_ABORTED;
    struct bulk_call *call = wf_call_new(engine, sizeof(*call), drop);
    call->engine = engine;
    call->ask = *ask;
    call->reply = reply;
    call->arg = arg;
    call->begun_ns = wf_clock_mono_ns();
    if (ask->fix)
        call->fix = *ask->fix;
    copy_texts(call);
    if (ask->fix || ask->is_dry)
        call->ask.fix = &call->fix;
    call->fix.is_dry = ask->is_dry;
    if (!ask->search.statuses)
        call->ask.search.statuses =
            ask->action == WF_BULK_REDRIVE ? failed : running;
    call->page = wf_page_size(ask->search.max_results);
    call->items = wf_calloc(call->page, sizeof(*call->items));
    wf_buf_addstr(&call->token, ask->search.next_token);
    search(call);
}
