/* The authority's side: fx-bridge/pvp/coordinator.cc and fx-bridge/engine. Votes, refusals and
 * what has been judged are lost with a crash; submissions and the decision log are not. Whoever
 * includes this, after ledger.pml, defines
 *
 *   TELL(s, verdict)       the certificate is let out; ledgers may get it from now on */

bit pending[SETTLEMENTS];    /* durable: a submission that is not complete */
byte record[SETTLEMENTS];    /* durable: the verdict of the first record for this id */
byte votes[SETTLEMENTS];     /* ledgers whose verified vote is in */
bit refused[SETTLEMENTS];    /* a ledger has refused for good, or the unseen id is past its deadline */
byte judged[SETTLEMENTS];    /* judged, and being written */
byte told[SETTLEMENTS];      /* verdicts of certificates that were ever let out */
bit authority_late;          /* the deadline is past by the authority's clock */

byte one_decision = true;
byte commit_has_votes_of_all = true;

#define IS_UNDECIDED(s) (pending[s] && record[s] == UNDECIDED && judged[s] == UNDECIDED)

#ifdef MUTANT_FORGETS_DECIDED_IDS
#define IS_KNOWN(s) (pending[s])
#else
#define IS_KNOWN(s) (pending[s] || record[s] != UNDECIDED)
#endif

/* Terms are handed in; nothing is told before they are durable. */
#define CAN_SUBMIT(s) (!IS_KNOWN(s) && !authority_late && judged[s] == UNDECIDED)
inline authority_submit(s) {
  pending[s] = true;
  printf("authority: settlement %d is handed in\n", s)
}

/* GetDecision with the terms, past the deadline, for an id that was never handed in. The record
 * and what is open become durable together. */
#define CAN_ABORT_UNSEEN(s) (!IS_KNOWN(s) && authority_late && judged[s] == UNDECIDED)
inline authority_abort_unseen(s) {
  judged[s] = ABORT;
  printf("authority: settlement %d is asked for past its deadline, unseen\n", s)
}

#define WANTS_VOTE(s, l) (IS_UNDECIDED(s) && !(votes[s] & BIT(l)))
inline authority_vote(s, l) {
  votes[s] = votes[s] | BIT(l);
  printf("authority: has the vote of ledger %d for settlement %d\n", l, s)
}

/* Who has voted is bound by it, whatever a late message says. */
#define WANTS_REFUSAL(s, l) (IS_UNDECIDED(s) && !(votes[s] & BIT(l)) && !refused[s])
inline authority_refusal(s, l) {
  refused[s] = true;
  printf("authority: ledger %d refused settlement %d\n", l, s)
}

/* The deadline is judged here, once. */
#if defined(MUTANT_COMMITS_WITHOUT_VOTES)
#define CAN_COMMIT(s) (IS_UNDECIDED(s) && votes[s] != 0 && !refused[s] && !authority_late)
#else
#define CAN_COMMIT(s) (IS_UNDECIDED(s) && votes[s] == ALL && !refused[s] && !authority_late)
#endif
#if defined(MUTANT_NO_DEADLINE)
#define CAN_ABORT(s) (IS_UNDECIDED(s) && refused[s])
#elif defined(ABORTS_AT_WHIM)
#define CAN_ABORT(s) (IS_UNDECIDED(s))
#else
#define CAN_ABORT(s) (IS_UNDECIDED(s) && (refused[s] || authority_late))
#endif

inline authority_tell(s, verdict) {
  one_decision = told[s] == UNDECIDED || told[s] == verdict;
  assert(one_decision);
  told[s] = told[s] | verdict;
  TELL(s, verdict)
}

inline authority_judge(s, verdict) {
  commit_has_votes_of_all = verdict == ABORT || voted[s] == ALL;
  assert(commit_has_votes_of_all);
  judged[s] = verdict;
  printf("authority: judges settlement %d: %d (1 commit, 2 abort)\n", s, verdict)
#ifdef MUTANT_TELLS_BEFORE_DURABLE
  ;
  authority_tell(s, verdict)
#endif
}

/* The record is durable, then told. The judgement is volatile and no longer needed. */
inline authority_write(s) {
  if
  :: record[s] == UNDECIDED -> record[s] = judged[s]
  :: else -> skip
  fi;
  pending[s] = true;
  printf("authority: the record of settlement %d is durable: %d\n", s, judged[s]);
  authority_tell(s, judged[s]);
  judged[s] = UNDECIDED;
  votes[s] = 0;
  refused[s] = false
}

/* The metadata of a complete settlement are removed. */
inline authority_remove(s) {
  pending[s] = false;
  printf("authority: settlement %d is complete\n", s)
}

inline authority_crash(s) {
  votes[s] = 0;
  refused[s] = false;
  judged[s] = UNDECIDED;
  printf("authority: crashes and restarts (settlement %d)\n", s)
}
