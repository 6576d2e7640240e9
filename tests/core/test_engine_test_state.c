/*
 * test_engine_test_state.c - TestState: tasks that are really run, what comes
 * of items, and requests that would take all time or memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "keys.h"
#include "lua_stdlib.h"
#include "test_state.h"

static const char handlers[] =
    "local t = {}\n"
    "local sleep = require('sleep')\n"
    "function t.add(input) return { sum = input.a + input.b } end\n"
    "function t.fail() error({ Error = 'My.Error', Cause = 'no luck' }) end\n"
    "function t.hang() sleep(1e6) end\n"
    "function t.beats(_, task)\n"
    "  for _ = 1, 4 do sleep(0.4) task:heartbeat() end\n"
    "  return 'beaten'\n"
    "end\n"
    "function t.segfault()\n"
    "  local ffi = require('ffi')\n"
    "  return ffi.cast('int *', 8)[0]\n"
    "end\n"
    "function t.child(_, task)\n"
    "  task:checkpoint({ at = 1 })\n"
    "  task:log('here I am')\n"
    "  return require('exec').run({ 'echo', 'hello' }).stdout\n"
    "end\n"
    "return t\n";

/* ---- asking ---- */

struct answer {
    bool done;
    struct wf_buf text; /* "STATUS output error: cause -> NEXT" and stages */
};

static void add(struct answer *answer, const char *before,
                struct wf_str text) {
    wf_buf_adds(&answer->text, before);
    wf_buf_addstr(&answer->text, text);
}

static void on_tested(void *arg, const struct wf_refusal *refusal,
                      const struct wf_test_state_reply *reply) {
    static const char *const names[] = {"SUCCEEDED", "FAILED", "RETRIABLE",
                                        "CAUGHT_ERROR"};
    struct answer *answer = arg;
    assert_false(answer->done);
    answer->done = true;
    if (refusal) {
        add(answer, refusal->exception, WF_STR(": "));
        add(answer, "", refusal->message);
        return;
    }
    wf_buf_adds(&answer->text, names[reply->status]);
    if (reply->output)
        add(answer, " ", wf_doc_text(reply->output));
    if (reply->has_error)
        add(answer, " ", reply->error);
    if (reply->has_cause)
        add(answer, ": ", reply->cause);
    if (reply->next_state.len)
        add(answer, " -> ", reply->next_state);
    if (reply->status == WF_TEST_RETRIABLE)
        wf_buf_addf(&answer->text, " after %lld s",
                    (long long)reply->backoff_s);
    for (unsigned i = WF_STAGE_INPUT + 1; i < WF_STAGES; i++) {
        struct wf_str text =
            wf_inspection_stage(reply->inspection, (enum wf_stage)i);
        if (text.len == 0)
            continue;
        add(answer, "\n", wf_str(wf_stage_name((enum wf_stage)i)));
        add(answer, " ", text);
    }
}

static struct wf_str quoted(struct rig *rig, const char *text) {
    return text ? wf_str(rig_quoted(rig, text)) : WF_STR_NULL;
}

static void ask(struct rig *rig, struct wf_test_state *request,
                struct answer *answer) {
    if (!request->retries)
        request->retries = -1;
    if (!request->failures)
        request->failures = -1;
    wf_engine_test_state(rig->engine, request, on_tested, answer);
}

/* Apostrophes become quotes, backquotes apostrophes. */
static void assert_answer(struct answer *answer, const char *expected) {
    char *text = wf_strndup(expected, strlen(expected));
    for (char *at = text; *at; at++)
        *at = *at == '\'' ? '"' : *at == '`' ? '\'' : *at;
    wf_buf_u8(&answer->text, 0);
    assert_string_equal(answer->text.data, text);
    free(text);
}

/* Texts in single quotes; `mock` NULL: none. */
static void expect_with(struct rig *rig, struct wf_test_state request,
                        const char *definition, const char *input,
                        const char *mock, const char *expected) {
    struct answer answer = {0};
    request.definition = quoted(rig, definition);
    request.input = quoted(rig, input);
    request.has_mock |= mock != NULL;
    request.mock_result = quoted(rig, mock);
    ask(rig, &request, &answer);
    rig_until(rig, &answer.done);
    assert_answer(&answer, expected);
    wf_buf_free(&answer.text);
}

