/*
 * cli_pages.c - list, search, history, map-runs, machines, versions and
 * aliases: what a server gives in pages.
 *
 * Tables are cut to the terminal's width; in a pipe nothing is cut, payloads
 * of events apart. With --json the server's answers are printed as they are,
 * a page a line.
 */
#include <stdio.h>
#include <unistd.h>

#include "cli_client.h"
#include "event_lines.h"
#include "json_write.h"
#include "term.h"

enum { PAGE = 1000 };

/* Appends the cells of a row to `line`. */
typedef void row_fn(struct wf_buf *line, struct wf_value row);

struct table {
    const char *target, *argument, *rows; /* operation, its ARN, its list */
    const char *heading;
    row_fn *row; /* NULL: a history, whose lines are made elsewhere */
    const char *describe, *row_arn; /* says more about a row; NULL: nothing */
    const char *describe_arn; /* what takes the row's ARN; NULL: the same */
};

struct printing {
    const struct wf_options *options;
    const struct table *table;
    struct wf_str arn;
    struct wf_event_lines *lines;
    size_t columns;
    struct wf_buf search; /* a request's beginning */
    struct wf_buf body, token, line, cut;
};

static size_t terminal_columns(size_t otherwise) {
    size_t columns, lines;

    if (!isatty(STDOUT_FILENO))
        return otherwise;
    wf_term_size(STDOUT_FILENO, &columns, &lines);
    return columns;
}

static void make_body(struct printing *printing, int64_t left) {
    const struct wf_options *options = printing->options;
    wf_command_bits command = wf_options_command(options)->bit;
    struct wf_buf *body = &printing->body;

    body->len = 0;
    if (printing->search.len > 0)
        wf_buf_addstr(body, wf_cli_text(&printing->search));
    else
        wf_buf_u8(body, '{');
    if (printing->table->argument != NULL)
        wf_json_text(body, printing->table->argument, printing->arn);
    wf_json_integer(body, "maxResults", left < PAGE ? left : PAGE);
    if (printing->token.len > 0)
        wf_json_text(body, "nextToken", wf_cli_text(&printing->token));
    if (command == WF_COMMAND_LIST)
        wf_json_text_if(body, "statusFilter",
                        wf_str(wf_option_text(options, "status")));
    if (command == WF_COMMAND_HISTORY && wf_option_flag(options, "reverse"))
        wf_json_raw(body, "reverseOrder", "true");
    wf_buf_u8(body, '}');
}

