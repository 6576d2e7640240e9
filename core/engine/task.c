/*
 * task.c - tasks: what becomes of a Task state's work between its schedule
 * and its answer.
 *
 *   scheduled ──durable──▶ dispatched ──▶ answered (succeeded, failed)
 *                              │   ▲
 *                 worker died ─┘   └─ survivors ended
 *
 * A dispatch waits until three things are over: the commit that recorded the
 * schedule, an earlier attempt that the pool is still ending, and process
 * groups that a dead worker or engine left running.
 *
 * TaskStarted is recorded with the next thing that happens to the task, at
 * the latest by the housekeeping after the dispatch: most tasks answer
 * sooner, and it then costs no commit of its own.
 *
 * A task that waits for its token has only been submitted when its worker has
 * succeeded: the frame then waits for what comes with the token (token.c).
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "task_news.h"

#define STARTED_AFTER_MS 50
#define BACKLOG_SLACK 65536

/* A task whose worker is killed again and again is taken for the reason. */
#define MOST_LOSSES 10
static const struct wf_failure LOST_TOO_OFTEN = {
    {"Moonstep.WorkerKilled", sizeof("Moonstep.WorkerKilled") - 1},
    {"Each of the workers that ran this task was killed",
     sizeof("Each of the workers that ran this task was killed") - 1},
};

/* A task that the pool is ending. */
struct cancelled {
    struct wf_link link;
    struct wf_engine *engine;
    uint64_t execution;
    uint32_t frame;
    struct wf_child *children; /* what it has started, on record */
    uint32_t child_count;
};

static void cancelled_free(struct cancelled *cancelled) {
    free(cancelled->children);
    free(cancelled);
}

void wf_tasks_free(struct wf_engine *engine) {
    struct wf_link *link;
    while ((link = wf_list_shift(&engine->cancels)))
        cancelled_free(WF_ENTRY(link, struct cancelled, link));
    wf_survivors_free(engine);
    wf_task_table_free(&engine->tasks);
    wf_buf_free(&engine->task_backlog);
}

/* ---- scheduling and dispatch ---- */

static const struct wf_state_info *info_of(const struct wf_frame *frame) {
    return &frame->execution->machine->states[frame->state];
}

void wf_task_schedule(struct wf_engine *engine, struct wf_frame *frame) {
    frame->has_started = false;
    frame->task = ++engine->last_task;
    frame->losses = 0;
    wf_task_table_put(&engine->tasks, frame->task, frame);
    if (frame->execution->express)
        wf_task_dispatch(engine, frame->task);
    else
        wf_commit_dispatch(engine, frame);
}

/* Reading a checkpoint's cursor for a dispatch. */
struct cursor_read {
    struct wf_engine *engine;
    uint64_t task;
};

static void cursor_rows(void *arg, const struct wf_row *rows, size_t count,
                        bool more, const struct wf_error *err) {
    struct cursor_read *read = arg;
    struct wf_engine *engine = read->engine;
    struct wf_frame *frame = wf_task_table_get(&engine->tasks, read->task);
    struct wf_str cursor = WF_STR_NULL;
    (void)more;
    free(read);
    engine->loads--;
    if (wf_engine_read_failed(engine, err))
        return;
    if (!frame)
        return;
    if (count == 1) {
        struct wf_reader in = {rows->value.data,
                               rows->value.data + rows->value.len, false};
        wf_read_varint(&in); /* the state's number, for tools */
        cursor = (struct wf_str){in.at, (size_t)(in.end - in.at)};
    }
    wf_task_hand_over(engine, frame, cursor);
}

static void read_cursor(struct wf_engine *engine, struct wf_frame *frame) {
    struct cursor_read *read = wf_calloc(1, sizeof(*read));
    struct wf_key key = wf_key_checkpoint(
        engine->partition, frame->execution->id, frame->number);
    read->engine = engine;
    read->task = frame->task;
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), cursor_rows, read);
}

