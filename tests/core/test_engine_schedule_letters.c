/*
 * test_engine_schedule_letters.c - dead letters of schedules: what their queue
 * is sent, until it takes it; whatever dies when. And EXPRESS executions, which
 * overlap as others do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "file.h"
#include "keys.h"
#include "lua_stdlib.h"
#include "schedules.h"
#include "worker.h"

#define HOUR_MS INT64_C(3600000)
#define QUEUE "arn:aws:sqs:eu-west-1:123456789012:dlq"
#define ARN "arn:aws:states:us-east-1:000000000000:stateMachine:x"

struct queue {
    char path[112], refuse[112];
};

/* aws/sqs.lua, which writes what it is sent to a file, or fails. */
static struct queue prepare(struct rig *rig) {
    struct queue queue;
    struct wf_buf text = {0};
    char directory[160];
    snprintf(queue.path, sizeof(queue.path), "%s/sent", rig->directory);
    snprintf(queue.refuse, sizeof(queue.refuse), "%s/refuse",
             rig->directory);
    wf_buf_addf(&text,
                "local sqs = {}\n"
                "function sqs.sendMessage(ask, task)\n"
                "  if io.open('%s') then error('not now') end\n"
                "  local names = {}\n"
                "  for name, value in pairs(ask.MessageAttributes) do\n"
                "    names[#names + 1] = name .. '=' .. value.StringValue\n"
                "  end\n"
                "  table.sort(names)\n"
                "  local file = io.open('%s', 'a')\n"
                "  file:write(ask.QueueUrl, ' ', ask.MessageBody, ' ',\n"
                "    task.attempt, ' ', table.concat(names, ' '), '\\n')\n"
                "  file:close()\n"
                "  return {}\n"
                "end\n"
                "return sqs\n",
                queue.refuse, queue.path);
    wf_buf_u8(&text, 0);
    rig_handler(rig, "sqs.lua", text.data); /* makes the directory */
    snprintf(directory, sizeof(directory), "%s/aws", rig->handlers);
    mkdir(directory, 0700);
    char from[192], to[192];
    snprintf(from, sizeof(from), "%s/sqs.lua", rig->handlers);
    snprintf(to, sizeof(to), "%s/sqs.lua", directory);
    assert_int_equal(rename(from, to), 0);
    wf_buf_free(&text);
    rig->options.workers = 1;
    return queue;
}

static void refuse(const struct queue *queue) {
    FILE *file = fopen(queue->refuse, "w");
    assert_non_null(file);
    fclose(file);
}

/* All that was sent until now. Owned by who asks. */
static char *read_sent(const struct queue *queue) {
    struct wf_buf text = {0};
    wf_file_read(queue->path, 1 << 24, &text, NULL);
    wf_buf_u8(&text, 0);
    return text.data;
}

static struct wf_schedule doomed(const char *name, const char *target) {
    return (struct wf_schedule){
        .name = wf_str(name),
        .expression = WF_STR("at(2024-01-01T01:00:00)"),
        .target = wf_str(target),
    };
}

#define TARGET(arn, input, policy)                                        \
    "{\"Arn\":\"" arn "\",\"RoleArn\":\"r\",\"Input\":\"" input "\"," policy \
    "\"DeadLetterConfig\":{\"Arn\":\"" QUEUE "\"}}"
#define RETRIES(count)                                                    \
    "\"RetryPolicy\":{\"MaximumRetryAttempts\":" #count "},"

static bool has_no_letters(struct rig *rig, void *arg) {
    struct wf_schedule_ask ask = {.operation = WF_SCHEDULE_GET,
                                  .schedule = {.name = wf_str(arg)}};
    rig_flush(rig);
    return schedule_ask(rig, &ask)->schedule.failed == 1 &&
           rig_rows(rig, 'F', 0) == 0;
}

static bool has_a_letter(struct rig *rig, void *arg) {
    (void)arg;
    rig_flush(rig);
    return rig_rows(rig, 'F', 0) == 1;
}

static void the_queue_is_told_why(void **state) {
    struct rig *rig = *state;
    struct queue queue = prepare(rig);
    rig_open(rig);
    schedule_make(rig, doomed("once", TARGET(ARN, "[1]", RETRIES(2))));
    rig_until_true(rig, has_no_letters, "once");
    char *sent = read_sent(&queue);
    rig_assert_has(sent,
                   "https://sqs.eu-west-1.amazonaws.com/123456789012/dlq [1] "
                   "1 ERROR_CODE=StateMachineDoesNotExist ERROR_MESSAGE="
                   "State Machine Does Not Exist: '" ARN "' EXECUTION_ID=");
    rig_assert_has(sent,
                   " EXHAUSTED_RETRY_CONDITION=MaximumRetryAttempts "
                   "IS_PAYLOAD_TRUNCATED=false RETRY_ATTEMPTS=2 "
                   "SCHEDULED_TIME=2024-01-01T01:00:00Z SCHEDULE_ARN="
                   "arn:aws:scheduler:us-east-1:000000000000:schedule/"
                   "default/once TARGET_ARN=" ARN "\n");
    assert_int_equal(rig_count(sent, "\n"), 1);
    free(sent);
}

