/* schedule_turn.c - one at a time for each schedule; rows that are read and
 * written. See schedule_impl.h. */
#include <stdlib.h>

#include "schedule_impl.h"

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

static struct wf_schedule_turn **bucket(struct wf_engine *engine,
                                        struct wf_str group,
                                        struct wf_str name) {
    uint64_t hash = wf_str_hash(group) * 31 + wf_str_hash(name);
    return &engine->schedules->turns[hash % WF_SCHEDULE_BUCKETS];
}

static struct wf_schedule_turn **find(struct wf_engine *engine,
                                      struct wf_str group,
                                      struct wf_str name) {
    struct wf_schedule_turn **at = bucket(engine, group, name);
    while (*at && (!wf_str_eq(text_of(&(*at)->group), group) ||
                   !wf_str_eq(text_of(&(*at)->name), name)))
        at = &(*at)->chain;
    return at;
}

bool wf_schedule_is_busy(struct wf_engine *engine, struct wf_str group,
                         struct wf_str name) {
    return *find(engine, group, name) != NULL;
}

/* ---- what is read ---- */

void wf_schedule_group_default(struct wf_engine *engine,
                               struct wf_schedule_group *group) {
    int64_t now = wf_clock_now_ms(engine->clock);
    *group = (struct wf_schedule_group){
        .name = WF_STR(WF_DEFAULT_GROUP),
        .is_implied = true,
        .creation_ms = now,
        .modified_ms = now,
    };
}

static bool decode_group(struct wf_engine *engine, struct wf_str name,
                         struct wf_str row, struct wf_schedule_group *group) {
    if (row.data && wf_schedule_group_decode(row, group)) {
        group->name = name;
        return true;
    }
    if (!wf_str_eq(name, WF_STR(WF_DEFAULT_GROUP)))
        return false;
    wf_schedule_group_default(engine, group);
    return true;
}

static void decode(struct wf_schedule_turn *turn) {
    struct wf_str row = turn->has_row ? text_of(&turn->row) : WF_STR_NULL;
    if (turn->name.len == 0) {
        turn->exists = decode_group(turn->engine, text_of(&turn->group), row,
                                    &turn->set);
        return;
    }
    turn->exists = row.data && wf_schedule_decode(row, &turn->schedule);
    turn->schedule.group = text_of(&turn->group);
    turn->schedule.name = text_of(&turn->name);
    if (row.data && !turn->exists)
        wf_engine_notice(turn->engine,
                         WF_ERROR "the row of schedule %.*s does not "
                         "decode", (int)turn->name.len, turn->name.data);
}

static void got_row(void *arg, const struct wf_row *rows, size_t count,
                    bool more, const struct wf_error *err) {
    struct wf_schedule_turn *turn = arg;
    (void)more;
    turn->engine->loads--;
    if (wf_engine_read_failed(turn->engine, err))
        return;
    turn->row.len = 0;
    turn->schedule = (struct wf_schedule){0};
    turn->set = (struct wf_schedule_group){0};
    turn->has_row = count == 1;
    if (count == 1)
        wf_buf_addstr(&turn->row, rows->value);
    decode(turn);
    turn->run(turn);
}

static void read_row(struct wf_schedule_turn *turn) {
    struct wf_engine *engine = turn->engine;
    struct wf_key key = wf_schedule_key(engine, text_of(&turn->group),
                                        text_of(&turn->name));
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), got_row, turn);
}

/* ---- turns ---- */

void wf_schedule_turn_begin(struct wf_schedule_turn *turn) {
    struct wf_schedule_turn **at =
        find(turn->engine, text_of(&turn->group), text_of(&turn->name));
    turn->chain = turn->behind = NULL;
    if (!*at) {
        *at = turn;
        read_row(turn);
        return;
    }
    struct wf_schedule_turn *last = *at;
    while (last->behind)
        last = last->behind;
    last->behind = turn;
}

