/*
 * test_engine_profile.c - the quotas of the profile aws, each beside what
 * native does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "branches.h"
#include "lua_stdlib.h"

#define FUNCTION "arn:aws:lambda:us-east-1:000000000000:function:"
#define QUOTA 262144
#define TOO_LARGE \
    "The state/task 'P' returned a result with a size exceeding the " \
    "maximum number of bytes service limit."

static void open_as(struct rig *rig, const struct wf_profile *profile) {
    rig->options.profile = profile;
    rig_open(rig);
}

/* `count` letters between the texts. The caller frees it. */
static char *stretched(const char *before, size_t count, const char *after) {
    struct wf_buf text = {0};
    wf_buf_adds(&text, before);
    for (size_t i = 0; i < count; i++)
        wf_buf_u8(&text, 'x');
    wf_buf_adds(&text, after);
    wf_buf_u8(&text, 0);
    return text.data;
}

/* ---- histories ---- */

static const char endless[] =
    "{'StartAt':'A','States':{'A':{'Type':'Pass','Next':'C'},'C':{'Type':"
    "'Choice','Choices':[{'Variable':'$.x','IsPresent':true,'Next':'S'}],"
    "'Default':'A'},'S':{'Type':'Succeed'}}}";

static void the_25000th_event_is_the_failure(void **state) {
    struct rig *rig = *state;
    open_as(rig, &WF_PROFILE_AWS);
    struct rig_reply *end = rig_run(rig, endless, "{}");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_string_equal(end->error, "States.Runtime");
    assert_string_equal(end->cause,
                        "The execution reached the maximum number of history "
                        "events (25000).");
    const char *story = rig_story(rig, end->arn);
    rig_assert_has(story, "\n24999<24998 ");
    rig_assert_has(story, "\n25000<24999 ExecutionFailed States.Runtime: ");
    assert_int_equal(rig_count(story, "\n"), 25000);
}

static void native_histories_have_no_end(void **state) {
    struct rig *rig = *state;
    struct wf_buf items = {0};
    wf_buf_adds(&items, "[0");
    for (int i = 0; i < 6500; i++)
        wf_buf_adds(&items, ",0");
    wf_buf_add(&items, "]", 2);
    open_as(rig, &WF_PROFILE_NATIVE);
    struct rig_reply *end = rig_run(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':" BRANCH(
            "P", PASS("P")) ",'End':true}}}",
        items.data);
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    rig_assert_has(rig_story(rig, end->arn), "\n25001<");
    wf_buf_free(&items);
}

static const char various[] =
    "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':[" BRANCH(
        "T", "'T':{'Type':'Task','Resource':'lua:t.echo','End':true}") ","
    BRANCH("W", "'W':{'Type':'Wait','Seconds':1,'Next':'M'},'M':{'Type':"
                "'Map','ItemsPath':'$.list','ItemProcessor':" BRANCH(
                    "A", PASS("A")) ",'End':true}") "],'Next':'F'},"
    "'F':{'Type':'Task','Resource':'lua:t.fail','Retry':[{'ErrorEquals':"
    "['Own'],'MaxAttempts':2}],'Catch':[{'ErrorEquals':['Own'],'Next':'Z'}],"
    "'End':true}," PASS("Z") "}}";

/* Wherever the limit comes, the history is whole, and is so after a crash. */
static void any_event_can_be_the_last(void **state) {
    struct rig *rig = *state;
    struct wf_profile profile = WF_PROFILE_NATIVE;
    rig_handler(rig, "t.lua", "return { echo = function(i) return i end,"
                              " fail = function() error({ Error = \"Own\" })"
                              " end }");
    unsigned whole = 0;
    for (profile.events = 3; !whole; profile.events++) {
        open_as(rig, &profile);
        struct rig_reply *end = rig_run(rig, various, "{'list':[1,2]}");
        const char *story = rig_story(rig, end->arn);
        unsigned count = rig_count(story, "\n");
        if (end->status == WF_EXECUTION_SUCCEEDED) {
            whole = count;
            branches_check(story);
            assert_true(whole <= profile.events);
        } else {
            assert_int_equal(count, profile.events);
            rig_assert_has(story, "States.Runtime: The ");
            assert_null(end->output);
        }
        rig_crash(rig);
        rig_open(rig);
        rig_assert_text(rig, rig_story(rig, end->arn), story);
        assert_int_equal(rig_stats(rig).timers, 0);
        rig_close(rig);
        rig_wipe(rig);
    }
    assert_true(whole > 30);
    rig_open(rig);
}

