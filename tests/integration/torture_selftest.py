#!/usr/bin/python3
"""What the torture rests on: a checker that can fail, a schedule that repeats, a proxy that does
what it says. No process is started and nothing is built."""

import asyncio
import time
import unittest

from torture import checker, schedule
from torture.checker import (ABORT, ABORTED, AVAILABLE, COMMIT, HELD, OPEN, PREPARED, REJECTED,
                             SAFETY, SETTLED, Account, Claims, Entry, Ledger, Observation,
                             PaymentClaim, Posting, Sample, Settlement, SettlementClaim)
from torture.proxy import DIRECTIONS, TO_CLIENT, TO_SERVER, Link

ISSUER, ALPHA, BETA = "LIABILITY", "ALPHA", "BETA"
COMMITTED_ID, ABORTED_ID = b"\x01" * 32, b"\x02" * 32


class Writer:
    """A ledger's entries with balances and sequences that fit."""

    def __init__(self):
        self.entries, self._balances, self._sequences = [], {}, {}

    def add(self, key, status, *moves, settlement=b""):
        """A move is (account, bucket, amount)."""
        postings = []
        for account, bucket, amount in moves:
            balance = self._balances.get((account, bucket), 0) + amount
            self._balances[account, bucket] = balance
            self._sequences[account] = self._sequences.get(account, 0) + 1
            postings.append(Posting(account, bucket, amount, balance, self._sequences[account]))
        index = self.entries[-1].index + 2 if self.entries else 2  # each in a batch of its own
        self.entries.append(Entry(index, key, status, settlement, postings))

    def ledger(self):
        def balance(account, bucket):
            return self._balances.get((account, bucket), 0)
        return Ledger(ISSUER, self.entries, [
            Account(account, balance(account, AVAILABLE), balance(account, HELD), 0,
                    self._sequences.get(account, 0)) for account in (ISSUER, ALPHA, BETA)])


def sound_writer():
    """Issue, two payments, a rejected one, a settlement that commits and one that aborts."""
    writer = Writer()
    writer.add(("CB", "ISSUE", "I"), SETTLED, (ISSUER, AVAILABLE, -1000), (ALPHA, AVAILABLE, 1000))
    writer.add(("A", "PAY", "P1"), SETTLED, (ALPHA, AVAILABLE, -100), (BETA, AVAILABLE, 100))
    writer.add(("A", "PAY", "P2"), REJECTED)
    for name, settlement, status, payee in (("L1", COMMITTED_ID, SETTLED, BETA),
                                            ("L2", ABORTED_ID, ABORTED, ALPHA)):
        key = ("A", "SETTLEMENT_LEG", name)
        writer.add(key, PREPARED, (ALPHA, AVAILABLE, -50), (ALPHA, HELD, 50),
                   settlement=settlement)
        writer.add(key, status, (ALPHA, HELD, -50), (payee, AVAILABLE, 50), settlement=settlement)
    writer.add(("A", "PAY", "P3"), SETTLED, (ALPHA, AVAILABLE, -5), (BETA, AVAILABLE, 5))
    return writer


def sample(size):
    return Sample(sizes={"EUR": size, "USD": size, "decisions": 2},
                  roots={"EUR": b"%d" % size, "USD": b"%d" % size, "decisions": b"d"}, halted=[],
                  issued={"EUR": 1000, "USD": 1000}, in_circulation={"EUR": 1000, "USD": 1000},
                  alerts=0)


def sound():
    """An observation and claims that fit together."""
    ledgers = {"EUR": sound_writer().ledger(), "USD": sound_writer().ledger()}
    end = ledgers["EUR"].entries[-1].index + 1
    observation = Observation(
        samples=[sample(3), sample(9), sample(end)], ledgers=ledgers,
        settlements=[Settlement(COMMITTED_ID, COMMIT, {"EUR": SETTLED, "USD": SETTLED}, True),
                     Settlement(ABORTED_ID, ABORT, {"EUR": ABORTED, "USD": ABORTED}, True)],
        settlements_open=0, decisions=[(COMMITTED_ID, COMMIT), (ABORTED_ID, ABORT)])
    claims = Claims(
        payments=[PaymentClaim("EUR", ("A", "PAY", "P1"), SETTLED, 4),
                  PaymentClaim("EUR", ("A", "PAY", "P2"), REJECTED, 6)],
        settlements=[SettlementClaim(COMMITTED_ID, frozenset(["EUR", "USD"]), COMMIT),
                     SettlementClaim(ABORTED_ID, frozenset(["EUR", "USD"]), ABORT),
                     SettlementClaim(ABORTED_ID, frozenset(["EUR", "USD"]), "")])
    return observation, claims


