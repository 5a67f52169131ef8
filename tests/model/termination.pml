/* Termination of one settlement: when faults have stopped and every part that works gets its turn
 * (weak fairness), nothing stays held and nothing stays open.
 *
 * Messages are really lost here, so that it shows whether they are sent again: each link carries at
 * most one message of a kind in each direction, and any may be lost, come again late, or overtake
 * one of another kind. Losses, repeats and crashes are limited to LOSSES, REPEATS and CRASHES in a
 * run: with unlimited ones nothing ends. */

#define SETTLEMENTS 1

/* Requests, as bits. */
#define PREPARE 1
#define COMPLETE 2

byte requests[LEDGERS]; /* on their way to the ledger */
byte replies[LEDGERS];  /* on their way to the authority */

#define ANSWER(s, l, kind) replies[l] = replies[l] | kind
#define TELL(s, verdict) skip

#include "parts/ledger.pml"
#include "parts/authority.pml"

byte done;     /* ledgers that have acknowledged the decision; volatile */
bit carried;   /* somebody has let the terms out, beside the authority */
byte losses = LOSSES;
byte repeats = REPEATS;
byte crashes = CRASHES;

/* The payers. They hand in the terms at the authority, or carry them to a ledger themselves (the
 * ledgers are alike, so to the first), or both; then they are never seen again. */
active proctype Payers() {
  if
  :: atomic { CAN_SUBMIT(0) -> authority_submit(0) }
  :: atomic { CAN_SUBMIT(0) -> authority_submit(0); requests[0] = PREPARE; carried = true;
       printf("payers: carry the terms to ledger 0, too\n") }
  :: atomic { requests[0] = PREPARE; carried = true;
       printf("payers: carry the terms to ledger 0, and to nobody else\n") }
  fi
}

#define IS_HELD(s, l) (memory[AT(s, l)] == HELD)
#ifdef RETRIES_WHILE_LEDGER_WORKS
#define IN_FLIGHT(l) (requests[l] != 0 || replies[l] != 0)
#else
/* A retry that comes before its time is a repeat, of which there are REPEATS. */
#define IN_FLIGHT(l) (requests[l] != 0 || replies[l] != 0 || LEDGER_UNSYNCED(0, l))
#endif

/* Asks ledger l again when nothing is on its way any more, and hears what it answers. */
#define AUTHORITY_LINK(l) \
  :: atomic { WANTS_REFUSAL(0, l) && !IN_FLIGHT(l) && MAY_ASK(l) -> \
       requests[l] = requests[l] | PREPARE; \
       ASKED(l); \
       printf("authority: asks ledger %d to prepare\n", l) } \
  :: atomic { pending[0] && record[0] != UNDECIDED && !(done & BIT(l)) && !IN_FLIGHT(l) -> \
       requests[l] = requests[l] | COMPLETE; \
       printf("authority: carries the certificate to ledger %d\n", l) } \
  :: atomic { replies[l] & VOTE -> \
       replies[l] = replies[l] & ~VOTE; \
       if \
       :: WANTS_VOTE(0, l) -> authority_vote(0, l) \
       :: else -> skip \
       fi } \
  :: atomic { replies[l] & REFUSAL -> \
       replies[l] = replies[l] & ~REFUSAL; \
       if \
       :: WANTS_REFUSAL(0, l) -> authority_refusal(0, l) \
       :: else -> skip \
       fi } \
  :: atomic { replies[l] & ACK -> \
       replies[l] = replies[l] & ~ACK; \
       if \
       :: pending[0] && record[0] != UNDECIDED -> done = done | BIT(l) \
       :: else -> skip \
       fi }

#ifdef MUTANT_NO_RETRY
byte asked;
#define MAY_ASK(l) (!(asked & BIT(l)))
#define ASKED(l) asked = asked | BIT(l)
#else
#define MAY_ASK(l) true
#define ASKED(l) skip
#endif

/* One process, so that fairness promises no more than that the authority does something while it
 * can, and not that it does each thing. */
active proctype Authority() {
  do
  AUTHORITY_LINK(0)
  AUTHORITY_LINK(1)
  :: atomic { CAN_COMMIT(0) -> authority_judge(0, COMMIT) }
  :: atomic { CAN_ABORT(0) -> authority_judge(0, ABORT) }
  :: atomic { judged[0] != UNDECIDED -> authority_write(0) }
  :: atomic { pending[0] && record[0] != UNDECIDED && done == ALL -> authority_remove(0) }
#ifndef MUTANT_NO_UNSEEN_ABORT
  /* Whoever sees a hold that is past its deadline, and has the terms, asks. */
  :: atomic { EXISTS(IS_HELD, 0) && CAN_ABORT_UNSEEN(0) -> authority_abort_unseen(0) }
#endif
  od
}

