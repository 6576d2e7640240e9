/* lua_help.c - calls lua/asl/help.lua. See asl_help.h. */
#include "asl_help.h"
#include "lua_script.h"

/* The two results of help.text: a text, or nil and the topics there are. */
static int read_text(lua_State *L, const char *topic, struct wf_buf *text,
                     struct wf_error *err) {
    size_t len;
    const char *found = lua_tolstring(L, -2, &len);

    if (found == NULL)
        return wf_error_set(err, WF_E_INVALID, "there is no help on \"%s\"; "
                            "there is on %s", topic, lua_tostring(L, -1));
    wf_buf_add(text, found, len);
    return 0;
}

int wf_asl_help(struct wf_script *script, const char *topic,
                struct wf_buf *text, struct wf_error *err) {
    lua_State *L = script->L;
    int top = lua_gettop(L);
    int rc;

    if (wf_lua_require(script, "asl.help", err) != 0)
        return -1;
    lua_getfield(L, -1, "text");
    lua_pushstring(L, topic); /* nil for NULL */
    if (wf_lua_call(script, 1, 2) == 0)
        rc = read_text(L, topic, text, err);
    else
        rc = wf_error_set(err, WF_E_INTERNAL, "%s", lua_tostring(L, -1));
    lua_settop(L, top);
    return rc;
}
