/* cli_test_state.c - `moonstep test-state`: asks, and shows the answer. */
#include "cli_test_state.h"

#include <stdio.h>
#include <unistd.h>

#include "cli_client.h"
#include "json_write.h"
#include "term.h"
#include "workflow_file.h"

/* ---- the call ---- */

/* The text of an option, or of the file that it names; `text` stays empty if
 * it is not given. False: the file can't be read. */
static bool read_text(const struct wf_options *options, const char *name,
                      struct wf_buf *text) {
    const char *given = wf_option_text(options, name);
    struct wf_error err = {0};

    if (given == NULL)
        return true;
    if (given[0] != '@') {
        wf_buf_adds(text, given);
        return true;
    }
    if (wf_cli_read_file(given + 1, text, &err) == 0)
        return true;
    wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    return false;
}

static bool put_text(const struct wf_options *options, const char *option,
                     struct wf_buf *body, const char *member) {
    struct wf_buf text = {0};
    bool is_read = read_text(options, option, &text);

    if (is_read && wf_option_text(options, option) != NULL)
        wf_json_text(body, member, wf_cli_text(&text));
    wf_buf_free(&text);
    return is_read;
}

static void put_word(const struct wf_options *options, const char *option,
                     struct wf_buf *body, const char *member) {
    const char *word = wf_option_text(options, option);

    if (word != NULL)
        wf_json_text(body, member, wf_str(word));
}

static void put_number(const struct wf_options *options, const char *option,
                       struct wf_buf *body, const char *member) {
    if (wf_option_given(options, option))
        wf_json_integer(body, member, wf_option_number(options, option));
}

static bool put_mock(const struct wf_options *options, struct wf_buf *body) {
    bool has_error = wf_option_text(options, "error") != NULL ||
                     wf_option_text(options, "cause") != NULL;

    if (!has_error && wf_option_text(options, "mock") == NULL)
        return true;
    wf_json_key(body, "mock");
    wf_buf_u8(body, '{');
    put_word(options, "validation", body, "fieldValidationMode");
    if (!put_text(options, "mock", body, "result"))
        return false;
    if (has_error) {
        wf_json_key(body, "errorOutput");
        wf_buf_u8(body, '{');
        put_word(options, "error", body, "error");
        put_word(options, "cause", body, "cause");
        wf_buf_u8(body, '}');
    }
    wf_buf_u8(body, '}');
    return true;
}

static bool put_configuration(const struct wf_options *options,
                              struct wf_buf *body) {
    bool is_read;

    if (!wf_option_given(options, "retry-count") &&
        !wf_option_given(options, "failure-count") &&
        wf_option_text(options, "item-data") == NULL)
        return true;
    wf_json_key(body, "stateConfiguration");
    wf_buf_u8(body, '{');
    put_number(options, "retry-count", body, "retrierRetryCount");
    put_number(options, "failure-count", body, "mapIterationFailureCount");
    is_read = put_text(options, "item-data", body, "mapItemReaderData");
    wf_buf_u8(body, '}');
    return is_read;
}

/* Of a machine, without --state, the first one. */
static void put_state(const struct wf_options *options,
                      struct wf_str definition, struct wf_buf *body) {
    struct wf_doc *doc = wf_doc_parse(definition, NULL, NULL);
    struct wf_buf first = {0};

    if (wf_option_text(options, "state") != NULL)
        put_word(options, "state", body, "stateName");
    else if (doc != NULL &&
             wf_value_type((struct wf_value){doc, 0}) == WF_JSON_OBJECT &&
             wf_cli_member((struct wf_value){doc, 0}, "StartAt", &first) &&
             first.len > 0)
        wf_json_text(body, "stateName", wf_cli_text(&first));
    wf_buf_free(&first);
    wf_doc_unref(doc);
}

static bool read_definition(const struct wf_options *options,
                            struct wf_buf *text) {
    const char *file = wf_options_arg(options, 0);
    struct wf_error err = {0};
    bool is_stdin = strcmp(file, "-") == 0;
    int rc = wf_workflow_definition(options, file, text, &err);

    if (rc == 0 && is_stdin && strcmp(wf_option_text(options, "input"),
                                      "-") == 0)
        rc = wf_error_set(&err, WF_E_INVALID,
                          "definition and input can't both be stdin");
    if (rc != 0)
        wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    return rc == 0;
}

