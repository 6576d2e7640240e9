/*
 * secret_key.h - signatures of what is sent to somebody's endpoint, as
 * Standard Webhooks describes them: HMAC-SHA256 over id, time and body, so
 * the receiver knows who has sent it, and that it is not an old one again.
 */
#ifndef WF_SECRET_KEY_H
#define WF_SECRET_KEY_H

#include "base.h"

/** Appends the key's bytes: what follows "whsec_" as Base64, else the text as
 * it is. False: it is no Base64. */
bool wf_secret_key_read(struct wf_str text, struct wf_buf *key);
/** Appends the header's value: "v1," and the signature in Base64. */
void wf_secret_key_sign(const struct wf_buf *key, const char *id,
                        int64_t time_s, struct wf_str body,
                        struct wf_buf *out);

#endif
