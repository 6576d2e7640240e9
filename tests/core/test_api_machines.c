/* test_api_machines.c - the operations on state machines and tags over HTTP,
 * in front of an engine that answers what the test put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "api_fixture.h"

#define CREATE "AWSStepFunctions.CreateStateMachine"
#define UPDATE "AWSStepFunctions.UpdateStateMachine"
#define DESCRIBE "AWSStepFunctions.DescribeStateMachine"
#define VALIDATE "AWSStepFunctions.ValidateStateMachineDefinition"
#define ASK_MACHINE "{\"stateMachineArn\":\"" MACHINE "\"}"

static void creates_state_machines(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, CREATE,
                "{\"name\":\"m\\u00e9\",\"definition\":\"{\\\"a\\\":\\n1}\","
                "\"roleArn\":\"" ROLE "\",\"type\":\"EXPRESS\",\"tags\":"
                "[{\"key\":\"a\",\"value\":\"\\u0062\"},{\"key\":\"c\"}],"
                "\"publish\":false,\"unknown\":[1,{}]}",
                "{\"stateMachineArn\":\"" MACHINE "\","
                "\"creationDate\":1704067200.123}");
    assert_string_equal(fixture->engine.name, "m\xc3\xa9");
    assert_string_equal(fixture->engine.text, "{\"a\":\n1}");
    assert_string_equal(fixture->engine.role, ROLE);
    assert_string_equal(fixture->engine.tags, "a=b c= ");
    assert_null(fixture->engine.logging);
    assert_null(fixture->engine.tracing);
    assert_null(fixture->engine.encryption);
    assert_true(fixture->engine.express);
    api_call(fixture, CREATE,
             "{\"name\":\"m\",\"definition\":\"x\",\"roleArn\":\"" ROLE "\"}");
    assert_false(fixture->engine.express);
}

static void publishes_what_it_makes(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.machine.version_arn = WF_STR(MACHINE ":1");
    assert_call(fixture, CREATE,
                "{\"name\":\"m\",\"definition\":\"x\",\"roleArn\":\"" ROLE
                "\",\"publish\":true,\"versionDescription\":\"v\"}",
                "{\"stateMachineArn\":\"" MACHINE "\",\"creationDate\":"
                "1704067200.123,\"stateMachineVersionArn\":\"" MACHINE
                ":1\"}");
    assert_string_equal(fixture->engine.cause, "v");
    assert_call(fixture, UPDATE,
                "{\"stateMachineArn\":\"" MACHINE "\",\"definition\":\"x\","
                "\"publish\":true}",
                "{\"updateDate\":0.000,\"stateMachineVersionArn\":\"" MACHINE
                ":1\"}");
    assert_null(fixture->engine.cause);
}

static void describes_only_what_is_published(void **state) {
    struct fixture *fixture = *state;
    api_call(fixture, CREATE,
             "{\"name\":\"m\",\"definition\":\"x\",\"roleArn\":\"" ROLE
                "\","
             "\"versionDescription\":\"v\"}");
    assert_int_equal(fixture->response.status, 400);
    assert_non_null(strstr(fixture->response.body,
                           "\"__type\":\"ValidationException\""));
    assert_int_equal(fixture->engine.asked, 0);
}

#define WITH(members) \
    "{\"name\":\"m\",\"definition\":\"x\",\"roleArn\":\"" ROLE "\"," \
    members "}"
#define DESTINATION(name) \
    "{\"cloudWatchLogsLogGroup\":{\"logGroupArn\":\"" name "\"}}"

/* One text for one meaning, whatever the order and what was left out. */
static void takes_configurations(void **state) {
    struct fixture *fixture = *state;
    api_call(fixture, CREATE,
             WITH("\"loggingConfiguration\":{\"destinations\":["
                  DESTINATION("a") "],\"level\":\"ALL\"},"
                  "\"tracingConfiguration\":{\"enabled\":true},"
                  "\"encryptionConfiguration\":{\"kmsKeyId\":\"k\","
                  "\"type\":\"CUSTOMER_MANAGED_KMS_KEY\"}"));
    assert_int_equal(fixture->response.status, 200);
    assert_string_equal(fixture->engine.logging,
                        "{\"level\":\"ALL\",\"includeExecutionData\":false,"
                        "\"destinations\":[" DESTINATION("a") "]}");
    assert_string_equal(fixture->engine.tracing, "{\"enabled\":true}");
    assert_string_equal(fixture->engine.encryption,
                        "{\"kmsKeyId\":\"k\","
                        "\"kmsDataKeyReusePeriodSeconds\":300,"
                        "\"type\":\"CUSTOMER_MANAGED_KMS_KEY\"}");
    api_call(fixture, CREATE,
             WITH("\"loggingConfiguration\":{},\"tracingConfiguration\":{},"
                  "\"encryptionConfiguration\":{\"type\":"
                  "\"AWS_OWNED_KEY\"}"));
    assert_string_equal(fixture->engine.logging,
                        "{\"level\":\"OFF\",\"includeExecutionData\":false}");
    assert_string_equal(fixture->engine.tracing, "{\"enabled\":false}");
    assert_string_equal(fixture->engine.encryption,
                        "{\"type\":\"AWS_OWNED_KEY\"}");
}

