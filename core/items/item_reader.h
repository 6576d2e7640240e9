/*
 * item_reader.h - reads the items of a data set, a batch at a time: what a
 * distributed Map's ItemReader names.
 *
 * A data set is a sequence of parts (one object; the objects below a prefix;
 * the files of a manifest), each a sequence of items. An item is handed out
 * as the text of a JSON value, without blanks around or between its tokens.
 *
 *   CSV    A row is an object of strings, in the header's order: missing
 *          fields are empty strings, further ones are left out, an empty
 *          line is no row. Quotation marks enclose a field or a part of it
 *          and are doubled inside; a backslash before a backslash, a
 *          quotation mark or the delimiter stands for that character and is
 *          dropped before any other.
 *   JSON   The elements of an array or the members of an object: the whole
 *          document, or what an RFC 6901 pointer leads to. Of members with
 *          the same name the pointer takes the first.
 *   JSONL  A value a line; empty lines are skipped.
 *   list   What S3's ListObjectsV2 tells of each object, sorted by key.
 *
 * A byte order mark is skipped. Text is UTF-8; other bytes are an error, or
 * become U+FFFD (CSV) on request. Names that end in ".gz" are decompressed.
 * Memory is bounded by the largest item, whatever the data set's size; a
 * listing holds 16,384 names of each directory on its way.
 *
 * A batch says where its items come from, as Map.Item.Source has it: in a
 * plain listing "S3://BUCKET", else "S3://BUCKET/KEY" of the file in which
 * they stand (of a manifest: not the manifest); "file:PATH" of plain files,
 * and of the directory in a plain listing. It is UTF-8, with U+FFFD for what
 * a name has that is not; of a text it is empty.
 *
 * A position says how much has been handed out. It is 32 bytes, in a listing
 * followed by a key (as S3's StartAfter: objects may have come and gone), and
 * a reader of the same options that seeks to it goes on with the next item.
 * It refuses if the file is not the one it was: size or mtime differ. So does
 * a read of a file that has changed since it was opened.
 *
 * Everything here blocks: it belongs on a helper thread, as
 * item_reader_async.h does it. A reader is used by one thread at a time.
 *
 * Errors are of the data or of its files; their messages name the file and
 * the line, and are meant as causes of States.ItemReaderFailed.
 */
#ifndef WF_ITEM_READER_H
#define WF_ITEM_READER_H

#include <stdatomic.h>

#include "item_bucket.h"

enum wf_item_input {
    WF_ITEM_INPUT_CSV,
    WF_ITEM_INPUT_JSON,
    WF_ITEM_INPUT_JSONL,
};

enum wf_item_dataset {
    WF_ITEM_OBJECT,       /**< One object: bucket and key. */
    WF_ITEM_TEXT,         /**< `text` instead of an object's content; bucket
                           * and key, if given, are its source. */
    WF_ITEM_LIST,         /**< Metadata of the objects of a bucket. */
    WF_ITEM_LIST_FLATTEN, /**< The items of those objects. */
    WF_ITEM_S3_INVENTORY, /**< Rows of the CSV files of a manifest.json. */
    WF_ITEM_ATHENA_DATA,  /**< Items of the objects of a manifest.csv. */
};

/** Every text is borrowed while the reader is made. Plain files are in the
 * first root that has the key, or the directory `prefix`. */
struct wf_item_options {
    enum wf_item_dataset dataset;
    enum wf_item_input input;  /**< Not for LIST and S3_INVENTORY. */
    /** Where buckets are; it outlives the reader. Not for TEXT. */
    const struct wf_item_stores *stores;
    struct wf_str bucket;      /**< Empty: plain files below a root. */
    struct wf_str key;         /**< Of the object or the manifest. */
    struct wf_str prefix;      /**< Of a listing's keys. */
    struct wf_str start_after; /**< A listing's keys are behind this one. */
    struct wf_str text;        /**< Of WF_ITEM_TEXT. */
    size_t text_piece;         /**< Bytes of it read at once; 0: any. */
    char delimiter;            /**< CSV; 0: ','. */
    const struct wf_str *headers; /**< CSV: given ones; NULL: first row. */
    size_t header_count;
    struct wf_str pointer;     /**< JSON: RFC 6901; empty: the whole. */
    uint64_t max_items;        /**< 0: all. */
    size_t max_item_bytes;     /**< In the file; 0: 8 MiB. */
    bool replace_invalid;      /**< CSV: U+FFFD for what is not UTF-8. */
};

struct wf_item {
    size_t start, len;         /**< Its JSON, in the batch's text. */
    size_t key_start, key_len; /**< A member's name, quoted; len 0: none. */
};

/** Items with consecutive numbers, of one part (in a plain listing: of any).
 * All-zero is a valid empty one. */
struct wf_item_batch {
    struct wf_buf text;
    struct wf_item *items;
    size_t count, cap;
    uint64_t first;         /**< Number of the first item, from 0. */
    bool end;               /**< No item follows. */
    struct wf_buf source;   /**< Where they come from, see above. */
    struct wf_buf start;    /**< Position before the first item. */
    struct wf_buf position; /**< Behind the last item. */
};

static inline struct wf_str wf_item_text(const struct wf_item_batch *batch,
                                         size_t index) {
    const struct wf_item *item = &batch->items[index];
    return (struct wf_str){batch->text.data + item->start, item->len};
}
void wf_item_batch_clear(struct wf_item_batch *batch); /* keeps the memory */
void wf_item_batch_free(struct wf_item_batch *batch);

/** Bytes of a position that is not a listing's, and of the longest one. */
#define WF_ITEM_POSITION 32
#define WF_ITEM_POSITION_MAX (WF_ITEM_POSITION + 1024)

struct wf_item_reader;

/** Copies the options; opens nothing yet. */
struct wf_item_reader *
wf_item_reader_new(const struct wf_item_options *options);
void wf_item_reader_free(struct wf_item_reader *reader); /* NULL is allowed */
/** A flag that ends a read with WF_E_BUSY when it is set. Borrowed. */
void wf_item_reader_cancel_on(struct wf_item_reader *reader,
                              const atomic_bool *cancelled);
/** Goes on behind a position, before the first batch. */
int wf_item_reader_seek(struct wf_item_reader *reader, struct wf_str position,
                        struct wf_error *err);
/**
 * Clears the batch and fills it: until it has `max_items`, or at least
 * `max_bytes` of text, or the part or the data set ends. After -1 the batch
 * has the items before the fault, and the next call reports it again.
 */
int wf_item_reader_next(struct wf_item_reader *reader, size_t max_items,
                        size_t max_bytes, struct wf_item_batch *batch,
                        struct wf_error *err);

#endif
