/*
 * cli_http.h - calls of a server's API, for the client commands: one call that
 * blocks; and sessions for long polls, which signals interrupt and which live
 * through a server's restart.
 */
#ifndef WF_CLI_HTTP_H
#define WF_CLI_HTTP_H

#include "cli.h"
#include "doc.h"

/**
 * Calls operation `target` ("AWSStepFunctions.StartExecution") of --endpoint.
 * On success `reply` is the answer (wf_doc_unref it) and the status is
 * WF_EXIT_OK; else a message was printed: WF_EXIT_FAILED if the server
 * refused, WF_EXIT_ENGINE if it is in trouble, WF_EXIT_UNREACHABLE.
 */
int wf_cli_call(const struct wf_options *options, const char *target,
                struct wf_str body, struct wf_doc **reply);

/** A connection that is kept. While it exists SIGINT and SIGTERM interrupt
 * its calls instead of ending the process. */
struct wf_cli_session;

struct wf_cli_session *wf_cli_session_new(const struct wf_options *options,
                                          struct wf_error *err);
void wf_cli_session_free(struct wf_cli_session *session); /* NULL is fine */
/**
 * One call. If the server has answered before (another call counts:
 * wf_cli_session_reached) and is gone now, it is tried again for ten minutes,
 * with a note on stderr. Statuses as of wf_cli_call(), and
 * WF_EXIT_INTERRUPTED.
 */
int wf_cli_session_call(struct wf_cli_session *session, const char *target,
                        struct wf_str body, struct wf_doc **reply);
/** The same, but once, and without a word if it fails. */
int wf_cli_session_try(struct wf_cli_session *session, const char *target,
                       struct wf_str body, struct wf_doc **reply);
/** Waits; false: a signal came. */
bool wf_cli_session_pause(struct wf_cli_session *session, unsigned ms);
void wf_cli_session_reached(struct wf_cli_session *session);

/** Appends a member's characters (a string) or text; false: there is none. */
bool wf_cli_member(struct wf_value object, const char *name,
                   struct wf_buf *out);
/** A time of the API (seconds) in ms; 0: there is none. */
int64_t wf_cli_member_ms(struct wf_value object, const char *name);

#endif
