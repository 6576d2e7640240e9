/* api_state_machines.c - the operations on state machines. See api_call.h. */
#include "api_call.h"
#include "json_write.h"

enum { METADATA_ONLY = 1 }; /* call->options */

static const char *const type_choices[] = {"STANDARD", "EXPRESS", NULL};
static const char *const data_choices[] = {"ALL_DATA", "METADATA_ONLY", NULL};

/* ---- CreateStateMachine ---- */

enum {
    CREATE_NAME,
    CREATE_DEFINITION,
    CREATE_ROLE,
    CREATE_TYPE,
    CREATE_PUBLISH
};

static const struct wf_api_member create_members[] = {
    {"name", WF_API_STRING, WF_API_REQUIRED, 1, 80, NULL},
    {"definition", WF_API_STRING, WF_API_REQUIRED | WF_API_SENSITIVE, 1,
     1048576, NULL},
    {"roleArn", WF_API_STRING, WF_API_REQUIRED, 1, 256, NULL},
    {"type", WF_API_STRING, 0, 0, 0, type_choices},
    {"publish", WF_API_BOOLEAN, 0, 0, 0, NULL},
    {"versionDescription", WF_API_STRING, WF_API_SENSITIVE, 0, 256, NULL},
    {"loggingConfiguration", WF_API_STRUCTURE, 0, 0, 0, NULL},
    {"tracingConfiguration", WF_API_STRUCTURE, 0, 0, 0, NULL},
    {"encryptionConfiguration", WF_API_STRUCTURE, 0, 0, 0, NULL},
    {"tags", WF_API_LIST, 0, 0, 0, NULL},
    {0},
};

static void on_created(void *arg, const struct wf_refusal *refusal,
                       const struct wf_state_machine_reply *reply) {
    struct wf_api_call *call = arg;

    if (refusal) {
        wf_api_refused(call, refusal);
        return;
    }
    wf_buf_u8(call->out, '{');
    wf_json_text(call->out, "stateMachineArn", reply->arn);
    wf_json_time(call->out, "creationDate", reply->creation_ms);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void create(struct wf_api_call *call,
                   const struct wf_api_value *values) {
    struct wf_create_state_machine ask = {
        .name = values[CREATE_NAME].text,
        .definition = values[CREATE_DEFINITION].text,
        .role_arn = values[CREATE_ROLE].text,
        .express = wf_api_is(&values[CREATE_TYPE], "EXPRESS"),
    };
    if (values[CREATE_PUBLISH].boolean)
        wf_api_fail(call, "ValidationException",
                    WF_STR("publish: this server has no versions of state "
                           "machines. Leave it out, or pass false."));
    else
        wf_engine_create_state_machine(call->engine, &ask, on_created, call);
}

/* ---- DescribeStateMachine ---- */

enum { DESCRIBE_ARN, DESCRIBE_DATA };

static const struct wf_api_member describe_members[] = {
    {"stateMachineArn", WF_API_STRING, WF_API_REQUIRED | WF_API_ARN, 1, 256,
     NULL},
    {"includedData", WF_API_STRING, 0, 0, 0, data_choices},
    {0},
};

static void put_configuration(struct wf_buf *out) {
    wf_json_raw(out, "loggingConfiguration",
                "{\"level\":\"OFF\",\"includeExecutionData\":false}");
    wf_json_raw(out, "tracingConfiguration", "{\"enabled\":false}");
    wf_json_raw(out, "encryptionConfiguration",
                "{\"type\":\"AWS_OWNED_KEY\"}");
}

static void on_described(void *arg, const struct wf_refusal *refusal,
                         const struct wf_state_machine_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (refusal) {
        wf_api_refused(call, refusal);
        return;
    }
    wf_buf_u8(out, '{');
    wf_json_text(out, "stateMachineArn", reply->arn);
    wf_json_text(out, "name", reply->name);
    wf_json_raw(out, "status", "\"ACTIVE\"");
    wf_json_text(out, "definition",
                 call->options & METADATA_ONLY ? WF_STR("{}")
                                               : reply->definition);
    wf_json_text(out, "roleArn", reply->role_arn);
    wf_json_raw(out, "type",
                reply->express ? "\"EXPRESS\"" : "\"STANDARD\"");
    wf_json_time(out, "creationDate", reply->creation_ms);
    put_configuration(out);
    wf_buf_u8(out, '}');
    wf_api_done(call);
}

static void describe(struct wf_api_call *call,
                     const struct wf_api_value *values) {
    if (wf_api_is(&values[DESCRIBE_DATA], "METADATA_ONLY"))
        call->options |= METADATA_ONLY;
    wf_engine_describe_state_machine(call->engine, values[DESCRIBE_ARN].text,
                                     on_described, call);
}

const struct wf_api_operation wf_api_state_machines[] = {
    {"AWSStepFunctions.CreateStateMachine", create_members, create},
    {"AWSStepFunctions.DescribeStateMachine", describe_members, describe},
    {0},
};
