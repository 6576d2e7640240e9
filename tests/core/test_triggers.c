/* test_triggers.c - the file of triggers, who may fire a hook, and what is
 * made of a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#include "hook_event.h"
#include "trigger_file.h"

#define ARN "arn:aws:states:us-east-1:000000000000:stateMachine:m"
#define NOW INT64_C(1700000000)
#define SECRET "0123456789abcdef"

static const struct wf_trigger_rules rules = {.unsigned_hooks = true,
                                              .body_bytes = 1 << 20};

static struct wf_trigger_set *parse(const char *text) {
    struct wf_trigger_set *set;
    struct wf_error err = {0};
    if (wf_trigger_set_parse(wf_str(text), NULL, &rules, &set, &err) != 0)
        fail_msg("%s: %s", text, err.message);
    return set;
}

static void assert_refused(const char *text, const char *message) {
    struct wf_trigger_set *set;
    struct wf_error err = {0};
    assert_int_equal(
        wf_trigger_set_parse(wf_str(text), NULL, &rules, &set, &err), -1);
    if (!strstr(err.message, message))
        fail_msg("%s: %s", text, err.message);
}

/* A hook of one scheme, with a secret. */
static struct wf_trigger_set *hook_of(const char *auth) {
    char text[512];
    struct wf_trigger_set *set;
    snprintf(text, sizeof(text),
             "{\"Hooks\":{\"h\":{\"StateMachineArn\":\"%s\","
             "\"Authentication\":{%s,\"SecretFile\":\"s\"}}}}",
             ARN, auth);
    set = parse(text);
    assert_int_equal(wf_hook_secrets_parse(wf_str(SECRET "\n"), "s", false,
                                           &set->triggers[0].hook.auth, NULL),
                     0);
    return set;
}

static void sign(const char *text, char hex[65]) {
    unsigned char hash[32];
    HMAC(EVP_sha256(), SECRET, 16, (const unsigned char *)text, strlen(text),
         hash, NULL);
    for (size_t i = 0; i < 32; i++)
        sprintf(hex + 2 * i, "%02x", hash[i]);
}

static bool is_good(struct wf_trigger_set *set, const char *header,
                    const char *time, const char *id, const char *body) {
    struct wf_hook_proof proof = {wf_str(header), wf_str(time), wf_str(id),
                                  wf_str(body)};
    return !wf_hook_auth_check(&set->triggers[0].hook.auth, &proof,
                               NOW * 1000);
}

/* ---- signatures ---- */

static void test_github(void **state) {
    struct wf_trigger_set *set = hook_of("\"Scheme\":\"GITHUB\"");
    char hex[65], header[128];
    (void)state;
    sign("{}", hex);
    snprintf(header, sizeof(header), "sha256=%s", hex);
    assert_true(is_good(set, header, NULL, NULL, "{}"));
    assert_false(is_good(set, header, NULL, NULL, "{} "));
    assert_false(is_good(set, hex, NULL, NULL, "{}"));
    assert_false(is_good(set, NULL, NULL, NULL, "{}"));
    assert_false(is_good(set, "", NULL, NULL, "{}"));
    assert_false(is_good(set, "sha256=", NULL, NULL, "{}"));
    header[20] = header[20] == '0' ? '1' : '0';
    assert_false(is_good(set, header, NULL, NULL, "{}"));
    header[20] = 'g';
    assert_false(is_good(set, header, NULL, NULL, "{}"));
    wf_trigger_set_unref(set);
}

static void test_stripe_times(void **state) {
    struct wf_trigger_set *set = hook_of("\"Scheme\":\"STRIPE\"");
    static const struct {
        int64_t late;
        bool is_good;
    } times[] = {{0, true}, {300, true}, {-300, true}, {301, false},
                 {-301, false}, {NOW, false}};
    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char text[64], hex[65], header[256];
        snprintf(text, sizeof(text), "%lld.{}",
                 (long long)(NOW - times[i].late));
        sign(text, hex);
        snprintf(header, sizeof(header), "t=%lld, v1=%s,v0=%s",
                 (long long)(NOW - times[i].late), hex, hex);
        assert_int_equal(is_good(set, header, NULL, NULL, "{}"),
                         times[i].is_good);
    }
    assert_false(is_good(set, "t=,v1=", NULL, NULL, "{}"));
    assert_false(is_good(set, "t=99999999999999999999,v1=0", NULL, NULL, ""));
    assert_false(is_good(set, ",,,===", NULL, NULL, ""));
    wf_trigger_set_unref(set);
}

/* The second time in a header is not taken for the first. */
static void test_stripe_two_times(void **state) {
    struct wf_trigger_set *set = hook_of("\"Scheme\":\"STRIPE\"");
    char hex[65], header[256];
    (void)state;
    sign("1.{}", hex);
    snprintf(header, sizeof(header), "t=1,t=%lld,v1=%s", (long long)NOW, hex);
    assert_false(is_good(set, header, NULL, NULL, "{}"));
    snprintf(header, sizeof(header), "t=%lld,t=1,v1=%s", (long long)NOW, hex);
    assert_false(is_good(set, header, NULL, NULL, "{}"));
    wf_trigger_set_unref(set);
}

