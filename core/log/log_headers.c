/*
 * log_headers.c - headers that an endpoint of logs wants, a token among them:
 * a private file, "Name: value" a line. Empty lines and those that begin with
 * # do not count.
 */
#include <stdlib.h>
#include <strings.h>

#include "log_impl.h"
#include "private_file.h"
#include "sender.h"

enum { FILE_BYTES = 64 << 10, MOST_HEADERS = 50 };

/* Those that are made here. */
static bool is_ours(const char *name) {
    static const char *const names[] = {
        "Content-Type", "Content-Length", "Transfer-Encoding",
        "Host",         "Idempotency-Key", NULL};

    for (const char *const *at = names; *at; at++)
        if (strcasecmp(name, *at) == 0)
            return true;
    return false;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static struct wf_str trim(struct wf_str text) {
    while (text.len && is_blank(text.data[0]))
        text = (struct wf_str){text.data + 1, text.len - 1};
    while (text.len && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

/* A value without control characters: no header can hide in it. */
static bool is_value(struct wf_str value) {
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.data[i] < ' ' && value.data[i] != '\t')
            return false;
    return value.len > 0;
}

/* "Name: value"; NULL: it is no header that can be sent. */
static char *header_of(struct wf_str line) {
    const char *colon = memchr(line.data, ':', line.len);
    struct wf_buf header = {0};

    if (!colon)
        return NULL;
    struct wf_str value = trim((struct wf_str){
        colon + 1, line.len - (size_t)(colon + 1 - line.data)});
    char *name = wf_strndup(line.data, (size_t)(colon - line.data));
    if (wf_sender_header_name(name) && !is_ours(name) && is_value(value)) {
        wf_buf_addf(&header, "%s: ", name);
        wf_buf_addstr(&header, value);
        wf_buf_u8(&header, '\0');
    }
    free(name);
    return header.data;
}

static int take_lines(const char *path, struct wf_str text, char **headers,
                      struct wf_error *err) {
    const char *at = text.data, *end = text.data + text.len;
    size_t count = 0;

    for (unsigned number = 1; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop ? stop : end) - at);
        struct wf_str line = trim((struct wf_str){at, len});
        at += len + 1;
        if (line.len == 0 || line.data[0] == '#')
            continue;
        if (count == MOST_HEADERS)
            return wf_error_set(err, WF_E_INVALID,
                                "%s: more than %d headers", path,
                                MOST_HEADERS);
        if (!(headers[count++] = header_of(line)))
            return wf_error_set(err, WF_E_INVALID,
                                "%s:%u: NAME: VALUE is expected, a header of "
                                "your own", path, number);
    }
    return 0;
}

int wf_log_headers_read(const char *path, char ***headers,
                        struct wf_error *err) {
    struct wf_buf text = {0};
    int rc = wf_private_file_read(path, WF_FILE_SECRET, FILE_BYTES, &text,
                                  err);

    *headers = NULL;
    if (rc == 0) {
        *headers = wf_calloc(MOST_HEADERS + 1, sizeof(**headers));
        rc = take_lines(path, (struct wf_str){text.data, text.len}, *headers,
                        err);
    }
    if (rc != 0) {
        wf_log_headers_free(*headers);
        *headers = NULL;
    }
    wf_buf_free(&text);
    return rc;
}

void wf_log_headers_free(char **headers) {
    for (char **at = headers; at && *at; at++)
        free(*at);
    free(headers);
}
