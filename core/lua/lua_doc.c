/* lua_doc.c - the module "wf.doc": values and paths. See lua_doc.h. */
#include "lua_doc_value.h"

/* Registry key (its address) of the values' metatable. In that table, [1]
 * is the module's struct wf_lua_docs. */
static const char value_key;

/* The collector is told of a quarter of the bytes documents take: enough to
 * keep dead ones from piling up, without marking all of Lua's heap anew for
 * each megabyte that passes through. */
#define DEBT_STEP ((size_t)256 << 10)
#define DEBT_SHARE 4
#define SCRATCH_KEPT ((size_t)1 << 20)

static size_t bytes_of(const struct wf_doc *doc) {
    return sizeof(*doc) + doc->len + doc->node_count * sizeof(struct wf_node);
}

static void account(lua_State *L, struct wf_lua_docs *docs,
                    const struct wf_doc *doc) {
    docs->debt += bytes_of(doc);
    if (docs->debt < DEBT_STEP)
        return;
    size_t told = docs->debt / DEBT_SHARE >> 10;
    docs->debt = 0;
    lua_gc(L, LUA_GCSTEP, told > 65536 ? 65536 : (int)told);
}

struct wf_value *wf_lua_new_value(lua_State *L) {
    struct wf_lua_docs *docs = lua_touserdata(L, UP_STATE);
    struct wf_lua_value *value;

    if (docs->has_spare) {
        docs->has_spare = false;
        lua_rawgeti(L, UP_VALUE, SPARE_INDEX);
        value = lua_touserdata(L, -1);
    } else {
        value = lua_newuserdata(L, sizeof(*value));
        value->value.doc = NULL;
        lua_pushvalue(L, UP_VALUE);
        lua_setmetatable(L, -2);
    }
    *value = (struct wf_lua_value){{NULL, 0}, docs->call};
    return &value->value;
}

void wf_lua_own_doc(lua_State *L, struct wf_value *value,
                    struct wf_doc *doc) {
    value->doc = doc;
    account(L, lua_touserdata(L, UP_STATE), doc);
}

void wf_lua_set_doc(lua_State *L, struct wf_value *value,
                    struct wf_doc *doc) {
    wf_lua_own_doc(L, value, doc);
    wf_lua_spend_bytes(L, wf_lua_own_budget(L), doc->len);
}

