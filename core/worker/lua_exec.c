/*
 * lua_exec.c - module "exec.core": child processes of a task.
 *
 * run(argv, environment, options) starts a child (worker.h forks, announces
 * and ends it), feeds its stdin, collects its stdout and stderr within a
 * limit, and returns when the leader has ended and its output is read. What
 * the leader leaves in the background may hold the pipes open: that is waited
 * for GRACE_S at most. lua/lib/exec.lua checks the arguments and documents.
 */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clip.h"
#include "clock.h"
#include "lua_stdlib.h"

#define GRACE_S 0.2 /* for output of what is left in the background */
#define KILL_S 2.0  /* from SIGTERM to SIGKILL */
#define CHUNK (64 << 10)

struct run;

/* One output of the child. */
struct output {
    ev_io io; /* fd -1: closed */
    enum wf_stream stream;
    struct wf_clip clip;
    struct wf_lines lines;
    struct run *run;
};

struct run {
    struct ev_loop *loop;
    struct wf_task *task;
    struct wf_proc *proc; /* NULL: the leader has ended */
    pid_t group;
    struct output out[2]; /* stdout, stderr */
    ev_io in;             /* fd -1: closed */
    struct wf_buf input;
    size_t fed;
    ev_timer timer; /* of the timeout, then of SIGKILL, then of GRACE_S */
    bool stream, timed_out, resumed;
    int status, exec_errno;
    uint64_t start_ns, end_ns;
};

static void close_io(struct run *run, ev_io *io) {
    if (io->fd < 0)
        return;
    ev_io_stop(run->loop, io);
    close(io->fd);
    io->fd = -1;
}

/* Also a cancel function: the task is over, nothing may be logged. */
static void run_free(void *arg) {
    struct run *run = arg;

    if (run->proc)
        wf_proc_forget(run->proc);
    ev_timer_stop(run->loop, &run->timer);
    close_io(run, &run->in);
    for (int i = 0; i < 2; i++) {
        close_io(run, &run->out[i].io);
        wf_clip_free(&run->out[i].clip);
        wf_buf_free(&run->out[i].lines.partial);
    }
    wf_buf_free(&run->input);
    free(run);
}

/* ---- the result ---- */

static void push_output(lua_State *L, struct output *output,
                        const char *name) {
    struct wf_buf text = {0};

    wf_clip_text(&output->clip, &text);
    wf_clip_free(&output->clip);
    output->clip.head = text; /* the guard frees it if this raises */
    wf_lua_set_text(L, name, (struct wf_str){text.data, text.len});
}

static void push_errno(lua_State *L, int error) {
    const char *name = strerrorname_np(error);

    wf_lua_set_text(L, "exec_error", wf_str(name ? name : "E?"));
    wf_lua_set_text(L, "exec_reason", wf_str(strerrordesc_np(error)));
}

static int run_push(lua_State *L, void *arg) {
    struct run *run = arg;
    int status = run->status;

    wf_lua_guard(L, run, run_free);
    int guard = lua_gettop(L);
    lua_newtable(L);
    bool cut = wf_clip_is_cut(&run->out[0].clip) ||
               wf_clip_is_cut(&run->out[1].clip);
    wf_lua_set_flag(L, "truncated", cut);
    wf_lua_set_flag(L, "timed_out", run->timed_out);
    wf_lua_set_number(L, "seconds",
                      (double)(run->end_ns - run->start_ns) / 1e9);
    push_output(L, &run->out[0], "stdout");
    push_output(L, &run->out[1], "stderr");
    /* One that timed out before it was recorded has timed out. */
    if (run->exec_errno && !(run->timed_out && WIFSIGNALED(status))) {
        push_errno(L, run->exec_errno);
    } else if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        lua_pushfstring(L, "SIG%s", name ? name : "?");
        lua_setfield(L, -2, "signal");
    } else {
        wf_lua_set_number(L, "status", WEXITSTATUS(status));
    }
    wf_lua_release(L, guard);
    return 1;
}

/* ---- while it runs ---- */

static void finish(struct run *run) {
    if (run->resumed)
        return;
    run->resumed = true;
    ev_timer_stop(run->loop, &run->timer);
    close_io(run, &run->in);
    for (int i = 0; i < 2; i++) {
        close_io(run, &run->out[i].io);
        if (run->stream)
            wf_lines_end(&run->out[i].lines, run->task, run->out[i].stream);
    }
    wf_task_resume(run->task, run_push, run);
}

static void finish_if_over(struct run *run) {
    if (!run->proc && run->out[0].io.fd < 0 && run->out[1].io.fd < 0)
        finish(run);
}

/* Reads one chunk; false: nothing is there now, or the end was reached. */
static bool read_chunk(struct output *output) {
    char chunk[CHUNK];
    ssize_t got = read(output->io.fd, chunk, sizeof(chunk));

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        close_io(output->run, &output->io);
        return false;
    }
    struct wf_str bytes = {chunk, (size_t)got};
    wf_clip_add(&output->clip, bytes);
    if (output->run->stream)
        wf_lines_add(&output->lines, output->run->task, output->stream,
                     bytes);
    return true;
}

static void on_output(struct ev_loop *loop, ev_io *io, int events) {
    struct output *output = io->data;

    (void)loop;
    (void)events;
    read_chunk(output);
    finish_if_over(output->run);
}

/* Reads what is in the pipes now: a pipe holds at most 16 chunks. */
static void drain(struct run *run) {
    for (int i = 0; i < 2; i++)
        for (int n = 0; n < 16 && run->out[i].io.fd >= 0; n++)
            if (!read_chunk(&run->out[i]))
                break;
}

