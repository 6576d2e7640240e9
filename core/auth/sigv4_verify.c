/* sigv4_verify.c - what a request claims of its signature, and whether it is
 * so. See sigv4.h. */
#include <openssl/crypto.h>
#include <stdio.h>

#include "clock.h"
#include "sigv4.h"
#include "time_zone.h"

enum { SIGNED_HEADERS_MAX = 64, TIME_LEN = 16 };

static bool refuse(struct wf_sigv4_refusal *why, const char *exception,
                   const char *message) {
    why->exception = exception;
    if (message != why->message)
        snprintf(why->message, sizeof(why->message), "%s", message);
    return false;
}

static bool incomplete(struct wf_sigv4_refusal *why, const char *message) {
    return refuse(why, "IncompleteSignatureException", message);
}

static bool invalid(struct wf_sigv4_refusal *why, const char *message) {
    return refuse(why, "InvalidSignatureException", message);
}

/* ---- headers ---- */

static void keep_first(void *arg, struct wf_str value) {
    struct wf_str *first = arg;
    if (!first->data)
        *first = value;
}

static struct wf_str header(const struct wf_sigv4_request *request,
                            const char *name) {
    struct wf_str value = WF_STR_NULL;
    request->headers(request->arg, wf_str(name), keep_first, &value);
    return value;
}

static bool has_prefix(struct wf_str *text, const char *prefix) {
    size_t len = strlen(prefix);
    if (text->len < len || memcmp(text->data, prefix, len) != 0)
        return false;
    text->data += len;
    text->len -= len;
    return true;
}

/* "NAME=value" of what Authorization says; data NULL: it isn't there. */
static struct wf_str part_of(struct wf_str rest, const char *name) {
    while (rest.len > 0) {
        const char *comma = memchr(rest.data, ',', rest.len);
        struct wf_str part = {rest.data, comma ? (size_t)(comma - rest.data)
                                               : rest.len};
        rest.data += part.len + (comma != NULL);
        rest.len -= part.len + (comma != NULL);
        while (part.len && part.data[0] == ' ') {
            part.data++;
            part.len--;
        }
        while (part.len && part.data[part.len - 1] == ' ')
            part.len--;
        if (has_prefix(&part, name) && has_prefix(&part, "="))
            return part;
    }
    return WF_STR_NULL;
}

/* ---- what is claimed ---- */

static bool is_signed(const struct wf_sigv4_claim *claim, const char *name) {
    struct wf_str rest = claim->signed_headers;

    while (rest.len > 0) {
        const char *end = memchr(rest.data, ';', rest.len);
        size_t len = end ? (size_t)(end - rest.data) : rest.len;
        if (len == strlen(name) && memcmp(rest.data, name, len) == 0)
            return true;
        rest.data += len + (end != NULL);
        rest.len -= len + (end != NULL);
    }
    return false;
}

static unsigned count_of(struct wf_str text, char c) {
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == c;
    return count;
}

static struct wf_str take_slash(struct wf_str *rest) {
    const char *slash = memchr(rest->data, '/', rest->len);
    struct wf_str part = {rest->data,
                          slash ? (size_t)(slash - rest->data) : rest->len};

    rest->data += part.len + (slash != NULL);
    rest->len -= part.len + (slash != NULL);
    return part;
}

/* ID/DATE/REGION/SERVICE/aws4_request; an id has no slash. */
static bool split_credential(struct wf_str text, struct wf_sigv4_claim *claim,
                             struct wf_sigv4_refusal *why) {
    if (!text.data || count_of(text, '/') != 4)
        return incomplete(why, "Credential must have exactly 5 "
                               "slash-delimited elements, e.g. "
                               "keyid/date/region/service/term.");
    claim->id = take_slash(&text);
    const char *scope = text.data;
    claim->date = take_slash(&text);
    claim->region = take_slash(&text);
    claim->service = take_slash(&text);
    claim->scope = (struct wf_str){scope, (size_t)(text.data - scope) - 1};
    if (!wf_str_eq(text, WF_STR("aws4_request")))
        return invalid(why, "Credential should be scoped with a valid "
                            "terminator: 'aws4_request'.");
    if (claim->id.len == 0 || claim->scope.len >= WF_KEY_SCOPE_MAX)
        return incomplete(why, "Credential is not of the form "
                               "keyid/date/region/service/aws4_request.");
    return true;
}

