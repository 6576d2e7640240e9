/*
 * execution.h - executions in memory, and their images in journal and store.
 *
 * An execution is one run of a state machine, in one frame or many (frame.h).
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

#include "chain.h"
#include "engine.h"
#include "frame.h"
#include "map_run.h"
#include "signals.h"
#include "tail.h"

struct wf_machine;
struct wf_start_rows;

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

/** A task that has started an execution, or waits for its end. */
struct wf_caller {
    uint64_t execution;
    uint64_t visit;   /**< Of the state: the id of its *StateEntered. */
    uint32_t frame, attempt;
    /** On disk: add, never renumber. */
    enum wf_caller_kind {
        WF_CALLER_STARTS = 0, /**< It does not wait. */
        WF_CALLER_SYNC = 1,   /**< It gets input and output as texts, */
        WF_CALLER_SYNC_2 = 2, /**< or parsed. */
    } kind;
};

/** How far a batch took an execution's history. */
struct wf_mark {
    uint64_t seq;        /**< Of the batch; 0: before this engine. */
    uint64_t next_event; /**< 0: no such batch. */
};

/** Client tokens of redrives are good for so long, and so many are kept. */
#define WF_REDRIVE_TOKENS 10
#define WF_REDRIVE_TOKEN_MS INT64_C(900000)

/** Somebody has paused it (pause.h). Part of its image. */
struct wf_pause {
    int64_t since_ms;   /**< 0: it is not paused. */
    char *reason;       /**< NULL: none was given. Owned. */
    bool with_machine;  /**< Its state machine was paused, not it alone. */
};

/** What an execution that has been redriven knows of that. Part of its
 * image. */
struct wf_redrives {
    uint32_t count;
    int64_t last_ms;
    struct wf_redrive_token {
        char *text;      /**< Owned; NULL: none. */
        int64_t when_ms; /**< Of the redrive that it has asked for. */
    } tokens[WF_REDRIVE_TOKENS]; /**< Newest first. */
};

/** Status changes that are to be in its next part of a batch. */
enum wf_execution_news { WF_NEWS_RUNS = 1, WF_NEWS_ENDED = 2 };

struct wf_execution {
    uint64_t id;
    struct wf_machine *machine; /**< wf_execution_set_machine(). */
    struct wf_execution *id_next, *name_next; /**< Hash chains. */
    struct wf_execution *older, *newer; /**< Branches of the table's tree. */
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
    uint32_t version;           /**< That it was started with; 0: none. */
    char *alias;                /**< Which led to the version; NULL: none. */
    struct wf_frame *frames;    /**< Those in memory, newest first. */
    struct wf_frame **frame_slots; /**< By number, once there are many. */
    uint32_t frame_size;        /**< Of frame_slots; power of two, or 0. */
    uint32_t frame_count;
    uint32_t next_frame;
    uint32_t frame_rows;        /**< Frames that have rows, in memory or not. */
    struct wf_link changed;     /**< Frames that the next slice shows. */
    uint32_t *gone;             /**< Numbers of those that have left memory
                                  since the last slice. Owned. */
    size_t gone_count, gone_cap;
    size_t frame_bytes;         /**< Memory that frames hold, about. */

