/* The ledger's side: what settlement/core/ledger_settlement.cc does with a prepare and with a
 * completion, and what a crash leaves. Whoever includes this defines
 *
 *   LEDGERS, SETTLEMENTS   how many of each
 *   FUNDS                  settlements that the payer's account on each ledger can pay for
 *   ANSWER(s, l, kind)     sends a VOTE, REFUSAL or ACK of ledger l about settlement s
 *
 * REFUSALS_ARE_RECORDED leaves out the definite refusals that a ledger does not record, but for the
 * one past the deadline. OUTCOMES_ONLY leaves out the assertion that a certificate is always carried out, so that mutants
 * show what becomes of the money. Mutants are the #ifdefs whose names begin with MUTANT_; run.py lists them. */

/* Where a settlement stands at a ledger. */
#define NONE 0
#define HELD 1     /* prepared: reserved, and bound to follow the certificate */
#define BOOKED 2
#define RELEASED 3 /* aborted; also the tombstone of an id that was never prepared */
#define REFUSED 4  /* the definite refusal that stands in the journal */

/* Verdicts, also as bits of what has been told. */
#define UNDECIDED 0
#define COMMIT 1
#define ABORT 2

/* Answers, as bits. */
#define VOTE 1
#define REFUSAL 2
#define ACK 4

#define AT(s, l) ((s) * LEDGERS + (l))
#define BIT(l) (1 << (l))
#define ALL ((1 << LEDGERS) - 1)

#if LEDGERS == 2
#define FOR_ALL(P, s) (P(s, 0) && P(s, 1))
#define EXISTS(P, s) (P(s, 0) || P(s, 1))
#elif LEDGERS == 3 && !defined(BYZANTINE_LEDGER)
#define FOR_ALL(P, s) (P(s, 0) && P(s, 1) && P(s, 2))
#define EXISTS(P, s) (P(s, 0) || P(s, 1) || P(s, 2))
#elif LEDGERS == 3
/* The last one lies; what is promised is promised to the two others. */
#define FOR_ALL(P, s) (P(s, 0) && P(s, 1))
#define EXISTS(P, s) (P(s, 0) || P(s, 1))
#endif

byte memory[SETTLEMENTS * LEDGERS]; /* what the ledger has executed */
byte disk[SETTLEMENTS * LEDGERS];   /* what is synced: all that a crash leaves, and all that is told */
byte available[LEDGERS] = FUNDS;    /* the payer's account, in memory */
byte held[LEDGERS];
byte paid[LEDGERS];                 /* what the payee has got */
byte voted[SETTLEMENTS];            /* ledgers that have ever let a vote out; for the properties */
byte acknowledged[SETTLEMENTS];     /* and that have ever acknowledged an outcome */
bit late[LEDGERS];                  /* the deadline is past by this ledger's clock */

/* Properties: computed where they are asserted, and true until one is broken. */
byte all_or_none = true;
byte outcome_never_changes = true;
byte certificate_always_executes = true;
byte nothing_reserved_after_abort = true;
byte money_conserved = true;

#define IS_BOOKED(s, l) (memory[AT(s, l)] == BOOKED)
#define STANDS(s, l) (memory[AT(s, l)] == HELD || memory[AT(s, l)] == BOOKED)

/* A leg is booked only if every other leg is booked or still held. */
inline check_outcomes(s) {
  all_or_none = !EXISTS(IS_BOOKED, s) || FOR_ALL(STANDS, s);
  assert(all_or_none)
}

/* available and held are unsigned: below zero is far above FUNDS. */
inline check_money(l) {
  money_conserved = available[l] <= FUNDS && held[l] <= FUNDS && paid[l] <= FUNDS &&
                    available[l] + held[l] + paid[l] == FUNDS;
  assert(money_conserved)
}

inline ledger_hold(s, l) {
  nothing_reserved_after_abort = !(acknowledged[s] & BIT(l));
  assert(nothing_reserved_after_abort);
  memory[AT(s, l)] = HELD;
  available[l]--;
  held[l]++;
  printf("ledger %d: holds settlement %d (in memory)\n", l, s)
}

/* Terms arrive. A repeat changes nothing: LEDGER_NEW guards this. That the ledger may refuse at any
 * time stands for everything that it checks: limits, accounts, closing, a freeze. */
#define LEDGER_NEW(s, l) (memory[AT(s, l)] == NONE)
inline ledger_prepare(s, l) {
  if
#ifdef REFUSALS_ARE_RECORDED
  :: late[l] -> /* refused, and not recorded */
#else
  :: true -> /* refused, and not recorded: the deadline is past, or a key is not known yet */
#endif
    ANSWER(s, l, REFUSAL);
    printf("ledger %d: refuses settlement %d, and may hold it when the terms come again\n", l, s)
  :: !late[l] && available[l] > 0 ->
    ledger_hold(s, l)
  :: !late[l] ->
    memory[AT(s, l)] = REFUSED;
    printf("ledger %d: refuses settlement %d for good (in memory)\n", l, s)
  fi;
  check_money(l)
}

