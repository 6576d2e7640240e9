/* web.c - a small HTTP server for tests. See web.h. */
#include "web.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base.h"

struct web {
    struct MHD_Daemon *daemon;
    atomic_uint connections;
    atomic_bool stopping;
    struct MHD_Connection *held[16]; /* suspended until the end */
    atomic_uint held_count;
};

/* On the server's only thread. */
static void hold(struct web *web, struct MHD_Connection *connection) {
    unsigned count = atomic_load(&web->held_count);

    if (count == 16)
        abort();
    web->held[count] = connection;
    atomic_store(&web->held_count, count + 1);
    MHD_suspend_connection(connection);
}

/* What arrives with a request until it is complete. */
struct upload {
    struct wf_buf body;
};

static enum MHD_Result send_text(struct MHD_Connection *connection,
                                 unsigned status, const char *text,
                                 size_t len) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        len, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result =
        MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result add_argument(void *arg, enum MHD_ValueKind kind,
                                    const char *key, const char *value) {
    (void)kind;
    wf_buf_addf(arg, "arg %s=%s\n", key, value ? value : "");
    return MHD_YES;
}

static enum MHD_Result echo(struct MHD_Connection *connection,
                            const char *method, struct upload *upload) {
    static const char *const shown[] = {"Authorization", "Cookie",
                                        "Content-Type", "Content-Length",
                                        "X-Test", "Expect"};
    struct wf_buf text = {0};

    wf_buf_addf(&text, "method %s\n", method);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND,
                              add_argument, &text);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        const char *value = MHD_lookup_connection_value(
            connection, MHD_HEADER_KIND, shown[i]);
        if (value)
            wf_buf_addf(&text, "%s: %s\n", shown[i], value);
    }
    wf_buf_adds(&text, "body ");
    wf_buf_add(&text, upload->body.data, upload->body.len);
    enum MHD_Result result = send_text(connection, 200, text.data, text.len);
    wf_buf_free(&text);
    return result;
}

static enum MHD_Result redirect(struct MHD_Connection *connection,
                                unsigned status, const char *location) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        6, (void *)(uintptr_t) "moved\n", MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Location", location);
    enum MHD_Result result =
        MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result redirect_step(struct MHD_Connection *connection,
                                     int left) {
    char location[64] = "/echo";

    if (left > 1)
        snprintf(location, sizeof(location), "/redirect/%d", left - 1);
    return redirect(connection, 302, location);
}

static enum MHD_Result redirect_to(struct MHD_Connection *connection) {
    const char *url = MHD_lookup_connection_value(
        connection, MHD_GET_ARGUMENT_KIND, "url");
    const char *code = MHD_lookup_connection_value(
        connection, MHD_GET_ARGUMENT_KIND, "code");
    return redirect(connection, code ? (unsigned)atoi(code) : 302, url);
}

/* A body that stalls: `len` bytes come, then nothing until the end. */
struct stall {
    struct web *web;
    struct MHD_Connection *connection;
    size_t sent, len;
    bool cut; /* close instead of waiting */
};

static ssize_t stall_read(void *arg, uint64_t pos, char *buf, size_t max) {
    struct stall *stall = arg;
    (void)pos;
    (void)max;
    if (stall->sent < stall->len) {
        memset(buf, 'x', stall->len);
        stall->sent = stall->len;
        return (ssize_t)stall->len;
    }
    if (stall->cut || stall->web->stopping)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    hold(stall->web, stall->connection);
    return 0;
}

