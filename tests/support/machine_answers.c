/* machine_answers.c - see machine_answers.h. */
#include "machine_answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

const char answers_one[] = "{'StartAt':'S','States':{'S':{'Type':'Pass',"
                           "'Result':1,'End':true}}}";
const char answers_two[] = "{'StartAt':'S','States':{'S':{'Type':'Pass',"
                           "'Result':2,'End':true}}}";

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

void answer_machine(void *arg, const struct wf_refusal *refusal,
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

void answer_machines(void *arg, const struct wf_refusal *refusal,
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

void answer_done(void *arg, const struct wf_refusal *refusal) {
    take_refusal(arg, refusal);
}

void answer_tags(void *arg, const struct wf_refusal *refusal,
                 const struct wf_tag *tags, size_t count) {
    struct answer *answer = arg;
    take_refusal(answer, refusal);
    for (size_t i = 0; i < count; i++)
        wf_buf_addf(&answer->text, "%.*s=%.*s ", (int)tags[i].key.len,
                    tags[i].key.data, (int)tags[i].value.len,
                    tags[i].value.data ? tags[i].value.data : "");
}

void answer_expect(struct rig *rig, struct answer *answer,
                   const char *expected) {
    rig_until(rig, &answer->done);
    wf_buf_u8(&answer->text, 0);
    assert_string_equal(answer->text.data, expected);
    answer->done = false;
    wf_buf_free(&answer->text);
}

void answer_expect_refused(struct rig *rig, struct answer *answer,
                           const char *exception, const char *message) {
    rig_until(rig, &answer->done);
    assert_string_equal(answer->exception, exception);
    answer_expect(rig, answer, message);
}

void answer_ask_update(struct rig *rig, const char *definition,
                       const char *role, const char *logging,
                       struct answer *answer) {
    struct wf_update_state_machine ask = {
        .arn = wf_str(rig->arn),
        .definition = definition ? wf_str(rig_quoted(rig, definition))
                                 : WF_STR_NULL,
        .role_arn = wf_str(role),
        .settings = {.logging = wf_str(logging)},
    };
    wf_engine_update_state_machine(rig->engine, &ask, answer_machine, answer);
}

void answer_update(struct rig *rig, const char *definition, const char *role,
                   const char *logging, const char *expected) {
    struct answer answer = {0};
    answer_ask_update(rig, definition, role, logging, &answer);
    answer_expect(rig, &answer, expected);
    wf_buf_free(&answer.token);
}

void answer_expect_deleted(struct rig *rig, const char *arn) {
    struct answer answer = {0};
    wf_engine_delete_state_machine(rig->engine, wf_str(arn), answer_done,
                                   &answer);
    answer_expect(rig, &answer, "");
}

void answer_tag(struct rig *rig, const char *key, const char *value,
                struct answer *answer) {
    struct wf_tag tags[] = {{wf_str(key), wf_str(value)},
                            {wf_str(key), wf_str(value)}};
    wf_engine_tag_resource(rig->engine, wf_str(rig->arn), tags, 2, answer_done,
                           answer);
}

void answer_expect_tags(struct rig *rig, const char *expected) {
    struct answer answer = {0};
    wf_engine_list_tags(rig->engine, wf_str(rig->arn), answer_tags, &answer);
    answer_expect(rig, &answer, expected);
}
