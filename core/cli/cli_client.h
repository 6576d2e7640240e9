/*
 * cli_client.h - what the commands that ask a server share.
 */
#ifndef WF_CLI_CLIENT_H
#define WF_CLI_CLIENT_H

#include "cli.h"
#include "cli_http.h"

static inline struct wf_str wf_cli_text(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

/* ---- cli_client.c ---- */

/** Writes the line, without blanks at its end, and empties it; false (and a
 * message) if stdout is gone. */
bool wf_cli_print_line(struct wf_buf *line);
/** The answer as it is, on a line. An exit status. */
int wf_cli_print_json(struct wf_doc *reply);
/** Calls with a body of one member, an ARN. An exit status. */
int wf_cli_call_arn(const struct wf_options *options, const char *target,
                    const char *member, struct wf_str arn,
                    struct wf_doc **reply);
/** The member `status` of a description is that. */
bool wf_cli_has_status(struct wf_value execution, const char *status);
/** On stderr: that it did not succeed, and why. Returns WF_EXIT_FAILED. */
int wf_cli_tell_failure(struct wf_value execution);
/** "2024-01-01 12:00:01", nothing for 0, and two blanks. */
void wf_cli_add_date(struct wf_buf *line, int64_t ms);
/** How long an execution took, if it has ended. */
void wf_cli_add_duration(struct wf_buf *line, struct wf_value execution);
/** "title     member's text" on a line of its own, if there is one. */
bool wf_cli_show_member(struct wf_value object, const char *title,
                        const char *member);
/** When it started and ended, and how long that was. */
bool wf_cli_show_times(struct wf_value execution);

/* ---- the commands ---- */

/** list; history without --follow; map-runs; machines without an argument. */
int wf_cli_pages(const struct wf_options *options);
/** show, of a Map Run. */
int wf_cli_show_map_run(const struct wf_options *options, struct wf_str arn);
/** Appends how many items of a described Map Run are done: "80/100". */
void wf_cli_add_done(struct wf_buf *line, struct wf_value run);
/** Appends a line of a described Map Run: "moonstep: LABEL: 20 items
 * succeeded, 3 running". */
void wf_cli_add_counts(struct wf_buf *line, struct wf_value run);
/** Appends the label in a Map Run's ARN. */
void wf_cli_add_label(struct wf_buf *out, struct wf_str arn);
int wf_cli_follow(const struct wf_options *options);
int wf_cli_stop(const struct wf_options *options);
int wf_cli_pause(const struct wf_options *options);
int wf_cli_signal(const struct wf_options *options);
int wf_cli_vars(const struct wf_options *options);
int wf_cli_schedule(const struct wf_options *options);
int wf_cli_backup(const struct wf_options *options);
int wf_cli_notifications(const struct wf_options *options);
int wf_cli_stats(const struct wf_options *options);
int wf_cli_top(const struct wf_options *options);
int wf_cli_triggers(const struct wf_options *options);
int wf_cli_redrive(const struct wf_options *options);
/** Appends members of a request from an open brace on: what is to be other when
 * an execution goes on. An exit status. */
int wf_cli_read_fix(const struct wf_options *options, struct wf_buf *fix);
/** The ARN; of a dry run also where it would go on, or why it would not, if
 * the member `can` says so. An exit status. */
int wf_cli_print_place(struct wf_str arn, struct wf_value reply,
                       const char *can);
int wf_cli_fork(const struct wf_options *options);
/** An execution has been started: its ARN or, with --wait, what becomes of
 * it. An exit status. */
int wf_cli_started(const struct wf_options *options, struct wf_doc *reply);

/* ---- cli_search.c ---- */

#define WF_CLI_SEARCH "Moonstep.SearchExecutions"

/** Appends what the options of a search ask for, as members. `machine` NULL:
 * all; `statuses`, ended by NULL: unless --status says which. An exit
 * status. */
int wf_cli_add_search(const struct wf_options *options, const char *machine,
                      const char *const *statuses, struct wf_buf *body);
/** On stderr: on how many executions the condition has failed, if any. */
void wf_cli_tell_conditions(struct wf_value page);

/** Of what could not be done in bulk: whether its error is that, */
bool wf_cli_has_error(struct wf_value refused, const char *error);
/** and what it is, on stderr. Returns WF_EXIT_FAILED. */
int wf_cli_tell_refused(struct wf_value refused);

struct wf_cli_each {
    const struct wf_options *options;
    const char *const *statuses;
    bool act; /**< False: only counts them. */
    /** The server's operation that does it, a page at a time; NULL: `run`
     * does it, one by one. */
    const char *bulk;
    void (*add)(void *arg, struct wf_buf *body); /**< Its other members. */
    /** Of each; with `bulk` it has been done. */
    void (*run)(void *arg, struct wf_str execution_arn);
    /** That of `bulk` which could not be done: executionArn, error. */
    void (*refused)(void *arg, struct wf_value refused);
    void *arg;
};
/** Goes through all that the search finds. An exit status. */
int wf_cli_each_found(const struct wf_cli_each *each, size_t *found);

int wf_cli_send(const struct wf_options *options);
/** machines STATE-MACHINE, create, update, delete. */
int wf_cli_machines(const struct wf_options *options);
/** publish; alias. */
int wf_cli_publish(const struct wf_options *options);
int wf_cli_alias(const struct wf_options *options);
/** Deletes the version, or the alias, that the ARN names. */
int wf_cli_delete_qualified(const struct wf_options *options,
                            const struct wf_buf *arn);
/** Whether a state machine's ARN has a version or an alias behind it. */
bool wf_cli_is_qualified(const struct wf_buf *arn);
/** Appends where a described alias leads to: "7=90 8=10". */
void wf_cli_add_routes(struct wf_buf *line, struct wf_value alias);
/** Prints a member of the answer; with --json the answer. An exit status. */
int wf_cli_print_member(const struct wf_options *options,
                        struct wf_doc *reply, const char *member);
/** Creates the state machine of a file; its ARN is appended to `arn`. */
int wf_cli_create_machine(const struct wf_options *options, const char *file,
                          bool is_express, struct wf_buf *arn);

#endif
