/*
 * retention.c - removes executions that ended long ago, bit by bit.
 *
 *   pass ──▶ state machines ──▶ of each, executions, oldest first ─┐
 *    ▲          (table M)            (table L)                     │
 *    └── all seen: rests ◀── none is to be removed ◀── table Z ◀───┘
 *                                  removed: a step, a commit, a step …
 *
 * A batch takes an execution out of all lists and its name and image with it,
 * and gives it a row of table Z instead. From then on nobody finds it. What
 * else it has goes in steps of bounded size: segments, documents, results,
 * frames; then, a page at a time, child executions, which get rows of table Z
 * of their own; last its row of table Z. Ids ascend with time, so the last
 * row of table Z is always a child before its parent. An engine that is
 * started goes on where the last one was.
 *
 * What is being redriven stays, and a redrive that comes after that batch
 * finds nothing, also while the batch is on its way.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"

#define REST_MS 600000 /* between passes */
#define DAY_MS INT64_C(86400000)
#define PAGE_ROWS 100
#define STEP_ROWS 1000
#define TAG "moonstep:retention-days"

struct wf_retention {
    struct wf_engine *engine;
    int64_t next_ms;       /* when the next pass begins */
    bool is_busy;          /* a read or a commit is under way */
    struct wf_buf machine; /* key of table M to go on behind; empty: none */
    struct wf_buf list;    /* the same of table L, of that state machine */
    uint32_t machine_id;   /* 0: the next one is to be found */
    int64_t cutoff_ms;     /* of that state machine */
    uint64_t below;        /* those from it on are copies under way; 0: all */
    uint64_t victim;       /* what is being removed */
    uint32_t victim_run;   /* of its Map Runs */
    unsigned table;        /* index into TABLES */
    uint64_t redriven;     /* engine's, when the list was read */
    struct wf_buf doomed;  /* uint64 ids, whose batch is on its way */
    uint64_t doomed_count; /* since the start */
};

/* By execution:8, and what may follow. */
static const char TABLES[] = "SPOKE";

static void step(void *arg);

static struct wf_str text(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

static void remember(struct wf_buf *place, struct wf_str key) {
    place->len = 0;
    wf_buf_addstr(place, key);
    wf_buf_u8(place, 0); /* goes on behind it */
}

/* What is in the open batch is durable, then the next step. */
static void go_on(struct wf_retention *retention) {
    wf_engine_after(retention->engine, step, retention);
    wf_engine_wake(retention->engine);
}

static void read_rows(struct wf_retention *retention,
                      const struct wf_range *range, wf_rows_fn *rows) {
    retention->engine->loads++;
    wf_store_scan(retention->engine->store, range, rows, retention);
}

/* False: nothing more may be done. */
static bool was_read(struct wf_retention *retention,
                     const struct wf_error *err) {
    retention->engine->loads--;
    return !wf_engine_read_failed(retention->engine, err);
}

/* ---- removing one ---- */

static struct wf_key key_of(const struct wf_retention *retention, char table,
                            uint64_t execution) {
    struct wf_key key = wf_key_table(retention->engine->partition, table);
    for (int shift = 56; shift >= 0; shift -= 8)
        key.data[key.len++] = (char)(execution >> shift);
    return key;
}

static struct wf_batch *rows_of(struct wf_retention *retention) {
    return wf_engine_rows(retention->engine);
}

static void doom(struct wf_retention *retention, uint64_t execution) {
    struct wf_engine *engine = retention->engine;
    struct wf_key image = wf_key_execution(engine->partition, execution);
    struct wf_key row = key_of(retention, 'Z', execution);
    wf_batch_delete(rows_of(retention), wf_key_str(&image));
    wf_batch_put(rows_of(retention), wf_key_str(&row), WF_STR(""));
    wf_ended_forget(&engine->ended, execution);
    wf_buf_add(&retention->doomed, &execution, sizeof(execution));
    retention->doomed_count++;
}

uint64_t wf_retention_count(const struct wf_engine *engine) {
    return engine->retention ? engine->retention->doomed_count : 0;
}

bool wf_retention_dooms(const struct wf_engine *engine, uint64_t id) {
    const struct wf_retention *retention = engine->retention;
    size_t len = retention ? retention->doomed.len : 0;
    for (size_t at = 0; at < len; at += sizeof(id))
        if (memcmp(retention->doomed.data + at, &id, sizeof(id)) == 0)
            return true;
    return false;
}

static void clear_table(void *arg, const struct wf_row *rows, size_t count,
                        bool more, const struct wf_error *err) {
    struct wf_retention *retention = arg;
    if (!was_read(retention, err))
        return;
    for (size_t i = 0; i < count; i++)
        wf_batch_delete(rows_of(retention), rows[i].key);
    if (!more)
        retention->table++;
    if (count)
        go_on(retention);
    else
        step(retention);
}

static void read_table(struct wf_retention *retention) {
    char table = TABLES[retention->table];
    struct wf_key from = key_of(retention, table, retention->victim);
    struct wf_key to = key_of(retention, table, retention->victim + 1);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .keys_only = true,
                             .max_rows = STEP_ROWS};
    read_rows(retention, &range, clear_table);
}

