/* api_executions.c - the operations on executions. See api_call.h. */
#include "api_call.h"
#include "json_write.h"

/* call->options */
enum { METADATA_ONLY = 1 }; /* payloads are left out */

static void take_included_data(struct wf_api_call *call,
                               struct wf_api_request *request) {
    if (wf_api_is(request, "includedData", "METADATA_ONLY"))
        call->options |= METADATA_ONLY;
}


/* ---- what descriptions have in common ---- */

static void put_details(struct wf_buf *out, const char *key, bool included) {
    wf_json_raw(out, key,
                included ? "{\"included\":true}" : "{\"included\":false}");
}

static void put_input(struct wf_buf *out, const struct wf_api_call *call,
                      const struct wf_execution_reply *reply) {
    bool included = !(call->options & METADATA_ONLY);
    if (included)
        wf_json_text_if(out, "input", reply->input);
    put_details(out, "inputDetails", included);
}

static void put_output(struct wf_buf *out, const struct wf_api_call *call,
                       const struct wf_execution_reply *reply) {
    bool included = !(call->options & METADATA_ONLY);
    if (included)
        wf_json_text_if(out, "output", reply->output);
    put_details(out, "outputDetails", included);
}

static void put_identity(struct wf_buf *out,
                         const struct wf_execution_reply *reply) {
    wf_json_text(out, "executionArn", reply->arn);
    wf_json_text(out, "stateMachineArn", reply->state_machine_arn);
    if (reply->state_machine_version_arn.len)
        wf_json_text(out, "stateMachineVersionArn",
                     reply->state_machine_version_arn);
    if (reply->state_machine_alias_arn.len)
        wf_json_text(out, "stateMachineAliasArn",
                     reply->state_machine_alias_arn);
    if (reply->map_run_arn.len)
        wf_json_text(out, "mapRunArn", reply->map_run_arn);
    wf_json_text(out, "name", reply->name);
    wf_json_text(out, "status",
                 wf_str(wf_execution_status_name(reply->status)));
    wf_json_time(out, "startDate", reply->start_ms);
    if (reply->stop_ms)
        wf_json_time(out, "stopDate", reply->stop_ms);
}

static void put_failure(struct wf_buf *out,
                        const struct wf_execution_reply *reply) {
    if (reply->error.len)
        wf_json_text(out, "error", reply->error);
    if (reply->cause.len)
        wf_json_text(out, "cause", reply->cause);
}

static void put_redrives(struct wf_buf *out,
                         const struct wf_execution_reply *reply) {
    wf_json_integer(out, "redriveCount", reply->redrive_count);
    if (reply->redrive_ms)
        wf_json_time(out, "redriveDate", reply->redrive_ms);
}

static void put_redrive_status(struct wf_buf *out,
                               const struct wf_execution_reply *reply) {
    static const char *const names[] = {
        [WF_REDRIVE_REDRIVABLE] = "REDRIVABLE",
        [WF_REDRIVE_NOT_REDRIVABLE] = "NOT_REDRIVABLE",
        [WF_REDRIVE_BY_MAP_RUN] = "REDRIVABLE_BY_MAP_RUN",
    };
    if (reply->redrive_status)
        wf_json_text(out, "redriveStatus",
                     wf_str(names[reply->redrive_status]));
    if (reply->redrive_reason)
        wf_json_text(out, "redriveStatusReason",
                     wf_str(reply->redrive_reason));
}

void wf_api_put_pause(struct wf_buf *out,
                      const struct wf_execution_reply *reply) {
    if (!reply->paused_ms)
        return;
    wf_json_time(out, "pausedDate", reply->paused_ms);
    wf_json_text_if(out, "pauseReason", reply->pause_reason);
    if (reply->paused_with_machine)
        wf_json_raw(out, "pausedWithStateMachine", "true");
}

/* Ours, beside AWS's. */
static void put_fixes(struct wf_buf *out,
                      const struct wf_execution_reply *reply) {
    if (!reply->revision_id.len && !reply->forked_from.len)
        return;
    wf_json_key(out, "moonstep");
    wf_buf_u8(out, '{');
    wf_json_text_if(out, "revisionId", reply->revision_id);
    if (reply->forked_from.len) {
        wf_json_key(out, "forkedFrom");
        wf_buf_u8(out, '{');
        wf_json_text(out, "executionArn", reply->forked_from);
        wf_json_integer(out, "eventId", (int64_t)reply->forked_event);
        wf_buf_u8(out, '}');
    }
    wf_buf_u8(out, '}');
}

