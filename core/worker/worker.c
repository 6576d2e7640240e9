/*
 * worker.c - a worker process: its start, its socket, its turns.
 *
 * One turn of the loop: read what has come, once; start the tasks in it; run
 * those whose operations are over; write all that was said, once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "worker_priv.h"

#define SOCKET_FD 3
#define FLUSH_NS (1 * WF_NS_PER_MS)
#define FLUSH_BYTES (64u << 10)

static void worker_exit(int status) {
    _exit(status); /* nothing here outlives the process */
}

void wf_worker_flush(struct wf_worker *worker) {
    if (wf_wire_pending(&worker->wire) == 0)
        return;
    int rc = wf_wire_flush(&worker->wire);
    if (rc < 0)
        worker_exit(0); /* the engine is gone */
    if (rc == 0)
        ev_io_start(worker->loop, &worker->writable);
    else
        ev_io_stop(worker->loop, &worker->writable);
}

void wf_worker_flush_soon(struct wf_worker *worker, uint64_t now_ns) {
    size_t pending = wf_wire_pending(&worker->wire);

    if (pending == 0 || (now_ns - worker->flushed_ns < FLUSH_NS &&
                         pending < FLUSH_BYTES))
        return;
    worker->flushed_ns = now_ns;
    wf_worker_flush(worker);
}

static void on_message(struct wf_worker *worker, enum wf_wire_type type,
                       struct wf_reader *body) {
    if (type == WF_WIRE_TASK) {
        wf_worker_on_task(worker, body);
    } else if (type == WF_WIRE_CANCEL) {
        wf_worker_on_cancel(worker, wf_read_varint(body));
    } else if (type == WF_WIRE_CHECKPOINT_STORED) {
        wf_worker_on_stored(worker, wf_read_varint(body));
    } else if (type == WF_WIRE_CHILD_RECORDED) {
        uint64_t id = wf_read_varint(body);
        wf_worker_on_recorded(worker, id, (int)wf_read_varint(body));
    } else if (type == WF_WIRE_BUNDLE) {
        wf_worker_on_bundle(worker, body);
    }
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events) {
    struct wf_worker *worker = io->data;
    enum wf_wire_type type;
    struct wf_reader body;

    (void)loop;
    (void)events;
    if (wf_wire_read(&worker->wire) < 0)
        worker_exit(0);
    while (wf_wire_next(&worker->wire, &type, &body))
        on_message(worker, type, &body);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events) {
    (void)loop;
    (void)events;
    wf_worker_flush(io->data);
}

static void on_turn(struct ev_loop *loop, ev_prepare *prepare, int events) {
    struct wf_worker *worker = prepare->data;

    (void)events;
    wf_worker_run_ready(worker);
    if (wf_list_is_empty(&worker->ready))
        ev_idle_stop(loop, &worker->more);
    else
        ev_idle_start(loop, &worker->more);
    wf_worker_flush(worker);
}

static void on_idle(struct ev_loop *loop, ev_idle *idle, int events) {
    (void)loop;
    (void)idle;
    (void)events;
}

/* Signals meant for the engine reach the whole group of a terminal; whether
 * and when a worker ends is for the engine to say. */
static void process_prepare(void) {
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "moonstep-worker");
    fcntl(SOCKET_FD, F_SETFD, FD_CLOEXEC);
}

static int worker_init(struct wf_worker *worker,
                       const struct wf_library *library,
                       struct wf_error *err) {
    worker->wire.fd = SOCKET_FD;
    worker->library = library;
    worker->loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    worker->table_size = 256;
    worker->table = wf_calloc(worker->table_size, sizeof(*worker->table));
    wf_clock_init_real(&worker->clock);
    wf_list_init(&worker->ready);
    wf_list_init(&worker->closing);
    wf_list_init(&worker->doomed);
    wf_list_init(&worker->bundles);
    ev_io_init(&worker->readable, on_readable, SOCKET_FD, EV_READ);
    ev_io_init(&worker->writable, on_writable, SOCKET_FD, EV_WRITE);
    ev_prepare_init(&worker->turn, on_turn);
    ev_set_priority(&worker->turn, EV_MINPRI);
    ev_idle_init(&worker->more, on_idle);
    worker->readable.data = worker->writable.data = worker->turn.data =
        worker;
    ev_io_start(worker->loop, &worker->readable);
    ev_prepare_start(worker->loop, &worker->turn);
    return wf_lua_worker_open(worker, err);
}

int wf_worker_main(int argc, char **argv, const struct wf_library *library) {
    static const char wrong[] =
        "moonstep: --worker-process is for the engine, not for people\n";
    struct wf_worker *worker = wf_calloc(1, sizeof(*worker));
    struct wf_error err;

    (void)argc;
    (void)argv;
    process_prepare();
    worker->page = wf_page_receive(SOCKET_FD);
    if (!worker->page) {
        fputs(wrong, stderr);
        return 2;
    }
    if (getppid() != worker->page->engine_pid)
        return 0; /* it died before PR_SET_PDEATHSIG */
    if (worker_init(worker, library, &err) != 0) {
        fprintf(stderr, "moonstep-worker: %s\n", err.message);
        return 1;
    }
    ev_run(worker->loop, 0);
    return 0;
}
