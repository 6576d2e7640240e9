/*
 * test_engine_redrive_fix.c - redrives that change something: the definition,
 * the state, its input, variables; what can't be, and why; what is said of it
 * afterwards; wherever the engine died.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "redrives.h"

#define ELSE "; say from which state it is to go on"

static const struct wf_fix latest = {.revision = {"latest", 6}};

static struct wf_fix from(const char *state) {
    return (struct wf_fix){.revision = WF_STR("latest"),
                           .from_state = wf_str(state)};
}

/* A fails for ever; what comes before and behind is told by the output. */
#define MACHINE(function, rest)                                              \
    "{'StartAt':'A','States':{'A':{'Type':'Pass','Result':{'x':1},"          \
    "'ResultPath':'$.a','Next':'T'}," TASK("T", function, "'Next':'Z'") ","  \
    rest "'Z':{'Type':'Pass','End':true}}}"

/* ---- another definition ---- */

static void it_goes_on_with_the_latest_definition(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail_then_update(
        rig, MACHINE("fail", ""), "{}",
        "{'StartAt':'N','States':{'N':{'Type':'Pass','Next':'T'},"
        TASK("T", "echo", "'ResultPath':'$.t','Next':'Y'")
        ",'Y':{'Type':'Pass','Result':'new','ResultPath':'$.y','End':true}}}");
    redrives_fix(rig, arn, &latest);
    const char *story = redrives_end(
        rig, arn, "{'a':{'x':1},'t':{'a':{'x':1}},'y':'new'}");
    assert_string_equal(story, "1<0 ExecutionStarted\n"
                               "2<0 PassStateEntered A\n"
                               "3<2 PassStateExited A\n"
                               "4<3 TaskStateEntered T\n"
                               "5<4 TaskScheduled T\n"
                               "6<5 TaskStarted T\n"
                               "7<6 TaskFailed T E: C\n"
                               "8<7 ExecutionFailed E: C\n"
                               "9<8 ExecutionRedriven#1\n"
                               "10<9 TaskScheduled T\n"
                               "11<10 TaskStarted T\n"
                               "12<11 TaskSucceeded T\n"
                               "13<12 TaskStateExited T\n"
                               "14<13 PassStateEntered Y\n"
                               "15<14 PassStateExited Y\n"
                               "16<15 ExecutionSucceeded\n");
    branches_check(story);
}

/* What is pinned is what it was redriven with, whatever comes later. */
static void the_new_revision_is_pinned(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail_then_update(
        rig, MACHINE("fail", ""), "{}",
        "{'StartAt':'W','States':{'W':{'Type':'Pass','Next':'T'},"
        TASK("T", "twice", "'Next':'Z'") "," PASS("Z") "}}");
    redrives_fix(rig, arn, &latest);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    redrives_update(rig, MACHINE("fail", ""));
    rig_reopen(rig);
    rig_assert_has(rig_story(rig, arn), "7<6 TaskFailed T E: C\n");
    const char *story = redrives_succeed(rig, arn, "{'a':{'x':1}}");
    assert_int_equal(rig_count(story, " TaskStateEntered T"), 1);
    assert_int_equal(rig_count(story, " TaskScheduled T"), 3);
    rig_reopen(rig);
    assert_string_equal(rig_story(rig, arn), story);
}

static void a_state_of_another_type_is_entered_again(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail_then_update(
        rig, MACHINE("fail", ""), "{}",
        "{'StartAt':'T','States':{'T':{'Type':'Pass','End':true}}}");
    redrives_fix(rig, arn, &latest);
    const char *story = redrives_end(rig, arn, "{'a':{'x':1}}");
    rig_assert_has(story, "9<8 ExecutionRedriven#1\n10<9 PassStateEntered T");
}

