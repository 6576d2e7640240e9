/*
 * test_engine_aliases.c - aliases of state machines: where they lead, what is
 * remembered of executions that were started by a version or an alias, and
 * lists of those.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "version_answers.h"

static void an_alias_leads_to_a_version(void **state) {
    struct rig *rig = *state;
    struct wf_route_ask routes[2];
    struct answer answer = {0};
    versions_open(rig);
    versions_put_alias(rig, "PROD", M ":1", 100, NULL);
    versions_expect_run(rig, M ":PROD", "1", ":1:PROD");
    struct wf_put_alias ask =
        versions_alias_of(routes, NULL, M ":2", 100, NULL);
    ask.arn = WF_STR(M ":PROD");
    ask.description = WF_STR("second");
    wf_engine_update_alias(rig->engine, &ask, versions_on_alias, &answer);
    versions_expect(rig, &answer, ":PROD :2=100 second");
    versions_expect_run(rig, M ":PROD", "2", ":2:PROD");
    rig_reopen(rig);
    versions_expect_alias(rig, M ":PROD", ":PROD :2=100 second");
    versions_expect_run(rig, M ":PROD", "2", ":2:PROD");
    versions_expect_described(rig, M ":PROD", ":2 2 two");
    wf_engine_delete_alias(rig->engine, WF_STR(M ":PROD"), answer_done,
                           &answer);
    answer_expect(rig, &answer, "");
    versions_expect_refused_start(rig, M ":PROD", NULL,
                                  "StateMachineDoesNotExist");
    wf_engine_describe_alias(rig->engine, WF_STR(M ":PROD"),
                             versions_on_alias, &answer);
    answer_expect_refused(rig, &answer, "ResourceNotFound",
                          "Request references a resource that does not "
                          "exist.");
}

static void what_an_alias_leads_to_stays(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    versions_open(rig);
    versions_put_alias(rig, "b", M ":1", 40, M ":2");
    versions_put_alias(rig, "a", M ":2", 100, NULL);
    versions_expect_aliases(rig, M, ":a:b");
    versions_expect_aliases(rig, M ":1", ":b");
    rig_reopen(rig);
    wf_engine_delete_version(rig->engine, WF_STR(M ":2"), answer_done,
                             &answer);
    answer_expect_refused(rig, &answer, "ConflictException",
                          "Version to be deleted must not be referenced by "
                          "an alias. Current list of aliases referencing "
                          "this version: [a, b]");
    versions_expect_deleted(rig, M ":3");
    versions_expect_list(rig, ":2:1");
}

static void ask_alias(struct rig *rig, const char *name, const char *first,
                      unsigned weight, const char *second,
                      struct answer *answer) {
    struct wf_route_ask routes[2];
    struct wf_put_alias ask =
        versions_alias_of(routes, name, first, weight, second);
    wf_engine_create_alias(rig->engine, &ask, versions_on_alias, answer);
}

static void refuses_wrong_aliases(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    versions_open(rig);
    ask_alias(rig, "a", M ":9", 100, NULL, &answer);
    versions_expect_exception(rig, &answer, "ResourceNotFound");
    ask_alias(rig, "a", PREFIX "stateMachine:n:1", 100, NULL, &answer);
    versions_expect_exception(rig, &answer, "ResourceNotFound");
    ask_alias(rig, "a", M ":1", 50, PREFIX "stateMachine:n:1", &answer);
    versions_expect_exception(rig, &answer, "ValidationException");
    ask_alias(rig, "a", M ":1", 99, NULL, &answer);
    answer_expect_refused(rig, &answer, "ValidationException",
                          "Sum of routing configuration weights must equal "
                          "100. Received: [99]");
    ask_alias(rig, "7", M ":1", 100, NULL, &answer);
    versions_expect_exception(rig, &answer, "InvalidName");
    ask_alias(rig, "a:b", M ":1", 100, NULL, &answer);
    versions_expect_exception(rig, &answer, "InvalidName");
    ask_alias(rig, "a", "x", 100, NULL, &answer);
    versions_expect_exception(rig, &answer, "InvalidArn");
    versions_put_alias(rig, "a", M ":1", 10, M ":2");
    versions_put_alias(rig, "a", M ":2", 90, M ":1"); /* the same */
    ask_alias(rig, "a", M ":1", 11, M ":2", &answer);
    versions_expect_exception(rig, &answer, "ConflictException");
    const struct wf_put_alias nothing = {.arn = WF_STR(M ":a")};
    wf_engine_update_alias(rig->engine, &nothing, versions_on_alias, &answer);
    versions_expect_exception(rig, &answer, "ValidationException");
    wf_engine_describe_alias(rig->engine, WF_STR(M ":1"), versions_on_alias,
                             &answer);
    versions_expect_exception(rig, &answer, "ValidationException");
}

