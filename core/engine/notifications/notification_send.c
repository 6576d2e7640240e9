/*
 * notification_send.c - sending events, and what becomes of them. See
 * notification_impl.h.
 *
 * What is not taken is tried again, each time after a longer pause. When
 * three attempts in a row have failed, whichever events those were of, the
 * target itself pauses, longer each time, and gets one at a time until one
 * gets through.
 */
#include <stdio.h>
#include <stdlib.h>

#include "notification_impl.h"
#include "secret_key.h"

/* A handler that has not ended by then is ended. */
#define HANDLER_MS (INT64_C(15) * 60 * 1000)
#define REASON_BYTES 512
#define PAUSES_AFTER 3

/* ---- outcomes ---- */

static int64_t pause_ms(struct wf_engine *engine,
                        const struct wf_notification_policy *policy,
                        unsigned failures) {
    double ms = (double)policy->interval_ms;
    double jitter;

    while (--failures > 0 && ms < (double)policy->delay_ms)
        ms *= policy->rate < 1.01 ? (double)policy->delay_ms : policy->rate;
    if (policy->rate < 1.01)
        ms = (double)policy->interval_ms;
    if (ms > (double)policy->delay_ms)
        ms = (double)policy->delay_ms;
    jitter = (double)(wf_clock_random(engine->clock) % 1024) / 1024;
    return (int64_t)(ms * (0.5 + jitter / 2)) + 1;
}

/* It is not being sent any more. */
static void rest(struct wf_notification_entry *entry) {
    struct wf_notification_queue *queue = entry->queue;

    if (entry->task)
        queue->engine->notifications->tasks--;
    entry->task = 0;
    entry->state = WF_ENTRY_WAITS;
    queue->in_flight--;
    queue->wake_ms = 0;
}

static void delivered(struct wf_notification_entry *entry) {
    struct wf_notification_queue *queue = entry->queue;

    rest(entry);
    queue->failures = 0;
    queue->paused_ms = 0;
    queue->stand.delivered++;
    queue->stand.delivered_ms = wf_clock_now_ms(queue->engine->clock);
    wf_notification_forget(entry);
}

void wf_notification_unwanted(struct wf_notification_entry *entry) {
    rest(entry);
    wf_notification_forget(entry);
}

static void note_failure(struct wf_notification_queue *queue, int64_t now,
                         struct wf_str why) {
    queue->stand.failures++;
    queue->stand.failed_ms = now;
    queue->error.len = 0;
    wf_buf_addstr(&queue->error, why);
}

void wf_notification_fail(struct wf_notification_entry *entry,
                          struct wf_str why) {
    struct wf_notification_queue *queue = entry->queue;

    rest(entry);
    note_failure(queue, wf_clock_now_ms(queue->engine->clock), why);
    wf_notification_bury(entry, why);
}

static void pause_queue(struct wf_notification_queue *queue, int64_t until,
                        int64_t now, struct wf_str why) {
    if (queue->failures == PAUSES_AFTER)
        wf_engine_notice(queue->engine,
                         WF_WARNING "notifications for %s can't be "
                         "delivered and are kept: %.*s", queue->target->id,
                         (int)why.len, why.data);
    if (queue->failures >= PAUSES_AFTER) {
        int64_t pause =
            now + pause_ms(queue->engine, &queue->target->policy,
                           queue->failures - PAUSES_AFTER + 1);
        until = until > pause ? until : pause;
    }
    if (until > queue->paused_ms)
        queue->paused_ms = until;
}

/* `asked_ms`: the target wants to be left alone until then; 0: it does not
 * say. */
static void try_again(struct wf_notification_entry *entry, int64_t asked_ms,
                      struct wf_str why) {
    struct wf_notification_queue *queue = entry->queue;
    const struct wf_notification_policy *policy = &queue->target->policy;
    int64_t now = wf_clock_now_ms(queue->engine->clock);

    rest(entry);
    note_failure(queue, now, why);
    queue->failures++;
    pause_queue(queue, asked_ms, now, why);
    if (entry->attempts > policy->attempts ||
        now - entry->first_ms > policy->age_ms) {
        wf_notification_bury(entry, why);
        return;
    }
    entry->due_ms =
        now + pause_ms(queue->engine, policy, entry->attempts);
    if (asked_ms > entry->due_ms)
        entry->due_ms = asked_ms;
    wf_notification_rewrite(entry, why);
}

