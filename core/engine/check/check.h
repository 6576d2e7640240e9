/*
 * check.h - whether a store is what the engine expects: for `moonstep check`.
 *
 * Reads all rows of all tables, in the order of their keys, decodes each with
 * the engine's own decoders, and follows what rows say of others. Nothing is
 * changed.
 *
 * Hashes of histories are made anew and compared (chain.h); findings of them
 * begin with "altered: ".
 *
 * Memory: what the journal holds (as an engine that starts: at most its
 * budget, --journal-bytes, unpacked), 32 bytes for each state machine, 8 for
 * each activity, half a byte for each event of the longest history, and 24 for
 * each payload of more than 64 KiB of one execution. Not for each execution,
 * event or row.
 */
#ifndef WF_CHECK_H
#define WF_CHECK_H

#include "base.h"

#define WF_CHECK_FINDINGS 1000 /* that are kept; all are counted */
#define WF_CHECK_OF_TABLE 100  /* the same of each table */

struct wf_check_finding {
    char table;     /**< 0: of the store as a whole. */
    char key[120];  /**< As wf_key_describe() says; may be cut. */
    char what[240]; /**< What is wrong, and what that means. */
};

struct wf_check_table {
    uint64_t rows, bytes; /**< Keys and values. */
    uint64_t wrong;       /**< Findings. */
    uint64_t left;        /**< Rows that a crash has left: no harm. */
};

/** No pointers: it may lie in memory that processes share. */
struct wf_check_report {
    struct wf_check_table tables[256]; /**< By letter. */
    uint64_t wrong, left;  /**< Of all tables, and of the whole. */
    uint64_t rows, bytes;
    unsigned count;
    struct wf_check_finding findings[WF_CHECK_FINDINGS];
    char at_table;         /**< What is being read. */
    char at_key[120];
    /* The store. */
    unsigned format;
    bool is_live;
    char holder[160];
    uint64_t log_records, log_bytes, file_bytes;
    uint64_t journal_executions; /**< That the journal has, not rows. */
    /* Hashes of histories: chain.h. */
    uint64_t chained, chained_events;
    uint64_t unchained; /**< Executions with events of earlier versions. */
};

/** Is told of hashes as they are read. */
struct wf_check_watch {
    /** The link of all events up to `event` is `link` (WF_LINK_BYTES).
     * `is_head`: nothing that is chained follows. */
    void (*link)(void *arg, uint64_t execution, uint64_t event,
                 const uint8_t *link, bool is_head);
    void (*end)(void *arg); /**< All executions have been read. */
    void *arg;
};

/** What a table holds: "executions and frames"; NULL: there is none. */
const char *wf_check_table_name(char table);

/** Fills `report` (all zero before). `watch`: NULL, nobody. 0: it was read to
 * the end, with findings or without; -1: the store can't be opened. */
int wf_check_store(const char *directory, const struct wf_check_watch *watch,
                   struct wf_check_report *report, struct wf_error *err);

#endif
