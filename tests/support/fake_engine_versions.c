/* fake_engine_versions.c - versions, aliases and searches of the fake engine:
 * it records what it was asked and answers at once. See fake_engine.h. */
#include <stdlib.h>

#include "fake_engine.h"
#include "bulk.h"
#include "inspect.h"
#include "search.h"
#include "versions.h"

static void set(char **to, struct wf_str text) {
    free(*to);
    *to = text.data ? wf_strndup(text.data, text.len) : NULL;
}

static const struct wf_refusal *asked(struct wf_engine *engine,
                                      const char *operation,
                                      struct wf_str arn) {
    set(&engine->operation, wf_str(operation));
    set(&engine->arn, arn);
    engine->asked++;
    return engine->refusal.exception ? &engine->refusal : NULL;
}

/* "ARN=weight " for each route. */
static void keep_routes(struct wf_engine *engine,
                        const struct wf_put_alias *ask) {
    struct wf_buf text = {0};
    for (size_t i = 0; i < ask->route_count; i++)
        wf_buf_addf(&text, "%.*s=%u ", (int)ask->routes[i].version_arn.len,
                    ask->routes[i].version_arn.data, ask->routes[i].weight);
    set(&engine->tags, text.len ? (struct wf_str){text.data, text.len}
                                : WF_STR_NULL);
    wf_buf_free(&text);
    set(&engine->name, ask->name);
    set(&engine->text, ask->description);
}

#define MACHINE_ARN "arn:aws:states:us-east-1:000000000000:stateMachine:m"

static const struct wf_version_reply version = {WF_STR(MACHINE_ARN ":7"),
                                                1704067200123};

static const struct wf_alias_reply *alias_of(struct wf_engine *engine) {
    static const struct wf_route_ask routes[] = {
        {WF_STR(MACHINE_ARN ":7"), 90}, {WF_STR(MACHINE_ARN ":8"), 10}};
    static const struct wf_alias_reply alias = {
        .arn = WF_STR(MACHINE_ARN ":PROD"),
        .name = WF_STR("PROD"),
        .description = WF_STR("what runs"),
        .routes = routes,
        .route_count = 2,
        .creation_ms = 1704067200123,
        .update_ms = 1704067200456,
    };
    return engine->refusal.exception ? NULL : &alias;
}

void wf_engine_publish_version(struct wf_engine *engine,
                               const struct wf_publish_version *ask,
                               wf_version_fn *reply, void *arg) {
    const struct wf_refusal *refusal =
        asked(engine, "publish", ask->state_machine_arn);
    set(&engine->name, ask->revision_id);
    set(&engine->text, ask->description);
    reply(arg, refusal, refusal ? NULL : &version);
}

void wf_engine_delete_version(struct wf_engine *engine, struct wf_str arn,
                              wf_done_fn *reply, void *arg) {
    reply(arg, asked(engine, "delete version", arn));
}

void wf_engine_list_versions(struct wf_engine *engine,
                             const struct wf_list_qualifiers *ask,
                             wf_version_list_fn *reply, void *arg) {
    const struct wf_refusal *refusal =
        asked(engine, "list versions", ask->state_machine_arn);
    set(&engine->token, ask->next_token);
    engine->max_results = ask->max_results;
    reply(arg, refusal, &version, refusal ? 0 : 1, engine->next_token);
}

void wf_engine_create_alias(struct wf_engine *engine,
                            const struct wf_put_alias *ask,
                            wf_alias_fn *reply, void *arg) {
    const struct wf_refusal *refusal =
        asked(engine, "create alias", ask->arn);
    keep_routes(engine, ask);
    reply(arg, refusal, alias_of(engine));
}

void wf_engine_update_alias(struct wf_engine *engine,
                            const struct wf_put_alias *ask,
                            wf_alias_fn *reply, void *arg) {
    const struct wf_refusal *refusal =
        asked(engine, "update alias", ask->arn);
    keep_routes(engine, ask);
    reply(arg, refusal, alias_of(engine));
}

void wf_engine_describe_alias(struct wf_engine *engine, struct wf_str arn,
                              wf_alias_fn *reply, void *arg) {
    const struct wf_refusal *refusal = asked(engine, "describe alias", arn);
    reply(arg, refusal, alias_of(engine));
}

void wf_engine_delete_alias(struct wf_engine *engine, struct wf_str arn,
                            wf_done_fn *reply, void *arg) {
    reply(arg, asked(engine, "delete alias", arn));
}

void wf_engine_list_aliases(struct wf_engine *engine,
                            const struct wf_list_qualifiers *ask,
                            wf_alias_list_fn *reply, void *arg) {
    const struct wf_refusal *refusal =
        asked(engine, "list aliases", ask->state_machine_arn);
    set(&engine->token, ask->next_token);
    engine->max_results = ask->max_results;
    reply(arg, refusal, alias_of(engine), refusal ? 0 : 1,
          engine->next_token);
}

/* ---- searches ---- */

static long long ms_of(int64_t ms) {
    return (long long)ms;
}

