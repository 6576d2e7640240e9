/* cli_stats.c - stats: what a server is doing, in a few lines. */
#include "cli_client.h"

#include <inttypes.h>

/* Numbers are shown with three digits a group, or as bytes. */
enum unit { COUNT, BYTES };

struct figure {
    const char *member;
    const char *words; /* behind the number; NULL: the line begins so */
    enum unit unit;
};

static const struct figure FIGURES[] = {
    {"executions", NULL, COUNT},
    {"executionsStarted", "started", COUNT},
    {"executionsEnded", "ended", COUNT},
    {"activeExecutions", "in memory", COUNT},
    {"parked", "parked since the start", COUNT},
    {"transitions", NULL, COUNT},
    {"transitions", "made", COUNT},
    {"events", "events", COUNT},
    {"timers", "timers in memory", COUNT},
    {"tasks", NULL, COUNT},
    {"tasksDispatched", "dispatched", COUNT},
    {"tasksInFlight", "running", COUNT},
    {"tasksQueued", "queued", COUNT},
    {"memory", NULL, COUNT},
    {"activeBytes", "of executions", BYTES},
    {"revisions", "revisions of state machines", COUNT},
    {"store", NULL, COUNT},
    {"storeBytes", "on disk", BYTES},
    {"storeUsedBytes", "in use", BYTES},
    {"storeEntries", "rows", COUNT},
    {"journalBytes", "of journal", BYTES},
    {"commits", NULL, COUNT},
    {"commits", "made", COUNT},
    {"batches", "batches", COUNT},
    {"batchesQueued", "not durable yet", COUNT},
};

static void add_grouped(struct wf_buf *out, uint64_t value) {
    if (value >= 1000) {
        add_grouped(out, value / 1000);
        wf_buf_addf(out, ",%03" PRIu64, value % 1000);
    } else {
        wf_buf_addf(out, "%" PRIu64, value);
    }
}

static void add_bytes(struct wf_buf *out, uint64_t value) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double shown = (double)value;
    size_t unit = 0;

    while (shown >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        shown /= 1024;
        unit++;
    }
    wf_buf_addf(out, unit > 0 && shown < 100 ? "%.1f %s" : "%.0f %s", shown,
                units[unit]);
}

static void add_figure(struct wf_buf *line, const struct figure *figure,
                       struct wf_value stats) {
    struct wf_value value;
    int64_t number;

    /* (An older server does not have all of them.) */
    if (!wf_value_member(stats, wf_str(figure->member), &value) ||
        !wf_value_integer(value, &number))
        return;
    if (line->len > 0 && line->data[line->len - 1] != ' ')
        wf_buf_adds(line, ", ");
    if (figure->unit == BYTES)
        add_bytes(line, (uint64_t)number);
    else
        add_grouped(line, (uint64_t)number);
    wf_buf_addf(line, " %s", figure->words);
}

static bool print_stats(struct wf_value stats) {
    struct wf_buf line = {0};
    bool is_printed = true;

    for (size_t i = 0; i < sizeof(FIGURES) / sizeof(FIGURES[0]); i++) {
        if (FIGURES[i].words) {
            add_figure(&line, &FIGURES[i], stats);
            continue;
        }
        if (line.len > 0)
            is_printed = is_printed && wf_cli_print_line(&line);
        wf_buf_addf(&line, "%-13s", FIGURES[i].member);
    }
    is_printed = is_printed && wf_cli_print_line(&line);
    wf_buf_free(&line);
    return is_printed;
}

int wf_cli_stats(const struct wf_options *options) {
    struct wf_doc *reply = NULL;
    int status = wf_cli_call(options, "Moonstep.Stats", WF_STR("{}"), &reply);

    if (status == WF_EXIT_OK && wf_option_flag(options, "json"))
        status = wf_cli_print_json(reply);
    else if (status == WF_EXIT_OK && !print_stats((struct wf_value){reply, 0}))
        status = WF_EXIT_ENGINE;
    wf_doc_unref(reply);
    return status;
}
