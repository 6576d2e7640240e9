/*
 * start.c - StartExecution, StartSyncExecution: the request, from its checks
 * to its answer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "json_complaint.h"
#include "qualifiers.h"
#include "refusal.h"
#include "start_impl.h"

void wf_refuse_execution(wf_execution_fn *reply, void *arg,
                         const char *exception, const char *format,
                         struct wf_str subject) {
    struct wf_refusal_text text = {0};
    reply(arg, wf_refusal_make(&text, exception, format, subject), NULL);
    wf_refusal_free(&text);
}

static void drop(void *memory) {
    struct wf_start_call *call = memory;
    wf_buf_free(&call->arn);
    wf_buf_free(&call->name);
    wf_buf_free(&call->trace_header);
    wf_doc_unref(call->input);
}

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

void wf_start_refuse(struct wf_start_call *call, const char *exception,
                     const char *format, struct wf_str subject) {
    wf_refuse_execution(call->reply, call->arg, exception, format, subject);
    wf_call_free(call);
}

/* The ARN of an execution of that name. Its own revision may not have been
 * read yet. */
struct wf_str wf_start_arn(const struct wf_start_call *call,
                           struct wf_str name, struct wf_buf *out) {
    wf_buf_adds(out, call->machine->execution_prefix);
    wf_buf_addstr(out, name);
    return text_of(out);
}

/* The start is durable: answer. */
static void started(void *arg) {
    struct wf_start_call *call = arg;
    struct wf_execution *execution = call->execution;
    struct wf_buf arn = {0};
    struct wf_execution_reply reply = {
        .name = wf_str(execution->name),
        .state_machine_arn = wf_str(call->machine->arn),
        .status = WF_EXECUTION_RUNNING,
        .start_ms = execution->start_ms,
    };
    reply.arn = wf_start_arn(call, reply.name, &arn);
    execution->pins--;
    if (call->called)
        call->called->execution = execution->id;
    call->reply(call->arg, NULL, &reply);
    wf_buf_free(&arn);
    wf_execution_release(call->engine, execution);
    wf_call_free(call);
}

void wf_start_reply(struct wf_start_call *call,
                    struct wf_execution *execution) {
    call->execution = execution;
    execution->pins++;
    wf_execution_after(call->engine, execution, started, call);
}

static struct wf_execution *create(struct wf_start_call *call) {
    struct wf_machine *machine = call->machine;
    if (call->fork)
        return wf_fork_commit(call->fork);
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
bool wf_start_join(struct wf_start_call *call, struct wf_execution *execution,
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

void wf_start_now(void *arg) {
    struct wf_start_call *call = arg;
    const struct wf_start_rows *rows = call->rows;
    call->rows = NULL;
    if (rows && call->machine->express) { /* it can't be in their batch */
        call->express_rows = rows;
        rows->put(rows->arg, 0);
        wf_engine_after(call->engine, wf_start_now, call);
        return;
    }
    struct wf_execution *execution = create(call);
    if (rows)
        execution->start_rows = rows;
    if (call->express_rows)
        call->express_rows->express_began(call->express_rows->arg,
                                          execution->id);
    if (call->called && !execution->express)
        wf_start_join(call, execution, true);
    if (call->sync) {
        wf_wait_sync(call->engine, execution, call->reply, call->arg);
        wf_call_free(call);
    } else {
        wf_start_reply(call, execution);
    }
}

static void is_missing(void *arg) {
    struct wf_start_call *call = arg;
    wf_start_refuse(call, "StateMachineDoesNotExist",
                    "State Machine Does Not Exist: '%s'", text_of(&call->arn));
}

static void is_deleting(void *arg) {
    struct wf_start_call *call = arg;
    wf_start_refuse(call, "StateMachineDeleting",
                    "State Machine Deleting: '%s'", text_of(&call->arn));
}

static void is_paused(void *arg) {
    struct wf_start_call *call = arg;
    wf_start_refuse(call, "StateMachinePaused",
                    "State Machine Paused, and its executions are EXPRESS: "
                    "'%s'",
                    text_of(&call->arn));
}

static void is_wrong_type(void *arg) {
    wf_start_refuse(arg, "StateMachineTypeNotSupported",
                    WF_WRONG_MACHINE_TYPE, WF_STR_NULL);
}

/* What AWS's operations say of machines of the wrong type. */
static bool is_of_wrong_type(const struct wf_start_call *call) {
    bool waits = call->called && call->called->by.kind != WF_CALLER_STARTS;
    return call->machine->express ? waits || call->is_exclusive : call->sync;
}

static void with_machine(void *arg, struct wf_machine *machine) {
    struct wf_start_call *call = arg;
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
        wf_start_now(call);
    } else {
        wf_start_with_name(call);
    }
}

static void with_qualified(void *arg, const struct wf_qualified *found) {
    struct wf_start_call *call = arg;
    call->version = found ? found->version : 0;
    with_machine(call, found ? found->machine : NULL);
}

static bool has_room(const struct wf_engine *engine) {
    return !engine->stalled &&
           engine->active_bytes + engine->parsing_bytes <
               engine->options.memory_bytes;
}

static void with_input(struct wf_start_call *call) {
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
    struct wf_start_call *call = arg;
    call->engine->parsing_bytes -= call->parsing_bytes;
    if (doc) {
        call->input = wf_doc_ref(doc);
        with_input(call);
    } else if (err) {
        wf_start_refuse(call, "InvalidExecutionInput",
                        "Invalid State Machine Execution Input: '%s'",
                        wf_str(err->message));
    } else {
        wf_call_free(call); /* the engine is being closed */
    }
}

/* A thread parses a large input; the request waits for it. */
static void parse_elsewhere(struct wf_start_call *call,
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
    struct wf_start_call *call = wf_call_new(engine, sizeof(*call), drop);
    call->engine = engine;
    call->input = input;
    call->sync = how->sync;
    call->is_exclusive = ask->is_exclusive;
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

void wf_start_fork(struct wf_redrive *redrive, struct wf_str name,
                   bool is_given, wf_execution_fn *reply, void *arg) {
    struct wf_engine *engine = redrive->engine;
    struct wf_start_call *call = wf_call_new(engine, sizeof(*call), drop);
    call->engine = engine;
    call->machine = redrive->target;
    call->fork = redrive;
    call->is_exclusive = true;
    call->reply = reply;
    call->arg = arg;
    wf_buf_addstr(&call->name, name);
    if (is_given)
        wf_start_with_name(call);
    else
        wf_start_now(call);
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
