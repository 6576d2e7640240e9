/*
 * api_trail.h - who calls, whether they may, and what the audit log gets to
 * know of a call.
 */
#ifndef WF_API_TRAIL_H
#define WF_API_TRAIL_H

#include "api_call.h"
#include "credentials.h"
#include "http.h"

/**
 * Looks at a request's signature and the limit of its key. `keys` NULL:
 * nobody signs here, all may do all. False: it is refused with exception and
 * message. The caller's texts are borrowed from the keys.
 */
bool wf_api_admit(struct wf_credentials *keys,
                  struct wf_http_request *request, const char *service,
                  struct wf_api_caller *caller, struct wf_api_no *no);
/** Whether the caller may run the operation, and, if it changes something,
 * the log can be written; else the call has failed. */
bool wf_api_may(struct wf_api_call *call,
                const struct wf_api_operation *operation);
/** A body was read: keeps what the log will say of the resource. */
void wf_api_trail_note(struct wf_api_call *call,
                       struct wf_api_request *request);
/** A call has ended: `then` is called, now or when the log has its line. */
void wf_api_trail_end(struct wf_api_call *call, unsigned status,
                      wf_api_done_fn *then);

#endif
