/* api_scheduler_model.c - written by api_model.lua: do not edit. See
 * api_model.h. Version 2021-06-30 of the API. */
#include "api_model.h"

static const struct wf_api_member no_members[] = {{0}};
static const char *const action_after_completion_choices[] = {
    "NONE", "DELETE", NULL
};
static const struct wf_api_shape action_after_completion = {
    .kind = WF_API_STRING, .choices = action_after_completion_choices
};
static const struct wf_api_shape client_token = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(64),
    .pattern = "^[a-zA-Z0-9-_]+$", .all_of = {"azAZ09--__", 10}
};
static const struct wf_api_shape description = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(0), WF_API_AT_MOST(512)
};
static const struct wf_api_shape end_date = {
    .kind = WF_API_NUMBER
};
static const struct wf_api_shape maximum_window_in_minutes = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(1), WF_API_AT_MOST(1440)
};
static const char *const flexible_time_window_mode_choices[] = {
    "OFF", "FLEXIBLE", NULL
};
static const struct wf_api_shape flexible_time_window_mode = {
    .kind = WF_API_STRING, .choices = flexible_time_window_mode_choices
};
static const struct wf_api_member flexible_time_window_members[] = {
    {"MaximumWindowInMinutes", &maximum_window_in_minutes, false},
    {"Mode", &flexible_time_window_mode, true},
    {0},
};
static const struct wf_api_shape flexible_time_window = {
    .kind = WF_API_STRUCTURE, .members = flexible_time_window_members
};
static const struct wf_api_shape schedule_group_name = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(64),
    .pattern = "^[0-9a-zA-Z-_.]+$", .all_of = {"09azAZ--__..", 12}
};
static const struct wf_api_shape kms_key_arn = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(2048),
    .pattern =
        "^arn:aws(-[a-z]+)?:kms:[a-z0-9\\-]+:\\d{12}:(key|ali"
        "as)\\/[0-9a-zA-Z-_]*$",
    .is_regex = true
};
static const char *const missed_slots_choices[] = {
    "SKIP", "ONCE", "ALL", NULL
};
static const struct wf_api_shape missed_slots = {
    .kind = WF_API_STRING, .choices = missed_slots_choices
};
static const struct wf_api_shape name = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(64),
    .pattern = "^[0-9a-zA-Z-_.]+$", .all_of = {"09azAZ--__..", 12}
};
static const char *const overlap_policy_choices[] = {
    "ALLOW", "SKIP", "QUEUE", NULL
};
static const struct wf_api_shape overlap_policy = {
    .kind = WF_API_STRING, .choices = overlap_policy_choices
};
static const struct wf_api_shape schedule_expression = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(256)
};
static const struct wf_api_shape schedule_expression_timezone = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(50)
};
static const struct wf_api_shape start_date = {
    .kind = WF_API_NUMBER
};
static const char *const schedule_state_choices[] = {
    "ENABLED", "DISABLED", NULL
};
static const struct wf_api_shape schedule_state = {
    .kind = WF_API_STRING, .choices = schedule_state_choices
};
static const struct wf_api_shape target_arn = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(1600)
};
static const struct wf_api_shape dead_letter_config_arn_string = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(1600),
    .pattern = "^arn:aws(-[a-z]+)?:sqs:[a-z0-9\\-]+:\\d{12}:[a-zA-Z0-9\\-_]+$",
    .is_regex = true
};
static const struct wf_api_member dead_letter_config_members[] = {
    {"Arn", &dead_letter_config_arn_string, false},
    {0},
};
static const struct wf_api_shape dead_letter_config = {
    .kind = WF_API_STRUCTURE, .members = dead_letter_config_members
};
static const struct wf_api_shape capacity_provider_strategy_item_base = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0), WF_API_AT_MOST(100000)
};
static const struct wf_api_shape capacity_provider = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(255)
};
static const struct wf_api_shape capacity_provider_strategy_item_weight = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0), WF_API_AT_MOST(1000)
};
static const struct wf_api_member capacity_provider_strategy_item_members[] = {
    {"base", &capacity_provider_strategy_item_base, false},
    {"capacityProvider", &capacity_provider, true},
    {"weight", &capacity_provider_strategy_item_weight, false},
    {0},
};
static const struct wf_api_shape capacity_provider_strategy_item = {
    .kind = WF_API_STRUCTURE, .name = "CapacityProviderStrategyItem",
    .members = capacity_provider_strategy_item_members
};
static const struct wf_api_shape capacity_provider_strategy = {
    .kind = WF_API_LIST, WF_API_AT_LEAST(0), WF_API_AT_MOST(6),
    .element = &capacity_provider_strategy_item
};
static const struct wf_api_shape enable_ecsmanaged_tags = {
    .kind = WF_API_BOOLEAN
};
static const struct wf_api_shape enable_execute_command = {
    .kind = WF_API_BOOLEAN
};
static const struct wf_api_shape group = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(255)
};
static const char *const launch_type_choices[] = {
    "EC2", "FARGATE", "EXTERNAL", NULL
};
static const struct wf_api_shape launch_type = {
    .kind = WF_API_STRING, .choices = launch_type_choices
};
static const char *const assign_public_ip_choices[] = {
    "ENABLED", "DISABLED", NULL
};
static const struct wf_api_shape assign_public_ip = {
    .kind = WF_API_STRING, .choices = assign_public_ip_choices
};
static const struct wf_api_shape security_group = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(1000)
};
static const struct wf_api_shape security_groups = {
    .kind = WF_API_LIST, WF_API_AT_LEAST(1), WF_API_AT_MOST(5),
    .element = &security_group
};
static const struct wf_api_shape subnet = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(1000)
};
static const struct wf_api_shape subnets = {
    .kind = WF_API_LIST, WF_API_AT_LEAST(1), WF_API_AT_MOST(16),
    .element = &subnet
};
static const struct wf_api_member aws_vpc_configuration_members[] = {
    {"AssignPublicIp", &assign_public_ip, false},
    {"SecurityGroups", &security_groups, false},
    {"Subnets", &subnets, true},
    {0},
};
static const struct wf_api_shape aws_vpc_configuration = {
    .kind = WF_API_STRUCTURE, .members = aws_vpc_configuration_members
};
static const struct wf_api_member network_configuration_members[] = {
    {"awsvpcConfiguration", &aws_vpc_configuration, false},
    {0},
};
static const struct wf_api_shape network_configuration = {
    .kind = WF_API_STRUCTURE, .members = network_configuration_members
};
static const struct wf_api_shape placement_constraint_expression = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(0), WF_API_AT_MOST(2000)
};
static const char *const placement_constraint_type_choices[] = {
    "distinctInstance", "memberOf", NULL
};
static const struct wf_api_shape placement_constraint_type = {
    .kind = WF_API_STRING, .choices = placement_constraint_type_choices
};
static const struct wf_api_member placement_constraint_members[] = {
    {"expression", &placement_constraint_expression, false},
    {"type", &placement_constraint_type, false},
    {0},
};
static const struct wf_api_shape placement_constraint = {
    .kind = WF_API_STRUCTURE, .name = "PlacementConstraint",
    .members = placement_constraint_members
};
static const struct wf_api_shape placement_constraints = {
    .kind = WF_API_LIST, WF_API_AT_LEAST(0), WF_API_AT_MOST(10),
    .element = &placement_constraint
};
static const struct wf_api_shape placement_strategy_field = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(0), WF_API_AT_MOST(255)
};
static const char *const placement_strategy_type_choices[] = {
    "random", "spread", "binpack", NULL
};
static const struct wf_api_shape placement_strategy_type = {
    .kind = WF_API_STRING, .choices = placement_strategy_type_choices
};
static const struct wf_api_member placement_strategy_members[] = {
    {"field", &placement_strategy_field, false},
    {"type", &placement_strategy_type, false},
    {0},
};
static const struct wf_api_shape placement_strategy = {
    .kind = WF_API_STRUCTURE, .name = "PlacementStrategy",
    .members = placement_strategy_members
};
static const struct wf_api_shape placement_strategies = {
    .kind = WF_API_LIST, WF_API_AT_LEAST(0), WF_API_AT_MOST(5),
    .element = &placement_strategy
};
static const struct wf_api_shape platform_version = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(64)
};
static const char *const propagate_tags_choices[] = {
    "TASK_DEFINITION", NULL
};
static const struct wf_api_shape propagate_tags = {
    .kind = WF_API_STRING, .choices = propagate_tags_choices
};
static const struct wf_api_shape reference_id = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(0), WF_API_AT_MOST(1024)
};
static const struct wf_api_shape tag_map = {
    .kind = WF_API_STRUCTURE, .members = no_members
};
static const struct wf_api_shape tags = {
    .kind = WF_API_LIST, WF_API_AT_LEAST(0), WF_API_AT_MOST(50),
    .element = &tag_map
};
static const struct wf_api_shape task_count = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(1), WF_API_AT_MOST(10)
};
static const struct wf_api_shape task_definition_arn = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(1600)
};
static const struct wf_api_member ecs_parameters_members[] = {
    {"CapacityProviderStrategy", &capacity_provider_strategy, false},
    {"EnableECSManagedTags", &enable_ecsmanaged_tags, false},
    {"EnableExecuteCommand", &enable_execute_command, false},
    {"Group", &group, false},
    {"LaunchType", &launch_type, false},
    {"NetworkConfiguration", &network_configuration, false},
    {"PlacementConstraints", &placement_constraints, false},
    {"PlacementStrategy", &placement_strategies, false},
    {"PlatformVersion", &platform_version, false},
    {"PropagateTags", &propagate_tags, false},
    {"ReferenceId", &reference_id, false},
    {"Tags", &tags, false},
    {"TaskCount", &task_count, false},
    {"TaskDefinitionArn", &task_definition_arn, true},
    {0},
};
static const struct wf_api_shape ecs_parameters = {
    .kind = WF_API_STRUCTURE, .members = ecs_parameters_members
};
static const struct wf_api_shape detail_type = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(128)
};
static const struct wf_api_shape source = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(256),
    .pattern =
        "^(?=[/\\.\\-_A-Za-z0-9]+)((?!aws\\.).*)|(\\$(\\.[\\w_-]+"
        "(\\[(\\d+|\\*)\\])*)*)$",
    .is_regex = true
};
static const struct wf_api_member event_bridge_parameters_members[] = {
    {"DetailType", &detail_type, true},
    {"Source", &source, true},
    {0},
};
static const struct wf_api_shape event_bridge_parameters = {
    .kind = WF_API_STRUCTURE, .members = event_bridge_parameters_members
};
static const struct wf_api_shape target_input = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1)
};
static const struct wf_api_shape target_partition_key = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(256)
};
static const struct wf_api_member kinesis_parameters_members[] = {
    {"PartitionKey", &target_partition_key, true},
    {0},
};
static const struct wf_api_shape kinesis_parameters = {
    .kind = WF_API_STRUCTURE, .members = kinesis_parameters_members
};
static const struct wf_api_shape maximum_event_age_in_seconds = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(60), WF_API_AT_MOST(86400)
};
static const struct wf_api_shape maximum_retry_attempts = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(0), WF_API_AT_MOST(185)
};
static const struct wf_api_member retry_policy_members[] = {
    {"MaximumEventAgeInSeconds", &maximum_event_age_in_seconds, false},
    {"MaximumRetryAttempts", &maximum_retry_attempts, false},
    {0},
};
static const struct wf_api_shape retry_policy = {
    .kind = WF_API_STRUCTURE, .members = retry_policy_members
};
static const struct wf_api_shape role_arn = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(1600),
    .pattern = "^arn:aws(-[a-z]+)?:iam::\\d{12}:role\\/[\\w+=,.@\\/-]+$",
    .is_regex = true
};
static const struct wf_api_shape sage_maker_pipeline_parameter_name = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(256),
    .pattern = "^[A-Za-z0-9\\-_]*$", .all_of = {"AZaz09--__", 10}
};
static const struct wf_api_shape sage_maker_pipeline_parameter_value = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(1024)
};
static const struct wf_api_member sage_maker_pipeline_parameter_members[] = {
    {"Name", &sage_maker_pipeline_parameter_name, true},
    {"Value", &sage_maker_pipeline_parameter_value, true},
    {0},
};
static const struct wf_api_shape sage_maker_pipeline_parameter = {
    .kind = WF_API_STRUCTURE, .name = "SageMakerPipelineParameter",
    .members = sage_maker_pipeline_parameter_members
};
static const struct wf_api_shape sage_maker_pipeline_parameter_list = {
    .kind = WF_API_LIST, WF_API_AT_LEAST(0), WF_API_AT_MOST(200),
    .element = &sage_maker_pipeline_parameter
};
static const struct wf_api_member sage_maker_pipeline_parameters_members[] = {
    {"PipelineParameterList", &sage_maker_pipeline_parameter_list, false},
    {0},
};
static const struct wf_api_shape sage_maker_pipeline_parameters = {
    .kind = WF_API_STRUCTURE, .members = sage_maker_pipeline_parameters_members
};
static const struct wf_api_shape message_group_id = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(128)
};
static const struct wf_api_member sqs_parameters_members[] = {
    {"MessageGroupId", &message_group_id, false},
    {0},
};
static const struct wf_api_shape sqs_parameters = {
    .kind = WF_API_STRUCTURE, .members = sqs_parameters_members
};
static const struct wf_api_member target_members[] = {
    {"Arn", &target_arn, true},
    {"DeadLetterConfig", &dead_letter_config, false},
    {"EcsParameters", &ecs_parameters, false},
    {"EventBridgeParameters", &event_bridge_parameters, false},
    {"Input", &target_input, false},
    {"KinesisParameters", &kinesis_parameters, false},
    {"RetryPolicy", &retry_policy, false},
    {"RoleArn", &role_arn, true},
    {"SageMakerPipelineParameters", &sage_maker_pipeline_parameters, false},
    {"SqsParameters", &sqs_parameters, false},
    {0},
};
static const struct wf_api_shape target = {
    .kind = WF_API_STRUCTURE, .members = target_members
};
static const struct wf_api_member create_schedule_input_members[] = {
    {"ActionAfterCompletion", &action_after_completion, false},
    {"ClientToken", &client_token, false},
    {"Description", &description, false},
    {"EndDate", &end_date, false},
    {"FlexibleTimeWindow", &flexible_time_window, true},
    {"GroupName", &schedule_group_name, false},
    {"KmsKeyArn", &kms_key_arn, false},
    {"MissedSlots", &missed_slots, false},
    {"Name", &name, true},
    {"OverlapPolicy", &overlap_policy, false},
    {"ScheduleExpression", &schedule_expression, true},
    {"ScheduleExpressionTimezone", &schedule_expression_timezone, false},
    {"StartDate", &start_date, false},
    {"State", &schedule_state, false},
    {"Target", &target, true},
    {0},
};
static const struct wf_api_shape create_schedule_input = {
    .kind = WF_API_STRUCTURE, .members = create_schedule_input_members
};
static const struct wf_api_shape tag_key = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(128)
};
static const struct wf_api_shape tag_value = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(256)
};
static const struct wf_api_member tag_members[] = {
    {"Key", &tag_key, true},
    {"Value", &tag_value, true},
    {0},
};
static const struct wf_api_shape tag = {
    .kind = WF_API_STRUCTURE, .name = "Tag", .members = tag_members
};
static const struct wf_api_shape tag_list = {
    .kind = WF_API_LIST, WF_API_AT_LEAST(0), WF_API_AT_MOST(200),
    .element = &tag
};
static const struct wf_api_member create_schedule_group_input_members[] = {
    {"ClientToken", &client_token, false},
    {"Name", &schedule_group_name, true},
    {"Tags", &tag_list, false},
    {0},
};
static const struct wf_api_shape create_schedule_group_input = {
    .kind = WF_API_STRUCTURE, .members = create_schedule_group_input_members
};
static const struct wf_api_member delete_schedule_input_members[] = {
    {"ClientToken", &client_token, false},
    {"GroupName", &schedule_group_name, false},
    {"Name", &name, true},
    {0},
};
static const struct wf_api_shape delete_schedule_input = {
    .kind = WF_API_STRUCTURE, .members = delete_schedule_input_members
};
static const struct wf_api_member delete_schedule_group_input_members[] = {
    {"ClientToken", &client_token, false},
    {"Name", &schedule_group_name, true},
    {0},
};
static const struct wf_api_shape delete_schedule_group_input = {
    .kind = WF_API_STRUCTURE, .members = delete_schedule_group_input_members
};
static const struct wf_api_member get_schedule_input_members[] = {
    {"GroupName", &schedule_group_name, false},
    {"Name", &name, true},
    {0},
};
static const struct wf_api_shape get_schedule_input = {
    .kind = WF_API_STRUCTURE, .members = get_schedule_input_members
};
static const struct wf_api_member get_schedule_group_input_members[] = {
    {"Name", &schedule_group_name, true},
    {0},
};
static const struct wf_api_shape get_schedule_group_input = {
    .kind = WF_API_STRUCTURE, .members = get_schedule_group_input_members
};
static const struct wf_api_shape max_results = {
    .kind = WF_API_INTEGER, WF_API_AT_LEAST(1), WF_API_AT_MOST(100)
};
static const struct wf_api_shape schedule_group_name_prefix = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(64),
    .pattern = "^[0-9a-zA-Z-_.]+$", .all_of = {"09azAZ--__..", 12}
};
static const struct wf_api_shape next_token = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(2048)
};
static const struct wf_api_member list_schedule_groups_input_members[] = {
    {"MaxResults", &max_results, false},
    {"NamePrefix", &schedule_group_name_prefix, false},
    {"NextToken", &next_token, false},
    {0},
};
static const struct wf_api_shape list_schedule_groups_input = {
    .kind = WF_API_STRUCTURE, .members = list_schedule_groups_input_members
};
static const struct wf_api_shape name_prefix = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(64),
    .pattern = "^[0-9a-zA-Z-_.]+$", .all_of = {"09azAZ--__..", 12}
};
static const struct wf_api_member list_schedules_input_members[] = {
    {"GroupName", &schedule_group_name, false},
    {"MaxResults", &max_results, false},
    {"NamePrefix", &name_prefix, false},
    {"NextToken", &next_token, false},
    {"State", &schedule_state, false},
    {0},
};
static const struct wf_api_shape list_schedules_input = {
    .kind = WF_API_STRUCTURE, .members = list_schedules_input_members
};
static const struct wf_api_shape tag_resource_arn = {
    .kind = WF_API_STRING, WF_API_AT_LEAST(1), WF_API_AT_MOST(1011),
    .pattern =
        "^arn:aws(-[a-z]+)?:scheduler:[a-z0-9\\-]+:\\d{12}:sc"
        "hedule-group\\/[0-9a-zA-Z-_.]+$",
    .is_regex = true
};
static const struct wf_api_member list_tags_for_resource_input_members[] = {
    {"ResourceArn", &tag_resource_arn, true},
    {0},
};
static const struct wf_api_shape list_tags_for_resource_input = {
    .kind = WF_API_STRUCTURE, .members = list_tags_for_resource_input_members
};
static const struct wf_api_member tag_resource_input_members[] = {
    {"ResourceArn", &tag_resource_arn, true},
    {"Tags", &tag_list, true},
    {0},
};
static const struct wf_api_shape tag_resource_input = {
    .kind = WF_API_STRUCTURE, .members = tag_resource_input_members
};
static const struct wf_api_shape tag_key_list = {
    .kind = WF_API_LIST, WF_API_AT_LEAST(0), WF_API_AT_MOST(200),
    .element = &tag_key
};
static const struct wf_api_member untag_resource_input_members[] = {
    {"ResourceArn", &tag_resource_arn, true},
    {"TagKeys", &tag_key_list, true},
    {0},
};
static const struct wf_api_shape untag_resource_input = {
    .kind = WF_API_STRUCTURE, .members = untag_resource_input_members
};
static const struct wf_api_member update_schedule_input_members[] = {
    {"ActionAfterCompletion", &action_after_completion, false},
    {"ClientToken", &client_token, false},
    {"Description", &description, false},
    {"EndDate", &end_date, false},
    {"FlexibleTimeWindow", &flexible_time_window, true},
    {"GroupName", &schedule_group_name, false},
    {"KmsKeyArn", &kms_key_arn, false},
    {"MissedSlots", &missed_slots, false},
    {"Name", &name, true},
    {"OverlapPolicy", &overlap_policy, false},
    {"ScheduleExpression", &schedule_expression, true},
    {"ScheduleExpressionTimezone", &schedule_expression_timezone, false},
    {"StartDate", &start_date, false},
    {"State", &schedule_state, false},
    {"Target", &target, true},
    {0},
};
static const struct wf_api_shape update_schedule_input = {
    .kind = WF_API_STRUCTURE, .members = update_schedule_input_members
};
static const struct wf_api_location create_schedule_input_locations[] = {
    {"Name", NULL},
    {0},
};
static const struct wf_api_location create_schedule_group_input_locations[] = {
    {"Name", NULL},
    {0},
};
static const struct wf_api_location delete_schedule_input_locations[] = {
    {"ClientToken", "clientToken"},
    {"GroupName", "groupName"},
    {"Name", NULL},
    {0},
};
static const struct wf_api_location delete_schedule_group_input_locations[] = {
    {"ClientToken", "clientToken"},
    {"Name", NULL},
    {0},
};
static const struct wf_api_location get_schedule_input_locations[] = {
    {"GroupName", "groupName"},
    {"Name", NULL},
    {0},
};
static const struct wf_api_location get_schedule_group_input_locations[] = {
    {"Name", NULL},
    {0},
};
static const struct wf_api_location list_schedule_groups_input_locations[] = {
    {"MaxResults", "MaxResults"},
    {"NamePrefix", "NamePrefix"},
    {"NextToken", "NextToken"},
    {0},
};
static const struct wf_api_location list_schedules_input_locations[] = {
    {"GroupName", "ScheduleGroup"},
    {"MaxResults", "MaxResults"},
    {"NamePrefix", "NamePrefix"},
    {"NextToken", "NextToken"},
    {"State", "State"},
    {0},
};
static const struct wf_api_location
    list_tags_for_resource_input_locations[] = {
    {"ResourceArn", NULL},
    {0},
};
static const struct wf_api_location tag_resource_input_locations[] = {
    {"ResourceArn", NULL},
    {0},
};
static const struct wf_api_location untag_resource_input_locations[] = {
    {"ResourceArn", NULL},
    {"TagKeys", "TagKeys"},
    {0},
};
static const struct wf_api_location update_schedule_input_locations[] = {
    {"Name", NULL},
    {0},
};

