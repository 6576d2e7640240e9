/*
 * store_memory.h - a store without a disk, to try others out against what a
 * real one may do to them.
 *
 * The rows live in a `store_memory_disk`, which outlives the store. A batch
 * goes through three moments, each a random delay after the one before: it is
 * applied (asked for), it gets onto the disk, it is acknowledged. A crash
 * between them has every outcome that a power cut can have: a random prefix
 * of what was applied got onto the disk, acknowledged or not. Reads are also
 * answered after random delays, and in any order; an answer may be older than
 * what has been acknowledged when it comes.
 */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "store.h"

struct store_memory_disk;

struct store_memory_disk *store_memory_disk_new(void);
void store_memory_disk_free(struct store_memory_disk *disk);
size_t store_memory_disk_count(const struct store_memory_disk *disk);

/** How a store behaves. */
struct store_memory_options {
    uint64_t seed;
    double max_delay_ms; /**< 0: everything on the loop's next turn. */
};

/** Borrows loop and disk; a disk serves one store at a time. */
struct wf_store *store_memory_open(struct ev_loop *loop,
                                   struct store_memory_disk *disk,
                                   const struct store_memory_options *options);

/** The next `attempts` commits find no room: WF_STORE_FULL until then. */
void store_memory_full(struct wf_store *store, unsigned attempts);
/** The next commit fails for good: WF_STORE_DEAD, no acknowledgements. */
void store_memory_die(struct wf_store *store);
/** Frees the store as a crash would; the disk may then be opened again. */
void store_memory_crash(struct wf_store *store);

#endif
