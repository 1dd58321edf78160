/* What the BPF program tells user space of one change of a TCP socket's state. Shared by C for BPF and C++. */
#ifndef DVIPA_LIVE_KERNEL_SOCKET_EVENT_H
#define DVIPA_LIVE_KERNEL_SOCKET_EVENT_H

#include <linux/types.h>

enum socket_event_kind {
  socket_event_listener_started = 1,
  socket_event_listener_ended = 2,
  socket_event_opened_inbound = 3,
  socket_event_opened_outbound = 4,
  socket_event_syn_sent = 5, /* no cookie, no interface */
  socket_event_closed = 6,
};

struct socket_event {
  __u64 cookie;
  __u32 kind;
  __u32 bound_interface;
  __u16 local_port;  /* host order */
  __u16 remote_port; /* host order */
  __u32 reserved;
  __u8 local[16]; /* IPv4 as IPv4-mapped */
  __u8 remote[16];
};

#endif
