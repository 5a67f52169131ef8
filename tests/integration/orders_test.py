#!/usr/bin/python3
"""What an operator sees of settlements that wait, and what courts can order: by the wallet's commands,
against real processes."""

import json
import os
import random
import subprocess
import time
import types
import unittest

from corridor import (CALL_S, Corridor, bridge_pb, command_pb, ledger_pb, new_folder, observer_pb,
                      program)
from torture.clients import Settlement

OK, REJECTED = 0, 1
DEADLINE_S = 600
SEEN_S = 20


class Orders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder("orders")
        cls.corridor = Corridor()
        cls.banks = [types.SimpleNamespace(
            name=name, accounts=cls.corridor.participants[name]["accounts"],
            key=cls.corridor.key(name)) for name in ("BANK-A", "BANK-B")]

    @classmethod
    def tearDownClass(cls):
        cls.corridor.stop()

    def central_bank(self, currency, *arguments, status=OK):
        """What the wallet shows that central bank's operator, as JSON."""
        who = self.corridor.central_bank(currency)
        files, ledger = self.corridor.participants[who], self.corridor.ledgers[currency]
        result = subprocess.run(
            [program("causeway-wallet"), "--json", "--ledger", ledger["address"], "--genesis-hash",
             ledger["genesis_hash"], "--bridge", self.corridor.description["bridge"]["address"],
             "--participant", who, "--tls-cert", files["certificate"], "--tls-key",
             files["tls_key"], "--tls-ca", self.corridor.description["ca"], *arguments],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env={"HOME": self.folder, "PATH": os.environ["PATH"]})
        self.assertEqual(result.returncode, status, f"{arguments}\n{result.stdout}{result.stderr}")
        return json.loads(result.stdout if status == OK else result.stderr)

    def approved(self, currency, *arguments, status=OK):
        keys = self.corridor.participants[self.corridor.central_bank(currency)]["approvers"]
        return self.central_bank(currency, *arguments,
                                 *[part for key in keys for part in ("--key", key)], status=status)

    def settlement(self, minor_units=500_00):
        """BANK-A pays euros, BANK-B pays dollars."""
        count = iter(range(2))
        source = random.Random()
        return Settlement(self.corridor, source, self.banks, ["EUR", "USD"], minor_units,
                          DEADLINE_S, lambda prefix: f"{prefix}-{source.getrandbits(60)}-{next(count)}")

    def hand_in(self, settlement, signers):
        return self.corridor.bridge("BANK-A").SubmitSettlement(bridge_pb.SubmitSettlementRequest(
            terms=settlement.signed_by(signers), legs=settlement.legs), timeout=CALL_S)

    def open_settlement(self, settlement):
        found = [row for row in self.central_bank("EUR", "open-settlements")
                 if row["settlement_id"] == settlement.id.hex()]
        return found[0] if found else None

    def prepare_past_the_bridge(self, settlement):
        """Holds BANK-A's euros; nobody else knows."""
        self.corridor.ledger("EUR", "BANK-A").Prepare(ledger_pb.PrepareRequest(
            terms=settlement.signed_by(self.banks[:1]), legs=[settlement.proven_leg(0)]),
            timeout=CALL_S)

    def overrides_seen(self, count):
        observer = self.corridor.observer(self.corridor.central_bank("EUR"))
        end = time.monotonic() + SEEN_S
        while True:
            status = observer.GetStatus(observer_pb.GetStatusRequest(), timeout=CALL_S)
            self.assertEqual(status.alerts, 0)
            if status.overrides >= count or time.monotonic() > end:
                return observer.ListOverrides(observer_pb.ListOverridesRequest(),
                                              timeout=CALL_S).overrides
            time.sleep(0.05)

    def test_a_court_ends_what_waits_for_a_signature(self):
        settlement = self.settlement()
        self.hand_in(settlement, self.banks[:1])
        row = self.open_settlement(settlement)
        self.assertEqual(row["state"], "awaiting-signatures")
        self.assertEqual(row["waits_for"], ["signature of BANK-B"])
        self.assertFalse(row["past_deadline"])
        self.assertEqual(self.central_bank("EUR", "open-settlements", "--older-than", "3600"), [])

        self.approved("EUR", "order-abort", settlement.id.hex(), "--legal-basis", "Order 7 of 2024",
                      "--id", "ABT-7")
        self.assertIsNotNone(self.open_settlement(settlement), "an order alone aborts nothing")
        self.central_bank("EUR", "request-abort", settlement.id.hex(), "--order", "ABT-7")
        view = self.corridor.bridge("BANK-A").GetDecision(
            bridge_pb.GetDecisionRequest(settlement_id=settlement.id), timeout=CALL_S)
        self.assertIn(view.state, (bridge_pb.SETTLEMENT_STATE_ABORTING,
                                   bridge_pb.SETTLEMENT_STATE_ABORTED))
        self.assertEqual(view.rejection.rule.split(" entry ")[0],
                         self.corridor.ledgers["EUR"]["origin"])
        # The other bank comes too late.
        late = self.hand_in(settlement, self.banks[1:])
        self.assertNotEqual(late.state, bridge_pb.SETTLEMENT_STATE_PREPARING)

        seen = [order for order in self.overrides_seen(1) if order.settlement_id == settlement.id]
        self.assertEqual(len(seen), 1)
        self.assertEqual(seen[0].instruction.kind, command_pb.ACTION_KIND_ORDER_ABORT)
        self.assertEqual(seen[0].legal_basis, "Order 7 of 2024")

    def test_a_court_comes_too_late_for_what_is_settled(self):
        settlement = self.settlement()
        view = self.corridor.settle("BANK-A", settlement.terms, settlement.legs,
                                    *[bank.key for bank in self.banks])
        self.assertEqual(view.state, bridge_pb.SETTLEMENT_STATE_SETTLED)
        refused = self.approved("EUR", "order-abort", settlement.id.hex(), "--legal-basis", "Order 8",
                                status=REJECTED)
        self.assertIn("WRONG_INSTRUCTION_STATE", json.dumps(refused))

    def test_no_override_touches_a_prepared_hold(self):
        settlement = self.settlement(minor_units=700_00)
        self.prepare_past_the_bridge(settlement)
        holds = [row for row in self.central_bank("EUR", "open-holds")
                 if row["settlement_id"] == settlement.id.hex()]
        self.assertEqual(len(holds), 1)
        self.assertEqual(holds[0]["waits_for"],
                         f"certificate of {self.corridor.description['bridge']['decision_log']}")

        account = self.corridor.account("BANK-A", "EUR")
        before = self.corridor.available("BANK-A", "EUR")
        order = ["override", "--from", account, "--to", self.corridor.account("BANK-B", "EUR"),
                 "--legal-basis", "Judgment 12", "--amount"]
        cents = before + 1
        refused = self.approved("EUR", *order, f"{cents // 100}.{cents % 100:02d} EUR",
                                status=REJECTED)
        self.assertIn("FUNDS_HELD", json.dumps(refused))
        self.assertEqual(self.corridor.available("BANK-A", "EUR"), before)
        self.approved("EUR", *order, "1.00 EUR")
        self.assertEqual(self.corridor.available("BANK-A", "EUR"), before - 100)
        moved = [seen for seen in self.overrides_seen(1) if seen.legal_basis == "Judgment 12"]
        self.assertEqual([seen.amount.minor_units for seen in moved], [100])

        # The authority has not heard of the settlement: it keeps the order, and the hold stays.
        self.approved("EUR", "order-abort", settlement.id.hex(), "--legal-basis", "Order 9", "--id",
                      "ABT-9")
        kept = self.central_bank("EUR", "request-abort", settlement.id.hex(), "--order", "ABT-9")
        self.assertEqual(kept["state"], "abort-ordered")
        self.assertTrue([row for row in self.central_bank("EUR", "open-holds")
                         if row["settlement_id"] == settlement.id.hex()])
        # Handed in it is aborted, which ends the hold.
        view = self.hand_in(settlement, self.banks)
        self.assertEqual(view.rejection.rule.split(" entry ")[0],
                         self.corridor.ledgers["EUR"]["origin"])
        end = time.monotonic() + 20
        while any(row["settlement_id"] == settlement.id.hex()
                  for row in self.central_bank("EUR", "open-holds")):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.assertEqual(self.corridor.available("BANK-A", "EUR"), before - 100 + 700_00)


if __name__ == "__main__":
    unittest.main(verbosity=2)
