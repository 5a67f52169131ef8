#!/usr/bin/python3
"""A ledger with a queue as a real process: a ring of payments that no bank can begin settles."""

import json
import os
import unittest

from corridor import SOURCE, new_folder, read, run

SCENARIO = os.path.join(SOURCE, "scenarios", "gridlock.txtpb")


class Gridlock(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = new_folder("gridlock")
        cls.live, cls.simulated = os.path.join(folder, "live"), os.path.join(folder, "simulated")
        run("causeway-sim", "run", "--live", SCENARIO, "--out", cls.live)
        run("causeway-sim", "run", SCENARIO, "--out", cls.simulated)
        cls.report = json.loads(read(os.path.join(cls.live, "report.json")))

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


if __name__ == "__main__":
    unittest.main(verbosity=2)
