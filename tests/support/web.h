/*
 * web.h - a small HTTP server for tests, on loopback and threads of its own.
 *
 *     /echo         method, query, chosen headers and body, as text
 *     /status/NNN   that status, body "status NNN"
 *     /redirect/N   302 to /redirect/N-1 ... and at last /echo
 *     /to?url=URL   302 there (&code=307: that status)
 *     /slow         answers only when the server stops
 *     /drip         the headers and 10 bytes of 20, then never more
 *     /chunked      100,000 bytes without a length
 *     /cut          says 20 bytes, sends 10, closes
 *     /cookies      two Set-Cookie headers, two X-Two
 *     /json         {"name":"moon","list":[1,2]}
 */
#ifndef TEST_WEB_H
#define TEST_WEB_H

struct web;

struct web *web_start(void);
/** The same over TLS; key and certificate in PEM. */
struct web *web_start_tls(const char *key, const char *certificate);
void web_stop(struct web *web);
int web_port(const struct web *web);
/** Connections that were accepted so far. */
unsigned web_connections(const struct web *web);

#endif
