/*
 * fetch_guard.h - which addresses a request may be sent to whose URL comes
 * from outside: public ones, and those that the operator allows.
 *
 * It is asked for the address itself, after the name was resolved and for each
 * connection, so a name that leads elsewhere the second time, or a redirect,
 * gets no further than any other.
 */
#ifndef WF_FETCH_GUARD_H
#define WF_FETCH_GUARD_H

#include <sys/socket.h>

#include "base.h"

/** Whether it is a network: "10.0.0.0/8", "fd00::/8", "127.0.0.1". */
bool wf_network_is_valid(const char *text);
/** `allow`: networks, a line each; NULL: none. */
bool wf_address_is_allowed(const struct sockaddr *address, const char *allow);

#endif
