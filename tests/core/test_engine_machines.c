/*
 * test_engine_machines.c - state machines: revisions, deletion while
 * executions run, lists, tags, and that all of it is stored.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"

#define PREFIX "arn:aws:states:us-east-1:000000000000:"

static const char one[] = "{'StartAt':'S','States':{'S':{'Type':'Pass',"
                          "'Result':1,'End':true}}}";
static const char two[] = "{'StartAt':'S','States':{'S':{'Type':'Pass',"
                          "'Result':2,'End':true}}}";
static const char hour[] = "{'StartAt':'W','States':{'W':{'Type':'Wait',"
                           "'Seconds':3600,'End':true}}}";

/* ---- asking ---- */

/* What came back, as text. */
struct answer {
    bool done;
    char exception[64];
    struct wf_buf text;
    struct wf_buf token;
};

static void take_refusal(struct answer *answer,
                         const struct wf_refusal *refusal) {
    answer->done = true;
    answer->text.len = 0;
    answer->exception[0] = '\0';
    if (!refusal)
        return;
    snprintf(answer->exception, sizeof(answer->exception), "%s",
             refusal->exception);
    wf_buf_addstr(&answer->text, refusal->message);
}

static bool has(struct wf_str text, const char *part) {
    return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static void on_machine(void *arg, const struct wf_refusal *refusal,
                       const struct wf_state_machine_reply *reply) {
    struct answer *answer = arg;
    take_refusal(answer, refusal);
    if (refusal)
        return;
    wf_buf_addstr(&answer->text, reply->name);
    wf_buf_adds(&answer->text,
                reply->status == WF_STATE_MACHINE_DELETING ? " DELETING "
                                                           : " ");
    wf_buf_adds(&answer->text, has(reply->definition, "ult\":1")   ? "one "
                               : has(reply->definition, "ult\":2") ? "two "
                                                                   : "hour ");
    wf_buf_addstr(&answer->text, reply->role_arn);
    wf_buf_adds(&answer->text, reply->revision_id.len ? " uuid" : "");
    wf_buf_addstr(&answer->text, reply->settings.logging);
    answer->token.len = 0;
    wf_buf_addstr(&answer->token, reply->revision_id);
}

static void on_machines(void *arg, const struct wf_refusal *refusal,
                        const struct wf_state_machine_reply *machines,
                        size_t count, struct wf_str next_token) {
    struct answer *answer = arg;
    take_refusal(answer, refusal);
    for (size_t i = 0; i < count; i++) {
        wf_buf_addstr(&answer->text, machines[i].name);
        wf_buf_u8(&answer->text, ' ');
    }
    answer->token.len = 0;
    wf_buf_addstr(&answer->token, next_token);
}

static void on_done(void *arg, const struct wf_refusal *refusal) {
    take_refusal(arg, refusal);
}

static void on_tags(void *arg, const struct wf_refusal *refusal,
                    const struct wf_tag *tags, size_t count) {
    struct answer *answer = arg;
    take_refusal(answer, refusal);
    for (size_t i = 0; i < count; i++)
        wf_buf_addf(&answer->text, "%.*s=%.*s ", (int)tags[i].key.len,
                    tags[i].key.data, (int)tags[i].value.len,
                    tags[i].value.data ? tags[i].value.data : "");
}

static void expect(struct rig *rig, struct answer *answer,
                   const char *expected) {
    rig_until(rig, &answer->done);
    wf_buf_u8(&answer->text, 0);
    assert_string_equal(answer->text.data, expected);
    answer->done = false;
    wf_buf_free(&answer->text);
}

static void expect_refused(struct rig *rig, struct answer *answer,
                           const char *exception, const char *message) {
    rig_until(rig, &answer->done);
    assert_string_equal(answer->exception, exception);
    expect(rig, answer, message);
}

static void ask_describe(struct rig *rig, const char *arn,
                         struct answer *answer) {
    wf_engine_describe_state_machine(rig->engine, wf_str(arn), on_machine,
                                     answer);
}

static void expect_machine(struct rig *rig, const char *expected) {
    struct answer answer = {0};
    ask_describe(rig, rig->arn, &answer);
    expect(rig, &answer, expected);
    wf_buf_free(&answer.token);
}

static void expect_missing(struct rig *rig, const char *arn) {
    struct answer answer = {0};
    char message[300];
    snprintf(message, sizeof(message), "State Machine Does Not Exist: '%s'",
             arn);
    ask_describe(rig, arn, &answer);
    expect_refused(rig, &answer, "StateMachineDoesNotExist", message);
}

static void ask_update(struct rig *rig, const char *definition,
                       const char *role, const char *logging,
                       struct answer *answer) {
    struct wf_update_state_machine ask = {
        .arn = wf_str(rig->arn),
        .definition = definition ? wf_str(rig_quoted(rig, definition))
                                 : WF_STR_NULL,
        .role_arn = wf_str(role),
        .settings = {.logging = wf_str(logging)},
    };
    wf_engine_update_state_machine(rig->engine, &ask, on_machine, answer);
}

static void update(struct rig *rig, const char *definition, const char *role,
                   const char *logging, const char *expected) {
    struct answer answer = {0};
    ask_update(rig, definition, role, logging, &answer);
    expect(rig, &answer, expected);
    wf_buf_free(&answer.token);
}

static void expect_deleted(struct rig *rig, const char *arn) {
    struct answer answer = {0};
    wf_engine_delete_state_machine(rig->engine, wf_str(arn), on_done,
                                   &answer);
    expect(rig, &answer, "");
}

static void expect_list(struct rig *rig, unsigned page, const char *expected) {
    struct wf_list_state_machines ask = {.max_results = page};
    struct answer answer = {0};
    wf_engine_list_state_machines(rig->engine, &ask, on_machines, &answer);
    expect(rig, &answer, expected);
    wf_buf_free(&answer.token);
}

#define ROLE "arn:aws:iam::000000000000:role/test"

/* ---- revisions ---- */

static void an_update_makes_a_revision(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", one);
    expect_machine(rig, "m one " ROLE);
    update(rig, two, NULL, NULL, "m two " ROLE " uuid");
    expect_machine(rig, "m two " ROLE " uuid");
    update(rig, NULL, "role2", "{}", "m two role2 uuid{}");
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
    rig_machine(rig, "m", one);
    update(rig, one, ROLE, NULL, "m one " ROLE);
    ask_update(rig, two, NULL, NULL, &first);
    expect(rig, &first, "m two " ROLE " uuid");
    ask_update(rig, two, NULL, NULL, &second);
    expect(rig, &second, "m two " ROLE " uuid");
    assert_int_equal(first.token.len, 36);
    assert_memory_equal(first.token.data, second.token.data, 36);
    wf_buf_free(&first.token);
    wf_buf_free(&second.token);
}

static void updates_at_once_all_count(void **state) {
    struct rig *rig = *state;
    struct answer answers[4] = {0};
    rig_open(rig);
    rig_machine(rig, "m", one);
    rig_reopen(rig); /* so that each has to read the rows */
    ask_update(rig, two, NULL, NULL, &answers[0]);
    ask_update(rig, NULL, "a", NULL, &answers[1]);
    ask_update(rig, NULL, NULL, "[]", &answers[2]);
    ask_update(rig, NULL, "b", NULL, &answers[3]);
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
    update(rig, two, NULL, NULL, "m two " ROLE " uuid");
    for (int i = 0; i < 3; i++) {
        wf_engine_describe_state_machine_for_execution(
            rig->engine, wf_str(arn), on_machine, &answer);
        expect(rig, &answer, "m hour " ROLE);
        if (i == 0)
            rig_until_parked(rig);
        else
            rig_reopen(rig);
    }
    expect_machine(rig, "m two " ROLE " uuid");
    wf_engine_describe_state_machine_for_execution(
        rig->engine, WF_STR(PREFIX "execution:m:y"), on_machine, &answer);
    expect_refused(rig, &answer, "ExecutionDoesNotExist",
                   "Execution Does Not Exist: '" PREFIX "execution:m:y'");
    wf_buf_free(&answer.token);
}

static void a_wrong_definition_changes_nothing(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", one);
    ask_update(rig, "{'States':{'A':{'Type':'Succeed'}}}", NULL, NULL,
               &answer);
    expect_refused(rig, &answer, "InvalidDefinition",
                   "Invalid State Machine Definition: "
                   "'SCHEMA_VALIDATION_FAILED: These fields are required: "
                   "[StartAt] at /'");
    ask_update(rig, "not", NULL, NULL, &answer);
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
    rig_machine(rig, "m", one);
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
        ask_update(rig, definition.data, NULL, NULL, &answer);
        expect_refused(rig, &answer, "InvalidDefinition", message.data);
        wf_buf_free(&definition);
        wf_buf_free(&message);
    }
}

