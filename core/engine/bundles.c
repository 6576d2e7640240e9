/*
 * bundles.c - the engine's bundles: the current one, which new executions are
 * pinned to, and the stored ones, which workers get.
 *
 * A thread watches the handler directories (inotify) and reads them again
 * when something changes, so the loop touches no file. A directory that is
 * broken or half-written keeps the previous bundle and is reported; so does a
 * second reading that differs from the first, taken a moment later.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle.h"
#include "engine_impl.h"

#define SETTLE_MS 100
#define MAX_DEPTH 16
#define WATCHED                                                          \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | \
     IN_ATTRIB)

struct wf_bundles {
    struct wf_engine *engine;
    struct wf_bundle current;
    pthread_t thread;
    bool has_thread;
    int inotify, quit;
    struct ev_async news;
    pthread_mutex_t lock;       /* guards what follows */
    struct wf_bundle read;      /* the thread's latest */
    struct wf_error read_error;
    bool has_read, has_error;
};

/* Puts a bundle into the store and makes it the current one. */
static void adopt(struct wf_bundles *bundles, struct wf_bundle *bundle) {
    struct wf_engine *engine = bundles->engine;
    wf_bundle_deinit(&bundles->current);
    bundles->current = *bundle;
    *bundle = (struct wf_bundle){0};
    memcpy(engine->bundle, bundles->current.hash, sizeof(engine->bundle));
    if (bundles->current.files == 0)
        return;
    struct wf_key key = wf_key_bundle(engine->partition,
                                      wf_str(bundles->current.hash));
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 (struct wf_str){bundles->current.stored.data,
                                 bundles->current.stored.len});
    wf_engine_wake(engine);
}

static void news(struct ev_loop *loop, struct ev_async *watcher, int events) {
    struct wf_bundles *bundles = watcher->data;
    (void)loop;
    (void)events;
    pthread_mutex_lock(&bundles->lock);
    if (bundles->has_error)
        wf_engine_notice(bundles->engine,
                         WF_WARNING "handlers: %s; the previous ones stay in "
                         "use",
                         bundles->read_error.message);
    if (bundles->has_read &&
        strcmp(bundles->read.hash, bundles->current.hash) != 0) {
        wf_engine_notice(bundles->engine,
                         "handlers: changed, new executions use them");
        adopt(bundles, &bundles->read);
    }
    wf_bundle_deinit(&bundles->read);
    bool is_read = bundles->has_read;
    bundles->has_read = bundles->has_error = false;
    pthread_mutex_unlock(&bundles->lock);
    if (is_read && bundles->engine->events.handlers_read)
        bundles->engine->events.handlers_read(bundles->engine->events_arg);
}

/* ---- the thread ---- */

/* Watching a directory twice is watching it once. */
static void watch_tree(int inotify, const char *path, int depth) {
    DIR *directory = opendir(path);
    struct dirent *entry;
    if (!directory)
        return;
    inotify_add_watch(inotify, path, WATCHED);
    while ((entry = readdir(directory))) {
        char below[PATH_MAX];
        struct stat st;
        if (entry->d_name[0] == '.' || depth == MAX_DEPTH ||
            (size_t)snprintf(below, sizeof(below), "%s/%s", path,
                             entry->d_name) >= sizeof(below))
            continue;
        if (stat(below, &st) == 0 && S_ISDIR(st.st_mode))
            watch_tree(inotify, below, depth + 1);
    }
    closedir(directory);
}

static void watch_all(struct wf_bundles *bundles) {
    const char *const *directory = bundles->engine->options.handlers;
    for (; *directory; directory++)
        watch_tree(bundles->inotify, *directory, 0);
}

static void read_again(struct wf_bundles *bundles) {
    struct wf_bundle bundle;
    struct wf_error err;
    watch_all(bundles); /* first: what comes later is another change */
    int rc = wf_bundle_read(bundles->engine->options.handlers, &bundle, &err);
    pthread_mutex_lock(&bundles->lock);
    wf_bundle_deinit(&bundles->read);
    bundles->has_read = rc == 0;
    bundles->has_error = rc != 0;
    if (rc == 0)
        bundles->read = bundle;
    else
        bundles->read_error = err;
    pthread_mutex_unlock(&bundles->lock);
    if (rc != 0)
        wf_bundle_deinit(&bundle);
    ev_async_send(bundles->engine->loop, &bundles->news);
}

/* Waits for a change and then for a pause in the changes. */
static bool wait_for_change(struct wf_bundles *bundles) {
    struct pollfd fds[2] = {{.fd = bundles->inotify, .events = POLLIN},
                            {.fd = bundles->quit, .events = POLLIN}};
    bool changed = false;
    for (;;) {
        int ready = poll(fds, 2, changed ? SETTLE_MS : -1);
        if (ready < 0 && errno != EINTR)
            return false;
        if (fds[1].revents)
            return false;
        if (ready == 0)
            return true;
        if (fds[0].revents & POLLIN) {
            char events[4096];
            changed |= read(bundles->inotify, events, sizeof(events)) > 0;
        }
    }
}

