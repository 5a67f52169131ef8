/* Liveness of certificates with an honest bridge: if k <= n - f, then f dead witnesses, crashes of
 * the others and of the bridge, and lost messages hold up a certificate only for a while.
 *
 * The log grows to RECORDS records; the bridge shows its latest checkpoint to every witness that
 * has not cosigned it, and asks again when nothing is on its way. Its log is durable, the
 * cosignatures that it has collected are not. */

#define LIVE (WITNESSES - DEAD)

byte size;                       /* of the bridge's durable log */
byte asked[WITNESSES];           /* checkpoint on its way to the witness, by size; 0 none */
byte answered[WITNESSES];        /* cosignature on its way back */
byte seen[WITNESSES];            /* largest checkpoint with this witness's cosignature; volatile */
byte memory[WITNESSES];          /* of the witness: the size that it has verified */
byte disk[WITNESSES];            /* and made durable */
byte cosigned[RECORDS + 1];      /* by checkpoint: witnesses whose cosignature the bridge has */
byte losses = LOSSES;
byte crashes = CRASHES;

#define COUNT(mask) \
  ((mask & 1) + ((mask >> 1) & 1) + ((mask >> 2) & 1) + ((mask >> 3) & 1) + ((mask >> 4) & 1))
#define WAITS(w) (asked[w] != 0 || answered[w] != 0 || memory[w] != disk[w])

#define BRIDGE_LINK(w) \
  :: atomic { seen[w] < size && !WAITS(w) -> asked[w] = size; \
       printf("bridge: shows witness %d the checkpoint of size %d\n", w, size) } \
  :: atomic { answered[w] != 0 -> \
       seen[w] = answered[w]; \
       cosigned[answered[w]] = cosigned[answered[w]] | (1 << w); \
       printf("bridge: has the cosignature of witness %d of size %d\n", w, answered[w]); \
       answered[w] = 0 }

active proctype Bridge() {
  do
  :: atomic { size < RECORDS -> size++; printf("bridge: its log has %d records\n", size) }
  BRIDGE_LINK(0)
  BRIDGE_LINK(1)
  BRIDGE_LINK(2)
  BRIDGE_LINK(3)
  od
}

/* One that is not larger than what it signed before is signed again, if it is the same log. */
proctype Witness(byte w) {
  do
  :: atomic { asked[w] != 0 ->
       if
       :: asked[w] > memory[w] -> memory[w] = asked[w]
#ifdef MUTANT_HELD_COUNTS_AS_COSIGNED
       /* The answer says that it holds the checkpoint, without the cosignature that was lost. */
       :: asked[w] <= disk[w] -> seen[w] = asked[w]
#elif !defined(MUTANT_SIGNS_ONCE)
       :: asked[w] <= disk[w] -> answered[w] = asked[w]
#endif
       :: else -> skip
       fi;
       asked[w] = 0 }
  :: atomic { memory[w] != disk[w] -> disk[w] = memory[w]; answered[w] = disk[w];
       printf("witness %d: cosigns size %d\n", w, disk[w]) }
  od
}

#define FAULTS_OF(w) \
  :: atomic { losses > 0 && asked[w] != 0 -> losses--; asked[w] = 0; \
       printf("network: loses what was shown to witness %d\n", w) } \
  :: atomic { losses > 0 && answered[w] != 0 -> losses--; answered[w] = 0; \
       printf("network: loses the cosignature of witness %d\n", w) } \
  :: atomic { crashes > 0 && memory[w] != disk[w] -> crashes--; memory[w] = disk[w]; \
       printf("witness %d: crashes and restarts\n", w) }

inline forget(w) {
  seen[w] = 0;
  asked[w] = 0;
  answered[w] = 0
}

active proctype Faults() {
  do
  FAULTS_OF(0)
  FAULTS_OF(1)
  FAULTS_OF(2)
  FAULTS_OF(3)
  :: atomic { crashes > 0 && size > 0 -> crashes--;
       forget(0); forget(1); forget(2); forget(3);
       byte i;
       for (i : 1 .. RECORDS) { cosigned[i] = 0 }
       i = 0;
       printf("bridge: crashes and restarts\n") }
  :: break
  od
}

init {
  atomic {
    byte w = 0;
    do
    :: w < LIVE -> run Witness(w); w++
    :: else -> break
    od;
    w = 0
  }
}

ltl every_record_is_certified { <> [] (size == RECORDS && COUNT(cosigned[RECORDS]) >= NEEDED) }
