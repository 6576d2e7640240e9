/* progress_draw.c - progress as a live tree on a terminal. */
#include "progress_visit.h"
#include "term.h"

enum { REDRAW_MS = 100, DURATION_COLUMNS = 7 };

#define RED "31"
#define GREEN "32"
#define YELLOW "33"
#define CYAN "36"
#define DIM "2"

struct look {
    const char *glyph, *ascii, *color;
};

static const struct look looks[] = {
    [WF_VISIT_SCHEDULED] = {"◦", ".", CYAN},
    [WF_VISIT_WAITING] = {"◷", "~", YELLOW},
    [WF_VISIT_FAILED] = {"✗", "x", RED},
    [WF_VISIT_DONE] = {"✓", "+", GREEN},
    [WF_VISIT_CAUGHT] = {"!", "!", YELLOW},
    [WF_VISIT_LOST] = {"✗", "x", RED},
    [WF_VISIT_STOPPED] = {"■", "#", YELLOW},
};

static struct look look_of(const struct wf_visit *visit, int64_t now_ms) {
    static const char *const spinner[] = {"⠋", "⠙", "⠹", "⠸", "⠼",
                                          "⠴", "⠦", "⠧", "⠇", "⠏"};
    static const char *const ascii[] = {"|", "/", "-", "\\"};
    uint64_t turn = (uint64_t)now_ms / REDRAW_MS;

    if (visit->phase == WF_VISIT_WAITING && visit->attempts > 0)
        return (struct look){"↻", "~", YELLOW};
    if (looks[visit->phase].glyph != NULL)
        return looks[visit->phase];
    return (struct look){spinner[turn % 10], ascii[turn % 4], CYAN};
}

static void add_colored(struct wf_buf *out, const struct wf_progress *progress,
                        const char *color, struct wf_str text) {
    if (progress->options.color && color != NULL)
        wf_buf_addf(out, "\033[%sm", color);
    wf_buf_addstr(out, text);
    if (progress->options.color && color != NULL)
        wf_buf_adds(out, "\033[0m");
}

static void add_countdown(struct wf_buf *text, const struct wf_visit *visit,
                          int64_t now_ms) {
    int64_t left_ms = visit->due_ms - now_ms;

    if (visit->attempts > 0)
        wf_buf_addf(text, "attempt %u in ", visit->attempts + 1);
    if (left_ms < 0)
        left_ms = 0;
    if (left_ms < 60000) /* whole seconds, so that it does not flicker */
        wf_buf_addf(text, "%llds", (long long)(left_ms + 999) / 1000);
    else
        wf_term_duration(text, left_ms);
    wf_buf_adds(text, visit->attempts > 0 ? "" : " left");
}

/* What is said behind the duration; its colour is returned. */
static const char *add_details(struct wf_buf *text,
                               const struct wf_visit *visit, int64_t now_ms) {
    const char *color = DIM;
    const char *tail = visit->log;

    if (visit->phase == WF_VISIT_WAITING)
        add_countdown(text, visit, now_ms);
    else if (visit->attempts > 1)
        wf_buf_addf(text, wf_visit_is_over(visit) ? "%u attempts"
                                                  : "attempt %u",
                    visit->attempts);
    if (visit->phase == WF_VISIT_LOST || visit->phase == WF_VISIT_FAILED)
        color = RED;
    else if (visit->phase == WF_VISIT_CAUGHT)
        color = YELLOW;
    if (color != (const char *)DIM || visit->phase == WF_VISIT_WAITING)
        tail = visit->error;
    else if (wf_visit_is_over(visit))
        tail = NULL;
    if (tail != NULL && text->len > 0)
        wf_buf_adds(text, ": ");
    if (visit->phase == WF_VISIT_CAUGHT)
        wf_buf_adds(text, "caught ");
    if (tail != NULL)
        wf_buf_adds(text, tail);
    return color;
}

