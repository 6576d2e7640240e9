/*
 * frame.h - frames in memory, and their images in journal and store.
 *
 * A frame is one line of control of an execution: its root (number 0), a
 * branch of a Parallel state, an iteration of a Map. It is the unit that
 * waits and parks: a Map of 100,000 iterations that wait is as many rows, and
 * waking one loads that one and those above it. A frame in memory has its
 * parent in memory.
 *
 * A frame that has left memory (ended, or parked) while its row may still be
 * seen otherwise by a reader stays as WF_PHASE_GONE, or as it is, until the
 * batch that says so is durable.
 */
#ifndef WF_FRAME_H
#define WF_FRAME_H

#include "doc.h"
#include "fork.h"
#include "list.h"
#include "pool.h"

struct wf_execution;

/** A payload document of an execution: its number (0: none), and the document
 * itself once it is needed. */
struct wf_ref {
    uint64_t number;
    struct wf_doc *doc; /**< Owned reference, or NULL: not loaded. */
};

void wf_ref_set(struct wf_ref *ref, uint64_t number, struct wf_doc *doc);
void wf_ref_clear(struct wf_ref *ref);
/** `to` becomes what `from` is (a reference more). */
void wf_ref_copy(struct wf_ref *to, const struct wf_ref *from);

/** What a frame is doing. On disk: add, never renumber. */
enum wf_phase {
    WF_PHASE_ENTER = 1, /**< About to enter `state`. */
    WF_PHASE_WAIT = 2,  /**< A Wait state until due_ms. */
    WF_PHASE_RETRY = 3, /**< A retrier's interval until due_ms. */
    WF_PHASE_TASK = 4,  /**< Its task is scheduled; answers or timeouts. */
    WF_PHASE_FORK = 5,  /**< Its children run; `fork`. */
    WF_PHASE_ABORT = 6, /**< They are being ended, since one has failed. */
    WF_PHASE_GONE = 7,  /**< It has ended; in memory only. */
    WF_PHASE_TOKEN = 8, /**< Its task is with somebody who has the token:
                             answers or timeouts (token.c). */
    WF_PHASE_REDRIVE = 9, /**< It goes on in `state` after a redrive: with its
                              fork; without its task, wait or branches, which
                              begin again; or, entered_event being 0, by
                              entering it. Until then it is asleep. */
    WF_PHASE_OFFER = 10, /**< Its task waits for a poller (activity.h). */
};

/** An answer to a task that came with its token; token.c. */
struct wf_answer;
struct wf_activity;
struct wf_poll;

struct wf_frame {
    struct wf_execution *execution;
    struct wf_frame *next, *previous; /**< In the execution's list. */
    struct wf_frame *slot_next; /**< In the chain of its number. */
    struct wf_frame *up;       /**< Its parent; NULL: the root. */
    struct wf_fork *fork;      /**< FORK and ABORT. Owned; else NULL. */
    struct wf_link changed_link; /**< In the execution's list of those. */
    struct wf_link run_link;   /**< In the engine's run queue. */
    uint32_t number;
    uint32_t parent;           /**< WF_FRAME_NONE: the root. */
    uint32_t state;            /**< 0-based. */
    enum wf_phase phase;
    uint64_t previous_event;   /**< Causal parent of its next event. */
    int64_t entered_ms;        /**< When `state` was entered. */
    uint64_t entered_event;    /**< Id of its *StateEntered. */
    struct wf_ref input;       /**< Raw input of the state. */
    struct wf_ref parameters;  /**< Of the scheduled task. */
    struct wf_ref variables;   /**< An object: those it sees. 0: none. */
    uint64_t before_entered;   /**< What its *StateEntered follows; in memory
                                 only. */

    int64_t due_ms;            /**< WAIT and RETRY. */
    int64_t timeout_due_ms;    /**< TASK; 0: none. */
    int64_t heartbeat_due_ms;  /**< TASK; 0: none. */
    int64_t heartbeat_ms;      /**< The interval. */
    size_t timer_at;           /**< Place in the heap + 1; 0: not in it. */
    int64_t row_due_ms;        /**< Of its row in table T; -1: no row. */

    uint32_t retry_count;      /**< Retries in this visit, all retriers. */
    uint32_t retrier_count;    /**< Entries in retriers[]. */
    uint16_t *retriers;        /**< Uses of each retrier. Owned. */

