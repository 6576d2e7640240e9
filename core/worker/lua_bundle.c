/*
 * lua_bundle.c - bundles: hands their files to lua/worker/bundle.lua, which
 * loads them, and gives it what it needs of this process.
 */
#include <lauxlib.h>
#include <lua.h>

#include "embedded.h"
#include "lua_worker.h"

bool wf_lua_worker_source(struct wf_worker *worker, const char *path) {
    const char *directory = worker->page->lua_directory;
    struct wf_error err;

    worker->vm->scratch.len = 0;
    return wf_lua_source(path, directory[0] ? directory : NULL,
                         &worker->vm->scratch, &err) == 0;
}

void wf_lua_worker_file(lua_State *L, const char *name, int nargs) {
    struct wf_worker *worker = wf_lua_worker(L);
    const char *path = lua_pushfstring(L, "lua/worker/%s.lua", name);
    const char *chunk = lua_pushfstring(L, "@%s", path);

    if (!wf_lua_worker_source(worker, path))
        luaL_error(L, "%s is missing", path);
    if (luaL_loadbuffer(L, worker->vm->scratch.data, worker->vm->scratch.len,
                        chunk) != 0)
        lua_error(L);
    lua_insert(L, -3 - nargs); /* stack: function, args..., path, chunk */
    lua_pop(L, 2);
    lua_call(L, nargs, 1); /* protected: see wf_lua_worker_open() */
}

/* source(name): text of a library module, or nil */
static int l_source(lua_State *L) {
    struct wf_worker *worker = wf_lua_worker(L);
    const char *name = luaL_checkstring(L, 1);
    bool foreign = worker->library && worker->library->source &&
                   !worker->page->lua_directory[0];

    if (strstr(name, "..") || name[0] == '/')
        return 0;
    if (foreign) {
        struct wf_str text = worker->library->source(name);
        if (!text.data)
            return 0;
        lua_pushlstring(L, text.data, text.len);
        return 1;
    }
    const char *path = lua_pushfstring(L, "lua/lib/%s.lua", name);
    if (!wf_lua_worker_source(worker, path))
        return 0;
    lua_pushlstring(L, worker->vm->scratch.data, worker->vm->scratch.len);
    return 1;
}

static int l_loading(lua_State *L) {
    wf_lua_worker(L)->vm->loading += (int)luaL_checkinteger(L, 1);
    return 0;
}

static int l_turn(lua_State *L) {
    lua_pushnumber(L, (lua_Number)wf_lua_worker(L)->vm->turn);
    return 1;
}

void wf_lua_bundle_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"source", l_source},
                                         {"loading", l_loading},
                                         {"turn", l_turn},
                                         {NULL, NULL}};
    struct wf_worker *worker = wf_lua_worker(L);

    lua_newtable(L);
    for (const luaL_Reg *at = functions; at->name; at++) {
        lua_pushcfunction(L, at->func);
        lua_setfield(L, -2, at->name);
    }
    lua_pushlightuserdata(L, WF_LUA_ISOLATE);
    lua_setfield(L, -2, "isolate");
    lua_pushboolean(L, worker->page->isolated != 0);
    lua_setfield(L, -2, "isolated");
    wf_lua_lambda_open(L);
    lua_setfield(L, -2, "lambda");
    wf_lua_aws_open(L);
    lua_setfield(L, -2, "aws");
    wf_lua_http_task_open(L);
    lua_setfield(L, -2, "http_task"); /* stack: host */
    wf_lua_worker_file(L, "bundle", 1);
    worker->vm->new_bundle_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

struct load {
    struct wf_bundle *bundle;
    struct wf_reader *files;
};

static int l_load(lua_State *L) {
    struct load *load = lua_touserdata(L, 1);
    struct wf_lua_vm *vm = wf_lua_worker(L)->vm;
    uint64_t count = wf_read_varint(load->files);

    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->new_bundle_ref);
    lua_newtable(L); /* stack: new, files */
    for (uint64_t i = 0; i < count && !load->files->bad; i++) {
        struct wf_str path = wf_read_text(load->files);
        struct wf_str content = wf_read_text(load->files);
        if (load->files->bad)
            break;
        lua_pushlstring(L, path.data, path.len);
        lua_pushlstring(L, content.data, content.len);
        lua_rawset(L, -3);
    }
    lua_newtable(L); /* stack: new, files, functions */
    lua_pushvalue(L, -1);
    load->bundle->functions_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_call(L, 2, 1); /* protected by the caller */
    load->bundle->first_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

void wf_lua_bundle_load(struct wf_worker *worker, struct wf_bundle *bundle,
                        struct wf_reader *files) {
    struct load load = {bundle, files};

    bundle->functions_ref = bundle->first_ref = LUA_NOREF;
    lua_cpcall(worker->L, l_load, &load);
    lua_settop(worker->L, 0);
}

void wf_lua_bundle_drop(struct wf_worker *worker, struct wf_bundle *bundle) {
    luaL_unref(worker->L, LUA_REGISTRYINDEX, bundle->functions_ref);
    luaL_unref(worker->L, LUA_REGISTRYINDEX, bundle->first_ref);
}
