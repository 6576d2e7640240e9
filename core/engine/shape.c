/* shape.c - what an expression makes of an input that somebody else has
 * sent, before an execution is started with it: the output of a definition's
 * first state, decided on a thread with the limits of any decision there. */
#include <stdlib.h>

#include "engine_impl.h"
#include "refusal.h"

struct shaping {
    struct wf_script_job job;
    struct wf_engine *engine;
    struct wf_buf definition, input;
    const char *exception; /* NULL: none */
    struct wf_buf message;
    struct wf_doc *output;
    wf_shaped_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct shaping *shaping = memory;
    wf_buf_free(&shaping->definition);
    wf_buf_free(&shaping->input);
    wf_buf_free(&shaping->message);
    wf_doc_unref(shaping->output);
}

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

/* ---- on a thread ---- */

static void fail(struct shaping *shaping, const char *exception,
                 struct wf_str message) {
    shaping->exception = exception;
    shaping->message.len = 0;
    wf_buf_addstr(&shaping->message, message);
}

static void decide(struct shaping *shaping, struct wf_script *script,
                   struct wf_script_machine *machine, uint32_t start,
                   struct wf_doc *input) {
    struct wf_decision decision = {0};
    const struct wf_script_context context = {.execution_input = input,
                                              .state_name = WF_STR("Input")};
    const struct wf_script_call call = {
        .machine = machine,
        .state = start,
        .event = WF_SCRIPT_ENTER,
        .input = input,
        .context = &context,
        .stop = &shaping->job.job.cancelled,
    };
    wf_script_decide(script, &call, &decision);
    if (decision.kind == WF_DECISION_EXIT && decision.output)
        shaping->output = wf_doc_ref(decision.output);
    else
        fail(shaping, "InvalidExecutionInput",
             decision.failure.cause.len ? decision.failure.cause
                                        : decision.failure.error);
    wf_decision_free(&decision);
}

static void compile(struct shaping *shaping, struct wf_script *script,
                    struct wf_doc *definition, struct wf_doc *input) {
    struct wf_script_machine *machine = NULL;
    struct wf_script_summary summary;
    struct wf_error err = {0};
    if (wf_script_compile(script, definition, &machine, &summary,
                          &shaping->message, &err) != 0) {
        shaping->exception = "InvalidDefinition";
        if (shaping->message.len == 0)
            wf_buf_adds(&shaping->message, err.message);
        return;
    }
    decide(shaping, script, machine, summary.start, input);
    wf_script_machine_free(script, machine);
}

static void work(struct wf_script_job *job, struct wf_script *script) {
    struct shaping *shaping = WF_ENTRY(job, struct shaping, job);
    struct wf_error err = {0};
    if (!script) {
        fail(shaping, "InternalFailure", wf_str(job->err.message));
        return;
    }
    struct wf_doc *definition =
        wf_doc_parse_buf(&shaping->definition, NULL, &err);
    struct wf_doc *input =
        definition ? wf_doc_parse_buf(&shaping->input, NULL, &err) : NULL;
    if (input)
        compile(shaping, script, definition, input);
    else
        fail(shaping, "InvalidExecutionInput", wf_str(err.message));
    wf_doc_unref(input);
    wf_doc_unref(definition);
}

/* ---- on the loop ---- */

static void shaped(struct wf_script_job *job) {
    struct shaping *shaping = WF_ENTRY(job, struct shaping, job);
    if (wf_job_is_cancelled(&job->job))
        return; /* the engine closes: it frees the call */
    struct wf_refusal refusal = {.exception = shaping->exception,
                                 .message = text_of(&shaping->message)};
    shaping->reply(shaping->arg, shaping->exception ? &refusal : NULL,
                   shaping->output ? wf_doc_text(shaping->output)
                                   : WF_STR_NULL);
    wf_call_free(shaping);
}

void wf_engine_shape_input(struct wf_engine *engine, struct wf_str definition,
                           struct wf_str input, wf_shaped_fn *reply,
                           void *arg) {
    struct shaping *shaping = wf_call_new(engine, sizeof(*shaping), drop);
    shaping->engine = engine;
    wf_buf_addstr(&shaping->definition, definition);
    wf_buf_addstr(&shaping->input, input);
    shaping->reply = reply;
    shaping->arg = arg;
    shaping->job = (struct wf_script_job){.work = work, .done = shaped};
    wf_deciders_submit(engine->deciders, &shaping->job);
}
