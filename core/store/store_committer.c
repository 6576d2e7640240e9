/*
 * store_committer.c - the thread that makes batches durable.
 *
 * It takes all batches that wait, up to some megabytes, and commits them as
 * one: the flush is shared by everybody who waits. Meanwhile new ones queue.
 *
 * A group becomes durable by a record in the log (store_wal.h) while its rows
 * stay in the open transaction (store_txn.c). LMDB commits that when nobody
 * has written for 100 ms; when more has gathered, together with the next
 * group, which then needs no record. Reads of what LMDB has not committed are
 * answered here, between two groups.
 *
 * No room. The failed batches go back to the head of the queue and the state
 * becomes FULL, which tells the engine to refuse new work. Half the ballast is
 * released for what had been accepted; the other half only for batches that
 * delete, since LMDB writes new pages before it frees old ones. Batches are
 * tried singly now, every 200 ms if need be. The state is OK again when all
 * have been written and there is a reserve: the ballast, or as much and more
 * in free pages of the file, which never shrinks. The log is not used then:
 * each batch is committed by LMDB, with what the log contains. A size limit
 * covers the ballast and works in the same way; the log is beside it.
 */
#include "store_lmdb.h"

#include <errno.h>
#include <time.h>

#include "clock.h"
#include "store_write.h"

#define GROUP_BYTES ((size_t)8 << 20)
#define RETRY_NS 200000000u

/* When the database catches up with the log: after so long without work, in
 * any case after so long, and after so many operations, each of which may
 * hold a page of 4 KiB in memory. */
#define IDLE_NS UINT64_C(100000000)
#define BEHIND_NS UINT64_C(1000000000)
#define MOST_OPS 4096

static enum wf_store_state state_of(const struct store_lmdb *store) {
    return (enum wf_store_state)atomic_load(&store->state);
}

/* `mutex` is held by the callers of all that follow, unless said. */

static void state_set(struct store_lmdb *store, enum wf_store_state state,
                      int rc) {
    if (state_of(store) == state)
        return;
    if (state == WF_STORE_FULL)
        wf_error_set(&store->state_err, WF_E_BUSY, "%s: %s; new work waits",
                     store->directory, store_rc_text(rc));
    else if (state == WF_STORE_DEAD)
        wf_error_set(&store->state_err, WF_E_IO,
                     "%s: writing failed: %s; restart to recover from disk",
                     store->directory, store_rc_text(rc));
    atomic_store(&store->state, state);
    store->wake_due = true;
}

static void list_join(struct store_job_list *to, struct store_job_list *from) {
    if (!from->head)
        return;
    if (to->tail)
        to->tail->next = from->head;
    else
        to->head = from->head;
    to->tail = from->tail;
    *from = (struct store_job_list){0};
}

/* Splits what goes into the next transaction off the queue's head. */
static struct store_job_list group_take(struct store_lmdb *store) {
    struct store_job_list group = {store->queue.head, store->queue.head};
    size_t bytes = wf_batch_bytes(group.tail->batch);
    bool singly = state_of(store) != WF_STORE_OK;

    while (!singly && group.tail->next) {
        bytes += wf_batch_bytes(group.tail->next->batch);
        if (bytes > GROUP_BYTES)
            break;
        group.tail = group.tail->next;
    }
    store->queue.head = group.tail->next;
    if (!store->queue.head)
        store->queue.tail = NULL;
    group.tail->next = NULL;
    return group;
}

static void group_done(struct store_lmdb *store, struct store_job_list *group,
                       uint64_t ns) {
    struct wf_store_stats *counters = &store->counters;

    counters->commits++;
    counters->commit_ns += ns;
    if (ns > counters->commit_max_ns)
        counters->commit_max_ns = ns;
    for (struct store_job *job = group->head; job; job = job->next)
        store->queued--;
    list_join(&store->done, group);
    store->wake_due = true;
}

static void counters_publish(struct store_lmdb *store) {
    store->counters.used_bytes = store->used;
    store->counters.entries = store->entries;
    store->counters.checkpoints = store->checkpoints;
    store->counters.checkpoint_ns = store->checkpoint_ns;
}

/* Until `until_ns`, or until there is something to do. The mutex is free
 * meanwhile. False: the time is over. */
static bool work_wait(struct store_lmdb *store, uint64_t until_ns) {
    struct timespec until = {
        .tv_sec = (time_t)(until_ns / 1000000000u),
        .tv_nsec = (long)(until_ns % 1000000000u),
    };
    return pthread_cond_timedwait(&store->work, &store->mutex, &until) == 0;
}

