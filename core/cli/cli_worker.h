/*
 * cli_worker.h - `moonstep worker`: handlers as workers of activities.
 *
 * Three concerns share what stands here. A poll (cli_worker_poll.c) asks for a
 * task; a task (cli_worker_task.c) runs its handler in the pool's processes,
 * sends heartbeats meanwhile, and its answer until somebody has heard it; a
 * call (cli_worker_call.c) is one signed request of either.
 *
 * A place is taken by each task until its answer has arrived, and by each poll
 * since it may bring one; so what a server that is away can't be told never
 * grows beyond the places. Nothing is kept on disk: the service knows what is
 * to be done, and gives a task again whose worker has died, as its definition
 * says (HeartbeatSeconds, TimeoutSeconds, Retry).
 */
#ifndef WF_CLI_WORKER_H
#define WF_CLI_WORKER_H

#include <ev.h>

#include "bundle.h"
#include "cli.h"
#include "clock.h"
#include "doc.h"
#include "fetch.h"
#include "list.h"
#include "pool.h"

#define WF_CLI_TASK_LISTS 256

struct wf_cli_worker;
struct wf_cli_request;

/** An activity that is polled. */
struct wf_cli_activity {
    struct wf_cli_worker *worker;
    char *arn, *function; /**< "module.function" */
    char *region;         /**< Of the ARN; requests are signed for it. */
    struct wf_link polls; /**< Those under way. */
    size_t poll_count;
    size_t tasks;   /**< Places that are taken. */
    ev_timer again; /**< After a failure: polls once more then. */
    double pause_s; /**< The last pause; 0: all is well. */
};

struct wf_cli_worker {
    const struct wf_options *options;
    struct ev_loop *loop;
    struct wf_clock clock;
    struct wf_pool *pool;
    struct wf_fetcher *fetcher;
    struct wf_bundle bundle;
    struct wf_cli_activity *activities;
    size_t activity_count;
    /** Those that take a place; the list is their number's remainder. */
    struct wf_link tasks[WF_CLI_TASK_LISTS];
    size_t task_count;
    uint64_t last_task;
    size_t concurrency, most_polls; /**< Of each activity. */
    double heartbeat_s;             /**< 0: only what handlers send. */
    char *name;                     /**< The service records it. */
    char *token_header;             /**< With the session token, or NULL. */
    bool is_lost;                   /**< That has been told. */
    bool is_stopping;
    int status;
    ev_signal signals[2];
    ev_timer grace; /**< Then what still runs is given up. */
    bool is_over;   /**< It is: answers have a little longer. */
};

/* ---- cli_worker.c ---- */

/** A line on stderr with date and time. */
void wf_cli_worker_say(struct wf_cli_worker *worker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** No more polls; the command ends when the tasks have. */
void wf_cli_worker_stop(struct wf_cli_worker *worker);
/** A task has left its place. */
void wf_cli_worker_has_room(struct wf_cli_activity *activity);

/* ---- cli_worker_call.c ---- */

enum wf_cli_outcome {
    WF_CLI_ANSWERED,
    WF_CLI_REFUSED, /**< Asking again is no use. */
    WF_CLI_AWAY,    /**< Nobody there, or in trouble: ask again later. */
};

struct wf_cli_answer {
    enum wf_cli_outcome outcome;
    struct wf_value reply; /**< ANSWERED: an object. */
    const char *exception; /**< REFUSED: its name, maybe "". */
    struct wf_str text;    /**< Otherwise: what is wrong. */
};

/** Everything of the answer is borrowed. */
typedef void wf_cli_answered_fn(void *arg, const struct wf_cli_answer *answer);

/** Calls an operation of the endpoint, "GetActivityTask", for an activity.
 * `answered` comes later, from the loop; the request is gone then. */
struct wf_cli_request *
wf_cli_request_start(struct wf_cli_activity *activity, const char *operation,
                     struct wf_str body, double timeout_s,
                     wf_cli_answered_fn *answered, void *arg);
/** NULL is fine. `answered` will not be called. */
void wf_cli_request_cancel(struct wf_cli_request *request);
/** The pause after one of so many seconds, the first one after 0. */
double wf_cli_longer_pause(struct wf_cli_worker *worker, double pause_s);

/* ---- cli_worker_poll.c ---- */

void wf_cli_polls_init(struct wf_cli_activity *activity);
/** As many polls as there is room for. */
void wf_cli_polls_start(struct wf_cli_activity *activity);
void wf_cli_polls_stop(struct wf_cli_activity *activity);

/* ---- cli_worker_task.c ---- */

void wf_cli_tasks_init(struct wf_cli_worker *worker);
/** What the pool tells; its argument is the wf_cli_worker. */
extern const struct wf_pool_events wf_cli_worker_pool_events;
/** A poll has brought a task: its handler is run. Copies the texts. */
void wf_cli_task_new(struct wf_cli_activity *activity, struct wf_str token,
                     struct wf_str input);
/** Ends the handlers that still run, and fails their tasks. */
void wf_cli_tasks_give_up(struct wf_cli_worker *worker);
/** Forgets all tasks, answered or not; the pool is gone. Returns how many
 * were left. */
size_t wf_cli_tasks_free(struct wf_cli_worker *worker);

#endif
