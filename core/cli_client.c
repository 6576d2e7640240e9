/*
 * cli_client.c - start, list, show and history: a server's API for people.
 *
 * Tables are cut to the terminal's width; in a pipe nothing is cut. With
 * --json the server's answers are printed as they are, a page a line.
 */
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "cli_http.h"
#include "json_write.h"
#include "term.h"

enum { PAGE = 1000 };

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

static size_t table_columns(void) {
    size_t columns, lines;

    if (!isatty(STDOUT_FILENO))
        return SIZE_MAX;
    wf_term_size(STDOUT_FILENO, &columns, &lines);
    return columns;
}

static bool print_line(struct wf_buf *line) {
    bool is_printed;

    while (line->len > 0 && line->data[line->len - 1] == ' ')
        line->len--;
    wf_buf_u8(line, '\n');
    is_printed = wf_cli_print(text_of(line));
    line->len = 0;
    return is_printed;
}

static int print_json(struct wf_doc *reply) {
    struct wf_buf line = {0};
    bool is_printed;

    wf_buf_addstr(&line, wf_doc_text(reply));
    is_printed = print_line(&line);
    wf_buf_free(&line);
    return is_printed ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

/* Calls with a body of one member, an ARN. */
static int call_with_arn(const struct wf_options *options, const char *target,
                         const char *member, struct wf_str arn,
                         struct wf_doc **reply) {
    struct wf_buf body = {0};
    int status;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, member, arn);
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, target, text_of(&body), reply);
    wf_buf_free(&body);
    return status;
}

/* ---- an execution ---- */

static bool has_status(struct wf_value execution, const char *status) {
    struct wf_buf text = {0};
    bool is_it = wf_cli_member(execution, "status", &text) &&
                 wf_str_eq(text_of(&text), wf_str(status));

    wf_buf_free(&text);
    return is_it;
}

/* Its output on stdout, or why there is none on stderr. */
static int print_result(struct wf_value execution) {
    struct wf_buf line = {0}, text = {0};
    int status = WF_EXIT_FAILED;

    if (has_status(execution, "SUCCEEDED")) {
        wf_cli_member(execution, "output", &line);
        status = print_line(&line) ? WF_EXIT_OK : WF_EXIT_ENGINE;
    } else {
        wf_cli_member(execution, "status", &line);
        if (wf_cli_member(execution, "error", &text))
            wf_buf_addf(&line, "\n  Error: %.*s", (int)text.len, text.data);
        text.len = 0;
        if (wf_cli_member(execution, "cause", &text))
            wf_buf_addf(&line, "\n  Cause: %.*s", (int)text.len, text.data);
        wf_cli_fail(status, "%.*s", (int)line.len, line.data);
    }
    wf_buf_free(&line);
    wf_buf_free(&text);
    return status;
}

static int await_end(const struct wf_options *options, struct wf_str arn) {
    struct wf_doc *reply = NULL;
    int status;

    for (;;) {
        status = call_with_arn(options, "Moonstep.WaitForExecution",
                               "executionArn", arn, &reply);
        if (status != WF_EXIT_OK)
            return status;
        if (!has_status((struct wf_value){reply, 0}, "RUNNING"))
            break;
        wf_doc_unref(reply);
    }
    if (wf_option_flag(options, "json"))
        print_json(reply);
    if (!wf_option_flag(options, "json"))
        status = print_result((struct wf_value){reply, 0});
    else if (!has_status((struct wf_value){reply, 0}, "SUCCEEDED"))
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

static int create_from_file(const struct wf_options *options,
                            const char *file, struct wf_buf *arn) {
    struct wf_buf definition = {0}, name = {0}, body = {0};
    struct wf_error err = {0};
    struct wf_doc *reply = NULL;
    int status;

    if (wf_cli_read_file(file, &definition, &err) != 0)
        return wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    wf_cli_machine_name(options, file, &name);
    wf_buf_u8(&body, '{');
    wf_json_text(&body, "name", text_of(&name));
    wf_json_text(&body, "definition", text_of(&definition));
    wf_json_text(&body, "roleArn",
                 WF_STR("arn:aws:iam::000000000000:role/moonstep"));
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, "AWSStepFunctions.CreateStateMachine",
                         text_of(&body), &reply);
    if (status == WF_EXIT_OK)
        wf_cli_member((struct wf_value){reply, 0}, "stateMachineArn", arn);
    wf_doc_unref(reply);
    wf_buf_free(&definition);
    wf_buf_free(&name);
    wf_buf_free(&body);
    return status;
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
                         text_of(&body), reply);
    wf_buf_free(&body);
    return status;
}

