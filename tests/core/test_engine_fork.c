/*
 * test_engine_fork.c - new executions that share what another one has done up
 * to an event: at every event, with a fix, in branches and iterations; what
 * can't be, and why; wherever the engine died, and what is left of it then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "redrives.h"

static const struct wf_fix none = {.is_dry = false};

static struct rig_reply *ask(struct rig *rig, const char *arn, uint64_t event,
                             const char *name, const struct wf_fix *fix) {
    struct wf_fix quoted = *fix;
    if (fix->input.data)
        quoted.input = wf_str(rig_quoted(rig, fix->input.data));
    if (fix->variables.data)
        quoted.variables = wf_str(rig_quoted(rig, fix->variables.data));
    return rig_ask_fork(rig, arn, event, name, &quoted);
}

/* Its ARN. */
static const char *forked(struct rig *rig, const char *arn, uint64_t event,
                          const char *name, const struct wf_fix *fix) {
    struct rig_reply *reply =
        rig_reply_of(rig, ask(rig, arn, event, name, fix));
    if (reply->refused)
        fail_msg("%s: %s", reply->exception, reply->message);
    return reply->arn;
}

static void refused(struct rig *rig, const char *arn, uint64_t event,
                    const struct wf_fix *fix, const char *reason) {
    struct wf_fix dry = *fix;
    struct rig_reply *reply =
        rig_reply_of(rig, ask(rig, arn, event, NULL, fix));
    assert_true(reply->refused);
    assert_string_equal(reply->exception, "ExecutionNotForkable");
    assert_string_equal(reply->message, reason);
    dry.is_dry = true;
    reply = rig_reply_of(rig, ask(rig, arn, event, NULL, &dry));
    assert_false(reply->refused);
    assert_string_equal(reply->text, reason);
}

static const char *ended(struct rig *rig, const char *definition,
                         const char *input) {
    rig_machine(rig, "m", definition);
    const char *arn = rig_start(rig, "x", input);
    rig_end(rig, arn);
    return arn;
}

static bool has_no_remains(struct rig *rig, void *arg) {
    (void)arg;
    return rig_rows(rig, 'Z', 0) == 0;
}

static void until_no_remains(struct rig *rig) {
    rig_until_true(rig, has_no_remains, NULL);
}

/* The story up to the event, without times, which are since the start. */
static struct wf_buf shared_story(const char *story, uint64_t event) {
    struct wf_buf out = {0};
    for (const char *at = story; *at && event > 0; at++) {
        if (at[0] == ' ' && at[1] == '+')
            at += strcspn(at, "\n");
        wf_buf_u8(&out, (uint8_t)*at);
        event -= *at == '\n';
    }
    wf_buf_u8(&out, 0);
    return out;
}

static void assert_shared(const char *story, const char *its,
                          uint64_t event) {
    struct wf_buf one = shared_story(story, event);
    struct wf_buf other = shared_story(its, event);
    assert_string_equal(one.data, other.data);
    wf_buf_free(&one);
    wf_buf_free(&other);
}

/* ---- what it goes on with ---- */

#define LINE                                                                 \
    "{'StartAt':'A','States':{'A':{'Type':'Pass','Result':{'x':1},"          \
    "'ResultPath':'$.a','Next':'T'}," TASK("T", "echo", "'Next':'Z'") ","    \
    "'Z':{'Type':'Pass','End':true}}}"

static void it_goes_on_from_a_state(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = ended(rig, LINE, "{}");
    char *before = strdup(rig_story(rig, arn));
    const char *fork = forked(rig, arn, 4, "y", &none);
    const char *story = redrives_end(rig, fork, "{'a':{'x':1}}");
    assert_string_equal(story, "1<0 ExecutionStarted\n"
                               "2<0 PassStateEntered A\n"
                               "3<2 PassStateExited A\n"
                               "4<3 TaskStateEntered T\n"
                               "5<4 ExecutionRedriven#1 length=4 "
                               "arn:aws:states:us-east-1:000000000000:"
                               "execution:m:x\n"
                               "6<5 TaskScheduled T\n"
                               "7<6 TaskStarted T\n"
                               "8<7 TaskSucceeded T\n"
                               "9<8 TaskStateExited T\n"
                               "10<9 PassStateEntered Z\n"
                               "11<10 PassStateExited Z\n"
                               "12<11 ExecutionSucceeded\n");
    struct rig_reply *there = rig_describe(rig, fork);
    assert_string_equal(there->forked_from, arn);
    assert_int_equal(there->forked_event, 4);
    rig_reopen(rig);
    there = rig_describe(rig, fork);
    assert_string_equal(there->forked_from, arn);
    assert_int_equal(there->forked_event, 4);
    assert_string_equal(rig_story(rig, arn), before);
    assert_null(rig_describe(rig, arn)->forked_from);
    assert_int_equal(rig_rows(rig, 'Z', 0), 0);
    free(before);
}

