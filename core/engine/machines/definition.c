/*
 * definition.c - what is asked about a definition alone: its findings, its
 * layout.
 *
 * Both are functions of the text, and may take a second: a thread computes
 * them (decider.h), but the findings of a text that is small.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "graph.h"
#include "refusal.h"

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

/* ---- ValidateStateMachineDefinition ---- */

struct validating {
    struct wf_script_job job;
    struct wf_buf definition;
    const struct wf_profile *profile;
    bool express;
    struct wf_diagnostic *list; /* NULL: the thread had no script */
    size_t count;
    struct wf_buf texts; /* the list's */
    wf_diagnostics_fn *reply;
    void *arg;
};

static void drop_validating(void *memory) {
    struct validating *call = memory;
    wf_buf_free(&call->definition);
    wf_buf_free(&call->texts);
    free(call->list);
}

static void keep_findings(void *arg, const struct wf_diagnostic *list,
                          size_t count) {
    struct validating *call = arg;
    size_t room = 1;
    call->list = wf_calloc(count + 1, sizeof(*list));
    call->count = count;
    for (size_t i = 0; i < count; i++)
        room += list[i].code.len + list[i].message.len + list[i].location.len;
    wf_buf_reserve(&call->texts, room);
    for (size_t i = 0; i < count; i++) {
        call->list[i] = list[i];
        wf_buf_keep(&call->texts, &call->list[i].code);
        wf_buf_keep(&call->texts, &call->list[i].message);
        wf_buf_keep(&call->texts, &call->list[i].location);
    }
}

static void validate(struct wf_script_job *job, struct wf_script *script) {
    struct validating *call = (struct validating *)job;
    struct wf_diagnostic none = {
        .code = WF_STR("SCHEMA_VALIDATION_FAILED"),
        .message = wf_str(job->err.message),
    };
    if (script)
        wf_script_diagnose(script, text_of(&call->definition), call->profile,
                           call->express, keep_findings, call);
    else
        keep_findings(call, &none, 1);
}

static void validated(struct wf_script_job *job) {
    struct validating *call = (struct validating *)job;
    if (wf_job_is_cancelled(&job->job))
        return; /* the engine closes: it frees the call */
    call->reply(call->arg, call->list, call->count);
    wf_call_free(call);
}

void wf_engine_validate_definition(struct wf_engine *engine,
                                   struct wf_str definition, bool express,
                                   wf_diagnostics_fn *reply, void *arg) {
    const struct wf_profile *profile = engine->options.profile;
    if (definition.len <= WF_DEFINITION_LARGE) {
        wf_script_diagnose(engine->script, definition, profile, express,
                           reply, arg);
        return;
    }
    struct validating *call = wf_call_new(engine, sizeof(*call),
                                          drop_validating);
    *call = (struct validating){
        .job = {.work = validate, .done = validated},
        .profile = profile,
        .express = express,
        .reply = reply,
        .arg = arg,
    };
    wf_buf_addstr(&call->definition, definition);
    wf_deciders_submit(engine->deciders, &call->job);
}

/* ---- Moonstep.LayoutGraph ---- */

struct drawing {
    struct wf_script_job job;
    struct wf_engine *engine;
    struct wf_buf definition, picture;
    int rc;
    struct wf_error err;
    wf_layout_fn *reply;
    void *arg;
};

static void drop_drawing(void *memory) {
    struct drawing *call = memory;
    wf_buf_free(&call->definition);
    wf_buf_free(&call->picture);
}

static void draw(struct wf_script_job *job, struct wf_script *script) {
    struct drawing *call = (struct drawing *)job;
    call->rc = -1;
    if (script)
        call->rc = wf_graph_draw(script, text_of(&call->definition), "json",
                                 &call->picture, &call->err);
    else
        call->err = job->err;
}

static void drawn(struct wf_script_job *job) {
    struct drawing *call = (struct drawing *)job;
    struct wf_refusal_text text = {0};
    const struct wf_refusal *refusal = NULL;
    if (wf_job_is_cancelled(&job->job))
        return; /* as above */
    if (call->rc != 0)
        refusal = wf_refusal_make(
            &text, call->err.code == WF_E_INVALID ? "InvalidDefinition"
                                                  : "InternalFailure",
            "Invalid State Machine Definition: '%s'",
            wf_str(call->err.message));
    call->reply(call->arg, refusal, text_of(&call->picture));
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void submit(struct drawing *call, struct wf_str definition) {
    wf_buf_addstr(&call->definition, definition);
    wf_deciders_submit(call->engine->deciders, &call->job);
}

static void described(void *arg, const struct wf_refusal *refusal,
                      const struct wf_state_machine_reply *reply) {
    struct drawing *call = arg;
    if (!refusal) {
        submit(call, reply->definition);
        return;
    }
    call->reply(call->arg, refusal, WF_STR_NULL);
    wf_call_free(call);
}

void wf_engine_layout_graph(struct wf_engine *engine,
                            const struct wf_layout_graph *ask,
                            wf_layout_fn *reply, void *arg) {
    struct drawing *call = wf_call_new(engine, sizeof(*call), drop_drawing);
    *call = (struct drawing){
        .job = {.work = draw, .done = drawn},
        .engine = engine,
        .reply = reply,
        .arg = arg,
    };
    if (ask->arn.data)
        wf_engine_describe_state_machine(engine, ask->arn, described, call);
    else
        submit(call, ask->definition);
}
