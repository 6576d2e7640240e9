/*
 * lua_jsonata.c - the module "wf.jsonata": what the JSONata compiler needs of
 * C. See lua_jsonata.h for how values look in Lua.
 */
#include "lua_jsonata.h"

#include <lauxlib.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <wctype.h>

#include "clock.h"
#include "doc.h"
#include "lua_jsonata_priv.h"

#define SCRATCH_KEPT ((size_t)1 << 20)

/* ---- numbers ---- */

/* Digits and exponent of the shortest decimal that reads back as `number`:
 * 0.d1d2d3... times ten to the power of the result. */
static int shortest(double number, int precision, char *digits) {
    char text[40];

    for (;; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision - 1, number);
        if (precision >= 17 || strtod(text, NULL) == number)
            break;
    }
    size_t count = 0;
    const char *at = text;
    for (; *at && *at != 'e'; at++)
        if (*at >= '0' && *at <= '9')
            digits[count++] = *at;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    digits[count] = '\0';
    return atoi(at + 1) + 1;
}

/* As JavaScript writes it: decimal from 1e-6 up to 1e21. */
static void add_layout(struct wf_buf *out, const char *digits, int point) {
    int count = (int)strlen(digits);

    if (point > 21 || point < -5) {
        wf_buf_u8(out, (uint8_t)digits[0]);
        if (count > 1)
            wf_buf_addf(out, ".%s", digits + 1);
        wf_buf_addf(out, "e%+d", point - 1);
    } else if (point <= 0) {
        wf_buf_adds(out, "0.");
        for (int i = point; i < 0; i++)
            wf_buf_u8(out, '0');
        wf_buf_adds(out, digits);
    } else {
        for (int i = 0; i < count || i < point; i++) {
            if (i == point)
                wf_buf_u8(out, '.');
            wf_buf_u8(out, i < count ? (uint8_t)digits[i] : '0');
        }
    }
}

void wf_jsonata_number(struct wf_buf *out, double number) {
    char digits[40] = "";

    if (number == 0) {
        wf_buf_u8(out, '0');
    } else if (fabs(number) >= 1e-3 && fabs(number) < 1e15) {
        wf_buf_number(out, number); /* without an exponent there */
    } else if (!isfinite(number)) {
        wf_buf_adds(out, "null");
    } else {
        if (number < 0)
            wf_buf_u8(out, '-');
        int point = shortest(fabs(number), 15, digits);
        add_layout(out, digits, point);
    }
}

double wf_jsonata_rounded(double number) {
    char text[40];

    if (number == floor(number)) /* integers are not rounded */
        return number;
    snprintf(text, sizeof(text), "%.14e", number);
    return strtod(text, NULL);
}

/* number_text(number) -> as JavaScript writes it */
static int l_number_text(lua_State *L) {
    struct wf_buf *out = wf_jsonata_scratch(L);
    wf_jsonata_number(out, luaL_checknumber(L, 1));
    lua_pushlstring(L, out->data, out->len);
    return 1;
}

/* rounded(number) -> to 15 significant digits */
static int l_rounded(lua_State *L) {
    lua_pushnumber(L, wf_jsonata_rounded(luaL_checknumber(L, 1)));
    return 1;
}

/* ---- the rest ---- */

/* collect(): all garbage, after an evaluation that ran out of memory */
static int l_collect(lua_State *L) {
    lua_gc(L, LUA_GCCOLLECT, 0);
    return 0;
}

