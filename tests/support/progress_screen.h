/*
 * progress_screen.h - feeds progress with a made-up stream of events, and
 * compares what people see of it. Times are milliseconds after a start at
 * 2024-01-01T00:00:00Z.
 */
#ifndef PROGRESS_SCREEN_H
#define PROGRESS_SCREEN_H

#include "progress.h"

struct screen {
    struct wf_buf text;
    size_t columns, lines;
    struct wf_progress *progress;
    uint64_t next_id;
};

void screen_init(struct screen *screen, bool live);
void screen_deinit(struct screen *screen);
int64_t at(int64_t ms);

/** The next event; `previous` 0: it follows the one before. Its id. */
uint64_t event_after(struct screen *screen, uint64_t previous,
                     enum wf_event_type type, const char *state, int64_t ms,
                     const char *error, const char *cause);
void event(struct screen *screen, enum wf_event_type type, const char *state,
           int64_t ms);
void failure(struct screen *screen, enum wf_event_type type, int64_t ms,
             const char *error, const char *cause);
/** An event of a Map of `number` items, or of its iteration `number`. */
uint64_t map_event(struct screen *screen, uint64_t previous,
                   enum wf_event_type type, const char *map, uint64_t number,
                   int64_t ms);
/** An execution that begins with a Map "Roll" of `total` items. Returns the
 * event that started it. */
uint64_t begin_map(struct screen *screen, uint64_t total);

/** What was written since the last time. */
void assert_text(struct screen *screen, const char *expected);
/** The same, after drawing: with the sequences that move and erase. */
void assert_drawn(struct screen *screen, int64_t ms, const char *expected);

#endif
