/*
 * machine.h - state machines as the engine holds them: a head for each name
 * that was asked for, and a struct for each revision that something refers
 * to, its definition compiled once. Other old revisions leave memory.
 *
 * Rows: M (name) is the head: the machine's number, latest revision, status
 * and tags. R (number, revision) is all the rest, so an execution that pins a
 * revision needs its R row only. They are written by the batch of the call
 * that made them; what is in memory is never older than the rows.
 *
 * A state machine that is deleted keeps its head, so that its executions are
 * still found; one that is made again under its name goes on with its number
 * and revisions, and does not list the executions of its predecessor.
 *
 * Versions and aliases are in qualifiers.h.
 *
 * A struct can stand for a revision whose row is not read yet (after
 * recovery); wf_machine_need() reads and compiles it.
 */
#ifndef WF_MACHINE_H
#define WF_MACHINE_H

#include "arn.h"
#include "base.h"
#include "engine.h"
#include "list.h"
#include "script.h"

/** What the core has to know of a state; the rest is Lua's. */
struct wf_state_info {
    struct wf_str name;
    enum wf_event_type entered; /**< WF_EVENT_PASS_STATE_ENTERED … */
    enum wf_event_type exited;  /**< WF_EVENT_NONE: a Fail state. */
    enum wf_event_type scheduled; /**< Task: first event of its family. */
    struct wf_str resource_type, resource;
    bool has_token;           /**< Task: $$.Task.Token is there. */
    bool waits_for_token;     /**< Its result is what comes with that. */
    const uint32_t *branches; /**< First states (0-based) of a Parallel's
                                 branches, or of a Map's processor. */
    uint32_t branch_count;
    bool has_selector;        /**< Map: Lua makes the input of iterations. */
    bool is_distributed;      /**< Map: iterations are executions, */
    struct wf_str processor;  /**< of this definition. Else empty. */
    uint32_t inside;          /**< The state that it is in; UINT32_MAX: none. */
    bool can_end;             /**< Its branch may end with it. */
    uint32_t scope;           /**< States of one branch or processor have the
                                 same; no others do. */
};

/** The settings of a revision; NULL: not given. Owned. */
struct wf_machine_settings {
    char *logging, *tracing, *encryption;
};

/** What a revision logs; all-zero: nothing. */
struct wf_machine_log {
    enum wf_log_level level; /**< WF_LOG_OFF, too, if there is no log. */
    bool with_data;
    char *group;             /**< Name of the log group. Owned. */
};

struct wf_machine {
    struct wf_machine *id_next; /**< Chain of the table. */
    struct wf_link link;   /**< In the list of all. */
    unsigned executions;   /**< In memory, that run it. */
    uint64_t looked_up;    /**< Calls begun until then; UINT64_MAX: see
                             machine_old.c. */
    bool is_spare;         /**< Found so. */
    uint32_t id, revision;
    char *name, *arn, *role_arn;
    char *execution_prefix; /**< ARN of its executions without the name. */
    bool express;
    int64_t creation_ms;   /**< Of the state machine. */
    int64_t update_ms;     /**< Of this revision. */
    char *revision_id;     /**< A UUID; NULL: the first revision. */
    struct wf_machine_settings settings;
    struct wf_machine_log log;
    struct wf_buf definition;
    bool ready;            /**< Row read, definition compiled. */
    bool broken;           /**< It does not compile any more. */
    bool is_checked;       /**< By wf_definition_check(). */
    bool reading;
    bool frames_wait;      /**< Frames run when it is ready. */
    bool shows_items;      /**< Its text may ask $$ for Map.Item. */
    struct wf_machine_head *head; /**< Set by wf_machine_by_name(). */
    struct wf_script_machine *compiled; /**< Owned. */
    const struct wf_state_info *states; /**< Owned by `compiled`. */
    uint32_t state_count, start;
    int64_t timeout_s;     /**< 0: none */
    struct wf_str variable_references; /**< JSON, owned by `compiled`. */
    struct wf_machine_wait *waits;
};

struct wf_machine_head {
    struct wf_machine_head *next; /**< Chain of the table. */
    char *name;
    uint32_t id, revision; /**< The latest. */
    bool express;
    enum wf_state_machine_status status;
    int64_t creation_ms;
    uint64_t since;        /**< Executions up to this id were started before
                             it was made: a predecessor's. */
    struct wf_buf tags;    /**< tag_count times: key, value (wf_buf_text) */
    unsigned tag_count;
    uint32_t last_version; /**< Number of the version published last. */
    uint32_t made_version; /**< What CreateStateMachine has published, and */
    char *made_description; /**< its description; 0, NULL: nothing. */
    struct wf_qualifiers *qualifiers; /**< NULL: not in memory. */
    unsigned qualifier_reads; /**< Under way. */
    int64_t paused_ms;     /**< Since then what starts is paused; 0: not. */
    char *pause_reason;    /**< NULL: none. Owned. */
    /** DELETING: no execution that is listed after this place runs. */
    int64_t running_ms;
    uint64_t running_id;
};

