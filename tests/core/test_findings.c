/* test_findings.c - from diagnostics to places in the text and hints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "findings.h"
#include "hint.h"
#include "locate.h"

/* ---- locations ---- */

static const char definition[] =
    "{\"StartAt\": \"A\", \"States\": {\n"
    "  \"A\": {\"Choices\": [{\"Next\": \"X\"}, {\"Next\": \"Y\"}]},\n"
    "  \"a/b\": {\"Next\": 1}, \"a\": {\"b\": {\"Next\": 2}},\n"
    "  \"c[0]\": {\"Next\": 3}, \"~\": [4],\n"
    "  \"\xc3\x9c\": {\"States\": {\"B\": {\"Next\": 5}}}}}";

static void assert_place(const char *location, const char *text,
                         const char *pointer, bool exact) {
    struct wf_doc *doc = wf_doc_trusted(wf_str(definition));
    struct wf_place place;
    struct wf_str found;

    wf_locate(doc, wf_str(location), &place);
    found = wf_value_text(place.value);
    if (text != NULL && !wf_str_eq(found, wf_str(text)))
        fail_msg("%s: found %.*s", location, (int)found.len, found.data);
    wf_buf_u8(&place.pointer, 0);
    assert_string_equal(place.pointer.data, pointer);
    assert_int_equal(place.is_exact, exact);
    wf_place_deinit(&place);
    wf_doc_unref(doc);
}

static void finds_what_a_location_names(void **state) {
    (void)state;
    assert_place("/", NULL, "", true);
    assert_place("", NULL, "", true);
    assert_place("/StartAt", "\"A\"", "/StartAt", true);
    assert_place("/States/A/Choices[1]/Next", "\"Y\"",
                 "/States/A/Choices/1/Next", true);
    assert_place("/States/a/b/Next", "1", "/States/a~1b/Next", true);
    assert_place("/States/a/b", "{\"Next\": 1}", "/States/a~1b", true);
    assert_place("/States/c[0]/Next", "3", "/States/c[0]/Next", true);
    assert_place("/States/~[0]", "4", "/States/~0/0", true);
    assert_place("/States/\xc3\x9c/States/B/Next", "5",
                 "/States/\xc3\x9c/States/B/Next", true);
}

static void finds_the_nearest_thing(void **state) {
    (void)state;
    assert_place("/States/A/Nothing", NULL, "/States/A", false);
    assert_place("/States/A/Choices[7]/Next", NULL, "/States/A/Choices",
                 false);
    assert_place("/States/A/Choices[99999999999999999999]", NULL,
                 "/States/A/Choices", false);
    assert_place("/States/A/Choices[x]", NULL, "/States/A/Choices", false);
    assert_place("/States/A/Choices[0", NULL, "/States/A/Choices", false);
    assert_place("nonsense", NULL, "", false);
    assert_place("[Source: (String)\"x\"; line: 1]", NULL, "", false);
}

/* Names made so that each of them could be the way: this must end. */
static void ends_on_ambiguous_names(void **state) {
    struct wf_buf text = {0}, location = {0};
    struct wf_doc *doc;
    struct wf_place place;

    (void)state;
    for (int i = 0; i < 40; i++) {
        wf_buf_adds(&text, "{\"a\":1,\"a\":");
        wf_buf_adds(&location, "/a");
    }
    wf_buf_adds(&text, "0");
    for (int i = 0; i < 40; i++)
        wf_buf_adds(&text, ",\"a\":{\"a\":{\"a\":{}}}}");
    wf_buf_adds(&location, "/b");
    doc = wf_doc_trusted((struct wf_str){text.data, text.len});
    wf_locate(doc, (struct wf_str){location.data, location.len}, &place);
    assert_false(place.is_exact);
    wf_place_deinit(&place);
    wf_doc_unref(doc);
    wf_buf_free(&text);
    wf_buf_free(&location);
}

static void counts_lines_and_characters(void **state) {
    static const char text[] = "a\n\xc3\x9c" "b\n";
    size_t line, column;

    (void)state;
    wf_line_of(wf_str(text), 0, &line, &column);
    assert_true(line == 1 && column == 1);
    wf_line_of(wf_str(text), 4, &line, &column);
    assert_true(line == 2 && column == 2);
    wf_line_of(wf_str(text), 99, &line, &column);
    assert_true(line == 3 && column == 1);
}