inline ledger_resolve(s, l, verdict) {
  held[l]--;
  if
  :: verdict == COMMIT ->
    memory[AT(s, l)] = BOOKED;
    paid[l]++;
    printf("ledger %d: books settlement %d\n", l, s)
  :: else ->
    memory[AT(s, l)] = RELEASED;
    available[l]++;
    printf("ledger %d: releases settlement %d\n", l, s)
  fi
}

#define LEDGER_UNSYNCED(s, l) (memory[AT(s, l)] != disk[AT(s, l)])
#define AGREES(s, l, verdict) ((verdict == COMMIT) == (memory[AT(s, l)] == BOOKED))

/* A certificate that verifies arrives. Whoever calls this checked that it does. */
inline ledger_complete(s, l, verdict) {
  if
#ifdef MUTANT_FREEZE_BLOCKS_COMPLETION
  :: memory[AT(s, l)] == HELD ->
    printf("ledger %d: the account is frozen, completion is refused\n", l)
#endif
  :: memory[AT(s, l)] == HELD ->
    ledger_resolve(s, l, verdict)
  :: memory[AT(s, l)] == NONE && verdict == ABORT ->
#ifdef MUTANT_NO_TOMBSTONE
    ANSWER(s, l, ACK);
    acknowledged[s] = acknowledged[s] | BIT(l);
    printf("ledger %d: has no hold of settlement %d to release, and keeps nothing\n", l, s)
#else
    memory[AT(s, l)] = RELEASED;
    printf("ledger %d: tombstone for settlement %d\n", l, s)
#endif
  :: memory[AT(s, l)] != HELD && memory[AT(s, l)] != NONE && AGREES(s, l, verdict) &&
     !LEDGER_UNSYNCED(s, l) -> /* a repeat is answered alike */
    ANSWER(s, l, ACK);
    acknowledged[s] = acknowledged[s] | BIT(l)
  :: else -> /* not durable yet, and answered when it is; or, in mutants, a conflict */
    skip
  fi;
#ifndef OUTCOMES_ONLY
  certificate_always_executes =
      (memory[AT(s, l)] == NONE && verdict == ABORT) ||
      (memory[AT(s, l)] != NONE && memory[AT(s, l)] != HELD && AGREES(s, l, verdict));
  assert(certificate_always_executes);
#endif
  check_money(l);
  check_outcomes(s)
}

inline ledger_answer_durable(s, l) {
  if
  :: disk[AT(s, l)] == HELD ->
    voted[s] = voted[s] | BIT(l);
    ANSWER(s, l, VOTE)
  :: disk[AT(s, l)] == REFUSED ->
    ANSWER(s, l, REFUSAL)
  :: disk[AT(s, l)] == BOOKED || disk[AT(s, l)] == RELEASED ->
    acknowledged[s] = acknowledged[s] | BIT(l);
    ANSWER(s, l, ACK)
  :: else -> skip
  fi
}

/* The batch becomes durable; only then is it answered. */
inline ledger_sync(s, l) {
  outcome_never_changes = disk[AT(s, l)] == NONE || disk[AT(s, l)] == HELD;
  assert(outcome_never_changes);
  disk[AT(s, l)] = memory[AT(s, l)];
  printf("ledger %d: settlement %d is durable as %d (1 held, 2 booked, 3 released, 4 refused)\n",
         l, s, disk[AT(s, l)]);
  ledger_answer_durable(s, l)
}

inline ledger_replay(s, l) {
#ifdef MUTANT_FORGETS_HOLD
  if
  :: disk[AT(s, l)] == HELD -> disk[AT(s, l)] = NONE
  :: else -> skip
  fi;
#endif
  memory[AT(s, l)] = disk[AT(s, l)];
  if
  :: memory[AT(s, l)] == HELD -> available[l]--; held[l]++
  :: memory[AT(s, l)] == BOOKED -> available[l]--; paid[l]++
  :: else -> skip
  fi
}

/* Kill and restart: the journal is replayed. */
inline ledger_crash(l) {
  printf("ledger %d: crashes and restarts\n", l);
  available[l] = FUNDS;
  held[l] = 0;
  paid[l] = 0;
  ledger_replay(0, l);
#if SETTLEMENTS > 1
  ledger_replay(1, l);
#endif
  check_money(l)
}
