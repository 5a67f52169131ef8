#!/usr/bin/python3
"""kill -9 of each process in turn, in the middle of the live pilot.

Every process is killed at least once, mostly while a settlement is under way; the bridge, which
carries the protocol, at several points of one. The run must complete with every expectation met,
end with the balances of the simulated run, and leave a trace that replays.
"""

import json
import os
import unittest

from corridor import SOURCE, new_folder, read, run

SCENARIO = os.path.join(SOURCE, "scenarios", "mbridge-pilot-2022.txtpb")
LEDGERS = ["hk.causeway.example/hkd", "th.causeway.example/thb", "cn.causeway.example/cny",
           "ae.causeway.example/aed"]
# Milliseconds after the settlement began: before the submission is durable, between the votes,
# around the decision, while the ledgers book.
BRIDGE_OFFSETS_MS = [0, 2, 4, 7, 10, 15, 25]


def kills(report_folder):
    """PROCESS@ACTION+MS for settlements in the middle of the pilot, each used once."""
    rows = [line.split(",") for line in
            read(os.path.join(report_folder, "payments.csv")).decode().splitlines()[1:]]
    settlements = [row[0] for row in rows if row[1] == "pvp"]
    payments = [row[0] for row in rows if row[1] == "payment"]
    # From the third on, so that the ledgers that join later are there for theirs.
    places = iter(settlements[8:])
    chosen = [f"bridge@{next(places)}+{offset}" for offset in BRIDGE_OFFSETS_MS]
    chosen += [f"{ledger}@{next(places)}+5" for ledger in LEDGERS]
    chosen += [f"{ledger}@{payments[-20 + i]}+1" for i, ledger in enumerate(LEDGERS)]
    chosen += [f"observer@{next(places)}+3"]
    return chosen


class KillEachProcess(unittest.TestCase):
    def test_the_pilot_completes_with_every_invariant(self):
        folder = new_folder("kill")
        live, simulated = os.path.join(folder, "live"), os.path.join(folder, "simulated")
        run("causeway-sim", "run", SCENARIO, "--out", simulated)
        arguments = []
        for kill in kills(simulated):
            arguments += ["--kill", kill]
        run("causeway-sim", "run", "--live", SCENARIO, "--out", live, *arguments)

        report = json.loads(read(os.path.join(live, "report.json")))
        self.assertEqual(report["settled"], 164)
        self.assertEqual(report["rejected"], 0)
        self.assertTrue(report["expectations_met"])
        run("causeway-sim", "compare", live, simulated)
        run("causeway-sim", "replay", os.path.join(live, "trace.bin"))
        self.check_that_each_was_restarted(os.path.join(live, "processes"))

    def check_that_each_was_restarted(self, processes):
        # Each start writes one line that says what the journal held, or that it listens.
        starts = {"bridge": len(BRIDGE_OFFSETS_MS) + 1, "observer": 2}
        starts.update({f"ledgers/{ledger.replace('/', '_')}": 3 for ledger in LEDGERS})
        for name, count in starts.items():
            log = read(os.path.join(processes, name, "log.txt")).decode()
            began = log.count("serving on ")
            self.assertGreaterEqual(began, count, f"{name}:\n{log}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
