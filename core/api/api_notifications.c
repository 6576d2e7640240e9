/* api_notifications.c - targets of notifications and their dead letters. See
 * api_call.h. */
#include "api_call.h"
#include "json_write.h"
#include "notifications.h"

static void time_if(struct wf_buf *out, const char *key, int64_t ms) {
    if (ms)
        wf_json_time(out, key, ms);
}

/* ---- ListNotificationTargets ---- */

static void put_target(struct wf_buf *out,
                       const struct wf_notification_stand *stand) {
    wf_json_comma(out);
    wf_buf_u8(out, '{');
    wf_json_text(out, "id", stand->id);
    wf_json_text_if(out, "url", stand->url);
    wf_json_text_if(out, "handler", stand->handler);
    wf_json_integer(out, "backlog", (int64_t)stand->queued);
    wf_json_integer(out, "inFlight", stand->in_flight);
    wf_json_integer(out, "deadLetters", (int64_t)stand->dead);
    wf_json_integer(out, "delivered", (int64_t)stand->delivered);
    wf_json_integer(out, "failedAttempts", (int64_t)stand->failures);
    wf_json_integer(out, "died", (int64_t)stand->dead_letters);
    wf_json_integer(out, "lost", (int64_t)stand->lost);
    time_if(out, "lastDelivery", stand->delivered_ms);
    time_if(out, "lastFailure", stand->failed_ms);
    if (stand->failed_ms)
        wf_json_text(out, "lastError", stand->error);
    time_if(out, "pausedUntil", stand->paused_ms);
    wf_buf_u8(out, '}');
}

static void on_targets(void *arg, const struct wf_refusal *refusal,
                       const struct wf_notification_stand *stands,
                       size_t count) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(call->out, "{\"targets\":[");
    for (size_t i = 0; i < count; i++)
        put_target(call->out, &stands[i]);
    wf_api_done_list(call, WF_STR_NULL);
}

static void list_targets(struct wf_api_call *call,
                         struct wf_api_request *request) {
    (void)request;
    wf_engine_list_notification_targets(call->engine, on_targets, call);
}

/* ---- ListDeadLetters ---- */

static void put_letter(struct wf_buf *out,
                       const struct wf_dead_letter *letter) {
    wf_json_comma(out);
    wf_buf_u8(out, '{');
    wf_json_text(out, "id", wf_str(letter->id));
    wf_json_text_if(out, "executionArn", letter->execution_arn);
    wf_json_text(out, "name", letter->name);
    wf_json_text(out, "status",
                 wf_str(wf_execution_status_name(letter->status)));
    wf_json_time(out, "time", letter->time_ms);
    wf_json_integer(out, "attempts", letter->attempts);
    wf_json_text(out, "reason", letter->reason);
    wf_buf_u8(out, '}');
}

static void on_letters(void *arg, const struct wf_refusal *refusal,
                       const struct wf_dead_letters *letters) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_adds(call->out, "{\"deadLetters\":[");
    for (size_t i = 0; i < letters->count; i++)
        put_letter(call->out, &letters->list[i]);
    wf_api_done_list(call, letters->next_token);
}

static void list_letters(struct wf_api_call *call,
                         struct wf_api_request *request) {
    wf_engine_list_dead_letters(
        call->engine, wf_api_text(request, "target"),
        (unsigned)wf_api_integer(request, "maxResults", 0),
        wf_api_text(request, "nextToken"), on_letters, call);
}

/* ---- ResendDeadLetters, DeleteDeadLetters ---- */

static void on_moved(void *arg, const struct wf_refusal *refusal,
                     uint64_t count) {
    struct wf_api_call *call = arg;

    if (wf_api_refused(call, refusal))
        return;
    wf_buf_u8(call->out, '{');
    wf_json_integer(call->out, "count", (int64_t)count);
    wf_buf_u8(call->out, '}');
    wf_api_done(call);
}

static void resend(struct wf_api_call *call,
                   struct wf_api_request *request) {
    wf_engine_resend_dead_letters(call->engine,
                                  wf_api_text(request, "target"), false,
                                  on_moved, call);
}

static void discard(struct wf_api_call *call,
                    struct wf_api_request *request) {
    wf_engine_resend_dead_letters(call->engine,
                                  wf_api_text(request, "target"), true,
                                  on_moved, call);
}

const struct wf_api_operation wf_api_notifications[] = {
    {"ListNotificationTargets", list_targets, WF_RIGHT_VIEW},
    {"ListDeadLetters", list_letters, WF_RIGHT_VIEW},
    {"ResendDeadLetters", resend, WF_RIGHT_OPERATE},
    {"DeleteDeadLetters", discard, WF_RIGHT_OPERATE},
    {0},
};
