/*
 * test_engine_branches_recover.c - crashes while branches and iterations run:
 * nothing is lost, nothing happens twice, and no row is left in the end. And
 * random machines, whose ends must be those of a run without crashes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "map_runs.h"

static const char handlers[] =
    "local t = {}\n"
    "function t.echo(input) return input end\n"
    "function t.add(input)\n"
    "  return { n = input.n + 1, list = input.list }\n"
    "end\n"
    "function t.odd(input)\n"
    "  if input.n % 2 == 1 then error({ Error = 'E', Cause = 'C' }) end\n"
    "  return input\n"
    "end\n"
    "return t\n";

static struct rig_reply *end_after_crash(struct rig *rig, const char *input,
                                         unsigned turns) {
    struct rig_reply *end = branches_end_after_crash(rig, input, turns);
    if (end)
        map_until_no_rows(rig);
    return end;
}

static void open_with(struct rig *rig, const char *definition) {
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    rig_machine(rig, "m", definition);
    rig_flush(rig);
}

static void a_map_of_tasks_survives_crashes(void **state) {
    struct rig *rig = *state;
    open_with(rig, "{'StartAt':'M','States':{'M':{'Type':'Map',"
                   "'MaxConcurrency':3,'ItemProcessor':"
                   BRANCH("T", "'T':{'Type':'Task','Resource':'lua:t.echo',"
                          "'Next':'W'},"
                          "'W':{'Type':'Wait','Seconds':1,'End':true}")
                   ",'End':true}}}");
    for (unsigned turns = 0; turns < 70; turns += 5) {
        rig->options.journal_bytes = turns % 4 ? 1024 : 0;
        struct rig_reply *end =
            end_after_crash(rig, "[5,'b',{'c':[]},null,1.0]", turns);
        if (!end)
            continue;
        rig_assert_text(rig, end->output, "[5,'b',{'c':[]},null,1.0]");
        const char *story = rig_story(rig, end->arn);
        assert_int_equal(rig_count(story, " TaskScheduled"), 5);
        assert_int_equal(rig_count(story, " TaskSucceeded"), 5);
        assert_int_equal(rig_count(story, " TaskStarted"), 5);
        assert_int_equal(rig_count(story, " MapIterationStarted"), 5);
        assert_int_equal(rig_count(story, " WaitStateExited"), 5);
    }
}

static void a_parallel_of_waits_survives_crashes(void **state) {
    struct rig *rig = *state;
    open_with(rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("A", "'A':{'Type':'Wait','Seconds':3,'Next':'B'},"
               "'B':{'Type':'Pass','Result':1,'End':true}") ","
        BRANCH("C", "'C':{'Type':'Parallel','Branches':["
               BRANCH("D", "'D':{'Type':'Wait','Seconds':1,'Next':'E'},"
                      "'E':{'Type':'Wait','Seconds':4,'End':true}") ","
               BRANCH("F", "'F':{'Type':'Wait','Seconds':2,'End':true}")
               "],'End':true}")
        "],'End':true}}}");
    for (unsigned turns = 0; turns < 50; turns += 2) {
        rig->options.journal_bytes = turns % 4 ? 1024 : 0;
        struct rig_reply *end = end_after_crash(rig, "7", turns);
        if (!end)
            continue;
        rig_assert_text(rig, end->output, "[1,[7,7]]");
        const char *story = rig_story(rig, end->arn);
        assert_int_equal(rig_count(story, "\n"), 20);
    }
}

static void an_abort_survives_crashes(void **state) {
    struct rig *rig = *state;
    open_with(rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("M", "'M':{'Type':'Map','ItemProcessor':"
               BRANCH("W", "'W':{'Type':'Wait','Seconds':50,'End':true}")
               ",'End':true}") ","
        BRANCH("T", "'T':{'Type':'Task','Resource':'lua:t.odd',"
               "'Parameters':{'n':1},'End':true}")
        "],'Retry':[{'ErrorEquals':['E'],'MaxAttempts':1,"
        "'IntervalSeconds':1}],'Catch':[{'ErrorEquals':['E'],"
        "'Next':'Z'}],'End':true}," PASS("Z") "}}");
    for (unsigned turns = 0; turns < 60; turns += 2) {
        rig->options.journal_bytes = turns % 4 ? 1024 : 0;
        struct rig_reply *end = end_after_crash(rig, "[1,2,3,4]", turns);
        if (!end)
            continue;
        rig_assert_text(rig, end->output, "{'Error':'E','Cause':'C'}");
        const char *story = rig_story(rig, end->arn);
        assert_int_equal(rig_count(story, " MapIterationStarted"),
                         rig_count(story, " MapIterationAborted"));
        assert_int_equal(rig_count(story, " ParallelStateStarted"), 2);
        assert_int_equal(rig_count(story, " TaskFailed"), 2);
    }
}

/* A history of many segments, and frames that are changed again and again
 * while the journal holds them. */
