/* execution.c - executions, frames and their images. See execution.h. */
#include "execution.h"

#include <assert.h>
#include <stdlib.h>

#include "keys.h"
#include "machine.h"

void wf_ref_set(struct wf_ref *ref, uint64_t number, struct wf_doc *doc) {
    struct wf_doc *old = ref->doc;
    ref->number = number;
    ref->doc = doc ? wf_doc_ref(doc) : NULL;
    wf_doc_unref(old);
}

void wf_ref_clear(struct wf_ref *ref) {
    wf_ref_set(ref, 0, NULL);
}

void wf_ref_copy(struct wf_ref *to, const struct wf_ref *from) {
    wf_ref_set(to, from->number, from->doc);
}

struct wf_execution *wf_execution_new(void) {
    struct wf_execution *execution = wf_calloc(1, sizeof(*execution));
    execution->row_due_ms = -1;
    execution->status = WF_EXECUTION_RUNNING;
    wf_tail_reset(&execution->tail, 1);
    execution->journaled_event = 1;
    return execution;
}

void wf_execution_free(struct wf_execution *execution) {
    if (!execution)
        return;
    for (struct wf_frame *f = execution->frames, *next; f; f = next) {
        next = f->next;
        wf_frame_remove(f);
    }
    wf_ref_clear(&execution->input);
    wf_ref_clear(&execution->output);
    wf_buf_free(&execution->tail.bytes);
    free(execution->name);
    free(execution->error);
    free(execution->cause);
    free(execution->trace_header);
    free(execution->held.calls);
    free(execution->held.tasks);
    free(execution);
}

void wf_execution_mark(struct wf_execution *execution, uint64_t seq) {
    struct wf_mark *marks = execution->marks;
    marks[2] = marks[1];
    marks[1] = marks[0];
    marks[0] = (struct wf_mark){seq, execution->tail.next_event};
}

uint64_t wf_execution_durable_event(const struct wf_execution *execution,
                                    uint64_t durable_seq) {
    for (int i = 0; i < 3; i++)
        if (execution->marks[i].seq <= durable_seq)
            return execution->marks[i].next_event;
    return 0;
}

/* Text and index: about a node of 20 bytes for each 12 bytes of text. */
static size_t doc_bytes(const struct wf_ref *ref) {
    return ref->doc ? ref->doc->len * 3 + sizeof(*ref->doc) : 0;
}

size_t wf_execution_bytes(const struct wf_execution *execution) {
    size_t bytes = sizeof(*execution) + execution->tail.bytes.cap + 64 +
                   doc_bytes(&execution->input);
    for (const struct wf_frame *f = execution->frames; f; f = f->next) {
        bytes += sizeof(*f);
        if (f->input.doc != execution->input.doc)
            bytes += doc_bytes(&f->input);
        if (f->parameters.doc != f->input.doc)
            bytes += doc_bytes(&f->parameters);
    }
    return bytes;
}

struct wf_frame *wf_frame_new(struct wf_execution *execution,
                              uint32_t number) {
    struct wf_frame *frame = wf_calloc(1, sizeof(*frame));
    frame->execution = execution;
    frame->number = number;
    frame->parent = WF_FRAME_NONE;
    frame->phase = WF_PHASE_ENTER;
    frame->row_due_ms = -1;
    frame->next = execution->frames;
    execution->frames = frame;
    execution->frame_count++;
    return frame;
}

struct wf_frame *wf_execution_frame(struct wf_execution *execution,
                                    uint32_t number) {
    struct wf_frame *frame = execution->frames;
    while (frame && frame->number != number)
        frame = frame->next;
    return frame;
}

void wf_frame_remove(struct wf_frame *frame) {
    struct wf_frame **at = &frame->execution->frames;
    assert(frame->timer_at == 0);
    while (*at != frame)
        at = &(*at)->next;
    *at = frame->next;
    frame->execution->frame_count--;
    wf_list_remove(&frame->run_link);
    wf_list_remove(&frame->started_link);
    wf_ref_clear(&frame->input);
    wf_ref_clear(&frame->parameters);
    free(frame->retriers);
    free(frame->children);
    free(frame);
}

void wf_frame_retriers_reset(struct wf_frame *frame) {
    frame->retrier_count = 0;
}

uint16_t *wf_frame_retrier(struct wf_frame *frame, uint32_t index) {
    if (index >= frame->retrier_count) {
        uint32_t count = index + 1;
        frame->retriers = wf_realloc(frame->retriers,
                                     count * sizeof(*frame->retriers));
        while (frame->retrier_count < count)
            frame->retriers[frame->retrier_count++] = 0;
    }
    return &frame->retriers[index];
}

