/*
 * cli_security.h - what `moonstep serve` is told of keys, TLS and the audit
 * log.
 */
#ifndef WF_CLI_SECURITY_H
#define WF_CLI_SECURITY_H

#include "api.h"
#include "audit.h"
#include "cli.h"

struct wf_cli_security {
    const struct wf_options *options;
    struct wf_credentials *keys; /**< Until the API has them. */
    struct wf_audit *audit;      /**< NULL: none. */
    struct wf_buf certificate, key; /**< PEM, each ended by a NUL. */
    wf_audit_notice_fn *notice;
    void *arg;
};

/** Reads and checks all of it; blocks. WF_E_INVALID: it is refused. */
int wf_cli_security_open(const struct wf_options *options,
                         struct ev_loop *loop, wf_audit_notice_fn *notice,
                         void *arg, struct wf_cli_security *security,
                         struct wf_error *err);
/** Fills in what it means for the API, which takes the keys. */
void wf_cli_security_apply(struct wf_cli_security *security,
                           struct wf_api_options *api);
/** The API has started, or not: TLS's key is forgotten. */
void wf_cli_security_forget(struct wf_cli_security *security);
/** Closes the log: after the engine. */
void wf_cli_security_close(struct wf_cli_security *security);

/** Reads the keys again, on a thread, and gives them to `*api`, unless that
 * is NULL by then. A file that is refused leaves the keys as they are, and
 * is noticed. */
void wf_cli_security_reload(struct wf_cli_security *security,
                            struct wf_engine *engine, struct wf_api **api);

#endif
