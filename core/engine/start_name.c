/*
 * start_name.c - StartExecution: whether the name is free, and what happens if
 * it is not. The same request once more is answered as the first was.
 */
#include <stdlib.h>

#include "refusal.h"
#include "start_impl.h"

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

/* A refusal, too, tells of what must be durable. */
static void already_exists(void *arg) {
    struct wf_start_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_execution *execution = call->execution;
    struct wf_buf arn = {0};
    wf_start_refuse(call, "ExecutionAlreadyExists",
                    "Execution Already Exists: '%s'",
                    wf_start_arn(call, wf_str(execution->name), &arn));
    wf_buf_free(&arn);
    execution->pins--;
    wf_execution_release(engine, execution);
}

/* Whether it was started with the same ARN. An alias may lead elsewhere by
 * now, or by chance. */
static bool is_same_arn(const struct wf_start_call *call,
                        const struct wf_execution *execution) {
    return wf_str_eq(wf_str(execution->alias), call->alias) &&
           (call->alias.len || execution->version == call->version);
}

/* The task has asked before, and died with its engine. */
static bool is_own(const struct wf_start_call *call,
                   const struct wf_execution *execution) {
    return call->called && execution->caller_count &&
           wf_caller_equal(&execution->callers[0], &call->called->by);
}

/* An execution of that name exists and runs: the same input is the same
 * request once more. */
static void compare_input(struct wf_start_call *call,
                          struct wf_execution *execution) {
    if (execution->input.doc && !call->is_exclusive &&
        wf_str_eq(wf_doc_text(execution->input.doc),
                  wf_doc_text(call->input)) &&
        is_same_arn(call, execution) &&
        execution->status == WF_EXECUTION_RUNNING &&
        wf_start_join(call, execution, false)) {
        wf_start_reply(call, execution);
        return;
    }
    call->execution = execution;
    execution->pins++;
    wf_execution_after(call->engine, execution, already_exists, call);
}

/* One of that name was there, and has ended and left memory. */
static void refuse_ended(struct wf_start_call *call) {
    struct wf_buf arn = {0};
    wf_start_refuse(call, "ExecutionAlreadyExists",
                    "Execution Already Exists: '%s'",
                    wf_start_arn(call, text_of(&call->name), &arn));
    wf_buf_free(&arn);
}

/* Unless it is the task's own. */
static void ended_read(void *arg, struct wf_str text) {
    struct wf_start_call *call = arg;
    struct wf_execution_image image;
    struct wf_caller starter;
    struct wf_buf arn = {0};
    if (!wf_image_of(text, &image) || image.caller_count == 0 ||
        !wf_caller_read(&image.callers, &starter) ||
        !wf_caller_equal(&starter, &call->called->by)) {
        refuse_ended(call);
        return;
    }
    struct wf_execution_reply reply = {
        .name = text_of(&call->name),
        .state_machine_arn = wf_str(call->machine->arn),
        .status = WF_EXECUTION_RUNNING,
        .start_ms = image.start_ms,
    };
    reply.arn = wf_start_arn(call, reply.name, &arn);
    call->called->execution = call->ended;
    call->reply(call->arg, NULL, &reply);
    wf_buf_free(&arn);
    wf_call_free(call);
}

struct input_read {
    struct wf_start_call *call;
    struct wf_execution *execution; /* pinned */
};

static void input_text(void *arg, struct wf_str text) {
    struct input_read *read = arg;
    struct wf_start_call *call = read->call;
    struct wf_execution *execution = read->execution;
    wf_call_free(read);
    if (text.data && !execution->input.doc) {
        struct wf_doc *doc = wf_doc_trusted(text);
        wf_ref_set(&execution->input, execution->input.number, doc);
        wf_doc_unref(doc);
    }
    execution->pins--; /* the comparison pins it itself */
    compare_input(call, execution);
}

static void name_is_taken(struct wf_start_call *call,
                          struct wf_execution *execution) {
    if (is_own(call, execution)) {
        wf_start_join(call, execution, false);
        wf_start_reply(call, execution);
        return;
    }
    if (execution->input.doc ||
        execution->status != WF_EXECUTION_RUNNING) {
        compare_input(call, execution);
        return;
    }
    struct input_read *read = wf_call_new(call->engine, sizeof(*read), NULL);
    *read = (struct input_read){call, execution};
    execution->pins++;
    wf_doc_read(call->engine, execution->id, execution->input.number, 0,
                input_text, read);
}

static void taken_loaded(void *arg, struct wf_execution *execution) {
    struct wf_start_call *call = arg;
    if (execution)
        name_is_taken(call, execution);
    else if (call->called)
        wf_execution_read(call->engine, call->ended, ended_read, call);
    else
        refuse_ended(call);
}

/* ---- is the name free? ----
 *
 * One lookup for a name at a time: a second one could read the rows before
 * the first one's execution stood there, and be answered after that has ended
 * and left memory. */

static struct wf_start_call **lookups_of(struct wf_engine *engine,
                                      struct wf_str name) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * 16777619u;
    return &engine->name_lookups[hash % WF_NAME_LOOKUPS];
}

static struct wf_start_call *lookup_of(struct wf_start_call *call) {
    struct wf_start_call *other =
        *lookups_of(call->engine, text_of(&call->name));
    while (other && (other->machine->id != call->machine->id ||
                     !wf_str_eq(text_of(&other->name), text_of(&call->name))))
        other = other->next;
    return other;
}

static void name_rows(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct wf_start_call *call = arg, *joined = call->joined;
    struct wf_engine *engine = call->engine;
    struct wf_execution *execution = wf_table_by_name(
        &engine->table, call->machine->id, text_of(&call->name));
    struct wf_start_call **at = lookups_of(engine, text_of(&call->name));
    (void)more;
    engine->loads--;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    if (wf_engine_read_failed(engine, err))
        return;
    if (execution) {
        name_is_taken(call, execution);
    } else if (count == 1) {
        struct wf_reader in = {rows->value.data,
                               rows->value.data + rows->value.len, false};
        call->ended = wf_read_be64(&in);
        wf_execution_load(engine, call->ended, taken_loaded, call);
    } else {
        wf_start_now(call);
    }
    while (joined) {
        struct wf_start_call *next = joined->next;
        wf_start_with_name(joined);
        joined = next;
    }
}

static void look_up_name(struct wf_start_call *call) {
    struct wf_engine *engine = call->engine;
    struct wf_start_call *other = lookup_of(call), **end;
    if (other) {
        for (end = &other->joined; *end;)
            end = &(*end)->next;
        *end = call;
        return;
    }
    struct wf_start_call **list = lookups_of(engine, text_of(&call->name));
    struct wf_key key = wf_key_name(engine->partition, call->machine->id,
                                    text_of(&call->name));
    call->next = *list;
    *list = call;
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), name_rows, call);
}

void wf_start_with_name(struct wf_start_call *call) {
    struct wf_execution *execution = wf_table_by_name(
        &call->engine->table, call->machine->id, text_of(&call->name));
    call->next = call->joined = NULL;
    if (execution)
        name_is_taken(call, execution);
    else
        look_up_name(call);
}
