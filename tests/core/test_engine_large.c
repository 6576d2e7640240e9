/*
 * test_engine_large.c - large documents and long evaluations: threads parse
 * and decide, the loop does not, and whatever comes in between is survived.
 *
 * The linker leads calls of the scanner and of Lua through this file, which
 * notes on which thread they are made.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "doc_scan.h"
#include "engine_fixture.h"
#include "evaluate.h"
#include "lua_stdlib.h"
#include "script.h"

static pthread_t loop_thread;
static atomic_uint loop_scans, thread_scans; /* of large documents */
static atomic_uint thread_decisions;

/* Decisions of threads wait here while it is closed. */
static pthread_mutex_t gate_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_opened = PTHREAD_COND_INITIALIZER;
static bool gate_is_closed;

static unsigned gate_permits;        /* so many pass all the same */
static uint32_t first_made; /* state of the first that was made */
static unsigned begun_count, made_count;

static void set_gate(bool closed) {
    pthread_mutex_lock(&gate_mutex);
    gate_is_closed = closed;
    gate_permits = begun_count = made_count = 0;
    pthread_cond_broadcast(&gate_opened);
    pthread_mutex_unlock(&gate_mutex);
}

static void pass_gate(void) {
    pthread_mutex_lock(&gate_mutex);
    begun_count++;
    pthread_cond_broadcast(&gate_opened);
    while (gate_is_closed && gate_permits == 0)
        pthread_cond_wait(&gate_opened, &gate_mutex);
    gate_permits -= gate_permits > 0;
    pthread_mutex_unlock(&gate_mutex);
}

static void note_made(uint32_t machine_state) {
    pthread_mutex_lock(&gate_mutex);
    if (made_count++ == 0)
        first_made = machine_state;
    pthread_cond_broadcast(&gate_opened);
    pthread_mutex_unlock(&gate_mutex);
}

/* Two threads stand at the gate: lets one pass, and stands still until that
 * has begun the next. By then the loop can have the answer. */
static void make_one(void) {
    pthread_mutex_lock(&gate_mutex);
    unsigned next = made_count + 3;
    gate_permits++;
    pthread_cond_broadcast(&gate_opened);
    while (begun_count < next)
        pthread_cond_wait(&gate_opened, &gate_mutex);
    pthread_mutex_unlock(&gate_mutex);
}

int __real_wf_doc_scan(struct wf_doc *doc, unsigned max_depth,
                       struct wf_doc_fault *fault);
int __wrap_wf_doc_scan(struct wf_doc *doc, unsigned max_depth,
                       struct wf_doc_fault *fault);
int __wrap_wf_doc_scan(struct wf_doc *doc, unsigned max_depth,
                       struct wf_doc_fault *fault) {
    bool on_loop = pthread_equal(pthread_self(), loop_thread);
    if (doc->len > WF_EVALUATE_BYTES)
        atomic_fetch_add(on_loop ? &loop_scans : &thread_scans, 1);
    return __real_wf_doc_scan(doc, max_depth, fault);
}

void __real_wf_script_decide(struct wf_script *script,
                             const struct wf_script_call *call,
                             struct wf_decision *decision);
void __wrap_wf_script_decide(struct wf_script *script,
                             const struct wf_script_call *call,
                             struct wf_decision *decision);
void __wrap_wf_script_decide(struct wf_script *script,
                             const struct wf_script_call *call,
                             struct wf_decision *decision) {
    bool on_loop = pthread_equal(pthread_self(), loop_thread);
    if (!on_loop) {
        atomic_fetch_add(&thread_decisions, 1);
        pass_gate();
    }
    __real_wf_script_decide(script, call, decision);
    if (!on_loop)
        note_made(call->state);
}

/* An engine that is not seeded: a seeded one uses no threads. */
static void open_unseeded(struct rig *rig) {
    loop_thread = pthread_self();
    atomic_store(&loop_scans, 0);
    atomic_store(&thread_scans, 0);
    atomic_store(&thread_decisions, 0);
    rig->clock.seeded = false;
    rig_open(rig);
}

