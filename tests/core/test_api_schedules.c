/* test_api_schedules.c - EventBridge Scheduler's REST API over HTTP, in front
 * of an engine that answers what the test put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "api_fixture.h"
#include "api_model.h"
#include "api_rest.h"

#define TARGET \
    "{\"Arn\":\"" MACHINE "\",\"RoleArn\":" \
    "\"arn:aws:iam::000000000000:role/r\"}"
#define GOOD \
    "\"ScheduleExpression\":\"rate(1 day)\",\"FlexibleTimeWindow\":" \
    "{\"Mode\":\"OFF\"},\"Target\":" TARGET
#define GROUP_ARN \
    "arn:aws:scheduler:us-east-1:000000000000:schedule-group/g"

static void rest(struct fixture *fixture, const char *method,
                 const char *path, const char *body) {
    struct wf_buf request = {0};
    wf_buf_addf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\n"
                "Content-Length: %zu\r\n\r\n%s", method, path, strlen(body),
                body);
    wf_buf_u8(&request, 0);
    http_response_deinit(&fixture->response);
    http_ask(fixture->loop, wf_api_port(fixture->api), request.data,
             &fixture->response);
    wf_buf_free(&request);
}

static void assert_refused(struct fixture *fixture, int status,
                           const char *type, const char *part) {
    char header[96];
    snprintf(header, sizeof(header), "x-amzn-ErrorType: %s\r\n", type);
    assert_int_equal(fixture->response.status, status);
    assert_non_null(strstr(fixture->response.head, header));
    assert_non_null(strstr(fixture->response.head,
                           "Content-Type: application/json\r\n"));
    assert_non_null(strstr(fixture->response.body, "{\"Message\":\""));
    assert_non_null(strstr(fixture->response.body, part));
}

static void paths_and_their_parts(void **state) {
    (void)state;
    static const struct {
        const char *path, *text, *part; /* NULL: it is not that path */
    } cases[] = {
        {"/schedules", "/schedules", ""},
        {"/schedules", "/schedules/", NULL},
        {"/schedules/{Name}", "/schedules/a", "a"},
        {"/schedules/{Name}", "/schedules/", NULL},
        {"/schedules/{Name}", "/schedules", NULL},
        {"/tags/{ResourceArn}", "/tags/arn:a/b", "arn:a/b"},
        {"/schedules/{Name}", "/schedule-groups/a", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wf_str part;
        bool is_it = wf_api_rest_path(cases[i].path, wf_str(cases[i].text),
                                      &part);
        assert_int_equal(is_it, cases[i].part != NULL);
        if (is_it && cases[i].part && *cases[i].part)
            assert_true(wf_str_eq(part, wf_str(cases[i].part)));
    }
}

static void makes_schedules(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.schedules.arn = WF_STR("arn:s");
    rest(fixture, "POST", "/schedules/a.b",
         "{\"ScheduleExpression\":\"rate(1 day)\",\"Name\":\"other\","
         "\"FlexibleTimeWindow\":{\"Mode\":\"FLEXIBLE\","
         "\"MaximumWindowInMinutes\":15},\"GroupName\":\"g\","
         "\"StartDate\":1893456000,\"EndDate\":1893456001.5,"
         "\"State\":\"DISABLED\",\"ActionAfterCompletion\":\"DELETE\","
         "\"MissedSlots\":\"ALL\",\"OverlapPolicy\":\"QUEUE\","
         "\"ClientToken\":\"t\",\"Target\":" TARGET "} ");
    assert_string_equal(fixture->response.body, "{\"ScheduleArn\":\"arn:s\"}");
    assert_int_equal(fixture->response.status, 200);
    assert_non_null(strstr(fixture->response.head,
                           "Content-Type: application/json\r\n"));
    assert_string_equal(fixture->engine.name, "a.b");
    assert_string_equal(fixture->engine.arn, "g");
    assert_string_equal(fixture->engine.text, TARGET);
    assert_string_equal(fixture->engine.token, "t");
    const struct wf_schedule *asked = &fixture->engine.ask.schedule;
    assert_int_equal(fixture->engine.ask.operation, WF_SCHEDULE_CREATE);
    assert_int_equal(asked->window_minutes, 15);
    assert_true(asked->start_ms == INT64_C(1893456000000));
    assert_true(asked->end_ms == INT64_C(1893456001500));
    assert_true(asked->is_disabled && asked->is_deleted_after);
    assert_int_equal(asked->missed, WF_MISSED_ALL);
    assert_int_equal(asked->overlap, WF_OVERLAP_QUEUE);
    rest(fixture, "PUT", "/schedules/c", "{" GOOD "}");
    assert_int_equal(fixture->engine.ask.operation, WF_SCHEDULE_UPDATE);
}

