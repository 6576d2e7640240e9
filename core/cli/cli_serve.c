/*
 * cli_serve.c - `moonstep serve`: a store, an engine and the API, until a
 * signal stops them.
 *
 * Stopping: the API takes no more connections, long polls are answered, what
 * was asked for becomes durable and is answered, too, and only then the engine
 * goes; a second signal ends at once. Whoever asks meanwhile is heard by the
 * next server, if a service manager keeps the socket (notify.h). A store that
 * died ends the process at once too: recovery starts from disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api.h"
#include "cli.h"
#include "cli_security.h"
#include "cli_serve_log.h"
#include "cli_serve_triggers.h"
#include "cli_serve_workflows.h"
#include "engine.h"
#include "execution_log.h"
#include "item_bucket.h"
#include "notify.h"
#include "severity.h"

enum { MOST_FILES = 65536, MOST_CONNECTIONS = 16384, OTHER_FILES = 256 };

/* Who is unanswered when all is durable has so long; looked at in steps. */
#define ANSWERS_NS UINT64_C(1000000000)
#define LOOK_S 0.01

struct server {
    const struct wf_options *options;
    struct ev_loop *loop;
    struct wf_clock clock;
    struct wf_serve_log says;
    struct wf_store *store;
    struct wf_engine *engine;
    struct wf_api *api;
    struct wf_cli_security security;
    struct wf_cli_triggers triggers;
    struct wf_workflows *workflows; /* NULL: none */
    const char **handlers;
    struct wf_execution_log *log; /* NULL: none */
    struct wf_item_stores stores;
    ev_signal signals[2], reload;
    ev_timer look; /* whether requests are unanswered, when stopping */
    uint64_t answers_until_ns;
    bool is_stopping;
    int status;
};

static const struct wf_serve_field NONE = {0};

static void say(const struct server *server, const char *text) {
    wf_serve_say(&server->says, WF_SERVE_INFO, NONE, "%s", text);
}

static void on_notice(void *arg, const char *text) {
    static const enum wf_serve_level levels[] = {
        [WF_SEVERITY_ERROR] = WF_SERVE_ERROR,
        [WF_SEVERITY_WARNING] = WF_SERVE_WARNING,
        [WF_SEVERITY_NOTICE] = WF_SERVE_NOTICE};
    const struct server *server = arg;
    enum wf_severity severity = wf_severity_take(&text);
    wf_serve_say(&server->says, levels[severity], NONE, "%s", text);
}

static void on_store_state(void *arg, enum wf_store_state state,
                           const struct wf_error *err) {
    struct server *server = arg;
    const char *why = err != NULL ? err->message : "no reason known";
    const struct wf_serve_field field = {"error", why};

    if (state == WF_STORE_DEAD) {
        wf_serve_say(&server->says, WF_SERVE_ERROR, field,
                     "the store failed, stopping at once: %s", why);
        server->status = WF_EXIT_ENGINE;
        server->is_stopping = true;
        ev_break(server->loop, EVBREAK_ALL);
    } else if (state == WF_STORE_FULL) {
        wf_serve_say(&server->says, WF_SERVE_ERROR, field,
                     "no room, refusing new work: %s", why);
    } else {
        say(server, "there is room again");
    }
}

/* ---- stopping ---- */

static void is_flushed(void *arg) {
    struct server *server = arg;

    ev_break(server->loop, EVBREAK_ALL);
}

static void is_durable(void *arg);

static void look_again(struct ev_loop *loop, ev_timer *timer, int revents) {
    struct server *server = timer->data;

    (void)loop;
    (void)revents;
    wf_engine_end_polls(server->engine);
    wf_engine_flush(server->engine, is_durable, server);
}

/* What was asked for is durable, and answered; but for those who wait for the
 * end of an execution, or whose request a thread reads. Tasks that could not
 * be handed over to a poll are then offered again: that has to be durable,
 * too. */
static void is_durable(void *arg) {
    struct server *server = arg;

    if (wf_api_stop(server->api) != 0 &&
        wf_clock_mono_ns() < server->answers_until_ns) {
        ev_timer_init(&server->look, look_again, LOOK_S, 0);
        server->look.data = server;
        ev_timer_start(server->loop, &server->look);
        return;
    }
    wf_api_free(server->api);
    server->api = NULL;
    wf_engine_flush(server->engine, is_flushed, server);
}

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int revents) {
    struct server *server = watcher->data;

    (void)loop;
    (void)revents;
    if (server->is_stopping)
        _exit(WF_EXIT_INTERRUPTED); /* asked twice */
    server->is_stopping = true;
    say(server, "stopping");
    wf_notify("STOPPING=1");
    wf_api_stop(server->api);
    wf_triggers_stop(server->triggers.triggers);
    wf_engine_end_polls(server->engine);
    server->answers_until_ns = wf_clock_mono_ns() + ANSWERS_NS;
    wf_engine_flush(server->engine, is_durable, server);
}

