/* cli_machines.c - create, update, delete, and machines STATE-MACHINE. */
#include "cli_client.h"

#include <stdio.h>

#include "json_write.h"
#include "workflow_file.h"

static void read_name(const struct wf_options *options, const char *file,
                      struct wf_buf *name) {
    if (strcmp(file, "-") == 0 && wf_option_text(options, "machine") == NULL)
        wf_buf_adds(name, "stdin");
    else
        wf_cli_machine_name(options, file, name);
}

static int read_definition(const struct wf_options *options, const char *file,
                           struct wf_buf *definition) {
    struct wf_error err = {0};
    int rc = wf_workflow_definition(options, file, definition, &err);

    return rc == 0 ? WF_EXIT_OK
           : err.code == WF_E_INVALID
               ? wf_cli_fail(WF_EXIT_FAILED, "%s", err.message)
               : wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
}

/* --publish, which start does not have. */
static bool wants_version(const struct wf_options *options) {
    wf_command_bits command = wf_options_command(options)->bit;
    return (command & (WF_COMMAND_CREATE | WF_COMMAND_UPDATE)) &&
           wf_option_flag(options, "publish");
}

static void add_publish(const struct wf_options *options,
                        struct wf_buf *body) {
    wf_command_bits command = wf_options_command(options)->bit;
    if (!(command & (WF_COMMAND_CREATE | WF_COMMAND_UPDATE)))
        return;
    if (wants_version(options))
        wf_json_raw(body, "publish", "true");
    wf_json_text_if(body, "versionDescription",
                    wf_str(wf_option_text(options, "description")));
}

int wf_cli_create_machine(const struct wf_options *options, const char *file,
                          bool is_express, struct wf_buf *arn) {
    struct wf_buf definition = {0}, name = {0}, body = {0};
    struct wf_doc *reply = NULL;
    int status = read_definition(options, file, &definition);

    if (status == WF_EXIT_OK) {
        read_name(options, file, &name);
        wf_buf_u8(&body, '{');
        wf_json_text(&body, "name", wf_cli_text(&name));
        wf_json_text(&body, "definition", wf_cli_text(&definition));
        wf_json_text(&body, "roleArn",
                     WF_STR("arn:aws:iam::000000000000:role/moonstep"));
        if (is_express)
            wf_json_text(&body, "type", WF_STR("EXPRESS"));
        add_publish(options, &body);
        wf_buf_u8(&body, '}');
        status = wf_cli_call(options, "AWSStepFunctions.CreateStateMachine",
                             wf_cli_text(&body), &reply);
    }
    if (status == WF_EXIT_OK)
        wf_cli_member((struct wf_value){reply, 0},
                      wants_version(options) ? "stateMachineVersionArn"
                                             : "stateMachineArn",
                      arn);
    wf_doc_unref(reply);
    wf_buf_free(&definition);
    wf_buf_free(&name);
    wf_buf_free(&body);
    return status;
}

