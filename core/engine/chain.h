/*
 * chain.h - hashes that tie an execution's history together, so that an
 * altered byte, a missing segment or an exchanged one shows: `moonstep verify`.
 *
 * Each segment has a link: SHA-256 over the link before it (of the first:
 * zeros) and what it holds.
 *
 *   link = SHA-256(1:1 before:32 execution:8 start_ms:8 first_event:8
 *                  events:8 entries)
 *   seal = SHA-256(2:1 execution:8 image), its first 8 bytes
 *
 * The last link is the chain's head; it stands in the execution's image (E),
 * and the row of that is sealed. A short history inside of that row has no
 * link of its own, since the head is it. A large document's entry has the
 * SHA-256 of its text (tail.h), so links cover that as well.
 *
 * The seal is there for bytes that change by accident, and a part of it is
 * enough for that: whoever rewrites a row can make a new one. What somebody
 * relies on is the head, noted elsewhere.
 */
#ifndef WF_CHAIN_H
#define WF_CHAIN_H

#include "base.h"
#include "tail.h"

#define WF_SEAL_BYTES 8

/** What an execution knows of its chain. All-zero: nothing is chained yet. */
struct wf_chain {
    uint64_t from;  /**< The first event that is; 0: none. Later than 1 if an
                         earlier version has stored segments before. */
    uint8_t head[WF_LINK_BYTES]; /**< Of all segments so far. */
};

/** Makes hashes, one after the other. */
struct wf_hash;

struct wf_hash *wf_hash_new(void);
void wf_hash_free(struct wf_hash *hash); /* NULL is fine */
void wf_hash_begin(struct wf_hash *hash);
void wf_hash_add(struct wf_hash *hash, struct wf_str bytes);
void wf_hash_end(struct wf_hash *hash, uint8_t digest[WF_LINK_BYTES]);

/** What a link is made of. */
struct wf_link_of {
    const uint8_t *before; /**< The link before; NULL: none. */
    uint64_t execution;
    int64_t start_ms;      /**< Event times are relative to it. */
    uint64_t first_event, events;
    struct wf_str entries;
};
void wf_chain_link(struct wf_hash *hash, const struct wf_link_of *of,
                   uint8_t link[WF_LINK_BYTES]);
/** The chain gets longer by a segment that holds `part`. */
void wf_chain_add(struct wf_hash *hash, struct wf_chain *chain,
                  uint64_t execution, int64_t start_ms,
                  const struct wf_tail *part);
void wf_chain_seal(struct wf_hash *hash, uint64_t execution,
                   struct wf_str image, uint8_t seal[WF_SEAL_BYTES]);

#endif
