/* test_doc.c - payload documents: checking, finding, putting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "doc.h"
#include "random_doc.h"

static struct wf_doc *parse(const char *text) {
    struct wf_error err = {0};
    struct wf_doc *doc = wf_doc_parse(wf_str(text), NULL, &err);
    if (!doc)
        fail_msg("%s: %s", text, err.message);
    return doc;
}

static struct wf_value root(struct wf_doc *doc) {
    return (struct wf_value){doc, 0};
}

static void assert_text(struct wf_str text, const char *want) {
    if (!wf_str_eq(text, wf_str(want)))
        fail_msg("got %.*s, want %s", (int)text.len, text.data, want);
}

/* A path of names and indices: "a.0.b", negative from the end. */
static struct wf_path *path_of(const char *steps) {
    struct wf_path *path = wf_path_new();
    while (*steps) {
        size_t len = strcspn(steps, ".");
        char *end;
        long index = strtol(steps, &end, 10);
        if (len && end == steps + len)
            wf_path_index(path, index);
        else
            wf_path_name(path, (struct wf_str){steps, len});
        steps += len + (steps[len] == '.');
    }
    return path;
}

static void check_find(const char *text, const char *steps,
                       const char *want) {
    struct wf_doc *doc = parse(text);
    struct wf_path *path = path_of(steps);
    struct wf_value found;

    if (!wf_path_find(path, root(doc), &found)) {
        if (want)
            fail_msg("%s: nothing at %s", text, steps);
    } else {
        if (!want)
            fail_msg("%s: something at %s", text, steps);
        assert_text(wf_value_text(found), want);
    }
    wf_path_free(path);
    wf_doc_unref(doc);
}

static void check_put(const char *text, const char *steps, const char *value,
                      const char *want) {
    struct wf_doc *doc = parse(text), *put = parse(value);
    struct wf_path *path = path_of(steps);
    struct wf_doc *result = wf_path_put(path, root(doc), root(put));

    if (!want)
        assert_null(result);
    else if (!result)
        fail_msg("%s: can't put at %s", text, steps);
    else
        assert_text(wf_doc_text(result), want);
    wf_path_free(path);
    wf_doc_unref(result);
    wf_doc_unref(put);
    wf_doc_unref(doc);
}

