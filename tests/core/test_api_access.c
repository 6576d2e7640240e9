/* test_api_access.c - calls of a server with keys, and what its audit log
 * gets to know of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api_fixture.h"
#include "audit.h"
#include "file.h"
#include "sigv4.h"

#define SECRET "0123456789abcdef"
#define START "{\"stateMachineArn\":\"" MACHINE "\"}"

struct access {
    struct fixture fixture;
    struct wf_audit *audit;
    char log[64];
    unsigned notices;
};

static void on_notice(void *arg, const char *text) {
    struct access *access = arg;
    (void)text;
    access->notices++;
}

static int set_up(void **state) {
    static const char keys[] = "root " SECRET " admin\n"
                               "eyes " SECRET " viewer rate=3\n"
                               "hand " SECRET " worker\n";
    struct access *access = wf_calloc(1, sizeof(*access));
    struct fixture *fixture = &access->fixture;
    struct wf_api_options options = {.http.listen = "127.0.0.1:0"};
    struct wf_error err = {0};
    strcpy(access->log, "/tmp/moonstep-access-XXXXXX");
    close(mkstemp(access->log));
    fixture->loop = ev_loop_new(EVFLAG_AUTO);
    fake_engine_init(&fixture->engine);
    if (wf_credentials_parse(wf_str(keys), "keys", &options.keys, &err) != 0 ||
        wf_audit_open(fixture->loop, access->log, on_notice, access,
                      &access->audit, &err) != 0)
        fail_msg("%s", err.message);
    options.audit = access->audit;
    if (wf_api_new(fixture->loop, &fixture->engine, &options, &fixture->api,
                   &err) != 0)
        fail_msg("%s", err.message);
    *state = access;
    return 0;
}

static int tear_down(void **state) {
    struct access *access = *state;
    struct fixture *fixture = &access->fixture;
    wf_api_free(fixture->api);
    fake_engine_deinit(&fixture->engine);
    http_response_deinit(&fixture->response);
    wf_audit_close(access->audit);
    ev_loop_destroy(fixture->loop);
    unlink(access->log);
    free(access);
    return 0;
}

/* ---- signing ---- */

/* What is signed of a request; "Name: value" lines are made of it. */
struct sent {
    const char *headers[4][2];
    unsigned char hash[WF_SIGV4_HASH];
};

static void each_header(void *arg, struct wf_str name,
                        wf_sigv4_value_fn *each, void *to) {
    struct sent *sent = arg;
    for (int i = 0; i < 4 && sent->headers[i][0]; i++)
        if (strlen(sent->headers[i][0]) == name.len &&
            strncasecmp(sent->headers[i][0], name.data, name.len) == 0)
            each(to, wf_str(sent->headers[i][1]));
}

/* "20240131T120000Z" and a NUL */
static void time_now(char out[17]) {
    struct wf_clock clock;
    char iso[25];
    size_t len = 0;
    wf_clock_init_real(&clock);
    wf_clock_iso(wf_clock_now_ms(&clock), iso);
    for (const char *at = iso; *at != '.'; at++)
        if (*at != '-' && *at != ':')
            out[len++] = *at;
    strcpy(out + len, "Z");
}

/* The request's text, signed by the key. */
static void write_signed(struct wf_buf *out, const char *key,
                         const char *target, const char *body) {
    char text[128], time[17], scope[64], hex[65];
    struct wf_credentials *keys;
    struct wf_buf canonical = {0};
    struct sent sent = {{{"Host", "localhost"}, {"X-Amz-Date", time},
                         {"X-Amz-Target", target}}, {0}};
    struct wf_str names = WF_STR("host;x-amz-date;x-amz-target");
    time_now(time);
    snprintf(scope, sizeof(scope), "%.8s/us-east-1/states", time);
    snprintf(text, sizeof(text), "%s %s admin", key, SECRET);
    assert_int_equal(wf_credentials_parse(wf_str(text), "k", &keys, NULL), 0);
    struct wf_sigv4_claim claim = {
        .scope = wf_str(scope),
        .date = {scope, 8},
        .region = WF_STR("us-east-1"),
        .service = WF_STR("states"),
        .time = wf_str(time),
    };
    struct wf_sigv4_request request = {
        .method = WF_STR("POST"), .target = WF_STR("/"),
        .body_hash = sent.hash, .headers = each_header, .arg = &sent};
    wf_sigv4_hash(wf_str(body), sent.hash);
    wf_sigv4_canonical(&request, names, &canonical);
    wf_sigv4_sign(wf_sigv4_key(wf_credentials_find(keys, wf_str(key)), &claim),
                  &claim, (struct wf_str){canonical.data, canonical.len}, hex);
    wf_buf_addf(out,
                "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: %s\r\n"
                "X-Amz-Date: %s\r\nAuthorization: AWS4-HMAC-SHA256 "
                "Credential=%s/%s/aws4_request, SignedHeaders=%s, "
                "Signature=%s\r\nContent-Length: %zu\r\n\r\n%s",
                target, time, key, scope, names.data, hex, strlen(body), body);
    wf_buf_free(&canonical);
    wf_credentials_free(keys);
}

