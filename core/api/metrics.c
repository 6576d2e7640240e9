/* metrics.c - see metrics.h. */
#include "metrics.h"

#include <inttypes.h>
#include <stddef.h>

#include "json_write.h"

struct metric {
    const char *json;   /* a member of Stats; NULL: not shown there */
    const char *name;   /* in Prometheus, without "moonstep_" */
    const char *labels; /* "{…}", or NULL */
    const char *help;   /* NULL: as the one before, other labels */
    size_t at;          /* of its uint64_t in struct wf_metrics */
    bool is_gauge;
    bool is_ns;         /* shown in seconds */
};

#define ENGINE(member) offsetof(struct wf_metrics, engine.member)
#define STORE(member) offsetof(struct wf_metrics, store.member)
#define HTTP(member) offsetof(struct wf_metrics, http.member)

static const struct metric METRICS[] = {
    {"transitions", "transitions_total", NULL,
     "State transitions.", ENGINE(transitions), false, false},
    {"events", "events_total", NULL,
     "History events recorded.", ENGINE(events), false, false},
    {"executionsStarted", "executions_started_total", NULL,
     "Executions started.", ENGINE(executions_started), false, false},
    {"executionsEnded", NULL, NULL, NULL, ENGINE(executions_ended), false,
     false},
    {NULL, "executions_ended_total", "{status=\"SUCCEEDED\"}",
     "Executions that have ended, by status.",
     ENGINE(ended[WF_EXECUTION_SUCCEEDED]), false, false},
    {NULL, "executions_ended_total", "{status=\"FAILED\"}", NULL,
     ENGINE(ended[WF_EXECUTION_FAILED]), false, false},
    {NULL, "executions_ended_total", "{status=\"TIMED_OUT\"}", NULL,
     ENGINE(ended[WF_EXECUTION_TIMED_OUT]), false, false},
    {NULL, "executions_ended_total", "{status=\"ABORTED\"}", NULL,
     ENGINE(ended[WF_EXECUTION_ABORTED]), false, false},
    {"executionsRemoved", "executions_removed_total", NULL,
     "Executions removed because their retention was over.",
     ENGINE(executions_removed), false, false},
    {"activeExecutions", "active_executions", NULL,
     "Executions in memory; what waits longer is stored only.",
     ENGINE(active_executions), true, false},
    {"activeFrames", "active_frames", NULL,
     "Branches and iterations in memory, roots included.",
     ENGINE(active_frames), true, false},
    {"activeBytes", "active_bytes", NULL,
     "Memory that executions hold, about.", ENGINE(active_bytes), true,
     false},
    {"timers", "timers", NULL, "Timers in memory.", ENGINE(timers), true,
     false},
    {"parked", "parked_executions", NULL,
     "Executions that left memory since the start and were not loaded since.",
     ENGINE(parked), true, false},
    {"loaded", "executions_loaded_total", NULL,
     "Executions read back into memory.", ENGINE(loaded), false, false},
    {"journalBytes", "journal_bytes", NULL,
     "What would be read after a crash.", ENGINE(journal_bytes), true, false},
    {"journalRecords", "journal_records", NULL,
     "Records of the journal.", ENGINE(journal_records), true, false},
    {"durableSequence", "durable_sequence", NULL,
     "Number of the latest durable batch.", ENGINE(durable_seq), true, false},
    {"tasksDispatched", "tasks_dispatched_total", NULL,
     "Tasks handed to worker processes.", ENGINE(tasks_dispatched), false,
     false},
    {"tasksInFlight", "tasks_in_flight", NULL,
     "Tasks that workers are running.", ENGINE(tasks_in_flight), true, false},
    {"tasksQueued", "tasks_queued", NULL,
     "Tasks that wait for room in a worker.", ENGINE(tasks_queued), true,
     false},
    {"revisions", "revisions", NULL,
     "Revisions of state machines in memory.", ENGINE(revisions), true,
     false},
    {"logLines", "log_lines_total", NULL,
     "Lines that state machines have logged.", ENGINE(log_lines), false,
     false},
    {"logLinesLost", "log_lines_lost_total", NULL,
     "Lines that could not be written.", ENGINE(log_lines_lost), false, false},
    {"notificationsQueued", "notifications_queued", NULL,
     "Notifications that wait for their target.",
     ENGINE(notifications_queued), true, false},
    {"notificationsDelivered", "notifications_delivered_total", NULL,
     "Notifications that their target has taken.",
     ENGINE(notifications_delivered), false, false},
    {"notificationsFailed", "notifications_failed_attempts_total", NULL,
     "Attempts to deliver one that have failed.",
     ENGINE(notifications_failed), false, false},
    {"notificationsDied", "notifications_died_total", NULL,
     "Notifications that became dead letters.", ENGINE(notifications_died),
     false, false},
    {"notificationsLost", "notifications_lost_total", NULL,
     "Dead letters that were removed because there were too many.",
     ENGINE(notifications_lost), false, false},
    {"deadLetters", "notifications_dead_letters", NULL,
     "Dead letters that are kept.", ENGINE(dead_letters), true, false},
    {"storeBytes", "store_bytes", NULL,
     "Size of the store's files.", STORE(file_bytes), true, false},
    {"storeUsedBytes", "store_used_bytes", NULL,
     "Of these, in use: the rest is free for new rows.", STORE(used_bytes),
     true, false},
    {"storeEntries", "store_entries", NULL, "Rows in the store.",
     STORE(entries), true, false},
    {"commits", "commits_total", NULL,
     "Commits, each of one or more batches.", STORE(commits), false, false},
    {NULL, "commit_seconds_total", NULL, "Time that commits took.",
     STORE(commit_ns), false, true},
    {NULL, "commit_longest_seconds", NULL, "The longest commit so far.",
     STORE(commit_max_ns), true, true},
    {"batches", "batches_total", NULL, "Batches given to the store.",
     STORE(batches), false, false},
    {NULL, "batch_bytes_total", NULL, "Bytes of keys and values in them.",
     STORE(bytes_in), false, false},
    {"batchesQueued", "batches_queued", NULL,
     "Batches that are not durable yet.", STORE(queued_batches), true, false},
    {"reads", "store_reads_total", NULL, "Reads of the store.", STORE(reads),
     false, false},
    {NULL, "http_requests_total", NULL, "Requests over HTTP.",
     HTTP(requests), false, false},
    {NULL, "http_refused_total", NULL,
     "Requests refused before any operation saw them.", HTTP(refused), false,
     false},
    {NULL, "http_connections", NULL, "Open connections.", HTTP(connections),
     true, false},
    {NULL, "http_unanswered", NULL,
     "Requests being answered, long polls included.", HTTP(unanswered), true,
     false},
};
#define METRIC_COUNT (sizeof(METRICS) / sizeof(METRICS[0]))

