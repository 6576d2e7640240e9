/* Tests of the readers of items: what becomes of a text (CSV, JSON, JSONL),
 * whatever the batches, the positions between and the pieces it comes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "doc.h"
#include "item_reader.h"

/* Items as a JSON array; a member as [name, value]. */
static void add_batch(const struct wf_item_batch *batch, struct wf_buf *out) {
    for (size_t i = 0; i < batch->count; i++) {
        const struct wf_item *item = &batch->items[i];
        wf_buf_adds(out, out->len > 1 ? "," : "");
        if (item->key_len) {
            wf_buf_u8(out, '[');
            wf_buf_add(out, batch->text.data + item->key_start,
                       item->key_len);
            wf_buf_u8(out, ',');
        }
        wf_buf_addstr(out, wf_item_text(batch, i));
        wf_buf_adds(out, item->key_len ? "]" : "");
    }
}

/* Reads everything, `each` items at a time; `anew`: each batch by another
 * reader, from the last one's position. Returns the error's text or "". */
static const char *read_all(const struct wf_item_options *options,
                            size_t each, bool anew, struct wf_buf *out) {
    static struct wf_error err;
    struct wf_item_reader *reader = wf_item_reader_new(options);
    struct wf_item_batch batch = {0};
    uint64_t count = 0;
    int rc = 0;

    err = (struct wf_error){0};
    out->len = 0;
    wf_buf_u8(out, '[');
    while (rc == 0 && !batch.end) {
        if (anew && count) {
            struct wf_str position = {batch.position.data,
                                      batch.position.len};
            assert_int_equal(position.len, WF_ITEM_POSITION);
            wf_item_reader_free(reader);
            reader = wf_item_reader_new(options);
            rc = wf_item_reader_seek(reader, position, &err);
            if (rc != 0)
                break;
        }
        rc = wf_item_reader_next(reader, each, 1 << 20, &batch, &err);
        assert_int_equal(batch.first, count);
        count += batch.count;
        add_batch(&batch, out);
    }
    wf_buf_adds(out, "]");
    wf_buf_u8(out, '\0');
    wf_item_batch_free(&batch);
    wf_item_reader_free(reader);
    return err.message;
}

/* The items, read in all ways, are `expected`; or the error contains it. */
static void expect(struct wf_item_options options, const char *text,
                   const char *expected) {
    static const size_t sizes[] = {1, 2, 3, 1000};
    struct wf_buf out = {0};
    bool is_long = strlen(text) > 10000;

    options.dataset = WF_ITEM_TEXT;
    options.text = wf_str(text);
    for (size_t i = 0; i < 16; i++) {
        options.text_piece = is_long ? 0 : i / 8 * sizes[i % 3];
        const char *error = read_all(&options, sizes[i / 2 % 4], i % 2, &out);
        if (expected[0] != '[') {
            if (!strstr(error, expected))
                fail_msg("not \"%s\": \"%s\" %s", expected, error, out.data);
            continue;
        }
        assert_string_equal(error, "");
        assert_string_equal(out.data, expected);
    }
    wf_buf_free(&out);
}

static void csv(const char *text, const char *expected) {
    expect((struct wf_item_options){.input = WF_ITEM_INPUT_CSV}, text,
           expected);
}

