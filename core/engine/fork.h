/*
 * fork.h - what a Parallel or Map state knows of its branches or iterations
 * while they run: how many there are, which have started, and the results of
 * those that have ended.
 *
 * The children are frames with the numbers base .. base + count - 1, in the
 * order of branches or items, so number and index follow from each other.
 * Numbers are reserved when the fork begins; frames are made when they start.
 *
 * A result is the number of a document of the execution. Those that came since
 * the execution was packed last become a row of table O when it is packed
 * again. No such row is ever rewritten or read before the join, so the end of
 * one child costs a few bytes, however many there are. In memory results are
 * kept in pages; unless the fork is complete, only those are known that came
 * since the last packing.
 *
 *   row   = (index:varint document:varint)*
 *
 * The children of a distributed Map are executions: see map_run.h.
 */
#ifndef WF_FORK_H
#define WF_FORK_H

#include "doc.h"
#include "list.h"

struct wf_map_run;

#define WF_FORK_PAGE 128

struct wf_fork_page {
    uint64_t numbers[WF_FORK_PAGE];
    struct wf_doc *docs[WF_FORK_PAGE]; /**< Owned; NULL: not in memory. */
};

struct wf_fork {
    bool is_map;
    bool is_aborted;        /**< By the frame that this one is a child of. */
    bool has_rows;          /**< There are results in the store. */
    uint32_t base, count;
    uint32_t next;          /**< Children started; those before it. */
    uint32_t done;          /**< Children that have ended. */
    uint32_t limit;         /**< MaxConcurrency; 0: none. */
    uint64_t started_event; /**< *StateStarted, which the first ones follow. */
    uint64_t last_inner;    /**< Last event inside the child ended last. */
    uint64_t last_event;    /**< The same, or its MapIterationSucceeded. */
    char *error, *cause;    /**< Why children are being ended; NULL: none. */
    uint32_t asleep;        /**< Children in phase REDRIVE. */
    struct wf_buf between;  /**< See wf_fork_between(). */
    struct wf_map_run *run; /**< A distributed Map's: its children are
                                 executions, and of what is here about
                                 children nothing is used. Owned; or NULL. */

    /* In memory only. */
    struct wf_link link;    /**< In the engine's list of those that are over. */
    uint32_t in_memory;     /**< Children that are. */
    uint32_t busy;          /**< Those that do something, but for waiting. */
    uint32_t swept;         /**< Abort: those below, in memory, are told. */
    uint32_t rows_from;     /**< Abort: parked ones below are loaded. Join:
                                 where the reading of results goes on. */
    bool is_reading;        /**< Rows are on their way. */
    uint32_t wakes_from;    /**< Children below are awake, or loaded. */
    unsigned missing;       /**< Results that are being read. */
    bool is_complete;       /**< All results there are are in the pages. */
    struct wf_fork_page **pages;
    uint32_t page_count;
    size_t doc_bytes;       /**< Of the results in memory. */
    uint32_t *unstored;     /**< Results that no row has yet. Owned. */
    size_t unstored_count, unstored_cap;
    size_t fresh_count;     /**< The last of those: no batch has them. */
    bool items_have_keys;   /**< They are members of an object. */
    struct wf_doc *items;   /**< What a Map iterates over; NULL: not known. */
    uint32_t *item_nodes;   /**< Their places in it. Owned. */
};

struct wf_fork *wf_fork_new(bool is_map, uint32_t base, uint32_t count);
void wf_fork_free(struct wf_fork *fork); /* NULL is fine */
/** Frees some of it, at most `pages` pages of results; true: all of it is
 * gone. What a large Map leaves takes milliseconds to free. */
bool wf_fork_free_some(struct wf_fork *fork, uint32_t pages);

/** Notes the result of a child. `doc` (may be NULL) is kept, within a bound
 * unless `keep`. */
void wf_fork_put(struct wf_fork *fork, uint32_t index, uint64_t number,
                 struct wf_doc *doc, bool keep);
/** The page of some children's results, made if need be. */
struct wf_fork_page *wf_fork_page(struct wf_fork *fork, uint32_t page);
/** The document of a child's result; 0: not known. */
uint64_t wf_fork_result(const struct wf_fork *fork, uint32_t index);
/** A row of the unstored results from the `from`-th on, at most `count`. */
void wf_fork_encode_results(const struct wf_fork *fork, size_t from,
                            size_t count, struct wf_buf *out);
/** Adds what a row knows. False: it does not decode. */
bool wf_fork_decode_results(struct wf_fork *fork, struct wf_str row);

/** A Map's items from an array or object: takes a reference. The fork must
 * have as many, unless its children are executions. */
void wf_fork_set_items(struct wf_fork *fork, struct wf_value items);
struct wf_value wf_fork_item(const struct wf_fork *fork, uint32_t index);

/** Notes that a line of control has been ended that had left a state, by the
 * event of that id, and would have entered the state `next`: a history does
 * not say that, and a redrive goes on there. Event 0: the root has entered
 * none. */
void wf_fork_between(struct wf_buf *between, uint64_t left_event,
                     uint32_t next);
/** Whether there are children to be woken. */
bool wf_fork_wakes(const struct wf_fork *fork);

/** All results as one array, in order; every document must be in memory. */
struct wf_doc *wf_fork_results(const struct wf_fork *fork);

/** Part of the frame's image. */
void wf_fork_encode(const struct wf_fork *fork, struct wf_buf *out);
/** NULL: it does not decode. */
struct wf_fork *wf_fork_decode(struct wf_reader *in);

#endif
