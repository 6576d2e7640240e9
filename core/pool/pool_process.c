/*
 * pool_process.c - the life and death of worker processes.
 *
 * A worker is started with vfork and exec, so that the size of the engine
 * costs nothing; between the two only system calls run. Its death shows on a
 * pidfd. What it had said before is read first; then each of its tasks ends:
 * the one that was on the CPU has CRASHED if the handler can be blamed
 * (a fault, an exit), and all others are LOST.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "pool_priv.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)
#define GRACE_NS NS_PER_S       /* beyond a deadline, for the worker itself */
#define STALL_NS (200 * NS_PER_MS)
#define EARLY_NS NS_PER_S       /* a worker that dies sooner is suspicious */
#define READS_PER_TURN 4

/* ---- start ---- */

/* In the child of vfork: system calls only. */
static void child_exec(const char *program, bool isolated, int socket) {
    char *const plain[] = {"moonstep", "--worker-process", NULL};
    char *const apart[] = {"moonstep", "--worker-process", "isolated", NULL};
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (null < 0 || dup2(null, 0) < 0 || dup2(2, 1) < 0)
        _exit(127);
    if (socket == 3)
        fcntl(3, F_SETFD, 0);
    else if (dup2(socket, 3) < 0)
        _exit(127);
    syscall(SYS_close_range, 4, ~0U, 0);
    execve(program, isolated ? apart : plain, environ);
    _exit(127);
}

_Static_assert(WF_PAGE_ENDPOINTS >= WF_POOL_ENDPOINTS, "they fit");

static void page_text(char *out, size_t size, const char *text) {
    if (text)
        snprintf(out, size, "%s", text);
}

static void page_configure(struct wf_page *page, const struct wf_pool *pool,
                           bool isolated) {
    page->memory_bytes = pool->options.memory_bytes;
    page->output_bytes = pool->options.output_bytes;
    page->block_ms = (uint64_t)pool->options.block_ms;
    page->engine_pid = (int32_t)getpid();
    page->isolated = isolated;
    page_text(page->lua_directory, sizeof(page->lua_directory),
              pool->options.lua_directory);
    page_text(page->lambda_endpoint, sizeof(page->lambda_endpoint),
              pool->options.lambda_endpoint);
    page_text(page->service_endpoints, sizeof(page->service_endpoints),
              pool->options.service_endpoints);
    page_text(page->service_models, sizeof(page->service_models),
              pool->options.service_models);
    page_text(page->api_endpoint, sizeof(page->api_endpoint),
              pool->options.api_endpoint);
    page_text(page->connections, sizeof(page->connections),
              pool->options.connections);
    page_text(page->http_allow, sizeof(page->http_allow),
              pool->options.http_allow);
    page_text(page->region, sizeof(page->region), pool->options.region);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events);
static void on_writable(struct ev_loop *loop, ev_io *io, int events);
static void on_died(struct ev_loop *loop, ev_io *io, int events);

static void worker_free(struct wf_worker_process *worker) {
    if (worker->pidfd >= 0)
        close(worker->pidfd);
    wf_wire_close(&worker->wire);
    wf_page_free(worker->page);
    for (size_t i = 0; i < worker->wanted_count; i++)
        free(worker->wanted[i]);
    free(worker->wanted);
    free(worker);
}

/* On its own: no variable of the caller is touched between fork and exec.
 * vfork, since a fork of a large engine copies its page tables; the child only
 * makes system calls, which POSIX leaves undefined and Linux allows. */
static pid_t process_exec(const struct wf_pool *pool, bool isolated,
                          int socket) {
    pid_t pid = vfork(); /* NOLINT(clang-analyzer-security*) */

    if (pid == 0) /* NOLINTNEXTLINE(clang-analyzer-unix.Vfork) */
        child_exec(pool->options.program, isolated, socket);
    return pid;
}

