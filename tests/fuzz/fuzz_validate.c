/*
 * fuzz_validate.c - requests against the model of the API: the first byte of
 * the input picks the operation, the rest is the body. What is not JSON is
 * complained about in words, unless the limits are what it exceeds; what is
 * JSON is taken, or refused in well-formed words.
 */
#include <stdlib.h>

#include "api_validate.h"
#include "json_complaint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds)
        abort();
}

static void check_message(const struct wf_buf *message) {
    require(message->len > 0);
    require(wf_utf8_valid((struct wf_str){message->data, message->len}));
}

static void check_value(const struct wf_api_shape *shape,
                        struct wf_doc *doc) {
    struct wf_buf message = {0};
    if (wf_api_validate(shape, (struct wf_value){doc, 0}, 0, &message))
        check_message(&message);
    else
        require(message.len == 0);
    wf_buf_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct wf_json_complaint complaint;
    if (size == 0)
        return 0;
    struct wf_str text = {(const char *)data + 1, size - 1};
    struct wf_doc *doc = wf_doc_parse(text, NULL, NULL);
    bool complains = wf_json_complain(text, &complaint);
    if (doc)
        check_value(wf_api_inputs[data[0] % wf_api_input_count].shape, doc);
    require(!doc || !complains);
    if (complains && wf_utf8_valid(text))
        check_message(&complaint.message);
    wf_json_complaint_free(&complaint);
    wf_doc_unref(doc);
    return 0;
}
