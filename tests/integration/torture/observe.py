"""Reads everything that an observer shows into the checker's Observation.

Entries and decisions are decoded here from the stored batches, by docs/formats/batch.md, entry.md
and decision-log.md: a stranger's reading that shares no code with the programs.
"""

import grpc

from corridor import (CALL_S, LIST_TYPE, command_pb, observer_grpc, observer_pb, settlement_pb,
                      sha256, status_name)
from verify_receipt import BUCKETS, Reader, read_entry, require

from .checker import (ABORT, ABORTED, AVAILABLE, COMMIT, HELD, PREPARED, REJECTED, SETTLED, Account,
                      Entry, Ledger, Observation, Posting, Sample, Settlement)

SAMPLE_CALL_S = 1.0
PAGE = 1000
MESSAGE_BYTES_MAX = 1 << 27
LEDGER_BATCH_VERSION, DECISION_BATCH_VERSION, ENVELOPE_VERSION = 2, 1, 1
NO_HASH = bytes(32)
COMPLETION_TYPE = "application/vnd.causeway.completion.v1+protobuf"
HOLD_BYTES, RESOLVED_BYTES, PART_SALT_BYTES, PART_LEG_BYTES = 38, 63, 16, 56
ACCEPTED = 1
VERDICTS = {1: COMMIT, 2: ABORT}


class ObserverReader:
    """Connections to an observer that comes and goes, at another address each time."""

    def __init__(self, corridor, find_address):
        who = corridor.central_bank(sorted(corridor.ledgers)[0])
        self._decision_log = corridor.description["bridge"]["decision_log"]
        self._credentials = corridor.credentials(who)
        self._find_address = find_address
        self._names = {ledger["origin"]: currency
                       for currency, ledger in corridor.ledgers.items()}
        self._issuers = {currency: ledger["liability_account"]
                         for currency, ledger in corridor.ledgers.items()}
        self._address = self._channel = None

    def close(self):
        if self._channel:
            self._channel.close()
        self._address = self._channel = None

    def _stub(self):
        """None while the observer is down."""
        address = self._find_address()
        if address is None:
            return None
        if address != self._address:
            self.close()
            self._address = address
            self._channel = grpc.secure_channel(address, self._credentials, [
                ("grpc.enable_http_proxy", 0),
                ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX)])
        return observer_grpc.ObserverStub(self._channel)

    def sample(self):
        """The status now; None when the observer does not answer."""
        stub = self._stub()
        if stub is None:
            return None
        try:
            return self._sample_of(stub.GetStatus(observer_pb.GetStatusRequest(),
                                                  timeout=SAMPLE_CALL_S))
        except grpc.RpcError:
            return None

    def everything(self, samples):
        """With the samples of the run and one of now. None while logs grow: what is read in several
        answers must be of one moment."""
        stub = self._stub()
        status = stub.GetStatus(observer_pb.GetStatusRequest(), timeout=CALL_S)
        now = self._sample_of(status)
        observation = Observation(
            samples=[*samples, now],
            ledgers={name: self._ledger(stub, origin, name)
                     for origin, name in self._names.items()},
            settlements=list(self._settlements(stub)), settlements_open=status.settlements_open,
            decisions=[decision for batch in self._batches(stub, self._decision_log)
                       for decision in decisions_of(batch)])
        after = self._sample_of(stub.GetStatus(observer_pb.GetStatusRequest(), timeout=CALL_S))
        return observation if after == now else None

    def alerts(self):
        return self._stub().ListAlerts(observer_pb.ListAlertsRequest(), timeout=CALL_S).alerts

    def _name(self, origin):
        return self._names.get(origin, origin)

    def _sample_of(self, status):
        supplies = {self._name(supply.ledger): supply for supply in status.supplies}
        return Sample(
            sizes={self._name(log.origin): log.size for log in status.logs},
            roots={self._name(log.origin): log.root for log in status.logs},
            halted=[log.origin for log in status.logs if log.halted],
            issued={name: supply.issued for name, supply in supplies.items()},
            in_circulation={name: supply.in_circulation for name, supply in supplies.items()},
            alerts=status.alerts)

    def _ledger(self, stub, origin, name):
        accounts = stub.ListAccounts(observer_pb.ListObservedAccountsRequest(ledger=origin),
                                     timeout=CALL_S).accounts
        addresses = {account.number: account.address for account in accounts}
        entries = [entry for batch in self._batches(stub, origin)
                   for entry in entries_of(batch, addresses)]
        return Ledger(self._issuers[name], entries,
                      [Account(account.address, account.available, account.held,
                               account.incoming_reserved, account.posting_count)
                       for account in accounts])

    @staticmethod
    def _batches(stub, log):
        number = 0
        while True:
            page = stub.ListBatches(
                observer_pb.ListBatchesRequest(log=log, from_number=number), timeout=CALL_S)
            yield from page.batches
            number = page.next_number
            if not number:
                return

    def _settlements(self, stub):
        offset = 0
        while True:
            page = stub.ListSettlements(
                observer_pb.ListSettlementsRequest(page_size=PAGE, offset=offset),
                timeout=CALL_S).settlements
            for view in page:
                yield Settlement(
                    view.settlement_id, view.verdict,
                    {self._name(leg.ledger): status_name(leg.status) for leg in view.ledgers},
                    view.complete)
            if len(page) < PAGE:
                return
            offset += PAGE