/* ---- StartExecution ---- */

static void on_started(void *arg, const struct wf_refusal *refusal,
                       const struct wf_execution_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    wf_json_text(out, "executionArn", reply->arn);
    wf_json_time(out, "startDate", reply->start_ms);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

/* Absent input is {}, empty input is not JSON. */
static bool input_is_empty(struct wf_api_call *call, struct wf_str input) {
    if (!input.data || input.len)
        return false;
    wf_api_fail(call, "InvalidExecutionInput",
                WF_STR("Invalid State Machine Execution Input: 'Invalid "
                       "execution input.'"));
    return true;
}

static struct wf_start_execution start_of(struct wf_api_request *request) {
    struct wf_start_execution ask = {
        .state_machine_arn = wf_api_text(request, "stateMachineArn"),
        .name = wf_api_text(request, "name"),
        .input = wf_api_text(request, "input"),
        .trace_header = wf_api_text(request, "traceHeader"),
    };
    ask.input_buf = wf_api_buf(request, ask.input);
    return ask;
}

static void start(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_start_execution ask = start_of(request);
    if (!input_is_empty(call, ask.input))
        wf_engine_start_execution(call->engine, &ask, on_started, call);
}

/* ---- StartSyncExecution ---- */

/* AWS bills in steps of 100 ms. */
static void put_billing(struct wf_buf *out,
                        const struct wf_execution_reply *reply) {
    int64_t ms = reply->stop_ms - reply->start_ms;
    wf_json_key(out, "billingDetails");
    wf_buf_u8(out, '{');
    wf_json_integer(out, "billedDurationInMilliseconds",
                    ms < 100 ? 100 : (ms + 99) / 100 * 100);
    wf_json_integer(out, "billedMemoryUsedInMB", 64);
    wf_buf_u8(out, '}');
}

static void on_sync_ended(void *arg, const struct wf_refusal *refusal,
                          const struct wf_execution_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    put_identity(out, reply);
    put_failure(out, reply);
    put_input(out, call, reply);
    put_output(out, call, reply);
    if (reply->trace_header.len)
        wf_json_text(out, "traceHeader", reply->trace_header);
    put_billing(out, reply);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void start_sync(struct wf_api_call *call,
                       struct wf_api_request *request) {
    struct wf_start_execution ask = start_of(request);
    take_included_data(call, request);
    if (!input_is_empty(call, ask.input))
        wf_engine_start_sync_execution(call->engine, &ask, on_sync_ended,
                                       call);
}

/* ---- DescribeExecution, WaitForExecution ---- */

static void on_described(void *arg, const struct wf_refusal *refusal,
                         const struct wf_execution_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    put_identity(out, reply);
    put_input(out, call, reply);
    if (reply->status == WF_EXECUTION_SUCCEEDED)
        put_output(out, call, reply);
    put_failure(out, reply);
    if (reply->trace_header.len)
        wf_json_text(out, "traceHeader", reply->trace_header);
    put_redrives(out, reply);
    put_redrive_status(out, reply);
    wf_api_put_pause(out, reply);
    put_fixes(out, reply);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void describe(struct wf_api_call *call,
                     struct wf_api_request *request) {
    take_included_data(call, request);
    wf_engine_describe_execution(call->engine,
                                 wf_api_text(request, "executionArn"),
                                 on_described, call);
}

static void wait_for(struct wf_api_call *call,
                     struct wf_api_request *request) {
    int64_t seconds = wf_api_integer(request, "timeoutSeconds", 60);
    take_included_data(call, request);
    wf_engine_wait_for_execution(call->engine,
                                 wf_api_text(request, "executionArn"),
                                 seconds * 1000, on_described, call);
}

/* ---- StopExecution ---- */

static void on_stopped(void *arg, const struct wf_refusal *refusal,
                       const struct wf_execution_reply *reply) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    wf_json_time(call->out, "stopDate", reply->stop_ms);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void stop(struct wf_api_call *call, struct wf_api_request *request) {
    wf_engine_stop_execution(call->engine,
                             wf_api_text(request, "executionArn"),
                             wf_api_text(request, "error"),
                             wf_api_text(request, "cause"), on_stopped, call);
}

/* ---- RedriveExecution ---- */

static void on_redriven(void *arg, const struct wf_refusal *refusal,
                        const struct wf_redriven_reply *reply) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    wf_json_time(call->out, "redriveDate", reply->redrive_ms);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void redrive(struct wf_api_call *call,
                    struct wf_api_request *request) {
    const struct wf_redrive_execution ask = {
        .execution_arn = wf_api_text(request, "executionArn"),
        .client_token = wf_api_text(request, "clientToken"),
    };
    wf_engine_redrive_execution(call->engine, &ask, on_redriven, call);
}

/* ---- ListExecutions ---- */

void wf_api_put_listed(struct wf_buf *out,
                       const struct wf_execution_reply *execution) {
    wf_json_comma(out);
    wf_buf_u8(out, '{');
    put_identity(out, execution);
    if (execution->map_run_arn.len)
        wf_json_integer(out, "itemCount", (int64_t)execution->item_count);
    put_redrives(out, execution);
    wf_api_put_pause(out, execution);
    wf_buf_u8(out, '}');
}

static void on_listed(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *executions,
                      size_t count, struct wf_str next_token) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(out, "{\"executions\":[");
    for (size_t i = 0; i < count; i++) {
        wf_api_put_listed(out, &executions[i]);
    }
    wf_api_done_list(call, next_token);
}

enum wf_execution_status wf_api_status(struct wf_str given) {
    const char *name;
    int status = WF_EXECUTION_RUNNING;
    while (given.data && (name = wf_execution_status_name(status))) {
        if (wf_str_eq(given, wf_str(name)))
            return status;
        status++;
    }
    return 0;
}

enum wf_redrive_filter wf_api_redrive_filter(struct wf_api_request *request) {
    return wf_api_is(request, "redriveFilter", "REDRIVEN") ? WF_REDRIVEN
           : wf_api_is(request, "redriveFilter", "NOT_REDRIVEN")
               ? WF_NOT_REDRIVEN
               : WF_REDRIVE_ANY;
}

static void list(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_list_executions ask = {
        .state_machine_arn = wf_api_text(request, "stateMachineArn"),
        .map_run_arn = wf_api_text(request, "mapRunArn"),
        .status = wf_api_status(wf_api_text(request, "statusFilter")),
        .redriven = wf_api_redrive_filter(request),
        .max_results = (unsigned)wf_api_integer(request, "maxResults", 0),
        .next_token = wf_api_text(request, "nextToken"),
    };
    if (!ask.map_run_arn.data == !ask.state_machine_arn.data)
        wf_api_fail(call, "ValidationException",
                    WF_STR("Must provide a State Machine ARN or a Map Run "
                           "ARN"));
    else
        wf_engine_list_executions(call->engine, &ask, on_listed, call);
}

/* ---- GetExecutionHistory ---- */

static void on_history(void *arg, const struct wf_refusal *refusal,
                       const struct wf_history_event *events, size_t count,
                       struct wf_str next_token) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(out, "{\"events\":[");
    for (size_t i = 0; i < count; i++) {
        wf_json_comma(out);
        wf_event_json(out, &events[i], !(call->options & METADATA_ONLY));
    }
    wf_api_done_list(call, next_token);
}

static void history(struct wf_api_call *call,
                    struct wf_api_request *request) {
    struct wf_get_history ask = {
        .execution_arn = wf_api_text(request, "executionArn"),
        .max_results = (unsigned)wf_api_integer(request, "maxResults", 0),
        .reverse = wf_api_flag(request, "reverseOrder", false),
        .next_token = wf_api_text(request, "nextToken"),
    };
    if (!wf_api_flag(request, "includeExecutionData", true))
        call->options |= METADATA_ONLY;
    wf_engine_get_history(call->engine, &ask, on_history, call);
}

const struct wf_api_operation wf_api_executions[] = {
    {"StartExecution", start, WF_RIGHT_START},
    {"DescribeExecution", describe, WF_RIGHT_VIEW},
    {"GetExecutionHistory", history, WF_RIGHT_VIEW},
    {"ListExecutions", list, WF_RIGHT_VIEW},
    {"StartSyncExecution", start_sync, WF_RIGHT_START},
    {"StopExecution", stop, WF_RIGHT_OPERATE},
    {"RedriveExecution", redrive, WF_RIGHT_OPERATE},
    {0},
};

/* ---- ours ---- */

static void stats(struct wf_api_call *call,
                  struct wf_api_request *request) {
    (void)request;
    wf_metrics_read(call->metrics, call->engine);
    wf_buf_u8(call->out, '{');
    wf_metrics_json(call->metrics, call->out);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

const struct wf_api_operation wf_api_own[] = {
    {"WaitForExecution", wait_for, WF_RIGHT_VIEW},
    {"Stats", stats, WF_RIGHT_VIEW},
    {0},
};
