/*
 * test_engine_search.c - SearchExecutions: over state machines, in memory and
 * in rows, page by page, with and without a condition.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "search.h"

static const char ends[] =
    "{'StartAt':'C','States':{'C':{'Type':'Choice','Choices':["
    "{'Variable':'$.n','NumericLessThan':3,'Next':'F'}],'Default':'P'},"
    "'F':{'Type':'Fail','Error':'X','Cause':'because'},"
    "'P':{'Type':'Pass','End':true}}}";
static const char waits[] =
    "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':9000,"
    "'End':true}}}";

struct answer {
    bool done;
    char exception[64], cause[300], token[64];
    char names[4000]; /* "a-1 a-2 " */
    size_t count, errors;
    int64_t until_ms;
};

static void on_found(void *arg, const struct wf_refusal *refusal,
                     const struct wf_search_reply *reply) {
    struct answer *answer = arg;
    size_t len = 0;
    answer->done = true;
    if (refusal) {
        snprintf(answer->exception, sizeof(answer->exception), "%s",
                 refusal->exception);
        snprintf(answer->cause, sizeof(answer->cause), "%.*s",
                 (int)refusal->message.len, refusal->message.data);
        return;
    }
    for (size_t i = 0; i < reply->count && len < 3900; i++)
        len += (size_t)snprintf(answer->names + len, 100, "%.*s ",
                                (int)reply->executions[i].name.len,
                                reply->executions[i].name.data);
    answer->count = reply->count;
    answer->errors = reply->condition_errors;
    answer->until_ms = reply->scanned_until_ms;
    snprintf(answer->cause, sizeof(answer->cause), "%.*s",
             (int)reply->condition_cause.len,
             reply->condition_cause.len ? reply->condition_cause.data : "");
    snprintf(answer->token, sizeof(answer->token), "%.*s",
             (int)reply->next_token.len,
             reply->next_token.len ? reply->next_token.data : "");
}

static struct answer search(struct rig *rig,
                            const struct wf_search_executions *ask) {
    struct answer answer = {0};
    wf_engine_search_executions(rig->engine, ask, on_found, &answer);
    rig_until(rig, &answer.done);
    return answer;
}

static void expect(struct rig *rig, const struct wf_search_executions *ask,
                   const char *names) {
    struct answer answer = search(rig, ask);
    assert_string_equal(answer.exception, "");
    assert_string_equal(answer.names, names);
    assert_string_equal(answer.token, "");
}

/* The same, all pages of one. */
static void expect_pages(struct rig *rig, struct wf_search_executions ask,
                         const char *names) {
    char all[4000] = "", token[64] = "";
    unsigned pages = 0;
    ask.max_results = 1;
    do {
        ask.next_token = wf_str(token);
        struct answer answer = search(rig, &ask);
        assert_string_equal(answer.exception, "");
        assert_true(answer.count <= 1);
        strcat(all, answer.names);
        strcpy(token, answer.token);
        assert_true(!token[0] || answer.until_ms > 0);
        assert_true(++pages < 100);
    } while (token[0]);
    assert_string_equal(all, names);
}

/* Two machines whose executions end, one whose wait: a-1 b-1 w-1 a-2 … */
static void open_with(struct rig *rig, int count) {
    static const char *const names[] = {"a", "b", "w"};
    char name[24], input[32], arns[3][256];
    rig_open(rig);
    for (int i = 0; i < 3; i++) {
        rig_machine(rig, names[i], i < 2 ? ends : waits);
        strcpy(arns[i], rig->arn);
    }
    for (int n = 1; n <= count; n++)
        for (int i = 0; i < 3; i++) {
            strcpy(rig->arn, arns[i]);
            snprintf(name, sizeof(name), "%s-%d", names[i], n);
            snprintf(input, sizeof(input), "{\"n\":%d}", n);
            const char *arn = rig_start(rig, name, input);
            if (i < 2)
                rig_end(rig, arn);
        }
    strcpy(rig->arn, arns[0]);
}

#define ALL "w-4 b-4 a-4 w-3 b-3 a-3 w-2 b-2 a-2 w-1 b-1 a-1 "

static void lists_are_merged(void **state) {
    struct rig *rig = *state;
    const struct wf_search_executions all = {0};
    open_with(rig, 4);
    for (int i = 0; i < 2; i++) {
        expect(rig, &all, ALL);
        expect_pages(rig, all, ALL);
        const struct wf_search_executions of_a = {
            .state_machine_arn = wf_str(rig->arn)};
        expect(rig, &of_a, "a-4 a-3 a-2 a-1 ");
        expect_pages(rig, of_a, "a-4 a-3 a-2 a-1 ");
        rig_flush(rig);
        rig_reopen(rig);
    }
    rig_crash(rig);
    rig_open(rig);
    expect_pages(rig, all, ALL);
}

static void filters_select(void **state) {
    struct rig *rig = *state;
    open_with(rig, 4);
    const struct wf_search_executions failed = {
        .statuses = 1u << WF_EXECUTION_FAILED};
    const struct wf_search_executions two = {
        .statuses = 1u << WF_EXECUTION_FAILED | 1u << WF_EXECUTION_RUNNING,
        .name_prefix = WF_STR("w-")};
    const struct wf_search_executions ended = {.stopped_from_ms = 1,
                                               .name_prefix = WF_STR("a")};
    const struct wf_search_executions redriven = {.redriven = WF_REDRIVEN};
    for (int i = 0; i < 2; i++) {
        expect(rig, &failed, "b-2 a-2 b-1 a-1 ");
        expect_pages(rig, failed, "b-2 a-2 b-1 a-1 ");
        expect(rig, &two, "w-4 w-3 w-2 w-1 ");
        expect(rig, &ended, "a-4 a-3 a-2 a-1 ");
        expect(rig, &redriven, "");
        rig_reopen(rig);
    }
}

