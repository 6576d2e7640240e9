/*
 * test_engine_payloads.c - documents of every kind pass through Pass, Task,
 * Choice and Wait, memory, rows and restarts, to the byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "lua_stdlib.h"

static const char *const documents[] = {
    "[]", "{}", "null", "true", "false", "0", "-0", "\"\"", "[[],{},null]",
    "{\"z\":1,\"a\":2,\"m\":{\"y\":[],\"b\":{}}}",
    "{\"twice\":1,\"twice\":2,\"twice\":[]}",
    "{\"id\":9223372036854775807,\"u\":18446744073709551615}",
    "[1234567890123456789012345678901234567890,1.0,1e400,-1E-400,0.10]",
    "[0.1234567890123456789012345678901234567891,1e+2,1E2]",
    "\"\\u0000\\u001f\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"",
    "{\"\":1,\" \":2,\"\\u00e9\":3,\"\xc3\xa9\":4,\"a.b\":5,\"$\":6}",
    "\"\xf0\x9f\x98\x80 \xe2\x80\xa8 \xc3\xa9 \x7f\"",
    "{ \"spaced\" : [ 1 , 2 ,\t3 ] }",
    "[null,[null],{\"a\":null}]",
};

static const char through_all[] =
    "{'StartAt':'P','States':{"
    "'P':{'Type':'Pass','Next':'T'},"
    "'T':{'Type':'Task','Resource':'lua:t.echo','Next':'C'},"
    "'C':{'Type':'Choice','Choices':[{'Variable':'$','IsPresent':true,"
    "'Next':'W'}],'Default':'F'},"
    "'W':{'Type':'Wait','Seconds':5,'Next':'P2'},"
    "'P2':{'Type':'Pass','InputPath':'$','OutputPath':'$','Next':'S'},"
    "'S':{'Type':'Succeed'},"
    "'F':{'Type':'Fail'}}}";

static void open_echo(struct rig *rig) {
    rig_handler(rig, "t.lua", "local t = {}\n"
                              "function t.echo(input) return input end\n"
                              "return t\n");
    rig_open(rig);
    rig_machine(rig, "through", through_all);
}

static void assert_same_text(const char *actual, const char *expected) {
    if (!actual || strcmp(actual, expected) != 0)
        fail_msg("%.200s\n  instead of\n%.200s", actual ? actual : "(none)",
                 expected);
}

static void check_document(struct rig *rig, const char *arn,
                           const char *document) {
    struct rig_reply *end = rig_end(rig, arn);
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    assert_same_text(end->input, document);
    assert_same_text(end->output, document);
}

static void every_document_passes_to_the_byte(void **state) {
    struct rig *rig = *state;
    size_t count = sizeof(documents) / sizeof(documents[0]);
    const char *arns[32];
    open_echo(rig);
    for (size_t i = 0; i < count; i++)
        arns[i] = rig_start(rig, NULL, documents[i]);
    for (size_t i = 0; i < count; i++)
        check_document(rig, arns[i], documents[i]);
    rig_reopen(rig);
    for (size_t i = 0; i < count; i++)
        check_document(rig, arns[i], documents[i]);
}

static void a_parked_document_comes_back_to_the_byte(void **state) {
    struct rig *rig = *state;
    size_t count = sizeof(documents) / sizeof(documents[0]);
    const char *arns[32];
    open_echo(rig);
    for (size_t i = 0; i < count; i++)
        arns[i] = rig_start(rig, NULL, documents[i]);
    rig_until_parked(rig);
    rig_reopen(rig);
    rig_jump(rig, 6000);
    for (size_t i = 0; i < count; i++)
        check_document(rig, arns[i], documents[i]);
}

static void deep_and_wide_documents_pass(void **state) {
    struct rig *rig = *state;
    struct wf_buf deep = {0}, wide = {0};
    for (int i = 0; i < 300; i++)
        wf_buf_adds(&deep, i % 2 ? "[" : "{\"a\":");
    for (int i = 299; i >= 0; i--)
        wf_buf_adds(&deep, i % 2 ? "]" : "}");
    /* The innermost is an empty array: made so by i = 299. */
    wf_buf_adds(&wide, "{\"k0\":0");
    for (int i = 1; i < 20000; i++)
        wf_buf_addf(&wide, ",\"k%d\":%d.0", i, i);
    wf_buf_adds(&wide, "}");
    wf_buf_u8(&deep, 0);
    wf_buf_u8(&wide, 0);
    open_echo(rig);
    check_document(rig, rig_start(rig, NULL, deep.data), deep.data);
    check_document(rig, rig_start(rig, NULL, wide.data), wide.data);
    wf_buf_free(&deep);
    wf_buf_free(&wide);
}

static void a_megabyte_passes(void **state) {
    struct rig *rig = *state;
    struct wf_buf text = {0};
    wf_buf_adds(&text, "{\"big\":\"");
    for (int i = 0; i < 100000; i++)
        wf_buf_addf(&text, "%06d\xc3\xa9\\n", i);
    wf_buf_adds(&text, "\",\"n\":1.0}");
    wf_buf_u8(&text, 0);
    open_echo(rig);
    const char *arn = rig_start(rig, NULL, text.data);
    check_document(rig, arn, text.data);
    rig_reopen(rig);
    check_document(rig, arn, text.data);
    const char *history = rig_history(rig, arn);
    rig_assert_has(history, "ExecutionSucceeded");
    assert_int_equal(rig_count(history, "\"n\":1.0}\n"), 16);
    wf_buf_free(&text);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(every_document_passes_to_the_byte),
        ENGINE_TEST_REAL(a_parked_document_comes_back_to_the_byte),
        ENGINE_TEST_BOTH(deep_and_wide_documents_pass),
        ENGINE_TEST_BOTH(a_megabyte_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
