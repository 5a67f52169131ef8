#!/usr/bin/python3
"""A bank in another language: Python stubs, mTLS, DSSE by `openssl`. It pays and swaps."""

import hashlib
import time
import unittest
import uuid

from corridor import (CALL_S, TERMS_TYPE, Corridor, bridge_pb, common_pb, envelope_of, ledger_pb,
                      merkle_root, observer_pb, settlement_pb, sha256, status_name)


def check_quote(asked, quote, ledger_of):
    """What a bank compares before it signs: only the terms and legs count. Returns its own leg."""
    terms = settlement_pb.TermsHeader.FromString(quote.terms)
    legs = [settlement_pb.Leg.FromString(leg) for leg in quote.legs]
    assert terms.legs_root == merkle_root(list(quote.legs)), "these are not the legs of the terms"
    counts = {ledger.ledger: ledger.leg_count for ledger in terms.ledgers}
    assert sum(counts.values()) == len(legs) == 2
    assert quote.settlement_id == hashlib.sha256(
        b"causeway/settlement/v1\n" + quote.terms).digest()

    mine = [leg for leg in legs if leg.instructing_party == asked["taker"]]
    assert len(mine) == 1, "exactly one leg is mine"
    assert mine[0].ledger == ledger_of[asked["sell_currency"]]
    assert mine[0].debtor_account == asked["sell_account"]
    assert mine[0].amount == common_pb.Money(currency=asked["sell_currency"],
                                             minor_units=asked["sell_minor_units"])
    assert mine[0].instruction_id == asked["instruction_id"]
    incoming = [leg for leg in legs if leg.creditor_account == asked["buy_account"]]
    assert len(incoming) == 1 and incoming[0].ledger == ledger_of[asked["buy_currency"]]
    assert incoming[0].amount == quote.buy
    # 10,000.00 EUR at 1.0940: exact, so no rounding is in play.
    assert incoming[0].amount.minor_units == asked["sell_minor_units"] * 10940 // 10000
    return mine[0]


