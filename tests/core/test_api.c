/* test_api.c - the API over HTTP, in front of an engine that answers what
 * the test put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "api.h"
#include "doc.h"
#include "fake_engine.h"
#include "http_client.h"

#define ARN "arn:aws:states:us-east-1:000000000000:"
#define MACHINE ARN "stateMachine:m"
#define EXECUTION ARN "execution:m:e"

struct fixture {
    struct ev_loop *loop;
    struct wf_engine engine;
    struct wf_api *api;
    struct http_response response;
};

static int set_up(void **state) {
    struct fixture *fixture = wf_calloc(1, sizeof(*fixture));
    struct wf_api_options options = {.http.listen = "127.0.0.1:0"};
    struct wf_error err = {0};
    fixture->loop = ev_loop_new(EVFLAG_AUTO);
    fake_engine_init(&fixture->engine);
    if (wf_api_new(fixture->loop, &fixture->engine, &options, &fixture->api,
                   &err) != 0)
        fail_msg("%s", err.message);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    wf_api_free(fixture->api);
    fake_engine_deinit(&fixture->engine);
    http_response_deinit(&fixture->response);
    ev_loop_destroy(fixture->loop);
    free(fixture);
    return 0;
}

static void write_call(struct wf_buf *out, const char *target,
                       const char *body) {
    wf_buf_addf(out,
                "POST / HTTP/1.1\r\nHost: sync-states.amazonaws.com\r\n"
                "X-Amz-Target: %s\r\nContent-Type: "
                "application/x-amz-json-1.0\r\nContent-Length: %zu\r\n\r\n%s",
                target, strlen(body), body);
    wf_buf_u8(out, '\0');
}

/* Calls and keeps the response in the fixture. */
static void call(struct fixture *fixture, const char *target,
                 const char *body) {
    struct wf_buf request = {0};
    write_call(&request, target, body);
    http_response_deinit(&fixture->response);
    http_ask(fixture->loop, wf_api_port(fixture->api), request.data,
             &fixture->response);
    wf_buf_free(&request);
    assert_non_null(strstr(fixture->response.head,
                           "Content-Type: application/x-amz-json-1.0\r\n"));
    assert_non_null(strstr(fixture->response.head, "x-amzn-RequestId: "));
}

static void assert_call(struct fixture *fixture, const char *target,
                        const char *body, const char *expected) {
    call(fixture, target, body);
    assert_string_equal(fixture->response.body, expected);
    assert_int_equal(fixture->response.status, 200);
}

static void assert_fails(struct fixture *fixture, const char *target,
                         const char *body, const char *type,
                         const char *message) {
    struct wf_buf expected = {0};
    unsigned asked = fixture->engine.asked;
    call(fixture, target, body);
    wf_buf_addf(&expected, "{\"__type\":\"%s\",\"message\":", type);
    wf_buf_json(&expected, wf_str(message));
    wf_buf_add(&expected, "}", 2);
    assert_string_equal(fixture->response.body, expected.data);
    assert_int_equal(fixture->response.status, 400);
    assert_int_equal(fixture->engine.asked, asked);
    wf_buf_free(&expected);
}

/* ---- state machines ---- */

#define CREATE "AWSStepFunctions.CreateStateMachine"

static void creates_state_machines(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, CREATE,
                "{\"name\":\"m\\u00e9\",\"definition\":\"{\\\"a\\\":\\n1}\","
                "\"roleArn\":\"r\",\"type\":\"EXPRESS\",\"tags\":[],"
                "\"loggingConfiguration\":{\"level\":\"OFF\"},"
                "\"publish\":false,\"unknown\":[1,{}]}",
                "{\"stateMachineArn\":\"" MACHINE "\","
                "\"creationDate\":1704067200.123}");
    assert_string_equal(fixture->engine.name, "m\xc3\xa9");
    assert_string_equal(fixture->engine.text, "{\"a\":\n1}");
    assert_string_equal(fixture->engine.role, "r");
    assert_true(fixture->engine.express);
    call(fixture, CREATE,
         "{\"name\":\"m\",\"definition\":\"x\",\"roleArn\":\"r\"}");
    assert_false(fixture->engine.express);
}

static void refuses_to_publish(void **state) {
    call(*state, CREATE,
         "{\"name\":\"m\",\"definition\":\"x\",\"roleArn\":\"r\","
         "\"publish\":true}");
    struct fixture *fixture = *state;
    assert_int_equal(fixture->response.status, 400);
    assert_int_equal(fixture->engine.asked, 0);
}

