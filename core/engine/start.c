/* start.c - StartExecution, StartSyncExecution. */
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "json_complaint.h"
#include "qualifiers.h"
#include "refusal.h"

void wf_refuse_execution(wf_execution_fn *reply, void *arg,
                         const char *exception, const char *format,
                         struct wf_str subject) {
    struct wf_refusal_text text = {0};
    reply(arg, wf_refusal_make(&text, exception, format, subject), NULL);
    wf_refusal_free(&text);
}

struct start_call {
    struct start_call *next;   /* in its list of lookups, or of joined */
    struct start_call *joined; /* wait for what comes of this one's name */
    struct wf_engine *engine;
    struct wf_machine *machine;
    struct wf_execution *execution; /* pinned while the reply waits */
    struct wf_buf arn, name, trace_header;
    uint32_t version;    /* that the ARN names, or its alias leads to; or 0 */
    struct wf_str alias; /* a part of `arn`; empty: none */
    struct wf_doc *input;
    size_t parsing_bytes; /* of the engine's */
    const struct wf_start_rows *rows; /* not put yet; or NULL */
    struct wf_called *called; /* a task asks; or NULL */
    uint64_t ended;           /* of that name, and not in memory */
    bool sync;
    wf_execution_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct start_call *call = memory;
    wf_buf_free(&call->arn);
    wf_buf_free(&call->name);
    wf_buf_free(&call->trace_header);
    wf_doc_unref(call->input);
}

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

static void refuse(struct start_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    wf_refuse_execution(call->reply, call->arg, exception, format, subject);
    wf_call_free(call);
}

/* The ARN of an execution of that name. Its own revision may not have been
 * read yet. */
static struct wf_str arn_of(const struct start_call *call, struct wf_str name,
                            struct wf_buf *out) {
    wf_buf_adds(out, call->machine->execution_prefix);
    wf_buf_addstr(out, name);
    return text_of(out);
}

/* The start is durable: answer. */
static void started(void *arg) {
    struct start_call *call = arg;
    struct wf_execution *execution = call->execution;
    struct wf_buf arn = {0};
    struct wf_execution_reply reply = {
        .name = wf_str(execution->name),
        .state_machine_arn = wf_str(call->machine->arn),
        .status = WF_EXECUTION_RUNNING,
        .start_ms = execution->start_ms,
    };
    reply.arn = arn_of(call, reply.name, &arn);
    execution->pins--;
    if (call->called)
        call->called->execution = execution->id;
    call->reply(call->arg, NULL, &reply);
    wf_buf_free(&arn);
    wf_execution_release(call->engine, execution);
    wf_call_free(call);
}

static void reply_when_durable(struct start_call *call,
                               struct wf_execution *execution) {
    call->execution = execution;
    execution->pins++;
    wf_execution_after(call->engine, execution, started, call);
}

static uint64_t new_id(struct wf_engine *engine) {
    uint64_t id = (uint64_t)wf_clock_now_ms(engine->clock) << 16;
    if (id <= engine->last_execution)
        id = engine->last_execution + 1;
    return engine->last_execution = id;
}

/* A child's says which one it is, so no row by name is needed. */
static void set_child_name(struct wf_engine *engine,
                           struct wf_execution *execution) {
    char uuid[WF_UUID + 1];
    wf_map_child_uuid(execution->id, wf_clock_random(engine->clock), uuid);
    execution->name = wf_strndup(uuid, WF_UUID);
}

static void set_name(struct wf_engine *engine, struct wf_str given,
                     struct wf_execution *execution) {
    struct wf_buf name = {0};
    char uuid[37];
    wf_clock_uuid7(engine->clock, uuid);
    if (given.len)
        wf_buf_addstr(&name, given);
    else
        wf_buf_add(&name, uuid, 36);
    if (execution->express) {
        wf_clock_uuid4(engine->clock, uuid);
        wf_buf_addf(&name, ":%s", uuid);
    }
    wf_buf_u8(&name, 0);
    execution->name = name.data;
}

static void record_start(struct wf_engine *engine,
                         struct wf_execution *execution) {
    struct wf_frame *root = execution->frames;
    struct wf_event event = {
        .type = WF_EVENT_EXECUTION_STARTED,
        .fields = WF_EVENT_HAS_DOC,
    };
    event.doc = execution->input.number;
    wf_frame_event(engine, root, &event);
    root->previous_event = 0; /* the first state's event points to none */
}

