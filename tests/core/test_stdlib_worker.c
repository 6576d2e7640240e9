/*
 * Tests of the handlers' standard library in real worker processes: the cases
 * of tests/core/stdlib/ that need no helper tasks, and what only shows with
 * an engine on the other side: children that are recorded, log lines,
 * cancelling, many tasks at a time. The program is its own worker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "lua_stdlib.h"
#include "pool.h"
#include "web.h"

#define MANY 200

struct fixture {
    struct ev_loop *loop;
    ev_timer too_late;
    struct wf_pool *pool;
    struct web *web;
    char *directory;
    struct wf_bundle_file files[6];
    struct wf_buf texts[6];
    size_t file_count;
    unsigned ended, succeeded, children, children_ended;
    bool cancelled;
    struct wf_buf wrong; /* errors and causes of tasks that failed */
    struct wf_buf lines; /* "stream: line\n" */
};

/* ---- the engine's part ---- */

static void on_ended(void *arg, uint64_t task, enum wf_task_end how,
                     struct wf_str output,
                     const struct wf_failure *failure) {
    struct fixture *fixture = arg;

    (void)output;
    fixture->ended++;
    if (how == WF_TASK_SUCCEEDED) {
        fixture->succeeded++;
        return;
    }
    wf_buf_addf(&fixture->wrong, "task %d (end %d) ", (int)task, (int)how);
    if (failure) {
        wf_buf_addstr(&fixture->wrong, failure->error);
        wf_buf_adds(&fixture->wrong, ": ");
        wf_buf_addstr(&fixture->wrong, failure->cause);
    }
    wf_buf_adds(&fixture->wrong, "\n");
}

static void on_task(void *arg, uint64_t task) {
    (void)arg;
    (void)task;
}

static void on_log(void *arg, uint64_t task, const char *stream,
                   struct wf_str line) {
    struct fixture *fixture = arg;

    (void)task;
    wf_buf_addf(&fixture->lines, "%s: ", stream);
    wf_buf_addstr(&fixture->lines, line);
    wf_buf_adds(&fixture->lines, "\n");
}

static void on_checkpoint(void *arg, uint64_t task, struct wf_str cursor) {
    (void)arg;
    (void)task;
    (void)cursor;
}

static void on_child_started(void *arg, uint64_t task,
                             struct wf_child child) {
    struct fixture *fixture = arg;

    fixture->children++;
    wf_pool_child_recorded(fixture->pool, task, child);
}

static void on_child_ended(void *arg, uint64_t task, struct wf_child child) {
    struct fixture *fixture = arg;

    (void)task;
    (void)child;
    fixture->children_ended++;
}

static void on_bundle_wanted(void *arg, struct wf_str bundle) {
    struct fixture *fixture = arg;

    wf_pool_bundle_files(fixture->pool, bundle, fixture->files,
                         fixture->file_count);
}

static void on_notice(void *arg, const char *text) {
    (void)arg;
    fprintf(stderr, "notice: %s\n", text);
}

static const struct wf_pool_events events = {
    .ended = on_ended,
    .started = on_task,
    .heartbeat = on_task,
    .log = on_log,
    .checkpoint = on_checkpoint,
    .child_started = on_child_started,
    .child_ended = on_child_ended,
    .bundle_wanted = on_bundle_wanted,
    .notice = on_notice,
};

/* ---- the fixture ---- */

static void add_file(struct fixture *fixture, const char *path,
                     struct wf_buf text) {
    size_t i = fixture->file_count++;

    fixture->texts[i] = text;
    fixture->files[i] = (struct wf_bundle_file){
        wf_str(path), {text.data, text.len}};
}

static void add_cases(struct fixture *fixture, const char *module,
                      const char *path) {
    char source[1024];
    struct wf_buf text = {0};

    snprintf(source, sizeof(source), "%s/tests/core/stdlib/%s.lua",
             MOONSTEP_SOURCE_DIR, module);
    assert_int_equal(wf_file_read(source, 1 << 20, &text, NULL), 0);
    add_file(fixture, path, text);
}

