/*
 * activity.h - activities: named queues of tasks, and those who poll them.
 *
 * Rows: A (name) is an activity: its number, status, configuration and tags.
 * One that is deleted keeps its row, so that tasks that wait for it are there
 * again if it is made again. Q (number, time, execution, frame) is a task that
 * waits for a poller; it has no value.
 *
 * A task is in this order of states, each durable before what follows it:
 *
 *   offered      phase OFFER, a row in Q. With many of its kind it leaves
 *                memory: what waits costs rows.
 *   taken        phase TOKEN, no row in Q; no ActivityStarted yet. Then the
 *                poll is answered, if its connection is still there; if it
 *                is not, the task is offered again, in its old place.
 *   handed over  ActivityStarted is recorded. From here on only its answer or
 *                a timeout ends it.
 *
 * An engine that finds a task taken and not handed over can't know whether the
 * poll was answered. It offers the task again with another secret, so that
 * whoever may have it already is told so with the first heartbeat or answer
 * (which, if it comes before that, shows that it has been handed over): one
 * worker at most has a token that counts, and no task is lost.
 *
 * Who polls is asked in the order of the polls, tasks go in the order in which
 * they were scheduled. Polls are in memory only: a client whose server has
 * died polls again.
 */
#ifndef WF_ACTIVITY_H
#define WF_ACTIVITY_H

#include "engine.h"
#include "frame.h"

struct wf_activity {
    struct wf_activity *next; /**< Chain of the table. */
    struct wf_engine *engine;
    char *name;
    bool is_read, exists;
    uint64_t number;          /**< In keys of table Q; random. */
    int64_t creation_ms;
    char *encryption;         /**< JSON; NULL: not given. */
    struct wf_buf tags;       /**< As those of a state machine. */
    unsigned tag_count;
    struct wf_activity_wait *waits; /**< For the row to be read. */
    uint64_t changed_seq;     /**< Of the batch that has its row. */
    int64_t used_ms;
    struct wf_link polls;     /**< Those that wait, oldest first. */
    unsigned poll_count;      /**< Also those that have a task by now. */
    struct wf_link offers;    /**< Frames in memory whose task waits. */
    bool is_dry;              /**< No other tasks wait. */
    bool is_scanning;         /**< Rows of Q are on their way. */
    bool has_parked;          /**< A frame of `offers` left memory since. */
    struct wf_buf cursor;     /**< Key of Q behind those looked at. */
};

#define WF_ACTIVITY_BUCKETS 1024
struct wf_activities {
    struct wf_activity *by_name[WF_ACTIVITY_BUCKETS];
    unsigned count;
    struct wf_link polls;     /**< All of them. */
};

void wf_activities_init(struct wf_engine *engine);
void wf_activities_free(struct wf_engine *engine);

/* ---- activity.c ---- */
/** The activity of that name, perhaps one that does not exist; not to be kept
 * from one turn to the next. Calls back at once if it is in memory. */
typedef void wf_activity_fn(void *arg, struct wf_activity *activity);
void wf_activity_by_name(struct wf_engine *engine, struct wf_str name,
                         wf_activity_fn *found, void *arg);
/** Adds its row to the open batch. */
void wf_activity_put(struct wf_engine *engine, struct wf_activity *activity);
/** The number that a row says. False: it does not decode. */
bool wf_activity_decode(struct wf_str row, uint64_t *number);
/** What a row says, for lists. False: it does not decode. */
bool wf_activity_exists(struct wf_str row, int64_t *creation_ms);
/** The activity of the state that the frame is in; NULL: of another kind. */
struct wf_activity *wf_frame_activity(struct wf_engine *engine,
                                      const struct wf_frame *frame);
/** True: if the frame's state is for an activity, that is in memory. Else it
 * is being read, and the frame runs when it is there. */
bool wf_frame_knows_activity(struct wf_engine *engine,
                             struct wf_frame *frame);

/* ---- poll.c ---- */
/** The frame's task is scheduled: whoever polls may take it. */
void wf_task_offer(struct wf_engine *engine, struct wf_frame *frame);
/** The turn of a frame whose task is offered. */
void wf_offer_turn(struct wf_engine *engine, struct wf_frame *frame);
/** Taken, and then the engine died. */
bool wf_task_is_in_doubt(const struct wf_frame *frame);
/** There is no doubt: a worker has it. */
void wf_task_handed_over(struct wf_engine *engine, struct wf_frame *frame);
void wf_task_offer_again(struct wf_engine *engine, struct wf_frame *frame);
/** Brings the row of Q up to date, with the frame's part of a batch. */
void wf_offer_put(struct wf_engine *engine, struct wf_frame *frame,
                  bool ended);
/** Tasks that were passed over may be taken now. */
void wf_polls_look_again(struct wf_engine *engine);
/** Says to all who poll that the engine is closing. */
void wf_polls_free(struct wf_engine *engine);
/** Answers the polls of an activity that is deleted. */
void wf_polls_dismiss(struct wf_activity *activity);

#endif
