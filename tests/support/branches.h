/*
 * branches.h - for tests of Parallel and Map: texts of definitions, runs, and
 * what holds for every history, however branches and iterations interleave.
 */
#ifndef BRANCHES_H
#define BRANCHES_H

#include "engine_fixture.h"

/** A state that passes its input on and ends. */
#define PASS(name) "'" name "':{'Type':'Pass','End':true}"
/** A branch, or the processor of a Map. */
#define BRANCH(start, states) "{'StartAt':'" start "','States':{" states "}}"

/** Runs a machine to its end, checks status and, if it is not NULL, output.
 * Returns the story, which has been checked. */
const char *branches_run(struct rig *rig, const char *definition,
                         const char *input, enum wf_execution_status status,
                         const char *output);
const char *branches_succeed(struct rig *rig, const char *definition,
                             const char *input, const char *output);

/** Starts an execution of the machine, named by `turns`, crashes after so many
 * turns, goes on to the end, and checks the story. NULL: the start was not
 * acknowledged, and did not survive. */
struct rig_reply *branches_end_after_crash(struct rig *rig, const char *input,
                                           unsigned turns);

/** A JSON string of so many characters. Owned by the caller. */
char *branches_padding(size_t length);

/**
 * Fails the test unless the story (engine_fixture.h) of an execution is
 * well-formed: ids are contiguous; each event follows an earlier one that can
 * cause it; each *StateEntered is left or aborted once, or something that
 * explains it has failed; each MapIterationStarted is ended once; nothing
 * comes behind the execution's end, but a redrive: then what was aborted or
 * has failed goes on, and may be aborted again, but nothing is left twice.
 */
void branches_check(const char *story);

#endif
