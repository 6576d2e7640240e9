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

void wf_refusal_free(struct wf_refusal_text *text) {
    wf_buf_free(&text->message);
}
