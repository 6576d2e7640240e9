/*
 * notify.h - tells the service manager how a server is doing (sd_notify(3)),
 * and takes the socket from it that it keeps open for the server.
 */
#ifndef WF_NOTIFY_H
#define WF_NOTIFY_H

#include <stdbool.h>

/** Sends "READY=1" or the like to $NOTIFY_SOCKET, if there is one: a path, or
 * an abstract name with a leading @. What can't be sent is not sent. */
void wf_notify(const char *state);

/** Whether a service manager wants to be told. */
bool wf_notify_is_heard(void);

/** The listening socket that the service manager hands over
 * (sd_listen_fds(3)), or 0: none. -1: it hands over several. The programs that
 * we start don't hear of it. */
int wf_notify_socket(void);

#endif
