/*
 * test_engine_machines.c - state machines: revisions, deletion while
 * executions run, lists, and that all of it is stored.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine_answers.h"

static const char hour[] = "{'StartAt':'W','States':{'W':{'Type':'Wait',"
                           "'Seconds':3600,'End':true}}}";

/* ---- asking ---- */

static void ask_describe(struct rig *rig, const char *arn,
                         struct answer *answer) {
    wf_engine_describe_state_machine(rig->engine, wf_str(arn), answer_machine,
                                     answer);
}

static void expect_machine(struct rig *rig, const char *expected) {
    struct answer answer = {0};
    ask_describe(rig, rig->arn, &answer);
    answer_expect(rig, &answer, expected);
    wf_buf_free(&answer.token);
}

static void expect_missing(struct rig *rig, const char *arn) {
    struct answer answer = {0};
    char message[300];
    snprintf(message, sizeof(message), "State Machine Does Not Exist: '%s'",
             arn);
    ask_describe(rig, arn, &answer);
    answer_expect_refused(rig, &answer, "StateMachineDoesNotExist", message);
}

static void expect_list(struct rig *rig, unsigned page, const char *expected) {
    struct wf_list_state_machines ask = {.max_results = page};
    struct answer answer = {0};
    wf_engine_list_state_machines(rig->engine, &ask, answer_machines, &answer);
    answer_expect(rig, &answer, expected);
    wf_buf_free(&answer.token);
}

/* ---- revisions ---- */

static void an_update_makes_a_revision(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    expect_machine(rig, "m one " ROLE);
    answer_update(rig, answers_two, NULL, NULL, "m two " ROLE " uuid");
    expect_machine(rig, "m two " ROLE " uuid");
    answer_update(rig, NULL, "role2", "{}", "m two role2 uuid{}");
    rig_assert_text(rig, rig_end(rig, rig_start(rig, "x", NULL))->output,
                    "2");
    rig_reopen(rig);
    expect_machine(rig, "m two role2 uuid{}");
    rig_assert_text(rig, rig_end(rig, rig_start(rig, "y", NULL))->output,
                    "2");
}

static void nothing_new_is_no_revision(void **state) {
    struct rig *rig = *state;
    struct answer first = {0}, second = {0};
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    answer_update(rig, answers_one, ROLE, NULL, "m one " ROLE);
    answer_ask_update(rig, answers_two, NULL, NULL, &first);
    answer_expect(rig, &first, "m two " ROLE " uuid");
    answer_ask_update(rig, answers_two, NULL, NULL, &second);
    answer_expect(rig, &second, "m two " ROLE " uuid");
    assert_int_equal(first.token.len, 36);
    assert_memory_equal(first.token.data, second.token.data, 36);
    wf_buf_free(&first.token);
    wf_buf_free(&second.token);
}

static void updates_at_once_all_count(void **state) {
    struct rig *rig = *state;
    struct answer answers[4] = {0};
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    rig_reopen(rig); /* so that each has to read the rows */
    answer_ask_update(rig, answers_two, NULL, NULL, &answers[0]);
    answer_ask_update(rig, NULL, "a", NULL, &answers[1]);
    answer_ask_update(rig, NULL, NULL, "[]", &answers[2]);
    answer_ask_update(rig, NULL, "b", NULL, &answers[3]);
    for (int i = 0; i < 4; i++) {
        rig_until(rig, &answers[i].done);
        wf_buf_free(&answers[i].text);
        wf_buf_free(&answers[i].token);
    }
    struct answer last = {0};
    ask_describe(rig, rig->arn, &last);
    rig_until(rig, &last.done);
    wf_buf_u8(&last.text, 0);
    rig_assert_has(last.text.data, "m two ");
    rig_assert_has(last.text.data, " uuid[]");
    wf_buf_free(&last.text);
    wf_buf_free(&last.token);
}

static void running_executions_keep_their_revision(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, "x", NULL);
    answer_update(rig, answers_two, NULL, NULL, "m two " ROLE " uuid");
    for (int i = 0; i < 3; i++) {
        wf_engine_describe_state_machine_for_execution(
            rig->engine, wf_str(arn), answer_machine, &answer);
        answer_expect(rig, &answer, "m hour " ROLE);
        if (i == 0)
            rig_until_parked(rig);
        else
            rig_reopen(rig);
    }
    expect_machine(rig, "m two " ROLE " uuid");
    wf_engine_describe_state_machine_for_execution(
        rig->engine, WF_STR(PREFIX "execution:m:y"), answer_machine, &answer);
    answer_expect_refused(rig, &answer, "ExecutionDoesNotExist",
                          "Execution Does Not Exist: '" PREFIX
                          "execution:m:y'");
    wf_buf_free(&answer.token);
}

