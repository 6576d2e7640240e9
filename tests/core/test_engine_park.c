/*
 * test_engine_park.c - what waits leaves memory and comes back; histories
 * over many segments; a journal that stays within its budget. A real clock
 * that is moved by hand: virtual time would not wait for the parking.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "lua_stdlib.h"

#define HOUR_MS INT64_C(3600000)

static const char hour[] =
    "{'StartAt':'Keep','States':{"
    "'Keep':{'Type':'Pass','Result':{'kept':[1,2.0]},'ResultPath':'$.k',"
    "'Next':'W'},"
    "'W':{'Type':'Wait','SecondsPath':'$.s','Next':'S'},"
    "'S':{'Type':'Succeed','OutputPath':'$.k'}}}";

static void what_waits_leaves_memory_and_comes_back(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, NULL, "{'s':3600}");
    rig_until_parked(rig);
    assert_int_equal(rig_stats(rig).timers, 0);
    rig_jump(rig, HOUR_MS / 2);
    rig_turns(rig, 20);
    assert_int_equal(rig_stats(rig).active_executions, 0);
    rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
    rig_jump(rig, HOUR_MS / 2 + 10);
    struct rig_reply *end = rig_end(rig, arn);
    rig_assert_text(rig, end->output, "{'kept':[1,2.0]}");
    rig_until_parked(rig);
    assert_int_equal(rig_count(rig_story(rig, arn), "\n"), 8);
}

static void what_is_parked_can_be_read(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, "x", "{'s':3600}");
    rig_until_parked(rig);
    struct rig_reply *reply = rig_describe(rig, arn);
    rig_assert_text(rig, reply->input, "{'s':3600}");
    assert_int_equal(reply->status, WF_EXECUTION_RUNNING);
    assert_null(reply->output);
    reply = rig_reply_of(rig, rig_ask_list(rig, 0, 0, NULL));
    assert_string_equal(reply->text, "x RUNNING\n");
    reply = rig_reply_of(
        rig, rig_ask_list(rig, WF_EXECUTION_SUCCEEDED, 0, NULL));
    assert_int_equal(reply->count, 0);
    rig_assert_has(rig_story(rig, arn), "4<3 WaitStateEntered W");
    assert_int_equal(rig_stats(rig).active_executions, 0);
}

static void who_waits_for_what_is_parked_is_answered(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, NULL, "{'s':3600}");
    rig_until_parked(rig);
    struct rig_reply *wait = rig_ask_wait(rig, arn, 50000);
    struct rig_reply *soon = rig_ask_wait(rig, arn, 5);
    rig_reply_of(rig, soon);
    assert_int_equal(soon->status, WF_EXECUTION_RUNNING);
    assert_int_equal(rig_stats(rig).active_executions, 0);
    assert_false(wait->done);
    rig_jump(rig, HOUR_MS + 1000);
    rig_reply_of(rig, wait);
    assert_int_equal(wait->status, WF_EXECUTION_SUCCEEDED);
}

static void what_is_parked_can_be_stopped(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, NULL, "{'s':3600}");
    rig_until_parked(rig);
    struct rig_reply *wait = rig_ask_wait(rig, arn, 50000);
    struct rig_reply *stop =
        rig_reply_of(rig, rig_ask_stop(rig, arn, "E", "C"));
    assert_int_equal(stop->status, WF_EXECUTION_ABORTED);
    rig_assert_text(rig, stop->input, "{'s':3600}");
    assert_int_equal(rig_reply_of(rig, wait)->status, WF_EXECUTION_ABORTED);
    rig_until_parked(rig);
    rig_assert_has(rig_story(rig, arn), "ExecutionAborted");
    rig_jump(rig, 2 * HOUR_MS);
    rig_turns(rig, 20);
    rig_assert_status(rig, arn, WF_EXECUTION_ABORTED);
    rig_reopen(rig);
    rig_turns(rig, 20);
    rig_assert_status(rig, arn, WF_EXECUTION_ABORTED);
}

static void a_parked_execution_times_out(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'TimeoutSeconds':1800,'StartAt':'W','States':{'W':{"
                "'Type':'Wait','Seconds':3600,'End':true}}}");
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_parked(rig);
    rig_jump(rig, HOUR_MS / 2 + 10);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_TIMED_OUT);
    rig_jump(rig, HOUR_MS);
    rig_turns(rig, 20);
    rig_assert_status(rig, arn, WF_EXECUTION_TIMED_OUT);
}

static void a_parked_retry_goes_on(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'T','States':{'T':{'Type':'Task',"
                "'Resource':'lua:none.none','Retry':[{'ErrorEquals':["
                "'States.ALL'],'IntervalSeconds':3600,'MaxAttempts':2,"
                "'BackoffRate':2}],'End':true}}}");
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_parked(rig);
    rig_assert_has(rig_story(rig, arn), "TaskFailed");
    rig_jump(rig, HOUR_MS + 10);
    rig_turns(rig, 100);
    rig_until_parked(rig);
    assert_int_equal(rig_count(rig_story(rig, arn), " TaskFailed T"), 2);
    rig_jump(rig, HOUR_MS + 10);
    rig_turns(rig, 20);
    rig_until_parked(rig);
    assert_int_equal(rig_count(rig_story(rig, arn), " TaskFailed T"), 2);
    rig_jump(rig, HOUR_MS + 10);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    assert_int_equal(rig_count(rig_story(rig, arn), " TaskFailed T"), 3);
}

/* Parking while others come back: no timer may be overlooked, whatever is
 * read while rows are on their way. */
