/*
 * cli_worker_task.c - a task from the poll that brought it to the answer that
 * has arrived. See cli_worker.h.
 *
 *   running ──ended──▶ answering ──heard──▶ gone
 *      │                  ▲
 *      └─ given up ─▶ ending (its handler is being ended)
 *
 * The service hears an answer until it says that it has, or that the task is
 * over: an answer whose reply was lost is sent again. If a worker process
 * dies, not by the handler's doing, the handler runs again, with its last
 * checkpoint.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli_worker.h"
#include "json_write.h"
#include "severity.h"
#include "sigv4.h"
#include "term.h"

#define CALL_S 30.0
#define LEAST_BEAT_S 0.2 /* between heartbeats of chatty handlers */
#define NEXT_BEAT_S 1.0  /* after one that nobody heard */
#define MOST_LOSSES 10
#define MOST_ERROR 256 /* characters that AWS takes: bytes are never more */
#define MOST_CAUSE 32768
#define MOST_OUTPUT 262144 /* bytes that AWS takes */

enum phase { RUNNING, ENDING, ANSWERING };

struct task {
    struct wf_link link;
    struct wf_cli_activity *activity;
    uint64_t number; /* for people, and for the pool */
    enum phase phase;
    char *token;
    struct wf_buf input, checkpoint;
    unsigned losses;
    uint64_t start_ns;
    /* heartbeats */
    ev_timer beat;
    struct wf_cli_request *beating;
    bool wants_beat; /* one more, when this one has arrived */
    bool is_over;    /* so the service says: there is none to answer */
    /* the answer */
    struct wf_buf body;
    const char *operation;
    size_t output_len;
    struct wf_buf outcome; /* for people */
    struct wf_cli_request *answering;
    ev_timer again;
    double pause_s; /* 0: it has been sent once at most */
};

/* ---- what people read ---- */

static void say(struct task *task, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct task *task, const char *format, ...) {
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    wf_cli_worker_say(task->activity->worker, "%s #%llu %s",
                      task->activity->function,
                      (unsigned long long)task->number, text);
}

static void outcome_set(struct task *task, const char *how,
                        const struct wf_failure *failure) {
    int64_t ms = (int64_t)((wf_clock_mono_ns() - task->start_ns) / 1000000);
    struct wf_buf *out = &task->outcome;

    out->len = 0;
    wf_buf_adds(out, how);
    wf_buf_adds(out, " after ");
    wf_term_duration(out, ms);
    if (failure != NULL) {
        struct wf_str cause = failure->cause;
        size_t line = 0;
        while (line < cause.len && cause.data[line] != '\n')
            line++;
        wf_buf_adds(out, ": ");
        wf_buf_addstr(out, wf_str_clip(failure->error, 100));
        wf_buf_adds(out, ": ");
        cause.len = line;
        wf_buf_addstr(out, wf_str_clip(cause, 500));
    }
}

/* ---- the end ---- */

static void beats_stop(struct task *task) {
    ev_timer_stop(task->activity->worker->loop, &task->beat);
    wf_cli_request_cancel(task->beating);
    task->beating = NULL;
}

static void task_free(struct task *task) {
    beats_stop(task);
    wf_cli_request_cancel(task->answering);
    ev_timer_stop(task->activity->worker->loop, &task->again);
    wf_list_remove(&task->link);
    task->activity->worker->task_count--;
    task->activity->tasks--;
    wf_buf_free(&task->input);
    wf_buf_free(&task->checkpoint);
    wf_buf_free(&task->body);
    wf_buf_free(&task->outcome);
    free(task->token);
    free(task);
}

static void task_gone(struct task *task) {
    struct wf_cli_activity *activity = task->activity;

    task_free(task);
    wf_cli_worker_has_room(activity);
}

static struct wf_link *list_of(struct wf_cli_worker *worker,
                               uint64_t number) {
    return &worker->tasks[number % WF_CLI_TASK_LISTS];
}

void wf_cli_tasks_init(struct wf_cli_worker *worker) {
    for (size_t i = 0; i < WF_CLI_TASK_LISTS; i++)
        wf_list_init(&worker->tasks[i]);
}

size_t wf_cli_tasks_free(struct wf_cli_worker *worker) {
    size_t count = worker->task_count;
    struct wf_link *link;

    for (size_t i = 0; i < WF_CLI_TASK_LISTS; i++)
        while ((link = wf_list_shift(&worker->tasks[i])) != NULL)
            task_free(WF_ENTRY(link, struct task, link));
    return count;
}

