#!/usr/bin/python3
"""causeway-load against a live corridor: prepares a ledger, loads it, and tells what came of it."""

import json
import os
import subprocess
import unittest

from corridor import Corridor, new_folder, openssl, program

OK, UNEXPECTED, USAGE, FAILED = 0, 1, 64, 70
BANK = "LOADBANK"
ACCOUNTS = 40


class Load(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder("load")
        cls.corridor = Corridor()
        cls.key = os.path.join(cls.folder, "load-bank.pem")
        openssl("genpkey", "-algorithm", "ed25519", "-out", cls.key)
        cls.accounts = os.path.join(cls.folder, "accounts.txt")
        files = cls.corridor.participants[cls.corridor.central_bank("EUR")]
        approvers = [part for path in files["approvers"] for part in ("--approver-key", path)]
        result = cls.load("prepare", *approvers, "--owner", BANK, "--owner-key", cls.key,
                          "--accounts", str(ACCOUNTS), "--amount", "1000", "--out", cls.accounts)
        assert result.returncode == OK, result.stderr

    @classmethod
    def tearDownClass(cls):
        cls.corridor.stop()

    @classmethod
    def load(cls, command, *arguments):
        """By the central bank's connection, which may send what any bank signed."""
        files = cls.corridor.participants[cls.corridor.central_bank("EUR")]
        return subprocess.run(
            [program("causeway-load"), command, "--ledger", cls.corridor.ledgers["EUR"]["address"],
             "--tls-cert", files["certificate"], "--tls-key", files["tls_key"],
             "--tls-ca", cls.corridor.description["ca"], *arguments],
            capture_output=True, text=True, check=False)

    def run_load(self, *arguments, status=OK):
        report = os.path.join(self.folder, "report.json")
        result = self.load("run", "--participant", BANK, "--key", self.key, "--accounts",
                           self.accounts, "--json", report, *arguments)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        if status in (USAGE, FAILED):
            return None
        with open(report, encoding="utf-8") as file:
            return json.load(file)

    def test_prepared_accounts_are_listed_by_number_and_address(self):
        with open(self.accounts, encoding="utf-8") as file:
            lines = [line.split() for line in file if not line.startswith("#")]
        self.assertEqual(len(lines), ACCOUNTS)
        self.assertEqual(len({number for number, _ in lines}), ACCOUNTS)
        self.assertTrue(all(address.startswith("EUR") for _, address in lines))

    def test_closed_loop_of_bulks_settles_every_payment(self):
        report = self.run_load("--batch", "256", "--payments", "5120", "--in-flight", "4")
        self.assertEqual(report["payments"]["settled"], 5120)
        self.assertEqual(report["measured_payments"], 5120)
        self.assertEqual(report["latency_us"]["corrected"]["count"], 20)
        self.assertGreater(report["payments_per_s"], 0)

    def test_closed_loop_of_single_payments(self):
        report = self.run_load("--single", "--payments", "300", "--in-flight", "64")
        self.assertEqual(report["payments"]["settled"], 300)
        self.assertEqual(report["batch"], 1)

    def test_open_loop_is_recorded_and_replayed(self):
        trace = os.path.join(self.folder, "trace.txt")
        page = os.path.join(self.folder, "report.html")
        report = self.run_load("--batch", "10", "--rate", "500", "--poisson", "--duration", "1",
                               "--seed", "5", "--zipf", "0.9", "--pool-mib", "1",
                               "--record-trace", trace, "--html", page)
        self.assertEqual(report["mode"], "poisson")
        self.assertGreater(report["payments"]["settled"], 100)
        with open(page, encoding="utf-8") as file:
            self.assertIn("<svg", file.read())
        replayed = self.run_load("--batch", "10", "--pool-mib", "1", "--trace", trace)
        self.assertEqual(replayed["payments"]["settled"], report["payments"]["settled"])

    def test_overload_that_is_not_carried_fails_and_loses_nothing_from_the_figures(self):
        """Its tail was once in no figure, and the run a success."""
        report = self.run_load("--single", "--rate", "200000", "--duration", "0.5", "--drain",
                               "0.2", "--in-flight", "4", "--signers", "2", "--pool-mib", "100",
                               status=UNEXPECTED)
        payments = report["payments"]
        self.assertGreater(payments["not_sent"], 0)
        self.assertEqual(payments["settled"] + payments["unanswered"] + payments["not_sent"],
                         100_000)
        self.assertEqual(payments["unexpected"], payments["unanswered"] + payments["not_sent"])
        self.assertEqual(report["latency_us"]["corrected"]["count"], 100_000)
        self.assertGreater(report["latency_us"]["corrected"]["max"], 500_000)

    def test_seed_that_was_used_before_is_noticed(self):
        for kind in (("--single", "--seed", "77"), ("--batch", "10", "--seed", "78")):
            once = (*kind, "--payments", "100")
            self.run_load(*once)
            report = self.run_load(*once, status=UNEXPECTED)
            self.assertEqual(report["payments"]["settled"], 0)
            self.assertEqual(report["payments"]["unexpected"], 100)

    def test_payments_beyond_the_money_are_unexpected_unless_allowed(self):
        too_much = ("--batch", "10", "--payments", "20", "--amount", "100000000")
        report = self.run_load(*too_much, status=UNEXPECTED)
        self.assertEqual(report["payments"]["rejected"], {"INSUFFICIENT_FUNDS": 20})
        self.run_load(*too_much, "--allow", "INSUFFICIENT_FUNDS")

    def test_wrong_usage_says_so(self):
        self.run_load(status=USAGE)


if __name__ == "__main__":
    unittest.main()