/* ---- deletion ---- */

static void deleting_what_is_idle(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", one);
    const char *arn = rig_start(rig, "x", NULL);
    rig_end(rig, arn);
    expect_deleted(rig, rig->arn);
    expect_missing(rig, rig->arn);
    expect_list(rig, 0, "");
    rig_assert_status(rig, arn, WF_EXECUTION_SUCCEEDED);
    struct rig_reply *start =
        rig_reply_of(rig, rig_ask_start(rig, "y", NULL));
    assert_string_equal(start->exception, "StateMachineDoesNotExist");
    expect_deleted(rig, rig->arn);
    expect_deleted(rig, PREFIX "stateMachine:never");
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
    ask_update(rig, one, NULL, NULL, &answer);
    expect_refused(rig, &answer, "StateMachineDeleting",
                   "State Machine Deleting: '" PREFIX "stateMachine:m'");
}

static void deleting_waits_for_executions(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *first = rig_start(rig, "x", NULL);
    const char *second = rig_start(rig, "y", NULL);
    expect_deleted(rig, rig->arn);
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
    rig_machine(rig, "m", one);
    const char *old = rig_start(rig, "x", NULL);
    rig_end(rig, old);
    expect_deleted(rig, rig->arn);
    rig_machine(rig, "m", two);
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
        rig_machine(rig, names[i], one);
    expect_list(rig, 0, "B a.2 a1 a_1 b ");
    struct wf_list_state_machines ask = {.max_results = 2};
    wf_engine_list_state_machines(rig->engine, &ask, on_machines, &answer);
    expect(rig, &answer, "B a.2 ");
    /* what comes and goes meanwhile moves nothing else */
    rig_machine(rig, "A", one);
    expect_deleted(rig, PREFIX "stateMachine:a.2");
    rig_machine(rig, "a11", one);
    ask.next_token = (struct wf_str){answer.token.data, answer.token.len};
    wf_engine_list_state_machines(rig->engine, &ask, on_machines, &answer);
    expect(rig, &answer, "a1 a11 ");
    ask.next_token = (struct wf_str){answer.token.data, answer.token.len};
    wf_engine_list_state_machines(rig->engine, &ask, on_machines, &answer);
    expect(rig, &answer, "a_1 b ");
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
        wf_engine_list_state_machines(rig->engine, &ask, on_machines,
                                      &answer);
        expect_refused(rig, &answer, "InvalidToken",
                       "Invalid Token: 'Invalid token'");
    }
    rig_machine(rig, "m", one);
    struct rig_reply *list =
        rig_reply_of(rig, rig_ask_list(rig, 0, 0, "zz-1"));
    assert_string_equal(list->exception, "InvalidToken");
    list = rig_reply_of(rig, rig_ask_history(rig, PREFIX "execution:m:x", 0,
                                             false, "x"));
    assert_string_equal(list->exception, "InvalidToken");
    wf_buf_free(&answer.token);
}