static void long_histories_survive_crashes(void **state) {
    struct rig *rig = *state;
    struct wf_buf items = {0};
    open_with(rig, "{'StartAt':'M','States':{'M':{'Type':'Map',"
                   "'MaxConcurrency':40,'ItemProcessor':"
                   BRANCH("A", "'A':{'Type':'Pass','Next':'B'},"
                          "'B':{'Type':'Pass','ResultPath':'$.a','Result':"
                          "'0123456789012345678901234567890123456789',"
                          "'Next':'W'},"
                          "'W':{'Type':'Wait','Seconds':1,'Next':'C'},"
                          "'C':{'Type':'Pass','OutputPath':'$.i',"
                          "'End':true}")
                   ",'End':true}}}");
    wf_buf_u8(&items, '[');
    for (int i = 0; i < 400; i++)
        wf_buf_addf(&items, "%s{'i':%d,'pad':'%0100d'}", i ? "," : "", i, i);
    wf_buf_adds(&items, "]");
    wf_buf_u8(&items, 0);
    for (unsigned turns = 4; turns < 60; turns += 14) {
        rig->options.journal_bytes = turns % 4 ? 65536 : 0;
        struct rig_reply *end = end_after_crash(rig, items.data, turns);
        if (!end)
            continue;
        assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
        assert_memory_equal(end->output, "[0,1,2,3,", 9);
        rig_assert_has(end->output, ",398,399]");
        const char *story = rig_story(rig, end->arn);
        assert_int_equal(rig_count(story, "\n"), 400 * 10 + 6);
    }
    wf_buf_free(&items);
}

/* Results in pieces. */
static void large_results_survive_crashes(void **state) {
    struct rig *rig = *state;
    rig->clock.seeded = false; /* which would do without threads */
    open_with(rig, "{'StartAt':'M','States':{'M':{'Type':'Map','ItemsPath':"
                   "'$.l','ItemSelector':{'i.$':'$$.Map.Item.Value',"
                   "'p.$':'$.p'},'ItemProcessor':"
                   BRANCH("W", "'W':{'Type':'Wait','SecondsPath':'$.i',"
                          "'End':true}")
                   ",'Next':'Z'},'Z':{'Type':'Pass','Parameters':{'n.$':"
                   "'$[*].i','p.$':'$[1].p'},'End':true}}}");
    char *pad = branches_padding(300000); /* for threads to work on */
    struct wf_buf input = {0};
    wf_buf_addf(&input, "{\"l\":[3,1,2],\"p\":%s}", pad);
    wf_buf_u8(&input, 0);
    for (unsigned turns = 4; turns < 60; turns += 5) {
        struct rig_reply *end = end_after_crash(rig, input.data, turns);
        if (!end)
            continue;
        assert_int_equal(strlen(end->output), 300000 + 20);
        assert_memory_equal(end->output, "{\"n\":[3,1,2],\"p\":\"xxx", 20);
    }
    wf_buf_free(&input);
    free(pad);
}

