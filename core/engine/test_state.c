/*
 * test_state.c - TestState: the request's way over the threads, and a task
 * that is really run.
 *
 * The task is the pool's as any other, but no frame's: nothing about it is
 * stored, so a process that it starts is on no record, as with EXPRESS. It
 * ends when the test does.
 */
#include "test_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "refusal.h"
#include "test_run.h"

#define LONGEST_S 300 /* of a test, as AWS */
#define MOST_LOSSES 10

#define TEXT(literal) {literal, sizeof(literal) - 1}

struct testing {
    struct wf_script_job job;
    struct wf_link link; /* while a task runs: in the engine's tests */
    struct wf_engine *engine;
    struct wf_test_run run;
    struct wf_buf texts; /* of the request */
    char *machine_arn, *prefix;
    char machine_name[37], name[37];
    char bundle[65];
    uint64_t task;
    unsigned losses;
    struct ev_timer limit, heartbeat;
    bool is_own_limit; /* the state's timeout comes before the test's */
    wf_test_state_fn *reply;
    void *arg;
};

static void stop_watching(struct testing *testing) {
    ev_timer_stop(testing->engine->loop, &testing->limit);
    ev_timer_stop(testing->engine->loop, &testing->heartbeat);
    wf_list_remove(&testing->link);
    testing->task = 0;
}

static void drop(void *memory) {
    struct testing *testing = memory;
    stop_watching(testing);
    wf_test_run_free(&testing->run);
    wf_buf_free(&testing->texts);
    free(testing->machine_arn);
    free(testing->prefix);
}

/* ---- replies ---- */

static void reply(struct testing *testing) {
    struct wf_test_run *run = &testing->run;
    if (run->stand == WF_TEST_REFUSED) {
        struct wf_refusal refusal = {
            .exception = run->exception,
            .message = {run->message.data, run->message.len},
        };
        testing->reply(testing->arg, &refusal, NULL);
    } else {
        run->reply.inspection = &run->inspection;
        testing->reply(testing->arg, NULL, &run->reply);
    }
    wf_call_free(testing);
}

static void start_task(struct testing *testing);

static void work(struct wf_script_job *job, struct wf_script *script) {
    struct testing *testing = (struct testing *)job;
    testing->run.stop = &job->job.cancelled;
    if (script)
        wf_test_step(&testing->run, script);
    else
        wf_test_refuse(&testing->run, "InternalFailure", "%s",
                       job->err.message);
}

static void stepped(struct wf_script_job *job) {
    struct testing *testing = (struct testing *)job;
    if (wf_job_is_cancelled(&job->job))
        return; /* the engine closes: it frees the call */
    if (testing->run.stand == WF_TEST_TASK)
        start_task(testing);
    else
        reply(testing);
}

static void step(struct testing *testing) {
    struct wf_deciders *deciders = testing->engine->deciders;

    testing->job = (struct wf_script_job){.work = work, .done = stepped};
    wf_deciders_submit(deciders, &testing->job);
}

/* ---- a task ---- */

static void answered(struct testing *testing, struct wf_str output,
                     const struct wf_failure *failure) {
    stop_watching(testing);
    wf_test_answered(&testing->run, output, failure);
    step(testing);
}

/* Ends the task; nobody waits until it has. */
static void end_task(struct testing *testing) {
    wf_pool_cancel(testing->engine->pool, testing->task, NULL, NULL);
    stop_watching(testing);
}

static void on_limit(struct ev_loop *loop, struct ev_timer *timer,
                     int events) {
    static const struct wf_failure timeout = {
        .error = TEXT("States.Timeout")};
    struct testing *testing = timer->data;
    (void)loop;
    (void)events;
    end_task(testing);
    if (testing->is_own_limit) {
        answered(testing, WF_STR_NULL, &timeout);
    } else {
        wf_test_fail(&testing->run, &timeout);
        reply(testing);
    }
}

static void on_silence(struct ev_loop *loop, struct ev_timer *timer,
                       int events) {
    static const struct wf_failure silence = {
        .error = TEXT("States.HeartbeatTimeout")};
    struct testing *testing = timer->data;
    (void)loop;
    (void)events;
    end_task(testing);
    answered(testing, WF_STR_NULL, &silence);
}

