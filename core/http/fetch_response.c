/* fetch_response.c - a response as it arrives. See fetch.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fetch_priv.h"

struct wf_fetch_response *wf_fetch_response_new(void) {
    struct wf_fetch_response *response = wf_calloc(1, sizeof(*response));

    response->file.fd = -1;
    return response;
}

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

long wf_fetch_status(struct wf_fetch *fetch) {
    long status = 0;

    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

bool wf_fetch_is_redirect(long status) {
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
    long status = wf_fetch_status(fetch);
    bool to_file = fetch->to_file && status >= 200 && status < 300;

    if (wf_fetch_is_redirect(status) && fetch->redirects_left)
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

bool wf_fetch_complete_file(struct wf_fetch *fetch) {
    long status = wf_fetch_status(fetch);

    return !fetch->to_file || status < 200 || status >= 300 ||
           fetch->response->to_file || write_file(fetch, "", 0);
}

void wf_fetch_receive(struct wf_fetch *fetch) {
    CURL *easy = fetch->easy;

    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
}
