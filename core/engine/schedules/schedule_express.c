/* schedule_express.c - EXPRESS executions that schedules have started and
 * that still run: in memory, as those are. See schedule_impl.h. */
#include <stdlib.h>

#include "schedule_impl.h"

/* In two lists: of its schedule's name, the latest first, and of its id. */
struct wf_schedule_express {
    struct wf_schedule_express *by_name, *by_id;
    uint64_t execution;
    char *group, *name;
};

static struct wf_schedule_express **names_of(struct wf_engine *engine,
                                             struct wf_str group,
                                             struct wf_str name) {
    uint64_t hash = wf_str_hash(group) * 31 + wf_str_hash(name);
    return &engine->schedules->express_names[hash % WF_SCHEDULE_BUCKETS];
}

static struct wf_schedule_express **ids_of(struct wf_engine *engine,
                                           uint64_t execution) {
    uint64_t hash = execution * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    return &engine->schedules->express_ids[hash % WF_SCHEDULE_BUCKETS];
}

void wf_schedule_express_began(struct wf_engine *engine, uint64_t execution,
                               struct wf_str group, struct wf_str name) {
    struct wf_schedule_express *express = wf_calloc(1, sizeof(*express));
    struct wf_schedule_express **at = names_of(engine, group, name);
    express->execution = execution;
    express->group = wf_strndup(group.data, group.len);
    express->name = wf_strndup(name.data, name.len);
    express->by_name = *at;
    *at = express;
    at = ids_of(engine, execution);
    express->by_id = *at;
    *at = express;
}

uint64_t wf_schedule_express_of(struct wf_engine *engine, struct wf_str group,
                                struct wf_str name) {
    struct wf_schedule_express *at = *names_of(engine, group, name);
    while (at && (!wf_str_eq(wf_str(at->group), group) ||
                  !wf_str_eq(wf_str(at->name), name)))
        at = at->by_name;
    return at ? at->execution : 0;
}

static void drop(struct wf_schedule_express *express) {
    free(express->group);
    free(express->name);
    free(express);
}

void wf_schedule_express_ended(struct wf_engine *engine, uint64_t execution) {
    struct wf_schedule_express **at = ids_of(engine, execution);
    while (*at && (*at)->execution != execution)
        at = &(*at)->by_id;
    struct wf_schedule_express *express = *at;
    if (!express)
        return; /* no schedule has started it */
    *at = express->by_id;
    at = names_of(engine, wf_str(express->group), wf_str(express->name));
    while (*at != express)
        at = &(*at)->by_name;
    *at = express->by_name;
    drop(express);
}

void wf_schedule_express_close(struct wf_engine *engine) {
    for (size_t i = 0; i < WF_SCHEDULE_BUCKETS; i++) {
        struct wf_schedule_express *at = engine->schedules->express_ids[i];
        while (at) {
            struct wf_schedule_express *next = at->by_id;
            drop(at);
            at = next;
        }
    }
}
