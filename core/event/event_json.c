/*
 * event_json.c - history events as AWS's JSON. See event.h.
 *
 * A table says, for each type, the name of the details member and what is in
 * it. A part that AWS gives only sometimes is written if the event has its
 * field; a details member that would be empty is written as {}.
 */
#include <inttypes.h>
#include <stdio.h>

#include "event.h"
#include "json_write.h"

/* What a details member holds. */
enum part {
    NAME = 1 << 0,          /* name: the state's */
    STATE = 1 << 1,         /* state: the state's name */
    INPUT = 1 << 2,         /* input, inputDetails */
    OUTPUT = 1 << 3,        /* output, outputDetails */
    PARAMETERS = 1 << 4,    /* parameters */
    FAILURE = 1 << 5,       /* error, cause */
    RESOURCE_TYPE = 1 << 6, /* resourceType */
    RESOURCE = 1 << 7,      /* resource */
    REGION = 1 << 8,        /* region */
    TIMEOUT = 1 << 9,       /* timeoutInSeconds */
    HEARTBEAT = 1 << 10,    /* heartbeatInSeconds */
    INDEX = 1 << 11,        /* index */
    LENGTH = 1 << 12,       /* length */
    REDRIVE_COUNT = 1 << 13,/* redriveCount, from index */
    WORKER = 1 << 14,       /* workerName, from text */
    LOCATION = 1 << 15,     /* location, from text */
    MAP_RUN = 1 << 16,      /* mapRunArn, from text */
    CREDENTIALS = 1 << 17,  /* taskCredentials.roleArn, from text */
    ASSIGNED = 1 << 18,     /* assignedVariables and their details */
    ROLE = 1 << 19,         /* roleArn: the state machine's */

    TASK = RESOURCE_TYPE | RESOURCE,
    ENTERED = NAME | INPUT,
    EXITED = NAME | OUTPUT | ASSIGNED,
    ITERATION = NAME | INDEX,
};

struct shape {
    const char *member; /* NULL: the event has no details */
    uint32_t parts;     /* enum part */
};

static const char state_entered[] = "stateEnteredEventDetails";
static const char state_exited[] = "stateExitedEventDetails";

