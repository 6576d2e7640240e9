/*
 * test_engine_versions.c - versions of state machines: what runs, lists, what
 * is deleted, and that all of it is stored.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "version_answers.h"

static void publishing_twice_is_once(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    versions_expect_published(rig, NULL, ":1");
    versions_expect_published(rig, "INITIAL", ":1");
    versions_expect_list(rig, ":1");
    versions_expect_update(rig, answers_one, ":1 1");
    versions_expect_update(rig, answers_two, ":2 2");
    rig_reopen(rig);
    versions_expect_update(rig, answers_two, ":2 2");
    versions_expect_published(rig, NULL, ":2");
    versions_expect_list(rig, ":2:1");
}

static void another_revision_is_a_conflict(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    versions_open(rig);
    const struct wf_publish_version ask = {.state_machine_arn = WF_STR(M),
                                           .revision_id = WF_STR("INITIAL")};
    wf_engine_publish_version(rig->engine, &ask, versions_on_version,
                              &answer);
    versions_expect_exception(rig, &answer, "ConflictException");
    answer_ask_update(rig, NULL, "role2", NULL, &answer);
    rig_until(rig, &answer.done);
    wf_buf_u8(&answer.token, 0);
    versions_expect_published(rig, answer.token.data, ":4");
    wf_buf_free(&answer.text);
    wf_buf_free(&answer.token);
}

static void numbers_are_not_used_again(void **state) {
    struct rig *rig = *state;
    versions_open(rig);
    versions_expect_deleted(rig, M ":3");
    versions_expect_deleted(rig, M ":3");
    versions_expect_deleted(rig, M ":1");
    versions_expect_list(rig, ":2");
    rig_reopen(rig);
    versions_expect_list(rig, ":2");
    versions_expect_published(rig, NULL, ":4");
    versions_expect_run(rig, M ":4", "3", ":4");
    versions_expect_refused_start(rig, M ":3", NULL,
                                  "StateMachineDoesNotExist");
}

static void a_version_is_what_it_was(void **state) {
    struct rig *rig = *state;
    versions_open(rig);
    for (int i = 0; i < 3; i++) {
        versions_expect_described(rig, M ":1", ":1 1");
        versions_expect_described(rig, M ":2", ":2 2 two");
        versions_expect_described(rig, M, " 3");
        versions_expect_run(rig, M ":1", "1", ":1");
        versions_expect_run(rig, M, "3", "");
        if (i == 0)
            rig_reopen(rig);
        if (i == 1) {
            rig_flush(rig);
            rig_crash(rig);
            rig_open(rig);
        }
    }
}

static void pages_of_versions_are_stable(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    struct wf_list_qualifiers ask = {.state_machine_arn = WF_STR(M),
                                     .max_results = 2};
    versions_open(rig);
    wf_engine_list_versions(rig->engine, &ask, versions_on_versions, &answer);
    answer_expect(rig, &answer, ":3:2");
    answer_ask_update(rig, NULL, "role2", NULL, &answer);
    rig_until(rig, &answer.done);
    answer.done = false;
    versions_expect_published(rig, NULL, ":4");
    versions_expect_deleted(rig, M ":2");
    wf_buf_free(&answer.token);
    ask.next_token = WF_STR("2");
    wf_engine_list_versions(rig->engine, &ask, versions_on_versions, &answer);
    rig_until(rig, &answer.done);
    assert_int_equal(answer.token.len, 0);
    versions_expect(rig, &answer, ":1");
    ask.next_token = WF_STR("x");
    wf_engine_list_versions(rig->engine, &ask, versions_on_versions, &answer);
    versions_expect_exception(rig, &answer, "InvalidToken");
}

/* Many ask at once, before anything has been read. */
static void publishers_at_once_get_one(void **state) {
    struct rig *rig = *state;
    struct answer answers[8] = {0};
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    rig_reopen(rig);
    const struct wf_publish_version ask = {.state_machine_arn = WF_STR(M)};
    for (int i = 0; i < 8; i++)
        wf_engine_publish_version(rig->engine, &ask, versions_on_version,
                                  &answers[i]);
    for (int i = 0; i < 8; i++)
        versions_expect(rig, &answers[i], ":1");
    versions_expect_list(rig, ":1");
}

static void creating_with_a_version_is_idempotent(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    struct wf_create_state_machine ask = {
        .name = WF_STR("m"),
        .role_arn = WF_STR(ROLE),
        .publish = true,
        .version_description = WF_STR("first"),
    };
    rig_open(rig);
    ask.definition = wf_str(rig_quoted(rig, answers_one));
    for (int i = 0; i < 3; i++) {
        wf_engine_create_state_machine(rig->engine, &ask, versions_on_machine,
                                       &answer);
        versions_expect(rig, &answer, ":1 1");
        if (i == 1)
            rig_reopen(rig);
    }
    versions_expect_described(rig, M ":1", ":1 1 first");
    ask.version_description = WF_STR_NULL;
    wf_engine_create_state_machine(rig->engine, &ask, versions_on_machine,
                                   &answer);
    versions_expect_exception(rig, &answer, "StateMachineAlreadyExists");
    ask.publish = false;
    wf_engine_create_state_machine(rig->engine, &ask, versions_on_machine,
                                   &answer);
    versions_expect_exception(rig, &answer, "StateMachineAlreadyExists");
}