/* Forks and execs; fills pid and wire.fd. */
static int process_start(struct wf_worker_process *worker) {
    struct wf_pool *pool = worker->pool;
    int pair[2] = {-1, -1}, rc = -1;
    int page_fd = wf_page_create(&worker->page);

    if (page_fd < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        goto out;
    page_configure(worker->page, pool, worker->isolated);
    worker->wire.fd = pair[0];
    if (wf_page_send(pair[0], page_fd) != 0)
        goto out;
    worker->pid = process_exec(pool, worker->isolated, pair[1]);
    if (worker->pid < 0)
        goto out;
    worker->pidfd = (int)syscall(SYS_pidfd_open, worker->pid, 0);
    rc = worker->pidfd < 0 ? -1 : 0;
    if (rc != 0) {
        kill(worker->pid, SIGKILL);
        waitpid(worker->pid, NULL, 0);
    }
out:
    if (rc != 0)
        wf_pool_notice(pool, WF_ERROR "a worker process can't be started: %s",
                       strerror(errno));
    if (page_fd >= 0)
        close(page_fd);
    if (pair[1] >= 0)
        close(pair[1]);
    return rc;
}

static void respawn_later(struct wf_pool *pool) {
    unsigned shift = pool->early_deaths < 6 ? pool->early_deaths : 6;

    if (ev_is_active(&pool->respawn))
        return;
    ev_timer_set(&pool->respawn, 0.05 * (1u << shift), 0);
    ev_timer_start(pool->loop, &pool->respawn);
}

void wf_pool_respawn(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)events;
    wf_pool_kick(timer->data);
}

struct wf_worker_process *wf_pool_spawn(struct wf_pool *pool, bool isolated) {
    if (pool->freeing || ev_is_active(&pool->respawn))
        return NULL;
    struct wf_worker_process *worker = wf_calloc(1, sizeof(*worker));
    worker->pool = pool;
    worker->isolated = isolated;
    worker->wire.fd = worker->pidfd = -1;
    worker->started_ns = wf_clock_mono_ns();
    wf_list_init(&worker->tasks);
    if (process_start(worker) != 0) {
        worker_free(worker);
        pool->early_deaths++;
        respawn_later(pool);
        return NULL;
    }
    ev_io_init(&worker->readable, on_readable, worker->wire.fd, EV_READ);
    ev_io_init(&worker->writable, on_writable, worker->wire.fd, EV_WRITE);
    ev_io_init(&worker->died, on_died, worker->pidfd, EV_READ);
    worker->readable.data = worker->writable.data = worker->died.data =
        worker;
    ev_io_start(pool->loop, &worker->readable);
    ev_io_start(pool->loop, &worker->died);
    wf_list_append(&pool->workers, &worker->link);
    *(isolated ? &pool->isolated_count : &pool->worker_count) += 1;
    return worker;
}

/* ---- input and output ---- */

/* Its socket is of no use any more: it will die, or is dead. */
static void worker_break(struct wf_worker_process *worker) {
    worker->broken = true;
    ev_io_stop(worker->pool->loop, &worker->readable);
    ev_io_stop(worker->pool->loop, &worker->writable);
    if (!worker->ending)
        kill(worker->pid, SIGKILL);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events) {
    struct wf_worker_process *worker = io->data;
    int rc = 1;

    (void)loop;
    (void)events;
    for (int i = 0; i < READS_PER_TURN && rc > 0; i++) {
        rc = wf_wire_read(&worker->wire);
        if (rc > 0 && wf_pool_messages(worker) != 0)
            rc = -1;
    }
    if (rc < 0)
        worker_break(worker);
}

void wf_pool_process_flush(struct wf_worker_process *worker) {
    struct ev_loop *loop = worker->pool->loop;

    if (worker->broken || wf_wire_pending(&worker->wire) == 0)
        return;
    int rc = wf_wire_flush(&worker->wire);
    if (rc == 0)
        ev_io_start(loop, &worker->writable);
    else
        ev_io_stop(loop, &worker->writable);
    /* -1: death shows on the pidfd; what it said before is still read. */
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events) {
    struct wf_worker_process *worker = io->data;

    (void)loop;
    (void)events;
    wf_pool_process_flush(worker);
    if (!ev_is_active(io))
        wf_pool_kick(worker->pool); /* it can take tasks again */
}

/* ---- end ---- */

void wf_pool_process_kill(struct wf_worker_process *worker, uint64_t culprit,
                          const char *cause) {
    if (worker->ending)
        return;
    worker->ending = true;
    worker->culprit = culprit;
    snprintf(worker->cause, sizeof(worker->cause), "%s", cause);
    kill(worker->pid, SIGKILL);
}

void wf_pool_process_retire(struct wf_worker_process *worker) {
    worker->ending = true;
    shutdown(worker->wire.fd, SHUT_WR);
}

