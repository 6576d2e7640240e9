/*
 * item_writer_async.h - results written behind the loop's back: what the end
 * of a child execution adds, a helper thread (offload.h) writes.
 *
 * Results are copied as they are added and wait in memory until a flush; a
 * Map Run flushes when enough of them wait, and makes the position durable
 * before it forgets them.
 */
#ifndef WF_ITEM_WRITER_ASYNC_H
#define WF_ITEM_WRITER_ASYNC_H

#include "item_writer.h"
#include "offload.h"

struct wf_item_writer_async;

/**
 * On the loop: what was asked for is done. `text` (borrowed for the call) is
 * the position behind what was added before the flush, or the manifest's key.
 * `err` is NULL, or says why not. May ask for more, or free.
 */
typedef void (*wf_item_written_fn)(void *arg, struct wf_str text,
                                   const struct wf_error *err);

/** `position` (empty: the start) is copied; the helper is borrowed. */
struct wf_item_writer_async *
wf_item_writer_async_new(struct wf_offload *offload,
                         const struct wf_item_writer_options *options,
                         struct wf_str position);
/** No callback comes any more; what waits is not written. NULL is allowed. */
void wf_item_writer_async_free(struct wf_item_writer_async *async);
/** Adds a result (copied), also while a flush is under way. */
void wf_item_writer_async_add(struct wf_item_writer_async *async,
                              enum wf_result_kind kind,
                              const struct wf_item_result *result);
/** Bytes that wait. */
size_t wf_item_writer_async_pending(const struct wf_item_writer_async *async);
/** A flush or finish has been asked for and is not done. */
bool wf_item_writer_async_busy(const struct wf_item_writer_async *async);
/** Writes what has been added; one at a time. */
void wf_item_writer_async_flush(struct wf_item_writer_async *async,
                                wf_item_written_fn done, void *arg);
/** The same, and then ends the files and writes the manifest. */
void wf_item_writer_async_finish(struct wf_item_writer_async *async,
                                 wf_item_written_fn done, void *arg);

#endif
