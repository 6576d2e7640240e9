/*
 * test_engine_lambda.c - tasks that are Lambda functions: handlers that stand
 * in for them, their histories, outputs and failures. Functions behind an
 * endpoint: tests/cli/lambda.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "lua_stdlib.h"

#define ARN "arn:aws:lambda:us-east-1:000000000000:function:"

/* Opens a rig with functions of all kinds. */
static void open_functions(struct rig *rig) {
    rig_handler(rig, "echo.lua", "return function(event) return event end\n");
    rig_handler(rig, "nothing.lua", "return function() end\n");
    rig_handler(rig, "add.lua",
                "local add = {}\n"
                "function add.handler(event, task)\n"
                "  return { sum = event.a + event.b, n = task.attempt }\n"
                "end\n"
                "return add\n");
    rig_handler(rig, "fails.lua",
                "return function()\n"
                "  error({ Error = 'My.Error', Cause = 'no luck' })\n"
                "end\n");
    rig_handler(rig, "hang.lua",
                "local sleep = require('sleep')\n"
                "return function() sleep(1e6) end\n");
    rig_handler(rig, "long.lua",
                "return function(event) return ('x'):rep(event.n) end\n");
    rig_handler(rig, "apart.lua",
                "return { isolate = true, handler = function(event)\n"
                "  return { jit = jit.status(), event = event }\n"
                "end }\n");
    rig_handler(rig, "other.lua", "return { run = function() end }\n");
    rig_open(rig);
}

/* A machine of one task. */
static const char *task_of(struct rig *rig, const char *resource,
                           const char *fields) {
    struct wf_buf text = {0};

    wf_buf_addf(&text,
                "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':'%s'"
                "%s%s,'End':true}}}",
                resource, *fields ? "," : "", fields);
    wf_buf_u8(&text, 0);
    const char *kept = rig_quoted(rig, text.data);
    wf_buf_free(&text);
    return kept;
}

static const char *invoke(struct rig *rig, const char *fields) {
    return task_of(rig, "arn:aws:states:::lambda:invoke", fields);
}

static void a_function_is_a_handler_of_its_name(void **state) {
    struct rig *rig = *state;
    open_functions(rig);
    struct rig_reply *end =
        rig_run(rig, task_of(rig, ARN "add", ""), "{'a':1,'b':2}");
    rig_assert_text(rig, rig_history(rig, end->arn),
                    "1<0 ExecutionStarted {'a':1,'b':2}\n"
                    "2<0 TaskStateEntered T {'a':1,'b':2}\n"
                    "3<2 LambdaFunctionScheduled T {'a':1,'b':2}\n"
                    "4<3 LambdaFunctionStarted T\n"
                    "5<4 LambdaFunctionSucceeded T {'n':1,'sum':3}\n"
                    "6<5 TaskStateExited T {'n':1,'sum':3}\n"
                    "7<6 ExecutionSucceeded {'n':1,'sum':3}\n");
}

static void its_input_and_output_keep_their_text(void **state) {
    static const char document[] =
        "{\"z\": 0.0, \"a\": [1e400, 12345678901234567890], \"\\u00e9\": {}}";
    struct rig *rig = *state;
    open_functions(rig);
    struct rig_reply *end =
        rig_run(rig, task_of(rig, ARN "echo:live", ""), document);
    assert_string_equal(end->output, document);
    end = rig_run(rig, task_of(rig, ARN "nothing", ""), "{}");
    assert_string_equal(end->output, "null");
}

static void invoke_wraps_the_payload(void **state) {
    struct rig *rig = *state;
    open_functions(rig);
    struct rig_reply *end =
        rig_run(rig,
                invoke(rig, "'Parameters':{'FunctionName':'echo',"
                            "'Payload':{'big':0.0}}"),
                "{}");
    rig_assert_has(rig_story(rig, end->arn), "3<2 TaskScheduled T\n"
                                             "4<3 TaskStarted T\n"
                                             "5<4 TaskSucceeded T\n");
    rig_assert_has(end->output, "{\"ExecutedVersion\":\"$LATEST\","
                                "\"Payload\":{\"big\":0.0},");
    rig_assert_has(end->output, "\"HttpStatusCode\":200}");
    rig_assert_has(end->output, ",\"StatusCode\":200}");
}