static void on_input(struct ev_loop *loop, ev_io *io, int events) {
    struct run *run = io->data;
    ssize_t put = write(io->fd, run->input.data + run->fed,
                        run->input.len - run->fed);

    (void)loop;
    (void)events;
    if (put < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (put > 0)
        run->fed += (size_t)put;
    /* EPIPE is not an error of ours: the child need not read it all. */
    if (put < 0 || run->fed == run->input.len) {
        close_io(run, io);
        wf_buf_free(&run->input);
    }
}

static void arm(struct run *run, double seconds) {
    ev_timer_stop(run->loop, &run->timer);
    ev_timer_set(&run->timer, seconds, 0);
    ev_timer_start(run->loop, &run->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events) {
    struct run *run = timer->data;

    (void)loop;
    (void)events;
    if (!run->proc) {
        drain(run); /* somebody in the background still holds a pipe */
        finish(run);
    } else if (run->timed_out) {
        wf_proc_signal(run->proc, SIGKILL);
    } else {
        run->timed_out = true;
        wf_proc_signal(run->proc, SIGTERM);
        arm(run, KILL_S);
    }
}

static void on_exit_of_leader(void *arg, int wait_status, int exec_errno) {
    struct run *run = arg;

    if (run->timed_out) /* the leader heeded SIGTERM; its children may not */
        kill(-run->group, SIGKILL);
    run->proc = NULL;
    run->status = wait_status;
    run->exec_errno = exec_errno;
    run->end_ns = wf_clock_mono_ns();
    close_io(run, &run->in);
    arm(run, GRACE_S);
    finish_if_over(run);
}

/* ---- starting ---- */

static void watch(struct run *run, ev_io *io, int fd, int events,
                  void (*callback)(struct ev_loop *, ev_io *, int),
                  void *data) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    ev_io_init(io, callback, fd, events);
    io->data = data;
    ev_io_start(run->loop, io);
}

/* The pipes of stdin (only for input), stdout and stderr: theirs[] for the
 * child. Ours are watched. */
static int open_pipes(struct run *run, int theirs[3]) {
    int ends[2];

    if (run->input.len) {
        if (pipe2(ends, O_CLOEXEC) != 0)
            return errno;
        theirs[0] = ends[0];
        watch(run, &run->in, ends[1], EV_WRITE, on_input, run);
    }
    for (int i = 0; i < 2; i++) {
        if (pipe2(ends, O_CLOEXEC) != 0)
            return errno;
        theirs[i + 1] = ends[1];
        watch(run, &run->out[i].io, ends[0], EV_READ, on_output,
              &run->out[i]);
    }
    return 0;
}

static int start(struct run *run, struct wf_spawn *spawn,
                 struct wf_error *err) {
    int error = open_pipes(run, spawn->fds);

    if (error)
        wf_error_set(err, WF_E_IO, "pipe: %s", strerrordesc_np(error));
    else
        run->proc =
            wf_task_spawn(run->task, spawn, on_exit_of_leader, run, err);
    for (int i = 0; i < 3; i++)
        if (spawn->fds[i] >= 0)
            close(spawn->fds[i]);
    if (!run->proc)
        return -1;
    run->group = wf_proc_pid(run->proc);
    return 0;
}

static struct run *run_new(lua_State *L, int options) {
    struct run *run = wf_calloc(1, sizeof(*run));
    struct wf_str input = wf_lua_text(L, options, "stdin");
    double limit = wf_lua_number(L, options, "max_output", 1 << 20);

    run->loop = wf_task_loop(L);
    run->stream = wf_lua_flag(L, options, "stream");
    run->in.fd = -1;
    for (int i = 0; i < 2; i++) {
        run->out[i].io.fd = -1;
        run->out[i].run = run;
        run->out[i].stream = i ? WF_STREAM_STDERR : WF_STREAM_STDOUT;
        wf_clip_init(&run->out[i].clip, (size_t)limit);
    }
    wf_buf_addstr(&run->input, input);
    ev_timer_init(&run->timer, on_timer, 0, 0);
    run->timer.data = run;
    run->start_ns = wf_clock_mono_ns();
    return run;
}

/* The list at `index` as a NULL-terminated vector in a userdata. [-0, +1] */
static const char **push_vector(lua_State *L, int index) {
    int count = (int)lua_objlen(L, index);
    const char **vector =
        lua_newuserdata(L, sizeof(*vector) * ((size_t)count + 1));

    for (int i = 0; i < count; i++) {
        lua_rawgeti(L, index, i + 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "exec.core: a list of texts expected");
        vector[i] = lua_tostring(L, -1); /* lives in the list */
        lua_pop(L, 1);
    }
    vector[count] = NULL;
    return vector;
}

/* run(argv, environment or nil, options): result; or nil, message */
static int l_run(lua_State *L) {
    struct wf_error err;
    struct wf_spawn spawn = {.fds = {-1, -1, -1}};

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    struct wf_task *task = wf_task_current(L);
    spawn.cwd = wf_lua_text(L, 3, "cwd").data;
    double timeout = wf_lua_number(L, 3, "timeout", 0);
    spawn.argv = push_vector(L, 1);
    if (!lua_isnil(L, 2))
        spawn.envp = push_vector(L, 2);
    struct run *run = run_new(L, 3);
    run->task = task;
    if (start(run, &spawn, &err) != 0) {
        run_free(run);
        lua_pushnil(L);
        lua_pushstring(L, err.message);
        return 2;
    }
    ev_now_update(run->loop);
    if (timeout > 0)
        arm(run, timeout);
    return wf_task_yield(L, run_free, run);
}

int luaopen_wf_exec(lua_State *L) {
    lua_newtable(L);
    wf_task_pushfunction(L, l_run);
    lua_setfield(L, -2, "run");
    return 1;
}
