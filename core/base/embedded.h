/*
 * embedded.h - the files that are built into the binary: Lua sources and
 * service models.
 *
 * Every file of lua/ and states/ (but *.stub.lua, which are documentation) and
 * every model of models/ is a row of one table, named by its path in the source
 * tree: "states/wait.lua", "lua/lib/exec.lua", "models/sqs.json.gz". The rows
 * stand in the order of their paths. Bytes are constant, live as long as the
 * process, and are followed by a NUL that is not counted.
 *
 * For development, wf_lua_source() reads Lua by the same paths from a directory
 * (the root of a source tree) instead, so that an edit needs no build.
 */
#ifndef WF_EMBEDDED_H
#define WF_EMBEDDED_H

#include "base.h"

struct wf_embedded {
    const char *path;
    const char *bytes;
    size_t length;
};

/** The file of that path, or NULL. */
const struct wf_embedded *wf_embedded_find(const char *path);
/** The next file behind `last` (NULL: the first); NULL at the end. */
const struct wf_embedded *wf_embedded_next(const struct wf_embedded *last);
/** The same, but only files whose path begins with `prefix` ("states/"). */
const struct wf_embedded *wf_embedded_below(const char *prefix,
                                            const struct wf_embedded *last);

/**
 * Appends the source of `path` to `source`: from `directory` if that is given
 * (then only from there), else the embedded one. Returns 0, or -1 and fills
 * `err` (WF_E_NOT_FOUND, WF_E_IO).
 */
int wf_lua_source(const char *path, const char *directory,
                  struct wf_buf *source, struct wf_error *err);

/* ---- the generated table (cmake/embed.cmake) ---- */

extern const struct wf_embedded wf_embedded_files[];
extern const size_t wf_embedded_count;

#endif
