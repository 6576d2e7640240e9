/* sender.c - see sender.h. */
#include "sender.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "fetch.h"
#include "list.h"

enum { WHY_BYTES = 300, ANSWER_BYTES = 64 << 10 };

/* A request: with the thread, or on its way to or from it. */
struct post {
    struct wf_link link;
    struct wf_sender *sender;
    wf_sent_fn *done;
    void *arg;
    char *url;
    char **headers; /* NULL-terminated */
    struct wf_buf body;
    double timeout_s;
    struct wf_fetch *fetch; /* the thread's */
    unsigned status;
    int64_t retry_after_s;
    struct wf_buf why;
};

struct wf_sender {
    struct ev_loop *loop;   /* who asks */
    ev_async answered;
    pthread_t thread;
    bool has_thread;

    struct ev_loop *own;    /* the thread's */
    ev_async asked;
    struct wf_fetcher *fetcher;
    struct wf_link active;  /* the thread's */

    pthread_mutex_t mutex;  /* guards what follows */
    struct wf_link to_send, sent;
    bool is_stopping;
};

static void post_free(struct post *post) {
    wf_list_remove(&post->link);
    for (char **at = post->headers; at && *at; at++)
        free(*at);
    free(post->headers);
    free(post->url);
    wf_buf_free(&post->body);
    wf_buf_free(&post->why);
    free(post);
}

static void free_all(struct wf_link *list) {
    struct wf_link *link;

    while ((link = wf_list_shift(list)))
        post_free(WF_ENTRY(link, struct post, link));
}

/* ---- on the thread ---- */

static void answer(struct post *post) {
    struct wf_sender *sender = post->sender;

    wf_list_remove(&post->link);
    pthread_mutex_lock(&sender->mutex);
    wf_list_append(&sender->sent, &post->link);
    pthread_mutex_unlock(&sender->mutex);
    ev_async_send(sender->loop, &sender->answered);
}

static int64_t retry_after(const struct wf_fetch_response *response) {
    for (size_t i = 0; i < response->header_count; i++) {
        const char *value = response->headers[i].value;
        char *end;
        if (strcmp(response->headers[i].name, "retry-after") != 0)
            continue;
        long long seconds = strtoll(value, &end, 10);
        if (end != value && *end == '\0' && seconds >= 0)
            return seconds; /* (a date is not looked at) */
    }
    return -1;
}

static void fetched(void *arg, struct wf_fetch_response *response,
                    const struct wf_fetch_failure *failure) {
    struct post *post = arg;

    post->fetch = NULL;
    if (failure) {
        wf_buf_addf(&post->why, "%s: %.*s", failure->error, WHY_BYTES,
                    failure->cause);
    } else {
        struct wf_str body = {response->body.data, response->body.len};
        post->status = response->status;
        post->retry_after_s = retry_after(response);
        wf_buf_addstr(&post->why, wf_str_clip(body, WHY_BYTES));
        wf_fetch_response_free(response);
    }
    answer(post);
}

static void start(struct wf_sender *sender, struct post *post) {
    struct wf_fetch_failure failure = {0};
    struct wf_fetch_request request = {
        .method = "POST",
        .url = post->url,
        .headers = (const char *const *)post->headers,
        .body = {post->body.data ? post->body.data : "", post->body.len},
        .timeout_s = post->timeout_s,
        .max_bytes = ANSWER_BYTES,
    };

    wf_list_append(&sender->active, &post->link);
    post->fetch = wf_fetch_start(sender->fetcher, &request, fetched, post,
                                 &failure);
    if (!post->fetch) {
        wf_buf_addf(&post->why, "%s: %.*s", failure.error, WHY_BYTES,
                    failure.cause);
        answer(post);
    }
}

static void stop(struct wf_sender *sender) {
    for (struct wf_link *at = sender->active.next; at != &sender->active;
         at = at->next) {
        struct post *post = WF_ENTRY(at, struct post, link);
        if (post->fetch)
            wf_fetch_cancel(post->fetch);
        post->fetch = NULL;
    }
    ev_break(sender->own, EVBREAK_ALL);
}

static void on_asked(struct ev_loop *loop, ev_async *watcher, int events) {
    struct wf_sender *sender = watcher->data;
    struct wf_link *link;
    bool is_stopping;

    (void)loop;
    (void)events;
    do {
        pthread_mutex_lock(&sender->mutex);
        link = wf_list_shift(&sender->to_send);
        is_stopping = sender->is_stopping;
        pthread_mutex_unlock(&sender->mutex);
        if (link)
            start(sender, WF_ENTRY(link, struct post, link));
    } while (link);
    if (is_stopping)
        stop(sender);
}

static void *run(void *arg) {
    struct wf_sender *sender = arg;

    ev_run(sender->own, 0);
    return NULL;
}

/* ---- on the loop ---- */

