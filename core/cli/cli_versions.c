/* cli_versions.c - publish, alias create|update|delete|show, and delete of a
 * version: what names revisions of a state machine. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli_client.h"
#include "json_write.h"

/* ---- publish ---- */

int wf_cli_publish(const struct wf_options *options) {
    struct wf_buf body = {0}, arn = {0};
    struct wf_doc *reply = NULL;
    int status;

    wf_cli_arn(options, "stateMachine", wf_options_arg(options, 0), &arn);
    wf_buf_u8(&body, '{');
    wf_json_text(&body, "stateMachineArn", wf_cli_text(&arn));
    wf_json_text_if(&body, "description",
                    wf_str(wf_option_text(options, "description")));
    wf_json_text_if(&body, "revisionId",
                    wf_str(wf_option_text(options, "revision")));
    wf_buf_u8(&body, '}');
    status = wf_cli_call(options,
                         "AWSStepFunctions.PublishStateMachineVersion",
                         wf_cli_text(&body), &reply);
    if (status == WF_EXIT_OK)
        status = wf_cli_print_member(options, reply,
                                     "stateMachineVersionArn");
    wf_doc_unref(reply);
    wf_buf_free(&arn);
    wf_buf_free(&body);
    return status;
}

int wf_cli_print_member(const struct wf_options *options,
                        struct wf_doc *reply, const char *member) {
    struct wf_buf line = {0};
    int status = WF_EXIT_ENGINE;

    if (wf_option_flag(options, "json"))
        return wf_cli_print_json(reply);
    wf_cli_member((struct wf_value){reply, 0}, member, &line);
    if (wf_cli_print_line(&line))
        status = WF_EXIT_OK;
    wf_buf_free(&line);
    return status;
}

/* ---- alias ---- */

/* Where the qualifier begins in "…:stateMachine:NAME:QUALIFIER", or NULL. */
static const char *qualifier_of(const struct wf_buf *arn) {
    const char *at = arn->data, *end = arn->data + arn->len;

    for (int colons = 0; colons < 7 && at != NULL; colons++) {
        at = memchr(at, ':', (size_t)(end - at));
        at = at != NULL ? at + 1 : NULL;
    }
    return at < end ? at : NULL;
}

/* "7=90", "ARN=90", "7": a version of the alias's state machine, of which
 * `before` is the ARN and a colon. False: it has no such form. */
static bool add_route(struct wf_buf *body, struct wf_str before,
                      const char *argument) {
    size_t digits = strspn(argument, "0123456789");
    const char *equals = strrchr(argument, '=');
    size_t len = equals != NULL ? (size_t)(equals - argument)
                                : strlen(argument);
    long weight = 100;
    char *end = "";
    struct wf_buf arn = {0};

    if (equals != NULL)
        weight = strtol(equals + 1, &end, 10);
    if (len == 0 || *end != '\0' || (equals != NULL && equals[1] == '\0') ||
        weight < 0 || (digits < len && strncmp(argument, "arn:", 4) != 0))
        return false;
    if (digits == len)
        wf_buf_addstr(&arn, before);
    wf_buf_add(&arn, argument, len);
    wf_json_comma(body);
    wf_buf_u8(body, '{');
    wf_json_text(body, "stateMachineVersionArn", wf_cli_text(&arn));
    wf_json_integer(body, "weight", weight);
    wf_buf_u8(body, '}');
    wf_buf_free(&arn);
    return true;
}

/* The routes are the arguments behind the first two; false: one is wrong. */
static bool add_routes(const struct wf_options *options, struct wf_buf *body,
                       const struct wf_buf *arn) {
    struct wf_str before = {arn->data,
                            (size_t)(qualifier_of(arn) - arn->data)};
    const char *argument;

    if (wf_options_arg(options, 2) == NULL)
        return true;
    wf_json_key(body, "routingConfiguration");
    wf_buf_u8(body, '[');
    for (unsigned i = 2; (argument = wf_options_arg(options, i)); i++) {
        if (add_route(body, before, argument))
            continue;
        wf_cli_fail(WF_EXIT_USAGE,
                    "alias: \"%s\" is no VERSION or VERSION=WEIGHT",
                    argument);
        return false;
    }
    wf_buf_u8(body, ']');
    return true;
}

static int put_alias(const struct wf_options *options, bool is_new,
                     const struct wf_buf *arn) {
    const char *name = qualifier_of(arn);
    struct wf_buf body = {0};
    struct wf_doc *reply = NULL;
    int status = WF_EXIT_USAGE;

    wf_buf_u8(&body, '{');
    if (is_new)
        wf_json_text(&body, "name",
                     (struct wf_str){name, (size_t)(arn->data + arn->len -
                                                    name)});
    else
        wf_json_text(&body, "stateMachineAliasArn", wf_cli_text(arn));
    wf_json_text_if(&body, "description",
                    wf_str(wf_option_text(options, "description")));
    if (add_routes(options, &body, arn)) {
        wf_buf_u8(&body, '}');
        status = wf_cli_call(options,
                             is_new ? "AWSStepFunctions."
                                      "CreateStateMachineAlias"
                                    : "AWSStepFunctions."
                                      "UpdateStateMachineAlias",
                             wf_cli_text(&body), &reply);
    }
    if (status == WF_EXIT_OK && wf_option_flag(options, "json")) {
        status = wf_cli_print_json(reply);
    } else if (status == WF_EXIT_OK) {
        struct wf_buf line = {0};
        wf_buf_addstr(&line, wf_cli_text(arn));
        status = wf_cli_print_line(&line) ? WF_EXIT_OK : WF_EXIT_ENGINE;
        wf_buf_free(&line);
    }
    wf_doc_unref(reply);
    wf_buf_free(&body);
    return status;
}

