/* item_s3_request.c - one request to an S3 endpoint. See item_s3.h. */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "item_s3.h"

#define TRIES 4
#define FIRST_PAUSE_MS 50
#define CONNECT_S 10L
#define IDLE_S 30L /* without a byte */
#define MAX_ANSWER ((size_t)16 << 20)

/* What the callbacks of a transfer fill. */
struct transfer {
    const struct wf_s3_request *request;
    struct wf_s3_answer *answer;
    CURL *curl;
    uint64_t length; /* of the body that was announced */
    bool too_large;
};

/* ---- what is sent ---- */

void wf_s3_escape(struct wf_buf *out, struct wf_str text, bool is_path) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c && strchr(plain, c)) || (is_path && c == '/'))
            wf_buf_u8(out, c);
        else
            wf_buf_addf(out, "%%%02X", c);
    }
}

/* ENDPOINT/BUCKET/KEY?QUERY and a NUL. */
static void add_url(const struct wf_s3 *s3,
                    const struct wf_s3_request *request, struct wf_buf *url) {
    const char *endpoint = s3->stores->s3_endpoint;
    size_t len = strlen(endpoint);

    while (len && endpoint[len - 1] == '/')
        len--;
    wf_buf_add(url, endpoint, len);
    wf_buf_u8(url, '/');
    wf_s3_escape(url, s3->base.name, false);
    if (request->key.len) {
        wf_buf_u8(url, '/');
        wf_s3_escape(url, request->key, true);
    }
    if (request->query) {
        wf_buf_u8(url, '?');
        wf_buf_adds(url, request->query);
    }
    wf_buf_u8(url, '\0');
}

static struct curl_slist *add_header(struct curl_slist *list,
                                     const char *name, const char *value) {
    struct wf_buf line = {0};

    wf_buf_addf(&line, "%s: %s", name, value);
    wf_buf_u8(&line, '\0');
    list = curl_slist_append(list, line.data);
    wf_buf_free(&line);
    return list;
}

static struct curl_slist *add_digest(struct curl_slist *list,
                                     struct wf_str body) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char text[2 * SHA256_DIGEST_LENGTH + 1];

    SHA256((const unsigned char *)(body.data ? body.data : ""), body.len,
           digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return add_header(list, "x-amz-content-sha256", text);
}

static struct curl_slist *headers_of(const struct wf_s3 *s3,
                                     const struct wf_s3_request *request) {
    struct curl_slist *list = add_digest(NULL, request->body);

    if (s3->stores->access_key && s3->stores->session_token)
        list = add_header(list, "x-amz-security-token",
                          s3->stores->session_token);
    if (request->range)
        list = add_header(list, "Range", request->range);
    if (request->if_match)
        list = add_header(list, "If-Match", request->if_match);
    if (request->body.data)
        list = add_header(list, "Content-Type", "application/octet-stream");
    if (request->source.len) {
        struct wf_buf source = {0};
        wf_buf_u8(&source, '/');
        wf_s3_escape(&source, s3->base.name, false);
        wf_buf_u8(&source, '/');
        wf_s3_escape(&source, request->source, true);
        wf_buf_u8(&source, '\0');
        list = add_header(list, "x-amz-copy-source", source.data);
        wf_buf_free(&source);
    }
    return list;
}

/* ---- what comes back ---- */

static size_t on_body(char *data, size_t one, size_t len, void *arg) {
    struct transfer *transfer = arg;
    struct wf_buf *body = &transfer->answer->body;
    size_t max = transfer->request->max_bytes;
    long status = 0;

    (void)one;
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
    if (max == 0 || status / 100 != 2) /* a failure's cause is not what was
                                          asked for */
        max = MAX_ANSWER;
    if (len > max - body->len) {
        transfer->too_large = true;
        return 0;
    }
    wf_buf_add(body, data, len);
    return len;
}

/* The value of a header line of that name (lower case), or NULL. */
static const char *value_of(const char *line, size_t len, const char *name,
                            size_t *value_len) {
    size_t at = strlen(name);

    if (len <= at || line[at] != ':' || strncasecmp(line, name, at) != 0)
        return NULL;
    for (at++; at < len && (line[at] == ' ' || line[at] == '\t'); at++)
        ;
    while (len > at && (line[len - 1] == '\r' || line[len - 1] == '\n'))
        len--;
    *value_len = len - at;
    return line + at;
}

static size_t on_header(char *line, size_t one, size_t len, void *arg) {
    struct transfer *transfer = arg;
    struct wf_s3_answer *answer = transfer->answer;
    size_t size;
    const char *value;

    (void)one;
    if ((value = value_of(line, len, "etag", &size)) != NULL) {
        snprintf(answer->etag, sizeof(answer->etag), "%.*s", (int)size,
                 value);
    } else if ((value = value_of(line, len, "content-range", &size))) {
        const char *slash = memchr(value, '/', size);
        if (slash) /* the line ends with a line feed */
            answer->size = strtoull(slash + 1, NULL, 10);
    } else if ((value = value_of(line, len, "content-length", &size))) {
        transfer->length = strtoull(value, NULL, 10);
    }
    return len;
}

static bool is_cancelled(const struct wf_s3 *s3) {
    return s3->base.cancelled && atomic_load(s3->base.cancelled);
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down,
                       curl_off_t up_total, curl_off_t up) {
    const struct wf_s3 *s3 = arg;

    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return is_cancelled(s3);
}

/* ---- one try ---- */