static void test_valid_text_is_kept(void **state) {
    (void)state;
    static const char *const texts[] = {
        "[]", "{}", "null", "true", "false", "0", "-0", "1.0", "1e400",
        "1E-5", "\"\"", "\"\\u0000\"", "\"\\uD83D\\uDE00\"", "\"\\ud800\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "{\"a\":1,\"a\":2}",
        "[[[[]]]]", "{\"\":{\"\":[]}}", "[ 1 , 2\n]", "{ \"a\" : [ ] }",
        "1234567890123456789012345678901234567890", "9223372036854775807",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"",
        "\"\x7f\"",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct wf_doc *doc = parse(texts[i]);
        assert_text(wf_doc_text(doc), texts[i]);
        assert_text(wf_value_text(root(doc)), texts[i]);
        wf_doc_unref(doc);
    }
}

static void test_blanks_around_are_dropped(void **state) {
    (void)state;
    struct wf_doc *doc = parse(" \t\r\n[ 1 ]\n ");
    assert_text(wf_doc_text(doc), "[ 1 ]");
    assert_int_equal(doc->text[doc->len], 0);
    assert_int_equal(doc->nodes[0].start, 0);
    assert_int_equal(doc->nodes[0].end, doc->len);
    wf_doc_unref(doc);
    doc = wf_doc_trusted(WF_STR(" 12 \n"));
    assert_text(wf_value_text(root(doc)), "12");
    wf_doc_unref(doc);
}

static void check_error(const char *text, size_t len, const char *want) {
    struct wf_error err = {0};
    struct wf_buf buf = {0};

    assert_null(wf_doc_parse((struct wf_str){text, len}, NULL, &err));
    assert_int_equal(err.code, WF_E_INVALID);
    assert_string_equal(err.message, want);
    wf_buf_add(&buf, text, len);
    memset(&err, 0, sizeof(err));
    assert_null(wf_doc_parse_buf(&buf, NULL, &err));
    assert_null(buf.data);
    assert_string_equal(err.message, want);
}

static void test_errors_say_where_and_what(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "line 1, column 1: expected a value, but the text ends"},
        {" \n ", "line 2, column 2: expected a value, but the text ends"},
        {"[", "line 1, column 2: expected a value or ']', but the text ends"},
        {"[1,]", "line 1, column 4: expected a value, but found ']'"},
        {"[1 2]", "line 1, column 4: expected ',' or ']', but found '2'"},
        {"\n\n {a:1}", "line 3, column 3: expected a string (a member's "
                       "name) or '}', but found 'a'"},
        {"{\"a\":1,}", "line 1, column 8: expected a string (a member's "
                       "name), but found '}'"},
        {"{\"a\" 1}", "line 1, column 6: expected ':' behind a member's "
                      "name, but found '1'"},
        {"{\"a\":1]", "line 1, column 7: expected ',' or '}', but found ']'"},
        {"{\"a\":}", "line 1, column 6: expected a value, but found '}'"},
        {"nul", "line 1, column 1: expected a value, but found 'n'"},
        {"NaN", "line 1, column 1: expected a value, but found 'N'"},
        {"'a'", "line 1, column 1: expected a value, but found '''"},
        {"truex", "line 1, column 5: expected the end of the text, but "
                  "found 'x'"},
        {"01", "line 1, column 2: expected the end of the text, but found "
               "'1'"},
        {"+1", "line 1, column 1: expected a value, but found '+'"},
        {".5", "line 1, column 1: expected a value, but found '.'"},
        {"-", "line 1, column 2: expected a digit, but the text ends"},
        {"[1.]", "line 1, column 4: expected a digit behind the '.', but "
                 "found ']'"},
        {"1e+", "line 1, column 4: expected a digit in the exponent, but the "
                "text ends"},
        {"[1] x", "line 1, column 5: expected the end of the text, but found "
                  "'x'"},
        {"\"abc", "line 1, column 5: expected '\"' that ends the string, but "
                  "the text ends"},
        {"\"a\nb\"", "line 1, column 3: expected an escape such as \\n "
                     "instead of a control character, but found byte 0x0A"},
        {"\"\\x41\"", "line 1, column 3: expected one of \" \\ / b f n r t u "
                      "behind '\\', but found 'x'"},
        {"\"\\u12g4\"", "line 1, column 6: expected four hexadecimal digits "
                        "behind '\\u', but found 'g'"},
        {"[\"\xc3\xa9\xc3\xa9\",\xc3\xa9]",
         "line 1, column 7: expected a value, but found '\xc3\xa9'"},
        {"\xef\xbb\xbf[]",
         "line 1, column 1: expected a value, but found '\xef\xbb\xbf'"},
        {"[1, // no\n2]", "line 1, column 5: expected a value, but found "
                          "'/'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        check_error(cases[i][0], strlen(cases[i][0]), cases[i][1]);
    check_error("[1\0]", 4, "line 1, column 3: expected ',' or ']', but "
                            "found byte 0x00");
    check_error("\"a\0b\"", 5,
                "line 1, column 3: expected an escape such as \\n instead of "
                "a control character, but found byte 0x00");
}

static void test_bad_utf8_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\xc3\x28",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct wf_buf buf = {0};
        struct wf_error err = {0};
        assert_false(wf_utf8_valid(wf_str(bad[i])));
        wf_buf_addf(&buf, "[\"0123456789012345\",\"%s\"]", bad[i]);
        assert_null(wf_doc_parse_buf(&buf, NULL, &err));
        assert_non_null(strstr(err.message,
                               "line 1, column 22: expected well-formed"));
    }
    assert_true(wf_utf8_valid(WF_STR("12345678\xf4\x8f\xbf\xbf")));
}

static struct wf_buf nested(unsigned depth) {
    struct wf_buf buf = {0};
    for (unsigned i = 0; i < depth; i++)
        wf_buf_u8(&buf, '[');
    for (unsigned i = 0; i < depth; i++)
        wf_buf_u8(&buf, ']');
    return buf;
}

