/*
 * item_reader_async.h - batches of items on the loop: what a Map asks for,
 * read by a helper thread (offload.h).
 *
 * One batch is asked for at a time. Who keeps a batch may ask for the next
 * one meanwhile, so that reading and running overlap: a position lies behind
 * its own batch, not behind what has been read ahead.
 */
#ifndef WF_ITEM_READER_ASYNC_H
#define WF_ITEM_READER_ASYNC_H

#include "item_reader.h"
#include "offload.h"

struct wf_item_reader_async;

/**
 * On the loop: a batch. `err` is NULL, or says why reading ended; the batch
 * then has the items before. It is borrowed for the call; who wants to keep
 * it swaps it with another (all-zero) one. May ask for the next, or free.
 */
typedef void (*wf_item_batch_fn)(void *arg, struct wf_item_batch *batch,
                                 const struct wf_error *err);

/**
 * `position` (empty: the start) is copied; it is looked at with the first
 * batch. The helper is borrowed.
 */
struct wf_item_reader_async *
wf_item_reader_async_new(struct wf_offload *offload,
                         const struct wf_item_options *options,
                         struct wf_str position);
/**
 * No callback comes any more; a read under way is cancelled, and frees
 * what it uses when it ends. NULL is allowed.
 */
void wf_item_reader_async_free(struct wf_item_reader_async *async);
/** Asks for a batch; one at a time. */
void wf_item_reader_async_next(struct wf_item_reader_async *async,
                               size_t max_items, size_t max_bytes,
                               wf_item_batch_fn done, void *arg);
/** A batch has been asked for and is not there. */
bool wf_item_reader_async_busy(const struct wf_item_reader_async *async);

#endif
