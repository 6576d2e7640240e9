/* test_event.c - history events: compact form and AWS's JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "clock.h"
#include "event.h"

#define START_MS INT64_C(1704067200000)

/* HistoryEventType of AWS's model. */
static const char *const aws_types[] = {
    "ActivityFailed", "ActivityScheduleFailed", "ActivityScheduled",
    "ActivityStarted", "ActivitySucceeded", "ActivityTimedOut",
    "ChoiceStateEntered", "ChoiceStateExited", "EvaluationFailed",
    "ExecutionAborted", "ExecutionFailed", "ExecutionRedriven",
    "ExecutionStarted", "ExecutionSucceeded", "ExecutionTimedOut",
    "FailStateEntered", "LambdaFunctionFailed", "LambdaFunctionScheduleFailed",
    "LambdaFunctionScheduled", "LambdaFunctionStartFailed",
    "LambdaFunctionStarted", "LambdaFunctionSucceeded",
    "LambdaFunctionTimedOut", "MapIterationAborted", "MapIterationFailed",
    "MapIterationStarted", "MapIterationSucceeded", "MapRunAborted",
    "MapRunFailed", "MapRunRedriven", "MapRunStarted", "MapRunSucceeded",
    "MapStateAborted", "MapStateEntered", "MapStateExited", "MapStateFailed",
    "MapStateStarted", "MapStateSucceeded", "ParallelStateAborted",
    "ParallelStateEntered", "ParallelStateExited", "ParallelStateFailed",
    "ParallelStateStarted", "ParallelStateSucceeded", "PassStateEntered",
    "PassStateExited", "SucceedStateEntered", "SucceedStateExited",
    "TaskFailed", "TaskScheduled", "TaskStartFailed", "TaskStarted",
    "TaskStateAborted", "TaskStateEntered", "TaskStateExited",
    "TaskSubmitFailed", "TaskSubmitted", "TaskSucceeded", "TaskTimedOut",
    "WaitStateAborted", "WaitStateEntered", "WaitStateExited",
};
enum { AWS_TYPES = sizeof(aws_types) / sizeof(aws_types[0]) };

/* ---- names ---- */

static void has_exactly_the_types_of_aws(void **state) {
    (void)state;
    assert_int_equal(AWS_TYPES, WF_EVENT_TYPES - 1);
    for (int i = 0; i < AWS_TYPES; i++) {
        int found = 0;
        for (int type = 1; type < WF_EVENT_TYPES; type++)
            found += strcmp(wf_event_type_name(type), aws_types[i]) == 0;
        assert_int_equal(found, 1);
    }
}

static void knows_no_other_numbers(void **state) {
    (void)state;
    assert_null(wf_event_type_name(WF_EVENT_NONE));
    assert_null(wf_event_type_name(WF_EVENT_TYPES));
    assert_null(wf_event_type_name(255));
}

/* ---- compact form ---- */

static uint64_t any_size(struct wf_clock *clock) {
    return wf_clock_random(clock) >> wf_clock_random(clock) % 64;
}

static struct wf_str any_text(struct wf_clock *clock, char *bytes, size_t max) {
    size_t len = wf_clock_random(clock) % max;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)wf_clock_random(clock);
    return (struct wf_str){bytes, len};
}

static void assert_text_equal(struct wf_str a, struct wf_str b) {
    assert_int_equal(a.len, b.len);
    assert_true(wf_str_eq(a, b));
}

static void assert_event_equal(const struct wf_event *a,
                               const struct wf_event *b) {
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->fields, b->fields);
    assert_true(a->id == b->id && a->previous_id == b->previous_id);
    assert_true(a->time_ms == b->time_ms);
    assert_int_equal(a->state, b->state);
    assert_true(a->doc == b->doc && a->assigned == b->assigned);
    assert_true(a->timeout_s == b->timeout_s);
    assert_true(a->heartbeat_s == b->heartbeat_s);
    assert_true(a->index == b->index && a->length == b->length);
    assert_text_equal(a->error, b->error);
    assert_text_equal(a->cause, b->cause);
    assert_text_equal(a->text, b->text);
}