/* Branches fail while threads decide what others do. */
static void large_branches_are_aborted(void **state) {
    struct rig *rig = *state;
    rig->clock.seeded = false; /* which would do without threads */
    open_with(rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("A", "'A':{'Type':'Wait','Seconds':1,'Next':'F'},"
               "'F':{'Type':'Fail','Error':'E'}") ","
        BRANCH("M", "'M':{'Type':'Map','ItemsPath':'$.l','ItemSelector':{"
               "'p.$':'$.p','i.$':'$$.Map.Item.Value'},'ItemProcessor':"
               BRANCH("B", "'B':{'Type':'Wait','SecondsPath':'$.i',"
                      "'Next':'C'},'C':{'Type':'Pass','ResultPath':'$.c',"
                      "'Next':'D'},'D':{'Type':'Wait','Seconds':5,"
                      "'End':true}") ",'End':true}")
        "],'Retry':[{'ErrorEquals':['E'],'MaxAttempts':1,"
        "'IntervalSeconds':1}],'Catch':[{'ErrorEquals':['E'],"
        "'Next':'Z'}],'End':true},"
        "'Z':{'Type':'Pass','Result':'caught','End':true}}}");
    char *pad = branches_padding(300000);
    struct wf_buf input = {0};
    wf_buf_addf(&input, "{\"l\":[0,1,1,1,2],\"p\":%s}", pad);
    wf_buf_u8(&input, 0);
    for (unsigned turns = 2; turns < 100; turns += 7) {
        struct rig_reply *end = end_after_crash(rig, input.data, turns);
        if (end)
            rig_assert_text(rig, end->output, "\"caught\"");
    }
    wf_buf_free(&input);
    free(pad);
}

/* More than a fork keeps in memory: read again when all have come. */
static void huge_results_are_read_again(void **state) {
    struct rig *rig = *state;
    open_with(rig, "{'StartAt':'M','States':{'M':{'Type':'Map','ItemsPath':"
                   "'$.l','ItemSelector':{'i.$':'$$.Map.Item.Value',"
                   "'p.$':'$.p'},'ItemProcessor':" BRANCH("A", PASS("A"))
                   ",'ResultSelector':{'n.$':'$[*].i'},'End':true}}}");
    char *pad = branches_padding(4 << 20);
    struct wf_buf input = {0};
    wf_buf_addf(&input, "{\"l\":[0,1,2,3,4,5,6,7,8,9],\"p\":%s}", pad);
    wf_buf_u8(&input, 0);
    struct rig_reply *end =
        rig_end(rig, rig_start(rig, NULL, input.data));
    rig_assert_text(rig, end->output, "{'n':[0,1,2,3,4,5,6,7,8,9]}");
    map_until_no_rows(rig);
    wf_buf_free(&input);
    free(pad);
}

/* ---- random machines ---- */

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 11;
}

struct maker {
    uint64_t random;
    struct wf_buf text;
    unsigned states; /* named so far */
    unsigned chains[5]; /* first states of those around this one */
    unsigned outermost; /* of those, whose variables are seen */
};

static unsigned pick(struct maker *maker, unsigned below) {
    return (unsigned)(next_random(&maker->random) % below);
}

static void random_chain(struct maker *maker, unsigned depth,
                         const char *config);

#define ERRORS "'E','States.ExceedToleratedFailureThreshold'"

static void retry_and_catch(struct maker *maker, unsigned next) {
    if (pick(maker, 2))
        wf_buf_addf(&maker->text,
                    "'Retry':[{'ErrorEquals':[" ERRORS "],"
                    "'IntervalSeconds':%u,'MaxAttempts':%u}],",
                    1 + pick(maker, 3), 1 + pick(maker, 2));
    if (pick(maker, 2))
        wf_buf_addf(&maker->text,
                    "'Catch':[{'ErrorEquals':[" ERRORS "],"
                    "'ResultPath':'$.e','Next':'S%u'}],",
                    next);
}

static void random_parallel(struct maker *maker, unsigned depth) {
    unsigned branches = 1 + pick(maker, 3);
    wf_buf_adds(&maker->text, "'Type':'Parallel','ResultSelector':{"
                              "'n.$':'$[0].n','list.$':'$[*].n'},"
                              "'Branches':[");
    for (unsigned i = 0; i < branches; i++) {
        wf_buf_adds(&maker->text, i ? "," : "");
        random_chain(maker, depth + 1, "");
    }
    wf_buf_adds(&maker->text, "],");
}

