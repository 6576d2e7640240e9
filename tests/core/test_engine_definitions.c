/*
 * test_engine_definitions.c - large definitions: a thread checks them and
 * draws them, the loop answers others meanwhile, and whatever comes in between
 * is noticed.
 *
 * The linker leads the calls that take long through this file, which notes on
 * which thread they are made, and holds threads back while a gate is closed.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "graph.h"
#include "lua_stdlib.h"
#include "machine.h"
#include "script.h"
#include "worker.h"

static pthread_t loop_thread;
static atomic_uint loop_calls, thread_calls;

static pthread_mutex_t gate_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_opened = PTHREAD_COND_INITIALIZER;
static bool gate_is_closed;

static void set_gate(bool closed) {
    pthread_mutex_lock(&gate_mutex);
    gate_is_closed = closed;
    pthread_cond_broadcast(&gate_opened);
    pthread_mutex_unlock(&gate_mutex);
}

static void note_call(void) {
    if (pthread_equal(pthread_self(), loop_thread)) {
        atomic_fetch_add(&loop_calls, 1);
        return;
    }
    atomic_fetch_add(&thread_calls, 1);
    pthread_mutex_lock(&gate_mutex);
    while (gate_is_closed)
        pthread_cond_wait(&gate_opened, &gate_mutex);
    pthread_mutex_unlock(&gate_mutex);
}

int __real_wf_definition_check(struct wf_script *script, struct wf_str text,
                               const struct wf_profile *profile, bool express,
                               struct wf_buf *diagnostics,
                               struct wf_error *err);
int __wrap_wf_definition_check(struct wf_script *script, struct wf_str text,
                               const struct wf_profile *profile, bool express,
                               struct wf_buf *diagnostics,
                               struct wf_error *err);
int __wrap_wf_definition_check(struct wf_script *script, struct wf_str text,
                               const struct wf_profile *profile, bool express,
                               struct wf_buf *diagnostics,
                               struct wf_error *err) {
    note_call();
    return __real_wf_definition_check(script, text, profile, express,
                                      diagnostics, err);
}

void __real_wf_script_diagnose(struct wf_script *script, struct wf_str text,
                               const struct wf_profile *profile, bool express,
                               wf_diagnostics_fn *report, void *arg);
void __wrap_wf_script_diagnose(struct wf_script *script, struct wf_str text,
                               const struct wf_profile *profile, bool express,
                               wf_diagnostics_fn *report, void *arg);
void __wrap_wf_script_diagnose(struct wf_script *script, struct wf_str text,
                               const struct wf_profile *profile, bool express,
                               wf_diagnostics_fn *report, void *arg) {
    note_call();
    __real_wf_script_diagnose(script, text, profile, express, report, arg);
}

int __real_wf_graph_draw(struct wf_script *script, struct wf_str definition,
                         const char *format, struct wf_buf *picture,
                         struct wf_error *err);
int __wrap_wf_graph_draw(struct wf_script *script, struct wf_str definition,
                         const char *format, struct wf_buf *picture,
                         struct wf_error *err);
int __wrap_wf_graph_draw(struct wf_script *script, struct wf_str definition,
                         const char *format, struct wf_buf *picture,
                         struct wf_error *err) {
    note_call();
    return __real_wf_graph_draw(script, definition, format, picture, err);
}

/* An engine that is not seeded: a seeded one uses no threads. */
static void open_unseeded(struct rig *rig) {
    loop_thread = pthread_self();
    atomic_store(&loop_calls, 0);
    atomic_store(&thread_calls, 0);
    set_gate(false);
    rig->clock.seeded = false;
    rig_open(rig);
}

/* A machine of one state, Pass, with so many bytes of comment. Owned. */
static char *definition_of(const char *type, size_t bytes) {
    struct wf_buf text = {0};
    wf_buf_adds(&text, "{\"StartAt\":\"A\",\"Comment\":\"");
    while (text.len < bytes)
        wf_buf_adds(&text, "large ");
    wf_buf_addf(&text, "\",\"States\":{\"A\":{\"Type\":\"%s\",\"End\":true}}}",
                type);
    wf_buf_u8(&text, 0);
    return text.data;
}

