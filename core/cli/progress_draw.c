/* progress_draw.c - progress as a live tree on a terminal. */
#include <inttypes.h>
#include <stdio.h>

#include "progress_visit.h"
#include "term.h"

enum {
    REDRAW_MS = 100,
    DURATION_COLUMNS = 7,
    BAR_COLUMNS = 10,
    MAX_INDENT = 24,     /* columns */
    MAX_ITERATIONS = 10, /* shown of a Map */
};

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

static void separate(struct wf_buf *text, const char *separator) {
    if (text->len > 0)
        wf_buf_adds(text, separator);
}

static bool has_items(const struct wf_visit *visit) {
    return visit->fork == WF_VISIT_MAP && visit->attempts > 0 &&
           !visit->is_uncounted;
}

/* How far a Map is. */
static void add_counts(struct wf_buf *text, const struct wf_visit *visit) {
    if (visit->is_run && visit->is_open)
        wf_buf_addf(text, "%" PRIu64 " done", visit->done);
    else if (visit->phase == WF_VISIT_DONE)
        wf_buf_addf(text, "%" PRIu64 " item%s", visit->total,
                    visit->total == 1 ? "" : "s");
    else
        wf_buf_addf(text, "%" PRIu64 "/%" PRIu64, visit->done, visit->total);
    wf_progress_add_counts(text, visit->failed, visit->running);
}

static void add_attempts(struct wf_buf *text, const struct wf_visit *visit,
                         int64_t now_ms) {
    if (visit->phase != WF_VISIT_WAITING && visit->attempts < 2)
        return;
    separate(text, ", ");
    if (visit->phase == WF_VISIT_WAITING)
        add_countdown(text, visit, now_ms);
    else
        wf_buf_addf(text, wf_visit_is_over(visit) ? "%u attempts"
                                                  : "attempt %u",
                    visit->attempts);
}

/* What is said behind the duration; its colour is returned. */
static const char *add_details(struct wf_buf *text,
                               const struct wf_visit *visit, int64_t now_ms) {
    bool is_bad = visit->phase == WF_VISIT_LOST ||
                  visit->phase == WF_VISIT_FAILED;
    bool is_caught = visit->phase == WF_VISIT_CAUGHT;
    const char *tail = is_bad || is_caught ||
                               visit->phase == WF_VISIT_WAITING
                           ? visit->error
                       : wf_visit_is_over(visit) ? NULL
                                                 : visit->log;

    if (has_items(visit))
        add_counts(text, visit);
    add_attempts(text, visit, now_ms);
    if (tail != NULL || is_caught)
        separate(text, ": ");
    if (is_caught)
        wf_buf_adds(text, tail != NULL ? "caught " : "caught");
    if (tail != NULL)
        wf_buf_adds(text, tail);
    return is_bad ? RED : is_caught ? YELLOW : DIM;
}

/* ---- lines ---- */

/* One drawing: where it goes, and what of the tree there is room for. */
struct drawing {
    struct wf_buf out;
    struct wf_progress *progress;
    size_t columns;
    int64_t now_ms;
    size_t lines;
    size_t iterations; /* shown of a Map */
    size_t visits;     /* shown of a branch */
};

/* What stands before a line of the tree: blanks and guides. */
struct indent {
    char text[MAX_INDENT * 4 + 1];
    size_t columns;
};

static void end_line(struct drawing *drawing) {
    wf_buf_adds(&drawing->out, "\033[K\n");
    drawing->lines++;
}

static struct indent indent_add(const struct indent *indent,
                                const char *guide) {
    struct indent deeper = *indent;

    if (deeper.columns + 2 <= MAX_INDENT) {
        size_t len = strlen(deeper.text);
        snprintf(deeper.text + len, sizeof(deeper.text) - len, "%s", guide);
        deeper.columns += 2;
    }
    return deeper;
}

