/*
 * test_engine_notifications.c - status changes told to handlers and endpoints:
 * each of them, in order, whatever dies when; what is not taken; bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "file.h"
#include "lua_stdlib.h"
#include "notification_targets.h"
#include "notifications.h"
#include "worker.h"

static const char passes[] =
    "{'StartAt':'A','States':{'A':{'Type':'Pass','End':true}}}";
static const char waits[] =
    "{'StartAt':'W','States':{'W':{'Type':'Wait','SecondsPath':'$.s',"
    "'End':true}}}";

struct told {
    char path[112], targets[112], refuse[112];
};

/* A handler that writes what it is told to a file, or fails. */
static struct told prepare(struct rig *rig, const char *targets) {
    struct told told;
    struct wf_buf text = {0};
    snprintf(told.path, sizeof(told.path), "%s/told", rig->directory);
    snprintf(told.refuse, sizeof(told.refuse), "%s/refuse", rig->directory);
    snprintf(told.targets, sizeof(told.targets), "%s/targets.json",
             rig->directory);
    wf_buf_addf(&text,
                "local t = {}\n"
                "function t.of(event, task)\n"
                "  if io.open('%s') then error('not now') end\n"
                "  local d = event.detail\n"
                "  local file = io.open('%s', 'a')\n"
                "  local input = d.input ~= require('cjson').null\n"
                "  file:write(d.name, ' ', d.status, ' ', d.redriveCount,\n"
                "    ' ', input and #d.input or '-', ' ',\n"
                "    event.id == task.idempotency_key and 'same' or 'x', ' ',\n"
                "    d.executionArn, ' ', d.stateMachineArn, '\\n')\n"
                "  file:close()\n"
                "end\n"
                "return t\n",
                told.refuse, told.path);
    wf_buf_u8(&text, 0);
    rig_handler(rig, "t.lua", text.data);
    wf_buf_free(&text);
    const char *quoted = rig_quoted(rig, targets);
    FILE *file = fopen(told.targets, "w");
    assert_non_null(file);
    fputs(quoted, file);
    fclose(file);
    assert_int_equal(chmod(told.targets, 0600), 0);
    rig->options.notifications =
        rig_quoted(rig, told.targets); /* a copy that lives long enough */
    rig->options.workers = 1;
    return told;
}

static const char one_target[] = "{'Targets':[{'Id':'t','Handler':'t.of'}]}";

/* All that was told until now. Owned by who asks. */
static char *read_told(const struct told *told) {
    struct wf_buf text = {0};
    wf_file_read(told->path, 1 << 24, &text, NULL);
    wf_buf_u8(&text, 0);
    return text.data;
}

struct wanted {
    const struct told *told;
    const char *part;
    unsigned count;
};

static bool has_come(struct rig *rig, void *arg) {
    struct wanted *wanted = arg;
    char *text = read_told(wanted->told);
    bool has = rig_count(text, wanted->part) >= wanted->count;
    (void)rig;
    free(text);
    return has;
}

static void await(struct rig *rig, const struct told *told, const char *part,
                  unsigned count) {
    struct wanted wanted = {told, part, count};
    rig_until_true(rig, has_come, &wanted);
}

static bool is_empty(struct rig *rig, void *arg) {
    (void)arg;
    return rig_stats(rig).notifications_queued == 0;
}

