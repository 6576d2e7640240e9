/*
 * item_batcher.h - the batches that ItemBatcher makes of a distributed Map's
 * items: {"BatchInput":...,"Items":[...]}, as many items in each as the
 * settings (asl.map_run) say, or as fit.
 */
#ifndef WF_ITEM_BATCHER_H
#define WF_ITEM_BATCHER_H

#include "doc.h"

/** All-zero is valid, and makes none. */
struct wf_item_batcher {
    bool is_used;       /**< The settings say that there are batches. */
    uint64_t max_items; /**< 0: no limit */
    size_t max_bytes;
    uint32_t count;     /**< Items of the batch so far. */
    struct wf_buf head; /* what stands before the elements of Items */
    struct wf_buf text; /* those so far */
};

void wf_item_batcher_init(struct wf_item_batcher *batcher,
                          struct wf_value settings);
/** Whether an item of so many bytes goes into the batch, too. */
bool wf_item_batcher_fits(const struct wf_item_batcher *batcher, size_t len);
/** Adds one. Returns whether the batch has all that it may have. */
bool wf_item_batcher_add(struct wf_item_batcher *batcher, struct wf_str item);
/** The batch; the next one begins. */
struct wf_doc *wf_item_batcher_close(struct wf_item_batcher *batcher);
size_t wf_item_batcher_bytes(const struct wf_item_batcher *batcher);
void wf_item_batcher_free(struct wf_item_batcher *batcher);

#endif
