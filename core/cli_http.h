/*
 * cli_http.h - one call of a server's API, blocking, for the client commands.
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

/** Appends a member's characters (a string) or text; false: there is none. */
bool wf_cli_member(struct wf_value object, const char *name,
                   struct wf_buf *out);
/** A time of the API (seconds) in ms; 0: there is none. */
int64_t wf_cli_member_ms(struct wf_value object, const char *name);

#endif