static const char echo[] = "local t = {}\n"
                           "function t.echo(input) return input end\n"
                           "function t.more(input)\n"
                           "  input.more = true\n"
                           "  return input\n"
                           "end\n"
                           "return t\n";

/* {"three":[0,1,2],"list":[0,1,2...],"n":NUMBER} of about so many bytes. */
static char *large_document(size_t bytes, unsigned number) {
    struct wf_buf text = {0};
    wf_buf_adds(&text, "{\"three\":[0,1,2],\"list\":[0");
    for (unsigned i = 1; text.len < bytes; i++)
        wf_buf_addf(&text, ",%u", i % 1000);
    wf_buf_addf(&text, "],\"n\":%u}", number);
    wf_buf_u8(&text, 0);
    return text.data;
}

static const char every_state[] =
    "{'StartAt':'P','States':{"
    "'P':{'Type':'Pass','Next':'T'},"
    "'T':{'Type':'Task','Resource':'lua:t.echo','Next':'U'},"
    "'U':{'Type':'Task','Resource':'lua:t.more','ResultPath':'$',"
    "'Next':'C'},"
    "'C':{'Type':'Choice','Choices':[{'Variable':'$.n',"
    "'NumericGreaterThan':100,'Next':'F'}],'Default':'B'},"
    "'B':{'Type':'Parallel','Branches':[{'StartAt':'B1','States':{'B1':{"
    "'Type':'Pass','End':true}}},{'StartAt':'B2','States':{'B2':{"
    "'Type':'Wait','Seconds':1,'End':true}}}],'Next':'M'},"
    "'M':{'Type':'Pass','InputPath':'$[1]','Next':'W'},"
    "'W':{'Type':'Wait','Seconds':5,'Next':'S'},"
    "'S':{'Type':'Succeed'},"
    "'F':{'Type':'Fail'}}}";

/* `document` has been through every_state. */
static void assert_passed(const struct rig_reply *end, const char *document) {
    struct wf_buf text = {0};
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    assert_string_equal(end->input, document);
    wf_buf_add(&text, document, strlen(document) - 1);
    wf_buf_add(&text, ",\"more\":true}", 14);
    assert_string_equal(end->output, text.data);
    wf_buf_free(&text);
}

static void the_loop_parses_nothing_large(void **state) {
    struct rig *rig = *state;
    char *document = large_document(600000, 7);
    rig_handler(rig, "t.lua", echo);
    open_unseeded(rig);
    rig_machine(rig, "m", every_state);
    assert_passed(rig_end(rig, rig_start(rig, NULL, document)), document);
    assert_true(atomic_load(&thread_scans) > 0);
    assert_true(atomic_load(&thread_decisions) > 5);
    assert_int_equal(atomic_load(&loop_scans), 0);
    free(document);
}

static void documents_read_back_are_not_parsed_there_either(void **state) {
    struct rig *rig = *state;
    char *document = large_document(600000, 7);
    rig_handler(rig, "t.lua", echo);
    open_unseeded(rig);
    rig_machine(rig, "m", every_state);
    const char *arn = rig_start(rig, NULL, document);
    rig_until_parked(rig);
    rig_reopen(rig);
    rig_jump(rig, 6000);
    assert_passed(rig_end(rig, arn), document);
    assert_int_equal(atomic_load(&loop_scans), 0);
    free(document);
}

static void what_is_no_json_is_refused(void **state) {
    struct rig *rig = *state;
    char *document = large_document(600000, 7);
    open_unseeded(rig);
    rig_machine(rig, "m", "{'StartAt':'S','States':{'S':{'Type':'Succeed'}}}");
    document[strlen(document) - 1] = ']';
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_start(rig, NULL, document));
    assert_true(reply->refused);
    assert_string_equal(reply->exception, "InvalidExecutionInput");
    rig_assert_has(reply->message, "expected ',' or '}'");
    assert_int_equal(atomic_load(&loop_scans), 0);
    free(document);
}

