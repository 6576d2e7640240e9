/* api_map_runs.c - the operations on Map Runs. See api_call.h. */
#include <math.h>

#include "api_call.h"
#include "json_write.h"

static void put_counts(struct wf_buf *out, const char *key,
                       const struct wf_map_run_counts *counts,
                       bool is_redriven) {
    wf_json_key(out, key);
    wf_buf_u8(out, '{');
    wf_json_integer(out, "pending", (int64_t)counts->pending);
    wf_json_integer(out, "running", (int64_t)counts->running);
    wf_json_integer(out, "succeeded", (int64_t)counts->succeeded);
    wf_json_integer(out, "failed", (int64_t)counts->failed);
    wf_json_integer(out, "timedOut", (int64_t)counts->timed_out);
    wf_json_integer(out, "aborted", (int64_t)counts->aborted);
    wf_json_integer(out, "total", (int64_t)counts->total);
    wf_json_integer(out, "resultsWritten", (int64_t)counts->written);
    if (is_redriven) {
        wf_json_integer(out, "failuresNotRedrivable",
                        (int64_t)counts->not_redrivable);
        wf_json_integer(out, "pendingRedrive",
                        (int64_t)counts->pending_redrive);
    }
    wf_buf_u8(out, '}');
}

static void put_times(struct wf_buf *out,
                      const struct wf_map_run_reply *reply) {
    wf_json_time(out, "startDate", reply->start_ms);
    if (reply->stop_ms)
        wf_json_time(out, "stopDate", reply->stop_ms);
}

/* A float, which AWS never writes without a fraction. */
static void put_percentage(struct wf_buf *out, double percentage) {
    wf_json_key(out, "toleratedFailurePercentage");
    wf_buf_number(out, percentage);
    if (percentage == floor(percentage))
        wf_buf_adds(out, ".0");
}

/* ---- DescribeMapRun ---- */

static void on_described(void *arg, const struct wf_refusal *refusal,
                         const struct wf_map_run_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    wf_json_text(out, "mapRunArn", reply->arn);
    wf_json_text(out, "executionArn", reply->execution_arn);
    wf_json_text(out, "status",
                 wf_str(wf_execution_status_name(reply->status)));
    put_times(out, reply);
    wf_json_integer(out, "maxConcurrency", reply->max_concurrency);
    put_percentage(out, reply->tolerated_failure_percentage);
    wf_json_integer(out, "toleratedFailureCount",
                    (int64_t)reply->tolerated_failure_count);
    put_counts(out, "itemCounts", &reply->items, reply->redrive_count > 0);
    put_counts(out, "executionCounts", &reply->executions,
               reply->redrive_count > 0);
    if (reply->redrive_count) {
        wf_json_integer(out, "redriveCount", reply->redrive_count);
        wf_json_time(out, "redriveDate", reply->redrive_ms);
    }
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void describe(struct wf_api_call *call,
                     struct wf_api_request *request) {
    wf_engine_describe_map_run(call->engine,
                               wf_api_text(request, "mapRunArn"),
                               on_described, call);
}

/* ---- ListMapRuns ---- */

static void put_item(struct wf_buf *out,
                     const struct wf_map_run_reply *run) {
    wf_json_comma(out);
    wf_buf_u8(out, '{');
    wf_json_text(out, "executionArn", run->execution_arn);
    wf_json_text(out, "mapRunArn", run->arn);
    wf_json_text(out, "stateMachineArn", run->state_machine_arn);
    put_times(out, run);
    wf_buf_u8(out, '}');
}

static void on_listed(void *arg, const struct wf_refusal *refusal,
                      const struct wf_map_run_reply *runs, size_t count,
                      struct wf_str next_token) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(out, "{\"mapRuns\":[");
    for (size_t i = 0; i < count; i++)
        put_item(out, &runs[i]);
    wf_buf_u8(out, ']');
    if (next_token.len)
        wf_json_text(out, "nextToken", next_token);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void list(struct wf_api_call *call, struct wf_api_request *request) {
    const struct wf_list_map_runs ask = {
        .execution_arn = wf_api_text(request, "executionArn"),
        .max_results = (unsigned)wf_api_integer(request, "maxResults", 0),
        .next_token = wf_api_text(request, "nextToken"),
    };
    wf_engine_list_map_runs(call->engine, &ask, on_listed, call);
}

/* ---- UpdateMapRun ---- */

static void update(struct wf_api_call *call,
                   struct wf_api_request *request) {
    int64_t limit = wf_api_integer(request, "maxConcurrency", -1);
    int64_t count = wf_api_integer(request, "toleratedFailureCount", -1);
    double percentage =
        wf_api_number(request, "toleratedFailurePercentage", -1);
    const struct wf_update_map_run ask = {
        .map_run_arn = wf_api_text(request, "mapRunArn"),
        .has_max_concurrency = limit >= 0,
        .has_count = count >= 0,
        .has_percentage = percentage >= 0,
        .max_concurrency = limit < INT32_MAX ? (uint32_t)limit : INT32_MAX,
        .tolerated_failure_count = (uint64_t)count,
        .tolerated_failure_percentage = percentage,
    };
    wf_engine_update_map_run(call->engine, &ask, wf_api_answer_done, call);
}

const struct wf_api_operation wf_api_map_runs[] = {
    {"DescribeMapRun", describe, WF_RIGHT_VIEW},
    {"ListMapRuns", list, WF_RIGHT_VIEW},
    {"UpdateMapRun", update, WF_RIGHT_OPERATE},
    {0},
};
