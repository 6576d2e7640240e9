/*
 * qualifiers.h - versions and aliases as the engine holds them: all of a state
 * machine's are in memory, or none.
 *
 * Rows: V (machine, version) and I (machine, alias). What is decided about
 * them (the next number, how many there are, whether an alias leads to a
 * version) is decided on the loop from what is in memory, and no row is newer.
 * Those that nobody has asked for lately leave memory again.
 *
 * Nobody keeps a pointer into them from one turn to the next.
 */
#ifndef WF_QUALIFIERS_H
#define WF_QUALIFIERS_H

#include "arn.h"
#include "machine.h"
#include "store.h"
#include "versions.h"

struct wf_version {
    uint32_t number, revision;
    int64_t creation_ms;
    char *description; /**< NULL: none. */
};

struct wf_route {
    uint32_t version;
    unsigned weight; /**< Percent. */
};

struct wf_alias {
    char *name;
    char *description; /**< NULL: none. */
    int64_t creation_ms, update_ms;
    struct wf_route routes[WF_ROUTES_MAX];
    unsigned route_count;
};

struct wf_qualifiers {
    struct wf_link link; /**< Of all in memory: asked for lately is last. */
    struct wf_machine_head *head;
    uint64_t last_seq;   /**< Of the batch with their latest rows. */
    struct wf_version *versions; /**< By number. */
    size_t version_count, version_cap;
    struct wf_alias *aliases;    /**< By name, as texts. */
    size_t alias_count, alias_cap;
};

/** The head of that name, settled (machine_delete.c), and its versions and
 * aliases in head->qualifiers; NULL: there is no such state machine. Calls
 * back at once if all is in memory. */
void wf_qualifiers_by_name(struct wf_engine *engine, struct wf_str name,
                           wf_machine_head_fn *found, void *arg);
/** Those of a state machine that has none: a new one. */
void wf_qualifiers_add(struct wf_engine *engine,
                       struct wf_machine_head *head);
/** All are deleted, rows too. */
void wf_qualifiers_clear(struct wf_engine *engine,
                         struct wf_machine_head *head);
/** Drops those that were not asked for lately. */
void wf_qualifiers_housekeeping(struct wf_engine *engine);
void wf_qualifiers_free(struct wf_qualifiers *qualifiers);

/** NULL: there is none. */
struct wf_version *wf_version_find(const struct wf_machine_head *head,
                                   uint32_t number);
/** The newest one of a revision; NULL: it has none. */
struct wf_version *wf_version_of(const struct wf_machine_head *head,
                                 uint32_t revision);
/** Whether there may be another one. */
bool wf_version_has_room(const struct wf_engine *engine,
                         const struct wf_machine_head *head);
/** A new version of the latest revision; its rows join the open batch. */
struct wf_version *wf_version_add(struct wf_engine *engine,
                                  struct wf_machine_head *head,
                                  struct wf_str description);
void wf_version_remove(struct wf_engine *engine,
                       struct wf_machine_head *head, uint32_t number);
/** The ARN of a version. Owned. */
char *wf_version_arn(struct wf_engine *engine, struct wf_str name,
                     uint32_t number);
#define WF_TOO_MANY_VERSIONS \
    "The maximum number of versions of the state machine has been reached"

struct wf_alias *wf_alias_find(const struct wf_machine_head *head,
                               struct wf_str name);
bool wf_alias_has_room(const struct wf_engine *engine,
                       const struct wf_machine_head *head);
/** An empty one. */
struct wf_alias *wf_alias_add(struct wf_machine_head *head,
                              struct wf_str name);
/** Adds its row to the open batch. */
void wf_alias_put(struct wf_engine *engine, struct wf_machine_head *head,
                  const struct wf_alias *alias);
void wf_alias_remove(struct wf_engine *engine, struct wf_machine_head *head,
                     struct wf_str name);
bool wf_alias_leads_to(const struct wf_alias *alias, uint32_t version);

/** What rows V and I say: description and the alias's name are left NULL; a
 * borrowed description is apart. False: it does not decode. */
bool wf_version_decode(const struct wf_row *row, struct wf_version *version,
                       struct wf_str *description);
bool wf_alias_decode(const struct wf_row *row, struct wf_alias *alias,
                     struct wf_str *description);

/** What a qualified ARN names; texts borrowed. */
struct wf_qualified {
    struct wf_machine *machine; /**< The revision: ready, or broken. */
    uint32_t version; /**< 0: none, it is the latest revision of a state
                        machine that is being deleted. */
    int64_t creation_ms;       /**< Of the version. */
    struct wf_str description; /**< data NULL: none. */
};
/** NULL: there is no such thing. */
typedef void wf_qualified_fn(void *arg, const struct wf_qualified *found);
/** `arn` has a qualifier. If it is that of an alias with two versions, one is
 * drawn by their weights (`draw`), or it is the one with more weight. */
void wf_machine_by_arn(struct wf_engine *engine, const struct wf_arn *arn,
                       bool draw, wf_qualified_fn *found, void *arg);

/** How many a page of a list has. */
static inline unsigned wf_page_size(unsigned asked) {
    return asked == 0 ? 100 : asked < 1000 ? asked : 1000;
}

#endif