static void a_wrong_definition_changes_nothing(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    answer_ask_update(rig, "{'States':{'A':{'Type':'Succeed'}}}", NULL, NULL,
                      &answer);
    answer_expect_refused(rig, &answer, "InvalidDefinition",
                          "Invalid State Machine Definition: "
                          "'SCHEMA_VALIDATION_FAILED: These fields are "
                          "required: [StartAt] at /'");
    answer_ask_update(rig, "not", NULL, NULL, &answer);
    rig_until(rig, &answer.done);
    wf_buf_u8(&answer.text, 0);
    rig_assert_has(answer.text.data,
                   "'INVALID_JSON_DESCRIPTION: Unrecognized token 'not': ");
    wf_buf_free(&answer.text);
    expect_machine(rig, "m one " ROLE);
}

/* As recorded: test_map_state_label_invalid_char_fail. */
static void a_wrong_label_has_a_message_of_its_own(void **state) {
    static const struct {
        const char *label, *literal;
    } cases[] = {
        {"a^", "\"Label contains invalid character: '^'\""},
        {"a\\u0002", "\"Label contains invalid character: '\\\\x02'\""},
        {"a\\\"", "'Label contains invalid character: \\'\"\\''"},
        {"12345678901234567890123456789012345678901",
         "'Label cannot exceed 40 characters'"},
    };
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answer answer = {0};
        struct wf_buf definition = {0}, message = {0};
        wf_buf_addf(&definition,
                    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Map\","
                    "\"End\":true,\"Label\":\"%s\",\"ItemProcessor\":{"
                    "\"StartAt\":\"B\",\"States\":{\"B\":{"
                    "\"Type\":\"Succeed\"}}}}}}", cases[i].label);
        wf_buf_u8(&definition, 0);
        wf_buf_addf(&message, "Error=ValueError Args=[%s] in definition '%s'.",
                    cases[i].literal, definition.data);
        wf_buf_u8(&message, 0);
        answer_ask_update(rig, definition.data, NULL, NULL, &answer);
        answer_expect_refused(rig, &answer, "InvalidDefinition", message.data);
        wf_buf_free(&definition);
        wf_buf_free(&message);
    }
}

/* ---- deletion ---- */

static void deleting_what_is_idle(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    const char *arn = rig_start(rig, "x", NULL);
    rig_end(rig, arn);
    answer_expect_deleted(rig, rig->arn);
    expect_missing(rig, rig->arn);
    expect_list(rig, 0, "");
    rig_assert_status(rig, arn, WF_EXECUTION_SUCCEEDED);
    struct rig_reply *start =
        rig_reply_of(rig, rig_ask_start(rig, "y", NULL));
    assert_string_equal(start->exception, "StateMachineDoesNotExist");
    answer_expect_deleted(rig, rig->arn);
    answer_expect_deleted(rig, PREFIX "stateMachine:never");
    rig_reopen(rig);
    expect_missing(rig, rig->arn);
    rig_assert_status(rig, arn, WF_EXECUTION_SUCCEEDED);
}

static void expect_deleting(struct rig *rig) {
    struct answer answer = {0};
    expect_machine(rig, "m DELETING hour " ROLE);
    expect_list(rig, 0, "m ");
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_start(rig, "new", NULL));
    assert_string_equal(reply->exception, "StateMachineDeleting");
    reply = rig_reply_of(rig, rig_ask_machine(rig, "m", hour, false));
    assert_string_equal(reply->exception, "StateMachineDeleting");
    answer_ask_update(rig, answers_one, NULL, NULL, &answer);
    answer_expect_refused(rig, &answer, "StateMachineDeleting",
                          "State Machine Deleting: '" PREFIX "stateMachine:m'");
}

static void deleting_waits_for_executions(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *first = rig_start(rig, "x", NULL);
    const char *second = rig_start(rig, "y", NULL);
    answer_expect_deleted(rig, rig->arn);
    expect_deleting(rig);
    rig_until_parked(rig);
    expect_deleting(rig);
    rig_reopen(rig);
    expect_deleting(rig);
    rig_reply_of(rig, rig_ask_stop(rig, first, "", ""));
    expect_deleting(rig);
    rig_until_parked(rig);
    expect_deleting(rig);
    rig_reply_of(rig, rig_ask_stop(rig, second, "", ""));
    expect_list(rig, 0, "");
    expect_missing(rig, rig->arn);
    rig_assert_status(rig, second, WF_EXECUTION_ABORTED);
}