static void refuses_wrong_configurations(void **state) {
    static const char *const logging[] = {
        WITH("\"loggingConfiguration\":{\"level\":\"ALL\"}"),
        WITH("\"loggingConfiguration\":{\"level\":\"FATAL\","
             "\"destinations\":[]}"),
        WITH("\"loggingConfiguration\":{\"destinations\":["
             DESTINATION("a") "," DESTINATION("b") "]}"),
        WITH("\"loggingConfiguration\":{\"level\":\"ALL\","
             "\"destinations\":[{}]}"),
        WITH("\"loggingConfiguration\":{\"level\":\"ERROR\","
             "\"destinations\":[{\"cloudWatchLogsLogGroup\":{}}]}"),
        WITH("\"loggingConfiguration\":{\"level\":\"ALL\","
             "\"destinations\":[{\"cloudWatchLogsLogGroup\":null}]}"),
    };
    for (size_t i = 0; i < sizeof(logging) / sizeof(logging[0]); i++)
        assert_fails(*state, CREATE, logging[i], "InvalidLoggingConfiguration",
                     "Invalid Logging Configuration: Must specify exactly "
                     "one Log Destination.");
    assert_fails(*state, CREATE,
                 WITH("\"encryptionConfiguration\":{\"type\":"
                      "\"CUSTOMER_MANAGED_KMS_KEY\"}"),
                 "InvalidEncryptionConfiguration",
                 "Invalid Encryption Configuration: a kmsKeyId is required "
                 "for CUSTOMER_MANAGED_KMS_KEY");
    assert_fails(*state, CREATE,
                 WITH("\"encryptionConfiguration\":{\"kmsKeyId\":\"k\","
                      "\"type\":\"AWS_OWNED_KEY\"}"),
                 "InvalidEncryptionConfiguration",
                 "Invalid Encryption Configuration: a kmsKeyId is not "
                 "allowed for AWS_OWNED_KEY");
    assert_fails(*state, CREATE, WITH("\"tags\":[{\"value\":\"v\"}]"),
                 "ValidationException",
                 "1 validation error detected: Value null at "
                 "'tags.1.member.key' failed to satisfy constraint: Member "
                 "must not be null");
}

static void refuses_what_is_no_role(void **state) {
    static const char *const roles[] = {
        "x",
        "arn:aws:iam::123:role/r",
        "arn:aws:iam::123456789012:foo",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:user/u",
        "arn:aws:sts::123456789012:role/r",
        "arn:other:iam::123456789012:role/r",
        "arn:aws:iam::12345678901x:role/r",
        "arn:aws:iam:eu-west-1:123456789012:role/r",
        (" " ROLE),
    };
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        char body[300], message[100];
        snprintf(message, sizeof(message), "Invalid Role Arn: '%s'", roles[i]);
        snprintf(body, sizeof(body),
                 "{\"name\":\"m\",\"definition\":\"x\",\"roleArn\":\"%s\"}",
                 roles[i]);
        assert_fails(*state, CREATE, body, "InvalidArn", message);
        snprintf(body, sizeof(body),
                 "{\"stateMachineArn\":\"" MACHINE "\",\"roleArn\":\"%s\"}",
                 roles[i]);
        assert_fails(*state, UPDATE, body, "InvalidArn", message);
        snprintf(body, sizeof(body),
                 "{\"definition\":\"x\",\"roleArn\":\"%s\"}", roles[i]);
        assert_fails(*state, "AWSStepFunctions.TestState", body, "InvalidArn",
                     message);
    }
}

