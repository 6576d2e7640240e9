/*
 * sigv4.h - AWS's Signature Version 4, as a server checks it.
 *
 * A request is signed if its header Authorization says
 *
 *     AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/SERVICE/aws4_request,
 *       SignedHeaders=host;x-amz-date;..., Signature=HEX
 *
 * Then a text is made of method, path, query, the signed headers and the
 * body's hash, the canonical request, and its HMAC, with a key that is made
 * of the secret and the scope, has to be the signature. The hash is that of
 * the body that came, whatever the client says of it.
 *
 * What has to be signed: the header Host, the time of signing, and the
 * target, so that none of them can be changed on the way. The time may
 * differ from ours by five minutes. Any region will do: there is but one
 * server. Session tokens mean nothing here and are ignored.
 */
#ifndef WF_SIGV4_H
#define WF_SIGV4_H

#include "credentials.h"

#define WF_SIGV4_SKEW_MS 300000
#define WF_SIGV4_HASH 32

/** Gives the values of a request's headers of that name (any case), in
 * order; several of one name are several calls. */
typedef void wf_sigv4_value_fn(void *arg, struct wf_str value);
typedef void wf_sigv4_headers_fn(void *request, struct wf_str name,
                                 wf_sigv4_value_fn *each, void *arg);

/** A request as it came. */
struct wf_sigv4_request {
    struct wf_str method;
    struct wf_str target; /**< Path and query, still escaped. */
    const unsigned char *body_hash;
    wf_sigv4_headers_fn *headers;
    void *arg; /**< The first argument of `headers`. */
};

/** AWS's exception and message; exception NULL: the signature is good. */
struct wf_sigv4_refusal {
    const char *exception;
    char message[512];
};

/** What Authorization says; borrowed. */
struct wf_sigv4_claim {
    struct wf_str id;
    struct wf_str scope; /**< "20240131/eu-west-1/states" */
    struct wf_str date, region, service;
    struct wf_str signed_headers;
    struct wf_str signature;
    struct wf_str time; /**< "20240131T120000Z" */
};

/**
 * The key that signed the request, or NULL and why not. `services`:
 * NULL-terminated names that the scope may have.
 */
struct wf_credential *
wf_sigv4_verify(struct wf_credentials *keys,
                const struct wf_sigv4_request *request, int64_t now_ms,
                const char *const *services, struct wf_sigv4_refusal *why);

/* ---- parts, for tests and each other ---- */

/** Reads Authorization and the time; false: `why` says what is wrong. */
bool wf_sigv4_claim_read(const struct wf_sigv4_request *request,
                         struct wf_sigv4_claim *claim,
                         struct wf_sigv4_refusal *why);
/** Whether scope and time are in order. */
bool wf_sigv4_claim_check(const struct wf_sigv4_claim *claim, int64_t now_ms,
                          const char *const *services,
                          struct wf_sigv4_refusal *why);
/** Appends the canonical request. */
void wf_sigv4_canonical(const struct wf_sigv4_request *request,
                        struct wf_str signed_headers, struct wf_buf *out);
/** The key of a scope, from the cache of `key` or made. */
const unsigned char *wf_sigv4_key(struct wf_credential *key,
                                  const struct wf_sigv4_claim *claim);
/** The signature of a canonical request, in hex and a NUL. */
void wf_sigv4_sign(const unsigned char *signing_key,
                   const struct wf_sigv4_claim *claim,
                   struct wf_str canonical, char hex[65]);
void wf_sigv4_hash(struct wf_str text, unsigned char hash[WF_SIGV4_HASH]);
void wf_sigv4_hex(const unsigned char hash[WF_SIGV4_HASH], char hex[65]);
/** False: no such time ("20240131T120000Z"). */
bool wf_sigv4_time(struct wf_str text, int64_t *ms);

#endif
