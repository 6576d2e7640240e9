/* cli_pause.c - `moonstep pause` and `moonstep resume`. */
#include <stdio.h>
#include <stdlib.h>

#include "cli_client.h"
#include "json_write.h"

struct pausing {
    const struct wf_options *options;
    bool resumes;
    size_t done;
    int status; /* the worst so far */
};

static void worsen(struct pausing *pausing, int status) {
    if (status > pausing->status)
        pausing->status = status;
}

static bool is_machine(const char *name) {
    if (strncmp(name, "arn:", 4) == 0)
        return strstr(name, ":stateMachine:") != NULL;
    return strchr(name, ':') == NULL;
}

static void put_body(const struct pausing *pausing, const char *member,
                     struct wf_str arn, struct wf_buf *body) {
    const struct wf_options *options = pausing->options;
    bool of_machine = strcmp(member, "stateMachineArn") == 0;

    wf_buf_u8(body, '{');
    wf_json_text(body, member, arn);
    if (!pausing->resumes)
        wf_json_text_if(body, "reason",
                        wf_str(wf_option_text(options, "reason")));
    if (!pausing->resumes && of_machine && wf_option_flag(options, "new-only"))
        wf_json_raw(body, "includeRunning", "false");
    wf_buf_u8(body, '}');
}

static void print(struct pausing *pausing, struct wf_str arn,
                  struct wf_doc *reply, bool of_machine) {
    struct wf_buf line = {0}, count = {0};

    if (wf_option_flag(pausing->options, "json")) {
        worsen(pausing, wf_cli_print_json(reply));
        return;
    }
    if (of_machine &&
        wf_cli_member((struct wf_value){reply, 0}, "executions", &count))
        fprintf(stderr, "moonstep: %.*s running execution%s %s\n",
                (int)count.len, count.data,
                wf_str_eq(wf_cli_text(&count), WF_STR("1")) ? "" : "s",
                pausing->resumes ? "resumed" : "paused");
    wf_buf_addstr(&line, arn);
    if (!wf_cli_print_line(&line))
        worsen(pausing, WF_EXIT_ENGINE);
    wf_buf_free(&count);
    wf_buf_free(&line);
}

static void change(struct pausing *pausing, struct wf_str arn,
                   bool of_machine) {
    const char *member = of_machine ? "stateMachineArn" : "executionArn";
    const char *target =
        pausing->resumes
            ? of_machine ? "Moonstep.ResumeStateMachine"
                         : "Moonstep.ResumeExecution"
        : of_machine ? "Moonstep.PauseStateMachine"
                     : "Moonstep.PauseExecution";
    struct wf_buf body = {0};
    struct wf_doc *reply = NULL;
    int status;

    put_body(pausing, member, arn, &body);
    status = wf_cli_call(pausing->options, target, wf_cli_text(&body),
                         &reply);
    if (status == WF_EXIT_OK) {
        pausing->done++;
        print(pausing, arn, reply, of_machine);
    }
    worsen(pausing, status);
    wf_doc_unref(reply);
    wf_buf_free(&body);
}

static void change_found(void *arg, struct wf_str arn) {
    change(arg, arn, false);
}

static void add_reason(void *arg, struct wf_buf *body) {
    const struct pausing *pausing = arg;

    if (!pausing->resumes)
        wf_json_text_if(body, "reason",
                        wf_str(wf_option_text(pausing->options, "reason")));
}

static void was_changed(void *arg, struct wf_str arn) {
    struct pausing *pausing = arg;

    pausing->done++;
    print(pausing, arn, NULL, false);
}

static void is_refused(void *arg, struct wf_value refused) {
    worsen(arg, wf_cli_tell_refused(refused));
}

static void change_search(struct pausing *pausing) {
    static const char *const running[] = {"RUNNING", NULL};
    const char *verb = pausing->resumes ? "resume" : "pause";
    struct wf_cli_each each = {
        .options = pausing->options,
        .statuses = running,
        .act = wf_option_flag(pausing->options, "yes"),
        .run = change_found,
        .add = add_reason,
        .refused = is_refused,
        .arg = pausing,
    };
    size_t found = 0;

    if (!wf_option_flag(pausing->options, "json")) {
        each.bulk = pausing->resumes ? "Moonstep.BulkResumeExecutions"
                                     : "Moonstep.BulkPauseExecutions";
        each.run = was_changed;
    }

    worsen(pausing, wf_cli_each_found(&each, &found));
    if (each.act)
        fprintf(stderr, "moonstep: %zu of %zu %sd\n", pausing->done, found,
                verb);
    else if (pausing->status == WF_EXIT_OK)
        worsen(pausing, wf_cli_fail(WF_EXIT_USAGE, "this would %s %zu "
                                    "running execution%s; add --yes", verb,
                                    found, found == 1 ? "" : "s"));
}

int wf_cli_pause(const struct wf_options *options) {
    struct pausing pausing = {
        .options = options,
        .resumes =
            wf_options_command(options)->bit == WF_COMMAND_RESUME,
    };
    const char *name = wf_options_arg(options, 0);

    if ((name != NULL) == wf_option_flag(options, "search"))
        return wf_cli_fail(WF_EXIT_USAGE, "%s: give executions or state "
                           "machines, or --search",
                           pausing.resumes ? "resume" : "pause");
    if (!name)
        change_search(&pausing);
    for (unsigned i = 0; (name = wf_options_arg(options, i)) != NULL; i++) {
        bool of_machine = is_machine(name);
        struct wf_buf arn = {0};

        wf_cli_arn(options, of_machine ? "stateMachine" : "execution", name,
                   &arn);
        change(&pausing, wf_cli_text(&arn), of_machine);
        wf_buf_free(&arn);
    }
    return pausing.status;
}
