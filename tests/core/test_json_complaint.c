/* test_json_complaint.c - the words for what is not JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "doc.h"
#include "json_complaint.h"

#define VALUES \
    "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

static void assert_complaint(const char *text, const char *message,
                             unsigned line, unsigned column) {
    struct wf_json_complaint complaint;
    char place[64];
    assert_true(wf_json_complain(wf_str(text), &complaint));
    wf_buf_u8(&complaint.message, 0);
    wf_buf_u8(&complaint.source, 0);
    assert_string_equal(complaint.message.data, message);
    snprintf(place, sizeof(place), "; line: %u, column: %u]", line, column);
    assert_non_null(strstr(complaint.source.data, place));
    assert_non_null(strstr(complaint.source.data, text));
    wf_json_complaint_free(&complaint);
}

/* These were recorded from AWS. */
static void says_what_aws_says(void **state) {
    struct wf_json_complaint complaint;
    (void)state;
    assert_complaint("not a definition",
                     "Unrecognized token 'not': was expecting " VALUES, 1, 4);
    assert_complaint("{'not': 'json'",
                     "Unexpected character (''' (code 39)): was expecting "
                     "double-quote to start field name", 1, 3);
    assert_true(wf_json_complain(WF_STR("not a definition"), &complaint));
    wf_buf_u8(&complaint.source, 0);
    assert_string_equal(complaint.source.data,
                        "[Source: (String)\"not a definition\"; line: 1, "
                        "column: 4]");
    wf_json_complaint_free(&complaint);
}

static void finds_what_is_wrong(void **state) {
    (void)state;
    assert_complaint("{\"a\":1 \"b\":2}",
                     "Unexpected character ('\"' (code 34)): was expecting "
                     "comma to separate Object entries", 1, 9);
    assert_complaint("[1\n2]",
                     "Unexpected character ('2' (code 50)): was expecting "
                     "comma to separate Array entries", 2, 2);
    assert_complaint("{\"a\" 1}",
                     "Unexpected character ('1' (code 49)): was expecting a "
                     "colon to separate field name and value", 1, 7);
    assert_complaint("{\"a\":1,}",
                     "Unexpected character ('}' (code 125)): was expecting "
                     "double-quote to start field name", 1, 9);
    assert_complaint("[tru]", "Unrecognized token 'tru': was expecting " VALUES,
                     1, 5);
    assert_complaint("[,]", "Unexpected character (',' (code 44)): expected a "
                            "valid value " VALUES, 1, 3);
    assert_complaint("[-x]",
                     "Unexpected character ('x' (code 120)): Expected digit "
                     "(0-9) to follow minus sign, for valid numeric value",
                     1, 4);
    assert_complaint("01",
                     "Invalid numeric value: Leading zeroes not allowed", 1,
                     2);
    assert_complaint("\"a\\x\"",
                     "Unrecognized character escape 'x' (code 120)", 1, 5);
    assert_complaint("\"a\nb\"",
                     "Illegal unquoted character ((CTRL-CHAR, code 10)): has "
                     "to be escaped using backslash to be included in string "
                     "value", 2, 1);
    assert_complaint("[\xc3\xa9]", "Unrecognized token '\xc3\xa9': was "
                                   "expecting " VALUES, 1, 3);
}

static void finds_what_is_missing(void **state) {
    (void)state;
    assert_complaint("\"abc",
                     "Unexpected end-of-input: was expecting closing quote "
                     "for a string value", 1, 5);
    assert_complaint("{\"a\":[1,",
                     "Unexpected end-of-input: expected close marker for "
                     "Array (start marker at [Source: (String)\"{\"a\":[1,\"; "
                     "line: 1, column: 6])", 1, 9);
    assert_complaint("", "No content to map due to end-of-input", 1, 1);
}

static void cuts_long_texts(void **state) {
    struct wf_json_complaint complaint;
    struct wf_buf text = {0};
    (void)state;
    wf_buf_adds(&text, "[x");
    for (int i = 0; i < 300; i++)
        wf_buf_adds(&text, " \xc3\xa9");
    assert_true(wf_json_complain((struct wf_str){text.data, text.len},
                                 &complaint));
    wf_buf_u8(&complaint.source, 0);
    assert_non_null(strstr(complaint.source.data, "\"[truncated 402 chars]; "));
    wf_json_complaint_free(&complaint);
    wf_buf_free(&text);
}

/* Whatever doc.h takes has nothing wrong with it. */
static void leaves_json_alone(void **state) {
    static const char *const texts[] = {
        "{}", "[]", " [ 1 , -2.5e+3 , 0 ] ", "{\"a\":{\"b\":[null,true]}}",
        "\"\\u00e9\\n\\\"\"", "false", "{\"a\":\"\",\"b\":[[],{}]}"};
    struct wf_json_complaint complaint;
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct wf_doc *doc = wf_doc_parse(wf_str(texts[i]), NULL, NULL);
        assert_non_null(doc);
        assert_false(wf_json_complain(wf_str(texts[i]), &complaint));
        wf_json_complaint_free(&complaint);
        wf_doc_unref(doc);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_aws_says),
        cmocka_unit_test(finds_what_is_wrong),
        cmocka_unit_test(finds_what_is_missing),
        cmocka_unit_test(cuts_long_texts),
        cmocka_unit_test(leaves_json_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
