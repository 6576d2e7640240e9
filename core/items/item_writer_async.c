/* item_writer_async.c - results by a helper. See item_writer_async.h. */
#include "item_writer_async.h"

#include <assert.h>
#include <stdlib.h>

struct wf_item_writer_async {
    struct wf_job job; /* first: the job is the whole */
    struct wf_offload *offload;
    struct wf_item_writer_options options; /* texts owned */
    struct wf_item_writer *writer; /* opened by the first job */
    struct wf_buf start;           /* the position to open at */
    struct wf_buf pending;         /* results added on the loop */
    struct wf_buf writing;         /* results of the job */
    struct wf_buf text;            /* what the job gives back */
    struct wf_error err;
    int rc;
    bool finish;
    wf_item_written_fn done;
    void *arg;
    bool busy;
    bool in_callback;
    bool freed;
};

static void destroy(struct wf_item_writer_async *async) {
    wf_item_writer_free(async->writer);
    free((char *)async->options.bucket.data);
    free((char *)async->options.prefix.data);
    free((char *)async->options.map_run.data);
    wf_buf_free(&async->start);
    wf_buf_free(&async->pending);
    wf_buf_free(&async->writing);
    wf_buf_free(&async->text);
    free(async);
}

/* ---- results between threads ---- */

/* An absent text is another one than an empty one. */
static void put_text(struct wf_buf *out, struct wf_str text) {
    wf_buf_u8(out, text.data != NULL);
    if (text.data)
        wf_buf_text(out, text);
}

static struct wf_str take_text(struct wf_reader *in) {
    return wf_read_u8(in) ? wf_read_text(in) : WF_STR_NULL;
}

void wf_item_writer_async_add(struct wf_item_writer_async *async,
                              enum wf_result_kind kind,
                              const struct wf_item_result *result) {
    struct wf_buf *out = &async->pending;

    wf_buf_u8(out, (uint8_t)kind);
    put_text(out, result->execution_arn);
    put_text(out, result->state_machine_arn);
    put_text(out, result->name);
    put_text(out, result->status);
    put_text(out, result->input);
    put_text(out, result->output);
    put_text(out, result->error);
    put_text(out, result->cause);
    put_text(out, result->redrive_status);
    put_text(out, result->redrive_reason);
    wf_buf_be64(out, (uint64_t)result->start_ms);
    wf_buf_be64(out, (uint64_t)result->stop_ms);
    wf_buf_be32(out, result->redrive_count);
}

static enum wf_result_kind take_result(struct wf_reader *in,
                                       struct wf_item_result *result) {
    enum wf_result_kind kind = (enum wf_result_kind)wf_read_u8(in);

    result->execution_arn = take_text(in);
    result->state_machine_arn = take_text(in);
    result->name = take_text(in);
    result->status = take_text(in);
    result->input = take_text(in);
    result->output = take_text(in);
    result->error = take_text(in);
    result->cause = take_text(in);
    result->redrive_status = take_text(in);
    result->redrive_reason = take_text(in);
    result->start_ms = (int64_t)wf_read_be64(in);
    result->stop_ms = (int64_t)wf_read_be64(in);
    result->redrive_count = wf_read_be32(in);
    return kind;
}

/* ---- the job ---- */

static int write_results(struct wf_item_writer_async *async) {
    struct wf_reader in = {async->writing.data,
                           async->writing.data + async->writing.len, false};

    while (in.at < in.end) {
        struct wf_item_result result;
        enum wf_result_kind kind = take_result(&in, &result);
        assert(!in.bad);
        if (wf_item_writer_add(async->writer, kind, &result, &async->err) !=
            0)
            return -1;
    }
    async->writing.len = 0;
    return 0;
}

/* On a helper thread. */
static void work(struct wf_job *job) {
    struct wf_item_writer_async *async = (struct wf_item_writer_async *)job;
    struct wf_str start = {async->start.data, async->start.len};

    if (!async->writer)
        async->writer =
            wf_item_writer_open(&async->options, start, &async->err);
    async->rc = async->writer ? write_results(async) : -1;
    if (async->rc == 0 && async->finish)
        async->rc = wf_item_writer_finish(async->writer, &async->text,
                                          &async->err);
    else if (async->rc == 0)
        async->rc = wf_item_writer_flush(async->writer, &async->text,
                                         &async->err);
}

static void done(struct wf_job *job) {
    struct wf_item_writer_async *async = (struct wf_item_writer_async *)job;

    async->busy = false;
    if (!async->freed) {
        async->in_callback = true;
        async->done(async->arg,
                    (struct wf_str){async->text.data, async->text.len},
                    async->rc == 0 ? NULL : &async->err);
        async->in_callback = false;
    }
    if (async->freed && !async->busy)
        destroy(async);
}

static void submit(struct wf_item_writer_async *async, bool finish,
                   wf_item_written_fn fn, void *arg) {
    assert(!async->busy && !async->freed);
    async->busy = true;
    async->finish = finish;
    async->done = fn;
    async->arg = arg;
    async->text.len = 0;
    if (async->writing.len == 0) {
        struct wf_buf empty = async->writing;
        async->writing = async->pending;
        async->pending = empty;
    } else { /* what a cancelled job has left comes first */
        wf_buf_add(&async->writing, async->pending.data, async->pending.len);
        async->pending.len = 0;
    }
    async->rc = wf_error_set(&async->err, WF_E_BUSY, "writing was cancelled");
    wf_offload_submit(async->offload, &async->job);
}

void wf_item_writer_async_flush(struct wf_item_writer_async *async,
                                wf_item_written_fn fn, void *arg) {
    submit(async, false, fn, arg);
}

void wf_item_writer_async_finish(struct wf_item_writer_async *async,
                                 wf_item_written_fn fn, void *arg) {
    submit(async, true, fn, arg);
}

/* ---- new and free ---- */

struct wf_item_writer_async *
wf_item_writer_async_new(struct wf_offload *offload,
                         const struct wf_item_writer_options *options,
                         struct wf_str position) {
    struct wf_item_writer_async *async = wf_calloc(1, sizeof(*async));

    async->offload = offload;
    async->options = *options;
    async->options.cancelled = &async->job.cancelled;
    async->options.bucket = wf_item_copy(options->bucket);
    async->options.prefix = wf_item_copy(options->prefix);
    async->options.map_run = wf_item_copy(options->map_run);
    wf_buf_addstr(&async->start, position);
    async->job.work = work;
    async->job.done = done;
    async->job.is_long = true;
    return async;
}

void wf_item_writer_async_free(struct wf_item_writer_async *async) {
    if (!async)
        return;
    async->freed = true;
    if (async->busy)
        wf_job_cancel(&async->job);
    else if (!async->in_callback)
        destroy(async);
}

size_t
wf_item_writer_async_pending(const struct wf_item_writer_async *async) {
    return async->pending.len;
}

bool wf_item_writer_async_busy(const struct wf_item_writer_async *async) {
    return async->busy;
}