static void no_timer_is_overlooked(void **state) {
    struct rig *rig = *state;
    const char *arns[60];
    char input[32];
    rig->delay_ms = 4;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    for (int i = 0; i < 60; i++) {
        snprintf(input, sizeof(input), "{'s':%d}", 10 + (i * 37) % 60);
        arns[i] = rig_start(rig, NULL, input);
        if (i % 3 == 0)
            rig_jump(rig, 1000 + i % 7 * 300);
    }
    for (int i = 0; i < 40; i++) {
        rig_jump(rig, 2000);
        rig_turns(rig, 3);
    }
    for (int i = 0; i < 60; i++)
        assert_int_equal(rig_end(rig, arns[i])->status,
                         WF_EXECUTION_SUCCEEDED);
}

/* A row that is written while the timers are being read is read later. */
static void a_timer_written_during_a_scan_fires(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *first = rig_start(rig, NULL, "{'s':10}");
    rig_until_parked(rig);
    store_gate_close(rig->store);
    struct rig_reply *start = rig_ask_start(rig, "x", "{'s':20}");
    rig_turns(rig, 100); /* its row waits in the gate */
    rig_jump(rig, 11000); /* the first one's timer: rows are scanned */
    rig_turns(rig, 100);
    store_gate_open(rig->store);
    rig_reply_of(rig, start);
    assert_int_equal(rig_end(rig, first)->status, WF_EXECUTION_SUCCEEDED);
    rig_until_parked(rig);
    rig_jump(rig, 11000);
    assert_int_equal(rig_end(rig, start->arn)->status,
                     WF_EXECUTION_SUCCEEDED);
}

static void beyond_its_memory_it_takes_no_more(void **state) {
    struct rig *rig = *state;
    struct rig_reply *starts[300];
    unsigned refused = 0;
    rig->options.memory_bytes = 100000;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    store_gate_close(rig->store); /* nothing can be parked */
    for (int i = 0; i < 300; i++)
        starts[i] = rig_ask_start(rig, NULL, "{'s':3600}");
    rig_turns(rig, 10);
    for (int i = 0; i < 300; i++)
        if (starts[i]->refused) {
            assert_string_equal(starts[i]->exception, "ThrottlingException");
            refused++;
        }
    assert_true(refused > 0 && refused < 300);
    store_gate_open(rig->store);
    rig_until_parked(rig);
    rig_start(rig, NULL, "{'s':0}");
    assert_int_equal(rig_stats(rig).executions_started, 301 - refused);
}