static void a_name_is_used_again(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    const char *old = rig_start(rig, "x", NULL);
    rig_end(rig, old);
    answer_expect_deleted(rig, rig->arn);
    rig_machine(rig, "m", answers_two);
    expect_machine(rig, "m two " ROLE);
    const char *new = rig_start(rig, "y", NULL);
    rig_assert_text(rig, rig_end(rig, new)->output, "2");
    rig_assert_text(rig, rig_describe(rig, old)->output, "1");
    for (int i = 0; i < 2; i++) {
        struct rig_reply *list =
            rig_reply_of(rig, rig_ask_list(rig, 0, 0, NULL));
        assert_string_equal(list->text, "y SUCCEEDED\n");
        rig_reopen(rig);
    }
    rig_assert_text(rig, rig_history(rig, old),
                    "1<0 ExecutionStarted {}\n"
                    "2<0 PassStateEntered S {}\n"
                    "3<2 PassStateExited S 1\n"
                    "4<3 ExecutionSucceeded 1\n");
}

/* ---- lists ---- */

static void lists_are_in_order_of_names(void **state) {
    static const char *const names[] = {"b", "a.2", "a_1", "B", "a1"};
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    for (size_t i = 0; i < 5; i++)
        rig_machine(rig, names[i], answers_one);
    expect_list(rig, 0, "B a.2 a1 a_1 b ");
    struct wf_list_state_machines ask = {.max_results = 2};
    wf_engine_list_state_machines(rig->engine, &ask, answer_machines, &answer);
    answer_expect(rig, &answer, "B a.2 ");
    /* what comes and goes meanwhile moves nothing else */
    rig_machine(rig, "A", answers_one);
    answer_expect_deleted(rig, PREFIX "stateMachine:a.2");
    rig_machine(rig, "a11", answers_one);
    ask.next_token = (struct wf_str){answer.token.data, answer.token.len};
    wf_engine_list_state_machines(rig->engine, &ask, answer_machines, &answer);
    answer_expect(rig, &answer, "a1 a11 ");
    ask.next_token = (struct wf_str){answer.token.data, answer.token.len};
    wf_engine_list_state_machines(rig->engine, &ask, answer_machines, &answer);
    answer_expect(rig, &answer, "a_1 b ");
    assert_int_equal(answer.token.len, 0);
    wf_buf_free(&answer.token);
}

static void lists_refuse_foreign_tokens(void **state) {
    static const char *const tokens[] = {"x", "6", "zz", "2f", "00"};
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        struct wf_list_state_machines ask = {.next_token =
                                                 wf_str(tokens[i])};
        wf_engine_list_state_machines(rig->engine, &ask, answer_machines,
                                      &answer);
        answer_expect_refused(rig, &answer, "InvalidToken",
                              "Invalid Token: 'Invalid token'");
    }
    rig_machine(rig, "m", answers_one);
    struct rig_reply *list =
        rig_reply_of(rig, rig_ask_list(rig, 0, 0, "zz-1"));
    assert_string_equal(list->exception, "InvalidToken");
    list = rig_reply_of(rig, rig_ask_history(rig, PREFIX "execution:m:x", 0,
                                             false, "x"));
    assert_string_equal(list->exception, "InvalidToken");
    wf_buf_free(&answer.token);
}

/* ---- what is no ARN of the right kind ---- */

static void refuses_arns_of_others(void **state) {
    static const char *const arns[] = {
        "arn:aws:lambda:us-east-1:000000000000:stateMachine:m",
        "arn:other:states:us-east-1:000000000000:stateMachine:m",
        "arn::states:us-east-1:000000000000:stateMachine:m",
        "arn:aws::us-east-1:000000000000:stateMachine:m",
    };
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    for (size_t i = 0; i < sizeof(arns) / sizeof(arns[0]); i++) {
        char message[200];
        snprintf(message, sizeof(message), "Invalid Arn: 'Malformed ARN: %s'",
                 arns[i]);
        snprintf(rig->arn, sizeof(rig->arn), "%s", arns[i]);
        struct rig_reply *reply =
            rig_reply_of(rig, rig_ask_start(rig, "x", NULL));
        assert_string_equal(reply->exception, "InvalidArn");
        assert_string_equal(reply->message, message);
    }
    snprintf(rig->arn, sizeof(rig->arn), "%s",
             "arn:aws-cn:states:us-east-1:000000000000:stateMachine:m");
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_start(rig, "x", NULL));
    assert_string_equal(reply->exception, "");
}

