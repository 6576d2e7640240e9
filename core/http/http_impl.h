/*
 * http_impl.h - what the files of the HTTP server share; nobody else's.
 *
 * A request's life: MHD calls wf_http_access() when its headers are there
 * (begin), for each piece of the body (receive), and when it is complete
 * (dispatch). If the handler has not answered when it returns, the
 * connection is suspended; the answer resumes it, and MHD calls
 * wf_http_access() once more to get the response.
 */
#ifndef WF_HTTP_IMPL_H
#define WF_HTTP_IMPL_H

#include <microhttpd.h>
#include <openssl/evp.h>

#include "http.h"
#include "http_listen.h"
#include "list.h"

enum { WF_HTTP_HEADERS = 4, WF_HTTP_HEADER_VALUE = 128 };

enum wf_http_progress {
    WF_HTTP_RECEIVING, /**< The body is not complete. */
    WF_HTTP_HANDLING,  /**< The handler has it. */
    WF_HTTP_ANSWERED,  /**< The answer is sent, or about to be. */
};

/** Of the answer. */
struct wf_http_header {
    const char *name;
    size_t value; /* where it stands in header_values */
};

struct wf_http_request {
    struct wf_link link;               /* in receiving or in handling */
    struct wf_http *http;              /* NULL: the server is gone */
    struct MHD_Connection *connection; /* NULL: so is the client */
    struct wf_http_request *spare;     /* next one in the reserve */
    struct wf_str method, path;
    struct wf_buf body, answer, header_values;
    struct wf_buf target; /* as it was sent; of a signed server */
    EVP_MD_CTX *hash;     /* of the body, the same; NULL: not yet */
    uint64_t since_ns; /* when its headers were complete */
    const char *content_type;
    unsigned status;
    unsigned header_count;
    enum wf_http_progress progress;
    bool suspended;
    bool is_announced; /* only its first line is there */
    unsigned refusal; /* status decided while receiving; 0: none */
    size_t body_bytes; /* that it may have */
    _Alignas(max_align_t) char scratch[WF_HTTP_SCRATCH];
    struct wf_http_header headers[WF_HTTP_HEADERS]; /* last: not cleared */
}; /* a long poll keeps it: see tests/bench/polls.py */

struct wf_http {
    struct ev_loop *loop;
    struct MHD_Daemon *daemon;
    wf_http_fn *handler;
    void *arg;
    struct wf_listener listener;
    const char **hosts; /* owned array of borrowed and owned texts */
    char **host_copies;
    int (*peer_uid)(const struct sockaddr *, const struct sockaddr *, uid_t *,
                    struct wf_error *);
    bool (*is_open)(void *, struct wf_str, struct wf_str, size_t *);
    bool check_peer;
    bool is_signed;
    EVP_MD *sha256; /* fetched, if it is */
    bool resumed; /* wake is pending */
    bool is_stopping; /**< No new connections. */
    bool is_closing; /**< What is still being received is refused. */
    size_t body_bytes, receive_bytes, received;
    uint64_t receive_ns;
    ev_io readable;
    ev_watcher wake; /* fed, never started: connections were resumed */
    ev_timer timeout, tick;
    struct wf_link silent;              /* connections without a request,
                                           longest first */
    uint64_t silent_ns;                 /* that may be */
    struct wf_link receiving;           /* oldest first */
    struct wf_link handling;            /* with the handler */
    struct wf_http_request *spare;
    unsigned spare_count;
    struct wf_http_stats stats;
};

/* ---- http_request.c ---- */

struct wf_http_request *wf_http_request_new(struct wf_http *http);
void wf_http_request_free(struct wf_http_request *request);
/** Frees its memory, which is not kept for another. */
void wf_http_request_destroy(struct wf_http_request *request);
/** Counts a piece of the body in. */
void wf_http_hash(struct wf_http_request *request, const char *data,
                  size_t len);
/** Gives MHD the answer. */
enum MHD_Result wf_http_send(struct wf_http_request *request);
/** Answers a request that the handler does not get to see. */
enum MHD_Result wf_http_refuse(struct wf_http_request *request,
                               unsigned status, const char *type,
                               const char *message);
/** Answers 503 and cuts the handle, which the handler keeps, off. */
enum MHD_Result wf_http_abandon(struct wf_http_request *request,
                                void **handle);
/** How many connections are likely to have a request on its way. */
uint64_t wf_http_fresh(const struct wf_http *http);
struct wf_str wf_http_header_of(struct MHD_Connection *connection,
                                const char *name);

/* ---- http_access.c: MHD's callbacks ---- */

enum MHD_Result wf_http_access(void *http, struct MHD_Connection *connection,
                               const char *url, const char *method,
                               const char *version, const char *data,
                               size_t *len, void **handle);
/** The first line of a request is there; gives its handle. */
void *wf_http_announced(void *http, const char *target,
                        struct MHD_Connection *connection);
void wf_http_completed(void *http, struct MHD_Connection *connection,
                       void **handle, enum MHD_RequestTerminationCode why);
/* ---- http_connection.c ---- */

/** Whether the peer was looked at and is our user, or root. */
bool wf_http_is_ours(struct MHD_Connection *connection);
/** The headers of a request are there; it is over. */
void wf_http_speaks(struct MHD_Connection *connection);
void wf_http_spoke(struct wf_http *http, struct MHD_Connection *connection);
/** Ends a connection. */
void wf_http_cut(struct MHD_Connection *connection);
/** Ends those that have been silent for too long. */
void wf_http_cut_silent(struct wf_http *http, uint64_t now_ns);
/** MHD's callback: a connection begins or ends. */
void wf_http_connection(void *http, struct MHD_Connection *connection,
                        void **context,
                        enum MHD_ConnectionNotificationCode what);

#endif