static void takes_roles_of_all_partitions(void **state) {
    static const char *const roles[] = {
        "arn:aws-cn:iam::123456789012:role/r",
        "arn:aws-us-gov:iam::123456789012:role/service-role/p/r",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        char body[300];
        snprintf(body, sizeof(body),
                 "{\"name\":\"m\",\"definition\":\"x\",\"roleArn\":\"%s\"}",
                 roles[i]);
        api_call(fixture, CREATE, body);
        assert_int_equal(fixture->response.status, 200);
        assert_string_equal(fixture->engine.role, roles[i]);
    }
}

static void updates_state_machines(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.machine.update_ms = 1704067201000;
    fixture->engine.machine.revision_id = WF_STR("u-u-i-d");
    assert_call(fixture, UPDATE,
                "{\"stateMachineArn\":\"" MACHINE "\",\"roleArn\":\"" ROLE
                "2\"}",
                "{\"updateDate\":1704067201.000,"
                "\"revisionId\":\"u-u-i-d\"}");
    assert_string_equal(fixture->engine.operation, "update");
    assert_string_equal(fixture->engine.arn, MACHINE);
    assert_string_equal(fixture->engine.role, ROLE "2");
    assert_null(fixture->engine.text);
    assert_null(fixture->engine.logging);
    fixture->engine.machine.revision_id = WF_STR_NULL;
    assert_call(fixture, UPDATE,
                "{\"stateMachineArn\":\"" MACHINE "\","
                "\"definition\":\"d\",\"tracingConfiguration\":{}}",
                "{\"updateDate\":1704067201.000}");
    assert_string_equal(fixture->engine.text, "d");
    assert_string_equal(fixture->engine.tracing, "{\"enabled\":false}");
    assert_fails(fixture, UPDATE, ASK_MACHINE, "MissingRequiredParameter",
                 "Either the definition, the role ARN, the "
                 "LoggingConfiguration, or the TracingConfiguration must be "
                 "specified");
}

#define CONFIGURATIONS \
    "\"loggingConfiguration\":{\"level\":\"OFF\"," \
    "\"includeExecutionData\":false},\"tracingConfiguration\":" \
    "{\"enabled\":false},\"encryptionConfiguration\":" \
    "{\"type\":\"AWS_OWNED_KEY\"}"
#define SHOWN_ROLE "\"roleArn\":\"arn:aws:iam::000000000000:role/r\","

static void describes_state_machines(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, DESCRIBE, ASK_MACHINE,
                "{\"stateMachineArn\":\"" MACHINE "\",\"name\":\"m\","
                "\"status\":\"ACTIVE\",\"definition\":"
                "\"{\\\"StartAt\\\":\\\"A\\\"}\"," SHOWN_ROLE
                "\"type\":\"STANDARD\","
                "\"creationDate\":1704067200.123," CONFIGURATIONS "}");
    assert_string_equal(fixture->engine.arn, MACHINE);
    fixture->engine.machine.status = WF_STATE_MACHINE_DELETING;
    fixture->engine.machine.express = true;
    fixture->engine.machine.revision_id = WF_STR("u");
    fixture->engine.machine.settings.tracing = WF_STR("{\"enabled\":true}");
    api_call(fixture, DESCRIBE,
             "{\"stateMachineArn\":\"" MACHINE "\","
             "\"includedData\":\"METADATA_ONLY\"}");
    static const char *const parts[] = {
        "\"status\":\"DELETING\"", "\"definition\":\"{}\"",
        "\"type\":\"EXPRESS\"", "\"revisionId\":\"u\"",
        "\"tracingConfiguration\":{\"enabled\":true}"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        assert_non_null(strstr(fixture->response.body, parts[i]));
}

static void describes_the_machine_of_an_execution(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.machine.update_ms = 1704067201000;
    assert_call(fixture, "AWSStepFunctions.DescribeStateMachineForExecution",
                "{\"executionArn\":\"" EXECUTION "\"}",
                "{\"stateMachineArn\":\"" MACHINE "\",\"name\":\"m\","
                "\"definition\":\"{\\\"StartAt\\\":\\\"A\\\"}\"," SHOWN_ROLE
                "\"updateDate\":1704067201.000," CONFIGURATIONS "}");
    assert_string_equal(fixture->engine.arn, EXECUTION);
}

