/*
 * write_faults.h - the control file of the preloaded library that lets writes
 * fail (write_faults.c), as the crash suite and the library see it.
 *
 * The suite maps the file and changes it while the server runs. A kind is set
 * last, when what belongs to it is there. Lua repeats this (write_faults.lua).
 */
#ifndef WRITE_FAULTS_H
#define WRITE_FAULTS_H

#include <stdint.h>

enum write_faults_kind {
    WRITE_FAULTS_NONE,
    WRITE_FAULTS_WRITE,   /**< One write fails with EIO, the `after`th; one
                            of a vector as a whole, since what fails behind
                            its beginning is a short count to the caller. */
    WRITE_FAULTS_SYNC,    /**< One flush does, the `after`th. */
    WRITE_FAULTS_ROOM,    /**< A full disk: the files of the directory have
                            `room` bytes together; what fits is written. */
    WRITE_FAULTS_NO_ROOM, /**< A full disk that never writes in place: each
                            write fails with ENOSPC. */
};

struct write_faults {
    uint32_t kind;  /**< enum write_faults_kind */
    uint32_t after; /**< 1: the next. */
    uint32_t hits;  /**< Calls that were made to fail. */
    uint32_t unused;
    uint64_t room;
    char file[64];  /**< Name of the one that the last of them was about. */
};

#endif
