/*
 * test_engine_schedules.c - schedules of an engine: their slots, in virtual
 * time; slots that are missed, that overlap, whose start fails; what ends
 * with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "schedules.h"

#define HOUR_MS INT64_C(3600000)

static const char pass[] = "{'StartAt':'A','States':{'A':{'Type':'Pass',"
                           "'End':true}}}";
static const char wait_90[] =
    "{'StartAt':'A','States':{'A':{'Type':'Wait','Seconds':5400,"
    "'End':true}}}";

static void open_with(struct rig *rig, const char *definition) {
    rig_open(rig);
    rig_machine(rig, "m", definition);
}

/* Of every hour from 01:00 to the one given, on 1 January. */
static struct wf_schedule hourly(struct rig *rig, int last) {
    struct wf_schedule schedule =
        schedule_of(rig, "tick", "rate(1 hour)", "{}");
    schedule.start_ms = schedule_ms("2024-01-01T01:00:00");
    schedule.end_ms = schedule_ms("2024-01-01") + last * HOUR_MS;
    return schedule;
}

static void a_schedule_starts_executions(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    schedule_make(rig, hourly(rig, 3));
    schedules_end(rig);
    assert_string_equal(schedule_slots(rig),
                        "01-01T01:00 01-01T02:00 01-01T03:00 ");
    struct rig_reply *list =
        rig_reply_of(rig, rig_ask_list(rig, 0, 0, NULL));
    assert_int_equal(list->count, 3);
    struct rig_reply *one = rig_describe(
        rig, "arn:aws:states:us-east-1:000000000000:execution:m:"
             "tick-20240101T020000");
    assert_int_equal(one->start_ms, schedule_ms("2024-01-01T02:00:00"));
    assert_string_equal(one->input, "{}");
    const struct schedule_answer *answer = schedule_get(rig, "tick");
    assert_int_equal(answer->schedule.started, 3);
    assert_true(answer->schedule.slot_ms == WF_SCHEDULE_NO_TIME);
    assert_string_equal(answer->text, "arn:aws:scheduler:us-east-1:"
                                      "000000000000:schedule/default/tick");
}

static void ninety_days_pass_at_once(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule =
        schedule_of(rig, "nightly", "cron(30 2 * * ? *)", NULL);
    schedule.end_ms = schedule_ms("2024-03-31");
    schedule_make(rig, schedule);
    schedules_end(rig);
    assert_int_equal(schedule_get(rig, "nightly")->schedule.started, 90);
    assert_int_equal(rig_rows(rig, 'D', 0), 0);
}

static void clocks_that_are_changed(void **state) {
    struct rig *rig = *state;
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
        skip();
    wf_clock_advance(&rig->clock, schedule_ms("2024-03-29T12:00:00"));
    open_with(rig, pass);
    struct wf_schedule schedule =
        schedule_of(rig, "nightly", "cron(30 2 * * ? *)", "{}");
    schedule.timezone = WF_STR("Europe/Berlin");
    schedule.end_ms = schedule_ms("2024-04-02T12:00:00");
    schedule_make(rig, schedule);
    schedules_end(rig);
    assert_string_equal(schedule_slots(rig),
                        "03-30T01:30 04-01T00:30 04-02T00:30 ");
}

static void what_is_over_is_deleted(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule =
        schedule_of(rig, "once", "at(2024-02-29T12:00:00)", "{}");
    schedule.is_deleted_after = true;
    schedule_make(rig, schedule);
    schedules_end(rig);
    assert_string_equal(schedule_slots(rig), "02-29T12:00 ");
    struct wf_schedule_ask ask = {.operation = WF_SCHEDULE_GET,
                                  .schedule = {.name = WF_STR("once")}};
    assert_string_equal(schedule_ask(rig, &ask)->exception,
                        "ResourceNotFoundException");
    assert_int_equal(rig_rows(rig, 'H', 0) + rig_rows(rig, 'D', 0), 0);
}

