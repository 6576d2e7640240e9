/* http_client.c - see http_client.h. */
#include "http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define DEADLINE_NS (UINT64_C(20) * 1000000000)

void http_connect(struct http_client *client, struct ev_loop *loop,
                  unsigned port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *client = (struct http_client){.loop = loop};
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client->fd >= 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&address,
                             sizeof(address)),
                     0);
}

static void take(struct http_client *client) {
    char bytes[65536];
    while (!client->closed) {
        ssize_t len = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (len > 0)
            wf_buf_add(&client->got, bytes, (size_t)len);
        else if (len < 0 && errno == EAGAIN)
            return;
        else
            client->closed = true;
    }
}

bool http_pump(struct http_client *client) {
    struct pollfd wait = {.fd = client->fd, .events = POLLIN};
    ev_run(client->loop, EVRUN_NOWAIT);
    ev_run(client->loop, EVRUN_NOWAIT);
    return poll(&wait, 1, 1) > 0;
}

void http_send(struct http_client *client, const char *bytes, size_t len) {
    uint64_t end = wf_clock_mono_ns() + DEADLINE_NS;
    while (len && !client->closed) {
        ssize_t sent = send(client->fd, bytes, len,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return; /* the server has had enough: see what it says */
        if (sent > 0) {
            bytes += sent;
            len -= (size_t)sent;
        }
        http_pump(client);
        take(client);
        assert_true(wf_clock_mono_ns() < end);
    }
}

void http_sends(struct http_client *client, const char *text) {
    http_send(client, text, strlen(text));
}

/* The length of the response that starts the buffer; 0: not complete. */
static size_t response_length(const struct wf_buf *got, size_t *head) {
    const char *end = got->len ? memmem(got->data, got->len, "\r\n\r\n", 4)
                               : NULL;
    if (!end)
        return 0;
    *head = (size_t)(end - got->data) + 4;
    const char *length = memmem(got->data, *head, "Content-Length: ", 16);
    size_t body = length ? strtoul(length + 16, NULL, 10) : 0;
    return got->len - *head >= body ? *head + body : 0;
}

void http_receive(struct http_client *client, struct http_response *response) {
    uint64_t end = wf_clock_mono_ns() + DEADLINE_NS;
    size_t head = 0, len;

    *response = (struct http_response){0};
    take(client);
    while (!(len = response_length(&client->got, &head))) {
        if (client->closed)
            return;
        http_pump(client);
        take(client);
        assert_true(wf_clock_mono_ns() < end);
    }
    response->head = wf_strndup(client->got.data, head);
    response->body = wf_strndup(client->got.data + head, len - head);
    response->status = atoi(response->head + sizeof("HTTP/1.1"));
    struct wf_buf rest = {0};
    wf_buf_add(&rest, client->got.data + len, client->got.len - len);
    wf_buf_free(&client->got);
    client->got = rest;
    if (response->status == 100) {
        http_response_deinit(response);
        http_receive(client, response);
    }
}

void http_wait_closed(struct http_client *client) {
    uint64_t end = wf_clock_mono_ns() + DEADLINE_NS;
    for (take(client); !client->closed; take(client)) {
        http_pump(client);
        assert_true(wf_clock_mono_ns() < end);
    }
}

void http_close(struct http_client *client) {
    close(client->fd);
    wf_buf_free(&client->got);
}

void http_ask(struct ev_loop *loop, unsigned port, const char *request,
              struct http_response *response) {
    struct http_client client;
    http_connect(&client, loop, port);
    http_sends(&client, request);
    http_receive(&client, response);
    http_close(&client);
}

void http_response_deinit(struct http_response *response) {
    free(response->head);
    free(response->body);
    *response = (struct http_response){0};
}