/*
 * Waits for the next attempt, or, if nothing is queued, until something is;
 * the mutex is free meanwhile.
 */
static void retry_wait(struct store_lmdb *store) {
    bool idle = !store->queue.head;
    uint64_t until_ns = wf_clock_mono_ns() + RETRY_NS;

    while (!store->closing && !store->late.head &&
           idle == !store->queue.head && work_wait(store, until_ns))
        ;
}

/* False if it is no use to try again before some time has passed. */
static bool group_no_room(struct store_lmdb *store,
                          struct store_job_list *group) {
    bool was_ok = state_of(store) == WF_STORE_OK;

    list_join(group, &store->queue); /* back to the head */
    store->queue = *group;
    state_set(store, WF_STORE_FULL, STORE_RC_NO_ROOM);
    bool deletes = store_write_only_deletes(store->queue.head);
    bool released = store_ballast_release(
        store, deletes ? 0 : store->ballast_bytes / 2);
    return released || was_ok;
}

/* Nothing is acknowledged any more. */
static void all_lost(struct store_lmdb *store, struct store_job_list *group,
                     int rc) {
    list_join(&store->lost, group);
    list_join(&store->lost, &store->queue);
    store->queued = 0;
    state_set(store, WF_STORE_DEAD, rc);
    store->wake_due = true;
}

/* A log for which there is no room to grow is none that can't be used; an
 * I/O error is the end here, too. Frees the mutex meanwhile. */
static void log_grow(struct store_lmdb *store) {
    struct store_job_list none = {0};

    store->log_short = false;
    pthread_mutex_unlock(&store->mutex);
    errno = 0;
    int rc = store_wal_grow(&store->wal, store->directory);
    rc = store_rc(rc, errno);
    pthread_mutex_lock(&store->mutex);
    if (rc == EIO)
        all_lost(store, &none, rc);
}

/*
 * The database catches up with the log. False: it can't now; the log still
 * has everything, but the disk is full. Nothing else can be written before,
 * so in the end all of the ballast goes. Frees the mutex meanwhile.
 */
static bool checkpoint(struct store_lmdb *store) {
    struct store_job_list none = {0};

    pthread_mutex_unlock(&store->mutex);
    int rc = store_checkpoint(store);
    pthread_mutex_lock(&store->mutex);
    counters_publish(store);
    if (rc == STORE_RC_NO_ROOM) {
        bool again = state_of(store) == WF_STORE_FULL;
        state_set(store, WF_STORE_FULL, rc);
        store_ballast_release(store, again ? 0 : store->ballast_bytes / 2);
    } else if (rc != 0) {
        all_lost(store, &none, rc);
    }
    return rc != STORE_RC_NO_ROOM;
}

/* What a batch must leave: new work more than what was accepted before. */
static struct store_room room_to_leave(const struct store_lmdb *store) {
    uint64_t ballast = store->ballast_bytes;
    if (state_of(store) == WF_STORE_FULL)
        return (struct store_room){store->limit_bytes, ballast / 2};
    return (struct store_room){store->limit_bytes - ballast, ballast};
}

/* Nothing waits: are we out of trouble? Frees the mutex meanwhile. */
static void restore(struct store_lmdb *store) {
    uint64_t ballast = store->ballast_bytes;
    struct store_room enough = {store->limit_bytes - ballast, 2 * ballast};

    if (!checkpoint(store) || state_of(store) == WF_STORE_DEAD) {
        retry_wait(store);
        return;
    }
    pthread_mutex_unlock(&store->mutex);
    store_ballast_hold(store);
    bool restored = store_write_has_room(store, &enough);
    pthread_mutex_lock(&store->mutex);
    if (restored)
        state_set(store, WF_STORE_OK, 0);
    else
        retry_wait(store);
}

/* A group joins the commit of the database that is due anyway. */
static enum store_way way_of(const struct store_lmdb *store,
                             const struct store_job *jobs, uint64_t now_ns) {
    size_t bytes = 0;

    for (; jobs; jobs = jobs->next)
        bytes += wf_batch_bytes(jobs->batch);
    if (state_of(store) != WF_STORE_OK || store->wal.fd < 0 ||
        bytes > STORE_WAL_LARGE || store->txn_ops > MOST_OPS ||
        (store_is_behind(store) &&
         now_ns - store->behind_since_ns > BEHIND_NS))
        return STORE_WAY_DATABASE;
    return STORE_WAY_LOG;
}

static void group_logged(struct store_lmdb *store, struct store_job *jobs,
                         bool was_behind, uint64_t now_ns) {
    if (!was_behind)
        store->behind_since_ns = now_ns;
    store->logged_ns = now_ns;
    pthread_mutex_lock(&store->mutex);
    for (; jobs; jobs = jobs->next)
        if (!jobs->conflict)
            store_touched_add(store->touched, jobs->batch);
    pthread_mutex_unlock(&store->mutex);
}

