/* test_api_search.c - SearchExecutions over HTTP, in front of an engine that
 * answers what the test put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "api_fixture.h"

#define SEARCH "Moonstep.SearchExecutions"

static void asks_for_everything(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.next_token = WF_STR("7-8");
    api_call(fixture, SEARCH,
             "{\"stateMachineArn\":\"" MACHINE "\",\"statusFilter\":"
             "[\"RUNNING\",\"FAILED\"],\"redriveFilter\":\"REDRIVEN\","
             "\"startedFrom\":1.5,\"startedUntil\":2,\"stoppedFrom\":3,"
             "\"stoppedUntil\":4,\"namePrefix\":\"n\",\"tag\":{\"key\":\"k\","
             "\"value\":\"v\"},\"where\":\"{% true %}\",\"maxResults\":3,"
             "\"nextToken\":\"t\"}");
    assert_int_equal(fixture->response.status, 200);
    assert_string_equal(fixture->engine.operation, "search");
    assert_string_equal(fixture->engine.arn, MACHINE);
    assert_string_equal(fixture->engine.text, "a 1500-2000 3000-4000");
    assert_string_equal(fixture->engine.name, "n");
    assert_string_equal(fixture->engine.error, "k");
    assert_string_equal(fixture->engine.cause, "v");
    assert_string_equal(fixture->engine.role, "{% true %}");
    assert_string_equal(fixture->engine.token, "t");
    assert_int_equal(fixture->engine.redriven, WF_REDRIVEN);
    assert_int_equal(fixture->engine.max_results, 3);
    assert_non_null(strstr(fixture->response.body,
                           "{\"scannedUntil\":1.500,\"conditionErrors\":2,"
                           "\"conditionCause\":\"why\",\"executions\":[{"));
    assert_non_null(strstr(fixture->response.body, "],\"nextToken\":\"7-8\"}"));
}

static void asks_for_nothing(void **state) {
    struct fixture *fixture = *state;
    api_call(fixture, SEARCH, "{}");
    assert_int_equal(fixture->response.status, 200);
    assert_string_equal(fixture->engine.text, "0 0-0 0-0");
    assert_null(fixture->engine.arn);
    assert_null(fixture->engine.name);
    assert_null(fixture->engine.error);
    assert_null(fixture->engine.cause);
    assert_null(fixture->engine.role);
    assert_null(strstr(fixture->response.body, "scannedUntil"));
    api_call(fixture, SEARCH, "{\"tag\":{\"key\":\"k\"}}");
    assert_string_equal(fixture->engine.error, "k");
    assert_null(fixture->engine.cause);
}

static void refuses_what_is_wrong(void **state) {
    static const char *const bodies[] = {
        "{\"statusFilter\":[\"DONE\"]}", "{\"statusFilter\":\"FAILED\"}",
        "{\"tag\":{}}",                  "{\"tag\":\"k\"}",
        "{\"where\":\"\"}",              "{\"maxResults\":1001}",
        "{\"startedFrom\":\"now\"}",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        api_call(fixture, SEARCH, bodies[i]);
        assert_int_equal(fixture->response.status, 400);
    }
    assert_int_equal(fixture->engine.asked, 0);
    fixture->engine.refusal = (struct wf_refusal){
        .exception = "StateMachineDoesNotExist", .message = WF_STR("no")};
    api_call(fixture, SEARCH, "{}");
    assert_int_equal(fixture->response.status, 400);
}

static void acts_on_what_is_found(void **state) {
    static const char *const names[] = {"stop", "redrive", "pause", "resume"};
    static const char *const targets[] = {
        "Moonstep.BulkStopExecutions", "Moonstep.BulkRedriveExecutions",
        "Moonstep.BulkPauseExecutions", "Moonstep.BulkResumeExecutions"};
    struct fixture *fixture = *state;
    char operation[16];
    fixture->engine.next_token = WF_STR("7-8");
    for (int i = 0; i < 4; i++) {
        snprintf(operation, sizeof(operation), "bulk %s", names[i]);
        api_call(fixture, targets[i],
                 "{\"stateMachineArn\":\"" MACHINE "\",\"namePrefix\":\"n\","
                 "\"dryRun\":true,\"maxResults\":3}");
        assert_int_equal(fixture->response.status, 200);
        assert_string_equal(fixture->engine.operation, operation);
        assert_string_equal(fixture->engine.arn, MACHINE);
        assert_string_equal(fixture->engine.name, "n");
        assert_int_equal(fixture->engine.max_results, 3);
        assert_true(fixture->engine.is_exclusive);
    }
    assert_string_equal(
        fixture->response.body,
        "{\"scannedUntil\":1.500,\"foundCount\":2,\"doneCount\":1,"
        "\"refusedCount\":1,\"refused\":[{\"executionArn\":\"other\","
        "\"error\":\"ExecutionNotRunning\",\"message\":\"over\"}],"
        "\"executions\":[{\"executionArn\":\"" EXECUTION "\","
        "\"status\":\"ABORTED\",\"stopDate\":2.500}],"
        "\"nextToken\":\"7-8\"}");
}

static void takes_what_the_action_takes(void **state) {
    struct fixture *fixture = *state;
    api_call(fixture, "Moonstep.BulkStopExecutions",
             "{\"error\":\"e\",\"cause\":\"c\"}");
    assert_string_equal(fixture->engine.error, "e");
    assert_string_equal(fixture->engine.cause, "c");
    assert_false(fixture->engine.is_exclusive);
    api_call(fixture, "Moonstep.BulkRedriveExecutions",
             "{\"revision\":\"latest\",\"clientToken\":\"t\"}");
    assert_string_equal(fixture->engine.text, "latest");
    assert_string_equal(fixture->engine.token, "t");
    api_call(fixture, "Moonstep.BulkPauseExecutions", "{\"reason\":\"r\"}");
    assert_string_equal(fixture->engine.role, "r");
    unsigned asked = fixture->engine.asked;
    api_call(fixture, "Moonstep.BulkStopExecutions", "{\"maxResults\":1001}");
    assert_int_equal(fixture->response.status, 400);
    api_call(fixture, "Moonstep.BulkRedriveExecutions",
             "{\"dryRun\":\"yes\"}");
    assert_int_equal(fixture->response.status, 400);
    assert_int_equal(fixture->engine.asked, asked);
}

#define API_TEST(name) \
    cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        API_TEST(asks_for_everything),
        API_TEST(asks_for_nothing),
        API_TEST(refuses_what_is_wrong),
        API_TEST(acts_on_what_is_found),
        API_TEST(takes_what_the_action_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
