/* fake_engine_tasks.c - the part of fake_engine.h for those who work on
 * tasks. */
#include <assert.h>
#include <stdlib.h>

#include "fake_engine.h"

static void set(char **to, struct wf_str text) {
    free(*to);
    *to = text.data ? wf_strndup(text.data, text.len) : NULL;
}

void wf_engine_send_task_success(struct wf_engine *engine,
                                 const struct wf_send_task *ask,
                                 wf_done_fn *reply, void *arg) {
    set(&engine->token, ask->token);
    set(&engine->text, ask->output);
    fake_engine_done(engine, "task success", reply, arg);
}

void wf_engine_send_task_failure(struct wf_engine *engine,
                                 const struct wf_send_task *ask,
                                 wf_done_fn *reply, void *arg) {
    set(&engine->token, ask->token);
    set(&engine->error, ask->error);
    set(&engine->cause, ask->cause);
    fake_engine_done(engine, "task failure", reply, arg);
}

void wf_engine_send_task_heartbeat(struct wf_engine *engine,
                                   struct wf_str token, wf_done_fn *reply,
                                   void *arg) {
    set(&engine->token, token);
    fake_engine_done(engine, "task heartbeat", reply, arg);
}

/* ---- activities ---- */

static const struct wf_activity_reply an_activity = {
    .arn = WF_STR("arn:aws:states:us-east-1:000000000000:activity:a"),
    .name = WF_STR("a"),
    .creation_ms = 1704067200123,
};

static const struct wf_refusal *refusal_of(struct wf_engine *engine,
                                           const char *operation) {
    engine->asked++;
    set(&engine->operation, wf_str(operation));
    return engine->refusal.exception ? &engine->refusal : NULL;
}

void wf_engine_create_activity(struct wf_engine *engine,
                               const struct wf_create_activity *ask,
                               wf_activity_reply_fn *reply, void *arg) {
    const struct wf_refusal *refusal = refusal_of(engine, "create activity");
    set(&engine->name, ask->name);
    set(&engine->encryption, ask->encryption);
    set(&engine->tags, ask->tag_count ? ask->tags[0].key : WF_STR_NULL);
    reply(arg, refusal, refusal ? NULL : &an_activity);
}

void wf_engine_describe_activity(struct wf_engine *engine, struct wf_str arn,
                                 wf_activity_reply_fn *reply, void *arg) {
    const struct wf_refusal *refusal =
        refusal_of(engine, "describe activity");
    set(&engine->arn, arn);
    reply(arg, refusal, refusal ? NULL : &an_activity);
}

void wf_engine_delete_activity(struct wf_engine *engine, struct wf_str arn,
                               wf_done_fn *reply, void *arg) {
    set(&engine->arn, arn);
    fake_engine_done(engine, "delete activity", reply, arg);
}

void wf_engine_list_activities(struct wf_engine *engine,
                               const struct wf_list_activities *ask,
                               wf_activity_list_fn *reply, void *arg) {
    const struct wf_refusal *refusal = refusal_of(engine, "list activities");
    set(&engine->token, ask->next_token);
    engine->max_results = ask->max_results;
    reply(arg, refusal, &an_activity, 1, engine->next_token);
}

void wf_engine_get_activity_task(struct wf_engine *engine,
                                 const struct wf_get_activity_task *ask,
                                 wf_activity_task_fn *reply, void *arg) {
    const struct wf_refusal *refusal = refusal_of(engine, "get task");
    struct wf_activity_task task = {.token = wf_str(engine->token),
                                    .input = wf_str(engine->text)};
    set(&engine->arn, ask->arn);
    set(&engine->name, ask->worker_name);
    assert(ask->is_there(arg));
    reply(arg, refusal, refusal ? NULL : &task);
}
