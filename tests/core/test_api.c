/* test_api.c - the API over HTTP, in front of an engine that answers what
 * the test put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "api_fixture.h"

/* ---- starting ---- */

#define START "AWSStepFunctions.StartExecution"

static void starts_executions(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, START,
                "{\"stateMachineArn\":\"" MACHINE "\",\"name\":\"e\","
                "\"input\":\"{\\\"id\\\": 12345678901234567890}\","
                "\"traceHeader\":\"t\"}",
                "{\"executionArn\":\"" EXECUTION "\","
                "\"startDate\":1704067200.456}");
    assert_string_equal(fixture->engine.operation, "start");
    assert_string_equal(fixture->engine.arn, MACHINE);
    assert_string_equal(fixture->engine.name, "e");
    assert_string_equal(fixture->engine.text, "{\"id\": 12345678901234567890}");
    assert_string_equal(fixture->engine.token, "t");
    api_call(fixture, START,
         "{\"stateMachineArn\":\"arn:a\",\"name\":null,\"input\":null}");
    assert_null(fixture->engine.name);
    assert_null(fixture->engine.text);
}

/* The fake engine's thread is the loop; what is asked for is the same. */
static void takes_large_bodies(void **state) {
    struct fixture *fixture = *state;
    struct wf_buf body = {0}, input = {0};
    wf_buf_adds(&input, "[\"a\"");
    for (int i = 0; i < 100000; i++)
        wf_buf_addf(&input, ",%d", i);
    wf_buf_adds(&input, "]");
    wf_buf_adds(&body, "{\"stateMachineArn\":\"" MACHINE "\",\"input\":");
    wf_buf_json(&body, (struct wf_str){input.data, input.len});
    wf_buf_add(&body, "}", 2);
    wf_buf_u8(&input, 0);
    assert_call(fixture, START, body.data,
                "{\"executionArn\":\"" EXECUTION "\","
                "\"startDate\":1704067200.456}");
    assert_string_equal(fixture->engine.text, input.data);
    body.data[body.len - 2] = ']';
    api_call(fixture, START, body.data);
    assert_int_equal(fixture->response.status, 400);
    assert_non_null(strstr(fixture->response.body, "expected ',' or '}'"));
    wf_buf_free(&body);
    wf_buf_free(&input);
}

static void tells_empty_input_from_absent(void **state) {
    assert_fails(*state, START,
                 "{\"stateMachineArn\":\"" MACHINE "\",\"input\":\"\"}",
                 "InvalidExecutionInput",
                 "Invalid State Machine Execution Input: 'Invalid execution "
                 "input.'");
}

static void starts_and_waits_for_express_executions(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.execution.status = WF_EXECUTION_SUCCEEDED;
    fixture->engine.execution.stop_ms = 1704067200657;
    fixture->engine.execution.output = WF_STR("[]");
    assert_call(fixture, "AWSStepFunctions.StartSyncExecution",
                "{\"stateMachineArn\":\"" MACHINE "\"}",
                "{\"executionArn\":\"" EXECUTION "\",\"stateMachineArn\":\""
                MACHINE "\",\"name\":\"e\",\"status\":\"SUCCEEDED\","
                "\"startDate\":1704067200.456,\"stopDate\":1704067200.657,"
                "\"input\":\"{\\\"a\\\": 1}\",\"inputDetails\":"
                "{\"included\":true},\"output\":\"[]\",\"outputDetails\":"
                "{\"included\":true},\"billingDetails\":"
                "{\"billedDurationInMilliseconds\":300,"
                "\"billedMemoryUsedInMB\":64}}");
    fixture->engine.execution.status = WF_EXECUTION_FAILED;
    fixture->engine.execution.output = WF_STR_NULL;
    fixture->engine.execution.error = WF_STR("E");
    fixture->engine.execution.cause = WF_STR("C");
    assert_call(fixture, "AWSStepFunctions.StartSyncExecution",
                "{\"stateMachineArn\":\"" MACHINE "\","
                "\"includedData\":\"METADATA_ONLY\"}",
                "{\"executionArn\":\"" EXECUTION "\",\"stateMachineArn\":\""
                MACHINE "\",\"name\":\"e\",\"status\":\"FAILED\","
                "\"startDate\":1704067200.456,\"stopDate\":1704067200.657,"
                "\"error\":\"E\",\"cause\":\"C\",\"inputDetails\":"
                "{\"included\":false},\"outputDetails\":{\"included\":false},"
                "\"billingDetails\":{\"billedDurationInMilliseconds\":300,"
                "\"billedMemoryUsedInMB\":64}}");
}

