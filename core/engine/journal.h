/*
 * journal.h - the form of journal records: results, never commands.
 *
 * A record is one batch: what became of each execution that changed in it.
 * Recovery applies the records from the first stored one on; it runs no
 * script, and applying a record twice is harmless.
 *
 *   record  = version:1 (2) now_ms:varint entry*
 *   entry   = SLICE  execution:varint flags:1 [image] first_event:varint
 *                    text(tail bytes) frames:varint frame-image*
 *                    forks:varint results* gone:varint frame:varint*
 *           | PACKED execution:varint closed:1
 *           | CUT_CHAINED execution:varint first_event:varint
 *                    chain_from:varint head:32
 *           | CUT    execution:varint first_event:varint (earlier versions)
 *   results = frame:varint count:varint (index:varint document:varint)*
 *
 * SLICE carries what an execution's history grew by, the new images of the
 * frames that changed, the results of children that ended, and the numbers of
 * frames that left memory: they ended, or are rows now. Its image is there
 * when the execution is not known from an earlier record (BASE: rows hold all
 * before `first_event`) or when it changed. A slice without one, of an
 * execution that is not known, is covered by a later PACKED whose own records
 * are gone: it is skipped.
 *
 * PACKED says that the rows now hold everything about the execution; CUT,
 * that they hold all events before `first_event`, and what their chain is.
 */
#ifndef WF_JOURNAL_H
#define WF_JOURNAL_H

#define WF_JOURNAL_VERSION 2

enum wf_journal_entry {
    WF_JOURNAL_SLICE = 1, /* On disk: add, never renumber. */
    WF_JOURNAL_PACKED = 2,
    WF_JOURNAL_CUT = 3,
    WF_JOURNAL_CUT_CHAINED = 4,
};

enum wf_journal_flags {
    WF_SLICE_IMAGE = 1, /**< The execution's image follows. */
    WF_SLICE_BASE = 2,  /**< The execution begins here for the journal. */
    WF_SLICE_STORED = 4, /**< It has an E row, N and L. */
};

#endif
