/* schedule_groups.c - groups of schedules, and their tags. See
 * schedule_impl.h. */
#include <stdlib.h>

#include "schedule_impl.h"

#define SWEEP_ROWS 256

static struct wf_schedule_request *of(struct wf_schedule_turn *turn) {
    return (struct wf_schedule_request *)turn;
}

static void begin(struct wf_schedule_request *request,
                  void (*run)(struct wf_schedule_turn *)) {
    wf_buf_addstr(&request->turn.group, request->ask.schedule.group);
    request->turn.run = run;
    wf_schedule_turn_begin(&request->turn);
}

static void refuse(struct wf_schedule_request *request,
                   const char *exception, const char *format) {
    wf_schedule_refuse(request, exception, format,
                       request->ask.schedule.group);
}

/* False: there is no such group, and the request is answered. */
static bool exists(struct wf_schedule_request *request) {
    if (request->turn.exists)
        return true;
    refuse(request, "ResourceNotFoundException",
           "Schedule group %s does not exist.");
    return false;
}

static void answer_arn(void *arg) {
    struct wf_schedule_request *request = arg;
    struct wf_buf arn = {0};
    wf_schedule_group_arn(request->turn.engine, request->ask.schedule.group,
                          &arn);
    struct wf_schedule_reply reply = {.arn = {arn.data, arn.len},
                                      .groups = &request->turn.set,
                                      .count = 1};
    wf_schedule_answer(request, &reply);
    wf_buf_free(&arn);
}

static void answer_empty(void *arg) {
    wf_schedule_answer(arg, &(struct wf_schedule_reply){.count = 0});
}

/* ---- CreateScheduleGroup, GetScheduleGroup ---- */

/* A tag that says what schedules do says something that can be done. */
static bool is_policy_good(const struct wf_tag *tag) {
    enum wf_schedule_missed missed;
    enum wf_schedule_overlap overlap;
    if (wf_str_eq(tag->key, WF_STR(WF_MISSED_TAG)))
        return wf_schedule_missed_of(tag->value, &missed);
    if (wf_str_eq(tag->key, WF_STR(WF_OVERLAP_TAG)))
        return wf_schedule_overlap_of(tag->value, &overlap);
    return true;
}

/* False: the request is answered. */
static bool policies_are_good(struct wf_schedule_request *request) {
    for (size_t i = 0; i < request->ask.tag_count; i++)
        if (!is_policy_good(&request->tags[i])) {
            wf_schedule_refuse(request, "ValidationException",
                               "The tag %s has a value that this server "
                               "does not know.",
                               request->tags[i].key);
            return false;
        }
    return true;
}

static void create(struct wf_schedule_turn *turn) {
    struct wf_schedule_request *request = of(turn);
    struct wf_str token = request->ask.schedule.client_token;
    struct wf_buf tags = {0};
    if (turn->exists) {
        if (token.len && wf_str_eq(token, turn->set.client_token))
            answer_arn(request);
        else
            refuse(request, "ConflictException",
                   "Schedule group %s already exists.");
        return;
    }
    size_t count = wf_tags_merge(&tags, 0, request->tags,
                                 request->ask.tag_count);
    if (count > WF_TAGS_MAX) {
        wf_buf_free(&tags);
        refuse(request, "ValidationException", WF_TOO_MANY_TAGS);
        return;
    }
    int64_t now = wf_clock_now_ms(turn->engine->clock);
    turn->set = (struct wf_schedule_group){
        .name = request->ask.schedule.group,
        .creation_ms = now,
        .modified_ms = now,
        .client_token = token,
        .tags = {tags.data, tags.len},
        .tag_count = (unsigned)count,
    };
    wf_schedule_group_put(turn->engine, &turn->set);
    turn->set.tags = WF_STR_NULL;
    wf_buf_free(&tags);
    wf_engine_after(turn->engine, answer_arn, request);
}

void wf_schedule_group_create(struct wf_schedule_request *request) {
    if (policies_are_good(request))
        begin(request, create);
}