/* ---- endpoints ---- */

/* Those that EventBridge tries again, and those that HTTP says to. */
static bool may_pass(unsigned status) {
    return status == 0 || status >= 500 || status == 401 || status == 407 ||
           status == 408 || status == 409 || status == 425 || status == 429;
}

static void is_sent(void *arg, const struct wf_sent *sent) {
    struct wf_notification_entry *entry = arg;
    struct wf_notification_queue *queue = entry->queue;
    int64_t now = wf_clock_now_ms(queue->engine->clock), asked = 0;
    struct wf_buf why = {0};

    if (sent->status)
        wf_buf_addf(&why, "HTTP status %u%s", sent->status,
                    sent->why.len ? ": " : "");
    wf_buf_addstr(&why, sent->why);
    struct wf_str reason =
        wf_str_clip(wf_notification_text(&why), REASON_BYTES);
    if (sent->retry_after_s > 0)
        asked = now + 1000 * (sent->retry_after_s < 3600
                                  ? sent->retry_after_s : 3600);
    if (sent->status >= 200 && sent->status < 300)
        delivered(entry);
    else if (may_pass(sent->status))
        try_again(entry, asked, reason);
    else
        wf_notification_fail(entry, reason);
    wf_buf_free(&why);
    wf_notification_pump(queue);
}

/* Headers that say which event it is, and who sends it. */
static void post(struct wf_notification_entry *entry, const char *id,
                 struct wf_buf *text) {
    const struct wf_notification_target *target = entry->queue->target;
    struct wf_engine *engine = entry->queue->engine;
    struct wf_notifications *all = engine->notifications;
    int64_t now_s = wf_clock_now_ms(engine->clock) / 1000;
    struct wf_buf signature = {0};
    char id_line[64], time_line[64], attempt_line[64];
    const char *headers[64] = {"Content-Type: application/json", id_line,
                               time_line, attempt_line};
    size_t count = 4;

    snprintf(id_line, sizeof(id_line), "webhook-id: %s", id);
    snprintf(time_line, sizeof(time_line), "webhook-timestamp: %lld",
             (long long)now_s);
    snprintf(attempt_line, sizeof(attempt_line), "webhook-attempt: %u",
             entry->attempts);
    if (target->secret.len) {
        wf_buf_adds(&signature, "webhook-signature: ");
        wf_secret_key_sign(&target->secret, id, now_s,
                           wf_notification_text(text), &signature);
        wf_buf_u8(&signature, 0);
        headers[count++] = signature.data;
    }
    for (char **at = target->headers; at && *at; at++)
        headers[count++] = *at;
    if (!all->sender)
        all->sender = wf_sender_new(engine->loop);
    struct wf_sending sending = {.url = target->url, .headers = headers,
                                 .body = text,
                                 .timeout_s = target->timeout_s};
    wf_sender_post(all->sender, &sending, is_sent, entry);
    wf_buf_free(&signature);
}

/* ---- handlers ---- */

static void text_member(struct wf_buf *out, const char *name,
                        struct wf_str text) {
    wf_buf_addf(out, "\"%s\":", name);
    wf_buf_json(out, text);
    wf_buf_u8(out, ',');
}

/* The `task` argument of a handler, as JSON (pool.h). */
static void task_context(const struct wf_notification_entry *entry,
                         const char *id, struct wf_buf *out) {
    struct wf_notification_row row;

    wf_notification_decode(wf_notification_text(&entry->row), &row);
    wf_buf_u8(out, '{');
    text_member(out, "token", wf_str(id));
    text_member(out, "execution", row.what.arn);
    text_member(out, "idempotency_key", wf_str(id));
    text_member(out, "execution_name", row.what.name);
    text_member(out, "state", WF_STR(""));
    wf_buf_addf(out, "\"attempt\":%u,\"restarted\":0,\"deadline_ms\":%lld}",
                entry->attempts, (long long)entry->limit_ms);
}

