/* api_pause.c - pausing and resuming executions and state machines, signals
 * into executions. See api_call.h. */
#include "api_call.h"
#include "json_write.h"

static void on_execution(void *arg, const struct wf_refusal *refusal,
                         const struct wf_execution_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    wf_json_text(out, "executionArn", reply->arn);
    wf_json_text(out, "status",
                 wf_str(wf_execution_status_name(reply->status)));
    wf_api_put_pause(out, reply);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void pause_execution(struct wf_api_call *call,
                            struct wf_api_request *request) {
    wf_engine_pause_execution(call->engine,
                              wf_api_text(request, "executionArn"),
                              wf_api_text(request, "reason"), on_execution,
                              call);
}

static void resume_execution(struct wf_api_call *call,
                             struct wf_api_request *request) {
    wf_engine_resume_execution(call->engine,
                               wf_api_text(request, "executionArn"),
                               on_execution, call);
}

static void on_machine(void *arg, const struct wf_refusal *refusal,
                       const struct wf_machine_pause_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    wf_json_text(out, "stateMachineArn", reply->arn);
    if (reply->paused_ms)
        wf_json_time(out, "pausedDate", reply->paused_ms);
    wf_json_text_if(out, "pauseReason", reply->reason);
    wf_json_integer(out, "executions", (int64_t)reply->executions);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void pause_machine(struct wf_api_call *call,
                          struct wf_api_request *request) {
    const struct wf_pause_state_machine ask = {
        .arn = wf_api_text(request, "stateMachineArn"),
        .reason = wf_api_text(request, "reason"),
        .running = wf_api_flag(request, "includeRunning", true),
    };
    wf_engine_pause_state_machine(call->engine, &ask, on_machine, call);
}

static void resume_machine(struct wf_api_call *call,
                           struct wf_api_request *request) {
    wf_engine_resume_state_machine(call->engine,
                                   wf_api_text(request, "stateMachineArn"),
                                   on_machine, call);
}

static void send_signal(struct wf_api_call *call,
                        struct wf_api_request *request) {
    const struct wf_send_signal ask = {
        .execution_arn = wf_api_text(request, "executionArn"),
        .name = wf_api_text(request, "name"),
        .payload = wf_api_text(request, "payload"),
        .id = wf_api_text(request, "id"),
    };
    wf_engine_send_signal(call->engine, &ask, wf_api_answer_done, call);
}

const struct wf_api_operation wf_api_pause[] = {
    {"SendSignal", send_signal, WF_RIGHT_WORK},
    {"PauseExecution", pause_execution, WF_RIGHT_OPERATE},
    {"ResumeExecution", resume_execution, WF_RIGHT_OPERATE},
    {"PauseStateMachine", pause_machine, WF_RIGHT_OPERATE},
    {"ResumeStateMachine", resume_machine, WF_RIGHT_OPERATE},
    {0},
};