static void on_answered(struct ev_loop *loop, ev_async *watcher, int events) {
    struct wf_sender *sender = watcher->data;
    struct wf_link sent, *link;

    (void)loop;
    (void)events;
    wf_list_init(&sent);
    pthread_mutex_lock(&sender->mutex);
    while ((link = wf_list_shift(&sender->sent)))
        wf_list_append(&sent, link);
    pthread_mutex_unlock(&sender->mutex);
    while ((link = wf_list_shift(&sent))) {
        struct post *post = WF_ENTRY(link, struct post, link);
        struct wf_sent how = {post->status, post->retry_after_s,
                              {post->why.data, post->why.len},
                              &post->body};
        post->done(post->arg, &how);
        post_free(post);
    }
}

bool wf_sender_header_name(const char *name) {
    return *name && strspn(name, "!#$%&'*+-.^_`|~0123456789"
                                 "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
                        strlen(name);
}

struct wf_sender *wf_sender_new(struct ev_loop *loop) {
    struct wf_sender *sender = wf_calloc(1, sizeof(*sender));

    sender->loop = loop;
    pthread_mutex_init(&sender->mutex, NULL);
    wf_list_init(&sender->active);
    wf_list_init(&sender->to_send);
    wf_list_init(&sender->sent);
    ev_async_init(&sender->answered, on_answered);
    sender->answered.data = sender;
    ev_async_start(loop, &sender->answered);
    ev_unref(loop);
    return sender;
}

/* Signals are the loop's. */
static void start_thread(struct wf_sender *sender) {
    sigset_t all, old;

    sender->own = ev_loop_new(EVFLAG_NOSIGMASK);
    sender->fetcher = sender->own ? wf_fetcher_new(sender->own) : NULL;
    if (!sender->fetcher)
        abort(); /* out of descriptors or memory */
    ev_async_init(&sender->asked, on_asked);
    sender->asked.data = sender;
    ev_async_start(sender->own, &sender->asked);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&sender->thread, NULL, run, sender) != 0)
        abort();
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    sender->has_thread = true;
}

static char **copy_headers(const char *const *headers) {
    size_t count = 0;
    char **copy;

    while (headers && headers[count])
        count++;
    copy = wf_calloc(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = wf_strndup(headers[i], strlen(headers[i]));
    return copy;
}

void wf_sender_post(struct wf_sender *sender, const struct wf_sending *what,
                    wf_sent_fn *done, void *arg) {
    struct post *post = wf_calloc(1, sizeof(*post));

    *post = (struct post){
        .sender = sender, .done = done, .arg = arg,
        .url = wf_strndup(what->url, strlen(what->url)),
        .headers = copy_headers(what->headers),
        .body = *what->body, .timeout_s = what->timeout_s,
        .retry_after_s = -1};
    *what->body = (struct wf_buf){0};
    if (!sender->has_thread)
        start_thread(sender);
    pthread_mutex_lock(&sender->mutex);
    wf_list_append(&sender->to_send, &post->link);
    pthread_mutex_unlock(&sender->mutex);
    ev_async_send(sender->own, &sender->asked);
}

void wf_sender_free(struct wf_sender *sender) {
    if (!sender)
        return;
    if (sender->has_thread) {
        pthread_mutex_lock(&sender->mutex);
        sender->is_stopping = true;
        pthread_mutex_unlock(&sender->mutex);
        ev_async_send(sender->own, &sender->asked);
        pthread_join(sender->thread, NULL);
        wf_fetcher_free(sender->fetcher);
        ev_async_stop(sender->own, &sender->asked);
        ev_loop_destroy(sender->own);
    }
    free_all(&sender->active);
    free_all(&sender->to_send);
    free_all(&sender->sent);
    ev_ref(sender->loop);
    ev_async_stop(sender->loop, &sender->answered);
    pthread_mutex_destroy(&sender->mutex);
    free(sender);
}

/* ---- waiting for it ---- */

struct now {
    bool done;
    unsigned status;
    struct wf_buf *why;
    struct ev_loop *loop;
};

static void is_sent(void *arg, const struct wf_sent *sent) {
    struct now *now = arg;

    now->done = true;
    now->status = sent->status;
    wf_buf_addstr(now->why, sent->why);
    ev_break(now->loop, EVBREAK_ALL);
}

unsigned wf_sender_post_now(const struct wf_sending *what,
                            struct wf_buf *why) {
    struct now now = {.why = why, .loop = ev_loop_new(EVFLAG_NOSIGMASK)};
    struct wf_sender *sender = wf_sender_new(now.loop);

    ev_ref(now.loop); /* the answer is what it waits for */
    wf_sender_post(sender, what, is_sent, &now);
    while (!now.done)
        ev_run(now.loop, EVRUN_ONCE);
    ev_unref(now.loop);
    wf_sender_free(sender);
    ev_loop_destroy(now.loop);
    return now.status;
}