static void task_ended(void *arg, uint64_t task, enum wf_task_end how,
                       struct wf_str output,
                       const struct wf_failure *failure);

static void fail_without_worker(struct wf_engine *engine,
                                struct wf_frame *frame) {
    struct wf_failure failure;
    struct wf_buf text = {0};
    wf_failure_no_worker(&failure, info_of(frame), &text);
    task_ended(engine, frame->task, WF_TASK_FAILED, WF_STR_NULL, &failure);
    wf_buf_free(&text);
}

static bool may_dispatch(const struct wf_engine *engine) {
    return wf_pool_room(engine->pool) > 0 && wf_engine_may_dispatch(engine);
}

void wf_task_dispatch(struct wf_engine *engine, uint64_t task) {
    struct wf_frame *frame = wf_task_table_get(&engine->tasks, task);
    if (!frame)
        return; /* it has been given up meanwhile */
    if (frame->cancelling || frame->reaping ||
        frame->execution->pause.since_ms) {
        frame->dispatch_wanted = true;
        return;
    }
    frame->dispatch_wanted = false;
    if (wf_task_is_nested(frame)) {
        wf_nested_start(engine, frame);
        return;
    }
    if (!wf_task_has_worker(frame)) {
        fail_without_worker(engine, frame);
        return;
    }
    if (!may_dispatch(engine)) {
        wf_buf_add(&engine->task_backlog, &task, sizeof(task));
        return;
    }
    if (frame->has_checkpoint)
        read_cursor(engine, frame);
    else
        wf_task_hand_over(engine, frame, WF_STR_NULL);
}

void wf_tasks_drain_backlog(struct wf_engine *engine) {
    struct wf_buf *backlog = &engine->task_backlog;
    while (engine->backlog_at < backlog->len && may_dispatch(engine)) {
        uint64_t task;
        memcpy(&task, backlog->data + engine->backlog_at, sizeof(task));
        engine->backlog_at += sizeof(task);
        wf_task_dispatch(engine, task);
    }
    if (engine->backlog_at > BACKLOG_SLACK) {
        backlog->len -= engine->backlog_at;
        memmove(backlog->data, backlog->data + engine->backlog_at,
                backlog->len);
        engine->backlog_at = 0;
    }
    if (engine->backlog_at == backlog->len)
        engine->backlog_at = backlog->len = 0;
}

/* ---- giving up ---- */

/* Records of children that need no end any more. */
static void forget_children(struct wf_frame *frame) {
    if (frame->child_count)
        wf_frame_mark_changed(frame);
    frame->child_count = 0;
}

/* Nothing that the frame's task has left running is left. */
void wf_task_left_nothing(struct wf_engine *engine, struct wf_frame *frame) {
    forget_children(frame);
    if (wf_frame_is_doomed(frame)) /* it ends, which waited for this */
        wf_frame_run(engine, frame);
    else if (frame->dispatch_wanted)
        wf_task_dispatch(engine, frame->task);
}

static void cancel_done(void *arg, uint64_t task) {
    struct cancelled *cancelled = arg;
    struct wf_engine *engine = cancelled->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, cancelled->execution);
    struct wf_frame *frame =
        execution ? wf_execution_frame(execution, cancelled->frame) : NULL;
    (void)task;
    wf_list_remove(&cancelled->link);
    for (uint32_t i = 0; i < cancelled->child_count; i++)
        wf_survivor_ended(engine, cancelled->children[i]);
    engine->cancelling--;
    wf_redrive_look_again(engine, cancelled->execution);
    cancelled_free(cancelled);
    if (!frame)
        return;
    frame->cancelling--;
    wf_task_left_nothing(engine, frame);
}

bool wf_tasks_are_ending(const struct wf_engine *engine,
                         uint64_t execution) {
    const struct wf_link *list = &engine->cancels, *link = list->next;
    while (link != list &&
           WF_ENTRY(link, struct cancelled, link)->execution != execution)
        link = link->next;
    return link != list;
}