static void expect(struct rig *rig, const char *definition, const char *input,
                   const char *mock, const char *expected) {
    struct wf_test_state none = {0};
    expect_with(rig, none, definition, input, mock, expected);
}

#define TASK(function, members) \
    "{'Type':'Task','Resource':'lua:t." function "'," members "'End':true}"

static struct rig *open_rig(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
    return rig;
}

/* ---- tasks ---- */

static void runs_a_task(void **state) {
    struct rig *rig = open_rig(state);
    rig_flush(rig);
    uint64_t records = rig_stats(rig).journal_records;
    expect(rig,
           TASK("add", "'InputPath':'$.x','ResultSelector':{'s.$':'$.sum'},"
                       "'ResultPath':'$.r',"),
           "{'x':{'a':1,'b':2}}", NULL,
           "SUCCEEDED {'x':{'a':1,'b':2},'r':{'s':3}}\n"
           "afterInputPath {'a':1,'b':2}\n"
           "afterParameters {'a':1,'b':2}\n"
           "result {'sum':3}\n"
           "afterResultSelector {'s':3}\n"
           "afterResultPath {'x':{'a':1,'b':2},'r':{'s':3}}");
    rig_flush(rig);
    assert_int_equal(rig_stats(rig).events, 0);
    assert_int_equal(rig_stats(rig).journal_records, records);
}

static void retries_and_catches(void **state) {
    struct rig *rig = open_rig(state);
    struct wf_test_state used_up = {.retries = 3};
    expect(rig, TASK("fail", "'Retry':[{'ErrorEquals':['Other']},"
                             "{'ErrorEquals':['My.Error'],"
                             "'IntervalSeconds':7}],"),
           "{}", NULL,
           "RETRIABLE My.Error: no luck after 7 s\nafterInputPath {}\n"
           "afterParameters {}");
    expect(rig, TASK("fail", "'Catch':[{'ErrorEquals':['States.ALL'],"
                             "'Next':'Elsewhere'}],"),
           "{}", NULL,
           "CAUGHT_ERROR {'Error':'My.Error','Cause':'no luck'} "
           "My.Error: no luck -> Elsewhere\nafterInputPath {}\n"
           "afterParameters {}");
    expect_with(rig, used_up, TASK("fail", ""), "{}", NULL,
                "ValidationException: TestState does not support "
                "RetrierRetryCount when a mock is not specified.");
}

static void runs_programs_without_a_record(void **state) {
    struct rig *rig = open_rig(state);
    rig_flush(rig);
    uint64_t records = rig_stats(rig).journal_records;
    expect(rig, TASK("child", ""), "{}", NULL,
           "SUCCEEDED 'hello\\n'\nafterInputPath {}\nafterParameters {}\n"
           "result 'hello\\n'\nafterResultSelector 'hello\\n'\n"
           "afterResultPath 'hello\\n'");
    assert_non_null(strstr(rig->logs.data, "log here I am"));
    rig_flush(rig);
    assert_int_equal(rig_stats(rig).journal_records, records);
}

static void fails_as_its_worker_dies(void **state) {
    struct rig *rig = open_rig(state);
    struct answer answer = {0};
    struct wf_test_state request = {
        .definition = quoted(rig, TASK("segfault", ""))};
    ask(rig, &request, &answer);
    rig_until(rig, &answer.done);
    wf_buf_u8(&answer.text, 0);
    rig_assert_has(answer.text.data, "FAILED ");
    rig_assert_has(answer.text.data, "SIGSEGV");
    wf_buf_free(&answer.text);
}

static void times_out(void **state) {
    struct rig *rig = open_rig(state);
    expect(rig, TASK("hang", "'TimeoutSeconds':1,"), "{}", NULL,
           "FAILED States.Timeout\nafterInputPath {}\nafterParameters {}");
    expect(rig, TASK("hang", "'TimeoutSeconds':60,'HeartbeatSeconds':1,"),
           "{}", NULL,
           "FAILED States.Timeout\nafterInputPath {}\nafterParameters {}");
    expect(rig, TASK("beats", "'TimeoutSeconds':60,'HeartbeatSeconds':1,"),
           "{}", NULL,
           "SUCCEEDED 'beaten'\nafterInputPath {}\nafterParameters {}\n"
           "result 'beaten'\nafterResultSelector 'beaten'\n"
           "afterResultPath 'beaten'");
}

