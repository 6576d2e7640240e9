/*
 * lua_jsonata_recent.c - the module "wf.jsonata": memory for the indexes of
 * documents.
 *
 * What parse() read is mostly looked at at once, and then is garbage. So only
 * the last few documents keep their indexes, each in memory that is still in
 * the processor's cache. A document that has lost its index gets a new one
 * when it is looked into again.
 */
#include <stdlib.h>

#include "lua_jsonata_priv.h"

void wf_jsonata_recent_free(struct wf_jsonata_recent *recent) {
    for (unsigned i = 0; i < WF_JSONATA_RECENT; i++)
        free(recent->slots[i].room.nodes);
    *recent = (struct wf_jsonata_recent){0};
}

int wf_jsonata_index(lua_State *L, struct wf_doc *doc, struct wf_str text,
                     struct wf_error *err) {
    struct wf_jsonata_recent *recent = wf_jsonata_recent(L);
    unsigned slot = recent->next;

    recent->next = (slot + 1) % WF_JSONATA_RECENT;
    if (recent->slots[slot].doc)
        wf_doc_forget(recent->slots[slot].doc);
    recent->slots[slot].doc = NULL;
    if (wf_doc_borrow(doc, text, wf_jsonata_scratch(L),
                      &recent->slots[slot].room, err) != 0)
        return -1;
    recent->slots[slot].doc = doc;
    lua_pushvalue(L, -1);
    lua_rawseti(L, UP_RECENT, (int)slot + 1); /* it is there: no allocation */
    return 0;
}
