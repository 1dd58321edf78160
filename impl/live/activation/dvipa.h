/* libdvipa: has an application's address activated before the application binds to it (VIPARANGE; CFG-5, MOV-1, MOV-2),
 * and tells it the source of its own connections (SOURCEVIPA; CFG-6). */
#ifndef DVIPA_H
#define DVIPA_H

#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Asks the stack of this host to activate `address` (AF_INET or AF_INET6) and waits until it is in use here: at once
 * when no other stack has it, else until it has moved here with its connections, at most 15 seconds. Returns 0 then;
 * -1 with errno
 *   EADDRNOTAVAIL  no definition and no VIPARANGE of the stack covers it,
 *   EADDRINUSE     another stack has it and lets nobody take it (MOVEABLE DISRUPTIVE),
 *   ENOENT         no stack answers on this host,
 *   EAFNOSUPPORT   it is no IP address.
 * The stack is asked over its control socket: that of the only stack of the host, or the one that the environment names
 * as DVIPA_CONTROL. The caller has to be root or the user that runs the stack. Safe to call from several threads. */
int dvipa_activate(const struct sockaddr* address, socklen_t length);

/* The address that connections of this program to `server` are to have as their source (SOURCEVIPA; CFG-6),
 * with port 0, in `*source`; returns its length, 0 when the program has none, and -1 with ENOENT or EAFNOSUPPORT as
 * above. Where a bind to it fails with EADDRNOTAVAIL, dvipa_activate() may get it here. The program is known by its
 * name, or by DVIPA_JOBNAME in its environment. */
int dvipa_source(const struct sockaddr* server, socklen_t length, struct sockaddr_storage* source);

#ifdef __cplusplus
}
#endif

#endif
