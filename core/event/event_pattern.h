/*
 * event_pattern.h - EventBridge's event patterns: which events somebody wants.
 *
 * A pattern is a JSON object of the event's shape whose leaves are lists of
 * what may stand there: values, and operators (`prefix`, `suffix`,
 * `anything-but`, `equals-ignore-case`, `wildcard`, `numeric`, `exists`). All
 * members have to match, one element of each list; `$or` is a list of
 * patterns of which one has to. `cidr` is refused: nothing here is an address.
 */
#ifndef WF_EVENT_PATTERN_H
#define WF_EVENT_PATTERN_H

#include "doc.h"

/** Whether it is a pattern; WF_E_INVALID says what is wrong, and where. */
int wf_event_pattern_check(struct wf_value pattern, struct wf_error *err);
/**
 * Whether the event matches a pattern that has been checked. `without_data`:
 * the event lacks its input and output still, so what the pattern says of
 * detail.input, detail.output and their details counts as true: it may match.
 */
bool wf_event_pattern_matches(struct wf_value pattern, struct wf_value event,
                              bool without_data);
/** Whether the pattern says anything of those. */
bool wf_event_pattern_needs_data(struct wf_value pattern);

#endif
