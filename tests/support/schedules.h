/*
 * schedules.h - schedules of a rig's engine: calls that wait for their
 * answer, and what has been started as text.
 */
#ifndef SCHEDULES_H
#define SCHEDULES_H

#include "engine_fixture.h"
#include "schedule.h"

struct schedule_answer {
    bool done;
    char exception[64]; /* empty: it was not refused */
    char text[4096];    /* the message; or names of a list, slots, tags, each
                           with a blank behind it; or an ARN */
    char token[1024];
    size_t count;
    struct wf_schedule schedule; /* its numbers; texts are not valid */
    char last_error[256];
};

/** A schedule whose target is the rig's machine, with this Input. */
struct wf_schedule schedule_of(struct rig *rig, const char *name,
                               const char *expression, const char *input);
/** Asks and waits. The answer is the next call's, too. */
const struct schedule_answer *schedule_ask(struct rig *rig,
                                           const struct wf_schedule_ask *ask);
/** With one schedule; and it has to be good. */
const struct schedule_answer *schedule_do(struct rig *rig,
                                          enum wf_schedule_operation what,
                                          const struct wf_schedule *schedule);
void schedule_make(struct rig *rig, struct wf_schedule schedule);
/** GetSchedule of the default group. */
const struct schedule_answer *schedule_get(struct rig *rig,
                                           const char *name);
/** "2024-01-01T00:00:00" in ms. */
int64_t schedule_ms(const char *iso);
/** Turns until nothing happens any more, at whatever time. */
void schedules_end(struct rig *rig);
/** The slots that the executions of the rig's machine are named after, first
 * to last: "01-01T00:00 01-01T01:00 ", up to 1,000. */
const char *schedule_slots(struct rig *rig);

#endif
