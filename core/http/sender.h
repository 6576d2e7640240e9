/*
 * sender.h - requests that a thread of its own makes, for a loop that must
 * not wait: no name server, no TLS handshake and no slow endpoint is noticed
 * there. The thread starts with the first request.
 *
 * Redirects are not followed: they are the answer. The URLs are the
 * operator's, so they are called wherever they lead.
 */
#ifndef WF_SENDER_H
#define WF_SENDER_H

#include <ev.h>

#include "base.h"

struct wf_sender;

/** What is POSTed. Copied, but for the body, which is taken. */
struct wf_sending {
    const char *url;
    const char *const *headers; /**< "Name: value", NULL-terminated. */
    struct wf_buf *body;
    double timeout_s;
};

/** How it went. Borrowed. */
struct wf_sent {
    unsigned status;       /**< 0: there was no answer. */
    int64_t retry_after_s; /**< As the answer asks for; -1: it does not. */
    struct wf_str why;     /**< No answer: the error. Else the beginning of
                              the answer's body. */
    struct wf_buf *body;   /**< What was sent: may be taken. */
};
typedef void wf_sent_fn(void *arg, const struct wf_sent *sent);

/** Whether a header can have that name. */
bool wf_sender_header_name(const char *name);

struct wf_sender *wf_sender_new(struct ev_loop *loop);
/** Ends what is under way; nobody is told. NULL is allowed. */
void wf_sender_free(struct wf_sender *sender);
/** `done` is called from the loop, never from here. */
void wf_sender_post(struct wf_sender *sender, const struct wf_sending *what,
                    wf_sent_fn *done, void *arg);
/** The same, waiting here for the answer: for who has no loop any more.
 * Returns the status; 0: none. */
unsigned wf_sender_post_now(const struct wf_sending *what, struct wf_buf *why);

#endif