/* In branches, too: those that are done stay as they are. */
static void branches_go_on_with_another_definition(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail_then_update(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("A", PASS("A")) ","
        BRANCH("M", "'M':{'Type':'Map','ItemProcessor':"
               BRANCH("W", "'W':{'Type':'Wait','SecondsPath':'$','Next':'T'},"
                      TASK("T", "fail", "'End':true")) ",'End':true}")
        "],'End':true}}}",
        "[3,1,2]",
        "{'StartAt':'O','States':{'O':{'Type':'Pass','Next':'P'},"
        "'P':{'Type':'Parallel','Branches':["
        BRANCH("B", "'B':{'Type':'Pass','Result':'other','End':true}") ","
        BRANCH("N", "'N':{'Type':'Pass','Next':'M'},"
               "'M':{'Type':'Map','ItemProcessor':"
               BRANCH("W", "'W':{'Type':'Wait','Seconds':9,'Next':'T'},"
                      "'V':{'Type':'Pass','End':true},"
                      TASK("T", "even", "'Next':'V'")) ",'End':true}")
        "],'End':true}}}");
    redrives_fix(rig, arn, &latest);
    const char *story = redrives_end(rig, arn, "[[3,1,2],[30,10,20]]");
    assert_int_equal(rig_count(story, " PassStateEntered A"), 1);
    assert_int_equal(rig_count(story, " MapIterationStarted"), 3);
    assert_int_equal(rig_count(story, " WaitStateEntered W"), 3);
    branches_check(story);
}

static void a_version_can_be_named(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail_then_update(
        rig, MACHINE("fail", ""), "{}", MACHINE("echo", ""));
    struct wf_buf text = {0};
    wf_buf_addf(&text, "%s:7", rig->arn);
    const struct wf_fix seventh = {.version_arn = {text.data, text.len}};
    redrives_refuse(rig, arn, &seventh, "There is no such version of the "
                                        "execution's state machine");
    wf_buf_free(&text);
    const struct wf_fix none = {.revision = WF_STR("none")};
    redrives_refuse(rig, arn, &none,
                    "The execution's state machine has no such revision");
    const struct wf_fix first = {.revision = WF_STR("INITIAL")};
    redrives_fix(rig, arn, &first);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
}

/* ---- another state, other data ---- */

static void it_goes_on_from_another_state(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(rig, "m", MACHINE("fail", ""));
    const char *arn = rig_start(rig, "x", "{}");
    rig_end(rig, arn);
    const struct wf_fix last = {.from_state = WF_STR("Z")};
    redrives_fix(rig, arn, &last);
    const char *story = redrives_end(rig, arn, "{'a':{'x':1}}");
    rig_assert_has(story, "9<8 ExecutionRedriven Z#1\n"
                          "10<9 PassStateEntered Z");
}

/* With what it had when it entered that the last time. */
static void it_goes_back_to_an_earlier_state(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail_then_update(
        rig,
        "{'StartAt':'A','QueryLanguage':'JSONata','States':{"
        "'A':{'Type':'Pass','Assign':{'x':1},'Next':'B'},"
        "'B':{'Type':'Pass','Assign':{'x':2},'Output':'b','Next':'F'},"
        "'F':{'Type':'Fail'}}}",
        "'in'",
        "{'StartAt':'A','QueryLanguage':'JSONata','States':{"
        "'A':{'Type':'Pass','Next':'B'},"
        "'B':{'Type':'Pass','Output':'{% [$states.input,$x] %}','End':true}}}");
    struct wf_fix fix = from("B");
    redrives_fix(rig, arn, &fix);
    redrives_end(rig, arn, "['in',1]");
}

static void input_and_variables_are_patched(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'A','QueryLanguage':'JSONata','States':{"
                "'A':{'Type':'Pass','Assign':{'x':1,'y':2},'Next':'T'},"
                "'T':{'Type':'Task','Resource':'lua:t.flaky','Arguments':"
                "'{% [$states.input,$x,$y,$z] %}','End':true}}}");
    const char *arn = rig_start(rig, "x", "'in'");
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    const struct wf_fix fix = {.input = WF_STR("{'new': 1}"),
                               .variables = WF_STR("{'x':7,'z':null}")};
    redrives_fix(rig, arn, &fix);
    redrives_end(rig, arn, "[{'new':1},7,2,null]");
    rig_assert_has(rig_history(rig, arn),
                   " ExecutionRedriven T#1 {\"new\": 1}");
}