/* Its first frame. */
static void add_root(struct wf_engine *engine, struct wf_execution *execution,
                     const struct wf_birth *birth) {
    struct wf_frame *root = wf_frame_new(execution, 0);
    execution->next_frame = 1;
    root->state = birth->start;
    wf_execution_doc(engine, execution, birth->input, NULL,
                     &execution->input);
    wf_ref_copy(&root->input, &execution->input);
    record_start(engine, execution);
    execution->image_changed = true;
}

struct wf_execution *wf_execution_begin(struct wf_engine *engine,
                                        const struct wf_birth *birth) {
    struct wf_execution *execution = wf_execution_new();
    execution->id = new_id(engine);
    wf_execution_set_machine(execution, birth->machine);
    execution->express = birth->machine->express;
    execution->version = birth->version;
    if (birth->alias.len)
        execution->alias = wf_strndup(birth->alias.data, birth->alias.len);
    execution->start_ms = wf_clock_now_ms(engine->clock);
    execution->last_ms = execution->start_ms;
    execution->map_child = birth->map_child;
    if (birth->map_child)
        set_child_name(engine, execution);
    else
        set_name(engine, birth->name, execution);
    memcpy(execution->bundle, birth->bundle, sizeof(execution->bundle));
    if (birth->trace_header.len)
        execution->trace_header = wf_strndup(birth->trace_header.data,
                                             birth->trace_header.len);
    add_root(engine, execution, birth);
    if (birth->timeout_s)
        execution->timeout_due_ms =
            execution->start_ms + birth->timeout_s * 1000;
    wf_timer_update_execution(engine, execution);
    wf_table_add(&engine->table, execution);
    if (birth->map_child)
        birth->map_child->execution = execution;
    wf_family_join(&engine->families, execution);
    if (birth->is_paused)
        wf_execution_pause(engine, execution, execution->start_ms,
                           birth->pause_reason, true);
    wf_execution_measure(engine, execution);
    engine->stats.executions_started++;
    wf_frame_changed(engine, execution->frames);
    if (!birth->map_child)
        wf_frame_run(engine, execution->frames);
    return execution;
}

static struct wf_execution *create(struct start_call *call) {
    struct wf_machine *machine = call->machine;
    struct wf_birth birth = {
        .machine = machine,
        .version = call->version,
        .alias = call->alias,
        .name = text_of(&call->name),
        .trace_header = text_of(&call->trace_header),
        .bundle = call->engine->bundle,
        .input = call->input,
        .start = machine->start,
        .timeout_s = machine->timeout_s,
        .is_paused = machine->head && machine->head->paused_ms != 0,
    };
    if (birth.is_paused)
        birth.pause_reason = wf_str(machine->head->pause_reason);
    return wf_execution_begin(call->engine, &birth);
}

/* The execution's image names the task that has started it, and those that
 * wait for it. False: there are too many. */
static bool join(struct start_call *call, struct wf_execution *execution,
                 bool is_new) {
    struct wf_called *called = call->called;
    bool waits = called && called->by.kind != WF_CALLER_STARTS;
    if (!called || (!is_new && !waits))
        return true;
    if (!wf_execution_add_caller(execution, &called->by))
        return false;
    if (waits)
        wf_nested_put_row(call->engine, execution->id);
    execution->image_changed = true;
    wf_execution_touch(call->engine, execution);
    return true;
}

static void start_now(void *arg) {
    struct start_call *call = arg;
    const struct wf_start_rows *rows = call->rows;
    call->rows = NULL;
    if (rows && call->machine->express) { /* it can't be in their batch */
        rows->put(rows->arg, 0);
        wf_engine_after(call->engine, start_now, call);
        return;
    }
    struct wf_execution *execution = create(call);
    execution->start_rows = rows;
    if (call->called && !execution->express)
        join(call, execution, true);
    if (call->sync) {
        wf_wait_sync(call->engine, execution, call->reply, call->arg);
        wf_call_free(call);
    } else {
        reply_when_durable(call, execution);
    }
}

