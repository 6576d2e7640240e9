/*
 * lua_worker.h - what the Lua side of a worker shares (lua_worker.c,
 * lua_coroutine.c, lua_failure.c, lua_bundle.c, lua_handle.c).
 */
#ifndef WF_LUA_WORKER_H
#define WF_LUA_WORKER_H

#include <lua.h>

#include "lua_json.h"
#include "worker_priv.h"

struct wf_lua_vm {
    struct wf_worker *worker;
    size_t used, limit;   /**< Bytes */
    lua_Alloc allocate;   /**< LuaJIT's own. */
    void *allocate_arg;
    uint64_t since_ns;    /**< When the current task got the CPU. */
    uint64_t turn;        /**< How often a task got it. */
    int loading;          /**< Modules being loaded: nothing can wait. */
    struct wf_idle_co *idle; /**< Coroutines to use again. */
    size_t idle_count;
    struct wf_buf scratch; /**< For text that a Lua error must not lose. */

    /* Registry references. */
    int start_ref, finish_ref, leave_ref; /**< Protected C functions. */
    int await_ref;             /**< Lua: wraps functions that yield. */
    int slots_ref;             /**< Table: see lua_coroutine.c. */
    int new_bundle_ref;        /**< Lua: lua/worker/bundle.lua */
};

/** What a coroutine of a task yields, and is resumed with. */
#define WF_LUA_AWAIT ((void *)&wf_lua_await)
/** What a first call returns if the module wants to be isolated. */
#define WF_LUA_ISOLATE ((void *)&wf_lua_isolate)
extern const char wf_lua_await, wf_lua_isolate;

/** The task ends as soon as the loop is back: it is doomed by memory. */
void wf_lua_task_doom_later(struct wf_task *task);

/**
 * Ends a task whose coroutine will not go on. Its cause is `lead`, or what
 * it raised (NULL), and the traceback; its error is `error`, unless what it
 * raised names one.
 */
void wf_lua_task_fail(struct wf_task *task, const char *error,
                      const char *lead);

/** Pushes JSON text as data for a handler; an output of the task that repeats
 * it keeps its text. Raises. [-0, +1] */
void wf_lua_input_push(lua_State *L, struct wf_task *task,
                       struct wf_str text);

/* ---- lua_lambda.c ---- */

/** True if this names a Lambda function: pool.h. */
bool wf_lua_lambda_is(struct wf_str function); /* or an AWS service */
/** Pushes the input of one, which keeps its text. [-0, +1] */
void wf_lua_lambda_push(lua_State *L, struct wf_str input);
/** The text of a value in the output of one; see lua_json.h. */
bool wf_lua_lambda_text(lua_State *L, int index, struct wf_str *text);
/** Pushes lua/worker/lambda.lua's function; opens wf.doc. [-0, +1] */
void wf_lua_lambda_open(lua_State *L);
/** Pushes a table with what it and lua/worker/aws.lua need both. [-0, +1] */
void wf_lua_lambda_host(lua_State *L);

/* ---- lua_aws.c ---- */

/** Pushes lua/worker/aws.lua's function; needs wf.doc. [-0, +1] */
void wf_lua_aws_open(lua_State *L);
/** Pushes what opens lua/worker/http_task.lua. */
void wf_lua_http_task_open(lua_State *L);

/** Reads a built-in Lua source into vm->scratch; false: there is none. */
bool wf_lua_worker_source(struct wf_worker *worker, const char *path);

/** Runs an embedded file lua/worker/NAME.lua with `nargs` arguments from the
 * stack; raises. [-nargs, +1] */
void wf_lua_worker_file(lua_State *L, const char *name, int nargs);

#endif