static void random_map(struct maker *maker, unsigned depth) {
    wf_buf_addf(&maker->text,
                "'Type':'Map','MaxConcurrency':%u,'ItemsPath':'$.list',"
                "'ItemSelector':{'n.$':'$$.Map.Item.Value',"
                "'list.$':'$.list'},'ResultSelector':{'n.$':'$[0].n',"
                "'list.$':'$[*].n'},'ItemProcessor':",
                pick(maker, 3));
    random_chain(maker, depth + 1, "");
    wf_buf_u8(&maker->text, ',');
}

/* Executions see no variables from outside. */
static void random_distributed(struct maker *maker, unsigned depth) {
    unsigned outermost = maker->outermost;
    wf_buf_addf(&maker->text,
                "'Type':'Map','Label':'L%u','MaxConcurrency':%u,"
                "'ToleratedFailureCount':%u,'ItemsPath':'$.list',"
                "'ItemSelector':{'n.$':'$$.Map.Item.Value',"
                "'list.$':'$.list'},'ResultSelector':{"
                "'n.$':'States.ArrayLength($)','list.$':'$[*].n'},"
                "'ItemProcessor':",
                maker->states, pick(maker, 3), pick(maker, 3));
    maker->outermost = depth + 1;
    random_chain(maker, depth + 1,
                 "'ProcessorConfig':{'Mode':'DISTRIBUTED',"
                 "'ExecutionType':'STANDARD'},");
    maker->outermost = outermost;
    wf_buf_u8(&maker->text, ',');
}

/* One state; `next`: the number of the one behind it. */
static void random_state(struct maker *maker, unsigned depth, unsigned next) {
    struct wf_buf *text = &maker->text;
    switch (pick(maker, depth < 3 ? 8 : 5)) {
    case 0:
        wf_buf_addf(text, "'Type':'Pass','Parameters':{'n.$':"
                          "'States.MathAdd($.n, $v%u)','list.$':"
                          "'$.list'},",
                    maker->chains[maker->outermost +
                                  pick(maker, depth + 1 -
                                                  maker->outermost)]);
        break;
    case 1:
        wf_buf_addf(text, "'Type':'Wait','Seconds':%u,", pick(maker, 4));
        break;
    case 2:
        wf_buf_adds(text, "'Type':'Task','Resource':'lua:t.add',");
        break;
    case 3:
        wf_buf_adds(text, "'Type':'Task','Resource':'lua:t.odd',");
        retry_and_catch(maker, next);
        break;
    case 4:
        wf_buf_addf(text, "'Type':'Pass','Result':{'n':%u,'list':[%u,%u]},",
                    pick(maker, 5), pick(maker, 5), pick(maker, 5));
        break;
    case 5:
        random_parallel(maker, depth);
        retry_and_catch(maker, next);
        break;
    case 6:
        random_distributed(maker, depth);
        retry_and_catch(maker, next);
        break;
    default:
        random_map(maker, depth);
        retry_and_catch(maker, next);
        break;
    }
    wf_buf_addf(text, "'Next':'S%u'", next);
}

/* A chain begins with a variable, which those below it see. It ends with a
 * Pass that forgets caught errors, or sometimes fails. */
static void random_chain(struct maker *maker, unsigned depth,
                         const char *config) {
    struct wf_buf *text = &maker->text;
    unsigned count = 2 + pick(maker, 3), first = maker->states;
    maker->states += count + 3;
    maker->chains[depth] = first;
    wf_buf_addf(text, "{%s'StartAt':'S%u','States':{'S%u':{'Type':'Pass',"
                      "'Assign':{'v%u.$':'$.n'},'Next':'S%u'},",
                config, first, first, first, first + 1);
    for (unsigned i = 1; i < count; i++) {
        wf_buf_addf(text, "'S%u':{", first + i);
        random_state(maker, depth, first + i + 1);
        wf_buf_adds(text, "},");
    }
    wf_buf_addf(text,
                "'S%u':{'Type':'Choice','Choices':[{'Variable':'$.n',"
                "'NumericEquals':%u,'Next':'S%u'}],'Default':'S%u'},"
                "'S%u':{'Type':'Fail','Error':'E','Cause':'C'},"
                "'S%u':{'Type':'Pass','Parameters':{'n.$':'$.n','list.$':"
                "'$.list'},'End':true}}}",
                first + count, pick(maker, 12), first + count + 1,
                first + count + 2, first + count + 1, first + count + 2);
}

