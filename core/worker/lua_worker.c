/*
 * lua_worker.c - the Lua state of a worker, and the limits on what runs in it.
 *
 * Handlers are interpreted, so that a hook sees every HOOK_COUNT-th
 * instruction. It looks whether the task may go on: its deadline (with some
 * grace, for the engine's own timer decides), its cancellation (the shared
 * page), time without yielding, memory. A task that must end is doomed: the
 * hook then raises at every instruction, so that no pcall can hold it.
 *
 * Memory is counted by the allocator. Above the limit a full collection
 * decides; what is still above it dooms the task that asked for most. The
 * allocator itself refuses at a quarter more, for what grows between hooks.
 *
 * An isolated worker runs one task, compiled, without a hook: the pool kills
 * the process instead.
 */
#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

#include "lua_worker.h"

#define HOOK_COUNT 10000
#define DEADLINE_GRACE_NS (UINT64_C(100) * (uint64_t)WF_NS_PER_MS)

int luaopen_cjson(lua_State *L);

struct wf_worker *wf_lua_worker(lua_State *L) {
    void *vm;

    lua_getallocf(L, &vm);
    return ((struct wf_lua_vm *)vm)->worker;
}

struct ev_loop *wf_task_loop(lua_State *L) {
    return wf_lua_worker(L)->loop;
}

/* ---- limits ---- */

static void hook(lua_State *L, lua_Debug *where);

static void doom(lua_State *L, struct wf_task *task, enum wf_doom why) {
    if (task->doom == WF_DOOM_NONE)
        task->doom = why;
    if (!task->worker->page->isolated)
        lua_sethook(L, hook, LUA_MASKCOUNT, 1);
}

/* Not the one that happened to ask for the last byte, but the one that asked
 * for most; unless the last one had enough for all by itself. */
static struct wf_task *hog_find(struct wf_worker *worker) {
    struct wf_task *hog = worker->current;

    if (hog && hog->memory_bytes >= worker->vm->limit)
        return hog;
    for (size_t i = 0; i < worker->table_size; i++)
        for (struct wf_task *at = worker->table[i]; at; at = at->hash_next)
            if (at->co && (!hog || at->memory_bytes > hog->memory_bytes))
                hog = at;
    return hog;
}

static void check_memory(lua_State *L, struct wf_worker *worker) {
    struct wf_lua_vm *vm = worker->vm;

    if (vm->used <= vm->limit)
        return;
    lua_gc(L, LUA_GCCOLLECT, 0);
    if (vm->used <= vm->limit)
        return;
    struct wf_task *hog = hog_find(worker);
    if (!hog || hog->doom)
        return;
    if (hog == worker->current)
        doom(L, hog, WF_DOOM_MEMORY);
    else /* ends as soon as the loop is back */
        wf_lua_task_doom_later(hog);
}

static int l_check_memory(lua_State *L) {
    check_memory(L, lua_touserdata(L, 1));
    return 0;
}

void wf_lua_worker_turn(struct wf_worker *worker) {
    if (worker->vm->used <= worker->vm->limit || worker->page->isolated)
        return;
    lua_cpcall(worker->L, l_check_memory, worker);
    lua_settop(worker->L, 0);
}

static void check_time(lua_State *L, struct wf_worker *worker) {
    struct wf_task *task = worker->current;
    struct wf_page *page = worker->page;
    uint64_t now = wf_clock_mono_ns();
    uint64_t block = page->block_ms * (uint64_t)WF_NS_PER_MS;

    if (!task->leaving && !task->deferring &&
        atomic_load_explicit(&page->cancelled[task->id % WF_PAGE_CANCELS],
                             memory_order_relaxed) == task->id)
        doom(L, task, WF_DOOM_CANCELLED);
    else if (task->deadline_ns &&
             now > task->deadline_ns + DEADLINE_GRACE_NS)
        doom(L, task, WF_DOOM_DEADLINE);
    else if (now - worker->vm->since_ns > block &&
             atomic_load_explicit(&page->assigned, memory_order_relaxed) > 1)
        doom(L, task, WF_DOOM_BLOCKING);
    wf_worker_flush_soon(worker, now); /* what it logged, heartbeats */
}

static void hook(lua_State *L, lua_Debug *where) {
    struct wf_worker *worker = wf_lua_worker(L);
    struct wf_task *task = worker->current;

    (void)where;
    if (!task)
        return;
    if (!task->doom)
        check_time(L, worker);
    if (!task->doom)
        check_memory(L, worker);
    if (task->doom) {
        lua_sethook(L, hook, LUA_MASKCOUNT, 1);
        lua_pushliteral(L, "the task is over");
        lua_error(L);
    }
}

