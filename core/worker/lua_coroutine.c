/*
 * lua_coroutine.c - tasks as coroutines: start, wait, go on, end.
 *
 * All work on the Lua state is done inside protected calls of C functions
 * that stay in the registry, or inside the task's coroutine. A coroutine that
 * ended well is used again; one that raised is not.
 *
 * `slots` is a list that holds two values for each task: the origin of its
 * input (lua_json.h), by which an output that repeats the input keeps its
 * text, and its handle, which so lives as long as the task (cheaper than a
 * finalizer).
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>

#include "lua_worker.h"

#define IDLE_MAX 1024
#define LEAVE_NS (UINT64_C(10000) * (uint64_t)WF_NS_PER_MS)

#define ORIGIN_OF(task) ((int)(task)->slot * 2 - 1)
#define HANDLE_OF(task) ((int)(task)->slot * 2)

const char wf_lua_await = 'a', wf_lua_isolate = 'i';

struct wf_idle_co {
    lua_State *co;
    int ref;
};

/* ---- waiting ---- */

struct wf_task *wf_task_running(lua_State *L) {
    return wf_lua_worker(L)->current;
}

struct wf_task *wf_task_current(lua_State *L) {
    struct wf_worker *worker = wf_lua_worker(L);

    if (!worker->current || worker->vm->loading > 0)
        luaL_error(L, "this can't be called while a module is being loaded,"
                      " only by a running handler");
    return worker->current;
}

int wf_task_yield(lua_State *L, wf_task_cancel_fn *cancel, void *arg) {
    struct wf_task *task = wf_lua_worker(L)->current;

    task->waiting = true;
    task->cancel = cancel;
    task->cancel_arg = arg;
    lua_settop(L, 0);
    lua_pushlightuserdata(L, WF_LUA_AWAIT);
    return lua_yield(L, 1);
}

/* resolve(...): the mark becomes the results of the operation that is over;
 * anything else is the result of a function that did not wait. */
static int l_resolve(lua_State *L) {
    if (lua_touserdata(L, 1) != WF_LUA_AWAIT)
        return lua_gettop(L);
    struct wf_task *task = wf_lua_worker(L)->current;
    wf_task_push_fn *push = task->push;
    task->waiting = false;
    task->push = NULL;
    task->cancel = NULL;
    lua_settop(L, 0);
    return push(L, task->push_arg);
}

void wf_task_pushfunction(lua_State *L, lua_CFunction function) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, wf_lua_worker(L)->vm->await_ref);
    lua_pushcfunction(L, function);
    lua_pushcfunction(L, l_resolve);
    lua_call(L, 2, 1); /* protected by the caller */
}

/* ---- coroutines ---- */

static void coroutine_take(lua_State *L, struct wf_task *task) {
    struct wf_lua_vm *vm = task->worker->vm;

    if (vm->idle_count > 0) {
        struct wf_idle_co *idle = &vm->idle[--vm->idle_count];
        task->co = idle->co;
        task->co_ref = idle->ref;
        return;
    }
    task->co = lua_newthread(L);
    task->co_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* Lets go of all that Lua holds for the task. */
static void coroutine_release(struct wf_task *task, bool reusable) {
    struct wf_worker *worker = task->worker;
    struct wf_lua_vm *vm = worker->vm;
    lua_State *L = worker->L;

    if (task->handle)
        *task->handle = NULL;
    task->handle = NULL;
    if (!task->co)
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->slots_ref);
    lua_pushboolean(L, 0); /* not nil: they stay in the array part */
    lua_rawseti(L, -2, ORIGIN_OF(task));
    lua_pushboolean(L, 0);
    lua_rawseti(L, -2, HANDLE_OF(task));
    lua_pop(L, 1);
    if (reusable && vm->idle_count < IDLE_MAX) {
        lua_settop(task->co, 0);
        vm->idle[vm->idle_count++] =
            (struct wf_idle_co){task->co, task->co_ref};
    } else {
        luaL_unref(L, LUA_REGISTRYINDEX, task->co_ref);
    }
    task->co = NULL;
}

void wf_lua_task_drop(struct wf_task *task) {
    wf_task_cancel_fn *cancel = task->cancel;

    task->cancel = NULL;
    task->push = NULL;
    task->waiting = false;
    if (cancel)
        cancel(task->cancel_arg);
    coroutine_release(task, false);
}

