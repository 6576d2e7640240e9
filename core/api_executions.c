/* api_executions.c - the operations on executions. See api_call.h. */
#include "api_call.h"
#include "json_write.h"

/* call->options */
enum { METADATA_ONLY = 1 }; /* payloads are left out */

static const char *const data_choices[] = {"ALL_DATA", "METADATA_ONLY", NULL};
static const char *const status_choices[] = {
    "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED",
    "PENDING_REDRIVE", NULL,
};
static const char *const redrive_choices[] = {"REDRIVEN", "NOT_REDRIVEN",
                                              NULL};

static const enum wf_execution_status statuses[] = {
    WF_EXECUTION_RUNNING, WF_EXECUTION_SUCCEEDED, WF_EXECUTION_FAILED,
    WF_EXECUTION_TIMED_OUT, WF_EXECUTION_ABORTED, WF_EXECUTION_PENDING_REDRIVE,
};

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

/* Running and succeeded executions cannot be redriven; AWS says why. */
static void put_redrive(struct wf_buf *out, enum wf_execution_status status) {
    bool redrivable = status == WF_EXECUTION_FAILED ||
                      status == WF_EXECUTION_TIMED_OUT ||
                      status == WF_EXECUTION_ABORTED;
    wf_json_integer(out, "redriveCount", 0);
    wf_json_raw(out, "redriveStatus",
                redrivable ? "\"REDRIVABLE\"" : "\"NOT_REDRIVABLE\"");
    if (redrivable)
        return;
    wf_json_key(out, "redriveStatusReason");
    wf_buf_addf(out, "\"Execution is %s and cannot be redriven\"",
                wf_execution_status_name(status));
}

/* ---- StartExecution ---- */

enum { START_MACHINE, START_NAME, START_INPUT, START_TRACE, START_DATA };

static const struct wf_api_member start_members[] = {
    {"stateMachineArn", WF_API_STRING, WF_API_REQUIRED | WF_API_ARN, 1, 256,
     NULL},
    {"name", WF_API_STRING, 0, 1, 80, NULL},
    {"input", WF_API_STRING, WF_API_SENSITIVE, 0, 0, NULL},
    {"traceHeader", WF_API_STRING, WF_API_ASCII, 0, 256, NULL},
    {0},
};

static const struct wf_api_member start_sync_members[] = {
    {"stateMachineArn", WF_API_STRING, WF_API_REQUIRED | WF_API_ARN, 1, 256,
     NULL},
    {"name", WF_API_STRING, 0, 1, 80, NULL},
    {"input", WF_API_STRING, WF_API_SENSITIVE, 0, 0, NULL},
    {"traceHeader", WF_API_STRING, WF_API_ASCII, 0, 256, NULL},
    {"includedData", WF_API_STRING, 0, 0, 0, data_choices},
    {0},
};

