/*
 * base.h - what every module of the core stands on: errors, memory, growing
 * byte buffers, borrowed text, varints.
 *
 * Two kinds of error exist and never mix. `struct wf_error` is the engine's:
 * disk, memory, a corrupt row; it aborts what was being done and fails no
 * execution. `struct wf_failure` is a workflow's: Error and Cause, data that
 * goes to retriers, catchers and into the history.
 *
 * Memory: wf_malloc() and its relatives never return NULL. A process that is
 * out of memory stops at once and recovers from disk, which is the one path
 * that is tested thousands of times (tests/crash), rather than unwinding from
 * a thousand places that are not.
 */
#ifndef WF_BASE_H
#define WF_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Borrowed text: not necessarily ended by a NUL, owned by somebody else. */
struct wf_str {
    const char *data;
    size_t len;
};

#define WF_STR(literal) ((struct wf_str){(literal), sizeof(literal) - 1})
#define WF_STR_NULL ((struct wf_str){NULL, 0})

struct wf_str wf_str(const char *cstr); /* NULL gives WF_STR_NULL */
bool wf_str_eq(struct wf_str a, struct wf_str b);
/** At most the first `bytes` bytes, without half a character at the end. */
struct wf_str wf_str_clip(struct wf_str text, size_t bytes);
/** For hash tables in memory; names are short. Not for hostile keys by the
 * million, and never on disk. */
uint64_t wf_str_hash(struct wf_str text);

/** Why an operation of the core failed; names the kind, not the place. */
enum wf_error_code {
    WF_OK = 0,
    WF_E_INVALID,   /**< The caller's data is wrong; the message says how. */
    WF_E_NOT_FOUND, /**< What was named does not exist. */
    WF_E_EXISTS,    /**< What was named exists already. */
    WF_E_CONFLICT,  /**< A batch's precondition does not hold. */
    WF_E_BUSY,      /**< Try again later (full disk, back-pressure). */
    WF_E_LIMIT,     /**< A configured limit is exceeded. */
    WF_E_IO,        /**< Disk or network; the text has errno's words. */
    WF_E_CORRUPT,   /**< Stored bytes do not decode. */
    WF_E_INTERNAL,  /**< A mistake of ours. */
};

struct wf_error {
    enum wf_error_code code;
    char message[1024];
};

/** Fills `err` (NULL allowed) with printf-style text; always returns -1. */
int wf_error_set(struct wf_error *err, enum wf_error_code code,
                 const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** A workflow's failure. Both texts are borrowed; cause may be empty. */
struct wf_failure {
    struct wf_str error;
    struct wf_str cause;
};

void *wf_malloc(size_t size);
void *wf_calloc(size_t count, size_t size);
void *wf_realloc(void *old, size_t size);
char *wf_strndup(const char *text, size_t len); /* always NUL-terminated */
/* Freed with free(). */

/** A growing byte buffer. All-zero is a valid empty one. */
struct wf_buf {
    char *data;
    size_t len;
    size_t cap;
};

void wf_buf_free(struct wf_buf *buf); /* leaves a valid empty buffer */
void wf_buf_reserve(struct wf_buf *buf, size_t extra);
void wf_buf_add(struct wf_buf *buf, const void *data, size_t len);
void wf_buf_addstr(struct wf_buf *buf, struct wf_str text);
void wf_buf_adds(struct wf_buf *buf, const char *cstr);
/** Copies a text into a buffer that has room for it, so that none moves. */
void wf_buf_keep(struct wf_buf *buf, struct wf_str *text);
void wf_buf_addf(struct wf_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline void wf_buf_u8(struct wf_buf *buf, uint8_t value) {
    if (buf->len == buf->cap)
        wf_buf_reserve(buf, 1);
    buf->data[buf->len++] = (char)value;
}

/** LEB128: 7 bits a byte, low first. At most 10 bytes. */
void wf_buf_varint(struct wf_buf *buf, uint64_t value);
/** The same for numbers that are seldom negative (zigzag). */
void wf_buf_signed(struct wf_buf *buf, int64_t value);
/** A varint length, then the bytes. */
void wf_buf_text(struct wf_buf *buf, struct wf_str text);
/** Fixed width, big-endian (sorts as a key). */
void wf_buf_be16(struct wf_buf *buf, uint16_t value);
void wf_buf_be32(struct wf_buf *buf, uint32_t value);
void wf_buf_be64(struct wf_buf *buf, uint64_t value);
/** Appends `text` as a JSON string, quotes included. */
void wf_buf_json(struct wf_buf *buf, struct wf_str text);

/**
 * Reads what wf_buf_* wrote. A read beyond the end sets `bad` and gives 0 or
 * an empty text, so a decoder checks once, at its end.
 */
struct wf_reader {
    const char *at;
    const char *end;
    bool bad;
};

uint8_t wf_read_u8(struct wf_reader *reader);
uint64_t wf_read_varint(struct wf_reader *reader);
int64_t wf_read_signed(struct wf_reader *reader);
struct wf_str wf_read_text(struct wf_reader *reader); /* borrowed */
struct wf_str wf_read_bytes(struct wf_reader *reader, size_t len);
uint16_t wf_read_be16(struct wf_reader *reader);
uint32_t wf_read_be32(struct wf_reader *reader);
uint64_t wf_read_be64(struct wf_reader *reader);

#endif