#define LARGE (WF_DEFINITION_LARGE + 1)

/* A request that the loop answers without a thread. */
static void assert_answers(struct rig *rig) {
    struct rig_reply *other = rig_ask_machine(
        rig, "other", "{'StartAt':'A','States':{'A':{'Type':'Succeed'}}}",
        false);
    assert_false(rig_reply_of(rig, other)->refused);
}

static void the_loop_answers_meanwhile(void **state) {
    struct rig *rig = *state;
    char *definition = definition_of("Pass", LARGE);
    open_unseeded(rig);
    set_gate(true);
    struct rig_reply *reply = rig_ask_machine(rig, "m", definition, false);
    assert_answers(rig);
    assert_false(reply->done);
    set_gate(false);
    assert_false(rig_reply_of(rig, reply)->refused);
    assert_int_equal(loop_calls, 0);
    assert_int_equal(thread_calls, 1);
    rig_machine(rig, "m", definition); /* the same once more */
    assert_int_equal(thread_calls, 1);
    assert_int_equal(rig_end(rig, rig_start(rig, NULL, "{}"))->status,
                     WF_EXECUTION_SUCCEEDED);
    free(definition);
}

static void what_is_wrong_is_refused(void **state) {
    struct rig *rig = *state;
    char *definition = definition_of("Nonsense", LARGE);
    open_unseeded(rig);
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_machine(rig, "m", definition, false));
    assert_string_equal(reply->exception, "InvalidDefinition");
    rig_assert_has(reply->message, "Invalid State Machine Definition: '"
                                   "SCHEMA_VALIDATION_FAILED");
    assert_int_equal(thread_calls, 1);
    definition[strlen(definition) - 1] = ' ';
    reply = rig_reply_of(rig, rig_ask_machine(rig, "m", definition, false));
    assert_string_equal(reply->exception, "InvalidDefinition");
    rig_assert_has(reply->message, "INVALID_JSON_DESCRIPTION");
    free(definition);
    assert_answers(rig);
}

static void the_name_is_taken_meanwhile(void **state) {
    struct rig *rig = *state;
    char *definition = definition_of("Pass", LARGE);
    open_unseeded(rig);
    set_gate(true);
    struct rig_reply *reply = rig_ask_machine(rig, "other", definition,
                                              false);
    assert_answers(rig);
    set_gate(false);
    rig_reply_of(rig, reply);
    assert_string_equal(reply->exception, "StateMachineAlreadyExists");
    free(definition);
}

static void on_updated(void *arg, const struct wf_refusal *refusal,
                       const struct wf_state_machine_reply *reply) {
    bool *done = arg;
    assert_null(refusal);
    assert_true(reply->revision_id.len > 0);
    *done = true;
}

static void updates_are_checked_there_too(void **state) {
    struct rig *rig = *state;
    char *definition = definition_of("Pass", LARGE);
    bool done = false;
    open_unseeded(rig);
    rig_machine(rig, "m",
                "{'StartAt':'A','States':{'A':{'Type':'Pass','End':true}}}");
    struct wf_update_state_machine ask = {
        .arn = wf_str(rig->arn),
        .definition = wf_str(definition),
    };
    set_gate(true);
    wf_engine_update_state_machine(rig->engine, &ask, on_updated, &done);
    assert_answers(rig);
    assert_false(done);
    set_gate(false);
    rig_until(rig, &done);
    assert_int_equal(thread_calls, 1);
    assert_int_equal(rig_end(rig, rig_start(rig, NULL, "{}"))->status,
                     WF_EXECUTION_SUCCEEDED);
    free(definition);
}

struct findings {
    struct rig *rig;
    bool done;
    size_t count;
    struct wf_buf text;
};

static void on_findings(void *arg, const struct wf_diagnostic *list,
                        size_t count) {
    struct findings *findings = arg;
    findings->done = true;
    findings->count = count;
    for (size_t i = 0; i < count; i++) {
        wf_buf_addstr(&findings->text, list[i].code);
        wf_buf_u8(&findings->text, ' ');
        wf_buf_addstr(&findings->text, list[i].location);
        wf_buf_u8(&findings->text, '\n');
    }
    wf_buf_u8(&findings->text, 0);
}

