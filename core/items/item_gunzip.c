/* item_gunzip.c - a source that undoes gzip. See item_source.h. */
#include <stdlib.h>
#include <zlib.h>

#include "item_source.h"

#define CHUNK 65536
#define ANY_GZIP (15 + 16) /* zlib's largest window, gzip's header */

struct gunzip {
    struct wf_item_source base;
    struct wf_item_source *inner;
    z_stream stream;
    uint64_t offset; /* of what comes out next */
    bool inside;     /* a member has begun and not ended */
    char chunk[CHUNK];
};

static int bad(struct gunzip *gunzip, struct wf_error *err) {
    return wf_error_set(err, WF_E_INVALID, "%.300s: not what gzip writes: %s",
                        gunzip->base.name,
                        gunzip->stream.msg ? gunzip->stream.msg
                                           : "it is cut off");
}

/* More compressed bytes: 1, 0 at the end, -1. */
static int feed(struct gunzip *gunzip, struct wf_error *err) {
    if (gunzip->stream.avail_in)
        return 1;
    ssize_t got = gunzip->inner->ops->read(gunzip->inner, gunzip->chunk,
                                           CHUNK, err);
    if (got < 0)
        return -1;
    gunzip->stream.next_in = (unsigned char *)gunzip->chunk;
    gunzip->stream.avail_in = (unsigned)got;
    return got > 0;
}

static ssize_t gunzip_read(struct wf_item_source *source, char *data,
                           size_t cap, struct wf_error *err) {
    struct gunzip *gunzip = (struct gunzip *)source;
    z_stream *stream = &gunzip->stream;

    stream->next_out = (unsigned char *)data;
    stream->avail_out = cap > UINT32_MAX ? UINT32_MAX : (unsigned)cap;
    size_t asked = stream->avail_out;
    while (stream->avail_out == asked) {
        int more = feed(gunzip, err);
        if (more < 0)
            return -1;
        if (more == 0)
            return gunzip->inside ? bad(gunzip, err) : 0;
        gunzip->inside = true;
        int status = inflate(stream, Z_NO_FLUSH);
        if (status == Z_STREAM_END) { /* members may follow each other */
            gunzip->inside = false;
            inflateReset(stream);
        } else if (status != Z_OK) {
            return bad(gunzip, err);
        }
    }
    gunzip->offset += asked - stream->avail_out;
    return (ssize_t)(asked - stream->avail_out);
}

/* Forwards only by reading; backwards from the start. */
static int gunzip_seek(struct wf_item_source *source, uint64_t offset,
                       struct wf_error *err) {
    struct gunzip *gunzip = (struct gunzip *)source;
    char skipped[16384];

    if (offset < gunzip->offset) {
        if (gunzip->inner->ops->seek(gunzip->inner, 0, err) != 0)
            return -1;
        inflateReset(&gunzip->stream);
        gunzip->stream.avail_in = 0;
        gunzip->inside = false;
        gunzip->offset = 0;
    }
    while (gunzip->offset < offset) {
        uint64_t left = offset - gunzip->offset;
        ssize_t got = gunzip_read(
            source, skipped, left < sizeof(skipped) ? left : sizeof(skipped),
            err);
        if (got <= 0)
            return got == 0 ? 0 : -1;
    }
    return 0;
}

static void gunzip_free(struct wf_item_source *source) {
    struct gunzip *gunzip = (struct gunzip *)source;

    inflateEnd(&gunzip->stream);
    wf_item_source_free(gunzip->inner);
}

static const struct wf_item_source_ops gunzip_ops = {
    gunzip_read, gunzip_seek, gunzip_free};

struct wf_item_source *wf_item_source_gunzip(struct wf_item_source *inner) {
    struct gunzip *gunzip = wf_calloc(1, sizeof(*gunzip));

    gunzip->base.ops = &gunzip_ops;
    gunzip->base.name = wf_strndup(inner->name, strlen(inner->name));
    gunzip->base.stamp = inner->stamp;
    gunzip->inner = inner;
    if (inflateInit2(&gunzip->stream, ANY_GZIP) != Z_OK)
        abort(); /* out of memory, see base.h */
    return &gunzip->base;
}
