/*
 * test_run.h - the part of TestState that is computed: all of it but a task
 * that is really run. A function of what it is given, made by a thread.
 */
#ifndef WF_TEST_RUN_H
#define WF_TEST_RUN_H

#include <stdatomic.h>

#include "machine.h"
#include "script.h"
#include "test_state.h"

/** How it stands after a step. */
enum wf_test_stand {
    WF_TEST_DONE,    /**< reply */
    WF_TEST_REFUSED, /**< exception, message */
    WF_TEST_TASK,    /**< A task is to be run; then wf_test_answered(). */
};

/** Of a task that is to be run. Owned. */
struct wf_test_task {
    struct wf_doc *parameters;
    int64_t timeout_s, heartbeat_s; /**< 0: none */
    struct wf_state_info info;      /**< Texts in `texts`. */
    struct wf_buf texts;
};

struct wf_test_run {
    /* Filled in before the first step; what they refer to outlives it. */
    struct wf_test_state ask;
    const struct wf_profile *profile;
    size_t payload_bytes;
    struct wf_script_context context; /**< But for documents and the state. */
    const atomic_bool *stop;

    /* Between steps. */
    struct wf_doc *input, *variables, *mocked, *mock_result;
    struct wf_test_task task;
    bool has_answer, answer_fails;
    struct wf_buf answer;       /**< Output of a task, JSON. */
    struct wf_failure failure;  /**< Or this; texts in `answer`. */
    struct wf_inspection inspection;

    enum wf_test_stand stand;
    const char *exception;
    struct wf_buf message;
    struct wf_test_state_reply reply; /**< Texts in `texts`. */
    struct wf_buf texts;
    uint64_t deadline_ns;
};

/** A step, on a thread: to the state's end, or to a task; again when that has
 * been answered. */
void wf_test_step(struct wf_test_run *run, struct wf_script *script);
/** The task's output (a text), or its failure: there is another step. */
void wf_test_answered(struct wf_test_run *run, struct wf_str output,
                      const struct wf_failure *failure);
/** Refuses it. */
void wf_test_refuse(struct wf_test_run *run, const char *exception,
                    const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** It ends with this failure, which no retrier or catcher gets. */
void wf_test_fail(struct wf_test_run *run, const struct wf_failure *failure);
void wf_test_run_free(struct wf_test_run *run);

/* ---- test_map.c ---- */
/**
 * The iterations of a Map that has decided to run some: its items, what each
 * gets, and what the request says of them. Returns false if they fail:
 * `failure`, texts in `text`; or the request is refused.
 */
bool wf_test_map(struct wf_test_run *run, struct wf_script *script,
                 const struct wf_script_call *call,
                 const struct wf_script_subject *subject,
                 const struct wf_decision *decision,
                 struct wf_failure *failure, struct wf_buf *text);

#endif