static struct findings validate(struct rig *rig, size_t bytes) {
    struct findings findings = {.rig = rig};
    char *definition = definition_of("Nonsense", bytes);
    set_gate(true);
    wf_engine_validate_definition(rig->engine, wf_str(definition), false,
                                  on_findings, &findings);
    free(definition);
    assert_int_equal(findings.done, bytes < LARGE);
    set_gate(false);
    rig_until(rig, &findings.done);
    return findings;
}

static void findings_are_the_same(void **state) {
    struct rig *rig = *state;
    open_unseeded(rig);
    struct findings small = validate(rig, 10);
    assert_int_equal(thread_calls, 0);
    struct findings large = validate(rig, LARGE);
    assert_int_equal(thread_calls, 1);
    assert_true(small.count > 0);
    assert_string_equal(small.text.data, large.text.data);
    wf_buf_free(&small.text);
    wf_buf_free(&large.text);
}

struct layout {
    bool done;
    char exception[64];
    struct wf_buf text;
};

static void on_layout(void *arg, const struct wf_refusal *refusal,
                      struct wf_str text) {
    struct layout *layout = arg;
    layout->done = true;
    layout->text.len = 0;
    layout->exception[0] = '\0';
    if (refusal)
        strncat(layout->exception, refusal->exception, 63);
    wf_buf_addstr(&layout->text, refusal ? refusal->message : text);
    wf_buf_u8(&layout->text, 0);
}

static void lay_out(struct rig *rig, const char *definition, const char *arn,
                    struct layout *layout) {
    struct wf_layout_graph ask = {wf_str(definition), wf_str(arn)};
    layout->done = false;
    wf_engine_layout_graph(rig->engine, &ask, on_layout, layout);
    rig_until(rig, &layout->done);
}

static void a_thread_lays_out_graphs(void **state) {
    struct rig *rig = *state;
    struct layout one = {0}, other = {0};
    char *definition = definition_of("Pass", 10);
    open_unseeded(rig);
    lay_out(rig, definition, NULL, &one);
    rig_assert_has(one.text.data, "{\"width\":");
    rig_assert_has(one.text.data, "\"id\":\"/States/A\"");
    rig_machine(rig, "m", definition);
    lay_out(rig, NULL, rig->arn, &other);
    assert_string_equal(one.text.data, other.text.data);
    assert_int_equal(loop_calls, 0);
    assert_int_equal(thread_calls, 2);
    lay_out(rig, "[1,", NULL, &other);
    assert_string_equal(other.exception, "InvalidDefinition");
    rig_assert_has(other.text.data, "Invalid State Machine Definition: '");
    lay_out(rig, NULL, "arn:aws:states:us-east-1:000000000000:stateMachine:x",
            &other);
    assert_string_equal(other.exception, "StateMachineDoesNotExist");
    wf_buf_free(&one.text);
    wf_buf_free(&other.text);
    free(definition);
}

static void must_not_come(void *arg, const struct wf_refusal *refusal,
                          struct wf_str text) {
    (void)arg, (void)refusal, (void)text;
    fail();
}

/* Nobody is told, and nothing is leaked. */
static void it_closes_in_the_middle(void **state) {
    struct rig *rig = *state;
    char *definition = definition_of("Pass", LARGE);
    struct wf_layout_graph ask = {.definition = wf_str(definition)};
    open_unseeded(rig);
    set_gate(true);
    struct rig_reply *reply = rig_ask_machine(rig, "m", definition, false);
    wf_engine_layout_graph(rig->engine, &ask, must_not_come, NULL);
    wf_engine_layout_graph(rig->engine, &ask, must_not_come, NULL);
    set_gate(false);
    rig_crash(rig);
    assert_false(reply->done);
    free(definition);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(the_loop_answers_meanwhile),
        ENGINE_TEST_MEMORY(what_is_wrong_is_refused),
        ENGINE_TEST_BOTH(the_name_is_taken_meanwhile),
        ENGINE_TEST_MEMORY(updates_are_checked_there_too),
        ENGINE_TEST_MEMORY(findings_are_the_same),
        ENGINE_TEST_BOTH(a_thread_lays_out_graphs),
        ENGINE_TEST_MEMORY(it_closes_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
