/* backup_writer.c - see backup_writer.h. */
#include "backup_writer.h"

#include <pthread.h>
#include <stdlib.h>

#include "file.h"

struct message {
    struct message *next;
    struct wf_batch *batch;
};

struct wf_backup_writer {
    char *directory, *partial;
    pthread_t thread;
    struct ev_loop *home;  /* the caller's */
    ev_async told;         /* on it */
    void (*changed)(void *arg);
    void *arg;

    struct ev_loop *loop;  /* the thread's */
    ev_async wake;         /* on it. To the mutex all is the thread's. */
    struct wf_store *store;
    struct wf_buf sizes;   /* size_t, of batches in the store, in order */
    size_t sizes_at;
    bool is_over;          /* nothing more is expected */

    pthread_mutex_t mutex; /* of what follows */
    struct message *first, **last;
    size_t due;
    bool finishing, aborting, has_ended;
    struct wf_error err;
};

/* ---- the thread ---- */

static void tell(struct wf_backup_writer *writer) {
    ev_async_send(writer->home, &writer->told);
}

static void fail(struct wf_backup_writer *writer, const struct wf_error *err) {
    pthread_mutex_lock(&writer->mutex);
    if (writer->err.code == WF_OK)
        writer->err = *err;
    pthread_mutex_unlock(&writer->mutex);
    ev_break(writer->loop, EVBREAK_ALL);
}

static void state_changed(void *arg, enum wf_store_state state,
                          const struct wf_error *why) {
    struct wf_error err;
    if (state == WF_STORE_OK)
        return;
    wf_error_set(&err, WF_E_IO, "%s",
                 why ? why->message : "the copy can't be written");
    fail(arg, &err);
}

static void end_if_over(struct wf_backup_writer *writer) {
    if (writer->is_over && writer->sizes_at == writer->sizes.len)
        ev_break(writer->loop, EVBREAK_ALL);
}

static void is_written(void *arg, const struct wf_error *err) {
    struct wf_backup_writer *writer = arg;
    size_t bytes;
    (void)err; /* no batch has preconditions */
    memcpy(&bytes, writer->sizes.data + writer->sizes_at, sizeof(bytes));
    writer->sizes_at += sizeof(bytes);
    if (writer->sizes_at == writer->sizes.len)
        writer->sizes_at = writer->sizes.len = 0;
    pthread_mutex_lock(&writer->mutex);
    writer->due -= bytes;
    pthread_mutex_unlock(&writer->mutex);
    tell(writer);
    end_if_over(writer);
}

static void write_batch(struct wf_backup_writer *writer,
                        struct wf_batch *batch) {
    size_t bytes = wf_batch_bytes(batch);
    wf_buf_add(&writer->sizes, &bytes, sizeof(bytes));
    wf_store_apply(writer->store, batch, is_written, writer);
}

static struct message *take_all(struct wf_backup_writer *writer,
                                bool *finishing, bool *aborting) {
    pthread_mutex_lock(&writer->mutex);
    struct message *first = writer->first;
    writer->first = NULL;
    writer->last = &writer->first;
    *finishing = writer->finishing;
    *aborting = writer->aborting;
    pthread_mutex_unlock(&writer->mutex);
    return first;
}

