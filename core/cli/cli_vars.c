/* cli_vars.c - `moonstep vars`: what a running execution is doing, and with
 * which variables. */
#include <stdlib.h>

#include "cli_client.h"
#include "json_write.h"
#include "term.h"

static void add_member(struct wf_buf *line, struct wf_value row,
                       const char *title, const char *member) {
    struct wf_buf text = {0};

    if (wf_cli_member(row, member, &text)) {
        wf_buf_adds(line, title);
        wf_term_text(line, wf_cli_text(&text), SIZE_MAX, true);
    }
    wf_buf_free(&text);
}

static bool print_data(struct wf_value row, const char *member,
                       const char *is_cut) {
    struct wf_buf line = {0};
    struct wf_value cut;
    bool is_printed = true;

    add_member(&line, row, "", member);
    if (line.len > 0) {
        struct wf_buf shown = {0};

        wf_buf_addf(&shown, "    %-10s%.*s%s", member, (int)line.len,
                    line.data,
                    wf_value_member(row, wf_str(is_cut), &cut) ? " ..." : "");
        is_printed = wf_cli_print_line(&shown);
        wf_buf_free(&shown);
    }
    wf_buf_free(&line);
    return is_printed;
}

/* "Hosts[3]: Check (Task) waits for SIGNAL go, attempt 2, since ..." */
static bool print_row(struct wf_value row) {
    struct wf_buf line = {0}, path = {0};
    int64_t entered_ms = wf_cli_member_ms(row, "enteredDate");
    int64_t due_ms = wf_cli_member_ms(row, "dueDate");
    struct wf_value held;
    bool is_printed;

    wf_cli_member(row, "path", &path);
    if (path.len > 0)
        add_member(&line, row, "", "path");
    add_member(&line, row, path.len > 0 ? ": " : "", "state");
    add_member(&line, row, " (", "type");
    add_member(&line, row, "), waits for ", "waitsFor");
    add_member(&line, row, " ", "signal");
    add_member(&line, row, ", attempt ", "attempt");
    if (wf_value_member(row, WF_STR("held"), &held))
        wf_buf_adds(&line, ", paused");
    if (due_ms > 0) {
        wf_buf_adds(&line, ", until ");
        wf_term_date(&line, due_ms);
    }
    if (entered_ms > 0) {
        wf_buf_adds(&line, ", since ");
        wf_term_date(&line, entered_ms);
    }
    is_printed = wf_cli_print_line(&line) &&
                 print_data(row, "input", "inputIsCut") &&
                 print_data(row, "variables", "variablesAreCut");
    wf_buf_free(&line);
    wf_buf_free(&path);
    return is_printed;
}

static int print_page(const struct wf_options *options,
                      struct wf_doc *reply) {
    struct wf_value list, row;

    if (wf_option_flag(options, "json"))
        return wf_cli_print_json(reply);
    if (!wf_value_member((struct wf_value){reply, 0}, WF_STR("lines"),
                         &list) ||
        wf_value_type(list) != WF_JSON_ARRAY)
        return WF_EXIT_OK;
    row = (struct wf_value){reply, list.node + 1};
    for (uint32_t n = wf_doc_nodes(reply)[list.node].count; n > 0; n--) {
        if (!print_row(row))
            return WF_EXIT_ENGINE;
        row.node = wf_doc_nodes(reply)[row.node].next;
    }
    return WF_EXIT_OK;
}

static int call_page(const struct wf_options *options, struct wf_str arn,
                     const struct wf_buf *token, struct wf_doc **reply) {
    struct wf_buf body = {0};
    int status;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, "executionArn", arn);
    if (token->len > 0)
        wf_json_text(&body, "nextToken", wf_cli_text(token));
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, "Moonstep.GetExecutionState",
                         wf_cli_text(&body), reply);
    wf_buf_free(&body);
    return status;
}

int wf_cli_vars(const struct wf_options *options) {
    struct wf_buf arn = {0}, token = {0};
    int status;

    wf_cli_arn(options, "execution", wf_options_arg(options, 0), &arn);
    do {
        struct wf_doc *reply = NULL;

        status = call_page(options, wf_cli_text(&arn), &token, &reply);
        if (status == WF_EXIT_OK)
            status = print_page(options, reply);
        token.len = 0;
        if (status == WF_EXIT_OK)
            wf_cli_member((struct wf_value){reply, 0}, "nextToken", &token);
        wf_doc_unref(reply);
    } while (status == WF_EXIT_OK && token.len > 0);
    wf_buf_free(&arn);
    wf_buf_free(&token);
    return status;
}