static void each_status_change_is_told(void **state) {
    struct rig *rig = *state;
    struct told told = prepare(rig, one_target);
    rig_open(rig);
    rig_machine(rig, "m", passes);
    rig_end(rig, rig_start(rig, "one", "{'a':1}"));
    await(rig, &told, "\n", 2);
    rig_machine(rig, "f", "{'StartAt':'F','States':{'F':{'Type':'Fail'}}}");
    const char *arn = rig_start(rig, "two", "{}");
    rig_end(rig, arn);
    rig_redrive(rig, arn);
    await(rig, &told, "\n", 6);
    rig_until_true(rig, is_empty, NULL);
    rig_flush(rig);
    assert_int_equal(rig_rows(rig, 'F', 0), 0);
    char *text = read_told(&told);
#define ARNS(machine, name)                                              \
    "arn:aws:states:us-east-1:000000000000:execution:" machine ":" name  \
    " arn:aws:states:us-east-1:000000000000:stateMachine:" machine "\n"
    assert_string_equal(
        text, "one RUNNING 0 7 same " ARNS("m", "one")
              "one SUCCEEDED 0 7 same " ARNS("m", "one")
              "two RUNNING 0 2 same " ARNS("f", "two")
              "two FAILED 0 2 same " ARNS("f", "two")
              "two RUNNING 1 2 same " ARNS("f", "two")
              "two FAILED 1 2 same " ARNS("f", "two"));
    free(text);
    struct wf_engine_stats stats = rig_stats(rig);
    assert_int_equal(stats.notifications_delivered, 6);
    assert_int_equal(stats.notifications_failed, 0);
}

static void without_targets_there_are_no_rows(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", passes);
    rig_end(rig, rig_start(rig, "one", "{}"));
    assert_int_equal(rig_rows(rig, 'F', 0), 0);
}

static void a_pattern_chooses(void **state) {
    struct rig *rig = *state;
    struct told told = prepare(
        rig, "{'Targets':[{'Id':'t','Handler':'t.of','EventPattern':{"
             "'detail':{'status':['SUCCEEDED'],'input':[{'wildcard':"
             "'*yes*'}]}}},"
             "{'Id':'none','Handler':'t.of','EventPattern':{'detail':{"
             "'status':['ABORTED']}}}]}");
    rig_open(rig);
    rig_machine(rig, "m", passes);
    rig_end(rig, rig_start(rig, "a", "{'x':'no'}"));
    rig_end(rig, rig_start(rig, "b", "{'x':'yes'}"));
    await(rig, &told, "b SUCCEEDED", 1);
    rig_until_true(rig, is_empty, NULL);
    char *text = read_told(&told);
    assert_int_equal(rig_count(text, "\n"), 1);
    free(text);
}

static void express_says_nothing(void **state) {
    struct rig *rig = *state;
    struct told told = prepare(rig, one_target);
    rig_open(rig);
    assert_false(rig_reply_of(rig, rig_ask_machine(rig, "e", passes, true))
                     ->refused);
    snprintf(rig->arn, sizeof(rig->arn),
             "arn:aws:states:us-east-1:000000000000:stateMachine:e");
    rig_reply_of(rig, rig_ask_sync(rig, "{}"));
    rig_machine(rig, "m", passes);
    rig_end(rig, rig_start(rig, "one", "{}"));
    await(rig, &told, "\n", 2);
    char *text = read_told(&told);
    assert_int_equal(rig_count(text, "one"), 4);
    free(text);
}

