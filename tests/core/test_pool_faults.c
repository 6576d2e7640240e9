/*
 * test_pool_faults.c - handlers that loop, crash, hog or have children, and
 * workers that die: each ends only its own task, with a clear cause.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pool_fixture.h"

static const char handlers[] =
    "local test = require('test')\n"
    "local ffi = require('ffi')\n"
    "local t = {}\n"
    "function t.echo(input) return input end\n"
    "function t.sleep(ms) return test.sleep(ms) end\n"
    "function t.loop() while true do end end\n"
    "function t.stubborn()\n"
    "  local function f() while true do end end\n"
    "  while true do pcall(f) end\n"
    "end\n"
    "function t.coroutines()\n"
    "  while true do\n"
    "    coroutine.wrap(function() while true do pcall(error) end end)()\n"
    "  end\n"
    "end\n"
    "function t.c_loop(_, task)\n"
    "  task:log('in C')\n"
    "  return ('a'):rep(40):find(('a*'):rep(30) .. 'b')\n"
    "end\n"
    "function t.said_loop(_, task)\n"
    "  task:log('in') while true do end\n"
    "end\n"
    "function t.segfault() ffi.cast('int *', 8)[0] = 1 end\n"
    "function t.exit() os.exit(3) end\n"
    "function t.hog()\n"
    "  local all = {}\n"
    "  while true do\n"
    "    pcall(function()\n"
    "      for i = 1, 100 do all[#all + 1] = ('x'):rep(1000) .. #all end\n"
    "    end)\n"
    "  end\n"
    "end\n"
    "function t.burst()\n"
    "  local s = ('x'):rep(2^20)\n"
    "  for _ = 1, 12 do s = s .. s end\n"
    "end\n"
    "function t.hoard(mib)\n"
    "  local all = {}\n"
    "  for i = 1, mib do all[i] = (mib .. 'x'):rep(2^19) .. i end\n"
    "  test.sleep(60000)\n"
    "  return #all\n"
    "end\n"
    "function t.garbage(count)\n"
    "  for i = 1, count do local s = ('x'):rep(2^16) .. i end\n"
    "  return 'clean'\n"
    "end\n"
    "function t.run(argv) return { test.spawn(argv) } end\n"
    "function t.run_and_fail(argv) test.spawn(argv) error('failed') end\n"
    "function t.store(_, task) task:checkpoint(1) end\n"
    "return t\n";

static const char apart[] =
    "local ffi = require('ffi')\n"
    "ffi.cdef('int getpid(void);')\n"
    "local t = { isolate = true }\n"
    "function t.pid() return ffi.C.getpid() end\n"
    "function t.jit() return (jit.status()) end\n"
    "function t.loop(_, task) task:log('in') while true do end end\n"
    "function t.segfault() ffi.cast('int *', 8)[0] = 1 end\n"
    "return t\n";

static struct fixture *open_with(const struct wf_pool_options *options) {
    struct fixture *fixture = fixture_new(options);

    fixture_bundle(fixture, "b", handlers);
    fixture_bundle(fixture, "apart", apart);
    return fixture;
}

static int setup(void **state) {
    *state = open_with(NULL);
    return 0;
}

static int teardown(void **state) {
    fixture_free(*state);
    return 0;
}

static void assert_holds(const struct wf_buf *buf, const char *text) {
    if (!buf->data || !strstr(buf->data, text))
        fail_msg("\"%s\" is not in: %s", text, buf->data);
}

static int32_t worker_pid(struct fixture *fixture) {
    int32_t pid = 0;

    assert_int_equal(wf_pool_pids(fixture->pool, &pid, 1), 1);
    return pid;
}

/* A neighbour that must outlive whatever happens: its worker did not die. */
static void assert_unharmed(struct fixture *fixture, int32_t pid) {
    struct fixture_task *task = fixture_run(fixture, 99, "t.echo", "\"ok\"");

    assert_int_equal(task->how, WF_TASK_SUCCEEDED);
    assert_int_equal(worker_pid(fixture), pid);
}

