/* backup.c - reads the slices and chooses what goes behind them. See
 * backup.h. */
#include "backup.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_writer.h"
#include "file.h"

#define SLICE_BYTES ((size_t)1 << 20)
#define SLICE_ROWS 20000
/* A disk that is slower than what is written meanwhile is no place for a
 * copy. */
#define MOST_DUE ((size_t)256 << 20)

/*
 * A slice begins with a marker: a batch that changes nothing. Once that is
 * durable, so is all that was applied before it, and a read sees it.
 */
struct wf_backup {
    struct wf_store_tee tee; /* first */
    struct wf_store *store;
    uint16_t partition;
    struct wf_backup_writer *writer;
    struct wf_backup_status status;
    const struct wf_backup_events *events;
    void *arg;

    struct wf_buf copied;    /* the last key that is in the copy */
    bool all_copied;         /* the last slice was read */
    bool is_marking, is_reading, finishing;
    struct wf_batch **kept;  /* since the marker: what is behind `copied` */
    size_t kept_count, kept_cap;
};

static int key_cmp(struct wf_str a, struct wf_str b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static struct wf_str text(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

/* ---- parts of batches ---- */

/* Keys with after < key <= upto. data NULL: no bound on that side. */
struct part {
    struct wf_str after, upto;
};

static bool has(const struct part *part, struct wf_str key) {
    return (!part->after.data || key_cmp(key, part->after) > 0) &&
           (!part->upto.data || key_cmp(key, part->upto) <= 0);
}

/* The first key behind `key`. */
static struct wf_str behind(struct wf_str key, struct wf_buf *scratch) {
    scratch->len = 0;
    wf_buf_addstr(scratch, key);
    wf_buf_u8(scratch, 0);
    return text(scratch);
}

static void add_range(struct wf_batch *to, const struct wf_op *op,
                      const struct part *part) {
    struct wf_buf from_key = {0}, to_key = {0};
    struct wf_str first = op->key, end = op->value;
    if (part->after.data && key_cmp(first, part->after) <= 0)
        first = behind(part->after, &from_key);
    if (part->upto.data && key_cmp(end, part->upto) > 0)
        end = behind(part->upto, &to_key);
    if (key_cmp(first, end) < 0)
        wf_batch_delete_range(to, first, end, op->limit);
    wf_buf_free(&from_key);
    wf_buf_free(&to_key);
}

/* What the batch does to these keys; NULL: nothing. Preconditions were met. */
static struct wf_batch *part_of(const struct wf_batch *batch,
                                const struct part *part) {
    struct wf_batch *to = wf_batch_new(wf_batch_partition(batch));
    for (size_t i = 0; i < wf_batch_count(batch); i++) {
        struct wf_op op = wf_batch_op(batch, i);
        if (op.kind == WF_OP_DELETE_RANGE)
            add_range(to, &op, part);
        else if (op.kind == WF_OP_PUT && has(part, op.key))
            wf_batch_put(to, op.key, op.value);
        else if (op.kind == WF_OP_DELETE && has(part, op.key))
            wf_batch_delete(to, op.key);
    }
    if (wf_batch_is_empty(to)) {
        wf_batch_free(to);
        return NULL;
    }
    return to;
}

static void put(struct wf_backup *backup, struct wf_batch *batch) {
    if (batch)
        wf_backup_writer_put(backup->writer, batch);
}

/* ---- the end ---- */

static void drop_kept(struct wf_backup *backup) {
    for (size_t i = 0; i < backup->kept_count; i++)
        wf_batch_free(backup->kept[i]);
    backup->kept_count = 0;
}

static void end(struct wf_backup *backup, const struct wf_error *err) {
    if (backup->status.is_over)
        return;
    backup->store->tee = NULL;
    drop_kept(backup);
    backup->status.is_over = true;
    backup->status.err = *err;
    backup->events->over(backup->arg);
}

static void fail(struct wf_backup *backup, enum wf_error_code code,
                 const char *why) {
    struct wf_error err;
    wf_error_set(&err, code, "%s", why);
    end(backup, &err);
}

/* ---- slices ---- */

static void next_slice(struct wf_backup *backup);

static void keep(struct wf_backup *backup, struct wf_batch *batch) {
    if (!batch)
        return;
    if (backup->kept_count == backup->kept_cap) {
        backup->kept_cap = backup->kept_cap ? backup->kept_cap * 2 : 16;
        backup->kept = wf_realloc(backup->kept, backup->kept_cap *
                                                    sizeof(*backup->kept));
    }
    backup->kept[backup->kept_count++] = batch;
}

static void on_applied(struct wf_store_tee *tee,
                       const struct wf_batch *batch) {
    struct wf_backup *backup = (struct wf_backup *)tee;
    struct part done = {.upto = text(&backup->copied)};
    struct part rest = {.after = text(&backup->copied)};
    if (wf_batch_partition(batch) != backup->partition)
        return;
    if (wf_backup_writer_due(backup->writer) > MOST_DUE) {
        fail(backup, WF_E_LIMIT,
             "the backup's disk is slower than what is being written");
        return;
    }
    if (backup->all_copied)
        done.upto = WF_STR_NULL;
    if (backup->all_copied || backup->copied.len)
        put(backup, part_of(batch, &done));
    if (!backup->all_copied)
        keep(backup, part_of(batch, &rest));
}

/* The slice is in the copy: behind it what has happened to it since. */
static void catch_up(struct wf_backup *backup, struct wf_str after,
                     struct wf_str upto) {
    struct part slice = {.after = after.len ? after : WF_STR_NULL,
                         .upto = backup->all_copied ? WF_STR_NULL : upto};
    for (size_t i = 0; i < backup->kept_count; i++)
        put(backup, part_of(backup->kept[i], &slice));
    drop_kept(backup);
}

static void on_slice(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct wf_backup *backup = arg;
    backup->is_reading = false;
    if (backup->status.is_over)
        return;
    if (err) {
        end(backup, err);
        return;
    }
    struct wf_batch *slice = wf_batch_new(backup->partition);
    for (size_t i = 0; i < count; i++)
        wf_batch_put(slice, rows[i].key, rows[i].value);
    backup->status.rows += count;
    backup->status.bytes += wf_batch_bytes(slice);
    backup->all_copied = !more;
    struct wf_buf before = backup->copied;
    backup->copied = (struct wf_buf){0};
    if (count)
        wf_buf_addstr(&backup->copied, rows[count - 1].key);
    if (count)
        put(backup, slice);
    else
        wf_batch_free(slice);
    catch_up(backup, text(&before), text(&backup->copied));
    wf_buf_free(&before);
    next_slice(backup);
}

static void read_slice(struct wf_backup *backup) {
    char first[2] = {(char)(backup->partition >> 8),
                     (char)(backup->partition & 0xff)};
    char end[3] = {first[0], first[1], (char)0xff};
    struct wf_buf from = {0};
    struct wf_range range = {.from = {first, sizeof(first)},
                             .to = {end, sizeof(end)},
                             .max_rows = SLICE_ROWS,
                             .max_bytes = SLICE_BYTES};
    if (backup->copied.len)
        range.from = behind(text(&backup->copied), &from);
    backup->is_reading = true;
    wf_store_scan(backup->store, &range, on_slice, backup);
    wf_buf_free(&from);
}

static void finish(struct wf_backup *backup) {
    struct wf_batch *last = wf_batch_new(backup->partition);
    backup->store->tee = NULL;
    if (backup->events->finishing)
        backup->events->finishing(backup->arg, last);
    if (wf_batch_is_empty(last))
        wf_batch_free(last);
    else
        put(backup, last);
    wf_backup_writer_finish(backup->writer);
}

static void is_marked(void *arg, const struct wf_error *err) {
    struct wf_backup *backup = arg;
    (void)err; /* it has no preconditions */
    backup->is_marking = false;
    if (backup->status.is_over)
        return;
    if (backup->all_copied) {
        finish(backup);
    } else {
        read_slice(backup);
    }
}

static void mark(struct wf_backup *backup) {
    struct wf_batch *marker = wf_batch_new(backup->partition);
    char key[3] = {(char)(backup->partition >> 8),
                   (char)(backup->partition & 0xff), 'J'};
    wf_batch_delete(marker, (struct wf_str){key, sizeof(key)});
    drop_kept(backup);
    backup->is_marking = true;
    wf_store_apply(backup->store, marker, is_marked, backup);
}

/* About one slice is on its way to the disk at a time; the last marker is for
 * all that was applied before the end. */
static void next_slice(struct wf_backup *backup) {
    if (backup->status.is_over || backup->is_marking || backup->is_reading ||
        backup->finishing ||
        wf_backup_writer_due(backup->writer) > SLICE_BYTES)
        return;
    backup->finishing = backup->all_copied;
    mark(backup);
}

static void writer_changed(void *arg) {
    struct wf_backup *backup = arg;
    struct wf_error err;
    if (wf_backup_writer_has_ended(backup->writer, &err))
        end(backup, &err);
    else if (err.code == WF_OK)
        next_slice(backup);
}

/* ---- the whole ---- */

int wf_backup_new(struct ev_loop *loop, struct wf_store *store,
                  uint16_t partition, const char *directory,
                  const struct wf_backup_events *events, void *arg,
                  struct wf_backup **out, struct wf_error *err) {
    *out = NULL;
    if (store->tee)
        return wf_error_set(err, WF_E_BUSY, "A backup is being made");
    if (access(directory, F_OK) == 0 || errno != ENOENT)
        return wf_error_set(err, WF_E_EXISTS,
                            "%s: it must not exist yet", directory);
    int error = wf_file_sync_parent(directory, err);
    if (error)
        return wf_error_set(err, err->code,
                            "%s: it must be in a directory that is there and "
                            "can be written to: %s", directory,
                            strerror(error));
    struct wf_backup *backup = wf_calloc(1, sizeof(*backup));
    *backup = (struct wf_backup){
        .tee = {on_applied}, .store = store, .partition = partition,
        .events = events, .arg = arg};
    backup->writer =
        wf_backup_writer_new(loop, directory, writer_changed, backup);
    store->tee = &backup->tee;
    next_slice(backup);
    *out = backup;
    return 0;
}

void wf_backup_free(struct wf_backup *backup) {
    if (!backup)
        return;
    if (backup->store->tee == &backup->tee)
        backup->store->tee = NULL;
    wf_backup_writer_free(backup->writer);
    drop_kept(backup);
    free(backup->kept);
    wf_buf_free(&backup->copied);
    free(backup);
}

void wf_backup_status(const struct wf_backup *backup,
                      struct wf_backup_status *status) {
    *status = backup->status;
}
