/* api_schedules.c - the operations on schedules and their groups. See
 * api_call.h. */
#include <stdio.h>
#include <stdlib.h>

#include "api_call.h"
#include "json_write.h"
#include "schedule.h"

/* ---- what is asked ---- */

#define LAST_S 253402300800.0 /* the year 10000 */

/* 0: not given. False: the call has failed. */
static bool read_time(struct wf_api_call *call,
                      struct wf_api_request *request, const char *member,
                      int64_t *ms) {
    double seconds = wf_api_number(request, member, 0);
    struct wf_value value;
    char message[96];
    *ms = 0;
    if (!wf_api_value(request, member, &value))
        return true;
    if (seconds > 0 && seconds < LAST_S) {
        *ms = (int64_t)(seconds * 1000);
        return true;
    }
    snprintf(message, sizeof(message),
             "The %s you specify must be a time between 1970 and 9999.",
             member);
    wf_api_fail(call, "ValidationException", wf_str(message));
    return false;
}

static bool read_times(struct wf_api_call *call,
                       struct wf_api_request *request,
                       struct wf_schedule *schedule) {
    return read_time(call, request, "StartDate", &schedule->start_ms) &&
           read_time(call, request, "EndDate", &schedule->end_ms);
}

/* False: the call has failed. */
static bool read_window(struct wf_api_call *call,
                        struct wf_api_request *request,
                        struct wf_schedule *schedule) {
    struct wf_value window, mode, minutes;
    int64_t number = 0;
    wf_api_value(request, "FlexibleTimeWindow", &window); /* required */
    wf_value_member(window, WF_STR("Mode"), &mode);
    bool has_minutes =
        wf_value_member(window, WF_STR("MaximumWindowInMinutes"), &minutes) &&
        wf_value_integer(minutes, &number);
    bool is_flexible = wf_str_eq(wf_api_characters(request, mode),
                                 WF_STR("FLEXIBLE"));
    schedule->window_minutes = (uint32_t)number;
    if (is_flexible == has_minutes)
        return true;
    wf_api_fail(call, "ValidationException",
                is_flexible
                    ? WF_STR("MaximumWindowInMinutes must be provided if "
                             "FlexibleTimeWindow Mode is FLEXIBLE.")
                    : WF_STR("MaximumWindowInMinutes must not be provided "
                             "if FlexibleTimeWindow Mode is OFF."));
    return false;
}

static void read_policies(struct wf_api_call *call,
                          struct wf_api_request *request,
                          struct wf_schedule *schedule) {
    struct wf_str missed = wf_api_text(request, "MissedSlots");
    struct wf_str overlap = wf_api_text(request, "OverlapPolicy");
    if (!call->profile->extensions)
        return;
    if (missed.data)
        wf_schedule_missed_of(missed, &schedule->missed);
    if (overlap.data)
        wf_schedule_overlap_of(overlap, &schedule->overlap);
}

static struct wf_schedule read_names(struct wf_api_request *request) {
    return (struct wf_schedule){
        .name = wf_api_text(request, "Name"),
        .group = wf_api_text(request, "GroupName"),
        .client_token = wf_api_text(request, "ClientToken"),
    };
}

/* ---- what is answered ---- */

static void put_policies(struct wf_buf *out,
                         const struct wf_schedule *schedule) {
    wf_json_text_if(out, "MissedSlots",
                    wf_str(wf_schedule_missed_name(schedule->missed)));
    wf_json_text_if(out, "OverlapPolicy",
                    wf_str(wf_schedule_overlap_name(schedule->overlap)));
}

/* Ours: what has become of its slots. */
static void put_state(struct wf_buf *out,
                      const struct wf_schedule *schedule) {
    wf_json_key(out, "Moonstep");
    wf_buf_u8(out, '{');
    if (!schedule->is_disabled &&
        schedule->slot_ms != WF_SCHEDULE_NO_TIME)
        wf_json_time(out, "NextInvocation", schedule->slot_ms);
    if (schedule->last_slot_ms)
        wf_json_time(out, "LastInvocation", schedule->last_slot_ms);
    wf_json_integer(out, "Started", (int64_t)schedule->started);
    wf_json_integer(out, "Skipped", (int64_t)schedule->skipped);
    wf_json_integer(out, "Failed", (int64_t)schedule->failed);
    wf_json_integer(out, "Retrying", schedule->retrying);
    wf_json_raw(out, "Waiting", schedule->is_waiting ? "true" : "false");
    if (schedule->last_error.len) {
        wf_json_text(out, "LastError", schedule->last_error);
        wf_json_time(out, "LastErrorDate", schedule->last_error_ms);
    }
    wf_buf_u8(out, '}');
}