void wf_schedule_turn_end(struct wf_schedule_turn *turn) {
    struct wf_schedule_turn **at =
        find(turn->engine, text_of(&turn->group), text_of(&turn->name));
    struct wf_schedule_turn *next = turn->behind;
    if (*at != turn)
        return; /* it never had one */
    turn->behind = NULL;
    if (next) {
        next->chain = turn->chain;
        *at = next;
        read_row(next);
    } else {
        *at = turn->chain;
    }
    turn->chain = NULL;
}

void wf_schedule_turn_drop(struct wf_schedule_turn *turn) {
    wf_buf_free(&turn->group);
    wf_buf_free(&turn->name);
    wf_buf_free(&turn->row);
}

/* ---- groups, only to be looked at ---- */

struct group_read {
    struct wf_engine *engine;
    struct wf_buf name;
    wf_schedule_group_fn *done;
    void *arg;
};

static void drop_group_read(void *memory) {
    struct group_read *read = memory;
    wf_buf_free(&read->name);
}

static void got_group(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct group_read *read = arg;
    struct wf_schedule_group group = {0};
    (void)more;
    read->engine->loads--;
    if (wf_engine_read_failed(read->engine, err))
        return;
    bool exists =
        decode_group(read->engine, text_of(&read->name),
                     count == 1 ? rows->value : WF_STR_NULL, &group);
    read->done(read->arg, exists ? &group : NULL);
    wf_call_free(read);
}

void wf_schedule_group_read(struct wf_engine *engine, struct wf_str name,
                            wf_schedule_group_fn *done, void *arg) {
    struct group_read *read =
        wf_call_new(engine, sizeof(*read), drop_group_read);
    struct wf_key key = wf_key_schedule_group(engine->partition, name);
    read->engine = engine;
    wf_buf_addstr(&read->name, name);
    read->done = done;
    read->arg = arg;
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), got_group, read);
}

/* ---- rows ---- */

bool wf_schedule_is_due(const struct wf_schedule *schedule) {
    return !schedule->is_disabled &&
           schedule->slot_ms != WF_SCHEDULE_NO_TIME;
}

int64_t wf_schedule_due_of(const struct wf_schedule *schedule) {
    return schedule->is_waiting ? WF_SCHEDULE_WAITS : schedule->due_ms;
}

static void delete_due(struct wf_engine *engine,
                       const struct wf_schedule *schedule) {
    if (!wf_schedule_is_due(schedule))
        return;
    struct wf_key key =
        wf_schedule_due_key(engine, wf_schedule_due_of(schedule), schedule,
                            0);
    wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
}

void wf_schedule_put(struct wf_engine *engine,
                     const struct wf_schedule *schedule,
                     const struct wf_schedule *before) {
    struct wf_batch *rows = wf_engine_rows(engine);
    struct wf_key key =
        wf_schedule_key(engine, schedule->group, schedule->name);
    struct wf_buf image = {0};
    if (before)
        delete_due(engine, before);
    wf_schedule_encode(schedule, &image);
    wf_batch_put(rows, wf_key_str(&key),
                 (struct wf_str){image.data, image.len});
    wf_buf_free(&image);
    if (wf_schedule_is_due(schedule)) {
        key = wf_schedule_due_key(engine, wf_schedule_due_of(schedule),
                                  schedule, 0);
        wf_batch_put(rows, wf_key_str(&key), WF_STR(""));
    }
    wf_engine_wake(engine);
}

void wf_schedule_delete(struct wf_engine *engine,
                        const struct wf_schedule *schedule) {
    struct wf_key key =
        wf_schedule_key(engine, schedule->group, schedule->name);
    delete_due(engine, schedule);
    wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
    wf_engine_wake(engine);
}

void wf_schedule_group_put(struct wf_engine *engine,
                           const struct wf_schedule_group *group) {
    struct wf_key key = wf_key_schedule_group(engine->partition, group->name);
    struct wf_buf image = {0};
    wf_schedule_group_encode(group, &image);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 (struct wf_str){image.data, image.len});
    wf_buf_free(&image);
    wf_engine_wake(engine);
}
