/*
 * cli_top.c - `moonstep top`: what a server is doing now, again and again.
 *
 * Two answers of Moonstep.Stats make rates; below them are the executions that
 * run, newest first, as many as there is room for, each with what it waits
 * for. On a terminal the screen is redrawn in its alternate buffer, so what
 * stood there before comes back; elsewhere there is one picture, and the end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli_client.h"
#include "clock.h"
#include "json_write.h"
#include "term.h"

enum {
    MOST_ROWS = 100, /* a page of a search */
    ROWS_ELSEWHERE = 20,
    NAME_COLUMNS = 36, /* where the screen is wide; at least a third */
    OTHER_COLUMNS = 66, /* that a row has besides */
    MACHINE_COLUMNS = 18,
    STATE_COLUMNS = 18,
};

/* A figure: how many now or, `is_rate`, a second since the last look. */
struct figure {
    const char *member, *words;
    bool is_rate;
};

struct line {
    const char *title;
    struct figure figures[5];
};

static const struct line LINES[] = {
    {"executions", {{"executionsStarted", "started", true},
                    {"executionsEnded", "ended", true},
                    {"activeExecutions", "in memory", false},
                    {"activeFrames", "lines of control there", false}}},
    {"transitions", {{"transitions", "made", true},
                     {"events", "events", true},
                     {"timers", "timers in memory", false}}},
    {"tasks", {{"tasksDispatched", "dispatched", true},
               {"tasksInFlight", "running", false},
               {"tasksQueued", "queued", false}}},
    {"store", {{"commits", "commits", true},
               {"reads", "reads", true},
               {"batchesQueued", "batches not durable yet", false}}},
    {"told", {{"notificationsDelivered", "notifications", true},
              {"notificationsQueued", "queued", false},
              {"deadLetters", "dead letters", false}}},
};
enum { LINE_COUNT = sizeof(LINES) / sizeof(LINES[0]) };

struct top {
    const struct wf_options *options;
    struct wf_cli_session *session;
    struct wf_clock clock;
    struct wf_doc *before, *now; /* answers of Moonstep.Stats; or NULL */
    uint64_t before_ns, now_ns;
    bool is_live, is_unicode;
    size_t columns, rows, name_columns;
    struct wf_buf screen, line;
};

/* ---- figures ---- */

static int64_t number_of(struct wf_doc *stats, const char *member) {
    struct wf_value value;
    int64_t number = 0;

    if (wf_value_member((struct wf_value){stats, 0}, wf_str(member), &value))
        wf_value_integer(value, &number);
    return number;
}

static double rate_of(const struct top *top, const char *member) {
    double seconds = (double)(top->now_ns - top->before_ns) / 1e9;

    if (top->before == NULL || seconds <= 0)
        return 0;
    return (double)(number_of(top->now, member) -
                    number_of(top->before, member)) /
           seconds;
}

/* The line as it is, cut to the screen; it is empty then. */
static void end_line(struct top *top) {
    wf_term_text(&top->screen, wf_cli_text(&top->line), top->columns,
                 top->is_unicode);
    wf_buf_adds(&top->screen, top->is_live ? "\033[K\n" : "\n");
    top->line.len = 0;
}

static void add_figures(struct top *top, const struct line *line) {
    const char *between = "";

    wf_buf_addf(&top->line, "%-13s", line->title);
    for (const struct figure *f = line->figures; f->member != NULL; f++) {
        if (f->is_rate)
            wf_buf_addf(&top->line, "%s%.1f/s %s", between,
                        rate_of(top, f->member), f->words);
        else
            wf_buf_addf(&top->line, "%s%" PRId64 " %s", between,
                        number_of(top->now, f->member), f->words);
        between = ", ";
    }
    end_line(top);
}

static void add_head(struct top *top) {
    wf_buf_addf(&top->line, "%s  ", wf_option_text(top->options, "endpoint"));
    wf_term_date(&top->line, wf_clock_now_ms(&top->clock));
    wf_buf_addf(&top->line, "  store %.1f MiB, memory of executions %.1f MiB",
                (double)number_of(top->now, "storeBytes") / (1 << 20),
                (double)number_of(top->now, "activeBytes") / (1 << 20));
    end_line(top);
}