static void forget(struct wf_engine *engine, struct wf_frame *frame) {
    if (frame->task) {
        wf_task_table_remove(&engine->tasks, frame->task);
        engine->stats.tasks_in_flight -= frame->started_ms != 0;
    }
    frame->task = 0;
    frame->started_ms = 0;
    frame->dispatch_wanted = false;
    wf_list_remove(&frame->started_link);
}

static void copy_children(struct cancelled *cancelled,
                          const struct wf_frame *frame) {
    size_t bytes = frame->child_count * sizeof(*frame->children);
    if (bytes == 0 || frame->execution->express)
        return;
    cancelled->children = wf_malloc(bytes);
    memcpy(cancelled->children, frame->children, bytes);
    cancelled->child_count = frame->child_count;
}

void wf_task_abandon(struct wf_engine *engine, struct wf_frame *frame) {
    uint64_t task = frame->task;
    wf_survivors_put(engine, frame);
    wf_frame_refuse_answers(frame);
    wf_offer_end(frame);
    wf_nested_abandon(engine, frame);
    wf_signal_abandon(engine, frame);
    if (task == 0) {
        wf_task_end_survivors(engine, frame); /* of a dead engine, if any */
        return;
    }
    if (wf_task_is_nested(frame)) {
        forget(engine, frame);
        return;
    }
    struct cancelled *cancelled = wf_calloc(1, sizeof(*cancelled));
    *cancelled = (struct cancelled){
        .engine = engine, .execution = frame->execution->id,
        .frame = frame->number};
    copy_children(cancelled, frame);
    wf_list_append(&engine->cancels, &cancelled->link);
    frame->cancelling++;
    engine->cancelling++;
    forget(engine, frame);
    wf_pool_cancel(engine->pool, task, cancel_done, cancelled);
}

/* ---- answers ---- */

const struct wf_task_events *
wf_task_events_of(const struct wf_frame *frame) {
    static const struct wf_task_events task = {
        WF_EVENT_TASK_STARTED, WF_EVENT_TASK_SUCCEEDED, WF_EVENT_TASK_FAILED,
        WF_EVENT_TASK_TIMED_OUT};
    static const struct wf_task_events lambda = {
        WF_EVENT_LAMBDA_FUNCTION_STARTED, WF_EVENT_LAMBDA_FUNCTION_SUCCEEDED,
        WF_EVENT_LAMBDA_FUNCTION_FAILED, WF_EVENT_LAMBDA_FUNCTION_TIMED_OUT};
    static const struct wf_task_events activity = {
        WF_EVENT_ACTIVITY_STARTED, WF_EVENT_ACTIVITY_SUCCEEDED,
        WF_EVENT_ACTIVITY_FAILED, WF_EVENT_ACTIVITY_TIMED_OUT};
    switch (info_of(frame)->scheduled) {
    case WF_EVENT_LAMBDA_FUNCTION_SCHEDULED:
        return &lambda;
    case WF_EVENT_ACTIVITY_SCHEDULED:
        return &activity;
    default:
        return &task;
    }
}

static void record_started(struct wf_engine *engine, struct wf_frame *frame,
                           int64_t started_ms) {
    wf_list_remove(&frame->started_link);
    frame->has_started = true;
    struct wf_event event = {
        .type = wf_task_events_of(frame)->started,
        .fields = WF_EVENT_HAS_STATE,
        .time_ms = started_ms > frame->execution->last_ms
                       ? started_ms
                       : frame->execution->last_ms,
    };
    frame->execution->last_ms = event.time_ms;
    wf_frame_event(engine, frame, &event);
    wf_frame_changed(engine, frame);
}

void wf_task_record_started(struct wf_engine *engine,
                            struct wf_frame *frame) {
    if (wf_link_is_in(&frame->started_link))
        record_started(engine, frame, frame->started_ms);
}

void wf_task_record_token_seen(struct wf_engine *engine,
                               struct wf_frame *frame) {
    if (frame->phase == WF_PHASE_TASK && !frame->has_started)
        record_started(engine, frame,
                       frame->started_ms ? frame->started_ms
                                         : wf_clock_now_ms(engine->clock));
}

