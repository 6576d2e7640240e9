/*
 * test_map_api.c - what the API says of Map Runs and their children, while
 * they are in memory and when they are not; and changing a run that goes on.
 * A real clock that is moved by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "lua_stdlib.h"

#define PREFIX "arn:aws:states:us-east-1:000000000000:"

/* A distributed Map whose children wait as many seconds as their item says. */
#define WAITS(name, settings, type) \
    "{'StartAt':'" name "','States':{'" name "':{'Type':'Map'," settings \
    "'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED'," \
    "'ExecutionType':'" type "'},'StartAt':'W" name "','States':{'W" name \
    "':{'Type':'Wait','SecondsPath':'$','End':true}}},'End':true}}}"

static const char two_at_once[] =
    WAITS("M", "'Label':'L','MaxConcurrency':2,'ToleratedFailureCount':3,",
          "STANDARD");

/* ---- asking ---- */

struct answer {
    bool done;
    char exception[64];
    char token[64];
    struct wf_buf text;
    struct wf_buf arns; /* each ended by a NUL */
    size_t count;
};

static void take_refusal(struct answer *answer,
                         const struct wf_refusal *refusal) {
    answer->done = true;
    answer->count = answer->text.len = answer->arns.len = 0;
    answer->exception[0] = answer->token[0] = '\0';
    if (!refusal)
        return;
    snprintf(answer->exception, sizeof(answer->exception), "%s",
             refusal->exception);
    wf_buf_addstr(&answer->text, refusal->message);
}

static void add_arn(struct answer *answer, struct wf_str arn) {
    wf_buf_addstr(&answer->arns, arn);
    wf_buf_u8(&answer->arns, 0);
    answer->count++;
}

static void take_token(struct answer *answer, struct wf_str token) {
    snprintf(answer->token, sizeof(answer->token), "%.*s", (int)token.len,
             token.data ? token.data : "");
}

static void free_answer(struct answer *answer) {
    wf_buf_free(&answer->text);
    wf_buf_free(&answer->arns);
}

/* pending+running+succeeded+failed+timed out+aborted=total */
static void add_counts(struct wf_buf *text,
                       const struct wf_map_run_counts *counts) {
    const uint64_t parts[] = {counts->pending,   counts->running,
                              counts->succeeded, counts->failed,
                              counts->timed_out, counts->aborted};
    for (int i = 0; i < 6; i++)
        wf_buf_addf(text, "%s%llu", i ? "+" : " ",
                    (unsigned long long)parts[i]);
    wf_buf_addf(text, "=%llu", (unsigned long long)counts->total);
}

static void add_run(struct answer *answer,
                    const struct wf_map_run_reply *run) {
    struct wf_buf *text = &answer->text;
    add_arn(answer, run->arn);
    wf_buf_adds(text, wf_execution_status_name(run->status));
    add_counts(text, &run->items);
    add_counts(text, &run->executions);
    wf_buf_addf(text, " at once %u tolerated %llu %g%%\n",
                run->max_concurrency,
                (unsigned long long)run->tolerated_failure_count,
                run->tolerated_failure_percentage);
    assert_true(run->start_ms > 0);
    assert_int_equal(run->stop_ms == 0,
                     run->status == WF_EXECUTION_RUNNING);
}

static void on_run(void *arg, const struct wf_refusal *refusal,
                   const struct wf_map_run_reply *run) {
    take_refusal(arg, refusal);
    if (!refusal)
        add_run(arg, run);
}

static void on_runs(void *arg, const struct wf_refusal *refusal,
                    const struct wf_map_run_reply *runs, size_t count,
                    struct wf_str token) {
    take_refusal(arg, refusal);
    for (size_t i = 0; i < count; i++)
        add_run(arg, &runs[i]);
    take_token(arg, token);
}

static void on_children(void *arg, const struct wf_refusal *refusal,
                        const struct wf_execution_reply *children,
                        size_t count, struct wf_str token) {
    struct answer *answer = arg;
    take_refusal(answer, refusal);
    for (size_t i = 0; i < count; i++) {
        add_arn(answer, children[i].arn);
        wf_buf_addf(&answer->text, "%s %llu\n",
                    wf_execution_status_name(children[i].status),
                    (unsigned long long)children[i].item_count);
    }
    take_token(answer, token);
}

