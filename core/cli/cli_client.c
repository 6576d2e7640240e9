/* cli_client.c - start and show, and what such commands share. See
 * cli_client.h. */
#include "cli_client.h"

#include <stdio.h>

#include "json_write.h"
#include "term.h"

enum { POLL_S = 50 }; /* less than what proxies end connections after */

bool wf_cli_print_line(struct wf_buf *line) {
    bool is_printed;

    while (line->len > 0 && line->data[line->len - 1] == ' ')
        line->len--;
    wf_buf_u8(line, '\n');
    is_printed = wf_cli_print(wf_cli_text(line));
    line->len = 0;
    return is_printed;
}

int wf_cli_print_json(struct wf_doc *reply) {
    struct wf_buf line = {0};
    bool is_printed;

    wf_buf_addstr(&line, wf_doc_text(reply));
    is_printed = wf_cli_print_line(&line);
    wf_buf_free(&line);
    return is_printed ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

int wf_cli_call_arn(const struct wf_options *options, const char *target,
                    const char *member, struct wf_str arn,
                    struct wf_doc **reply) {
    struct wf_buf body = {0};
    int status;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, member, arn);
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, target, wf_cli_text(&body), reply);
    wf_buf_free(&body);
    return status;
}

/* ---- an execution ---- */

bool wf_cli_has_status(struct wf_value execution, const char *status) {
    struct wf_buf text = {0};
    bool is_it = wf_cli_member(execution, "status", &text) &&
                 wf_str_eq(wf_cli_text(&text), wf_str(status));

    wf_buf_free(&text);
    return is_it;
}

int wf_cli_tell_failure(struct wf_value execution) {
    struct wf_buf line = {0}, text = {0};

    wf_cli_member(execution, "status", &line);
    if (wf_cli_member(execution, "error", &text))
        wf_buf_addf(&line, "\n  Error: %.*s", (int)text.len, text.data);
    text.len = 0;
    if (wf_cli_member(execution, "cause", &text))
        wf_buf_addf(&line, "\n  Cause: %.*s", (int)text.len, text.data);
    wf_cli_fail(WF_EXIT_FAILED, "%.*s", (int)line.len, line.data);
    wf_buf_free(&line);
    wf_buf_free(&text);
    return WF_EXIT_FAILED;
}

/* Its output on stdout, or why there is none on stderr. */
static int print_result(struct wf_value execution) {
    struct wf_buf line = {0};
    int status;

    if (!wf_cli_has_status(execution, "SUCCEEDED"))
        return wf_cli_tell_failure(execution);
    wf_cli_member(execution, "output", &line);
    status = wf_cli_print_line(&line) ? WF_EXIT_OK : WF_EXIT_ENGINE;
    wf_buf_free(&line);
    return status;
}

/* Until it is not RUNNING any more; `reply` describes it then. */
static int wait_for_end(struct wf_cli_session *session, struct wf_str arn,
                        struct wf_doc **reply) {
    struct wf_buf body = {0};
    int status;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, "executionArn", arn);
    wf_json_integer(&body, "timeoutSeconds", POLL_S);
    wf_buf_u8(&body, '}');
    do {
        wf_doc_unref(*reply);
        status = wf_cli_session_call(session, "Moonstep.WaitForExecution",
                                     wf_cli_text(&body), reply);
    } while (status == WF_EXIT_OK &&
             wf_cli_has_status((struct wf_value){*reply, 0}, "RUNNING"));
    wf_buf_free(&body);
    return status;
}

static int await_end(const struct wf_options *options, struct wf_str arn) {
    struct wf_error err = {0};
    struct wf_cli_session *session = wf_cli_session_new(options, &err);
    struct wf_doc *reply = NULL;
    int status;

    if (session == NULL)
        return wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    wf_cli_session_reached(session); /* it has started the execution */
    status = wait_for_end(session, arn, &reply);
    wf_cli_session_free(session);
    if (status != WF_EXIT_OK)
        return status;
    if (!wf_option_flag(options, "json"))
        status = print_result((struct wf_value){reply, 0});
    else if ((status = wf_cli_print_json(reply)) == WF_EXIT_OK &&
             !wf_cli_has_status((struct wf_value){reply, 0}, "SUCCEEDED"))
        status = WF_EXIT_FAILED;
    wf_doc_unref(reply);
    return status;
}

/* ---- start ---- */

static bool is_file(const char *argument) {
    size_t len = strlen(argument);

    return len > 5 && strcmp(argument + len - 5, ".json") == 0 &&
           strncmp(argument, "arn:", 4) != 0;
}

