/*
 * item_bucket.h - where objects are: a bucket is a directory below one of
 * the operator's, or it is behind an S3 endpoint. What readers and writers of
 * items know of either.
 *
 * A bucket is looked for below each root, in order; the first directory of
 * its name is it, else the endpoint has it. Without a name it is a root
 * itself, for plain files: the first one in which a path exists.
 *
 * Files below a root are opened with openat2(RESOLVE_BENEATH |
 * RESOLVE_NO_MAGICLINKS): no key, whatever it says, and no symbolic link
 * leads out of its directory. Where the kernel lacks the call, each component
 * is opened by itself, and neither ".." nor a symbolic link is followed.
 *
 * Everything here blocks: it runs on helper threads, a bucket on one at a
 * time.
 */
#ifndef WF_ITEM_BUCKET_H
#define WF_ITEM_BUCKET_H

#include <stdatomic.h>

#include "item_source.h"

/** The operator's places; any may be NULL. They outlive what is opened. */
struct wf_item_stores {
    const char *const *roots; /**< Directories of buckets, NULL-terminated. */
    const char *s3_endpoint;  /**< URL; buckets are in its path. */
    const char *s3_region;    /**< NULL: "us-east-1" */
    const char *access_key;   /**< NULL: requests are not signed. */
    const char *secret_key;
    const char *session_token;
};

struct wf_item_bucket;

/* ---- objects ---- */

/** The objects of a bucket in the order of their keys, as bytes. */
struct wf_item_list {
    const struct wf_item_list_ops *ops;
};
struct wf_item_list_ops {
    /** The next key (borrowed until the next call): 1; 0 at the end; -1. */
    int (*next)(struct wf_item_list *list, struct wf_str *key,
                struct wf_error *err);
    /** Appends what ListObjectsV2 tells of the key last given: 1; 0: it has
     * gone meanwhile; -1. */
    int (*describe)(struct wf_item_list *list, struct wf_buf *out,
                    struct wf_error *err);
    void (*free)(struct wf_item_list *list);
};
void wf_item_list_free(struct wf_item_list *list); /* NULL is allowed */

/* ---- files that are written ---- */

struct wf_item_folder;
struct wf_item_file {
    struct wf_item_folder *folder;
};

/** A folder of a bucket that a writer fills. A file is called by its final
 * name, under which nobody sees it before it is published. */
struct wf_item_folder_ops {
    /** Goes on behind the first `size` bytes of a file, which may have been
     * published; 0: makes a new one. NULL fills `err`. */
    struct wf_item_file *(*open)(struct wf_item_folder *folder,
                                 const char *name, uint64_t size,
                                 struct wf_error *err);
    int (*write)(struct wf_item_file *file, struct wf_str text,
                 struct wf_error *err);
    /** What was written stays, whatever happens. */
    int (*flush)(struct wf_item_file *file, struct wf_error *err);
    void (*close)(struct wf_item_file *file);
    /** Gives a file its name, unless it has it, and tells its size. */
    int (*publish)(struct wf_item_folder *folder, const char *name,
                   uint64_t *size, struct wf_error *err);
    /** The names, too, stay. */
    int (*sync)(struct wf_item_folder *folder, struct wf_error *err);
    /** Removes what is not published, or both; true if there was any. */
    bool (*remove)(struct wf_item_folder *folder, const char *name,
                   bool published);
    void (*free)(struct wf_item_folder *folder);
};
struct wf_item_folder {
    const struct wf_item_folder_ops *ops;
};
void wf_item_folder_free(struct wf_item_folder *folder); /* NULL is allowed */

struct wf_item_folder_options {
    struct wf_str path; /**< With a slash at its end. */
    uint64_t tag;       /**< Of the names of files not yet published. */
    bool sync;          /**< Flushing reaches the disk. */
};

/* ---- buckets ---- */

struct wf_item_bucket_ops {
    struct wf_item_source *(*open)(struct wf_item_bucket *bucket,
                                   struct wf_str key, const char *name,
                                   struct wf_error *err);
    struct wf_item_list *(*list)(struct wf_item_bucket *bucket,
                                 struct wf_str prefix,
                                 struct wf_str start_after);
    struct wf_item_folder *(*folder)(
        struct wf_item_bucket *bucket,
        const struct wf_item_folder_options *options, struct wf_error *err);
    void (*free)(struct wf_item_bucket *bucket);
};

struct wf_item_bucket {
    const struct wf_item_bucket_ops *ops;
    struct wf_str name;           /**< Owned. */
    const atomic_bool *cancelled; /**< Ends what takes long; or NULL. */
};

/**
 * Finds the bucket. Without a name: the root in which `path` is, or if it is
 * empty the first one. NULL and WF_E_NOT_FOUND if there is none.
 */
struct wf_item_bucket *wf_item_bucket_find(const struct wf_item_stores *stores,
                                           struct wf_str name,
                                           struct wf_str path,
                                           const atomic_bool *cancelled,
                                           struct wf_error *err);
void wf_item_bucket_free(struct wf_item_bucket *bucket); /* NULL is allowed */
/**
 * An object to be read. A key that ends in ".gz" is decompressed, one in
 * ".zst" or ".zstd" refused. NULL fills `err`.
 */
struct wf_item_source *wf_item_bucket_open(struct wf_item_bucket *bucket,
                                           struct wf_str key,
                                           struct wf_error *err);

/* ---- for item_*.c: texts ---- */

/** A copy to be freed; nothing stays nothing. */
static inline struct wf_str wf_item_copy(struct wf_str text) {
    return text.data ? (struct wf_str){wf_strndup(text.data, text.len),
                                       text.len}
                     : text;
}
static inline struct wf_str wf_item_str(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}
bool wf_item_ends_with(struct wf_str text, const char *end);
/** By bytes, as S3 sorts keys: below 0, 0, above. */
int wf_item_compare(struct wf_str a, struct wf_str b);

/* ---- the kinds of buckets; for item_*.c ---- */

/** The directory of a bucket below a root. NULL and WF_E_NOT_FOUND: no such
 * directory. */
struct wf_item_bucket *wf_item_directory(const char *root, struct wf_str name,
                                         struct wf_str path,
                                         struct wf_error *err);
/** openat2() below a directory as above; -1 sets errno. */
int wf_item_openat(int directory, const char *path, int flags);
/** A file below a directory, called `name`. */
struct wf_item_source *wf_item_source_file(int directory, const char *key,
                                           const char *name,
                                           struct wf_error *err);
/** `directory` is borrowed. */
struct wf_item_list *wf_item_directory_list(int directory,
                                            struct wf_str prefix,
                                            struct wf_str start_after);
/** `directory` is borrowed for the call, `bucket` (for messages) longer. */
struct wf_item_folder *
wf_item_directory_folder(int directory, struct wf_str bucket,
                         const struct wf_item_folder_options *options,
                         struct wf_error *err);

#endif
