/*
 * clip.h - the beginning and the end of a long output.
 *
 * A clip keeps at most `limit` bytes of a stream: its first half is the
 * beginning of the stream, its second half the end, and what lies between is
 * counted and dropped. A stream within the limit is kept whole. Memory is
 * taken as it is needed.
 */
#ifndef WF_CLIP_H
#define WF_CLIP_H

#include "base.h"

struct wf_clip {
    size_t limit;
    struct wf_buf head;
    struct wf_buf tail; /**< A ring once it is full. */
    size_t oldest;      /**< Where the ring begins. */
    uint64_t total;     /**< Bytes of the stream so far. */
};

void wf_clip_init(struct wf_clip *clip, size_t limit);
void wf_clip_add(struct wf_clip *clip, struct wf_str bytes);
bool wf_clip_is_cut(const struct wf_clip *clip);
/**
 * Appends what was kept. If something was dropped, a line between the halves
 * says how much: "\n[... 123 bytes left out ...]\n".
 */
void wf_clip_text(const struct wf_clip *clip, struct wf_buf *out);
void wf_clip_free(struct wf_clip *clip);

#endif
