#!/usr/bin/python3
"""What a ledger that does not answer leaves to others at the bridge, with real processes: its
settlements fill its own share of the table of open ones, and those among other ledgers go on."""

import os
import random
import signal
import subprocess
import time
import types
import unittest

import grpc

from corridor import CALL_S, STOP_WAIT_S, Corridor, bridge_pb, ledger_pb, program, read
from torture.clients import Settlement

OPEN_MAX = 20
# A ledger is waited for by less than is still free.
SHARE = OPEN_MAX // 2
DEADLINE_S = 600
AROUND = 25  # settlements that go around the dead ledger: more than the table has room for
DEAD_LEDGER = os.path.join("ledgers", "uk.causeway.example_gbp")


class DeadLedger(unittest.TestCase):
    def setUp(self):
        self.corridor = Corridor()
        self.addCleanup(self.stop_what_is_left)
        self.banks = {name: types.SimpleNamespace(
            name=name, accounts=self.corridor.participants[name]["accounts"],
            key=self.corridor.key(name)) for name in ("BANK-A", "BANK-B", "BANK-C")}
        self.source = random.Random(5)
        self.numbers = iter(range(1000))

    def stop_what_is_left(self):
        # Not Corridor.stop, to which a process that was killed is a failure.
        self.corridor.forget_channels()
        process = self.corridor._process  # pylint: disable=protected-access
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=STOP_WAIT_S)

    def process_of(self, folder):
        data = os.path.join(self.corridor.folder, folder, "data").encode()
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                if data in read(f"/proc/{name}/cmdline").split(b"\0"):
                    return int(name)
            except OSError:
                continue
        raise AssertionError(f"no process of {folder}")

    def start_bridge_with_little_room(self):
        """In the place of the corridor's own, on its journal."""
        process = self.process_of("bridge")
        command = [part.decode() for part in read(f"/proc/{process}/cmdline").split(b"\0") if part]
        folder = os.path.join(self.corridor.folder, "bridge")
        os.kill(process, signal.SIGKILL)
        end = time.monotonic() + STOP_WAIT_S
        while os.listdir(f"/proc/{process}/task")[1:]:  # its sockets go with its last thread
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        config, ready = os.path.join(folder, "little-room.txtpb"), os.path.join(folder, "again")
        text = read(os.path.join(folder, "bridge.txtpb")).decode()
        self.assertEqual(text.count("limits {\n"), 1)
        with open(config, "w", encoding="utf-8") as file:
            file.write(text.replace("limits {\n", "limits {\n  ledger_call_ms_max: 1000\n"
                                    f"  open_max: {OPEN_MAX}\n"))
        for flag, value in (("--config", config), ("--ready-file", ready),
                            ("--listen", self.corridor.description["bridge"]["address"])):
            command[command.index(flag) + 1] = value
        bridge = subprocess.Popen([program("causeway-bridge"), *command[1:]],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(bridge.wait, STOP_WAIT_S)
        self.addCleanup(bridge.terminate)
        while not os.path.exists(ready):
            self.assertIsNone(bridge.poll(), "the bridge does not start")
            time.sleep(0.02)
        self.corridor.forget_channels()

    def hand_in(self, payers, currencies, wait):
        banks = [self.banks[name] for name in payers]
        settlement = Settlement(self.corridor, self.source, banks, currencies, 500, DEADLINE_S,
                                lambda prefix: f"{prefix}-{next(self.numbers)}")
        return self.corridor.bridge(payers[0]).SubmitSettlement(bridge_pb.SubmitSettlementRequest(
            terms=settlement.signed_by(banks), legs=settlement.legs, wait=wait), timeout=CALL_S)

    def open_settlements(self):
        bridge = self.corridor.bridge(self.corridor.description["observer"]["participant"])
        return bridge.ListOpen(bridge_pb.ListOpenRequest(), timeout=CALL_S).settlements

    def test_fills_its_own_share_while_others_go_on(self):
        self.start_bridge_with_little_room()
        dead = self.process_of(DEAD_LEDGER)
        os.kill(dead, signal.SIGSTOP)
        self.addCleanup(os.kill, dead, signal.SIGCONT)

        for _ in range(SHARE):
            self.hand_in(("BANK-A", "BANK-C"), ("EUR", "GBP"), wait=False)
        for _ in range(3):
            with self.assertRaises(grpc.RpcError) as refused:
                self.hand_in(("BANK-A", "BANK-C"), ("EUR", "GBP"), wait=False)
            self.assertEqual(refused.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
            self.assertIn(self.corridor.ledgers["GBP"]["origin"], refused.exception.details())
        self.assertEqual(len(self.open_settlements()), SHARE)

        for _ in range(AROUND):
            view = self.hand_in(("BANK-A", "BANK-B"), ("EUR", "USD"), wait=True)
            self.assertEqual(view.state, bridge_pb.SETTLEMENT_STATE_SETTLED)
        waiting = self.open_settlements()
        self.assertEqual(len(waiting), SHARE)
        for view in waiting:
            prepared = {ledger.ledger: ledger.prepared for ledger in view.ledgers}
            self.assertFalse(prepared[self.corridor.ledgers["GBP"]["origin"]])

        # Those that waited for it end when it answers again; BANK-C has no pounds.
        os.kill(dead, signal.SIGCONT)
        end = time.monotonic() + CALL_S
        while self.open_settlements():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.assertEqual(self.corridor.ledger("EUR", "BANK-C").GetAccount(
            ledger_pb.GetAccountRequest(address=self.corridor.account("BANK-C", "EUR")),
            timeout=CALL_S).held, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
