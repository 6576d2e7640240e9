/* test_script.c - decisions through script.h: the context object, and what
 * is valid during a call only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "script.h"

struct fixture {
    struct wf_clock clock;
    struct wf_script *script;
};

static int setup(void **state) {
    struct fixture *f = wf_calloc(1, sizeof(*f));
    struct wf_error err;

    wf_clock_init_virtual(&f->clock, 0);
    struct wf_script_options options = {.clock = &f->clock};
    assert_int_equal(wf_script_new(&options, &f->script, &err), 0);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    wf_script_free(f->script);
    free(f);
    return 0;
}

static struct wf_doc *parse(const char *text) {
    struct wf_error err;
    struct wf_doc *doc = wf_doc_parse(wf_str(text), NULL, &err);
    assert_non_null(doc);
    return doc;
}

static struct wf_script_context context_of(struct wf_doc *input) {
    return (struct wf_script_context){
        .now_ms = 5000,
        .execution_arn_prefix = wf_str("arn:e:"),
        .execution_name = wf_str("run"),
        .role_arn = wf_str("arn:role"),
        .execution_input = input,
        .start_ms = 1704067200123,
        .state_machine_arn = wf_str("arn:m"),
        .state_machine_name = wf_str("m"),
        .state_name = wf_str("A"),
        .entered_ms = 253402300799999, /* the last moment with four digits */
        .entered_event = 2,
        .retry_count = 4,
    };
}

/* What entering a state of these members decides: text of its output. */
static void assert_output(struct fixture *f, const char *state,
                          const struct wf_script_context *context,
                          const char *expected) {
    char text[1024];
    struct wf_buf diagnostics = {0};
    struct wf_script_machine *machine;
    struct wf_script_summary summary;
    struct wf_decision decision;
    struct wf_error err;

    snprintf(text, sizeof(text), "{\"StartAt\":\"A\",\"States\":{\"A\":{%s,"
             "\"End\":true}}}", state);
    struct wf_doc *definition = parse(text), *input = parse("{\"in\": 1}");
    assert_int_equal(wf_script_compile(f->script, definition, &machine,
                                       &summary, &diagnostics, &err), 0);
    struct wf_script_call call = {
        .machine = machine, .input = input, .context = context};
    for (int i = 0; i < 3; i++) { /* one sees nothing of the other */
        wf_script_decide(f->script, &call, &decision);
        assert_non_null(decision.output);
        assert_string_equal(decision.output->text, expected);
        wf_decision_free(&decision);
    }
    wf_script_machine_free(f->script, machine);
    wf_buf_free(&diagnostics);
    wf_doc_unref(definition);
    wf_doc_unref(input);
}

#define EXECUTION \
    "{\"Execution\":{\"Id\":\"arn:e:run\",\"Input\":{\"x\":[7]}," \
    "\"StartTime\":\"2024-01-01T00:00:00.123Z\",\"Name\":\"run\"," \
    "\"RoleArn\":\"arn:role\",\"RedriveCount\":0}," \
    "\"StateMachine\":{\"Id\":\"arn:m\",\"Name\":\"m\"}," \
    "\"State\":{\"Name\":\"A\",\"EnteredTime\":\"9999-12-31T23:59:59.999Z\""

static void test_context_of_a_pass(void **state) {
    struct wf_doc *input = parse("{\"x\":[7]}");
    struct wf_script_context context = context_of(input);

    assert_output(*state, "\"Type\":\"Pass\",\"InputPath\":\"$$\"", &context,
                  EXECUTION "}}"); /* AWS: no RetryCount */
    assert_output(*state, "\"Type\":\"Pass\",\"Parameters\":{\"a.$\":"
                  "\"$$.Execution.Input.x[0]\",\"b.$\":\"$$.State.Name\"}",
                  &context, "{\"a\":7,\"b\":\"A\"}");
    wf_doc_unref(input);
}

/* The userdata of an output serves again; those of the definition do not. */
static void test_outputs_again_and_again(void **state) {
    struct wf_doc *input = parse("{\"x\":[7]}");
    struct wf_script_context context = context_of(input);

    assert_output(*state, "\"Type\":\"Pass\",\"Result\":[1]", &context,
                  "[1]");
    assert_output(*state, "\"Type\":\"Pass\",\"Parameters\":{\"a\":{}}",
                  &context, "{\"a\":{}}");
    assert_output(*state, "\"Type\":\"Pass\",\"InputPath\":null", &context,
                  "{}");
    assert_output(*state, "\"Type\":\"Pass\",\"InputPath\":\"$.in\","
                  "\"ResultPath\":\"$.out\"", &context,
                  "{\"in\": 1,\"out\":1}");
    assert_output(*state, "\"Type\":\"Pass\",\"Parameters\":{\"a.$\":"
                  "\"$.in\",\"b.$\":\"States.Array($.in, $)\"}", &context,
                  "{\"a\":1,\"b\":[1,{\"in\": 1}]}");
    /* Once: what was part of a document serves as the whole of another. */
    assert_output(*state, "\"Type\":\"Pass\",\"InputPath\":\"$.in\"",
                  &context, "1");
    assert_output(*state, "\"Type\":\"Pass\",\"Parameters\":{\"a.$\":"
                  "\"$.in\"}", &context, "{\"a\":1}");
    assert_output(*state, "\"Type\":\"Pass\"", &context, "{\"in\": 1}");
    wf_doc_unref(input);
}

static void test_context_of_a_task(void **state) {
    struct wf_doc *input = parse("{\"x\":[7]}");
    struct wf_script_context context = context_of(input);

    assert_output(*state, "\"Type\":\"Task\",\"Resource\":\"lua:a.b\","
                  "\"InputPath\":\"$$\"", &context,
                  EXECUTION ",\"RetryCount\":4}}");
    wf_doc_unref(input);
}

