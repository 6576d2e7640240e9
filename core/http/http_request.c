/* http_request.c - a request from its headers to its answer. See http.h. */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#include "http_impl.h"

enum {
    SPARE_MAX = 256,     /* requests kept for reuse */
    SPARE_BYTES = 16384, /* buffers above this are not kept */
};

/* ---- requests ---- */

struct wf_http_request *wf_http_request_new(struct wf_http *http) {
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

void wf_http_request_destroy(struct wf_http_request *request) {
    wf_buf_free(&request->body);
    wf_buf_free(&request->answer);
    wf_buf_free(&request->header_values);
    wf_buf_free(&request->target);
    EVP_MD_CTX_free(request->hash);
    free(request);
}

void wf_http_request_free(struct wf_http_request *request) {
    struct wf_http *http = request->http;

    wf_list_remove(&request->link);
    if (!http || http->spare_count >= SPARE_MAX) {
        wf_http_request_destroy(request);
        return;
    }
    buf_reuse(&request->body);
    buf_reuse(&request->answer);
    buf_reuse(&request->header_values);
    buf_reuse(&request->target);
    struct wf_buf body = request->body, answer = request->answer;
    struct wf_buf header_values = request->header_values;
    struct wf_buf target = request->target;
    EVP_MD_CTX *hash = request->hash;
    memset(request, 0, offsetof(struct wf_http_request, headers));
    request->body = body;
    request->answer = answer;
    request->header_values = header_values;
    request->target = target;
    request->hash = hash;
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

struct wf_str wf_http_header_of(struct MHD_Connection *connection,
                                const char *name) {
    return wf_str(
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

struct wf_str wf_http_header(const struct wf_http_request *request,
                             const char *name) {
    return wf_http_header_of(request->connection, name);
}

struct headers {
    struct wf_str name;
    wf_http_value_fn *each;
    void *arg;
};

static enum MHD_Result header_value(void *arg, enum MHD_ValueKind kind,
                                    const char *name, const char *value) {
    struct headers *headers = arg;
    (void)kind;
    if (strlen(name) == headers->name.len &&
        strncasecmp(name, headers->name.data, headers->name.len) == 0)
        headers->each(headers->arg, wf_str(value ? value : ""));
    return MHD_YES;
}

void wf_http_headers(const struct wf_http_request *request,
                     struct wf_str name, wf_http_value_fn *each, void *arg) {
    struct headers headers = {name, each, arg};
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND,
                              header_value, &headers);
}

struct wf_str wf_http_target(const struct wf_http_request *request) {
    return (struct wf_str){request->target.data, request->target.len};
}

/* ---- the body's hash ---- */

void wf_http_hash(struct wf_http_request *request, const char *data,
                  size_t len) {
    if (!request->hash)
        request->hash = EVP_MD_CTX_new();
    if (request->body.len == 0)
        EVP_DigestInit_ex(request->hash, request->http->sha256, NULL);
    EVP_DigestUpdate(request->hash, data, len);
}

void wf_http_body_hash(struct wf_http_request *request,
                       unsigned char hash[32]) {
    if (request->body.len == 0) {
        EVP_Digest("", 0, hash, NULL, request->http->sha256, NULL);
        return;
    }
    EVP_DigestFinal_ex(request->hash, hash, NULL);
}

struct query {
    wf_http_parameter_fn *each;
    void *arg;
};

static enum MHD_Result parameter(void *arg, enum MHD_ValueKind kind,
                                 const char *name, const char *value) {
    struct query *query = arg;
    (void)kind;
    query->each(query->arg, name, value);
    return MHD_YES;
}

void wf_http_query(const struct wf_http_request *request,
                   wf_http_parameter_fn *each, void *arg) {
    struct query query = {each, arg};
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
                              parameter, &query);
}

bool wf_http_is_there(const struct wf_http_request *request) {
    const union MHD_ConnectionInfo *info =
        request->http && request->connection
            ? MHD_get_connection_info(request->connection,
                                      MHD_CONNECTION_INFO_CONNECTION_FD)
            : NULL;
    char byte;
    if (!info)
        return false;
    ssize_t got = recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void *wf_http_scratch(struct wf_http_request *request) {
    return request->scratch;
}

struct wf_buf *wf_http_answer(struct wf_http_request *request) {
    return &request->answer;
}

void wf_http_answer_header(struct wf_http_request *request, const char *name,
                           const char *value) {
    if (request->header_count == WF_HTTP_HEADERS ||
        strlen(value) >= WF_HTTP_HEADER_VALUE)
        return;
    struct wf_http_header *header = &request->headers[request->header_count++];
    header->name = name;
    header->value = request->header_values.len;
    wf_buf_add(&request->header_values, value, strlen(value) + 1);
}

void wf_http_reply(struct wf_http_request *request, unsigned status,
                   const char *content_type) {
    if (!request->http) { /* the server was freed meanwhile */
        wf_http_request_free(request);
        return;
    }
    wf_list_remove(&request->link);
    request->http->stats.unanswered--;
    request->status = status;
    request->content_type = content_type;
    request->progress = WF_HTTP_ANSWERED;
    if (!request->suspended)
        return; /* dispatch() sends it */
    request->suspended = false;
    MHD_resume_connection(request->connection);
    if (!request->http->resumed)
        ev_feed_event(request->http->loop, &request->http->wake, EV_CUSTOM);
    request->http->resumed = true;
}

/* ---- answering ---- */

enum MHD_Result wf_http_send(struct wf_http_request *request) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        request->answer.len, request->answer.data, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", request->content_type);
    if (request->http->is_stopping)
        MHD_add_response_header(response, "Connection", "close");
    for (unsigned i = 0; i < request->header_count; i++)
        MHD_add_response_header(response, request->headers[i].name,
                                request->header_values.data +
                                    request->headers[i].value);
    enum MHD_Result rc = MHD_queue_response(request->connection,
                                            request->status, response);
    MHD_destroy_response(response);
    return rc;
}

enum MHD_Result wf_http_refuse(struct wf_http_request *request,
                               unsigned status, const char *type,
                               const char *message) {
    struct wf_buf *answer = &request->answer;
    wf_list_remove(&request->link);
    request->http->stats.refused++;
    request->progress = WF_HTTP_ANSWERED;
    request->status = status;
    request->content_type = "application/x-amz-json-1.0";
    wf_buf_addf(answer, "{\"__type\":\"%s\",\"message\":", type);
    wf_buf_json(answer, wf_str(message));
    wf_buf_u8(answer, '}');
    return wf_http_send(request);
}

/* The server closes: whoever still waits hears 503, and the handle, which
 * the handler still holds, goes on without a connection. */
enum MHD_Result wf_http_abandon(struct wf_http_request *request,
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