static void clear_run(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct wf_retention *retention = arg;
    struct wf_engine *engine = retention->engine;
    (void)more;
    if (!was_read(retention, err))
        return;
    for (size_t i = 0; i < count; i++) {
        doom(retention, wf_key_u64(rows[i].key, 12));
        wf_batch_delete(rows_of(retention), rows[i].key);
    }
    if (count == 0) {
        struct wf_key key = wf_key_map_run(
            engine->partition, retention->victim, retention->victim_run);
        wf_batch_delete(rows_of(retention), wf_key_str(&key));
    }
    retention->victim = 0; /* its children go first */
    go_on(retention);
}

static void clear_runs(void *arg, const struct wf_row *rows, size_t count,
                       bool more, const struct wf_error *err) {
    struct wf_retention *retention = arg;
    uint16_t partition = retention->engine->partition;
    (void)more;
    if (!was_read(retention, err))
        return;
    if (count == 0) {
        struct wf_key row = key_of(retention, 'Z', retention->victim);
        wf_batch_delete(rows_of(retention), wf_key_str(&row));
        retention->engine->stats.executions_removed++;
        retention->victim = 0;
        go_on(retention);
        return;
    }
    retention->victim_run = wf_key_u32(rows->key, 8);
    struct wf_key from = wf_key_child(partition, retention->victim,
                                      retention->victim_run, 0);
    struct wf_key to = wf_key_child(partition, retention->victim,
                                    retention->victim_run + 1, 0);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .keys_only = true,
                             .max_rows = PAGE_ROWS};
    read_rows(retention, &range, clear_run);
}

static void read_runs(struct wf_retention *retention) {
    struct wf_key from = key_of(retention, 'G', retention->victim);
    struct wf_key to = key_of(retention, 'G', retention->victim + 1);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .keys_only = true,
                             .max_rows = 1};
    read_rows(retention, &range, clear_runs);
}

/* ---- finding what is to be removed ---- */

static void find_victim(struct wf_retention *retention);

/* It is being copied still; or it runs by now, and the row has gone. */
static bool is_alive(struct wf_retention *retention, uint64_t id) {
    struct wf_engine *engine = retention->engine;
    bool is_copy = wf_fork_is_on(engine, id);
    if (is_copy)
        retention->below = id;
    return is_copy || retention->redriven != engine->redriven ||
           wf_table_by_id(&engine->table, id);
}

static void found_victim(void *arg, const struct wf_row *rows, size_t count,
                         bool more, const struct wf_error *err) {
    struct wf_retention *retention = arg;
    (void)more;
    if (!was_read(retention, err))
        return;
    uint64_t id = count ? wf_key_u64(rows->key, 0) : 0;
    if (count && is_alive(retention, id)) {
        find_victim(retention);
        return;
    }
    if (count) {
        retention->victim = id;
        retention->table = 0;
    } else {
        retention->victim = UINT64_MAX; /* none is left */
    }
    step(retention);
}

static void find_victim(struct wf_retention *retention) {
    struct wf_key from = wf_key_table(retention->engine->partition, 'Z');
    struct wf_key to =
        retention->below
            ? key_of(retention, 'Z', retention->below)
            : wf_key_table_end(retention->engine->partition, 'Z');
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .reverse = true,
                             .max_rows = 1};
    retention->redriven = retention->engine->redriven;
    read_rows(retention, &range, found_victim);
}

