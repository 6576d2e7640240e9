/*
 * lua_stdlib.h - the standard library of task handlers: what main() gives to
 * wf_worker_main(), and what its C modules share.
 *
 * What handlers require ("exec", "fs", "http", "sleep", "time", "env", "log")
 * are Lua files in lua/lib/: they check arguments, raise errors and carry the
 * documentation. Below them are C modules ("exec.core" ...) with few
 * functions that take checked arguments, wait on the worker's loop and
 * return plain results.
 */
#ifndef WF_LUA_STDLIB_H
#define WF_LUA_STDLIB_H

#include "base.h"
#include "worker.h"

struct wf_offload;

/** C modules and Lua sources of the library. Constant. */
extern const struct wf_library wf_stdlib;

int luaopen_wf_task(struct lua_State *L); /* task.core */
int luaopen_wf_exec(struct lua_State *L); /* exec.core */
int luaopen_wf_fs(struct lua_State *L);   /* fs.core */
int luaopen_wf_http(struct lua_State *L); /* http.core */

/**
 * Pushes a userdata that calls `release(arg)` when it is collected, so that
 * what follows may raise (out of memory). Call wf_lua_release() after that.
 * [-0, +1]
 */
void wf_lua_guard(struct lua_State *L, void *arg, void (*release)(void *arg));
/** Calls the release of the guard at `index` now. [-0, +0] */
void wf_lua_release(struct lua_State *L, int index);

/** The helper threads of this Lua state; they live as long as it does. */
struct wf_offload *wf_lua_offload(struct lua_State *L);
/**
 * What the registry holds under `key`, made by `make(loop)` at the first call
 * and released when the Lua state is closed.
 */
void *wf_lua_shared(struct lua_State *L, const char *key,
                    void *(*make)(struct ev_loop *loop),
                    void (*release)(void *arg));

/* Fields of the table at `index`; absent ones give the default. Never raise.
 * Texts live as long as the table. */
double wf_lua_number(struct lua_State *L, int index, const char *name,
                     double otherwise);
bool wf_lua_flag(struct lua_State *L, int index, const char *name);
struct wf_str wf_lua_text(struct lua_State *L, int index, const char *name);
/** A copy for free(), or NULL. */
char *wf_lua_copy(struct lua_State *L, int index, const char *name);

/** Sets a field of the table on top. [-0, +0] */
void wf_lua_set_text(struct lua_State *L, const char *name,
                     struct wf_str value);
void wf_lua_set_number(struct lua_State *L, const char *name, double value);
void wf_lua_set_flag(struct lua_State *L, const char *name, bool value);

#endif
