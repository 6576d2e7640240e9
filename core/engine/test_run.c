/* test_run.c - tests a state. See test_run.h. */
#include "test_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "event.h"
#include "json_complaint.h"

/* All decisions of a step, together. */
#define STEP_NS UINT64_C(10000000000)
/* A script that goes on waiting, or retrying, ends. */
#define MOST_DECISIONS 100

/* A step under way. */
struct step {
    struct wf_test_run *run;
    struct wf_script *script;
    struct wf_script_subject subject;
    struct wf_script_call call;
    struct wf_script_context context;
    uint16_t *retriers;
};

void wf_test_run_free(struct wf_test_run *run) {
    wf_doc_unref(run->input);
    wf_doc_unref(run->variables);
    wf_doc_unref(run->mocked);
    wf_doc_unref(run->mock_result);
    wf_doc_unref(run->task.parameters);
    wf_buf_free(&run->task.texts);
    wf_buf_free(&run->answer);
    wf_buf_free(&run->message);
    wf_buf_free(&run->texts);
    wf_doc_unref(run->reply.output);
    wf_inspection_free(&run->inspection);
}

/* ---- ends ---- */

void wf_test_refuse(struct wf_test_run *run, const char *exception,
                    const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    run->stand = WF_TEST_REFUSED;
    run->exception = exception;
    run->message.len = 0;
    wf_buf_adds(&run->message, text);
}

static struct wf_str keep(struct wf_test_run *run, struct wf_str text) {
    wf_buf_keep(&run->texts, &text);
    return text;
}

/* Error and cause as the reply has them. */
static void set_failure(struct wf_test_run *run, struct wf_str error,
                        bool has_error, struct wf_str cause, bool has_cause) {
    struct wf_failure failure = {error, cause};
    struct wf_test_state_reply *reply = &run->reply;
    wf_profile_clip(run->profile, &failure);
    run->texts.len = 0;
    wf_buf_reserve(&run->texts, failure.error.len + failure.cause.len + 1024);
    reply->has_error = has_error;
    reply->has_cause = has_cause;
    reply->error = keep(run, failure.error);
    reply->cause = keep(run, failure.cause);
}

void wf_test_fail(struct wf_test_run *run, const struct wf_failure *failure) {
    run->stand = WF_TEST_DONE;
    run->reply.status = WF_TEST_FAILED;
    set_failure(run, failure->error, failure->error.data != NULL,
                failure->cause, failure->cause.len > 0);
}

static void set_handled(struct wf_test_run *run) {
    const struct wf_inspection *seen = &run->inspection;
    set_failure(run, (struct wf_str){seen->error.data, seen->error.len},
                seen->has_error,
                (struct wf_str){seen->cause.data, seen->cause.len},
                seen->has_cause);
}

static void fail_too_large(struct wf_test_run *run, struct wf_str name) {
    char cause[512];
    snprintf(cause, sizeof(cause),
             "The state/task '%.*s' returned a result with a size exceeding "
             "the maximum number of bytes service limit.",
             (int)(name.len > 300 ? 300 : name.len), name.data);
    struct wf_failure failure = {WF_STR("States.DataLimitExceeded"),
                                 wf_str(cause)};
    wf_test_fail(run, &failure);
}

/* The variables after the state; false: they are too large. */
static bool assign(struct wf_test_run *run, struct wf_doc *assigned) {
    size_t most = run->payload_bytes * run->profile->variables_payloads;
    struct wf_doc *all = NULL;
    if (assigned && run->variables)
        all = wf_object_merge((struct wf_value){run->variables, 0},
                              (struct wf_value){assigned, 0});
    else if (assigned || run->variables)
        all = wf_doc_ref(assigned ? assigned : run->variables);
    bool fits = !all || !assigned || most == 0 || all->len <= most;
    if (all && fits)
        wf_inspection_show(&run->inspection, WF_STAGE_VARIABLES,
                           wf_doc_text(all));
    wf_doc_unref(all);
    return fits;
}

