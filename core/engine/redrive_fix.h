/*
 * redrive_fix.h - a redrive that changes something: which revision is run,
 * from which state, with which input and variables. Part of engine_impl.h.
 *
 * What is to be other is read from the request, the revision is found before
 * the history is read, and all of it is checked before anything is written:
 * rebuild_fix.c says what can't be. The batch that makes the execution run
 * has it all: ExecutionRedriven names the state and refers to the documents,
 * the image pins the revision and lists those before (past.h).
 */
#ifndef WF_REDRIVE_FIX_H
#define WF_REDRIVE_FIX_H

#include "engine.h"
#include "machine.h"
#include "rebuild.h"

struct wf_redrive;

/** As struct wf_fix of engine.h, read. All-zero: nothing is changed. */
struct wf_redrive_fix {
    char *version_arn, *revision, *from_state; /**< NULL: not given. Owned. */
    struct wf_doc *input, *variables;          /**< NULL: the same. Owned. */
    bool is_dry; /**< Nothing is to be done: could it be? */
    /** What has been found. */
    struct wf_rebuild_place place;
    struct wf_str state;       /**< Its name; borrowed from the machine. */
    struct wf_machine *machine;
};

/** False: `why` says what is wrong. Frees nothing on failure. */
bool wf_redrive_fix_read(const struct wf_fix *given,
                         struct wf_redrive_fix *fix, struct wf_buf *why);
void wf_redrive_fix_free(struct wf_redrive_fix *fix);
/** Finds the revision, then calls wf_redrive_with_target(). */
void wf_redrive_find_target(struct wf_redrive *redrive,
                            struct wf_machine_head *head);
/** The history has been read: applies the fix; `done` comes when all is
 * known, unless it is refused. */
void wf_redrive_apply_fix(struct wf_redrive *redrive,
                          void (*done)(struct wf_redrive *redrive));
/** What the first event of the redrive says of it; the root gets its
 * documents, which join the execution's history. */
void wf_redrive_fix_event(struct wf_redrive *redrive, struct wf_frame *root,
                          struct wf_event *event);

#endif