static void on_done(void *arg, const struct wf_refusal *refusal) {
    take_refusal(arg, refusal);
}

static void wait_for(struct rig *rig, struct answer *answer) {
    rig_until(rig, &answer->done);
    answer->done = false;
    wf_buf_u8(&answer->text, 0);
}

static void ask_run(struct rig *rig, const char *arn,
                    struct answer *answer) {
    wf_engine_describe_map_run(rig->engine, wf_str(arn), on_run, answer);
    wait_for(rig, answer);
}

static void expect_run(struct rig *rig, const char *arn,
                       const char *expected) {
    struct answer answer = {0};
    ask_run(rig, arn, &answer);
    assert_string_equal(answer.text.data, expected);
    free_answer(&answer);
}

static void ask_runs(struct rig *rig, const char *arn, unsigned page,
                     const char *token, struct answer *answer) {
    const struct wf_list_map_runs ask = {
        .execution_arn = wf_str(arn),
        .max_results = page,
        .next_token = wf_str(token),
    };
    wf_engine_list_map_runs(rig->engine, &ask, on_runs, answer);
    wait_for(rig, answer);
}

/* The ARN of the execution's only run. Owned by the rig. */
static const char *only_run(struct rig *rig, const char *arn) {
    struct answer answer = {0};
    ask_runs(rig, arn, 0, NULL, &answer);
    assert_int_equal(answer.count, 1);
    const char *run = rig_quoted(rig, answer.arns.data);
    free_answer(&answer);
    return run;
}

static void ask_children(struct rig *rig, const char *run,
                         enum wf_execution_status status, unsigned page,
                         const char *token, struct answer *answer) {
    const struct wf_list_executions ask = {
        .map_run_arn = wf_str(run),
        .status = status,
        .max_results = page,
        .next_token = wf_str(token),
    };
    wf_engine_list_executions(rig->engine, &ask, on_children, answer);
    wait_for(rig, answer);
}

static void expect_children(struct rig *rig, const char *run,
                            const char *expected) {
    struct answer answer = {0};
    ask_children(rig, run, 0, 0, NULL, &answer);
    assert_string_equal(answer.text.data, expected);
    free_answer(&answer);
}

/* The ARN of the run's newest child. Owned by the rig. */
static const char *newest_child(struct rig *rig, const char *run) {
    struct answer answer = {0};
    ask_children(rig, run, 0, 1, NULL, &answer);
    assert_int_equal(answer.count, 1);
    const char *child = rig_quoted(rig, answer.arns.data);
    free_answer(&answer);
    return child;
}

static void ask_update(struct rig *rig, const char *run, int at_once,
                       int count, double percentage,
                       struct answer *answer) {
    const struct wf_update_map_run ask = {
        .map_run_arn = wf_str(run),
        .has_max_concurrency = at_once >= 0,
        .has_count = count >= 0,
        .has_percentage = percentage >= 0,
        .max_concurrency = at_once >= 0 ? (uint32_t)at_once : 7,
        .tolerated_failure_count = count >= 0 ? (uint64_t)count : 7,
        .tolerated_failure_percentage = percentage,
    };
    wf_engine_update_map_run(rig->engine, &ask, on_done, answer);
    wait_for(rig, answer);
}

/* ---- waiting ---- */

/* What waits leaves memory soon. */
static void open_rig(struct rig *rig) {
    rig->options.idle_ms = 20;
    rig_open(rig);
}

struct wanted {
    const char *run, *text;
};

static bool has_come(struct rig *rig, void *arg) {
    const struct wanted *wanted = arg;
    struct answer answer = {0};
    ask_run(rig, wanted->run, &answer);
    bool is_it = strstr(answer.text.data, wanted->text) != NULL;
    free_answer(&answer);
    return is_it;
}

static void until_run(struct rig *rig, const char *run, const char *text) {
    struct wanted wanted = {run, text};
    rig_until_true(rig, has_come, &wanted);
}

