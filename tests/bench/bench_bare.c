/* bench_bare.c - see bench_bare.h. */
#include "bench_bare.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "keys.h"

struct size_read {
    size_t size;
    bool done;
};

static void size_rows(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct size_read *read = arg;
    (void)more;
    if (!err && count == 1)
        read->size = rows->value.len;
    read->done = true;
}

static bool is_read(void *arg) {
    return ((struct size_read *)arg)->done;
}

static size_t last_size(struct bench_rig *rig, char table) {
    struct size_read read = {0};
    struct wf_key from = wf_key_table(0, table);
    struct wf_key to = wf_key_table_end(0, table);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .reverse = true,
                             .max_rows = 1};
    wf_store_scan(rig->store, &range, size_rows, &read);
    bench_rig_turn_until(rig, is_read, &read);
    return read.size;
}

void bench_rows_measure(struct bench_rig *rig, struct bench_rows *rows) {
    rows->execution = last_size(rig, 'E');
    rows->name = last_size(rig, 'N');
    rows->list = last_size(rig, 'L');
}

static void put(MDB_txn *txn, MDB_dbi dbi, struct wf_key key, size_t size) {
    static char zeros[65536];
    MDB_val k = {key.len, key.data};
    MDB_val v = {size < sizeof(zeros) ? size : sizeof(zeros), zeros};
    if (mdb_put(txn, dbi, &k, &v, MDB_APPEND) != 0)
        abort();
}

double bench_bare_lmdb(const struct bench_rows *rows, unsigned per_commit,
                       double seconds) {
    char *directory = bench_directory_new(getenv("BENCH_DIR")), name[37];
    struct wf_clock clock;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi[3];
    static const char *const names[] = {"E", "N", "L"};
    uint64_t id = 1, start, now;

    wf_clock_init_real(&clock);
    if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 4) != 0 ||
        mdb_env_set_mapsize(env, (size_t)64 << 30) != 0 ||
        mdb_env_open(env, directory, 0, 0600) != 0 ||
        mdb_txn_begin(env, NULL, 0, &txn) != 0)
        abort();
    for (int i = 0; i < 3; i++)
        if (mdb_dbi_open(txn, names[i], MDB_CREATE, &dbi[i]) != 0)
            abort();
    if (mdb_txn_commit(txn) != 0)
        abort();
    start = wf_clock_mono_ns();
    do {
        if (mdb_txn_begin(env, NULL, 0, &txn) != 0)
            abort();
        for (unsigned i = 0; i < per_commit; i++, id++) {
            snprintf(name, sizeof(name), "%036llx", (unsigned long long)id);
            put(txn, dbi[0], wf_key_execution(0, id), rows->execution);
            put(txn, dbi[1], wf_key_name(0, 1, wf_str(name)), rows->name);
            put(txn, dbi[2], wf_key_list(0, 1, (int64_t)id, id), rows->list);
        }
        if (mdb_txn_commit(txn) != 0)
            abort();
        now = wf_clock_mono_ns();
    } while ((double)(now - start) < seconds * 1e9);
    mdb_env_close(env);
    bench_directory_free(directory);
    return (double)id / ((double)(now - start) / 1e9);
}
