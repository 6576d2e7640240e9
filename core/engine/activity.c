/* activity.c - activities in memory, and their rows. See activity.h. */
#include "activity.h"

#include <stdlib.h>

#include "engine_impl.h"

#define ROW_VERSION 1
#define MANY 4096        /* in memory; beyond, those not in use leave */
#define IN_USE_MS 60000  /* longer than any decision about one takes */

struct wf_activity_wait {
    struct wf_activity_wait *next;
    wf_activity_fn *found;
    void *arg;
};

/* ---- structs ---- */

static struct wf_activity **bucket_of(struct wf_engine *engine,
                                      struct wf_str name) {
    return &engine->activities
                .by_name[wf_str_hash(name) & (WF_ACTIVITY_BUCKETS - 1)];
}

static void activity_free(struct wf_activity *activity) {
    wf_buf_free(&activity->tags);
    wf_buf_free(&activity->cursor);
    free(activity->encryption);
    free(activity->name);
    free(activity);
}

static bool is_spare(const struct wf_engine *engine,
                     const struct wf_activity *activity, int64_t now) {
    return activity->is_read && !activity->waits && !activity->is_scanning &&
           activity->poll_count == 0 &&
           wf_list_is_empty(&activity->offers) &&
           activity->changed_seq <= engine->durable_seq &&
           activity->used_ms < now - IN_USE_MS;
}

static void drop_spare(struct wf_engine *engine) {
    int64_t now = wf_clock_now_ms(engine->clock);
    for (size_t i = 0; i < WF_ACTIVITY_BUCKETS; i++) {
        struct wf_activity **at = &engine->activities.by_name[i];
        while (*at) {
            struct wf_activity *activity = *at;
            if (!is_spare(engine, activity, now)) {
                at = &activity->next;
                continue;
            }
            *at = activity->next;
            engine->activities.count--;
            activity_free(activity);
        }
    }
}

static struct wf_activity *find(struct wf_engine *engine,
                                struct wf_str name) {
    struct wf_activity *activity = *bucket_of(engine, name);
    while (activity && !wf_str_eq(wf_str(activity->name), name))
        activity = activity->next;
    if (activity)
        activity->used_ms = wf_clock_now_ms(engine->clock);
    return activity;
}

static struct wf_activity *add(struct wf_engine *engine,
                               struct wf_str name) {
    struct wf_activity **bucket = bucket_of(engine, name);
    if (engine->activities.count % MANY == MANY - 1)
        drop_spare(engine);
    struct wf_activity *activity = wf_calloc(1, sizeof(*activity));
    activity->engine = engine;
    activity->name = wf_strndup(name.data, name.len);
    activity->used_ms = wf_clock_now_ms(engine->clock);
    wf_list_init(&activity->polls);
    wf_list_init(&activity->offers);
    activity->next = *bucket;
    *bucket = activity;
    engine->activities.count++;
    return activity;
}

void wf_activities_init(struct wf_engine *engine) {
    wf_list_init(&engine->activities.polls);
}

void wf_activities_free(struct wf_engine *engine) {
    for (size_t i = 0; i < WF_ACTIVITY_BUCKETS; i++)
        while (engine->activities.by_name[i]) {
            struct wf_activity *activity = engine->activities.by_name[i];
            engine->activities.by_name[i] = activity->next;
            activity_free(activity);
        }
}

/* ---- rows ---- */

/* version number:8 exists:1 creation_ms encryption count:1, then so many times
 * key value. */
void wf_activity_put(struct wf_engine *engine, struct wf_activity *activity) {
    struct wf_buf row = {0};
    struct wf_key key = wf_key_activity(engine->partition,
                                        wf_str(activity->name));
    wf_buf_u8(&row, ROW_VERSION);
    wf_buf_be64(&row, activity->number);
    wf_buf_u8(&row, activity->exists);
    wf_buf_varint(&row, (uint64_t)activity->creation_ms);
    wf_buf_text(&row, wf_str(activity->encryption));
    wf_buf_u8(&row, (uint8_t)activity->tag_count);
    wf_buf_add(&row, activity->tags.data, activity->tags.len);
    wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &row);
    wf_buf_free(&row);
    activity->changed_seq = engine->next_seq;
    wf_engine_wake(engine);
}

static bool decode(struct wf_str row, struct wf_activity *activity,
                   struct wf_str *encryption, struct wf_str *tags) {
    struct wf_reader in = {row.data, row.data + row.len, false};
    uint8_t version = wf_read_u8(&in);
    activity->number = wf_read_be64(&in);
    activity->exists = wf_read_u8(&in);
    activity->creation_ms = (int64_t)wf_read_varint(&in);
    *encryption = wf_read_text(&in);
    activity->tag_count = wf_read_u8(&in);
    *tags = (struct wf_str){in.at, (size_t)(in.end - in.at)};
    return !in.bad && version == ROW_VERSION;
}

