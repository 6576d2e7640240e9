/*
 * http.c - the server: libmicrohttpd's epoll descriptor inside the libev
 * loop. See http.h.
 *
 * Resumed connections are served together, by one MHD_run(): the first of
 * them feeds an event of the lowest priority, which the loop runs when it
 * has nothing else pending, and always before it waits.
 */
#include "http.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "http_impl.h"
#include "peer.h"

enum {
    CONNECTION_BYTES = 6144, /* headers, and what MHD reads at a time; it
                                clears all of it for each request, and a
                                long poll keeps it */
    LOOK_MS = 5000, /* look for idle connections at least that often */
    CLOSE_TURNS = 16,
    IDLE_S = 75,
};

#define TICK_S 1.0

static struct wf_http_request *request_of(struct wf_link *link) {
    return WF_ENTRY(link, struct wf_http_request, link);
}

/* Ends connections whose body does not come to an end, or whose headers. */
static void on_tick(struct ev_loop *loop, ev_timer *timer, int events) {
    struct wf_http *http = timer->data;
    uint64_t now = wf_clock_mono_ns();

    (void)events;
    for (struct wf_link *at = http->receiving.next; at != &http->receiving;
         at = at->next) {
        struct wf_http_request *request = request_of(at);
        if (now - request->since_ns < http->receive_ns)
            break;
        wf_http_cut(request->connection);
    }
    wf_http_cut_silent(http, now);
    if (wf_list_is_empty(&http->receiving) && wf_list_is_empty(&http->silent))
        ev_timer_stop(loop, timer);
}

/* ---- the loop ---- */

/* Sooner than armed: arm again. Later: let the timer come and look. */
static void arm_timeout(struct wf_http *http) {
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(http->daemon, &ms) != MHD_YES)
        return;
    double after = (ms < LOOK_MS ? (double)ms : LOOK_MS) / 1000;
    if (ev_is_active(&http->timeout) &&
        ev_timer_remaining(http->loop, &http->timeout) <= after)
        return;
    ev_timer_stop(http->loop, &http->timeout);
    ev_timer_set(&http->timeout, after, 0.0);
    ev_timer_start(http->loop, &http->timeout);
}

static void run(struct wf_http *http) {
    http->resumed = false;
    MHD_run(http->daemon);
    arm_timeout(http);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events) {
    (void)loop;
    (void)events;
    run(io->data);
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)events;
    run(timer->data);
}

static void on_wake(struct ev_loop *loop, ev_watcher *wake, int events) {
    (void)loop;
    (void)events;
    run(wake->data);
}

static void watchers_start(struct wf_http *http) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(
        http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    ev_io_init(&http->readable, on_readable, info->epoll_fd, EV_READ);
    ev_init(&http->wake, on_wake);
    ev_timer_init(&http->timeout, on_timeout, 0.0, 0.0);
    ev_timer_init(&http->tick, on_tick, 0.0, TICK_S);
    http->readable.data = http->wake.data = http;
    http->timeout.data = http->tick.data = http;
    ev_set_priority(&http->wake, EV_MINPRI);
    ev_io_start(http->loop, &http->readable);
}

static void watchers_stop(struct wf_http *http) {
    ev_io_stop(http->loop, &http->readable);
    ev_clear_pending(http->loop, &http->wake);
    ev_timer_stop(http->loop, &http->timeout);
    ev_timer_stop(http->loop, &http->tick);
}

/* ---- opening and closing ---- */

static void copy_hosts(struct wf_http *http, const char *const *hosts) {
    size_t count = 0;
    while (hosts && hosts[count])
        count++;
    http->hosts = wf_calloc(count + 2, sizeof(*http->hosts));
    http->host_copies = wf_calloc(count + 1, sizeof(*http->host_copies));
    for (size_t i = 0; i < count; i++)
        http->hosts[i] = http->host_copies[i] =
            wf_strndup(hosts[i], strlen(hosts[i]));
    http->hosts[count] = http->listener.host;
}

static void free_hosts(struct wf_http *http) {
    for (char **at = http->host_copies; at && *at; at++)
        free(*at);
    free(http->host_copies);
    free(http->hosts);
}

static unsigned add_tls(struct MHD_OptionItem *items, unsigned count,
                        const struct wf_http_tls *tls) {
    static char versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

    items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0,
                                             (void *)tls->key};
    items[count++] = (struct MHD_OptionItem){
        MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)tls->certificate};
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                             versions};
    return count;
}

/* What a path or a query says, in its place. A zero would cut the text, so
 * that it would say something else; no name has the other one either. */
static size_t unescape(void *arg, struct MHD_Connection *connection,
                       char *text) {
    (void)arg;
    (void)connection;
    for (char *at = text; (at = strstr(at, "%00")); at += 3)
        at[2] = '1';
    return MHD_http_unescape(text);
}

