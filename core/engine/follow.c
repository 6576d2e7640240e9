/*
 * follow.c - WaitForEvents: whoever follows a history hears of its next events
 * once they are durable.
 *
 * Followers stand in a table by execution, so one that follows a parked
 * execution costs that execution nothing. Building a batch notes the
 * followers of each execution that has events in it; when the batch is
 * durable, they read the history as anybody does. A follower that is noted
 * while it reads reads again, so nothing falls between.
 */
#include <stdlib.h>

#include "engine_impl.h"

#define FOLLOWER_BUCKETS 256
#define LONGEST_WAIT_MS 60000

struct follower {
    struct follower *next;    /* in its bucket */
    struct wf_link noted_link;
    struct wf_engine *engine;
    char *arn;
    uint64_t execution;
    uint64_t after;
    uint64_t noted_seq;       /* first batch since the last read; 0: none */
    uint64_t latest_seq;      /* latest one with events for it */
    unsigned max_results;
    int64_t timeout_ms;
    struct ev_timer timer;
    bool is_reading, reads_again, is_described, is_late;
    wf_events_fn *reply;
    void *arg;
};

struct wf_followers {
    struct follower *buckets[FOLLOWER_BUCKETS];
    struct wf_link noted; /* in the order of noted_seq */
    unsigned count;
};

static struct follower **bucket(struct wf_followers *followers, uint64_t id) {
    id *= UINT64_C(0x9e3779b97f4a7c15);
    return &followers->buckets[id >> 32 & (FOLLOWER_BUCKETS - 1)];
}

/* A wf_call's: what it holds. */
static void drop(void *call) {
    struct follower *follower = call;

    free(follower->arn);
}

static void unlink_follower(struct follower *follower) {
    struct wf_engine *engine = follower->engine;
    struct follower **at = bucket(engine->followers, follower->execution);

    while (*at != follower)
        at = &(*at)->next;
    *at = follower->next;
    wf_list_remove(&follower->noted_link);
    ev_timer_stop(engine->loop, &follower->timer);
    if (--engine->followers->count > 0)
        return;
    free(engine->followers);
    engine->followers = NULL;
}

static void answer(struct follower *follower, const struct wf_refusal *refusal,
                   const struct wf_history_event *events, size_t count,
                   enum wf_execution_status status) {
    unlink_follower(follower);
    follower->reply(follower->arg, refusal, events, count, status);
    wf_call_free(follower);
}

/* ---- reading ---- */

static void read_events(struct follower *follower);

static enum wf_execution_status status_after(enum wf_event_type type) {
    switch (type) {
    case WF_EVENT_EXECUTION_SUCCEEDED:
        return WF_EXECUTION_SUCCEEDED;
    case WF_EVENT_EXECUTION_FAILED:
        return WF_EXECUTION_FAILED;
    case WF_EVENT_EXECUTION_TIMED_OUT:
        return WF_EXECUTION_TIMED_OUT;
    case WF_EVENT_EXECUTION_ABORTED:
        return WF_EXECUTION_ABORTED;
    default:
        return WF_EXECUTION_RUNNING;
    }
}

/* There was nothing: is there more by now, or was that all? */
static void on_described(void *arg, const struct wf_refusal *refusal,
                         const struct wf_execution_reply *reply) {
    struct follower *follower = arg;

    follower->is_reading = false;
    if (refusal)
        answer(follower, refusal, NULL, 0, 0);
    else if (follower->reads_again)
        read_events(follower);
    else if (follower->is_late || reply->status != WF_EXECUTION_RUNNING)
        answer(follower, NULL, NULL, 0, reply->status);
}

static void on_events(void *arg, const struct wf_refusal *refusal,
                      const struct wf_history_event *events, size_t count,
                      struct wf_str next_token) {
    struct follower *follower = arg;

    (void)next_token;
    follower->is_reading = false;
    if (refusal) {
        answer(follower, refusal, NULL, 0, 0);
    } else if (count > 0) {
        answer(follower, NULL, events, count,
               status_after(events[count - 1].event.type));
    } else if (follower->reads_again) {
        read_events(follower);
    } else if (follower->is_late) {
        answer(follower, NULL, NULL, 0, WF_EXECUTION_RUNNING);
    } else if (!follower->is_described) {
        follower->is_described = true;
        follower->is_reading = true;
        wf_describe(follower->engine, follower->execution, on_described,
                    follower);
    }
}

