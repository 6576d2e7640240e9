/* store.c - what all stores share: dispatch. See store.h. */
#include "store.h"

#include <assert.h>

void wf_store_close(struct wf_store *store) {
    if (store)
        store->ops->close(store);
}

enum wf_store_state wf_store_state(const struct wf_store *store) {
    return store->ops->state(store);
}

void wf_store_watch(struct wf_store *store,
                    void (*changed)(void *arg, enum wf_store_state state,
                                    const struct wf_error *err),
                    void *arg) {
    store->changed = changed;
    store->changed_arg = arg;
}

void wf_store_stats(struct wf_store *store, struct wf_store_stats *stats) {
    *stats = (struct wf_store_stats){0};
    store->ops->stats(store, stats);
}

void wf_store_apply(struct wf_store *store, struct wf_batch *batch,
                    wf_durable_fn *done, void *arg) {
    if (store->tee)
        store->tee->applied(store->tee, batch);
    store->ops->apply(store, batch, done, arg);
}

void wf_store_get(struct wf_store *store, struct wf_str key, wf_rows_fn *rows,
                  void *arg) {
    char behind[512]; /* the key that follows `key` in memcmp order */

    assert(key.len > 0 && key.len < sizeof(behind));
    memcpy(behind, key.data, key.len);
    behind[key.len] = '\0';
    struct wf_range range = {
        .from = key,
        .to = {behind, key.len + 1},
        .max_rows = 1,
    };
    store->ops->scan(store, &range, rows, arg);
}

void wf_store_scan(struct wf_store *store, const struct wf_range *range,
                   wf_rows_fn *rows, void *arg) {
    store->ops->scan(store, range, rows, arg);
}

int wf_store_scan_now(struct wf_store *store, const struct wf_range *range,
                      wf_rows_fn *rows, void *arg, struct wf_error *err) {
    return store->ops->scan_now(store, range, rows, arg, err);
}
