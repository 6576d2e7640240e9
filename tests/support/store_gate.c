/* store_gate.c - see store_gate.h. */
#include "store_gate.h"

#include <stdlib.h>

struct held {
    struct held *next;
    struct wf_batch *batch;
    wf_durable_fn *done;
    void *arg;
};

/* A read that was asked for while answers are held; what it has found. */
struct answer {
    struct answer *next;
    struct gate *gate;
    bool is_there;
    struct wf_row *rows;
    struct wf_buf bytes; /* of the rows */
    size_t count;
    bool more;
    wf_rows_fn *give;
    void *arg;
};

struct gate {
    struct wf_store base;
    struct wf_store *behind;
    bool is_closed, holds_answers;
    struct held *first, **end;
    struct answer *answers; /* newest first */
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

static void answer_free(struct answer *answer) {
    struct answer **at = &answer->gate->answers;
    while (*at != answer)
        at = &(*at)->next;
    *at = answer->next;
    free(answer->rows);
    wf_buf_free(&answer->bytes);
    free(answer);
}

static void answer_keep(struct answer *answer, const struct wf_row *rows,
                        size_t count, bool more) {
    for (size_t i = 0; i < count; i++) {
        wf_buf_addstr(&answer->bytes, rows[i].key);
        wf_buf_addstr(&answer->bytes, rows[i].value);
    }
    answer->rows = wf_calloc(count, sizeof(*rows));
    const char *at = answer->bytes.data;
    for (size_t i = 0; i < count; i++) {
        answer->rows[i].key = (struct wf_str){at, rows[i].key.len};
        at += rows[i].key.len;
        answer->rows[i].value = (struct wf_str){at, rows[i].value.len};
        at += rows[i].value.len;
    }
    answer->count = count;
    answer->more = more;
    answer->is_there = true;
}

static void answered(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct answer *answer = arg;
    if (answer->gate->holds_answers && !err) {
        answer_keep(answer, rows, count, more);
        return;
    }
    answer->give(answer->arg, rows, count, more, err);
    answer_free(answer);
}

static void op_scan(struct wf_store *base, const struct wf_range *range,
                    wf_rows_fn *rows, void *arg) {
    struct gate *gate = gate_of(base);
    if (!gate->holds_answers) {
        wf_store_scan(gate->behind, range, rows, arg);
        return;
    }
    struct answer *answer = wf_calloc(1, sizeof(*answer));
    *answer = (struct answer){
        .next = gate->answers, .gate = gate, .give = rows, .arg = arg};
    gate->answers = answer;
    wf_store_scan(gate->behind, range, answered, answer);
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

void store_gate_hold_answers(struct wf_store *base, bool hold) {
    gate_of(base)->holds_answers = hold;
}

unsigned store_gate_answers(const struct wf_store *base) {
    const struct answer *answer = ((const struct gate *)base)->answers;
    unsigned count = 0;
    for (; answer; answer = answer->next)
        count += answer->is_there;
    return count;
}

void store_gate_give_answers(struct wf_store *base) {
    struct gate *gate = gate_of(base);
    struct answer *answer, *next;
    for (answer = gate->answers; answer; answer = next) {
        next = answer->next;
        if (!answer->is_there)
            continue; /* it is given when it comes */
        answer->give(answer->arg, answer->rows, answer->count, answer->more,
                     NULL);
        answer_free(answer);
    }
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
    while (gate->answers)
        answer_free(gate->answers);
    wf_store_watch(behind, NULL, NULL);
    free(gate);
    return behind;
}
