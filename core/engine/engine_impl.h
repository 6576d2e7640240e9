/*
 * engine_impl.h - the engine's struct, and what its files call of each other.
 *
 * One file for each concern, all on the loop thread:
 *
 *   engine.c      opening, the loop turn, flushing
 *   commit.c      the open batch: what it writes, what follows it
 *   table.c       executions by id, by name and by age
 *   transition.c  runs frames: asks Lua, applies decisions, records events
 *   ask.c         what a script is asked and told
 *   end.c         the ends of frames and executions
 *   rebuild.c     what an execution was doing when it ended
 *   redrive.c     RedriveExecution; fork_execution.c: ForkExecution
 *   redrive_read.c, fork_history.c, redrive_frames.c  see redrive.h
 *   children.c    branches and iterations: start, join, abort
 *   results.c     what is stored of their results
 *   docs.c        payload documents: numbers, large ones in pieces, reading
 *   task.c        tasks: dispatch, answers; task_news.c: other news of them
 *   task_ask.c    what a worker is asked to do
 *   task_table.c  which frame a task of the pool belongs to
 *   activity.c    activities: what is in memory, their rows
 *   activity_make.c   Create-, Describe-, DeleteActivity, ListActivities
 *   poll.c        GetActivityTask
 *   survivors.c   programs of tasks that were given up
 *   token.c       tokens of tasks, and what comes with them: SendTask*
 *   signals.c, signal.c  signals that are kept, and who takes them; SendSignal
 *   inspect.c     GetExecutionState
 *   caller.c      the tasks that an execution's image names
 *   nested.c      executions that tasks start
 *   nested_end.c  their ends, which those tasks wait for
 *   nested_text.c what those tasks get
 *   timer.c       the heap of timers in memory; firing
 *   park.c        packing, dropping from memory
 *   load.c        from rows to memory: executions, frames, due timers
 *   load_docs.c   the documents that a frame's next step needs
 *   sweep.c       removes what an ended execution has left in rows
 *   map_run.c     Map Runs: images, names, counts
 *   map_turn.c    the turn of a distributed Map's frame
 *   map_items.c   the inputs of child executions
 *   map_children.c    child executions: start, coupling, end
 *   map_results.c     what they ended with: the Map's output, or files
 *   map_stop.c    ends children that are not wanted any more
 *   map_redrive.c     a run that has ended goes on
 *   recover.c     start: journal to memory
 *   check.c, check_*.c    `moonstep check`: see check_impl.h
 *   ended.c       rows of executions that have ended, kept for a while
 *   call.c        memory of requests and reads under way
 *   machine.c     state machines: what is in memory
 *   machine_rows.c    their rows, compiling
 *   machine_make.c    CreateStateMachine, UpdateStateMachine
 *   machine_read.c, machine_list.c  DescribeStateMachine, ListStateMachines
 *   machine_delete.c, machine_tags.c  DeleteStateMachine; tags
 *   machine_pause.c   PauseStateMachine, ResumeStateMachine
 *   machine_old.c     revisions that leave memory
 *   qualifiers.c  versions and aliases: memory and rows
 *   qualify.c     which revision a version's or an alias's ARN names
 *   version.c, alias.c, alias_list.c  their operations
 *   bundles.c     handler directories and their stored bundles
 *   start.c, start_name.c, stop.c  StartExecution, StopExecution
 *   begin.c, shape.c  a new execution; what an Input makes of an event
 *   pause.c       PauseExecution, ResumeExecution; what is held meanwhile
 *   find.c        executions by ARN, and what their images say
 *   read.c        DescribeExecution
 *   map_find.c    Map Runs by ARN
 *   map_read.c, map_update.c  DescribeMapRun and the like
 *   lister.c, listed.c  a list of executions: rows merged with memory
 *   listing.c, search*.c  ListExecutions; SearchExecutions: search_impl.h
 *   bulk.c        what is done to all that a search finds
 *   wait.c, follow.c, history.c  WaitFor…, GetExecutionHistory
 *   schedules.c, schedule_*.c   schedules: see schedule_impl.h
 *   recent.c      the newest pieces of histories that grow fast
 *   test_state.c  TestState: requests, and the tasks that they run
 *   observe.c, observe_docs.c, logging.c  the observer of all events; logs
 *   notifications/    status changes told to others: notification_impl.h
 *   retention.c, engine_backup.c  removes what ended long ago; backups
 *   deciding.c    frames whose decision a thread makes
 *
 * What would take too long there is done on the threads of evaluate.h.
 */
