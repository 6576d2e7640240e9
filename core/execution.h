/*
 * execution.h - executions and frames in memory, and their images in journal
 * and store.
 *
 * An execution is one run of a state machine; a frame is one running branch
 * or iteration of it, the unit that waits and parks. Today each execution has
 * its root frame (number 0); children of Parallel and Map are frames with a
 * parent.
 *
 * What is in memory is what is active. The truth about an execution is its
 * rows (E, S) overlaid with the journal; the structs here are that, decoded.
 *
 * Life of an execution in memory:
 *   started or loaded ──▶ dirty (in the open batch) ──▶ durable ──▶ …
 *   packed: its tail has become a segment and its images rows, so the journal
 *   is not needed for it any more;
 *   dropped: packed, durable and idle, or ended.
 */
#ifndef WF_EXECUTION_H
#define WF_EXECUTION_H

#include "doc.h"
#include "engine.h"
#include "list.h"
#include "pool.h"
#include "tail.h"

struct wf_machine;

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
};

struct wf_frame {
    struct wf_execution *execution;
    struct wf_frame *next;     /**< In the execution's list. */
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

    int64_t due_ms;            /**< WAIT and RETRY. */
    int64_t timeout_due_ms;    /**< TASK; 0: none. */
    int64_t heartbeat_due_ms;  /**< TASK; 0: none. */
    int64_t heartbeat_ms;      /**< The interval. */
    size_t timer_at;           /**< Place in the heap + 1; 0: not in it. */
    int64_t row_due_ms;        /**< Of its row in table T; -1: no row. */

    uint32_t retry_count;      /**< Retries in this visit, all retriers. */
    uint32_t retrier_count;    /**< Entries in retriers[]. */
    uint16_t *retriers;        /**< Uses of each retrier. Owned. */

    uint64_t task;             /**< Pool id; 0: not dispatched. */
    int64_t started_ms;        /**< Dispatched, TaskStarted not recorded. */
    struct wf_link started_link; /**< In the list of those. */
    uint32_t restarted;        /**< How often an engine or worker died. */
    uint64_t secret[2];        /**< Of the task token. */
    bool at_most_once;
    bool has_checkpoint;       /**< Its K row exists. */
    bool checkpoint_over;      /**< That row goes with the next batch. */
    bool has_started;          /**< TaskStarted is recorded: once a task. */
    bool dispatch_wanted;      /**< Scheduled; waits for `cancelling`,
                                 survivors or the checkpoint's row. */
    unsigned reaping;          /**< Survivors of a dead worker or engine
                                 that are being ended. */
    uint32_t losses;           /**< Workers that died under this attempt. */
    unsigned cancelling;       /**< Earlier tasks that the pool still ends. */
    bool changed;              /**< Image differs from journal and row. */
    bool row_stale;            /**< Image differs from its E row. */
    bool runnable;             /**< In the run queue. */
    struct wf_child *children; /**< Recorded process groups. Owned. */
    uint32_t child_count;
};

/** What is to be done once a batch is durable: calls, and tasks to hand to
 * the pool. All-zero is none. */
struct wf_effect {
    void (*run)(void *arg);
    void *arg;
};
struct wf_effects {
    struct wf_effect *calls;
    size_t call_count, call_cap;
    uint64_t *tasks;
    size_t task_count, task_cap;
};

/** How far a batch took an execution's history. */
struct wf_mark {
    uint64_t seq;        /**< Of the batch; 0: before this engine. */
    uint64_t next_event; /**< 0: no such batch. */
};

