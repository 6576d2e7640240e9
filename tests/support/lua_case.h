/* lua_case.h - runs Lua text from a C test; an error there fails the test. */
#ifndef LUA_CASE_H
#define LUA_CASE_H

#include <lauxlib.h>
#include <lualib.h>

static inline lua_State *lua_case_open(const char *name,
                                       lua_CFunction module) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_pushcfunction(L, module);
    lua_call(L, 0, 1);
    lua_setglobal(L, name);
    return L;
}

static inline void lua_case_run(lua_State *L, const char *chunk) {
    if (luaL_dostring(L, chunk) != 0)
        fail_msg("%s", lua_tostring(L, -1));
    assert_int_equal(lua_gettop(L), 0);
}

#endif
