/* store_fixture.c - see store_fixture.h. */
#include "store_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void remove_directory(const char *path) {
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory && (entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        closedir(directory);
    rmdir(path);
}

static void on_state(void *arg, enum wf_store_state state,
                     const struct wf_error *err) {
    struct fixture *f = arg;
    assert_true((state == WF_STORE_OK) == (err == NULL));
    f->state_changes++;
    f->last_state = state;
}

int fixture_open(struct fixture *f, struct wf_error *err) {
    if (f->kind == FIXTURE_LMDB) {
        if (wf_store_open_lmdb(f->loop, &f->options, &f->store, err) != 0)
            return -1;
    } else {
        struct store_memory_options options = {f->seed++, 2};
        f->store = store_memory_open(f->loop, f->disk, &options);
    }
    wf_store_watch(f->store, on_state, f);
    return 0;
}

void fixture_close(struct fixture *f) {
    wf_store_close(f->store);
    f->store = NULL;
}

void fixture_up(struct fixture *f, enum fixture_kind kind,
                const struct wf_store_options *options) {
    const char *tmp = getenv("TMPDIR");
    struct wf_error err;

    *f = (struct fixture){.kind = kind, .seed = 1};
    if (options)
        f->options = *options;
    snprintf(f->directory, sizeof(f->directory), "%s/store-XXXXXX",
             tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->directory));
    f->options.directory = f->directory;
    f->loop = ev_loop_new(0);
    f->disk = store_memory_disk_new();
    if (fixture_open(f, &err) != 0)
        fail_msg("%s", err.message);
}

void fixture_down(struct fixture *f) {
    fixture_close(f);
    store_memory_disk_free(f->disk);
    ev_loop_destroy(f->loop);
    remove_directory(f->directory);
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop, (void)events;
    *(bool *)timer->data = true;
}

void fixture_until(struct fixture *f, const unsigned *counter,
                   unsigned target) {
    bool late = false;
    ev_timer deadline;

    ev_timer_init(&deadline, on_deadline, 30, 0);
    deadline.data = &late;
    ev_now_update(f->loop);
    ev_timer_start(f->loop, &deadline);
    while (*counter < target && !late)
        ev_run(f->loop, EVRUN_ONCE);
    ev_timer_stop(f->loop, &deadline);
    if (late)
        fail_msg("deadline: %u of %u", *counter, target);
}

void fixture_settle(struct fixture *f) {
    ev_run(f->loop, 0);
}

struct wf_str fixture_key(char table, const char *format, ...) {
    static char keys[8][128];
    static unsigned next;
    char *key = keys[next++ % 8];
    va_list args;

    key[0] = 0;
    key[1] = 1;
    key[2] = table;
    va_start(args, format);
    int len = vsnprintf(key + 3, sizeof(keys[0]) - 3, format, args);
    va_end(args);
    return (struct wf_str){key, 3 + (size_t)len};
}

void fixture_done(void *arg, const struct wf_error *err) {
    struct fixture *f = arg;
    f->durable++;
    if (err) {
        assert_int_equal(err->code, WF_E_CONFLICT);
        f->conflicts++;
    }
}

void fixture_put(struct fixture *f, struct wf_str key, struct wf_str value) {
    struct wf_batch *batch = wf_batch_new(1);
    wf_batch_put(batch, key, value);
    wf_store_apply(f->store, batch, fixture_done, f);
}

void fixture_rows_free(struct fixture_rows *rows) {
    wf_buf_free(&rows->keys);
    wf_buf_free(&rows->values);
    wf_buf_free(&rows->last);
    *rows = (struct fixture_rows){0};
}

void fixture_on_rows(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct fixture_rows *got = arg;
    got->answers++;
    got->count = count;
    got->more = more;
    got->failed = err != NULL;
    for (size_t i = 0; i < count; i++) {
        struct wf_str key = rows[i].key;
        if (i > 0) {
            wf_buf_u8(&got->keys, ' ');
            wf_buf_u8(&got->values, ' ');
        }
        wf_buf_add(&got->keys, key.data + 2, key.len - 2);
        wf_buf_addstr(&got->values, rows[i].value);
    }
    if (count > 0)
        wf_buf_addstr(&got->last, rows[count - 1].key);
    wf_buf_reserve(&got->keys, 1);
    wf_buf_reserve(&got->values, 1);
    got->keys.data[got->keys.len] = '\0';
    got->values.data[got->values.len] = '\0';
}

void fixture_get(struct fixture *f, struct wf_str key,
                 struct fixture_rows *rows) {
    fixture_rows_free(rows);
    wf_store_get(f->store, key, fixture_on_rows, rows);
    assert_int_equal(rows->answers, 0); /* never from inside the call */
    fixture_until(f, &rows->answers, 1);
}

void fixture_scan(struct fixture *f, const struct wf_range *range,
                  struct fixture_rows *rows) {
    fixture_rows_free(rows);
    wf_store_scan(f->store, range, fixture_on_rows, rows);
    assert_int_equal(rows->answers, 0);
    fixture_until(f, &rows->answers, 1);
}

const char *fixture_value(struct fixture *f, struct wf_str key,
                          struct fixture_rows *rows) {
    fixture_get(f, key, rows);
    assert_false(rows->failed);
    return rows->count ? rows->values.data : NULL;
}
