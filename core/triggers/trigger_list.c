/* trigger_list.c - what is shown of triggers. See triggers.h. */
#include "json_write.h"
#include "triggers_impl.h"

static void put_counts(const struct wf_trigger_counts *counts,
                       struct wf_buf *out) {
    wf_json_integer(out, "started", (int64_t)counts->started);
    wf_json_integer(out, "repeated", (int64_t)counts->repeated);
    wf_json_integer(out, "refused", (int64_t)counts->refused);
    wf_json_integer(out, "failed", (int64_t)counts->failed);
    if (counts->last_ms)
        wf_json_time(out, "lastStartDate", counts->last_ms);
    wf_json_text_if(out, "lastExecutionArn", wf_str(counts->last_arn));
    if (counts->error_ms)
        wf_json_time(out, "lastErrorDate", counts->error_ms);
    wf_json_text_if(out, "lastError", wf_str(counts->error));
}

static void put_place(const struct wf_triggers *triggers,
                      const struct wf_trigger *trigger, struct wf_buf *out) {
    struct wf_buf path = {0};

    if (trigger->kind == WF_TRIGGER_HOOK) {
        wf_json_text(out, "type", WF_STR("HOOK"));
        wf_buf_addf(&path, "/hooks/%s", trigger->name);
        wf_json_text(out, "path", (struct wf_str){path.data, path.len});
        wf_buf_free(&path);
        return;
    }
    wf_json_text(out, "type", WF_STR("WATCH"));
    wf_json_text(out, "directory", wf_str(trigger->watch.directory));
    wf_json_integer(out, "pending",
                    (int64_t)wf_watch_pending(triggers, trigger));
}

void wf_triggers_list(const struct wf_triggers *triggers,
                      struct wf_buf *out) {
    wf_buf_u8(out, '[');
    for (size_t i = 0; triggers->set && i < triggers->set->count; i++) {
        const struct wf_trigger *trigger = &triggers->set->triggers[i];
        wf_json_comma(out);
        wf_buf_u8(out, '{');
        wf_json_text(out, "name", wf_str(trigger->name));
        put_place(triggers, trigger, out);
        wf_json_text(out, "stateMachineArn", wf_str(trigger->arn));
        put_counts(&trigger->counts, out);
        wf_buf_u8(out, '}');
    }
    wf_buf_u8(out, ']');
}
