/*
 * check_impl.h - inside of `moonstep check`: nobody else's.
 *
 *   check.c            the whole; findings
 *   check_tables.c     what belongs to no execution: machines, schedules …
 *   check_executions.c executions and what lies under their ids: one pass
 *                      over tables E S O P K G C Z side by side
 *   check_history.c    events, documents, pieces of one execution
 *   check_chain.c      the hashes of that history
 *   check_frames.c     frames of one execution, and what is theirs
 *   check_lists.c      rows that lead to executions: N L W T Q C
 *
 * The journal is applied first, as an engine does that starts. What it knows
 * of an execution or a frame is newer than rows.
 *
 * References that are one to one are looked up from one side only, and
 * counted: if the table on the other side has as many rows, none of them leads
 * nowhere. If it has more, each is looked up, to say which.
 */
#ifndef WF_CHECK_IMPL_H
#define WF_CHECK_IMPL_H

#include "check.h"
#include "engine_impl.h"
#include "store_view.h"

struct check_machine {
    uint32_t id, revision, last_version;
    bool is_gone; /**< Deleted: its last definition may be. */
    uint64_t since;
};

/** A document whose text is rows of table P. Borrowed. */
struct check_large {
    uint64_t number, length;
    const uint8_t *sha256; /**< NULL: of an earlier version. */
};

/** The hashes of one execution's history, as far as it has been read. */
struct check_chain {
    uint64_t execution, from;
    int64_t start_ms;
    const uint8_t *head;   /**< What the last link should be. Borrowed. */
    const uint8_t *before; /**< The last one that was read; NULL: none. */
    uint8_t made[WF_LINK_BYTES]; /**< What it should have been. */
    uint64_t events;       /**< That are chained. */
    uint64_t last_event;   /**< That `before` covers. */
    bool is_doubted;       /**< `before` is not `made`. */
    bool is_lost;          /**< What was before is missing: said already. */
    bool is_altered;       /**< Something was said. */
    bool is_over;          /**< The execution is being removed. */
};

/** The documents of one execution. */
struct check_history {
    uint64_t next_event;  /**< That is expected. */
    uint8_t *known;       /**< 4 bits for each event: its documents. */
    size_t known_bytes, known_used;
    struct wf_buf pieces; /**< struct check_large: of large ones. */
    bool is_broken;       /**< Something of it is missing: said already. */
};

struct check {
    struct wf_view *view;
    struct wf_engine *engine;      /**< What the journal leaves. */
    struct wf_check_report *report;
    bool journal_is_broken;
    struct wf_buf loose;           /**< uint64 executions: journal.h */
    uint64_t *active;              /**< In the journal, ascending. */
    size_t active_count;
    struct check_machine *machines; /**< By number. */
    size_t machine_count, machine_cap;
    struct wf_buf activities;      /**< uint64 numbers, ascending. */
    uint64_t matched[256];         /**< Rows that were looked up. */
    struct check_history history;
    struct check_chain chain;
    const struct wf_check_watch *watch; /**< NULL: nobody. */
    struct wf_hash *hash;
    struct wf_execution *nobody;   /**< Whose frames are decoded. */
    /* What was looked up last. */
    struct wf_key last_revision, last_bundle;
    bool last_revision_is, last_bundle_is;
};

/* ---- check.c ---- */
/** A finding of a row; table 0 and an empty key: of the whole. */
void check_wrong(struct check *check, struct wf_str key, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));
/** A row that a crash may leave. */
void check_left(struct check *check, struct wf_str key);
/** The next row of a scan: counted, its key has the table's form. False: the
 * end. */
bool check_next(struct check *check, struct wf_view_cursor *cursor,
                char table, struct wf_row *row);
/** Whether there is such a row; its value may be wanted. */
bool check_has(struct check *check, const struct wf_key *key,
               struct wf_str *value);
/** The same, and it is counted as looked up. */
bool check_match(struct check *check, const struct wf_key *key,
                 struct wf_str *value);
/** Key (table, execution). */
struct wf_key check_key(char table, uint64_t execution);
struct wf_execution *check_active(const struct check *check, uint64_t id);

/* ---- the others ---- */
void check_tables(struct check *check);
const struct check_machine *check_machine(const struct check *check,
                                          uint32_t id);
void check_executions(struct check *check);
/** Decodes the image of an execution's row. */
bool check_image(struct wf_str row, struct wf_execution_image *image,
                 struct wf_str *behind);
/** The image that counts: the journal's, or the row's. False: there is no
 * such execution. */
bool check_find(struct check *check, uint64_t id,
                struct wf_execution_image *image);
void check_lists(struct check *check);

/* ---- check_history.c ---- */
void check_history_reset(struct check_history *history);
/** A row of S; `key` is for findings. */
void check_segment(struct check *check, struct wf_str key,
                   struct wf_str segment, int64_t start_ms);
/** What the journal has behind them. */
void check_tail(struct check *check, struct wf_str key,
                const struct wf_execution *execution);
/** Says that a document which something refers to is not there. */
void check_document(struct check *check, struct wf_str key, uint64_t number,
                    const char *what);
/** Whether it is. */
bool check_has_document(const struct check *check, uint64_t number);

/* ---- check_chain.c ---- */
/** Before any of its history. `active`: the journal's; NULL: none. */
void check_chain_begin(struct check *check, uint64_t execution,
                       const struct wf_execution_image *image,
                       const struct wf_execution *active);
void check_seal(struct check *check, const struct wf_row *row,
                uint64_t execution, const struct wf_execution_image *image);
/** A segment; the cursor stands before its first entry. */
void check_chain_segment(struct check *check, struct wf_str key,
                         const struct wf_tail_cursor *cursor,
                         uint64_t events);
/** Events before the next segment are missing. */
void check_chain_lost(struct check *check);
void check_chain_end(struct check *check, struct wf_str key,
                     uint64_t next_event);
void check_chain_document(struct check *check, struct wf_str key,
                          const struct check_large *large,
                          const uint8_t sha256[WF_LINK_BYTES]);

/* ---- check_frames.c ---- */
struct check_frames {
    uint64_t execution;
    struct wf_execution *active; /**< The journal's; NULL: none. */
    bool is_running;
    uint64_t rows;
    uint32_t last_parent;
    bool last_parent_is;
    /* The fork whose results are being read. */
    uint32_t fork;               /**< WF_FRAME_NONE: none. */
    uint32_t children, done;
    bool counts;                 /**< Its results should be `done`. */
    uint64_t results;
};
void check_frame_row(struct check *check, struct check_frames *frames,
                     const struct wf_row *row);
/** Those that the journal knows. */
void check_frames_active(struct check *check, struct check_frames *frames);
void check_results(struct check *check, struct check_frames *frames,
                   const struct wf_row *row);
void check_results_end(struct check *check, struct check_frames *frames);
void check_checkpoint(struct check *check, struct check_frames *frames,
                      const struct wf_row *row);
/** Decodes a frame, or takes the journal's. NULL: there is none. The row's is
 * valid until the next one is decoded. */
struct wf_frame *check_find_frame(struct check *check, uint64_t execution,
                                  uint32_t number);

#endif