/* Fields that are not said to be present are zero, as after decoding. */
static struct wf_event any_event(struct wf_clock *clock, int type,
                                 char texts[3][300]) {
    unsigned fields = wf_clock_random(clock) & (2 * WF_EVENT_HAS_TEXT - 1);
    struct wf_event event = {.type = type, .fields = (uint16_t)fields};

    event.id = 1 + any_size(clock) / 8;
    event.previous_id = wf_clock_random(clock) % event.id;
    event.time_ms = START_MS + (int64_t)(any_size(clock) >> 2) -
                    (int64_t)(wf_clock_random(clock) % 3);
    if (fields & WF_EVENT_HAS_STATE)
        event.state = (uint32_t)any_size(clock);
    if (fields & WF_EVENT_HAS_DOC)
        event.doc = any_size(clock) % WF_DOC_NUMBER(event.id, 4);
    if (fields & WF_EVENT_HAS_ASSIGNED)
        event.assigned = any_size(clock) % WF_DOC_NUMBER(event.id, 4);
    if (fields & WF_EVENT_HAS_TIMEOUT)
        event.timeout_s = (int64_t)any_size(clock);
    if (fields & WF_EVENT_HAS_HEARTBEAT)
        event.heartbeat_s = (int64_t)any_size(clock);
    if (fields & WF_EVENT_HAS_INDEX)
        event.index = any_size(clock);
    if (fields & WF_EVENT_HAS_LENGTH)
        event.length = any_size(clock);
    if (fields & WF_EVENT_HAS_ERROR)
        event.error = any_text(clock, texts[0], 300);
    if (fields & WF_EVENT_HAS_CAUSE)
        event.cause = any_text(clock, texts[1], 300);
    if (fields & WF_EVENT_HAS_TEXT)
        event.text = any_text(clock, texts[2], 300);
    return event;
}

static bool decode(struct wf_str bytes, uint64_t id, struct wf_event *event,
                   size_t *left) {
    struct wf_reader reader = {bytes.data, bytes.data + bytes.len, false};
    event->id = id;
    bool ok = wf_event_decode(&reader, event, START_MS);
    *left = (size_t)(reader.end - reader.at);
    return ok;
}

static void reads_what_it_wrote(void **state) {
    struct wf_clock clock;
    char texts[3][300];

    (void)state;
    wf_clock_init_virtual(&clock, 0);
    wf_clock_seed(&clock, 62);
    for (int round = 0; round < 200; round++) {
        for (int type = 1; type < WF_EVENT_TYPES; type++) {
            struct wf_buf buf = {0};
            struct wf_event event = any_event(&clock, type, texts), read;
            size_t left;

            wf_buf_adds(&buf, "x"); /* what stands before stays */
            wf_event_encode(&buf, &event, START_MS);
            struct wf_str bytes = {buf.data + 1, buf.len - 1};
            assert_true(decode(bytes, event.id, &read, &left));
            assert_int_equal(left, 0);
            assert_event_equal(&event, &read);
            wf_buf_free(&buf);
        }
    }
}

static void refuses_every_torn_event(void **state) {
    struct wf_clock clock;
    char texts[3][300];

    (void)state;
    wf_clock_init_virtual(&clock, 0);
    wf_clock_seed(&clock, 7);
    for (int type = 1; type < WF_EVENT_TYPES; type++) {
        struct wf_buf buf = {0};
        struct wf_event event = any_event(&clock, type, texts), read;
        size_t left;

        wf_event_encode(&buf, &event, START_MS);
        for (size_t len = 0; len < buf.len; len++) {
            char *copy = wf_strndup(buf.data, len); /* for the sanitizer */
            struct wf_str bytes = {copy, len};
            assert_false(decode(bytes, event.id, &read, &left));
            free(copy);
        }
        wf_buf_free(&buf);
    }
}

static void assert_refused(const char *bytes, size_t len, uint64_t id) {
    struct wf_event event;
    size_t left;
    assert_false(decode((struct wf_str){bytes, len}, id, &event, &left));
}

