/* test_api_test_state.c - TestState over HTTP, in front of an engine that
 * answers what the test put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "api_fixture.h"

#define TEST "AWSStepFunctions.TestState"

static void hands_on_what_is_given(void **state) {
    struct fixture *fixture = *state;
    api_call(fixture, TEST,
             "{\"definition\":\"{}\",\"stateName\":\"A\",\"roleArn\":\"" ROLE
             "\",\"input\":\"1\",\"variables\":\"{}\",\"context\":\"{ }\","
             "\"inspectionLevel\":\"TRACE\",\"revealSecrets\":true,"
             "\"mock\":{\"result\":\"[]\",\"errorOutput\":{\"error\":\"E\","
             "\"cause\":\"\"},\"fieldValidationMode\":\"NONE\"},"
             "\"stateConfiguration\":{\"retrierRetryCount\":0,"
             "\"errorCausedByState\":\"B\",\"mapIterationFailureCount\":3,"
             "\"mapItemReaderData\":\"x\"}}");
    const struct wf_test_state *asked = &fixture->engine.test;
    assert_string_equal(fixture->engine.test_texts,
                        "definition={}\nstateName=A\nroleArn=" ROLE
                        "\ninput=1\nvariables={}\n"
                        "result=[]\nerror=E\ncause=\nmode=NONE\n"
                        "context={ }\ncausedBy=B\nreaderData=x\n");
    assert_true(asked->has_mock && asked->mock_fails);
    assert_true(asked->reveals_secrets);
    assert_int_equal(asked->retries, 0);
    assert_int_equal(asked->failures, 3);
}

static void knows_what_is_not_given(void **state) {
    struct fixture *fixture = *state;
    api_call(fixture, TEST, "{\"definition\":\"{}\",\"mock\":null,"
                            "\"stateConfiguration\":{},\"input\":null}");
    const struct wf_test_state *asked = &fixture->engine.test;
    assert_string_equal(fixture->engine.test_texts, "definition={}\n");
    assert_false(asked->has_mock || asked->mock_fails);
    assert_false(asked->reveals_secrets);
    assert_int_equal(asked->retries, -1);
    assert_int_equal(asked->failures, -1);
}

static void answers_by_level(void **state) {
    struct fixture *fixture = *state;
    struct wf_inspection seen = {0};
    struct wf_doc *output = wf_doc_trusted(WF_STR("{\"a\":\"b\"}"));
    wf_inspection_show(&seen, WF_STAGE_INPUT, WF_STR("{}"));
    wf_inspection_number(&seen, WF_STAGE_TOLERATED_FAILURE_COUNT, 1);
    wf_inspection_number(&seen, WF_STAGE_TOLERATED_FAILURE_PERCENTAGE, 5);
    wf_inspection_number(&seen, WF_STAGE_MAX_CONCURRENCY, 0);
    fixture->engine.tested = (struct wf_test_state_reply){
        .output = output, .next_state = WF_STR("B"), .inspection = &seen};
    assert_call(fixture, TEST, "{\"definition\":\"{}\"}",
                "{\"output\":\"{\\\"a\\\":\\\"b\\\"}\",\"nextState\":\"B\","
                "\"status\":\"SUCCEEDED\"}");
    assert_call(fixture, TEST,
                "{\"definition\":\"{}\",\"inspectionLevel\":\"DEBUG\"}",
                "{\"output\":\"{\\\"a\\\":\\\"b\\\"}\",\"inspectionData\":"
                "{\"input\":\"{}\",\"toleratedFailureCount\":1,"
                "\"toleratedFailurePercentage\":5.0,\"maxConcurrency\":0},"
                "\"nextState\":\"B\",\"status\":\"SUCCEEDED\"}");
    wf_inspection_free(&seen);
    wf_doc_unref(output);
}

static void tells_who_handled_an_error(void **state) {
    static const struct {
        enum wf_test_status status;
        unsigned retrier, catcher;
        const char *details;
    } cases[] = {
        {WF_TEST_RETRIABLE, 2, 0,
         ",\"inspectionData\":{\"errorDetails\":{\"retryIndex\":1,"
         "\"retryBackoffIntervalSeconds\":4}},\"status\":\"RETRIABLE\"}"},
        {WF_TEST_CAUGHT_ERROR, 0, 1,
         ",\"inspectionData\":{\"errorDetails\":{\"catchIndex\":0}},"
         "\"status\":\"CAUGHT_ERROR\"}"},
        {WF_TEST_CAUGHT_ERROR, 1, 2,
         ",\"inspectionData\":{\"errorDetails\":{\"catchIndex\":1,"
         "\"retryIndex\":0}},\"status\":\"CAUGHT_ERROR\"}"},
        {WF_TEST_FAILED, 1, 0,
         ",\"inspectionData\":{\"errorDetails\":{\"retryIndex\":0}},"
         "\"status\":\"FAILED\"}"},
        {WF_TEST_FAILED, 0, 0, ",\"inspectionData\":{},"
                               "\"status\":\"FAILED\"}"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wf_inspection seen = {.is_handled = true,
                                     .retrier = cases[i].retrier,
                                     .catcher = cases[i].catcher};
        char expected[300];
        fixture->engine.tested = (struct wf_test_state_reply){
            .status = cases[i].status, .has_error = true,
            .error = WF_STR("E"), .inspection = &seen, .backoff_s = 4};
        snprintf(expected, sizeof(expected), "{\"error\":\"E\"%s",
                 cases[i].details);
        assert_call(fixture, TEST,
                    "{\"definition\":\"{}\",\"inspectionLevel\":\"TRACE\"}",
                    expected);
    }
}

static void refuses(void **state) {
    struct fixture *fixture = *state;
    assert_fails(fixture, TEST, "{}", "ValidationException",
                 "1 validation error detected: Value null at 'definition' "
                 "failed to satisfy constraint: Member must not be null");
    fixture->engine.refusal = (struct wf_refusal){
        .exception = "InvalidDefinition", .message = WF_STR("so it is")};
    api_call(fixture, TEST, "{\"definition\":\"{}\"}");
    assert_int_equal(fixture->response.status, 400);
    assert_string_equal(fixture->response.body,
                        "{\"__type\":\"InvalidDefinition\","
                        "\"message\":\"so it is\"}");
}

#define API_TEST(name) \
    cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        API_TEST(hands_on_what_is_given), API_TEST(knows_what_is_not_given),
        API_TEST(answers_by_level),       API_TEST(tells_who_handled_an_error),
        API_TEST(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
