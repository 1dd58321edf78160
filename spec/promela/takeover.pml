/* Failover and takeback in small, for SPIN: a second opinion on spec/model, and the same transition system, step for step, as
   tests/bench/checker/takeover_core.hpp.

   A primary P and its backup B route one DVIPA to N targets, each with a listener; one client opens one connection. P fails;
   B takes over (FLV); P returns and takes back (TKB). The bus is a FIFO channel for each pair of stacks; SYNs that a router
   has forwarded are a bag of frames, each marked with the period of ownership (epoch) under which it was forwarded, and may
   arrive at any time and any number of times. Ownership has three periods: 1 of P, 2 of B, 3 of P.

   Choose the number of targets with -DN=2 and so on. To leave a decision out: -DWITHOUT_FLV_5, and likewise FLV_6, TGT_5,
   TGT_6, TKB_2, TKB_4, TKB_5. Each of these must then break an assertion. */
#ifndef N
#define N 2
#endif
#define ALL ((1 << N) - 1)
#define BACKUP (1 << N) /* in p_waiting: the report of B */
#define BIT(i) (1 << (i))

/* Where P and B stand. */
#define P_FIRST 0 /* owns, epoch 1 */
#define P_FAILED 1
#define P_CLAIMS 2
#define P_AGAIN 3 /* owns, epoch 3 */
#define B_BACKUP 0
#define B_OWNS 1
#define B_HANDS_OVER 2
#define B_FORMER 3
byte p = P_FIRST;
byte b = B_BACKUP;
#define P_OWNS (p == P_FIRST || p == P_AGAIN)
#define B_ROUTES (b == B_OWNS || b == B_HANDS_OVER)

byte p_waiting, b_waiting; /* whose reports are not complete */
byte p_dpt = ALL, b_dpt;   /* destination port table */
byte p_crt, b_crt;         /* connection routing table: 0, or 1 + the target */

/* Targets. */
byte owner[N] = 1; /* the epoch of the owner that it knows, or 0 */
byte claim[N];     /* the epoch of the claimant that it knows, or 0 */
byte held[N];      /* its end of the connection */
#define NONE 0
#define HALF 1
#define OPEN 2

/* The bus. */
#define LISTENS 1 /* SRVSTAT(listening) */
#define HOLDS 2   /* NEWCONN */
#define END 3     /* end of report */
chan to_p[N] = [3] of { byte };
chan to_b[N] = [3] of { byte };
#define OWN 1
#define CLAIM 2
chan p_to[N] = [2] of { byte };
chan b_to[N] = [1] of { byte };
#define TAKEOVER 3
#define RELEASED 4
#define ROUTED 4 /* ROUTED + entry: NEWCONN of what B routes; entry is 1 + the target */
chan p_to_b = [2] of { byte };
chan b_to_p = [3] of { byte };

/* The client, and what is on the network. */
#define CLOSED 0
#define SYN_SENT 1
#define ESTABLISHED 2
byte client;
byte peer;      /* 1 + the target whose SYN-ACK it took */
byte reach = 1; /* where its packets may arrive: 1 P, 2 B */
byte frames[4]; /* by epoch: the targets that its SYN was forwarded to */

byte m, k; /* 0 between steps */

#ifdef WITHOUT_FLV_5
#define MAY_ANSWER(waiting) true
#else
#define MAY_ANSWER(waiting) (waiting == 0)
#endif
#ifdef WITHOUT_TGT_6
#define ADMITS(i, epoch) true
#else
#define ADMITS(i, epoch) (epoch == owner[i] || epoch == claim[i])
#endif

/* B has a view without P (FLV-2, FLV-3, FLV-6). */
inline take_over() {
  b = B_OWNS;
#ifndef WITHOUT_FLV_6
  b_waiting = ALL;
#endif
  reach = reach | 2;
  for (k : 0 .. N - 1) { b_to[k]!OWN }
  k = 0
}

/* P is back and has the list of B (TKB-1). */
inline return_and_claim() {
  p = P_CLAIMS;
  p_to_b!CLAIM;
#ifdef WITHOUT_TKB_2
  p_to_b!TAKEOVER;
#else
  p_waiting = ALL | BACKUP;
#endif
  for (k : 0 .. N - 1) { p_to[k]!CLAIM }
  k = 0
}