static void shows_schedules(void **state) {
    struct fixture *fixture = *state;
    struct wf_schedule schedule = {
        .name = WF_STR("n"),
        .group = WF_STR("g"),
        .expression = WF_STR("rate(1 day)"),
        .target = WF_STR(TARGET),
        .creation_ms = 1704067200123,
        .modified_ms = 1704067200123,
        .slot_ms = WF_SCHEDULE_NO_TIME,
        .started = 2,
    };
    fixture->engine.schedules = (struct wf_schedule_reply){
        .arn = WF_STR("arn:s"), .schedules = &schedule, .count = 1,
        .next_token = WF_STR("next")};
    rest(fixture, "GET", "/schedules/n?groupName=g", "");
    assert_string_equal(
        fixture->response.body,
        "{\"ActionAfterCompletion\":\"NONE\",\"Arn\":\"arn:s\","
        "\"CreationDate\":1704067200.123,\"FlexibleTimeWindow\":{\"Mode\":"
        "\"OFF\"},\"GroupName\":\"g\",\"LastModificationDate\":"
        "1704067200.123,\"Name\":\"n\",\"ScheduleExpression\":"
        "\"rate(1 day)\",\"ScheduleExpressionTimezone\":\"UTC\",\"State\":"
        "\"ENABLED\",\"Target\":{\"Arn\":\"" MACHINE "\",\"RoleArn\":"
        "\"arn:aws:iam::000000000000:role/r\",\"RetryPolicy\":"
        "{\"MaximumEventAgeInSeconds\":86400,\"MaximumRetryAttempts\":185}},"
        "\"Moonstep\":{\"Started\":2,\"Skipped\":0,\"Failed\":0,"
        "\"Retrying\":0,\"Waiting\":false}}");
    assert_string_equal(fixture->engine.arn, "g");
    rest(fixture, "GET", "/schedules?ScheduleGroup=g&NamePrefix=a%2Eb&"
                         "State=DISABLED&MaxResults=7&NextToken=t", "");
    assert_string_equal(fixture->engine.arn, "g");
    assert_string_equal(fixture->engine.cause, "a.b");
    assert_int_equal(fixture->engine.ask.state, 2);
    assert_int_equal(fixture->engine.ask.max_results, 7);
    assert_non_null(strstr(fixture->response.body,
                           "{\"Schedules\":[{\"Arn\":\"arn:g/n\","));
    assert_non_null(strstr(fixture->response.body,
                           "\"Target\":{\"Arn\":\"" MACHINE "\"}"));
    assert_non_null(strstr(fixture->response.body,
                           "],\"NextToken\":\"next\"}"));
}

static void groups_and_their_tags(void **state) {
    struct fixture *fixture = *state;
    struct wf_schedule_group group = {.name = WF_STR("g"),
                                      .is_deleting = true};
    struct wf_tag tag = {WF_STR("k"), WF_STR("v")};
    fixture->engine.schedules =
        (struct wf_schedule_reply){.arn = WF_STR("arn:g"), .groups = &group,
                                   .tags = &tag, .count = 1};
    rest(fixture, "POST", "/schedule-groups/g",
         "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"}]}");
    assert_string_equal(fixture->response.body,
                        "{\"ScheduleGroupArn\":\"arn:g\"}");
    assert_string_equal(fixture->engine.tags, "a=b ");
    rest(fixture, "GET", "/schedule-groups/g", "");
    assert_string_equal(fixture->response.body,
                        "{\"Arn\":\"arn:g\",\"CreationDate\":0.000,"
                        "\"LastModificationDate\":0.000,\"Name\":\"g\","
                        "\"State\":\"DELETING\"}");
    rest(fixture, "DELETE", "/schedule-groups/g?clientToken=x", "");
    assert_string_equal(fixture->response.body, "{}");
    assert_string_equal(fixture->engine.token, "x");
    rest(fixture, "GET", "/tags/arn%3Aaws%3Ascheduler%3Aus-east-1%3A"
                         "000000000000%3Aschedule-group%2Fg", "");
    assert_string_equal(fixture->response.body,
                        "{\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"}]}");
    assert_string_equal(fixture->engine.arn, "g");
    rest(fixture, "DELETE", "/tags/" GROUP_ARN "?TagKeys=a&TagKeys=b%26c",
         "");
    assert_string_equal(fixture->engine.tags, "a b&c ");
    rest(fixture, "POST", "/tags/" GROUP_ARN,
         "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"}]}");
    assert_string_equal(fixture->engine.tags, "a=b ");
    assert_int_equal(fixture->response.status, 200);
}