static bool have_come(struct rig *rig, void *arg) {
    const struct wanted *wanted = arg;
    struct answer answer = {0};
    ask_children(rig, wanted->run, 0, 0, NULL, &answer);
    bool is_it = strcmp(answer.text.data, wanted->text) == 0;
    free_answer(&answer);
    return is_it;
}

static bool has_entered(struct rig *rig, void *arg) {
    const char *const *arn = arg;
    return strstr(rig_story(rig, *arn), "StateEntered") != NULL;
}

/* The run of an execution that has ended. */
static const char *run_to_end(struct rig *rig, const char *input) {
    const char *arn = rig_start(rig, "x", input);
    rig_end(rig, arn);
    return only_run(rig, arn);
}

/* Starts one whose run is as the text says. */
static const char *start_until(struct rig *rig, const char *input,
                               const char *text) {
    const char *run = only_run(rig, rig_start(rig, "x", input));
    until_run(rig, run, text);
    return run;
}

/* ---- Map Runs ---- */

static void an_ended_run_is_described(void **state) {
    struct rig *rig = *state;
    open_rig(rig);
    rig_machine(rig, "m", two_at_once);
    const char *run = run_to_end(rig, "[0,0,0]");
    const char *expected = "SUCCEEDED 0+0+3+0+0+0=3 0+0+3+0+0+0=3 "
                           "at once 2 tolerated 3 0%\n";
    rig_assert_has(run, PREFIX "mapRun:m/L:");
    expect_run(rig, run, expected);
    expect_children(rig, run, "SUCCEEDED 1\nSUCCEEDED 1\nSUCCEEDED 1\n");
    rig_reopen(rig);
    expect_run(rig, run, expected);
    assert_string_equal(only_run(rig, PREFIX "execution:m:x"), run);
    expect_children(rig, run, "SUCCEEDED 1\nSUCCEEDED 1\nSUCCEEDED 1\n");
}

static void a_run_is_described_wherever_it_is(void **state) {
    struct rig *rig = *state;
    const char *expected = "RUNNING 1+2+0+0+0+0=3 0+2+0+0+0+0=2 "
                           "at once 2 tolerated 3 0%\n";
    open_rig(rig);
    rig_machine(rig, "m", two_at_once);
    const char *run = start_until(rig, "[3600,3600,3600]", "1+2+0");
    expect_run(rig, run, expected);
    expect_children(rig, run, "RUNNING 1\nRUNNING 1\n");
    rig_until_parked(rig);
    expect_run(rig, run, expected);
    expect_children(rig, run, "RUNNING 1\nRUNNING 1\n");
    assert_int_equal(rig_stats(rig).active_executions, 0);
    assert_string_equal(only_run(rig, PREFIX "execution:m:x"), run);
    rig_crash(rig);
    rig_open(rig);
    expect_run(rig, run, expected);
    rig_jump(rig, 3601000);
    until_run(rig, run, "0+1+2+0+0+0=3 0+1+2+0+0+0=3");
    expect_children(rig, run, "RUNNING 1\nSUCCEEDED 1\nSUCCEEDED 1\n");
}

static void a_stopped_execution_aborts_its_run(void **state) {
    struct rig *rig = *state;
    open_rig(rig);
    rig_machine(rig, "m", two_at_once);
    const char *run = start_until(rig, "[3600,3600,3600]", "1+2+0");
    rig_reply_of(rig, rig_ask_stop(rig, PREFIX "execution:m:x", "E", "C"));
    until_run(rig, run, "ABORTED 1+0+0+0+0+2=3 0+0+0+0+0+2=2");
    struct wanted wanted = {run, "ABORTED 1\nABORTED 1\n"};
    rig_until_true(rig, have_come, &wanted); /* they end a little later */
}

