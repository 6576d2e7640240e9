/* sigv4.c - the canonical request and its signature. See sigv4.h. */
#include "sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum { PARAMETERS_MAX = 256 }; /* of a query; more are not signed here */

/* ---- hashes ---- */

void wf_sigv4_hash(struct wf_str text, unsigned char hash[WF_SIGV4_HASH]) {
    SHA256((const unsigned char *)(text.data ? text.data : ""), text.len,
           hash);
}

void wf_sigv4_hex(const unsigned char hash[WF_SIGV4_HASH], char hex[65]) {
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < WF_SIGV4_HASH; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[64] = '\0';
}

static void hmac(const unsigned char *key, size_t key_len, struct wf_str text,
                 unsigned char out[WF_SIGV4_HASH]) {
    HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text.data,
         text.len, out, NULL);
}

/* ---- escaping ---- */

static int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void escape(struct wf_buf *out, char c, bool is_path) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._~";

    if ((c && strchr(plain, c)) || (is_path && c == '/'))
        wf_buf_u8(out, (uint8_t)c);
    else
        wf_buf_addf(out, "%%%02X", (unsigned char)c);
}

/* Whatever was escaped, in whichever way, is escaped in one way. */
static void escape_again(struct wf_buf *out, struct wf_str text) {
    for (size_t i = 0; i < text.len; i++) {
        int high = i + 2 < text.len ? digit_of(text.data[i + 1]) : -1;
        int low = i + 2 < text.len ? digit_of(text.data[i + 2]) : -1;
        if (text.data[i] != '%' || high < 0 || low < 0) {
            escape(out, text.data[i], false);
            continue;
        }
        escape(out, (char)(high << 4 | low), false);
        i += 2;
    }
}

/* ---- the canonical request ---- */

/* Escaped as it came, the path is escaped once more. */
static void add_path(struct wf_buf *out, struct wf_str path) {
    if (path.len == 0)
        wf_buf_u8(out, '/');
    for (size_t i = 0; i < path.len; i++)
        escape(out, path.data[i], true);
}

/* "name=value" of the canonical query, as a range of a buffer. */
struct parameter {
    const struct wf_buf *texts;
    size_t at, name_len, len;
};

/* Names first, then values; '=' sorts before no escaped character. */
static int compare(const void *a, const void *b) {
    const struct parameter *one = a, *other = b;
    const char *x = one->texts->data + one->at;
    const char *y = other->texts->data + other->at;
    size_t least = one->name_len < other->name_len ? one->name_len
                                                   : other->name_len;
    int order = memcmp(x, y, least);

    if (order == 0 && one->name_len != other->name_len)
        return one->name_len < other->name_len ? -1 : 1;
    if (order != 0)
        return order;
    least = one->len < other->len ? one->len : other->len;
    order = memcmp(x, y, least);
    return order ? order : (one->len > other->len) - (one->len < other->len);
}

static struct wf_str take_parameter(struct wf_str *query) {
    const char *end = memchr(query->data, '&', query->len);
    size_t len = end ? (size_t)(end - query->data) : query->len;
    struct wf_str part = {query->data, len};

    query->data += len + (end != NULL);
    query->len -= len + (end != NULL);
    return part;
}

static void add_query(struct wf_buf *out, struct wf_str query) {
    struct parameter parameters[PARAMETERS_MAX];
    struct wf_buf texts = {0};
    size_t count = 0;

    while (query.len > 0 && count < PARAMETERS_MAX) {
        struct wf_str part = take_parameter(&query);
        const char *equals = memchr(part.data, '=', part.len);
        size_t len = equals ? (size_t)(equals - part.data) : part.len;
        struct parameter *parameter = &parameters[count];
        if (part.len == 0)
            continue;
        *parameter = (struct parameter){.texts = &texts, .at = texts.len};
        escape_again(&texts, (struct wf_str){part.data, len});
        parameter->name_len = texts.len - parameter->at;
        wf_buf_u8(&texts, '=');
        if (equals)
            escape_again(&texts,
                         (struct wf_str){equals + 1, part.len - len - 1});
        parameter->len = texts.len - parameter->at;
        count++;
    }
    if (count > 1)
        qsort(parameters, count, sizeof(*parameters), compare);
    for (size_t i = 0; i < count; i++) {
        if (i)
            wf_buf_u8(out, '&');
        wf_buf_add(out, texts.data + parameters[i].at, parameters[i].len);
    }
    if (query.len > 0) /* too many: this is nobody's signature */
        wf_buf_u8(out, '&');
    wf_buf_free(&texts);
}