/* compile(source, name) -> function; or nil, message */
static int l_compile(lua_State *L) {
    size_t len = 0;
    const char *source = luaL_checklstring(L, 1, &len);

    if (luaL_loadbuffer(L, source, len, luaL_checkstring(L, 2)) == 0)
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* For `moonstep eval`; in states, ctx has the time and randomness. */

/* wall_ms() -> milliseconds since the epoch */
static int l_wall_ms(lua_State *L) {
    struct wf_clock clock;
    wf_clock_init_real(&clock);
    lua_pushnumber(L, (double)wf_clock_now_ms(&clock));
    return 1;
}

/* elapsed_ms() -> a clock that only goes forward */
static int l_elapsed_ms(lua_State *L) {
    lua_pushnumber(L, (double)wf_clock_mono_ns() / 1e6);
    return 1;
}

/* random() -> a number in [0, 1) */
static int l_random(lua_State *L) {
    struct wf_clock clock;
    wf_clock_init_real(&clock);
    uint64_t bits = wf_clock_random(&clock);
    lua_pushnumber(L, (double)(bits >> 11) / 9007199254740992.0);
    return 1;
}

/* Appends one character, whose bytes are at `at`, in the other case. */
static void add_case(struct wf_buf *out, const char *at, size_t len,
                     bool upper) {
    uint32_t code = (unsigned char)at[0];
    code = len == 1 ? code : code & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3F);
    if (upper && code == 0xDF) { /* sharp s */
        wf_buf_adds(out, "SS");
        return;
    }
    uint32_t to = (uint32_t)(upper ? towupper(code) : towlower(code));
    if (to < 0x80) {
        wf_buf_u8(out, (uint8_t)to);
    } else if (to < 0x800) {
        wf_buf_u8(out, (uint8_t)(0xC0 | to >> 6));
        wf_buf_u8(out, (uint8_t)(0x80 | (to & 0x3F)));
    } else if (to < 0x10000) {
        wf_buf_u8(out, (uint8_t)(0xE0 | to >> 12));
        wf_buf_u8(out, (uint8_t)(0x80 | (to >> 6 & 0x3F)));
        wf_buf_u8(out, (uint8_t)(0x80 | (to & 0x3F)));
    } else {
        wf_buf_add(out, at, len); /* scripts with cases there are dead */
    }
}

/* change_case(text, upper) -> text; whatever the locale is */
static int l_change_case(lua_State *L) {
    struct wf_buf *out = wf_jsonata_scratch(L);
    size_t len = 0;
    const char *at = luaL_checklstring(L, 1, &len), *end = at + len;
    bool upper = lua_toboolean(L, 2);
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = uselocale(utf8 ? utf8 : LC_GLOBAL_LOCALE);

    while (at < end) {
        unsigned char c = (unsigned char)*at;
        size_t width = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        if (width > (size_t)(end - at))
            width = (size_t)(end - at);
        add_case(out, at, width, upper);
        at += width;
    }
    uselocale(before);
    if (utf8)
        freelocale(utf8);
    lua_pushlstring(L, out->data, out->len);
    return 1;
}

/* find(text, part, at) -> where the part begins from byte `at` on, or nil; in
 * time that grows with the text alone */
static int l_find(lua_State *L) {
    struct wf_str text, part;

    text.data = luaL_checklstring(L, 1, &text.len);
    part.data = luaL_checklstring(L, 2, &part.len);
    lua_Number at = luaL_checknumber(L, 3);
    if (!(at >= 1 && at <= (lua_Number)text.len))
        return 0;
    size_t from = (size_t)at - 1;
    const char *found =
        memmem(text.data + from, text.len - from, part.data, part.len);
    if (!found)
        return 0;
    lua_pushnumber(L, (lua_Number)(found - text.data) + 1);
    return 1;
}

static int l_quote(lua_State *L) {
    struct wf_buf *out = wf_jsonata_scratch(L);
    struct wf_str text;

    text.data = luaL_checklstring(L, 1, &text.len);
    wf_buf_json(out, text);
    lua_pushlstring(L, out->data, out->len);
    return 1;
}

/* What UP_SCRATCH is. */
struct buffers {
    struct wf_buf scratch, output;
    struct wf_jsonata_recent recent;
    size_t debt;
};

static int buffers_gc(lua_State *L) {
    struct buffers *buffers = lua_touserdata(L, 1);
    wf_buf_free(&buffers->scratch);
    wf_buf_free(&buffers->output);
    wf_jsonata_recent_free(&buffers->recent);
    return 0;
}

