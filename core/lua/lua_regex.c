/*
 * lua_regex.c - the module "wf.jsonata": regular expressions (PCRE2), as
 * JavaScript has them as far as PCRE2 does.
 *
 * Both pattern and text come from outside: the steps and the memory of a
 * match are limited.
 */
#include "lua_doc.h"
#include "lua_jsonata_priv.h"
#include "regex.h"

#define FIRST_STEPS 10000 /* are enough for nearly all */
#define MATCH_STEPS 1000000
#define STEPS_OF_OURS 20 /* of PCRE2's that are one of the budget's */

static const struct wf_regex_limits limits = {
    .pattern_bytes = 16384,
    .depth = MATCH_STEPS,
    .heap_kb = 8192,
};

static uint32_t options_of(const char *flags) {
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_ALT_BSUX |
                       PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF |
                       PCRE2_DOLLAR_ENDONLY;
    for (; *flags; flags++)
        options |= *flags == 'i'   ? PCRE2_CASELESS
                   : *flags == 'm' ? PCRE2_MULTILINE
                                   : 0;
    return options;
}

/* regex(pattern, flags) -> regex, number of groups; or nil and what is
 * wrong */
int wf_jsonata_regex(lua_State *L) {
    struct wf_str pattern;
    char message[WF_REGEX_MESSAGE];
    uint32_t groups = 0;

    pattern.data = luaL_checklstring(L, 1, &pattern.len);
    uint32_t options = options_of(luaL_optstring(L, 2, ""));
    struct wf_regex *regex = lua_newuserdata(L, sizeof(*regex));
    *regex = (struct wf_regex){0};
    lua_pushvalue(L, UP_REGEX);
    lua_setmetatable(L, -2);
    if (wf_regex_compile(regex, pattern, options, &limits, message) != 0) {
        lua_pushnil(L);
        lua_pushstring(L, message);
        return 2;
    }
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    lua_pushnumber(L, groups);
    return 2;
}

/* `range`: where it begins and ends. */
static void push_group(lua_State *L, const char *text,
                       const PCRE2_SIZE range[2]) {
    if (range[0] == PCRE2_UNSET)
        lua_pushboolean(L, false);
    else
        lua_pushlstring(L, text + range[0], range[1] - range[0]);
}

/* The budget pays for what takes long: for all that it may take. */
static int find(lua_State *L, struct wf_regex *regex, struct wf_str text,
                size_t offset) {
    uint32_t options = offset > 0 ? PCRE2_NO_UTF_CHECK : 0; /* was done */
    int found = wf_regex_match(regex, text, offset, options, FIRST_STEPS);

    if (found != PCRE2_ERROR_MATCHLIMIT)
        return found;
    wf_lua_spend_of(L, wf_lua_doc_budget(L), MATCH_STEPS / STEPS_OF_OURS);
    return wf_regex_match(regex, text, offset, options, MATCH_STEPS);
}

/* regex_find(regex, text, offset): an offset above 0 is the end of a match
 * that was found in the same text. -> where the first match at or behind the
 * 0-based offset begins and ends (0-based, end excluded), and its groups
 * (false: took no part); nil if there is none; false if finding out would
 * take too long */
int wf_jsonata_regex_find(lua_State *L) {
    struct wf_regex *regex = lua_touserdata(L, 1);
    struct wf_str text;
    text.data = luaL_checklstring(L, 2, &text.len);
    size_t offset = (size_t)luaL_checknumber(L, 3);

    if (!regex || !lua_getmetatable(L, 1) ||
        !lua_rawequal(L, -1, UP_REGEX) || !regex->limits)
        return luaL_typerror(L, 1, "regular expression");
    lua_pop(L, 1);
    if (offset > text.len)
        return 0;
    int found = find(L, regex, text, offset);
    if (found == PCRE2_ERROR_NOMATCH ||
        (found <= PCRE2_ERROR_UTF8_ERR1 && found >= PCRE2_ERROR_UTF8_ERR21))
        return 0;
    if (found < 0) {
        lua_pushboolean(L, false);
        return 1;
    }
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(regex->match);
    int groups = (int)pcre2_get_ovector_count(regex->match);
    luaL_checkstack(L, groups + 2, "too many groups");
    lua_pushnumber(L, (lua_Number)at[0]);
    lua_pushnumber(L, (lua_Number)at[1]);
    for (int i = 1; i < groups; i++)
        push_group(L, text.data, at + (ptrdiff_t)2 * i);
    return 1 + groups;
}

int wf_jsonata_regex_gc(lua_State *L) {
    wf_regex_free(lua_touserdata(L, 1));
    return 0;
}

static void push_class(lua_State *L, lua_CFunction gc) {
    lua_newtable(L);
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
}

void wf_jsonata_push_classes(lua_State *L) {
    push_class(L, wf_jsonata_regex_gc);
    push_class(L, wf_jsonata_lazy_gc);
    lua_newtable(L); /* of stubs; its __index needs the upvalues */
}
