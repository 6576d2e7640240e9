/*
 * leftovers.c - looks for rows of what has ended: frames, timers,
 * checkpoints and results of branches.
 *
 *   leftovers DATA_DIRECTORY
 *
 * For when no execution runs: each row found is a line. Exit status: 0 there
 * is none, 1 there are some, 2 the store can't be read. An engine may be
 * running on the store.
 */
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "store.h"

#define PARTITION 0
#define EXECUTION_KEY 11 /* bytes; a frame's has a number more */

struct look {
    char table;
    unsigned long rows;
    struct wf_buf from;
};

static void on_rows(void *arg, const struct wf_row *rows, size_t count,
                    bool more, const struct wf_error *err) {
    struct look *look = arg;
    look->from.len = 0;
    for (size_t i = 0; !err && i < count; i++) {
        const struct wf_row *row = &rows[i];
        if (look->table == 'E' && row->key.len == EXECUTION_KEY)
            continue;
        look->rows++;
        printf("%c", look->table);
        for (size_t at = 3; at < row->key.len; at++)
            printf("%s%02x", (at - 3) % 4 ? "" : " ",
                   (unsigned char)row->key.data[at]);
        printf("\n");
    }
    if (more && count > 0) {
        wf_buf_addstr(&look->from, rows[count - 1].key);
        wf_buf_u8(&look->from, 0);
    }
}

/* How many rows of the table should not be there; -1: can't be read. */
static long look_into(struct wf_store *store, char table) {
    struct look look = {.table = table};
    struct wf_key from = wf_key_table(PARTITION, table);
    struct wf_key to = wf_key_table_end(PARTITION, table);
    struct wf_error err;
    int rc;
    wf_buf_addstr(&look.from, wf_key_str(&from));
    do {
        struct wf_str begin = {look.from.data, look.from.len};
        struct wf_range range = {.from = begin,
                                 .to = wf_key_str(&to),
                                 .keys_only = true};
        rc = wf_store_scan_now(store, &range, on_rows, &look, &err);
    } while (rc == 0 && look.from.len > 0);
    if (rc != 0)
        fprintf(stderr, "leftovers: %s\n", err.message);
    wf_buf_free(&look.from);
    return rc == 0 ? (long)look.rows : -1;
}

int main(int argc, char **argv) {
    struct wf_store_options options = {.read_only = true};
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct wf_store *store;
    struct wf_error err;
    int status = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: leftovers DATA_DIRECTORY\n");
        return 2;
    }
    options.directory = argv[1];
    if (wf_store_open_lmdb(loop, &options, &store, &err) != 0) {
        fprintf(stderr, "leftovers: %s\n", err.message);
        ev_loop_destroy(loop);
        return 2;
    }
    for (const char *table = "ETKO"; *table && status != 2; table++) {
        long rows = look_into(store, *table);
        if (rows != 0)
            status = rows < 0 ? 2 : 1;
    }
    wf_store_close(store);
    ev_loop_destroy(loop);
    return status;
}
