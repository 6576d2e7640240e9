/*
 * checks.h - what `moonstep check` finds in a rig's store.
 */
#ifndef CHECKS_H
#define CHECKS_H

#include "check.h"
#include "engine_fixture.h"

/** Of the last run. */
extern struct wf_check_report checks_report;

/** Returns how many findings there are; fails the test if it can't look. */
uint64_t checks_run(struct rig *rig);
void checks_assert_whole(struct rig *rig);

#endif
