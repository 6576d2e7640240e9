/*
 * cli_worker_poll.c - long polls for tasks. See cli_worker.h.
 *
 * Each poll has a place reserved, so a task never comes that can't be run. If
 * one has failed, the activity pauses, and then a single one asks again.
 */
#include <stdlib.h>

#include "cli_http.h"
#include "cli_worker.h"
#include "json_write.h"

/* The service answers within 60 seconds. */
#define POLL_S 75.0
/* One that says at once that there is nothing is not asked in a circle. */
#define LEAST_WAIT_S 1.0

struct poll {
    struct wf_link link;
    struct wf_cli_activity *activity;
    struct wf_cli_request *request;
    uint64_t start_ns;
};

static void poll_end(struct poll *poll) {
    wf_list_remove(&poll->link);
    poll->activity->poll_count--;
    free(poll);
}

static void pause_for(struct wf_cli_activity *activity, double pause_s) {
    ev_now_update(activity->worker->loop);
    ev_timer_set(&activity->again, pause_s, 0);
    ev_timer_start(activity->worker->loop, &activity->again);
}

static void fall_back(struct wf_cli_activity *activity) {
    if (ev_is_active(&activity->again))
        return; /* polls fail together */
    activity->pause_s =
        wf_cli_longer_pause(activity->worker, activity->pause_s);
    pause_for(activity, activity->pause_s);
}

/* Without it we are not what we were started for. */
static void give_up(struct wf_cli_activity *activity,
                    const struct wf_cli_answer *answer) {
    struct wf_cli_worker *worker = activity->worker;

    if (worker->is_stopping)
        return;
    wf_cli_worker_say(worker, "%s can't be polled: %.*s", activity->arn,
                      (int)answer->text.len, answer->text.data);
    worker->status = WF_EXIT_FAILED;
    wf_cli_worker_stop(worker);
}

static void take(struct wf_cli_activity *activity, struct wf_value reply,
                 double waited_s) {
    struct wf_value member;
    struct wf_buf token = {0}, input = {0};

    activity->pause_s = 0;
    if (wf_value_member(reply, WF_STR("taskToken"), &member) &&
        wf_value_type(member) == WF_JSON_STRING)
        wf_value_string(member, &token);
    if (token.len > 0) {
        wf_cli_member(reply, "input", &input);
        wf_cli_task_new(activity, (struct wf_str){token.data, token.len},
                        (struct wf_str){input.data, input.len});
    } else if (waited_s < LEAST_WAIT_S && !ev_is_active(&activity->again) &&
               !activity->worker->is_stopping) {
        pause_for(activity, LEAST_WAIT_S);
    }
    wf_buf_free(&token);
    wf_buf_free(&input);
}

static void on_answer(void *arg, const struct wf_cli_answer *answer) {
    struct poll *poll = arg;
    struct wf_cli_activity *activity = poll->activity;
    double waited_s = (double)(wf_clock_mono_ns() - poll->start_ns) / 1e9;

    poll_end(poll);
    switch (answer->outcome) {
    case WF_CLI_ANSWERED:
        take(activity, answer->reply, waited_s);
        break;
    case WF_CLI_AWAY:
        fall_back(activity);
        break;
    case WF_CLI_REFUSED:
        give_up(activity, answer);
        break;
    }
    wf_cli_polls_start(activity);
}

static void poll_start(struct wf_cli_activity *activity) {
    struct poll *poll = wf_calloc(1, sizeof(*poll));
    struct wf_buf body = {0};

    wf_buf_u8(&body, '{');
    wf_json_text(&body, "activityArn", wf_str(activity->arn));
    wf_json_text(&body, "workerName", wf_str(activity->worker->name));
    wf_buf_u8(&body, '}');
    poll->activity = activity;
    poll->start_ns = wf_clock_mono_ns();
    wf_list_append(&activity->polls, &poll->link);
    activity->poll_count++;
    poll->request = wf_cli_request_start(
        activity, "GetActivityTask", (struct wf_str){body.data, body.len},
        POLL_S, on_answer, poll);
    wf_buf_free(&body);
}

void wf_cli_polls_start(struct wf_cli_activity *activity) {
    struct wf_cli_worker *worker = activity->worker;
    size_t most = activity->pause_s > 0 ? 1 : worker->most_polls;

    if (worker->is_stopping || ev_is_active(&activity->again))
        return;
    while (activity->poll_count < most &&
           activity->tasks + activity->poll_count < worker->concurrency)
        poll_start(activity);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)events;
    wf_cli_polls_start(timer->data);
}

void wf_cli_polls_init(struct wf_cli_activity *activity) {
    wf_list_init(&activity->polls);
    ev_timer_init(&activity->again, on_again, 0, 0);
    activity->again.data = activity;
}

void wf_cli_polls_stop(struct wf_cli_activity *activity) {
    struct wf_link *link;

    while ((link = wf_list_shift(&activity->polls)) != NULL) {
        struct poll *poll = WF_ENTRY(link, struct poll, link);

        wf_cli_request_cancel(poll->request);
        poll_end(poll);
    }
    ev_timer_stop(activity->worker->loop, &activity->again);
}
