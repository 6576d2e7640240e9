/* test_http.c - the HTTP server, over real sockets of this thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "http.h"
#include "http_client.h"

enum { HELD_MAX = 8, IDLE_CONNECTIONS = 1000 };

/* A server that echoes, or holds its requests. */
struct server {
    struct ev_loop *loop;
    struct wf_http *http;
    unsigned port;
    bool hold;
    unsigned count;
    struct wf_http_request *held[HELD_MAX];
};

static void echo(struct wf_http_request *request) {
    struct wf_buf *out = wf_http_answer(request);
    wf_buf_addstr(out, wf_http_method(request));
    wf_buf_adds(out, " ");
    wf_buf_addstr(out, wf_http_path(request));
    wf_buf_adds(out, " ");
    wf_buf_addstr(out, wf_http_body(request));
    wf_http_answer_header(request, "X-Echo", "yes");
    wf_http_reply(request, 200, "text/plain");
}

static void on_request(void *arg, struct wf_http_request *request) {
    struct server *server = arg;
    unsigned number = server->count++;
    if (!server->hold) {
        echo(request);
        return;
    }
    assert_true(number < HELD_MAX);
    server->held[number] = request;
}

static void open_with(struct server *server,
                      struct wf_http_options options) {
    struct wf_error err = {0};
    *server = (struct server){.loop = ev_loop_new(EVFLAG_AUTO)};
    if (!options.listen)
        options.listen = "127.0.0.1:0";
    if (wf_http_new(server->loop, &options, on_request, server, &server->http,
                    &err) != 0)
        fail_msg("%s", err.message);
    server->port = wf_http_port(server->http);
}

static void stop(struct server *server) {
    wf_http_free(server->http);
    ev_loop_destroy(server->loop);
}

static void assert_answer(struct server *server, const char *request,
                          int status, const char *body) {
    struct http_response response;
    http_ask(server->loop, server->port, request, &response);
    assert_int_equal(response.status, status);
    if (body)
        assert_string_equal(response.body, body);
    http_response_deinit(&response);
}

static void assert_next(struct http_client *client, const char *body) {
    struct http_response response;
    http_receive(client, &response);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body, body);
    http_response_deinit(&response);
}

static void turn_until_held(struct server *server, struct http_client *client,
                            unsigned count) {
    for (int i = 0; server->count < count && i < 1000; i++)
        http_pump(client);
    assert_int_equal(server->count, count);
}

#define HOST "Host: localhost\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

/* ---- answering ---- */

static void gives_the_handler_the_whole_request(void **state) {
    struct server server;
    struct http_response response;
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    http_ask(server.loop, server.port,
             "POST /a/b?c=d HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello",
             &response);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body, "POST /a/b hello");
    assert_non_null(strstr(response.head, "Content-Type: text/plain\r\n"));
    assert_non_null(strstr(response.head, "X-Echo: yes\r\n"));
    http_response_deinit(&response);
    stop(&server);
}

static void answers_when_the_handler_gets_round_to_it(void **state) {
    struct server server;
    struct http_client client;
    struct wf_http_stats stats;
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    server.hold = true;
    http_connect(&client, server.loop, server.port);
    http_sends(&client, GET("/later"));
    turn_until_held(&server, &client, 1);
    for (int i = 0; i < 20; i++)
        assert_false(http_pump(&client));
    wf_http_stats(server.http, &stats);
    assert_int_equal(stats.unanswered, 1);
    echo(server.held[0]);
    assert_next(&client, "GET /later ");
    wf_http_stats(server.http, &stats);
    assert_int_equal(stats.unanswered, 0);
    http_close(&client);
    stop(&server);
}

static void answer_first(struct ev_loop *loop, ev_prepare *prepare,
                         int events) {
    struct server *server = prepare->data;
    (void)events;
    if (server->count == 0)
        return;
    ev_prepare_stop(loop, prepare);
    echo(server->held[0]);
}

