/* table.c - the executions in memory, by id and by machine and name. */
#include <stdlib.h>

#include "engine_impl.h"

#define LEAST_SIZE 256

static size_t hash_id(uint64_t id) {
    id *= UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(id ^ id >> 32);
}

static uint64_t hash_name(uint32_t machine, struct wf_str name) {
    return hash_id(wf_str_hash(name) + machine);
}

static void insert(struct wf_table *table, struct wf_execution *execution) {
    size_t mask = table->size - 1;
    size_t id = hash_id(execution->id) & mask;
    size_t name = execution->name_hash & mask;
    execution->id_next = table->by_id[id];
    table->by_id[id] = execution;
    execution->name_next = table->by_name[name];
    table->by_name[name] = execution;
}

static void resize(struct wf_table *table, size_t size) {
    struct wf_table other = {.size = size, .count = table->count};
    other.by_id = wf_calloc(size, sizeof(*other.by_id));
    other.by_name = wf_calloc(size, sizeof(*other.by_name));
    for (size_t i = 0; i < table->size; i++)
        for (struct wf_execution *e = table->by_id[i], *next; e; e = next) {
            next = e->id_next;
            insert(&other, e);
        }
    wf_table_free(table);
    *table = other;
}

void wf_table_add(struct wf_table *table, struct wf_execution *execution) {
    if (table->count >= table->size)
        resize(table, table->size ? table->size * 2 : LEAST_SIZE);
    execution->name_hash =
        hash_name(execution->machine->id, wf_str(execution->name));
    insert(table, execution);
    table->count++;
}

void wf_table_remove(struct wf_table *table, struct wf_execution *execution) {
    size_t mask = table->size - 1;
    struct wf_execution **at = &table->by_id[hash_id(execution->id) & mask];
    while (*at != execution)
        at = &(*at)->id_next;
    *at = execution->id_next;
    at = &table->by_name[execution->name_hash & mask];
    while (*at != execution)
        at = &(*at)->name_next;
    *at = execution->name_next;
    table->count--;
}

void wf_table_shrink(struct wf_table *table) {
    size_t size = LEAST_SIZE;
    while (size < table->count * 2)
        size *= 2;
    if (size < table->size / 4)
        resize(table, size);
}

struct wf_execution *wf_table_by_id(const struct wf_table *table,
                                    uint64_t id) {
    if (table->size == 0)
        return NULL;
    struct wf_execution *e = table->by_id[hash_id(id) & (table->size - 1)];
    while (e && e->id != id)
        e = e->id_next;
    return e;
}

struct wf_execution *wf_table_by_name(const struct wf_table *table,
                                      uint32_t machine, struct wf_str name) {
    if (table->size == 0)
        return NULL;
    size_t slot = (size_t)hash_name(machine, name) & (table->size - 1);
    struct wf_execution *e = table->by_name[slot];
    while (e && (e->machine->id != machine ||
                 !wf_str_eq(wf_str(e->name), name)))
        e = e->name_next;
    return e;
}

void wf_table_free(struct wf_table *table) {
    free(table->by_id);
    free(table->by_name);
    *table = (struct wf_table){0};
}