/* ---- payloads ---- */

static void assert_too_large(struct rig *rig, const char *definition,
                             const char *input) {
    struct rig_reply *end = rig_run(rig, definition, input);
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_string_equal(end->error, "States.DataLimitExceeded");
    assert_string_equal(end->cause, TOO_LARGE);
}

static const char as_parameters[] =
    "{'StartAt':'P','States':{'P':{'Type':'Task','Resource':'" FUNCTION
    "one','Parameters':{'a.$':'$[0]','b.$':'$[0]'},'End':true}}}";
static const char as_branch_input[] =
    "{'StartAt':'P','States':{'P':{'Type':'Parallel','Parameters':{"
    "'a.$':'$[0]','b.$':'$[0]'},'Branches':[{'StartAt':'Q','States':{'Q':{"
    "'Type':'Pass','Result':1,'End':true}}}],'End':true}}}";
static const char as_item[] =
    "{'StartAt':'P','States':{'P':{'Type':'Map','ItemSelector':{"
    "'a.$':'$[0]','b.$':'$[0]'},'ItemProcessor':{'StartAt':'Q','States':{"
    "'Q':{'Type':'Pass','Result':1,'End':true}}},'End':true}}}";
static const char as_output[] =
    "{'StartAt':'P','States':{'P':{'Type':'Pass','Parameters':{"
    "'a.$':'$[0]','b.$':'$[0]'},'Next':'Q'},'Q':{'Type':'Pass','Result':1,"
    "'End':true}}}";
static const char as_variable[] =
    "{'StartAt':'P','States':{'P':{'Type':'Pass','Assign':{'v':{"
    "'a.$':'$[0]','b.$':'$[0]'}},'Next':'Q'},'Q':{'Type':'Pass','Result':1,"
    "'End':true}}}";
static const char *const makers[] = {as_parameters, as_branch_input, as_item,
                                     as_output, as_variable};

static void write_one(struct rig *rig) {
    rig_handler(rig, "one.lua", "return function() return 1 end");
}

static void payloads_end_at_256_kib(void **state) {
    struct rig *rig = *state;
    char *half = stretched("[\"", QUOTA / 2, "\"]");
    write_one(rig);
    open_as(rig, &WF_PROFILE_AWS);
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
        assert_too_large(rig, makers[i], half);
    free(half);
}

static void native_payloads_are_as_configured(void **state) {
    struct rig *rig = *state;
    char *half = stretched("[\"", QUOTA / 2, "\"]");
    write_one(rig);
    open_as(rig, &WF_PROFILE_NATIVE);
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        struct rig_reply *end = rig_run(rig, makers[i], half);
        assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    }
    rig_close(rig);
    rig->options.payload_bytes = QUOTA;
    rig_open(rig);
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
        assert_too_large(rig, makers[i], half);
    free(half);
}

static void inputs_end_at_256_kib(void **state) {
    struct rig *rig = *state;
    char *fits = stretched("\"", QUOTA - 2, "\"");
    char *too_long = stretched("\"", QUOTA - 1, "\"");
    open_as(rig, &WF_PROFILE_AWS);
    rig_machine(rig, "m", "{'StartAt':'P','States':{" PASS("P") "}}");
    assert_int_equal(rig_end(rig, rig_start(rig, NULL, fits))->status,
                     WF_EXECUTION_SUCCEEDED);
    struct rig_reply *no =
        rig_reply_of(rig, rig_ask_start(rig, "x", too_long));
    assert_string_equal(no->exception, "InvalidExecutionInput");
    free(fits);
    free(too_long);
}

