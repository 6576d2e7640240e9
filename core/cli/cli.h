/*
 * cli.h - the commands of the moonstep program.
 *
 * Each command is a function of the options that returns the exit status.
 * stdout carries data (an output, a table, JSON), stderr what people read.
 */
#ifndef WF_CLI_H
#define WF_CLI_H

#include <stdio.h>

#include "base.h"
#include "engine.h"
#include "options.h"

/** Exit statuses; part of the contract, listed by every --help. */
enum wf_exit {
    WF_EXIT_OK = 0,
    WF_EXIT_FAILED = 1,      /**< The workflow failed; invalid definition. */
    WF_EXIT_USAGE = 2,       /**< Command line or configuration. */
    WF_EXIT_ENGINE = 3,      /**< Engine or store. */
    WF_EXIT_UNREACHABLE = 4, /**< No server there. */
    WF_EXIT_INTERRUPTED = 130,
};

int wf_cli_run(const struct wf_options *options);
int wf_cli_serve(const struct wf_options *options);
/** The commands on executions and state machines: over HTTP to
 * --endpoint. */
int wf_cli_client(const struct wf_options *options);
/** graph: needs no server. */
int wf_cli_graph(const struct wf_options *options);
/** check: reads a store; needs no server. */
int wf_cli_check(const struct wf_options *options);
/** eval: needs no server. */
int wf_cli_eval(const struct wf_options *options);
/** test-state: with an engine of its own, or over HTTP to --endpoint. */
int wf_cli_test_state(const struct wf_options *options);
/** Offline: what is wrong with definitions. */
int wf_cli_validate(const struct wf_options *options);
/** help asl: the fields of a type of states. */
int wf_cli_help_asl(const struct wf_options *options);
/** worker: handlers as workers of activities of --endpoint. */
int wf_cli_worker(const struct wf_options *options);
/** verify: an audit log. */
int wf_cli_verify(const struct wf_options *options);
/** new: a project to begin with. */
int wf_cli_new(const struct wf_options *options);
int wf_cli_version(void);

/* ---- what commands share (cli.c) ---- */

/** Prints "moonstep: …" to stderr; returns `status`. */
int wf_cli_fail(enum wf_exit status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Appends what --input names: its text, a file or stdin. */
int wf_cli_input(const struct wf_options *options, struct wf_buf *input,
                 struct wf_error *err);
/** The same of any text of that form: JSON, @FILE, or - for stdin. */
int wf_cli_text_of(const char *text, struct wf_buf *input,
                   struct wf_error *err);
/** Appends what can be read; `name` is for messages. */
int wf_cli_read_stream(FILE *file, const char *name, struct wf_buf *content,
                       struct wf_error *err);
/** Appends the bytes of a file. */
int wf_cli_read_file(const char *path, struct wf_buf *content,
                     struct wf_error *err);
/** Appends the name for the state machine of a file: --machine, or the
 * file's without directory and .asl.json, other characters made '-'. */
void wf_cli_machine_name(const struct wf_options *options, const char *file,
                         struct wf_buf *name);
/** Appends the name that a file gives: as above, without --machine. */
void wf_cli_name_of_file(const char *file, struct wf_buf *name);
/** Appends an ARN of --region and --account: kind is "stateMachine" or
 * "execution". What begins with "arn:" is appended as it is. */
void wf_cli_arn(const struct wf_options *options, const char *kind,
                const char *name, struct wf_buf *arn);
/** The settings of the engine. Borrows the options. */
void wf_cli_engine_options(const struct wf_options *options,
                           struct wf_engine_options *engine);
/**
 * Where data sets may be: fills `stores` and gives it to the engine, whose
 * handlers and states are known by now. A root that overlaps them or the
 * store's directory is refused. Borrows the options.
 */
int wf_cli_stores(const struct wf_options *options, const char *data,
                  struct wf_engine_options *engine,
                  struct wf_item_stores *stores, struct wf_error *err);
/** Refuses a file (NULL: none) that is below a root of --files; `what` is the
 * option that named it. */
int wf_cli_files_apart(const struct wf_options *options, const char *what,
                       const char *file, struct wf_error *err);
/** Writes all of it to stdout; false (and a message) if that fails. */
bool wf_cli_print(struct wf_str text);

#endif