static void a_window_makes_them_late(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule = hourly(rig, 5);
    schedule.window_minutes = 15;
    schedule_make(rig, schedule);
    schedules_end(rig);
    assert_string_equal(schedule_slots(rig),
                        "01-01T01:00 01-01T02:00 01-01T03:00 01-01T04:00 "
                        "01-01T05:00 ");
    bool is_late = false;
    for (int hour = 1; hour <= 5; hour++) {
        char arn[128];
        snprintf(arn, sizeof(arn), "arn:aws:states:us-east-1:000000000000:"
                 "execution:m:tick-20240101T%02d0000", hour);
        int64_t late = rig_describe(rig, arn)->start_ms -
                       schedule_ms("2024-01-01") - hour * HOUR_MS;
        assert_true(late >= 0 && late < HOUR_MS / 4);
        is_late |= late > 0;
    }
    assert_true(is_late);
}

/* A seeded run has the same times each time, windows too. */
static void seeded_runs_are_the_same(void **state) {
    struct rig *rig = *state;
    int64_t starts[2][4];
    rig->options.in_step = true;
    for (int run = 0; run < 2; run++) {
        wf_clock_init_virtual(&rig->clock, 0);
        wf_clock_seed(&rig->clock, 99);
        open_with(rig, wait_90);
        struct wf_schedule schedule = hourly(rig, 4);
        schedule.window_minutes = 50;
        schedule_make(rig, schedule);
        schedules_end(rig);
        for (int hour = 1; hour <= 4; hour++) {
            char arn[128];
            snprintf(arn, sizeof(arn), "arn:aws:states:us-east-1:"
                     "000000000000:execution:m:tick-20240101T%02d0000", hour);
            starts[run][hour - 1] = rig_describe(rig, arn)->start_ms;
        }
        rig_close(rig);
        rig_wipe(rig);
    }
    assert_memory_equal(starts[0], starts[1], sizeof(starts[0]));
    rig_open(rig);
}

/* ---- missed slots ---- */

static void miss(struct rig *rig, struct wf_schedule schedule,
                 const char *expected) {
    schedule_make(rig, schedule);
    rig_crash(rig);
    wf_clock_advance(&rig->clock, schedule_ms("2024-01-01T05:30:00"));
    rig_open(rig);
    schedules_end(rig);
    assert_string_equal(schedule_slots(rig), expected);
}

static void of_missed_slots_the_last_is_started(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    miss(rig, hourly(rig, 7), "01-01T05:00 01-01T06:00 01-01T07:00 ");
}

static void missed_slots_can_be_skipped(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule = hourly(rig, 7);
    schedule.missed = WF_MISSED_SKIP;
    miss(rig, schedule, "01-01T06:00 01-01T07:00 ");
}

static void missed_slots_can_all_be_started(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule = hourly(rig, 7);
    schedule.missed = WF_MISSED_ALL;
    miss(rig, schedule,
         "01-01T01:00 01-01T02:00 01-01T03:00 01-01T04:00 01-01T05:00 "
         "01-01T06:00 01-01T07:00 ");
}

static void a_groups_tag_decides_unless_the_schedule_does(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_tag tag = {WF_STR(WF_MISSED_TAG), WF_STR("skip")};
    struct wf_schedule_ask ask = {
        .operation = WF_SCHEDULE_TAG,
        .schedule = {.group = WF_STR("default")},
        .tags = &tag,
        .tag_count = 1,
    };
    assert_string_equal(schedule_ask(rig, &ask)->exception, "");
    ask.operation = WF_SCHEDULE_LIST_TAGS;
    assert_string_equal(schedule_ask(rig, &ask)->text,
                        "moonstep:missed=skip ");
    miss(rig, hourly(rig, 7), "01-01T06:00 01-01T07:00 ");
    tag.value = WF_STR("sometimes");
    ask.operation = WF_SCHEDULE_TAG;
    assert_string_equal(schedule_ask(rig, &ask)->exception,
                        "ValidationException");
}

static bool has_started(struct rig *rig, void *arg) {
    return rig_stats(rig).executions_started >= *(uint64_t *)arg;
}

