/*
 * store_rows.h - for tests: rows of a rig's store while no engine has it, read
 * and written past the engine.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "branches.h"
#include "keys.h"

/** Rows of a table: texts of a wf_buf. */
struct rows_taken {
    struct wf_buf keys, values;
    unsigned count;
};

/** Opened for one thing; wf_store_close(). */
struct wf_store *rows_store(struct rig *rig);
/** All of a table; the caller frees both buffers. */
void rows_take(struct rig *rig, char table, struct rows_taken *taken);
struct wf_reader rows_reader(const struct wf_buf *texts);
/** value.data NULL: without the row. */
void rows_put(struct rig *rig, struct wf_str key, struct wf_str value);

#endif
