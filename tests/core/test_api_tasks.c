/* test_api_tasks.c - the operations of those who work on tasks, over HTTP, in
 * front of an engine that answers what the test put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "api_fixture.h"

#define SUCCESS "AWSStepFunctions.SendTaskSuccess"
#define FAILURE "AWSStepFunctions.SendTaskFailure"
#define HEARTBEAT "AWSStepFunctions.SendTaskHeartbeat"

static void hands_on_answers(void **state) {
    struct fixture *fixture = *state;
    struct wf_engine *engine = &fixture->engine;
    assert_call(fixture, SUCCESS,
                "{\"taskToken\":\"T\",\"output\":\"{\\\"a\\\":1}\"}", "{}");
    assert_string_equal(engine->operation, "task success");
    assert_string_equal(engine->token, "T");
    assert_string_equal(engine->text, "{\"a\":1}");
    assert_call(fixture, FAILURE,
                "{\"taskToken\":\"U\",\"error\":\"E\",\"cause\":\"C\"}",
                "{}");
    assert_string_equal(engine->operation, "task failure");
    assert_string_equal(engine->token, "U");
    assert_string_equal(engine->error, "E");
    assert_string_equal(engine->cause, "C");
    assert_call(fixture, FAILURE, "{\"taskToken\":\"U\"}", "{}");
    assert_null(engine->error);
    assert_null(engine->cause);
    assert_call(fixture, HEARTBEAT, "{\"taskToken\":\"V\"}", "{}");
    assert_string_equal(engine->operation, "task heartbeat");
    assert_string_equal(engine->token, "V");
}

static void says_what_is_missing(void **state) {
    struct fixture *fixture = *state;
    api_call(fixture, SUCCESS, "{\"taskToken\":\"T\"}");
    assert_int_equal(fixture->response.status, 400);
    assert_non_null(strstr(fixture->response.body, "ValidationException"));
    api_call(fixture, HEARTBEAT, "{\"taskToken\":\"\"}");
    assert_int_equal(fixture->response.status, 400);
    assert_int_equal(fixture->engine.asked, 0);
}

static void hands_on_refusals(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.refusal = (struct wf_refusal){
        .exception = "TaskTimedOut", .message = WF_STR("late")};
    api_call(fixture, HEARTBEAT, "{\"taskToken\":\"T\"}");
    assert_int_equal(fixture->response.status, 400);
    assert_string_equal(fixture->response.body,
                        "{\"__type\":\"TaskTimedOut\",\"message\":\"late\"}");
}

#define ACTIVITY ARN "activity:a"
#define SHOWN "\"activityArn\":\"" ACTIVITY "\",\"creationDate\":1704067200.123"

static void describes_activities(void **state) {
    struct fixture *fixture = *state;
    struct wf_engine *engine = &fixture->engine;
    assert_call(fixture, "AWSStepFunctions.CreateActivity",
                "{\"name\":\"a\",\"tags\":[{\"key\":\"k\",\"value\":\"v\"}],"
                "\"encryptionConfiguration\":{\"type\":\"AWS_OWNED_KEY\"}}",
                "{" SHOWN "}");
    assert_string_equal(engine->name, "a");
    assert_string_equal(engine->tags, "k");
    assert_string_equal(engine->encryption, "{\"type\":\"AWS_OWNED_KEY\"}");
    assert_call(fixture, "AWSStepFunctions.DescribeActivity",
                "{\"activityArn\":\"" ACTIVITY "\"}",
                "{" SHOWN ",\"name\":\"a\",\"encryptionConfiguration\":"
                "{\"type\":\"AWS_OWNED_KEY\"}}");
    assert_call(fixture, "AWSStepFunctions.DeleteActivity",
                "{\"activityArn\":\"" ACTIVITY "\"}", "{}");
    assert_string_equal(engine->operation, "delete activity");
    engine->next_token = WF_STR("61");
    assert_call(fixture, "AWSStepFunctions.ListActivities",
                "{\"maxResults\":7}",
                "{\"activities\":[{" SHOWN ",\"name\":\"a\"}],"
                "\"nextToken\":\"61\"}");
    assert_int_equal(engine->max_results, 7);
}

static void hands_tasks_over(void **state) {
    struct fixture *fixture = *state;
    struct wf_engine *engine = &fixture->engine;
    assert_call(fixture, "AWSStepFunctions.GetActivityTask",
                "{\"activityArn\":\"" ACTIVITY "\"}", "{}");
    assert_null(engine->name);
    engine->token = wf_strndup("T", 1);
    engine->text = wf_strndup("{\"a\":1}", 7);
    assert_call(fixture, "AWSStepFunctions.GetActivityTask",
                "{\"activityArn\":\"" ACTIVITY "\",\"workerName\":\"w\"}",
                "{\"taskToken\":\"T\",\"input\":\"{\\\"a\\\":1}\"}");
    assert_string_equal(engine->name, "w");
}

int main(void) {
#define API_TEST(name) \
    cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)
    const struct CMUnitTest tests[] = {
        API_TEST(hands_on_answers),
        API_TEST(says_what_is_missing),
        API_TEST(hands_on_refusals),
        API_TEST(describes_activities),
        API_TEST(hands_tasks_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
