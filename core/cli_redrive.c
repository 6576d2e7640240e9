/* cli_redrive.c - `moonstep redrive`. */
#include <stdlib.h>

#include "cli_client.h"
#include "term.h"

static int redrive_one(const struct wf_options *options, struct wf_str arn) {
    struct wf_buf line = {0};
    struct wf_doc *reply = NULL;
    int status = wf_cli_call_arn(options, "AWSStepFunctions.RedriveExecution",
                                 "executionArn", arn, &reply);

    if (status == WF_EXIT_OK && wf_option_flag(options, "json")) {
        status = wf_cli_print_json(reply);
    } else if (status == WF_EXIT_OK) {
        wf_buf_addstr(&line, arn);
        if (!wf_cli_print_line(&line))
            status = WF_EXIT_ENGINE;
    }
    wf_buf_free(&line);
    wf_doc_unref(reply);
    return status;
}

int wf_cli_redrive(const struct wf_options *options) {
    const char *name;
    int worst = WF_EXIT_OK;

    for (unsigned i = 0; (name = wf_options_arg(options, i)) != NULL; i++) {
        struct wf_buf arn = {0};
        wf_cli_arn(options, "execution", name, &arn);
        int status = redrive_one(options, wf_cli_text(&arn));
        worst = status > worst ? status : worst;
        wf_buf_free(&arn);
    }
    return worst;
}
