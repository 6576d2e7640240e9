/* execution_log.c - see execution_log.h. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "log_impl.h"

#define ROOM ((size_t)8 << 20)

/* ---- what destinations share ---- */

void wf_log_say(struct wf_execution_log *log, const char *severity,
                const char *what, struct wf_str why) {
    struct wf_buf text = {0};

    wf_buf_addf(&text, "%s--logs %s: %s", severity, log->name, what);
    wf_buf_addstr(&text, why);
    wf_buf_u8(&text, '\0');
    log->notice(log->arg, text.data);
    wf_buf_free(&text);
}

void wf_log_say_lost(struct wf_execution_log *log) {
    char text[80];
    uint64_t lost = log->stats.lost - log->lost_before;

    if (lost == 0)
        return;
    log->lost_before = log->stats.lost;
    snprintf(text, sizeof(text), "%llu lines were lost",
             (unsigned long long)lost);
    wf_log_say(log, WF_WARNING, text, WF_STR(""));
}

uint64_t wf_log_lines_in(const char *data, size_t len) {
    uint64_t count = 0;

    for (const char *at = data, *end = data + len;
         len && (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        count++;
    return count;
}

void wf_log_wait(struct wf_execution_log *log, ev_timer *timer,
                 double seconds) {
    if (ev_is_active(timer))
        return;
    ev_timer_set(timer, seconds, 0.0);
    ev_timer_start(log->loop, timer);
}

/* ---- lines ---- */

struct wf_buf *wf_execution_log_line(struct wf_execution_log *log,
                                     struct wf_str group) {
    if (log->kind->held(log) < log->room)
        return log->kind->line(log, group);
    wf_execution_log_lose(log);
    return NULL;
}

void wf_execution_log_lose(struct wf_execution_log *log) {
    if (log->stats.lost++ == log->lost_before)
        wf_log_say(log, WF_WARNING, "lines are being lost", WF_STR(""));
}

void wf_execution_log_reopen(struct wf_execution_log *log) {
    if (log->kind->reopen)
        log->kind->reopen(log);
}

struct wf_execution_log_stats wf_execution_log_stats(
    const struct wf_execution_log *log) {
    return log->stats;
}

/* ---- opening ---- */

bool wf_execution_log_is_url(const char *destination) {
    return strncmp(destination, "http://", 7) == 0 ||
           strncmp(destination, "https://", 8) == 0;
}

static bool is_directory(const char *name) {
    struct stat info;
    size_t len = strlen(name);

    return (len > 0 && name[len - 1] == '/') ||
           (stat(name, &info) == 0 && S_ISDIR(info.st_mode));
}

int wf_execution_log_open(const struct wf_execution_log_options *options,
                          struct wf_execution_log **out,
                          struct wf_error *err) {
    const char *name = options->destination;
    struct wf_execution_log *log;

    if (wf_execution_log_is_url(name))
        log = wf_log_http_new(options, err);
    else if (is_directory(name))
        log = wf_log_directory_new(options, err);
    else
        log = wf_log_file_new(options, err);
    *out = log;
    if (!log)
        return -1;
    log->loop = options->loop;
    log->notice = options->notice;
    log->arg = options->arg;
    if (!log->name)
        log->name = wf_strndup(name, strlen(name));
    log->room = options->room ? options->room : ROOM;
    return 0;
}

void wf_execution_log_close(struct wf_execution_log *log) {
    if (!log)
        return;
    log->kind->close(log);
    free(log->name);
    free(log);
}