static int daemon_start(struct wf_http *http,
                        const struct wf_http_options *options,
                        struct wf_error *err) {
    unsigned flags = MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME |
                     (options->tls.key ? MHD_USE_TLS : 0);
    unsigned connections = options->connections ? options->connections : 16384;
    unsigned idle_s = options->idle_s ? options->idle_s : IDLE_S;

    struct MHD_OptionItem more[5] = {{MHD_OPTION_END, 0, NULL}};
    unsigned count = 0;

    if (options->is_signed)
        more[count++] = (struct MHD_OptionItem){
            MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)wf_http_announced, http};
    if (options->tls.key)
        count = add_tls(more, count, &options->tls);
    more[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, wf_http_access, http, /* */
        MHD_OPTION_LISTEN_SOCKET, http->listener.fd,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, wf_http_completed, http,
        MHD_OPTION_NOTIFY_CONNECTION, wf_http_connection, http,
        MHD_OPTION_ARRAY, more, MHD_OPTION_END);
    if (!http->daemon)
        return wf_error_set(err, WF_E_IO, "the HTTP server did not start");
    return 0;
}

static struct wf_http *http_new(struct ev_loop *loop,
                                const struct wf_http_options *options,
                                wf_http_fn *handler, void *arg) {
    struct wf_http *http = wf_calloc(1, sizeof(*http));
    http->loop = loop;
    http->handler = handler;
    http->arg = arg;
    http->body_bytes = options->body_bytes ? options->body_bytes
                                           : (size_t)4 << 20;
    http->receive_bytes = options->receive_bytes ? options->receive_bytes
                                                 : (size_t)256 << 20;
    http->receive_ns = (options->receive_s ? options->receive_s : 30) *
                       UINT64_C(1000000000);
    http->peer_uid = options->peer_uid ? options->peer_uid : wf_peer_uid;
    http->is_open = options->is_open;
    http->check_peer = !options->insecure && !options->is_signed;
    http->is_signed = options->is_signed;
    if (options->is_signed)
        http->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    wf_list_init(&http->receiving);
    wf_list_init(&http->handling);
    wf_list_init(&http->silent);
    http->silent_ns = http->receive_ns + (options->idle_s ? options->idle_s
                                                          : IDLE_S) *
                                             UINT64_C(1000000000);
    return http;
}

int wf_http_new(struct ev_loop *loop, const struct wf_http_options *options,
                wf_http_fn *handler, void *arg, struct wf_http **out,
                struct wf_error *err) {
    struct wf_http *http = http_new(loop, options, handler, arg);
    const char *at = options->listen ? options->listen : "127.0.0.1:8083";

    if ((options->tls.key && wf_http_tls_check(&options->tls, err) != 0) ||
        wf_listener_open(at, options->listen_fd,
                         options->insecure || options->is_signed,
                         &http->listener, err) != 0)
        goto fail;
    copy_hosts(http, options->hosts);
    if (daemon_start(http, options, err) != 0) {
        close(http->listener.fd);
        goto fail;
    }
    watchers_start(http);
    *out = http;
    return 0;
fail:
    free_hosts(http);
    EVP_MD_free(http->sha256);
    free(http);
    *out = NULL;
    return -1;
}

/* Suspended connections cannot be closed: they are resumed first, and
 * wf_http_access() then abandons them. */
static void abandon_all(struct wf_http *http) {
    http->is_closing = true; /* none is suspended from here on */
    for (struct wf_link *at = http->handling.next; at != &http->handling;
         at = at->next) {
        request_of(at)->suspended = false;
        MHD_resume_connection(request_of(at)->connection);
    }
    for (int i = 0; i < CLOSE_TURNS; i++)
        MHD_run(http->daemon);
}

uint64_t wf_http_stop(struct wf_http *http) {
    MHD_socket listener = http->is_stopping
                              ? MHD_INVALID_SOCKET
                              : MHD_quiesce_daemon(http->daemon);
    uint64_t count = http->stats.unanswered + wf_http_fresh(http);

    if (listener != MHD_INVALID_SOCKET)
        close(listener);
    http->is_stopping = true;
    for (struct wf_link *at = http->receiving.next; at != &http->receiving;
         at = at->next)
        count++;
    return count;
}

void wf_http_free(struct wf_http *http) {
    if (!http)
        return;
    watchers_stop(http);
    wf_http_stop(http);
    abandon_all(http);
    MHD_stop_daemon(http->daemon);
    while (!wf_list_is_empty(&http->handling)) {
        struct wf_http_request *request = request_of(http->handling.next);
        wf_list_remove(&request->link);
        request->http = NULL;
    }
    while (http->spare) {
        struct wf_http_request *request = http->spare;
        http->spare = request->spare;
        wf_http_request_destroy(request);
    }
    free_hosts(http);
    EVP_MD_free(http->sha256);
    free(http);
}

unsigned wf_http_port(const struct wf_http *http) {
    return http->listener.port;
}

bool wf_http_is_loopback(const struct wf_http *http) {
    return http->listener.is_loopback;
}

void wf_http_stats(const struct wf_http *http, struct wf_http_stats *stats) {
    *stats = http->stats;
}
