/*
 * worker.h - inside a worker process: task handlers as coroutines, and what
 * the modules of the standard library may ask of the process they run in.
 *
 * A worker is one thread: one libev loop, one Lua state. Each task is a
 * coroutine. A library function that has to wait starts its operation on the
 * loop, leaves with `return wf_task_yield(L, cancel, arg)` and later, from a
 * callback of the loop (or at once), calls wf_task_resume(). The worker then
 * runs `push` inside the coroutine: what it pushes is what the library
 * function returns to the handler, and it may raise.
 *
 *     static int sleep_push(lua_State *L, void *arg) {
 *         free(arg);
 *         return 0;                       // no results
 *     }
 *     static void sleep_cancel(void *arg) {
 *         struct nap *nap = arg;
 *         ev_timer_stop(nap->loop, &nap->timer);
 *         free(nap);
 *     }
 *     static void sleep_over(struct ev_loop *loop, ev_timer *timer, int _) {
 *         struct nap *nap = timer->data;
 *         ev_timer_stop(loop, timer);
 *         wf_task_resume(nap->task, sleep_push, nap);
 *     }
 *     static int l_sleep(lua_State *L) {
 *         struct nap *nap = ...;          // check arguments first
 *         nap->task = wf_task_current(L);
 *         ... ev_timer_start ...
 *         return wf_task_yield(L, sleep_cancel, nap);
 *     }
 *     // in luaopen: wf_task_pushfunction(L, l_sleep);  not pushcfunction
 *
 * Rules:
 *  - a function that yields is pushed with wf_task_pushfunction();
 *  - exactly one of the two ends an operation: `push` (after a resume) or
 *    `cancel` (the task is over: cancelled, past its deadline). Both own
 *    `arg` from then on. `cancel` can also come between wf_task_resume() and
 *    `push`: then `push` is not called;
 *  - a task has at most one operation under way; after wf_task_yield() the
 *    task is valid until push or cancel, not longer;
 *  - yielding works below pcall, iterators, metamethods and in coroutines of
 *    the handler's own, not below table.sort or gsub callbacks.
 *
 * Modules: `require "x"` in a handler finds first a file x.lua of the same
 * bundle, then the library's lua/lib/x.lua, then a C module "x".
 */
#ifndef WF_WORKER_H
#define WF_WORKER_H

#include <ev.h>

#include "base.h"
#include "pool.h" /* struct wf_child */

struct lua_State;
struct luaL_Reg;
struct wf_task;
struct wf_proc;

/** The standard library, given to the worker by main(). */
struct wf_library {
    /** C modules by the name they are required by ("exec.core"); ends with
     * {NULL, NULL}. Linked in, opened on first require. */
    const struct luaL_Reg *c_modules;
    /** Lua text of a module ("exec"), or data NULL. With `lua_directory`
     * DIR/lua/lib/NAME.lua is read instead. NULL: there is none. */
    struct wf_str (*source)(const char *module);
};

/** The life of a worker process: `moonstep --worker-process`. Returns the
 * exit status. */
int wf_worker_main(int argc, char **argv, const struct wf_library *library);

/* ---- waiting ---- */

/** Pushes the results of an operation, returns how many. Runs inside the
 * task, so it may raise (free `arg` first). */
typedef int wf_task_push_fn(struct lua_State *L, void *arg);
typedef void wf_task_cancel_fn(void *arg);

/** Pushes `function`, which may yield, as a Lua function. [-0, +1] */
void wf_task_pushfunction(struct lua_State *L,
                          int (*function)(struct lua_State *L));
/** The task that runs now. Raises if none does (a file of the bundle is being
 * loaded): nothing can wait there. */
struct wf_task *wf_task_current(struct lua_State *L);
/** The same, NULL if none does. */
struct wf_task *wf_task_running(struct lua_State *L);
/** Leaves the running task until it is resumed: `return wf_task_yield(…)`.
 * If the operation is complete already, wf_task_resume() may come before. */
