/*
 * http_listen.h - the listening socket: parses HOST:PORT, refuses what would
 * expose a server without credentials, binds.
 */
#ifndef WF_HTTP_LISTEN_H
#define WF_HTTP_LISTEN_H

#include "base.h"

struct wf_listener {
    int fd;
    unsigned port;
    bool is_loopback;
    char host[256]; /**< As given, IPv6 in brackets: belongs to the allowed
                      Host names. */
};

/** Opens a non-blocking listening socket; or takes `fd` (not 0), which listens
 * already: then the address is where that does, and `listen_at` only the name
 * that clients know. Owns the socket, if it succeeds. See wf_http_new(). */
int wf_listener_open(const char *listen_at, int fd, bool insecure,
                     struct wf_listener *listener, struct wf_error *err);

#endif