/* A clock that is put forward, or a machine that was suspended. */
static void slots_of_a_sleep_are_missed(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule =
        schedule_of(rig, "tick", "rate(1 hour)", "{}");
    schedule_make(rig, schedule);
    uint64_t wanted = 1;
    rig_until_true(rig, has_started, &wanted);
    rig_jump(rig, 5 * HOUR_MS + 600000);
    wanted = 2;
    rig_until_true(rig, has_started, &wanted);
    rig_turns(rig, 100);
    const struct schedule_answer *answer = schedule_get(rig, "tick");
    assert_int_equal(answer->schedule.started, 2);
    assert_int_equal(answer->schedule.slot_ms - answer->schedule.first_ms,
                     6 * HOUR_MS);
}

/* ---- overlapping executions ---- */

static void executions_may_overlap(void **state) {
    struct rig *rig = *state;
    open_with(rig, wait_90);
    schedule_make(rig, hourly(rig, 4));
    schedules_end(rig);
    assert_string_equal(schedule_slots(rig), "01-01T01:00 01-01T02:00 "
                                             "01-01T03:00 01-01T04:00 ");
}

static void overlapping_slots_can_be_skipped(void **state) {
    struct rig *rig = *state;
    open_with(rig, wait_90);
    struct wf_schedule schedule = hourly(rig, 6);
    schedule.overlap = WF_OVERLAP_SKIP;
    schedule_make(rig, schedule);
    schedules_end(rig);
    assert_string_equal(schedule_slots(rig),
                        "01-01T01:00 01-01T03:00 01-01T05:00 ");
    assert_int_equal(schedule_get(rig, "tick")->schedule.skipped, 3);
}

static void assert_queued(struct rig *rig, int last) {
    int64_t before = 0;
    for (int hour = 1; hour <= last; hour++) {
        char arn[128];
        snprintf(arn, sizeof(arn), "arn:aws:states:us-east-1:000000000000:"
                 "execution:m:tick-20240101T%02d0000", hour);
        struct rig_reply *one = rig_describe(rig, arn);
        assert_int_equal(one->status, WF_EXECUTION_SUCCEEDED);
        assert_true(one->start_ms >= before);
        before = one->stop_ms;
    }
}

static void overlapping_slots_can_wait(void **state) {
    struct rig *rig = *state;
    open_with(rig, wait_90);
    struct wf_schedule schedule = hourly(rig, 5);
    schedule.overlap = WF_OVERLAP_QUEUE;
    schedule_make(rig, schedule);
    schedules_end(rig);
    assert_queued(rig, 5);
    assert_int_equal(schedule_get(rig, "tick")->schedule.started, 5);
}

static void waiting_slots_survive_crashes(void **state) {
    struct rig *rig = *state;
    open_with(rig, wait_90);
    struct wf_schedule schedule = hourly(rig, 5);
    schedule.overlap = WF_OVERLAP_QUEUE;
    schedule_make(rig, schedule);
    for (unsigned turns = 1; turns < 60; turns++) {
        rig_turns(rig, turns % 13 + 1);
        rig_crash(rig);
        rig_open(rig);
    }
    schedules_end(rig);
    assert_queued(rig, 5);
    assert_int_equal(schedule_get(rig, "tick")->schedule.started, 5);
}

/* ---- crashes ---- */

static void every_slot_is_started_once(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule = hourly(rig, 12);
    schedule.missed = WF_MISSED_ALL;
    schedule_make(rig, schedule);
    for (unsigned round = 1; round < 80; round++) {
        rig_turns(rig, round % 17);
        rig_crash(rig);
        rig_open(rig);
    }
    schedules_end(rig);
    assert_string_equal(
        schedule_slots(rig),
        "01-01T01:00 01-01T02:00 01-01T03:00 01-01T04:00 01-01T05:00 "
        "01-01T06:00 01-01T07:00 01-01T08:00 01-01T09:00 01-01T10:00 "
        "01-01T11:00 01-01T12:00 ");
    const struct schedule_answer *answer = schedule_get(rig, "tick");
    assert_int_equal(answer->schedule.started, 12);
    assert_int_equal(rig_rows(rig, 'D', 0), 0);
}

