/*
 * cli_run_steps.c - the steps of a run, each the engine's reply to the last:
 * create the state machine, look whether the execution exists, start it or
 * catch up with its history, wait for its end, show the result.
 */
#include <ctype.h>
#include <stdio.h>

#include "cli_run.h"

enum {
    WAIT_MS = 60000,
    CATCH_UP_EVENTS = 1000,   /* of a page; so many get their lines again */
    CATCH_UP_AT_MOST = 500000 /* of a longer history the end is enough */
};

static void start(struct wf_run *run);
static void look_up(struct wf_run *run);
static void catch_up(struct wf_run *run);

static struct wf_str text_of(const struct wf_buf *buf) { /* without its NUL */
    return (struct wf_str){buf->data, buf->len - 1};
}

static bool is_exception(const struct wf_refusal *refusal, const char *name) {
    return strcmp(refusal->exception, name) == 0;
}

/* An interrupted run takes no further step. */
static bool is_step(const struct wf_run *run, enum wf_run_step step) {
    return run->step == step;
}

static void refused(struct wf_run *run, const struct wf_refusal *refusal) {
    bool is_definition = is_exception(refusal, "InvalidDefinition");
    bool is_users = is_definition || is_exception(refusal, "InvalidName") ||
                    is_exception(refusal, "InvalidExecutionInput");

    wf_progress_finish(run->progress, wf_clock_now_ms(&run->clock));
    wf_cli_fail(is_users ? WF_EXIT_FAILED : WF_EXIT_ENGINE, "%s%s%s: %.*s",
                is_definition ? run->file : "", is_definition ? ": " : "",
                refusal->exception, (int)refusal->message.len,
                refusal->message.data);
    wf_run_over(run, is_users ? WF_EXIT_FAILED : WF_EXIT_ENGINE);
}

/* ---- the end ---- */

static void print_failure(struct wf_run *run,
                          const struct wf_execution_reply *reply) {
    struct wf_str state = wf_progress_failed_state(run->progress);

    fprintf(stderr, "moonstep: %s %s", run->name.data,
            wf_execution_status_name(reply->status));
    if (state.len > 0)
        fprintf(stderr, " in state \"%.*s\"", (int)state.len, state.data);
    if (reply->error.len > 0)
        fprintf(stderr, "\n  Error: %.*s", (int)reply->error.len,
                reply->error.data);
    if (reply->cause.len > 0)
        fprintf(stderr, "\n  Cause: %.*s", (int)reply->cause.len,
                reply->cause.data);
    fputc('\n', stderr);
}

static void show_result(struct wf_run *run,
                        const struct wf_execution_reply *reply) {
    struct wf_buf line = {0};
    int status = WF_EXIT_FAILED;

    wf_progress_finish(run->progress, wf_clock_now_ms(&run->clock));
    if (reply->status == WF_EXECUTION_SUCCEEDED) {
        wf_buf_addstr(&line, reply->output);
        wf_buf_u8(&line, '\n');
        status = wf_cli_print((struct wf_str){line.data, line.len})
                     ? WF_EXIT_OK : WF_EXIT_ENGINE;
        wf_buf_free(&line);
    } else {
        print_failure(run, reply);
    }
    wf_run_over(run, status);
}

static void on_end(void *arg, const struct wf_refusal *refusal,
                   const struct wf_execution_reply *reply) {
    struct wf_run *run = arg;

    if (!is_step(run, WF_RUN_WAIT))
        return;
    if (refusal != NULL)
        refused(run, refusal);
    else if (reply->status == WF_EXECUTION_RUNNING)
        wf_run_await_end(run);
    else if (!wf_run_maps_wait(run))
        show_result(run, reply);
}

void wf_run_await_end(struct wf_run *run) {
    run->step = WF_RUN_WAIT;
    wf_run_maps_follow(run);
    wf_engine_wait_for_execution(run->engine, text_of(&run->execution_arn),
                                 WAIT_MS, on_end, run);
}

/* ---- one that was there before ---- */

void wf_run_event(struct wf_run *run, const struct wf_history_event *event) {
    bool is_behind = run->is_attached && run->step <= WF_RUN_CATCH_UP;

    if (event->event.id > run->seen_event)
        run->seen_event = event->event.id;
    if (is_behind)
        return;
    wf_progress_event(run->progress, event);
    wf_run_maps_event(run, event->event.type);
}

/* Read from the beginning, so that it is known what runs in which iteration.
 * Events that were told of meanwhile are in the next answer. */
static void on_history(void *arg, const struct wf_refusal *refusal,
                       const struct wf_history_event *events, size_t count,
                       struct wf_str next_token) {
    struct wf_run *run = arg;

    (void)next_token;
    if (!is_step(run, WF_RUN_CATCH_UP))
        return;
    if (refusal != NULL) {
        refused(run, refusal);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        run->caught_up = events[i].event.id;
        wf_progress_mute(run->progress, run->caught_up < run->told_from);
        wf_progress_event(run->progress, &events[i]);
    }
    wf_progress_mute(run->progress, false);
    if (count > 0 && (count == CATCH_UP_EVENTS ||
                      run->caught_up < run->seen_event))
        catch_up(run);
    else
        wf_run_await_end(run);
}