/* ---- failing ---- */

static void task_doomed(struct wf_task *task) {
    struct wf_worker *worker = task->worker;
    struct wf_page *page = worker->page;
    char cause[256];

    if (task->doom == WF_DOOM_CANCELLED) {
        wf_lua_task_drop(task); /* the CANCEL is on its way */
        return;
    }
    if (task->doom == WF_DOOM_DEADLINE) {
        wf_lua_task_fail(task, "States.Timeout",
                         "the handler ran past its deadline without yielding");
        return;
    }
    if (task->doom == WF_DOOM_MEMORY)
        snprintf(cause, sizeof(cause),
                 "the handler used up the memory for Lua in its worker "
                 "(limit %zu MiB)",
                 worker->vm->limit >> 20);
    else
        snprintf(cause, sizeof(cause),
                 "the handler blocked its worker for %llu ms without "
                 "yielding while other tasks waited (isolate = true gives "
                 "a module processes of its own)",
                 (unsigned long long)page->block_ms);
    bool collect = task->doom == WF_DOOM_MEMORY;
    wf_lua_task_fail(task, "States.TaskFailed", cause);
    if (collect)
        lua_gc(worker->L, LUA_GCCOLLECT, 0);
}

/* ---- ending ---- */

static int l_finish(lua_State *L) {
    struct wf_task *task = lua_touserdata(L, 1);
    struct wf_worker *worker = task->worker;
    struct wf_lua_json_options options = {
        .name = "output",
        .origin = 2,
        .max_bytes = worker->page->output_bytes,
        .foreign = wf_lua_lambda_text,
    };
    struct wf_error err;

    lua_rawgeti(L, LUA_REGISTRYINDEX, worker->vm->slots_ref);
    lua_rawgeti(L, -1, ORIGIN_OF(task));
    lua_replace(L, 2); /* stack: task, origin */
    if (!lua_istable(L, 2) && !lua_isuserdata(L, 2)) {
        lua_pushnil(L);
        lua_replace(L, 2);
    }
    if (lua_gettop(task->co) == 0)
        lua_pushnil(L);
    else
        lua_pushvalue(task->co, 1);
    if (lua_gettop(task->co) > 0)
        lua_xmove(task->co, L, 1);
    if (wf_lua_json_encode(L, 3, &options, &worker->wire.out, &err) == 0)
        return 0;
    task->too_large = err.code == WF_E_LIMIT;
    return luaL_error(L, "%s", err.message);
}

/* Calls a function of the registry with a light userdata. Leaves the message
 * of an error on the stack. */
static int protected(lua_State *L, int ref, void *arg) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, ref);
    lua_pushlightuserdata(L, arg);
    return lua_pcall(L, 1, 0, 0);
}

static void task_finish(struct wf_task *task) {
    struct wf_worker *worker = task->worker;
    lua_State *L = worker->L;

    if (task->leaving) {
        wf_lua_worker_leave(task);
        coroutine_release(task, true);
        wf_worker_task_left(task);
        return;
    }
    size_t mark = wf_wire_begin(&worker->wire, WF_WIRE_RESULT);

    wf_buf_varint(&worker->wire.out, task->id);
    int rc = protected(L, worker->vm->finish_ref, task);
    wf_lua_worker_leave(task);
    if (rc == 0 && !task->doom) {
        wf_wire_end(&worker->wire, mark);
        coroutine_release(task, true);
        wf_worker_task_end(task, mark, true);
        return;
    }
    wf_wire_undo(&worker->wire, mark);
    if (task->doom) {
        lua_settop(L, 0);
        task_doomed(task);
        return;
    }
    if (task->too_large) { /* the engine knows the words */
        lua_settop(L, 0);
        wf_lua_task_drop(task);
        wf_worker_task_fail(task, WF_STR("States.DataLimitExceeded"),
                            WF_STR_NULL);
        return;
    }
    char *lead = wf_strndup(lua_tostring(L, -1), lua_objlen(L, -1));
    lua_settop(L, 0);
    wf_lua_task_fail(task, "States.TaskFailed", lead);
    free(lead);
}