/** What is in memory, by number and by name. */
#define WF_MACHINE_BUCKETS 1024
struct wf_machines {
    struct wf_link all;      /**< Revisions. */
    unsigned count, spare;
    struct wf_link qualified; /**< Versions and aliases: qualifiers.h. */
    unsigned qualified_count;
    struct wf_machine *by_id[WF_MACHINE_BUCKETS];
    struct wf_machine_head *heads[WF_MACHINE_BUCKETS];
};

typedef void wf_machine_head_fn(void *arg, struct wf_machine_head *head);
typedef void wf_machine_fn(void *arg, struct wf_machine *machine);

/** The head of that name, deleted or not; NULL: there never was one. Calls
 * back at once if it is in memory. */
void wf_machine_head_by_name(struct wf_engine *engine, struct wf_str name,
                             wf_machine_head_fn *found, void *arg);
/** The latest revision of that name: NULL if there is none, or it is deleted.
 * Calls back at once if it is in memory and ready. If it has been read, but
 * does not compile any more, it is not ready. */
void wf_machine_by_name(struct wf_engine *engine, struct wf_str name,
                        wf_machine_fn *found, void *arg);
/** The struct of a revision; not necessarily ready. Never NULL. Whoever keeps
 * it from one turn to the next has a call (call.h) under way, or is an
 * execution (wf_execution_set_machine). */
struct wf_machine *wf_machine_of(struct wf_engine *engine, uint32_t id,
                                 uint32_t revision);
/** Calls back when the machine is ready, or broken. */
void wf_machine_need(struct wf_engine *engine, struct wf_machine *machine,
                     wf_machine_fn *ready, void *arg);
void wf_machines_init(struct wf_engine *engine);
void wf_machines_free(struct wf_engine *engine);
/** Drops revisions that nothing refers to, a few at a time. */
void wf_machines_housekeeping(struct wf_engine *engine);

/* ---- for machine_*.c ---- */

/** NULL: not in memory. */
struct wf_machine_head *wf_machine_head_find(struct wf_engine *engine,
                                             struct wf_str name);
/** A new head, ACTIVE, without a revision. */
struct wf_machine_head *wf_machine_head_add(struct wf_engine *engine,
                                            struct wf_str name);
/** Adds the head's row to the open batch. */
void wf_machine_head_put(struct wf_engine *engine,
                         const struct wf_machine_head *head);
/** What a row says, for lists: texts borrowed, and not in `head`. False: it
 * does not decode. */
struct wf_machine_head_texts {
    struct wf_str tags, made_description, pause_reason;
};
bool wf_machine_head_decode(struct wf_str row, struct wf_machine_head *head,
                            struct wf_machine_head_texts *texts);
/** An empty struct for a revision that is being made. */
struct wf_machine *wf_machine_add(struct wf_engine *engine, uint32_t id,
                                  uint32_t revision);
/** Frees it: nothing refers to it yet, or any more. */
void wf_machine_remove(struct wf_engine *engine, struct wf_machine *machine);
/** Sets name, role and ARNs. */
void wf_machine_name(struct wf_engine *engine, struct wf_machine *machine,
                     struct wf_str name, struct wf_str role_arn);
/** Adds the revision's row to the open batch. */
void wf_machine_put(struct wf_engine *engine,
                    const struct wf_machine *machine);
/** Sets everything that a revision's row holds. False: it does not decode. */
bool wf_machine_decode(struct wf_engine *engine, struct wf_machine *machine,
                       struct wf_str row);
/** Compiles the definition. -1: `diagnostics` says what is wrong with it. */
int wf_machine_compile(struct wf_engine *engine, struct wf_machine *machine,
                       struct wf_buf *diagnostics, struct wf_error *err);
/** A definition of more bytes is nothing for the loop to check: a hostile one
 * takes more than a second. */
#define WF_DEFINITION_LARGE ((size_t)64 << 10)
/** What the profile refuses that is no obstacle otherwise: an engine runs on
 * what it was given under another one. 0, or -1 and `diagnostics`. */
int wf_definition_check_profile(struct wf_script *script, struct wf_str text,
                                const struct wf_profile *profile,
                                bool express, struct wf_buf *diagnostics);
/** That, and whether it compiles. For a thread, with a script of its own. */
int wf_definition_check(struct wf_script *script, struct wf_str text,
                        const struct wf_profile *profile, bool express,
                        struct wf_buf *diagnostics, struct wf_error *err);
struct wf_state_machine_reply wf_machine_reply(
    const struct wf_machine *machine);
/** "arn:aws:states:REGION:ACCOUNT:KIND:name" and `end`. Owned. */
char *wf_machine_arn(struct wf_engine *engine, const char *kind,
                     struct wf_str name, const char *end);
/** Adds tags to `count` stored ones, or changes their values; returns how
 * many there are now. */
size_t wf_tags_merge(struct wf_buf *stored, size_t count,
                     const struct wf_tag *added, size_t added_count);
#define WF_TOO_MANY_TAGS "A resource can have 50 tags at most"
/** A DELETING state machine becomes DELETED if no execution of it runs. Calls
 * back at once if its status is another one. */
void wf_machine_settle(struct wf_engine *engine,
                       struct wf_machine_head *head,
                       void (*settled)(void *arg), void *arg);

#endif