static bool put_input(const struct wf_options *options, struct wf_buf *body) {
    struct wf_buf input = {0};
    struct wf_error err = {0};
    bool is_read = wf_cli_input(options, &input, &err) == 0;

    if (is_read)
        wf_json_text(body, "input", wf_cli_text(&input));
    else
        wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    wf_buf_free(&input);
    return is_read;
}

static bool make_body(const struct wf_options *options, struct wf_buf *body) {
    struct wf_buf definition = {0};
    bool is_made = read_definition(options, &definition);

    wf_buf_u8(body, '{');
    if (is_made) {
        wf_json_text(body, "definition", wf_cli_text(&definition));
        put_state(options, wf_cli_text(&definition), body);
        put_word(options, "level", body, "inspectionLevel");
        is_made = put_input(options, body) &&
                  put_text(options, "variables", body, "variables") &&
                  put_text(options, "context", body, "context") &&
                  put_mock(options, body) && put_configuration(options, body);
    }
    wf_buf_u8(body, '}');
    wf_buf_free(&definition);
    return is_made;
}

/* ---- the answer ---- */

static void tell(struct wf_buf *line) {
    fprintf(stderr, "%.*s\n", (int)line->len, line->data);
    line->len = 0;
}

/* Stages in AWS's order, errorDetails as it is. */
static void tell_stages(struct wf_value reply) {
    struct wf_value stages;
    struct wf_buf line = {0}, text = {0};

    if (!wf_value_member(reply, WF_STR("inspectionData"), &stages))
        return;
    const struct wf_node *nodes = wf_doc_nodes(stages.doc);
    for (uint32_t at = stages.node + 1; at < nodes[stages.node].next;
         at = nodes[at + 1].next) {
        struct wf_value value = {stages.doc, at + 1};
        text.len = 0;
        wf_value_string((struct wf_value){stages.doc, at}, &text);
        wf_buf_addf(&line, "%-26.*s", (int)text.len, text.data);
        text.len = 0;
        if (wf_value_type(value) == WF_JSON_STRING)
            wf_value_string(value, &text);
        else
            wf_buf_addstr(&text, wf_value_text(value));
        wf_term_text(&line, wf_cli_text(&text), SIZE_MAX, true);
        tell(&line);
    }
    wf_buf_free(&line);
    wf_buf_free(&text);
}

static void add_member(struct wf_value reply, const char *name,
                       const char *before, struct wf_buf *line) {
    struct wf_buf text = {0};

    if (wf_cli_member(reply, name, &text)) {
        wf_buf_adds(line, before);
        wf_term_text(line, wf_cli_text(&text), SIZE_MAX, true);
    }
    wf_buf_free(&text);
}

static int show(struct wf_value reply) {
    struct wf_buf line = {0}, status = {0};
    bool goes_on, is_printed = true;

    tell_stages(reply);
    wf_cli_member(reply, "status", &status);
    goes_on = wf_str_eq(wf_cli_text(&status), WF_STR("SUCCEEDED")) ||
              wf_str_eq(wf_cli_text(&status), WF_STR("CAUGHT_ERROR"));
    wf_buf_addstr(&line, wf_cli_text(&status));
    add_member(reply, "error", " ", &line);
    add_member(reply, "cause", ": ", &line);
    add_member(reply, "nextState", ", next: ", &line);
    tell(&line);
    if (wf_cli_member(reply, "output", &line)) {
        wf_buf_u8(&line, '\n');
        is_printed = wf_cli_print(wf_cli_text(&line));
    }
    wf_buf_free(&line);
    wf_buf_free(&status);
    return !is_printed ? WF_EXIT_ENGINE
           : goes_on   ? WF_EXIT_OK
                       : WF_EXIT_FAILED;
}

int wf_cli_test_state(const struct wf_options *options) {
    struct wf_buf body = {0};
    struct wf_doc *reply = NULL;
    int status = WF_EXIT_USAGE;

    if (make_body(options, &body))
        status = wf_option_text(options, "endpoint") != NULL
                     ? wf_cli_call(options, WF_TEST_STATE_TARGET,
                                   wf_cli_text(&body), &reply)
                     : wf_cli_test_in_process(options,
                                              wf_options_arg(options, 0),
                                              wf_cli_text(&body), &reply);
    wf_buf_free(&body);
    if (status != WF_EXIT_OK)
        return status;
    if (wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    else
        status = show((struct wf_value){reply, 0});
    wf_doc_unref(reply);
    return status;
}