void wf_engine_search_executions(struct wf_engine *engine,
                                 const struct wf_search_executions *ask,
                                 wf_search_fn *reply, void *arg) {
    struct wf_buf text = {0};
    const struct wf_search_reply found = {
        .executions = &engine->execution,
        .count = 1,
        .next_token = engine->next_token,
        .scanned_until_ms = 1500,
        .condition_errors = 2,
        .condition_cause = WF_STR("why"),
    };
    wf_buf_addf(&text, "%x %lld-%lld %lld-%lld", ask->statuses,
                ms_of(ask->started_from_ms), ms_of(ask->started_until_ms),
                ms_of(ask->stopped_from_ms), ms_of(ask->stopped_until_ms));
    set(&engine->text, (struct wf_str){text.data, text.len});
    set(&engine->name, ask->name_prefix);
    set(&engine->error, ask->tag_key);
    set(&engine->cause, ask->tag_value);
    set(&engine->role, ask->where);
    set(&engine->token, ask->next_token);
    engine->redriven = ask->redriven;
    engine->max_results = ask->max_results;
    const struct wf_refusal *refusal =
        asked(engine, "search", ask->state_machine_arn);
    reply(arg, refusal, refusal ? NULL : &found);
    wf_buf_free(&text);
}

void wf_engine_bulk(struct wf_engine *engine, const struct wf_bulk *ask,
                    wf_bulk_fn *reply, void *arg) {
    static const char *const names[] = {"bulk stop", "bulk redrive",
                                        "bulk pause", "bulk resume"};
    const struct wf_bulk_item items[] = {
        {.arn = engine->execution.arn,
         .status = WF_EXECUTION_ABORTED,
         .stop_ms = 2500},
        {.arn = WF_STR("other"),
         .exception = "ExecutionNotRunning",
         .message = WF_STR("over")},
    };
    const struct wf_bulk_reply done = {
        .items = items,
        .count = 2,
        .refused = 1,
        .next_token = engine->next_token,
        .scanned_until_ms = 1500,
    };
    set(&engine->name, ask->search.name_prefix);
    set(&engine->error, ask->error);
    set(&engine->cause, ask->cause);
    set(&engine->role, ask->reason);
    set(&engine->text, ask->fix ? ask->fix->revision : WF_STR_NULL);
    set(&engine->token, ask->client_token);
    engine->is_exclusive = ask->is_dry;
    engine->max_results = ask->search.max_results;
    const struct wf_refusal *refusal =
        asked(engine, names[ask->action], ask->search.state_machine_arn);
    reply(arg, refusal, refusal ? NULL : &done);
}

/* ---- pauses ---- */

static void answer_pause(struct wf_engine *engine, struct wf_str arn,
                         struct wf_str reason, wf_execution_fn *reply,
                         void *arg) {
    set(&engine->arn, arn);
    set(&engine->cause, reason);
    reply(arg, NULL, &engine->execution);
}

void wf_engine_pause_execution(struct wf_engine *engine, struct wf_str arn,
                               struct wf_str reason, wf_execution_fn *reply,
                               void *arg) {
    answer_pause(engine, arn, reason, reply, arg);
}

void wf_engine_resume_execution(struct wf_engine *engine, struct wf_str arn,
                                wf_execution_fn *reply, void *arg) {
    answer_pause(engine, arn, WF_STR(""), reply, arg);
}

static void answer_machine_pause(struct wf_engine *engine, struct wf_str arn,
                                 int64_t paused_ms, wf_machine_pause_fn *reply,
                                 void *arg) {
    const struct wf_machine_pause_reply answer = {
        .arn = arn, .paused_ms = paused_ms, .executions = 3};
    set(&engine->arn, arn);
    reply(arg, NULL, &answer);
}

void wf_engine_pause_state_machine(struct wf_engine *engine,
                                   const struct wf_pause_state_machine *ask,
                                   wf_machine_pause_fn *reply, void *arg) {
    set(&engine->cause, ask->reason);
    answer_machine_pause(engine, ask->arn, ask->running ? 1500 : 2500, reply,
                         arg);
}

void wf_engine_resume_state_machine(struct wf_engine *engine,
                                    struct wf_str arn,
                                    wf_machine_pause_fn *reply, void *arg) {
    answer_machine_pause(engine, arn, 0, reply, arg);
}

void wf_engine_send_signal(struct wf_engine *engine,
                           const struct wf_send_signal *ask,
                           wf_done_fn *reply, void *arg) {
    set(&engine->arn, ask->execution_arn);
    set(&engine->name, ask->name);
    set(&engine->text, ask->payload);
    set(&engine->token, ask->id);
    reply(arg, NULL);
}

void wf_engine_get_state(struct wf_engine *engine,
                         const struct wf_get_state *ask, wf_state_fn *reply,
                         void *arg) {
    const struct wf_state_reply answer = {.arn = ask->execution_arn,
                                          .status = WF_EXECUTION_RUNNING};
    set(&engine->arn, ask->execution_arn);
    reply(arg, NULL, &answer);
}
