#!/usr/bin/python3
"""Ledgers with queues as real processes: a ring of payments that no bank can begin settles, and large
payments settle in parts."""

import csv
import json
import os
import re
import unittest

from corridor import SOURCE, new_folder, read, run


def run_both(name, change=None):
    """The scenario, or what `change` makes of its text, live and simulated: the folders, and the
    report of the live run."""
    scenario = os.path.join(SOURCE, "scenarios", name + ".txtpb")
    folder = new_folder(name)
    if change is not None:
        text = change(read(scenario).decode("utf-8"))
        scenario = os.path.join(folder, name + ".txtpb")
        with open(scenario, "w", encoding="utf-8") as file:
            file.write(text)
    live, simulated = os.path.join(folder, "live"), os.path.join(folder, "simulated")
    run("causeway-sim", "run", "--live", scenario, "--out", live)
    run("causeway-sim", "run", scenario, "--out", simulated)
    return live, simulated, json.loads(read(os.path.join(live, "report.json")))


class Gridlock(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.live, cls.simulated, cls.report = run_both("gridlock")

    def test_the_ring_settles_and_what_is_never_covered_expires(self):
        self.assertTrue(self.report["expectations_met"])
        self.assertEqual((self.report["settled"], self.report["rejected"]), (5, 2))
        self.assertTrue(self.report["observer"]["verified"])

    def test_ends_with_the_balances_of_the_simulated_run(self):
        run("causeway-sim", "compare", self.live, self.simulated)

    def test_indicators_are_those_of_the_simulated_run_but_for_times_and_the_queue(self):
        simulated = json.loads(read(os.path.join(self.simulated, "report.json")))
        live, expected = (report["indicators"]["EUR"]["days"][0]
                          for report in (self.report, simulated))
        for name in ("settled_count", "settled_value", "unsettled_count", "offset_share",
                     "settled_multilaterally_count", "liquidity", "liquidity_used", "lower_bound",
                     "upper_bound"):
            self.assertEqual(live[name], expected[name], name)
        # The ledger looks at its queue every two minutes of the wall clock, and the day passes in
        # less: the ring waits for the batch that closes it, hours of the calendar later.
        self.assertGreater(float(live["mean_delay_s"]), float(expected["mean_delay_s"]))
        self.assertLess(float(live["longest_delay_s"]), 10 * 3600)
        self.assertEqual(live["queue_peak_count"],
                         str(self.report["ledger_queues"]["EUR"]["waiting_max"]))
        self.assertTrue(os.path.exists(
            os.path.join(self.live, "indicators", "EUR", "indicators.csv")))

    def test_trace_replays_to_the_state_roots_of_the_observer(self):
        replayed = run("causeway-sim", "replay", os.path.join(self.live, "trace.bin")).stdout
        for root in self.report["state_roots"].values():
            self.assertIn(root, replayed)


def without_terms(text):
    """Terms of accounts are for simulated runs: without the limit, and the payment that meets it."""
    for block in (r"  account_terms \{.*?\n  \}\n",
                  r"steps \{\n(?:(?!steps).)*?id: \"over-the-limit\".*?\n\}\n"):
        text, count = re.subn(block, "", text, flags=re.DOTALL)
        assert count == 1, block
    return text.replace("expectations { rejected: 2 }", "expectations { rejected: 1 }")


class Splitting(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.live, cls.simulated, cls.report = run_both("queue-splitting", without_terms)

    def test_payments_settle_in_parts_and_the_rest_of_one_expires(self):
        self.assertTrue(self.report["expectations_met"])
        self.assertEqual((self.report["settled"], self.report["rejected"]), (5, 1))
        self.assertTrue(self.report["observer"]["verified"])
        with open(os.path.join(self.live, "payments.csv"), encoding="utf-8", newline="") as file:
            payments = {line["id"]: line for line in csv.DictReader(file)}
        self.assertEqual((payments["too-much"]["status"], payments["too-much"]["settled_in_parts"]),
                         ("expired", "4.00"))
        self.assertEqual((payments["large"]["status"], payments["large"]["settled_in_parts"]),
                         ("settled", ""))

    def test_ends_with_the_balances_of_the_simulated_run(self):
        run("causeway-sim", "compare", self.live, self.simulated)

    def test_trace_replays_to_the_state_roots_of_the_observer(self):
        replayed = run("causeway-sim", "replay", os.path.join(self.live, "trace.bin")).stdout
        for root in self.report["state_roots"].values():
            self.assertIn(root, replayed)


if __name__ == "__main__":
    unittest.main(verbosity=2)
