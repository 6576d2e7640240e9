/* refusal.c - how operations say no. See refusal.h. */
#include "refusal.h"

const struct wf_refusal *wf_refusal_make(struct wf_refusal_text *text,
                                         const char *exception,
                                         const char *format,
                                         struct wf_str subject) {
    const char *hole = strstr(format, "%s");
    struct wf_buf *message = &text->message;
    message->len = 0;
    if (hole) {
        wf_buf_add(message, format, (size_t)(hole - format));
        wf_buf_addstr(message, subject);
        wf_buf_adds(message, hole + 2);
    } else {
        wf_buf_adds(message, format);
    }
    text->refusal = (struct wf_refusal){
        .exception = exception,
        .message = {message->data, message->len},
    };
    if (strcmp(exception, "ResourceNotFound") == 0)
        text->refusal.resource = subject;
    return &text->refusal;
}

const struct wf_refusal *wf_refusal_label(struct wf_refusal_text *text,
                                          struct wf_str given) {
    struct wf_arn arn;
    if (!wf_arn_parse(given, &arn) || !wf_arn_has_label(&arn))
        return NULL;
    wf_refusal_make(text, "ValidationException", WF_LABELED_ARN, given);
    text->refusal.reason = "API_DOES_NOT_SUPPORT_LABELED_ARNS";
    return &text->refusal;
}

bool wf_refusal_plain_arn(struct wf_refusal_text *text, struct wf_str given,
                          struct wf_arn *arn) {
    struct wf_buf why = {0};
    bool good = wf_arn_read(given, "stateMachine", NULL, arn, &why);
    if (!good)
        wf_refusal_make(text, "InvalidArn", "%s",
                        (struct wf_str){why.data, why.len});
    else if (wf_refusal_label(text, given))
        good = false;
    else if (arn->rest.len)
        wf_refusal_make(text, "ValidationException", WF_QUALIFIED_ARN, given);
    wf_buf_free(&why);
    return good && arn->rest.len == 0;
}

void wf_refusal_free(struct wf_refusal_text *text) {
    wf_buf_free(&text->message);
}