/* They are known to the next redrive, and after a crash. */
static void patches_outlive_another_failure(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'A','QueryLanguage':'JSONata','States':{"
                "'A':{'Type':'Pass','Next':'T'},"
                "'T':{'Type':'Task','Resource':'lua:t.twice',"
                "'Arguments':'{% $exists($x) ? $states.input + $x : 0 %}',"
                "'End':true}}}");
    const char *arn = rig_start(rig, "x", "1");
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    const struct wf_fix fix = {.input = WF_STR("10"),
                               .variables = WF_STR("{'x':5}")};
    redrives_fix(rig, arn, &fix);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    rig_reopen(rig);
    rig_redrive(rig, arn);
    const char *story = redrives_end(rig, arn, "15");
    assert_int_equal(rig_count(story, " TaskStateEntered T"), 2);
}

/* A large input is stored in pieces. */
static void a_large_input_is_patched(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    char *large = branches_padding(200000);
    rig_machine(rig, "m", MACHINE("fail", ""));
    const char *arn = rig_start(rig, "x", "{}");
    rig_end(rig, arn);
    const struct wf_fix fix = {.input = wf_str(large),
                               .from_state = WF_STR("Z")};
    redrives_fix(rig, arn, &fix);
    rig_assert_text(rig, rig_end(rig, arn)->output, large);
    rig_reopen(rig);
    rig_assert_text(rig, rig_describe(rig, arn)->output, large);
    free(large);
}

/* All that was going on inside of a state is over. */
static void a_parallel_begins_again(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail_then_update(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("A", PASS("A")) "," BRANCH("F", "'F':{'Type':'Fail'}")
        "],'End':true}}}",
        "1",
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("G", PASS("G")) "],'End':true}}}");
    struct wf_fix fix = from("P");
    fix.input = WF_STR("5");
    redrives_fix(rig, arn, &fix);
    const char *story = redrives_end(rig, arn, "[5]");
    assert_int_equal(rig_count(story, " ParallelStateEntered P"), 2);
    assert_int_equal(rig_rows(rig, 'E', 12), 0);
    assert_int_equal(rig_rows(rig, 'O', 0), 0);
}

/* ---- what can't be ---- */

static void what_cannot_go_on_is_refused(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail_then_update(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("A", PASS("A")) "," BRANCH("F", TASK("F", "fail", "'End':true"))
        "],'End':true}}}",
        "1",
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("F", TASK("F", "echo", "'End':true")) "],'End':true}}}");
    redrives_refuse(rig, arn, &latest,
                    "The execution goes on inside of state 'P', which has 2 "
                    "branches, and 1 in the other definition" ELSE);
    redrives_update(rig, "{'StartAt':'F','States':{'F':{'Type':'Pass',"
                         "'End':true}}}");
    redrives_refuse(rig, arn, &latest,
                    "State 'P', where the execution goes on, does not exist "
                    "in the other definition" ELSE);
    redrives_update(
        rig, "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
             BRANCH("F", TASK("F", "echo", "'End':true")) ","
             BRANCH("A", PASS("A")) "],'End':true}}}");
    redrives_refuse(rig, arn, &latest,
                    "State 'F', where the execution goes on, is inside of "
                    "another state or branch in the other definition" ELSE);
    redrives_update(
        rig, "{'StartAt':'P','States':{'P':{'Type':'Pass','End':true}}}");
    redrives_refuse(rig, arn, &latest,
                    "The execution goes on inside of state 'P', which is of "
                    "another type in the other definition" ELSE);
    struct wf_fix fix = from("Q");
    redrives_refuse(rig, arn, &fix,
                    "State 'Q' does not exist in the definition");
    fix = (struct wf_fix){.from_state = WF_STR("F")};
    redrives_refuse(rig, arn, &fix,
                    "State 'F' is inside of 'P': an execution goes on from a "
                    "state that is not inside of another one");
    fix = (struct wf_fix){.input = WF_STR("1")};
    redrives_refuse(rig, arn, &fix,
                    "The execution goes on inside of state 'P', whose input "
                    "and variables it can't change any more; say that it is "
                    "to go on from that state, and all of it runs again");
    assert_int_equal(rig_describe(rig, arn)->redrives, 0);
    fix = from("P");
    redrives_fix(rig, arn, &fix);
    redrives_end(rig, arn, "1");
    redrives_refuse(rig, arn, &fix,
                    "Execution is SUCCEEDED and cannot be redriven");
}