/* A refusal, too, tells of what must be durable. */
static void already_exists(void *arg) {
    struct start_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_execution *execution = call->execution;
    struct wf_buf arn = {0};
    refuse(call, "ExecutionAlreadyExists", "Execution Already Exists: '%s'",
           arn_of(call, wf_str(execution->name), &arn));
    wf_buf_free(&arn);
    execution->pins--;
    wf_execution_release(engine, execution);
}

/* Whether it was started with the same ARN. An alias may lead elsewhere by
 * now, or by chance. */
static bool is_same_arn(const struct start_call *call,
                        const struct wf_execution *execution) {
    return wf_str_eq(wf_str(execution->alias), call->alias) &&
           (call->alias.len || execution->version == call->version);
}

/* The task has asked before, and died with its engine. */
static bool is_own(const struct start_call *call,
                   const struct wf_execution *execution) {
    return call->called && execution->caller_count &&
           wf_caller_equal(&execution->callers[0], &call->called->by);
}

/* An execution of that name exists and runs: the same input is the same
 * request once more. */
static void compare_input(struct start_call *call,
                          struct wf_execution *execution) {
    struct wf_str asked = wf_doc_text(call->input);
    if (execution->input.doc &&
        wf_str_eq(wf_doc_text(execution->input.doc), asked) &&
        is_same_arn(call, execution) &&
        execution->status == WF_EXECUTION_RUNNING &&
        join(call, execution, false)) {
        reply_when_durable(call, execution);
        return;
    }
    call->execution = execution;
    execution->pins++;
    wf_execution_after(call->engine, execution, already_exists, call);
}

/* One of that name was there, and has ended and left memory. */
static void refuse_ended(struct start_call *call) {
    struct wf_buf arn = {0};
    refuse(call, "ExecutionAlreadyExists", "Execution Already Exists: '%s'",
           arn_of(call, text_of(&call->name), &arn));
    wf_buf_free(&arn);
}

/* Unless it is the task's own. */
static void ended_read(void *arg, struct wf_str text) {
    struct start_call *call = arg;
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
    reply.arn = arn_of(call, reply.name, &arn);
    call->called->execution = call->ended;
    call->reply(call->arg, NULL, &reply);
    wf_buf_free(&arn);
    wf_call_free(call);
}

struct input_read {
    struct start_call *call;
    struct wf_execution *execution; /* pinned */
};

static void input_text(void *arg, struct wf_str text) {
    struct input_read *read = arg;
    struct start_call *call = read->call;
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

static void name_is_taken(struct start_call *call,
                          struct wf_execution *execution) {
    if (is_own(call, execution)) {
        join(call, execution, false);
        reply_when_durable(call, execution);
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
    struct start_call *call = arg;
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

static struct start_call **lookups_of(struct wf_engine *engine,
                                      struct wf_str name) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * 16777619u;
    return &engine->name_lookups[hash % WF_NAME_LOOKUPS];
}

static struct start_call *lookup_of(struct start_call *call) {
    struct start_call *other =
        *lookups_of(call->engine, text_of(&call->name));
    while (other && (other->machine->id != call->machine->id ||
                     !wf_str_eq(text_of(&other->name), text_of(&call->name))))
        other = other->next;
    return other;
}

static void with_name(struct start_call *call);

static void name_rows(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct start_call *call = arg, *joined = call->joined;
    struct wf_engine *engine = call->engine;
    struct wf_execution *execution = wf_table_by_name(
        &engine->table, call->machine->id, text_of(&call->name));
    struct start_call **at = lookups_of(engine, text_of(&call->name));
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
        start_now(call);
    }
    while (joined) {
        struct start_call *next = joined->next;
        with_name(joined);
        joined = next;
    }
}

static void look_up_name(struct start_call *call) {
    struct wf_engine *engine = call->engine;
    struct start_call *other = lookup_of(call), **end;
    if (other) {
        for (end = &other->joined; *end;)
            end = &(*end)->next;
        *end = call;
        return;
    }
    struct start_call **list = lookups_of(engine, text_of(&call->name));
    struct wf_key key = wf_key_name(engine->partition, call->machine->id,
                                    text_of(&call->name));
    call->next = *list;
    *list = call;
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), name_rows, call);
}

