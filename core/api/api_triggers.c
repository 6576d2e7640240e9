/* api_triggers.c - Moonstep.ListTriggers: webhooks and watched directories,
 * and what has become of them. See api_call.h. */
#include "api_call.h"
#include "triggers.h"

static void list(struct wf_api_call *call, struct wf_api_request *request) {
    (void)request;
    wf_buf_adds(call->out, "{\"triggers\":");
    if (call->triggers)
        wf_triggers_list(call->triggers, call->out);
    else
        wf_buf_adds(call->out, "[]");
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

const struct wf_api_operation wf_api_triggers[] = {
    {"ListTriggers", list, WF_RIGHT_VIEW},
    {0},
};
