/*
 * map_run.h - distributed Maps: the Map Run of a Map state, and its child
 * executions.
 *
 * The frame of the state waits (WF_PHASE_FORK) as that of an inline Map does,
 * but its children are executions, each with a history of its own. The frame
 * knows counts only, and how far it has read its items: a run of ten million
 * items has as small an image as one of ten.
 *
 *   frame ──▶ items ──▶ child executions ──▶ counted ──▶ results ──▶ join
 *             (map_items.c: reader,          (map_run.c)  (map_results.c)
 *              selector, batcher)
 *
 * What makes this safe: the start of a child and the frame's new place in its
 * items are in one batch, and so are the end of a child and the frame's new
 * counts. Such executions are coupled (map_children.c): one that is held back
 * from the batches keeps the other one back. So a child starts once and is
 * counted once, whatever happens in between, and recovery has nothing to
 * compare. (A run and its children therefore live in one partition.)
 *
 * A child that starts does nothing before the batch of its start is built,
 * and one that has ended waits until its parent has counted it, being loaded
 * for that if need be. So a parent of waiting children parks like any other.
 *
 * Children whose parent has ended are orphans: they are stopped, also by the
 * next engine if this one dies (map_stop.c).
 *
 * Rows: G (parent, run) is the run as DescribeMapRun knows it, also after its
 * end; while the frame is in memory, that knows better. C (parent, run, child)
 * is a child for lists, written as the L row of other executions is; behind
 * that stand its start and how many items it has (varints).
 *
 *   G row, and part of the frame's image:
 *     version:1 flags:1 status:1
 *     counts of items, then of executions: running succeeded failed timed_out
 *     aborted written (varints)
 *     tolerated_count:varint started:varint item:varint pending:varint
 *     started_event:varint state:varint start:varint duration:varint
 *     frame:varint max_concurrency:varint tolerated_percentage:8
 *     label position skip:varint
 *     if it has been redriven, its members of that (varints)
 *
 * A Map Run's name is a UUID that holds parent and number, and the name of a
 * child is one that holds its id, so that neither needs a row by name.
 */
#ifndef WF_MAP_RUN_H
#define WF_MAP_RUN_H

#include "doc.h"
#include "engine.h"
#include "list.h"

struct wf_execution;
struct wf_frame;
struct wf_map_input;
struct wf_decision;

/** On disk: add, never renumber. */
enum wf_map_run_status {
    WF_MAP_RUN_RUNNING = 1,
    WF_MAP_RUN_SUCCEEDED = 2,
    WF_MAP_RUN_FAILED = 3,
    WF_MAP_RUN_ABORTED = 4,
};

/** Children of a run that may run at once, unless it says less; as AWS. */
#define WF_MAP_RUN_CHILDREN 10000

/** How many items, or child executions. */
struct wf_map_counts {
    uint64_t running, succeeded, failed, timed_out, aborted;
    uint64_t written; /**< Their results are. */
};

struct wf_map_run {
    uint64_t parent;       /**< The execution. */
    uint32_t number;       /**< Of the run; unique in the execution. */
    enum wf_map_run_status status;
    uint64_t state;        /**< The Map's number in the definition. */
    bool express;          /**< Type of its children. */
    char *label;
    int64_t start_ms, stop_ms; /**< stop_ms 0: it runs. */
    uint32_t max_concurrency;  /**< 0: no limit of the definition. */
    uint64_t tolerated_count;
    double tolerated_percentage;
    struct wf_map_counts items, executions;
    uint64_t started;      /**< Children. */
    uint64_t item;         /**< Items that those have taken. */
    uint64_t pending;      /**< Items that are known, and not taken. */
    bool has_all;          /**< No items come but those that are known. */
    bool has_reader, has_writer;
    uint32_t frame;        /**< The Map's. */
    bool follows_start;    /**< *Exited follows MapRunStarted: the state is
                              not the execution's first. */
    uint64_t started_event; /**< MapRunStarted. */
    /* A reader's place: so many items behind a position of its. */
    struct wf_buf position;
    uint32_t skip;

    /* Once it has been redriven: children that had failed are redriven in the
     * order of their ids, as far as `redriven_to`; those above `redrive_until`
     * came later. Items of children likewise. */
    uint32_t redrive_count;
    int64_t redrive_ms;
    uint64_t redriven_to, redrive_until;
    struct wf_map_counts pending_redrive, pending_redrive_items; /* by how
                              they had ended: failed, timed_out, aborted */
    uint64_t not_redrivable, not_redrivable_items;

    /* In memory only. */
    struct wf_map_redrives *redrives; /**< Children that are prepared. */
    struct wf_map_input *input;     /**< Makes the inputs of children. */
    struct wf_map_results *results; /**< Gathers or writes results. */
    struct wf_buf outputs;          /**< Of children that succeeded; and where
                                       each one's is, by its number. */
    struct wf_map_output *places;
    uint64_t place_count, output_count;
    bool outputs_lost;              /**< They are in the store only. */
    bool is_too_large;              /**< So would the state's output be. */
    bool is_stopping;
    bool row_due;                   /**< The G row is not up to date. */
    struct wf_link link;            /**< Ended: in the execution's runs. */
    struct wf_link room_link;       /**< In the engine's list of those that
                                       wait for room. */
};

