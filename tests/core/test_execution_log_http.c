/*
 * test_execution_log_http.c - lines on their way to an HTTP endpoint which
 * fails, refuses, is slow, or is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "execution_log.h"
#include "file.h"

enum { REQUESTS = 256 };

/* Answers one request a connection; what it was asked is kept. */
struct endpoint {
    int fd;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    unsigned statuses[8];  /* of the first requests; 0: 204 from here on */
    size_t most;           /* bytes of a body; larger: 413 */
    bool is_silent;        /* answers nothing until it stops */
    size_t count;
    struct wf_buf heads[REQUESTS], taken, refused;
};

struct rig {
    struct ev_loop *loop;
    struct wf_execution_log *log;
    struct endpoint endpoint;
    char directory[64], headers[80];
    bool has_headers;
    struct wf_buf notices;
};

/* ---- the endpoint ---- */

/* Head and body of a request; the head's length, 0: it ended before. */
static size_t read_request(int fd, struct wf_buf *text) {
    for (;;) {
        wf_buf_reserve(text, 65536);
        ssize_t got = read(fd, text->data + text->len, 65535);
        if (got <= 0)
            return 0;
        text->len += (size_t)got;
        text->data[text->len] = '\0';
        const char *end = strstr(text->data, "\r\n\r\n");
        const char *length = strcasestr(text->data, "content-length:");
        if (end && length &&
            text->len - (size_t)(end + 4 - text->data) >=
                strtoul(length + 15, NULL, 10))
            return (size_t)(end + 4 - text->data);
    }
}

static unsigned take(struct endpoint *endpoint, const struct wf_buf *text,
                     size_t head) {
    size_t number = endpoint->count++, bytes = text->len - head;
    unsigned status = number < 8 ? endpoint->statuses[number] : 0;
    assert_true(number < REQUESTS);
    if (status == 0)
        status = endpoint->most && bytes > endpoint->most ? 413 : 204;
    wf_buf_add(&endpoint->heads[number], text->data, head);
    wf_buf_add(status == 204 ? &endpoint->taken : &endpoint->refused,
               text->data + head, bytes);
    return status;
}

static void answer(struct endpoint *endpoint, int fd) {
    struct wf_buf text = {0};
    char line[128];
    size_t head = read_request(fd, &text);
    if (head > 0) {
        pthread_mutex_lock(&endpoint->mutex);
        bool is_silent = endpoint->is_silent;
        unsigned status = take(endpoint, &text, head);
        pthread_mutex_unlock(&endpoint->mutex);
        snprintf(line, sizeof(line),
                 "HTTP/1.1 %u As it is\r\nContent-Length: 0\r\n"
                 "Connection: close\r\n\r\n", status);
        ssize_t done = is_silent ? read(fd, line, 1) /* until it goes away */
                                 : write(fd, line, strlen(line));
        (void)done;
    }
    wf_buf_free(&text);
    close(fd);
}

static void *serve(void *arg) {
    struct endpoint *endpoint = arg;
    int fd;
    while ((fd = accept(endpoint->fd, NULL, NULL)) >= 0)
        answer(endpoint, fd);
    return NULL;
}

static void endpoint_start(struct endpoint *endpoint) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    endpoint->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(endpoint->fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(endpoint->fd, 16), 0);
    getsockname(endpoint->fd, (struct sockaddr *)&address, &len);
    endpoint->port = ntohs(address.sin_port);
    pthread_mutex_init(&endpoint->mutex, NULL);
    assert_int_equal(pthread_create(&endpoint->thread, NULL, serve, endpoint),
                     0);
}

static void endpoint_stop(struct endpoint *endpoint) {
    if (endpoint->fd < 0)
        return;
    shutdown(endpoint->fd, SHUT_RDWR);
    pthread_join(endpoint->thread, NULL);
    close(endpoint->fd);
    endpoint->fd = -1;
}

/* ---- the rig ---- */

static void on_notice(void *arg, const char *text) {
    struct rig *rig = arg;
    wf_buf_addf(&rig->notices, "%s\n", text);
}

static int set_up(void **state) {
    struct rig *rig = wf_calloc(1, sizeof(*rig));
    strcpy(rig->directory, "/tmp/moonstep-log-XXXXXX");
    assert_non_null(mkdtemp(rig->directory));
    snprintf(rig->headers, sizeof(rig->headers), "%s/headers",
             rig->directory);
    rig->loop = ev_loop_new(EVFLAG_AUTO);
    endpoint_start(&rig->endpoint);
    *state = rig;
    return 0;
}

static int tear_down(void **state) {
    struct rig *rig = *state;
    wf_execution_log_close(rig->log);
    endpoint_stop(&rig->endpoint);
    for (size_t i = 0; i < rig->endpoint.count; i++)
        wf_buf_free(&rig->endpoint.heads[i]);
    wf_buf_free(&rig->endpoint.taken);
    wf_buf_free(&rig->endpoint.refused);
    ev_loop_destroy(rig->loop);
    assert_int_equal(wf_file_remove_tree(rig->directory, NULL, NULL), 0);
    wf_buf_free(&rig->notices);
    free(rig);
    return 0;
}

