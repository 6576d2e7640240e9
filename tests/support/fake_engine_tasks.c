/* fake_engine_tasks.c - the part of fake_engine.h for those who work on
 * tasks. */
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
