/* item_result.c - a child execution as a result file describes it. See
 * item_writer.h. */
#include "clock.h"
#include "item_writer.h"

static void put_key(struct wf_buf *out, const char *key) {
    if (out->data[out->len - 1] != '{')
        wf_buf_u8(out, ',');
    wf_buf_u8(out, '"');
    wf_buf_adds(out, key);
    wf_buf_adds(out, "\":");
}

static void put_text(struct wf_buf *out, const char *key,
                     struct wf_str text) {
    if (!text.data)
        return;
    put_key(out, key);
    wf_buf_json(out, text);
}

/* JSON inside a string, and whether it is there. */
static void put_data(struct wf_buf *out, const char *key, const char *details,
                     struct wf_str json) {
    if (!json.data)
        return;
    put_text(out, key, json);
    put_key(out, details);
    wf_buf_adds(out, "{\"Included\":true}");
}

static void put_date(struct wf_buf *out, const char *key, int64_t ms) {
    char text[25];

    if (ms == 0)
        return;
    wf_clock_iso(ms, text);
    put_text(out, key, wf_str(text));
}

void wf_item_result_json(const struct wf_item_result *result,
                         struct wf_buf *out) {
    wf_buf_u8(out, '{');
    put_text(out, "Cause", result->cause);
    put_text(out, "Error", result->error);
    put_text(out, "ExecutionArn", result->execution_arn);
    put_data(out, "Input", "InputDetails", result->input);
    put_text(out, "Name", result->name);
    put_data(out, "Output", "OutputDetails", result->output);
    if (result->redrive_status.data) {
        put_key(out, "RedriveCount");
        wf_buf_addf(out, "%u", (unsigned)result->redrive_count);
    }
    put_text(out, "RedriveStatus", result->redrive_status);
    put_text(out, "RedriveStatusReason", result->redrive_reason);
    put_date(out, "StartDate", result->start_ms);
    put_text(out, "StateMachineArn", result->state_machine_arn);
    put_text(out, "Status", result->status);
    put_date(out, "StopDate", result->stop_ms);
    wf_buf_u8(out, '}');
}
