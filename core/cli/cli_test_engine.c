/* cli_test_engine.c - an engine for one call. See cli_test_state.h. */
#include <stdio.h>
#include <sys/stat.h>

#include "api_call.h"
#include "cli_http_impl.h"
#include "cli_run.h"
#include "cli_test_state.h"
#include "severity.h"

struct test {
    const struct wf_options *options;
    struct ev_loop *loop;
    struct wf_clock clock;
    struct wf_run_store place;
    struct wf_store *store;
    struct wf_engine *engine;
    struct wf_buf handlers;
    const char *handler_list[2];
    struct wf_api_call call;
    struct wf_buf answer;
    unsigned status; /* of HTTP; 0: none yet */
};

static void on_log(void *arg, struct wf_str execution, struct wf_str state,
                   uint64_t entered, const char *stream, struct wf_str line) {
    (void)arg;
    (void)execution;
    (void)state;
    (void)entered;
    fprintf(stderr, "%s: %.*s\n", stream, (int)line.len, line.data);
}

static void on_notice(void *arg, const char *text) {
    wf_severity_take(&text);
    (void)arg;
    fprintf(stderr, "moonstep: %s\n", text);
}

/* Those given, else handlers/ beside the file, if it is there. */
static const char *const *handler_directories(struct test *test,
                                              const char *file) {
    const char *const *given = wf_option_list(test->options, "handlers");
    const char *slash = strrchr(file, '/');
    struct stat info;

    if (given != NULL)
        return given;
    if (slash != NULL)
        wf_buf_add(&test->handlers, file, (size_t)(slash + 1 - file));
    wf_buf_adds(&test->handlers, "handlers");
    wf_buf_u8(&test->handlers, 0);
    if (stat(test->handlers.data, &info) != 0 || !S_ISDIR(info.st_mode))
        return NULL;
    test->handler_list[0] = test->handlers.data;
    return test->handler_list;
}

static int open_engine(struct test *test, const char *file,
                       struct wf_error *err) {
    const struct wf_options *o = test->options;
    static const struct wf_engine_events events = {.log = on_log,
                                                   .notice = on_notice};
    struct wf_engine_options engine = {
        .profile = wf_profile_find(wf_option_text(o, "profile")),
        .handlers = handler_directories(test, file),
        .states = wf_option_list(o, "states"),
        .lua_directory = wf_option_text(o, "lua-directory"),
        .service_endpoints = wf_option_list(o, "service-endpoint"),
        .service_models = wf_option_text(o, "service-models"),
        .connections = wf_option_text(o, "connections"),
        .http_allow = wf_option_list(o, "http-allow"),
        .lambda_endpoint = wf_option_text(o, "lambda-endpoint"),
        .region = wf_option_text(o, "region"),
        .account = wf_option_text(o, "account"),
        .workers = 1,
        .payload_bytes = (size_t)wf_option_number(o, "payload-bytes"),
    };
    struct wf_store_options store = {.no_sync = true};

    wf_clock_init_real(&test->clock);
    test->loop = ev_loop_new(EVFLAG_AUTO);
    if (test->loop == NULL)
        return wf_error_set(err, WF_E_INTERNAL, "no event loop");
    if (wf_run_store_init(&test->place, NULL, err) != 0)
        return -1;
    store.directory = test->place.directory;
    if (wf_store_open_lmdb(test->loop, &store, &test->store, err) != 0)
        return -1;
    return wf_engine_open(test->loop, &test->clock, test->store, &engine,
                          &events, NULL, &test->engine, err);
}

static void close_engine(struct test *test) {
    if (test->engine != NULL)
        wf_engine_close(test->engine);
    wf_store_close(test->store);
    wf_run_store_deinit(&test->place);
    wf_buf_free(&test->handlers);
    wf_buf_free(&test->answer);
    if (test->loop != NULL)
        ev_loop_destroy(test->loop);
}

static void on_done(struct wf_api_call *call, unsigned status) {
    struct test *test = call->arg;

    test->status = status;
    ev_break(test->loop, EVBREAK_ALL);
}

static int take_answer(struct test *test, struct wf_doc **reply) {
    struct wf_error err = {0};
    struct wf_buf why = {0};
    int status = WF_EXIT_OK;

    *reply = wf_doc_parse((struct wf_str){test->answer.data,
                                          test->answer.len}, NULL, &err);
    if (test->status == 200 && *reply != NULL)
        return status;
    wf_cli_exception(&why, WF_TEST_STATE_TARGET, test->status, "the engine",
                     *reply);
    status = wf_cli_fail(test->status < 500 ? WF_EXIT_FAILED : WF_EXIT_ENGINE,
                         "%.*s", (int)why.len, why.data);
    wf_buf_free(&why);
    wf_doc_unref(*reply);
    *reply = NULL;
    return status;
}

int wf_cli_test_in_process(const struct wf_options *options, const char *file,
                           struct wf_str body, struct wf_doc **reply) {
    struct test test = {.options = options, .place = {.lock = -1}};
    struct wf_error err = {0};
    int status;

    *reply = NULL;
    if (open_engine(&test, file, &err) != 0) {
        status = wf_cli_fail(WF_EXIT_ENGINE, "%s", err.message);
    } else {
        test.call = (struct wf_api_call){
            .caller.rights = WF_RIGHTS_ALL,
            .engine = test.engine,
            .profile = wf_profile_find(wf_option_text(options, "profile")),
            .out = &test.answer,
            .done = on_done,
            .arg = &test,
        };
        wf_api_call_run(&test.call, wf_str(WF_TEST_STATE_TARGET), body);
        if (test.status == 0)
            ev_run(test.loop, 0);
        status = take_answer(&test, reply);
    }
    close_engine(&test);
    return status;
}
