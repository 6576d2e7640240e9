/*
 * event.h - history events: the compact form in journal and segments, and
 * what a reader of a history gets.
 *
 * Form: type (1 byte), presence mask (2 bytes, big-endian), then varints:
 * id - previous (0: previous is 0), milliseconds since the execution's start
 * (zigzag), and the present fields in the order of enum wf_event_field. The
 * id is not stored: events are contiguous, and whatever holds a run of them
 * knows the first one's id.
 *
 * A document field holds the document's number within its execution; the
 * documents stand between the events, where they were first used (tail.h).
 * A number is made of the id of the event that follows the document, so the
 * segment that holds a document is found without any index. Encoded as the
 * distance back from the highest number its event could use (varint).
 */
#ifndef WF_EVENT_H
#define WF_EVENT_H

#include "base.h"

/** On disk: add at the end, never renumber. Names in wf_event_type_name(). */
enum wf_event_type {
    WF_EVENT_NONE = 0,
    WF_EVENT_EXECUTION_STARTED = 1,
    WF_EVENT_EXECUTION_SUCCEEDED = 2,
    WF_EVENT_EXECUTION_FAILED = 3,
    WF_EVENT_EXECUTION_TIMED_OUT = 4,
    WF_EVENT_EXECUTION_ABORTED = 5,
    WF_EVENT_EXECUTION_REDRIVEN = 6,
    WF_EVENT_PASS_STATE_ENTERED = 7,
    WF_EVENT_PASS_STATE_EXITED = 8,
    WF_EVENT_TASK_STATE_ENTERED = 9,
    WF_EVENT_TASK_STATE_EXITED = 10,
    WF_EVENT_TASK_STATE_ABORTED = 11,
    WF_EVENT_CHOICE_STATE_ENTERED = 12,
    WF_EVENT_CHOICE_STATE_EXITED = 13,
    WF_EVENT_WAIT_STATE_ENTERED = 14,
    WF_EVENT_WAIT_STATE_EXITED = 15,
    WF_EVENT_WAIT_STATE_ABORTED = 16,
    WF_EVENT_SUCCEED_STATE_ENTERED = 17,
    WF_EVENT_SUCCEED_STATE_EXITED = 18,
    WF_EVENT_FAIL_STATE_ENTERED = 19,
    WF_EVENT_PARALLEL_STATE_ENTERED = 20,
    WF_EVENT_PARALLEL_STATE_EXITED = 21,
    WF_EVENT_PARALLEL_STATE_ABORTED = 22,
    WF_EVENT_PARALLEL_STATE_STARTED = 23,
    WF_EVENT_PARALLEL_STATE_SUCCEEDED = 24,
    WF_EVENT_PARALLEL_STATE_FAILED = 25,
    WF_EVENT_MAP_STATE_ENTERED = 26,
    WF_EVENT_MAP_STATE_EXITED = 27,
    WF_EVENT_MAP_STATE_ABORTED = 28,
    WF_EVENT_MAP_STATE_STARTED = 29,
    WF_EVENT_MAP_STATE_SUCCEEDED = 30,
    WF_EVENT_MAP_STATE_FAILED = 31,
    WF_EVENT_MAP_ITERATION_STARTED = 32,
    WF_EVENT_MAP_ITERATION_SUCCEEDED = 33,
    WF_EVENT_MAP_ITERATION_FAILED = 34,
    WF_EVENT_MAP_ITERATION_ABORTED = 35,
    WF_EVENT_MAP_RUN_STARTED = 36,
    WF_EVENT_MAP_RUN_SUCCEEDED = 37,
    WF_EVENT_MAP_RUN_FAILED = 38,
    WF_EVENT_MAP_RUN_ABORTED = 39,
    WF_EVENT_MAP_RUN_REDRIVEN = 40,
    WF_EVENT_TASK_SCHEDULED = 41,
    WF_EVENT_TASK_STARTED = 42,
    WF_EVENT_TASK_START_FAILED = 43,
    WF_EVENT_TASK_SUBMITTED = 44,
    WF_EVENT_TASK_SUBMIT_FAILED = 45,
    WF_EVENT_TASK_SUCCEEDED = 46,
    WF_EVENT_TASK_FAILED = 47,
    WF_EVENT_TASK_TIMED_OUT = 48,
    WF_EVENT_LAMBDA_FUNCTION_SCHEDULED = 49,
    WF_EVENT_LAMBDA_FUNCTION_SCHEDULE_FAILED = 50,
    WF_EVENT_LAMBDA_FUNCTION_STARTED = 51,
    WF_EVENT_LAMBDA_FUNCTION_START_FAILED = 52,
    WF_EVENT_LAMBDA_FUNCTION_SUCCEEDED = 53,
    WF_EVENT_LAMBDA_FUNCTION_FAILED = 54,
    WF_EVENT_LAMBDA_FUNCTION_TIMED_OUT = 55,
    WF_EVENT_ACTIVITY_SCHEDULED = 56,
    WF_EVENT_ACTIVITY_SCHEDULE_FAILED = 57,
    WF_EVENT_ACTIVITY_STARTED = 58,
    WF_EVENT_ACTIVITY_SUCCEEDED = 59,
    WF_EVENT_ACTIVITY_FAILED = 60,
    WF_EVENT_ACTIVITY_TIMED_OUT = 61,
    WF_EVENT_EVALUATION_FAILED = 62,
    WF_EVENT_TYPES
};