/* Signs, calls, keeps the response. */
static void ask(struct access *access, const char *key,
                const char *operation, const char *body) {
    struct fixture *fixture = &access->fixture;
    struct wf_buf request = {0};
    char target[128];
    snprintf(target, sizeof(target), "AWSStepFunctions.%s", operation);
    write_signed(&request, key, target, body);
    wf_buf_u8(&request, '\0');
    http_response_deinit(&fixture->response);
    http_ask(fixture->loop, wf_api_port(fixture->api), request.data,
             &fixture->response);
    wf_buf_free(&request);
}

static void assert_answer(struct access *access, int status,
                          const char *words) {
    if (access->fixture.response.status != status ||
        !strstr(access->fixture.response.body, words))
        fail_msg("%d %s", access->fixture.response.status,
                 access->fixture.response.body);
}

static uint64_t lines(struct access *access) {
    struct wf_audit_verdict verdict;
    assert_int_equal(wf_audit_verify(access->log, &verdict, NULL), 0);
    assert_null(verdict.problem);
    return verdict.lines;
}

/* ---- keys ---- */

static void runs_what_is_signed_and_allowed(void **state) {
    struct access *access = *state;
    ask(access, "root", "StartExecution", START);
    assert_answer(access, 200, "executionArn");
    assert_true(access->fixture.engine.asked);
    access->fixture.engine.asked = 0;
    ask(access, "eyes", "StartExecution", START);
    assert_answer(access, 400, "AccessDeniedException");
    ask(access, "hand", "DescribeExecution",
        "{\"executionArn\":\"" EXECUTION "\"}");
    assert_answer(access, 400, "AccessDeniedException");
    ask(access, "nobody", "StartExecution", START);
    assert_answer(access, 400, "UnrecognizedClientException");
    api_call(&access->fixture, "AWSStepFunctions.StartExecution", START);
    assert_answer(access, 400, "Missing Authentication Token");
    assert_false(access->fixture.engine.asked);
}

/* The body's hash is made of its pieces as they come. */
static void takes_large_bodies(void **state) {
    struct access *access = *state;
    struct wf_buf body = {0};
    wf_buf_adds(&body, "{\"executionArn\":\"" EXECUTION "\",\"x\":\"");
    for (int i = 0; i < 200000; i++)
        wf_buf_u8(&body, (uint8_t)('a' + i % 26));
    wf_buf_adds(&body, "\"}");
    wf_buf_u8(&body, '\0');
    ask(access, "root", "DescribeExecution", body.data);
    if (strstr(access->fixture.response.body, "Signature"))
        fail_msg("%s", access->fixture.response.body);
    wf_buf_free(&body);
}

static void counts_requests_of_a_key(void **state) {
    struct access *access = *state;
    for (int i = 0; i < 3; i++) {
        ask(access, "eyes", "DescribeExecution", "{}");
        assert_answer(access, 400, "ValidationException");
    }
    ask(access, "eyes", "DescribeExecution", "{}");
    assert_answer(access, 400, "ThrottlingException");
    assert_answer(access, 400, "Rate exceeded");
    ask(access, "root", "DescribeExecution", "{}");
    assert_answer(access, 400, "ValidationException");
}

