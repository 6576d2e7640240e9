/* test_api_validate.c - what the API refuses because the model of the API
 * does, in AWS's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>

#include "api_fixture.h"
#include "api_validate.h"

#define CREATE "AWSStepFunctions.CreateStateMachine"
#define START "AWSStepFunctions.StartExecution"

#define DETECTED "1 validation error detected: "
#define CONSTRAINT " failed to satisfy constraint: Member must "

static void complains_in_the_words_of_aws(void **state) {
    struct fixture *fixture = *state;
    assert_fails(fixture, START, "{}", "ValidationException",
                 DETECTED "Value null at 'stateMachineArn'" CONSTRAINT
                          "not be null");
    assert_fails(fixture, START, "{\"stateMachineArn\":\"\"}",
                 "ValidationException",
                 DETECTED "Value '' at 'stateMachineArn'" CONSTRAINT
                          "have length greater than or equal to 1");
    assert_fails(fixture, "AWSStepFunctions.GetExecutionHistory",
                 "{\"executionArn\":\"arn:x\",\"maxResults\":1001}",
                 "ValidationException",
                 DETECTED "Value '1001' at 'maxResults'" CONSTRAINT
                          "have value less than or equal to 1000");
    assert_fails(fixture, "AWSStepFunctions.GetExecutionHistory",
                 "{\"executionArn\":\"arn:x\",\"maxResults\":-1}",
                 "ValidationException",
                 DETECTED "Value '-1' at 'maxResults'" CONSTRAINT
                          "have value greater than or equal to 0");
    assert_fails(fixture, CREATE,
                 "{\"name\":\"m\",\"definition\":\"\",\"roleArn\":\"" ROLE
                 "\"}",
                 "ValidationException",
                 DETECTED "Value at 'definition'" CONSTRAINT
                          "have length greater than or equal to 1");
    assert_fails(fixture, CREATE,
                 "{\"name\":\"m\",\"definition\":\"x\",\"roleArn\":\"" ROLE
                 "\",\"type\":\"FAST\"}",
                 "ValidationException",
                 DETECTED "Value 'FAST' at 'type'" CONSTRAINT
                          "satisfy enum value set: [STANDARD, EXPRESS]");
    assert_fails(fixture, START,
                 "{\"stateMachineArn\":\"arn:a\",\"traceHeader\":\"\\u00e9\"}",
                 "ValidationException",
                 DETECTED "Value '\xc3\xa9' at 'traceHeader'" CONSTRAINT
                          "satisfy regular expression pattern: \\p{ASCII}*");
    assert_fails(fixture, CREATE, "{\"definition\":\"x\",\"roleArn\":\"\"}",
                 "ValidationException",
                 "2 validation errors detected: Value null at 'name'"
                 CONSTRAINT "not be null; Value '' at 'roleArn'" CONSTRAINT
                 "have length greater than or equal to 1");
}

/* Lengths are in characters, not bytes. */
static void counts_characters(void **state) {
    struct fixture *fixture = *state;
    struct wf_buf body = {0}, expected = {0}, name = {0};
    for (int i = 0; i < 80; i++)
        wf_buf_adds(&name, "\xc3\xa9");
    wf_buf_addf(&body, "{\"stateMachineArn\":\"arn:a\",\"name\":\"%.*s\"}",
                (int)name.len, name.data);
    api_call(fixture, START, body.data);
    assert_int_equal(fixture->response.status, 200);
    body.len -= 2;
    wf_buf_add(&body, "x\"}", 4);
    wf_buf_addf(&expected,
                DETECTED "Value '%.*sx' at 'name'" CONSTRAINT
                         "have length less than or equal to 80",
                (int)name.len, name.data);
    assert_fails(fixture, START, body.data, "ValidationException",
                 expected.data);
    wf_buf_free(&body);
    wf_buf_free(&expected);
    wf_buf_free(&name);
}

static void refuses_what_it_cannot_read(void **state) {
    struct fixture *fixture = *state;
    static const char *const bodies[] = {"", "{", "[]", "null", "\"x\"",
                                         "{\"a\":1}x", "{\"a\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        api_call(fixture, START, bodies[i]);
        assert_int_equal(fixture->response.status, 400);
        assert_non_null(strstr(fixture->response.body,
                               "\"__type\":\"SerializationException\""));
    }
    assert_fails(fixture, START, "{\"stateMachineArn\":12}",
                 "SerializationException",
                 "NUMBER_VALUE can not be converted to a String, at "
                 "'stateMachineArn'");
    assert_fails(fixture, "AWSStepFunctions.GetExecutionHistory",
                 "{\"executionArn\":\"arn:x\",\"maxResults\":\"1\"}",
                 "SerializationException",
                 "STRING_VALUE can not be converted to an Integer, at "
                 "'maxResults'");
    assert_fails(fixture, CREATE, "{\"tags\":{}}", "SerializationException",
                 "STRUCTURE_VALUE can not be converted to a List, at 'tags'");
    assert_fails(fixture, "AWSStepFunctions.Nothing", "{}",
                 "UnknownOperationException",
                 "The requested operation is not known here.");
    assert_fails(fixture, "", "{}", "UnknownOperationException",
                 "The requested operation is not known here.");
}