static void quotas_are_aws_s(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    struct wf_profile profile = WF_PROFILE_AWS;
    struct wf_route_ask routes[2];
    profile.versions = 3;
    profile.aliases = 1;
    rig->options.profile = &profile;
    versions_open(rig);
    versions_expect_update(rig, answers_three, ":3 3");
    const struct wf_update_state_machine ask = {
        .arn = WF_STR(M),
        .definition = wf_str(rig_quoted(rig, answers_one)),
        .publish = true};
    wf_engine_update_state_machine(rig->engine, &ask, versions_on_machine,
                                   &answer);
    versions_expect_exception(rig, &answer, "ServiceQuotaExceededException");
    versions_expect_described(rig, M, " 3"); /* nothing was made */
    versions_put_alias(rig, "a", M ":1", 100, NULL);
    struct wf_put_alias put =
        versions_alias_of(routes, "b", M ":1", 100, NULL);
    wf_engine_create_alias(rig->engine, &put, versions_on_alias, &answer);
    versions_expect_exception(rig, &answer, "ServiceQuotaExceededException");
    rig_close(rig); /* the profile is ours */
    rig->options.profile = NULL;
}

/* ---- deletion ---- */

static void versions_go_with_their_machine(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    versions_open(rig);
    versions_put_alias(rig, "PROD", M ":1", 100, NULL);
    versions_expect_run(rig, M ":PROD", "1", ":1:PROD");
    answer_expect_deleted(rig, M);
    versions_expect_list(rig, "");
    versions_expect_refused_start(rig, M ":1", NULL,
                                  "StateMachineDoesNotExist");
    assert_int_equal(rig_rows(rig, 'V', 0), 0);
    assert_int_equal(rig_rows(rig, 'I', 0), 0);
    rig_machine(rig, "m", answers_two);
    const struct wf_list_qualifiers ask = {.state_machine_arn = WF_STR(M)};
    wf_engine_list_aliases(rig->engine, &ask, versions_on_aliases, &answer);
    versions_expect(rig, &answer, "");
    versions_expect_published(rig, NULL, ":1");
    versions_put_alias(rig, "PROD", M ":1", 100, NULL);
    versions_expect_executions(rig, M ":PROD", 0, NULL, "", NULL);
    versions_expect_run(rig, M ":PROD", "2", ":1:PROD");
}

static void what_runs_a_deleted_version_goes_on(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", waits_two);
    versions_expect_published(rig, NULL, ":1");
    versions_expect_update(rig, answers_three, ":2 3");
    char *arn = versions_start(rig, M ":1", "x");
    versions_expect_deleted(rig, M ":1");
    rig_until_parked(rig);
    rig_reopen(rig);
    answer_expect_deleted(rig, M);
    versions_expect_refused_start(rig, M ":2", NULL, "StateMachineDeleting");
    rig_jump(rig, INT64_C(3600) * 1000);
    rig_assert_text(rig, rig_end(rig, arn)->output, "2");
    wf_engine_describe_execution(rig->engine, wf_str(arn),
                                 versions_on_execution, &answer);
    versions_expect(rig, &answer, ":1");
    free(arn);
}

static void takes_no_qualified_arns(void **state) {
    struct rig *rig = *state;
    static const char *const arns[] = {M ":1", M ":PROD", M "/label"};
    struct answer answer = {0};
    versions_open(rig);
    for (int i = 0; i < 3; i++) {
        struct wf_str arn = wf_str(arns[i]);
        const struct wf_update_state_machine update = {
            .arn = arn, .role_arn = WF_STR("r")};
        const struct wf_publish_version publish = {.state_machine_arn = arn};
        const struct wf_list_qualifiers list = {.state_machine_arn = arn};
        wf_engine_update_state_machine(rig->engine, &update,
                                       versions_on_machine, &answer);
        versions_expect_exception(rig, &answer, "ValidationException");
        wf_engine_delete_state_machine(rig->engine, arn, answer_done,
                                       &answer);
        versions_expect_exception(rig, &answer, "ValidationException");
        wf_engine_publish_version(rig->engine, &publish, versions_on_version,
                                  &answer);
        versions_expect_exception(rig, &answer, "ValidationException");
        wf_engine_list_versions(rig->engine, &list, versions_on_versions,
                                &answer);
        versions_expect_exception(rig, &answer, "ValidationException");
    }
    versions_expect_refused_start(rig, M "/label", NULL,
                                  "ValidationException");
    wf_engine_describe_state_machine(rig->engine, WF_STR(M "/label"),
                                     versions_on_machine, &answer);
    versions_expect_exception(rig, &answer, "ValidationException");
    versions_expect_list(rig, ":3:2:1");
    wf_engine_delete_version(rig->engine, WF_STR(M), answer_done, &answer);
    versions_expect_exception(rig, &answer, "ValidationException");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(publishing_twice_is_once),
        ENGINE_TEST_BOTH(another_revision_is_a_conflict),
        ENGINE_TEST_BOTH(numbers_are_not_used_again),
        ENGINE_TEST_BOTH(a_version_is_what_it_was),
        ENGINE_TEST_BOTH(pages_of_versions_are_stable),
        ENGINE_TEST_BOTH(publishers_at_once_get_one),
        ENGINE_TEST_BOTH(creating_with_a_version_is_idempotent),
        ENGINE_TEST_BOTH(quotas_are_aws_s),
        ENGINE_TEST_BOTH(versions_go_with_their_machine),
        ENGINE_TEST_REAL(what_runs_a_deleted_version_goes_on),
        ENGINE_TEST_BOTH(takes_no_qualified_arns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