/* ---- the answer ---- */

static void answer_fail(struct task *task, struct wf_str error,
                        struct wf_str cause);

/* The service has no such task to be answered, or not any more. */
static bool is_over(const char *exception) {
    return strcmp(exception, "TaskTimedOut") == 0 ||
           strcmp(exception, "TaskDoesNotExist") == 0 ||
           strcmp(exception, "InvalidToken") == 0;
}

/* It takes an answer, but not this output. */
static bool is_about_output(const struct task *task, const char *exception) {
    return strcmp(task->operation, "SendTaskSuccess") == 0 &&
           (strcmp(exception, "InvalidOutput") == 0 ||
            strcmp(exception, "ValidationException") == 0 ||
            strcmp(exception, "") == 0);
}

static void is_refused(struct task *task, const struct wf_cli_answer *answer) {
    int len = (int)answer->text.len;

    if (is_about_output(task, answer->exception)) {
        answer_fail(task,
                    task->output_len > MOST_OUTPUT
                        ? WF_STR("States.DataLimitExceeded")
                        : WF_STR("States.TaskFailed"),
                    answer->text);
        return;
    }
    if (is_over(answer->exception) && task->pause_s > 0) {
        say(task, "%.*s; it has been answered, or is over: %.*s",
            (int)task->outcome.len, task->outcome.data, len,
            answer->text.data);
    } else if (is_over(answer->exception)) {
        say(task, "%.*s, too late: %.*s", (int)task->outcome.len,
            task->outcome.data, len, answer->text.data);
    } else {
        say(task, "%.*s, which was refused: %.*s", (int)task->outcome.len,
            task->outcome.data, len, answer->text.data);
        task->activity->worker->status = WF_EXIT_FAILED;
    }
    task_gone(task);
}

static void on_heard(void *arg, const struct wf_cli_answer *answer) {
    struct task *task = arg;
    struct wf_cli_worker *worker = task->activity->worker;

    task->answering = NULL;
    switch (answer->outcome) {
    case WF_CLI_ANSWERED:
        say(task, "%.*s", (int)task->outcome.len, task->outcome.data);
        task_gone(task);
        break;
    case WF_CLI_AWAY:
        task->pause_s = wf_cli_longer_pause(worker, task->pause_s);
        ev_now_update(worker->loop);
        ev_timer_set(&task->again, task->pause_s, 0);
        ev_timer_start(worker->loop, &task->again);
        break;
    case WF_CLI_REFUSED:
        is_refused(task, answer);
        break;
    }
}

static void answer_send(struct task *task) {
    task->answering = wf_cli_request_start(
        task->activity, task->operation,
        (struct wf_str){task->body.data, task->body.len}, CALL_S, on_heard,
        task);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)events;
    answer_send(timer->data);
}

static void answer_begin(struct task *task, const char *operation) {
    beats_stop(task);
    task->phase = ANSWERING;
    task->operation = operation;
    task->body.len = 0;
    wf_buf_u8(&task->body, '{');
    wf_json_text(&task->body, "taskToken", wf_str(task->token));
}

static void answer_end(struct task *task) {
    wf_buf_u8(&task->body, '}');
    wf_buf_free(&task->input);
    answer_send(task);
}

static void answer_fail(struct task *task, struct wf_str error,
                        struct wf_str cause) {
    struct wf_failure failure = {wf_str_clip(error, MOST_ERROR),
                                 wf_str_clip(cause, MOST_CAUSE)};

    outcome_set(task, "failed", &failure);
    answer_begin(task, "SendTaskFailure");
    wf_json_text(&task->body, "error", failure.error);
    wf_json_text(&task->body, "cause", failure.cause);
    answer_end(task);
}

static void answer_succeed(struct task *task, struct wf_str output) {
    outcome_set(task, "succeeded", NULL);
    answer_begin(task, "SendTaskSuccess");
    wf_json_text(&task->body, "output", output);
    task->output_len = output.len;
    answer_end(task);
}

/* ---- giving up ---- */

static void on_handler_ended(void *arg, uint64_t id) {
    struct task *task = arg;

    (void)id;
    if (task->is_over)
        task_gone(task);
    else
        answer_fail(task, WF_STR("Moonstep.WorkerStopped"),
                    WF_STR("The worker was stopped before the handler had "
                           "ended"));
}

static void handler_end(struct task *task) {
    beats_stop(task);
    task->phase = ENDING;
    wf_pool_cancel(task->activity->worker->pool, task->number,
                   on_handler_ended, task);
}

