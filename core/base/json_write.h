/*
 * json_write.h - writes JSON members into a buffer, one call a member.
 *
 * Commas look after themselves: a member that follows an opening brace or
 * bracket takes none, any other does. So an object is written as `{`, its
 * members, `}`, and nobody counts.
 */
#ifndef WF_JSON_WRITE_H
#define WF_JSON_WRITE_H

#include "base.h"

/** A comma unless `out` ends with an opening brace or bracket. */
void wf_json_comma(struct wf_buf *out);
/** Comma, quoted key, colon. `key` needs no escapes. */
void wf_json_key(struct wf_buf *out, const char *key);
void wf_json_text(struct wf_buf *out, const char *key, struct wf_str text);
/** Nothing if the text is absent (data NULL). */
void wf_json_text_if(struct wf_buf *out, const char *key, struct wf_str text);
void wf_json_integer(struct wf_buf *out, const char *key, int64_t number);
/** `literal` as it is: a bool, null, or JSON made elsewhere. */
void wf_json_raw(struct wf_buf *out, const char *key, const char *literal);
/** Milliseconds since the epoch (not before it) as AWS sends times: seconds
 * with three decimals, 1704067200.250. */
void wf_json_time(struct wf_buf *out, const char *key, int64_t ms);
/** The bare number, without a key. */
void wf_json_digits(struct wf_buf *out, int64_t number);

#endif