static void endless_loops_end_at_their_timeout(void **state) {
    static const char *const loops[] = {"t.loop", "t.stubborn",
                                        "t.coroutines"};
    struct fixture *fixture = *state;

    fixture_run(fixture, 1, "t.echo", "{}");
    int32_t pid = worker_pid(fixture);
    fixture_send(fixture, 10, "t.sleep", "1");
    for (uint64_t i = 0; i < 3; i++) {
        fixture_send_to(fixture, "b", 2 + i, loops[i], "{}", 50);
        struct fixture_task *task = fixture_end(fixture, 2 + i);
        assert_int_equal(task->how, WF_TASK_FAILED);
        assert_string_equal(task->error.data, "States.Timeout");
        assert_holds(&task->cause, "past its deadline without yielding");
        assert_holds(&task->cause, "t.lua:");
    }
    assert_int_equal(fixture_end(fixture, 10)->how, WF_TASK_SUCCEEDED);
    assert_unharmed(fixture, pid);
}

static void a_loop_is_cancelled(void **state) {
    struct fixture *fixture = *state;
    struct fixture_task *task = &fixture->tasks[1];

    fixture_send(fixture, 1, "t.said_loop", "{}");
    fixture_until_size(fixture, &task->log_lines, 1);
    int32_t pid = worker_pid(fixture);
    fixture_cancel(fixture, 1);
    fixture_until(fixture, &task->done, 1);
    assert_int_equal(task->ends, 0);
    assert_unharmed(fixture, pid);
}

static void waiting_and_queued_tasks_are_cancelled(void **state) {
    struct fixture *fixture = *state;

    fixture->hold_checkpoints = true;
    fixture_send(fixture, 1, "t.sleep", "60000");
    fixture_send(fixture, 2, "t.store", "{}");
    fixture_until(fixture, &fixture->tasks[2].checkpoints, 1);
    fixture_send(fixture, 3, "t.echo", "{}");
    for (uint64_t id = 1; id <= 4; id++) /* 4: never heard of */
        fixture_cancel(fixture, id);
    for (uint64_t id = 1; id <= 4; id++) {
        fixture_until(fixture, &fixture->tasks[id].done, 1);
        assert_int_equal(fixture->tasks[id].ends, 0);
    }
    fixture_send(fixture, 1, "t.echo", "{}"); /* the same id again */
    assert_int_equal(fixture_end(fixture, 1)->how, WF_TASK_SUCCEEDED);
}

static void what_cannot_be_interrupted_is_killed(void **state) {
    struct fixture *fixture = *state;

    fixture_send(fixture, 1, "t.sleep", "60000");
    fixture_send_to(fixture, "b", 2, "t.c_loop", "{}", 50);
    struct fixture_task *task = fixture_end(fixture, 2);
    assert_int_equal(task->how, WF_TASK_CRASHED);
    assert_holds(&task->cause, "can't be interrupted");
    assert_int_equal(fixture_end(fixture, 1)->how, WF_TASK_LOST);
}

static void a_handler_may_not_block_others_for_long(void **state) {
    struct wf_pool_options options = {.workers = 1, .block_ms = 200};
    struct fixture *fixture = open_with(&options);

    (void)state;
    fixture_send(fixture, 1, "t.loop", "{}");
    fixture_send(fixture, 2, "t.echo", "{}");
    struct fixture_task *task = fixture_end(fixture, 1);
    assert_int_equal(task->how, WF_TASK_FAILED);
    assert_holds(&task->cause, "blocked its worker for 200 ms");
    assert_int_equal(fixture_end(fixture, 2)->how, WF_TASK_SUCCEEDED);
    fixture_free(fixture);
}

/* As a loop does that waits for any child, libev's default one. */
static void a_death_that_another_waited_for_is_noticed(void **state) {
    struct fixture *fixture = *state;

    fixture_run(fixture, 1, "t.echo", "{}");
    int32_t pid = worker_pid(fixture);
    fixture_send(fixture, 2, "t.sleep", "60000");
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(fixture_end(fixture, 2)->how, WF_TASK_LOST);
    assert_int_equal(fixture_run(fixture, 3, "t.echo", "{}")->how,
                     WF_TASK_SUCCEEDED);
}

