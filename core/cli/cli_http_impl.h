/*
 * cli_http_impl.h - what a single call and a session's calls have in common.
 */
#ifndef WF_CLI_HTTP_IMPL_H
#define WF_CLI_HTTP_IMPL_H

#include <curl/curl.h>

#include "cli_http.h"

/** An endpoint on this very machine, for which no proxy is asked. */
bool wf_cli_is_local(const char *endpoint);
/** A variable of the environment; NULL if it is empty, too. */
const char *wf_cli_variable(const char *name);
/** Sets the handle up for a call; all is borrowed until it is over. The list
 * of headers is the caller's to free then. `problem`: CURL_ERROR_SIZE. */
struct curl_slist *wf_cli_prepare(CURL *curl, const char *endpoint,
                                  const char *target, struct wf_str body,
                                  struct wf_buf *answer, char *problem);
/** Appends "Exception: message"; or that this is no answer of ours, then
 * false. `reply` may be NULL. */
bool wf_cli_exception(struct wf_buf *text, const char *target, long status,
                      const char *endpoint, struct wf_doc *reply);

#endif