static void complain(struct wf_sigv4_refusal *why, const char *text) {
    size_t len = strlen(why->message);
    snprintf(why->message + len, sizeof(why->message) - len, "%s%s",
             len ? " " : "", text);
}

/* All that is missing, in one message. */
static bool is_complete(const struct wf_sigv4_claim *claim,
                        struct wf_str credential,
                        struct wf_sigv4_refusal *why) {
    why->message[0] = '\0';
    if (!credential.data)
        complain(why, "Authorization header requires 'Credential' "
                      "parameter.");
    if (!claim->signature.data)
        complain(why, "Authorization header requires 'Signature' parameter.");
    if (!claim->signed_headers.data)
        complain(why, "Authorization header requires 'SignedHeaders' "
                      "parameter.");
    if (!claim->time.data)
        complain(why, "Authorization header requires existence of either a "
                      "'X-Amz-Date' or a 'Date' header.");
    return why->message[0] ? incomplete(why, why->message) : true;
}

static bool signs_enough(const struct wf_sigv4_request *request,
                         const struct wf_sigv4_claim *claim,
                         struct wf_sigv4_refusal *why) {
    static const char *const wanted[] = {"host", "x-amz-date", "x-amz-target",
                                         "x-amz-content-sha256", NULL};

    if (count_of(claim->signed_headers, ';') >= SIGNED_HEADERS_MAX)
        return incomplete(why, "Too many headers are signed.");
    for (const char *const *at = wanted; *at; at++) {
        bool is_there = at == wanted || header(request, *at).data;
        if (!is_there || is_signed(claim, *at))
            continue;
        snprintf(why->message, sizeof(why->message),
                 "'%s' must be a 'SignedHeader' in the AWS Authorization.",
                 *at == wanted[0] ? "Host' or ':authority" : *at);
        return invalid(why, why->message);
    }
    if (!is_signed(claim, "x-amz-date") && !is_signed(claim, "date"))
        return invalid(why, "'X-Amz-Date' must be a 'SignedHeader' in the AWS "
                            "Authorization.");
    return true;
}

bool wf_sigv4_claim_read(const struct wf_sigv4_request *request,
                         struct wf_sigv4_claim *claim,
                         struct wf_sigv4_refusal *why) {
    struct wf_str text = header(request, "authorization");

    *claim = (struct wf_sigv4_claim){0};
    if (!text.data || text.len == 0)
        return refuse(why, "MissingAuthenticationTokenException",
                      "Missing Authentication Token");
    if (!has_prefix(&text, "AWS4-HMAC-SHA256 "))
        return has_prefix(&text, "AWS4-")
                   ? incomplete(why, "Unsupported AWS 'algorithm': use "
                                     "AWS4-HMAC-SHA256.")
                   : refuse(why, "MissingAuthenticationTokenException",
                            "Missing Authentication Token");
    struct wf_str credential = part_of(text, "Credential");
    claim->signed_headers = part_of(text, "SignedHeaders");
    claim->signature = part_of(text, "Signature");
    claim->time = header(request, "x-amz-date");
    if (!claim->time.data)
        claim->time = header(request, "date");
    return is_complete(claim, credential, why) &&
           split_credential(credential, claim, why) &&
           signs_enough(request, claim, why);
}

/* ---- whether scope and time are right ---- */

static bool digits(struct wf_str text, size_t at, size_t count,
                   unsigned *number) {
    *number = 0;
    for (size_t i = at; i < at + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *number = *number * 10 + (unsigned)(text.data[i] - '0');
    }
    return true;
}

bool wf_sigv4_time(struct wf_str text, int64_t *ms) {
    unsigned year, month, day, hour, minute, second;

    if (text.len != TIME_LEN || text.data[8] != 'T' || text.data[15] != 'Z' ||
        !digits(text, 0, 4, &year) || !digits(text, 4, 2, &month) ||
        !digits(text, 6, 2, &day) || !digits(text, 9, 2, &hour) ||
        !digits(text, 11, 2, &minute) || !digits(text, 13, 2, &second) ||
        month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 60)
        return false;
    *ms = wf_days_of(year, month, day) * 86400000 +
          ((hour * 60 + minute) * 60 + second) * (int64_t)1000;
    return true;
}