static void *allocate(void *arg, void *old, size_t old_size, size_t size) {
    struct wf_lua_vm *vm = arg;
    struct wf_task *task = vm->worker->current;

    if (size > old_size && task) {
        size_t growth = size - old_size;
        task->memory_bytes += growth;
        if (vm->used + growth > vm->limit + vm->limit / 4) {
            task->doom = task->doom ? task->doom : WF_DOOM_MEMORY;
            return NULL; /* raised by Lua; the hook sees to the rest */
        }
    }
    void *memory = vm->allocate(vm->allocate_arg, old, old_size, size);
    if (memory || size == 0)
        vm->used += size - old_size;
    return memory;
}

void wf_lua_worker_enter(struct wf_task *task) {
    struct wf_worker *worker = task->worker;
    struct wf_page *page = worker->page;
    uint64_t now = wf_clock_mono_ns();

    worker->current = task;
    worker->vm->since_ns = now;
    worker->vm->turn++;
    atomic_store_explicit(&page->deadline_ns, task->deadline_ns,
                          memory_order_relaxed);
    atomic_store_explicit(&page->since_ns, now, memory_order_relaxed);
    atomic_store_explicit(&page->running, task->id, memory_order_release);
    wf_worker_flush_soon(worker, now);
}

void wf_lua_worker_leave(struct wf_task *task) {
    struct wf_worker *worker = task->worker;

    worker->current = NULL;
    worker->vm->loading = 0;
    atomic_store_explicit(&worker->page->running, 0, memory_order_release);
    if (task->doom && !worker->page->isolated)
        lua_sethook(worker->L, hook, LUA_MASKCOUNT, HOOK_COUNT);
}

/* ---- opening ---- */

/* print(...) goes to the log of the task. */
static int l_print(lua_State *L) {
    struct wf_task *task = wf_lua_worker(L)->current;
    int count = lua_gettop(L);
    luaL_Buffer line;
    size_t len;

    lua_getglobal(L, "tostring"); /* stack: values..., tostring */
    for (int i = 1; i <= count; i++) {
        lua_pushvalue(L, count + 1);
        lua_pushvalue(L, i);
        lua_call(L, 1, 1); /* protected: runs in a task */
        if (!lua_isstring(L, -1))
            return luaL_error(L, "'tostring' must return a string");
        lua_replace(L, i);
    }
    lua_settop(L, count);
    luaL_buffinit(L, &line);
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            luaL_addchar(&line, '\t');
        lua_pushvalue(L, i);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    const char *text = lua_tolstring(L, -1, &len);
    if (task)
        wf_task_log(task, WF_STREAM_LOG, (struct wf_str){text, len});
    else
        fprintf(stderr, "%s\n", text);
    return 0;
}

static void preload(lua_State *L, const char *name, lua_CFunction open) {
    luaL_findtable(L, LUA_REGISTRYINDEX, "_PRELOAD", 1);
    lua_getfield(L, -1, name);
    if (lua_isnil(L, -1)) {
        lua_pushcfunction(L, open);
        lua_setfield(L, -3, name);
    }
    lua_pop(L, 2);
}

static int l_open(lua_State *L) {
    struct wf_worker *worker = lua_touserdata(L, 1);

    luaL_openlibs(L);
    if (worker->page->isolated)
        lua_gc(L, LUA_GCSETPAUSE, 120);
    else
        luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    if (worker->library)
        for (const luaL_Reg *at = worker->library->c_modules;
             at && at->name; at++)
            preload(L, at->name, at->func);
    preload(L, "cjson", luaopen_cjson);
    preload(L, "json", wf_lua_open_json);
    lua_pushcfunction(L, l_print);
    lua_setglobal(L, "print");
    wf_lua_coroutine_open(L);
    wf_lua_handle_open(L);
    wf_lua_bundle_open(L);
    return 0;
}

int wf_lua_worker_open(struct wf_worker *worker, struct wf_error *err) {
    struct wf_lua_vm *vm = wf_calloc(1, sizeof(*vm));
    lua_State *L = luaL_newstate();
    int rc = 0;

    if (!L)
        return wf_error_set(err, WF_E_INTERNAL, "no memory for Lua");
    vm->worker = worker;
    vm->limit = worker->page->memory_bytes;
    vm->used = (size_t)lua_gc(L, LUA_GCCOUNT, 0) * 1024;
    vm->allocate = lua_getallocf(L, &vm->allocate_arg);
    lua_setallocf(L, allocate, vm);
    worker->vm = vm;
    worker->L = L;
    if (lua_cpcall(L, l_open, worker) != 0)
        rc = wf_error_set(err, WF_E_INTERNAL, "%s", lua_tostring(L, -1));
    lua_settop(L, 0);
    if (!worker->page->isolated)
        lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_COUNT);
    return rc;
}