static void on_reload(struct ev_loop *loop, ev_signal *watcher, int revents) {
    struct server *server = watcher->data;

    (void)loop;
    (void)revents;
    if (server->is_stopping)
        return;
    if (wf_option_text(server->options, "keys") != NULL)
        wf_cli_security_reload(&server->security, server->engine,
                               &server->api);
    wf_cli_triggers_reload(&server->triggers);
    if (server->log != NULL)
        wf_execution_log_reopen(server->log);
}

static void signals_start(struct server *server) {
    static const int numbers[] = {SIGINT, SIGTERM};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ev_signal_init(&server->signals[i], on_signal, numbers[i]);
        server->signals[i].data = server;
        ev_signal_start(server->loop, &server->signals[i]);
    }
    if (wf_option_text(server->options, "keys") == NULL &&
        server->triggers.path == NULL && server->log == NULL &&
        !wf_notify_is_heard())
        return; /* then it is SIGHUP's usual end, but for a service */
    ev_signal_init(&server->reload, on_reload, SIGHUP);
    server->reload.data = server;
    ev_signal_start(server->loop, &server->reload);
}

/* ---- starting ---- */

static void on_handlers_read(void *arg) {
    struct server *server = arg;

    wf_workflows_read(server->workflows);
}

static void workflows_open(struct server *server) {
    const struct wf_workflows_options with = {
        .options = server->options,
        .loop = server->loop,
        .engine = server->engine,
        .notice = on_notice,
        .arg = server,
    };

    server->workflows = wf_workflows_open(&with);
}

static int engine_open(struct server *server,
                       const struct wf_engine_options *engine,
                       struct wf_error *err) {
    const struct wf_options *o = server->options;
    struct wf_store_options store = {
        .directory = wf_option_text(o, "data"),
        .limit_bytes = (uint64_t)wf_option_number(o, "store-bytes"),
    };
    static const struct wf_engine_events events = {
        .notice = on_notice,
        .handlers_read = on_handlers_read,
    };

    if (wf_store_open_lmdb(server->loop, &store, &server->store, err) != 0)
        return -1;
    wf_store_watch(server->store, on_store_state, server);
    return wf_engine_open(server->loop, &server->clock, server->store,
                          engine, &events, server, &server->engine, err);
}

/* As many as the system lets us have open files, for long polls; some are
 * for the rest. */
static unsigned connections_of(void) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < limit.rlim_max && limit.rlim_cur < MOST_FILES) {
        limit.rlim_cur = limit.rlim_max < MOST_FILES ? limit.rlim_max
                                                     : MOST_FILES;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= MOST_CONNECTIONS + OTHER_FILES)
        return MOST_CONNECTIONS;
    return limit.rlim_cur > OTHER_FILES + (rlim_t)OTHER_FILES
               ? (unsigned)limit.rlim_cur - OTHER_FILES
               : OTHER_FILES;
}

/* A payload is escaped into a JSON string on its way here. */
static int api_open(struct server *server, struct wf_error *err) {
    const struct wf_options *o = server->options;
    unsigned connections = connections_of();
    int socket = wf_notify_socket();
    struct wf_api_options api = {
        .profile = wf_profile_find(wf_option_text(o, "profile")),
        .http = {
            .listen = wf_option_text(o, "listen"),
            .listen_fd = socket,
            .insecure = wf_option_flag(o, "insecure"),
            .connections = connections,
            .body_bytes =
                2 * (size_t)wf_option_number(o, "payload-bytes") + (2 << 20),
        },
    };

    if (socket < 0)
        return wf_error_set(err, WF_E_INVALID,
                            "LISTEN_FDS: a server takes one socket");
    wf_cli_security_apply(&server->security, &api);
    api.triggers = server->triggers.triggers;
    int rc = wf_api_new(server->loop, server->engine, &api, &server->api,
                        err);
    wf_cli_security_forget(&server->security);
    return rc;
}

/* The address as given, with the port that was taken for port 0. */
static void say_listening(struct server *server) {
    const char *listen = wf_option_text(server->options, "listen");
    const char *colon = strrchr(listen, ':');
    int host = (int)(colon != NULL ? (size_t)(colon - listen)
                                   : strlen(listen));
    char url[256];

    const char *tls = wf_option_text(server->options, "tls-cert");

    if (tls == NULL && !wf_api_is_loopback(server->api))
        on_notice(server, WF_WARNING "without --tls-cert, whoever is on the "
                          "way can read what is sent");
    snprintf(url, sizeof(url), "http%s://%.*s:%u", tls != NULL ? "s" : "",
             host, listen, wf_api_port(server->api));
    wf_serve_say(&server->says, WF_SERVE_INFO,
                 (struct wf_serve_field){"url", url}, "listening on %s", url);
    wf_engine_set_api_endpoint(server->engine, url);
}

