/* store_gate.c - see store_gate.h. */
#include "store_gate.h"

#include <stdlib.h>

struct held {
    struct held *next;
    struct wf_batch *batch;
    wf_durable_fn *done;
    void *arg;
};

struct gate {
    struct wf_store base;
    struct wf_store *behind;
    bool is_closed;
    struct held *first, **end;
};

static struct gate *gate_of(struct wf_store *base) {
    return (struct gate *)base;
}

static void op_apply(struct wf_store *base, struct wf_batch *batch,
                     wf_durable_fn *done, void *arg) {
    struct gate *gate = gate_of(base);
    if (!gate->is_closed) {
        wf_store_apply(gate->behind, batch, done, arg);
        return;
    }
    struct held *held = wf_calloc(1, sizeof(*held));
    *held = (struct held){NULL, batch, done, arg};
    *gate->end = held;
    gate->end = &held->next;
}

static void op_scan(struct wf_store *base, const struct wf_range *range,
                    wf_rows_fn *rows, void *arg) {
    wf_store_scan(gate_of(base)->behind, range, rows, arg);
}

static int op_scan_now(struct wf_store *base, const struct wf_range *range,
                       wf_rows_fn *rows, void *arg, struct wf_error *err) {
    return wf_store_scan_now(gate_of(base)->behind, range, rows, arg, err);
}

static enum wf_store_state op_state(const struct wf_store *base) {
    return wf_store_state(((const struct gate *)base)->behind);
}

static void op_stats(struct wf_store *base, struct wf_store_stats *stats) {
    wf_store_stats(gate_of(base)->behind, stats);
}

static void op_close(struct wf_store *base) {
    store_gate_open(base);
    wf_store_close(store_gate_crash(base));
}

static const struct wf_store_ops gate_ops = {
    .close = op_close,
    .state = op_state,
    .stats = op_stats,
    .apply = op_apply,
    .scan = op_scan,
    .scan_now = op_scan_now,
};

static void state_changed(void *arg, enum wf_store_state state,
                          const struct wf_error *err) {
    struct gate *gate = arg;
    if (gate->base.changed)
        gate->base.changed(gate->base.changed_arg, state, err);
}

struct wf_store *store_gate_new(struct wf_store *behind) {
    struct gate *gate = wf_calloc(1, sizeof(*gate));
    gate->base.ops = &gate_ops;
    gate->behind = behind;
    gate->end = &gate->first;
    wf_store_watch(behind, state_changed, gate);
    return &gate->base;
}

void store_gate_close(struct wf_store *base) {
    gate_of(base)->is_closed = true;
}

void store_gate_open(struct wf_store *base) {
    struct gate *gate = gate_of(base);
    gate->is_closed = false;
    while (gate->first) {
        struct held *held = gate->first;
        gate->first = held->next;
        wf_store_apply(gate->behind, held->batch, held->done, held->arg);
        free(held);
    }
    gate->end = &gate->first;
}

struct wf_store *store_gate_crash(struct wf_store *base) {
    struct gate *gate = gate_of(base);
    struct wf_store *behind = gate->behind;
    while (gate->first) {
        struct held *held = gate->first;
        gate->first = held->next;
        wf_batch_free(held->batch);
        free(held);
    }
    wf_store_watch(behind, NULL, NULL);
    free(gate);
    return behind;
}