static int start_execution(const struct wf_options *options,
                           struct wf_str machine, struct wf_str input,
                           struct wf_doc **reply) {
    const char *name = wf_option_text(options, "name");
    struct wf_buf body = {0};
    int status;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, "stateMachineArn", machine);
    wf_json_text_if(&body, "name", wf_str(name));
    wf_json_text(&body, "input", input);
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, "AWSStepFunctions.StartExecution",
                         wf_cli_text(&body), reply);
    wf_buf_free(&body);
    return status;
}

/* The ARN is the output, unless --wait promises another. */
int wf_cli_started(const struct wf_options *options,
                   struct wf_doc *reply) {
    struct wf_buf arn = {0};
    int status = WF_EXIT_OK;

    wf_cli_member((struct wf_value){reply, 0}, "executionArn", &arn);
    if (wf_option_flag(options, "wait")) {
        fprintf(stderr, "%.*s\n", (int)arn.len, arn.data);
        status = await_end(options, wf_cli_text(&arn));
    } else if (wf_option_flag(options, "json")) {
        status = wf_cli_print_json(reply);
    } else if (!wf_cli_print_line(&arn)) {
        status = WF_EXIT_ENGINE;
    }
    wf_buf_free(&arn);
    return status;
}

static int client_start(const struct wf_options *options) {
    const char *argument = wf_options_arg(options, 0);
    struct wf_buf input = {0}, arn = {0};
    struct wf_error err = {0};
    struct wf_doc *reply = NULL;
    int status = WF_EXIT_OK;

    if (wf_cli_input(options, &input, &err) != 0)
        return wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    if (is_file(argument))
        status = wf_cli_create_machine(options, argument, false, &arn);
    else
        wf_cli_arn(options, "stateMachine", argument, &arn);
    if (status == WF_EXIT_OK)
        status = start_execution(options, wf_cli_text(&arn),
                                 wf_cli_text(&input), &reply);
    if (status == WF_EXIT_OK)
        status = wf_cli_started(options, reply);
    wf_doc_unref(reply);
    wf_buf_free(&input);
    wf_buf_free(&arn);
    return status;
}

/* ---- show ---- */

void wf_cli_add_date(struct wf_buf *line, int64_t ms) {
    if (ms > 0)
        wf_term_date(line, ms);
    wf_buf_adds(line, "  ");
}

void wf_cli_add_duration(struct wf_buf *line, struct wf_value execution) {
    int64_t start_ms = wf_cli_member_ms(execution, "startDate");
    int64_t stop_ms = wf_cli_member_ms(execution, "stopDate");

    if (stop_ms > 0)
        wf_term_duration(line, stop_ms - start_ms);
}

bool wf_cli_show_member(struct wf_value object, const char *title,
                        const char *member) {
    struct wf_buf line = {0}, text = {0};
    bool is_printed = true;

    if (wf_cli_member(object, member, &text)) {
        wf_buf_addf(&line, "%-10s", title);
        wf_term_text(&line, wf_cli_text(&text), SIZE_MAX, true);
        is_printed = wf_cli_print_line(&line);
    }
    wf_buf_free(&line);
    wf_buf_free(&text);
    return is_printed;
}

bool wf_cli_show_times(struct wf_value execution) {
    static const char *const members[][2] = {{"started", "startDate"},
                                             {"ended", "stopDate"}};
    struct wf_buf line = {0};
    bool is_printed = true;

    for (size_t i = 0; i < 2 && is_printed; i++) {
        int64_t ms = wf_cli_member_ms(execution, members[i][1]);

        if (ms == 0)
            continue;
        wf_buf_addf(&line, "%-10s", members[i][0]);
        wf_cli_add_date(&line, ms);
        if (i == 1)
            wf_cli_add_duration(&line, execution);
        is_printed = wf_cli_print_line(&line);
    }
    wf_buf_free(&line);
    return is_printed;
}

static bool show_pause(struct wf_value execution) {
    int64_t ms = wf_cli_member_ms(execution, "pausedDate");
    struct wf_buf line = {0};
    bool is_printed;

    if (ms == 0)
        return true;
    wf_buf_addf(&line, "%-10s", "paused");
    wf_cli_add_date(&line, ms);
    is_printed = wf_cli_print_line(&line) &&
                 wf_cli_show_member(execution, "reason", "pauseReason");
    wf_buf_free(&line);
    return is_printed;
}