static void refuse_input(struct rig *rig, const char *arn,
                         const struct wf_fix *fix, const char *message) {
    struct rig_reply *reply =
        rig_reply_of(rig, redrives_ask(rig, arn, fix, NULL));
    assert_true(reply->refused);
    assert_string_equal(reply->exception, "InvalidExecutionInput");
    rig_assert_has(reply->message, message);
}

static void what_is_not_json_is_refused(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(rig, "m", MACHINE("fail", ""));
    const char *arn = rig_start(rig, "x", "{}");
    rig_end(rig, arn);
    struct wf_fix fix = {.input = WF_STR("{'a':\n 1,}")};
    refuse_input(rig, arn, &fix, "input: line 2, column 4");
    fix = (struct wf_fix){.variables = WF_STR("{'a':")};
    refuse_input(rig, arn, &fix, "variables: line 1, column 6");
    fix = (struct wf_fix){.variables = WF_STR("[1]")};
    refuse_input(rig, arn, &fix,
                 "variables: an object of names and values is expected");
    fix = (struct wf_fix){.variables = WF_STR("{'a':{'b':[1]},'states':1}")};
    refuse_input(rig, arn, &fix, "variables: 'states' is no name of a "
                                 "variable that can be assigned");
    fix = (struct wf_fix){.variables = WF_STR("{'1a':1}")};
    refuse_input(rig, arn, &fix, "variables: '1a' is no name of a variable "
                                 "that can be assigned");
}

/* Nothing has happened; where it would go on is said. */
static void a_dry_run_changes_nothing(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail_then_update(
        rig, MACHINE("fail", ""), "{}", MACHINE("echo", ""));
    struct wf_fix dry = {.revision = WF_STR("latest"), .is_dry = true};
    struct rig_reply *reply =
        rig_reply_of(rig, redrives_ask(rig, arn, &dry, NULL));
    assert_false(reply->refused);
    assert_null(reply->text);
    assert_string_equal(reply->name, "T");
    rig_flush(rig);
    assert_int_equal(rig_describe(rig, arn)->status, WF_EXECUTION_FAILED);
    assert_int_equal(rig_describe(rig, arn)->redrives, 0);
    assert_int_equal(rig_count(rig_story(rig, arn), "\n"), 8);
}

/* ---- wherever it was stopped, wherever the engine died ---- */

static const char before[] =
    "{'StartAt':'A','States':{'A':{'Type':'Pass','Next':'P'},"
    "'P':{'Type':'Parallel','Branches':["
    BRANCH("M", "'M':{'Type':'Map','MaxConcurrency':2,'ItemProcessor':"
           BRANCH("D", "'D':{'Type':'Pass','Next':'E'},"
                  "'E':{'Type':'Wait','Seconds':1,'Next':'R'},"
                  TASK("R", "echo", "'Next':'S'") ",'S':{'Type':'Pass',"
                  "'End':true}")
           ",'Next':'L'},'L':{'Type':'Pass','End':true}") ","
    BRANCH("U", "'U':{'Type':'Wait','Seconds':2,'Next':'V'},"
           "'V':{'Type':'Pass','Next':'X'}," PASS("X"))
    "],'Next':'Z'},'Z':{'Type':'Pass','End':true}}}";
/* The same in another order: no state has the number that it has above. */
static const char after[] =
    "{'StartAt':'A','States':{'Z':{'Type':'Pass','End':true},"
    "'A':{'Type':'Pass','Next':'P'},'P':{'Type':'Parallel','Branches':["
    BRANCH("M", "'L':{'Type':'Pass','End':true},"
           "'M':{'Type':'Map','MaxConcurrency':2,'ItemProcessor':"
           BRANCH("D", TASK("R", "echo", "'Next':'S'") ",'S':{'Type':'Pass',"
                  "'End':true},'D':{'Type':'Pass','Next':'E'},"
                  "'E':{'Type':'Wait','Seconds':1,'Next':'R'}")
           ",'Next':'L'}") ","
    BRANCH("U", PASS("X") ",'V':{'Type':'Pass','Next':'X'},"
           "'U':{'Type':'Wait','Seconds':2,'Next':'V'}")
    "],'Next':'Z'}}}";
