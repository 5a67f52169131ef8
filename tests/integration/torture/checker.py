"""What must hold after the torture, judged from what an observer shows and from nothing else.

In the manner of Jepsen's bank test: clients write down what they were told (Claims), the observer's
data are the history (Observation), and `check` says what does not fit. Nothing here asks a ledger or
the bridge. Pure: `torture_selftest.py` shows with altered data that every rule can fail.

A violation is SAFETY when no waiting heals it, and OPEN while it may just not be through yet: the
caller waits until nothing is open, within a bound.
"""

import collections
import dataclasses

SAFETY, OPEN = "safety", "open"
AVAILABLE, HELD = "available", "held"
SETTLED, REJECTED, PREPARED, ABORTED = "SETTLED", "REJECTED", "PREPARED", "ABORTED"
FINAL = {SETTLED, REJECTED, ABORTED, "CANCELLED", "EXPIRED"}
COMMIT, ABORT = "commit", "abort"


@dataclasses.dataclass(frozen=True)
class Violation:
    kind: str
    text: str

    def __str__(self):
        return f"{self.kind}: {self.text}"


# What the observer shows.

@dataclasses.dataclass
class Posting:
    account: str
    bucket: str
    amount: int
    balance_after: int
    sequence: int


@dataclasses.dataclass
class Entry:
    index: int
    key: tuple  # (party, kind of action, instruction id)
    status: str
    settlement: bytes = b""
    postings: list = dataclasses.field(default_factory=list)
    # Of a leg of a settlement list: the list's id and the position of its settlement there.
    listed: tuple = ()


@dataclasses.dataclass
class Account:
    address: str
    available: int
    held: int
    incoming_reserved: int
    posting_count: int


@dataclasses.dataclass
class Ledger:
    issuer_account: str
    entries: list  # every entry from leaf 0 on
    accounts: list


@dataclasses.dataclass
class Settlement:
    id: bytes
    verdict: str  # COMMIT, ABORT or "" without a record
    statuses: dict  # ledger -> status
    complete: bool


@dataclasses.dataclass
class Sample:
    """The observer's status at some moment of the run."""
    sizes: dict  # log -> leaves verified
    roots: dict  # log -> root
    halted: list
    issued: dict  # ledger -> minor units
    in_circulation: dict
    alerts: int


@dataclasses.dataclass
class Observation:
    samples: list  # in the order in which they were taken; the last one belongs to the rest
    ledgers: dict  # name -> Ledger
    settlements: list
    settlements_open: int
    decisions: list  # (settlement id, verdict) of each record, in the order of the log


# What the clients were told.

@dataclasses.dataclass(frozen=True)
class PaymentClaim:
    ledger: str
    key: tuple
    status: str
    entry_index: int


@dataclasses.dataclass(frozen=True)
class SettlementClaim:
    """`verdict` is empty when only the submission was acknowledged."""
    id: bytes
    ledgers: frozenset  # of its terms
    verdict: str


@dataclasses.dataclass
class Claims:
    payments: list = dataclasses.field(default_factory=list)
    settlements: list = dataclasses.field(default_factory=list)