static void leave(struct step *step, struct wf_decision *decision) {
    struct wf_test_run *run = step->run;
    const struct wf_state_info *states = step->subject.states;
    struct wf_str name = states[step->subject.state].name;
    bool fits = decision->output->len <= run->payload_bytes &&
                (!decision->assigned ||
                 decision->assigned->len <= run->payload_bytes);
    if (!fits || !assign(run, decision->assigned)) {
        fail_too_large(run, name);
        return;
    }
    bool is_caught = run->inspection.is_handled && run->inspection.catcher;
    run->stand = WF_TEST_DONE;
    run->reply.status = is_caught ? WF_TEST_CAUGHT_ERROR : WF_TEST_SUCCEEDED;
    run->reply.output = wf_doc_ref(decision->output);
    if (is_caught)
        set_handled(run);
    else
        wf_buf_reserve(&run->texts, 1024);
    if (!decision->is_end)
        run->reply.next_state = keep(run, states[decision->next].name);
}

static void retry(struct step *step, const struct wf_decision *decision) {
    struct wf_test_run *run = step->run;
    int64_t delay_ms = decision->due_ms - step->context.now_ms;
    run->stand = WF_TEST_DONE;
    run->reply.status = WF_TEST_RETRIABLE;
    run->reply.backoff_s = delay_ms > 0 ? delay_ms / 1000 : 0;
    set_handled(run);
}

/* ---- what is given ---- */

/* A text as a document; NULL: it is none, and `err` says why. */
static struct wf_doc *parse(const struct wf_test_run *run, struct wf_str text,
                            struct wf_error *err) {
    struct wf_doc_limits limits = {.max_bytes = run->payload_bytes};
    return wf_doc_parse(text, &limits, err);
}

static bool take_input(struct wf_test_run *run) {
    struct wf_str text = run->ask.input.len ? run->ask.input : WF_STR("{}");
    struct wf_json_complaint complaint;
    struct wf_error err;
    run->input = parse(run, text, &err);
    if (run->input)
        return true;
    struct wf_str why = wf_str(err.message);
    if (wf_json_complain(text, &complaint))
        why = (struct wf_str){complaint.message.data, complaint.message.len};
    wf_test_refuse(run, "InvalidExecutionInput",
                   "Invalid State Machine Execution Input: '%.*s'",
                   (int)why.len, why.data);
    wf_json_complaint_free(&complaint);
    return false;
}

static bool take_variables(struct wf_test_run *run) {
    struct wf_error err = {0};
    if (!run->ask.variables.data)
        return true;
    run->variables = parse(run, run->ask.variables, &err);
    if (run->variables &&
        wf_value_type((struct wf_value){run->variables, 0}) == WF_JSON_OBJECT)
        return true;
    wf_test_refuse(run, "ValidationException",
                   "The variables must be a JSON object%s%s",
                   err.message[0] ? ": " : "", err.message);
    return false;
}

/* Known to be JSON once the state has been loaded. */
static bool take_mocks(struct wf_test_run *run) {
    struct wf_error err;
    bool is_good = true;
    if (run->ask.mock_result.data)
        is_good = (run->mock_result = parse(run, run->ask.mock_result, &err));
    if (is_good && run->ask.context.data)
        is_good = (run->mocked = parse(run, run->ask.context, &err));
    if (!is_good)
        wf_test_refuse(run, "ValidationException", "%s", err.message);
    return is_good;
}

/* ---- decisions ---- */

/* A user's state script may name a state that there is not. */
static void check_next(const struct step *step,
                       struct wf_decision *decision) {
    if (decision->kind != WF_DECISION_EXIT || decision->is_end ||
        decision->next < step->subject.state_count)
        return;
    wf_decision_free(decision);
    *decision = (struct wf_decision){
        .kind = WF_DECISION_FAIL,
        .failure = {WF_STR("States.Runtime"),
                    WF_STR("The state's script named a next state that does "
                           "not exist")},
    };
}

static void decide(struct step *step, enum wf_script_event event,
                   struct wf_doc *output, const struct wf_failure *failure,
                   struct wf_decision *decision) {
    static const struct wf_failure none;
    step->call.event = event;
    step->call.output = output;
    step->call.failure = failure ? *failure : none;
    wf_script_decide(step->script, &step->call, decision);
    check_next(step, decision);
}

