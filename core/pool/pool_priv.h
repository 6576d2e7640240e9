/*
 * pool_priv.h - what the files of the pool share: pool.c (tasks, queues),
 * pool_message.c (what workers say), pool_process.c (their life and death).
 *
 * A task is QUEUED (its message waits in `queues` or `isolated_queue`), SENT
 * (with a worker), or ENDING (its worker is dead, its children are being
 * ended). It leaves the table when `ended` or the cancel's `done` is called.
 */
#ifndef WF_POOL_PRIV_H
#define WF_POOL_PRIV_H

#include <sys/types.h>

#include "list.h"
#include "pool.h"
#include "reaper.h"
#include "severity.h"
#include "wire.h"

#define WF_POOL_PRIORITIES 4

enum wf_pool_state { WF_POOL_QUEUED, WF_POOL_SENT, WF_POOL_ENDING };

struct wf_pool_child {
    struct wf_child child;
    char *key;
    struct wf_pool_child *next;
};

struct wf_pool_entry {
    uint64_t id;
    struct wf_pool_entry *hash_next;
    struct wf_link link;  /**< In a queue, worker->tasks or pool->ending. */
    struct wf_link fresh; /**< `started` has not been called yet. */
    enum wf_pool_state state;
    struct wf_worker_process *worker; /**< SENT */
    struct wf_buf message;            /**< QUEUED: body of its TASK. */
    int64_t timeout_ms;
    uint64_t dispatched_ns;
    struct wf_pool_child *children;
    bool cancelled;
    void (*done)(void *arg, uint64_t task);
    void *done_arg;
    /* ENDING: what to report. */
    enum wf_task_end how;
    char *cause;
    struct wf_pool *pool;
    bool reaping; /**< Its children have been given to the reaper. */
};

struct wf_worker_process {
    struct wf_pool *pool;
    struct wf_link link;
    struct wf_wire wire;
    struct wf_page *page;
    pid_t pid;
    int pidfd;
    ev_io readable, writable, died;
    struct wf_link tasks;
    size_t task_count;
    uint64_t started_ns;
    bool isolated;
    bool ending;    /**< Gets no more tasks. */
    bool broken;    /**< Its socket is. */
    bool stalled;   /**< Has not yielded for a while: avoid it. */
    char **wanted;  /**< Hashes of the bundles it waits for. */
    size_t wanted_count;
    uint64_t culprit; /**< Killed because of this task; 0: not by us. */
    char cause[256];  /**< The cause for it. */
};

struct wf_pool {
    struct ev_loop *loop;
    struct wf_pool_options options;
    struct wf_pool_events events;
    void *arg;
    struct wf_link workers;
    size_t worker_count, isolated_count;
    struct wf_link queues[WF_POOL_PRIORITIES];
    struct wf_link isolated_queue;
    struct wf_link fresh;
    struct wf_link ending;
    struct wf_pool_entry **table;
    size_t table_size, count;
    struct wf_pool_entry *spare; /**< Recycled, linked by hash_next. */
    char **isolated; /**< "hash/module" of those that asked for it. */
    size_t isolated_names;
    ev_prepare flush; /**< Never active; fed when there is something to do. */
    ev_timer watch;   /**< Looks for blocked workers while there are tasks. */
    struct wf_reaper *reaper;
    ev_timer respawn; /**< After workers died as soon as they were started. */
    unsigned early_deaths;
    bool freeing;
    struct wf_wire *reporting; /**< Whose buffer holds the output that `ended`
                                 is being told of; NULL: none. */
    size_t reported_bytes;     /**< Its length. */
};

/* pool.c */
struct wf_pool_entry *wf_pool_find(struct wf_pool *pool, uint64_t id);
/** Takes the entry out of everything and reports; frees it. */
void wf_pool_finish(struct wf_pool *pool, struct wf_pool_entry *entry,
                    enum wf_task_end how, struct wf_str output,
                    const struct wf_failure *failure);
/** Has the queues looked at, and buffers written, later in this turn. */
void wf_pool_kick(struct wf_pool *pool);
void wf_pool_emit_started(struct wf_pool *pool);
void wf_pool_isolate(struct wf_pool *pool, const struct wf_wire_task *task);
void wf_pool_requeue_isolated(struct wf_pool *pool,
                              struct wf_pool_entry *entry,
                              struct wf_str body);
void wf_pool_notice(struct wf_pool *pool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* pool_message.c */
/** Handles all complete messages; -1 if the worker talks nonsense. */
int wf_pool_messages(struct wf_worker_process *worker);
/** Whether the worker waits for this bundle; it does not any more. */
bool wf_pool_bundle_answered(struct wf_worker_process *worker,
                             struct wf_str bundle);
/** Forgets a recorded child. */
void wf_pool_child_drop(struct wf_pool_entry *entry, struct wf_child child);

/* pool_process.c */
/** Starts one; NULL if that is impossible now (a timer tries again). */
struct wf_worker_process *wf_pool_spawn(struct wf_pool *pool, bool isolated);
void wf_pool_process_flush(struct wf_worker_process *worker);
/** Kills a worker because of a task, which will have CRASHED. */
void wf_pool_process_kill(struct wf_worker_process *worker, uint64_t culprit,
                          const char *cause);
/** Lets an idle worker end: closes its socket. */
void wf_pool_process_retire(struct wf_worker_process *worker);
void wf_pool_processes_end(struct wf_pool *pool);
void wf_pool_watch(struct ev_loop *loop, ev_timer *timer, int events);
void wf_pool_respawn(struct ev_loop *loop, ev_timer *timer, int events);
/** Looks after tasks that are ENDING since the last time. */
void wf_pool_reap(struct wf_pool *pool);
/** Reports the end once no child of the task is alive any more. */
void wf_pool_entry_end(struct wf_pool *pool, struct wf_pool_entry *entry,
                       enum wf_task_end how, const char *cause);

#endif
