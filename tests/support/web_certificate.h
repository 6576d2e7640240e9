/* web_certificate.h - a key and a certificate for tests of TLS. */
#ifndef TEST_WEB_CERTIFICATE_H
#define TEST_WEB_CERTIFICATE_H

/** A self-signed authority for 127.0.0.1, valid for a day from now, and its
 * key; both PEM, for free(). */
void web_certificate_make(char **key_pem, char **certificate_pem);

#endif
