/*
 * test_engine_tags.c - tags of state machines: that they are stored, and what
 * they are refused for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine_answers.h"

static void tags_stay_with_the_machine(void **state) {
    static const struct wf_str keys[] = {{"none", 4}, {"a", 1}};
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    answer_expect_tags(rig, "");
    answer_tag(rig, "a", "1", &answer);
    answer_expect(rig, &answer, "");
    answer_tag(rig, "b", "", &answer);
    answer_expect(rig, &answer, "");
    answer_tag(rig, "a", "2", &answer);
    answer_expect(rig, &answer, "");
    answer_expect_tags(rig, "a=2 b= ");
    answer_update(rig, answers_two, NULL, NULL, "m two " ROLE " uuid");
    rig_reopen(rig);
    answer_expect_tags(rig, "a=2 b= ");
    wf_engine_untag_resource(rig->engine, wf_str(rig->arn), keys, 2,
                             answer_done, &answer);
    answer_expect(rig, &answer, "");
    answer_expect_tags(rig, "b= ");
    answer_expect_deleted(rig, rig->arn);
    rig_machine(rig, "m", answers_one);
    answer_expect_tags(rig, "");
}

static void tags_have_a_limit(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    char key[16];
    rig_open(rig);
    rig_machine(rig, "m", answers_one);
    for (int i = 0; i < WF_TAGS_MAX; i++) {
        snprintf(key, sizeof(key), "%d", i);
        answer_tag(rig, key, "v", &answer);
        answer_expect(rig, &answer, "");
    }
    answer_tag(rig, "7", "w", &answer); /* there already */
               answer_expect(rig, &answer, "");
    answer_tag(rig, "more", "v", &answer);
    answer_expect_refused(rig, &answer, "TooManyTags",
                          "A resource can have 50 tags at most");
    rig_reopen(rig);
    answer_tag(rig, "more", "v", &answer);
    answer_expect_refused(rig, &answer, "TooManyTags",
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
    rig_machine(rig, "m", answers_one);
    for (int i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%d", i);
        tags[i] = (struct wf_tag){wf_str(keys[i]), WF_STR("")};
    }
    wf_engine_tag_resource(rig->engine, wf_str(rig->arn), tags, COUNT,
                           answer_done, &answer);
    answer_expect_refused(rig, &answer, "TooManyTags",
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
        {PREFIX "stateMachine:m:", "InvalidArn",
         "Invalid Arn: 'Malformed ARN: " PREFIX "stateMachine:m:'"},
        {PREFIX "execution:m:x", "InvalidArn",
         "Invalid Arn: 'Resource type not valid in this context: "
         "execution'"},
    };
    struct rig *rig = *state;
    struct answer answer = {0};
    rig_open(rig);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wf_engine_list_tags(rig->engine, wf_str(rows[i].arn), answer_tags,
                            &answer);
        answer_expect_refused(rig, &answer, rows[i].exception, rows[i].message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(tags_stay_with_the_machine),
        ENGINE_TEST_LMDB(tags_have_a_limit),
        ENGINE_TEST_MEMORY(far_too_many_tags_cost_nothing),
        ENGINE_TEST_LMDB(tags_need_a_resource),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
