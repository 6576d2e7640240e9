/* engine_fixture.c - see engine_fixture.h. Requests: engine_requests.c. */
#include "engine_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "keys.h"

#define PATIENCE_NS UINT64_C(60000000000)

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libluajit\n";
}

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

struct rig_kind rig_lmdb = {false, false}, rig_memory = {true, false},
                rig_lmdb_real = {false, true}, rig_memory_real = {true, true};

/* ---- what the engine tells ---- */

static void on_event(void *arg, struct wf_str arn,
                     const struct wf_history_event *event) {
    struct rig *rig = arg;
    const char *name = memrchr(arn.data, ':', arn.len);
    assert_non_null(name);
    wf_buf_addf(&rig->events, "%.*s %s %.*s\n",
                (int)(arn.data + arn.len - name - 1), name + 1,
                wf_event_type_name(event->event.type),
                (int)event->state_name.len,
                event->state_name.data ? event->state_name.data : "");
}

static void on_log(void *arg, struct wf_str arn, struct wf_str state,
                   uint64_t entered, const char *stream, struct wf_str line) {
    struct rig *rig = arg;
    (void)arn;
    (void)entered;
    wf_buf_addf(&rig->logs, "%.*s %s %.*s\n", (int)state.len, state.data,
                stream, (int)line.len, line.data);
}

static void on_notice(void *arg, const char *text) {
    struct rig *rig = arg;
    wf_buf_addf(&rig->notices, "%s\n", text);
}

static const struct wf_engine_events rig_events = {
    .event = on_event,
    .log = on_log,
    .notice = on_notice,
};

/* ---- life ---- */

struct rig *rig_new(bool in_memory, bool is_real) {
    struct rig *rig = wf_calloc(1, sizeof(*rig));
    const char *tmp = getenv("TMPDIR");

