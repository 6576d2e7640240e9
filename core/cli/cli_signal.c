/* cli_signal.c - `moonstep signal`. */
#include <stdlib.h>

#include "cli_client.h"
#include "json_write.h"

static int send_it(const struct wf_options *options, struct wf_str payload) {
    struct wf_buf body = {0}, arn = {0};
    struct wf_doc *reply = NULL;
    int status;

    wf_cli_arn(options, "execution", wf_options_arg(options, 0), &arn);
    wf_buf_u8(&body, '{');
    wf_json_text(&body, "executionArn", wf_cli_text(&arn));
    wf_json_text(&body, "name", wf_str(wf_options_arg(options, 1)));
    wf_json_text_if(&body, "payload", payload);
    wf_json_text_if(&body, "id", wf_str(wf_option_text(options, "id")));
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, "Moonstep.SendSignal", wf_cli_text(&body),
                         &reply);
    if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    wf_doc_unref(reply);
    wf_buf_free(&body);
    wf_buf_free(&arn);
    return status;
}

int wf_cli_signal(const struct wf_options *options) {
    const char *given = wf_options_arg(options, 2);
    struct wf_buf payload = {0};
    struct wf_error err;
    int status;

    if (given && wf_cli_text_of(given, &payload, &err) != 0)
        status = wf_cli_fail(WF_EXIT_USAGE, "the payload: %s", err.message);
    else
        status = send_it(options, given ? wf_cli_text(&payload)
                                        : WF_STR_NULL);
    wf_buf_free(&payload);
    return status;
}
