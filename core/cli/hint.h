/*
 * hint.h - what to do about a diagnostic: the name that was probably meant,
 * or how the rule goes.
 */
#ifndef WF_HINT_H
#define WF_HINT_H

#include "locate.h"

/** Appends a hint; false: there is none to give. */
bool wf_hint(struct wf_str code, struct wf_str message,
             const struct wf_place *place, struct wf_buf *out);
/** The field that a message like "Field 'X' is not supported" is about; data
 * NULL: it is another message. */
struct wf_str wf_hint_field(struct wf_str message);

#endif