static void deletes_and_lists(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, "AWSStepFunctions.DeleteStateMachine", ASK_MACHINE,
                "{}");
    assert_string_equal(fixture->engine.operation, "delete");
    fixture->engine.next_token = WF_STR("6d");
    assert_call(fixture, "AWSStepFunctions.ListStateMachines",
                "{\"maxResults\":5,\"nextToken\":\"6c\"}",
                "{\"stateMachines\":[{\"stateMachineArn\":\"" MACHINE
                "\",\"name\":\"m\",\"type\":\"STANDARD\","
                "\"creationDate\":1704067200.123}],\"nextToken\":\"6d\"}");
    assert_int_equal(fixture->engine.max_results, 5);
    assert_string_equal(fixture->engine.token, "6c");
}

static void validates_definitions(void **state) {
    static const struct wf_diagnostic found[] = {
        {.code = {"A", 1}, .message = {"a", 1}, .location = {"/", 1}},
        {.is_warning = true, .code = {"W", 1}, .message = {"w", 1}},
        {.is_info = true, .code = {"I", 1}, .message = {"i", 1}},
        {.code = {"B", 1}, .message = {"b", 1}},
    };
    struct fixture *fixture = *state;
    assert_call(fixture, VALIDATE, "{\"definition\":\"d\"}",
                "{\"diagnostics\":[],\"result\":\"OK\","
                "\"truncated\":false}");
    assert_false(fixture->engine.express);
    fixture->engine.diagnostics = found;
    fixture->engine.diagnostic_count = 4;
    assert_call(fixture, VALIDATE,
                "{\"definition\":\"d\",\"maxResults\":1,"
                "\"type\":\"EXPRESS\"}",
                "{\"diagnostics\":[{\"severity\":\"ERROR\",\"code\":\"A\","
                "\"message\":\"a\",\"location\":\"/\"}],"
                "\"result\":\"FAIL\",\"truncated\":true}");
    assert_true(fixture->engine.express);
    fixture->engine.diagnostics = found + 1; /* INFO is not for the API */
    fixture->engine.diagnostic_count = 2;
    assert_call(fixture, VALIDATE, "{\"definition\":\"d\"}",
                "{\"diagnostics\":[],\"result\":\"OK\","
                "\"truncated\":false}");
    assert_call(fixture, VALIDATE,
                "{\"definition\":\"d\",\"severity\":\"WARNING\"}",
                "{\"diagnostics\":[{\"severity\":\"WARNING\",\"code\":"
                "\"W\",\"message\":\"w\"}],\"result\":\"OK\","
                "\"truncated\":false}");
    assert_call(fixture, VALIDATE,
                "{\"definition\":\"d\",\"severity\":\"WARNING\","
                "\"maxResults\":1}",
                "{\"diagnostics\":[{\"severity\":\"WARNING\",\"code\":"
                "\"W\",\"message\":\"w\"}],\"result\":\"OK\","
                "\"truncated\":false}");
}

static void tags_resources(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, "AWSStepFunctions.TagResource",
                "{\"resourceArn\":\"a\",\"tags\":[{\"key\":\"k\","
                "\"value\":\"v\"}]}", "{}");
    assert_string_equal(fixture->engine.operation, "tag");
    assert_string_equal(fixture->engine.tags, "k=v ");
    assert_call(fixture, "AWSStepFunctions.UntagResource",
                "{\"resourceArn\":\"a\",\"tagKeys\":[\"x\",\"y\"]}", "{}");
    assert_string_equal(fixture->engine.operation, "untag");
    assert_string_equal(fixture->engine.tags, "x y ");
    assert_call(fixture, "AWSStepFunctions.ListTagsForResource",
                "{\"resourceArn\":\"b\"}",
                "{\"tags\":[{\"key\":\"k\",\"value\":\"v\"},"
                "{\"key\":\"k2\",\"value\":\"\"}]}");
    assert_string_equal(fixture->engine.arn, "b");
}

#define TAG_CHARACTERS \
    "may only contain Unicode letters, digits, white space, or these " \
    "symbols: _ . : / = + - @"