/* What a prepare finds that is not the first. */
inline answer_prepare(l) {
  if
  :: memory[AT(0, l)] != disk[AT(0, l)] -> skip /* answered when it is durable */
  :: memory[AT(0, l)] == disk[AT(0, l)] && disk[AT(0, l)] == HELD -> ANSWER(0, l, VOTE)
  :: memory[AT(0, l)] == disk[AT(0, l)] && disk[AT(0, l)] != HELD -> ANSWER(0, l, REFUSAL)
  fi
}

#define LEDGER(l) \
  do \
  :: atomic { requests[l] & PREPARE -> \
       requests[l] = requests[l] & ~PREPARE; \
       if \
       :: LEDGER_NEW(0, l) -> ledger_prepare(0, l) \
       :: else -> answer_prepare(l) \
       fi } \
  :: atomic { requests[l] & COMPLETE -> \
       requests[l] = requests[l] & ~COMPLETE; \
       if \
       :: record[0] == COMMIT -> ledger_complete(0, l, COMMIT) \
       :: else -> ledger_complete(0, l, ABORT) \
       fi } \
  od

active proctype Ledger0() { LEDGER(0) }
#ifndef DEAD_LEDGER
active proctype Ledger1() { LEDGER(1) }
#endif

active proctype Disks() {
  do
  :: atomic { LEDGER_UNSYNCED(0, 0) -> ledger_sync(0, 0) }
  :: atomic { LEDGER_UNSYNCED(0, 1) -> ledger_sync(0, 1) }
  od
}

/* The authority's clock and the ledgers' pass the deadline at some time, in any order. */
active proctype Clocks() {
  do
  :: atomic { !late[0] -> late[0] = true; late[1] = true;
       printf("clocks of the ledgers: past the deadline\n") }
  :: atomic { !authority_late -> authority_late = true;
       printf("clock of the authority: past the deadline\n") }
  od
}

#define LOSE(box, l, kind) \
  :: atomic { losses > 0 && (box[l] & kind) -> losses--; box[l] = box[l] & ~kind; \
       printf("network: loses a message of ledger %d (kind %d)\n", l, kind) }
#define REPEAT(condition, box, l, kind) \
  :: atomic { repeats > 0 && (condition) && !(box[l] & kind) -> \
       repeats--; box[l] = box[l] | kind; \
       printf("network: brings a message of ledger %d again (kind %d)\n", l, kind) }
#define FAULTS_OF(l) \
  LOSE(requests, l, PREPARE) LOSE(requests, l, COMPLETE) \
  LOSE(replies, l, VOTE) LOSE(replies, l, REFUSAL) LOSE(replies, l, ACK) \
  REPEAT(carried || pending[0], requests, l, PREPARE) \
  REPEAT(told[0] != 0, requests, l, COMPLETE) \
  REPEAT(voted[0] & BIT(l), replies, l, VOTE) \
  REPEAT(disk[AT(0, l)] == REFUSED, replies, l, REFUSAL) \
  REPEAT(acknowledged[0] & BIT(l), replies, l, ACK) \
  :: atomic { crashes > 0 -> crashes--; ledger_crash(l) }

/* Strikes when it likes, and at some time no more. */
active proctype Faults() {
  do
  FAULTS_OF(0)
  FAULTS_OF(1)
  :: atomic { crashes > 0 -> crashes--; authority_crash(0); done = 0;
#ifdef MUTANT_FORGETS_OPEN
       pending[0] = false
#endif
     }
  :: break
  od
}

#define SETTLED_AT(s, l) (memory[AT(s, l)] != HELD && memory[AT(s, l)] == disk[AT(s, l)])
#ifdef DEAD_LEDGER
/* The other ledgers' money does not wait for the dead one. */
ltl every_settlement_ends {
  <> [] (SETTLED_AT(0, 0) && judged[0] == UNDECIDED && (!pending[0] || record[0] != UNDECIDED))
}
#else
ltl every_settlement_ends {
  <> [] (FOR_ALL(SETTLED_AT, 0) && judged[0] == UNDECIDED && !pending[0])
}
#endif
