/* fetch_multi.c - libcurl's multi interface on libev. See fetch.h. */
#include "fetch_priv.h"

#include <stdlib.h>

/* One of libcurl's sockets; belongs to it by curl_multi_assign(). */
struct socket_watch {
    struct wf_fetcher *fetcher;
    ev_io io;
};

/* Removing handles may free sockets, so this is done between libcurl's calls
 * and each finished handle is taken out before anyone is told. */
static void collect(struct wf_fetcher *fetcher) {
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(fetcher->multi, &left))) {
        struct wf_fetch *fetch = NULL;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &fetch);
        wf_fetch_multi_remove(fetcher, easy); /* invalidates message */
        wf_fetch_transfer_over(fetch, code);
    }
}

static void on_socket(struct ev_loop *loop, ev_io *io, int events) {
    struct wf_fetcher *fetcher = io->data;
    int mask = (events & EV_READ ? CURL_CSELECT_IN : 0) |
               (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
    int running;

    (void)loop;
    curl_multi_socket_action(fetcher->multi, io->fd, mask, &running);
    collect(fetcher);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events) {
    struct wf_fetcher *fetcher = timer->data;
    int running;

    (void)events;
    ev_timer_stop(loop, timer);
    curl_multi_socket_action(fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(fetcher);
}

static int set_timer(CURLM *multi, long ms, void *arg) {
    struct wf_fetcher *fetcher = arg;

    (void)multi;
    ev_timer_stop(fetcher->loop, &fetcher->timer);
    if (ms >= 0) {
        /* Never from here: libcurl must not be entered twice. */
        ev_now_update(fetcher->loop);
        ev_timer_set(&fetcher->timer, (double)ms / 1000, 0);
        ev_timer_start(fetcher->loop, &fetcher->timer);
    }
    return 0;
}

static void drop_watch(struct socket_watch *watch) {
    if (watch) {
        ev_io_stop(watch->fetcher->loop, &watch->io);
        free(watch);
    }
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
                        void *socket_arg) {
    struct wf_fetcher *fetcher = arg;
    struct socket_watch *watch = socket_arg;
    int events = (what & CURL_POLL_IN ? EV_READ : 0) |
                 (what & CURL_POLL_OUT ? EV_WRITE : 0);

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        drop_watch(watch);
        curl_multi_assign(fetcher->multi, fd, NULL);
        return 0;
    }
    if (!watch) {
        watch = wf_calloc(1, sizeof(*watch));
        watch->fetcher = fetcher;
        curl_multi_assign(fetcher->multi, fd, watch);
    }
    ev_io_stop(fetcher->loop, &watch->io);
    ev_io_init(&watch->io, on_socket, fd, events);
    watch->io.data = fetcher;
    ev_io_start(fetcher->loop, &watch->io);
    return 0;
}

CURLMcode wf_fetch_multi_add(struct wf_fetcher *fetcher, CURL *easy) {
    CURLMcode code = curl_multi_add_handle(fetcher->multi, easy);

    if (code == CURLM_OK)
        fetcher->active++;
    return code;
}

void wf_fetch_multi_remove(struct wf_fetcher *fetcher, CURL *easy) {
    curl_multi_remove_handle(fetcher->multi, easy);
    fetcher->active--;
}

struct wf_fetcher *wf_fetcher_new(struct ev_loop *loop) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return NULL;
    CURLM *multi = curl_multi_init();
    if (!multi) {
        curl_global_cleanup();
        return NULL;
    }
    struct wf_fetcher *fetcher = wf_calloc(1, sizeof(*fetcher));
    fetcher->loop = loop;
    fetcher->multi = multi;
    ev_timer_init(&fetcher->timer, on_timer, 0, 0);
    fetcher->timer.data = fetcher;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, fetcher);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, fetcher);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 64L);
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, 512L);
    return fetcher;
}

void wf_fetcher_free(struct wf_fetcher *fetcher) {
    if (!fetcher)
        return;
    curl_multi_cleanup(fetcher->multi); /* closes kept connections */
    ev_timer_stop(fetcher->loop, &fetcher->timer);
    free(fetcher);
    curl_global_cleanup();
}
