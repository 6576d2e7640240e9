/* schedule_make.c - CreateSchedule, UpdateSchedule, GetSchedule,
 * DeleteSchedule, and the slots to come. See schedule_impl.h. */
#include <stdlib.h>

#include "schedule_impl.h"

#define SLOTS_DEFAULT 5
#define SLOTS_MAX 1000
/* As AWS: so much may have passed since a StartDate. */
#define START_LATE_MS INT64_C(300000)

static struct wf_schedule_request *of(struct wf_schedule_turn *turn) {
    return (struct wf_schedule_request *)turn;
}

static void begin(struct wf_schedule_request *request,
                  void (*run)(struct wf_schedule_turn *)) {
    wf_buf_addstr(&request->turn.group, request->ask.schedule.group);
    wf_buf_addstr(&request->turn.name, request->ask.schedule.name);
    request->turn.run = run;
    wf_schedule_turn_begin(&request->turn);
}

static void no_such(struct wf_schedule_request *request) {
    wf_schedule_refuse(request, "ResourceNotFoundException",
                       "Schedule %s does not exist.",
                       request->ask.schedule.name);
}

/* ---- CreateSchedule, UpdateSchedule ---- */

static void answer_arn(void *arg) {
    struct wf_schedule_request *request = arg;
    struct wf_engine *engine = request->turn.engine;
    const struct wf_schedule *schedule = &request->ask.schedule;
    struct wf_buf arn = {0};
    if (schedule->slot_ms != WF_SCHEDULE_NO_TIME && !schedule->is_disabled)
        wf_schedules_note(engine, schedule->due_ms);
    wf_schedule_arn(engine, schedule->group, schedule->name, &arn);
    struct wf_schedule_reply reply = {.arn = {arn.data, arn.len}};
    wf_schedule_answer(request, &reply);
    wf_buf_free(&arn);
}

/* Whether its slots are still the same. */
static bool is_same_plan(const struct wf_schedule *a,
                         const struct wf_schedule *b) {
    return wf_str_eq(a->expression, b->expression) &&
           wf_str_eq(a->timezone, b->timezone) &&
           a->start_ms == b->start_ms && a->end_ms == b->end_ms &&
           a->window_minutes == b->window_minutes &&
           a->is_disabled == b->is_disabled;
}

static void keep_state(struct wf_schedule *schedule,
                       const struct wf_schedule *before) {
    schedule->generation = before->generation;
    schedule->creation_ms = before->creation_ms;
    schedule->retrying = before->retrying;
    schedule->last_execution = before->last_execution;
    schedule->last_slot_ms = before->last_slot_ms;
    schedule->started = before->started;
    schedule->skipped = before->skipped;
    schedule->failed = before->failed;
    schedule->last_error = before->last_error;
    schedule->last_error_ms = before->last_error_ms;
}

static void put(struct wf_schedule_request *request,
                const struct wf_schedule_plan *plan) {
    struct wf_engine *engine = request->turn.engine;
    struct wf_schedule *schedule = &request->ask.schedule;
    const struct wf_schedule *before =
        request->turn.exists ? &request->turn.schedule : NULL;
    int64_t now = wf_clock_now_ms(engine->clock);
    schedule->modified_ms = now;
    schedule->first_ms = schedule->start_ms ? schedule->start_ms
                                            : now / 1000 * 1000;
    if (before) {
        keep_state(schedule, before);
    } else {
        schedule->creation_ms = now;
        schedule->generation = wf_clock_random(engine->clock);
    }
    if (before && is_same_plan(schedule, before)) {
        schedule->first_ms = before->first_ms;
        schedule->slot_ms = before->slot_ms;
        schedule->due_ms = before->due_ms;
        schedule->is_waiting = before->is_waiting;
    } else {
        bool is_rate = plan->expression.kind == WF_SCHEDULE_RATE;
        int64_t after = now;
        if (!before && is_rate && !schedule->start_ms)
            after = schedule->first_ms - 1; /* a new one begins at once */
        wf_schedule_set_slot(engine, schedule,
                             wf_schedule_slot_after(plan, schedule, after));
    }
    wf_schedule_put(engine, schedule, before);
    wf_engine_after(engine, answer_arn, request);
}

