/*
 * main.c - the moonstep program: finds the command and runs it.
 *
 * Started as `moonstep --worker-process` (by the pool, never by people) it is
 * a worker: see worker.h.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "lua_stdlib.h"
#include "suggest.h"
#include "worker.h"

static int unknown_topic(const char *topic) {
    struct wf_suggest suggest = {.word = topic};

    wf_suggest_offer(&suggest, "config");
    wf_suggest_offer(&suggest, "man");
    wf_suggest_offer(&suggest, "asl");
    for (const struct wf_command *c = wf_command_table; c->name != NULL; c++)
        wf_suggest_offer(&suggest, c->name);
    if (suggest.best != NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "there is no help on \"%s\"; did "
                           "you mean \"%s\"?", topic, suggest.best);
    return wf_cli_fail(WF_EXIT_USAGE, "there is no help on \"%s\"; `moonstep "
                       "help` lists the commands", topic);
}

static int print_help(const char *topic) {
    const struct wf_command *command = NULL;
    struct wf_buf text = {0};
    bool is_printed;

    if (topic != NULL && strcmp(topic, "config") == 0) {
        wf_help_config(&text);
    } else if (topic != NULL && strcmp(topic, "man") == 0) {
        wf_help_man(MOONSTEP_VERSION, &text);
    } else {
        command = topic != NULL ? wf_command_find(topic) : NULL;
        if (topic != NULL && command == NULL)
            return unknown_topic(topic);
        wf_help_command(command, &text);
    }
    is_printed = wf_cli_print((struct wf_str){text.data, text.len});
    wf_buf_free(&text);
    return is_printed ? WF_EXIT_OK : WF_EXIT_ENGINE;
}

static int explain(const struct wf_options *options) {
    const char *topic = wf_options_arg(options, 0);
    const char *further = wf_options_arg(options, 1);

    if (topic != NULL && strcmp(topic, "asl") == 0)
        return wf_cli_help_asl(options);
    if (further != NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "help: one argument too many: "
                           "\"%s\"", further);
    return print_help(topic);
}

static int run_command(const struct wf_options *options) {
    const struct wf_command *command = wf_options_command(options);

    if (wf_option_flag(options, "help") && command->bit != WF_COMMAND_HELP)
        return print_help(command->name);
    switch (command->bit) {
    case WF_COMMAND_RUN:
        return wf_cli_run(options);
    case WF_COMMAND_SERVE:
        return wf_cli_serve(options);
    case WF_COMMAND_START:
    case WF_COMMAND_LIST:
    case WF_COMMAND_SEARCH:
    case WF_COMMAND_SHOW:
    case WF_COMMAND_HISTORY:
    case WF_COMMAND_MAP_RUNS:
    case WF_COMMAND_STOP:
    case WF_COMMAND_PAUSE:
    case WF_COMMAND_RESUME:
    case WF_COMMAND_SIGNAL:
    case WF_COMMAND_VARS:
    case WF_COMMAND_REDRIVE:
    case WF_COMMAND_FORK:
    case WF_COMMAND_SEND:
    case WF_COMMAND_MACHINES:
    case WF_COMMAND_CREATE:
    case WF_COMMAND_UPDATE:
    case WF_COMMAND_DELETE:
    case WF_COMMAND_PUBLISH:
    case WF_COMMAND_VERSIONS:
    case WF_COMMAND_ALIASES:
    case WF_COMMAND_ALIAS:
    case WF_COMMAND_STATS:
    case WF_COMMAND_TOP:
    case WF_COMMAND_TRIGGERS:
    case WF_COMMAND_BACKUP:
    case WF_COMMAND_NOTIFICATIONS:
    case WF_COMMAND_SCHEDULE:
        return wf_cli_client(options);
    case WF_COMMAND_CHECK:
        return wf_cli_check(options);
    case WF_COMMAND_GRAPH:
        return wf_cli_graph(options);
    case WF_COMMAND_EVAL:
        return wf_cli_eval(options);
    case WF_COMMAND_TEST_STATE:
        return wf_cli_test_state(options);
    case WF_COMMAND_NEW:
        return wf_cli_new(options);
    case WF_COMMAND_VALIDATE:
        return wf_cli_validate(options);
    case WF_COMMAND_VERIFY:
        return wf_cli_verify(options);
    case WF_COMMAND_WORKER:
        return wf_cli_worker(options);
    case WF_COMMAND_VERSION:
        return wf_cli_version();
    case WF_COMMAND_HELP:
        break;
    }
    return explain(options);
}

int main(int argc, char **argv) {
    struct wf_options *options;
    struct wf_error err;
    int status;

    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    setlocale(LC_CTYPE, ""); /* says whether the terminal takes UTF-8 */
    signal(SIGPIPE, SIG_IGN);
    options = wf_options_new(argc, argv, environ, &err);
    if (options == NULL)
        return wf_cli_fail(WF_EXIT_USAGE, "%s", err.message);
    status = run_command(options);
    wf_options_free(options);
    return status;
}
