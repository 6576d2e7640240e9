/*
 * powerloss.h - the log that ties the three parts of the power-loss suite
 * together.
 *
 *  1. powerloss_record.c is preloaded into a program and writes down, in
 *     order, everything that changes a file below $POWERLOSS_DIR, every
 *     fsync, and the marks with which the program says what it has promised
 *     to somebody ("batch 7 is durable").
 *  2. powerloss_check.c cuts that log at some operation, drops or tears any
 *     of the writes that no fsync had covered by then, writes the files as
 *     they would be found after the power has come back, and runs a command
 *     on them, with the marks made before the cut.
 *  3. The command (powerloss_store.c is one) opens the files with the real
 *     code and exits with 0 if every mark is still true.
 *
 * What is assumed of disk and file system:
 *  - sectors of 512 bytes are written whole or not at all, in any order;
 *  - fsync and fdatasync make durable what was written to that file before
 *    the call began, once the call has returned; a write through a descriptor
 *    opened with O_DSYNC or O_SYNC is durable (it alone) when it returns;
 *  - creating, renaming and unlinking become durable in order: with fsync of
 *    the directory, and creation also with fsync of the file.
 *
 * The log is a sequence of records: a head, then path_len bytes of path
 * (relative to $POWERLOSS_DIR), then data_len bytes.
 */
#ifndef POWERLOSS_H
#define POWERLOSS_H

#include <stdint.h>

enum powerloss_kind {
    POWERLOSS_WRITE = 1,      /* at: offset; synced: 1 if O_DSYNC */
    POWERLOSS_TRUNCATE = 2,   /* at: size */
    POWERLOSS_EXTEND = 3,     /* at: size (fallocate); never shrinks */
    POWERLOSS_CREATE = 4,     /* an empty file */
    POWERLOSS_RENAME = 5,     /* data: the new path */
    POWERLOSS_UNLINK = 6,
    POWERLOSS_SYNC_BEGIN = 7, /* at: number of the call; path "": directory */
    POWERLOSS_SYNC_END = 8,   /* at: number of the call */
    POWERLOSS_MARK = 9,       /* data: text */
};

struct powerloss_head {
    uint16_t kind;
    uint16_t synced;
    uint32_t path_len;
    uint64_t at;
    uint64_t data_len;
};

/**
 * Says that `text` (one line, without newline) holds from now on. Programs
 * find it with dlsym(RTLD_DEFAULT, "powerloss_mark"); it is absent when the
 * recorder is not preloaded.
 */
typedef void powerloss_mark_fn(const char *text);

#endif
