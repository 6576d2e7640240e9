/* api_backup.c - Moonstep.StartBackup and DescribeBackup. See api_call.h. */
#include "api_call.h"
#include "json_write.h"

static void started(void *arg, const struct wf_refusal *refusal) {
    struct wf_api_call *call = arg;
    if (refusal) {
        wf_api_refused(call, refusal);
        return;
    }
    wf_buf_adds(call->out, "{}");
    wf_api_done(call);
}

static void start(struct wf_api_call *call, struct wf_api_request *request) {
    wf_engine_start_backup(call->engine, wf_api_text(request, "directory"),
                           started, call);
}

static void described(void *arg, const struct wf_refusal *refusal,
                      const struct wf_backup_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;
    if (refusal) {
        wf_api_refused(call, refusal);
        return;
    }
    wf_buf_u8(out, '{');
    wf_json_text(out, "directory", reply->directory);
    wf_json_text(out, "status", wf_str(reply->status));
    wf_json_time(out, "startDate", reply->start_ms);
    if (reply->stop_ms)
        wf_json_time(out, "stopDate", reply->stop_ms);
    wf_json_integer(out, "rows", (int64_t)reply->rows);
    wf_json_integer(out, "bytes", (int64_t)reply->bytes);
    wf_json_text_if(out, "error", reply->error);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void describe(struct wf_api_call *call,
                     struct wf_api_request *request) {
    (void)request;
    wf_engine_describe_backup(call->engine, described, call);
}

const struct wf_api_operation wf_api_backup[] = {
    {"StartBackup", start, WF_RIGHT_ADMINISTER},
    {"DescribeBackup", describe, WF_RIGHT_VIEW},
    {0},
};
