/*
 * test_engine_names.c - names of executions and state machines: what is the
 * same request once more, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"

static const char succeed[] =
    "{'StartAt':'S','States':{'S':{'Type':'Succeed'}}}";
static const char hour[] = "{'StartAt':'W','States':{'W':{'Type':'Wait',"
                           "'Seconds':3600,'End':true}}}";

static void assert_exists(struct rig *rig, const char *name,
                          const char *input) {
    struct rig_reply *again =
        rig_reply_of(rig, rig_ask_start(rig, name, input));
    if (!again->refused)
        fail_msg("a second \"%s\" was started", name);
    assert_string_equal(again->exception, "ExecutionAlreadyExists");
    rig_assert_has(again->message, name);
}

static void assert_same(struct rig *rig, const char *name, const char *input,
                        const char *arn) {
    struct rig_reply *again =
        rig_reply_of(rig, rig_ask_start(rig, name, input));
    assert_false(again->refused);
    assert_string_equal(again->arn, arn);
}

static void a_running_name_with_its_input_is_the_same(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, "x", "{'a':1}");
    rig_assert_text(rig, arn,
                    "arn:aws:states:us-east-1:000000000000:execution:m:x");
    assert_same(rig, "x", "{'a':1}", arn);
    assert_exists(rig, "x", "{'a':2}");
    assert_int_equal(rig_stats(rig).executions_started, 1);
}

static void a_parked_name_too(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, "x", "{'a':1}");
    rig_until_parked(rig);
    assert_same(rig, "x", "{'a':1}", arn);
    rig_until_parked(rig);
    assert_exists(rig, "x", "{'a':2}");
    rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
    rig_reopen(rig);
    assert_same(rig, "x", "{'a':1}", arn);
    assert_exists(rig, "x", "{}");
}

static bool an_answer_is_held(struct rig *rig, void *arg) {
    (void)arg;
    return store_gate_answers(rig->store) > 0;
}

/* Its input is being read, and it could be parked meanwhile. */
static void a_name_that_is_about_to_be_parked_too(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, "x", "{'a':1}");
    rig_until_parked(rig);
    store_gate_hold_answers(rig->store, true);
    struct rig_reply *again = rig_ask_start(rig, "x", "{'a':1}");
    rig_until_true(rig, an_answer_is_held, NULL);
    while (rig_stats(rig).active_executions == 0) { /* it is being loaded */
        store_gate_give_answers(rig->store);
        rig_until_true(rig, an_answer_is_held, NULL);
    }
    rig_jump(rig, 1000);
    rig_turns(rig, 200);
    store_gate_hold_answers(rig->store, false);
    store_gate_give_answers(rig->store);
    assert_false(rig_reply_of(rig, again)->refused);
    assert_string_equal(again->arn, arn);
    rig_until_parked(rig);
}

static void an_ended_name_is_taken(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", succeed);
    rig_end(rig, rig_start(rig, "x", "{'a':1}"));
    assert_exists(rig, "x", "{'a':1}");
    assert_exists(rig, "x", "{'a':2}");
    rig_reopen(rig);
    assert_exists(rig, "x", "{'a':1}");
}

static void names_belong_to_their_machine(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "one", succeed);
    const char *first = rig_start(rig, "x", "{}");
    rig_machine(rig, "two", succeed);
    const char *second = rig_start(rig, "x", "{}");
    assert_string_not_equal(first, second);
    rig_assert_has(second, "execution:two:x");
}

/* Many ask for one name in the same turn: one execution, all the same. */
static void starts_of_one_name_at_once_are_one(void **state) {
    struct rig *rig = *state;
    struct rig_reply *starts[8], *list;
    char name[16];
    rig_open(rig);
    rig_machine(rig, "m", succeed);
    for (int round = 0; round < 30; round++) {
        unsigned refused = 0;
        snprintf(name, sizeof(name), "x%d", round);
        for (int i = 0; i < 8; i++) {
            starts[i] = rig_ask_start(rig, name, "{}");
            if (round % 3 == 1)
                rig_turn(rig);
        }
        for (int i = 0; i < 8; i++) {
            rig_reply_of(rig, starts[i]);
            refused += starts[i]->refused;
            if (starts[i]->refused)
                assert_string_equal(starts[i]->exception,
                                    "ExecutionAlreadyExists");
        }
        assert_true(refused < 8);
    }
    list = rig_reply_of(rig, rig_ask_list(rig, 0, 1000, NULL));
    assert_int_equal(list->count, 30);
    assert_int_equal(rig_stats(rig).executions_started, 30);
}

