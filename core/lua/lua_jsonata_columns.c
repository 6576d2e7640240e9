/*
 * lua_jsonata_columns.c - the module "wf.jsonata": what a document's value has
 * that is not filled: a value further in, one element of an array, or members
 * of all its elements.
 *
 * Most expressions look at a few members of each element. As columns these
 * cost a table for each name instead of one for each element.
 */
#include "doc.h"
#include "lua_jsonata_priv.h"

#define MAX_NAMES 6 /* as lua/jsonata/hints.lua has */

/* Adds the member of the name at index 2 of an element to the array at index
 * 3, of which `found` are there. False: it is an array, or needs more. */
static bool add_member(lua_State *L, struct wf_doc *doc, uint32_t at,
                       struct wf_str name, int *found) {
    struct wf_value value = {doc, at};
    const struct wf_node *nodes = wf_doc_nodes(doc);

    if (nodes[at].type == WF_JSON_ARRAY)
        return false;
    if (nodes[at].type != WF_JSON_OBJECT ||
        !wf_value_member(value, name, &value))
        return true;
    if (nodes[value.node].type == WF_JSON_ARRAY)
        return false;
    wf_stub_push_value(L, doc, value.node, 4);
    lua_rawseti(L, 3, ++*found);
    return true;
}

/* column(stub, name) -> the members of that name of an array's elements; nil
 * if they are not so simple, or the stub should be filled */
int wf_jsonata_column(lua_State *L) {
    struct wf_str name;
    int found = 0;

    name.data = luaL_checklstring(L, 2, &name.len);
    lua_settop(L, 2);
    lua_pushnil(L);
    const struct wf_lazy *lazy = wf_stub_lazy(L, 1); /* at index 4 */
    uint32_t at = wf_stub_node(L, 1);
    if (!lazy || wf_stub_peek(L) > STUB_MOST_PEEKS)
        return 0;
    const struct wf_node *nodes = wf_doc_nodes(lazy->doc);
    uint32_t count = nodes[at].count;
    if (nodes[at].type != WF_JSON_ARRAY || count > STUB_MOST_RESERVED)
        return 0;
    lua_createtable(L, (int)count, 0);
    lua_replace(L, 3);
    for (at++; count > 0; count--, at = nodes[at].next)
        if (!add_member(L, lazy->doc, at, name, &found))
            return 0;
    lua_pushinteger(L, found);
    lua_rawseti(L, 3, 0);
    lua_settop(L, 3);
    return 1;
}

/* item(stub, index) -> the elements of an array, and the one of that 1-based
 * index, if there is one; nil if the stub is no array, or should be filled */
int wf_jsonata_item(lua_State *L) {
    lua_Number index = luaL_checknumber(L, 2);
    struct wf_value value;

    lua_settop(L, 2);
    lua_pushnil(L);
    const struct wf_lazy *lazy = wf_stub_lazy(L, 1); /* at index 4 */
    if (!lazy || wf_stub_peek(L) > STUB_MOST_PEEKS)
        return 0;
    value = (struct wf_value){lazy->doc, wf_stub_node(L, 1)};
    const struct wf_node *node = &wf_doc_nodes(lazy->doc)[value.node];
    if (node->type != WF_JSON_ARRAY)
        return 0;
    lua_pushnumber(L, node->count);
    if (index < 0)
        index += node->count + 1.0;
    if (!(index >= 1 && index <= node->count))
        return 1;
    wf_value_element(value, (int64_t)index - 1, &value);
    wf_stub_push_value(L, lazy->doc, value.node, 4);
    return 2;
}

/* A move of walk(), which is at the top: a name or a 0-based index. False: it
 * has to be made with all values of an array. `value->doc` becomes NULL if
 * there is nothing. [-0, +0] */