/* What 200 executions of the alias answered, one after the other. */
static char *split_outputs(struct rig *rig) {
    struct wf_buf all = {0};
    for (int i = 0; i < 200; i++) {
        char *arn = versions_start(rig, M ":split", NULL);
        wf_buf_adds(&all, rig_end(rig, arn)->output);
        free(arn);
    }
    wf_buf_u8(&all, 0);
    return all.data;
}

static char *split_run(struct rig *rig) {
    versions_open(rig);
    versions_put_alias(rig, "split", M ":1", 25, M ":2");
    return split_outputs(rig);
}

static void weights_are_kept(void **state) {
    struct rig *rig = *state;
    char *outputs = split_run(rig);
    assert_in_range(rig_count(outputs, "1"), 20, 85);
    free(outputs);
    versions_put_alias(rig, "never", M ":1", 0, M ":2");
    for (int i = 0; i < 20; i++)
        versions_expect_run(rig, M ":never", "2", ":2:never");
}

static void a_seed_draws_the_same(void **state) {
    struct rig *rig = *state;
    char *outputs[3];
    rig->options.in_step = true;
    for (unsigned i = 0; i < 3; i++) {
        wf_clock_seed(&rig->clock, i < 2 ? 7 : 8);
        outputs[i] = split_run(rig);
        rig_close(rig);
        rig_wipe(rig);
    }
    assert_string_equal(outputs[0], outputs[1]);
    assert_string_not_equal(outputs[0], outputs[2]);
    for (unsigned i = 0; i < 3; i++)
        free(outputs[i]);
}

/* What was drawn is stored with the start: neither recovery nor a repeated
 * request draws again. */
static void the_draw_is_part_of_the_start(void **state) {
    struct rig *rig = *state;
    char *arns[20];
    char versions[20][8];
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", waits_two);
    versions_expect_published(rig, NULL, ":1");
    versions_expect_update(rig, answers_three, ":2 3");
    answer_ask_update(rig, waits_two, NULL, NULL, &answer);
    rig_until(rig, &answer.done);
    versions_expect_published(rig, NULL, ":3");
    wf_buf_free(&answer.text);
    wf_buf_free(&answer.token);
    versions_put_alias(rig, "split", M ":1", 50, M ":3");
    for (int i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof(name), "e%d", i);
        arns[i] = versions_start(rig, M ":split", name);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 20; i++) {
            char name[8];
            snprintf(name, sizeof(name), "e%d", i);
            free(
                versions_start(rig, M ":split", name)); /* the same request */
            answer = (struct answer){0};
            wf_engine_describe_execution(rig->engine, wf_str(arns[i]),
                                         versions_on_execution, &answer);
            rig_until(rig, &answer.done);
            if (round == 0)
                snprintf(versions[i], sizeof(versions[i]), "%.*s",
                         (int)answer.text.len - 6, answer.text.data);
            assert_memory_equal(answer.text.data, versions[i],
                                strlen(versions[i]));
            wf_buf_free(&answer.text);
            wf_buf_free(&answer.token);
        }
        if (round == 0) {
            rig_crash(rig);
            rig_open(rig);
        } else {
            rig_until_parked(rig);
        }
    }
    versions_expect_refused_start(rig, M ":", NULL, "InvalidArn");
    versions_expect_refused_start(rig, M ":1", "e0",
                                  "ExecutionAlreadyExists");
    versions_expect_refused_start(rig, M, "e0", "ExecutionAlreadyExists");
    for (int i = 0; i < 20; i++)
        free(arns[i]);
}

