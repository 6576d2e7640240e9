/* api_activities.c - the operations on activities. See api_call.h. */
#include <stdlib.h>

#include "api_call.h"
#include "api_settings.h"
#include "json_write.h"

static void put_activity(struct wf_buf *out,
                         const struct wf_activity_reply *reply) {
    wf_json_text(out, "activityArn", reply->arn);
    wf_json_time(out, "creationDate", reply->creation_ms);
}

/* ---- CreateActivity, DescribeActivity, DeleteActivity ---- */

static void on_created(void *arg, const struct wf_refusal *refusal,
                       const struct wf_activity_reply *reply) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    put_activity(call->out, reply);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void create(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_buf encryption = {0};
    struct wf_tag *tags = NULL;
    struct wf_create_activity ask = {.name = wf_api_text(request, "name")};
    if (wf_api_encryption_read(call, request, &encryption) &&
        wf_api_tags_read(call, request, &tags, &ask.tag_count)) {
        ask.encryption = (struct wf_str){encryption.data, encryption.len};
        ask.tags = tags;
        wf_engine_create_activity(call->engine, &ask, on_created, call);
    }
    free(tags);
    wf_buf_free(&encryption);
}

static void on_described(void *arg, const struct wf_refusal *refusal,
                         const struct wf_activity_reply *reply) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    put_activity(call->out, reply);
    wf_json_text(call->out, "name", reply->name);
    wf_api_encryption_write(call->out, reply->encryption);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void describe(struct wf_api_call *call,
                     struct wf_api_request *request) {
    wf_engine_describe_activity(call->engine,
                                wf_api_text(request, "activityArn"),
                                on_described, call);
}

static void remove_activity(struct wf_api_call *call,
                            struct wf_api_request *request) {
    wf_engine_delete_activity(call->engine,
                              wf_api_text(request, "activityArn"),
                              wf_api_answer_done, call);
}

/* ---- ListActivities ---- */

static void on_listed(void *arg, const struct wf_refusal *refusal,
                      const struct wf_activity_reply *activities,
                      size_t count, struct wf_str next_token) {
    struct wf_api_call *call = arg;
    struct wf_buf *out = call->out;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(out, "{\"activities\":[");
    for (size_t i = 0; i < count; i++) {
        wf_json_comma(out);
        wf_buf_u8(out, '{');
        put_activity(out, &activities[i]);
        wf_json_text(out, "name", activities[i].name);
        wf_buf_u8(out, '}');
    }
    wf_api_done_list(call, next_token);
}

static void list(struct wf_api_call *call, struct wf_api_request *request) {
    struct wf_list_activities ask = {
        .max_results = (unsigned)wf_api_integer(request, "maxResults", 0),
        .next_token = wf_api_text(request, "nextToken"),
    };
    wf_engine_list_activities(call->engine, &ask, on_listed, call);
}

/* ---- GetActivityTask ---- */

static void on_task(void *arg, const struct wf_refusal *refusal,
                    const struct wf_activity_task *task) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    if (task->token.data) {
        wf_json_text(call->out, "taskToken", task->token);
        wf_json_text(call->out, "input", task->input);
    }
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static bool is_there(void *arg) {
    struct wf_api_call *call = arg;
    return !call->is_there || call->is_there(call);
}

static void get_task(struct wf_api_call *call,
                     struct wf_api_request *request) {
    struct wf_get_activity_task ask = {
        .arn = wf_api_text(request, "activityArn"),
        .worker_name = wf_api_text(request, "workerName"),
        .is_there = is_there,
    };
    wf_engine_get_activity_task(call->engine, &ask, on_task, call);
}

const struct wf_api_operation wf_api_activities[] = {
    {"CreateActivity", create, WF_RIGHT_ADMINISTER},
    {"DescribeActivity", describe, WF_RIGHT_VIEW},
    {"DeleteActivity", remove_activity, WF_RIGHT_ADMINISTER},
    {"ListActivities", list, WF_RIGHT_VIEW},
    {"GetActivityTask", get_task, WF_RIGHT_WORK},
    {0},
};
