/*
 * store_fixture.h - a store, a loop and a directory for one test.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "store.h"
#include "store_memory.h"

enum fixture_kind { FIXTURE_LMDB, FIXTURE_MEMORY };

struct fixture {
    enum fixture_kind kind;
    struct ev_loop *loop;
    struct wf_store *store;
    struct wf_store_options options;
    struct store_memory_disk *disk;
    char directory[64];
    uint64_t seed;

    /* What the callbacks below have seen. */
    unsigned durable;      /* batches acknowledged */
    unsigned conflicts;
    unsigned state_changes;
    enum wf_store_state last_state;
};

/** Creates loop and directory; opens the store with `options` (or none). */
void fixture_up(struct fixture *f, enum fixture_kind kind,
                const struct wf_store_options *options);
void fixture_down(struct fixture *f); /* closes and removes everything */
int fixture_open(struct fixture *f, struct wf_error *err);
void fixture_close(struct fixture *f);

/** Runs the loop until *counter >= target; fails the test after 30 s. */
void fixture_until(struct fixture *f, const unsigned *counter,
                   unsigned target);
/** Runs the loop for as long as something is outstanding. */
void fixture_settle(struct fixture *f);

/** Key of partition 1: table letter and text. Valid until the 8th next. */
struct wf_str fixture_key(char table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Callback that counts in the fixture given as `arg`. */
void fixture_done(void *arg, const struct wf_error *err);
/** Puts one row in a batch of its own. */
void fixture_put(struct fixture *f, struct wf_str key, struct wf_str value);

/** Rows of one answer, copied. */
struct fixture_rows {
    unsigned answers;
    size_t count;
    bool more, failed;
    struct wf_buf keys;   /* texts behind the partition, joined by spaces */
    struct wf_buf values; /* the same */
    struct wf_buf last;   /* the last key, whole */
};

void fixture_rows_free(struct fixture_rows *rows);
void fixture_on_rows(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err);
/** Asks, waits, and keeps the answer in `rows` (which is emptied first). */
void fixture_get(struct fixture *f, struct wf_str key,
                 struct fixture_rows *rows);
void fixture_scan(struct fixture *f, const struct wf_range *range,
                  struct fixture_rows *rows);
/** The value of one key, as a C string in `rows`; NULL if there is none. */
const char *fixture_value(struct fixture *f, struct wf_str key,
                          struct fixture_rows *rows);

#endif
