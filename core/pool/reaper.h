/*
 * reaper.h - ends process groups and awaits their end, without the loop
 * waiting for /proc.
 *
 * Who is alive is found out on a helper thread (pool.h: wf_child_signal()),
 * again and again until nothing of a group is left; then `done` is called on
 * the loop, exactly once for each group.
 */
#ifndef WF_REAPER_H
#define WF_REAPER_H

#include <ev.h>

#include "pool.h"

struct wf_reaper;

/** The loop is borrowed. No thread is started before there is a group. */
struct wf_reaper *wf_reaper_new(struct ev_loop *loop);
/** Forgets what is left; `done` is not called for it. NULL is allowed. */
void wf_reaper_free(struct wf_reaper *reaper);

typedef void wf_reaped_fn(void *arg, struct wf_child child);

/**
 * Ends the group of a child, if it is still that one (pool.h: a start time,
 * or the key in an environment). SIGKILL at once, or, `gently`, SIGTERM and
 * SIGKILL after 2 s. `done` never runs inside this call.
 */
void wf_reaper_end(struct wf_reaper *reaper, struct wf_child child,
                   struct wf_str task_key, bool gently, wf_reaped_fn *done,
                   void *arg);
/** Groups whose `done` has not been called. */
size_t wf_reaper_count(const struct wf_reaper *reaper);

#endif
