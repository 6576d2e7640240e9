/*
 * test_engine_map_files.c - Map Runs that read their items from files, and
 * write their results to some; with crashes in the middle of either.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "item_bucket.h"
#include "item_files.h"
#include "lua_stdlib.h"
#include "map_runs.h"

static struct item_files files;

static int setup(void **state) {
    item_files_make(&files);
    rig_setup(state);
    struct rig *rig = *state;
    rig->options.stores = &files.stores;
    return 0;
}

static int teardown(void **state) {
    rig_teardown(state);
    item_files_remove(&files);
    return 0;
}

#define WITH_FILES(test)                                                  \
    {#test " [lmdb]", test, setup, teardown, &rig_lmdb},                  \
    {#test " [memory]", test, setup, teardown, &rig_memory}

#define READER(config, key)                                               \
    ",'ItemReader':{'Resource':'arn:aws:states:::s3:getObject',"          \
    "'ReaderConfig':{" config "},'Parameters':{'Bucket':'b','Key':'" key  \
    "'}}"
#define CSV READER("'InputType':'CSV','CSVHeaderLocation':'FIRST_ROW'",   \
                   "x.csv")
#define JSONL READER("'InputType':'JSONL'", "x.jsonl")
#define WRITER                                                            \
    ",'ResultWriter':{'Resource':'arn:aws:states:::s3:putObject',"        \
    "'Parameters':{'Bucket':'b','Prefix':'out'}}"
#define ECHO STANDARD("A", PASS("A"))
#define WAITS STANDARD("A", "'A':{'Type':'Wait','Seconds':1,'Next':'B'}," \
                            PASS("B"))
/* Fails for items whose `n` is 2. */
#define PICKY STANDARD("C", "'C':{'Type':'Choice','Choices':[{'Variable':" \
                            "'$.n','NumericEquals':2,'Next':'F'}],"        \
                            "'Default':'A'},'F':{'Type':'Fail','Error':"   \
                            "'E','Cause':'C'}," PASS("A"))

/* "b/x.jsonl": {"n":0} to {"n":count-1} */
static void put_lines(int count) {
    struct wf_buf text = {0};
    for (int i = 0; i < count; i++)
        wf_buf_addf(&text, "{\"n\":%d}\n", i);
    wf_buf_u8(&text, 0);
    item_files_put(&files, "b/x.jsonl", text.data);
    wf_buf_free(&text);
}

/* ---- readers ---- */

static void items_are_read(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    item_files_put(&files, "b/x.csv", "k,v\na,1\nb,\"2,3\"\n");
    struct rig_reply *end =
        map_run(rig, MAP_MACHINE(ECHO, CSV), "0", WF_EXECUTION_SUCCEEDED,
                "[{'k':'a','v':'1'},{'k':'b','v':'2,3'}]");
    rig_assert_text(rig, map_runs(rig, end->arn),
                    "SUCCEEDED items 0+0+2+0+0+0 executions 0+0+2+0+0+0\n");
    rig_assert_has(rig_story(rig, end->arn), "MapStateStarted M length=0\n");
}

static void selectors_see_items_that_are_read(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    put_lines(3);
    map_run(rig,
            MAP_MACHINE(ECHO, JSONL
                        ",'ItemSelector':{'i.$':'$$.Map.Item.Index',"
                        "'n.$':'$$.Map.Item.Value.n','k.$':'$.k'}"),
            "{'k':7}", WF_EXECUTION_SUCCEEDED,
            "[{'i':0,'n':0,'k':7},{'i':1,'n':1,'k':7},"
            "{'i':2,'n':2,'k':7}]");
}

static void members_that_are_read_have_keys(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    item_files_put(&files, "b/x.json", "{\"a\\\"b\": 1, \"c\": {\"d\": []}}");
    map_run(rig,
            MAP_MACHINE(ECHO, READER("'InputType':'JSON'", "x.json")
                        ",'ItemSelector':{'k.$':'$$.Map.Item.Key',"
                        "'v.$':'$$.Map.Item.Value'}"),
            "0", WF_EXECUTION_SUCCEEDED,
            "[{'k':'a\\'b','v':1},{'k':'c','v':{'d':[]}}]");
}