#ifndef WF_ENGINE_IMPL_H
#define WF_ENGINE_IMPL_H

#include "activity.h"
#include "call.h"
#include "ended.h"
#include "decider.h"
#include "engine.h"
#include "execution.h"
#include "keys.h"
#include "machine.h"
#include "nested.h"
#include "notifying.h"
#include "pause.h"
#include "fork_execution.h"
#include "frame_impl.h"
#include "park_impl.h"
#include "pool.h"
#include "request_impl.h"
#include "schedules.h"
#include "script.h"
#include "severity.h"
#include "signal_impl.h"
#include "task_impl.h"

/** A frame that leaves memory once a batch is durable. */
struct wf_frame_drop {
    uint64_t execution;
    uint32_t frame;
};

/** A batch on its way: what follows once it is durable. */
struct wf_commit {
    struct wf_link link;
    struct wf_engine *engine;
    uint64_t seq;
    uint64_t notified;    /**< wf_notifications_seq() then. */
    uint64_t submitted_ns;
    unsigned changes;
    int64_t first_timer;  /**< Earliest row of T it adds; 0: none. */
    struct wf_effects effects;
    uint64_t *drops;      /**< Execution ids to drop from memory. */
    size_t drop_count, drop_cap;
    struct wf_frame_drop *frame_drops;
    size_t frame_drop_count, frame_drop_cap;
    struct wf_buf observed; /**< For observers, see observe.c. */
};

struct wf_timers {
    struct wf_timer_entry *heap;
    size_t count, cap;
};

struct wf_table {
    struct wf_execution **by_id, **by_name;
    size_t size, count; /* size: power of two */
    struct wf_execution *tree; /* those that lists show, see table.c */
};

/** task id -> frame, for answers of the pool. Open addressing. */
struct wf_task_table {
    struct wf_task_slot *slots;
    size_t size, count;
};

#define WF_WAITER_BUCKETS 4096
#define WF_NAME_LOOKUPS 256

struct wf_engine {
    struct ev_loop *loop;
    struct wf_clock *clock;
    struct wf_store *store;
    struct wf_engine_options options;
    struct wf_engine_events events;
    void *events_arg;
    uint16_t partition;
    char *region, *account;
    struct wf_script *script;
    struct wf_evaluator *evaluator;
    struct wf_deciders *deciders;
    size_t parsing_bytes;       /**< Of inputs on evaluator threads. */
    struct wf_pool *pool;
    struct wf_machines machines;
    uint32_t last_machine;
    struct wf_activities activities;
    struct wf_table table;
    struct wf_families families;
    size_t active_bytes;        /**< Of memory that those hold, about. */
    uint64_t last_execution;
    struct wf_link run_queue;   /**< Frames with something to do. */
    struct wf_link dirty;       /**< Executions changed since the last flush. */
    struct wf_link held;        /**< Those that wait for a decision. */
    struct wf_link full;        /**< Those that end since their history would
                                  be too long. */
    struct wf_link unpacked;    /**< By first_seq: what the journal holds. */
    struct wf_link idle;        /**< By the time of the last change. */
    struct wf_link pieces;      /**< Large documents being written. */
    struct wf_link started;     /**< Frames whose TaskStarted is unrecorded. */
    struct wf_link tests;       /**< TestStates whose task runs. */
    struct wf_link calls;       /**< Requests and reads under way: call.h */
    uint64_t calls_begun;       /**< Number of the latest. */

    struct wf_timers timers;
    int64_t parked_cursor;      /**< Rows of T before this are loaded. */
    int64_t parked_next;        /**< Due time of the next row; INT64_MAX. */
    int64_t parked_unseen;      /**< Earliest row that the scan under way may
                                  not see; 0: none. */
    bool parked_scanning;
    bool parked_again;          /**< The next scan begins at the beginning. */
    struct wf_buf parked_resume; /**< Key to go on from; empty: a new scan. */
    unsigned loads;             /**< Executions being loaded. */
    struct wf_load *load_list;
    struct frame_load *frame_loads;
    struct wf_link sweeps;
    struct wf_link redrives;    /**< Under way: redrive.h */
    uint64_t redriven;          /**< How many were. */
    bool has_remains;           /**< Of copies: fork_execution.h. */
    struct wf_link old_forks;   /**< Joined; freed bit by bit. */
    struct wf_link map_runs;    /**< Those that wait for room. */
    struct wf_offload *item_threads; /**< For readers and writers. */
    struct wf_link graveyard;   /**< Ended frames of EXPRESS executions. */
    /** Starts that look whether their name is free, by the name's hash. */
    struct wf_start_call *name_lookups[WF_NAME_LOOKUPS];