static void takes_other_keys(void **state) {
    struct access *access = *state;
    struct wf_credentials *keys;
    assert_int_equal(wf_credentials_parse(WF_STR("new " SECRET " admin"), "k",
                                          &keys, NULL),
                     0);
    wf_api_set_keys(access->fixture.api, keys);
    ask(access, "root", "StartExecution", START);
    assert_answer(access, 400, "UnrecognizedClientException");
    ask(access, "new", "StartExecution", START);
    assert_answer(access, 200, "executionArn");
}

static void shows_its_metrics_to_keys_only(void **state) {
    struct access *access = *state;
    struct fixture *fixture = &access->fixture;
    http_ask(fixture->loop, wf_api_port(fixture->api),
             "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
             &fixture->response);
    assert_answer(access, 403, "MissingAuthenticationTokenException");
    http_response_deinit(&fixture->response);
    http_ask(fixture->loop, wf_api_port(fixture->api),
             "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
             &fixture->response);
    assert_answer(access, 200, "ok");
}

/* ---- the log ---- */

static void logs_what_changes(void **state) {
    struct access *access = *state;
    struct wf_buf text = {0};
    ask(access, "root", "DescribeExecution", "{}");
    assert_int_equal(lines(access), 0);
    ask(access, "root", "StartExecution", START);
    assert_int_equal(lines(access), 1); /* it is there with the answer */
    ask(access, "root", "StartExecution", "{\"stateMachineArn\":7}");
    ask(access, "root", "StartExecution", "[]");
    ask(access, "root", "StartExecution", "{");
    ask(access, "eyes", "StopExecution", "{}");
    assert_int_equal(lines(access), 5);
    ask(access, "nobody", "StartExecution", START);
    ask(access, "root", "NoOperation", "{}");
    assert_int_equal(lines(access), 5);
    assert_int_equal(wf_file_read(access->log, 1 << 20, &text, NULL), 0);
    wf_buf_u8(&text, '\0');
    assert_non_null(strstr(text.data, "\"resource\":\"" ARN));
    assert_non_null(strstr(text.data, "\"outcome\":\"SerializationException"));
    assert_non_null(strstr(text.data, "\"key\":\"eyes\",\"operation\":"
                                      "\"StopExecution\",\"resource\":null,"
                                      "\"outcome\":\"AccessDenied"));
    assert_null(strstr(text.data, SECRET));
    wf_buf_free(&text);
}

/* RLIMIT_FSIZE stands for a full disk. */
static void changes_nothing_without_its_log(void **state) {
    struct access *access = *state;
    struct fixture *fixture = &access->fixture;
    struct http_client client;
    struct http_response response;
    struct wf_buf request = {0};
    struct rlimit before, none;
    getrlimit(RLIMIT_FSIZE, &before);
    none = before;
    none.rlim_cur = 0;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    write_signed(&request, "root", "AWSStepFunctions.StartExecution", START);
    http_connect(&client, fixture->loop, wf_api_port(fixture->api));
    http_send(&client, request.data, request.len);
    while (!wf_audit_problem(access->audit))
        assert_false(http_pump(&client)); /* it is not answered */
    fixture->engine.asked = 0;
    ask(access, "root", "StartExecution", START);
    assert_answer(access, 503, "The audit log can't be written");
    assert_false(fixture->engine.asked);
    ask(access, "root", "DescribeExecution", "{}");
    assert_answer(access, 400, "ValidationException"); /* reading goes on */
    setrlimit(RLIMIT_FSIZE, &before);
    http_receive(&client, &response);
    assert_int_equal(response.status, 200);
    http_response_deinit(&response);
    ask(access, "root", "StartExecution", START);
    assert_answer(access, 200, "executionArn");
    assert_int_equal(lines(access), 2);
    assert_int_equal(access->notices, 2);
    http_close(&client);
    wf_buf_free(&request);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(runs_what_is_signed_and_allowed),
        TEST(takes_large_bodies),
        TEST(counts_requests_of_a_key),
        TEST(takes_other_keys),
        TEST(shows_its_metrics_to_keys_only),
        TEST(logs_what_changes),
        TEST(changes_nothing_without_its_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
