/*
 * cli_serve_triggers.h - the webhooks and watched directories of
 * `moonstep serve`.
 */
#ifndef WF_CLI_SERVE_TRIGGERS_H
#define WF_CLI_SERVE_TRIGGERS_H

#include "cli.h"
#include "triggers.h"

struct wf_cli_triggers {
    const struct wf_options *options;
    const char *path;             /**< NULL: there are none. */
    struct wf_trigger_rules rules;
    struct wf_trigger_set *set;   /**< Until they have begun. */
    struct wf_triggers *triggers; /**< NULL: not yet, or none. */
    struct wf_engine *engine;
    void (*notice)(void *arg, const char *text);
    void *arg;
};

/** Reads and checks the file; blocks. */
int wf_cli_triggers_open(const struct wf_options *options,
                         struct wf_cli_triggers *self, struct wf_error *err);
/** Begins, for an engine that is open; `with` says what else there is.
 * WF_E_INVALID: an Input can't be evaluated. */
int wf_cli_triggers_start(struct wf_cli_triggers *self,
                          const struct wf_triggers_options *with,
                          struct wf_error *err);
/** Reads the file again, on a thread. One that is refused leaves all as it
 * is, and is noticed. */
void wf_cli_triggers_reload(struct wf_cli_triggers *self);
/** After the engine is closed. */
void wf_cli_triggers_close(struct wf_cli_triggers *self);

#endif