static void on_started(void *arg, const struct wf_refusal *refusal,
                       const struct wf_execution_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (refusal) {
        wf_api_refused(call, refusal);
        return;
    }
    wf_buf_u8(out, '{');
    wf_json_text(out, "executionArn", reply->arn);
    wf_json_time(out, "startDate", reply->start_ms);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

/* Absent input is {}, empty input is not JSON. */
static bool input_is_empty(struct wf_api_call *call,
                           const struct wf_api_value *input) {
    if (!input->given || input->text.len)
        return false;
    wf_api_fail(call, "InvalidExecutionInput",
                WF_STR("Invalid State Machine Execution Input: 'Invalid "
                       "execution input.'"));
    return true;
}

static struct wf_start_execution start_of(const struct wf_api_value *values) {
    return (struct wf_start_execution){
        .state_machine_arn = values[START_MACHINE].text,
        .name = values[START_NAME].text,
        .input = values[START_INPUT].text,
        .trace_header = values[START_TRACE].text,
    };
}

static void start(struct wf_api_call *call,
                  const struct wf_api_value *values) {
    struct wf_start_execution ask = start_of(values);
    if (!input_is_empty(call, &values[START_INPUT]))
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

    if (refusal) {
        wf_api_refused(call, refusal);
        return;
    }
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
                       const struct wf_api_value *values) {
    struct wf_start_execution ask = start_of(values);
    if (wf_api_is(&values[START_DATA], "METADATA_ONLY"))
        call->options |= METADATA_ONLY;
    if (!input_is_empty(call, &values[START_INPUT]))
        wf_engine_start_sync_execution(call->engine, &ask, on_sync_ended,
                                       call);
}

/* ---- DescribeExecution, WaitForExecution ---- */

enum { DESCRIBE_ARN, DESCRIBE_DATA, DESCRIBE_TIMEOUT };

static const struct wf_api_member describe_members[] = {
    {"executionArn", WF_API_STRING, WF_API_REQUIRED | WF_API_ARN, 1, 256,
     NULL},
    {"includedData", WF_API_STRING, 0, 0, 0, data_choices},
    {0},
};

static const struct wf_api_member wait_members[] = {
    {"executionArn", WF_API_STRING, WF_API_REQUIRED | WF_API_ARN, 1, 256,
     NULL},
    {"includedData", WF_API_STRING, 0, 0, 0, data_choices},
    {"timeoutSeconds", WF_API_INTEGER, 0, 0, 60, NULL},
    {0},
};

static void on_described(void *arg, const struct wf_refusal *refusal,
                         const struct wf_execution_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (refusal) {
        wf_api_refused(call, refusal);
        return;
    }
    wf_buf_u8(out, '{');
    put_identity(out, reply);
    put_input(out, call, reply);
    if (reply->status == WF_EXECUTION_SUCCEEDED)
        put_output(out, call, reply);
    put_failure(out, reply);
    if (reply->trace_header.len)
        wf_json_text(out, "traceHeader", reply->trace_header);
    put_redrive(out, reply->status);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void describe(struct wf_api_call *call,
                     const struct wf_api_value *values) {
    if (wf_api_is(&values[DESCRIBE_DATA], "METADATA_ONLY"))
        call->options |= METADATA_ONLY;
    wf_engine_describe_execution(call->engine, values[DESCRIBE_ARN].text,
                                 on_described, call);
}

static void wait_for(struct wf_api_call *call,
                     const struct wf_api_value *values) {
    const struct wf_api_value *timeout = &values[DESCRIBE_TIMEOUT];
    if (wf_api_is(&values[DESCRIBE_DATA], "METADATA_ONLY"))
        call->options |= METADATA_ONLY;
    wf_engine_wait_for_execution(call->engine, values[DESCRIBE_ARN].text,
                                 timeout->given ? timeout->integer * 1000
                                                : 60000,
                                 on_described, call);
}

/* ---- StopExecution ---- */

enum { STOP_ARN, STOP_ERROR, STOP_CAUSE };

static const struct wf_api_member stop_members[] = {
    {"executionArn", WF_API_STRING, WF_API_REQUIRED | WF_API_ARN, 1, 256,
     NULL},
    {"error", WF_API_STRING, WF_API_SENSITIVE, 0, 256, NULL},
    {"cause", WF_API_STRING, WF_API_SENSITIVE, 0, 32768, NULL},
    {0},
};

static void on_stopped(void *arg, const struct wf_refusal *refusal,
                       const struct wf_execution_reply *reply) {
    struct wf_api_call *call = arg;

    if (refusal) {
        wf_api_refused(call, refusal);
        return;
    }
    wf_buf_u8(call->out, '{');
    wf_json_time(call->out, "stopDate", reply->stop_ms);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void stop(struct wf_api_call *call, const struct wf_api_value *values) {
    wf_engine_stop_execution(call->engine, values[STOP_ARN].text,
                             values[STOP_ERROR].text, values[STOP_CAUSE].text,
                             on_stopped, call);
}

/* ---- ListExecutions ---- */

enum {
    LIST_MACHINE,
    LIST_STATUS,
    LIST_MAX,
    LIST_TOKEN,
    LIST_RUN,
    LIST_REDRIVE
};

static const struct wf_api_member list_members[] = {
    {"stateMachineArn", WF_API_STRING, WF_API_ARN, 1, 256, NULL},
    {"statusFilter", WF_API_STRING, 0, 0, 0, status_choices},
    {"maxResults", WF_API_INTEGER, 0, 0, 1000, NULL},
    {"nextToken", WF_API_STRING, 0, 1, 3096, NULL},
    {"mapRunArn", WF_API_STRING, 0, 1, 2000, NULL},
    {"redriveFilter", WF_API_STRING, 0, 0, 0, redrive_choices},
    {0},
};

static void on_listed(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *executions,
                      size_t count, struct wf_str next_token) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (refusal) {
        wf_api_refused(call, refusal);
        return;
    }
    wf_buf_adds(out, "{\"executions\":[");
    for (size_t i = 0; i < count; i++) {
        wf_json_comma(out);
        wf_buf_u8(out, '{');
        put_identity(out, &executions[i]);
        wf_json_integer(out, "redriveCount", 0);
        wf_buf_u8(out, '}');
    }
    wf_buf_u8(out, ']');
    if (next_token.len)
        wf_json_text(out, "nextToken", next_token);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static enum wf_execution_status status_of(const struct wf_api_value *value) {
    for (size_t i = 0; value->given && status_choices[i]; i++)
        if (wf_api_is(value, status_choices[i]))
            return statuses[i];
    return 0;
}

static void list(struct wf_api_call *call, const struct wf_api_value *values) {
    struct wf_list_executions ask = {
        .state_machine_arn = values[LIST_MACHINE].text,
        .status = status_of(&values[LIST_STATUS]),
        .max_results = (unsigned)values[LIST_MAX].integer,
        .next_token = values[LIST_TOKEN].text,
    };
    if (values[LIST_RUN].given)
        wf_api_fail(call, "ResourceNotFound",
                    WF_STR("There is no such Map Run."));
    else if (!values[LIST_MACHINE].given)
        wf_api_fail(call, "ValidationException",
                    WF_STR("Must provide a State Machine ARN or a Map Run "
                           "ARN"));
    else if (wf_api_is(&values[LIST_REDRIVE], "REDRIVEN"))
        on_listed(call, NULL, NULL, 0, WF_STR_NULL); /* none was redriven */
    else
        wf_engine_list_executions(call->engine, &ask, on_listed, call);
}

/* ---- GetExecutionHistory ---- */

enum {
    HISTORY_ARN,
    HISTORY_MAX,
    HISTORY_REVERSE,
    HISTORY_TOKEN,
    HISTORY_DATA
};

static const struct wf_api_member history_members[] = {
    {"executionArn", WF_API_STRING, WF_API_REQUIRED | WF_API_ARN, 1, 256,
     NULL},
    {"maxResults", WF_API_INTEGER, 0, 0, 1000, NULL},
    {"reverseOrder", WF_API_BOOLEAN, 0, 0, 0, NULL},
    {"nextToken", WF_API_STRING, 0, 1, 1024, NULL},
    {"includeExecutionData", WF_API_BOOLEAN, 0, 0, 0, NULL},
    {0},
};

static void on_history(void *arg, const struct wf_refusal *refusal,
                       const struct wf_history_event *events, size_t count,
                       struct wf_str next_token) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (refusal) {
        wf_api_refused(call, refusal);
        return;
    }
    wf_buf_adds(out, "{\"events\":[");
    for (size_t i = 0; i < count; i++) {
        wf_json_comma(out);
        wf_event_json(out, &events[i], !(call->options & METADATA_ONLY));
    }
    wf_buf_u8(out, ']');
    if (next_token.len)
        wf_json_text(out, "nextToken", next_token);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void history(struct wf_api_call *call,
                    const struct wf_api_value *values) {
    struct wf_get_history ask = {
        .execution_arn = values[HISTORY_ARN].text,
        .max_results = (unsigned)values[HISTORY_MAX].integer,
        .reverse = values[HISTORY_REVERSE].boolean,
        .next_token = values[HISTORY_TOKEN].text,
    };
    if (values[HISTORY_DATA].given && !values[HISTORY_DATA].boolean)
        call->options |= METADATA_ONLY;
    wf_engine_get_history(call->engine, &ask, on_history, call);
}

/* ---- Stats ---- */

static const struct wf_api_member no_members[] = {{0}};

static void stats(struct wf_api_call *call,
                  const struct wf_api_value *values) {
    struct wf_engine_stats now;
    struct wf_buf *out = call->out;
    const struct {
        const char *name;
        const uint64_t *value;
    } rows[] = {
        {"transitions", &now.transitions},
        {"events", &now.events},
        {"executionsStarted", &now.executions_started},
        {"executionsEnded", &now.executions_ended},
        {"activeExecutions", &now.active_executions},
        {"activeFrames", &now.active_frames},
        {"activeBytes", &now.active_bytes},
        {"timers", &now.timers},
        {"parked", &now.parked},
        {"loaded", &now.loaded},
        {"journalBytes", &now.journal_bytes},
        {"journalRecords", &now.journal_records},
        {"durableSequence", &now.durable_seq},
        {"tasksDispatched", &now.tasks_dispatched},
        {"tasksInFlight", &now.tasks_in_flight},
    };

    (void)values;
    wf_engine_stats(call->engine, &now);
    wf_buf_u8(out, '{');
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        wf_json_integer(out, rows[i].name, (int64_t)*rows[i].value);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

const struct wf_api_operation wf_api_executions[] = {
    {"AWSStepFunctions.StartExecution", start_members, start},
    {"AWSStepFunctions.DescribeExecution", describe_members, describe},
    {"AWSStepFunctions.GetExecutionHistory", history_members, history},
    {"AWSStepFunctions.ListExecutions", list_members, list},
    {"AWSStepFunctions.StartSyncExecution", start_sync_members, start_sync},
    {"AWSStepFunctions.StopExecution", stop_members, stop},
    {"Moonstep.WaitForExecution", wait_members, wait_for},
    {"Moonstep.Stats", no_members, stats},
    {0},
};
