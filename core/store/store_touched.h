/*
 * store_touched.h - which keys the log has that the database has not.
 *
 * A read of such a key is answered from the open transaction, any other from
 * what LMDB has committed. Keys are remembered by their first 11 bytes
 * (partition, table and, mostly, an execution's id), and the lowest of those
 * that share them by its next 8: the early segments of a history can be read
 * while it grows. False alarms only cost the reader's help. Under the store's
 * mutex.
 */
#ifndef WF_STORE_TOUCHED_H
#define WF_STORE_TOUCHED_H

#include "store.h"

enum { STORE_TOUCHED_SLOTS = 8192 };

struct store_touched {
    bool table[256]; /**< Some key of the table. */
    bool whole[256]; /**< Any of its keys, for all that is known. */
    unsigned count;
    uint64_t slots[STORE_TOUCHED_SLOTS]; /**< Hashes of prefixes; 0: free. */
    uint64_t lowest[STORE_TOUCHED_SLOTS]; /**< What follows the prefix. */
};

void store_touched_clear(struct store_touched *touched);
/** All keys there are. */
void store_touched_all(struct store_touched *touched);
void store_touched_add(struct store_touched *touched,
                       const struct wf_batch *batch);
/** Could a key of [from, to) be among them? */
bool store_touched_has(const struct store_touched *touched, struct wf_str from,
                       struct wf_str to);

#endif