/* Where a fork comes from, and how often it was redriven. */
static bool show_past(struct wf_value execution) {
    struct wf_value own, origin;
    struct wf_buf line = {0}, text = {0};
    bool is_printed = true;

    if (wf_value_member(execution, WF_STR("moonstep"), &own) &&
        wf_value_member(own, WF_STR("forkedFrom"), &origin)) {
        wf_buf_addf(&line, "%-10s", "forked");
        wf_cli_member(origin, "executionArn", &line);
        wf_buf_adds(&line, "  from event ");
        wf_cli_member(origin, "eventId", &line);
        is_printed = wf_cli_print_line(&line);
    }
    if (is_printed && wf_cli_member(execution, "redriveCount", &text) &&
        !wf_str_eq(wf_cli_text(&text), WF_STR("0"))) {
        line.len = 0;
        wf_buf_addf(&line, "%-10s", "redriven");
        wf_cli_add_date(&line, wf_cli_member_ms(execution, "redriveDate"));
        wf_buf_addf(&line, "redrive %.*s", (int)text.len, text.data);
        is_printed = wf_cli_print_line(&line);
    }
    wf_buf_free(&line);
    wf_buf_free(&text);
    return is_printed;
}

static int print_execution(struct wf_value execution) {
    bool is_printed = wf_cli_show_member(execution, "name", "name") &&
                      wf_cli_show_member(execution, "machine",
                                         "stateMachineArn") &&
                      wf_cli_show_member(execution, "version",
                                         "stateMachineVersionArn") &&
                      wf_cli_show_member(execution, "alias",
                                         "stateMachineAliasArn") &&
                      wf_cli_show_member(execution, "map run", "mapRunArn") &&
                      wf_cli_show_member(execution, "status", "status") &&
                      show_pause(execution) &&
                      wf_cli_show_times(execution) &&
                      show_past(execution) &&
                      wf_cli_show_member(execution, "input", "input") &&
                      wf_cli_show_member(execution, "output", "output") &&
                      wf_cli_show_member(execution, "error", "error") &&
                      wf_cli_show_member(execution, "cause", "cause");

    return is_printed ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

static int show_execution(const struct wf_options *options,
                          struct wf_str arn) {
    struct wf_doc *reply = NULL;
    int status =
        wf_cli_call_arn(options, "AWSStepFunctions.DescribeExecution",
                        "executionArn", arn, &reply);

    if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    else if (status == WF_EXIT_OK)
        status = print_execution((struct wf_value){reply, 0});
    wf_doc_unref(reply);
    return status;
}

static int client_show(const struct wf_options *options) {
    const char *name = wf_options_arg(options, 0);
    struct wf_buf arn = {0};
    int status;

    wf_cli_arn(options, "execution", name, &arn);
    status = strncmp(name, "arn:", 4) == 0 && strstr(name, ":mapRun:")
                 ? wf_cli_show_map_run(options, wf_cli_text(&arn))
                 : show_execution(options, wf_cli_text(&arn));
    wf_buf_free(&arn);
    return status;
}

int wf_cli_client(const struct wf_options *options) {
    switch (wf_options_command(options)->bit) {
    case WF_COMMAND_START:
        return client_start(options);
    case WF_COMMAND_SHOW:
        return client_show(options);
    case WF_COMMAND_STOP:
        return wf_cli_stop(options);
    case WF_COMMAND_PAUSE:
    case WF_COMMAND_RESUME:
        return wf_cli_pause(options);
    case WF_COMMAND_SIGNAL:
        return wf_cli_signal(options);
    case WF_COMMAND_VARS:
        return wf_cli_vars(options);
    case WF_COMMAND_BACKUP:
        return wf_cli_backup(options);
    case WF_COMMAND_NOTIFICATIONS:
        return wf_cli_notifications(options);
    case WF_COMMAND_SCHEDULE:
        return wf_cli_schedule(options);
    case WF_COMMAND_TRIGGERS:
        return wf_cli_triggers(options);
    case WF_COMMAND_TOP:
        return wf_cli_top(options);
    case WF_COMMAND_STATS:
        return wf_cli_stats(options);
    case WF_COMMAND_REDRIVE:
        return wf_cli_redrive(options);
    case WF_COMMAND_FORK:
        return wf_cli_fork(options);
    case WF_COMMAND_SEND:
        return wf_cli_send(options);
    case WF_COMMAND_LIST:
    case WF_COMMAND_SEARCH:
    case WF_COMMAND_MAP_RUNS:
        return wf_cli_pages(options);
    case WF_COMMAND_HISTORY:
        return wf_option_flag(options, "follow") ? wf_cli_follow(options)
                                                 : wf_cli_pages(options);
    case WF_COMMAND_VERSIONS:
    case WF_COMMAND_ALIASES:
        return wf_cli_pages(options);
    case WF_COMMAND_PUBLISH:
        return wf_cli_publish(options);
    case WF_COMMAND_ALIAS:
        return wf_cli_alias(options);
    case WF_COMMAND_MACHINES:
        if (wf_options_arg(options, 0) == NULL)
            return wf_cli_pages(options);
        return wf_cli_machines(options);
    default:
        return wf_cli_machines(options);
    }
}