/* A real clock is moved by hand: what waits is parked meanwhile. */
static struct rig_reply *end_of(struct rig *rig, const char *arn) {
    struct rig_reply *end = rig_ask_wait(rig, arn, 50000);
    while (rig->is_real && !end->done) {
        rig_jump(rig, 15);
        rig_turn(rig);
    }
    return rig_reply_of(rig, end);
}

static void turns_of(struct rig *rig, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (rig->is_real)
            rig_jump(rig, 40);
        rig_turn(rig);
    }
}

static struct rig_reply *run_crashing(struct rig *rig, uint64_t *random,
                                      const char *name, const char *input) {
    const char *arn = rig_start(rig, name, input);
    unsigned crashes = 1 + (unsigned)(next_random(random) % 4);
    for (unsigned i = 0; i < crashes; i++) {
        rig->delay_ms = (double)(next_random(random) % 4);
        rig->options.journal_bytes = next_random(random) % 2 ? 2048 : 0;
        turns_of(rig, (unsigned)(next_random(random) % 60));
        rig_crash(rig);
        rig_open(rig);
    }
    return end_of(rig, arn);
}

static void crashes_change_no_end(struct rig *rig, uint64_t seed) {
    struct maker maker = {.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    char name[32];
    random_chain(&maker, 0, "");
    wf_buf_u8(&maker.text, 0);
    snprintf(name, sizeof(name), "m%llu", (unsigned long long)seed);
    rig_machine(rig, name, maker.text.data);
    const char *input = "{'n':1,'list':[1,2]}";
    struct rig_reply *calm = end_of(rig, rig_start(rig, "calm", input));
    map_check(rig, calm->arn);
    struct rig_reply *end =
        run_crashing(rig, &maker.random, "crashing", input);
    if (end->status != calm->status ||
        strcmp(end->output ? end->output : "",
               calm->output ? calm->output : "") != 0 ||
        strcmp(end->error ? end->error : "",
               calm->error ? calm->error : "") != 0)
        fail_msg("%s %s instead of %s %s: %s",
                 wf_execution_status_name(end->status), end->output,
                 wf_execution_status_name(calm->status), calm->output,
                 maker.text.data);
    map_check(rig, end->arn);
    wf_buf_free(&maker.text);
}

/* MOONSTEP_TEST_SEED=N tries one, MOONSTEP_TEST_RUNS=N so many from there. */
static void random_machines_survive_crashes(void **state) {
    struct rig *rig = *state;
    const char *from = getenv("MOONSTEP_TEST_SEED");
    const char *runs = getenv("MOONSTEP_TEST_RUNS");
    uint64_t seed = from ? strtoull(from, NULL, 10) : 1;
    uint64_t end = seed + (runs ? strtoull(runs, NULL, 10) : from ? 1 : 25);
    rig_handler(rig, "t.lua", handlers);
    for (; seed < end; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        rig->seed = seed;
        rig_open(rig);
        crashes_change_no_end(rig, seed);
        rig_close(rig);
        rig_wipe(rig);
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(a_map_of_tasks_survives_crashes),
        ENGINE_TEST_BOTH(a_parallel_of_waits_survives_crashes),
        ENGINE_TEST_BOTH(an_abort_survives_crashes),
        ENGINE_TEST_BOTH(long_histories_survive_crashes),
        ENGINE_TEST_BOTH(large_results_survive_crashes),
        ENGINE_TEST_BOTH(large_branches_are_aborted),
        ENGINE_TEST_LMDB(huge_results_are_read_again),
        ENGINE_TEST_BOTH(random_machines_survive_crashes),
        ENGINE_TEST_REAL(random_machines_survive_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
