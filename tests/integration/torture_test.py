#!/usr/bin/python3
"""Ledgers, bridge and observer under kill -9, pauses and a broken network, while banks work.

Three ledgers, four witnesses (one beside each ledger; three are needed), the bridge and the observer
as processes, every connection between them through a proxy that holds, delays, cuts and loses
(torture/proxy.py). Banks pay and settle, and some vanish half-way (torture/clients.py). The faults
come from a seed (torture/schedule.py). Then they stop, everything must drain within a bound, and
what the observer shows must fit together and with what the banks were told (torture/checker.py).

    CAUSEWAY_TORTURE_S=600 CAUSEWAY_TORTURE_SEED=7 tests/integration/torture_test.py

A failure prints the seed and the command, and keeps the logs.
"""

import collections
import os
import threading
import time
import unittest

from corridor import HERE, keep
from torture import checker, schedule
from torture.clients import Bank, PaymentClient, SettlementClient
from torture.network import Network
from torture.observe import ObserverReader

DURATION_S = float(os.environ.get("CAUSEWAY_TORTURE_S", "12"))
SEED = int(os.environ.get("CAUSEWAY_TORTURE_SEED", "1"))
SCENARIO = os.path.join(HERE, "torture.txtpb")
# From here on a connection that died in silence is found by keepalive (20 s and 10 s more), which a
# short run has no time for.
LOSS_FROM_S = 60
DRAIN_S = 60
DRAIN_WITH_LOSS_S = 120
SAMPLE_S = 0.2
SETTLEMENT_CLIENTS = 4


class Torture(unittest.TestCase):
    def setUp(self):
        self.with_loss = DURATION_S >= LOSS_FROM_S
        self.samples, self.claims = [], checker.Claims()
        self.stopping = threading.Event()
        self.network = Network(SCENARIO)
        self.addCleanup(self.network.end)
        self.reader = ObserverReader(self.network.corridor, self.network.observer_address)
        self.addCleanup(self.reader.close)
        self.banks = [Bank(self.network, name) for name in ("BANK-A", "BANK-B", "BANK-C")]
        self.clients = self.make_clients()

    def make_clients(self):
        clients = []
        for number, bank in enumerate(self.banks):
            others = [other for other in self.banks if other is not bank]
            clients.append(PaymentClient(self.network, [bank, *others], self.claims, self.stopping,
                                         f"{SEED} payments {number}"))
        for number in range(SETTLEMENT_CLIENTS):
            clients.append(SettlementClient(self.network, self.banks, self.claims, self.stopping,
                                            f"{SEED} settlements {number}"))
        return clients

    def test_every_settlement_has_one_outcome_and_no_money_is_lost(self):
        try:
            self.torture()
        except BaseException:
            keep(self.network.corridor.folder)
            print(f"\nFAILED with seed {SEED}; again with\n  CAUSEWAY_TORTURE_S={DURATION_S:g} "
                  f"CAUSEWAY_TORTURE_SEED={SEED} tests/integration/torture_test.py\n"
                  f"logs and data are kept in {self.network.corridor.folder}", flush=True)
            raise

    def torture(self):
        faults = schedule.draw(SEED, DURATION_S, self.network.process_names,
                               self.network.link_names, self.with_loss)
        self.wait_for_first_sample()
        sampler = threading.Thread(target=self.sample, daemon=True)
        sampler.start()
        for client in self.clients:
            client.start()
        try:
            self.network.run_faults(faults, lambda fault: print(fault, flush=True))
            time.sleep(max(0.0, self.began + DURATION_S - time.monotonic()))
        finally:
            self.stopping.set()
            for client in self.clients:
                client.join()
        healed = time.monotonic()
        bound = healed + (DRAIN_WITH_LOSS_S if self.with_loss else DRAIN_S)
        self.drain_clients(bound)
        observation = self.drain_network(bound)
        drained = time.monotonic() - healed
        sampler.join()
        self.assertEqual([failure for client in self.clients for failure in client.failures], [])
        self.check_that_it_was_torture(faults)
        for bank in self.banks:
            bank.close()
        self.network.check()
        self.network.stop()
        self.report(faults, observation, drained)

    def wait_for_first_sample(self):
        end = time.monotonic() + DRAIN_S
        names = set(self.network.corridor.ledgers)
        while time.monotonic() < end:
            sample = self.reader.sample()
            if sample is not None and names <= sample.issued.keys() and all(
                    sample.issued[name] > 0 for name in names):
                self.samples.append(sample)
                self.began = time.monotonic()
                return
            time.sleep(SAMPLE_S)
        self.fail("the observer does not show the opening balances")

    def sample(self):
        while not self.stopping.is_set():
            sample = self.reader.sample()
            if sample is not None:
                self.samples.append(sample)
            time.sleep(SAMPLE_S)

    def drain_clients(self, bound):
        waiting = list(self.clients)
        while waiting:
            waiting = [client for client in waiting if not client.drain()]
            if waiting and time.monotonic() > bound:
                self.fail(f"{len(waiting)} clients got no answers after the faults")
            time.sleep(0.1 if waiting else 0)

    def drain_network(self, bound):
        """Until nothing is open; what no waiting heals fails at once."""
        while True:
            observation = self.reader.everything(self.samples)
            if observation is None:
                self.assertLess(time.monotonic(), bound, "the logs go on growing")
                continue
            violations = checker.check(observation, self.claims)
            if not violations:
                return observation
            broken = [each for each in violations if each.kind == checker.SAFETY]
            if broken or time.monotonic() > bound:
                alerts = [f"alert: {alert.message}" for alert in self.reader.alerts()]
                self.fail("\n".join(map(str, [*alerts, *(broken or violations)])))
            time.sleep(0.5)

    def check_that_it_was_torture(self, faults):
        """Every fault of a process was done to it, and work went on all the same."""
        kills = collections.Counter(fault.subject for fault in faults
                                    if fault.kind == schedule.KILL)
        for name in self.network.process_names:
            self.assertEqual(self.network.starts_of(name), 1 + kills[name], name)
            self.assertGreaterEqual(
                self.network.log_of(name).count("serving on "), 1 + kills[name], name)
        for link in self.network.link_names:
            self.assertGreater(self.network.connections_of(link), 0, link)
        counts = self.counts()
        for what in (*SettlementClient.WAYS, "payments answered", "payments sent again",
                     f"told {checker.COMMIT}", f"told {checker.ABORT}"):
            self.assertGreater(counts[what], 0, what)

    def counts(self):
        return sum((client.counts for client in self.clients), collections.Counter())

    def report(self, faults, observation, drained):
        kinds = collections.Counter(fault.kind for fault in faults)
        verdicts = collections.Counter(settlement.verdict for settlement in observation.settlements)
        entries = sum(len(ledger.entries) for ledger in observation.ledgers.values())
        listed = collections.Counter(entry.status for ledger in observation.ledgers.values()
                                     for entry in ledger.entries if entry.listed)
        print(f"\nseed {SEED}, {DURATION_S:g} s: {len(faults)} faults {dict(kinds)}; "
              f"settlements {dict(verdicts)}; {entries} entries, of legs of lists {dict(listed)}; "
              f"{len(self.claims.payments)} and {len(self.claims.settlements)} answers about "
              "payments and settlements checked; "
              f"{len(observation.samples)} checkpoints observed; drained in {drained:.1f} s\n"
              f"{dict(self.counts())}")


if __name__ == "__main__":
    unittest.main()
