/* frame.c - frames, and their images. See frame.h. */
#include <assert.h>
#include <stdlib.h>

#include "execution.h"
#include "keys.h"

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

/* ---- the frames of an execution ---- */

#define SLOTS_FROM 8 /* frames; fewer are found by walking the list */

static struct wf_frame **slot_of(const struct wf_execution *execution,
                                 uint32_t number) {
    return &execution->frame_slots[number * UINT32_C(0x9e3779b1) &
                                   (execution->frame_size - 1)];
}

static void insert_slot(struct wf_frame *frame) {
    struct wf_frame **slot = slot_of(frame->execution, frame->number);
    frame->slot_next = *slot;
    *slot = frame;
}

static void grow_slots(struct wf_execution *execution) {
    uint32_t size = execution->frame_size ? execution->frame_size * 4 : 64;
    free(execution->frame_slots);
    execution->frame_slots = wf_calloc(size, sizeof(struct wf_frame *));
    execution->frame_size = size;
    for (struct wf_frame *f = execution->frames; f; f = f->next)
        insert_slot(f);
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
    if (frame->next)
        frame->next->previous = frame;
    execution->frames = frame;
    execution->frame_count++;
    if (execution->frame_count >= SLOTS_FROM &&
        execution->frame_count > execution->frame_size)
        grow_slots(execution);
    else if (execution->frame_size)
        insert_slot(frame);
    return frame;
}

struct wf_frame *wf_execution_frame(struct wf_execution *execution,
                                    uint32_t number) {
    struct wf_frame *frame;
    if (execution->frame_size) {
        frame = *slot_of(execution, number);
        while (frame && frame->number != number)
            frame = frame->slot_next;
        return frame;
    }
    frame = execution->frames;
    while (frame && frame->number != number)
        frame = frame->next;
    return frame;
}

static void unlink_frame(struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    if (frame->previous)
        frame->previous->next = frame->next;
    else
        execution->frames = frame->next;
    if (frame->next)
        frame->next->previous = frame->previous;
    if (execution->frame_size) {
        struct wf_frame **at = slot_of(execution, frame->number);
        while (*at != frame)
            at = &(*at)->slot_next;
        *at = frame->slot_next;
    }
    execution->frame_count--;
}

void wf_frame_set_parent(struct wf_frame *frame, struct wf_frame *parent) {
    frame->parent = parent->number;
    frame->up = parent;
    parent->fork->in_memory++;
}

/* Its parent may have lost its fork: then that is over. */
void wf_frame_leave_parent(struct wf_frame *frame) {
    struct wf_fork *fork = frame->up ? frame->up->fork : NULL;
    if (fork && frame->number - fork->base < fork->count) {
        fork->in_memory--;
        fork->busy -= frame->is_busy;
    }
    frame->is_busy = false;
    frame->up = NULL;
}

void wf_frame_remove(struct wf_frame *frame) {
    wf_frame_undecide(frame);
    wf_frame_refuse_answers(frame);
    wf_offer_end(frame);
    assert(frame->timer_at == 0);
    wf_frame_leave_parent(frame);
    unlink_frame(frame);
    frame->execution->frame_bytes -= frame->bytes;
    wf_list_remove(&frame->run_link);
    wf_list_remove(&frame->started_link);
    wf_list_remove(&frame->changed_link);
    wf_ref_clear(&frame->input);
    wf_ref_clear(&frame->parameters);
    wf_ref_clear(&frame->variables);
    wf_fork_free(frame->fork);
    free(frame->retriers);
    free(frame->children);
    free(frame);
}

void wf_frame_note_between(const struct wf_frame *frame,
                           struct wf_buf *between) {
    bool is_first = frame->entered_event == 0 && frame->number > 0;
    if (frame->phase == WF_PHASE_ENTER && !is_first && !frame->deciding)
        wf_fork_between(between, frame->previous_event, frame->state);
}

uint32_t wf_frame_index(const struct wf_frame *frame) {
    return frame->number - frame->up->fork->base;
}

void wf_frame_mark_changed(struct wf_frame *frame) {
    frame->row_stale = true;
    frame->drop_seq = 0; /* it stays */
    frame->wants_park = false;
    if (!wf_link_is_in(&frame->changed_link))
        wf_list_append(&frame->execution->changed, &frame->changed_link);
}

void wf_frame_mark_gone(struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    wf_list_remove(&frame->changed_link);
    if (execution->gone_count == execution->gone_cap) {
        execution->gone_cap = execution->gone_cap ? execution->gone_cap * 2
                                                  : 16;
        execution->gone = wf_realloc(
            execution->gone, execution->gone_cap * sizeof(uint32_t));
    }
    execution->gone[execution->gone_count++] = frame->number;
}

/* Text and index: about a node of 20 bytes for each 12 bytes of text. */
static size_t doc_bytes(const struct wf_ref *ref) {
    return ref->doc ? ref->doc->len * 3 + sizeof(*ref->doc) : 0;
}