/* What AWS recorded (conformance suite of its service). */
static void csv_as_recorded(void **state) {
    (void)state;
    static const char body[] = ",,,\ntrue,1,'HelloWorld'\nNull,None,\n   \n";
    static const struct wf_str given[] = {
        {"H1", 2}, {"H2", 2}, {"H3", 2}};
    static const struct wf_str twice[] = {
        {"H1", 2}, {"H1", 2}, {"H3", 2}};
    struct wf_item_options options = {.headers = given, .header_count = 3};
    char text[300];

    snprintf(text, sizeof(text), "Col1,Col2\nV1,V2\n%s", body);
    csv(text, "[{\"Col1\":\"V1\",\"Col2\":\"V2\"},{\"Col1\":\"\",\"Col2\":"
              "\"\"},{\"Col1\":\"true\",\"Col2\":\"1\"},{\"Col1\":\"Null\","
              "\"Col2\":\"None\"},{\"Col1\":\"   \",\"Col2\":\"\"}]");
    snprintf(text, sizeof(text), "H1,\nV4,V5,V6\n%s", body);
    csv(text, "[{\"H1\":\"V4\",\"\":\"V5\"},{\"H1\":\"\",\"\":\"\"},"
              "{\"H1\":\"true\",\"\":\"1\"},{\"H1\":\"Null\",\"\":\"None\"},"
              "{\"H1\":\"   \",\"\":\"\"}]");
    csv("0,True,{}\na,b,c\n",
        "[{\"0\":\"a\",\"True\":\"b\",\"{}\":\"c\"}]");
    expect(options, body,
           "[{\"H1\":\"\",\"H2\":\"\",\"H3\":\"\"},{\"H1\":\"true\",\"H2\":"
           "\"1\",\"H3\":\"'HelloWorld'\"},{\"H1\":\"Null\",\"H2\":\"None\","
           "\"H3\":\"\"},{\"H1\":\"   \",\"H2\":\"\",\"H3\":\"\"}]");
    options.headers = twice;
    expect(options, body, "CSV headers cannot contain duplicates.");
    csv("a,b,a\n1,2,3\n", "CSV headers cannot contain duplicates.");
    options = (struct wf_item_options){.max_items = 2};
    expect(options, "a\n1\n2\n3\n4\n", "[{\"a\":\"1\"},{\"a\":\"2\"}]");
}

static void csv_quotes(void **state) {
    (void)state;
    csv("a,b\n\"x,y\",\"1\n2\"\n", "[{\"a\":\"x,y\",\"b\":\"1\\n2\"}]");
    csv("a,b\n\"\",\"\"\"\"\n", "[{\"a\":\"\",\"b\":\"\\\"\"}]");
    csv("a\n\"say \"\"hi\"\"\"\n", "[{\"a\":\"say \\\"hi\\\"\"}]");
    csv("a,b\n{\"\"k\"\":\"\"v\"\"},\"[1,2]\"\n",
        "[{\"a\":\"{\\\"k\\\":\\\"v\\\"}\",\"b\":\"[1,2]\"}]");
    csv("a,b\nx\"y,z\"w,2\n", "[{\"a\":\"x\\\"y,z\\\"w\",\"b\":\"2\"}]");
    csv("\"a,1\",\"b\"\"2\"\n1,2\n", "[{\"a,1\":\"1\",\"b\\\"2\":\"2\"}]");
    csv("a\n\"\r\n\"\r\n", "[{\"a\":\"\\r\\n\"}]");
    csv("a\nx\n\"y\nz\n", "the data: line 3: the quotation mark at byte 4 is "
                          "not followed by another one");
}

static void csv_backslashes(void **state) {
    (void)state;
    csv("path,size\nC:\\\\Program Files\\\\MyApp.exe,6534512\n",
        "[{\"path\":\"C:\\\\Program Files\\\\MyApp.exe\",\"size\":"
        "\"6534512\"}]");
    csv("a,b\n1\\,2,3\n", "[{\"a\":\"1,2\",\"b\":\"3\"}]");
    csv("a,b\n\\x\\\"y\\\",3\\\n", "[{\"a\":\"x\\\"y\\\"\",\"b\":\"3\"}]");
    csv("a,b\n\"p\\\"q\",r\n", "[{\"a\":\"p\\\"q\",\"b\":\"r\"}]");
    csv("a\nx\\", "[{\"a\":\"x\"}]");
}