/* ---- long evaluations of small documents ---- */

static const char unique[] =
    "{'StartAt':'P','States':{'P':{'Type':'Pass','Parameters':{"
    "'u.$':'States.ArrayLength(States.ArrayUnique($.list))'},'End':true}}}";

static void what_takes_long_a_thread_does(void **state) {
    struct rig *rig = *state;
    char *document = large_document(40000, 7);
    open_unseeded(rig);
    struct rig_reply *end = rig_run(rig, unique, document);
    assert_string_equal(end->output, "{\"u\":1000}");
    assert_int_equal(atomic_load(&thread_decisions), 1);
    end = rig_run(rig, unique, "{'list':[1,2,1]}");
    assert_string_equal(end->output, "{\"u\":2}");
    assert_int_equal(atomic_load(&thread_decisions), 1);
    free(document);
}

static void iterations_are_asked_for_again(void **state) {
    struct rig *rig = *state;
    char *document = large_document(40000, 7);
    open_unseeded(rig);
    struct rig_reply *end = rig_run(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemsPath':"
        "'$.three','ItemSelector':{'i.$':'$$.Map.Item.Value',"
        "'u.$':'States.ArrayLength(States.ArrayUnique($.list))'},"
        "'ItemProcessor':{'StartAt':'P','States':{'P':{'Type':'Pass',"
        "'End':true}}},'End':true}}}",
        document);
    assert_string_equal(end->output, "[{\"i\":0,\"u\":1000},"
                                     "{\"i\":1,\"u\":1000},"
                                     "{\"i\":2,\"u\":1000}]");
    assert_true(atomic_load(&thread_decisions) >= 3);
    free(document);
}

static void too_large_a_result_fails_the_state(void **state) {
    struct rig *rig = *state;
    struct wf_buf text = {0};
    char *document = large_document(300000, 7);
    rig->options.payload_bytes = 500000;
    open_unseeded(rig);
    wf_buf_adds(&text, "{'StartAt':'P','States':{'P':{'Type':'Pass',"
                       "'Parameters':{'x':1");
    for (int i = 0; i < 100; i++)
        wf_buf_addf(&text, ",'m%d.$':'$'", i);
    wf_buf_add(&text, "},'End':true}}}", 16);
    struct rig_reply *end = rig_run(rig, text.data, document);
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_string_equal(end->error, "States.Runtime");
    rig_assert_has(end->cause, "documents of more than");
    wf_buf_free(&text);
    free(document);
}

/* ---- meanwhile ---- */

static bool a_thread_decides(struct rig *rig, void *arg) {
    (void)rig;
    (void)arg;
    return atomic_load(&thread_decisions) > 0;
}

static void a_stop_is_faster(void **state) {
    struct rig *rig = *state;
    char *document = large_document(300000, 7);
    open_unseeded(rig);
    rig_machine(rig, "m", unique);
    set_gate(true);
    struct rig_reply *started = rig_ask_start(rig, "x", document);
    rig_until_true(rig, a_thread_decides, NULL);
    struct rig_reply *found = rig_ask_list(rig, 0, 0, NULL);
    rig_reply_of(rig, found);
    assert_int_equal(found->count, 0); /* its start is not durable */
    char arn[512];
    snprintf(arn, sizeof(arn), "%s:x", rig->arn);
    char *kind = strstr(arn, ":stateMachine:");
    memmove(kind + 11, kind + 14, strlen(kind + 14) + 1);
    memcpy(kind, ":execution:", 11);
    rig_reply_of(rig, rig_ask_stop(rig, arn, "E", "C"));
    set_gate(false);
    assert_false(rig_reply_of(rig, started)->refused);
    assert_string_equal(started->arn, arn);
    rig_assert_status(rig, started->arn, WF_EXECUTION_ABORTED);
    rig_assert_text(rig, rig_story(rig, started->arn),
                    "1<0 ExecutionStarted\n"
                    "2<0 PassStateEntered P\n"
                    "3<0 ExecutionAborted E: C\n");
    free(document);
}