/* ---- describing, waiting, stopping ---- */

#define DESCRIBE "AWSStepFunctions.DescribeExecution"
#define IDENTITY(status) \
    "{\"executionArn\":\"" EXECUTION "\",\"stateMachineArn\":\"" MACHINE \
    "\",\"name\":\"e\",\"status\":\"" status \
    "\",\"startDate\":1704067200.456"
#define INPUT ",\"input\":\"{\\\"a\\\": 1}\",\"inputDetails\":" \
              "{\"included\":true}"
#define ASK "{\"executionArn\":\"" EXECUTION "\"}"

static void describes_executions_by_status(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, DESCRIBE, ASK,
                IDENTITY("RUNNING") INPUT
                ",\"redriveCount\":0,\"redriveStatus\":\"NOT_REDRIVABLE\","
                "\"redriveStatusReason\":\"Execution is RUNNING and cannot "
                "be redriven\"}");
    assert_string_equal(fixture->engine.arn, EXECUTION);
    fixture->engine.execution.status = WF_EXECUTION_SUCCEEDED;
    fixture->engine.execution.stop_ms = 1704067201000;
    fixture->engine.execution.output = WF_STR("{\"b\":[]}");
    fixture->engine.execution.trace_header = WF_STR("t");
    assert_call(fixture, DESCRIBE, ASK,
                IDENTITY("SUCCEEDED") ",\"stopDate\":1704067201.000" INPUT
                ",\"output\":\"{\\\"b\\\":[]}\",\"outputDetails\":"
                "{\"included\":true},\"traceHeader\":\"t\","
                "\"redriveCount\":0,\"redriveStatus\":\"NOT_REDRIVABLE\","
                "\"redriveStatusReason\":\"Execution is SUCCEEDED and cannot "
                "be redriven\"}");
    fixture->engine.execution.status = WF_EXECUTION_FAILED;
    fixture->engine.execution.output = WF_STR_NULL;
    fixture->engine.execution.trace_header = WF_STR_NULL;
    fixture->engine.execution.error = WF_STR("E");
    assert_call(fixture, DESCRIBE, ASK,
                IDENTITY("FAILED") ",\"stopDate\":1704067201.000" INPUT
                ",\"error\":\"E\",\"redriveCount\":0,"
                "\"redriveStatus\":\"REDRIVABLE\"}");
    fixture->engine.execution.error = WF_STR_NULL;
    assert_call(fixture, DESCRIBE,
                "{\"executionArn\":\"arn:x\",\"includedData\":"
                "\"METADATA_ONLY\"}",
                IDENTITY("FAILED") ",\"stopDate\":1704067201.000,"
                "\"inputDetails\":{\"included\":false},\"redriveCount\":0,"
                "\"redriveStatus\":\"REDRIVABLE\"}");
}

static void waits_for_executions(void **state) {
    struct fixture *fixture = *state;
    struct http_client client;
    struct wf_buf request = {0};

    fixture->engine.hold = true;
    api_write_call(&request, "Moonstep.WaitForExecution",
               "{\"executionArn\":\"arn:x\",\"timeoutSeconds\":7}");
    http_connect(&client, fixture->loop, wf_api_port(fixture->api));
    http_sends(&client, request.data);
    for (int i = 0; i < 1000 && !fixture->engine.held; i++)
        http_pump(&client);
    assert_int_equal(fixture->engine.timeout_ms, 7000);
    assert_false(http_pump(&client));
    fixture->engine.execution.status = WF_EXECUTION_ABORTED;
    fake_engine_answer(&fixture->engine);
    http_receive(&client, &fixture->response);
    assert_non_null(strstr(fixture->response.body, "\"ABORTED\""));
    http_close(&client);
    wf_buf_free(&request);

    fixture->engine.hold = false;
    api_call(fixture, "Moonstep.WaitForExecution", ASK);
    assert_int_equal(fixture->engine.timeout_ms, 60000);
}

static void stops_executions(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.execution.stop_ms = 1704067201002;
    assert_call(fixture, "AWSStepFunctions.StopExecution",
                "{\"executionArn\":\"arn:x\",\"error\":\"E\",\"cause\":\"\"}",
                "{\"stopDate\":1704067201.002}");
    assert_string_equal(fixture->engine.arn, "arn:x");
    assert_string_equal(fixture->engine.error, "E");
    assert_string_equal(fixture->engine.cause, "");
}

