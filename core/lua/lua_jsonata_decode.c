/*
 * lua_jsonata_decode.c - the module "wf.jsonata": documents as JSONata's
 * values, one level at a time.
 *
 * A stub is a table with the number of its node in [1] (counted from 1;
 * negative for an array), its document in [2]
 * and the metatable of all stubs, whose __index fills it. (One metatable:
 * compiled traces are specialised to it.) The environment of the document's
 * userdata has in [1] the keys of the object decoded last: the elements of an
 * array mostly have the same, so they share the list; in [2] the text, if it
 * lies there.
 */
#include <stdlib.h>

#include "doc.h"
#include "lua_doc.h"
#include "lua_jsonata_priv.h"

#define MOST_BORROWED 32768 /* bytes of a text */
#define DEBT_STEP ((size_t)16 << 20)

int wf_jsonata_lazy_gc(lua_State *L) {
    struct wf_lazy *lazy = lua_touserdata(L, 1);
    wf_doc_unref(lazy->doc);
    lazy->doc = NULL;
    return 0;
}

/* A decimal of at most 15 digits, without exponent or zeros that say nothing,
 * is what a double of it is written as. Its digits and the power of ten are
 * exact as doubles, so their quotient is the nearest one. */
static bool plain_number(struct wf_str text, double *number) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,
                                    1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15};
    bool negative = text.data[0] == '-';
    const char *at = text.data + negative, *end = text.data + text.len;
    const char *point = NULL;
    int64_t digits = 0;

    if (end - at > 16 || (negative && *at == '0'))
        return false;
    for (; at < end; at++) {
        if (*at >= '0' && *at <= '9')
            digits = digits * 10 + (*at - '0');
        else if (*at == '.')
            point = at;
        else
            return false;
    }
    if (text.len - negative - (point != NULL) > 15)
        return false;
    *number = (double)(negative ? -digits : digits);
    if (!point)
        return true;
    if (end[-1] == '0' || memcmp(text.data, "0.00000", 7) == 0)
        return false;
    *number /= powers[end - point - 1];
    return true;
}

/* The general case: written again, it is the same. */
static bool is_same(struct wf_str text, double number) {
    struct wf_buf again = {0};
    wf_jsonata_number(&again, number);
    bool same = wf_str_eq(text, (struct wf_str){again.data, again.len});
    wf_buf_free(&again);
    return same;
}

