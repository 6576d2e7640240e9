/*
 * schedule_fire.c - schedules that are due: finding them among the rows, and
 * what their policies say. See schedule_impl.h.
 *
 * Table D is read from its beginning, so many rows at a time: what is due and
 * not under way yet begins a turn. Whoever leaves a row there says so when it
 * is durable (wf_schedules_note()), so the time of the next one is known.
 */
#include <stdlib.h>

#include "schedule_impl.h"
#include "schedules.h"

#define FIRINGS_MAX 512
#define PUT_OFF_MS 1000
#define LOOK_ROWS 256

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

/* ---- those under way ---- */

static struct wf_firing **bucket(struct wf_engine *engine,
                                 struct wf_str group, struct wf_str name,
                                 int64_t slot_ms) {
    uint64_t hash = wf_str_hash(group) * 31 + wf_str_hash(name) +
                    (uint64_t)slot_ms;
    return &engine->schedules->firings[hash % WF_SCHEDULE_BUCKETS];
}

static bool is_firing(struct wf_engine *engine, struct wf_str group,
                      struct wf_str name, int64_t slot_ms) {
    struct wf_firing *at = *bucket(engine, group, name, slot_ms);
    while (at && (at->retry_slot_ms != slot_ms ||
                  !wf_str_eq(text_of(&at->turn.group), group) ||
                  !wf_str_eq(text_of(&at->turn.name), name)))
        at = at->chain;
    return at != NULL;
}

static void drop(void *memory) {
    struct wf_firing *firing = memory;
    wf_schedule_turn_drop(&firing->turn);
    wf_schedule_call_free(&firing->call);
    wf_buf_free(&firing->error);
}

static void end(void *arg) {
    struct wf_firing *firing = arg;
    struct wf_engine *engine = firing->turn.engine;
    struct wf_firing **at =
        bucket(engine, text_of(&firing->turn.group),
               text_of(&firing->turn.name), firing->retry_slot_ms);
    while (*at != firing)
        at = &(*at)->chain;
    *at = firing->chain;
    engine->schedules->firing--;
    wf_schedules_note(engine, firing->noted_ms);
    if (firing->letter_ms)
        wf_schedule_letters_note(engine, firing->letter_ms);
    if (firing->turn.exists && !firing->turn.schedule.is_waiting)
        wf_schedules_note(engine, firing->turn.schedule.due_ms);
    wf_schedule_turn_end(&firing->turn);
    wf_call_free(firing);
    wf_engine_wake(engine);
}

void wf_firing_finish(struct wf_firing *firing) {
    wf_engine_after(firing->turn.engine, end, firing);
}

void wf_firing_put_off(struct wf_firing *firing) {
    firing->turn.exists = false;
    firing->noted_ms =
        wf_clock_now_ms(firing->turn.engine->clock) + PUT_OFF_MS;
    end(firing);
}

/* ---- what the policies say ---- */

static void overlap_known(void *arg, struct wf_execution *execution) {
    struct wf_firing *firing = arg;
    struct wf_engine *engine = firing->turn.engine;
    struct wf_schedule *schedule = &firing->turn.schedule;
    if (!execution || execution->status != WF_EXECUTION_RUNNING) {
        wf_firing_start(firing);
    } else if (firing->overlap == WF_OVERLAP_SKIP) {
        schedule->skipped++;
        wf_firing_go_on(firing, firing->slot_ms);
        wf_firing_put(firing);
        wf_firing_finish(firing);
    } else {
        wf_schedules_watch(engine, execution->id, schedule);
        if (!schedule->is_waiting) {
            schedule->is_waiting = true;
            wf_firing_put(firing);
        }
        wf_firing_finish(firing);
    }
}

/* A slot that is tried again does not wait: it is as late as it is. */
static void look_for_overlap(struct wf_firing *firing) {
    uint64_t last = firing->turn.schedule.last_execution;
    if (!last) /* of an EXPRESS execution the row does not know */
        last = wf_schedule_express_of(firing->turn.engine,
                                      text_of(&firing->turn.group),
                                      text_of(&firing->turn.name));
    if (firing->overlap == WF_OVERLAP_ALLOW || !last ||
        firing->retry_slot_ms)
        wf_firing_start(firing);
    else
        wf_execution_load(firing->turn.engine, last, overlap_known, firing);
}

/* Nobody was there to start it. */
static bool is_missed(const struct wf_firing *firing) {
    const struct wf_schedule *schedule = &firing->turn.schedule;
    return !firing->retry_slot_ms && !schedule->is_waiting &&
           schedule->due_ms + WF_SCHEDULE_MISSED_MS <=
               firing->turn.engine->schedules->up_since_ms;
}

