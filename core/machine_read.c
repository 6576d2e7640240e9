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
    struct wf_buf image;    /* of the execution */
    struct wf_map_run *run; /* which it is a child of */
    wf_state_machine_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct describe_call *call = memory;
    free(call->arn);
    wf_buf_free(&call->image);
    wf_map_run_free(call->run);
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

/* A child execution runs the processor of its Map state. */
static void answer_child(struct describe_call *call,
                         const struct wf_execution_image *image) {
    struct wf_machine *machine = call->machine;
    struct wf_state_machine_reply reply = wf_machine_reply(machine);
    struct wf_buf arn = {0}, run_arn = {0}, name = {0};
    wf_image_machine_arn(image, machine, &arn);
    wf_image_map_run_arn(image, machine, &run_arn);
    wf_buf_addf(&name, "%s/%s", machine->name, call->run->label);
    if (call->run->state < machine->state_count)
        reply.definition = machine->states[call->run->state].processor;
    reply.arn = (struct wf_str){arn.data, arn.len};
    reply.name = (struct wf_str){name.data, name.len};
    reply.map_run_arn = (struct wf_str){run_arn.data, run_arn.len};
    reply.label = image->child_label;
    reply.variable_references = WF_STR_NULL;
    call->reply(call->arg, NULL, &reply);
    wf_buf_free(&arn);
    wf_buf_free(&run_arn);
    wf_buf_free(&name);
    wf_call_free(call);
}

static void revision_read(void *arg, struct wf_machine *machine) {
    struct describe_call *call = arg;
    struct wf_execution_image image;
    wf_image_of((struct wf_str){call->image.data, call->image.len}, &image);
    if (!machine->name)
        no_execution(call);
    else if (call->run)
        answer_child(call, &image);
    else
        answer(call);
}

static void run_found(void *arg, const struct wf_map_run_found *found) {
    struct describe_call *call = arg;
    if (!found) {
        no_execution(call);
        return;
    }
    call->run = wf_map_run_copy(found->run);
    wf_machine_need(call->engine, call->machine, revision_read, call);
}

static void find_run(void *arg, struct wf_machine *machine) {
    struct describe_call *call = arg;
    struct wf_execution_image image;
    struct wf_buf arn = {0}, why = {0};
    wf_image_of((struct wf_str){call->image.data, call->image.len}, &image);
    if (!machine->name) {
        no_execution(call);
        return;
    }
    wf_image_map_run_arn(&image, machine, &arn);
    wf_map_run_find(call->engine, (struct wf_str){arn.data, arn.len}, &why,
                    run_found, call);
    wf_buf_free(&arn);
    wf_buf_free(&why);
}

static void with_image(void *arg, struct wf_str text) {
    struct describe_call *call = arg;
    struct wf_execution_image image;
    if (!wf_image_of(text, &image)) {
        no_execution(call);
        return;
    }
    wf_buf_addstr(&call->image, text);
    call->machine = wf_machine_of(call->engine, image.machine,
                                  image.revision);
    wf_machine_need(call->engine, call->machine,
                    image.is_child ? find_run : revision_read, call);
}

static void read_image(void *arg) {
    struct describe_call *call = arg;
    wf_execution_read(call->engine, call->execution, with_image, call);
}

static void execution_found(void *arg, uint64_t id) {
    struct describe_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_execution *execution = wf_table_by_id(&engine->table, id);
    call->execution = id;
    if (id == 0)
        no_execution(call);
    else if (execution)
        wf_execution_after(engine, execution, read_image, call);
    else
        read_image(call);
}

void wf_engine_describe_state_machine_for_execution(
    struct wf_engine *engine, struct wf_str execution_arn,
    wf_state_machine_fn *reply, void *arg) {
    struct describe_call *call = new_call(engine, execution_arn, reply, arg);
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (!wf_execution_arn_read(wf_str(call->arn), false, &arn, &why))
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