/* ---- tags ---- */

static void tag(struct rig *rig, const char *key, const char *value,
                struct answer *answer) {
    struct wf_tag tags[] = {{wf_str(key), wf_str(value)},
                            {wf_str(key), wf_str(value)}};
    wf_engine_tag_resource(rig->engine, wf_str(rig->arn), tags, 2, on_done,
                           answer);
}

static void expect_tags(struct rig *rig, const char *expected) {
    struct answer answer = {0};
    wf_engine_list_tags(rig->engine, wf_str(rig->arn), on_tags, &answer);
    expect(rig, &answer, expected);
}

static void tags_stay_with_the_machine(void **state) {
    static const struct wf_str keys[] = {{"none", 4}, {"a", 1}};
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", one);
    expect_tags(rig, "");
    tag(rig, "a", "1", &answer);
    expect(rig, &answer, "");
    tag(rig, "b", "", &answer);
    expect(rig, &answer, "");
    tag(rig, "a", "2", &answer);
    expect(rig, &answer, "");
    expect_tags(rig, "a=2 b= ");
    update(rig, two, NULL, NULL, "m two " ROLE " uuid");
    rig_reopen(rig);
    expect_tags(rig, "a=2 b= ");
    wf_engine_untag_resource(rig->engine, wf_str(rig->arn), keys, 2, on_done,
                             &answer);
    expect(rig, &answer, "");
    expect_tags(rig, "b= ");
    expect_deleted(rig, rig->arn);
    rig_machine(rig, "m", one);
    expect_tags(rig, "");
}

