/*
 * docs.c - payload documents in the store.
 *
 * A document stands in the tail or segment where it was first used. One
 * beyond PIECE_BYTES has only its length there; its text is rows of table P,
 * written a few at a time: one value of 100 MB in one commit would hold up
 * everybody behind it. An execution whose pieces are not all written yet is
 * held back from the batch, and so is what waits for it; the others go on.
 * The pieces belong to the execution and its document's number, so whatever
 * removes an execution removes them by range.
 */
#include <stdlib.h>

#include "engine_impl.h"

#define PIECE_BYTES ((size_t)64 << 10)
#define BATCH_BYTES ((size_t)2 << 20)
#define HASH_BYTES ((size_t)1 << 20) /* at once */
#define HASH_THREADS 2

struct wf_pieces {
    struct wf_link link;
    struct wf_execution *execution; /* pinned */
    uint64_t number;
    struct wf_doc *doc;
    uint32_t next;
    bool is_put;      /* all of it is in batches */
    size_t sha256_at; /* in the execution's tail, which is not cut before */
    struct hashing *hashing;  /* NULL: the tail has the hash */
    struct wf_effects after; /* wait for this and all before it */
};

/* A thread's part: long documents would hold up the loop. */
struct hashing {
    struct wf_job job;
    struct wf_pieces *pieces; /* NULL: nobody waits */
    struct wf_doc *doc;
    uint8_t sha256[WF_LINK_BYTES];
};

/* ---- hashes ---- */

static void hash_text(struct wf_job *job, struct wf_str text,
                      uint8_t sha256[WF_LINK_BYTES]) {
    struct wf_hash *hash = wf_hash_new();
    size_t at = 0;
    wf_hash_begin(hash);
    while (at < text.len && !(job && wf_job_is_cancelled(job))) {
        size_t left = text.len - at;
        struct wf_str some = {text.data + at,
                              left < HASH_BYTES ? left : HASH_BYTES};
        wf_hash_add(hash, some);
        at += some.len;
    }
    wf_hash_end(hash, sha256);
    wf_hash_free(hash);
}

static void hash_work(struct wf_job *job) {
    struct hashing *hashing = (struct hashing *)(void *)job;
    hash_text(job, wf_doc_text(hashing->doc), hashing->sha256);
}

static void set_sha256(struct wf_pieces *pieces,
                       const uint8_t sha256[WF_LINK_BYTES]) {
    memcpy(pieces->execution->tail.bytes.data + pieces->sha256_at, sha256,
           WF_LINK_BYTES);
}

static void hash_done(struct wf_job *job) {
    struct hashing *hashing = (struct hashing *)(void *)job;
    if (hashing->pieces) {
        set_sha256(hashing->pieces, hashing->sha256);
        hashing->pieces->hashing = NULL;
    }
    wf_doc_unref(hashing->doc);
    free(hashing);
}

static void make_hash(struct wf_engine *engine, struct wf_pieces *pieces) {
    uint8_t sha256[WF_LINK_BYTES];
    if (pieces->doc->len <= WF_EVALUATE_BYTES) {
        hash_text(NULL, wf_doc_text(pieces->doc), sha256);
        set_sha256(pieces, sha256);
        return;
    }
    struct hashing *hashing = wf_calloc(1, sizeof(*hashing));
    hashing->job = (struct wf_job){.work = hash_work, .done = hash_done};
    hashing->pieces = pieces;
    hashing->doc = wf_doc_ref(pieces->doc);
    pieces->hashing = hashing;
    if (!engine->hash_threads)
        engine->hash_threads = wf_offload_new(engine->loop, HASH_THREADS);
    wf_offload_submit(engine->hash_threads, &hashing->job);
}

/* ---- writing ---- */

/* Large texts are not compared on the loop: parsing has done so. */
static bool is_same(const struct wf_doc *known, const struct wf_doc *doc) {
    return known == doc ||
           (known && doc->len <= WF_EVALUATE_BYTES &&
            wf_str_eq(wf_doc_text(known), wf_doc_text(doc)));
}

