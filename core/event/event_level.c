/*
 * event_level.c - which history events a log level takes in: AWS's table "Log
 * levels for Step Functions execution events".
 *
 * FATAL has only how executions end badly. ERROR has whatever has failed,
 * timed out or was aborted, and Fail states. ALL has all of them.
 */
#include "event.h"

static const uint8_t levels[WF_EVENT_TYPES] = {
    [WF_EVENT_EXECUTION_FAILED] = WF_LOG_FATAL,
    [WF_EVENT_EXECUTION_TIMED_OUT] = WF_LOG_FATAL,
    [WF_EVENT_EXECUTION_ABORTED] = WF_LOG_FATAL,
    [WF_EVENT_TASK_STATE_ABORTED] = WF_LOG_ERROR,
    [WF_EVENT_WAIT_STATE_ABORTED] = WF_LOG_ERROR,
    [WF_EVENT_FAIL_STATE_ENTERED] = WF_LOG_ERROR,
    [WF_EVENT_PARALLEL_STATE_ABORTED] = WF_LOG_ERROR,
    [WF_EVENT_PARALLEL_STATE_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_MAP_STATE_ABORTED] = WF_LOG_ERROR,
    [WF_EVENT_MAP_STATE_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_MAP_ITERATION_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_MAP_ITERATION_ABORTED] = WF_LOG_ERROR,
    [WF_EVENT_MAP_RUN_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_MAP_RUN_ABORTED] = WF_LOG_ERROR,
    [WF_EVENT_TASK_START_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_TASK_SUBMIT_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_TASK_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_TASK_TIMED_OUT] = WF_LOG_ERROR,
    [WF_EVENT_LAMBDA_FUNCTION_SCHEDULE_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_LAMBDA_FUNCTION_START_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_LAMBDA_FUNCTION_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_LAMBDA_FUNCTION_TIMED_OUT] = WF_LOG_ERROR,
    [WF_EVENT_ACTIVITY_SCHEDULE_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_ACTIVITY_FAILED] = WF_LOG_ERROR,
    [WF_EVENT_ACTIVITY_TIMED_OUT] = WF_LOG_ERROR,
    [WF_EVENT_EVALUATION_FAILED] = WF_LOG_ERROR,
};

enum wf_log_level wf_event_level(enum wf_event_type type) {
    return levels[type] != WF_LOG_OFF ? (enum wf_log_level)levels[type]
                                      : WF_LOG_ALL;
}

enum wf_log_level wf_log_level_of(struct wf_str name) {
    static const char *const names[] = {"OFF", "FATAL", "ERROR", "ALL"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (wf_str_eq(name, wf_str(names[i])))
            return (enum wf_log_level)i;
    return WF_LOG_OFF;
}