/* As it was given, with AWS's retry policy if it had none. */
static void put_target(struct wf_buf *out, struct wf_str target) {
    struct wf_doc *doc = wf_doc_trusted(target);
    struct wf_value policy;
    bool has_policy = wf_value_member((struct wf_value){doc, 0},
                                      WF_STR("RetryPolicy"), &policy);
    wf_json_key(out, "Target");
    wf_buf_addstr(out, target);
    if (!has_policy) {
        out->len--;
        wf_buf_adds(out, ",\"RetryPolicy\":{\"MaximumEventAgeInSeconds\":"
                         "86400,\"MaximumRetryAttempts\":185}}");
    }
    wf_doc_unref(doc);
}

static void put_window(struct wf_buf *out,
                       const struct wf_schedule *schedule) {
    wf_json_key(out, "FlexibleTimeWindow");
    wf_buf_u8(out, '{');
    wf_json_text(out, "Mode", schedule->window_minutes ? WF_STR("FLEXIBLE")
                                                       : WF_STR("OFF"));
    if (schedule->window_minutes)
        wf_json_integer(out, "MaximumWindowInMinutes",
                        schedule->window_minutes);
    wf_buf_u8(out, '}');
}

static void text_unless_empty(struct wf_buf *out, const char *key,
                              struct wf_str text) {
    if (text.len)
        wf_json_text(out, key, text);
}

static struct wf_str state_of(const struct wf_schedule *schedule) {
    return schedule->is_disabled ? WF_STR("DISABLED") : WF_STR("ENABLED");
}

static void put_schedule(const struct wf_api_call *call, struct wf_str arn,
                         const struct wf_schedule *schedule) {
    struct wf_buf *out = call->out;
    wf_buf_u8(out, '{');
    wf_json_text(out, "ActionAfterCompletion",
                 schedule->is_deleted_after ? WF_STR("DELETE")
                                            : WF_STR("NONE"));
    wf_json_text(out, "Arn", arn);
    wf_json_time(out, "CreationDate", schedule->creation_ms);
    text_unless_empty(out, "Description", schedule->description);
    if (schedule->end_ms)
        wf_json_time(out, "EndDate", schedule->end_ms);
    put_window(out, schedule);
    wf_json_text(out, "GroupName", schedule->group);
    text_unless_empty(out, "KmsKeyArn", schedule->kms_key);
    wf_json_time(out, "LastModificationDate", schedule->modified_ms);
    wf_json_text(out, "Name", schedule->name);
    wf_json_text(out, "ScheduleExpression", schedule->expression);
    wf_json_text(out, "ScheduleExpressionTimezone",
                 schedule->timezone.len ? schedule->timezone
                                        : WF_STR("UTC"));
    if (schedule->start_ms)
        wf_json_time(out, "StartDate", schedule->start_ms);
    wf_json_text(out, "State", state_of(schedule));
    put_target(out, schedule->target);
    if (call->profile->extensions) {
        put_policies(out, schedule);
        put_state(out, schedule);
    }
    wf_buf_u8(out, '}');
}

/* ---- CreateSchedule, UpdateSchedule ---- */

