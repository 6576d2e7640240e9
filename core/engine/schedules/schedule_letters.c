/*
 * schedule_letters.c - dead letters on their way to their queues. See
 * schedule_impl.h.
 *
 * Their rows are read from the beginning, as those of schedules that are due
 * (schedule_fire.c); a worker process asks SQS, some at a time. A row goes,
 * or gets another time, when it is known what became of it; until that is
 * durable the delivery is remembered, so it is not begun twice.
 */
#include <stdio.h>
#include <stdlib.h>

#include "schedule_impl.h"
#include "schedules.h"

#define AT_ONCE 8
#define SCAN_BYTES ((size_t)2 << 20)
#define KEPT_MS INT64_C(86400000)
#define BACKOFF_FIRST_MS INT64_C(2000)
#define BACKOFF_MOST_MS INT64_C(480000)
#define LIMIT_MS INT64_C(300000)
#define REASON_BYTES 512

/* A letter that is being sent, or whose row is being written. */
struct delivery {
    struct wf_link link;
    struct wf_engine *engine;
    int64_t due_ms; /* of its row, with the id */
    uint64_t id;
    uint64_t task;    /* 0: it has ended */
    int64_t limit_ms; /* when that has run long enough */
    int64_t next_ms;  /* of the row that it leaves */
    struct wf_buf row;
};
#define DELIVERY(at) WF_ENTRY(at, struct delivery, link)

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data ? buf->data : "", buf->len};
}

static void drop(struct delivery *delivery) {
    wf_list_remove(&delivery->link);
    wf_buf_free(&delivery->row);
    free(delivery);
}

void wf_schedule_letters_close(struct wf_engine *engine) {
    const struct wf_link *list = &engine->schedules->letters;
    struct wf_link *link = list->next, *next;
    for (; link != list; link = next) {
        next = link->next;
        drop(DELIVERY(link));
    }
}

void wf_schedule_letters_note(struct wf_engine *engine, int64_t due_ms) {
    struct wf_schedules *schedules = engine->schedules;
    if (due_ms < schedules->letters_next_ms)
        schedules->letters_next_ms = due_ms;
    if (due_ms < schedules->letters_unseen_ms)
        schedules->letters_unseen_ms = due_ms;
    wf_engine_wake(engine);
}

/* ---- what becomes of them ---- */

static void settled(void *arg) {
    struct delivery *delivery = arg;
    struct wf_engine *engine = delivery->engine;
    int64_t next_ms = delivery->next_ms;
    engine->schedules->sending--;
    drop(delivery);
    wf_schedule_letters_note(engine, next_ms);
}

/* Its row goes; another one may be in the open batch. */
static void settle(struct delivery *delivery) {
    struct wf_engine *engine = delivery->engine;
    struct wf_key key = wf_key_schedule_letter(
        engine->partition, delivery->due_ms, delivery->id);
    delivery->task = 0;
    wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
    wf_engine_after(engine, settled, delivery);
    wf_engine_wake(engine);
}

static int64_t backoff_ms(uint32_t attempts) {
    int64_t ms = BACKOFF_FIRST_MS;
    while (--attempts > 0 && ms < BACKOFF_MOST_MS)
        ms *= 2;
    return ms < BACKOFF_MOST_MS ? ms : BACKOFF_MOST_MS;
}

static void tell(struct wf_engine *engine,
                 const struct wf_schedule_letter *letter, const char *what,
                 struct wf_str why) {
    wf_engine_notice(engine,
                     WF_WARNING "the dead letter of %.*s for %.*s %s: %.*s",
                     (int)letter->schedule.len, letter->schedule.data,
                     (int)letter->queue.len, letter->queue.data, what,
                     (int)why.len, why.data);
}

