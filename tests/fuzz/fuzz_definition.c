/*
 * fuzz_definition.c - definitions, and the paths, templates, intrinsic
 * functions and rules in them: whatever the text is, it is refused with
 * words, or its states can be run, and what they give out is JSON.
 *
 * Input: a definition, a NUL, the JSON that each state is entered with
 * (which is also the result of its task). Text that begins with `$` or `S`
 * is an expression instead, of a Pass state with a fixed input.
 */
#include <stdio.h>
#include <stdlib.h>

#include "script.h"

static void require(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

/* Tracebacks: nothing that comes from outside may cause one. */
static void notice(void *arg, const char *text) {
    (void)arg;
    require(false, text);
}

static struct wf_script *open_script(void) {
    static struct wf_clock clock;
    struct wf_script_options options = {.clock = &clock, .notice = notice};
    struct wf_script *script = NULL;
    struct wf_error err = {0};

    wf_clock_init_virtual(&clock, 0);
    wf_clock_seed(&clock, 1);
    require(wf_script_new(&options, &script, &err) == 0, err.message);
    return script;
}

static void check_output(const struct wf_decision *decision) {
    struct wf_doc_limits limits = {.max_depth = 5000};
    struct wf_error err = {0};

    if (!decision->output)
        return;
    struct wf_doc *again =
        wf_doc_parse(wf_doc_text(decision->output), &limits, &err);
    require(again, err.message);
    wf_doc_unref(again);
}

static enum wf_decision_kind decide(struct wf_script *script,
                                    struct wf_script_call *call,
                                    enum wf_script_event event) {
    struct wf_decision decision;

    call->event = event;
    wf_script_decide(script, call, &decision);
    check_output(&decision);
    enum wf_decision_kind kind = decision.kind;
    wf_decision_free(&decision);
    return kind;
}

static void run_joins(struct wf_script *script, struct wf_script_call *call) {
    decide(script, call, WF_SCRIPT_JOINED);
    if (decide(script, call, WF_SCRIPT_BRANCH_FAILED) == WF_DECISION_RETRY)
        decide(script, call, WF_SCRIPT_RETRY);
}

static void run_state(struct wf_script *script, struct wf_script_call *call) {
    call->failure.error = WF_STR("Boom");
    call->failure.cause = WF_STR("It burst.");
    switch (decide(script, call, WF_SCRIPT_ENTER)) {
    case WF_DECISION_WAIT:
        decide(script, call, WF_SCRIPT_TIMER_FIRED);
        break;
    case WF_DECISION_SCHEDULE:
        decide(script, call, WF_SCRIPT_TASK_SUCCEEDED);
        if (decide(script, call, WF_SCRIPT_TASK_FAILED) == WF_DECISION_RETRY)
            decide(script, call, WF_SCRIPT_RETRY);
        break;
    case WF_DECISION_MAP:
        decide(script, call, WF_SCRIPT_ITEM);
        run_joins(script, call);
        break;
    case WF_DECISION_PARALLEL:
        run_joins(script, call);
        break;
    default:
        break;
    }
}

static void run_states(struct wf_script *script,
                       struct wf_script_machine *machine, uint32_t count,
                       struct wf_doc *input) {
    static const uint16_t retriers[1];
    struct wf_script_context context = {
        .execution_arn_prefix = WF_STR("arn:aws:states:r:0:execution:m:"),
        .execution_name = WF_STR("e"),
        .role_arn = WF_STR("r"),
        .state_machine_arn = WF_STR("arn:aws:states:r:0:stateMachine:m"),
        .state_machine_name = WF_STR("m"),
        .state_name = WF_STR("A"),
        .execution_input = input,
        .entered_event = 2,
        .retriers = retriers,
        .in_map = true,
        .map_index = 1,
        .map_item = {input, 0},
    };
    struct wf_script_call call = {
        .machine = machine,
        .input = input,
        .output = input,
        .context = &context,
    };

    for (uint32_t i = 0; i < count && i < 20; i++) {
        call.state = i;
        run_state(script, &call);
    }
}

/* Lua's heap, which leads to its documents, is not among the memory that the
 * leak detector reads. tests/core look for leaks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "detect_leaks=0";
}

static void run_definition(struct wf_str text, struct wf_str entered_with) {
    static struct wf_script *script;
    struct wf_doc *definition = wf_doc_parse(text, NULL, NULL);
    struct wf_doc *input = wf_doc_parse(entered_with, NULL, NULL);
    struct wf_script_machine *machine;
    struct wf_script_summary summary;
    struct wf_buf diagnostics = {0};
    struct wf_error err = {0};

    if (!script)
        script = open_script();
    if (definition && wf_script_compile(script, definition, &machine, &summary,
                                        &diagnostics, &err) == 0) {
        if (input)
            run_states(script, machine, summary.state_count, input);
        wf_script_machine_free(script, machine);
    } else if (definition) {
        require(err.code == WF_E_INVALID && diagnostics.len, err.message);
    }
    wf_buf_free(&diagnostics);
    wf_doc_unref(input);
    wf_doc_unref(definition);
}

static void run_expression(struct wf_str expression) {
    struct wf_buf text = {0};

    wf_buf_adds(&text, "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":"
                       "\"Pass\",\"Parameters\":{\"x.$\":");
    wf_buf_json(&text, expression);
    wf_buf_adds(&text, "},\"End\":true}}}");
    run_definition((struct wf_str){text.data, text.len},
                   WF_STR("{\"a\":[{\"b\":2,\"d\":\"x\"},{\"b\":1},[3]],"
                          "\"s\":\"x y\",\"n\":1.5,\"z\":null}"));
    wf_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t length = end ? (size_t)(end - data) : size;
    struct wf_str text = {(const char *)data, length};

    if (length && (data[0] == '$' || data[0] == 'S'))
        run_expression(text);
    else if (end)
        run_definition(text, (struct wf_str){text.data + length + 1,
                                             size - length - 1});
    return 0;
}