static const struct shape shapes[WF_EVENT_TYPES] = {
    [WF_EVENT_EXECUTION_STARTED] = {"executionStartedEventDetails",
                                    INPUT | ROLE},
    [WF_EVENT_EXECUTION_SUCCEEDED] = {"executionSucceededEventDetails",
                                      OUTPUT},
    [WF_EVENT_EXECUTION_FAILED] = {"executionFailedEventDetails", FAILURE},
    [WF_EVENT_EXECUTION_TIMED_OUT] = {"executionTimedOutEventDetails",
                                      FAILURE},
    [WF_EVENT_EXECUTION_ABORTED] = {"executionAbortedEventDetails", FAILURE},
    [WF_EVENT_EXECUTION_REDRIVEN] = {"executionRedrivenEventDetails",
                                     REDRIVE_COUNT},
    [WF_EVENT_PASS_STATE_ENTERED] = {state_entered, ENTERED},
    [WF_EVENT_PASS_STATE_EXITED] = {state_exited, EXITED},
    [WF_EVENT_TASK_STATE_ENTERED] = {state_entered, ENTERED},
    [WF_EVENT_TASK_STATE_EXITED] = {state_exited, EXITED},
    [WF_EVENT_CHOICE_STATE_ENTERED] = {state_entered, ENTERED},
    [WF_EVENT_CHOICE_STATE_EXITED] = {state_exited, EXITED},
    [WF_EVENT_WAIT_STATE_ENTERED] = {state_entered, ENTERED},
    [WF_EVENT_WAIT_STATE_EXITED] = {state_exited, EXITED},
    [WF_EVENT_SUCCEED_STATE_ENTERED] = {state_entered, ENTERED},
    [WF_EVENT_SUCCEED_STATE_EXITED] = {state_exited, EXITED},
    [WF_EVENT_FAIL_STATE_ENTERED] = {state_entered, ENTERED},
    [WF_EVENT_PARALLEL_STATE_ENTERED] = {state_entered, ENTERED},
    [WF_EVENT_PARALLEL_STATE_EXITED] = {state_exited, EXITED},
    [WF_EVENT_MAP_STATE_ENTERED] = {state_entered, ENTERED},
    [WF_EVENT_MAP_STATE_EXITED] = {state_exited, EXITED},
    [WF_EVENT_MAP_STATE_STARTED] = {"mapStateStartedEventDetails", LENGTH},
    [WF_EVENT_MAP_ITERATION_STARTED] = {"mapIterationStartedEventDetails",
                                        ITERATION},
    [WF_EVENT_MAP_ITERATION_SUCCEEDED] = {"mapIterationSucceededEventDetails",
                                          ITERATION},
    [WF_EVENT_MAP_ITERATION_FAILED] = {"mapIterationFailedEventDetails",
                                       ITERATION},
    [WF_EVENT_MAP_ITERATION_ABORTED] = {"mapIterationAbortedEventDetails",
                                        ITERATION},
    [WF_EVENT_MAP_RUN_STARTED] = {"mapRunStartedEventDetails", MAP_RUN},
    [WF_EVENT_MAP_RUN_FAILED] = {"mapRunFailedEventDetails", FAILURE},
    [WF_EVENT_MAP_RUN_REDRIVEN] = {"mapRunRedrivenEventDetails",
                                   MAP_RUN | REDRIVE_COUNT},
    [WF_EVENT_TASK_SCHEDULED] = {"taskScheduledEventDetails",
                                 TASK | REGION | PARAMETERS | TIMEOUT |
                                     HEARTBEAT | CREDENTIALS},
    [WF_EVENT_TASK_STARTED] = {"taskStartedEventDetails", TASK},
    [WF_EVENT_TASK_START_FAILED] = {"taskStartFailedEventDetails",
                                    TASK | FAILURE},
    [WF_EVENT_TASK_SUBMITTED] = {"taskSubmittedEventDetails", TASK | OUTPUT},
    [WF_EVENT_TASK_SUBMIT_FAILED] = {"taskSubmitFailedEventDetails",
                                     TASK | FAILURE},
    [WF_EVENT_TASK_SUCCEEDED] = {"taskSucceededEventDetails", TASK | OUTPUT},
    [WF_EVENT_TASK_FAILED] = {"taskFailedEventDetails", TASK | FAILURE},
    [WF_EVENT_TASK_TIMED_OUT] = {"taskTimedOutEventDetails", TASK | FAILURE},
    [WF_EVENT_LAMBDA_FUNCTION_SCHEDULED] =
        {"lambdaFunctionScheduledEventDetails",
         RESOURCE | INPUT | TIMEOUT | CREDENTIALS},
    [WF_EVENT_LAMBDA_FUNCTION_SCHEDULE_FAILED] =
        {"lambdaFunctionScheduleFailedEventDetails", FAILURE},
    [WF_EVENT_LAMBDA_FUNCTION_START_FAILED] =
        {"lambdaFunctionStartFailedEventDetails", FAILURE},
    [WF_EVENT_LAMBDA_FUNCTION_SUCCEEDED] =
        {"lambdaFunctionSucceededEventDetails", OUTPUT},
    [WF_EVENT_LAMBDA_FUNCTION_FAILED] = {"lambdaFunctionFailedEventDetails",
                                         FAILURE},
    [WF_EVENT_LAMBDA_FUNCTION_TIMED_OUT] =
        {"lambdaFunctionTimedOutEventDetails", FAILURE},
    [WF_EVENT_ACTIVITY_SCHEDULED] = {"activityScheduledEventDetails",
                                     RESOURCE | INPUT | TIMEOUT | HEARTBEAT},
    [WF_EVENT_ACTIVITY_SCHEDULE_FAILED] =
        {"activityScheduleFailedEventDetails", FAILURE},
    [WF_EVENT_ACTIVITY_STARTED] = {"activityStartedEventDetails", WORKER},
    [WF_EVENT_ACTIVITY_SUCCEEDED] = {"activitySucceededEventDetails", OUTPUT},
    [WF_EVENT_ACTIVITY_FAILED] = {"activityFailedEventDetails", FAILURE},
    [WF_EVENT_ACTIVITY_TIMED_OUT] = {"activityTimedOutEventDetails", FAILURE},
    [WF_EVENT_EVALUATION_FAILED] = {"evaluationFailedEventDetails",
                                    STATE | LOCATION | FAILURE},
};

/* ---- payloads ---- */

/* How payloads are written: of logs, not all of them. */
struct writing {
    bool with_data;
    size_t most;       /* bytes of an escaped text */
    bool is_truncated; /* the document isn't here */
};

static void add_truncated(struct wf_buf *out, const char *key, bool is) {
    wf_json_raw(out, key,
                is ? "{\"truncated\":true}" : "{\"truncated\":false}");
}

/* Of a character, as wf_buf_json() escapes it, at most. */
static size_t escaped_bytes(char c) {
    if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t')
        return 2;
    return (unsigned char)c < 0x20 ? 6 : 1;
}

/* As much of the text as has room, whole characters. */
static struct wf_str cut_text(struct wf_str text, size_t most) {
    size_t at = 0, bytes = 0;