int wf_task_yield(struct lua_State *L, wf_task_cancel_fn *cancel, void *arg);
/** The operation is over. The task goes on in this turn of the loop or the
 * next, never inside this call. */
void wf_task_resume(struct wf_task *task, wf_task_push_fn *push, void *arg);

struct ev_loop *wf_task_loop(struct lua_State *L);

/* ---- time ---- */

/** Wall time in ms as the task sees it (the virtual clock's, if there is
 * one: it stands still while a handler runs). NULL: the real time. */
int64_t wf_task_now_ms(const struct wf_task *task);
/** Under the virtual clock: lets `ms` pass for this task and returns true;
 * false: really wait. */
bool wf_task_skip_ms(struct wf_task *task, int64_t ms);
/** ms until the task's deadline, at least 0; INT64_MAX: it has none. */
int64_t wf_task_remaining_ms(const struct wf_task *task);

/* ---- what a task tells the engine ---- */

/** The value of MOONSTEP_TASK for this task's children. */
const char *wf_task_key(const struct wf_task *task);
void wf_task_heartbeat(struct wf_task *task);

enum wf_stream { WF_STREAM_LOG, WF_STREAM_STDOUT, WF_STREAM_STDERR };

/** Logs text, which may have several lines. Lines are cut at 8 KiB. A task
 * that floods loses lines, and a line says how many. */
void wf_task_log(struct wf_task *task, enum wf_stream stream,
                 struct wf_str text);

/** Cuts a stream of bytes into lines for wf_task_log(). All-zero is empty. */
struct wf_lines {
    struct wf_buf partial;
    bool skipping; /**< Behind byte 8,192 of a line. */
};
void wf_lines_add(struct wf_lines *lines, struct wf_task *task,
                  enum wf_stream stream, struct wf_str bytes);
/** Logs what is left, and frees the buffer. */
void wf_lines_end(struct wf_lines *lines, struct wf_task *task,
                  enum wf_stream stream);

/* ---- children ---- */

/*
 * A child process of a task is forked, announced to the engine, and execs
 * only once the engine has recorded it durably. It leads a process group of
 * its own and has MOONSTEP_TASK in its environment. If its task is cancelled,
 * fails or passes its deadline, the group gets SIGTERM, after 2 s SIGKILL,
 * and the task's end is reported when nothing of it runs any longer. When a
 * task succeeds, what its children left in the background lives on.
 */
struct wf_spawn {
    const char *const *argv; /**< NULL-terminated; argv[0] is looked up in
                               the PATH of `envp`. */
    const char *const *envp; /**< NULL-terminated, without MOONSTEP_TASK;
                               NULL: the worker's. */
    const char *cwd;         /**< NULL: the worker's. */
    int fds[3];              /**< Become 0, 1, 2; -1: /dev/null. They stay
                               the caller's, who closes them after the call
                               (and opens all its own with O_CLOEXEC). */
};

/** The leader has ended (waitpid status). `exec_errno`: not 0 if it never
 * became the program, ECANCELED if the engine did not record it. Not called
 * after wf_proc_forget(). */
typedef void wf_proc_exit_fn(void *arg, int wait_status, int exec_errno);

/** NULL and `err` if it can't be forked. Copies what it needs. The process is
 * valid until `exited` returns, or wf_proc_forget(). */
struct wf_proc *wf_task_spawn(struct wf_task *task,
                              const struct wf_spawn *spawn,
                              wf_proc_exit_fn *exited, void *arg,
                              struct wf_error *err);
/** Sends a signal to the child's whole group. */
void wf_proc_signal(struct wf_proc *proc, int signal);
int32_t wf_proc_pid(const struct wf_proc *proc);
/** From a cancel function: `exited` will not be called; the worker ends and
 * reaps the child by itself. */
void wf_proc_forget(struct wf_proc *proc);

#endif
