/*
 * lua_doc_regex.c - the module "wf.doc": regular expressions (PCRE2), for
 * the operator =~ of JSONPath filters.
 *
 * Both pattern and text come from outside: the steps of a match are limited,
 * and one that takes more is an error of the caller's.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>

#include "lua_doc_value.h"

#define FIRST_STEPS 1000 /* are enough for nearly all */
#define MATCH_STEPS 100000
#define STEPS_OF_OURS 5  /* of PCRE2's that are one of the budget's */
#define MATCH_HEAP_KB 4096
#define MAX_PATTERN 4096

struct regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

/* The options that Java's flags stand for: those that have a counterpart. */
static uint32_t options_of(const char *flags) {
    uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF |
                       PCRE2_NEVER_BACKSLASH_C;
    for (; *flags; flags++)
        options |= *flags == 'i'   ? PCRE2_CASELESS
                   : *flags == 'm' ? PCRE2_MULTILINE
                   : *flags == 's' ? PCRE2_DOTALL
                   : *flags == 'x' ? PCRE2_EXTENDED
                   : *flags == 'U' ? PCRE2_UCP
                                   : 0;
    return options;
}

/* doc.regex(pattern, flags) -> regex; or nil and what is wrong */
int wf_lua_doc_regex(lua_State *L) {
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
    regex->match = pcre2_match_data_create(1, NULL);
    regex->limits = pcre2_match_context_create(NULL);
    if (!regex->match || !regex->limits)
        return luaL_error(L, "no memory for a regular expression");
    pcre2_set_depth_limit(regex->limits, MATCH_STEPS);
    pcre2_set_heap_limit(regex->limits, MATCH_HEAP_KB);
    return 1;
}

/* The budget pays for the limit: what a match takes is not told. */
static int match(lua_State *L, struct regex *regex, struct wf_str text,
                 uint32_t limit) {
    wf_lua_spend(L, 1 + text.len / WF_STEP_SCAN);
    if (limit > FIRST_STEPS)
        wf_lua_spend(L, limit / STEPS_OF_OURS);
    pcre2_set_match_limit(regex->limits, limit);
    return pcre2_match(regex->code, (PCRE2_SPTR)text.data, text.len, 0, 0,
                       regex->match, regex->limits);
}

/* regex:matches(text) -> whether it matches all of the text; nil if that
 * would take too long to find out */
int wf_lua_regex_matches(lua_State *L) {
    struct regex *regex = lua_touserdata(L, 1);
    struct wf_str text;

    text.data = luaL_checklstring(L, 2, &text.len);
    if (!wf_lua_is(L, 1, UP_REGEX) || !regex->limits)
        return luaL_typerror(L, 1, "wf.regex");
    int found = match(L, regex, text, FIRST_STEPS);
    if (found == PCRE2_ERROR_MATCHLIMIT)
        found = match(L, regex, text, MATCH_STEPS);
    if (found < 0 && found != PCRE2_ERROR_NOMATCH)
        return 0;
    lua_pushboolean(L, found >= 0);
    return 1;
}

int wf_lua_regex_gc(lua_State *L) {
    struct regex *regex = lua_touserdata(L, 1);
    pcre2_match_context_free(regex->limits);
    pcre2_match_data_free(regex->match);
    pcre2_code_free(regex->code);
    memset(regex, 0, sizeof(*regex));
    return 0;
}
