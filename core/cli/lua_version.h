/*
 * lua_version.h - the versions of LuaJIT and of Lua modules.
 */
#ifndef WF_LUA_VERSION_H
#define WF_LUA_VERSION_H

#include "base.h"

/** "LuaJIT 2.1.0-beta3" without the name. */
const char *wf_lua_version(void);
/** Appends the _VERSION of a Lua module, or why there is none. */
void wf_lua_module_version(const char *module, struct wf_buf *out);

#endif
