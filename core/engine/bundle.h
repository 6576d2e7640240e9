/*
 * bundle.h - a set of handler files, named by what is in them.
 *
 * The files (*.lua) of all handler directories, by their paths below them,
 * (a name that ends in .lua is a file: one of them, by its last name)
 * make one bundle; its name is the SHA-256 of paths and contents. A file that
 * stands in two directories counts once: the first directory wins. Files that
 * others could write to are refused, as sshd refuses keys.
 *
 * Stored form (table B): version:1 count:varint (path:text content:text)*.
 */
#ifndef WF_BUNDLE_H
#define WF_BUNDLE_H

#include "base.h"

struct wf_bundle {
    char hash[65];        /**< Hex; empty: no files. */
    struct wf_buf stored; /**< The stored form. */
    size_t files;
};

/** Reads the directories (NULL-terminated list). An unreadable or unsafe
 * file, or one that is not Lua, is an error that names it. */
int wf_bundle_read(const char *const *directories, struct wf_bundle *bundle,
                   struct wf_error *err);
/** Whether a stored form is what its name says. */
bool wf_bundle_is_whole(struct wf_str stored, struct wf_str hash);
void wf_bundle_deinit(struct wf_bundle *bundle);

/** Checks that `source` is Lua; the error has the line. */
int wf_lua_check(struct wf_str source, const char *path,
                 struct wf_error *err);

#endif