static void refuses_what_no_event_has(void **state) {
    (void)state;
    assert_refused("\0\0\0\0\0", 5, 9);                /* no type */
    assert_refused("\77\0\0\0\0", 5, 9);               /* type 63 */
    assert_refused("\1\4\0\0\0", 5, 9);                /* field bit 10 */
    assert_refused("\1\0\0\12\0", 5, 9);               /* before event 0 */
    assert_refused("\1\0\2\1\0\50", 6, 9);             /* document -1 */
    assert_refused("\1\0\1\1\0\377\377\377\377\177", 10, 9); /* state 2^35 */
}

static void is_small(void **state) {
    struct wf_buf buf = {0};
    struct wf_event event = {
        .type = WF_EVENT_PASS_STATE_ENTERED,
        .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_DOC,
        .id = 1000000,
        .previous_id = 999999,
        .time_ms = START_MS + 63,
        .state = 5,
        .doc = WF_DOC_NUMBER(999990, 0),
    };
    (void)state;
    wf_event_encode(&buf, &event, START_MS);
    assert_int_equal(buf.len, 7);
    wf_buf_free(&buf);
}

/* ---- JSON ---- */

#define HEAD(type) \
    "{\"timestamp\":1704067201.005,\"type\":\"" type \
    "\",\"id\":4,\"previousEventId\":3"
#define IN "\"input\":\"{\\\"a\\\": [1]}\",\"inputDetails\":" \
           "{\"truncated\":false}"
#define OUT "\"output\":\"{\\\"a\\\": [1]}\",\"outputDetails\":" \
            "{\"truncated\":false}"
#define FAILURE "\"error\":\"E\",\"cause\":\"C \\\"quoted\\\"\""
#define TASK "\"resourceType\":\"lua\",\"resource\":\"hello.greet\""

enum {
    STATE = WF_EVENT_HAS_STATE,
    DOC = WF_EVENT_HAS_DOC,
    FAILED = WF_EVENT_HAS_ERROR | WF_EVENT_HAS_CAUSE,
    TIMES = WF_EVENT_HAS_TIMEOUT | WF_EVENT_HAS_HEARTBEAT,
    INDEX = WF_EVENT_HAS_INDEX,
    LENGTH = WF_EVENT_HAS_LENGTH,
    TEXT = WF_EVENT_HAS_TEXT,
    ASSIGNED = WF_EVENT_HAS_ASSIGNED,
};

static struct wf_history_event history_event(int type, unsigned fields) {
    return (struct wf_history_event){
        .event = {.type = type,
                  .fields = (uint16_t)fields,
                  .id = 4,
                  .previous_id = 3,
                  .time_ms = START_MS + 1005,
                  .timeout_s = 99,
                  .heartbeat_s = 9,
                  .index = 2,
                  .length = 5,
                  .error = WF_STR("E"),
                  .cause = WF_STR("C \"quoted\""),
                  .text = WF_STR("T")},
        .state_name = WF_STR("S"),
        .resource_type = WF_STR("lua"),
        .resource = WF_STR("hello.greet"),
        .region = WF_STR("us-east-1"),
        .doc = WF_STR("{\"a\": [1]}"),
        .assigned = WF_STR("{\"x\": {\"y\":\"},{\"} , \"z\":[1,\"\\\"]\"], "
                           "\"e\\\"\": 1.50 }"),
        .role_arn = WF_STR("arn:r"),
    };
}

static void assert_json(const struct wf_history_event *history, bool with_data,
                        const char *expected) {
    struct wf_buf out = {0};
    wf_event_json(&out, history, with_data);
    wf_buf_u8(&out, '\0');
    assert_string_equal(out.data, expected);
    wf_buf_free(&out);
}

