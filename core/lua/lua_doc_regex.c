/*
 * lua_doc_regex.c - the module "wf.doc": regular expressions (PCRE2), for
 * the operator =~ of JSONPath filters.
 *
 * Both pattern and text come from outside: the steps of a match are limited,
 * and one that takes more is an error of the caller's.
 */
#include "lua_doc_value.h"
#include "regex.h"

#define FIRST_STEPS 1000 /* are enough for nearly all */
#define MATCH_STEPS 100000
#define STEPS_OF_OURS 5  /* of PCRE2's that are one of the budget's */

static const struct wf_regex_limits limits = {
    .pattern_bytes = 4096,
    .depth = MATCH_STEPS,
    .heap_kb = 4096,
    .whole_only = true,
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
    struct wf_str pattern;
    char message[WF_REGEX_MESSAGE];

    pattern.data = luaL_checklstring(L, 1, &pattern.len);
    uint32_t options = options_of(luaL_optstring(L, 2, ""));
    struct wf_regex *regex = lua_newuserdata(L, sizeof(*regex));
    *regex = (struct wf_regex){0};
    lua_pushvalue(L, UP_REGEX);
    lua_setmetatable(L, -2);
    if (wf_regex_compile(regex, pattern, options, &limits, message) == 0)
        return 1;
    lua_pushnil(L);
    lua_pushstring(L, message);
    return 2;
}

/* The budget pays for the limit: what a match takes is not told. */
static int match(lua_State *L, struct wf_regex *regex, struct wf_str text,
                 uint32_t limit) {
    wf_lua_spend(L, 1 + text.len / WF_STEP_SCAN);
    if (limit > FIRST_STEPS)
        wf_lua_spend(L, limit / STEPS_OF_OURS);
    return wf_regex_match(regex, text, 0, 0, limit);
}

/* regex:matches(text) -> whether it matches all of the text; nil if that
 * would take too long to find out */
int wf_lua_regex_matches(lua_State *L) {
    struct wf_regex *regex = lua_touserdata(L, 1);
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
    wf_regex_free(lua_touserdata(L, 1));
    return 0;
}
