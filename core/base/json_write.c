/* json_write.c - see json_write.h. */
#include "json_write.h"

void wf_json_comma(struct wf_buf *out) {
    char last = out->len ? out->data[out->len - 1] : '{';
    if (last != '{' && last != '[')
        wf_buf_u8(out, ',');
}

void wf_json_key(struct wf_buf *out, const char *key) {
    size_t len = strlen(key);
    wf_buf_reserve(out, len + 4);
    wf_json_comma(out);
    char *at = out->data + out->len;
    *at++ = '"';
    memcpy(at, key, len);
    at += len;
    *at++ = '"';
    *at++ = ':';
    out->len = (size_t)(at - out->data);
}

void wf_json_text(struct wf_buf *out, const char *key, struct wf_str text) {
    wf_json_key(out, key);
    wf_buf_json(out, text);
}

void wf_json_text_if(struct wf_buf *out, const char *key, struct wf_str text) {
    if (text.data)
        wf_json_text(out, key, text);
}

void wf_json_raw(struct wf_buf *out, const char *key, const char *literal) {
    wf_json_key(out, key);
    wf_buf_adds(out, literal);
}

void wf_json_digits(struct wf_buf *out, int64_t number) {
    char digits[24];
    char *at = digits + sizeof(digits);
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *--at = '-';
    wf_buf_add(out, at, (size_t)(digits + sizeof(digits) - at));
}

void wf_json_integer(struct wf_buf *out, const char *key, int64_t number) {
    wf_json_key(out, key);
    wf_json_digits(out, number);
}

void wf_json_time(struct wf_buf *out, const char *key, int64_t ms) {
    unsigned rest = (unsigned)(ms % 1000);
    char decimals[4] = {'.', (char)('0' + rest / 100),
                        (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)};

    wf_json_key(out, key);
    wf_json_digits(out, ms / 1000);
    wf_buf_add(out, decimals, 4);
}