class PythonBank(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.corridor = Corridor()

    @classmethod
    def tearDownClass(cls):
        cls.corridor.stop()

    def test_pays(self):
        corridor = self.corridor
        before = (corridor.available("BANK-A", "EUR"), corridor.available("BANK-B", "EUR"))
        instruction = corridor.pay("EUR", "BANK-A", "BANK-B", 123_45)
        self.assertEqual(status_name(instruction.status), "SETTLED")
        self.assertEqual(instruction.business_date, "2024-01-08")
        self.assertEqual((corridor.available("BANK-A", "EUR"), corridor.available("BANK-B", "EUR")),
                         (before[0] - 123_45, before[1] + 123_45))

    def test_finds_its_payment_again_by_uetr_and_in_its_statement(self):
        corridor = self.corridor
        payment = corridor.payment("EUR", "BANK-A", "BANK-B", 7)
        command = corridor.command("EUR", "BANK-A", pay=payment)
        corridor.submit("EUR", "BANK-A", corridor.sign(command, corridor.key("BANK-A")))
        ledger = corridor.ledger("EUR", "BANK-B")  # the beneficiary looks
        found = ledger.FindByUetr(ledger_pb.FindByUetrRequest(uetr=payment.uetr), timeout=CALL_S)
        self.assertEqual([i.reference.instruction_id for i in found.instructions],
                         [command.instruction_id])
        statement = ledger.GetStatement(ledger_pb.GetStatementRequest(
            address=corridor.account("BANK-B", "EUR"), from_date="2024-01-08",
            to_date="2024-01-08"), timeout=CALL_S)
        self.assertIn(payment.uetr, [line.uetr for line in statement.lines])
        self.assertEqual(
            statement.opening_balance + sum(line.posting.amount for line in statement.lines),
            statement.closing_balance)

    def test_swaps_on_a_quote_that_it_checked(self):
        corridor = self.corridor
        asked = {
            "taker": "BANK-A", "sell_currency": "EUR", "buy_currency": "USD",
            "sell_minor_units": 10_000_00, "sell_account": corridor.account("BANK-A", "EUR"),
            "buy_account": corridor.account("BANK-A", "USD"), "instruction_id": "PY-SWAP-1"}
        before = (corridor.available("BANK-A", "EUR"), corridor.available("BANK-A", "USD"))
        quote = corridor.bridge("BANK-A").RequestQuote(bridge_pb.QuoteRequest(**asked),
                                                       timeout=CALL_S)
        ledger_of = {currency: ledger["origin"] for currency, ledger in corridor.ledgers.items()}
        leg = check_quote(asked, quote, ledger_of)
        view = corridor.settle("BANK-A", quote.terms, quote.legs, corridor.key("BANK-A"))
        self.assertEqual(view.state, bridge_pb.SETTLEMENT_STATE_SETTLED)
        self.assertTrue(all(ledger.complete for ledger in view.ledgers))
        self.assertEqual(
            (corridor.available("BANK-A", "EUR"), corridor.available("BANK-A", "USD")),
            (before[0] - 10_000_00, before[1] + 10_940_00))

        # The ledger knows the leg under the id that the bank gave it.
        found = corridor.ledger("EUR", "BANK-A").FindByUetr(
            ledger_pb.FindByUetrRequest(uetr=leg.uetr), timeout=CALL_S)
        self.assertEqual([status_name(i.status) for i in found.instructions], ["SETTLED"])

        # The same terms again get the same outcome, and nothing moves twice.
        again = corridor.settle("BANK-A", quote.terms, quote.legs, corridor.key("BANK-A"))
        self.assertEqual(again.state, bridge_pb.SETTLEMENT_STATE_SETTLED)
        self.assertEqual(corridor.available("BANK-A", "USD"), before[1] + 10_940_00)

    def test_two_banks_sign_a_settlement_one_after_the_other(self):
        corridor = self.corridor
        uetr = uuid.uuid4().bytes
        legs = [settlement_pb.Leg(
            salt=bytes([number] * 16), ledger=corridor.ledgers[currency]["origin"],
            instructing_party=payer, instruction_id="PY-PVP-1", uetr=uetr,
            debtor_account=corridor.account(payer, currency),
            creditor_account=corridor.account(payee, currency),
            amount=common_pb.Money(currency=currency, minor_units=amount)).SerializeToString()
            for number, (currency, payer, payee, amount) in enumerate(
                [("EUR", "BANK-A", "BANK-B", 500_00), ("USD", "BANK-B", "BANK-A", 545_00)])]
        now = corridor.ledger("EUR", "BANK-A").GetLedger(ledger_pb.GetLedgerRequest(),
                                                         timeout=CALL_S).ledger_time_us
        terms = settlement_pb.TermsHeader(
            policy_hash=bytes.fromhex(corridor.description["bridge"]["policy_hash"]),
            deadline_us=now + 60 * 10**6,
            ledgers=sorted([settlement_pb.TermsLedger(ledger=corridor.ledgers[c]["origin"],
                                                      leg_count=1) for c in ("EUR", "USD")],
                           key=lambda ledger: ledger.ledger),
            legs_root=merkle_root(legs), nonce=b"\x07" * 16).SerializeToString()
        before = (corridor.available("BANK-B", "EUR"), corridor.available("BANK-B", "USD"))
        first = corridor.bridge("BANK-A").SubmitSettlement(bridge_pb.SubmitSettlementRequest(
            terms=envelope_of(TERMS_TYPE, terms, [corridor.key("BANK-A")]), legs=legs),
            timeout=CALL_S)
        self.assertEqual(first.state, bridge_pb.SETTLEMENT_STATE_AWAITING_SIGNATURES)
        self.assertEqual(list(first.awaiting), ["BANK-B"])
        second = corridor.settle("BANK-B", terms, legs, corridor.key("BANK-B"))
        self.assertEqual(second.state, bridge_pb.SETTLEMENT_STATE_SETTLED)
        self.assertEqual(
            (corridor.available("BANK-B", "EUR"), corridor.available("BANK-B", "USD")),
            (before[0] + 500_00, before[1] - 545_00))

    def test_a_regulator_sees_it_verified(self):
        self.corridor.pay("EUR", "BANK-A", "BANK-B", 1)
        size = self.corridor.log_size("EUR")
        observer = self.corridor.observer("EU-CENTRAL-BANK")
        end = time.monotonic() + CALL_S
        while True:
            status = observer.GetStatus(observer_pb.GetStatusRequest(), timeout=CALL_S)
            verified = next(log for log in status.logs
                            if log.origin == self.corridor.ledgers["EUR"]["origin"])
            if verified.size >= size or time.monotonic() > end:
                break
            time.sleep(0.02)
        self.assertGreaterEqual(verified.size, size)
        self.assertEqual(status.alerts, 0)
        for supply in status.supplies:
            self.assertEqual(supply.issued, supply.in_circulation)


if __name__ == "__main__":
    unittest.main(verbosity=2)