static void test_slack(void **state) {
    struct wf_trigger_set *set = hook_of("\"Scheme\":\"SLACK\"");
    char hex[65], header[128];
    (void)state;
    sign("v0:1700000000:a=1", hex);
    snprintf(header, sizeof(header), "v0=%s", hex);
    assert_true(is_good(set, header, "1700000000", NULL, "a=1"));
    assert_false(is_good(set, header, "1700000001", NULL, "a=1"));
    assert_false(is_good(set, header, NULL, NULL, "a=1"));
    wf_trigger_set_unref(set);
}

static void test_bearer(void **state) {
    struct wf_trigger_set *set = hook_of("\"Scheme\":\"BEARER\"");
    (void)state;
    assert_true(is_good(set, "Bearer " SECRET, NULL, NULL, ""));
    assert_false(is_good(set, SECRET, NULL, NULL, ""));
    assert_false(is_good(set, "Bearer " SECRET "0", NULL, NULL, ""));
    assert_false(is_good(set, "Bearer ", NULL, NULL, ""));
    wf_trigger_set_unref(set);
}

static void test_secrets(void **state) {
    struct wf_hook_auth auth = {0};
    struct wf_error err;
    (void)state;
    assert_int_equal(wf_hook_secrets_parse(WF_STR("\n0123456789abcdef\r\n\n"
                                                  "fedcba9876543210"),
                                           "s", false, &auth, &err), 0);
    assert_int_equal(auth.secret_count, 2);
    assert_int_equal(auth.secrets[0].len, 16);
    wf_hook_auth_free(&auth);
    assert_int_equal(wf_hook_secrets_parse(WF_STR("\n"), "s", false, &auth,
                                           &err), -1);
    assert_int_equal(wf_hook_secrets_parse(WF_STR("whsec_MDEyMzQ1Njc4OWFiY2R"
                                                  "lZg=="),
                                           "s", true, &auth, &err), 0);
    assert_memory_equal(auth.secrets[0].bytes, SECRET, 16);
    wf_hook_auth_free(&auth);
    assert_int_equal(wf_hook_secrets_parse(WF_STR("not base64 at all!!"), "s",
                                           true, &auth, &err), -1);
    assert_null(strstr(err.message, "base64 at all"));
    wf_hook_auth_free(&auth);
}

/* ---- the file ---- */

#define HOOK(members) "{\"Hooks\":{\"h\":{\"StateMachineArn\":\"" ARN "\"," \
                      "\"Authentication\":{\"Scheme\":\"NONE\"}" members "}}}"

static void test_refused(void **state) {
    (void)state;
    assert_refused("[]", "triggers: : it has to be an object");
    assert_refused("{\"Hook\":{}}", "there is no member \"Hook\"");
    assert_refused("{\"Hooks\":{\"h\":1}}", "Hooks.h: it has to be an object");
    assert_refused("{\"Hooks\":{\"\":{}}}", "a name has 1 to 40");
    assert_refused("{\"Hooks\":{\"h\":{}}}", "Hooks.h.StateMachineArn");
    assert_refused(HOOK(",\"Wait\":1"), "Hooks.h.Wait: it has to be true or");
    assert_refused(HOOK(",\"Headers\":[\"a b\"]"), "no name of a header");
    assert_refused(HOOK(",\"Headers\":[\"authorization\"]"), "has a secret");
    assert_refused(HOOK(",\"Headers\":\"x\""), "it has to be an array");
    assert_refused(HOOK(",\"Idempotency\":{}"), "it has to have one of");
    assert_refused(HOOK(",\"Idempotency\":{\"Body\":true,\"Header\":\"x\"}"),
                   "Hooks.h.Idempotency: it has to have one of");
    assert_refused(HOOK(",\"Idempotency\":{\"Pointer\":\"id\"}"),
                   "begin with a slash");
    assert_refused(HOOK(",\"Idempotency\":{\"Body\":true},\"Wait\":true"),
                   "leave Idempotency out");
    assert_refused(HOOK(",\"RateLimit\":{\"Burst\":1}"),
                   "RateLimit.PerSecond: it has to be there");
    assert_refused(HOOK(",\"MaxBodyBytes\":1048577"), "from 1 to 1048576");
    assert_refused(HOOK(",\"MaxBodyBytes\":1.5"), "a whole number");
    assert_refused(HOOK(",\"ContentTypes\":[\"image/png\"]"), "there are: ");
    assert_refused("{\"Hooks\":{\"h\":{\"StateMachineArn\":\"" ARN "/x\"}}}",
                   "it has to be the ARN");
    assert_refused("{\"Watches\":{\"w\":{\"StateMachineArn\":\"" ARN "\"}}}",
                   "Watches.w.Directory: it has to be there");
    assert_refused("{\"Hooks\":{\"h\":{\"StateMachineArn\":\"" ARN "\","
                   "\"Authentication\":{\"Scheme\":\"NONE\"}},"
                   "\"h\":{\"StateMachineArn\":\"" ARN "\","
                   "\"Authentication\":{\"Scheme\":\"NONE\"}}}}",
                   "there are two of that name");
}

