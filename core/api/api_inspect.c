/* api_inspect.c - GetExecutionState. See api_call.h. */
#include "api_call.h"
#include "inspect.h"
#include "json_write.h"

#define DATA_BYTES 4096 /* of a document, unless maxBytes says otherwise */

static void put_data(struct wf_buf *out, const char *key, const char *cut,
                     const struct wf_state_data *data) {
    wf_json_text_if(out, key, data->text);
    if (data->is_cut)
        wf_json_raw(out, cut, "true");
}

static void put_time(struct wf_buf *out, const char *key, int64_t ms) {
    if (ms)
        wf_json_time(out, key, ms);
}

/* "TaskStateEntered" is of type Task. */
static struct wf_str type_of(const struct wf_line_reply *line) {
    struct wf_str type = wf_str(line->type);
    struct wf_str end = WF_STR("StateEntered");
    if (type.len > end.len)
        type.len -= end.len;
    return type;
}

static void put_line(struct wf_buf *out, const struct wf_line_reply *line) {
    wf_json_comma(out);
    wf_buf_u8(out, '{');
    wf_json_integer(out, "frame", line->number);
    wf_json_text(out, "path", line->path.data ? line->path : WF_STR(""));
    wf_json_text(out, "state", line->state);
    wf_json_text(out, "type", type_of(line));
    wf_json_text(out, "waitsFor", wf_str(line->waits_for));
    wf_json_text_if(out, "signal", line->signal);
    if (line->is_held)
        wf_json_raw(out, "held", "true");
    put_time(out, "enteredDate", line->entered_ms);
    wf_json_integer(out, "attempt", line->attempt);
    put_time(out, "dueDate", line->due_ms);
    put_time(out, "timeoutDate", line->timeout_ms);
    put_time(out, "heartbeatDate", line->heartbeat_ms);
    if (line->children) {
        wf_json_integer(out, "children", (int64_t)line->children);
        wf_json_integer(out, "childrenDone", (int64_t)line->children_done);
    }
    put_data(out, "input", "inputIsCut", &line->input);
    put_data(out, "variables", "variablesAreCut", &line->variables);
    wf_buf_u8(out, '}');
}

static void on_state(void *arg, const struct wf_refusal *refusal,
                     const struct wf_state_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    wf_json_text(out, "executionArn", reply->arn);
    wf_json_text(out, "status",
                 wf_str(wf_execution_status_name(reply->status)));
    wf_json_time(out, "startDate", reply->start_ms);
    put_time(out, "pausedDate", reply->paused_ms);
    wf_json_text_if(out, "pauseReason", reply->pause_reason);
    wf_json_integer(out, "signals", (int64_t)reply->signals);
    wf_json_comma(out);
    wf_buf_adds(out, "\"lines\":[");
    for (size_t i = 0; i < reply->count; i++)
        put_line(out, &reply->lines[i]);
    wf_api_done_list(call, reply->next_token);
}

static void get_state(struct wf_api_call *call,
                      struct wf_api_request *request) {
    bool with_data = wf_api_flag(request, "includeData", true);
    const struct wf_get_state ask = {
        .execution_arn = wf_api_text(request, "executionArn"),
        .max_results = (unsigned)wf_api_integer(request, "maxResults", 0),
        .data_bytes = with_data ? (size_t)wf_api_integer(request, "maxBytes",
                                                         DATA_BYTES)
                                : 0,
        .next_token = wf_api_text(request, "nextToken"),
    };
    wf_engine_get_state(call->engine, &ask, on_state, call);
}

const struct wf_api_operation wf_api_inspect[] = {
    {"GetExecutionState", get_state, WF_RIGHT_VIEW},
    {0},
};