/* Never written: only "there is one", unless somebody is shown it. */
static uint64_t express_number(const struct wf_engine *engine,
                               struct wf_execution *execution,
                               const struct wf_doc *doc) {
    struct wf_str text = wf_doc_text(doc);
    size_t most;

    if (!wf_docs_are_observed(engine, execution))
        return 1;
    most = wf_observed_doc_bytes(engine);
    if (text.len > most)
        text.len = most;
    return wf_tail_add_doc(&execution->tail, text);
}

uint64_t wf_execution_doc(struct wf_engine *engine,
                          struct wf_execution *execution, struct wf_doc *doc,
                          const struct wf_ref *const *known,
                          struct wf_ref *ref) {
    uint64_t number = 0;
    for (; number == 0 && known && *known; known++)
        if (is_same((*known)->doc, doc))
            number = (*known)->number;
    if (number == 0 && execution->express) {
        number = express_number(engine, execution, doc);
    } else if (number == 0 && doc->len <= PIECE_BYTES) {
        number = wf_tail_add_doc(&execution->tail, wf_doc_text(doc));
    } else if (number == 0) {
        struct wf_pieces *pieces = wf_calloc(1, sizeof(*pieces));
        number = wf_tail_add_pieces(&execution->tail, doc->len);
        *pieces = (struct wf_pieces){.execution = execution,
                                     .number = number,
                                     .doc = wf_doc_ref(doc),
                                     .sha256_at = execution->tail.bytes.len -
                                                  WF_LINK_BYTES};
        execution->pins++;
        execution->pieces_due++;
        wf_list_append(&engine->pieces, &pieces->link);
        make_hash(engine, pieces);
        wf_engine_wake(engine);
    }
    if (ref)
        wf_ref_set(ref, number, doc);
    return number;
}

struct wf_effects *wf_pieces_effects(struct wf_engine *engine) {
    return wf_list_is_empty(&engine->pieces)
               ? NULL
               : &WF_ENTRY(engine->pieces.previous, struct wf_pieces, link)
                      ->after;
}

static void pieces_free(struct wf_pieces *pieces) {
    wf_list_remove(&pieces->link);
    wf_effects_free(&pieces->after);
    if (pieces->hashing) { /* the engine is closing */
        pieces->hashing->pieces = NULL;
        wf_job_cancel(&pieces->hashing->job);
    }
    pieces->execution->pins--;
    pieces->execution->pieces_due--;
    wf_doc_unref(pieces->doc);
    free(pieces);
}

static void put_piece(struct wf_engine *engine, struct wf_pieces *pieces) {
    size_t from = pieces->next * PIECE_BYTES;
    size_t left = pieces->doc->len - from;
    struct wf_str text = {pieces->doc->text + from,
                          left < PIECE_BYTES ? left : PIECE_BYTES};
    struct wf_key key = wf_key_piece(engine->partition,
                                     pieces->execution->id, pieces->number,
                                     pieces->next++);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key), text);
    pieces->is_put = left <= PIECE_BYTES;
}

void wf_pieces_write(struct wf_engine *engine) {
    size_t room = BATCH_BYTES / PIECE_BYTES;
    while (room-- > 0 && !wf_list_is_empty(&engine->pieces)) {
        struct wf_pieces *first =
            WF_ENTRY(engine->pieces.next, struct wf_pieces, link);
        if (!first->is_put)
            put_piece(engine, first);
        if (first->is_put && first->hashing)
            return; /* the loop turns when the thread is done */
        if (first->is_put) {
            wf_effects_release(engine, &first->after);
            pieces_free(first);
        }
    }
}

void wf_pieces_free(struct wf_engine *engine) {
    struct wf_link *link;
    while ((link = wf_list_shift(&engine->pieces)))
        pieces_free(WF_ENTRY(link, struct wf_pieces, link));
}

/* ---- reading ---- */

struct doc_read {
    struct wf_engine *engine;
    uint64_t execution, number;
    uint32_t next_piece;
    bool has_waited; /* what memory knew is durable */
    size_t length;
    size_t most; /* bytes; 0: any number */
    struct wf_buf text;
    wf_doc_fn *done;
    void *arg;
    wf_beside_fn *beside; /* NULL: nobody asks */
};

static void read_drop(void *memory) {
    struct doc_read *read = memory;
    wf_buf_free(&read->text);
}

