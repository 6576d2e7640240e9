/*
 * lua_regex.c - the module "wf.jsonata": regular expressions (PCRE2), as
 * JavaScript has them as far as PCRE2 does.
 *
 * Both pattern and text come from outside: the steps and the memory of a
 * match are limited.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>

#include "lua_jsonata_priv.h"

#define MATCH_STEPS 1000000
#define MATCH_HEAP_KB 8192
#define MAX_PATTERN 16384

struct regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
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

static void set_limits(lua_State *L, struct regex *regex) {
    regex->match = pcre2_match_data_create_from_pattern(regex->code, NULL);
    regex->limits = pcre2_match_context_create(NULL);
    if (!regex->match || !regex->limits)
        luaL_error(L, "no memory for a regular expression");
    pcre2_set_match_limit(regex->limits, MATCH_STEPS);
    pcre2_set_depth_limit(regex->limits, MATCH_STEPS);
    pcre2_set_heap_limit(regex->limits, MATCH_HEAP_KB);
    pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
}

/* regex(pattern, flags) -> regex, number of groups; or nil and what is
 * wrong */
int wf_jsonata_regex(lua_State *L) {
    size_t len = 0;
    const char *pattern = luaL_checklstring(L, 1, &len);
    uint32_t options = options_of(luaL_optstring(L, 2, ""));
    int problem = 0;
    PCRE2_SIZE at = 0;

    struct regex *regex = lua_newuserdata(L, sizeof(*regex));
    memset(regex, 0, sizeof(*regex));
    lua_pushvalue(L, UP_REGEX);
    lua_setmetatable(L, -2);
    if (len <= MAX_PATTERN)
        regex->code = pcre2_compile((PCRE2_SPTR)pattern, len, options,
                                    &problem, &at, NULL);
    if (!regex->code) {
        PCRE2_UCHAR message[128] = "it is too long";
        if (problem)
            pcre2_get_error_message(problem, message, sizeof(message));
        lua_pushnil(L);
        lua_pushstring(L, (const char *)message);
        return 2;
    }
    set_limits(L, regex);
    uint32_t groups = 0;
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    lua_pushnumber(L, groups);
    return 2;
}

static void push_group(lua_State *L, const char *text, PCRE2_SIZE from,
                       PCRE2_SIZE to) {
    if (from == PCRE2_UNSET)
        lua_pushboolean(L, false);
    else
        lua_pushlstring(L, text + from, to - from);
}

/* regex_find(regex, text, offset): an offset above 0 is the end of a match
 * that was found in the same text. -> where the first match at or behind the
 * 0-based offset begins and ends (0-based, end excluded), and its groups
 * (false: took no part); nil if there is none; false if finding out would
 * take too long */
int wf_jsonata_regex_find(lua_State *L) {
    struct regex *regex = lua_touserdata(L, 1);
    size_t len = 0;
    const char *text = luaL_checklstring(L, 2, &len);
    size_t offset = (size_t)luaL_checknumber(L, 3);

    if (!regex || !lua_getmetatable(L, 1) ||
        !lua_rawequal(L, -1, UP_REGEX) || !regex->limits)
        return luaL_typerror(L, 1, "regular expression");
    lua_pop(L, 1);
    if (offset > len)
        return 0;
    uint32_t options = offset > 0 ? PCRE2_NO_UTF_CHECK : 0; /* was done */
    int found = pcre2_match(regex->code, (PCRE2_SPTR)text, len, offset,
                            options, regex->match, regex->limits);
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
        push_group(L, text, at[2 * i], at[2 * i + 1]);
    return 1 + groups;
}

int wf_jsonata_regex_gc(lua_State *L) {
    struct regex *regex = lua_touserdata(L, 1);
    pcre2_match_context_free(regex->limits);
    pcre2_match_data_free(regex->match);
    pcre2_code_free(regex->code);
    memset(regex, 0, sizeof(*regex));
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