static void runs_come_in_pages(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    struct wf_buf seen = {0};
    open_rig(rig);
    rig_machine(
        rig, "m",
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        WAITS("A", "'Label':'a',", "STANDARD") ","
        WAITS("B", "'Label':'b',", "STANDARD") ","
        WAITS("C", "'Label':'c',", "STANDARD") "],'End':true}}}");
    const char *arn = rig_start(rig, "x", "[0]");
    rig_end(rig, arn);
    do {
        char token[sizeof(answer.token)];
        memcpy(token, answer.token, sizeof(token));
        ask_runs(rig, arn, 1, token, &answer);
        assert_int_equal(answer.count, 1);
        const char *label = strchr(answer.arns.data, '/') + 1;
        wf_buf_add(&seen, label, 1);
    } while (answer.token[0]);
    wf_buf_u8(&seen, 0);
    assert_string_equal(seen.data, "cba");
    ask_runs(rig, arn, 3, NULL, &answer);
    assert_int_equal(answer.count, 3);
    assert_string_equal(answer.token, "");
    wf_buf_free(&seen);
    free_answer(&answer);
}

static void what_there_is_not_is_refused(void **state) {
    static const char *const unknown[] = {
        PREFIX "mapRun:m/L:00000000-0000-0000-0000-000000000000",
        PREFIX "mapRun:m/L:nothing",
        PREFIX "mapRun:m",
        PREFIX "mapRun:n/L:%s",
        PREFIX "mapRun:m/K:%s",
    };
    struct rig *rig = *state;
    struct answer answer = {0};
    open_rig(rig);
    rig_machine(rig, "m", two_at_once);
    const char *arn = rig_start(rig, "x", "[0]");
    rig_end(rig, arn);
    const char *uuid = strrchr(only_run(rig, arn), ':') + 1;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct wf_buf run = {0};
        wf_buf_addf(&run, unknown[i], uuid);
        wf_buf_u8(&run, 0);
        ask_run(rig, run.data, &answer);
        assert_string_equal(answer.exception, "ResourceNotFound");
        ask_children(rig, run.data, 0, 0, NULL, &answer);
        assert_string_equal(answer.exception, "ResourceNotFound");
        ask_update(rig, run.data, 1, 1, 1, &answer);
        assert_string_equal(answer.exception, "ResourceNotFound");
        wf_buf_free(&run);
    }
    ask_run(rig, arn, &answer);
    assert_string_equal(answer.exception, "InvalidArn");
    ask_update(rig, arn, 1, 1, 1, &answer);
    assert_string_equal(answer.exception, "InvalidArn");
    ask_children(rig, arn, 0, 0, NULL, &answer);
    assert_string_equal(answer.exception, "InvalidArn");
    ask_runs(rig, PREFIX "execution:m:y", 0, NULL, &answer);
    assert_string_equal(answer.exception, "ExecutionDoesNotExist");
    ask_runs(rig, rig->arn, 0, NULL, &answer);
    assert_string_equal(answer.exception, "InvalidArn");
    ask_runs(rig, arn, 0, "x", &answer);
    assert_string_equal(answer.exception, "InvalidToken");
    free_answer(&answer);
}

/* ---- children ---- */

static void children_come_in_pages(void **state) {
    struct rig *rig = *state;
    struct answer all = {0}, page = {0};
    struct wf_buf seen = {0};
    open_rig(rig);
    rig_machine(rig, "m", WAITS("M", "", "STANDARD"));
    const char *run =
        start_until(rig, "[3600,0,3600,0,0,3600,0]", "0+3+4+0");
    ask_children(rig, run, 0, 0, NULL, &all);
    assert_int_equal(all.count, 7);
    assert_string_equal(all.token, "");
    for (int i = 0; i < 2; i++) {
        do {
            char token[sizeof(page.token)];
            memcpy(token, page.token, sizeof(token));
            ask_children(rig, run, 0, 3, token, &page);
            wf_buf_add(&seen, page.arns.data, page.arns.len);
        } while (page.token[0]);
        assert_int_equal(seen.len, all.arns.len);
        assert_memory_equal(seen.data, all.arns.data, seen.len);
        seen.len = 0;
        rig_until_parked(rig);
    }
    ask_children(rig, run, WF_EXECUTION_RUNNING, 0, NULL, &page);
    assert_string_equal(page.text.data, "RUNNING 1\nRUNNING 1\nRUNNING 1\n");
    ask_children(rig, run, 0, 0, "token", &page);
    assert_string_equal(page.exception, "InvalidToken");
    wf_buf_free(&seen);
    free_answer(&all);
    free_answer(&page);
}

