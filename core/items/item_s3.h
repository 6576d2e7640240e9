/*
 * item_s3.h - a bucket behind an S3 endpoint (item_bucket.h), and what its
 * parts share. Used by item_s3*.c.
 *
 * Objects are read by ranges of some megabytes, each bound to the entity tag
 * of the first: a reader may rest for hours between two of them, no
 * connection has to live that long, and a new content is noticed. Listings
 * are pages of a thousand keys, each behind the last key before it.
 *
 * Requests are made by libcurl's easy interface and signed by it
 * (Signature Version 4); buckets are in the path. What may go away by itself
 * (a connection that breaks, "slow down") is tried four times.
 */
#ifndef WF_ITEM_S3_H
#define WF_ITEM_S3_H

#include <curl/curl.h>

#include "item_bucket.h"

struct wf_s3 {
    struct wf_item_bucket base;
    const struct wf_item_stores *stores; /* borrowed */
    CURL *curl;
};

/* ---- requests (item_s3_request.c) ---- */

/** What points to nothing is left out. */
struct wf_s3_request {
    const char *method;
    struct wf_str key;   /**< Empty: the bucket. */
    const char *query;   /**< Sorted by name, and escaped. */
    struct wf_str body;  /**< Of PUT and POST. */
    const char *range;   /**< "bytes=0-99" */
    const char *if_match;
    struct wf_str source; /**< A key of the bucket: what is copied. */
    size_t max_bytes;     /**< Of the answer; 0: 16 MiB. */
};

struct wf_s3_answer {
    long status;      /**< 0: there was none. */
    struct wf_buf body; /**< Not of a failure. */
    char etag[256];
    uint64_t size; /**< Of the whole object; GET and HEAD. */
};

/**
 * Clears the answer and fills it. -1 and WF_E_NOT_FOUND for status 404,
 * WF_E_CONFLICT for 412, WF_E_BUSY when the bucket's flag is set, else
 * WF_E_IO; the message has bucket, key, status and S3's code.
 */
int wf_s3_send(struct wf_s3 *s3, const struct wf_s3_request *request,
               struct wf_s3_answer *answer, struct wf_error *err);
/** Appends `text` as part of a URL; slashes stay in a path. */
void wf_s3_escape(struct wf_buf *out, struct wf_str text, bool is_path);
/** 0, -1 with WF_E_NOT_FOUND if there is no such object. */
int wf_s3_size(struct wf_s3 *s3, struct wf_str key, uint64_t *size,
               struct wf_error *err);

/* ---- what S3 answers with (item_s3_xml.c) ---- */

/** The end of an element: its name, its own text (ended by a NUL), how deep
 * it is (the root: 0). */
typedef void wf_s3_element_fn(void *arg, const char *name,
                              struct wf_str text, unsigned depth);
/** -1 if it is not XML; what was read until then has been told. */
int wf_s3_xml(struct wf_str text, wf_s3_element_fn *element, void *arg);
/** The text of the first element of that name at that depth, and a NUL;
 * false: there is none, or `out` is too small. */
bool wf_s3_xml_text(struct wf_str text, const char *name, unsigned depth,
                    char *out, size_t size);

/* ---- the bucket ---- */

struct wf_item_bucket *wf_item_s3(const struct wf_item_stores *stores,
                                  struct wf_str name, struct wf_error *err);
struct wf_item_list *wf_s3_list(struct wf_s3 *s3, struct wf_str prefix,
                                struct wf_str start_after);
struct wf_item_folder *
wf_s3_folder(struct wf_s3 *s3, const struct wf_item_folder_options *options);

#endif
