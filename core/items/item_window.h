/*
 * item_window.h - the part of a source that a parser looks at.
 *
 * Unread bytes are data[at .. end); WF_ITEM_PAD readable NULs follow them, so
 * a loop may load 16 bytes anywhere before `end` and stop at the NUL. What a
 * parser has not taken (by moving `at`) stays when more is read; the window
 * grows when one record needs it, up to a limit, and is otherwise of a fixed
 * size however long the source is.
 */
#ifndef WF_ITEM_WINDOW_H
#define WF_ITEM_WINDOW_H

#include <stdatomic.h>

#include "item_source.h"

#define WF_ITEM_PAD 32

struct wf_item_window {
    struct wf_item_source *source; /* owned */
    const atomic_bool *cancelled;  /* borrowed; NULL: never */
    char *data;
    size_t cap; /* without the pad */
    size_t at;
    size_t end;
    uint64_t base; /* offset of data[0] in the source */
    bool eof;
};

/** Takes the source. */
void wf_item_window_init(struct wf_item_window *window,
                         struct wf_item_source *source,
                         const atomic_bool *cancelled);
void wf_item_window_deinit(struct wf_item_window *window);
/**
 * Reads on. 1: there is more (pointers into the window are invalid now); 0:
 * the source is at its end; -1 fills `err`: it failed, or `limit` bytes are
 * unread already (WF_E_LIMIT), or it was cancelled (WF_E_BUSY).
 */
int wf_item_window_fill(struct wf_item_window *window, size_t limit,
                        struct wf_error *err);
/** Forgets what it holds and goes on at an offset. */
int wf_item_window_seek(struct wf_item_window *window, uint64_t offset,
                        struct wf_error *err);

/** Offset of the next unread byte. */
static inline uint64_t
wf_item_window_offset(const struct wf_item_window *window) {
    return window->base + window->at;
}

#endif
