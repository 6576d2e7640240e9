/*
 * lua_doc_value.h - what the files of the module "wf.doc" share. Used by
 * lua_doc*.c only.
 *
 * All functions of the module have the same upvalues, so that a check of an
 * argument is a comparison of pointers and no look-up by name.
 */
#ifndef WF_LUA_DOC_VALUE_H
#define WF_LUA_DOC_VALUE_H

#include <lauxlib.h>

#include "lua_doc.h"

/* The upvalues of each function of the module. */
#define UP_VALUE lua_upvalueindex(1)    /* metatable of values */
#define UP_STATE lua_upvalueindex(2)    /* struct wf_lua_docs */
#define UP_PATH lua_upvalueindex(3)     /* metatable of paths */
#define UP_TEMPLATE lua_upvalueindex(4) /* metatable of templates */
#define UP_REGEX lua_upvalueindex(5)    /* metatable of regexes */
#define UPVALUES 5

/* Where the metatable of values keeps these. */
#define STATE_INDEX 1 /* struct wf_lua_docs */
#define NULL_INDEX 2  /* doc.null */
#define SPARE_INDEX 3 /* a value that was taken, for the next one */

/** One for each Lua state, a userdata: outlives errors raised in Lua. */
struct wf_lua_docs {
    struct wf_buf scratch; /**< Text under construction; nobody else's. */
    size_t debt;           /**< Bytes the collector has not heard of. */
    uint32_t calls;        /**< Calls begun. */
    uint32_t call;         /**< The number of the one that runs; 0: none. */
    bool has_spare;
    struct wf_lua_budget budget;
};

/** The userdata. */
struct wf_lua_value {
    struct wf_value value;
    uint32_t call; /**< Made in this call; 0: outside of any. */
};

/** What a step is worth. */
#define WF_STEP_NODES 32  /* looked at */
#define WF_STEP_BYTES 256 /* copied */
#define WF_STEP_SCAN 64   /* bytes looked at one by one */

/** The budget, for functions of the module. */
static inline struct wf_lua_budget *wf_lua_own_budget(lua_State *L) {
    struct wf_lua_docs *docs = lua_touserdata(L, UP_STATE);
    return &docs->budget;
}
/** Takes steps from it; raises an error if it is used up. */
static inline void wf_lua_spend(lua_State *L, size_t steps) {
    if (steps)
        wf_lua_spend_of(L, wf_lua_own_budget(L), steps);
}

/** Pushes an empty value, whose document the caller sets. [-0, +1] */
struct wf_value *wf_lua_new_value(lua_State *L);
/** Sets a new value's document (takes it) and accounts for its bytes. */
void wf_lua_set_doc(lua_State *L, struct wf_value *value, struct wf_doc *doc);
/** The same for a document whose bytes have been spent. */
void wf_lua_own_doc(lua_State *L, struct wf_value *value, struct wf_doc *doc);
/** wf_path_find() from `value` on, and its cost. */
bool wf_lua_find(lua_State *L, const struct wf_path *path,
                 struct wf_value *value);
/** The value at `index`, or an argument error. */
struct wf_value wf_lua_check_value(lua_State *L, int index);
/** The path at `index`, or an argument error. */
const struct wf_path *wf_lua_check_path(lua_State *L, int index);
/** True if the userdata at `index` has the metatable at `metatable`. */
bool wf_lua_is(lua_State *L, int index, int metatable);

/* Functions in other files. */
int wf_lua_doc_template(lua_State *L);
int wf_lua_template_render(lua_State *L);
int wf_lua_value_decode(lua_State *L);
int wf_lua_doc_from(lua_State *L);
int wf_lua_doc_array(lua_State *L);
int wf_lua_doc_object(lua_State *L);
int wf_lua_doc_quote(lua_State *L);
int wf_lua_doc_hash(lua_State *L);
int wf_lua_doc_regex(lua_State *L);
int wf_lua_regex_matches(lua_State *L);
int wf_lua_regex_gc(lua_State *L);
int wf_lua_doc_spend(lua_State *L);

/** Empties the scratch buffer and returns it. */
struct wf_buf *wf_lua_scratch(lua_State *L);
/** Pushes a string node's characters. [-0, +1] */
void wf_lua_push_characters(lua_State *L, struct wf_value string);

#endif
