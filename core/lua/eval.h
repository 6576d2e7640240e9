/*
 * eval.h - expressions on their own, for `moonstep eval`.
 *
 * Evaluating is Lua (lua/jsonata/command.lua, lua/jsonata/lines.lua), run in
 * the sandbox of a script state.
 */
#ifndef WF_EVAL_H
#define WF_EVAL_H

#include "script.h"

/** Borrowed texts; those that are absent have no data. */
struct wf_eval {
    struct wf_str expression;
    struct wf_str language; /**< "JSONata" or "JSONPath" */
    struct wf_str input;    /**< JSON; absent: undefined. */
    struct wf_str bindings; /**< A JSON object: variables by name. */
};

/**
 * Appends the result as JSON for people, nothing if it is undefined. -1 and
 * WF_E_INVALID: `result` has the message, lines that show the place included.
 */
int wf_eval_expression(struct wf_script *script, const struct wf_eval *eval,
                       struct wf_buf *result, struct wf_error *err);
/** Appends the answer to a request, a line of JSON without its end. */
int wf_eval_line(struct wf_script *script, struct wf_str line,
                 struct wf_buf *answer, struct wf_error *err);

#endif