struct wf_map_output {
    size_t at;
    uint32_t len;
    bool is_known;
};

struct wf_map_run *wf_map_run_new(uint64_t parent, uint32_t number);
void wf_map_run_free(struct wf_map_run *run); /* NULL is fine */
void wf_map_run_encode(const struct wf_map_run *run, struct wf_buf *out);
/** NULL: it does not decode. */
struct wf_map_run *wf_map_run_decode(struct wf_reader *in, uint64_t parent,
                                     uint32_t number);

/* ---- names ---- */

#define WF_UUID 36
/** The UUID of a Map Run, and what one is of. False: of none. */
void wf_map_run_uuid(uint64_t parent, uint32_t number, char uuid[WF_UUID + 1]);
bool wf_map_run_of_uuid(struct wf_str uuid, uint64_t *parent,
                        uint32_t *number);
/** The same for child executions; `filler` makes it hard to guess. */
void wf_map_child_uuid(uint64_t id, uint64_t filler, char uuid[WF_UUID + 1]);
bool wf_map_child_of_uuid(struct wf_str uuid, uint64_t *id);
/** Appends the ARN of a run of a state machine (its ARN): "…:mapRun:M/L:UUID",
 * or "…:stateMachine:M/L", or what child executions' ARNs begin with. */
void wf_map_run_arn(const struct wf_map_run *run, struct wf_str machine_arn,
                    struct wf_buf *out);
void wf_labelled_arn(struct wf_str machine_arn, struct wf_str label,
                     struct wf_buf *out);
void wf_map_child_prefix(struct wf_str machine_arn, struct wf_str label,
                     bool express, struct wf_buf *out);

/* ---- child executions ---- */

/** What a child execution knows of where it comes from; part of its image. */
struct wf_map_child {
    uint64_t parent;
    uint32_t frame;  /**< The Map's, in the parent. */
    uint32_t run;
    uint64_t index;  /**< Among the run's children. */
    uint32_t items;  /**< Items it works on. */
    bool express;
    char *label;
    char *prefix;    /**< Of its ARN. NULL until it is needed. */
    char *machine_arn; /**< With the label; the same. */
    struct wf_family *family;
    struct wf_execution *coupled_to; /**< The parent; NULL: nothing. */
    bool is_new;     /**< It runs when it is not coupled any more. */
    struct wf_link member_link; /**< In the family's members. */
    struct wf_link ended_link;  /**< In its list of those to be counted. */
    struct wf_link couple_link; /**< In the parent's list of coupled ones. */
    struct wf_execution *execution;
};

void wf_map_child_free(struct wf_map_child *child); /* NULL is fine */

/** A run's children that are in memory, whether its parent is or not. */
struct wf_family {
    struct wf_family *next; /**< In the chain of its bucket. */
    uint64_t parent;
    uint32_t run, count;
    struct wf_link members;
    struct wf_link ended;   /**< Held back until the parent counts them. */
    bool is_telling;        /**< The parent is being loaded for those. */
};

#define WF_FAMILY_BUCKETS 256
struct wf_families {
    struct wf_family *buckets[WF_FAMILY_BUCKETS];
};

/** NULL: none of its children are in memory. */
struct wf_family *wf_family_find(struct wf_families *families,
                                 uint64_t parent, uint32_t run);
/** An execution that is a child comes to memory, or leaves it. */
void wf_family_join(struct wf_families *families,
                    struct wf_execution *execution);
void wf_family_leave(struct wf_families *families,
                     struct wf_execution *execution);

/** The two are in the same batch, or in none. */
void wf_couple(struct wf_engine *engine, struct wf_execution *parent,
               struct wf_execution *child);
/** The parent's part of a batch is built: nothing ties it to them any more;
 * those that have just started run. */
void wf_uncouple_all(struct wf_engine *engine, struct wf_execution *parent);
/** The child has ended: counted by its parent, sooner or later. */
void wf_map_child_has_ended(struct wf_engine *engine,
                        struct wf_execution *execution);
/** Nobody counts them: their parent has ended. */
void wf_family_orphan(struct wf_engine *engine, struct wf_family *family);
/** Starts the next child of the frame's run. */
void wf_map_start_child(struct wf_engine *engine, struct wf_frame *frame,
                        struct wf_doc *input, uint32_t items);

/** What the ARN begins with, and the state machine's: with the label if the
 * execution is a child. Valid as long as the execution. */
const char *wf_execution_prefix(struct wf_execution *execution);
const char *wf_execution_machine_arn(struct wf_execution *execution);

