/*
 * redrive_frames.c - frames that go on after a redrive.
 *
 * The root goes on at once; children are rows that sleep until their parent
 * wakes them, some at a time (children.c), so that no more of a Map's
 * iterations do something than ever. A frame wakes in one batch with its
 * parent's new count of those that sleep.
 *
 * No *StateEntered is recorded again, except of a Fail state: AWS schedules a
 * task again, reevaluates a Choice, redrives branches, but reenters a Fail.
 */
#include "engine_impl.h"

static const struct wf_failure ITEMS_LOST = {
    {"States.Runtime", sizeof("States.Runtime") - 1},
    {"The items of this Map are not those that it had",
     sizeof("The items of this Map are not those that it had") - 1},
};

static void wake(struct wf_engine *engine, struct wf_frame *frame) {
    if (!frame->up)
        return;
    frame->up->fork->asleep--;
    wf_frame_changed(engine, frame->up);
}

/* The children of its fork go on, and those that have not begun begin. */
static void resume_fork(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_fork *fork = frame->fork;
    bool is_known = fork->run || wf_fork_know_items(engine, frame);
    if (!is_known && wf_frame_is_undecided(frame))
        return; /* it comes again */
    wake(engine, frame);
    frame->phase = WF_PHASE_FORK;
    wf_frame_changed(engine, frame);
    if (fork->run)
        wf_map_run_redrive(engine, frame);
    if (!is_known)
        wf_fork_fail(engine, frame, &ITEMS_LOST);
    else
        wf_frame_run(engine, frame);
}

void wf_frame_redriven(struct wf_engine *engine, struct wf_frame *frame) {
    if (frame->fork) {
        resume_fork(engine, frame);
        return;
    }
    if (!wf_frame_knows_activity(engine, frame))
        return; /* it comes again */
    wake(engine, frame);
    frame->phase = WF_PHASE_ENTER;
    wf_frame_changed(engine, frame);
    if (frame->entered_event == 0) {
        wf_frame_run(engine, frame);
        return;
    }
    wf_task_new_token(engine, frame);
    wf_frame_resume(engine, frame, WF_SCRIPT_ENTER, NULL, NULL);
}
