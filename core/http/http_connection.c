/*
 * http_connection.c - who is at the other end, and how long nothing has come
 * of it. See http_impl.h.
 *
 * libmicrohttpd closes what is idle; a client that sends its headers a byte
 * a minute is not. So the time between the end of one request (or the
 * connection's beginning) and the next one's headers is bounded here.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "http_impl.h"

#define FRESH_NS UINT64_C(100000000)

struct wf_http_connection {
    struct wf_link link; /* in http->silent while no request is there */
    struct MHD_Connection *mhd;
    uint64_t since_ns;   /* silent */
    bool is_ours, has_uid;
    uid_t uid;
};

static struct wf_http_connection *of(struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info =
        mhd ? MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
            : NULL;
    return info ? info->socket_context : NULL;
}

/* ---- whose it is ---- */

/* The peer's user, if it is ours or root. */
static void look_at_peer(struct wf_http *http,
                         struct wf_http_connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sockaddr_storage peer, local;
    socklen_t peer_len = sizeof(peer), local_len = sizeof(local);

    if (!info ||
        getpeername(info->connect_fd, (struct sockaddr *)&peer, &peer_len) ||
        getsockname(info->connect_fd, (struct sockaddr *)&local, &local_len))
        return;
    if (http->peer_uid((struct sockaddr *)&peer, (struct sockaddr *)&local,
                       &connection->uid, NULL) != 0)
        return;
    connection->has_uid = true;
    connection->is_ours =
        connection->uid == 0 || connection->uid == geteuid();
}

bool wf_http_is_ours(struct MHD_Connection *mhd) {
    struct wf_http_connection *connection = of(mhd);
    return connection && connection->is_ours;
}

bool wf_http_peer(const struct wf_http_request *request, uid_t *uid) {
    struct wf_http_connection *connection = of(request->connection);
    if (!connection || !connection->has_uid)
        return false;
    *uid = connection->uid;
    return true;
}

/* ---- how long it is silent ---- */

static void is_silent(struct wf_http *http,
                      struct wf_http_connection *connection) {
    connection->since_ns = wf_clock_mono_ns();
    wf_list_append(&http->silent, &connection->link);
    if (!ev_is_active(&http->tick))
        ev_timer_again(http->loop, &http->tick);
}

/* Connected so shortly ago, or answered, that the request may be in the
 * network. Longest first: the newest are at the end. */
uint64_t wf_http_fresh(const struct wf_http *http) {
    const struct wf_link *at = http->silent.previous;
    uint64_t now = wf_clock_mono_ns(), count = 0;

    for (; at != &http->silent; at = at->previous) {
        const struct wf_http_connection *connection =
            WF_ENTRY(at, struct wf_http_connection, link);
        if (now - connection->since_ns > FRESH_NS)
            break;
        count++;
    }
    return count;
}

void wf_http_speaks(struct MHD_Connection *mhd) {
    struct wf_http_connection *connection = of(mhd);
    if (connection)
        wf_list_remove(&connection->link);
}

void wf_http_spoke(struct wf_http *http, struct MHD_Connection *mhd) {
    struct wf_http_connection *connection = of(mhd);
    if (!connection || http->is_closing)
        return;
    wf_list_remove(&connection->link);
    is_silent(http, connection);
}

void wf_http_cut(struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info)
        shutdown(info->connect_fd, SHUT_RDWR);
}

void wf_http_cut_silent(struct wf_http *http, uint64_t now_ns) {
    while (!wf_list_is_empty(&http->silent)) {
        struct wf_http_connection *connection =
            WF_ENTRY(http->silent.next, struct wf_http_connection, link);
        if (now_ns - connection->since_ns < http->silent_ns)
            return;
        wf_list_remove(&connection->link);
        wf_http_cut(connection->mhd);
    }
}

/* ---- MHD's callback ---- */

void wf_http_connection(void *arg, struct MHD_Connection *mhd, void **context,
                        enum MHD_ConnectionNotificationCode what) {
    struct wf_http *http = arg;
    struct wf_http_connection *connection = *context;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        http->stats.connections--;
        if (connection)
            wf_list_remove(&connection->link);
        free(connection);
        *context = NULL;
        return;
    }
    http->stats.connections++;
    *context = connection = wf_calloc(1, sizeof(*connection));
    connection->mhd = mhd;
    is_silent(http, connection);
    if (http->check_peer)
        look_at_peer(http, connection);
}
