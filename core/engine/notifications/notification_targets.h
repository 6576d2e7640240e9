/*
 * notification_targets.h - who is told of status changes: the file of
 * --notifications (docs/notifications.md), in the words of EventBridge's rules
 * and targets.
 *
 *   {"Targets": [
 *     {"Id": "ops",
 *      "EventPattern": {"detail": {"status": ["FAILED", "TIMED_OUT"]}},
 *      "HttpEndpoint": {"Url": "https://ops.example.com/hook",
 *                       "Headers": {"X-Team": "ops"}, "Secret": "..."},
 *      "RetryPolicy": {"MaximumEventAgeInSeconds": 3600}},
 *     {"Id": "audit", "Handler": "audit.status_changed"}]}
 */
#ifndef WF_NOTIFICATION_TARGETS_H
#define WF_NOTIFICATION_TARGETS_H

#include "doc.h"

#define WF_TARGET_ID_MAX 64

/** How often, and for how long, an event is tried. */
struct wf_notification_policy {
    int64_t age_ms;      /**< 24 hours. */
    unsigned attempts;   /**< After the first one: 185. */
    int64_t interval_ms; /**< Before the second attempt: 1 second; */
    double rate;         /**< so many times more before each further one: 2; */
    int64_t delay_ms;    /**< so long at most: 5 minutes. */
};

struct wf_notification_target {
    char *id;
    struct wf_doc *pattern; /**< Checked. NULL: all events. */
    bool needs_data;        /**< The pattern looks at input or output. */
    bool has_children;      /**< Child executions of Map Runs, too. */
    char *handler;          /**< "module.function"; NULL: a URL. */
    char *url;
    char **headers;         /**< "Name: value", NULL-terminated; or NULL. */
    struct wf_buf secret;   /**< Bytes of the key; empty: none. */
    double timeout_s;       /**< 30 */
    unsigned concurrency;   /**< So many at a time: 8. */
    uint64_t most_queued;   /**< 100,000 */
    uint64_t most_dead;     /**< 10,000 */
    struct wf_notification_policy policy;
};

struct wf_notification_targets {
    struct wf_notification_target *list;
    size_t count;
};

/** Reads the file, which nobody else may read (private_file.h). Blocks.
 * WF_E_INVALID says what is wrong with it, and at which target. */
int wf_notification_targets_read(const char *path,
                                 struct wf_notification_targets *targets,
                                 struct wf_error *err);
void wf_notification_targets_free(struct wf_notification_targets *targets);

#endif
