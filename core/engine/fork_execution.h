/*
 * fork_execution.h - ForkExecution: a new execution that shares what another
 * one has done up to an event, and goes on from there by itself. Part of
 * engine_impl.h.
 *
 *   origin: rows ──▶ history, once: can it go on there, and with what?
 *                ──▶ history, again: copied up to the event ──▶ it runs
 *
 * It is a redrive (redrive.h) of an execution that there is not yet: its image
 * is made of the origin's, as if that had been stopped behind the event. The
 * history that is read is the origin's; what is shared of it is written under
 * the new id, some of it in each batch, and so are the pieces of large
 * documents. Then ExecutionRedriven follows, which says from where the
 * execution was forked, and what was going on at the event goes on.
 *
 * The origin, running or ended, is only read; one that is in memory is packed
 * first, so that rows say all about it.
 *
 * The copy has no image before the batch that makes it run, so nobody finds
 * it. Until then it has a row of table Z: if the engine dies, or if it can't
 * be after all, retention.c removes what there is of it.
 *
 * Events keep their ids and times, documents their numbers.
 */
#ifndef WF_FORK_EXECUTION_H
#define WF_FORK_EXECUTION_H

#include "redrive.h"

/** What a redrive of a copy knows besides. */
struct wf_forking {
    uint64_t origin;       /**< Its id. */
    uint64_t event;        /**< The last one that is shared. */
    int64_t start_ms;      /**< Of the new execution. */
    int64_t origin_start_ms;
    struct wf_str arn;     /**< The origin's; borrowed. */
    struct wf_buf row;     /**< The origin's: image, perhaps a history. */
    size_t image_len;
    /** What the history says, and what is behind the event. */
    uint64_t same_until;   /**< Events before it are of the same revision. */
    uint64_t next;         /**< To be read. */
    enum wf_event_type type; /**< Of the event. */
    bool has_assigned;     /**< It is an exit that assigned variables: those
                                are the first document behind it. */
    enum wf_tail_entry assigned_as; /**< WF_TAIL_END: there is none. */
    struct wf_buf assigned; /**< Its text; if that is in pieces, its SHA-256, */
    uint64_t assigned_len;  /**< and this is its length. */
    uint64_t redriven;     /**< A redrive behind the event; 0: none. */
    bool root_is_known;    /**< What it has entered after that. */
    uint32_t root_state;
    uint64_t before, behind; /**< States entered nearest to it; 0: none. */
    struct wf_buf between; /**< Of lines that go on behind it. */
    /** The second time. */
    struct wf_tail tail;   /**< Copied, not written. */
    struct wf_chain chain; /**< Of what is written. */
    struct wf_buf piece;   /**< Key of the piece to go on from. */
};
void wf_forking_free(struct wf_forking *forking); /* NULL is fine */

/* ---- fork_history.c ---- */
/** Takes note of a piece of the history, and ends the cursor behind the last
 * event that is shared. */
void wf_fork_look(struct wf_redrive *redrive, struct wf_tail_cursor *cursor);
/** Where lines go on, as wf_fork_between() notes it. */
struct wf_str wf_fork_lines(struct wf_redrive *redrive);
/** All is settled: true: it has been refused, since nothing can go on from
 * there. */
bool wf_fork_is_lost(struct wf_redrive *redrive);
/** It is known what is to be done (`frames`, -1: nothing): as above. */
bool wf_fork_is_refused(struct wf_redrive *redrive, int64_t frames);
/** Copies what is shared, then calls wf_redrive_put_rows(). */
void wf_fork_copy(struct wf_redrive *redrive);
/** Tells the new execution what it is; its tail begins with what it needs of
 * what is behind the event. */
void wf_fork_begin(const struct wf_forking *forking,
                   struct wf_execution *execution);

/* ---- retention.c ---- */
/** A copy will never be whole: what there is of it goes. */
void wf_retention_clear(struct wf_engine *engine);

/* ---- begin.c ---- */
/** A number that no execution has, later than all of them. */
uint64_t wf_execution_new_id(struct wf_engine *engine);

/* ---- fork_execution.c ---- */
/** It runs: joins the open batch (from start.c). */
struct wf_execution *wf_fork_commit(struct wf_redrive *redrive);
/** Whether rows of table Z say that of an unfinished copy. */
bool wf_fork_is_on(const struct wf_engine *engine, uint64_t id);

#endif