/* ---- hints ---- */

static void assert_hint(const char *text, const char *code,
                        const char *message, const char *location,
                        const char *hint) {
    struct wf_doc *doc = wf_doc_trusted(wf_str(text));
    struct wf_place place;
    struct wf_buf out = {0};
    bool found;

    wf_locate(doc, wf_str(location), &place);
    found = wf_hint(wf_str(code), wf_str(message), &place, &out);
    wf_buf_u8(&out, 0);
    assert_string_equal(out.data, hint);
    assert_int_equal(found, hint[0] != '\0');
    wf_buf_free(&out);
    wf_place_deinit(&place);
    wf_doc_unref(doc);
}

#define MISSING "MISSING_TRANSITION_TARGET"
#define SCHEMA "SCHEMA_VALIDATION_FAILED"

static void says_what_was_meant(void **state) {
    (void)state;
    assert_hint("{\"States\":{\"Pack\":{\"Next\":\"Shp\"},\"Ship\":{}}}",
                MISSING, "Missing 'Next' target: Shp", "/States/Pack/Next",
                "did you mean \"Ship\"?");
    assert_hint("{\"States\":{\"A\":{\"Branches\":[{\"States\":{\"Pick\":"
                "{\"Next\":\"Pack\"},\"Other\":{}}}]},\"Pack\":{}}}",
                MISSING, "Missing 'Next' target: Pack",
                "/States/A/Branches[0]/States/Pick/Next",
                "did you mean \"Pick\"?");
    assert_hint("{\"States\":{\"A\":{\"Next\":\"Zzzz\"},\"B\":{}}}", MISSING,
                "Missing 'Next' target: Zzzz", "/States/A/Next",
                "transitions stay among the states beside it: A, B");
    assert_hint("{\"StartAt\":\"x\",\"States\":{\"A\":{}}}", MISSING,
                "Missing 'Next' target: x", "/StartAt",
                "transitions stay among the states beside it: A");
    assert_hint("{\"States\":{\"A\":{}}}", MISSING,
                "State \"A\" is not reachable.", "/States/A",
                "let another state lead to it, or remove it");
    assert_hint("{\"Type\":\"Tsk\"}", SCHEMA,
                "The field 'Type' should have one of these values: [Pass, "
                "Task]", "/Type", "did you mean \"Task\"?");
    assert_hint("{\"Nxt\":1}", SCHEMA, "Field 'Nxt' is not supported", "/",
                "did you mean \"Next\"?");
    assert_hint("{\"Retry\":1}", SCHEMA, "Field 'Retry' is not supported",
                "/", "Retry belongs to other types of states, or to another "
                "QueryLanguage");
    assert_hint("{\"Output\":1}", SCHEMA, "The QueryLanguage is set to "
                "'JSONPath', but field 'Output' is only supported for the "
                "'JSONata' QueryLanguage", "/", "give the state the other "
                "\"QueryLanguage\", or leave the field out");
    assert_hint("{}", SCHEMA, "Field 'Unheard' is not supported", "/", "");
    assert_hint("{}", SCHEMA, "something else", "/", "");
    assert_hint("{}", "MOONSTEP_UNKNOWN_ERROR",
                "There is no error 'States.Timout'", "/",
                "did you mean \"States.Timeout\"?");
    assert_hint("{}", "MOONSTEP_UNKNOWN_ERROR",
                "There is no error 'States.Whatever'", "/", "");
    assert_hint("{}", "MISSING_END_STATE",
                "Workflow has no terminal state", "/",
                "give the last state \"End\": true, or let it lead to a "
                "Succeed or Fail state");
}

/* ---- findings ---- */

struct checker {
    struct wf_clock clock;
    struct wf_script *script;
};

static int set_up(void **state) {
    struct checker *checker = wf_calloc(1, sizeof(*checker));
    struct wf_script_options options = {.clock = &checker->clock};
    struct wf_error err;

    wf_clock_init_real(&checker->clock);
    if (wf_script_new(&options, &checker->script, &err) != 0)
        fail_msg("%s", err.message);
    *state = checker;
    return 0;
}