inline report(i, channel) {
  channel!LISTENS;
  if :: held[i] != NONE -> channel!HOLDS :: else fi;
  channel!END
}

/* A report has come from `who`, if `m` says so; P with all reports asks B to let go (TKB-2). */
#ifdef WITHOUT_TGT_5
#define IS_END true
#else
#define IS_END (m == END)
#endif
inline p_hears_end(who) {
  if
  :: IS_END && (p_waiting & who) != 0 ->
     p_waiting = p_waiting & ~(who);
     if :: p_waiting == 0 -> p_to_b!TAKEOVER :: else fi
  :: else
  fi
}

inline p_hears_target(i) {
  to_p[i]?m;
  if
  :: m == LISTENS -> p_dpt = p_dpt | BIT(i)
  :: m == HOLDS && p_crt == 0 -> p_crt = i + 1
  :: else
  fi;
  p_hears_end(BIT(i));
  m = 0
}

inline b_hears_target(i) {
  to_b[i]?m;
  if
  :: b == B_FORMER
  :: b != B_FORMER && m == LISTENS -> b_dpt = b_dpt | BIT(i)
  :: b != B_FORMER && m == HOLDS && b_crt == 0 -> b_crt = i + 1
  :: else
  fi;
  if :: IS_END && b != B_FORMER -> b_waiting = b_waiting & ~BIT(i) :: else fi;
  m = 0
}

inline b_hears_p() {
  p_to_b?m;
  if
  :: m == CLAIM ->
     b = B_HANDS_OVER;
     if :: b_crt != 0 -> b_to_p!(ROUTED + b_crt) :: else fi;
     b_to_p!END
  :: else -> /* TAKEOVER (TKB-3) */
     b = B_FORMER; b_waiting = 0; b_dpt = 0; b_crt = 0;
     b_to_p!RELEASED
  fi;
  m = 0
}

inline p_hears_b() {
  b_to_p?m;
  if
  :: m == RELEASED ->
     p = P_AGAIN;
     reach = reach | 1;
     for (k : 0 .. N - 1) { p_to[k]!OWN }
     k = 0
  :: m > ROUTED -> p_crt = m - ROUTED
  :: else
  fi;
  if :: m != RELEASED -> p_hears_end(BACKUP) :: else fi;
  m = 0
}

/* P could connect with the target again only after that had seen it fail: it has no owner, if B's news are not yet here. */
inline target_hears_p(i) {
  p_to[i]?m;
  if
  :: m == CLAIM ->
     if :: owner[i] == 1 -> owner[i] = 0 :: else fi;
     claim[i] = 3; report(i, to_p[i])
  :: else -> owner[i] = 3; claim[i] = 0
  fi;
  m = 0
}

/* News of B that come after those of P, who owns by now, are old (FLV-10). */
inline target_hears_b(i) {
  b_to[i]?m;
  if :: owner[i] < 2 -> owner[i] = 2; report(i, to_b[i]) :: else fi;
  m = 0
}

/* The SYN that was forwarded under `epoch` arrives; a claimant hears of it (TGT-6). */
#define OPENS(i, epoch) ((frames[epoch] & BIT(i)) != 0 && held[i] == NONE && ADMITS(i, epoch))
inline open_half(i, epoch) {
  held[i] = HALF;
  if :: claim[i] != 0 && epoch != 3 -> to_p[i]!HOLDS :: else fi
}

/* A SYN at its router: RTE-3, RTE-4. A refusal is harm, for all targets listen (RTE-5). */
#define ASKS_P(at) (P_OWNS && (at) && p_crt == 0 && MAY_ANSWER(p_waiting))
#define ASKS_B(at) (B_ROUTES && (at) && b_crt == 0 && MAY_ANSWER(b_waiting))
#define P_EPOCH (p == P_FIRST -> 1 : 3)
inline p_forwards(entry) {
  p_crt = entry;
  frames[P_EPOCH] = frames[P_EPOCH] | BIT(entry - 1)
}
inline b_forwards(entry) {
#ifndef WITHOUT_TKB_5
  if :: b == B_HANDS_OVER && b_crt == 0 -> b_to_p!(ROUTED + entry) :: else fi;
#endif
  b_crt = entry;
  frames[2] = frames[2] | BIT(entry - 1)
}

