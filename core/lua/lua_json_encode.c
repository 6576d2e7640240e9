/* lua_json_encode.c - Lua data as JSON text. See lua_json.h. */
#include "lua_json_encode.h"

#include <lauxlib.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_BYTES ((size_t)64 << 20)
#define SLOTS 12 /* of the stack, that one level may need */

/* Places in words */

static bool is_identifier(struct wf_str name) {
    if (name.len == 0 || (name.data[0] >= '0' && name.data[0] <= '9'))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
              (c >= 'a' && c <= 'z') || c == '_'))
            return false;
    }
    return true;
}

/* Puts text before *at, if there is room for it. */
static bool prepend(char **at, const char *start, const char *text,
                    size_t len) {
    if ((size_t)(*at - start) < len + 4)
        return false;
    *at -= len;
    memcpy(*at, text, len);
    return true;
}

static bool prepend_step(char **at, const char *start,
                         const struct wf_json_place *place) {
    char number[16];

    if (!place->name.data) {
        int len = snprintf(number, sizeof(number), "[%d]", place->index);
        return prepend(at, start, number, (size_t)len);
    }
    if (is_identifier(place->name))
        return prepend(at, start, place->name.data, place->name.len) &&
               prepend(at, start, ".", 1);
    return prepend(at, start, "\"]", 2) &&
           prepend(at, start, place->name.data, place->name.len) &&
           prepend(at, start, "[\"", 2);
}

/* "output.hosts[3]"; a very long one loses its beginning. */
static const char *place_text(const struct wf_json_encoder *e,
                              const struct wf_json_place *place,
                              char *text, size_t size) {
    char *at = text + size - 1;
    const char *name = e->options.name ? e->options.name : "data";
    bool room = true;

    *at = '\0';
    for (; room && place->up; place = place->up)
        room = prepend_step(&at, text, place);
    if (!room || !prepend(&at, text, name, strlen(name))) {
        at -= 3;
        memcpy(at, "...", 3);
    }
    return at;
}

int wf_json_fail(struct wf_json_encoder *e, const struct wf_json_place *place,
                 const char *format, ...) {
    char where[512], what[256];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return wf_error_set(e->err, WF_E_INVALID, "%s: %s",
                        place_text(e, place, where, sizeof(where)), what);
}

struct wf_buf *wf_json_out(struct wf_json_encoder *e) {
    if (e->run_end > e->run)
        wf_buf_add(e->buf, e->source->text + e->run, e->run_end - e->run);
    e->run = e->run_end = 0;
    return e->buf;
}

static int compare_names(const void *left, const void *right) {
    const struct wf_str *a = left, *b = right;
    size_t len = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->data, b->data, len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

void wf_json_sort(struct wf_str *names, size_t count) {
    if (count > 16) {
        qsort(names, count, sizeof(*names), compare_names);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct wf_str name = names[i];
        size_t j = i;
        for (; j > 0 && compare_names(&names[j - 1], &name) > 0; j--)
            names[j] = names[j - 1];
        names[j] = name;
    }
}

size_t wf_json_count(lua_State *L, int table, bool *names, bool *sequence) {
    size_t count = 0;
    double most = 0;

    *names = *sequence = true;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        int type = lua_type(L, -2);
        count++;
        if (type != LUA_TNUMBER) {
            *sequence = false;
            *names &= type == LUA_TSTRING;
            continue;
        }
        double key = lua_tonumber(L, -2);
        *names = false;
        if (key < 1 || key != floor(key))
            *sequence = false;
        if (key > most)
            most = key;
    }
    if (most != (double)count)
        *sequence = false;
    return count;
}

static int write_string(struct wf_json_encoder *e, int index,
                        const struct wf_json_place *place) {
    struct wf_str text;

    text.data = lua_tolstring(e->L, index, &text.len);
    if (!wf_utf8_valid(text))
        return wf_json_fail(e, place, "the string is not valid UTF-8 (encode "
                            "bytes, as base64 for instance)");
    wf_buf_json(wf_json_out(e), text);
    return 0;
}

static int write_number(struct wf_json_encoder *e, int index,
                        const struct wf_json_place *place) {
    double number = lua_tonumber(e->L, index);

    if (!isfinite(number))
        return wf_json_fail(e, place, "JSON has no %s",
                            isnan(number) ? "NaN" : "infinite numbers");
    wf_buf_number(wf_json_out(e), number);
    return 0;
}

static int write_array(struct wf_json_encoder *e, int index, size_t count,
                       const struct wf_json_place *up) {
    struct wf_json_place place = {.up = up, .depth = up->depth + 1};

    wf_buf_u8(wf_json_out(e), '[');
    for (size_t i = 1; i <= count; i++) {
        if (i > 1)
            wf_buf_u8(wf_json_out(e), ',');
        place.index = (int)i;
        lua_rawgeti(e->L, index, (int)i);
        int rc = wf_json_value(e, lua_gettop(e->L), &place);
        lua_pop(e->L, 1);
        if (rc != 0)
            return -1;
    }
    wf_buf_u8(wf_json_out(e), ']');
    return 0;
}