static void csv_lines(void **state) {
    (void)state;
    csv("", "[]");
    csv("a,b", "[]");
    csv("a,b\n", "[]");
    csv("a,b\r\n1,2\r\n3,4", "[{\"a\":\"1\",\"b\":\"2\"},{\"a\":\"3\","
                             "\"b\":\"4\"}]");
    csv("\n\r\na\n\n1\n\r\n\n2\n\n", "[{\"a\":\"1\"},{\"a\":\"2\"}]");
    csv("a,b\n1,2\r3\n4,5\r", "[{\"a\":\"1\",\"b\":\"2\\r3\"},{\"a\":\"4\","
                              "\"b\":\"5\\r\"}]");
    csv("\xef\xbb\xbf" "a\n\x01\t\n", "[{\"a\":\"\\u0001\\t\"}]");
    csv("\xef\xbb\xbf\"a\"\n1\n", "[{\"a\":\"1\"}]");
}

static void csv_delimiters(void **state) {
    (void)state;
    static const char delimiters[] = "|; \t";
    for (const char *at = delimiters; *at; at++) {
        struct wf_item_options options = {.delimiter = *at};
        char text[64];
        snprintf(text, sizeof(text), "a%cb\n1,2%c\"x%cy\"\n", *at, *at, *at);
        char expected[64];
        snprintf(expected, sizeof(expected),
                 "[{\"a\":\"1,2\",\"b\":\"x%sy\"}]",
                 *at == '\t' ? "\\t" : (char[]){*at, '\0'});
        expect(options, text, expected);
    }
}

static void csv_utf8(void **state) {
    (void)state;
    struct wf_item_options options = {.replace_invalid = true};
    csv("n\xc3\xa4me\nM\xc3\xbcller \xf0\x9f\x98\x80\n",
        "[{\"n\xc3\xa4me\":\"M\xc3\xbcller \xf0\x9f\x98\x80\"}]");
    csv("a\n1\n\"x\ny\xff\"\n",
        "the data: line 4: the byte at offset 8 is not UTF-8");
    csv("a\nx\xc3", "the byte at offset 3 is not UTF-8");
    expect(options, "a\nM\xfcller\n",
           "[{\"a\":\"M\xef\xbf\xbdller\"}]");
}

static void csv_limits(void **state) {
    (void)state;
    struct wf_buf text = {0};
    struct wf_item_options options = {.max_item_bytes = 300000};

    for (int i = 0; i < 1500; i++)
        wf_buf_addf(&text, "column%d,", i);
    wf_buf_adds(&text, "last\n1\n");
    wf_buf_u8(&text, '\0');
    csv(text.data, "CSV headers cannot be larger than 10 KiB.");

    text.len = 0;
    wf_buf_adds(&text, "a\nx\n");
    for (int i = 0; i < 70000; i++)
        wf_buf_adds(&text, "0123456789");
    wf_buf_adds(&text, "\n");
    wf_buf_u8(&text, '\0');
    expect(options, text.data,
           "the data: line 3: a row is larger than 300000 bytes");
    wf_buf_free(&text);
}

/* Rows of all lengths: every alignment of fields, every place where the
 * window ends inside one. */
static void csv_long(void **state) {
    (void)state;
    struct wf_buf text = {0}, expected = {0}, out = {0};
    unsigned seed = 1;

    wf_buf_adds(&text, "id,\"a \"\"b\"\"\",c\n");
    wf_buf_u8(&expected, '[');
    for (int i = 0; i < 20000; i++) {
        char word[80];
        size_t len = (seed = seed * 1103515245 + 12345) >> 16 & 63;
        for (size_t k = 0; k < len; k++)
            word[k] = (char)('a' + (seed >> 8) % 26 + k % 3);
        word[len] = '\0';
        wf_buf_addf(&text, "%d,\"%s\"\"\xc3\xa9,\n%s\",%s\r\n", i, word, word,
                    word);
        wf_buf_addf(&expected,
                    "%s{\"id\":\"%d\",\"a \\\"b\\\"\":\"%s\\\"\xc3\xa9,\\n%s"
                    "\",\"c\":\"%s\"}",
                    i ? "," : "", i, word, word, word);
    }
    wf_buf_adds(&expected, "]");
    wf_buf_u8(&expected, '\0');
    struct wf_item_options options = {
        .dataset = WF_ITEM_TEXT, .text = {text.data, text.len}};
    assert_string_equal(read_all(&options, 3000, false, &out), "");
    assert_string_equal(out.data, expected.data);
    assert_string_equal(read_all(&options, 1777, true, &out), "");
    assert_string_equal(out.data, expected.data);
    wf_buf_free(&text);
    wf_buf_free(&expected);
    wf_buf_free(&out);
}

