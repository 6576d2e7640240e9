/* test_api_versions.c - the operations on versions and aliases over HTTP, in
 * front of an engine that answers what the test put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "api_fixture.h"

#define SFN "AWSStepFunctions."
#define ON(more) "{\"stateMachineArn\":\"" MACHINE "\"" more "}"
#define ALIAS "\"stateMachineAliasArn\":\"" MACHINE ":PROD\""
#define ROUTE(version, weight) \
    "{\"stateMachineVersionArn\":\"" MACHINE ":" version "\",\"weight\":" \
    weight "}"

static void publishes_versions(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, SFN "PublishStateMachineVersion",
                ON(",\"revisionId\":\"INITIAL\",\"description\":\"d\""),
                "{\"creationDate\":1704067200.123,"
                "\"stateMachineVersionArn\":\"" MACHINE ":7\"}");
    assert_string_equal(fixture->engine.operation, "publish");
    assert_string_equal(fixture->engine.arn, MACHINE);
    assert_string_equal(fixture->engine.name, "INITIAL");
    assert_string_equal(fixture->engine.text, "d");
    api_call(fixture, SFN "PublishStateMachineVersion", ON(""));
    assert_null(fixture->engine.name);
    assert_null(fixture->engine.text);
}

static void lists_and_deletes_versions(void **state) {
    struct fixture *fixture = *state;
    fixture->engine.next_token = WF_STR("7");
    assert_call(fixture, SFN "ListStateMachineVersions",
                ON(",\"maxResults\":3,\"nextToken\":\"8\""),
                "{\"stateMachineVersions\":[{\"creationDate\":1704067200.123,"
                "\"stateMachineVersionArn\":\"" MACHINE ":7\"}],"
                "\"nextToken\":\"7\"}");
    assert_string_equal(fixture->engine.token, "8");
    assert_int_equal(fixture->engine.max_results, 3);
    assert_call(fixture, SFN "DeleteStateMachineVersion",
                "{\"stateMachineVersionArn\":\"" MACHINE ":7\"}", "{}");
    assert_string_equal(fixture->engine.operation, "delete version");
    assert_string_equal(fixture->engine.arn, MACHINE ":7");
}

static void makes_aliases(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, SFN "CreateStateMachineAlias",
                "{\"name\":\"PROD\",\"description\":\"d\","
                "\"routingConfiguration\":[" ROUTE("7", "90") ","
                ROUTE("8", "10") "]}",
                "{\"creationDate\":1704067200.123,\"stateMachineAliasArn\":\""
                MACHINE ":PROD\"}");
    assert_string_equal(fixture->engine.name, "PROD");
    assert_string_equal(fixture->engine.text, "d");
    assert_string_equal(fixture->engine.tags,
                        MACHINE ":7=90 " MACHINE ":8=10 ");
    assert_call(fixture, SFN "UpdateStateMachineAlias",
                "{" ALIAS ",\"routingConfiguration\":[" ROUTE("8", "100")
                "]}", "{\"updateDate\":1704067200.456}");
    assert_string_equal(fixture->engine.arn, MACHINE ":PROD");
    assert_null(fixture->engine.text);
    assert_string_equal(fixture->engine.tags, MACHINE ":8=100 ");
    api_call(fixture, SFN "UpdateStateMachineAlias",
             "{" ALIAS ",\"description\":\"\"}");
    assert_string_equal(fixture->engine.text, "");
    assert_null(fixture->engine.tags);
}

static void shows_aliases(void **state) {
    struct fixture *fixture = *state;
    assert_call(fixture, SFN "DescribeStateMachineAlias", "{" ALIAS "}",
                "{\"creationDate\":1704067200.123,\"description\":"
                "\"what runs\",\"name\":\"PROD\",\"routingConfiguration\":["
                ROUTE("7", "90") "," ROUTE("8", "10") "],"
                ALIAS ",\"updateDate\":1704067200.456}");
    assert_call(fixture, SFN "ListStateMachineAliases", ON(""),
                "{\"stateMachineAliases\":[{\"creationDate\":1704067200.123,"
                ALIAS "}]}");
    assert_call(fixture, SFN "DeleteStateMachineAlias", "{" ALIAS "}", "{}");
    assert_string_equal(fixture->engine.operation, "delete alias");
}

static void assert_complaint(struct fixture *fixture, const char *body,
                             const char *part) {
    api_call(fixture, SFN "CreateStateMachineAlias", body);
    assert_int_equal(fixture->response.status, 400);
    assert_non_null(strstr(fixture->response.body, "ValidationException"));
    assert_non_null(strstr(fixture->response.body, part));
    assert_null(strstr(fixture->response.body, "\"reason\""));
}

/* Lists and what is in them are shown as AWS shows them. */
static void checks_the_routes(void **state) {
    struct fixture *fixture = *state;
    assert_complaint(fixture,
                     "{\"name\":\"a\",\"routingConfiguration\":["
                     ROUTE("1", "50") "," ROUTE("2", "30") ","
                     ROUTE("3", "20") "]}",
                     "Value '[RoutingConfigurationListItem("
                     "stateMachineVersionArn=" MACHINE ":1, weight=50), "
                     "RoutingConfigurationListItem(stateMachineVersionArn="
                     MACHINE ":2, weight=30), RoutingConfigurationListItem("
                     "stateMachineVersionArn=" MACHINE ":3, weight=20)]' at "
                     "'routingConfiguration' failed to satisfy constraint: "
                     "Member must have length less than or equal to 2");
    assert_complaint(fixture, "{\"name\":\"a\",\"routingConfiguration\":[]}",
                     "Value '[]' at 'routingConfiguration' failed to satisfy "
                     "constraint: Member must have length greater than or "
                     "equal to 1");
    assert_complaint(fixture, "{\"name\":\"12\",\"routingConfiguration\":["
                     ROUTE("1", "100") "]}", "regular expression pattern");
    assert_complaint(fixture, "{\"name\":\"a\",\"routingConfiguration\":["
                     ROUTE("1", "-1") "]}",
                     "Value '-1' at 'routingConfiguration.1.member.weight'");
    assert_int_equal(fixture->engine.asked, 0);
}

static void assert_refused(struct fixture *fixture, const char *exception,
                           const char *reason, unsigned status) {
    fixture->engine.refusal = (struct wf_refusal){
        .exception = exception, .message = WF_STR("no"), .reason = reason};
    api_call(fixture, SFN "DescribeStateMachineAlias", "{" ALIAS "}");
    assert_int_equal(fixture->response.status, status);
}

static void refuses_with_reason_and_status(void **state) {
    struct fixture *fixture = *state;
    assert_refused(fixture, "ValidationException",
                   "INVALID_ROUTING_CONFIGURATION", 400);
    assert_string_equal(fixture->response.body,
                        "{\"__type\":\"ValidationException\",\"message\":"
                        "\"no\",\"reason\":"
                        "\"INVALID_ROUTING_CONFIGURATION\"}");
    assert_refused(fixture, "ConflictException", NULL, 409);
    assert_refused(fixture, "ServiceQuotaExceededException", NULL, 402);
}

#define API_TEST(name) \
    cmocka_unit_test_setup_teardown(name, api_set_up, api_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        API_TEST(publishes_versions),
        API_TEST(lists_and_deletes_versions),
        API_TEST(makes_aliases),
        API_TEST(shows_aliases),
        API_TEST(checks_the_routes),
        API_TEST(refuses_with_reason_and_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
