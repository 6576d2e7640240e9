/*
 * lua_aws.c - what lua/worker/aws.lua, which calls AWS services, gets of this
 * process. As for Lambda functions, parameters and answers are documents.
 */
#include <lauxlib.h>
#include <lua.h>

#include "lua_service_models.h"
#include "lua_worker.h"

/* source(path): a built-in file of lua/; raises if there is none */
static int l_source(lua_State *L) {
    struct wf_worker *worker = wf_lua_worker(L);
    const char *path = luaL_checkstring(L, 1);

    if (!wf_lua_worker_source(worker, path))
        return luaL_error(L, "%s is missing", path);
    lua_pushlstring(L, worker->vm->scratch.data, worker->vm->scratch.len);
    return 1;
}

/* seconds(): signatures are checked by the real clock, whatever time it is
 * in workflows */
static int l_seconds(lua_State *L) {
    int64_t seconds = wf_clock_now_ms(&wf_lua_worker(L)->clock) / 1000;

    lua_pushnumber(L, (lua_Number)seconds);
    return 1;
}

void wf_lua_aws_open(lua_State *L) {
    struct wf_page *page = wf_lua_worker(L)->page;

    wf_lua_lambda_host(L); /* stack: host */
    wf_lua_open_service_models(L, page->service_models);
    lua_setfield(L, -2, "models");
    lua_pushcfunction(L, l_source);
    lua_setfield(L, -2, "source");
    lua_pushcfunction(L, l_seconds);
    lua_setfield(L, -2, "seconds");
    lua_pushstring(L, page->service_endpoints);
    lua_setfield(L, -2, "endpoints");
    lua_pushstring(L, page->api_endpoint);
    lua_setfield(L, -2, "api_endpoint");
    lua_pushstring(L, page->region);
    lua_setfield(L, -2, "region");
    lua_pushstring(L, page->http_allow);
    lua_setfield(L, -2, "allow");
    wf_lua_worker_file(L, "aws", 1);
}
