/* fetch_multi.h - inside the HTTP client: what its two files share. */
#ifndef WF_FETCH_MULTI_H
#define WF_FETCH_MULTI_H

#include <curl/curl.h>

#include "fetch.h"

struct wf_fetcher {
    struct ev_loop *loop;
    CURLM *multi;
    ev_timer timer; /* when libcurl wants to be called */
    size_t active;
};

/** Gives an easy handle to the loop; its CURLOPT_PRIVATE is the wf_fetch. */
CURLMcode wf_fetch_multi_add(struct wf_fetcher *fetcher, CURL *easy);
void wf_fetch_multi_remove(struct wf_fetcher *fetcher, CURL *easy);

/** A transfer has ended; the handle is no longer with the fetcher. */
void wf_fetch_transfer_over(struct wf_fetch *fetch, CURLcode code);

#endif