def entries_of(batch, addresses):
    """Of a ledger's batch whose bulks are legs of settlement lists, as this test makes them."""
    reader = Reader(batch, "the batch")
    require(reader.u8() == LEDGER_BATCH_VERSION, "the batch has another version")
    reader.sized()  # header
    items = [reader.sized() for _ in range(reader.u32())]
    entries = [entry_of(read_entry(reader.sized())) for _ in range(reader.u32())]
    for _ in range(reader.u32()):
        item, first, results = items[reader.u32()], reader.u64(), reader.sized()
        entries += legs_of(item, first, Reader(results, "the legs"), len(results), addresses)
    return sorted(entries, key=lambda entry: entry.index)


def legs_of(item, first, results, size, addresses):
    """Holds or resolutions of a list's legs (docs/formats/settlement-list.md)."""
    envelope = Reader(Reader(item, "the item").sized(), "the envelope")
    require(envelope.u8() == ENVELOPE_VERSION, "the envelope has another version")
    payload_type, payload = envelope.text(), envelope.sized()
    if payload_type == LIST_TYPE:
        attachments = Reader(item, "the item")
        attachments.sized()
        require(attachments.u32() == 1, "a list's prepare has one part")
        list_id, part = sha256(b"causeway/settlement/v1\n" + payload), attachments.sized()
        return [hold_of(list_id, position, first + position, results, part_leg(part, position),
                        addresses)
                for position in range(size // HOLD_BYTES)]
    require(payload_type == COMPLETION_TYPE, f"a bulk of {payload_type}")
    list_id = settlement_pb.Completion.FromString(payload).settlement_id
    return [resolution_of(list_id, first + number, results, addresses)
            for number in range(size // RESOLVED_BYTES)]


def part_leg(part, position):
    """Debtor's number and amount."""
    leg = Reader(part, "the part")
    leg.raw(PART_SALT_BYTES + position * PART_LEG_BYTES)
    debtor = leg.u32()
    leg.raw(12)  # creditor, checks, purpose
    return debtor, leg.i64()


def u40(reader):
    return int.from_bytes(reader.raw(5), "big")


def list_entry(list_id, position, index, status, postings):
    return Entry(index, ("", "LISTED", f"{list_id.hex()} {position}"), status,
                 postings=postings, listed=(list_id, position))


def hold_of(list_id, position, index, results, leg, addresses):
    outcome, available, held = results.u16(), results.i64(), results.i64()
    sequences = u40(results), u40(results)
    results.raw(10)  # the leaves that touched the account before
    if outcome != ACCEPTED:
        return list_entry(list_id, position, index, REJECTED, [])
    address, amount = addresses[leg[0]], leg[1]
    return list_entry(list_id, position, index, PREPARED, [
        Posting(address, AVAILABLE, -amount, available, sequences[0]),
        Posting(address, HELD, amount, held, sequences[1])])


def resolution_of(list_id, index, results, addresses):
    position = results.u32()
    u40(results)  # the hold
    debtor, creditor, amount = results.u32(), results.u32(), results.i64()
    settled = results.u16() == ACCEPTED
    held, available = results.i64(), results.i64()
    sequences = u40(results), u40(results)
    results.raw(10)
    payee = addresses[creditor if settled else debtor]
    return list_entry(list_id, position, index, SETTLED if settled else ABORTED, [
        Posting(addresses[debtor], HELD, -amount, held, sequences[0]),
        Posting(payee, AVAILABLE, amount, available, sequences[1])])


def entry_of(fields):
    kind = command_pb.ActionKind.Name(fields["action"]).removeprefix("ACTION_KIND_")
    settlement = fields["settlement_id"]
    status = status_name(fields["status"])
    if kind in ("PREPARE", "COMPLETE"):
        # Both are of a list as a whole, or of an abort of what was never prepared; the first is
        # final by itself, and what it does is to hold.
        status = PREPARED if kind == "PREPARE" else status
        kind = "SETTLEMENT"
    return Entry(
        fields["index"], (fields["party"], kind, fields["id"]), status,
        b"" if settlement == NO_HASH else settlement,
        [Posting(posting["address"], BUCKETS[posting["bucket"]], posting["amount"],
                 posting["balance_after"], posting["sequence"]) for posting in fields["postings"]])


def decisions_of(batch):
    """(settlement id, verdict) of each record in a batch of the decision log."""
    reader = Reader(batch, "the decision batch")
    require(reader.u8() == DECISION_BATCH_VERSION, "the decision batch has another version")
    reader.raw(24)  # number, first index, time
    decisions = []
    for _ in range(reader.u32()):
        record = Reader(reader.sized(), "the decision record")
        require((record.u8(), record.u8()) == (4, 1), "the record is no decision of version 1")
        decisions.append((record.raw(32), VERDICTS[record.u8()]))
        reader.sized()  # terms
        for _ in range(reader.u32()):
            reader.sized()  # a vote
    return decisions