static bool two_threads_decide(struct rig *rig, void *arg) {
    (void)rig;
    (void)arg;
    return atomic_load(&thread_decisions) == 2;
}

#define LONG_AND_WRONG(name, index)                                         \
    "{'StartAt':'" name "','States':{'" name "':{'Type':'Pass',"            \
    "'Parameters':{'u.$':'States.ArrayGetItem(States.ArrayUnique($.list), " \
    index ")'},'End':true}}}"

/* The answers of both threads come in one turn of the loop: before the state
 * that aborts its branches has told the second one. */
static void of_two_failures_the_first_counts(void **state) {
    struct rig *rig = *state;
    char index[16];
    char *document = large_document(40000, 7);
    open_unseeded(rig);
    rig_machine(rig, "m",
                "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
                LONG_AND_WRONG("A", "5001") "," LONG_AND_WRONG("B", "5002")
                "," LONG_AND_WRONG("C", "5003") ","
                LONG_AND_WRONG("D", "5004")
                "],'End':true}}}");
    set_gate(true);
    struct rig_reply *started = rig_ask_start(rig, "x", document);
    rig_until_true(rig, two_threads_decide, NULL);
    make_one();
    make_one();
    snprintf(index, sizeof(index), "500%u", first_made);
    set_gate(false);
    struct rig_reply *end =
        rig_end(rig, rig_reply_of(rig, started)->arn);
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    rig_assert_has(end->cause, index);
    free(document);
}

static void a_crash_decides_again(void **state) {
    struct rig *rig = *state;
    char *document = large_document(600000, 7);
    rig_handler(rig, "t.lua", echo);
    open_unseeded(rig);
    rig_machine(rig, "m", every_state);
    const char *arn = rig_start(rig, NULL, document);
    for (int i = 0; i < 6; i++) {
        atomic_store(&thread_decisions, 0);
        rig_until_true(rig, a_thread_decides, NULL);
        rig_crash(rig);
        open_unseeded(rig);
    }
    struct rig_reply *end = rig_end(rig, arn);
    assert_passed(end, document);
    free(document);
}

static const char chain[] =
    "{'StartAt':'P','States':{"
    "'P':{'Type':'Pass','Next':'T'},"
    "'T':{'Type':'Task','Resource':'lua:t.echo','Next':'U'},"
    "'U':{'Type':'Task','Resource':'lua:t.more','TimeoutSeconds':20,"
    "'Next':'W'},"
    "'W':{'Type':'Wait','Seconds':5,'Next':'S'},"
    "'S':{'Type':'Succeed'}}}";

#define MANY 12