static void *watch(void *arg) {
    struct wf_bundles *bundles = arg;
    while (wait_for_change(bundles))
        read_again(bundles);
    return NULL;
}

static void start_watching(struct wf_bundles *bundles) {
    bundles->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    bundles->quit = eventfd(0, EFD_CLOEXEC);
    if (bundles->inotify < 0 || bundles->quit < 0)
        return;
    watch_all(bundles);
    ev_async_init(&bundles->news, news);
    bundles->news.data = bundles;
    ev_async_start(bundles->engine->loop, &bundles->news);
    ev_unref(bundles->engine->loop); /* alone it keeps no loop running */
    bundles->has_thread =
        pthread_create(&bundles->thread, NULL, watch, bundles) == 0;
}

int wf_bundles_open(struct wf_engine *engine, struct wf_error *err) {
    struct wf_bundles *bundles = wf_calloc(1, sizeof(*bundles));
    struct wf_bundle bundle;
    struct wf_error why;
    (void)err;
    bundles->engine = engine;
    bundles->inotify = bundles->quit = -1;
    pthread_mutex_init(&bundles->lock, NULL);
    engine->bundles = bundles;
    if (!engine->options.handlers || !engine->options.handlers[0])
        return 0;
    if (wf_bundle_read(engine->options.handlers, &bundle, &why) == 0) {
        adopt(bundles, &bundle);
    } else {
        wf_bundle_deinit(&bundle);
        wf_engine_notice(engine, WF_WARNING "handlers: %s; there are none now",
                         why.message);
    }
    start_watching(bundles);
    return 0;
}

void wf_bundles_close(struct wf_engine *engine) {
    struct wf_bundles *bundles = engine->bundles;
    if (!bundles)
        return;
    if (bundles->has_thread) {
        uint64_t one = 1;
        if (write(bundles->quit, &one, sizeof(one)) < 0)
            pthread_cancel(bundles->thread);
        pthread_join(bundles->thread, NULL);
        ev_ref(engine->loop);
        ev_async_stop(engine->loop, &bundles->news);
    }
    if (bundles->inotify >= 0)
        close(bundles->inotify);
    if (bundles->quit >= 0)
        close(bundles->quit);
    pthread_mutex_destroy(&bundles->lock);
    wf_bundle_deinit(&bundles->current);
    wf_bundle_deinit(&bundles->read);
    free(bundles);
    engine->bundles = NULL;
}

/* ---- to the workers ---- */

static void send_stored(struct wf_engine *engine, struct wf_str hash,
                        struct wf_str stored) {
    struct wf_reader in = {stored.data, stored.data + stored.len, false};
    wf_read_u8(&in);
    uint64_t count = wf_read_varint(&in);
    if (in.bad || count > stored.len) {
        wf_pool_bundle_files(engine->pool, hash, NULL, 0);
        return;
    }
    struct wf_bundle_file *files = wf_calloc(count, sizeof(*files));
    for (uint64_t i = 0; i < count; i++) {
        files[i].path = wf_read_text(&in);
        files[i].content = wf_read_text(&in);
    }
    wf_pool_bundle_files(engine->pool, hash, files, in.bad ? 0 : count);
    free(files);
}

struct bundle_read {
    struct wf_engine *engine;
    char hash[65];
};

static void bundle_rows(void *arg, const struct wf_row *rows, size_t count,
                        bool more, const struct wf_error *err) {
    struct bundle_read *read = arg;
    (void)more;
    read->engine->loads--;
    if (wf_engine_read_failed(read->engine, err))
        return;
    send_stored(read->engine, wf_str(read->hash),
                count == 1 ? rows->value : WF_STR_NULL);
    free(read);
}

void wf_bundle_send(struct wf_engine *engine, struct wf_str hash) {
    struct wf_bundle *current = &engine->bundles->current;
    if (hash.len > 64 || hash.len == 0) {
        wf_pool_bundle_files(engine->pool, hash, NULL, 0);
    } else if (wf_str_eq(hash, wf_str(current->hash))) {
        send_stored(engine, hash, (struct wf_str){current->stored.data,
                                                  current->stored.len});
    } else {
        struct bundle_read *read = wf_calloc(1, sizeof(*read));
        read->engine = engine;
        memcpy(read->hash, hash.data, hash.len);
        struct wf_key key = wf_key_bundle(engine->partition, hash);
        engine->loads++;
        wf_store_get(engine->store, wf_key_str(&key), bundle_rows, read);
    }
}