static void made_up_names_differ_and_ascend(void **state) {
    struct rig *rig = *state;
    char *last = NULL;
    rig_open(rig);
    rig_machine(rig, "m", succeed);
    for (int i = 0; i < 50; i++) {
        struct rig_reply *reply =
            rig_reply_of(rig, rig_ask_start(rig, NULL, "{}"));
        assert_int_equal(strlen(reply->name), 36);
        assert_int_equal(reply->name[14], '7');
        assert_true(!last || strcmp(last, reply->name) != 0);
        last = reply->name;
    }
}

static void bad_names_are_refused(void **state) {
    struct rig *rig = *state;
    char too_long[82];
    static const char *const bad[] = {"a b", "a\tb", "a:b", "a/b", "a*", "a?",
                                      "<", ">", "{", "}", "[", "]", "\"",
                                      "#", "%", "\\", "^", "|", "~", "`", "$",
                                      "&", ",", ";", "\x7f", "\x01"};
    rig_open(rig);
    rig_machine(rig, "m", succeed);
    memset(too_long, 'x', 81);
    too_long[81] = '\0';
    for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
        const char *name =
            i < sizeof(bad) / sizeof(bad[0]) ? bad[i] : too_long;
        struct rig_reply *reply =
            rig_reply_of(rig, rig_ask_start(rig, name, "{}"));
        assert_true(reply->refused);
        assert_string_equal(reply->exception, "InvalidName");
        reply = rig_reply_of(rig, rig_ask_machine(rig, name, succeed, false));
        assert_true(reply->refused);
        assert_string_equal(reply->exception, "InvalidName");
    }
    too_long[80] = '\0';
    rig_start(rig, too_long, "{}");
    rig_start(rig, "h\xc3\xa9-1_2.3", "{}");
}

static void bad_inputs_are_refused(void **state) {
    struct rig *rig = *state;
    static const char *const bad[] = {"{", "[1,]", "nope", "{'a':1} x",
                                      "\"\\ud800\"x"};
    rig_open(rig);
    rig_machine(rig, "m", succeed);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct rig_reply *reply =
            rig_reply_of(rig, rig_ask_start(rig, NULL, bad[i]));
        assert_true(reply->refused);
        assert_string_equal(reply->exception, "InvalidExecutionInput");
    }
}

static void a_missing_machine_is_told(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    snprintf(rig->arn, sizeof(rig->arn), "%s",
             "arn:aws:states:us-east-1:000000000000:stateMachine:none");
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_start(rig, NULL, "{}"));
    assert_string_equal(reply->exception, "StateMachineDoesNotExist");
    reply = rig_reply_of(rig, rig_ask_list(rig, 0, 0, NULL));
    assert_string_equal(reply->exception, "StateMachineDoesNotExist");
    snprintf(rig->arn, sizeof(rig->arn), "nonsense");
    reply = rig_reply_of(rig, rig_ask_start(rig, NULL, "{}"));
    assert_string_equal(reply->exception, "InvalidArn");
}

/* ---- state machines ---- */

static void creating_a_machine_again_is_the_same(void **state) {
    struct rig *rig = *state;
    struct rig_reply *first, *second;
    rig_open(rig);
    first = rig_reply_of(rig, rig_ask_machine(rig, "m", succeed, false));
    second = rig_reply_of(rig, rig_ask_machine(rig, "m", succeed, false));
    assert_false(second->refused);
    assert_string_equal(first->arn, second->arn);
    assert_int_equal(first->start_ms, second->start_ms);
    rig_reopen(rig);
    second = rig_reply_of(rig, rig_ask_machine(rig, "m", succeed, false));
    assert_false(second->refused);
    assert_int_equal(first->start_ms, second->start_ms);
}

