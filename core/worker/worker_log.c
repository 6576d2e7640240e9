/*
 * worker_log.c - what a task logs and what its children print, as lines.
 *
 * A task may log BURST bytes at once and RATE bytes a second from then on;
 * what is beyond is dropped and counted, and so is everything while the
 * engine does not read. The account follows as a line of the same log.
 */
#include "worker_priv.h"

#define LINE_MAX_BYTES 8192
#define BURST (256 << 10)
#define RATE (128 << 10) /* bytes a second */
#define LINE_COST 32     /* a line costs something, even an empty one */
#define PENDING_MAX (4u << 20)

static void line_send(struct wf_task *task, enum wf_stream stream,
                      struct wf_str line) {
    struct wf_wire *wire = &task->worker->wire;
    size_t mark = wf_wire_begin(wire, WF_WIRE_LOG);

    wf_buf_varint(&wire->out, task->id);
    wf_buf_u8(&wire->out, (uint8_t)stream);
    wf_buf_text(&wire->out, line);
    wf_wire_end(wire, mark);
}

static void account(struct wf_task *task, enum wf_stream stream) {
    struct wf_buf text = {0};

    if (task->lost_lines == 0)
        return;
    wf_buf_addf(&text, "(%llu lines of output were left out, %llu bytes)",
                (unsigned long long)task->lost_lines,
                (unsigned long long)task->lost_bytes);
    line_send(task, stream, (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
    task->lost_lines = task->lost_bytes = 0;
}

static void refill(struct wf_task *task, uint64_t now) {
    if (task->log_ns == 0)
        task->log_bytes = BURST;
    else
        task->log_bytes += (int64_t)((double)(now - task->log_ns) * RATE / 1e9);
    if (task->log_bytes > BURST)
        task->log_bytes = BURST;
    task->log_ns = now;
}

static void line_log(struct wf_task *task, enum wf_stream stream,
                     struct wf_str line, uint64_t now) {
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    if (line.len > LINE_MAX_BYTES)
        line.len = LINE_MAX_BYTES;
    int64_t cost = (int64_t)line.len + LINE_COST;
    /* After a loss, wait until a good part of the budget is back. */
    int64_t need = task->lost_lines ? cost + BURST / 8 : cost;
    refill(task, now);
    if (task->log_bytes < need ||
        wf_wire_pending(&task->worker->wire) > PENDING_MAX) {
        task->lost_lines++;
        task->lost_bytes += line.len;
        return;
    }
    account(task, stream);
    task->log_bytes -= cost;
    line_send(task, stream, line);
}

void wf_task_log(struct wf_task *task, enum wf_stream stream,
                 struct wf_str text) {
    uint64_t now = wf_clock_mono_ns();
    const char *at = text.data, *end = text.data + text.len;

    for (;;) {
        const char *stop = at == end ? NULL : memchr(at, '\n', end - at);
        size_t len = (size_t)((stop ? stop : end) - at);
        line_log(task, stream, (struct wf_str){at, len}, now);
        if (!stop || stop + 1 == end)
            break;
        at = stop + 1;
    }
    if (task->worker->page->isolated)
        wf_worker_flush(task->worker); /* no hook will do it later */
    else if (task->worker->current)
        wf_worker_flush_soon(task->worker, now);
}

void wf_worker_log_end(struct wf_task *task) {
    account(task, WF_STREAM_LOG);
}

void wf_lines_add(struct wf_lines *lines, struct wf_task *task,
                  enum wf_stream stream, struct wf_str bytes) {
    uint64_t now = wf_clock_mono_ns();
    const char *at = bytes.data, *end = bytes.data + bytes.len;

    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop ? stop : end) - at);
        size_t room = LINE_MAX_BYTES - lines->partial.len;
        wf_buf_add(&lines->partial, at, len < room ? len : room);
        lines->skipping = lines->skipping || len > room;
        if (!stop)
            break;
        line_log(task, stream,
                 (struct wf_str){lines->partial.data, lines->partial.len},
                 now);
        lines->partial.len = 0;
        lines->skipping = false;
        at = stop + 1;
    }
}

void wf_lines_end(struct wf_lines *lines, struct wf_task *task,
                  enum wf_stream stream) {
    if (lines->partial.len > 0)
        line_log(task, stream,
                 (struct wf_str){lines->partial.data, lines->partial.len},
                 wf_clock_mono_ns());
    wf_buf_free(&lines->partial);
    lines->skipping = false;
}
