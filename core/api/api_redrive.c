/* api_redrive.c - RedriveExecution with a fix, ForkExecution. See
 * api_call.h. */
#include "api_call.h"
#include "json_write.h"

struct wf_fix wf_api_fix(struct wf_api_request *request) {
    return (struct wf_fix){
        .version_arn = wf_api_text(request, "stateMachineVersionArn"),
        .revision = wf_api_text(request, "revision"),
        .from_state = wf_api_text(request, "fromState"),
        .input = wf_api_text(request, "input"),
        .variables = wf_api_text(request, "variables"),
        .is_dry = wf_api_flag(request, "dryRun", false),
    };
}

/* Where it goes on, with what; or that it can't. */
static void put_place(struct wf_buf *out,
                      const struct wf_redriven_reply *reply) {
    if (!reply->redrive_ms)
        wf_json_raw(out, "redrivable",
                    reply->is_redrivable ? "true" : "false");
    wf_json_text_if(out, "reason", reply->reason);
    wf_json_text_if(out, "state", reply->state);
    wf_json_text_if(out, "revisionId", reply->revision_id);
}

static void on_redriven(void *arg, const struct wf_refusal *refusal,
                        const struct wf_redriven_reply *reply) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    if (reply->redrive_ms)
        wf_json_time(call->out, "redriveDate", reply->redrive_ms);
    put_place(call->out, reply);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void redrive(struct wf_api_call *call,
                    struct wf_api_request *request) {
    const struct wf_fix fix = wf_api_fix(request);
    const struct wf_redrive_execution ask = {
        .execution_arn = wf_api_text(request, "executionArn"),
        .client_token = wf_api_text(request, "clientToken"),
        .fix = &fix,
    };
    wf_engine_redrive_execution(call->engine, &ask, on_redriven, call);
}

static void on_forked(void *arg, const struct wf_refusal *refusal,
                      const struct wf_forked_reply *reply) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    if (reply->arn.data != NULL) {
        wf_json_text(call->out, "executionArn", reply->arn);
        wf_json_time(call->out, "startDate", reply->start_ms);
    } else {
        wf_json_raw(call->out, "forkable",
                    reply->is_forkable ? "true" : "false");
    }
    wf_json_text_if(call->out, "reason", reply->reason);
    wf_json_text_if(call->out, "state", reply->state);
    wf_json_text_if(call->out, "revisionId", reply->revision_id);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void fork_execution(struct wf_api_call *call,
                           struct wf_api_request *request) {
    const struct wf_fix fix = wf_api_fix(request);
    const struct wf_fork_execution ask = {
        .execution_arn = wf_api_text(request, "executionArn"),
        .event = (uint64_t)wf_api_integer(request, "eventId", 1),
        .name = wf_api_text(request, "name"),
        .fix = &fix,
    };
    wf_engine_fork_execution(call->engine, &ask, on_forked, call);
}

const struct wf_api_operation wf_api_redrive[] = {
    {"ForkExecution", fork_execution, WF_RIGHT_OPERATE},
    {"RedriveExecution", redrive, WF_RIGHT_OPERATE},
    {0},
};
