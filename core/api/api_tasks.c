/* api_tasks.c - the operations of those who answer tasks. See api_call.h. */
#include "api_call.h"

static void send_success(struct wf_api_call *call,
                         struct wf_api_request *request) {
    struct wf_send_task ask = {
        .token = wf_api_text(request, "taskToken"),
        .output = wf_api_text(request, "output"),
    };
    ask.output_buf = wf_api_buf(request, ask.output);
    wf_engine_send_task_success(call->engine, &ask, wf_api_answer_done, call);
}

static void send_failure(struct wf_api_call *call,
                         struct wf_api_request *request) {
    struct wf_send_task ask = {
        .token = wf_api_text(request, "taskToken"),
        .error = wf_api_text(request, "error"),
        .cause = wf_api_text(request, "cause"),
    };
    wf_engine_send_task_failure(call->engine, &ask, wf_api_answer_done, call);
}

static void send_heartbeat(struct wf_api_call *call,
                           struct wf_api_request *request) {
    wf_engine_send_task_heartbeat(call->engine,
                                  wf_api_text(request, "taskToken"),
                                  wf_api_answer_done, call);
}

const struct wf_api_operation wf_api_tasks[] = {
    {"SendTaskSuccess", send_success, WF_RIGHT_WORK},
    {"SendTaskFailure", send_failure, WF_RIGHT_WORK},
    {"SendTaskHeartbeat", send_heartbeat, WF_RIGHT_WORK},
    {0},
};
