/* api_own.c - the model of our own operations. See api_model.h. */
#include "api_model.h"

static const struct wf_api_shape arn = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(2000)
};

static const char *const included_data_choices[] = {
    "ALL_DATA", "METADATA_ONLY", 0,
};
static const struct wf_api_shape included_data = {
    .kind = WF_API_STRING, .choices = included_data_choices
};

static const struct wf_api_shape wait_seconds = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0), WF_API_AT_MOST(60)
};

static const struct wf_api_member wait_members[] = {
    {"executionArn", &arn, true},
    {"includedData", &included_data, false},
    {"timeoutSeconds", &wait_seconds, false},
    {0},
};
static const struct wf_api_shape wait_input = {
    .kind = WF_API_STRUCTURE, .members = wait_members
};

static const struct wf_api_shape event_id = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0)
};

static const struct wf_api_shape page_size = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0), WF_API_AT_MOST(1000)
};

static const struct wf_api_shape flag = {.kind = WF_API_BOOLEAN};

static const struct wf_api_member events_members[] = {
    {"executionArn", &arn, true},
    {"after", &event_id, false},
    {"maxResults", &page_size, false},
    {"timeoutSeconds", &wait_seconds, false},
    {"includeExecutionData", &flag, false},
    {0},
};
static const struct wf_api_shape events_input = {
    .kind = WF_API_STRUCTURE, .members = events_members
};

static const struct wf_api_shape definition = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_LEAST(1),
    WF_API_AT_MOST(1048576)
};

static const struct wf_api_member layout_members[] = {
    {"definition", &definition, false},
    {"stateMachineArn", &arn, false},
    {0},
};
static const struct wf_api_shape layout_input = {
    .kind = WF_API_STRUCTURE, .members = layout_members
};

static const struct wf_api_shape path = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(4000)
};
static const struct wf_api_member backup_members[] = {
    {"directory", &path, true},
    {0},
};
static const struct wf_api_shape backup_input = {
    .kind = WF_API_STRUCTURE, .members = backup_members
};

static const struct wf_api_shape name = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(64)
};
static const struct wf_api_shape expression = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(256)
};
static const struct wf_api_shape time_of = {.kind = WF_API_NUMBER};
static const struct wf_api_member next_members[] = {
    {"Name", &name, false},
    {"GroupName", &name, false},
    {"ScheduleExpression", &expression, false},
    {"ScheduleExpressionTimezone", &expression, false},
    {"StartDate", &time_of, false},
    {"EndDate", &time_of, false},
    {"MaxResults", &page_size, false},
    {0},
};
static const struct wf_api_shape next_input = {
    .kind = WF_API_STRUCTURE, .members = next_members
};

static const char *const status_choices[] = {
    "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", 0,
};
static const struct wf_api_shape status = {
    .kind = WF_API_STRING, .choices = status_choices
};
static const struct wf_api_shape statuses = {
    .kind = WF_API_LIST, .element = &status, WF_API_AT_MOST(5)
};
static const char *const redrive_choices[] = {
    "REDRIVEN", "NOT_REDRIVEN", 0,
};
static const struct wf_api_shape redriven = {
    .kind = WF_API_STRING, .choices = redrive_choices
};
static const struct wf_api_shape name_prefix = {
    .kind = WF_API_STRING, WF_API_AT_MOST(80)
};
static const struct wf_api_shape tag_key = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(128)
};
static const struct wf_api_shape tag_value = {
    .kind = WF_API_STRING, WF_API_AT_MOST(256)
};
static const struct wf_api_member tag_members[] = {
    {"key", &tag_key, true},
    {"value", &tag_value, false},
    {0},
};
static const struct wf_api_shape tag = {
    .kind = WF_API_STRUCTURE, .members = tag_members
};
static const struct wf_api_shape condition = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_LEAST(1),
    WF_API_AT_MOST(65536)
};
static const struct wf_api_shape page_token = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(1024)
};
#define SEARCH_MEMBERS                                                    \
    {"stateMachineArn", &arn, false},                                     \
    {"statusFilter", &statuses, false},                                   \
    {"redriveFilter", &redriven, false},                                  \
    {"startedFrom", &time_of, false},                                     \
    {"startedUntil", &time_of, false},                                    \
    {"stoppedFrom", &time_of, false},                                     \
    {"stoppedUntil", &time_of, false},                                    \
    {"namePrefix", &name_prefix, false},                                  \
    {"tag", &tag, false},                                                 \
    {"where", &condition, false},                                         \
    {"maxResults", &page_size, false},                                    \
    {"nextToken", &page_token, false}