static void a_function_is_named_in_many_ways(void **state) {
    static const char *const names[] = {
        "'FunctionName':'echo'",
        "'FunctionName':'echo:7'",
        "'FunctionName':'000000000000:function:echo'",
        "'FunctionName':'" ARN "echo'",
        "'FunctionName':'" ARN "echo:7','Qualifier':'7'",
    };
    struct rig *rig = *state;
    open_functions(rig);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char fields[512];
        snprintf(fields, sizeof(fields), "'Parameters':{%s,'Payload':[]}",
                 names[i]);
        struct rig_reply *end = rig_run(rig, invoke(rig, fields), "{}");
        rig_assert_has(end->output, i == 0 || i == 2 || i == 3
                                        ? "\"$LATEST\",\"Payload\":[]"
                                        : "\"7\",\"Payload\":[]");
    }
}

/* The API takes bytes: a string that is JSON is sent as it is. */
static void a_payload_is_what_its_bytes_say(void **state) {
    static const char *const payloads[][2] = {
        {"'Payload':null", "\"Payload\":{}"},
        {"'Payload':{}", "\"Payload\":{}"},
        {"'Payload':'[1]'", "\"Payload\":[1]"},
        {"'Payload':'hello'", "\"Payload\":\"hello\""},
        {"'LogType':'Tail'", "\"Payload\":{}"},
        {"'InvocationType':'Event'", "\"Payload\":\"\""},
        {"'InvocationType':'Event'", "\"StatusCode\":202"},
        {"'InvocationType':'DryRun'", "\"StatusCode\":204"},
    };
    struct rig *rig = *state;
    open_functions(rig);
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        char fields[256];
        snprintf(fields, sizeof(fields),
                 "'Parameters':{'FunctionName':'echo',%s}", payloads[i][0]);
        struct rig_reply *end = rig_run(rig, invoke(rig, fields), "{}");
        rig_assert_has(end->output, payloads[i][1]);
    }
}

static void nobody_waits_for_an_event(void **state) {
    struct rig *rig = *state;
    open_functions(rig);
    struct rig_reply *end =
        rig_run(rig,
                invoke(rig, "'Parameters':{'FunctionName':'fails',"
                            "'InvocationType':'Event'}"),
                "{}");
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    wf_buf_u8(&rig->logs, 0);
    rig_assert_has(rig->logs.data, "T log no luck\n");
}

static void a_failure_has_its_own_event(void **state) {
    struct rig *rig = *state;
    open_functions(rig);
    struct rig_reply *end =
        rig_run(rig, task_of(rig, ARN "fails", ""), "{}");
    rig_assert_has(rig_story(rig, end->arn),
                   "5<4 LambdaFunctionFailed T My.Error: no luck\n"
                   "6<5 ExecutionFailed My.Error: no luck\n");
    end = rig_run(rig, invoke(rig, "'Parameters':{'FunctionName':'fails'}"),
                  "{}");
    rig_assert_has(rig_story(rig, end->arn),
                   "5<4 TaskFailed T My.Error: no luck\n");
}

static void a_function_that_is_not_there_is_named(void **state) {
    struct rig *rig = *state;
    open_functions(rig);
    struct rig_reply *end =
        rig_run(rig, task_of(rig, ARN "other", ""), "{}");
    assert_string_equal(end->error, "Lambda.ResourceNotFoundException");
    rig_assert_has(end->cause, "no other.lua");
    rig_assert_has(end->cause, "--lambda-endpoint");
    end = rig_run(rig, invoke(rig, "'Parameters':{'FunctionName':'none'}"),
                  "{}");
    assert_string_equal(end->error, "Lambda.ResourceNotFoundException");
    end = rig_run(rig, invoke(rig, "'Parameters':{'Payload':1}"), "{}");
    assert_string_equal(end->error, "States.Runtime");
    rig_assert_has(end->cause, "[The field 'FunctionName' is required");
}