struct wf_value *wf_lua_push_closed(lua_State *L) {
    struct wf_lua_value *value = lua_newuserdata(L, sizeof(*value));
    *value = (struct wf_lua_value){.call = 0};
    lua_pushlightuserdata(L, (void *)&value_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_setmetatable(L, -2);
    return &value->value;
}

void wf_lua_open_value(struct wf_value *closed, struct wf_doc *doc) {
    *closed = (struct wf_value){wf_doc_ref(doc), 0};
}

void wf_lua_close_value(struct wf_value *value) {
    struct wf_doc *doc = value->doc;
    value->doc = NULL;
    wf_doc_unref(doc);
}

void wf_lua_push_value(lua_State *L, struct wf_value from) {
    struct wf_value *value = wf_lua_push_closed(L);
    *value = (struct wf_value){wf_doc_ref(from.doc), from.node};
    lua_getmetatable(L, -1);
    lua_rawgeti(L, -1, STATE_INDEX);
    struct wf_lua_docs *docs = lua_touserdata(L, -1);
    lua_pop(L, 2);
    account(L, docs, from.doc);
}

bool wf_lua_to_value(lua_State *L, int index, struct wf_value *out) {
    const struct wf_value *value = lua_touserdata(L, index);

    if (!value || !lua_getmetatable(L, index))
        return false;
    lua_pushlightuserdata(L, (void *)&value_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (!same || !value->doc)
        return false;
    *out = *value;
    return true;
}

struct wf_lua_docs *wf_lua_docs_of(lua_State *L) {
    lua_pushlightuserdata(L, (void *)&value_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_rawgeti(L, -1, STATE_INDEX);
    struct wf_lua_docs *docs = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return docs;
}

struct wf_lua_budget *wf_lua_doc_budget(lua_State *L) {
    return &wf_lua_docs_of(L)->budget;
}

void wf_lua_docs_begin(struct wf_lua_docs *docs) {
    docs->calls = docs->calls == UINT32_MAX ? 1 : docs->calls + 1;
    docs->call = docs->calls;
}

void wf_lua_docs_end(struct wf_lua_docs *docs) {
    docs->call = 0;
}

void wf_lua_docs_recycle(lua_State *L, struct wf_lua_docs *docs, int index) {
    struct wf_lua_value *value = lua_touserdata(L, index);
    struct wf_value found;

    if (!wf_lua_to_value(L, index, &found) || value->call == 0 ||
        value->call != docs->call)
        return;
    size_t bytes = bytes_of(found.doc);
    docs->debt -= docs->debt < bytes ? docs->debt : bytes;
    value->call = 0;
    wf_lua_close_value(&value->value);
    lua_getmetatable(L, index);
    lua_pushvalue(L, index);
    lua_rawseti(L, -2, SPARE_INDEX);
    lua_pop(L, 1);
    docs->has_spare = true;
}

bool wf_lua_is(lua_State *L, int index, int metatable) {
    if (!lua_touserdata(L, index) || !lua_getmetatable(L, index))
        return false;
    bool same = lua_rawequal(L, -1, metatable);
    lua_pop(L, 1);
    return same;
}

struct wf_value wf_lua_check_value(lua_State *L, int index) {
    const struct wf_value *value = lua_touserdata(L, index);
    if (!wf_lua_is(L, index, UP_VALUE) || !value->doc) {
        luaL_typerror(L, index, "wf.doc value");
        __builtin_unreachable(); /* it raises: the analyser cannot know */
    }
    wf_lua_spend(L, 1);
    if (value->doc->node_count == 0) /* it is indexed now */
        wf_lua_spend(L, value->doc->len / WF_STEP_SCAN);
    return *value;
}

const struct wf_path *wf_lua_check_path(lua_State *L, int index) {
    struct wf_path **path = lua_touserdata(L, index);
    if (!wf_lua_is(L, index, UP_PATH) || !*path)
        luaL_typerror(L, index, "wf.path");
    return *path;
}

struct wf_buf *wf_lua_scratch(lua_State *L) {
    struct wf_lua_docs *docs = lua_touserdata(L, UP_STATE);
    if (docs->scratch.cap > SCRATCH_KEPT)
        wf_buf_free(&docs->scratch);
    docs->scratch.len = 0;
    return &docs->scratch;
}

void wf_lua_push_characters(lua_State *L, struct wf_value string) {
    const struct wf_node *node = &wf_doc_nodes(string.doc)[string.node];
    struct wf_str raw = {string.doc->text + node->start + 1,
                         node->end - node->start - 2};
    wf_lua_spend(L, raw.len / WF_STEP_BYTES);
    if (node->count == 0) {
        lua_pushlstring(L, raw.data, raw.len);
        return;
    }
    struct wf_buf *scratch = wf_lua_scratch(L);
    wf_value_string(string, scratch);
    lua_pushlstring(L, scratch->data, scratch->len);
}

/* Pushes another value of the same document. */
static int push_sibling(lua_State *L, struct wf_value from) {
    struct wf_value *value = wf_lua_new_value(L);
    *value = (struct wf_value){wf_doc_ref(from.doc), from.node};
    return 1;
}

/* doc.* */

static int doc_parse(lua_State *L) {
    struct wf_str text;
    struct wf_error err;

    text.data = luaL_checklstring(L, 1, &text.len);
    wf_lua_spend(L, 1 + text.len / WF_STEP_SCAN);
    struct wf_value *value = wf_lua_new_value(L);
    struct wf_doc *doc = wf_doc_parse(text, NULL, &err);
    if (!doc) {
        lua_pushnil(L);
        lua_pushstring(L, err.message);
        return 2;
    }
    wf_lua_set_doc(L, value, doc);
    return 1;
}

static int doc_trusted(lua_State *L) {
    struct wf_str text;

    text.data = luaL_checklstring(L, 1, &text.len);
    struct wf_value *value = wf_lua_new_value(L);
    wf_lua_set_doc(L, value, wf_doc_trusted(text));
    return 1;
}

static int doc_is_value(lua_State *L) {
    lua_pushboolean(L, wf_lua_is(L, 1, UP_VALUE));
    return 1;
}

static int doc_path(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    struct wf_path **path = lua_newuserdata(L, sizeof(*path));
    *path = NULL;
    lua_pushvalue(L, UP_PATH);
    lua_setmetatable(L, -2);
    *path = wf_path_new();
    int length = (int)lua_objlen(L, 1);
    for (int i = 1; i <= length; i++) {
        lua_rawgeti(L, 1, i);
        if (lua_type(L, -1) == LUA_TNUMBER) {
            wf_path_index(*path, (int64_t)lua_tonumber(L, -1));
        } else if (lua_type(L, -1) == LUA_TSTRING) {
            struct wf_str name;
            name.data = lua_tolstring(L, -1, &name.len);
            wf_path_name(*path, name);
        } else {
            return luaL_error(L, "step %d of a path is a %s, not a name or "
                              "an index", i, luaL_typename(L, -1));
        }
        lua_pop(L, 1);
    }
    return 1;
}

/* value:* */

static int value_type(lua_State *L) {
    static const char *const names[] = {"null",   "boolean", "boolean",
                                        "number", "string",  "array",
                                        "object"};
    lua_pushstring(L, names[wf_value_type(wf_lua_check_value(L, 1))]);
    return 1;
}

static int value_text(lua_State *L) {
    struct wf_str text = wf_value_text(wf_lua_check_value(L, 1));
    wf_lua_spend(L, text.len / WF_STEP_BYTES);
    lua_pushlstring(L, text.data, text.len);
    return 1;
}

static int value_string(lua_State *L) {
    struct wf_value value = wf_lua_check_value(L, 1);
    if (wf_value_type(value) == WF_JSON_STRING)
        wf_lua_push_characters(L, value);
    else
        lua_pushnil(L);
    return 1;
}

static int value_number(lua_State *L) {
    struct wf_value value = wf_lua_check_value(L, 1);
    if (wf_value_type(value) == WF_JSON_NUMBER)
        lua_pushnumber(L, wf_value_number(value));
    else
        lua_pushnil(L);
    return 1;
}

static int value_boolean(lua_State *L) {
    enum wf_json_type type = wf_value_type(wf_lua_check_value(L, 1));
    if (type == WF_JSON_TRUE || type == WF_JSON_FALSE)
        lua_pushboolean(L, type == WF_JSON_TRUE);
    else
        lua_pushnil(L);
    return 1;
}

static int value_len(lua_State *L) {
    struct wf_value value = wf_lua_check_value(L, 1);
    const struct wf_node *node = &wf_doc_nodes(value.doc)[value.node];
    if (node->type == WF_JSON_ARRAY || node->type == WF_JSON_OBJECT)
        lua_pushinteger(L, (lua_Integer)node->count);
    else
        lua_pushnil(L);
    return 1;
}

/* Elements or members, all of which a search may look at. */
static size_t node_count(struct wf_value value) {
    return wf_doc_nodes(value.doc)[value.node].count;
}

bool wf_lua_find(lua_State *L, const struct wf_path *path,
                 struct wf_value *value) {
    size_t visited = 0;
    bool found = wf_path_find_counting(path, *value, value, &visited);
    wf_lua_spend(L, visited / WF_STEP_NODES);
    return found;
}

static int value_get(lua_State *L) {
    struct wf_value value = wf_lua_check_value(L, 1);
    struct wf_str name;
    name.data = luaL_checklstring(L, 2, &name.len);
    wf_lua_spend(L, node_count(value) / WF_STEP_NODES);
    return wf_value_member(value, name, &value) ? push_sibling(L, value) : 0;
}

static int value_at(lua_State *L) {
    struct wf_value value = wf_lua_check_value(L, 1);
    int64_t index = (int64_t)luaL_checknumber(L, 2);
    wf_lua_spend(L, node_count(value) / WF_STEP_NODES);
    return wf_value_element(value, index, &value) ? push_sibling(L, value)
                                                  : 0;
}

static int value_find(lua_State *L) {
    struct wf_value value = wf_lua_check_value(L, 1);
    const struct wf_path *path = wf_lua_check_path(L, 2);
    return wf_lua_find(L, path, &value) ? push_sibling(L, value) : 0;
}

/* As find, but scalars come as Lua data: what comparisons run on, without a
 * userdata for each. */
static int value_scalar(lua_State *L) {
    struct wf_value value = wf_lua_check_value(L, 1);
    const struct wf_path *path = wf_lua_check_path(L, 2);
    if (!wf_lua_find(L, path, &value))
        return 0;
    enum wf_json_type type = wf_value_type(value);
    switch (type) {
    case WF_JSON_STRING:
        wf_lua_push_characters(L, value);
        return 1;
    case WF_JSON_NUMBER:
        lua_pushnumber(L, wf_value_number(value));
        return 1;
    case WF_JSON_TRUE:
    case WF_JSON_FALSE:
        lua_pushboolean(L, type == WF_JSON_TRUE);
        return 1;
    case WF_JSON_NULL:
        lua_rawgeti(L, UP_VALUE, NULL_INDEX);
        return 1;
    default:
        return push_sibling(L, value);
    }
}

static int value_put(lua_State *L) {
    struct wf_value root = wf_lua_check_value(L, 1);
    const struct wf_path *path = wf_lua_check_path(L, 2);
    struct wf_value put = wf_lua_check_value(L, 3);
    wf_lua_spend(L, wf_doc_nodes(root.doc)->next / WF_STEP_NODES);
    struct wf_value *value = wf_lua_new_value(L);
    struct wf_doc *doc = wf_path_put(path, root, put);
    if (!doc)
        return 0;
    wf_lua_set_doc(L, value, doc);
    return 1;
}

/* Members may have to be sorted. */
static size_t equal_cost(struct wf_value value) {
    bool is_scalar = wf_value_type(value) < WF_JSON_ARRAY;
    return wf_value_text(value).len / (is_scalar ? WF_STEP_BYTES : 4);
}

static int value_equals(lua_State *L) {
    struct wf_value value = wf_lua_check_value(L, 1);
    bool same = wf_lua_is(L, 2, UP_VALUE);
    if (same) {
        struct wf_value other = wf_lua_check_value(L, 2);
        wf_lua_spend(L, equal_cost(value) + equal_cost(other));
        same = wf_value_equal(value, other);
    }
    lua_pushboolean(L, same);
    return 1;
}

/* Iterators: upvalue 3 is the value, 4 the next node, 5 the next index. */
#define IT_VALUE lua_upvalueindex(3)
#define IT_NODE lua_upvalueindex(4)
#define IT_INDEX lua_upvalueindex(5)

static int next_item(lua_State *L) {
    struct wf_value from = *(struct wf_value *)lua_touserdata(L, IT_VALUE);
    const struct wf_node *nodes = wf_doc_nodes(from.doc);
    uint32_t at = (uint32_t)lua_tonumber(L, IT_NODE);
    bool object = nodes[from.node].type == WF_JSON_OBJECT;

    if (at >= nodes[from.node].next)
        return 0;
    wf_lua_spend(L, 1);
    if (object) {
        wf_lua_push_characters(L, (struct wf_value){from.doc, at});
        at++;
    } else {
        lua_pushvalue(L, IT_INDEX);
        lua_pushnumber(L, lua_tonumber(L, -1) + 1);
        lua_replace(L, IT_INDEX);
    }
    lua_pushnumber(L, nodes[at].next);
    lua_replace(L, IT_NODE);
    return 1 + push_sibling(L, (struct wf_value){from.doc, at});
}

static int iterate(lua_State *L, enum wf_json_type type) {
    struct wf_value value = wf_lua_check_value(L, 1);
    const char *want = type == WF_JSON_OBJECT ? "an object" : "an array";

    if (wf_value_type(value) != type)
        return luaL_argerror(L, 1, lua_pushfstring(L, "not %s", want));
    lua_pushvalue(L, UP_VALUE);
    lua_pushvalue(L, UP_STATE);
    lua_pushvalue(L, 1);
    lua_pushnumber(L, value.node + 1.0);
    lua_pushnumber(L, 0);
    lua_pushcclosure(L, next_item, 5);
    return 1;
}

static int value_members(lua_State *L) {
    return iterate(L, WF_JSON_OBJECT);
}

static int value_elements(lua_State *L) {
    return iterate(L, WF_JSON_ARRAY);
}

static int value_gc(lua_State *L) {
    wf_lua_close_value(lua_touserdata(L, 1));
    return 0;
}

static int path_gc(lua_State *L) {
    struct wf_path **path = lua_touserdata(L, 1);
    wf_path_free(*path);
    *path = NULL;
    return 0;
}

/* A search for plain text, linear whatever the texts are. */
static int doc_search(lua_State *L) {
    struct wf_str text, piece;
    text.data = luaL_checklstring(L, 1, &text.len);
    piece.data = luaL_checklstring(L, 2, &piece.len);
    lua_Number from = luaL_checknumber(L, 3);
    if (from < 1 || from > (lua_Number)text.len + 1)
        return 0;
    const char *at = text.data + (size_t)from - 1;
    wf_lua_spend(L, 1 + (text.len + piece.len) / WF_STEP_SCAN);
    const char *found = memmem(at, text.len - (size_t)(at - text.data),
                               piece.data, piece.len);
    if (!found)
        return 0;
    lua_pushnumber(L, (lua_Number)(found - text.data + 1));
    lua_pushnumber(L, (lua_Number)((size_t)(found - text.data) + piece.len));
    return 2;
}

static int docs_gc(lua_State *L) {
    struct wf_lua_docs *docs = lua_touserdata(L, 1);
    wf_buf_free(&docs->scratch);
    return 0;
}

/* The module */

static const luaL_Reg module[] = {
    {"array", wf_lua_doc_array},
    {"from", wf_lua_doc_from},
    {"hash", wf_lua_doc_hash},
    {"is_value", doc_is_value},
    {"object", wf_lua_doc_object},
    {"parse", doc_parse},
    {"path", doc_path},
    {"quote", wf_lua_doc_quote},
    {"regex", wf_lua_doc_regex},
    {"search", doc_search},
    {"spend", wf_lua_doc_spend},
    {"template", wf_lua_doc_template},
    {"trusted", doc_trusted},
    {NULL, NULL},
};

static const luaL_Reg value_methods[] = {
    {"at", value_at},
    {"boolean", value_boolean},
    {"decode", wf_lua_value_decode},
    {"elements", value_elements},
    {"equals", value_equals},
    {"find", value_find},
    {"get", value_get},
    {"len", value_len},
    {"members", value_members},
    {"number", value_number},
    {"put", value_put},
    {"scalar", value_scalar},
    {"string", value_string},
    {"text", value_text},
    {"type", value_type},
    {NULL, NULL},
};

static const luaL_Reg template_methods[] = {
    {"render", wf_lua_template_render},
    {NULL, NULL},
};

static const luaL_Reg regex_methods[] = {
    {"matches", wf_lua_regex_matches},
    {NULL, NULL},
};

static const luaL_Reg no_methods[] = {{NULL, NULL}};

/* Adds functions with the module's upvalues, found at `up`, to the table at
 * the top. [-0, +0] */
static void add_functions(lua_State *L, const luaL_Reg *list, int up) {
    for (; list->name; list++) {
        for (int i = 0; i < UPVALUES; i++)
            lua_pushvalue(L, up + i);
        lua_pushcclosure(L, list->func, UPVALUES);
        lua_setfield(L, -2, list->name);
    }
}

/* Fills a metatable: locked, with methods. [-0, +0] */
static void fill_metatable(lua_State *L, int metatable, const char *name,
                           const luaL_Reg *methods, int up) {
    lua_pushvalue(L, metatable);
    lua_newtable(L);
    add_functions(L, methods, up);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

static void set_gc(lua_State *L, int metatable, lua_CFunction gc) {
    lua_pushcfunction(L, gc);
    lua_setfield(L, metatable, "__gc");
}

/* Pushes the upvalues of all functions. [-0, +UPVALUES] */
static void push_upvalues(lua_State *L) {
    lua_newtable(L);
    struct wf_lua_docs *docs = lua_newuserdata(L, sizeof(*docs));
    *docs = (struct wf_lua_docs){
        .budget = {.steps = INT64_MAX, .bytes = SIZE_MAX}};
    lua_newtable(L);
    set_gc(L, lua_gettop(L), docs_gc);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, STATE_INDEX);
    lua_newtable(L);
    lua_newtable(L);
    lua_newtable(L);
}

/* Sets a constant of the module, whose table is at the top. [-0, +0] */
static void add_constant(lua_State *L, const char *name, const char *text,
                         int up) {
    struct wf_lua_value *value = lua_newuserdata(L, sizeof(*value));
    *value = (struct wf_lua_value){.call = 0};
    lua_pushvalue(L, up);
    lua_setmetatable(L, -2);
    value->value.doc = wf_doc_trusted(wf_str(text));
    wf_doc_nodes(value->value.doc);
    lua_setfield(L, -2, name);
}

int wf_lua_open_doc(lua_State *L) {
    int up = lua_gettop(L) + 1;

    push_upvalues(L);
    fill_metatable(L, up, "wf.doc", value_methods, up);
    fill_metatable(L, up + 2, "wf.path", no_methods, up);
    fill_metatable(L, up + 3, "wf.template", template_methods, up);
    fill_metatable(L, up + 4, "wf.regex", regex_methods, up);
    set_gc(L, up, value_gc);
    set_gc(L, up + 2, path_gc);
    set_gc(L, up + 4, wf_lua_regex_gc);
    lua_getfield(L, up, "__index");
    lua_getfield(L, -1, "text");
    lua_setfield(L, up, "__tostring");
    lua_pop(L, 1);
    lua_pushlightuserdata(L, (void *)&value_key);
    lua_pushvalue(L, up);
    lua_rawset(L, LUA_REGISTRYINDEX);

    lua_newtable(L);
    add_functions(L, module, up);
    add_constant(L, "null", "null", up);
    add_constant(L, "empty_object", "{}", up);
    add_constant(L, "empty_array", "[]", up);
    lua_getfield(L, -1, "null");
    lua_rawseti(L, up, NULL_INDEX);
    lua_replace(L, up);
    lua_settop(L, up);
    return 1;
}
