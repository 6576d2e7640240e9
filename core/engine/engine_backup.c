/* engine_backup.c - StartBackup, DescribeBackup: the latest backup of an
 * engine. See backup.h. */
#include <stdlib.h>

#include "backup.h"
#include "engine_impl.h"
#include "refusal.h"

struct wf_engine_backup {
    struct wf_backup *backup;
    char *directory;
    int64_t start_ms, stop_ms;
};

static void finishing(void *arg, struct wf_batch *last) {
    wf_survivors_mark_copy(arg, last);
}

static void over(void *arg) {
    struct wf_engine *engine = arg;
    struct wf_engine_backup *own = engine->backup;
    struct wf_backup_status status;
    wf_backup_status(own->backup, &status);
    own->stop_ms = wf_clock_now_ms(engine->clock);
    if (status.err.code != WF_OK)
        wf_engine_notice(engine, WF_WARNING "the backup to %s failed: %s",
                         own->directory, status.err.message);
}

void wf_engine_backup_free(struct wf_engine *engine) {
    if (!engine->backup)
        return;
    wf_backup_free(engine->backup->backup);
    free(engine->backup->directory);
    free(engine->backup);
    engine->backup = NULL;
}

static const char *begin(struct wf_engine *engine, const char *directory,
                         struct wf_error *err) {
    static const struct wf_backup_events events = {finishing, over};
    struct wf_backup *backup;
    if (directory[0] != '/') {
        wf_error_set(err, WF_E_INVALID, "%s: an absolute path is needed",
                     directory);
        return "ValidationException";
    }
    if (wf_backup_new(engine->loop, engine->store, engine->partition,
                      directory, &events, engine, &backup, err) != 0)
        return err->code == WF_E_BUSY ? "ConflictException"
                                      : "ValidationException";
    wf_engine_backup_free(engine);
    engine->backup = wf_calloc(1, sizeof(*engine->backup));
    *engine->backup = (struct wf_engine_backup){
        .backup = backup,
        .directory = wf_strndup(directory, strlen(directory)),
        .start_ms = wf_clock_now_ms(engine->clock),
    };
    return NULL;
}

void wf_engine_start_backup(struct wf_engine *engine, struct wf_str directory,
                            wf_done_fn *reply, void *arg) {
    char *path = wf_strndup(directory.data, directory.len);
    struct wf_error err;
    const char *exception =
        memchr(directory.data, 0, directory.len)
            ? (wf_error_set(&err, WF_E_INVALID, "A path without zeros is "
                                                "needed"),
               "ValidationException")
            : begin(engine, path, &err);
    struct wf_refusal refusal = {.exception = exception};
    if (exception)
        refusal.message = wf_str(err.message);
    free(path);
    reply(arg, exception ? &refusal : NULL);
}

void wf_engine_describe_backup(struct wf_engine *engine,
                               wf_backup_fn *reply, void *arg) {
    static const struct wf_refusal none = {
        .exception = "ResourceNotFound",
        .message = {"No backup was started since the engine was",
                    sizeof("No backup was started since the engine was") - 1},
    };
    struct wf_engine_backup *own = engine->backup;
    struct wf_backup_status status;
    if (!own) {
        reply(arg, &none, NULL);
        return;
    }
    wf_backup_status(own->backup, &status);
    struct wf_backup_reply answer = {
        .directory = wf_str(own->directory),
        .status = !status.is_over              ? "RUNNING"
                  : status.err.code == WF_OK ? "SUCCEEDED"
                                             : "FAILED",
        .start_ms = own->start_ms,
        .stop_ms = own->stop_ms,
        .rows = status.rows,
        .bytes = status.bytes,
    };
    if (status.is_over && status.err.code != WF_OK)
        answer.error = wf_str(status.err.message);
    reply(arg, NULL, &answer);
}
