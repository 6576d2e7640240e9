/* event.c - the compact form of history events. See event.h. */
#include "event.h"

/* Type, mask and at most eight varints; texts are reserved apart. */
enum { FIXED_BYTES_MAX = 3 + 9 * 10 };

static const char *const type_names[WF_EVENT_TYPES] = {
    [WF_EVENT_EXECUTION_STARTED] = "ExecutionStarted",
    [WF_EVENT_EXECUTION_SUCCEEDED] = "ExecutionSucceeded",
    [WF_EVENT_EXECUTION_FAILED] = "ExecutionFailed",
    [WF_EVENT_EXECUTION_TIMED_OUT] = "ExecutionTimedOut",
    [WF_EVENT_EXECUTION_ABORTED] = "ExecutionAborted",
    [WF_EVENT_EXECUTION_REDRIVEN] = "ExecutionRedriven",
    [WF_EVENT_PASS_STATE_ENTERED] = "PassStateEntered",
    [WF_EVENT_PASS_STATE_EXITED] = "PassStateExited",
    [WF_EVENT_TASK_STATE_ENTERED] = "TaskStateEntered",
    [WF_EVENT_TASK_STATE_EXITED] = "TaskStateExited",
    [WF_EVENT_TASK_STATE_ABORTED] = "TaskStateAborted",
    [WF_EVENT_CHOICE_STATE_ENTERED] = "ChoiceStateEntered",
    [WF_EVENT_CHOICE_STATE_EXITED] = "ChoiceStateExited",
    [WF_EVENT_WAIT_STATE_ENTERED] = "WaitStateEntered",
    [WF_EVENT_WAIT_STATE_EXITED] = "WaitStateExited",
    [WF_EVENT_WAIT_STATE_ABORTED] = "WaitStateAborted",
    [WF_EVENT_SUCCEED_STATE_ENTERED] = "SucceedStateEntered",
    [WF_EVENT_SUCCEED_STATE_EXITED] = "SucceedStateExited",
    [WF_EVENT_FAIL_STATE_ENTERED] = "FailStateEntered",
    [WF_EVENT_PARALLEL_STATE_ENTERED] = "ParallelStateEntered",
    [WF_EVENT_PARALLEL_STATE_EXITED] = "ParallelStateExited",
    [WF_EVENT_PARALLEL_STATE_ABORTED] = "ParallelStateAborted",
    [WF_EVENT_PARALLEL_STATE_STARTED] = "ParallelStateStarted",
    [WF_EVENT_PARALLEL_STATE_SUCCEEDED] = "ParallelStateSucceeded",
    [WF_EVENT_PARALLEL_STATE_FAILED] = "ParallelStateFailed",
    [WF_EVENT_MAP_STATE_ENTERED] = "MapStateEntered",
    [WF_EVENT_MAP_STATE_EXITED] = "MapStateExited",
    [WF_EVENT_MAP_STATE_ABORTED] = "MapStateAborted",
    [WF_EVENT_MAP_STATE_STARTED] = "MapStateStarted",
    [WF_EVENT_MAP_STATE_SUCCEEDED] = "MapStateSucceeded",
    [WF_EVENT_MAP_STATE_FAILED] = "MapStateFailed",
    [WF_EVENT_MAP_ITERATION_STARTED] = "MapIterationStarted",
    [WF_EVENT_MAP_ITERATION_SUCCEEDED] = "MapIterationSucceeded",
    [WF_EVENT_MAP_ITERATION_FAILED] = "MapIterationFailed",
    [WF_EVENT_MAP_ITERATION_ABORTED] = "MapIterationAborted",
    [WF_EVENT_MAP_RUN_STARTED] = "MapRunStarted",
    [WF_EVENT_MAP_RUN_SUCCEEDED] = "MapRunSucceeded",
    [WF_EVENT_MAP_RUN_FAILED] = "MapRunFailed",
    [WF_EVENT_MAP_RUN_ABORTED] = "MapRunAborted",
    [WF_EVENT_MAP_RUN_REDRIVEN] = "MapRunRedriven",
    [WF_EVENT_TASK_SCHEDULED] = "TaskScheduled",
    [WF_EVENT_TASK_STARTED] = "TaskStarted",
    [WF_EVENT_TASK_START_FAILED] = "TaskStartFailed",
    [WF_EVENT_TASK_SUBMITTED] = "TaskSubmitted",
    [WF_EVENT_TASK_SUBMIT_FAILED] = "TaskSubmitFailed",
    [WF_EVENT_TASK_SUCCEEDED] = "TaskSucceeded",
    [WF_EVENT_TASK_FAILED] = "TaskFailed",
    [WF_EVENT_TASK_TIMED_OUT] = "TaskTimedOut",
    [WF_EVENT_LAMBDA_FUNCTION_SCHEDULED] = "LambdaFunctionScheduled",
    [WF_EVENT_LAMBDA_FUNCTION_SCHEDULE_FAILED] =
        "LambdaFunctionScheduleFailed",
    [WF_EVENT_LAMBDA_FUNCTION_STARTED] = "LambdaFunctionStarted",
    [WF_EVENT_LAMBDA_FUNCTION_START_FAILED] = "LambdaFunctionStartFailed",
    [WF_EVENT_LAMBDA_FUNCTION_SUCCEEDED] = "LambdaFunctionSucceeded",
    [WF_EVENT_LAMBDA_FUNCTION_FAILED] = "LambdaFunctionFailed",
    [WF_EVENT_LAMBDA_FUNCTION_TIMED_OUT] = "LambdaFunctionTimedOut",
    [WF_EVENT_ACTIVITY_SCHEDULED] = "ActivityScheduled",
    [WF_EVENT_ACTIVITY_SCHEDULE_FAILED] = "ActivityScheduleFailed",
    [WF_EVENT_ACTIVITY_STARTED] = "ActivityStarted",
    [WF_EVENT_ACTIVITY_SUCCEEDED] = "ActivitySucceeded",
    [WF_EVENT_ACTIVITY_FAILED] = "ActivityFailed",
    [WF_EVENT_ACTIVITY_TIMED_OUT] = "ActivityTimedOut",
    [WF_EVENT_EVALUATION_FAILED] = "EvaluationFailed",
};

