/*
 * test_pool.c - tasks that run in worker processes and come to an end by
 * themselves: results, failures, logs, checkpoints, bundles. What goes wrong
 * with processes is in test_pool_faults.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "pool_fixture.h"

static const char handlers[] =
    "local test = require('test')\n"
    "local t = {}\n"
    "function t.echo(input) return input end\n"
    "function t.nothing() end\n"
    "function t.answer(input) return { sum = input.a + input.b } end\n"
    "function t.named() error({ Error = 'My.Error', Cause = 'because' }) end\n"
    "function t.json_cause() error({ Error = 'E', Cause = { n = 1 } }) end\n"
    "local function deep() error('boom') end\n"
    "function t.boom() deep() end\n"
    "function t.object() error({ code = 7 }) end\n"
    "function t.bytes() error('\\255\\254 bad') end\n"
    "function t.func() return { f = print } end\n"
    "function t.yields() coroutine.yield(1) end\n"
    "function t.sleep(ms) return test.sleep(ms) end\n"
    "function t.inner(ms)\n"
    "  local f = coroutine.wrap(function(a)\n"
    "    local b = coroutine.yield(a + 1)\n"
    "    local ok, s = pcall(test.sleep, ms)\n"
    "    return b .. s\n"
    "  end)\n"
    "  return { f(1), f('x') }\n"
    "end\n"
    "function t.fields(_, task)\n"
    "  return { task.token, task.attempt, task.idempotency_key, task.state,\n"
    "    tostring(task.deadline), tostring(task.cursor), test.key() }\n"
    "end\n"
    "function t.beat(_, task) for _ = 1, 100 do task:heartbeat() end end\n"
    "function t.log(_, task) task:log('one', 2) print('a\\nb', nil) end\n"
    "function t.flood()\n"
    "  local line = ('x'):rep(99)\n"
    "  for _ = 1, 100000 do print(line) end\n"
    "  return 'flooded'\n"
    "end\n"
    "function t.store(_, task)\n"
    "  task:checkpoint({ at = 7 })\n"
    "  return { task.cursor.at }\n"
    "end\n"
    "function t.keep(_, task) t.kept = task return 1 end\n"
    "function t.use_kept() t.kept:heartbeat() end\n"
    "function t.libraries()\n"
    "  local cjson = require('cjson')\n"
    "  return { cjson.encode({ 1 }), type(require('ffi').C),\n"
    "    type(require('json').decode) }\n"
    "end\n"
    "function t.global() leaked = (leaked or 0) + 1 return leaked end\n"
    "return t\n";

static int setup(void **state) {
    struct fixture *fixture = fixture_new(NULL);

    fixture_bundle(fixture, "b", handlers);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    fixture_free(*state);
    return 0;
}

static void assert_text(const struct wf_buf *buf, const char *text) {
    assert_string_equal(buf->data ? buf->data : "", text);
}

static void assert_holds(const struct wf_buf *buf, const char *text) {
    if (!buf->data || !strstr(buf->data, text))
        fail_msg("\"%s\" is not in: %s", text, buf->data);
}

static void an_untouched_input_comes_back_to_the_byte(void **state) {
    static const char text[] =
        "{\"z\":1,\"a\":[],\"o\":{},\"n\":null,\"big\":12345678901234567890,"
        "\"f\":1.0,\"e\":1e400,\"u\":\"\\u00e9\",\"a\":[ 1 , 2 ]}";
    struct fixture_task *task = fixture_run(*state, 1, "t.echo", text);

    assert_int_equal(task->how, WF_TASK_SUCCEEDED);
    assert_text(&task->output, text);
    assert_int_equal(task->started, 1);
}

static void results_are_encoded(void **state) {
    struct fixture_task *task =
        fixture_run(*state, 1, "t.answer", "{\"a\":1,\"b\":2}");

    assert_text(&task->output, "{\"sum\":3}");
    task = fixture_run(*state, 2, "t.nothing", "{}");
    assert_text(&task->output, "null");
    task = fixture_run(*state, 3, "t.func", "{}");
    assert_int_equal(task->how, WF_TASK_FAILED);
    assert_holds(&task->cause, "output.f");
}

static void a_named_error_is_kept(void **state) {
    struct fixture_task *task = fixture_run(*state, 1, "t.named", "{}");

    assert_int_equal(task->how, WF_TASK_FAILED);
    assert_text(&task->error, "My.Error");
    assert_text(&task->cause, "because");
    task = fixture_run(*state, 2, "t.json_cause", "{}");
    assert_text(&task->cause, "{\"n\":1}");
}

static void any_other_error_has_its_traceback(void **state) {
    struct fixture_task *task = fixture_run(*state, 1, "t.boom", "{}");

    assert_text(&task->error, "States.TaskFailed");
    assert_holds(&task->cause, "t.lua:8: boom\nstack traceback:");
    assert_holds(&task->cause, "t.lua:9: in function");
    task = fixture_run(*state, 2, "t.object", "{}");
    assert_holds(&task->cause, "{\"code\":7}");
    task = fixture_run(*state, 3, "t.bytes", "{}");
    assert_holds(&task->cause, "?? bad");
    task = fixture_run(*state, 4, "t.yields", "{}");
    assert_holds(&task->cause, "coroutine.yield() was called outside");
}

static void what_is_missing_is_named(void **state) {
    struct fixture *fixture = *state;
    struct fixture_task *task = fixture_run(*state, 1, "t.nope", "{}");

    assert_text(&task->error, "States.TaskFailed");
    assert_holds(&task->cause, "t.lua has no function nope; it has answer,");
    task = fixture_run(*state, 2, "other.f", "{}");
    assert_holds(&task->cause, "there is no file other.lua; the handlers "
                               "have t.lua");
    task = fixture_run(*state, 3, "nodot", "{}");
    assert_holds(&task->cause, "lua:module.function");
    fixture_send_to(fixture, "unknown", 4, "t.echo", "{}", 0);
    task = fixture_end(fixture, 4);
    assert_holds(&task->cause, "there are no handlers");
}

static void a_broken_module_fails_its_tasks(void **state) {
    struct fixture *fixture = *state;

    fixture_bundle(fixture, "syntax", "return {");
    fixture_bundle(fixture, "raises", "error('at load')");
    fixture_bundle(fixture, "waits", "require('test').sleep(1)");
    fixture_bundle(fixture, "number", "return 7");
    static const char *const causes[][2] = {
        {"syntax", "t.lua:1:"},
        {"raises", "t.lua:1: at load"},
        {"waits", "while a module is being loaded"},
        {"number", "must return a table of functions, it returned number"},
    };
    for (uint64_t i = 0; i < 4; i++) {
        fixture_send_to(fixture, causes[i][0], i + 1, "t.f", "{}", 0);
        assert_holds(&fixture_end(fixture, i + 1)->cause, causes[i][1]);
    }
}

static void modules_require_each_other_and_libraries(void **state) {
    struct fixture *fixture = *state;

    fixture_file(fixture, "m", "main.lua",
                 "local part = require('lib.part')\n"
                 "return { f = function(i) return part.twice(i) end }\n");
    fixture_file(fixture, "m", "lib/part.lua",
                 "return { twice = function(i) return 2 * i end }\n");
    fixture_file(fixture, "m", "loop.lua", "require('loop')");
    fixture_send_to(fixture, "m", 1, "main.f", "21", 0);
    assert_text(&fixture_end(fixture, 1)->output, "42");
    fixture_send_to(fixture, "m", 2, "loop.f", "21", 0);
    assert_holds(&fixture_end(fixture, 2)->cause, "in a circle");
    fixture_send_to(fixture, "m", 3, "lib.part.twice", "4", 0);
    assert_text(&fixture_end(fixture, 3)->output, "8");
    assert_text(&fixture_run(fixture, 4, "t.libraries", "{}")->output,
                "[\"[1]\",\"userdata\",\"function\"]");
}

static void a_new_bundle_runs_beside_an_old_one(void **state) {
    struct fixture *fixture = *state;

    fixture_bundle(fixture, "v1", "return { f = function() g = 1 "
                                  "return 'one' end }");
    fixture_bundle(fixture, "v2", "return { f = function() "
                                  "return { 'two', g == nil } end }");
    for (uint64_t id = 1; id <= 20; id++)
        fixture_send_to(fixture, id % 2 ? "v1" : "v2", id, "t.f", "{}", 0);
    for (uint64_t id = 1; id <= 20; id++)
        assert_text(&fixture_end(fixture, id)->output,
                    id % 2 ? "\"one\"" : "[\"two\",true]");
    assert_int_equal(fixture->bundles[1].wanted, 1);
    assert_text(&fixture_run(fixture, 30, "t.global", "{}")->output, "1");
    assert_text(&fixture_run(fixture, 31, "t.global", "{}")->output, "2");
}

static void handlers_see_their_task(void **state) {
    char text[256];
    struct fixture_task *task = fixture_run(*state, 5, "t.fields", "{}");

    snprintf(text, sizeof(text),
             "[\"token-5\",1,\"%d/5\",\"S\",\"nil\",\"nil\",\"%d/5\"]",
             (int)getpid(), (int)getpid());
    assert_text(&task->output, text);
    fixture_run(*state, 6, "t.keep", "{}");
    task = fixture_run(*state, 7, "t.use_kept", "{}");
    assert_holds(&task->cause, "the task is over");
}

static void a_thousand_handlers_sleep_at_once(void **state) {
    struct fixture *fixture = *state;
    ev_tstamp start;

    fixture_run(fixture, 1, "t.nothing", "{}");
    start = ev_time();
    for (uint64_t id = 2; id <= 1000; id++)
        fixture_send(fixture, id, "t.sleep", "300");
    fixture_until_size(fixture, &fixture->ended, 1000);
    for (uint64_t id = 2; id <= 1000; id++)
        assert_text(&fixture->tasks[id].output, "\"slept\"");
    assert_true(ev_time() - start >= 0.3);
    assert_true(ev_time() - start < 10); /* one by one: 300 s */
}

