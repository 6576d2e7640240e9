/* fetch.c - the life of an HTTP request and its redirects. See fetch.h. */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "clock.h"
#include "fetch_priv.h"

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

static void fetch_free(struct wf_fetch *fetch) {
    if (fetch->added)
        wf_fetch_multi_remove(fetch->fetcher, fetch->easy);
    curl_easy_cleanup(fetch->easy);
    curl_slist_free_all(fetch->headers);
    wf_fetch_drop_body(fetch);
    wf_fetch_response_free(fetch->response);
    free(fetch->method);
    free(fetch->url);
    free(fetch->to_file);
    free(fetch->allow);
    free(fetch);
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
    wf_fetch_set_method(fetch);
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
             strcmp(fetch->failed, "Refused") == 0
                 ? "its address is not allowed (--http-allow)"
                 : "the body is larger than allowed");
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
    response->status = (unsigned)wf_fetch_status(fetch);
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

/* A guarded body is for the first origin alone. */
static bool gives_body_away(const struct wf_fetch *fetch, long status,
                            const char *location) {
    bool keeps = status > 303 || (status != 303 &&
                                  strcmp(fetch->method, "POST") != 0);
    return fetch->guarded && keeps && fetch->has_body &&
           !same_origin(fetch->url, location);
}

/* Goes where the response points; false: it points nowhere. */
static bool follow(struct wf_fetch *fetch, long status) {
    char *location = NULL;

    curl_easy_getinfo(fetch->easy, CURLINFO_REDIRECT_URL, &location);
    if (!location || gives_body_away(fetch, status, location))
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
        wf_fetch_drop_body(fetch);
        free(fetch->method);
        fetch->method = wf_strndup("GET", 3);
    }
    if (!same_origin(fetch->url, url))
        wf_fetch_drop_credentials(fetch);
    free(fetch->url);
    fetch->url = url;
    wf_fetch_response_free(fetch->response);
    fetch->response = wf_fetch_response_new();
    perform(fetch);
    if (!fetch->added)
        end(fetch, CURLE_FAILED_INIT);
    return true;
}

void wf_fetch_transfer_over(struct wf_fetch *fetch, CURLcode code) {
    long status = wf_fetch_status(fetch);

    fetch->added = false;
    if (code == CURLE_OK && wf_fetch_is_redirect(status) &&
        fetch->redirects_left && follow(fetch, status))
        return;
    if (code == CURLE_OK && !wf_fetch_complete_file(fetch))
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
    fetch->guarded = request->guard;
    if (request->allow)
        fetch->allow = wf_strndup(request->allow, strlen(request->allow));
    fetch->start_ns = wf_clock_mono_ns();
    fetch->response = wf_fetch_response_new();
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
        wf_fetch_prepare(fetch, request);
        wf_fetch_receive(fetch);
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
