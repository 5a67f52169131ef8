/* The witnesses' rule against a bridge that does anything it likes: whatever it shows to whom, in
 * whatever order and how often, there are never certificates for two verdicts on one id.
 *
 * The bridge may sign every possible log of at most RECORDS_MAX records, all forks at once, ids
 * repeated: it has no state of its own, and each of its checkpoints may reach each witness at any
 * time or never. BYZANTINE witnesses cosign whatever is wanted. The others crash without bounds.
 *
 *   WITNESSES n, NEEDED k, BYZANTINE f as in the policy; NEEDED 0 needs no witness.
 *   WITNESSES_MAX instead: every policy of so many witnesses or fewer with 2k - n > f.
 *   LOST_STATE witnesses among the honest ones are, at any time and again, restored from a backup
 *   and go on under their old key. */

/* Records: the id in question decided one way or the other, and another id. */
#define COMMIT 1
#define ABORT 2
#define OTHER 3

/* A log is its first record and 4 times its second; 0 is no record. */
#define FIRST(log) ((log) % 4)
#define SECOND(log) ((log) / 4)
#define HOLDS(log, verdict) (FIRST(log) == verdict || SECOND(log) == verdict)
#define IS_PREFIX(a, b) ((a) == 0 || (a) == (b) || ((a) < 4 && (a) == FIRST(b)))
#define ABOUT_ID(entry) ((entry) == COMMIT || (entry) == ABORT)
#define REPEATS_ID(log) \
  ((ABOUT_ID(FIRST(log)) && ABOUT_ID(SECOND(log))) || (log) == OTHER + 4 * OTHER)

#if RECORDS_MAX == 1
#define LOG_MAX 3
#else
#define LOG_MAX 15
#endif

#define SLOTS 7

byte honest;    /* n - f */
byte byzantine; /* f */
byte needed;    /* k */
byte memory[SLOTS];           /* the log that the witness has verified */
byte disk[SLOTS];             /* and made durable, with the ids in it */
byte cosigned[LOG_MAX + 1];   /* honest witnesses whose cosignature of that checkpoint is out */
byte outcome[2];              /* what two ledgers have done */

byte one_outcome_everywhere = true;

#define COUNT(mask) \
  ((mask & 1) + ((mask >> 1) & 1) + ((mask >> 2) & 1) + ((mask >> 3) & 1) + ((mask >> 4) & 1) + \
   ((mask >> 5) & 1) + ((mask >> 6) & 1))
#define CERTIFIED(log) (COUNT(cosigned[log]) + byzantine >= needed)

/* What the witness compares with what it knows before it signs. */
#ifdef MUTANT_ACCEPTS_REPEATED_ID
#define NO_REPEAT(log) true
#else
#define NO_REPEAT(log) (!REPEATS_ID(log))
#endif
#ifdef MUTANT_ACCEPTS_FORK
#define EXTENDS(known, log) true
#else
#define EXTENDS(known, log) IS_PREFIX(known, log)
#endif
#define ACCEPTS(known, log) ((log) != (known) && EXTENDS(known, log) && NO_REPEAT(log))

/* A witness that has made a log durable may have signed every checkpoint on the way to it. */
inline cosign(w, log) {
  cosigned[log] = cosigned[log] | (1 << w);
  if
  :: SECOND(log) != 0 -> cosigned[FIRST(log)] = cosigned[FIRST(log)] | (1 << w)
  :: else -> skip
  fi;
  printf("witness %d: cosigns the log (%d, %d) (1 commit, 2 abort, 3 another id)\n",
         w, FIRST(log), SECOND(log))
}

proctype Witness(byte w) {
  byte shown = 0;
  do
  :: atomic {
       select (shown : 1 .. LOG_MAX);
       if
       :: (shown < 4 || FIRST(shown) != 0) && ACCEPTS(memory[w], shown) ->
         memory[w] = shown;
         printf("witness %d: is shown the log (%d, %d)\n", w, FIRST(shown), SECOND(shown));
#ifdef MUTANT_SIGNS_BEFORE_PERSISTING
         cosign(w, shown);
#endif
       :: else -> skip
       fi;
       shown = 0
     }
  :: atomic { memory[w] != disk[w] ->
       disk[w] = memory[w];
       cosign(w, disk[w]) }
  :: atomic { memory[w] != disk[w] ->
       memory[w] = disk[w];
       printf("witness %d: crashes and restarts\n", w) }
#ifdef LOST_STATE
  :: atomic { w < LOST_STATE && disk[w] != 0 ->
       disk[w] = 0;
       memory[w] = 0;
       printf("witness %d: is restored from an old backup under its old key\n", w) }
#endif
  od
}

/* A ledger that holds the id takes the first certificate that it is shown, votes and record being
 * in order; it cannot see whether the record is the first in its log. */
#define TAKES(l, verdict) \
  :: atomic { \
       select (log : 1 .. LOG_MAX); \
       if \
       :: outcome[l] == 0 && (log < 4 || FIRST(log) != 0) && HOLDS(log, verdict) && \
          CERTIFIED(log) -> \
         outcome[l] = verdict; \
         printf("ledger %d: gets a certificate in the log (%d, %d)\n", l, FIRST(log), \
                SECOND(log)); \
         one_outcome_everywhere = outcome[0] == 0 || outcome[1] == 0 || outcome[0] == outcome[1]; \
         assert(one_outcome_everywhere) \
       :: else -> skip \
       fi; \
       log = 0 }

proctype Ledger(byte l) {
  byte log = 0;
  do
  TAKES(l, COMMIT)
  TAKES(l, ABORT)
  od
}

/* Every policy of up to WITNESSES_MAX witnesses that is not refused: safe is 2k - n > f. */
inline choose_policy() {
  byte n;
  select (n : 1 .. WITNESSES_MAX);
  select (needed : 1 .. n);
  select (byzantine : 0 .. n);
  if
  :: 2 * needed > n + byzantine -> honest = n - byzantine
  :: else -> honest = 0; byzantine = 0; needed = 255 /* refused: nothing is ever certified */
  fi;
  n = 0
}

init {
  byte i = 0;
  atomic {
#ifdef WITNESSES_MAX
    choose_policy();
#else
    needed = NEEDED;
    byzantine = BYZANTINE;
    honest = WITNESSES - BYZANTINE;
#endif
    do
    :: i < honest -> run Witness(i); i++
    :: else -> break
    od;
    i = 0;
    run Ledger(0);
    run Ledger(1)
  }
}