static void finish(struct doc_read *read, struct wf_str text) {
    read->engine->loads--;
    read->done(read->arg, text);
    wf_call_free(read);
}

static void read_pieces(struct doc_read *read);

static void read_pieces_again(void *arg) {
    read_pieces(arg);
}

/* Pieces of an execution in memory may not be written yet: once more when
 * they are. */
static void miss_pieces(struct doc_read *read) {
    struct wf_execution *execution =
        wf_table_by_id(&read->engine->table, read->execution);
    if (!execution || read->has_waited) {
        finish(read, WF_STR_NULL);
        return;
    }
    read->has_waited = true;
    wf_execution_after(read->engine, execution, read_pieces_again, read);
}

static void piece_rows(void *arg, const struct wf_row *rows, size_t count,
                       bool more, const struct wf_error *err) {
    struct doc_read *read = arg;
    (void)more;
    if (wf_engine_read_failed(read->engine, err))
        return;
    for (size_t i = 0; i < count; i++)
        wf_buf_addstr(&read->text, rows[i].value);
    read->next_piece += (uint32_t)count;
    if (read->text.len == read->length)
        finish(read, (struct wf_str){read->text.data, read->text.len});
    else if (read->text.len > read->length)
        finish(read, WF_STR_NULL);
    else if (count == 0)
        miss_pieces(read);
    else
        read_pieces(read);
}

static void read_pieces(struct doc_read *read) {
    uint16_t partition = read->engine->partition;
    struct wf_key from = wf_key_piece(partition, read->execution,
                                      read->number, read->next_piece);
    struct wf_key to = wf_key_piece(partition, read->execution, read->number,
                                    UINT32_MAX);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_bytes = BATCH_BYTES};
    wf_store_scan(read->engine->store, &range, piece_rows, read);
}

/* Goes on from where the document was found, or with `otherwise`. */
static void take_entry(struct doc_read *read, enum wf_tail_entry entry,
                       struct wf_str text,
                       void (*otherwise)(struct doc_read *read)) {
    read->length = text.len;
    if (read->most && text.len > read->most &&
        (entry == WF_TAIL_PIECES || entry == WF_TAIL_DOC))
        finish(read, WF_STR_NULL);
    else if (entry == WF_TAIL_PIECES)
        read_pieces(read);
    else if (entry == WF_TAIL_DOC)
        finish(read, text);
    else
        otherwise(read);
}

/* Looks through a run of events and documents. */
static enum wf_tail_entry look_through(const struct doc_read *read,
                                       struct wf_tail_cursor cursor,
                                       struct wf_str *text) {
    struct wf_tail_cursor again = cursor;
    enum wf_tail_entry entry = WF_TAIL_EVENT;
    struct wf_event event;
    uint64_t number;

    while (read->beside && entry != WF_TAIL_END && entry != WF_TAIL_BAD) {
        entry = wf_tail_next(&again, &event, &number, text);
        if (entry == WF_TAIL_DOC && number != read->number)
            read->beside(read->arg, number, *text);
    }
    return wf_tail_find_doc(cursor, read->number, text);
}

static void give_up(struct doc_read *read) {
    finish(read, WF_STR_NULL);
}

/* A short history that has ended stands inside the execution's row. */
static void inline_rows(void *arg, const struct wf_row *rows, size_t count,
                        bool more, const struct wf_error *err) {
    struct doc_read *read = arg;
    struct wf_execution_image image;
    struct wf_tail_cursor cursor;
    struct wf_str text = WF_STR_NULL;
    enum wf_tail_entry entry = WF_TAIL_END;
    (void)more;
    if (wf_engine_read_failed(read->engine, err))
        return;
    if (count == 1) {
        struct wf_reader in = {rows->value.data,
                               rows->value.data + rows->value.len, false};
        if (wf_execution_decode(&in, &image) &&
            wf_segment_walk((struct wf_str){in.at, (size_t)(in.end - in.at)},
                            0, &cursor, NULL))
            entry = look_through(read, cursor, &text);
    }
    take_entry(read, entry, text, give_up);
}

