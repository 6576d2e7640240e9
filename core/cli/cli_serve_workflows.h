/*
 * cli_serve_workflows.h - `moonstep serve --workflows DIR`: each file of a
 * directory, *.lua and *.asl.json, is a state machine of its name.
 *
 * The directories are directories of handlers, too, whose watch tells of
 * changes: when their new bundle is in use, all files are read again, and what
 * has changed becomes a new revision. A file that is broken leaves its state
 * machine as it is, and is noticed; so is one that is gone.
 *
 * Files are read on a thread, and those in Lua are compiled in a process of
 * their own (`moonstep validate --asl`): what is wrong with them ends there.
 */
#ifndef WF_CLI_SERVE_WORKFLOWS_H
#define WF_CLI_SERVE_WORKFLOWS_H

#include <ev.h>

#include "cli.h"
#include "engine.h"

struct wf_workflows;

struct wf_workflows_options {
    const struct wf_options *options;
    struct ev_loop *loop;
    struct wf_engine *engine;
    void (*notice)(void *arg, const char *text); /**< severity.h */
    void *arg;
};

/** The directories of handlers, with those of --workflows behind them:
 * NULL-terminated, for free(); its texts are the options'. NULL: none. */
const char **wf_workflows_handlers(const struct wf_options *options);
/** Reads the files and runs the loop until they are state machines. NULL:
 * there are no directories. */
struct wf_workflows *wf_workflows_open(const struct wf_workflows_options *with);
/** The bundle is that of the directories as they are now. */
void wf_workflows_read(struct wf_workflows *workflows); /* NULL is allowed */
/** Before the engine is closed. NULL is allowed. */
void wf_workflows_close(struct wf_workflows *workflows);

#endif