    struct wf_frame_deciding *deciding; /**< A thread decides, or has: see
                                 deciding.c. NULL: none. */
    uint64_t task;             /**< Pool id; 0: not dispatched. */
    int64_t started_ms;        /**< Dispatched, TaskStarted not recorded. */
    struct wf_link started_link; /**< In the list of those. */
    uint32_t restarted;        /**< How often an engine or worker died. */
    uint64_t secret[2];        /**< Of the task token. */
    uint64_t called;           /**< TOKEN: the execution whose end it waits
                                 for instead (nested.h); 0: none. */
    struct wf_answer *answers; /**< What came with it, until the frame has its
                                 turn. The first one counts. */
    int64_t call_due_ms;       /**< TASK: until when they wait for the call
                                 that hands the token on; 0: there are none. */
    bool is_beating;           /**< Heartbeats come: it stays in memory. */
    uint64_t activity;         /**< Number of that whose task it has; 0: none,
                                 and nothing of the following. */
    int64_t offered_ms;        /**< When the task was scheduled. */
    int64_t timeout_ms;        /**< From ActivityStarted on; 0: none. */
    bool has_offer_row;        /**< In table Q. */
    char *worker;              /**< Name, until ActivityStarted is recorded;
                                 NULL: none. Owned. */
    struct wf_activity *queue; /**< It is in the list of its offers. */
    struct wf_link offer_link;
    struct wf_poll *taker;     /**< Who gets the task; NULL: nobody yet. */
    bool at_most_once;
    bool has_checkpoint;       /**< Its K row exists. */
    bool checkpoint_over;      /**< That row goes with the next batch. */
    bool pages_over;           /**< So do rows of a fork's results. */
    bool has_started;          /**< TaskStarted is recorded: once a task. */
    bool dispatch_wanted;      /**< Scheduled; waits for `cancelling`,
                                 survivors or the checkpoint's row. */
    unsigned reaping;          /**< Survivors of a dead worker or engine
                                 that are being ended. */
    uint32_t losses;           /**< Workers that died under this attempt. */
    unsigned cancelling;       /**< Earlier tasks that the pool still ends. */
    bool has_row;              /**< It has an E row. */
    bool row_stale;            /**< Image differs from its E row. */
    bool wants_park;           /**< Becomes a row with the next batch. */
    bool is_busy;              /**< Counted in its parent's fork. */
    uint64_t drop_seq;         /**< Leaves memory with that batch; 0. */
    unsigned loading;          /**< Documents being read for it. */
    size_t bytes;              /**< Its share of the execution's. */
    bool runnable;             /**< In the run queue. */
    struct wf_child *children; /**< Recorded process groups. Owned. */
    uint32_t child_count;
};

struct wf_frame *wf_frame_new(struct wf_execution *execution, uint32_t number);
/** NULL: not in memory. */
struct wf_frame *wf_execution_frame(struct wf_execution *execution,
                                    uint32_t number);
/** Gives up the decision that a thread makes for the frame, if one does. */
void wf_frame_undecide(struct wf_frame *frame);
/** Nobody will look at the answers any more: they came too late. */
void wf_frame_refuse_answers(struct wf_frame *frame);
/** Nobody can take the frame's task any more, or not while it is a row. */
void wf_offer_end(struct wf_frame *frame);
/** Unlinks and frees. */
void wf_frame_remove(struct wf_frame *frame);
/** The next slice shows its image, or with `gone` that it left memory. */
void wf_frame_mark_changed(struct wf_frame *frame);
void wf_frame_mark_gone(struct wf_frame *frame);
/** Joins the frame to its parent, which is in memory. */
void wf_frame_set_parent(struct wf_frame *frame, struct wf_frame *parent);
/** Its parent does not count it any more. */
void wf_frame_leave_parent(struct wf_frame *frame);
/** The frame is being ended, or its execution: notes where it would have gone
 * on, if it is between two states (fork.h). */
void wf_frame_note_between(const struct wf_frame *frame,
                           struct wf_buf *between);
/** Which branch or iteration of its parent it is. */
uint32_t wf_frame_index(const struct wf_frame *frame);
/** Brings what its parent and execution count of it up to date. */
void wf_frame_measure(struct wf_frame *frame);
/** How often a retrier (0-based) was used in this visit, to read or write. */
uint16_t *wf_frame_retrier(struct wf_frame *frame, uint32_t index);
void wf_frame_retriers_reset(struct wf_frame *frame);
/** The earliest of a frame's timers; 0: none. */
int64_t wf_frame_due(const struct wf_frame *frame);
/** Waits for a timer, an answer or its children, and for nothing else. */
bool wf_frame_is_waiting(const struct wf_frame *frame);
/** Whether a fork has something to do but to wait for children. */
bool wf_frame_has_fork_work(const struct wf_frame *frame);

/** Image: see execution.h. */
void wf_frame_encode(const struct wf_frame *frame, struct wf_buf *out);
/** Decodes into `frame` (documents not loaded; results of a fork that it
 * knows already are kept). */
bool wf_frame_decode(struct wf_reader *in, struct wf_frame *frame);

#endif