static void has_no_service_by_itself(void **state) {
    struct rig *rig = open_rig(state);
    struct answer answer = {0};
    struct wf_test_state request = {
        .definition = quoted(rig, "{'Type':'Task','End':true,'Resource':"
                                  "'arn:aws:states:::sqs:sendMessage'}")};
    ask(rig, &request, &answer);
    rig_until(rig, &answer.done);
    wf_buf_u8(&answer.text, 0);
    rig_assert_has(answer.text.data, "FAILED States.TaskFailed: There is no "
                                     "endpoint of sqs");
    wf_buf_free(&answer.text);
}

/* The engine closes, and nobody is told. */
static void is_closed_meanwhile(void **state) {
    struct rig *rig = open_rig(state);
    struct answer answers[2] = {{0}, {0}};
    struct wf_test_state request = {
        .definition = quoted(rig, TASK("hang", ""))};
    ask(rig, &request, &answers[0]);
    rig_turns(rig, 50);
    ask(rig, &request, &answers[1]);
    rig_close(rig);
    assert_false(answers[0].done || answers[1].done);
    rig_open(rig);
}

/* ---- states that wait, and machines ---- */

static void does_not_wait(void **state) {
    struct rig *rig = open_rig(state);
    expect(rig, "{'Type':'Wait','Seconds':86400,'Next':'Later'}", "[1]", NULL,
           "SUCCEEDED [1] -> Later\nafterInputPath [1]");
}

static void finds_the_state(void **state) {
    struct rig *rig = open_rig(state);
    struct wf_test_state inner = {.state_name = WF_STR("I")};
    expect_with(rig, inner,
                "{'StartAt':'M','States':{'M':{'Type':'Map','End':true,"
                "'ItemProcessor':{'StartAt':'I','States':{"
                "'I':{'Type':'Pass','Next':'J'},'J':{'Type':'Succeed'}}}}}}",
                "7", NULL,
                "SUCCEEDED 7 -> J\nafterInputPath 7\nafterParameters 7\n"
                "afterResultSelector 7\nafterResultPath 7");
    inner.state_name = WF_STR("K");
    expect_with(rig, inner, "{'StartAt':'S','States':{'S':{'Type':'Succeed'}}}",
                "{}", NULL,
                "ValidationException: State not found in definition");
}

static void keeps_variables(void **state) {
    struct rig *rig = open_rig(state);
    struct wf_test_state given = {.variables = quoted(rig, "{'a':1,'b':2}")};
    expect_with(rig, given,
                "{'Type':'Pass','QueryLanguage':'JSONata','Output':'{% $a %}',"
                "'Assign':{'b':'{% $a + 4 %}','c':[]},'End':true}",
                "{}", NULL,
                "SUCCEEDED 1\nvariables {'a':1,'b':5,'c':[]}");
    given.variables = WF_STR("[]");
    expect_with(rig, given, "{'Type':'Succeed'}", "{}", NULL,
                "ValidationException: The variables must be a JSON object");
}

/* ---- Maps ---- */

#define PROCESSOR(mode) \
    "'ItemProcessor':{'ProcessorConfig':{'Mode':'" mode "'" \
    ",'ExecutionType':'STANDARD'},'StartAt':'I','States':{'I':" \
    "{'Type':'Succeed'}}}"
#define MAP(members) \
    "{'Type':'Map'," members "," PROCESSOR("DISTRIBUTED") ",'End':true}"

