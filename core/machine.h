/*
 * machine.h - state machines as the engine holds them: one struct for each
 * revision that something refers to, its definition compiled once.
 *
 * Rows: M (name) holds the machine's number and latest revision, R (number,
 * revision) all the rest, so an execution that pins a revision needs its R
 * row only. Both are written by the batch of the call that made them.
 *
 * A struct can stand for a revision whose row is not read yet (after
 * recovery); wf_machine_need() reads and compiles it.
 */
#ifndef WF_MACHINE_H
#define WF_MACHINE_H

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
    const uint32_t *branches; /**< First states (0-based) of a Parallel's
                                 branches, or of a Map's processor. */
    uint32_t branch_count;
    bool has_selector;        /**< Map: Lua makes the input of iterations. */
};

struct wf_machine {
    struct wf_machine *id_next, *name_next; /**< Chains of the table. */
    uint32_t id, revision;
    char *name, *arn, *role_arn;
    char *execution_prefix; /**< ARN of its executions without the name. */
    bool express;
    int64_t creation_ms;
    struct wf_buf definition;
    bool ready;            /**< Row read, definition compiled. */
    bool broken;           /**< It does not compile any more. */
    bool reading;
    bool frames_wait;      /**< Frames run when it is ready. */
    bool shows_items;      /**< Its text may ask $$ for Map.Item. */
    struct wf_script_machine *compiled; /**< Owned. */
    const struct wf_state_info *states; /**< Owned by `compiled`. */
    uint32_t state_count, start;
    int64_t timeout_s;     /**< 0: none */
    struct wf_machine_wait *waits;
};

/** The machines in memory, by number and by name. All-zero: none. */
#define WF_MACHINE_BUCKETS 1024
struct wf_machines {
    struct wf_machine *by_id[WF_MACHINE_BUCKETS];
    struct wf_machine *by_name[WF_MACHINE_BUCKETS]; /**< Newest first. */
};

typedef void wf_machine_fn(void *arg, struct wf_machine *machine);

/** The machine of that name: NULL if there is none. Calls back at once if it
 * is in memory and ready, else when its rows are read. */
void wf_machine_by_name(struct wf_engine *engine, struct wf_str name,
                        wf_machine_fn *found, void *arg);
/** The struct of a revision; not necessarily ready. Never NULL. */
struct wf_machine *wf_machine_of(struct wf_engine *engine, uint32_t id,
                                 uint32_t revision);
/** Calls back when the machine is ready, or broken. */
void wf_machine_need(struct wf_engine *engine, struct wf_machine *machine,
                     wf_machine_fn *ready, void *arg);
/** The machine that an ARN names (of a machine or of an execution); leaves
 * the last part, an execution's name, in `rest`. False: not such an ARN. */
bool wf_arn_parse(struct wf_str arn, struct wf_str *kind, struct wf_str *name,
                  struct wf_str *rest);
/** A name of a state machine or execution as AWS wants it: 1 to 80
 * characters, none of <>{}[]?*"#%\^|~`$&,;:/, blanks or control characters. */
bool wf_name_is_valid(struct wf_str name);
void wf_machines_free(struct wf_engine *engine);

#endif