/* What a payload of eight characters is answered where `most` may be. */
static const char *say_of_payload(size_t most, struct wf_buf *message) {
    static const char text[] = "{\"stateMachineArn\":\"arn:a\",\"input\":"
                               "\"\\\"\xc3\xa9\xc3\xa9\xc3\xa9"
                               "\xc3\xa9\xc3\xa9\xc3\xa9\\\"\"}";
    struct wf_doc *doc = wf_doc_parse(wf_str(text), NULL, NULL);
    const char *exception = "no such operation";
    for (size_t i = 0; i < wf_api_input_count; i++)
        if (strcmp(wf_api_inputs[i].operation, "StartExecution") == 0)
            exception = wf_api_validate(wf_api_inputs[i].shape,
                                        (struct wf_value){doc, 0}, most,
                                        message);
    wf_buf_u8(message, 0);
    wf_doc_unref(doc);
    return exception;
}

static void payloads_obey_the_profile(void **state) {
    struct wf_buf message = {0};
    (void)state;
    assert_null(say_of_payload(0, &message));
    assert_null(say_of_payload(8, &message));
    message.len = 0;
    assert_string_equal(say_of_payload(7, &message), "ValidationException");
    assert_string_equal(message.data,
                        DETECTED "Value at 'input'" CONSTRAINT
                                 "have length less than or equal to 7");
    wf_buf_free(&message);
}

/* What wf_api_validate() says about an input of an operation, here or not. */
static const char *validate(const char *operation, const char *json,
                            struct wf_buf *message) {
    struct wf_doc *doc = wf_doc_parse(wf_str(json), NULL, NULL);
    const char *exception = "no such operation";
    assert_non_null(doc);
    message->len = 0;
    for (size_t i = 0; i < wf_api_input_count; i++)
        if (strcmp(wf_api_inputs[i].operation, operation) == 0)
            exception = wf_api_validate(wf_api_inputs[i].shape,
                                        (struct wf_value){doc, 0}, 0,
                                        message);
    wf_buf_u8(message, 0);
    wf_doc_unref(doc);
    return exception;
}

static void assert_says(const char *operation, const char *json,
                        const char *expected) {
    struct wf_buf message = {0};
    assert_string_equal(validate(operation, json, &message),
                        "ValidationException");
    assert_string_equal(message.data, expected);
    wf_buf_free(&message);
}

static void assert_good(const char *operation, const char *json) {
    struct wf_buf message = {0};
    const char *exception = validate(operation, json, &message);
    if (exception)
        fail_msg("%s: %s: %s", json, exception, message.data);
    wf_buf_free(&message);
}

static void knows_all_operations(void **state) {
    (void)state;
    assert_int_equal(wf_api_input_count, 37);
    for (size_t i = 1; i < wf_api_input_count; i++)
        assert_true(strcmp(wf_api_inputs[i - 1].operation,
                           wf_api_inputs[i].operation) < 0);
}

/* The recorded text of an alias that is made with a weight of 101. */
static void names_what_is_nested(void **state) {
    (void)state;
    assert_says("CreateStateMachineAlias",
                "{\"name\":\"a\",\"routingConfiguration\":[{\"weight\":101,"
                "\"stateMachineVersionArn\":\"arn\"}]}",
                DETECTED "Value '101' at 'routingConfiguration.1.member."
                         "weight'" CONSTRAINT
                         "have value less than or equal to 100");
    assert_says("TagResource",
                "{\"resourceArn\":\"a\",\"tags\":[{\"key\":\"a\"},"
                "{\"key\":\"\",\"value\":\"\"}]}",
                DETECTED "Value '' at 'tags.2.member.key'" CONSTRAINT
                         "have length greater than or equal to 1");
    assert_says("CreateStateMachineAlias",
                "{\"name\":\"a\",\"routingConfiguration\":[{}]}",
                "2 validation errors detected: Value null at "
                "'routingConfiguration.1.member.stateMachineVersionArn'"
                CONSTRAINT "not be null; Value null at "
                "'routingConfiguration.1.member.weight'" CONSTRAINT
                "not be null");
    assert_says("CreateStateMachineAlias",
                "{\"name\":\"a\",\"routingConfiguration\":[]}",
                DETECTED "Value '[]' at 'routingConfiguration'" CONSTRAINT
                         "have length greater than or equal to 1");
}

