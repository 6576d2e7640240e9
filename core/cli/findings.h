/*
 * findings.h - what is wrong with one definition, ready to be shown: in the
 * order of the text, each with its place in the file and a hint.
 */
#ifndef WF_FINDINGS_H
#define WF_FINDINGS_H

#include "doc.h"
#include "script.h"

struct wf_finding {
    bool is_error, is_info; /**< Neither: a warning. */
    char *code, *message, *location;
    char *pointer;       /**< JSON pointer; "" is the whole. */
    char *hint;          /**< NULL: none. */
    size_t offset, end;  /**< The bytes it is about. */
    size_t line, column; /**< Of `offset`, from 1, in characters. */
};

struct wf_findings {
    struct wf_finding *list; /**< Owned, as its texts are. */
    size_t count, errors, warnings, remarks;
    struct wf_str text; /**< Of the file; borrowed. */
};

/** Checks the text of a definition (of an EXPRESS state machine, by the rules
 * of a profile); `findings` starts all-zero. */
void wf_findings_make(struct wf_findings *findings, struct wf_script *script,
                      struct wf_str text, const struct wf_profile *profile,
                      bool express);
void wf_findings_deinit(struct wf_findings *findings);

/** Appends one finding for people: a line as compilers write it, the place in
 * the source, the hint. `columns` is the terminal's width. */
void wf_finding_show(const struct wf_findings *findings, size_t index,
                     const char *file, bool color, size_t columns,
                     struct wf_buf *out);
/** Appends all as one JSON object, in the manner of
 * ValidateStateMachineDefinition. */
void wf_findings_json(const struct wf_findings *findings, const char *file,
                      struct wf_buf *out);

#endif
