/*
 * lua_http.c - module "http.core": HTTP requests of a task.
 *
 * request(options) performs one and returns the response; or nil, the kind of
 * failure and its cause. A body for a file is flushed to disk and put in its
 * place by a helper thread. lua/lib/http.lua checks and documents.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>

#include "fetch.h"
#include "lua_stdlib.h"
#include "offload.h"

struct call {
    struct wf_job job; /* first: the job is the call */
    struct wf_task *task;
    struct wf_offload *offload;
    struct wf_fetch *fetch; /* NULL: the transfer is over */
    bool committing;      /* with the helper threads */
    bool orphaned;        /* the task is over */
    struct wf_fetch_response *response;
    struct wf_fetch_failure failure;
};

static void call_free(void *arg) {
    struct call *call = arg;

    wf_fetch_response_free(call->response);
    free(call);
}

static void call_cancel(void *arg) {
    struct call *call = arg;

    if (call->fetch)
        wf_fetch_cancel(call->fetch);
    if (call->committing) {
        call->orphaned = true; /* freed when the job is done */
        wf_job_cancel(&call->job);
    } else {
        call_free(call);
    }
}

static void push_headers(lua_State *L,
                         const struct wf_fetch_response *response) {
    lua_newtable(L);
    for (size_t i = 0; i < response->header_count; i++)
        wf_lua_set_text(L, response->headers[i].name,
                        wf_str(response->headers[i].value));
}

static void push_response(lua_State *L,
                          const struct wf_fetch_response *response) {
    struct wf_str body = {response->body.data, response->body.len};

    lua_newtable(L);
    wf_lua_set_number(L, "status", response->status);
    wf_lua_set_number(L, "seconds", response->seconds);
    wf_lua_set_number(L, "size", (double)response->size);
    wf_lua_set_flag(L, "in_file", response->to_file);
    wf_lua_set_text(L, "url", wf_str(response->url));
    wf_lua_set_text(L, "body", body);
    push_headers(L, response);
    lua_setfield(L, -2, "headers");
}

static int push_failure(lua_State *L,
                        const struct wf_fetch_failure *failure) {
    lua_pushnil(L);
    lua_pushstring(L, failure->error);
    lua_pushstring(L, failure->cause);
    return 3;
}

static int call_push(lua_State *L, void *arg) {
    struct call *call = arg;

    wf_lua_guard(L, call, call_free);
    int guard = lua_gettop(L), count = 1;
    if (call->response)
        push_response(L, call->response);
    else
        count = push_failure(L, &call->failure);
    wf_lua_release(L, guard);
    return count;
}

/* On a helper thread. */
static void commit_work(struct wf_job *job) {
    struct call *call = (struct call *)job;
    struct wf_error err;

    if (wf_file_temp_commit(&call->response->file, true, &err) != 0) {
        call->failure.error = "File";
        snprintf(call->failure.cause, sizeof(call->failure.cause), "%s",
                 err.message);
    }
}

static void commit_done(struct wf_job *job) {
    struct call *call = (struct call *)job;

    call->committing = false;
    if (call->failure.error) {
        wf_fetch_response_free(call->response);
        call->response = NULL;
    }
    if (call->orphaned)
        call_free(call);
    else
        wf_task_resume(call->task, call_push, call);
}

static void on_done(void *arg, struct wf_fetch_response *response,
                    const struct wf_fetch_failure *failure) {
    struct call *call = arg;

    call->fetch = NULL;
    call->response = response;
    if (failure)
        call->failure = *failure;
    if (!response || !response->to_file) {
        wf_task_resume(call->task, call_push, call);
        return;
    }
    call->committing = true;
    call->job.work = commit_work;
    call->job.done = commit_done;
    wf_offload_submit(call->offload, &call->job);
}

/* The list of texts in field `name` as a NULL-terminated vector that lives in
 * a userdata; NULL without the field. [-0, +1] */
static const char **push_list(lua_State *L, int options, const char *name) {
    lua_getfield(L, options, name);
    if (!lua_istable(L, -1))
        return NULL;
    size_t count = lua_objlen(L, -1);
    const char **list = lua_newuserdata(L, (count + 1) * sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -2, (int)i + 1);
        list[i] = luaL_checkstring(L, -1); /* lives in the table */
        lua_pop(L, 1);
    }
    list[count] = NULL;
    lua_remove(L, -2);
    return list;
}

static void read_request(lua_State *L, int options,
                         struct wf_fetch_request *request) {
    *request = (struct wf_fetch_request){
        .method = wf_lua_text(L, options, "method").data,
        .url = wf_lua_text(L, options, "url").data,
        .body = wf_lua_text(L, options, "body"),
        .from_file = wf_lua_text(L, options, "from_file").data,
        .to_file = wf_lua_text(L, options, "to_file").data,
        .timeout_s = wf_lua_number(L, options, "timeout", 0),
        .connect_timeout_s =
            wf_lua_number(L, options, "connect_timeout", 10),
        .idle_timeout_s = wf_lua_number(L, options, "idle_timeout", 0),
        .max_redirects =
            (unsigned)wf_lua_number(L, options, "max_redirects", 0),
        .max_bytes = (size_t)wf_lua_number(L, options, "max_bytes", 0),
        .max_file_bytes =
            (uint64_t)wf_lua_number(L, options, "max_file_bytes", 0),
        .user = wf_lua_text(L, options, "user").data,
        .password = wf_lua_text(L, options, "password").data,
        .bearer = wf_lua_text(L, options, "bearer").data,
        .ca_file = wf_lua_text(L, options, "ca_file").data,
        .ca = wf_lua_text(L, options, "ca"),
        .proxy = wf_lua_text(L, options, "proxy").data,
        .insecure = wf_lua_flag(L, options, "insecure"),
        .guard = wf_lua_flag(L, options, "guard"),
        .allow = wf_lua_text(L, options, "allow").data,
    };
}

static void *client_make(struct ev_loop *loop) {
    return wf_fetcher_new(loop);
}

static void client_release(void *arg) {
    wf_fetcher_free(arg);
}

/* request(options): response; or nil, kind, cause */
static int l_request(lua_State *L) {
    struct wf_fetch_request request;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct wf_task *task = wf_task_current(L);
    struct wf_fetcher *client =
        wf_lua_shared(L, "wf.http", client_make, client_release);
    struct wf_offload *offload = wf_lua_offload(L);
    read_request(L, 1, &request);
    request.headers = push_list(L, 1, "headers");
    luaL_argcheck(L, request.url, 1, "url expected");
    if (!client)
        return luaL_error(L, "libcurl can't be initialised");

    struct call *call = wf_calloc(1, sizeof(*call));
    call->task = task;
    call->offload = offload;
    call->fetch =
        wf_fetch_start(client, &request, on_done, call, &call->failure);
    if (!call->fetch)
        return call_push(L, call);
    return wf_task_yield(L, call_cancel, call);
}

int luaopen_wf_http(lua_State *L) {
    lua_newtable(L);
    wf_task_pushfunction(L, l_request);
    lua_setfield(L, -2, "request");
    return 1;
}