/* ---- long histories ---- */

static const char loop[] =
    "{'StartAt':'Next','States':{"
    "'Next':{'Type':'Pass','Parameters':{"
    "'n.$':'States.MathAdd($.n, 1)','end.$':'$.end','pad.$':'$.pad'},"
    "'Next':'Over'},"
    "'Over':{'Type':'Choice','Choices':[{'Variable':'$.n',"
    "'NumericLessThanPath':'$.end','Next':'Next'}],'Default':'S'},"
    "'S':{'Type':'Succeed'}}}";

static void pages_join(struct rig *rig, const char *arn, uint64_t events,
                       unsigned page, bool reverse) {
    uint64_t next = reverse ? events : 1, seen = 0;
    const char *token = NULL;
    do {
        struct rig_reply *reply = rig_reply_of(
            rig, rig_ask_history(rig, arn, page, reverse, token));
        assert_false(reply->refused);
        assert_true(reply->count > 0 && reply->count <= page);
        assert_int_equal(reply->first_id, next);
        seen += reply->count;
        next = reverse ? reply->last_id - 1 : reply->last_id + 1;
        token = reply->token;
    } while (token);
    assert_int_equal(seen, events);
}

static void check_loop(struct rig *rig, const char *arn, int turns) {
    uint64_t events = (uint64_t)turns * 4 + 4;
    char part[64];
    const char *text = rig_history(rig, arn);
    assert_int_equal(rig_count(text, "\n"), events);
    for (int n = 1; n <= turns; n++) {
        snprintf(part, sizeof(part), "{\"n\":%d,", n);
        if (n % 97 == 1 && n < turns)
            assert_int_equal(rig_count(text, part), 4);
    }
    pages_join(rig, arn, events, 1000, true);
    pages_join(rig, arn, events, 333, false);
    pages_join(rig, arn, events, 277, true);
}

static void a_long_history_reads_page_by_page(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", loop);
    const char *arn = rig_start(rig, NULL, "{'n':0,'end':700,'pad':"
                                           "'0123456789012345678901234567'}");
    struct rig_reply *end = rig_end(rig, arn);
    rig_assert_text(rig, end->output,
                    "{'n':700,'end':700,"
                    "'pad':'0123456789012345678901234567'}");
    check_loop(rig, arn, 700);
    rig_reopen(rig);
    check_loop(rig, arn, 700);
}

static void a_history_reads_while_it_grows(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", loop);
    const char *arn =
        rig_start(rig, NULL, "{'n':0,'end':1200,'pad':'0123456789'}");
    const char *token = NULL;
    uint64_t next = 1;
    do {
        struct rig_reply *reply = rig_reply_of(
            rig, rig_ask_history(rig, arn, 500, false, token));
        assert_false(reply->refused);
        if (reply->count > 0) {
            assert_int_equal(reply->first_id, next);
            next = reply->last_id + 1;
        }
        token = reply->token;
        if (!token && rig_describe(rig, arn)->status == WF_EXECUTION_RUNNING)
            token = "1"; /* begin again */
        rig_turn(rig);    /* a reply can come without one */
        if (token && strcmp(token, "1") == 0)
            next = 1;
    } while (token);
    check_loop(rig, arn, 1200);
}

/* Pages back from the end of what is durable; returns the last event's id. */
static uint64_t read_back(struct rig *rig, const char *arn, int pages) {
    const char *token = NULL;
    uint64_t newest = 0, next = 0;
    do {
        struct rig_reply *reply = rig_reply_of(
            rig, rig_ask_history(rig, arn, 100, true, token));
        assert_false(reply->refused);
        if (reply->count == 0)
            break;
        if (token)
            assert_int_equal(reply->first_id, next);
        else
            newest = reply->first_id;
        assert_int_equal(reply->first_id - reply->last_id + 1, reply->count);
        next = reply->last_id - 1;
        token = reply->token;
        assert_true(token ? next > 0 : next == 0);
    } while (token && --pages > 0);
    return newest;
}