/* A group that is being deleted. */
static bool is_going(struct wf_engine *engine, struct wf_str group) {
    struct wf_link *list = &engine->schedules->sweeps;
    for (struct wf_link *at = list->next; at != list; at = at->next)
        if (wf_str_eq(wf_str(WF_ENTRY(at, struct wf_schedule_sweep,
                                      link)->name),
                      group))
            return true;
    return false;
}

static void with_group(void *arg, const struct wf_schedule_group *group) {
    struct wf_schedule_request *request = arg;
    struct wf_str name = request->ask.schedule.group;
    if (!group)
        wf_schedule_refuse(request, "ResourceNotFoundException",
                           "Schedule group %s does not exist.", name);
    else if (group->is_deleting || is_going(request->turn.engine, name))
        wf_schedule_refuse(request, "ConflictException",
                           "Schedule group %s is being deleted.", name);
    else
        put(request, &request->plan);
}

/* Whether a call asks for what is there. */
static bool is_same(const struct wf_schedule *a,
                    const struct wf_schedule *b) {
    return is_same_plan(a, b) && wf_str_eq(a->target, b->target) &&
           wf_str_eq(a->description, b->description) &&
           wf_str_eq(a->kms_key, b->kms_key) && a->missed == b->missed &&
           a->overlap == b->overlap &&
           a->is_deleted_after == b->is_deleted_after;
}

/* Of CreateSchedule: it is the same call once more, or a conflict. */
static void create_again(struct wf_schedule_request *request) {
    struct wf_schedule *schedule = &request->ask.schedule;
    const struct wf_schedule *before = &request->turn.schedule;
    bool is_token = schedule->client_token.len &&
                    wf_str_eq(schedule->client_token, before->client_token);
    schedule->slot_ms = WF_SCHEDULE_NO_TIME;
    if (is_token && is_same(schedule, before))
        answer_arn(request);
    else
        wf_schedule_refuse(request, "ConflictException",
                           is_token ? "The ClientToken was used to create "
                                      "schedule %s with other parameters."
                                    : "Schedule %s already exists.",
                           schedule->name);
}

static void invalid(struct wf_schedule_request *request, struct wf_str why) {
    wf_schedule_refuse(request, "ValidationException", "%s", why);
}

static void with_plan(void *arg, const struct wf_schedule_plan *plan,
                      struct wf_str why) {
    struct wf_schedule_request *request = arg;
    int64_t utc_s;
    if (!plan) {
        invalid(request, why);
        return;
    }
    request->plan = *plan;
    if (plan->expression.kind == WF_SCHEDULE_AT &&
        !wf_zone_utc(plan->zone, plan->expression.at_s, &utc_s))
        invalid(request, WF_STR("The time of the expression does not exist "
                                "in its time zone: clocks are put forward "
                                "over it."));
    else if (request->ask.operation == WF_SCHEDULE_CREATE &&
             request->turn.exists)
        create_again(request);
    else
        wf_schedule_group_read(request->turn.engine,
                               request->ask.schedule.group, with_group,
                               request);
}

static void make(struct wf_schedule_turn *turn) {
    struct wf_schedule_request *request = of(turn);
    struct wf_schedule *schedule = &request->ask.schedule;
    if (request->ask.operation != WF_SCHEDULE_CREATE && !turn->exists)
        no_such(request);
    else
        wf_schedule_plan(turn->engine, schedule->expression,
                         schedule->timezone, with_plan, request);
}