/* ---- the run of a frame ---- */

/** The state starts a run. */
void wf_map_run_begin(struct wf_engine *engine, struct wf_frame *frame,
                      struct wf_decision *decision);
/** As wf_fork_turn(): counts what has ended, starts children, joins. */
unsigned wf_map_run_turn(struct wf_engine *engine, struct wf_frame *frame,
                         unsigned budget);
/** The same while children are being stopped. */
unsigned wf_map_run_abort_turn(struct wf_engine *engine,
                               struct wf_frame *frame, unsigned budget);
/** The run of the frame's fork is over: records that, and keeps its row for
 * the next batch. Returns the id of the event that *Exited follows. */
uint64_t wf_map_run_over(struct wf_engine *engine, struct wf_frame *frame,
                         enum wf_map_run_status status,
                         const struct wf_failure *failure);
/** Whether there is something to do but to wait for children. */
bool wf_map_run_has_work(const struct wf_map_run *run);
/** No more children will start. */
bool wf_map_run_is_exhausted(const struct wf_map_run *run);
/** Memory that it holds, about. */
size_t wf_map_run_bytes(const struct wf_map_run *run);
/** How many children may run at once. */
uint64_t wf_map_run_limit(const struct wf_map_run *run);
/** Failed in any way. */
uint64_t wf_map_counts_failed(const struct wf_map_counts *counts);
/** The execution ends: so do its runs, and their children. */
void wf_map_runs_end(struct wf_engine *engine,
                     struct wf_execution *execution);
/** The execution of the run has ended while the run's frame was but a row:
 * that goes, the run's row says the end. */
void wf_map_run_left(struct wf_engine *engine, struct wf_map_run *run);
/** Adds the run's row to the batch. */
void wf_map_run_put(struct wf_engine *engine, struct wf_map_run *run);
/** Adds the rows of runs that have changed. */
void wf_map_runs_put(struct wf_engine *engine,
                     struct wf_execution *execution);
void wf_map_runs_housekeeping(struct wf_engine *engine);

/* ---- map_items.c ---- */

enum wf_map_next {
    WF_MAP_NEXT_INPUT,  /**< `input` (a reference) of `items` items. */
    WF_MAP_NEXT_END,    /**< There are no more. */
    WF_MAP_NEXT_LATER,  /**< Not known yet: the frame runs when it is. */
    WF_MAP_NEXT_FAILED, /**< `failure`, its texts in the input's memory. */
};

struct wf_map_next_input {
    struct wf_doc *input;
    uint32_t items;
    struct wf_failure failure;
};

/** The input of the next child. Moves the run's place only when it returns
 * WF_MAP_NEXT_INPUT. */
enum wf_map_next wf_map_next(struct wf_engine *engine, struct wf_frame *frame,
                             struct wf_map_next_input *next);
void wf_map_input_free(struct wf_map_input *input);
size_t wf_map_input_bytes(const struct wf_map_input *input);

/* ---- map_redrive.c ---- */

/** The run goes on, after it has ended. */
void wf_map_run_redrive(struct wf_engine *engine, struct wf_frame *frame);
/** Children that had failed run again, as there is room, at most `budget`;
 * returns how many. */
unsigned wf_map_redrive_some(struct wf_engine *engine,
                             struct wf_frame *frame, unsigned budget);
/** The run is over: those that it has not come to count as they had ended. */
void wf_map_redrive_over(struct wf_map_run *run);
/** Whether the child, which has failed, is to be redriven still. */
bool wf_map_run_will_redrive(const struct wf_map_run *run, uint64_t child);
void wf_map_redrives_free(struct wf_map_redrives *redrives);
/** There is room for one child more: outputs that are kept give way. */
bool wf_map_has_room(struct wf_engine *engine, struct wf_frame *frame);
/** The run's frame runs when there is some, at the next housekeeping. */
void wf_map_wait_for_room(struct wf_engine *engine, struct wf_map_run *run);

/* ---- map_results.c ---- */

/** All children have ended. True: `output` is there (a reference), or
 * `failure` says why not; false: the frame runs when it is. */
bool wf_map_results_get(struct wf_engine *engine, struct wf_frame *frame,
                        struct wf_doc **output, struct wf_failure *failure);
/** Keeps what a child has ended with. */
void wf_map_results_keep(struct wf_engine *engine, struct wf_map_run *run,
                         const struct wf_execution *child);
/** Gives back the memory of outputs: they are read from rows instead. */
void wf_map_results_forget(struct wf_map_run *run);
void wf_map_results_free(struct wf_map_results *results);

/* ---- map_stop.c ---- */

/** All runs of the parent. */
#define WF_MAP_RUNS UINT32_MAX
/** Ends the children of a run that still run. `done` comes when none does, and
 * their ends are in batches. */
void wf_map_stop(struct wf_engine *engine, uint64_t parent, uint32_t run,
                 void (*done)(void *arg), void *arg);

#endif
