// Tells user space when a TCP socket of one network namespace starts or stops to listen, is connected, is closed, and
// when it sends a SYN.
// Filters here, by namespace and watched local address, so that other sockets of the host cost next to nothing.
//
// Kernel structures are named only as far as they are read; the loader relocates the fields by the kernel's BTF.
#include <linux/bpf.h>
#include <stdbool.h>

// After the types of linux/bpf.h.
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "impl/live/kernel/socket_event.h"

#define AF_INET 2
#define AF_INET6 10
enum { tcp_established = 1, tcp_syn_sent = 2, tcp_syn_recv = 3, tcp_close = 7, tcp_listen = 10 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct in6_addr {
  struct {
    __u8 u6_addr8[16];
  } in6_u;
};
struct ns_common {
  unsigned int inum;
};
struct net {
  struct ns_common ns;
};
typedef struct {
  struct net* net;
} possible_net_t;
struct sock_common {
  __be32 skc_daddr;
  __be32 skc_rcv_saddr;
  __be16 skc_dport;
  unsigned short skc_family;
  int skc_bound_dev_if;
  possible_net_t skc_net;
  struct in6_addr skc_v6_daddr;
  struct in6_addr skc_v6_rcv_saddr;
};
struct sock {
  struct sock_common __sk_common;
  __u16 sk_protocol;
};
struct inet_sock {
  __be16 inet_sport;
};
#pragma clang attribute pop

/* IPv4 as IPv4-mapped, in network order. */
struct address {
  __u32 words[4];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 65536);
  __type(key, struct address);
  __type(value, __u8);
} watched SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 22); /* set by the loader */
} events SEC(".maps");

const volatile __u32 namespace_inode = 0; /* set by the loader */
__u64 lost = 0;                           /* events that found the ring full */

static __always_inline void map_v4(struct address* address, __be32 v4) {
  address->words[2] = bpf_htonl(0xffff);
  address->words[3] = v4;
}

static __always_inline bool is_of_watched_kind(const struct sock* sk) {
  const unsigned short family = sk->__sk_common.skc_family;
  return (family == AF_INET || family == AF_INET6) && sk->__sk_common.skc_net.net->ns.inum == namespace_inode;
}

static __always_inline void read_local(const struct sock* sk, struct address* local) {
  if (sk->__sk_common.skc_family == AF_INET)
    map_v4(local, sk->__sk_common.skc_rcv_saddr);
  else
    BPF_CORE_READ_INTO(local, sk, __sk_common.skc_v6_rcv_saddr);
}

static __always_inline bool is_wildcard(const struct address* address) {
  const __u32 third = address->words[2];
  return address->words[0] == 0 && address->words[1] == 0 && (third == 0 || third == bpf_htonl(0xffff)) &&
         address->words[3] == 0;
}

static __always_inline void tell(struct sock* sk, enum socket_event_kind kind, const struct address* local) {
  struct socket_event* event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
  if (!event) {
    __sync_fetch_and_add(&lost, 1);
    return;
  }
  struct address remote = {};
  if (sk->__sk_common.skc_family == AF_INET)
    map_v4(&remote, sk->__sk_common.skc_daddr);
  else
    BPF_CORE_READ_INTO(&remote, sk, __sk_common.skc_v6_daddr);
  event->cookie = bpf_get_socket_cookie(sk);
  event->kind = kind;
  event->bound_interface = sk->__sk_common.skc_bound_dev_if;
  /* skc_num is cleared before the end is told, inet_sport is not. */
  event->local_port = bpf_ntohs(BPF_CORE_READ((const struct inet_sock*)sk, inet_sport));
  event->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
  event->reserved = 0;
  __builtin_memcpy(event->local, local, sizeof event->local);
  __builtin_memcpy(event->remote, &remote, sizeof event->remote);
  bpf_ringbuf_submit(event, 0);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(socket_state_changes, struct sock* sk, int before, int after) {
  enum socket_event_kind kind;
  if (after == tcp_listen)
    kind = socket_event_listener_started;
  else if (before == tcp_listen && after == tcp_close)
    kind = socket_event_listener_ended;
  else if (after == tcp_established)
    kind = before == tcp_syn_recv ? socket_event_opened_inbound : socket_event_opened_outbound;
  else if (after == tcp_close && before != tcp_close)
    kind = socket_event_closed;
  else
    return 0;
  if (!is_of_watched_kind(sk) || sk->sk_protocol != 6) return 0;
  struct address local = {};
  read_local(sk, &local);
  if (!bpf_map_lookup_elem(&watched, &local)) {
    const bool listener = kind == socket_event_listener_started || kind == socket_event_listener_ended;
    if (!listener || !is_wildcard(&local)) return 0;
  }
  tell(sk, kind, &local);
  return 0;
}

/* A socket enters SYN_SENT before it has its port, so that outbound connections are learned from their SYN. This is the
 * filter of a packet socket that never takes a packet; data starts at the network header. */
SEC("socket")
int syn_is_sent(struct __sk_buff* skb) {
  enum { packet_outgoing = 4, ethertype_v4 = 0x0800, ethertype_v6 = 0x86dd, syn = 0x02, syn_and_ack = 0x12 };
  if (skb->pkt_type != packet_outgoing) return 0;
  struct address local = {};
  struct address remote = {};
  __u32 tcp_at = 40;
  __u8 byte = 0;
  if (skb->protocol == bpf_htons(ethertype_v4)) {
    if (bpf_skb_load_bytes(skb, 9, &byte, 1) || byte != 6) return 0;
    if (bpf_skb_load_bytes(skb, 0, &byte, 1)) return 0;
    tcp_at = 4 * (byte & 0x0f);
    __be32 ends[2];
    if (bpf_skb_load_bytes(skb, 12, ends, sizeof ends)) return 0;
    map_v4(&local, ends[0]);
    map_v4(&remote, ends[1]);
  } else if (skb->protocol == bpf_htons(ethertype_v6)) {
    if (bpf_skb_load_bytes(skb, 6, &byte, 1) || byte != 6) return 0;
    if (bpf_skb_load_bytes(skb, 8, &local, sizeof local)) return 0;
    if (bpf_skb_load_bytes(skb, 24, &remote, sizeof remote)) return 0;
  } else {
    return 0;
  }
  if (bpf_skb_load_bytes(skb, tcp_at + 13, &byte, 1) || (byte & syn_and_ack) != syn) return 0;
  if (!bpf_map_lookup_elem(&watched, &local)) return 0;
  __be16 ports[2];
  if (bpf_skb_load_bytes(skb, tcp_at, ports, sizeof ports)) return 0;
  struct socket_event* event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
  if (!event) {
    __sync_fetch_and_add(&lost, 1);
    return 0;
  }
  __builtin_memset(event, 0, sizeof *event);
  event->kind = socket_event_syn_sent;
  event->local_port = bpf_ntohs(ports[0]);
  event->remote_port = bpf_ntohs(ports[1]);
  __builtin_memcpy(event->local, &local, sizeof event->local);
  __builtin_memcpy(event->remote, &remote, sizeof event->remote);
  bpf_ringbuf_submit(event, 0);
  return 0;
}

char program_license[] SEC("license") = "GPL";
