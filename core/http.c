/*
 * http.c - the server: libmicrohttpd's epoll descriptor inside the libev
 * loop. See http.h.
 *
 * A request's life: MHD calls access() when its headers are there (begin),
 * for each piece of the body (receive), and when it is complete (dispatch).
 * If the handler has not answered when it returns, the connection is
 * suspended; the answer resumes it, and MHD calls access() once more to get
 * the response. Resumed connections are served together, once a turn of the
 * loop, by one MHD_run().
 */
#include "http.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "http_listen.h"
#include "list.h"
#include "peer.h"

enum {
    SPARE_MAX = 256,          /* requests kept for reuse */
    SPARE_BYTES = 16384,      /* buffers above this are not kept */
    CONNECTION_BYTES = 32768, /* headers, and what MHD reads at a time */
    HEADERS_MAX = 4,
    HEADER_VALUE = 128,
    LOOK_MS = 5000, /* look for idle connections at least that often */
    CLOSE_TURNS = 16,
};

#define RECEIVE_TICK_S 1.0

enum progress { RECEIVING, HANDLING, ANSWERED };

struct answer_header {
    const char *name;
    char value[HEADER_VALUE];
};

struct wf_http_request {
    struct wf_link link;               /* in receiving or in handling */
    struct wf_http *http;              /* NULL: the server is gone */
    struct MHD_Connection *connection; /* NULL: so is the client */
    struct wf_http_request *spare;     /* next one in the reserve */
    struct wf_str method, path;
    struct wf_buf body, answer;
    uint64_t since_ns; /* when its headers were complete */
    const char *content_type;
    unsigned status;
    unsigned header_count;
    enum progress progress;
    bool suspended;
    unsigned refusal; /* status decided while receiving; 0: none */
    struct answer_header headers[HEADERS_MAX];
    _Alignas(max_align_t) char scratch[WF_HTTP_SCRATCH];
};

struct wf_http {
    struct ev_loop *loop;
    struct MHD_Daemon *daemon;
    wf_http_fn *handler;
    void *arg;
    struct wf_listener listener;
    const char **hosts; /* owned array of borrowed and owned texts */
    char **host_copies;
    int (*peer_uid)(const struct sockaddr *, const struct sockaddr *, uid_t *,
                    struct wf_error *);
    bool check_peer;
    bool resumed; /* MHD_run() is due before the loop waits */
    size_t body_bytes, receive_bytes, received;
    uint64_t receive_ns;
    ev_io readable;
    ev_prepare before_wait;
    ev_timer timeout, receive_tick;
    struct wf_link receiving;           /* oldest first */
    struct wf_link handling;            /* with the handler */
    struct wf_http_request *spare;
    unsigned spare_count;
    struct wf_http_stats stats;
};

static struct wf_http_request *request_of(struct wf_link *link) {
    return WF_ENTRY(link, struct wf_http_request, link);
}

/* ---- requests ---- */

static struct wf_http_request *request_new(struct wf_http *http) {
    struct wf_http_request *request = http->spare;
    if (request) {
        http->spare = request->spare;
        http->spare_count--;
    } else {
        request = wf_calloc(1, sizeof(*request));
    }
    request->http = http;
    return request;
}

static void buf_reuse(struct wf_buf *buf) {
    buf->len = 0;
    if (buf->cap > SPARE_BYTES)
        wf_buf_free(buf);
}

static void request_free(struct wf_http_request *request) {
    struct wf_http *http = request->http;

    wf_list_remove(&request->link);
    if (!http || http->spare_count >= SPARE_MAX) {
        wf_buf_free(&request->body);
        wf_buf_free(&request->answer);
        free(request);
        return;
    }
    buf_reuse(&request->body);
    buf_reuse(&request->answer);
    struct wf_buf body = request->body, answer = request->answer;
    memset(request, 0, sizeof(*request));
    request->body = body;
    request->answer = answer;
    request->spare = http->spare;
    http->spare = request;
    http->spare_count++;
}

struct wf_str wf_http_method(const struct wf_http_request *request) {
    return request->method;
}

struct wf_str wf_http_path(const struct wf_http_request *request) {
    return request->path;
}

struct wf_str wf_http_body(const struct wf_http_request *request) {
    return (struct wf_str){request->body.data, request->body.len};
}

