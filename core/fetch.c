/* fetch.c - one HTTP request and its redirects. See fetch.h. */
#include "fetch.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fetch_multi.h"

struct wf_fetch {
    struct wf_fetcher *fetcher;
    wf_fetch_done_fn *done;
    void *arg;
    CURL *easy;
    bool added;
    char *method, *url;
    struct curl_slist *headers;
    struct wf_buf body;
    bool has_body;
    int upload; /* descriptor of from_file, or -1 */
    off_t upload_size;
    char *to_file;
    unsigned redirects_left;
    size_t max_bytes;
    uint64_t max_file_bytes;
    double timeout_s;
    uint64_t start_ns;
    struct wf_fetch_response *response;
    const char *failed; /* why a callback ended the transfer */
    int file_errno;
    char curl_error[CURL_ERROR_SIZE];
};

static void fail(struct wf_fetch_failure *failure, const char *error,
                 const char *url, const char *cause) {
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + 3 : url;
    const char *end = host + strcspn(host, "/?#");
    const char *at = memchr(host, '@', (size_t)(end - host));

    if (at) /* the user part may hold a password */
        for (const char *p = at; p < end; p++)
            if (*p == '@')
                host = p + 1;
    size_t len = strcspn(host, "?#"); /* a query may hold a key */
    failure->error = error;
    snprintf(failure->cause, sizeof(failure->cause), "%.*s%.*s%s: %s",
             scheme ? (int)(scheme + 3 - url) : 0, url, (int)len, host,
             host[len] ? "?..." : "", cause);
}

/* ---- the response as it arrives ---- */

static void clear_headers(struct wf_fetch_response *response) {
    for (size_t i = 0; i < response->header_count; i++) {
        free(response->headers[i].name);
        free(response->headers[i].value);
    }
    free(response->headers);
    response->headers = NULL;
    response->header_count = 0;
}

void wf_fetch_response_free(struct wf_fetch_response *response) {
    if (!response)
        return;
    clear_headers(response);
    wf_buf_free(&response->body);
    wf_file_temp_drop(&response->file);
    free(response->url);
    free(response);
}

/* "Name: value\r\n"; another with the same name is joined by ", ", cookies
 * by a line feed, because they may contain commas. */
static void add_header(struct wf_fetch_response *response, char *name,
                       struct wf_str value) {
    for (size_t i = 0; i < response->header_count; i++) {
        struct wf_fetch_header *header = &response->headers[i];
        if (strcmp(header->name, name) != 0)
            continue;
        struct wf_buf joined = {0};
        wf_buf_adds(&joined, header->value);
        wf_buf_adds(&joined, strcmp(name, "set-cookie") ? ", " : "\n");
        wf_buf_addstr(&joined, value);
        wf_buf_u8(&joined, '\0');
        free(header->value);
        header->value = joined.data;
        free(name);
        return;
    }
    response->headers =
        wf_realloc(response->headers, (response->header_count + 1) *
                                          sizeof(*response->headers));
    response->headers[response->header_count++] = (struct wf_fetch_header){
        name, wf_strndup(value.data, value.len)};
}

