/*
 * notification_event.h - a status change: as a row of table F, and as the
 * event that EventBridge has for it.
 *
 * The row has what was true when the status changed; input and output are
 * read when it is sent, by the numbers of their documents.
 */
#ifndef WF_NOTIFICATION_EVENT_H
#define WF_NOTIFICATION_EVENT_H

#include "execution.h"

#define WF_NOTIFICATION_VERSION 1
/** Input and output, escaped, take so much of an event at most. */
#define WF_NOTIFICATION_DATA_BYTES ((size_t)248 << 10)
/** "xxxxxxxx-xxxx-8xxx-xxxx-xxxxxxxxxxxx" and a NUL. */
#define WF_NOTIFICATION_ID 37

struct wf_notification {
    uint64_t execution;
    uint32_t machine, revision;
    enum wf_execution_status status;
    int64_t time_ms;            /**< When it changed. */
    int64_t start_ms, stop_ms;  /**< stop_ms 0: it runs. */
    uint64_t input, output;     /**< Documents; 0: none. */
    uint32_t redrive_count;
    int64_t redrive_ms;
    bool is_child;              /**< Of a Map Run. */
    uint32_t version;           /**< 0: none. */
    struct wf_str alias, name, error, cause; /**< Empty: none. */
    struct wf_str arn, machine_arn; /**< Of a child that with the label. */
    struct wf_str base_arn;     /**< What versions and aliases stand behind. */
    /** The definition was not in memory when the status changed, so there are
     * no ARNs: the execution's image, from which they follow, and whether the
     * event matches the target's pattern is to be seen. Else empty. */
    struct wf_str image;
};

/** What the row of a queue, or of dead letters, says besides. */
struct wf_notification_row {
    struct wf_notification what;
    unsigned attempts;
    int64_t first_ms;       /**< Since when it is tried. */
    struct wf_str reason;   /**< Why it is a dead letter, or was not taken. */
};

void wf_notification_encode(const struct wf_notification_row *row,
                            struct wf_buf *out);
/** Texts are borrowed. False: it does not decode. */
bool wf_notification_decode(struct wf_str bytes,
                            struct wf_notification_row *row);

/** The event's id: the same each time it is sent, to whomever. */
void wf_notification_id(const struct wf_notification *what,
                        struct wf_str region, struct wf_str account,
                        char id[WF_NOTIFICATION_ID]);
/** An input or output. data NULL: it is left out (too large, or gone), if
 * the execution has one at all. */
struct wf_notification_data {
    struct wf_str input, output;
};
/** Appends the event as JSON. */
void wf_notification_json(const struct wf_notification *what,
                          struct wf_str region, struct wf_str account,
                          const struct wf_notification_data *data,
                          struct wf_buf *out);

#endif
