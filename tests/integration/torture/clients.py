"""Banks under torture: payments and settlements, and some that vanish half-way.

Each client is a thread with its own seeded choices. What it is told goes into Claims; what it was
not told stays on its list, and `drain` asks until it is. A definite refusal of something that is
right is a failure of its own.
"""

import collections
import random
import struct
import threading
import time
import uuid

import grpc

from corridor import (COMMAND_TYPE, HOUR_US, LIST_TYPE, TERMS_TYPE, bridge_grpc, bridge_pb,
                      command_pb, common_pb, envelope_of, ledger_grpc, ledger_pb, merkle_path,
                      merkle_root, outcome_name, read, rejection_of, settlement_pb, sha256,
                      status_name)

from .checker import ABORT, COMMIT, PaymentClaim, SettlementClaim
from .signing import FastKey

CALL_S = 2.0
WAIT_CALL_S = 4.0
PAUSE_S_MAX = 0.01
AMOUNT_MAX = 5000
LIST_SETTLEMENTS_MAX = 6
NUMBERS_WAIT_S = 30
TOO_MUCH = 10**13
DEADLINE_S = (1.0, 6.0)
RACING_DEADLINE_S = (0.02, 0.4)
SECOND = 10**6
CHANNEL_OPTIONS = [("grpc.enable_http_proxy", 0), ("grpc.initial_reconnect_backoff_ms", 100),
                   ("grpc.min_reconnect_backoff_ms", 1000),
                   ("grpc.max_reconnect_backoff_ms", 1000)]
# No answer: the outcome is unknown, and the same bytes may be sent again.
PASSING = {"UNSPECIFIED", "OVERLOADED", "UNAVAILABLE"}
VERDICT_OF_STATE = {
    bridge_pb.SETTLEMENT_STATE_COMMITTED: COMMIT, bridge_pb.SETTLEMENT_STATE_SETTLED: COMMIT,
    bridge_pb.SETTLEMENT_STATE_ABORTING: ABORT, bridge_pb.SETTLEMENT_STATE_ABORTED: ABORT}


class Refused(Exception):
    """A definite refusal."""


def answer_of(call, request, timeout):
    """None when no answer came; Refused with the outcome's name."""
    try:
        return call(request, timeout=timeout)
    except grpc.RpcError as error:
        outcome = outcome_name(rejection_of(error).outcome)
        if outcome not in PASSING:
            raise Refused(f"{outcome}: {error.details()}") from error
        if error.code() in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNIMPLEMENTED,
                            grpc.StatusCode.INVALID_ARGUMENT):
            raise Refused(f"{error.code()}: {error.details()}") from error
        return None


class Bank:
    """Its key, accounts and connections. Any thread."""

    def __init__(self, network, name):
        self.name, corridor = name, network.corridor
        files = corridor.participants[name]
        self.key = FastKey(files["key"])
        self.accounts = files["accounts"]
        credentials = grpc.ssl_channel_credentials(
            read(corridor.description["ca"]), read(files["tls_key"]), read(files["certificate"]))
        self._channels = []

        def channel(address):
            self._channels.append(grpc.secure_channel(address, credentials, CHANNEL_OPTIONS))
            return self._channels[-1]

        self.ledgers = {currency: ledger_grpc.LedgerStub(channel(ledger["address"]))
                        for currency, ledger in corridor.ledgers.items()}
        self.bridge = bridge_grpc.BridgeStub(channel(corridor.description["bridge"]["address"]))
        # By currency: what a list names the bank's account by.
        self.numbers = {currency: self._number(currency) for currency in self.accounts}

    def _number(self, currency):
        end = time.monotonic() + NUMBERS_WAIT_S
        while time.monotonic() < end:
            account = answer_of(self.ledgers[currency].GetAccount, ledger_pb.GetAccountRequest(
                address=self.accounts[currency]), CALL_S)
            if account is not None:
                return account.number
            time.sleep(PAUSE_S_MAX)
        raise Refused(f"{currency} does not show {self.accounts[currency]}")

    def close(self):
        for channel in self._channels:
            channel.close()


