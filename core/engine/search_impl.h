/*
 * search_impl.h - a search under way, shared by its files:
 *
 *   search.c         the request, which lists it is about, the reply
 *   search_merge.c   the newest of many lists
 *   search_where.c   the condition
 */
#ifndef WF_SEARCH_IMPL_H
#define WF_SEARCH_IMPL_H

#include "decider.h"
#include "lister.h"
#include "search.h"

/** Executions that a page looks at, once each list has been begun. */
#define WF_SEARCH_LOOKS 20000

/** A state machine's list. */
struct wf_search_list {
    struct wf_lister lister;
    char *name;  /**< The state machine's. */
    size_t at;   /**< Items before this one are taken. */
};

/** An execution that was found: the place, and where its item is. */
struct wf_found {
    int64_t ms;
    uint64_t id;
    size_t list, item;
};

struct wf_found_list {
    struct wf_found *items;
    size_t count, cap;
};

/** The condition, and what it is evaluated on. While a thread works, it is
 * the thread's. */
struct wf_condition {
    struct wf_script_job job;
    struct wf_buf definition; /**< Of a machine that asks it. */
    struct wf_buf records;    /**< JSON texts, one behind the other; */
    size_t *ends;             /**< so each ends here. */
    char *answers;            /**< '+', '-', or '!': it has failed. */
    size_t count, answered;
    struct wf_buf refusal;    /**< Not empty: what is wrong with it. */
    struct wf_buf cause;      /**< Why it has failed first. */
    uint64_t errors;
};

struct wf_search {
    struct wf_engine *engine;
    struct wf_search_executions ask; /**< Texts in `texts`. */
    struct wf_buf texts;
    unsigned page;
    int64_t before_ms; /**< Shows what is older than this place. */
    uint64_t before_id;

    struct wf_search_list *lists;
    size_t list_count, list_cap;
    struct wf_buf last_name; /**< Of the state machines looked at. */

    /* search_merge.c */
    size_t begun, in_flight; /**< Lists. */
    uint64_t looked_at;
    size_t wanted;
    struct wf_found_list taken;
    bool is_complete;  /**< Behind what is taken is nothing. Else: */
    int64_t end_ms;    /**< it is complete down to this place. */
    uint64_t end_id;
    void (*gathered)(struct wf_search *search);

    /* search_where.c */
    struct wf_condition condition;
    size_t asked_at;   /**< Of `taken`, the first that is not asked about. */
    struct wf_found_list asked; /**< What the records are of. */
    size_t asked_count, asked_bytes; /**< All in all. */
    uint64_t begun_ns;

    struct wf_found_list found;
    wf_search_fn *reply;
    void *arg;
};

/* ---- search.c ---- */
/** What can be said without the condition. */
bool wf_search_wants(void *search, const struct wf_listed *item,
                     struct wf_str name);
void wf_search_answer(struct wf_search *search);
void wf_search_refuse(struct wf_search *search, const char *exception,
                      const char *format, struct wf_str subject);
void wf_found_add(struct wf_found_list *list, const struct wf_found *found);

/* ---- search_merge.c ---- */
/** Takes up to `wanted` more, newest first; `gathered` then, never at once.
 * Fewer: nothing is left, or the page has looked at enough. */
void wf_search_gather(struct wf_search *search, size_t wanted,
                      void (*gathered)(struct wf_search *search));

/* ---- search_where.c ---- */
/** Finds those of which the condition is true, and answers. */
void wf_search_where(struct wf_search *search);
void wf_condition_free(struct wf_condition *condition);

#endif