/* The ARN is the output, unless --wait promises another. */
static int started(const struct wf_options *options, struct wf_doc *reply) {
    struct wf_buf arn = {0};
    int status = WF_EXIT_OK;

    wf_cli_member((struct wf_value){reply, 0}, "executionArn", &arn);
    if (wf_option_flag(options, "wait")) {
        fprintf(stderr, "%.*s\n", (int)arn.len, arn.data);
        status = await_end(options, text_of(&arn));
    } else if (wf_option_flag(options, "json")) {
        status = print_json(reply);
    } else if (!print_line(&arn)) {
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
        status = create_from_file(options, argument, &arn);
    else
        wf_cli_arn(options, "stateMachine", argument, &arn);
    if (status == WF_EXIT_OK)
        status = start_execution(options, text_of(&arn), text_of(&input),
                                 &reply);
    if (status == WF_EXIT_OK)
        status = started(options, reply);
    wf_doc_unref(reply);
    wf_buf_free(&input);
    wf_buf_free(&arn);
    return status;
}

/* ---- pages: list, history ---- */

/* Appends a row to `line`, as wide as it gets. */
typedef void row_fn(struct wf_buf *line, struct wf_value row);

struct table {
    const char *target, *argument, *rows; /* operation, its ARN, its list */
    const char *heading;
    row_fn *row;
};

static void page_body(struct wf_buf *body, const struct wf_options *options,
                      const struct table *table, struct wf_str arn,
                      int64_t left, const struct wf_buf *token) {
    bool is_list = wf_options_command(options)->bit == WF_COMMAND_LIST;

    body->len = 0;
    wf_buf_u8(body, '{');
    wf_json_text(body, table->argument, arn);
    wf_json_integer(body, "maxResults", left < PAGE ? left : PAGE);
    if (token->len > 0)
        wf_json_text(body, "nextToken", text_of(token));
    if (is_list)
        wf_json_text_if(body, "statusFilter",
                        wf_str(wf_option_text(options, "status")));
    else if (wf_option_flag(options, "reverse"))
        wf_json_raw(body, "reverseOrder", "true");
    wf_buf_u8(body, '}');
}

/* Returns how many rows there were, or -1 if stdout is gone. */
static int64_t print_rows(const struct table *table, struct wf_doc *reply,
                          size_t columns) {
    struct wf_value rows, row;
    struct wf_buf line = {0}, cut = {0};
    int64_t count = 0;

    if (!wf_value_member((struct wf_value){reply, 0}, wf_str(table->rows),
                         &rows) ||
        wf_value_type(rows) != WF_JSON_ARRAY)
        return 0;
    /* Elements follow each other on the tape: no search for each. */
    row.doc = reply;
    row.node = rows.node + 1;
    for (int64_t n = wf_doc_nodes(reply)[rows.node].count; count < n;
         count++) {
        line.len = 0;
        table->row(&line, row);
        wf_term_text(&cut, text_of(&line), columns, true);
        row.node = wf_doc_nodes(reply)[row.node].next;
        if (!print_line(&cut)) {
            count = -1;
            break;
        }
    }
    wf_buf_free(&line);
    wf_buf_free(&cut);
    return count;
}

static int print_pages(const struct wf_options *options,
                       const struct table *table, struct wf_str arn) {
    int64_t left = wf_option_number(options, "max");
    bool is_json = wf_option_flag(options, "json"), is_first = true;
    struct wf_buf body = {0}, token = {0};
    int status = WF_EXIT_OK;

    if (left == 0)
        left = INT64_MAX;
    do {
        struct wf_doc *reply = NULL;
        int64_t count;

        page_body(&body, options, table, arn, left, &token);
        status = wf_cli_call(options, table->target, text_of(&body), &reply);
        if (status != WF_EXIT_OK)
            break;
        if (is_json)
            status = print_json(reply);
        else if (is_first && !wf_cli_print(wf_str(table->heading)))
            status = WF_EXIT_ENGINE;
        is_first = false;
        count = is_json ? PAGE : print_rows(table, reply, table_columns());
        if (count < 0)
            status = WF_EXIT_ENGINE;
        left -= count;
        token.len = 0;
        wf_cli_member((struct wf_value){reply, 0}, "nextToken", &token);
        wf_doc_unref(reply);
    } while (status == WF_EXIT_OK && token.len > 0 && left > 0);
    wf_buf_free(&body);
    wf_buf_free(&token);
    return status;
}

static void add_cell(struct wf_buf *line, struct wf_value row,
                     const char *member, size_t columns) {
    struct wf_buf text = {0};

    wf_cli_member(row, member, &text);
    wf_term_cell(line, text_of(&text), columns, true);
    wf_buf_adds(line, "  ");
    wf_buf_free(&text);
}

static void add_date(struct wf_buf *line, int64_t ms) {
    if (ms > 0)
        wf_term_date(line, ms);
    wf_buf_adds(line, "  ");
}

static void add_duration(struct wf_buf *line, struct wf_value execution) {
    int64_t start_ms = wf_cli_member_ms(execution, "startDate");
    int64_t stop_ms = wf_cli_member_ms(execution, "stopDate");

    if (stop_ms > 0)
        wf_term_duration(line, stop_ms - start_ms);
}

static void execution_row(struct wf_buf *line, struct wf_value row) {
    add_cell(line, row, "name", 36);
    add_cell(line, row, "status", 10);
    add_date(line, wf_cli_member_ms(row, "startDate"));
    add_duration(line, row);
}

static void event_time(struct wf_buf *line, struct wf_value row) {
    int64_t ms = wf_cli_member_ms(row, "timestamp");

    wf_term_date(line, ms);
    wf_buf_addf(line, ".%03d  ", (int)(ms % 1000));
}

/* What the event's details tell, in a few words. */
static void add_details(struct wf_buf *line, struct wf_value details) {
    static const char *const members[] = {"name", "resource", "error",
                                          "cause", "output", "input"};

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        size_t before = line->len;

        if (wf_cli_member(details, members[i], line) && line->len > before)
            wf_buf_adds(line, "  ");
    }
}

