#!/usr/bin/python3
"""Four witnesses, three needed, against real processes.

The scenario ends with the balances of its simulated run; one witness may be killed, two may not; a
witness that lost its state, and a bridge that lost its journal, do not start again.
"""

import json
import os
import time
import unittest

from corridor import CALL_S, SOURCE, Corridor, bridge_pb, new_folder, read, run

# pylint: disable=wrong-import-position
from causeway.v1 import witness_service_pb2 as witness_pb  # noqa: E402
from causeway.v1 import witness_service_pb2_grpc as witness_grpc  # noqa: E402

SCENARIO = os.path.join(SOURCE, "scenarios", "witnessed-swap.txtpb")
ACTION = "swap-1"


class WitnessedSwap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = new_folder("witnessed-swap")
        cls.live, cls.simulated = os.path.join(folder, "live"), os.path.join(folder, "simulated")
        # Killed while the settlement needs it, and started again.
        run("causeway-sim", "run", "--live", SCENARIO, "--out", cls.live,
            "--kill", f"witness-3@{ACTION}+2")
        run("causeway-sim", "run", SCENARIO, "--out", cls.simulated)
        cls.report = json.loads(read(os.path.join(cls.live, "report.json")))

    def test_settles_and_meets_every_expectation(self):
        self.assertEqual(self.report["settled"], 1)
        self.assertTrue(self.report["expectations_met"])

    def test_ends_with_the_balances_of_the_simulated_run(self):
        run("causeway-sim", "compare", self.live, self.simulated)
        self.assertEqual(read(os.path.join(self.live, "balances.csv")),
                         read(os.path.join(self.simulated, "balances.csv")))

    def test_trace_replays(self):
        run("causeway-sim", "replay", os.path.join(self.live, "trace.bin"))

    def test_the_killed_witness_served_again(self):
        log = read(os.path.join(self.live, "processes", "witness-3", "log.txt")).decode()
        self.assertGreaterEqual(log.count("serving on "), 2, log)
        # What it held at its end stands in the others' journals too, beside the ledgers.
        self.assertIn("witness bridge.causeway.example/decisions/witness-3", log)


class Corridors(unittest.TestCase):
    """One corridor; a swap in it, and then those who come back with less than they had signed."""

    @classmethod
    def setUpClass(cls):
        cls.corridor = Corridor(SCENARIO)
        cls.addClassCleanup(cls.corridor.stop)
        quote = cls.corridor.quote("BANK-EUR", "EUR", "USD", sell_minor_units=100000)
        cls.view = cls.corridor.settle("BANK-EUR", quote.terms, quote.legs,
                                       cls.corridor.key("BANK-EUR"))

    def state_of(self, index):
        each = self.corridor.description["witnesses"][index]
        channel = self.corridor.channel(each["address"], "BANK-EUR")
        return witness_grpc.WitnessStub(channel).GetWitness(witness_pb.GetWitnessRequest(),
                                                            timeout=CALL_S)

    def test_a_certificate_has_three_cosignatures(self):
        self.assertEqual(self.view.state, bridge_pb.SETTLEMENT_STATE_SETTLED)
        lines = self.view.certificate.checkpoint.split("\n\n")[1].splitlines()
        self.assertEqual(len(lines), 4)  # the log's and three
        self.assertEqual(len({line for line in lines if "/witness-" in line}), 3)

    def test_every_witness_holds_the_record(self):
        for index in range(4):
            deadline = time.monotonic() + CALL_S
            while self.state_of(index).size < 1 and time.monotonic() < deadline:
                time.sleep(0.05)
            state = self.state_of(index)
            self.assertEqual(state.size, 1)
            self.assertEqual(state.checkpoint.split("\n")[0],
                             "bridge.causeway.example/decisions")
            self.assertFalse(state.refusing)

    def test_the_bridge_tells_how_its_witnesses_are(self):
        info = self.corridor.bridge("BANK-EUR").GetBridge(bridge_pb.GetBridgeRequest(),
                                                          timeout=CALL_S)
        self.assertEqual(len(info.witnesses), 4)
        self.assertGreaterEqual(sum(each.reached for each in info.witnesses), 3)

    def run_again(self, folder, *arguments):
        """A second process of that folder, without the journal; to its end."""
        path = os.path.join(self.corridor.folder, folder)
        return run(*arguments, "--data", os.path.join(new_folder("empty"), "data"),
                   "--listen", "127.0.0.1:0", "--tls-cert", os.path.join(path, "server.pem"),
                   "--tls-key", os.path.join(path, "server-key.pem"),
                   "--tls-ca", self.corridor.description["ca"], check=False, timeout=60)

    def test_a_witness_that_lost_its_state_does_not_start(self):
        folder = os.path.join(self.corridor.folder, "witness-4")
        deadline = time.monotonic() + CALL_S
        while self.state_of(3).size < 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        # The bridge shows what each witness cosigned last.
        ended = self.run_again(
            "witness-4", "causeway-node", "witness",
            "--name", "bridge.causeway.example/decisions/witness-4",
            "--key", os.path.join(folder, "witness-key.pem"),
            "--policy", os.path.join(folder, "policy.bin"),
            "--bridge", self.corridor.description["bridge"]["participant"],
            "--peer", self.corridor.description["bridge"]["address"])
        self.assertEqual(ended.returncode, 65, ended.stderr)
        self.assertIn("which it does not hold: it has 0 records", ended.stderr)
        self.assertIn("new key in the next epoch", ended.stderr)

    def test_a_bridge_that_lost_its_journal_does_not_go_on(self):
        folder = os.path.join(self.corridor.folder, "bridge")
        ended = self.run_again("bridge", "causeway-bridge", "run",
                               "--config", os.path.join(folder, "bridge.txtpb"),
                               "--key", os.path.join(folder, "decision-log-key.pem"))
        self.assertEqual(ended.returncode, 65, ended.stderr)
        self.assertIn("has 0 records, and witness", ended.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