static void read_events(struct follower *follower) {
    struct wf_get_history ask = {
        .execution_arn = wf_str(follower->arn),
        .max_results = follower->max_results,
        .is_behind = true,
        .after = follower->after,
    };

    follower->is_reading = true;
    follower->reads_again = false;
    wf_engine_get_history(follower->engine, &ask, on_events, follower);
}

static void timed_out(struct ev_loop *loop, struct ev_timer *timer, int e) {
    struct follower *follower = timer->data;

    (void)loop;
    (void)e;
    follower->is_late = true;
    if (!follower->is_reading)
        answer(follower, NULL, NULL, 0, WF_EXECUTION_RUNNING);
}

/* ---- batches ---- */

static void note(struct follower *follower, uint64_t seq) {
    follower->latest_seq = seq;
    if (wf_link_is_in(&follower->noted_link))
        return;
    follower->noted_seq = seq;
    wf_list_append(&follower->engine->followers->noted,
                   &follower->noted_link);
}

void wf_followers_note(struct wf_engine *engine, uint64_t execution) {
    struct follower *follower = *bucket(engine->followers, execution);

    for (; follower; follower = follower->next)
        if (follower->execution == execution)
            note(follower, engine->next_seq);
}

/* The first follower for which something has become durable. */
static struct follower *next_durable(struct wf_engine *engine) {
    struct wf_followers *followers = engine->followers;

    if (!followers || wf_list_is_empty(&followers->noted))
        return NULL; /* the last one may have been answered */
    struct follower *first =
        WF_ENTRY(followers->noted.next, struct follower, noted_link);
    return first->noted_seq <= engine->durable_seq ? first : NULL;
}

void wf_followers_durable(struct wf_engine *engine) {
    struct follower *follower;

    while ((follower = next_durable(engine))) {
        wf_list_remove(&follower->noted_link);
        if (follower->latest_seq > engine->durable_seq)
            note(follower, follower->latest_seq);
        if (follower->is_reading)
            follower->reads_again = true;
        else
            read_events(follower);
    }
}

/* ---- the request ---- */

static void found(void *arg, uint64_t id) {
    struct follower *follower = arg;
    struct wf_engine *engine = follower->engine;

    if (!engine->followers) {
        engine->followers = wf_calloc(1, sizeof(*engine->followers));
        wf_list_init(&engine->followers->noted);
    }
    struct follower **at = bucket(engine->followers, id);
    follower->execution = id;
    follower->next = *at;
    *at = follower;
    engine->followers->count++;
    ev_timer_init(&follower->timer, timed_out,
                  (double)follower->timeout_ms / 1000, 0);
    follower->timer.data = follower;
    ev_timer_start(engine->loop, &follower->timer);
    read_events(follower); /* an id of 0, too: that says what is wrong */
}

void wf_engine_wait_for_events(struct wf_engine *engine,
                               const struct wf_wait_for_events *ask,
                               wf_events_fn *reply, void *arg) {
    struct follower *follower = wf_call_new(engine, sizeof(*follower), drop);

    *follower = (struct follower){
        .engine = engine,
        .arn = wf_strndup(ask->execution_arn.data, ask->execution_arn.len),
        .after = ask->after,
        .max_results = ask->max_results,
        .timeout_ms = ask->timeout_ms <= 0 || ask->timeout_ms > LONGEST_WAIT_MS
                          ? LONGEST_WAIT_MS
                          : ask->timeout_ms,
        .reply = reply,
        .arg = arg,
    };
    wf_execution_find(engine, wf_str(follower->arn), found, follower);
}

void wf_followers_free(struct wf_engine *engine) {
    static const struct wf_refusal closing = {
        .exception = "ServiceUnavailable",
        .message = {"The engine is closing.", 22},
    };

    for (size_t i = 0; engine->followers && i < FOLLOWER_BUCKETS; i++)
        while (engine->followers && engine->followers->buckets[i])
            answer(engine->followers->buckets[i], &closing, NULL, 0, 0);
}
