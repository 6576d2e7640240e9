/* item_batcher.c - batches of items. See item_batcher.h. */
#include "item_batcher.h"

/* Of a child's input, if ItemBatcher does not say. */
#define BATCH_BYTES ((size_t)256 << 10)

static uint64_t number_setting(struct wf_value settings, const char *name) {
    struct wf_value value;
    int64_t number;
    if (!wf_value_member(settings, wf_str(name), &value) ||
        !wf_value_integer(value, &number) || number < 0)
        return 0;
    return (uint64_t)number;
}

/* `{"Items":[`, with what the batcher adds before that. */
static void make_head(struct wf_item_batcher *batcher,
                      struct wf_value settings) {
    struct wf_value value;
    wf_buf_u8(&batcher->head, '{');
    if (wf_value_member(settings, WF_STR("batchInput"), &value)) {
        wf_buf_adds(&batcher->head, "\"BatchInput\":");
        wf_buf_addstr(&batcher->head, wf_value_text(value));
        wf_buf_u8(&batcher->head, ',');
    }
    wf_buf_adds(&batcher->head, "\"Items\":[");
}

void wf_item_batcher_init(struct wf_item_batcher *batcher,
                          struct wf_value settings) {
    *batcher = (struct wf_item_batcher){
        .max_items = number_setting(settings, "maxItemsPerBatch"),
        .max_bytes = number_setting(settings, "maxInputBytesPerBatch"),
    };
    batcher->is_used = batcher->max_items || batcher->max_bytes;
    if (batcher->max_bytes == 0)
        batcher->max_bytes = BATCH_BYTES;
    if (batcher->is_used)
        make_head(batcher, settings);
}

bool wf_item_batcher_fits(const struct wf_item_batcher *batcher,
                          size_t len) {
    size_t more = len + sizeof(",]}") - 1;
    return batcher->count == 0 ||
           batcher->head.len + batcher->text.len + more <= batcher->max_bytes;
}

bool wf_item_batcher_add(struct wf_item_batcher *batcher,
                         struct wf_str item) {
    if (batcher->count++ > 0)
        wf_buf_u8(&batcher->text, ',');
    wf_buf_addstr(&batcher->text, item);
    return batcher->count == batcher->max_items;
}

struct wf_doc *wf_item_batcher_close(struct wf_item_batcher *batcher) {
    struct wf_buf text = {0};
    wf_buf_add(&text, batcher->head.data, batcher->head.len);
    wf_buf_add(&text, batcher->text.data, batcher->text.len);
    wf_buf_adds(&text, "]}");
    batcher->text.len = 0;
    batcher->count = 0;
    return wf_doc_trusted_buf(&text);
}

size_t wf_item_batcher_bytes(const struct wf_item_batcher *batcher) {
    return batcher->head.cap + batcher->text.cap;
}

void wf_item_batcher_free(struct wf_item_batcher *batcher) {
    wf_buf_free(&batcher->head);
    wf_buf_free(&batcher->text);
}
