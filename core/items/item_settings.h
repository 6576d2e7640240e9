/*
 * item_settings.h - from the settings of a distributed Map, as they were
 * evaluated, to its reader and its writer.
 *
 * Both are JSON objects:
 *
 *   reader  {"resource", "parameters", "inputType", "headerLocation",
 *            "headers": [...], "delimiter", "maxItems", "itemsPointer",
 *            "manifestType", "transformation"}
 *   writer  {"resource", "parameters", "transformation", "outputType"}
 *
 * A resource is s3:getObject, s3:listObjectsV2 or s3:putObject, or its ARN;
 * its parameters are Bucket with Key, Prefix, StartAfter. Or it is file:read,
 * file:list or file:write with a Path below one of the operator's roots: a
 * file, a directory whose files are listed, the directory that results go
 * below. Members that are absent or null take AWS's defaults; without an
 * inputType the end of the name says it (.csv, .jsonl, .ndjson), else it is
 * JSON.
 */
#ifndef WF_ITEM_SETTINGS_H
#define WF_ITEM_SETTINGS_H

#include "doc.h"
#include "item_reader_async.h"
#include "item_writer_async.h"

/**
 * A reader that goes on behind `position` (empty: the start). NULL fills
 * `err`: what is missing or wrong, as a cause of States.ItemReaderFailed. No
 * file is touched yet. Helper and stores are borrowed.
 */
struct wf_item_reader_async *
wf_item_settings_reader(struct wf_offload *offload,
                        const struct wf_item_stores *stores,
                        struct wf_value reader, struct wf_str position,
                        struct wf_error *err);
/** One that reads `text` as if it were what that reader finds; a listing is
 * the array of what it lists. To be read at once, not on the loop. */
struct wf_item_reader *
wf_item_settings_text_reader(struct wf_value reader, struct wf_str text,
                             struct wf_error *err);
/** The same for the results of the Map Run of that ARN; a cause of
 * States.ResultWriterFailed. */
struct wf_item_writer_async *
wf_item_settings_writer(struct wf_offload *offload,
                        const struct wf_item_stores *stores,
                        struct wf_value writer, struct wf_str map_run_arn,
                        struct wf_str position, struct wf_error *err);
/**
 * Appends the object ResultWriterDetails, {"Bucket":...,"Key":...}, of a
 * writer whose manifest has that key; Bucket is "" for file:write.
 */
void wf_item_settings_result(struct wf_value writer, struct wf_str key,
                             struct wf_buf *out);

#endif
