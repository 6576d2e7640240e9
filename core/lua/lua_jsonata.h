/*
 * lua_jsonata.h - the module "wf.jsonata": C for the JSONata compiler.
 *
 * JSONata's values in Lua (lua/jsonata/values.lua has the functions):
 *   undefined  nil                     null     doc.null
 *   boolean, string, number            as in Lua
 *   array      { [0] = count, ... }    with a metatable if it is a sequence
 *   object     { [0] = keys, name = value, ... }; keys is an array
 *   number     { [0] = text, num = x } if a double does not have its text
 *   function   { [0] = true, fn = function, ... }
 *
 * A document is decoded lazily: a container is a stub until it is looked
 * into. Its metatable then fills it, and is gone. So what is only passed
 * through costs nothing and keeps its text.
 *
 * For lua/jsonata only: compile() loads Lua source.
 */
#ifndef WF_LUA_JSONATA_H
#define WF_LUA_JSONATA_H

#include <lua.h>

#include "base.h"

/** A lua_CFunction that takes the module "wf.doc" and pushes this one. */
int wf_lua_open_jsonata(lua_State *L);

#endif