/* What a row of table L says. */
struct listed {
    uint64_t id;
    int64_t start_ms, stop_ms;
    struct wf_list_row row;
};

static bool read_listed(const struct wf_row *row, struct listed *listed) {
    bool good = wf_list_row_decode(row->value, false, &listed->row);
    listed->id = wf_key_u64(row->key, 12);
    listed->start_ms = (int64_t)wf_key_u64(row->key, 4);
    listed->stop_ms = listed->start_ms + listed->row.duration_ms;
    return good && listed->row.status != WF_EXECUTION_RUNNING;
}

static void remove_qualified(struct wf_retention *retention,
                             const struct listed *listed) {
    uint16_t partition = retention->engine->partition;
    char number[16];
    struct wf_key key;
    if (!listed->row.version)
        return;
    snprintf(number, sizeof(number), "%u", (unsigned)listed->row.version);
    key = wf_key_qualified(partition, retention->machine_id, wf_str(number),
                           listed->start_ms, listed->id);
    wf_batch_delete(rows_of(retention), wf_key_str(&key));
    if (!listed->row.alias.len)
        return;
    key = wf_key_qualified(partition, retention->machine_id, listed->row.alias,
                           listed->start_ms, listed->id);
    wf_batch_delete(rows_of(retention), wf_key_str(&key));
}

static bool look_at(struct wf_retention *retention,
                    const struct wf_row *row) {
    struct wf_engine *engine = retention->engine;
    struct listed listed;
    if (!read_listed(row, &listed) ||
        listed.stop_ms > retention->cutoff_ms ||
        wf_table_by_id(&engine->table, listed.id) ||
        wf_redrive_reads(engine, listed.id))
        return false;
    struct wf_key name = wf_key_name(engine->partition,
                                     retention->machine_id, listed.row.name);
    wf_batch_delete(rows_of(retention), wf_key_str(&name));
    wf_batch_delete(rows_of(retention), row->key);
    remove_qualified(retention, &listed);
    doom(retention, listed.id);
    return true;
}

static void found_listed(void *arg, const struct wf_row *rows, size_t count,
                         bool more, const struct wf_error *err) {
    struct wf_retention *retention = arg;
    bool some = false;
    if (!was_read(retention, err))
        return;
    if (retention->redriven != retention->engine->redriven) {
        step(retention); /* rows may say of one that it has ended: again */
        return;
    }
    for (size_t i = 0; i < count; i++)
        some |= look_at(retention, &rows[i]);
    if (count)
        remember(&retention->list, rows[count - 1].key);
    if (!more)
        retention->machine_id = 0;
    if (some)
        retention->victim = 0;
    if (some)
        go_on(retention);
    else
        step(retention);
}

/* Those that started before the cutoff: others can't have ended before. */
static void read_list(struct wf_retention *retention) {
    struct wf_key from = wf_key_list(retention->engine->partition,
                                     retention->machine_id, 0, 0);
    struct wf_key to = wf_key_list(retention->engine->partition,
                                   retention->machine_id,
                                   retention->cutoff_ms + 1, 0);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = PAGE_ROWS};
    if (retention->list.len)
        range.from = text(&retention->list);
    retention->redriven = retention->engine->redriven;
    read_rows(retention, &range, found_listed);
}

static bool read_days(struct wf_str value, int64_t *days) {
    char digits[8] = "";
    if (value.len == 0 || value.len >= sizeof(digits))
        return false;
    memcpy(digits, value.data, value.len);
    *days = strtol(digits, NULL, 10);
    return strspn(digits, "0123456789") == value.len;
}

const struct wf_tag *wf_retention_bad_tag(const struct wf_tag *tags,
                                          size_t count) {
    int64_t days;
    for (size_t i = 0; i < count; i++)
        if (wf_str_eq(tags[i].key, WF_STR(TAG)) &&
            !read_days(tags[i].value, &days))
            return &tags[i];
    return NULL;
}

