/*
 * fuzz_doc.c - payload documents: whatever the bytes are, they are refused
 * with a place, or each value of them is a document of its own and can be
 * put back without a change.
 */
#include <stdio.h>
#include <stdlib.h>

#include "doc.h"

static void require(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static struct wf_str random_name(const uint8_t *data, size_t size) {
    return (struct wf_str){(const char *)data, size < 3 ? size : 3};
}

/* A value parsed alone is the same value with the same index. */
static void check_alone(struct wf_value value) {
    struct wf_error err = {0};
    struct wf_doc *alone = wf_doc_parse(wf_value_text(value), NULL, &err);
    struct wf_doc *part = wf_value_doc(value);

    require(alone, "a value's text parses");
    require(alone->node_count == part->node_count, "same index");
    for (uint32_t i = 0; i < alone->node_count; i++)
        require(alone->nodes[i].start == part->nodes[i].start &&
                    alone->nodes[i].end == part->nodes[i].end &&
                    alone->nodes[i].next == part->nodes[i].next &&
                    alone->nodes[i].count == part->nodes[i].count &&
                    alone->nodes[i].type == part->nodes[i].type,
                "same node");
    require(wf_value_equal(value, (struct wf_value){alone, 0}), "equal");
    wf_doc_unref(part);
    wf_doc_unref(alone);
}

static void check_scalar(struct wf_value value) {
    struct wf_buf out = {0};
    int64_t integer;

    wf_value_string(value, &out);
    require(wf_utf8_valid((struct wf_str){out.data, out.len}),
            "a string is UTF-8");
    wf_buf_free(&out);
    if (wf_value_integer(value, &integer)) {
        wf_buf_addf(&out, "%lld", (long long)integer);
        struct wf_doc *doc = wf_doc_trusted_buf(&out);
        require(wf_value_equal(value, (struct wf_value){doc, 0}),
                "an integer is its number");
        wf_doc_unref(doc);
    }
    wf_value_number(value);
}

/* The name of a member finds the last one of that name. */
static void check_name(struct wf_value object, uint32_t at) {
    struct wf_value found;
    struct wf_buf name = {0};

    wf_value_string((struct wf_value){object.doc, at}, &name);
    require(wf_value_member(object, (struct wf_str){name.data, name.len},
                            &found) &&
                found.node >= at + 1,
            "a name is found");
    wf_buf_free(&name);
}

static void check_put(struct wf_value root, struct wf_str name) {
    struct wf_path *path = wf_path_new();
    struct wf_value found;

    wf_path_name(path, name);
    bool there = wf_path_find(path, root, &found);
    struct wf_doc *put = wf_path_put(path, root, there ? found : root);
    if (there)
        require(wf_str_eq(wf_doc_text(put), wf_doc_text(root.doc)),
                "putting back what was there changes nothing");
    if (put && wf_utf8_valid(name)) {
        struct wf_doc_limits limits = {.max_depth = 2000};
        struct wf_doc *again = wf_doc_parse(wf_doc_text(put), &limits, NULL);
        require(again && wf_path_find(path, (struct wf_value){again, 0},
                                      &found),
                "what was put is found");
        wf_doc_unref(again);
    }
    wf_doc_unref(put);
    wf_path_free(path);
}

static void check_values(struct wf_doc *doc) {
    const struct wf_node *nodes = wf_doc_nodes(doc);
    uint32_t step = doc->node_count / 50 + 1; /* enough of them */

    for (uint32_t i = 0; i < doc->node_count; i += step) {
        struct wf_value value = {doc, i};
        check_alone(value);
        check_scalar(value);
        if (nodes[i].type == WF_JSON_OBJECT && nodes[i].count)
            check_name(value, i + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct wf_str text = {(const char *)data, size};
    struct wf_error err = {0};
    struct wf_doc *doc = wf_doc_parse(text, NULL, &err);
    struct wf_doc *trusted = wf_doc_trusted(text);

    wf_doc_nodes(trusted); /* no crash, whatever it is */
    if (doc) {
        require(wf_value_equal((struct wf_value){doc, 0},
                               (struct wf_value){trusted, 0}),
                "trusted text is the same");
        check_values(doc);
        check_put((struct wf_value){doc, 0}, random_name(data, size));
    } else {
        require(err.message[0] != '\0', "an error has a message");
    }
    wf_doc_unref(trusted);
    wf_doc_unref(doc);
    return 0;
}
