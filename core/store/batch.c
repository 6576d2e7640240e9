/*
 * batch.c - what a transition writes, packed. See store.h.
 *
 * One array of fixed-size operations and one buffer in which each key is
 * followed by its value. A large value that was handed over stays in its own
 * memory.
 */
#include "store.h"

#include <assert.h>
#include <stdlib.h>

/* Below this, copying a value is cheaper than keeping its allocation. */
#define LARGE_BYTES 4096

enum { OP_LARGE = 1, OP_ABSENT = 2 };

struct packed_op {
    uint64_t at;        /* of the key in `data`; the value follows it */
    uint32_t value_len; /* or of the range's end */
    uint32_t extra;     /* limit of a range; index of a large value */
    uint16_t key_len;
    uint8_t kind;       /* enum wf_op_kind */
    uint8_t flags;
};

struct wf_batch {
    struct packed_op *ops;
    size_t count, cap;
    struct wf_buf data;
    struct wf_buf *large;
    uint32_t large_count;
    uint16_t partition;
    size_t bytes;
};

struct wf_batch *wf_batch_new(uint16_t partition) {
    struct wf_batch *batch = wf_calloc(1, sizeof(*batch));
    batch->partition = partition;
    return batch;
}

void wf_batch_free(struct wf_batch *batch) {
    if (!batch)
        return;
    for (uint32_t i = 0; i < batch->large_count; i++)
        wf_buf_free(&batch->large[i]);
    free(batch->large);
    free(batch->ops);
    wf_buf_free(&batch->data);
    free(batch);
}

static bool in_partition(const struct wf_batch *batch, struct wf_str key) {
    return key.len >= 3 && key.len <= 500 &&
           (uint8_t)key.data[0] == batch->partition >> 8 &&
           (uint8_t)key.data[1] == (batch->partition & 0xff);
}

static struct packed_op *add(struct wf_batch *batch, enum wf_op_kind kind,
                             struct wf_str key, struct wf_str value) {
    assert(key.len <= UINT16_MAX && value.len <= INT32_MAX);
    if (batch->count == batch->cap) {
        batch->cap = batch->cap ? batch->cap * 2 : 8;
        batch->ops = wf_realloc(batch->ops, batch->cap * sizeof(*batch->ops));
    }
    struct packed_op *op = &batch->ops[batch->count++];
    *op = (struct packed_op){
        .at = batch->data.len,
        .value_len = (uint32_t)value.len,
        .key_len = (uint16_t)key.len,
        .kind = (uint8_t)kind,
    };
    wf_buf_add(&batch->data, key.data, key.len);
    wf_buf_add(&batch->data, value.data, value.len);
    batch->bytes += key.len + value.len;
    return op;
}

void wf_batch_put(struct wf_batch *batch, struct wf_str key,
                  struct wf_str value) {
    assert(in_partition(batch, key));
    add(batch, WF_OP_PUT, key, value);
}

void wf_batch_put_buf(struct wf_batch *batch, struct wf_str key,
                      struct wf_buf *value) {
    if (value->len < LARGE_BYTES) {
        wf_batch_put(batch, key, (struct wf_str){value->data, value->len});
        wf_buf_free(value);
        return;
    }
    assert(in_partition(batch, key) && value->len <= INT32_MAX);
    struct packed_op *op = add(batch, WF_OP_PUT, key, WF_STR_NULL);
    op->flags = OP_LARGE;
    op->value_len = (uint32_t)value->len;
    op->extra = batch->large_count;
    batch->bytes += value->len;
    batch->large = wf_realloc(batch->large, (batch->large_count + 1) *
                                                sizeof(*batch->large));
    batch->large[batch->large_count++] = *value;
    *value = (struct wf_buf){0};
}

void wf_batch_delete(struct wf_batch *batch, struct wf_str key) {
    assert(in_partition(batch, key));
    add(batch, WF_OP_DELETE, key, WF_STR_NULL);
}

void wf_batch_delete_range(struct wf_batch *batch, struct wf_str from,
                           struct wf_str to, unsigned limit) {
    assert(in_partition(batch, from) && to.len > 0);
    add(batch, WF_OP_DELETE_RANGE, from, to)->extra = limit;
}

void wf_batch_expect(struct wf_batch *batch, struct wf_str key,
                     struct wf_str value) {
    assert(in_partition(batch, key));
    struct packed_op *op = add(batch, WF_OP_EXPECT, key, value);
    if (!value.data)
        op->flags = OP_ABSENT;
}

size_t wf_batch_bytes(const struct wf_batch *batch) {
    return batch->bytes;
}

bool wf_batch_is_empty(const struct wf_batch *batch) {
    return batch->count == 0;
}

size_t wf_batch_count(const struct wf_batch *batch) {
    return batch->count;
}

struct wf_op wf_batch_op(const struct wf_batch *batch, size_t index) {
    const struct packed_op *packed = &batch->ops[index];
    const char *key = batch->data.data + packed->at;
    struct wf_op op = {
        .kind = (enum wf_op_kind)packed->kind,
        .key = {key, packed->key_len},
        .value = {key + packed->key_len, packed->value_len},
    };
    if (packed->flags & OP_LARGE)
        op.value.data = batch->large[packed->extra].data;
    else if (packed->flags & OP_ABSENT)
        op.value.data = NULL;
    if (packed->kind == WF_OP_DELETE_RANGE)
        op.limit = packed->extra;
    return op;
}

uint16_t wf_batch_partition(const struct wf_batch *batch) {
    return batch->partition;
}
