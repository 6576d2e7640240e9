/* test_sigv4.c - signatures as AWS documents them, and everything that may
 * be wrong with one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "sigv4.h"

#define ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TIME "20150830T123600Z"
#define TIME_MS INT64_C(1440938160000)

struct sent {
    const char *const (*headers)[2]; /* ends with NULLs */
    struct wf_sigv4_request request;
    unsigned char hash[WF_SIGV4_HASH];
};

static void each_header(void *arg, struct wf_str name,
                        wf_sigv4_value_fn *each, void *to) {
    struct sent *sent = arg;
    for (size_t i = 0; sent->headers[i][0]; i++)
        if (strlen(sent->headers[i][0]) == name.len &&
            strncasecmp(sent->headers[i][0], name.data, name.len) == 0)
            each(to, wf_str(sent->headers[i][1]));
}

static void prepare(struct sent *sent, const char *method, const char *target,
                    const char *const headers[][2], const char *body) {
    wf_sigv4_hash(wf_str(body), sent->hash);
    sent->headers = headers;
    sent->request = (struct wf_sigv4_request){
        .method = wf_str(method),
        .target = wf_str(target),
        .body_hash = sent->hash,
        .headers = each_header,
        .arg = sent,
    };
}

static struct wf_credentials *keys_of(const char *text) {
    struct wf_credentials *keys;
    struct wf_error err = {0};
    if (wf_credentials_parse(wf_str(text), "keys", &keys, &err) != 0)
        fail_msg("%s", err.message);
    return keys;
}

static const char *const services[] = {"service", "iam", NULL};

/* Verifies; the exception, or NULL and the message is "". */
static const char *verdict(struct sent *sent, int64_t now_ms,
                           struct wf_sigv4_refusal *why) {
    struct wf_credentials *keys = keys_of(ID " " SECRET " admin");
    *why = (struct wf_sigv4_refusal){0};
    struct wf_credential *key =
        wf_sigv4_verify(keys, &sent->request, now_ms, services, why);
    assert_true((key == NULL) == (why->exception != NULL));
    wf_credentials_free(keys);
    return why->exception;
}

#define SCOPE(service) ID "/20150830/us-east-1/" service "/aws4_request"
#define SIGNED(service, names, signature)                             \
    "AWS4-HMAC-SHA256 Credential=" SCOPE(service) ", SignedHeaders=" \
    names ", Signature=" signature
#define VANILLA                         \
    "5fa00fa31553b73ebf1942676e86291e" \
    "8372ff2a2260956d9b8aae1d763fbf31"

/* The first of AWS's test suite. */
static const char *const vanilla[][2] = {
    {"Host", "example.amazonaws.com"},
    {"X-Amz-Date", TIME},
    {"Authorization", SIGNED("service", "host;x-amz-date", VANILLA)},
    {NULL, NULL},
};

static void agrees_with_aws(void **state) {
    struct sent sent;
    struct wf_sigv4_refusal why;
    (void)state;
    prepare(&sent, "GET", "/", vanilla, "");
    if (verdict(&sent, TIME_MS, &why))
        fail_msg("%s", why.message);
    /* The example of the IAM user guide; headers in any order. */
    static const char *const iam[][2] = {
        {"authorization",
         SIGNED("iam", "content-type;host;x-amz-date",
                "5d672d79c15b13162d9279b0855cfba6"
                "789a8edb4c82c400e06b5924a6f2b5d7")},
        {"x-amz-security-token", "anything"},
        {"x-amz-date", TIME},
        {"host", "iam.amazonaws.com"},
        {"content-type", "  application/x-www-form-urlencoded;  "
                         "charset=utf-8\t"},
        {NULL, NULL},
    };
    prepare(&sent, "GET", "/?Version=2010-05-08&Action=ListUsers", iam, "");
    if (verdict(&sent, TIME_MS, &why))
        fail_msg("%s", why.message);
}

static void derives_the_key_that_aws_derives(void **state) {
    struct wf_credentials *keys = keys_of(ID " " SECRET " admin");
    struct wf_credential *key = wf_credentials_find(keys, WF_STR(ID));
    struct wf_sigv4_claim claim = {.date = WF_STR("20150830"),
                                   .region = WF_STR("us-east-1"),
                                   .service = WF_STR("iam"),
                                   .scope = WF_STR("20150830/us-east-1/iam")};
    char hex[65];
    (void)state;
    for (int i = 0; i < 2; i++) { /* made, then kept */
        wf_sigv4_hex(wf_sigv4_key(key, &claim), hex);
        assert_string_equal(hex, "c4afb1cc5771d871763a393e44b703571b55cc28424d"
                                 "1a5e86da6ed3c154a4b9");
    }
    assert_int_equal(key->next_signing, 1);
    claim.scope = WF_STR("20150831/us-east-1/iam");
    claim.date = WF_STR("20150831");
    wf_sigv4_key(key, &claim);
    wf_sigv4_key(key, &claim);
    assert_int_equal(key->next_signing, 2);
    wf_credentials_free(keys);
}

