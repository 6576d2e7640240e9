/*
 * table.c - the executions in memory, by id, by machine and name, and by the
 * list they are in (their machine's, or their Map Run's) and age.
 *
 * By age they are in a treap: a tree ordered by place, in which none stands
 * above one of a lower rank; ranks are as good as random, so it is about as
 * deep as a balanced one. EXPRESS executions, which no list shows, are not.
 */
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

/* ---- by age ---- */

static struct wf_place place_of(const struct wf_execution *e) {
    const struct wf_map_child *child = e->map_child;
    struct wf_place place = {.machine = e->machine->id, .id = e->id};
    if (child) {
        place.parent = child->parent;
        place.run = child->run;
    } else {
        place.start_ms = e->start_ms;
    }
    return place;
}

static bool is_same_list(const struct wf_place *a, const struct wf_place *b) {
    return a->machine == b->machine && a->parent == b->parent &&
           a->run == b->run;
}

static bool is_before(const struct wf_execution *e,
                      const struct wf_place *at) {
    struct wf_place place = place_of(e);
    if (place.machine != at->machine)
        return place.machine < at->machine;
    if (place.parent != at->parent)
        return place.parent < at->parent;
    if (place.run != at->run)
        return place.run < at->run;
    if (place.start_ms != at->start_ms)
        return place.start_ms < at->start_ms;
    return place.id < at->id;
}

static bool ranks_above(const struct wf_execution *a,
                        const struct wf_execution *b) {
    size_t x = hash_id(a->id), y = hash_id(b->id);
    return x != y ? x > y : a->id > b->id;
}

static void tree_insert(struct wf_execution **at, struct wf_execution *new) {
    struct wf_place place = place_of(new);
    while (*at && ranks_above(*at, new))
        at = is_before(*at, &place) ? &(*at)->newer : &(*at)->older;
    struct wf_execution *rest = *at;
    struct wf_execution **older = &new->older, **newer = &new->newer;
    *at = new;
    while (rest) {
        struct wf_execution ***side = is_before(rest, &place) ? &older
                                                              : &newer;
        **side = rest;
        *side = side == &older ? &rest->newer : &rest->older;
        rest = **side;
    }
    *older = *newer = NULL;
}

static void tree_remove(struct wf_execution **at, struct wf_execution *gone) {
    struct wf_place place = place_of(gone);
    while (*at != gone)
        at = is_before(*at, &place) ? &(*at)->newer : &(*at)->older;
    struct wf_execution *older = gone->older, *newer = gone->newer;
    while (older && newer)
        if (ranks_above(older, newer)) {
            *at = older;
            at = &older->newer;
            older = *at;
        } else {
            *at = newer;
            at = &newer->older;
            newer = *at;
        }
    *at = older ? older : newer;
}

struct wf_execution *wf_table_before(const struct wf_table *table,
                                     const struct wf_place *place) {
    struct wf_execution *found = NULL;
    for (struct wf_execution *at = table->tree; at;)
        if (is_before(at, place)) {
            found = at;
            at = at->newer;
        } else {
            at = at->older;
        }
    if (!found)
        return NULL;
    struct wf_place there = place_of(found);
    return is_same_list(&there, place) ? found : NULL;
}

/* ---- by id and name ---- */

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
    struct wf_table other = {
        .size = size, .count = table->count, .tree = table->tree};
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
    if (!execution->express)
        tree_insert(&table->tree, execution);
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
    if (!execution->express)
        tree_remove(&table->tree, execution);
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
    while (e && (e->map_child || e->machine->id != machine ||
                 !wf_str_eq(wf_str(e->name), name)))
        e = e->name_next;
    return e;
}

void wf_table_free(struct wf_table *table) {
    free(table->by_id);
    free(table->by_name);
    *table = (struct wf_table){0};
}
