/* api_tags.c - the operations on tags. See api_call.h. */
#include <stdlib.h>

#include "api_call.h"
#include "api_settings.h"
#include "json_write.h"

static void tag_resource(struct wf_api_call *call,
                         struct wf_api_request *request) {
    struct wf_tag *tags = NULL;
    size_t count;
    if (wf_api_tags_read(call, request, &tags, &count))
        wf_engine_tag_resource(call->engine,
                               wf_api_text(request, "resourceArn"), tags,
                               count, wf_api_answer_done, call);
    free(tags);
}

static void untag_resource(struct wf_api_call *call,
                           struct wf_api_request *request) {
    struct wf_str *keys = NULL;
    struct wf_value list, key = {0};
    uint32_t count = 0;
    wf_api_value(request, "tagKeys", &list); /* required by the model */
    for (; wf_value_next_element(list, &key); count++) {
        keys = wf_realloc(keys, (count + 1) * sizeof(*keys));
        keys[count] = wf_api_characters(request, key);
    }
    wf_engine_untag_resource(call->engine,
                             wf_api_text(request, "resourceArn"), keys, count,
                             wf_api_answer_done, call);
    free(keys);
}

static void on_tags(void *arg, const struct wf_refusal *refusal,
                    const struct wf_tag *tags, size_t count) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;
    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(out, "{\"tags\":[");
    for (size_t i = 0; i < count; i++) {
        wf_json_comma(out);
        wf_buf_u8(out, '{');
        wf_json_text(out, "key", tags[i].key);
        wf_json_text(out, "value", tags[i].value);
        wf_buf_u8(out, '}');
    }
    wf_api_done_list(call, WF_STR_NULL);
}

static void list_tags(struct wf_api_call *call,
                      struct wf_api_request *request) {
    wf_engine_list_tags(call->engine, wf_api_text(request, "resourceArn"),
                        on_tags, call);
}

const struct wf_api_operation wf_api_tags[] = {
    {"TagResource", tag_resource, WF_RIGHT_OPERATE},
    {"UntagResource", untag_resource, WF_RIGHT_OPERATE},
    {"ListTagsForResource", list_tags, WF_RIGHT_VIEW},
    {0},
};