static void a_segfault_is_the_running_tasks_own(void **state) {
    struct fixture *fixture = *state;

    for (uint64_t id = 1; id <= 20; id++)
        fixture_send(fixture, id, "t.sleep", "60000");
    fixture_send(fixture, 30, "t.segfault", "{}");
    struct fixture_task *task = fixture_end(fixture, 30);
    assert_int_equal(task->how, WF_TASK_CRASHED);
    assert_string_equal(task->error.data, "States.TaskFailed");
    assert_holds(&task->cause, "the handler ended its worker process: SIG");
    for (uint64_t id = 1; id <= 20; id++)
        assert_int_equal(fixture_end(fixture, id)->how, WF_TASK_LOST);
    task = fixture_run(fixture, 31, "t.exit", "{}");
    assert_int_equal(task->how, WF_TASK_CRASHED);
    assert_holds(&task->cause, "exit status 3");
    fixture_run(fixture, 32, "t.echo", "{}");
    assert_int_equal(fixture->tasks[32].how, WF_TASK_SUCCEEDED);
}

static void memory_hogs_end_alone(void **state) {
    struct wf_pool_options options = {.workers = 1, .memory_bytes = 32 << 20};
    struct fixture *fixture = open_with(&options);
    static const char *const hogs[] = {"t.hog", "t.burst"};

    (void)state;
    fixture_run(fixture, 1, "t.echo", "{}");
    int32_t pid = worker_pid(fixture);
    for (uint64_t i = 0; i < 2; i++) {
        struct fixture_task *task =
            fixture_run(fixture, 2 + i, hogs[i], "{}");
        assert_int_equal(task->how, WF_TASK_FAILED);
        assert_holds(&task->cause, "used up the memory for Lua");
        assert_holds(&task->cause, "32 MiB");
    }
    assert_int_equal(
        fixture_run(fixture, 4, "t.garbage", "5000")->how, WF_TASK_SUCCEEDED);
    assert_unharmed(fixture, pid);
    fixture_free(fixture);
}

static void the_hog_ends_and_not_who_asked_last(void **state) {
    struct wf_pool_options options = {.workers = 1, .memory_bytes = 32 << 20};
    struct fixture *fixture = open_with(&options);

    (void)state;
    fixture_send(fixture, 1, "t.hoard", "17");
    fixture_send(fixture, 2, "t.hoard", "8");
    assert_int_equal(fixture_end(fixture, 1)->how, WF_TASK_FAILED);
    assert_holds(&fixture->tasks[1].cause, "used up the memory");
    assert_int_equal(fixture->tasks[2].ends, 0);
    fixture_cancel(fixture, 2);
    fixture_until(fixture, &fixture->tasks[2].done, 1);
    fixture_free(fixture);
}

static void a_killed_worker_loses_its_tasks_only(void **state) {
    struct fixture *fixture = *state;

    fixture_send(fixture, 1, "t.sleep", "60000");
    fixture_send(fixture, 2, "t.said_loop", "{}");
    fixture_until_size(fixture, &fixture->tasks[2].log_lines, 1);
    kill(worker_pid(fixture), SIGKILL);
    assert_int_equal(fixture_end(fixture, 1)->how, WF_TASK_LOST);
    assert_int_equal(fixture_end(fixture, 2)->how, WF_TASK_LOST);
    fixture->tasks[1].ends = 0;
    fixture_send(fixture, 1, "t.sleep", "1");
    assert_int_equal(fixture_end(fixture, 1)->how, WF_TASK_SUCCEEDED);
}

/* Tasks that are not over yet; what was lost is sent again. */
static int storm_rest(struct fixture *fixture, uint64_t count) {
    int rest = 0;

    for (uint64_t id = 1; id <= count; id++) {
        struct fixture_task *task = &fixture->tasks[id];
        assert_true(task->ends + task->done <= 1);
        if (task->ends == 1 && task->how == WF_TASK_LOST) {
            task->ends = 0;
            fixture_send(fixture, id, "t.sleep", "3");
        }
        rest += task->ends + task->done == 0;
    }
    return rest;
}

