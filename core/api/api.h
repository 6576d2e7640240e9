/*
 * api.h - the API: AWS JSON 1.0 over HTTP, in front of an engine.
 *
 * `POST /` with `X-Amz-Target: AWSStepFunctions.NAME` is an operation of
 * AWS's, `Moonstep.NAME` one of ours; `POST /hooks/NAME` is a webhook's
 * (triggers.h), which authenticates it; `GET /healthz` answers while the loop
 * turns, `GET /metrics` in Prometheus's text format. Who may connect is
 * decided by http.h; with keys, everything but /healthz has to be signed
 * (sigv4.h), and the key's roles (role.h) say what is allowed.
 */
#ifndef WF_API_H
#define WF_API_H

#include "credentials.h"
#include "engine.h"
#include "http.h"
#include "profile.h"

struct wf_api;
struct wf_audit;
struct wf_triggers;

struct wf_api_options {
    struct wf_http_options http;
    const struct wf_profile *profile; /**< NULL: native. */
    /** Who may sign; taken over. NULL: nobody has to (http.h says who may
     * ask). http.is_signed follows from it. */
    struct wf_credentials *keys;
    struct wf_triggers *triggers; /**< As the log; or NULL: no webhooks. */
    struct wf_audit *audit; /**< Borrowed, closed after the engine; or NULL. */
};

/** Listens. Takes neither the loop nor the engine. NULL options: defaults. */
int wf_api_new(struct ev_loop *loop, struct wf_engine *engine,
               const struct wf_api_options *options, struct wf_api **api,
               struct wf_error *err);
/** Puts other keys in the place of those it has; takes them over. */
void wf_api_set_keys(struct wf_api *api, struct wf_credentials *keys);
/** Takes no more connections. See wf_http_stop(). */
uint64_t wf_api_stop(struct wf_api *api);
/** Closes the connections. Calls that the engine has not answered yet may
 * still be answered afterwards, or never: free the API before the engine.
 * NULL is allowed. */
void wf_api_free(struct wf_api *api);
unsigned wf_api_port(const struct wf_api *api);
bool wf_api_is_loopback(const struct wf_api *api);

#endif
