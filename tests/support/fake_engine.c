/* fake_engine.c - see fake_engine.h. */
#include "fake_engine.h"

#include <stdlib.h>

struct fake_answer {
    void (*give)(struct wf_engine *engine, struct fake_answer *answer);
    union {
        wf_state_machine_fn *machine;
        wf_execution_fn *execution;
        wf_execution_list_fn *list;
        wf_history_fn *history;
        wf_events_fn *events;
    } fn;
    void *arg;
    struct fake_answer *next;
};

void fake_engine_init(struct wf_engine *engine) {
    *engine = (struct wf_engine){
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
    };
}

static void set(char **to, struct wf_str text) {
    free(*to);
    *to = text.data ? wf_strndup(text.data, text.len) : NULL;
}

void fake_engine_deinit(struct wf_engine *engine) {
    char **texts[] = {&engine->operation, &engine->arn,   &engine->name,
                      &engine->text,      &engine->role,  &engine->error,
                      &engine->cause,     &engine->token};
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

static void execution_asked(struct wf_engine *engine, const char *operation,
                            wf_execution_fn *reply, void *arg) {
    answer_with(engine, operation,
                (struct fake_answer){.give = give_execution,
                                     .fn.execution = reply,
                                     .arg = arg});
}

/* ---- engine.h ---- */

void wf_engine_create_state_machine(struct wf_engine *engine,
                                    const struct wf_create_state_machine *ask,
                                    wf_state_machine_fn *reply, void *arg) {
    set(&engine->name, ask->name);
    set(&engine->text, ask->definition);
    set(&engine->role, ask->role_arn);
    engine->express = ask->express;
    answer_with(engine, "create",
                (struct fake_answer){.give = give_machine,
                                     .fn.machine = reply,
                                     .arg = arg});
}

void wf_engine_describe_state_machine(struct wf_engine *engine,
                                      struct wf_str arn,
                                      wf_state_machine_fn *reply, void *arg) {
    set(&engine->arn, arn);
    answer_with(engine, "describe machine",
                (struct fake_answer){.give = give_machine,
                                     .fn.machine = reply,
                                     .arg = arg});
}

static void set_start(struct wf_engine *engine,
                      const struct wf_start_execution *ask) {
    set(&engine->arn, ask->state_machine_arn);
    set(&engine->name, ask->name);
    set(&engine->text, ask->input);
    set(&engine->token, ask->trace_header);
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

void wf_engine_list_executions(struct wf_engine *engine,
                               const struct wf_list_executions *ask,
                               wf_execution_list_fn *reply, void *arg) {
    set(&engine->arn, ask->state_machine_arn);
    set(&engine->token, ask->next_token);
    engine->status = ask->status;
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

const char *wf_execution_status_name(enum wf_execution_status status) {
    static const char *const names[] = {
        NULL,        "RUNNING", "SUCCEEDED",      "FAILED",
        "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"};
    return names[status];
}
