/* doc.c - life of documents, and finding values in them. See doc.h. */
#include "doc_scan.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_BYTES ((size_t)64 << 20)
#define DEFAULT_DEPTH 512
#define MOST_BYTES ((size_t)1 << 31)

/* Short text lies in one piece of memory with its document. */
static bool text_inside(const struct wf_doc *doc) {
    return doc->text == (const char *)(doc + 1);
}

struct wf_doc *wf_doc_new(size_t len) {
    struct wf_doc *doc = wf_malloc(sizeof(*doc) + len + WF_DOC_PAD);
    atomic_init(&doc->refs, 1);
    atomic_init(&doc->node_count, 0);
    atomic_init(&doc->nodes, NULL);
    doc->len = len;
    doc->text = (char *)(doc + 1);
    memset(doc->text + len, 0, WF_DOC_PAD);
    return doc;
}

struct wf_doc *wf_doc_ref(struct wf_doc *doc) {
    atomic_fetch_add_explicit(&doc->refs, 1, memory_order_relaxed);
    return doc;
}

void wf_doc_unref(struct wf_doc *doc) {
    if (!doc)
        return;
    if (atomic_fetch_sub_explicit(&doc->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (!text_inside(doc))
        free(doc->text);
    free(doc->nodes);
    free(doc);
}

/* The text without the blanks around it. */
static struct wf_str trim(struct wf_str text) {
    while (text.len && wf_json_blank(text.data[0]))
        text.data++, text.len--;
    while (text.len && wf_json_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

struct wf_doc *wf_doc_trusted(struct wf_str text) {
    text = trim(text);
    struct wf_doc *doc = wf_doc_new(text.len);
    if (text.len)
        memcpy(doc->text, text.data, text.len);
    return doc;
}

struct wf_doc *wf_doc_trusted_buf(struct wf_buf *buf) {
    struct wf_str text = trim((struct wf_str){buf->data, buf->len});

    /* Taking a buffer pays when it is large and well filled. */
    if (text.len < 4096 || buf->cap - text.len > text.len / 4) {
        struct wf_doc *copy = wf_doc_trusted(text);
        wf_buf_free(buf);
        return copy;
    }
    struct wf_doc *doc = wf_doc_new(0);
    size_t lead = (size_t)(text.data - buf->data);
    wf_buf_reserve(buf, WF_DOC_PAD);
    doc->text = buf->data;
    doc->len = text.len;
    if (lead)
        memmove(doc->text, doc->text + lead, text.len);
    memset(doc->text + doc->len, 0, WF_DOC_PAD);
    *buf = (struct wf_buf){0};
    return doc;
}

/** Lines and columns (in characters) count from 1. */
struct place {
    size_t line;
    size_t column;
};

static void place_move(struct place *place, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            place->line++;
            place->column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            place->column++;
        }
    }
}

/* Says in words what stands where something else was expected. */
static void describe(const struct wf_doc *doc, size_t offset, char out[64]) {
    const char *at = doc->text + offset, *end = doc->text + doc->len;
    unsigned char c = (unsigned char)*at;
    size_t len = wf_utf8_length(at, end);

    if (at >= end)
        snprintf(out, 64, "the text ends");
    else if (len == 0 || c < 0x20 || c == 0x7f)
        snprintf(out, 64, "found byte 0x%02X", c);
    else
        snprintf(out, 64, "found '%.*s'", (int)len, at);
}

static int fault_report(const struct wf_doc *doc, struct place place,
                        const struct wf_doc_fault *fault, unsigned max_depth,
                        struct wf_error *err) {
    char found[64];

    place_move(&place, doc->text, fault->offset);
    if (!fault->expected)
        return wf_error_set(err, WF_E_LIMIT,
                            "line %zu, column %zu: nested deeper than the "
                            "limit of %u levels",
                            place.line, place.column, max_depth);
    describe(doc, fault->offset, found);
    return wf_error_set(err, WF_E_INVALID,
                        "line %zu, column %zu: expected %s, but %s",
                        place.line, place.column, fault->expected, found);
}

static int check_size(size_t len, const struct wf_doc_limits *limits,
                      struct wf_error *err) {
    size_t most = limits && limits->max_bytes ? limits->max_bytes
                                              : DEFAULT_BYTES;
    if (most > MOST_BYTES)
        most = MOST_BYTES;
    if (len <= most)
        return 0;
    return wf_error_set(err, WF_E_LIMIT,
                        "the document has %zu bytes, more than the limit of "
                        "%zu", len, most);
}

/* Checks and indexes `doc`, whose text began at `place`; takes it. */
static struct wf_doc *check(struct wf_doc *doc, struct place place,
                            const struct wf_doc_limits *limits,
                            struct wf_error *err) {
    unsigned depth = limits && limits->max_depth ? limits->max_depth
                                                 : DEFAULT_DEPTH;
    struct wf_doc_fault fault;

    if (wf_doc_scan(doc, depth, &fault) == 0)
        return doc;
    fault_report(doc, place, &fault, depth, err);
    wf_doc_unref(doc);
    return NULL;
}

static struct place place_of_value(struct wf_str text) {
    struct place place = {1, 1};
    size_t lead = 0;
    while (lead < text.len && wf_json_blank(text.data[lead]))
        lead++;
    place_move(&place, text.data, lead);
    return place;
}

struct wf_doc *wf_doc_parse(struct wf_str text,
                            const struct wf_doc_limits *limits,
                            struct wf_error *err) {
    if (check_size(text.len, limits, err) != 0)
        return NULL;
    struct place place = place_of_value(text);
    return check(wf_doc_trusted(text), place, limits, err);
}

struct wf_doc *wf_doc_parse_buf(struct wf_buf *text,
                                const struct wf_doc_limits *limits,
                                struct wf_error *err) {
    if (check_size(text->len, limits, err) != 0) {
        wf_buf_free(text);
        return NULL;
    }
    struct place place =
        place_of_value((struct wf_str){text->data, text->len});
    return check(wf_doc_trusted_buf(text), place, limits, err);
}

int wf_doc_borrow(struct wf_doc *doc, struct wf_str text, struct wf_buf *copy,
                  struct wf_doc_room *room, struct wf_error *err) {
    struct place place = place_of_value(text);
    struct wf_doc_fault fault;

    text = trim(text);
    copy->len = 0;
    wf_buf_reserve(copy, text.len + WF_DOC_PAD);
    memcpy(copy->data, text.data, text.len);
    memset(copy->data + text.len, 0, WF_DOC_PAD);
    doc->text = copy->data;
    doc->len = text.len;
    int status = wf_doc_scan_in(doc, room, DEFAULT_DEPTH, &fault);
    if (status != 0)
        status = fault_report(doc, place, &fault, DEFAULT_DEPTH, err);
    doc->text = (char *)text.data; /* it is only read */
    return status;
}

void wf_doc_forget(struct wf_doc *doc) {
    atomic_store_explicit(&doc->node_count, 0, memory_order_relaxed);
    atomic_store_explicit(&doc->nodes, NULL, memory_order_relaxed);
}

/* Another thread may index the document, too: the first one's index stays. */
static const struct wf_node *index_trusted(struct wf_doc *doc) {
    struct wf_doc own = {.text = doc->text, .len = doc->len};
    struct wf_node *none = NULL;
    struct wf_doc_fault fault;

    if (doc->len > MOST_BYTES || wf_doc_scan(&own, UINT32_MAX, &fault) != 0) {
        /* Not what it was said to be: whoever looks inside finds null. */
        struct wf_node *null = wf_malloc(sizeof(*null));
        *null = (struct wf_node){.next = 1, .type = WF_JSON_NULL};
        own.nodes = null;
        own.node_count = 1;
    }
    if (!atomic_compare_exchange_strong(&doc->nodes, &none, own.nodes))
        free(own.nodes);
    atomic_store_explicit(&doc->node_count, own.node_count,
                          memory_order_release);
    return doc->nodes;
}

const struct wf_node *wf_doc_nodes(struct wf_doc *doc) {
    bool known =
        atomic_load_explicit(&doc->node_count, memory_order_acquire) != 0;
    return known ? doc->nodes : index_trusted(doc);
}

enum wf_json_type wf_value_type(struct wf_value value) {
    return (enum wf_json_type)wf_doc_nodes(value.doc)[value.node].type;
}

struct wf_str wf_value_text(struct wf_value value) {
    if (value.node == 0) /* the whole; needs no index */
        return wf_doc_text(value.doc);
    const struct wf_node *node = &value.doc->nodes[value.node];
    return (struct wf_str){value.doc->text + node->start,
                           node->end - node->start};
}

struct wf_doc *wf_value_doc(struct wf_value value) {
    if (value.node == 0)
        return wf_doc_ref(value.doc);
    const struct wf_node *from = &value.doc->nodes[value.node];
    struct wf_doc *doc = wf_doc_trusted(wf_value_text(value));
    uint32_t count = from->next - value.node, shift = from->start;

    struct wf_node *nodes = wf_malloc(count * sizeof(*nodes));
    for (uint32_t i = 0; i < count; i++) {
        nodes[i] = from[i];
        nodes[i].start -= shift;
        nodes[i].end -= shift;
        nodes[i].next -= value.node;
    }
    atomic_store_explicit(&doc->nodes, nodes, memory_order_relaxed);
    atomic_store_explicit(&doc->node_count, count, memory_order_relaxed);
    return doc;
}

/* True if a string node with escapes is this name. */
static bool escaped_name_is(const char *text, const struct wf_node *node,
                            struct wf_str name) {
    struct wf_str raw = {text + node->start + 1, node->end - node->start - 2};

    if (name.len > raw.len) /* an escape is longer than what it stands for */
        return false;
    return wf_string_is(raw, name);
}

/* Most names differ in length or first byte: little is done for those. */
bool wf_value_member(struct wf_value object, struct wf_str key,
                     struct wf_value *found) {
    const struct wf_node *nodes = wf_doc_nodes(object.doc);
    const struct wf_node *node = &nodes[object.node], *hit = NULL;
    const struct wf_node *end = nodes + node->next;
    const char *text = object.doc->text;
    const char first = key.len ? *key.data : '"';
    size_t quoted = key.len + 2;

    if (node->type != WF_JSON_OBJECT)
        return false;
    for (node++; node < end; node = nodes + node[1].next) {
        if (node->count != 0) {
            if (escaped_name_is(text, node, key))
                hit = node; /* go on: the last one counts */
        } else if (node->end - node->start == quoted &&
                   text[node->start + 1] == first &&
                   (key.len < 2 || memcmp(text + node->start + 1, key.data,
                                          key.len) == 0)) {
            hit = node;
        }
    }
    if (!hit)
        return false;
    *found = (struct wf_value){object.doc, (uint32_t)(hit - nodes) + 1};
    return true;
}

bool wf_value_element(struct wf_value array, int64_t index,
                      struct wf_value *found) {
    const struct wf_node *nodes = wf_doc_nodes(array.doc);
    const struct wf_node *node = &nodes[array.node];

    if (node->type != WF_JSON_ARRAY)
        return false;
    if (index < 0)
        index += node->count;
    if (index < 0 || index >= node->count)
        return false;
    uint32_t at = array.node + 1;
    while (index-- > 0)
        at = nodes[at].next;
    *found = (struct wf_value){array.doc, at};
    return true;
}

bool wf_value_next_element(struct wf_value array, struct wf_value *element) {
    const struct wf_node *nodes = wf_doc_nodes(array.doc);
    element->node = element->doc ? nodes[element->node].next : array.node + 1;
    element->doc = array.doc;
    return element->node < nodes[array.node].next;
}