static void waiting_works_in_coroutines_and_below_pcall(void **state) {
    struct fixture_task *task = fixture_run(*state, 1, "t.inner", "20");

    assert_text(&task->output, "[2,\"xslept\"]");
}

static void heartbeats_and_logs_arrive(void **state) {
    struct fixture_task *task = fixture_run(*state, 1, "t.beat", "{}");

    assert_in_range(task->heartbeats, 1, 5);
    task = fixture_run(*state, 2, "t.log", "{}");
    assert_text(&task->log, "log: one 2\nlog: a\nlog: b\tnil\n");
}

static void a_flood_of_output_is_cut_and_counted(void **state) {
    struct fixture_task *task = fixture_run(*state, 1, "t.flood", "{}");
    unsigned long long lost = 0, bytes = 0;

    assert_text(&task->output, "\"flooded\"");
    assert_in_range(task->log.len, 100000, 2000000); /* of 10 MB */
    size_t lines = 0;
    for (char *at = task->log.data; (at = strstr(at, "log: ")); at++) {
        unsigned long long n;
        if (sscanf(at, "log: (%llu lines of output were left out, %llu", &n,
                   &bytes) == 2)
            lost += n;
        else
            lines++;
    }
    assert_int_equal(lines + lost, 100000);
}

static void a_checkpoint_waits_until_it_is_stored(void **state) {
    struct fixture *fixture = *state;
    struct fixture_task *task = &fixture->tasks[1];

    fixture->hold_checkpoints = true;
    fixture_send(fixture, 1, "t.store", "{}");
    fixture_until(fixture, &task->checkpoints, 1);
    assert_text(&task->checkpoint, "{\"at\":7}");
    fixture_run(fixture, 2, "t.sleep", "20"); /* time enough to go on */
    assert_int_equal(task->ends, 0);
    wf_pool_checkpoint_stored(fixture->pool, 1);
    assert_text(&fixture_end(fixture, 1)->output, "[7]");
}