static void start_timers(struct testing *testing) {
    const struct wf_test_task *task = &testing->run.task;
    struct ev_loop *loop = testing->engine->loop;
    int64_t limit = LONGEST_S;
    testing->is_own_limit = task->timeout_s && task->timeout_s < LONGEST_S;
    if (testing->is_own_limit)
        limit = task->timeout_s;
    ev_timer_init(&testing->limit, on_limit, (double)limit, 0.);
    testing->limit.data = testing;
    ev_timer_start(loop, &testing->limit);
    if (!task->heartbeat_s)
        return;
    ev_timer_init(&testing->heartbeat, on_silence, 0.,
                  (double)task->heartbeat_s);
    testing->heartbeat.data = testing;
    ev_timer_again(loop, &testing->heartbeat);
}

static void text_member(struct wf_buf *out, const char *name,
                        struct wf_str text) {
    wf_buf_addf(out, "\"%s\":", name);
    wf_buf_json(out, text);
    wf_buf_u8(out, ',');
}

/* The `task` argument of a handler, as JSON (pool.h). */
static void task_context(const struct testing *testing, struct wf_buf *out) {
    struct wf_buf arn = {0};
    wf_buf_adds(&arn, testing->prefix);
    wf_buf_adds(&arn, testing->name);
    wf_buf_u8(out, '{');
    text_member(out, "token", wf_str(testing->name));
    text_member(out, "execution", (struct wf_str){arn.data, arn.len});
    text_member(out, "idempotency_key", wf_str(testing->name));
    text_member(out, "execution_name", wf_str(testing->name));
    text_member(out, "state", testing->run.task.info.name);
    wf_buf_addf(out, "\"attempt\":1,\"restarted\":%u,\"deadline_ms\":0}",
                testing->losses);
    wf_buf_free(&arn);
}

static void dispatch(struct testing *testing) {
    struct wf_engine *engine = testing->engine;
    const struct wf_test_task *task = &testing->run.task;
    struct wf_buf context = {0}, function = {0};
    testing->task = ++engine->last_task;
    task_context(testing, &context);
    struct wf_pool_task asked = {
        .id = testing->task,
        .bundle = wf_str(testing->bundle),
        .function = wf_resource_function(&task->info, task->parameters,
                                         &function),
        .input = wf_doc_text(task->parameters),
        .context = {context.data, context.len},
        .timeout_ms = 1000 * (testing->is_own_limit ? task->timeout_s
                                                    : LONGEST_S),
    };
    if (engine->clock->is_virtual)
        asked.virtual_now_ms = wf_clock_now_ms(engine->clock);
    wf_pool_dispatch(engine->pool, &asked);
    wf_buf_free(&context);
    wf_buf_free(&function);
}

static void start_task(struct testing *testing) {
    const struct wf_test_task *task = &testing->run.task;
    struct wf_failure failure;
    struct wf_buf text = {0};
    if (wf_resource_has_worker(&task->info)) {
        start_timers(testing);
        wf_list_append(&testing->engine->tests, &testing->link);
        dispatch(testing);
        return;
    }
    wf_failure_no_worker(&failure, &task->info, &text);
    answered(testing, WF_STR_NULL, &failure);
    wf_buf_free(&text);
}

/* ---- what the pool tells ---- */

static struct testing *find(const struct wf_engine *engine, uint64_t task) {
    const struct wf_link *link;
    for (link = engine->tests.next; link != &engine->tests;
         link = link->next) {
        struct testing *testing =
            WF_ENTRY(link, struct testing, link);
        if (testing->task == task)
            return testing;
    }
    return NULL;
}

bool wf_test_has_task(const struct wf_engine *engine, uint64_t task) {
    return find(engine, task) != NULL;
}

/* What is larger than any payload; workers leave the words to us. */
static void too_large(struct testing *testing) {
    struct wf_failure failure;
    struct wf_buf text = {0};
    wf_failure_too_large(
        &failure, wf_resource_name_in_causes(&testing->run.task.info), &text);
    answered(testing, WF_STR_NULL, &failure);
    wf_buf_free(&text);
}

static void task_failed(struct testing *testing,
                        const struct wf_failure *failure) {
    if (failure->cause.len == 0 &&
        wf_str_eq(failure->error, WF_STR("States.DataLimitExceeded")))
        too_large(testing);
    else
        answered(testing, WF_STR_NULL, failure);
}

