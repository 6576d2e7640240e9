/*
 * cli_worker.c - `moonstep worker`: what it is asked to do, and its end. See
 * cli_worker.h.
 */
#include "cli_worker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arn.h"
#include "cli_http_impl.h"
#include "notify.h"
#include "term.h"

#define GRACE_S 30.0  /* for handlers, after the first signal */
#define FAREWELL_S 10.0 /* then for answers */

enum { MOST_POLLS = 64, MOST_POLLS_OF_ALL = 384, MOST_PLACES = 100000 };

void wf_cli_worker_say(struct wf_cli_worker *worker, const char *format,
                       ...) {
    struct wf_buf line = {0};
    char text[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    wf_term_date(&line, wf_clock_now_ms(&worker->clock));
    wf_buf_u8(&line, ' ');
    wf_term_text(&line, wf_str(text), SIZE_MAX, true);
    fprintf(stderr, "%.*s\n", (int)line.len, line.data);
    wf_buf_free(&line);
}

/* ---- stopping ---- */

static void end_if_idle(struct wf_cli_worker *worker) {
    if (worker->is_stopping && worker->task_count == 0)
        ev_break(worker->loop, EVBREAK_ALL);
}

static void on_grace_over(struct ev_loop *loop, ev_timer *timer, int events) {
    struct wf_cli_worker *worker = timer->data;

    (void)events;
    if (worker->is_over) {
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    worker->is_over = true;
    worker->status = WF_EXIT_FAILED;
    wf_cli_worker_say(worker, "handlers that still run are ended");
    wf_cli_tasks_give_up(worker);
    ev_timer_set(&worker->grace, FAREWELL_S, 0);
    ev_timer_start(loop, &worker->grace);
}

void wf_cli_worker_stop(struct wf_cli_worker *worker) {
    if (worker->is_stopping)
        return;
    worker->is_stopping = true;
    wf_notify("STOPPING=1");
    for (size_t i = 0; i < worker->activity_count; i++)
        wf_cli_polls_stop(&worker->activities[i]);
    wf_cli_worker_say(worker, "stopping, with tasks under way: %zu",
                      worker->task_count);
    ev_now_update(worker->loop);
    ev_timer_init(&worker->grace, on_grace_over, GRACE_S, 0);
    worker->grace.data = worker;
    ev_timer_start(worker->loop, &worker->grace);
    end_if_idle(worker);
}

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int events) {
    struct wf_cli_worker *worker = watcher->data;

    (void)loop;
    (void)events;
    if (worker->is_stopping)
        _exit(WF_EXIT_INTERRUPTED); /* asked twice */
    wf_cli_worker_stop(worker);
}

void wf_cli_worker_has_room(struct wf_cli_activity *activity) {
    wf_cli_polls_start(activity);
    end_if_idle(activity->worker);
}

/* ---- which activities, and their handlers ---- */

static int part_of(struct wf_str arn, int number, struct wf_str *part) {
    for (; number > 0 && arn.len > 0; arn.data++, arn.len--)
        number -= arn.data[0] == ':';
    part->data = arn.data;
    for (part->len = 0; part->len < arn.len && arn.data[part->len] != ':';)
        part->len++;
    return number == 0 && part->len > 0 ? 0 : -1;
}

static bool has_file(const struct wf_bundle *bundle, struct wf_str path) {
    const struct wf_buf *stored = &bundle->stored;
    struct wf_reader in = {stored->data, stored->data + stored->len, false};

    wf_read_u8(&in); /* the version */
    for (uint64_t left = wf_read_varint(&in); left > 0 && !in.bad; left--) {
        if (wf_str_eq(wf_read_text(&in), path))
            return true;
        wf_read_text(&in);
    }
    return false;
}

/* Whether there is a file for MODULE.FUNCTION; else what is missing. */
static int handler_check(const struct wf_bundle *bundle, const char *function,
                         struct wf_error *err) {
    const char *dot = strrchr(function, '.');
    struct wf_buf path = {0};
    bool is_there;

    if (dot == NULL || dot == function || dot[1] == '\0')
        return wf_error_set(err, WF_E_INVALID, "--activity: \"%s\" is no "
                            "handler, which is called MODULE.FUNCTION; "
                            "ARN=MODULE.FUNCTION names another one",
                            function);
    wf_buf_add(&path, function, (size_t)(dot - function));
    wf_buf_adds(&path, ".lua");
    is_there = has_file(bundle, (struct wf_str){path.data, path.len});
    for (size_t i = 0; i < (size_t)(dot - function); i++)
        if (path.data[i] == '.')
            path.data[i] = '/';
    is_there =
        is_there || has_file(bundle, (struct wf_str){path.data, path.len});
    if (!is_there)
        wf_error_set(err, WF_E_INVALID, "--activity: the handlers have no "
                     "file %.*s for \"%s\"", (int)path.len, path.data,
                     function);
    wf_buf_free(&path);
    return is_there ? 0 : -1;
}

static int activity_read(struct wf_cli_activity *activity, const char *given,
                         struct wf_error *err) {
    struct wf_cli_worker *worker = activity->worker;
    const char *equals = strrchr(given, '=');
    char *name = wf_strndup(given, equals ? (size_t)(equals - given)
                                          : strlen(given));
    struct wf_buf text = {0};
    struct wf_arn arn;
    struct wf_str region;
    int rc;

    wf_cli_arn(worker->options, "activity", name, &text);
    activity->arn = wf_strndup(text.data, text.len);
    if (!wf_arn_parse(wf_str(activity->arn), &arn) ||
        !wf_str_eq(arn.kind, WF_STR("activity")) ||
        part_of(wf_str(activity->arn), 3, &region) != 0) {
        rc = wf_error_set(err, WF_E_INVALID, "--activity: \"%s\" is no ARN "
                          "of an activity", name);
    } else {
        activity->region = wf_strndup(region.data, region.len);
        activity->function = equals != NULL
                                 ? wf_strndup(equals + 1, strlen(equals + 1))
                                 : wf_strndup(arn.name.data, arn.name.len);
        rc = handler_check(&worker->bundle, activity->function, err);
    }
    wf_buf_free(&text);
    free(name);
    return rc;
}

static int activities_read(struct wf_cli_worker *worker,
                           const char *const *given, struct wf_error *err) {
    size_t count = 0;

    while (given != NULL && given[count] != NULL)
        count++;
    if (count == 0)
        return wf_error_set(err, WF_E_INVALID, "worker: --activity says "
                            "whose tasks are worked on");
    if (count * worker->most_polls > MOST_POLLS_OF_ALL)
        return wf_error_set(err, WF_E_INVALID, "worker: %zu activities with "
                            "--polls %zu are more than %d polls", count,
                            worker->most_polls, MOST_POLLS_OF_ALL);
    worker->activities = wf_calloc(count, sizeof(*worker->activities));
    worker->activity_count = count;
    for (size_t i = 0; i < count; i++) {
        worker->activities[i].worker = worker;
        wf_cli_polls_init(&worker->activities[i]);
    }
    for (size_t i = 0; i < count; i++)
        if (activity_read(&worker->activities[i], given[i], err) != 0)
            return -1;
    return 0;
}

/* ---- starting ---- */

static int numbers_read(struct wf_cli_worker *worker, struct wf_error *err) {
    const struct wf_options *o = worker->options;
    int64_t concurrency = wf_option_number(o, "concurrency");
    int64_t polls = wf_option_number(o, "polls");
    int64_t heartbeat = wf_option_number(o, "heartbeat");

    if (concurrency < 1 || concurrency > MOST_PLACES)
        return wf_error_set(err, WF_E_INVALID, "--concurrency: from 1 to %d",
                            MOST_PLACES);
    if (polls < 1 || polls > MOST_POLLS)
        return wf_error_set(err, WF_E_INVALID, "--polls: from 1 to %d",
                            MOST_POLLS);
    if (heartbeat > INT32_MAX)
        return wf_error_set(err, WF_E_INVALID, "--heartbeat: at most %d",
                            INT32_MAX);
    worker->concurrency = (size_t)concurrency;
    worker->most_polls = (size_t)polls;
    worker->heartbeat_s = (double)heartbeat;
    return 0;
}

static int endpoint_check(const char *url, struct wf_error *err) {
    if (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
        return 0;
    return wf_error_set(err, WF_E_INVALID, "--endpoint: \"%s\" is no URL of "
                        "http or https", url);
}

static void names_read(struct wf_cli_worker *worker) {
    const char *given = wf_option_text(worker->options, "worker-name");
    const char *session = wf_cli_variable("AWS_SESSION_TOKEN");
    struct wf_buf text = {0};
    char host[65] = "";

    gethostname(host, sizeof(host) - 1);
    if (given != NULL)
        wf_buf_adds(&text, given);
    else
        wf_buf_addf(&text, "%.64s:%ld", host, (long)getpid());
    worker->name = wf_strndup(text.data, text.len);
    text.len = 0;
    if (session != NULL) {
        wf_buf_addf(&text, "X-Amz-Security-Token: %s", session);
        worker->token_header = wf_strndup(text.data, text.len);
    }
    wf_buf_free(&text);
}

static int settings_read(struct wf_cli_worker *worker, struct wf_error *err) {
    const struct wf_options *o = worker->options;
    const char *const *handlers = wf_option_list(o, "handlers");

    if (handlers == NULL)
        return wf_error_set(err, WF_E_INVALID, "worker: --handlers says "
                            "where the handlers are");
    if (endpoint_check(wf_option_text(o, "endpoint"), err) != 0 ||
        numbers_read(worker, err) != 0 ||
        wf_bundle_read(handlers, &worker->bundle, err) != 0 ||
        activities_read(worker, wf_option_list(o, "activity"), err) != 0)
        return -1;
    names_read(worker);
    return 0;
}

static void signals_start(struct wf_cli_worker *worker) {
    static const int numbers[] = {SIGINT, SIGTERM};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ev_signal_init(&worker->signals[i], on_signal, numbers[i]);
        worker->signals[i].data = worker;
        ev_signal_start(worker->loop, &worker->signals[i]);
    }
}

static int worker_open(struct wf_cli_worker *worker) {
    const struct wf_options *o = worker->options;
    struct wf_pool_options pool = {
        .workers = (unsigned)wf_option_number(o, "workers"),
        .lua_directory = wf_option_text(o, "lua-directory"),
        .region = wf_option_text(o, "region"),
    };
    struct wf_error err = {0};

    wf_clock_init_real(&worker->clock);
    wf_cli_tasks_init(worker);
    worker->loop = ev_loop_new(EVFLAG_AUTO);
    if (worker->loop == NULL)
        return wf_cli_fail(WF_EXIT_ENGINE, "no event loop");
    if (settings_read(worker, &err) != 0)
        return wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    worker->fetcher = wf_fetcher_new(worker->loop);
    worker->pool = wf_pool_new(worker->loop, &pool,
                               &wf_cli_worker_pool_events, worker);
    if (worker->fetcher == NULL || worker->pool == NULL)
        return wf_cli_fail(WF_EXIT_ENGINE, "worker: no connections can be "
                           "made");
    return WF_EXIT_OK;
}

/* ---- the whole ---- */

static void activities_free(struct wf_cli_worker *worker) {
    for (size_t i = 0; i < worker->activity_count; i++) {
        struct wf_cli_activity *activity = &worker->activities[i];

        wf_cli_polls_stop(activity);
        free(activity->arn);
        free(activity->function);
        free(activity->region);
    }
    free(worker->activities);
}

static void worker_close(struct wf_cli_worker *worker) {
    if (worker->pool != NULL)
        wf_pool_free(worker->pool);
    size_t left = wf_cli_tasks_free(worker);
    if (left > 0)
        wf_cli_worker_say(worker, "tasks that could not be answered: %zu",
                          left);
    activities_free(worker);
    wf_fetcher_free(worker->fetcher);
    wf_bundle_deinit(&worker->bundle);
    free(worker->name);
    free(worker->token_header);
    if (worker->loop != NULL)
        ev_loop_destroy(worker->loop);
}

int wf_cli_worker(const struct wf_options *options) {
    struct wf_cli_worker worker = {.options = options};

    worker.status = worker_open(&worker);
    if (worker.status == WF_EXIT_OK) {
        signals_start(&worker);
        for (size_t i = 0; i < worker.activity_count; i++) {
            struct wf_cli_activity *activity = &worker.activities[i];
            wf_cli_worker_say(&worker, "%s: tasks of %s", activity->function,
                              activity->arn);
            wf_cli_polls_start(activity);
        }
        wf_notify("READY=1");
        ev_run(worker.loop, 0);
    }
    worker_close(&worker);
    return worker.status;
}