static void everything_ends_once_in_a_storm(void **state) {
    enum { COUNT = 1500, KILLS = 5 };
    struct wf_pool_options options = {.workers = 2, .tasks_per_worker = 200};
    struct fixture *fixture = open_with(&options);
    unsigned seed = 1;
    size_t seen = 0;

    (void)state;
    for (uint64_t id = 1; id <= COUNT; id++)
        fixture_send(fixture, id, id % 3 ? "t.sleep" : "t.echo", "5");
    for (int kills = 0; storm_rest(fixture, COUNT) > 0;) {
        int32_t pids[2];
        uint64_t id = 1 + (uint64_t)rand_r(&seed) % COUNT;
        if (fixture->tasks[id].ends + fixture->tasks[id].done == 0)
            fixture_cancel(fixture, id);
        if (kills < KILLS && fixture->ended > seen + COUNT / (KILLS * 2) &&
            wf_pool_pids(fixture->pool, pids, 2) > 0) {
            seen = fixture->ended;
            kills++;
            kill(pids[0], SIGKILL);
        }
        ev_run(fixture->loop, EVRUN_ONCE);
    }
    assert_int_equal(wf_pool_busy(fixture->pool), 0);
    for (uint64_t id = 1; id <= COUNT; id++)
        if (fixture->tasks[id].ends)
            assert_int_equal(fixture->tasks[id].how, WF_TASK_SUCCEEDED);
    fixture_free(fixture);
}

static void a_program_that_is_none_is_reported(void **state) {
    struct wf_pool_options options = {.program = "/nonexistent/moonstep"};
    struct fixture *fixture = open_with(&options);

    (void)state;
    fixture_send(fixture, 1, "t.echo", "{}");
    assert_int_equal(fixture_end(fixture, 1)->how, WF_TASK_LOST);
    assert_non_null(strstr(fixture->notice, "exit status 127"));
    fixture_free(fixture);
}

/* ---- isolation ---- */

static void isolated_modules_get_processes_of_their_own(void **state) {
    struct fixture *fixture = *state;
    int pids[3];

    fixture_send(fixture, 10, "t.sleep", "60000");
    for (uint64_t id = 1; id <= 3; id++) {
        fixture_send_to(fixture, "apart", id, "t.pid", "{}", 0);
        pids[id - 1] = atoi(fixture_end(fixture, id)->output.data);
        assert_int_not_equal(pids[id - 1], 0);
    }
    int32_t all[4];
    size_t count = wf_pool_pids(fixture->pool, all, 4);
    for (size_t i = 0; i < count; i++) /* the common worker is none of them */
        if (all[i] != pids[2])
            assert_int_not_equal(all[i], pids[0]);
    fixture_send_to(fixture, "apart", 4, "t.jit", "{}", 0);
    assert_string_equal(fixture_end(fixture, 4)->output.data, "true");
    fixture_send_to(fixture, "apart", 5, "t.segfault", "{}", 0);
    assert_int_equal(fixture_end(fixture, 5)->how, WF_TASK_CRASHED);
    assert_int_equal(fixture->tasks[10].ends, 0);
}

static void isolated_tasks_are_killed_at_the_end_of_their_time(void **state) {
    struct fixture *fixture = *state;

    fixture_send_to(fixture, "apart", 1, "t.loop", "{}", 50);
    struct fixture_task *task = fixture_end(fixture, 1);
    assert_int_equal(task->how, WF_TASK_CRASHED);
    assert_holds(&task->cause, "did not end within its time");
    fixture_send_to(fixture, "apart", 2, "t.loop", "{}", 0);
    fixture_until_size(fixture, &fixture->tasks[2].log_lines, 1);
    fixture_cancel(fixture, 2);
    fixture_until(fixture, &fixture->tasks[2].done, 1);
    assert_int_equal(fixture->tasks[2].ends, 0);
}

/* ---- children ---- */

static char directory[] = "/tmp/test_pool_faults.XXXXXX";

static void path_make(char *out, size_t size, const char *name) {
    snprintf(out, size, "%s/%s", directory, name);
}

static void child_input(char *out, size_t size, const char *script) {
    snprintf(out, size, "[\"sh\",\"-c\",\"cd %s; %s\"]", directory, script);
}