/* Its tag's days, or everybody's, in milliseconds; 0: for ever. */
static int64_t retention_of(const struct wf_retention *retention,
                            const struct wf_machine_head *head,
                            struct wf_str tags) {
    struct wf_reader in = {tags.data, tags.data + tags.len, false};
    int64_t days;
    for (unsigned i = 0; i < head->tag_count && !in.bad; i++) {
        struct wf_str key = wf_read_text(&in), value = wf_read_text(&in);
        if (wf_str_eq(key, WF_STR(TAG)) && read_days(value, &days))
            return days * DAY_MS;
    }
    return retention->engine->options.retention_ms;
}

static void found_machine(void *arg, const struct wf_row *rows, size_t count,
                          bool more, const struct wf_error *err) {
    struct wf_retention *retention = arg;
    struct wf_machine_head head = {0};
    struct wf_machine_head_texts texts;
    (void)more;
    if (!was_read(retention, err))
        return;
    if (count == 0) { /* the pass is over */
        retention->is_busy = false;
        retention->machine.len = 0;
        return;
    }
    remember(&retention->machine, rows->key);
    if (wf_machine_head_decode(rows->value, &head, &texts)) {
        int64_t kept_ms = retention_of(retention, &head, texts.tags);
        retention->cutoff_ms =
            wf_clock_now_ms(retention->engine->clock) - kept_ms;
        if (kept_ms > 0 && retention->cutoff_ms > 0)
            retention->machine_id = head.id;
        retention->list.len = 0;
    }
    step(retention);
}

static void read_machine(struct wf_retention *retention) {
    struct wf_key from = wf_key_table(retention->engine->partition, 'M');
    struct wf_key to = wf_key_table_end(retention->engine->partition, 'M');
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = 1};
    if (retention->machine.len)
        range.from = text(&retention->machine);
    read_rows(retention, &range, found_machine);
}

/* ---- the whole ---- */

/* They are gone: also rows of them that were read meanwhile. */
static void forget_doomed(struct wf_retention *retention) {
    struct wf_buf *doomed = &retention->doomed;
    uint64_t id;
    for (size_t at = 0; at < doomed->len; at += sizeof(id)) {
        memcpy(&id, doomed->data + at, sizeof(id));
        wf_ended_forget(&retention->engine->ended, id);
    }
    doomed->len = 0;
}

/* Nothing that has ended is to be removed, only what is left of copies. */
static bool is_for_ever(const struct wf_retention *retention) {
    return retention->engine->options.retention_ms == 0;
}

/* All is durable. One read, whose callback goes on. */
static void step(void *arg) {
    struct wf_retention *retention = arg;
    forget_doomed(retention);
    if (retention->victim == 0) {
        retention->below = 0;
        find_victim(retention);
        return;
    }
    if (retention->victim == UINT64_MAX && is_for_ever(retention))
        retention->is_busy = false;
    else if (retention->victim != UINT64_MAX && TABLES[retention->table])
        read_table(retention);
    else if (retention->victim != UINT64_MAX)
        read_runs(retention);
    else if (retention->machine_id)
        read_list(retention);
    else
        read_machine(retention);
}

void wf_retention_housekeeping(struct wf_engine *engine) {
    struct wf_retention *retention = engine->retention;
    int64_t now = wf_clock_now_ms(engine->clock);
    if (engine->options.retention_ms == 0 && !engine->has_remains)
        return;
    if (!retention) {
        retention = engine->retention = wf_calloc(1, sizeof(*retention));
        retention->engine = engine;
    }
    if (retention->is_busy || engine->stalled || now < retention->next_ms)
        return;
    retention->is_busy = true;
    engine->has_remains = false;
    retention->next_ms = now + REST_MS;
    retention->victim = 0;
    step(retention);
}

void wf_retention_clear(struct wf_engine *engine) {
    engine->has_remains = true;
    if (engine->retention)
        engine->retention->next_ms = 0;
    wf_engine_wake(engine);
}

void wf_retention_free(struct wf_engine *engine) {
    if (!engine->retention)
        return;
    wf_buf_free(&engine->retention->machine);
    wf_buf_free(&engine->retention->list);
    wf_buf_free(&engine->retention->doomed);
    free(engine->retention);
}