static void children_are_none_of_the_machine(void **state) {
    struct rig *rig = *state;
    open_rig(rig);
    rig_machine(rig, "m", WAITS("M", "", "STANDARD"));
    start_until(rig, "[3600,0]", "0+1+1");
    for (int i = 0; i < 2; i++) {
        struct rig_reply *list =
            rig_reply_of(rig, rig_ask_list(rig, 0, 0, NULL));
        assert_string_equal(list->text, "x RUNNING\n");
        rig_until_parked(rig);
    }
}

static void a_child_is_an_execution(void **state) {
    struct rig *rig = *state;
    open_rig(rig);
    rig_machine(rig, "m", two_at_once);
    const char *run = start_until(rig, "[3600]", "0+1+0");
    const char *child = newest_child(rig, run);
    rig_assert_has(child, PREFIX "execution:m/L:");
    rig_until_true(rig, has_entered, &child);
    for (int i = 0; i < 2; i++) {
        struct rig_reply *shown = rig_describe(rig, child);
        assert_string_equal(shown->arn, child);
        assert_string_equal(shown->name, strrchr(child, ':') + 1);
        assert_string_equal(shown->input, "3600");
        assert_int_equal(shown->status, WF_EXECUTION_RUNNING);
        rig_assert_has(rig_story(rig, child), "2<0 WaitStateEntered WM");
        rig_until_parked(rig);
    }
    struct rig_reply *waits = rig_ask_wait(rig, child, 60000);
    rig_reply_of(rig, rig_ask_stop(rig, child, "E", "C"));
    assert_int_equal(rig_reply_of(rig, waits)->status, WF_EXECUTION_ABORTED);
    assert_string_equal(waits->error, "E");
    until_run(rig, run, "SUCCEEDED 0+0+0+0+0+1=1");
    rig_reopen(rig);
    rig_assert_status(rig, child, WF_EXECUTION_ABORTED);
    rig_assert_has(rig_story(rig, child), "ExecutionAborted");
}

static void an_express_child_is_one_too(void **state) {
    struct rig *rig = *state;
    open_rig(rig);
    rig_machine(rig, "m", WAITS("M", "'Label':'L',", "EXPRESS"));
    const char *child = newest_child(rig, run_to_end(rig, "[0]"));
    rig_assert_has(child, PREFIX "express:m/L:");
    assert_string_equal(rig_describe(rig, child)->arn, child);
    rig_assert_status(rig, child, WF_EXECUTION_SUCCEEDED);
    const char *run =
        only_run(rig, rig_start(rig, "y", "[3600,3600,3600]"));
    until_run(rig, run, "0+3+0");
    child = newest_child(rig, run);
    rig_reply_of(rig, rig_ask_stop(rig, child, "E", "C"));
    rig_assert_status(rig, child, WF_EXECUTION_ABORTED);
    rig_assert_has(rig_story(rig, child), " E: C");
    until_run(rig, run, "FAILED 0+0+0+0+0+3=3"); /* none was tolerated */
}

/* Only the whole ARN names the child. */
static void other_names_of_a_child_are_none(void **state) {
    static const char *const others[] = {
        "execution:m:%s", "execution:m/K:%s", "execution:n/L:%s",
        "express:m/L:%s", "execution:m/L:%s0"};
    struct rig *rig = *state;
    open_rig(rig);
    rig_machine(rig, "n", two_at_once);
    rig_machine(rig, "m", two_at_once);
    const char *run = start_until(rig, "[3600]", "0+1+0");
    const char *child = newest_child(rig, run);
    for (int parked = 0; parked < 2; parked++) {
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
            struct wf_buf arn = {0};
            wf_buf_adds(&arn, PREFIX);
            wf_buf_addf(&arn, others[i], strrchr(child, ':') + 1);
            wf_buf_u8(&arn, 0);
            struct rig_reply *reply =
                rig_reply_of(rig, rig_ask_describe(rig, arn.data));
            assert_string_equal(reply->exception, "ExecutionDoesNotExist");
            wf_buf_free(&arn);
        }
        rig_until_parked(rig);
    }
}

struct machine_answer {
    bool done;
    struct wf_buf text;
};

