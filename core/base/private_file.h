/*
 * private_file.h - files that decide who may do what: keys, certificates'
 * keys, the audit log.
 *
 * Such a file has to be a regular one that belongs to us or to root, and
 * that nobody else can write, nor, if it holds secrets, anybody outside its
 * group read. What is opened is what is looked at: a file can't be exchanged
 * between the two.
 */
#ifndef WF_PRIVATE_FILE_H
#define WF_PRIVATE_FILE_H

#include "base.h"

/** Permission bits that such a file must not have. */
enum {
    WF_FILE_OTHERS_WRITE = 0022, /**< Group and world. */
    WF_FILE_SECRET = 0027,       /**< And nobody else reads. */
};

/** Whether the open file is such a one; WF_E_INVALID says why not. */
int wf_private_file_check(int fd, const char *path, unsigned forbidden,
                          struct wf_error *err);
/** Appends its content. Blocks. WF_E_INVALID: refused, or larger than
 * `max`; WF_E_IO: it can't be read. */
int wf_private_file_read(const char *path, unsigned forbidden, size_t max,
                         struct wf_buf *out, struct wf_error *err);

#endif
