/* api_graph.c - Moonstep.LayoutGraph: where the parts of a definition's picture
 * stand. See api_call.h and core/engine/machines/definition.c. */
#include "api_call.h"

static void on_layout(void *arg, const struct wf_refusal *refusal,
                      struct wf_str layout) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_addstr(call->out, layout);
    wf_api_done(call);
}

static void lay_out(struct wf_api_call *call,
                    struct wf_api_request *request) {
    struct wf_layout_graph ask = {
        .definition = wf_api_text(request, "definition"),
        .arn = wf_api_text(request, "stateMachineArn"),
    };

    if (!ask.definition.data == !ask.arn.data)
        wf_api_fail(call, "ValidationException",
                    WF_STR("Either definition or stateMachineArn must be "
                           "given."));
    else
        wf_engine_layout_graph(call->engine, &ask, on_layout, call);
}

const struct wf_api_operation wf_api_graph[] = {
    {"LayoutGraph", lay_out, WF_RIGHT_VIEW},
    {0},
};