/* The loop is about to wait, and nothing else would wake it for long. */
static void answers_before_the_loop_waits(void **state) {
    struct server server;
    struct http_client client;
    ev_prepare last;
    char byte;
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    server.hold = true;
    ev_prepare_init(&last, answer_first);
    ev_set_priority(&last, EV_MINPRI);
    last.data = &server;
    ev_prepare_start(server.loop, &last);
    http_connect(&client, server.loop, server.port);
    http_sends(&client, GET("/last"));
    turn_until_held(&server, &client, 1);
    for (int i = 0; i < 3; i++) /* ready ones: no timer comes to help */
        ev_run(server.loop, EVRUN_NOWAIT);
    assert_false(ev_is_active(&last));
    assert_true(client.got.len > 0 || /* read while it was sending */
                recv(client.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1);
    assert_next(&client, "GET /last ");
    http_close(&client);
    stop(&server);
}

static void answers_pipelined_requests_in_order(void **state) {
    struct server server;
    struct http_client client;
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    server.hold = true;
    http_connect(&client, server.loop, server.port);
    http_sends(&client, GET("/1") "POST /2 HTTP/1.1\r\n" HOST
               "Content-Length: 2\r\n\r\nab" GET("/3"));
    for (unsigned i = 0; i < 3; i++) {
        turn_until_held(&server, &client, i + 1);
        echo(server.held[i]);
    }
    assert_next(&client, "GET /1 ");
    assert_next(&client, "POST /2 ab");
    assert_next(&client, "GET /3 ");
    server.hold = false; /* and the connection stays */
    http_sends(&client, GET("/4"));
    assert_next(&client, "GET /4 ");
    http_close(&client);
    stop(&server);
}

/* Once "/a%00b" was "/a", and deleted that. */
static void a_zero_does_not_cut_the_path(void **state) {
    struct server server;
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    assert_answer(&server, "DELETE /a%00b%20%00 HTTP/1.1\r\n" HOST "\r\n", 200,
                  "DELETE /a\1b \1 ");
    stop(&server);
}

static void takes_chunked_bodies(void **state) {
    struct server server;
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    assert_answer(&server,
                  "POST /c HTTP/1.1\r\n" HOST
                  "Transfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\n\r\n",
                  200, "POST /c abcdefgh");
    stop(&server);
}

static void takes_requests_byte_by_byte(void **state) {
    static const char request[] = "POST /torn HTTP/1.1\r\n" HOST
                                  "Content-Length: 3\r\n\r\nxyz";
    struct server server;
    struct http_client client;
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    http_connect(&client, server.loop, server.port);
    for (size_t i = 0; i + 1 < sizeof(request); i++) {
        assert_int_equal(server.count, 0);
        http_send(&client, request + i, 1);
    }
    assert_next(&client, "POST /torn xyz");
    http_close(&client);
    stop(&server);
}

static void refuses_what_is_not_http(void **state) {
    struct server server;
    struct http_client client;
    struct http_response response;
    char *many = wf_malloc(200000);
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    assert_answer(&server, "\x16\x03\x01 nonsense\r\n\r\n", 400, NULL);
    memset(many, 'h', 200000);
    http_connect(&client, server.loop, server.port);
    http_sends(&client, "GET / HTTP/1.1\r\n" HOST "X: ");
    http_send(&client, many, 200000);
    http_receive(&client, &response);
    assert_true(response.status == 431 || response.status == 0);
    http_response_deinit(&response);
    http_close(&client);
    assert_int_equal(server.count, 0);
    assert_answer(&server, GET("/alive"), 200, "GET /alive ");
    free(many);
    stop(&server);
}

/* ---- limits ---- */

static void ask_with_body(struct server *server, size_t len, bool chunked,
                          int status) {
    struct http_client client;
    struct http_response response;
    struct wf_buf request = {0};
    wf_buf_adds(&request, "POST / HTTP/1.1\r\n" HOST);
    wf_buf_addf(&request, chunked ? "Transfer-Encoding: chunked\r\n\r\n%zx\r\n"
                                  : "Content-Length: %zu\r\n\r\n",
                len);
    for (size_t i = 0; i < len; i++)
        wf_buf_u8(&request, 'x');
    if (chunked)
        wf_buf_adds(&request, "\r\n0\r\n\r\n");
    http_connect(&client, server->loop, server->port);
    http_send(&client, request.data, request.len);
    http_receive(&client, &response);
    assert_int_equal(response.status, status);
    http_response_deinit(&response);
    http_close(&client);
    wf_buf_free(&request);
}

static void refuses_bodies_beyond_the_limit(void **state) {
    struct server server;
    (void)state;
    open_with(&server, (struct wf_http_options){.body_bytes = 100000});
    ask_with_body(&server, 100000, false, 200);
    ask_with_body(&server, 100000, true, 200);
    ask_with_body(&server, 100001, false, 413);
    ask_with_body(&server, 100001, true, 413);
    assert_int_equal(server.count, 2);
    assert_answer(&server,
                  "POST / HTTP/1.1\r\n" HOST
                  "Content-Length: 99999999999\r\n\r\n",
                  413, NULL); /* without waiting for it */
    assert_answer(&server,
                  "POST / HTTP/1.1\r\n" HOST
                  "Content-Length: 99999999999999999999999999\r\n\r\n",
                  413, NULL);
    stop(&server);
}

static void bounds_all_bodies_together(void **state) {
    struct server server;
    struct http_client first;
    (void)state;
    open_with(&server, (struct wf_http_options){.receive_bytes = 5000});
    http_connect(&first, server.loop, server.port);
    http_sends(&first, "POST / HTTP/1.1\r\n" HOST
                       "Content-Length: 3000\r\n\r\n");
    char bytes[3000];
    memset(bytes, 'x', sizeof(bytes));
    http_send(&first, bytes, 2999);
    ask_with_body(&server, 3000, false, 503);
    http_send(&first, bytes, 1);
    struct http_response response;
    http_receive(&first, &response);
    assert_int_equal(response.status, 200);
    http_response_deinit(&response);
    ask_with_body(&server, 3000, false, 200);
    http_close(&first);
    stop(&server);
}

static void ends_bodies_that_never_arrive(void **state) {
    struct server server;
    struct http_client client;
    (void)state;
    open_with(&server, (struct wf_http_options){.receive_s = 1});
    http_connect(&client, server.loop, server.port);
    http_sends(&client, "POST / HTTP/1.1\r\n" HOST
                        "Content-Length: 9\r\n\r\nab");
    http_wait_closed(&client);
    assert_int_equal(server.count, 0);
    http_close(&client);
    assert_answer(&server, GET("/alive"), 200, NULL);
    stop(&server);
}

/* A byte now and then is not idle; headers that never end are no request. */
static void ends_headers_that_never_arrive(void **state) {
    struct server server;
    struct http_client client, other;
    (void)state;
    open_with(&server, (struct wf_http_options){.receive_s = 1, .idle_s = 1});
    http_connect(&client, server.loop, server.port);
    http_connect(&other, server.loop, server.port);
    http_sends(&other, GET("/"));
    assert_next(&other, "GET / ");
    http_sends(&client, "GET / HTTP/1.1\r\nX: ");
    uint64_t until = wf_clock_mono_ns() + UINT64_C(10000000000);
    while (!client.closed && !other.closed && wf_clock_mono_ns() < until) {
        http_pump(&client); /* waits a little */
        if (send(client.fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ||
            send(other.fd, "G", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
    }
    assert_true(wf_clock_mono_ns() < until);
    http_wait_closed(&client);
    http_wait_closed(&other); /* the same after a request */
    assert_int_equal(server.count, 1);
    http_close(&client);
    http_close(&other);
    assert_answer(&server, GET("/alive"), 200, NULL);
    stop(&server);
}

static void refuses_broken_chunks(void **state) {
    static const char *const chunks[] = {
        "xyz\r\nabc\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nabc",
        "3\r\nabcdef\r\n0\r\n\r\n",
        "\r\n\r\n\r\n",
    };
    struct server server;
    (void)state;
    open_with(&server, (struct wf_http_options){.receive_s = 1});
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        struct http_client client;
        http_connect(&client, server.loop, server.port);
        http_sends(&client, "POST / HTTP/1.1\r\n" HOST
                            "Transfer-Encoding: chunked\r\n\r\n");
        http_sends(&client, chunks[i]);
        http_wait_closed(&client);
        assert_int_equal(server.count, 0);
        http_close(&client);
    }
    assert_answer(&server, GET("/alive"), 200, NULL);
    stop(&server);
}

static void closes_idle_connections(void **state) {
    struct server server;
    struct http_client client;
    (void)state;
    open_with(&server, (struct wf_http_options){.idle_s = 1});
    http_connect(&client, server.loop, server.port);
    http_sends(&client, GET("/"));
    assert_next(&client, "GET / ");
    http_wait_closed(&client);
    http_close(&client);
    stop(&server);
}

static void carries_a_thousand_idle_connections(void **state) {
    struct server server;
    struct wf_http_stats stats;
    struct http_client *idle =
        wf_calloc(IDLE_CONNECTIONS, sizeof(*idle));
    struct rlimit files;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    open_with(&server, (struct wf_http_options){0});
    for (int i = 0; i < IDLE_CONNECTIONS; i++) {
        http_connect(&idle[i], server.loop, server.port);
        ev_run(server.loop, EVRUN_NOWAIT);
    }
    assert_answer(&server, GET("/among"), 200, "GET /among ");
    wf_http_stats(server.http, &stats);
    assert_true(stats.connections >= IDLE_CONNECTIONS);
    http_sends(&idle[IDLE_CONNECTIONS / 2], GET("/woken"));
    assert_next(&idle[IDLE_CONNECTIONS / 2], "GET /woken ");
    for (int i = 0; i < IDLE_CONNECTIONS; i++)
        http_close(&idle[i]);
    free(idle);
    stop(&server);
}

/* ---- ends ---- */

static void drops_the_reply_to_a_dead_client(void **state) {
    struct server server;
    struct http_client client;
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    server.hold = true;
    http_connect(&client, server.loop, server.port);
    http_sends(&client, GET("/gone"));
    turn_until_held(&server, &client, 1);
    http_close(&client);
    ev_run(server.loop, EVRUN_NOWAIT);
    echo(server.held[0]);
    server.hold = false;
    assert_answer(&server, GET("/alive"), 200, "GET /alive ");
    stop(&server);
}

static void tells_waiting_clients_that_it_stops(void **state) {
    struct server server;
    struct http_client client;
    struct http_response response;
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    server.hold = true;
    http_connect(&client, server.loop, server.port);
    http_sends(&client, GET("/waiting"));
    turn_until_held(&server, &client, 1);
    wf_http_free(server.http);
    http_receive(&client, &response);
    assert_int_equal(response.status, 503);
    http_response_deinit(&response);
    http_close(&client);
    assert_null(wf_http_path(server.held[0]).data);
    echo(server.held[0]); /* the handle was still good */
    ev_loop_destroy(server.loop);
}

/* What arrives while it stops must not be left waiting: libmicrohttpd ended
 * the process for that. */
static void handles_nothing_new_while_it_stops(void **state) {
    struct server server;
    struct http_client client, late;
    struct http_response response;
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    server.hold = true;
    http_connect(&late, server.loop, server.port);
    http_sends(&late, "GET /late HTTP/1.1\r\n");
    for (int i = 0; i < 10; i++)
        http_pump(&late);
    http_connect(&client, server.loop, server.port);
    http_sends(&client, GET("/waiting"));
    turn_until_held(&server, &client, 1);
    /* There, but not read yet: the loop does not turn. */
    assert_true(write(late.fd, HOST "\r\n", strlen(HOST) + 2) > 0);
    wf_http_free(server.http);
    assert_int_equal(server.count, 1);
    http_receive(&client, &response);
    assert_int_equal(response.status, 503);
    http_response_deinit(&response);
    http_close(&client);
    http_close(&late);
    echo(server.held[0]);
    ev_loop_destroy(server.loop);
}

/* ---- who may ask ---- */

static void keeps_foreign_pages_from_the_handler(void **state) {
    struct server server;
    (void)state;
    open_with(&server, (struct wf_http_options){0});
    assert_answer(&server, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403,
                  NULL);
    assert_answer(&server,
                  "POST / HTTP/1.1\r\n" HOST "X-Amz-Target: a\r\n"
                  "Origin: http://evil.example\r\nContent-Length: 0\r\n\r\n",
                  403, NULL);
    assert_int_equal(server.count, 0);
    assert_answer(&server,
                  "POST / HTTP/1.1\r\nHost: sync-evil\r\nX-Amz-Target: a\r\n"
                  "Content-Length: 0\r\n\r\n",
                  200, NULL);
    stop(&server);
}

static void allows_more_hosts_when_told(void **state) {
    static const char *const hosts[] = {"flows.example.org", NULL};
    struct server server;
    (void)state;
    open_with(&server, (struct wf_http_options){.hosts = hosts});
    assert_answer(&server, "GET / HTTP/1.1\r\nHost: flows.example.org\r\n\r\n",
                  200, NULL);
    stop(&server);
}

static int peer_is_another(const struct sockaddr *peer,
                           const struct sockaddr *local, uid_t *uid,
                           struct wf_error *err) {
    (void)peer;
    (void)local;
    (void)err;
    *uid = geteuid() + 1;
    return 0;
}

static int peer_is_root(const struct sockaddr *peer,
                        const struct sockaddr *local, uid_t *uid,
                        struct wf_error *err) {
    (void)peer;
    (void)local;
    (void)err;
    *uid = 0;
    return 0;
}

static int peer_is_unknown(const struct sockaddr *peer,
                           const struct sockaddr *local, uid_t *uid,
                           struct wf_error *err) {
    (void)peer;
    (void)local;
    *uid = geteuid();
    return wf_error_set(err, WF_E_NOT_FOUND, "no such socket");
}

static void answers_its_own_user_and_root_only(void **state) {
    struct server server;
    (void)state;
    open_with(&server, (struct wf_http_options){.peer_uid = peer_is_another});
    assert_answer(&server, GET("/"), 403, NULL);
    assert_int_equal(server.count, 0);
    stop(&server);
    open_with(&server, (struct wf_http_options){.peer_uid = peer_is_unknown});
    assert_answer(&server, GET("/"), 403, NULL);
    stop(&server);
    open_with(&server, (struct wf_http_options){.peer_uid = peer_is_root});
    assert_answer(&server, GET("/"), 200, NULL);
    stop(&server);
    open_with(&server, (struct wf_http_options){.peer_uid = peer_is_another,
                                                .insecure = true});
    assert_answer(&server, GET("/"), 200, NULL);
    stop(&server);
}

static void assert_no_listening(const char *at, bool insecure,
                                enum wf_error_code code, const char *words) {
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct wf_http_options options = {.listen = at, .insecure = insecure};
    struct wf_http *http;
    struct wf_error err = {0};
    assert_int_equal(wf_http_new(loop, &options, on_request, NULL, &http,
                                 &err),
                     -1);
    assert_null(http);
    assert_int_equal(err.code, code);
    if (!strstr(err.message, words))
        fail_msg("'%s' is not in '%s'", words, err.message);
    ev_loop_destroy(loop);
}

static void listens_where_it_may(void **state) {
    struct server server;
    char taken[32];
    (void)state;
    assert_no_listening("0.0.0.0:0", false, WF_E_INVALID, "--insecure");
    assert_no_listening("[::]:0", false, WF_E_INVALID, "--insecure");
    assert_no_listening("8083", false, WF_E_INVALID, "HOST:PORT");
    assert_no_listening("localhost:", false, WF_E_INVALID, "HOST:PORT");
    assert_no_listening("localhost:http", false, WF_E_INVALID, "HOST:PORT");
    assert_no_listening("localhost:65536", false, WF_E_INVALID, "HOST:PORT");
    assert_no_listening("localhost:00000000080", false, WF_E_INVALID,
                        "HOST:PORT");
    assert_no_listening("[::1:80", false, WF_E_INVALID, "HOST:PORT");
    assert_no_listening("not a host:80", false, WF_E_INVALID, "not a host");
    open_with(&server, (struct wf_http_options){.listen = "0.0.0.0:0",
                                                .insecure = true});
    assert_answer(&server, GET("/"), 200, NULL);
    stop(&server);
    open_with(&server, (struct wf_http_options){.listen = "localhost:0"});
    assert_answer(&server, GET("/"), 200, NULL);
    snprintf(taken, sizeof(taken), "127.0.0.1:%u", server.port);
    assert_no_listening(taken, false, WF_E_IO, taken);
    stop(&server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_handler_the_whole_request),
        cmocka_unit_test(answers_when_the_handler_gets_round_to_it),
        cmocka_unit_test(answers_before_the_loop_waits),
        cmocka_unit_test(answers_pipelined_requests_in_order),
        cmocka_unit_test(a_zero_does_not_cut_the_path),
        cmocka_unit_test(takes_chunked_bodies),
        cmocka_unit_test(takes_requests_byte_by_byte),
        cmocka_unit_test(refuses_what_is_not_http),
        cmocka_unit_test(refuses_bodies_beyond_the_limit),
        cmocka_unit_test(bounds_all_bodies_together),
        cmocka_unit_test(ends_bodies_that_never_arrive),
        cmocka_unit_test(ends_headers_that_never_arrive),
        cmocka_unit_test(refuses_broken_chunks),
        cmocka_unit_test(closes_idle_connections),
        cmocka_unit_test(carries_a_thousand_idle_connections),
        cmocka_unit_test(drops_the_reply_to_a_dead_client),
        cmocka_unit_test(tells_waiting_clients_that_it_stops),
        cmocka_unit_test(handles_nothing_new_while_it_stops),
        cmocka_unit_test(keeps_foreign_pages_from_the_handler),
        cmocka_unit_test(allows_more_hosts_when_told),
        cmocka_unit_test(answers_its_own_user_and_root_only),
        cmocka_unit_test(listens_where_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
