/*
 * test_state.h - TestState: what one state makes of an input, without an
 * execution.
 *
 * The state's script decides, as always, with an inspection (inspection.h)
 * that collects the stages. What a decision asks for is mocked, or, of a Task,
 * done; a wait is over at once. Nothing is stored.
 *
 *   the loop              a thread                  the loop
 *   request ──copied──▶ entered, mocked, left ──▶ reply
 *                         │ a task, no mock
 *                         └──────────────────▶ pool ──▶ a thread: left ──▶ …
 */
#ifndef WF_TEST_STATE_H
#define WF_TEST_STATE_H

#include "doc.h"
#include "engine.h"
#include "inspection.h"

/** Texts with data NULL, and numbers below 0, are not given. */
struct wf_test_state {
    struct wf_str definition; /**< Of a state; of a machine if the state has */
    struct wf_str state_name; /**< this name in it. */
    struct wf_str role_arn, input, variables;
    bool has_mock, mock_fails; /**< By errorOutput. */
    struct wf_str mock_result, mock_error, mock_cause, mock_mode;
    struct wf_str context;
    bool reveals_secrets;
    struct wf_str caused_by, reader_data;
    int64_t retries, failures;
};

enum wf_test_status {
    WF_TEST_SUCCEEDED,
    WF_TEST_FAILED,
    WF_TEST_RETRIABLE,
    WF_TEST_CAUGHT_ERROR,
};

struct wf_test_state_reply {
    enum wf_test_status status;
    struct wf_doc *output;      /**< NULL: none. */
    bool has_error, has_cause;
    struct wf_str error, cause;
    struct wf_str next_state;   /**< Empty: none. */
    const struct wf_inspection *inspection;
    int64_t backoff_s;          /**< RETRIABLE: until the next attempt. */
};
typedef void wf_test_state_fn(void *arg, const struct wf_refusal *refusal,
                              const struct wf_test_state_reply *reply);
/** Exceptions: InvalidDefinition, InvalidExecutionInput,
 * ValidationException. */
void wf_engine_test_state(struct wf_engine *engine,
                          const struct wf_test_state *ask,
                          wf_test_state_fn *reply, void *arg);

#endif