/* What is wrong with the settings, without anything stored. */
static bool settings_are_good(struct wf_schedule_request *request) {
    struct wf_engine *engine = request->turn.engine;
    const struct wf_schedule *schedule = &request->ask.schedule;
    const struct wf_profile *profile = engine->options.profile;
    int64_t now = wf_clock_now_ms(engine->clock);
    struct wf_schedule_call call;
    struct wf_buf why = {0};
    if (!wf_schedule_target(engine, schedule, now, 1, &call, &why))
        ;
    else if (schedule->start_ms && schedule->end_ms &&
             schedule->start_ms >= schedule->end_ms)
        wf_buf_adds(&why, "The StartDate you specify must come before the "
                          "EndDate.");
    else if (!profile->extensions && schedule->start_ms &&
             schedule->start_ms < now - START_LATE_MS)
        wf_buf_adds(&why, "The StartDate you specify cannot be earlier than "
                          "5 minutes ago.");
    else if (!profile->extensions && schedule->end_ms &&
             schedule->end_ms <= now)
        wf_buf_adds(&why, "The EndDate you specify must be in the future.");
    wf_schedule_call_free(&call);
    bool good = why.len == 0;
    if (!good)
        invalid(request, (struct wf_str){why.data, why.len});
    wf_buf_free(&why);
    return good;
}

void wf_schedule_create(struct wf_schedule_request *request) {
    if (settings_are_good(request))
        begin(request, make);
}

/* ---- GetSchedule, DeleteSchedule ---- */

static void get(struct wf_schedule_turn *turn) {
    struct wf_schedule_request *request = of(turn);
    if (!turn->exists) {
        no_such(request);
        return;
    }
    struct wf_buf arn = {0};
    wf_schedule_arn(turn->engine, turn->schedule.group, turn->schedule.name,
                    &arn);
    struct wf_schedule_reply reply = {.arn = {arn.data, arn.len},
                                      .schedules = &turn->schedule,
                                      .count = 1};
    wf_schedule_answer(request, &reply);
    wf_buf_free(&arn);
}

void wf_schedule_get(struct wf_schedule_request *request) {
    begin(request, get);
}

static void answer_empty(void *arg) {
    wf_schedule_answer(arg, &(struct wf_schedule_reply){.count = 0});
}

static void remove_it(struct wf_schedule_turn *turn) {
    struct wf_schedule_request *request = of(turn);
    if (!turn->exists) {
        no_such(request);
        return;
    }
    wf_schedule_delete(turn->engine, &turn->schedule);
    wf_engine_after(turn->engine, answer_empty, request);
}

void wf_schedule_remove(struct wf_schedule_request *request) {
    begin(request, remove_it);
}

/* ---- the slots to come ---- */

static void next_slots(void *arg, const struct wf_schedule_plan *plan,
                       struct wf_str why) {
    struct wf_schedule_request *request = arg;
    struct wf_engine *engine = request->turn.engine;
    const struct wf_schedule *schedule =
        request->turn.exists ? &request->turn.schedule
                             : &request->ask.schedule;
    if (!plan) {
        invalid(request, why);
        return;
    }
    unsigned max = request->ask.max_results;
    max = max == 0 ? SLOTS_DEFAULT : max > SLOTS_MAX ? SLOTS_MAX : max;
    int64_t *slots = wf_calloc(max, sizeof(*slots));
    int64_t at = wf_clock_now_ms(engine->clock);
    struct wf_schedule_reply reply = {.slots = slots};
    if (request->turn.exists && !schedule->is_disabled)
        at = schedule->slot_ms - 1;
    while (reply.count < max && at < WF_SCHEDULE_WAITS) {
        at = wf_schedule_slot_after(plan, schedule, at);
        if (at == WF_SCHEDULE_NO_TIME)
            break;
        slots[reply.count++] = at;
    }
    wf_schedule_answer(request, &reply);
    free(slots);
}

static void next_of(struct wf_schedule_turn *turn) {
    struct wf_schedule_request *request = of(turn);
    if (turn->exists)
        wf_schedule_plan(turn->engine, turn->schedule.expression,
                         turn->schedule.timezone, next_slots, request);
    else
        no_such(request);
}

void wf_schedule_next_slots(struct wf_schedule_request *request) {
    struct wf_schedule *schedule = &request->ask.schedule;
    if (schedule->name.len) {
        begin(request, next_of);
        return;
    }
    schedule->first_ms = schedule->start_ms
                             ? schedule->start_ms
                             : wf_clock_now_ms(request->turn.engine->clock);
    wf_schedule_plan(request->turn.engine, schedule->expression,
                     schedule->timezone, next_slots, request);
}
