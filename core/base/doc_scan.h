/*
 * doc_scan.h - the scanner that checks JSON text and lists its values. Used
 * by doc*.c only.
 *
 * One pass over the text, no recursion: while a container is open, its
 * node's `next` holds the number of the container around it, so the tape is
 * its own stack. Elements mostly have the names of the element before them, so
 * each name is first compared with the one that stands at its place there
 * (until a container is closed, its node's `end` holds the place to go on
 * from in the one around it).
 *
 * The text must be followed by WF_DOC_PAD bytes that may be read, the first
 * of them NUL: it ends every loop, so no loop asks for the end of the text.
 */
#ifndef WF_DOC_SCAN_H
#define WF_DOC_SCAN_H

#include "doc.h"

/** Bytes behind the text: the NUL, and what a 16-byte load may touch. */
#define WF_DOC_PAD 16
/** Values and names in one document. */
#define WF_DOC_MOST_NODES ((1U << 29) - 1)

/** Where and why scanning stopped. */
struct wf_doc_fault {
    size_t offset;
    const char *expected; /**< NULL: nested too deeply. */
};

/**
 * Fills doc->nodes and node_count. Returns 0, or -1 with `fault` and the
 * document as it was.
 */
int wf_doc_scan(struct wf_doc *doc, unsigned max_depth,
                struct wf_doc_fault *fault);

/** The same; the nodes are put in `room`, which grows and stays the
 * caller's. */
int wf_doc_scan_in(struct wf_doc *doc, struct wf_doc_room *room,
                   unsigned max_depth, struct wf_doc_fault *fault);

/** Bytes of the well-formed UTF-8 character at `at`, or 0. */
size_t wf_utf8_length(const char *at, const char *end);

/** True if both texts of numbers mean exactly the same number. */
bool wf_number_same(struct wf_str a, struct wf_str b);

static inline bool wf_json_blank(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

#endif
