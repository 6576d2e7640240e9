/* cli_redrive.c - `moonstep redrive`. */
#include <stdio.h>
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

struct redriving {
    const struct wf_options *options;
    size_t redriven;
    int status; /* the worst so far */
};

static void redrive_found(void *arg, struct wf_str arn) {
    struct redriving *redriving = arg;
    int status = redrive_one(redriving->options, arn);

    if (status == WF_EXIT_OK)
        redriving->redriven++;
    else if (status > redriving->status)
        redriving->status = status;
}

static int redrive_search(const struct wf_options *options) {
    static const char *const failed[] = {"FAILED", "TIMED_OUT", "ABORTED",
                                         NULL};
    struct redriving redriving = {.options = options};
    struct wf_cli_each each = {
        .options = options,
        .statuses = failed,
        .act = wf_option_flag(options, "yes"),
        .run = redrive_found,
        .arg = &redriving,
    };
    size_t found = 0;
    int status = wf_cli_each_found(&each, &found);

    if (status == WF_EXIT_OK && !each.act)
        return wf_cli_fail(WF_EXIT_USAGE, "this would redrive %zu "
                           "execution%s; add --yes", found,
                           found == 1 ? "" : "s");
    if (each.act)
        fprintf(stderr, "moonstep: %zu of %zu redriven\n",
                redriving.redriven, found);
    return status > redriving.status ? status : redriving.status;
}

static int check_options(const struct wf_options *options) {
    bool has_args = wf_options_arg(options, 0) != NULL;

    if (has_args == wf_option_flag(options, "search"))
        return wf_cli_fail(WF_EXIT_USAGE, "redrive: give executions, or "
                           "--search");
    return WF_EXIT_OK;
}

int wf_cli_redrive(const struct wf_options *options) {
    const char *name;
    int worst = check_options(options);

    if (worst != WF_EXIT_OK)
        return worst;
    if (wf_option_flag(options, "search"))
        return redrive_search(options);
    for (unsigned i = 0; (name = wf_options_arg(options, i)) != NULL; i++) {
        struct wf_buf arn = {0};
        wf_cli_arn(options, "execution", name, &arn);
        int status = redrive_one(options, wf_cli_text(&arn));
        worst = status > worst ? status : worst;
        wf_buf_free(&arn);
    }
    return worst;
}
