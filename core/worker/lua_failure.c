/*
 * lua_failure.c - how a task has failed: Error and Cause.
 *
 * error({ Error = "Name", Cause = "text" }) is taken as it is; a Cause that
 * is no string becomes JSON. Anything else is States.TaskFailed, and its cause
 * is the message and the traceback of the coroutine.
 */
#include <lauxlib.h>
#include <lua.h>

#include "lua_worker.h"

#define ERROR_MAX 256 /* AWS's limits */
#define CAUSE_MAX 32768

/* Cuts at a character, and replaces what is not UTF-8 by '?'. */
static void text_clean(struct wf_buf *out, struct wf_str text, size_t max) {
    const unsigned char *at = (const unsigned char *)text.data;
    const unsigned char *end = at + text.len;
    size_t start = out->len;

    while (at < end) {
        size_t len = *at < 0x80                 ? 1
                     : *at >= 0xC2 && *at < 0xE0 ? 2
                     : *at >= 0xE0 && *at < 0xF0 ? 3
                     : *at >= 0xF0 && *at < 0xF5 ? 4
                                                 : 0;
        bool good = len > 0 && len <= (size_t)(end - at);
        for (size_t i = 1; good && i < len; i++)
            good = (at[i] & 0xC0) == 0x80;
        if (good && len > 2) { /* overlong, surrogates, beyond U+10FFFF */
            unsigned lead = at[0] << 8 | at[1];
            good = !(lead < 0xE0A0 || (lead >= 0xEDA0 && lead <= 0xEDBF) ||
                     (lead >= 0xF000 && lead < 0xF090) || lead >= 0xF490);
        }
        len = good ? len : 1;
        if (out->len - start + len > max)
            return;
        wf_buf_add(out, good ? (const char *)at : "?", len);
        at += len;
    }
}

struct failing {
    struct wf_task *task;
    const char *lead; /* the doom's cause; NULL: what was raised */
    struct wf_buf error, cause;
};

/* The value on top as text: a string, or JSON. [-0, +0] */
static void value_text(lua_State *L, struct wf_buf *out) {
    struct wf_lua_json_options options = {.name = "error"};
    struct wf_error err;
    size_t len;

    if (lua_type(L, -1) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, -1, &len);
        wf_buf_add(out, text, len);
    } else if (wf_lua_json_encode(L, lua_gettop(L), &options, out, &err)) {
        out->len = 0;
        wf_buf_addf(out, "(error object is a %s value)",
                    luaL_typename(L, -1));
    }
}

/* Error and Cause of { Error =, Cause = }; false if it is not one. */
static bool named_error(lua_State *L, struct failing *failing) {
    size_t len;

    if (!lua_istable(L, -1))
        return false;
    lua_pushliteral(L, "Error");
    lua_rawget(L, -2); /* stack: table, Error */
    if (lua_type(L, -1) != LUA_TSTRING) {
        lua_pop(L, 1);
        return false;
    }
    const char *name = lua_tolstring(L, -1, &len);
    wf_buf_add(&failing->error, name, len);
    lua_pop(L, 1);
    lua_pushliteral(L, "Cause");
    lua_rawget(L, -2); /* stack: table, Cause */
    if (!lua_isnil(L, -1))
        value_text(L, &failing->cause);
    lua_pop(L, 1);
    return true;
}

static int l_failure(lua_State *L) {
    struct failing *failing = lua_touserdata(L, 1);
    lua_State *co = failing->task->co;
    size_t len;

    lua_settop(L, 0);
    if (failing->lead)
        lua_pushstring(L, failing->lead);
    else if (lua_gettop(co) > 0)
        lua_xmove(co, L, 1);
    else
        lua_pushliteral(L, "unknown error");
    if (!failing->lead && named_error(L, failing))
        return 0;
    value_text(L, &failing->cause);
    wf_buf_u8(&failing->cause, 0);
    luaL_traceback(L, co, failing->cause.data, 0);
    const char *text = lua_tolstring(L, -1, &len);
    failing->cause.len = 0;
    wf_buf_add(&failing->cause, text, len);
    return 0;
}

void wf_lua_task_fail(struct wf_task *task, const char *error,
                      const char *lead) {
    struct failing failing = {.task = task, .lead = lead};
    lua_State *L = task->worker->L;
    struct wf_buf clean = {0};

    if (lua_cpcall(L, l_failure, &failing) != 0 && failing.cause.len == 0)
        wf_buf_adds(&failing.cause, lead ? lead : "not enough memory");
    lua_settop(L, 0);
    if (failing.error.len == 0)
        wf_buf_adds(&failing.error, error);
    text_clean(&clean, (struct wf_str){failing.error.data, failing.error.len},
               ERROR_MAX);
    size_t error_len = clean.len;
    text_clean(&clean, (struct wf_str){failing.cause.data, failing.cause.len},
               CAUSE_MAX);
    wf_buf_free(&failing.error);
    wf_buf_free(&failing.cause);
    wf_lua_task_drop(task);
    wf_worker_task_fail(task, (struct wf_str){clean.data, error_len},
                        (struct wf_str){clean.data + error_len,
                                        clean.len - error_len});
    wf_buf_free(&clean);
}
