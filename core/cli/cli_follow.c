/*
 * cli_follow.c - `moonstep history --follow`: events as they become durable.
 *
 * It asks for the events behind the last one that it has shown, so a lost
 * connection or a restarted server costs neither an event nor shows one
 * twice. The server shows durable events only, so none is ever taken back.
 *
 * A Map Run has no events between its start and its end. While one is under
 * way, its counts are asked for whenever no event has come for a while, and
 * told on stderr.
 */
#include <stdio.h>
#include <unistd.h>

#include "cli_client.h"
#include "event_lines.h"
#include "json_write.h"
#include "term.h"

enum {
    PAGE = 1000,
    POLL_S = 50, /* less than what proxies end connections after */
    COUNT_S = 2, /* between two looks at the counts of Map Runs */
    MOST_RUNS = 10, /* that are looked at */
};

struct following {
    const struct wf_options *options;
    struct wf_cli_session *session;
    struct wf_event_lines *lines;
    struct wf_str arn;
    uint64_t last_event; /* shown */
    unsigned open_runs;  /* Map Runs under way */
    struct wf_buf body, out;
    struct wf_buf counts, told; /* of Map Runs: now, and what was told */
};

static int call(struct following *following, const char *target,
                struct wf_doc **reply) {
    return wf_cli_session_call(following->session, target,
                               wf_cli_text(&following->body), reply);
}

/* A call with a body of one member, an ARN. */
static int call_arn(struct following *following, const char *target,
                    const char *member, struct wf_str arn,
                    struct wf_doc **reply) {
    following->body.len = 0;
    wf_buf_u8(&following->body, '{');
    wf_json_text(&following->body, member, arn);
    wf_buf_u8(&following->body, '}');
    return call(following, target, reply);
}

/* ---- events ---- */

static uint64_t id_of(struct wf_value event) {
    struct wf_value id;
    int64_t number = 0;

    if (wf_value_type(event) != WF_JSON_OBJECT ||
        !wf_value_member(event, WF_STR("id"), &id) ||
        !wf_value_integer(id, &number))
        return 0;
    return (uint64_t)number;
}

/* How many Map Runs are under way. */
static void count_runs(struct following *following, struct wf_value event) {
    struct wf_buf type = {0};
    bool is_start;

    wf_cli_member(event, "type", &type);
    is_start = wf_str_eq(wf_cli_text(&type), WF_STR("MapRunStarted"));
    if (is_start)
        following->open_runs++;
    else if (following->open_runs > 0 && type.len > 6 &&
             memcmp(type.data, "MapRun", 6) == 0)
        following->open_runs--;
    wf_buf_free(&type);
}

static void add_event(struct following *following, struct wf_value event) {
    count_runs(following, event);
    if (following->lines != NULL) {
        wf_event_lines_add(following->lines, event, &following->out);
    } else {
        wf_buf_addstr(&following->out, wf_value_text(event));
        wf_buf_u8(&following->out, '\n');
    }
}

/* Shows a page. Ids are contiguous; a server that says otherwise has lost
 * what it had acknowledged, and nothing is hidden about that. */
static int show_events(struct following *following, struct wf_doc *reply) {
    struct wf_value events, event;
    uint32_t count;

    if (!wf_value_member((struct wf_value){reply, 0}, WF_STR("events"),
                         &events) ||
        wf_value_type(events) != WF_JSON_ARRAY)
        return WF_EXIT_OK;
    event = (struct wf_value){reply, events.node + 1};
    count = wf_doc_nodes(reply)[events.node].count;
    for (uint32_t i = 0; i < count; i++) {
        if (id_of(event) != following->last_event + 1)
            return wf_cli_fail(WF_EXIT_ENGINE, "event %llu should follow "
                               "event %llu; the server has another history",
                               (unsigned long long)id_of(event),
                               (unsigned long long)following->last_event);
        following->last_event++;
        add_event(following, event);
        event.node = wf_doc_nodes(reply)[event.node].next;
    }
    if (following->out.len > 0 && !wf_cli_print(wf_cli_text(&following->out)))
        return WF_EXIT_ENGINE;
    following->out.len = 0;
    return WF_EXIT_OK;
}

static void ask_for_events(struct following *following) {
    struct wf_buf *body = &following->body;

    body->len = 0;
    wf_buf_u8(body, '{');
    wf_json_text(body, "executionArn", following->arn);
    wf_json_integer(body, "after", (int64_t)following->last_event);
    wf_json_integer(body, "maxResults", PAGE);
    wf_json_integer(body, "timeoutSeconds",
                    following->open_runs > 0 ? COUNT_S : POLL_S);
    wf_buf_u8(body, '}');
}

/* ---- Map Runs ---- */

static int add_run(struct following *following, struct wf_value run) {
    struct wf_doc *reply = NULL;
    struct wf_buf arn = {0};
    int status;

    wf_cli_member(run, "mapRunArn", &arn);
    status = call_arn(following, "AWSStepFunctions.DescribeMapRun",
                      "mapRunArn", wf_cli_text(&arn), &reply);
    if (status == WF_EXIT_OK)
        wf_cli_add_counts(&following->counts, (struct wf_value){reply, 0});
    wf_doc_unref(reply);
    wf_buf_free(&arn);
    return status;
}

