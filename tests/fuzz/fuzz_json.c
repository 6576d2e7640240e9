/*
 * fuzz_json.c - a handler's data: what is decoded and encoded again is the
 * same to the byte, and after any change it is still JSON that means the
 * same as the changed data encoded afresh. The first bytes choose changes,
 * the rest is the document.
 */
#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua_json.h"

static void require(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

/* change_all() changes data in place; copy() gives fresh tables, of which an
 * origin knows nothing, without what can't be encoded. */
static const char helpers[] =
    "local seed\n"
    "local function dice(n)\n"
    "  seed = (seed * 1103515245 + 12345) % 2147483648\n"
    "  return math.floor(seed / 65536) % n\n"
    "end\n"
    "local function sorted(t)\n"
    "  local keys = {}\n"
    "  for k in pairs(t) do keys[#keys + 1] = k end\n"
    "  table.sort(keys)\n"
    "  return keys\n"
    "end\n"
    "local function change(t)\n"
    "  if type(t) ~= 'table' then return end\n"
    "  local array = getmetatable(t) == json.array_mt\n"
    "  for _, k in ipairs(sorted(t)) do\n"
    "    local d = dice(8)\n"
    "    if d == 0 and not array then t[k] = nil\n"
    "    elseif d == 0 then t[#t] = nil\n"
    "    elseif d == 1 and t[k] ~= nil then t[k] = 'new'\n"
    "    elseif d == 2 and t[k] ~= nil then t[k] = {}\n"
    "    else change(t[k]) end\n"
    "  end\n"
    "  local new = array and #t + 1 or 'n' .. dice(9)\n"
    "  if dice(4) == 0 then t[new] = true end\n"
    "end\n"
    "function change_all(t, n) seed = n change(t) end\n"
    "function copy(t)\n"
    "  if t == 1 / 0 or t == -1 / 0 then return 0 end\n"
    "  if type(t) ~= 'table' then return t end\n"
    "  local new = setmetatable({}, getmetatable(t))\n"
    "  for k, v in pairs(t) do new[k] = copy(v) end\n"
    "  return new\n"
    "end\n";

static struct wf_buf encode(lua_State *L, int index, int origin) {
    struct wf_lua_json_options options = {.name = "output",
                                          .origin = origin};
    struct wf_error err = {0};
    struct wf_buf buf = {0};

    if (wf_lua_json_encode(L, index, &options, &buf, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        require(false, "data of ours can be encoded");
    }
    return buf;
}

/* The text's data, copied, as JSON. */
static struct wf_buf normal(lua_State *L, struct wf_str text) {
    struct wf_error err = {0};
    struct wf_doc *doc = wf_doc_parse(text, NULL, &err);

    if (!doc)
        fprintf(stderr, "%s: %.*s\n", err.message, (int)text.len, text.data);
    require(doc, "what is encoded is JSON");
    require(wf_lua_json_decode(L, doc, &err) == 0, "it decodes");
    lua_getglobal(L, "copy");
    lua_pushvalue(L, -3);
    lua_call(L, 1, 1);
    struct wf_buf buf = encode(L, -1, 0);
    lua_pop(L, 3);
    wf_doc_unref(doc);
    return buf;
}

static void check_changed(lua_State *L, uint8_t seed) {
    lua_getglobal(L, "change_all");
    lua_pushvalue(L, 1);
    lua_pushinteger(L, seed);
    lua_call(L, 2, 0);
    lua_getglobal(L, "copy");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1); /* stack: data, origin, fresh copy */
    struct wf_buf merged = encode(L, 1, 2), fresh = encode(L, 3, 0);
    struct wf_buf same = normal(L, (struct wf_str){merged.data, merged.len});
    require(wf_str_eq((struct wf_str){same.data, same.len},
                      (struct wf_str){fresh.data, fresh.len}),
            "the merge means what the data says");
    wf_buf_free(&merged);
    wf_buf_free(&fresh);
    wf_buf_free(&same);
}

static lua_State *open_state(void) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    wf_lua_open_json(L);
    lua_setglobal(L, "json");
    if (luaL_dostring(L, helpers) != 0)
        abort();
    return L;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static lua_State *L; /* of the fuzzer, not of what it tests */
    struct wf_error err = {0};

    if (!L)
        L = open_state();
    if (size == 0)
        return 0;
    struct wf_doc_limits limits = {.max_depth = 150}; /* copy() recurses */
    struct wf_str text = {(const char *)data + 1, size - 1};
    struct wf_doc *doc = wf_doc_parse(text, &limits, &err);
    if (!doc)
        return 0;
    require(wf_lua_json_decode(L, doc, &err) == 0, "it decodes");
    struct wf_buf buf = encode(L, 1, 2);
    require(wf_str_eq((struct wf_str){buf.data, buf.len}, wf_doc_text(doc)),
            "untouched data is the same to the byte");
    wf_buf_free(&buf);
    wf_doc_unref(doc);
    if (lua_istable(L, 1))
        check_changed(L, data[0]);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT, 0); /* or what it holds looks like a leak */
    return 0;
}
