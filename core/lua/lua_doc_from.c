/*
 * lua_doc_from.c - the module "wf.doc": Lua data as documents and back.
 *
 * Text is built in the scratch buffer, which belongs to the Lua state, so an
 * error raised half-way loses nothing.
 */
#include "lua_doc_value.h"
#include "lua_json.h"

static bool foreign_text(lua_State *L, int index, struct wf_str *text) {
    struct wf_value value;

    if (!wf_lua_to_value(L, index, &value))
        return false;
    *text = wf_value_text(value);
    return true;
}

/* Appends the data at the (absolute) index as JSON, or raises an error. */
static void add_data(lua_State *L, int index, struct wf_buf *out) {
    struct wf_lua_json_options options = {
        .name = "data", .foreign = foreign_text};
    struct wf_error err;

    size_t from = out->len;
    wf_lua_spend(L, 1);
    if (wf_lua_json_encode(L, index, &options, out, &err) != 0)
        luaL_error(L, "%s", err.message);
    wf_lua_spend(L, (out->len - from) / WF_STEP_SCAN);
}

static int push_scratch(lua_State *L, const struct wf_buf *scratch) {
    struct wf_value *value = wf_lua_new_value(L);
    struct wf_str text = {scratch->data, scratch->len};
    wf_lua_set_doc(L, value, wf_doc_trusted(text));
    return 1;
}

int wf_lua_doc_from(lua_State *L) {
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    if (wf_lua_is(L, 1, UP_VALUE))
        return 1;
    struct wf_buf *scratch = wf_lua_scratch(L);
    add_data(L, 1, scratch);
    return push_scratch(L, scratch);
}

int wf_lua_doc_array(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    int count = (int)lua_objlen(L, 1);
    struct wf_buf *scratch = wf_lua_scratch(L);

    wf_buf_u8(scratch, '[');
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            wf_buf_u8(scratch, ',');
        lua_rawgeti(L, 1, i);
        add_data(L, lua_gettop(L), scratch);
        lua_pop(L, 1);
    }
    wf_buf_u8(scratch, ']');
    return push_scratch(L, scratch);
}

int wf_lua_doc_object(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    int count = (int)lua_objlen(L, 1);
    struct wf_buf *scratch = wf_lua_scratch(L);

    wf_buf_u8(scratch, '{');
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        int pair = lua_gettop(L);
        if (!lua_istable(L, pair))
            return luaL_error(L, "pair %d is a %s, not a table", i,
                              luaL_typename(L, pair));
        lua_rawgeti(L, pair, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            return luaL_error(L, "the name in pair %d is a %s, not a string",
                              i, luaL_typename(L, -1));
        lua_rawgeti(L, pair, 2);
        if (i > 1)
            wf_buf_u8(scratch, ',');
        add_data(L, pair + 1, scratch);
        wf_buf_u8(scratch, ':');
        add_data(L, pair + 2, scratch);
        lua_settop(L, pair - 1);
    }
    wf_buf_u8(scratch, '}');
    return push_scratch(L, scratch);
}

int wf_lua_doc_quote(lua_State *L) {
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_settop(L, 1);
    struct wf_buf *scratch = wf_lua_scratch(L);
    add_data(L, 1, scratch);
    lua_pushlstring(L, scratch->data, scratch->len);
    return 1;
}

static void decode(lua_State *L, struct wf_value value, int depth);

static void decode_array(lua_State *L, struct wf_value value, int depth) {
    const struct wf_node *nodes = wf_doc_nodes(value.doc);
    uint32_t at = value.node + 1;

    lua_createtable(L, (int)nodes[value.node].count, 0);
    for (int i = 1; at < nodes[value.node].next; at = nodes[at].next) {
        decode(L, (struct wf_value){value.doc, at}, depth + 1);
        lua_rawseti(L, -2, i++);
    }
}

static void decode_object(lua_State *L, struct wf_value value, int depth) {
    const struct wf_node *nodes = wf_doc_nodes(value.doc);
    uint32_t at = value.node + 1;

    lua_createtable(L, 0, (int)nodes[value.node].count);
    for (; at < nodes[value.node].next; at = nodes[at + 1].next) {
        wf_lua_push_characters(L, (struct wf_value){value.doc, at});
        decode(L, (struct wf_value){value.doc, at + 1}, depth + 1);
        lua_rawset(L, -3);
    }
}

/* Pushes plain Lua data. [-0, +1] */
static void decode(lua_State *L, struct wf_value value, int depth) {
    wf_lua_spend(L, 1);
    if (depth > WF_LUA_JSON_DEPTH)
        luaL_error(L, "nested deeper than %d levels", WF_LUA_JSON_DEPTH);
    luaL_checkstack(L, 6, "nested too deeply");
    switch (wf_value_type(value)) {
    case WF_JSON_NULL:
        lua_rawgeti(L, UP_VALUE, NULL_INDEX);
        break;
    case WF_JSON_FALSE:
    case WF_JSON_TRUE:
        lua_pushboolean(L, wf_value_type(value) == WF_JSON_TRUE);
        break;
    case WF_JSON_NUMBER:
        lua_pushnumber(L, wf_value_number(value));
        break;
    case WF_JSON_STRING:
        wf_lua_push_characters(L, value);
        break;
    case WF_JSON_ARRAY:
        decode_array(L, value, depth);
        break;
    case WF_JSON_OBJECT:
        decode_object(L, value, depth);
        break;
    }
}

int wf_lua_value_decode(lua_State *L) {
    decode(L, wf_lua_check_value(L, 1), 0);
    return 1;
}
