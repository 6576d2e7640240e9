/*
 * doc.h - payload documents: JSON text that is parsed at most once and never
 * re-encoded.
 *
 * A document is immutable text plus, on demand, an index of its values (the
 * "tape"). A value is a document and the number of a node; its text is a
 * slice of the document's, so whatever passes through keeps its key order,
 * its duplicate keys, the digits of its numbers and the escapes of its
 * strings. Surrounding blanks are not part of a value; blanks inside are
 * kept.
 *
 * The tape lists the nodes in the order of the text. After an array's node
 * come its elements; after an object's, key (a string node) and value in
 * turn. `next` is the number of the first node behind the whole value, so
 * siblings are found without visiting children.
 *
 * Documents are reference-counted (the count is atomic) and may be shared
 * between threads, indexed or not: if two index a document at the same time,
 * one of the two equal indexes is kept.
 */
#ifndef WF_DOC_H
#define WF_DOC_H

#include "base.h"

enum wf_json_type {
    WF_JSON_NULL = 0,
    WF_JSON_FALSE,
    WF_JSON_TRUE,
    WF_JSON_NUMBER,
    WF_JSON_STRING,
    WF_JSON_ARRAY,
    WF_JSON_OBJECT,
};

struct wf_node {
    uint32_t start; /**< Offset of the value's first byte. */
    uint32_t end;   /**< Offset behind its last byte. */
    uint32_t next;  /**< First node behind this value and all in it. */
    /** Elements or members; a string: 1 if it has escapes. */
    uint32_t count : 29;
    uint32_t type : 3; /**< enum wf_json_type */
};

struct wf_doc {
    _Atomic uint32_t refs;
    _Atomic uint32_t node_count;   /**< 0: not indexed yet. */
    struct wf_node *_Atomic nodes; /**< Owned; set before the count. */
    size_t len;
    char *text;            /**< Owned; ended by a NUL that is not counted. */
};

/** Limits on input from outside. Zero members take the defaults. */
struct wf_doc_limits {
    size_t max_bytes;   /**< Default 64 MiB; never above 2^31. */
    unsigned max_depth; /**< Default 512. */
};

/**
 * Checks and indexes foreign text (copied). Strict RFC 8259: UTF-8 is
 * verified, lone surrogate escapes are kept as they are, duplicate keys are
 * allowed (the last one is what a path finds). NULL and WF_E_INVALID with
 * line, column and what was expected; WF_E_LIMIT for size or depth.
 */
struct wf_doc *wf_doc_parse(struct wf_str text,
                            const struct wf_doc_limits *limits,
                            struct wf_error *err);
/** The same, taking the buffer's memory (left empty), also on failure. */
struct wf_doc *wf_doc_parse_buf(struct wf_buf *text,
                                const struct wf_doc_limits *limits,
                                struct wf_error *err);
/** Text known to be valid (from our store, or built by us): not checked. */
struct wf_doc *wf_doc_trusted(struct wf_str text);
struct wf_doc *wf_doc_trusted_buf(struct wf_buf *text);

/** A trusted document of `len` bytes, which the caller writes to its text at
 * once: a value without blanks around it. */
struct wf_doc *wf_doc_new(size_t len);

/** Memory for an index, to be used again. Begin with zeros; free `nodes`. */
struct wf_doc_room {
    struct wf_node *nodes;
    uint32_t cap;
};

/**
 * Checks and indexes text as wf_doc_parse() does, without owning anything:
 * `doc` (the caller's memory, neither referenced nor freed) points to the
 * text, and to the nodes in `room`, until the caller forgets these
 * (wf_doc_forget()). `copy` is used meanwhile. Returns 0, or what was wrong.
 */
int wf_doc_borrow(struct wf_doc *doc, struct wf_str text, struct wf_buf *copy,
                  struct wf_doc_room *room, struct wf_error *err);
/** A borrowed document is not indexed any more; its room is free. */
void wf_doc_forget(struct wf_doc *doc);

struct wf_doc *wf_doc_ref(struct wf_doc *doc);
void wf_doc_unref(struct wf_doc *doc); /* NULL is allowed */

/** Indexes a trusted document on first use; returns doc->nodes. */
const struct wf_node *wf_doc_nodes(struct wf_doc *doc);

/** A value inside a document; borrowed. */
struct wf_value {
    struct wf_doc *doc;
    uint32_t node;
};

static inline struct wf_str wf_doc_text(const struct wf_doc *doc) {
    return (struct wf_str){doc->text, doc->len};
}
enum wf_json_type wf_value_type(struct wf_value value);
struct wf_str wf_value_text(struct wf_value value); /* raw JSON slice */
/** The value as a document of its own: `doc` itself (a new reference) if it
 * is the whole, else a copy of the slice. */
struct wf_doc *wf_value_doc(struct wf_value value);
/** Finds a member (the last of that name; `key` is unescaped). */
bool wf_value_member(struct wf_value object, struct wf_str key,
                     struct wf_value *found);
/** Finds an element; a negative index counts from the end. */
bool wf_value_element(struct wf_value array, int64_t index,
                      struct wf_value *found);
/** Goes on to the next element of an array: to the first one if `element` is
 * all-zero. False: that was the last. (By index, each costs a walk.) */
bool wf_value_next_element(struct wf_value array, struct wf_value *element);
/** Appends a string's characters, unescaped (UTF-8). */
void wf_value_string(struct wf_value string, struct wf_buf *out);
double wf_value_number(struct wf_value number);
/** True if the number is an integer of at most 64 bits. */
bool wf_value_integer(struct wf_value number, int64_t *integer);
/** Deep equality as JSON values: numbers by value, objects regardless of
 * order. */
bool wf_value_equal(struct wf_value a, struct wf_value b);

/**
 * What stands between a string's quotes, and its characters. Unescaping
 * writes at most raw.len bytes to `out` and returns how many; a lone
 * surrogate becomes U+FFFD, so the result is well-formed UTF-8.
 */
size_t wf_string_unescape(struct wf_str raw, char *out);
bool wf_string_is(struct wf_str raw, struct wf_str characters);
/** True if the text is well-formed UTF-8. */
bool wf_utf8_valid(struct wf_str text);
/** Appends a finite number as JSON: integers up to 2^53 by their digits,
 * others with as few digits (15 to 17) as read back the same. */
void wf_buf_number(struct wf_buf *buf, double number);

/**
 * A compiled definite path: names and indices. `wf_path_find` is what
 * InputPath and Parameters run on; O(members) a step, no allocation.
 */
struct wf_path;
struct wf_path *wf_path_new(void);
void wf_path_free(struct wf_path *path);
void wf_path_name(struct wf_path *path, struct wf_str name);
void wf_path_index(struct wf_path *path, int64_t index);
unsigned wf_path_length(const struct wf_path *path);
bool wf_path_find(const struct wf_path *path, struct wf_value root,
                  struct wf_value *found);
/** The same; adds to `visited` how many members and elements it took. */
bool wf_path_find_counting(const struct wf_path *path, struct wf_value root,
                           struct wf_value *found, size_t *visited);
/**
 * A new document: `root` with `value` put at `path`, everything else kept to
 * the byte; missing objects on the way are created. NULL if a step meets
 * something that is neither object nor (for an existing index) array: what
 * ResultPath calls States.ResultPathMatchFailure.
 */
struct wf_doc *wf_path_put(const struct wf_path *path, struct wf_value root,
                           struct wf_value value);

/** An object of the members of both; where both have one, the second's. Of a
 * name that occurs more than once, the last. */
struct wf_doc *wf_object_merge(struct wf_value first, struct wf_value second);

#endif
