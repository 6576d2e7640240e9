/* pool_fixture.c - see pool_fixture.h. */
#include "pool_fixture.h"

#include <lauxlib.h>
#include <lua.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "worker.h"

/* ---- the library of the test's workers ---- */

struct nap {
    struct wf_task *task;
    struct ev_loop *loop;
    ev_timer timer;
};

static int nap_push(lua_State *L, void *arg) {
    free(arg);
    lua_pushliteral(L, "slept");
    return 1;
}

static void nap_cancel(void *arg) {
    struct nap *nap = arg;

    ev_timer_stop(nap->loop, &nap->timer);
    free(nap);
}

static void on_nap(struct ev_loop *loop, ev_timer *timer, int events) {
    struct nap *nap = timer->data;

    (void)loop;
    (void)events;
    wf_task_resume(nap->task, nap_push, nap);
}

static int l_sleep(lua_State *L) {
    double ms = luaL_checknumber(L, 1);
    struct wf_task *task = wf_task_current(L);

    if (wf_task_skip_ms(task, (int64_t)ms))
        return 0;
    struct nap *nap = wf_calloc(1, sizeof(*nap));
    nap->task = task;
    nap->loop = wf_task_loop(L);
    ev_timer_init(&nap->timer, on_nap, ms / 1000, 0);
    nap->timer.data = nap;
    ev_timer_start(nap->loop, &nap->timer);
    return wf_task_yield(L, nap_cancel, nap);
}

struct job {
    struct wf_task *task;
    struct wf_proc *proc;
    int status, reason;
};

static int job_push(lua_State *L, void *arg) {
    struct job *job = arg;

    lua_pushnumber(L, job->status);
    lua_pushnumber(L, job->reason);
    free(job);
    return 2;
}

static void job_cancel(void *arg) {
    struct job *job = arg;

    wf_proc_forget(job->proc);
    free(job);
}

static void on_exit_of_child(void *arg, int status, int reason) {
    struct job *job = arg;

    job->status = status;
    job->reason = reason;
    wf_task_resume(job->task, job_push, job);
}

static int l_spawn(lua_State *L) {
    const char *argv[16] = {NULL};
    struct wf_error err;

    luaL_checktype(L, 1, LUA_TTABLE);
    for (int i = 0; i < 15; i++) {
        lua_rawgeti(L, 1, i + 1);
        argv[i] = lua_tostring(L, -1);
    }
    struct job *job = wf_calloc(1, sizeof(*job));
    struct wf_spawn spawn = {.argv = argv, .fds = {-1, 2, 2}};
    job->task = wf_task_current(L);
    job->proc = wf_task_spawn(job->task, &spawn, on_exit_of_child, job, &err);
    if (!job->proc) {
        free(job);
        return luaL_error(L, "%s", err.message);
    }
    return wf_task_yield(L, job_cancel, job);
}

static int l_now_ms(lua_State *L) {
    lua_pushnumber(L, (lua_Number)wf_task_now_ms(wf_task_current(L)));
    return 1;
}

static int l_key(lua_State *L) {
    lua_pushstring(L, wf_task_key(wf_task_current(L)));
    return 1;
}

static int open_test(lua_State *L) {
    lua_newtable(L);
    wf_task_pushfunction(L, l_sleep);
    lua_setfield(L, -2, "sleep");
    wf_task_pushfunction(L, l_spawn);
    lua_setfield(L, -2, "spawn");
    lua_pushcfunction(L, l_now_ms);
    lua_setfield(L, -2, "now_ms");
    lua_pushcfunction(L, l_key);
    lua_setfield(L, -2, "key");
    return 1;
}

int fixture_worker(int argc, char **argv) {
    static const luaL_Reg modules[] = {{"test", open_test}, {NULL, NULL}};
    static const struct wf_library library = {.c_modules = modules};

    if (argc < 2 || strcmp(argv[1], "--worker-process") != 0)
        return -1;
    return wf_worker_main(argc, argv, &library);
}

/* ---- what the pool says ---- */

