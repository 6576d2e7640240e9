/* schedule_start.c - a firing starts its execution, tries again later, or
 * gives up. See schedule_impl.h. */
#include <stdlib.h>

#include "schedule_impl.h"

/* Between attempts: 2 s, 4 s … 8 min: the 185 of them that AWS makes take a
 * day. */
#define BACKOFF_FIRST_MS INT64_C(2000)
#define BACKOFF_MOST_MS INT64_C(480000)
#define SHOWN_BYTES 1024

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data ? buf->data : "", buf->len};
}

void wf_firing_go_on(struct wf_firing *firing, int64_t after_ms) {
    struct wf_schedule *schedule = &firing->turn.schedule;
    if (!firing->retry_slot_ms)
        wf_schedule_set_slot(
            firing->turn.engine, schedule,
            wf_schedule_slot_after(&firing->plan, schedule, after_ms));
}

void wf_firing_put(struct wf_firing *firing) {
    struct wf_engine *engine = firing->turn.engine;
    struct wf_schedule *schedule = &firing->turn.schedule;
    bool is_done = schedule->slot_ms == WF_SCHEDULE_NO_TIME &&
                   schedule->is_deleted_after && schedule->retrying == 0;
    firing->is_put = true;
    if (is_done) {
        wf_schedule_delete(engine, &firing->before);
        firing->turn.exists = false;
    } else {
        wf_schedule_put(engine, schedule, &firing->before);
    }
}

/* ---- slots that are tried again ---- */

static void delete_retry(struct wf_firing *firing) {
    struct wf_engine *engine = firing->turn.engine;
    if (!firing->retry_slot_ms)
        return;
    struct wf_key key =
        wf_schedule_due_key(engine, firing->due_ms, &firing->turn.schedule,
                            firing->retry_slot_ms);
    wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
    if (firing->turn.schedule.retrying > 0)
        firing->turn.schedule.retrying--;
}

static void put_retry(struct wf_firing *firing,
                      const struct wf_schedule_retry *retry, int64_t due_ms) {
    struct wf_engine *engine = firing->turn.engine;
    struct wf_key key = wf_schedule_due_key(
        engine, due_ms, &firing->turn.schedule, firing->slot_ms);
    struct wf_buf row = {0};
    wf_schedule_retry_encode(retry, &row);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key), text_of(&row));
    wf_buf_free(&row);
    firing->turn.schedule.retrying++;
    firing->noted_ms = due_ms;
}

static int64_t backoff_ms(uint32_t attempts) {
    int64_t ms = BACKOFF_FIRST_MS;
    while (--attempts > 0 && ms < BACKOFF_MOST_MS)
        ms *= 2;
    return ms < BACKOFF_MOST_MS ? ms : BACKOFF_MOST_MS;
}

/* Nothing but another definition of the schedule would mend it. */
static bool is_hopeless(const char *exception) {
    static const char *const names[] = {
        "ValidationException", "InvalidExecutionInput", "InvalidName",
        "InvalidArn", NULL};
    for (const char *const *at = names; *at; at++)
        if (strcmp(*at, exception) == 0)
            return true;
    return false;
}

/* The dead letter, for people and for programs that read the log. */
static void give_up(struct wf_firing *firing, uint32_t attempts) {
    const struct wf_schedule_call *call = &firing->call;
    struct wf_buf line = {0}, arn = {0};
    char slot[25];
    struct wf_str input = wf_str_clip(text_of(&call->input), SHOWN_BYTES);
    wf_clock_iso(firing->slot_ms, slot);
    wf_schedule_arn(firing->turn.engine, firing->turn.schedule.group,
                    firing->turn.schedule.name, &arn);
    wf_buf_adds(&line, "{\"deadLetter\":{\"scheduleArn\":");
    wf_buf_json(&line, text_of(&arn));
    wf_buf_addf(&line, ",\"scheduledTime\":\"%.19sZ\",\"attempts\":%u,"
                       "\"error\":",
                slot, attempts);
    wf_buf_json(&line, wf_str_clip(text_of(&firing->error), SHOWN_BYTES));
    wf_buf_adds(&line, ",\"queue\":");
    wf_buf_json(&line, text_of(&call->dead_letters));
    wf_buf_adds(&line, ",\"input\":");
    wf_buf_json(&line, input);
    wf_buf_adds(&line, "}}");
    wf_engine_notice(firing->turn.engine, WF_WARNING "%.*s",
                     (int)line.len, line.data);
    wf_buf_free(&line);
    wf_buf_free(&arn);
}

