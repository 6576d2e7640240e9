/* lua_graph.c - calls lua/graph/render.lua. See graph.h. */
#include "graph.h"
#include "lua_script.h"

/* A layout makes many small tables and few that stay: let garbage wait until
 * there is four times what is alive, or ten times for one picture. */
#define GC_PAUSE 400
#define GC_PAUSE_ONCE 1000

/* The two results of render.definition: a text, or nil and a message. */
static int read_picture(lua_State *L, struct wf_buf *picture,
                        struct wf_error *err) {
    size_t len;
    const char *text = lua_tolstring(L, -2, &len);

    if (text == NULL) {
        text = lua_tostring(L, -1);
        return wf_error_set(err, WF_E_INVALID, "%s",
                            text != NULL ? text : "nothing can be drawn");
    }
    wf_buf_add(picture, text, len);
    return 0;
}

int wf_graph_draw(struct wf_script *script, struct wf_str definition,
                  const char *format, struct wf_buf *picture,
                  struct wf_error *err) {
    lua_State *L = script->L;
    int top = lua_gettop(L);
    int pause, rc;

    if (wf_lua_require(script, "graph.render", err) != 0)
        return -1;
    lua_getfield(L, -1, "definition");
    lua_pushlstring(L, definition.data, definition.len);
    lua_pushstring(L, format); /* stack: module, function, text, format */
    pause = lua_gc(L, LUA_GCSETPAUSE,
                   script->options.once ? GC_PAUSE_ONCE : GC_PAUSE);
    if (script->options.once)
        lua_gc(L, LUA_GCRESTART, -1); /* it counts from now on */
    if (wf_lua_call(script, 2, 2) == 0) {
        rc = read_picture(L, picture, err);
    } else {
        const char *text = lua_tostring(L, -1);
        rc = wf_error_set(err, WF_E_INTERNAL, "drawing failed: %s",
                          text != NULL ? text : "error in a script");
    }
    lua_gc(L, LUA_GCSETPAUSE, pause);
    lua_settop(L, top);
    return rc;
}
