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

    def test_trace_replays_to_the_state_roots_of_the_observer(self):
        replayed = run("causeway-sim", "replay", os.path.join(self.live, "trace.bin")).stdout
        for root in self.report["state_roots"].values():
            self.assertIn(root, replayed)


if __name__ == "__main__":
    unittest.main(verbosity=2)