static int group_write(struct store_lmdb *store, struct store_job *jobs,
                       const struct store_room *room, uint64_t start_ns) {
    enum store_way way = way_of(store, jobs, start_ns);
    bool was_behind = store_is_behind(store), logged;
    int rc = store_write(store, jobs, room, way, &logged);

    if (logged)
        group_logged(store, jobs, was_behind, start_ns);
    for (struct store_job *job = jobs; job && rc == 0; job = job->next) {
        wf_batch_free(job->batch);
        job->batch = NULL;
    }
    return rc;
}

/* False if there was no room and the attempt must be repeated later. */
static bool commit_next(struct store_lmdb *store) {
    struct store_job_list group = group_take(store);
    struct store_room room = room_to_leave(store);

    pthread_mutex_unlock(&store->mutex);
    uint64_t start_ns = wf_clock_mono_ns();
    int rc = group_write(store, group.head, &room, start_ns);
    uint64_t end_ns = wf_clock_mono_ns();
    pthread_mutex_lock(&store->mutex);
    counters_publish(store);
    if (rc == 0)
        group_done(store, &group, end_ns - start_ns);
    else if (rc == STORE_RC_NO_ROOM)
        return group_no_room(store, &group);
    else
        all_lost(store, &group, rc);
    return true;
}

/* Without the mutex: the loop, once awake, takes it first of all. */
static void wake_loop(struct store_lmdb *store) {
    store->wake_due = false;
    pthread_mutex_unlock(&store->mutex);
    ev_async_send(store->loop, &store->wake);
    pthread_mutex_lock(&store->mutex);
}

/* Between two groups the open transaction contains only what is durable. */
static void reads_answer(struct store_lmdb *store) {
    struct store_read *read = store->late.head;

    store->late = (struct store_read_list){0};
    while (read) {
        struct store_read *next = read->next;
        read->next = NULL;
        pthread_mutex_unlock(&store->mutex);
        store_read_late(store, read);
        pthread_mutex_lock(&store->mutex);
        store_read_done(store, read);
        read = next;
    }
    store->wake_due = true;
}

/* Nobody waits for a commit. */
static void idle(struct store_lmdb *store) {
    uint64_t due_ns = store->logged_ns + IDLE_NS;

    if (state_of(store) == WF_STORE_DEAD || !store_is_behind(store))
        pthread_cond_wait(&store->work, &store->mutex);
    else if (wf_clock_mono_ns() >= due_ns)
        checkpoint(store);
    else
        work_wait(store, due_ns);
}

/* What waits may use half of the ballast, so that must be there: when all had
 * to go and the disk has room again, it is taken back before anything can be
 * written. Frees the mutex meanwhile. */
static void reserve_regain(struct store_lmdb *store) {
    if (store->ballast_held >= store->ballast_bytes / 2)
        return;
    pthread_mutex_unlock(&store->mutex);
    store_ballast_hold(store);
    pthread_mutex_lock(&store->mutex);
}

static void queue_turn(struct store_lmdb *store, bool *end) {
    if (commit_next(store))
        return;
    *end = store->closing;
    if (*end)
        return;
    wake_loop(store); /* the state may have changed */
    retry_wait(store);
    reserve_regain(store);
}

/* One thing at a time; false when there is nothing left to do for ever. */
static bool committer_turn(struct store_lmdb *store) {
    struct store_job_list none = {0};
    enum wf_store_state state = state_of(store);
    bool end = false;

    if (store->late.head) {
        reads_answer(store);
    } else if (state == WF_STORE_DEAD && store->queue.head) {
        all_lost(store, &none, 0);
    } else if (store->log_short && !store_is_behind(store) &&
               state == WF_STORE_OK) {
        log_grow(store);
    } else if (store->queue.head) {
        queue_turn(store, &end);
    } else if (store->closing) {
        if (state != WF_STORE_DEAD)
            checkpoint(store);
        end = true;
    } else if (state == WF_STORE_FULL) {
        restore(store);
    } else {
        idle(store);
    }
    return !end;
}

void *store_committer_main(void *arg) {
    struct store_lmdb *store = arg;

    pthread_mutex_lock(&store->mutex);
    store->log_short = store->wal.filled == 0;
    while (committer_turn(store))
        if (store->wake_due)
            wake_loop(store);
    pthread_mutex_unlock(&store->mutex);
    store_txn_abort(store);
    return NULL;
}
