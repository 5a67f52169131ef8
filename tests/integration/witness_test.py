#!/usr/bin/python3
"""Four witnesses, three needed, against real processes.

The scenario ends with the balances of its simulated run; one witness may be killed, two may not; a
witness that lost its state, and a bridge that lost its journal, do not start again; a bridge whose
journal was made again from what a witness keeps goes on where it was.
"""

import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from corridor import (CALL_S, SOURCE, STOP_WAIT_S, TERMS_TYPE, Corridor, bridge_pb, envelope_of,
                      new_folder, program, read, run)

# pylint: disable=wrong-import-position
from causeway.v1 import witness_service_pb2 as witness_pb  # noqa: E402
from causeway.v1 import witness_service_pb2_grpc as witness_grpc  # noqa: E402

SCENARIO = os.path.join(SOURCE, "scenarios", "witnessed-swap.txtpb")
ACTION = "swap-1"
USD_LEDGER = os.path.join("ledgers", "us.causeway.example_usd")


def state_of(corridor, index):
    """What a witness says of itself."""
    each = corridor.description["witnesses"][index]
    channel = corridor.channel(each["address"], "BANK-EUR")
    return witness_grpc.WitnessStub(channel).GetWitness(witness_pb.GetWitnessRequest(),
                                                        timeout=CALL_S)


def wait_for_record(corridor, index):
    deadline = time.monotonic() + CALL_S
    while state_of(corridor, index).size < 1 and time.monotonic() < deadline:
        time.sleep(0.05)


def is_settled(view):
    return view.state == bridge_pb.SETTLEMENT_STATE_SETTLED


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
        return state_of(self.corridor, index)

    def test_a_certificate_has_three_cosignatures(self):
        self.assertEqual(self.view.state, bridge_pb.SETTLEMENT_STATE_SETTLED)
        lines = self.view.certificate.checkpoint.split("\n\n")[1].splitlines()
        self.assertEqual(len(lines), 4)  # the log's and three
        self.assertEqual(len({line for line in lines if "/witness-" in line}), 3)

    def test_every_witness_holds_the_record(self):
        for index in range(4):
            wait_for_record(self.corridor, index)
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

    def wallet(self, *arguments):
        files = self.corridor.participants["BANK-EUR"]
        return run("causeway-wallet", "--participant", "BANK-EUR",
                   "--tls-cert", files["certificate"], "--tls-key", files["tls_key"],
                   "--tls-ca", self.corridor.description["ca"], *arguments,
                   env={"HOME": self.corridor.folder, "PATH": os.environ["PATH"]}).stdout

    def test_the_wallet_shows_how_far_witnesses_are(self):
        bridge = self.corridor.description["bridge"]["address"]
        seen = json.loads(self.wallet("--json", "--bridge", bridge, "witnesses"))
        self.assertEqual(len(seen), 4)
        self.assertGreaterEqual(sum(each["behind"] == 0 for each in seen), 3, seen)
        addresses = [each["address"] for each in self.corridor.description["witnesses"]]
        options = [part for address in addresses for part in ("--witness", address)]
        told = json.loads(self.wallet("--json", "--bridge", bridge, "witnesses", *options))
        self.assertEqual([each["address"] for each in told], addresses)
        for each in told:
            self.assertEqual(each["decision_log"], "bridge.causeway.example/decisions")
            self.assertEqual(each["size"] + each["behind"], 1)
            self.assertFalse(each["refusing"])
            self.assertIsNone(each["evidence"])
        # One that does not answer is told among the others.
        nobody = json.loads(self.wallet("--json", "witnesses", "--witness", "127.0.0.1:1"))
        self.assertIn("unreachable", nobody[0])

    def run_again(self, folder, *arguments):
        """A second process of that folder, without the journal; to its end."""
        path = os.path.join(self.corridor.folder, folder)
        return run(*arguments, "--data", os.path.join(new_folder("empty"), "data"),
                   "--listen", "127.0.0.1:0", "--tls-cert", os.path.join(path, "server.pem"),
                   "--tls-key", os.path.join(path, "server-key.pem"),
                   "--tls-ca", self.corridor.description["ca"], check=False, timeout=60)

    def test_a_witness_that_lost_its_state_does_not_start(self):
        folder = os.path.join(self.corridor.folder, "witness-4")
        wait_for_record(self.corridor, 3)
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