/* A task is to be run: on the loop, so all that is needed is copied. */
static void keep_task(struct step *step, const struct wf_decision *decision) {
    struct wf_test_task *task = &step->run->task;
    const struct wf_state_info *info =
        &step->subject.states[step->subject.state];
    *task = (struct wf_test_task){
        .parameters = wf_doc_ref(decision->output),
        .timeout_s = decision->timeout_s,
        .heartbeat_s = decision->heartbeat_s,
        .info = {.name = info->name, .scheduled = info->scheduled,
                 .resource = info->resource,
                 .resource_type = info->resource_type},
    };
    wf_buf_reserve(&task->texts, info->name.len + info->resource.len +
                                     info->resource_type.len + 1);
    wf_buf_keep(&task->texts, &task->info.name);
    wf_buf_keep(&task->texts, &task->info.resource);
    wf_buf_keep(&task->texts, &task->info.resource_type);
    step->run->stand = WF_TEST_TASK;
}

static void answer_mock(struct step *step, bool is_task,
                        struct wf_decision *decision) {
    const struct wf_test_state *ask = &step->run->ask;
    struct wf_failure failure = {ask->mock_error, ask->mock_cause};
    if (ask->mock_fails)
        decide(step, is_task ? WF_SCRIPT_TASK_FAILED : WF_SCRIPT_BRANCH_FAILED,
               NULL, &failure, decision);
    else
        decide(step, is_task ? WF_SCRIPT_TASK_SUCCEEDED : WF_SCRIPT_JOINED,
               step->run->mock_result, NULL, decision);
}

/* False: the request is refused. */
static bool answer_map(struct step *step, const struct wf_decision *asked,
                       struct wf_decision *decision) {
    struct wf_buf text = {0};
    struct wf_failure failure = {0};
    bool runs = wf_test_map(step->run, step->script, &step->call,
                            &step->subject, asked, &failure, &text);
    if (runs)
        answer_mock(step, false, decision);
    else if (step->run->stand != WF_TEST_REFUSED)
        decide(step, WF_SCRIPT_BRANCH_FAILED, NULL, &failure, decision);
    wf_buf_free(&text);
    return step->run->stand != WF_TEST_REFUSED;
}

/* Does what is decided. True: there is a next decision, which takes its
 * place. */
static bool apply(struct step *step, struct wf_decision *decision) {
    struct wf_decision next = {0};
    bool goes_on = true;
    switch (decision->kind) {
    case WF_DECISION_EXIT:
        leave(step, decision);
        return false;
    case WF_DECISION_RETRY:
        retry(step, decision);
        return false;
    case WF_DECISION_WAIT:
        decide(step, WF_SCRIPT_TIMER_FIRED, NULL, NULL, &next);
        break;
    case WF_DECISION_SCHEDULE:
        if (!step->run->ask.has_mock) {
            keep_task(step, decision);
            return false;
        }
        answer_mock(step, true, &next);
        break;
    case WF_DECISION_PARALLEL:
        answer_mock(step, false, &next);
        break;
    case WF_DECISION_MAP:
        goes_on = answer_map(step, decision, &next);
        break;
    default:
        wf_test_fail(step->run, &decision->failure);
        return false;
    }
    wf_decision_free(decision);
    *decision = next;
    return goes_on;
}

static const struct wf_failure TOO_LONG = {
    {"States.Runtime", sizeof("States.Runtime") - 1},
    {"Evaluating the state took too long",
     sizeof("Evaluating the state took too long") - 1},
};

static void run_to_end(struct step *step, struct wf_decision *decision) {
    unsigned made = 1;
    while (apply(step, decision))
        if (++made > MOST_DECISIONS ||
            wf_clock_mono_ns() > step->run->deadline_ns) {
            wf_test_fail(step->run, &TOO_LONG);
            break;
        }
    wf_decision_free(decision);
}

/* ---- steps ---- */

static bool load(struct step *step) {
    const struct wf_test_state *ask = &step->run->ask;
    struct wf_script_tested tested = {
        .definition = ask->definition, .state_name = ask->state_name,
        .has_mock = ask->has_mock, .mock_fails = ask->mock_fails,
        .mock_result = ask->mock_result, .mock_error = ask->mock_error,
        .mock_mode = ask->mock_mode, .context = ask->context,
        .reveals_secrets = ask->reveals_secrets,
        .caused_by = ask->caused_by, .reader_data = ask->reader_data,
        .retries = ask->retries, .failures = ask->failures,
    };
    if (wf_script_load_tested(step->script, &tested, step->run->profile,
                              &step->subject, &step->run->exception,
                              &step->run->message) == 0)
        return true;
    step->run->stand = WF_TEST_REFUSED;
    return false;
}

