/*
 * bench_util.h - what the benchmarks share: percentiles, the block device's
 * own count of what was written, and the price of a flush, without which no
 * figure of a durable system says anything.
 */
#ifndef BENCH_UTIL_H
#define BENCH_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Samples in nanoseconds. All-zero is a valid empty set. */
struct bench_samples {
    uint64_t *ns;
    size_t count, cap;
};

void bench_samples_add(struct bench_samples *samples, uint64_t ns);
void bench_samples_free(struct bench_samples *samples);
/** The `percent`-th percentile (50: the median); sorts. 0 of nothing. */
uint64_t bench_percentile(struct bench_samples *samples, double percent);

/**
 * Bytes written so far to the block device that `path` lies on, by everybody.
 * False where there is none (tmpfs, network).
 */
bool bench_device_written(const char *path, uint64_t *bytes);

/** Writes and flushes 4 KiB `count` times in a file of `directory`. */
bool bench_fdatasync(const char *directory, unsigned count,
                     struct bench_samples *samples);

/** Makes and removes a directory in `parent` (NULL: $TMPDIR or /tmp). */
char *bench_directory_new(const char *parent); /* NULL on failure */
void bench_directory_free(char *directory);

#endif