void wf_failure_too_large(struct wf_failure *failure, struct wf_str name,
                          struct wf_buf *text) {
    text->len = 0;
    wf_buf_addf(text,
                "The state/task '%.*s' returned a result with a size "
                "exceeding the maximum number of bytes service limit.",
                (int)name.len, name.data);
    failure->error = WF_STR("States.DataLimitExceeded");
    failure->cause = (struct wf_str){text->data, text->len};
}

void wf_task_fail(struct wf_engine *engine, struct wf_frame *frame,
                  const struct wf_failure *given) {
    struct wf_failure failure = *given;
    wf_profile_clip(engine->options.profile, &failure);
    struct wf_event event = {.type = wf_task_events_of(frame)->failed,
                             .fields = WF_EVENT_HAS_STATE};
    wf_event_fail(&event, &failure);
    wf_task_record_started(engine, frame);
    forget(engine, frame);
    if (frame->reaping == 0)
        forget_children(frame);
    wf_frame_event(engine, frame, &event);
    wf_frame_resume(engine, frame, WF_SCRIPT_TASK_FAILED, NULL, &failure);
}

/* Workers leave the words to us: they don't know the resource's type. */
static void fail_too_large(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_str name = wf_resource_name_in_causes(info_of(frame));
    struct wf_failure failure;
    struct wf_buf text = {0};

    wf_failure_too_large(&failure, name, &text);
    wf_task_fail(engine, frame, &failure);
    wf_buf_free(&text);
}

static void fail_output(struct wf_engine *engine, struct wf_frame *frame,
                        const struct wf_error *err) {
    struct wf_failure failure = {WF_STR("States.TaskFailed"),
                                 wf_str(err->message)};
    wf_task_fail(engine, frame, &failure);
}

void wf_task_record_output(struct wf_engine *engine, struct wf_frame *frame,
                           enum wf_event_type type, struct wf_doc *doc,
                           struct wf_ref *ref) {
    const struct wf_ref *known[] = {&frame->parameters, &frame->input, NULL};
    struct wf_event event = {
        .type = type, .fields = WF_EVENT_HAS_STATE | WF_EVENT_HAS_DOC};
    event.doc = wf_execution_doc(engine, frame->execution, doc, known, ref);
    wf_frame_event(engine, frame, &event);
}

void wf_task_succeed(struct wf_engine *engine, struct wf_frame *frame,
                     struct wf_doc *doc) {
    struct wf_ref result = {0};
    wf_task_record_started(engine, frame);
    forget(engine, frame);
    forget_children(frame);
    wf_task_record_output(engine, frame, wf_task_events_of(frame)->succeeded,
                          doc, &result);
    wf_frame_resume(engine, frame, WF_SCRIPT_TASK_SUCCEEDED, &result, NULL);
    wf_ref_clear(&result);
}

void wf_task_submitted(struct wf_engine *engine, struct wf_frame *frame,
                       struct wf_doc *doc) {
    wf_task_record_started(engine, frame);
    forget(engine, frame);
    forget_children(frame);
    wf_task_record_output(engine, frame, WF_EVENT_TASK_SUBMITTED, doc, NULL);
    frame->phase = WF_PHASE_TOKEN;
    frame->restarted = 0;
    frame->call_due_ms = 0;
    wf_timer_update(engine, frame);
    if (frame->answers)
        wf_frame_run(engine, frame);
    wf_frame_changed(engine, frame);
    wf_frame_park_if_long(engine, frame);
}

static void succeed_with(struct wf_engine *engine, struct wf_frame *frame,
                         struct wf_doc *doc) {
    if (info_of(frame)->waits_for_token)
        wf_task_submitted(engine, frame, doc);
    else
        wf_task_succeed(engine, frame, doc);
}

/* An output that a thread parses. Whoever takes the task from the frame
 * meanwhile (a stop) was faster. */