/* At every event, of one that has ended and of one that runs. */
/* Not by as much later as the fork was made. */
static void a_state_was_entered_when_it_was(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'A','States':{'A':{'Type':'Wait','Seconds':1800,"
                "'Next':'T'}," TASK("T", "echo", "'Parameters':{'at.$':"
                "'$$.State.EnteredTime'},'End':true") "}}");
    const char *arn = rig_start(rig, "x", "{}");
    rig_until_event(rig, arn, "WaitStateEntered");
    rig_jump(rig, 1800000);
    char *entered = strdup(rig_end(rig, arn)->output);
    rig_jump(rig, 7200000);
    const char *fork = forked(rig, arn, 4, "y", &none);
    assert_string_equal(rig_end(rig, fork)->output, entered);
    free(entered);
}

static void it_goes_on_wherever_it_can(struct rig *rig, const char *arn,
                                       const char *output, unsigned least) {
    char *story = strdup(rig_story(rig, arn));
    uint64_t events = (uint64_t)rig_count(story, "\n");
    unsigned forks = 0;
    for (uint64_t event = 1; event <= events; event++) {
        struct rig_reply *reply =
            rig_reply_of(rig, ask(rig, arn, event, NULL, &none));
        if (reply->refused) {
            assert_string_equal(reply->exception, "ExecutionNotForkable");
            continue;
        }
        const char *its = redrives_end(rig, reply->arn, output);
        assert_shared(story, its, event);
        assert_int_equal(rig_count(its, "ExecutionRedriven"), 1);
        branches_check(its);
        forks++;
    }
    if (forks < least)
        fail_msg("%u forks of\n%s", forks, story);
    free(story);
}

static const char tree[] =
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
static const char input[] = "[1,2,3]";
static const char output[] = "[[1,2,3],[1,2,3]]";

static void it_goes_on_at_every_event(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = ended(rig, tree, input);
    it_goes_on_wherever_it_can(rig, arn, output, 30);
    assert_int_equal(rig_rows(rig, 'Z', 0), 0);
    assert_int_equal(rig_rows(rig, 'T', 0), 0);
    assert_int_equal(rig_rows(rig, 'O', 0), 0);
    assert_int_equal(rig_rows(rig, 'E', 12), 0);
}

static void one_that_runs_is_forked(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(rig, "m", tree);
    for (unsigned turns = 1; turns < 12; turns++) {
        char name[8];
        snprintf(name, sizeof(name), "x%u", turns);
        const char *arn = rig_start(rig, name, input);
        rig_turns(rig, turns);
        it_goes_on_wherever_it_can(rig, arn, output, 1);
        const char *story = redrives_end(rig, arn, output);
        assert_int_equal(rig_count(story, "ExecutionRedriven"), 0);
        branches_check(story);
    }
}

/* Variables that were assigned right before, large documents. */
static void variables_and_pieces_are_shared(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(
        rig, "m",
        "{'StartAt':'A','QueryLanguage':'JSONata','States':{"
        "'A':{'Type':'Pass','Assign':{'x':1},'Next':'B'},"
        "'B':{'Type':'Pass','Assign':{'y':'{% $states.input %}'},"
        "'Output':'b','Next':'C'},"
        "'C':{'Type':'Parallel','Branches':["
        BRANCH("D", "'D':{'Type':'Pass','Assign':{'z':'{% $x + 1 %}'},"
               "'Output':'{% $y %}','Next':'E'},"
               "'E':{'Type':'Pass','Output':'{% $length($y) * $z %}',"
               "'End':true}")
        "],'Next':'F'},"
        "'F':{'Type':'Pass','Output':'{% [$x,$y,$states.input] %}',"
        "'End':true}}}");
    char *large = branches_padding(200000);
    const char *arn = rig_start(rig, "x", large);
    char *all = strdup(rig_end(rig, arn)->output);
    it_goes_on_wherever_it_can(rig, arn, all, 11);
    rig_reopen(rig);
    it_goes_on_wherever_it_can(rig, arn, all, 11);
    free(all);
    free(large);
}

/* ---- with a fix ---- */

static void a_fork_gets_a_fix(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = ended(
        rig,
        "{'StartAt':'A','QueryLanguage':'JSONata','States':{"
        "'A':{'Type':'Pass','Assign':{'x':1,'y':2},'Next':'B'},"
        "'B':{'Type':'Pass','Output':'{% [$states.input,$x,$y] %}',"
        "'End':true}}}",
        "'in'");
    redrives_update(rig,
                    "{'StartAt':'N','QueryLanguage':'JSONata','States':{"
                    "'N':{'Type':'Pass','Next':'A'},"
                    "'A':{'Type':'Pass','Next':'B'},"
                    "'B':{'Type':'Pass','Output':"
                    "'{% [$y,$x,$states.input] %}',"
                    "'End':true}}}");
    const char *fork = forked(rig, arn, 4, "y", &(struct wf_fix){
        .input = WF_STR("7"), .variables = WF_STR("{'y':3}")});
    redrives_end(rig, fork, "[7,1,3]");
    fork = forked(rig, arn, 4, "z", &(struct wf_fix){
        .revision = WF_STR("latest")});
    redrives_end(rig, fork, "[2,1,'in']");
    /* One of those that has another revision behind its event. */
    const char *again = forked(rig, fork, 2, "again", &none);
    redrives_end(rig, again, "['in',1,2]");
    again = forked(rig, fork, 6, "twice", &(struct wf_fix){
        .from_state = WF_STR("B")});
    redrives_end(rig, again, "[2,1,'in']");
    rig_reopen(rig);
    assert_int_equal(rig_describe(rig, again)->redrives, 2);
    again = forked(rig, fork, 1, NULL, &(struct wf_fix){
        .from_state = WF_STR("B")});
    redrives_end(rig, again, "['in']");
}

/* It can be redriven itself. */
static void a_fork_is_redriven(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig, "{'StartAt':'A','States':{'A':{'Type':'Pass','Next':'T'},"
             TASK("T", "twice", "'End':true") "}}", "1");
    const char *fork = forked(rig, arn, 4, "y", &none);
    assert_int_equal(rig_end(rig, fork)->status, WF_EXECUTION_FAILED);
    redrives_succeed(rig, fork, "1");
    assert_int_equal(rig_describe(rig, fork)->redrives, 2);
    assert_int_equal(rig_describe(rig, arn)->status, WF_EXECUTION_FAILED);
}