static struct wf_str header_of(struct MHD_Connection *connection,
                               const char *name) {
    return wf_str(
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

struct wf_str wf_http_header(const struct wf_http_request *request,
                             const char *name) {
    return header_of(request->connection, name);
}

void *wf_http_scratch(struct wf_http_request *request) {
    return request->scratch;
}

struct wf_buf *wf_http_answer(struct wf_http_request *request) {
    return &request->answer;
}

void wf_http_answer_header(struct wf_http_request *request, const char *name,
                           const char *value) {
    if (request->header_count == HEADERS_MAX || strlen(value) >= HEADER_VALUE)
        return;
    struct answer_header *header = &request->headers[request->header_count++];
    header->name = name;
    memcpy(header->value, value, strlen(value) + 1);
}

void wf_http_reply(struct wf_http_request *request, unsigned status,
                   const char *content_type) {
    if (!request->http) { /* the server was freed meanwhile */
        request_free(request);
        return;
    }
    wf_list_remove(&request->link);
    request->http->stats.unanswered--;
    request->status = status;
    request->content_type = content_type;
    request->progress = ANSWERED;
    if (!request->suspended)
        return; /* dispatch() sends it */
    request->suspended = false;
    request->http->resumed = true;
    MHD_resume_connection(request->connection);
}

/* ---- answering ---- */

static enum MHD_Result send_answer(struct wf_http_request *request) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        request->answer.len, request->answer.data, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", request->content_type);
    for (unsigned i = 0; i < request->header_count; i++)
        MHD_add_response_header(response, request->headers[i].name,
                                request->headers[i].value);
    enum MHD_Result rc = MHD_queue_response(request->connection,
                                            request->status, response);
    MHD_destroy_response(response);
    return rc;
}

/* Answers a request that the handler does not get to see. */
static enum MHD_Result refuse(struct wf_http_request *request,
                              unsigned status, const char *type,
                              const char *message) {
    struct wf_buf *answer = &request->answer;
    wf_list_remove(&request->link);
    request->http->stats.refused++;
    request->progress = ANSWERED;
    request->status = status;
    request->content_type = "application/x-amz-json-1.0";
    wf_buf_addf(answer, "{\"__type\":\"%s\",\"message\":", type);
    wf_buf_json(answer, wf_str(message));
    wf_buf_u8(answer, '}');
    return send_answer(request);
}

/* The server closes: whoever still waits hears 503, and the handle, which
 * the handler still holds, goes on without a connection. */
static enum MHD_Result abandon(struct wf_http_request *request,
                               void **handle) {
    static char text[] = "{\"__type\":\"ServiceUnavailable\","
                         "\"message\":\"The server is shutting down.\"}";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof(text) - 1, text, MHD_RESPMEM_PERSISTENT);
    struct MHD_Connection *connection = request->connection;

    *handle = NULL;
    request->connection = NULL;
    request->method = request->path = WF_STR_NULL;
    if (!response)
        return MHD_NO;
    enum MHD_Result rc = MHD_queue_response(connection, 503, response);
    MHD_destroy_response(response);
    return rc;
}

/* ---- receiving ---- */

/* What the verdict on a connection's peer is kept as, in MHD's pointer. */
static char peer_refused;

static bool peer_may_not(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info && info->socket_context == &peer_refused;
}

static const char *guard(struct wf_http_request *request) {
    struct MHD_Connection *connection = request->connection;
    struct wf_http_claim claim = {
        .method = request->method,
        .path = request->path,
        .host = header_of(connection, "Host"),
        .origin = header_of(connection, "Origin"),
        .has_target = header_of(connection, "X-Amz-Target").data != NULL,
    };
    if (request->http->check_peer && peer_may_not(connection))
        return "This server has no credentials: on the loopback address it "
               "answers only the user it runs as, and root.";
    return wf_http_guard(&claim, request->http->hosts);
}