static void pages_of_aliases_are_stable(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    struct wf_list_qualifiers ask = {.state_machine_arn = WF_STR(M),
                                     .max_results = 1};
    versions_open(rig);
    versions_put_alias(rig, "b", M ":1", 100, NULL);
    versions_put_alias(rig, "d", M ":1", 100, NULL);
    wf_engine_list_aliases(rig->engine, &ask, versions_on_aliases, &answer);
    answer_expect(rig, &answer, ":b");
    wf_buf_free(&answer.token);
    versions_put_alias(rig, "a", M ":1", 100, NULL);
    versions_put_alias(rig, "c", M ":1", 100, NULL);
    wf_engine_delete_alias(rig->engine, WF_STR(M ":b"), answer_done, &answer);
    answer_expect(rig, &answer, "");
    ask.next_token = WF_STR("b");
    ask.max_results = 2;
    wf_engine_list_aliases(rig->engine, &ask, versions_on_aliases, &answer);
    rig_until(rig, &answer.done);
    assert_int_equal(answer.token.len, 0);
    versions_expect(rig, &answer, ":c:d");
}

/* ---- executions ---- */

static void lists_executions_of_either(void **state) {
    struct rig *rig = *state;
    char token[48];
    versions_open(rig);
    versions_put_alias(rig, "PROD", M ":1", 100, NULL);
    static const char *const how[] = {M, M ":1", M ":PROD", M ":2", M ":1"};
    static const char *const names[] = {"e0", "e1", "e2", "e3", "e4"};
    for (int i = 0; i < 5; i++) {
        char *arn = versions_start(rig, how[i], names[i]);
        rig_end(rig, arn);
        free(arn);
        rig_jump(rig, 1);
    }
    for (int i = 0; i < 2; i++) {
        versions_expect_executions(rig, M, 0, NULL,
                                   "e4:1 e3:2 e2:1:PROD e1:1 e0 ", NULL);
        versions_expect_executions(rig, M ":1", 0, NULL,
                                   "e4:1 e2:1:PROD e1:1 ", NULL);
        versions_expect_executions(rig, M ":PROD", 0, NULL, "e2:1:PROD ",
                                   NULL);
        versions_expect_executions(rig, M ":3", 0, NULL, "", NULL);
        versions_expect_executions(rig, M ":1", 2, NULL, "e4:1 e2:1:PROD ",
                                   token);
        versions_expect_executions(rig, M ":1", 2, token, "e1:1 ", token);
        assert_string_equal(token, "");
        rig_reopen(rig);
    }
    struct answer answer = {0};
    const struct wf_list_executions ask = {.state_machine_arn =
                                               WF_STR(M ":9")};
    wf_engine_list_executions(rig->engine, &ask, versions_on_list, &answer);
    versions_expect_exception(rig, &answer, "StateMachineDoesNotExist");
}

/* Active, parked, ended: memory and rows say the same. */
static void lists_what_runs(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", waits_two);
    versions_expect_published(rig, NULL, ":1");
    versions_put_alias(rig, "PROD", M ":1", 100, NULL);
    char *parked = versions_start(rig, M ":PROD", "parked");
    rig_until_parked(rig);
    rig_jump(rig, 1);
    char *active = versions_start(rig, M ":1", "active");
    rig_jump(rig, 1);
    free(versions_start(rig, M, "plain"));
    versions_expect_executions(rig, M ":1", 0, NULL,
                               "active:1 parked:1:PROD ", NULL);
    versions_expect_executions(rig, M ":PROD", 0, NULL, "parked:1:PROD ",
                               NULL);
    rig_flush(rig);
    rig_crash(rig);
    rig_open(rig);
    versions_expect_executions(rig, M ":1", 0, NULL,
                               "active:1 parked:1:PROD ", NULL);
    rig_jump(rig, INT64_C(3600) * 1000);
    rig_assert_text(rig, rig_end(rig, parked)->output, "2");
    rig_assert_text(rig, rig_end(rig, active)->output, "2");
    versions_expect_executions(rig, M ":PROD", 0, NULL, "parked:1:PROD ",
                               NULL);
    free(parked);
    free(active);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(an_alias_leads_to_a_version),
        ENGINE_TEST_BOTH(what_an_alias_leads_to_stays),
        ENGINE_TEST_BOTH(refuses_wrong_aliases),
        ENGINE_TEST_BOTH(weights_are_kept),
        ENGINE_TEST_BOTH(a_seed_draws_the_same),
        ENGINE_TEST_REAL(the_draw_is_part_of_the_start),
        ENGINE_TEST_BOTH(pages_of_aliases_are_stable),
        ENGINE_TEST_REAL(lists_executions_of_either),
        ENGINE_TEST_REAL(lists_what_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