class RebuiltBridge(unittest.TestCase):
    """The bridge's disk is lost, and a witness's is at hand."""

    def setUp(self):
        self.corridor = Corridor(SCENARIO)
        self.addCleanup(self.stop_what_is_left)

    def stop_what_is_left(self):
        # Not Corridor.stop, to which a process that was killed is a failure.
        process = self.corridor._process  # pylint: disable=protected-access
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=STOP_WAIT_S)

    def process_of(self, folder):
        """The corridor's process with that folder."""
        data = os.path.join(self.corridor.folder, folder, "data").encode()
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                if data in read(f"/proc/{name}/cmdline").split(b"\0"):
                    return int(name)
            except OSError:
                continue
        raise AssertionError(f"no process of {folder}")

    def command_of(self, folder):
        command = read(f"/proc/{self.process_of(folder)}/cmdline").split(b"\0")
        return [part.decode() for part in command if part]

    def end(self, folder, signal_number):
        """That process ends; only when it has is this back."""
        process = self.process_of(folder)
        os.kill(process, signal_number)
        deadline = time.monotonic() + STOP_WAIT_S
        while time.monotonic() < deadline:
            try:
                # Its parent waits for it at the corridor's end alone. It has its sockets while any
                # of its threads is there.
                if (read(f"/proc/{process}/stat").split(b") ")[1].startswith(b"Z")
                        and len(os.listdir(f"/proc/{process}/task")) == 1):
                    return
            except OSError:
                return
            time.sleep(0.05)
        raise AssertionError(f"the process of {folder} did not end")

    def pause(self, *folders):
        """What comes back lets them go on, which the test's end does too."""
        processes = [self.process_of(folder) for folder in folders]

        def go_on():
            while processes:
                os.kill(processes.pop(), signal.SIGCONT)

        for process in processes:
            os.kill(process, signal.SIGSTOP)
        self.addCleanup(go_on)
        return go_on

    def wait_until(self, view, terms, holds):
        """The settlement's view once it is so. Who its parties are is not in a rebuilt journal, so
        that the terms are shown."""
        request = bridge_pb.GetDecisionRequest(settlement_id=view.settlement_id, terms=terms)
        deadline = time.monotonic() + CALL_S
        while True:
            view = self.corridor.bridge("BANK-EUR").GetDecision(request, timeout=CALL_S)
            if holds(view):
                return view
            self.assertLess(time.monotonic(), deadline, view)
            time.sleep(0.05)

    def rebuild(self, data, kept=None):
        """From the directory of witness-4, or from a copy of it."""
        folder = os.path.join(self.corridor.folder, "witness-4")
        return run("causeway-bridge", "rebuild", "--from", kept or os.path.join(folder, "data"),
                   "--policy", os.path.join(folder, "policy.bin"), "--data", data).stdout

    def swap(self):
        quote = self.corridor.quote("BANK-EUR", "EUR", "USD", sell_minor_units=1000)
        view = self.corridor.settle("BANK-EUR", quote.terms, quote.legs,
                                    self.corridor.key("BANK-EUR"))
        self.assertEqual(view.state, bridge_pb.SETTLEMENT_STATE_SETTLED)
        return quote, view

    def start_bridge(self, data):
        folder = os.path.join(self.corridor.folder, "bridge")
        ready = os.path.join(os.path.dirname(data), "ready")
        process = subprocess.Popen(
            [program("causeway-bridge"), "run",
             "--config", os.path.join(folder, "bridge.txtpb"),
             "--key", os.path.join(folder, "decision-log-key.pem"), "--data", data,
             "--listen", self.corridor.description["bridge"]["address"],
             "--tls-cert", os.path.join(folder, "server.pem"),
             "--tls-key", os.path.join(folder, "server-key.pem"),
             "--tls-ca", self.corridor.description["ca"], "--ready-file", ready],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        deadline = time.monotonic() + STOP_WAIT_S
        while not os.path.exists(ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the bridge does not start: {process.communicate()[0]}")
            time.sleep(0.05)
        return process

    def test_goes_on_where_it_was(self):
        quote, before = self.swap()
        wait_for_record(self.corridor, 3)  # three of four were needed
        self.end("bridge", signal.SIGKILL)
        self.end("witness-4", signal.SIGTERM)
        data = os.path.join(new_folder("rebuilt"), "data")
        self.assertIn("records  1\n", self.rebuild(data))
        process = self.start_bridge(data)
        self.corridor.forget_channels()
        try:
            # The ledgers say once more that they have booked.
            self.wait_until(before, quote.terms, is_settled)
            # The same terms again change nothing, and what is new settles.
            repeat = self.corridor.settle("BANK-EUR", quote.terms, quote.legs,
                                          self.corridor.key("BANK-EUR"))
            self.assertEqual(repeat.settlement_id, before.settlement_id)
            self.assertEqual(repeat.state, bridge_pb.SETTLEMENT_STATE_SETTLED)
            _, after = self.swap()
            self.assertNotEqual(after.settlement_id, before.settlement_id)
        finally:
            process.send_signal(signal.SIGTERM)
            output = process.communicate(timeout=STOP_WAIT_S)[0]
        self.assertEqual(process.returncode, 0, output)

    def test_tells_a_ledger_that_was_down_what_was_decided(self):
        quote = self.corridor.quote("BANK-EUR", "EUR", "USD", sell_minor_units=1000)
        certify = self.pause("witness-3", "witness-4")  # two of three that are needed are left
        view = self.corridor.bridge("BANK-EUR").SubmitSettlement(
            bridge_pb.SubmitSettlementRequest(
                terms=envelope_of(TERMS_TYPE, quote.terms, [self.corridor.key("BANK-EUR")]),
                legs=quote.legs), timeout=CALL_S)
        self.wait_until(view, quote.terms, lambda now: now.state ==
                        bridge_pb.SETTLEMENT_STATE_CERTIFYING)
        start_ledger = self.command_of(USD_LEDGER)
        start_ledger[start_ledger.index("--listen") + 1] = self.corridor.ledgers["USD"]["address"]
        self.end(USD_LEDGER, signal.SIGKILL)
        certify()
        one_done = self.wait_until(view, quote.terms, lambda now: any(
            ledger.complete for ledger in now.ledgers))
        self.assertEqual([ledger.complete for ledger in one_done.ledgers].count(True), 1)
        wait_for_record(self.corridor, 3)
        self.end("bridge", signal.SIGKILL)
        folder = new_folder("rebuilt")
        kept, data = os.path.join(folder, "witness"), os.path.join(folder, "data")
        go_on = self.pause("witness-4")  # it is needed, beside the one whose ledger is down
        shutil.copytree(os.path.join(self.corridor.folder, "witness-4", "data"), kept)
        go_on()
        self.rebuild(data, kept)
        process = self.start_bridge(data)
        self.corridor.forget_channels()
        try:
            again = self.wait_until(view, quote.terms, lambda now: any(
                ledger.complete for ledger in now.ledgers))
            self.assertEqual(again.state, bridge_pb.SETTLEMENT_STATE_COMMITTED)
            self.assertEqual([ledger.complete for ledger in again.ledgers].count(True), 1)
            ledger = subprocess.Popen(start_ledger)
            self.addCleanup(ledger.wait, STOP_WAIT_S)
            self.addCleanup(ledger.terminate)
            self.wait_until(view, quote.terms, is_settled)
        finally:
            process.send_signal(signal.SIGTERM)
            output = process.communicate(timeout=STOP_WAIT_S)[0]
        self.assertEqual(process.returncode, 0, output)


if __name__ == "__main__":
    unittest.main(verbosity=2)
