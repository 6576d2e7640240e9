/* rebuild_frames.c - frames of what is to be done again. See rebuild.h. */
#include "rebuild_impl.h"

struct wf_line *wf_rebuild_line(const struct wf_rebuild *rebuild,
                            uint32_t index) {
    return &rebuild->lines[rebuild->live[index]];
}

static struct wf_fork *make_fork(const struct wf_line_fork *from) {
    struct wf_fork *fork =
        wf_fork_new(from->is_map, from->base, from->count);
    fork->next = from->next;
    fork->done = from->done;
    fork->asleep = from->has_run ? 0 : from->next - from->done;
    fork->has_rows = from->done > 0;
    fork->is_complete = !fork->has_rows;
    fork->started_event = from->started_event;
    fork->last_inner = from->last_inner;
    fork->last_event = from->last_event;
    return fork;
}

struct wf_frame *wf_rebuild_frame(const struct wf_rebuild *rebuild,
                                  uint32_t index,
                                  struct wf_execution *execution) {
    const struct wf_line *line = wf_rebuild_line(rebuild, index);
    struct wf_frame *frame = wf_frame_new(execution, line->frame);
    if (line->parent != NONE)
        frame->parent = rebuild->lines[line->parent].frame;
    frame->state = line->state;
    frame->phase = WF_PHASE_REDRIVE;
    frame->previous_event = line->last_event;
    frame->entered_ms = line->entered_ms;
    frame->entered_event = line->enters ? 0 : line->entered_event;
    wf_ref_set(&frame->input, line->input, NULL);
    wf_ref_set(&frame->variables, line->variables, NULL);
    if (line->fork)
        frame->fork = make_fork(line->fork);
    if (line->fork && line->fork->has_run)
        wf_ref_set(&frame->parameters, line->fork->parameters, NULL);
    return frame;
}

uint32_t wf_rebuild_results(const struct wf_rebuild *rebuild,
                            uint32_t index) {
    const struct wf_line_fork *fork = wf_rebuild_line(rebuild, index)->fork;
    return fork ? fork->done : 0;
}

void wf_rebuild_put_results(const struct wf_rebuild *rebuild, uint32_t index,
                            uint32_t from, uint32_t count,
                            struct wf_buf *out) {
    const struct wf_line_fork *fork = wf_rebuild_line(rebuild, index)->fork;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < fork->next && count > 0; i++) {
        uint32_t child = wf_line_child(fork, i);
        if (child == NONE || !rebuild->lines[child].is_over || seen++ < from)
            continue;
        wf_buf_varint(out, i);
        wf_buf_varint(out, rebuild->lines[child].input);
        count--;
    }
}

uint32_t wf_rebuild_run(const struct wf_rebuild *rebuild, uint32_t index) {
    const struct wf_line_fork *fork = wf_rebuild_line(rebuild, index)->fork;
    return fork && fork->has_run ? fork->run : 0;
}

void wf_rebuild_drop_run(struct wf_rebuild *rebuild, uint32_t index) {
    wf_line_drop_fork(wf_rebuild_line(rebuild, index));
}

void wf_rebuild_between(const struct wf_rebuild *rebuild,
                        struct wf_buf *out) {
    for (uint32_t i = 0; i < rebuild->live_count; i++) {
        const struct wf_line *line = wf_rebuild_line(rebuild, i);
        if (line->stage != STAGE_LEFT)
            continue;
        wf_buf_varint(out, line->left_event);
        wf_buf_varint(out, line->state);
    }
}
