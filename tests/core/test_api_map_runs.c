/* test_api_map_runs.c - the operations on Map Runs over HTTP, in front of an
 * engine that answers what the test put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "api_fixture.h"

#define RUN ARN "mapRun:m/L:u"
#define ASK "{\"mapRunArn\":\"" RUN "\"}"
#define DESCRIBE "AWSStepFunctions.DescribeMapRun"
#define LIST "AWSStepFunctions.ListMapRuns"
#define UPDATE "AWSStepFunctions.UpdateMapRun"

static void set_run(struct fixture *fixture) {
    fixture->engine.map_run = (struct wf_map_run_reply){
        .arn = WF_STR(RUN),
        .execution_arn = WF_STR(EXECUTION),
        .state_machine_arn = WF_STR(MACHINE "/L"),
        .status = WF_EXECUTION_RUNNING,
        .start_ms = 1704067200456,
        .max_concurrency = 5,
        .tolerated_failure_count = 6,
        .tolerated_failure_percentage = 0,
        .items = {1, 2, 3, 4, 5, 6, 21, 7},
        .executions = {0, 1, 2, 3, 4, 5, 15, 6},
    };
}

#define COUNTS(p, r, s, f, t, a, all, w) \
    "{\"pending\":" #p ",\"running\":" #r ",\"succeeded\":" #s \
    ",\"failed\":" #f ",\"timedOut\":" #t ",\"aborted\":" #a \
    ",\"total\":" #all ",\"resultsWritten\":" #w "}"

static void describes_map_runs(void **state) {
    struct fixture *fixture = *state;
    set_run(fixture);
    assert_call(fixture, DESCRIBE, ASK,
                "{\"mapRunArn\":\"" RUN "\",\"executionArn\":\"" EXECUTION
                "\",\"status\":\"RUNNING\",\"startDate\":1704067200.456,"
                "\"maxConcurrency\":5,\"toleratedFailurePercentage\":0.0,"
                "\"toleratedFailureCount\":6,\"itemCounts\":"
                COUNTS(1, 2, 3, 4, 5, 6, 21, 7) ",\"executionCounts\":"
                COUNTS(0, 1, 2, 3, 4, 5, 15, 6) "}");
    assert_string_equal(fixture->engine.operation, "describe run");
    assert_string_equal(fixture->engine.arn, RUN);
    fixture->engine.map_run.tolerated_failure_percentage = 12.5;
    fixture->engine.map_run.stop_ms = 1704067201002;
    fixture->engine.map_run.status = WF_EXECUTION_FAILED;
    api_call(fixture, DESCRIBE, ASK);
    assert_non_null(strstr(fixture->response.body, "Percentage\":12.5,"));
    assert_non_null(strstr(fixture->response.body, "\"FAILED\""));
    assert_non_null(strstr(fixture->response.body,
                           "\"stopDate\":1704067201.002,"));
}

static void lists_map_runs(void **state) {
    struct fixture *fixture = *state;
    set_run(fixture);
    fixture->engine.next_token = WF_STR("more");
    assert_call(fixture, LIST,
                "{\"executionArn\":\"" EXECUTION "\",\"maxResults\":5,"
                "\"nextToken\":\"n\"}",
                "{\"mapRuns\":[{\"executionArn\":\"" EXECUTION
                "\",\"mapRunArn\":\"" RUN "\",\"stateMachineArn\":\"" MACHINE
                "/L\",\"startDate\":1704067200.456}],"
                "\"nextToken\":\"more\"}");
    assert_string_equal(fixture->engine.arn, EXECUTION);
    assert_string_equal(fixture->engine.token, "n");
    assert_int_equal(fixture->engine.max_results, 5);
    fixture->engine.next_token = WF_STR_NULL;
    fixture->engine.map_run.stop_ms = 1704067201002;
    api_call(fixture, LIST, "{\"executionArn\":\"" EXECUTION "\"}");
    assert_non_null(strstr(fixture->response.body,
                           "\"stopDate\":1704067201.002}]}"));
}

static void updates_map_runs(void **state) {
    struct fixture *fixture = *state;
    const struct wf_update_map_run *update = &fixture->engine.update;
    assert_call(fixture, UPDATE, ASK, "{}");
    assert_string_equal(fixture->engine.arn, RUN);
    assert_false(update->has_max_concurrency || update->has_count ||
                 update->has_percentage);
    assert_call(fixture, UPDATE,
                "{\"mapRunArn\":\"" RUN "\",\"maxConcurrency\":0,"
                "\"toleratedFailureCount\":5000000000,"
                "\"toleratedFailurePercentage\":99.5}",
                "{}");
    assert_true(update->has_max_concurrency && update->has_count &&
                update->has_percentage);
    assert_int_equal(update->max_concurrency, 0);
    assert_true(update->tolerated_failure_count == 5000000000);
    assert_true(update->tolerated_failure_percentage == 99.5);
    assert_fails(fixture, UPDATE,
                 "{\"mapRunArn\":\"" RUN "\","
                 "\"toleratedFailurePercentage\":101}",
                 "ValidationException",
                 "1 validation error detected: Value '101' at "
                 "'toleratedFailurePercentage' failed to satisfy constraint: "
                 "Member must have value less than or equal to 100");
}

static void passes_refusals_on(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.refusal = (struct wf_refusal){
        .exception = "ResourceNotFound",
        .message = WF_STR("Resource not found: '" RUN "'"),
        .resource = WF_STR(RUN)};
    static const char *const targets[] = {DESCRIBE, UPDATE};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        api_call(fixture, targets[i], ASK);
        assert_int_equal(fixture->response.status, 400);
        assert_string_equal(fixture->response.body,
                            "{\"__type\":\"ResourceNotFound\",\"message\":"
                            "\"Resource not found: '" RUN "'\","
                            "\"resourceName\":\"" RUN "\"}");
    }
}

/* ---- children ---- */