static void list_give_up(const struct wf_link *list) {
    for (struct wf_link *at = list->next; at != list; at = at->next) {
        struct task *task = WF_ENTRY(at, struct task, link);

        if (task->phase == RUNNING)
            handler_end(task);
    }
}

void wf_cli_tasks_give_up(struct wf_cli_worker *worker) {
    for (size_t i = 0; i < WF_CLI_TASK_LISTS; i++)
        list_give_up(&worker->tasks[i]);
}

/* ---- heartbeats ---- */

static void beat_after(struct task *task, double seconds) {
    struct ev_loop *loop = task->activity->worker->loop;

    ev_timer_stop(loop, &task->beat);
    if (seconds <= 0)
        return;
    ev_now_update(loop);
    ev_timer_set(&task->beat, seconds, 0);
    ev_timer_start(loop, &task->beat);
}

static void on_beat_heard(void *arg, const struct wf_cli_answer *answer) {
    struct task *task = arg;
    bool wants_beat = task->wants_beat;

    task->beating = NULL;
    task->wants_beat = false;
    if (answer->outcome == WF_CLI_AWAY) {
        beat_after(task, NEXT_BEAT_S);
    } else if (answer->outcome == WF_CLI_ANSWERED) {
        beat_after(task, wants_beat ? LEAST_BEAT_S
                                    : task->activity->worker->heartbeat_s);
    } else if (is_over(answer->exception)) {
        say(task, "is over, its handler is ended: %.*s",
            (int)answer->text.len, answer->text.data);
        task->is_over = true;
        handler_end(task);
    } else { /* it can still be answered */
        say(task, "sends no more heartbeats: %.*s", (int)answer->text.len,
            answer->text.data);
    }
}

static void beat_now(struct task *task) {
    struct wf_buf body = {0};

    if (task->beating != NULL) {
        task->wants_beat = true;
        return;
    }
    ev_timer_stop(task->activity->worker->loop, &task->beat);
    wf_buf_u8(&body, '{');
    wf_json_text(&body, "taskToken", wf_str(task->token));
    wf_buf_u8(&body, '}');
    task->beating = wf_cli_request_start(
        task->activity, "SendTaskHeartbeat",
        (struct wf_str){body.data, body.len}, CALL_S, on_beat_heard, task);
    wf_buf_free(&body);
}

static void on_beat(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)events;
    beat_now(timer->data);
}

/* ---- running ---- */

/* Attempts of one state have tokens of their own: a token is as good a key. */
static void key_add(const struct task *task, struct wf_buf *out) {
    unsigned char hash[WF_SIGV4_HASH];
    char hex[65];

    wf_sigv4_hash(wf_str(task->token), hash);
    wf_sigv4_hex(hash, hex);
    wf_json_text(out, "idempotency_key", (struct wf_str){hex, 32});
}

static void dispatch(struct task *task) {
    struct wf_cli_worker *worker = task->activity->worker;
    struct wf_buf context = {0};

    wf_buf_u8(&context, '{');
    wf_json_text(&context, "token", wf_str(task->token));
    wf_json_text(&context, "activity", wf_str(task->activity->arn));
    key_add(task, &context);
    wf_json_integer(&context, "attempt", 1);
    wf_json_integer(&context, "restarted", task->losses);
    wf_json_integer(&context, "deadline_ms", 0);
    wf_buf_u8(&context, '}');
    struct wf_pool_task work = {
        .id = task->number,
        .bundle = wf_str(worker->bundle.hash),
        .function = wf_str(task->activity->function),
        .input = {task->input.data, task->input.len},
        .context = {context.data, context.len},
        .checkpoint = {task->checkpoint.data, task->checkpoint.len},
    };
    wf_pool_dispatch(worker->pool, &work);
    wf_buf_free(&context);
}

void wf_cli_task_new(struct wf_cli_activity *activity, struct wf_str token,
                     struct wf_str input) {
    struct wf_cli_worker *worker = activity->worker;
    struct task *task = wf_calloc(1, sizeof(*task));
    struct wf_error err;

    task->activity = activity;
    task->number = ++worker->last_task;
    task->start_ns = wf_clock_mono_ns();
    task->token = wf_strndup(token.data, token.len);
    wf_buf_addstr(&task->input, input);
    ev_timer_init(&task->beat, on_beat, 0, 0);
    ev_timer_init(&task->again, on_again, 0, 0);
    task->beat.data = task->again.data = task;
    wf_list_append(list_of(worker, task->number), &task->link);
    worker->task_count++;
    activity->tasks++;
    say(task, "started");
    struct wf_doc *doc = wf_doc_parse(input, NULL, &err);
    wf_doc_unref(doc);
    if (doc == NULL) {
        answer_fail(task, WF_STR("States.TaskFailed"),
                    WF_STR("The input of the task is not JSON"));
        return;
    }
    beat_after(task, worker->heartbeat_s);
    dispatch(task);
}