static void add_visit(struct wf_buf *out, struct wf_progress *progress,
                      const struct wf_visit *visit, size_t columns,
                      int64_t now_ms) {
    bool unicode = progress->options.unicode;
    struct look look = look_of(visit, now_ms);
    struct wf_buf cell = {0}, text = {0};
    size_t used = 2 * visit->depth + 2 + 2 + DURATION_COLUMNS;
    size_t name_columns = progress->name_columns;
    int64_t end_ms = wf_visit_is_over(visit) ? visit->end_ms : now_ms;
    const char *color;

    if (used + name_columns > columns)
        name_columns = columns > used + 4 ? columns - used : 4;
    used += name_columns + 1;
    for (unsigned i = 0; i < visit->depth; i++)
        wf_buf_adds(out, "  ");
    add_colored(out, progress, look.color,
                wf_str(unicode ? look.glyph : look.ascii));
    wf_buf_u8(out, ' ');
    wf_term_cell(out, wf_str(visit->name), name_columns, unicode);
    wf_buf_adds(out, "  ");
    wf_term_duration(&cell, end_ms - visit->start_ms);
    wf_term_cell(out, (struct wf_str){cell.data, cell.len}, DURATION_COLUMNS,
                 unicode);
    color = add_details(&text, visit, now_ms);
    if (text.len > 0 && used < columns) {
        cell.len = 0;
        wf_term_text(&cell, (struct wf_str){text.data, text.len},
                     columns - used, unicode);
        wf_buf_u8(out, ' ');
        add_colored(out, progress, color,
                    (struct wf_str){cell.data, cell.len});
    }
    wf_buf_free(&cell);
    wf_buf_free(&text);
}

/* Visits at the head of the list that are over for good. A fork's children
 * come after it, so none of them is in front of their unfinished parent. */
static size_t finished_head(const struct wf_progress *progress) {
    size_t count = 0;

    while (count < progress->count &&
           wf_visit_is_over(&progress->visits[count]))
        count++;
    if (count == progress->count && count > 0 &&
        progress->ended == WF_EVENT_NONE)
        count--; /* the next one finds its depth by it */
    return count;
}

static void end_line(struct wf_buf *out) {
    wf_buf_adds(out, "\033[K\n");
}

static void add_end(struct wf_buf *out, const struct wf_progress *progress) {
    static const struct look good = {"✓", "+", GREEN}, bad = {"✗", "x", RED};
    struct look look =
        progress->ended == WF_EVENT_EXECUTION_SUCCEEDED ? good : bad;
    struct wf_buf text = {0};

    wf_buf_addf(&text, "%s %s in ",
                progress->options.unicode ? look.glyph : look.ascii,
                wf_event_type_name(progress->ended));
    wf_term_duration(&text, progress->end_ms - progress->start_ms);
    add_colored(out, progress, look.color,
                (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
    end_line(out);
}

/* The part that will be drawn again: the last lines that fit. */
static void add_rest(struct wf_buf *out, struct wf_progress *progress,
                     size_t columns, size_t lines, int64_t now_ms) {
    size_t room = lines > 3 ? lines - 2 : 1;
    size_t first = 0;

    progress->drawn_lines = 0;
    if (progress->count > room) {
        first = progress->count - room + 1;
        wf_buf_addf(out, "  (%zu more)", first);
        end_line(out);
        progress->drawn_lines++;
    }
    for (size_t i = first; i < progress->count; i++) {
        add_visit(out, progress, &progress->visits[i], columns, now_ms);
        end_line(out);
        progress->drawn_lines++;
    }
}

static void draw(struct wf_progress *progress, int64_t now_ms) {
    size_t head = finished_head(progress);
    size_t columns = 80, lines = 24;
    struct wf_buf out = {0};

    progress->options.size(progress->options.arg, &columns, &lines);
    columns -= columns > 1; /* a full line would wrap */
    if (progress->drawn_lines > 0)
        wf_buf_addf(&out, "\033[%zuA", progress->drawn_lines);
    wf_buf_adds(&out, "\r\033[J");
    wf_buf_add(&out, progress->notes.data, progress->notes.len);
    progress->notes.len = 0;
    for (size_t i = 0; i < head; i++) {
        add_visit(&out, progress, &progress->visits[i], columns, now_ms);
        end_line(&out);
    }
    if (head > 0)
        wf_progress_forget(progress, head);
    add_rest(&out, progress, columns, lines, now_ms);
    progress->options.write(progress->options.arg,
                            (struct wf_str){out.data, out.len});
    wf_buf_free(&out);
    progress->is_dirty = false;
    progress->drawn_ms = now_ms;
}

void wf_progress_draw(struct wf_progress *progress, int64_t now_ms) {
    bool is_idle = progress->count == 0 || progress->ended != WF_EVENT_NONE;

    if (!progress->options.live)
        return;
    if (!progress->is_dirty &&
        (is_idle || now_ms - progress->drawn_ms < REDRAW_MS))
        return;
    draw(progress, now_ms);
}

void wf_progress_finish(struct wf_progress *progress, int64_t now_ms) {
    struct wf_buf out = {0};

    if (!progress->options.live)
        return;
    draw(progress, now_ms);
    progress->drawn_lines = 0;
    if (progress->ended == WF_EVENT_NONE)
        return;
    add_end(&out, progress);
    progress->options.write(progress->options.arg,
                            (struct wf_str){out.data, out.len});
    wf_buf_free(&out);
}