static void test_limits(void **state) {
    (void)state;
    struct wf_doc_limits small = {.max_bytes = 8, .max_depth = 3};
    struct wf_error err = {0};
    struct wf_buf at_limit = nested(512), over = nested(513);
    struct wf_doc *doc = wf_doc_parse_buf(&at_limit, NULL, &err);

    assert_non_null(doc);
    assert_int_equal(doc->node_count, 512);
    wf_doc_unref(doc);
    assert_null(wf_doc_parse_buf(&over, NULL, &err));
    assert_int_equal(err.code, WF_E_LIMIT);
    assert_string_equal(err.message, "line 1, column 513: nested deeper than "
                                     "the limit of 512 levels");
    assert_null(wf_doc_parse(WF_STR("[[[[]]]]"), &small, &err));
    assert_int_equal(err.code, WF_E_LIMIT);
    doc = wf_doc_parse(WF_STR("[[[1,1]]"), &small, &err);
    assert_null(doc);
    assert_int_equal(err.code, WF_E_INVALID);
    doc = wf_doc_parse(WF_STR("[[[1]],1"), &small, &err);
    assert_null(doc);
    doc = wf_doc_parse(WF_STR("[[[]],1]"), &small, &err);
    assert_non_null(doc);
    wf_doc_unref(doc);
    assert_null(wf_doc_parse(WF_STR("123456789"), &small, &err));
    assert_int_equal(err.code, WF_E_LIMIT);
    assert_string_equal(err.message, "the document has 9 bytes, more than "
                                     "the limit of 8");
}

static void test_trusted_is_indexed_when_asked(void **state) {
    (void)state;
    struct wf_buf deep = nested(100000);
    struct wf_doc *doc = wf_doc_trusted_buf(&deep);

    assert_null(deep.data);
    assert_int_equal(doc->node_count, 0);
    assert_int_equal(wf_value_type(root(doc)), WF_JSON_ARRAY);
    assert_int_equal(doc->node_count, 100000);
    assert_true(wf_value_equal(root(doc), root(doc)));
    wf_doc_unref(doc);
}

static void test_corrupt_trusted_text_is_null_inside(void **state) {
    (void)state;
    static const char *const texts[] = {"", "[1,", "{\"a\":", "\"", "\xff",
                                        "nope"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct wf_doc *doc = wf_doc_trusted(wf_str(texts[i]));
        struct wf_value found;
        assert_int_equal(wf_value_type(root(doc)), WF_JSON_NULL);
        assert_int_equal(doc->node_count, 1);
        assert_false(wf_value_member(root(doc), WF_STR("a"), &found));
        assert_false(wf_value_element(root(doc), 0, &found));
        wf_doc_unref(doc);
    }
}

static void test_find(void **state) {
    (void)state;
    const char *text = "{ \"a\" : [ 1.0, {\"b\" : null } ] , \"\" : 7, "
                       "\"a b\":{\"c\":[ ]},\"\\u00e9\\n\":-0}";
    check_find(text, "", text);
    check_find(text, "a", "[ 1.0, {\"b\" : null } ]");
    check_find(text, "a.0", "1.0");
    check_find(text, "a.-1.b", "null");
    check_find(text, "a.-2", "1.0");
    check_find(text, "a b.c", "[ ]");
    check_find(text, "\xc3\xa9\n", "-0");
    check_find(text, "a.2", NULL);
    check_find(text, "a.-3", NULL);
    check_find(text, "a.b", NULL);
    check_find(text, "a.0.b", NULL);
    check_find(text, "0", NULL);
    check_find(text, "A", NULL);
    check_find("{\"a\":1,\"b\":2,\"\\u0061\":3}", "a", "3");
    check_find("{\"\\ud83d\\ude00\":1}", "\xf0\x9f\x98\x80", "1");
    check_find("{\"\\ud83d\":1}", "\xef\xbf\xbd", "1");
    check_find("5", "a", NULL);
}

