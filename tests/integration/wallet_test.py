#!/usr/bin/python3
"""The wallet as people and scripts use it, against a live corridor: output, --json, exit codes."""

import json
import os
import socket
import subprocess
import unittest

from corridor import Corridor, new_folder, program

OK, REJECTED, USAGE, BAD_DATA, UNAVAILABLE, NO_PERMISSION = 0, 1, 64, 65, 69, 77


class Wallet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder("wallet")
        cls.corridor = Corridor()

    @classmethod
    def tearDownClass(cls):
        cls.corridor.stop()

    def options(self, who, currency):
        files = self.corridor.participants[who]
        ledger = self.corridor.ledgers[currency]
        options = ["--ledger", ledger["address"], "--genesis-hash", ledger["genesis_hash"],
                   "--bridge", self.corridor.description["bridge"]["address"],
                   "--participant", who, "--tls-cert", files["certificate"],
                   "--tls-key", files["tls_key"], "--tls-ca", self.corridor.description["ca"]]
        return options + (["--key", files["key"]] if files.get("key") else [])

    def call(self, who, currency, *arguments, status=OK):
        """What the wallet printed: standard output, or standard error when it failed."""
        result = subprocess.run(
            [program("causeway-wallet"), *self.options(who, currency), *arguments],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env={"HOME": self.folder, "PATH": os.environ["PATH"]})
        self.assertEqual(result.returncode, status,
                         f"{arguments}\n{result.stdout}{result.stderr}")
        return result.stdout if status == OK else result.stderr

    def json(self, who, currency, *arguments, status=OK):
        return json.loads(self.call(who, currency, "--json", *arguments, status=status))

    def account(self, who, currency):
        return self.corridor.account(who, currency)

    def approvers(self, currency, count=2):
        files = self.corridor.participants[self.corridor.central_bank(currency)]["approvers"]
        return [part for path in files[:count] for part in ("--key", path)]

    def file(self, name):
        return os.path.join(self.folder, name)

    # What a bank does.

    def test_balance(self):
        text = self.call("BANK-B", "USD", "balance", self.account("BANK-B", "USD"))
        self.assertIn("USD", text)
        shown = self.json("BANK-B", "USD", "balance", self.account("BANK-B", "USD"))
        self.assertEqual(int(shown["available"]["minor_units"]), self.corridor.available("BANK-B", "USD"))

    def test_pay_and_its_repetition(self):
        before = self.corridor.available("BANK-A", "EUR")
        pay = ["pay", "--from", self.account("BANK-A", "EUR"), "--to",
               self.account("BANK-B", "EUR"), "--amount", "150.00 EUR"]
        text = self.call("BANK-A", "EUR", *pay, "--id", "W-1", "--purpose", "TRAD")
        self.assertIn("settled", text)
        self.assertEqual(self.corridor.available("BANK-A", "EUR"), before - 150_00)
        error = self.call("BANK-A", "EUR", *pay, "--id", "W-1", status=REJECTED)
        self.assertIn("INSTRUCTION_ID_REUSED", error)
        self.assertEqual(self.corridor.available("BANK-A", "EUR"), before - 150_00)
        status = self.json("BANK-A", "EUR", "status", "W-1")
        self.assertIn("SETTLED", json.dumps(status).upper())

    def test_rejected_payment_says_what_there_is_and_what_is_needed(self):
        pay = ["pay", "--from", self.account("BANK-A", "EUR"), "--to",
               self.account("BANK-B", "EUR"), "--amount", "99999999.00 EUR"]
        error = self.call("BANK-A", "EUR", *pay, status=REJECTED)
        self.assertIn("INSUFFICIENT_FUNDS", error)
        self.assertIn("needed 99999999.00 EUR", error)
        self.assertIn("INSUFFICIENT_FUNDS",
                      json.dumps(self.json("BANK-A", "EUR", *pay, status=REJECTED)))

    def test_quote_and_swap(self):
        sides = ["--from", self.account("BANK-A", "EUR"), "--to", self.account("BANK-A", "USD"),
                 "--sell", "1000.00 EUR"]
        quote = self.call("BANK-A", "EUR", "quote", *sides)
        self.assertIn("1.0940", quote)
        before = (self.corridor.available("BANK-A", "EUR"), self.corridor.available("BANK-A", "USD"))
        unanswered = self.call("BANK-A", "EUR", "swap", *sides, status=BAD_DATA)
        self.assertIn("not", unanswered)
        text = self.call("BANK-A", "EUR", "swap", *sides, "--yes")
        self.assertIn("settled", text)
        self.assertEqual(
            (self.corridor.available("BANK-A", "EUR"), self.corridor.available("BANK-A", "USD")),
            (before[0] - 1000_00, before[1] + 1094_00))

    def test_history(self):
        self.call("BANK-B", "USD", "pay", "--from", self.account("BANK-B", "USD"), "--to",
                  self.account("DEALER", "USD"), "--amount", "12.34", "--id", "W-HISTORY")
        entries = self.call("BANK-B", "USD", "history")
        self.assertIn("W-HISTORY", entries)
        statement = self.json("BANK-B", "USD", "history", "--account",
                              self.account("BANK-B", "USD"), "--from-date", "2024-01-08")
        closing = int(statement["closing_balance"]["minor_units"])
        self.assertEqual(closing, self.corridor.available("BANK-B", "USD"))
        newest = self.json("BANK-B", "USD", "history", "--newest", "--count", "2", "--account",
                           self.account("BANK-B", "USD"))
        self.assertIn("W-HISTORY", str(newest[0]["instruction"]))
        self.assertGreater(newest[0]["entry_index"], newest[1]["entry_index"])

    def test_receipt(self):
        path = self.file("receipt.json")
        self.call("BANK-B", "EUR", "pay", "--from", self.account("BANK-B", "EUR"), "--to",
                  self.account("BANK-A", "EUR"), "--amount", "1.00 EUR", "--id", "W-RECEIPT")
        self.call("BANK-B", "EUR", "receipt", "get", "W-RECEIPT", "--out", path)
        hashes = {c: ledger["genesis_hash"] for c, ledger in self.corridor.ledgers.items()}
        # Offline: no ledger is named.
        verify = [program("causeway-wallet"), "receipt", "verify", path, "--genesis-hash"]
        good = subprocess.run([*verify, hashes["EUR"]], capture_output=True, text=True, check=False)
        self.assertEqual(good.returncode, OK, good.stderr)
        self.assertIn("W-RECEIPT", good.stdout)
        other = subprocess.run([*verify, hashes["USD"]], capture_output=True, text=True,
                               check=False)
        self.assertEqual(other.returncode, BAD_DATA, other.stdout)

    def test_redemption_that_two_approvers_approve(self):
        before = self.corridor.available("DEALER", "EUR")
        redeem = self.call("DEALER", "EUR", "redeem", "--from", self.account("DEALER", "EUR"),
                           "--amount", "500.00 EUR", "--id", "W-REDEEM")
        self.assertIn("awaiting", redeem)
        approved = self.call(self.corridor.central_bank("EUR"), "EUR", "approve", "W-REDEEM",
                             "--party", "DEALER", "--kind", "redeem", "--rtgs", "OUT-1",
                             *self.approvers("EUR"))
        self.assertIn("settled", approved)
        self.assertEqual(self.corridor.available("DEALER", "EUR"), before - 500_00)

    # What a central bank's operators do.

    def test_issue_needs_two_approvers(self):
        bank = self.corridor.central_bank("GBP")
        before = self.corridor.available("HASTY-DEALER", "GBP")
        issue = ["issue", "--to", self.account("HASTY-DEALER", "GBP"), "--amount", "100.00 GBP",
                 "--rtgs", "RTGS-1"]
        error = self.call(bank, "GBP", *issue, *self.approvers("GBP", 1), status=REJECTED)
        self.assertIn("APPROVALS_MISSING", error)
        self.assertEqual(self.corridor.available("HASTY-DEALER", "GBP"), before)
        self.assertIn("settled", self.call(bank, "GBP", *issue, *self.approvers("GBP")))
        self.assertEqual(self.corridor.available("HASTY-DEALER", "GBP"), before + 100_00)

    def test_issue_by_approvers_on_two_machines(self):
        bank, path = self.corridor.central_bank("GBP"), self.file("issue.json")
        first, second = self.corridor.participants[bank]["approvers"]
        before = self.corridor.available("HASTY-DEALER", "GBP")
        self.call(bank, "GBP", "issue", "--to", self.account("HASTY-DEALER", "GBP"), "--amount",
                  "7.00 GBP", "--rtgs", "RTGS-2", "--key", first, "--out", path)
        self.call(bank, "GBP", "cosign", path, "--key", second, "--yes")
        self.assertEqual(self.corridor.available("HASTY-DEALER", "GBP"), before)
        self.assertIn("settled", self.call(bank, "GBP", "submit", path))
        self.assertEqual(self.corridor.available("HASTY-DEALER", "GBP"), before + 7_00)

    def test_freeze_and_unfreeze(self):
        bank, account = self.corridor.central_bank("EUR"), self.account("BANK-C", "EUR")
        pay = ["pay", "--from", account, "--to", self.account("BANK-A", "EUR"), "--amount", "1.00"]
        self.call(bank, "EUR", "freeze", account, "--legal-basis", "Order 4711",
                  *self.approvers("EUR"))
        self.assertIn("ACCOUNT_FROZEN", self.call("BANK-C", "EUR", *pay, status=REJECTED))
        self.call(bank, "EUR", "unfreeze", account, "--legal-basis", "Order 4712",
                  *self.approvers("EUR"))
        self.assertIn("settled", self.call("BANK-C", "EUR", *pay))

    def test_what_a_bank_keeps_back_for_urgent_payments(self):
        account = self.account("BANK-C", "EUR")
        have = self.corridor.available("BANK-C", "EUR")
        pay = ["pay", "--from", account, "--to", self.account("BANK-A", "EUR"), "--amount", "1.00"]
        keep = ["set-reservations", account, "--urgent"]
        self.assertIn("NOT_ACCOUNT_OWNER", self.call("BANK-A", "EUR", *keep, "1.00",
                                                     status=REJECTED))
        self.call("BANK-C", "EUR", *keep, f"{have // 100}.{have % 100:02d}")
        self.assertIn("INSUFFICIENT_FUNDS", self.call("BANK-C", "EUR", *pay, status=REJECTED))
        self.assertIn("settled", self.call("BANK-C", "EUR", *pay, "--priority", "urgent"))
        self.assertIn("reserved_urgent", self.call("BANK-C", "EUR", "balance", account, "--json"))
        self.call("BANK-C", "EUR", "set-reservations", account)
        self.assertNotIn("reserved_urgent",
                         self.call("BANK-C", "EUR", "balance", account, "--json"))
        self.assertIn("settled", self.call("BANK-C", "EUR", *pay))

    # What goes wrong.

    def test_account_of_somebody_else(self):
        error = self.call("BANK-A", "EUR", "balance", self.account("BANK-B", "EUR"),
                          status=NO_PERMISSION)
        self.assertIn("SENDER_NOT_ENTITLED", error)

    def test_another_ledger_than_the_one_that_is_trusted(self):
        error = self.call("BANK-A", "EUR", "--genesis-hash", "00" * 32, "pay", "--from",
                          self.account("BANK-A", "EUR"), "--to", self.account("BANK-B", "EUR"),
                          "--amount", "1.00", status=BAD_DATA)
        self.assertIn("not the ledger that you meant", error)

    def test_a_ledger_that_is_not_there(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{unused.getsockname()[1]}"
            error = subprocess.run(
                [program("causeway-wallet"), "--insecure", "--ledger", address, "--participant",
                 "BANK-A", "--timeout", "1", "info"], capture_output=True, text=True, check=False)
        self.assertEqual(error.returncode, UNAVAILABLE, error.stderr)
        self.assertIn(address, error.stderr)

    def test_wrong_usage(self):
        self.assertTrue(self.call("BANK-A", "EUR", "pay", "--amount", "1.00", status=USAGE))


if __name__ == "__main__":
    unittest.main(verbosity=2)
