/*
 * test_engine_branches.c - Parallel and Map: their histories event by event,
 * and the flow of data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "branches.h"
#include "lua_stdlib.h"

/* ---- histories ---- */

static void a_parallel_of_two(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *story = branches_succeed(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("A", PASS("A")) ","
        BRANCH("B", "'B':{'Type':'Pass','Result':2,'End':true}")
        "],'Next':'Z'}," PASS("Z") "}}",
        "{'x':1}", "[{'x':1},2]");
    assert_string_equal(story,
                        "1<0 ExecutionStarted\n"
                        "2<0 ParallelStateEntered P\n"
                        "3<2 ParallelStateStarted P\n"
                        "4<3 PassStateEntered A\n"
                        "5<4 PassStateExited A\n"
                        "6<3 PassStateEntered B\n"
                        "7<6 PassStateExited B\n"
                        "8<7 ParallelStateSucceeded P\n"
                        "9<7 ParallelStateExited P\n"
                        "10<9 PassStateEntered Z\n"
                        "11<10 PassStateExited Z\n"
                        "12<11 ExecutionSucceeded\n");
}

static void a_parallel_in_a_parallel(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *story = branches_succeed(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("Q", "'Q':{'Type':'Parallel','Branches':["
               BRANCH("A", PASS("A")) "," BRANCH("B", PASS("B"))
               "],'End':true}") ","
        BRANCH("C", PASS("C")) "],'End':true}}}",
        "1", "[[1,1],1]");
    assert_string_equal(story,
                        "1<0 ExecutionStarted\n"
                        "2<0 ParallelStateEntered P\n"
                        "3<2 ParallelStateStarted P\n"
                        "4<3 ParallelStateEntered Q\n"
                        "5<4 ParallelStateStarted Q\n"
                        "6<3 PassStateEntered C\n"
                        "7<6 PassStateExited C\n"
                        "8<5 PassStateEntered A\n"
                        "9<8 PassStateExited A\n"
                        "10<5 PassStateEntered B\n"
                        "11<10 PassStateExited B\n"
                        "12<11 ParallelStateSucceeded Q\n"
                        "13<11 ParallelStateExited Q\n"
                        "14<13 ParallelStateSucceeded P\n"
                        "15<13 ParallelStateExited P\n"
                        "16<15 ExecutionSucceeded\n");
}

static const char map_of_passes[] =
    "{'StartAt':'M','States':{'M':{'Type':'Map','MaxConcurrency':%d,"
    "'ItemProcessor':" BRANCH("A", PASS("A")) ",'End':true}}}";

static const char *run_map(struct rig *rig, int limit, const char *items,
                           const char *output) {
    char definition[400];
    snprintf(definition, sizeof(definition), map_of_passes, limit);
    return branches_succeed(rig, definition, items, output);
}

static void a_map_runs_one_after_the_other(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    assert_string_equal(run_map(rig, 1, "[7,8]", "[7,8]"),
                        "1<0 ExecutionStarted\n"
                        "2<0 MapStateEntered M\n"
                        "3<2 MapStateStarted M length=2\n"
                        "4<3 MapIterationStarted M#0\n"
                        "5<4 PassStateEntered A\n"
                        "6<5 PassStateExited A\n"
                        "7<6 MapIterationSucceeded M#0\n"
                        "8<6 MapIterationStarted M#1\n"
                        "9<8 PassStateEntered A\n"
                        "10<9 PassStateExited A\n"
                        "11<10 MapIterationSucceeded M#1\n"
                        "12<11 MapStateSucceeded M\n"
                        "13<11 MapStateExited M\n"
                        "14<13 ExecutionSucceeded\n");
}