/* ---- executions ---- */

/* Of the execution's first line of control: its state, and what for it waits
 * there. An execution that has ended meanwhile has none. */
static void add_state(struct top *top, struct wf_str arn) {
    struct wf_buf body = {0}, text = {0};
    struct wf_doc *reply = NULL;
    struct wf_value list, row;

    wf_buf_u8(&body, '{');
    wf_json_text(&body, "executionArn", arn);
    wf_buf_adds(&body, ",\"includeData\":false,\"maxResults\":1}");
    if (wf_cli_session_try(top->session, "Moonstep.GetExecutionState",
                           wf_cli_text(&body), &reply) == WF_EXIT_OK &&
        wf_value_member((struct wf_value){reply, 0}, WF_STR("lines"),
                        &list) &&
        wf_value_type(list) == WF_JSON_ARRAY &&
        wf_doc_nodes(reply)[list.node].count > 0) {
        row = (struct wf_value){reply, list.node + 1};
        wf_cli_member(row, "state", &text);
        wf_term_cell(&top->line, wf_cli_text(&text), STATE_COLUMNS,
                     top->is_unicode);
        text.len = 0;
        wf_cli_member(row, "waitsFor", &text);
        wf_buf_adds(&top->line, "  ");
        wf_buf_addstr(&top->line, wf_cli_text(&text));
    }
    wf_doc_unref(reply);
    wf_buf_free(&body);
    wf_buf_free(&text);
}

/* The last part of an ARN. */
static struct wf_str last_part(struct wf_str arn) {
    size_t at = arn.len;

    while (at > 0 && arn.data[at - 1] != ':')
        at--;
    return (struct wf_str){arn.data + at, arn.len - at};
}

static void add_cell(struct top *top, struct wf_str text, size_t columns) {
    wf_term_cell(&top->line, text, columns, top->is_unicode);
    wf_buf_adds(&top->line, "  ");
}

static void add_row(struct top *top, struct wf_value row) {
    struct wf_buf text = {0}, lasts = {0};
    int64_t started_ms = wf_cli_member_ms(row, "startDate");

    wf_cli_member(row, "stateMachineArn", &text);
    add_cell(top, last_part(wf_cli_text(&text)), MACHINE_COLUMNS);
    text.len = 0;
    wf_cli_member(row, "name", &text);
    add_cell(top, wf_cli_text(&text), top->name_columns);
    wf_term_duration(&lasts, wf_clock_now_ms(&top->clock) - started_ms);
    add_cell(top, wf_cli_text(&lasts), 8);
    text.len = 0;
    wf_cli_member(row, "executionArn", &text);
    add_state(top, wf_cli_text(&text));
    if (wf_cli_member_ms(row, "pausedDate") > 0)
        wf_buf_adds(&top->line, ", paused");
    end_line(top);
    wf_buf_free(&text);
    wf_buf_free(&lasts);
}

static void add_titles(struct top *top, uint32_t count, bool is_more) {
    end_line(top);
    if (count == 0) {
        wf_buf_adds(&top->line, "no execution is running");
        end_line(top);
        return;
    }
    wf_buf_addf(&top->line, "%u%s running, the newest first:", count,
                is_more ? " or more" : "");
    end_line(top);
    add_cell(top, WF_STR("STATE MACHINE"), MACHINE_COLUMNS);
    add_cell(top, WF_STR("NAME"), top->name_columns);
    add_cell(top, WF_STR("SINCE"), 8);
    add_cell(top, WF_STR("STATE"), STATE_COLUMNS);
    wf_buf_adds(&top->line, "WAITS FOR");
    end_line(top);
}