/* 10 MiB at AWS: forty payloads. */
static void all_variables_have_a_limit(void **state) {
    struct rig *rig = *state;
    struct wf_profile profile = WF_PROFILE_NATIVE;
    char *input = stretched("\"", 900, "\"");
    profile.variables_payloads = 2;
    rig->options.payload_bytes = 1000;
    open_as(rig, &profile);
    assert_int_equal(
        rig_run(rig,
                "{'StartAt':'A','States':{'A':{'Type':'Pass','Assign':{"
                "'a.$':'$'},'Next':'P'},'P':{'Type':'Pass','Assign':{"
                "'b.$':'$'},'End':true}}}",
                input)->status,
        WF_EXECUTION_SUCCEEDED);
    assert_too_large(rig,
                     "{'StartAt':'A','States':{'A':{'Type':'Pass','Assign':{"
                     "'a.$':'$'},'Next':'B'},'B':{'Type':'Pass','Assign':{"
                     "'b.$':'$'},'Next':'P'},'P':{'Type':'Pass','Assign':{"
                     "'c.$':'$'},'End':true}}}",
                     input);
    free(input);
}

/* ---- errors and causes ---- */

static const char failing[] =
    "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':'" FUNCTION "fail',"
    "'Catch':[{'ErrorEquals':['States.ALL'],'Next':'F'}],'End':true},"
    "'F':{'Type':'Fail','QueryLanguage':'JSONata','Error':"
    "'{% $states.input.Error & $states.input.Error %}','Cause':"
    "'{% $states.input.Cause & $states.input.Cause %}'}}}";

/* A handler's are cut in both profiles, with no half character at the end;
 * what the state makes of them is cut by the profile. */
static void check_lengths(struct rig *rig, const struct wf_profile *profile,
                          size_t error, size_t cause) {
    rig_handler(rig, "fail.lua",
                "return function() error({ Error = (\"e\"):rep(300),"
                " Cause = (\"\xe2\x82\xac\"):rep(20000) }) end");
    open_as(rig, profile);
    struct rig_reply *end = rig_run(rig, failing, "{}");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_int_equal(strlen(end->error), error);
    assert_int_equal(strlen(end->cause), cause);
}

static void long_causes_are_cut(void **state) {
    check_lengths(*state, &WF_PROFILE_AWS, 256, 32766);
}

static void native_causes_are_whole(void **state) {
    check_lengths(*state, &WF_PROFILE_NATIVE, 512, 65532);
}

/* ---- time and concurrency ---- */

#define DAY_S 86400LL
#define WAIT(seconds) \
    "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':" seconds \
    ",'End':true}}}"

static void a_year_is_the_longest(void **state) {
    struct rig *rig = *state;
    open_as(rig, &WF_PROFILE_AWS);
    struct rig_reply *end = rig_run(rig, WAIT("34560000"), "{}");
    assert_int_equal(end->status, WF_EXECUTION_TIMED_OUT);
    assert_int_equal(end->stop_ms - end->start_ms, 365 * DAY_S * 1000);
    rig_close(rig);
    open_as(rig, &WF_PROFILE_NATIVE);
    end = rig_run(rig, WAIT("34560001"), "{}");
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
}

static struct rig_reply *run_express(struct rig *rig,
                                     const char *definition) {
    struct rig_reply *made =
        rig_reply_of(rig, rig_ask_machine(rig, "e", definition, true));
    if (made->refused)
        fail_msg("%s", made->message);
    snprintf(rig->arn, sizeof(rig->arn), "%s", made->arn);
    return rig_reply_of(rig, rig_ask_sync(rig, "{}"));
}

static void five_minutes_for_express(void **state) {
    struct rig *rig = *state;
    open_as(rig, &WF_PROFILE_AWS);
    struct rig_reply *end = run_express(rig, WAIT("400"));
    assert_int_equal(end->status, WF_EXECUTION_TIMED_OUT);
    assert_int_equal(end->stop_ms - end->start_ms, 300000);
    rig_close(rig);
    open_as(rig, &WF_PROFILE_NATIVE);
    end = rig_reply_of(rig, rig_ask_sync(rig, "{}"));
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
}