class CheckerFinds(unittest.TestCase):
    """Each test alters sound data in one respect."""

    def setUp(self):
        self.observed, self.claims = sound()
        self.eur = self.observed.ledgers["EUR"]

    def expect(self, kind, text):
        found = checker.check(self.observed, self.claims)
        self.assertTrue(any(each.kind == kind and text in each.text for each in found),
                        f"no {kind} violation with '{text}' in {[str(each) for each in found]}")

    def last_entry(self):
        return self.eur.entries[-1]

    def add(self, *entry, **options):
        """One more entry whose balances and sequences fit."""
        writer = sound_writer()
        writer.add(*entry, **options)
        self.eur = self.observed.ledgers["EUR"] = writer.ledger()
        self.observed.samples[-1].sizes["EUR"] = writer.entries[-1].index + 1

    def test_nothing_in_sound_data(self):
        self.assertEqual(checker.check(self.observed, self.claims), [])

    def test_an_alert(self):
        self.observed.samples[1].alerts = 1
        self.expect(SAFETY, "raised 1 alerts")

    def test_a_halted_log(self):
        self.observed.samples[1].halted = ["EUR"]
        self.expect(SAFETY, "halted")

    def test_a_log_that_shrank(self):
        self.observed.samples[1].sizes["EUR"] = 2
        self.expect(SAFETY, "went back from 3 to 2")

    def test_two_roots_of_one_size(self):
        self.observed.samples.insert(1, sample(9))
        self.observed.samples[1].roots["EUR"] = b"another"
        self.expect(SAFETY, "two roots at size 9")

    def test_money_that_came_from_nowhere(self):
        self.last_entry().postings[1].amount += 1
        self.expect(SAFETY, "do not sum to zero")

    def test_money_that_was_lost_at_a_checkpoint_and_came_back(self):
        self.observed.samples[1].in_circulation["EUR"] -= 1
        self.expect(SAFETY, "at size 9 accounts sum to 1000, in circulation is 999")

    def test_issue_in_the_middle_of_the_torture(self):
        for each in self.observed.samples[1:]:
            each.issued["EUR"] = each.in_circulation["EUR"] = 1001
        self.expect(SAFETY, "issued is 1001")

    def test_a_payment_that_was_booked_twice(self):
        self.add(("A", "PAY", "P1"), SETTLED, (ALPHA, AVAILABLE, -100), (BETA, AVAILABLE, 100))
        self.expect(SAFETY, "A PAY P1 is SETTLED at entry 18 after it was SETTLED")

    def test_a_hold_that_was_resolved_twice(self):
        self.add(("A", "SETTLEMENT_LEG", "L1"), SETTLED, (ALPHA, AVAILABLE, -50),
                 (BETA, AVAILABLE, 50), settlement=COMMITTED_ID)
        self.expect(SAFETY, "A SETTLEMENT_LEG L1 is SETTLED at entry 18 after it was SETTLED")

    def test_a_leg_that_is_held_again_after_it_was_resolved(self):
        self.add(("A", "SETTLEMENT_LEG", "L1"), PREPARED, (ALPHA, AVAILABLE, -50),
                 (ALPHA, HELD, 50), settlement=COMMITTED_ID)
        self.expect(SAFETY, "A SETTLEMENT_LEG L1 is PREPARED at entry 18 after it was SETTLED")

    def test_a_balance_that_does_not_follow(self):
        self.last_entry().postings[0].balance_after += 1
        self.expect(SAFETY, "its postings make")

    def test_a_posting_that_is_missing(self):
        self.last_entry().postings[0].sequence += 1
        self.expect(SAFETY, "is posting 11 of ALPHA, should be 10")

    def test_a_balance_below_zero(self):
        writer = Writer()
        writer.add(("A", "PAY", "P"), SETTLED, (ALPHA, AVAILABLE, -1), (BETA, AVAILABLE, 1))
        self.observed.ledgers["EUR"] = writer.ledger()
        self.expect(SAFETY, "leaves ALPHA available at -1")

    def test_an_account_that_is_not_what_its_postings_make(self):
        self.eur.accounts[1].available -= 1
        self.expect(SAFETY, "its postings make")

    def test_entries_out_of_order(self):
        self.eur.entries[1].index = 1
        self.expect(SAFETY, "entry 1 comes after 2")

    def test_a_hold_that_is_left(self):
        self.eur.accounts[1].held = 1
        self.expect(OPEN, "a hold is left on ALPHA")

    def test_headroom_that_stays_reserved(self):
        self.eur.accounts[1].incoming_reserved = 1
        self.expect(OPEN, "a hold is left on ALPHA")

    def test_a_leg_without_a_resolution(self):
        del self.eur.entries[6]
        self.expect(OPEN, "A SETTLEMENT_LEG L2 is still held")

    def test_one_leg_settled_and_the_other_undone(self):
        self.eur.entries[4].status = ABORTED
        self.expect(SAFETY, "settled on ['USD'], undone on ['EUR']")

    def test_a_leg_settled_against_an_abort(self):
        for ledger in self.observed.ledgers.values():
            ledger.entries[6].status = SETTLED
        self.expect(SAFETY, "with the verdict 'abort'")

    def test_a_leg_undone_against_a_commit(self):
        for ledger in self.observed.ledgers.values():
            ledger.entries[4].status = ABORTED
        self.expect(SAFETY, "undone on ['EUR', 'USD'] with the verdict commit")

    def test_a_leg_settled_without_a_decision(self):
        self.observed.settlements[0].verdict = ""
        self.expect(SAFETY, "with the verdict ''")

    def test_a_settlement_that_is_called_complete_without_a_leg(self):
        del self.observed.ledgers["USD"].entries[3:5]
        self.expect(SAFETY, "is called complete, and is settled only on ['EUR']")

    def add_list(self, name, *statuses, settlement=COMMITTED_ID):
        """A leg of a list on that ledger: held, and then resolved."""
        entries = self.observed.ledgers[name].entries
        for status in statuses:
            entries.append(Entry(entries[-1].index + 1, ("", "LISTED", "list 0"), status,
                                 listed=(settlement, 0)))
        for sample_ in self.observed.samples[-1:]:
            sample_.sizes[name] = entries[-1].index + 1

    def test_nothing_in_a_sound_list(self):
        for name in ("EUR", "USD"):
            self.add_list(name, PREPARED, SETTLED)
        self.assertEqual(checker.check(self.observed, self.claims), [])

    def test_nothing_in_a_listed_settlement_that_one_ledger_does_not_hold(self):
        self.add_list("EUR", PREPARED, ABORTED)
        self.add_list("USD", REJECTED)
        self.assertEqual(checker.check(self.observed, self.claims), [])

    def test_a_listed_settlement_that_is_settled_on_one_ledger_alone(self):
        self.add_list("EUR", PREPARED, SETTLED)
        self.add_list("USD", PREPARED, ABORTED)
        self.expect(SAFETY, "commit, held on ['EUR', 'USD'], and settled on ['EUR']")

    def test_a_listed_settlement_that_all_hold_and_the_commit_leaves_out(self):
        for name in ("EUR", "USD"):
            self.add_list(name, PREPARED, ABORTED)
        self.expect(SAFETY, "commit, held on ['EUR', 'USD'], and settled on []")

    def test_a_listed_settlement_that_is_settled_against_an_abort(self):
        for name in ("EUR", "USD"):
            self.add_list(name, PREPARED, SETTLED, settlement=ABORTED_ID)
        self.expect(SAFETY, "abort, held on ['EUR', 'USD'], and settled on ['EUR', 'USD']")

    def test_a_listed_settlement_that_is_settled_before_the_record(self):
        self.observed.settlements[0].verdict, self.observed.settlements[0].complete = "", False
        self.add_list("EUR", PREPARED, SETTLED)
        self.expect(SAFETY, "settled on ['EUR'] with the verdict ''")

    def test_a_hold_of_a_list_that_is_left(self):
        self.add_list("EUR", PREPARED)
        self.expect(OPEN, "LISTED list 0 is still held")

    def test_a_list_that_only_ledgers_know(self):
        self.add_list("EUR", PREPARED, SETTLED, settlement=b"\x09" * 32)
        self.expect(SAFETY, "is on ledgers, and its list is not in the observer's")

    def test_a_settlement_without_a_decision(self):
        for ledger in self.observed.ledgers.values():
            del ledger.entries[6]
        self.observed.settlements[1].verdict = ""
        self.expect(OPEN, "has no decision")

    def test_a_decision_that_is_not_carried_out(self):
        self.observed.settlements[0].complete = False
        self.expect(OPEN, "is not carried out")

    def test_an_open_settlement_in_the_count(self):
        self.observed.settlements_open = 1
        self.expect(OPEN, "counts 1 open settlements")

    def test_a_settlement_that_only_ledgers_know(self):
        del self.observed.settlements[1]
        self.expect(SAFETY, "is on ledgers and not in the observer's list")

    def test_a_second_decision(self):
        self.observed.decisions.append((COMMITTED_ID, ABORT))
        self.expect(SAFETY, "is decided twice: commit, abort")

    def test_an_observer_that_says_another_verdict_than_the_log(self):
        self.observed.decisions[1] = (ABORTED_ID, COMMIT)
        self.expect(SAFETY, "the observer says 'abort', the decision log 'commit'")

    def test_a_decision_that_the_observer_does_not_list(self):
        self.observed.decisions.append((b"\x03" * 32, ABORT))
        self.expect(SAFETY, "is in the decision log and not in the observer's list")

    def test_a_settlement_that_is_listed_twice(self):
        self.observed.settlements.append(self.observed.settlements[0])
        self.expect(SAFETY, "is listed twice")

    def test_an_acknowledged_payment_that_is_gone(self):
        del self.eur.entries[1]
        self.expect(SAFETY, "A PAY P1: acknowledged as SETTLED at entry 4, the observer has []")

    def test_an_acknowledged_payment_with_another_outcome(self):
        self.eur.entries[1].status = REJECTED
        self.expect(SAFETY, "acknowledged as SETTLED at entry 4, the observer has [(4, 'REJECTED')]")

    def test_an_acknowledged_payment_elsewhere_in_the_log(self):
        self.claims.payments.append(PaymentClaim("EUR", ("A", "PAY", "P1"), SETTLED, 5))
        self.expect(SAFETY, "acknowledged as SETTLED at entry 5")

    def test_an_acknowledged_payment_that_the_observer_has_not_seen_yet(self):
        self.claims.payments.append(PaymentClaim("EUR", ("A", "PAY", "P9"), SETTLED, 99))
        self.expect(OPEN, "has not verified yet")

    def test_an_acknowledged_settlement_that_is_nowhere(self):
        self.claims.settlements.append(SettlementClaim(b"\x03" * 32, frozenset(["EUR"]), ""))
        self.expect(OPEN, "acknowledged, and on no log")

    def test_a_client_that_was_told_the_opposite_of_the_record(self):
        self.claims.settlements[0] = SettlementClaim(COMMITTED_ID, frozenset(["EUR", "USD"]), ABORT)
        self.expect(SAFETY, "a client was told abort, the record says commit")

    def test_two_clients_that_were_told_opposites(self):
        self.claims.settlements.append(
            SettlementClaim(ABORTED_ID, frozenset(["EUR", "USD"]), COMMIT))
        self.expect(SAFETY, "clients were told commit and abort")

    def test_a_commit_on_other_ledgers_than_the_terms_name(self):
        self.claims.settlements[0] = SettlementClaim(
            COMMITTED_ID, frozenset(["EUR", "GBP"]), COMMIT)
        self.expect(SAFETY, "committed on ['EUR', 'USD'], its terms name ['EUR', 'GBP']")


