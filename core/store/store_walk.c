/*
 * store_walk.c - rows of a range in key order, over all tables it touches.
 *
 * Nearly every range lies in one table and costs one cursor. A range over
 * several (tools that look at everything) merges their cursors.
 */
#include "store_lmdb.h"

static int key_cmp(const MDB_val *a, struct wf_str b) {
    size_t len = a->mv_size < b.len ? a->mv_size : b.len;
    int order = len ? memcmp(a->mv_data, b.data, len) : 0;
    if (order != 0)
        return order;
    return a->mv_size < b.len ? -1 : a->mv_size > b.len;
}

/* Puts a cursor on its first row of the range; LMDB's code. */
static int seek(const struct store_walk *walk, struct store_walk_at *at) {
    struct wf_str bound = walk->reverse ? walk->to : walk->from;
    MDB_cursor *cursor = at->cursor;

    if (bound.len == 0)
        return mdb_cursor_get(cursor, &at->key, &at->value,
                              walk->reverse ? MDB_LAST : MDB_FIRST);
    at->key = (MDB_val){bound.len, (char *)bound.data};
    int rc = mdb_cursor_get(cursor, &at->key, &at->value, MDB_SET_RANGE);
    if (!walk->reverse)
        return rc;
    return mdb_cursor_get(cursor, &at->key, &at->value,
                          rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
}

static bool in_range(const struct store_walk *walk, const MDB_val *key) {
    if (walk->reverse)
        return key_cmp(key, walk->from) >= 0;
    return walk->to.len == 0 || key_cmp(key, walk->to) < 0;
}

static int settle(struct store_walk *walk, struct store_walk_at *at, int rc) {
    at->live = rc == 0 && in_range(walk, &at->key);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Could keys of table `letter` lie in the range? */
static bool touches(const struct store_walk *walk, int letter) {
    struct wf_str from = walk->from, to = walk->to;
    if (from.len < 3 || to.len < 3 || memcmp(from.data, to.data, 2) != 0)
        return true;
    return letter >= (uint8_t)from.data[2] && letter <= (uint8_t)to.data[2];
}

int store_walk_open(struct store_walk *walk, MDB_txn *txn,
                    const struct store_dbis *dbis, struct wf_str from,
                    struct wf_str to, bool reverse) {
    int rc = 0;

    walk->from = from;
    walk->to = to;
    walk->reverse = reverse;
    walk->count = 0;
    walk->current = -1;
    for (int i = 0; i < 256 && rc == 0; i++) {
        uint32_t dbi = dbis->of[i];
        if (dbi == 0 || !touches(walk, i) || walk->count == STORE_MAX_TABLES)
            continue;
        struct store_walk_at *at = &walk->at[walk->count];
        if ((rc = mdb_cursor_open(txn, dbi - 1, &at->cursor)) != 0)
            break;
        walk->count++;
        rc = settle(walk, at, seek(walk, at));
    }
    return rc;
}

static int advance(struct store_walk *walk) {
    struct store_walk_at *at = &walk->at[walk->current];
    walk->current = -1;
    return settle(walk, at, mdb_cursor_get(at->cursor, &at->key, &at->value,
                                           walk->reverse ? MDB_PREV
                                                         : MDB_NEXT));
}

int store_walk_next(struct store_walk *walk, MDB_val *key, MDB_val *value) {
    int best = -1;
    int rc = walk->current >= 0 ? advance(walk) : 0;

    for (int i = 0; i < walk->count && rc == 0; i++) {
        const struct store_walk_at *at = &walk->at[i];
        if (!at->live)
            continue;
        if (best >= 0) {
            MDB_val *other = &walk->at[best].key;
            int order = key_cmp(&at->key, (struct wf_str){other->mv_data,
                                                          other->mv_size});
            if ((order < 0) == walk->reverse)
                continue;
        }
        best = i;
    }
    if (rc != 0 || best < 0)
        return rc ? rc : MDB_NOTFOUND;
    walk->current = best;
    *key = walk->at[best].key;
    *value = walk->at[best].value;
    return 0;
}

int store_walk_delete(struct store_walk *walk) {
    return mdb_cursor_del(walk->at[walk->current].cursor, 0);
}

void store_walk_close(struct store_walk *walk) {
    for (int i = 0; i < walk->count; i++)
        mdb_cursor_close(walk->at[i].cursor);
    walk->count = 0;
}
