/*
 * triggers.h - what starts executions without a call of the API: webhooks
 * (`POST /hooks/NAME`) and files that appear in watched directories. The file
 * of --triggers says which (trigger_file.h, docs/triggers.md).
 *
 * What has been started is remembered by the names of executions alone: a
 * name is made of the delivery's key, or of the file's version. So a request
 * that is sent again, and a file that is seen again, find the execution that
 * they have started, also after a crash, and there is nothing else to keep.
 */
#ifndef WF_TRIGGERS_H
#define WF_TRIGGERS_H

#include <ev.h>

#include "engine.h"
#include "http.h"
#include "trigger_file.h"

struct wf_audit;
struct wf_triggers;

struct wf_triggers_options {
    struct ev_loop *loop;
    struct wf_engine *engine;
    struct wf_audit *audit; /**< NULL: none. */
    void (*notice)(void *arg, const char *text); /**< For the server's log. */
    void *arg;
};

/** Borrows all of it. There is no trigger at first. */
struct wf_triggers *wf_triggers_new(const struct wf_triggers_options *options);
/** Puts others in the place of those it has; takes the set. Watching begins,
 * or goes on. */
void wf_triggers_set(struct wf_triggers *triggers, struct wf_trigger_set *set);
/** Nothing is watched any more; may be called again. Hooks end with the HTTP
 * server. */
void wf_triggers_stop(struct wf_triggers *triggers);
/** After the engine is closed. NULL is allowed. */
void wf_triggers_free(struct wf_triggers *triggers);

/** Whether it is a request to a hook, which looks itself who sends it (http.h);
 * then the largest body it may have. */
bool wf_hooks_are_asked(struct wf_triggers *triggers, struct wf_str method,
                        struct wf_str path, size_t *body_bytes);
/** Whether the path is a hook's, of whatever name. */
bool wf_hooks_path(struct wf_str path);
/** Answers such a request. */
void wf_hooks_request(struct wf_triggers *triggers,
                      struct wf_http_request *request);

/** Appends the triggers as a JSON array, in the order of their names. */
void wf_triggers_list(const struct wf_triggers *triggers, struct wf_buf *out);

/** Calls back for the first Input that can't be evaluated, with what is wrong
 * with it; blocks nothing. */
typedef void wf_trigger_wrong_fn(void *arg, const char *message);
void wf_triggers_check_inputs(struct wf_engine *engine,
                              const struct wf_trigger_set *set,
                              wf_trigger_wrong_fn *wrong, void *arg);

#endif