static const struct {
    int type;
    unsigned fields;
    const char *json;
} rows[] = {
#define ROW(number, fields, name, details) \
    {WF_EVENT_##number, fields, HEAD(name) details "}"},
#define DETAILS(member, content) ",\"" member "EventDetails\":{" content "}"
#define ENTERED(number, name) \
    ROW(number, STATE | DOC, name, \
    DETAILS("stateEntered", "\"name\":\"S\"," IN))
#define EXITED(number, name) \
    ROW(number, STATE | DOC, name, \
    DETAILS("stateExited", "\"name\":\"S\"," OUT))
    ROW(EXECUTION_STARTED, DOC, "ExecutionStarted",
        DETAILS("executionStarted", "\"roleArn\":\"arn:r\"," IN))
    ROW(EXECUTION_SUCCEEDED, DOC, "ExecutionSucceeded",
        DETAILS("executionSucceeded", OUT))
    ROW(EXECUTION_FAILED, FAILED, "ExecutionFailed",
        DETAILS("executionFailed", FAILURE))
    ROW(EXECUTION_FAILED, 0, "ExecutionFailed",
        DETAILS("executionFailed", ""))
    ROW(EXECUTION_TIMED_OUT, 0, "ExecutionTimedOut",
        DETAILS("executionTimedOut", ""))
    ROW(EXECUTION_ABORTED, WF_EVENT_HAS_CAUSE, "ExecutionAborted",
        DETAILS("executionAborted", "\"cause\":\"C \\\"quoted\\\"\""))
    ROW(EXECUTION_REDRIVEN, INDEX, "ExecutionRedriven",
        DETAILS("executionRedriven", "\"redriveCount\":2"))
    ENTERED(PASS_STATE_ENTERED, "PassStateEntered")
    EXITED(PASS_STATE_EXITED, "PassStateExited")
    ENTERED(TASK_STATE_ENTERED, "TaskStateEntered")
    EXITED(TASK_STATE_EXITED, "TaskStateExited")
    ROW(TASK_STATE_ABORTED, 0, "TaskStateAborted", "")
    ENTERED(CHOICE_STATE_ENTERED, "ChoiceStateEntered")
    EXITED(CHOICE_STATE_EXITED, "ChoiceStateExited")
    ENTERED(WAIT_STATE_ENTERED, "WaitStateEntered")
    EXITED(WAIT_STATE_EXITED, "WaitStateExited")
    ROW(WAIT_STATE_ABORTED, 0, "WaitStateAborted", "")
    ENTERED(SUCCEED_STATE_ENTERED, "SucceedStateEntered")
    EXITED(SUCCEED_STATE_EXITED, "SucceedStateExited")
    ENTERED(FAIL_STATE_ENTERED, "FailStateEntered")
    ENTERED(PARALLEL_STATE_ENTERED, "ParallelStateEntered")
    EXITED(PARALLEL_STATE_EXITED, "ParallelStateExited")
    ROW(PARALLEL_STATE_ABORTED, 0, "ParallelStateAborted", "")
    ROW(PARALLEL_STATE_STARTED, 0, "ParallelStateStarted", "")
    ROW(PARALLEL_STATE_SUCCEEDED, 0, "ParallelStateSucceeded", "")
    ROW(PARALLEL_STATE_FAILED, 0, "ParallelStateFailed", "")
    ENTERED(MAP_STATE_ENTERED, "MapStateEntered")
    EXITED(MAP_STATE_EXITED, "MapStateExited")
    ROW(MAP_STATE_ABORTED, 0, "MapStateAborted", "")
    ROW(MAP_STATE_STARTED, LENGTH, "MapStateStarted",
        DETAILS("mapStateStarted", "\"length\":5"))
    ROW(MAP_STATE_SUCCEEDED, 0, "MapStateSucceeded", "")
    ROW(MAP_STATE_FAILED, 0, "MapStateFailed", "")
    ROW(MAP_ITERATION_STARTED, STATE | INDEX, "MapIterationStarted",
        DETAILS("mapIterationStarted", "\"name\":\"S\",\"index\":2"))
    ROW(MAP_ITERATION_SUCCEEDED, STATE | INDEX, "MapIterationSucceeded",
        DETAILS("mapIterationSucceeded", "\"name\":\"S\",\"index\":2"))
    ROW(MAP_ITERATION_FAILED, STATE | INDEX, "MapIterationFailed",
        DETAILS("mapIterationFailed", "\"name\":\"S\",\"index\":2"))
    ROW(MAP_ITERATION_ABORTED, STATE | INDEX, "MapIterationAborted",
        DETAILS("mapIterationAborted", "\"name\":\"S\",\"index\":2"))
    ROW(MAP_RUN_STARTED, TEXT, "MapRunStarted",
        DETAILS("mapRunStarted", "\"mapRunArn\":\"T\""))
    ROW(MAP_RUN_SUCCEEDED, 0, "MapRunSucceeded", "")
    ROW(MAP_RUN_FAILED, FAILED, "MapRunFailed",
        DETAILS("mapRunFailed", FAILURE))
    ROW(MAP_RUN_ABORTED, 0, "MapRunAborted", "")
    ROW(MAP_RUN_REDRIVEN, TEXT | INDEX, "MapRunRedriven",
        DETAILS("mapRunRedriven",
                "\"redriveCount\":2,\"mapRunArn\":\"T\""))
    ROW(TASK_SCHEDULED, DOC, "TaskScheduled",
        DETAILS("taskScheduled",
                TASK ",\"region\":\"us-east-1\",\"parameters\":"
                     "\"{\\\"a\\\": [1]}\""))
    ROW(TASK_SCHEDULED, DOC | TIMES | TEXT, "TaskScheduled",
        DETAILS("taskScheduled",
                TASK ",\"region\":\"us-east-1\",\"parameters\":"
                     "\"{\\\"a\\\": [1]}\",\"timeoutInSeconds\":99,"
                     "\"heartbeatInSeconds\":9,\"taskCredentials\":"
                     "{\"roleArn\":\"T\"}"))
    ROW(TASK_STARTED, 0, "TaskStarted", DETAILS("taskStarted", TASK))
    ROW(TASK_START_FAILED, FAILED, "TaskStartFailed",
        DETAILS("taskStartFailed", TASK "," FAILURE))
    ROW(TASK_SUBMITTED, DOC, "TaskSubmitted",
        DETAILS("taskSubmitted", TASK "," OUT))
    ROW(TASK_SUBMIT_FAILED, FAILED, "TaskSubmitFailed",
        DETAILS("taskSubmitFailed", TASK "," FAILURE))
    ROW(TASK_SUCCEEDED, DOC, "TaskSucceeded",
        DETAILS("taskSucceeded", TASK "," OUT))
    ROW(TASK_FAILED, FAILED, "TaskFailed",
        DETAILS("taskFailed", TASK "," FAILURE))
    ROW(TASK_TIMED_OUT, WF_EVENT_HAS_ERROR, "TaskTimedOut",
        DETAILS("taskTimedOut", TASK ",\"error\":\"E\""))
    ROW(LAMBDA_FUNCTION_SCHEDULED, DOC | WF_EVENT_HAS_TIMEOUT,
        "LambdaFunctionScheduled",
        DETAILS("lambdaFunctionScheduled",
                "\"resource\":\"hello.greet\"," IN
                ",\"timeoutInSeconds\":99"))
    ROW(LAMBDA_FUNCTION_SCHEDULE_FAILED, FAILED,
        "LambdaFunctionScheduleFailed",
        DETAILS("lambdaFunctionScheduleFailed", FAILURE))
    ROW(LAMBDA_FUNCTION_STARTED, 0, "LambdaFunctionStarted", "")
    ROW(LAMBDA_FUNCTION_START_FAILED, FAILED, "LambdaFunctionStartFailed",
        DETAILS("lambdaFunctionStartFailed", FAILURE))
    ROW(LAMBDA_FUNCTION_SUCCEEDED, DOC, "LambdaFunctionSucceeded",
        DETAILS("lambdaFunctionSucceeded", OUT))
    ROW(LAMBDA_FUNCTION_FAILED, FAILED, "LambdaFunctionFailed",
        DETAILS("lambdaFunctionFailed", FAILURE))
    ROW(LAMBDA_FUNCTION_TIMED_OUT, FAILED, "LambdaFunctionTimedOut",
        DETAILS("lambdaFunctionTimedOut", FAILURE))
    ROW(ACTIVITY_SCHEDULED, DOC | TIMES, "ActivityScheduled",
        DETAILS("activityScheduled",
                "\"resource\":\"hello.greet\"," IN
                ",\"timeoutInSeconds\":99,\"heartbeatInSeconds\":9"))
    ROW(ACTIVITY_SCHEDULE_FAILED, FAILED, "ActivityScheduleFailed",
        DETAILS("activityScheduleFailed", FAILURE))
    ROW(ACTIVITY_STARTED, TEXT, "ActivityStarted",
        DETAILS("activityStarted", "\"workerName\":\"T\""))
    ROW(ACTIVITY_STARTED, 0, "ActivityStarted",
        DETAILS("activityStarted", ""))
    ROW(ACTIVITY_SUCCEEDED, DOC, "ActivitySucceeded",
        DETAILS("activitySucceeded", OUT))
    ROW(ACTIVITY_FAILED, FAILED, "ActivityFailed",
        DETAILS("activityFailed", FAILURE))
    ROW(ACTIVITY_TIMED_OUT, WF_EVENT_HAS_ERROR, "ActivityTimedOut",
        DETAILS("activityTimedOut", "\"error\":\"E\""))
    ROW(EVALUATION_FAILED, STATE | FAILED | TEXT, "EvaluationFailed",
        DETAILS("evaluationFailed",
                "\"state\":\"S\"," FAILURE ",\"location\":\"T\""))
};

static void writes_each_type_as_aws_does(void **state) {
    bool seen[WF_EVENT_TYPES] = {false};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wf_history_event history =
            history_event(rows[i].type, rows[i].fields);
        assert_json(&history, true, rows[i].json);
        seen[rows[i].type] = true;
    }
    for (int type = 1; type < WF_EVENT_TYPES; type++)
        assert_true(seen[type]);
}

