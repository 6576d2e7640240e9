/*
 * api_call.h - one call of an operation, without HTTP: from the target and
 * the body to the response's status and JSON.
 *
 * An operation is a row of a table: its name, its members (type, whether
 * required, limits) and a function. The body is parsed and checked against
 * the members before the function runs, so that the function sees values of
 * the right type and within their limits, and all complaints have AWS's
 * words. The tables hold what AWS's model of the API says.
 *
 * A function asks the engine, with the call as argument, and its callback
 * writes the response into call->out and ends with wf_api_done(), or
 * wf_api_refused().
 */
#ifndef WF_API_CALL_H
#define WF_API_CALL_H

#include "engine.h"

struct wf_api_call;

/** The response is complete; the call is not touched any more. */
typedef void wf_api_done_fn(struct wf_api_call *call, unsigned status);

/** Filled in by whoever starts a call; small, so that it fits a request's
 * scratch memory. */
struct wf_api_call {
    struct wf_engine *engine;
    struct wf_buf *out; /**< Borrowed, empty: receives the response. */
    wf_api_done_fn *done;
    void *arg;          /**< The starter's. */
    unsigned options;   /**< The operation's own. */
};

/** Runs the operation `target` names; `done` is called now or later. Target
 * and body are borrowed during this function. */
void wf_api_call_run(struct wf_api_call *call, struct wf_str target,
                     struct wf_str body);

/* ---- for the operations ---- */

enum wf_api_type {
    WF_API_STRING,
    WF_API_INTEGER,
    WF_API_BOOLEAN,
    WF_API_STRUCTURE, /**< Only its kind is checked. */
    WF_API_LIST,      /**< As above. */
};

enum wf_api_flag {
    WF_API_REQUIRED = 1,
    WF_API_SENSITIVE = 2, /**< Complaints do not repeat the value. */
    WF_API_ASCII = 4,     /**< The pattern \p{ASCII}* */
    WF_API_ARN = 8,       /**< InvalidArn unless it begins with "arn:" */
};

struct wf_api_member {
    const char *name;
    enum wf_api_type type;
    unsigned flags;          /**< enum wf_api_flag */
    uint32_t min, max;       /**< Characters, or the number; max 0: none. */
    const char *const *choices; /**< Of an enum; NULL-terminated; or NULL. */
};

struct wf_api_value {
    bool given;
    struct wf_str text; /**< WF_API_STRING; data NULL if not given. */
    int64_t integer;    /**< WF_API_INTEGER; 0 if not given. */
    bool boolean;       /**< WF_API_BOOLEAN; false if not given. */
};

#define WF_API_MEMBERS_MAX 12

/** `values` has the order of the members; borrowed until it returns. */
typedef void wf_api_fn(struct wf_api_call *call,
                       const struct wf_api_value *values);

struct wf_api_operation {
    const char *target; /**< "AWSStepFunctions.StartExecution" */
    const struct wf_api_member *members; /**< Ended by a NULL name. */
    wf_api_fn *run;
};

/** Ended by a NULL target. */
extern const struct wf_api_operation wf_api_executions[];
extern const struct wf_api_operation wf_api_state_machines[];
extern const struct wf_api_operation wf_api_events[];

/** Ends a call with 200 and what stands in call->out. */
void wf_api_done(struct wf_api_call *call);
/** Ends a call with an exception; what stands in call->out is dropped. */
void wf_api_fail(struct wf_api_call *call, const char *exception,
                 struct wf_str message);
void wf_api_refused(struct wf_api_call *call,
                    const struct wf_refusal *refusal);

/** Compares a given text with a literal. */
bool wf_api_is(const struct wf_api_value *value, const char *text);

#endif