/* The same, and no name keeps a slot from being started again. */
static void nor_is_it_by_its_name(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule = hourly(rig, 12);
    schedule.missed = WF_MISSED_ALL;
    schedule.target = WF_STR(
        "{\"Arn\":\"arn:aws:scheduler:::aws-sdk:sfn:startExecution\","
        "\"RoleArn\":\"r\",\"Input\":\"{\\\"StateMachineArn\\\":"
        "\\\"arn:aws:states:us-east-1:000000000000:stateMachine:m\\\","
        "\\\"Name\\\":\\\"x-<aws.scheduler.execution-id>\\\"}\"}");
    schedule_make(rig, schedule);
    for (unsigned round = 1; round < 80; round++) {
        rig_turns(rig, round % 17);
        rig_crash(rig);
        rig_open(rig);
    }
    schedules_end(rig);
    struct rig_reply *list =
        rig_reply_of(rig, rig_ask_list(rig, 0, 0, NULL));
    assert_int_equal(list->count, 12);
    assert_int_equal(schedule_get(rig, "tick")->schedule.started, 12);
}

/* EXPRESS executions can be lost, but are not started twice. */
static void express_executions_start_once(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *made = rig_reply_of(
        rig, rig_ask_machine(rig, "m", pass, true));
    snprintf(rig->arn, sizeof(rig->arn), "%s", made->arn);
    uint64_t before = rig_stats(rig).executions_started;
    schedule_make(rig, hourly(rig, 5));
    schedules_end(rig);
    assert_int_equal(rig_stats(rig).executions_started - before, 5);
    assert_int_equal(schedule_get(rig, "tick")->schedule.started, 5);
}

/* ---- starts that fail ---- */

static void failed_starts_are_tried_again(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    snprintf(rig->arn, sizeof(rig->arn),
             "arn:aws:states:us-east-1:000000000000:stateMachine:late");
    schedule_make(rig, schedule_of(rig, "once", "at(2024-01-01T01:00:00)",
                                   "{'n':<aws.scheduler.attempt-number>}"));
    for (int i = 0; i < 1000; i++) {
        rig_turn(rig);
        if (wf_clock_now_ms(&rig->clock) >=
            schedule_ms("2024-01-01T01:10:00"))
            break;
    }
    const struct schedule_answer *answer = schedule_get(rig, "once");
    assert_int_equal(answer->schedule.retrying, 1);
    rig_assert_has(answer->last_error, "StateMachineDoesNotExist: ");
    rig_crash(rig);
    rig_open(rig);
    rig_machine(rig, "late", pass);
    schedules_end(rig);
    assert_string_equal(schedule_slots(rig), "01-01T01:00 ");
    answer = schedule_get(rig, "once");
    assert_int_equal(answer->schedule.retrying, 0);
    assert_int_equal(answer->schedule.started, 1);
    struct rig_reply *one = rig_describe(
        rig, "arn:aws:states:us-east-1:000000000000:execution:late:"
             "once-20240101T010000");
    assert_true(atoi(one->input + strlen("{\"n\":")) > 3);
}

static void a_start_fails_for_good(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct wf_schedule schedule = {
        .name = WF_STR("once"),
        .expression = WF_STR("at(2024-01-01T01:00:00)"),
        .is_deleted_after = true,
        .target = WF_STR(
            "{\"Arn\":\"arn:aws:states:us-east-1:000000000000:stateMachine:"
            "x\",\"RoleArn\":\"r\",\"Input\":\"[1]\",\"RetryPolicy\":"
            "{\"MaximumRetryAttempts\":3},\"DeadLetterConfig\":{\"Arn\":"
            "\"arn:aws:sqs:us-east-1:000000000000:dlq\"}}"),
    };
    schedule_make(rig, schedule);
    schedules_end(rig);
    rig_assert_has(rig->notices.data, "{\"deadLetter\":{\"scheduleArn\":"
                                      "\"arn:aws:scheduler:");
    rig_assert_has(rig->notices.data, "\"attempts\":4");
    rig_assert_has(rig->notices.data, ":dlq\",\"input\":\"[1]\"");
    assert_int_equal(rig_rows(rig, 'H', 0) + rig_rows(rig, 'D', 0), 0);
}

/* ---- targets ---- */

