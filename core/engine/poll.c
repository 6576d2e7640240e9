/*
 * poll.c - GetActivityTask: polls that wait, tasks that wait, and how one
 * comes to the other. See activity.h.
 *
 * Tasks are looked for in table Q, from where the last look ended, until
 * nothing is there any more (`is_dry`): then those in memory are all that
 * there are, and a task that is scheduled goes to the first poll without being
 * looked for. It leaves that state when a frame parks.
 */
#include <stdlib.h>

#include "activity.h"
#include "engine_impl.h"
#include "refusal.h"

#define POLL_S 60.0
#define SCAN_ROWS 64

struct wf_poll {
    struct wf_link link; /* in the activity's polls, while it waits */
    struct wf_link all;  /* in the engine's */
    struct wf_engine *engine;
    struct wf_activity *activity;
    struct ev_timer timer;
    uint64_t execution;  /* whose task it has, or is about to get */
    uint32_t frame;
    bool is_off;         /* its time is over: as soon as it is let go */
    bool is_handing;     /* hand_over() is to come */
    char *worker;        /* NULL: none was given */
    struct wf_doc *input;
    char token[WF_TOKEN_SIZE];
    bool (*is_there)(void *arg);
    wf_activity_task_fn *reply;
    void *arg;
};

static void match(struct wf_activity *activity);

/* ---- polls ---- */

static void drop(void *memory) {
    struct wf_poll *poll = memory;
    wf_doc_unref(poll->input);
    free(poll->worker);
}

static void poll_end(struct wf_poll *poll, const struct wf_refusal *refusal,
                     const struct wf_activity_task *task) {
    ev_timer_stop(poll->engine->loop, &poll->timer);
    wf_list_remove(&poll->link);
    wf_list_remove(&poll->all);
    poll->activity->poll_count--;
    poll->reply(poll->arg, refusal, task);
    wf_call_free(poll);
}

static void poll_end_empty(struct wf_poll *poll) {
    static const struct wf_activity_task none;
    poll_end(poll, NULL, &none);
}

static void timed_out(struct ev_loop *loop, struct ev_timer *timer, int e) {
    struct wf_poll *poll = timer->data;
    (void)loop;
    (void)e;
    if (wf_link_is_in(&poll->link))
        poll_end_empty(poll);
    else
        poll->is_off = true; /* it is about to get a task */
}

static bool is_there(const struct wf_poll *poll) {
    return !poll->is_there || poll->is_there(poll->arg);
}

/* It did not get what it was meant to get: it was the first, and is again. */
static void poll_back(struct wf_poll *poll) {
    struct wf_link *polls = &poll->activity->polls;
    if (poll->is_off || !is_there(poll))
        poll_end_empty(poll);
    else
        wf_list_append(polls->next, &poll->link); /* before the first */
}

static void refuse(struct wf_poll *poll, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    poll_end(poll, wf_refusal_make(&text, exception, format, subject), NULL);
    wf_refusal_free(&text);
}

/* About the activity. */
static void refuse_activity(struct wf_poll *poll, const char *exception,
                            const char *format) {
    char *arn = wf_machine_arn(poll->engine, "activity",
                               wf_str(poll->activity->name), "");
    refuse(poll, exception, format, wf_str(arn));
    free(arn);
}

static void is_missing(void *arg) {
    refuse_activity(arg, "ActivityDoesNotExist", WF_NO_ACTIVITY);
}

void wf_polls_dismiss(struct wf_activity *activity) {
    struct wf_link *link;
    while ((link = wf_list_shift(&activity->polls)))
        is_missing(WF_ENTRY(link, struct wf_poll, link));
}

void wf_engine_end_polls(struct wf_engine *engine) {
    const struct wf_link *polls = &engine->activities.polls;
    struct wf_link *next;
    for (struct wf_link *at = polls->next; at != polls; at = next) {
        struct wf_poll *poll = WF_ENTRY(at, struct wf_poll, all);
        next = at->next;
        timed_out(engine->loop, &poll->timer, 0);
    }
}

void wf_polls_free(struct wf_engine *engine) {
    struct wf_link *link;
    while ((link = wf_list_shift(&engine->activities.polls)))
        refuse(WF_ENTRY(link, struct wf_poll, all), "ServiceUnavailable",
               "The engine is closing.", WF_STR_NULL);
}

/* ---- tasks that are offered ---- */