static const char input[] = "[1,2,3,4,5]";
static const char output[] = "[[1,2,3,4,5],[1,2,3,4,5]]";

static bool stop_after(struct rig *rig, const char *arn, unsigned turns) {
    rig_turns(rig, turns);
    struct rig_reply *end =
        rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    return end->status == WF_EXECUTION_ABORTED;
}

static void check(struct rig *rig, const char *arn) {
    const char *story = redrives_end(rig, arn, output);
    branches_check(story);
    assert_int_equal(rig_count(story, " PassStateExited A"), 1);
    assert_int_equal(rig_count(story, " PassStateExited D"), 5);
    assert_int_equal(rig_count(story, " WaitStateExited E"), 5);
    assert_int_equal(rig_count(story, " TaskStateExited R"), 5);
    assert_int_equal(rig_count(story, " PassStateExited X"), 1);
    assert_int_equal(rig_count(story, " PassStateExited Z"), 1);
}

static void check_rows(struct rig *rig) {
    assert_int_equal(rig_rows(rig, 'T', 0), 0);
    assert_int_equal(rig_rows(rig, 'O', 0), 0);
    assert_int_equal(rig_rows(rig, 'E', 12), 0);
}

/* Stopped and redriven with the other definition, again and again. */
static void definitions_take_turns(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    for (unsigned first = 1; first <= 3; first++) {
        char name[16];
        unsigned stops = 0;
        snprintf(name, sizeof(name), "m%u", first);
        rig_machine(rig, name, before);
        const char *arn = rig_start(rig, "x", input);
        for (unsigned n = first; stop_after(rig, arn, n); n++) {
            redrives_update(rig, stops++ % 2 ? before : after);
            redrives_fix(rig, arn, &latest);
            if (stops % 5 == 4)
                rig_reopen(rig);
        }
        check(rig, arn);
        assert_int_equal(rig_describe(rig, arn)->redrives, stops);
    }
    check_rows(rig);
}

static void it_goes_on_wherever_the_engine_died(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    unsigned stopped = 0;
    for (unsigned turns = 0; turns < 26; turns++) {
        char name[16];
        snprintf(name, sizeof(name), "m%u", turns);
        rig_machine(rig, name, before);
        const char *arn = rig_start(rig, "x", input);
        if (!stop_after(rig, arn, 1 + turns % 13))
            continue; /* too late: it has ended */
        stopped++;
        redrives_update(rig, after);
        struct rig_reply *redriven = redrives_ask(rig, arn, &latest, "token");
        rig_turns(rig, turns);
        bool acknowledged = redriven->done;
        rig_crash(rig);
        rig_open(rig);
        struct rig_reply *there = rig_describe(rig, arn);
        if (acknowledged)
            assert_int_equal(there->redrives, 1);
        redriven = rig_reply_of(rig, redrives_ask(rig, arn, &latest, "token"));
        assert_false(redriven->refused);
        check(rig, arn);
        assert_int_equal(rig_describe(rig, arn)->redrives, 1);
    }
    assert_true(stopped > 10);
    check_rows(rig);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(it_goes_on_with_the_latest_definition),
        ENGINE_TEST_BOTH(the_new_revision_is_pinned),
        ENGINE_TEST_BOTH(a_state_of_another_type_is_entered_again),
        ENGINE_TEST_BOTH(branches_go_on_with_another_definition),
        ENGINE_TEST_BOTH(a_version_can_be_named),
        ENGINE_TEST_BOTH(it_goes_on_from_another_state),
        ENGINE_TEST_BOTH(it_goes_back_to_an_earlier_state),
        ENGINE_TEST_BOTH(input_and_variables_are_patched),
        ENGINE_TEST_BOTH(patches_outlive_another_failure),
        ENGINE_TEST_BOTH(a_large_input_is_patched),
        ENGINE_TEST_BOTH(a_parallel_begins_again),
        ENGINE_TEST_BOTH(what_cannot_go_on_is_refused),
        ENGINE_TEST_BOTH(what_is_not_json_is_refused),
        ENGINE_TEST_BOTH(a_dry_run_changes_nothing),
        ENGINE_TEST_BOTH(definitions_take_turns),
        ENGINE_TEST_BOTH(it_goes_on_wherever_the_engine_died),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
