/* Safety of one settlement, or of several that share ledgers, whatever the network does and
 * however often anybody crashes.
 *
 * The network is the set of everything that was ever said: each message may arrive at any time, in
 * any order, any number of times, or never, without bounds. Terms may reach a ledger before and
 * after the authority, because anybody may carry them. Forged certificates arrive too. Crashes are
 * unbounded, and clocks pass the deadline at any time and apart from each other.
 *
 * The authority is honest here: one record for an id. That a dishonest one cannot get certificates
 * for two is what witness.pml shows. */

byte replies[SETTLEMENTS * LEDGERS]; /* kinds of answers that were ever sent */

#define ANSWER(s, l, kind) replies[AT(s, l)] = replies[AT(s, l)] | kind
#define TELL(s, verdict) skip
#define ARRIVES(s, l, kind) (replies[AT(s, l)] & kind)

#include "parts/ledger.pml"
#include "parts/authority.pml"

/* Certificates that verify at a ledger: those that the authority let out. One that it did not is
 * not signed by the log's key, or lacks votes. */
#ifdef MUTANT_CERTIFICATE_NOT_CHECKED
#define VERIFIES(s, verdict) true
#else
#define VERIFIES(s, verdict) (told[s] & verdict)
#endif

#define LEDGER_STEPS(s) \
  :: atomic { LEDGER_NEW(s, l) -> ledger_prepare(s, l) } \
  :: atomic { VERIFIES(s, COMMIT) -> ledger_complete(s, l, COMMIT) } \
  :: atomic { VERIFIES(s, ABORT) -> ledger_complete(s, l, ABORT) }

#ifdef BYZANTINE_LEDGER
#define HONEST_LEDGERS (LEDGERS - 1)
#else
#define HONEST_LEDGERS LEDGERS
#endif

/* One batch of the ledger holds what it did for every settlement: all of it becomes durable, or
 * none. */
proctype Ledger(byte l) {
  do
  LEDGER_STEPS(0)
#if SETTLEMENTS > 1
  LEDGER_STEPS(1)
#endif
#if SETTLEMENTS == 1
  :: atomic { LEDGER_UNSYNCED(0, l) -> ledger_sync(0, l) }
#ifdef MUTANT_VOTES_BEFORE_DURABLE
  :: atomic { memory[AT(0, l)] == HELD && disk[AT(0, l)] == NONE && !(voted[0] & BIT(l)) ->
       voted[0] = voted[0] | BIT(l);
       ANSWER(0, l, VOTE);
       printf("ledger %d: votes for settlement 0 before the hold is durable\n", l) }
#endif
#ifdef MUTANT_RELEASES_ON_TIMEOUT
  :: atomic { late[l] && memory[AT(0, l)] == HELD ->
       ledger_resolve(0, l, ABORT); check_money(l); check_outcomes(0) }
#endif
#else
  :: atomic { (LEDGER_UNSYNCED(0, l) || LEDGER_UNSYNCED(1, l)) ->
       if
       :: LEDGER_UNSYNCED(0, l) -> ledger_sync(0, l)
       :: else -> skip
       fi;
       if
       :: LEDGER_UNSYNCED(1, l) -> ledger_sync(1, l)
       :: else -> skip
       fi }
#endif
  :: atomic { ledger_crash(l) }
#ifndef LEDGER_CLOCKS_AGREE
  :: atomic { !late[l] -> late[l] = true; printf("clock of ledger %d: past the deadline\n", l) }
#endif
  od
}

#define AUTHORITY_HEARS(s, l) \
  :: atomic { WANTS_VOTE(s, l) && ARRIVES(s, l, VOTE) -> authority_vote(s, l) } \
  :: atomic { WANTS_REFUSAL(s, l) && ARRIVES(s, l, REFUSAL) -> authority_refusal(s, l) }

#if LEDGERS == 2
#define AUTHORITY_HEARS_ALL(s) AUTHORITY_HEARS(s, 0) AUTHORITY_HEARS(s, 1)
#else
#define AUTHORITY_HEARS_ALL(s) AUTHORITY_HEARS(s, 0) AUTHORITY_HEARS(s, 1) AUTHORITY_HEARS(s, 2)
#endif

#define AUTHORITY_STEPS(s) \
  :: atomic { CAN_SUBMIT(s) -> authority_submit(s) } \
  :: atomic { CAN_ABORT_UNSEEN(s) -> authority_abort_unseen(s) } \
  AUTHORITY_HEARS_ALL(s) \
  :: atomic { CAN_COMMIT(s) -> authority_judge(s, COMMIT) } \
  :: atomic { CAN_ABORT(s) -> authority_judge(s, ABORT) } \
  :: atomic { judged[s] != UNDECIDED -> authority_write(s) } \
  :: atomic { pending[s] && record[s] != UNDECIDED && acknowledged[s] == ALL -> \
       authority_remove(s) }

#define VOLATILE(s) (votes[s] != 0 || refused[s] || judged[s] != UNDECIDED)

proctype Authority() {
  do
  AUTHORITY_STEPS(0)
#if SETTLEMENTS > 1
  AUTHORITY_STEPS(1)
#endif
#if SETTLEMENTS == 1
  :: atomic { VOLATILE(0) -> authority_crash(0) }
#else
  :: atomic { VOLATILE(0) || VOLATILE(1) -> authority_crash(0); authority_crash(1) }
#endif
#ifdef MUTANT_EQUIVOCATES
  /* Without witnesses, whoever has the log's key can keep a second log. */
  :: atomic { told[0] == COMMIT ->
       told[0] = COMMIT | ABORT;
       printf("authority: shows a second log, in which settlement 0 is aborted\n") }
#endif
  :: atomic { !authority_late -> authority_late = true;
#ifdef LEDGER_CLOCKS_AGREE
       late[0] = true; late[1] = true;
#endif
       printf("clock of the authority: past the deadline\n") }
  od
}

#ifdef BYZANTINE_LEDGER
/* Votes without a hold, refuses after a vote, acknowledges what it did not do. */
proctype LyingLedger(byte l) {
  do
  :: atomic { !(voted[0] & BIT(l)) -> voted[0] = voted[0] | BIT(l); ANSWER(0, l, VOTE);
       printf("ledger %d: votes, and holds nothing\n", l) }
  :: atomic { !ARRIVES(0, l, REFUSAL) -> ANSWER(0, l, REFUSAL);
       printf("ledger %d: refuses\n", l) }
  :: atomic { !(acknowledged[0] & BIT(l)) -> acknowledged[0] = acknowledged[0] | BIT(l);
       ANSWER(0, l, ACK); printf("ledger %d: acknowledges, and did nothing\n", l) }
  od
}
#endif

init {
  atomic {
    byte i = 0;
    do
    :: i < HONEST_LEDGERS -> run Ledger(i); i++
    :: else -> break
    od;
#ifdef BYZANTINE_LEDGER
    run LyingLedger(LEDGERS - 1);
#endif
    run Authority();
    i = 0
  }
}