static void on_made(void *arg, const struct wf_refusal *refusal,
                    const struct wf_schedule_reply *reply) {
    struct wf_api_call *call = arg;
    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    wf_json_text(call->out, "ScheduleArn", reply->arn);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void make(struct wf_api_call *call, struct wf_api_request *request,
                 enum wf_schedule_operation operation) {
    struct wf_schedule_ask ask = {.operation = operation,
                                  .schedule = read_names(request)};
    struct wf_schedule *schedule = &ask.schedule;
    struct wf_value target;
    wf_api_value(request, "Target", &target); /* required */
    schedule->target = wf_value_text(target);
    schedule->expression = wf_api_text(request, "ScheduleExpression");
    schedule->timezone = wf_api_text(request, "ScheduleExpressionTimezone");
    schedule->description = wf_api_text(request, "Description");
    schedule->kms_key = wf_api_text(request, "KmsKeyArn");
    schedule->is_disabled = wf_api_is(request, "State", "DISABLED");
    schedule->is_deleted_after =
        wf_api_is(request, "ActionAfterCompletion", "DELETE");
    read_policies(call, request, schedule);
    if (read_times(call, request, schedule) &&
        read_window(call, request, schedule))
        wf_engine_schedule(call->engine, &ask, on_made, call);
}

static void create(struct wf_api_call *call, struct wf_api_request *request) {
    make(call, request, WF_SCHEDULE_CREATE);
}

static void update(struct wf_api_call *call, struct wf_api_request *request) {
    make(call, request, WF_SCHEDULE_UPDATE);
}

/* ---- GetSchedule, DeleteSchedule ---- */

static void on_schedule(void *arg, const struct wf_refusal *refusal,
                        const struct wf_schedule_reply *reply) {
    struct wf_api_call *call = arg;
    if (wf_api_refused(call, refusal))
        return;
    put_schedule(call, reply->arn, reply->schedules);
    wf_api_done(call);
}

static void get(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_schedule_ask ask = {.operation = WF_SCHEDULE_GET,
                                  .schedule = read_names(request)};
    wf_engine_schedule(call->engine, &ask, on_schedule, call);
}

static void on_done(void *arg, const struct wf_refusal *refusal,
                    const struct wf_schedule_reply *reply) {
    (void)reply;
    wf_api_answer_done(arg, refusal);
}

static void delete_it(struct wf_api_call *call,
                      struct wf_api_request *request) {
    struct wf_schedule_ask ask = {.operation = WF_SCHEDULE_DELETE,
                                  .schedule = read_names(request)};
    wf_engine_schedule(call->engine, &ask, on_done, call);
}

/* ---- ListSchedules ---- */

static void done_list(struct wf_api_call *call, struct wf_str next_token) {
    wf_buf_u8(call->out, ']');
    if (next_token.len)
        wf_json_text(call->out, "NextToken", next_token);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

/* The engine's names make its ARN. */
static void put_summary(const struct wf_api_call *call,
                        const struct wf_schedule *schedule) {
    struct wf_buf *out = call->out, arn = {0};
    struct wf_doc *doc = wf_doc_trusted(schedule->target);
    struct wf_value target;
    wf_json_comma(out);
    wf_buf_u8(out, '{');
    wf_schedule_arn(call->engine, schedule->group, schedule->name, &arn);
    wf_json_text(out, "Arn", (struct wf_str){arn.data, arn.len});
    wf_json_time(out, "CreationDate", schedule->creation_ms);
    wf_json_text(out, "GroupName", schedule->group);
    wf_json_time(out, "LastModificationDate", schedule->modified_ms);
    wf_json_text(out, "Name", schedule->name);
    wf_json_text(out, "State", state_of(schedule));
    wf_json_key(out, "Target");
    wf_buf_adds(out, "{\"Arn\":");
    if (wf_value_member((struct wf_value){doc, 0}, WF_STR("Arn"), &target))
        wf_buf_addstr(out, wf_value_text(target));
    else
        wf_buf_adds(out, "\"\"");
    wf_buf_u8(out, '}');
    if (call->profile->extensions) {
        wf_json_text(out, "ScheduleExpression", schedule->expression);
        put_state(out, schedule);
    }
    wf_buf_u8(out, '}');
    wf_doc_unref(doc);
    wf_buf_free(&arn);
}

static void on_list(void *arg, const struct wf_refusal *refusal,
                    const struct wf_schedule_reply *reply) {
    struct wf_api_call *call = arg;
    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(call->out, "{\"Schedules\":[");
    for (size_t i = 0; i < reply->count; i++)
        put_summary(call, &reply->schedules[i]);
    done_list(call, reply->next_token);
}

static struct wf_schedule_ask read_page(struct wf_api_request *request,
                                        enum wf_schedule_operation what) {
    return (struct wf_schedule_ask){
        .operation = what,
        .schedule = {.group = wf_api_text(request, "GroupName")},
        .prefix = wf_api_text(request, "NamePrefix"),
        .max_results = (unsigned)wf_api_integer(request, "MaxResults", 0),
        .next_token = wf_api_text(request, "NextToken"),
    };
}

static void list(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_schedule_ask ask = read_page(request, WF_SCHEDULE_LIST);
    if (wf_api_is(request, "State", "ENABLED"))
        ask.state = 1;
    else if (wf_api_is(request, "State", "DISABLED"))
        ask.state = 2;
    wf_engine_schedule(call->engine, &ask, on_list, call);
}

/* ---- groups ---- */

static void put_group(const struct wf_api_call *call,
                      const struct wf_schedule_group *group) {
    struct wf_buf *out = call->out, arn = {0};
    wf_json_comma(out);
    wf_buf_u8(out, '{');
    wf_schedule_group_arn(call->engine, group->name, &arn);
    wf_json_text(out, "Arn", (struct wf_str){arn.data, arn.len});
    wf_json_time(out, "CreationDate", group->creation_ms);
    wf_json_time(out, "LastModificationDate", group->modified_ms);
    wf_json_text(out, "Name", group->name);
    wf_json_text(out, "State", group->is_deleting ? WF_STR("DELETING")
                                                  : WF_STR("ACTIVE"));
    wf_buf_u8(out, '}');
    wf_buf_free(&arn);
}

static void on_group_made(void *arg, const struct wf_refusal *refusal,
                          const struct wf_schedule_reply *reply) {
    struct wf_api_call *call = arg;
    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    wf_json_text(call->out, "ScheduleGroupArn", reply->arn);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

/* An array to free(). */
static struct wf_tag *read_tags(struct wf_api_request *request,
                                size_t *count) {
    struct wf_value list, tag = {0}, key, value;
    struct wf_tag *tags = NULL;
    *count = 0;
    if (!wf_api_value(request, "Tags", &list))
        return NULL;
    while (wf_value_next_element(list, &tag)) {
        tags = wf_realloc(tags, (*count + 1) * sizeof(*tags));
        wf_value_member(tag, WF_STR("Key"), &key); /* both required */
        wf_value_member(tag, WF_STR("Value"), &value);
        tags[*count].key = wf_api_characters(request, key);
        tags[(*count)++].value = wf_api_characters(request, value);
    }
    return tags;
}

static void group(struct wf_api_call *call, struct wf_api_request *request,
                  enum wf_schedule_operation operation,
                  wf_schedule_fn *reply) {
    struct wf_schedule_ask ask = {.operation = operation};
    struct wf_tag *tags = read_tags(request, &ask.tag_count);
    ask.schedule.group = wf_api_text(request, "Name");
    ask.schedule.client_token = wf_api_text(request, "ClientToken");
    ask.tags = tags;
    wf_engine_schedule(call->engine, &ask, reply, call);
    free(tags);
}

static void create_group(struct wf_api_call *call,
                         struct wf_api_request *request) {
    group(call, request, WF_SCHEDULE_CREATE_GROUP, on_group_made);
}

static void on_group(void *arg, const struct wf_refusal *refusal,
                     const struct wf_schedule_reply *reply) {
    struct wf_api_call *call = arg;
    if (wf_api_refused(call, refusal))
        return;
    put_group(call, reply->groups);
    wf_api_done(call);
}

static void get_group(struct wf_api_call *call,
                      struct wf_api_request *request) {
    group(call, request, WF_SCHEDULE_GET_GROUP, on_group);
}

static void delete_group(struct wf_api_call *call,
                         struct wf_api_request *request) {
    group(call, request, WF_SCHEDULE_DELETE_GROUP, on_done);
}

static void on_groups(void *arg, const struct wf_refusal *refusal,
                      const struct wf_schedule_reply *reply) {
    struct wf_api_call *call = arg;
    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(call->out, "{\"ScheduleGroups\":[");
    for (size_t i = 0; i < reply->count; i++)
        put_group(call, &reply->groups[i]);
    done_list(call, reply->next_token);
}

static void list_groups(struct wf_api_call *call,
                        struct wf_api_request *request) {
    struct wf_schedule_ask ask = read_page(request, WF_SCHEDULE_LIST_GROUPS);
    wf_engine_schedule(call->engine, &ask, on_groups, call);
}

/* ---- tags: of groups ---- */

/* The name in "arn:…:schedule-group/NAME": the model has seen to the rest. */
static struct wf_str read_group(struct wf_api_request *request) {
    struct wf_str arn = wf_api_text(request, "ResourceArn");
    const char *slash = memchr(arn.data, '/', arn.len);
    return (struct wf_str){slash + 1,
                           (size_t)(arn.data + arn.len - slash) - 1};
}

static void tag(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_schedule_ask ask = {
        .operation = WF_SCHEDULE_TAG,
        .schedule = {.group = read_group(request)},
    };
    struct wf_tag *tags = read_tags(request, &ask.tag_count);
    ask.tags = tags;
    wf_engine_schedule(call->engine, &ask, on_done, call);
    free(tags);
}

static void untag(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_schedule_ask ask = {
        .operation = WF_SCHEDULE_UNTAG,
        .schedule = {.group = read_group(request)},
    };
    struct wf_value list, key = {0};
    struct wf_str *keys = NULL;
    wf_api_value(request, "TagKeys", &list); /* required */
    while (wf_value_next_element(list, &key)) {
        keys = wf_realloc(keys, (ask.key_count + 1) * sizeof(*keys));
        keys[ask.key_count++] = wf_api_characters(request, key);
    }
    ask.keys = keys;
    wf_engine_schedule(call->engine, &ask, on_done, call);
    free(keys);
}

static void on_tags(void *arg, const struct wf_refusal *refusal,
                    const struct wf_schedule_reply *reply) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;
    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(out, "{\"Tags\":[");
    for (size_t i = 0; i < reply->count; i++) {
        wf_json_comma(out);
        wf_buf_u8(out, '{');
        wf_json_text(out, "Key", reply->tags[i].key);
        wf_json_text(out, "Value", reply->tags[i].value);
        wf_buf_u8(out, '}');
    }
    wf_buf_adds(out, "]}");
    wf_api_done(call);
}

static void list_tags(struct wf_api_call *call,
                      struct wf_api_request *request) {
    struct wf_schedule_ask ask = {
        .operation = WF_SCHEDULE_LIST_TAGS,
        .schedule = {.group = read_group(request)},
    };
    wf_engine_schedule(call->engine, &ask, on_tags, call);
}

/* ---- ours ---- */

static void on_slots(void *arg, const struct wf_refusal *refusal,
                     const struct wf_schedule_reply *reply) {
    struct wf_api_call *call = arg;
    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(call->out, "{\"Invocations\":[");
    for (size_t i = 0; i < reply->count; i++) {
        wf_json_comma(call->out);
        wf_json_digits(call->out, reply->slots[i] / 1000);
    }
    wf_buf_adds(call->out, "]}");
    wf_api_done(call);
}

static void next_slots(struct wf_api_call *call,
                       struct wf_api_request *request) {
    struct wf_schedule_ask ask = {
        .operation = WF_SCHEDULE_NEXT,
        .schedule = read_names(request),
        .max_results = (unsigned)wf_api_integer(request, "MaxResults", 0),
    };
    ask.schedule.expression = wf_api_text(request, "ScheduleExpression");
    ask.schedule.timezone =
        wf_api_text(request, "ScheduleExpressionTimezone");
    if (!read_times(call, request, &ask.schedule))
        return;
    if (!ask.schedule.name.len == !ask.schedule.expression.len)
        wf_api_fail(call, "ValidationException",
                    WF_STR("Name one of Name and ScheduleExpression."));
    else
        wf_engine_schedule(call->engine, &ask, on_slots, call);
}

const struct wf_api_operation wf_api_schedules[] = {
    {"Scheduler.CreateSchedule", create, WF_RIGHT_ADMINISTER},
    {"Scheduler.UpdateSchedule", update, WF_RIGHT_ADMINISTER},
    {"Scheduler.GetSchedule", get, WF_RIGHT_VIEW},
    {"Scheduler.DeleteSchedule", delete_it, WF_RIGHT_ADMINISTER},
    {"Scheduler.ListSchedules", list, WF_RIGHT_VIEW},
    {"Scheduler.CreateScheduleGroup", create_group, WF_RIGHT_ADMINISTER},
    {"Scheduler.GetScheduleGroup", get_group, WF_RIGHT_VIEW},
    {"Scheduler.DeleteScheduleGroup", delete_group, WF_RIGHT_ADMINISTER},
    {"Scheduler.ListScheduleGroups", list_groups, WF_RIGHT_VIEW},
    {"Scheduler.TagResource", tag, WF_RIGHT_OPERATE},
    {"Scheduler.UntagResource", untag, WF_RIGHT_OPERATE},
    {"Scheduler.ListTagsForResource", list_tags, WF_RIGHT_VIEW},
    {"ListNextInvocations", next_slots, WF_RIGHT_VIEW},
    {0},
};