static void the_input_knows_the_schedule(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule = schedule_of(
        rig, "a.b", "at(2024-01-01T01:02:03)",
        "['<aws.scheduler.schedule-arn>','<aws.scheduler.scheduled-time>',"
        "'<aws.scheduler.attempt-number>','<aws.scheduler.other>','<<']");
    schedule_make(rig, schedule);
    schedule = schedule_of(rig, "plain", "at(2024-01-01T01:02:03)", NULL);
    schedule_make(rig, schedule);
    schedules_end(rig);
    struct rig_reply *one = rig_describe(
        rig, "arn:aws:states:us-east-1:000000000000:execution:m:"
             "a.b-20240101T010203");
    rig_assert_text(rig, one->input,
                    "['arn:aws:scheduler:us-east-1:000000000000:schedule/"
                    "default/a.b','2024-01-01T01:02:03Z','1',"
                    "'<aws.scheduler.other>','<<']");
    one = rig_describe(rig, "arn:aws:states:us-east-1:000000000000:"
                            "execution:m:plain-20240101T010203");
    rig_assert_has(one->input, "\"detail-type\":\"Scheduled Event\","
                               "\"source\":\"aws.scheduler\"");
    rig_assert_has(one->input, "\"time\":\"2024-01-01T01:02:03Z\"");
}

static void a_universal_target_says_what_to_start(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule = {
        .name = WF_STR("u"),
        .expression = WF_STR("at(2024-01-01T01:00:00)"),
        .target = WF_STR(
            "{\"Arn\":\"arn:aws:scheduler:::aws-sdk:sfn:startExecution\","
            "\"RoleArn\":\"r\",\"Input\":\"{\\\"StateMachineArn\\\":"
            "\\\"arn:aws:states:us-east-1:000000000000:stateMachine:m\\\","
            "\\\"Input\\\":\\\"{\\\\\\\"t\\\\\\\":1}\\\",\\\"Name\\\":"
            "\\\"mine-<aws.scheduler.attempt-number>\\\"}\"}"),
    };
    schedule_make(rig, schedule);
    schedules_end(rig);
    struct rig_reply *one = rig_describe(
        rig, "arn:aws:states:us-east-1:000000000000:execution:m:mine-1");
    assert_string_equal(one->input, "{\"t\":1}");
}

/* ---- groups ---- */

static void a_group_ends_with_its_schedules(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule = {.group = WF_STR("g")};
    struct wf_schedule_ask ask = {.operation = WF_SCHEDULE_CREATE,
                                  .schedule = hourly(rig, 2)};
    ask.schedule.group = WF_STR("g");
    assert_string_equal(schedule_ask(rig, &ask)->exception,
                        "ResourceNotFoundException");
    schedule_do(rig, WF_SCHEDULE_CREATE_GROUP, &schedule);
    for (int i = 0; i < 300; i++) {
        char name[16];
        schedule = schedule_of(rig, "x", "cron(0 0 1 1 ? 2199)", "{}");
        snprintf(name, sizeof(name), "s%d", i);
        schedule.group = WF_STR("g");
        schedule.name = wf_str(name);
        schedule.is_disabled = i % 2;
        schedule_make(rig, schedule);
    }
    schedule = (struct wf_schedule){.group = WF_STR("g")};
    schedule_do(rig, WF_SCHEDULE_DELETE_GROUP, &schedule);
    rig_crash(rig); /* another engine goes on with it */
    rig_open(rig);
    schedules_end(rig);
    assert_int_equal(rig_rows(rig, 'H', 0) + rig_rows(rig, 'D', 0), 0);
    ask.operation = WF_SCHEDULE_GET_GROUP;
    assert_string_equal(schedule_ask(rig, &ask)->exception,
                        "ResourceNotFoundException");
    ask.operation = WF_SCHEDULE_LIST_GROUPS;
    assert_string_equal(schedule_ask(rig, &ask)->text, "default ");
}

