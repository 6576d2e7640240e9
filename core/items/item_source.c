/* item_source.c - texts in memory. See item_source.h. */
#include "item_source.h"

#include <stdlib.h>

struct text_source {
    struct wf_item_source base;
    char *text;
    size_t len, at;
    size_t piece; /* bytes of one read at most */
};

static ssize_t text_read(struct wf_item_source *source, char *data,
                         size_t cap, struct wf_error *err) {
    struct text_source *text = (struct text_source *)source;
    size_t got = text->len - text->at;

    (void)err;
    if (got > cap)
        got = cap;
    if (got > text->piece)
        got = text->piece;
    memcpy(data, text->text + text->at, got);
    text->at += got;
    return (ssize_t)got;
}

static int text_seek(struct wf_item_source *source, uint64_t offset,
                     struct wf_error *err) {
    struct text_source *text = (struct text_source *)source;

    (void)err;
    text->at = offset < text->len ? (size_t)offset : text->len;
    return 0;
}

static void text_free(struct wf_item_source *source) {
    free(((struct text_source *)source)->text);
}

static const struct wf_item_source_ops text_ops = {text_read, text_seek,
                                                   text_free};

struct wf_item_source *wf_item_source_text(struct wf_str text, size_t piece,
                                           const char *name) {
    struct text_source *source = wf_calloc(1, sizeof(*source));

    source->base.ops = &text_ops;
    source->base.name = wf_strndup(name, strlen(name));
    source->base.stamp = wf_str_hash(text);
    source->text = wf_strndup(text.data, text.len);
    source->len = text.len;
    source->piece = piece ? piece : SIZE_MAX;
    return &source->base;
}

void wf_item_source_free(struct wf_item_source *source) {
    if (!source)
        return;
    source->ops->free(source);
    free(source->name);
    free(source);
}