static unsigned started_first(struct rig *rig, const char *limit) {
    struct wf_buf text = {0};
    wf_buf_addf(&text,
                "{'StartAt':'M','States':{'M':{'Type':'Map',%s"
                "'ItemProcessor':" WAIT("1") ",'End':true}}}",
                limit);
    wf_buf_u8(&text, 0);
    struct rig_reply *end = rig_run(
        rig, text.data,
        "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
        "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]");
    wf_buf_free(&text);
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    const char *story = rig_story(rig, end->arn);
    const char *first = strstr(story, " MapIterationSucceeded");
    unsigned count = 0;
    for (const char *at = story;
         (at = strstr(at, " MapIterationStarted")) && at < first; at++)
        count++;
    return count;
}

static void forty_iterations_at_once(void **state) {
    struct rig *rig = *state;
    open_as(rig, &WF_PROFILE_AWS);
    assert_int_equal(started_first(rig, ""), 40);
    assert_int_equal(started_first(rig, "'MaxConcurrency':45,"), 40);
    assert_int_equal(started_first(rig, "'MaxConcurrency':7,"), 7);
    rig_close(rig);
    open_as(rig, &WF_PROFILE_NATIVE);
    assert_int_equal(started_first(rig, "'MaxConcurrency':50,"), 50);
    assert_int_equal(started_first(rig, "'MaxConcurrency':45,"), 45);
}

/* ---- definitions ---- */

static void assert_refused(struct rig *rig, const char *definition,
                           const char *why) {
    struct rig_reply *no =
        rig_reply_of(rig, rig_ask_machine(rig, "no", definition, false));
    assert_string_equal(no->exception, "InvalidDefinition");
    rig_assert_has(no->message, why);
}

/* What native was given runs on. */
static void extensions_are_refused(void **state) {
    struct rig *rig = *state;
    static const char ours[] =
        "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':'lua:t.one',"
        "'AtMostOnce':true,'End':true}}}";
    rig_handler(rig, "t.lua", "return { one = function() return 1 end }");
    open_as(rig, &WF_PROFILE_NATIVE);
    rig_machine(rig, "ours", ours);
    rig_close(rig);
    open_as(rig, &WF_PROFILE_AWS);
    assert_refused(rig, ours, "Field 'AtMostOnce' is not supported");
    assert_refused(rig, ours, "lua:t.one is not recognized");
    assert_string_equal(rig_end(rig, rig_start(rig, NULL, "{}"))->output,
                        "1");
}

static void definitions_end_at_1_mib(void **state) {
    struct rig *rig = *state;
    static const char end[] =
        "\",\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Succeed\"}}}";
    size_t most = ((size_t)1 << 20) - strlen("{\"Comment\":\"") - strlen(end);
    char *fits = stretched("{\"Comment\":\"", most, end);
    char *too_long = stretched("{\"Comment\":\"", most + 1, end);
    open_as(rig, &WF_PROFILE_AWS);
    rig_machine(rig, "fits", fits);
    assert_refused(rig, too_long, "1048577 bytes");
    rig_close(rig);
    open_as(rig, &WF_PROFILE_NATIVE);
    rig_machine(rig, "long", too_long);
    free(fits);
    free(too_long);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(the_25000th_event_is_the_failure),
        ENGINE_TEST_MEMORY(native_histories_have_no_end),
        ENGINE_TEST_MEMORY(any_event_can_be_the_last),
        ENGINE_TEST_BOTH(payloads_end_at_256_kib),
        ENGINE_TEST_MEMORY(native_payloads_are_as_configured),
        ENGINE_TEST_BOTH(inputs_end_at_256_kib),
        ENGINE_TEST_MEMORY(all_variables_have_a_limit),
        ENGINE_TEST_MEMORY(long_causes_are_cut),
        ENGINE_TEST_MEMORY(native_causes_are_whole),
        ENGINE_TEST_BOTH(a_year_is_the_longest),
        ENGINE_TEST_BOTH(five_minutes_for_express),
        ENGINE_TEST_BOTH(forty_iterations_at_once),
        ENGINE_TEST_BOTH(extensions_are_refused),
        ENGINE_TEST_MEMORY(definitions_end_at_1_mib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
