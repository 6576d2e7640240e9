/*
 * map_runs.h - for tests of distributed Maps: texts of definitions; what the
 * Map Runs of an execution and their children have come to, as text; and what
 * holds for all that have ended.
 */
#ifndef MAP_RUNS_H
#define MAP_RUNS_H

#include "branches.h"

/** The processor of a distributed Map. */
#define PROCESSOR(type, start, states)                                    \
    "'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED',"           \
    "'ExecutionType':'" type "'},'StartAt':'" start "','States':{"        \
    states "}}"
#define STANDARD(start, states) PROCESSOR("STANDARD", start, states)
/** A machine of one distributed Map, M; `fields` begins with a comma. */
#define MAP_MACHINE(processor, fields)                                    \
    "{'StartAt':'M','States':{'M':{'Type':'Map'," processor fields        \
    ",'End':true}}}"

/** The runs, newest first, one a line:
 *
 *   FAILED items 1+0+3+1+0+0 executions 0+0+3+1+0+0
 *
 * pending, running, succeeded, failed, timed out, aborted. Owned by the
 * rig. */
const char *map_runs(struct rig *rig, const char *arn);

/** The children of all runs, newest run first, in the order of their starts,
 * one a line, "SUCCEEDED input output" or "FAILED input error: cause". Fails
 * the test if a history is not well-formed. Owned by the rig. */
const char *map_children(struct rig *rig, const char *arn);
/** Their ARNs, one a line. */
const char *map_child_arns(struct rig *rig, const char *arn);

/** The execution and its children end and leave no rows behind. Then the
 * counts of its runs must be what their children say. */
void map_check(struct rig *rig, const char *arn);

/** Turns until no execution is in memory, and no row is left of frames,
 * timers, checkpoints and results. */
void map_until_no_rows(struct rig *rig);

/** Runs a machine as branches_run(), with map_check(). */
struct rig_reply *map_run(struct rig *rig, const char *definition,
                          const char *input, enum wf_execution_status status,
                          const char *output);

#endif
