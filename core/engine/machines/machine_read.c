/*
 * machine_read.c - DescribeStateMachine, and DescribeStateMachineForExecution:
 * the revision that an execution runs.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "qualifiers.h"
#include "refusal.h"

struct describe_call {
    struct wf_engine *engine;
    char *arn;
    uint64_t execution;
    struct wf_machine *machine;
    uint32_t version; /* that is described; 0: none */
    char *version_arn, *description;
    int64_t version_ms;
    struct wf_buf image; /* of the execution */
    wf_state_machine_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct describe_call *call = memory;
    free(call->arn);
    free(call->version_arn);
    free(call->description);
    wf_buf_free(&call->image);
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
    if (call->version) {
        reply.arn = wf_str(call->version_arn);
        reply.description = wf_str(call->description);
        reply.creation_ms = call->version_ms;
    }
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

/* The version whose revision is `machine`, for ARNs with a qualifier: of an
 * alias the one with the most weight. */
static void described_version(void *arg, const struct wf_qualified *found) {
    struct describe_call *call = arg;
    bool is_there = found && found->version;
    if (is_there) {
        call->version = found->version;
        call->version_arn = wf_version_arn(
            call->engine, wf_str(found->machine->name), found->version);
        call->version_ms = found->creation_ms;
        if (found->description.data)
            call->description = wf_strndup(found->description.data,
                                           found->description.len);
    }
    described(call, is_there ? found->machine : NULL);
}

void wf_engine_describe_state_machine(struct wf_engine *engine,
                                      struct wf_str text,
                                      wf_state_machine_fn *reply,
                                      void *arg) {
    struct describe_call *call = new_call(engine, text, reply, arg);
    struct wf_refusal_text label = {0};
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (!wf_arn_read(wf_str(call->arn), "stateMachine", NULL, &arn, &why)) {
        refuse(call, "InvalidArn", "%s", (struct wf_str){why.data, why.len});
    } else if (wf_refusal_label(&label, wf_str(call->arn))) {
        reply(arg, &label.refusal, NULL);
        wf_call_free(call);
    } else if (arn.rest.len) {
        wf_machine_by_arn(engine, &arn, false, described_version, call);
    } else {
        wf_machine_by_name(engine, arn.name, described, call);
    }
    wf_refusal_free(&label);
    wf_buf_free(&why);
}

/* ---- DescribeStateMachineForExecution ---- */

static void no_execution(struct describe_call *call) {
    refuse(call, "ExecutionDoesNotExist", "Execution Does Not Exist: '%s'",
           wf_str(call->arn));
}

/* A child execution runs the processor of its Map state. */
static void answer_child(struct describe_call *call,
                         const struct wf_map_run *run) {
    const struct wf_machine *machine = call->machine;
    struct wf_state_machine_reply reply = wf_machine_reply(machine);
    struct wf_buf arn = {0}, run_arn = {0}, name = {0};
    wf_labelled_arn(wf_str(machine->arn), wf_str(run->label), &arn);
    wf_map_run_arn(run, wf_str(machine->arn), &run_arn);
    wf_buf_addf(&name, "%s/%s", machine->name, run->label);
    if (run->state < machine->state_count)
        reply.definition = machine->states[run->state].processor;
    reply.arn = (struct wf_str){arn.data, arn.len};
    reply.name = (struct wf_str){name.data, name.len};
    reply.map_run_arn = (struct wf_str){run_arn.data, run_arn.len};
    reply.label = wf_str(run->label);
    reply.variable_references = WF_STR_NULL;
    call->reply(call->arg, NULL, &reply);
    wf_buf_free(&arn);
    wf_buf_free(&run_arn);
    wf_buf_free(&name);
    wf_call_free(call);
}

static void run_found(void *arg, const struct wf_map_run_found *found) {
    struct describe_call *call = arg;
    if (found)
        answer_child(call, found->run);
    else
        no_execution(call);
}

static void find_run(struct describe_call *call,
                     const struct wf_execution_image *image) {
    struct wf_buf arn = {0}, why = {0};
    wf_image_map_run_arn(image, call->machine, &arn);
    wf_map_run_find(call->engine, (struct wf_str){arn.data, arn.len}, &why,
                    run_found, call);
    wf_buf_free(&arn);
    wf_buf_free(&why);
}

static void identified(void *arg, struct wf_machine *machine) {
    struct describe_call *call = arg;
    struct wf_execution_image image;
    wf_image_of((struct wf_str){call->image.data, call->image.len}, &image);
    call->machine = machine;
    if (!machine)
        no_execution(call);
    else if (image.is_child)
        find_run(call, &image);
    else
        answer(call);
}

static void identify(void *arg) {
    struct describe_call *call = arg;
    wf_execution_identify(call->engine, call->execution, &call->image,
                          identified, call);
}

static void execution_found(void *arg, uint64_t id) {
    struct describe_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_execution *execution = wf_table_by_id(&engine->table, id);
    call->execution = id;
    if (id == 0)
        no_execution(call);
    else if (execution)
        wf_execution_after(engine, execution, identify, call);
    else
        identify(call);
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