static const struct wf_api_member search_members[] = {
    SEARCH_MEMBERS,
    {0},
};
static const struct wf_api_shape search_input = {
    .kind = WF_API_STRUCTURE, .members = search_members
};

static const struct wf_api_shape reason = {
    .kind = WF_API_STRING, WF_API_AT_MOST(1024)
};
static const struct wf_api_member pause_members[] = {
    {"executionArn", &arn, true},
    {"reason", &reason, false},
    {0},
};
static const struct wf_api_shape pause_input = {
    .kind = WF_API_STRUCTURE, .members = pause_members
};
static const struct wf_api_member resume_members[] = {
    {"executionArn", &arn, true},
    {0},
};
static const struct wf_api_shape resume_input = {
    .kind = WF_API_STRUCTURE, .members = resume_members
};
static const struct wf_api_member pause_machine_members[] = {
    {"stateMachineArn", &arn, true},
    {"reason", &reason, false},
    {"includeRunning", &flag, false},
    {0},
};
static const struct wf_api_shape pause_machine_input = {
    .kind = WF_API_STRUCTURE, .members = pause_machine_members
};
static const struct wf_api_member resume_machine_members[] = {
    {"stateMachineArn", &arn, true},
    {0},
};
static const struct wf_api_shape resume_machine_input = {
    .kind = WF_API_STRUCTURE, .members = resume_machine_members
};
static const struct wf_api_shape target = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(64)
};
static const struct wf_api_member letters_members[] = {
    {"target", &target, true},
    {"maxResults", &page_size, false},
    {"nextToken", &page_token, false},
    {0},
};
static const struct wf_api_shape letters_input = {
    .kind = WF_API_STRUCTURE, .members = letters_members
};
static const struct wf_api_member target_members[] = {
    {"target", &target, true},
    {0},
};
static const struct wf_api_shape target_input = {
    .kind = WF_API_STRUCTURE, .members = target_members
};

static const struct wf_api_shape signal_name = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(80)
};
static const struct wf_api_shape payload = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_MOST(262144)
};
static const struct wf_api_member signal_members[] = {
    {"executionArn", &arn, true},
    {"name", &signal_name, true},
    {"payload", &payload, false},
    {"id", &signal_name, false},
    {0},
};
static const struct wf_api_shape signal_input = {
    .kind = WF_API_STRUCTURE, .members = signal_members
};

static const struct wf_api_shape client_token = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(64)
};
static const struct wf_api_shape revision = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(64)
};
static const struct wf_api_shape state_name = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(80)
};
static const struct wf_api_shape patch = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_MOST(262144)
};
#define FIX_MEMBERS                                                       \
    {"stateMachineVersionArn", &arn, false},                              \
    {"revision", &revision, false}, {"fromState", &state_name, false},    \
    {"input", &patch, false}, {"variables", &patch, false},               \
    {"dryRun", &flag, false}
static const struct wf_api_member redrive_members[] = {
    {"executionArn", &arn, true},
    {"clientToken", &client_token, false},
    FIX_MEMBERS,
    {0},
};
static const struct wf_api_shape redrive_input = {
    .kind = WF_API_STRUCTURE, .members = redrive_members
};

