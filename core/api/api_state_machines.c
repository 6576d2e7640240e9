/* api_state_machines.c - the operations on state machines. See api_call.h. */
#include <stdlib.h>

#include "api_call.h"
#include "api_settings.h"
#include "json_write.h"

enum { METADATA_ONLY = 1, WARNINGS_TOO = 2 }; /* call->options */

static void take_included_data(struct wf_api_call *call,
                               struct wf_api_request *request) {
    if (wf_api_is(request, "includedData", "METADATA_ONLY"))
        call->options |= METADATA_ONLY;
}

/* False: it was refused. */
static bool read_version(struct wf_api_call *call,
                         struct wf_api_request *request, bool *publish,
                         struct wf_str *description) {
    *publish = wf_api_flag(request, "publish", false);
    *description = wf_api_text(request, "versionDescription");
    if (*publish || !description->data)
        return true;
    wf_api_fail(call, "ValidationException",
                WF_STR("Version description can only be set when publish is "
                       "true"));
    return false;
}

/* ---- CreateStateMachine ---- */

static void on_created(void *arg, const struct wf_refusal *refusal,
                       const struct wf_state_machine_reply *reply) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    wf_json_text(call->out, "stateMachineArn", reply->arn);
    wf_json_time(call->out, "creationDate", reply->creation_ms);
    wf_json_text_if(call->out, "stateMachineVersionArn", reply->version_arn);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void create(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_api_settings settings = {0};
    struct wf_tag *tags = NULL;
    struct wf_create_state_machine ask = {
        .name = wf_api_text(request, "name"),
        .definition = wf_api_text(request, "definition"),
        .express = wf_api_is(request, "type", "EXPRESS"),
    };
    if (read_version(call, request, &ask.publish,
                     &ask.version_description) &&
        wf_api_role_read(call, request, &ask.role_arn) &&
        wf_api_settings_read(call, request, &settings) &&
        wf_api_tags_read(call, request, &tags, &ask.tag_count)) {
        ask.settings = settings.settings;
        ask.tags = tags;
        wf_engine_create_state_machine(call->engine, &ask, on_created, call);
    }
    free(tags);
    wf_api_settings_free(&settings);
}

/* ---- UpdateStateMachine ---- */

static void on_updated(void *arg, const struct wf_refusal *refusal,
                       const struct wf_state_machine_reply *reply) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    wf_json_time(call->out, "updateDate", reply->update_ms);
    wf_json_text_if(call->out, "revisionId", reply->revision_id);
    wf_json_text_if(call->out, "stateMachineVersionArn", reply->version_arn);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static bool asks_for_nothing(const struct wf_update_state_machine *ask) {
    return !ask->definition.data && !ask->role_arn.data &&
           !ask->settings.logging.data && !ask->settings.tracing.data &&
           !ask->settings.encryption.data;
}

static void update(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_api_settings settings = {0};
    struct wf_update_state_machine ask = {
        .arn = wf_api_text(request, "stateMachineArn"),
        .definition = wf_api_text(request, "definition"),
    };
    if (read_version(call, request, &ask.publish,
                     &ask.version_description) &&
        wf_api_role_read(call, request, &ask.role_arn) &&
        wf_api_settings_read(call, request, &settings)) {
        ask.settings = settings.settings;
        if (asks_for_nothing(&ask))
            wf_api_fail(call, "MissingRequiredParameter",
                        WF_STR("Either the definition, the role ARN, the "
                               "LoggingConfiguration, or the "
                               "TracingConfiguration must be specified"));
        else
            wf_engine_update_state_machine(call->engine, &ask, on_updated,
                                           call);
    }
    wf_api_settings_free(&settings);
}

/* ---- DescribeStateMachine, DescribeStateMachineForExecution ---- */

static void put_definition(const struct wf_api_call *call,
                           const struct wf_state_machine_reply *reply) {
    wf_json_text(call->out, "definition",
                 call->options & METADATA_ONLY ? WF_STR("{}")
                                               : reply->definition);
    wf_json_text(call->out, "roleArn", reply->role_arn);
}

static void put_variable_references(
    const struct wf_api_call *call,
    const struct wf_state_machine_reply *reply) {
    if (!reply->variable_references.data || call->options & METADATA_ONLY)
        return;
    wf_json_key(call->out, "variableReferences");
    wf_buf_addstr(call->out, reply->variable_references);
}