/* Input of more than 248 KiB is left out. */
static void what_is_too_large_is_left_out(void **state) {
    struct rig *rig = *state;
    struct told told = prepare(rig, one_target);
    char *input = malloc(400000);
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'A','States':{'A':{'Type':'Pass','Result':{},"
                "'End':true}}}");
    memset(input, 'x', 400000);
    input[0] = input[300000 - 1] = '"';
    input[300000] = '\0';
    rig_end(rig, rig_start(rig, "large", input));
    input[200000 - 1] = '"';
    input[200000] = '\0';
    rig_end(rig, rig_start(rig, "fits", input));
    await(rig, &told, "\n", 4);
    char *text = read_told(&told);
    assert_int_equal(rig_count(text, "large RUNNING 0 - same"), 1);
    assert_int_equal(rig_count(text, "large SUCCEEDED 0 - same"), 1);
    assert_int_equal(rig_count(text, "fits SUCCEEDED 0 200000 same"), 1);
    free(text);
    free(input);
}

/* An execution that ends before anybody has read its definition again. */
static void one_that_is_stopped_after_a_restart_is_told(void **state) {
    struct rig *rig = *state;
    struct told told = prepare(
        rig, "{'Targets':[{'Id':'t','Handler':'t.of','EventPattern':{"
             "'detail':{'status':['ABORTED'],'stateMachineArn':[{'suffix':"
             "':m'}]}}},{'Id':'no','Handler':'t.of','EventPattern':{'detail':"
             "{'stateMachineArn':['x']}}}]}");
    rig_open(rig);
    rig_machine(rig, "m", waits);
    const char *arn = rig_start(rig, "one", "{'s':100000}");
    rig_until_parked(rig);
    rig_reopen(rig);
    rig_reply_of(rig, rig_ask_stop(rig, arn, "E", "C"));
    await(rig, &told, "one ABORTED 0 12 same", 1);
    rig_until_true(rig, is_empty, NULL);
    char *text = read_told(&told);
    assert_int_equal(rig_count(text, "\n"), 1);
    free(text);
}

/* ---- what fails ---- */

static const char impatient[] =
    "{'Targets':[{'Id':'t','Handler':'t.of','RetryPolicy':{"
    "'MaximumRetryAttempts':2,'IntervalSeconds':0.02,"
    "'MaxDelaySeconds':0.05}}]}";

static void refuse(const struct told *told, bool refuses) {
    FILE *file;
    if (!refuses) {
        unlink(told->refuse);
        return;
    }
    file = fopen(told->refuse, "w");
    assert_non_null(file);
    fclose(file);
}

static bool are_dead(struct rig *rig, void *arg) {
    return rig_stats(rig).dead_letters == *(unsigned *)arg;
}

struct seen {
    bool done;
    uint64_t count;
    char reason[200], id[40], error[200];
    unsigned attempts;
};

static void on_letters(void *arg, const struct wf_refusal *refusal,
                       const struct wf_dead_letters *letters) {
    struct seen *seen = arg;
    assert_null(refusal);
    seen->done = true;
    seen->count = letters->count;
    if (letters->count == 0)
        return;
    snprintf(seen->reason, sizeof(seen->reason), "%.*s",
             (int)letters->list[0].reason.len, letters->list[0].reason.data);
    snprintf(seen->id, sizeof(seen->id), "%s", letters->list[0].id);
    seen->attempts = letters->list[0].attempts;
}

static void on_moved(void *arg, const struct wf_refusal *refusal,
                     uint64_t count) {
    struct seen *seen = arg;
    assert_null(refusal);
    seen->done = true;
    seen->count = count;
}

static void on_stands(void *arg, const struct wf_refusal *refusal,
                      const struct wf_notification_stand *stands,
                      size_t count) {
    struct seen *seen = arg;
    assert_null(refusal);
    assert_int_equal(count, 1);
    seen->done = true;
    snprintf(seen->error, sizeof(seen->error), "%.*s",
             (int)stands[0].error.len, stands[0].error.data);
}

static void what_fails_too_often_is_a_dead_letter(void **state) {
    struct rig *rig = *state;
    struct told told = prepare(rig, impatient);
    struct seen seen = {0}, again = {0}, stand = {0};
    unsigned two = 2;
    refuse(&told, true);
    rig_open(rig);
    rig_machine(rig, "m", passes);
    rig_end(rig, rig_start(rig, "one", "{}"));
    rig_until_true(rig, are_dead, &two);
    rig_reopen(rig);
    rig_until_true(rig, are_dead, &two);
    wf_engine_list_dead_letters(rig->engine, WF_STR("t"), 0, WF_STR(""),
                                on_letters, &seen);
    rig_until(rig, &seen.done);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.attempts, 3);
    rig_assert_has(seen.reason, "not now");
    wf_engine_list_notification_targets(rig->engine, on_stands, &stand);
    rig_until(rig, &stand.done);
    refuse(&told, false);
    wf_engine_resend_dead_letters(rig->engine, WF_STR("t"), false, on_moved,
                                  &again);
    rig_until(rig, &again.done);
    assert_int_equal(again.count, 2);
    await(rig, &told, "\n", 2);
    rig_until_true(rig, is_empty, NULL);
    rig_flush(rig);
    assert_int_equal(rig_rows(rig, 'F', 0), 0);
    char *text = read_told(&told);
    rig_assert_has(text, "one RUNNING 0 2 same");
    rig_assert_has(text, "one SUCCEEDED 0 2 same");
    free(text);
}