static void redrives_executions(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.execution.redrive_ms = 1704067201002;
    assert_call(fixture, "AWSStepFunctions.RedriveExecution",
                "{\"executionArn\":\"arn:x\",\"clientToken\":\"t\"}",
                "{\"redriveDate\":1704067201.002}");
    assert_string_equal(fixture->engine.arn, "arn:x");
    assert_string_equal(fixture->engine.token, "t");
    fixture->engine.execution.status = WF_EXECUTION_FAILED;
    fixture->engine.execution.redrive_count = 2;
    fixture->engine.execution.redrive_status = WF_REDRIVE_BY_MAP_RUN;
    assert_call(fixture, DESCRIBE, ASK,
                IDENTITY("FAILED") INPUT
                ",\"redriveCount\":2,\"redriveDate\":1704067201.002,"
                "\"redriveStatus\":\"REDRIVABLE_BY_MAP_RUN\"}");
}

/* ---- lists and histories ---- */

static void lists_executions(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.next_token = WF_STR("more");
    assert_call(fixture, "AWSStepFunctions.ListExecutions",
                "{\"stateMachineArn\":\"" MACHINE "\",\"statusFilter\":"
                "\"TIMED_OUT\",\"maxResults\":5,\"nextToken\":\"n\"}",
                "{\"executions\":[" IDENTITY("RUNNING")
                ",\"redriveCount\":0}],\"nextToken\":\"more\"}");
    assert_int_equal(fixture->engine.status, WF_EXECUTION_TIMED_OUT);
    assert_int_equal(fixture->engine.max_results, 5);
    assert_string_equal(fixture->engine.token, "n");
    api_call(fixture, "AWSStepFunctions.ListExecutions",
         "{\"stateMachineArn\":\"" MACHINE "\"}");
    assert_int_equal(fixture->engine.status, 0);
    assert_int_equal(fixture->engine.redriven, WF_REDRIVE_ANY);
    api_call(fixture, "AWSStepFunctions.ListExecutions",
             "{\"stateMachineArn\":\"" MACHINE "\",\"redriveFilter\":"
             "\"REDRIVEN\"}");
    assert_int_equal(fixture->engine.redriven, WF_REDRIVEN);
    assert_fails(fixture, "AWSStepFunctions.ListExecutions", "{}",
                 "ValidationException",
                 "Must provide a State Machine ARN or a Map Run ARN");
}

static void gives_histories(void **state) {
    static const struct wf_history_event events[] = {
        {.event = {.type = WF_EVENT_EXECUTION_STARTED,
                   .fields = WF_EVENT_HAS_DOC,
                   .id = 1,
                   .time_ms = 1704067200456},
         .doc = {"{}", 2},
         .role_arn = {"r", 1}},
        {.event = {.type = WF_EVENT_PASS_STATE_ENTERED,
                   .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_DOC,
                   .id = 2,
                   .time_ms = 1704067200457},
         .doc = {"{}", 2},
         .state_name = {"A", 1}},
    };
    struct fixture *fixture = *state;
    fixture->engine.events = events;
    fixture->engine.event_count = 2;
    assert_call(fixture, "AWSStepFunctions.GetExecutionHistory",
                "{\"executionArn\":\"arn:x\",\"reverseOrder\":true,"
                "\"maxResults\":1000,\"includeExecutionData\":false}",
                "{\"events\":[{\"timestamp\":1704067200.456,\"type\":"
                "\"ExecutionStarted\",\"id\":1,\"previousEventId\":0,"
                "\"executionStartedEventDetails\":{\"roleArn\":\"r\"}},"
                "{\"timestamp\":1704067200.457,\"type\":\"PassStateEntered\","
                "\"id\":2,\"previousEventId\":0,\"stateEnteredEventDetails\":"
                "{\"name\":\"A\"}}]}");
    assert_true(fixture->engine.reverse);
    assert_int_equal(fixture->engine.max_results, 1000);
    api_call(fixture, "AWSStepFunctions.GetExecutionHistory",
         "{\"executionArn\":\"arn:x\"}");
    assert_non_null(strstr(fixture->response.body, "\"input\":\"{}\""));
    assert_false(fixture->engine.reverse);
}