static int print_row(struct printing *printing, struct wf_value row) {
    printing->line.len = printing->cut.len = 0;
    printing->table->row(&printing->line, row);
    wf_term_text(&printing->cut, wf_cli_text(&printing->line),
                 printing->columns, true);
    return wf_cli_print_line(&printing->cut) ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

static int print_event(struct printing *printing, struct wf_value row) {
    printing->line.len = 0;
    wf_event_lines_add(printing->lines, row, &printing->line);
    return wf_cli_print(wf_cli_text(&printing->line)) ? WF_EXIT_OK
                                                      : WF_EXIT_ENGINE;
}

static int print_described(struct printing *printing, struct wf_value row) {
    const struct table *table = printing->table;
    struct wf_buf arn = {0};
    struct wf_doc *reply = NULL;
    int status;

    wf_cli_member(row, table->row_arn, &arn);
    status = wf_cli_call_arn(printing->options, table->describe,
                             table->describe_arn != NULL ? table->describe_arn
                                                         : table->row_arn,
                             wf_cli_text(&arn), &reply);
    if (status == WF_EXIT_OK)
        status = print_row(printing, (struct wf_value){reply, 0});
    wf_doc_unref(reply);
    wf_buf_free(&arn);
    return status;
}

/* `count` becomes how many rows there were. */
static int print_rows(struct printing *printing, struct wf_doc *reply,
                      int64_t *count) {
    const struct table *table = printing->table;
    int (*print)(struct printing *, struct wf_value) =
        table->describe != NULL ? print_described
        : table->row != NULL    ? print_row
                                : print_event;
    struct wf_value rows, row;
    int status = WF_EXIT_OK;

    *count = 0;
    if (!wf_value_member((struct wf_value){reply, 0}, wf_str(table->rows),
                         &rows) ||
        wf_value_type(rows) != WF_JSON_ARRAY)
        return status;
    /* Elements follow each other on the tape: no search for each. */
    row = (struct wf_value){reply, rows.node + 1};
    for (int64_t n = wf_doc_nodes(reply)[rows.node].count;
         *count < n && status == WF_EXIT_OK; ++*count) {
        status = print(printing, row);
        row.node = wf_doc_nodes(reply)[row.node].next;
    }
    return status;
}

/* One page; `left` becomes how many rows are still wanted. */
static int print_page(struct printing *printing, bool is_first,
                      int64_t *left) {
    const struct table *table = printing->table;
    struct wf_doc *reply = NULL;
    int64_t count = PAGE;
    int status;

    make_body(printing, *left);
    status = wf_cli_call(printing->options, table->target,
                         wf_cli_text(&printing->body), &reply);
    if (status != WF_EXIT_OK)
        return status;
    if (wf_option_flag(printing->options, "json"))
        status = wf_cli_print_json(reply);
    else if (is_first && table->heading != NULL &&
             !wf_cli_print(wf_str(table->heading)))
        status = WF_EXIT_ENGINE;
    else
        status = print_rows(printing, reply, &count);
    if (printing->search.data != NULL)
        wf_cli_tell_conditions((struct wf_value){reply, 0});
    *left -= count;
    printing->token.len = 0;
    wf_cli_member((struct wf_value){reply, 0}, "nextToken", &printing->token);
    wf_doc_unref(reply);
    return status;
}

static int print_pages(struct printing *printing) {
    int64_t left = wf_option_number(printing->options, "max");
    bool is_first = true;
    int status;

    if (left == 0)
        left = INT64_MAX;
    do {
        status = print_page(printing, is_first, &left);
        is_first = false;
    } while (status == WF_EXIT_OK && printing->token.len > 0 && left > 0);
    if (status == WF_EXIT_OK && printing->token.len > 0 &&
        !wf_option_given(printing->options, "max"))
        fprintf(stderr, "moonstep: there are more; --max 0 shows all\n");
    wf_buf_free(&printing->search);
    wf_buf_free(&printing->body);
    wf_buf_free(&printing->token);
    wf_buf_free(&printing->line);
    wf_buf_free(&printing->cut);
    return status;
}

/* ---- rows ---- */

static void add_cell(struct wf_buf *line, struct wf_value row,
                     const char *member, size_t columns) {
    struct wf_buf text = {0};

    wf_cli_member(row, member, &text);
    wf_term_cell(line, wf_cli_text(&text), columns, true);
    wf_buf_adds(line, "  ");
    wf_buf_free(&text);
}

/* RUNNING, unless it is paused. */
static void add_status(struct wf_buf *line, struct wf_value row) {
    if (wf_cli_member_ms(row, "pausedDate") == 0) {
        add_cell(line, row, "status", 10);
        return;
    }
    wf_term_cell(line, WF_STR("PAUSED"), 10, true);
    wf_buf_adds(line, "  ");
}

static void execution_row(struct wf_buf *line, struct wf_value row) {
    add_cell(line, row, "name", 36);
    add_status(line, row);
    wf_cli_add_date(line, wf_cli_member_ms(row, "startDate"));
    wf_cli_add_duration(line, row);
}

/* As commands take it: "STATE-MACHINE:NAME". */
static void found_row(struct wf_buf *line, struct wf_value row) {
    struct wf_buf arn = {0}, text = {0};

    wf_cli_member(row, "stateMachineArn", &arn);
    const char *colon = arn.len ? memrchr(arn.data, ':', arn.len) : NULL;
    if (colon != NULL)
        wf_buf_addf(&text, "%.*s:", (int)(arn.data + arn.len - colon - 1),
                    colon + 1);
    wf_cli_member(row, "name", &text);
    wf_term_cell(line, wf_cli_text(&text), 48, true);
    wf_buf_adds(line, "  ");
    add_status(line, row);
    wf_cli_add_date(line, wf_cli_member_ms(row, "startDate"));
    wf_cli_add_duration(line, row);
    wf_buf_free(&arn);
    wf_buf_free(&text);
}

static void machine_row(struct wf_buf *line, struct wf_value row) {
    add_cell(line, row, "name", 36);
    add_cell(line, row, "type", 10);
    wf_cli_add_date(line, wf_cli_member_ms(row, "creationDate"));
}

static void map_run_row(struct wf_buf *line, struct wf_value row) {
    struct wf_buf arn = {0}, text = {0};

    wf_cli_member(row, "mapRunArn", &arn);
    wf_cli_add_label(&text, wf_cli_text(&arn));
    wf_term_cell(line, wf_cli_text(&text), 36, true);
    wf_buf_adds(line, "  ");
    add_cell(line, row, "status", 9);
    text.len = 0;
    wf_cli_add_done(&text, row);
    wf_term_cell(line, wf_cli_text(&text), 13, true);
    wf_buf_adds(line, "  ");
    wf_cli_add_date(line, wf_cli_member_ms(row, "startDate"));
    text.len = 0;
    wf_cli_add_duration(&text, row);
    wf_term_cell(line, wf_cli_text(&text), 8, true);
    wf_buf_addf(line, "  %.*s", (int)arn.len, arn.data);
    wf_buf_free(&arn);
    wf_buf_free(&text);
}

/* Of an ARN what comes behind the last colon. */
static void add_qualifier(struct wf_buf *line, struct wf_value row,
                          const char *member, size_t columns) {
    struct wf_buf arn = {0};

    wf_cli_member(row, member, &arn);
    const char *colon = arn.len ? memrchr(arn.data, ':', arn.len) : NULL;
    if (colon != NULL)
        wf_term_cell(line,
                     (struct wf_str){colon + 1, (size_t)(arn.data + arn.len -
                                                         colon - 1)},
                     columns, true);
    wf_buf_adds(line, "  ");
    wf_buf_free(&arn);
}

static void version_row(struct wf_buf *line, struct wf_value row) {
    add_qualifier(line, row, "stateMachineArn", 7);
    wf_cli_add_date(line, wf_cli_member_ms(row, "creationDate"));
    add_cell(line, row, "description", 40);
}

static void alias_row(struct wf_buf *line, struct wf_value row) {
    struct wf_buf routes = {0};

    add_cell(line, row, "name", 20);
    wf_cli_add_routes(&routes, row);
    wf_term_cell(line, wf_cli_text(&routes), 17, true);
    wf_buf_adds(line, "  ");
    wf_cli_add_date(line, wf_cli_member_ms(row, "updateDate"));
    add_cell(line, row, "description", 40);
    wf_buf_free(&routes);
}

/* ---- the commands ---- */

static int print_table(const struct wf_options *options,
                       const struct table *table, struct wf_str arn) {
    struct printing printing = {
        .options = options,
        .table = table,
        .arn = arn,
        .columns = terminal_columns(SIZE_MAX),
    };

    return print_pages(&printing);
}

static int print_list(const struct wf_options *options) {
    const char *run = wf_option_text(options, "map-run");
    const char *machine = wf_options_arg(options, 0);
    const struct table table = {
        .target = "AWSStepFunctions.ListExecutions",
        .argument = run != NULL ? "mapRunArn" : "stateMachineArn",
        .rows = "executions",
        .heading = "NAME                                  STATUS      "
                   "START                DURATION\n",
        .row = execution_row,
    };
    struct wf_buf arn = {0};
    int status;

    if ((run != NULL) == (machine != NULL))
        return wf_cli_fail(WF_EXIT_USAGE, "list: give STATE-MACHINE or "
                           "--map-run ARN");
    if (run != NULL)
        wf_buf_adds(&arn, run);
    else
        wf_cli_arn(options, "stateMachine", machine, &arn);
    status = print_table(options, &table, wf_cli_text(&arn));
    wf_buf_free(&arn);
    return status;
}

static int print_found(const struct wf_options *options) {
    static const struct table table = {
        .target = WF_CLI_SEARCH,
        .rows = "executions",
        .heading = "EXECUTION                                         "
                   "STATUS      START                DURATION\n",
        .row = found_row,
    };
    struct printing printing = {
        .options = options,
        .table = &table,
        .columns = terminal_columns(SIZE_MAX),
    };
    int status;

    wf_buf_u8(&printing.search, '{');
    status = wf_cli_add_search(options, wf_options_arg(options, 0), NULL,
                               &printing.search);
    if (status == WF_EXIT_OK)
        return print_pages(&printing);
    wf_buf_free(&printing.search);
    return status;
}

static int print_history(const struct wf_options *options) {
    static const struct table table = {
        .target = "AWSStepFunctions.GetExecutionHistory",
        .argument = "executionArn",
        .rows = "events",
    };
    struct wf_event_lines_options how = {
        .color = wf_term_has_color(STDOUT_FILENO),
        .unicode = !isatty(STDOUT_FILENO) || wf_term_is_unicode(),
        .is_flat = wf_option_flag(options, "reverse"),
        .columns = terminal_columns(0),
    };
    struct printing printing = {.options = options, .table = &table};
    struct wf_buf arn = {0};
    int status;

    wf_cli_arn(options, "execution", wf_options_arg(options, 0), &arn);
    printing.arn = wf_cli_text(&arn);
    printing.lines = wf_event_lines_new(&how);
    status = print_pages(&printing);
    wf_event_lines_free(printing.lines);
    wf_buf_free(&arn);
    return status;
}

static int print_map_runs(const struct wf_options *options) {
    static const struct table table = {
        .target = "AWSStepFunctions.ListMapRuns",
        .argument = "executionArn",
        .rows = "mapRuns",
        .heading = "LABEL                                 STATUS     "
                   "ITEMS DONE     START                DURATION  MAP RUN\n",
        .row = map_run_row,
        .describe = "AWSStepFunctions.DescribeMapRun",
        .row_arn = "mapRunArn",
    };
    struct wf_buf arn = {0};
    int status;

    wf_cli_arn(options, "execution", wf_options_arg(options, 0), &arn);
    status = print_table(options, &table, wf_cli_text(&arn));
    wf_buf_free(&arn);
    return status;
}

static int print_machines(const struct wf_options *options) {
    static const struct table table = {
        .target = "AWSStepFunctions.ListStateMachines",
        .rows = "stateMachines",
        .heading = "NAME                                  TYPE        "
                   "CREATED\n",
        .row = machine_row,
    };

    return print_table(options, &table, WF_STR_NULL);
}

static int print_qualifiers(const struct wf_options *options,
                            bool is_versions) {
    static const struct table versions = {
        .target = "AWSStepFunctions.ListStateMachineVersions",
        .argument = "stateMachineArn",
        .rows = "stateMachineVersions",
        .heading = "VERSION  PUBLISHED            DESCRIPTION\n",
        .row = version_row,
        .describe = "AWSStepFunctions.DescribeStateMachine",
        .row_arn = "stateMachineVersionArn",
        .describe_arn = "stateMachineArn",
    };
    static const struct table aliases = {
        .target = "AWSStepFunctions.ListStateMachineAliases",
        .argument = "stateMachineArn",
        .rows = "stateMachineAliases",
        .heading = "ALIAS                 VERSIONS           "
                   "UPDATED              DESCRIPTION\n",
        .row = alias_row,
        .describe = "AWSStepFunctions.DescribeStateMachineAlias",
        .row_arn = "stateMachineAliasArn",
    };
    struct wf_buf arn = {0};
    int status;

    wf_cli_arn(options, "stateMachine", wf_options_arg(options, 0), &arn);
    status = print_table(options, is_versions ? &versions : &aliases,
                         wf_cli_text(&arn));
    wf_buf_free(&arn);
    return status;
}

int wf_cli_pages(const struct wf_options *options) {
    switch (wf_options_command(options)->bit) {
    case WF_COMMAND_LIST:
        return print_list(options);
    case WF_COMMAND_SEARCH:
        return print_found(options);
    case WF_COMMAND_HISTORY:
        return print_history(options);
    case WF_COMMAND_MAP_RUNS:
        return print_map_runs(options);
    case WF_COMMAND_VERSIONS:
        return print_qualifiers(options, true);
    case WF_COMMAND_ALIASES:
        return print_qualifiers(options, false);
    default:
        return print_machines(options);
    }
}
