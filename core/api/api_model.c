/* api_model.c - written by api_model.lua: do not edit. See
 * api_model.h. Version 2016-11-23 of the API. */
#include "api_model.h"

static const struct wf_api_shape kms_data_key_reuse_period_seconds = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(60), WF_API_AT_MOST(900)
};
static const struct wf_api_shape kms_key_id = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(2048)
};
static const char *const encryption_type_choices[] = {
    "AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY", NULL
};
static const struct wf_api_shape encryption_type = {
    .kind = WF_API_STRING, .choices = encryption_type_choices
};
static const struct wf_api_member encryption_configuration_members[] = {
    {"kmsDataKeyReusePeriodSeconds",
     &kms_data_key_reuse_period_seconds, false},
    {"kmsKeyId", &kms_key_id, false},
    {"type", &encryption_type, true},
    {0},
};
static const struct wf_api_shape encryption_configuration = {
    .kind = WF_API_STRUCTURE, .members = encryption_configuration_members
};
static const struct wf_api_shape name = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(80)
};
static const struct wf_api_shape tag_key = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(128)
};
static const struct wf_api_shape tag_value = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(0), WF_API_AT_MOST(256)
};
static const struct wf_api_member tag_members[] = {
    {"key", &tag_key, false},
    {"value", &tag_value, false},
    {0},
};
static const struct wf_api_shape tag = {
    .kind = WF_API_STRUCTURE, .members = tag_members
};
static const struct wf_api_shape tag_list = {
    .kind = WF_API_LIST, .element = &tag
};
static const struct wf_api_member create_activity_input_members[] = {
    {"encryptionConfiguration", &encryption_configuration, false},
    {"name", &name, true},
    {"tags", &tag_list, false},
    {0},
};
static const struct wf_api_shape create_activity_input = {
    .kind = WF_API_STRUCTURE, .members = create_activity_input_members
};
static const struct wf_api_shape definition = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_LEAST(1),
    WF_API_AT_MOST(1048576)
};
static const struct wf_api_shape arn = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(256)
};
static const struct wf_api_member cloud_watch_logs_log_group_members[] = {
    {"logGroupArn", &arn, false},
    {0},
};
static const struct wf_api_shape cloud_watch_logs_log_group = {
    .kind = WF_API_STRUCTURE, .members = cloud_watch_logs_log_group_members
};
static const struct wf_api_member log_destination_members[] = {
    {"cloudWatchLogsLogGroup", &cloud_watch_logs_log_group, false},
    {0},
};
static const struct wf_api_shape log_destination = {
    .kind = WF_API_STRUCTURE, .members = log_destination_members
};
static const struct wf_api_shape log_destination_list = {
    .kind = WF_API_LIST, .element = &log_destination
};
static const struct wf_api_shape include_execution_data = {
    .kind = WF_API_BOOLEAN
};
static const char *const log_level_choices[] = {
    "ALL", "ERROR", "FATAL", "OFF", NULL
};
static const struct wf_api_shape log_level = {
    .kind = WF_API_STRING, .choices = log_level_choices
};
static const struct wf_api_member logging_configuration_members[] = {
    {"destinations", &log_destination_list, false},
    {"includeExecutionData", &include_execution_data, false},
    {"level", &log_level, false},
    {0},
};
static const struct wf_api_shape logging_configuration = {
    .kind = WF_API_STRUCTURE, .members = logging_configuration_members
};
static const struct wf_api_shape publish = {
    .kind = WF_API_BOOLEAN
};
static const struct wf_api_shape enabled = {
    .kind = WF_API_BOOLEAN
};
static const struct wf_api_member tracing_configuration_members[] = {
    {"enabled", &enabled, false},
    {0},
};
static const struct wf_api_shape tracing_configuration = {
    .kind = WF_API_STRUCTURE, .members = tracing_configuration_members
};
static const char *const state_machine_type_choices[] = {
    "STANDARD", "EXPRESS", NULL
};
static const struct wf_api_shape state_machine_type = {
    .kind = WF_API_STRING, .choices = state_machine_type_choices
};
static const struct wf_api_shape version_description = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_MOST(256)
};
static const struct wf_api_member create_state_machine_input_members[] = {
    {"definition", &definition, true},
    {"encryptionConfiguration", &encryption_configuration, false},
    {"loggingConfiguration", &logging_configuration, false},
    {"name", &name, true},
    {"publish", &publish, false},
    {"roleArn", &arn, true},
    {"tags", &tag_list, false},
    {"tracingConfiguration", &tracing_configuration, false},
    {"type", &state_machine_type, false},
    {"versionDescription", &version_description, false},
    {0},
};
static const struct wf_api_shape create_state_machine_input = {
    .kind = WF_API_STRUCTURE, .members = create_state_machine_input_members
};
static const struct wf_api_shape alias_description = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_MOST(256)
};
static const struct wf_api_shape character_restricted_name = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(80),
    .pattern = "^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$",
    .all_of = {"azAZ09__--..", 12}, .one_of = {"azAZ__--..", 10}
};
static const struct wf_api_shape version_weight = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0), WF_API_AT_MOST(100)
};
static const struct wf_api_member routing_configuration_list_item_members[] = {
    {"stateMachineVersionArn", &arn, true},
    {"weight", &version_weight, true},
    {0},
};
static const struct wf_api_shape routing_configuration_list_item = {
    .kind = WF_API_STRUCTURE, .name = "RoutingConfigurationListItem",
    .members = routing_configuration_list_item_members
};
static const struct wf_api_shape routing_configuration_list = {
    .kind = WF_API_LIST, WF_API_AT_LEAST(1), WF_API_AT_MOST(2),
    .element = &routing_configuration_list_item
};
static const struct wf_api_member
    create_state_machine_alias_input_members[] = {
    {"description", &alias_description, false},
    {"name", &character_restricted_name, true},
    {"routingConfiguration", &routing_configuration_list, true},
    {0},
};
static const struct wf_api_shape create_state_machine_alias_input = {
    .kind = WF_API_STRUCTURE,
    .members = create_state_machine_alias_input_members
};
static const struct wf_api_member delete_activity_input_members[] = {
    {"activityArn", &arn, true},
    {0},
};
static const struct wf_api_shape delete_activity_input = {
    .kind = WF_API_STRUCTURE, .members = delete_activity_input_members
};
static const struct wf_api_member delete_state_machine_input_members[] = {
    {"stateMachineArn", &arn, true},
    {0},
};
static const struct wf_api_shape delete_state_machine_input = {
    .kind = WF_API_STRUCTURE, .members = delete_state_machine_input_members
};
static const struct wf_api_member
    delete_state_machine_alias_input_members[] = {
    {"stateMachineAliasArn", &arn, true},
    {0},
};
static const struct wf_api_shape delete_state_machine_alias_input = {
    .kind = WF_API_STRUCTURE,
    .members = delete_state_machine_alias_input_members
};
static const struct wf_api_shape long_arn = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(2000)
};
static const struct wf_api_member
    delete_state_machine_version_input_members[] = {
    {"stateMachineVersionArn", &long_arn, true},
    {0},
};
static const struct wf_api_shape delete_state_machine_version_input = {
    .kind = WF_API_STRUCTURE,
    .members = delete_state_machine_version_input_members
};
static const struct wf_api_member describe_activity_input_members[] = {
    {"activityArn", &arn, true},
    {0},
};
static const struct wf_api_shape describe_activity_input = {
    .kind = WF_API_STRUCTURE, .members = describe_activity_input_members
};
static const char *const included_data_choices[] = {
    "ALL_DATA", "METADATA_ONLY", NULL
};
static const struct wf_api_shape included_data = {
    .kind = WF_API_STRING, .choices = included_data_choices
};
static const struct wf_api_member describe_execution_input_members[] = {
    {"executionArn", &arn, true},
    {"includedData", &included_data, false},
    {0},
};
static const struct wf_api_shape describe_execution_input = {
    .kind = WF_API_STRUCTURE, .members = describe_execution_input_members
};
static const struct wf_api_member describe_map_run_input_members[] = {
    {"mapRunArn", &long_arn, true},
    {0},
};
static const struct wf_api_shape describe_map_run_input = {
    .kind = WF_API_STRUCTURE, .members = describe_map_run_input_members
};
static const struct wf_api_member describe_state_machine_input_members[] = {
    {"includedData", &included_data, false},
    {"stateMachineArn", &arn, true},
    {0},
};
static const struct wf_api_shape describe_state_machine_input = {
    .kind = WF_API_STRUCTURE, .members = describe_state_machine_input_members
};
static const struct wf_api_member
    describe_state_machine_alias_input_members[] = {
    {"stateMachineAliasArn", &arn, true},
    {0},
};
static const struct wf_api_shape describe_state_machine_alias_input = {
    .kind = WF_API_STRUCTURE,
    .members = describe_state_machine_alias_input_members
};
static const struct wf_api_member
    describe_state_machine_for_execution_input_members[] = {
    {"executionArn", &arn, true},
    {"includedData", &included_data, false},
    {0},
};
static const struct wf_api_shape describe_state_machine_for_execution_input = {
    .kind = WF_API_STRUCTURE,
    .members = describe_state_machine_for_execution_input_members
};
static const struct wf_api_member get_activity_task_input_members[] = {
    {"activityArn", &arn, true},
    {"workerName", &name, false},
    {0},
};
static const struct wf_api_shape get_activity_task_input = {
    .kind = WF_API_STRUCTURE, .members = get_activity_task_input_members
};
static const struct wf_api_shape
    include_execution_data_get_execution_history = {
    .kind = WF_API_BOOLEAN
};
static const struct wf_api_shape page_size = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0), WF_API_AT_MOST(1000)
};
static const struct wf_api_shape page_token = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(1024)
};
static const struct wf_api_shape reverse_order = {
    .kind = WF_API_BOOLEAN
};
static const struct wf_api_member get_execution_history_input_members[] = {
    {"executionArn", &arn, true},
    {"includeExecutionData",
     &include_execution_data_get_execution_history, false},
    {"maxResults", &page_size, false},
    {"nextToken", &page_token, false},
    {"reverseOrder", &reverse_order, false},
    {0},
};
static const struct wf_api_shape get_execution_history_input = {
    .kind = WF_API_STRUCTURE, .members = get_execution_history_input_members
};
static const struct wf_api_member list_activities_input_members[] = {
    {"maxResults", &page_size, false},
    {"nextToken", &page_token, false},
    {0},
};
static const struct wf_api_shape list_activities_input = {
    .kind = WF_API_STRUCTURE, .members = list_activities_input_members
};
static const struct wf_api_shape list_executions_page_token = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(3096)
};
static const char *const execution_redrive_filter_choices[] = {
    "REDRIVEN", "NOT_REDRIVEN", NULL
};
static const struct wf_api_shape execution_redrive_filter = {
    .kind = WF_API_STRING, .choices = execution_redrive_filter_choices
};
static const char *const execution_status_choices[] = {
    "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED",
    "PENDING_REDRIVE", NULL
};
static const struct wf_api_shape execution_status = {
    .kind = WF_API_STRING, .choices = execution_status_choices
};
static const struct wf_api_member list_executions_input_members[] = {
    {"mapRunArn", &long_arn, false},
    {"maxResults", &page_size, false},
    {"nextToken", &list_executions_page_token, false},
    {"redriveFilter", &execution_redrive_filter, false},
    {"stateMachineArn", &arn, false},
    {"statusFilter", &execution_status, false},
    {0},
};
static const struct wf_api_shape list_executions_input = {
    .kind = WF_API_STRUCTURE, .members = list_executions_input_members
};
static const struct wf_api_member list_map_runs_input_members[] = {
    {"executionArn", &arn, true},
    {"maxResults", &page_size, false},
    {"nextToken", &page_token, false},
    {0},
};
static const struct wf_api_shape list_map_runs_input = {
    .kind = WF_API_STRUCTURE, .members = list_map_runs_input_members
};
static const struct wf_api_member
    list_state_machine_aliases_input_members[] = {
    {"maxResults", &page_size, false},
    {"nextToken", &page_token, false},
    {"stateMachineArn", &arn, true},
    {0},
};
static const struct wf_api_shape list_state_machine_aliases_input = {
    .kind = WF_API_STRUCTURE,
    .members = list_state_machine_aliases_input_members
};
static const struct wf_api_member
    list_state_machine_versions_input_members[] = {
    {"maxResults", &page_size, false},
    {"nextToken", &page_token, false},
    {"stateMachineArn", &arn, true},
    {0},
};
static const struct wf_api_shape list_state_machine_versions_input = {
    .kind = WF_API_STRUCTURE,
    .members = list_state_machine_versions_input_members
};
static const struct wf_api_member list_state_machines_input_members[] = {
    {"maxResults", &page_size, false},
    {"nextToken", &page_token, false},
    {0},
};
static const struct wf_api_shape list_state_machines_input = {
    .kind = WF_API_STRUCTURE, .members = list_state_machines_input_members
};
static const struct wf_api_member list_tags_for_resource_input_members[] = {
    {"resourceArn", &arn, true},
    {0},
};
static const struct wf_api_shape list_tags_for_resource_input = {
    .kind = WF_API_STRUCTURE, .members = list_tags_for_resource_input_members
};
static const struct wf_api_shape revision_id = {
    .kind = WF_API_STRING
};
static const struct wf_api_member
    publish_state_machine_version_input_members[] = {
    {"description", &version_description, false},
    {"revisionId", &revision_id, false},
    {"stateMachineArn", &arn, true},
    {0},
};
static const struct wf_api_shape publish_state_machine_version_input = {
    .kind = WF_API_STRUCTURE,
    .members = publish_state_machine_version_input_members
};
static const struct wf_api_shape client_token = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(64),
    .pattern = "[!-~]+", .all_of = {"!~", 2}
};
static const struct wf_api_member redrive_execution_input_members[] = {
    {"clientToken", &client_token, false},
    {"executionArn", &arn, true},
    {0},
};
static const struct wf_api_shape redrive_execution_input = {
    .kind = WF_API_STRUCTURE, .members = redrive_execution_input_members
};
static const struct wf_api_shape sensitive_cause = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_LEAST(0),
    WF_API_AT_MOST(32768)
};
static const struct wf_api_shape sensitive_error = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_LEAST(0),
    WF_API_AT_MOST(256)
};
static const struct wf_api_shape task_token = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(2048)
};
static const struct wf_api_member send_task_failure_input_members[] = {
    {"cause", &sensitive_cause, false},
    {"error", &sensitive_error, false},
    {"taskToken", &task_token, true},
    {0},
};
static const struct wf_api_shape send_task_failure_input = {
    .kind = WF_API_STRUCTURE, .members = send_task_failure_input_members
};
static const struct wf_api_member send_task_heartbeat_input_members[] = {
    {"taskToken", &task_token, true},
    {0},
};
static const struct wf_api_shape send_task_heartbeat_input = {
    .kind = WF_API_STRUCTURE, .members = send_task_heartbeat_input_members
};
static const struct wf_api_shape sensitive_data = {
    .kind = WF_API_STRING, .sensitive = true, .is_payload = true
};
static const struct wf_api_member send_task_success_input_members[] = {
    {"output", &sensitive_data, true},
    {"taskToken", &task_token, true},
    {0},
};
static const struct wf_api_shape send_task_success_input = {
    .kind = WF_API_STRUCTURE, .members = send_task_success_input_members
};
static const struct wf_api_shape trace_header = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(0), WF_API_AT_MOST(256),
    .pattern = "\\p{ASCII}*", .all_of = {"\0\177", 2}
};
static const struct wf_api_member start_execution_input_members[] = {
    {"input", &sensitive_data, false},
    {"name", &name, false},
    {"stateMachineArn", &arn, true},
    {"traceHeader", &trace_header, false},
    {0},
};
static const struct wf_api_shape start_execution_input = {
    .kind = WF_API_STRUCTURE, .members = start_execution_input_members
};
static const struct wf_api_member start_sync_execution_input_members[] = {
    {"includedData", &included_data, false},
    {"input", &sensitive_data, false},
    {"name", &name, false},
    {"stateMachineArn", &arn, true},
    {"traceHeader", &trace_header, false},
    {0},
};
static const struct wf_api_shape start_sync_execution_input = {
    .kind = WF_API_STRUCTURE, .members = start_sync_execution_input_members
};
static const struct wf_api_member stop_execution_input_members[] = {
    {"cause", &sensitive_cause, false},
    {"error", &sensitive_error, false},
    {"executionArn", &arn, true},
    {0},
};
static const struct wf_api_shape stop_execution_input = {
    .kind = WF_API_STRUCTURE, .members = stop_execution_input_members
};
static const struct wf_api_member tag_resource_input_members[] = {
    {"resourceArn", &arn, true},
    {"tags", &tag_list, true},
    {0},
};
static const struct wf_api_shape tag_resource_input = {
    .kind = WF_API_STRUCTURE, .members = tag_resource_input_members
};
static const char *const inspection_level_choices[] = {
    "INFO", "DEBUG", "TRACE", NULL
};
static const struct wf_api_shape inspection_level = {
    .kind = WF_API_STRING, .choices = inspection_level_choices
};
static const struct wf_api_member mock_error_output_members[] = {
    {"cause", &sensitive_cause, false},
    {"error", &sensitive_error, false},
    {0},
};
static const struct wf_api_shape mock_error_output = {
    .kind = WF_API_STRUCTURE, .members = mock_error_output_members
};
static const char *const mock_response_validation_mode_choices[] = {
    "STRICT", "PRESENT", "NONE", NULL
};
static const struct wf_api_shape mock_response_validation_mode = {
    .kind = WF_API_STRING, .choices = mock_response_validation_mode_choices
};
static const struct wf_api_member mock_input_members[] = {
    {"errorOutput", &mock_error_output, false},
    {"fieldValidationMode", &mock_response_validation_mode, false},
    {"result", &sensitive_data, false},
    {0},
};
static const struct wf_api_shape mock_input = {
    .kind = WF_API_STRUCTURE, .members = mock_input_members
};
static const struct wf_api_shape reveal_secrets = {
    .kind = WF_API_BOOLEAN
};
static const struct wf_api_shape test_state_state_name = {
    .kind = WF_API_STRING, .sensitive = true, WF_API_AT_LEAST(1),
    WF_API_AT_MOST(80)
};
static const struct wf_api_shape map_iteration_failure_count = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0)
};
static const struct wf_api_shape retrier_retry_count = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0)
};
static const struct wf_api_member test_state_configuration_members[] = {
    {"errorCausedByState", &test_state_state_name, false},
    {"mapItemReaderData", &sensitive_data, false},
    {"mapIterationFailureCount", &map_iteration_failure_count, false},
    {"retrierRetryCount", &retrier_retry_count, false},
    {0},
};
static const struct wf_api_shape test_state_configuration = {
    .kind = WF_API_STRUCTURE, .members = test_state_configuration_members
};
static const struct wf_api_member test_state_input_members[] = {
    {"context", &sensitive_data, false},
    {"definition", &definition, true},
    {"input", &sensitive_data, false},
    {"inspectionLevel", &inspection_level, false},
    {"mock", &mock_input, false},
    {"revealSecrets", &reveal_secrets, false},
    {"roleArn", &arn, false},
    {"stateConfiguration", &test_state_configuration, false},
    {"stateName", &test_state_state_name, false},
    {"variables", &sensitive_data, false},
    {0},
};
static const struct wf_api_shape test_state_input = {
    .kind = WF_API_STRUCTURE, .members = test_state_input_members
};
static const struct wf_api_shape tag_key_list = {
    .kind = WF_API_LIST, .element = &tag_key
};
static const struct wf_api_member untag_resource_input_members[] = {
    {"resourceArn", &arn, true},
    {"tagKeys", &tag_key_list, true},
    {0},
};
static const struct wf_api_shape untag_resource_input = {
    .kind = WF_API_STRUCTURE, .members = untag_resource_input_members
};
static const struct wf_api_shape max_concurrency = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0)
};
static const struct wf_api_shape tolerated_failure_count = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0)
};
static const struct wf_api_shape tolerated_failure_percentage = {
    .kind = WF_API_NUMBER, WF_API_AT_LEAST(0), WF_API_AT_MOST(100)
};
static const struct wf_api_member update_map_run_input_members[] = {
    {"mapRunArn", &long_arn, true},
    {"maxConcurrency", &max_concurrency, false},
    {"toleratedFailureCount", &tolerated_failure_count, false},
    {"toleratedFailurePercentage", &tolerated_failure_percentage, false},
    {0},
};
static const struct wf_api_shape update_map_run_input = {
    .kind = WF_API_STRUCTURE, .members = update_map_run_input_members
};
static const struct wf_api_member update_state_machine_input_members[] = {
    {"definition", &definition, false},
    {"encryptionConfiguration", &encryption_configuration, false},
    {"loggingConfiguration", &logging_configuration, false},
    {"publish", &publish, false},
    {"roleArn", &arn, false},
    {"stateMachineArn", &arn, true},
    {"tracingConfiguration", &tracing_configuration, false},
    {"versionDescription", &version_description, false},
    {0},
};
static const struct wf_api_shape update_state_machine_input = {
    .kind = WF_API_STRUCTURE, .members = update_state_machine_input_members
};
static const struct wf_api_member
    update_state_machine_alias_input_members[] = {
    {"description", &alias_description, false},
    {"routingConfiguration", &routing_configuration_list, false},
    {"stateMachineAliasArn", &arn, true},
    {0},
};
static const struct wf_api_shape update_state_machine_alias_input = {
    .kind = WF_API_STRUCTURE,
    .members = update_state_machine_alias_input_members
};
static const struct wf_api_shape
    validate_state_machine_definition_max_result = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0), WF_API_AT_MOST(100)
};
static const char *const
    validate_state_machine_definition_severity_choices[] = {
    "ERROR", "WARNING", NULL
};
static const struct wf_api_shape validate_state_machine_definition_severity = {
    .kind = WF_API_STRING,
    .choices = validate_state_machine_definition_severity_choices
};
static const struct wf_api_member
    validate_state_machine_definition_input_members[] = {
    {"definition", &definition, true},
    {"maxResults", &validate_state_machine_definition_max_result, false},
    {"severity", &validate_state_machine_definition_severity, false},
    {"type", &state_machine_type, false},
    {0},
};
static const struct wf_api_shape validate_state_machine_definition_input = {
    .kind = WF_API_STRUCTURE,
    .members = validate_state_machine_definition_input_members
};

