/*
 * backup_writer.h - the thread that writes a backup: a store of its own, on a
 * loop of its own, to which batches are handed. See backup.h.
 */
#ifndef WF_BACKUP_WRITER_H
#define WF_BACKUP_WRITER_H

#include "store.h"

struct wf_backup_writer;

/** Starts it: opens a new store in `directory`. `changed` runs on `loop` when
 * batches have been written, when the writer has ended, or has failed. */
struct wf_backup_writer *wf_backup_writer_new(struct ev_loop *loop,
                                              const char *directory,
                                              void (*changed)(void *arg),
                                              void *arg);
/** Takes the batch. */
void wf_backup_writer_put(struct wf_backup_writer *writer,
                          struct wf_batch *batch);
/** Bytes that are not written yet. */
size_t wf_backup_writer_due(struct wf_backup_writer *writer);
/** It ends when all is written, and its store is closed. */
void wf_backup_writer_finish(struct wf_backup_writer *writer);
/** True: it has ended, and `err` says whether well (WF_OK). */
bool wf_backup_writer_has_ended(struct wf_backup_writer *writer,
                                struct wf_error *err);
/** Ends it at once, if it has not. */
void wf_backup_writer_free(struct wf_backup_writer *writer);

#endif
