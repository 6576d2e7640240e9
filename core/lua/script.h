/*
 * script.h - the engine's door into Lua: compile a definition, ask what a
 * transition should be.
 *
 * The core hands over a state, its input and what happened; Lua answers with
 * a decision, which the core applies. Lua sees neither store nor loop, cannot
 * block, and an error raised there is a failure of that execution, never of
 * the engine.
 */
#ifndef WF_SCRIPT_H
#define WF_SCRIPT_H

#include <stdatomic.h>

#include "clock.h"
#include "diagnostic.h"
#include "doc.h"
#include "inspection.h"
#include "profile.h"

struct wf_script;         /* the Lua state of an engine */
struct wf_script_machine; /* a compiled definition */
struct wf_state_info;

/** What one decision may cost; 0: any amount. */
struct wf_script_limits {
    uint64_t steps;   /**< Of about 100 ns each, see lua_doc.h. */
    size_t doc_bytes; /**< Of documents that it makes. */
    size_t lua_bytes; /**< Of Lua's memory, all in all. */
    unsigned time_ms; /**< By the clock on the wall. */
};

struct wf_script_options {
    struct wf_script_limits limits;
    const char *lua_directory;   /**< Instead of the embedded files; NULL. */
    const char *const *states;   /**< Directories of user state types; NULL. */
    const char *service_models;  /**< As for service_models.h; NULL. */
    struct wf_clock *clock;      /**< Borrowed: ctx:random(), ctx:uuid(). */
    bool once; /**< For one call only: LuaJIT compiles just what is very hot,
                * and garbage waits. */
    /** Tracebacks of state scripts, for the server's log. */
    void (*notice)(void *arg, const char *text);
    void *arg;
};

/** Loads lua/ and states/. A script that does not load is an error that
 * names it. */
int wf_script_new(const struct wf_script_options *options,
                  struct wf_script **script, struct wf_error *err);
void wf_script_free(struct wf_script *script); /* NULL is fine */

/** What a compiled definition tells the core. */
struct wf_script_summary {
    const struct wf_state_info *states; /**< Owned by the machine. */
    uint32_t state_count, start;        /**< start: 0-based */
    int64_t timeout_s;                  /**< 0: none */
    /** The variables that states refer to, an object of arrays, as JSON; data
     * NULL: none do. Owned by the machine. */
    struct wf_str variable_references;
};

/**
 * Compiles a definition. WF_E_INVALID: `err` and, in full, `diagnostics`
 * ("CODE: message at /location", comma-separated) say what is wrong with it.
 */
int wf_script_compile(struct wf_script *script, struct wf_doc *definition,
                      struct wf_script_machine **machine,
                      struct wf_script_summary *summary,
                      struct wf_buf *diagnostics, struct wf_error *err);
void wf_script_machine_free(struct wf_script *script,
                            struct wf_script_machine *machine);
/** All findings about a definition, JSON or not; calls `report` once.
 * `profile` NULL: native. */
void wf_script_diagnose(struct wf_script *script, struct wf_str text,
                        const struct wf_profile *profile, bool express,
                        wf_diagnostics_fn *report, void *arg);
/** The errors among them as wf_script_compile() gives them. -1: some. */
int wf_script_check(struct wf_script *script, struct wf_str text,
                    const struct wf_profile *profile, bool express,
                    struct wf_buf *diagnostics);

/** What a transition is about: what ctx and the context object ($$) show.
 * Borrowed during the call. */
struct wf_script_context {
    int64_t now_ms;
    struct wf_str execution_arn_prefix; /**< The ARN without the name. */
    struct wf_str execution_name, role_arn;
    struct wf_doc *execution_input;
    int64_t start_ms;
    uint32_t redrive_count;
    int64_t redrive_ms;                 /**< Of the last one. */
    struct wf_str state_machine_arn, state_machine_name;
    struct wf_str state_name;
    int64_t entered_ms;
    uint64_t entered_event; /**< Id of its *StateEntered; 0: it is tested. */
    uint32_t retry_count;
    const uint16_t *retriers; /**< Uses of each retrier in this visit. */
    uint32_t retrier_count;
    struct wf_str task_token; /**< Empty: none. */
    struct wf_doc *variables; /**< An object; NULL: none. */
    bool in_map;              /**< In an iteration of a Map: Map.Item. */
    uint32_t map_index;
    bool map_key;             /**< It is the value of an object's member. */
    struct wf_value map_item; /**< doc NULL: the definition can't ask. */
    struct wf_str map_source; /**< Where it comes from. */
    struct wf_doc *mocked; /**< NULL, or: the context object, but for Map. */
};

