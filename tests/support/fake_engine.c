/* fake_engine.c - see fake_engine.h. */
#include "fake_engine.h"

#include "notifications.h"

#include <stdlib.h>

#include "offload.h"

struct fake_answer {
    void (*give)(struct wf_engine *engine, struct fake_answer *answer);
    union {
        wf_state_machine_fn *machine;
        wf_state_machine_list_fn *machines;
        wf_done_fn *done;
        wf_tags_fn *tags;
        wf_execution_fn *execution;
        wf_execution_list_fn *list;
        wf_history_fn *history;
        wf_events_fn *events;
        wf_map_run_fn *map_run;
        wf_map_run_list_fn *map_runs;
    } fn;
    void *arg;
    struct fake_answer *next;
};

static const struct wf_schedule fake_schedule = {
    .group = WF_STR("g"),
    .name = WF_STR("s"),
    .expression = WF_STR("rate(1 day)"),
    .target = WF_STR("{\"Arn\":\"a\"}"),
};
static const struct wf_schedule_group fake_group = {.name = WF_STR("g")};

void fake_engine_init(struct wf_engine *engine) {
    static const struct wf_inspection nothing_seen;
    *engine = (struct wf_engine){
        .schedules = {.arn = WF_STR("arn:s"),
                      .schedules = &fake_schedule,
                      .groups = &fake_group},
        .machine =
            {
                .arn = WF_STR("arn:aws:states:us-east-1:000000000000:"
                              "stateMachine:m"),
                .name = WF_STR("m"),
                .definition = WF_STR("{\"StartAt\":\"A\"}"),
                .role_arn = WF_STR("arn:aws:iam::000000000000:role/r"),
                .creation_ms = 1704067200123,
            },
        .execution =
            {
                .arn = WF_STR("arn:aws:states:us-east-1:000000000000:"
                              "execution:m:e"),
                .name = WF_STR("e"),
                .state_machine_arn = WF_STR("arn:aws:states:us-east-1:"
                                            "000000000000:stateMachine:m"),
                .status = WF_EXECUTION_RUNNING,
                .start_ms = 1704067200456,
                .input = WF_STR("{\"a\": 1}"),
            },
        .tested = {.inspection = &nothing_seen},
    };
}

static void set(char **to, struct wf_str text) {
    free(*to);
    *to = text.data ? wf_strndup(text.data, text.len) : NULL;
}

void fake_engine_deinit(struct wf_engine *engine) {
    char **texts[] = {&engine->operation, &engine->arn,   &engine->name,
                      &engine->text,      &engine->role,  &engine->error,
                      &engine->cause,     &engine->token, &engine->logging,
                      &engine->tracing,   &engine->encryption,
                      &engine->test_texts,
                      &engine->tags};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        set(texts[i], WF_STR_NULL);
    while (engine->held) {
        struct fake_answer *next = engine->held->next;
        free(engine->held);
        engine->held = next;
    }
}

static const struct wf_refusal *refusal_of(struct wf_engine *engine) {
    return engine->refusal.exception ? &engine->refusal : NULL;
}

static void give_machine(struct wf_engine *engine,
                         struct fake_answer *answer) {
    const struct wf_refusal *refusal = refusal_of(engine);
    answer->fn.machine(answer->arg, refusal,
                       refusal ? NULL : &engine->machine);
}

static void give_machines(struct wf_engine *engine,
                          struct fake_answer *answer) {
    const struct wf_refusal *refusal = refusal_of(engine);
    answer->fn.machines(answer->arg, refusal, &engine->machine,
                        refusal ? 0 : 1, engine->next_token);
}

static void give_done(struct wf_engine *engine, struct fake_answer *answer) {
    answer->fn.done(answer->arg, refusal_of(engine));
}

static void give_tags(struct wf_engine *engine, struct fake_answer *answer) {
    static const struct wf_tag tags[] = {{{"k", 1}, {"v", 1}},
                                         {{"k2", 2}, {"", 0}}};
    const struct wf_refusal *refusal = refusal_of(engine);
    answer->fn.tags(answer->arg, refusal, tags, refusal ? 0 : 2);
}

