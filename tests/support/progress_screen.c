/* progress_screen.c - see progress_screen.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "progress_screen.h"

static void screen_write(void *arg, struct wf_str text) {
    wf_buf_addstr(&((struct screen *)arg)->text, text);
}

static void screen_size(void *arg, size_t *columns, size_t *lines) {
    *columns = ((struct screen *)arg)->columns;
    *lines = ((struct screen *)arg)->lines;
}

void screen_init(struct screen *screen, bool live) {
    struct wf_progress_options options = {
        .live = live,
        .unicode = true,
        .write = screen_write,
        .size = screen_size,
        .arg = screen,
    };

    *screen = (struct screen){.columns = 60, .lines = 24, .next_id = 1};
    screen->progress = wf_progress_new(&options);
}

void screen_deinit(struct screen *screen) {
    wf_progress_free(screen->progress);
    wf_buf_free(&screen->text);
}

int64_t at(int64_t ms) {
    return INT64_C(1704067200000) + ms;
}

uint64_t event_after(struct screen *screen, uint64_t previous,
                     enum wf_event_type type, const char *state, int64_t ms,
                     const char *error, const char *cause) {
    uint64_t id = screen->next_id++;
    struct wf_history_event event = {
        .event = {
            .type = type,
            .id = id,
            .previous_id = previous > 0 ? previous : id - 1,
            .time_ms = at(ms),
            .error = wf_str(error),
            .cause = wf_str(cause),
        },
        .state_name = wf_str(state),
        .resource_type = WF_STR("lua"),
        .resource = WF_STR("patch.apply"),
    };

    wf_progress_event(screen->progress, &event);
    return id;
}

void event(struct screen *screen, enum wf_event_type type, const char *state,
           int64_t ms) {
    event_after(screen, 0, type, state, ms, NULL, NULL);
}

void failure(struct screen *screen, enum wf_event_type type, int64_t ms,
             const char *error, const char *cause) {
    event_after(screen, 0, type, NULL, ms, error, cause);
}

void assert_text(struct screen *screen, const char *expected) {
    wf_buf_u8(&screen->text, 0);
    assert_string_equal(screen->text.data, expected);
    screen->text.len = 0;
}

void assert_drawn(struct screen *screen, int64_t ms, const char *expected) {
    wf_progress_draw(screen->progress, at(ms));
    assert_text(screen, expected);
}

uint64_t map_event(struct screen *screen, uint64_t previous,
                   enum wf_event_type type, const char *map, uint64_t number,
                   int64_t ms) {
    uint64_t id = screen->next_id++;
    struct wf_history_event event = {
        .event = {
            .type = type,
            .id = id,
            .previous_id = previous > 0 ? previous : id - 1,
            .time_ms = at(ms),
            .index = number,
            .length = number,
        },
        .state_name = wf_str(map),
    };

    wf_progress_event(screen->progress, &event);
    return id;
}

uint64_t begin_map(struct screen *screen, uint64_t total) {
    event(screen, WF_EVENT_EXECUTION_STARTED, NULL, 0);
    event(screen, WF_EVENT_MAP_STATE_ENTERED, "Roll", 0);
    return map_event(screen, 0, WF_EVENT_MAP_STATE_STARTED, "Roll", total, 0);
}
