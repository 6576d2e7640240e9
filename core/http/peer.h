/*
 * peer.h - which local user is at the other end of a loopback connection.
 *
 * Loopback is every local user of the machine, so a server without keys asks
 * the kernel for the owner of the client's socket: by netlink (inet_diag,
 * one exact look-up), or from /proc/net/tcp where that is not to be had.
 *
 * A socket that its process has closed already belongs to nobody, and the
 * kernel then reports user 0 for it. Such a peer is reported as not found,
 * never as root: closing right after sending must not be a way in.
 */
#ifndef WF_PEER_H
#define WF_PEER_H

#include <sys/socket.h>
#include <sys/types.h>

#include "base.h"

/**
 * The user that owns the socket with address `peer` which is connected to
 * `local`. WF_E_NOT_FOUND: there is none (closed; another network
 * namespace); WF_E_IO: the kernel could not be asked.
 */
int wf_peer_uid(const struct sockaddr *peer, const struct sockaddr *local,
                uid_t *uid, struct wf_error *err);
/** The two ways of finding out, apart, for tests. */
int wf_peer_uid_netlink(const struct sockaddr *peer,
                        const struct sockaddr *local, uid_t *uid,
                        struct wf_error *err);
int wf_peer_uid_proc(const struct sockaddr *peer,
                     const struct sockaddr *local, uid_t *uid,
                     struct wf_error *err);

/** 127.0.0.0/8, ::1, and 127.0.0.0/8 mapped into IPv6. */
bool wf_peer_is_loopback(const struct sockaddr *address);

#endif
