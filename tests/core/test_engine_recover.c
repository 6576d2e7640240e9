/*
 * test_engine_recover.c - crashes at every turn of the loop, over random small
 * machines: whatever was acknowledged ends with the right output and a
 * history without gaps. And what must not leave before it is durable.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "lua_stdlib.h"

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* ---- random machines ---- */

/* States S0 … Sn in a row: what passes, chooses, waits; counts its Pass
 * states in $.n. Returns how many those are. */
static unsigned random_machine(uint64_t *random, struct wf_buf *text) {
    unsigned states = 1 + next_random(random) % 7, passes = 0;
    wf_buf_adds(text, "{'StartAt':'S0','States':{");
    for (unsigned i = 0; i < states; i++) {
        unsigned kind = next_random(random) % 4;
        wf_buf_addf(text, "'S%u':", i);
        if (kind <= 1) {
            passes++;
            wf_buf_addf(text, "{'Type':'Pass','Parameters':{'n.$':"
                              "'States.MathAdd($.n, 1)','id.$':'$.id'},"
                              "'Next':'S%u'},", i + 1);
        } else if (kind == 2) {
            wf_buf_addf(text, "{'Type':'Wait','Seconds':%u,'Next':'S%u'},",
                        (unsigned)(next_random(random) % 5), i + 1);
        } else {
            wf_buf_addf(text, "{'Type':'Choice','Choices':[{'Variable':"
                              "'$.n','NumericLessThan':0,'Next':'S0'}],"
                              "'Default':'S%u'},", i + 1);
        }
    }
    wf_buf_addf(text, "'S%u':{'Type':'Succeed'}}}", states);
    wf_buf_u8(text, 0);
    return passes;
}

#define STARTS 6

struct story {
    struct rig_reply *starts[STARTS], *waits[STARTS];
    char names[STARTS][24];
};

static void ask_starts(struct rig *rig, struct story *story, unsigned run) {
    char input[64];
    for (int i = 0; i < STARTS; i++) {
        snprintf(story->names[i], sizeof(story->names[i]), "r%u-%d", run, i);
        snprintf(input, sizeof(input), "{'n':0,'id':%d}", i);
        story->starts[i] = rig_ask_start(rig, story->names[i], input);
        if (i % 2)
            rig_turn(rig);
    }
}

static void check_end_of(struct rig *rig, const char *arn, unsigned n,
                         int id) {
    char output[64];
    struct rig_reply *end = rig_end(rig, arn);
    snprintf(output, sizeof(output), "{'n':%u,'id':%d}", n, id);
    rig_assert_text(rig, end->output, output);
}

static void check_end(struct rig *rig, const char *arn, unsigned passes,
                      int id) {
    check_end_of(rig, arn, passes, id);
    const char *story = rig_story(rig, arn);
    assert_int_equal(rig_count(story, "PassStateEntered"), passes);
    assert_int_equal(rig_count(story, "ExecutionSucceeded"), 1);
}

/* One random machine, one crash after `turns` turns, then to the end. */
static void crash_after(struct rig *rig, unsigned turns, unsigned run) {
    struct wf_buf text = {0};
    uint64_t random = 88172645463325252u + run * UINT64_C(7919) + turns;
    struct story story;
    char name[24], arn[256];
    unsigned passes = random_machine(&random, &text);
    snprintf(name, sizeof(name), "m%u-%u", run, turns);
    rig_machine(rig, name, text.data);
    ask_starts(rig, &story, run * 1000 + turns);
    rig_turns(rig, turns);
    rig_crash(rig);
    rig_open(rig);
    for (int i = 0; i < STARTS; i++) {
        snprintf(arn, sizeof(arn), "arn:aws:states:us-east-1:000000000000:"
                 "execution:%s:%s", name, story.names[i]);
        if (story.starts[i]->done) {
            assert_false(story.starts[i]->refused);
            check_end(rig, arn, passes, i);
            continue;
        }
        /* Not acknowledged: it is there, whole, or it never was. */
        struct rig_reply *there =
            rig_reply_of(rig, rig_ask_describe(rig, arn));
        if (!there->refused)
            check_end(rig, arn, passes, i);
    }
    wf_buf_free(&text);
}

static void every_acknowledged_start_survives_a_crash(void **state) {
    struct rig *rig = *state;
    for (unsigned run = 0; run < 6; run++) {
        rig->options.journal_bytes = run % 2 ? 1024 : 0;
        for (unsigned turns = 0; turns < 24; turns += 1 + run % 3) {
            rig->delay_ms = run % 3;
            rig_open(rig);
            crash_after(rig, turns, run);
            rig_close(rig);
        }
    }
}

