/* hook_auth.c - see hook_auth.h. */
#include "hook_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

enum { HASH = 32 };

/* ---- what a header says ---- */

/* The signatures in a header, decoded, and the time that is with them. */
struct claim {
    unsigned char hashes[WF_HOOK_SIGNATURES][HASH];
    unsigned count;
    struct wf_str time;
};

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode_hex(struct wf_str text, unsigned char hash[HASH]) {
    if (text.len != (size_t)2 * HASH)
        return false;
    for (size_t i = 0; i < HASH; i++) {
        int high = hex_digit(text.data[2 * i]);
        int low = hex_digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* -1: it is none. `out` has room for 3/4 of the text. */
static int decode_base64(struct wf_str text, unsigned char *out) {
    int len;

    if (text.len == 0 || text.len % 4 != 0 || text.len > 4096)
        return -1;
    len = EVP_DecodeBlock(out, (const unsigned char *)text.data,
                          (int)text.len);
    if (len > 0 && text.data[text.len - 1] == '=')
        len -= text.data[text.len - 2] == '=' ? 2 : 1;
    return len;
}

static bool decode(const struct wf_hook_auth *auth, struct wf_str text,
                   unsigned char hash[HASH]) {
    unsigned char room[48];

    if (!auth->is_base64)
        return decode_hex(text, hash);
    if (text.len != 44 || decode_base64(text, room) != HASH)
        return false;
    memcpy(hash, room, HASH);
    return true;
}

static bool take_prefix(struct wf_str *text, const char *prefix) {
    size_t len = strlen(prefix);

    if (text->len < len || memcmp(text->data, prefix, len) != 0)
        return false;
    text->data += len;
    text->len -= len;
    return true;
}

static void add_signature(const struct wf_hook_auth *auth, struct wf_str text,
                          struct claim *claim) {
    if (claim->count < WF_HOOK_SIGNATURES && take_prefix(&text, auth->prefix) &&
        decode(auth, text, claim->hashes[claim->count]))
        claim->count++;
}

/* The part up to the separator, which is taken, too. */
static struct wf_str take_part(struct wf_str *rest, char separator) {
    const char *end = rest->len ? memchr(rest->data, separator, rest->len)
                                : NULL;
    struct wf_str part = {rest->data,
                          end ? (size_t)(end - rest->data) : rest->len};

    rest->data += part.len + (end != NULL);
    rest->len -= part.len + (end != NULL);
    return part;
}

static void read_list(const struct wf_hook_auth *auth, struct wf_str rest,
                      struct claim *claim) {
    while (rest.len) {
        struct wf_str part = take_part(&rest, ',');
        struct wf_str time = part;
        while (time.len && *time.data == ' ') {
            time.data++;
            time.len--;
        }
        part = time;
        if (!claim->time.data && take_prefix(&time, "t="))
            claim->time = time;
        else
            add_signature(auth, part, claim);
    }
}

static void read_claim(const struct wf_hook_auth *auth,
                       const struct wf_hook_proof *proof,
                       struct claim *claim) {
    struct wf_str rest = proof->header;

    claim->count = 0;
    claim->time = proof->time;
    if (auth->scheme == WF_HOOK_LIST) {
        claim->time = WF_STR_NULL;
        read_list(auth, rest, claim);
    } else if (auth->scheme == WF_HOOK_WORDS) {
        while (rest.len)
            add_signature(auth, take_part(&rest, ' '), claim);
    } else {
        add_signature(auth, rest, claim);
    }
}

/* ---- the time ---- */

static bool read_seconds(struct wf_str text, int64_t *seconds) {
    *seconds = 0;
    if (text.len == 0 || text.len > 12)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *seconds = 10 * *seconds + (text.data[i] - '0');
    }
    return true;
}

static const char *check_time(const struct wf_hook_auth *auth,
                              struct wf_str time, int64_t now_ms) {
    int64_t seconds, now = now_ms / 1000;

    if (!time.data)
        return "The request has no time of signing.";
    if (!read_seconds(time, &seconds))
        return "The time of signing is not a number of seconds.";
    if (seconds < now - auth->tolerance_s || seconds > now + auth->tolerance_s)
        return "The time of signing is too far from now.";
    return NULL;
}

/* ---- the signature ---- */

static bool add(EVP_MAC_CTX *mac, struct wf_str text) {
    return text.len == 0 ||
           EVP_MAC_update(mac, (const unsigned char *)text.data, text.len);
}

static bool add_text(const struct wf_hook_auth *auth, EVP_MAC_CTX *mac,
                     const struct wf_hook_proof *proof, struct wf_str time) {
    switch (auth->text) {
    case WF_HOOK_BODY:
        break;
    case WF_HOOK_ID_TIME_BODY:
        if (!add(mac, proof->id) || !add(mac, WF_STR(".")))
            return false;
        /* fallthrough */
    case WF_HOOK_TIME_BODY:
        if (!add(mac, time) || !add(mac, WF_STR(".")))
            return false;
        break;
    case WF_HOOK_V0_TIME_BODY:
        if (!add(mac, WF_STR("v0:")) || !add(mac, time) ||
            !add(mac, WF_STR(":")))
            return false;
        break;
    }
    return add(mac, proof->body);
}

static bool sign(const struct wf_hook_auth *auth,
                 const struct wf_hook_secret *secret,
                 const struct wf_hook_proof *proof, struct wf_str time,
                 unsigned char hash[HASH]) {
    static char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        {"digest", OSSL_PARAM_UTF8_STRING, digest, 6, 0},
        {NULL, 0, NULL, 0, 0},
    };
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    size_t len = 0;
    bool is_signed = mac &&
                     EVP_MAC_init(mac, secret->bytes, secret->len, params) &&
                     add_text(auth, mac, proof, time) &&
                     EVP_MAC_final(mac, hash, &len, HASH) && len == HASH;

    EVP_MAC_CTX_free(mac);
    EVP_MAC_free(hmac);
    return is_signed;
}

