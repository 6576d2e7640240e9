/*
 * cli_check.c - `moonstep check`: whether a store is what the engine expects.
 *
 * A process of its own reads the store, into memory that both share: the
 * pages of a damaged database may end whoever reads them, and then this one
 * says where.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli_check.h"
#include "cli.h"
#include "clock.h"
#include "json_write.h"

/* What both processes see. */
struct shared {
    struct wf_check_report report;
    struct wf_error err;
    bool is_open; /* the store was read to the end */
};

static int read_store(const char *directory,
                      const struct wf_check_watch *watch,
                      struct shared *shared) {
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        shared->is_open =
            wf_check_store(directory, watch, &shared->report,
                           &shared->err) == 0;
        fflush(stdout);
        _exit(0);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid < 0 ? -1 : status;
}

/* ---- text ---- */

static void put_findings(const struct wf_check_report *report,
                         struct wf_buf *out) {
    for (unsigned i = 0; i < report->count; i++) {
        const struct wf_check_finding *finding = &report->findings[i];
        if (finding->table)
            wf_buf_addf(out, "%c %s: ", finding->table, finding->key);
        wf_buf_addf(out, "%s\n", finding->what);
    }
    if (report->wrong > report->count)
        wf_buf_addf(out, "... and %" PRIu64 " more\n",
                    report->wrong - report->count);
}

static void put_tables(const struct wf_check_report *report,
                       struct wf_buf *out) {
    wf_buf_addf(out, "%-22s %12s %15s %8s %8s\n", "TABLE", "ROWS", "BYTES",
                "WRONG", "LEFT");
    for (int i = 1; i < 256; i++) {
        const struct wf_check_table *table = &report->tables[i];
        const char *name = wf_check_table_name((char)i);
        if (table->rows + table->wrong == 0)
            continue;
        wf_buf_addf(out, "%c %-20s %12" PRIu64 " %15" PRIu64 " %8" PRIu64
                    " %8" PRIu64 "\n", i, name ? name : "unknown",
                    table->rows, table->bytes, table->wrong, table->left);
    }
}

static void put_store(const struct wf_check_report *report,
                      struct wf_buf *out) {
    if (report->is_live)
        wf_buf_addf(out, "%s: checked as of its last checkpoint\n",
                    report->holder);
    if (report->log_records)
        wf_buf_addf(out, "%" PRIu64 " records of the log are not in the "
                    "database yet; they were checked with it\n",
                    report->log_records);
    if (report->left)
        wf_buf_addf(out, "%" PRIu64 " rows are left from work that was cut "
                    "short; they do no harm\n", report->left);
}

static void put_summary(const struct wf_check_report *report,
                        uint64_t elapsed_ns, struct wf_buf *out) {
    double seconds = (double)elapsed_ns / 1e9;
    wf_buf_addf(out, "%" PRIu64 " rows, %" PRIu64 " bytes (format %u, file "
                "%" PRIu64 " bytes), %.2f s, %.0f rows/s: ", report->rows,
                report->bytes, report->format, report->file_bytes, seconds,
                (double)report->rows / (seconds > 0 ? seconds : 1));
    if (report->wrong)
        wf_buf_addf(out, "%" PRIu64 " findings\n", report->wrong);
    else
        wf_buf_adds(out, "nothing is wrong\n");
}

/* ---- JSON ---- */

static void put_json_findings(const struct wf_check_report *report,
                              struct wf_buf *out) {
    wf_json_raw(out, "findings", "[");
    for (unsigned i = 0; i < report->count; i++) {
        const struct wf_check_finding *finding = &report->findings[i];
        char table[2] = {finding->table, '\0'};
        wf_json_comma(out);
        wf_buf_adds(out, "{");
        wf_json_text(out, "table", wf_str(table));
        wf_json_text(out, "key", wf_str(finding->key));
        wf_json_text(out, "what", wf_str(finding->what));
        wf_buf_adds(out, "}");
    }
    wf_buf_adds(out, "]");
}