struct wf_execution {
    uint64_t id;
    struct wf_machine *machine; /**< Lives as long as the engine. */
    struct wf_execution *id_next, *name_next; /**< Hash chains. */
    char *name;
    uint64_t name_hash;         /**< Of machine and name, see table.c. */
    char bundle[65];            /**< Hex hash; empty: no handlers. */
    bool express;
    enum wf_execution_status status;
    int64_t start_ms, stop_ms, last_ms;
    int64_t timeout_due_ms;     /**< 0: none */
    int64_t row_due_ms;         /**< Its own row in table T; -1: none. */
    size_t timer_at;            /**< Place in the heap + 1. */
    struct wf_ref input, output;
    char *error, *cause;        /**< NULL: none. */
    char *trace_header;         /**< NULL: none. */
    struct wf_frame *frames;
    uint32_t frame_count, next_frame;

    struct wf_tail tail;
    size_t journaled;           /**< Bytes of the tail that are in a batch. */
    uint64_t journaled_event;   /**< First event behind those. */
    uint64_t first_seq;         /**< Oldest record it needs; 0: none. */
    uint64_t last_seq;          /**< Batch of its latest change. */
    struct wf_mark marks[3];    /**< Newest first: two batches are on their
                                  way at most, the third is durable. */
    int64_t touched_ms;         /**< Time of the latest change. */
    struct wf_link dirty_link, unpacked_link, idle_link;
    size_t bytes;               /**< Share of the engine's active_bytes. */
    bool image_changed;         /**< The E image is due in the journal. */
    bool in_store;              /**< It has an E row (was packed once). */
    bool listed;                /**< Its N and L rows are written. */
    bool wants_pack;            /**< Pack at the next flush. */
    bool wants_drop;            /**< Drop when that is durable. */
    unsigned pieces_due;        /**< Large documents not written yet: the
                                  execution is held back from batches. */
    struct wf_effects held;     /**< What waits for it meanwhile. */
    unsigned loading;           /**< Reads under way for it. */
    unsigned pins;              /**< Others that hold a pointer. */
};

struct wf_execution *wf_execution_new(void);
void wf_execution_free(struct wf_execution *execution); /* NULL is fine */
struct wf_frame *wf_frame_new(struct wf_execution *execution, uint32_t number);
struct wf_frame *wf_execution_frame(struct wf_execution *execution,
                                    uint32_t number);
/** Notes that batch `seq` holds the history so far. */
void wf_execution_mark(struct wf_execution *execution, uint64_t seq);
/** The id behind the last event that is durable; 0: none is. */
uint64_t wf_execution_durable_event(const struct wf_execution *execution,
                                    uint64_t durable_seq);
/** Memory that the execution holds, about: structs, tail, documents. */
size_t wf_execution_bytes(const struct wf_execution *execution);
void wf_frame_remove(struct wf_frame *frame); /* unlinks and frees */
/** How often a retrier (0-based) was used in this visit, to read or write. */
uint16_t *wf_frame_retrier(struct wf_frame *frame, uint32_t index);
void wf_frame_retriers_reset(struct wf_frame *frame);
/** The earliest of a frame's timers; 0: none. */
int64_t wf_frame_due(const struct wf_frame *frame);

/**
 * Images: version byte, then varints and texts. The execution's image names
 * its machine by number and revision; `machine_of` looks it up.
 */
#define WF_IMAGE_VERSION 1

void wf_execution_encode(const struct wf_execution *execution,
                         struct wf_buf *out);
/** What an image says; texts borrowed. */
struct wf_execution_image {
    uint32_t machine, revision;
    struct wf_str name, bundle, error, cause, trace_header;
    bool express, has_error;
    enum wf_execution_status status;
    int64_t start_ms, stop_ms, timeout_due_ms, last_ms;
    uint64_t next_event, input, output;
    uint32_t frame_count, next_frame;
    int64_t row_due_ms;
};
bool wf_execution_decode(struct wf_reader *in,
                         struct wf_execution_image *image);
/** Sets the members of an execution from its image (not id and machine). */
void wf_execution_apply(struct wf_execution *execution,
                        const struct wf_execution_image *image);

void wf_frame_encode(const struct wf_frame *frame, struct wf_buf *out);
/** Decodes into `frame` (documents not loaded). */
bool wf_frame_decode(struct wf_reader *in, struct wf_frame *frame);

#endif
