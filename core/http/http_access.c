/* http_access.c - MHD's callbacks: who is there, and what they ask. See
 * http_impl.h. */
#include <stdlib.h>

#include "clock.h"
#include "http_impl.h"

/* ---- receiving ---- */

static bool has_signature(struct MHD_Connection *connection) {
    struct wf_str text = wf_http_header_of(connection, "Authorization");
    return text.len > 5 && memcmp(text.data, "AWS4-", 5) == 0;
}

static bool is_open(struct wf_http_request *request) {
    struct wf_http *http = request->http;
    return http->is_open && http->is_open(http->arg, request->method,
                                          request->path,
                                          &request->body_bytes);
}

static const char *guard(struct wf_http_request *request) {
    struct MHD_Connection *connection = request->connection;
    if (is_open(request))
        return NULL;
    struct wf_http_claim claim = {
        .method = request->method,
        .path = request->path,
        .host = wf_http_header_of(connection, "Host"),
        .origin = wf_http_header_of(connection, "Origin"),
        .has_target =
            wf_http_header_of(connection, "X-Amz-Target").data != NULL,
        .is_signed = request->http->is_signed && has_signature(connection),
    };
    if (request->http->check_peer && !wf_http_is_ours(connection))
        return "This server was started without --keys: on the loopback "
               "address it answers only the user it runs as, and root.";
    return wf_http_guard(&claim, request->http->hosts);
}

static enum MHD_Result begin(struct wf_http *http,
                             struct MHD_Connection *connection,
                             const char *url, const char *method,
                             void **handle) {
    struct wf_http_request *request = *handle;
    if (!request)
        *handle = request = wf_http_request_new(http);
    request->is_announced = false;
    wf_http_speaks(connection);
    request->connection = connection;
    request->method = wf_str(method);
    request->path = wf_str(url);
    request->body_bytes = http->body_bytes;
    http->stats.requests++;

    const char *objection = guard(request);
    if (objection)
        return wf_http_refuse(request, 403, "AccessDeniedException", objection);
    struct wf_str length = wf_http_header_of(connection, "Content-Length");
    if (length.data &&
        strtoull(length.data, NULL, 10) / 4 > request->body_bytes)
        return wf_http_refuse(request, 413, "RequestEntityTooLargeException",
                              "The request body is too large.");
    request->since_ns = wf_clock_mono_ns();
    wf_list_append(&http->receiving, &request->link);
    if (!ev_is_active(&http->tick))
        ev_timer_again(http->loop, &http->tick);
    return MHD_YES;
}

/* A body beyond the limit is read, so that the client listens to the answer,
 * but not kept. */
static enum MHD_Result receive(struct wf_http_request *request,
                               const char *data, size_t len) {
    struct wf_http *http = request->http;
    if (request->body.len + len > request->body_bytes)
        request->refusal = 413;
    else if (http->received + len > http->receive_bytes)
        request->refusal = 503;
    if (request->refusal)
        return MHD_YES;
    http->received += len;
    if (http->is_signed)
        wf_http_hash(request, data, len);
    wf_buf_add(&request->body, data, len);
    return MHD_YES;
}

static enum MHD_Result dispatch(struct wf_http_request *request) {
    struct wf_http *http = request->http;

    wf_list_remove(&request->link);
    http->received -= request->body.len;
    if (request->refusal == 413)
        return wf_http_refuse(request, 413, "RequestEntityTooLargeException",
                              "The request body is too large.");
    if (request->refusal)
        return wf_http_refuse(request, request->refusal, "ServiceUnavailable",
                              "Too many request bodies at once. Try again.");
    if (http->is_closing)
        return wf_http_refuse(request, 503, "ServiceUnavailable",
                              "The server is shutting down.");
    wf_list_append(&http->handling, &request->link);
    http->stats.unanswered++;
    request->progress = WF_HTTP_HANDLING;
    http->handler(http->arg, request);
    if (request->progress == WF_HTTP_ANSWERED)
        return wf_http_send(request);
    request->suspended = true;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

enum MHD_Result wf_http_access(void *arg, struct MHD_Connection *connection,
                               const char *url, const char *method,
                               const char *version, const char *data,
                               size_t *len, void **handle) {
    struct wf_http_request *request = *handle;

    (void)version;
    if (!request || request->is_announced)
        return begin(arg, connection, url, method, handle);
    if (*len) {
        size_t got = *len;
        *len = 0;
        return receive(request, data, got);
    }
    if (request->progress == WF_HTTP_RECEIVING)
        return dispatch(request);
    if (request->progress == WF_HTTP_HANDLING)
        return wf_http_abandon(request, handle);
    return wf_http_send(request);
}

void *wf_http_announced(void *arg, const char *target,
                        struct MHD_Connection *connection) {
    struct wf_http_request *request = wf_http_request_new(arg);

    request->connection = connection;
    request->is_announced = true;
    wf_buf_adds(&request->target, target);
    return request;
}

void wf_http_completed(void *arg, struct MHD_Connection *connection,
                       void **handle, enum MHD_RequestTerminationCode why) {
    struct wf_http_request *request = *handle;

    (void)why;
    *handle = NULL;
    wf_http_spoke(arg, connection);
    if (!request)
        return;
    if (request->progress == WF_HTTP_RECEIVING)
        request->http->received -= request->body.len;
    if (request->progress != WF_HTTP_HANDLING) {
        wf_http_request_free(request);
        return;
    }
    request->connection = NULL; /* the handler still holds it */
    request->method = request->path = WF_STR_NULL;
}