    rig->in_memory = in_memory;
    rig->is_real = is_real;
    rig->seed = 1;
    rig->delay_ms = 1;
    rig->options.workers = 1;
    rig->options.idle_ms = 50;
    snprintf(rig->directory, sizeof(rig->directory), "%s/engine-XXXXXX",
             tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    assert_non_null(mkdtemp(rig->directory));
    snprintf(rig->data, sizeof(rig->data), "%s/data", rig->directory);
    snprintf(rig->handlers, sizeof(rig->handlers), "%s/handlers",
             rig->directory);
    rig->loop = ev_loop_new(EVFLAG_AUTO);
    rig->disk = store_memory_disk_new();
    if (is_real)
        wf_clock_init_real(&rig->clock);
    else
        wf_clock_init_virtual(&rig->clock, 0);
    wf_clock_seed(&rig->clock, 7);
    return rig;
}

void rig_free(struct rig *rig) {
    while (rig->replies) {
        struct rig_reply *reply = rig->replies;
        rig->replies = reply->next;
        free(reply->message);
        free(reply->arn);
        free(reply->name);
        free(reply->input);
        free(reply->output);
        free(reply->error);
        free(reply->cause);
        free(reply->pause_reason);
        free(reply->forked_from);
        free(reply->token);
        free(reply->text);
        free(reply);
    }
    store_memory_disk_free(rig->disk);
    ev_loop_destroy(rig->loop);
    wf_buf_free(&rig->notices);
    wf_buf_free(&rig->logs);
    wf_buf_free(&rig->events);
    remove_directory(rig->data);
    remove_directory(rig->handlers);
    remove_directory(rig->directory);
    free(rig);
}

static struct wf_store *open_behind(struct rig *rig) {
    struct wf_store_options options = {.directory = rig->data,
                                       .map_bytes = UINT64_C(1) << 30,
                                       .ballast_bytes = 4096,
                                       .no_sync = true};
    struct store_memory_options memory = {rig->seed++, rig->delay_ms};
    struct wf_store *store;
    struct wf_error err;
    if (rig->in_memory)
        return store_memory_open(rig->loop, rig->disk, &memory);
    if (wf_store_open_lmdb(rig->loop, &options, &store, &err) != 0)
        fail_msg("%s", err.message);
    return store;
}

void rig_open(struct rig *rig) {
    struct wf_error err;
    struct wf_engine_events events = rig_events;
    if (rig->is_unobserved)
        events.event = NULL;
    rig->behind = open_behind(rig);
    rig->store = store_gate_new(rig->behind);
    rig->handler_list[0] = rig->handlers;
    if (access(rig->handlers, R_OK) == 0)
        rig->options.handlers = rig->handler_list;
    if (wf_engine_open(rig->loop, &rig->clock, rig->store, &rig->options,
                       &events, rig, &rig->engine, &err) != 0)
        fail_msg("%s", err.message);
}

static void close_engine(struct rig *rig) {
    wf_engine_close(rig->engine);
    rig->engine = NULL;
}

void rig_close(struct rig *rig) {
    rig_flush(rig);
    close_engine(rig);
    wf_store_close(rig->store);
    rig->store = NULL;
}

void rig_crash(struct rig *rig) {
    close_engine(rig);
    rig->behind = store_gate_crash(rig->store);
    if (rig->in_memory)
        store_memory_crash(rig->behind);
    else
        wf_store_close(rig->behind);
    rig->store = NULL;
}

void rig_reopen(struct rig *rig) {
    rig_close(rig);
    rig_open(rig);
}

void rig_wipe(struct rig *rig) {
    store_memory_disk_free(rig->disk);
    rig->disk = store_memory_disk_new();
    remove_directory(rig->data);
}

int rig_setup(void **state) {
    const struct rig_kind *kind = *state;
    *state = rig_new(kind->in_memory, kind->is_real);
    return 0;
}

int rig_teardown(void **state) {
    struct rig *rig = *state;
    if (rig->engine)
        close_engine(rig);
    if (rig->store)
        wf_store_close(rig->store);
    rig_free(rig);
    return 0;
}

void rig_handler(struct rig *rig, const char *file, const char *text) {
    char path[160], temporary[176];
    mkdir(rig->handlers, 0700);
    snprintf(path, sizeof(path), "%s/%s", rig->handlers, file);
    snprintf(temporary, sizeof(temporary), "%s/.%s.tmp", rig->handlers,
             file);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    assert_int_equal(rename(temporary, path), 0);
}

/* ---- turning the loop ---- */

static void on_pulse(struct ev_loop *loop, struct ev_timer *timer, int e) {
    (void)loop;
    (void)e;
    (*(unsigned *)timer->data)++;
}

void rig_turn(struct rig *rig) {
    struct ev_timer pulse;
    ev_timer_init(&pulse, on_pulse, 0.002, 0);
    pulse.data = &rig->pulses;
    ev_now_update(rig->loop);
    ev_timer_start(rig->loop, &pulse);
    ev_run(rig->loop, EVRUN_ONCE);
    ev_timer_stop(rig->loop, &pulse);
}

void rig_turns(struct rig *rig, unsigned count) {
    while (count-- > 0)
        rig_turn(rig);
}

void rig_until_true(struct rig *rig, bool (*holds)(struct rig *, void *),
                    void *arg) {
    uint64_t begin = wf_clock_mono_ns();
    while (!holds(rig, arg)) {
        rig_turn(rig);
        if (wf_clock_mono_ns() - begin > PATIENCE_NS)
            fail_msg("nothing came of it in 60 s; notices: %.*s",
                     (int)rig->notices.len, rig->notices.data);
    }
}

struct flag {
    const bool *set;
};

static bool is_set(struct rig *rig, void *arg) {
    (void)rig;
    return *((struct flag *)arg)->set;
}

void rig_until(struct rig *rig, const bool *flag) {
    struct flag awaited = {flag};
    rig_until_true(rig, is_set, &awaited);
}

static void set_flag(void *arg) {
    *(bool *)arg = true;
}

void rig_flush(struct rig *rig) {
    bool done = false;
    wf_engine_flush(rig->engine, set_flag, &done);
    rig_until(rig, &done);
}

void rig_jump(struct rig *rig, int64_t ms) {
    wf_clock_floor(&rig->clock, wf_clock_now_ms(&rig->clock) + ms);
}

struct wf_engine_stats rig_stats(struct rig *rig) {
    struct wf_engine_stats stats;
    wf_engine_stats(rig->engine, &stats);
    return stats;
}

static bool has_part(struct rig *rig, void *arg) {
    const char **what = arg; /* ARN, part of its story */
    return strstr(rig_story(rig, what[0]), what[1]) != NULL;
}

void rig_until_event(struct rig *rig, const char *arn, const char *part) {
    const char *what[] = {arn, part};
    rig_until_true(rig, has_part, what);
}

static bool is_parked(struct rig *rig, void *arg) {
    (void)arg;
    return rig_stats(rig).active_executions == 0;
}

void rig_until_parked(struct rig *rig) {
    rig_until_true(rig, is_parked, NULL);
}

struct row_count {
    size_t count, key_len;
};

static void count_rows(void *arg, const struct wf_row *rows, size_t count,
                       bool more, const struct wf_error *err) {
    struct row_count *counted = arg;
    assert_null(err);
    assert_false(more);
    for (size_t i = 0; i < count; i++)
        counted->count += counted->key_len == 0 ||
                          rows[i].key.len == counted->key_len + 3;
}

size_t rig_rows(struct rig *rig, char table, size_t key_len) {
    struct wf_key from = wf_key_table(0, table);
    struct wf_key to = wf_key_table_end(0, table);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .keys_only = true,
                             .max_rows = 1000000,
                             .max_bytes = SIZE_MAX};
    struct row_count counted = {0, key_len};
    struct wf_error err;
    assert_int_equal(wf_store_scan_now(rig->store, &range, count_rows,
                                       &counted, &err), 0);
    return counted.count;
}

/* ---- texts ---- */

void rig_assert_has(const char *text, const char *part) {
    if (!text || !strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text ? text : "(nothing)");
}

unsigned rig_count(const char *text, const char *part) {
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        count++;
    return count;
}