static struct wf_buf *emptied(struct wf_buf *buf) {
    if (buf->cap > SCRATCH_KEPT)
        wf_buf_free(buf);
    buf->len = 0;
    return buf;
}

struct wf_buf *wf_jsonata_scratch(lua_State *L) {
    struct buffers *buffers = lua_touserdata(L, UP_SCRATCH);
    return emptied(&buffers->scratch);
}

struct wf_buf *wf_jsonata_output(lua_State *L) {
    struct buffers *buffers = lua_touserdata(L, UP_SCRATCH);
    return emptied(&buffers->output);
}

struct wf_jsonata_recent *wf_jsonata_recent(lua_State *L) {
    struct buffers *buffers = lua_touserdata(L, UP_SCRATCH);
    return &buffers->recent;
}

size_t *wf_jsonata_debt(lua_State *L) {
    struct buffers *buffers = lua_touserdata(L, UP_SCRATCH);
    return &buffers->debt;
}

static const luaL_Reg functions[] = {
    {"change_case", l_change_case},
    {"collect", l_collect},
    {"column", wf_jsonata_column},
    {"columns", wf_jsonata_columns},
    {"compile", l_compile},
    {"decode", wf_jsonata_decode},
    {"elapsed_ms", l_elapsed_ms},
    {"encode", wf_jsonata_encode},
    {"find", l_find},
    {"item", wf_jsonata_item},
    {"merge", wf_jsonata_merge},
    {"number_text", l_number_text},
    {"parse", wf_jsonata_parse},
    {"peek", wf_jsonata_peek},
    {"prefetch", wf_jsonata_prefetch},
    {"quote", l_quote},
    {"random", l_random},
    {"regex", wf_jsonata_regex},
    {"regex_find", wf_jsonata_regex_find},
    {"rounded", l_rounded},
    {"walk", wf_jsonata_walk},
    {"wall_ms", l_wall_ms},
    {NULL, NULL},
};

/* Pushes the upvalues of all functions. [-0, +JSONATA_UPVALUES] */
static void push_upvalues(lua_State *L) {
    struct buffers *buffers = lua_newuserdata(L, sizeof(*buffers));
    memset(buffers, 0, sizeof(*buffers));
    lua_newtable(L);
    lua_pushcfunction(L, buffers_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_getfield(L, 1, "null");
    lua_newtable(L); /* keys of an empty object */
    lua_pushinteger(L, 0);
    lua_rawseti(L, -2, 0);
    wf_jsonata_push_classes(L);
    lua_createtable(L, WF_JSONATA_RECENT + 1, 0);
    for (int i = 1; i <= WF_JSONATA_RECENT; i++) {
        lua_pushboolean(L, false);
        lua_rawseti(L, -2, i);
    }
}

int wf_lua_open_jsonata(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    int up = 2;

    push_upvalues(L);
    lua_newtable(L);
    for (const luaL_Reg *row = functions; row->name; row++) {
        for (int i = 0; i < JSONATA_UPVALUES; i++)
            lua_pushvalue(L, up + i);
        lua_pushcclosure(L, row->func, JSONATA_UPVALUES);
        lua_setfield(L, -2, row->name);
    }
    for (int i = 0; i < JSONATA_UPVALUES; i++)
        lua_pushvalue(L, up + i);
    lua_pushcclosure(L, wf_jsonata_fill, JSONATA_UPVALUES);
    lua_setfield(L, up + 5, "__index");
    lua_pushvalue(L, up + 1);
    lua_setfield(L, -2, "null");
    lua_pushvalue(L, up + 2);
    lua_setfield(L, -2, "no_keys");
    lua_pushvalue(L, up + 5);
    lua_setfield(L, -2, "stub");
    lua_getfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
    lua_getfield(L, -1, "table.new");
    lua_call(L, 0, 1); /* protected by wf_lua_sandbox */
    lua_setfield(L, -3, "table_new");
    lua_settop(L, up + JSONATA_UPVALUES);
    return 1;
}