static void children_run_once_recorded(void **state) {
    struct fixture *fixture = *state;
    struct fixture_task *task = &fixture->tasks[1];
    char input[256], path[256];

    fixture->hold_children = true;
    child_input(input, sizeof(input), "test $MOONSTEP_TASK && exit 3 > ran");
    fixture_send(fixture, 1, "t.run", input);
    fixture_until(fixture, &task->children_started, 1);
    fixture_run(fixture, 2, "t.sleep", "50"); /* time enough to misbehave */
    path_make(path, sizeof(path), "ran");
    assert_int_not_equal(access(path, F_OK), 0);
    wf_pool_child_recorded(fixture->pool, 1, task->child);
    fixture_end(fixture, 1);
    assert_string_equal(task->output.data, "[768,0]");
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(task->children_ended, 1);
}

static void what_cannot_be_executed_says_why(void **state) {
    struct fixture_task *task =
        fixture_run(*state, 1, "t.run", "[\"no-such-program\"]");

    assert_string_equal(task->output.data, "[32512,2]"); /* ENOENT */
}

/* The engine's side of it dies before the record: nothing is executed. */
static void an_unrecorded_child_dies_with_its_worker(void **state) {
    struct fixture *fixture = *state;
    struct fixture_task *task = &fixture->tasks[1];
    char input[256], path[256];

    fixture->hold_children = true;
    child_input(input, sizeof(input), "touch unrecorded");
    fixture_send(fixture, 1, "t.run", input);
    fixture_until(fixture, &task->children_started, 1);
    kill(worker_pid(fixture), SIGKILL);
    assert_int_equal(fixture_end(fixture, 1)->how, WF_TASK_LOST);
    fixture_until_gone(fixture, task->child.pid);
    path_make(path, sizeof(path), "unrecorded");
    assert_int_not_equal(access(path, F_OK), 0);
}

/* A worker whose engine has closed the socket. */
static void everything_ends_with_the_pool(void **state) {
    struct fixture *fixture = fixture_new(NULL);
    struct fixture_task *task = &fixture->tasks[1];
    char input[256];
    int32_t child, worker;

    (void)state;
    fixture_bundle(fixture, "b", handlers);
    child_input(input, sizeof(input), "sleep 1000");
    fixture_send(fixture, 1, "t.run", input);
    fixture_until(fixture, &task->children_started, 1);
    child = task->child.pid;
    worker = worker_pid(fixture);
    fixture_free(fixture);
    assert_int_not_equal(kill(worker, 0), 0);
    fixture = fixture_new(NULL);
    fixture_until_gone(fixture, child);
    fixture_free(fixture);
}

static void a_lost_task_waits_for_its_children(void **state) {
    struct fixture *fixture = *state;
    struct fixture_task *task = &fixture->tasks[1];
    char input[256], path[256];

    /* Ignores SIGTERM: only SIGKILL, after 2 s, ends it. */
    child_input(input, sizeof(input),
                "trap : TERM; touch lives; while :; do sleep 0.1; done");
    path_make(path, sizeof(path), "lives");
    fixture_send(fixture, 1, "t.run", input);
    while (access(path, F_OK) != 0)
        fixture_run(fixture, 2, "t.sleep", "10"), fixture->tasks[2].ends = 0;
    kill(worker_pid(fixture), SIGKILL);
    assert_int_equal(fixture_end(fixture, 1)->how, WF_TASK_LOST);
    assert_false(wf_child_signal(task->child, WF_STR_NULL, 0));
}

static void cancelling_ends_the_whole_group(void **state) {
    struct fixture *fixture = *state;
    struct fixture_task *task = &fixture->tasks[1];
    char input[256], path[256];

    child_input(input, sizeof(input),
                "sleep 1000 & echo $! > pid; touch forked; wait");
    path_make(path, sizeof(path), "forked");
    fixture_send(fixture, 1, "t.run", input);
    while (access(path, F_OK) != 0)
        fixture_run(fixture, 2, "t.sleep", "10"), fixture->tasks[2].ends = 0;
    fixture_cancel(fixture, 1);
    fixture_until(fixture, &task->done, 1);
    assert_int_equal(task->ends, 0);
    assert_int_equal(task->children_ended, 1);
    assert_false(wf_child_signal(task->child, WF_STR_NULL, 0));
    path_make(path, sizeof(path), "pid");
    FILE *file = fopen(path, "re");
    int grandchild = 0;
    assert_int_equal(fscanf(file, "%d", &grandchild), 1);
    fclose(file);
    fixture_until_gone(fixture, grandchild);
}

