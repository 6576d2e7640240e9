/*
 * item_source.h - where the bytes of a data set come from.
 *
 * A source is read from its start to its end, or from an offset that it gave
 * out before: a file, an object behind an S3 endpoint (item_bucket.h), or a
 * text in memory; a source around another one undoes gzip. Parsers know
 * nothing else.
 *
 * Everything here blocks: it runs on helper threads.
 */
#ifndef WF_ITEM_SOURCE_H
#define WF_ITEM_SOURCE_H

#include <sys/types.h>

#include "base.h"

struct wf_item_source;

struct wf_item_source_ops {
    /** Bytes put to `data`, at most `cap`; 0 at the end; -1 fills `err`. */
    ssize_t (*read)(struct wf_item_source *source, char *data, size_t cap,
                    struct wf_error *err);
    /** The next read is from here. 0, or -1 and fills `err`. */
    int (*seek)(struct wf_item_source *source, uint64_t offset,
                struct wf_error *err);
    void (*free)(struct wf_item_source *source);
};

struct wf_item_source {
    const struct wf_item_source_ops *ops;
    char *name;     /**< What errors call it. Owned. */
    uint64_t stamp; /**< Another one when the content is another one. */
};

/** A copy of `text`, read `piece` bytes at a time (0: as many as fit). */
struct wf_item_source *wf_item_source_text(struct wf_str text, size_t piece,
                                           const char *name);
/** What `inner` (taken) holds compressed by gzip. */
struct wf_item_source *wf_item_source_gunzip(struct wf_item_source *inner);
void wf_item_source_free(struct wf_item_source *source); /* NULL is allowed */

#endif
