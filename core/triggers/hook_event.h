/*
 * hook_event.h - what is made of a webhook's request: the event, which is the
 * execution's input, or what Input makes the input of.
 *
 *     {"hook": NAME, "receivedAt": TIME, "idempotencyKey": KEY,
 *      "headers": {…}, "query": {…}, "body": …}
 *
 * Everything here is hostile, and may be done by a thread.
 */
#ifndef WF_HOOK_EVENT_H
#define WF_HOOK_EVENT_H

#include "doc.h"
#include "trigger_file.h"

/** Names and values, in the order in which they came. */
struct wf_hook_pairs {
    struct wf_buf texts;     /**< "NAME\0VALUE\0" … */
    size_t count;
    bool has_too_many;
};

enum { WF_HOOK_PAIRS_MAX = 500 };

/** Copies one; beyond WF_HOOK_PAIRS_MAX it is left out, and noted. */
void wf_hook_pairs_add(struct wf_hook_pairs *pairs, struct wf_str name,
                       struct wf_str value);
/** Appends an object: strings, and lists of them for names that occur more
 * than once. False: there were too many, or one is no UTF-8. */
bool wf_hook_pairs_json(const struct wf_hook_pairs *pairs,
                        struct wf_buf *out);
/** Reads "a=x&b=y", unescaped. */
void wf_hook_pairs_form(struct wf_hook_pairs *pairs, struct wf_str form);

/** What a Content-Type stands for; false: nothing that is known here. */
bool wf_hook_content_of(struct wf_str type, enum wf_hook_content *content);
/** Appends the body as JSON. NULL: it is done; else what is wrong with it. An
 * empty body is null. */
const char *wf_hook_body_json(struct wf_str body, enum wf_hook_content content,
                              struct wf_buf *out, struct wf_error *err);
/** Appends what a JSON Pointer (RFC 6901) finds in the text, a string or a
 * number. False: neither. */
bool wf_hook_pointer(struct wf_str json, const char *pointer,
                     struct wf_buf *out);

#endif
