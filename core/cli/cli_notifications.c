/*
 * cli_notifications.c - notifications: who is told of status changes, and the
 * dead letters of one of them.
 */
#include "cli_client.h"

#include <stdio.h>

#include "json_write.h"

enum { PAGE = 100 };

static int64_t number_of(struct wf_value object, const char *name) {
    struct wf_value value;
    int64_t number = 0;

    if (wf_value_member(object, wf_str(name), &value))
        wf_value_integer(value, &number);
    return number;
}

static void add_padded(struct wf_buf *line, struct wf_value object,
                       const char *name, size_t width) {
    size_t from = line->len;

    wf_cli_member(object, name, line);
    while (line->len - from < width)
        wf_buf_u8(line, ' ');
    wf_buf_adds(line, "  ");
}

static bool print_text(const char *text) {
    struct wf_buf line = {0};
    bool is_printed;

    wf_buf_adds(&line, text);
    is_printed = wf_cli_print_line(&line);
    wf_buf_free(&line);
    return is_printed;
}

/* ---- targets ---- */

static bool print_target(struct wf_value target) {
    struct wf_buf line = {0};
    bool is_printed;

    add_padded(&line, target, "id", 20);
    wf_buf_addf(&line, "%8lld  %12lld  %9lld  ",
                (long long)number_of(target, "backlog"),
                (long long)number_of(target, "deadLetters"),
                (long long)number_of(target, "delivered"));
    if (!wf_cli_member(target, "url", &line))
        wf_cli_member(target, "handler", &line);
    is_printed = wf_cli_print_line(&line);
    if (is_printed && wf_cli_member_ms(target, "lastFailure") > 0) {
        wf_buf_adds(&line, "    ");
        wf_cli_add_date(&line, wf_cli_member_ms(target, "lastFailure"));
        wf_cli_member(target, "lastError", &line);
        is_printed = wf_cli_print_line(&line);
    }
    wf_buf_free(&line);
    return is_printed;
}

static int print_rows(struct wf_doc *reply, const char *member,
                      const char *heading, bool (*print)(struct wf_value)) {
    struct wf_value list, element = {0};

    if (heading != NULL && !print_text(heading))
        return WF_EXIT_ENGINE;
    if (!wf_value_member((struct wf_value){reply, 0}, wf_str(member),
                         &list) || wf_value_type(list) != WF_JSON_ARRAY)
        return WF_EXIT_OK;
    while (wf_value_next_element(list, &element))
        if (!print(element))
            return WF_EXIT_ENGINE;
    return WF_EXIT_OK;
}

static int print_targets(const struct wf_options *options) {
    struct wf_doc *reply = NULL;
    int status = wf_cli_call(options, "Moonstep.ListNotificationTargets",
                             WF_STR("{}"), &reply);

    if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    else if (status == WF_EXIT_OK)
        status = print_rows(reply, "targets",
                            "TARGET                 BACKLOG  DEAD LETTERS  "
                            "DELIVERED  TO", print_target);
    wf_doc_unref(reply);
    return status;
}

/* ---- dead letters ---- */

static bool print_letter(struct wf_value letter) {
    struct wf_buf line = {0};
    bool is_printed;

    wf_cli_add_date(&line, wf_cli_member_ms(letter, "time"));
    add_padded(&line, letter, "status", 9);
    wf_buf_addf(&line, "%8lld  ", (long long)number_of(letter, "attempts"));
    if (!wf_cli_member(letter, "executionArn", &line))
        wf_cli_member(letter, "name", &line);
    is_printed = wf_cli_print_line(&line);
    if (is_printed) {
        wf_buf_adds(&line, "    ");
        wf_cli_member(letter, "reason", &line);
        is_printed = wf_cli_print_line(&line);
    }
    wf_buf_free(&line);
    return is_printed;
}

static int call_page(const struct wf_options *options, const char *target,
                     int64_t most, struct wf_buf *token,
                     struct wf_doc **reply) {
    struct wf_buf body = {0};
    int status;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, "target", wf_str(target));
    wf_json_integer(&body, "maxResults", most);
    if (token->len > 0)
        wf_json_text(&body, "nextToken", wf_cli_text(token));
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options, "Moonstep.ListDeadLetters",
                         wf_cli_text(&body), reply);
    token->len = 0;
    if (status == WF_EXIT_OK)
        wf_cli_member((struct wf_value){*reply, 0}, "nextToken", token);
    wf_buf_free(&body);
    return status;
}

static int print_letters(const struct wf_options *options,
                         const char *target) {
    const char *heading =
        "TIME                 STATUS     ATTEMPTS  EXECUTION";
    int64_t left = wf_option_number(options, "max");
    struct wf_buf token = {0};
    int status;

    if (left == 0)
        left = INT64_MAX;
    do {
        struct wf_doc *reply = NULL;
        int64_t most = left < PAGE ? left : PAGE;
        status = call_page(options, target, most, &token, &reply);
        if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
            status = wf_cli_print_json(reply);
        else if (status == WF_EXIT_OK)
            status = print_rows(reply, "deadLetters", heading, print_letter);
        wf_doc_unref(reply);
        heading = NULL;
        left -= most;
    } while (status == WF_EXIT_OK && token.len > 0 && left > 0);
    wf_buf_free(&token);
    return status;
}

/* ---- sending them again ---- */

static int move_letters(const struct wf_options *options, const char *target,
                        bool discard) {
    struct wf_buf body = {0}, line = {0};
    struct wf_doc *reply = NULL;
    int status;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, "target", wf_str(target));
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options,
                         discard ? "Moonstep.DeleteDeadLetters"
                                 : "Moonstep.ResendDeadLetters",
                         wf_cli_text(&body), &reply);
    if (status == WF_EXIT_OK && wf_option_flag(options, "json")) {
        status = wf_cli_print_json(reply);
    } else if (status == WF_EXIT_OK) {
        wf_cli_member((struct wf_value){reply, 0}, "count", &line);
        status = wf_cli_print_line(&line) ? WF_EXIT_OK : WF_EXIT_ENGINE;
    }
    wf_doc_unref(reply);
    wf_buf_free(&body);
    wf_buf_free(&line);
    return status;
}

int wf_cli_notifications(const struct wf_options *options) {
    const char *target = wf_options_arg(options, 0);
    bool resend = wf_option_flag(options, "resend");
    bool discard = wf_option_flag(options, "discard");

    if ((resend || discard) && (target == NULL || (resend && discard)))
        return wf_cli_fail(WF_EXIT_USAGE, "notifications: --resend and "
                           "--discard want a TARGET, and one of them");
    if (resend || discard)
        return move_letters(options, target, discard);
    return target != NULL ? print_letters(options, target)
                          : print_targets(options);
}