void wf_frame_measure(struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    size_t bytes = sizeof(*frame);
    if (frame->input.doc != execution->input.doc)
        bytes += doc_bytes(&frame->input);
    if (frame->parameters.doc != frame->input.doc)
        bytes += doc_bytes(&frame->parameters);
    bytes += doc_bytes(&frame->variables); /* (some are shared) */
    if (frame->fork)
        bytes += frame->fork->doc_bytes +
                 frame->fork->page_count * sizeof(struct wf_fork_page);
    if (frame->fork && frame->fork->run)
        bytes += wf_map_run_bytes(frame->fork->run);
    execution->frame_bytes += bytes - frame->bytes;
    frame->bytes = bytes;
    bool busy = !wf_frame_is_waiting(frame) && frame->phase != WF_PHASE_GONE;
    if (frame->up && frame->up->fork && busy != frame->is_busy) {
        frame->up->fork->busy += busy ? 1 : -1;
        frame->is_busy = busy;
    }
}

bool wf_frame_has_fork_work(const struct wf_frame *frame) {
    const struct wf_fork *fork = frame->fork;
    assert(fork);
    if (frame->phase == WF_PHASE_ABORT || fork->done == fork->count)
        return true;
    if (fork->run)
        return wf_map_run_has_work(fork->run);
    if (wf_fork_wakes(fork))
        return true;
    return fork->next < fork->count &&
           (fork->limit == 0 || fork->next - fork->done < fork->limit);
}

