/*
 * wire.h - what the pool and a worker process say to each other.
 *
 * One UNIX stream socket. A message is a length (4 bytes, big-endian, of what
 * follows), a type (1 byte) and a body of varints and texts (base.h). The
 * layouts below are those of the bodies; both ends are the same binary, so
 * there is no version. Messages are collected and written together.
 *
 * The very first byte the pool sends carries, as ancillary data, a descriptor
 * of the page both map: configuration at first, then what has to be known
 * while the worker can't read its socket, or after it has died.
 */
#ifndef WF_WIRE_H
#define WF_WIRE_H

#include <stdatomic.h>

#include "base.h"

enum wf_wire_type {
    /* pool to worker */
    WF_WIRE_TASK = 1, /**< id, timeout_ms, virtual_now_ms, bundle, function,
                        checkpoint, context, input */
    WF_WIRE_CANCEL,   /**< id */
    WF_WIRE_CHECKPOINT_STORED, /**< id */
    WF_WIRE_CHILD_RECORDED,    /**< id, pid */
    WF_WIRE_BUNDLE,   /**< hash, count, then count times: path, content */

    /* worker to pool */
    WF_WIRE_RESULT,          /**< id, then the output: all the rest */
    WF_WIRE_FAIL,            /**< id, error, cause */
    WF_WIRE_CANCELLED,       /**< id: nothing of it runs any longer */
    WF_WIRE_NEEDS_ISOLATION, /**< the body of the TASK, unchanged */
    WF_WIRE_LOG,             /**< id, stream, line */
    WF_WIRE_HEARTBEAT,       /**< id */
    WF_WIRE_CHECKPOINT,      /**< id, cursor */
    WF_WIRE_CHILD_STARTED,   /**< id, pid, start time, key */
    WF_WIRE_CHILD_ENDED,     /**< id, pid, start time */
    WF_WIRE_BUNDLE_WANTED,   /**< hash */
};

/** The body of a TASK. Texts are borrowed. */
struct wf_wire_task {
    uint64_t id;
    uint64_t timeout_ms;
    uint64_t virtual_now_ms;
    struct wf_str bundle, function, checkpoint, context, input;
};

/** One end of the socket. All-zero but `fd` is a valid new one. */
struct wf_wire {
    int fd;
    struct wf_buf in, out;
    size_t in_at;  /**< Consumed so far. */
    size_t out_at; /**< Written so far. */
};

void wf_wire_close(struct wf_wire *wire);

/** Begins a message; fill wire->out, then call wf_wire_end(mark). */
size_t wf_wire_begin(struct wf_wire *wire, enum wf_wire_type type);
void wf_wire_end(struct wf_wire *wire, size_t mark);
/** Takes back an unfinished message. */
void wf_wire_undo(struct wf_wire *wire, size_t mark);
/** A message whose body is one number: most are. */
void wf_wire_send_id(struct wf_wire *wire, enum wf_wire_type type,
                     uint64_t id);
void wf_wire_put_task(struct wf_buf *buf, const struct wf_wire_task *task);
void wf_wire_get_task(struct wf_reader *body, struct wf_wire_task *task);

/** Bytes waiting to be written. */
size_t wf_wire_pending(const struct wf_wire *wire);
/** Writes what the socket takes: 1 all of it, 0 a rest is left, -1 broken. */
int wf_wire_flush(struct wf_wire *wire);
/** Reads once: 1 something, 0 nothing there, -1 end of file or broken. */
int wf_wire_read(struct wf_wire *wire);
/** The next complete message; false if there is none. The body is borrowed
 * until the next wf_wire_read(). */
bool wf_wire_next(struct wf_wire *wire, enum wf_wire_type *type,
                  struct wf_reader *body);

/**
 * Takes the memory of the message that wf_wire_next() gave last, whose last
 * `len` bytes `text` then ends with. Returns where they begin.
 */
size_t wf_wire_take(struct wf_wire *wire, size_t len, struct wf_buf *text);

/* ---- the shared page ---- */

#define WF_PAGE_CANCELS 256
#define WF_PAGE_ENDPOINTS 8192

struct wf_page {
    /* Written by the pool before the worker starts. */
    uint64_t memory_bytes;
    uint64_t output_bytes;
    uint64_t block_ms; /**< Longest time without yielding. */
    int32_t engine_pid;
    uint32_t isolated; /**< One task at a time, compiled, no hook. */
    char lua_directory[1024]; /**< "": embedded sources. */
    char lambda_endpoint[1024]; /**< "": none. */
    char service_endpoints[WF_PAGE_ENDPOINTS]; /**< pool.h; "": none. */
    char service_models[1024];  /**< "": built-in ones only. */
    char connections[1024];     /**< Path; "": none. */
    char http_allow[WF_PAGE_ENDPOINTS]; /**< pool.h; "": none. */
    char region[64];
    char api_endpoint[256];     /**< URL of the engine's own API; "": none. */

    /* Written by the worker. */
    _Atomic uint64_t running;     /**< Id of the task on the CPU; 0: none. */
    _Atomic uint64_t since_ns;    /**< When it got the CPU (monotonic). */
    _Atomic uint64_t deadline_ns; /**< Of that task; 0: none. */

    /* Written by the pool. */
    _Atomic uint64_t assigned; /**< Tasks this worker has to do. */
    /** A cancelled task's id stands at id % WF_PAGE_CANCELS, so that even one
     * that never yields learns of it. */
    _Atomic uint64_t cancelled[WF_PAGE_CANCELS];
};

/** Creates the page; returns its descriptor or -1. */
int wf_page_create(struct wf_page **page);
/** Sends the descriptor as the first byte; 0 or -1. */
int wf_page_send(int socket, int page_fd);
/** Receives and maps it (blocking); NULL on failure. */
struct wf_page *wf_page_receive(int socket);
void wf_page_free(struct wf_page *page); /* NULL is allowed */

#endif
