/* lua_eval.c - calls lua/jsonata/command.lua and lines.lua. See eval.h. */
#include "eval.h"
#include "lua_script.h"

static void push_text(lua_State *L, struct wf_str text) {
    if (text.data)
        lua_pushlstring(L, text.data, text.len);
    else
        lua_pushnil(L);
}

/* [-0, +1]: a function of a module; or [-0, +0] and -1. */
static int push_function(struct wf_script *script, const char *module,
                         const char *name, struct wf_error *err) {
    if (wf_lua_require(script, module, err) != 0)
        return -1;
    lua_getfield(script->L, -1, name);
    lua_remove(script->L, -2);
    return 0;
}

static void append(lua_State *L, int index, struct wf_buf *out) {
    struct wf_str text;

    text.data = lua_tolstring(L, index, &text.len);
    if (text.data)
        wf_buf_addstr(out, text);
}

static int fail(lua_State *L, struct wf_error *err) {
    const char *text = lua_tostring(L, -1);
    return wf_error_set(err, WF_E_INTERNAL, "%s",
                        text ? text : "error in a script");
}

int wf_eval_expression(struct wf_script *script, const struct wf_eval *eval,
                       struct wf_buf *result, struct wf_error *err) {
    lua_State *L = script->L;
    int top = lua_gettop(L), rc = 0;

    if (push_function(script, "jsonata.command", "evaluate", err) != 0)
        return -1;
    push_text(L, eval->expression);
    push_text(L, eval->language);
    push_text(L, eval->input);
    push_text(L, eval->bindings);
    /* stack: function, expression, language, input, bindings */
    if (wf_lua_call(script, 4, 2) != 0) {
        rc = fail(L, err);
    } else if (!lua_isnil(L, -1)) {
        append(L, -1, result);
        rc = wf_error_set(err, WF_E_INVALID, "the expression failed");
    } else {
        append(L, -2, result);
    }
    lua_settop(L, top);
    return rc;
}

int wf_eval_line(struct wf_script *script, struct wf_str line,
                 struct wf_buf *answer, struct wf_error *err) {
    lua_State *L = script->L;
    int top = lua_gettop(L), rc = 0;

    if (push_function(script, "jsonata.lines", "answer", err) != 0)
        return -1;
    push_text(L, line);
    if (wf_lua_call(script, 1, 1) != 0)
        rc = fail(L, err);
    else
        append(L, -1, answer);
    lua_settop(L, top);
    return rc;
}
