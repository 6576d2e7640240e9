/*
 * api_rest.h - requests of a REST API (EventBridge Scheduler's) made into
 * what other calls are: an operation, and one JSON object that has the
 * members of path, query and body.
 */
#ifndef WF_API_REST_H
#define WF_API_REST_H

#include "api_model.h"
#include "http.h"

/** By method and path; NULL: it is none of them. */
const struct wf_api_route *
wf_api_rest_route(const struct wf_http_request *request);
/** Appends the object. False: the body is no object. Types and limits are
 * left to api_validate.h. */
bool wf_api_rest_body(const struct wf_api_route *route,
                      struct wf_http_request *request, struct wf_buf *out);

/* ---- parts, for tests ---- */

/** Whether the path is the template; then `part` is what stands for its
 * braces. */
bool wf_api_rest_path(const char *path, struct wf_str text,
                      struct wf_str *part);

#endif