enum wf_script_event {
    WF_SCRIPT_ENTER,
    WF_SCRIPT_TIMER_FIRED,
    WF_SCRIPT_RETRY,
    WF_SCRIPT_TASK_SUCCEEDED, /**< `output` */
    WF_SCRIPT_TASK_FAILED,    /**< `failure` */
    WF_SCRIPT_JOINED,         /**< `output`: the children's outputs */
    WF_SCRIPT_BRANCH_FAILED,  /**< `failure` */
    WF_SCRIPT_ITEM,           /**< The input of context->map_index */
};

struct wf_script_call {
    struct wf_script_machine *machine;
    uint32_t state; /**< 0-based */
    enum wf_script_event event;
    struct wf_doc *input;
    struct wf_doc *output;
    struct wf_failure failure;
    const struct wf_script_context *context;
    const atomic_bool *stop; /**< NULL, or: true ends it, as a limit does. */
    struct wf_inspection *inspection; /**< Of a state that is tested; NULL. */
};

enum wf_decision_kind {
    WF_DECISION_EXIT,     /**< output, next (or is_end) */
    WF_DECISION_FAIL,     /**< failure */
    WF_DECISION_SCHEDULE, /**< output: parameters; timeout_s, heartbeat_s */
    WF_DECISION_WAIT,     /**< due_ms */
    WF_DECISION_RETRY,    /**< due_ms, retrier */
    WF_DECISION_PARALLEL, /**< output: what each branch gets */
    WF_DECISION_MAP,      /**< items, limit, run */
    WF_DECISION_ITEM,     /**< output: what the iteration gets */
    WF_DECISION_TOO_LONG, /**< A limit was reached and nothing is decided.
                            `failure`: what that is if it is the end. */
};

struct wf_decision {
    enum wf_decision_kind kind;
    struct wf_doc *output;  /**< A reference for the caller; NULL: none. */
    uint32_t next;          /**< 0-based */
    bool is_end;
    bool at_most_once;
    int64_t due_ms;
    int64_t timeout_s, heartbeat_s; /**< 0: none */
    struct wf_str role_arn; /**< SCHEDULE: of Credentials; empty: none. In
                               `texts`. */
    uint32_t retrier;       /**< 0-based */
    struct wf_doc *assigned; /**< EXIT: new values of variables, an object;
                                  NULL: none. A reference as `output`. */
    struct wf_value items;  /**< Array or object. A reference as `output`. */
    uint32_t limit;         /**< 0: none */
    struct wf_doc *run;     /**< MAP, distributed: the settings of its run, an
                               object; items.doc NULL: a reader has them. A
                               reference as `output`. */
    bool map_started;       /**< Before what is decided, MapStateStarted is
                               recorded, */
    uint64_t map_length;    /**< of so many items. */
    struct wf_failure failure; /**< Texts in `texts`. */
    /** An expression has failed: that is an event before what follows from
     * the decision. Location NULL: none has. Texts owned. */
    char *failed_location, *failed_cause;
    struct wf_buf texts;    /**< Owned by the decision; wf_buf_free(). */
};

/**
 * Decides a transition. Never fails: an error of a script becomes the
 * decision FAIL with States.Runtime, its traceback a notice.
 */
void wf_script_decide(struct wf_script *script,
                      const struct wf_script_call *call,
                      struct wf_decision *decision);
/** Releases what a decision owns. */
void wf_decision_free(struct wf_decision *decision);
/** What a request asks to be tested. Texts with data NULL, and numbers below
 * 0, are not given. */
struct wf_script_tested {
    struct wf_str definition;
    struct wf_str state_name; /**< In that of a machine; else of a state. */
    bool has_mock, mock_fails; /**< By errorOutput. */
    struct wf_str mock_result, mock_error, mock_mode;
    struct wf_str context;
    bool reveals_secrets;
    struct wf_str caused_by, reader_data;
    int64_t retries, failures;
};

/** What is tested: a state of a machine. */
struct wf_script_subject {
    struct wf_script_machine *machine; /**< Owned by who asked. */
    const struct wf_state_info *states;
    uint32_t state_count;
    uint32_t state; /**< 0-based */
    uint32_t retrier_count;
    bool is_jsonpath;
};

/** Compiles what is to be tested. -1: `exception` is AWS's, `message` what is
 * wrong. */
int wf_script_load_tested(struct wf_script *script,
                          const struct wf_script_tested *tested,
                          const struct wf_profile *profile,
                          struct wf_script_subject *subject,
                          const char **exception, struct wf_buf *message);
/** Collects garbage: the documents of earlier decisions go. Returns the
 * kilobytes that are left. */
size_t wf_script_collect(struct wf_script *script);
/** Kilobytes that Lua holds, for statistics. */
size_t wf_script_memory_kb(const struct wf_script *script);

#endif