static void task_lost(struct testing *testing) {
    static const struct wf_failure lost = {
        TEXT("Moonstep.WorkerKilled"),
        TEXT("Each of the workers that ran this task was killed")};
    if (++testing->losses > MOST_LOSSES)
        answered(testing, WF_STR_NULL, &lost);
    else
        dispatch(testing);
}

bool wf_test_task_ended(struct wf_engine *engine, uint64_t task,
                        enum wf_task_end how, struct wf_str output,
                        const struct wf_failure *failure) {
    struct testing *testing = find(engine, task);
    if (!testing)
        return false;
    if (how == WF_TASK_LOST)
        task_lost(testing);
    else if (how != WF_TASK_SUCCEEDED)
        task_failed(testing, failure);
    else if (output.len > engine->options.payload_bytes)
        too_large(testing);
    else
        answered(testing, output, NULL);
    return true;
}

void wf_test_task_heartbeat(struct wf_engine *engine, uint64_t task) {
    struct testing *testing = find(engine, task);
    if (testing && testing->run.task.heartbeat_s)
        ev_timer_again(engine->loop, &testing->heartbeat);
}

void wf_test_task_log(struct wf_engine *engine, uint64_t task,
                      const char *stream, struct wf_str line) {
    struct testing *testing = find(engine, task);
    struct wf_buf arn = {0};
    if (!testing)
        return;
    wf_buf_adds(&arn, testing->prefix);
    wf_buf_adds(&arn, testing->name);
    engine->events.log(engine->events_arg, (struct wf_str){arn.data, arn.len},
                       testing->run.task.info.name, 0, stream, line);
    wf_buf_free(&arn);
}

/* ---- requests ---- */

static void copy_ask(struct testing *testing,
                     const struct wf_test_state *given) {
    struct wf_test_state *ask = &testing->run.ask;
    *ask = *given;
    struct wf_str *const texts[] = {
        &ask->definition, &ask->state_name,  &ask->role_arn,
        &ask->input,      &ask->variables,   &ask->mock_result,
        &ask->mock_error, &ask->mock_cause,  &ask->mock_mode,
        &ask->context,    &ask->caused_by,   &ask->reader_data,
    };
    size_t count = sizeof(texts) / sizeof(texts[0]), room = 1;
    for (size_t i = 0; i < count; i++)
        room += texts[i]->len;
    wf_buf_reserve(&testing->texts, room);
    for (size_t i = 0; i < count; i++)
        if (texts[i]->data)
            wf_buf_keep(&testing->texts, texts[i]);
}

/* The execution and the state machine that the state believes in. */
static void make_up(struct testing *testing) {
    struct wf_engine *engine = testing->engine;
    struct wf_script_context *context = &testing->run.context;
    wf_clock_uuid4(engine->clock, testing->machine_name);
    wf_clock_uuid4(engine->clock, testing->name);
    testing->machine_arn = wf_machine_arn(
        engine, "stateMachine", wf_str(testing->machine_name), "");
    testing->prefix = wf_machine_arn(engine, "express",
                                     wf_str(testing->machine_name), ":");
    context->now_ms = wf_clock_now_ms(engine->clock);
    context->start_ms = context->entered_ms = context->now_ms;
    context->execution_arn_prefix = wf_str(testing->prefix);
    context->execution_name = wf_str(testing->name);
    context->role_arn = testing->run.ask.role_arn;
    context->state_machine_arn = wf_str(testing->machine_arn);
    context->state_machine_name = wf_str(testing->machine_name);
}

void wf_engine_test_state(struct wf_engine *engine,
                          const struct wf_test_state *ask,
                          wf_test_state_fn *reply_fn, void *arg) {
    struct testing *testing = wf_call_new(engine, sizeof(*testing), drop);
    testing->engine = engine;
    testing->reply = reply_fn;
    testing->arg = arg;
    testing->run.profile = engine->options.profile;
    testing->run.payload_bytes = engine->options.payload_bytes;
    memcpy(testing->bundle, engine->bundle, sizeof(testing->bundle));
    copy_ask(testing, ask);
    make_up(testing);
    step(testing);
}