static void task_isolate(struct wf_task *task) {
    struct wf_wire *wire = &task->worker->wire;
    size_t mark = wf_wire_begin(wire, WF_WIRE_NEEDS_ISOLATION);

    wf_buf_add(&wire->out, task->body.data, task->body.len);
    wf_wire_end(wire, mark);
    wf_lua_worker_leave(task);
    coroutine_release(task, true);
    wf_worker_task_end(task, mark, true);
}

/* What the coroutine has come to. */
static void task_after(struct wf_task *task, int rc) {
    struct wf_worker *worker = task->worker;
    lua_State *co = task->co;
    int top = lua_gettop(co);

    if (rc == LUA_YIELD && !task->doom && task->waiting && top > 0 &&
        lua_touserdata(co, -1) == WF_LUA_AWAIT) {
        lua_pop(co, 1);
        wf_lua_worker_leave(task);
        if (task->push)
            wf_list_append(&worker->ready, &task->link);
        return;
    }
    if (rc == 0 && !task->doom) {
        if (task->first && top > 0 &&
            lua_touserdata(co, 1) == WF_LUA_ISOLATE)
            task_isolate(task);
        else
            task_finish(task);
        return;
    }
    wf_lua_worker_leave(task);
    if (task->doom)
        task_doomed(task);
    else if (rc == LUA_YIELD)
        wf_lua_task_fail(task, "States.TaskFailed",
                         "coroutine.yield() was called outside a coroutine");
    else
        wf_lua_task_fail(task, "States.TaskFailed", NULL);
}

void wf_lua_task_continue(struct wf_task *task) {
    wf_lua_worker_enter(task);
    lua_pushlightuserdata(task->co, WF_LUA_AWAIT);
    task_after(task, lua_resume(task->co, 1));
}

void wf_lua_task_doom_later(struct wf_task *task) {
    task->doom = WF_DOOM_MEMORY;
    wf_list_append(&task->worker->doomed, &task->doomed);
}

void wf_worker_end_doomed(struct wf_worker *worker) {
    struct wf_link *link;

    while ((link = wf_list_shift(&worker->doomed)) != NULL) {
        struct wf_task *task = WF_ENTRY(link, struct wf_task, doomed);
        wf_list_remove(&task->link);
        if (task->co)
            task_doomed(task);
    }
}

/* ---- starting ---- */

struct start {
    struct wf_task *task;
    const struct wf_wire_task *ask;
    int nargs;
};

/* Pushes the function, or the one that finds it and its name. [-0, +n] */
static int function_push(lua_State *L, const struct start *start) {
    struct wf_bundle *bundle = start->task->bundle;
    struct wf_str name = start->ask->function;

    lua_rawgeti(L, LUA_REGISTRYINDEX, bundle->functions_ref);
    lua_pushlstring(L, name.data, name.len);
    lua_rawget(L, -2);
    lua_remove(L, -2); /* stack: function or nil */
    if (!lua_isnil(L, -1))
        return 1;
    start->task->first = true;
    lua_pop(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, bundle->first_ref);
    lua_pushlstring(L, name.data, name.len);
    return 2;
}

void wf_lua_input_push(lua_State *L, struct wf_task *task,
                       struct wf_str text) {
    struct wf_doc *doc = wf_doc_trusted(text);
    struct wf_error err;
    int rc = wf_lua_json_decode(L, doc, &err);

    wf_doc_unref(doc);
    if (rc != 0)
        luaL_error(L, "%s", err.message);
    /* stack: input, origin */
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->worker->vm->slots_ref);
    lua_insert(L, -2);
    lua_rawseti(L, -2, ORIGIN_OF(task)); /* stack: input, slots */
    lua_pop(L, 1);
}

/* Pushes the input and the handle. [-0, +2] */
static void arguments_push(lua_State *L, const struct start *start) {
    struct wf_lua_vm *vm = start->task->worker->vm;

    if (wf_lua_lambda_is(start->ask->function))
        wf_lua_lambda_push(L, start->ask->input);
    else
        wf_lua_input_push(L, start->task, start->ask->input);
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->slots_ref);
    wf_lua_handle_push(L, start->task); /* stack: input, slots, handle */
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, HANDLE_OF(start->task));
    lua_remove(L, -2); /* stack: input, handle */
}

