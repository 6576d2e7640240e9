/*
 * api_call.h - one call of an operation, without HTTP: from the target and
 * the body to the response's status and JSON.
 *
 * An operation is a row of a table: its name and a function. The body is
 * parsed and checked against the model of the API (api_model.h) before the
 * function runs, so that the function sees values of the right type and
 * within their limits, and all complaints have AWS's words.
 *
 * A function asks the engine, with the call as argument, and its callback
 * writes the response into call->out and ends with wf_api_done(), or
 * wf_api_refused().
 *
 * The row also says which right the operation asks for (role.h), and so
 * whether it changes something, which the audit log gets to know.
 */
#ifndef WF_API_CALL_H
#define WF_API_CALL_H

#include "doc.h"
#include "engine.h"
#include "metrics.h"
#include "profile.h"
#include "role.h"

struct wf_api_call;
struct wf_api_request;
struct wf_api_route;
struct wf_api_trail;
struct wf_audit;
struct wf_search_executions;
struct wf_triggers;

/** Who calls. All-zero may nothing. */
struct wf_api_caller {
    wf_rights rights;
    const char *key; /**< The id of it; NULL: nobody signs here. */
    uid_t uid;       /**< The local user, */
    bool has_uid;    /**< if that was looked at. */
};

/** Why a request is no call. */
struct wf_api_no {
    const char *exception;
    char message[512];
};

/** The response is complete; the call is not touched any more. */
typedef void wf_api_done_fn(struct wf_api_call *call, unsigned status);

/** Filled in by whoever starts a call; small, so that it fits a request's
 * scratch memory. */
struct wf_api_call {
    struct wf_engine *engine;
    const struct wf_profile *profile; /**< Limits of requests. */
    struct wf_metrics *metrics; /**< Borrowed; `http` is up to date. */
    struct wf_buf *out; /**< Borrowed, empty: receives the response. */
    wf_api_done_fn *done;
    void *arg;          /**< The starter's. */
    /** Whether the starter can still be answered; NULL: yes. */
    bool (*is_there)(struct wf_api_call *call);
    unsigned options;   /**< The operation's own. */
    unsigned limit;     /**< As well. */
    const struct wf_api_route *route; /**< Of a REST API; else NULL. */
    struct wf_api_caller caller; /**< Its texts: until a body is read. */
    struct wf_audit *audit;      /**< NULL: there is no log. */
    struct wf_triggers *triggers; /**< NULL: there are none. */
    struct wf_api_trail *trail;  /**< What the log will say; or NULL. */
    char request_id[37];
    const char *exception; /**< That it has ended with. */
    const char *operation; /**< Set by wf_api_call_run(); NULL: unknown. */
    uint64_t begun_ns;     /**< The same. */
};

/** Runs the operation `target` names; `done` is called now or later. The
 * target is borrowed during this function, the body until `done`: a large one
 * is parsed by a thread. */
void wf_api_call_run(struct wf_api_call *call, struct wf_str target,
                     struct wf_str body);

/* ---- for the operations ---- */

/** What the call asks for is borrowed until the function returns. */
typedef void wf_api_fn(struct wf_api_call *call,
                       struct wf_api_request *request);

struct wf_api_operation {
    const char *name; /**< "StartExecution" */
    wf_api_fn *run;
    enum wf_right right; /**< It asks for. */
};

/** AWS's; each ends with a NULL name. */
extern const struct wf_api_operation wf_api_executions[];
extern const struct wf_api_operation wf_api_state_machines[];
extern const struct wf_api_operation wf_api_tags[];
extern const struct wf_api_operation wf_api_map_runs[];
extern const struct wf_api_operation wf_api_tasks[];
extern const struct wf_api_operation wf_api_versions[];
extern const struct wf_api_operation wf_api_backup[];
extern const struct wf_api_operation wf_api_test_state[];
extern const struct wf_api_operation wf_api_activities[];
/** Ours, behind the prefix "Moonstep." */
extern const struct wf_api_operation wf_api_own[];
extern const struct wf_api_operation wf_api_events[];
extern const struct wf_api_operation wf_api_graph[];
extern const struct wf_api_operation wf_api_search[];
extern const struct wf_api_operation wf_api_pause[];
extern const struct wf_api_operation wf_api_bulk[];
extern const struct wf_api_operation wf_api_redrive[];
extern const struct wf_api_operation wf_api_triggers[];
extern const struct wf_api_operation wf_api_notifications[];
extern const struct wf_api_operation wf_api_inspect[];
/** EventBridge Scheduler's, and what we add to them. */
extern const struct wf_api_operation wf_api_schedules[];

/** A member of the request. False: it is not given, or null. */
bool wf_api_value(struct wf_api_request *request, const char *member,
                  struct wf_value *value);
/** Its characters; data NULL: not given. */
struct wf_str wf_api_text(struct wf_api_request *request, const char *member);
/** The memory that such a text alone has, for who may take it; or NULL. */
struct wf_buf *wf_api_buf(struct wf_api_request *request, struct wf_str text);
/** The characters of a string somewhere inside. */
struct wf_str wf_api_characters(struct wf_api_request *request,
                                struct wf_value string);
bool wf_api_is(struct wf_api_request *request, const char *member,
               const char *text);
int64_t wf_api_integer(struct wf_api_request *request, const char *member,
                       int64_t otherwise);
double wf_api_number(struct wf_api_request *request, const char *member,
                     double otherwise);
bool wf_api_flag(struct wf_api_request *request, const char *member,
                 bool otherwise);

/** Since when an execution is paused, and why; nothing if it is not. */
void wf_api_put_pause(struct wf_buf *out,
                      const struct wf_execution_reply *reply);
/** An element of a list of executions. */
void wf_api_put_listed(struct wf_buf *out,
                       const struct wf_execution_reply *execution);
/** 0: not given. The model knows the same names. */
enum wf_execution_status wf_api_status(struct wf_str given);
enum wf_redrive_filter wf_api_redrive_filter(struct wf_api_request *request);

/** The members of a search. */
struct wf_search_executions wf_api_search_of(struct wf_api_request *request);
/** What is to be other when an execution goes on. */
struct wf_fix wf_api_fix(struct wf_api_request *request);

/** Ends a call with 200 and what stands in call->out. */
void wf_api_done(struct wf_api_call *call);
/** Ends a call that answers with a list: closes that, and adds the token of
 * the next page if there is one. */
void wf_api_done_list(struct wf_api_call *call, struct wf_str next_token);
/** Ends a call with an exception; what stands in call->out is dropped. */
void wf_api_fail(struct wf_api_call *call, const char *exception,
                 struct wf_str message);
/** Ends a call with what the engine says; false if that is nothing: the call
 * goes on. Every callback begins with it. */
bool wf_api_refused(struct wf_api_call *call,
                    const struct wf_refusal *refusal);
/** Ends a call whose whole answer is that it was done: {}. */
void wf_api_answer_done(void *call, const struct wf_refusal *refusal);

#endif