const struct wf_api_input wf_api_inputs[] = {
    {"CreateActivity", &create_activity_input},
    {"CreateStateMachine", &create_state_machine_input},
    {"CreateStateMachineAlias", &create_state_machine_alias_input},
    {"DeleteActivity", &delete_activity_input},
    {"DeleteStateMachine", &delete_state_machine_input},
    {"DeleteStateMachineAlias", &delete_state_machine_alias_input},
    {"DeleteStateMachineVersion", &delete_state_machine_version_input},
    {"DescribeActivity", &describe_activity_input},
    {"DescribeExecution", &describe_execution_input},
    {"DescribeMapRun", &describe_map_run_input},
    {"DescribeStateMachine", &describe_state_machine_input},
    {"DescribeStateMachineAlias", &describe_state_machine_alias_input},
    {"DescribeStateMachineForExecution",
     &describe_state_machine_for_execution_input},
    {"GetActivityTask", &get_activity_task_input},
    {"GetExecutionHistory", &get_execution_history_input},
    {"ListActivities", &list_activities_input},
    {"ListExecutions", &list_executions_input},
    {"ListMapRuns", &list_map_runs_input},
    {"ListStateMachineAliases", &list_state_machine_aliases_input},
    {"ListStateMachineVersions", &list_state_machine_versions_input},
    {"ListStateMachines", &list_state_machines_input},
    {"ListTagsForResource", &list_tags_for_resource_input},
    {"PublishStateMachineVersion", &publish_state_machine_version_input},
    {"RedriveExecution", &redrive_execution_input},
    {"SendTaskFailure", &send_task_failure_input},
    {"SendTaskHeartbeat", &send_task_heartbeat_input},
    {"SendTaskSuccess", &send_task_success_input},
    {"StartExecution", &start_execution_input},
    {"StartSyncExecution", &start_sync_execution_input},
    {"StopExecution", &stop_execution_input},
    {"TagResource", &tag_resource_input},
    {"TestState", &test_state_input},
    {"UntagResource", &untag_resource_input},
    {"UpdateMapRun", &update_map_run_input},
    {"UpdateStateMachine", &update_state_machine_input},
    {"UpdateStateMachineAlias", &update_state_machine_alias_input},
    {"ValidateStateMachineDefinition",
     &validate_state_machine_definition_input},
};
const size_t wf_api_input_count = 37;
