/*
 * machine_read.c - DescribeStateMachine, and DescribeStateMachineForExecution:
 * the revision that an execution runs.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "refusal.h"

struct describe_call {
    struct wf_engine *engine;
    char *arn;
    uint64_t execution;
    struct wf_machine *machine;
    wf_state_machine_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct describe_call *call = memory;
    free(call->arn);
}

static struct describe_call *new_call(struct wf_engine *engine,
                                      struct wf_str arn,
                                      wf_state_machine_fn *reply,
                                      void *arg) {
    struct describe_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct describe_call){
        .engine = engine,
        .arn = wf_strndup(arn.data, arn.len),
        .reply = reply,
        .arg = arg,
    };
    return call;
}

static void refuse(struct describe_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, exception, format, subject), NULL);
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void answer(void *arg) {
    struct describe_call *call = arg;
    struct wf_state_machine_reply reply = wf_machine_reply(call->machine);
    call->reply(call->arg, NULL, &reply);
    wf_call_free(call);
}

/* ---- DescribeStateMachine ---- */

/* Also that it is not there may follow from what is not durable yet. */
static void is_missing(void *arg) {
    struct describe_call *call = arg;
    refuse(call, "StateMachineDoesNotExist",
           "State Machine Does Not Exist: '%s'", wf_str(call->arn));
}

static void described(void *arg, struct wf_machine *machine) {
    struct describe_call *call = arg;
    call->machine = machine;
    wf_engine_after(call->engine, machine && machine->name ? answer
                                                           : is_missing,
                    call);
}

void wf_engine_describe_state_machine(struct wf_engine *engine,
                                      struct wf_str text,
                                      wf_state_machine_fn *reply,
                                      void *arg) {
    struct describe_call *call = new_call(engine, text, reply, arg);
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (!wf_arn_read(wf_str(call->arn), "stateMachine", NULL, &arn, &why))
        refuse(call, "InvalidArn", "%s", (struct wf_str){why.data, why.len});
    else if (arn.rest.len)
        described(call, NULL);
    else
        wf_machine_by_name(engine, arn.name, described, call);
    wf_buf_free(&why);
}

/* ---- DescribeStateMachineForExecution ---- */

static void no_execution(struct describe_call *call) {
    refuse(call, "ExecutionDoesNotExist", "Execution Does Not Exist: '%s'",
           wf_str(call->arn));
}

static void revision_read(void *arg, struct wf_machine *machine) {
    struct describe_call *call = arg;
    if (machine->name)
        answer(call);
    else
        no_execution(call);
}

static void with_revision(void *arg) {
    struct describe_call *call = arg;
    wf_machine_need(call->engine, call->machine, revision_read, call);
}

static void execution_row(void *arg, const struct wf_row *rows, size_t count,
                          bool more, const struct wf_error *err) {
    struct describe_call *call = arg;
    struct wf_execution_image image;
    (void)more;
    call->engine->loads--;
    struct wf_reader in = {NULL, NULL, true};
    if (wf_engine_read_failed(call->engine, err))
        return;
    if (count == 1)
        in = (struct wf_reader){rows->value.data,
                                rows->value.data + rows->value.len, false};
    if (in.bad || !wf_execution_decode(&in, &image)) {
        no_execution(call);
        return;
    }
    call->machine = wf_machine_of(call->engine, image.machine,
                                  image.revision);
    with_revision(call);
}

static void execution_found(void *arg, uint64_t id) {
    struct describe_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_execution *execution = wf_table_by_id(&engine->table, id);
    if (id == 0) {
        no_execution(call);
    } else if (execution) {
        call->machine = execution->machine;
        wf_execution_after(engine, execution, with_revision, call);
    } else {
        struct wf_key key = wf_key_execution(engine->partition, id);
        engine->loads++;
        wf_store_get(engine->store, wf_key_str(&key), execution_row, call);
    }
}

void wf_engine_describe_state_machine_for_execution(
    struct wf_engine *engine, struct wf_str execution_arn,
    wf_state_machine_fn *reply, void *arg) {
    struct describe_call *call = new_call(engine, execution_arn, reply, arg);
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (!wf_arn_read(wf_str(call->arn), "execution", NULL, &arn, &why))
        refuse(call, "InvalidArn", "%s", (struct wf_str){why.data, why.len});
    else
        wf_execution_find(engine, wf_str(call->arn), execution_found, call);
    wf_buf_free(&why);
}

/* ---- ValidateStateMachineDefinition ---- */

void wf_engine_validate_definition(struct wf_engine *engine,
                                   struct wf_str definition, bool express,
                                   wf_diagnostics_fn *reply, void *arg) {
    wf_script_diagnose(engine->script, definition, engine->options.profile,
                       express, reply, arg);
}
