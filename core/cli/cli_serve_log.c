/* cli_serve_log.c - see cli_serve_log.h. */
#include "cli_serve_log.h"

#include <stdarg.h>
#include <stdio.h>

#include "term.h"

enum { MOST_BYTES = 8192 };

static void member(struct wf_buf *line, const char *name, const char *text) {
    struct wf_str clipped = wf_str_clip(wf_str(text), MOST_BYTES);
    struct wf_buf clean = {0};

    wf_term_text(&clean, clipped, SIZE_MAX, true);
    wf_buf_addf(line, ",\"%s\":", name);
    wf_buf_json(line, (struct wf_str){clean.data ? clean.data : "",
                                      clean.len});
    wf_buf_free(&clean);
}

static const char *const levels[] = {"info", "notice", "warning", "error"};

enum wf_serve_level wf_serve_level_of(const char *name) {
    enum wf_serve_level level = WF_SERVE_ERROR;

    while (level > WF_SERVE_INFO && strcmp(levels[level], name) != 0)
        level--;
    return level;
}

static void json_line(struct wf_buf *line, int64_t now,
                      enum wf_serve_level level, struct wf_serve_field field,
                      const char *text) {
    char time[25];

    wf_clock_iso(now, time);
    wf_buf_addf(line, "{\"time\":\"%s\",\"level\":\"%s\"", time,
                levels[level]);
    member(line, "message", text);
    if (field.name)
        member(line, field.name, field.value);
    wf_buf_u8(line, '}');
}

static void text_line(struct wf_buf *line, int64_t now, const char *text) {
    wf_term_date(line, now);
    wf_buf_u8(line, ' ');
    wf_buf_addstr(line, wf_str_clip(wf_str(text), MOST_BYTES));
}

/* In one piece: what workers print does not get between. */
static void say(const struct wf_serve_log *log, enum wf_serve_level level,
                struct wf_serve_field field, const char *text) {
    struct wf_buf line = {0};
    int64_t now = wf_clock_now_ms(log->clock);

    if (log->is_json)
        json_line(&line, now, level, field, text);
    else
        text_line(&line, now, text);
    wf_buf_u8(&line, '\n');
    fwrite(line.data, 1, line.len, stderr);
    fflush(stderr);
    wf_buf_free(&line);
}

void wf_serve_say(const struct wf_serve_log *log, enum wf_serve_level level,
                  struct wf_serve_field field, const char *format, ...) {
    char text[MOST_BYTES];
    va_list args;

    if (level < log->least)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    say(log, level, field, text);
}

int wf_serve_fail(const struct wf_serve_log *log, enum wf_exit status,
                  const char *why) {
    if (!log->is_json)
        return wf_cli_fail(status, "%s", why);
    say(log, WF_SERVE_ERROR, (struct wf_serve_field){0}, why);
    return status;
}
