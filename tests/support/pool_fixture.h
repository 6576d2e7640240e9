/*
 * pool_fixture.h - a pool, whose workers are this test program itself, and
 * what it has said about each task.
 *
 * Tasks are numbered from 1 below FIXTURE_TASKS. Bundles are named by the
 * test; their only file is `t.lua` unless it says otherwise. Handlers find
 * the module "test": sleep(ms), spawn(argv) (returns status, exec_errno; the
 * child's output is not read), now_ms(), key().
 */
#ifndef POOL_FIXTURE_H
#define POOL_FIXTURE_H

#include <ev.h>

#include "pool.h"

#define FIXTURE_TASKS 4096

struct fixture_task {
    int ends;      /* how often `ended` was called */
    enum wf_task_end how;
    struct wf_buf output, error, cause; /* NUL-terminated */
    int started, heartbeats, done;
    struct wf_buf checkpoint;
    int checkpoints;
    struct wf_buf log; /* "stream: line\n"... */
    size_t log_lines;
    struct wf_child child; /* the last one */
    int children_started, children_ended;
};

struct fixture_bundle {
    const char *name;
    struct wf_bundle_file files[4];
    size_t count;
    int wanted;
};

struct fixture {
    struct ev_loop *loop;
    struct wf_pool *pool;
    struct wf_pool_options options;
    struct fixture_task tasks[FIXTURE_TASKS];
    struct fixture_bundle bundles[8];
    size_t bundle_count;
    bool hold_children;    /* don't answer child_started */
    bool hold_checkpoints; /* don't answer checkpoint */
    size_t ended;
    char notice[512];
};

/** To be called first in main(): the test program as a worker. Returns -1 if
 * it is not one, else the exit status. */
int fixture_worker(int argc, char **argv);

struct fixture *fixture_new(const struct wf_pool_options *options);
void fixture_free(struct fixture *fixture);

/** Adds a bundle with one file, "t.lua". */
void fixture_bundle(struct fixture *fixture, const char *name,
                    const char *text);
void fixture_file(struct fixture *fixture, const char *bundle,
                  const char *path, const char *text);

/** Dispatches function of bundle "b". */
void fixture_send(struct fixture *fixture, uint64_t id, const char *function,
                  const char *input);
void fixture_send_to(struct fixture *fixture, const char *bundle, uint64_t id,
                     const char *function, const char *input,
                     int64_t timeout_ms);
/** A cancel that counts in `done`. */
void fixture_cancel(struct fixture *fixture, uint64_t id);

/** Runs the loop until `*value` is at least `wanted`; fails after 20 s. */
void fixture_until(struct fixture *fixture, const int *value, int wanted);
void fixture_until_size(struct fixture *fixture, const size_t *value,
                        size_t wanted);
/** Runs the loop until the task has ended. */
struct fixture_task *fixture_end(struct fixture *fixture, uint64_t id);
/** Sends, and runs until it has ended. */
struct fixture_task *fixture_run(struct fixture *fixture, uint64_t id,
                                 const char *function, const char *input);
/** Runs the loop until no process `pid` executes anything any more. */
void fixture_until_gone(struct fixture *fixture, int32_t pid);

#endif
