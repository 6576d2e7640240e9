/* store_wal.c - the log in front of the LMDB store. See store_wal.h. */
#include "store_wal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_crc.h"

#define MAGIC UINT32_C(0x4d57414c) /* "MWAL" */
#define SECTOR 512
#define KEPT_BYTES ((size_t)64 << 10)
#define FILL_BYTES ((size_t)64 << 10)

enum { AT_CRC = 4, AT_SEQ = 8, AT_LENGTH = 16, HEAD = 20 };

static int log_path(char path[4096], const char *directory) {
    int len = snprintf(path, 4096, "%s/moonstep.wal", directory);
    return len < 4096 ? 0 : ENAMETOOLONG;
}

static uint64_t padded(uint64_t len) {
    return (len + SECTOR - 1) / SECTOR * SECTOR;
}

static int flush(const struct store_wal *wal) {
    return wal->no_sync || fdatasync(wal->fd) == 0 ? 0 : errno;
}

static int write_all(int fd, const char *data, size_t len, uint64_t at) {
    errno = 0;
    ssize_t done = pwrite(fd, data, len, (off_t)at);
    if (done == (ssize_t)len)
        return 0;
    return done < 0 ? errno : EIO; /* short: errno is 0 */
}

/* ---- the file ---- */

int store_wal_remove(const char *directory) {
    char path[4096];
    int rc = log_path(path, directory);
    if (rc == 0 && unlink(path) != 0 && errno != ENOENT)
        rc = errno;
    return rc;
}

int store_sync_directory(const char *directory) {
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int rc = fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
    close(fd);
    return rc;
}

static int fill(const struct store_wal *wal, uint64_t from, uint64_t to) {
    char *zeros = wf_calloc(1, FILL_BYTES);
    int rc = 0;
    for (uint64_t at = from; at < to && rc == 0; at += FILL_BYTES)
        rc = write_all(wal->fd, zeros, FILL_BYTES, at);
    free(zeros);
    return rc ? rc : flush(wal);
}

static int create(struct store_wal *wal, const char *directory) {
    char path[4096];
    int rc = log_path(path, directory);
    if (rc != 0)
        return rc;
    wal->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return wal->fd < 0 ? errno : 0;
}

int store_wal_grow(struct store_wal *wal, const char *directory) {
    uint64_t size = atomic_load(&wal->filled);
    uint64_t larger = size ? size * 2 : STORE_WAL_FIRST;
    int rc = 0;

    if (larger > STORE_WAL_MOST)
        return 0;
    if (wal->fd < 0)
        rc = create(wal, directory);
    if (rc == 0)
        rc = fill(wal, size, larger);
    if (rc == 0 && size == 0 && !wal->no_sync)
        rc = store_sync_directory(directory);
    if (rc == 0)
        atomic_store(&wal->filled, larger);
    int saved = errno;
    if (rc != 0 && wal->fd >= 0)
        (void)!ftruncate(wal->fd, (off_t)size); /* else room is lost */
    errno = saved;
    return rc;
}

/* ---- reading ---- */

/* Sees to it that the record at `at` is in the buffer: its head, or `len`
 * bytes. 0, errno, or ENODATA where the file ends. */
static int fetch(struct store_wal *wal, uint64_t at, size_t len) {
    size_t want = len > 4096 ? len : 4096;

    wal->buffer.len = 0;
    wf_buf_reserve(&wal->buffer, want);
    ssize_t got = pread(wal->fd, wal->buffer.data, want, (off_t)at);
    if (got < 0)
        return errno;
    wal->buffer.len = (size_t)got;
    return wal->buffer.len < len ? ENODATA : 0;
}

static struct wf_reader reader_at(const struct store_wal *wal, size_t offset) {
    return (struct wf_reader){wal->buffer.data + offset,
                              wal->buffer.data + wal->buffer.len, false};
}

/*
 * Reads the record at `*at` into the buffer, cut to its length, and moves
 * `*at` behind it. ENODATA: there is no whole record.
 */
static int record_read(struct store_wal *wal, uint64_t *at, uint64_t *seq) {
    int rc = fetch(wal, *at, HEAD);
    if (rc != 0)
        return rc;
    struct wf_reader head = reader_at(wal, 0);
    uint32_t magic = wf_read_be32(&head), crc = wf_read_be32(&head);
    *seq = wf_read_be64(&head);
    size_t len = HEAD + (size_t)wf_read_be32(&head);
    if (magic != MAGIC || len > STORE_WAL_MOST)
        return ENODATA;
    if (len > wal->buffer.len && (rc = fetch(wal, *at, len)) != 0)
        return rc;
    wal->buffer.len = len;
    if (store_crc32c(wal->buffer.data + AT_SEQ, len - AT_SEQ) != crc)
        return ENODATA;
    *at += padded(len);
    return 0;
}

/* Finds the end of the records above `stored`. */
static int scan(struct store_wal *wal, uint64_t stored) {
    uint64_t at = 0, seq, last = 0;
    int rc;

    while ((rc = record_read(wal, &at, &seq)) == 0) {
        if (last ? seq != last + 1 : seq > stored + 1)
            break; /* an older round, or a gap */
        last = seq;
        if (seq > stored)
            wal->at = at;
    }
    if (rc == 0 && last == 0)
        return EILSEQ;
    if (last > wal->seq)
        wal->seq = last;
    return rc == ENODATA ? 0 : rc;
}

