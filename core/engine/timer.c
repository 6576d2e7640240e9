/*
 * timer.c - the timers of what is in memory: a binary heap by due time.
 *
 * An entry belongs to a frame or, for its TimeoutSeconds, to an execution;
 * each knows its place, so re-arming moves one entry. Timers of parked frames
 * are rows (table T); park.c loads those that are due. A timer may outlive
 * its reason: who is woken looks at the frame again.
 */
#include <stdlib.h>

#include "engine_impl.h"

struct wf_timer_entry {
    int64_t due_ms;
    struct wf_frame *frame;         /* or */
    struct wf_execution *execution;
};

static void place(struct wf_timers *timers, size_t at,
                  struct wf_timer_entry entry) {
    timers->heap[at] = entry;
    if (entry.frame)
        entry.frame->timer_at = at + 1;
    else
        entry.execution->timer_at = at + 1;
}

static void sift_up(struct wf_timers *timers, size_t at,
                    struct wf_timer_entry entry) {
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (timers->heap[parent].due_ms <= entry.due_ms)
            break;
        place(timers, at, timers->heap[parent]);
        at = parent;
    }
    place(timers, at, entry);
}

static void sift_down(struct wf_timers *timers, size_t at,
                      struct wf_timer_entry entry) {
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= timers->count)
            break;
        if (child + 1 < timers->count &&
            timers->heap[child + 1].due_ms < timers->heap[child].due_ms)
            child++;
        if (timers->heap[child].due_ms >= entry.due_ms)
            break;
        place(timers, at, timers->heap[child]);
        at = child;
    }
    place(timers, at, entry);
}

static void settle(struct wf_timers *timers, size_t at,
                   struct wf_timer_entry entry) {
    if (at > 0 && timers->heap[(at - 1) / 2].due_ms > entry.due_ms)
        sift_up(timers, at, entry);
    else
        sift_down(timers, at, entry);
}

static void add(struct wf_timers *timers, struct wf_timer_entry entry) {
    if (timers->count == timers->cap) {
        timers->cap = timers->cap ? timers->cap * 2 : 64;
        timers->heap = wf_realloc(timers->heap,
                                  timers->cap * sizeof(*timers->heap));
    }
    sift_up(timers, timers->count++, entry);
}

static void take(struct wf_timers *timers, size_t at) {
    struct wf_timer_entry *entry = &timers->heap[at];
    if (entry->frame)
        entry->frame->timer_at = 0;
    else
        entry->execution->timer_at = 0;
    if (at != --timers->count)
        settle(timers, at, timers->heap[timers->count]);
}

static void update(struct wf_engine *engine, size_t timer_at,
                   struct wf_timer_entry entry) {
    if (entry.due_ms == 0) {
        if (timer_at)
            take(&engine->timers, timer_at - 1);
        return;
    }
    if (timer_at)
        settle(&engine->timers, timer_at - 1, entry);
    else
        add(&engine->timers, entry);
    wf_engine_wake(engine);
}

void wf_timer_update(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_timer_entry entry = {.due_ms = wf_frame_due(frame),
                                   .frame = frame};
    update(engine, frame->timer_at, entry);
}

void wf_timer_update_execution(struct wf_engine *engine,
                               struct wf_execution *execution) {
    struct wf_timer_entry entry = {.due_ms = execution->timeout_due_ms,
                                   .execution = execution};
    update(engine, execution->timer_at, entry);
}

void wf_timer_disarm(struct wf_engine *engine, struct wf_frame *frame) {
    if (frame->timer_at)
        take(&engine->timers, frame->timer_at - 1);
}

void wf_timer_disarm_execution(struct wf_engine *engine,
                               struct wf_execution *execution) {
    if (execution->timer_at)
        take(&engine->timers, execution->timer_at - 1);
}

static void fire_execution(struct wf_engine *engine,
                           struct wf_execution *execution) {
    for (struct wf_frame *f = execution->frames; f; f = f->next)
        wf_task_record_started(engine, f);
    uint64_t last = execution->tail.next_event - 1;
    wf_execution_end(engine, execution, WF_EXECUTION_TIMED_OUT, NULL, last);
}

bool wf_timers_fire(struct wf_engine *engine, unsigned budget) {
    struct wf_timers *timers = &engine->timers;
    int64_t now = wf_clock_now_ms(engine->clock);
    while (timers->count > 0 && timers->heap[0].due_ms <= now) {
        if (budget-- == 0)
            return true;
        struct wf_timer_entry due = timers->heap[0];
        take(timers, 0);
        if (due.frame)
            wf_frame_run(engine, due.frame);
        else
            fire_execution(engine, due.execution);
    }
    return false;
}

int64_t wf_timers_wake(const struct wf_engine *engine) {
    int64_t next = wf_engine_can_scan(engine) ? engine->parked_next
                                              : INT64_MAX;
    if (engine->timers.count > 0 && engine->timers.heap[0].due_ms < next)
        next = engine->timers.heap[0].due_ms;
    int64_t schedule = wf_schedules_wake(engine);
    return schedule < next ? schedule : next;
}

int64_t wf_timers_next(const struct wf_engine *engine) {
    int64_t next = engine->parked_next;
    if (engine->timers.count > 0 && engine->timers.heap[0].due_ms < next)
        next = engine->timers.heap[0].due_ms;
    int64_t schedule = wf_schedules_next(engine);
    return schedule < next ? schedule : next;
}