/* Names are compared with those of the element before. */
static void test_similar_elements(void **state) {
    static const char text[] =
        "[{\"a\":1,\"sixteen bytes or so\":{\"x\":[1,{\"y\":2}]},\"e\\n\":3},"
        "{\"a\":4,\"sixteen bytes or so\":{\"x\":[5,{\"y\":6}]},\"e\\n\":7},"
        "{\"a\":8,\"sixteen bytes or sO\":{\"xx\":[9,{\"z\":10}]},\"e\":11},"
        "{\"ab\":12,\"a\" : 13,\"sixteen bytes or so\":14},[],{},{\"a\":15}]";
    (void)state;
    check_find(text, "1.a", "4");
    check_find(text, "1.sixteen bytes or so.x.1.y", "6");
    check_find(text, "1.e\n", "7");
    check_find(text, "2.sixteen bytes or so", NULL);
    check_find(text, "2.sixteen bytes or sO.xx.1.z", "10");
    check_find(text, "2.e", "11");
    check_find(text, "2.e\n", NULL);
    check_find(text, "3.ab", "12");
    check_find(text, "3.a", "13");
    check_find(text, "3.sixteen bytes or so", "14");
    check_find(text, "-1.a", "15");
}

static void test_next_element(void **state) {
    (void)state;
    const char *texts[] = {"[1,[2,3],{\"a\":4},\"5\"]", "[]", "[[]]"};
    size_t counts[] = {4, 0, 1};
    for (size_t i = 0; i < 3; i++) {
        struct wf_doc *doc = wf_doc_parse(wf_str(texts[i]), NULL, NULL);
        struct wf_value element = {0}, same;
        size_t count = 0;
        while (wf_value_next_element(root(doc), &element)) {
            assert_true(wf_value_element(root(doc), (int64_t)count++, &same));
            assert_int_equal(element.node, same.node);
        }
        assert_int_equal(count, counts[i]);
        wf_doc_unref(doc);
    }
}

static void test_put(void **state) {
    (void)state;
    check_put("{ \"a\" : 1 , \"b\":2.0 }", "a", "[ ]",
              "{ \"a\" : [ ] , \"b\":2.0 }");
    check_put("{ \"a\" : 1 }", "", " 5 ", "5");
    check_put("{}", "x", "1", "{\"x\":1}");
    check_put("{ }", "x", "1", "{\"x\":1 }");
    check_put("{ \"a\" : 1 }", "x", "{}", "{ \"a\" : 1,\"x\":{} }");
    check_put("{\"a\":{}}", "a.b.c", "1", "{\"a\":{\"b\":{\"c\":1}}}");
    check_put("{\"a\":[1,{\"b\":2}]}", "a.1.b", "3",
              "{\"a\":[1,{\"b\":3}]}");
    check_put("{\"a\":[1,2]}", "a.-1", "3", "{\"a\":[1,3]}");
    check_put("{\"a\":1,\"a\":2}", "a", "3", "{\"a\":1,\"a\":3}");
    check_put("{}", "q\"\\", "1", "{\"q\\\"\\\\\":1}");
    check_put("{\"a\":[1,2]}", "a.2", "3", NULL);
    check_put("{\"a\":[1,2]}", "a.b", "3", NULL);
    check_put("{\"a\":1}", "a.b", "3", NULL);
    check_put("{\"a\":null}", "a.b", "3", NULL);
    check_put("{}", "a.0", "3", NULL);
    check_put("[1]", "a", "3", NULL);
    check_put("7", "a", "3", NULL);
}

static void test_values_as_documents(void **state) {
    (void)state;
    struct wf_doc *doc = parse("[0, {\"a\" : [1,2]} ,3]");
    struct wf_value inner;
    assert_true(wf_value_element(root(doc), 1, &inner));
    struct wf_doc *copy = wf_value_doc(inner), *same = wf_value_doc(root(doc));
    assert_ptr_equal(same, doc);
    assert_int_equal(doc->refs, 2);
    wf_doc_unref(same);
    wf_doc_unref(doc);
    assert_text(wf_doc_text(copy), "{\"a\" : [1,2]}");
    assert_int_equal(copy->node_count, 5);
    struct wf_value found;
    assert_true(wf_value_member(root(copy), WF_STR("a"), &found));
    assert_true(wf_value_element(found, -1, &found));
    assert_text(wf_value_text(found), "2");
    wf_doc_unref(copy);
}

