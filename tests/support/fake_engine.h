/*
 * fake_engine.h - an engine for tests of what stands in front of one: it
 * records what it was asked and answers what the test put in, at once or
 * when told to.
 */
#ifndef FAKE_ENGINE_H
#define FAKE_ENGINE_H

#include "engine.h"
#include "schedule.h"
#include "test_state.h"

struct fake_answer; /* one that is held back */

/** The real engine's struct is opaque: this is ours. */
struct wf_engine {
    /* What was asked last; texts are copies, ended by a NUL. */
    char *operation, *arn, *name, *text, *role, *error, *cause, *token;
    char *logging, *tracing, *encryption;
    char *tags; /* "key=value key=value ", or "key key " */
    bool express, reverse, is_exclusive;
    unsigned max_results;
    enum wf_execution_status status;
    enum wf_redrive_filter redriven;
    int64_t timeout_ms;
    uint64_t after;
    struct wf_update_map_run update; /* without texts */
    struct wf_test_state test;       /* numbers and flags; its texts: */
    char *test_texts;                /* "member=text\n" of those given */
    unsigned asked;
    struct wf_schedule_ask ask; /* name, group (as `arn`), target (`text`),
        expression (`error`), prefix (`cause`), client or next token */

    /* What is answered. */
    struct wf_refusal refusal; /* exception NULL: none */
    struct wf_state_machine_reply machine;
    const struct wf_diagnostic *diagnostics;
    size_t diagnostic_count;
    struct wf_execution_reply execution;
    struct wf_schedule_reply schedules;
    struct wf_map_run_reply map_run;
    struct wf_test_state_reply tested;
    const struct wf_history_event *events;
    size_t event_count;
    struct wf_str next_token;
    bool hold; /* keep answers until fake_engine_answer() */
    struct fake_answer *held;
};

/** A running execution "e" of state machine "m", and a history of none. */
void fake_engine_init(struct wf_engine *engine);
void fake_engine_deinit(struct wf_engine *engine);
/** Answers everything that was held back, oldest first. */
void fake_engine_answer(struct wf_engine *engine);

/* ---- for the rest of it: fake_engine_tasks.c ---- */

/** Notes what was asked; the answer is that it was done, or the refusal. */
void fake_engine_done(struct wf_engine *engine, const char *operation,
                      wf_done_fn *reply, void *arg);

#endif