int64_t wf_frame_due(const struct wf_frame *frame) {
    switch (frame->phase) {
    case WF_PHASE_WAIT:
    case WF_PHASE_RETRY:
        return frame->due_ms;
    case WF_PHASE_TASK:
        if (frame->timeout_due_ms == 0 || frame->heartbeat_due_ms == 0)
            return frame->timeout_due_ms + frame->heartbeat_due_ms;
        return frame->timeout_due_ms < frame->heartbeat_due_ms
                   ? frame->timeout_due_ms
                   : frame->heartbeat_due_ms;
    default:
        return 0;
    }
}

/* ---- images ---- */

/* Signed numbers that are seldom negative, and never near the limits. */
static void put_signed(struct wf_buf *out, int64_t value) {
    wf_buf_varint(out, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

static int64_t get_signed(struct wf_reader *in) {
    uint64_t value = wf_read_varint(in);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

enum execution_flags {
    EXECUTION_EXPRESS = 1,
    EXECUTION_HAS_ERROR = 2,
};

enum frame_flags {
    FRAME_AT_MOST_ONCE = 1,
    FRAME_CHECKPOINT = 2,
    FRAME_STARTED = 4,
};

void wf_execution_encode(const struct wf_execution *execution,
                         struct wf_buf *out) {
    wf_buf_u8(out, WF_IMAGE_VERSION);
    wf_buf_u8(out, (uint8_t)((execution->express ? EXECUTION_EXPRESS : 0) |
                             (execution->error ? EXECUTION_HAS_ERROR : 0)));
    wf_buf_u8(out, (uint8_t)execution->status);
    wf_buf_varint(out, execution->machine->id);
    wf_buf_varint(out, execution->machine->revision);
    wf_buf_text(out, wf_str(execution->name));
    wf_buf_text(out, wf_str(execution->bundle));
    put_signed(out, execution->start_ms);
    put_signed(out, execution->stop_ms);
    put_signed(out, execution->last_ms - execution->start_ms);
    put_signed(out, execution->timeout_due_ms);
    put_signed(out, execution->row_due_ms);
    wf_buf_varint(out, execution->tail.next_event);
    wf_buf_varint(out, execution->input.number);
    wf_buf_varint(out, execution->output.number);
    wf_buf_varint(out, execution->frame_count);
    wf_buf_varint(out, execution->next_frame);
    wf_buf_text(out, wf_str(execution->error));
    wf_buf_text(out, wf_str(execution->cause));
    wf_buf_text(out, wf_str(execution->trace_header));
}

bool wf_execution_decode(struct wf_reader *in,
                         struct wf_execution_image *image) {
    if (wf_read_u8(in) != WF_IMAGE_VERSION)
        return false;
    uint8_t flags = wf_read_u8(in);
    image->express = flags & EXECUTION_EXPRESS;
    image->has_error = flags & EXECUTION_HAS_ERROR;
    image->status = wf_read_u8(in);
    image->machine = (uint32_t)wf_read_varint(in);
    image->revision = (uint32_t)wf_read_varint(in);
    image->name = wf_read_text(in);
    image->bundle = wf_read_text(in);
    image->start_ms = get_signed(in);
    image->stop_ms = get_signed(in);
    image->last_ms = image->start_ms + get_signed(in);
    image->timeout_due_ms = get_signed(in);
    image->row_due_ms = get_signed(in);
    image->next_event = wf_read_varint(in);
    image->input = wf_read_varint(in);
    image->output = wf_read_varint(in);
    image->frame_count = (uint32_t)wf_read_varint(in);
    image->next_frame = (uint32_t)wf_read_varint(in);
    image->error = wf_read_text(in);
    image->cause = wf_read_text(in);
    image->trace_header = wf_read_text(in);
    return !in->bad && image->bundle.len <= 64;
}

static void replace_text(char **to, struct wf_str text, bool present) {
    free(*to);
    *to = present ? wf_strndup(text.data, text.len) : NULL;
}

void wf_execution_apply(struct wf_execution *execution,
                        const struct wf_execution_image *image) {
    replace_text(&execution->name, image->name, true);
    replace_text(&execution->error, image->error, image->has_error);
    replace_text(&execution->cause, image->cause, image->has_error);
    replace_text(&execution->trace_header, image->trace_header,
                 image->trace_header.len > 0);
    memset(execution->bundle, 0, sizeof(execution->bundle));
    if (image->bundle.len)
        memcpy(execution->bundle, image->bundle.data, image->bundle.len);
    execution->express = image->express;
    execution->status = image->status;
    execution->start_ms = image->start_ms;
    execution->stop_ms = image->stop_ms;
    execution->last_ms = image->last_ms;
    execution->timeout_due_ms = image->timeout_due_ms;
    execution->row_due_ms = image->row_due_ms;
    execution->next_frame = image->next_frame;
    if (execution->input.number != image->input)
        wf_ref_set(&execution->input, image->input, NULL);
    if (execution->output.number != image->output)
        wf_ref_set(&execution->output, image->output, NULL);
}

void wf_frame_encode(const struct wf_frame *frame, struct wf_buf *out) {
    wf_buf_u8(out, WF_IMAGE_VERSION);
    wf_buf_varint(out, frame->number);
    wf_buf_varint(out, (uint64_t)frame->parent + 1);
    wf_buf_u8(out, (uint8_t)frame->phase);
    wf_buf_varint(out, frame->state);
    wf_buf_varint(out, frame->previous_event);
    put_signed(out, frame->entered_ms);
    wf_buf_varint(out, frame->entered_event);
    wf_buf_varint(out, frame->input.number);
    wf_buf_varint(out, frame->parameters.number);
    put_signed(out, frame->due_ms);
    put_signed(out, frame->timeout_due_ms);
    put_signed(out, frame->heartbeat_due_ms);
    put_signed(out, frame->heartbeat_ms);
    put_signed(out, frame->row_due_ms);
    wf_buf_varint(out, frame->retry_count);
    wf_buf_varint(out, frame->retrier_count);
    for (uint32_t i = 0; i < frame->retrier_count; i++)
        wf_buf_varint(out, frame->retriers[i]);
    wf_buf_varint(out, frame->restarted);
    wf_buf_u8(out, (uint8_t)((frame->at_most_once ? FRAME_AT_MOST_ONCE : 0) |
                             (frame->has_checkpoint ? FRAME_CHECKPOINT : 0) |
                             (frame->has_started ? FRAME_STARTED : 0)));
    if (frame->phase == WF_PHASE_TASK) {
        wf_buf_be64(out, frame->secret[0]);
        wf_buf_be64(out, frame->secret[1]);
    }
    wf_buf_varint(out, frame->child_count);
    for (uint32_t i = 0; i < frame->child_count; i++) {
        wf_buf_varint(out, (uint64_t)frame->children[i].pid);
        wf_buf_varint(out, frame->children[i].start_time);
    }
}

static bool decode_children(struct wf_reader *in, struct wf_frame *frame) {
    uint64_t count = wf_read_varint(in);
    if (in->bad || count > (uint64_t)(in->end - in->at))
        return false;
    free(frame->children);
    frame->children = count ? wf_calloc(count, sizeof(*frame->children)) : NULL;
    frame->child_count = (uint32_t)count;
    for (uint64_t i = 0; i < count; i++) {
        frame->children[i].pid = (int32_t)wf_read_varint(in);
        frame->children[i].start_time = wf_read_varint(in);
    }
    return !in->bad;
}

bool wf_frame_decode(struct wf_reader *in, struct wf_frame *frame) {
    if (wf_read_u8(in) != WF_IMAGE_VERSION)
        return false;
    frame->number = (uint32_t)wf_read_varint(in);
    frame->parent = (uint32_t)(wf_read_varint(in) - 1);
    frame->phase = wf_read_u8(in);
    frame->state = (uint32_t)wf_read_varint(in);
    frame->previous_event = wf_read_varint(in);
    frame->entered_ms = get_signed(in);
    frame->entered_event = wf_read_varint(in);
    uint64_t input = wf_read_varint(in), parameters = wf_read_varint(in);
    if (input != frame->input.number)
        wf_ref_set(&frame->input, input, NULL);
    if (parameters != frame->parameters.number)
        wf_ref_set(&frame->parameters, parameters, NULL);
    frame->due_ms = get_signed(in);
    frame->timeout_due_ms = get_signed(in);
    frame->heartbeat_due_ms = get_signed(in);
    frame->heartbeat_ms = get_signed(in);
    frame->row_due_ms = get_signed(in);
    frame->retry_count = (uint32_t)wf_read_varint(in);
    uint64_t retriers = wf_read_varint(in);
    if (in->bad || retriers > (uint64_t)(in->end - in->at))
        return false;
    wf_frame_retriers_reset(frame);
    for (uint32_t i = 0; i < retriers; i++)
        *wf_frame_retrier(frame, i) = (uint16_t)wf_read_varint(in);
    frame->restarted = (uint32_t)wf_read_varint(in);
    uint8_t flags = wf_read_u8(in);
    frame->at_most_once = flags & FRAME_AT_MOST_ONCE;
    frame->has_checkpoint = flags & FRAME_CHECKPOINT;
    frame->has_started = flags & FRAME_STARTED;
    if (frame->phase == WF_PHASE_TASK) {
        frame->secret[0] = wf_read_be64(in);
        frame->secret[1] = wf_read_be64(in);
    }
    return decode_children(in, frame);
}
