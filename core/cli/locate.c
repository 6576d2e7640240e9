/* locate.c - from locations to places. See locate.h. */
#include "locate.h"

#include <stdlib.h>

/* Keys that are prefixes of each other branch the search; a definition made
 * to branch it without end finds the nearest thing only. */
enum { MOST_STEPS = 100000 };

struct walk {
    struct wf_doc *doc;
    const struct wf_node *nodes;
    struct wf_place *place;
    struct wf_str location;
    size_t best; /* bytes of the location that led to place->value */
    unsigned steps;
    struct wf_buf pointer, key;
};

static bool ends_step(const char *at, const char *end) {
    return at == end || *at == '/' || *at == '[';
}

/* Notes the value as the nearest so far; true if it is what was looked for. */
static bool arrive(struct walk *walk, uint32_t node, uint32_t key,
                   uint32_t states, size_t used) {
    struct wf_place *place = walk->place;

    if (used >= walk->best) {
        walk->best = used;
        place->value.node = node;
        place->key = key;
        place->states = states;
        place->pointer.len = 0;
        wf_buf_add(&place->pointer, walk->pointer.data, walk->pointer.len);
    }
    place->is_exact = used == walk->location.len;
    return place->is_exact;
}

static void add_key(struct wf_buf *pointer, struct wf_str key) {
    wf_buf_u8(pointer, '/');
    for (size_t i = 0; i < key.len; i++) {
        if (key.data[i] == '~' || key.data[i] == '/')
            wf_buf_adds(pointer, key.data[i] == '~' ? "~0" : "~1");
        else
            wf_buf_u8(pointer, (uint8_t)key.data[i]);
    }
}

static bool follow(struct walk *walk, uint32_t node, uint32_t key,
                   uint32_t states, size_t used);

static bool follow_member(struct walk *walk, uint32_t object, uint32_t states,
                          size_t used) {
    const char *at = walk->location.data + used + 1; /* behind the slash */
    const char *end = walk->location.data + walk->location.len;
    size_t pointer_len = walk->pointer.len;
    uint32_t key = object + 1;

    for (; key < walk->nodes[object].next; key = walk->nodes[key + 1].next) {
        struct wf_buf *name = &walk->key;
        uint32_t inner = states;

        name->len = 0;
        wf_value_string((struct wf_value){walk->doc, key}, name);
        if ((size_t)(end - at) < name->len ||
            (name->len && memcmp(at, name->data, name->len) != 0) ||
            !ends_step(at + name->len, end))
            continue;
        if (wf_str_eq((struct wf_str){name->data, name->len},
                      WF_STR("States")))
            inner = key + 1;
        add_key(&walk->pointer, (struct wf_str){name->data, name->len});
        if (follow(walk, key + 1, key, inner, used + 1 + name->len))
            return true;
        walk->pointer.len = pointer_len;
    }
    return false;
}

static bool follow_element(struct walk *walk, uint32_t array, uint32_t states,
                           size_t used) {
    const char *text = walk->location.data + used + 1; /* behind '[' */
    const char *end = walk->location.data + walk->location.len;
    uint32_t element = array + 1, index = 0;
    size_t pointer_len = walk->pointer.len;
    const char *at = text;
    bool found;

    for (; at < end && *at >= '0' && *at <= '9' && index < 1000000; at++)
        index = index * 10 + (uint32_t)(*at - '0');
    if (at == text || at == end || *at != ']' ||
        index >= walk->nodes[array].count)
        return false;
    wf_buf_addf(&walk->pointer, "/%u", index);
    while (index-- > 0)
        element = walk->nodes[element].next;
    found = follow(walk, element, 0, states,
                   (size_t)(at + 1 - walk->location.data));
    if (!found)
        walk->pointer.len = pointer_len;
    return found;
}

static bool follow(struct walk *walk, uint32_t node, uint32_t key,
                   uint32_t states, size_t used) {
    char next;

    if (arrive(walk, node, key, states, used))
        return true;
    if (++walk->steps > MOST_STEPS)
        return false;
    next = walk->location.data[used];
    if (next == '/' && walk->nodes[node].type == WF_JSON_OBJECT)
        return follow_member(walk, node, states, used);
    if (next == '[' && walk->nodes[node].type == WF_JSON_ARRAY)
        return follow_element(walk, node, states, used);
    return false;
}

void wf_locate(struct wf_doc *doc, struct wf_str location,
               struct wf_place *place) {
    struct walk walk = {
        .doc = doc,
        .nodes = wf_doc_nodes(doc),
        .place = place,
        .location = location,
    };

    *place = (struct wf_place){.value = {doc, 0}};
    if (wf_str_eq(location, WF_STR("/")))
        walk.location.len = 0;
    follow(&walk, 0, 0, 0, 0);
    wf_buf_free(&walk.pointer);
    wf_buf_free(&walk.key);
}

void wf_place_deinit(struct wf_place *place) {
    wf_buf_free(&place->pointer);
}

void wf_line_of(struct wf_str text, size_t offset, size_t *line,
                size_t *column) {
    *line = *column = 1;
    for (size_t i = 0; i < offset && i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c == '\n') {
            ++*line;
            *column = 1;
        } else if ((c & 0xc0) != 0x80) {
            ++*column;
        }
    }
}