bool wf_task_is_in_doubt(const struct wf_frame *frame) {
    return frame->phase == WF_PHASE_TOKEN && frame->activity &&
           !frame->has_started && !frame->taker;
}

static void join_offers(struct wf_activity *activity, struct wf_frame *frame,
                        bool is_first) {
    frame->queue = activity;
    wf_list_append(is_first ? activity->offers.next : &activity->offers,
                   &frame->offer_link);
}

static struct wf_str cursor_of(const struct wf_activity *activity) {
    return (struct wf_str){activity->cursor.data, activity->cursor.len};
}

static struct wf_key offer_key(const struct wf_engine *engine,
                               const struct wf_frame *frame) {
    return wf_key_offer(engine->partition, frame->activity,
                        frame->offered_ms, frame->execution->id,
                        frame->number);
}

/* Its row has to be found from here on. */
static void look_again(struct wf_activity *activity,
                       const struct wf_frame *frame) {
    struct wf_key key = offer_key(activity->engine, frame);
    struct wf_str cursor = cursor_of(activity);
    size_t len = key.len < cursor.len ? key.len : cursor.len;
    activity->is_dry = false;
    activity->has_parked = true;
    if (len && memcmp(key.data, cursor.data, len) < 0)
        activity->cursor.len = 0;
}

void wf_offer_end(struct wf_frame *frame) {
    struct wf_activity *activity = frame->queue;
    struct wf_poll *poll = frame->taker;
    bool leaves_memory = frame->phase == WF_PHASE_OFFER &&
                         frame->execution->status == WF_EXECUTION_RUNNING;
    if (activity && leaves_memory)
        look_again(activity, frame);
    wf_list_remove(&frame->offer_link);
    frame->queue = NULL;
    frame->taker = NULL;
    free(frame->worker);
    frame->worker = NULL;
    if (poll && !poll->is_handing && !poll->engine->closing)
        poll_back(poll);
}

void wf_offer_put(struct wf_engine *engine, struct wf_frame *frame,
                  bool ended) {
    bool is_wanted = !ended && frame->phase == WF_PHASE_OFFER;
    if (frame->has_offer_row == is_wanted)
        return;
    struct wf_key key = offer_key(engine, frame);
    if (is_wanted)
        wf_batch_put(wf_engine_rows(engine), wf_key_str(&key), WF_STR(""));
    else
        wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
    frame->has_offer_row = is_wanted;
}

/* The frame's timers begin when it has been taken. */
static void offer(struct wf_engine *engine, struct wf_frame *frame,
                  bool is_first) {
    struct wf_activity *activity = wf_frame_activity(engine, frame);
    frame->phase = WF_PHASE_OFFER;
    frame->has_started = false;
    frame->heartbeat_due_ms = frame->timeout_due_ms = 0;
    free(frame->worker); /* of one who did not get it */
    frame->worker = NULL;
    wf_timer_disarm(engine, frame);
    if (activity)
        join_offers(activity, frame, is_first);
    wf_frame_changed(engine, frame);
    if (activity)
        match(activity);
    if (!frame->taker)
        wf_frame_park_if_long(engine, frame);
}

void wf_task_offer(struct wf_engine *engine, struct wf_frame *frame) {
    const struct wf_activity *activity = wf_frame_activity(engine, frame);
    frame->activity = activity->number;
    frame->offered_ms = wf_clock_now_ms(engine->clock);
    offer(engine, frame, false);
}

void wf_task_offer_again(struct wf_engine *engine, struct wf_frame *frame) {
    if (!wf_frame_knows_activity(engine, frame))
        return; /* it runs when it does */
    wf_task_new_token(engine, frame);
    offer(engine, frame, true);
}

/* ---- from one to the other ---- */

static void give(struct wf_poll *poll, struct wf_frame *frame) {
    wf_list_remove(&poll->link);
    frame->taker = poll;
    wf_frame_run(poll->engine, frame);
}

static bool is_free(const struct wf_frame *frame, uint64_t number) {
    return frame && frame->phase == WF_PHASE_OFFER && !frame->taker &&
           frame->activity == number && !wf_frame_is_doomed(frame) &&
           !frame->execution->pause.since_ms;
}

static struct wf_poll *first_poll(struct wf_activity *activity) {
    while (!wf_list_is_empty(&activity->polls)) {
        struct wf_poll *poll =
            WF_ENTRY(activity->polls.next, struct wf_poll, link);
        if (is_there(poll))
            return poll;
        poll_end_empty(poll);
    }
    return NULL;
}