static int l_start(lua_State *L) {
    struct start *start = lua_touserdata(L, 1);
    struct wf_task *task = start->task;

    coroutine_take(L, task);
    int count = function_push(L, start);
    arguments_push(L, start);
    start->nargs = count + 1;
    lua_xmove(L, task->co, count + 2);
    return 0;
}

void wf_lua_task_start(struct wf_task *task, const struct wf_wire_task *ask) {
    struct wf_worker *worker = task->worker;
    struct start start = {.task = task, .ask = ask};
    lua_State *L = worker->L;

    wf_lua_worker_enter(task);
    if (protected(L, worker->vm->start_ref, &start) == 0) {
        if (!task->first)
            wf_worker_task_trim(task, ask);
        task_after(task, lua_resume(task->co, start.nargs));
        return;
    }
    wf_lua_worker_leave(task);
    char *lead = wf_strndup(lua_tostring(L, -1), lua_objlen(L, -1));
    lua_settop(L, 0);
    wf_lua_task_drop(task);
    wf_worker_task_fail(task, WF_STR("States.TaskFailed"), wf_str(lead));
    free(lead);
}

/* ---- leaving ---- */

static int l_leave(lua_State *L) {
    struct wf_task *task = lua_touserdata(L, 1);

    coroutine_take(L, task);
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->farewell_ref);
    lua_xmove(L, task->co, 1);
    return 0;
}

void wf_lua_task_hurry(struct wf_task *task) {
    task->deadline_ns = wf_clock_mono_ns() + LEAVE_NS;
}

bool wf_lua_task_leave(struct wf_task *task) {
    struct wf_worker *worker = task->worker;

    if (!task->farewell_ref)
        return false;
    wf_lua_task_drop(task);
    task->leaving = true;
    task->first = false;
    task->doom = WF_DOOM_NONE;
    wf_lua_task_hurry(task);
    wf_lua_worker_enter(task);
    if (protected(worker->L, worker->vm->leave_ref, task) == 0) {
        task_after(task, lua_resume(task->co, 0));
        return true;
    }
    wf_lua_worker_leave(task);
    lua_settop(worker->L, 0);
    return false;
}

void wf_lua_task_forget(struct wf_task *task) {
    if (task->farewell_ref)
        luaL_unref(task->worker->L, LUA_REGISTRYINDEX, task->farewell_ref);
    task->farewell_ref = 0;
}

/* ---- the key ---- */

struct key {
    struct wf_task *task;
    char *text;
};

static int l_key(lua_State *L) {
    struct key *key = lua_touserdata(L, 1);
    struct wf_doc *doc = wf_doc_trusted(key->task->context);
    struct wf_error err;
    int rc = key->task->context.len ? wf_lua_json_decode(L, doc, &err) : -1;
    size_t len;

    wf_doc_unref(doc);
    if (rc != 0 || !lua_istable(L, -2))
        return 0;
    lua_getfield(L, -2, "idempotency_key");
    const char *text = lua_tolstring(L, -1, &len);
    if (text)
        key->text = wf_strndup(text, len);
    return 0;
}

char *wf_lua_task_key(struct wf_task *task) {
    struct key key = {task, NULL};
    lua_State *L = task->worker->L;
    int top = lua_gettop(L);

    lua_cpcall(L, l_key, &key);
    lua_settop(L, top);
    if (!key.text) {
        struct wf_buf text = {0};
        wf_buf_addf(&text, "task-%llu", (unsigned long long)task->id);
        wf_buf_u8(&text, 0);
        key.text = text.data;
    }
    return key.text;
}

void wf_lua_coroutine_open(lua_State *L) {
    struct wf_lua_vm *vm = wf_lua_worker(L)->vm;

    vm->idle = wf_calloc(IDLE_MAX, sizeof(*vm->idle));
    lua_pushcfunction(L, l_start);
    vm->start_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushcfunction(L, l_finish);
    vm->finish_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushcfunction(L, l_leave);
    vm->leave_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    vm->slots_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(L, WF_LUA_AWAIT);
    wf_lua_worker_file(L, "coroutine", 1);
    vm->await_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}
