/*
 * lua_jsonata_decode.c - the module "wf.jsonata": documents as JSONata's
 * values, one level at a time.
 *
 * A stub is a table with the number of its node in [1] and a metatable of its
 * document: [1] the document, [2] the keys of the object decoded last (the
 * elements of an array mostly have the same, so they share the list), and
 * __index, which fills the stub.
 */
#include <stdlib.h>

#include "doc.h"
#include "lua_doc.h"
#include "lua_jsonata_priv.h"

#define META_LAZY 1
#define META_KEYS 2
#define MAX_RESERVED 4096

struct lazy {
    struct wf_doc *doc;
    uint32_t shape;       /* node of the object that META_KEYS is from */
    bool has_shape;
};

int wf_jsonata_lazy_gc(lua_State *L) {
    struct lazy *lazy = lua_touserdata(L, 1);
    wf_doc_unref(lazy->doc);
    lazy->doc = NULL;
    return 0;
}

/* A decimal of at most 15 digits, without exponent or zeros that say nothing,
 * is what a double of it is written as. */
static bool is_plain(struct wf_str text) {
    size_t digits = 0, zeros = 0;
    bool fraction = false;

    if (text.len > 17 || text.data[0] == '-')
        return text.len <= 17 && text.len > 1 && text.data[1] != '0' &&
               is_plain((struct wf_str){text.data + 1, text.len - 1});
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '.') {
            fraction = true;
        } else if (c < '0' || c > '9') {
            return false;
        } else {
            digits++;
            zeros = c == '0' ? zeros + 1 : 0;
        }
    }
    if (fraction && (zeros > 0 || memcmp(text.data, "0.00000", 7) == 0))
        return false;
    return digits <= 15;
}

/* The general case: written again, it is the same. */
static bool is_same(struct wf_str text, double number) {
    struct wf_buf again = {0};
    wf_jsonata_number(&again, number);
    bool same = wf_str_eq(text, (struct wf_str){again.data, again.len});
    wf_buf_free(&again);
    return same;
}

static double small_integer(struct wf_str text) {
    int64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        number = number * 10 + (text.data[i] - '0');
    }
    return (double)number;
}

static void push_number(lua_State *L, struct wf_value value) {
    struct wf_str text = wf_value_text(value);
    double number = text.len <= 15 ? small_integer(text) : -1;

    if (number < 0)
        number = wf_value_number(value);
    if (is_plain(text) || is_same(text, number)) {
        lua_pushnumber(L, number);
        return;
    }
    lua_createtable(L, 1, 1);
    lua_pushlstring(L, text.data, text.len);
    lua_rawseti(L, -2, 0);
    lua_pushnumber(L, number);
    lua_setfield(L, -2, "num");
}

static void push_string(lua_State *L, struct wf_doc *doc, uint32_t at) {
    const struct wf_node *node = &wf_doc_nodes(doc)[at];
    if (node->count == 0) {
        lua_pushlstring(L, doc->text + node->start + 1,
                        node->end - node->start - 2);
        return;
    }
    struct wf_buf *scratch = wf_jsonata_scratch(L);
    wf_value_string((struct wf_value){doc, at}, scratch);
    lua_pushlstring(L, scratch->data, scratch->len);
}

/* Pushes a stub, or an empty container. [-0, +1] */
static void push_container(lua_State *L, const struct wf_node *node,
                           uint32_t at, int meta) {
    bool object = node->type == WF_JSON_OBJECT;
    int count = node->count > MAX_RESERVED ? MAX_RESERVED : (int)node->count;

    lua_createtable(L, object || count == 0 ? 1 : count, object ? count : 0);
    if (count == 0) {
        if (object)
            lua_pushvalue(L, UP_NO_KEYS);
        else
            lua_pushinteger(L, 0);
        lua_rawseti(L, -2, 0);
        return;
    }
    lua_pushinteger(L, (lua_Integer)at);
    lua_rawseti(L, -2, 1);
    lua_pushvalue(L, meta);
    lua_setmetatable(L, -2);
}

/* Pushes the value of a node. `meta`: absolute index. [-0, +1] */
static void push_value(lua_State *L, struct wf_doc *doc, uint32_t at,
                       int meta) {
    const struct wf_node *node = &wf_doc_nodes(doc)[at];
    switch ((enum wf_json_type)node->type) {
    case WF_JSON_NULL:
        lua_pushvalue(L, UP_NULL);
        break;
    case WF_JSON_FALSE:
    case WF_JSON_TRUE:
        lua_pushboolean(L, node->type == WF_JSON_TRUE);
        break;
    case WF_JSON_NUMBER:
        push_number(L, (struct wf_value){doc, at});
        break;
    case WF_JSON_STRING:
        push_string(L, doc, at);
        break;
    case WF_JSON_ARRAY:
    case WF_JSON_OBJECT:
        push_container(L, node, at, meta);
        break;
    }
}

/* stack: stub; [-0, +0] */
static void fill_array(lua_State *L, struct wf_doc *doc, uint32_t at,
                       int stub, int meta) {
    const struct wf_node *nodes = wf_doc_nodes(doc);
    uint32_t count = nodes[at].count;

    uint32_t child = at + 1;
    for (uint32_t i = 1; i <= count; i++, child = nodes[child].next) {
        push_value(L, doc, child, meta);
        lua_rawseti(L, stub, (int)i);
    }
    lua_pushinteger(L, (lua_Integer)count);
    lua_rawseti(L, stub, 0);
}

static struct wf_str raw_text(const struct wf_doc *doc,
                              const struct wf_node *node) {
    return (struct wf_str){doc->text + node->start, node->end - node->start};
}