/* The same data through crash after crash. */
static void crashes_in_a_row_lose_nothing(void **state) {
    struct rig *rig = *state;
    const char *arns[200];
    unsigned count = 0;
    rig->options.journal_bytes = 4096;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'A','States':{"
                "'A':{'Type':'Pass','Result':1,'ResultPath':'$.a',"
                "'Next':'W'},"
                "'W':{'Type':'Wait','Seconds':5,'Next':'B'},"
                "'B':{'Type':'Pass','Result':2,'ResultPath':'$.b',"
                "'End':true}}}");
    for (unsigned round = 0; round < 25; round++) {
        struct rig_reply *starts[8];
        for (int i = 0; i < 8; i++)
            starts[i] = rig_ask_start(rig, NULL, "{}");
        rig_turns(rig, round % 9 * 4);
        for (int i = 0; i < 8; i++)
            if (starts[i]->done && count < 200)
                arns[count++] = starts[i]->arn;
        rig_crash(rig);
        rig_open(rig);
    }
    assert_true(count > 20);
    for (unsigned i = 0; i < count; i++) {
        rig_assert_text(rig, rig_end(rig, arns[i])->output,
                        "{'a':1,'b':2}");
        assert_int_equal(rig_count(rig_story(rig, arns[i]), "\n"), 8);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(arns[i], arns[k]);
    }
}

/* Crashes while tasks are scheduled, with a worker, answered. */
static void tasks_survive_crashes(void **state) {
    struct rig *rig = *state;
    struct story story;
    char arn[256];
    rig_handler(rig, "t.lua", "local t = {}\n"
                              "function t.add(input)\n"
                              "  return { n = input.n + 1, id = input.id }\n"
                              "end\n"
                              "return t\n");
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'P','States':{'P':{'Type':'Pass','Next':'T'},"
                "'T':{'Type':'Task','Resource':'lua:t.add','ResultPath':"
                "'$.n','ResultSelector':{'v.$':'$.n'},'OutputPath':'$',"
                "'Next':'Q'},'Q':{'Type':'Pass','Parameters':{'n.$':'$.n.v',"
                "'id.$':'$.id'},'Next':'W'},"
                "'W':{'Type':'Wait','Seconds':2,'Next':'U'},"
                "'U':{'Type':'Task','Resource':'lua:t.add','ResultPath':"
                "'$.n','ResultSelector':{'v.$':'$.n'},'Next':'R'},"
                "'R':{'Type':'Pass','Parameters':{'n.$':'$.n.v',"
                "'id.$':'$.id'},'End':true}}}");
    rig_flush(rig);
    for (unsigned turns = 0; turns < 60; turns += 4) {
        rig->options.journal_bytes = turns % 8 ? 1024 : 0;
        ask_starts(rig, &story, turns);
        rig_turns(rig, turns);
        rig_crash(rig);
        rig_open(rig);
        for (int i = 0; i < STARTS; i++) {
            snprintf(arn, sizeof(arn), "arn:aws:states:us-east-1:"
                     "000000000000:execution:m:%s", story.names[i]);
            struct rig_reply *there =
                rig_reply_of(rig, rig_ask_describe(rig, arn));
            assert_true(!story.starts[i]->done || !there->refused);
            if (there->refused)
                continue;
            check_end_of(rig, arn, 2, i);
            const char *text = rig_story(rig, arn);
            assert_int_equal(rig_count(text, " TaskScheduled"), 2);
            assert_int_equal(rig_count(text, " TaskSucceeded"), 2);
            assert_int_equal(rig_count(text, " TaskStarted"), 2);
        }
    }
}

static void a_timer_keeps_its_time_over_a_restart(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'W','States':{'W':{'Type':'Wait',"
                "'SecondsPath':'$.s','End':true}}}");
    const char *soon = rig_start(rig, NULL, "{'s':100}");
    const char *late = rig_start(rig, NULL, "{'s':100000}");
    rig_crash(rig);
    rig_jump(rig, 60000);
    rig_open(rig);
    rig_turns(rig, 30);
    rig_assert_status(rig, soon, WF_EXECUTION_RUNNING);
    rig_crash(rig);
    rig_jump(rig, 60000); /* it was due while nobody was there */
    rig_open(rig);
    assert_int_equal(rig_end(rig, soon)->status, WF_EXECUTION_SUCCEEDED);
    rig_assert_status(rig, late, WF_EXECUTION_RUNNING);
    rig_jump(rig, 100000000);
    assert_int_equal(rig_end(rig, late)->status, WF_EXECUTION_SUCCEEDED);
}

static void a_start_that_is_not_written_never_was(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'S','States':{'S':{'Type':'Succeed'}}}");
    store_gate_close(rig->store);
    struct rig_reply *start = rig_ask_start(rig, "x", "{}");
    rig_turns(rig, 30);
    assert_false(start->done);
    rig_crash(rig);
    rig_open(rig);
    assert_true(rig_reply_of(rig, rig_ask_describe(
        rig, "arn:aws:states:us-east-1:000000000000:execution:m:x"))
                    ->refused);
    rig_end(rig, rig_start(rig, "x", "{'other':1}"));
}