static void lists_have_pages(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    static const char *const names[] = {"a1", "a2", "b1", "b2", "b3"};
    for (int i = 0; i < 5; i++) {
        struct wf_schedule schedule =
            schedule_of(rig, names[i], "cron(0 0 1 1 ? 2199)", "{}");
        schedule.is_disabled = i == 3;
        schedule_make(rig, schedule);
    }
    struct wf_schedule_ask ask = {.operation = WF_SCHEDULE_LIST,
                                  .max_results = 2};
    char seen[64] = "", token[256] = "";
    do {
        ask.next_token = wf_str(token);
        const struct schedule_answer *page = schedule_ask(rig, &ask);
        strcat(seen, page->text);
        strcpy(token, page->token);
    } while (*token);
    assert_string_equal(seen, "a1 a2 b1 b2 b3 ");
    ask = (struct wf_schedule_ask){.operation = WF_SCHEDULE_LIST,
                                   .prefix = WF_STR("b"),
                                   .state = 1};
    assert_string_equal(schedule_ask(rig, &ask)->text, "b1 b3 ");
    ask.next_token = WF_STR("zz");
    assert_string_equal(schedule_ask(rig, &ask)->exception,
                        "ValidationException");
    ask = (struct wf_schedule_ask){.operation = WF_SCHEDULE_LIST,
                                   .schedule = {.group = WF_STR("no")}};
    assert_string_equal(schedule_ask(rig, &ask)->exception,
                        "ResourceNotFoundException");
}

/* ---- what is refused, what is the same again ---- */

static void the_same_call_once_more(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule =
        schedule_of(rig, "x", "cron(0 0 1 1 ? 2199)", "{}");
    schedule.client_token = WF_STR("token");
    schedule_make(rig, schedule);
    schedule_make(rig, schedule);
    struct wf_schedule_ask ask = {.operation = WF_SCHEDULE_CREATE,
                                  .schedule = schedule};
    ask.schedule.expression = WF_STR("cron(0 0 1 1 ? 2198)");
    const struct schedule_answer *answer = schedule_ask(rig, &ask);
    assert_string_equal(answer->exception, "ConflictException");
    assert_string_equal(answer->text,
                        "The ClientToken was used to create schedule x with "
                        "other parameters.");
    ask.schedule = schedule;
    ask.schedule.description = WF_STR("another");
    assert_string_equal(schedule_ask(rig, &ask)->exception,
                        "ConflictException");
    ask.schedule = schedule;
    ask.schedule.expression = WF_STR("cron(0 0 1 1 ?)");
    assert_string_equal(schedule_ask(rig, &ask)->exception,
                        "ValidationException");
    schedule.client_token = WF_STR("another");
    ask.schedule = schedule;
    answer = schedule_ask(rig, &ask);
    assert_string_equal(answer->exception, "ConflictException");
    assert_string_equal(answer->text, "Schedule x already exists.");
    ask.operation = WF_SCHEDULE_UPDATE;
    ask.schedule.name = WF_STR("y");
    assert_string_equal(schedule_ask(rig, &ask)->text,
                        "Schedule y does not exist.");
}

static void an_update_changes_what_comes(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    struct wf_schedule schedule =
        schedule_of(rig, "x", "cron(0 0 1 1 ? 2199)", "{}");
    schedule.is_disabled = true;
    schedule_make(rig, schedule);
    assert_int_equal(rig_rows(rig, 'D', 0), 0);
    schedule.is_disabled = false;
    schedule.expression = WF_STR("at(2024-06-01T00:00:00)");
    schedule_do(rig, WF_SCHEDULE_UPDATE, &schedule);
    struct wf_schedule_ask ask = {.operation = WF_SCHEDULE_NEXT,
                                  .schedule = schedule};
    assert_string_equal(schedule_ask(rig, &ask)->text, "2024-06-01T00:00 ");
    schedules_end(rig);
    assert_string_equal(schedule_slots(rig), "06-01T00:00 ");
    ask = (struct wf_schedule_ask){
        .operation = WF_SCHEDULE_NEXT,
        .schedule = {.expression = WF_STR("cron(0 0 29 2 ? *)")},
        .max_results = 3};
    assert_string_equal(schedule_ask(rig, &ask)->text,
                        "2028-02-29T00:00 2032-02-29T00:00 "
                        "2036-02-29T00:00 ");
    schedule_do(rig, WF_SCHEDULE_DELETE, &schedule);
    assert_int_equal(rig_rows(rig, 'H', 0), 0);
}

