/* api_search.c - SearchExecutions. See api_call.h. */
#include <math.h>

#include "api_call.h"
#include "json_write.h"
#include "search.h"

static void on_found(void *arg, const struct wf_refusal *refusal,
                     const struct wf_search_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    if (reply->next_token.len && reply->scanned_until_ms < INT64_MAX)
        wf_json_time(out, "scannedUntil", reply->scanned_until_ms);
    if (reply->condition_errors) {
        wf_json_integer(out, "conditionErrors",
                        (int64_t)reply->condition_errors);
        wf_json_text(out, "conditionCause", reply->condition_cause);
    }
    wf_json_comma(out);
    wf_buf_adds(out, "\"executions\":[");
    for (size_t i = 0; i < reply->count; i++)
        wf_api_put_listed(out, &reply->executions[i]);
    wf_api_done_list(call, reply->next_token);
}

/* In milliseconds; 0: not given. */
static int64_t time_of(struct wf_api_request *request, const char *member) {
    double seconds = wf_api_number(request, member, 0);
    if (!(seconds > 0))
        return 0;
    return seconds < 1e12 ? (int64_t)ceil(seconds * 1000) : INT64_MAX;
}

static unsigned statuses_of(struct wf_api_request *request) {
    struct wf_value list, element;
    unsigned statuses = 0;
    if (!wf_api_value(request, "statusFilter", &list))
        return 0;
    const struct wf_node *nodes = wf_doc_nodes(list.doc);
    element = (struct wf_value){list.doc, list.node + 1};
    for (uint32_t i = 0; i < nodes[list.node].count; i++) {
        statuses |= 1u << wf_api_status(wf_api_characters(request, element));
        element.node = nodes[element.node].next;
    }
    return statuses;
}

static void take_tag(struct wf_api_request *request,
                     struct wf_search_executions *ask) {
    struct wf_value tag, text;
    if (!wf_api_value(request, "tag", &tag))
        return;
    if (wf_value_member(tag, WF_STR("key"), &text))
        ask->tag_key = wf_api_characters(request, text);
    if (wf_value_member(tag, WF_STR("value"), &text) &&
        wf_value_type(text) == WF_JSON_STRING)
        ask->tag_value = wf_api_characters(request, text);
}

struct wf_search_executions wf_api_search_of(struct wf_api_request *request) {
    struct wf_search_executions ask = {
        .state_machine_arn = wf_api_text(request, "stateMachineArn"),
        .statuses = statuses_of(request),
        .redriven = wf_api_redrive_filter(request),
        .started_from_ms = time_of(request, "startedFrom"),
        .started_until_ms = time_of(request, "startedUntil"),
        .stopped_from_ms = time_of(request, "stoppedFrom"),
        .stopped_until_ms = time_of(request, "stoppedUntil"),
        .name_prefix = wf_api_text(request, "namePrefix"),
        .where = wf_api_text(request, "where"),
        .max_results = (unsigned)wf_api_integer(request, "maxResults", 0),
        .next_token = wf_api_text(request, "nextToken"),
    };
    take_tag(request, &ask);
    return ask;
}

static void search(struct wf_api_call *call, struct wf_api_request *request) {
    const struct wf_search_executions ask = wf_api_search_of(request);
    wf_engine_search_executions(call->engine, &ask, on_found, call);
}

const struct wf_api_operation wf_api_search[] = {
    {"SearchExecutions", search, WF_RIGHT_VIEW},
    {0},
};