/* ---- write ahead of replies ---- */

static void no_reply_tells_what_is_not_durable(void **state) {
    struct rig *rig = *state;
    const char *arn =
        "arn:aws:states:us-east-1:000000000000:execution:m:x";
    struct rig_reply *replies[9];
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'A','States':{'A':{'Type':'Pass','Next':'W'},"
                "'W':{'Type':'Wait','Seconds':9,'End':true}}}");
    rig_flush(rig);
    store_gate_close(rig->store);
    replies[0] = rig_ask_start(rig, "x", "{}");
    rig_turns(rig, 20);
    replies[1] = rig_ask_start(rig, "x", "{}");
    replies[2] = rig_ask_start(rig, "x", "{'other':1}");
    replies[3] = rig_ask_describe(rig, arn);
    replies[4] = rig_ask_list(rig, 0, 0, NULL);
    replies[5] = rig_ask_history(rig, arn, 0, false, NULL);
    replies[6] = rig_ask_history(rig, arn, 1, true, NULL);
    replies[7] = rig_ask_stop(rig, arn, NULL, NULL);
    replies[8] = rig_ask_wait(rig, arn, 5000);
    rig_turns(rig, 50);
    for (int i = 0; i < 9; i++)
        if (replies[i]->done)
            fail_msg("reply %d was sent", i);
    assert_int_equal(rig->events.len, 0);
    store_gate_open(rig->store);
    for (int i = 0; i < 9; i++)
        rig_reply_of(rig, replies[i]);
    assert_string_equal(replies[2]->exception, "ExecutionAlreadyExists");
    assert_int_equal(replies[4]->count, 1);
    assert_true(replies[5]->count >= 4);
    assert_int_equal(replies[7]->status, WF_EXECUTION_ABORTED);
    assert_int_equal(replies[8]->status, WF_EXECUTION_ABORTED);
}

static void no_machine_is_told_before_it_is_durable(void **state) {
    struct rig *rig = *state;
    static const char definition[] =
        "{'StartAt':'S','States':{'S':{'Type':'Succeed'}}}";
    rig_open(rig);
    rig_flush(rig);
    store_gate_close(rig->store);
    struct rig_reply *first = rig_ask_machine(rig, "m", definition, false);
    rig_turns(rig, 10);
    struct rig_reply *again = rig_ask_machine(rig, "m", definition, false);
    struct rig_reply *other = rig_ask_machine(rig, "m", definition, true);
    rig_turns(rig, 20);
    assert_false(first->done);
    assert_false(again->done);
    assert_false(other->done);
    store_gate_open(rig->store);
    assert_false(rig_reply_of(rig, first)->refused);
    assert_false(rig_reply_of(rig, again)->refused);
    assert_true(rig_reply_of(rig, other)->refused);
}

/* ---- no room ---- */

static void without_room_work_is_refused_and_none_lost(void **state) {
    struct rig *rig = *state;
    struct rig_reply *starts[10];
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':1,"
                "'End':true}}}");
    for (int i = 0; i < 10; i++)
        starts[i] = rig_ask_start(rig, NULL, "{}");
    store_memory_full(rig->behind, 200);
    while (wf_store_state(rig->store) != WF_STORE_FULL)
        rig_turn(rig);
    struct rig_reply *refused =
        rig_reply_of(rig, rig_ask_start(rig, NULL, "{}"));
    assert_string_equal(refused->exception, "ThrottlingException");
    store_memory_full(rig->behind, 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(
            rig_end(rig, rig_reply_of(rig, starts[i])->arn)->status,
            WF_EXECUTION_SUCCEEDED);
    rig_end(rig, rig_start(rig, NULL, "{}"));
    wf_buf_u8(&rig->notices, 0);
    rig_assert_has(rig->notices.data, "no room");
    rig_assert_has(rig->notices.data, "room again");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(every_acknowledged_start_survives_a_crash),
        ENGINE_TEST_BOTH(crashes_in_a_row_lose_nothing),
        ENGINE_TEST_BOTH(tasks_survive_crashes),
        ENGINE_TEST_REAL(a_timer_keeps_its_time_over_a_restart),
        ENGINE_TEST_BOTH(a_start_that_is_not_written_never_was),
        ENGINE_TEST_BOTH(no_reply_tells_what_is_not_durable),
        ENGINE_TEST_BOTH(no_machine_is_told_before_it_is_durable),
        ENGINE_TEST_MEMORY(without_room_work_is_refused_and_none_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