/* "20240131T120000Z" and a NUL. */
static void say_time(int64_t ms, char out[TIME_LEN + 1]) {
    char iso[25];
    size_t len = 0;

    wf_clock_iso(ms, iso);
    for (const char *at = iso; *at && *at != '.'; at++)
        if (*at != '-' && *at != ':')
            out[len++] = *at;
    out[len++] = 'Z';
    out[len] = '\0';
}

static bool time_is_near(const struct wf_sigv4_claim *claim, int64_t at_ms,
                         int64_t now_ms, struct wf_sigv4_refusal *why) {
    char now[TIME_LEN + 1], limit[TIME_LEN + 1];
    bool is_late = at_ms < now_ms - WF_SIGV4_SKEW_MS;

    if (!is_late && at_ms <= now_ms + WF_SIGV4_SKEW_MS)
        return true;
    say_time(now_ms, now);
    say_time(is_late ? now_ms - WF_SIGV4_SKEW_MS : now_ms + WF_SIGV4_SKEW_MS,
             limit);
    snprintf(why->message, sizeof(why->message),
             is_late ? "Signature expired: %.*s is now earlier than %s "
                       "(%s - 5 min.)"
                     : "Signature not yet current: %.*s is still later than "
                       "%s (%s + 5 min.)",
             TIME_LEN, claim->time.data, limit, now);
    return invalid(why, why->message);
}

static bool is_service(struct wf_str service, const char *const *services) {
    for (; *services; services++)
        if (wf_str_eq(service, wf_str(*services)))
            return true;
    return false;
}

bool wf_sigv4_claim_check(const struct wf_sigv4_claim *claim, int64_t now_ms,
                          const char *const *services,
                          struct wf_sigv4_refusal *why) {
    int64_t at_ms;

    if (!wf_sigv4_time(claim->time, &at_ms))
        return incomplete(why, "Date must be in ISO-8601 'basic format', "
                               "YYYYMMDD'T'HHMMSS'Z'.");
    if (claim->date.len != 8 ||
        memcmp(claim->date.data, claim->time.data, 8) != 0)
        return invalid(why, "Date in Credential scope does not match YYYYMMDD "
                            "from ISO-8601 version of date from HTTP.");
    if (!is_service(claim->service, services)) {
        snprintf(why->message, sizeof(why->message),
                 "Credential should be scoped to correct service: '%s'.",
                 services[0]);
        return invalid(why, why->message);
    }
    if (claim->region.len == 0)
        return invalid(why, "Credential should be scoped to a valid region.");
    return time_is_near(claim, at_ms, now_ms, why);
}

/* ---- all of it ---- */

struct wf_credential *
wf_sigv4_verify(struct wf_credentials *keys,
                const struct wf_sigv4_request *request, int64_t now_ms,
                const char *const *services, struct wf_sigv4_refusal *why) {
    struct wf_sigv4_claim claim;
    struct wf_credential *key;
    struct wf_buf canonical = {0};
    char hex[65];

    why->exception = NULL;
    if (!wf_sigv4_claim_read(request, &claim, why) ||
        !wf_sigv4_claim_check(&claim, now_ms, services, why))
        return NULL;
    key = wf_credentials_find(keys, claim.id);
    if (!key) {
        refuse(why, "UnrecognizedClientException",
               "The security token included in the request is invalid.");
        return NULL;
    }
    wf_sigv4_canonical(request, claim.signed_headers, &canonical);
    wf_sigv4_sign(wf_sigv4_key(key, &claim), &claim,
                  (struct wf_str){canonical.data, canonical.len}, hex);
    wf_buf_free(&canonical);
    if (claim.signature.len == 64 &&
        CRYPTO_memcmp(claim.signature.data, hex, 64) == 0)
        return key;
    invalid(why, "The request signature we calculated does not match the "
                 "signature you provided. Check your AWS Secret Access Key "
                 "and signing method. Consult the service documentation for "
                 "details.");
    return NULL;
}
