/* api_fixture.c - see api_fixture.h. */
#include "api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

int api_set_up(void **state) {
    struct fixture *fixture = wf_calloc(1, sizeof(*fixture));
    struct wf_api_options options = {.http.listen = "127.0.0.1:0"};
    struct wf_error err = {0};
    fixture->loop = ev_loop_new(EVFLAG_AUTO);
    fake_engine_init(&fixture->engine);
    if (wf_api_new(fixture->loop, &fixture->engine, &options, &fixture->api,
                   &err) != 0)
        fail_msg("%s", err.message);
    *state = fixture;
    return 0;
}

int api_tear_down(void **state) {
    struct fixture *fixture = *state;
    wf_api_free(fixture->api);
    fake_engine_deinit(&fixture->engine);
    http_response_deinit(&fixture->response);
    ev_loop_destroy(fixture->loop);
    free(fixture);
    return 0;
}

void api_write_call(struct wf_buf *out, const char *target,
                    const char *body) {
    wf_buf_addf(out,
                "POST / HTTP/1.1\r\nHost: sync-states.amazonaws.com\r\n"
                "X-Amz-Target: %s\r\nContent-Type: "
                "application/x-amz-json-1.0\r\nContent-Length: %zu\r\n\r\n%s",
                target, strlen(body), body);
    wf_buf_u8(out, '\0');
}

void api_call(struct fixture *fixture, const char *target,
              const char *body) {
    struct wf_buf request = {0};
    api_write_call(&request, target, body);
    http_response_deinit(&fixture->response);
    http_ask(fixture->loop, wf_api_port(fixture->api), request.data,
             &fixture->response);
    wf_buf_free(&request);
    assert_non_null(strstr(fixture->response.head,
                           "Content-Type: application/x-amz-json-1.0\r\n"));
    assert_non_null(strstr(fixture->response.head, "x-amzn-RequestId: "));
}

void assert_call(struct fixture *fixture, const char *target,
                 const char *body, const char *expected) {
    api_call(fixture, target, body);
    assert_string_equal(fixture->response.body, expected);
    assert_int_equal(fixture->response.status, 200);
}

void assert_fails(struct fixture *fixture, const char *target,
                  const char *body, const char *type, const char *message) {
    struct wf_buf expected = {0};
    unsigned asked = fixture->engine.asked;
    api_call(fixture, target, body);
    wf_buf_addf(&expected, "{\"__type\":\"%s\",\"message\":", type);
    wf_buf_json(&expected, wf_str(message));
    wf_buf_add(&expected, "}", 2);
    assert_string_equal(fixture->response.body, expected.data);
    assert_int_equal(fixture->response.status, 400);
    assert_int_equal(fixture->engine.asked, asked);
    wf_buf_free(&expected);
}
