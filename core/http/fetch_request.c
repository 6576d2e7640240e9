/* fetch_request.c - what libcurl is told to send. See fetch.h. */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "fetch_guard.h"
#include "fetch_priv.h"

static size_t on_upload(char *data, size_t size, size_t count, void *arg) {
    struct wf_fetch *fetch = arg;
    ssize_t got;

    do
        got = read(fetch->upload, data, size * count);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        fetch->file_errno = errno;
        return CURL_READFUNC_ABORT;
    }
    return (size_t)got;
}

static int on_seek(void *arg, curl_off_t offset, int origin) {
    struct wf_fetch *fetch = arg;

    return lseek(fetch->upload, offset, origin) < 0 ? CURL_SEEKFUNC_FAIL
                                                   : CURL_SEEKFUNC_OK;
}

/* The method and the body of the next request of this chain. */
void wf_fetch_set_method(struct wf_fetch *fetch) {
    CURL *easy = fetch->easy;
    bool body = fetch->has_body || fetch->upload >= 0;

    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (strcmp(fetch->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (body || strcmp(fetch->method, "POST") == 0)
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
    if (fetch->upload >= 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)fetch->upload_size);
    } else if (body || strcmp(fetch->method, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)fetch->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                         fetch->body.data ? fetch->body.data : "");
    }
    if (strcmp(fetch->method, "GET") != 0 && strcmp(fetch->method, "HEAD") != 0)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, fetch->method);
    else if (body)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, fetch->method);
}

static void set_credentials(CURL *easy,
                            const struct wf_fetch_request *request) {
    if (request->user) {
        if (request->sigv4)
            curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, request->sigv4);
        else
            curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERNAME, request->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD,
                         request->password ? request->password : "");
    } else if (request->bearer) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, request->bearer);
    }
}

static void set_connection(CURL *easy,
                           const struct wf_fetch_request *request) {
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* no join on DNS */
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "moonstep");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(request->connect_timeout_s * 1000));
    if (request->idle_timeout_s > 0) {
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                         (long)request->idle_timeout_s);
    }
    if (request->proxy)
        curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy);
    const char *ca_file = request->ca_file;
    if (!ca_file && !request->ca.data)
        ca_file = getenv("AWS_CA_BUNDLE");
    if (ca_file && *ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    if (request->ca.data) {
        struct curl_blob blob = {.data = (void *)request->ca.data,
                                 .len = request->ca.len,
                                 .flags = CURL_BLOB_COPY};
        curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
    }
    if (request->insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!request->to_file) /* a file is stored as it was sent */
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
}

/* libcurl is about to connect. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose,
                               struct curl_sockaddr *address) {
    struct wf_fetch *fetch = arg;

    if (purpose != CURLSOCKTYPE_IPCXN ||
        !wf_address_is_allowed(&address->addr, fetch->allow)) {
        fetch->failed = "Refused";
        return CURL_SOCKET_BAD;
    }
    fetch->failed = NULL; /* one of several addresses is enough */
    return socket(address->family, address->socktype | SOCK_CLOEXEC,
                  address->protocol);
}

/* Connections of others, who may connect to anything, are not used. */
static void set_guard(struct wf_fetch *fetch) {
    CURL *easy = fetch->easy;

    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

static void set_callbacks(struct wf_fetch *fetch) {
    CURL *easy = fetch->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->curl_error);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
    curl_easy_setopt(easy, CURLOPT_READDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, fetch);
}

static bool header_is(const char *header, const char *name) {
    size_t len = strlen(name);
    return strncasecmp(header, name, len) == 0 &&
           (header[len] == ':' || header[len] == ';');
}

static bool add_line(struct wf_fetch *fetch, const char *line) {
    struct curl_slist *list = curl_slist_append(fetch->headers, line);

    if (list)
        fetch->headers = list;
    return list != NULL;
}

static void set_headers(struct wf_fetch *fetch,
                        const struct wf_fetch_request *request) {
    bool type = false, expect = false;

    for (const char *const *at = request->headers; at && *at; at++) {
        type = type || header_is(*at, "content-type");
        expect = expect || header_is(*at, "expect");
        add_line(fetch, *at);
    }
    if (!expect)
        add_line(fetch, "Expect:"); /* no second of waiting for 100 */
    if (!type)
        add_line(fetch, "Content-Type:"); /* not libcurl's guess */
    curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers);
}

void wf_fetch_drop_credentials(struct wf_fetch *fetch) {
    static const char *const secret[] = {"authorization", "cookie", "host"};
    static const char *const common[] = {"accept", "content-type", "expect"};
    const char *const *names = fetch->guarded ? common : secret;
    struct curl_slist *old = fetch->headers;

    curl_easy_setopt(fetch->easy, CURLOPT_USERPWD, NULL);
    curl_easy_setopt(fetch->easy, CURLOPT_XOAUTH2_BEARER, NULL);
    fetch->headers = NULL;
    for (struct curl_slist *at = old; at; at = at->next) {
        bool is_named = false;
        for (int i = 0; i < 3; i++)
            is_named = is_named || header_is(at->data, names[i]);
        bool keep = is_named == fetch->guarded;
        if (keep)
            add_line(fetch, at->data);
    }
    curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers);
    curl_slist_free_all(old);
}

void wf_fetch_drop_body(struct wf_fetch *fetch) {
    wf_buf_free(&fetch->body);
    fetch->has_body = false;
    if (fetch->upload >= 0)
        close(fetch->upload);
    fetch->upload = -1;
}

void wf_fetch_prepare(struct wf_fetch *fetch,
                      const struct wf_fetch_request *request) {
    set_callbacks(fetch);
    set_connection(fetch->easy, request);
    set_credentials(fetch->easy, request);
    set_headers(fetch, request);
    if (fetch->guarded)
        set_guard(fetch);
}
