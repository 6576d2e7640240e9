/* store_memory.c - see store_memory.h. */
#include "store_memory.h"

#include <assert.h>
#include <stdlib.h>

/* ---- the disk: rows in an array, in key order ---- */

struct row {
    size_t key_len, value_len;
    char bytes[]; /* key, value */
};

struct store_memory_disk {
    struct row **rows;
    size_t count, cap;
};

static struct wf_str row_key(const struct row *row) {
    return (struct wf_str){row->bytes, row->key_len};
}

static struct wf_str row_value(const struct row *row) {
    return (struct wf_str){row->bytes + row->key_len, row->value_len};
}

static int key_cmp(struct wf_str a, struct wf_str b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

/* The first row whose key is not before `key`. */
static size_t lower_bound(const struct store_memory_disk *disk,
                          struct wf_str key) {
    size_t low = 0, high = disk->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (key_cmp(row_key(disk->rows[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct row *find(const struct store_memory_disk *disk,
                        struct wf_str key) {
    size_t at = lower_bound(disk, key);
    if (at < disk->count && wf_str_eq(row_key(disk->rows[at]), key))
        return disk->rows[at];
    return NULL;
}

static void disk_remove(struct store_memory_disk *disk, size_t at) {
    free(disk->rows[at]);
    disk->count--;
    memmove(&disk->rows[at], &disk->rows[at + 1],
            (disk->count - at) * sizeof(*disk->rows));
}

static void disk_put(struct store_memory_disk *disk, struct wf_str key,
                     struct wf_str value) {
    struct row *row = wf_malloc(sizeof(*row) + key.len + value.len);
    size_t at = lower_bound(disk, key);

    row->key_len = key.len;
    row->value_len = value.len;
    memcpy(row->bytes, key.data, key.len);
    if (value.len)
        memcpy(row->bytes + key.len, value.data, value.len);
    if (find(disk, key))
        disk_remove(disk, at);
    if (disk->count == disk->cap) {
        disk->cap = disk->cap ? disk->cap * 2 : 64;
        disk->rows = wf_realloc(disk->rows, disk->cap * sizeof(*disk->rows));
    }
    memmove(&disk->rows[at + 1], &disk->rows[at],
            (disk->count - at) * sizeof(*disk->rows));
    disk->rows[at] = row;
    disk->count++;
}

static void disk_delete_range(struct store_memory_disk *disk,
                              const struct wf_op *op) {
    size_t at = lower_bound(disk, op->key);
    for (unsigned i = 0; i < op->limit && at < disk->count; i++) {
        if (key_cmp(row_key(disk->rows[at]), op->value) >= 0)
            break;
        disk_remove(disk, at);
    }
}

static bool disk_expects(const struct store_memory_disk *disk,
                         const struct wf_batch *batch) {
    for (size_t i = 0; i < wf_batch_count(batch); i++) {
        struct wf_op op = wf_batch_op(batch, i);
        if (op.kind != WF_OP_EXPECT)
            continue;
        const struct row *row = find(disk, op.key);
        if (!row != !op.value.data)
            return false;
        if (row && !wf_str_eq(row_value(row), op.value))
            return false;
    }
    return true;
}

static void disk_write(struct store_memory_disk *disk,
                       const struct wf_batch *batch) {
    for (size_t i = 0; i < wf_batch_count(batch); i++) {
        struct wf_op op = wf_batch_op(batch, i);
        if (op.kind == WF_OP_PUT)
            disk_put(disk, op.key, op.value);
        else if (op.kind == WF_OP_DELETE && find(disk, op.key))
            disk_remove(disk, lower_bound(disk, op.key));
        else if (op.kind == WF_OP_DELETE_RANGE)
            disk_delete_range(disk, &op);
    }
}

struct store_memory_disk *store_memory_disk_new(void) {
    return wf_calloc(1, sizeof(struct store_memory_disk));
}

void store_memory_disk_free(struct store_memory_disk *disk) {
    if (!disk)
        return;
    for (size_t i = 0; i < disk->count; i++)
        free(disk->rows[i]);
    free(disk->rows);
    free(disk);
}

size_t store_memory_disk_count(const struct store_memory_disk *disk) {
    return disk->count;
}

/* ---- the store ---- */

struct job {
    struct job *next;
    struct wf_batch *batch;
    wf_durable_fn *done;
    void *arg;
    bool conflict;
};

struct jobs {
    struct job *head, **tail;
};

/* What a read has found, copied: the disk may change before the answer. */
struct found {
    struct wf_row *rows;
    size_t count;
    bool more;
    struct wf_buf copy;
};

struct pending_read {
    struct pending_read *next, **link; /* in the store's list */
    struct memory_store *store;
    ev_timer timer;
    struct wf_range range;
    struct wf_buf bounds;
    wf_rows_fn *rows_fn;
    void *arg;
    bool is_read; /* what is below: it only has to be answered */
    struct found found;
};

struct memory_store {
    struct wf_store base; /* first */
    struct ev_loop *loop;
    struct store_memory_disk *disk;
    struct store_memory_options options;
    uint64_t random;
    struct jobs queue;   /* not on the disk */
    struct jobs written; /* on the disk, not acknowledged */
    ev_timer commit, acknowledge;
    struct pending_read *reads;
    enum wf_store_state state;
    unsigned full_attempts;
    bool die;
    struct wf_store_stats stats;
};

static uint64_t next_random(struct memory_store *store) {
    uint64_t x = store->random; /* xorshift64 (Marsaglia 2003) */
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return store->random = x;
}

static double delay(struct memory_store *store) {
    double part = (double)(next_random(store) % 1000) / 1000;
    return store->options.max_delay_ms * part / 1000;
}

static void timer_arm(struct memory_store *store, ev_timer *timer) {
    if (ev_is_active(timer))
        return;
    ev_now_update(store->loop);
    ev_timer_set(timer, delay(store), 0);
    ev_timer_start(store->loop, timer);
}

static void jobs_add(struct jobs *jobs, struct job *job) {
    job->next = NULL;
    *jobs->tail = job;
    jobs->tail = &job->next;
}

static struct job *jobs_take(struct jobs *jobs) {
    struct job *job = jobs->head;
    jobs->head = job->next;
    if (!jobs->head)
        jobs->tail = &jobs->head;
    return job;
}

static void jobs_free(struct jobs *jobs) {
    while (jobs->head) {
        struct job *job = jobs_take(jobs);
        wf_batch_free(job->batch);
        free(job);
    }
}

static void state_set(struct memory_store *store, enum wf_store_state state) {
    struct wf_error err;
    if (store->state == state)
        return;
    store->state = state;
    wf_error_set(&err, state == WF_STORE_FULL ? WF_E_BUSY : WF_E_IO,
                 "injected: %s", state == WF_STORE_FULL ? "full" : "dead");
    if (store->base.changed)
        store->base.changed(store->base.changed_arg, state,
                            state == WF_STORE_OK ? NULL : &err);
}

static void write_first(struct memory_store *store) {
    struct job *job = jobs_take(&store->queue);
    job->conflict = !disk_expects(store->disk, job->batch);
    if (!job->conflict)
        disk_write(store->disk, job->batch);
    wf_batch_free(job->batch);
    job->batch = NULL;
    store->stats.queued_batches--;
    jobs_add(&store->written, job);
}

static void on_commit(struct ev_loop *loop, ev_timer *timer, int events) {
    struct memory_store *store = timer->data;
    (void)loop, (void)events;

    if (store->die) {
        state_set(store, WF_STORE_DEAD);
        return;
    }
    if (store->full_attempts > 0) {
        store->full_attempts--;
        timer_arm(store, &store->commit);
        state_set(store, WF_STORE_FULL);
        return;
    }
    uint64_t count = 1 + next_random(store) % 8;
    while (count-- > 0 && store->queue.head)
        write_first(store);
    store->stats.commits++;
    timer_arm(store, &store->acknowledge);
    if (store->queue.head)
        timer_arm(store, &store->commit);
    state_set(store, WF_STORE_OK);
}

static void on_acknowledge(struct ev_loop *loop, ev_timer *timer, int events) {
    struct memory_store *store = timer->data;
    struct jobs written = store->written;
    (void)loop, (void)events;

    if (store->state == WF_STORE_DEAD || !written.head)
        return;
    store->written = (struct jobs){NULL, &store->written.head};
    for (struct job *job = written.head, *next; job; job = next) {
        struct wf_error err;
        next = job->next;
        wf_error_set(&err, WF_E_CONFLICT, "a precondition does not hold");
        if (job->done)
            job->done(job->arg, job->conflict ? &err : NULL);
        free(job);
    }
}

static void op_apply(struct wf_store *base, struct wf_batch *batch,
                     wf_durable_fn *done, void *arg) {
    struct memory_store *store = (struct memory_store *)base;
    struct job *job = wf_calloc(1, sizeof(*job));

    *job = (struct job){.batch = batch, .done = done, .arg = arg};
    store->stats.batches++;
    store->stats.queued_batches++;
    store->stats.bytes_in += wf_batch_bytes(batch);
    jobs_add(&store->queue, job);
    if (store->state != WF_STORE_DEAD)
        timer_arm(store, &store->commit);
}

/* ---- reading ---- */

static void look(const struct store_memory_disk *disk,
                 const struct wf_range *range, struct found *found) {
    size_t low = lower_bound(disk, range->from);
    size_t high = range->to.len ? lower_bound(disk, range->to) : disk->count;
    size_t max_rows = range->max_rows ? range->max_rows : 1000;
    size_t max_bytes = range->max_bytes ? range->max_bytes : (size_t)1 << 20;
    size_t left = high > low ? high - low : 0, count = 0, bytes = 0;
    struct wf_row *rows = wf_calloc(left < max_rows ? left : max_rows,
                                    sizeof(*rows));

    while (count < left && count < max_rows && bytes < max_bytes) {
        size_t at = range->reverse ? high - 1 - count : low + count;
        const struct row *row = disk->rows[at];
        size_t value_len = range->keys_only ? 0 : row->value_len;
        wf_buf_add(&found->copy, row->bytes, row->key_len + value_len);
        rows[count].key.len = row->key_len;
        rows[count++].value.len = value_len;
        bytes += row->key_len + value_len;
    }
    const char *at = found->copy.data;
    for (size_t i = 0; i < count; i++) {
        rows[i].key.data = at;
        rows[i].value.data = at + rows[i].key.len;
        at += rows[i].key.len + rows[i].value.len;
    }
    found->rows = rows;
    found->count = count;
    found->more = count < left;
}

static void found_free(struct found *found) {
    wf_buf_free(&found->copy);
    free(found->rows);
}

static void read_free(struct pending_read *read) {
    ev_timer_stop(read->store->loop, &read->timer);
    *read->link = read->next;
    if (read->next)
        read->next->link = read->link;
    wf_buf_free(&read->bounds);
    found_free(&read->found);
    free(read);
}

/* Twice: it looks, it answers. What is acknowledged between the two, the
 * answer does not show. */
static void on_read(struct ev_loop *loop, ev_timer *timer, int events) {
    struct pending_read *read = timer->data;
    struct memory_store *store = read->store;
    (void)loop, (void)events;

    if (store->state == WF_STORE_DEAD) {
        struct wf_error err;
        wf_error_set(&err, WF_E_IO, "injected: dead");
        read->rows_fn(read->arg, NULL, 0, false, &err);
    } else if (!read->is_read) {
        look(store->disk, &read->range, &read->found);
        read->is_read = true;
        timer_arm(store, &read->timer);
        return;
    } else {
        read->rows_fn(read->arg, read->found.rows, read->found.count,
                      read->found.more, NULL);
    }
    store->stats.reads++;
    read_free(read);
}

static void op_scan(struct wf_store *base, const struct wf_range *range,
                    wf_rows_fn *rows, void *arg) {
    struct memory_store *store = (struct memory_store *)base;
    struct pending_read *read = wf_calloc(1, sizeof(*read));

    *read = (struct pending_read){
        .store = store, .range = *range, .rows_fn = rows, .arg = arg,
    };
    wf_buf_reserve(&read->bounds, range->from.len + range->to.len);
    wf_buf_addstr(&read->bounds, range->from);
    wf_buf_addstr(&read->bounds, range->to);
    read->range.from.data = read->bounds.data;
    read->range.to.data = read->bounds.data + range->from.len;
    read->next = store->reads;
    read->link = &store->reads;
    if (read->next)
        read->next->link = &read->next;
    store->reads = read;
    ev_timer_init(&read->timer, on_read, 0, 0);
    read->timer.data = read;
    timer_arm(store, &read->timer);
}

static int op_scan_now(struct wf_store *base, const struct wf_range *range,
                       wf_rows_fn *rows, void *arg, struct wf_error *err) {
    struct memory_store *store = (struct memory_store *)base;
    if (store->state == WF_STORE_DEAD)
        return wf_error_set(err, WF_E_IO, "injected: dead");
    struct found found = {0};
    look(store->disk, range, &found);
    rows(arg, found.rows, found.count, found.more, NULL);
    found_free(&found);
    return 0;
}

/* ---- life ---- */

static enum wf_store_state op_state(const struct wf_store *base) {
    return ((const struct memory_store *)base)->state;
}

static void op_stats(struct wf_store *base, struct wf_store_stats *stats) {
    const struct memory_store *store = (const struct memory_store *)base;
    *stats = store->stats;
    stats->entries = store->disk->count;
}

static void store_free(struct memory_store *store) {
    jobs_free(&store->queue);
    jobs_free(&store->written);
    while (store->reads)
        read_free(store->reads);
    ev_timer_stop(store->loop, &store->commit);
    ev_timer_stop(store->loop, &store->acknowledge);
    free(store);
}

static void op_close(struct wf_store *base) {
    struct memory_store *store = (struct memory_store *)base;
    while (store->queue.head && store->state == WF_STORE_OK)
        write_first(store);
    store_free(store);
}

static const struct wf_store_ops memory_ops = {
    .close = op_close,
    .state = op_state,
    .stats = op_stats,
    .apply = op_apply,
    .scan = op_scan,
    .scan_now = op_scan_now,
};

struct wf_store *store_memory_open(struct ev_loop *loop,
                                   struct store_memory_disk *disk,
                                   const struct store_memory_options *options) {
    struct memory_store *store = wf_calloc(1, sizeof(*store));

    store->base.ops = &memory_ops;
    store->loop = loop;
    store->disk = disk;
    store->options = *options;
    store->random = options->seed * 2 + 1; /* never 0 */
    store->queue.tail = &store->queue.head;
    store->written.tail = &store->written.head;
    ev_timer_init(&store->commit, on_commit, 0, 0);
    ev_timer_init(&store->acknowledge, on_acknowledge, 0, 0);
    store->commit.data = store->acknowledge.data = store;
    return &store->base;
}

void store_memory_full(struct wf_store *base, unsigned attempts) {
    ((struct memory_store *)base)->full_attempts = attempts;
}

void store_memory_die(struct wf_store *base) {
    ((struct memory_store *)base)->die = true;
}

void store_memory_crash(struct wf_store *base) {
    struct memory_store *store = (struct memory_store *)base;
    uint64_t survive = next_random(store);

    while (store->queue.head && survive % 4 != 0) {
        write_first(store);
        survive = next_random(store);
    }
    store_free(store);
}
