/* schedule_plan.c - when a schedule's next slot is: its expression, its zone,
 * its first and last day, its window. See schedule_impl.h. */
#include <stdlib.h>

#include "offload.h"
#include "schedule_impl.h"

/* ---- zones: read from their files once, by a thread ---- */

static const struct wf_zone *find_zone(struct wf_engine *engine,
                                       struct wf_str name) {
    struct wf_schedule_zone *at = engine->schedules->zones;
    while (at && !wf_str_eq(wf_str(at->name), name))
        at = at->next;
    return at ? at->zone : NULL;
}

static const struct wf_zone *add_zone(struct wf_engine *engine,
                                      struct wf_str name,
                                      struct wf_zone *zone) {
    struct wf_schedule_zone *added = wf_calloc(1, sizeof(*added));
    added->name = wf_strndup(name.data, name.len);
    added->zone = zone;
    added->next = engine->schedules->zones;
    engine->schedules->zones = added;
    return zone;
}

struct zone_job {
    struct wf_job job;
    struct wf_engine *engine;
    struct wf_schedule_plan plan;
    char *name;
    struct wf_zone *zone;
    struct wf_error err;
    wf_schedule_plan_fn *done;
    void *arg;
};

static void load_zone(struct wf_job *job) {
    struct zone_job *load = (struct zone_job *)job;
    load->zone = wf_zone_load(NULL, wf_str(load->name), &load->err);
}

static void zone_loaded(struct wf_job *job) {
    struct zone_job *load = (struct zone_job *)job;
    struct wf_engine *engine = load->engine;
    struct wf_str name = wf_str(load->name);
    if (engine->closing) { /* whoever waits for it is freed with the rest */
        wf_zone_free(load->zone);
    } else if (load->zone) {
        load->plan.zone = find_zone(engine, name);
        if (load->plan.zone)
            wf_zone_free(load->zone);
        else
            load->plan.zone = add_zone(engine, name, load->zone);
        load->done(load->arg, &load->plan, WF_STR_NULL);
    } else {
        load->done(load->arg, NULL, wf_str(load->err.message));
    }
    free(load->name);
    free(load);
}

void wf_schedule_plan(struct wf_engine *engine, struct wf_str expression,
                      struct wf_str timezone, wf_schedule_plan_fn *done,
                      void *arg) {
    struct wf_schedule_plan plan;
    struct wf_error err;
    struct wf_str name = timezone.len ? timezone : WF_STR("UTC");
    if (wf_schedule_parse(expression, &plan.expression, &err) != 0) {
        struct wf_buf why = {0};
        wf_buf_adds(&why, "Invalid Schedule Expression ");
        wf_buf_addstr(&why, expression);
        wf_buf_addf(&why, ": %s.", err.message);
        done(arg, NULL, (struct wf_str){why.data, why.len});
        wf_buf_free(&why);
        return;
    }
    plan.zone = find_zone(engine, name);
    if (plan.zone) {
        done(arg, &plan, WF_STR_NULL);
        return;
    }
    struct zone_job *load = wf_calloc(1, sizeof(*load));
    *load = (struct zone_job){
        .job = {.work = load_zone, .done = zone_loaded},
        .engine = engine,
        .plan = plan,
        .name = wf_strndup(name.data, name.len),
        .done = done,
        .arg = arg,
    };
    wf_engine_offload(engine, &load->job);
}

/* ---- slots ---- */

/* A one-time schedule has neither start nor end. */
static int64_t up_to_end(const struct wf_schedule_plan *plan,
                         const struct wf_schedule *schedule, int64_t slot) {
    bool is_over = plan->expression.kind != WF_SCHEDULE_AT &&
                   schedule->end_ms && slot > schedule->end_ms;
    return is_over ? WF_SCHEDULE_NO_TIME : slot;
}

static int64_t from_start(const struct wf_schedule_plan *plan,
                          const struct wf_schedule *schedule,
                          int64_t after_ms) {
    bool is_early = plan->expression.kind != WF_SCHEDULE_AT &&
                    schedule->start_ms && after_ms < schedule->start_ms;
    return is_early ? schedule->start_ms - 1 : after_ms;
}

int64_t wf_schedule_slot_after(const struct wf_schedule_plan *plan,
                               const struct wf_schedule *schedule,
                               int64_t after_ms) {
    return up_to_end(plan, schedule,
                     wf_schedule_next(&plan->expression, plan->zone,
                                      schedule->first_ms,
                                      from_start(plan, schedule, after_ms)));
}

int64_t wf_schedule_last_slot(const struct wf_schedule_plan *plan,
                              const struct wf_schedule *schedule,
                              int64_t until_ms) {
    if (plan->expression.kind != WF_SCHEDULE_AT && schedule->end_ms &&
        until_ms > schedule->end_ms)
        until_ms = schedule->end_ms;
    return wf_schedule_last(&plan->expression, plan->zone,
                            schedule->first_ms,
                            from_start(plan, schedule,
                                       schedule->slot_ms - 1),
                            until_ms);
}

void wf_schedule_set_slot(struct wf_engine *engine,
                          struct wf_schedule *schedule, int64_t slot_ms) {
    int64_t window = (int64_t)schedule->window_minutes * 60000;
    schedule->slot_ms = schedule->due_ms = slot_ms;
    schedule->is_waiting = false;
    if (window && slot_ms != WF_SCHEDULE_NO_TIME)
        schedule->due_ms += (int64_t)(wf_clock_random(engine->clock) %
                                      (uint64_t)window);
}
