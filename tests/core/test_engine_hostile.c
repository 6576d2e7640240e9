/*
 * test_engine_hostile.c - definitions that would take all time or memory: each
 * ends with an error that says so, and meanwhile others get their turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"

#define MOST_MS INT64_C(60000) /* an evaluation has ten seconds */
#define OTHERS_S 10 /* an execution meanwhile: milliseconds, if all is well */

#define PASS(members) \
    "{'StartAt':'P','States':{'P':{'Type':'Pass'," members ",'End':true}}}"
#define JSONATA(expression) \
    PASS("'QueryLanguage':'JSONata','Output':'{% " expression " %}'")
#define JSONPATH(path) PASS("'Parameters':{'x.$':'" path "'}")
#define FAILS "States.QueryEvaluationError"

static const char input[] =
    "{'list':[{'s':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'}]}";

/* Quotes for apostrophes, and apostrophes, for JSONata, for backquotes. Freed
 * by the caller. */
static char *definition_of(const char *text) {
    char *out = wf_strndup(text, strlen(text));
    for (char *at = out; *at; at++)
        *at = *at == '\'' ? '"' : *at == '`' ? '\'' : *at;
    return out;
}

static struct rig *open_real(void **state) {
    struct rig *rig = *state;
    rig->clock.seeded = false; /* a seeded engine uses no threads */
    rig_open(rig);
    return rig;
}

static double seconds(void) {
    return (double)wf_clock_mono_ns() / 1e9;
}

/* Other executions, one after the other, until the reply is there. */
static void run_others(struct rig *rig, const struct rig_reply *reply) {
    do {
        double begun = seconds();
        struct rig_reply *end = rig_end(rig, rig_start(rig, NULL, "{}"));
        assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
        assert_true(seconds() - begun < OTHERS_S);
    } while (!reply->done);
}

static void check(void **state, const char *definition, const char *error,
                  const char *cause) {
    struct rig *rig = open_real(state);
    char *text = definition_of(definition);
    double begun = seconds();

    rig_machine(rig, "hostile", text);
    free(text);
    struct rig_reply *started = rig_reply_of(rig, rig_ask_start(rig, "x",
                                                                input));
    assert_false(started->refused);
    struct rig_reply *end = rig_ask_wait(rig, started->arn, MOST_MS);
    rig_machine(rig, "other", PASS("'Comment':'another'"));
    run_others(rig, end);
    assert_true(seconds() - begun < MOST_MS / 1e3);
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    if (strcmp(end->error, error) != 0 || !strstr(end->cause, cause))
        fail_msg("%s: %s", end->error, end->cause);
}

static void exponential_matches(void **state) {
    check(state, JSONATA("$match($states.input.list[0].s, /(a+)+$/)"), FAILS,
          "regular expression takes too long");
}

static void many_slow_matches(void **state) {
    check(state, JSONATA("$count($map([1..1000000], function($i) { "
                         "$contains($pad(``, 3000, `a`) & $i, /(a|b)*c/) }))"),
          FAILS, "Evaluating the state");
}

static void exponential_matches_of_a_filter(void **state) {
    check(state, JSONPATH("$.list[?(@.s =~ /(a|aa)+/)]"), "States.Runtime",
          "takes too long to match");
}

static void recursion_without_end(void **state) {
    check(state, JSONATA("($f := function($n) { $f($n + 1) }; $f(1))"), FAILS,
          "Evaluating the state");
}

static void recursion_in_width(void **state) {
    check(state, JSONATA("($f := function($n) { $n = 0 ? 1 : $f($n - 1) + "
                         "$f($n - 1) }; $f(64))"), FAILS,
          "Evaluating the state");
}

static void recursion_in_depth(void **state) {
    check(state, JSONATA("($f := function($n) { 1 + $f($n) }; $f(1))"), FAILS,
          "Stack overflow");
}

static void a_range_too_long(void **state) {
    check(state, JSONATA("[1..100000000]"), FAILS, "D2014");
}

static void many_objects(void **state) {
    check(state, JSONATA("$map([1..9999999], function($i) { {`a`: [$i]} })"),
          FAILS, "");
}

static void a_text_that_doubles(void **state) {
    check(state, JSONATA("($f := function($t) { $f($t & $t) }; "
                         "$f(`0123456789`))"), FAILS, "D2015");
}

static void many_long_texts(void **state) {
    check(state, JSONATA("$map([1..100], function($i) { "
                         "$pad(`x` & $i, 20000000) })"), FAILS, "");
}

static void a_value_that_is_shared(void **state) {
    check(state, JSONATA("$reduce([1..40], function($a, $b) { "
                         "{`a`: $a, `b`: $a} }, 1)"), FAILS, "D2015");
}

static void items_that_are_shared(void **state) {
    check(state,
          "{'StartAt':'M','States':{'M':{'Type':'Map','QueryLanguage':"
          "'JSONata','Items':'{% $reduce([1..40], function($a, $b) { "
          "[[$a, $a]] }, 1) %}','ItemProcessor':{'StartAt':'P','States':{"
          "'P':{'Type':'Pass','End':true}}},'End':true}}}", FAILS, "D2015");
}

static void a_transform_of_a_value_that_is_shared(void **state) {
    check(state, JSONATA("$reduce([1..40], function($a, $b) { "
                         "{`a`: $a, `b`: $a} }, 1) ~> |**|{`c`: 1}|"), FAILS,
          "");
}

static void an_expression_nested_deeply(void **state) {
    struct rig *rig = open_real(state);
    struct wf_buf text = {0};

    wf_buf_adds(&text, "{'StartAt':'P','States':{'P':{'Type':'Pass',"
                       "'QueryLanguage':'JSONata','End':true,'Output':'{% ");
    for (int i = 0; i < 50000; i++)
        wf_buf_u8(&text, '(');
    wf_buf_add(&text, "1 %}'}}}", 9); /* with its NUL */
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_machine(rig, "deep", text.data, false));
    assert_true(reply->refused);
    rig_assert_has(reply->message, "nested too deeply");
    wf_buf_free(&text);
}

#define HOSTILE(test) {#test, test, rig_setup, rig_teardown, &rig_memory_real}

int main(void) {
    const struct CMUnitTest tests[] = {
        HOSTILE(exponential_matches),
        HOSTILE(many_slow_matches),
        HOSTILE(exponential_matches_of_a_filter),
        HOSTILE(recursion_without_end),
        HOSTILE(recursion_in_width),
        HOSTILE(recursion_in_depth),
        HOSTILE(a_range_too_long),
        HOSTILE(many_objects),
        HOSTILE(a_text_that_doubles),
        HOSTILE(many_long_texts),
        HOSTILE(a_value_that_is_shared),
        HOSTILE(items_that_are_shared),
        HOSTILE(a_transform_of_a_value_that_is_shared),
        HOSTILE(an_expression_nested_deeply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