static void assert_canonical(const char *target, const char *line) {
    struct sent sent;
    struct wf_buf out = {0};
    prepare(&sent, "GET", target, vanilla, "");
    wf_sigv4_canonical(&sent.request, WF_STR("host"), &out);
    wf_buf_u8(&out, '\0');
    char *end = strstr(out.data, "\nhost:");
    assert_non_null(end);
    *end = '\0';
    assert_string_equal(out.data + 4, line);
    wf_buf_free(&out);
}

static void makes_paths_and_queries_canonical(void **state) {
    (void)state;
    assert_canonical("", "/\n");
    assert_canonical("/", "/\n");
    assert_canonical("/?", "/\n");
    assert_canonical("/tags/arn%3Aaws%3Ax", "/tags/arn%253Aaws%253Ax\n");
    assert_canonical("/tags/arn:aws", "/tags/arn%3Aaws\n");
    assert_canonical("/a b/~c", "/a%20b/~c\n");
    assert_canonical("/?b=2&a=1", "/\na=1&b=2");
    assert_canonical("/?a=2&a=1&a", "/\na=&a=1&a=2");
    assert_canonical("/?a-b=1&a=1&A=1", "/\nA=1&a=1&a-b=1");
    assert_canonical("/?a=b%20c&d=%2f%2F/", "/\na=b%20c&d=%2F%2F%2F");
    assert_canonical("/?&&x=1=2&&", "/\nx=1%3D2");
    assert_canonical("/?a=%zz&b=%4", "/\na=%25zz&b=%254");
    assert_canonical("/?a=1+2", "/\na=1%2B2");
}

/* 1,000 parameters or headers are refused, not sorted. */
static void stays_within_its_bounds(void **state) {
    struct sent sent;
    struct wf_buf target = {0}, names = {0}, out = {0};
    struct wf_sigv4_refusal why;
    (void)state;
    wf_buf_adds(&target, "/?");
    for (int i = 0; i < 1000; i++)
        wf_buf_addf(&target, "p%d=%d&", i, i);
    wf_buf_u8(&target, '\0');
    prepare(&sent, "GET", target.data, vanilla, "");
    wf_sigv4_canonical(&sent.request, WF_STR("host"), &out);
    assert_true(out.len < target.len);
    assert_string_equal(verdict(&sent, TIME_MS, &why),
                        "InvalidSignatureException");
    wf_buf_adds(&names, "AWS4-HMAC-SHA256 Credential=" SCOPE("iam")
                ", Signature=" VANILLA ", SignedHeaders=host;x-amz-date");
    for (int i = 0; i < 1000; i++)
        wf_buf_addf(&names, ";h%d", i);
    wf_buf_u8(&names, '\0');
    const char *const headers[][2] = {
        {"Host", "h"}, {"X-Amz-Date", TIME}, {"Authorization", names.data},
        {NULL, NULL}};
    prepare(&sent, "GET", "/", headers, "");
    assert_string_equal(verdict(&sent, TIME_MS, &why),
                        "IncompleteSignatureException");
    wf_buf_free(&target);
    wf_buf_free(&names);
    wf_buf_free(&out);
}

/* ---- what is wrong ---- */

static void assert_altered(const char *method, const char *target,
                           const char *const headers[][2], const char *body) {
    struct sent sent;
    struct wf_sigv4_refusal why;
    prepare(&sent, method, target, headers, body);
    assert_string_equal(verdict(&sent, TIME_MS, &why),
                        "InvalidSignatureException");
    assert_non_null(strstr(why.message, "The request signature we calculated "
                                        "does not match"));
}

static void sees_what_was_altered(void **state) {
    static const char *const host[][2] = {
        {"Host", "example.amazonaws.org"},
        {"X-Amz-Date", TIME},
        {"Authorization", SIGNED("service", "host;x-amz-date", VANILLA)},
        {NULL, NULL},
    };
    static const char *const twice[][2] = {
        {"Host", "example.amazonaws.com"},
        {"Host", "example.amazonaws.com"},
        {"X-Amz-Date", TIME},
        {"Authorization", SIGNED("service", "host;x-amz-date", VANILLA)},
        {NULL, NULL},
    };
    static const char *const shorter[][2] = {
        {"Host", "example.amazonaws.com"},
        {"X-Amz-Date", TIME},
        {"Authorization", SIGNED("service", "host;x-amz-date", "5fa00fa31553")},
        {NULL, NULL},
    };
    (void)state;
    assert_altered("POST", "/", vanilla, "");
    assert_altered("GET", "/x", vanilla, "");
    assert_altered("GET", "/?x=1", vanilla, "");
    assert_altered("GET", "/", vanilla, "{}");
    assert_altered("GET", "/", host, "");
    assert_altered("GET", "/", twice, "");
    assert_altered("GET", "/", shorter, "");
}

