/*
 * lua_handle.c - the second argument of handlers: `task`.
 *
 * A userdata "wf.task" that is closed when its task is over. Its fields come
 * from the context, which is decoded when one is first asked for:
 *
 *   token, attempt, restarted, deadline (ms since the epoch, or nil),
 *   execution, execution_name, state, idempotency_key
 *   cursor               the last checkpoint, or nil
 *   task:heartbeat()     tells the engine that the task is alive
 *   task:log(...)        a line of the execution's log
 *   task:checkpoint(c)   waits until the cursor `c` is stored
 *   task:remaining()     seconds until the deadline, or nil
 *   task:on_cancel(f)    f runs, for 10 seconds at most, if the task is given
 *                        up: the execution was stopped, or time is over
 *   task:defer_cancel(b) true: from now on the task goes on though it is given
 *                        up; false: no longer. Returns whether it was
 */
#include <lauxlib.h>
#include <lua.h>

#include "lua_worker.h"

#define HANDLE "wf.task"

struct handle {
    struct wf_task *task; /* NULL: over. First: see wf_task.handle */
    bool decoded;         /* its environment is the table of fields */
};

static struct wf_task *task_check(lua_State *L) {
    struct handle *handle = luaL_checkudata(L, 1, HANDLE);

    if (!handle->task)
        luaL_error(L, "the task is over");
    return handle->task;
}

/* Pushes decoded JSON, nil if it is empty or broken. [-0, +1] */
static void json_push(lua_State *L, struct wf_str text) {
    struct wf_error err;
    int rc = -1;

    if (text.len > 0) {
        struct wf_doc *doc = wf_doc_trusted(text);
        rc = wf_lua_json_decode(L, doc, &err);
        wf_doc_unref(doc);
    }
    if (rc == 0)
        lua_pop(L, 1);
    else
        lua_pushnil(L);
}

/* Gives the handle its table of fields. [-0, +0] */
static void fields_decode(lua_State *L, int index, struct handle *handle) {
    struct wf_task *task = handle->task;

    json_push(L, task->context);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    lua_getfield(L, -1, "deadline_ms");
    if (lua_tonumber(L, -1) == 0) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    lua_setfield(L, -2, "deadline");
    json_push(L, task->checkpoint);
    lua_setfield(L, -2, "cursor"); /* stack: fields */
    lua_setfenv(L, index);
    handle->decoded = true;
}

static int l_index(lua_State *L) {
    struct handle *handle = luaL_checkudata(L, 1, HANDLE);

    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1))
        return 1;
    if (!handle->decoded && !handle->task)
        return 0;
    if (!handle->decoded)
        fields_decode(L, 1, handle);
    lua_getfenv(L, 1);
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
    return 1;
}

static int l_newindex(lua_State *L) {
    return luaL_error(L, "the fields of task can't be set");
}

static int l_tostring(lua_State *L) {
    struct handle *handle = luaL_checkudata(L, 1, HANDLE);

    lua_pushfstring(L, HANDLE " (%s)", handle->task ? "running" : "over");
    return 1;
}

static int l_heartbeat(lua_State *L) {
    wf_task_heartbeat(task_check(L));
    return 0;
}

static int l_log(lua_State *L) {
    struct wf_task *task = task_check(L);
    int count = lua_gettop(L);
    luaL_Buffer line;
    size_t len;

    for (int i = 2; i <= count; i++) {
        lua_getglobal(L, "tostring");
        lua_pushvalue(L, i);
        lua_call(L, 1, 1); /* protected: runs in a task */
        if (!lua_isstring(L, -1))
            return luaL_error(L, "'tostring' must return a string");
        lua_replace(L, i);
    }
    luaL_buffinit(L, &line);
    for (int i = 2; i <= count; i++) {
        if (i > 2)
            luaL_addchar(&line, ' ');
        lua_pushvalue(L, i);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    const char *text = lua_tolstring(L, -1, &len);
    wf_task_log(task, WF_STREAM_LOG, (struct wf_str){text, len});
    return 0;
}

static void storing_cancel(void *arg) {
    ((struct wf_task *)arg)->storing = false;
}

static int l_checkpoint(lua_State *L) {
    struct wf_task *task = task_check(L);
    struct wf_lua_json_options options = {.name = "cursor"};
    struct handle *handle = lua_touserdata(L, 1);
    struct wf_wire *wire = &task->worker->wire;
    struct wf_buf *text = &task->worker->vm->scratch;
    struct wf_error err;

    lua_settop(L, 2);
    if (wf_task_current(L) != task)
        return luaL_error(L, "only the running task can checkpoint");
    if (!handle->decoded)
        fields_decode(L, 1, handle);
    text->len = 0;
    if (wf_lua_json_encode(L, 2, &options, text, &err) != 0)
        return luaL_error(L, "%s", err.message);
    lua_getfenv(L, 1);
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "cursor");
    size_t mark = wf_wire_begin(wire, WF_WIRE_CHECKPOINT);
    wf_buf_varint(&wire->out, task->id);
    wf_buf_text(&wire->out, (struct wf_str){text->data, text->len});
    wf_wire_end(wire, mark);
    task->storing = true;
    return wf_task_yield(L, storing_cancel, task);
}

static int l_remaining(lua_State *L) {
    int64_t ms = wf_task_remaining_ms(task_check(L));

    if (ms == INT64_MAX)
        return 0;
    lua_pushnumber(L, (lua_Number)ms / 1000);
    return 1;
}

static int l_on_cancel(lua_State *L) {
    struct wf_task *task = task_check(L);

    luaL_checktype(L, 2, LUA_TFUNCTION);
    wf_lua_task_forget(task);
    lua_settop(L, 2);
    task->farewell_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* One that was given up meanwhile ends by itself, and soon: as `f` above. */
static int l_defer_cancel(lua_State *L) {
    struct wf_task *task = task_check(L);

    luaL_checktype(L, 2, LUA_TBOOLEAN);
    task->deferring = lua_toboolean(L, 2);
    if (!task->deferring && task->leaving)
        wf_lua_task_hurry(task);
    lua_pushboolean(L, task->leaving);
    return 1;
}

void wf_lua_handle_open(lua_State *L) {
    static const luaL_Reg meta[] = {{"__newindex", l_newindex},
                                    {"__tostring", l_tostring},
                                    {NULL, NULL}};
    static const luaL_Reg methods[] = {{"defer_cancel", l_defer_cancel},
                                       {"heartbeat", l_heartbeat},
                                       {"log", l_log},
                                       {"on_cancel", l_on_cancel},
                                       {"remaining", l_remaining},
                                       {NULL, NULL}};

    luaL_newmetatable(L, HANDLE);
    for (const luaL_Reg *at = meta; at->name; at++) {
        lua_pushcfunction(L, at->func);
        lua_setfield(L, -2, at->name);
    }
    lua_newtable(L); /* stack: metatable, methods */
    for (const luaL_Reg *at = methods; at->name; at++) {
        lua_pushcfunction(L, at->func);
        lua_setfield(L, -2, at->name);
    }
    wf_task_pushfunction(L, l_checkpoint);
    lua_setfield(L, -2, "checkpoint");
    lua_pushcclosure(L, l_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "locked");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void wf_lua_handle_push(lua_State *L, struct wf_task *task) {
    struct handle *handle = lua_newuserdata(L, sizeof(*handle));

    *handle = (struct handle){.task = task};
    luaL_getmetatable(L, HANDLE);
    lua_setmetatable(L, -2);
    task->handle = &handle->task;
}