static void event_row(struct wf_buf *line, struct wf_value row) {
    static const char suffix[] = "EventDetails";
    const struct wf_node *nodes = wf_doc_nodes(row.doc);

    add_cell(line, row, "id", 5);
    event_time(line, row);
    add_cell(line, row, "type", 22);
    for (uint32_t key = row.node + 1; key < nodes[row.node].next;
         key = nodes[key + 1].next) {
        struct wf_str name = wf_value_text((struct wf_value){row.doc, key});

        if (name.len > sizeof(suffix) &&
            memcmp(name.data + name.len - sizeof(suffix), suffix,
                   sizeof(suffix) - 1) == 0)
            add_details(line, (struct wf_value){row.doc, key + 1});
    }
}

static int client_pages(const struct wf_options *options,
                        const struct table *table, const char *kind) {
    struct wf_buf arn = {0};
    int status;

    wf_cli_arn(options, kind, wf_options_arg(options, 0), &arn);
    status = print_pages(options, table, text_of(&arn));
    wf_buf_free(&arn);
    return status;
}

static int client_list(const struct wf_options *options) {
    static const struct table table = {
        .target = "AWSStepFunctions.ListExecutions",
        .argument = "stateMachineArn",
        .rows = "executions",
        .heading = "NAME                                  STATUS      "
                   "START                DURATION\n",
        .row = execution_row,
    };

    return client_pages(options, &table, "stateMachine");
}

static int client_history(const struct wf_options *options) {
    static const struct table table = {
        .target = "AWSStepFunctions.GetExecutionHistory",
        .argument = "executionArn",
        .rows = "events",
        .heading = "ID     TIME                     TYPE                    "
                   "DETAILS\n",
        .row = event_row,
    };

    return client_pages(options, &table, "execution");
}

/* ---- show ---- */

static bool show_line(struct wf_value execution, const char *title,
                      const char *member) {
    struct wf_buf line = {0}, text = {0};
    bool is_printed = true;

    if (wf_cli_member(execution, member, &text)) {
        wf_buf_addf(&line, "%-10s", title);
        wf_term_text(&line, text_of(&text), SIZE_MAX, true);
        is_printed = print_line(&line);
    }
    wf_buf_free(&line);
    wf_buf_free(&text);
    return is_printed;
}

static bool show_times(struct wf_value execution) {
    static const char *const members[][2] = {{"started", "startDate"},
                                             {"ended", "stopDate"}};
    struct wf_buf line = {0};
    bool is_printed = true;

    for (size_t i = 0; i < 2 && is_printed; i++) {
        int64_t ms = wf_cli_member_ms(execution, members[i][1]);

        if (ms == 0)
            continue;
        wf_buf_addf(&line, "%-10s", members[i][0]);
        add_date(&line, ms);
        if (i == 1)
            add_duration(&line, execution);
        is_printed = print_line(&line);
    }
    wf_buf_free(&line);
    return is_printed;
}

static int print_execution(struct wf_value execution) {
    bool is_printed = show_line(execution, "name", "name") &&
                      show_line(execution, "machine", "stateMachineArn") &&
                      show_line(execution, "status", "status") &&
                      show_times(execution) &&
                      show_line(execution, "input", "input") &&
                      show_line(execution, "output", "output") &&
                      show_line(execution, "error", "error") &&
                      show_line(execution, "cause", "cause");

    return is_printed ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

static int client_show(const struct wf_options *options) {
    struct wf_buf arn = {0};
    struct wf_doc *reply = NULL;
    int status;

    wf_cli_arn(options, "execution", wf_options_arg(options, 0), &arn);
    status = call_with_arn(options, "AWSStepFunctions.DescribeExecution",
                           "executionArn", text_of(&arn), &reply);
    if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
        status = print_json(reply);
    else if (status == WF_EXIT_OK)
        status = print_execution((struct wf_value){reply, 0});
    wf_doc_unref(reply);
    wf_buf_free(&arn);
    return status;
}

int wf_cli_client(const struct wf_options *options) {
    switch (wf_options_command(options)->bit) {
    case WF_COMMAND_START:
        return client_start(options);
    case WF_COMMAND_LIST:
        return client_list(options);
    case WF_COMMAND_SHOW:
        return client_show(options);
    default:
        return client_history(options);
    }
}