static void each_way_to_fail_has_its_condition(void **state) {
    struct rig *rig = *state;
    struct queue queue = prepare(rig);
    rig_open(rig);
    schedule_make(rig, doomed("old", TARGET(ARN, "2",
                              "\"RetryPolicy\":{"
                              "\"MaximumEventAgeInSeconds\":60},")));
    rig_until_true(rig, has_no_letters, "old");
    schedule_make(rig, (struct wf_schedule){
        .name = WF_STR("bad"),
        .expression = WF_STR("at(2024-01-01T02:00:00)"),
        .target = WF_STR(TARGET(
            "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
            "{\\\"StateMachineArn\\\":\\\"no\\\"}", ""))});
    rig_until_true(rig, has_no_letters, "bad");
    char *sent = read_sent(&queue);
    rig_assert_has(sent, "EXHAUSTED_RETRY_CONDITION="
                         "MaximumEventAgeInSeconds ");
    rig_assert_has(sent, "/dlq {\"StateMachineArn\":\"no\"} 1 ERROR_CODE="
                         "InvalidArn ");
    rig_assert_has(sent, "RETRY_ATTEMPTS=0 ");
    rig_assert_has(sent, "TARGET_ARN=arn:aws:scheduler:::aws-sdk:sfn:"
                         "startExecution\n");
    assert_int_equal(rig_count(sent, "EXHAUSTED_RETRY_CONDITION"), 1);
    free(sent);
}

/* The queue refuses until engines have died. */
static void letters_survive_crashes(void **state) {
    struct rig *rig = *state;
    struct queue queue = prepare(rig);
    refuse(&queue);
    rig_open(rig);
    schedule_make(rig, doomed("once", TARGET(ARN, "3", RETRIES(0))));
    rig_until_true(rig, has_a_letter, NULL);
    for (unsigned round = 1; round < 12; round++) {
        rig_turns(rig, round);
        rig_crash(rig);
        rig_open(rig);
    }
    assert_int_equal(rig_rows(rig, 'F', 0), 1);
    assert_int_equal(access(queue.path, F_OK), -1);
    unlink(queue.refuse);
    rig_until_true(rig, has_no_letters, "once");
    char *sent = read_sent(&queue);
    assert_int_equal(rig_count(sent, "\n"), 1);
    rig_assert_has(sent, "/dlq 3 ");
    free(sent);
}

static void after_a_day_they_are_given_up(void **state) {
    struct rig *rig = *state;
    rig->options.workers = 1;
    rig_open(rig);
    schedule_make(rig, doomed("once", TARGET(ARN, "4", RETRIES(0))));
    rig_until_true(rig, has_no_letters, "once");
    rig_assert_has(rig->notices.data,
                   "the dead letter of arn:aws:scheduler:us-east-1:"
                   "000000000000:schedule/default/once for " QUEUE
                   " can't be sent and is kept: States.TaskFailed: There is "
                   "no endpoint of sqs");
    rig_assert_has(rig->notices.data, "was tried for a day and is dropped");
    assert_int_equal(rig_count(rig->notices.data, "is kept"), 1);
    assert_true(wf_clock_now_ms(&rig->clock) >
                schedule_ms("2024-01-02T00:50:00"));
}

/* An Input that is longer than a message. */
static void long_bodies_are_cut(void **state) {
    struct rig *rig = *state;
    struct queue queue = prepare(rig);
    struct wf_buf target = {0};
    rig_open(rig);
    wf_buf_adds(&target, "{\"Arn\":\"" ARN "\",\"RoleArn\":\"r\","
                         "\"RetryPolicy\":{\"MaximumRetryAttempts\":0},"
                         "\"DeadLetterConfig\":{\"Arn\":\"" QUEUE "\"},"
                         "\"Input\":\"[");
    for (int i = 0; i < 300 * 1024; i++)
        wf_buf_u8(&target, '1');
    wf_buf_adds(&target, "]\"}");
    wf_buf_u8(&target, 0);
    schedule_make(rig, doomed("long", target.data));
    rig_until_true(rig, has_no_letters, "long");
    char *sent = read_sent(&queue);
    rig_assert_has(sent, "IS_PAYLOAD_TRUNCATED=true");
    assert_true(strlen(sent) > 200 * 1024 && strlen(sent) < 256 * 1024);
    free(sent);
    wf_buf_free(&target);
}