static void tags_have_a_limit(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    char key[16];
    rig_open(rig);
    rig_machine(rig, "m", one);
    for (int i = 0; i < WF_TAGS_MAX; i++) {
        snprintf(key, sizeof(key), "%d", i);
        tag(rig, key, "v", &answer);
        expect(rig, &answer, "");
    }
    tag(rig, "7", "w", &answer); /* there already */
    expect(rig, &answer, "");
    tag(rig, "more", "v", &answer);
    expect_refused(rig, &answer, "TooManyTags",
                   "A resource can have 50 tags at most");
    rig_reopen(rig);
    tag(rig, "more", "v", &answer);
    expect_refused(rig, &answer, "TooManyTags",
                   "A resource can have 50 tags at most");
}

/* Each of them compared with each would take minutes. */
static void far_too_many_tags_cost_nothing(void **state) {
    enum { COUNT = 500000 };
    struct rig *rig = *state;
    struct answer answer = {0};
    struct wf_tag *tags = wf_calloc(COUNT, sizeof(*tags));
    char(*keys)[16] = wf_calloc(COUNT, sizeof(*keys));
    rig_open(rig);
    rig_machine(rig, "m", one);
    for (int i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%d", i);
        tags[i] = (struct wf_tag){wf_str(keys[i]), WF_STR("")};
    }
    wf_engine_tag_resource(rig->engine, wf_str(rig->arn), tags, COUNT,
                           on_done, &answer);
    expect_refused(rig, &answer, "TooManyTags",
                   "A resource can have 50 tags at most");
    free(keys);
    free(tags);
}

static void tags_need_a_resource(void **state) {
    static const struct {
        const char *arn, *exception, *message;
    } rows[] = {
        {PREFIX "stateMachine:m", "ResourceNotFound",
         "Resource not found: '" PREFIX "stateMachine:m'"},
        {PREFIX "stateMachine:m:1", "ResourceNotFound",
         "Resource not found: '" PREFIX "stateMachine:m:1'"},
        {PREFIX "activity:a", "ResourceNotFound",
         "Resource not found: '" PREFIX "activity:a'"},
        {"x", "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'"},
        {"arn:x", "InvalidArn", "Invalid Arn: 'Malformed ARN: arn:x'"},
        {PREFIX "execution:m:x", "InvalidArn",
         "Invalid Arn: 'Resource type not valid in this context: "
         "execution'"},
    };
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wf_engine_list_tags(rig->engine, wf_str(rows[i].arn), on_tags,
                            &answer);
        expect_refused(rig, &answer, rows[i].exception, rows[i].message);
    }
}

/* ---- what is no ARN of the right kind ---- */

static void refuses_other_arns(void **state) {
    static const char machine[] = PREFIX "stateMachine:m",
                      execution[] = PREFIX "execution:m:x";
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", one);
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
    wf_engine_delete_state_machine(rig->engine, WF_STR("no"), on_done,
                                   &answer);
    expect_refused(rig, &answer, "InvalidArn",
                   "Invalid Arn: 'Invalid ARN prefix: no'");
    expect_missing(rig, PREFIX "stateMachine:m:1");
}

