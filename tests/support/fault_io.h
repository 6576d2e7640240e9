/*
 * fault_io.h - writes that fail as a disk makes them fail.
 *
 * fault_io.c defines pwrite(), writev(), fdatasync() and fallocate() in front
 * of libc's, so a library that is linked shared (LMDB) is served by them. Only
 * files of the store should be written while a fault is set.
 */
#ifndef FAULT_IO_H
#define FAULT_IO_H

#include <stdatomic.h>

enum fault_io_kind {
    FAULT_IO_NONE = 0,
    FAULT_IO_DATA,         /**< Page writes fail with `fault_io_errno`. */
    FAULT_IO_SHORT,        /**< Page writes write half. */
    FAULT_IO_GROW,         /**< No file may grow by more than what is left of
                             `fault_io_room` bytes: a full disk. */
    FAULT_IO_SYNC,         /**< fdatasync fails. */
    FAULT_IO_META,         /**< The next meta page isn't written: error. */
    FAULT_IO_META_WRITTEN, /**< It is written, and yet an error is told; so is
                             LMDB's attempt to take it back, which fails. */
};

extern _Atomic int fault_io_kind;  /* enum fault_io_kind */
extern _Atomic int fault_io_errno;
extern _Atomic long fault_io_room;
extern _Atomic int fault_io_hits;  /* calls that were made to fail */

void fault_io_set(enum fault_io_kind kind, int error);

#endif
