/*
 * notify.h - tells the service manager how a server is doing (sd_notify(3)).
 */
#ifndef WF_NOTIFY_H
#define WF_NOTIFY_H

/** Sends "READY=1" or the like to $NOTIFY_SOCKET, if there is one: a path, or
 * an abstract name with a leading @. What can't be sent is not sent. */
void wf_notify(const char *state);

#endif
