/*
 * cli_serve_log.h - what `moonstep serve` says on stderr: lines of text, or of
 * JSON (--log-format).
 *
 *     {"time":"2026-01-31T12:00:00.123Z","level":"info",
 *      "message":"listening on http://127.0.0.1:8083",
 *      "url":"http://127.0.0.1:8083"}
 *
 * One line a message: control characters in it become blanks, what is not
 * UTF-8 becomes "?".
 */
#ifndef WF_CLI_SERVE_LOG_H
#define WF_CLI_SERVE_LOG_H

#include "cli.h"
#include "clock.h"

enum wf_serve_level {
    WF_SERVE_INFO,   /**< What the server does by itself. */
    WF_SERVE_NOTICE, /**< Somebody made it do; trouble that is over. */
    WF_SERVE_WARNING, /**< Something does not work, and it goes on. */
    WF_SERVE_ERROR, /**< Data are lost, it takes no new work, or stops. */
};

struct wf_serve_log {
    struct wf_clock *clock;
    bool is_json;
    enum wf_serve_level least; /**< What is less is not said. */
};

/** A member of JSON lines beside the message; `name` NULL: none. */
struct wf_serve_field {
    const char *name, *value;
};

/** As --log-level calls it. */
enum wf_serve_level wf_serve_level_of(const char *name);
void wf_serve_say(const struct wf_serve_log *log, enum wf_serve_level level,
                  struct wf_serve_field field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** It can't start: as wf_cli_fail(), which it is as text. */
int wf_serve_fail(const struct wf_serve_log *log, enum wf_exit status,
                  const char *why);

#endif
