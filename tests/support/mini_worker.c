/* mini_worker.c - worker.h in one process. See mini_worker.h. */
#include "mini_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "lua_json.h"

#define MAX_TASKS 2000

struct wf_task {
    struct mini_worker *mini;
    unsigned number;
    lua_State *co;
    int co_ref, error_ref, log_ref;
    ev_timer ready;
    wf_task_push_fn *push;
    wf_task_cancel_fn *cancel;
    void *push_arg, *cancel_arg;
    struct wf_task *waiter;
    bool ended, cancelled;
    int64_t virtual_ms; /* 0: real time */
};

struct mini_worker {
    struct ev_loop *loop;
    lua_State *L;
    const struct wf_library *library;
    struct wf_task *current;
    struct wf_task *tasks[MAX_TASKS];
    unsigned count;
};

struct wf_proc {
    struct wf_task *task;
    pid_t pid;
    ev_io exit_io, exec_io;
    int exec_errno;
    wf_proc_exit_fn *exited;
    void *arg;
};

static char resumed_mark; /* its address says that a wait is over */

static struct mini_worker *mini_of(lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, "mini");
    struct mini_worker *mini = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return mini;
}

/* ---- tasks ---- */

static int l_finish(lua_State *L) {
    if (lua_touserdata(L, 1) != &resumed_mark)
        return lua_gettop(L);
    struct wf_task *task = mini_of(L)->current;
    wf_task_push_fn *push = task->push;
    void *arg = task->push_arg;
    task->push = NULL;
    lua_settop(L, 0);
    return push(L, arg);
}

void wf_task_pushfunction(lua_State *L, int (*function)(lua_State *L)) {
    static const char wrap[] =
        "local f, finish = ... return function(...) "
        "return finish(f(...)) end";
    if (luaL_loadstring(L, wrap) != 0)
        abort();
    lua_pushcfunction(L, function);
    lua_pushcfunction(L, l_finish);
    lua_call(L, 2, 1);
}

struct wf_task *wf_task_running(lua_State *L) {
    return mini_of(L)->current;
}

struct wf_task *wf_task_current(lua_State *L) {
    struct wf_task *task = wf_task_running(L);
    if (!task)
        luaL_error(L, "no task runs");
    return task;
}

int wf_task_yield(lua_State *L, wf_task_cancel_fn *cancel, void *arg) {
    struct wf_task *task = mini_of(L)->current;
    task->cancel = cancel;
    task->cancel_arg = arg;
    return lua_yield(L, 0);
}

void wf_task_resume(struct wf_task *task, wf_task_push_fn *push, void *arg) {
    task->push = push;
    task->push_arg = arg;
    ev_timer_start(task->mini->loop, &task->ready);
}

static int push_ended(lua_State *L, void *arg) {
    struct wf_task *task = arg;
    lua_pushboolean(L, task->error_ref == LUA_NOREF);
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->error_ref);
    return 2;
}

static void task_over(struct wf_task *task) {
    task->ended = true;
    luaL_unref(task->co, LUA_REGISTRYINDEX, task->co_ref);
    task->co = NULL;
    if (task->waiter)
        wf_task_resume(task->waiter, push_ended, task);
    task->waiter = NULL;
}

static void continue_task(struct wf_task *task, int nargs) {
    struct mini_worker *mini = task->mini;
    mini->current = task;
    int status = lua_resume(task->co, nargs);
    mini->current = NULL;
    if (status == LUA_YIELD)
        return;
    if (status != 0) {
        if (!lua_istable(task->co, -1))
            luaL_traceback(task->co, task->co, lua_tostring(task->co, -1), 0);
        task->error_ref = luaL_ref(task->co, LUA_REGISTRYINDEX);
    }
    task_over(task);
}

static void on_ready(struct ev_loop *loop, ev_timer *timer, int events) {
    struct wf_task *task = timer->data;
    (void)loop;
    (void)events;
    task->cancel = NULL;
    lua_settop(task->co, 0);
    if (!task->push) { /* not begun yet */
        lua_rawgeti(task->co, LUA_REGISTRYINDEX, task->error_ref);
        luaL_unref(task->co, LUA_REGISTRYINDEX, task->error_ref);
        task->error_ref = LUA_NOREF;
        continue_task(task, 0);
        return;
    }
    lua_pushlightuserdata(task->co, &resumed_mark);
    continue_task(task, 1);
}

