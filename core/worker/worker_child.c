/*
 * worker_child.c - child processes of tasks.
 *
 * Between worker and child there is a socket pair. The child reads one byte
 * from it before it execs: that is "the engine has recorded you". If the
 * worker dies first, the child reads end of file (and is killed besides). If
 * exec fails, the child writes errno to it; if exec succeeds, it is closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker_priv.h"

struct wf_proc {
    struct wf_link link; /* in task->procs */
    struct wf_task *task;
    struct wf_child child;
    int gate;            /* our end of the socket pair */
    int pidfd;
    ev_io died;
    wf_proc_exit_fn *exited;
    void *arg;
    bool recorded;
    bool reaped; /* the leader is gone; its group lingers */
};

/* ---- in the child: system calls only, memory was prepared before ---- */

struct plan {
    const char *const *argv;
    char **envp;
    char **paths; /* where the program may be, NULL-terminated */
    const char *cwd;
    int fds[3];
    int gate;
};

static void child_signals(void) {
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Puts the descriptors to 0, 1, 2 whatever numbers they have. */
static int child_descriptors(struct plan *plan) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = 0; i < 3; i++) {
        int fd = plan->fds[i] < 0 ? null : plan->fds[i];
        plan->fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (plan->fds[i] < 0)
            return -1;
    }
    for (int i = 0; i < 3; i++)
        if (dup2(plan->fds[i], i) < 0)
            return -1;
    return 0;
}

static void child_exec(struct plan *plan) {
    int reason = 0;

    if (child_descriptors(plan) != 0 ||
        (plan->cwd && chdir(plan->cwd) != 0)) {
        reason = errno;
    } else {
        for (char **path = plan->paths; *path; path++) {
            execve(*path, (char *const *)plan->argv, plan->envp);
            if (reason == 0 || (errno != ENOENT && errno != ENOTDIR))
                reason = errno;
        }
    }
    reason = reason ? reason : ENOENT;
    while (write(plan->gate, &reason, sizeof(reason)) < 0 && errno == EINTR)
        ;
}

