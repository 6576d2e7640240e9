/*
 * bench_bare.h - what bare LMDB makes of the rows that the engine writes: the
 * limit that the engine's figures are to be compared with, in the same run.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include "bench_rig.h"

/** Sizes of the rows that an ended execution left: its own, by its name, in
 * the list. Zeros if there is none. */
struct bench_rows {
    size_t execution, name, list;
};
void bench_rows_measure(struct bench_rig *rig, struct bench_rows *rows);

/** Writes such rows for `seconds`, `per_commit` executions a commit, keys
 * ascending, flushed; returns executions a second. */
double bench_bare_lmdb(const struct bench_rows *rows, unsigned per_commit,
                       double seconds);

#endif