static void refuses_other_times(void **state) {
    struct sent sent;
    struct wf_sigv4_refusal why;
    (void)state;
    prepare(&sent, "GET", "/", vanilla, "");
    assert_null(verdict(&sent, TIME_MS + 300000, &why));
    assert_null(verdict(&sent, TIME_MS - 300000, &why));
    assert_string_equal(verdict(&sent, TIME_MS + 301000, &why),
                        "InvalidSignatureException");
    assert_string_equal(why.message,
                        "Signature expired: 20150830T123600Z is now earlier "
                        "than 20150830T123601Z (20150830T124101Z - 5 min.)");
    assert_string_equal(verdict(&sent, TIME_MS - 301000, &why),
                        "InvalidSignatureException");
    assert_string_equal(why.message,
                        "Signature not yet current: 20150830T123600Z is still "
                        "later than 20150830T123559Z (20150830T123059Z + 5 "
                        "min.)");
}

static void assert_refused(const char *authorization, const char *date,
                           const char *more, const char *exception,
                           const char *words) {
    const char *const headers[][2] = {
        {"Host", "example.amazonaws.com"},
        {authorization ? "Authorization" : "X", authorization},
        {date ? "X-Amz-Date" : "X", date},
        {more ? more : "X", "x"},
        {NULL, NULL},
    };
    struct sent sent;
    struct wf_sigv4_refusal why;
    prepare(&sent, "GET", "/", headers, "");
    const char *got = verdict(&sent, TIME_MS, &why);
    if (!got || strcmp(got, exception) != 0 || !strstr(why.message, words))
        fail_msg("%s: %s (wanted %s: %s)", got, why.message, exception, words);
}

#define MISSING "MissingAuthenticationTokenException"
#define INCOMPLETE "IncompleteSignatureException"
#define INVALID "InvalidSignatureException"
#define AWS4 "AWS4-HMAC-SHA256 "
#define REST ", SignedHeaders=host;x-amz-date, Signature=" VANILLA

static void says_what_is_missing(void **state) {
    (void)state;
    assert_refused(NULL, TIME, NULL, MISSING, "Missing Authentication Token");
    assert_refused("", TIME, NULL, MISSING, "Missing Authentication Token");
    assert_refused("Basic YTpi", TIME, NULL, MISSING, "Missing");
    assert_refused("AWS4-ECDSA-P256-SHA256 x", TIME, NULL, INCOMPLETE,
                   "algorithm");
    assert_refused(AWS4 "nonsense", NULL, NULL, INCOMPLETE,
                   "Authorization header requires 'Credential' parameter. "
                   "Authorization header requires 'Signature' parameter. "
                   "Authorization header requires 'SignedHeaders' parameter. "
                   "Authorization header requires existence of either a "
                   "'X-Amz-Date' or a 'Date' header.");
    assert_refused(AWS4 "Credential=" SCOPE("iam") REST, NULL, NULL,
                   INCOMPLETE, "'X-Amz-Date' or a 'Date'");
    assert_refused(AWS4 "Credential=a/b" REST, TIME, NULL, INCOMPLETE,
                   "5 slash-delimited");
    assert_refused(AWS4 "Credential=/20150830/r/iam/aws4_request" REST, TIME,
                   NULL, INCOMPLETE, "Credential");
    assert_refused(AWS4 "Credential=a/20150830/r/iam/other" REST, TIME, NULL,
                   INVALID, "terminator");
    assert_refused(AWS4 "Credential=a/20150830/r/s3/aws4_request" REST, TIME,
                   NULL, INVALID, "correct service: 'service'");
    assert_refused(AWS4 "Credential=a/20150831/r/iam/aws4_request" REST, TIME,
                   NULL, INVALID, "Date in Credential scope");
    assert_refused(AWS4 "Credential=" SCOPE("iam") REST, "yesterday", NULL,
                   INCOMPLETE, "ISO-8601");
    assert_refused(AWS4 "Credential=" SCOPE("iam") REST, "20151330T123600Z",
                   NULL, INCOMPLETE, "ISO-8601");
    assert_refused(AWS4 "Credential=a/20150830/r/iam/aws4_request" REST, TIME,
                   NULL, "UnrecognizedClientException",
                   "The security token included in the request is invalid.");
}

/* Else somebody on the way could put another operation over the body. */
static void wants_what_matters_signed(void **state) {
    (void)state;
    assert_refused(AWS4 "Credential=" SCOPE("iam") REST, TIME, "X-Amz-Target",
                   INVALID, "'x-amz-target' must be a 'SignedHeader'");
    assert_refused(AWS4 "Credential=" SCOPE("iam") REST, TIME,
                   "X-Amz-Content-Sha256", INVALID, "x-amz-content-sha256");
    assert_refused(AWS4 "Credential=" SCOPE("iam")
                   ", SignedHeaders=x-amz-date, Signature=" VANILLA,
                   TIME, NULL, INVALID, "'Host' or ':authority' must be");
    assert_refused(AWS4 "Credential=" SCOPE("iam")
                   ", SignedHeaders=host, Signature=" VANILLA,
                   TIME, NULL, INVALID, "'x-amz-date' must be");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_aws),
        cmocka_unit_test(derives_the_key_that_aws_derives),
        cmocka_unit_test(makes_paths_and_queries_canonical),
        cmocka_unit_test(stays_within_its_bounds),
        cmocka_unit_test(sees_what_was_altered),
        cmocka_unit_test(refuses_other_times),
        cmocka_unit_test(says_what_is_missing),
        cmocka_unit_test(wants_what_matters_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