static void another_definition_conflicts(void **state) {
    struct rig *rig = *state;
    struct rig_reply *reply;
    rig_open(rig);
    rig_machine(rig, "m", succeed);
    for (int round = 0; round < 2; round++) {
        reply = rig_reply_of(rig, rig_ask_machine(rig, "m", hour, false));
        assert_string_equal(reply->exception, "StateMachineAlreadyExists");
        reply = rig_reply_of(rig, rig_ask_machine(rig, "m", succeed, true));
        assert_string_equal(reply->exception, "StateMachineAlreadyExists");
        reply = rig_reply_of(rig, rig_ask_machine(rig, "m", "{}", false));
        assert_string_equal(reply->exception, "InvalidDefinition");
        rig_reopen(rig);
    }
}

static void two_creates_at_once_make_one(void **state) {
    struct rig *rig = *state;
    struct rig_reply *same[2], *other;
    rig_open(rig);
    same[0] = rig_ask_machine(rig, "m", succeed, false);
    same[1] = rig_ask_machine(rig, "m", succeed, false);
    other = rig_ask_machine(rig, "n", succeed, false);
    struct rig_reply *first = rig_ask_machine(rig, "o", succeed, false);
    struct rig_reply *conflict = rig_ask_machine(rig, "o", hour, false);
    assert_false(rig_reply_of(rig, same[0])->refused);
    assert_false(rig_reply_of(rig, same[1])->refused);
    assert_string_equal(same[0]->arn, same[1]->arn);
    assert_string_not_equal(same[0]->arn, rig_reply_of(rig, other)->arn);
    /* the one whose row was read first is made, and stays */
    bool is_second = rig_reply_of(rig, first)->refused;
    assert_int_equal(rig_reply_of(rig, conflict)->refused, !is_second);
    struct rig_reply *again = rig_ask_machine(
        rig, "o", is_second ? succeed : hour, false);
    assert_string_equal(rig_reply_of(rig, again)->exception,
                        "StateMachineAlreadyExists");
}

static void bad_definitions_are_refused(void **state) {
    struct rig *rig = *state;
    static const char *const bad[] = {
        "", "{", "[]", "{}", "{'StartAt':'A','States':{}}",
        "{'StartAt':'B','States':{'A':{'Type':'Succeed'}}}",
        "{'StartAt':'A','States':{'A':{'Type':'Nope'}}}",
        "{'StartAt':'A','States':{'A':{'Type':'Pass','Next':'B'}}}"};
    rig_open(rig);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct rig_reply *reply =
            rig_reply_of(rig, rig_ask_machine(rig, "m", bad[i], false));
        assert_true(reply->refused);
        assert_string_equal(reply->exception, "InvalidDefinition");
    }
    rig_machine(rig, "m", succeed); /* the name is free still */
    rig_end(rig, rig_start(rig, NULL, "{}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_REAL(a_running_name_with_its_input_is_the_same),
        ENGINE_TEST_REAL(a_parked_name_too),
        ENGINE_TEST_REAL(a_name_that_is_about_to_be_parked_too),
        ENGINE_TEST_BOTH(an_ended_name_is_taken),
        ENGINE_TEST_BOTH(names_belong_to_their_machine),
        ENGINE_TEST_BOTH(starts_of_one_name_at_once_are_one),
        ENGINE_TEST_BOTH(made_up_names_differ_and_ascend),
        ENGINE_TEST_BOTH(bad_names_are_refused),
        ENGINE_TEST_BOTH(bad_inputs_are_refused),
        ENGINE_TEST_BOTH(a_missing_machine_is_told),
        ENGINE_TEST_BOTH(creating_a_machine_again_is_the_same),
        ENGINE_TEST_BOTH(another_definition_conflicts),
        ENGINE_TEST_BOTH(two_creates_at_once_make_one),
        ENGINE_TEST_BOTH(bad_definitions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
