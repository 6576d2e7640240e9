/* lua_script.c - the engine's Lua state: sandbox, modules, calls. */
#include "lua_script.h"

#include <dirent.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>

#include "bundle.h"
#include "embedded.h"
#include "lua_doc.h"
#include "lua_jsonata.h"
#include "lua_service_models.h"

static const char SCRIPT_KEY = 0; /* registry: struct wf_script * */
static const char LOADED_KEY = 0; /* registry: table of modules */

/* Adds the traceback to an error that is a string; leaves tables alone. */
static int l_traceback(lua_State *L) {
    if (lua_type(L, 1) != LUA_TSTRING)
        return 1;
    luaL_traceback(L, L, lua_tostring(L, 1), 1);
    return 1;
}

int wf_lua_call(struct wf_script *script, int nargs, int nresults) {
    lua_State *L = script->L;
    int base = lua_gettop(L) - nargs;
    lua_rawgeti(L, LUA_REGISTRYINDEX, script->traceback_ref);
    lua_insert(L, base);
    /* stack: handler, function, args... */
    script->heap.in_call = true;
    int status = lua_pcall(L, nargs, nresults, base);
    script->heap.in_call = false;
    lua_remove(L, base);
    return status == 0 ? 0 : -1;
}

/* "asl.path" is lua/asl/path.lua; "states.pass" is states/pass.lua. */
static void module_path(const char *name, struct wf_buf *path) {
    bool is_state = strncmp(name, "states.", 7) == 0;
    wf_buf_adds(path, is_state ? "" : "lua/");
    for (const char *at = name; *at; at++)
        wf_buf_u8(path, *at == '.' ? '/' : (uint8_t)*at);
    wf_buf_add(path, ".lua", 5); /* with its NUL */
}

/* [-0, +1]: the chunk of a module, or raises. */
static void load_module(lua_State *L, struct wf_script *script,
                        const char *name) {
    struct wf_buf path = {0}, source = {0};
    module_path(name, &path);
    bool found = wf_lua_source(path.data, script->lua_directory, &source,
                               NULL) == 0;
    lua_pushfstring(L, "@%s", path.data); /* stack: chunk name */
    wf_buf_free(&path);
    int status = found ? luaL_loadbuffer(L, source.data, source.len,
                                         lua_tostring(L, -1))
                       : 0;
    wf_buf_free(&source);
    if (!found)
        luaL_error(L, "module '%s' does not exist", name);
    lua_remove(L, -2);
    if (status != 0)
        lua_error(L);
}

/* wf.jsonata compiles Lua: for the files of lua/jsonata alone. */
static void check_caller(lua_State *L, const char *name) {
    lua_Debug caller;
    if (strcmp(name, "wf.jsonata") != 0)
        return;
    if (lua_getstack(L, 1, &caller) == 0 ||
        lua_getinfo(L, "S", &caller) == 0 ||
        strncmp(caller.source, "@lua/jsonata", 12) != 0)
        luaL_error(L, "module '%s' is not for scripts", name);
}

/* require: the engine's own modules only, each loaded once. */
static int l_require(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    check_caller(L, name);
    lua_pushlightuserdata(L, (void *)&LOADED_KEY);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_getfield(L, -1, name);
    if (!lua_isnil(L, -1))
        return 1;
    lua_pop(L, 1); /* stack: name, loaded */
    lua_pushlightuserdata(L, (void *)&SCRIPT_KEY);
    lua_rawget(L, LUA_REGISTRYINDEX);
    struct wf_script *script = lua_touserdata(L, -1);
    lua_pop(L, 1);
    load_module(L, script, name);
    lua_call(L, 0, 1); /* inside a protected call: see wf_lua_require */
    if (lua_isnil(L, -1))
        return luaL_error(L, "module '%s' returns nothing", name);
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
    return 1;
}

static const char *const FORBIDDEN[] = {
    "load", "loadfile", "loadstring", "dofile", "collectgarbage",
    "print", "module", "newproxy", "gcinfo", NULL,
};

/* Room for the traces of thousands of expressions: when there is none, LuaJIT
 * throws all of them away. */
static const char JIT_OPTIONS[] =
    "jit.opt.start('maxtrace=60000', 'maxmcode=65536', 'hotloop=40')";
static const char JIT_OPTIONS_ONCE[] =
    "jit.opt.start('maxmcode=65536', 'hotloop=5000')";