static void gives_variables_as_texts(void **state) {
    struct wf_history_event history = history_event(
        WF_EVENT_PASS_STATE_EXITED, STATE | DOC | ASSIGNED);
    (void)state;
    assert_json(&history, true,
                HEAD("PassStateExited") DETAILS(
                    "stateExited",
                    "\"name\":\"S\"," OUT ",\"assignedVariables\":{\"x\":"
                    "\"{\\\"y\\\":\\\"},{\\\"}\",\"z\":\"[1,\\\"\\\\\\\"]"
                    "\\\"]\",\"e\\\"\":\"1.50\"},"
                    "\"assignedVariablesDetails\":{\"truncated\":false}")
                "}");
    history.assigned = WF_STR("{ }");
    assert_json(&history, true,
                HEAD("PassStateExited") DETAILS(
                    "stateExited",
                    "\"name\":\"S\"," OUT ",\"assignedVariables\":{},"
                    "\"assignedVariablesDetails\":{\"truncated\":false}")
                "}");
}

static void leaves_payloads_out_when_told(void **state) {
    struct wf_history_event history = history_event(
        WF_EVENT_PASS_STATE_EXITED, STATE | DOC | ASSIGNED);
    (void)state;
    assert_json(&history, false,
                HEAD("PassStateExited") DETAILS("stateExited",
                                                "\"name\":\"S\"") "}");
    history = history_event(WF_EVENT_EXECUTION_STARTED, DOC);
    history.role_arn = WF_STR_NULL;
    assert_json(&history, false,
                HEAD("ExecutionStarted") DETAILS("executionStarted", "") "}");
}