const struct wf_api_route wf_api_scheduler_routes[] = {
    {"POST", "/schedules/{Name}",
     "Scheduler.CreateSchedule", &create_schedule_input,
     create_schedule_input_locations},
    {"POST", "/schedule-groups/{Name}",
     "Scheduler.CreateScheduleGroup", &create_schedule_group_input,
     create_schedule_group_input_locations},
    {"DELETE", "/schedules/{Name}",
     "Scheduler.DeleteSchedule", &delete_schedule_input,
     delete_schedule_input_locations},
    {"DELETE", "/schedule-groups/{Name}",
     "Scheduler.DeleteScheduleGroup", &delete_schedule_group_input,
     delete_schedule_group_input_locations},
    {"GET", "/schedules/{Name}",
     "Scheduler.GetSchedule", &get_schedule_input,
     get_schedule_input_locations},
    {"GET", "/schedule-groups/{Name}",
     "Scheduler.GetScheduleGroup", &get_schedule_group_input,
     get_schedule_group_input_locations},
    {"GET", "/schedule-groups",
     "Scheduler.ListScheduleGroups", &list_schedule_groups_input,
     list_schedule_groups_input_locations},
    {"GET", "/schedules",
     "Scheduler.ListSchedules", &list_schedules_input,
     list_schedules_input_locations},
    {"GET", "/tags/{ResourceArn}",
     "Scheduler.ListTagsForResource", &list_tags_for_resource_input,
     list_tags_for_resource_input_locations},
    {"POST", "/tags/{ResourceArn}",
     "Scheduler.TagResource", &tag_resource_input,
     tag_resource_input_locations},
    {"DELETE", "/tags/{ResourceArn}",
     "Scheduler.UntagResource", &untag_resource_input,
     untag_resource_input_locations},
    {"PUT", "/schedules/{Name}",
     "Scheduler.UpdateSchedule", &update_schedule_input,
     update_schedule_input_locations},
    {0},
};
