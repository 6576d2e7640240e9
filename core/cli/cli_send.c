/* cli_send.c - `moonstep send`: answers tasks that wait for their token. */
#include <stdlib.h>

#include "cli_client.h"
#include "json_write.h"

/* What can be sent, and what may come with it. */
static const struct action {
    const char *name, *target;
    bool has_output, has_error;
} ACTIONS[] = {
    {"success", "AWSStepFunctions.SendTaskSuccess", true, false},
    {"failure", "AWSStepFunctions.SendTaskFailure", false, true},
    {"heartbeat", "AWSStepFunctions.SendTaskHeartbeat", false, false},
    {NULL, NULL, false, false},
};

static const struct action *find(const char *name) {
    const struct action *action = ACTIONS;
    while (action->name && strcmp(action->name, name) != 0)
        action++;
    return action->name ? action : NULL;
}

/* What is given that does not belong to the action; NULL: nothing. */
static const char *stray(const struct wf_options *options,
                         const struct action *action) {
    if (!action->has_output && wf_option_given(options, "output"))
        return "output";
    if (!action->has_error && wf_option_given(options, "error"))
        return "error";
    return !action->has_error && wf_option_given(options, "cause") ? "cause"
                                                                   : NULL;
}

static int read_output(const struct wf_options *options,
                       const struct action *action, struct wf_buf *body) {
    struct wf_buf output = {0};
    struct wf_error err;
    int status = WF_EXIT_OK;

    if (!action->has_output)
        return WF_EXIT_OK;
    if (wf_cli_text_of(wf_option_text(options, "output"), &output, &err) != 0)
        status = wf_cli_fail(WF_EXIT_USAGE, "--output: %s", err.message);
    else
        wf_json_text(body, "output", wf_cli_text(&output));
    wf_buf_free(&output);
    return status;
}

static int send_it(const struct wf_options *options,
                   const struct action *action, const char *token) {
    struct wf_buf body = {0};
    struct wf_doc *reply = NULL;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, "taskToken", wf_str(token));
    int status = read_output(options, action, &body);
    if (action->has_error) {
        wf_json_text_if(&body, "error",
                        wf_str(wf_option_text(options, "error")));
        wf_json_text_if(&body, "cause",
                        wf_str(wf_option_text(options, "cause")));
    }
    wf_buf_u8(&body, '}');
    if (status == WF_EXIT_OK)
        status = wf_cli_call(options, action->target, wf_cli_text(&body),
                             &reply);
    if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    wf_doc_unref(reply);
    wf_buf_free(&body);
    return status;
}

int wf_cli_send(const struct wf_options *options) {
    const char *name = wf_options_arg(options, 0);
    const struct action *action = find(name);

    if (action == NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "send: \"%s\" is none of success, "
                           "failure, heartbeat", name);
    if (stray(options, action) != NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "send %s has no --%s", name,
                           stray(options, action));
    return send_it(options, action, wf_options_arg(options, 1));
}