/* ---- what can't be ---- */

static void what_cannot_be_forked_is_refused(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = ended(rig, LINE, "{}");
    refused(rig, arn, 6, &none,
            "Event 6 is inside of a step, not where a state is entered or "
            "left; it can be forked at event 4 or event 9");
    refused(rig, arn, 11, &none,
            "Event 11 is inside of a step, not where a state is entered or "
            "left; it can be forked at event 9");
    refused(rig, arn, 10, &none,
            "Nothing is left to be done after event 10; say from which state "
            "it is to go on");
    refused(rig, arn, 12, &none,
            "There is no event 12: the last one is event 11");
    refused(rig, arn, 2, &(struct wf_fix){.from_state = WF_STR("Q")},
            "State 'Q' does not exist in the definition");
    struct rig_reply *reply = rig_reply_of(rig, ask(rig, arn, 2, "x", &none));
    assert_string_equal(reply->exception, "ExecutionAlreadyExists");
    reply = rig_reply_of(rig, ask(rig, arn, 2, "a b", &none));
    assert_string_equal(reply->exception, "InvalidName");
    const char *fork = forked(rig, arn, 10, "y", &(struct wf_fix){
        .from_state = WF_STR("Z")});
    redrives_end(rig, fork, "{'a':{'x':1}}");
    assert_int_equal(rig_rows(rig, 'N', 0), 2);
    assert_int_equal(rig_rows(rig, 'Z', 0), 0);
}