    struct wf_tail tail;
    struct wf_chain chain;      /**< Of the segments before the tail. */
    struct wf_tail *older_tail; /**< EXPRESS, observed with documents: what was
                                  before `tail`. Owned; NULL: nothing. */
    size_t journaled;           /**< Bytes of the tail that are in a batch. */
    uint64_t journaled_event;   /**< First event behind those. */
    uint64_t first_seq;         /**< Oldest record it needs; 0: none. */
    uint64_t last_seq;          /**< Batch of its latest change. */
    struct wf_redrives *redrives; /**< Owned; NULL: it has never been. */
    struct wf_buf between;      /**< wf_fork_between() of its lines. */
    struct wf_pause pause;
    bool list_shows_pause;      /**< Its rows for lists do. */
    struct wf_signals *signals; /**< Owned; NULL: there never was one. */
    char *forked_from;          /**< ARN of the execution that it was forked
                                  from. Owned; NULL: none. */
    uint64_t forked_event;      /**< The last one that both share. */
    struct wf_buf earlier;      /**< Revisions that it ran before: past.h. */
    struct wf_mark marks[3];    /**< Newest first: two batches are on their
                                  way at most, the third is durable. */
    int64_t touched_ms;         /**< Time of the latest change. */
    struct wf_link dirty_link, unpacked_link, idle_link;
    struct wf_link full_link;   /**< In the engine's list of those whose
                                  history has no room for an event. */
    size_t bytes;               /**< Share of the engine's active_bytes. */
    uint8_t news;               /**< enum wf_execution_news */
    bool image_changed;         /**< The E image is due in the journal. */
    bool in_store;              /**< It has an E row (was packed once). */
    bool listed;                /**< Its N and L rows are written. */
    bool wants_pack;            /**< Pack at the next flush. */
    bool wants_drop;            /**< Drop when that is durable. */
    unsigned deciding;          /**< Frames for which a thread decides: held
                                  back from batches, too. */
    unsigned pieces_due;        /**< Large documents not written yet: the
                                  execution is held back from batches. */
    struct wf_effects held;     /**< What waits for it meanwhile. */
    struct wf_map_child *map_child; /**< Of a Map Run. Owned; or NULL. */
    struct wf_caller *callers;  /**< The first has started it. Owned. */
    uint32_t caller_count;
    bool is_left;               /**< A caller waits no longer: it is about to
                                  be stopped. In memory only. */
    struct wf_link coupled;     /**< Children that are in the same batch. */
    struct wf_link map_runs;    /**< Ended, their rows not written. Owned. */
    bool is_held_up;            /**< Left out of the batch being built. */
    const struct wf_start_rows *start_rows; /**< That are to be in its first
                                              batch; NULL: none (left). */
    bool has_orphans;           /**< It has ended before its children. */
    unsigned loading;           /**< Reads under way for it. */
    unsigned pins;              /**< Others that hold a pointer. */
};

/** Its redrives, made if need be. */
struct wf_redrives *wf_execution_redrives(struct wf_execution *execution);
/** How often it has been redriven. */
uint32_t wf_execution_redrive_count(const struct wf_execution *execution);
/** Counts one more. `token`: empty, none. */
void wf_execution_count_redrive(struct wf_execution *execution,
                                int64_t now_ms, struct wf_str token);

struct wf_execution *wf_execution_new(void);
void wf_execution_free(struct wf_execution *execution); /* NULL is fine */
/** The revision that it runs: it stays as long as the execution. Once. */
void wf_execution_set_machine(struct wf_execution *execution,
                              struct wf_machine *machine);
void wf_execution_free_frames(struct wf_execution *execution);
/** Notes that batch `seq` holds the history so far. */
void wf_execution_mark(struct wf_execution *execution, uint64_t seq);
/** The id behind the last event that is durable; 0: none is. */
uint64_t wf_execution_durable_event(const struct wf_execution *execution,
                                    uint64_t durable_seq);
/** Memory that the execution holds, about: structs, tail, documents. */
size_t wf_execution_bytes(const struct wf_execution *execution);
/**
 * Images: version byte, then varints and texts. The execution's image names
 * its machine by number and revision; `machine_of` looks it up.
 */
#define WF_IMAGE_VERSION 6
#define WF_IMAGE_MORE 5   /* since then there is a second byte of flags */
#define WF_IMAGE_CHAINED 6 /* has a chain and a seal */
#define WF_IMAGE_OLDEST 3 /* has no versions and aliases */

void wf_execution_encode(const struct wf_execution *execution,
                         struct wf_buf *out);
