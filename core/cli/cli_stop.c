/*
 * cli_stop.c - `moonstep stop`.
 *
 * StopExecution leaves an execution that has ended as it is and does not say
 * so; people want to know. So each is described first, and afterwards, since
 * it may have ended by itself in between.
 */
#include "cli_client.h"

#include <stdio.h>
#include <stdlib.h>

#include "json_write.h"
#include "term.h"

enum { PAGE = 1000 };

struct stopping {
    const struct wf_options *options;
    size_t stopped;
    int status; /* the worst so far */
};

static void worsen(struct stopping *stopping, int status) {
    if (status > stopping->status)
        stopping->status = status;
}

static int call_stop(const struct wf_options *options, struct wf_str arn) {
    struct wf_buf body = {0};
    struct wf_doc *reply = NULL;
    int status;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, "executionArn", arn);
    wf_json_text_if(&body, "error", wf_str(wf_option_text(options, "error")));
    wf_json_text_if(&body, "cause", wf_str(wf_option_text(options, "cause")));
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, "AWSStepFunctions.StopExecution",
                         wf_cli_text(&body), &reply);
    wf_doc_unref(reply);
    wf_buf_free(&body);
    return status;
}

static int describe(const struct stopping *stopping, struct wf_str arn,
                    struct wf_doc **reply) {
    return wf_cli_call_arn(stopping->options,
                           "AWSStepFunctions.DescribeExecution",
                           "executionArn", arn, reply);
}

static void tell_ended(struct wf_str arn, struct wf_value execution) {
    struct wf_buf line = {0};

    wf_buf_addf(&line, "%.*s has already ended: ", (int)arn.len, arn.data);
    wf_cli_member(execution, "status", &line);
    wf_buf_adds(&line, ", ");
    wf_cli_add_date(&line, wf_cli_member_ms(execution, "stopDate"));
    while (line.len > 0 && line.data[line.len - 1] == ' ')
        line.len--;
    wf_cli_fail(WF_EXIT_OK, "%.*s", (int)line.len, line.data);
    wf_buf_free(&line);
}

static void print_stopped(struct stopping *stopping, struct wf_str arn,
                          struct wf_doc *reply) {
    struct wf_buf line = {0};

    stopping->stopped++;
    if (wf_option_flag(stopping->options, "json")) {
        worsen(stopping, wf_cli_print_json(reply));
        return;
    }
    wf_buf_addstr(&line, arn);
    if (!wf_cli_print_line(&line))
        worsen(stopping, WF_EXIT_ENGINE);
    wf_buf_free(&line);
}

/* An execution whose stop is acknowledged may go on for a moment with
 * ending what it had begun: that is stopped, too. */
static bool was_stopped(struct wf_value execution) {
    return wf_cli_has_status(execution, "ABORTED") ||
           wf_cli_has_status(execution, "RUNNING");
}

static void stop_one(struct stopping *stopping, struct wf_str arn) {
    struct wf_doc *reply = NULL;
    int status = describe(stopping, arn, &reply);
    bool is_running =
        status == WF_EXIT_OK &&
        wf_cli_has_status((struct wf_value){reply, 0}, "RUNNING");

    if (is_running) {
        wf_doc_unref(reply);
        reply = NULL;
        status = call_stop(stopping->options, arn);
        if (status == WF_EXIT_OK)
            status = describe(stopping, arn, &reply);
    }
    worsen(stopping, status);
    if (status != WF_EXIT_OK)
        return;
    if (is_running && was_stopped((struct wf_value){reply, 0}))
        print_stopped(stopping, arn, reply);
    else
        tell_ended(arn, (struct wf_value){reply, 0});
    wf_doc_unref(reply);
}

/* ---- --all ---- */

static int list_page(const struct wf_options *options, struct wf_str machine,
                     struct wf_buf *token, struct wf_doc **reply) {
    struct wf_buf body = {0};
    int status;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, "stateMachineArn", machine);
    wf_json_text(&body, "statusFilter", WF_STR("RUNNING"));
    wf_json_integer(&body, "maxResults", PAGE);
    if (token->len > 0)
        wf_json_text(&body, "nextToken", wf_cli_text(token));
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, "AWSStepFunctions.ListExecutions",
                         wf_cli_text(&body), reply);
    wf_buf_free(&body);
    token->len = 0;
    if (status == WF_EXIT_OK)
        wf_cli_member((struct wf_value){*reply, 0}, "nextToken", token);
    return status;
}

/* Appends the ARNs, each ended by a NUL; returns how many. */
static size_t add_arns(struct wf_doc *reply, struct wf_buf *arns) {
    struct wf_value list, row;
    uint32_t count;

    if (!wf_value_member((struct wf_value){reply, 0}, WF_STR("executions"),
                         &list) ||
        wf_value_type(list) != WF_JSON_ARRAY)
        return 0;
    count = wf_doc_nodes(reply)[list.node].count;
    row = (struct wf_value){reply, list.node + 1};
    for (uint32_t i = 0; i < count; i++) {
        wf_cli_member(row, "executionArn", arns);
        wf_buf_u8(arns, 0);
        row.node = wf_doc_nodes(reply)[row.node].next;
    }
    return count;
}

