/*
 * cli_check.h - commands that read a store which stands still.
 */
#ifndef WF_CLI_CHECK_H
#define WF_CLI_CHECK_H

#include "check.h"

struct wf_options;

/** Says what was found; the result is the exit status. */
typedef int wf_cli_examined_fn(const struct wf_options *options,
                               const struct wf_check_report *report,
                               uint64_t elapsed_ns);

/** Reads the store in --data by a process of its own, which may crash on
 * damaged pages; `watch` (NULL: nobody) is called there. */
int wf_cli_examine(const struct wf_options *options,
                   const struct wf_check_watch *watch,
                   wf_cli_examined_fn *show);

/** `moonstep verify` of a store's histories. */
int wf_cli_verify_store(const struct wf_options *options);

#endif
