/*
 * journal.h - the form of journal records: results, never commands.
 *
 * A record is one batch: what became of each execution that changed in it.
 * Recovery applies the records from the first stored one on; it runs no
 * script, and applying a record twice is harmless.
 *
 *   record  = version:1 (1) now_ms:varint entry*
 *   entry   = SLICE  execution:varint flags:1 [image] first_event:varint
 *                    text(tail bytes) frames:varint frame-image*
 *           | PACKED execution:varint closed:1
 *
 * SLICE carries what an execution's history grew by and the new images of
 * the frames that changed. Its image is there when the execution is not known
 * from an earlier record (BASE: rows hold all before `first_event`) or when
 * it changed. A slice without one, of an execution that is not known, is
 * covered by a later PACKED whose own records are gone: it is skipped.
 *
 * PACKED says that the rows now hold everything about the execution.
 */
#ifndef WF_JOURNAL_H
#define WF_JOURNAL_H

#define WF_JOURNAL_VERSION 1

enum wf_journal_entry {
    WF_JOURNAL_SLICE = 1, /* On disk: add, never renumber. */
    WF_JOURNAL_PACKED = 2,
};

enum wf_journal_flags {
    WF_SLICE_IMAGE = 1, /**< The execution's image follows. */
    WF_SLICE_BASE = 2,  /**< The execution begins here for the journal. */
};

#endif