static bool move(lua_State *L, struct wf_value *value) {
    bool is_array = wf_value_type(*value) == WF_JSON_ARRAY, found;

    if (lua_type(L, -1) == LUA_TNUMBER) {
        int64_t index = (int64_t)lua_tonumber(L, -1);
        found = is_array ? wf_value_element(*value, index, value)
                         : index == 0 || index == -1;
    } else {
        struct wf_str name;
        name.data = luaL_checklstring(L, -1, &name.len);
        if (is_array)
            return false;
        found = wf_value_type(*value) == WF_JSON_OBJECT &&
                wf_value_member(*value, name, value);
    }
    if (!found)
        value->doc = NULL;
    return true;
}

/* walk(stub, moves) -> true and the value that a list of names and 0-based
 * indices leads to (nil if there is none); false if it has to be found
 * otherwise */
int wf_jsonata_walk(lua_State *L) {
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_pushboolean(L, false);
    struct wf_lazy *lazy = wf_stub_lazy(L, 1); /* at index 4 */
    if (!lazy || wf_stub_peek(L) > STUB_MOST_PEEKS)
        return lua_settop(L, 3), 1;
    struct wf_value value = {lazy->doc, wf_stub_node(L, 1)};
    for (int i = 1;; i++) {
        lua_rawgeti(L, 2, i);
        if (lua_isnil(L, -1))
            break;
        if (!move(L, &value))
            return lua_settop(L, 3), 1;
        lua_pop(L, 1);
        if (!value.doc)
            break;
    }
    lua_pushboolean(L, true);
    if (!value.doc)
        return 1;
    wf_stub_push_value(L, value.doc, value.node, 4);
    return 2;
}

/* Names that members are fetched of; the strings are on the stack. */
struct names {
    struct wf_str text[MAX_NAMES];
    int count;
    int first; /* where they begin */
};

/* Pushes a stub of an object with some of its members. [-0, +1] */
static void push_partial(lua_State *L, struct wf_doc *doc, uint32_t at,
                         const struct names *names) {
    lua_createtable(L, STUB_SLOTS, names->count);
    wf_stub_make(L, &wf_doc_nodes(doc)[at], at, 4);
    for (int i = 0; i < names->count; i++) {
        struct wf_value value = {doc, at};
        if (!wf_value_member(value, names->text[i], &value))
            continue;
        lua_pushvalue(L, names->first + i);
        wf_stub_push_value(L, doc, value.node, 4);
        lua_rawset(L, -3);
    }
}

/* Pushes the names of a list. */
static void push_names(lua_State *L, int list, struct names *names) {
    names->first = lua_gettop(L) + 1;
    names->count = (int)lua_objlen(L, list);
    if (names->count > MAX_NAMES)
        names->count = MAX_NAMES;
    for (int i = 0; i < names->count; i++) {
        lua_rawgeti(L, list, i + 1);
        names->text[i].data = luaL_checklstring(L, -1, &names->text[i].len);
    }
}

/* The member of each name that an object has: its node, or 0. Of one that
 * occurs more than once, the last. */
static void find_members(struct wf_doc *doc, uint32_t object,
                         const struct names *names, uint32_t *members) {
    const struct wf_node *nodes = wf_doc_nodes(doc);
    uint32_t name = object + 1;

    memset(members, 0, sizeof(*members) * MAX_NAMES);
    for (uint32_t left = nodes[object].count; left > 0; left--) {
        struct wf_str raw = {doc->text + nodes[name].start + 1,
                             nodes[name].end - nodes[name].start - 2};
        for (int i = 0; i < names->count; i++)
            if (nodes[name].count ? wf_string_is(raw, names->text[i])
                                  : wf_str_eq(raw, names->text[i]))
                members[i] = name + 1;
        name = nodes[name + 1].next;
    }
}

/* What wf_jsonata_columns() makes. */
struct columns {
    struct names names;
    int flat;  /* the number of the name whose members are no arrays, or 0 */
    int nodes; /* index of the column of the elements themselves, or 0 */
    int first; /* index of the names' columns */
};

