/*
 * lua_jsonata_priv.h - what the files of the module "wf.jsonata" share. Used
 * by lua_jsonata*.c and lua_regex.c only.
 *
 * All functions of the module have the same upvalues.
 */
#ifndef WF_LUA_JSONATA_PRIV_H
#define WF_LUA_JSONATA_PRIV_H

#include <lauxlib.h>

#include "doc.h"
#include "lua_jsonata.h"

#define UP_SCRATCH lua_upvalueindex(1) /* struct buffers */
#define UP_NULL lua_upvalueindex(2)    /* doc.null */
#define UP_NO_KEYS lua_upvalueindex(3) /* the keys of {} */
#define UP_REGEX lua_upvalueindex(4)   /* metatable of regular expressions */
#define UP_LAZY lua_upvalueindex(5)    /* metatable of struct lazy */
#define UP_STUB lua_upvalueindex(6)    /* metatable of stubs */
#define UP_RECENT lua_upvalueindex(7)  /* see lua_jsonata_recent.c */
#define JSONATA_UPVALUES 7

/** Buffers, emptied. They survive errors raised in Lua. */
struct wf_buf *wf_jsonata_scratch(lua_State *L); /* for one text */
struct wf_buf *wf_jsonata_output(lua_State *L);  /* for encode() */

/** Bytes of documents that the collector has not heard of. */
size_t *wf_jsonata_debt(lua_State *L);

#define WF_JSONATA_RECENT 4

/** The documents that were indexed last. */
struct wf_jsonata_recent {
    struct {
        struct wf_doc *doc; /* in the userdata that UP_RECENT has there */
        struct wf_doc_room room;
    } slots[WF_JSONATA_RECENT];
    unsigned next;
};
struct wf_jsonata_recent *wf_jsonata_recent(lua_State *L);
void wf_jsonata_recent_free(struct wf_jsonata_recent *recent);

/** Checks and indexes the text for a document in the userdata at the top,
 * in place of the one that has been indexed for longest. [-0, +0] */
int wf_jsonata_index(lua_State *L, struct wf_doc *doc, struct wf_str text,
                     struct wf_error *err);

/** Appends a number as JavaScript writes it. */
void wf_jsonata_number(struct wf_buf *out, double number);
/** The number of 15 significant digits that is nearest. */
double wf_jsonata_rounded(double number);

/** Pushes the metatables of UP_REGEX, UP_LAZY and UP_STUB. [-0, +3] */
void wf_jsonata_push_classes(lua_State *L);

/* Functions of the module in other files. */
int wf_jsonata_decode(lua_State *L);
int wf_jsonata_encode(lua_State *L);
int wf_jsonata_parse(lua_State *L);
int wf_jsonata_peek(lua_State *L);
int wf_jsonata_column(lua_State *L);
int wf_jsonata_columns(lua_State *L);
int wf_jsonata_walk(lua_State *L);
int wf_jsonata_item(lua_State *L);
int wf_jsonata_merge(lua_State *L);
int wf_jsonata_prefetch(lua_State *L);
int wf_jsonata_regex(lua_State *L);
int wf_jsonata_regex_find(lua_State *L);
int wf_jsonata_regex_gc(lua_State *L);
int wf_jsonata_lazy_gc(lua_State *L);
int wf_jsonata_fill(lua_State *L); /* __index of stubs */

/* Stubs: see lua_jsonata_decode.c. */

#define STUB_NODE 1
#define STUB_LAZY 2
#define STUB_PEEKS 3 /* how often it has been looked into */
#define STUB_SLOTS 3
#define STUB_MOST_PEEKS 3 /* then it is filled */
#define STUB_MOST_RESERVED 4096 /* elements that room is made for at once */

/** What the userdata of stubs is. */
struct wf_lazy {
    struct wf_doc *doc;
    uint32_t shape; /* node of the object that the keys are of */
    bool has_shape, has_env;
    bool is_borrowed; /* the document is `own` */
    struct wf_doc own[];
};

/** Makes the table at the top a stub. `lazy`: absolute index of the document's
 * userdata. [-0, +0] */
void wf_stub_make(lua_State *L, const struct wf_node *node, uint32_t at,
                  int lazy);
/** What is a stub is not one any more. [-0, +0] */
void wf_stub_clear(lua_State *L, int stub);
/** Its node. [-0, +0] */
uint32_t wf_stub_node(lua_State *L, int index);
/** Pushes the userdata of the stub at `index`, whose document is indexed then.
 * NULL: it is no stub. [-0, +1] */
struct wf_lazy *wf_stub_lazy(lua_State *L, int index);
/** Counts a look into the stub at index 1. [-0, +0] */
int wf_stub_peek(lua_State *L);
/** Pushes the value of a node. [-0, +1] */
void wf_stub_push_value(lua_State *L, struct wf_doc *doc, uint32_t at,
                        int lazy);
/** If the table at `index` is a stub: its JSON text. [-0, +0] */
bool wf_stub_text(lua_State *L, int index, struct wf_str *text);

#endif
