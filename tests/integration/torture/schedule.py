"""What goes wrong, and when: a list of faults drawn from a seed.

The same seed, duration, processes and links give the same list. (What the processes do under it
differs from run to run, as they race the clock; the list is what a failure reproduces.)

Faults of processes and of links take turns. Each sort is drawn from a deck that holds each kind of
fault for each subject once, shuffled, and shuffled again when it is used up: a short run meets as
many different ones as fit.
"""

import dataclasses
import itertools
import random

from .proxy import DIRECTIONS, TO_CLIENT, TO_SERVER

KILL, PAUSE = "kill", "pause"  # of processes; the others are of links
ISOLATE = "isolate"  # every link of a process, both ways
HOLD, DELAY, CUT, LOSE = "hold", "delay", "cut", "lose"

GAP_S_MEAN = 0.3
KILL_DOWN_S = (0.05, 2.0)
PAUSE_S = (0.1, 2.5)
ISOLATE_S = (0.3, 3.0)
HOLD_S = (0.2, 3.0)
DELAY_S = (0.5, 3.0)
DELAY_MS = (5, 300)


@dataclasses.dataclass(frozen=True)
class Fault:
    at_s: float  # after the beginning
    kind: str
    subject: str  # the name of a process or link
    lasts_s: float = 0.0  # a killed process stays down so long
    directions: tuple = ()
    delay_ms: int = 0

    def __str__(self):
        parts = [f"{self.at_s:8.3f} s  {self.kind} {self.subject}"]
        if self.directions:
            parts.append(" and ".join(self.directions))
        if self.delay_ms:
            parts.append(f"by {self.delay_ms} ms")
        if self.lasts_s:
            parts.append(f"for {self.lasts_s:.3f} s")
        return " ".join(parts)


def process_deck(processes):
    """Every fault of a process that can be drawn: (kind, subject, directions)."""
    return [(kind, process, ()) for process in processes for kind in (KILL, PAUSE, ISOLATE)]


def link_deck(links, with_loss):
    deck = []
    for link in links:
        deck += [(HOLD, link, (TO_SERVER,)), (HOLD, link, (TO_CLIENT,)), (HOLD, link, DIRECTIONS),
                 (DELAY, link, ()), (CUT, link, ())]
        if with_loss:
            deck.append((LOSE, link, ()))
    return deck


class Deck:
    def __init__(self, source, cards):
        self._source, self._cards, self._left = source, cards, []

    def take(self):
        if not self._left:
            self._left = list(self._cards)
            self._source.shuffle(self._left)
        return self._left.pop()


def draw(seed, duration_s, processes, links, with_loss=False):
    """Faults in the order of their times; all are over when the duration is. A process has one
    fault of its own at a time."""
    source = random.Random(seed)
    ranges = {KILL: KILL_DOWN_S, PAUSE: PAUSE_S, ISOLATE: ISOLATE_S, HOLD: HOLD_S, DELAY: DELAY_S}
    decks = itertools.cycle([Deck(source, process_deck(processes)),
                             Deck(source, link_deck(links, with_loss))])
    faults, free_at, now = [], {}, 0.0
    while True:
        now += source.expovariate(1 / GAP_S_MEAN)
        if now >= duration_s:
            return sorted(faults, key=lambda fault: fault.at_s)
        kind, subject, directions = next(decks).take()
        lasts = source.uniform(*ranges[kind]) if kind in ranges else 0.0
        delay_ms = source.randint(*DELAY_MS) if kind == DELAY else 0
        if kind in (KILL, PAUSE):
            begin = max(now, free_at.get(subject, 0.0))
            if begin >= duration_s:
                continue
            free_at[subject] = begin + lasts + GAP_S_MEAN
        else:
            begin = now
        faults.append(Fault(round(begin, 3), kind, subject,
                            round(min(lasts, duration_s - begin), 3), directions, delay_ms))