static void selects_items(void **state) {
    struct rig *rig = open_rig(state);
    struct wf_test_state mocked = {.context = quoted(
        rig, " { 'State':{'Name':'mine'} } ")};
    expect_with(rig, mocked,
                "{'Type':'Map','ItemsPath':'$.o','MaxConcurrency':3,"
                "'ItemSelector':{'k.$':'$$.Map.Item.Key','n.$':"
                "'$$.State.Name','s.$':'$$.Map.Item.Source',"
                "'v.$':'$$.Map.Item.Value','x.$':'$.x'},"
                "'ItemProcessor':{'StartAt':'I','States':{'I':"
                "{'Type':'Succeed'}}},'End':true}",
                "{'o':{'a':1,'b':[2]},'x':0}", "[0]",
                "SUCCEEDED [0]\n"
                "afterInputPath {'o':{'a':1,'b':[2]},'x':0}\n"
                "afterResultSelector [0]\nafterResultPath [0]\n"
                "afterItemsPath {'a':1,'b':[2]}\n"
                "afterItemSelector [{'k':'a','n':'mine','s':'STATE_DATA',"
                "'v':1,'x':0},"
                "{'k':'b','n':'mine','s':'STATE_DATA','v':[2],'x':0}]\n"
                "maxConcurrency 3");
    expect(rig, MAP("'ItemSelector':{'x.$':'$.no'}"), "[1]", "[0]",
           "FAILED States.Runtime: The JSONPath `$.no` specified for the "
           "field `x.$` could not be found in the input `[1]`\n"
           "afterInputPath [1]\nafterItemsPath [1]\nmaxConcurrency 0");
}

static void reads_and_batches_items(void **state) {
    struct rig *rig = open_rig(state);
    struct wf_test_state data = {.reader_data = WF_STR("a,b\n1,2\n3,4\n5,6")};
    expect_with(rig, data,
                MAP("'QueryLanguage':'JSONata','ItemReader':{'Resource':"
                    "'arn:aws:states:::s3:getObject','ReaderConfig':"
                    "{'InputType':'CSV','CSVHeaderLocation':'FIRST_ROW'},"
                    "'Arguments':{'Bucket':'b','Key':'k'}},"
                    "'ItemSelector':'{% $states.context.Map.Item"
                    ".(Value.b & Source) %}',"
                    "'ItemBatcher':{'MaxItemsPerBatch':2,'BatchInput':"
                    "{'of':'all'}}"),
                "{}", "[1,2]",
                "SUCCEEDED [1,2]\n"
                "afterItemSelector ['2S3://b/k','4S3://b/k','6S3://b/k']\n"
                "afterItemBatcher [{'BatchInput':{'of':'all'},"
                "'Items':['2S3://b/k','4S3://b/k']},"
                "{'BatchInput':{'of':'all'},'Items':['6S3://b/k']}]\n"
                "maxConcurrency 0");
    data.reader_data = quoted(rig, "{'x':{'y':[ 1, {'z':2} ]}}");
    expect_with(rig, data,
                MAP("'QueryLanguage':'JSONata','ItemReader':{'Resource':"
                    "'arn:aws:states:::s3:getObject','ReaderConfig':"
                    "{'InputType':'JSON','ItemsPointer':'/x/y'},"
                    "'Arguments':{'Bucket':'b','Key':'k'}}"),
                "{}", "[]",
                "SUCCEEDED []\nafterItemsPointer [1,{'z':2}]\n"
                "maxConcurrency 0");
    data.reader_data = WF_STR("{");
    expect_with(rig, data,
                MAP("'QueryLanguage':'JSONata','ItemReader':{'Resource':"
                    "'arn:aws:states:::s3:getObject','ReaderConfig':"
                    "{'InputType':'JSONL'},'Arguments':{'Bucket':'b',"
                    "'Key':'k'}},'Catch':[{'ErrorEquals':"
                    "['States.ItemReaderFailed'],'Output':'caught','Next':"
                    "'C'}]"),
                "{}", "[]",
                "CAUGHT_ERROR 'caught' States.ItemReaderFailed: the data: line "
                "1: the line is not JSON: line 1, column 2: expected a string "
                "(a member`s name) or `}`, but the text ends -> C\n"
                "maxConcurrency 0");
}