static void look_inline(struct doc_read *read) {
    struct wf_key key = wf_key_execution(read->engine->partition,
                                         read->execution);
    wf_store_get(read->engine->store, wf_key_str(&key), inline_rows, read);
}

static void look_in_segments(void *arg);

/* The segment of an execution in memory may be on its way to the disk still:
 * once more when that is durable. */
static void look_again(struct doc_read *read) {
    struct wf_execution *execution =
        wf_table_by_id(&read->engine->table, read->execution);
    if (!execution || read->has_waited) {
        look_inline(read);
        return;
    }
    read->has_waited = true;
    wf_execution_after(read->engine, execution, look_in_segments, read);
}

static void segment_rows(void *arg, const struct wf_row *rows, size_t count,
                         bool more, const struct wf_error *err) {
    struct doc_read *read = arg;
    struct wf_tail_cursor cursor;
    struct wf_str text = WF_STR_NULL;
    enum wf_tail_entry entry = WF_TAIL_END;
    (void)more;
    if (wf_engine_read_failed(read->engine, err))
        return;
    if (count == 1 && wf_segment_walk(rows->value, 0, &cursor, NULL))
        entry = look_through(read, cursor, &text);
    take_entry(read, entry, text, look_again);
}

static void look_in_segments(void *arg) {
    struct doc_read *read = arg;
    uint16_t partition = read->engine->partition;
    struct wf_key from = wf_key_segment(partition, read->execution, 0);
    struct wf_key to = wf_key_segment(partition, read->execution,
                                      WF_DOC_EVENT(read->number) + 1);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .reverse = true,
                             .max_rows = 1,
                             .max_bytes = SIZE_MAX};
    wf_store_scan(read->engine->store, &range, segment_rows, read);
}

/* What the execution works with has been read before. */
static const struct wf_doc *doc_in_use(const struct wf_execution *execution,
                                       uint64_t number) {
    const struct wf_frame *frame = execution->frames;

    if (execution->input.number == number && execution->input.doc)
        return execution->input.doc;
    if (frame && frame->input.number == number)
        return frame->input.doc;
    return NULL;
}

/* The tail of an execution in memory, then its segments. */
static void look_in_memory(struct doc_read *read,
                           struct wf_execution *execution) {
    const struct wf_doc *doc = doc_in_use(execution, read->number);
    struct wf_tail_cursor cursor;
    struct wf_str text;
    if (doc) {
        bool fits = !read->most || doc->len <= read->most;
        finish(read, fits ? wf_doc_text(doc) : WF_STR_NULL);
        return;
    }
    wf_tail_walk(&execution->tail, execution->start_ms, &cursor);
    enum wf_tail_entry entry = look_through(read, cursor, &text);
    if (entry == WF_TAIL_END)
        look_in_segments(read);
    else
        take_entry(read, entry, text, give_up);
}

static void start_read(const struct doc_read *asked) {
    struct wf_engine *engine = asked->engine;
    struct doc_read *read = wf_call_new(engine, sizeof(*read), read_drop);
    *read = *asked;
    engine->loads++;
    struct wf_execution *in_memory =
        wf_table_by_id(&engine->table, read->execution);
    if (read->length)
        read_pieces(read);
    else if (in_memory)
        look_in_memory(read, in_memory);
    else
        look_in_segments(read);
}

void wf_doc_read(struct wf_engine *engine, uint64_t execution,
                 uint64_t number, uint64_t length, wf_doc_fn *done,
                 void *arg) {
    wf_doc_read_beside(engine, execution, number, length, NULL, done, arg);
}

void wf_doc_read_small(struct wf_engine *engine, uint64_t execution,
                       uint64_t number, size_t most, wf_doc_fn *done,
                       void *arg) {
    struct doc_read read = {
        .engine = engine, .execution = execution, .number = number,
        .most = most, .done = done, .arg = arg};
    start_read(&read);
}

void wf_doc_read_beside(struct wf_engine *engine, uint64_t execution,
                        uint64_t number, uint64_t length,
                        wf_beside_fn *beside, wf_doc_fn *done, void *arg) {
    struct doc_read read = {
        .engine = engine, .execution = execution, .number = number,
        .length = length, .beside = beside, .done = done, .arg = arg};
    start_read(&read);
}