static struct wf_frame *first_offer(const struct wf_activity *activity) {
    const struct wf_link *link = activity->offers.next;
    for (; link != &activity->offers; link = link->next) {
        struct wf_frame *frame =
            WF_ENTRY(link, struct wf_frame, offer_link);
        if (is_free(frame, activity->number))
            return frame;
    }
    return NULL;
}

/* The poll's task was a row: its frame has been loaded. */
static void frame_there(void *arg, struct wf_execution *execution) {
    struct wf_poll *poll = arg;
    struct wf_engine *engine = poll->engine;
    struct wf_activity *activity = poll->activity;
    struct wf_frame *frame =
        execution ? wf_execution_frame(execution, poll->frame) : NULL;
    if (is_free(frame, activity->number)) {
        give(poll, frame);
        return;
    }
    poll_back(poll); /* it has been stopped meanwhile */
    match(activity);
    wf_engine_wake(engine);
}

/* A row of Q: whether somebody gets it, or need not. */
static bool take_row(struct wf_activity *activity, struct wf_str key) {
    struct wf_engine *engine = activity->engine;
    uint64_t id = wf_key_u64(key, 16);
    uint32_t number = wf_key_u32(key, 24);
    struct wf_execution *execution = wf_table_by_id(&engine->table, id);
    struct wf_frame *frame =
        execution ? wf_execution_frame(execution, number) : NULL;
    if (frame && !is_free(frame, activity->number))
        return true; /* taken, or over: its row is about to go */
    struct wf_poll *poll = first_poll(activity);
    if (!poll)
        return false;
    if (frame) {
        give(poll, frame);
        return true;
    }
    wf_list_remove(&poll->link);
    poll->execution = id;
    poll->frame = number;
    wf_frame_load_then(engine, id, number, frame_there, poll);
    return true;
}

static void rows_read(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct wf_activity *activity = arg;
    struct wf_engine *engine = activity->engine;
    size_t taken = 0;
    engine->loads--;
    activity->is_scanning = false;
    if (wf_engine_read_failed(engine, err))
        return;
    while (taken < count && take_row(activity, rows[taken].key))
        taken++;
    if (taken > 0 && !activity->has_parked) {
        activity->cursor.len = 0;
        wf_buf_addstr(&activity->cursor, rows[taken - 1].key);
        wf_buf_u8(&activity->cursor, 0); /* the next possible key */
    }
    activity->is_dry = !more && taken == count && !activity->has_parked;
    match(activity);
}

static void scan(struct wf_activity *activity) {
    struct wf_engine *engine = activity->engine;
    struct wf_key from =
        wf_key_offer(engine->partition, activity->number, 0, 0, 0);
    struct wf_key to = wf_key_offer(engine->partition, activity->number,
                                    INT64_MAX, 0, 0);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .keys_only = true,
                             .max_rows = SCAN_ROWS};
    if (activity->is_scanning)
        return;
    if (activity->cursor.len)
        range.from = cursor_of(activity);
    activity->is_scanning = true;
    activity->has_parked = false;
    engine->loads++;
    wf_store_scan(engine->store, &range, rows_read, activity);
}

static void match(struct wf_activity *activity) {
    struct wf_poll *poll;
    struct wf_frame *frame;
    if (wf_list_is_empty(&activity->polls))
        return;
    if (!activity->is_dry) {
        scan(activity);
        return;
    }
    while ((frame = first_offer(activity)) && (poll = first_poll(activity)))
        give(poll, frame);
}

void wf_polls_look_again(struct wf_engine *engine) {
    struct wf_activities *activities = &engine->activities;
    for (size_t i = 0; i < WF_ACTIVITY_BUCKETS; i++)
        for (struct wf_activity *a = activities->by_name[i]; a;
             a = a->next) {
            a->is_dry = false;
            a->has_parked = true; /* what is being read moves no cursor */
            a->cursor.len = 0;
            match(a);
        }
}

/* ---- handing over ---- */

static void start_timers(struct wf_engine *engine, struct wf_frame *frame) {
    int64_t now = wf_clock_now_ms(engine->clock);
    frame->timeout_due_ms = frame->timeout_ms ? now + frame->timeout_ms : 0;
    frame->heartbeat_due_ms =
        frame->heartbeat_ms ? now + frame->heartbeat_ms : 0;
    wf_timer_update(engine, frame);
}

