/* check_frames.c - frames of one execution, and what is theirs. See
 * check_impl.h. */
#include "check_impl.h"

static struct wf_frame *decode(struct check *check, uint64_t execution,
                               uint32_t number, struct wf_str row) {
    struct wf_reader in = {row.data, row.data + row.len, false};
    wf_execution_free_frames(check->nobody);
    check->nobody->id = execution;
    struct wf_frame *frame = wf_frame_new(check->nobody, number);
    bool good = wf_frame_decode(&in, frame) && in.at == in.end &&
                frame->number == number && frame->phase >= WF_PHASE_ENTER &&
                frame->phase <= WF_PHASE_OFFER;
    frame->number = number; /* it is found, and freed, by that */
    return good ? frame : NULL;
}

struct wf_frame *check_find_frame(struct check *check, uint64_t execution,
                                  uint32_t number) {
    struct wf_execution *active = check_active(check, execution);
    struct wf_frame *frame =
        active ? wf_execution_frame(active, number) : NULL;
    struct wf_key key = wf_key_frame(0, execution, number);
    struct wf_str row;
    if (frame)
        return frame;
    return check_has(check, &key, &row)
               ? decode(check, execution, number, row)
               : NULL;
}

/* ---- one frame ---- */

static bool has_frame(struct check *check, const struct check_frames *frames,
                      uint32_t number) {
    struct wf_key key = wf_key_frame(0, frames->execution, number);
    return (frames->active && wf_execution_frame(frames->active, number)) ||
           check_has(check, &key, NULL);
}

static void check_parent(struct check *check, struct check_frames *frames,
                         struct wf_str key, const struct wf_frame *frame) {
    uint32_t parent = frame->parent;
    if (parent == WF_FRAME_NONE)
        return;
    if (parent != frames->last_parent) {
        frames->last_parent = parent;
        frames->last_parent_is = has_frame(check, frames, parent);
    }
    if (!frames->last_parent_is)
        check_wrong(check, key, "it is a branch or an iteration of frame %u, "
                    "which is missing: it can't end", (unsigned)parent);
}

static void check_rows_of(struct check *check,
                          const struct check_frames *frames,
                          struct wf_str name, const struct wf_frame *frame) {
    uint64_t id = frames->execution;
    struct wf_key key = wf_key_timer(0, frame->row_due_ms, id,
                                     frame->number);
    if (frame->row_due_ms >= 0 && !check_match(check, &key, NULL))
        check_wrong(check, name, "its timer is missing: what it waits for "
                    "does not come before the server %s",
                    frame->row_due_ms ? "looks at it for another reason"
                                      : "is asked for it");
    key = wf_key_offer(0, frame->activity, frame->offered_ms, id,
                       frame->number);
    if (frame->has_offer_row && !check_match(check, &key, NULL))
        check_wrong(check, name, "its task is missing among those to poll "
                    "for: no worker of the activity gets it");
    key = wf_key_checkpoint(0, id, frame->number);
    if (frame->has_checkpoint && !check_has(check, &key, NULL))
        check_wrong(check, name, "its checkpoint is missing: the handler "
                    "begins anew");
}

/* It is written with the frame's row, and stays. */
static void expect_run(struct check *check, const struct check_frames *frames,
                       struct wf_str name, const struct wf_frame *frame) {
    if (!frame->fork || !frame->fork->run)
        return;
    struct wf_key key = wf_key_map_run(0, frames->execution,
                                       frame->fork->run->number);
    if (!check_has(check, &key, NULL))
        check_wrong(check, name, "its Map Run has no row: it can't be "
                    "described");
}

static void check_frame(struct check *check, struct check_frames *frames,
                        struct wf_str key, const struct wf_frame *frame) {
    if (!frames->is_running) {
        check_rows_of(check, frames, key, frame);
        return; /* what it has left is being removed */
    }
    check_document(check, key, frame->input.number, "the input of its state");
    check_document(check, key, frame->parameters.number,
                   "what its task was given");
    check_document(check, key, frame->variables.number, "its variables");
    check_parent(check, frames, key, frame);
    check_rows_of(check, frames, key, frame);
}