static void put_again(struct delivery *delivery,
                      const struct wf_schedule_letter *letter) {
    struct wf_engine *engine = delivery->engine;
    struct wf_key key = wf_key_schedule_letter(
        engine->partition, delivery->next_ms, delivery->id);
    struct wf_buf row = {0};
    wf_schedule_letter_encode(letter, &row);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key), text_of(&row));
    wf_buf_free(&row);
}

static void failed(struct delivery *delivery, struct wf_str why) {
    struct wf_engine *engine = delivery->engine;
    struct wf_schedules *schedules = engine->schedules;
    struct wf_schedule_letter letter;
    wf_schedule_letter_decode(text_of(&delivery->row), &letter);
    letter.attempts++;
    int64_t due_ms =
        wf_clock_now_ms(engine->clock) + backoff_ms(letter.attempts);
    if (due_ms - letter.first_ms > KEPT_MS) {
        tell(engine, &letter, "was tried for a day and is dropped", why);
    } else {
        if (!schedules->letters_fail)
            tell(engine, &letter, "can't be sent and is kept", why);
        delivery->next_ms = due_ms;
        put_again(delivery, &letter);
    }
    schedules->letters_fail = true;
    settle(delivery);
}

static struct delivery *find_task(const struct wf_engine *engine,
                                  uint64_t task) {
    const struct wf_link *list = &engine->schedules->letters;
    for (struct wf_link *at = list->next; at != list; at = at->next)
        if (DELIVERY(at)->task == task)
            return DELIVERY(at);
    return NULL;
}

bool wf_schedules_have_task(const struct wf_engine *engine, uint64_t task) {
    return find_task(engine, task) != NULL;
}

bool wf_schedules_task_ended(struct wf_engine *engine, uint64_t task,
                             enum wf_task_end how,
                             const struct wf_failure *failure) {
    struct delivery *delivery = find_task(engine, task);
    struct wf_buf why = {0};
    if (!delivery)
        return false;
    if (how == WF_TASK_SUCCEEDED) {
        engine->schedules->letters_fail = false;
        settle(delivery);
        return true;
    }
    if (how == WF_TASK_LOST) {
        wf_buf_adds(&why, "Its worker process was killed");
    } else {
        wf_buf_addstr(&why, failure->error);
        wf_buf_adds(&why, ": ");
        wf_buf_addstr(&why, failure->cause);
    }
    failed(delivery, wf_str_clip(text_of(&why), REASON_BYTES));
    wf_buf_free(&why);
    return true;
}

/* Handlers that stand in for SQS may not come to an end. */
void wf_schedules_housekeeping(struct wf_engine *engine) {
    struct wf_link *list = &engine->schedules->letters;
    int64_t now = wf_clock_now_ms(engine->clock);
    for (struct wf_link *at = list->next; at != list; at = at->next) {
        struct delivery *delivery = DELIVERY(at);
        if (!delivery->task || now < delivery->limit_ms)
            continue;
        wf_pool_cancel(engine->pool, delivery->task, NULL, NULL);
        failed(delivery, WF_STR("SQS took too long"));
    }
}

/* ---- sending them ---- */

static void dispatch(struct delivery *delivery,
                     const struct wf_schedule_letter *letter) {
    struct wf_engine *engine = delivery->engine;
    int64_t now = wf_clock_now_ms(engine->clock);
    struct wf_buf context = {0};
    delivery->task = ++engine->last_task;
    delivery->limit_ms = now + LIMIT_MS;
    wf_buf_addf(&context,
                "{\"token\":\"%016llx\",\"idempotency_key\":\"%016llx\","
                "\"execution\":\"\",\"execution_name\":\"\",\"state\":\"\","
                "\"attempt\":%u,\"restarted\":0,\"deadline_ms\":%lld}",
                (unsigned long long)delivery->id,
                (unsigned long long)delivery->id, letter->attempts + 1,
                (long long)delivery->limit_ms);
    struct wf_pool_task task = {
        .id = delivery->task,
        .bundle = wf_str(engine->bundle),
        .function = WF_STR("aws:sqs:sendMessage"),
        .input = letter->request,
        .context = text_of(&context),
        .timeout_ms = LIMIT_MS,
    };
    if (engine->clock->is_virtual)
        task.virtual_now_ms = now;
    wf_pool_dispatch(engine->pool, &task);
    wf_buf_free(&context);
}

