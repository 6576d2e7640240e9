/*
 * lua_doc.h - payload documents for Lua: the module "wf.doc".
 *
 * A value is a userdata that holds a reference to its document; a path and a
 * template are userdata of their own. What Lua sees is documented in
 * lua/core.stub.lua.
 *
 * The collector sees a value as a few bytes, however large its document is,
 * so this module counts the bytes of documents it hands out and has the
 * collector work in proportion.
 */
#ifndef WF_LUA_DOC_H
#define WF_LUA_DOC_H

#include <lua.h>
#include <stdatomic.h>

#include "doc.h"

/** A lua_CFunction that pushes the module's table. Once for each state,
 * before the two functions below. */
int wf_lua_open_doc(lua_State *L);

/** Pushes a value, with a reference of its own to the document. [-0, +1] */
void wf_lua_push_value(lua_State *L, struct wf_value value);

/**
 * Pushes a closed value, which Lua cannot use. The caller keeps it alive,
 * opens it for the length of a call, and closes it again: one userdata for
 * all the calls that have such an argument. [-0, +1]
 */
struct wf_value *wf_lua_push_closed(lua_State *L);
void wf_lua_open_value(struct wf_value *closed, struct wf_doc *doc);
void wf_lua_close_value(struct wf_value *value);

/**
 * A call from C that values are made in. What such a call has returned, and
 * the caller has read, can be recycled: the value is closed, and its userdata
 * serves for the next one, so the collector has nothing to do. Hence Lua must
 * not keep a value beyond the call that it was made in.
 */
struct wf_lua_docs;
struct wf_lua_docs *wf_lua_docs_of(lua_State *L);
void wf_lua_docs_begin(struct wf_lua_docs *docs);
void wf_lua_docs_end(struct wf_lua_docs *docs);
/** Does so if a value is at `index` and was made in this call. [-0, +0] */
void wf_lua_docs_recycle(lua_State *L, struct wf_lua_docs *docs, int index);

/** True if there is a value at `index`: borrowed from it. [-0, +0] */
bool wf_lua_to_value(lua_State *L, int index, struct wf_value *out);

/**
 * What the module's functions may still do. All data comes from them, so
 * whoever loops over data calls them; each call costs a step (about 100 ns),
 * more if it does more. When the budget is used up they raise an error that
 * is no string and no table, and go on raising it.
 */
#define WF_BUDGET_SLICE 16384 /* steps between looks at stop and clock */
struct wf_lua_budget {
    int64_t steps; /**< Until those are looked at. */
    uint64_t more; /**< Steps after those. */
    size_t bytes;  /**< Of documents that may still be made. */
    const atomic_bool *stop; /**< NULL, or: true ends it all. */
    uint64_t deadline_ns; /**< By wf_clock_mono_ns(); 0: none. */
    enum {
        WF_SPENT_NOTHING, /**< There is something left. */
        WF_SPENT_STEPS,
        WF_SPENT_BYTES,
        WF_SPENT_TIME,
    } spent;
};
/** The budget of a state, to be set by who calls into it; endless at first.
 * [-0, +0] */
struct wf_lua_budget *wf_lua_doc_budget(lua_State *L);
/** True if the error value at `index` says that the budget is used up. */
bool wf_lua_is_spent(lua_State *L, int index);

/** Looks at stop and clock. True: it is over, and nothing is left. */
bool wf_lua_budget_is_over(struct wf_lua_budget *budget);
/** Nothing is left: the next step raises the error. */
void wf_lua_budget_end(struct wf_lua_budget *budget);
/** The steps at hand are used up: gets more, or raises the error. */
void wf_lua_spend_more(lua_State *L, struct wf_lua_budget *budget);
/** Takes steps; raises the error if there are not enough. */
static inline void wf_lua_spend_of(lua_State *L, struct wf_lua_budget *budget,
                                   size_t steps) {
    budget->steps -= (int64_t)steps;
    if (__builtin_expect(budget->steps < 0, 0))
        wf_lua_spend_more(L, budget);
}
/** The same for a document of so many bytes that is made. */
void wf_lua_spend_bytes(lua_State *L, struct wf_lua_budget *budget,
                        size_t bytes);

#endif