static const struct wf_api_shape shared_event = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(1)
};
static const struct wf_api_member fork_members[] = {
    {"executionArn", &arn, true},
    {"eventId", &shared_event, true},
    {"name", &state_name, false},
    FIX_MEMBERS,
    {0},
};
static const struct wf_api_shape fork_input = {
    .kind = WF_API_STRUCTURE, .members = fork_members
};

/* StopExecution's limits. */
static const struct wf_api_shape stop_error = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_MOST(256)
};
static const struct wf_api_shape stop_cause = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_MOST(32768)
};
static const struct wf_api_member bulk_stop_members[] = {
    SEARCH_MEMBERS,
    {"error", &stop_error, false},
    {"cause", &stop_cause, false},
    {"dryRun", &flag, false},
    {0},
};
static const struct wf_api_shape bulk_stop_input = {
    .kind = WF_API_STRUCTURE, .members = bulk_stop_members
};
static const struct wf_api_member bulk_redrive_members[] = {
    SEARCH_MEMBERS,
    {"clientToken", &client_token, false},
    FIX_MEMBERS,
    {0},
};
static const struct wf_api_shape bulk_redrive_input = {
    .kind = WF_API_STRUCTURE, .members = bulk_redrive_members
};
static const struct wf_api_member bulk_pause_members[] = {
    SEARCH_MEMBERS,
    {"reason", &reason, false},
    {"dryRun", &flag, false},
    {0},
};
static const struct wf_api_shape bulk_pause_input = {
    .kind = WF_API_STRUCTURE, .members = bulk_pause_members
};
static const struct wf_api_member bulk_resume_members[] = {
    SEARCH_MEMBERS,
    {"dryRun", &flag, false},
    {0},
};
static const struct wf_api_shape bulk_resume_input = {
    .kind = WF_API_STRUCTURE, .members = bulk_resume_members
};

static const struct wf_api_shape data_size = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0), WF_API_AT_MOST(65536)
};
static const struct wf_api_shape line_count = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0), WF_API_AT_MOST(100)
};
static const struct wf_api_member state_members[] = {
    {"executionArn", &arn, true},
    {"includeData", &flag, false},
    {"maxBytes", &data_size, false},
    {"maxResults", &line_count, false},
    {"nextToken", &page_token, false},
    {0},
};
static const struct wf_api_shape state_input = {
    .kind = WF_API_STRUCTURE, .members = state_members
};

static const struct wf_api_member no_members[] = {{0}};
static const struct wf_api_shape no_input = {
    .kind = WF_API_STRUCTURE, .members = no_members
};

const struct wf_api_input wf_api_own_inputs[] = {
    {"WaitForExecution", &wait_input},
    {"WaitForEvents", &events_input},
    {"LayoutGraph", &layout_input},
    {"Stats", &no_input},
    {"StartBackup", &backup_input},
    {"DescribeBackup", &no_input},
    {"ListNextInvocations", &next_input},
    {"SearchExecutions", &search_input},
    {"PauseExecution", &pause_input},
    {"SendSignal", &signal_input},
    {"GetExecutionState", &state_input},
    {"ResumeExecution", &resume_input},
    {"PauseStateMachine", &pause_machine_input},
    {"ResumeStateMachine", &resume_machine_input},
    {"RedriveExecution", &redrive_input},
    {"ForkExecution", &fork_input},
    {"BulkStopExecutions", &bulk_stop_input},
    {"BulkRedriveExecutions", &bulk_redrive_input},
    {"BulkPauseExecutions", &bulk_pause_input},
    {"BulkResumeExecutions", &bulk_resume_input},
    {"ListTriggers", &no_input},
    {"ListNotificationTargets", &no_input},
    {"ListDeadLetters", &letters_input},
    {"ResendDeadLetters", &target_input},
    {"DeleteDeadLetters", &target_input},
    {0},
};