static size_t on_header(char *data, size_t size, size_t count, void *arg) {
    struct wf_fetch *fetch = arg;
    size_t len = size * count;
    const char *colon = memchr(data, ':', len);

    if (len > 5 && memcmp(data, "HTTP/", 5) == 0) {
        clear_headers(fetch->response); /* of a 1xx response, a proxy */
        return len;
    }
    if (!colon || fetch->response->header_count >= 1000)
        return len;
    char *name = wf_strndup(data, (size_t)(colon - data));
    for (char *at = name; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    const char *first = colon + 1, *end = data + len;
    while (first < end && isspace((unsigned char)*first))
        first++;
    while (end > first && isspace((unsigned char)end[-1]))
        end--;
    add_header(fetch->response, name,
               (struct wf_str){first, (size_t)(end - first)});
    return len;
}

static long status_of(struct wf_fetch *fetch) {
    long status = 0;

    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static bool is_redirect(long status) {
    return status == 301 || status == 302 || status == 303 ||
           status == 307 || status == 308;
}

static bool write_file(struct wf_fetch *fetch, const char *data, size_t len) {
    struct wf_fetch_response *response = fetch->response;
    struct wf_error err;

    if (!response->to_file) {
        fetch->file_errno =
            wf_file_temp_open(&response->file, fetch->to_file, -1, &err);
        response->to_file = fetch->file_errno == 0;
    }
    while (len && !fetch->file_errno) {
        ssize_t put = write(response->file.fd, data, len);
        if (put < 0 && errno != EINTR)
            fetch->file_errno = errno;
        if (put > 0) {
            data += put;
            len -= (size_t)put;
        }
    }
    return fetch->file_errno == 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg) {
    struct wf_fetch *fetch = arg;
    struct wf_fetch_response *response = fetch->response;
    size_t len = size * count;
    long status = status_of(fetch);
    bool to_file = fetch->to_file && status >= 200 && status < 300;

    if (is_redirect(status) && fetch->redirects_left)
        return len; /* nobody will see it */
    response->size += len;
    if (to_file ? fetch->max_file_bytes &&
                      response->size > fetch->max_file_bytes
                : response->size > fetch->max_bytes) {
        fetch->failed = "TooLarge";
        return 0;
    }
    if (!to_file)
        wf_buf_add(&response->body, data, len);
    return !to_file || write_file(fetch, data, len) ? len : 0;
}

/* ---- the request ---- */

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
static void set_method(struct wf_fetch *fetch) {
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
    if (request->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
    if (request->insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!request->to_file) /* a file is stored as it was sent */
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
}

static void set_callbacks(struct wf_fetch *fetch) {
    CURL *easy = fetch->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->curl_error);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
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

/* Same scheme, host and port? */
static bool same_origin(const char *a, const char *b) {
    static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST,
                                      CURLUPART_PORT};
    CURLU *urls[2] = {curl_url(), curl_url()};
    bool same = urls[0] && urls[1] &&
                curl_url_set(urls[0], CURLUPART_URL, a, 0) == CURLUE_OK &&
                curl_url_set(urls[1], CURLUPART_URL, b, 0) == CURLUE_OK;

    for (int i = 0; i < 3 && same; i++) {
        char *text[2] = {NULL, NULL};
        for (int n = 0; n < 2; n++)
            if (curl_url_get(urls[n], parts[i], &text[n],
                             CURLU_DEFAULT_PORT) != CURLUE_OK)
                same = false;
        same = same && strcasecmp(text[0], text[1]) == 0;
        curl_free(text[0]);
        curl_free(text[1]);
    }
    curl_url_cleanup(urls[0]);
    curl_url_cleanup(urls[1]);
    return same;
}

static void drop_credentials(struct wf_fetch *fetch) {
    static const char *const secret[] = {"authorization", "cookie", "host"};
    struct curl_slist *old = fetch->headers;

    curl_easy_setopt(fetch->easy, CURLOPT_USERPWD, NULL);
    curl_easy_setopt(fetch->easy, CURLOPT_XOAUTH2_BEARER, NULL);
    fetch->headers = NULL;
    for (struct curl_slist *at = old; at; at = at->next) {
        bool keep = true;
        for (int i = 0; i < 3; i++)
            keep = keep && !header_is(at->data, secret[i]);
        if (keep)
            add_line(fetch, at->data);
    }
    curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers);
    curl_slist_free_all(old);
}

static void drop_body(struct wf_fetch *fetch) {
    wf_buf_free(&fetch->body);
    fetch->has_body = false;
    if (fetch->upload >= 0)
        close(fetch->upload);
    fetch->upload = -1;
}

/* ---- its life ---- */

static void fetch_free(struct wf_fetch *fetch) {
    if (fetch->added)
        wf_fetch_multi_remove(fetch->fetcher, fetch->easy);
    curl_easy_cleanup(fetch->easy);
    curl_slist_free_all(fetch->headers);
    drop_body(fetch);
    wf_fetch_response_free(fetch->response);
    free(fetch->method);
    free(fetch->url);
    free(fetch->to_file);
    free(fetch);
}

static struct wf_fetch_response *response_new(void) {
    struct wf_fetch_response *response = wf_calloc(1, sizeof(*response));

    response->file.fd = -1;
    return response;
}

static void perform(struct wf_fetch *fetch) {
    if (fetch->timeout_s > 0) { /* what is left of it; 0 would be "none" */
        double spent = (double)(wf_clock_mono_ns() - fetch->start_ns) / 1e9;
        double left = (fetch->timeout_s - spent) * 1000;
        curl_easy_setopt(fetch->easy, CURLOPT_TIMEOUT_MS,
                         left > 1 ? (long)left : 1L);
    }
    if (fetch->upload >= 0)
        lseek(fetch->upload, 0, SEEK_SET);
    curl_easy_setopt(fetch->easy, CURLOPT_URL, fetch->url);
    set_method(fetch);
    fetch->added = wf_fetch_multi_add(fetch->fetcher, fetch->easy) == CURLM_OK;
}

static const char *error_name(CURLcode code) {
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return "Timeout";
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return "NameNotResolved";
    case CURLE_COULDNT_CONNECT:
        return "ConnectFailed";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_PEER_FAILED_VERIFICATION:
        return "Tls";
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "BadUrl";
    default:
        return "Failed";
    }
}

static void explain(struct wf_fetch *fetch, CURLcode code,
                    struct wf_fetch_failure *failure) {
    const char *cause = *fetch->curl_error ? fetch->curl_error
                                          : curl_easy_strerror(code);

    failure->file_errno = fetch->file_errno;
    if (fetch->file_errno)
        fail(failure, "File", fetch->url, strerrordesc_np(fetch->file_errno));
    else if (fetch->failed)
        fail(failure, fetch->failed, fetch->url,
             "the body is larger than allowed");
    else
        fail(failure, error_name(code), fetch->url, cause);
}