/* All retriers have been used as often: AWS counts for the one that wants the
 * error. */
static void set_retries(struct step *step) {
    int64_t retries = step->run->ask.retries;
    uint32_t count = step->subject.retrier_count;
    if (retries <= 0)
        return;
    step->retriers = wf_calloc(count + 1, sizeof(*step->retriers));
    for (uint32_t i = 0; i < count; i++)
        step->retriers[i] =
            retries > UINT16_MAX ? UINT16_MAX : (uint16_t)retries;
    step->context.retriers = step->retriers;
    step->context.retrier_count = count;
    step->context.retry_count =
        retries > UINT32_MAX ? UINT32_MAX : (uint32_t)retries;
}

static void prepare(struct step *step) {
    struct wf_test_run *run = step->run;
    step->context = run->context;
    step->context.execution_input = run->input;
    step->context.variables = run->variables;
    step->context.mocked = run->mocked;
    step->context.state_name = WF_STR("StateName"); /* whatever it is called */
    if (step->subject.states[step->subject.state].waits_for_token)
        step->context.task_token = run->context.execution_name;
    set_retries(step);
    step->call = (struct wf_script_call){
        .machine = step->subject.machine,
        .state = step->subject.state,
        .input = run->input,
        .context = &step->context,
        .stop = run->stop,
        .inspection = &run->inspection,
    };
}

static void enter(struct step *step) {
    struct wf_decision decision;
    wf_inspection_show(&step->run->inspection, WF_STAGE_INPUT,
                       wf_doc_text(step->run->input));
    if (step->run->variables)
        wf_inspection_show(&step->run->inspection, WF_STAGE_VARIABLES,
                           wf_doc_text(step->run->variables));
    decide(step, WF_SCRIPT_ENTER, NULL, NULL, &decision);
    run_to_end(step, &decision);
}

static const struct wf_failure *bad_output(struct wf_failure *failure,
                                           const struct wf_error *err) {
    *failure = (struct wf_failure){WF_STR("States.TaskFailed"),
                                   wf_str(err->message)};
    return failure;
}

/* The task has been run. */
static void resume(struct step *step) {
    struct wf_test_run *run = step->run;
    struct wf_str text = {run->answer.data, run->answer.len};
    struct wf_failure failure = run->failure;
    struct wf_decision decision;
    struct wf_error err;
    struct wf_doc *output =
        run->answer_fails ? NULL : parse(run, text, &err);
    if (output)
        decide(step, WF_SCRIPT_TASK_SUCCEEDED, output, NULL, &decision);
    else
        decide(step, WF_SCRIPT_TASK_FAILED, NULL,
               run->answer_fails ? &failure : bad_output(&failure, &err),
               &decision);
    wf_doc_unref(output);
    run_to_end(step, &decision);
}

void wf_test_answered(struct wf_test_run *run, struct wf_str output,
                      const struct wf_failure *failure) {
    run->has_answer = true;
    run->answer_fails = failure != NULL;
    run->answer.len = 0;
    if (!failure) {
        wf_buf_addstr(&run->answer, output);
        return;
    }
    run->failure = *failure;
    wf_buf_reserve(&run->answer, failure->error.len + failure->cause.len + 1);
    wf_buf_keep(&run->answer, &run->failure.error);
    wf_buf_keep(&run->answer, &run->failure.cause);
}

void wf_test_step(struct wf_test_run *run, struct wf_script *script) {
    struct step step = {.run = run, .script = script};
    run->deadline_ns = wf_clock_mono_ns() + STEP_NS;
    if (!load(&step))
        return;
    if (!run->has_answer &&
        (!take_input(run) || !take_variables(run) || !take_mocks(run))) {
        wf_script_machine_free(script, step.subject.machine);
        return;
    }
    prepare(&step);
    if (run->has_answer)
        resume(&step);
    else
        enter(&step);
    wf_script_machine_free(script, step.subject.machine);
    free(step.retriers);
}
