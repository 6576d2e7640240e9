/*
 * mini_worker.h - worker.h in one process, for tests of the standard library.
 *
 * The functions that worker.h declares, without an engine: tasks are
 * coroutines, children are forked and not announced, log lines are collected.
 * A test is a Lua function that runs as a task. It may require "mini":
 *
 *     mini.go(f)        starts another task; returns its number
 *     mini.wait(n)      waits until it has ended: true, or false and the error
 *     mini.cancel(n)    cancels it
 *     mini.logs(n)      list of "stream: line" it has logged (nil: own)
 *     mini.virtual(ms)  from now on this task has a virtual clock
 */
#ifndef MINI_WORKER_H
#define MINI_WORKER_H

#include "worker.h"

struct mini_worker;

/** `lib` is the directory of the library's Lua files. */
struct mini_worker *mini_worker_new(const struct wf_library *library,
                                    const char *lib);
void mini_worker_free(struct mini_worker *mini);
struct lua_State *mini_worker_lua(struct mini_worker *mini);

/**
 * Loads a file that returns a table, and runs its function `name` as a task
 * to its end. Returns NULL, or what went wrong (for free()).
 */
char *mini_worker_run(struct mini_worker *mini, const char *file,
                      const char *name);

#endif
