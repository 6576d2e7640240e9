/* secret_key.c - see secret_key.h. */
#include "secret_key.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

bool wf_secret_key_read(struct wf_str text, struct wf_buf *key) {
    static const char prefix[] = "whsec_";
    size_t len = sizeof(prefix) - 1, pad = 0;
    int bytes;

    if (text.len < len || memcmp(text.data, prefix, len) != 0) {
        wf_buf_addstr(key, text);
        return text.len > 0;
    }
    text.data += len;
    text.len -= len;
    if (text.len == 0 || text.len % 4 != 0 || text.len > 4096)
        return false;
    while (pad < 2 && text.data[text.len - 1 - pad] == '=')
        pad++;
    wf_buf_reserve(key, text.len);
    bytes = EVP_DecodeBlock((unsigned char *)key->data,
                            (const unsigned char *)text.data, (int)text.len);
    if (bytes <= (int)pad)
        return false;
    key->len = (size_t)bytes - pad;
    return true;
}

void wf_secret_key_sign(const struct wf_buf *key, const char *id,
                        int64_t time_s, struct wf_str body,
                        struct wf_buf *out) {
    unsigned char mac[EVP_MAX_MD_SIZE], text[2 * EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    struct wf_buf signed_text = {0};

    wf_buf_addf(&signed_text, "%s.%lld.", id, (long long)time_s);
    wf_buf_addstr(&signed_text, body);
    HMAC(EVP_sha256(), key->data, (int)key->len,
         (const unsigned char *)signed_text.data, signed_text.len, mac, &len);
    wf_buf_adds(out, "v1,");
    wf_buf_add(out, text, (size_t)EVP_EncodeBlock(text, mac, (int)len));
    wf_buf_free(&signed_text);
}