const char *wf_event_type_name(enum wf_event_type type) {
    return (unsigned)type < WF_EVENT_TYPES ? type_names[type] : NULL;
}

static uint64_t zigzag(int64_t value) {
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static inline char *put_varint(char *at, uint64_t value) {
    while (value >= 0x80) {
        *at++ = (char)(value | 0x80);
        value >>= 7;
    }
    *at++ = (char)value;
    return at;
}

static inline char *put_text(char *at, struct wf_str text) {
    at = put_varint(at, text.len);
    if (text.len)
        memcpy(at, text.data, text.len);
    return at + text.len;
}

/* Documents are near the event that names them: a distance is short. */
static inline char *put_document(char *at, const struct wf_event *event,
                                 uint64_t number) {
    return put_varint(at, WF_DOC_NUMBER(event->id, 3) - number);
}

/* What the texts may take, and never less than that. */
static inline size_t text_bytes(const struct wf_event *event) {
    size_t bytes = 0;
    if (event->fields & WF_EVENT_HAS_ERROR)
        bytes += 10 + event->error.len;
    if (event->fields & WF_EVENT_HAS_CAUSE)
        bytes += 10 + event->cause.len;
    if (event->fields & WF_EVENT_HAS_TEXT)
        bytes += 10 + event->text.len;
    return bytes;
}

/* Everything that only few events have. */
static char *put_rare(char *at, const struct wf_event *event) {
    unsigned fields = event->fields;
    if (fields & WF_EVENT_HAS_ERROR)
        at = put_text(at, event->error);
    if (fields & WF_EVENT_HAS_CAUSE)
        at = put_text(at, event->cause);
    if (fields & WF_EVENT_HAS_TIMEOUT)
        at = put_varint(at, zigzag(event->timeout_s));
    if (fields & WF_EVENT_HAS_HEARTBEAT)
        at = put_varint(at, zigzag(event->heartbeat_s));
    if (fields & WF_EVENT_HAS_INDEX)
        at = put_varint(at, event->index);
    if (fields & WF_EVENT_HAS_LENGTH)
        at = put_varint(at, event->length);
    if (fields & WF_EVENT_HAS_ASSIGNED)
        at = put_document(at, event, event->assigned);
    if (fields & WF_EVENT_HAS_TEXT)
        at = put_text(at, event->text);
    return at;
}

void wf_event_encode(struct wf_buf *out, const struct wf_event *event,
                     int64_t start_ms) {
    unsigned fields = event->fields;
    wf_buf_reserve(out, FIXED_BYTES_MAX + text_bytes(event));
    char *at = out->data + out->len;

    *at++ = (char)event->type;
    *at++ = (char)(fields >> 8);
    *at++ = (char)fields;
    at = put_varint(at, event->previous_id ? event->id - event->previous_id
                                           : 0);
    at = put_varint(at, zigzag((int64_t)((uint64_t)event->time_ms -
                                         (uint64_t)start_ms)));
    if (fields & WF_EVENT_HAS_STATE)
        at = put_varint(at, event->state);
    if (fields & WF_EVENT_HAS_DOC)
        at = put_document(at, event, event->doc);
    if (fields & ~(WF_EVENT_HAS_STATE | WF_EVENT_HAS_DOC))
        at = put_rare(at, event);
    out->len = (size_t)(at - out->data);
}

static uint32_t read_u32(struct wf_reader *reader) {
    uint64_t value = wf_read_varint(reader);
    if (value > UINT32_MAX)
        reader->bad = true;
    return (uint32_t)value;
}

static uint64_t read_document(struct wf_reader *reader,
                              const struct wf_event *event) {
    uint64_t highest = WF_DOC_NUMBER(event->id, 3);
    uint64_t back = wf_read_varint(reader);
    if (back > highest)
        reader->bad = true;
    return highest - back;
}

static void read_fields(struct wf_reader *reader, struct wf_event *event) {
    unsigned fields = event->fields;
    if (fields & WF_EVENT_HAS_STATE)
        event->state = read_u32(reader);
    if (fields & WF_EVENT_HAS_DOC)
        event->doc = read_document(reader, event);
    if (fields & WF_EVENT_HAS_ERROR)
        event->error = wf_read_text(reader);
    if (fields & WF_EVENT_HAS_CAUSE)
        event->cause = wf_read_text(reader);
    if (fields & WF_EVENT_HAS_TIMEOUT)
        event->timeout_s = wf_read_signed(reader);
    if (fields & WF_EVENT_HAS_HEARTBEAT)
        event->heartbeat_s = wf_read_signed(reader);
    if (fields & WF_EVENT_HAS_INDEX)
        event->index = wf_read_varint(reader);
    if (fields & WF_EVENT_HAS_LENGTH)
        event->length = wf_read_varint(reader);
    if (fields & WF_EVENT_HAS_ASSIGNED)
        event->assigned = read_document(reader, event);
    if (fields & WF_EVENT_HAS_TEXT)
        event->text = wf_read_text(reader);
}

bool wf_event_decode(struct wf_reader *reader, struct wf_event *event,
                     int64_t start_ms) {
    *event = (struct wf_event){.id = event->id};
    unsigned type = wf_read_u8(reader);
    event->type = (enum wf_event_type)type;
    event->fields = wf_read_be16(reader);
    uint64_t back = wf_read_varint(reader);
    uint64_t since = (uint64_t)wf_read_signed(reader);

    if (type == WF_EVENT_NONE || type >= WF_EVENT_TYPES ||
        event->fields & ~(2 * WF_EVENT_HAS_TEXT - 1) || back > event->id)
        reader->bad = true;
    if (back)
        event->previous_id = event->id - back;
    event->time_ms = (int64_t)((uint64_t)start_ms + since);
    read_fields(reader, event);
    return !reader->bad;
}

void wf_event_fail(struct wf_event *event, const struct wf_failure *failure) {
    if (failure && failure->error.data) {
        event->fields |= WF_EVENT_HAS_ERROR;
        event->error = failure->error;
    }
    if (failure && failure->cause.data) {
        event->fields |= WF_EVENT_HAS_CAUSE;
        event->cause = failure->cause;
    }
}
