/*
 * fuzz_jsonata.c - JSONata expressions and what they are evaluated on:
 * whatever they are, the answer is a line of JSON, and an error is one of the
 * language's.
 *
 * Input: an expression, a NUL, the JSON it is evaluated on. Without the NUL
 * that is a fixed document.
 */
#include <stdio.h>
#include <stdlib.h>

#include "eval.h"

#define DOCUMENT                                                             \
    "{\"a\":[{\"b\":2,\"d\":\"x y\"},{\"b\":1.0,\"d\":\"z\"},[3,[4]]],"      \
    "\"s\":\"x y\",\"n\":1.5,\"z\":null,\"t\":true,\"o\":{\"k\":{\"l\":[]}}," \
    "\"big\":12345678901234567890}"

static void require(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static struct wf_script *open_script(void) {
    struct wf_script_options options = {0};
    struct wf_script *script = NULL;
    struct wf_error err = {0};

    require(wf_script_new(&options, &script, &err) == 0, err.message);
    return script;
}

/* Lua's heap, which leads to its documents, is not among the memory that the
 * leak detector reads. tests/core look for leaks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "detect_leaks=0";
}

static void check_answer(const struct wf_buf *answer) {
    struct wf_doc_limits limits = {.max_depth = 5000};
    struct wf_str text = {answer->data, answer->len};
    struct wf_error err = {0};
    struct wf_doc *doc = wf_doc_parse(text, &limits, &err);

    require(doc != NULL, err.message);
    wf_doc_unref(doc);
    /* The code of what is no error of the language. */
    static const char broken[] = "{\"error\":{\"code\":\"D0000\"";
    char *ended = wf_strndup(answer->data, answer->len);
    require(strncmp(ended, broken, strlen(broken)) != 0, ended);
    free(ended);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct wf_script *script;
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t length = end ? (size_t)(end - data) : size;
    struct wf_str expression = {(const char *)data, length};
    struct wf_buf line = {0}, answer = {0};
    struct wf_error err = {0};

    if (!script)
        script = open_script();
    if (!wf_utf8_valid(expression))
        return 0;
    wf_buf_adds(&line, "{\"timelimit\":500,\"depth\":100,\"expr\":");
    wf_buf_json(&line, expression);
    wf_buf_adds(&line, ",\"bindings\":{\"x\":[1,{\"y\":2}]},\"data\":");
    if (end)
        wf_buf_add(&line, end + 1, size - length - 1);
    else
        wf_buf_adds(&line, DOCUMENT);
    wf_buf_adds(&line, "}");
    struct wf_str request = {line.data, line.len};
    require(wf_eval_line(script, request, &answer, &err) == 0, err.message);
    check_answer(&answer);
    wf_buf_free(&line);
    wf_buf_free(&answer);
    return 0;
}