static int try_open(struct rig *rig, const char *url, size_t room,
                    struct wf_error *err) {
    const struct wf_execution_log_options options = {
        .loop = rig->loop, .destination = url, .room = room,
        .headers = rig->has_headers ? rig->headers : NULL,
        .notice = on_notice, .arg = rig};
    return wf_execution_log_open(&options, &rig->log, err);
}

static void open_log(struct rig *rig, size_t room) {
    struct wf_error err = {0};
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/in?key=1",
             rig->endpoint.port);
    if (try_open(rig, url, room, &err) != 0)
        fail_msg("%s", err.message);
}

static void close_log(struct rig *rig) {
    wf_execution_log_close(rig->log);
    rig->log = NULL;
}

static void add(struct rig *rig, unsigned from, unsigned to) {
    for (; from < to; from++) {
        struct wf_buf *line =
            wf_execution_log_line(rig->log, WF_STR("/own"));
        if (line)
            wf_buf_addf(line, "line %u\n", from);
    }
}

static void until(struct rig *rig, uint64_t lines, uint64_t lost) {
    struct wf_execution_log_stats stats;
    do {
        ev_run(rig->loop, EVRUN_ONCE);
        stats = wf_execution_log_stats(rig->log);
    } while (stats.lines < lines || stats.lost < lost);
    assert_int_equal(stats.lines, lines);
    assert_int_equal(stats.lost, lost);
}

static bool was_noticed(struct rig *rig, const char *words) {
    return rig->notices.len > 0 &&
           memmem(rig->notices.data, rig->notices.len, words, strlen(words));
}

/* It took "line from" to "line to - 1", one after the other. */
static void assert_taken(struct rig *rig, unsigned from, unsigned to) {
    const struct wf_buf *taken = &rig->endpoint.taken;
    struct wf_buf wanted = {0};
    for (unsigned i = from; i < to; i++)
        wf_buf_addf(&wanted, "line %u\n", i);
    assert_int_equal(taken->len, wanted.len);
    if (wanted.len > 0)
        assert_memory_equal(taken->data, wanted.data, wanted.len);
    wf_buf_free(&wanted);
}

static bool head_has(struct rig *rig, size_t number, const char *words) {
    const struct wf_buf *head = &rig->endpoint.heads[number];
    return memmem(head->data, head->len, words, strlen(words));
}

static void key_of(struct rig *rig, size_t number, char key[37]) {
    static const char name[] = "\r\nIdempotency-Key: ";
    const struct wf_buf *head = &rig->endpoint.heads[number];
    const char *at = memmem(head->data, head->len, name, strlen(name));
    assert_non_null(at);
    memcpy(key, at + strlen(name), 36);
    key[36] = '\0';
}

/* ---- tests ---- */

static void sends_lines_in_order(void **state) {
    struct rig *rig = *state;
    open_log(rig, 0);
    add(rig, 0, 100000); /* more than a batch */
    until(rig, 100000, 0);
    assert_taken(rig, 0, 100000);
    assert_true(rig->endpoint.count >= 2);
    assert_true(head_has(rig, 0, "POST /in?key=1 HTTP/1.1\r\n"));
    assert_true(head_has(rig, 0, "Content-Type: application/x-ndjson\r\n"));
    add(rig, 100000, 100001);
    close_log(rig); /* sends it */
    assert_taken(rig, 0, 100001);
    assert_int_equal(rig->notices.len, 0);
}

static void tries_again_what_was_not_taken(void **state) {
    struct rig *rig = *state;
    char first[37], third[37], fourth[37];
    rig->endpoint.statuses[0] = 503;
    rig->endpoint.statuses[1] = 429;
    open_log(rig, 0);
    add(rig, 0, 10);
    while (!was_noticed(rig, "can't be sent, is tried again: HTTP status 503"))
        ev_run(rig->loop, EVRUN_ONCE);
    add(rig, 10, 20); /* not into the batch that was sent */
    until(rig, 20, 0);
    assert_taken(rig, 0, 20);
    assert_true(was_noticed(rig, "/in?...: can be sent again"));
    assert_false(was_noticed(rig, "key=1"));
    assert_int_equal(rig->endpoint.count, 4);
    key_of(rig, 0, first);
    key_of(rig, 2, third);
    key_of(rig, 3, fourth);
    assert_string_equal(first, third);
    assert_string_not_equal(third, fourth);
}

static void loses_what_is_refused(void **state) {
    struct rig *rig = *state;
    rig->endpoint.statuses[0] = rig->endpoint.statuses[1] = 400;
    open_log(rig, 0);
    add(rig, 0, 10);
    until(rig, 0, 10);
    assert_true(was_noticed(rig, "lines are refused, and lost: HTTP status "
                                 "400"));
    rig->notices.len = 0;
    add(rig, 10, 20);
    until(rig, 0, 20);
    assert_int_equal(rig->notices.len, 0); /* told once */
    add(rig, 20, 30);
    until(rig, 10, 20);
    assert_taken(rig, 20, 30);
    assert_true(was_noticed(rig, "20 lines were lost"));
}