/* Done, failed and running parts of a Map's items. */
static void add_bar(struct drawing *drawing, const struct wf_visit *visit) {
    bool unicode = drawing->progress->options.unicode;
    uint64_t total = visit->total > 0 ? visit->total : 1;
    uint64_t done = visit->done * BAR_COLUMNS / total;
    uint64_t over = (visit->done + visit->failed) * BAR_COLUMNS / total;
    struct wf_buf parts[3] = {{0}};
    static const char *const colors[] = {GREEN, RED, DIM};

    if (visit->failed > 0 && over == done && over < BAR_COLUMNS)
        over++;
    for (uint64_t i = 0; i < BAR_COLUMNS; i++)
        wf_buf_adds(&parts[i < done ? 0 : i < over ? 1 : 2],
                    i < over ? (unicode ? "█" : "#") : unicode ? "░" : "-");
    for (int i = 0; i < 3; i++) {
        if (parts[i].len > 0)
            add_colored(&drawing->out, drawing->progress, colors[i],
                        (struct wf_str){parts[i].data, parts[i].len});
        wf_buf_free(&parts[i]);
    }
    wf_buf_u8(&drawing->out, ' ');
}

/* The glyph, and the cell of the name. Returns the columns used. */
static size_t add_name(struct drawing *drawing, const struct wf_visit *visit,
                       const struct indent *indent) {
    struct wf_progress *progress = drawing->progress;
    bool unicode = progress->options.unicode;
    struct look look = look_of(visit, drawing->now_ms);
    size_t fixed = 2 + 2 + DURATION_COLUMNS, columns = progress->name_columns;
    struct wf_buf name = {0};

    if (fixed + columns > drawing->columns)
        columns = drawing->columns > fixed ? drawing->columns - fixed : 0;
    columns = columns > indent->columns + 4 ? columns - indent->columns : 4;
    add_colored(&drawing->out, progress, DIM, wf_str(indent->text));
    add_colored(&drawing->out, progress, look.color,
                wf_str(unicode ? look.glyph : look.ascii));
    wf_buf_u8(&drawing->out, ' ');
    if (visit->scope->is_iteration)
        wf_buf_addf(&name, "[%" PRIu64 "] ", visit->scope->index);
    wf_buf_adds(&name, visit->name);
    wf_term_cell(&drawing->out, (struct wf_str){name.data, name.len},
                 columns, unicode);
    wf_buf_free(&name);
    return indent->columns + 2 + columns;
}

static void add_visit_line(struct drawing *drawing,
                           const struct wf_visit *visit,
                           const struct indent *indent) {
    struct wf_progress *progress = drawing->progress;
    bool unicode = progress->options.unicode;
    int64_t end_ms = wf_visit_is_over(visit) ? visit->end_ms
                                             : drawing->now_ms;
    struct wf_buf cell = {0}, text = {0};
    size_t used = add_name(drawing, visit, indent) + 2 + DURATION_COLUMNS + 1;
    const char *color;

    wf_buf_adds(&drawing->out, "  ");
    wf_term_duration(&cell, end_ms - visit->start_ms);
    wf_term_cell(&drawing->out, (struct wf_str){cell.data, cell.len},
                 DURATION_COLUMNS, unicode);
    color = add_details(&text, visit, drawing->now_ms);
    if (text.len > 0 && used < drawing->columns)
        wf_buf_u8(&drawing->out, ' ');
    if (has_items(visit) && !wf_visit_is_over(visit) && !visit->is_open &&
        used + BAR_COLUMNS + 8 < drawing->columns) {
        add_bar(drawing, visit);
        used += BAR_COLUMNS + 1;
    }
    if (text.len > 0 && used < drawing->columns) {
        cell.len = 0;
        wf_term_text(&cell, (struct wf_str){text.data, text.len},
                     drawing->columns - used, unicode);
        add_colored(&drawing->out, progress, color,
                    (struct wf_str){cell.data, cell.len});
    }
    end_line(drawing);
    wf_buf_free(&cell);
    wf_buf_free(&text);
}