/* Its results of children that have ended are all in rows. */
static bool has_results(const struct check_frames *frames,
                        const struct wf_frame *frame) {
    const struct wf_fork *fork = frame->fork;
    return fork && fork->has_rows && !fork->error && !fork->is_aborted &&
           !fork->run && frames->is_running &&
           frame->phase == WF_PHASE_FORK;
}

static void expect_results(struct check *check,
                           const struct check_frames *frames,
                           struct wf_str key, const struct wf_frame *frame) {
    struct wf_key first =
        wf_key_results(0, frames->execution, frame->number, 0);
    if (has_results(frames, frame) && !check_has(check, &first, NULL))
        check_wrong(check, key, "results of its first branches or iterations "
                    "are missing: the state fails when it gathers them");
}

void check_frame_row(struct check *check, struct check_frames *frames,
                     const struct wf_row *row) {
    uint32_t number = wf_key_u32(row->key, 8);
    struct wf_frame *frame =
        decode(check, frames->execution, number, row->value);
    if (!frame) {
        check_wrong(check, row->key, "the frame does not decode: the "
                    "execution does not go on");
        return;
    }
    expect_run(check, frames, row->key, frame);
    /* Otherwise what the journal has is newer. */
    if (!frames->active || !wf_execution_frame(frames->active, number)) {
        check_frame(check, frames, row->key, frame);
        expect_results(check, frames, row->key, frame);
    }
}

void check_frames_active(struct check *check, struct check_frames *frames) {
    for (struct wf_frame *f = frames->active->frames; f; f = f->next) {
        struct wf_key key = wf_key_frame(0, frames->execution, f->number);
        check_frame(check, frames, wf_key_str(&key), f);
    }
}

/* ---- results ---- */

/* The row of the frame says how many there should be, unless the journal
 * knows better. */
static void begin_results(struct check *check, struct check_frames *frames,
                          uint32_t number, const struct wf_row *row) {
    struct wf_frame *frame =
        check_find_frame(check, frames->execution, number);
    struct wf_fork *fork = frame ? frame->fork : NULL;
    frames->fork = number;
    frames->results = 0;
    frames->children = fork ? fork->count : 0;
    frames->done = fork ? fork->done : 0;
    frames->counts = fork && has_results(frames, frame) &&
                     frame->execution == check->nobody;
    if (!fork)
        check_left(check, row->key);
}

void check_results(struct check *check, struct check_frames *frames,
                   const struct wf_row *row) {
    uint32_t number = wf_key_u32(row->key, 8);
    struct wf_reader in = {row->value.data, row->value.data + row->value.len,
                           false};
    if (number != frames->fork) {
        check_results_end(check, frames);
        begin_results(check, frames, number, row);
    }
    while (in.at < in.end && !in.bad) {
        uint64_t index = wf_read_varint(&in), document = wf_read_varint(&in);
        if (in.bad || (frames->children && index >= frames->children))
            in.bad = true;
        else if (frames->is_running && frames->children)
            check_document(check, row->key, document, "a result");
        frames->results++;
    }
    if (in.bad)
        check_wrong(check, row->key, "these results do not decode: the state "
                    "fails when it gathers them");
}

void check_results_end(struct check *check, struct check_frames *frames) {
    struct wf_key key =
        wf_key_results(0, frames->execution, frames->fork, 0);
    if (frames->fork != WF_FRAME_NONE && frames->counts &&
        frames->results != frames->done)
        check_wrong(check, wf_key_str(&key),
                    "%llu results of branches or iterations are here, and "
                    "%u have ended: the state fails when it gathers them",
                    (unsigned long long)frames->results,
                    (unsigned)frames->done);
    frames->fork = WF_FRAME_NONE;
}

void check_checkpoint(struct check *check, struct check_frames *frames,
                      const struct wf_row *row) {
    struct wf_reader in = {row->value.data, row->value.data + row->value.len,
                           false};
    struct wf_frame *frame = check_find_frame(check, frames->execution,
                                              wf_key_u32(row->key, 8));
    wf_read_varint(&in);
    if (in.bad || in.at == in.end)
        check_wrong(check, row->key, "the checkpoint does not decode: the "
                    "handler begins anew");
    else if (!frame || !frame->has_checkpoint)
        check_left(check, row->key);
}