/* Options of libcurl take what their comments say, not any pointer. */
static void set_up(struct wf_s3 *s3, struct transfer *transfer,
                   const char *url, struct curl_slist *headers) {
    const struct wf_s3_request *request = transfer->request;
    CURL *curl = s3->curl;

    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, IDLE_S);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s3);
    if (request->body.data) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)request->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
    }
    if (strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static void sign(const struct wf_s3 *s3) {
    const struct wf_item_stores *stores = s3->stores;
    struct wf_buf text = {0};

    if (!stores->access_key)
        return;
    wf_buf_addf(&text, "aws:amz:%s:s3",
                stores->s3_region ? stores->s3_region : "us-east-1");
    wf_buf_u8(&text, '\0');
    curl_easy_setopt(s3->curl, CURLOPT_AWS_SIGV4, text.data);
    curl_easy_setopt(s3->curl, CURLOPT_USERNAME, stores->access_key);
    curl_easy_setopt(s3->curl, CURLOPT_PASSWORD, stores->secret_key);
    wf_buf_free(&text);
}

static CURLcode try_once(struct wf_s3 *s3, struct transfer *transfer) {
    const struct wf_s3_request *request = transfer->request;
    struct wf_s3_answer *answer = transfer->answer;
    struct curl_slist *headers = headers_of(s3, request);
    struct wf_buf url = {0};

    answer->status = 0;
    answer->body.len = 0;
    answer->etag[0] = '\0';
    answer->size = 0;
    transfer->length = 0;
    transfer->too_large = false;
    add_url(s3, request, &url);
    set_up(s3, transfer, url.data, headers);
    sign(s3);
    CURLcode code = curl_easy_perform(s3->curl);
    curl_easy_getinfo(s3->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    if (answer->status != 206)
        answer->size = transfer->length;
    curl_slist_free_all(headers);
    wf_buf_free(&url);
    return code;
}

/* ---- failures ---- */

/* "get s3://bucket/key: " and why. */
static int fail(const struct wf_s3 *s3, const struct wf_s3_request *request,
                enum wf_error_code code, const char *why,
                struct wf_error *err) {
    return wf_error_set(err, code, "%s s3://%.*s/%.*s: %.500s",
                        request->method, (int)s3->base.name.len,
                        s3->base.name.data,
                        (int)(request->key.len > 300 ? 300
                                                     : request->key.len),
                        request->key.len ? request->key.data : "", why);
}

/* What the answer's status and body say. */
static int refused(const struct wf_s3 *s3,
                   const struct wf_s3_request *request,
                   const struct wf_s3_answer *answer, struct wf_error *err) {
    struct wf_str body = wf_item_str(&answer->body);
    char code[128], message[300], why[500];
    bool known = wf_s3_xml_text(body, "Code", 1, code, sizeof(code));

    if (!known)
        code[0] = '\0';
    if (!known ||
        !wf_s3_xml_text(body, "Message", 1, message, sizeof(message)))
        message[0] = '\0';
    snprintf(why, sizeof(why), "HTTP status %ld%s%s%s%s", answer->status,
             known ? " " : "", code, message[0] ? ": " : "", message);
    return fail(s3, request,
                answer->status == 404   ? WF_E_NOT_FOUND
                : answer->status == 412 ? WF_E_CONFLICT
                                        : WF_E_IO,
                why, err);
}

/* Some operations begin to answer before they know how they end. */
static bool is_late_error(const struct wf_s3_request *request,
                          const struct wf_s3_answer *answer) {
    char code[128];

    return strcmp(request->method, "GET") != 0 && answer->status == 200 &&
           wf_s3_xml_text(wf_item_str(&answer->body), "Code", 1, code,
                          sizeof(code));
}

static bool may_pass(CURLcode code, const struct wf_s3_answer *answer) {
    if (code == CURLE_OK)
        return answer->status == 429 || answer->status >= 500 ||
               answer->status == 200; /* a late error */
    return code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR ||
           code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
           code == CURLE_PARTIAL_FILE || code == CURLE_OPERATION_TIMEDOUT;
}

/* Waits before the next try, unless it is cancelled. */
static void pause_before(const struct wf_s3 *s3, unsigned tries) {
    struct timespec slice = {0, FIRST_PAUSE_MS * 1000000L};

    for (unsigned i = 1u << 2 * tries; i && !is_cancelled(s3); i--)
        nanosleep(&slice, NULL);
}

int wf_s3_send(struct wf_s3 *s3, const struct wf_s3_request *request,
               struct wf_s3_answer *answer, struct wf_error *err) {
    struct transfer transfer = {
        .request = request, .answer = answer, .curl = s3->curl};
    CURLcode code = CURLE_OK;

    for (unsigned tries = 0; tries < TRIES; tries++) {
        if (tries)
            pause_before(s3, tries - 1);
        if (is_cancelled(s3))
            return fail(s3, request, WF_E_BUSY, "cancelled", err);
        code = try_once(s3, &transfer);
        if (code == CURLE_OK && answer->status / 100 == 2 &&
            !is_late_error(request, answer))
            return 0;
        if (!may_pass(code, answer))
            break;
    }
    if (code == CURLE_OK)
        return refused(s3, request, answer, err);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return fail(s3, request, WF_E_BUSY, "cancelled", err);
    return fail(s3, request, WF_E_IO,
                transfer.too_large ? "the answer is larger than was asked for"
                                   : curl_easy_strerror(code),
                err);
}

int wf_s3_size(struct wf_s3 *s3, struct wf_str key, uint64_t *size,
               struct wf_error *err) {
    struct wf_s3_request request = {.method = "HEAD", .key = key};
    struct wf_s3_answer answer = {0};
    int rc = wf_s3_send(s3, &request, &answer, err);

    *size = answer.size;
    wf_buf_free(&answer.body);
    return rc;
}