/* ---- what the pool tells ---- */

/* The pool tells of none that has ended. */
static struct task *task_of(struct wf_cli_worker *worker, uint64_t id) {
    const struct wf_link *list = list_of(worker, id);
    struct wf_link *at = list->next;

    while (at != list && WF_ENTRY(at, struct task, link)->number != id)
        at = at->next;
    assert(at != list);
    return WF_ENTRY(at, struct task, link);
}

/* Workers leave the words to us. */
static void has_failed(struct task *task, const struct wf_failure *failure) {
    struct wf_buf cause = {0};

    if (failure->cause.len > 0 ||
        !wf_str_eq(failure->error, WF_STR("States.DataLimitExceeded"))) {
        answer_fail(task, failure->error, failure->cause);
        return;
    }
    wf_buf_addf(&cause, "The state/task '%s' returned a result with a size "
                "exceeding the maximum number of bytes service limit.",
                task->activity->arn);
    answer_fail(task, failure->error, (struct wf_str){cause.data, cause.len});
    wf_buf_free(&cause);
}

static void is_lost(struct task *task) {
    if (++task->losses >= MOST_LOSSES) {
        answer_fail(task, WF_STR("Moonstep.WorkerKilled"),
                    WF_STR("Each of the workers that ran this task was "
                           "killed"));
        return;
    }
    say(task, "starts again: its process was killed");
    dispatch(task);
}

static void on_ended(void *arg, uint64_t id, enum wf_task_end how,
                     struct wf_str output, const struct wf_failure *failure) {
    struct task *task = task_of(arg, id);

    switch (how) {
    case WF_TASK_SUCCEEDED:
        answer_succeed(task, output);
        break;
    case WF_TASK_FAILED:
    case WF_TASK_CRASHED:
        has_failed(task, failure);
        break;
    case WF_TASK_LOST:
        is_lost(task);
        break;
    }
}

static void on_heartbeat(void *arg, uint64_t id) {
    beat_now(task_of(arg, id));
}

static void on_log(void *arg, uint64_t id, const char *stream,
                   struct wf_str line) {
    (void)stream;
    say(task_of(arg, id), "| %.*s", (int)line.len, line.data);
}

static void on_checkpoint(void *arg, uint64_t id, struct wf_str cursor) {
    struct wf_cli_worker *worker = arg;
    struct task *task = task_of(worker, id);

    task->checkpoint.len = 0;
    wf_buf_addstr(&task->checkpoint, cursor);
    wf_pool_checkpoint_stored(worker->pool, id);
}

/* There is no record to be made: the pool ends what a process of it has
 * started, if that dies. */
static void on_child_started(void *arg, uint64_t id, struct wf_child child) {
    struct wf_cli_worker *worker = arg;

    wf_pool_child_recorded(worker->pool, id, child);
}

static void on_bundle_wanted(void *arg, struct wf_str hash) {
    struct wf_cli_worker *worker = arg;
    struct wf_buf *stored = &worker->bundle.stored;
    struct wf_reader in = {stored->data, stored->data + stored->len, false};

    wf_read_u8(&in); /* the version */
    uint64_t count = wf_read_varint(&in);
    struct wf_bundle_file *files = wf_calloc(count, sizeof(*files));
    for (uint64_t i = 0; i < count; i++) {
        files[i].path = wf_read_text(&in);
        files[i].content = wf_read_text(&in);
    }
    wf_pool_bundle_files(worker->pool, hash, files, count);
    free(files);
}

static void on_notice(void *arg, const char *text) {
    wf_severity_take(&text);
    wf_cli_worker_say(arg, "%s", text);
}

const struct wf_pool_events wf_cli_worker_pool_events = {
    .ended = on_ended,
    .heartbeat = on_heartbeat,
    .log = on_log,
    .checkpoint = on_checkpoint,
    .child_started = on_child_started,
    .bundle_wanted = on_bundle_wanted,
    .notice = on_notice,
};
