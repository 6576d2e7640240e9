/* test_http_guard.c - which hosts and origins may ask for what, and whose
 * socket a client's is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <unistd.h>

#include "http.h"
#include "peer.h"

static const char *const more_hosts[] = {"flows.example.org", "10.0.0.5", NULL};
static const struct {
    const char *method, *path, *host, *origin;
    bool target, pass, is_signed;
} claims[] = {
    {"POST", "/", "sync-states.us-east-1.amazonaws.com", NULL, true, true,
     false},
    {"POST", "/", NULL, NULL, true, true, false},
    {"POST", "/", "evil.example", NULL, false, false, false},
    {"POST", "/x", "evil.example", NULL, true, false, false},
    {"GET", "/", "evil.example", NULL, true, false, false},
    {"GET", "/", NULL, NULL, false, false, false},
    {"GET", "/", "", NULL, false, false, false},
    {"GET", "/", "localhost", NULL, false, true, false},
    {"GET", "/", "LocalHost:8083", NULL, false, true, false},
    {"GET", "/", "127.0.0.1:1", NULL, false, true, false},
    {"GET", "/", "[::1]:8083", NULL, false, true, false},
    {"GET", "/", "[::1]", NULL, false, true, false},
    {"GET", "/", "10.0.0.5:80", NULL, false, true, false},
    {"GET", "/", "flows.example.org", NULL, false, true, false},
    {"GET", "/", "localhost.evil.example", NULL, false, false, false},
    {"GET", "/", "localhost:8083.evil.example", NULL, false, false, false},
    {"GET", "/", "localhost@evil.example", NULL, false, false, false},
    {"GET", "/", "[::1].evil.example", NULL, false, false, false},
    {"GET", "/", "[::1", NULL, false, false, false},
    {"GET", "/", "127.0.0.1.evil.example", NULL, false, false, false},
    {"POST", "/", "localhost:8083", "http://localhost:8083", true, true, false},
    {"POST", "/", "localhost:8083", "https://localhost:8083", true, true,
     false},
    {"POST", "/", "localhost:8083", "http://localhost", true, false, false},
    {"POST", "/", "localhost:8083", "http://evil.example", true, false, false},
    {"POST", "/", "evil.example", "http://evil.example", true, false, false},
    {"POST", "/", "localhost", "null", true, false, false},
    {"POST", "/", "localhost", "", true, false, false},
    {"POST", "/", "localhost", "ftp://localhost", true, false, false},
    {"GET", "/", "localhost", "http://localhost/", false, false, false},
    {"GET", "/schedules", "scheduler.example", NULL, false, true, true},
    {"GET", "/schedules", "evil.example", "http://evil.example", false, false,
     true},
    {"POST", "/", "localhost", "http://evil.example", true, false, true},
};

static void knows_whom_to_let_pass(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
        struct wf_http_claim claim = {
            .method = wf_str(claims[i].method),
            .path = wf_str(claims[i].path),
            .host = wf_str(claims[i].host),
            .origin = wf_str(claims[i].origin),
            .has_target = claims[i].target,
            .is_signed = claims[i].is_signed,
        };
        const char *objection = wf_http_guard(&claim, more_hosts);
        if ((objection == NULL) != claims[i].pass)
            fail_msg("row %zu: %s", i, objection ? objection : "let pass");
    }
}

/* Both ways of asking the kernel, on a connection of our own. */
static void asks_the_kernel_whose_socket_it_is(void **state) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)&address;
    struct sockaddr_storage peer, local;
    socklen_t len = sizeof(address);
    uid_t uid = (uid_t)-2;
    struct wf_error err;
    (void)state;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, any, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, any, &len), 0);
    assert_int_equal(connect(client, any, len), 0);
    len = sizeof(peer);
    int server = accept(listener, (struct sockaddr *)&peer, &len);
    len = sizeof(local);
    getsockname(server, (struct sockaddr *)&local, &len);
    const struct sockaddr *from = (const struct sockaddr *)&peer;
    const struct sockaddr *to = (const struct sockaddr *)&local;

    assert_true(wf_peer_is_loopback(from));
    assert_int_equal(wf_peer_uid(from, to, &uid, &err), 0);
    assert_int_equal(uid, geteuid());
    uid = (uid_t)-2;
    assert_int_equal(wf_peer_uid_proc(from, to, &uid, &err), 0);
    assert_int_equal(uid, geteuid());
    uid = (uid_t)-2;
    if (wf_peer_uid_netlink(from, to, &uid, &err) == 0)
        assert_int_equal(uid, geteuid());
    else
        assert_int_equal(err.code, WF_E_IO); /* not to be had here */

    close(client); /* now the kernel says "root" */
    assert_int_equal(wf_peer_uid(from, to, &uid, &err), -1);
    assert_int_equal(err.code, WF_E_NOT_FOUND);
    assert_int_equal(wf_peer_uid_proc(from, to, &uid, &err), -1);
    close(server);
    close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_whom_to_let_pass),
        cmocka_unit_test(asks_the_kernel_whose_socket_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
