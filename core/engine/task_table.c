/*
 * task_table.c - task id -> frame, for the answers of the pool.
 *
 * Open addressing with linear probing; the table doubles when half full.
 */
#include <stdlib.h>

#include "engine_impl.h"

struct wf_task_slot {
    uint64_t task; /* 0: free */
    struct wf_frame *frame;
};

static size_t slot_of(const struct wf_task_table *table, uint64_t task) {
    size_t mask = table->size - 1;
    size_t at = (size_t)(task * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;
    while (table->slots[at].task != 0 && table->slots[at].task != task)
        at = (at + 1) & mask;
    return at;
}

void wf_task_table_put(struct wf_task_table *table, uint64_t task,
                      struct wf_frame *frame) {
    if (table->count * 2 >= table->size) {
        struct wf_task_table bigger = {
            .size = table->size ? table->size * 2 : 256,
            .count = table->count,
        };
        bigger.slots = wf_calloc(bigger.size, sizeof(*bigger.slots));
        for (size_t i = 0; i < table->size; i++)
            if (table->slots[i].task)
                bigger.slots[slot_of(&bigger, table->slots[i].task)] =
                    table->slots[i];
        free(table->slots);
        *table = bigger;
    }
    table->slots[slot_of(table, task)] = (struct wf_task_slot){task, frame};
    table->count++;
}

struct wf_frame *wf_task_table_get(const struct wf_task_table *table,
                                  uint64_t task) {
    return table->size ? table->slots[slot_of(table, task)].frame : NULL;
}

void wf_task_table_remove(struct wf_task_table *table, uint64_t task) {
    if (table->size == 0)
        return;
    size_t mask = table->size - 1, at = slot_of(table, task);
    if (table->slots[at].task == 0)
        return;
    table->count--;
    /* Moves back what stands behind the gap (Knuth 6.4, algorithm R). */
    for (size_t next = (at + 1) & mask; table->slots[next].task;
         next = (next + 1) & mask) {
        size_t home = (size_t)(table->slots[next].task *
                                   UINT64_C(0x9e3779b97f4a7c15) >>
                               32) &
                      mask;
        if (((next - home) & mask) >= ((next - at) & mask)) {
            table->slots[at] = table->slots[next];
            at = next;
        }
    }
    table->slots[at] = (struct wf_task_slot){0};
}

void wf_task_table_free(struct wf_task_table *table) {
    free(table->slots);
    *table = (struct wf_task_table){0};
}
