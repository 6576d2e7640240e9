/*
 * json_complaint.h - what is wrong with a text that is not JSON, in AWS's
 * words (those of the parser behind its API).
 *
 * doc.h decides whether a text is JSON; this only finds words for one that
 * is not, so it need not be fast.
 */
#ifndef WF_JSON_COMPLAINT_H
#define WF_JSON_COMPLAINT_H

#include "base.h"

struct wf_json_complaint {
    struct wf_buf message; /**< Owned; "Unexpected character ('}' …" */
    struct wf_buf source;  /**< Owned; `[Source: (String)"…"; line: 1, …]` */
};

/** False: nothing that this looks for is wrong. */
bool wf_json_complain(struct wf_str text, struct wf_json_complaint *out);
void wf_json_complaint_free(struct wf_json_complaint *complaint);

#endif
