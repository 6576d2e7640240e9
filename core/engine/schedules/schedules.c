/* schedules.c - the door to schedules, and what their operations share. See
 * schedule.h. */
#include "schedules.h"

#include <stdlib.h>

#include "refusal.h"
#include "schedule_impl.h"

void wf_schedule_arn(struct wf_engine *engine, struct wf_str group,
                     struct wf_str name, struct wf_buf *out) {
    wf_buf_addf(out, "arn:aws:scheduler:%s:%s:schedule/", engine->region,
                engine->account);
    wf_buf_addstr(out, group);
    wf_buf_u8(out, '/');
    wf_buf_addstr(out, name);
}

void wf_schedule_group_arn(struct wf_engine *engine, struct wf_str name,
                           struct wf_buf *out) {
    wf_buf_addf(out, "arn:aws:scheduler:%s:%s:schedule-group/",
                engine->region, engine->account);
    wf_buf_addstr(out, name);
}

/* ---- requests ---- */

static void drop(void *memory) {
    struct wf_schedule_request *request = memory;
    wf_schedule_turn_drop(&request->turn);
    wf_buf_free(&request->memory);
    free(request->tags);
    free(request->keys);
}

static void keep_lists(struct wf_schedule_request *request,
                       const struct wf_schedule_ask *ask) {
    struct wf_buf *memory = &request->memory;
    request->tags = wf_calloc(ask->tag_count + 1, sizeof(*request->tags));
    request->keys = wf_calloc(ask->key_count + 1, sizeof(*request->keys));
    for (size_t i = 0; i < ask->tag_count; i++) {
        request->tags[i] = ask->tags[i];
        wf_buf_keep(memory, &request->tags[i].key);
        wf_buf_keep(memory, &request->tags[i].value);
    }
    for (size_t i = 0; i < ask->key_count; i++) {
        request->keys[i] = ask->keys[i];
        wf_buf_keep(memory, &request->keys[i]);
    }
    request->ask.tags = request->tags;
    request->ask.keys = request->keys;
}

struct wf_schedule_request *wf_schedule_request_new(
    struct wf_engine *engine, const struct wf_schedule_ask *ask,
    wf_schedule_fn *reply, void *arg) {
    struct wf_schedule_request *request =
        wf_call_new(engine, sizeof(*request), drop);
    const struct wf_schedule *schedule = &ask->schedule;
    size_t bytes = ask->prefix.len + ask->next_token.len;
    for (size_t i = 0; i < ask->tag_count; i++)
        bytes += ask->tags[i].key.len + ask->tags[i].value.len;
    for (size_t i = 0; i < ask->key_count; i++)
        bytes += ask->keys[i].len;
    bytes += schedule->group.len + schedule->name.len +
             schedule->expression.len + schedule->timezone.len +
             schedule->description.len + schedule->kms_key.len +
             schedule->client_token.len + schedule->target.len + 16;
    wf_buf_reserve(&request->memory, bytes);
    request->ask = *ask;
    wf_schedule_keep(&request->ask.schedule, &request->memory);
    wf_buf_keep(&request->memory, &request->ask.prefix);
    wf_buf_keep(&request->memory, &request->ask.next_token);
    keep_lists(request, ask);
    request->turn.engine = engine;
    request->reply = reply;
    request->arg = arg;
    return request;
}

void wf_schedule_refuse(struct wf_schedule_request *request,
                        const char *exception, const char *format,
                        struct wf_str subject) {
    struct wf_refusal_text text = {0};
    const struct wf_refusal *refusal =
        wf_refusal_make(&text, exception, format, subject);
    wf_schedule_turn_end(&request->turn);
    request->reply(request->arg, refusal, NULL);
    wf_refusal_free(&text);
    wf_call_free(request);
}

void wf_schedule_answer(struct wf_schedule_request *request,
                        const struct wf_schedule_reply *reply) {
    request->reply(request->arg, NULL, reply);
    wf_schedule_turn_end(&request->turn);
    wf_call_free(request);
}

static bool writes(enum wf_schedule_operation operation) {
    return operation == WF_SCHEDULE_CREATE ||
           operation == WF_SCHEDULE_UPDATE ||
           operation == WF_SCHEDULE_CREATE_GROUP ||
           operation == WF_SCHEDULE_TAG;
}

void wf_engine_schedule(struct wf_engine *engine,
                        const struct wf_schedule_ask *ask,
                        wf_schedule_fn *reply, void *arg) {
    static void (*const run[])(struct wf_schedule_request *) = {
        [WF_SCHEDULE_CREATE] = wf_schedule_create,
        [WF_SCHEDULE_UPDATE] = wf_schedule_create,
        [WF_SCHEDULE_GET] = wf_schedule_get,
        [WF_SCHEDULE_DELETE] = wf_schedule_remove,
        [WF_SCHEDULE_LIST] = wf_schedule_list,
        [WF_SCHEDULE_NEXT] = wf_schedule_next_slots,
        [WF_SCHEDULE_CREATE_GROUP] = wf_schedule_group_create,
        [WF_SCHEDULE_GET_GROUP] = wf_schedule_group_get,
        [WF_SCHEDULE_DELETE_GROUP] = wf_schedule_group_remove,
        [WF_SCHEDULE_LIST_GROUPS] = wf_schedule_group_list,
        [WF_SCHEDULE_TAG] = wf_schedule_group_tags,
        [WF_SCHEDULE_UNTAG] = wf_schedule_group_tags,
        [WF_SCHEDULE_LIST_TAGS] = wf_schedule_group_tags,
    };
    struct wf_schedule_request *request =
        wf_schedule_request_new(engine, ask, reply, arg);
    struct wf_schedule *schedule = &request->ask.schedule;
    if (!schedule->group.len && ask->operation != WF_SCHEDULE_LIST)
        schedule->group = WF_STR(WF_DEFAULT_GROUP);
    if (engine->stalled && writes(ask->operation))
        wf_schedule_refuse(request, "ThrottlingException", WF_NO_ROOM,
                           WF_STR_NULL);
    else
        run[ask->operation](request);
}

/* ---- with the engine ---- */

void wf_schedules_open(struct wf_engine *engine) {
    engine->schedules = wf_calloc(1, sizeof(*engine->schedules));
    wf_list_init(&engine->schedules->sweeps);
    engine->schedules->unseen_ms = WF_SCHEDULE_NO_TIME;
    wf_list_init(&engine->schedules->letters);
    engine->schedules->letters_unseen_ms = WF_SCHEDULE_NO_TIME;
}

void wf_schedules_close(struct wf_engine *engine) {
    struct wf_schedules *schedules = engine->schedules;
    if (!schedules)
        return;
    while (schedules->zones) {
        struct wf_schedule_zone *zone = schedules->zones;
        schedules->zones = zone->next;
        wf_zone_free(zone->zone);
        free(zone->name);
        free(zone);
    }
    for (size_t i = 0; i < WF_SCHEDULE_BUCKETS; i++)
        while (schedules->watches[i]) {
            struct wf_schedule_watch *watch = schedules->watches[i];
            schedules->watches[i] = watch->next;
            free(watch->group);
            free(watch->name);
            free(watch);
        }
    wf_schedule_letters_close(engine);
    wf_schedule_express_close(engine);
    free(schedules);
    engine->schedules = NULL;
}
