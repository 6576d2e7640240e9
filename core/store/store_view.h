/*
 * store_view.h - a store that stands still: for `moonstep check`, which reads
 * all of it and changes nothing.
 *
 * If nobody uses the store, the view has its lock, so no engine starts
 * meanwhile, and shows everything that is durable: what only the log has is
 * applied to a transaction in memory that is never committed.
 *
 * If an engine runs, the view is its last checkpoint (about a second old at
 * most): all batches up to one, whole. The log is the engine's then. Pages
 * that it frees while the view is open are not used again before that is
 * closed, so its file may grow.
 *
 * Rows are borrowed from the map of the file: a view takes no memory for them.
 * The pages of LMDB have no checksums: reading a damaged file, or one that is
 * cut short, may end the process (SIGSEGV, SIGBUS). Who must survive that reads
 * in a process of its own.
 */
#ifndef WF_STORE_VIEW_H
#define WF_STORE_VIEW_H

#include "store.h"

struct wf_view;
struct wf_view_cursor;

struct wf_view_info {
    bool is_live;         /**< An engine runs: see above. */
    char holder[160];     /**< Then: who has the store. */
    unsigned format;
    uint64_t log_records, log_bytes; /**< Applied from the log. */
    uint64_t file_bytes;  /**< Of the database. */
    uint64_t entries;     /**< Rows, as the database counts them. */
};

/** WF_E_NOT_FOUND: there is no store; WF_E_INVALID: it is none, or of another
 * format, or its files don't belong together. */
int wf_view_open(const char *directory, struct wf_view **view,
                 struct wf_error *err);
void wf_view_close(struct wf_view *view); /* NULL is fine */
void wf_view_info(const struct wf_view *view, struct wf_view_info *info);
/** Rows of a table, as the database counts them. */
uint64_t wf_view_rows(const struct wf_view *view, char table);
/** False: there is no such row. */
bool wf_view_get(struct wf_view *view, struct wf_str key,
                 struct wf_str *value);

/** From the first row of a table. Never NULL, also without that table. */
struct wf_view_cursor *wf_view_scan(struct wf_view *view, char table);
/** The next row, in key order: 1; 0: the end; -1: it can't be read, and `err`
 * says why. */
int wf_view_next(struct wf_view_cursor *cursor, struct wf_row *row,
                 struct wf_error *err);
void wf_view_scan_end(struct wf_view_cursor *cursor); /* NULL is fine */

#endif
