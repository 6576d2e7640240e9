/*
 * item_writer.h - writes the results of a Map Run: what a distributed Map's
 * ResultWriter names.
 *
 * Below BUCKET/PREFIX/ID, ID being the Map Run's, lie the files
 *
 *   SUCCEEDED_n.json, FAILED_n.json, PENDING_n.json   (or .jsonl)
 *   manifest.json
 *
 * n counts from 0; a file that would exceed the limit is followed by another.
 * A JSON file is an array, a JSONL file has a result a line. A result is the
 * execution's description (NONE, and always of one that did not succeed), its
 * output (COMPACT), or the elements of an output that is an array (FLATTEN).
 *
 * Results are appended to temporary files, which get their names, whole and
 * flushed, when the writer finishes; the manifest is the last. So a reader
 * never sees half a file. After a crash a writer of the same options resumes
 * at a position that was taken after a flush: what was written behind it is
 * cut off and written again. Finishing twice does no harm.
 *
 * Everything here blocks: it belongs on a helper thread. A writer is used by
 * one thread at a time. Messages are meant as causes of
 * States.ResultWriterFailed.
 */
#ifndef WF_ITEM_WRITER_H
#define WF_ITEM_WRITER_H

#include "item_bucket.h"

enum wf_result_kind {
    WF_RESULT_SUCCEEDED,
    WF_RESULT_FAILED, /**< Timed out and aborted ones, too. */
    WF_RESULT_PENDING,
    WF_RESULT_KINDS
};

enum wf_result_transformation {
    WF_RESULT_NONE,
    WF_RESULT_COMPACT,
    WF_RESULT_FLATTEN,
};

/** Every text is borrowed while the writer is made. */
struct wf_item_writer_options {
    /** Where buckets are; it outlives the writer. */
    const struct wf_item_stores *stores;
    struct wf_str bucket;  /**< Empty: plain files below the first root. */
    struct wf_str prefix;  /**< May be empty, and end with a slash. */
    struct wf_str map_run; /**< The ARN; its last part is the ID. */
    enum wf_result_transformation transformation;
    bool jsonl;
    uint64_t max_file_bytes; /**< 0: 5 GB, as AWS. */
    bool sync;               /**< Flush to disk. */
    const atomic_bool *cancelled; /**< Ends a request; borrowed; or NULL. */
};

/** A child execution, as DescribeExecution knows it. Absent texts (data
 * NULL) are left out. */
struct wf_item_result {
    struct wf_str execution_arn, state_machine_arn, name, status;
    struct wf_str input, output; /**< JSON. */
    struct wf_str error, cause;
    int64_t start_ms, stop_ms; /**< Since the epoch; 0: left out. */
    uint32_t redrive_count;
    struct wf_str redrive_status, redrive_reason;
};

/** Appends the description as AWS writes it: names in alphabetical order. */
void wf_item_result_json(const struct wf_item_result *result,
                         struct wf_buf *out);

struct wf_item_writer;

/**
 * Makes the directory and opens what `position` (empty: the start) says.
 * NULL fills `err`.
 */
struct wf_item_writer *
wf_item_writer_open(const struct wf_item_writer_options *options,
                    struct wf_str position, struct wf_error *err);
/** Closes; temporary files stay for a writer that resumes. NULL is allowed. */
void wf_item_writer_free(struct wf_item_writer *writer);
/** Adds a result; it is buffered. */
int wf_item_writer_add(struct wf_item_writer *writer,
                       enum wf_result_kind kind,
                       const struct wf_item_result *result,
                       struct wf_error *err);
/** Writes what is buffered and appends the position behind it. */
int wf_item_writer_flush(struct wf_item_writer *writer,
                         struct wf_buf *position, struct wf_error *err);
/** Ends the files and writes the manifest; its key is appended to `key`. */
int wf_item_writer_finish(struct wf_item_writer *writer, struct wf_buf *key,
                          struct wf_error *err);
/** Removes the temporary files of a Map Run that is given up. */
void wf_item_writer_drop(struct wf_item_writer *writer);

#endif
