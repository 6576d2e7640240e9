/* api_events.c - Moonstep.WaitForEvents: following a history. See
 * api_call.h and core/follow.c. */
#include "api_call.h"
#include "json_write.h"

/* call->options */
enum { METADATA_ONLY = 1 }; /* payloads are left out */

enum {
    EVENTS_ARN,
    EVENTS_AFTER,
    EVENTS_MAX,
    EVENTS_TIMEOUT,
    EVENTS_DATA
};

static const struct wf_api_member events_members[] = {
    {"executionArn", WF_API_STRING, WF_API_REQUIRED | WF_API_ARN, 1, 256,
     NULL},
    {"after", WF_API_INTEGER, 0, 0, 0, NULL},
    {"maxResults", WF_API_INTEGER, 0, 0, 1000, NULL},
    {"timeoutSeconds", WF_API_INTEGER, 0, 0, 60, NULL},
    {"includeExecutionData", WF_API_BOOLEAN, 0, 0, 0, NULL},
    {0},
};

static void on_events(void *arg, const struct wf_refusal *refusal,
                      const struct wf_history_event *events, size_t count,
                      enum wf_execution_status status) {
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
    wf_json_text(out, "status", wf_str(wf_execution_status_name(status)));
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void wait_for_events(struct wf_api_call *call,
                            const struct wf_api_value *values) {
    const struct wf_api_value *data = &values[EVENTS_DATA];
    struct wf_wait_for_events ask = {
        .execution_arn = values[EVENTS_ARN].text,
        .after = (uint64_t)values[EVENTS_AFTER].integer,
        .max_results = (unsigned)values[EVENTS_MAX].integer,
        .timeout_ms = values[EVENTS_TIMEOUT].integer * 1000,
    };

    if (data->given && !data->boolean)
        call->options |= METADATA_ONLY;
    wf_engine_wait_for_events(call->engine, &ask, on_events, call);
}

const struct wf_api_operation wf_api_events[] = {
    {"Moonstep.WaitForEvents", events_members, wait_for_events},
    {0},
};