static void with_policies(struct wf_firing *firing) {
    struct wf_engine *engine = firing->turn.engine;
    struct wf_schedule *schedule = &firing->turn.schedule;
    int64_t now = wf_clock_now_ms(engine->clock);
    firing->slot_ms = firing->retry_slot_ms ? firing->retry_slot_ms
                                            : schedule->slot_ms;
    if (is_missed(firing)) {
        int64_t last = wf_schedule_last_slot(&firing->plan, schedule, now);
        if (firing->missed == WF_MISSED_SKIP) {
            schedule->skipped++;
            wf_firing_go_on(firing, now);
            wf_firing_put(firing);
            wf_firing_finish(firing);
            return;
        }
        if (firing->missed == WF_MISSED_ONCE && last != WF_SCHEDULE_NO_TIME)
            firing->slot_ms = last;
    }
    look_for_overlap(firing);
}

static void read_policies(const struct wf_schedule_group *group,
                          struct wf_firing *firing) {
    struct wf_reader in = {group->tags.data,
                           group->tags.data + group->tags.len, false};
    enum wf_schedule_missed missed;
    enum wf_schedule_overlap overlap;
    for (unsigned i = 0; i < group->tag_count && !in.bad; i++) {
        struct wf_str key = wf_read_text(&in), value = wf_read_text(&in);
        if (!firing->missed && wf_str_eq(key, WF_STR(WF_MISSED_TAG)) &&
            wf_schedule_missed_of(value, &missed))
            firing->missed = missed;
        if (!firing->overlap && wf_str_eq(key, WF_STR(WF_OVERLAP_TAG)) &&
            wf_schedule_overlap_of(value, &overlap))
            firing->overlap = overlap;
    }
}

static void with_group(void *arg, const struct wf_schedule_group *group) {
    struct wf_firing *firing = arg;
    if (group)
        read_policies(group, firing);
    if (!firing->missed)
        firing->missed = WF_MISSED_ONCE;
    if (!firing->overlap)
        firing->overlap = WF_OVERLAP_ALLOW;
    with_policies(firing);
}

static void with_plan(void *arg, const struct wf_schedule_plan *plan,
                      struct wf_str why) {
    struct wf_firing *firing = arg;
    struct wf_engine *engine = firing->turn.engine;
    struct wf_schedule *schedule = &firing->turn.schedule;
    if (!plan) { /* tzdata has lost its zone: it may come back */
        wf_engine_notice(engine, WF_WARNING "schedule %.*s/%.*s: %.*s",
                         (int)schedule->group.len, schedule->group.data,
                         (int)schedule->name.len, schedule->name.data,
                         (int)why.len, why.data);
        wf_firing_put_off(firing);
        return;
    }
    firing->plan = *plan;
    firing->missed = schedule->missed;
    firing->overlap = schedule->overlap;
    if (firing->missed && firing->overlap)
        with_policies(firing);
    else
        wf_schedule_group_read(engine, schedule->group, with_group, firing);
}

/* ---- its turn ---- */

/* The row does not mean anything any more. */
static bool is_stale(const struct wf_firing *firing) {
    const struct wf_schedule *schedule = &firing->turn.schedule;
    if (!firing->turn.exists)
        return true;
    if (firing->retry_slot_ms)
        return firing->retry.generation != schedule->generation;
    int64_t due =
        schedule->is_waiting ? WF_SCHEDULE_WAITS : schedule->due_ms;
    return schedule->is_disabled ||
           schedule->slot_ms == WF_SCHEDULE_NO_TIME || due != firing->due_ms;
}

static void run(struct wf_schedule_turn *turn) {
    struct wf_firing *firing = (struct wf_firing *)turn;
    struct wf_engine *engine = turn->engine;
    firing->before = turn->schedule;
    if (is_stale(firing)) {
        struct wf_schedule names = {.group = text_of(&turn->group),
                                    .name = text_of(&turn->name)};
        struct wf_key key = wf_schedule_due_key(
            engine, firing->due_ms, &names, firing->retry_slot_ms);
        wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
        wf_firing_finish(firing);
        wf_engine_wake(engine);
        return;
    }
    wf_schedule_plan(engine, turn->schedule.expression,
                     turn->schedule.timezone, with_plan, firing);
}

