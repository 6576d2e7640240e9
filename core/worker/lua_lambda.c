/*
 * lua_lambda.c - what lua/worker/lambda.lua, which runs Lambda functions, gets
 * of this process.
 *
 * Inputs and outputs of functions travel as documents (wf.doc), whose text
 * nobody touches; only a function that is a handler here gets Lua data.
 */
#include <lauxlib.h>
#include <lua.h>

#include "lua_doc.h"
#include "lua_worker.h"

#define DOC "wf.doc module" /* in the registry */

static bool begins(struct wf_str text, struct wf_str lead) {
    return text.len > lead.len && memcmp(text.data, lead.data, lead.len) == 0;
}

bool wf_lua_lambda_is(struct wf_str function) {
    return begins(function, WF_STR("lambda:")) ||
           begins(function, WF_STR("aws:")) ||
           begins(function, WF_STR("http:"));
}

void wf_lua_lambda_push(lua_State *L, struct wf_str input) {
    struct wf_doc *doc = wf_doc_trusted(input);

    wf_lua_push_value(L, (struct wf_value){doc, 0});
    wf_doc_unref(doc);
}

bool wf_lua_lambda_text(lua_State *L, int index, struct wf_str *text) {
    struct wf_value value;

    if (!wf_lua_to_value(L, index, &value))
        return false;
    *text = wf_value_text(value);
    return true;
}

/* decode(value): the input of the running task's handler, as Lua data */
static int l_decode(lua_State *L) {
    struct wf_task *task = wf_task_current(L);
    struct wf_value value;

    luaL_argcheck(L, wf_lua_to_value(L, 1, &value), 1, "a value expected");
    wf_lua_input_push(L, task, wf_value_text(value));
    return 1;
}

void wf_lua_lambda_host(lua_State *L) {
    struct wf_worker *worker = wf_lua_worker(L);

    lua_newtable(L); /* stack: host */
    lua_getfield(L, LUA_REGISTRYINDEX, DOC);
    lua_setfield(L, -2, "doc");
    lua_pushcfunction(L, l_decode);
    lua_setfield(L, -2, "decode");
    lua_pushnumber(L, (lua_Number)worker->page->output_bytes);
    lua_setfield(L, -2, "max_bytes");
}

void wf_lua_lambda_open(lua_State *L) {
    struct wf_worker *worker = wf_lua_worker(L);

    wf_lua_open_doc(L);
    lua_setfield(L, LUA_REGISTRYINDEX, DOC);
    wf_lua_lambda_host(L);
    if (worker->page->lambda_endpoint[0]) {
        lua_pushstring(L, worker->page->lambda_endpoint);
        lua_setfield(L, -2, "endpoint");
    }
    wf_lua_worker_file(L, "lambda", 1);
}
