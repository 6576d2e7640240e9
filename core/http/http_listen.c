/* http_listen.c - see http_listen.h. */
#include "http_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "peer.h"

enum { BACKLOG = 4096 };

/* Splits "host:port"; the host keeps its brackets. */
static int split(const char *listen_at, char host[256], char port[8],
                 struct wf_error *err) {
    const char *colon = strrchr(listen_at, ':');
    size_t len = colon ? (size_t)(colon - listen_at) : 0;
    char *end = NULL;
    long number = colon ? strtol(colon + 1, &end, 10) : -1;

    if (!colon || len == 0 || len >= 256 || !colon[1] || *end || number < 0 ||
        strlen(colon + 1) > 5 || number > 65535 ||
        (listen_at[0] == '[') != (listen_at[len - 1] == ']'))
        return wf_error_set(err, WF_E_INVALID,
                            "listen address '%s': expected HOST:PORT, as in "
                            "127.0.0.1:8083 or [::1]:8083",
                            listen_at);
    memcpy(host, listen_at, len);
    host[len] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return 0;
}

static int resolve(const char *host, const char *port,
                   struct addrinfo **found, struct wf_error *err) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    char bare[256];
    size_t len = strlen(host);

    memcpy(bare, host, len + 1);
    if (host[0] == '[') {
        memcpy(bare, host + 1, len - 2);
        bare[len - 2] = '\0';
    } else if (strcmp(host, "localhost") == 0) {
        strcpy(bare, "127.0.0.1"); /* the one that every client tries */
    }
    int rc = getaddrinfo(bare, port, &hints, found);
    if (rc != 0)
        return wf_error_set(err, WF_E_INVALID, "listen address '%s': %s",
                            host, gai_strerror(rc));
    return 0;
}

static int check_exposure(const struct wf_listener *listener, bool insecure,
                          struct wf_error *err) {
    if (listener->is_loopback || insecure)
        return 0;
    return wf_error_set(
        err, WF_E_INVALID,
        "refusing to listen on %s: it is not a loopback address, and without "
        "credentials everybody who reaches it could run workflows here. "
        "Listen on 127.0.0.1, name a file of keys with --keys, or pass "
        "--insecure if the network is trusted",
        listener->host);
}

static unsigned port_of(int fd) {
    struct sockaddr_in6 address = {0}; /* IPv4 has its port there, too */
    socklen_t len = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    return ntohs(address.sin6_port);
}

static int open_socket(const struct addrinfo *at, struct wf_listener *listener,
                       const char *listen_at, struct wf_error *err) {
    int one = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    0);
    if (fd < 0)
        return wf_error_set(err, WF_E_IO, "socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 ||
        listen(fd, BACKLOG) != 0) {
        wf_error_set(err, WF_E_IO, "cannot listen on %s: %s", listen_at,
                     strerror(errno));
        close(fd);
        return -1;
    }
    listener->fd = fd;
    listener->port = port_of(fd);
    return 0;
}

/* From a service manager that keeps it while servers come and go. */
static int take_socket(int fd, bool insecure, struct wf_listener *listener,
                       struct wf_error *err) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address), int_len = sizeof(int);
    int listens = 0;

    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        (address.ss_family != AF_INET && address.ss_family != AF_INET6) ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &int_len) != 0 ||
        !listens)
        return wf_error_set(err, WF_E_INVALID,
                            "file descriptor %d, handed to the server by "
                            "LISTEN_FDS, is not a listening TCP socket",
                            fd);
    listener->is_loopback = wf_peer_is_loopback((struct sockaddr *)&address);
    if (check_exposure(listener, insecure, err) != 0)
        return -1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    listener->fd = fd;
    listener->port = port_of(fd);
    return 0;
}

int wf_listener_open(const char *listen_at, int fd, bool insecure,
                     struct wf_listener *listener, struct wf_error *err) {
    struct addrinfo *found = NULL;
    char port[8];
    int rc = -1;

    *listener = (struct wf_listener){.fd = -1};
    if (split(listen_at, listener->host, port, err) != 0)
        goto out;
    if (fd != 0) {
        rc = take_socket(fd, insecure, listener, err);
        goto out;
    }
    if (resolve(listener->host, port, &found, err) != 0)
        goto out;
    listener->is_loopback = wf_peer_is_loopback(found->ai_addr);
    if (check_exposure(listener, insecure, err) != 0)
        goto out;
    rc = open_socket(found, listener, listen_at, err);
out:
    if (found)
        freeaddrinfo(found);
    return rc;
}
