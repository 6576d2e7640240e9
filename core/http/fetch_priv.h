/*
 * fetch_priv.h - inside the HTTP client: what its files share.
 *
 * fetch.c is the life of a request and its redirects, fetch_request.c what
 * libcurl is told to send, fetch_response.c what arrives, fetch_multi.c
 * libcurl on the loop.
 */
#ifndef WF_FETCH_PRIV_H
#define WF_FETCH_PRIV_H

#include <curl/curl.h>
#include <sys/types.h>

#include "fetch.h"

struct wf_fetcher {
    struct ev_loop *loop;
    CURLM *multi;
    ev_timer timer; /* when libcurl wants to be called */
    size_t active;
};

struct wf_fetch {
    struct wf_fetcher *fetcher;
    wf_fetch_done_fn *done;
    void *arg;
    CURL *easy;
    bool added;
    char *method, *url;
    struct curl_slist *headers;
    struct wf_buf body;
    bool has_body;
    int upload; /* descriptor of from_file, or -1 */
    off_t upload_size;
    char *to_file;
    unsigned redirects_left;
    size_t max_bytes;
    uint64_t max_file_bytes;
    double timeout_s;
    uint64_t start_ns;
    struct wf_fetch_response *response;
    const char *failed; /* why a callback ended the transfer */
    bool guarded;
    char *allow;
    int file_errno;
    char curl_error[CURL_ERROR_SIZE];
};

/* ---- fetch.c ---- */

/** A transfer has ended; the handle is no longer with the fetcher. */
void wf_fetch_transfer_over(struct wf_fetch *fetch, CURLcode code);

/* ---- fetch_request.c ---- */

/** All that stays the same over redirects. */
void wf_fetch_prepare(struct wf_fetch *fetch,
                      const struct wf_fetch_request *request);
/** The method and the body of the next request of this chain. */
void wf_fetch_set_method(struct wf_fetch *fetch);
/** The next request goes to another origin. */
void wf_fetch_drop_credentials(struct wf_fetch *fetch);
/** The next request has no body. */
void wf_fetch_drop_body(struct wf_fetch *fetch);

/* ---- fetch_response.c ---- */

/** Where libcurl puts what arrives. */
void wf_fetch_receive(struct wf_fetch *fetch);
struct wf_fetch_response *wf_fetch_response_new(void);
long wf_fetch_status(struct wf_fetch *fetch);
bool wf_fetch_is_redirect(long status);
/** An empty body never came by: its file is still to be made. False: that
 * failed, and fetch->file_errno says why. */
bool wf_fetch_complete_file(struct wf_fetch *fetch);

/* ---- fetch_multi.c ---- */

/** Gives an easy handle to the loop; its CURLOPT_PRIVATE is the wf_fetch. */
CURLMcode wf_fetch_multi_add(struct wf_fetcher *fetcher, CURL *easy);
void wf_fetch_multi_remove(struct wf_fetcher *fetcher, CURL *easy);

#endif
