/* item_reader_async.c - batches on the loop. See item_reader_async.h. */
#include "item_reader_async.h"

#include <assert.h>
#include <stdlib.h>

struct wf_item_reader_async {
    struct wf_job job; /* first: the job is the whole */
    struct wf_offload *offload;
    struct wf_item_reader *reader;
    struct wf_buf position; /* where to begin; empty once begun */
    struct wf_item_batch batch;
    struct wf_error err;
    int rc;
    size_t max_items, max_bytes;
    wf_item_batch_fn done;
    void *arg;
    bool busy;
    bool in_callback;
    bool freed; /* by its owner, while busy or in the callback */
};

static void destroy(struct wf_item_reader_async *async) {
    wf_item_reader_free(async->reader);
    wf_item_batch_free(&async->batch);
    wf_buf_free(&async->position);
    free(async);
}

/* On a helper thread. */
static void work(struct wf_job *job) {
    struct wf_item_reader_async *async = (struct wf_item_reader_async *)job;
    struct wf_str position = {async->position.data, async->position.len};

    async->rc = 0;
    if (position.len)
        async->rc = wf_item_reader_seek(async->reader, position, &async->err);
    async->position.len = 0;
    if (async->rc == 0)
        async->rc = wf_item_reader_next(async->reader, async->max_items,
                                        async->max_bytes, &async->batch,
                                        &async->err);
}

static void done(struct wf_job *job) {
    struct wf_item_reader_async *async = (struct wf_item_reader_async *)job;

    async->busy = false;
    if (!async->freed) {
        async->in_callback = true;
        async->done(async->arg, &async->batch,
                    async->rc == 0 ? NULL : &async->err);
        async->in_callback = false;
    }
    if (async->freed && !async->busy)
        destroy(async);
}

struct wf_item_reader_async *
wf_item_reader_async_new(struct wf_offload *offload,
                         const struct wf_item_options *options,
                         struct wf_str position) {
    struct wf_item_reader_async *async = wf_calloc(1, sizeof(*async));

    async->offload = offload;
    async->reader = wf_item_reader_new(options);
    wf_item_reader_cancel_on(async->reader, &async->job.cancelled);
    wf_buf_addstr(&async->position, position);
    async->job.work = work;
    async->job.done = done;
    async->job.is_long = true;
    return async;
}

void wf_item_reader_async_free(struct wf_item_reader_async *async) {
    if (!async)
        return;
    async->freed = true;
    if (async->busy)
        wf_job_cancel(&async->job);
    else if (!async->in_callback)
        destroy(async);
}

void wf_item_reader_async_next(struct wf_item_reader_async *async,
                               size_t max_items, size_t max_bytes,
                               wf_item_batch_fn fn, void *arg) {
    assert(!async->busy && !async->freed);
    async->busy = true;
    async->max_items = max_items;
    async->max_bytes = max_bytes;
    async->done = fn;
    async->arg = arg;
    /* A job that is cancelled before it begins does no work. */
    async->rc = wf_error_set(&async->err, WF_E_BUSY, "reading was cancelled");
    wf_item_batch_clear(&async->batch);
    wf_offload_submit(async->offload, &async->job);
}

bool wf_item_reader_async_busy(const struct wf_item_reader_async *async) {
    return async->busy;
}
