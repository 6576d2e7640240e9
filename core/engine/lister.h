/*
 * lister.h - one list of executions, newest first: rows merged with memory.
 *
 * A row of table L, or for a child execution of a Map Run of table C, is
 * written when an execution is packed; one that is in memory shows its state
 * from there. Those of a version or an alias have a row of table W besides,
 * which is like that of L. A place in a list is start and id; of children 0
 * and id.
 *
 * A list is made in rounds, from new to old. Each looks at so many executions
 * in memory, and then reads the rows down to the place that it has come to, a
 * step at a time, so that nothing keeps the loop for long.
 */
#ifndef WF_LISTER_H
#define WF_LISTER_H

#include "engine_impl.h"

/** An execution of the list. */
struct wf_listed {
    int64_t start_ms, stop_ms;
    int64_t place_ms; /**< start_ms; of a child 0 */
    uint64_t id;
    uint64_t items; /**< Of a child. */
    uint32_t redrives;
    int64_t redrive_ms;
    int64_t paused_ms; /**< 0: it is not. */
    enum wf_execution_status status;
    uint32_t version; /**< 0: none */
    char *name, *alias; /**< NULL: none. Owned by the lister. */
};

struct wf_lister {
    /* Filled in before the first step. */
    struct wf_engine *engine;
    uint32_t machine;       /**< Its number. */
    uint64_t since;         /**< Older executions are a predecessor's. */
    int64_t oldest_ms;      /**< None that is shown has started before. */
    struct wf_map_run *run; /**< Whose children are listed; NULL: all others.
                                 Owned. */
    char *qualifier;  /**< A version or an alias: list its; NULL: all. Owned. */
    uint32_t version; /**< The number that it is; 0: none. */
    int64_t before_ms; /**< Shows what is older than this place; goes down. */
    uint64_t before_id;
    unsigned scan_rows; /**< That a step may read. */
    bool (*wants)(void *arg, const struct wf_listed *item,
                  struct wf_str name);
    void *arg;

    /* After a step. */
    struct wf_listed *items; /**< Newest first. */
    size_t count;
    size_t ready;     /**< The first so many: between them none is missing. */
    bool is_finished; /**< All are there. */

    /* The lister's own. */
    size_t cap, wanted;
    int64_t last_ms;   /* the round comes down to this place */
    uint64_t last_id;
    bool is_last;      /* there is nothing below it */
    bool in_round;
    uint64_t *seen;    /* what the round has looked at; sorted */
    size_t seen_count;
    void (*stepped)(void *owner);
    void *owner;
};

/** One step; `stepped` comes on the loop, never at once, and not if the
 * engine is closed first. About `wanted` more are of use. */
void wf_lister_step(struct wf_lister *lister, size_t wanted,
                    void (*stepped)(void *owner), void *owner);
/** Frees what it holds. */
void wf_lister_free(struct wf_lister *lister);

/* ---- listed.c: what is shown ---- */

/** What the ARNs of a list's executions begin with, and those of what they are
 * of. */
struct wf_list_arns {
    struct wf_buf prefix, machine, run;
};
/** The ARNs that an execution has of its own. */
struct wf_listed_arns {
    struct wf_buf execution, version, alias;
};
/** `arns` is empty, and has what the reply refers to then. */
void wf_listed_reply(const struct wf_listed *item,
                     const struct wf_list_arns *of,
                     struct wf_listed_arns *arns,
                     struct wf_execution_reply *reply);
void wf_list_arns_free(struct wf_list_arns *arns);
/** And the array itself. */
void wf_listed_arns_free(struct wf_listed_arns *arns, size_t count);

/* ---- places, as tokens ---- */

/** Of a list's beginning if `token` is empty. False: it is none. */
bool wf_place_read(struct wf_str token, int64_t *ms, uint64_t *id);
void wf_place_put(char token[48], int64_t ms, uint64_t id);

#endif