static void with_name(struct start_call *call) {
    struct wf_execution *execution = wf_table_by_name(
        &call->engine->table, call->machine->id, text_of(&call->name));
    call->next = call->joined = NULL;
    if (execution)
        name_is_taken(call, execution);
    else
        look_up_name(call);
}

static void is_missing(void *arg) {
    struct start_call *call = arg;
    refuse(call, "StateMachineDoesNotExist",
           "State Machine Does Not Exist: '%s'", text_of(&call->arn));
}

static void is_deleting(void *arg) {
    struct start_call *call = arg;
    refuse(call, "StateMachineDeleting", "State Machine Deleting: '%s'",
           text_of(&call->arn));
}

static void is_paused(void *arg) {
    struct start_call *call = arg;
    refuse(call, "StateMachinePaused",
           "State Machine Paused, and its executions are EXPRESS: '%s'",
           text_of(&call->arn));
}

static void is_wrong_type(void *arg) {
    refuse(arg, "StateMachineTypeNotSupported", WF_WRONG_MACHINE_TYPE,
           WF_STR_NULL);
}

/* What AWS's operations say of machines of the wrong type. */
static bool is_of_wrong_type(const struct start_call *call) {
    bool waits = call->called && call->called->by.kind != WF_CALLER_STARTS;
    return call->machine->express ? waits : call->sync;
}

static void with_machine(void *arg, struct wf_machine *machine) {
    struct start_call *call = arg;
    if (!machine || !machine->ready) {
        wf_engine_after(call->engine, is_missing, call);
        return;
    }
    call->machine = machine;
    if (machine->head->status != WF_STATE_MACHINE_ACTIVE) {
        wf_engine_after(call->engine, is_deleting, call);
    } else if (is_of_wrong_type(call)) {
        wf_engine_after(call->engine, is_wrong_type, call);
    } else if (machine->express && machine->head->paused_ms) {
        wf_engine_after(call->engine, is_paused, call);
    } else if (call->name.len == 0 || machine->express ||
               (call->called && call->called->is_first)) {
        start_now(call);
    } else {
        with_name(call);
    }
}

static void with_qualified(void *arg, const struct wf_qualified *found) {
    struct start_call *call = arg;
    call->version = found ? found->version : 0;
    with_machine(call, found ? found->machine : NULL);
}

static bool has_room(const struct wf_engine *engine) {
    return !engine->stalled &&
           engine->active_bytes + engine->parsing_bytes <
               engine->options.memory_bytes;
}

static void with_input(struct start_call *call) {
    struct wf_arn arn;
    wf_arn_parse(text_of(&call->arn), &arn);
    if (arn.rest.len && !wf_arn_is_number(arn.rest))
        call->alias = arn.rest;
    if (arn.rest.len)
        wf_machine_by_arn(call->engine, &arn, true, with_qualified, call);
    else
        wf_machine_by_name(call->engine, arn.name, with_machine, call);
}

static void input_parsed(void *arg, struct wf_doc *doc,
                         const struct wf_error *err) {
    struct start_call *call = arg;
    call->engine->parsing_bytes -= call->parsing_bytes;
    if (doc) {
        call->input = wf_doc_ref(doc);
        with_input(call);
    } else if (err) {
        refuse(call, "InvalidExecutionInput",
               "Invalid State Machine Execution Input: '%s'",
               wf_str(err->message));
    } else {
        wf_call_free(call); /* the engine is being closed */
    }
}

/* A thread parses a large input; the request waits for it. */
static void parse_elsewhere(struct start_call *call,
                            const struct wf_start_execution *ask) {
    struct wf_engine *engine = call->engine;
    struct wf_parse parse = {
        .limits = {.max_bytes = engine->options.payload_bytes}};
    if (ask->input_buf) {
        parse.text = *ask->input_buf;
        *ask->input_buf = (struct wf_buf){0};
    } else {
        wf_buf_addstr(&parse.text, ask->input);
    }
    call->parsing_bytes = parse.text.len;
    engine->parsing_bytes += call->parsing_bytes;
    wf_evaluator_parse(engine->evaluator, &parse, input_parsed, call);
}