static void a_map_runs_two_at_a_time(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    assert_string_equal(run_map(rig, 2, "[7,8,9]", "[7,8,9]"),
                        "1<0 ExecutionStarted\n"
                        "2<0 MapStateEntered M\n"
                        "3<2 MapStateStarted M length=3\n"
                        "4<3 MapIterationStarted M#0\n"
                        "5<3 MapIterationStarted M#1\n"
                        "6<4 PassStateEntered A\n"
                        "7<6 PassStateExited A\n"
                        "8<7 MapIterationSucceeded M#0\n"
                        "9<7 MapIterationStarted M#2\n"
                        "10<5 PassStateEntered A\n"
                        "11<10 PassStateExited A\n"
                        "12<11 MapIterationSucceeded M#1\n"
                        "13<9 PassStateEntered A\n"
                        "14<13 PassStateExited A\n"
                        "15<14 MapIterationSucceeded M#2\n"
                        "16<15 MapStateSucceeded M\n"
                        "17<15 MapStateExited M\n"
                        "18<17 ExecutionSucceeded\n");
}

static void a_map_without_a_limit(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    assert_string_equal(run_map(rig, 0, "[7,8]", "[7,8]"),
                        "1<0 ExecutionStarted\n"
                        "2<0 MapStateEntered M\n"
                        "3<2 MapStateStarted M length=2\n"
                        "4<3 MapIterationStarted M#0\n"
                        "5<3 MapIterationStarted M#1\n"
                        "6<4 PassStateEntered A\n"
                        "7<6 PassStateExited A\n"
                        "8<7 MapIterationSucceeded M#0\n"
                        "9<5 PassStateEntered A\n"
                        "10<9 PassStateExited A\n"
                        "11<10 MapIterationSucceeded M#1\n"
                        "12<11 MapStateSucceeded M\n"
                        "13<11 MapStateExited M\n"
                        "14<13 ExecutionSucceeded\n");
}

static void a_map_of_nothing(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    for (int limit = 0; limit < 2; limit++)
        assert_string_equal(run_map(rig, limit, "[]", "[]"),
                            "1<0 ExecutionStarted\n"
                            "2<0 MapStateEntered M\n"
                            "3<2 MapStateStarted M length=0\n"
                            "4<3 MapStateSucceeded M\n"
                            "5<3 MapStateExited M\n"
                            "6<5 ExecutionSucceeded\n");
}

/* With JSONPath, AWS wants an array. */
static void a_map_over_an_object(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    branches_succeed(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
        BRANCH("A", "'A':{'Type':'Pass','Parameters':{"
                    "'k.$':'$$.Map.Item.Key','v.$':'$'},'End':true}")
        ",'End':true}}}",
        "{'a':1,'b':[2]}", "[{'k':'a','v':1},{'k':'b','v':[2]}]");
}

static void a_map_over_a_number_fails(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *story = branches_run(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
        BRANCH("A", PASS("A")) ",'End':true}}}",
        "7", WF_EXECUTION_FAILED, NULL);
    rig_assert_has(story, "must point to array");
    assert_int_equal(rig_count(story, " MapStateStarted"), 0);
}

/* Iterations see the variables around them, and give values to their own. */
static void iterations_have_variables(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    branches_succeed(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Pass','Assign':{'x':1},"
        "'Next':'M'},'M':{'Type':'Map','QueryLanguage':'JSONata',"
        "'Items':[10,20],'ItemProcessor':{'StartAt':'A','States':{'A':{"
        "'QueryLanguage':'JSONata','Type':'Pass','Assign':{'y':"
        "'{% $x + $states.input %}'},'Next':'B'},'B':{'Type':'Pass',"
        "'Parameters':{'x.$':'$x','y.$':'$y'},'End':true}}},'End':true}}}",
        "{}", "[{'x':1,'y':11},{'x':1,'y':21}]");
}