static uint64_t value_of(const struct wf_metrics *metrics,
                         const struct metric *metric) {
    uint64_t value;
    memcpy(&value, (const char *)metrics + metric->at, sizeof(value));
    return value;
}

void wf_metrics_count(struct wf_metrics *metrics, const char *operation,
                      unsigned status, uint64_t ns) {
    size_t at = (uintptr_t)operation / 8 % WF_METRICS_OPERATIONS;
    for (size_t tries = 0; tries < WF_METRICS_OPERATIONS; tries++) {
        struct wf_metrics_calls *calls = &metrics->calls[at];
        if (!calls->operation)
            calls->operation = operation;
        if (calls->operation == operation) {
            calls->calls++;
            calls->refused += status >= 400 && status < 500;
            calls->failed += status >= 500;
            calls->ns += ns;
            return;
        }
        at = (at + 1) % WF_METRICS_OPERATIONS;
    }
}

void wf_metrics_read(struct wf_metrics *metrics,
                     const struct wf_engine *engine) {
    wf_engine_stats(engine, &metrics->engine);
    wf_engine_store_stats(engine, &metrics->store);
}

void wf_metrics_json(const struct wf_metrics *metrics, struct wf_buf *out) {
    for (size_t i = 0; i < METRIC_COUNT; i++)
        if (METRICS[i].json)
            wf_json_integer(out, METRICS[i].json,
                            (int64_t)value_of(metrics, &METRICS[i]));
}

