/*
 * file.h - file operations of the standard library, each complete in itself.
 *
 * Everything here blocks and is free of shared state: it may run on a helper
 * thread (offload.h). Functions return 0, or an errno value and fill `err`
 * with "verb path: reason". ECANCELED: the caller's flag was set.
 *
 * Whatever replaces a file does so as a whole: a temporary file beside it is
 * written, flushed to disk, renamed over it, and the directory is flushed.
 * After a crash there is the old content or the new, never a mixture. A
 * temporary file that a crash leaves is named ".NAME.<16 hex>.tmp".
 */
#ifndef WF_FILE_H
#define WF_FILE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base.h"

/** What stat and list tell. */
struct wf_file_info {
    const char *type; /**< "file", "directory", "symlink", "other" */
    int64_t size;
    int64_t mtime_ms; /**< Since the epoch. */
    unsigned mode;    /**< Permission bits, 07777. */
    unsigned uid, gid;
    uint64_t inode, links;
};

struct wf_file_entry {
    char *name;
    struct wf_file_info info;
};

struct wf_file_list {
    struct wf_file_entry *entries; /**< Sorted by name, by bytes. */
    size_t count;
};

/** How a file is written. */
struct wf_file_mode {
    int mode;  /**< Permission bits; -1: of the file replaced, else 0666. */
    bool sync; /**< Flush to disk. */
};

int wf_file_stat(const char *path, bool follow, struct wf_file_info *info,
                 struct wf_error *err);
/** Appends the content to `out`; EFBIG when it is larger than `max`. */
int wf_file_read(const char *path, size_t max, struct wf_buf *out,
                 struct wf_error *err);
/** Replaces the file as a whole. A symbolic link is followed. */
int wf_file_write(const char *path, struct wf_str data,
                  struct wf_file_mode mode, struct wf_error *err);
/** One write at the end of the file, which is made if it is missing. */
int wf_file_append(const char *path, struct wf_str data,
                   struct wf_file_mode mode, struct wf_error *err);
/** Without "." and "..". Free the list also after a failure. */
int wf_file_list(const char *path, struct wf_file_list *list,
                 struct wf_error *err);
void wf_file_list_free(struct wf_file_list *list);

/** A file on its way to replace another. */
struct wf_file_temp {
    char *target; /**< Symbolic links resolved. */
    char *path;
    int fd;
};

/** Makes an empty temporary file beside `path`. */
int wf_file_temp_open(struct wf_file_temp *temp, const char *path, int mode,
                      struct wf_error *err);
/** Flushes (`sync`), closes and renames it, or removes it on failure. */
int wf_file_temp_commit(struct wf_file_temp *temp, bool sync,
                        struct wf_error *err);
/** Removes it. Harmless after a commit and on an all-zero one. */
void wf_file_temp_drop(struct wf_file_temp *temp);

/** Makes a directory and those above it; existing ones are fine. */
int wf_file_mkdir_p(const char *path, unsigned mode, struct wf_error *err);
/** A new directory (0700) below `parent` (NULL: TMPDIR or /tmp). The path is
 * appended to `out`. */
int wf_file_temp_dir(const char *parent, const char *prefix,
                     struct wf_buf *out, struct wf_error *err);
/** Removes a file or an empty directory. */
int wf_file_remove(const char *path, struct wf_error *err);
/**
 * Removes a directory with all it holds, or a file. Symbolic links are
 * removed, never followed. What does not exist is fine. EXDEV below another
 * file system's mount point, ELOOP deeper than 256 levels.
 */
int wf_file_remove_tree(const char *path, const atomic_bool *cancelled,
                        struct wf_error *err);
int wf_file_rename(const char *from, const char *to, struct wf_error *err);

/**
 * Copies a regular file over `to` as a whole: shares the blocks where the
 * file system can, otherwise lets the kernel copy. Mode and mtime are kept.
 */
int wf_file_copy(const char *from, const char *to, bool sync,
                 const atomic_bool *cancelled, struct wf_error *err);
/** The digest (OpenSSL's name: "sha256") in lower-case hex, and a NUL. */
int wf_file_hash(const char *path, const char *algorithm, char hex[129],
                 const atomic_bool *cancelled, struct wf_error *err);

/** Fills `err` with "verb path: reason"; returns `error`. */
int wf_file_fail(struct wf_error *err, int error, const char *verb,
                 const char *path);
/** fsync of the directory that holds `path`. */
int wf_file_sync_parent(const char *path, struct wf_error *err);

#endif