bool wf_frame_is_waiting(const struct wf_frame *frame) {
    switch (frame->phase) {
    case WF_PHASE_WAIT:
    case WF_PHASE_RETRY:
    case WF_PHASE_OFFER:
        return true;
    case WF_PHASE_TOKEN: /* or it is about to be handed over */
        return frame->activity == 0 || frame->has_started;
    case WF_PHASE_FORK:
        return !wf_frame_has_fork_work(frame);
    default:
        return false;
    }
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

static int64_t earlier(int64_t a, int64_t b) {
    return a == 0 || b == 0 ? a + b : a < b ? a : b;
}

int64_t wf_frame_due(const struct wf_frame *frame) {
    switch (frame->phase) {
    case WF_PHASE_WAIT:
    case WF_PHASE_RETRY:
        return frame->due_ms;
    case WF_PHASE_TASK:
    case WF_PHASE_TOKEN:
        return earlier(earlier(frame->timeout_due_ms,
                               frame->heartbeat_due_ms),
                       frame->call_due_ms);
    default:
        return 0;
    }
}

/* ---- images ---- */

enum frame_flags {
    FRAME_AT_MOST_ONCE = 1,
    FRAME_CHECKPOINT = 2,
    FRAME_STARTED = 4,
    FRAME_FORK = 8,
    FRAME_ROW = 16,
    FRAME_OFFER_ROW = 32,
    FRAME_CALLED = 128,
};

static uint8_t flags_of(const struct wf_frame *frame) {
    return (uint8_t)((frame->at_most_once ? FRAME_AT_MOST_ONCE : 0) |
                     (frame->has_checkpoint ? FRAME_CHECKPOINT : 0) |
                     (frame->has_started ? FRAME_STARTED : 0) |
                     (frame->fork ? FRAME_FORK : 0) |
                     (frame->has_row ? FRAME_ROW : 0) |
                     (frame->has_offer_row ? FRAME_OFFER_ROW : 0) |
                     (frame->called ? FRAME_CALLED : 0));
}

static bool has_token(const struct wf_frame *frame) {
    return frame->phase == WF_PHASE_TASK || frame->phase == WF_PHASE_TOKEN ||
           frame->phase == WF_PHASE_OFFER;
}

/* What TASK has none of: it was the only one once. */
static void encode_activity(const struct wf_frame *frame,
                            struct wf_buf *out) {
    if (frame->phase == WF_PHASE_TASK)
        return;
    wf_buf_u8(out, frame->activity != 0);
    if (frame->activity == 0)
        return;
    wf_buf_be64(out, frame->activity);
    wf_buf_signed(out, frame->offered_ms);
    wf_buf_varint(out, (uint64_t)frame->timeout_ms);
    wf_buf_text(out, wf_str(frame->worker));
}

static void decode_activity(struct wf_reader *in, struct wf_frame *frame) {
    frame->activity = 0;
    free(frame->worker);
    frame->worker = NULL;
    if (frame->phase == WF_PHASE_TASK || wf_read_u8(in) == 0)
        return;
    frame->activity = wf_read_be64(in);
    frame->offered_ms = wf_read_signed(in);
    frame->timeout_ms = (int64_t)wf_read_varint(in);
    struct wf_str worker = wf_read_text(in);
    if (worker.len)
        frame->worker = wf_strndup(worker.data, worker.len);
}

void wf_frame_encode(const struct wf_frame *frame, struct wf_buf *out) {
    wf_buf_u8(out, WF_IMAGE_VERSION);
    wf_buf_varint(out, frame->number);
    wf_buf_varint(out, (uint64_t)frame->parent + 1);
    wf_buf_u8(out, (uint8_t)frame->phase);
    wf_buf_varint(out, frame->state);
    wf_buf_varint(out, frame->previous_event);
    wf_buf_signed(out, frame->entered_ms);
    wf_buf_varint(out, frame->entered_event);
    wf_buf_varint(out, frame->input.number);
    wf_buf_varint(out, frame->parameters.number);
    wf_buf_varint(out, frame->variables.number);
    wf_buf_signed(out, frame->due_ms);
    wf_buf_signed(out, frame->timeout_due_ms);
    wf_buf_signed(out, frame->heartbeat_due_ms);
    wf_buf_signed(out, frame->heartbeat_ms);
    wf_buf_signed(out, frame->row_due_ms);
    wf_buf_varint(out, frame->retry_count);
    wf_buf_varint(out, frame->retrier_count);
    for (uint32_t i = 0; i < frame->retrier_count; i++)
        wf_buf_varint(out, frame->retriers[i]);
    wf_buf_varint(out, frame->restarted);
    wf_buf_u8(out, flags_of(frame));
    if (frame->fork)
        wf_fork_encode(frame->fork, out);
    if (has_token(frame)) {
        wf_buf_be64(out, frame->secret[0]);
        wf_buf_be64(out, frame->secret[1]);
        encode_activity(frame, out);
    }
    wf_buf_varint(out, frame->child_count);
    for (uint32_t i = 0; i < frame->child_count; i++) {
        wf_buf_varint(out, (uint64_t)frame->children[i].pid);
        wf_buf_varint(out, frame->children[i].start_time);
    }
    if (frame->called)
        wf_buf_varint(out, frame->called);
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

/* What is known of the children of the same fork stays known. */
static bool decode_fork(struct wf_reader *in, struct wf_frame *frame,
                        bool present) {
    struct wf_fork *old = frame->fork, *fork = NULL;
    frame->fork = NULL;
    if (present && !(fork = wf_fork_decode(in))) {
        wf_fork_free(old);
        return false;
    }
    if (fork && old && fork->base == old->base) {
        fork->pages = old->pages;
        fork->page_count = old->page_count;
        fork->doc_bytes = old->doc_bytes;
        fork->is_complete = old->is_complete;
        fork->unstored = old->unstored;
        fork->unstored_count = old->unstored_count;
        fork->unstored_cap = old->unstored_cap;
        old->pages = NULL;
        old->page_count = 0;
        old->unstored = NULL;
    }
    if (fork && fork->run && frame->execution)
        fork->run->parent = frame->execution->id;
    frame->fork = fork;
    wf_fork_free(old);
    return true;
}

bool wf_frame_decode(struct wf_reader *in, struct wf_frame *frame) {
    uint8_t version = wf_read_u8(in);
    if (version < WF_IMAGE_OLDEST || version > WF_IMAGE_VERSION)
        return false;
    frame->number = (uint32_t)wf_read_varint(in);
    frame->parent = (uint32_t)(wf_read_varint(in) - 1);
    frame->phase = wf_read_u8(in);
    frame->state = (uint32_t)wf_read_varint(in);
    frame->previous_event = wf_read_varint(in);
    frame->entered_ms = wf_read_signed(in);
    frame->entered_event = wf_read_varint(in);
    uint64_t input = wf_read_varint(in), parameters = wf_read_varint(in);
    uint64_t variables = wf_read_varint(in);
    if (input != frame->input.number)
        wf_ref_set(&frame->input, input, NULL);
    if (parameters != frame->parameters.number)
        wf_ref_set(&frame->parameters, parameters, NULL);
    if (variables != frame->variables.number)
        wf_ref_set(&frame->variables, variables, NULL);
    frame->due_ms = wf_read_signed(in);
    frame->timeout_due_ms = wf_read_signed(in);
    frame->heartbeat_due_ms = wf_read_signed(in);
    frame->heartbeat_ms = wf_read_signed(in);
    frame->row_due_ms = wf_read_signed(in);
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
    frame->has_row = flags & FRAME_ROW;
    frame->has_offer_row = flags & FRAME_OFFER_ROW;
    if (!decode_fork(in, frame, flags & FRAME_FORK))
        return false;
    if (has_token(frame)) {
        frame->secret[0] = wf_read_be64(in);
        frame->secret[1] = wf_read_be64(in);
        decode_activity(in, frame);
    }
    bool good = decode_children(in, frame);
    frame->called = flags & FRAME_CALLED ? wf_read_varint(in) : 0;
    return good && !in->bad;
}
