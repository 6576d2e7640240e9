/*
 * fuzz_item_settings.c - settings of readers and writers: whatever an
 * expression has made of them, they are refused with a cause, or give a
 * reader or writer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "item_settings.h"

static void require(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const roots[] = {"/none", NULL};
    static const struct wf_item_stores stores = {.roots = roots};
    struct wf_str text = {(const char *)data, size};
    struct wf_doc *doc = wf_doc_parse(text, NULL, NULL);
    struct wf_value value = {doc, 0};
    struct wf_error err = {0};
    struct wf_buf out = {0};

    if (!doc)
        return 0;
    struct wf_item_reader_async *reader =
        wf_item_settings_reader(NULL, &stores, value, WF_STR(""), &err);
    require(reader || err.message[0], "a refused reader has a cause");
    wf_item_reader_async_free(reader);
    err = (struct wf_error){0};
    struct wf_item_writer_async *writer = wf_item_settings_writer(
        NULL, &stores, value, WF_STR("arn:m/r:1"), WF_STR(""), &err);
    require(writer || err.message[0], "a refused writer has a cause");
    wf_item_writer_async_free(writer);
    wf_item_settings_result(value, WF_STR("key"), &out);
    struct wf_doc *result =
        wf_doc_parse((struct wf_str){out.data, out.len}, NULL, NULL);
    require(result, "details of results are JSON");
    wf_doc_unref(result);
    wf_buf_free(&out);
    wf_doc_unref(doc);
    return 0;
}