static void a_map_in_a_map(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *story = branches_succeed(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','MaxConcurrency':1,"
        "'ItemProcessor':" BRANCH("N", "'N':{'Type':'Map',"
        "'ItemProcessor':" BRANCH("A", PASS("A")) ",'End':true}")
        ",'End':true}}}",
        "[[1],[]]", "[[1],[]]");
    assert_string_equal(story,
                        "1<0 ExecutionStarted\n"
                        "2<0 MapStateEntered M\n"
                        "3<2 MapStateStarted M length=2\n"
                        "4<3 MapIterationStarted M#0\n"
                        "5<4 MapStateEntered N\n"
                        "6<5 MapStateStarted N length=1\n"
                        "7<6 MapIterationStarted N#0\n"
                        "8<7 PassStateEntered A\n"
                        "9<8 PassStateExited A\n"
                        "10<9 MapIterationSucceeded N#0\n"
                        "11<10 MapStateSucceeded N\n"
                        "12<10 MapStateExited N\n"
                        "13<12 MapIterationSucceeded M#0\n"
                        "14<12 MapIterationStarted M#1\n"
                        "15<14 MapStateEntered N\n"
                        "16<15 MapStateStarted N length=0\n"
                        "17<16 MapStateSucceeded N\n"
                        "18<16 MapStateExited N\n"
                        "19<18 MapIterationSucceeded M#1\n"
                        "20<19 MapStateSucceeded M\n"
                        "21<19 MapStateExited M\n"
                        "22<21 ExecutionSucceeded\n");
}

static void a_map_in_a_parallel_in_a_map(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *story = branches_succeed(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
        BRANCH("P", "'P':{'Type':'Parallel','Branches':["
               BRANCH("N", "'N':{'Type':'Map','ItemProcessor':"
                      BRANCH("A", "'A':{'Type':'Pass','Parameters':{"
                             "'in.$':'$$.Map.Item.Value','is.$':'$'},"
                             "'End':true}") ",'End':true}") ","
               BRANCH("B", "'B':{'Type':'Pass','Parameters':{"
                      "'out.$':'$$.Map.Item.Value',"
                      "'at.$':'$$.Map.Item.Index'},'End':true}")
               "],'End':true}") ",'End':true}}}",
        "[[1,2],[3]]",
        "[[[{'in':1,'is':1},{'in':2,'is':2}],{'out':[1,2],'at':0}],"
        "[[{'in':3,'is':3}],{'out':[3],'at':1}]]");
    assert_int_equal(rig_count(story, " MapIterationStarted"), 5);
    assert_int_equal(rig_count(story, " MapIterationSucceeded"), 5);
    assert_int_equal(rig_count(story, " ParallelStateExited P"), 2);
}

/* ---- data ---- */

static void a_selector_makes_each_item(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    branches_succeed(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemsPath':'$.l',"
        "'ItemSelector':{'i.$':'$$.Map.Item.Index',"
        "'v.$':'$$.Map.Item.Value','all.$':'$.l[0]','c':true},"
        "'ItemProcessor':" BRANCH("A", PASS("A")) ",'End':true}}}",
        "{'l':['a',{'b':1.0}]}",
        "[{'i':0,'v':'a','all':'a','c':true},"
        "{'i':1,'v':{'b':1.0},'all':'a','c':true}]");
}

/* AWS documents Map.Item.Source for inline Maps, too, but has it not. */
static void items_of_the_input_say_so(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    branches_succeed(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map',"
        "'ItemSelector':{'s.$':'$$.Map.Item.Source'},"
        "'ItemProcessor':" BRANCH("A", PASS("A")) ",'End':true}}}",
        "[{'v':1}]", "[{'s':'STATE_DATA'}]");
}

static void a_legacy_map_works(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    branches_succeed(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemsPath':'$.l',"
        "'Parameters':{'v.$':'$$.Map.Item.Value','x.$':'$.x'},"
        "'Iterator':" BRANCH("A", PASS("A")) ",'End':true}}}",
        "{'l':[1,2],'x':9}", "[{'v':1,'x':9},{'v':2,'x':9}]");
}