void wf_task_handed_over(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_event event = {.type = WF_EVENT_ACTIVITY_STARTED,
                             .fields = WF_EVENT_HAS_STATE};
    if (frame->worker)
        event.fields |= WF_EVENT_HAS_TEXT;
    event.text = wf_str(frame->worker);
    wf_frame_event(engine, frame, &event);
    frame->has_started = true;
    start_timers(engine, frame);
    wf_frame_changed(engine, frame);
    wf_frame_park_if_long(engine, frame);
    free(frame->worker);
    frame->worker = NULL;
}

/* That the task is taken is durable. */
static void hand_over(void *arg) {
    struct wf_poll *poll = arg;
    struct wf_engine *engine = poll->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, poll->execution);
    struct wf_frame *frame =
        execution ? wf_execution_frame(execution, poll->frame) : NULL;
    struct wf_activity *activity = poll->activity;
    poll->is_handing = false;
    if (!frame || frame->taker != poll) { /* over before it began */
        poll_back(poll);
        match(activity);
        return;
    }
    frame->taker = NULL;
    if (!is_there(poll)) {
        poll_end_empty(poll);
        offer(engine, frame, true);
        match(activity);
        return;
    }
    struct wf_activity_task task = {.token = wf_str(poll->token),
                                    .input = wf_doc_text(poll->input)};
    poll_end(poll, NULL, &task);
    wf_task_handed_over(engine, frame);
}

static void take(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_poll *poll = frame->taker;
    frame->phase = WF_PHASE_TOKEN;
    wf_list_remove(&frame->offer_link);
    frame->queue = NULL;
    if (poll->worker)
        frame->worker = wf_strndup(poll->worker, strlen(poll->worker));
    poll->is_handing = true;
    poll->execution = frame->execution->id;
    poll->frame = frame->number;
    wf_doc_unref(poll->input); /* of a task that it did not get */
    poll->input = wf_doc_ref(frame->parameters.doc);
    wf_task_token_text(frame, poll->token);
    wf_frame_changed(engine, frame);
    wf_execution_after(engine, frame->execution, hand_over, poll);
}

void wf_offer_turn(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_poll *poll = frame->taker;
    if (!poll)
        return;
    if (is_there(poll)) {
        take(engine, frame);
        return;
    }
    frame->taker = NULL;
    poll_end_empty(poll);
    if (frame->queue)
        match(frame->queue);
}

/* ---- the operation ---- */

static void found(void *arg, struct wf_activity *activity) {
    struct wf_poll *poll = arg;
    struct wf_engine *engine = poll->engine;
    unsigned most = engine->options.profile->activity_polls;
    poll->activity = activity;
    wf_list_append(&engine->activities.polls, &poll->all);
    activity->poll_count++;
    ev_timer_init(&poll->timer, timed_out, POLL_S, 0);
    poll->timer.data = poll;
    ev_timer_start(engine->loop, &poll->timer);
    if (!activity->exists) {
        wf_engine_after(engine, is_missing, poll);
    } else if (most && activity->poll_count > most) {
        refuse_activity(poll, "ActivityWorkerLimitExceeded",
                        "Activity Worker Limit Exceeded: '%s'");
    } else {
        wf_list_append(&activity->polls, &poll->link);
        match(activity);
    }
}

void wf_engine_get_activity_task(struct wf_engine *engine,
                                 const struct wf_get_activity_task *ask,
                                 wf_activity_task_fn *reply, void *arg) {
    struct wf_refusal_text text = {0};
    struct wf_buf why = {0};
    struct wf_arn arn;
    if (!wf_arn_read(ask->arn, "activity", NULL, &arn, &why)) {
        reply(arg,
              wf_refusal_make(&text, "InvalidArn", "%s",
                              (struct wf_str){why.data, why.len}),
              NULL);
        wf_refusal_free(&text);
        wf_buf_free(&why);
        return;
    }
    struct wf_poll *poll = wf_call_new(engine, sizeof(*poll), drop);
    poll->engine = engine;
    poll->is_there = ask->is_there;
    poll->reply = reply;
    poll->arg = arg;
    if (ask->worker_name.data)
        poll->worker = wf_strndup(ask->worker_name.data,
                                  ask->worker_name.len);
    wf_activity_by_name(engine, arn.name, found, poll);
}
