/*
 * cli_verify_store.c - `moonstep verify` of a store: whether the hashes of all
 * histories fit, and those that were noted earlier.
 *
 * A line for each execution is what may be noted: its number, how many events
 * its hash covers, the hash.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "chain.h"
#include "cli.h"
#include "cli_check.h"

/* A line of the list. */
struct noted {
    uint64_t execution, event;
    uint8_t link[WF_LINK_BYTES];
    bool is_seen;
};

/* What the process that reads the store finds of it. */
struct counts {
    uint64_t wrong, gone;
};

struct heads {
    struct noted *list;
    size_t count, cap;
    struct counts *counts; /* shared with the reader */
};

/* ---- the list ---- */

static int hex_value(char digit) {
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                                          : -1;
}

static bool read_line(const char *line, struct noted *noted) {
    char hex[2 * WF_LINK_BYTES + 1];
    int end = 0;
    *noted = (struct noted){0};
    if (sscanf(line, "%16" SCNx64 " %20" SCNu64 " %64s%n", &noted->execution,
               &noted->event, hex, &end) != 3 ||
        strlen(hex) != (size_t)2 * WF_LINK_BYTES || line[end] != '\n')
        return false;
    for (size_t i = 0; i < WF_LINK_BYTES; i++) {
        int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        noted->link[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

static int by_place(const void *a, const void *b) {
    const struct noted *x = a, *y = b;
    if (x->execution != y->execution)
        return x->execution < y->execution ? -1 : 1;
    return x->event < y->event ? -1 : x->event > y->event;
}

static int not_ours(const char *line, const char *path, size_t number) {
    if (line[0] == '{') /* a line of an audit log */
        return wf_cli_fail(WF_EXIT_USAGE, "%s:%zu: no line of `moonstep "
                           "verify`; did you mean --audit %s", path, number,
                           path);
    return wf_cli_fail(WF_EXIT_USAGE, "%s:%zu: no line of `moonstep verify`",
                       path, number);
}

static int read_lines(FILE *file, const char *path, struct heads *heads) {
    char line[160];
    while (fgets(line, sizeof(line), file)) {
        if (heads->count == heads->cap) {
            heads->cap = heads->cap ? 2 * heads->cap : 1024;
            heads->list =
                wf_realloc(heads->list, heads->cap * sizeof(*heads->list));
        }
        if (!read_line(line, &heads->list[heads->count++]))
            return not_ours(line, path, heads->count);
    }
    if (ferror(file) && errno == EISDIR)
        return wf_cli_fail(WF_EXIT_USAGE, "%s is a directory, not a file with "
                           "hashes; did you mean --data %s", path, path);
    if (ferror(file))
        return wf_cli_fail(WF_EXIT_USAGE, "%s: %s", path, strerror(errno));
    if (heads->count)
        qsort(heads->list, heads->count, sizeof(*heads->list), by_place);
    return WF_EXIT_OK;
}

static int read_list(const char *path, struct heads *heads) {
    FILE *file = fopen(path, "re");
    if (!file)
        return wf_cli_fail(WF_EXIT_USAGE, "%s: %s", path, strerror(errno));
    int status = read_lines(file, path, heads);
    fclose(file);
    return status;
}

/* ---- in the process that reads the store ---- */

static void print_head(uint64_t execution, uint64_t event,
                       const uint8_t *link) {
    char hex[2 * WF_LINK_BYTES + 1];
    for (size_t i = 0; i < WF_LINK_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", link[i]);
    printf("%016" PRIx64 " %" PRIu64 " %s\n", execution, event, hex);
}

/* Lines of an execution that have not come up by its end. */
static void say_missed(struct heads *heads, uint64_t execution) {
    struct noted place = {.execution = execution};
    size_t low = 0, high = heads->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (by_place(&heads->list[middle], &place) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < heads->count && heads->list[low].execution == execution;
         low++) {
        struct noted *noted = &heads->list[low];
        if (!noted->is_seen)
            fprintf(stderr, "altered: execution %016" PRIx64 " had %" PRIu64
                    " events under one hash, and has not any more\n",
                    execution, noted->event);
        heads->counts->wrong += !noted->is_seen;
        noted->is_seen = true;
    }
}

static void on_link(void *arg, uint64_t execution, uint64_t event,
                    const uint8_t *link, bool is_head) {
    struct heads *heads = arg;
    struct noted place = {.execution = execution, .event = event};
    struct noted *noted =
        heads->count ? bsearch(&place, heads->list, heads->count,
                               sizeof(place), by_place)
                     : NULL;
    if (noted && memcmp(noted->link, link, WF_LINK_BYTES) != 0) {
        fprintf(stderr, "altered: events 1 to %" PRIu64 " of execution "
                "%016" PRIx64 " have not the hash that was noted\n", event,
                execution);
        heads->counts->wrong++;
    }
    if (noted)
        noted->is_seen = true;
    if (!is_head)
        return;
    say_missed(heads, execution);
    print_head(execution, event, link);
}

static void on_end(void *arg) {
    struct heads *heads = arg;
    for (size_t i = 0; i < heads->count; i++) {
        const struct noted *noted = &heads->list[i];
        bool is_again = i > 0 && noted[-1].execution == noted->execution;
        if (noted->is_seen || is_again)
            continue;
        fprintf(stderr, "gone: execution %016" PRIx64 " has no hash in the "
                "store any more\n", noted->execution);
        heads->counts->gone++;
    }
}

/* ---- what was found ---- */

/* Tables of which histories are made. */
static bool is_of_history(char table) {
    return table == '\0' || strchr("JESP", table) != NULL;
}

static uint64_t put_findings(const struct wf_check_report *report) {
    uint64_t count = 0;
    for (unsigned i = 0; i < report->count; i++) {
        const struct wf_check_finding *finding = &report->findings[i];
        if (!is_of_history(finding->table))
            continue;
        count++;
        fprintf(stderr, "%c %s: %s\n", finding->table ? finding->table : '-',
                finding->key, finding->what);
    }
    return count;
}

static int show(const struct wf_options *options,
                const struct wf_check_report *report, uint64_t elapsed_ns) {
    uint64_t wrong = put_findings(report);
    (void)options;
    if (report->is_live)
        fprintf(stderr, "%s: verified as of its last checkpoint\n",
                report->holder);
    fprintf(stderr, "%" PRIu64 " executions with %" PRIu64 " events chained, "
            "%" PRIu64 " with events that are not chained, %" PRIu64
            " active in the journal, %.2f s: %s\n", report->chained,
            report->chained_events, report->unchained,
            report->journal_executions, (double)elapsed_ns / 1e9,
            wrong ? "altered or damaged" : "nothing is altered");
    return wrong ? WF_EXIT_FAILED : WF_EXIT_OK;
}

static int show_counts(const struct heads *heads, int status) {
    const struct counts *counts = heads->counts;
    if (!heads->count || status > WF_EXIT_FAILED)
        return status;
    fprintf(stderr, "%zu noted hashes, %" PRIu64 " do not fit, "
            "%" PRIu64 " executions are gone\n",
            heads->count, counts->wrong, counts->gone);
    return counts->wrong ? WF_EXIT_FAILED : status;
}

int wf_cli_verify_store(const struct wf_options *options) {
    struct heads heads = {0};
    const char *list = wf_options_arg(options, 0);
    struct wf_check_watch watch = {on_link, on_end, &heads};
    int status = WF_EXIT_OK;

    heads.counts = mmap(NULL, sizeof(*heads.counts), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (heads.counts == MAP_FAILED)
        return wf_cli_fail(WF_EXIT_ENGINE, "no memory: %s", strerror(errno));
    if (list)
        status = read_list(list, &heads);
    if (status == WF_EXIT_OK)
        status = show_counts(&heads, wf_cli_examine(options, &watch, show));
    free(heads.list);
    munmap(heads.counts, sizeof(*heads.counts));
    return status;
}