/* ---- Prometheus ---- */

static void describe(struct wf_buf *out, const char *name, const char *type,
                     const char *help) {
    wf_buf_addf(out, "# HELP moonstep_%s %s\n# TYPE moonstep_%s %s\n", name,
                help, name, type);
}

static void number(struct wf_buf *out, uint64_t value, bool is_ns) {
    if (is_ns)
        wf_buf_addf(out, " %" PRIu64 ".%09" PRIu64 "\n", value / 1000000000,
                    value % 1000000000);
    else
        wf_buf_addf(out, " %" PRIu64 "\n", value);
}

static void commit_histogram(const struct wf_metrics *metrics,
                             struct wf_buf *out) {
    const struct wf_durable_times *times = &metrics->engine.durable;
    uint64_t count = 0;
    describe(out, "durable_seconds", "histogram",
             "Time from a batch's completion until it is durable.");
    for (unsigned i = 0; i < WF_DURABLE_BUCKETS; i++) {
        uint64_t us = WF_DURABLE_LEAST_US << i;
        count += times->counts[i];
        wf_buf_addf(out,
                    "moonstep_durable_seconds_bucket{le=\"%" PRIu64
                    ".%06" PRIu64 "\"} %" PRIu64 "\n",
                    us / 1000000, us % 1000000, count);
    }
    count += times->counts[WF_DURABLE_BUCKETS];
    wf_buf_addf(out, "moonstep_durable_seconds_bucket{le=\"+Inf\"} %" PRIu64
                "\nmoonstep_durable_seconds_sum", count);
    number(out, times->ns, true);
    wf_buf_addf(out, "moonstep_durable_seconds_count %" PRIu64 "\n", count);
}

static void calls_of(const struct wf_metrics *metrics, struct wf_buf *out,
                     const char *name, size_t at, bool is_ns) {
    for (size_t i = 0; i < WF_METRICS_OPERATIONS; i++) {
        const struct wf_metrics_calls *calls = &metrics->calls[i];
        uint64_t value;
        if (!calls->operation)
            continue;
        memcpy(&value, (const char *)calls + at, sizeof(value));
        wf_buf_addf(out, "moonstep_%s{operation=\"%s\"}", name,
                    calls->operation);
        number(out, value, is_ns);
    }
}

#define CALLS(member) offsetof(struct wf_metrics_calls, member)

static void api_calls(const struct wf_metrics *metrics, struct wf_buf *out) {
    describe(out, "api_call_seconds", "summary",
             "Calls of operations, and the time they took, waiting "
             "included.");
    calls_of(metrics, out, "api_call_seconds_count", CALLS(calls), false);
    calls_of(metrics, out, "api_call_seconds_sum", CALLS(ns), true);
    describe(out, "api_refused_total", "counter",
             "Calls answered with an error of the caller's.");
    calls_of(metrics, out, "api_refused_total", CALLS(refused), false);
    describe(out, "api_failed_total", "counter",
             "Calls answered with an error of ours.");
    calls_of(metrics, out, "api_failed_total", CALLS(failed), false);
}

void wf_metrics_prometheus(const struct wf_metrics *metrics,
                           struct wf_buf *out) {
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric *metric = &METRICS[i];
        if (!metric->name)
            continue;
        if (metric->help)
            describe(out, metric->name, metric->is_gauge ? "gauge" : "counter",
                     metric->help);
        wf_buf_addf(out, "moonstep_%s%s", metric->name,
                    metric->labels ? metric->labels : "");
        number(out, value_of(metrics, metric), metric->is_ns);
    }
    commit_histogram(metrics, out);
    api_calls(metrics, out);
}
