/*
 * lua_fs.c - module "fs.core": file operations of a task.
 *
 * call(operation, path, options) performs one on a helper thread and returns
 * its result; or nil, the kind of failure, its cause. Only what asks the file
 * system one short question is done on the loop itself. lua/lib/fs.lua checks
 * and documents.
 */
#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "lua_stdlib.h"
#include "offload.h"

struct call;

struct operation {
    const char *name;
    int (*run)(struct call *call); /* 0, or an errno value */
    int (*push)(lua_State *L, struct call *call);
    enum { ON_LOOP, ON_THREAD, LONG } where;
};

struct call {
    struct wf_job job; /* first: the job is the call */
    const struct operation *operation;
    struct wf_task *task;
    bool working;  /* with the helper threads */
    bool orphaned; /* the task is over */
    /* what is asked */
    char *path, *to, *text; /* text: algorithm, prefix */
    struct wf_buf data;
    struct wf_file_mode mode;
    bool follow;
    size_t max_bytes;
    /* what is answered */
    int error;
    struct wf_error err;
    struct wf_buf result;
    struct wf_file_info info;
    struct wf_file_list list;
};

static void call_free(void *arg) {
    struct call *call = arg;

    free(call->path);
    free(call->to);
    free(call->text);
    wf_buf_free(&call->data);
    wf_buf_free(&call->result);
    wf_file_list_free(&call->list);
    free(call);
}

/* ---- the operations ---- */

static int fail(struct call *call, const char *verb) {
    return wf_file_fail(&call->err, errno, verb, call->path);
}

static int run_read(struct call *call) {
    return wf_file_read(call->path, call->max_bytes, &call->result,
                        &call->err);
}

static struct wf_str data_of(struct call *call) {
    return (struct wf_str){call->data.data, call->data.len};
}

static int run_write(struct call *call) {
    return wf_file_write(call->path, data_of(call), call->mode, &call->err);
}

static int run_append(struct call *call) {
    return wf_file_append(call->path, data_of(call), call->mode,
                          &call->err);
}

static int run_stat(struct call *call) {
    return wf_file_stat(call->path, call->follow, &call->info, &call->err);
}

static int run_list(struct call *call) {
    return wf_file_list(call->path, &call->list, &call->err);
}

static int run_mkdir_p(struct call *call) {
    return wf_file_mkdir_p(call->path, (unsigned)call->mode.mode,
                           &call->err);
}

static int run_remove(struct call *call) {
    return wf_file_remove(call->path, &call->err);
}

static int run_remove_tree(struct call *call) {
    return wf_file_remove_tree(call->path, &call->job.cancelled, &call->err);
}

static int run_copy(struct call *call) {
    return wf_file_copy(call->path, call->to, call->mode.sync,
                        &call->job.cancelled, &call->err);
}

static int run_rename(struct call *call) {
    int error = wf_file_rename(call->path, call->to, &call->err);

    return error || !call->mode.sync
               ? error
               : wf_file_sync_parent(call->to, &call->err);
}

static int run_hash(struct call *call) {
    char hex[129];
    int error = wf_file_hash(call->path, call->text, hex,
                             &call->job.cancelled, &call->err);
    if (!error)
        wf_buf_adds(&call->result, hex);
    return error;
}

static int run_temp_dir(struct call *call) {
    return wf_file_temp_dir(*call->path ? call->path : NULL, call->text,
                            &call->result, &call->err);
}

static int run_chmod(struct call *call) {
    return chmod(call->path, (mode_t)call->mode.mode) == 0
               ? 0
               : fail(call, "chmod");
}

static int run_link(struct call *call) {
    return link(call->to, call->path) == 0 ? 0 : fail(call, "link");
}

static int run_symlink(struct call *call) {
    return symlink(call->to, call->path) == 0 ? 0 : fail(call, "symlink");
}

static int run_readlink(struct call *call) {
    char target[PATH_MAX];
    ssize_t len = readlink(call->path, target, sizeof(target));

    if (len < 0)
        return fail(call, "readlink");
    wf_buf_add(&call->result, target, (size_t)len);
    return 0;
}

/* ---- results ---- */

static int push_true(lua_State *L, struct call *call) {
    (void)call;
    lua_pushboolean(L, 1);
    return 1;
}

static int push_text(lua_State *L, struct call *call) {
    lua_pushlstring(L, call->result.data ? call->result.data : "",
                    call->result.len);
    return 1;
}

static void push_info(lua_State *L, const struct wf_file_info *info) {
    lua_createtable(L, 0, 8);
    wf_lua_set_text(L, "type", wf_str(info->type));
    wf_lua_set_number(L, "size", (double)info->size);
    wf_lua_set_number(L, "mtime", (double)info->mtime_ms);
    wf_lua_set_number(L, "mode", info->mode);
    wf_lua_set_number(L, "uid", info->uid);
    wf_lua_set_number(L, "gid", info->gid);
    wf_lua_set_number(L, "inode", (double)info->inode);
    wf_lua_set_number(L, "links", (double)info->links);
}

static int push_stat(lua_State *L, struct call *call) {
    push_info(L, &call->info);
    return 1;
}