static void fire(struct wf_engine *engine, const struct wf_schedule *names,
                 int64_t due_ms, int64_t slot_ms,
                 const struct wf_schedule_retry *retry) {
    struct wf_firing **at =
        bucket(engine, names->group, names->name, slot_ms);
    struct wf_firing *firing = wf_call_new(engine, sizeof(*firing), drop);
    firing->chain = *at;
    *at = firing;
    engine->schedules->firing++;
    firing->turn.engine = engine;
    wf_buf_addstr(&firing->turn.group, names->group);
    wf_buf_addstr(&firing->turn.name, names->name);
    firing->turn.run = run;
    firing->due_ms = due_ms;
    firing->retry_slot_ms = slot_ms;
    firing->noted_ms = WF_SCHEDULE_NO_TIME;
    if (retry)
        firing->retry = *retry;
    wf_schedule_turn_begin(&firing->turn);
}

/* ---- finding them ---- */

/* False: there is no room for more of them now. */
static bool begin(struct wf_engine *engine, const struct wf_row *row) {
    struct wf_schedule names;
    struct wf_schedule_retry retry = {0};
    int64_t due_ms, slot_ms;
    if (!wf_schedule_key_read(row->key, true, &names, &due_ms, &slot_ms) ||
        is_firing(engine, names.group, names.name, slot_ms))
        return true;
    if (engine->schedules->firing >= FIRINGS_MAX)
        return false;
    if (slot_ms)
        wf_schedule_retry_decode(row->value, &retry);
    fire(engine, &names, due_ms, slot_ms, &retry);
    return true;
}

static void due_rows(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct wf_engine *engine = arg;
    struct wf_schedules *schedules = engine->schedules;
    engine->loads--;
    schedules->scanning = false;
    if (wf_engine_read_failed(engine, err))
        return;
    int64_t now = wf_clock_now_ms(engine->clock);
    int64_t next = more ? now : WF_SCHEDULE_NO_TIME;
    for (size_t i = 0; i < count; i++) {
        int64_t due = (int64_t)wf_key_u64(rows[i].key, 0);
        if (due > now) {
            next = due;
            break;
        }
        if (!begin(engine, &rows[i])) {
            next = now;
            break;
        }
    }
    schedules->next_ms =
        next < schedules->unseen_ms ? next : schedules->unseen_ms;
    wf_engine_wake(engine);
}

static bool can_scan(const struct wf_engine *engine) {
    const struct wf_schedules *schedules = engine->schedules;
    return !schedules->scanning && schedules->firing <= FIRINGS_MAX / 2 &&
           !engine->stalled && !wf_engine_is_held_back(engine);
}

/* Those that wait are not due; so rows end before them. */
static void scan(struct wf_engine *engine) {
    struct wf_schedules *schedules = engine->schedules;
    struct wf_key from = wf_key_table(engine->partition, 'D');
    struct wf_key to = wf_key_schedule_due(
        engine->partition, WF_SCHEDULE_WAITS, WF_STR(""), WF_STR(""), 0);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = FIRINGS_MAX + schedules->firing};
    schedules->scanning = true;
    schedules->unseen_ms = WF_SCHEDULE_NO_TIME;
    engine->loads++;
    wf_store_scan(engine->store, &range, due_rows, engine);
}

void wf_schedules_note(struct wf_engine *engine, int64_t due_ms) {
    struct wf_schedules *schedules = engine->schedules;
    if (due_ms < schedules->next_ms)
        schedules->next_ms = due_ms;
    if (due_ms < schedules->unseen_ms)
        schedules->unseen_ms = due_ms;
    wf_engine_wake(engine);
}

/* ---- those that wait for an execution's end ---- */

static struct wf_schedule_watch **watches_of(struct wf_engine *engine,
                                             uint64_t execution) {
    uint64_t hash = execution * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    return &engine->schedules->watches[hash % WF_SCHEDULE_BUCKETS];
}

void wf_schedules_watch(struct wf_engine *engine, uint64_t execution,
                        const struct wf_schedule *schedule) {
    struct wf_schedule_watch **at = watches_of(engine, execution);
    struct wf_schedule_watch *watch = wf_calloc(1, sizeof(*watch));
    watch->execution = execution;
    watch->group = wf_strndup(schedule->group.data, schedule->group.len);
    watch->name = wf_strndup(schedule->name.data, schedule->name.len);
    watch->next = *at;
    *at = watch;
}

