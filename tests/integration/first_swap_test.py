#!/usr/bin/python3
"""The smallest scenario against real processes: same balances as simulated, and its trace replays."""

import json
import os
import unittest

from corridor import SOURCE, new_folder, read, run

SCENARIO = os.path.join(SOURCE, "scenarios", "first-swap.txtpb")


class FirstSwap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = new_folder("first-swap")
        cls.live, cls.simulated = os.path.join(folder, "live"), os.path.join(folder, "simulated")
        run("causeway-sim", "run", "--live", SCENARIO, "--out", cls.live)
        run("causeway-sim", "run", SCENARIO, "--out", cls.simulated)
        cls.report = json.loads(read(os.path.join(cls.live, "report.json")))

    def test_settles_and_meets_every_expectation(self):
        self.assertEqual(self.report["settled"], 1)
        self.assertEqual(self.report["rejected"], 0)
        self.assertTrue(self.report["expectations_met"])
        self.assertEqual(self.report["settled_value"], {"EUR": 1000000, "USD": 1094000})

    def test_ends_with_the_balances_of_the_simulated_run(self):
        run("causeway-sim", "compare", self.live, self.simulated)
        self.assertEqual(read(os.path.join(self.live, "balances.csv")),
                         read(os.path.join(self.simulated, "balances.csv")))

    def test_indicators_are_those_of_the_simulated_run_but_for_times(self):
        simulated = json.loads(read(os.path.join(self.simulated, "report.json")))
        for currency, expected in simulated["indicators"].items():
            live = self.report["indicators"][currency]["days"]
            self.assertEqual(len(live), len(expected["days"]))
            for day, of_simulated in zip(live, expected["days"]):
                for name in ("settled_count", "settled_value", "rejected_count", "liquidity",
                             "liquidity_used", "lower_bound", "upper_bound", "pvp_share"):
                    self.assertEqual(day[name], of_simulated[name], f"{currency} {name}")

    def test_trace_replays_to_the_state_roots_of_the_observer(self):
        replayed = run("causeway-sim", "replay", os.path.join(self.live, "trace.bin")).stdout
        for root in self.report["state_roots"].values():
            self.assertIn(root, replayed)

    def test_private_keys_are_readable_to_their_owner_only(self):
        secrets = 0
        for folder, _, names in os.walk(os.path.join(self.live, "processes")):
            for name in names:
                path = os.path.join(folder, name)
                if b"PRIVATE KEY" in read(path)[:100] or name == "salt.key":
                    secrets += 1
                    self.assertEqual(os.stat(path).st_mode & 0o777, 0o600, path)
        self.assertGreater(secrets, 10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