static int push_entries(lua_State *L, struct call *call) {
    lua_createtable(L, (int)call->list.count, 0);
    for (size_t i = 0; i < call->list.count; i++) {
        push_info(L, &call->list.entries[i].info);
        wf_lua_set_text(L, "name", wf_str(call->list.entries[i].name));
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

static const struct operation operations[] = {
    {"read", run_read, push_text, ON_THREAD},
    {"write", run_write, push_true, ON_THREAD},
    {"append", run_append, push_true, ON_THREAD},
    {"stat", run_stat, push_stat, ON_LOOP},
    {"list", run_list, push_entries, ON_THREAD},
    {"mkdir_p", run_mkdir_p, push_true, ON_LOOP},
    {"remove", run_remove, push_true, ON_THREAD},
    {"remove_tree", run_remove_tree, push_true, LONG},
    {"copy", run_copy, push_true, LONG},
    {"rename", run_rename, push_true, ON_THREAD},
    {"hash", run_hash, push_text, LONG},
    {"temp_dir", run_temp_dir, push_text, ON_LOOP},
    {"chmod", run_chmod, push_true, ON_LOOP},
    {"link", run_link, push_true, ON_LOOP},
    {"symlink", run_symlink, push_true, ON_LOOP},
    {"readlink", run_readlink, push_text, ON_LOOP},
    {NULL, NULL, NULL, ON_LOOP},
};

/* ---- failures ---- */

static const struct kind {
    int error;
    const char *name;
} kinds[] = {
    {ENOENT, "NotFound"},        {EACCES, "PermissionDenied"},
    {EPERM, "PermissionDenied"}, {EROFS, "PermissionDenied"},
    {EEXIST, "Exists"},          {ENOTEMPTY, "NotEmpty"},
    {ENOTDIR, "NotADirectory"},  {EISDIR, "IsADirectory"},
    {ENOSPC, "NoSpace"},         {EDQUOT, "NoSpace"},
    {EFBIG, "TooLarge"},
};

static const char *kind_of(int error) {
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].error == error)
            return kinds[i].name;
    return "Failed";
}

/* ---- calling ---- */

static int call_push(lua_State *L, void *arg) {
    struct call *call = arg;
    int count = 3;

    wf_lua_guard(L, call, call_free);
    int guard = lua_gettop(L);
    if (call->error) {
        lua_pushnil(L);
        lua_pushstring(L, kind_of(call->error));
        lua_pushstring(L, call->err.message);
    } else {
        count = call->operation->push(L, call);
    }
    wf_lua_release(L, guard);
    return count;
}

static void call_work(struct wf_job *job) {
    struct call *call = (struct call *)job;

    call->error = call->operation->run(call);
}

static void call_done(struct wf_job *job) {
    struct call *call = (struct call *)job;

    call->working = false;
    if (call->orphaned)
        call_free(call);
    else
        wf_task_resume(call->task, call_push, call);
}

static void call_cancel(void *arg) {
    struct call *call = arg;

    if (!call->working) { /* done, but the task has not been told yet */
        call_free(call);
        return;
    }
    call->orphaned = true; /* freed when the job is done */
    wf_job_cancel(&call->job);
}

static const struct operation *find(lua_State *L, const char *name) {
    const struct operation *operation = operations;

    while (operation->name && strcmp(operation->name, name) != 0)
        operation++;
    if (!operation->name)
        luaL_error(L, "fs.core: no operation %s", name);
    return operation;
}

static struct call *call_new(lua_State *L, const struct operation *operation) {
    struct call *call = wf_calloc(1, sizeof(*call));
    const char *path = lua_tostring(L, 2);

    call->operation = operation;
    call->path = wf_strndup(path, strlen(path));
    call->to = wf_lua_copy(L, 3, "to");
    call->text = wf_lua_copy(L, 3, "text");
    wf_buf_addstr(&call->data, wf_lua_text(L, 3, "data"));
    call->mode.mode = (int)wf_lua_number(L, 3, "mode", -1);
    call->mode.sync = wf_lua_flag(L, 3, "sync");
    call->follow = wf_lua_flag(L, 3, "follow");
    call->max_bytes = (size_t)wf_lua_number(L, 3, "max_bytes", 0);
    call->job.is_long = operation->where == LONG;
    call->job.work = call_work;
    call->job.done = call_done;
    atomic_init(&call->job.cancelled, false);
    return call;
}

/* call(operation, path, options): result; or nil, kind, cause */
static int l_call(lua_State *L) {
    const struct operation *operation = find(L, luaL_checkstring(L, 1));

    luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    struct wf_offload *offload =
        operation->where == ON_LOOP ? NULL : wf_lua_offload(L);
    struct wf_task *task = offload ? wf_task_current(L) : NULL;
    struct call *call = call_new(L, operation);
    if (!offload) {
        call->error = operation->run(call);
        return call_push(L, call);
    }
    call->task = task;
    call->working = true;
    wf_offload_submit(offload, &call->job);
    return wf_task_yield(L, call_cancel, call);
}

int luaopen_wf_fs(lua_State *L) {
    lua_newtable(L);
    wf_task_pushfunction(L, l_call);
    lua_setfield(L, -2, "call");
    return 1;
}
