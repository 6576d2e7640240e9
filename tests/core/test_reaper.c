/*
 * test_reaper.c - process groups that are ended apart from the loop: whole
 * groups, none but ours, `done` once, and no look into /proc on the loop.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "reaper.h"

struct fixture {
    struct ev_loop *loop;
    struct wf_reaper *reaper;
    unsigned done;
    struct wf_child last;
};

/* ---- who looks into /proc ---- */

static pthread_t loop_thread;
static atomic_uint looks_of_loop, looks_of_others;

static void looked_at(const char *path) {
    if (strncmp(path, "/proc", 5) != 0)
        return;
    atomic_fetch_add(pthread_equal(pthread_self(), loop_thread)
                         ? &looks_of_loop
                         : &looks_of_others,
                     1);
}

/* In front of libc's. */
DIR *opendir(const char *path) {
    void *next = dlsym(RTLD_NEXT, "opendir");
    DIR *(*real)(const char *);
    memcpy(&real, &next, sizeof(real));
    looked_at(path);
    return real(path);
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    int mode = flags & O_CREAT ? va_arg(more, int) : 0;
    va_end(more);
    looked_at(path);
    return openat(AT_FDCWD, path, flags, mode);
}

/* ---- processes ---- */

static uint64_t start_time_of(pid_t pid) {
    char path[64], text[1024];
    unsigned long long start = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    assert_int_equal(sscanf(strrchr(text, ')') + 1,
                            " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
                            "%*u %*u %*d %*d %*d %*d %*d %*d %llu",
                            &start),
                     1);
    return start;
}

/* A shell that leads a group of its own and runs `script`. It has begun when
 * this returns: it says so. */