/* The ARN is what is printed, or with --json the answer. */
static int print_arn(const struct wf_options *options, struct wf_buf *arn,
                     struct wf_doc *reply) {
    if (reply != NULL && wf_option_flag(options, "json"))
        return wf_cli_print_json(reply);
    return wf_cli_print_line(arn) ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

static int client_create(const struct wf_options *options) {
    struct wf_buf arn = {0};
    int status = wf_cli_create_machine(options, wf_options_arg(options, 0),
                                       wf_option_flag(options, "express"),
                                       &arn);

    if (status == WF_EXIT_OK && wf_option_flag(options, "json")) {
        struct wf_buf line = {0};

        wf_buf_u8(&line, '{');
        wf_json_text(&line,
                     wants_version(options) ? "stateMachineVersionArn"
                                            : "stateMachineArn",
                     wf_cli_text(&arn));
        wf_buf_u8(&line, '}');
        status = wf_cli_print_line(&line) ? WF_EXIT_OK : WF_EXIT_ENGINE;
        wf_buf_free(&line);
    } else if (status == WF_EXIT_OK) {
        status = print_arn(options, &arn, NULL);
    }
    wf_buf_free(&arn);
    return status;
}

static int client_update(const struct wf_options *options) {
    const char *file = wf_options_arg(options, 0);
    struct wf_buf definition = {0}, name = {0}, arn = {0}, body = {0};
    struct wf_doc *reply = NULL;
    int status = read_definition(options, file, &definition);

    if (status == WF_EXIT_OK) {
        read_name(options, file, &name);
        wf_buf_u8(&name, 0);
        wf_cli_arn(options, "stateMachine", name.data, &arn);
        wf_buf_u8(&body, '{');
        wf_json_text(&body, "stateMachineArn", wf_cli_text(&arn));
        wf_json_text(&body, "definition", wf_cli_text(&definition));
        add_publish(options, &body);
        wf_buf_u8(&body, '}');
        status = wf_cli_call(options, "AWSStepFunctions.UpdateStateMachine",
                             wf_cli_text(&body), &reply);
    }
    if (status == WF_EXIT_OK && wants_version(options))
        status = wf_cli_print_member(options, reply,
                                     "stateMachineVersionArn");
    else if (status == WF_EXIT_OK)
        status = print_arn(options, &arn, reply);
    wf_doc_unref(reply);
    wf_buf_free(&definition);
    wf_buf_free(&name);
    wf_buf_free(&arn);
    wf_buf_free(&body);
    return status;
}

/* AWS deletes what is not there without complaint. People have mistyped it,
 * so it is looked up first. */
static int client_delete(const struct wf_options *options,
                         struct wf_str arn) {
    struct wf_doc *reply = NULL;
    int status = wf_cli_call_arn(options,
                                 "AWSStepFunctions.DescribeStateMachine",
                                 "stateMachineArn", arn, &reply);

    wf_doc_unref(reply);
    reply = NULL;
    if (status == WF_EXIT_OK)
        status = wf_cli_call_arn(options,
                                 "AWSStepFunctions.DeleteStateMachine",
                                 "stateMachineArn", arn, &reply);
    if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    wf_doc_unref(reply);
    return status;
}

static int print_definition(struct wf_value machine) {
    struct wf_buf text = {0};
    int status;

    wf_cli_member(machine, "definition", &text);
    if (text.len == 0 || text.data[text.len - 1] != '\n')
        wf_buf_u8(&text, '\n');
    status = wf_cli_print(wf_cli_text(&text)) ? WF_EXIT_OK : WF_EXIT_ENGINE;
    wf_buf_free(&text);
    return status;
}

static int print_machine(struct wf_value machine) {
    struct wf_buf line = {0};
    bool is_printed = wf_cli_show_member(machine, "name", "name") &&
                      wf_cli_show_member(machine, "arn", "stateMachineArn") &&
                      wf_cli_show_member(machine, "type", "type") &&
                      wf_cli_show_member(machine, "status", "status") &&
                      wf_cli_show_member(machine, "about", "description");

    wf_buf_adds(&line, "created   ");
    wf_cli_add_date(&line, wf_cli_member_ms(machine, "creationDate"));
    is_printed = is_printed && wf_cli_print_line(&line) &&
                 wf_cli_show_member(machine, "definition", "definition");
    wf_buf_free(&line);
    return is_printed ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

static int client_machine(const struct wf_options *options,
                          struct wf_str arn) {
    struct wf_doc *reply = NULL;
    int status = wf_cli_call_arn(options,
                                 "AWSStepFunctions.DescribeStateMachine",
                                 "stateMachineArn", arn, &reply);

    if (status != WF_EXIT_OK)
        return status;
    if (wf_option_flag(options, "definition"))
        status = print_definition((struct wf_value){reply, 0});
    else if (wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    else
        status = print_machine((struct wf_value){reply, 0});
    wf_doc_unref(reply);
    return status;
}

int wf_cli_machines(const struct wf_options *options) {
    wf_command_bits command = wf_options_command(options)->bit;
    struct wf_buf arn = {0};
    int status;

    if (command == WF_COMMAND_CREATE)
        return client_create(options);
    if (command == WF_COMMAND_UPDATE)
        return client_update(options);
    wf_cli_arn(options, "stateMachine", wf_options_arg(options, 0), &arn);
    if (command == WF_COMMAND_DELETE && wf_cli_is_qualified(&arn))
        status = wf_cli_delete_qualified(options, &arn);
    else if (command == WF_COMMAND_DELETE)
        status = client_delete(options, wf_cli_text(&arn));
    else
        status = client_machine(options, wf_cli_text(&arn));
    wf_buf_free(&arn);
    return status;
}