static void add_more(struct drawing *drawing, const struct indent *indent,
                     uint64_t count, const char *what) {
    struct wf_buf text = {0};

    wf_buf_addf(&text, "%s %" PRIu64 " more %s",
                drawing->progress->options.unicode ? "…" : "~", count, what);
    add_colored(&drawing->out, drawing->progress, DIM, wf_str(indent->text));
    add_colored(&drawing->out, drawing->progress, DIM,
                (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
    end_line(drawing);
}

/* ---- the tree ---- */

static void add_visit(struct drawing *drawing, const struct wf_visit *visit,
                      const struct indent *indent,
                      const struct indent *below);

/* Up to `max` of a list of iterations, each where it is now. */
static size_t add_iterations(struct drawing *drawing,
                             const struct wf_link *list, size_t max,
                             const struct indent *indent) {
    size_t shown = 0;

    for (const struct wf_link *at = list->next; at != list && shown < max;
         at = at->next) {
        const struct wf_visit *visit = wf_scope_current(WF_SCOPE_OF(at));

        if (visit == NULL)
            continue;
        add_visit(drawing, visit, indent, indent);
        shown++;
    }
    return shown;
}

static void add_map(struct drawing *drawing, const struct wf_visit *visit,
                    const struct indent *below) {
    struct indent indent = indent_add(below, "  ");
    size_t max = drawing->iterations;
    size_t failed = add_iterations(drawing, &visit->failures, max, &indent);
    size_t running;

    if (visit->is_run) {
        if (visit->failed_children > failed)
            add_more(drawing, &indent, visit->failed_children - failed,
                     "failed");
        return;
    }
    if (visit->failed > failed)
        add_more(drawing, &indent, visit->failed - failed, "failed");
    running = add_iterations(drawing, &visit->children,
                             max > failed ? max - failed : 1, &indent);
    if (visit->running > running)
        add_more(drawing, &indent, visit->running - running, "running");
}

/* The states of a branch; of those it has left the latest. */
static void add_branch(struct drawing *drawing, const struct wf_scope *scope,
                       const struct indent *first,
                       const struct indent *rest) {
    size_t skip = scope->visit_count > drawing->visits
                      ? scope->visit_count - drawing->visits : 0;
    const struct indent *indent = first;

    for (const struct wf_link *at = scope->visits.next;
         at != &scope->visits; at = at->next) {
        if (skip > 0) {
            skip--;
            continue;
        }
        add_visit(drawing, WF_VISIT_OF(at), indent, rest);
        indent = rest;
    }
}

static void add_branches(struct drawing *drawing,
                         const struct wf_visit *visit,
                         const struct indent *below) {
    bool unicode = drawing->progress->options.unicode;
    struct indent middle = indent_add(below, unicode ? "├ " : "|-");
    struct indent beside = indent_add(below, unicode ? "│ " : "| ");
    struct indent last = indent_add(below, unicode ? "└ " : "`-");
    struct indent under = indent_add(below, "  ");

    for (const struct wf_link *at = visit->children.next;
         at != &visit->children; at = at->next) {
        bool is_last = at->next == &visit->children;

        add_branch(drawing, WF_SCOPE_OF(at), is_last ? &last : &middle,
                   is_last ? &under : &beside);
    }
}

/* Its line behind `indent`; what it holds stands behind `below`. */
static void add_visit(struct drawing *drawing, const struct wf_visit *visit,
                      const struct indent *indent,
                      const struct indent *below) {
    add_visit_line(drawing, visit, indent);
    if (visit->fork == WF_VISIT_MAP)
        add_map(drawing, visit, below);
    else if (visit->fork == WF_VISIT_PARALLEL)
        add_branches(drawing, visit, below);
}

static void add_root_visit(struct drawing *drawing,
                           const struct wf_visit *visit) {
    static const struct indent none = {"", 0};

    add_visit(drawing, visit, &none, &none);
}

static void add_end(struct drawing *drawing) {
    static const struct look good = {"✓", "+", GREEN}, bad = {"✗", "x", RED};
    const struct wf_progress *progress = drawing->progress;
    struct look look =
        progress->ended == WF_EVENT_EXECUTION_SUCCEEDED ? good : bad;
    struct wf_buf text = {0};

    wf_buf_addf(&text, "%s %s in ",
                progress->options.unicode ? look.glyph : look.ascii,
                wf_event_type_name(progress->ended));
    wf_term_duration(&text, progress->end_ms - progress->start_ms);
    add_colored(&drawing->out, progress, look.color,
                (struct wf_str){text.data, text.len});
    wf_buf_free(&text);
    end_line(drawing);
}

/* Root visits that are over for good are written a last time; the newest
 * stays while the execution goes on. */
static void add_finished(struct drawing *drawing) {
    struct wf_progress *progress = drawing->progress;
    struct wf_link *list = &progress->root.visits;

    drawing->iterations = MAX_ITERATIONS;
    drawing->visits = SIZE_MAX;
    while (!wf_list_is_empty(list)) {
        struct wf_visit *visit = WF_VISIT_OF(list->next);
        bool is_last = list->next == list->previous;

        if (!wf_visit_is_over(visit) || visit->run != NULL ||
            (is_last && progress->ended == WF_EVENT_NONE))
            break;
        add_root_visit(drawing, visit);
        wf_visit_remove(progress, visit);
    }
}

/* All that is not finished, with so many iterations of each Map and visits
 * of each branch. */
static void try_rest(struct drawing *drawing, size_t iterations,
                     size_t visits) {
    const struct wf_link *list = &drawing->progress->root.visits;

    drawing->out.len = drawing->lines = 0;
    drawing->iterations = iterations;
    drawing->visits = visits;
    for (const struct wf_link *at = list->next; at != list; at = at->next)
        add_root_visit(drawing, WF_VISIT_OF(at));
}

static struct wf_str last_lines(const struct wf_buf *text, size_t lines) {
    size_t at = text->len;

    while (at > 0 && (text->data[at - 1] != '\n' || lines-- > 0))
        at--;
    return (struct wf_str){text->data + at, text->len - at};
}

/* The part that will be drawn again: as much of the tree as fits, then the
 * last lines that fit. */
static void add_rest(struct drawing *drawing, size_t lines) {
    static const struct {
        size_t iterations, visits;
    } sizes[] = {{MAX_ITERATIONS, 20}, {MAX_ITERATIONS, 3}, {5, 3}, {3, 1},
                 {2, 1}, {1, 1}};
    struct drawing rest = *drawing;
    size_t room = lines > 3 ? lines - 2 : 1;

    rest.out = (struct wf_buf){0};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        try_rest(&rest, sizes[i].iterations, sizes[i].visits);
        if (rest.lines <= room)
            break;
    }
    drawing->lines = 0;
    if (rest.lines > room) {
        wf_buf_addf(&drawing->out, "  (%zu more)", rest.lines - room + 1);
        end_line(drawing);
        rest.lines = room - 1;
    }
    wf_buf_addstr(&drawing->out, last_lines(&rest.out, rest.lines));
    drawing->lines += rest.lines;
    wf_buf_free(&rest.out);
}

static void draw(struct wf_progress *progress, int64_t now_ms) {
    struct drawing drawing = {.progress = progress, .columns = 80,
                              .now_ms = now_ms};
    size_t lines = 24;

    progress->options.size(progress->options.arg, &drawing.columns, &lines);
    drawing.columns -= drawing.columns > 1; /* a full line would wrap */
    if (progress->drawn_lines > 0)
        wf_buf_addf(&drawing.out, "\033[%zuA", progress->drawn_lines);
    wf_buf_adds(&drawing.out, "\r\033[J");
    wf_buf_add(&drawing.out, progress->notes.data, progress->notes.len);
    progress->notes.len = 0;
    add_finished(&drawing);
    add_rest(&drawing, lines);
    progress->drawn_lines = drawing.lines;
    progress->options.write(progress->options.arg,
                            (struct wf_str){drawing.out.data,
                                            drawing.out.len});
    wf_buf_free(&drawing.out);
    progress->is_dirty = false;
    progress->drawn_ms = now_ms;
}

void wf_progress_draw(struct wf_progress *progress, int64_t now_ms) {
    bool is_idle = wf_list_is_empty(&progress->root.visits) ||
                   progress->ended != WF_EVENT_NONE;

    if (!progress->options.live)
        return;
    if (!progress->is_dirty &&
        (is_idle || now_ms - progress->drawn_ms < REDRAW_MS))
        return;
    draw(progress, now_ms);
}

void wf_progress_finish(struct wf_progress *progress, int64_t now_ms) {
    struct drawing drawing = {.progress = progress};

    if (!progress->options.live) {
        wf_progress_release(progress);
        return;
    }
    draw(progress, now_ms);
    progress->drawn_lines = 0;
    if (progress->ended == WF_EVENT_NONE)
        return;
    add_end(&drawing);
    progress->options.write(progress->options.arg,
                            (struct wf_str){drawing.out.data,
                                            drawing.out.len});
    wf_buf_free(&drawing.out);
}
