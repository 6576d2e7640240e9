/* name_token.c - see name_token.h. */
#include "name_token.h"

#include "arn.h"

void wf_name_token_put(struct wf_buf *out, const struct wf_buf *name) {
    for (size_t i = 0; i < name->len; i++)
        wf_buf_addf(out, "%02x", (unsigned char)name->data[i]);
}

static int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool wf_name_token_read(struct wf_str token, struct wf_buf *name) {
    for (size_t i = 0; i + 1 < token.len; i += 2) {
        int high = digit(token.data[i]), low = digit(token.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        wf_buf_u8(name, (uint8_t)(high << 4 | low));
    }
    return token.len % 2 == 0 &&
           wf_name_is_valid((struct wf_str){name->data, name->len});
}
