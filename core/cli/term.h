/*
 * term.h - text for terminals: how wide it is, and what may not get there.
 *
 * Widths are columns of a terminal in UTF-8: East Asian wide characters and
 * emoji count two, combining marks none. Log lines and causes come from
 * outside, so control characters (escape sequences among them) and bytes that
 * are not UTF-8 never reach the terminal.
 */
#ifndef WF_TERM_H
#define WF_TERM_H

#include "base.h"

/** Columns of a text after wf_term_text() has cleaned it. */
size_t wf_term_columns(struct wf_str text);
/**
 * Appends `text`, cleaned: escape sequences are dropped, other control
 * characters become a blank, broken UTF-8 becomes "?". What is wider than
 * `max` columns is cut, and ends with "…" ("~" without `unicode`). Returns
 * the columns used.
 */
size_t wf_term_text(struct wf_buf *out, struct wf_str text, size_t max,
                    bool unicode);
/** The same, filled up with blanks to `columns`. */
void wf_term_cell(struct wf_buf *out, struct wf_str text, size_t columns,
                  bool unicode);

/** Appends a duration: "12ms", "0.52s", "9.1s", "2m05s", "3h20m", "4d02h". */
void wf_term_duration(struct wf_buf *out, int64_t ms);
/** Appends local time: "12:00:01.123". */
void wf_term_clock(struct wf_buf *out, int64_t ms);
/** Appends local date and time: "2024-01-01 12:00:01". */
void wf_term_date(struct wf_buf *out, int64_t ms);

/** Columns and lines of the terminal `fd` (80 x 24 if it can't tell). */
void wf_term_size(int fd, size_t *columns, size_t *lines);
/** The user's locale says UTF-8. */
bool wf_term_is_unicode(void);
/** `fd` is a terminal that understands ANSI sequences. */
bool wf_term_is_live(int fd);
/** Colours are wanted there: NO_COLOR is not set. */
bool wf_term_has_color(int fd);

#endif