static enum MHD_Result stalled(struct web *web,
                               struct MHD_Connection *connection, bool cut) {
    struct stall *stall = calloc(1, sizeof(*stall));
    stall->web = web;
    stall->connection = connection;
    stall->len = 10;
    stall->cut = cut;
    struct MHD_Response *response = MHD_create_response_from_callback(
        20, 1024, stall_read, stall, free);
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static ssize_t chunk_read(void *arg, uint64_t pos, char *buf, size_t max) {
    size_t left = 100000 - (size_t)pos;
    (void)arg;
    if (left == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    size_t len = left < max ? left : max;
    memset(buf, 'c', len);
    return (ssize_t)len;
}

static enum MHD_Result chunked(struct MHD_Connection *connection) {
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, 1000, chunk_read, NULL, NULL);
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result cookies(struct MHD_Connection *connection) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        0, NULL, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Set-Cookie", "a=1, 2");
    MHD_add_response_header(response, "Set-Cookie", "b=3");
    MHD_add_response_header(response, "X-Two", "one");
    MHD_add_response_header(response, "X-Two", "two");
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result route(struct web *web,
                             struct MHD_Connection *connection,
                             const char *url, const char *method,
                             struct upload *upload) {
    static const char json[] = "{\"name\":\"moon\",\"list\":[1,2]}";
    char text[64];
    int number;

    if (sscanf(url, "/status/%d", &number) == 1) {
        int len = snprintf(text, sizeof(text), "status %d", number);
        return send_text(connection, (unsigned)number, text,
                         number == 204 ? 0 : (size_t)len);
    }
    if (sscanf(url, "/redirect/%d", &number) == 1)
        return redirect_step(connection, number);
    if (strcmp(url, "/to") == 0)
        return redirect_to(connection);
    if (strcmp(url, "/slow") == 0) {
        if (web->stopping)
            return MHD_NO;
        hold(web, connection);
        return MHD_YES;
    }
    if (strcmp(url, "/drip") == 0 || strcmp(url, "/cut") == 0)
        return stalled(web, connection, url[1] == 'c');
    if (strcmp(url, "/chunked") == 0)
        return chunked(connection);
    if (strcmp(url, "/cookies") == 0)
        return cookies(connection);
    if (strcmp(url, "/json") == 0)
        return send_text(connection, 200, json, sizeof(json) - 1);
    return echo(connection, method, upload);
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *data,
                              size_t *len, void **state) {
    struct upload *upload = *state;
    (void)version;

    if (!upload) {
        *state = calloc(1, sizeof(*upload));
        return MHD_YES;
    }
    if (*len) {
        wf_buf_add(&upload->body, data, *len);
        *len = 0;
        return MHD_YES;
    }
    return route(arg, connection, url, method, upload);
}

static void completed(void *arg, struct MHD_Connection *connection,
                      void **state,
                      enum MHD_RequestTerminationCode how) {
    struct upload *upload = *state;
    (void)arg;
    (void)connection;
    (void)how;
    if (upload)
        wf_buf_free(&upload->body);
    free(upload);
    *state = NULL;
}

static void notify(void *arg, struct MHD_Connection *connection,
                   void **socket_context,
                   enum MHD_ConnectionNotificationCode code) {
    struct web *web = arg;
    (void)connection;
    (void)socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        web->connections++;
}

/* Sets up the server; without a key it speaks plain HTTP. */
static struct web *start(const char *key, const char *certificate) {
    struct web *web = calloc(1, sizeof(*web));
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_ALLOW_SUSPEND_RESUME | (key ? MHD_USE_TLS : 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)certificate},
        {MHD_OPTION_END, 0, NULL}};

    web->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, answer, web, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, notify, web, MHD_OPTION_ARRAY,
        key ? tls : tls + 2, MHD_OPTION_END);
    if (!web->daemon)
        abort();
    return web;
}

struct web *web_start(void) {
    return start(NULL, NULL);
}

struct web *web_start_tls(const char *key, const char *certificate) {
    return start(key, certificate);
}

void web_stop(struct web *web) {
    web->stopping = true;
    for (unsigned i = 0; i < web->held_count; i++)
        MHD_resume_connection(web->held[i]);
    MHD_stop_daemon(web->daemon);
    free(web);
}

int web_port(const struct web *web) {
    return MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

unsigned web_connections(const struct web *web) {
    return atomic_load(&web->connections);
}