static void dead_letters_can_be_removed(void **state) {
    struct rig *rig = *state;
    struct told told = prepare(rig, impatient);
    struct seen seen = {0}, none = {0};
    unsigned two = 2;
    refuse(&told, true);
    rig_open(rig);
    rig_machine(rig, "m", passes);
    rig_end(rig, rig_start(rig, "one", "{}"));
    rig_until_true(rig, are_dead, &two);
    wf_engine_resend_dead_letters(rig->engine, WF_STR("t"), true, on_moved,
                                  &seen);
    rig_until(rig, &seen.done);
    assert_int_equal(seen.count, 2);
    assert_int_equal(rig_rows(rig, 'F', 0), 0);
    wf_engine_list_dead_letters(rig->engine, WF_STR("t"), 0, WF_STR(""),
                                on_letters, &none);
    rig_until(rig, &none.done);
    assert_int_equal(none.count, 0);
}

static bool is_trimmed(struct rig *rig, void *arg) {
    struct wf_engine_stats stats = rig_stats(rig);
    (void)arg;
    return stats.notifications_queued == 5 && stats.dead_letters == 3;
}

/* An endpoint that is not there: rows have a bound, and nobody waits. */
static void a_dead_endpoint_has_a_bound(void **state) {
    struct rig *rig = *state;
    prepare(rig, "{'Targets':[{'Id':'t','HttpEndpoint':{'Url':"
                 "'http://127.0.0.1:1/'},'MaximumBacklog':5,"
                 "'MaximumDeadLetters':3}]}");
    rig_open(rig);
    rig_machine(rig, "m", passes);
    for (int i = 0; i < 20; i++)
        rig_end(rig, rig_start(rig, NULL, "{}"));
    rig_until_true(rig, is_trimmed, NULL);
    rig_flush(rig);
    assert_int_equal(rig_rows(rig, 'F', 0), 8);
    assert_int_equal(rig_stats(rig).notifications_lost, 40 - 8);
    assert_true(rig_stats(rig).notifications_died >= 35);
    rig_reopen(rig);
    rig_until_true(rig, is_trimmed, NULL);
    assert_int_equal(rig_rows(rig, 'F', 0), 8);
}

static void mistakes_stop_the_start(void **state) {
    static const struct {
        const char *targets, *part;
    } wrong[] = {
        {"{'Targets':7}", "Targets must be"},
        {"{'Targets':[{'Id':'a b','Handler':'t.of'}]}", "Id must be"},
        {"{'Targets':[{'Id':'a'}]}", "either HttpEndpoint or Handler"},
        {"{'Targets':[{'Id':'a','Handler':'of'}]}", "MODULE.FUNCTION"},
        {"{'Targets':[{'Id':'a','Handler':'t.of'},"
         "{'Id':'a','Handler':'t.of'}]}", "two of that Id"},
        {"{'Targets':[{'Id':'a','HttpEndpoint':{'Url':'ftp://x'}}]}",
         "needs a Url"},
        {"{'Targets':[{'Id':'a','HttpEndpoint':{'Url':'http://x',"
         "'Headers':{'webhook-id':'1'}}}]}", "can't be sent"},
        {"{'Targets':[{'Id':'a','HttpEndpoint':{'Url':'http://x',"
         "'Secret':'whsec_!'}}]}", "Base64"},
        {"{'Targets':[{'Id':'a','Handler':'t.of','RetryPolicy':{"
         "'MaximumRetryAttempts':-1}}]}", "MaximumRetryAttempts"},
        {"{'Targets':[{'Id':'a','Handler':'t.of','EventPattern':{"
         "'detail':{'status':'FAILED'}}}]}", "stand in a list"},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct told told = prepare(rig, wrong[i].targets);
        struct wf_notification_targets targets;
        struct wf_error err = {0};
        if (wf_notification_targets_read(told.targets, &targets, &err) == 0)
            fail_msg("%s is good", wrong[i].targets);
        rig_assert_has(err.message, wrong[i].part);
    }
}