    struct wf_commit *open;     /**< Effects of the batch being built. */
    struct wf_batch *rows;      /**< Rows of the batch being built. */
    struct wf_link in_flight;   /**< struct wf_commit, oldest first. */
    unsigned in_flight_count;
    unsigned open_changes;      /**< Executions that joined the open batch. */
    size_t open_bytes;          /**< That their tails have grown by. */
    unsigned batch_limit;       /**< Changes a batch may have; adapts. */
    uint64_t next_seq, durable_seq;
    uint64_t journal_head;      /**< Oldest record that is stored. */
    uint64_t journal_bytes;
    struct wf_buf journal_sizes; /**< uint32 sizes of records from head on. */
    size_t journal_sizes_at;
    struct wf_buf record;       /**< Scratch. */
    struct wf_buf scratch;
    struct wf_hash *hash;       /**< For chains of histories. */
    struct wf_offload *hash_threads; /**< For hashes of large documents. */

    struct wf_task_table tasks;
    uint64_t last_task;
    struct wf_buf task_backlog; /**< uint64 task ids without room. */
    size_t backlog_at;
    struct wf_link reaps;       /**< Process groups that are being ended. */
    uint64_t copied_ticks;      /**< Those that started until then belong to
                                  another engine: see survivors.c. */
    struct wf_retention *retention; /**< NULL: not asked for yet. */
    struct wf_engine_backup *backup; /**< The latest; NULL: none. */
    struct wf_notifications *notifications; /**< NULL: nobody is told. */
    struct wf_recent *recent;   /**< Pieces of histories that grow fast. */
    struct wf_ended ended;      /**< Rows that were asked for lately. */
    struct wf_waiter *waiters[WF_WAITER_BUCKETS]; /**< By execution. */
    struct wf_followers *followers; /**< NULL: there are none. */
    struct wf_link late_answers; /**< To tasks that are over; token.c. */
    struct wf_link put_off;     /**< Starts without room; nested.c. */
    struct wf_link unsettled;   /**< Executions whose task will ask for them;
                                  nested_end.c. */
    int64_t opened_ms;
    struct wf_schedules *schedules;
    unsigned log_reads;         /**< Documents being read for the log. */
    unsigned cancelling;        /**< Tasks that the pool is ending. */
    struct wf_link cancels;     /**< Those. */

    char bundle[65];            /**< Current bundle for new executions. */
    struct wf_bundles *bundles;

    struct ev_prepare prepare;
    struct ev_idle spin;
    struct ev_timer timer, housekeeping;
    void (*store_changed)(void *arg, enum wf_store_state state,
                          const struct wf_error *err);
    void *store_changed_arg;
    unsigned dropped;           /**< Executions since memory was trimmed. */
    uint64_t events_seen;       /**< At the last look at that. */
    bool stalled;               /**< The store has no room. */
    bool closing;
    struct wf_engine_stats stats;
};

