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

#endif
