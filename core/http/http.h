/*
 * http.h - the HTTP server: libmicrohttpd driven by the libev loop.
 *
 * Every request is given to one handler once it is complete (method, path,
 * headers, body); the handler answers at once or any time later with
 * wf_http_reply(). Meanwhile the connection is suspended and costs nothing
 * but its memory. The handle stays valid until it is answered, whatever
 * becomes of the client: a reply to a dead connection, or after the server
 * was freed, is dropped.
 *
 * Requests that `is_open` knows are their handler's own affair: whoever sends
 * them, from wherever, the handler authenticates.
 *
 * Bounded: connections, header bytes, body bytes (413), bytes of all bodies
 * being received (503), time a body may take, time a connection may idle, time
 * without a request, however slowly its headers drip.
 *
 * Who may ask:
 *  - the server listens on loopback only, unless requests are `signed` (then
 *    the handler checks signatures) or it is `insecure`;
 *  - on loopback, only our own user and root (peer.h), unless the same;
 *  - `POST /` with X-Amz-Target and no Origin takes any Host, since SDKs put
 *    prefixes before it; so does what is signed; everything else needs a Host
 *    from the allow-list
 *    (localhost, 127.0.0.1, [::1], the listen address, `hosts`), and an
 *    Origin, if there is one, has to be that very host. Browsers cannot be
 *    talked into anything else by a foreign page or a rebound name.
 */
#ifndef WF_HTTP_H
#define WF_HTTP_H

#include <ev.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base.h"

struct wf_http;
struct wf_http_request;

/** What TLS needs, in PEM; both or none. */
struct wf_http_tls {
    const char *certificate; /**< And those it was signed by. */
    const char *key;
};

/** Runs on the loop; must see to it that the request is answered once. */
typedef void wf_http_fn(void *arg, struct wf_http_request *request);

struct wf_http_options {
    const char *listen;        /**< "HOST:PORT"; NULL: "127.0.0.1:8083".
                                 Port 0: any free one. */
    bool insecure;             /**< Any address, any local user. */
    /** As well, since the handler checks signatures: it can ask for the
     * target as it was sent, and for the body's hash. */
    bool is_signed;
    struct wf_http_tls tls;    /**< NULLs: plain HTTP. */
    const char *const *hosts;  /**< More allowed Host names, without port;
                                 NULL-terminated; or NULL. */
    /** Whether the handler looks itself who sends such a request, whose peer,
     * Host and Origin don't matter then; it may also lessen the largest body.
     * Gets the handler's argument. NULL: none. */
    bool (*is_open)(void *arg, struct wf_str method, struct wf_str path,
                    size_t *body_bytes);
    size_t body_bytes;         /**< Largest body; 0: 4 MiB (a definition of
                                 1 MiB as AWS allows, escaped). */
    size_t receive_bytes;      /**< All bodies being received; 0: 256 MiB */
    int listen_fd;             /**< Listens already; 0: none. See
                                 wf_listener_open(). */
    unsigned connections;      /**< 0: 16,384 */
    unsigned idle_s;           /**< Idle connections are closed; 0: 75 */
    unsigned receive_s;        /**< A body has to arrive in this; 0: 30.
                                 Headers in both, after what was before. */
    /** Finds the client's user; NULL: wf_peer_uid(). For tests. */
    int (*peer_uid)(const struct sockaddr *peer, const struct sockaddr *local,
                    uid_t *uid, struct wf_error *err);
};

/** Listens at once. WF_E_INVALID: refused address; WF_E_IO: cannot bind. */
int wf_http_new(struct ev_loop *loop, const struct wf_http_options *options,
                wf_http_fn *handler, void *arg, struct wf_http **http,
                struct wf_error *err);
/** No more connections: those that are there end with their next answer.
 * Returns how many requests are unanswered, on their way, or likely to come on
 * connections that are new. May be called again, to count them. */
uint64_t wf_http_stop(struct wf_http *http);
/** Closes all connections; unanswered requests get 503. NULL is allowed. */
void wf_http_free(struct wf_http *http);
unsigned wf_http_port(const struct wf_http *http);
bool wf_http_is_loopback(const struct wf_http *http);
/** Whether certificate and key can be used, and belong together. */
int wf_http_tls_check(const struct wf_http_tls *tls, struct wf_error *err);

struct wf_http_stats {
    uint64_t requests, refused; /**< refused: not given to the handler */
    uint64_t connections;       /**< now */
    uint64_t unanswered;        /**< now with the handler */
};
void wf_http_stats(const struct wf_http *http, struct wf_http_stats *stats);

/* ---- a request: texts are borrowed until it is answered ---- */

struct wf_str wf_http_method(const struct wf_http_request *request);
struct wf_str wf_http_path(const struct wf_http_request *request);
struct wf_str wf_http_body(const struct wf_http_request *request);
/** Only while the handler runs. WF_STR_NULL: there is none. */
struct wf_str wf_http_header(const struct wf_http_request *request,
                             const char *name);

/** Every header of that name (in any case), while the handler runs. */
typedef void wf_http_value_fn(void *arg, struct wf_str value);
void wf_http_headers(const struct wf_http_request *request,
                     struct wf_str name, wf_http_value_fn *each, void *arg);
/** Path and query as they were sent; of a server that is `is_signed`. */
struct wf_str wf_http_target(const struct wf_http_request *request);
/** SHA-256 of the body, the same. Made while it came: costs nothing now. */
void wf_http_body_hash(struct wf_http_request *request,
                       unsigned char hash[32]);
/** The local user who asks; false: nobody looked. */
bool wf_http_peer(const struct wf_http_request *request, uid_t *uid);

/** The parameters behind the path's "?", unescaped, each NUL-terminated
 * (`value` may be NULL), while the handler runs. */
typedef void wf_http_parameter_fn(void *arg, const char *name,
                                  const char *value);
void wf_http_query(const struct wf_http_request *request,
                   wf_http_parameter_fn *each, void *arg);

/** Memory for the handler's own bookkeeping, aligned for any type, zeroed;
 * lives as long as the handle. */
#define WF_HTTP_SCRATCH 256
void *wf_http_scratch(struct wf_http_request *request);

/** Whether the client still holds the connection. One that has closed its
 * side of it counts as gone. */
bool wf_http_is_there(const struct wf_http_request *request);

/* ---- the answer ---- */

/** Where the answer's body is to be written; empty at first. */
struct wf_buf *wf_http_answer(struct wf_http_request *request);
/** Adds a header to the answer: at most 4, the value at most 127 bytes;
 * `name` must be a literal. */
void wf_http_answer_header(struct wf_http_request *request, const char *name,
                           const char *value);
/** Sends what stands in wf_http_answer(). The handle is gone afterwards.
 * `content_type` must be a literal. */
void wf_http_reply(struct wf_http_request *request, unsigned status,
                   const char *content_type);

/* ---- parts, for tests ---- */

/** What decides whether a request may pass; absent texts have data NULL. */
struct wf_http_claim {
    struct wf_str method, path, host, origin;
    bool has_target; /**< X-Amz-Target is there */
    bool is_signed;  /**< A signature is there, which will be checked. */
};
/** NULL: it may; otherwise why not. `hosts`: NULL-terminated. */
const char *wf_http_guard(const struct wf_http_claim *claim,
                          const char *const *hosts);

#endif