static void add_text(struct fixture *fixture, const char *path,
                     const char *lua) {
    struct wf_buf text = {0};

    wf_buf_adds(&text, lua);
    add_file(fixture, path, text);
}

static void add_files(struct fixture *fixture) {
    struct wf_buf text = {0};

    wf_buf_addf(&text,
                "return { url = 'http://127.0.0.1:%d', directory = '%s' }",
                web_port(fixture->web), fixture->directory);
    add_file(fixture, "fixture.lua", text);
    add_text(fixture, "mini.lua", "return {}");
    add_cases(fixture, "exec", "exec_cases.lua");
    add_cases(fixture, "fs", "fs_cases.lua");
    add_cases(fixture, "http", "http_cases.lua");
    add_text(fixture, "own.lua",
             "local exec = require('exec')\n"
             "local sleep = require('sleep')\n"
             "local http = require('http')\n"
             "local URL = require('fixture').url\n"
             "local own = {}\n"
             "function own.stream()\n"
             "  require('log').warn('about to print')\n"
             "  exec.run{ shell = 'echo one; echo two >&2', stream = true }\n"
             "end\n"
             "function own.sleeps() sleep(0.5) end\n"
             "function own.stuck()\n"
             "  exec.run{ shell = 'sleep 1000 & echo up; wait',\n"
             "    stream = true }\n"
             "end\n"
             "function own.slow() http.get(URL .. '/slow') end\n"
             "function own.refused() http.get('http://127.0.0.1:1/') end\n"
             "return own\n");
}

static void on_too_late(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)timer;
    (void)events;
    fprintf(stderr, "what a test waits for never came true\n");
    abort();
}