/* Adds an element, the `row`th. False: it is not so simple. */
static bool add_row(lua_State *L, struct wf_doc *doc, uint32_t at, int row,
                    const struct columns *to) {
    const struct wf_node *nodes = wf_doc_nodes(doc);
    uint32_t members[MAX_NAMES];

    if (nodes[at].type != WF_JSON_OBJECT || nodes[at].count == 0)
        return false;
    find_members(doc, at, &to->names, members);
    if (to->flat && members[to->flat - 1] &&
        nodes[members[to->flat - 1]].type == WF_JSON_ARRAY)
        return false;
    if (to->nodes) {
        lua_pushnumber(L, (lua_Number)at + 1);
        lua_rawseti(L, to->nodes, row);
    }
    for (int i = 0; i < to->names.count; i++) {
        if (members[i]) {
            wf_stub_push_value(L, doc, members[i], 5);
            lua_rawseti(L, to->first + i, row);
        }
    }
    return true;
}

/* Pushes the tables that wf_jsonata_columns() returns. */
static void push_columns(lua_State *L, int count, struct columns *to) {
    if (to->nodes) {
        lua_createtable(L, count, 0);
        to->nodes = lua_gettop(L);
    } else {
        lua_pushboolean(L, false);
    }
    to->first = lua_gettop(L) + 1;
    for (int i = 0; i < to->names.count; i++)
        lua_createtable(L, count, 0);
}

/* columns(stub, names, flat, nodes) -> of an array whose elements are objects:
 * how many, its document, the elements' nodes (if asked for) and for each name
 * the members (nil where there is none). Nothing if they are not so simple
 * (the member of the name of number `flat` is no array), or the stub should
 * be filled. */
int wf_jsonata_columns(lua_State *L) {
    struct columns to;

    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checkstack(L, 4 * MAX_NAMES, "columns");
    to.flat = luaL_checkint(L, 3);
    luaL_argcheck(L, to.flat >= 0 && to.flat <= MAX_NAMES, 3, "no name");
    to.nodes = lua_toboolean(L, 4);
    lua_settop(L, 4);
    const struct wf_lazy *lazy = wf_stub_lazy(L, 1);
    if (!lazy || wf_stub_peek(L) > STUB_MOST_PEEKS)
        return 0;
    uint32_t at = wf_stub_node(L, 1);
    const struct wf_node *nodes = wf_doc_nodes(lazy->doc);
    int count = (int)nodes[at].count;
    if (nodes[at].type != WF_JSON_ARRAY || count > STUB_MOST_RESERVED)
        return 0;
    push_names(L, 2, &to.names);
    int results = lua_gettop(L) + 1;
    lua_pushinteger(L, count);
    lua_pushvalue(L, 5);
    push_columns(L, count, &to);
    at++;
    for (int row = 1; row <= count; row++, at = nodes[at].next)
        if (!add_row(L, lazy->doc, at, row, &to))
            return 0;
    return lua_gettop(L) - results + 1;
}

/* prefetch(stub, names): fills an array whose elements are objects, these with
 * the members that are going to be looked at */
int wf_jsonata_prefetch(lua_State *L) {
    struct names names;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_pushnil(L);
    const struct wf_lazy *lazy = wf_stub_lazy(L, 1); /* at index 4 */
    uint32_t at = wf_stub_node(L, 1);
    if (!lazy)
        return 0;
    const struct wf_node *nodes = wf_doc_nodes(lazy->doc);
    uint32_t count = nodes[at].count;
    if (nodes[at].type != WF_JSON_ARRAY)
        return 0;
    push_names(L, 2, &names);
    wf_stub_clear(L, 1);
    at++;
    for (uint32_t i = 1; i <= count; i++, at = nodes[at].next) {
        if (nodes[at].type == WF_JSON_OBJECT && nodes[at].count > 0)
            push_partial(L, lazy->doc, at, &names);
        else
            wf_stub_push_value(L, lazy->doc, at, 4);
        lua_rawseti(L, 1, (int)i);
    }
    lua_pushinteger(L, (lua_Integer)count);
    lua_rawseti(L, 1, 0);
    return 0;
}