static void end(struct wf_fetch *fetch, CURLcode code) {
    struct wf_fetch_failure failure = {0};
    struct wf_fetch_response *response = fetch->response;
    wf_fetch_done_fn *done = fetch->done;
    void *arg = fetch->arg;

    if (code != CURLE_OK) {
        explain(fetch, code, &failure);
        fetch_free(fetch);
        done(arg, NULL, &failure);
        return;
    }
    response->status = (unsigned)status_of(fetch);
    response->url = fetch->url;
    response->seconds = (double)(wf_clock_mono_ns() - fetch->start_ns) / 1e9;
    fetch->response = NULL;
    fetch->url = NULL;
    fetch_free(fetch);
    done(arg, response, NULL);
}

static void end_too_many(struct wf_fetch *fetch) {
    struct wf_fetch_failure failure = {0};
    wf_fetch_done_fn *done = fetch->done;
    void *arg = fetch->arg;

    fail(&failure, "TooManyRedirects", fetch->url,
         "more redirects than allowed");
    fetch_free(fetch);
    done(arg, NULL, &failure);
}

/* Goes where the response points; false: it points nowhere. */
static bool follow(struct wf_fetch *fetch, long status) {
    char *location = NULL;

    curl_easy_getinfo(fetch->easy, CURLINFO_REDIRECT_URL, &location);
    if (!location)
        return false;
    if (--fetch->redirects_left == 0) {
        end_too_many(fetch);
        return true;
    }
    char *url = wf_strndup(location, strlen(location));
    bool reading = strcmp(fetch->method, "GET") == 0 ||
                   strcmp(fetch->method, "HEAD") == 0;
    if ((status == 303 && !reading) ||
        (status <= 302 && strcmp(fetch->method, "POST") == 0)) {
        drop_body(fetch);
        free(fetch->method);
        fetch->method = wf_strndup("GET", 3);
    }
    if (!same_origin(fetch->url, url))
        drop_credentials(fetch);
    free(fetch->url);
    fetch->url = url;
    wf_fetch_response_free(fetch->response);
    fetch->response = response_new();
    perform(fetch);
    if (!fetch->added)
        end(fetch, CURLE_FAILED_INIT);
    return true;
}

/* An empty body never came by on_body(): the file is still to be made. */
static bool complete_file(struct wf_fetch *fetch, long status) {
    return !fetch->to_file || status < 200 || status >= 300 ||
           fetch->response->to_file || write_file(fetch, "", 0);
}

void wf_fetch_transfer_over(struct wf_fetch *fetch, CURLcode code) {
    long status = status_of(fetch);

    fetch->added = false;
    if (code == CURLE_OK && is_redirect(status) && fetch->redirects_left &&
        follow(fetch, status))
        return;
    if (code == CURLE_OK && !complete_file(fetch, status))
        code = CURLE_WRITE_ERROR;
    end(fetch, code);
}

static int open_upload(struct wf_fetch *fetch, const char *path) {
    struct stat st;

    fetch->upload = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fetch->upload < 0 || fstat(fetch->upload, &st) != 0)
        return errno;
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    fetch->upload_size = st.st_size;
    return 0;
}

static struct wf_fetch *fetch_new(struct wf_fetcher *fetcher,
                                const struct wf_fetch_request *request) {
    struct wf_fetch *fetch = wf_calloc(1, sizeof(*fetch));
    const char *method = request->method ? request->method : "GET";

    fetch->fetcher = fetcher;
    fetch->easy = curl_easy_init();
    fetch->method = wf_strndup(method, strlen(method));
    fetch->url = wf_strndup(request->url, strlen(request->url));
    fetch->upload = -1;
    fetch->has_body = request->body.data != NULL;
    wf_buf_addstr(&fetch->body, request->body);
    if (request->to_file)
        fetch->to_file =
            wf_strndup(request->to_file, strlen(request->to_file));
    /* One more: the counter at 0 means that none is to be followed. */
    fetch->redirects_left =
        request->max_redirects ? request->max_redirects + 1 : 0;
    fetch->max_bytes = request->max_bytes;
    fetch->max_file_bytes = request->max_file_bytes;
    fetch->timeout_s = request->timeout_s;
    fetch->start_ns = wf_clock_mono_ns();
    fetch->response = response_new();
    return fetch;
}

struct wf_fetch *wf_fetch_start(struct wf_fetcher *fetcher,
                              const struct wf_fetch_request *request,
                              wf_fetch_done_fn *done, void *arg,
                              struct wf_fetch_failure *failure) {
    struct wf_fetch *fetch = fetch_new(fetcher, request);

    *failure = (struct wf_fetch_failure){0};
    if (request->from_file)
        fetch->file_errno = open_upload(fetch, request->from_file);
    if (fetch->easy && !fetch->file_errno) {
        set_callbacks(fetch);
        set_connection(fetch->easy, request);
        set_credentials(fetch->easy, request);
        set_headers(fetch, request);
        perform(fetch);
    }
    if (fetch->added) {
        fetch->done = done;
        fetch->arg = arg;
        return fetch;
    }
    explain(fetch, CURLE_FAILED_INIT, failure);
    fetch_free(fetch);
    return NULL;
}

void wf_fetch_cancel(struct wf_fetch *fetch) {
    fetch_free(fetch);
}