static void describes_state_machines(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, "AWSStepFunctions.DescribeStateMachine",
                "{\"stateMachineArn\":\"" MACHINE "\"}",
                "{\"stateMachineArn\":\"" MACHINE "\",\"name\":\"m\","
                "\"status\":\"ACTIVE\",\"definition\":"
                "\"{\\\"StartAt\\\":\\\"A\\\"}\",\"roleArn\":"
                "\"arn:aws:iam::000000000000:role/r\",\"type\":\"STANDARD\","
                "\"creationDate\":1704067200.123,\"loggingConfiguration\":"
                "{\"level\":\"OFF\",\"includeExecutionData\":false},"
                "\"tracingConfiguration\":{\"enabled\":false},"
                "\"encryptionConfiguration\":{\"type\":\"AWS_OWNED_KEY\"}}");
    assert_string_equal(fixture->engine.arn, MACHINE);
}

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
    call(fixture, START,
         "{\"stateMachineArn\":\"arn:a\",\"name\":null,\"input\":null}");
    assert_null(fixture->engine.name);
    assert_null(fixture->engine.text);
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
    write_call(&request, "Moonstep.WaitForExecution",
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
    call(fixture, "Moonstep.WaitForExecution", ASK);
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
    call(fixture, "AWSStepFunctions.ListExecutions",
         "{\"stateMachineArn\":\"" MACHINE "\"}");
    assert_int_equal(fixture->engine.status, 0);
    assert_call(fixture, "AWSStepFunctions.ListExecutions",
                "{\"stateMachineArn\":\"" MACHINE "\",\"redriveFilter\":"
                "\"REDRIVEN\"}",
                "{\"executions\":[]}");
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
    call(fixture, "AWSStepFunctions.GetExecutionHistory",
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

static void gives_statistics(void **state) {
    struct fixture *fixture = *state;
    call(fixture, "Moonstep.Stats", "{}");
    assert_int_equal(fixture->response.status, 200);
    assert_non_null(strstr(fixture->response.body, "\"tasksInFlight\":7}"));
}

/* ---- errors ---- */

static void passes_refusals_on(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.refusal = (struct wf_refusal){
        "StateMachineDoesNotExist",
        WF_STR("State Machine Does Not Exist: '" MACHINE "'")};
    static const char *const targets[] = {
        START, "AWSStepFunctions.StartSyncExecution",
        "AWSStepFunctions.ListExecutions",
        "AWSStepFunctions.DescribeStateMachine"};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        call(fixture, targets[i], "{\"stateMachineArn\":\"" MACHINE "\"}");
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
        call(fixture, others[i], ASK);
        assert_int_equal(fixture->response.status, 400);
        assert_non_null(strstr(fixture->response.body,
                               "\"__type\":\"ExecutionDoesNotExist\""));
    }
    fixture->engine.refusal.exception = "InternalFailure";
    call(fixture, DESCRIBE, ASK);
    assert_int_equal(fixture->response.status, 500);
    fixture->engine.refusal.exception = "ServiceUnavailable";
    call(fixture, DESCRIBE, ASK);
    assert_int_equal(fixture->response.status, 503);
}

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
                 "{\"name\":\"m\",\"definition\":\"\",\"roleArn\":\"r\"}",
                 "ValidationException",
                 DETECTED "Value at 'definition'" CONSTRAINT
                          "have length greater than or equal to 1");
    assert_fails(fixture, CREATE,
                 "{\"name\":\"m\",\"definition\":\"x\",\"roleArn\":\"r\","
                 "\"type\":\"FAST\"}",
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

static void refuses_what_is_no_arn(void **state) {
    struct fixture *fixture = *state;
    static const char *const targets[] = {
        DESCRIBE, "AWSStepFunctions.StopExecution",
        "AWSStepFunctions.GetExecutionHistory", "Moonstep.WaitForExecution"};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        assert_fails(fixture, targets[i], "{\"executionArn\":\"no_arn\"}",
                     "InvalidArn",
                     "Invalid Arn: 'Invalid ARN prefix: no_arn'");
    static const char *const others[] = {
        START, "AWSStepFunctions.ListExecutions",
        "AWSStepFunctions.DescribeStateMachine"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_fails(fixture, others[i], "{\"stateMachineArn\":\"ar\"}",
                     "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: ar'");
}

/* Lengths are in characters, not bytes. */
static void counts_characters(void **state) {
    struct fixture *fixture = *state;
    struct wf_buf body = {0}, expected = {0}, name = {0};
    for (int i = 0; i < 80; i++)
        wf_buf_adds(&name, "\xc3\xa9");
    wf_buf_addf(&body, "{\"stateMachineArn\":\"arn:a\",\"name\":\"%.*s\"}",
                (int)name.len, name.data);
    call(fixture, START, body.data);
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
        call(fixture, START, bodies[i]);
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
    write_call(&request, DESCRIBE, ASK);
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
#define API_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        API_TEST(creates_state_machines),
        API_TEST(refuses_to_publish),
        API_TEST(describes_state_machines),
        API_TEST(starts_executions),
        API_TEST(tells_empty_input_from_absent),
        API_TEST(starts_and_waits_for_express_executions),
        API_TEST(describes_executions_by_status),
        API_TEST(waits_for_executions),
        API_TEST(stops_executions),
        API_TEST(lists_executions),
        API_TEST(gives_histories),
        API_TEST(waits_for_events),
        API_TEST(gives_statistics),
        API_TEST(passes_refusals_on),
        API_TEST(complains_in_the_words_of_aws),
        API_TEST(refuses_what_is_no_arn),
        API_TEST(counts_characters),
        API_TEST(refuses_what_it_cannot_read),
        API_TEST(serves_health_and_nothing_else),
        API_TEST(outlives_its_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