static void give_execution(struct wf_engine *engine,
                           struct fake_answer *answer) {
    const struct wf_refusal *refusal = refusal_of(engine);
    answer->fn.execution(answer->arg, refusal,
                         refusal ? NULL : &engine->execution);
}

static void give_list(struct wf_engine *engine, struct fake_answer *answer) {
    const struct wf_refusal *refusal = refusal_of(engine);
    answer->fn.list(answer->arg, refusal, refusal ? NULL : &engine->execution,
                    refusal ? 0 : 1, engine->next_token);
}

static void give_history(struct wf_engine *engine,
                         struct fake_answer *answer) {
    const struct wf_refusal *refusal = refusal_of(engine);
    answer->fn.history(answer->arg, refusal, refusal ? NULL : engine->events,
                       refusal ? 0 : engine->event_count, engine->next_token);
}

static void give_events(struct wf_engine *engine, struct fake_answer *answer) {
    const struct wf_refusal *refusal = refusal_of(engine);
    answer->fn.events(answer->arg, refusal, refusal ? NULL : engine->events,
                      refusal ? 0 : engine->event_count,
                      engine->execution.status);
}

static void give_map_run(struct wf_engine *engine,
                         struct fake_answer *answer) {
    const struct wf_refusal *refusal = refusal_of(engine);
    answer->fn.map_run(answer->arg, refusal,
                       refusal ? NULL : &engine->map_run);
}

static void give_map_runs(struct wf_engine *engine,
                          struct fake_answer *answer) {
    const struct wf_refusal *refusal = refusal_of(engine);
    answer->fn.map_runs(answer->arg, refusal, &engine->map_run,
                        refusal ? 0 : 1, engine->next_token);
}

static void answer_with(struct wf_engine *engine, const char *operation,
                        struct fake_answer answer) {
    set(&engine->operation, wf_str(operation));
    engine->asked++;
    if (!engine->hold) {
        answer.give(engine, &answer);
        return;
    }
    struct fake_answer **last = &engine->held;
    while (*last)
        last = &(*last)->next;
    *last = wf_malloc(sizeof(answer));
    **last = answer;
}

void fake_engine_answer(struct wf_engine *engine) {
    while (engine->held) {
        struct fake_answer *answer = engine->held;
        engine->held = answer->next;
        answer->give(engine, answer);
        free(answer);
    }
}

/* What the status says, unless the test does. */
static void set_redrive(struct wf_execution_reply *execution) {
    bool is_running = execution->status == WF_EXECUTION_RUNNING;
    if (execution->redrive_status != WF_REDRIVE_UNKNOWN &&
        !execution->redrive_reason)
        return;
    execution->redrive_status = WF_REDRIVE_REDRIVABLE;
    execution->redrive_reason = NULL;
    if (!is_running && execution->status != WF_EXECUTION_SUCCEEDED)
        return;
    execution->redrive_status = WF_REDRIVE_NOT_REDRIVABLE;
    execution->redrive_reason =
        is_running ? "Execution is RUNNING and cannot be redriven"
                   : "Execution is SUCCEEDED and cannot be redriven";
}

static void execution_asked(struct wf_engine *engine, const char *operation,
                            wf_execution_fn *reply, void *arg) {
    set_redrive(&engine->execution);
    answer_with(engine, operation,
                (struct fake_answer){.give = give_execution,
                                     .fn.execution = reply,
                                     .arg = arg});
}

/* ---- engine.h ---- */

static void machine_asked(struct wf_engine *engine, const char *operation,
                          wf_state_machine_fn *reply, void *arg) {
    answer_with(engine, operation,
                (struct fake_answer){.give = give_machine,
                                     .fn.machine = reply,
                                     .arg = arg});
}

void fake_engine_done(struct wf_engine *engine, const char *operation,
                      wf_done_fn *reply, void *arg) {
    answer_with(engine, operation,
                (struct fake_answer){.give = give_done,
                                     .fn.done = reply,
                                     .arg = arg});
}

static void set_settings(struct wf_engine *engine,
                         const struct wf_state_machine_settings *settings) {
    set(&engine->logging, settings->logging);
    set(&engine->tracing, settings->tracing);
    set(&engine->encryption, settings->encryption);
}