static void test_put_below_a_value(void **state) {
    (void)state;
    struct wf_doc *doc = parse("[0, {\"a\" : [1,2]} ,3]");
    struct wf_path *path = path_of("a.0");
    struct wf_value inner;
    assert_true(wf_value_element(root(doc), 1, &inner));
    struct wf_doc *put = wf_path_put(path, inner, root(doc));
    assert_text(wf_doc_text(put),
                "{\"a\" : [[0, {\"a\" : [1,2]} ,3],2]}");
    wf_doc_unref(put);
    wf_path_free(path);
    wf_doc_unref(doc);
}

static void check_string(const char *text, const char *want, size_t len) {
    struct wf_doc *doc = parse(text);
    struct wf_buf out = {0};
    wf_value_string(root(doc), &out);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, want, len);
    assert_true(wf_utf8_valid((struct wf_str){out.data, out.len}));
    wf_buf_free(&out);
    wf_doc_unref(doc);
}

static void test_strings_are_unescaped(void **state) {
    (void)state;
    check_string("\"a\\u0000b\"", "a\0b", 3);
    check_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
    check_string("\"\\u00E9\\u20ac\"", "\xc3\xa9\xe2\x82\xac", 5);
    check_string("\"\\uD83D\\uDE00!\"", "\xf0\x9f\x98\x80!", 5);
    check_string("\"\\ud800\"", "\xef\xbf\xbd", 3);
    check_string("\"\\udc00\\ud800\\u0041\"",
                 "\xef\xbf\xbd\xef\xbf\xbd" "A", 7);
    check_string("\"\\ud800\\ud83d\\ude00\"",
                 "\xef\xbf\xbd\xf0\x9f\x98\x80", 7);
    check_string("\"\xc3\xa9\"", "\xc3\xa9", 2);
}

static void check_number(const char *text, double want) {
    struct wf_doc *doc = parse(text);
    double number = wf_value_number(root(doc));
    assert_memory_equal(&number, &want, sizeof(want));
    wf_doc_unref(doc);
}

static void test_numbers(void **state) {
    (void)state;
    check_number("0", 0);
    check_number("-0", -0.0);
    check_number("-17", -17);
    check_number("0.1", 0.1);
    check_number("19.99", 19.99);
    check_number("123456.789e3", 123456789);
    check_number("9007199254740993", 9007199254740992.0);
    check_number("0.3000000000000000444089209850062616169452667236328126",
                 0.30000000000000004);
    check_number("1e400", 1.0 / 0.0);
    check_number("-1e400", -1.0 / 0.0);
    check_number("1e-400", 0);
    check_number("5e-324", 5e-324);
    check_number("0.00000000000001", 1e-14);
}

static void check_integer(const char *text, bool is, int64_t want) {
    struct wf_doc *doc = parse(text);
    int64_t integer = 0;
    assert_int_equal(wf_value_integer(root(doc), &integer), is);
    assert_true(integer == want);
    wf_doc_unref(doc);
}

static void test_integers(void **state) {
    (void)state;
    check_integer("0", true, 0);
    check_integer("-0", true, 0);
    check_integer("9223372036854775807", true, INT64_MAX);
    check_integer("-9223372036854775808", true, INT64_MIN);
    check_integer("9223372036854775808", false, 0);
    check_integer("-9223372036854775809", false, 0);
    check_integer("1234567890123456789012345678901234567890", false, 0);
    check_integer("1.0", true, 1);
    check_integer("-2e3", true, -2000);
    check_integer("1.5", false, 0);
    check_integer("9007199254740991.4", false, 0);
    check_integer("1e400", false, 0);
    check_integer("\"1\"", false, 0);
}

static void check_equal(const char *a, const char *b, bool want) {
    struct wf_doc *x = parse(a), *y = parse(b);
    if (wf_value_equal(root(x), root(y)) != want ||
        wf_value_equal(root(y), root(x)) != want)
        fail_msg("%s and %s", a, b);
    wf_doc_unref(x);
    wf_doc_unref(y);
}

