/*
 * lua_task.c - module "task.core": sleeping, clocks, environment and log of
 * the running task. Its documentation is in lua/lib/.
 */
#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "lua_stdlib.h"

struct nap {
    struct wf_task *task;
    struct ev_loop *loop;
    ev_timer timer;
};

static int nap_push(lua_State *L, void *arg) {
    (void)L;
    free(arg);
    return 0;
}

static void nap_cancel(void *arg) {
    struct nap *nap = arg;

    ev_timer_stop(nap->loop, &nap->timer);
    free(nap);
}

static void on_nap_over(struct ev_loop *loop, ev_timer *timer, int events) {
    struct nap *nap = timer->data;

    (void)events;
    ev_timer_stop(loop, timer);
    wf_task_resume(nap->task, nap_push, nap);
}

/* sleep(seconds) */
static int l_sleep(lua_State *L) {
    double seconds = luaL_checknumber(L, 1);
    struct wf_task *task = wf_task_current(L);

    if (!(seconds >= 0 && seconds <= 1e9))
        return luaL_argerror(L, 1, "seconds out of range");
    if (wf_task_skip_ms(task, (int64_t)ceil(seconds * 1000)))
        return 0;
    struct nap *nap = wf_calloc(1, sizeof(*nap));
    nap->task = task;
    nap->loop = wf_task_loop(L);
    ev_now_update(nap->loop); /* the handler may have computed for long */
    ev_timer_init(&nap->timer, on_nap_over, seconds, 0);
    nap->timer.data = nap;
    ev_timer_start(nap->loop, &nap->timer);
    return wf_task_yield(L, nap_cancel, nap);
}

/* now_ms() */
static int l_now_ms(lua_State *L) {
    lua_pushnumber(L, (lua_Number)wf_task_now_ms(wf_task_running(L)));
    return 1;
}

/* monotonic(): seconds */
static int l_monotonic(lua_State *L) {
    lua_pushnumber(L, (lua_Number)wf_clock_mono_ns() / 1e9);
    return 1;
}

/* log(text) */
static int l_log(lua_State *L) {
    struct wf_str text;

    text.data = luaL_checklstring(L, 1, &text.len);
    wf_task_log(wf_task_current(L), WF_STREAM_LOG, text);
    return 0;
}

/* getenv(name): text or nil */
static int l_getenv(lua_State *L) {
    lua_pushstring(L, getenv(luaL_checkstring(L, 1)));
    return 1;
}

/* environment(): a table by name */
static int l_environment(lua_State *L) {
    lua_newtable(L);
    for (char **at = environ; at && *at; at++) {
        const char *equals = strchr(*at, '=');
        if (!equals)
            continue;
        lua_pushlstring(L, *at, (size_t)(equals - *at));
        lua_pushstring(L, equals + 1);
        lua_rawset(L, -3);
    }
    return 1;
}

int luaopen_wf_task(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"now_ms", l_now_ms},
        {"monotonic", l_monotonic},
        {"log", l_log},
        {"getenv", l_getenv},
        {"environment", l_environment},
        {NULL, NULL},
    };

    lua_newtable(L);
    luaL_register(L, NULL, functions);
    wf_task_pushfunction(L, l_sleep);
    lua_setfield(L, -2, "sleep");
    return 1;
}
