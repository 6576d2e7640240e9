/*
 * lua_json.h - JSON and plain Lua data, for task handlers.
 *
 * JSON's null is json.null (a light userdata, the same as cjson.null);
 * arrays are tables marked with the metatable json.array_mt, so that an
 * empty one stays an array; objects are tables; numbers are doubles.
 *
 * Plain data forgets what JSON text knows: key order, the digits of large
 * numbers, escapes, duplicate keys. So decoding also gives an *origin*: a
 * table that maps each decoded table to its place in the document. Encoding
 * with the origin merges: what a handler left as it was is copied from the
 * source text, what it changed is written anew in place, new members follow
 * sorted by name. An untouched tree comes out the same to the byte.
 */
#ifndef WF_LUA_JSON_H
#define WF_LUA_JSON_H

#include <lua.h>

#include "doc.h"

/** Deepest nesting of tables that is decoded or encoded. */
#define WF_LUA_JSON_DEPTH 1000

/**
 * Pushes a document as Lua data, and its origin. [-0, +2], or [-0, +0] and
 * -1 (WF_E_LIMIT) if it is nested too deeply. Holds a reference to the
 * document as long as the origin lives. Raises nothing but "not enough
 * memory".
 */
int wf_lua_json_decode(lua_State *L, struct wf_doc *doc,
                       struct wf_error *err);

/** How to encode. All-zero, with a name, is a valid choice. */
struct wf_lua_json_options {
    const char *name; /**< What messages call the root: "output". */
    int origin;       /**< Stack index of an origin (nil allowed), or 0. */
    size_t max_bytes; /**< WF_E_LIMIT beyond; 0: 64 MiB. */
    /** Gives the JSON text of a userdata it knows; NULL: none is known. */
    bool (*foreign)(lua_State *L, int index, struct wf_str *text);
};

/**
 * Appends the value at `index` as JSON. Returns 0, or -1 and WF_E_INVALID
 * with a message that names the place: "output.hosts[3]: a function can't be
 * encoded". [-0, +0] both ways. Raises nothing but "not enough memory": keep
 * `buf` where that does not lose it.
 */
int wf_lua_json_encode(lua_State *L, int index,
                       const struct wf_lua_json_options *options,
                       struct wf_buf *buf, struct wf_error *err);

/**
 * Pushes the module table "json" for handlers: decode(text) (data, or nil
 * and a message), encode(data) (text; raises an error), null, array(table),
 * object(table), array_mt, object_mt, empty_array. [-0, +1]
 */
int wf_lua_open_json(lua_State *L);

#endif