static void the_end_of_a_history_reads_while_it_grows(void **state) {
    struct rig *rig = *state;
    uint64_t newest = 0, reads = 0;
    rig_open(rig);
    rig_machine(rig, "m", loop);
    const char *arn =
        rig_start(rig, NULL, "{'n':0,'end':1200,'pad':'0123456789'}");
    while (rig_describe(rig, arn)->status == WF_EXECUTION_RUNNING) {
        uint64_t now = read_back(rig, arn, 1 + (int)(reads++ % 12));
        assert_true(now >= newest);
        newest = now;
        rig_turn(rig);
    }
    check_loop(rig, arn, 1200);
}

static bool an_answer_is_held(struct rig *rig, void *arg) {
    (void)arg;
    return store_gate_answers(rig->store) > 0;
}

/* The answer is from before the events became rows, and when it comes, memory
 * has forgotten them: the execution has been packed and has ended. */
static void a_history_read_by_a_late_reader_is_whole(void **state) {
    struct rig *rig = *state;
    rig->options.idle_ms = 60000;
    rig->options.journal_bytes = 4000;
    rig_open(rig);
    rig_machine(rig, "m", hour);
    const char *arn = rig_start(rig, NULL, "{'s':20}");
    store_gate_close(rig->store);
    char large[5000];
    snprintf(large, sizeof(large), "{'s':20,'pad':'%04500d'}", 0);
    rig_ask_start(rig, NULL, large); /* the journal is full: all is packed */
    rig_turns(rig, 20);
    store_gate_hold_answers(rig->store, true);
    struct rig_reply *history =
        rig_ask_history(rig, arn, 1000, false, NULL);
    rig_until_true(rig, an_answer_is_held, NULL);
    store_gate_open(rig->store);
    rig_jump(rig, 21000);
    rig_until_parked(rig);
    store_gate_hold_answers(rig->store, false);
    store_gate_give_answers(rig->store);
    assert_int_equal(rig_reply_of(rig, history)->count, 4);
    assert_int_equal(rig_count(rig_story(rig, arn), "\n"), 8);
}

static void bad_tokens_are_refused(void **state) {
    struct rig *rig = *state;
    static const char *const bad[] = {"x", "-1", "12345678901234567890", " "};
    rig_open(rig);
    rig_machine(rig, "m", loop);
    const char *arn = rig_start(rig, NULL, "{'n':0,'end':3,'pad':0}");
    rig_end(rig, arn);
    for (size_t i = 0; i < 4; i++) {
        struct rig_reply *reply = rig_reply_of(
            rig, rig_ask_history(rig, arn, 0, i % 2 == 0, bad[i]));
        assert_string_equal(reply->exception, "InvalidToken");
        reply = rig_reply_of(rig, rig_ask_list(rig, 0, 0, bad[i]));
        assert_string_equal(reply->exception, "InvalidToken");
    }
    for (int reverse = 0; reverse < 2; reverse++) { /* behind the end */
        struct rig_reply *reply = rig_reply_of(
            rig, rig_ask_history(rig, arn, 0, reverse, "999999999"));
        assert_string_equal(reply->exception, "InvalidToken");
    }
}

/* ---- lists ---- */

static void lists_go_page_by_page(void **state) {
    struct rig *rig = *state;
    char name[16], expected[32];
    rig_open(rig);
    rig_machine(rig, "m", hour);
    for (int i = 0; i < 57; i++) {
        snprintf(name, sizeof(name), "x%02d", i);
        rig_start(rig, name, i % 3 ? "{'s':3600}" : "{'s':0}");
        if (i == 30)
            rig_until_parked(rig);
    }
    const char *token = NULL;
    int at = 56;
    do {
        struct rig_reply *reply =
            rig_reply_of(rig, rig_ask_list(rig, 0, 10, token));
        assert_false(reply->refused);
        for (char *line = reply->text; *line;
             line = strchr(line, '\n') + 1, at--) {
            snprintf(expected, sizeof(expected), "x%02d ", at);
            assert_memory_equal(line, expected, 4);
        }
        token = reply->token;
    } while (token);
    assert_int_equal(at, -1);
}

