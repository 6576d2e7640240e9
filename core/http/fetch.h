/*
 * fetch.h - HTTP requests of a worker: libcurl's multi interface on the
 * worker's loop.
 *
 * Connections are kept and used again, names are resolved on threads of
 * libcurl, so the loop never waits. Only http and https are spoken. Redirects
 * are followed here and not by libcurl: a method other than GET and HEAD
 * becomes GET after 303 (POST also after 301 and 302); credentials - user and
 * password, bearer, the headers Authorization and Cookie - are sent to
 * nobody but the origin (scheme, host, port) of the first URL; `guard` is for
 * URLs that nobody here has chosen.
 *
 * Certificates are checked against the system's authorities unless the
 * request names others or says `insecure`.
 */
#ifndef WF_FETCH_H
#define WF_FETCH_H

#include <ev.h>

#include "base.h"
#include "file.h"

struct wf_fetcher;
struct wf_fetch;

/** A header of a response; names in lower case. */
struct wf_fetch_header {
    char *name;
    char *value;
};

/** A request; what it points to is copied. NULL and 0 leave things out. */
struct wf_fetch_request {
    const char *method; /**< "GET" if NULL. */
    const char *url;
    const char *const *headers; /**< "Name: value", NULL-terminated. */
    struct wf_str body;         /**< data NULL: none. */
    const char *from_file;      /**< Instead of `body`. */
    const char *to_file;        /**< Where a 2xx body goes, as a whole. */
    double timeout_s;           /**< For everything. */
    double connect_timeout_s;
    double idle_timeout_s;  /**< Without a byte; whole seconds. */
    unsigned max_redirects; /**< 0: a redirect is the response. */
    size_t max_bytes;       /**< Of a body in memory; decoded. */
    uint64_t max_file_bytes; /**< Of a body for to_file. 0: any. */
    const char *user, *password, *bearer;
    const char *sigv4; /**< "aws:amz:REGION:SERVICE": signed with user (the
                         key's id) and password (the secret). No redirects. */
    const char *ca_file; /**< Certificates to trust instead of the system's;
                            NULL: those that AWS_CA_BUNDLE names, if any. */
    struct wf_str ca; /**< Certificates to trust, instead of a file. */
    const char *proxy; /**< NULL: as http_proxy & co. say; "": none. */
    bool insecure;
    bool guard; /**< The URL comes from outside: only public addresses, and
                  `allow`, networks a line each (fetch_guard.h), are connected
                  to, without a proxy; another origin than the first URL's
                  gets none of the headers but Accept and Content-Type, and no
                  body: a redirect that would hand it on is the response. */
    const char *allow;
};

/** How a request failed. */
struct wf_fetch_failure {
    const char *error;  /**< "Timeout", "ConnectFailed", "Tls" ... */
    char cause[1024];   /**< With the URL, without its user part. */
    int file_errno;     /**< A file could not be read or written. */
};

struct wf_fetch_response {
    unsigned status;
    struct wf_fetch_header *headers;
    size_t header_count;
    struct wf_buf body;
    bool to_file;  /**< The body is in `file`, not in `body`. */
    /** Complete but not yet in its place: whoever takes the response commits
     * it (wf_file_temp_commit() flushes to disk: not on the loop). */
    struct wf_file_temp file;
    uint64_t size; /**< Bytes of the body, in memory or in the file. */
    char *url;     /**< Of the last request. */
    double seconds;
};

/** Exactly one of the two is not NULL; the response is taken by the callee
 * (wf_fetch_response_free()). The request is gone after this. */
typedef void wf_fetch_done_fn(void *arg, struct wf_fetch_response *response,
                             const struct wf_fetch_failure *failure);

/** NULL if libcurl can't be set up. */
struct wf_fetcher *wf_fetcher_new(struct ev_loop *loop);
/** All requests must be over or cancelled. */
void wf_fetcher_free(struct wf_fetcher *fetcher);

/** Starts a request; `done` is called from the loop, never from here. NULL
 * and `failure` if it can't be started. */
struct wf_fetch *wf_fetch_start(struct wf_fetcher *fetcher,
                              const struct wf_fetch_request *request,
                              wf_fetch_done_fn *done, void *arg,
                              struct wf_fetch_failure *failure);
/** Ends a request; `done` will not be called. */
void wf_fetch_cancel(struct wf_fetch *fetch);

void wf_fetch_response_free(struct wf_fetch_response *response);

#endif
