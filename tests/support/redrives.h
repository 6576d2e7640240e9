/*
 * redrives.h - for tests of redrives: handlers that fail until an execution is
 * redriven, runs to a failure, redrives to the end, with a fix or without.
 */
#ifndef REDRIVES_H
#define REDRIVES_H

#include "branches.h"

/** `flaky` fails until its execution is redriven; `twice` until that is done
 * twice; `even` as `flaky`, of odd numbers; `fail` always. `echo`, `slow`
 * (which sleeps) and `grow` (so many characters) do not. */
extern const char redrives_handlers[];

#define TASK(name, function, rest) \
    "'" name "':{'Type':'Task','Resource':'lua:t." function "'," rest "}"

/** With these handlers. */
void redrives_open(struct rig *rig);
/** Makes a machine and runs it to its failure; returns its ARN. */
const char *redrives_fail(struct rig *rig, const char *definition,
                          const char *input);
/** Waits for the end; returns the story, which has been checked. */
const char *redrives_end(struct rig *rig, const char *arn,
                         const char *output);
/** Redrives it to its success: as redrives_end(). */
const char *redrives_succeed(struct rig *rig, const char *arn,
                             const char *output);

/** Makes "m" of the first definition, runs it to its failure, and updates the
 * machine to the second one. Returns the execution's ARN. */
const char *redrives_fail_then_update(struct rig *rig, const char *first,
                                      const char *input, const char *second);
void redrives_update(struct rig *rig, const char *definition);
/** Asks for a redrive with a fix, whose texts may have single quotes. The
 * reply has the state's name as name, a reason as text. */
struct rig_reply *redrives_ask(struct rig *rig, const char *arn,
                               const struct wf_fix *fix, const char *token);
/** Fails the test if it is refused. */
void redrives_fix(struct rig *rig, const char *arn,
                  const struct wf_fix *fix);
/** It is refused for that reason; so says a dry run. */
void redrives_refuse(struct rig *rig, const char *arn,
                     const struct wf_fix *fix, const char *reason);

#endif