static int set_up(void **state) {
    struct fixture *fixture = wf_calloc(1, sizeof(*fixture));
    struct wf_pool_options options = {.workers = 1,
                                      .lua_directory = MOONSTEP_SOURCE_DIR};
    struct wf_buf path = {0};

    wf_file_temp_dir(NULL, "test-stdlib-", &path, NULL);
    fixture->directory = path.data;
    fixture->web = web_start();
    fixture->loop = ev_loop_new(EVFLAG_AUTO);
    ev_timer_init(&fixture->too_late, on_too_late, 60, 0);
    ev_timer_start(fixture->loop, &fixture->too_late);
    fixture->pool = wf_pool_new(fixture->loop, &options, &events, fixture);
    add_files(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;

    wf_pool_free(fixture->pool);
    ev_timer_stop(fixture->loop, &fixture->too_late);
    ev_loop_destroy(fixture->loop);
    web_stop(fixture->web);
    int rc = wf_file_remove_tree(fixture->directory, NULL, NULL);
    for (size_t i = 0; i < fixture->file_count; i++)
        wf_buf_free(&fixture->texts[i]);
    wf_buf_free(&fixture->wrong);
    wf_buf_free(&fixture->lines);
    free(fixture->directory);
    free(fixture);
    return rc;
}

static void dispatch(struct fixture *fixture, uint64_t id,
                     const char *function) {
    struct wf_pool_task task = {
        .id = id,
        .bundle = WF_STR("b1"),
        .function = wf_str(function),
        .input = WF_STR("{}"),
        .context = WF_STR("{\"token\":\"t\",\"attempt\":1}"),
    };

    wf_pool_dispatch(fixture->pool, &task);
}

static void run_until(struct fixture *fixture, const unsigned *counter,
                      unsigned value) {
    while (*counter < value)
        ev_run(fixture->loop, EVRUN_ONCE);
}

static void expect_success(struct fixture *fixture) {
    if (fixture->wrong.len) {
        wf_buf_u8(&fixture->wrong, '\0');
        fail_msg("%s", fixture->wrong.data);
    }
}

static void run_case(void **state, const char *function) {
    struct fixture *fixture = *state;

    dispatch(fixture, 1, function);
    run_until(fixture, &fixture->ended, 1);
    expect_success(fixture);
}

static bool logged(struct fixture *fixture, const char *line) {
    return fixture->lines.len &&
           memmem(fixture->lines.data, fixture->lines.len, line,
                  strlen(line)) != NULL;
}

/* ---- cases of our own ---- */

static void lines_reach_the_log(void **state) {
    struct fixture *fixture = *state;

    run_case(state, "own.stream");
    assert_true(logged(fixture, "log: warning: about to print\n"));
    assert_true(logged(fixture, "stdout: one\n"));
    assert_true(logged(fixture, "stderr: two\n"));
    run_until(fixture, &fixture->children_ended, 1);
    assert_int_equal(fixture->children, 1);
}

static void many_sleep_at_once(void **state) {
    struct fixture *fixture = *state;
    uint64_t start = wf_clock_mono_ns();

    for (int i = 0; i < MANY; i++)
        dispatch(fixture, (uint64_t)i + 1, "own.sleeps");
    run_until(fixture, &fixture->ended, MANY);
    expect_success(fixture);
    double seconds = (double)(wf_clock_mono_ns() - start) / 1e9;
    assert_true(seconds >= 0.5 && seconds < 30); /* one by one: 100 s */
}

static void on_cancelled(void *arg, uint64_t task) {
    struct fixture *fixture = arg;

    (void)task;
    fixture->cancelled = true;
}

static void wait_cancelled(struct fixture *fixture) {
    wf_pool_cancel(fixture->pool, 1, on_cancelled, fixture);
    while (!fixture->cancelled)
        ev_run(fixture->loop, EVRUN_ONCE);
    assert_int_equal(fixture->ended, 0);
}

static void cancel_ends_the_children(void **state) {
    struct fixture *fixture = *state;

    dispatch(fixture, 1, "own.stuck");
    while (!logged(fixture, "stdout: up\n"))
        ev_run(fixture->loop, EVRUN_ONCE);
    wait_cancelled(fixture);
    assert_int_equal(fixture->children_ended, 1);
}

static void cancel_ends_a_request(void **state) {
    struct fixture *fixture = *state;

    dispatch(fixture, 1, "own.slow");
    while (web_connections(fixture->web) == 0)
        ev_run(fixture->loop, EVRUN_ONCE | EVRUN_NOWAIT);
    wait_cancelled(fixture);
}

static void errors_are_the_tasks(void **state) {
    struct fixture *fixture = *state;

    dispatch(fixture, 1, "own.refused");
    run_until(fixture, &fixture->ended, 1);
    wf_buf_u8(&fixture->wrong, '\0');
    assert_non_null(strstr(fixture->wrong.data, "Http.ConnectFailed: GET "
                                                "http://127.0.0.1:1/: "));
}

/* ---- the shared cases ---- */

#define CASES(X) \
    X(exec, status) \
    X(exec, signal) \
    X(exec, output) \
    X(exec, stdin) \
    X(exec, large_stdin) \
    X(exec, env) \
    X(exec, clear_env) \
    X(exec, cwd) \
    X(exec, shell) \
    X(exec, timeout) \
    X(exec, grandchildren) \
    X(exec, clipped) \
    X(exec, missing) \
    X(exec, not_executable) \
    X(exec, background) \
    X(fs, files) \
    X(fs, directories) \
    X(fs, walk) \
    X(fs, failures) \
    X(http, echo) \
    X(http, bodies) \
    X(http, json) \
    X(http, redirects) \
    X(http, timeout) \
    X(http, to_file) \
    X(http, from_file)

#define FUNCTION(module, name) \
    static void module##_##name(void **state) { \
        run_case(state, #module "_cases." #name); \
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define ENTRY(module, name) TEST(module##_##name),

CASES(FUNCTION)

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        CASES(ENTRY) TEST(lines_reach_the_log),
        TEST(many_sleep_at_once),
        TEST(cancel_ends_the_children),
        TEST(cancel_ends_a_request),
        TEST(errors_are_the_tasks),
    };

    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