/* A list of so many bad elements is not worth an answer many times as
 * large. */
static void answers_stay_small(void **state) {
    struct wf_buf json = {0}, message = {0};
    (void)state;
    wf_buf_adds(&json, "{\"resourceArn\":\"a\",\"tags\":[{\"key\":\"\"}");
    for (int i = 1; i < 20000; i++)
        wf_buf_adds(&json, ",{\"key\":\"\"}");
    wf_buf_add(&json, "]}", 3);
    assert_string_equal(validate("TagResource", json.data, &message),
                        "ValidationException");
    assert_memory_equal(message.data, "20000 validation errors detected: ", 34);
    assert_true(message.len < 70000);
    wf_buf_free(&json);
    wf_buf_free(&message);
}

static void knows_patterns(void **state) {
    static const char *const bad[] = {"1", "a b", "a/b", "12345", "\u00e9a"};
    struct wf_buf json = {0}, message = {0};
    (void)state;
    assert_good("CreateStateMachineAlias",
                "{\"name\":\"1a-_.\",\"routingConfiguration\":"
                "[{\"weight\":1,\"stateMachineVersionArn\":\"a\"}]}");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        json.len = 0;
        wf_buf_adds(&json, "{\"routingConfiguration\":[{\"weight\":1,"
                           "\"stateMachineVersionArn\":\"a\"}],\"name\":");
        wf_buf_json(&json, wf_str(bad[i]));
        wf_buf_add(&json, "}", 2);
        assert_non_null(
            validate("CreateStateMachineAlias", json.data, &message));
        assert_non_null(strstr(message.data,
                               "satisfy regular expression pattern: "
                               "^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$"));
    }
    assert_says("RedriveExecution",
                "{\"executionArn\":\"a\",\"clientToken\":\"a b\"}",
                DETECTED "Value 'a b' at 'clientToken'" CONSTRAINT
                         "satisfy regular expression pattern: [!-~]+");
    wf_buf_free(&json);
    wf_buf_free(&message);
}

/* Payloads have the engine's limit, not AWS's; other members do have one. */
static void leaves_the_size_of_payloads_alone(void **state) {
    struct wf_buf json = {0};
    (void)state;
    wf_buf_adds(&json, "{\"taskToken\":\"t\",\"output\":\"");
    for (int i = 0; i < 300000; i++)
        wf_buf_u8(&json, 'a');
    wf_buf_add(&json, "\"}", 3);
    assert_good("SendTaskSuccess", json.data);
    wf_buf_free(&json);
}

static void takes_numbers_of_both_kinds(void **state) {
    struct wf_buf message = {0};
    (void)state;
    assert_good("UpdateMapRun", "{\"mapRunArn\":\"a\","
                                "\"toleratedFailurePercentage\":12.5}");
    assert_says("UpdateMapRun",
                "{\"mapRunArn\":\"a\",\"toleratedFailurePercentage\":100.5}",
                DETECTED "Value '100.5' at 'toleratedFailurePercentage'"
                CONSTRAINT "have value less than or equal to 100");
    assert_string_equal(validate("UpdateMapRun",
                                 "{\"mapRunArn\":\"a\","
                                 "\"maxConcurrency\":1.5}",
                                 &message),
                        "SerializationException");
    wf_buf_free(&message);
}

/* AWS's operations are all here. */
static void does_all_operations(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < wf_api_input_count; i++) {
        char target[80];
        snprintf(target, sizeof(target), "AWSStepFunctions.%s",
                 wf_api_inputs[i].operation);
        api_call(fixture, target, "[]");
        assert_non_null(strstr(fixture->response.body, "Serialization"));
    }
}

int main(void) {
#define API_TEST(name) \
    cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)
    const struct CMUnitTest tests[] = {
        API_TEST(complains_in_the_words_of_aws),
        API_TEST(counts_characters),
        API_TEST(refuses_what_it_cannot_read),
        API_TEST(does_all_operations),
        cmocka_unit_test(payloads_obey_the_profile),
        cmocka_unit_test(knows_all_operations),
        cmocka_unit_test(names_what_is_nested),
        cmocka_unit_test(answers_stay_small),
        cmocka_unit_test(knows_patterns),
        cmocka_unit_test(leaves_the_size_of_payloads_alone),
        cmocka_unit_test(takes_numbers_of_both_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