static void refuses_what_the_model_forbids(void **state) {
    struct fixture *fixture = *state;
    rest(fixture, "POST", "/schedules/a%20b", "{" GOOD "}");
    assert_refused(fixture, 400, "ValidationException",
                   "Value 'a b' at 'name' failed to satisfy constraint");
    rest(fixture, "POST", "/schedules/a", "{}");
    assert_refused(fixture, 400, "ValidationException",
                   "3 validation errors detected: ");
    rest(fixture, "POST", "/schedules/a",
         "{\"ScheduleExpression\":\"x\",\"FlexibleTimeWindow\":{\"Mode\":"
         "\"ON\"},\"Target\":{\"Arn\":\"a\",\"RoleArn\":\"r\"}}");
    assert_refused(fixture, 400, "ValidationException",
                   "'target.roleArn' failed to satisfy constraint: Member "
                   "must satisfy regular expression pattern: ^arn:aws");
    assert_non_null(strstr(fixture->response.body,
                           "'flexibleTimeWindow.mode' failed to satisfy "
                           "constraint: Member must satisfy enum value set"));
    rest(fixture, "GET", "/schedules?MaxResults=101", "");
    assert_refused(fixture, 400, "ValidationException", "'maxResults'");
    rest(fixture, "GET", "/schedules?MaxResults=many", "");
    assert_refused(fixture, 400, "SerializationException",
                   "can not be converted to an Integer");
    rest(fixture, "POST", "/schedules/a", "[1]");
    assert_refused(fixture, 400, "SerializationException", "JSON object");
    rest(fixture, "POST", "/schedules/a", "{\"a\":}");
    assert_refused(fixture, 400, "SerializationException", "");
    rest(fixture, "POST", "/schedules/a",
         "{\"ScheduleExpression\":\"rate(1 day)\",\"FlexibleTimeWindow\":"
         "{\"Mode\":\"FLEXIBLE\"},\"Target\":" TARGET "}");
    assert_refused(fixture, 400, "ValidationException",
                   "MaximumWindowInMinutes must be provided");
    static const char *const dates[] = {
        "\"StartDate\":1e300", "\"StartDate\":-1", "\"EndDate\":0"};
    for (unsigned i = 0; i < 3; i++) {
        char body[512];
        snprintf(body, sizeof(body), "{" GOOD ",%s}", dates[i]);
        rest(fixture, "POST", "/schedules/a", body);
        assert_refused(fixture, 400, "ValidationException",
                       "must be a time between 1970 and 9999");
    }
    rest(fixture, "GET", "/tags/arn:aws:scheduler:x:0:schedule/a", "");
    assert_refused(fixture, 400, "ValidationException", "'resourceArn'");
    assert_int_equal(fixture->engine.asked, 0);
}

static void says_what_the_engine_says(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        const char *exception;
        int status;
    } cases[] = {
        {"ResourceNotFoundException", 404},
        {"ConflictException", 409},
        {"ServiceQuotaExceededException", 402},
        {"ThrottlingException", 429},
        {"InternalServerException", 500},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture->engine.refusal = (struct wf_refusal){
            .exception = cases[i].exception, .message = WF_STR("why")};
        rest(fixture, "DELETE", "/schedules/a", "");
        assert_refused(fixture, cases[i].status, cases[i].exception,
                       "{\"Message\":\"why\"}");
    }
}

static void a_foreign_page_is_refused(void **state) {
    struct fixture *fixture = *state;
    static const char *const requests[] = {
        "DELETE /schedules/a HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "POST /schedules/a HTTP/1.1\r\nHost: localhost\r\nOrigin: "
        "http://evil.example\r\nContent-Length: 2\r\n\r\n{}",
    };
    for (size_t i = 0; i < 2; i++) {
        http_response_deinit(&fixture->response);
        http_ask(fixture->loop, wf_api_port(fixture->api), requests[i],
                 &fixture->response);
        assert_int_equal(fixture->response.status, 403);
    }
    assert_int_equal(fixture->engine.asked, 0);
}

static void slots_to_come(void **state) {
    struct fixture *fixture = *state;
    static const int64_t slots[] = {1704067200000, 1704070800000};
    fixture->engine.schedules =
        (struct wf_schedule_reply){.slots = slots, .count = 2};
    assert_call(fixture, "Moonstep.ListNextInvocations",
                "{\"ScheduleExpression\":\"rate(1 hour)\",\"MaxResults\":2}",
                "{\"Invocations\":[1704067200,1704070800]}");
    assert_string_equal(fixture->engine.error, "rate(1 hour)");
    assert_call(fixture, "Scheduler.DeleteSchedule", "{\"Name\":\"x\"}",
                "{}");
    assert_string_equal(fixture->engine.name, "x");
    api_call(fixture, "Moonstep.ListNextInvocations", "{}");
    assert_int_equal(fixture->response.status, 400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_set_up, \
                                                   api_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_and_their_parts),
        TEST(makes_schedules),
        TEST(shows_schedules),
        TEST(groups_and_their_tags),
        TEST(refuses_what_the_model_forbids),
        TEST(says_what_the_engine_says),
        TEST(a_foreign_page_is_refused),
        TEST(slots_to_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