static void tags_are_of_documented_characters(void **state) {
    static const struct {
        const char *tags, *message;
    } cases[] = {
        {"{\"key\":\"a#\"}", "Invalid tag key: 'a#' " TAG_CHARACTERS},
        {"{\"key\":\"a\"},{\"key\":\"b\",\"value\":\"1,2\"}",
         "Invalid tag value: '1,2' " TAG_CHARACTERS},
        {"{\"key\":\"\\u20ac\"}",
         "Invalid tag key: '\xe2\x82\xac' " TAG_CHARACTERS},
        {"{\"key\":\"aws:cloudformation\"}",
         "Tag keys that begin with 'aws:' are reserved: "
         "'aws:cloudformation'"},
        {"{\"key\":\"AwS:x\"}",
         "Tag keys that begin with 'aws:' are reserved: 'AwS:x'"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char body[300];
        snprintf(body, sizeof(body), WITH("\"tags\":[%s]"), cases[i].tags);
        assert_fails(fixture, CREATE, body, "ValidationException",
                     cases[i].message);
        snprintf(body, sizeof(body), "{\"resourceArn\":\"a\",\"tags\":[%s]}",
                 cases[i].tags);
        assert_fails(fixture, "AWSStepFunctions.TagResource", body,
                     "ValidationException", cases[i].message);
    }
    assert_call(fixture, "AWSStepFunctions.TagResource",
                "{\"resourceArn\":\"a\",\"tags\":[{\"key\":"
                "\"\\u00e9 \\u0663_.:/=+-@aws:\",\"value\":\"\"},"
                "{\"key\":\"A\"},{\"key\":\"a\"},{\"key\":\"A\"}]}", "{}");
}

static void passes_refusals_on(void **state) {
    static const struct {
        const char *operation, *body;
    } calls[] = {
        {"CreateStateMachine", WITH("\"type\":\"STANDARD\"")},
        {"UpdateStateMachine",
         "{\"stateMachineArn\":\"a\",\"roleArn\":\"" ROLE "\"}"},
        {"DescribeStateMachine", ASK_MACHINE},
        {"DescribeStateMachineForExecution", "{\"executionArn\":\"e\"}"},
        {"DeleteStateMachine", ASK_MACHINE},
        {"ListStateMachines", "{}"},
        {"TagResource", "{\"resourceArn\":\"a\",\"tags\":[]}"},
        {"UntagResource", "{\"resourceArn\":\"a\",\"tagKeys\":[]}"},
        {"ListTagsForResource", "{\"resourceArn\":\"a\"}"},
    };
    struct fixture *fixture = *state;
    fixture->engine.refusal = (struct wf_refusal){
        .exception = "ResourceNotFound",
        .message = WF_STR("Resource not found: 'a'"),
        .resource = WF_STR("a"),
    };
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        char target[100];
        snprintf(target, sizeof(target), "AWSStepFunctions.%s",
                 calls[i].operation);
        api_call(fixture, target, calls[i].body);
        assert_int_equal(fixture->response.status, 400);
        assert_string_equal(fixture->response.body,
                            "{\"__type\":\"ResourceNotFound\",\"message\":"
                            "\"Resource not found: 'a'\","
                            "\"resourceName\":\"a\"}");
    }
    fixture->engine.refusal.exception = "ConflictException";
    api_call(fixture, DESCRIBE, ASK_MACHINE);
    assert_int_equal(fixture->response.status, 409);
}

int main(void) {
#define API_TEST(name) \
    cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)
    const struct CMUnitTest tests[] = {
        API_TEST(creates_state_machines),
        API_TEST(publishes_what_it_makes),
        API_TEST(describes_only_what_is_published),
        API_TEST(takes_configurations),
        API_TEST(refuses_wrong_configurations),
        API_TEST(refuses_what_is_no_role),
        API_TEST(takes_roles_of_all_partitions),
        API_TEST(updates_state_machines),
        API_TEST(describes_state_machines),
        API_TEST(describes_the_machine_of_an_execution),
        API_TEST(deletes_and_lists),
        API_TEST(validates_definitions),
        API_TEST(tags_resources),
        API_TEST(tags_are_of_documented_characters),
        API_TEST(passes_refusals_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