#define ALL(resource, parameters)                                         \
    ",'ItemReader':{'Resource':'" resource "','ReaderConfig':{"           \
    "'Transformation':'LOAD_AND_FLATTEN','InputType':'JSONL'},"           \
    "'Parameters':{" parameters "}},'ItemSelector':{'n.$':"               \
    "'$$.Map.Item.Value','s.$':'$$.Map.Item.Source'}"
#define ALL_OF_P ALL("arn:aws:states:::s3:listObjectsV2",                 \
                     "'Bucket':'b','Prefix':'p/'")

static void selectors_see_the_files_of_items(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    item_files_put(&files, "b/p/1", "1\n2\n");
    item_files_put(&files, "b/p/2", "3\n");
    map_run(rig,
            MAP_MACHINE(ECHO, ALL_OF_P ",'ItemBatcher':{"
                              "'MaxItemsPerBatch':2}"),
            "0", WF_EXECUTION_SUCCEEDED,
            "[{'Items':[{'n':1,'s':'S3://b/p/1'},{'n':2,'s':'S3://b/p/1'}]},"
            "{'Items':[{'n':3,'s':'S3://b/p/2'}]}]");
    map_run(rig, MAP_MACHINE(ECHO, ALL("file:list", "'Path':'b'")), "0",
            WF_EXECUTION_SUCCEEDED,
            "[{'n':1,'s':'file:b/p/1'},{'n':2,'s':'file:b/p/1'},"
            "{'n':3,'s':'file:b/p/2'}]");
}

static void what_can_not_be_read_fails_the_run(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = map_run(rig, MAP_MACHINE(ECHO, JSONL), "0",
                                    WF_EXECUTION_FAILED, NULL);
    assert_string_equal(end->error, "States.ItemReaderFailed");
    rig_assert_has(rig_story(rig, end->arn), "MapRunFailed");
    rig_assert_has(map_runs(rig, end->arn), "FAILED items 0+0+0+0+0+0");
    rig_close(rig);
    rig->options.stores = NULL;
    rig_open(rig);
    end = map_run(rig, MAP_MACHINE(ECHO, JSONL ",'Label':'other'"), "0",
                  WF_EXECUTION_FAILED, NULL);
    assert_string_equal(end->error, "States.ItemReaderFailed");
}

/* Far behind the first batch of items. */
static void what_is_damaged_fails_the_run(void **state) {
    struct rig *rig = *state;
    struct wf_buf text = {0};
    rig_open(rig);
    for (int i = 0; i < 2500; i++)
        wf_buf_addf(&text, "%d\n", i);
    wf_buf_adds(&text, "{\"n\":\n");
    wf_buf_u8(&text, 0);
    item_files_put(&files, "b/x.jsonl", text.data);
    wf_buf_free(&text);
    struct rig_reply *end = map_run(
        rig, MAP_MACHINE(WAITS, JSONL ",'ItemBatcher':{"
                                      "'MaxItemsPerBatch':100}"),
        "0", WF_EXECUTION_FAILED, NULL);
    assert_string_equal(end->error, "States.ItemReaderFailed");
    rig_assert_has(map_runs(rig, end->arn), "FAILED items ");
}

/* A percentage of items that nobody has counted is known at their end. */
static void a_percentage_of_what_is_read(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    put_lines(3);
    map_run(rig, MAP_MACHINE(PICKY, JSONL
                             ",'ToleratedFailurePercentage':34"),
            "0", WF_EXECUTION_SUCCEEDED,
            "[{'n':0},{'n':1},{'Error':'E','Cause':'C'}]");
    struct rig_reply *end =
        map_run(rig, MAP_MACHINE(PICKY, JSONL
                                 ",'ToleratedFailurePercentage':33"),
                "0", WF_EXECUTION_FAILED, NULL);
    assert_string_equal(end->error,
                        "States.ExceedToleratedFailureThreshold");
}