class Client(threading.Thread):
    """Acts until `stopping` is set; then its test calls `drain` until that says True."""

    def __init__(self, network, banks, claims, stopping, seed):
        super().__init__(daemon=True)
        self.corridor, self.banks, self.claims = network.corridor, banks, claims
        self.stopping, self.source = stopping, random.Random(seed)
        self.failures, self.counts = [], collections.Counter()
        self._begin = int(time.time() * SECOND)

    def run(self):
        while not self.stopping.is_set():
            try:
                self.act()
            except Refused as refused:
                self.failures.append(f"{type(self).__name__}: {refused}")
            time.sleep(self.source.uniform(0, PAUSE_S_MAX))

    def act(self):
        raise NotImplementedError

    def drain(self):
        """One round of asking. True when nothing is left to ask."""
        raise NotImplementedError

    def new_id(self, prefix):
        return f"{prefix}-{uuid.uuid4().hex[:24]}"


class PaymentClient(Client):
    """One bank that pays others. What got no answer is sent again, sooner or later; some that did
    too, and must be answered alike."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.bank = self.banks[0]
        self._unknown = collections.deque()
        self._known = []

    def act(self):
        draw = self.source.random()
        if draw < 0.15 and self._unknown:
            self._send(*self._unknown.popleft())
        elif draw < 0.25 and self._known:
            self._send(*self.source.choice(self._known), again=True)
        else:
            self._send(*self._new())

    def drain(self):
        for _ in range(len(self._unknown)):
            self._send(*self._unknown.popleft())
        return not self._unknown

    def _new(self):
        currency = self.source.choice(sorted(self.bank.accounts))
        payee = self.source.choice([bank for bank in self.banks if bank is not self.bank])
        ledger = self.corridor.ledgers[currency]
        amount = TOO_MUCH if self.source.random() < 0.05 else self.source.randint(1, AMOUNT_MAX)
        command = command_pb.Command(
            ledger=ledger["origin"], genesis_hash=bytes.fromhex(ledger["genesis_hash"]),
            instructing_party=self.bank.name, instruction_id=self.new_id("P"),
            valid_until_us=self._begin + HOUR_US,
            pay=command_pb.Payment(
                uetr=uuid.uuid4().bytes, debtor_account=self.bank.accounts[currency],
                creditor_account=payee.accounts[currency],
                amount=common_pb.Money(currency=currency, minor_units=amount), purpose="TRAD"))
        envelope = envelope_of(COMMAND_TYPE, command.SerializeToString(), [self.bank.key])
        return currency, command.instruction_id, envelope

    def _send(self, currency, id_, envelope, again=False):
        answer = answer_of(self.bank.ledgers[currency].Submit,
                           ledger_pb.SubmitRequest(envelope=envelope), CALL_S)
        if answer is None:
            self.counts["payments without an answer"] += 1
            if not again:
                self._unknown.append((currency, id_, envelope))
            return
        instruction = answer.instructions[0]
        self.claims.payments.append(PaymentClaim(
            currency, (self.bank.name, "PAY", id_), status_name(instruction.status),
            instruction.entry_index))
        if again:
            self.counts["payments sent again"] += 1
            if not instruction.repeated:
                self.failures.append(f"{currency}: {id_} was executed again")
        else:
            self.counts["payments answered"] += 1
            self._known.append((currency, id_, envelope))


class Settlement:
    """Terms that the client made by itself: a ring of payments, each on another ledger."""

    def __init__(self, corridor, source, banks, currencies, amount, deadline_s, new_id):
        self.payers = banks
        legs = []
        for number, (currency, payer) in enumerate(zip(currencies, banks)):
            payee = banks[(number + 1) % len(banks)]
            legs.append(settlement_pb.Leg(
                salt=source.randbytes(16), ledger=corridor.ledgers[currency]["origin"],
                instructing_party=payer.name, instruction_id=new_id("S"),
                uetr=uuid.uuid4().bytes, debtor_account=payer.accounts[currency],
                creditor_account=payee.accounts[currency],
                amount=common_pb.Money(currency=currency, minor_units=amount)))
        self.currencies = currencies
        self.legs = [leg.SerializeToString() for leg in legs]
        self.deadline_us = int((time.time() + deadline_s) * SECOND)
        self.terms = settlement_pb.TermsHeader(
            policy_hash=bytes.fromhex(corridor.description["bridge"]["policy_hash"]),
            deadline_us=self.deadline_us,
            ledgers=sorted((settlement_pb.TermsLedger(ledger=leg.ledger, leg_count=1)
                            for leg in legs), key=lambda ledger: ledger.ledger),
            legs_root=merkle_root(self.legs), nonce=source.randbytes(16)).SerializeToString()
        self.id = sha256(b"causeway/settlement/v1\n" + self.terms)

    def signed_by(self, banks):
        return envelope_of(TERMS_TYPE, self.terms, [bank.key for bank in banks])

    def proven_leg(self, number):
        return settlement_pb.ProvenLeg(leg=self.legs[number], index=number,
                                       proof=merkle_path(self.legs, number))


class SettlementList:
    """A list of settlements between two banks, of which some may not be covered
    (docs/formats/settlement-list.md)."""

    def __init__(self, corridor, source, banks, currencies, amounts, deadline_s):
        sides = sorted(zip(currencies, banks),
                       key=lambda side: corridor.ledgers[side[0]]["origin"].encode())
        self.currencies, self.payers = zip(*sides)
        self.legs = []
        self.deadline_us = int((time.time() + deadline_s) * SECOND)
        terms = (b"CWLIST01" + bytes.fromhex(corridor.description["bridge"]["policy_hash"])
                 + struct.pack(">q", self.deadline_us) + source.randbytes(16)
                 + struct.pack(">II", len(amounts), len(sides)))
        for (currency, payer), payee in zip(sides, reversed(self.payers)):
            part = source.randbytes(16)
            for amount in amounts:
                part += self._leg(currency, payer, payee, amount)
            self.legs.append(part)
            origin, name = corridor.ledgers[currency]["origin"].encode(), payer.name.encode()
            terms += struct.pack(">I", len(origin)) + origin
            terms += struct.pack(">I", len(name)) + name
            terms += sha256(b"causeway/list-part/v1\n" + part)
        self.terms = terms
        self.id = sha256(b"causeway/settlement/v1\n" + terms)

    @staticmethod
    def _leg(currency, payer, payee, amount):
        checks = b"".join(sha256(bank.accounts[currency].encode())[:2] for bank in (payer, payee))
        return (struct.pack(">II", payer.numbers[currency], payee.numbers[currency]) + checks
                + b"TRAD" + struct.pack(">q", amount) + uuid.uuid4().bytes + uuid.uuid4().bytes)

    def signed_by(self, banks):
        return envelope_of(LIST_TYPE, self.terms, [bank.key for bank in banks])


class SettlementClient(Client):
    """Banks that settle with each other, in every way in which a client may behave or vanish."""

    # How often, of 100.
    WAYS = {"waits": 15, "settles_a_list": 15, "asks_later": 33, "ring_of_three": 12,
            "twice_at_once": 6,
            "cannot_pay": 6, "races_its_deadline": 8, "vanishes_after_the_first_signature": 6,
            "vanishes_after_the_second": 8, "carries_terms_past_the_bridge": 6}

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._asked = collections.deque()

    def act(self):
        if self._asked and self.source.random() < 0.4:
            self._ask(self._asked.popleft())
            return
        way = self.source.choices(list(self.WAYS), list(self.WAYS.values()))[0]
        self.counts[way] += 1
        getattr(self, way)()

    def drain(self):
        for _ in range(len(self._asked)):
            self._ask(self._asked.popleft())
        return not self._asked

    # The ways.

    def waits(self):
        settlement = self._new()
        if not self._submit(settlement, settlement.payers, wait=True):
            self._asked.append(settlement)

    def asks_later(self):
        settlement = self._new()
        self._submit(settlement, settlement.payers)
        self._asked.append(settlement)

    def settles_a_list(self):
        banks = self.source.sample(self.banks, 2)
        currencies = self.source.sample(sorted(self.corridor.ledgers), 2)
        amounts = [TOO_MUCH if self.source.random() < 0.2 else self.source.randint(1, AMOUNT_MAX)
                   for _ in range(self.source.randint(1, LIST_SETTLEMENTS_MAX))]
        settlement = SettlementList(self.corridor, self.source, banks, currencies, amounts,
                                    self.source.uniform(*DEADLINE_S))
        self._submit(settlement, settlement.payers)
        self._asked.append(settlement)

    def ring_of_three(self):
        settlement = self._new(parties=3)
        self._submit(settlement, settlement.payers)
        self._asked.append(settlement)

    def twice_at_once(self):
        settlement = self._new()
        other = threading.Thread(
            target=lambda: self._submit(settlement, settlement.payers, settlement.payers[1]))
        other.start()
        self._submit(settlement, settlement.payers)
        other.join()
        self._asked.append(settlement)

    def cannot_pay(self):
        settlement = self._new(amount=TOO_MUCH)
        self._submit(settlement, settlement.payers)
        self._asked.append(settlement)

    def races_its_deadline(self):
        settlement = self._new(deadline_s=self.source.uniform(*RACING_DEADLINE_S))
        self._submit(settlement, settlement.payers)
        self._asked.append(settlement)

    def vanishes_after_the_first_signature(self):
        settlement = self._new()
        self._submit(settlement, settlement.payers[:1])

    def vanishes_after_the_second(self):
        settlement = self._new()
        self._submit(settlement, settlement.payers[:1])
        self._submit(settlement, settlement.payers[1:], settlement.payers[1])

    def carries_terms_past_the_bridge(self):
        """Money is held, and the bridge knows nothing: asking past the deadline frees it."""
        settlement = self._new()
        payer, currency = settlement.payers[0], settlement.currencies[0]
        try:
            answer_of(payer.ledgers[currency].Prepare, ledger_pb.PrepareRequest(
                terms=settlement.signed_by([payer]), legs=[settlement.proven_leg(0)]), CALL_S)
        except Refused as refused:
            self._check_that_it_is_late(settlement, refused)
        self._asked.append(settlement)

    # How.

    def _new(self, parties=2, amount=None, deadline_s=None):
        banks = self.source.sample(self.banks, parties)
        currencies = self.source.sample(sorted(self.corridor.ledgers), parties)
        return Settlement(
            self.corridor, self.source, banks, currencies,
            self.source.randint(1, AMOUNT_MAX) if amount is None else amount,
            self.source.uniform(*DEADLINE_S) if deadline_s is None else deadline_s, self.new_id)

    def _submit(self, settlement, signers, sender=None, wait=False):
        """True when the outcome is known."""
        request = bridge_pb.SubmitSettlementRequest(
            terms=settlement.signed_by(signers), legs=settlement.legs, wait=wait)
        sender = sender or settlement.payers[0]
        try:
            view = answer_of(sender.bridge.SubmitSettlement, request,
                             WAIT_CALL_S if wait else CALL_S)
        except Refused as refused:
            self._check_that_it_is_late(settlement, refused)
            return False
        return view is not None and self._told(settlement, view)

    @staticmethod
    def _check_that_it_is_late(settlement, refused):
        """A call that comes through past the deadline is refused, and nothing was taken."""
        if "PAST_DEADLINE" not in str(refused) or time.time() * SECOND < settlement.deadline_us:
            raise refused

    def _ask(self, settlement):
        try:
            view = answer_of(settlement.payers[0].bridge.GetDecision, bridge_pb.GetDecisionRequest(
                settlement_id=settlement.id, terms=settlement.terms), CALL_S)
        except Refused as refused:
            if "NOT_FOUND" not in str(refused):  # not handed in, and its deadline is not past
                raise
            view = None
        if view is None or not self._told(settlement, view):
            self._asked.append(settlement)

    def _told(self, settlement, view):
        verdict = VERDICT_OF_STATE.get(view.state, "")
        self.claims.settlements.append(SettlementClaim(
            settlement.id, frozenset(settlement.currencies), verdict))
        if view.state in (bridge_pb.SETTLEMENT_STATE_SETTLED, bridge_pb.SETTLEMENT_STATE_ABORTED):
            self.counts[f"told {verdict}"] += 1
            return True
        return False