static void test_equality(void **state) {
    (void)state;
    check_equal("[1, 2]", "[1,2]", true);
    check_equal("[1,2]", "[2,1]", false);
    check_equal("[1,2]", "[1,2,3]", false);
    check_equal("{\"a\":1,\"b\":2}", "{ \"b\":2, \"a\":1.0 }", true);
    check_equal("{\"a\":1}", "{\"b\":1}", false);
    check_equal("{\"a\":1,\"a\":2}", "{\"a\":2}", true);
    check_equal("{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}", false);
    check_equal("{\"a\":1,\"a\":2}", "{\"a\":2,\"b\":2}", false);
    check_equal("\"\\u0061\"", "\"a\"", true);
    check_equal("\"\\u0061\\n\"", "\"a\\u000A\"", true);
    check_equal("\"a\"", "\"ab\"", false);
    check_equal("\"\\u0061\"", "\"\\u0061b\"", false);
    check_equal("1", "1.0", true);
    check_equal("100", "1e2", true);
    check_equal("0.001", "1E-3", true);
    check_equal("-0", "0.0", true);
    check_equal("0e5", "0", true);
    check_equal("-1", "1", false);
    check_equal("9007199254740993", "9007199254740992", false);
    check_equal("1e400", "10e399", true);
    check_equal("1e400", "1e401", false);
    check_equal("1e99999999999999999999", "1e-99999999999999999999", false);
    check_equal("0.10", "0.1", true);
    check_equal("12345678901234567890123", "12345678901234567890123.000",
                true);
    check_equal("null", "false", false);
    check_equal("true", "false", false);
    check_equal("[]", "{}", false);
    check_equal("0", "\"0\"", false);
}

static void test_equality_of_large_objects(void **state) {
    (void)state;
    struct wf_buf up = {0}, down = {0};
    const int n = 20000;
    for (int i = 0; i < n; i++) {
        wf_buf_addf(&up, "%c\"key%d\":%d", i ? ',' : '{', i, i);
        wf_buf_addf(&down, "%c\"key%d\":%d", i ? ',' : '{', n - 1 - i,
                    n - 1 - i);
    }
    wf_buf_u8(&up, '}');
    wf_buf_u8(&down, '}');
    struct wf_doc *a = wf_doc_parse_buf(&up, NULL, NULL);
    struct wf_doc *b = wf_doc_parse_buf(&down, NULL, NULL);
    assert_true(wf_value_equal(root(a), root(b)));
    wf_doc_unref(a);
    wf_doc_unref(b);
}

static void test_numbers_are_written_short(void **state) {
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        {0, "0"}, {-0.0, "0"}, {-1, "-1"}, {0.1, "0.1"},
        {1e15, "1000000000000000"},
        {9007199254740992.0, "9007199254740992"},
        {-9007199254740992.0, "-9007199254740992"}, {1e300, "1e+300"},
        {1.0 / 3, "0.3333333333333333"}, {5e-324, "4.94065645841247e-324"},
        {0.1 + 0.2, "0.30000000000000004"}, {19.99, "19.99"},
        {-0.05, "-0.05"}, {0.0001, "0.0001"}, {1e-5, "1e-05"},
        {100.5, "100.5"}, {123456.789012345, "123456.789012345"},
        {999999999999999.9, "999999999999999.9"}, {1e22, "1e+22"},
        {0.000123456789, "0.000123456789"}, {-12.000000001, "-12.000000001"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct wf_buf out = {0};
        wf_buf_number(&out, cases[i].number);
        assert_text((struct wf_str){out.data, out.len}, cases[i].text);
        wf_buf_free(&out);
    }
}

static void assert_same_nodes(const struct wf_doc *a,
                              const struct wf_doc *b) {
    assert_int_equal(a->node_count, b->node_count);
    for (uint32_t i = 0; i < a->node_count; i++) {
        assert_int_equal(a->nodes[i].start, b->nodes[i].start);
        assert_int_equal(a->nodes[i].end, b->nodes[i].end);
        assert_int_equal(a->nodes[i].next, b->nodes[i].next);
        assert_int_equal(a->nodes[i].count, b->nodes[i].count);
        assert_int_equal(a->nodes[i].type, b->nodes[i].type);
    }
}

/* Text of random numbers reads back as the same number, and is no longer
 * than printf's, an exponent apart. */