class ScheduleIs(unittest.TestCase):
    PROCESSES, LINKS = ["EUR", "USD", "bridge"], ["bridge>EUR", "bridge>USD"]

    def draw(self, seed, duration_s=60.0, with_loss=True):
        return schedule.draw(seed, duration_s, self.PROCESSES, self.LINKS, with_loss)

    def test_the_same_for_the_same_seed(self):
        self.assertEqual(self.draw(3), self.draw(3))
        self.assertNotEqual(self.draw(3), self.draw(4))

    def test_over_in_time_and_in_order(self):
        faults = self.draw(3)
        self.assertGreater(len(faults), 100)
        for fault in faults:
            self.assertLessEqual(fault.at_s + fault.lasts_s, 60.0)
        self.assertEqual([fault.at_s for fault in faults],
                         sorted(fault.at_s for fault in faults))

    def test_of_every_kind_for_every_subject(self):
        drawn = {(fault.kind, fault.subject, fault.directions) for fault in self.draw(3)}
        self.assertEqual(drawn, set(schedule.process_deck(self.PROCESSES)
                                    + schedule.link_deck(self.LINKS, with_loss=True)))

    def test_without_silent_loss_where_there_is_no_time_for_it(self):
        self.assertNotIn(schedule.LOSE, {fault.kind for fault in self.draw(3, with_loss=False)})

    def test_one_fault_of_its_own_at_a_time_for_a_process(self):
        ends = {}
        for fault in self.draw(3):
            if fault.kind in (schedule.KILL, schedule.PAUSE):
                self.assertGreaterEqual(fault.at_s, ends.get(fault.subject, 0.0))
                ends[fault.subject] = fault.at_s + fault.lasts_s