    if (text.len <= most / 6)
        return text;
    while (at < text.len && (bytes += escaped_bytes(text.data[at])) <= most)
        at++;
    while (at < text.len && at > 0 &&
           ((unsigned char)text.data[at] & 0xc0) == 0x80)
        at--;
    return (struct wf_str){text.data, at};
}

/* ---- assigned variables ---- */

/* Behind the string whose opening quote is at `at`. */
static const char *skip_string(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at < end ? at + 1 : end;
}

/* Behind the value at `at`, which ends before a comma or brace of its own
 * level. The text is a document of ours: known to be valid JSON. */
static const char *skip_value(const char *at, const char *end) {
    int depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (depth == 0 && (*at == ',' || *at == '}'))
            break;
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        at++;
    }
    return at;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_blanks(const char *at, const char *end) {
    while (at < end && is_blank(*at))
        at++;
    return at;
}

/* AWS gives a map from the variable's name to its value's JSON text. */
static void add_variables(struct wf_buf *out, struct wf_str object) {
    const char *end = object.data + object.len;
    const char *at = skip_blanks(object.data, end);

    wf_json_key(out, "assignedVariables");
    wf_buf_u8(out, '{');
    while (at < end && (at = skip_blanks(at + 1, end)) < end && *at == '"') {
        const char *key = at;
        wf_json_comma(out);
        at = skip_string(at, end);
        wf_buf_add(out, key, (size_t)(at - key));
        wf_buf_u8(out, ':');
        at = skip_blanks(at, end);
        const char *value = skip_blanks(at < end ? at + 1 : end, end);
        at = skip_value(value, end);
        const char *last = at;
        while (last > value && is_blank(last[-1]))
            last--;
        wf_buf_json(out, (struct wf_str){value, (size_t)(last - value)});
    }
    wf_buf_u8(out, '}');
    add_truncated(out, "assignedVariablesDetails", false);
}

/* ---- details ---- */

static void add_document(struct wf_buf *out, const char *key,
                         const char *details, struct wf_str doc,
                         const struct writing *how) {
    struct wf_str shown = cut_text(doc, how->most);

    if (!how->is_truncated)
        wf_json_text(out, key, shown);
    if (details)
        add_truncated(out, details,
                      how->is_truncated || shown.len < doc.len);
}

static void add_payload(struct wf_buf *out, uint32_t parts, struct wf_str doc,
                        const struct writing *how) {
    if (parts & INPUT)
        add_document(out, "input", "inputDetails", doc, how);
    if (parts & OUTPUT)
        add_document(out, "output", "outputDetails", doc, how);
    if (parts & PARAMETERS)
        add_document(out, "parameters", NULL, doc, how);
}

static void add_failure(struct wf_buf *out, const struct wf_event *event) {
    if (event->fields & WF_EVENT_HAS_ERROR)
        wf_json_text(out, "error", event->error);
    if (event->fields & WF_EVENT_HAS_CAUSE)
        wf_json_text(out, "cause", event->cause);
}

static void add_names(struct wf_buf *out, uint32_t parts,
                      const struct wf_history_event *history) {
    if (parts & NAME)
        wf_json_text(out, "name", history->state_name);
    if (parts & STATE)
        wf_json_text(out, "state", history->state_name);
    if (parts & RESOURCE_TYPE)
        wf_json_text(out, "resourceType", history->resource_type);
    if (parts & RESOURCE)
        wf_json_text(out, "resource", history->resource);
    if (parts & REGION)
        wf_json_text(out, "region", history->region);
    if (parts & ROLE && history->role_arn.len)
        wf_json_text(out, "roleArn", history->role_arn);
    if (parts & ROLE && history->alias_arn.len)
        wf_json_text(out, "stateMachineAliasArn", history->alias_arn);
    if (parts & ROLE && history->version_arn.len)
        wf_json_text(out, "stateMachineVersionArn", history->version_arn);
}

static void add_numbers(struct wf_buf *out, uint32_t parts,
                        const struct wf_event *event) {
    unsigned fields = event->fields;
    if (parts & TIMEOUT && fields & WF_EVENT_HAS_TIMEOUT)
        wf_json_integer(out, "timeoutInSeconds", event->timeout_s);
    if (parts & HEARTBEAT && fields & WF_EVENT_HAS_HEARTBEAT)
        wf_json_integer(out, "heartbeatInSeconds", event->heartbeat_s);
    if (parts & INDEX)
        wf_json_integer(out, "index", (int64_t)event->index);
    if (parts & LENGTH)
        wf_json_integer(out, "length", (int64_t)event->length);
    if (parts & REDRIVE_COUNT)
        wf_json_integer(out, "redriveCount", (int64_t)event->index);
}