static void test_context_in_a_map(void **state) {
    struct wf_doc *input = parse("{\"x\":[7]}");
    struct wf_script_context context = context_of(input);
    struct wf_value item = {input, 0};

    assert_true(wf_value_member(item, wf_str("x"), &item));
    context.in_map = true;
    context.map_index = 3;
    context.map_item = item;
    assert_output(*state, "\"Type\":\"Pass\",\"InputPath\":\"$$.Map\"",
                  &context, "{\"Item\":{\"Index\":3,\"Value\":[7]}}");
    assert_output(*state, "\"Type\":\"Pass\",\"Parameters\":{\"v.$\":"
                  "\"$$.Map.Item.Value\",\"w.$\":\"$$.Map.Item.Value[*]\","
                  "\"i.$\":\"$$.Map.Item.Index\"}", &context,
                  "{\"v\":[7],\"w\":[7],\"i\":3}");
    context.map_source = WF_STR("file:a\"b");
    assert_output(*state, "\"Type\":\"Pass\",\"InputPath\":\"$$.Map\"",
                  &context, "{\"Item\":{\"Index\":3,\"Value\":[7],"
                            "\"Source\":\"file:a\\\"b\"}}");
    assert_output(*state, "\"Type\":\"Pass\",\"Parameters\":{\"s.$\":"
                  "\"$$.Map.Item.Source\"}", &context,
                  "{\"s\":\"file:a\\\"b\"}");
    wf_doc_unref(input);
}

/* A script of its own, with limits. */
struct limited {
    struct wf_script *script;
    struct wf_script_machine *machine;
    struct wf_doc *input;
    struct wf_decision decision;
};

/* Decides the only state of a definition. */
static void decide_limited(struct fixture *f, const char *text,
                           const struct wf_script_limits *limits,
                           struct limited *limited) {
    struct wf_script_options options = {.clock = &f->clock,
                                        .limits = *limits};
    struct wf_buf diagnostics = {0};
    struct wf_script_summary summary;
    struct wf_error err = {0};
    struct wf_doc *definition = parse(text);

    assert_int_equal(wf_script_new(&options, &limited->script, &err), 0);
    if (wf_script_compile(limited->script, definition, &limited->machine,
                          &summary, &diagnostics, &err) != 0)
        fail_msg("%s", err.message);
    wf_doc_unref(definition);
    limited->input = parse("{\"x\":[7]}");
    struct wf_script_context context = context_of(limited->input);
    struct wf_script_call call = {.machine = limited->machine,
                                  .input = limited->input,
                                  .context = &context};
    wf_script_decide(limited->script, &call, &limited->decision);
}

static void limited_free(struct limited *limited) {
    wf_decision_free(&limited->decision);
    wf_script_machine_free(limited->script, limited->machine);
    wf_script_free(limited->script);
    wf_doc_unref(limited->input);
}

/* What a decision may cost limits that decision only. */
static void test_limits_are_of_a_decision(void **state) {
    static const char text[] =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\","
        "\"Parameters\":{\"a.$\":\"States.ArrayRange(1, 900, 1)\"},"
        "\"End\":true}}}";
    static const struct wf_script_limits limits = {.steps = 10};
    struct wf_buf diagnostics = {0};
    struct limited limited;

    decide_limited(*state, text, &limits, &limited);
    assert_int_equal(limited.decision.kind, WF_DECISION_TOO_LONG);
    if (wf_script_check(limited.script, wf_str(text), NULL, true,
                        &diagnostics) != 0)
        fail_msg("%.*s", (int)diagnostics.len, diagnostics.data);
    limited_free(&limited);
    wf_buf_free(&diagnostics);
}

static void assert_failure(const struct wf_decision *decision,
                           const char *error, const char *cause) {
    if (!wf_str_eq(decision->failure.error, wf_str(error)) ||
        !strstr(decision->failure.cause.data, cause))
        fail_msg("%.*s: %s", (int)decision->failure.error.len,
                 decision->failure.error.data, decision->failure.cause.data);
}

#define JSONATA(expression) \
    "{\"QueryLanguage\":\"JSONata\",\"StartAt\":\"A\",\"States\":{\"A\":{" \
    "\"Type\":\"Pass\",\"Output\":\"{% " expression " %}\",\"End\":true}}}"

/* It would not end otherwise. */
static void test_limit_of_time(void **state) {
    static const struct wf_script_limits limits = {
        .steps = UINT64_C(1) << 50, .lua_bytes = 256 << 20, .time_ms = 50};
    struct limited limited;

    decide_limited(*state, JSONATA("($f := function($n) { $f($n + 1) }; "
                                   "$f(1))"), &limits, &limited);
    assert_int_equal(limited.decision.kind, WF_DECISION_TOO_LONG);
    assert_failure(&limited.decision, "States.QueryEvaluationError",
                   "took longer than 0.05 s");
    limited_free(&limited);
}

static void test_limit_of_memory(void **state) {
    static const struct wf_script_limits limits = {
        .steps = UINT64_C(1) << 50, .lua_bytes = 32 << 20};
    struct limited limited;

    decide_limited(*state, JSONATA("($f := function($t) { $f($t & $t) }; "
                                   "$f('0123456789'))"), &limits, &limited);
    assert_int_equal(limited.decision.kind, WF_DECISION_TOO_LONG);
    assert_failure(&limited.decision, "States.QueryEvaluationError",
                   "more than 32 MiB of memory");
    limited_free(&limited);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_context_of_a_pass, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_outputs_again_and_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_context_of_a_task, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_context_in_a_map, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_limits_are_of_a_decision, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_limit_of_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit_of_memory, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
