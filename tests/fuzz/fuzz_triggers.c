/*
 * fuzz_triggers.c - the first byte chooses: a file of triggers, or what a
 * hook's sender writes. Of that, the first line is the header of the
 * signature, the second the time, the rest the body; nobody knows the secret,
 * so nothing of it is ever taken for signed, and a body that is taken for JSON
 * is JSON.
 */
#include <stdlib.h>

#include "hook_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wf_str take_line(struct wf_str *rest) {
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    struct wf_str line = {rest->data,
                          end ? (size_t)(end - rest->data) : rest->len};
    rest->data += line.len + (end != NULL);
    rest->len -= line.len + (end != NULL);
    return line;
}

static void try_schemes(struct wf_str header, struct wf_str time,
                        struct wf_str body) {
    static char prefixes[][8] = {"", "", "sha256=", "v1=", "v1,"};
    struct wf_hook_proof proof = {header, time, time, body};
    struct wf_hook_auth auth = {.tolerance_s = INT64_C(1000000000000)};
    static unsigned char secret[WF_HOOK_SECRET_MIN];
    struct wf_error err;
    for (size_t i = 0; i < sizeof(secret); i++)
        secret[i] = (unsigned char)rand();
    memcpy(auth.secrets[0].bytes, secret, sizeof(secret));
    auth.secrets[0].len = sizeof(secret);
    auth.secret_count = 1;
    for (int scheme = WF_HOOK_BEARER; scheme <= WF_HOOK_WORDS; scheme++)
        for (int text = WF_HOOK_BODY; text <= WF_HOOK_ID_TIME_BODY; text++) {
            auth.scheme = scheme;
            auth.text = text;
            auth.prefix = prefixes[scheme];
            auth.is_base64 = scheme == WF_HOOK_WORDS;
            if (!wf_hook_auth_check(&auth, &proof, 0))
                abort();
        }
    auth = (struct wf_hook_auth){0};
    wf_hook_secrets_parse(body, "s", header.len & 1, &auth, &err);
}

static void try_body(struct wf_str type, struct wf_str pointer,
                     struct wf_str body) {
    enum wf_hook_content content;
    struct wf_buf json = {0}, found = {0};
    struct wf_error err;
    char *path = wf_strndup(pointer.data, pointer.len);
    if (wf_hook_content_of(type, &content) &&
        !wf_hook_body_json(body, content, &json, &err)) {
        struct wf_str text = {json.data, json.len};
        struct wf_doc *doc = wf_doc_parse(text, NULL, &err);
        if (!doc)
            abort();
        wf_doc_unref(doc);
        wf_hook_pointer(text, path, &found);
    }
    free(path);
    wf_buf_free(&json);
    wf_buf_free(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct wf_trigger_rules rules = {true, 1 << 20};
    struct wf_trigger_set *set;
    struct wf_error err;
    if (size == 0)
        return 0;
    struct wf_str rest = {(const char *)data + 1, size - 1};
    if (data[0] & 1) {
        if (wf_trigger_set_parse(rest, NULL, &rules, &set, &err) == 0)
            wf_trigger_set_unref(set);
        return 0;
    }
    struct wf_str first = take_line(&rest), second = take_line(&rest);
    if (data[0] & 2)
        try_schemes(first, second, rest);
    else
        try_body(first, second, rest);
    return 0;
}
