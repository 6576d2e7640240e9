/* store_touched.c - see store_touched.h. */
#include "store_touched.h"

#define PREFIX 11
#define MASK (STORE_TOUCHED_SLOTS - 1)

void store_touched_clear(struct store_touched *touched) {
    if (touched->count > 0)
        memset(touched->slots, 0, sizeof(touched->slots));
    memset(touched->table, 0, sizeof(touched->table));
    memset(touched->whole, 0, sizeof(touched->whole));
    touched->count = 0;
}

void store_touched_all(struct store_touched *touched) {
    memset(touched->table, 1, sizeof(touched->table));
    memset(touched->whole, 1, sizeof(touched->whole));
}

static uint64_t hash_of(struct wf_str key) {
    if (key.len > PREFIX)
        key.len = PREFIX;
    uint64_t hash = wf_str_hash(key) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32 ? hash ^ hash >> 32 : 1;
}

/* The 8 bytes behind the prefix, in memcmp's order; zeros behind the end. */
static uint64_t rest_of(struct wf_str key) {
    uint64_t rest = 0;
    for (size_t i = PREFIX; i < PREFIX + 8; i++)
        rest = rest << 8 | (i < key.len ? (uint8_t)key.data[i] : 0);
    return rest;
}

/* The slot of a hash, or the free one where it belongs. */
static size_t slot_of(const struct store_touched *touched, uint64_t hash) {
    size_t slot = hash & MASK;
    while (touched->slots[slot] && touched->slots[slot] != hash)
        slot = (slot + 1) & MASK;
    return slot;
}

static void key_add(struct store_touched *touched, struct wf_str key) {
    uint8_t letter = (uint8_t)key.data[2];

    touched->table[letter] = true;
    if (touched->whole[letter])
        return;
    if (touched->count >= STORE_TOUCHED_SLOTS / 2) {
        touched->whole[letter] = true;
        return;
    }
    uint64_t hash = hash_of(key), rest = rest_of(key);
    size_t slot = slot_of(touched, hash);
    bool is_first = touched->slots[slot] == 0;
    touched->count += is_first;
    touched->slots[slot] = hash;
    if (is_first || rest < touched->lowest[slot])
        touched->lowest[slot] = rest;
}

/* The tables that a range may have keys of: first to last. */
static void tables_of(struct wf_str from, struct wf_str to, int *first,
                      int *last) {
    bool one = from.len >= 3 && to.len >= 3 &&
               memcmp(from.data, to.data, 2) == 0;
    *first = one ? (uint8_t)from.data[2] : 0;
    *last = one ? (uint8_t)to.data[2] : 255;
    if (one && to.len == 3)
        --*last; /* `to` itself is not in the range */
}

static void range_add(struct store_touched *touched, struct wf_str from,
                      struct wf_str to) {
    int first, last;
    tables_of(from, to, &first, &last);
    for (int i = first; i <= last; i++)
        touched->table[i] = touched->whole[i] = true;
}

void store_touched_add(struct store_touched *touched,
                       const struct wf_batch *batch) {
    size_t count = wf_batch_count(batch);
    for (size_t i = 0; i < count; i++) {
        struct wf_op op = wf_batch_op(batch, i);
        if (op.kind == WF_OP_DELETE_RANGE)
            range_add(touched, op.key, op.value);
        else if (op.kind != WF_OP_EXPECT)
            key_add(touched, op.key);
    }
}

/* Is `to` the first key behind all that begin with `from`'s prefix? */
static bool is_next_prefix(struct wf_str from, struct wf_str to) {
    size_t i = PREFIX;

    if (from.len < PREFIX || to.len != PREFIX)
        return false;
    while (i > 0 && (uint8_t)from.data[i - 1] == 0xff) {
        if (to.data[--i] != 0)
            return false;
    }
    return i > 0 && (uint8_t)to.data[i - 1] == (uint8_t)from.data[i - 1] + 1 &&
           memcmp(from.data, to.data, i - 1) == 0;
}

static bool ends_in_prefix(struct wf_str from, struct wf_str to) {
    return from.len >= PREFIX && to.len >= PREFIX &&
           memcmp(from.data, to.data, PREFIX) == 0;
}

/* Do all keys of the range have the same prefix? */
static bool is_one_prefix(struct wf_str from, struct wf_str to) {
    if (ends_in_prefix(from, to))
        return true;
    if (to.len == from.len + 1 && to.data[from.len] == '\0' &&
        memcmp(from.data, to.data, from.len) == 0)
        return true; /* one key */
    return is_next_prefix(from, to);
}

bool store_touched_has(const struct store_touched *touched, struct wf_str from,
                       struct wf_str to) {
    int first, last;
    bool any = false;

    tables_of(from, to, &first, &last);
    for (int i = first; i <= last && !any; i++)
        any = touched->table[i];
    if (!any || from.len < 3 || touched->whole[(uint8_t)from.data[2]] ||
        !is_one_prefix(from, to))
        return any;
    size_t slot = slot_of(touched, hash_of(from));
    if (touched->slots[slot] == 0)
        return false;
    return !ends_in_prefix(from, to) || rest_of(to) >= touched->lowest[slot];
}