/* Stops, crashes and closings between requests, at random moments. */
static void anything_may_come_between(void **state) {
    struct rig *rig = *state;
    char *documents[MANY], name[16], arn[512];
    struct rig_reply *started[MANY];
    unsigned seed = 20240101;
    rig_handler(rig, "t.lua", echo);
    open_unseeded(rig);
    rig_machine(rig, "m", chain);
    const char *machine = rig->arn;
    char *kind = strstr(machine, ":stateMachine:");
    for (unsigned round = 0; round < 6; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            snprintf(name, sizeof(name), "r%u-%u", round, i);
            documents[i] = large_document(i % 3 ? 300000 : 1000, i);
            started[i] = rig_ask_start(rig, name, documents[i]);
        }
        for (unsigned turn = 0; turn < 60; turn++) {
            unsigned what = (seed = seed * 1103515245 + 12345) >> 16;
            if (what % 8 == 0) {
                snprintf(arn, sizeof(arn), "%.*s:execution:%s:r%u-%u",
                         (int)(kind - machine), machine,
                         strrchr(machine, ':') + 1, round, what / 8 % MANY);
                rig_ask_stop(rig, arn, NULL, NULL);
            } else if (what % 97 == 1) {
                rig_crash(rig);
                open_unseeded(rig);
            } else {
                rig_turns(rig, what % 5);
            }
        }
        for (unsigned i = 0; i < MANY; i++) {
            snprintf(arn, sizeof(arn), "%.*s:execution:%s:r%u-%u",
                     (int)(kind - machine), machine,
                     strrchr(machine, ':') + 1, round, i);
            struct rig_reply *end =
                rig_reply_of(rig, rig_ask_wait(rig, arn, 60000));
            if (end->refused) /* not acknowledged before a crash */
                assert_false(started[i]->done);
            else if (end->status == WF_EXECUTION_SUCCEEDED)
                assert_passed(end, documents[i]);
            else
                assert_int_equal(end->status, WF_EXECUTION_ABORTED);
            if (!end->refused)
                rig_history(rig, arn); /* checks it */
            free(documents[i]);
        }
    }
    assert_int_equal(atomic_load(&loop_scans), 0);
}

/* Closing with jobs under way: whatever they do, nothing is left behind. */
static void it_closes_in_the_middle(void **state) {
    struct rig *rig = *state;
    char *document = large_document(600000, 7);
    rig_handler(rig, "t.lua", echo);
    open_unseeded(rig);
    rig_machine(rig, "m", every_state);
    for (unsigned i = 0; i < 20; i++) {
        rig_ask_start(rig, NULL, document);
        rig_turns(rig, i * 3);
        rig_crash(rig);
        open_unseeded(rig);
    }
    free(document);
}

/* ---- determinism ---- */

static char *seeded_run(struct rig *rig, const char *document) {
    struct wf_buf all = {0};
    const char *arns[4];
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'P','States':{'P':{'Type':'Pass','Parameters':{"
                "'l.$':'$.list','u.$':'States.UUID()',"
                "'r.$':'States.MathRandom(1,1000000)'},'Next':'Q'},"
                "'Q':{'Type':'Pass','Parameters':{'u.$':'$.u','r.$':'$.r',"
                "'q.$':'States.UUID()'},'End':true}}}");
    for (int i = 0; i < 4; i++)
        arns[i] = rig_start(rig, NULL, i % 2 ? "{'list':[]}" : document);
    for (int i = 0; i < 4; i++)
        wf_buf_addf(&all, "%s\n", rig_end(rig, arns[i])->output);
    wf_buf_u8(&all, 0);
    rig_close(rig);
    rig_wipe(rig);
    return all.data;
}

static void a_seed_decides_for_threads_too(void **state) {
    struct rig *rig = *state;
    char *document = large_document(300000, 1);
    char *first = seeded_run(rig, document);
    wf_clock_init_virtual(&rig->clock, 0);
    wf_clock_seed(&rig->clock, 7);
    char *second = seeded_run(rig, document);
    assert_string_equal(first, second);
    free(first);
    free(second);
    free(document);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(the_loop_parses_nothing_large),
        ENGINE_TEST_REAL(documents_read_back_are_not_parsed_there_either),
        ENGINE_TEST_BOTH(what_is_no_json_is_refused),
        ENGINE_TEST_BOTH(what_takes_long_a_thread_does),
        ENGINE_TEST_BOTH(iterations_are_asked_for_again),
        ENGINE_TEST_BOTH(too_large_a_result_fails_the_state),
        ENGINE_TEST_MEMORY(a_stop_is_faster),
        ENGINE_TEST_MEMORY(of_two_failures_the_first_counts),
        ENGINE_TEST_BOTH(a_crash_decides_again),
        ENGINE_TEST_BOTH(anything_may_come_between),
        ENGINE_TEST_BOTH(it_closes_in_the_middle),
        ENGINE_TEST_MEMORY(a_seed_decides_for_threads_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