/* Where a packet of the client reaches a router: itself, or through the one that owned before or wants to own (TKB-4). */
#ifdef WITHOUT_TKB_4
#define AT_P ((reach & 1) != 0)
#define AT_B ((reach & 2) != 0)
#define ANSWERED_ELSEWHERE (((reach & 1) != 0 && p == P_CLAIMS) || ((reach & 2) != 0 && b == B_FORMER))
#else
#define AT_P ((reach & 1) != 0 || ((reach & 2) != 0 && b == B_FORMER))
#define AT_B ((reach & 2) != 0 || ((reach & 1) != 0 && p == P_CLAIMS))
#define ANSWERED_ELSEWHERE false
#endif

/* A packet of the established connection arrives at target e - 1: at its own, or at one that would answer it wrongly. */
inline arrives(e, epoch) {
  if
  :: e == peer && ADMITS(e - 1, epoch) -> held[e - 1] = OPEN
  :: e != peer && ADMITS(e - 1, epoch) -> assert(false)
  :: else
  fi
}

#define TARGET(i) \
  :: d_step { nempty(p_to[i]) -> target_hears_p(i) } \
  :: d_step { nempty(b_to[i]) -> target_hears_b(i) } \
  :: d_step { nempty(to_p[i]) -> p_hears_target(i) } \
  :: d_step { nempty(to_b[i]) -> b_hears_target(i) } \
  :: d_step { OPENS(i, 1) -> open_half(i, 1) } \
  :: d_step { OPENS(i, 2) -> open_half(i, 2) } \
  :: d_step { OPENS(i, 3) -> open_half(i, 3) } \
  :: d_step { client != CLOSED && ASKS_P(AT_P) && (p_dpt & BIT(i)) != 0 -> p_forwards(i + 1) } \
  :: d_step { client != CLOSED && ASKS_B(AT_B) && (b_dpt & BIT(i)) != 0 -> b_forwards(i + 1) } \
  :: d_step { client == SYN_SENT && held[i] == HALF -> client = ESTABLISHED; peer = i + 1 }

active proctype cluster() {
end:
  do
  :: d_step { p == P_FIRST -> p = P_FAILED; p_waiting = 0; p_dpt = 0; p_crt = 0 }
  :: d_step { p == P_FAILED && b == B_BACKUP -> take_over() }
  :: d_step { p == P_FAILED && b == B_OWNS -> return_and_claim() }
  :: d_step { nempty(p_to_b) -> b_hears_p() }
  :: d_step { nempty(b_to_p) -> p_hears_b() }
  :: d_step { client == CLOSED -> client = SYN_SENT }
  :: d_step { client == SYN_SENT && ASKS_P(AT_P) && p_dpt == 0 -> assert(false) } /* refused */
  :: d_step { client == SYN_SENT && ASKS_B(AT_B) && b_dpt == 0 -> assert(false) }
  :: d_step { client != CLOSED && P_OWNS && AT_P && p_crt != 0 -> p_forwards(p_crt) } /* SYN, again */
  :: d_step { client != CLOSED && B_ROUTES && AT_B && b_crt != 0 -> b_forwards(b_crt) }
  :: d_step { client == ESTABLISHED && P_OWNS && AT_P && p_crt != 0 -> arrives(p_crt, P_EPOCH) }
  :: d_step { client == ESTABLISHED && B_ROUTES && AT_B && b_crt != 0 -> arrives(b_crt, 2) }
  :: d_step { client == ESTABLISHED && ASKS_P(AT_P) -> assert(false) } /* reset */
  :: d_step { client == ESTABLISHED && ASKS_B(AT_B) -> assert(false) }
  :: d_step { client != CLOSED && ANSWERED_ELSEWHERE -> assert(false) }
  TARGET(0)
#if N > 1
  TARGET(1)
#endif
#if N > 2
  TARGET(2)
#endif
#if N > 3
  TARGET(3)
#endif
#if N > 4
  TARGET(4)
#endif
  od
}