static void push_number(lua_State *L, struct wf_value value) {
    struct wf_str text = wf_value_text(value);
    double number;

    if (plain_number(text, &number)) {
        lua_pushnumber(L, number);
        return;
    }
    number = wf_value_number(value);
    if (is_same(text, number)) {
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

void wf_stub_make(lua_State *L, const struct wf_node *node, uint32_t at,
                  int lazy) {
    lua_Number number = (lua_Number)at + 1;
    lua_pushnumber(L, node->type == WF_JSON_ARRAY ? -number : number);
    lua_rawseti(L, -2, STUB_NODE);
    lua_pushvalue(L, lazy);
    lua_rawseti(L, -2, STUB_LAZY);
    lua_pushvalue(L, UP_STUB);
    lua_setmetatable(L, -2);
}

uint32_t wf_stub_node(lua_State *L, int index) {
    lua_rawgeti(L, index, STUB_NODE);
    lua_Number number = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return (uint32_t)((number < 0 ? -number : number) - 1);
}

struct wf_lazy *wf_stub_lazy(lua_State *L, int index) {
    struct wf_error err;

    lua_rawgeti(L, index, STUB_LAZY);
    struct wf_lazy *lazy = lua_touserdata(L, -1);
    if (lazy && lazy->is_borrowed && !lazy->own->nodes &&
        wf_jsonata_index(L, lazy->own, wf_doc_text(lazy->own), &err) != 0)
        luaL_error(L, "a document has changed: %s", err.message);
    return lazy;
}

void wf_stub_clear(lua_State *L, int stub) {
    lua_pushnil(L);
    lua_setmetatable(L, stub);
    for (int slot = 1; slot <= STUB_SLOTS; slot++) {
        lua_pushnil(L);
        lua_rawseti(L, stub, slot);
    }
}

/* Pushes a stub, or an empty container. `lazy`: absolute index of the
 * document's userdata; `whole`: all of it is
 * likely to be looked at. [-0, +1] */
static void push_container(lua_State *L, const struct wf_node *node,
                           uint32_t at, int lazy, bool whole) {
    bool object = node->type == WF_JSON_OBJECT;
    int count = node->count > STUB_MOST_RESERVED ? STUB_MOST_RESERVED
                                                 : (int)node->count;

    lua_createtable(L, object || count < STUB_SLOTS ? STUB_SLOTS : count,
                    object && whole ? count : 0);
    if (count == 0) {
        if (object)
            lua_pushvalue(L, UP_NO_KEYS);
        else
            lua_pushinteger(L, 0);
        lua_rawseti(L, -2, 0);
        return;
    }
    wf_stub_make(L, node, at, lazy);
}

void wf_stub_push_value(lua_State *L, struct wf_doc *doc, uint32_t at,
                        int lazy) {
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
        push_container(L, node, at, lazy, false);
        break;
    }
}

/* stack: stub; [-0, +0] */
static void fill_array(lua_State *L, struct wf_doc *doc, uint32_t at,
                       int stub, int lazy) {
    const struct wf_node *nodes = wf_doc_nodes(doc);
    uint32_t count = nodes[at].count;

    uint32_t child = at + 1;
    for (uint32_t i = 1; i <= count; i++, child = nodes[child].next) {
        if (nodes[child].type == WF_JSON_OBJECT)
            push_container(L, &nodes[child], child, lazy, true);
        else
            wf_stub_push_value(L, doc, child, lazy);
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

static bool is_container(const struct wf_node *node) {
    return node->type >= WF_JSON_ARRAY && node->count > 0;
}

/* Whether the stub has a member of the name at the top. [-0, +0] */
static bool is_there(lua_State *L, int stub) {
    lua_pushvalue(L, -1);
    lua_rawget(L, stub);
    bool there = !lua_isnil(L, -1);
    lua_pop(L, 1);
    return there;
}

/* Members whose keys are known. stack: keys on top; [-0, +0] */
static void fill_known(lua_State *L, struct wf_doc *doc, uint32_t at,
                       int stub, int lazy) {
    const struct wf_node *nodes = wf_doc_nodes(doc);
    int keys = lua_gettop(L);
    uint32_t count = nodes[at].count, child = at + 1;

    for (uint32_t i = 1; i <= count; i++) {
        lua_rawgeti(L, keys, (int)i);
        if (!is_container(&nodes[child + 1]) || !is_there(L, stub)) {
            wf_stub_push_value(L, doc, child + 1, lazy);
            lua_rawset(L, stub);
        } else {
            lua_pop(L, 1);
        }
        child = nodes[child + 1].next;
    }
}

/* Adds the name at the top to `keys`, unless it is there. Returns how many
 * that are. [-0, +0] */
static int add_key(lua_State *L, int keys, int seen, int found) {
    if (is_there(L, seen)) /* a duplicate: the last one wins */
        return found;
    lua_pushvalue(L, -1);
    lua_pushboolean(L, true);
    lua_rawset(L, seen);
    lua_pushvalue(L, -1);
    lua_rawseti(L, keys, ++found);
    return found;
}

/* Members of an object; pushes its keys. [-0, +1] */
static void fill_new(lua_State *L, struct wf_doc *doc, uint32_t at, int stub,
                     int lazy) {
    const struct wf_node *nodes = wf_doc_nodes(doc);
    uint32_t count = nodes[at].count, child = at + 1;
    int room = count > STUB_MOST_RESERVED ? STUB_MOST_RESERVED : (int)count;
    int found = 0;

    lua_createtable(L, room, 0);
    lua_createtable(L, 0, room);
    int keys = lua_gettop(L) - 1, seen = keys + 1;
    for (uint32_t i = 0; i < count; i++) {
        push_string(L, doc, child);
        found = add_key(L, keys, seen, found);
        wf_stub_push_value(L, doc, child + 1, lazy);
        lua_rawset(L, stub);
        child = nodes[child + 1].next;
    }
    lua_pop(L, 1);
    lua_pushinteger(L, found);
    lua_rawseti(L, keys, 0);
}

/* Remembers the keys at the top for the next object. [-0, +0] */
static void keep_keys(lua_State *L, struct wf_lazy *lazy, uint32_t at,
                      int index) {
    lua_rawgeti(L, -1, 0);
    lazy->has_shape = lua_tonumber(L, -1) == wf_doc_nodes(lazy->doc)[at].count;
    lazy->shape = at;
    lua_pop(L, 1);
    if (!lazy->has_env) {
        lua_createtable(L, 1, 0);
        lua_setfenv(L, index);
        lazy->has_env = true;
    }
    lua_getfenv(L, index);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, 1);
    lua_pop(L, 1);
}

static void fill_object(lua_State *L, uint32_t at, int stub, int index) {
    struct wf_lazy *lazy = lua_touserdata(L, index);

    if (lazy->has_shape && same_keys(lazy->doc, lazy->shape, at)) {
        lua_getfenv(L, index);
        lua_rawgeti(L, -1, 1);
        fill_known(L, lazy->doc, at, stub, index);
    } else {
        fill_new(L, lazy->doc, at, stub, index);
        keep_keys(L, lazy, at, index);
    }
    lua_rawseti(L, stub, 0); /* takes the keys */
}

/* __index of a stub: fills it, then answers. */
int wf_jsonata_fill(lua_State *L) {
    lua_settop(L, 2);
    uint32_t at = wf_stub_node(L, 1);
    lua_pushnil(L);
    struct wf_lazy *lazy = wf_stub_lazy(L, 1); /* stack: stub, key, nil, lazy */
    wf_stub_clear(L, 1);
    if (wf_doc_nodes(lazy->doc)[at].type == WF_JSON_ARRAY)
        fill_array(L, lazy->doc, at, 1, 4);
    else
        fill_object(L, at, 1, 4);
    lua_pushvalue(L, 2);
    lua_rawget(L, 1);
    return 1;
}

int wf_stub_peek(lua_State *L) {
    lua_rawgeti(L, 1, STUB_PEEKS);
    int peeks = (int)lua_tonumber(L, -1) + 1;
    lua_pop(L, 1);
    lua_pushinteger(L, peeks);
    lua_rawseti(L, 1, STUB_PEEKS);
    return peeks;
}

/* Counts a peek. stack: stub, name, nil, lazy, true. If it has been too many,
 * fills the stub, pushes the member and returns true. [-0, +1] or [-0, +0] */
static bool has_enough_peeks(lua_State *L) {
    if (wf_stub_peek(L) <= STUB_MOST_PEEKS)
        return false;
    lua_pushinteger(L, 0);
    lua_gettable(L, 1); /* fills it */
    lua_pop(L, 1);
    lua_pushvalue(L, 2);
    lua_rawget(L, 1);
    return true;
}

/* peek(stub, name) -> true and the member of that name, which may be nil;
 * false if the stub is no object. Containers are kept in the stub. */
int wf_jsonata_peek(lua_State *L) {
    struct wf_str name;

    name.data = lua_tolstring(L, 2, &name.len);
    lua_settop(L, 2);
    lua_pushboolean(L, true);
    lua_pushvalue(L, 2);
    lua_rawget(L, 1); /* stack: stub, name, true, member */
    if (!lua_isnil(L, -1))
        return 2;
    lua_settop(L, 2);
    lua_pushnil(L);
    const struct wf_lazy *lazy = wf_stub_lazy(L, 1); /* stub, name, nil, lazy */
    if (!lazy || !name.data)
        return luaL_error(L, "not a stub and a name");
    struct wf_value value = {lazy->doc, wf_stub_node(L, 1)};
    lua_pushboolean(L, wf_value_type(value) == WF_JSON_OBJECT);
    if (!lua_toboolean(L, -1))
        return 1;
    if (has_enough_peeks(L))
        return 2;
    if (!wf_value_member(value, name, &value))
        return 1;
    wf_stub_push_value(L, lazy->doc, value.node, 4);
    if (is_container(&wf_doc_nodes(lazy->doc)[value.node])) {
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -2);
        lua_rawset(L, 1);
    }
    return 2;
}

/* Pushes the value that a document has at a node; takes the document. */
static void push_root(lua_State *L, struct wf_doc *doc, uint32_t node) {
    struct wf_lazy *lazy = lua_newuserdata(L, sizeof(*lazy));
    *lazy = (struct wf_lazy){.doc = doc};
    lua_pushvalue(L, UP_LAZY);
    lua_setmetatable(L, -2);
    wf_stub_push_value(L, doc, node, lua_gettop(L));
}

/* decode(value) -> a value of wf.doc as JSONata's */
int wf_jsonata_decode(lua_State *L) {
    struct wf_value value;

    if (!wf_lua_to_value(L, 1, &value))
        return luaL_typerror(L, 1, "wf.doc value");
    push_root(L, wf_doc_ref(value.doc), value.node);
    return 1;
}

/* The collector does not see documents: it is told of each few megabytes. */
static void account(lua_State *L, size_t bytes) {
    size_t *debt = wf_jsonata_debt(L);

    *debt += bytes;
    if (*debt >= DEBT_STEP) {
        lua_gc(L, LUA_GCSTEP, (int)(*debt >> 10 > 65536 ? 65536
                                                        : *debt >> 10));
        *debt = 0;
    }
}

/* Pushes what is wrong with a text. [-0, +2] */
static int push_problem(lua_State *L, const struct wf_error *err) {
    lua_pushnil(L);
    lua_pushstring(L, err->message);
    return 2;
}

/* The value of a text, which is at index 1, where it lies. */
static int parse_borrowed(lua_State *L, struct wf_str text) {
    struct wf_error err;
    struct wf_lazy *lazy =
        lua_newuserdata(L, sizeof(*lazy) + sizeof(lazy->own[0]));

    memset(lazy, 0, sizeof(*lazy) + sizeof(lazy->own[0]));
    lazy->doc = lazy->own;
    lazy->has_env = lazy->is_borrowed = true;
    if (wf_jsonata_index(L, lazy->own, text, &err) != 0)
        return push_problem(L, &err);
    lua_createtable(L, 2, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 2); /* the text stays as long as the userdata */
    lua_setfenv(L, -2);
    wf_stub_push_value(L, lazy->doc, 0, lua_gettop(L));
    return 1;
}

/* parse(text) -> the value of JSON text; or nil and what is wrong */
int wf_jsonata_parse(lua_State *L) {
    struct wf_str text;
    struct wf_error err;

    text.data = luaL_checklstring(L, 1, &text.len);
    if (text.len <= MOST_BORROWED)
        return parse_borrowed(L, text);
    struct wf_doc *doc = wf_doc_parse(text, NULL, &err);
    if (!doc)
        return push_problem(L, &err);
    push_root(L, doc, 0);
    account(L, text.len + doc->node_count * sizeof(struct wf_node));
    return 1;
}

bool wf_stub_text(lua_State *L, int index, struct wf_str *text) {
    if (!lua_getmetatable(L, index))
        return false;
    bool same = lua_rawequal(L, -1, UP_STUB);
    lua_pop(L, 1);
    if (!same)
        return false;
    const struct wf_lazy *lazy = wf_stub_lazy(L, index);
    lua_pop(L, 1);
    struct wf_value value = {lazy->doc, wf_stub_node(L, index)};
    *text = wf_value_text(value);
    return true;
}