/* Modules that scripts may require and that are no files. */
static void open_loaded(lua_State *L, const char *service_models) {
    lua_newtable(L);
    lua_getglobal(L, "bit");
    lua_setfield(L, -2, "bit");
    lua_pushcfunction(L, wf_lua_open_doc);
    lua_call(L, 0, 1); /* protected by wf_lua_sandbox */
    lua_pushcfunction(L, wf_lua_open_jsonata);
    lua_pushvalue(L, -2);
    lua_call(L, 1, 1); /* protected, too */
    lua_setfield(L, -3, "wf.jsonata");
    lua_setfield(L, -2, "wf.doc");
    wf_lua_open_service_models(L, service_models);
    lua_setfield(L, -2, "wf.service_models");
    lua_pushlightuserdata(L, (void *)&LOADED_KEY);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

static void remove_field(lua_State *L, const char *library,
                         const char *name) {
    lua_getglobal(L, library);
    lua_pushnil(L);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

static void remove_globals(lua_State *L, const char *const *names) {
    for (; *names; names++) {
        lua_pushnil(L);
        lua_setglobal(L, *names);
    }
}

/* Protected body of wf_lua_sandbox. [-0, +0] */
static int l_open(lua_State *L) {
    static const char *const libraries[] = {"io", "os", "package", "ffi",
                                            "jit", "debug", NULL};
    struct wf_script *script = lua_touserdata(L, 1);

    luaL_openlibs(L);
    if (luaL_dostring(L, script->options.once ? JIT_OPTIONS_ONCE
                                              : JIT_OPTIONS) != 0)
        return lua_error(L);
    open_loaded(L, script->options.service_models);
    lua_pushlightuserdata(L, (void *)&SCRIPT_KEY);
    lua_pushlightuserdata(L, script);
    lua_rawset(L, LUA_REGISTRYINDEX);
    remove_field(L, "math", "random");
    remove_field(L, "math", "randomseed");
    remove_field(L, "string", "dump");
    remove_globals(L, FORBIDDEN);
    remove_globals(L, libraries);
    lua_pushcfunction(L, l_require);
    lua_setglobal(L, "require");
    return 0;
}

static int fail(struct wf_script *script, struct wf_error *err) {
    const char *text = lua_tostring(script->L, -1);
    wf_error_set(err, WF_E_INVALID, "%s", text ? text : "error in a script");
    lua_pop(script->L, 1);
    return -1;
}

int wf_lua_sandbox(struct wf_script *script, struct wf_error *err) {
    lua_pushcfunction(script->L, l_open);
    lua_pushlightuserdata(script->L, script);
    return wf_lua_call(script, 1, 0) == 0 ? 0 : fail(script, err);
}

int wf_lua_require(struct wf_script *script, const char *name,
                   struct wf_error *err) {
    lua_pushcfunction(script->L, l_require);
    lua_pushstring(script->L, name);
    return wf_lua_call(script, 1, 1) == 0 ? 0 : fail(script, err);
}

/* Runs one user state type's file and hands what it returns to
 * machine.add_type(). stack: machine module on top; [-0, +0] */
static int load_user_state(struct wf_script *script, const char *directory,
                           const char *file, struct wf_error *err) {
    lua_State *L = script->L;
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory, file);
    lua_getfield(L, -1, "add_type");
    if (luaL_loadfile(L, path) != 0 || wf_lua_call(script, 0, 1) != 0) {
        int rc = fail(script, err);
        lua_pop(L, 1);
        return rc;
    }
    return wf_lua_call(script, 1, 0) == 0 ? 0 : fail(script, err);
}

static int is_lua_file(const struct dirent *entry) {
    size_t len = strlen(entry->d_name);
    return len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0;
}

static int load_user_states(struct wf_script *script, struct wf_error *err) {
    const char *const *directory = script->options.states;
    int rc = 0;
    for (; rc == 0 && directory && *directory; directory++) {
        struct dirent **files = NULL;
        int count = scandir(*directory, &files, is_lua_file, alphasort);
        if (count < 0)
            return wf_error_set(err, WF_E_IO, "states directory %s: %s",
                                *directory, "cannot be read");
        for (int i = 0; i < count; i++) {
            if (rc == 0)
                rc = load_user_state(script, *directory, files[i]->d_name,
                                     err);
            free(files[i]);
        }
        free(files);
    }
    return rc;
}

/* stack: table on top; [-0, +0] */
static int function_ref(struct wf_script *script, const char *name) {
    lua_getfield(script->L, -1, name);
    return luaL_ref(script->L, LUA_REGISTRYINDEX);
}

#define LOOK_BYTES ((size_t)1 << 20)
#define HARD_LIMITS 4

/* Memory is asked for between steps, too. Beyond the limit it is given all
 * the same, and the next step ends the call: LuaJIT 2.1.0-beta3 does not
 * survive it if compiled code is refused memory. What takes no steps gets
 * none beyond HARD_LIMITS of them. */
static bool is_refused(struct wf_lua_heap *heap, size_t growth) {
    if (!heap->in_call)
        return false;
    heap->unseen += growth;
    if (heap->unseen > LOOK_BYTES && heap->budget) {
        heap->unseen = 0;
        wf_lua_budget_is_over(heap->budget);
    }
    if (heap->used + growth <= heap->limit)
        return false;
    heap->refused = true;
    if (!heap->budget)
        return true;
    wf_lua_budget_end(heap->budget);
    return heap->used / HARD_LIMITS + growth / HARD_LIMITS > heap->limit;
}

static void *heap_alloc(void *arg, void *old, size_t old_size, size_t size) {
    struct wf_lua_heap *heap = arg;
    if (size == 0) {
        free(old);
        heap->used -= old_size;
        return NULL;
    }
    if (size > old_size && is_refused(heap, size - old_size))
        return NULL;
    void *memory = realloc(old, size);
    if (memory)
        heap->used += size - old_size;
    return memory;
}

size_t wf_script_collect(struct wf_script *script) {
    lua_gc(script->L, LUA_GCCOLLECT, 0);
    return wf_script_memory_kb(script);
}

int wf_script_new(const struct wf_script_options *options,
                  struct wf_script **out, struct wf_error *err) {
    struct wf_script *script = wf_calloc(1, sizeof(*script));
    script->options = *options;
    if (options->lua_directory)
        script->lua_directory = wf_strndup(options->lua_directory,
                                           strlen(options->lua_directory));
    script->heap.limit = options->limits.lua_bytes;
    script->L = script->heap.limit ? lua_newstate(heap_alloc, &script->heap)
                                   : luaL_newstate();
    if (!script->L) {
        wf_script_free(script);
        return wf_error_set(err, WF_E_INTERNAL, "Lua does not start");
    }
    lua_pushcfunction(script->L, l_traceback);
    script->traceback_ref = luaL_ref(script->L, LUA_REGISTRYINDEX);
    if (wf_lua_sandbox(script, err) != 0 ||
        wf_lua_require(script, "machine", err) != 0) {
        wf_script_free(script);
        return -1;
    }
    script->load_ref = function_ref(script, "load");
    script->load_tested_ref = function_ref(script, "load_tested");
    script->diagnose_ref = function_ref(script, "diagnose");
    script->enter_ref = function_ref(script, "enter");
    script->resume_ref = function_ref(script, "resume");
    script->item_ref = function_ref(script, "item");
    if (load_user_states(script, err) != 0) {
        wf_script_free(script);
        return -1;
    }
    lua_pop(script->L, 1);
    script->budget = wf_lua_doc_budget(script->L);
    script->heap.budget = script->budget;
    wf_lua_open_ctx(script);
    *out = script;
    return 0;
}

void wf_script_free(struct wf_script *script) {
    if (!script)
        return;
    if (script->L)
        lua_close(script->L);
    free(script->lua_directory);
    free(script);
}

size_t wf_script_memory_kb(const struct wf_script *script) {
    return (size_t)lua_gc(script->L, LUA_GCCOUNT, 0);
}

int wf_lua_check(struct wf_str source, const char *path,
                 struct wf_error *err) {
    char name[512];
    lua_State *L = luaL_newstate();
    if (!L)
        return wf_error_set(err, WF_E_INTERNAL, "Lua does not start");
    snprintf(name, sizeof(name), "@%s", path);
    int status = luaL_loadbuffer(L, source.data, source.len, name);
    if (status != 0)
        wf_error_set(err, WF_E_INVALID, "%s", lua_tostring(L, -1));
    lua_close(L);
    return status == 0 ? 0 : -1;
}
