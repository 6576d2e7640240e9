/*
 * http_client.h - a client for tests of servers that run in this very
 * thread: while it sends or waits, it turns the loop. Nothing sleeps; what
 * does not happen within DEADLINE fails the test.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <ev.h>

#include "base.h"

struct http_client {
    struct ev_loop *loop;
    int fd;
    bool closed;       /* by the server */
    struct wf_buf got; /* received and not taken yet */
};

struct http_response {
    int status;
    char *head, *body; /* ended by a NUL; free with http_response_deinit */
};

void http_connect(struct http_client *client, struct ev_loop *loop,
                  unsigned port);
/** Sends all of it, and lets the server read it. */
void http_send(struct http_client *client, const char *bytes, size_t len);
void http_sends(struct http_client *client, const char *text);
/** Turns the loop for a moment; true if bytes are there to be read. */
bool http_pump(struct http_client *client);
/** Waits for a whole response. Status 0: the server closed instead. */
void http_receive(struct http_client *client, struct http_response *response);
/** Waits until the server closes. */
void http_wait_closed(struct http_client *client);
void http_close(struct http_client *client);

/** One connection, one request, one response. */
void http_ask(struct ev_loop *loop, unsigned port, const char *request,
              struct http_response *response);
void http_response_deinit(struct http_response *response);

#endif