/* ---- engine.c ---- */
void wf_engine_notice(struct wf_engine *engine, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** A read has failed (`err` not NULL): the process must stop and recover, so
 * nobody is told anything. Returns whether it has. */
bool wf_engine_read_failed(struct wf_engine *engine,
                           const struct wf_error *err);
/** Threads that read items and write results; made when first needed. */
struct wf_offload *wf_engine_item_threads(struct wf_engine *engine);
/** Ends the loop turn soon: there is work that no watcher announces. */
void wf_engine_wake(struct wf_engine *engine);
/** A handler may be given its task now. */
bool wf_engine_may_dispatch(const struct wf_engine *engine);

/* ---- commit.c ---- */
struct wf_batch *wf_engine_rows(struct wf_engine *engine);
/** The execution has changed: it joins the open batch. */
void wf_execution_touch(struct wf_engine *engine,
                        struct wf_execution *execution);
/** Keeps the execution out of the batches: a transition of it is half done.
 * As often as it is held it must be let go. */
void wf_execution_hold(struct wf_engine *engine,
                       struct wf_execution *execution);
void wf_execution_let_go(struct wf_engine *engine,
                         struct wf_execution *execution);
/** Brings the execution's share of active_bytes up to date. */
void wf_execution_measure(struct wf_engine *engine,
                          struct wf_execution *execution);
/** Runs when all that has happened so far is durable (at once, from a later
 * turn's point of view, if it already is). */
void wf_engine_after(struct wf_engine *engine, void (*run)(void *arg),
                     void *arg);
/** As above, for what was computed from one execution only. */
void wf_execution_after(struct wf_engine *engine,
                        struct wf_execution *execution,
                        void (*run)(void *arg), void *arg);
/** The frame leaves memory with the open batch, unless it changes. */
void wf_commit_drop_frame(struct wf_engine *engine, struct wf_frame *frame);
/** The frame's task goes to the pool when its schedule is durable. */
void wf_commit_dispatch(struct wf_engine *engine, struct wf_frame *frame);
bool wf_engine_has_open(const struct wf_engine *engine);
/** The open batch is as large as a commit should be: no more frames run
 * until it has left. */
bool wf_engine_is_held_back(const struct wf_engine *engine);
/** Builds the batch and hands it to the store, unless it is empty. */
void wf_engine_submit(struct wf_engine *engine);
void wf_effects_free(struct wf_effects *effects);
/** What was held back joins the open batch. Empties `held`. */
void wf_effects_release(struct wf_engine *engine, struct wf_effects *held);
/** The open batch adds a row to table T: a scan must not miss it. */
void wf_commit_timer_row(struct wf_engine *engine, int64_t due_ms);
/** The earliest such row that is not durable yet; 0: none. */
int64_t wf_commits_first_timer(const struct wf_engine *engine);
/** Where the open batch keeps what the observer is to see. */
struct wf_buf *wf_commit_observed(struct wf_engine *engine);
void wf_commits_free(struct wf_engine *engine);
/** Notes the size of a record found at start. */
void wf_journal_note(struct wf_engine *engine, uint64_t seq, size_t bytes);

/* ---- table.c ---- */
void wf_table_add(struct wf_table *table, struct wf_execution *execution);
void wf_table_remove(struct wf_table *table, struct wf_execution *execution);
struct wf_execution *wf_table_by_id(const struct wf_table *table, uint64_t id);
struct wf_execution *wf_table_by_name(const struct wf_table *table,
                                      uint32_t machine, struct wf_str name);
/** Where an execution stands among those in memory that lists show. */
struct wf_place {
    uint32_t machine, run; /**< Children of a Map Run: its number, */
    uint64_t parent;       /**< and parent. Else 0. */
    int64_t start_ms;      /**< Of a child 0: they stand by id. */
    uint64_t id;
};
/** The newest one of the same list that is older than this place; NULL:
 * none. */
struct wf_execution *wf_table_before(const struct wf_table *table,
                                     const struct wf_place *place);
/** Gives memory back when the table has become much too large. Never while
 * somebody walks it. */
void wf_table_shrink(struct wf_table *table);
void wf_table_free(struct wf_table *table);

/* ---- docs.c ---- */
/** The number of `doc` in the execution: the one it has if it is among
 * `known` (NULL-terminated), else the tail gets it. Then `ref` (may be NULL)
 * is set. */
uint64_t wf_execution_doc(struct wf_engine *engine,
                          struct wf_execution *execution, struct wf_doc *doc,
                          const struct wf_ref *const *known,
                          struct wf_ref *ref);
/** Adds some pieces of large documents to the open batch. */
void wf_pieces_write(struct wf_engine *engine);
void wf_pieces_free(struct wf_engine *engine);
/** Where to put what waits for all pieces known now; NULL: there are none. */
struct wf_effects *wf_pieces_effects(struct wf_engine *engine);
/** A document from the store: from its segment, or from its pieces if
 * `length` is not 0. data NULL: it is not there. Borrowed until the callback
 * returns. */
typedef void wf_doc_fn(void *arg, struct wf_str text);
void wf_doc_read(struct wf_engine *engine, uint64_t execution,
                 uint64_t number, uint64_t length, wf_doc_fn *done,
                 void *arg);
/** The same, but one of more than `most` bytes is not read: data NULL. */
void wf_doc_read_small(struct wf_engine *engine, uint64_t execution,
                       uint64_t number, size_t most, wf_doc_fn *done,
                       void *arg);
/** The same. Before `done`, `beside` is told of the documents that stand in
 * the same segment: who wants many saves reading it for each. */
typedef void wf_beside_fn(void *arg, uint64_t number, struct wf_str text);
void wf_doc_read_beside(struct wf_engine *engine, uint64_t execution,
                        uint64_t number, uint64_t length,
                        wf_beside_fn *beside, wf_doc_fn *done, void *arg);

/* ---- sweep.c ---- */
void wf_sweep_start(struct wf_engine *engine, uint64_t execution);
/** The same, if it is not under way already; `done` comes when nothing is
 * left, durably. For one at a time. */
void wf_sweep_then(struct wf_engine *engine, uint64_t execution,
                   void (*done)(void *arg), void *arg);
void wf_sweeps_free(struct wf_engine *engine);

/* ---- recover.c ---- */
/** Applies records of the journal, oldest first, to an engine's memory. */
struct wf_journal_reader {
    struct wf_engine *engine;
    struct wf_error *err;
    int64_t last_ms; /**< The time of the latest record. */
    /** Told of executions of which a record says something, but no earlier
     * one has their image: a later one should say that they are packed. And
     * of all that are packed. NULL: nobody asks. */
    void (*loose)(void *arg, uint64_t execution, bool is_packed);
    void *arg;
};
/** False: it does not decode, and `err` says what of it. */
bool wf_journal_apply(struct wf_journal_reader *reader, uint64_t seq,
                      struct wf_str record);
int wf_engine_recover(struct wf_engine *engine, struct wf_error *err);

/* ---- bundles.c ---- */
int wf_bundles_open(struct wf_engine *engine, struct wf_error *err);
void wf_bundles_close(struct wf_engine *engine);
/** Answers the pool's bundle_wanted from the store. */
void wf_bundle_send(struct wf_engine *engine, struct wf_str hash);

/* ---- retention.c ---- */
void wf_retention_housekeeping(struct wf_engine *engine);
void wf_retention_free(struct wf_engine *engine);
/** The tag whose value is no number of days; NULL: all are good. */
const struct wf_tag *wf_retention_bad_tag(const struct wf_tag *tags,
                                          size_t count);
#define WF_BAD_RETENTION \
    "The tag moonstep:retention-days must be a number of days, at most " \
    "9999999; 0 keeps executions for ever. It is '%s'."
/** Whether a batch that is not durable yet takes the execution away. */
bool wf_retention_dooms(const struct wf_engine *engine, uint64_t id);
/** Grows as executions are taken away: what was read before may be gone. */
uint64_t wf_retention_count(const struct wf_engine *engine);

/* ---- engine_backup.c ---- */
void wf_engine_backup_free(struct wf_engine *engine);

/* ---- test_state.c ---- */
/** The pool's news of tasks that belong to no frame. False: to no test. */
bool wf_test_task_ended(struct wf_engine *engine, uint64_t task,
                        enum wf_task_end how, struct wf_str output,
                        const struct wf_failure *failure);
void wf_test_task_heartbeat(struct wf_engine *engine, uint64_t task);
void wf_test_task_log(struct wf_engine *engine, uint64_t task,
                      const char *stream, struct wf_str line);
bool wf_test_has_task(const struct wf_engine *engine, uint64_t task);

/* ---- observe.c ---- */
/** Keeps the events of a slice for the observer and the log; called when
 * building. */
void wf_observe(struct wf_engine *engine, struct wf_execution *execution,
                struct wf_str slice, uint64_t first_event);
void wf_observed_send(struct wf_engine *engine, struct wf_buf *observed);
/** Shows the latest event of an EXPRESS execution that is observed, and lets
 * go of what is not needed any more. */
void wf_observe_express(struct wf_engine *engine,
                        struct wf_execution *execution);
/** Somebody sees the execution's events; also what they refer to. */
bool wf_is_observed(const struct wf_engine *engine,
                    const struct wf_execution *execution);
bool wf_docs_are_observed(const struct wf_engine *engine,
                          const struct wf_execution *execution);
/** Bytes of a document that are of use to those. */
size_t wf_observed_doc_bytes(const struct wf_engine *engine);

/* ---- logging.c ---- */
struct wf_log_subject {
    struct wf_machine *machine;
    uint64_t execution;
    struct wf_str arn;
    int64_t start_ms;
    uint32_t redrive_count;
};
/** Sets what the revision logs, from its settings. */
void wf_machine_log_read(struct wf_engine *engine,
                         struct wf_machine *machine);
/** Writes a line, if the machine's level takes the event in. `lacks`: the
 * number of a document that is to be read first; 0: none. */
void wf_log_event(struct wf_engine *engine,
                  const struct wf_log_subject *subject,
                  const struct wf_history_event *shown, uint64_t lacks,
                  uint64_t length);
void wf_log_count(const struct wf_engine *engine,
                  struct wf_engine_stats *stats);

#endif