/* Takes the function on top of L. */
static struct wf_task *task_new(struct mini_worker *mini, lua_State *L) {
    struct wf_task *task = wf_calloc(1, sizeof(*task));
    task->mini = mini;
    task->error_ref = luaL_ref(L, LUA_REGISTRYINDEX); /* the function */
    task->co = lua_newthread(L);
    task->co_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    task->log_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    ev_timer_init(&task->ready, on_ready, 0, 0);
    task->ready.data = task;
    ev_timer_start(mini->loop, &task->ready);
    task->number = mini->count;
    mini->tasks[mini->count++] = task;
    return task;
}

static void task_cancel(struct wf_task *task) {
    wf_task_cancel_fn *cancel = task->cancel;
    if (task->ended)
        return;
    ev_timer_stop(task->mini->loop, &task->ready);
    task->cancel = NULL;
    task->push = NULL;
    task->cancelled = true;
    if (cancel)
        cancel(task->cancel_arg);
    lua_pushliteral(task->co, "cancelled");
    task->error_ref = luaL_ref(task->co, LUA_REGISTRYINDEX);
    task_over(task);
}

struct ev_loop *wf_task_loop(lua_State *L) {
    return mini_of(L)->loop;
}

int64_t wf_task_now_ms(const struct wf_task *task) {
    struct wf_clock clock;
    if (task && task->virtual_ms)
        return task->virtual_ms;
    wf_clock_init_real(&clock);
    return wf_clock_now_ms(&clock);
}

bool wf_task_skip_ms(struct wf_task *task, int64_t ms) {
    if (!task->virtual_ms)
        return false;
    task->virtual_ms += ms;
    return true;
}

/* ---- log ---- */

void wf_task_log(struct wf_task *task, enum wf_stream stream,
                 struct wf_str text) {
    static const char *const names[] = {"log", "stdout", "stderr"};
    lua_State *L = task->mini->L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->log_ref);
    lua_pushfstring(L, "%s: ", names[stream]);
    lua_pushlstring(L, text.data ? text.data : "", text.len);
    lua_concat(L, 2);
    lua_rawseti(L, -2, (int)lua_objlen(L, -2) + 1);
    lua_pop(L, 1);
}

void wf_lines_add(struct wf_lines *lines, struct wf_task *task,
                  enum wf_stream stream, struct wf_str bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] != '\n') {
            wf_buf_u8(&lines->partial, (uint8_t)bytes.data[i]);
            continue;
        }
        wf_task_log(task, stream, (struct wf_str){lines->partial.data,
                                                  lines->partial.len});
        lines->partial.len = 0;
    }
}

void wf_lines_end(struct wf_lines *lines, struct wf_task *task,
                  enum wf_stream stream) {
    if (lines->partial.len)
        wf_task_log(task, stream, (struct wf_str){lines->partial.data,
                                                  lines->partial.len});
    wf_buf_free(&lines->partial);
}

/* ---- children ---- */

static void proc_free(struct wf_proc *proc) {
    ev_io_stop(proc->task->mini->loop, &proc->exit_io);
    close(proc->exit_io.fd);
    free(proc);
}

static void on_child_exit(struct ev_loop *loop, ev_io *io, int events) {
    struct wf_proc *proc = io->data;
    int status = 0;
    (void)loop;
    (void)events;
    waitpid(proc->pid, &status, 0);
    proc->exited(proc->arg, status, proc->exec_errno);
    proc_free(proc);
}

static void child_main(const struct wf_spawn *spawn, int failed) {
    sigset_t none;
    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < 3; i++) {
        int fd = spawn->fds[i] >= 0 ? spawn->fds[i]
                                    : open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(fd, i);
    }
    if (spawn->envp)
        environ = (char **)spawn->envp;
    setenv("MOONSTEP_TASK", "mini", 1);
    if (!spawn->cwd || chdir(spawn->cwd) == 0)
        execvp(spawn->argv[0], (char *const *)spawn->argv);
    int error = errno;
    ssize_t ignored = write(failed, &error, sizeof(error));
    (void)ignored;
    _exit(127);
}

struct wf_proc *wf_task_spawn(struct wf_task *task,
                              const struct wf_spawn *spawn,
                              wf_proc_exit_fn *exited, void *arg,
                              struct wf_error *err) {
    int ends[2];
    (void)err;
    if (pipe2(ends, O_CLOEXEC) != 0)
        abort();
    struct wf_proc *proc = wf_calloc(1, sizeof(*proc));
    proc->task = task;
    proc->exited = exited;
    proc->arg = arg;
    proc->pid = fork();
    if (proc->pid == 0)
        child_main(spawn, ends[1]);
    setpgid(proc->pid, proc->pid);
    close(ends[1]);
    if (read(ends[0], &proc->exec_errno, sizeof(int)) != sizeof(int))
        proc->exec_errno = 0;
    close(ends[0]);
    ev_io_init(&proc->exit_io, on_child_exit, pidfd_open(proc->pid, 0),
               EV_READ);
    proc->exit_io.data = proc;
    ev_io_start(task->mini->loop, &proc->exit_io);
    return proc;
}