static void waits_for_events(void **state) {
    static const struct wf_history_event event = {
        .event = {.type = WF_EVENT_EXECUTION_STARTED,
                  .fields = WF_EVENT_HAS_DOC,
                  .id = 1,
                  .time_ms = 1704067200456},
        .doc = {"{}", 2},
    };
    struct fixture *fixture = *state;
    fixture->engine.events = &event;
    fixture->engine.event_count = 1;
    assert_call(fixture, "Moonstep.WaitForEvents",
                "{\"executionArn\":\"arn:x\",\"after\":5000000000,"
                "\"maxResults\":7,\"timeoutSeconds\":9,"
                "\"includeExecutionData\":false}",
                "{\"events\":[{\"timestamp\":1704067200.456,\"type\":"
                "\"ExecutionStarted\",\"id\":1,\"previousEventId\":0,"
                "\"executionStartedEventDetails\":{}}],"
                "\"status\":\"RUNNING\"}");
    assert_true(fixture->engine.after == 5000000000);
    assert_int_equal(fixture->engine.max_results, 7);
    assert_int_equal(fixture->engine.timeout_ms, 9000);
    fixture->engine.execution.status = WF_EXECUTION_ABORTED;
    fixture->engine.event_count = 0;
    assert_call(fixture, "Moonstep.WaitForEvents",
                "{\"executionArn\":\"arn:x\"}",
                "{\"events\":[],\"status\":\"ABORTED\"}");
    assert_true(fixture->engine.after == 0);
    assert_fails(fixture, "Moonstep.WaitForEvents",
                 "{\"executionArn\":\"arn:x\",\"after\":-1}",
                 "ValidationException",
                 "1 validation error detected: Value '-1' at 'after' failed "
                 "to satisfy constraint: Member must have value greater than "
                 "or equal to 0");
}

static void lays_out_graphs(void **state) {
    struct fixture *fixture = *state;
    const char *target = "Moonstep.LayoutGraph";
    assert_call(fixture, target, "{\"definition\":\"{}\"}",
                "{\"width\":1}");
    assert_string_equal(fixture->engine.text, "{}");
    assert_null(fixture->engine.arn);
    assert_call(fixture, target, "{\"stateMachineArn\":\"" MACHINE "\"}",
                "{\"width\":1}");
    assert_string_equal(fixture->engine.arn, MACHINE);
    assert_null(fixture->engine.text);
    assert_fails(fixture, target, "{}", "ValidationException",
                 "Either definition or stateMachineArn must be given.");
    assert_fails(fixture, target,
                 "{\"definition\":\"{}\",\"stateMachineArn\":\"arn:x\"}",
                 "ValidationException",
                 "Either definition or stateMachineArn must be given.");
}

static void gives_statistics(void **state) {
    struct fixture *fixture = *state;
    api_call(fixture, "Moonstep.Stats", "{}");
    assert_int_equal(fixture->response.status, 200);
    assert_non_null(strstr(fixture->response.body, "\"tasksInFlight\":7,"));
    assert_non_null(strstr(fixture->response.body, "\"storeBytes\":8192,"));
}

static void starts_and_describes_backups(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, "Moonstep.StartBackup", "{\"directory\":\"/copy\"}",
                "{}");
    assert_fails(fixture, "Moonstep.StartBackup", "{}", "ValidationException",
                 "1 validation error detected: Value null at 'directory' "
                 "failed to satisfy constraint: Member must not be null");
    assert_call(fixture, "Moonstep.DescribeBackup", "{}",
                "{\"directory\":\"/copy\",\"status\":\"FAILED\","
                "\"startDate\":1704067200.123,\"stopDate\":1704067201.123,"
                "\"rows\":3,\"bytes\":4,\"error\":\"no room\"}");
}

static void gives_metrics(void **state) {
    struct fixture *fixture = *state;
    static const char *const lines[] = {
        "# HELP moonstep_tasks_in_flight ",
        "\n# TYPE moonstep_tasks_in_flight gauge\n"
        "moonstep_tasks_in_flight 7\n",
        "\n# TYPE moonstep_executions_ended_total counter\n"
        "moonstep_executions_ended_total{status=\"SUCCEEDED\"} 0\n"
        "moonstep_executions_ended_total{status=\"FAILED\"} 0\n",
        "\nmoonstep_commit_seconds_total 1.500000000\n",
        "\nmoonstep_durable_seconds_bucket{le=\"0.000250\"} 0\n",
        "\nmoonstep_durable_seconds_bucket{le=\"+Inf\"} 0\n"
        "moonstep_durable_seconds_sum 0.000000000\n"
        "moonstep_durable_seconds_count 0\n",
        "\nmoonstep_api_call_seconds_count{operation=\"DescribeExecution\"} "
        "2\n",
        "\nmoonstep_api_refused_total{operation=\"DescribeExecution\"} 1\n",
        "\nmoonstep_api_refused_total{operation=\"Stats\"} 0\n",
    };
    api_call(fixture, "AWSStepFunctions.DescribeExecution",
             "{\"executionArn\":\"" EXECUTION "\"}");
    api_call(fixture, "AWSStepFunctions.DescribeExecution", "{}");
    api_call(fixture, "Moonstep.Stats", "{}");
    http_response_deinit(&fixture->response);
    http_ask(fixture->loop, wf_api_port(fixture->api),
             "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
             &fixture->response);
    assert_int_equal(fixture->response.status, 200);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (!strstr(fixture->response.body, lines[i]))
            fail_msg("%s is not in:\n%s", lines[i], fixture->response.body);
}

