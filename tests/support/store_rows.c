/* store_rows.c - see store_rows.h. */
#include "store_rows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void take_rows(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct rows_taken *taken = arg;
    assert_null(err);
    assert_false(more);
    for (size_t i = 0; i < count; i++) {
        wf_buf_text(&taken->keys, rows[i].key);
        wf_buf_text(&taken->values, rows[i].value);
    }
    taken->count += (unsigned)count;
}

struct wf_store *rows_store(struct rig *rig) {
    struct wf_store_options options = {.directory = rig->data,
                                       .no_sync = true};
    struct wf_store *store;
    struct wf_error err;
    if (wf_store_open_lmdb(rig->loop, &options, &store, &err) != 0)
        fail_msg("%s", err.message);
    return store;
}

void rows_take(struct rig *rig, char table, struct rows_taken *taken) {
    struct wf_store *store = rows_store(rig);
    struct wf_key from = wf_key_table(0, table);
    struct wf_key to = wf_key_table_end(0, table);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_bytes = SIZE_MAX};
    struct wf_error err;
    *taken = (struct rows_taken){0};
    assert_int_equal(wf_store_scan_now(store, &range, take_rows, taken, &err),
                     0);
    wf_store_close(store);
}

void rows_put(struct rig *rig, struct wf_str key, struct wf_str value) {
    struct wf_store *store = rows_store(rig);
    struct wf_batch *batch = wf_batch_new(0);
    if (value.data)
        wf_batch_put(batch, key, value);
    else
        wf_batch_delete(batch, key);
    wf_store_apply(store, batch, NULL, NULL);
    wf_store_close(store);
}

struct wf_reader rows_reader(const struct wf_buf *texts) {
    return (struct wf_reader){texts->data, texts->data + texts->len, false};
}