static enum MHD_Result begin(struct wf_http *http,
                             struct MHD_Connection *connection,
                             const char *url, const char *method,
                             void **handle) {
    struct wf_http_request *request = request_new(http);
    *handle = request;
    request->connection = connection;
    request->method = wf_str(method);
    request->path = wf_str(url);
    http->stats.requests++;

    const char *objection = guard(request);
    if (objection)
        return refuse(request, 403, "AccessDeniedException", objection);
    struct wf_str length = header_of(connection, "Content-Length");
    if (length.data && strtoull(length.data, NULL, 10) / 4 > http->body_bytes)
        return refuse(request, 413, "RequestEntityTooLargeException",
                      "The request body is too large.");
    request->since_ns = wf_clock_mono_ns();
    wf_list_append(&http->receiving, &request->link);
    if (!ev_is_active(&http->receive_tick))
        ev_timer_again(http->loop, &http->receive_tick);
    return MHD_YES;
}

/* A body beyond the limit is read, so that the client listens to the answer,
 * but not kept. */
static enum MHD_Result receive(struct wf_http_request *request,
                               const char *data, size_t len) {
    struct wf_http *http = request->http;
    if (request->body.len + len > http->body_bytes)
        request->refusal = 413;
    else if (http->received + len > http->receive_bytes)
        request->refusal = 503;
    if (request->refusal)
        return MHD_YES;
    http->received += len;
    wf_buf_add(&request->body, data, len);
    return MHD_YES;
}

static enum MHD_Result dispatch(struct wf_http_request *request) {
    struct wf_http *http = request->http;

    wf_list_remove(&request->link);
    http->received -= request->body.len;
    if (request->refusal == 413)
        return refuse(request, 413, "RequestEntityTooLargeException",
                      "The request body is too large.");
    if (request->refusal)
        return refuse(request, request->refusal, "ServiceUnavailable",
                      "Too many request bodies at once. Try again.");
    wf_list_append(&http->handling, &request->link);
    http->stats.unanswered++;
    request->progress = HANDLING;
    http->handler(http->arg, request);
    if (request->progress == ANSWERED)
        return send_answer(request);
    request->suspended = true;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

static enum MHD_Result access_one(void *arg, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *len, void **handle) {
    struct wf_http_request *request = *handle;

    (void)version;
    if (!request)
        return begin(arg, connection, url, method, handle);
    if (*len) {
        size_t got = *len;
        *len = 0;
        return receive(request, data, got);
    }
    if (request->progress == RECEIVING)
        return dispatch(request);
    if (request->progress == HANDLING)
        return abandon(request, handle);
    return send_answer(request);
}

static void completed(void *arg, struct MHD_Connection *connection,
                      void **handle, enum MHD_RequestTerminationCode why) {
    struct wf_http_request *request = *handle;

    (void)arg;
    (void)connection;
    (void)why;
    *handle = NULL;
    if (!request)
        return;
    if (request->progress == RECEIVING)
        request->http->received -= request->body.len;
    if (request->progress != HANDLING) {
        request_free(request);
        return;
    }
    request->connection = NULL; /* the handler still holds it */
    request->method = request->path = WF_STR_NULL;
}

/* ---- connections ---- */

static bool peer_is_ours(struct wf_http *http,
                         struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sockaddr_storage peer, local;
    socklen_t peer_len = sizeof(peer), local_len = sizeof(local);
    uid_t uid;

    if (!info ||
        getpeername(info->connect_fd, (struct sockaddr *)&peer, &peer_len) ||
        getsockname(info->connect_fd, (struct sockaddr *)&local, &local_len))
        return false;
    if (http->peer_uid((struct sockaddr *)&peer, (struct sockaddr *)&local,
                       &uid, NULL) != 0)
        return false;
    return uid == 0 || uid == geteuid();
}

static void connection_changed(void *arg, struct MHD_Connection *connection,
                               void **context,
                               enum MHD_ConnectionNotificationCode what) {
    struct wf_http *http = arg;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        http->stats.connections--;
        return;
    }
    http->stats.connections++;
    if (http->check_peer && !peer_is_ours(http, connection))
        *context = &peer_refused;
}

/* Ends connections whose body does not come to an end. */
static void on_receive_tick(struct ev_loop *loop, ev_timer *timer, int events) {
    struct wf_http *http = timer->data;
    uint64_t now = wf_clock_mono_ns();

    (void)events;
    for (struct wf_link *at = http->receiving.next; at != &http->receiving;
         at = at->next) {
        struct wf_http_request *request = request_of(at);
        if (now - request->since_ns < http->receive_ns)
            break;
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
            request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info)
            shutdown(info->connect_fd, SHUT_RDWR);
    }
    if (wf_list_is_empty(&http->receiving))
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