/* Rows of one table, as those who check a store read them. */
static void their_keys_are_told_apart(void **state) {
    struct wf_key letter = wf_key_schedule_letter(0, 1704067200000, 0xab);
    struct wf_key told = wf_key_notification(0, 'q', WF_STR("ops"), 7);
    struct wf_buf text = {0};
    (void)state;
    assert_true(wf_key_describe(wf_key_str(&letter), &text));
    wf_buf_u8(&text, '/');
    assert_true(wf_key_describe(wf_key_str(&told), &text));
    wf_buf_u8(&text, 0);
    assert_string_equal(text.data,
                        "s 1704067200000 00000000000000ab/q ops 7");
    letter.len--;
    told.len--;
    assert_false(wf_key_describe(wf_key_str(&letter), &text));
    assert_false(wf_key_describe(wf_key_str(&told), &text));
    wf_buf_free(&text);
}

/* ---- EXPRESS executions ---- */

static void open_express(struct rig *rig) {
    rig_open(rig);
    struct rig_reply *made = rig_reply_of(
        rig, rig_ask_machine(rig, "m",
                             "{'StartAt':'A','States':{'A':{'Type':'Wait',"
                             "'Seconds':240,'End':true}}}",
                             true));
    snprintf(rig->arn, sizeof(rig->arn), "%s", made->arn);
}

/* Every two minutes, so many times. */
static struct wf_schedule often(struct rig *rig, int times) {
    struct wf_schedule schedule =
        schedule_of(rig, "tick", "rate(2 minutes)", "{}");
    schedule.start_ms = schedule_ms("2024-01-01T01:00:00");
    schedule.end_ms = schedule.start_ms + (times - 1) * 2 * 60000;
    return schedule;
}

static void express_executions_overlap(void **state) {
    static const struct {
        enum wf_schedule_overlap overlap;
        uint64_t started, skipped;
    } cases[] = {{WF_OVERLAP_ALLOW, 6, 0},
                 {WF_OVERLAP_SKIP, 3, 3},
                 {WF_OVERLAP_QUEUE, 6, 0}};
    struct rig *rig = *state;
    open_express(rig);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wf_schedule schedule = often(rig, 6);
        schedule.overlap = cases[i].overlap;
        int64_t shift = (int64_t)i * 6 * HOUR_MS;
        schedule.start_ms += shift;
        schedule.end_ms += shift;
        schedule_make(rig, schedule);
        schedules_end(rig);
        const struct schedule_answer *answer = schedule_get(rig, "tick");
        assert_int_equal(answer->schedule.started, cases[i].started);
        assert_int_equal(answer->schedule.skipped, cases[i].skipped);
        /* One after the other: four minutes each, from the first slot on. */
        if (cases[i].overlap == WF_OVERLAP_QUEUE)
            assert_int_equal(wf_clock_now_ms(&rig->clock),
                             schedule.start_ms + 6 * 240000);
        schedule_do(rig, WF_SCHEDULE_DELETE, &schedule);
    }
}

/* What was lost with an engine is waited for no longer. */
static void a_crash_ends_what_is_waited_for(void **state) {
    struct rig *rig = *state;
    open_express(rig);
    struct wf_schedule schedule = often(rig, 2);
    schedule.overlap = WF_OVERLAP_QUEUE;
    schedule_make(rig, schedule);
    for (int i = 0; i < 1000 && wf_clock_now_ms(&rig->clock) <
                                    schedule.start_ms + 120000; i++)
        rig_turn(rig);
    rig_flush(rig);
    assert_int_equal(schedule_get(rig, "tick")->schedule.started, 1);
    rig_crash(rig);
    rig_open(rig);
    schedules_end(rig);
    assert_int_equal(schedule_get(rig, "tick")->schedule.started, 2);
    assert_true(schedule_get(rig, "tick")->schedule.slot_ms ==
                WF_SCHEDULE_NO_TIME);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(the_queue_is_told_why),
        ENGINE_TEST_MEMORY(each_way_to_fail_has_its_condition),
        ENGINE_TEST_BOTH(letters_survive_crashes),
        ENGINE_TEST_MEMORY(after_a_day_they_are_given_up),
        ENGINE_TEST_BOTH(long_bodies_are_cut),
        cmocka_unit_test(their_keys_are_told_apart),
        ENGINE_TEST_MEMORY(express_executions_overlap),
        ENGINE_TEST_BOTH(a_crash_ends_what_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