/* "default" gets its row, so that it is as old the next time. */
static void get(struct wf_schedule_turn *turn) {
    struct wf_schedule_request *request = of(turn);
    if (!exists(request))
        return;
    if (turn->set.is_implied && !turn->engine->stalled)
        wf_schedule_group_put(turn->engine, &turn->set);
    wf_engine_after(turn->engine, answer_arn, request);
}

void wf_schedule_group_get(struct wf_schedule_request *request) {
    begin(request, get);
}

/* ---- DeleteScheduleGroup ---- */

struct sweep_turn {
    struct wf_schedule_turn turn;
    struct wf_schedule_sweep *sweep;
};

static void drop_sweep_turn(void *memory) {
    wf_schedule_turn_drop(memory);
}

static void sweep_more(void *arg);

static void swept_one(void *arg) {
    struct sweep_turn *one = arg;
    struct wf_schedule_sweep *sweep = one->sweep;
    wf_schedule_turn_end(&one->turn);
    wf_call_free(one);
    if (--sweep->pending == 0)
        sweep_more(sweep);
}

static void sweep_one(struct wf_schedule_turn *turn) {
    if (turn->exists)
        wf_schedule_delete(turn->engine, &turn->schedule);
    wf_engine_after(turn->engine, swept_one, turn);
}

static void swept(void *arg) {
    struct wf_schedule_sweep *sweep = arg;
    wf_list_remove(&sweep->link);
    wf_schedule_turn_end(&sweep->turn);
    wf_call_free(sweep);
}

static void delete_group(struct wf_schedule_turn *turn) {
    struct wf_schedule_sweep *sweep =
        WF_ENTRY(turn, struct wf_schedule_sweep, turn);
    struct wf_key key = wf_key_schedule_group(turn->engine->partition,
                                              wf_str(sweep->name));
    wf_batch_delete(wf_engine_rows(turn->engine), wf_key_str(&key));
    wf_engine_after(turn->engine, swept, sweep);
    wf_engine_wake(turn->engine);
}

static void sweep_rows(void *arg, const struct wf_row *rows, size_t count,
                       bool more, const struct wf_error *err) {
    struct wf_schedule_sweep *sweep = arg;
    struct wf_engine *engine = sweep->turn.engine;
    (void)more;
    engine->loads--;
    if (wf_engine_read_failed(engine, err))
        return;
    sweep->pending = 1; /* until all have begun */
    for (size_t i = 0; i < count; i++) {
        struct wf_schedule names;
        struct sweep_turn *one =
            wf_call_new(engine, sizeof(*one), drop_sweep_turn);
        wf_schedule_key_read(rows[i].key, false, &names, NULL, NULL);
        one->sweep = sweep;
        one->turn.engine = engine;
        wf_buf_addstr(&one->turn.group, names.group);
        wf_buf_addstr(&one->turn.name, names.name);
        one->turn.run = sweep_one;
        sweep->pending++;
        wf_schedule_turn_begin(&one->turn);
    }
    sweep->pending--;
    if (count == 0)
        wf_schedule_turn_begin(&sweep->turn);
}

static void sweep_more(void *arg) {
    struct wf_schedule_sweep *sweep = arg;
    struct wf_engine *engine = sweep->turn.engine;
    struct wf_key from = wf_key_schedule(engine->partition,
                                         wf_str(sweep->name), WF_STR(""));
    struct wf_key to = from;
    to.data[to.len - 1]++;
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .keys_only = true,
                             .max_rows = SWEEP_ROWS};
    engine->loads++;
    wf_store_scan(engine->store, &range, sweep_rows, sweep);
}

static void drop_sweep(void *memory) {
    struct wf_schedule_sweep *sweep = memory;
    wf_schedule_turn_drop(&sweep->turn);
    free(sweep->name);
}

/* Schedules are made in it no more from now on; those whose making is on its
 * way are in a batch before what is read then. */