/* All that run now: those that are started meanwhile are not asked about. */
static int list_running(const struct wf_options *options,
                        struct wf_str machine, struct wf_buf *arns,
                        size_t *count) {
    struct wf_buf token = {0};
    struct wf_doc *reply;
    int status;

    do {
        status = list_page(options, machine, &token, &reply);
        if (status == WF_EXIT_OK)
            *count += add_arns(reply, arns);
        wf_doc_unref(reply);
    } while (status == WF_EXIT_OK && token.len > 0);
    wf_buf_free(&token);
    return status;
}

static void stop_all(struct stopping *stopping) {
    const struct wf_options *options = stopping->options;
    struct wf_buf machine = {0}, arns = {0};
    size_t count = 0, at = 0;

    wf_cli_arn(options, "stateMachine", wf_option_text(options, "machine"),
               &machine);
    worsen(stopping, list_running(options, wf_cli_text(&machine), &arns,
                                  &count));
    if (stopping->status != WF_EXIT_OK)
        goto out;
    if (!wf_option_flag(options, "yes")) {
        worsen(stopping,
               wf_cli_fail(WF_EXIT_USAGE, "this would stop %zu running "
                           "execution%s of %.*s, which can't be undone; add "
                           "--yes", count, count == 1 ? "" : "s",
                           (int)machine.len, machine.data));
        goto out;
    }
    for (; at < arns.len; at += strlen(arns.data + at) + 1)
        stop_one(stopping, wf_str(arns.data + at));
    fprintf(stderr, "moonstep: %zu of %zu stopped\n", stopping->stopped,
            count);
out:
    wf_buf_free(&machine);
    wf_buf_free(&arns);
}

/* ---- --search ---- */

static void stop_found(void *arg, struct wf_str arn) {
    stop_one(arg, arn);
}

static void add_error(void *arg, struct wf_buf *body) {
    const struct stopping *stopping = arg;
    const struct wf_options *options = stopping->options;

    wf_json_text_if(body, "error", wf_str(wf_option_text(options, "error")));
    wf_json_text_if(body, "cause", wf_str(wf_option_text(options, "cause")));
}

static void was_stopped_there(void *arg, struct wf_str arn) {
    print_stopped(arg, arn, NULL);
}

static void is_refused(void *arg, struct wf_value refused) {
    struct stopping *stopping = arg;
    struct wf_buf arn = {0};
    struct wf_doc *reply = NULL;
    int status;

    if (!wf_cli_has_error(refused, "ExecutionNotRunning")) {
        worsen(stopping, wf_cli_tell_refused(refused));
        return;
    }
    wf_cli_member(refused, "executionArn", &arn);
    status = describe(stopping, wf_cli_text(&arn), &reply);
    worsen(stopping, status);
    if (status == WF_EXIT_OK)
        tell_ended(wf_cli_text(&arn), (struct wf_value){reply, 0});
    wf_doc_unref(reply);
    wf_buf_free(&arn);
}

static void stop_search(struct stopping *stopping) {
    static const char *const running[] = {"RUNNING", NULL};
    struct wf_cli_each each = {
        .options = stopping->options,
        .statuses = running,
        .act = wf_option_flag(stopping->options, "yes"),
        .run = stop_found,
        .add = add_error,
        .refused = is_refused,
        .arg = stopping,
    };
    size_t found = 0;

    if (!wf_option_flag(stopping->options, "json")) {
        each.bulk = "Moonstep.BulkStopExecutions";
        each.run = was_stopped_there;
    }

    worsen(stopping, wf_cli_each_found(&each, &found));
    if (each.act)
        fprintf(stderr, "moonstep: %zu of %zu stopped\n", stopping->stopped,
                found);
    else if (stopping->status == WF_EXIT_OK)
        worsen(stopping,
               wf_cli_fail(WF_EXIT_USAGE, "this would stop %zu running "
                           "execution%s, which can't be undone; add --yes",
                           found, found == 1 ? "" : "s"));
}

static int check_options(const struct wf_options *options) {
    bool has_args = wf_options_arg(options, 0) != NULL;
    bool is_all = wf_option_flag(options, "all");
    bool has_machine = wf_option_text(options, "machine") != NULL;

    if (wf_option_flag(options, "search"))
        return has_args || is_all
                   ? wf_cli_fail(WF_EXIT_USAGE, "stop: give executions, "
                                 "--all or --search, only one of these")
                   : WF_EXIT_OK;
    if (is_all && has_args)
        return wf_cli_fail(WF_EXIT_USAGE, "stop: give executions, or --all, "
                           "not both");
    if (is_all != has_machine)
        return wf_cli_fail(WF_EXIT_USAGE, "stop: --all and --machine "
                           "STATE-MACHINE belong together");
    if (!is_all && !has_args)
        return wf_cli_fail(WF_EXIT_USAGE, "stop needs EXECUTION...: moonstep "
                           "stop EXECUTION...");
    return WF_EXIT_OK;
}

int wf_cli_stop(const struct wf_options *options) {
    struct stopping stopping = {.options = options};
    const char *name;

    stopping.status = check_options(options);
    if (stopping.status != WF_EXIT_OK)
        return stopping.status;
    if (wf_option_flag(options, "search"))
        stop_search(&stopping);
    else if (wf_option_flag(options, "all"))
        stop_all(&stopping);
    for (unsigned i = 0; (name = wf_options_arg(options, i)) != NULL; i++) {
        struct wf_buf arn = {0};

        wf_cli_arn(options, "execution", name, &arn);
        stop_one(&stopping, wf_cli_text(&arn));
        wf_buf_free(&arn);
    }
    return stopping.status;
}
