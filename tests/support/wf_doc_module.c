/*
 * wf_doc_module.c - the modules "wf.doc", "wf.jsonata" and
 * "wf.service_models" as a loadable library, so that specs under busted run on
 * the engine's own documents. The others come with the first.
 */
#include "lua_doc.h"
#include "lua_jsonata.h"
#include "lua_service_models.h"

int luaopen_wf_doc(lua_State *L);

int luaopen_wf_doc(lua_State *L) {
    lua_settop(L, 0);
    wf_lua_open_doc(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_pushcfunction(L, wf_lua_open_jsonata);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1); /* require protects */
    lua_setfield(L, -2, "wf.jsonata");
    wf_lua_open_service_models(L, NULL);
    lua_setfield(L, -2, "wf.service_models");
    lua_settop(L, 1);
    return 1;
}
