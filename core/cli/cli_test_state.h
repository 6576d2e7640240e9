/*
 * cli_test_state.h - `moonstep test-state`: the call, and who answers it.
 */
#ifndef WF_CLI_TEST_STATE_H
#define WF_CLI_TEST_STATE_H

#include "cli.h"
#include "doc.h"

#define WF_TEST_STATE_TARGET "AWSStepFunctions.TestState"

/** As wf_cli_call(), but an engine that is started for this call, with a
 * temporary store, answers. `file` is where the definition comes from. */
int wf_cli_test_in_process(const struct wf_options *options, const char *file,
                           struct wf_str body, struct wf_doc **reply);

#endif
