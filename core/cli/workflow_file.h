/*
 * workflow_file.h - the definition that a file holds: Amazon States Language
 * as it is, or a workflow in Lua, which is compiled (lua/workflow/).
 *
 * A Lua file describes a workflow and does nothing else: it runs in a Lua
 * state of its own, where the standard library only stands by (load.lua).
 */
#ifndef WF_WORKFLOW_FILE_H
#define WF_WORKFLOW_FILE_H

#include "base.h"
#include "options.h"

struct wf_findings;

struct wf_workflow_line {
    char *state;
    size_t line; /**< Of the Lua file, from 1. */
};

/** All-zero is an empty one. */
struct wf_workflow_file {
    struct wf_buf definition; /**< JSON */
    struct wf_buf source;     /**< What the file holds. */
    bool is_lua;
    struct wf_workflow_line *lines; /**< Where its states come from. */
    size_t line_count;
    /** The file and the modules beside it that it requires: what a worker
     * needs, beside the handlers. NULL-terminated; NULL: not Lua. */
    char **members;
};

/** Whether the name says that it is a workflow in Lua. */
bool wf_workflow_is_lua(const char *path);

/**
 * Reads a file (- is stdin, which is never Lua). A file that can't be read is
 * WF_E_IO, one that is not a workflow WF_E_INVALID: "FILE:LINE: …".
 */
int wf_workflow_read(const struct wf_options *options, const char *path,
                     struct wf_workflow_file *file, struct wf_error *err);
/** The same, for those who want only the definition: it is appended. */
int wf_workflow_definition(const struct wf_options *options, const char *path,
                           struct wf_buf *definition, struct wf_error *err);
void wf_workflow_deinit(struct wf_workflow_file *file);

/** Findings about the definition become findings about the Lua file. */
void wf_workflow_relocate(const struct wf_workflow_file *file,
                          struct wf_findings *findings);

#endif
