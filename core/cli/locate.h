/*
 * locate.h - where in a definition's text something is.
 *
 * Diagnostics name a value by the way to it, "/States/A/Choices[0]/Next", as
 * AWS does: names are not escaped, so one with a slash or bracket in it is
 * ambiguous by itself, and is resolved by what the definition has. Editors
 * want lines and columns, other programs a JSON pointer (RFC 6901).
 */
#ifndef WF_LOCATE_H
#define WF_LOCATE_H

#include "doc.h"

struct wf_place {
    struct wf_value value; /**< What is there, or the nearest thing around. */
    uint32_t key;          /**< Node of its name; 0: it has none. */
    bool is_exact;         /**< false: nothing is where the way leads. */
    uint32_t states;       /**< Node of the innermost States object; or 0. */
    struct wf_buf pointer; /**< JSON pointer of `value`; "": the whole. */
};

/** Follows a location. Release with wf_place_deinit(). */
void wf_locate(struct wf_doc *doc, struct wf_str location,
               struct wf_place *place);
void wf_place_deinit(struct wf_place *place);

/** Line and column (in characters) of a byte, both from 1. */
void wf_line_of(struct wf_str text, size_t offset, size_t *line,
                size_t *column);

#endif