void wf_schedule_group_sweep(struct wf_engine *engine, struct wf_str name) {
    struct wf_schedule_sweep *sweep =
        wf_call_new(engine, sizeof(*sweep), drop_sweep);
    sweep->name = wf_strndup(name.data, name.len);
    sweep->turn.engine = engine;
    sweep->turn.run = delete_group;
    wf_buf_addstr(&sweep->turn.group, name);
    wf_list_append(&engine->schedules->sweeps, &sweep->link);
    wf_engine_after(engine, sweep_more, sweep);
}

static void remove_group(struct wf_schedule_turn *turn) {
    struct wf_schedule_request *request = of(turn);
    struct wf_engine *engine = turn->engine;
    if (!exists(request))
        return;
    if (!turn->set.is_deleting) {
        turn->set.is_deleting = true;
        turn->set.modified_ms = wf_clock_now_ms(engine->clock);
        wf_schedule_group_put(engine, &turn->set);
        wf_schedule_group_sweep(engine, turn->set.name);
    }
    wf_engine_after(engine, answer_empty, request);
}

void wf_schedule_group_remove(struct wf_schedule_request *request) {
    if (wf_str_eq(request->ask.schedule.group, WF_STR(WF_DEFAULT_GROUP)))
        refuse(request, "ValidationException",
               "The default schedule group can't be deleted.");
    else
        begin(request, remove_group);
}

/* ---- TagResource, UntagResource, ListTagsForResource ---- */

static size_t read_tags(const struct wf_schedule_group *group,
                        struct wf_tag tags[WF_TAGS_MAX]) {
    struct wf_reader in = {group->tags.data,
                           group->tags.data + group->tags.len, false};
    size_t count = 0;
    while (count < group->tag_count && count < WF_TAGS_MAX && !in.bad) {
        tags[count].key = wf_read_text(&in);
        tags[count++].value = wf_read_text(&in);
    }
    return count;
}

static void list_tags(void *arg) {
    struct wf_schedule_request *request = arg;
    struct wf_tag tags[WF_TAGS_MAX];
    size_t count = read_tags(&request->turn.set, tags);
    wf_schedule_answer(request, &(struct wf_schedule_reply){.tags = tags,
                                                            .count = count});
}

static bool has_key(const struct wf_schedule_ask *ask, struct wf_str key) {
    for (size_t i = 0; i < ask->key_count; i++)
        if (wf_str_eq(ask->keys[i], key))
            return true;
    return false;
}

static void change_tags(struct wf_schedule_turn *turn) {
    struct wf_schedule_request *request = of(turn);
    struct wf_tag tags[WF_TAGS_MAX], *kept = tags;
    struct wf_buf stored = {0};
    size_t count = 0, had = read_tags(&turn->set, tags);
    for (size_t i = 0; i < had; i++)
        if (!has_key(&request->ask, tags[i].key))
            kept[count++] = tags[i];
    count = wf_tags_merge(&stored, 0, kept, count);
    count = wf_tags_merge(&stored, count, request->tags,
                          request->ask.tag_count);
    if (count > WF_TAGS_MAX) {
        wf_buf_free(&stored);
        refuse(request, "ValidationException", WF_TOO_MANY_TAGS);
        return;
    }
    turn->set.tags = (struct wf_str){stored.data, stored.len};
    turn->set.tag_count = (unsigned)count;
    turn->set.modified_ms = wf_clock_now_ms(turn->engine->clock);
    wf_schedule_group_put(turn->engine, &turn->set);
    turn->set.tags = WF_STR_NULL;
    wf_buf_free(&stored);
    wf_engine_after(turn->engine, answer_empty, request);
}

static void with_tags(struct wf_schedule_turn *turn) {
    struct wf_schedule_request *request = of(turn);
    if (!exists(request))
        return;
    if (request->ask.operation == WF_SCHEDULE_LIST_TAGS)
        wf_engine_after(turn->engine, list_tags, request);
    else if (turn->set.is_deleting)
        refuse(request, "ConflictException",
               "Schedule group %s is being deleted.");
    else
        change_tags(turn);
}

void wf_schedule_group_tags(struct wf_schedule_request *request) {
    if (policies_are_good(request))
        begin(request, with_tags);
}