static int add_running(struct top *top) {
    struct wf_buf body = {0}, token = {0};
    struct wf_doc *reply = NULL;
    struct wf_value list, row;
    int status;

    wf_buf_addf(&body, "{\"statusFilter\":[\"RUNNING\"],\"maxResults\":%d}",
                MOST_ROWS);
    status = wf_cli_session_call(top->session, WF_CLI_SEARCH,
                                 wf_cli_text(&body), &reply);
    if (status == WF_EXIT_OK &&
        wf_value_member((struct wf_value){reply, 0}, WF_STR("executions"),
                        &list) &&
        wf_value_type(list) == WF_JSON_ARRAY) {
        uint32_t count = wf_doc_nodes(reply)[list.node].count;
        size_t room = top->rows > LINE_COUNT + 5
                          ? top->rows - LINE_COUNT - 5 : 1;

        add_titles(top, count,
                   wf_cli_member((struct wf_value){reply, 0}, "nextToken",
                                 &token));
        row = (struct wf_value){reply, list.node + 1};
        for (; count > 0 && room > 0; count--, room--) {
            add_row(top, row);
            row.node = wf_doc_nodes(reply)[row.node].next;
        }
    }
    wf_doc_unref(reply);
    wf_buf_free(&body);
    wf_buf_free(&token);
    return status;
}

/* ---- the picture ---- */

/* The figures of now; those of before are what they were. */
static int look(struct top *top) {
    struct wf_doc *stats = NULL;
    int status = wf_cli_session_call(top->session, "Moonstep.Stats",
                                     WF_STR("{}"), &stats);

    if (status != WF_EXIT_OK)
        return status;
    wf_doc_unref(top->before);
    top->before = top->now;
    top->before_ns = top->now_ns;
    top->now = stats;
    top->now_ns = wf_clock_mono_ns();
    return WF_EXIT_OK;
}

static int draw(struct top *top) {
    int status;

    top->screen.len = 0;
    top->columns = SIZE_MAX;
    top->rows = LINE_COUNT + 5 + ROWS_ELSEWHERE;
    if (top->is_live) {
        wf_term_size(STDOUT_FILENO, &top->columns, &top->rows);
        wf_buf_adds(&top->screen, "\033[H");
    }
    top->name_columns = top->columns < OTHER_COLUMNS + NAME_COLUMNS / 3
                            ? NAME_COLUMNS / 3
                        : top->columns > OTHER_COLUMNS + NAME_COLUMNS
                            ? NAME_COLUMNS
                            : top->columns - OTHER_COLUMNS;
    add_head(top);
    for (size_t i = 0; i < LINE_COUNT; i++)
        add_figures(top, &LINES[i]);
    status = add_running(top);
    if (top->is_live)
        wf_buf_adds(&top->screen, "\033[J");
    if (status == WF_EXIT_OK && !wf_cli_print(wf_cli_text(&top->screen)))
        status = WF_EXIT_ENGINE;
    fflush(stdout);
    return status;
}

static int watch(struct top *top) {
    unsigned interval_ms =
        1000 * (unsigned)wf_option_number(top->options, "interval");
    bool is_over = false;
    int status = look(top);

    while (status == WF_EXIT_OK && !is_over) {
        if (top->is_live)
            status = draw(top);
        if (!wf_cli_session_pause(top->session, interval_ms))
            status = WF_EXIT_INTERRUPTED;
        if (status == WF_EXIT_OK)
            status = look(top);
        is_over = !top->is_live;
    }
    return status == WF_EXIT_OK ? draw(top) : status;
}

int wf_cli_top(const struct wf_options *options) {
    struct top top = {.options = options};
    struct wf_error err = {0};
    int64_t interval = wf_option_number(options, "interval");
    int status;

    if (interval < 1 || interval > 3600)
        return wf_cli_fail(WF_EXIT_USAGE,
                           "--interval: from 1 to 3600 seconds");
    top.session = wf_cli_session_new(options, &err);
    if (top.session == NULL)
        return wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    wf_clock_init_real(&top.clock);
    top.is_unicode = wf_term_is_unicode();
    top.is_live = wf_term_is_live(STDOUT_FILENO) &&
                  !wf_option_flag(options, "once");
    if (top.is_live)
        wf_cli_print(WF_STR("\033[?1049h\033[?25l"));
    status = watch(&top);
    if (top.is_live)
        wf_cli_print(WF_STR("\033[?25h\033[?1049l"));
    wf_cli_session_free(top.session);
    wf_doc_unref(top.before);
    wf_doc_unref(top.now);
    wf_buf_free(&top.screen);
    wf_buf_free(&top.line);
    return status;
}
