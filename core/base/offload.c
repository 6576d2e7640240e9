/* offload.c - helper threads for blocking work. See offload.h. */
#include "offload.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct queue {
    struct wf_job *first;
    struct wf_job *last;
};

struct wf_offload {
    struct ev_loop *loop;
    ev_async wake;
    unsigned threads;
    pthread_t *ids;
    unsigned started;
    size_t outstanding; /* submitted and not yet done; loop thread only */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t work;
    struct queue quick;
    struct queue lengthy;
    struct queue finished;
    struct wf_job **running; /* by thread, NULL when idle */
    unsigned lengthy_running;
    bool stopping;
};

static void push(struct queue *queue, struct wf_job *job) {
    job->next = NULL;
    if (queue->last)
        queue->last->next = job;
    else
        queue->first = job;
    queue->last = job;
}

static struct wf_job *pop(struct queue *queue) {
    struct wf_job *job = queue->first;

    if (job) {
        queue->first = job->next;
        if (!queue->first)
            queue->last = NULL;
    }
    return job;
}

/* The next job a thread may take, under the mutex; NULL: there is none. */
static struct wf_job *take(struct wf_offload *offload) {
    struct wf_job *job = pop(&offload->quick);

    if (!job && offload->lengthy_running + 1 < offload->threads)
        job = pop(&offload->lengthy);
    if (job && job->is_long)
        offload->lengthy_running++;
    return job;
}

static void run_job(struct wf_offload *offload, struct wf_job *job) {
    pthread_mutex_unlock(&offload->mutex);
    if (!wf_job_is_cancelled(job))
        job->work(job);
    pthread_mutex_lock(&offload->mutex);
    if (job->is_long) {
        offload->lengthy_running--;
        pthread_cond_signal(&offload->work);
    }
    push(&offload->finished, job);
    ev_async_send(offload->loop, &offload->wake);
}

static unsigned own_number(struct wf_offload *offload) {
    for (unsigned i = 0; i < offload->started; i++)
        if (pthread_equal(offload->ids[i], pthread_self()))
            return i;
    assert(!"a thread of this pool");
    return 0;
}

static void *thread_main(void *arg) {
    struct wf_offload *offload = arg;

    pthread_mutex_lock(&offload->mutex);
    unsigned self = own_number(offload);
    while (!offload->stopping) {
        struct wf_job *job = take(offload);
        if (!job) {
            pthread_cond_wait(&offload->work, &offload->mutex);
            continue;
        }
        offload->running[self] = job;
        run_job(offload, job);
        offload->running[self] = NULL;
    }
    pthread_mutex_unlock(&offload->mutex);
    return NULL;
}

/* On the loop: reports everything that has finished. */
static void report(struct wf_offload *offload) {
    struct wf_job *job;

    pthread_mutex_lock(&offload->mutex);
    struct queue finished = offload->finished;
    offload->finished = (struct queue){0};
    pthread_mutex_unlock(&offload->mutex);
    while ((job = pop(&finished))) {
        if (--offload->outstanding == 0)
            ev_unref(offload->loop);
        job->done(job);
    }
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events) {
    (void)loop;
    (void)events;
    report(wake->data);
}

struct wf_offload *wf_offload_new(struct ev_loop *loop, unsigned threads) {
    struct wf_offload *offload = wf_calloc(1, sizeof(*offload));

    assert(threads >= 2);
    offload->loop = loop;
    offload->threads = threads;
    offload->ids = wf_calloc(threads, sizeof(*offload->ids));
    offload->running = wf_calloc(threads, sizeof(struct wf_job *));
    pthread_mutex_init(&offload->mutex, NULL);
    pthread_cond_init(&offload->work, NULL);
    ev_async_init(&offload->wake, on_wake);
    offload->wake.data = offload;
    ev_async_start(loop, &offload->wake);
    ev_unref(loop); /* an idle helper keeps no loop alive */
    return offload;
}

/* Under the mutex. Signals are the loop thread's business. */
static void start_threads(struct wf_offload *offload) {
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (offload->started < offload->threads &&
           pthread_create(&offload->ids[offload->started], NULL, thread_main,
                          offload) == 0)
        offload->started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    /* Fewer threads than asked for: long jobs must still leave one free, and
     * a pool without any thread could never answer. */
    if (offload->started < 2) {
        static const char text[] = "moonstep: cannot start helper threads\n";
        ssize_t ignored = write(2, text, sizeof(text) - 1);
        (void)ignored;
        abort();
    }
    offload->threads = offload->started;
}

void wf_offload_submit(struct wf_offload *offload, struct wf_job *job) {
    atomic_init(&job->cancelled, false);
    if (offload->outstanding++ == 0)
        ev_ref(offload->loop);
    pthread_mutex_lock(&offload->mutex);
    if (offload->started == 0)
        start_threads(offload);
    push(job->is_long ? &offload->lengthy : &offload->quick, job);
    pthread_cond_signal(&offload->work);
    pthread_mutex_unlock(&offload->mutex);
}

size_t wf_offload_outstanding(const struct wf_offload *offload) {
    return offload->outstanding;
}

void wf_job_cancel(struct wf_job *job) {
    atomic_store(&job->cancelled, true);
}

bool wf_job_is_cancelled(struct wf_job *job) {
    return atomic_load(&job->cancelled);
}

static void abandon(struct wf_offload *offload, struct queue *queue) {
    struct wf_job *job;

    while ((job = pop(queue))) {
        wf_job_cancel(job);
        push(&offload->finished, job);
    }
}

void wf_offload_free(struct wf_offload *offload) {
    if (!offload)
        return;
    pthread_mutex_lock(&offload->mutex);
    offload->stopping = true;
    abandon(offload, &offload->quick);
    abandon(offload, &offload->lengthy);
    for (unsigned i = 0; i < offload->started; i++)
        if (offload->running[i])
            wf_job_cancel(offload->running[i]);
    pthread_cond_broadcast(&offload->work);
    pthread_mutex_unlock(&offload->mutex);
    for (unsigned i = 0; i < offload->started; i++)
        pthread_join(offload->ids[i], NULL);
    report(offload);
    ev_ref(offload->loop);
    ev_async_stop(offload->loop, &offload->wake);
    pthread_cond_destroy(&offload->work);
    pthread_mutex_destroy(&offload->mutex);
    free(offload->running);
    free(offload->ids);
    free(offload);
}