static void catch_up(struct wf_run *run) {
    struct wf_get_history ask = {
        .execution_arn = text_of(&run->execution_arn),
        .max_results = CATCH_UP_EVENTS,
        .is_behind = true,
        .after = run->caught_up,
    };

    wf_engine_get_history(run->engine, &ask, on_history, run);
}

/* How long is it? */
static void on_newest(void *arg, const struct wf_refusal *refusal,
                      const struct wf_history_event *events, size_t count,
                      struct wf_str next_token) {
    struct wf_run *run = arg;
    uint64_t newest = refusal == NULL && count > 0 ? events[0].event.id : 0;

    (void)next_token;
    if (!is_step(run, WF_RUN_CATCH_UP))
        return;
    if (refusal != NULL) {
        refused(run, refusal);
        return;
    }
    if (newest > CATCH_UP_EVENTS)
        run->told_from = newest - CATCH_UP_EVENTS + 1;
    if (newest > CATCH_UP_AT_MOST)
        run->caught_up = run->told_from - 1;
    catch_up(run);
}

static void begin_to_catch_up(struct wf_run *run) {
    struct wf_get_history ask = {
        .execution_arn = text_of(&run->execution_arn),
        .max_results = 1,
        .reverse = true,
    };

    run->step = WF_RUN_CATCH_UP;
    wf_engine_get_history(run->engine, &ask, on_newest, run);
}

static struct wf_str trimmed(struct wf_str text) {
    while (text.len > 0 && isspace((unsigned char)text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
        text.len--;
    return text;
}

static void attach(struct wf_run *run,
                   const struct wf_execution_reply *reply) {
    struct wf_str input = trimmed((struct wf_str){run->input.data,
                                                  run->input.len});

    if (wf_option_given(run->options, "input") &&
        !wf_str_eq(input, trimmed(reply->input))) {
        wf_cli_fail(WF_EXIT_USAGE, "the execution %s has another input; leave "
                    "--input out to continue it, or choose another --name",
                    run->name.data);
        wf_run_over(run, WF_EXIT_USAGE);
        return;
    }
    run->is_attached = true;
    if (reply->status == WF_EXECUTION_RUNNING) {
        wf_run_note(run, "%s continues where it was", run->name.data);
        begin_to_catch_up(run);
        return;
    }
    wf_run_note(run, "%s has ended before; this is its result (another "
                "--name runs again)", run->name.data);
    show_result(run, reply);
}

static void on_found(void *arg, const struct wf_refusal *refusal,
                     const struct wf_execution_reply *reply) {
    struct wf_run *run = arg;

    if (!is_step(run, WF_RUN_LOOK_UP))
        return;
    if (refusal == NULL)
        attach(run, reply);
    else if (!is_exception(refusal, "ExecutionDoesNotExist"))
        refused(run, refusal);
    else if (run->has_other_definition) {
        wf_cli_fail(WF_EXIT_FAILED, "%s: %s already holds another definition "
                    "under the name %s; choose another --machine or --data",
                    run->file, run->place.directory, run->machine.data);
        wf_run_over(run, WF_EXIT_FAILED);
    } else
        start(run);
}

static void look_up(struct wf_run *run) {
    run->step = WF_RUN_LOOK_UP;
    wf_engine_describe_execution(run->engine, text_of(&run->execution_arn),
                                 on_found, run);
}

/* ---- a new one ---- */

static void on_started(void *arg, const struct wf_refusal *refusal,
                       const struct wf_execution_reply *reply) {
    struct wf_run *run = arg;

    (void)reply;
    if (!is_step(run, WF_RUN_START))
        return;
    if (refusal != NULL)
        refused(run, refusal);
    else
        wf_run_await_end(run);
}

static void start(struct wf_run *run) {
    struct wf_start_execution ask = {
        .state_machine_arn = {run->machine_arn.data, run->machine_arn.len},
        .name = text_of(&run->name),
        .input = trimmed((struct wf_str){run->input.data, run->input.len}),
    };

    run->step = WF_RUN_START;
    wf_engine_start_execution(run->engine, &ask, on_started, run);
}

static void on_created(void *arg, const struct wf_refusal *refusal,
                       const struct wf_state_machine_reply *reply) {
    struct wf_run *run = arg;

    (void)reply;
    if (!is_step(run, WF_RUN_CREATE))
        return;
    run->has_other_definition =
        refusal != NULL && is_exception(refusal, "StateMachineAlreadyExists");
    if (refusal != NULL && !run->has_other_definition)
        refused(run, refusal);
    else
        look_up(run);
}

void wf_run_begin(struct wf_run *run) {
    struct wf_create_state_machine ask = {
        .name = text_of(&run->machine),
        .definition = {run->workflow.definition.data,
                       run->workflow.definition.len},
        .role_arn = WF_STR("arn:aws:iam::000000000000:role/moonstep"),
    };

    run->step = WF_RUN_CREATE;
    wf_engine_create_state_machine(run->engine, &ask, on_created, run);
}
