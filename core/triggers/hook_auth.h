/*
 * hook_auth.h - who may fire a webhook: signatures over its raw body, or a
 * secret that is sent along.
 *
 * The schemes of well-known senders are settings of one: a header has one or
 * more HMAC-SHA256s, as hex or base64, each behind a prefix; what is signed is
 * the body, with a time and an id of the delivery in front of it where the
 * scheme has them. A hook has one or more secrets, so that they can be
 * exchanged while both sides know either: one that fits is enough.
 *
 * Whatever came, each comparison takes the same time.
 */
#ifndef WF_HOOK_AUTH_H
#define WF_HOOK_AUTH_H

#include "base.h"

enum {
    WF_HOOK_SECRETS = 2,     /**< The one in use, and one that comes or goes. */
    WF_HOOK_SECRET_MIN = 16, /**< A shorter one could be guessed. */
    WF_HOOK_SECRET_MAX = 512,
    WF_HOOK_SIGNATURES = 8,  /**< Looked at in one header. */
};

enum wf_hook_scheme {
    WF_HOOK_NONE,   /**< Anybody who gets so far. */
    WF_HOOK_BEARER, /**< The header has the secret itself. */
    WF_HOOK_HMAC,   /**< The header has one signature. */
    WF_HOOK_LIST,   /**< "t=TIME,v1=HEX,v1=HEX" (Stripe). */
    WF_HOOK_WORDS,  /**< "v1,BASE64 v1,BASE64" (Standard Webhooks). */
};

/** What is signed: in this order, with what stands between them. */
enum wf_hook_signed {
    WF_HOOK_BODY,           /**< BODY */
    WF_HOOK_TIME_BODY,      /**< TIME.BODY */
    WF_HOOK_V0_TIME_BODY,   /**< v0:TIME:BODY (Slack) */
    WF_HOOK_ID_TIME_BODY,   /**< ID.TIME.BODY (Standard Webhooks) */
};

struct wf_hook_secret {
    unsigned char bytes[WF_HOOK_SECRET_MAX];
    size_t len;
};

struct wf_hook_auth {
    enum wf_hook_scheme scheme;
    enum wf_hook_signed text;
    bool is_base64;      /**< Else hex. */
    char *header;        /**< Of the signature, or the secret. */
    char *prefix;        /**< Before it; never NULL. */
    char *time_header;   /**< Seconds since the epoch; NULL: none. */
    char *id_header;     /**< NULL: none. */
    int64_t tolerance_s; /**< The time may differ by so much. */
    struct wf_hook_secret secrets[WF_HOOK_SECRETS];
    unsigned secret_count;
};

/** What a request brings; absent texts have data NULL. Borrowed. */
struct wf_hook_proof {
    struct wf_str header, time, id;
    struct wf_str body;
};

/** NULL: it is good; else why not, in words that may be shown to whoever
 * asks. */
const char *wf_hook_auth_check(const struct wf_hook_auth *auth,
                               const struct wf_hook_proof *proof,
                               int64_t now_ms);
/** Frees what it holds, and forgets the secrets. */
void wf_hook_auth_free(struct wf_hook_auth *auth);

/**
 * Reads a file of secrets, a line each; the first is as good as the second.
 * `is_encoded`: they are base64, and may begin with "whsec_". Complaints
 * name the line, never what stands there.
 */
int wf_hook_secrets_parse(struct wf_str text, const char *name,
                          bool is_encoded, struct wf_hook_auth *auth,
                          struct wf_error *err);

/** SHA-256 of a text, in hex and a NUL. */
void wf_hook_hash(struct wf_str text, char hex[65]);

#endif