static bool is_under_way(const struct wf_engine *engine, int64_t due_ms,
                         uint64_t id) {
    const struct wf_link *list = &engine->schedules->letters;
    for (struct wf_link *at = list->next; at != list; at = at->next)
        if (DELIVERY(at)->due_ms == due_ms && DELIVERY(at)->id == id)
            return true;
    return false;
}

/* False: there is no room for more of them now. */
static bool begin(struct wf_engine *engine, const struct wf_row *row,
                  int64_t due_ms) {
    struct wf_schedules *schedules = engine->schedules;
    struct wf_schedule_letter letter;
    uint64_t id = wf_key_u64(row->key, 1 + 8);
    if (is_under_way(engine, due_ms, id))
        return true;
    if (schedules->sending >= AT_ONCE)
        return false;
    struct delivery *delivery = wf_calloc(1, sizeof(*delivery));
    delivery->engine = engine;
    delivery->due_ms = due_ms;
    delivery->id = id;
    delivery->next_ms = WF_SCHEDULE_NO_TIME;
    wf_buf_addstr(&delivery->row, row->value);
    wf_list_append(&schedules->letters, &delivery->link);
    schedules->sending++;
    if (wf_schedule_letter_decode(text_of(&delivery->row), &letter)) {
        dispatch(delivery, &letter);
    } else {
        wf_engine_notice(engine,
                         WF_ERROR "a dead letter of a schedule does not "
                                 "decode: it is dropped");
        settle(delivery);
    }
    return true;
}

static void letter_rows(void *arg, const struct wf_row *rows, size_t count,
                        bool more, const struct wf_error *err) {
    struct wf_engine *engine = arg;
    struct wf_schedules *schedules = engine->schedules;
    engine->loads--;
    schedules->scanning_letters = false;
    if (wf_engine_read_failed(engine, err))
        return;
    int64_t now = wf_clock_now_ms(engine->clock);
    int64_t next = more ? now : WF_SCHEDULE_NO_TIME;
    for (size_t i = 0; i < count; i++) {
        int64_t due = (int64_t)wf_key_u64(rows[i].key, 1);
        if (due > now) {
            next = due;
            break;
        }
        if (!begin(engine, &rows[i], due)) {
            next = now;
            break;
        }
    }
    schedules->letters_next_ms = next < schedules->letters_unseen_ms
                                     ? next
                                     : schedules->letters_unseen_ms;
    wf_engine_wake(engine);
}

static bool can_send(const struct wf_engine *engine) {
    const struct wf_schedules *schedules = engine->schedules;
    return !schedules->scanning_letters && schedules->sending < AT_ONCE &&
           !engine->stalled && !wf_engine_is_held_back(engine);
}

void wf_schedule_letters_send(struct wf_engine *engine, int64_t now) {
    struct wf_schedules *schedules = engine->schedules;
    if (schedules->letters_next_ms > now || !can_send(engine))
        return;
    struct wf_key from = wf_key_schedule_letter(engine->partition, 0, 0);
    struct wf_key to =
        wf_key_schedule_letter(engine->partition, INT64_MAX, 0);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = AT_ONCE + schedules->sending,
                             .max_bytes = AT_ONCE * SCAN_BYTES};
    schedules->scanning_letters = true;
    schedules->letters_unseen_ms = WF_SCHEDULE_NO_TIME;
    engine->loads++;
    wf_store_scan(engine->store, &range, letter_rows, engine);
}

int64_t wf_schedule_letters_wake(const struct wf_engine *engine) {
    return can_send(engine) ? engine->schedules->letters_next_ms : INT64_MAX;
}