class ProxyDoes(unittest.IsolatedAsyncioTestCase):
    WAIT_S = 5.0
    NOTHING_S = 0.1

    async def asyncSetUp(self):
        self.server = await asyncio.start_server(self.echo, "127.0.0.1", 0)
        self.address = self.server.sockets[0].getsockname()
        self.link = Link("client>server", lambda: self.address)
        await self.link.start()
        self.port = int(self.link.address.rsplit(":", 1)[1])
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def asyncTearDown(self):
        self.writer.close()
        await self.link.stop()
        self.server.close()
        await asyncio.sleep(0.01)  # transports that were closed end in a later turn of the loop

    @staticmethod
    async def echo(reader, writer):
        """Every line comes back."""
        try:
            while line := await reader.readline():
                writer.write(line)
        except ConnectionError:
            pass
        writer.close()

    async def say(self, line):
        self.writer.write(line + b"\n")
        return await asyncio.wait_for(self.reader.readline(), self.WAIT_S)

    async def expect_nothing(self):
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(self.reader.readline(), self.NOTHING_S)

    async def test_pass_bytes_both_ways(self):
        self.assertEqual(await self.say(b"hello"), b"hello\n")
        self.assertEqual(await self.say(b"x" * 50000), b"x" * 50000 + b"\n")

    async def test_hold_one_direction_and_deliver_in_order_afterwards(self):
        for direction in DIRECTIONS:
            self.link.hold(direction)
            self.writer.write(b"first\nsecond\n")
            await self.expect_nothing()
            self.link.release(direction)
            self.assertEqual(await self.reader.readline(), b"first\n")
            self.assertEqual(await self.reader.readline(), b"second\n")

    async def test_stay_held_until_every_hold_is_released(self):
        self.link.hold(*DIRECTIONS)
        self.link.hold(TO_SERVER)
        self.writer.write(b"late\n")
        self.link.release(*DIRECTIONS)
        await self.expect_nothing()
        self.link.release(TO_SERVER)
        self.assertEqual(await self.reader.readline(), b"late\n")

    async def test_hold_new_connections_too(self):
        self.link.hold(TO_CLIENT)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"hello\n")
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(reader.readline(), self.NOTHING_S)
        self.link.release(TO_CLIENT)
        writer.close()

    async def test_delay(self):
        self.link.delay_ms = 60
        begin = time.monotonic()
        self.assertEqual(await self.say(b"slow"), b"slow\n")
        self.assertGreaterEqual(time.monotonic() - begin, 0.12)

    async def test_cut_connections_and_take_new_ones(self):
        self.assertEqual(await self.say(b"hello"), b"hello\n")
        self.link.cut()
        with self.assertRaises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(self.reader.readexactly(1), self.WAIT_S)
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.assertEqual(await self.say(b"again"), b"again\n")

    async def test_lose_connections_in_silence(self):
        self.assertEqual(await self.say(b"hello"), b"hello\n")
        self.link.lose()
        self.writer.write(b"anybody?\n")
        await self.expect_nothing()
        self.assertFalse(self.reader.at_eof())
        old = self.writer
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.assertEqual(await self.say(b"again"), b"again\n")
        old.close()

    async def test_end_connections_while_nobody_listens(self):
        self.address = None
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        with self.assertRaises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), self.WAIT_S)
        writer.close()


if __name__ == "__main__":
    unittest.main()