static void a_task_starts_from_its_last_checkpoint(void **state) {
    struct fixture *fixture = *state;
    struct wf_pool_task task = {
        .id = 1,
        .bundle = WF_STR("c"),
        .function = WF_STR("t.f"),
        .input = WF_STR("{}"),
        .checkpoint = WF_STR("{\"row\":9}"),
        .virtual_now_ms = 1000,
    };

    fixture_bundle(fixture, "c",
                   "local test = require('test')\n"
                   "return { f = function(_, task)\n"
                   "  test.sleep(3600000)\n" /* virtual: no wait */
                   "  return { task.cursor.row, test.now_ms() }\n"
                   "end }");
    wf_pool_dispatch(fixture->pool, &task);
    assert_text(&fixture_end(fixture, 1)->output, "[9,3601000]");
}

static void large_payloads_pass(void **state) {
    size_t len = 8u << 20;
    char *text = malloc(len + 3);

    memset(text, 'x', len + 2);
    text[0] = text[len + 1] = '"';
    text[len + 2] = '\0';
    struct fixture_task *task = fixture_run(*state, 1, "t.echo", text);
    assert_int_equal(task->how, WF_TASK_SUCCEEDED);
    assert_true(strcmp(task->output.data, text) == 0);
    free(text);
}

static void tasks_beyond_the_room_are_queued(void **state) {
    struct wf_pool_options options = {.workers = 1, .tasks_per_worker = 10};
    struct fixture *fixture = fixture_new(&options);

    (void)state;
    fixture_bundle(fixture, "b", handlers);
    assert_int_equal(wf_pool_room(fixture->pool), 10);
    for (uint64_t id = 1; id <= 50; id++)
        fixture_send(fixture, id, "t.sleep", "5");
    assert_int_equal(wf_pool_room(fixture->pool), 0);
    assert_int_equal(wf_pool_busy(fixture->pool), 50);
    fixture_until_size(fixture, &fixture->ended, 50);
    assert_int_equal(wf_pool_busy(fixture->pool), 0);
    assert_int_equal(wf_pool_pids(fixture->pool, NULL, 0), 1);
    fixture_free(fixture);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_untouched_input_comes_back_to_the_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(results_are_encoded, setup, teardown),
        cmocka_unit_test_setup_teardown(a_named_error_is_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(any_other_error_has_its_traceback,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_missing_is_named, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_broken_module_fails_its_tasks,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            modules_require_each_other_and_libraries, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_bundle_runs_beside_an_old_one,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(handlers_see_their_task, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_thousand_handlers_sleep_at_once,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            waiting_works_in_coroutines_and_below_pcall, setup, teardown),
        cmocka_unit_test_setup_teardown(heartbeats_and_logs_arrive, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_output_is_cut_and_counted,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_checkpoint_waits_until_it_is_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_task_starts_from_its_last_checkpoint, setup, teardown),
        cmocka_unit_test_setup_teardown(large_payloads_pass, setup, teardown),
        cmocka_unit_test(tasks_beyond_the_room_are_queued),
    };
    int worker = fixture_worker(argc, argv);

    if (worker >= 0)
        return worker;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
