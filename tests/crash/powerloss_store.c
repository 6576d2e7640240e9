/*
 * powerloss_store.c - the store under the power-loss suite (powerloss.h).
 *
 *   powerloss_store run DIR BATCHES SEED [--no-sync]
 *       applies numbered batches and marks each one that became durable
 *   powerloss_store check BATCHES SEED DIR MARKS
 *       opens DIR and compares it with what the first K batches leave
 *       behind, where K, read from DIR, may not be below the last mark
 *
 * What is stored is computed from the number of the batch alone: a counter,
 * a few rows that are overwritten again and again, and rows that later
 * batches delete, so that pages are freed and used anew all the time. Exit
 * status: 0 all promises hold, 1 one does not, 2 could not be checked.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "powerloss.h"
#include "store.h"

#define KEPT_BATCHES 40 /* rows of older ones are deleted */
#define HOT_ROWS 50     /* overwritten in turn */
#define MAX_AT_ONCE 8   /* batches under way */

static uint64_t mix(uint64_t z) {
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* ---- what a batch writes ---- */

static unsigned row_count(uint64_t seed, uint64_t number) {
    return 1 + (unsigned)(mix(seed ^ number) % 6);
}

/* Mostly small; every 16th spreads over pages of its own. */
static void row_value(uint64_t seed, uint64_t number, unsigned row,
                      struct wf_buf *out) {
    uint64_t random = mix(seed ^ number << 8 ^ row);
    size_t size = 20 + random % 700 + (random % 16 == 0 ? 9000 : 0);
    while (out->len < size) {
        random = mix(random);
        wf_buf_be64(out, random);
    }
}

static void row_key(struct wf_buf *key, char table, uint64_t number,
                    unsigned row) {
    key->len = 0;
    wf_buf_be16(key, 0);
    wf_buf_u8(key, (uint8_t)table);
    wf_buf_be32(key, (uint32_t)number);
    wf_buf_be16(key, (uint16_t)row);
}

static struct wf_str text(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

static struct wf_batch *batch_make(uint64_t seed, uint64_t number) {
    struct wf_batch *batch = wf_batch_new(0);
    struct wf_buf key = {0}, value = {0};

    wf_buf_be64(&value, number);
    row_key(&key, 'c', 0, 0);
    wf_batch_put(batch, text(&key), text(&value));
    row_key(&key, 'h', number % HOT_ROWS, 0);
    wf_batch_put(batch, text(&key), text(&value));
    for (unsigned row = 0; row < row_count(seed, number); row++) {
        value.len = 0;
        row_key(&key, 'r', number, row);
        row_value(seed, number, row, &value);
        wf_batch_put(batch, text(&key), text(&value));
    }
    if (number > KEPT_BATCHES) {
        uint64_t old = number - KEPT_BATCHES;
        for (unsigned row = 0; row < row_count(seed, old); row++) {
            row_key(&key, 'r', old, row);
            wf_batch_delete(batch, text(&key));
        }
    }
    wf_buf_free(&key);
    wf_buf_free(&value);
    return batch;
}

/* ---- run ---- */

struct run {
    struct ev_loop *loop;
    struct wf_store *store;
    powerloss_mark_fn *mark;
    uint64_t seed, batches, applied, durable;
};

static void batch_durable(void *arg, const struct wf_error *err);

/* As many as chance says go together, and share a commit. */
static void apply_some(struct run *run) {
    uint64_t count = 1 + mix(run->seed ^ ~run->applied) % MAX_AT_ONCE;
    while (count-- > 0 && run->applied < run->batches) {
        run->applied++;
        wf_store_apply(run->store, batch_make(run->seed, run->applied),
                       batch_durable, run);
    }
}

static void batch_durable(void *arg, const struct wf_error *err) {
    struct run *run = arg;
    char number[32];
    if (err) {
        fprintf(stderr, "batch failed: %s\n", err->message);
        exit(2);
    }
    run->durable++;
    snprintf(number, sizeof number, "%llu", (unsigned long long)run->durable);
    if (run->mark)
        run->mark(number);
    if (run->durable == run->batches)
        ev_break(run->loop, EVBREAK_ALL);
    else if (run->durable == run->applied)
        apply_some(run);
}

static struct wf_store *store_open(struct ev_loop *loop, const char *directory,
                                   bool no_sync, struct wf_error *err) {
    struct wf_store_options options = {
        .directory = directory,
        .map_bytes = 1u << 30,
        .ballast_bytes = 4096,
        .no_sync = no_sync,
    };
    struct wf_store *store = NULL;
    return wf_store_open_lmdb(loop, &options, &store, err) == 0 ? store : NULL;
}

static int run_batches(const char *directory, uint64_t batches, uint64_t seed,
                       bool no_sync) {
    struct wf_error err = {0};
    struct run run = {.loop = ev_loop_new(0), .seed = seed, .batches = batches};

    run.store = store_open(run.loop, directory, no_sync, &err);
    if (!run.store) {
        fprintf(stderr, "%s\n", err.message);
        return 2;
    }
    void *symbol = dlsym(RTLD_DEFAULT, "powerloss_mark");
    memcpy(&run.mark, &symbol, sizeof symbol);
    apply_some(&run);
    ev_run(run.loop, 0);
    wf_store_close(run.store);
    ev_loop_destroy(run.loop);
    return 0;
}

/* ---- check ---- */

struct found {
    struct wf_buf rows; /* key and value of each row, with their lengths */
    struct wf_buf last; /* key to go on behind */
    uint64_t counter;
    bool more;
};

static void rows_found(void *arg, const struct wf_row *rows, size_t count,
                       bool more, const struct wf_error *err) {
    struct found *found = arg;
    found->more = more && !err;
    for (size_t i = 0; i < count; i++) {
        wf_buf_text(&found->rows, rows[i].key);
        wf_buf_text(&found->rows, rows[i].value);
        if (rows[i].key.data[2] == 'c' && rows[i].value.len == 8) {
            struct wf_reader reader = {rows[i].value.data,
                                       rows[i].value.data + 8, false};
            found->counter = wf_read_be64(&reader);
        }
        found->last.len = 0;
        wf_buf_addstr(&found->last, rows[i].key);
        wf_buf_u8(&found->last, 0); /* the next key there can be */
    }
}

static int read_all(struct wf_store *store, struct found *found,
                    struct wf_error *err) {
    struct wf_buf end = {0};
    int rc;

    wf_buf_be16(&found->last, 0);
    wf_buf_be16(&end, 1);
    do {
        struct wf_range range = {.from = text(&found->last),
                                 .to = text(&end)};
        rc = wf_store_scan_now(store, &range, rows_found, found, err);
    } while (rc == 0 && found->more);
    wf_buf_free(&end);
    return rc;
}

static void expect_row(struct wf_buf *rows, const struct wf_buf *key,
                       const struct wf_buf *value) {
    wf_buf_text(rows, text(key));
    wf_buf_text(rows, text(value));
}

/* The newest batch up to `upto` that wrote hot row `slot`; 0: none. */
static uint64_t hot_writer(uint64_t upto, uint64_t slot) {
    uint64_t back = (upto % HOT_ROWS + HOT_ROWS - slot) % HOT_ROWS;
    return upto > back ? upto - back : 0;
}

/* All rows that batches 1 to `upto` leave, in key order. */
static void expect_all(struct wf_buf *rows, uint64_t seed, uint64_t upto) {
    struct wf_buf key = {0}, value = {0};

    if (upto > 0) {
        row_key(&key, 'c', 0, 0);
        wf_buf_be64(&value, upto);
        expect_row(rows, &key, &value);
    }
    for (uint64_t slot = 0; slot < HOT_ROWS; slot++) {
        if (hot_writer(upto, slot) == 0)
            continue;
        value.len = 0;
        row_key(&key, 'h', slot, 0);
        wf_buf_be64(&value, hot_writer(upto, slot));
        expect_row(rows, &key, &value);
    }
    uint64_t first = upto > KEPT_BATCHES ? upto - KEPT_BATCHES + 1 : 1;
    for (uint64_t number = first; number <= upto; number++)
        for (unsigned row = 0; row < row_count(seed, number); row++) {
            value.len = 0;
            row_key(&key, 'r', number, row);
            row_value(seed, number, row, &value);
            expect_row(rows, &key, &value);
        }
    wf_buf_free(&key);
    wf_buf_free(&value);
}

static int compare(const struct found *found, uint64_t marked,
                   uint64_t batches, uint64_t seed) {
    struct wf_buf expected = {0};
    int status = 1;

    expect_all(&expected, seed, found->counter);
    if (found->counter < marked)
        fprintf(stderr, "batch %llu was durable, found only %llu\n",
                (unsigned long long)marked,
                (unsigned long long)found->counter);
    else if (found->counter > batches)
        fprintf(stderr, "found a batch that never was\n");
    else if (found->rows.len != expected.len ||
             (expected.len != 0 &&
              memcmp(found->rows.data, expected.data, expected.len) != 0))
        fprintf(stderr, "batch %llu is there in part\n",
                (unsigned long long)found->counter);
    else
        status = 0;
    wf_buf_free(&expected);
    return status;
}

static uint64_t last_mark(const char *path) {
    FILE *file = fopen(path, "r");
    unsigned long long number = 0;
    if (!file)
        exit(2);
    while (fscanf(file, "%llu", &number) == 1)
        ;
    fclose(file);
    return number;
}

/* The store found must also be able to go on. */
static int go_on(struct run *run) {
    apply_some(run);
    ev_run(run->loop, 0);
    return run->durable == run->batches ? 0 : 1;
}

static int check(const char *directory, const char *marks, uint64_t batches,
                 uint64_t seed) {
    struct wf_error err = {0};
    struct found found = {0};
    struct ev_loop *loop = ev_loop_new(0);
    struct wf_store *store = store_open(loop, directory, true, &err);
    int status = 1;

    if (!store || read_all(store, &found, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
    } else {
        status = compare(&found, last_mark(marks), batches, seed);
        struct run run = {.loop = loop, .store = store, .seed = seed,
                          .applied = found.counter, .durable = found.counter,
                          .batches = found.counter + MAX_AT_ONCE};
        if (status == 0)
            status = go_on(&run);
    }
    wf_store_close(store);
    ev_loop_destroy(loop);
    wf_buf_free(&found.rows);
    wf_buf_free(&found.last);
    return status;
}

int main(int argc, char **argv) {
    if (argc < 5)
        return 2;
    if (strcmp(argv[1], "run") == 0)
        return run_batches(argv[2], strtoull(argv[3], NULL, 10),
                           strtoull(argv[4], NULL, 10),
                           argc > 5 && !strcmp(argv[5], "--no-sync"));
    if (strcmp(argv[1], "check") == 0 && argc == 6)
        return check(argv[4], argv[5], strtoull(argv[2], NULL, 10),
                     strtoull(argv[3], NULL, 10));
    return 2;
}
