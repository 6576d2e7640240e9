/*
 * metrics.h - what is counted and measured, in one table: as members of a
 * JSON object (Moonstep.Stats) and in Prometheus's text format 0.0.4 (GET
 * /metrics), with base units (seconds, bytes) and counters ending in _total.
 */
#ifndef WF_METRICS_H
#define WF_METRICS_H

#include "engine.h"
#include "http.h"
#include "store.h"

/** Calls of one operation. */
struct wf_metrics_calls {
    const char *operation; /**< A literal. NULL: nothing. */
    uint64_t calls, refused, failed; /**< Of status 4xx; of 5xx. */
    uint64_t ns;                     /**< All of them took together. */
};
/** Room for more operations than there are. */
#define WF_METRICS_OPERATIONS 128

struct wf_metrics {
    struct wf_engine_stats engine;
    struct wf_store_stats store;
    struct wf_http_stats http;
    /** Open addressing by the literal's address. All-zero: no calls. */
    struct wf_metrics_calls calls[WF_METRICS_OPERATIONS];
};

/** Counts a call. `operation` is a literal, one for each name. */
void wf_metrics_count(struct wf_metrics *metrics, const char *operation,
                      unsigned status, uint64_t ns);
/** Asks the engine and its store; `http` and `calls` stay as they are. */
void wf_metrics_read(struct wf_metrics *metrics,
                     const struct wf_engine *engine);
/** The members, without braces. */
void wf_metrics_json(const struct wf_metrics *metrics, struct wf_buf *out);
void wf_metrics_prometheus(const struct wf_metrics *metrics,
                           struct wf_buf *out);

#endif
