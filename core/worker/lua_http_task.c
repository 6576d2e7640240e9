/*
 * lua_http_task.c - what lua/worker/http_task.lua, which makes the calls of
 * HTTP Tasks, gets of this process.
 */
#include <lauxlib.h>
#include <lua.h>
#include <openssl/evp.h>

#include "lua_worker.h"
#include "private_file.h"

#define CONNECTIONS_BYTES (1 << 20)

/* connections(): the text of the file; nil and why not. It is read for each
 * call, so an edit needs no restart, and a file that has become readable for
 * others is not used any more. */
static int l_connections(lua_State *L) {
    const char *path = wf_lua_worker(L)->page->connections;
    struct wf_buf text = {0};
    struct wf_error err;

    if (!*path) {
        lua_pushnil(L);
        lua_pushliteral(L, "There is no file of connections: give "
                           "--connections FILE");
        return 2;
    }
    if (wf_private_file_read(path, WF_FILE_SECRET, CONNECTIONS_BYTES, &text,
                             &err) != 0) {
        wf_buf_free(&text);
        lua_pushnil(L);
        lua_pushstring(L, err.message);
        return 2;
    }
    lua_pushlstring(L, text.data ? text.data : "", text.len);
    wf_buf_free(&text);
    return 1;
}

static int l_base64(lua_State *L) {
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    luaL_argcheck(L, len < CONNECTIONS_BYTES, 1, "too long");
    unsigned char *out = lua_newuserdata(L, len / 3 * 4 + 5);
    int got = EVP_EncodeBlock(out, (const unsigned char *)text, (int)len);

    lua_pushlstring(L, (const char *)out, (size_t)got);
    return 1;
}

static int l_seconds(lua_State *L) {
    uint64_t seconds = wf_clock_mono_ns() / 1000000000;

    lua_pushnumber(L, (lua_Number)seconds);
    return 1;
}

void wf_lua_http_task_open(lua_State *L) {
    struct wf_page *page = wf_lua_worker(L)->page;

    wf_lua_lambda_host(L); /* stack: host */
    lua_pushcfunction(L, l_connections);
    lua_setfield(L, -2, "connections");
    lua_pushcfunction(L, l_base64);
    lua_setfield(L, -2, "base64");
    lua_pushcfunction(L, l_seconds);
    lua_setfield(L, -2, "seconds");
    lua_pushstring(L, page->http_allow);
    lua_setfield(L, -2, "allow");
    lua_pushstring(L, page->region);
    lua_setfield(L, -2, "region");
    wf_lua_worker_file(L, "http_task", 1);
}
