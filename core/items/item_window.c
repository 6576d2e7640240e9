/* item_window.c - a sliding window over a source. See item_window.h. */
#include "item_window.h"

#include <stdlib.h>

#define FIRST_CAP ((size_t)256 * 1024)

void wf_item_window_init(struct wf_item_window *window,
                         struct wf_item_source *source,
                         const atomic_bool *cancelled) {
    *window = (struct wf_item_window){.source = source,
                                      .cancelled = cancelled,
                                      .cap = FIRST_CAP};
    window->data = wf_malloc(window->cap + WF_ITEM_PAD);
    memset(window->data, 0, WF_ITEM_PAD);
}

void wf_item_window_deinit(struct wf_item_window *window) {
    wf_item_source_free(window->source);
    free(window->data);
    *window = (struct wf_item_window){0};
}

/* Moves what is unread to the front; doubles the room if there is none. */
static void make_room(struct wf_item_window *window) {
    size_t left = window->end - window->at;

    if (window->at) {
        memmove(window->data, window->data + window->at, left);
        window->base += window->at;
        window->at = 0;
        window->end = left;
    }
    if (window->end > window->cap / 2) {
        window->cap *= 2;
        window->data = wf_realloc(window->data, window->cap + WF_ITEM_PAD);
    }
}

int wf_item_window_fill(struct wf_item_window *window, size_t limit,
                        struct wf_error *err) {
    if (window->eof)
        return 0;
    if (window->cancelled && atomic_load(window->cancelled))
        return wf_error_set(err, WF_E_BUSY, "reading %.300s was cancelled",
                            window->source->name);
    if (window->end - window->at > limit)
        return wf_error_set(err, WF_E_LIMIT, "larger than %zu bytes", limit);
    make_room(window);
    ssize_t got = window->source->ops->read(
        window->source, window->data + window->end,
        window->cap - window->end, err);
    if (got < 0)
        return -1;
    window->end += (size_t)got;
    memset(window->data + window->end, 0, WF_ITEM_PAD);
    window->eof = got == 0;
    return got > 0;
}

int wf_item_window_seek(struct wf_item_window *window, uint64_t offset,
                        struct wf_error *err) {
    window->at = window->end = 0;
    window->base = offset;
    window->eof = false;
    memset(window->data, 0, WF_ITEM_PAD);
    return window->source->ops->seek(window->source, offset, err);
}
