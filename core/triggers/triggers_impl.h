/*
 * triggers_impl.h - what the files of the triggers share; nobody else's.
 *
 *   trigger_read.c   the file; trigger_reader.c its members
 *   trigger_file.c   sets of triggers
 *   triggers.c       the set in use
 *   trigger_list.c   what is shown of it
 *   hooks.c          a hook's request, from its arrival to its answer
 *   hook_auth.c      who sent it
 *   hook_event.c     what is made of it
 *   watch.c          a directory, and the files in it that are under way
 *   watch_start.c    what is started for a file, and what follows its end
 *   watch_files.c    these files
 *   watch_jobs.c     what is done with the file system, by threads
 */
#ifndef WF_TRIGGERS_IMPL_H
#define WF_TRIGGERS_IMPL_H

#include "clock.h"
#include "list.h"
#include "offload.h"
#include "severity.h"
#include "triggers.h"

struct wf_watch;

struct wf_triggers {
    struct wf_triggers_options options;
    struct wf_trigger_set *set; /* NULL: none yet */
    struct wf_link calls;       /* of hooks, under way */
    struct wf_clock ids;        /* only its generator */
    struct wf_offload *offload; /* for watches; NULL: not yet */
    struct wf_watch *watches;   /* a list; those that end are in it, too */
};

/** The time as it is now, also if it was set back. */
int64_t wf_triggers_now(void);
void wf_triggers_notice(struct wf_triggers *triggers, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- hooks.c ---- */
/** Forgets calls that will not be answered any more. */
void wf_hooks_drop(struct wf_triggers *triggers);

/* ---- watch.c ---- */
/** Begins watching, or goes on with what is under way by another rule. */
void wf_watch_set(struct wf_triggers *triggers, struct wf_trigger_set *set);
/** Ends watching. */
void wf_watch_stop(struct wf_triggers *triggers);
/** Frees them; their jobs are over. */
void wf_watch_free(struct wf_triggers *triggers);
/** How many files a watch has that have not ended. */
size_t wf_watch_pending(const struct wf_triggers *triggers,
                        const struct wf_trigger *trigger);

#endif