bool wf_activity_decode(struct wf_str row, uint64_t *number) {
    struct wf_activity activity;
    struct wf_str encryption, tags;
    bool good = decode(row, &activity, &encryption, &tags);
    *number = good ? activity.number : 0;
    return good;
}

bool wf_activity_exists(struct wf_str row, int64_t *creation_ms) {
    struct wf_activity activity;
    struct wf_str encryption, tags;
    bool good = decode(row, &activity, &encryption, &tags);
    *creation_ms = activity.creation_ms;
    return good && activity.exists;
}

static void take_row(struct wf_activity *activity, struct wf_str row) {
    struct wf_str encryption, tags;
    if (!decode(row, activity, &encryption, &tags)) {
        wf_engine_notice(activity->engine,
                         WF_ERROR "activity %s: its row does not decode",
                         activity->name);
        activity->exists = false;
        return;
    }
    if (encryption.len)
        activity->encryption = wf_strndup(encryption.data, encryption.len);
    wf_buf_addstr(&activity->tags, tags);
}

struct activity_read {
    struct wf_engine *engine;
    struct wf_activity *activity;
};

static void rows_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct activity_read *read = arg;
    struct wf_activity *activity = read->activity;
    struct wf_engine *engine = read->engine;
    (void)more;
    wf_call_free(read);
    engine->loads--;
    if (wf_engine_read_failed(engine, err))
        return;
    activity->is_read = true;
    if (count == 1)
        take_row(activity, rows->value);
    while (activity->waits) {
        struct wf_activity_wait *wait = activity->waits;
        activity->waits = wait->next;
        wait->found(wait->arg, activity);
        wf_call_free(wait);
    }
}

static void read_row(struct wf_engine *engine, struct wf_activity *activity) {
    struct activity_read *read = wf_call_new(engine, sizeof(*read), NULL);
    struct wf_key key = wf_key_activity(engine->partition,
                                        wf_str(activity->name));
    *read = (struct activity_read){engine, activity};
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), rows_read, read);
}

void wf_activity_by_name(struct wf_engine *engine, struct wf_str name,
                         wf_activity_fn *found, void *arg) {
    struct wf_activity *activity = find(engine, name);
    if (activity && activity->is_read) {
        found(arg, activity);
        return;
    }
    bool is_new = !activity;
    if (is_new)
        activity = add(engine, name);
    struct wf_activity_wait *wait = wf_call_new(engine, sizeof(*wait), NULL);
    *wait = (struct wf_activity_wait){activity->waits, found, arg};
    activity->waits = wait;
    if (is_new)
        read_row(engine, activity);
}

/* ---- of a frame ---- */

static bool is_for_activity(const struct wf_frame *frame,
                            struct wf_str *name) {
    const struct wf_state_info *info = wf_frame_state(frame);
    struct wf_arn arn = {0};
    if (info->scheduled != WF_EVENT_ACTIVITY_SCHEDULED)
        return false;
    wf_arn_parse(info->resource, &arn);
    *name = arn.name;
    return true;
}

struct wf_activity *wf_frame_activity(struct wf_engine *engine,
                                      const struct wf_frame *frame) {
    struct wf_str name;
    return is_for_activity(frame, &name) ? find(engine, name) : NULL;
}

struct activity_wanted {
    struct wf_engine *engine;
    uint64_t execution;
    uint32_t frame;
};

static void is_known(void *arg, struct wf_activity *activity) {
    struct activity_wanted *wanted = arg;
    struct wf_engine *engine = wanted->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, wanted->execution);
    struct wf_frame *frame =
        execution ? wf_execution_frame(execution, wanted->frame) : NULL;
    (void)activity;
    wf_call_free(wanted);
    if (!execution)
        return;
    if (--execution->loading == 0 &&
        execution->status != WF_EXECUTION_RUNNING)
        wf_execution_release(engine, execution);
    if (frame && --frame->loading == 0 &&
        execution->status == WF_EXECUTION_RUNNING)
        wf_frame_run(engine, frame);
}

bool wf_frame_knows_activity(struct wf_engine *engine,
                             struct wf_frame *frame) {
    struct wf_str name;
    if (!is_for_activity(frame, &name))
        return true;
    struct wf_activity *activity = find(engine, name);
    if (activity && activity->is_read)
        return true;
    struct activity_wanted *wanted =
        wf_call_new(engine, sizeof(*wanted), NULL);
    *wanted = (struct activity_wanted){engine, frame->execution->id,
                                       frame->number};
    frame->execution->loading++;
    frame->loading++;
    wf_activity_by_name(engine, name, is_known, wanted);
    return false;
}