/* ---- logs ---- */

/* AWS's table: what FATAL takes in, and what ERROR besides. */
static const char *const fatal_types[] = {
    "ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut",
};
static const char *const error_types[] = {
    "ActivityFailed", "ActivityScheduleFailed", "ActivityTimedOut",
    "EvaluationFailed", "FailStateEntered", "LambdaFunctionFailed",
    "LambdaFunctionScheduleFailed", "LambdaFunctionStartFailed",
    "LambdaFunctionTimedOut", "MapIterationAborted", "MapIterationFailed",
    "MapRunAborted", "MapRunFailed", "MapStateAborted", "MapStateFailed",
    "ParallelStateAborted", "ParallelStateFailed", "TaskFailed",
    "TaskStartFailed", "TaskStateAborted", "TaskSubmitFailed",
    "TaskTimedOut", "WaitStateAborted",
};

static bool is_among(const char *name, const char *const *list,
                     size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

static void logs_at_the_levels_of_aws(void **state) {
    (void)state;
    for (unsigned type = 1; type < WF_EVENT_TYPES; type++) {
        const char *name = wf_event_type_name(type);
        enum wf_log_level wanted =
            is_among(name, fatal_types, 3)    ? WF_LOG_FATAL
            : is_among(name, error_types, 23) ? WF_LOG_ERROR
                                              : WF_LOG_ALL;
        if (wf_event_level(type) != wanted)
            fail_msg("%s", name);
    }
    assert_int_equal(wf_log_level_of(WF_STR("ALL")), WF_LOG_ALL);
    assert_int_equal(wf_log_level_of(WF_STR("ERROR")), WF_LOG_ERROR);
    assert_int_equal(wf_log_level_of(WF_STR("FATAL")), WF_LOG_FATAL);
    assert_int_equal(wf_log_level_of(WF_STR("OFF")), WF_LOG_OFF);
    assert_int_equal(wf_log_level_of(WF_STR("all")), WF_LOG_OFF);
}

static struct wf_log_context log_context(bool with_data) {
    return (struct wf_log_context){WF_STR("arn:x"), WF_STR("/g"), 2,
                                   with_data, false};
}

static void assert_line(const struct wf_history_event *history,
                        const struct wf_log_context *context,
                        const char *expected) {
    struct wf_buf out = {0};
    wf_event_log_json(&out, history, context);
    wf_buf_u8(&out, 0);
    assert_string_equal(out.data, expected);
    wf_buf_free(&out);
}

#define LINE(details)                                                        \
    "{\"id\":\"7\",\"type\":\"PassStateExited\",\"details\":"                  \
    "{\"name\":\"S\"" details "},\"redrive_count\":\"2\","                     \
    "\"previous_event_id\":\"6\",\"event_timestamp\":\"1704067200250\","       \
    "\"execution_arn\":\"arn:x\",\"log_group\":\"/g\"}\n"

static struct wf_history_event logged_event(struct wf_str doc) {
    struct wf_history_event history = {
        .event = {.type = WF_EVENT_PASS_STATE_EXITED,
                  .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_DOC,
                  .id = 7,
                  .previous_id = 6,
                  .time_ms = START_MS + 250},
        .state_name = WF_STR("S"),
        .doc = doc,
    };
    return history;
}

static void writes_lines_as_aws_logs_them(void **state) {
    struct wf_history_event history = logged_event(WF_STR("{\"a\":1}"));
    struct wf_log_context context = log_context(true);
    (void)state;
    assert_line(&history, &context,
                LINE(",\"output\":\"{\\\"a\\\":1}\","
                     "\"outputDetails\":{\"truncated\":false}"));
    context.is_truncated = true;
    assert_line(&history, &context,
                LINE(",\"outputDetails\":{\"truncated\":true}"));
    context.with_data = false;
    assert_line(&history, &context, LINE(""));
}

/* A payload of whole characters, none of them half. */
static void cuts_large_payloads(void **state) {
    struct wf_log_context context = log_context(true);
    (void)state;
    for (size_t odd = 0; odd < 4; odd++) {
        struct wf_buf text = {0}, out = {0};
        wf_buf_add(&text, "\"---", 1 + odd);
        while (text.len < WF_LOG_PAYLOAD_BYTES + 100)
            wf_buf_adds(&text, "\xf0\x9f\x98\x80");
        struct wf_history_event history =
            logged_event((struct wf_str){text.data, text.len});
        wf_event_log_json(&out, &history, &context);
        assert_non_null(memmem(out.data, out.len, "\"truncated\":true", 16));
        assert_true(out.len > WF_LOG_PAYLOAD_BYTES - 8);
        assert_true(out.len < WF_LOG_PAYLOAD_BYTES + 400);
        assert_non_null(memmem(out.data, out.len,
                               "\xf0\x9f\x98\x80\",\"outputDetails", 18));
        wf_buf_free(&text);
        wf_buf_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_at_the_levels_of_aws),
        cmocka_unit_test(writes_lines_as_aws_logs_them),
        cmocka_unit_test(cuts_large_payloads),
        cmocka_unit_test(has_exactly_the_types_of_aws),
        cmocka_unit_test(knows_no_other_numbers),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(refuses_every_torn_event),
        cmocka_unit_test(refuses_what_no_event_has),
        cmocka_unit_test(is_small),
        cmocka_unit_test(writes_each_type_as_aws_does),
        cmocka_unit_test(gives_variables_as_texts),
        cmocka_unit_test(leaves_payloads_out_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