static void counts_failures(void **state) {
    struct rig *rig = open_rig(state);
    struct wf_test_state failing = {.failures = 1};
    static const char exceeded[] =
        "FAILED States.ExceedToleratedFailureThreshold: The specified "
        "tolerated failure threshold was exceeded\nafterInputPath [1,2,3]\n"
        "afterItemsPath [1,2,3]\n";
    char expected[400];
    snprintf(expected, sizeof(expected),
             "%stoleratedFailurePercentage 30.0\nmaxConcurrency 0", exceeded);
    expect_with(rig, failing, MAP("'ToleratedFailurePercentage':30"),
                "[1,2,3]", "[0,0,0]", expected);
    snprintf(expected, sizeof(expected),
             "%stoleratedFailureCount 0\nmaxConcurrency 0", exceeded);
    expect_with(rig, failing, MAP("'ToleratedFailureCount':0"), "[1,2,3]",
                "[0,0,0]", expected);
    expect_with(rig, failing, MAP("'ToleratedFailurePercentage':33.5"),
                "[1,2,3]", "[0,0,0]",
                "SUCCEEDED [0,0,0]\nafterInputPath [1,2,3]\n"
                "afterResultSelector [0,0,0]\nafterResultPath [0,0,0]\n"
                "afterItemsPath [1,2,3]\ntoleratedFailurePercentage 33.5\n"
                "maxConcurrency 0");
    failing.failures = 4;
    failing.has_mock = failing.mock_fails = true;
    failing.mock_error = WF_STR("E");
    expect_with(rig, failing, MAP("'Comment':''"), "[1,2,3]", NULL,
                "ValidationException: Map iteration failure count must be "
                "less than or equal to the number of Map iterations");
}

/* ---- requests that make no sense, or too much ---- */

static void refuses(void **state) {
    static const struct {
        const char *definition, *input, *mock, *expected;
    } cases[] = {
        {"", "{}", NULL,
         "InvalidDefinition: Invalid State Machine Definition: "
         "`SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object "
         "at null`"},
        {"[]", "{}", NULL,
         "InvalidDefinition: Invalid State Machine Definition: "
         "`SCHEMA_VALIDATION_FAILED: Expected value of type Object at "
         "/States/StateName`"},
        {"{'Type':'Pass'}", "{}", NULL,
         "InvalidDefinition: Invalid State Machine Definition: "
         "`SCHEMA_VALIDATION_FAILED: Exactly one of these fields is "
         "required: [Next, End] at /States/StateName`"},
        {"{'Type':'Succeed'}", "{}", "{}",
         "ValidationException: State type `Succeed` is not supported when a "
         "mock is specified"},
        {TASK("add", ""), "{}", "{",
         "ValidationException: Mocked result must be valid JSON: line 1, "
         "column 2: expected a string (a member`s name) or `}`, but the text "
         "ends"},
        {"{'Type':'Task','Resource':'arn:aws:states:us-east-1:1:activity:a',"
         "'End':true}", "{}", NULL,
         "InvalidDefinition: TestState API does not support Activity tasks "
         "when a mock is not specified."},
        {"{'Type':'Task','Resource':'arn:aws:states:::batch:submitJob.sync',"
         "'End':true}", "{}", NULL,
         "InvalidDefinition: TestState API does not support the `.sync` "
         "service integration pattern when a mock is not specified."},
        {"{'Type':'Task','Resource':'arn:aws:states:::lambda:invoke"
         ".waitForTaskToken','End':true}", "{}", NULL,
         "InvalidDefinition: TestState API does not support the "
         "`.waitForTaskToken` service integration pattern when a mock is not "
         "specified."},
    };
    struct rig *rig = open_rig(state);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect(rig, cases[i].definition, cases[i].input, cases[i].mock,
               cases[i].expected);
}

static void refuses_inputs(void **state) {
    struct rig *rig = open_rig(state);
    struct answer answer = {0};
    struct wf_test_state request = {
        .definition = quoted(rig, "{'Type':'Succeed'}"),
        .input = WF_STR("{\"a\":")};
    ask(rig, &request, &answer);
    rig_until(rig, &answer.done);
    wf_buf_u8(&answer.text, 0);
    rig_assert_has(answer.text.data, "InvalidExecutionInput: Invalid State "
                                     "Machine Execution Input: '");
    wf_buf_free(&answer.text);
}

/* Others are answered meanwhile. */
static void ends_what_is_endless(void **state) {
    static const char *const definitions[] = {
        "{'Type':'Pass','QueryLanguage':'JSONata','Output':"
        "'{% ($f := function($n) { $f($n + 1) }; $f(0)) %}','End':true}",
        "{'Type':'Pass','QueryLanguage':'JSONata','Output':"
        "'{% $sum([1..10000000].($sum([1..1000000]))) %}','End':true}",
    };
    struct rig *rig = *state;
    rig->clock.seeded = false; /* a seeded engine uses no threads */
    rig_open(rig);
    for (size_t i = 0; i < sizeof(definitions) / sizeof(definitions[0]);
         i++) {
        struct answer slow = {0};
        struct wf_test_state request = {
            .definition = quoted(rig, definitions[i])};
        ask(rig, &request, &slow);
        expect(rig, "{'Type':'Succeed'}", "1", NULL,
               "SUCCEEDED 1\nafterInputPath 1");
        rig_until(rig, &slow.done);
        wf_buf_u8(&slow.text, 0);
        rig_assert_has(slow.text.data, "FAILED States.QueryEvaluationError");
        wf_buf_free(&slow.text);
    }
}

