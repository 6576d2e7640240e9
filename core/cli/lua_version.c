/* lua_version.c - see lua_version.h. */
#include "lua_version.h"

#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>

const char *wf_lua_version(void) {
    return LUAJIT_VERSION + strlen("LuaJIT ");
}

/* Stack: [-0, +1] the module's version, or nil. */
static void push_version(lua_State *L, const char *module) {
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    if (lua_pcall(L, 1, 1, 0) == 0 && lua_istable(L, -1)) {
        lua_pushstring(L, "_VERSION");
        lua_rawget(L, -2);
        lua_remove(L, -2); /* stack: version */
        return;
    }
    lua_pop(L, 1);
    lua_pushnil(L);
}

void wf_lua_module_version(const char *module, struct wf_buf *out) {
    lua_State *L = luaL_newstate();
    const char *text = NULL;

    if (L != NULL) {
        luaL_openlibs(L);
        push_version(L, module);
        text = lua_tostring(L, -1);
    }
    wf_buf_adds(out, text != NULL ? text : "not found");
    if (L != NULL)
        lua_close(L);
}
