/* cli_fork.c - `moonstep fork`. */
#include <stdlib.h>

#include "cli_client.h"
#include "json_write.h"

static int ask(const struct wf_options *options, struct wf_str arn,
               int64_t event, struct wf_doc **reply) {
    const char *name = wf_option_text(options, "name");
    struct wf_buf body = {0};
    int status = wf_cli_read_fix(options, &body);

    if (status == WF_EXIT_OK) {
        wf_json_text(&body, "executionArn", arn);
        wf_json_integer(&body, "eventId", event);
        wf_json_text_if(&body, "name", wf_str(name));
        wf_buf_u8(&body, '}');
        status = wf_cli_call(options, "Moonstep.ForkExecution",
                             wf_cli_text(&body), reply);
    }
    wf_buf_free(&body);
    return status;
}

static int show(const struct wf_options *options, struct wf_str arn,
                struct wf_doc *reply) {
    if (!wf_option_flag(options, "dry-run"))
        return wf_cli_started(options, reply);
    if (wf_option_flag(options, "json"))
        return wf_cli_print_json(reply);
    return wf_cli_print_place(arn, (struct wf_value){reply, 0}, "forkable");
}

int wf_cli_fork(const struct wf_options *options) {
    const char *event = wf_options_arg(options, 1);
    struct wf_doc *reply = NULL;
    struct wf_buf arn = {0};
    size_t digits = strspn(event, "0123456789");
    int status;

    if (digits == 0 || digits > 18 || event[digits] != '\0')
        return wf_cli_fail(WF_EXIT_USAGE, "fork: \"%s\" is no number of an "
                           "event; `moonstep history` shows them", event);
    wf_cli_arn(options, "execution", wf_options_arg(options, 0), &arn);
    status = ask(options, wf_cli_text(&arn), strtoll(event, NULL, 10),
                 &reply);
    if (status == WF_EXIT_OK)
        status = show(options, wf_cli_text(&arn), reply);
    wf_doc_unref(reply);
    wf_buf_free(&arn);
    return status;
}