static void refuses_half_an_execution(void **state) {
    static const char *const arns[] = {PREFIX "execution:m",
                                       PREFIX "execution:m:",
                                       PREFIX "execution:m:x:y",
                                       PREFIX "execution:m/label"};
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    for (size_t i = 0; i < sizeof(arns) / sizeof(arns[0]); i++) {
        struct rig_reply *replies[] = {
            rig_ask_describe(rig, arns[i]),
            rig_ask_stop(rig, arns[i], "", ""),
            rig_ask_wait(rig, arns[i], 0),
            rig_ask_history(rig, arns[i], 0, false, NULL)};
        char message[200];
        snprintf(message, sizeof(message), "Invalid Arn: 'Malformed ARN: %s'",
                 arns[i]);
        for (size_t j = 0; j < sizeof(replies) / sizeof(replies[0]); j++) {
            rig_reply_of(rig, replies[j]);
            assert_string_equal(replies[j]->exception, "InvalidArn");
            assert_string_equal(replies[j]->message, message);
        }
    }
}

static void refuses_other_arns(void **state) {
    static const char machine[] = PREFIX "stateMachine:m",
                      execution[] = PREFIX "execution:m:x";
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    struct rig_reply *replies[] = {
        rig_ask_describe(rig, machine), rig_ask_stop(rig, machine, "", ""),
        rig_ask_wait(rig, machine, 0),
        rig_ask_history(rig, machine, 0, false, NULL)};
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        rig_reply_of(rig, replies[i]);
        assert_string_equal(replies[i]->exception, "InvalidArn");
        assert_string_equal(replies[i]->message,
                            "Invalid Arn: 'Resource type not valid in this "
                            "context: stateMachine'");
    }
    struct rig_reply *describe =
        rig_ask_describe(rig, PREFIX "express:m:x:y");
    rig_reply_of(rig, describe);
    assert_string_equal(describe->message,
                        "Invalid Arn: 'Resource type not valid in this "
                        "context: express'");
    snprintf(rig->arn, sizeof(rig->arn), "%s", execution);
    struct rig_reply *others[] = {rig_ask_start(rig, "x", NULL),
                                  rig_ask_list(rig, 0, 0, NULL)};
    for (size_t i = 0; i < 2; i++) {
        rig_reply_of(rig, others[i]);
        assert_string_equal(others[i]->message,
                            "Invalid Arn: 'Resource type not valid in this "
                            "context: execution'");
    }
    wf_engine_delete_state_machine(rig->engine, WF_STR("no"), answer_done,
                                   &answer);
    answer_expect_refused(rig, &answer, "InvalidArn",
                          "Invalid Arn: 'Invalid ARN prefix: no'");
    expect_missing(rig, PREFIX "stateMachine:m:1");
}

/* ---- no room ---- */

static void expect_no_room(struct rig *rig, struct answer *answer) {
    answer_expect_refused(rig, answer, "ThrottlingException",
                          "The store has no room: try again later");
    wf_buf_free(&answer->token);
}

/* What takes room is refused at once; what gives some back waits for it. */
static void without_room_nothing_is_made(void **state) {
    static const struct wf_str keys[] = {{"a", 1}};
    struct rig *rig = *state;
    struct answer answer = {0}, deleted = {0}, untagged = {0};
    rig_open(rig);
    rig_machine(rig, "gone", answers_one);
    char *gone = wf_strndup(rig->arn, strlen(rig->arn));
    rig_machine(rig, "m", answers_one);
    answer_tag(rig, "a", "1", &answer);
    answer_expect(rig, &answer, "");
    store_memory_full(rig->behind, 1000000);
    wf_engine_delete_state_machine(rig->engine, wf_str(gone), answer_done,
                                   &deleted);
    free(gone);
    while (wf_store_state(rig->store) != WF_STORE_FULL)
        rig_turn(rig);
    struct rig_reply *made =
        rig_reply_of(rig, rig_ask_machine(rig, "new", answers_one, false));
    assert_string_equal(made->exception, "ThrottlingException");
    answer_ask_update(rig, answers_two, NULL, NULL, &answer);
    expect_no_room(rig, &answer);
    answer_tag(rig, "b", "2", &answer);
    expect_no_room(rig, &answer);
    wf_engine_untag_resource(rig->engine, wf_str(rig->arn), keys, 1,
                             answer_done, &untagged);
    rig_turns(rig, 20);
    assert_false(deleted.done || untagged.done);
    store_memory_full(rig->behind, 0);
    answer_expect(rig, &deleted, "");
    answer_expect(rig, &untagged, "");
    expect_list(rig, 0, "m ");
    answer_expect_tags(rig, "");
    answer_update(rig, answers_two, NULL, NULL, "m two " ROLE " uuid");
}