static void on_machine(void *arg, const struct wf_refusal *refusal,
                       const struct wf_state_machine_reply *reply) {
    struct machine_answer *answer = arg;
    assert_null(refusal);
    answer->done = true;
    wf_buf_addf(&answer->text, "%.*s %.*s\n%.*s\n%.*s\n",
                (int)reply->name.len, reply->name.data, (int)reply->label.len,
                reply->label.data, (int)reply->arn.len, reply->arn.data,
                (int)reply->map_run_arn.len, reply->map_run_arn.data);
    wf_buf_addstr(&answer->text, reply->definition);
    wf_buf_u8(&answer->text, 0);
}

static void a_child_runs_the_processor(void **state) {
    struct rig *rig = *state;
    struct machine_answer answer = {0};
    open_rig(rig);
    rig_machine(rig, "m", two_at_once);
    const char *run = run_to_end(rig, "[0]");
    wf_engine_describe_state_machine_for_execution(
        rig->engine, wf_str(newest_child(rig, run)), on_machine, &answer);
    rig_until(rig, &answer.done);
    struct wf_buf expected = {0};
    wf_buf_addf(&expected, "m/L L\n" PREFIX "stateMachine:m/L\n%s\n", run);
    wf_buf_adds(&expected,
                rig_quoted(rig, "{'ProcessorConfig':{'Mode':'DISTRIBUTED',"
                                "'ExecutionType':'STANDARD'},'StartAt':'WM',"
                                "'States':{'WM':{'Type':'Wait','SecondsPath':"
                                "'$','End':true}}}"));
    wf_buf_u8(&expected, 0);
    assert_string_equal(answer.text.data, expected.data);
    wf_buf_free(&expected);
    wf_buf_free(&answer.text);
}

/* ---- UpdateMapRun ---- */

static void a_higher_limit_starts_children(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_rig(rig);
    rig_machine(rig, "m", two_at_once);
    const char *run = start_until(rig, "[3600,3600,3600,3600]", "2+2+0");
    ask_update(rig, run, 3, -1, -1, &answer);
    assert_string_equal(answer.exception, "");
    until_run(rig, run, "1+3+0+0+0+0=4");
    expect_run(rig, run, "RUNNING 1+3+0+0+0+0=4 0+3+0+0+0+0=3 at once 3 "
                         "tolerated 3 0%\n");
    rig_until_parked(rig);
    ask_update(rig, run, 0, 0, 12.5, &answer);
    assert_string_equal(answer.exception, "");
    until_run(rig, run, "0+4+0+0+0+0=4");
    const char *expected = "RUNNING 0+4+0+0+0+0=4 0+4+0+0+0+0=4 at once 0 "
                           "tolerated 0 12.5%\n";
    expect_run(rig, run, expected);
    rig_crash(rig);
    rig_open(rig);
    expect_run(rig, run, expected);
    free_answer(&answer);
}

/* Two wait for their turn to be redriven: they run again, but not yet. */
static void a_child_that_is_pending_is_described_so(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_rig(rig);
    rig_machine(rig, "m", WAITS("M", "'Label':'L',", "STANDARD"));
    const char *run = start_until(rig, "[3600,3600,3600]", "0+3+0");
    const char *child = newest_child(rig, run);
    const char *parent = PREFIX "execution:m:x";
    ask_update(rig, run, 1, -1, -1, &answer);
    rig_reply_of(rig, rig_ask_stop(rig, parent, NULL, NULL));
    /* its children are stopped some at a time */
    struct wanted wanted = {run, "ABORTED 1\nABORTED 1\nABORTED 1\n"};
    rig_until_true(rig, have_come, &wanted);
    assert_int_equal(rig_describe(rig, child)->status, WF_EXECUTION_ABORTED);
    rig_redrive(rig, parent);
    wanted.text = "PENDING_REDRIVE 1\nPENDING_REDRIVE 1\nRUNNING 1\n";
    rig_until_true(rig, have_come, &wanted);
    struct rig_reply *reply = rig_describe(rig, child);
    assert_int_equal(reply->status, WF_EXECUTION_PENDING_REDRIVE);
    assert_int_equal(reply->stop_ms, 0);
    assert_null(reply->error);
    rig_until_parked(rig);
    rig_crash(rig);
    rig_open(rig);
    assert_int_equal(rig_describe(rig, child)->status,
                     WF_EXECUTION_PENDING_REDRIVE);
    free_answer(&answer);
}

