/* lua_stdlib.c - the standard library's modules. See lua_stdlib.h. */
#include "lua_stdlib.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>

#include "embedded.h"
#include "offload.h"

#define GUARD "wf.guard"

struct guard {
    void *arg;
    void (*release)(void *arg);
};

void wf_lua_release(lua_State *L, int index) {
    struct guard *guard = lua_touserdata(L, index);
    void (*release)(void *arg) = guard->release;

    guard->release = NULL;
    if (release)
        release(guard->arg);
}

static int l_guard_gc(lua_State *L) {
    wf_lua_release(L, 1);
    return 0;
}

/* Pushes a guard that releases nothing yet. [-0, +1] */
static struct guard *guard_new(lua_State *L) {
    struct guard *guard = lua_newuserdata(L, sizeof(*guard));

    *guard = (struct guard){0};
    if (luaL_newmetatable(L, GUARD)) {
        lua_pushcfunction(L, l_guard_gc);
        lua_setfield(L, -2, "__gc");
        lua_pushliteral(L, "locked");
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    return guard;
}

void wf_lua_guard(lua_State *L, void *arg, void (*release)(void *arg)) {
    struct guard *guard = guard_new(L);

    guard->arg = arg;
    guard->release = release;
}

void *wf_lua_shared(lua_State *L, const char *key,
                    void *(*make)(struct ev_loop *loop),
                    void (*release)(void *arg)) {
    lua_getfield(L, LUA_REGISTRYINDEX, key);
    struct guard *guard = lua_touserdata(L, -1);
    if (!guard) {
        guard = guard_new(L); /* stack: nil, guard */
        lua_setfield(L, LUA_REGISTRYINDEX, key);
        guard->arg = make(wf_task_loop(L));
        guard->release = release;
    }
    lua_pop(L, 1);
    return guard->arg;
}

static void *offload_make(struct ev_loop *loop) {
    return wf_offload_new(loop, 4);
}

static void offload_release(void *arg) {
    wf_offload_free(arg);
}

struct wf_offload *wf_lua_offload(lua_State *L) {
    return wf_lua_shared(L, "wf.offload", offload_make, offload_release);
}

double wf_lua_number(lua_State *L, int index, const char *name,
                     double otherwise) {
    lua_getfield(L, index, name);
    double value =
        lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : otherwise;
    lua_pop(L, 1);
    return value;
}

bool wf_lua_flag(lua_State *L, int index, const char *name) {
    lua_getfield(L, index, name);
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

struct wf_str wf_lua_text(lua_State *L, int index, const char *name) {
    struct wf_str text = WF_STR_NULL;

    lua_getfield(L, index, name);
    if (lua_type(L, -1) == LUA_TSTRING)
        text.data = lua_tolstring(L, -1, &text.len);
    lua_pop(L, 1);
    return text;
}

char *wf_lua_copy(lua_State *L, int index, const char *name) {
    struct wf_str text = wf_lua_text(L, index, name);
    return text.data ? wf_strndup(text.data, text.len) : NULL;
}

void wf_lua_set_text(lua_State *L, const char *name, struct wf_str value) {
    lua_pushlstring(L, value.data ? value.data : "", value.len);
    lua_setfield(L, -2, name);
}

void wf_lua_set_number(lua_State *L, const char *name, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

void wf_lua_set_flag(lua_State *L, const char *name, bool value) {
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

static const luaL_Reg c_modules[] = {
    {"task.core", luaopen_wf_task},
    {"exec.core", luaopen_wf_exec},
    {"fs.core", luaopen_wf_fs},
    {"http.core", luaopen_wf_http},
    {NULL, NULL},
};

static struct wf_str library_source(const char *module) {
    char path[256];

    snprintf(path, sizeof(path), "lua/lib/%s.lua", module);
    const struct wf_embedded *file = wf_embedded_find(path);
    return file ? (struct wf_str){file->bytes, file->length} : WF_STR_NULL;
}

const struct wf_library wf_stdlib = {
    .c_modules = c_modules,
    .source = library_source,
};