static void halves_what_is_too_large(void **state) {
    struct rig *rig = *state;
    struct wf_buf *line;
    rig->endpoint.most = 2000;
    open_log(rig, 0);
    add(rig, 0, 1000);
    until(rig, 1000, 0);
    assert_taken(rig, 0, 1000);
    add(rig, 1000, 2000); /* smaller batches from the start */
    until(rig, 2000, 0);
    assert_taken(rig, 0, 2000);
    line = wf_execution_log_line(rig->log, WF_STR("/own"));
    for (unsigned i = 0; i < 3000; i++)
        wf_buf_u8(line, 'x');
    wf_buf_u8(line, '\n');
    add(rig, 2000, 2010);
    until(rig, 2010, 1);
    assert_taken(rig, 0, 2010);
}

/* It takes a request and says nothing: no call waits, what has no room is
 * lost, and the end comes in time. */
static void does_not_wait_for_a_slow_endpoint(void **state) {
    struct rig *rig = *state;
    rig->endpoint.is_silent = true;
    open_log(rig, 65536);
    for (unsigned i = 0; i < 40000; i++) {
        add(rig, i, i + 1);
        ev_run(rig->loop, EVRUN_NOWAIT);
    }
    struct wf_execution_log_stats stats = wf_execution_log_stats(rig->log);
    assert_int_equal(stats.lines, 0);
    assert_in_range(stats.lost, 30000, 39999);
    assert_true(was_noticed(rig, "lines are being lost"));
    close_log(rig);
    assert_true(was_noticed(rig, ": 40000 lines were lost"));
}

static void gives_up_at_the_end_when_it_is_gone(void **state) {
    struct rig *rig = *state;
    open_log(rig, 0);
    endpoint_stop(&rig->endpoint);
    add(rig, 0, 10);
    while (!was_noticed(rig, "can't be sent, is tried again: ConnectFailed"))
        ev_run(rig->loop, EVRUN_ONCE);
    close_log(rig); /* tries for a while */
    assert_true(was_noticed(rig, ": 10 lines were lost"));
}

static void write_headers(struct rig *rig, const char *text, mode_t mode) {
    FILE *file = fopen(rig->headers, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(rig->headers, mode), 0);
    rig->has_headers = true;
}

static void sends_headers_of_a_file(void **state) {
    struct rig *rig = *state;
    write_headers(rig, "# a token\n\n Authorization:  Bearer one \nX-Own: 2",
                  0600);
    rig->endpoint.statuses[0] = 401;
    open_log(rig, 0);
    add(rig, 0, 10);
    while (!was_noticed(rig, "HTTP status 401"))
        ev_run(rig->loop, EVRUN_ONCE);
    assert_true(head_has(rig, 0, "\r\nAuthorization: Bearer one\r\n"));
    assert_true(head_has(rig, 0, "\r\nX-Own: 2\r\n"));
    write_headers(rig, "Content-Length: 7\n", 0600);
    wf_execution_log_reopen(rig->log);
    while (!was_noticed(rig, "its headers stay as they were"))
        ev_run(rig->loop, EVRUN_ONCE);
    write_headers(rig, "Authorization: Bearer two\n", 0600);
    wf_execution_log_reopen(rig->log);
    wf_execution_log_reopen(rig->log);
    until(rig, 10, 0);
    add(rig, 10, 20);
    until(rig, 20, 0);
    assert_true(head_has(rig, rig->endpoint.count - 1,
                         "\r\nAuthorization: Bearer two\r\n"));
    assert_false(was_noticed(rig, "Bearer"));
}

static void assert_refused(struct rig *rig, const char *url,
                           const char *words) {
    struct wf_error err = {0};
    assert_int_equal(try_open(rig, url, 0, &err), -1);
    if (!strstr(err.message, words))
        fail_msg("%s", err.message);
}

static void refuses_what_it_cannot_use(void **state) {
    struct rig *rig = *state;
    assert_refused(rig, "https://", "no URL");
    assert_refused(rig, "http:///in", "no URL");
    assert_refused(rig, "http://ho st/", "no URL");
    assert_refused(rig, "http://user:pass@host/", "--logs-headers");
    write_headers(rig, "A: b\n", 0644);
    assert_refused(rig, "http://host/", "chmod o-rwx");
    write_headers(rig, "A: b\nC\n", 0600);
    assert_refused(rig, "http://host/", ":2: NAME: VALUE is expected");
    write_headers(rig, "A: b\001\n", 0600);
    assert_refused(rig, "http://host/", ":1: NAME: VALUE is expected");
    write_headers(rig, "host: b\n", 0600);
    assert_refused(rig, "http://host/", "a header of your own");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(sends_lines_in_order),
        TEST(tries_again_what_was_not_taken),
        TEST(loses_what_is_refused),
        TEST(halves_what_is_too_large),
        TEST(does_not_wait_for_a_slow_endpoint),
        TEST(gives_up_at_the_end_when_it_is_gone),
        TEST(sends_headers_of_a_file),
        TEST(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