static void on_described(void *arg, const struct wf_refusal *refusal,
                         const struct wf_state_machine_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    wf_json_text(out, "stateMachineArn", reply->arn);
    wf_json_text(out, "name", reply->name);
    wf_json_raw(out, "status",
                reply->status == WF_STATE_MACHINE_DELETING ? "\"DELETING\""
                                                           : "\"ACTIVE\"");
    put_definition(call, reply);
    wf_json_raw(out, "type",
                reply->express ? "\"EXPRESS\"" : "\"STANDARD\"");
    wf_json_time(out, "creationDate", reply->creation_ms);
    if (reply->paused_ms)
        wf_json_time(out, "pausedDate", reply->paused_ms);
    wf_json_text_if(out, "pauseReason", reply->pause_reason);
    wf_api_settings_write(out, &reply->settings);
    wf_json_text_if(out, "revisionId", reply->revision_id);
    wf_json_text_if(out, "description", reply->description);
    put_variable_references(call, reply);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void describe(struct wf_api_call *call,
                     struct wf_api_request *request) {
    take_included_data(call, request);
    wf_engine_describe_state_machine(call->engine,
                                     wf_api_text(request, "stateMachineArn"),
                                     on_described, call);
}

static void on_described_for(void *arg, const struct wf_refusal *refusal,
                             const struct wf_state_machine_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(out, '{');
    wf_json_text(out, "stateMachineArn", reply->arn);
    wf_json_text(out, "name", reply->name);
    put_definition(call, reply);
    if (reply->map_run_arn.len) {
        wf_json_text(out, "mapRunArn", reply->map_run_arn);
        wf_json_text(out, "label", reply->label);
    }
    wf_json_time(out, "updateDate", reply->update_ms);
    wf_api_settings_write(out, &reply->settings);
    wf_json_text_if(out, "revisionId", reply->revision_id);
    put_variable_references(call, reply);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void describe_for(struct wf_api_call *call,
                         struct wf_api_request *request) {
    take_included_data(call, request);
    wf_engine_describe_state_machine_for_execution(
        call->engine, wf_api_text(request, "executionArn"), on_described_for,
        call);
}

/* ---- DeleteStateMachine ---- */

static void remove_machine(struct wf_api_call *call,
                           struct wf_api_request *request) {
    wf_engine_delete_state_machine(call->engine,
                                   wf_api_text(request, "stateMachineArn"),
                                   wf_api_answer_done, call);
}

/* ---- ListStateMachines ---- */

static void on_listed(void *arg, const struct wf_refusal *refusal,
                      const struct wf_state_machine_reply *machines,
                      size_t count, struct wf_str next_token) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(out, "{\"stateMachines\":[");
    for (size_t i = 0; i < count; i++) {
        wf_json_comma(out);
        wf_buf_u8(out, '{');
        wf_json_text(out, "stateMachineArn", machines[i].arn);
        wf_json_text(out, "name", machines[i].name);
        wf_json_raw(out, "type",
                    machines[i].express ? "\"EXPRESS\"" : "\"STANDARD\"");
        wf_json_time(out, "creationDate", machines[i].creation_ms);
        if (machines[i].paused_ms)
            wf_json_time(out, "pausedDate", machines[i].paused_ms);
        wf_buf_u8(out, '}');
    }
    wf_api_done_list(call, next_token);
}

static void list(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_list_state_machines ask = {
        .max_results = (unsigned)wf_api_integer(request, "maxResults", 0),
        .next_token = wf_api_text(request, "nextToken"),
    };
    wf_engine_list_state_machines(call->engine, &ask, on_listed, call);
}

/* ---- ValidateStateMachineDefinition ---- */

static void put_diagnostic(struct wf_buf *out,
                           const struct wf_diagnostic *diagnostic) {
    wf_json_comma(out);
    wf_buf_u8(out, '{');
    wf_json_raw(out, "severity",
                diagnostic->is_warning ? "\"WARNING\"" : "\"ERROR\"");
    wf_json_text(out, "code", diagnostic->code);
    wf_json_text(out, "message", diagnostic->message);
    wf_json_text_if(out, "location", diagnostic->location);
    wf_buf_u8(out, '}');
}

static void on_validated(void *arg, const struct wf_diagnostic *diagnostics,
                         size_t count) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;
    unsigned shown = 0;
    bool failed = false, truncated = false;

    wf_buf_adds(out, "{\"diagnostics\":[");
    for (size_t i = 0; i < count; i++) {
        failed |= !diagnostics[i].is_warning && !diagnostics[i].is_info;
        if (diagnostics[i].is_info ||
            (diagnostics[i].is_warning && !(call->options & WARNINGS_TOO)))
            continue;
        if (shown++ < call->limit)
            put_diagnostic(out, &diagnostics[i]);
        else
            truncated = true;
    }
    wf_buf_u8(out, ']');
    wf_json_raw(out, "result", failed ? "\"FAIL\"" : "\"OK\"");
    wf_json_raw(out, "truncated", truncated ? "true" : "false");
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void validate(struct wf_api_call *call,
                     struct wf_api_request *request) {
    int64_t limit = wf_api_integer(request, "maxResults", 0);
    call->limit = limit ? (unsigned)limit : 100;
    if (wf_api_is(request, "severity", "WARNING"))
        call->options |= WARNINGS_TOO;
    wf_engine_validate_definition(call->engine,
                                  wf_api_text(request, "definition"),
                                  wf_api_is(request, "type", "EXPRESS"),
                                  on_validated, call);
}

const struct wf_api_operation wf_api_state_machines[] = {
    {"CreateStateMachine", create, WF_RIGHT_ADMINISTER},
    {"UpdateStateMachine", update, WF_RIGHT_ADMINISTER},
    {"DescribeStateMachine", describe, WF_RIGHT_VIEW},
    {"DescribeStateMachineForExecution", describe_for, WF_RIGHT_VIEW},
    {"DeleteStateMachine", remove_machine, WF_RIGHT_ADMINISTER},
    {"ListStateMachines", list, WF_RIGHT_VIEW},
    {"ValidateStateMachineDefinition", validate, WF_RIGHT_VIEW},
    {0},
};