static void add_texts(struct wf_buf *out, uint32_t parts,
                      const struct wf_event *event) {
    if (!(event->fields & WF_EVENT_HAS_TEXT))
        return;
    if (parts & WORKER)
        wf_json_text(out, "workerName", event->text);
    if (parts & LOCATION && event->text.len > 0)
        wf_json_text(out, "location", event->text);
    if (parts & MAP_RUN)
        wf_json_text(out, "mapRunArn", event->text);
    if (parts & CREDENTIALS) {
        wf_json_key(out, "taskCredentials");
        wf_buf_u8(out, '{');
        wf_json_text(out, "roleArn", event->text);
        wf_buf_u8(out, '}');
    }
}

/* Of a redrive that has changed something: ours, beside AWS's. */
static void add_fix(struct wf_buf *out,
                    const struct wf_history_event *history,
                    const struct writing *how) {
    const struct wf_event *event = &history->event;

    if (event->type != WF_EVENT_EXECUTION_REDRIVEN ||
        !(event->fields &
          (WF_EVENT_HAS_STATE | WF_EVENT_HAS_TEXT | WF_EVENT_HAS_CAUSE)))
        return;
    wf_json_key(out, "moonstep");
    wf_buf_u8(out, '{');
    if (event->fields & WF_EVENT_HAS_CAUSE) {
        wf_json_key(out, "forkedFrom");
        wf_buf_u8(out, '{');
        wf_json_text(out, "executionArn", event->cause);
        wf_json_integer(out, "eventId", (int64_t)event->length);
        wf_buf_u8(out, '}');
    }
    wf_json_text_if(out, "revisionId", event->text);
    wf_json_text_if(out, "fromState", history->state_name);
    if (how->with_data && event->fields & WF_EVENT_HAS_DOC)
        add_document(out, "input", NULL, history->doc, how);
    if (how->with_data && event->fields & WF_EVENT_HAS_ASSIGNED &&
        history->assigned.len <= how->most)
        wf_json_text(out, "variables", history->assigned);
    wf_buf_u8(out, '}');
}

static void add_details(struct wf_buf *out, const char *key,
                        const struct wf_history_event *history,
                        const struct writing *how) {
    const struct wf_event *event = &history->event;
    uint32_t parts = shapes[event->type].parts;
    bool assigns = parts & ASSIGNED && event->fields & WF_EVENT_HAS_ASSIGNED;

    wf_json_key(out, key);
    wf_buf_u8(out, '{');
    add_names(out, parts, history);
    if (how->with_data && event->fields & WF_EVENT_HAS_DOC)
        add_payload(out, parts, history->doc, how);
    if (how->with_data && assigns && history->assigned.len <= how->most &&
        (history->assigned.data || how->most == SIZE_MAX))
        add_variables(out, history->assigned);
    else if (how->with_data && assigns)
        add_truncated(out, "assignedVariablesDetails", true);
    if (parts & FAILURE)
        add_failure(out, event);
    add_numbers(out, parts, event);
    add_texts(out, parts, event);
    add_fix(out, history, how);
    wf_buf_u8(out, '}');
}

void wf_event_json(struct wf_buf *out, const struct wf_history_event *history,
                   bool with_data) {
    const struct wf_event *event = &history->event;
    const char *member = shapes[event->type].member;
    struct writing how = {.with_data = with_data, .most = SIZE_MAX};

    wf_buf_u8(out, '{');
    wf_json_time(out, "timestamp", event->time_ms);
    wf_json_text(out, "type", wf_str(wf_event_type_name(event->type)));
    wf_json_integer(out, "id", (int64_t)event->id);
    wf_json_integer(out, "previousEventId", (int64_t)event->previous_id);
    if (member)
        add_details(out, member, history, &how);
    wf_buf_u8(out, '}');
}

/* ---- lines of logs ---- */

static void add_number_text(struct wf_buf *out, const char *key,
                            uint64_t number) {
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    wf_json_text(out, key, wf_str(text));
}

void wf_event_log_json(struct wf_buf *out,
                       const struct wf_history_event *history,
                       const struct wf_log_context *context) {
    const struct wf_event *event = &history->event;
    struct writing how = {context->with_data, WF_LOG_PAYLOAD_BYTES,
                          context->is_truncated};

    wf_buf_u8(out, '{');
    add_number_text(out, "id", event->id);
    wf_json_text(out, "type", wf_str(wf_event_type_name(event->type)));
    add_details(out, "details", history, &how);
    add_number_text(out, "redrive_count", context->redrive_count);
    add_number_text(out, "previous_event_id", event->previous_id);
    add_number_text(out, "event_timestamp", (uint64_t)event->time_ms);
    wf_json_text(out, "execution_arn", context->execution_arn);
    wf_json_text(out, "log_group", context->group);
    wf_buf_adds(out, "}\n");
}
