/* chain.c - see chain.h. */
#include "chain.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define KIND_LINK 1
#define KIND_SEAL 2

struct wf_hash {
    EVP_MD *sha256; /* looked up once: that takes longer than hashing */
    EVP_MD_CTX *context;
};

/* Without a hash no history can be written: like memory that is missing. */
static void must(int done) {
    if (done != 1)
        abort();
}

struct wf_hash *wf_hash_new(void) {
    struct wf_hash *hash = wf_calloc(1, sizeof(*hash));
    hash->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    hash->context = EVP_MD_CTX_new();
    must(hash->sha256 && hash->context);
    return hash;
}

void wf_hash_free(struct wf_hash *hash) {
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->context);
    EVP_MD_free(hash->sha256);
    free(hash);
}

void wf_hash_begin(struct wf_hash *hash) {
    must(EVP_DigestInit_ex(hash->context, hash->sha256, NULL));
}

void wf_hash_add(struct wf_hash *hash, struct wf_str bytes) {
    if (bytes.len)
        must(EVP_DigestUpdate(hash->context, bytes.data, bytes.len));
}

void wf_hash_end(struct wf_hash *hash, uint8_t digest[WF_LINK_BYTES]) {
    must(EVP_DigestFinal_ex(hash->context, digest, NULL));
}

static char *put_be64(char *at, uint64_t value) {
    for (int i = 0; i < 8; i++)
        *at++ = (char)(value >> (56 - 8 * i));
    return at;
}

void wf_chain_link(struct wf_hash *hash, const struct wf_link_of *of,
                   uint8_t link[WF_LINK_BYTES]) {
    char head[1 + WF_LINK_BYTES + 4 * 8] = {KIND_LINK};
    char *at = head + 1;
    if (of->before)
        memcpy(at, of->before, WF_LINK_BYTES);
    at = put_be64(at + WF_LINK_BYTES, of->execution);
    at = put_be64(at, (uint64_t)of->start_ms);
    at = put_be64(at, of->first_event);
    put_be64(at, of->events);
    wf_hash_begin(hash);
    wf_hash_add(hash, (struct wf_str){head, sizeof(head)});
    wf_hash_add(hash, of->entries);
    wf_hash_end(hash, link);
}

void wf_chain_add(struct wf_hash *hash, struct wf_chain *chain,
                  uint64_t execution, int64_t start_ms,
                  const struct wf_tail *part) {
    struct wf_link_of of = {
        .before = chain->from ? chain->head : NULL,
        .execution = execution,
        .start_ms = start_ms,
        .first_event = part->first_event,
        .events = part->next_event - part->first_event,
        .entries = {part->bytes.data, part->bytes.len},
    };
    uint8_t link[WF_LINK_BYTES];
    wf_chain_link(hash, &of, link);
    memcpy(chain->head, link, sizeof(link));
    if (!chain->from)
        chain->from = part->first_event;
}

void wf_chain_seal(struct wf_hash *hash, uint64_t execution,
                   struct wf_str image, uint8_t seal[WF_SEAL_BYTES]) {
    char head[1 + 8] = {KIND_SEAL};
    uint8_t digest[WF_LINK_BYTES];
    put_be64(head + 1, execution);
    wf_hash_begin(hash);
    wf_hash_add(hash, (struct wf_str){head, sizeof(head)});
    wf_hash_add(hash, image);
    wf_hash_end(hash, digest);
    memcpy(seal, digest, WF_SEAL_BYTES);
}