/** "PassStateEntered" … as AWS spells them; NULL for an unknown number. */
const char *wf_event_type_name(enum wf_event_type type);

/** Of a loggingConfiguration: each takes in those before it. */
enum wf_log_level { WF_LOG_OFF, WF_LOG_FATAL, WF_LOG_ERROR, WF_LOG_ALL };
/** The first level that an event of this type is logged at. */
enum wf_log_level wf_event_level(enum wf_event_type type);
/** "ALL" …; WF_LOG_OFF for an unknown name. */
enum wf_log_level wf_log_level_of(struct wf_str name);

/** Presence bits, in the order of encoding. On disk: add, never renumber. */
enum wf_event_field {
    WF_EVENT_HAS_STATE = 1 << 0,     /**< state: number in the definition */
    WF_EVENT_HAS_DOC = 1 << 1,       /**< doc: input, output, parameters */
    WF_EVENT_HAS_ERROR = 1 << 2,     /**< error text */
    WF_EVENT_HAS_CAUSE = 1 << 3,     /**< cause text */
    WF_EVENT_HAS_TIMEOUT = 1 << 4,   /**< timeout_s */
    WF_EVENT_HAS_HEARTBEAT = 1 << 5, /**< heartbeat_s */
    WF_EVENT_HAS_INDEX = 1 << 6,     /**< index: iteration; redrive count */
    WF_EVENT_HAS_LENGTH = 1 << 7,    /**< length: of a Map */
    WF_EVENT_HAS_ASSIGNED = 1 << 8,  /**< assigned: document of variables */
    WF_EVENT_HAS_TEXT = 1 << 9,      /**< text: location, worker, map run;
                                        TaskScheduled: credentials' role */
};

/** The k-th (0..3) document that stands before the event `id`. */
#define WF_DOC_NUMBER(id, k) ((uint64_t)(id) * 4 + (k))
#define WF_DOC_EVENT(number) ((uint64_t)(number) / 4)

struct wf_event {
    enum wf_event_type type;
    uint16_t fields;      /**< enum wf_event_field bits */
    uint64_t id;
    uint64_t previous_id;
    int64_t time_ms;      /**< Since the epoch. */
    uint32_t state;       /**< 0-based number of the state. */
    uint64_t doc;         /**< Document number, see WF_DOC_NUMBER. */
    uint64_t assigned;    /**< Document number. */
    int64_t timeout_s, heartbeat_s;
    uint64_t index, length;
    struct wf_str error, cause, text; /**< Borrowed. */
};

/** Appends the event; `start_ms` is the execution's start. */
void wf_event_encode(struct wf_buf *out, const struct wf_event *event,
                     int64_t start_ms);
/**
 * Reads one event; `event->id` must hold its id already. Texts are borrowed
 * from the reader's bytes. Returns false if the bytes do not decode.
 */
bool wf_event_decode(struct wf_reader *reader, struct wf_event *event,
                     int64_t start_ms);

/**
 * A decoded event with everything a renderer needs, all borrowed until the
 * callback that received it returns.
 */
struct wf_history_event {
    struct wf_event event;
    struct wf_str state_name;    /**< If the event has a state. */
    struct wf_str resource_type; /**< Task*: "lua", "lambda", "sqs" … */
    struct wf_str resource;      /**< Task*: "hello.greet"; Lambda: the ARN */
    struct wf_str region;        /**< Task*: always given by AWS */
    struct wf_str doc;           /**< JSON text, if HAS_DOC */
    struct wf_str assigned;      /**< JSON object text, if HAS_ASSIGNED */
    struct wf_str role_arn;      /**< ExecutionStarted */
    struct wf_str version_arn;   /**< The same, if a version was asked for, */
    struct wf_str alias_arn;     /**< or an alias; else empty. */
};

/**
 * Appends AWS's JSON of the event (a HistoryEvent of the API's model:
 * timestamp in epoch seconds with milliseconds, id, previousEventId, type,
 * details member by type). Texts inside (input, output, parameters) are JSON
 * strings, as in the API. `with_data` false leaves payloads out
 * (includeExecutionData).
 */
void wf_event_json(struct wf_buf *out, const struct wf_history_event *event,
                   bool with_data);

/** What a line of a log says besides the event itself. */
struct wf_log_context {
    struct wf_str execution_arn, group; /**< `group`: the log group's name. */
    uint32_t redrive_count;
    bool with_data;    /**< includeExecutionData */
    bool is_truncated; /**< The document is too large to be had: left out. */
};
/** Of an input or an output, escaped: what is beyond is left out, and its
 * details say so. */
#define WF_LOG_PAYLOAD_BYTES ((size_t)248 << 10)
/**
 * Appends the event as AWS sends it to a log group, and a newline: id, type,
 * details, redrive_count, previous_event_id, event_timestamp (milliseconds),
 * execution_arn, all numbers of these as texts; and log_group.
 */
void wf_event_log_json(struct wf_buf *out,
                       const struct wf_history_event *event,
                       const struct wf_log_context *context);

/** Adds error and cause, those that there are. `failure` NULL: none; its texts
 * are borrowed. */
void wf_event_fail(struct wf_event *event, const struct wf_failure *failure);

#endif