/** Seals the image that begins at `from` of `out` and ends with it. */
void wf_execution_seal(uint64_t execution, struct wf_hash *hash,
                       struct wf_buf *out, size_t from);
/** What an image says; texts borrowed. */
struct wf_execution_image {
    uint32_t machine, revision;
    uint32_t version;     /**< 0: none. */
    struct wf_str alias;  /**< Empty: none. */
    struct wf_str name, bundle, error, cause, trace_header;
    bool express, has_error;
    bool is_child, child_express; /**< Of a Map Run. */
    struct wf_str child_label;    /**< data NULL: it is no child. */
    uint64_t child_parent, child_index;
    uint32_t child_frame, child_run, child_items;
    struct wf_reader callers;     /**< For wf_caller_read(). */
    uint32_t caller_count;
    enum wf_execution_status status;
    int64_t start_ms, stop_ms, timeout_due_ms, last_ms;
    uint64_t next_event, input, output;
    uint32_t next_frame, frame_rows;
    int64_t row_due_ms;
    uint32_t redrive_count;
    int64_t redrive_ms;           /**< Of the last one. */
    struct wf_str redrive_tokens; /**< count times: text, when_ms (signed) */
    struct wf_str between;
    int64_t paused_ms;            /**< 0: it is not paused. */
    struct wf_str pause_reason;   /**< data NULL: none. */
    bool paused_with_machine, list_shows_pause;
    struct wf_str signals;        /**< For wf_signals_decode(); data NULL. */
    struct wf_str earlier;        /**< Revisions before this one: past.h */
    struct wf_str forked_from;    /**< data NULL: nothing. */
    uint64_t forked_event;
    uint64_t chain_from;          /**< See struct wf_chain. */
    struct wf_str chain_head;
    struct wf_str seal;           /**< Of the bytes before; empty: none. */
};
bool wf_execution_decode(struct wf_reader *in,
                         struct wf_execution_image *image);
/** Sets the members of an execution from its image (not id and machine). */
void wf_execution_apply(struct wf_execution *execution,
                        const struct wf_execution_image *image);

/* ---- caller.c ---- */
/** The next one of an image's callers; false: there is none. */
bool wf_caller_read(struct wf_reader *in, struct wf_caller *caller);
bool wf_caller_equal(const struct wf_caller *a, const struct wf_caller *b);
/** Adds one, unless it is there. False: there are too many. */
bool wf_execution_add_caller(struct wf_execution *execution,
                             const struct wf_caller *caller);
/** Whether a task waits for the execution's end. */
bool wf_execution_is_awaited(const struct wf_execution *execution);
/** The part of an image. */
void wf_callers_encode(const struct wf_execution *execution,
                       struct wf_buf *out);
void wf_callers_decode(struct wf_reader *in,
                       struct wf_execution_image *image);
void wf_callers_apply(struct wf_execution *execution,
                      const struct wf_execution_image *image);

/** What lists know of an execution: rows L and W, and C of a child of a Map
 * Run. Form: status:1 duration:varint name, of a child start:varint
 * items:varint, else, if it was started with a version, that:varint alias; W
 * as L. If it has been redriven, version (or 0) and alias are there, and
 * count:varint time:varint behind them. If it is paused, all of those are, and
 * since when:varint. */
struct wf_list_row {
    enum wf_execution_status status;
    int64_t duration_ms;   /**< 0: it runs. */
    struct wf_str name;
    int64_t start_ms;      /**< Of a child: others have it in the key. */
    uint64_t items;        /**< The same. */
    uint32_t version;      /**< 0: none. */
    struct wf_str alias;   /**< Empty: none. */
    uint32_t redrives;
    int64_t redrive_ms;
    int64_t paused_ms;     /**< 0: it is not. */
};
/** Texts are borrowed. False: it does not decode. */
bool wf_list_row_decode(struct wf_str row, bool is_child,
                      struct wf_list_row *listed);

#endif