int32_t wf_proc_pid(const struct wf_proc *proc) {
    return proc->pid;
}

void wf_proc_signal(struct wf_proc *proc, int signal_number) {
    kill(-proc->pid, signal_number);
}

void wf_proc_forget(struct wf_proc *proc) {
    kill(-proc->pid, SIGKILL);
    waitpid(proc->pid, NULL, 0);
    proc_free(proc);
}

/* ---- the module "mini" ---- */

static struct wf_task *check_task(lua_State *L) {
    struct mini_worker *mini = mini_of(L);
    if (lua_isnoneornil(L, 1))
        return mini->current;
    unsigned number = (unsigned)luaL_checkinteger(L, 1);
    luaL_argcheck(L, number < mini->count, 1, "no such task");
    return mini->tasks[number];
}

static int l_go(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    struct mini_worker *mini = mini_of(L);
    if (mini->count == MAX_TASKS)
        return luaL_error(L, "too many tasks");
    lua_pushinteger(L, task_new(mini, L)->number);
    return 1;
}

static int l_wait(lua_State *L) {
    struct wf_task *task = check_task(L);
    if (task->ended)
        return push_ended(L, task);
    task->waiter = mini_of(L)->current;
    return wf_task_yield(L, NULL, NULL);
}

static int l_cancel(lua_State *L) {
    task_cancel(check_task(L));
    return 0;
}

static int l_logs(lua_State *L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, check_task(L)->log_ref);
    return 1;
}

static int l_virtual(lua_State *L) {
    mini_of(L)->current->virtual_ms = (int64_t)luaL_checknumber(L, 1);
    return 0;
}

static int open_mini(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"go", l_go}, {"cancel", l_cancel}, {"logs", l_logs},
        {"virtual", l_virtual}, {NULL, NULL}};
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    wf_task_pushfunction(L, l_wait);
    lua_setfield(L, -2, "wait");
    return 1;
}

/* ---- the worker ---- */

static void preload(lua_State *L, const char *name, lua_CFunction open) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, open);
    lua_setfield(L, -2, name);
    lua_pop(L, 2);
}

struct mini_worker *mini_worker_new(const struct wf_library *library,
                                    const char *lib) {
    struct mini_worker *mini = wf_calloc(1, sizeof(*mini));
    mini->loop = ev_loop_new(EVFLAG_AUTO);
    mini->L = luaL_newstate();
    luaL_openlibs(mini->L);
    lua_pushlightuserdata(mini->L, mini);
    lua_setfield(mini->L, LUA_REGISTRYINDEX, "mini");
    for (const luaL_Reg *at = library->c_modules; at->name; at++)
        preload(mini->L, at->name, at->func);
    preload(mini->L, "json", wf_lua_open_json);
    preload(mini->L, "mini", open_mini);
    lua_getglobal(mini->L, "package");
    lua_pushfstring(mini->L, "%s/?.lua", lib);
    lua_setfield(mini->L, -2, "path");
    lua_pop(mini->L, 1);
    return mini;
}

void mini_worker_free(struct mini_worker *mini) {
    lua_close(mini->L);
    for (unsigned i = 0; i < mini->count; i++)
        free(mini->tasks[i]);
    ev_loop_destroy(mini->loop);
    free(mini);
}

lua_State *mini_worker_lua(struct mini_worker *mini) {
    return mini->L;
}

char *mini_worker_run(struct mini_worker *mini, const char *file,
                      const char *name) {
    lua_State *L = mini->L;
    lua_settop(L, 0);
    if (luaL_loadfile(L, file) != 0 || lua_pcall(L, 0, 1, 0) != 0)
        return wf_strndup(lua_tostring(L, -1), strlen(lua_tostring(L, -1)));
    lua_getfield(L, -1, name);
    if (!lua_isfunction(L, -1))
        return wf_strndup("no such function", 16);
    struct wf_task *task = task_new(mini, L);
    ev_run(mini->loop, 0);
    if (!task->ended)
        return wf_strndup("the task waits for nothing", 26);
    if (task->error_ref == LUA_NOREF)
        return NULL;
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->error_ref);
    if (!lua_istable(L, -1))
        return wf_strndup(lua_tostring(L, -1), lua_objlen(L, -1));
    lua_getfield(L, -1, "Error");
    lua_getfield(L, -2, "Cause");
    lua_pushfstring(L, "%s: %s", lua_tostring(L, -2), lua_tostring(L, -1));
    return wf_strndup(lua_tostring(L, -1), lua_objlen(L, -1));
}