class Checker:
    def __init__(self, observation, claims):
        self._observed, self._claims = observation, claims
        self._violations = []

    def run(self):
        self._check_alerts()
        self._check_logs_only_grow()
        for name, ledger in self._observed.ledgers.items():
            self._check_ledger(name, ledger)
        self._check_decisions()
        self._check_settlements()
        self._check_lists()
        self._check_payment_claims()
        self._check_settlement_claims()
        return self._violations

    def _wrong(self, text):
        self._violations.append(Violation(SAFETY, text))

    def _open(self, text):
        self._violations.append(Violation(OPEN, text))

    def _check_alerts(self):
        for sample in self._observed.samples:
            if sample.alerts:
                self._wrong(f"the observer raised {sample.alerts} alerts")
                return
            if sample.halted:
                self._wrong(f"the observer halted {sample.halted}")
                return

    def _check_logs_only_grow(self):
        sizes, roots = collections.Counter(), {}
        for sample in self._observed.samples:
            for log, size in sample.sizes.items():
                if size < sizes[log]:
                    self._wrong(f"{log}: what was verified went back from {sizes[log]} to {size}")
                sizes[log] = max(sizes[log], size)
                root = roots.setdefault((log, size), sample.roots[log])
                if root != sample.roots[log]:
                    self._wrong(f"{log}: two roots at size {size}")

    # One ledger.

    def _check_ledger(self, name, ledger):
        balances = self._replay(name, ledger)
        for account in ledger.accounts:
            shown = {AVAILABLE: account.available, HELD: account.held}
            for bucket, balance in shown.items():
                if balances[account.address, bucket] != balance:
                    self._wrong(f"{name}: {account.address} shows {bucket} {balance}, its postings "
                                f"make {balances[account.address, bucket]}")
            if account.held or account.incoming_reserved:
                self._open(f"{name}: a hold is left on {account.address}: held {account.held}, "
                           f"incoming {account.incoming_reserved}")
        self._check_transitions(name, ledger)

    def _replay(self, name, ledger):
        """Adds up every posting; compares the sum of the money with each sample on the way."""
        balances, sequences = collections.Counter(), collections.Counter()
        marks = collections.defaultdict(list)
        for sample in self._observed.samples:
            if name in sample.issued:
                marks[sample.sizes[name]].append(sample)
        sizes = sorted(marks)
        first_issued = None
        last_index = -1
        for entry in [*ledger.entries, None]:
            while sizes and (entry is None or sizes[0] <= entry.index):
                for sample in marks[sizes.pop(0)]:
                    if first_issued is None:
                        first_issued = sample.issued[name]
                    self._compare_sums(name, ledger, balances, sample, first_issued)
            if entry is None:
                break
            if entry.index <= last_index:
                self._wrong(f"{name}: entry {entry.index} comes after {last_index}")
            last_index = entry.index
            self._add_postings(name, ledger, entry, balances, sequences)
        return balances

    def _compare_sums(self, name, ledger, balances, sample, first_issued):
        money = sum(balance for (account, _), balance in balances.items()
                    if account != ledger.issuer_account)
        expected = {"issued": sample.issued[name], "in circulation": sample.in_circulation[name],
                    "issued in the beginning": first_issued}
        for what, amount in expected.items():
            if money != amount:
                self._wrong(f"{name}: at size {sample.sizes[name]} accounts sum to {money}, "
                            f"{what} is {amount}")

    def _add_postings(self, name, ledger, entry, balances, sequences):
        if sum(posting.amount for posting in entry.postings) != 0:
            self._wrong(f"{name}: the postings of entry {entry.index} do not sum to zero")
        for posting in entry.postings:
            balances[posting.account, posting.bucket] += posting.amount
            sequences[posting.account] += 1
            balance = balances[posting.account, posting.bucket]
            if posting.balance_after != balance:
                self._wrong(f"{name}: entry {entry.index} leaves {posting.account} "
                            f"{posting.bucket} at {posting.balance_after}, its postings make "
                            f"{balance}")
            if posting.sequence != sequences[posting.account]:
                self._wrong(f"{name}: entry {entry.index} is posting {posting.sequence} of "
                            f"{posting.account}, should be {sequences[posting.account]}")
            if balance < 0 and posting.account != ledger.issuer_account:
                self._wrong(f"{name}: entry {entry.index} leaves {posting.account} "
                            f"{posting.bucket} at {balance}")

    def _check_transitions(self, name, ledger):
        """An instruction becomes final once; a hold is resolved once."""
        statuses = {}
        for entry in ledger.entries:
            before = statuses.get(entry.key)
            allowed = (before is None if entry.status == PREPARED
                       else before not in FINAL)
            if not allowed:
                self._wrong(f"{name}: {' '.join(entry.key)} is {entry.status} at entry "
                            f"{entry.index} after it was {before}")
            statuses[entry.key] = entry.status
        for key, status in statuses.items():
            if status == PREPARED:
                self._open(f"{name}: {' '.join(key)} is still held")

    # Between the ledgers.

    def _check_decisions(self):
        first = {}
        for id_, verdict in self._observed.decisions:
            if id_ in first:
                self._wrong(f"settlement {id_.hex()} is decided twice: {first[id_]}, {verdict}")
            first.setdefault(id_, verdict)
        for settlement in self._observed.settlements:
            record = first.pop(settlement.id, "")
            if settlement.verdict != record:
                self._wrong(f"settlement {settlement.id.hex()}: the observer says "
                            f"'{settlement.verdict}', the decision log '{record}'")
        for id_ in first:
            self._wrong(f"settlement {id_.hex()} is in the decision log and not in the observer's "
                        "list")

    def _statuses_by_entries(self):
        """settlement -> ledger -> the last status of each of its legs there."""
        found = collections.defaultdict(lambda: collections.defaultdict(dict))
        for name, ledger in self._observed.ledgers.items():
            for entry in ledger.entries:
                if entry.settlement:
                    found[entry.settlement][name][entry.key] = entry.status
        return found

    def _check_settlements(self):
        by_entries = self._statuses_by_entries()
        shown = {}
        for settlement in self._observed.settlements:
            if settlement.id in shown:
                self._wrong(f"settlement {settlement.id.hex()} is listed twice")
            shown[settlement.id] = settlement
        for id_ in by_entries.keys() - shown.keys():
            self._wrong(f"settlement {id_.hex()} is on ledgers and not in the observer's list")
        for settlement in shown.values():
            self._check_settlement(settlement, by_entries[settlement.id])
        if self._observed.settlements_open:
            self._open(f"the observer counts {self._observed.settlements_open} open settlements")

    def _check_settlement(self, settlement, by_entries):
        label = f"settlement {settlement.id.hex()}"
        every = [(ledger, status) for ledger, legs in by_entries.items()
                 for status in legs.values()]
        settled = {ledger for ledger, status in every if status == SETTLED}
        undone = {ledger for ledger, status in every if status in (ABORTED, REJECTED)}
        if settled and undone:
            self._wrong(f"{label}: settled on {sorted(settled)}, undone on {sorted(undone)}")
        if settled and settlement.verdict != COMMIT:
            self._wrong(f"{label}: settled on {sorted(settled)} with the verdict "
                        f"'{settlement.verdict}'")
        if settlement.verdict == COMMIT and undone:
            self._wrong(f"{label}: undone on {sorted(undone)} with the verdict commit")
        if not settlement.verdict:
            self._open(f"{label}: has no decision")
        elif not settlement.complete:
            self._open(f"{label}: {settlement.verdict} is not carried out: {settlement.statuses}")
        elif settlement.verdict == COMMIT and settled != settlement.statuses.keys():
            self._wrong(f"{label}: is called complete, and is settled only on {sorted(settled)}")

    def _check_lists(self):
        """Each settlement of a list is settled everywhere or nowhere, and a commit settles exactly
        those that every ledger held."""
        histories = collections.defaultdict(lambda: collections.defaultdict(list))
        for name, ledger in self._observed.ledgers.items():
            for entry in ledger.entries:
                if entry.listed:
                    histories[entry.listed][name].append(entry.status)
        shown = {settlement.id: settlement for settlement in self._observed.settlements}
        for (id_, position), legs in histories.items():
            label = f"settlement {position} of list {id_.hex()}"
            settlement = shown.get(id_)
            if settlement is None:
                self._wrong(f"{label}: is on ledgers, and its list is not in the observer's")
            elif settlement.complete:
                self._check_listed(label, settlement, legs)
            elif settlement.verdict != COMMIT:
                settled = sorted(name for name, leg in legs.items() if SETTLED in leg)
                if settled:
                    self._wrong(f"{label}: settled on {settled} with the verdict "
                                f"'{settlement.verdict}'")

    def _check_listed(self, label, settlement, legs):
        settled = {name for name, leg in legs.items() if leg[-1] == SETTLED}
        held = {name for name, leg in legs.items() if PREPARED in leg}
        expected = set()
        if settlement.verdict == COMMIT and held == settlement.statuses.keys():
            expected = held
        if settled != expected:
            self._wrong(f"{label}: {settlement.verdict}, held on {sorted(held)}, and settled on "
                        f"{sorted(settled)}")

    # What clients were told.

    def _check_payment_claims(self):
        found = {}
        for name, ledger in self._observed.ledgers.items():
            for entry in ledger.entries:
                found.setdefault((name, entry.key), []).append(entry)
        ends = self._observed.samples[-1].sizes
        for claim in self._claims.payments:
            entries = found.get((claim.ledger, claim.key), [])
            label = f"{claim.ledger}: {' '.join(claim.key)}"
            if any(entry.index == claim.entry_index and entry.status == claim.status
                   for entry in entries):
                continue
            if claim.entry_index >= ends.get(claim.ledger, 0):
                self._open(f"{label}: acknowledged at entry {claim.entry_index}, which the "
                           "observer has not verified yet")
            else:
                shown = [(entry.index, entry.status) for entry in entries]
                self._wrong(f"{label}: acknowledged as {claim.status} at entry "
                            f"{claim.entry_index}, the observer has {shown}")

    def _check_settlement_claims(self):
        shown = {settlement.id: settlement for settlement in self._observed.settlements}
        told = {}
        for claim in self._claims.settlements:
            label = f"settlement {claim.id.hex()}"
            if claim.verdict and told.setdefault(claim.id, claim.verdict) != claim.verdict:
                self._wrong(f"{label}: clients were told commit and abort")
            settlement = shown.get(claim.id)
            if settlement is None:
                self._open(f"{label}: acknowledged, and on no log")
            elif claim.verdict and settlement.verdict and settlement.verdict != claim.verdict:
                self._wrong(f"{label}: a client was told {claim.verdict}, the record says "
                            f"{settlement.verdict}")
            elif settlement.verdict == COMMIT and settlement.statuses.keys() != claim.ledgers:
                self._wrong(f"{label}: committed on {sorted(settlement.statuses)}, its terms name "
                            f"{sorted(claim.ledgers)}")


def check(observation, claims):
    """Every violation found; none when all holds and nothing is open."""
    return Checker(observation, claims).run()
