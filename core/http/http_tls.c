/* http_tls.c - whether a certificate and its key can be used. See http.h. */
#include <microhttpd.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "http.h"

/* A key with a passphrase is refused instead of asking for it. */
static int no_passphrase(char *out, int size, int writing, void *arg) {
    (void)out;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static X509 *read_certificate(const char *pem) {
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);

    BIO_free(bio);
    return certificate;
}

static EVP_PKEY *read_key(const char *pem) {
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);

    BIO_free(bio);
    return key;
}

static const char *problem_of(X509 *certificate, EVP_PKEY *key) {
    if (!certificate)
        return "--tls-cert: there is no certificate in it (PEM is expected)";
    if (!key)
        return "--tls-key: there is no private key in it (PEM is expected, "
               "without a passphrase)";
    if (X509_check_private_key(certificate, key) != 1)
        return "--tls-cert and --tls-key do not belong together";
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        return "--tls-cert: the certificate is not valid yet";
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        return "--tls-cert: the certificate has expired";
    return NULL;
}

int wf_http_tls_check(const struct wf_http_tls *tls, struct wf_error *err) {
    X509 *certificate = read_certificate(tls->certificate);
    EVP_PKEY *key = read_key(tls->key);
    const char *problem = problem_of(certificate, key);

    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (!problem && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        problem = "this libmicrohttpd was built without TLS";
    return problem ? wf_error_set(err, WF_E_INVALID, "%s", problem) : 0;
}
