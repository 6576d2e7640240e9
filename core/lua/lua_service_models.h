/*
 * lua_service_models.h - models of AWS services for Lua: the module
 * "wf.service_models". What Lua sees is documented in lua/core.stub.lua.
 */
#ifndef WF_LUA_SERVICE_MODELS_H
#define WF_LUA_SERVICE_MODELS_H

#include <lua.h>

/** Pushes the module's table; `directory` as for wf_service_models_new().
 * Needs wf.doc (lua_doc.h) to be open. May raise. [-0, +1] */
void wf_lua_open_service_models(lua_State *L, const char *directory);

#endif