void wf_schedules_ended(struct wf_engine *engine,
                        const struct wf_execution *execution) {
    struct wf_schedule_watch **at = watches_of(engine, execution->id);
    if (execution->express)
        wf_schedule_express_ended(engine, execution->id);
    while (*at) {
        struct wf_schedule_watch *watch = *at;
        if (watch->execution != execution->id) {
            at = &watch->next;
            continue;
        }
        *at = watch->next;
        struct wf_schedule names = {.group = wf_str(watch->group),
                                    .name = wf_str(watch->name)};
        fire(engine, &names, WF_SCHEDULE_WAITS, 0, NULL);
        free(watch->group);
        free(watch->name);
        free(watch);
    }
}

/* ---- what the engine before has left ---- */

static void look(struct wf_engine *engine, struct wf_str from, char table,
                 wf_rows_fn *rows) {
    struct wf_key end = wf_key_table_end(engine->partition, table);
    struct wf_range range = {.from = from,
                             .to = wf_key_str(&end),
                             .max_rows = LOOK_ROWS};
    engine->loads++;
    wf_store_scan(engine->store, &range, rows, engine);
}

static void look_on(struct wf_engine *engine, const struct wf_row *last,
                    char table, wf_rows_fn *rows) {
    struct wf_buf from = {0};
    wf_buf_addstr(&from, last->key);
    wf_buf_u8(&from, 0);
    look(engine, text_of(&from), table, rows);
    wf_buf_free(&from);
}

static void group_rows(void *arg, const struct wf_row *rows, size_t count,
                       bool more, const struct wf_error *err) {
    struct wf_engine *engine = arg;
    engine->loads--;
    if (wf_engine_read_failed(engine, err))
        return;
    for (size_t i = 0; i < count; i++) {
        struct wf_schedule_group group = {0};
        struct wf_str name = {rows[i].key.data + 3, rows[i].key.len - 3};
        if (wf_schedule_group_decode(rows[i].value, &group) &&
            group.is_deleting)
            wf_schedule_group_sweep(engine, name);
    }
    if (more)
        look_on(engine, &rows[count - 1], 'U', group_rows);
}

static void waiting_rows(void *arg, const struct wf_row *rows, size_t count,
                         bool more, const struct wf_error *err) {
    struct wf_engine *engine = arg;
    engine->loads--;
    if (wf_engine_read_failed(engine, err))
        return;
    for (size_t i = 0; i < count; i++) {
        struct wf_schedule names;
        int64_t due_ms, slot_ms;
        if (wf_schedule_key_read(rows[i].key, true, &names, &due_ms,
                                 &slot_ms) &&
            !is_firing(engine, names.group, names.name, 0))
            fire(engine, &names, due_ms, 0, NULL);
    }
    if (more)
        look_on(engine, &rows[count - 1], 'D', waiting_rows);
}

static void look_around(struct wf_engine *engine) {
    struct wf_key groups = wf_key_table(engine->partition, 'U');
    struct wf_key waiting = wf_key_schedule_due(
        engine->partition, WF_SCHEDULE_WAITS, WF_STR(""), WF_STR(""), 0);
    engine->schedules->has_looked = true;
    look(engine, wf_key_str(&groups), 'U', group_rows);
    look(engine, wf_key_str(&waiting), 'D', waiting_rows);
}

/* ---- with the engine's loop ---- */

/* A real clock that has gone on much further than the loop ever sleeps: the
 * machine was suspended, or the clock was put forward. */
static void look_at_clock(struct wf_engine *engine, int64_t now) {
    struct wf_schedules *schedules = engine->schedules;
    bool has_slept = !engine->clock->is_virtual &&
                     now - schedules->seen_ms >= WF_SCHEDULE_MISSED_MS;
    if (has_slept || schedules->seen_ms == 0)
        schedules->up_since_ms = now;
    schedules->seen_ms = now;
}

void wf_schedules_fire(struct wf_engine *engine) {
    struct wf_schedules *schedules = engine->schedules;
    int64_t now = wf_clock_now_ms(engine->clock);
    look_at_clock(engine, now);
    if (!schedules->has_looked)
        look_around(engine);
    if (schedules->next_ms <= now && can_scan(engine))
        scan(engine);
    wf_schedule_letters_send(engine, now);
}

int64_t wf_schedules_wake(const struct wf_engine *engine) {
    int64_t next = can_scan(engine) ? engine->schedules->next_ms : INT64_MAX;
    int64_t letters = wf_schedule_letters_wake(engine);
    return letters < next ? letters : next;
}

int64_t wf_schedules_next(const struct wf_engine *engine) {
    const struct wf_schedules *schedules = engine->schedules;
    return schedules->letters_next_ms < schedules->next_ms
               ? schedules->letters_next_ms
               : schedules->next_ms;
}