/* ---- what was answered stays ---- */

static void a_crash_takes_nothing_back(void **state) {
    struct wf_tag some = {WF_STR("a"), WF_STR("b")};
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    rig_crash(rig);
    rig_open(rig);
    expect_machine(rig, "m one " ROLE);
    answer_update(rig, answers_two, NULL, NULL, "m two " ROLE " uuid");
    rig_crash(rig);
    rig_open(rig);
    expect_machine(rig, "m two " ROLE " uuid");
    wf_engine_tag_resource(rig->engine, wf_str(rig->arn), &some, 1, answer_done,
                           &answer);
    answer_expect(rig, &answer, "");
    rig_crash(rig);
    rig_open(rig);
    answer_expect_tags(rig, "a=b ");
    answer_expect_deleted(rig, rig->arn);
    rig_crash(rig);
    rig_open(rig);
    expect_missing(rig, rig->arn);
    expect_list(rig, 0, "");
}

/* ---- what was asked for is never answered by a closed engine ---- */

static void a_closed_engine_frees_what_is_under_way(void **state) {
    struct rig *rig = *state;
    struct answer answers[8] = {0};
    struct wf_list_state_machines list = {0};
    struct wf_tag some = {WF_STR("a"), WF_STR("b")};
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, "x", "{'a':1}");
    rig_flush(rig);
    rig_reopen(rig);
    ask_describe(rig, rig->arn, &answers[0]);
    answer_ask_update(rig, answers_one, NULL, NULL, &answers[1]);
    answer_expect_deleted(rig, PREFIX "stateMachine:other");
    wf_engine_list_state_machines(rig->engine, &list, answer_machines,
                                  &answers[2]);
    wf_engine_tag_resource(rig->engine, wf_str(rig->arn), &some, 1, answer_done,
                           &answers[3]);
    wf_engine_list_tags(rig->engine, wf_str(rig->arn), answer_tags,
                        &answers[4]);
    wf_engine_describe_state_machine_for_execution(
        rig->engine, wf_str(arn), answer_machine, &answers[5]);
    wf_engine_delete_state_machine(rig->engine, wf_str(rig->arn), answer_done,
                                   &answers[6]);
    rig_ask_start(rig, "x", NULL);
    rig_ask_start(rig, "y", NULL);
    rig_ask_describe(rig, arn);
    rig_ask_wait(rig, arn, 0);
    rig_ask_stop(rig, arn, "E", "C");
    rig_ask_list(rig, 0, 0, NULL);
    rig_ask_history(rig, arn, 0, false, NULL);
    rig_crash(rig);
    for (size_t i = 0; i < 7; i++) {
        wf_buf_free(&answers[i].text);
        wf_buf_free(&answers[i].token);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(an_update_makes_a_revision),
        ENGINE_TEST_BOTH(nothing_new_is_no_revision),
        ENGINE_TEST_BOTH(updates_at_once_all_count),
        ENGINE_TEST_REAL(running_executions_keep_their_revision),
        ENGINE_TEST_LMDB(a_wrong_definition_changes_nothing),
        ENGINE_TEST_MEMORY(a_wrong_label_has_a_message_of_its_own),
        ENGINE_TEST_BOTH(deleting_what_is_idle),
        ENGINE_TEST_REAL(deleting_waits_for_executions),
        ENGINE_TEST_BOTH(a_name_is_used_again),
        ENGINE_TEST_BOTH(lists_are_in_order_of_names),
        ENGINE_TEST_LMDB(lists_refuse_foreign_tokens),
        ENGINE_TEST_MEMORY(refuses_arns_of_others),
        ENGINE_TEST_MEMORY(refuses_half_an_execution),
        ENGINE_TEST_LMDB(refuses_other_arns),
        ENGINE_TEST_MEMORY(without_room_nothing_is_made),
        ENGINE_TEST_BOTH(a_crash_takes_nothing_back),
        ENGINE_TEST_REAL(a_closed_engine_frees_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