int wf_json_member(struct wf_json_encoder *e, int table, struct wf_str name,
                   const struct wf_json_place *up) {
    struct wf_json_place place = {
        .up = up, .name = name, .depth = up->depth + 1};

    if (!wf_utf8_valid(name))
        return wf_json_fail(e, up, "a key is not valid UTF-8");
    wf_buf_json(wf_json_out(e), name);
    wf_buf_u8(e->buf, ':');
    lua_pushlstring(e->L, name.data, name.len);
    lua_rawget(e->L, table);
    int rc = wf_json_value(e, lua_gettop(e->L), &place);
    lua_pop(e->L, 1);
    return rc;
}

static int write_members(struct wf_json_encoder *e, int index,
                         struct wf_str *names, size_t count,
                         const struct wf_json_place *place) {
    lua_State *L = e->L;
    size_t i = 0;

    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1), i++)
        names[i].data = lua_tolstring(L, -2, &names[i].len);
    wf_json_sort(names, count);
    wf_buf_u8(wf_json_out(e), '{');
    for (i = 0; i < count; i++) {
        if (i > 0)
            wf_buf_u8(wf_json_out(e), ',');
        if (wf_json_member(e, index, names[i], place) != 0)
            return -1;
    }
    wf_buf_u8(wf_json_out(e), '}');
    return 0;
}

static int write_object(struct wf_json_encoder *e, int index, size_t count,
                        const struct wf_json_place *place) {
    struct wf_str few[12];

    if (count <= 12)
        return write_members(e, index, few, count, place);
    struct wf_str *names = lua_newuserdata(e->L, count * sizeof(*names));
    int rc = write_members(e, index, names, count, place);
    lua_pop(e->L, 1);
    return rc;
}

/* Why a table is neither an array nor an object. */
static int fail_kind(struct wf_json_encoder *e, int index, bool array,
                     const struct wf_json_place *place) {
    lua_State *L = e->L;
    bool name = false, number = false;
    int other = LUA_TNIL;

    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        int type = lua_type(L, -2);
        name |= type == LUA_TSTRING;
        number |= type == LUA_TNUMBER;
        if (type != LUA_TSTRING && type != LUA_TNUMBER)
            other = type;
    }
    if (other != LUA_TNIL)
        return wf_json_fail(e, place, "a key is a %s, not a string",
                            lua_typename(L, other));
    if (name && number)
        return wf_json_fail(e, place, "the table has both names and numbers "
                            "as keys");
    if (name && array)
        return wf_json_fail(e, place, "an array can't have names as keys");
    if (array || lua_objlen(L, index) > 0)
        return wf_json_fail(e, place, "the array has holes (use json.null)");
    return wf_json_fail(e, place, "the keys are numbers, but not 1 to n (use "
                        "strings, or json.null in holes)");
}

enum kind { KIND_OPEN, KIND_ARRAY, KIND_OBJECT };

static enum kind marked_kind(struct wf_json_encoder *e, int index) {
    enum kind kind = KIND_OPEN;

    if (!lua_getmetatable(e->L, index))
        return kind;
    if (lua_rawequal(e->L, -1, e->array_mt))
        kind = KIND_ARRAY;
    else if (lua_rawequal(e->L, -1, e->object_mt))
        kind = KIND_OBJECT;
    lua_pop(e->L, 1);
    return kind;
}

static int write_fresh(struct wf_json_encoder *e, int index, enum kind kind,
                       const struct wf_json_place *place) {
    bool names, sequence;
    size_t count = wf_json_count(e->L, index, &names, &sequence);

    if (sequence && (kind == KIND_ARRAY || (kind == KIND_OPEN && count)))
        return write_array(e, index, count, place);
    if (names && (kind != KIND_ARRAY || count == 0))
        return write_object(e, index, count, place);
    if (sequence) /* but marked as an object */
        return wf_json_fail(e, place, "an object can't have numbers as keys");
    return fail_kind(e, index, kind == KIND_ARRAY, place);
}

/* What the origin says of the table at `index`; 0: nothing. */
static double origin_mark(struct wf_json_encoder *e, int index) {
    lua_State *L = e->L;

    lua_pushvalue(L, index);
    lua_rawget(L, e->options.origin);
    double mark = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    lua_pop(L, 1);
    return mark;
}

