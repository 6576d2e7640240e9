/*
 * lua_jsonata_encode.c - the module "wf.jsonata": JSONata's values as JSON
 * text.
 *
 * In two ways: as a result (exact: what was passed through keeps its text),
 * and as $string() writes it (numbers to 15 digits, functions as "").
 */
#include <math.h>

#include "lua_doc.h"
#include "lua_jsonata_priv.h"

#define MAX_DEPTH 512
#define MAX_OUTPUT (64 << 20) /* shared parts may be there many times */
#define BYTES_A_STEP 32 /* of the budget: see lua_doc.h */

struct writer {
    struct wf_buf *out;
    bool as_string; /* $string(): numbers rounded */
    bool pretty;
    int depth;
    size_t max_bytes;
};

/* Copies JSON text without the blanks between its tokens. */
static void add_compact(struct wf_buf *out, struct wf_str text) {
    const char *at = text.data, *end = text.data + text.len;

    wf_buf_reserve(out, text.len);
    char *to = out->data + out->len;
    while (at < end) {
        if (*at == '"') {
            do {
                if (*at == '\\')
                    *to++ = *at++;
                *to++ = *at++;
            } while (*at != '"');
            *to++ = *at++;
        } else if ((unsigned char)*at > ' ') {
            *to++ = *at++;
        } else {
            at++;
        }
    }
    out->len = (size_t)(to - out->data);
}

/* Half a surrogate pair, which UTF-8 cannot have, as an escape. Returns the
 * bytes that it takes, 0 if it is none. */
static size_t add_surrogate(struct wf_buf *out, const char *at,
                            const char *end) {
    if (end - at < 3 || (unsigned char)at[0] != 0xED ||
        (unsigned char)at[1] < 0xA0)
        return 0;
    wf_buf_addf(out, "\\u%04x",
                0xD000u | ((unsigned char)at[1] & 0x3Fu) << 6 |
                    ((unsigned char)at[2] & 0x3Fu));
    return 3;
}

/* Characters without the quotes around them. */
static void add_part(struct wf_buf *out, const char *from, const char *to) {
    struct wf_buf part = {0};

    wf_buf_json(&part, (struct wf_str){from, (size_t)(to - from)});
    wf_buf_add(out, part.data + 1, part.len - 2);
    wf_buf_free(&part);
}

/* A string with bytes 0xED, of which some may be surrogates. */
static void add_odd_string(struct wf_buf *out, struct wf_str text) {
    const char *at = text.data, *end = text.data + text.len, *from = at;

    wf_buf_u8(out, '"');
    while (at < end) {
        const char *mark = memchr(at, 0xED, (size_t)(end - at));
        at = mark ? mark : end;
        add_part(out, from, at);
        from = at;
        size_t taken = at < end ? add_surrogate(out, at, end) : 0;
        from += taken;
        at += taken ? taken : 1;
    }
    if (from < end)
        add_part(out, from, end);
    wf_buf_u8(out, '"');
}

static void add_string(struct wf_buf *out, struct wf_str text) {
    if (text.len > 2 && memchr(text.data, 0xED, text.len))
        add_odd_string(out, text);
    else
        wf_buf_json(out, text);
}

static void add_break(struct writer *writer) {
    if (!writer->pretty)
        return;
    wf_buf_u8(writer->out, '\n');
    for (int i = 0; i < writer->depth; i++)
        wf_buf_adds(writer->out, "  ");
}

static int raise(lua_State *L, const char *code, double value) {
    lua_createtable(L, 0, 2);
    lua_pushstring(L, code);
    lua_setfield(L, -2, "code");
    lua_pushnumber(L, value);
    lua_setfield(L, -2, "value");
    return lua_error(L);
}

static void add_number(lua_State *L, struct writer *writer, double number) {
    if (writer->as_string) {
        if (!isfinite(number))
            raise(L, writer->depth > 0 ? "D1001" : "D3001", number);
        number = wf_jsonata_rounded(number);
    }
    wf_jsonata_number(writer->out, number);
}

static void add_value(lua_State *L, struct writer *writer);

