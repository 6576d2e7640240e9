/* label_refusal.c - see label_refusal.h. */
#include "label_refusal.h"

#define CODE "INVALID_LABEL_NAME: "
#define AT " at /"

/* A text as a literal, in double quotation marks if it has single ones only. */
static void add_literal(struct wf_buf *out, struct wf_str text) {
    bool has_single = memchr(text.data, '\'', text.len) != NULL;
    bool has_double = memchr(text.data, '"', text.len) != NULL;
    char mark = has_single && !has_double ? '"' : '\'';

    wf_buf_u8(out, (uint8_t)mark);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\\' || text.data[i] == mark)
            wf_buf_u8(out, '\\');
        wf_buf_u8(out, (uint8_t)text.data[i]);
    }
    wf_buf_u8(out, (uint8_t)mark);
}

bool wf_label_refusal(struct wf_str diagnostics, struct wf_str definition,
                      struct wf_buf *out) {
    size_t before = strlen(CODE);
    struct wf_str message;
    const char *end;

    if (diagnostics.len < before ||
        memcmp(diagnostics.data, CODE, before) != 0)
        return false;
    message = (struct wf_str){diagnostics.data + before,
                              diagnostics.len - before};
    end = memmem(message.data, message.len, AT, strlen(AT));
    if (end != NULL)
        message.len = (size_t)(end - message.data);
    wf_buf_adds(out, "Error=ValueError Args=[");
    add_literal(out, message);
    wf_buf_adds(out, "] in definition '");
    wf_buf_addstr(out, definition);
    wf_buf_adds(out, "'.");
    return true;
}
