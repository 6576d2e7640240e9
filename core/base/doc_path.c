/* doc_path.c - compiled definite paths: find and put. See doc.h. */
#include "doc_scan.h"

#include <stdlib.h>

/** A name, or an index if `name.data` is NULL. */
struct step {
    struct wf_str name; /**< Owned. */
    int64_t index;
};

struct wf_path {
    struct step *steps;
    unsigned length;
};

struct wf_path *wf_path_new(void) {
    return wf_calloc(1, sizeof(struct wf_path));
}

void wf_path_free(struct wf_path *path) {
    if (!path)
        return;
    for (unsigned i = 0; i < path->length; i++)
        free((char *)path->steps[i].name.data);
    free(path->steps);
    free(path);
}

static void add_step(struct wf_path *path, struct step step) {
    path->steps = wf_realloc(path->steps,
                             (path->length + 1) * sizeof(*path->steps));
    path->steps[path->length++] = step;
}

void wf_path_name(struct wf_path *path, struct wf_str name) {
    char *copy = wf_strndup(name.data, name.len);
    add_step(path, (struct step){.name = {copy, name.len}});
}

void wf_path_index(struct wf_path *path, int64_t index) {
    add_step(path, (struct step){.index = index});
}

unsigned wf_path_length(const struct wf_path *path) {
    return path->length;
}

static inline bool take_step(const struct step *step, struct wf_value from,
                      struct wf_value *found) {
    if (step->name.data)
        return wf_value_member(from, step->name, found);
    return wf_value_element(from, step->index, found);
}

bool wf_path_find_counting(const struct wf_path *path, struct wf_value root,
                           struct wf_value *found, size_t *visited) {
    for (unsigned i = 0; i < path->length; i++) {
        const struct wf_node *node = &wf_doc_nodes(root.doc)[root.node];
        if (node->type >= WF_JSON_ARRAY) /* a string's is something else */
            *visited += node->count;
        if (!take_step(&path->steps[i], root, &root))
            return false;
    }
    *found = root;
    return true;
}

bool wf_path_find(const struct wf_path *path, struct wf_value root,
                  struct wf_value *found) {
    size_t visited = 0;
    return wf_path_find_counting(path, root, found, &visited);
}

/** Text to be replaced: [start, end) of the root's; what goes around. */
struct splice {
    size_t start;
    size_t end;
    struct wf_buf before; /**< Names of what has to be created. */
    size_t braces;        /**< '}' behind the value. */
};

/* Behind the last member's value, or behind the '{'. */
static uint32_t members_end(struct wf_value object) {
    const struct wf_node *nodes = wf_doc_nodes(object.doc);
    uint32_t end = nodes[object.node].start + 1;

    for (uint32_t at = object.node + 1; at < nodes[object.node].next;
         at = nodes[at + 1].next)
        end = nodes[at + 1].end;
    return end;
}

/* Plans a new member of `object` for the steps from `step` on. */
static bool plan_member(const struct wf_path *path, unsigned step,
                        struct wf_value object, struct splice *splice) {
    const struct wf_node *node = &wf_doc_nodes(object.doc)[object.node];

    if (node->type != WF_JSON_OBJECT)
        return false;
    for (unsigned i = step; i < path->length; i++)
        if (!path->steps[i].name.data)
            return false; /* arrays are not made up */
    splice->start = splice->end = members_end(object);
    if (node->count)
        wf_buf_u8(&splice->before, ',');
    for (unsigned i = step; i < path->length; i++) {
        if (i > step) {
            wf_buf_u8(&splice->before, '{');
            splice->braces++;
        }
        wf_buf_json(&splice->before, path->steps[i].name);
        wf_buf_u8(&splice->before, ':');
    }
    return true;
}

static bool plan(const struct wf_path *path, struct wf_value root,
                 struct splice *splice) {
    for (unsigned i = 0; i < path->length; i++)
        if (!take_step(&path->steps[i], root, &root))
            return plan_member(path, i, root, splice);
    const struct wf_node *node = &wf_doc_nodes(root.doc)[root.node];
    splice->start = node->start;
    splice->end = node->end;
    return true;
}

static char *append(char *to, const char *data, size_t len) {
    if (len)
        memcpy(to, data, len);
    return to + len;
}

struct wf_doc *wf_path_put(const struct wf_path *path, struct wf_value root,
                           struct wf_value value) {
    struct splice splice = {0};

    if (path->length == 0)
        return wf_value_doc(value);
    wf_doc_nodes(root.doc);
    if (!plan(path, root, &splice))
        return NULL;
    struct wf_str whole = wf_value_text(root), text = wf_value_text(value);
    size_t offset = (size_t)(whole.data - root.doc->text);
    size_t head = splice.start - offset, tail = splice.end - offset;

    struct wf_doc *doc = wf_doc_new(head + splice.before.len + text.len +
                                    splice.braces + whole.len - tail);
    char *to = append(doc->text, whole.data, head);
    to = append(to, splice.before.data, splice.before.len);
    to = append(to, text.data, text.len);
    memset(to, '}', splice.braces);
    append(to + splice.braces, whole.data + tail, whole.len - tail);
    wf_buf_free(&splice.before);
    return doc;
}

/* Adds the members of `object` that `but` (perhaps without a document) has
 * not. */
static void add_members(struct wf_buf *out, struct wf_value object,
                        struct wf_value but) {
    const struct wf_node *nodes = wf_doc_nodes(object.doc);
    uint32_t end = nodes[object.node].next;
    struct wf_buf name = {0};
    for (uint32_t key = object.node + 1; key < end;
         key = nodes[key + 1].next) {
        struct wf_value found;
        name.len = 0;
        wf_value_string((struct wf_value){object.doc, key}, &name);
        if (but.doc && wf_value_member(
                           but, (struct wf_str){name.data, name.len}, &found))
            continue;
        wf_buf_addstr(out, out->len > 1 ? WF_STR(",") : WF_STR(""));
        wf_buf_addstr(out, wf_value_text((struct wf_value){object.doc, key}));
        wf_buf_u8(out, ':');
        wf_buf_addstr(out,
                      wf_value_text((struct wf_value){object.doc, key + 1}));
    }
    wf_buf_free(&name);
}

struct wf_doc *wf_object_merge(struct wf_value first,
                               struct wf_value second) {
    struct wf_buf out = {0};
    wf_buf_u8(&out, '{');
    add_members(&out, first, second);
    add_members(&out, second, (struct wf_value){NULL, 0});
    wf_buf_u8(&out, '}');
    return wf_doc_trusted_buf(&out);
}