static void times_are_ranges(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "a", ends);
    int64_t starts[4];
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof(name), "a-%d", i);
        struct rig_reply *end = rig_end(rig, rig_start(rig, name, "{'n':1}"));
        starts[i] = end->start_ms;
        rig_jump(rig, 1000);
    }
    const struct wf_search_executions from = {.started_from_ms = starts[2]};
    const struct wf_search_executions until = {.started_until_ms = starts[2]};
    const struct wf_search_executions both = {.started_from_ms = starts[1],
                                              .started_until_ms = starts[3]};
    const struct wf_search_executions stopped = {
        .stopped_from_ms = starts[1], .stopped_until_ms = starts[2]};
    for (int i = 0; i < 2; i++) {
        expect_pages(rig, from, "a-3 a-2 ");
        expect_pages(rig, until, "a-1 a-0 ");
        expect_pages(rig, both, "a-2 a-1 ");
        expect_pages(rig, stopped, "a-1 ");
        rig_reopen(rig);
    }
}

static void conditions_are_evaluated(void **state) {
    struct rig *rig = *state;
    open_with(rig, 4);
    const struct wf_search_executions jsonata = {
        .where = WF_STR("{% error = \"X\" and input.n = 2 %}")};
    const struct wf_search_executions more = {
        .where = WF_STR(" {% input.n > 1 and status != 'FAILED' %} ")};
    const struct wf_search_executions rule = {
        .where = WF_STR("{\"Variable\":\"$.input.n\",\"NumericEquals\":3}")};
    const struct wf_search_executions output = {
        .where = WF_STR("{% output.n = 4 and $exists(stopDate) %}")};
    for (int i = 0; i < 2; i++) {
        expect(rig, &jsonata, "b-2 a-2 ");
        expect_pages(rig, jsonata, "b-2 a-2 ");
        expect_pages(rig, more, "w-4 b-4 a-4 w-3 b-3 a-3 w-2 ");
        expect_pages(rig, rule, "w-3 b-3 a-3 ");
        expect(rig, &output, "b-4 a-4 ");
        rig_reopen(rig);
    }
}

static void many_are_evaluated(void **state) {
    struct rig *rig = *state;
    open_with(rig, 60);
    const struct wf_search_executions ask = {
        .where = WF_STR("{% input.n in [1, 30, 60] %}")};
    expect(rig, &ask, "w-60 b-60 a-60 w-30 b-30 a-30 w-1 b-1 a-1 ");
    expect_pages(rig, ask, "w-60 b-60 a-60 w-30 b-30 a-30 w-1 b-1 a-1 ");
}

static void conditions_that_fail_are_counted(void **state) {
    struct rig *rig = *state;
    open_with(rig, 2);
    const struct wf_search_executions ask = {
        .where = WF_STR("{% input.n = 2 ? $error('no') : true %}")};
    struct answer answer = search(rig, &ask);
    assert_string_equal(answer.names, "w-1 b-1 a-1 ");
    assert_int_equal(answer.errors, 3);
    assert_non_null(strstr(answer.cause, "no"));
}

static void what_is_no_condition_is_refused(void **state) {
    static const char *const conditions[] = {
        "{% ( %}", "x", "{}", "[]", "{%", "{%}", "{% a %} b",
        "{\"Variable\":\"$.x\"}", "{\"Next\":\"N\"}",
        "{\"Variable\":\"$.x\",\"IsPresent\":true}],\"x\":[{}",
    };
    struct rig *rig = *state;
    rig_open(rig);
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        const struct wf_search_executions ask = {
            .where = wf_str(conditions[i])};
        struct answer answer = search(rig, &ask);
        assert_string_equal(answer.exception, "ValidationException");
    }
}

static void requests_are_checked(void **state) {
    static const struct {
        const char *arn, *token, *exception;
    } rows[] = {
        {"arn:x", NULL, "InvalidArn"},
        {"arn:aws:states:us-east-1:000000000000:stateMachine:no", NULL,
         "StateMachineDoesNotExist"},
        {NULL, "x", "InvalidToken"},
        {NULL, "1-2-3", "InvalidToken"},
    };
    struct rig *rig = *state;
    rig_open(rig);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct wf_search_executions ask = {
            .state_machine_arn =
                rows[i].arn ? wf_str(rows[i].arn) : WF_STR_NULL,
            .next_token = wf_str(rows[i].token)};
        struct answer answer = search(rig, &ask);
        assert_string_equal(answer.exception, rows[i].exception);
    }
    const struct wf_search_executions none = {0};
    expect(rig, &none, "");
}

static void pages_are_stable_under_writes(void **state) {
    struct rig *rig = *state;
    open_with(rig, 4);
    char all[4000] = "", token[64] = "";
    do {
        const struct wf_search_executions ask = {
            .max_results = 2, .next_token = wf_str(token)};
        struct answer answer = search(rig, &ask);
        strcat(all, answer.names);
        strcpy(token, answer.token);
        rig_jump(rig, 10);
        rig_end(rig, rig_start(rig, NULL, "{'n':5}"));
    } while (token[0]);
    assert_string_equal(all, ALL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_REAL(lists_are_merged),
        ENGINE_TEST_REAL(filters_select),
        ENGINE_TEST_REAL(times_are_ranges),
        ENGINE_TEST_REAL(conditions_are_evaluated),
        ENGINE_TEST_REAL(many_are_evaluated),
        ENGINE_TEST_REAL(conditions_that_fail_are_counted),
        ENGINE_TEST_REAL(what_is_no_condition_is_refused),
        ENGINE_TEST_REAL(requests_are_checked),
        ENGINE_TEST_REAL(pages_are_stable_under_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