static void what_can_not_be_is_refused(void **state) {
    struct rig *rig = *state;
    open_with(rig, pass);
    static const struct {
        const char *expression, *timezone, *input, *why;
    } cases[] = {
        {"cron(0 0 30 2 ? *)", "UTC", "{}", "there is no such day"},
        {"hourly", "UTC", "{}", "Invalid Schedule Expression hourly"},
        {"rate(1 day)", "Mars/Olympus", "{}", "there is no time zone Mars"},
        {"rate(1 day)", "UTC", "{", "must be JSON"},
        {"at(2024-03-31T02:30:00)", "Europe/Berlin", "{}", "does not exist"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wf_schedule_ask ask = {
            .operation = WF_SCHEDULE_CREATE,
            .schedule = schedule_of(rig, "x", cases[i].expression,
                                    cases[i].input)};
        ask.schedule.timezone = wf_str(cases[i].timezone);
        const struct schedule_answer *answer = schedule_ask(rig, &ask);
        assert_string_equal(answer->exception, "ValidationException");
        rig_assert_has(answer->text, cases[i].why);
    }
    struct wf_schedule_ask ask = {.operation = WF_SCHEDULE_CREATE,
                                  .schedule = hourly(rig, 1)};
    ask.schedule.target = WF_STR("{\"Arn\":\"arn:aws:lambda:us-east-1:0:"
                                 "function:f\"}");
    rig_assert_has(schedule_ask(rig, &ask)->text, "start nothing else");
    ask.schedule = hourly(rig, 1);
    ask.schedule.end_ms = ask.schedule.start_ms - 1;
    rig_assert_has(schedule_ask(rig, &ask)->text, "must come before");
    struct wf_tag tag = {WF_STR(WF_OVERLAP_TAG), WF_STR("perhaps")};
    ask = (struct wf_schedule_ask){.operation = WF_SCHEDULE_CREATE_GROUP,
                                   .schedule = {.group = WF_STR("g")},
                                   .tags = &tag,
                                   .tag_count = 1};
    rig_assert_has(schedule_ask(rig, &ask)->text, "moonstep:overlap has");
    ask.operation = WF_SCHEDULE_DELETE_GROUP;
    ask.schedule.group = WF_STR("default");
    assert_string_equal(schedule_ask(rig, &ask)->exception,
                        "ValidationException");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(a_schedule_starts_executions),
        ENGINE_TEST_MEMORY(ninety_days_pass_at_once),
        ENGINE_TEST_MEMORY(clocks_that_are_changed),
        ENGINE_TEST_BOTH(what_is_over_is_deleted),
        ENGINE_TEST_MEMORY(a_window_makes_them_late),
        ENGINE_TEST_BOTH(seeded_runs_are_the_same),
        ENGINE_TEST_BOTH(of_missed_slots_the_last_is_started),
        ENGINE_TEST_MEMORY(missed_slots_can_be_skipped),
        ENGINE_TEST_MEMORY(missed_slots_can_all_be_started),
        ENGINE_TEST_MEMORY(a_groups_tag_decides_unless_the_schedule_does),
        ENGINE_TEST_REAL(slots_of_a_sleep_are_missed),
        ENGINE_TEST_MEMORY(executions_may_overlap),
        ENGINE_TEST_MEMORY(overlapping_slots_can_be_skipped),
        ENGINE_TEST_BOTH(overlapping_slots_can_wait),
        ENGINE_TEST_BOTH(waiting_slots_survive_crashes),
        ENGINE_TEST_BOTH(every_slot_is_started_once),
        ENGINE_TEST_BOTH(nor_is_it_by_its_name),
        ENGINE_TEST_MEMORY(express_executions_start_once),
        ENGINE_TEST_BOTH(failed_starts_are_tried_again),
        ENGINE_TEST_MEMORY(a_start_fails_for_good),
        ENGINE_TEST_MEMORY(the_input_knows_the_schedule),
        ENGINE_TEST_MEMORY(a_universal_target_says_what_to_start),
        ENGINE_TEST_BOTH(a_group_ends_with_its_schedules),
        ENGINE_TEST_BOTH(lists_have_pages),
        ENGINE_TEST_MEMORY(the_same_call_once_more),
        ENGINE_TEST_MEMORY(an_update_changes_what_comes),
        ENGINE_TEST_MEMORY(what_can_not_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
