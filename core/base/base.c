/* base.c - errors, memory, buffers, varints. See base.h. */
#include "base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct wf_str wf_str(const char *cstr) {
    return (struct wf_str){cstr, cstr ? strlen(cstr) : 0};
}

bool wf_str_eq(struct wf_str a, struct wf_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

struct wf_str wf_str_clip(struct wf_str text, size_t bytes) {
    if (text.len <= bytes)
        return text;
    while (bytes && ((unsigned char)text.data[bytes] & 0xc0) == 0x80)
        bytes--;
    return (struct wf_str){text.data, bytes};
}

/* FNV-1a. */
uint64_t wf_str_hash(struct wf_str text) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (uint8_t)text.data[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

int wf_error_set(struct wf_error *err, enum wf_error_code code,
                 const char *format, ...) {
    if (err) {
        va_list args;
        err->code = code;
        va_start(args, format);
        vsnprintf(err->message, sizeof(err->message), format, args);
        va_end(args);
    }
    return -1;
}

static void *checked(void *memory) {
    if (!memory) {
        static const char text[] = "moonstep: out of memory; stopping\n";
        fwrite(text, 1, sizeof(text) - 1, stderr);
        abort();
    }
    return memory;
}

void *wf_malloc(size_t size) {
    return checked(malloc(size ? size : 1));
}

void *wf_calloc(size_t count, size_t size) {
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *wf_realloc(void *old, size_t size) {
    return checked(realloc(old, size ? size : 1));
}

char *wf_strndup(const char *text, size_t len) {
    char *copy = wf_malloc(len + 1);
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

void wf_buf_free(struct wf_buf *buf) {
    free(buf->data);
    *buf = (struct wf_buf){0};
}

void wf_buf_reserve(struct wf_buf *buf, size_t extra) {
    if (buf->cap - buf->len >= extra)
        return;
    size_t cap = buf->cap ? buf->cap * 2 : 64;
    while (cap - buf->len < extra)
        cap *= 2;
    buf->data = wf_realloc(buf->data, cap);
    buf->cap = cap;
}

void wf_buf_add(struct wf_buf *buf, const void *data, size_t len) {
    if (len == 0)
        return;
    wf_buf_reserve(buf, len);
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
}

void wf_buf_addstr(struct wf_buf *buf, struct wf_str text) {
    wf_buf_add(buf, text.data, text.len);
}

void wf_buf_keep(struct wf_buf *buf, struct wf_str *text) {
    const char *at = buf->data + buf->len;
    if (!text->data)
        return;
    wf_buf_addstr(buf, *text);
    text->data = at;
}

void wf_buf_adds(struct wf_buf *buf, const char *cstr) {
    wf_buf_add(buf, cstr, strlen(cstr));
}

void wf_buf_addf(struct wf_buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    wf_buf_reserve(buf, (size_t)need + 1);
    va_start(args, format);
    vsnprintf(buf->data + buf->len, (size_t)need + 1, format, args);
    va_end(args);
    buf->len += (size_t)need;
}

void wf_buf_varint(struct wf_buf *buf, uint64_t value) {
    wf_buf_reserve(buf, 10);
    while (value >= 0x80) {
        buf->data[buf->len++] = (char)(value | 0x80);
        value >>= 7;
    }
    buf->data[buf->len++] = (char)value;
}

void wf_buf_signed(struct wf_buf *buf, int64_t value) {
    wf_buf_varint(buf, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

void wf_buf_text(struct wf_buf *buf, struct wf_str text) {
    wf_buf_varint(buf, text.len);
    wf_buf_add(buf, text.data, text.len);
}

static void add_be(struct wf_buf *buf, uint64_t value, int bytes) {
    wf_buf_reserve(buf, 8);
    for (int i = bytes - 1; i >= 0; i--)
        buf->data[buf->len++] = (char)(value >> (8 * i));
}

void wf_buf_be16(struct wf_buf *buf, uint16_t value) {
    add_be(buf, value, 2);
}

void wf_buf_be32(struct wf_buf *buf, uint32_t value) {
    add_be(buf, value, 4);
}

void wf_buf_be64(struct wf_buf *buf, uint64_t value) {
    add_be(buf, value, 8);
}

void wf_buf_json(struct wf_buf *buf, struct wf_str text) {
    static const char hex[] = "0123456789abcdef";
    const char *run = text.data, *end = text.data + text.len;

    wf_buf_u8(buf, '"');
    for (const char *at = run; at < end; at++) {
        unsigned char c = (unsigned char)*at;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        wf_buf_add(buf, run, (size_t)(at - run));
        run = at + 1;
        const char *names = "\"\"\\\\\bb\ff\nn\rr\tt";
        const char *found = NULL;
        for (const char *n = names; *n; n += 2)
            if ((unsigned char)*n == c)
                found = n + 1;
        if (found) {
            char pair[2] = {'\\', *found};
            wf_buf_add(buf, pair, 2);
        } else {
            char code[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            wf_buf_add(buf, code, 6);
        }
    }
    if (end > run)
        wf_buf_add(buf, run, (size_t)(end - run));
    wf_buf_u8(buf, '"');
}

struct wf_str wf_read_bytes(struct wf_reader *reader, size_t len) {
    if (reader->bad || (size_t)(reader->end - reader->at) < len) {
        reader->bad = true;
        return WF_STR_NULL;
    }
    struct wf_str text = {reader->at, len};
    reader->at += len;
    return text;
}

uint8_t wf_read_u8(struct wf_reader *reader) {
    struct wf_str text = wf_read_bytes(reader, 1);
    return text.data ? (uint8_t)text.data[0] : 0;
}

uint64_t wf_read_varint(struct wf_reader *reader) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t byte = wf_read_u8(reader);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    reader->bad = true;
    return 0;
}

int64_t wf_read_signed(struct wf_reader *reader) {
    uint64_t value = wf_read_varint(reader);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

struct wf_str wf_read_text(struct wf_reader *reader) {
    return wf_read_bytes(reader, wf_read_varint(reader));
}

static uint64_t read_be(struct wf_reader *reader, size_t bytes) {
    struct wf_str text = wf_read_bytes(reader, bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++)
        value = value << 8 | (uint8_t)text.data[i];
    return value;
}

uint16_t wf_read_be16(struct wf_reader *reader) {
    return (uint16_t)read_be(reader, 2);
}

uint32_t wf_read_be32(struct wf_reader *reader) {
    return (uint32_t)read_be(reader, 4);
}

uint64_t wf_read_be64(struct wf_reader *reader) {
    return read_be(reader, 8);
}