static void put_json_tables(const struct wf_check_report *report,
                            struct wf_buf *out) {
    wf_json_raw(out, "tables", "[");
    for (int i = 1; i < 256; i++) {
        const struct wf_check_table *table = &report->tables[i];
        const char *name = wf_check_table_name((char)i);
        char letter[2] = {(char)i, '\0'};
        if (table->rows + table->wrong == 0)
            continue;
        wf_json_comma(out);
        wf_buf_adds(out, "{");
        wf_json_text(out, "table", wf_str(letter));
        wf_json_text(out, "name", wf_str(name ? name : "unknown"));
        wf_json_integer(out, "rows", (int64_t)table->rows);
        wf_json_integer(out, "bytes", (int64_t)table->bytes);
        wf_json_integer(out, "wrong", (int64_t)table->wrong);
        wf_json_integer(out, "left", (int64_t)table->left);
        wf_buf_adds(out, "}");
    }
    wf_buf_adds(out, "]");
}

static void put_json(const struct wf_check_report *report,
                     uint64_t elapsed_ns, struct wf_buf *out) {
    wf_buf_adds(out, "{");
    wf_json_integer(out, "wrong", (int64_t)report->wrong);
    wf_json_integer(out, "left", (int64_t)report->left);
    wf_json_integer(out, "rows", (int64_t)report->rows);
    wf_json_integer(out, "bytes", (int64_t)report->bytes);
    wf_json_integer(out, "format", report->format);
    wf_json_integer(out, "fileBytes", (int64_t)report->file_bytes);
    wf_json_integer(out, "logRecords", (int64_t)report->log_records);
    wf_json_raw(out, "inUse", report->is_live ? "true" : "false");
    wf_json_integer(out, "milliseconds", (int64_t)(elapsed_ns / 1000000));
    put_json_findings(report, out);
    put_json_tables(report, out);
    wf_buf_adds(out, "}\n");
}

/* ---- the command ---- */

/* The reader has ended by a signal. */
static void add_crash(struct wf_check_report *report, int signal) {
    if (report->count == WF_CHECK_FINDINGS)
        report->count--;
    struct wf_check_finding *finding = &report->findings[report->count++];
    finding->table = report->at_table;
    memcpy(finding->key, report->at_key, sizeof(finding->key));
    snprintf(finding->what, sizeof(finding->what),
             "the pages of the database are damaged at or behind this row: "
             "reading them ended with signal %d, and what follows was not "
             "checked", signal);
    report->wrong++;
    report->tables[(uint8_t)report->at_table].wrong++;
}

static int show(const struct wf_options *options,
                const struct wf_check_report *report, uint64_t elapsed_ns) {
    struct wf_buf out = {0}, notes = {0};
    if (wf_option_flag(options, "json")) {
        put_json(report, elapsed_ns, &out);
    } else {
        put_findings(report, &out);
        put_tables(report, &out);
        put_summary(report, elapsed_ns, &out);
        put_store(report, &notes);
        if (notes.len)
            fprintf(stderr, "%.*s", (int)notes.len, notes.data);
    }
    bool is_printed = wf_cli_print((struct wf_str){out.data, out.len});
    wf_buf_free(&out);
    wf_buf_free(&notes);
    if (!is_printed)
        return WF_EXIT_ENGINE;
    return report->wrong ? WF_EXIT_FAILED : WF_EXIT_OK;
}

static int refuse(const struct wf_error *err) {
    return wf_cli_fail(err->code == WF_E_NOT_FOUND ? WF_EXIT_USAGE
                       : err->code == WF_E_INVALID ? WF_EXIT_FAILED
                                                   : WF_EXIT_ENGINE,
                       "%s", err->message);
}

int wf_cli_examine(const struct wf_options *options,
                   const struct wf_check_watch *watch,
                   wf_cli_examined_fn *show) {
    const char *directory = wf_option_text(options, "data");
    uint64_t start_ns = wf_clock_mono_ns();
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;

    if (shared == MAP_FAILED)
        return wf_cli_fail(WF_EXIT_ENGINE, "no memory: %s", strerror(errno));
    int ended = read_store(directory, watch, shared);
    if (ended < 0)
        status = wf_cli_fail(WF_EXIT_ENGINE, "fork: %s", strerror(errno));
    else if (!WIFSIGNALED(ended) && !shared->is_open)
        status = refuse(&shared->err);
    else {
        if (WIFSIGNALED(ended))
            add_crash(&shared->report, WTERMSIG(ended));
        status = show(options, &shared->report,
                      wf_clock_mono_ns() - start_ns);
    }
    munmap(shared, sizeof(*shared));
    return status;
}

int wf_cli_check(const struct wf_options *options) {
    return wf_cli_examine(options, NULL, show);
}