/* ---- JSON ---- */

static void json(const char *pointer, const char *text,
                 const char *expected) {
    expect((struct wf_item_options){.input = WF_ITEM_INPUT_JSON,
                                    .pointer = wf_str(pointer)},
           text, expected);
}

static void json_items(void **state) {
    (void)state;
    json("", "[]", "[]");
    json("", " [ 1 , \"a b\" , null,{ \"x\" : [ 1, 2 ] },[ ] ] \n",
         "[1,\"a b\",null,{\"x\":[1,2]},[]]");
    json("", "\xef\xbb\xbf[1.0,1e400,12345678901234567890]",
         "[1.0,1e400,12345678901234567890]");
    json("", "[\"a\\\"]\\\\\",\"\\\\\"]", "[\"a\\\"]\\\\\",\"\\\\\"]");
    json("", "{}", "[]");
    json("", "{ \"a\" : 1, \"b\\n\" : { } }",
         "[[\"a\",1],[\"b\\n\",{}]]");
}

static void json_pointers(void **state) {
    (void)state;
    static const char text[] =
        "{\"skip\":{\"featured\":[9,\"}]\"]},\"inventory\":{\"n\":[1,[2,3]],"
        "\"products\":{\"featured\":[ {\"id\":1},\n{\"id\":2} ],\"x\":"
        "not read";
    json("/inventory/products/featured", text, "[{\"id\":1},{\"id\":2}]");
    json("/inventory/n/1", text, "[2,3]");
    json("/skip", text, "[[\"featured\",[9,\"}]\"]]]");
    json("/a~1b/~0c", "{\"a\\/b\":{\"~c\":[7]}}", "[7]");
    json("/", "{\"\":[7]}", "[7]");
    json("/inventory/none", text, "is not JSON");
    json("/none", "{\"a\":[1]}",
         "the data: ItemsPointer /none leads nowhere");
    json("/a/1", "{\"a\":[1]}", "leads nowhere");
    json("/a/b/c", "{\"a\":{\"b\":3}}", "leads nowhere");
    json("/a/01", "{\"a\":[[1],[2]]}", "leads nowhere");
    json("/a", "{\"a\":3}", "Attempting to map over non-iterable node.");
    json("", "\"x\"", "Attempting to map over non-iterable node.");
}

static void json_faults(void **state) {
    (void)state;
    json("", "", "the data: line 1: the document is not JSON: it is cut off");
    json("", "[1,\n\n2", "line 3: the document is not JSON: it is cut off");
    json("", "[1 2]", "expected ',' or ']' at offset 3");
    json("", "[1,\n{\"a\" 1}]", "line 2: the item is not JSON");
    json("", "[1,]", "the item is not JSON");
    json("", "[1] x", "expected the document's end at offset 4");
    json("", "{\"a\":1,}", "expected a name");
    json("", "{\"a\":1,b:2}", "expected a name");
    json("", "{\"a\" 1}", "expected ':'");
    json("", "[\"\xff\"]", "the item is not JSON");
}

