/*
 * credentials.h - the keys that clients sign with, and what each may do.
 *
 * The file has one key a line; blanks separate, `#` begins a comment:
 *
 *     # access key id   secret access key           roles            limit
 *     ops               9vQm1yJHq0w7cVZtJ3uXbE2s    operator
 *     ci                w0cJt8m4kQ2yR6nL1pB9xH5z    starter,worker   rate=50
 *     grafana           M3n8b1vC5x7z9lK2jH4gF6dS    viewer           rate=5/20
 *
 * `rate=N` allows N requests a second, and N at once after a rest; with
 * `rate=N/BURST`, BURST. A file that others can write, or anybody outside
 * its group read, is refused (private_file.h).
 *
 * A set of keys is read as a whole and never changed but for its buckets and
 * its cache of signing keys; reading the file again makes another set.
 */
#ifndef WF_CREDENTIALS_H
#define WF_CREDENTIALS_H

#include "role.h"

enum {
    WF_KEY_ID_MAX = 128,
    WF_KEY_SECRET_MIN = 16, /**< A shorter one could be guessed. */
    WF_KEY_SECRET_MAX = 128,
    WF_KEY_SCOPE_MAX = 96, /**< "20240131/eu-west-1/states" */
    WF_KEY_SCOPES = 2,     /**< Signing keys kept for each key. */
};

/** A signing key: made once for each key, day, region and service. */
struct wf_signing_key {
    char scope[WF_KEY_SCOPE_MAX]; /**< Empty: none. */
    unsigned char bytes[32];
};

struct wf_credential {
    char id[WF_KEY_ID_MAX + 1];
    char secret[WF_KEY_SECRET_MAX + 1];
    wf_rights rights;
    double rate, burst; /**< Requests a second; 0: as many as come. */
    double tokens;      /**< That are left of the burst. */
    uint64_t filled_ns; /**< When they were counted. */
    struct wf_signing_key signing[WF_KEY_SCOPES];
    unsigned next_signing; /**< The one to be replaced. */
};

struct wf_credentials;

/** Reads the file. Blocks. WF_E_INVALID or WF_E_IO, and the line. */
int wf_credentials_read(const char *path, struct wf_credentials **keys,
                        struct wf_error *err);
/** From a text; `name` is for complaints. */
int wf_credentials_parse(struct wf_str text, const char *name,
                         struct wf_credentials **keys, struct wf_error *err);
/** Forgets the secrets. NULL is allowed. */
void wf_credentials_free(struct wf_credentials *keys);

size_t wf_credentials_count(const struct wf_credentials *keys);
struct wf_credential *wf_credentials_find(struct wf_credentials *keys,
                                          struct wf_str id);
/** Keys of both sets keep what they have used of their limits. */
void wf_credentials_inherit(struct wf_credentials *keys,
                            const struct wf_credentials *old);

/** Counts a request; false: it is one too many. */
bool wf_credential_take(struct wf_credential *key, uint64_t now_ns);

#endif