static int add_runs(struct following *following, struct wf_doc *reply) {
    struct wf_value runs, run, stop;
    int status = WF_EXIT_OK;
    uint32_t count;

    if (!wf_value_member((struct wf_value){reply, 0}, WF_STR("mapRuns"),
                         &runs) ||
        wf_value_type(runs) != WF_JSON_ARRAY)
        return WF_EXIT_OK;
    run = (struct wf_value){reply, runs.node + 1};
    count = wf_doc_nodes(reply)[runs.node].count;
    for (uint32_t i = 0; i < count && status == WF_EXIT_OK; i++) {
        if (!wf_value_member(run, WF_STR("stopDate"), &stop))
            status = add_run(following, run);
        run.node = wf_doc_nodes(reply)[run.node].next;
    }
    return status;
}

/* Tells how far those are that are under way, if they have got any further. */
static int tell_runs(struct following *following) {
    struct wf_buf *body = &following->body, *counts = &following->counts;
    struct wf_doc *reply = NULL;
    int status;

    body->len = counts->len = 0;
    wf_buf_u8(body, '{');
    wf_json_text(body, "executionArn", following->arn);
    wf_json_integer(body, "maxResults", MOST_RUNS);
    wf_buf_u8(body, '}');
    status = call(following, "AWSStepFunctions.ListMapRuns", &reply);
    if (status == WF_EXIT_OK)
        status = add_runs(following, reply);
    wf_doc_unref(reply);
    if (!wf_str_eq(wf_cli_text(counts), wf_cli_text(&following->told)))
        fwrite(counts->data, 1, counts->len, stderr);
    following->told.len = 0;
    wf_buf_add(&following->told, counts->data, counts->len);
    return status;
}

static int follow_events(struct following *following) {
    int status = WF_EXIT_OK;
    bool is_over = false;

    while (status == WF_EXIT_OK && !is_over) {
        uint64_t before = following->last_event;
        struct wf_doc *reply = NULL;

        ask_for_events(following);
        status = call(following, "Moonstep.WaitForEvents", &reply);
        if (status == WF_EXIT_OK) {
            status = show_events(following, reply);
            is_over = !wf_cli_has_status((struct wf_value){reply, 0},
                                         "RUNNING");
        }
        wf_doc_unref(reply);
        if (status == WF_EXIT_OK && !is_over && following->open_runs > 0 &&
            following->last_event == before)
            status = tell_runs(following);
    }
    return status;
}

/* ---- the end ---- */

/* As `start --wait` ends, but the output has been shown as an event's. */
static int tell_end(struct following *following) {
    struct wf_doc *reply = NULL;
    struct wf_value execution;
    struct wf_buf line = {0};
    int status;

    status = call_arn(following, "AWSStepFunctions.DescribeExecution",
                      "executionArn", following->arn, &reply);
    if (status != WF_EXIT_OK)
        return status;
    execution = (struct wf_value){reply, 0};
    if (wf_cli_has_status(execution, "SUCCEEDED")) {
        wf_buf_adds(&line, "SUCCEEDED in ");
        wf_cli_add_duration(&line, execution);
        fprintf(stderr, "moonstep: %.*s\n", (int)line.len, line.data);
    } else {
        status = wf_cli_tell_failure(execution);
    }
    wf_buf_free(&line);
    wf_doc_unref(reply);
    return status;
}

static struct wf_event_lines *make_lines(void) {
    bool is_terminal = isatty(STDOUT_FILENO);
    struct wf_event_lines_options how = {
        .color = wf_term_has_color(STDOUT_FILENO),
        .unicode = !is_terminal || wf_term_is_unicode(),
    };
    size_t lines;

    if (is_terminal)
        wf_term_size(STDOUT_FILENO, &how.columns, &lines);
    return wf_event_lines_new(&how);
}

int wf_cli_follow(const struct wf_options *options) {
    struct following following = {.options = options};
    struct wf_error err = {0};
    struct wf_buf arn = {0};
    int status;

    if (wf_option_flag(options, "reverse") || wf_option_given(options, "max"))
        return wf_cli_fail(WF_EXIT_USAGE, "--follow shows all events, oldest "
                           "first: leave out --reverse and --max");
    following.session = wf_cli_session_new(options, &err);
    if (following.session == NULL)
        return wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    wf_cli_arn(options, "execution", wf_options_arg(options, 0), &arn);
    following.arn = wf_cli_text(&arn);
    if (!wf_option_flag(options, "json"))
        following.lines = make_lines();
    status = follow_events(&following);
    if (status == WF_EXIT_OK)
        status = tell_end(&following);
    wf_cli_session_free(following.session);
    wf_event_lines_free(following.lines);
    wf_buf_free(&following.body);
    wf_buf_free(&following.out);
    wf_buf_free(&following.counts);
    wf_buf_free(&following.told);
    wf_buf_free(&arn);
    return status;
}
