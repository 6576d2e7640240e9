/*
 * lua_script.h - what the files that implement script.h share.
 *
 * The Lua state of an engine holds: the engine's own modules (require finds
 * only those), the functions machine.load, machine.enter and machine.resume,
 * and one ctx userdata, which is bound to the transition being decided.
 */
#ifndef WF_LUA_SCRIPT_H
#define WF_LUA_SCRIPT_H

#include <lua.h>

#include "machine.h"
#include "script.h"

/** ctx: valid while `call` is set. */
struct wf_lua_ctx {
    const struct wf_script_context *now; /**< NULL outside of a call. */
    struct wf_clock *clock;
    struct wf_doc *document; /**< $$, once asked for. */
    struct wf_doc *brief;    /**< The same without what may be large. */
    struct wf_lua_budget *budget;
    struct wf_decision *decision; /**< What is being decided. */
    struct wf_inspection *inspection; /**< Of what is tested; or NULL. */
    bool may_retry; /**< The state's type has Retry: $$ has RetryCount. */
};

/** Counts what a state allocates, if that is limited. The limit holds inside
 * of calls only: elsewhere nobody could catch the error. */
struct wf_lua_heap {
    size_t used, limit;
    size_t unseen; /**< Allocated since the budget was looked at. */
    struct wf_lua_budget *budget; /**< NULL until the state is open. */
    bool in_call;
    bool refused; /**< It has not got what it asked for. */
};

struct wf_script {
    lua_State *L;
    struct wf_script_options options;
    char *lua_directory;
    int traceback_ref;
    /** Functions of lua/machine.lua. */
    int load_ref, load_tested_ref, diagnose_ref;
    int enter_ref, resume_ref, item_ref;
    int ctx_ref;
    struct wf_lua_ctx *ctx;
    int input_ref;
    struct wf_lua_docs *docs;
    struct wf_value *input; /**< The argument `input`: open during a call. */
    struct wf_lua_budget *budget; /**< Of its documents' functions. */
    struct wf_lua_heap heap;
};

struct wf_script_machine {
    int ref;                      /**< The compiled machine. */
    struct wf_state_info *states; /**< Texts owned by `names`. */
    uint32_t state_count;
    uint32_t *branches;           /**< Of all states. */
    struct wf_buf names;
    struct wf_buf variable_references;
};

/** The transition that ctx was bound to is decided. */
void wf_lua_ctx_end(struct wf_lua_ctx *ctx);

/** Opens the sandbox: allowed libraries, require, wf.doc. */
int wf_lua_sandbox(struct wf_script *script, struct wf_error *err);
/** require(name) from C. [-0, +1] on success, [-0, +0] and err on failure. */
int wf_lua_require(struct wf_script *script, const char *name,
                   struct wf_error *err);
/**
 * The only way into Lua: calls the function below the top `nargs` values.
 * [-(nargs + 1), +nresults] and 0; or [-(nargs + 1), +1] and -1: the error
 * value, with a traceback if it was a string.
 */
int wf_lua_call(struct wf_script *script, int nargs, int nresults);
/** The compiled machine on top of the stack. [-1, +0] */
void wf_lua_read_machine(lua_State *L, struct wf_script_machine *machine,
                         struct wf_script_summary *summary);
/** The list of diagnostics on top (or one message), as text. [-0, +0] */
void wf_lua_read_diagnostics(lua_State *L, struct wf_buf *out);
/** Calls are not limited until the next decision. */
void wf_lua_unlimited(struct wf_script *script);
/** Makes the ctx userdata. [-0, +0] */
void wf_lua_open_ctx(struct wf_script *script);

#endif