static struct fixture_task *task_of(void *arg, uint64_t id) {
    assert_in_range(id, 1, FIXTURE_TASKS - 1);
    return &((struct fixture *)arg)->tasks[id];
}

static void text_set(struct wf_buf *buf, struct wf_str text) {
    buf->len = 0;
    wf_buf_addstr(buf, text);
    wf_buf_u8(buf, 0);
}

static void on_ended(void *arg, uint64_t id, enum wf_task_end how,
                     struct wf_str output, const struct wf_failure *failure) {
    struct fixture_task *task = task_of(arg, id);

    task->ends++;
    task->how = how;
    text_set(&task->output, output);
    text_set(&task->error, failure ? failure->error : WF_STR_NULL);
    text_set(&task->cause, failure ? failure->cause : WF_STR_NULL);
    ((struct fixture *)arg)->ended++;
}

static void on_started(void *arg, uint64_t id) {
    task_of(arg, id)->started++;
}

static void on_heartbeat(void *arg, uint64_t id) {
    task_of(arg, id)->heartbeats++;
}

static void on_log(void *arg, uint64_t id, const char *stream,
                   struct wf_str line) {
    struct fixture_task *task = task_of(arg, id);

    task->log_lines++;
    if (task->log.len > 0)
        task->log.len--;
    wf_buf_addf(&task->log, "%s: %.*s\n", stream, (int)line.len, line.data);
    wf_buf_u8(&task->log, 0);
}

static void on_checkpoint(void *arg, uint64_t id, struct wf_str cursor) {
    struct fixture *fixture = arg;
    struct fixture_task *task = task_of(arg, id);

    text_set(&task->checkpoint, cursor);
    task->checkpoints++;
    if (!fixture->hold_checkpoints)
        wf_pool_checkpoint_stored(fixture->pool, id);
}

static void on_child_started(void *arg, uint64_t id, struct wf_child child) {
    struct fixture *fixture = arg;
    struct fixture_task *task = task_of(arg, id);

    task->child = child;
    task->children_started++;
    if (!fixture->hold_children)
        wf_pool_child_recorded(fixture->pool, id, child);
}

static void on_child_ended(void *arg, uint64_t id, struct wf_child child) {
    struct fixture_task *task = task_of(arg, id);

    (void)child;
    task->children_ended++;
}

static struct fixture_bundle *bundle_of(struct fixture *fixture,
                                        struct wf_str name) {
    for (size_t i = 0; i < fixture->bundle_count; i++)
        if (wf_str_eq(wf_str(fixture->bundles[i].name), name))
            return &fixture->bundles[i];
    return NULL;
}

static void on_bundle_wanted(void *arg, struct wf_str name) {
    struct fixture *fixture = arg;
    struct fixture_bundle *bundle = bundle_of(fixture, name);

    if (bundle)
        bundle->wanted++;
    wf_pool_bundle_files(fixture->pool, name, bundle ? bundle->files : NULL,
                         bundle ? bundle->count : 0);
}

static void on_notice(void *arg, const char *text) {
    struct fixture *fixture = arg;

    snprintf(fixture->notice, sizeof(fixture->notice), "%s", text);
}

/* ---- the fixture ---- */

struct fixture *fixture_new(const struct wf_pool_options *options) {
    static const struct wf_pool_events events = {
        .ended = on_ended,
        .started = on_started,
        .heartbeat = on_heartbeat,
        .log = on_log,
        .checkpoint = on_checkpoint,
        .child_started = on_child_started,
        .child_ended = on_child_ended,
        .bundle_wanted = on_bundle_wanted,
        .notice = on_notice,
    };
    struct fixture *fixture = wf_calloc(1, sizeof(*fixture));

    fixture->loop = ev_loop_new(EVFLAG_AUTO);
    if (options)
        fixture->options = *options;
    if (!fixture->options.workers)
        fixture->options.workers = 1;
    fixture->pool =
        wf_pool_new(fixture->loop, &fixture->options, &events, fixture);
    return fixture;
}