/* What of the RetryPolicy allows no other attempt; NULL: all does. */
static const char *exhausted(const struct wf_firing *firing,
                             const struct wf_schedule_retry *retry,
                             int64_t due_ms) {
    if (retry->attempts > firing->call.max_retries)
        return "MaximumRetryAttempts";
    return due_ms - retry->first_ms > firing->call.max_age_s * 1000
               ? "MaximumEventAgeInSeconds"
               : NULL;
}

static void failed(struct wf_firing *firing, const char *exception,
                   struct wf_str message) {
    struct wf_schedule *schedule = &firing->turn.schedule;
    int64_t now = wf_clock_now_ms(firing->turn.engine->clock);
    struct wf_schedule_retry retry = firing->retry;
    if (!firing->retry_slot_ms)
        retry = (struct wf_schedule_retry){
            .generation = schedule->generation, .first_ms = now};
    retry.attempts++;
    wf_buf_adds(&firing->error, exception);
    wf_buf_adds(&firing->error, ": ");
    wf_buf_addstr(&firing->error, wf_str_clip(message, SHOWN_BYTES));
    schedule->last_error = text_of(&firing->error);
    schedule->last_error_ms = now;
    int64_t due_ms = now + backoff_ms(retry.attempts);
    delete_retry(firing);
    struct wf_schedule_death death = {exception, message, retry.attempts,
                                      NULL};
    if (!is_hopeless(exception))
        death.exhausted = exhausted(firing, &retry, due_ms);
    if (!is_hopeless(exception) && !death.exhausted) {
        put_retry(firing, &retry, due_ms);
    } else {
        schedule->failed++;
        give_up(firing, retry.attempts);
        wf_firing_bury(firing, &death);
    }
    wf_firing_go_on(firing, firing->slot_ms);
    wf_firing_put(firing);
    wf_firing_finish(firing);
}

/* ---- the start ---- */

/* In the batch in which the execution begins. */
static void put_rows(void *arg, uint64_t execution) {
    struct wf_firing *firing = arg;
    struct wf_schedule *schedule = &firing->turn.schedule;
    delete_retry(firing);
    schedule->last_execution = execution;
    schedule->last_slot_ms = firing->slot_ms;
    schedule->started++;
    wf_firing_go_on(firing, firing->slot_ms);
    wf_firing_put(firing);
}

static void express_began(void *arg, uint64_t execution) {
    struct wf_firing *firing = arg;
    wf_schedule_express_began(firing->turn.engine, execution,
                              text_of(&firing->turn.group),
                              text_of(&firing->turn.name));
}

static void started(void *arg, const struct wf_refusal *refusal,
                    const struct wf_execution_reply *reply) {
    struct wf_firing *firing = arg;
    (void)reply;
    if (!refusal ||
        strcmp(refusal->exception, "ExecutionAlreadyExists") == 0) {
        if (!firing->is_put) /* the slot has been started before */
            put_rows(firing, firing->turn.schedule.last_execution);
        wf_firing_finish(firing);
    } else if (strcmp(refusal->exception, "ThrottlingException") == 0) {
        wf_firing_put_off(firing); /* this engine's own want of room */
    } else {
        failed(firing, refusal->exception, refusal->message);
    }
}

void wf_firing_start(struct wf_firing *firing) {
    struct wf_engine *engine = firing->turn.engine;
    struct wf_schedule_call *call = &firing->call;
    unsigned attempt =
        firing->retry_slot_ms ? firing->retry.attempts + 1 : 1;
    struct wf_buf why = {0};
    wf_schedule_call_free(call);
    if (!wf_schedule_target(engine, &firing->turn.schedule, firing->slot_ms,
                            attempt, call, &why)) {
        failed(firing, "ValidationException", text_of(&why));
        wf_buf_free(&why);
        return;
    }
    firing->rows = (struct wf_start_rows){put_rows, express_began, firing};
    struct wf_start_execution ask = {
        .state_machine_arn = text_of(&call->arn),
        .name = text_of(&call->name),
        .input = text_of(&call->input),
        .trace_header = text_of(&call->trace_header),
    };
    wf_engine_start_joined(engine, &ask, &firing->rows, started, firing);
}