static void a_failed_task_leaves_nothing_in_the_background(void **state) {
    struct fixture *fixture = *state;
    struct fixture_task *task = &fixture->tasks[1];

    fixture_run(fixture, 1, "t.run_and_fail",
                "[\"sh\",\"-c\",\"sleep 1000 &\"]");
    assert_int_equal(task->how, WF_TASK_FAILED);
    assert_int_equal(task->children_ended, 1);
    assert_false(wf_child_signal(task->child, WF_STR_NULL, 0));
}

static void a_succeeded_task_may_leave_something(void **state) {
    struct fixture *fixture = *state;
    struct fixture_task *task = &fixture->tasks[1];
    char key[64];

    fixture_run(fixture, 1, "t.run", "[\"sh\",\"-c\",\"sleep 1000 &\"]");
    assert_int_equal(task->how, WF_TASK_SUCCEEDED);
    assert_int_equal(kill(-task->child.pid, 0), 0);
    snprintf(key, sizeof(key), "%d/1", (int)getpid());

    /* The leader is gone: only the key says whose it is. */
    assert_false(wf_child_reap(task->child, WF_STR("another task")));
    assert_int_equal(kill(-task->child.pid, 0), 0);
    assert_true(wf_child_reap(task->child, wf_str(key)));
    while (wf_child_reap(task->child, wf_str(key)))
        usleep(1000);
    assert_false(wf_child_signal(task->child, wf_str(key), 0));
}

static void reaping_needs_the_right_start_time(void **state) {
    struct wf_child child = {.pid = fork(), .start_time = 1};

    (void)state;
    if (child.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setpgid(0, 0);
        for (;;)
            pause();
    }
    setpgid(child.pid, child.pid);
    assert_false(wf_child_reap(child, WF_STR("key")));
    assert_int_equal(kill(child.pid, 0), 0);
    kill(child.pid, SIGKILL);
    waitpid(child.pid, NULL, 0);
}

static int group_setup(void **state) {
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int group_teardown(void **state) {
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

#define POOL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        POOL_TEST(endless_loops_end_at_their_timeout),
        POOL_TEST(a_loop_is_cancelled),
        POOL_TEST(waiting_and_queued_tasks_are_cancelled),
        POOL_TEST(what_cannot_be_interrupted_is_killed),
        cmocka_unit_test(a_handler_may_not_block_others_for_long),
        POOL_TEST(a_death_that_another_waited_for_is_noticed),
        POOL_TEST(a_segfault_is_the_running_tasks_own),
        cmocka_unit_test(memory_hogs_end_alone),
        cmocka_unit_test(the_hog_ends_and_not_who_asked_last),
        POOL_TEST(a_killed_worker_loses_its_tasks_only),
        cmocka_unit_test(everything_ends_once_in_a_storm),
        cmocka_unit_test(a_program_that_is_none_is_reported),
        POOL_TEST(isolated_modules_get_processes_of_their_own),
        POOL_TEST(isolated_tasks_are_killed_at_the_end_of_their_time),
        POOL_TEST(children_run_once_recorded),
        POOL_TEST(what_cannot_be_executed_says_why),
        POOL_TEST(an_unrecorded_child_dies_with_its_worker),
        cmocka_unit_test(everything_ends_with_the_pool),
        POOL_TEST(a_lost_task_waits_for_its_children),
        POOL_TEST(cancelling_ends_the_whole_group),
        POOL_TEST(a_failed_task_leaves_nothing_in_the_background),
        POOL_TEST(a_succeeded_task_may_leave_something),
        cmocka_unit_test(reaping_needs_the_right_start_time),
    };
    int worker = fixture_worker(argc, argv);

    if (worker >= 0)
        return worker;
    /* of the workers */
    setenv("ASAN_OPTIONS", "handle_segv=0:detect_leaks=0", 1);
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