static void set_tags(struct wf_engine *engine, const struct wf_tag *tags,
                     size_t count) {
    struct wf_buf text = {0};
    for (size_t i = 0; i < count; i++) {
        wf_buf_addstr(&text, tags[i].key);
        wf_buf_u8(&text, '=');
        wf_buf_addstr(&text, tags[i].value);
        wf_buf_u8(&text, ' ');
    }
    set(&engine->tags, (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
}

void wf_engine_create_state_machine(struct wf_engine *engine,
                                    const struct wf_create_state_machine *ask,
                                    wf_state_machine_fn *reply, void *arg) {
    set(&engine->name, ask->name);
    set(&engine->text, ask->definition);
    set(&engine->role, ask->role_arn);
    set_settings(engine, &ask->settings);
    set(&engine->cause, ask->publish ? ask->version_description : WF_STR_NULL);
    set_tags(engine, ask->tags, ask->tag_count);
    engine->express = ask->express;
    machine_asked(engine, "create", reply, arg);
}

void wf_engine_update_state_machine(struct wf_engine *engine,
                                    const struct wf_update_state_machine *ask,
                                    wf_state_machine_fn *reply, void *arg) {
    set(&engine->arn, ask->arn);
    set(&engine->text, ask->definition);
    set(&engine->role, ask->role_arn);
    set_settings(engine, &ask->settings);
    set(&engine->cause, ask->publish ? ask->version_description : WF_STR_NULL);
    machine_asked(engine, "update", reply, arg);
}

void wf_engine_describe_state_machine(struct wf_engine *engine,
                                      struct wf_str arn,
                                      wf_state_machine_fn *reply, void *arg) {
    set(&engine->arn, arn);
    machine_asked(engine, "describe machine", reply, arg);
}

void wf_engine_describe_state_machine_for_execution(
    struct wf_engine *engine, struct wf_str execution_arn,
    wf_state_machine_fn *reply, void *arg) {
    set(&engine->arn, execution_arn);
    machine_asked(engine, "describe machine for execution", reply, arg);
}

void wf_engine_delete_state_machine(struct wf_engine *engine,
                                    struct wf_str arn, wf_done_fn *reply,
                                    void *arg) {
    set(&engine->arn, arn);
    fake_engine_done(engine, "delete", reply, arg);
}

void wf_engine_list_state_machines(struct wf_engine *engine,
                                   const struct wf_list_state_machines *ask,
                                   wf_state_machine_list_fn *reply,
                                   void *arg) {
    set(&engine->token, ask->next_token);
    engine->max_results = ask->max_results;
    answer_with(engine, "list machines",
                (struct fake_answer){.give = give_machines,
                                     .fn.machines = reply,
                                     .arg = arg});
}

void wf_engine_validate_definition(struct wf_engine *engine,
                                   struct wf_str definition, bool express,
                                   wf_diagnostics_fn *reply, void *arg) {
    set(&engine->operation, WF_STR("validate"));
    set(&engine->text, definition);
    engine->express = express;
    engine->asked++;
    reply(arg, engine->diagnostics, engine->diagnostic_count);
}

void wf_engine_layout_graph(struct wf_engine *engine,
                            const struct wf_layout_graph *ask,
                            wf_layout_fn *reply, void *arg) {
    set(&engine->operation, WF_STR("layout"));
    set(&engine->text, ask->definition);
    set(&engine->arn, ask->arn);
    engine->asked++;
    reply(arg, engine->refusal.exception ? &engine->refusal : NULL,
          WF_STR("{\"width\":1}"));
}

static void add_text(struct wf_buf *out, const char *name,
                     struct wf_str text) {
    if (!text.data)
        return;
    wf_buf_addf(out, "%s=", name);
    wf_buf_addstr(out, text);
    wf_buf_u8(out, '\n');
}

void wf_engine_test_state(struct wf_engine *engine,
                          const struct wf_test_state *ask,
                          wf_test_state_fn *reply, void *arg) {
    struct wf_buf texts = {0};
    set(&engine->operation, WF_STR("test"));
    engine->test = *ask;
    add_text(&texts, "definition", ask->definition);
    add_text(&texts, "stateName", ask->state_name);
    add_text(&texts, "roleArn", ask->role_arn);
    add_text(&texts, "input", ask->input);
    add_text(&texts, "variables", ask->variables);
    add_text(&texts, "result", ask->mock_result);
    add_text(&texts, "error", ask->mock_error);
    add_text(&texts, "cause", ask->mock_cause);
    add_text(&texts, "mode", ask->mock_mode);
    add_text(&texts, "context", ask->context);
    add_text(&texts, "causedBy", ask->caused_by);
    add_text(&texts, "readerData", ask->reader_data);
    set(&engine->test_texts, (struct wf_str){texts.data, texts.len});
    wf_buf_free(&texts);
    engine->asked++;
    reply(arg, engine->refusal.exception ? &engine->refusal : NULL,
          &engine->tested);
}

void wf_engine_tag_resource(struct wf_engine *engine, struct wf_str arn,
                            const struct wf_tag *tags, size_t count,
                            wf_done_fn *reply, void *arg) {
    set(&engine->arn, arn);
    set_tags(engine, tags, count);
    fake_engine_done(engine, "tag", reply, arg);
}

void wf_engine_untag_resource(struct wf_engine *engine, struct wf_str arn,
                              const struct wf_str *keys, size_t count,
                              wf_done_fn *reply, void *arg) {
    struct wf_buf text = {0};
    for (size_t i = 0; i < count; i++) {
        wf_buf_addstr(&text, keys[i]);
        wf_buf_u8(&text, ' ');
    }
    set(&engine->arn, arn);
    set(&engine->tags, (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
    fake_engine_done(engine, "untag", reply, arg);
}

void wf_engine_list_tags(struct wf_engine *engine, struct wf_str arn,
                         wf_tags_fn *reply, void *arg) {
    set(&engine->arn, arn);
    answer_with(engine, "list tags",
                (struct fake_answer){.give = give_tags,
                                     .fn.tags = reply,
                                     .arg = arg});
}

static void set_start(struct wf_engine *engine,
                      const struct wf_start_execution *ask) {
    set(&engine->arn, ask->state_machine_arn);
    set(&engine->name, ask->name);
    set(&engine->text, ask->input);
    set(&engine->token, ask->trace_header);
    engine->is_exclusive = ask->is_exclusive;
}

void wf_engine_shape_input(struct wf_engine *engine, struct wf_str definition,
                           struct wf_str input, wf_shaped_fn *reply,
                           void *arg) {
    const struct wf_refusal *refusal = refusal_of(engine);
    set(&engine->error, definition);
    set(&engine->cause, input);
    reply(arg, refusal, WF_STR("{\"shaped\":1}"));
}

void wf_engine_start_execution(struct wf_engine *engine,
                               const struct wf_start_execution *ask,
                               wf_execution_fn *reply, void *arg) {
    set_start(engine, ask);
    execution_asked(engine, "start", reply, arg);
}

void wf_engine_start_sync_execution(struct wf_engine *engine,
                                    const struct wf_start_execution *ask,
                                    wf_execution_fn *reply, void *arg) {
    set_start(engine, ask);
    execution_asked(engine, "start sync", reply, arg);
}

void wf_engine_describe_execution(struct wf_engine *engine, struct wf_str arn,
                                  wf_execution_fn *reply, void *arg) {
    set(&engine->arn, arn);
    execution_asked(engine, "describe", reply, arg);
}

void wf_engine_wait_for_execution(struct wf_engine *engine, struct wf_str arn,
                                  int64_t timeout_ms, wf_execution_fn *reply,
                                  void *arg) {
    set(&engine->arn, arn);
    engine->timeout_ms = timeout_ms;
    execution_asked(engine, "wait", reply, arg);
}

void wf_engine_stop_execution(struct wf_engine *engine, struct wf_str arn,
                              struct wf_str error, struct wf_str cause,
                              wf_execution_fn *reply, void *arg) {
    set(&engine->arn, arn);
    set(&engine->error, error);
    set(&engine->cause, cause);
    execution_asked(engine, "stop", reply, arg);
}

void wf_engine_redrive_execution(struct wf_engine *engine,
                                 const struct wf_redrive_execution *ask,
                                 wf_redriven_fn *reply, void *arg) {
    const struct wf_redriven_reply redriven = {
        .is_redrivable = true,
        .redrive_ms = engine->execution.redrive_ms,
    };
    set(&engine->operation, WF_STR("redrive"));
    set(&engine->arn, ask->execution_arn);
    set(&engine->token, ask->client_token);
    engine->asked++;
    reply(arg, engine->refusal.exception ? &engine->refusal : NULL,
          &redriven);
}

void wf_engine_fork_execution(struct wf_engine *engine,
                              const struct wf_fork_execution *ask,
                              wf_forked_fn *reply, void *arg) {
    const struct wf_forked_reply forked = {
        .is_forkable = true,
        .arn = engine->execution.arn,
        .start_ms = engine->execution.start_ms,
    };
    set(&engine->operation, WF_STR("fork"));
    set(&engine->arn, ask->execution_arn);
    set(&engine->name, ask->name);
    engine->asked++;
    reply(arg, engine->refusal.exception ? &engine->refusal : NULL, &forked);
}

void wf_engine_list_executions(struct wf_engine *engine,
                               const struct wf_list_executions *ask,
                               wf_execution_list_fn *reply, void *arg) {
    set(&engine->arn, ask->map_run_arn.data ? ask->map_run_arn
                                           : ask->state_machine_arn);
    set(&engine->token, ask->next_token);
    engine->status = ask->status;
    engine->redriven = ask->redriven;
    engine->max_results = ask->max_results;
    answer_with(
        engine, "list",
        (struct fake_answer){.give = give_list, .fn.list = reply, .arg = arg});
}

void wf_engine_get_history(struct wf_engine *engine,
                           const struct wf_get_history *ask,
                           wf_history_fn *reply, void *arg) {
    set(&engine->arn, ask->execution_arn);
    set(&engine->token, ask->next_token);
    engine->reverse = ask->reverse;
    engine->max_results = ask->max_results;
    answer_with(engine, "history",
                (struct fake_answer){.give = give_history,
                                     .fn.history = reply,
                                     .arg = arg});
}

void wf_engine_wait_for_events(struct wf_engine *engine,
                               const struct wf_wait_for_events *ask,
                               wf_events_fn *reply, void *arg) {
    set(&engine->arn, ask->execution_arn);
    engine->after = ask->after;
    engine->max_results = ask->max_results;
    engine->timeout_ms = ask->timeout_ms;
    answer_with(engine, "wait for events",
                (struct fake_answer){.give = give_events,
                                     .fn.events = reply,
                                     .arg = arg});
}

void wf_engine_stats(const struct wf_engine *engine,
                     struct wf_engine_stats *stats) {
    *stats = (struct wf_engine_stats){.transitions = engine->asked,
                                      .tasks_in_flight = 7};
}

void wf_engine_start_backup(struct wf_engine *engine, struct wf_str directory,
                            wf_done_fn *reply, void *arg) {
    (void)engine, (void)directory;
    reply(arg, NULL);
}

void wf_engine_describe_backup(struct wf_engine *engine, wf_backup_fn *reply,
                               void *arg) {
    struct wf_backup_reply answer = {.directory = WF_STR("/copy"),
                                     .status = "FAILED",
                                     .start_ms = 1704067200123,
                                     .stop_ms = 1704067201123,
                                     .rows = 3,
                                     .bytes = 4,
                                     .error = WF_STR("no room")};
    (void)engine;
    reply(arg, NULL, &answer);
}

void wf_engine_list_notification_targets(struct wf_engine *engine,
                                         wf_notification_stands_fn *reply,
                                         void *arg) {
    const struct wf_notification_stand stand = {
        .id = WF_STR("ops"), .url = WF_STR("https://ops.example.com/"),
        .queued = 2, .dead = 3, .delivered = 4, .failures = 5,
        .failed_ms = 1704067200123, .error = WF_STR("HTTP status 500")};
    (void)engine;
    reply(arg, NULL, &stand, 1);
}

void wf_engine_list_dead_letters(struct wf_engine *engine,
                                 struct wf_str target, unsigned most,
                                 struct wf_str next_token,
                                 wf_dead_letters_fn *reply, void *arg) {
    const struct wf_dead_letter letter = {
        .id = "b0", .execution_arn = WF_STR("arn"), .name = WF_STR("one"),
        .status = WF_EXECUTION_FAILED, .time_ms = 1704067200123,
        .attempts = most, .reason = target};
    const struct wf_dead_letters letters = {&letter, 1, next_token};
    (void)engine;
    reply(arg, NULL, &letters);
}

void wf_engine_resend_dead_letters(struct wf_engine *engine,
                                   struct wf_str target, bool discard,
                                   wf_dead_letters_done_fn *reply,
                                   void *arg) {
    (void)engine, (void)target;
    reply(arg, NULL, discard ? 2 : 1);
}

void wf_engine_store_stats(const struct wf_engine *engine,
                           struct wf_store_stats *stats) {
    (void)engine;
    *stats = (struct wf_store_stats){.file_bytes = 8192,
                                     .commit_ns = 1500000000};
}

const char *wf_execution_status_name(enum wf_execution_status status) {
    static const char *const names[] = {
        NULL,        "RUNNING", "SUCCEEDED",      "FAILED",
        "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"};
    return names[status];
}

void wf_engine_offload(struct wf_engine *engine, struct wf_job *job) {
    (void)engine;
    atomic_init(&job->cancelled, false);
    job->work(job);
    job->done(job);
}

void wf_engine_describe_map_run(struct wf_engine *engine, struct wf_str arn,
                                wf_map_run_fn *reply, void *arg) {
    set(&engine->arn, arn);
    answer_with(engine, "describe run",
                (struct fake_answer){.give = give_map_run,
                                     .fn.map_run = reply,
                                     .arg = arg});
}

void wf_engine_list_map_runs(struct wf_engine *engine,
                             const struct wf_list_map_runs *ask,
                             wf_map_run_list_fn *reply, void *arg) {
    set(&engine->arn, ask->execution_arn);
    set(&engine->token, ask->next_token);
    engine->max_results = ask->max_results;
    answer_with(engine, "list runs",
                (struct fake_answer){.give = give_map_runs,
                                     .fn.map_runs = reply,
                                     .arg = arg});
}

void wf_engine_update_map_run(struct wf_engine *engine,
                              const struct wf_update_map_run *ask,
                              wf_done_fn *reply, void *arg) {
    set(&engine->arn, ask->map_run_arn);
    engine->update = *ask;
    fake_engine_done(engine, "update run", reply, arg);
}

/* ---- schedules ---- */

void wf_engine_schedule(struct wf_engine *engine,
                        const struct wf_schedule_ask *ask,
                        wf_schedule_fn *reply, void *arg) {
    const struct wf_refusal *refusal = refusal_of(engine);
    const struct wf_schedule *schedule = &ask->schedule;
    struct wf_buf tags = {0};
    engine->asked++;
    engine->ask = *ask; /* its numbers; texts are copied */
    set(&engine->name, schedule->name);
    set(&engine->arn, schedule->group);
    set(&engine->text, schedule->target);
    set(&engine->error, schedule->expression);
    set(&engine->cause, ask->prefix);
    set(&engine->token, schedule->client_token.data ? schedule->client_token
                                                    : ask->next_token);
    for (size_t i = 0; i < ask->tag_count; i++)
        wf_buf_addf(&tags, "%.*s=%.*s ", (int)ask->tags[i].key.len,
                    ask->tags[i].key.data, (int)ask->tags[i].value.len,
                    ask->tags[i].value.data);
    for (size_t i = 0; i < ask->key_count; i++)
        wf_buf_addf(&tags, "%.*s ", (int)ask->keys[i].len,
                    ask->keys[i].data);
    set(&engine->tags, (struct wf_str){tags.data, tags.len});
    wf_buf_free(&tags);
    reply(arg, refusal, refusal ? NULL : &engine->schedules);
}

void wf_schedule_arn(struct wf_engine *engine, struct wf_str group,
                     struct wf_str name, struct wf_buf *out) {
    (void)engine;
    wf_buf_addf(out, "arn:%.*s/%.*s", (int)group.len, group.data,
                (int)name.len, name.data);
}

void wf_schedule_group_arn(struct wf_engine *engine, struct wf_str name,
                           struct wf_buf *out) {
    (void)engine;
    wf_buf_addf(out, "arn:%.*s", (int)name.len, name.data);
}
