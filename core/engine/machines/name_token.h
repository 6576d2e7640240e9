/*
 * name_token.h - tokens of pages of what is listed by name: the last name
 * looked at, in hexadecimal digits.
 */
#ifndef WF_NAME_TOKEN_H
#define WF_NAME_TOKEN_H

#include "base.h"

void wf_name_token_put(struct wf_buf *out, const struct wf_buf *name);
/** Appends the name. False: it is no such token. */
bool wf_name_token_read(struct wf_str token, struct wf_buf *name);

#endif
