/* api_events.c - Moonstep.WaitForEvents: following a history. See
 * api_call.h and core/engine/follow.c. */
#include "api_call.h"
#include "json_write.h"

/* call->options */
enum { METADATA_ONLY = 1 }; /* payloads are left out */

static void on_events(void *arg, const struct wf_refusal *refusal,
                      const struct wf_history_event *events, size_t count,
                      enum wf_execution_status status) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
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
                            struct wf_api_request *request) {
    struct wf_wait_for_events ask = {
        .execution_arn = wf_api_text(request, "executionArn"),
        .after = (uint64_t)wf_api_integer(request, "after", 0),
        .max_results = (unsigned)wf_api_integer(request, "maxResults", 0),
        .timeout_ms = wf_api_integer(request, "timeoutSeconds", 0) * 1000,
    };

    if (!wf_api_flag(request, "includeExecutionData", true))
        call->options |= METADATA_ONLY;
    wf_engine_wait_for_events(call->engine, &ask, on_events, call);
}

const struct wf_api_operation wf_api_events[] = {
    {"WaitForEvents", wait_for_events, WF_RIGHT_VIEW},
    {0},
};