static void check_every_50th(struct rig *rig, unsigned page) {
    const char *token = NULL;
    char expected[32];
    int at = 2450;
    do {
        struct rig_reply *reply = rig_reply_of(
            rig, rig_ask_list(rig, WF_EXECUTION_SUCCEEDED, page, token));
        for (char *line = reply->text; *line;
             line = strchr(line, '\n') + 1, at -= 50) {
            snprintf(expected, sizeof(expected), "x%04d ", at);
            assert_memory_equal(line, expected, 6);
        }
        token = reply->token;
    } while (token);
    assert_int_equal(at, -50);
}

/* Of 2,500 executions every 50th ends, and is a row; the rest stays. */
static void a_list_looks_at_all_of_memory(void **state) {
    struct rig *rig = *state;
    char name[16];
    rig->options.idle_ms = 86400000; /* nothing parks */
    rig_open(rig);
    rig_machine(rig, "other", hour);
    rig_start(rig, "else", "{'s':0}");
    rig_machine(rig, "m", hour);
    for (int i = 0; i < 2500; i++) {
        snprintf(name, sizeof(name), "x%04d", i);
        struct rig_reply *reply = rig_ask_start(
            rig, name, i % 50 ? "{'s':3600}" : "{'s':0}");
        if (i % 50 == 0)
            rig_end(rig, rig_reply_of(rig, reply)->arn);
    }
    rig_flush(rig);
    check_every_50th(rig, 7);
    check_every_50th(rig, 1000);
    assert_true(rig_stats(rig).active_executions > 2400);
}

/* ---- the journal's budget ---- */

static void the_journal_stays_within_its_budget(void **state) {
    struct rig *rig = *state;
    const char *arns[20];
    uint64_t most = 0;
    rig->options.journal_bytes = 64 << 10;
    rig_open(rig);
    rig_machine(rig, "m", loop);
    for (int i = 0; i < 20; i++)
        arns[i] = rig_start(rig, NULL, "{'n':0,'end':400,'pad':"
                                       "'01234567890123456789'}");
    for (int i = 0; i < 20; i++) {
        struct rig_reply *wait = rig_ask_wait(rig, arns[i], 50000);
        while (!wait->done) {
            rig_turn(rig);
            if (rig_stats(rig).journal_bytes > most)
                most = rig_stats(rig).journal_bytes;
        }
        assert_int_equal(wait->status, WF_EXECUTION_SUCCEEDED);
    }
    assert_true(most < 16 << 20);
    rig_reopen(rig);
    for (int i = 0; i < 20; i += 6)
        check_loop(rig, arns[i], 400);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_REAL(what_waits_leaves_memory_and_comes_back),
        ENGINE_TEST_REAL(what_is_parked_can_be_read),
        ENGINE_TEST_REAL(who_waits_for_what_is_parked_is_answered),
        ENGINE_TEST_REAL(what_is_parked_can_be_stopped),
        ENGINE_TEST_REAL(a_parked_execution_times_out),
        ENGINE_TEST_REAL(a_parked_retry_goes_on),
        ENGINE_TEST_REAL(no_timer_is_overlooked),
        ENGINE_TEST_REAL(a_timer_written_during_a_scan_fires),
        ENGINE_TEST_REAL(beyond_its_memory_it_takes_no_more),
        ENGINE_TEST_REAL(a_long_history_reads_page_by_page),
        ENGINE_TEST_REAL(a_history_reads_while_it_grows),
        ENGINE_TEST_REAL(the_end_of_a_history_reads_while_it_grows),
        ENGINE_TEST_REAL(a_history_read_by_a_late_reader_is_whole),
        ENGINE_TEST_BOTH(bad_tokens_are_refused),
        ENGINE_TEST_REAL(lists_go_page_by_page),
        ENGINE_TEST_REAL(a_list_looks_at_all_of_memory),
        ENGINE_TEST_REAL(the_journal_stays_within_its_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