static struct wf_child run_script(const char *script) {
    int said[2];
    char byte;
    assert_int_equal(pipe2(said, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        dup2(said[1], 1);
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(said[1]);
    assert_int_equal(read(said[0], &byte, 1), 1);
    close(said[0]);
    return (struct wf_child){.pid = pid, .start_time = start_time_of(pid)};
}

static bool group_is_alive(struct wf_child child) {
    return wf_child_signal(child, WF_STR_NULL, 0);
}

/* ---- fixture ---- */

static void on_done(void *arg, struct wf_child child) {
    struct fixture *f = arg;
    f->last = child;
    f->done++;
}

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    f->loop = ev_loop_new(0);
    f->reaper = wf_reaper_new(f->loop);
    loop_thread = pthread_self();
    atomic_store(&looks_of_loop, 0);
    atomic_store(&looks_of_others, 0);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    wf_reaper_free(f->reaper);
    ev_loop_destroy(f->loop);
    free(f);
    return 0;
}

static void until_done(struct fixture *f, unsigned count) {
    while (f->done < count)
        ev_run(f->loop, EVRUN_ONCE);
}

/* ---- tests ---- */

static void a_group_is_ended_with_all_its_members(void **state) {
    struct fixture *f = *state;
    struct wf_child child =
        run_script("trap '' TERM; sleep 1000 & sleep 1000 & echo; wait");

    wf_reaper_end(f->reaper, child, WF_STR_NULL, false, on_done, f);
    assert_int_equal(f->done, 0); /* not inside the call */
    assert_int_equal(wf_reaper_count(f->reaper), 1);
    until_done(f, 1);
    assert_int_equal(f->last.pid, child.pid);
    assert_int_equal(wf_reaper_count(f->reaper), 0);
    assert_int_equal(waitpid(child.pid, NULL, 0), child.pid);
    assert_false(group_is_alive(child));
}

static void the_loop_does_not_look_into_proc(void **state) {
    struct fixture *f = *state;
    /* Its dead leader is not awaited: finding the rest is a walk over /proc. */
    struct wf_child child = run_script("sleep 1000 & echo; wait");

    atomic_store(&looks_of_loop, 0);
    wf_reaper_end(f->reaper, child, WF_STR_NULL, false, on_done, f);
    until_done(f, 1);
    assert_int_equal(atomic_load(&looks_of_loop), 0);
    assert_in_range(atomic_load(&looks_of_others), 1, 1000000);
    waitpid(child.pid, NULL, 0);
}

static void gently_a_group_may_end_by_itself(void **state) {
    struct fixture *f = *state;
    struct wf_child child =
        run_script("trap 'exit 7' TERM; echo; while :; do sleep 0.01; done");
    int status = 0;

    wf_reaper_end(f->reaper, child, WF_STR_NULL, true, on_done, f);
    until_done(f, 1);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void who_does_not_listen_is_killed_in_the_end(void **state) {
    struct fixture *f = *state;
    struct wf_child child =
        run_script("trap '' TERM; echo; while :; do sleep 0.1; done");
    int status = 0;

    wf_reaper_end(f->reaper, child, WF_STR_NULL, true, on_done, f);
    until_done(f, 1);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void a_stranger_is_left_alone(void **state) {
    struct fixture *f = *state;
    struct wf_child child = run_script("echo; sleep 1000");
    struct wf_child other = {.pid = child.pid,
                             .start_time = child.start_time + 1};

    wf_reaper_end(f->reaper, other, WF_STR("key"), false, on_done, f);
    until_done(f, 1);
    assert_true(group_is_alive(child));
    kill(-child.pid, SIGKILL);
    waitpid(child.pid, NULL, 0);
}

static void what_has_no_leader_is_known_by_its_key(void **state) {
    struct fixture *f = *state;
    struct wf_child child = run_script(
        "MOONSTEP_TASK=one; export MOONSTEP_TASK; sleep 1000 >&- & echo");

    waitpid(child.pid, NULL, 0);
    assert_int_equal(kill(-child.pid, 0), 0);
    wf_reaper_end(f->reaper, child, WF_STR("another"), false, on_done, f);
    until_done(f, 1);
    assert_int_equal(kill(-child.pid, 0), 0);
    wf_reaper_end(f->reaper, child, WF_STR("one"), false, on_done, f);
    until_done(f, 2);
    assert_false(wf_child_signal(child, WF_STR("one"), 0));
}

static void many_at_once_are_each_told_once(void **state) {
    enum { COUNT = 20 };
    struct fixture *f = *state;
    struct wf_child children[COUNT];

    for (int i = 0; i < COUNT; i++)
        children[i] = run_script("echo; exec sleep 1000");
    for (int i = 0; i < COUNT; i++)
        wf_reaper_end(f->reaper, children[i], WF_STR_NULL, i % 2, on_done, f);
    until_done(f, COUNT);
    for (int i = 0; i < COUNT; i++)
        waitpid(children[i].pid, NULL, 0);
    assert_int_equal(f->done, COUNT);
}

static void on_done_end_another(void *arg, struct wf_child child) {
    struct fixture *f = arg;
    on_done(arg, child);
    if (f->done == 1)
        wf_reaper_end(f->reaper, child, WF_STR_NULL, false, on_done, f);
}

static void done_may_ask_for_more(void **state) {
    struct fixture *f = *state;
    struct wf_child none = {.pid = 1 << 30, .start_time = 1};

    wf_reaper_end(f->reaper, none, WF_STR_NULL, false, on_done_end_another,
                  f);
    until_done(f, 2);
}

static void what_is_left_is_not_told(void **state) {
    struct fixture *f = *state;
    struct wf_child child = run_script("trap '' TERM; echo; sleep 1000");

    wf_reaper_end(f->reaper, child, WF_STR_NULL, true, on_done, f);
    wf_reaper_free(f->reaper);
    f->reaper = NULL;
    ev_run(f->loop, EVRUN_NOWAIT);
    assert_int_equal(f->done, 0);
    kill(-child.pid, SIGKILL);
    waitpid(child.pid, NULL, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(a_group_is_ended_with_all_its_members),
        CASE(the_loop_does_not_look_into_proc),
        CASE(gently_a_group_may_end_by_itself),
        CASE(who_does_not_listen_is_killed_in_the_end),
        CASE(a_stranger_is_left_alone),
        CASE(what_has_no_leader_is_known_by_its_key),
        CASE(many_at_once_are_each_told_once),
        CASE(done_may_ask_for_more),
        CASE(what_is_left_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
