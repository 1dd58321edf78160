/* Leader election on a ring after Chang and Roberts: the transition system of ring_election.hpp, step for step. Choose the
   number of nodes (2 to 8) with -DN=3 and so on. */
#ifndef N
#define N 3
#endif
#define NAME(i) (N - (i))
#define NEXT(i) (((i) + 1) % N)

chan channel[N] = [N] of { byte };
byte awake[N]; /* 0 not yet decided, 1 candidate, 2 relay */
byte leader;
byte got; /* 0 between steps */

#define NODE(i) \
  :: d_step { awake[i] == 0 -> awake[i] = 1; channel[NEXT(i)]!NAME(i) } \
  :: d_step { nempty(channel[i]) -> channel[i]?got; \
       if :: awake[i] == 0 -> awake[i] = 2 :: else fi; \
       if \
       :: awake[i] == 1 && got == NAME(i) -> leader = got \
       :: else -> if :: awake[i] == 2 || got > NAME(i) -> channel[NEXT(i)]!got :: else fi \
       fi; \
       got = 0 }

active proctype ring() {
end:
  do
  NODE(0)
  NODE(1)
#if N > 2
  NODE(2)
#endif
#if N > 3
  NODE(3)
#endif
#if N > 4
  NODE(4)
#endif
#if N > 5
  NODE(5)
#endif
#if N > 6
  NODE(6)
#endif
#if N > 7
  NODE(7)
#endif
  od
}