/* The input as a document; NULL: it was refused. */
static struct wf_doc *read_input(struct wf_engine *engine,
                                 const struct wf_start_execution *ask,
                                 wf_execution_fn *reply, void *arg) {
    struct wf_doc_limits limits = {.max_bytes =
                                       engine->options.payload_bytes};
    struct wf_json_complaint complaint;
    struct wf_error err;
    struct wf_doc *input = wf_doc_parse(
        ask->input.len ? ask->input : WF_STR("{}"), &limits, &err);
    if (input)
        return input;
    struct wf_str why = wf_str(err.message);
    if (wf_json_complain(ask->input, &complaint))
        why = (struct wf_str){complaint.message.data, complaint.message.len};
    wf_refuse_execution(reply, arg, "InvalidExecutionInput",
                        "Invalid State Machine Execution Input: '%s'", why);
    wf_json_complaint_free(&complaint);
    return NULL;
}

/* What can be refused without looking at anything stored. */
static bool is_acceptable(struct wf_engine *engine,
                          const struct wf_start_execution *ask,
                          struct wf_arn *arn, wf_execution_fn *reply,
                          void *arg) {
    struct wf_refusal_text label = {0};
    struct wf_buf why = {0};
    if (!wf_arn_read(ask->state_machine_arn, "stateMachine", NULL, arn,
                     &why))
        wf_refuse_execution(reply, arg, "InvalidArn", "%s",
                            (struct wf_str){why.data, why.len});
    else if (wf_refusal_label(&label, ask->state_machine_arn))
        reply(arg, &label.refusal, NULL);
    else if (ask->name.len && !wf_name_is_valid(ask->name))
        wf_refuse_execution(reply, arg, "InvalidName", "Invalid Name: '%s'",
                            ask->name);
    else if (!has_room(engine))
        wf_refuse_execution(reply, arg, "ThrottlingException",
                            engine->stalled
                                ? WF_NO_ROOM
                                : "Too many executions are active: try "
                                  "again later",
                            WF_STR_NULL);
    else
        return true;
    wf_refusal_free(&label);
    wf_buf_free(&why);
    return false;
}

/* Who asks, beside what it says: all NULL is StartExecution. */
struct start_how {
    bool sync;
    const struct wf_start_rows *rows;
    struct wf_called *called;
};

static void start(struct wf_engine *engine,
                  const struct wf_start_execution *ask,
                  const struct start_how *how, wf_execution_fn *reply,
                  void *arg) {
    struct wf_arn arn;
    if (!is_acceptable(engine, ask, &arn, reply, arg))
        return;
    bool is_large = ask->input.len > WF_EVALUATE_BYTES &&
                    ask->input.len <= engine->options.payload_bytes;
    struct wf_doc *input = NULL;
    if (!is_large && !(input = read_input(engine, ask, reply, arg)))
        return;
    struct start_call *call = wf_call_new(engine, sizeof(*call), drop);
    call->engine = engine;
    call->input = input;
    call->sync = how->sync;
    call->rows = how->rows;
    call->called = how->called;
    call->reply = reply;
    call->arg = arg;
    wf_buf_addstr(&call->arn, ask->state_machine_arn);
    wf_buf_addstr(&call->name, ask->name);
    wf_buf_addstr(&call->trace_header, ask->trace_header);
    if (is_large)
        parse_elsewhere(call, ask);
    else
        with_input(call);
}

void wf_engine_start_execution(struct wf_engine *engine,
                               const struct wf_start_execution *ask,
                               wf_execution_fn *reply, void *arg) {
    const struct start_how how = {0};
    start(engine, ask, &how, reply, arg);
}

void wf_engine_start_joined(struct wf_engine *engine,
                            const struct wf_start_execution *ask,
                            const struct wf_start_rows *rows,
                            wf_execution_fn *reply, void *arg) {
    const struct start_how how = {.rows = rows};
    start(engine, ask, &how, reply, arg);
}

void wf_engine_start_called(struct wf_engine *engine,
                            const struct wf_start_execution *ask,
                            struct wf_called *called, wf_execution_fn *reply,
                            void *arg) {
    const struct start_how how = {.called = called};
    start(engine, ask, &how, reply, arg);
}

void wf_engine_start_sync_execution(struct wf_engine *engine,
                                    const struct wf_start_execution *ask,
                                    wf_execution_fn *reply, void *arg) {
    const struct start_how how = {.sync = true};
    start(engine, ask, &how, reply, arg);
}
