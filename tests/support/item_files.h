/*
 * item_files.h - a directory of buckets for the tests of readers and writers
 * of items.
 */
#ifndef ITEM_FILES_H
#define ITEM_FILES_H

#include "base.h"
#include "item_reader.h"

struct item_files {
    char root[64];
    const char *roots[2];
    struct wf_item_stores stores; /**< The root. */
};

void item_files_make(struct item_files *files); /* with a bucket "b" */
void item_files_remove(struct item_files *files);
/** Writes ROOT/path, making directories; ".gz" is compressed. */
void item_files_put(const struct item_files *files, const char *path,
                    const char *text);
/** What ROOT/path holds, ended by a NUL; NULL if it is not there. free() */
char *item_files_get(const struct item_files *files, const char *path);
/** Appends a batch's items, each followed by a newline. */
void item_files_add(const struct wf_item_batch *batch, struct wf_buf *out);

#endif
