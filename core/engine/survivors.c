/*
 * survivors.c - process groups that outlived their worker, their engine or
 * their task, until they have ended.
 *
 * A frame's image names the groups that its task has started. If the worker
 * or the engine dies under it, they are ended before the frame's task is
 * dispatched again; that is awaited apart from the frame, which may end
 * meanwhile.
 *
 * If the task is given up (a timeout, a stop), they get SIGTERM and have 2 s
 * to tidy up, while the frame goes on, or ends and is forgotten. So each has a
 * row of its own from then on, written by the batch that gives the task up:
 * an engine that opens the store after a crash ends those.
 *
 * A backup has such records of groups that belong to the engine it was taken
 * from. It says when it was made, in ticks of that boot: what started before
 * is not ours to end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"

struct reap {
    struct wf_link link;
    struct wf_engine *engine;
    uint64_t of;        /* the execution that it was started for */
    uint64_t execution; /* 0: of a row; there may be no frame any more */
    uint32_t frame;
};

void wf_survivors_free(struct wf_engine *engine) {
    struct wf_link *link;
    while ((link = wf_list_shift(&engine->reaps)))
        free(WF_ENTRY(link, struct reap, link));
}

/* The attempt that a frame's recorded children belong to. */
static uint32_t attempts_before(const struct wf_frame *frame) {
    bool is_over = frame->phase == WF_PHASE_RETRY && frame->retry_count > 0;
    return frame->retry_count - is_over;
}

/* ---- rows ---- */

static struct wf_key key_of(const struct wf_engine *engine,
                            struct wf_child child) {
    return wf_key_survivor(engine->partition, child.pid, child.start_time);
}

void wf_survivors_put(struct wf_engine *engine,
                      const struct wf_frame *frame) {
    struct wf_buf task_key = {0};
    if (frame->child_count == 0 || frame->execution->express)
        return;
    wf_task_attempt_key(frame, attempts_before(frame), &task_key);
    for (uint32_t i = 0; i < frame->child_count; i++) {
        struct wf_key key = key_of(engine, frame->children[i]);
        wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &task_key);
    }
    wf_buf_free(&task_key);
}

void wf_survivor_ended(struct wf_engine *engine, struct wf_child child) {
    struct wf_key key = key_of(engine, child);
    wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
    wf_engine_wake(engine);
}

/* ---- backups ---- */

#define BOOT_ID 36

/* Zeros if the kernel does not say. */
static void boot_id(char id[BOOT_ID]) {
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    memset(id, 0, BOOT_ID);
    if (!file)
        return;
    if (fread(id, 1, BOOT_ID, file) != BOOT_ID)
        memset(id, 0, BOOT_ID);
    fclose(file);
}

void wf_survivors_mark_copy(struct wf_engine *engine, struct wf_batch *last) {
    struct wf_key key = wf_key_table(engine->partition, 'Y');
    struct wf_buf value = {0};
    char id[BOOT_ID];
    boot_id(id);
    wf_buf_add(&value, id, sizeof(id));
    wf_buf_varint(&value, wf_clock_boot_ticks());
    wf_batch_put_buf(last, wf_key_str(&key), &value);
}

static void copy_row(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct wf_engine *engine = arg;
    char id[BOOT_ID];
    (void)more;
    if (err || count == 0 || rows->value.len <= sizeof(id))
        return;
    boot_id(id);
    if (memcmp(rows->value.data, id, sizeof(id)) != 0)
        return; /* nothing of that time is left */
    struct wf_reader in = {rows->value.data + sizeof(id),
                           rows->value.data + rows->value.len, false};
    engine->copied_ticks = wf_read_varint(&in);
}

/* Of the engine that this store is a copy of. */
static bool is_foreign(const struct wf_engine *engine,
                       struct wf_child child) {
    return child.start_time <= engine->copied_ticks;
}

/* ---- ending ---- */

static void reaped(void *arg, struct wf_child child) {
    struct reap *reap = arg;
    struct wf_engine *engine = reap->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, reap->execution);
    struct wf_frame *frame =
        execution ? wf_execution_frame(execution, reap->frame) : NULL;
    wf_survivor_ended(engine, child);
    wf_list_remove(&reap->link);
    wf_redrive_look_again(engine, reap->of);
    free(reap);
    if (frame && frame->reaping > 0 && --frame->reaping == 0)
        wf_task_left_nothing(engine, frame);
}

/* A task's key begins with it (task_ask.c). */
static uint64_t execution_of(struct wf_str task_key) {
    char text[17] = "";
    memcpy(text, task_key.data, task_key.len < 16 ? task_key.len : 16);
    return strtoull(text, NULL, 16);
}

bool wf_survivors_are_ending(const struct wf_engine *engine,
                             uint64_t execution) {
    const struct wf_link *list = &engine->reaps, *link = list->next;
    while (link != list &&
           WF_ENTRY(link, struct reap, link)->of != execution)
        link = link->next;
    return link != list;
}

static void end(struct wf_engine *engine, struct wf_child child,
                struct wf_str task_key, uint64_t execution, uint32_t frame) {
    struct reap *reap = wf_calloc(1, sizeof(*reap));
    reap->engine = engine;
    reap->of = execution_of(task_key);
    reap->execution = execution;
    reap->frame = frame;
    wf_list_append(&engine->reaps, &reap->link);
    wf_pool_child_end(engine->pool, child, task_key, reaped, reap);
}

void wf_task_end_survivors(struct wf_engine *engine,
                           struct wf_frame *frame) {
    struct wf_buf key = {0};
    if (frame->reaping || frame->child_count == 0)
        return;
    if (is_foreign(engine, frame->children[0])) { /* and so are all others */
        frame->child_count = 0;
        wf_frame_mark_changed(frame);
        return;
    }
    wf_task_attempt_key(frame, attempts_before(frame), &key);
    frame->reaping = frame->child_count;
    for (uint32_t i = 0; i < frame->child_count; i++)
        end(engine, frame->children[i], (struct wf_str){key.data, key.len},
            frame->execution->id, frame->number);
    wf_buf_free(&key);
}

static void survivor_rows(void *arg, const struct wf_row *rows, size_t count,
                          bool more, const struct wf_error *err) {
    struct wf_engine *engine = arg;
    (void)more;
    for (size_t i = 0; !err && i < count; i++) {
        struct wf_child child = {
            .pid = (int32_t)wf_key_u32(rows[i].key, 0),
            .start_time = wf_key_u64(rows[i].key, 4),
        };
        if (is_foreign(engine, child))
            wf_survivor_ended(engine, child);
        else
            end(engine, child, rows[i].value, 0, 0);
    }
}

static int scan(struct wf_engine *engine, char table, wf_rows_fn *rows,
                struct wf_error *err) {
    struct wf_key from = wf_key_table(engine->partition, table);
    struct wf_key to = wf_key_table_end(engine->partition, table);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = UINT32_MAX,
                             .max_bytes = SIZE_MAX};
    return wf_store_scan_now(engine->store, &range, rows, engine, err);
}

int wf_survivors_find_copy(struct wf_engine *engine, struct wf_error *err) {
    return scan(engine, 'Y', copy_row, err);
}

int wf_survivors_end(struct wf_engine *engine, struct wf_error *err) {
    return scan(engine, 'X', survivor_rows, err);
}