/* Whether the task on the CPU is to blame, and the words for it. */
static bool is_handlers_doing(int status, char *cause, size_t size) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE,
                                 SIGABRT, SIGTRAP, SIGSYS};

    if (WIFEXITED(status)) {
        snprintf(cause, size,
                 "the handler ended its worker process: exit status %d",
                 WEXITSTATUS(status));
        return true;
    }
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        if (WTERMSIG(status) != faults[i])
            continue;
        snprintf(cause, size, "the handler ended its worker process: SIG%s",
                 sigabbrev_np(faults[i]));
        return true;
    }
    return false;
}

/* The task on the CPU; in a process of its own, the only one. */
static uint64_t blamed(const struct wf_worker_process *worker) {
    uint64_t running = atomic_load(&worker->page->running);

    if (running || !worker->isolated || worker->task_count == 0)
        return running;
    return WF_ENTRY(worker->tasks.next, struct wf_pool_entry, link)->id;
}

static void tasks_end(struct wf_worker_process *worker, int status) {
    char cause[256];
    uint64_t culprit = worker->culprit;
    struct wf_link *next;

    if (culprit)
        memcpy(cause, worker->cause, sizeof(cause));
    else if (!worker->ending &&
             is_handlers_doing(status, cause, sizeof(cause)))
        culprit = blamed(worker);
    for (struct wf_link *at = worker->tasks.next; at != &worker->tasks;
         at = next) {
        struct wf_pool_entry *entry =
            WF_ENTRY(at, struct wf_pool_entry, link);
        next = at->next;
        if (entry->id == culprit)
            wf_pool_entry_end(worker->pool, entry, WF_TASK_CRASHED, cause);
        else
            wf_pool_entry_end(worker->pool, entry, WF_TASK_LOST, "");
    }
}

static void death_notice(struct wf_worker_process *worker, int status) {
    struct wf_pool *pool = worker->pool;
    bool early = wf_clock_mono_ns() - worker->started_ns < EARLY_NS;

    if (WIFSIGNALED(status))
        wf_pool_notice(pool, WF_WARNING "worker process %d: SIG%s, %zu tasks",
                       (int)worker->pid, sigabbrev_np(WTERMSIG(status)),
                       worker->task_count);
    else
        wf_pool_notice(pool,
                       WF_WARNING "worker process %d: exit status %d, "
                       "%zu tasks",
                       (int)worker->pid, WEXITSTATUS(status),
                       worker->task_count);
    pool->early_deaths = early ? pool->early_deaths + 1 : 0;
    if (pool->early_deaths > 3)
        respawn_later(pool);
}

static void on_died(struct ev_loop *loop, ev_io *io, int events) {
    struct wf_worker_process *worker = io->data;
    struct wf_pool *pool = worker->pool;
    int status = 0;

    (void)events;
    switch (waitpid(worker->pid, &status, WNOHANG)) {
    case 0:
        return;
    case -1: /* somebody else has waited for it: how it died is lost */
        status = SIGKILL;
        break;
    }
    wf_pool_emit_started(pool);
    while (!worker->broken && wf_wire_read(&worker->wire) > 0)
        if (wf_pool_messages(worker) != 0)
            break;
    ev_io_stop(loop, &worker->readable);
    ev_io_stop(loop, &worker->writable);
    ev_io_stop(loop, &worker->died);
    wf_list_remove(&worker->link);
    *(worker->isolated ? &pool->isolated_count : &pool->worker_count) -= 1;
    if (!worker->ending || worker->culprit)
        death_notice(worker, status);
    tasks_end(worker, status);
    worker_free(worker);
    wf_pool_kick(pool);
}

static void report(struct wf_pool *pool, struct wf_pool_entry *entry) {
    char *cause = entry->cause;
    struct wf_failure failure = {WF_STR("States.TaskFailed"),
                                 wf_str(cause)};

    entry->cause = NULL;
    wf_pool_finish(pool, entry, entry->how, WF_STR_NULL,
                   entry->how == WF_TASK_CRASHED ? &failure : NULL);
    free(cause);
}

static void child_gone(void *arg, struct wf_child child) {
    struct wf_pool_entry *entry = arg;
    struct wf_pool *pool = entry->pool;

    wf_pool_child_drop(entry, child);
    if (pool->events.child_ended)
        pool->events.child_ended(pool->arg, entry->id, child);
    if (!entry->children)
        report(pool, entry);
}