static void test_find(void **state) {
    struct wf_trigger_set *set = parse(
        "{\"Hooks\":{\"b\":{\"StateMachineArn\":\"" ARN ":PROD\","
        "\"Authentication\":{\"Scheme\":\"NONE\"}},"
        "\"a\":{\"StateMachineArn\":\"" ARN "\","
        "\"Authentication\":{\"Scheme\":\"NONE\"}}},"
        "\"Watches\":{\"a\":{\"StateMachineArn\":\"" ARN "\","
        "\"Directory\":\"/in/\"}}}");
    struct wf_trigger *trigger;
    struct wf_buf text = {0};
    (void)state;
    assert_int_equal(set->count, 3);
    assert_null(wf_trigger_find(set, WF_TRIGGER_HOOK, WF_STR("")));
    assert_null(wf_trigger_find(set, WF_TRIGGER_HOOK, WF_STR("aa")));
    assert_null(wf_trigger_find(set, WF_TRIGGER_WATCH, WF_STR("b")));
    trigger = wf_trigger_find(set, WF_TRIGGER_WATCH, WF_STR("a"));
    assert_string_equal(trigger->watch.directory, "/in");
    trigger = wf_trigger_find(set, WF_TRIGGER_HOOK, WF_STR("b"));
    wf_trigger_execution_arn(trigger, WF_STR("n"), &text);
    wf_buf_u8(&text, 0);
    assert_string_equal(text.data,
                        "arn:aws:states:us-east-1:000000000000:execution:m:n");
    text.len = 0;
    wf_trigger_execution_name(trigger, WF_STR("key"), &text);
    assert_int_equal(text.len, 34);
    wf_buf_free(&text);
    wf_trigger_set_unref(set);
}

/* ---- the event ---- */

static void assert_pairs(const char *form, const char *expected) {
    struct wf_hook_pairs pairs = {0};
    struct wf_buf out = {0};
    wf_hook_pairs_form(&pairs, wf_str(form));
    assert_int_equal(wf_hook_pairs_json(&pairs, &out), expected != NULL);
    wf_buf_u8(&out, 0);
    if (expected)
        assert_string_equal(out.data, expected);
    wf_buf_free(&out);
    wf_buf_free(&pairs.texts);
}

static void test_forms(void **state) {
    struct wf_buf many = {0};
    (void)state;
    assert_pairs("", "{}");
    assert_pairs("&&", "{}");
    assert_pairs("a=1&b&=c", "{\"a\":\"1\",\"b\":\"\",\"\":\"c\"}");
    assert_pairs("a=1&b=2&a=3&a=", "{\"a\":[\"1\",\"3\",\"\"],\"b\":\"2\"}");
    assert_pairs("a=%22%e2%82%ac+%2", "{\"a\":\"\\\"\xe2\x82\xac %2\"}");
    assert_pairs("a=%00", "{\"a\":\"\\u0000\"}");
    assert_pairs("a=%ff", NULL);
    for (int i = 0; i < WF_HOOK_PAIRS_MAX + 1; i++)
        wf_buf_adds(&many, "x=1&");
    wf_buf_u8(&many, 0);
    assert_pairs(many.data, NULL);
    wf_buf_free(&many);
}

static void assert_pointed(const char *pointer, const char *expected) {
    struct wf_buf out = {0};
    struct wf_str json = WF_STR("{\"a\":{\"b/c\":[1,\"\\u0078\"],\"~\":2.50},"
                                "\"\":\"e\",\"n\":null}");
    assert_int_equal(wf_hook_pointer(json, pointer, &out), expected != NULL);
    wf_buf_u8(&out, 0);
    if (expected)
        assert_string_equal(out.data, expected);
    wf_buf_free(&out);
}

static void test_pointers(void **state) {
    (void)state;
    assert_pointed("/a/b~1c/1", "x");
    assert_pointed("/a/b~1c/0", "1");
    assert_pointed("/a/b~1c/2", NULL);
    assert_pointed("/a/b~1c/-", NULL);
    assert_pointed("/a/b~1c/00", NULL);
    assert_pointed("/a/~0", "2.50");
    assert_pointed("/", "e");
    assert_pointed("/a", NULL);
    assert_pointed("/n", NULL);
    assert_pointed("/x/y", NULL);
}

static void test_contents(void **state) {
    enum wf_hook_content content;
    (void)state;
    assert_true(wf_hook_content_of(WF_STR("Application/JSON;charset=utf-8"),
                                   &content));
    assert_int_equal(content, WF_HOOK_JSON);
    assert_true(wf_hook_content_of(WF_STR("application/a+json"), &content));
    assert_true(wf_hook_content_of(WF_STR("text/csv"), &content));
    assert_int_equal(content, WF_HOOK_TEXT);
    assert_false(wf_hook_content_of(WF_STR("application/jsonx"), &content));
    assert_false(wf_hook_content_of(WF_STR(""), &content));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_github),
        cmocka_unit_test(test_stripe_times),
        cmocka_unit_test(test_stripe_two_times),
        cmocka_unit_test(test_slack),
        cmocka_unit_test(test_bearer),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