void fixture_free(struct fixture *fixture) {
    wf_pool_free(fixture->pool);
    for (size_t i = 0; i < FIXTURE_TASKS; i++) {
        struct fixture_task *task = &fixture->tasks[i];
        wf_buf_free(&task->output);
        wf_buf_free(&task->error);
        wf_buf_free(&task->cause);
        wf_buf_free(&task->checkpoint);
        wf_buf_free(&task->log);
    }
    ev_loop_destroy(fixture->loop);
    free(fixture);
}

void fixture_file(struct fixture *fixture, const char *bundle,
                  const char *path, const char *text) {
    struct fixture_bundle *found = bundle_of(fixture, wf_str(bundle));

    if (!found) {
        found = &fixture->bundles[fixture->bundle_count++];
        found->name = bundle;
    }
    found->files[found->count++] =
        (struct wf_bundle_file){wf_str(path), wf_str(text)};
}

void fixture_bundle(struct fixture *fixture, const char *name,
                    const char *text) {
    fixture_file(fixture, name, "t.lua", text);
}

void fixture_send_to(struct fixture *fixture, const char *bundle, uint64_t id,
                     const char *function, const char *input,
                     int64_t timeout_ms) {
    char context[512];
    struct wf_pool_task task = {
        .id = id,
        .bundle = wf_str(bundle),
        .function = wf_str(function),
        .input = wf_str(input),
        .timeout_ms = timeout_ms,
    };

    snprintf(context, sizeof(context),
             "{\"token\":\"token-%llu\",\"attempt\":1,\"restarted\":0,"
             "\"deadline_ms\":0,\"execution\":\"arn:x\",\"execution_name\":"
             "\"x\",\"state\":\"S\",\"idempotency_key\":\"%d/%llu\"}",
             (unsigned long long)id, (int)getpid(), (unsigned long long)id);
    task.context = wf_str(context);
    wf_pool_dispatch(fixture->pool, &task);
}

void fixture_send(struct fixture *fixture, uint64_t id, const char *function,
                  const char *input) {
    fixture_send_to(fixture, "b", id, function, input, 0);
}

static void on_done(void *arg, uint64_t id) {
    task_of(arg, id)->done++;
}

void fixture_cancel(struct fixture *fixture, uint64_t id) {
    wf_pool_cancel(fixture->pool, id, on_done, fixture);
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)timer;
    (void)events;
}

/* One turn of the loop, of 10 ms at most. */
static void turn(struct fixture *fixture, uint64_t start) {
    ev_timer tick;

    if (wf_clock_mono_ns() - start > UINT64_C(20000000000))
        fail_msg("waited for 20 s in vain; notice: %s", fixture->notice);
    ev_timer_init(&tick, on_tick, 0.01, 0);
    ev_timer_start(fixture->loop, &tick);
    ev_run(fixture->loop, EVRUN_ONCE);
    ev_timer_stop(fixture->loop, &tick);
}

void fixture_until(struct fixture *fixture, const int *value, int wanted) {
    for (uint64_t start = wf_clock_mono_ns(); *value < wanted;)
        turn(fixture, start);
}

void fixture_until_size(struct fixture *fixture, const size_t *value,
                        size_t wanted) {
    for (uint64_t start = wf_clock_mono_ns(); *value < wanted;)
        turn(fixture, start);
}

struct fixture_task *fixture_end(struct fixture *fixture, uint64_t id) {
    struct fixture_task *task = task_of(fixture, id);

    fixture_until(fixture, &task->ends, 1);
    return task;
}

struct fixture_task *fixture_run(struct fixture *fixture, uint64_t id,
                                 const char *function, const char *input) {
    fixture_send(fixture, id, function, input);
    return fixture_end(fixture, id);
}

/* Gone, or a zombie that nobody has awaited. */
static bool is_gone(int32_t pid) {
    char path[64], text[512];

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return true;
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    char *at = strrchr(text, ')');
    return !at || at[2] == 'Z' || at[2] == 'X';
}

void fixture_until_gone(struct fixture *fixture, int32_t pid) {
    for (uint64_t start = wf_clock_mono_ns(); !is_gone(pid);)
        turn(fixture, start);
}