/* stack: array; [-0, +0] */
static void add_array(lua_State *L, struct writer *writer, int count) {
    int array = lua_gettop(L);

    wf_buf_u8(writer->out, '[');
    writer->depth++;
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            wf_buf_u8(writer->out, ',');
        add_break(writer);
        lua_rawgeti(L, array, i);
        add_value(L, writer);
        lua_pop(L, 1);
    }
    writer->depth--;
    if (count > 0)
        add_break(writer);
    wf_buf_u8(writer->out, ']');
}

/* stack: object, keys; [-0, +0] */
static void add_object(lua_State *L, struct writer *writer) {
    int keys = lua_gettop(L);
    lua_rawgeti(L, keys, 0);
    int count = (int)lua_tonumber(L, -1);
    lua_pop(L, 1);

    wf_buf_u8(writer->out, '{');
    writer->depth++;
    for (int i = 1; i <= count; i++) {
        struct wf_str key;
        if (i > 1)
            wf_buf_u8(writer->out, ',');
        add_break(writer);
        lua_rawgeti(L, keys, i);
        key.data = lua_tolstring(L, -1, &key.len);
        add_string(writer->out, key);
        wf_buf_adds(writer->out, writer->pretty ? ": " : ":");
        lua_rawget(L, keys - 1);
        add_value(L, writer);
        lua_pop(L, 1);
    }
    writer->depth--;
    if (count > 0)
        add_break(writer);
    wf_buf_u8(writer->out, '}');
}

/* stack: a table that is no stub; [-0, +0] */
static void add_table(lua_State *L, struct writer *writer) {
    struct wf_str text;

    luaL_checkstack(L, 8, "a value is nested too deeply");
    if (writer->depth >= MAX_DEPTH)
        raise(L, "D1011", MAX_DEPTH);
    if (writer->out->len > writer->max_bytes)
        raise(L, "D2015", (double)writer->max_bytes);
    lua_rawgeti(L, -1, 0);
    switch (lua_type(L, -1)) {
    case LUA_TNUMBER: {
        int count = (int)lua_tonumber(L, -1);
        lua_pop(L, 1);
        add_array(L, writer, count);
        return;
    }
    case LUA_TTABLE:
        add_object(L, writer);
        break;
    case LUA_TSTRING:
        if (writer->as_string) {
            lua_getfield(L, -2, "num");
            add_number(L, writer, lua_tonumber(L, -1));
            lua_pop(L, 1);
        } else {
            text.data = lua_tolstring(L, -1, &text.len);
            wf_buf_addstr(writer->out, text);
        }
        break;
    default: /* a function */
        wf_buf_adds(writer->out, "\"\"");
        break;
    }
    lua_pop(L, 1);
}

/* stack: value; [-0, +0] */
static void add_value(lua_State *L, struct writer *writer) {
    struct wf_str text;

    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
        wf_buf_adds(writer->out, lua_toboolean(L, -1) ? "true" : "false");
        break;
    case LUA_TNUMBER:
        add_number(L, writer, lua_tonumber(L, -1));
        break;
    case LUA_TSTRING:
        text.data = lua_tolstring(L, -1, &text.len);
        add_string(writer->out, text);
        break;
    case LUA_TTABLE:
        if (wf_stub_text(L, lua_gettop(L), &text)) {
            if (!writer->as_string && !writer->pretty) {
                add_compact(writer->out, text);
                break;
            }
            lua_pushinteger(L, 0); /* what is looked into is filled */
            lua_gettable(L, -2);
            lua_pop(L, 1);
        }
        add_table(L, writer);
        break;
    default: /* null, and undefined in an array */
        wf_buf_adds(writer->out, "null");
        break;
    }
}

/* encode(value, as_string, pretty, max_bytes) -> text; raises { code = ... },
 * among others if it gets much longer than max_bytes */
int wf_jsonata_encode(lua_State *L) {
    struct writer writer = {
        .out = wf_jsonata_output(L),
        .as_string = lua_toboolean(L, 2),
        .pretty = lua_toboolean(L, 3),
        .max_bytes = (size_t)luaL_optnumber(L, 4, MAX_OUTPUT),
    };

    lua_settop(L, 1);
    add_value(L, &writer);
    wf_lua_spend_of(L, wf_lua_doc_budget(L), writer.out->len / BYTES_A_STEP);
    lua_pushlstring(L, writer.out->data, writer.out->len);
    return 1;
}