static void less_tolerance_ends_the_run(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_rig(rig);
    rig_machine(rig, "m", two_at_once);
    const char *run = start_until(rig, "[3600,3600,3600]", "1+2+0");
    rig_reply_of(rig, rig_ask_stop(rig, newest_child(rig, run), "E", "C"));
    until_run(rig, run, "RUNNING 0+2+0+0+0+1=3");
    rig_until_parked(rig);
    ask_update(rig, run, -1, 0, -1, &answer);
    assert_string_equal(answer.exception, "");
    until_run(rig, run, "FAILED 0+0+0+0+0+3=3");
    assert_int_equal(rig_end(rig, PREFIX "execution:m:x")->status,
                     WF_EXECUTION_FAILED);
    free_answer(&answer);
}

static void an_update_can_be_of_nothing(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_rig(rig);
    rig_machine(rig, "m", two_at_once);
    const char *run = start_until(rig, "[3600,3600,3600]", "1+2+0");
    ask_update(rig, run, -1, -1, -1, &answer);
    assert_string_equal(answer.exception, "");
    expect_run(rig, run, "RUNNING 1+2+0+0+0+0=3 0+2+0+0+0+0=2 at once 2 "
                         "tolerated 3 0%\n");
    free_answer(&answer);
}

static void an_ended_run_is_not_updated(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_rig(rig);
    rig_machine(rig, "m", two_at_once);
    const char *run = run_to_end(rig, "[0]");
    for (int i = 0; i < 2; i++) {
        ask_update(rig, run, 1, 1, 1, &answer);
        assert_string_equal(answer.exception, "ValidationException");
        expect_run(rig, run, "SUCCEEDED 0+0+1+0+0+0=1 0+0+1+0+0+0=1 "
                             "at once 2 tolerated 3 0%\n");
        rig_reopen(rig);
    }
    free_answer(&answer);
}

/* Children have names of their own, which the state machine's executions may
 * have as well. */
static void a_child_keeps_no_name_from_others(void **state) {
    struct rig *rig = *state;
    struct answer children = {0};
    open_rig(rig);
    rig_machine(rig, "m", WAITS("M", "", "STANDARD"));
    const char *run = start_until(rig, "[3600]", "0+1+0+0");
    ask_children(rig, run, 0, 0, NULL, &children);
    assert_int_equal(children.count, 1);
    const char *name = strrchr(children.arns.data, ':') + 1;
    struct rig_reply *start =
        rig_reply_of(rig, rig_ask_start(rig, name, "[0]"));
    assert_false(start->refused);
    assert_non_null(strstr(start->arn, ":execution:m:"));
    free_answer(&children);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_REAL(an_ended_run_is_described),
        ENGINE_TEST_REAL(a_child_keeps_no_name_from_others),
        ENGINE_TEST_REAL(a_run_is_described_wherever_it_is),
        ENGINE_TEST_REAL(a_stopped_execution_aborts_its_run),
        ENGINE_TEST_REAL(runs_come_in_pages),
        ENGINE_TEST_REAL(what_there_is_not_is_refused),
        ENGINE_TEST_REAL(children_come_in_pages),
        ENGINE_TEST_REAL(children_are_none_of_the_machine),
        ENGINE_TEST_REAL(a_child_is_an_execution),
        ENGINE_TEST_REAL(an_express_child_is_one_too),
        ENGINE_TEST_REAL(other_names_of_a_child_are_none),
        ENGINE_TEST_REAL(a_child_runs_the_processor),
        ENGINE_TEST_REAL(a_higher_limit_starts_children),
        ENGINE_TEST_REAL(less_tolerance_ends_the_run),
        ENGINE_TEST_REAL(a_child_that_is_pending_is_described_so),
        ENGINE_TEST_REAL(an_update_can_be_of_nothing),
        ENGINE_TEST_REAL(an_ended_run_is_not_updated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