static void children_end(struct wf_pool *pool, struct wf_pool_entry *entry) {
    entry->reaping = true;
    for (struct wf_pool_child *at = entry->children; at; at = at->next)
        wf_reaper_end(pool->reaper, at->child, wf_str(at->key), true,
                      child_gone, entry);
}

void wf_pool_reap(struct wf_pool *pool) {
    struct wf_link ready, *link, *next;

    wf_list_init(&ready);
    for (link = pool->ending.next; link != &pool->ending; link = next) {
        struct wf_pool_entry *entry =
            WF_ENTRY(link, struct wf_pool_entry, link);
        next = link->next;
        if (!entry->children) {
            wf_list_remove(link);
            wf_list_append(&ready, link);
        } else if (!entry->reaping) {
            children_end(pool, entry);
        }
    }
    while ((link = wf_list_shift(&ready)) != NULL)
        report(pool, WF_ENTRY(link, struct wf_pool_entry, link));
}

void wf_pool_child_end(struct wf_pool *pool, struct wf_child child,
                       struct wf_str task_key,
                       void (*done)(void *arg, struct wf_child child),
                       void *arg) {
    wf_reaper_end(pool->reaper, child, task_key, false, done, arg);
}

/* ---- blocked workers ---- */

static void watch_isolated(struct wf_worker_process *worker, uint64_t now) {
    struct wf_pool_entry *entry =
        WF_ENTRY(worker->tasks.next, struct wf_pool_entry, link);

    if (worker->task_count == 0 || entry->timeout_ms <= 0)
        return;
    if (now > entry->dispatched_ns +
                  (uint64_t)entry->timeout_ms * NS_PER_MS + GRACE_NS)
        wf_pool_process_kill(worker, entry->id,
                             "the handler did not end within its time; its "
                             "process was killed");
}

static void watch_worker(struct wf_worker_process *worker, uint64_t now) {
    struct wf_page *page = worker->page;
    uint64_t running = atomic_load(&page->running);
    uint64_t since = atomic_load(&page->since_ns);
    uint64_t deadline = atomic_load(&page->deadline_ns);
    uint64_t block =
        (uint64_t)worker->pool->options.block_ms * NS_PER_MS + GRACE_NS;
    bool same = running && running == atomic_load(&page->running) &&
                since < now;

    worker->stalled = same && now - since > STALL_NS;
    if (!worker->stalled || worker->ending)
        return;
    struct wf_pool_entry *entry = wf_pool_find(worker->pool, running);
    if (deadline && now > deadline + GRACE_NS)
        wf_pool_process_kill(worker, running,
                             "the handler passed its deadline in code that "
                             "can't be interrupted (a C function, a finalizer "
                             "or compiled code); its worker was killed");
    else if (entry && entry->cancelled && now - since > GRACE_NS)
        wf_pool_process_kill(worker, running, "");
    else if (now - since > block && worker->task_count > 1)
        wf_pool_process_kill(worker, running,
                             "the handler blocked its worker process without "
                             "yielding while other tasks waited; its worker "
                             "was killed (isolate = true gives a module "
                             "processes of its own)");
}

void wf_pool_watch(struct ev_loop *loop, ev_timer *timer, int events) {
    struct wf_pool *pool = timer->data;
    uint64_t now = wf_clock_mono_ns();

    (void)events;
    if (pool->count == 0)
        ev_timer_stop(loop, timer);
    for (struct wf_link *at = pool->workers.next; at != &pool->workers;
         at = at->next) {
        struct wf_worker_process *worker =
            WF_ENTRY(at, struct wf_worker_process, link);
        if (worker->isolated)
            watch_isolated(worker, now);
        else
            watch_worker(worker, now);
    }
}

void wf_pool_processes_end(struct wf_pool *pool) {
    struct wf_link *link;

    for (link = pool->workers.next; link != &pool->workers; link = link->next)
        kill(WF_ENTRY(link, struct wf_worker_process, link)->pid, SIGKILL);
    while ((link = wf_list_shift(&pool->workers)) != NULL) {
        struct wf_worker_process *worker =
            WF_ENTRY(link, struct wf_worker_process, link);
        ev_io_stop(pool->loop, &worker->readable);
        ev_io_stop(pool->loop, &worker->writable);
        ev_io_stop(pool->loop, &worker->died);
        waitpid(worker->pid, NULL, 0);
        while ((link = wf_list_shift(&worker->tasks)) != NULL)
            wf_list_append(&pool->ending, link);
        worker_free(worker);
    }
}