static int tear_down(void **state) {
    struct checker *checker = *state;

    wf_script_free(checker->script);
    free(checker);
    return 0;
}

static void places_are_of_the_file(void **state) {
    struct checker *checker = *state;
    struct wf_findings findings = {0};
    static const char text[] =
        "\n\t {\"StartAt\": \"A\",\n"
        "  \"States\": {\"A\": {\"Type\": \"Pass\", \"Next\": \"B\"}}}\n";
    const struct wf_finding *first;

    wf_findings_make(&findings, checker->script, wf_str(text), NULL, false);
    assert_true(findings.count > 0 && findings.errors == findings.count);
    first = &findings.list[findings.count - 1];
    assert_string_equal(first->code, "MISSING_TRANSITION_TARGET");
    assert_string_equal(first->pointer, "/States/A/Next");
    assert_int_equal(first->line, 3);
    assert_int_equal(first->column, 44);
    assert_memory_equal(text + first->offset, "\"B\"", 3);
    wf_findings_deinit(&findings);
}

/* Whatever the text is, what is said of it can be shown. */
static void any_text_can_be_shown(void **state) {
    static const char *const texts[] = {
        "", " ", "\n\n", "{", "[", "\"", "nul", "1", "[]", "{}",
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\"",
        "{\"StartAt\":1,\"States\":2}", "\xff\xfe", "{\"a\":\x01}",
        "{\"States\":{\"\":{}},\"StartAt\":\"\"}",
        "{\"StartAt\":\"A\",\"States\":{\"A\":[]}}",
    };
    struct checker *checker = *state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct wf_findings findings = {0};
        struct wf_buf out = {0};
        struct wf_error err;
        struct wf_doc *doc;

        wf_findings_make(&findings, checker->script, wf_str(texts[i]),
                         &WF_PROFILE_AWS, true);
        assert_true(findings.errors > 0);
        for (size_t k = 0; k < findings.count; k++)
            wf_finding_show(&findings, k, "f", k % 2 == 0, i * 20, &out);
        out.len = 0;
        wf_findings_json(&findings, "f", &out);
        doc = wf_doc_parse((struct wf_str){out.data, out.len}, NULL, &err);
        if (doc == NULL)
            fail_msg("%s: %s", texts[i], err.message);
        wf_doc_unref(doc);
        wf_buf_free(&out);
        wf_findings_deinit(&findings);
    }
}

/* A minified file is one line: the part around the place is shown. */
static void long_lines_are_cut(void **state) {
    struct checker *checker = *state;
    struct wf_findings findings = {0};
    struct wf_buf text = {0}, out = {0};

    wf_buf_adds(&text, "{\"StartAt\":\"A\",\"Comment\":\"");
    for (int i = 0; i < 1000; i++)
        wf_buf_adds(&text, "\xc3\x9c");
    wf_buf_adds(&text, "\",\"States\":{\"A\":{\"Type\":\"Pass\","
                       "\"Next\":\"Nowhere\"}}}");
    wf_findings_make(&findings, checker->script,
                     (struct wf_str){text.data, text.len}, NULL, false);
    wf_finding_show(&findings, findings.count - 1, "f", false, 80, &out);
    wf_buf_u8(&out, 0);
    assert_non_null(strstr(out.data, "     1 | …"));
    assert_non_null(strstr(out.data, "\"Next\":\"Nowhere\""));
    assert_non_null(strstr(out.data, " ^^^^^^^^^\n"));
    assert_true(out.len < 800);
    wf_findings_deinit(&findings);
    wf_buf_free(&text);
    wf_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_a_location_names),
        cmocka_unit_test(finds_the_nearest_thing),
        cmocka_unit_test(ends_on_ambiguous_names),
        cmocka_unit_test(counts_lines_and_characters),
        cmocka_unit_test(says_what_was_meant),
        cmocka_unit_test_setup_teardown(places_are_of_the_file, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(any_text_can_be_shown, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(long_lines_are_cut, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
