/* Two-phase commit after Gray and Lamport: the transition system of two_phase_commit.hpp, step for step (also the steps that
   change nothing), so that states and transitions can be compared. One process, so that the state vector is as small as
   Promela allows. Choose the number of resource managers with -DN=3 and so on. */
#ifndef N
#define N 3
#endif
#define WORKING 0
#define PREPARED 1
#define COMMITTED 2
#define ABORTED 3
#define ALL ((1 << N) - 1)

byte rm[N];
byte tm; /* WORKING: undecided */
short tm_prepared;   /* a bit for each: the manager has received "prepared" */
short sent_prepared; /* a bit for each: "prepared" was sent */
bit sent_commit;
bit sent_abort;

#define RM(i) \
  :: d_step { tm == WORKING && (sent_prepared & (1 << i)) -> tm_prepared = tm_prepared | (1 << i) } \
  :: d_step { rm[i] == WORKING -> rm[i] = PREPARED; sent_prepared = sent_prepared | (1 << i) } \
  :: d_step { rm[i] == WORKING -> rm[i] = ABORTED } \
  :: d_step { sent_commit -> rm[i] = COMMITTED } \
  :: d_step { sent_abort -> rm[i] = ABORTED }

active proctype two_phase() {
end:
  do
  :: d_step { tm == WORKING && tm_prepared == ALL -> tm = COMMITTED; sent_commit = 1 }
  :: d_step { tm == WORKING -> tm = ABORTED; sent_abort = 1 }
  RM(0)
#if N > 1
  RM(1)
#endif
#if N > 2
  RM(2)
#endif
#if N > 3
  RM(3)
#endif
#if N > 4
  RM(4)
#endif
#if N > 5
  RM(5)
#endif
#if N > 6
  RM(6)
#endif
#if N > 7
  RM(7)
#endif
#if N > 8
  RM(8)
#endif
  od
}