static bool is_signed(const struct wf_hook_auth *auth,
                      const struct wf_hook_proof *proof,
                      const struct claim *claim) {
    unsigned fit = 0;

    for (unsigned i = 0; i < auth->secret_count; i++) {
        unsigned char hash[HASH];
        if (!sign(auth, &auth->secrets[i], proof, claim->time, hash))
            continue;
        for (unsigned n = 0; n < claim->count; n++)
            fit |= CRYPTO_memcmp(hash, claim->hashes[n], HASH) == 0;
    }
    return fit != 0;
}

/* Hashes are compared, so that not even the length shows. */
static bool is_secret(const struct wf_hook_auth *auth, struct wf_str sent) {
    unsigned char ours[HASH], theirs[HASH];
    unsigned fit = 0;

    if (!take_prefix(&sent, auth->prefix) ||
        !EVP_Digest(sent.data, sent.len, theirs, NULL, EVP_sha256(), NULL))
        return false;
    for (unsigned i = 0; i < auth->secret_count; i++) {
        const struct wf_hook_secret *secret = &auth->secrets[i];
        if (EVP_Digest(secret->bytes, secret->len, ours, NULL, EVP_sha256(),
                       NULL))
            fit |= CRYPTO_memcmp(ours, theirs, HASH) == 0;
    }
    return fit != 0;
}

const char *wf_hook_auth_check(const struct wf_hook_auth *auth,
                               const struct wf_hook_proof *proof,
                               int64_t now_ms) {
    struct claim claim;
    const char *why = NULL;

    if (auth->scheme == WF_HOOK_NONE)
        return NULL;
    if (!proof->header.data)
        return "The request has no signature, or no secret.";
    if (auth->scheme == WF_HOOK_BEARER)
        return is_secret(auth, proof->header) ? NULL
                                              : "The secret is another one.";
    read_claim(auth, proof, &claim);
    if (claim.count == 0)
        return "The header of the signature is of another form.";
    if (auth->text != WF_HOOK_BODY)
        why = check_time(auth, claim.time, now_ms);
    if (!why && auth->text == WF_HOOK_ID_TIME_BODY && !proof->id.data)
        why = "The request has no id.";
    if (!why && !is_signed(auth, proof, &claim))
        why = "The signature does not fit: another secret, or an altered "
              "request.";
    return why;
}

/* ---- secrets ---- */

void wf_hook_auth_free(struct wf_hook_auth *auth) {
    free(auth->header);
    free(auth->prefix);
    free(auth->time_header);
    free(auth->id_header);
    OPENSSL_cleanse(auth->secrets, sizeof(auth->secrets));
    *auth = (struct wf_hook_auth){0};
}

static bool take_secret(struct wf_str line, bool is_encoded,
                        struct wf_hook_secret *secret) {
    unsigned char room[3072];
    int len = (int)line.len;

    if (line.len > sizeof(room))
        return false;
    memcpy(room, line.data, line.len);
    if (is_encoded) {
        take_prefix(&line, "whsec_");
        len = decode_base64(line, room);
    }
    if (len >= WF_HOOK_SECRET_MIN && len <= WF_HOOK_SECRET_MAX) {
        memcpy(secret->bytes, room, (size_t)len);
        secret->len = (size_t)len;
    }
    OPENSSL_cleanse(room, sizeof(room));
    return secret->len > 0;
}

int wf_hook_secrets_parse(struct wf_str text, const char *name,
                          bool is_encoded, struct wf_hook_auth *auth,
                          struct wf_error *err) {
    unsigned number = 0;

    while (text.len) {
        struct wf_str line = take_part(&text, '\n');
        number++;
        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0)
            continue;
        if (auth->secret_count == WF_HOOK_SECRETS)
            return wf_error_set(err, WF_E_INVALID,
                                "%s:%u: at most %d secrets, a line each", name,
                                number, WF_HOOK_SECRETS);
        if (!take_secret(line, is_encoded,
                         &auth->secrets[auth->secret_count]))
            return wf_error_set(err, WF_E_INVALID,
                                "%s:%u: a secret has %d to %d %s", name,
                                number, WF_HOOK_SECRET_MIN,
                                WF_HOOK_SECRET_MAX,
                                is_encoded ? "bytes, in base64"
                                           : "characters");
        auth->secret_count++;
    }
    return auth->secret_count
               ? 0
               : wf_error_set(err, WF_E_INVALID, "%s: no secret in it", name);
}

void wf_hook_hash(struct wf_str text, char hex[65]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[HASH] = {0};

    EVP_Digest(text.data ? text.data : "", text.len, hash, NULL, EVP_sha256(),
               NULL);
    for (size_t i = 0; i < HASH; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[64] = '\0';
}