int store_wal_open(struct store_wal *wal, const char *directory,
                   uint64_t stored, bool read_only) {
    char path[4096];
    struct stat st;
    int rc = log_path(path, directory);

    wal->seq = wal->stored = stored;
    wal->at = 0;
    if (rc != 0)
        return rc;
    wal->fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (wal->fd < 0)
        return errno == ENOENT ? 0 : errno;
    if (fstat(wal->fd, &st) != 0)
        return errno;
    uint64_t size = (uint64_t)st.st_size;
    uint64_t whole = STORE_WAL_FIRST; /* a filling may have been cut short */
    while (whole <= size / 2 && whole < STORE_WAL_MOST)
        whole *= 2;
    atomic_store(&wal->filled, whole <= size ? whole : 0);
    return scan(wal, stored);
}

void store_wal_close(struct store_wal *wal) {
    if (wal->fd >= 0)
        close(wal->fd);
    wal->fd = -1;
    wf_buf_free(&wal->buffer);
}

static struct wf_batch *batch_read(struct wf_reader *reader) {
    uint32_t count = wf_read_be32(reader);
    struct wf_batch *batch = wf_batch_new(wf_read_be16(reader));

    for (; count > 0 && !reader->bad; count--) {
        uint8_t kind = wf_read_u8(reader);
        uint16_t key_len = wf_read_be16(reader);
        uint32_t limit = wf_read_be32(reader);
        uint32_t value_len = wf_read_be32(reader);
        struct wf_str key = wf_read_bytes(reader, key_len);
        struct wf_str value = wf_read_bytes(reader, value_len);
        if (reader->bad)
            break;
        if (kind == WF_OP_PUT)
            wf_batch_put(batch, key, value);
        else if (kind == WF_OP_DELETE)
            wf_batch_delete(batch, key);
        else
            wf_batch_delete_range(batch, key, value, limit);
    }
    return batch;
}

int store_wal_replay(struct store_wal *wal, store_wal_fn *fn, void *arg) {
    uint64_t at = 0, seq;
    int rc = 0;

    while (at < wal->at && (rc = record_read(wal, &at, &seq)) == 0) {
        struct wf_reader reader = reader_at(wal, HEAD);
        while (reader.at < reader.end && rc == 0) {
            struct wf_batch *batch = batch_read(&reader);
            if (reader.bad)
                wf_batch_free(batch);
            rc = reader.bad ? EILSEQ : fn(arg, batch);
        }
        if (rc != 0)
            return rc;
    }
    return rc == ENODATA ? EILSEQ : rc; /* it was whole when it was found */
}

/* ---- writing ---- */

void store_wal_begin(struct store_wal *wal) {
    static const char head[HEAD];
    wal->buffer.len = 0;
    wf_buf_add(&wal->buffer, head, HEAD);
}

static uint32_t logged_count(const struct wf_batch *batch) {
    size_t count = wf_batch_count(batch);
    uint32_t logged = 0;
    for (size_t i = 0; i < count; i++)
        logged += wf_batch_op(batch, i).kind != WF_OP_EXPECT;
    return logged;
}

void store_wal_add(struct store_wal *wal, const struct wf_batch *batch) {
    size_t count = wf_batch_count(batch);
    uint32_t logged = logged_count(batch);

    if (logged == 0)
        return;
    wf_buf_be32(&wal->buffer, logged);
    wf_buf_be16(&wal->buffer, wf_batch_partition(batch));
    for (size_t i = 0; i < count; i++) {
        struct wf_op op = wf_batch_op(batch, i);
        if (op.kind == WF_OP_EXPECT)
            continue;
        wf_buf_u8(&wal->buffer, (uint8_t)op.kind);
        wf_buf_be16(&wal->buffer, (uint16_t)op.key.len);
        wf_buf_be32(&wal->buffer, op.limit);
        wf_buf_be32(&wal->buffer, (uint32_t)op.value.len);
        wf_buf_addstr(&wal->buffer, op.key);
        wf_buf_addstr(&wal->buffer, op.value);
    }
}

bool store_wal_fits(const struct store_wal *wal) {
    return wal->at + padded(wal->buffer.len) <= atomic_load(&wal->filled);
}

/* Fills in the head and the zeros at the end. */
static void record_seal(struct store_wal *wal) {
    struct wf_buf *buffer = &wal->buffer, head = {0};
    size_t len = buffer->len, all = padded(len);

    wf_buf_be32(&head, MAGIC);
    wf_buf_be32(&head, 0);
    wf_buf_be64(&head, ++wal->seq);
    wf_buf_be32(&head, (uint32_t)(len - HEAD));
    memcpy(buffer->data, head.data, HEAD);
    head.len = 0;
    wf_buf_be32(&head, store_crc32c(buffer->data + AT_SEQ, len - AT_SEQ));
    memcpy(buffer->data + AT_CRC, head.data, 4);
    wf_buf_free(&head);
    wf_buf_reserve(buffer, all - len);
    memset(buffer->data + len, 0, all - len);
    buffer->len = all;
}

int store_wal_append(struct store_wal *wal) {
    if (wal->buffer.len == HEAD)
        return 0; /* nothing that changes anything */
    record_seal(wal);
    int rc = write_all(wal->fd, wal->buffer.data, wal->buffer.len, wal->at);
    if (rc == 0)
        rc = flush(wal);
    if (rc == 0)
        wal->at += wal->buffer.len;
    return rc;
}

void store_wal_reset(struct store_wal *wal) {
    wal->at = 0;
    if (wal->buffer.cap > KEPT_BYTES)
        wf_buf_free(&wal->buffer);
}