static void messages_free(struct message *message) {
    while (message) {
        struct message *next = message->next;
        wf_batch_free(message->batch);
        free(message);
        message = next;
    }
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events) {
    struct wf_backup_writer *writer = wake->data;
    bool finishing, aborting;
    struct message *message = take_all(writer, &finishing, &aborting);
    (void)events;
    if (aborting) {
        messages_free(message);
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    while (message) {
        struct message *next = message->next;
        write_batch(writer, message->batch);
        free(message);
        message = next;
    }
    writer->is_over = finishing;
    end_if_over(writer);
}

static int write_store(struct wf_backup_writer *writer,
                       struct wf_error *err) {
    struct wf_store_options options = {.directory = writer->partial};
    if (wf_store_open_lmdb(writer->loop, &options, &writer->store, err) != 0)
        return -1;
    wf_store_watch(writer->store, state_changed, writer);
    ev_async_send(writer->loop, &writer->wake); /* for what came before */
    ev_run(writer->loop, 0);
    wf_store_close(writer->store);
    if (writer->is_over && writer->sizes_at == writer->sizes.len)
        return wf_file_rename(writer->partial, writer->directory, err) ||
                       wf_file_sync_parent(writer->directory, err)
                   ? -1
                   : 0;
    return wf_error_set(err, WF_E_INTERNAL, "the backup was given up");
}

static void *run(void *arg) {
    struct wf_backup_writer *writer = arg;
    struct wf_error err = {.code = WF_OK}, ignored;
    if (write_store(writer, &err) != 0)
        wf_file_remove_tree(writer->partial, NULL, &ignored);
    pthread_mutex_lock(&writer->mutex);
    if (writer->err.code == WF_OK)
        writer->err = err;
    writer->has_ended = true;
    pthread_mutex_unlock(&writer->mutex);
    tell(writer);
    return NULL;
}

/* ---- the caller ---- */

static void on_told(struct ev_loop *loop, ev_async *told, int events) {
    struct wf_backup_writer *writer = told->data;
    (void)loop, (void)events;
    writer->changed(writer->arg);
}

struct wf_backup_writer *wf_backup_writer_new(struct ev_loop *loop,
                                              const char *directory,
                                              void (*changed)(void *arg),
                                              void *arg) {
    struct wf_backup_writer *writer = wf_calloc(1, sizeof(*writer));
    *writer = (struct wf_backup_writer){
        .directory = wf_strndup(directory, strlen(directory)),
        .home = loop, .changed = changed, .arg = arg};
    struct wf_buf partial = {0};
    wf_buf_addf(&partial, "%s.partial", directory);
    wf_buf_u8(&partial, 0);
    writer->partial = partial.data;
    writer->last = &writer->first;
    pthread_mutex_init(&writer->mutex, NULL);
    ev_async_init(&writer->told, on_told);
    writer->told.data = writer;
    ev_async_start(loop, &writer->told);
    writer->loop = ev_loop_new(EVFLAG_AUTO);
    ev_async_init(&writer->wake, on_wake);
    writer->wake.data = writer;
    ev_async_start(writer->loop, &writer->wake);
    if (pthread_create(&writer->thread, NULL, run, writer) != 0)
        abort(); /* as out of memory */
    return writer;
}

void wf_backup_writer_put(struct wf_backup_writer *writer,
                          struct wf_batch *batch) {
    struct message *message = wf_malloc(sizeof(*message));
    *message = (struct message){.batch = batch};
    pthread_mutex_lock(&writer->mutex);
    writer->due += wf_batch_bytes(batch);
    *writer->last = message;
    writer->last = &message->next;
    pthread_mutex_unlock(&writer->mutex);
    ev_async_send(writer->loop, &writer->wake);
}

size_t wf_backup_writer_due(struct wf_backup_writer *writer) {
    pthread_mutex_lock(&writer->mutex);
    size_t due = writer->due;
    pthread_mutex_unlock(&writer->mutex);
    return due;
}

void wf_backup_writer_finish(struct wf_backup_writer *writer) {
    pthread_mutex_lock(&writer->mutex);
    writer->finishing = true;
    pthread_mutex_unlock(&writer->mutex);
    ev_async_send(writer->loop, &writer->wake);
}

bool wf_backup_writer_has_ended(struct wf_backup_writer *writer,
                                struct wf_error *err) {
    pthread_mutex_lock(&writer->mutex);
    bool has_ended = writer->has_ended;
    *err = writer->err;
    pthread_mutex_unlock(&writer->mutex);
    return has_ended;
}

void wf_backup_writer_free(struct wf_backup_writer *writer) {
    pthread_mutex_lock(&writer->mutex);
    writer->aborting = true;
    pthread_mutex_unlock(&writer->mutex);
    ev_async_send(writer->loop, &writer->wake);
    pthread_join(writer->thread, NULL);
    ev_async_stop(writer->home, &writer->told);
    ev_loop_destroy(writer->loop);
    messages_free(writer->first);
    pthread_mutex_destroy(&writer->mutex);
    wf_buf_free(&writer->sizes);
    free(writer->directory);
    free(writer->partial);
    free(writer);
}
