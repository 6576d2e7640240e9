/* clip.c - the beginning and the end of a long output. See clip.h. */
#include "clip.h"

void wf_clip_init(struct wf_clip *clip, size_t limit) {
    *clip = (struct wf_clip){.limit = limit};
}

static size_t min_size(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Writes over the oldest bytes of a full ring, piece by piece. */
static void overwrite(struct wf_clip *clip, struct wf_str bytes) {
    while (bytes.len) {
        size_t piece = min_size(bytes.len, clip->tail.len - clip->oldest);
        memcpy(clip->tail.data + clip->oldest, bytes.data, piece);
        clip->oldest = (clip->oldest + piece) % clip->tail.len;
        bytes.data += piece;
        bytes.len -= piece;
    }
}

void wf_clip_add(struct wf_clip *clip, struct wf_str bytes) {
    size_t half = clip->limit / 2, ring = clip->limit - half;

    clip->total += bytes.len;
    size_t piece = min_size(bytes.len, half - clip->head.len);
    wf_buf_add(&clip->head, bytes.data, piece);
    bytes.data += piece;
    bytes.len -= piece;
    if (bytes.len > ring) { /* only its end can survive */
        bytes.data += bytes.len - ring;
        bytes.len = ring;
    }
    piece = min_size(bytes.len, ring - clip->tail.len);
    wf_buf_add(&clip->tail, bytes.data, piece);
    bytes.data += piece;
    bytes.len -= piece;
    if (bytes.len)
        overwrite(clip, bytes);
}

bool wf_clip_is_cut(const struct wf_clip *clip) {
    return clip->total > clip->head.len + clip->tail.len;
}

void wf_clip_text(const struct wf_clip *clip, struct wf_buf *out) {
    uint64_t kept = clip->head.len + clip->tail.len;

    wf_buf_add(out, clip->head.data, clip->head.len);
    if (wf_clip_is_cut(clip))
        wf_buf_addf(out, "\n[... %llu bytes left out ...]\n",
                    (unsigned long long)(clip->total - kept));
    if (clip->tail.len) {
        wf_buf_add(out, clip->tail.data + clip->oldest,
                   clip->tail.len - clip->oldest);
        wf_buf_add(out, clip->tail.data, clip->oldest);
    }
}

void wf_clip_free(struct wf_clip *clip) {
    wf_buf_free(&clip->head);
    wf_buf_free(&clip->tail);
}
