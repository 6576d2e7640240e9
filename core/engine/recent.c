/* recent.c - a ring of tails. See recent.h. */
#include "recent.h"

#include <stdlib.h>

#define PIECES 32
#define PIECE_BYTES ((size_t)64 << 10) /* a larger one is not kept */

struct piece {
    uint64_t execution;
    struct wf_tail tail;
};

struct wf_recent {
    struct piece pieces[PIECES];
    unsigned next; /* the oldest: the next to go */
};

struct wf_recent *wf_recent_new(void) {
    return wf_calloc(1, sizeof(struct wf_recent));
}

void wf_recent_free(struct wf_recent *recent) {
    if (!recent)
        return;
    for (int i = 0; i < PIECES; i++)
        wf_buf_free(&recent->pieces[i].tail.bytes);
    free(recent);
}

void wf_recent_keep(struct wf_recent *recent, uint64_t execution,
                    const struct wf_tail *tail) {
    if (tail->bytes.len > PIECE_BYTES)
        return;
    struct piece *piece = &recent->pieces[recent->next];
    struct wf_buf bytes = piece->tail.bytes;
    bytes.len = 0;
    wf_buf_add(&bytes, tail->bytes.data, tail->bytes.len);
    *piece = (struct piece){execution, *tail};
    piece->tail.bytes = bytes;
    recent->next = (recent->next + 1) % PIECES;
}

const struct wf_tail *wf_recent_find(const struct wf_recent *recent,
                                     uint64_t execution, uint64_t event) {
    for (int i = 0; i < PIECES; i++) {
        const struct piece *piece = &recent->pieces[i];
        if (piece->execution == execution &&
            event >= piece->tail.first_event &&
            event < piece->tail.next_event)
            return &piece->tail;
    }
    return NULL;
}