static void test_random_numbers(void **state) {
    (void)state;
    struct random_doc r = {.seed = 42};
    for (int i = 0; i < 20000; i++) {
        double places = (double[]){1, 10, 100, 1000, 1e6, 1e9, 7, 1e20}
            [random_below(&r, 8)];
        double number = (double)(int64_t)(r.seed >> (1 + i % 60)) / places;
        struct wf_buf out = {0};
        char want[32];
        wf_buf_number(&out, i % 2 ? number : -number);
        wf_buf_u8(&out, 0);
        snprintf(want, sizeof(want), "%.17g", number);
        if (strtod(out.data, NULL) != (i % 2 ? number : -number) ||
            out.len > strlen(want) + 6)
            fail_msg("%s is written as %s", want, out.data);
        wf_buf_free(&out);
    }
}

/* Each value of a random document, parsed alone, is the same value; put
 * back where it was, it changes nothing. */
static void check_each_value(struct wf_doc *doc, struct wf_value value,
                             struct wf_path *path) {
    struct wf_doc *alone = wf_doc_parse(wf_value_text(value), NULL, NULL);
    struct wf_doc *part = wf_value_doc(value);
    struct wf_doc *put = wf_path_put(path, root(doc), value);

    assert_non_null(alone);
    assert_true(wf_value_equal(value, root(alone)));
    assert_same_nodes(part, alone);
    assert_true(wf_str_eq(wf_doc_text(put), wf_doc_text(doc)));
    wf_doc_unref(put);
    wf_doc_unref(part);
    wf_doc_unref(alone);
}

static void test_random_documents(void **state) {
    (void)state;
    struct random_doc r = {0};
    for (uint64_t seed = 1; seed <= 500; seed++) {
        struct wf_error err = {0};
        struct wf_doc *doc = wf_doc_parse(random_doc(&r, seed), NULL, &err);
        if (!doc) {
            fail_msg("seed %llu: %s", (unsigned long long)seed, err.message);
            return; /* (for the analyzer) */
        }
        struct wf_value v, top = root(doc);
        struct wf_path *path = wf_path_new();
        check_each_value(doc, top, path);
        for (int64_t i = 0; wf_value_element(top, i, &v) && i < 10; i++) {
            wf_path_free(path);
            path = wf_path_new();
            wf_path_index(path, i);
            check_each_value(doc, v, path);
        }
        for (uint32_t at = 1; wf_value_type(top) == WF_JSON_OBJECT &&
                              at < doc->nodes[0].next;
             at = doc->nodes[at + 1].next) {
            struct wf_buf name = {0};
            wf_value_string((struct wf_value){doc, at}, &name);
            wf_path_free(path);
            path = wf_path_new();
            wf_path_name(path, (struct wf_str){name.data, name.len});
            assert_true(wf_path_find(path, top, &v));
            check_each_value(doc, v, path);
            wf_buf_free(&name);
        }
        wf_path_free(path);
        wf_doc_unref(doc);
    }
    wf_buf_free(&r.out);
}

/* Cutting a document anywhere gives an error, never a crash. */
static void test_truncated_documents(void **state) {
    (void)state;
    struct random_doc r = {0};
    for (uint64_t seed = 1000; seed < 1040; seed++) {
        struct wf_str text = random_doc(&r, seed);
        if (text.data[0] != '{' && text.data[0] != '[')
            continue;
        for (size_t len = 0; len < text.len; len++) {
            struct wf_error err = {0};
            char *exact = wf_malloc(len);
            memcpy(exact, text.data, len);
            assert_null(wf_doc_parse((struct wf_str){exact, len}, NULL,
                                     &err));
            assert_int_equal(err.code, WF_E_INVALID);
            free(exact);
        }
    }
    wf_buf_free(&r.out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_text_is_kept),
        cmocka_unit_test(test_blanks_around_are_dropped),
        cmocka_unit_test(test_errors_say_where_and_what),
        cmocka_unit_test(test_bad_utf8_is_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_trusted_is_indexed_when_asked),
        cmocka_unit_test(test_corrupt_trusted_text_is_null_inside),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_similar_elements),
        cmocka_unit_test(test_next_element),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_values_as_documents),
        cmocka_unit_test(test_put_below_a_value),
        cmocka_unit_test(test_strings_are_unescaped),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_equality),
        cmocka_unit_test(test_equality_of_large_objects),
        cmocka_unit_test(test_numbers_are_written_short),
        cmocka_unit_test(test_random_numbers),
        cmocka_unit_test(test_random_documents),
        cmocka_unit_test(test_truncated_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
