/* lua_json.c - JSON text as Lua data, and the module. See lua_json.h. */
#include "lua_json_encode.h"

#include <lauxlib.h>
#include <stdio.h>

/* Registry keys (their addresses): the markers, the box's metatable. */
static const char array_key, object_key, box_key;

const char wf_json_empty_array;

/* Pushes the registry's table of this key, made when missing. [-0, +1];
 * true if it was made. */
static bool push_table(lua_State *L, const char *key) {
    lua_pushlightuserdata(L, (void *)key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (!lua_isnil(L, -1))
        return false;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushlightuserdata(L, (void *)key);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    return true;
}

void wf_json_push_marks(lua_State *L) {
    push_table(L, &array_key);
    push_table(L, &object_key);
}

static int box_gc(lua_State *L) {
    struct wf_doc **box = lua_touserdata(L, 1);
    wf_doc_unref(*box);
    *box = NULL;
    return 0;
}

/* Pushes an empty box for a document. [-0, +1] */
static struct wf_doc **push_box(lua_State *L) {
    struct wf_doc **box = lua_newuserdata(L, sizeof(*box));

    *box = NULL;
    if (push_table(L, &box_key)) {
        lua_pushcfunction(L, box_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return box;
}

struct decoder {
    lua_State *L;
    struct wf_doc *doc;
    const struct wf_node *nodes;
    int array_mt; /**< Stack index. */
    int origin;   /**< Stack index, or 0: not wanted. */
};

static int decode(struct decoder *d, uint32_t at, int depth);

/* Remembers where the table at the top came from. [-0, +0] */
static void remember(struct decoder *d, uint32_t node, bool duplicates) {
    double mark = node + 1.0; /* see wf_json_node() */

    if (!d->origin)
        return;
    lua_pushvalue(d->L, -1);
    lua_pushnumber(d->L, duplicates ? -mark : mark);
    lua_rawset(d->L, d->origin);
}

static void push_string(struct decoder *d, uint32_t at) {
    const struct wf_node *node = &d->nodes[at];
    struct wf_str raw = {d->doc->text + node->start + 1,
                         node->end - node->start - 2};

    if (node->count == 0) {
        lua_pushlstring(d->L, raw.data, raw.len);
        return;
    }
    char *text = lua_newuserdata(d->L, raw.len);
    lua_pushlstring(d->L, text, wf_string_unescape(raw, text));
    lua_remove(d->L, -2);
}

static int decode_array(struct decoder *d, uint32_t array, int depth) {
    uint32_t at = array + 1;

    lua_createtable(d->L, (int)d->nodes[array].count, 0);
    lua_pushvalue(d->L, d->array_mt);
    lua_setmetatable(d->L, -2);
    for (int i = 1; at < d->nodes[array].next; at = d->nodes[at].next) {
        if (decode(d, at, depth + 1) != 0)
            return -1;
        lua_rawseti(d->L, -2, i++);
    }
    remember(d, array, false);
    return 0;
}

/* True if no two names are the same; only for few, plain names. */
static bool plainly_different(struct decoder *d, uint32_t object) {
    const struct wf_node *nodes = d->nodes;
    uint32_t names[12], count = 0;

    if (nodes[object].count > 12)
        return false;
    for (uint32_t at = object + 1; at < nodes[object].next;
         at = nodes[at + 1].next) {
        uint32_t len = nodes[at].end - nodes[at].start;
        const char *text = d->doc->text + nodes[at].start;
        if (nodes[at].count)
            return false; /* escapes */
        for (uint32_t i = 0; i < count; i++) {
            const struct wf_node *other = &nodes[names[i]];
            if (other->end - other->start == len &&
                memcmp(d->doc->text + other->start, text, len) == 0)
                return false;
        }
        names[count++] = at;
    }
    return true;
}

static bool has_duplicates(struct decoder *d, uint32_t object) {
    uint32_t entries = 0;

    if (!d->origin || plainly_different(d, object))
        return false;
    for (lua_pushnil(d->L); lua_next(d->L, -2); lua_pop(d->L, 1))
        entries++;
    return entries < d->nodes[object].count;
}

static int decode_object(struct decoder *d, uint32_t object, int depth) {
    uint32_t at = object + 1;

    lua_createtable(d->L, 0, (int)d->nodes[object].count);
    for (; at < d->nodes[object].next; at = d->nodes[at + 1].next) {
        push_string(d, at);
        if (decode(d, at + 1, depth + 1) != 0)
            return -1;
        lua_rawset(d->L, -3);
    }
    remember(d, object, has_duplicates(d, object));
    return 0;
}

/* Pushes the value of a node. [-0, +1], or -1 with the stack in disorder. */
static int decode(struct decoder *d, uint32_t at, int depth) {
    switch (d->nodes[at].type) {
    case WF_JSON_NULL:
        lua_pushlightuserdata(d->L, NULL);
        return 0;
    case WF_JSON_FALSE:
    case WF_JSON_TRUE:
        lua_pushboolean(d->L, d->nodes[at].type == WF_JSON_TRUE);
        return 0;
    case WF_JSON_NUMBER:
        lua_pushnumber(d->L, wf_value_number((struct wf_value){d->doc, at}));
        return 0;
    case WF_JSON_STRING:
        push_string(d, at);
        return 0;
    }
    if (depth >= WF_LUA_JSON_DEPTH || !lua_checkstack(d->L, 8))
        return -1;
    if (d->nodes[at].type == WF_JSON_ARRAY)
        return decode_array(d, at, depth);
    return decode_object(d, at, depth);
}

/* Pushes the origin's table, with room for all containers. [-0, +1] */
static void push_origin(lua_State *L, struct wf_doc *doc) {
    const struct wf_node *nodes = wf_doc_nodes(doc);
    int tables = 1;

    for (uint32_t i = 0; i < doc->node_count; i++)
        tables += nodes[i].type >= WF_JSON_ARRAY;
    lua_createtable(L, 0, tables);
    struct wf_doc **box = push_box(L);
    *box = wf_doc_ref(doc);
    lua_rawseti(L, -2, 0);
}

static int decode_root(lua_State *L, struct wf_doc *doc, int origin,
                       struct wf_error *err) {
    int top = lua_gettop(L);
    struct decoder d = {
        .L = L, .doc = doc, .nodes = wf_doc_nodes(doc), .origin = origin,
        .array_mt = top + 1,
    };

    if (!lua_checkstack(L, 12))
        return wf_error_set(err, WF_E_LIMIT, "the Lua stack is full");
    push_table(L, &array_key);
    if (decode(&d, 0, 0) != 0) {
        lua_settop(L, top);
        return wf_error_set(err, WF_E_LIMIT, "nested deeper than %d levels",
                            WF_LUA_JSON_DEPTH);
    }
    lua_remove(L, top + 1);
    return 0;
}

int wf_lua_json_decode(lua_State *L, struct wf_doc *doc,
                       struct wf_error *err) {
    if (!lua_checkstack(L, 12))
        return wf_error_set(err, WF_E_LIMIT, "the Lua stack is full");
    push_origin(L, doc);
    if (decode_root(L, doc, lua_gettop(L), err) != 0) {
        lua_pop(L, 1);
        return -1;
    }
    lua_insert(L, -2);
    return 0;
}

/* The module for handlers */

static int json_decode(lua_State *L) {
    struct wf_error err;
    struct wf_str text;

    text.data = luaL_checklstring(L, 1, &text.len);
    struct wf_doc **box = push_box(L);
    *box = wf_doc_parse(text, NULL, &err);
    int rc = *box ? decode_root(L, *box, 0, &err) : -1;
    wf_doc_unref(*box);
    *box = NULL;
    if (rc == 0)
        return 1;
    lua_pushnil(L);
    lua_pushstring(L, err.message);
    return 2;
}

/* Upvalue 1 of json.encode: the buffer it builds in. */
static int buffer_gc(lua_State *L) {
    wf_buf_free(lua_touserdata(L, 1));
    return 0;
}

static int json_encode(lua_State *L) {
    struct wf_lua_json_options options = {.name = "data"};
    struct wf_buf *buf = lua_touserdata(L, lua_upvalueindex(1));
    struct wf_error err;

    luaL_checkany(L, 1);
    if (buf->cap > (size_t)1 << 20)
        wf_buf_free(buf);
    buf->len = 0;
    if (wf_lua_json_encode(L, 1, &options, buf, &err) != 0)
        return luaL_error(L, "%s", err.message);
    lua_pushlstring(L, buf->data, buf->len);
    return 1;
}

static int mark(lua_State *L, const char *key) {
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    push_table(L, key);
    lua_setmetatable(L, 1);
    return 1;
}

static int json_array(lua_State *L) {
    return mark(L, &array_key);
}

static int json_object(lua_State *L) {
    return mark(L, &object_key);
}

static void push_encode(lua_State *L) {
    struct wf_buf *buf = lua_newuserdata(L, sizeof(*buf));

    *buf = (struct wf_buf){0};
    lua_newtable(L);
    lua_pushcfunction(L, buffer_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pushcclosure(L, json_encode, 1);
}

int wf_lua_open_json(lua_State *L) {
    lua_newtable(L);
    lua_pushcfunction(L, json_decode);
    lua_setfield(L, -2, "decode");
    push_encode(L);
    lua_setfield(L, -2, "encode");
    lua_pushcfunction(L, json_array);
    lua_setfield(L, -2, "array");
    lua_pushcfunction(L, json_object);
    lua_setfield(L, -2, "object");
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_pushlightuserdata(L, (void *)&wf_json_empty_array);
    lua_setfield(L, -2, "empty_array");
    push_table(L, &array_key);
    lua_setfield(L, -2, "array_mt");
    push_table(L, &object_key);
    lua_setfield(L, -2, "object_mt");
    return 1;
}
