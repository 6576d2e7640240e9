/* api_bulk.c - what is done to all that a search finds. See api_call.h and
 * bulk.h. */
#include "api_call.h"
#include "bulk.h"
#include "json_write.h"

static void put_done(struct wf_buf *out, const struct wf_bulk_item *item) {
    wf_json_comma(out);
    wf_buf_u8(out, '{');
    wf_json_text(out, "executionArn", item->arn);
    wf_json_text(out, "status",
                 wf_str(wf_execution_status_name(item->status)));
    if (item->stop_ms)
        wf_json_time(out, "stopDate", item->stop_ms);
    if (item->redrive_ms)
        wf_json_time(out, "redriveDate", item->redrive_ms);
    if (item->paused_ms)
        wf_json_time(out, "pausedDate", item->paused_ms);
    wf_json_text_if(out, "state", item->state);
    wf_json_text_if(out, "revisionId", item->revision_id);
    wf_buf_u8(out, '}');
}

static void put_refused(struct wf_buf *out, const struct wf_bulk_item *item) {
    wf_json_comma(out);
    wf_buf_u8(out, '{');
    wf_json_text(out, "executionArn", item->arn);
    wf_json_text(out, "error", wf_str(item->exception));
    wf_json_text_if(out, "message", item->message);
    wf_buf_u8(out, '}');
}

static void put_counts(struct wf_buf *out, const struct wf_bulk_reply *reply) {
    if (reply->next_token.len && reply->scanned_until_ms < INT64_MAX)
        wf_json_time(out, "scannedUntil", reply->scanned_until_ms);
    if (reply->condition_errors) {
        wf_json_integer(out, "conditionErrors",
                        (int64_t)reply->condition_errors);
        wf_json_text(out, "conditionCause", reply->condition_cause);
    }
    wf_json_integer(out, "foundCount", (int64_t)reply->count);
    wf_json_integer(out, "doneCount",
                    (int64_t)(reply->count - reply->refused));
    wf_json_integer(out, "refusedCount", (int64_t)reply->refused);
}

static void on_done(void *arg, const struct wf_refusal *refusal,
                    const struct wf_bulk_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    put_counts(out, reply);
    wf_json_key(out, "refused");
    wf_buf_u8(out, '[');
    for (size_t i = 0; i < reply->count; i++)
        if (reply->items[i].exception)
            put_refused(out, &reply->items[i]);
    wf_buf_u8(out, ']');
    wf_json_key(out, "executions");
    wf_buf_u8(out, '[');
    for (size_t i = 0; i < reply->count; i++)
        if (!reply->items[i].exception)
            put_done(out, &reply->items[i]);
    wf_api_done_list(call, reply->next_token);
}

static bool is_fix(const struct wf_fix *fix) {
    return fix->version_arn.data || fix->revision.data ||
           fix->from_state.data || fix->input.data || fix->variables.data;
}

static void run(struct wf_api_call *call, struct wf_api_request *request,
                enum wf_bulk_action action) {
    const struct wf_fix fix = wf_api_fix(request);
    const struct wf_bulk ask = {
        .action = action,
        .search = wf_api_search_of(request),
        .error = wf_api_text(request, "error"),
        .cause = wf_api_text(request, "cause"),
        .reason = wf_api_text(request, "reason"),
        .client_token = wf_api_text(request, "clientToken"),
        .fix = is_fix(&fix) ? &fix : NULL,
        .is_dry = fix.is_dry,
    };
    wf_engine_bulk(call->engine, &ask, on_done, call);
}

static void stop(struct wf_api_call *call, struct wf_api_request *request) {
    run(call, request, WF_BULK_STOP);
}

static void redrive(struct wf_api_call *call,
                    struct wf_api_request *request) {
    run(call, request, WF_BULK_REDRIVE);
}

static void pause_them(struct wf_api_call *call,
                       struct wf_api_request *request) {
    run(call, request, WF_BULK_PAUSE);
}

static void resume(struct wf_api_call *call, struct wf_api_request *request) {
    run(call, request, WF_BULK_RESUME);
}

const struct wf_api_operation wf_api_bulk[] = {
    {"BulkStopExecutions", stop, WF_RIGHT_OPERATE},
    {"BulkRedriveExecutions", redrive, WF_RIGHT_OPERATE},
    {"BulkPauseExecutions", pause_them, WF_RIGHT_OPERATE},
    {"BulkResumeExecutions", resume, WF_RIGHT_OPERATE},
    {0},
};
