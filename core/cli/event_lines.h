/*
 * event_lines.h - a history for people: a line for each event.
 *
 *     2024-01-01       ID  STATE           EVENT
 *     12:00:01.123      1                  ExecutionStarted  {"order":7}
 *     12:00:01.124      2  Check           TaskStateEntered  {"order":7}
 *     12:00:01.200      5  Check           TaskFailed  76ms  Lock: held
 *     12:00:04.200      6  Check           TaskScheduled  retry 1  lua:a.b
 *     12:00:05.003     14  │ [0] Copy      PassStateEntered  {"file":"a"}
 *
 * Events inside Parallel and Map states are indented, iterations numbered.
 * The date stands in the first line and wherever a day begins. Payloads are
 * cut: whoever wants all of them asks for JSON.
 */
#ifndef WF_EVENT_LINES_H
#define WF_EVENT_LINES_H

#include "doc.h"

struct wf_event_lines;

struct wf_event_lines_options {
    bool color;
    bool unicode;
    bool is_flat;   /**< Not from the beginning, or backwards: no nesting. */
    size_t columns; /**< Lines are cut there; 0: payloads after 200 columns,
                      lines never. */
};

struct wf_event_lines *
wf_event_lines_new(const struct wf_event_lines_options *options);
void wf_event_lines_free(struct wf_event_lines *lines); /* NULL is fine */
/** Appends the line of an event, a member of GetExecutionHistory's list; with
 * the first one the heading. */
void wf_event_lines_add(struct wf_event_lines *lines, struct wf_value event,
                        struct wf_buf *out);

#endif