static void on_before_wait(struct ev_loop *loop, ev_prepare *prepare,
                           int events) {
    struct wf_http *http = prepare->data;
    (void)loop;
    (void)events;
    if (http->resumed)
        run(http);
}

static void watchers_start(struct wf_http *http) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(
        http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    ev_io_init(&http->readable, on_readable, info->epoll_fd, EV_READ);
    ev_prepare_init(&http->before_wait, on_before_wait);
    ev_timer_init(&http->timeout, on_timeout, 0.0, 0.0);
    ev_timer_init(&http->receive_tick, on_receive_tick, 0.0, RECEIVE_TICK_S);
    http->readable.data = http->before_wait.data = http;
    http->timeout.data = http->receive_tick.data = http;
    ev_set_priority(&http->before_wait, EV_MINPRI); /* after the others */
    ev_io_start(http->loop, &http->readable);
    ev_prepare_start(http->loop, &http->before_wait);
}

static void watchers_stop(struct wf_http *http) {
    ev_io_stop(http->loop, &http->readable);
    ev_prepare_stop(http->loop, &http->before_wait);
    ev_timer_stop(http->loop, &http->timeout);
    ev_timer_stop(http->loop, &http->receive_tick);
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

static int daemon_start(struct wf_http *http,
                        const struct wf_http_options *options,
                        struct wf_error *err) {
    unsigned flags = MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME;
    unsigned connections = options->connections ? options->connections : 4096;
    unsigned idle_s = options->idle_s ? options->idle_s : 75;

    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, access_one, http, /* */
        MHD_OPTION_LISTEN_SOCKET, http->listener.fd,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_NOTIFY_COMPLETED, completed, http,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, http,
        MHD_OPTION_END);
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
    http->body_bytes = options->body_bytes ? options->body_bytes : 3u << 19;
    http->receive_bytes = options->receive_bytes ? options->receive_bytes
                                                 : (size_t)256 << 20;
    http->receive_ns = (options->receive_s ? options->receive_s : 30) *
                       UINT64_C(1000000000);
    http->peer_uid = options->peer_uid ? options->peer_uid : wf_peer_uid;
    wf_list_init(&http->receiving);
    wf_list_init(&http->handling);
    return http;
}

int wf_http_new(struct ev_loop *loop, const struct wf_http_options *options,
                wf_http_fn *handler, void *arg, struct wf_http **out,
                struct wf_error *err) {
    struct wf_http *http = http_new(loop, options, handler, arg);
    const char *at = options->listen ? options->listen : "127.0.0.1:8083";

    if (wf_listener_open(at, options->insecure, &http->listener, err) != 0)
        goto fail;
    http->check_peer = !options->insecure;
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
    free(http);
    *out = NULL;
    return -1;
}

/* Suspended connections cannot be closed: they are resumed first, and
 * access_one() then abandons them. */
static void abandon_all(struct wf_http *http) {
    for (struct wf_link *at = http->handling.next; at != &http->handling;
         at = at->next) {
        request_of(at)->suspended = false;
        MHD_resume_connection(request_of(at)->connection);
    }
    for (int i = 0; i < CLOSE_TURNS; i++)
        MHD_run(http->daemon);
}

void wf_http_free(struct wf_http *http) {
    if (!http)
        return;
    watchers_stop(http);
    MHD_socket listener = MHD_quiesce_daemon(http->daemon);
    abandon_all(http);
    MHD_stop_daemon(http->daemon);
    if (listener != MHD_INVALID_SOCKET)
        close(listener);
    while (!wf_list_is_empty(&http->handling)) {
        struct wf_http_request *request = request_of(http->handling.next);
        wf_list_remove(&request->link);
        request->http = NULL;
    }
    while (http->spare) {
        struct wf_http_request *request = http->spare;
        http->spare = request->spare;
        wf_buf_free(&request->body);
        wf_buf_free(&request->answer);
        free(request);
    }
    free_hosts(http);
    free(http);
}

unsigned wf_http_port(const struct wf_http *http) {
    return http->listener.port;
}

void wf_http_stats(const struct wf_http *http, struct wf_http_stats *stats) {
    *stats = http->stats;
}
