/* cli_security.c - see cli_security.h. */
#include "cli_security.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "offload.h"
#include "private_file.h"
#include "severity.h"

enum { PEM_MAX = 1 << 20 };

/* ---- at the start ---- */

static int check_options(const struct wf_options *o, struct wf_error *err) {
    static const char *const files[] = {"keys", "tls-key", "audit"};

    if (wf_option_text(o, "keys") && wf_option_flag(o, "insecure"))
        return wf_error_set(err, WF_E_INVALID,
                            "--keys and --insecure: either requests are "
                            "signed, or everybody may do everything");
    if (!wf_option_text(o, "tls-cert") != !wf_option_text(o, "tls-key"))
        return wf_error_set(err, WF_E_INVALID,
                            "--tls-cert and --tls-key need each other");
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (wf_cli_files_apart(o, files[i], wf_option_text(o, files[i]),
                               err) != 0)
            return -1;
    return 0;
}

static int read_pem(const char *path, unsigned forbidden, struct wf_buf *out,
                    struct wf_error *err) {
    if (!path)
        return 0;
    wf_buf_reserve(out, PEM_MAX + 4097); /* never moved: nothing stays */
    if (wf_private_file_read(path, forbidden, PEM_MAX, out, err) != 0)
        return -1;
    wf_buf_u8(out, '\0');
    return 0;
}

int wf_cli_security_open(const struct wf_options *options,
                         struct ev_loop *loop, wf_audit_notice_fn *notice,
                         void *arg, struct wf_cli_security *security,
                         struct wf_error *err) {
    const char *keys = wf_option_text(options, "keys");
    const char *audit = wf_option_text(options, "audit");

    *security = (struct wf_cli_security){
        .options = options, .notice = notice, .arg = arg};
    if (check_options(options, err) != 0 ||
        (keys && wf_credentials_read(keys, &security->keys, err) != 0) ||
        read_pem(wf_option_text(options, "tls-cert"), WF_FILE_OTHERS_WRITE,
                 &security->certificate, err) != 0 ||
        read_pem(wf_option_text(options, "tls-key"), WF_FILE_SECRET,
                 &security->key, err) != 0)
        return -1;
    return audit ? wf_audit_open(loop, audit, notice, arg, &security->audit,
                                 err)
                 : 0;
}

void wf_cli_security_apply(struct wf_cli_security *security,
                           struct wf_api_options *api) {
    api->keys = security->keys;
    api->audit = security->audit;
    if (security->key.len > 0)
        api->http.tls = (struct wf_http_tls){security->certificate.data,
                                             security->key.data};
    security->keys = NULL;
}

void wf_cli_security_forget(struct wf_cli_security *security) {
    if (security->key.data)
        OPENSSL_cleanse(security->key.data, security->key.cap);
    wf_buf_free(&security->key);
    wf_buf_free(&security->certificate);
}

void wf_cli_security_close(struct wf_cli_security *security) {
    wf_cli_security_forget(security);
    wf_credentials_free(security->keys);
    wf_audit_close(security->audit);
}

/* ---- SIGHUP ---- */

struct reload {
    struct wf_job job;
    struct wf_cli_security *security;
    struct wf_api **api;
    const char *path;
    struct wf_credentials *keys;
    struct wf_error err;
};

static void read_keys(struct wf_job *job) {
    struct reload *reload = (struct reload *)job;
    wf_credentials_read(reload->path, &reload->keys, &reload->err);
}

static void keys_are_read(struct wf_job *job) {
    struct reload *reload = (struct reload *)job;
    struct wf_cli_security *security = reload->security;
    char text[1200];

    if (!reload->keys)
        snprintf(text, sizeof(text),
                 WF_WARNING "the keys stay as they were: %s",
                 reload->err.message);
    else
        snprintf(text, sizeof(text), "%zu keys were read again",
                 wf_credentials_count(reload->keys));
    if (reload->keys && *reload->api)
        wf_api_set_keys(*reload->api, reload->keys);
    else
        wf_credentials_free(reload->keys);
    security->notice(security->arg, text);
    free(reload);
}

void wf_cli_security_reload(struct wf_cli_security *security,
                            struct wf_engine *engine, struct wf_api **api) {
    struct reload *reload = wf_calloc(1, sizeof(*reload));

    reload->security = security;
    reload->api = api;
    reload->path = wf_option_text(security->options, "keys");
    reload->job = (struct wf_job){.work = read_keys, .done = keys_are_read};
    wf_engine_offload(engine, &reload->job);
}