struct parsing {
    struct wf_engine *engine;
    uint64_t task;
};

static void output_parsed(void *arg, struct wf_doc *doc,
                          const struct wf_error *err) {
    struct parsing *parsing = arg;
    struct wf_engine *engine = parsing->engine;
    struct wf_frame *frame =
        wf_task_table_get(&engine->tasks, parsing->task);
    free(parsing);
    if (frame && doc)
        succeed_with(engine, frame, doc);
    else if (frame && err)
        fail_output(engine, frame, err);
}

static void parse_elsewhere(struct wf_engine *engine, struct wf_frame *frame,
                            struct wf_str output,
                            const struct wf_doc_limits *limits) {
    struct parsing *parsing = wf_calloc(1, sizeof(*parsing));
    struct wf_parse parse = {
        .limits = *limits,
        .known = {frame->parameters.doc, frame->input.doc},
    };
    *parsing = (struct parsing){engine, frame->task};
    if (!wf_pool_take_output(engine->pool, &parse.text, &parse.from))
        wf_buf_addstr(&parse.text, output);
    wf_evaluator_parse(engine->evaluator, &parse, output_parsed, parsing);
}

static void succeed_task(struct wf_engine *engine, struct wf_frame *frame,
                         struct wf_str output) {
    struct wf_error err;
    struct wf_doc_limits limits = {
        .max_bytes = engine->options.payload_bytes};
    if (output.len > limits.max_bytes) {
        fail_too_large(engine, frame);
        return;
    }
    if (output.len > WF_EVALUATE_BYTES) {
        parse_elsewhere(engine, frame, output, &limits);
        return;
    }
    struct wf_doc *doc = wf_doc_parse(output, &limits, &err);
    if (doc)
        succeed_with(engine, frame, doc);
    else
        fail_output(engine, frame, &err);
    wf_doc_unref(doc);
}

/* The task is to run again, through no fault of its own. */
static void run_again(struct wf_engine *engine, struct wf_frame *frame) {
    if (frame->at_most_once && !wf_task_is_nested(frame)) {
        struct wf_failure failure = {
            WF_STR("Moonstep.Interrupted"),
            WF_STR("The worker or engine that ran this task died, and the "
                   "state says AtMostOnce"),
        };
        wf_task_fail(engine, frame, &failure);
        return;
    }
    wf_task_record_started(engine, frame);
    if (frame->task) {
        engine->stats.tasks_in_flight -= frame->started_ms != 0;
        frame->started_ms = 0;
        wf_task_table_remove(&engine->tasks, frame->task);
    }
    frame->restarted++;
    if (frame->heartbeat_ms)
        frame->heartbeat_due_ms =
            wf_clock_now_ms(engine->clock) + frame->heartbeat_ms;
    wf_timer_update(engine, frame); /* loaded ones have none yet */
    frame->task = ++engine->last_task;
    wf_task_table_put(&engine->tasks, frame->task, frame);
    wf_frame_changed(engine, frame);
    if (frame->execution->express)
        wf_task_dispatch(engine, frame->task);
    else
        wf_commit_dispatch(engine, frame);
}

/* It failed when it had handed on the token: whoever has that was first. */
static void answer_at_once(struct wf_engine *engine, struct wf_frame *frame) {
    wf_task_record_started(engine, frame);
    forget(engine, frame);
    frame->call_due_ms = 0;
    wf_frame_run(engine, frame);
}

