/*
 * label_refusal.h - the message of an InvalidDefinition for a Map's Label.
 *
 * All other findings are listed as "Invalid State Machine Definition: '…'".
 * That a Label is refused is recorded in another form: an exception, quoted as
 * a literal, and the whole definition.
 */
#ifndef WF_LABEL_REFUSAL_H
#define WF_LABEL_REFUSAL_H

#include "base.h"

/**
 * Appends the message to `out` if the first of the diagnostics ("CODE: message
 * at location, …") is about a Label. Returns whether it is.
 */
bool wf_label_refusal(struct wf_str diagnostics, struct wf_str definition,
                      struct wf_buf *out);

#endif