/* ---- errors ---- */

static void passes_refusals_on(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.refusal = (struct wf_refusal){
        .exception = "StateMachineDoesNotExist",
        .message = WF_STR("State Machine Does Not Exist: '" MACHINE "'")};
    static const char *const targets[] = {
        START, "AWSStepFunctions.StartSyncExecution",
        "AWSStepFunctions.ListExecutions",
        "AWSStepFunctions.DescribeStateMachine", "Moonstep.LayoutGraph"};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        api_call(fixture, targets[i], "{\"stateMachineArn\":\"" MACHINE "\"}");
        assert_int_equal(fixture->response.status, 400);
        assert_string_equal(fixture->response.body,
                            "{\"__type\":\"StateMachineDoesNotExist\","
                            "\"message\":\"State Machine Does Not Exist: '"
                            MACHINE "'\"}");
    }
    fixture->engine.refusal.exception = "ExecutionDoesNotExist";
    static const char *const others[] = {
        DESCRIBE, "AWSStepFunctions.StopExecution",
        "AWSStepFunctions.GetExecutionHistory", "Moonstep.WaitForExecution"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        api_call(fixture, others[i], ASK);
        assert_int_equal(fixture->response.status, 400);
        assert_non_null(strstr(fixture->response.body,
                               "\"__type\":\"ExecutionDoesNotExist\""));
    }
    fixture->engine.refusal.exception = "InternalFailure";
    api_call(fixture, DESCRIBE, ASK);
    assert_int_equal(fixture->response.status, 500);
    fixture->engine.refusal.exception = "ServiceUnavailable";
    api_call(fixture, DESCRIBE, ASK);
    assert_int_equal(fixture->response.status, 503);
}

static void serves_health_and_nothing_else(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
        {"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403},
        {"GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
        {"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
        {"POST /other HTTP/1.1\r\nHost: localhost\r\n"
         "Content-Length: 0\r\n\r\n",
         404},
        {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
         400},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        http_response_deinit(&fixture->response);
        http_ask(fixture->loop, wf_api_port(fixture->api), rows[i].request,
                 &fixture->response);
        assert_int_equal(fixture->response.status, rows[i].status);
    }
    assert_int_equal(fixture->engine.asked, 0);
}

/* What was asked before the API is freed may be answered after it. */
static void outlives_its_callers(void **state) {
    struct fixture *fixture = *state;
    struct http_client client;
    struct wf_buf request = {0};

    fixture->engine.hold = true;
    api_write_call(&request, DESCRIBE, ASK);
    http_connect(&client, fixture->loop, wf_api_port(fixture->api));
    http_sends(&client, request.data);
    for (int i = 0; i < 1000 && !fixture->engine.held; i++)
        http_pump(&client);
    wf_api_free(fixture->api);
    fixture->api = NULL;
    http_receive(&client, &fixture->response);
    assert_int_equal(fixture->response.status, 503);
    fake_engine_answer(&fixture->engine);
    http_close(&client);
    wf_buf_free(&request);
}

int main(void) {
#define API_TEST(name) \
    cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)
    const struct CMUnitTest tests[] = {
        API_TEST(starts_executions),
        API_TEST(takes_large_bodies),
        API_TEST(tells_empty_input_from_absent),
        API_TEST(starts_and_waits_for_express_executions),
        API_TEST(describes_executions_by_status),
        API_TEST(waits_for_executions),
        API_TEST(stops_executions),
        API_TEST(redrives_executions),
        API_TEST(lists_executions),
        API_TEST(gives_histories),
        API_TEST(waits_for_events),
        API_TEST(lays_out_graphs),
        API_TEST(gives_statistics),
        API_TEST(gives_metrics),
        API_TEST(starts_and_describes_backups),
        API_TEST(passes_refusals_on),
        API_TEST(serves_health_and_nothing_else),
        API_TEST(outlives_its_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