static void dispatch(struct wf_notification_entry *entry, const char *id,
                     const struct wf_buf *text) {
    struct wf_engine *engine = entry->queue->engine;
    struct wf_buf context = {0};

    entry->task = ++engine->last_task;
    entry->limit_ms = wf_clock_now_ms(engine->clock) + HANDLER_MS;
    engine->notifications->tasks++;
    task_context(entry, id, &context);
    struct wf_pool_task task = {
        .id = entry->task,
        .bundle = wf_str(engine->bundle),
        .function = wf_str(entry->queue->target->handler),
        .input = wf_notification_text(text),
        .context = wf_notification_text(&context),
        .timeout_ms = HANDLER_MS,
    };
    if (engine->clock->is_virtual)
        task.virtual_now_ms = wf_clock_now_ms(engine->clock);
    wf_pool_dispatch(engine->pool, &task);
    wf_buf_free(&context);
}

static struct wf_notification_entry *find_task(const struct wf_engine *engine,
                                               uint64_t task) {
    const struct wf_notifications *all = engine->notifications;

    if (!all || all->tasks == 0)
        return NULL;
    for (size_t i = 0; i < all->targets.count; i++) {
        const struct wf_link *list = &all->queues[i].window;
        for (const struct wf_link *at = list->next; at != list;
             at = at->next) {
            struct wf_notification_entry *entry =
                WF_ENTRY(at, struct wf_notification_entry, link);
            if (entry->task == task)
                return entry;
        }
    }
    return NULL;
}

bool wf_notifications_have_task(const struct wf_engine *engine,
                                uint64_t task) {
    return find_task(engine, task) != NULL;
}

static void handler_failed(struct wf_notification_entry *entry,
                           const struct wf_failure *failure) {
    struct wf_buf why = {0};

    if (failure) {
        wf_buf_addstr(&why, failure->error);
        wf_buf_adds(&why, ": ");
        wf_buf_addstr(&why, failure->cause);
    } else {
        wf_buf_adds(&why, "Its worker process was killed");
    }
    try_again(entry, 0, wf_str_clip(wf_notification_text(&why),
                                    REASON_BYTES));
    wf_buf_free(&why);
}

bool wf_notifications_task_ended(struct wf_engine *engine, uint64_t task,
                                 enum wf_task_end how,
                                 const struct wf_failure *failure) {
    struct wf_notification_entry *entry = find_task(engine, task);

    if (!entry)
        return false;
    struct wf_notification_queue *queue = entry->queue;
    if (how == WF_TASK_SUCCEEDED)
        delivered(entry);
    else
        handler_failed(entry, how == WF_TASK_LOST ? NULL : failure);
    wf_notification_pump(queue);
    return true;
}

void wf_notification_limit(struct wf_notification_queue *queue,
                           int64_t now) {
    static const struct wf_failure failure = {
        {"States.Timeout", sizeof("States.Timeout") - 1},
        {"It ran too long", sizeof("It ran too long") - 1}};
    struct wf_link *link = queue->window.next, *next;

    for (; link != &queue->window; link = next) {
        struct wf_notification_entry *entry =
            WF_ENTRY(link, struct wf_notification_entry, link);
        next = link->next;
        if (!entry->task || now < entry->limit_ms)
            continue;
        wf_pool_cancel(queue->engine->pool, entry->task, NULL, NULL);
        handler_failed(entry, &failure);
    }
}

/* ---- both ---- */

void wf_notification_send(struct wf_notification_entry *entry,
                          struct wf_buf *text) {
    struct wf_engine *engine = entry->queue->engine;
    struct wf_notification_row row;
    char id[WF_NOTIFICATION_ID];

    wf_notification_decode(wf_notification_text(&entry->row), &row);
    wf_notification_id(&row.what, wf_str(engine->region),
                       wf_str(engine->account), id);
    entry->attempts++;
    if (entry->queue->target->url)
        post(entry, id, text);
    else
        dispatch(entry, id, text);
}