/* A large member on the way is passed by without being held. */
static void json_long(void **state) {
    (void)state;
    struct wf_buf text = {0}, expected = {0}, out = {0};

    wf_buf_adds(&text, "{\"skip\":[\"");
    for (int i = 0; i < 100000; i++)
        wf_buf_adds(&text, "0123456789\\\"]");
    wf_buf_adds(&text, "\"],\"items\":[");
    wf_buf_u8(&expected, '[');
    for (int i = 0; i < 30000; i++) {
        wf_buf_addf(&text, "%s\n { \"id\" : %d, \"s\" : \"a\\\\\" }",
                    i ? "," : "", i);
        wf_buf_addf(&expected, "%s{\"id\":%d,\"s\":\"a\\\\\"}", i ? "," : "",
                    i);
    }
    wf_buf_adds(&text, "]}");
    wf_buf_adds(&expected, "]");
    wf_buf_u8(&expected, '\0');
    struct wf_item_options options = {.dataset = WF_ITEM_TEXT,
                                      .input = WF_ITEM_INPUT_JSON,
                                      .pointer = WF_STR("/items"),
                                      .max_item_bytes = 1000,
                                      .text = {text.data, text.len}};
    assert_string_equal(read_all(&options, 5000, false, &out), "");
    assert_string_equal(out.data, expected.data);
    assert_string_equal(read_all(&options, 4999, true, &out), "");
    assert_string_equal(out.data, expected.data);
    wf_buf_free(&text);
    wf_buf_free(&expected);
    wf_buf_free(&out);
}

static void jsonl_items(void **state) {
    (void)state;
    struct wf_item_options options = {.input = WF_ITEM_INPUT_JSONL};

    expect(options, "", "[]");
    expect(options, "\xef\xbb\xbf{\"a\" : 1}\r\n\n  \n[ 2 ]\n\"x\"",
           "[{\"a\":1},[2],\"x\"]");
    expect(options, "1\n2\n{\"a\":\n", "the data: line 3: the line is not "
                                       "JSON: ");
    expect(options, "1 2\n", "line 1: the line is not JSON");
}

/* After a fault: the items before it, and the same fault again. */
static void faults_stay(void **state) {
    (void)state;
    struct wf_item_options options = {.dataset = WF_ITEM_TEXT,
                                      .input = WF_ITEM_INPUT_JSONL,
                                      .text = WF_STR("1\n2\nx\n4\n")};
    struct wf_item_reader *reader = wf_item_reader_new(&options);
    struct wf_item_batch batch = {0};
    struct wf_error err = {0}, again = {0};

    assert_int_equal(wf_item_reader_next(reader, 9, 9999, &batch, &err), -1);
    assert_int_equal(batch.count, 2);
    assert_int_equal(err.code, WF_E_INVALID);
    assert_int_equal(wf_item_reader_next(reader, 9, 9999, &batch, &again),
                     -1);
    assert_int_equal(batch.count, 0);
    assert_string_equal(err.message, again.message);
    wf_item_batch_free(&batch);
    wf_item_reader_free(reader);
}

static void bad_positions(void **state) {
    (void)state;
    struct wf_item_options options = {.dataset = WF_ITEM_TEXT,
                                      .text = WF_STR("a\n1\n2\n")};
    static const char *const positions[] = {"", "x",
                                            "01234567890123456789012345678901",
                                            "\1\1"};
    for (size_t i = 0; i < 4; i++) {
        struct wf_item_reader *reader = wf_item_reader_new(&options);
        struct wf_error err = {0};
        assert_int_equal(
            wf_item_reader_seek(reader, wf_str(positions[i]), &err), -1);
        assert_string_equal(err.message,
                            "not the position of this data set");
        wf_item_reader_free(reader);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_as_recorded), cmocka_unit_test(csv_quotes),
        cmocka_unit_test(csv_backslashes), cmocka_unit_test(csv_lines),
        cmocka_unit_test(csv_delimiters),  cmocka_unit_test(csv_utf8),
        cmocka_unit_test(csv_limits),      cmocka_unit_test(csv_long),
        cmocka_unit_test(json_items),      cmocka_unit_test(json_pointers),
        cmocka_unit_test(json_faults),     cmocka_unit_test(json_long),
        cmocka_unit_test(jsonl_items),     cmocka_unit_test(faults_stay),
        cmocka_unit_test(bad_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
