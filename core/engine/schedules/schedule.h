/*
 * schedule.h - schedules and their groups: what EventBridge Scheduler's
 * operations are about, as the API and the engine exchange them.
 *
 * A schedule starts executions at its slots (schedule_expression.h). Where
 * they are kept, and why no slot is ever started twice, says
 * schedule_impl.h.
 */
#ifndef WF_SCHEDULE_H
#define WF_SCHEDULE_H

#include "engine.h"

/** Nothing is due. */
#define WF_SCHEDULE_NO_TIME INT64_MAX

/** What becomes of slots that passed while no engine ran. */
enum wf_schedule_missed {
    WF_MISSED_DEFAULT = 0, /* On disk: add, never renumber. */
    WF_MISSED_SKIP = 1,
    WF_MISSED_ONCE = 2, /**< One execution, for the last of them. */
    WF_MISSED_ALL = 3,
};

/** What becomes of a slot while the execution before it still runs. */
enum wf_schedule_overlap {
    WF_OVERLAP_DEFAULT = 0, /* On disk: add, never renumber. */
    WF_OVERLAP_ALLOW = 1,
    WF_OVERLAP_SKIP = 2,
    WF_OVERLAP_QUEUE = 3, /**< It waits for its end. */
};

/** The names in tags and requests: "ONCE"; NULL: of the default. */
const char *wf_schedule_missed_name(enum wf_schedule_missed missed);
const char *wf_schedule_overlap_name(enum wf_schedule_overlap overlap);
/** Upper case or lower. False: there is none of that name. */
bool wf_schedule_missed_of(struct wf_str name,
                           enum wf_schedule_missed *missed);
bool wf_schedule_overlap_of(struct wf_str name,
                            enum wf_schedule_overlap *overlap);

/** Texts that are not given have data NULL, or are empty. */
struct wf_schedule {
    struct wf_str group, name;
    struct wf_str expression, timezone, description, kms_key;
    struct wf_str client_token; /**< Of the call that made it what it is. */
    struct wf_str target;       /**< JSON object, as it was given. */
    int64_t start_ms, end_ms;   /**< 0: not given. */
    uint32_t window_minutes;    /**< 0: OFF. */
    bool is_disabled, is_deleted_after;
    enum wf_schedule_missed missed;
    enum wf_schedule_overlap overlap;

    /* What the engine keeps of it. */
    uint64_t generation;       /**< Another one if it is made again. */
    int64_t creation_ms, modified_ms;
    int64_t first_ms;          /**< First slot of a rate. */
    int64_t slot_ms;           /**< The next one; or WF_SCHEDULE_NO_TIME. */
    int64_t due_ms;            /**< When it is started: in the window. */
    bool is_waiting;           /**< For the end of last_execution. */
    uint32_t retrying;         /**< Slots whose start is tried again. */
    uint64_t last_execution;   /**< 0: none, or not known. */
    int64_t last_slot_ms;      /**< 0: none yet. */
    uint64_t started, skipped, failed; /**< Slots. */
    struct wf_str last_error;  /**< Of a start; empty: none. */
    int64_t last_error_ms;
};

struct wf_schedule_group {
    struct wf_str name;
    bool is_deleting;
    bool is_implied; /**< "default" before anybody has changed it. */
    int64_t creation_ms, modified_ms;
    struct wf_str client_token;
    struct wf_str tags; /**< tag_count times: key, value (wf_buf_text) */
    unsigned tag_count;
};

#define WF_DEFAULT_GROUP "default"
/** Tags of a group that say what its schedules do, unless one says so. */
#define WF_MISSED_TAG "moonstep:missed"
#define WF_OVERLAP_TAG "moonstep:overlap"

enum wf_schedule_operation {
    WF_SCHEDULE_CREATE,
    WF_SCHEDULE_UPDATE,
    WF_SCHEDULE_GET,
    WF_SCHEDULE_DELETE,
    WF_SCHEDULE_LIST,
    WF_SCHEDULE_NEXT, /**< Slots to come, of a schedule or an expression. */
    WF_SCHEDULE_CREATE_GROUP,
    WF_SCHEDULE_GET_GROUP,
    WF_SCHEDULE_DELETE_GROUP,
    WF_SCHEDULE_LIST_GROUPS,
    WF_SCHEDULE_TAG,
    WF_SCHEDULE_UNTAG,
    WF_SCHEDULE_LIST_TAGS,
};

/** What is asked; borrowed during the call. */
struct wf_schedule_ask {
    enum wf_schedule_operation operation;
    struct wf_schedule schedule; /**< Its settings, or its names only. */
    struct wf_str prefix;        /**< Lists: of names. Empty: all. */
    int state;                   /**< Lists: 0 all, 1 enabled, 2 disabled */
    unsigned max_results;        /**< 0: 100 */
    struct wf_str next_token;
    const struct wf_tag *tags;   /**< Of a new group; to be added. */
    size_t tag_count;
    const struct wf_str *keys;   /**< To be removed. */
    size_t key_count;
};

/** What is answered; borrowed until the callback returns. */
struct wf_schedule_reply {
    struct wf_str arn;
    const struct wf_schedule *schedules;
    const struct wf_schedule_group *groups;
    const struct wf_tag *tags;
    const int64_t *slots;
    size_t count; /**< Of what is asked for. */
    struct wf_str next_token;
};
typedef void wf_schedule_fn(void *arg, const struct wf_refusal *refusal,
                            const struct wf_schedule_reply *reply);

/** Exceptions: ValidationException, ConflictException,
 * ResourceNotFoundException, ServiceQuotaExceededException,
 * ThrottlingException (no room). */
void wf_engine_schedule(struct wf_engine *engine,
                        const struct wf_schedule_ask *ask,
                        wf_schedule_fn *reply, void *arg);

/** Append ARNs. */
void wf_schedule_arn(struct wf_engine *engine, struct wf_str group,
                     struct wf_str name, struct wf_buf *out);
void wf_schedule_group_arn(struct wf_engine *engine, struct wf_str name,
                           struct wf_buf *out);

#endif