static int check_depth(struct wf_json_encoder *e, int index,
                       const struct wf_json_place *place) {
    const void *table = lua_topointer(e->L, index);

    if (place->depth < WF_LUA_JSON_DEPTH && lua_checkstack(e->L, SLOTS))
        return 0;
    const struct wf_json_place *up = place->up;
    while (up && up->table != table)
        up = up->up;
    if (up) { /* go back to where it did so for the first time */
        while (up->up && up->up->table == place->up->table) {
            up = up->up;
            place = place->up;
        }
        return wf_json_fail(e, place, "the table contains itself");
    }
    return wf_json_fail(e, place, "nested deeper than %d levels",
                        WF_LUA_JSON_DEPTH);
}

static int write_table(struct wf_json_encoder *e, int index,
                       const struct wf_json_place *at) {
    struct wf_json_place place = *at;
    enum kind kind = marked_kind(e, index);
    double mark = 0;

    place.table = lua_topointer(e->L, index);
    if (check_depth(e, index, &place) != 0)
        return -1;
    if (e->source)
        mark = origin_mark(e, index);
    if (e->source && mark != 0) {
        bool array =
            e->source->nodes[wf_json_node(mark)].type == WF_JSON_ARRAY;
        if (kind != (array ? KIND_OBJECT : KIND_ARRAY)) {
            int rc = wf_json_merge(e, index, mark, &place);
            if (rc <= 0)
                return rc;
        }
    }
    return write_fresh(e, index, kind, &place);
}

static int write_userdata(struct wf_json_encoder *e, int index,
                          const struct wf_json_place *place) {
    struct wf_str text;

    if (lua_islightuserdata(e->L, index)) {
        const void *pointer = lua_touserdata(e->L, index);
        if (!pointer) {
            wf_buf_adds(wf_json_out(e), "null");
            return 0;
        }
        if (pointer == &wf_json_empty_array) {
            wf_buf_adds(wf_json_out(e), "[]");
            return 0;
        }
    } else if (e->options.foreign &&
               e->options.foreign(e->L, index, &text)) {
        wf_buf_addstr(wf_json_out(e), text);
        return 0;
    }
    return wf_json_fail(e, place, "a userdata can't be encoded");
}

int wf_json_value(struct wf_json_encoder *e, int index,
                  const struct wf_json_place *place) {
    if (e->buf->len - e->start > e->options.max_bytes)
        return wf_error_set(e->err, WF_E_LIMIT,
                            "%s: longer than the limit of %zu bytes",
                            e->options.name, e->options.max_bytes);
    switch (lua_type(e->L, index)) {
    case LUA_TNIL:
        wf_buf_adds(wf_json_out(e), "null");
        return 0;
    case LUA_TBOOLEAN:
        wf_buf_adds(wf_json_out(e),
                    lua_toboolean(e->L, index) ? "true" : "false");
        return 0;
    case LUA_TNUMBER:
        return write_number(e, index, place);
    case LUA_TSTRING:
        return write_string(e, index, place);
    case LUA_TTABLE:
        return write_table(e, index, place);
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA:
        return write_userdata(e, index, place);
    default:
        return wf_json_fail(e, place, "a %s can't be encoded",
                            luaL_typename(e->L, index));
    }
}

/* The document that the origin remembers. */
static struct wf_doc *origin_doc(lua_State *L, int origin) {
    struct wf_doc *doc = NULL;

    if (origin == 0 || !lua_istable(L, origin))
        return NULL;
    lua_rawgeti(L, origin, 0);
    struct wf_doc **box = lua_touserdata(L, -1);
    if (box)
        doc = *box;
    lua_pop(L, 1);
    return doc;
}

static int absolute(lua_State *L, int index) {
    return index < 0 && index > LUA_REGISTRYINDEX ? lua_gettop(L) + index + 1
                                                  : index;
}

int wf_lua_json_encode(lua_State *L, int index,
                       const struct wf_lua_json_options *options,
                       struct wf_buf *buf, struct wf_error *err) {
    struct wf_json_place root = {0};
    struct wf_json_encoder e = {
        .L = L, .buf = buf, .err = err, .options = *options,
        .start = buf->len,
    };
    int top = lua_gettop(L);

    index = absolute(L, index);
    if (!lua_checkstack(L, SLOTS))
        return wf_error_set(err, WF_E_LIMIT, "the Lua stack is full");
    if (e.options.max_bytes == 0)
        e.options.max_bytes = DEFAULT_BYTES;
    if (!e.options.name)
        e.options.name = "data";
    if (e.options.origin)
        e.options.origin = absolute(L, e.options.origin);
    e.source = origin_doc(L, e.options.origin);
    wf_json_push_marks(L);
    e.array_mt = top + 1;
    e.object_mt = top + 2;
    int rc = e.source ? wf_json_item(&e, index, 0, &root)
                      : wf_json_value(&e, index, &root);
    wf_json_out(&e);
    lua_settop(L, top);
    return rc;
}