/* Beside a Map Run, whose children belong to the original. */
static void a_map_run_is_not_forked(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = ended(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("M", "'M':{'Type':'Map','ItemProcessor':{'ProcessorConfig':"
               "{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'},"
               "'StartAt':'I','States':{'I':{'Type':'Wait','Seconds':2,"
               "'End':true}}},'End':true}") ","
        BRANCH("W", "'W':{'Type':'Wait','Seconds':1,'Next':'V'},"
               "'V':{'Type':'Pass','End':true}")
        "],'Next':'Z'},'Z':{'Type':'Pass','End':true}}}",
        "[1,2]");
    char *story = strdup(rig_story(rig, arn));
    uint64_t events = (uint64_t)rig_count(story, "\n");
    unsigned inside = 0;
    for (uint64_t event = 1; event <= events; event++) {
        struct rig_reply *reply =
            rig_reply_of(rig, ask(rig, arn, event, NULL, &none));
        if (reply->refused) {
            inside += strstr(reply->message, "is inside of a Map Run") != NULL;
            continue;
        }
        redrives_end(rig, reply->arn, "[[1,2],[1,2]]");
    }
    assert_true(inside >= 1);
    assert_int_equal(rig_rows(rig, 'Z', 0), 0);
    free(story);
}

/* A name is taken once, whoever comes first. */
static void a_name_is_taken_once(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = ended(rig, LINE, "{}");
    struct rig_reply *one = ask(rig, arn, 4, "y", &none);
    struct rig_reply *two = ask(rig, arn, 2, "y", &none);
    rig_reply_of(rig, one);
    rig_reply_of(rig, two);
    assert_true(one->refused != two->refused);
    assert_string_equal((one->refused ? one : two)->exception,
                        "ExecutionAlreadyExists");
    redrives_end(rig, (one->refused ? two : one)->arn, "{'a':{'x':1}}");
    until_no_remains(rig);
}

/* ---- wherever the engine died ---- */

static void it_is_whole_or_not_there(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(rig, "m", tree);
    const char *arn = rig_start(rig, "x", input);
    rig_end(rig, arn);
    unsigned there = 0;
    for (unsigned turns = 0; turns < 26; turns++) {
        char name[8];
        snprintf(name, sizeof(name), "y%u", turns);
        uint64_t event = 4 + turns % 5 * 5;
        struct wf_fix from_here = none;
        struct rig_reply *reply = ask(rig, arn, event, name, &from_here);
        rig_turns(rig, turns);
        if (reply->done && reply->refused)
            continue; /* inside of a step */
        bool acknowledged = reply->done;
        there += acknowledged;
        rig_crash(rig);
        rig_open(rig);
        reply = rig_reply_of(rig, ask(rig, arn, event, name, &from_here));
        if (acknowledged)
            assert_string_equal(reply->exception, "ExecutionAlreadyExists");
        else if (reply->refused &&
                 strcmp(reply->exception, "ExecutionNotForkable") == 0)
            continue;
        char *fork = strdup(arn);
        fork[strlen(fork) - 1] = 0;
        struct wf_buf its = {0};
        wf_buf_addf(&its, "%s%s", fork, name);
        wf_buf_u8(&its, 0);
        branches_check(redrives_end(rig, its.data, output));
        wf_buf_free(&its);
        free(fork);
    }
    assert_true(there > 5);
    rig_reopen(rig);
    until_no_remains(rig);
    assert_int_equal(rig_rows(rig, 'T', 0), 0);
    assert_int_equal(rig_rows(rig, 'O', 0), 0);
    assert_int_equal(rig_rows(rig, 'E', 12), 0);
    /* Of those that never were whole nothing is left. */
    assert_int_equal(rig_rows(rig, 'E', 0), rig_rows(rig, 'N', 0));
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(it_goes_on_from_a_state),
        ENGINE_TEST_BOTH(a_state_was_entered_when_it_was),
        ENGINE_TEST_BOTH(it_goes_on_at_every_event),
        ENGINE_TEST_BOTH(one_that_runs_is_forked),
        ENGINE_TEST_BOTH(variables_and_pieces_are_shared),
        ENGINE_TEST_BOTH(a_fork_gets_a_fix),
        ENGINE_TEST_BOTH(a_fork_is_redriven),
        ENGINE_TEST_BOTH(what_cannot_be_forked_is_refused),
        ENGINE_TEST_BOTH(a_map_run_is_not_forked),
        ENGINE_TEST_BOTH(a_name_is_taken_once),
        ENGINE_TEST_BOTH(it_is_whole_or_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