static void results_go_where_they_are_wanted(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    branches_succeed(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemsPath':'$.l',"
        "'ResultSelector':{'second.$':'$[1]','n.$':"
        "'States.ArrayLength($)'},'ResultPath':'$.r','ItemProcessor':"
        BRANCH("A", PASS("A")) ",'Next':'P'},"
        "'P':{'Type':'Parallel','Parameters':{'q.$':'$.r'},"
        "'ResultPath':'$.p','OutputPath':'$.p','Branches':["
        BRANCH("B", PASS("B")) "],'End':true}}}",
        "{'l':[4,5]}", "[{'q':{'second':5,'n':2}}]");
}

/* The first branch waits longest. */
static void results_stand_in_order(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *story = branches_succeed(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("A", "'A':{'Type':'Wait','Seconds':3,'Next':'B'},"
               "'B':{'Type':'Pass','Result':'late','End':true}") ","
        BRANCH("C", "'C':{'Type':'Wait','Seconds':1,'Next':'D'},"
               "'D':{'Type':'Pass','Result':'soon','End':true}")
        "],'Next':'M'},'M':{'Type':'Map','ItemsPath':'$',"
        "'ItemSelector':{'v.$':'$$.Map.Item.Value','s.$':"
        "'States.MathAdd(3, States.MathAdd($$.Map.Item.Index, 0))'},"
        "'ItemProcessor':" BRANCH("W", "'W':{'Type':'Choice','Choices':[{"
        "'Variable':'$.v','StringEquals':'late','Next':'X'}],'Default':"
        "'Y'},'X':{'Type':'Wait','Seconds':9,'Next':'Z'},"
        "'Y':{'Type':'Wait','Seconds':1,'Next':'Z'},"
        "'Z':{'Type':'Pass','OutputPath':'$.v','End':true}")
        ",'End':true}}}",
        "{}", "['late','soon']");
    rig_assert_has(story, "ParallelStateExited");
    assert_true(strstr(story, "MapIterationSucceeded M#1") <
                strstr(story, "MapIterationSucceeded M#0"));
}

static void many_items_come_back_in_order(void **state) {
    struct rig *rig = *state;
    struct wf_buf items = {0};
    rig_open(rig);
    wf_buf_u8(&items, '[');
    for (int i = 0; i < 1500; i++)
        wf_buf_addf(&items, "%s%d", i ? "," : "", i * 7);
    wf_buf_adds(&items, "]");
    wf_buf_u8(&items, 0);
    const char *story = run_map(rig, 0, items.data, items.data);
    assert_int_equal(rig_count(story, "MapIterationSucceeded"), 1500);
    run_map(rig, 40, items.data, items.data);
    wf_buf_free(&items);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(a_parallel_of_two),
        ENGINE_TEST_BOTH(a_parallel_in_a_parallel),
        ENGINE_TEST_BOTH(a_map_runs_one_after_the_other),
        ENGINE_TEST_BOTH(a_map_runs_two_at_a_time),
        ENGINE_TEST_BOTH(a_map_without_a_limit),
        ENGINE_TEST_BOTH(a_map_of_nothing),
        ENGINE_TEST_BOTH(a_map_over_an_object),
        ENGINE_TEST_BOTH(a_map_over_a_number_fails),
        ENGINE_TEST_BOTH(iterations_have_variables),
        ENGINE_TEST_BOTH(a_map_in_a_map),
        ENGINE_TEST_BOTH(a_map_in_a_parallel_in_a_map),
        ENGINE_TEST_BOTH(a_selector_makes_each_item),
        ENGINE_TEST_BOTH(items_of_the_input_say_so),
        ENGINE_TEST_BOTH(a_legacy_map_works),
        ENGINE_TEST_BOTH(results_go_where_they_are_wanted),
        ENGINE_TEST_BOTH(results_stand_in_order),
        ENGINE_TEST_BOTH(many_items_come_back_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