static void lists_children(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.execution.map_run_arn = WF_STR(RUN);
    fixture->engine.execution.item_count = 3;
    assert_call(fixture, "AWSStepFunctions.ListExecutions", ASK,
                "{\"executions\":[{\"executionArn\":\"" EXECUTION
                "\",\"stateMachineArn\":\"" MACHINE "\",\"mapRunArn\":\"" RUN
                "\",\"name\":\"e\",\"status\":\"RUNNING\",\"startDate\":"
                "1704067200.456,\"itemCount\":3,\"redriveCount\":0}]}");
    assert_string_equal(fixture->engine.arn, RUN);
    assert_fails(fixture, "AWSStepFunctions.ListExecutions",
                 "{\"mapRunArn\":\"" RUN "\",\"stateMachineArn\":\"" MACHINE
                 "\"}",
                 "ValidationException",
                 "Must provide a State Machine ARN or a Map Run ARN");
}

static void shows_whose_children_they_are(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.execution.map_run_arn = WF_STR(RUN);
    api_call(fixture, "AWSStepFunctions.DescribeExecution",
             "{\"executionArn\":\"" EXECUTION "\"}");
    assert_non_null(strstr(fixture->response.body,
                           ",\"mapRunArn\":\"" RUN "\","));
    fixture->engine.machine.map_run_arn = WF_STR(RUN);
    fixture->engine.machine.label = WF_STR("L");
    api_call(fixture, "AWSStepFunctions.DescribeStateMachineForExecution",
             "{\"executionArn\":\"" EXECUTION "\"}");
    assert_non_null(strstr(fixture->response.body,
                           ",\"mapRunArn\":\"" RUN "\",\"label\":\"L\","));
}

int main(void) {
#define API_TEST(name) \
    cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)
    const struct CMUnitTest tests[] = {
        API_TEST(describes_map_runs),
        API_TEST(lists_map_runs),
        API_TEST(updates_map_runs),
        API_TEST(passes_refusals_on),
        API_TEST(lists_children),
        API_TEST(shows_whose_children_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