/* Each of 0 ... count-1 once, and nothing else. */
static void expect_numbers(const char *children, int count) {
    int found = 0;
    bool *seen = wf_calloc((size_t)count, sizeof(*seen));
    for (const char *at = children; (at = strstr(at, "{\"n\":")); found++) {
        int n = atoi(at += 5);
        assert_in_range(n, 0, count - 1);
        if (seen[n])
            fail_msg("%d came twice", n);
        seen[n] = true;
    }
    assert_int_equal(found, count);
    free(seen);
}

static struct rig_reply *end_after_crash(struct rig *rig, unsigned turns) {
    rig->options.journal_bytes = turns % 2 ? 4096 : 0;
    struct rig_reply *end = branches_end_after_crash(rig, "0", turns);
    if (end)
        map_check(rig, end->arn);
    return end;
}

static void open_with(struct rig *rig, const char *definition) {
    rig_open(rig);
    rig_machine(rig, "m", definition);
    rig_flush(rig);
}

/* More than a reader hands out at a time. */
static void readers_survive_crashes(void **state) {
    struct rig *rig = *state;
    put_lines(4100);
    open_with(rig, MAP_MACHINE(WAITS, JSONL ",'MaxConcurrency':12,"
                                            "'ItemBatcher':{"
                                            "'MaxItemsPerBatch':60}"));
    for (unsigned turns = 4; turns < 120; turns += 9) {
        struct rig_reply *end = end_after_crash(rig, turns);
        if (!end)
            continue;
        assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
        expect_numbers(end->output, 4100);
        rig_assert_text(rig, map_runs(rig, end->arn),
                        "SUCCEEDED items 0+0+4100+0+0+0 "
                        "executions 0+0+69+0+0+0\n");
    }
}

static void single_items_survive_crashes(void **state) {
    struct rig *rig = *state;
    put_lines(300);
    open_with(rig, MAP_MACHINE(WAITS, JSONL ",'ItemSelector':{"
                                            "'n.$':'$$.Map.Item.Index'}"));
    for (unsigned turns = 4; turns < 60; turns += 7) {
        struct rig_reply *end = end_after_crash(rig, turns);
        if (end)
            expect_numbers(end->output, 300);
    }
}

/* Two files of numbers, the second one's behind the first one's. */
static void put_numbers(int each) {
    static const char *const names[] = {"b/p/1", "b/p/2"};
    for (int file = 0; file < 2; file++) {
        struct wf_buf text = {0};
        for (int i = 0; i < each; i++)
            wf_buf_addf(&text, "%d\n", file * each + i);
        wf_buf_u8(&text, 0);
        item_files_put(&files, names[file], text.data);
        wf_buf_free(&text);
    }
}

/* As expect_numbers(), each with its file. */
static void expect_sources(const char *children, int each) {
    expect_numbers(children, 2 * each);
    for (const char *at = children; (at = strstr(at, "{\"n\":"));) {
        int n = atoi(at += 5);
        const char *source = strstr(at, ",\"s\":\"S3://b/p/");
        assert_non_null(source);
        assert_int_equal(source[15], n < each ? '1' : '2');
    }
}

static void sources_survive_crashes(void **state) {
    struct rig *rig = *state;
    put_numbers(1100);
    open_with(rig, MAP_MACHINE(WAITS, ALL_OF_P ",'MaxConcurrency':12,"
                                               "'ItemBatcher':{"
                                               "'MaxItemsPerBatch':60}"));
    for (unsigned turns = 4; turns < 80; turns += 9) {
        struct rig_reply *end = end_after_crash(rig, turns);
        if (end)
            expect_sources(end->output, 1100);
    }
}

/* ---- writers ---- */

/* The path of a file of the execution's only run. */
static char *result_file(struct rig_reply *end, const char *name) {
    char path[300];
    const char *key = strstr(end->output, "\"Key\":\"") + 7;
    snprintf(path, sizeof(path), "b/%.*s%s",
             (int)(strstr(key, "manifest.json") - key), key, name);
    return item_files_get(&files, path);
}

static void expect_has(struct rig_reply *end, const char *name,
                       const char *part) {
    char *text = result_file(end, name);
    rig_assert_has(text, part);
    free(text);
}