/* It is looked up first, as state machines are. */
static int delete_alias(const struct wf_options *options,
                        struct wf_str arn) {
    struct wf_doc *reply = NULL;
    int status = wf_cli_call_arn(options,
                                 "AWSStepFunctions.DescribeStateMachineAlias",
                                 "stateMachineAliasArn", arn, &reply);

    wf_doc_unref(reply);
    reply = NULL;
    if (status == WF_EXIT_OK)
        status = wf_cli_call_arn(options,
                                 "AWSStepFunctions.DeleteStateMachineAlias",
                                 "stateMachineAliasArn", arn, &reply);
    if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    wf_doc_unref(reply);
    return status;
}

int wf_cli_delete_qualified(const struct wf_options *options,
                            const struct wf_buf *arn) {
    const char *qualifier = qualifier_of(arn);
    struct wf_doc *reply = NULL;
    int status;

    if (!isdigit((unsigned char)*qualifier))
        return delete_alias(options, wf_cli_text(arn));
    status = wf_cli_call_arn(options, "AWSStepFunctions.DescribeStateMachine",
                             "stateMachineArn", wf_cli_text(arn), &reply);
    wf_doc_unref(reply);
    reply = NULL;
    if (status == WF_EXIT_OK)
        status = wf_cli_call_arn(options,
                                 "AWSStepFunctions.DeleteStateMachineVersion",
                                 "stateMachineVersionArn", wf_cli_text(arn),
                                 &reply);
    if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    wf_doc_unref(reply);
    return status;
}

bool wf_cli_is_qualified(const struct wf_buf *arn) {
    return qualifier_of(arn) != NULL;
}

void wf_cli_add_routes(struct wf_buf *line, struct wf_value alias) {
    struct wf_value routes, route = {0}, member;
    struct wf_buf arn = {0};
    const char *between = "";
    int64_t weight;

    if (!wf_value_member(alias, WF_STR("routingConfiguration"), &routes))
        return;
    while (wf_value_next_element(routes, &route)) {
        arn.len = 0;
        wf_cli_member(route, "stateMachineVersionArn", &arn);
        const char *version = qualifier_of(&arn);
        weight = 0;
        if (wf_value_member(route, WF_STR("weight"), &member))
            wf_value_integer(member, &weight);
        wf_buf_adds(line, between);
        if (version != NULL)
            wf_buf_add(line, version,
                       (size_t)(arn.data + arn.len - version));
        wf_buf_addf(line, "=%lld", (long long)weight);
        between = " ";
    }
    wf_buf_free(&arn);
}

static int show_alias(const struct wf_options *options, struct wf_str arn) {
    struct wf_doc *reply = NULL;
    struct wf_buf line = {0};
    int status = wf_cli_call_arn(options,
                                 "AWSStepFunctions.DescribeStateMachineAlias",
                                 "stateMachineAliasArn", arn, &reply);
    struct wf_value alias = {reply, 0};

    if (status == WF_EXIT_OK && wf_option_flag(options, "json")) {
        status = wf_cli_print_json(reply);
    } else if (status == WF_EXIT_OK) {
        wf_buf_adds(&line, "versions  ");
        wf_cli_add_routes(&line, alias);
        bool is_printed =
            wf_cli_show_member(alias, "name", "name") &&
            wf_cli_show_member(alias, "arn", "stateMachineAliasArn") &&
            wf_cli_print_line(&line) &&
            wf_cli_show_member(alias, "about", "description");
        wf_buf_adds(&line, "updated   ");
        wf_cli_add_date(&line, wf_cli_member_ms(alias, "updateDate"));
        status = is_printed && wf_cli_print_line(&line) ? WF_EXIT_OK
                                                        : WF_EXIT_ENGINE;
    }
    wf_buf_free(&line);
    wf_doc_unref(reply);
    return status;
}

int wf_cli_alias(const struct wf_options *options) {
    const char *verb = wf_options_arg(options, 0);
    bool is_new = strcmp(verb, "create") == 0;
    bool is_update = strcmp(verb, "update") == 0;
    bool is_delete = strcmp(verb, "delete") == 0;
    struct wf_buf arn = {0};
    int status;

    if (!is_new && !is_update && !is_delete && strcmp(verb, "show") != 0)
        return wf_cli_fail(WF_EXIT_USAGE, "alias: create, update, delete or "
                           "show, not \"%s\"", verb);
    wf_cli_arn(options, "stateMachine", wf_options_arg(options, 1), &arn);
    if (!wf_cli_is_qualified(&arn))
        status = wf_cli_fail(WF_EXIT_USAGE, "alias: name it as "
                             "STATE-MACHINE:ALIAS");
    else if (is_new && wf_options_arg(options, 2) == NULL)
        status = wf_cli_fail(WF_EXIT_USAGE, "alias create: which version does "
                             "it lead to?");
    else if (is_new || is_update)
        status = put_alias(options, is_new, &arn);
    else if (wf_options_arg(options, 2) != NULL)
        status = wf_cli_fail(WF_EXIT_USAGE, "alias %s: one argument too many: "
                             "\"%s\"", verb, wf_options_arg(options, 2));
    else
        status = is_delete ? delete_alias(options, wf_cli_text(&arn))
                           : show_alias(options, wf_cli_text(&arn));
    wf_buf_free(&arn);
    return status;
}
