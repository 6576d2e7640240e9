/*
 * results.c - what is stored of the results of a fork's children: the rows of
 * table O, and the documents that were not kept in memory.
 */
#include <stdlib.h>

#include "engine_impl.h"

/* ---- rows ---- */

#define RESULTS_IN_ROW 4096

void wf_results_put(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_fork *fork = frame->fork;
    /* Of a fork that has failed nobody wants to know them. */
    size_t count = fork->error || fork->is_aborted ? 0 : fork->unstored_count;
    uint32_t first = fork->done - (uint32_t)count;
    struct wf_buf row = {0};
    for (size_t i = 0; i < count; i += RESULTS_IN_ROW) {
        struct wf_key key =
            wf_key_results(engine->partition, frame->execution->id,
                           frame->number, first + (uint32_t)i);
        row.len = 0;
        wf_fork_encode_results(fork, i, RESULTS_IN_ROW, &row);
        wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                     (struct wf_str){row.data, row.len});
        fork->has_rows = true;
    }
    fork->unstored_count = fork->fresh_count = 0;
    wf_buf_free(&row);
}

void wf_results_delete(struct wf_engine *engine, struct wf_frame *frame) {
    uint64_t id = frame->execution->id;
    struct wf_key from =
        wf_key_results(engine->partition, id, frame->number, 0);
    struct wf_key to =
        wf_key_results(engine->partition, id, frame->number + 1, 0);
    wf_batch_delete_range(wf_engine_rows(engine), wf_key_str(&from),
                          wf_key_str(&to), UINT32_MAX);
}

/* ---- gathering ---- */

/* One read for a frame's fork: of rows, or of a document. */
struct gather {
    struct wf_engine *engine;
    uint64_t execution;
    uint32_t frame, index;
};

/* The frame and fork that a read was for; NULL: it is over. */
static struct wf_frame *reader_of(struct gather *read) {
    struct wf_engine *engine = read->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, read->execution);
    if (!execution)
        return NULL;
    execution->pins--;
    struct wf_frame *frame = wf_execution_frame(execution, read->frame);
    if (execution->status == WF_EXECUTION_RUNNING && frame && frame->fork)
        return frame;
    wf_execution_release(engine, execution);
    return NULL;
}

static struct gather *begin_read(struct wf_engine *engine,
                                 struct wf_frame *frame, uint32_t index) {
    struct gather *read = wf_call_new(engine, sizeof(*read), NULL);
    *read = (struct gather){engine, frame->execution->id, frame->number,
                            index};
    frame->execution->pins++;
    return read;
}

static void result_rows(void *arg, const struct wf_row *rows, size_t count,
                        bool more, const struct wf_error *err) {
    struct gather *read = arg;
    struct wf_engine *engine = read->engine;
    struct wf_frame *frame = reader_of(read);
    wf_call_free(read);
    engine->loads--;
    if (wf_engine_read_failed(engine, err) || !frame)
        return;
    struct wf_fork *fork = frame->fork;
    for (size_t i = 0; i < count; i++) {
        fork->rows_from = wf_key_u32(rows[i].key, 12) + 1;
        if (!wf_fork_decode_results(fork, rows[i].value))
            wf_engine_notice(engine,
                             WF_ERROR "execution %s: results of frame %u do "
                             "not decode", frame->execution->name,
                             frame->number);
    }
    fork->is_reading = false;
    fork->is_complete = !more;
    wf_frame_run(engine, frame);
}

static void read_rows(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_fork *fork = frame->fork;
    uint64_t id = frame->execution->id;
    struct wf_key from = wf_key_results(engine->partition, id, frame->number,
                                        fork->rows_from);
    struct wf_key to =
        wf_key_results(engine->partition, id, frame->number + 1, 0);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = 1024,
                             .max_bytes = 4 << 20};
    fork->is_reading = true;
    engine->loads++;
    wf_store_scan(engine->store, &range, result_rows,
                  begin_read(engine, frame, 0));
}

static void result_there(void *arg, struct wf_str text) {
    struct gather *read = arg;
    struct wf_engine *engine = read->engine;
    struct wf_frame *frame = reader_of(read);
    uint32_t index = read->index;
    wf_call_free(read);
    if (!frame)
        return;
    struct wf_fork *fork = frame->fork;
    if (!text.data) {
        wf_doc_is_lost(engine, frame->execution, 0);
        return;
    }
    struct wf_doc **doc =
        &fork->pages[index / WF_FORK_PAGE]->docs[index % WF_FORK_PAGE];
    if (!*doc) {
        *doc = wf_doc_trusted(text);
        fork->doc_bytes += text.len;
    }
    if (--fork->missing == 0)
        wf_frame_run(engine, frame);
}

/* So many documents are read at a time. */
#define READS_AT_ONCE 256

/* Begins to read results that are not in memory; true: none is missing. */
static bool read_documents(struct wf_engine *engine,
                           struct wf_frame *frame) {
    struct wf_fork *fork = frame->fork;
    bool complete = true;
    for (uint32_t i = 0; i < fork->count; i++) {
        struct wf_fork_page *page = wf_fork_page(fork, i / WF_FORK_PAGE);
        if (page->docs[i % WF_FORK_PAGE])
            continue;
        if (complete)
            fork->missing = 1; /* until all are asked for */
        complete = false;
        if (fork->missing > READS_AT_ONCE)
            break;
        fork->missing++;
        wf_doc_read(engine, frame->execution->id,
                    page->numbers[i % WF_FORK_PAGE], 0, result_there,
                    begin_read(engine, frame, i));
    }
    if (!complete && --fork->missing == 0)
        wf_frame_run(engine, frame);
    return complete;
}

bool wf_fork_gather(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_fork *fork = frame->fork;
    if (fork->is_reading || fork->missing)
        return false;
    if (!fork->is_complete) {
        read_rows(engine, frame);
        return false;
    }
    /* Too large to be wanted: the caller says so. */
    if (fork->doc_bytes > engine->options.payload_bytes)
        return true;
    return read_documents(engine, frame);
}
