/*
 * fuzz_sigv4.c - requests as they come, before anybody knows who sends them:
 * the first line of the input is the target, the second the header
 * Authorization, the third X-Amz-Date, the rest of the lines a header's value
 * each. Nothing of it is ever taken for signed, for nobody knows the secret;
 * and a file of keys that is read is one that was checked.
 */
#include <stdlib.h>

#include "sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sent {
    struct wf_str authorization, date, rest;
};

static struct wf_str take_line(struct wf_str *rest) {
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    struct wf_str line = {rest->data,
                          end ? (size_t)(end - rest->data) : rest->len};
    rest->data += line.len + (end != NULL);
    rest->len -= line.len + (end != NULL);
    return line;
}

static void each_header(void *arg, struct wf_str name,
                        wf_sigv4_value_fn *each, void *to) {
    struct sent *sent = arg;
    struct wf_str rest = sent->rest;
    if (wf_str_eq(name, WF_STR("authorization")))
        each(to, sent->authorization);
    else if (wf_str_eq(name, WF_STR("x-amz-date")))
        each(to, sent->date);
    else
        while (rest.len > 0)
            each(to, take_line(&rest));
}

static void check_keys(struct wf_str text) {
    struct wf_credentials *keys;
    struct wf_error err;
    if (wf_credentials_parse(text, "keys", &keys, &err) != 0)
        return;
    if (wf_credentials_count(keys) == 0)
        abort();
    wf_credentials_free(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const services[] = {"states", NULL};
    static const unsigned char hash[WF_SIGV4_HASH];
    struct wf_str rest = {(const char *)data, size};
    struct wf_credentials *keys;
    struct wf_sigv4_refusal why = {0};
    struct sent sent;

    if (wf_credentials_parse(WF_STR("id 0123456789abcdef admin"), "k", &keys,
                             NULL) != 0)
        abort();
    struct wf_str target = take_line(&rest);
    sent.authorization = take_line(&rest);
    sent.date = take_line(&rest);
    sent.rest = rest;
    struct wf_sigv4_request request = {
        .method = WF_STR("POST"), .target = target, .body_hash = hash,
        .headers = each_header, .arg = &sent};
    if (wf_sigv4_verify(keys, &request, 1440938160000, services, &why) ||
        !why.exception || !why.message[0])
        abort();
    wf_credentials_free(keys);
    check_keys((struct wf_str){(const char *)data, size});
    return 0;
}
