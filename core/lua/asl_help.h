/*
 * asl_help.h - help on the states language: the fields of a type of states,
 * from the tables that the validator checks definitions with.
 */
#ifndef WF_ASL_HELP_H
#define WF_ASL_HELP_H

#include "script.h"

/** Appends the help on a topic, a type of states or a part such as "Retry";
 * NULL: what there is help on. Returns 0, or -1 and fills `err`:
 * WF_E_INVALID if there is no such topic. */
int wf_asl_help(struct wf_script *script, const char *topic,
                struct wf_buf *text, struct wf_error *err);

#endif