static void child_main(struct plan *plan, pid_t worker) {
    char byte;
    ssize_t n;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    child_signals();
    if (getppid() != worker)
        _exit(127);
    do {
        n = read(plan->gate, &byte, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 1) {
        prctl(PR_SET_PDEATHSIG, 0);
        syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
        child_exec(plan);
    }
    _exit(127);
}

/* ---- preparing ---- */

static const char *environment_get(const char *const *envp,
                                   const char *name) {
    size_t len = strlen(name);

    for (; *envp; envp++)
        if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
            return *envp + len + 1;
    return NULL;
}

static char *joined(const char *a, size_t a_len, const char *between,
                    const char *b) {
    struct wf_buf text = {0};

    wf_buf_add(&text, a, a_len);
    wf_buf_adds(&text, between);
    wf_buf_add(&text, b, strlen(b) + 1);
    return text.data;
}

/* The files that execvp would try. */
static char **paths_make(const char *file, const char *search) {
    size_t count = 2;

    search = search ? search : "/usr/local/bin:/usr/bin:/bin";
    for (const char *at = search; *at; at++)
        count += *at == ':';
    char **paths = wf_calloc(count, sizeof(char *));
    if (strchr(file, '/') || !*file) {
        paths[0] = joined(file, strlen(file), "", "");
        return paths;
    }
    for (size_t i = 0; i < count - 1; i++) {
        size_t len = strcspn(search, ":");
        paths[i] = len ? joined(search, len, "/", file)
                       : joined(".", 1, "/", file);
        search += len + (search[len] == ':');
    }
    return paths;
}

static char **environment_make(const char *const *envp, const char *key) {
    static const char name[] = "MOONSTEP_TASK=";
    size_t count = 0, kept = 1;

    while (envp[count])
        count++;
    char **copy = wf_calloc(count + 2, sizeof(char *));
    copy[0] = joined(name, sizeof(name) - 1, "", key);
    for (size_t i = 0; i < count; i++)
        if (strncmp(envp[i], name, sizeof(name) - 1) != 0)
            copy[kept++] = (char *)envp[i];
    return copy;
}

static void plan_make(struct plan *plan, const struct wf_task *task,
                      const struct wf_spawn *spawn, int gate) {
    const char *const *envp =
        spawn->envp ? spawn->envp : (const char *const *)environ;

    plan->argv = spawn->argv;
    plan->envp = environment_make(envp, wf_task_key(task));
    plan->paths = paths_make(spawn->argv[0], environment_get(envp, "PATH"));
    plan->cwd = spawn->cwd;
    memcpy(plan->fds, spawn->fds, sizeof(plan->fds));
    plan->gate = gate;
}

static void plan_free(struct plan *plan) {
    for (char **path = plan->paths; *path; path++)
        free(*path);
    free(plan->paths);
    free(plan->envp[0]);
    free(plan->envp);
}

/* Field 22 of /proc/PID/stat. */
static uint64_t start_time(pid_t pid) {
    char path[64], text[1024];
    unsigned long long value = 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    char *at = strrchr(text, ')');
    if (at)
        sscanf(at + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
               "%*d %*d %*d %*d %*d %llu",
               &value);
    return value;
}

/* ---- in the worker ---- */

static void child_send(const struct wf_proc *proc, enum wf_wire_type type) {
    struct wf_wire *wire = &proc->task->worker->wire;
    size_t mark = wf_wire_begin(wire, type);

    wf_buf_varint(&wire->out, proc->task->id);
    wf_buf_varint(&wire->out, (uint64_t)proc->child.pid);
    wf_buf_varint(&wire->out, proc->child.start_time);
    if (type == WF_WIRE_CHILD_STARTED)
        wf_buf_text(&wire->out, wf_str(wf_task_key(proc->task)));
    wf_wire_end(wire, mark);
}

static void proc_free(struct wf_proc *proc) {
    child_send(proc, WF_WIRE_CHILD_ENDED);
    wf_list_remove(&proc->link);
    ev_io_stop(proc->task->worker->loop, &proc->died);
    close(proc->gate);
    close(proc->pidfd);
    free(proc);
}

static int exec_errno(const struct wf_proc *proc) {
    int reason = 0;

    if (!proc->recorded)
        return ECANCELED;
    if (recv(proc->gate, &reason, sizeof(reason), MSG_DONTWAIT) !=
        sizeof(reason))
        reason = 0;
    return reason;
}

static void on_died(struct ev_loop *loop, ev_io *io, int events) {
    struct wf_proc *proc = io->data;
    int status = 0;

    (void)events;
    if (waitpid(proc->child.pid, &status, WNOHANG) != proc->child.pid)
        return;
    ev_io_stop(loop, io);
    proc->reaped = true;
    wf_proc_exit_fn *exited = proc->exited;
    void *arg = proc->arg;
    int reason = exec_errno(proc);
    if (kill(-proc->child.pid, 0) != 0)
        proc_free(proc);
    if (exited)
        exited(arg, status, reason);
}

/* Forks; the child waits at the gate. Fills in the process's pid and pidfd.
 * Returns 0 or errno. */
static int fork_child(struct plan *plan, struct wf_child *child, int *pidfd) {
    pid_t self = getpid(), pid = fork();

    if (pid == 0)
        child_main(plan, self);
    if (pid < 0)
        return errno;
    *pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (*pidfd < 0) {
        int rc = errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return rc;
    }
    setpgid(pid, pid); /* whoever of the two comes first */
    *child = (struct wf_child){(int32_t)pid, start_time(pid)};
    return 0;
}

static struct wf_proc *proc_new(struct wf_task *task, struct wf_child child,
                                int pidfd, int gate) {
    struct wf_proc *proc = wf_calloc(1, sizeof(*proc));

    *proc = (struct wf_proc){
        .task = task, .child = child, .gate = gate, .pidfd = pidfd};
    wf_list_append(&task->procs, &proc->link);
    ev_io_init(&proc->died, on_died, pidfd, EV_READ);
    proc->died.data = proc;
    ev_io_start(task->worker->loop, &proc->died);
    return proc;
}

struct wf_proc *wf_task_spawn(struct wf_task *task,
                              const struct wf_spawn *spawn,
                              wf_proc_exit_fn *exited, void *arg,
                              struct wf_error *err) {
    struct wf_proc *proc = NULL;
    struct wf_child child;
    struct plan plan;
    int pair[2], pidfd = -1;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        wf_error_set(err, WF_E_IO, "socketpair: %s", strerror(errno));
        return NULL;
    }
    plan_make(&plan, task, spawn, pair[1]);
    int rc = fork_child(&plan, &child, &pidfd);
    if (rc == 0) {
        proc = proc_new(task, child, pidfd, pair[0]);
        proc->exited = exited;
        proc->arg = arg;
        child_send(proc, WF_WIRE_CHILD_STARTED);
    } else {
        wf_error_set(err, WF_E_IO, "fork: %s", strerror(rc));
        close(pair[0]);
    }
    close(pair[1]);
    plan_free(&plan);
    return proc;
}

void wf_worker_on_recorded(struct wf_worker *worker, uint64_t id, int pid) {
    struct wf_task *task = wf_worker_task_find(worker, id);

    if (!task || task->closing)
        return;
    for (struct wf_link *at = task->procs.next; at != &task->procs;
         at = at->next) {
        struct wf_proc *proc = WF_ENTRY(at, struct wf_proc, link);
        if (proc->child.pid != pid || proc->recorded || proc->reaped)
            continue;
        proc->recorded = true;
        (void)!send(proc->gate, "g", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

void wf_proc_signal(struct wf_proc *proc, int signal) {
    if (!proc->reaped)
        kill(-proc->child.pid, signal);
}

int32_t wf_proc_pid(const struct wf_proc *proc) {
    return proc->child.pid;
}

void wf_proc_forget(struct wf_proc *proc) {
    proc->exited = NULL;
}

/* True if nothing of it is left. */
static bool proc_end(struct wf_proc *proc, bool succeeded, int signal) {
    if (proc->reaped && succeeded)
        return true; /* it lives on */
    if (proc->reaped)
        return !wf_child_signal(proc->child, wf_str(wf_task_key(proc->task)),
                                signal);
    /* Before it was let go it has nothing to tidy up, and may not even have
     * stopped ignoring SIGTERM. */
    kill(-proc->child.pid, proc->recorded ? signal : SIGKILL);
    return false;
}

bool wf_worker_children_end(struct wf_task *task, bool succeeded,
                            bool hard) {
    /* SIGTERM once, when the task's end is decided; then only look. */
    int signal = hard ? SIGKILL : task->closing ? 0 : SIGTERM;
    struct wf_link *next;

    for (struct wf_link *at = task->procs.next; at != &task->procs;
         at = next) {
        struct wf_proc *proc = WF_ENTRY(at, struct wf_proc, link);
        next = at->next;
        if (proc_end(proc, succeeded, signal))
            proc_free(proc);
    }
    return wf_list_is_empty(&task->procs);
}