static void task_ended(void *arg, uint64_t task, enum wf_task_end how,
                       struct wf_str output,
                       const struct wf_failure *failure) {
    struct wf_engine *engine = arg;
    struct wf_frame *frame = wf_task_table_get(&engine->tasks, task);
    if (!frame &&
        (wf_test_task_ended(engine, task, how, output, failure) ||
         wf_notifications_task_ended(engine, task, how, failure) ||
         wf_schedules_task_ended(engine, task, how, failure)))
        return;
    if (!frame || wf_frame_is_doomed(frame))
        return; /* (the one that ends it gives up the task as well) */
    if (frame->answers && how != WF_TASK_SUCCEEDED) {
        answer_at_once(engine, frame);
        return;
    }
    switch (how) {
    case WF_TASK_SUCCEEDED:
        wf_timer_disarm(engine, frame);
        succeed_task(engine, frame, output);
        break;
    case WF_TASK_FAILED:
    case WF_TASK_CRASHED:
        wf_timer_disarm(engine, frame);
        if (failure->cause.len == 0 &&
            wf_str_eq(failure->error, WF_STR("States.DataLimitExceeded")))
            fail_too_large(engine, frame);
        else
            wf_task_fail(engine, frame, failure);
        break;
    case WF_TASK_LOST:
        if (++frame->losses > MOST_LOSSES) {
            wf_timer_disarm(engine, frame);
            wf_task_fail(engine, frame, &LOST_TOO_OFTEN);
            break;
        }
        wf_task_end_survivors(engine, frame);
        run_again(engine, frame);
        break;
    }
}

void wf_task_recovered(struct wf_engine *engine, struct wf_frame *frame) {
    wf_task_end_survivors(engine, frame);
    run_again(engine, frame);
}

/* ---- the pool's other news ---- */

void wf_task_has_begun(struct wf_engine *engine, struct wf_frame *frame) {
    frame->started_ms = wf_clock_now_ms(engine->clock);
    engine->stats.tasks_in_flight++;
    if (!frame->has_started && !wf_link_is_in(&frame->started_link))
        wf_list_append(&engine->started, &frame->started_link);
}

static void task_started(void *arg, uint64_t task) {
    struct wf_engine *engine = arg;
    struct wf_frame *frame = wf_task_table_get(&engine->tasks, task);
    if (frame)
        wf_task_has_begun(engine, frame);
}

static void task_heartbeat(void *arg, uint64_t task) {
    struct wf_engine *engine = arg;
    struct wf_frame *frame = wf_task_table_get(&engine->tasks, task);
    if (!frame)
        wf_test_task_heartbeat(engine, task);
    if (!frame || frame->heartbeat_ms == 0)
        return;
    frame->heartbeat_due_ms =
        wf_clock_now_ms(engine->clock) + frame->heartbeat_ms;
    wf_timer_update(engine, frame);
}

static void task_log(void *arg, uint64_t task, const char *stream,
                     struct wf_str line) {
    struct wf_engine *engine = arg;
    struct wf_frame *frame = wf_task_table_get(&engine->tasks, task);
    if (!engine->events.log)
        return;
    if (!frame) {
        wf_test_task_log(engine, task, stream, line);
        return;
    }
    engine->scratch.len = 0;
    struct wf_str arn =
        wf_execution_arn(engine, frame->execution, &engine->scratch);
    engine->events.log(engine->events_arg, arn, info_of(frame)->name,
                       frame->entered_event, stream, line);
}

static void pool_notice(void *arg, const char *text) {
    wf_engine_notice(arg, "%s", text);
}

static void bundle_wanted(void *arg, struct wf_str bundle) {
    wf_bundle_send(arg, bundle);
}

const struct wf_pool_events wf_task_pool_events = {
    .ended = task_ended,
    .started = task_started,
    .heartbeat = task_heartbeat,
    .log = task_log,
    .checkpoint = wf_task_checkpoint,
    .child_started = wf_task_child_started,
    .child_ended = wf_task_child_ended,
    .bundle_wanted = bundle_wanted,
    .notice = pool_notice,
};

/* ---- now and then ---- */

void wf_tasks_housekeeping(struct wf_engine *engine) {
    int64_t now = wf_clock_now_ms(engine->clock);
    struct wf_link *link, *next;
    for (link = engine->started.next; link != &engine->started; link = next) {
        struct wf_frame *frame =
            WF_ENTRY(link, struct wf_frame, started_link);
        next = link->next;
        if (now - frame->started_ms < STARTED_AFTER_MS)
            break;
        wf_task_record_started(engine, frame);
    }
}