/* ---- no room ---- */

static void expect_no_room(struct rig *rig, struct answer *answer) {
    expect_refused(rig, answer, "ThrottlingException",
                   "The store has no room: try again later");
    wf_buf_free(&answer->token);
}

/* What takes room is refused at once; what gives some back waits for it. */
static void without_room_nothing_is_made(void **state) {
    static const struct wf_str keys[] = {{"a", 1}};
    struct rig *rig = *state;
    struct answer answer = {0}, deleted = {0}, untagged = {0};
    rig_open(rig);
    rig_machine(rig, "gone", one);
    char *gone = wf_strndup(rig->arn, strlen(rig->arn));
    rig_machine(rig, "m", one);
    tag(rig, "a", "1", &answer);
    expect(rig, &answer, "");
    store_memory_full(rig->behind, 1000000);
    wf_engine_delete_state_machine(rig->engine, wf_str(gone), on_done,
                                   &deleted);
    free(gone);
    while (wf_store_state(rig->store) != WF_STORE_FULL)
        rig_turn(rig);
    struct rig_reply *made =
        rig_reply_of(rig, rig_ask_machine(rig, "new", one, false));
    assert_string_equal(made->exception, "ThrottlingException");
    ask_update(rig, two, NULL, NULL, &answer);
    expect_no_room(rig, &answer);
    tag(rig, "b", "2", &answer);
    expect_no_room(rig, &answer);
    wf_engine_untag_resource(rig->engine, wf_str(rig->arn), keys, 1, on_done,
                             &untagged);
    rig_turns(rig, 20);
    assert_false(deleted.done || untagged.done);
    store_memory_full(rig->behind, 0);
    expect(rig, &deleted, "");
    expect(rig, &untagged, "");
    expect_list(rig, 0, "m ");
    expect_tags(rig, "");
    update(rig, two, NULL, NULL, "m two " ROLE " uuid");
}

/* ---- what was answered stays ---- */

static void a_crash_takes_nothing_back(void **state) {
    struct wf_tag some = {WF_STR("a"), WF_STR("b")};
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", one);
    rig_crash(rig);
    rig_open(rig);
    expect_machine(rig, "m one " ROLE);
    update(rig, two, NULL, NULL, "m two " ROLE " uuid");
    rig_crash(rig);
    rig_open(rig);
    expect_machine(rig, "m two " ROLE " uuid");
    wf_engine_tag_resource(rig->engine, wf_str(rig->arn), &some, 1, on_done,
                           &answer);
    expect(rig, &answer, "");
    rig_crash(rig);
    rig_open(rig);
    expect_tags(rig, "a=b ");
    expect_deleted(rig, rig->arn);
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
    ask_update(rig, one, NULL, NULL, &answers[1]);
    expect_deleted(rig, PREFIX "stateMachine:other");
    wf_engine_list_state_machines(rig->engine, &list, on_machines,
                                  &answers[2]);
    wf_engine_tag_resource(rig->engine, wf_str(rig->arn), &some, 1, on_done,
                           &answers[3]);
    wf_engine_list_tags(rig->engine, wf_str(rig->arn), on_tags, &answers[4]);
    wf_engine_describe_state_machine_for_execution(
        rig->engine, wf_str(arn), on_machine, &answers[5]);
    wf_engine_delete_state_machine(rig->engine, wf_str(rig->arn), on_done,
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
        ENGINE_TEST_BOTH(tags_stay_with_the_machine),
        ENGINE_TEST_LMDB(tags_have_a_limit),
        ENGINE_TEST_MEMORY(far_too_many_tags_cost_nothing),
        ENGINE_TEST_LMDB(tags_need_a_resource),
        ENGINE_TEST_LMDB(refuses_other_arns),
        ENGINE_TEST_MEMORY(without_room_nothing_is_made),
        ENGINE_TEST_BOTH(a_crash_takes_nothing_back),
        ENGINE_TEST_REAL(a_closed_engine_frees_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