static int log_open(struct server *server, struct wf_engine_options *engine,
                    struct wf_error *err) {
    const struct wf_execution_log_options options = {
        .loop = server->loop,
        .destination = wf_option_text(server->options, "logs"),
        .headers = wf_option_text(server->options, "logs-headers"),
        .notice = on_notice,
        .arg = server,
    };
    const char *to = options.destination;
    bool is_url = to != NULL && wf_execution_log_is_url(to);

    if (options.headers != NULL && !is_url)
        return wf_error_set(err, WF_E_INVALID, "--logs-headers is for --logs "
                                               "with a URL");
    if (to == NULL)
        return 0;
    if (!is_url && strcmp(to, "-") != 0 &&
        wf_cli_files_apart(server->options, "logs", to, err) != 0)
        return -1;
    if (is_url && options.headers != NULL &&
        wf_cli_files_apart(server->options, "logs-headers", options.headers,
                           err) != 0)
        return -1;
    if (wf_execution_log_open(&options, &server->log, err) != 0)
        return -1;
    engine->log = server->log;
    return 0;
}

static int64_t retention_ms(const struct wf_options *o) {
    int64_t days = wf_option_number(o, "retention-days");

    return days > 0 && days < INT64_MAX / 86400000 ? days * 86400000
                                                    : INT64_MAX;
}

static int triggers_start(struct server *server, struct wf_error *err) {
    const struct wf_triggers_options with = {
        .loop = server->loop,
        .engine = server->engine,
        .audit = server->security.audit,
        .notice = on_notice,
        .arg = server,
    };

    return wf_cli_triggers_start(&server->triggers, &with, err);
}

static int refuse(const struct server *server, const struct wf_error *err) {
    return wf_serve_fail(&server->says,
                         err->code == WF_E_INVALID ? WF_EXIT_USAGE
                                                   : WF_EXIT_ENGINE,
                         err->message);
}

static int server_open(struct server *server) {
    const struct wf_options *o = server->options;
    struct wf_engine_options engine;
    struct wf_error err = {0};

    wf_clock_init_real(&server->clock);
    server->says = (struct wf_serve_log){
        &server->clock,
        strcmp(wf_option_text(o, "log-format"), "json") == 0,
        wf_serve_level_of(wf_option_text(o, "log-level"))};
    server->loop = ev_loop_new(EVFLAG_AUTO);
    if (server->loop == NULL)
        return wf_serve_fail(&server->says, WF_EXIT_ENGINE, "no event loop");
    if (wf_cli_security_open(o, server->loop, on_notice, server,
                             &server->security, &err) != 0)
        return refuse(server, &err);
    wf_cli_engine_options(o, &engine);
    engine.handlers = server->handlers = wf_workflows_handlers(o);
    engine.retention_ms = retention_ms(o);
    engine.notifications = wf_option_text(o, "notifications");
    if (wf_cli_stores(o, wf_option_text(o, "data"), &engine, &server->stores,
                      &err) != 0)
        return wf_serve_fail(&server->says, WF_EXIT_USAGE, err.message);
    if (wf_cli_triggers_open(o, &server->triggers, &err) != 0 ||
        log_open(server, &engine, &err) != 0)
        return wf_serve_fail(&server->says, WF_EXIT_USAGE, err.message);
    if (engine_open(server, &engine, &err) != 0)
        return wf_serve_fail(&server->says, WF_EXIT_ENGINE, err.message);
    workflows_open(server);
    if (triggers_start(server, &err) != 0 || api_open(server, &err) != 0)
        return refuse(server, &err);
    return WF_EXIT_OK;
}

static void server_close(struct server *server) {
    wf_api_free(server->api);
    wf_workflows_close(server->workflows);
    if (server->engine != NULL)
        wf_engine_close(server->engine);
    wf_cli_triggers_close(&server->triggers);
    wf_store_close(server->store);
    wf_execution_log_close(server->log); /* may run the loop for a while */
    wf_cli_security_close(&server->security);
    if (server->loop != NULL)
        ev_loop_destroy(server->loop);
    free(server->handlers);
}

int wf_cli_serve(const struct wf_options *options) {
    struct server server = {.options = options};

    server.status = server_open(&server);
    if (server.status == WF_EXIT_OK) {
        signals_start(&server);
        say_listening(&server);
        wf_notify("READY=1");
        ev_run(server.loop, 0);
    }
    server_close(&server);
    return server.status;
}
