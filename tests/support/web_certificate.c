/* web_certificate.c - a key and a certificate for 127.0.0.1, made anew. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base.h"
#include "web_certificate.h"

static char *text_of(BIO *bio) {
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    char *text = wf_strndup(data, (size_t)len);

    BIO_free(bio);
    return text;
}

static void extend(X509 *certificate, int kind, const char *value) {
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, NULL, kind, value);

    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

void web_certificate_make(char **key_pem, char **certificate_pem) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    BIO *key_bio = BIO_new(BIO_s_mem());
    BIO *certificate_bio = BIO_new(BIO_s_mem());

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate, NID_subject_alt_name, "IP:127.0.0.1");
    X509_sign(certificate, key, EVP_sha256());
    PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
    PEM_write_bio_X509(certificate_bio, certificate);
    *key_pem = text_of(key_bio);
    *certificate_pem = text_of(certificate_bio);
    X509_free(certificate);
    EVP_PKEY_free(key);
}