static void an_endpoint_that_refuses_is_a_client_error(void **state) {
    struct rig *rig = *state;
    rig->options.lambda_endpoint = "http://127.0.0.1:1";
    open_functions(rig);
    struct rig_reply *end =
        rig_run(rig, task_of(rig, ARN "absent", ""), "{}");
    assert_string_equal(end->error, "Lambda.SdkClientException");
    rig_assert_has(end->cause, "Unable to execute HTTP request: ");
    end = rig_run(rig, task_of(rig, ARN "echo", ""), "{'here':1}");
    rig_assert_text(rig, end->output, "{'here':1}");
}

static void a_result_has_a_largest_size(void **state) {
    struct rig *rig = *state;
    rig->options.payload_bytes = 1000;
    open_functions(rig);
    struct rig_reply *end =
        rig_run(rig, task_of(rig, ARN "long", ""), "{'n':998}");
    assert_int_equal(strlen(end->output), 1000);
    end = rig_run(rig, task_of(rig, ARN "long", ""), "{'n':999}");
    assert_string_equal(end->error, "States.DataLimitExceeded");
    assert_string_equal(end->cause,
                        "The state/task '" ARN "long' returned a result with "
                        "a size exceeding the maximum number of bytes "
                        "service limit.");
    end = rig_run(rig,
                  invoke(rig, "'Parameters':{'FunctionName':'long',"
                              "'Payload':{'n':999}}"),
                  "{}");
    rig_assert_has(end->cause, "The state/task 'lambda' returned");
    end = rig_run(rig,
                  task_of(rig, ARN "long", "'ResultPath':'$.r'"),
                  "{'n':998}");
    rig_assert_has(end->cause, "The state/task 'T' returned");
}

static void a_module_apart_runs_apart(void **state) {
    struct rig *rig = *state;
    open_functions(rig);
    for (int i = 0; i < 2; i++) {
        struct rig_reply *end = rig_run(
            rig, i == 0 ? task_of(rig, ARN "apart", "")
                        : invoke(rig, "'Parameters':{'FunctionName':'apart',"
                                      "'Payload':{'x':0.0}},"
                                      "'OutputPath':'$.Payload'"),
            "{'x':0.0}");
        rig_assert_text(rig, end->output, "{'event':{'x':0.0},'jit':true}");
    }
}

static void a_function_times_out(void **state) {
    struct rig *rig = *state;
    open_functions(rig);
    rig_machine(rig, "m", task_of(rig, ARN "hang", "'TimeoutSeconds':60"));
    const char *arn = rig_start(rig, NULL, "{}");
    rig_turns(rig, 20);
    rig_jump(rig, 60000);
    struct rig_reply *end = rig_end(rig, arn);
    assert_string_equal(end->error, "States.Timeout");
    assert_null(end->cause);
    const char *story = rig_story(rig, arn);
    /* Between the two may be the milliseconds until then. */
    rig_assert_has(story, "3<2 LambdaFunctionScheduled T");
    rig_assert_has(story, " timeout=60\n");
    rig_assert_has(story, "LambdaFunctionTimedOut T");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(a_function_is_a_handler_of_its_name),
        ENGINE_TEST_MEMORY(its_input_and_output_keep_their_text),
        ENGINE_TEST_MEMORY(invoke_wraps_the_payload),
        ENGINE_TEST_MEMORY(a_function_is_named_in_many_ways),
        ENGINE_TEST_MEMORY(a_payload_is_what_its_bytes_say),
        ENGINE_TEST_MEMORY(nobody_waits_for_an_event),
        ENGINE_TEST_MEMORY(a_failure_has_its_own_event),
        ENGINE_TEST_MEMORY(a_function_that_is_not_there_is_named),
        ENGINE_TEST_MEMORY(an_endpoint_that_refuses_is_a_client_error),
        ENGINE_TEST_MEMORY(a_result_has_a_largest_size),
        ENGINE_TEST_MEMORY(a_module_apart_runs_apart),
        ENGINE_TEST_REAL(a_function_times_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
