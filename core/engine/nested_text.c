/* nested_text.c - what a task gets that starts an execution: answers of
 * StartExecution and DescribeExecution, and refusals, as AWS's integrations
 * show them. */
#include <stdio.h>
#include <time.h>

#include "engine_impl.h"
#include "json_write.h"

/* `,"startDate":1704067200.25}` and the quotes: about what AWS sends. */
#define BODY_BYTES 45

#define HTTP_DATE 64

static void http_date(int64_t ms, char out[HTTP_DATE]) {
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed",
                                       "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr",
                                         "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(ms / 1000);
    struct tm t;
    gmtime_r(&seconds, &t);
    snprintf(out, HTTP_DATE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
             days[t.tm_wday], t.tm_mday % 100, months[t.tm_mon],
             (t.tm_year + 1900) % 10000, t.tm_hour % 100, t.tm_min % 100,
             t.tm_sec % 100);
}

/* Of the response that AWS's SDK would have had. */
static void put_metadata(struct wf_engine *engine, struct wf_str arn,
                         struct wf_buf *out) {
    char id[37], date[HTTP_DATE];
    unsigned length = (unsigned)arn.len + BODY_BYTES;
    wf_clock_uuid4(engine->clock, id);
    http_date(wf_clock_now_ms(engine->clock), date);
    wf_buf_addf(out,
                ",\"SdkHttpMetadata\":{\"AllHttpHeaders\":{"
                "\"x-amzn-RequestId\":[\"%s\"],"
                "\"connection\":[\"keep-alive\"],"
                "\"Content-Length\":[\"%u\"],\"Date\":[\"%s\"],"
                "\"Content-Type\":[\"application/x-amz-json-1.0\"]}",
                id, length, date);
    wf_buf_addf(out,
                ",\"HttpHeaders\":{\"connection\":\"keep-alive\","
                "\"Content-Length\":\"%u\","
                "\"Content-Type\":\"application/x-amz-json-1.0\","
                "\"Date\":\"%s\",\"x-amzn-RequestId\":\"%s\"},"
                "\"HttpStatusCode\":200},"
                "\"SdkResponseMetadata\":{\"RequestId\":\"%s\"}",
                length, date, id, id);
}

void wf_nested_started_text(struct wf_engine *engine, bool is_sdk,
                            const struct wf_execution_reply *reply,
                            struct wf_buf *out) {
    char date[25];
    wf_buf_u8(out, '{');
    wf_json_text(out, "ExecutionArn", reply->arn);
    if (is_sdk) {
        wf_clock_iso(reply->start_ms, date);
        wf_json_text(out, "StartDate", wf_str(date));
    } else {
        put_metadata(engine, reply->arn, out);
        wf_json_integer(out, "StartDate", reply->start_ms);
    }
    wf_buf_u8(out, '}');
}

static void put_payload(struct wf_buf *out, const char *name,
                        const char *details, struct wf_str text,
                        bool is_parsed) {
    if (!text.data)
        return;
    if (is_parsed) {
        wf_json_key(out, name);
        wf_buf_addstr(out, text);
    } else {
        wf_json_text(out, name, text);
    }
    wf_json_raw(out, details, "{\"Included\":true}");
}

/* AWS's names in the order of AWS's texts. */
static void put_redrive(struct wf_buf *out,
                        const struct wf_execution_reply *reply) {
    static const char *const names[] = {
        [WF_REDRIVE_REDRIVABLE] = "REDRIVABLE",
        [WF_REDRIVE_NOT_REDRIVABLE] = "NOT_REDRIVABLE",
        [WF_REDRIVE_BY_MAP_RUN] = "REDRIVABLE_BY_MAP_RUN",
    };
    wf_json_integer(out, "RedriveCount", reply->redrive_count);
    if (reply->redrive_ms)
        wf_json_integer(out, "RedriveDate", reply->redrive_ms);
    if (reply->redrive_status)
        wf_json_text(out, "RedriveStatus",
                     wf_str(names[reply->redrive_status]));
    if (reply->redrive_reason)
        wf_json_text(out, "RedriveStatusReason",
                     wf_str(reply->redrive_reason));
}

static void text_if_any(struct wf_buf *out, const char *name,
                        struct wf_str text) {
    if (text.len)
        wf_json_text(out, name, text);
}

void wf_nested_described_text(const struct wf_execution_reply *reply,
                              bool is_parsed, struct wf_buf *out) {
    wf_buf_u8(out, '{');
    text_if_any(out, "Cause", reply->cause);
    text_if_any(out, "Error", reply->error);
    wf_json_text(out, "ExecutionArn", reply->arn);
    put_payload(out, "Input", "InputDetails", reply->input, is_parsed);
    wf_json_text(out, "Name", reply->name);
    put_payload(out, "Output", "OutputDetails", reply->output, is_parsed);
    put_redrive(out, reply);
    wf_json_integer(out, "StartDate", reply->start_ms);
    text_if_any(out, "StateMachineAliasArn", reply->state_machine_alias_arn);
    wf_json_text(out, "StateMachineArn", reply->state_machine_arn);
    text_if_any(out, "StateMachineVersionArn",
                reply->state_machine_version_arn);
    wf_json_text(out, "Status",
                 wf_str(wf_execution_status_name(reply->status)));
    wf_json_integer(out, "StopDate", reply->stop_ms);
    text_if_any(out, "TraceHeader", reply->trace_header);
    wf_buf_u8(out, '}');
}

static bool ends_with(const char *text, const char *end) {
    size_t len = strlen(text), part = strlen(end);
    return len >= part && strcmp(text + len - part, end) == 0;
}

void wf_nested_refused(struct wf_engine *engine, bool is_sdk,
                       const struct wf_refusal *refusal, struct wf_buf *text,
                       struct wf_failure *failure) {
    const char *name = refusal->exception;
    const char *more = ends_with(name, "Exception") ? "" : "Exception";
    char id[37];
    wf_clock_uuid4(engine->clock, id);
    wf_buf_addf(text, "%s.%s%s", is_sdk ? "Sfn" : "StepFunctions", name,
                more);
    size_t error = text->len;
    wf_buf_addstr(text, refusal->message);
    if (is_sdk)
        wf_buf_addf(text, " (Service: Sfn, Status Code: 400, Request ID: %s)",
                    id);
    else
        wf_buf_addf(text,
                    " (Service: AWSStepFunctions; Status Code: 400; Error "
                    "Code: %s; Request ID: %s; Proxy: null)",
                    name, id);
    failure->error = (struct wf_str){text->data, error};
    failure->cause = (struct wf_str){text->data + error, text->len - error};
}