/* ---- crashes ---- */

#define STARTS 5

/* For each of an execution that was acknowledged, and for none that was
 * not. The first time, in their order. */
static void check_told(struct rig *rig, const char *text, const char *name) {
    char runs[80], ended[80];
    snprintf(runs, sizeof(runs), "%s RUNNING 0 ", name);
    snprintf(ended, sizeof(ended), "%s SUCCEEDED 0 ", name);
    const char *first = strstr(text, runs), *then = strstr(text, ended);
    (void)rig;
    if (!first || !then || then < first)
        fail_msg("%s:\n%s", name, text);
}

static void crash_after(struct rig *rig, const struct told *told,
                        unsigned run, unsigned turns) {
    struct rig_reply *starts[STARTS];
    char name[24], ended[40], arn[128];
    for (int i = 0; i < STARTS; i++) {
        snprintf(name, sizeof(name), "r%u-%u-%d.", run, turns, i);
        starts[i] = rig_ask_start(rig, name, i % 2 ? "{'s':1}" : "{'s':0}");
        if (i % 2)
            rig_turn(rig);
    }
    rig_turns(rig, turns);
    rig_crash(rig);
    rig_open(rig);
    for (int i = 0; i < STARTS; i++) {
        snprintf(name, sizeof(name), "r%u-%u-%d.", run, turns, i);
        snprintf(arn, sizeof(arn), "arn:aws:states:us-east-1:000000000000:"
                 "execution:m:%s", name);
        struct rig_reply *there =
            rig_reply_of(rig, rig_ask_describe(rig, arn));
        assert_true(!starts[i]->done || !there->refused);
        if (there->refused) {
            char *text = read_told(told);
            assert_null(strstr(text, name));
            free(text);
            continue;
        }
        rig_end(rig, arn);
        snprintf(ended, sizeof(ended), "%s SUCCEEDED", name);
        await(rig, told, ended, 1);
        char *text = read_told(told);
        check_told(rig, text, name);
        free(text);
    }
}

static bool has_no_rows(struct rig *rig, void *arg) {
    (void)arg;
    return rig_rows(rig, 'F', 0) == 0;
}

static void crashes_lose_none(void **state) {
    struct rig *rig = *state;
    struct told told = prepare(rig, one_target);
    rig_open(rig);
    rig_machine(rig, "m", waits);
    rig_flush(rig);
    for (unsigned run = 0; run < 2; run++)
        for (unsigned turns = 0; turns < 40; turns += 2 + run) {
            rig->delay_ms = run;
            crash_after(rig, &told, run, turns);
        }
    rig_until_true(rig, has_no_rows, NULL);
}

/* Nothing is told of what is not durable. */
static void it_waits_for_the_disk(void **state) {
    struct rig *rig = *state;
    struct told told = prepare(rig, one_target);
    rig_open(rig);
    rig_machine(rig, "m", passes);
    rig_flush(rig);
    store_gate_close(rig->store);
    rig_ask_start(rig, "x", "{}");
    rig_turns(rig, 40);
    char *text = read_told(&told);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(rig_stats(rig).notifications_delivered, 0);
    store_gate_open(rig->store);
    await(rig, &told, "\n", 2);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(each_status_change_is_told),
        ENGINE_TEST_BOTH(without_targets_there_are_no_rows),
        ENGINE_TEST_BOTH(a_pattern_chooses),
        ENGINE_TEST_BOTH(express_says_nothing),
        ENGINE_TEST_BOTH(what_is_too_large_is_left_out),
        ENGINE_TEST_REAL(one_that_is_stopped_after_a_restart_is_told),
        ENGINE_TEST_REAL(what_fails_too_often_is_a_dead_letter),
        ENGINE_TEST_REAL(dead_letters_can_be_removed),
        ENGINE_TEST_REAL(a_dead_endpoint_has_a_bound),
        ENGINE_TEST_BOTH(mistakes_stop_the_start),
        ENGINE_TEST_BOTH(crashes_lose_none),
        ENGINE_TEST_BOTH(it_waits_for_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
