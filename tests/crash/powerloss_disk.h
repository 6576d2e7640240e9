/*
 * powerloss_disk.h - a model of what a disk holds while a recorded log
 * (powerloss.h) is replayed, and of what it may hold after the power failed.
 *
 * Each file is a durable base and the list of changes that no fsync has
 * covered yet. Directory operations are one list, of which a prefix is
 * durable. An image takes the bases, any subset of the pending changes
 * (whole, or torn at sectors) and a prefix of the directory operations.
 */
#ifndef POWERLOSS_DISK_H
#define POWERLOSS_DISK_H

#include <stdbool.h>
#include <stddef.h>

#include "powerloss.h"

/** One record of the log; path and data are borrowed from it. */
struct powerloss_op {
    struct powerloss_head head;
    const char *path; /* not ended by a NUL */
    const char *data;
};

/** How the changes that were not synced fare. */
enum powerloss_pattern {
    POWERLOSS_KEEP_ALL,    /* the only one that loses nothing */
    POWERLOSS_LOSE_ALL,
    POWERLOSS_LOSE_SOME,   /* each with probability 1/2 */
    POWERLOSS_TEAR,        /* each sector with probability 1/2 */
    POWERLOSS_LOSE_ONE,
    POWERLOSS_KEEP_ONE,
    POWERLOSS_PATTERNS
};
extern const char *const powerloss_pattern_names[POWERLOSS_PATTERNS];

struct powerloss_disk;

struct powerloss_disk *powerloss_disk_new(void);
void powerloss_disk_free(struct powerloss_disk *disk);
/** Replays one operation; the log must outlive the disk. */
void powerloss_disk_apply(struct powerloss_disk *disk,
                          const struct powerloss_op *op);
/**
 * Writes the files as found after a power loss at this moment into
 * `directory` (emptied first). `in_flight` is the operation that was under
 * way, or NULL. The same seed gives the same image.
 */
void powerloss_disk_image(struct powerloss_disk *disk, const char *directory,
                          const struct powerloss_op *in_flight,
                          enum powerloss_pattern pattern, uint64_t seed);
/**
 * Compares with the real files: what the program wrote without the recorder
 * seeing it. Names in `ignored` (NULL-terminated) are left out. Prints each
 * difference and returns how many there are.
 */
int powerloss_disk_compare(struct powerloss_disk *disk, const char *directory,
                           const char *const *ignored);

#endif
