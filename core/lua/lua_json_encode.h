/*
 * lua_json_encode.h - what the two halves of the encoder share: writing
 * fresh data (lua_json_encode.c) and merging with a source
 * (lua_json_merge.c). Used by them only.
 */
#ifndef WF_LUA_JSON_ENCODE_H
#define WF_LUA_JSON_ENCODE_H

#include "lua_json.h"

/** Where the encoder is: a chain from the innermost table to the root. */
struct wf_json_place {
    const struct wf_json_place *up;
    const void *table;  /**< To find cycles. */
    struct wf_str name; /**< The member's; NULL: an element. */
    int index;          /**< The element's, from 1. */
    int depth;
};

struct wf_json_encoder {
    lua_State *L;
    struct wf_buf *buf;
    struct wf_error *err;
    struct wf_lua_json_options options;
    size_t start;           /**< Where in `buf` our text begins. */
    int array_mt;           /**< Stack index of json.array_mt. */
    int object_mt;          /**< Stack index of json.object_mt. */
    struct wf_doc *source;  /**< The origin's document, or NULL. */
    uint32_t run;           /**< Source text [run, run_end) is to be copied */
    uint32_t run_end;       /**< before anything else is written. */
};

/** Its address is json.empty_array. */
extern const char wf_json_empty_array;

/* All return 0, or -1 with `err` filled. */
int wf_json_value(struct wf_json_encoder *e, int index,
                  const struct wf_json_place *place);
int wf_json_fail(struct wf_json_encoder *e, const struct wf_json_place *place,
                 const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Writes pending source text, then gives the buffer. */
struct wf_buf *wf_json_out(struct wf_json_encoder *e);

/** Sorts names by their bytes. */
void wf_json_sort(struct wf_str *names, size_t count);

/** `"name":value` for the member of the table at `table`. */
int wf_json_member(struct wf_json_encoder *e, int table, struct wf_str name,
                   const struct wf_json_place *up);

/**
 * Counts the entries of a table. *names: all keys are strings; *sequence:
 * they are 1..n.
 */
size_t wf_json_count(lua_State *L, int table, bool *names, bool *sequence);

/**
 * Writes the table at `index`, of which the origin says `mark`. 1: it can't
 * be merged, because it is of another kind now.
 */
int wf_json_merge(struct wf_json_encoder *e, int index, double mark,
                  const struct wf_json_place *place);

/** Writes the value at `index`, for which the source had the node `at`. */
int wf_json_item(struct wf_json_encoder *e, int index, uint32_t at,
                 const struct wf_json_place *place);

/** An origin's entry for a table: the node's number plus 1, below zero if
 * it is an object with duplicate names. */
static inline uint32_t wf_json_node(double mark) {
    return (uint32_t)(mark < 0 ? -mark : mark) - 1;
}

/** Pushes the markers of arrays and objects. [-0, +2] */
void wf_json_push_marks(lua_State *L);

#endif