struct values {
    struct wf_buf *out;
    unsigned count;
};

/* Without blanks around it, and runs of them as one. */
static void add_value(void *arg, struct wf_str value) {
    struct values *values = arg;
    bool was_blank = false, any = false;

    if (values->count++)
        wf_buf_u8(values->out, ',');
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];
        if (c == ' ' || c == '\t') {
            was_blank = true;
            continue;
        }
        if (was_blank && any)
            wf_buf_u8(values->out, ' ');
        wf_buf_u8(values->out, (uint8_t)c);
        was_blank = false;
        any = true;
    }
}

static void add_headers(const struct wf_sigv4_request *request,
                        struct wf_str names, struct wf_buf *out) {
    while (names.len > 0) {
        const char *end = memchr(names.data, ';', names.len);
        size_t len = end ? (size_t)(end - names.data) : names.len;
        struct values values = {.out = out};
        wf_buf_add(out, names.data, len);
        wf_buf_u8(out, ':');
        request->headers(request->arg, (struct wf_str){names.data, len},
                         add_value, &values);
        wf_buf_u8(out, '\n');
        names.data += len + (end != NULL);
        names.len -= len + (end != NULL);
    }
}

void wf_sigv4_canonical(const struct wf_sigv4_request *request,
                        struct wf_str signed_headers, struct wf_buf *out) {
    struct wf_str path = request->target, query = WF_STR("");
    const char *mark = path.len ? memchr(path.data, '?', path.len) : NULL;
    char hex[65];

    if (mark) {
        path.len = (size_t)(mark - path.data);
        query = (struct wf_str){mark + 1, request->target.len - path.len - 1};
    }
    wf_buf_addstr(out, request->method);
    wf_buf_u8(out, '\n');
    add_path(out, path);
    wf_buf_u8(out, '\n');
    add_query(out, query);
    wf_buf_u8(out, '\n');
    add_headers(request, signed_headers, out);
    wf_buf_u8(out, '\n');
    wf_buf_addstr(out, signed_headers);
    wf_sigv4_hex(request->body_hash, hex);
    wf_buf_u8(out, '\n');
    wf_buf_adds(out, hex);
}

/* ---- keys and signatures ---- */

static void make_key(const struct wf_credential *key,
                     const struct wf_sigv4_claim *claim,
                     unsigned char out[WF_SIGV4_HASH]) {
    char first[4 + WF_KEY_SECRET_MAX + 1] = "AWS4";

    memcpy(first + 4, key->secret, strlen(key->secret) + 1);
    hmac((const unsigned char *)first, strlen(first), claim->date, out);
    hmac(out, WF_SIGV4_HASH, claim->region, out);
    hmac(out, WF_SIGV4_HASH, claim->service, out);
    hmac(out, WF_SIGV4_HASH, WF_STR("aws4_request"), out);
    OPENSSL_cleanse(first, sizeof(first));
}

const unsigned char *wf_sigv4_key(struct wf_credential *key,
                                  const struct wf_sigv4_claim *claim) {
    struct wf_signing_key *kept;

    for (unsigned i = 0; i < WF_KEY_SCOPES; i++)
        if (wf_str_eq(wf_str(key->signing[i].scope), claim->scope))
            return key->signing[i].bytes;
    kept = &key->signing[key->next_signing++ % WF_KEY_SCOPES];
    make_key(key, claim, kept->bytes);
    memcpy(kept->scope, claim->scope.data, claim->scope.len);
    kept->scope[claim->scope.len] = '\0';
    return kept->bytes;
}

void wf_sigv4_sign(const unsigned char *signing_key,
                   const struct wf_sigv4_claim *claim,
                   struct wf_str canonical, char hex[65]) {
    unsigned char hash[WF_SIGV4_HASH];
    struct wf_buf text = {0};

    wf_sigv4_hash(canonical, hash);
    wf_sigv4_hex(hash, hex);
    wf_buf_adds(&text, "AWS4-HMAC-SHA256\n");
    wf_buf_addstr(&text, claim->time);
    wf_buf_u8(&text, '\n');
    wf_buf_addstr(&text, claim->scope);
    wf_buf_adds(&text, "/aws4_request\n");
    wf_buf_adds(&text, hex);
    hmac(signing_key, WF_SIGV4_HASH, (struct wf_str){text.data, text.len},
         hash);
    wf_sigv4_hex(hash, hex);
    wf_buf_free(&text);
}