/* True if both objects have the same keys in the same order. */
static bool same_keys(struct wf_doc *doc, uint32_t a, uint32_t b) {
    const struct wf_node *nodes = wf_doc_nodes(doc);

    if (nodes[a].count != nodes[b].count)
        return false;
    uint32_t count = nodes[a].count;
    for (a++, b++; count > 0; count--) {
        if (!wf_str_eq(raw_text(doc, &nodes[a]), raw_text(doc, &nodes[b])))
            return false;
        a = nodes[a + 1].next;
        b = nodes[b + 1].next;
    }
    return true;
}

/* Members whose keys are known. stack: keys on top; [-0, +0] */
static void fill_known(lua_State *L, struct wf_doc *doc, uint32_t at,
                       int stub, int meta) {
    const struct wf_node *nodes = wf_doc_nodes(doc);
    int keys = lua_gettop(L);
    uint32_t count = nodes[at].count, child = at + 1;

    for (uint32_t i = 1; i <= count; i++) {
        lua_rawgeti(L, keys, (int)i);
        push_value(L, doc, child + 1, meta);
        lua_rawset(L, stub);
        child = nodes[child + 1].next;
    }
}

/* Members of an object; pushes its keys. [-0, +1] */
static void fill_new(lua_State *L, struct wf_doc *doc, uint32_t at, int stub,
                     int meta) {
    const struct wf_node *nodes = wf_doc_nodes(doc);
    uint32_t count = nodes[at].count, child = at + 1;
    int found = 0;

    lua_createtable(L, count > MAX_RESERVED ? MAX_RESERVED : (int)count, 0);
    int keys = lua_gettop(L);
    for (uint32_t i = 0; i < count; i++) {
        push_string(L, doc, child);
        lua_pushvalue(L, -1);
        lua_rawget(L, stub);
        bool known = !lua_isnil(L, -1); /* a duplicate key: the last wins */
        lua_pop(L, 1);
        if (!known) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, keys, ++found);
        }
        push_value(L, doc, child + 1, meta);
        lua_rawset(L, stub);
        child = nodes[child + 1].next;
    }
    lua_pushinteger(L, found);
    lua_rawseti(L, keys, 0);
}

static void fill_object(lua_State *L, struct lazy *lazy, uint32_t at,
                        int stub, int meta) {
    const struct wf_node *nodes = wf_doc_nodes(lazy->doc);

    if (lazy->has_shape && same_keys(lazy->doc, lazy->shape, at)) {
        lua_rawgeti(L, meta, META_KEYS);
        fill_known(L, lazy->doc, at, stub, meta);
    } else {
        fill_new(L, lazy->doc, at, stub, meta);
        lua_rawgeti(L, -1, 0);
        bool unique = lua_tonumber(L, -1) == nodes[at].count;
        lua_pop(L, 1);
        lazy->has_shape = unique;
        lazy->shape = at;
        lua_pushvalue(L, -1);
        lua_rawseti(L, meta, META_KEYS);
    }
    lua_rawseti(L, stub, 0); /* takes the keys */
}

/* __index of a stub: fills it, then answers. */
static int fill(lua_State *L) {
    lua_settop(L, 2);
    if (!lua_getmetatable(L, 1))
        return 0;
    lua_rawgeti(L, 3, META_LAZY);
    struct lazy *lazy = lua_touserdata(L, 4);
    lua_rawgeti(L, 1, 1);
    uint32_t at = (uint32_t)lua_tonumber(L, -1);
    lua_pop(L, 1); /* stack: stub, key, metatable, lazy */
    lua_pushnil(L);
    lua_setmetatable(L, 1);
    lua_pushnil(L);
    lua_rawseti(L, 1, 1);
    if (wf_doc_nodes(lazy->doc)[at].type == WF_JSON_ARRAY)
        fill_array(L, lazy->doc, at, 1, 3);
    else
        fill_object(L, lazy, at, 1, 3);
    lua_pushvalue(L, 2);
    lua_rawget(L, 1);
    return 1;
}

/* decode(value) -> a value of wf.doc as JSONata's */
int wf_jsonata_decode(lua_State *L) {
    struct wf_value value;

    if (!wf_lua_to_value(L, 1, &value))
        return luaL_typerror(L, 1, "wf.doc value");
    lua_settop(L, 1);
    lua_createtable(L, 2, 1); /* stack: value, metatable */
    struct lazy *lazy = lua_newuserdata(L, sizeof(*lazy));
    *lazy = (struct lazy){0};
    lua_pushvalue(L, UP_LAZY);
    lua_setmetatable(L, -2);
    lazy->doc = wf_doc_ref(value.doc);
    lua_rawseti(L, 2, META_LAZY);
    for (int i = 1; i <= JSONATA_UPVALUES; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    lua_pushcclosure(L, fill, JSONATA_UPVALUES);
    lua_setfield(L, 2, "__index");
    push_value(L, value.doc, value.node, 2);
    return 1;
}

bool wf_jsonata_stub_text(lua_State *L, int index, struct wf_str *text) {
    if (!lua_getmetatable(L, index))
        return false;
    lua_rawgeti(L, -1, META_LAZY);
    struct lazy *lazy = lua_touserdata(L, -1);
    lua_pop(L, 2);
    if (!lazy)
        return false;
    lua_rawgeti(L, index, 1);
    uint32_t at = (uint32_t)lua_tonumber(L, -1);
    lua_pop(L, 1);
    *text = wf_value_text((struct wf_value){lazy->doc, at});
    return true;
}