/* Each item gets all items. */
static void bounds_what_items_get(void **state) {
    struct rig *rig = *state;
    struct wf_buf input = {0};
    struct answer answer = {0};
    rig->options.payload_bytes = 256 << 10;
    rig_open(rig);
    wf_buf_u8(&input, '[');
    for (unsigned i = 0; i < 60000; i++)
        wf_buf_adds(&input, i ? ",1" : "1");
    wf_buf_u8(&input, ']');
    struct wf_test_state request = {
        .definition = quoted(rig, MAP("'ItemSelector':{'all.$':'$'}")),
        .input = {input.data, input.len},
        .has_mock = true,
        .mock_result = WF_STR("[]"),
    };
    ask(rig, &request, &answer);
    rig_until(rig, &answer.done);
    wf_buf_u8(&answer.text, 0);
    rig_assert_has(answer.text.data, "FAILED States.DataLimitExceeded");
    wf_buf_free(&answer.text);
    wf_buf_free(&input);
}

/* A definition of a megabyte, and states in states in states. */
static void takes_large_definitions(void **state) {
    struct rig *rig = open_rig(state);
    struct wf_buf text = {0};
    struct answer answer = {0};
    wf_buf_adds(&text, "{\"Type\":\"Pass\",\"Next\":\"N\",\"Result\":[");
    while (text.len < (1 << 20) - 10)
        wf_buf_adds(&text, "[],");
    wf_buf_adds(&text, "1]}");
    struct wf_test_state request = {.definition = {text.data, text.len}};
    ask(rig, &request, &answer);
    rig_until(rig, &answer.done);
    assert_memory_equal(answer.text.data, "SUCCEEDED [[],[]", 16);
    wf_buf_free(&answer.text);
    text.len = 0;
    answer.done = false;
    for (unsigned i = 0; i < 100; i++)
        wf_buf_adds(&text, "{\"Type\":\"Parallel\",\"End\":true,\"Branches\":"
                           "[{\"StartAt\":\"A\",\"States\":{\"A\":");
    for (unsigned i = 0; i < 100; i++)
        wf_buf_adds(&text, "}}]}");
    request.definition = (struct wf_str){text.data, text.len};
    ask(rig, &request, &answer);
    rig_until(rig, &answer.done);
    assert_memory_equal(answer.text.data, "InvalidDefinition: ", 19);
    wf_buf_free(&answer.text);
    wf_buf_free(&text);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    /* Workers that crash on purpose are no finding. */
    setenv("ASAN_OPTIONS", "handle_segv=0", 1);
    setenv("TSAN_OPTIONS", "handle_segv=0", 1);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_MEMORY(runs_a_task),
        ENGINE_TEST_MEMORY(retries_and_catches),
        ENGINE_TEST_MEMORY(runs_programs_without_a_record),
        ENGINE_TEST_MEMORY(fails_as_its_worker_dies),
        ENGINE_TEST_REAL(times_out),
        ENGINE_TEST_MEMORY(has_no_service_by_itself),
        ENGINE_TEST_REAL(is_closed_meanwhile),
        ENGINE_TEST_MEMORY(does_not_wait),
        ENGINE_TEST_MEMORY(finds_the_state),
        ENGINE_TEST_MEMORY(keeps_variables),
        ENGINE_TEST_MEMORY(selects_items),
        ENGINE_TEST_MEMORY(reads_and_batches_items),
        ENGINE_TEST_MEMORY(counts_failures),
        ENGINE_TEST_MEMORY(refuses),
        ENGINE_TEST_MEMORY(refuses_inputs),
        ENGINE_TEST_MEMORY(ends_what_is_endless),
        ENGINE_TEST_MEMORY(bounds_what_items_get),
        ENGINE_TEST_MEMORY(takes_large_definitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