static void results_are_written(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    put_lines(4);
    struct rig_reply *end =
        map_run(rig, MAP_MACHINE(PICKY, JSONL WRITER
                                 ",'ToleratedFailureCount':1"),
                "0", WF_EXECUTION_SUCCEEDED, NULL);
    rig_assert_has(end->output, "{\"MapRunArn\":\"arn:aws:states:us-east-1:"
                                "000000000000:mapRun:");
    rig_assert_has(end->output, "\"ResultWriterDetails\":{\"Bucket\":\"b\","
                                "\"Key\":\"out/");
    expect_has(end, "manifest.json", "\"SUCCEEDED\":[{\"Key\":");
    expect_has(end, "FAILED_0.json", "\"Input\":\"{\\\"n\\\":2}\"");
    char *text = result_file(end, "SUCCEEDED_0.json");
    assert_int_equal(rig_count(text, "\"Status\":\"SUCCEEDED\""), 3);
    free(text);
}

/* Files tell of a run that has failed, too. */
static void results_of_a_failed_run_are_written(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    put_lines(4);
    struct rig_reply *end = map_run(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map'," PICKY JSONL WRITER
        ",'MaxConcurrency':1,'Catch':[{'ErrorEquals':['States.ALL'],"
        "'Next':'Z'}],'End':true}," PASS("Z") "}}",
        "0", WF_EXECUTION_SUCCEEDED, NULL);
    rig_assert_has(end->output, "States.ExceedToleratedFailureThreshold");
    struct stat folder;
    char path[100];
    snprintf(path, sizeof(path), "%s/b/out", files.root);
    assert_int_equal(stat(path, &folder), 0);
}

static void what_can_not_be_written_fails_the_state(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    item_files_put(&files, "b/out", "no directory");
    struct rig_reply *end =
        map_run(rig, MAP_MACHINE(ECHO, WRITER), "[1,2]",
                WF_EXECUTION_FAILED, NULL);
    assert_string_equal(end->error, "States.ResultWriterFailed");
    rig_assert_has(map_runs(rig, end->arn), "executions 0+0+2+0+0+0");
}

/* The same files, whenever it crashes. */
static void writers_survive_crashes(void **state) {
    struct rig *rig = *state;
    put_lines(200);
    open_with(rig, MAP_MACHINE(PICKY, JSONL WRITER
                               ",'ToleratedFailureCount':1"));
    for (unsigned turns = 4; turns < 90; turns += 5) {
        struct rig_reply *end = end_after_crash(rig, turns);
        if (!end)
            continue;
        assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
        char *text = result_file(end, "SUCCEEDED_0.json");
        assert_int_equal(rig_count(text, "\"Status\":"), 199);
        free(text);
        text = result_file(end, "FAILED_0.json");
        assert_int_equal(rig_count(text, "\"Status\":"), 1);
        free(text);
    }
}

/* Stopped while it reads, runs and writes. */
static void runs_with_files_can_be_stopped(void **state) {
    struct rig *rig = *state;
    put_lines(500);
    open_with(rig, MAP_MACHINE(ECHO, JSONL WRITER));
    for (unsigned turns = 0; turns < 60; turns += 2) {
        const char *arn = rig_start(rig, NULL, "0");
        rig_turns(rig, turns);
        rig_reply_of(rig, rig_ask_stop(rig, arn, "E", "C"));
        map_check(rig, arn);
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        WITH_FILES(items_are_read),
        WITH_FILES(selectors_see_items_that_are_read),
        WITH_FILES(members_that_are_read_have_keys),
        WITH_FILES(selectors_see_the_files_of_items),
        WITH_FILES(what_can_not_be_read_fails_the_run),
        WITH_FILES(what_is_damaged_fails_the_run),
        WITH_FILES(a_percentage_of_what_is_read),
        WITH_FILES(readers_survive_crashes),
        WITH_FILES(single_items_survive_crashes),
        WITH_FILES(sources_survive_crashes),
        WITH_FILES(results_are_written),
        WITH_FILES(results_of_a_failed_run_are_written),
        WITH_FILES(what_can_not_be_written_fails_the_state),
        WITH_FILES(writers_survive_crashes),
        WITH_FILES(runs_with_files_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
