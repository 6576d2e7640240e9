/*
 * lua_doc_hash.c - the module "wf.doc": hashes of text, as lower-case hex.
 */
#include <openssl/evp.h>

#include "lua_doc_value.h"

static const struct {
    const char *name; /* as States.Hash spells it */
    const EVP_MD *(*digest)(void);
} ALGORITHMS[] = {
    {"MD5", EVP_md5},         {"SHA-1", EVP_sha1},
    {"SHA-256", EVP_sha256},  {"SHA-384", EVP_sha384},
    {"SHA-512", EVP_sha512},
};

static const EVP_MD *digest_of(const char *name) {
    for (size_t i = 0; i < sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]); i++)
        if (strcmp(ALGORITHMS[i].name, name) == 0)
            return ALGORITHMS[i].digest();
    return NULL;
}

/* doc.hash(algorithm, text) -> hex, or nil: no such algorithm */
int wf_lua_doc_hash(lua_State *L) {
    static const char digits[] = "0123456789abcdef";
    const EVP_MD *digest = digest_of(luaL_checkstring(L, 1));
    size_t len = 0;
    const char *text = luaL_checklstring(L, 2, &len);
    unsigned char bytes[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE];
    unsigned count = 0;

    if (!digest)
        return 0;
    wf_lua_spend(L, 1 + len / WF_STEP_SCAN);
    if (EVP_Digest(text, len, bytes, &count, digest, NULL) != 1)
        return luaL_error(L, "the hash could not be computed");
    for (size_t i = 0; i < count; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    lua_pushlstring(L, hex, 2 * (size_t)count);
    return 1;
}
