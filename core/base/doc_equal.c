/*
 * doc_equal.c - deep equality of values. See doc.h.
 *
 * Objects whose members stand in the same order are compared in step;
 * otherwise both lists of members are sorted by name, so that a large
 * object costs n log n however it is ordered.
 */
#include "doc_scan.h"

#include <stdlib.h>

/* Beyond it only values with the same text are equal: bounds the stack. */
#define MOST_DEPTH 4000

static bool equal(struct wf_value a, struct wf_value b, unsigned depth);

static const struct wf_node *node_of(struct wf_value value) {
    return &wf_doc_nodes(value.doc)[value.node];
}

static struct wf_str raw_string(struct wf_value value) {
    const struct wf_node *node = node_of(value);
    return (struct wf_str){value.doc->text + node->start + 1,
                           node->end - node->start - 2};
}

/** A member with its name unescaped. */
struct member {
    struct wf_str name;
    struct wf_value value;
};

static int member_compare(const void *left, const void *right) {
    const struct member *a = left, *b = right;
    size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = len ? memcmp(a->name.data, b->name.data, len) : 0;

    if (order == 0)
        order = (a->name.len > b->name.len) - (a->name.len < b->name.len);
    if (order == 0) /* of duplicates, the last one counts */
        order = (a->value.node > b->value.node) -
                (a->value.node < b->value.node);
    return order;
}

/** An object's members, sorted, without those a duplicate hides. */
struct members {
    struct member *list;
    size_t count;
    char *names;
};

static void members_read(struct members *m, struct wf_value object) {
    const struct wf_node *nodes = wf_doc_nodes(object.doc);
    const struct wf_node *node = &nodes[object.node];
    size_t count = 0;

    m->list = wf_malloc(node->count * sizeof(*m->list));
    m->names = wf_malloc(node->end - node->start);
    char *to = m->names;
    for (uint32_t at = object.node + 1; at < node->next;
         at = nodes[at + 1].next) {
        struct wf_str raw = raw_string((struct wf_value){object.doc, at});
        size_t len = wf_string_unescape(raw, to);
        m->list[count++] = (struct member){
            {to, len}, {object.doc, at + 1}};
        to += len;
    }
    qsort(m->list, count, sizeof(*m->list), member_compare);
    m->count = 0;
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count ||
            !wf_str_eq(m->list[i].name, m->list[i + 1].name))
            m->list[m->count++] = m->list[i];
}

static void members_free(struct members *m) {
    free(m->list);
    free(m->names);
}

static bool equal_sorted(struct wf_value a, struct wf_value b,
                         unsigned depth) {
    struct members x, y;

    members_read(&x, a);
    members_read(&y, b);
    bool same = x.count == y.count;
    for (size_t i = 0; same && i < x.count; i++)
        same = wf_str_eq(x.list[i].name, y.list[i].name) &&
               equal(x.list[i].value, y.list[i].value, depth);
    members_free(&x);
    members_free(&y);
    return same;
}

static bool equal_strings(struct wf_value a, struct wf_value b) {
    struct wf_str x = raw_string(a), y = raw_string(b);

    if (node_of(b)->count == 0)
        return wf_string_is(x, y);
    if (node_of(a)->count == 0)
        return wf_string_is(y, x);
    char *characters = wf_malloc(y.len);
    size_t len = wf_string_unescape(y, characters);
    bool same = wf_string_is(x, (struct wf_str){characters, len});
    free(characters);
    return same;
}

/* True if names follow in the same order and are all different. */
static bool same_order(struct wf_value a, struct wf_value b) {
    const struct wf_node *x = wf_doc_nodes(a.doc), *y = wf_doc_nodes(b.doc);
    uint32_t i = a.node + 1, j = b.node + 1;

    if (x[a.node].count != y[b.node].count || x[a.node].count > 16)
        return false;
    for (; i < x[a.node].next; i = x[i + 1].next, j = y[j + 1].next) {
        if (!equal_strings((struct wf_value){a.doc, i},
                           (struct wf_value){b.doc, j}))
            return false;
        for (uint32_t k = x[i + 1].next; k < x[a.node].next;
             k = x[k + 1].next)
            if (equal_strings((struct wf_value){a.doc, i},
                              (struct wf_value){a.doc, k}))
                return false;
    }
    return true;
}

/* Elements, or the values of members in the same order. */
static bool equal_in_step(struct wf_value a, struct wf_value b, uint32_t skip,
                          unsigned depth) {
    const struct wf_node *x = wf_doc_nodes(a.doc), *y = wf_doc_nodes(b.doc);
    uint32_t i = a.node + 1 + skip, j = b.node + 1 + skip;

    if (x[a.node].count != y[b.node].count)
        return false;
    for (uint32_t left = x[a.node].count; left; left--) {
        if (!equal((struct wf_value){a.doc, i}, (struct wf_value){b.doc, j},
                   depth))
            return false;
        i = x[i].next + skip;
        j = y[j].next + skip;
    }
    return true;
}

static bool equal(struct wf_value a, struct wf_value b, unsigned depth) {
    enum wf_json_type type = wf_value_type(a);

    if (type != wf_value_type(b))
        return false;
    if (wf_str_eq(wf_value_text(a), wf_value_text(b)))
        return true;
    if (depth == MOST_DEPTH)
        return false;
    switch (type) {
    case WF_JSON_NUMBER:
        return wf_number_same(wf_value_text(a), wf_value_text(b));
    case WF_JSON_STRING:
        return equal_strings(a, b);
    case WF_JSON_ARRAY:
        return equal_in_step(a, b, 0, depth + 1);
    case WF_JSON_OBJECT:
        if (same_order(a, b))
            return equal_in_step(a, b, 1, depth + 1);
        return equal_sorted(a, b, depth + 1);
    default:
        return true;
    }
}

bool wf_value_equal(struct wf_value a, struct wf_value b) {
    return equal(a, b, 0);
}
