#!/usr/bin/python3
"""Receipts of live ledgers, verified by verify_receipt.py, which shares no code with them.

Both suites: the corridor's ledgers sign with Ed25519; one node is started with P-256 keys, whose
checkpoints OpenSSL made. Every tampered receipt must be refused, and for its own reason.
"""

import base64
import copy
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest
import uuid

import grpc
import verify_receipt
from google.protobuf import json_format

from corridor import (BULK_TYPE, CALL_S, COMMAND_TYPE, HERE, HOUR_US, START_WAIT_S, Corridor, Key,
                      account_pair, bulk_payload, command_pb, common_pb, envelope_of, ledger_grpc,
                      ledger_pb, new_folder, openssl, program, read, run, status_name)

VERIFIER = os.path.join(HERE, "verify_receipt.py")


def to_file_form(receipt):
    """Proto3 JSON with the field names of the proto: what docs/formats/receipt.md calls the file."""
    return json.loads(json_format.MessageToJson(receipt, preserving_proto_field_name=True))


def flip(text, place=40):
    """base64 with one bit of the content changed."""
    data = bytearray(base64.b64decode(text))
    data[place % len(data)] ^= 1
    return base64.b64encode(bytes(data)).decode()


class Receipts(unittest.TestCase):
    """What both suites share: `receipt` (file form), `genesis_hash` (hex), `folder`."""

    def run_verifier(self, receipt):
        """As a stranger runs it: the program, on a file."""
        path = os.path.join(self.folder, "receipt.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(receipt, file)
        return subprocess.run([sys.executable, VERIFIER, path, "--genesis-hash",
                               self.genesis_hash], capture_output=True, text=True, check=False)

    def assert_valid(self, receipt):
        result = self.run_verifier(receipt)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def assert_invalid(self, receipt, reason, genesis_hash=None):
        with self.assertRaisesRegex(verify_receipt.Invalid, reason):
            verify_receipt.verify(receipt, bytes.fromhex(genesis_hash or self.genesis_hash))


class Ed25519Receipts(Receipts):
    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder("receipts")
        cls.corridor = corridor = Corridor()
        cls.genesis_hash = corridor.ledgers["EUR"]["genesis_hash"]
        cls.command = corridor.command(
            "EUR", "BANK-A", "INV-1", pay=corridor.payment("EUR", "BANK-A", "BANK-B", 250_00))
        paid = corridor.submit("EUR", "BANK-A",
                               corridor.sign(cls.command, corridor.key("BANK-A")))[0]
        later = corridor.pay("EUR", "BANK-A", "BANK-B", 1_00)
        cls.receipt = cls.fetch("BANK-A", paid.entry_index)
        cls.later = cls.fetch("BANK-A", later.entry_index)

    @classmethod
    def tearDownClass(cls):
        cls.corridor.stop()

    @classmethod
    def fetch(cls, who, index):
        return to_file_form(cls.corridor.ledger("EUR", who).GetReceipt(
            ledger_pb.GetReceiptRequest(entry_index=index), timeout=CALL_S))

    def changed(self, **fields):
        receipt = copy.deepcopy(self.receipt)
        receipt.update(fields)
        return receipt

    def test_proves_what_happened(self):
        verdict = self.assert_valid(self.receipt)
        self.assertIn("valid: BANK-A pay INV-1", verdict)
        self.assertIn("status: settled, outcome 1", verdict)
        self.assertIn("business date 2024-01-08", verdict)
        self.assertIn(f"{self.corridor.account('BANK-A', 'EUR')} available -25000", verdict)
        self.assertIn(f"{self.corridor.account('BANK-B', 'EUR')} available +25000", verdict)

    def test_the_beneficiary_proves_it_without_the_payers_envelope(self):
        receipt = self.fetch("BANK-B", int(self.receipt["entry_index"]))
        self.assertNotIn("envelope", receipt)
        self.assert_valid(receipt)

    def test_proves_a_rejection(self):
        rejected = self.corridor.pay("EUR", "BANK-A", "BANK-B", 10**12)
        self.assertEqual(status_name(rejected.status), "REJECTED")
        verdict = self.assert_valid(self.fetch("BANK-A", rejected.entry_index))
        self.assertIn("status: rejected, outcome 210", verdict)

    def test_our_wallet_agrees(self):
        path = os.path.join(self.folder, "for-wallet.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.receipt, file)
        run("causeway-wallet", "receipt", "verify", path, "--genesis-hash", self.genesis_hash)

    def test_the_program_says_why_it_refuses(self):
        result = self.run_verifier(self.changed(checkpoint=self.receipt["checkpoint"] + "x"))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("invalid: the checkpoint is no signed note", result.stdout)

    def test_refuses_another_amount(self):
        entry = bytearray(base64.b64decode(self.receipt["entry"]))
        amount = (-250_00).to_bytes(8, "big", signed=True)
        place = entry.index(amount)
        entry[place:place + 8] = (-1_00).to_bytes(8, "big", signed=True)
        self.assert_invalid(self.changed(entry=base64.b64encode(bytes(entry)).decode()),
                            "postings do not sum to zero")

    def test_refuses_another_amount_on_both_sides(self):
        entry = bytearray(base64.b64decode(self.receipt["entry"]))
        for sign in (-1, 1):
            amount = (sign * 250_00).to_bytes(8, "big", signed=True)
            place = entry.index(amount)
            entry[place:place + 8] = (sign * 1_00).to_bytes(8, "big", signed=True)
        self.assert_invalid(self.changed(entry=base64.b64encode(bytes(entry)).decode()),
                            "entry: the proof does not lead")

    def test_refuses_another_time(self):
        self.assert_invalid(self.changed(batch_header=flip(self.receipt["batch_header"], 25)),
                            "batch header: the proof does not lead")

    def test_refuses_the_header_of_another_batch(self):
        self.assert_invalid(
            self.changed(batch_header=self.later["batch_header"],
                         batch_header_index=self.later["batch_header_index"],
                         batch_header_proof=self.later["batch_header_proof"]),
            "does not belong to this batch header")

    def test_refuses_another_index(self):
        self.assert_invalid(self.changed(entry_index=str(int(self.receipt["entry_index"]) + 1)),
                            "of another index")

    def test_refuses_a_changed_proof(self):
        proof = list(self.receipt["entry_proof"])
        proof[0] = flip(proof[0], 3)
        self.assert_invalid(self.changed(entry_proof=proof), "entry: the proof does not lead")

    def test_refuses_a_proof_cut_short(self):
        self.assert_invalid(self.changed(entry_proof=self.receipt["entry_proof"][:-1]),
                            "entry: the proof is too short")

    def test_refuses_a_longer_proof(self):
        proof = self.receipt["entry_proof"] + [self.receipt["entry_proof"][0]]
        self.assert_invalid(self.changed(entry_proof=proof), "entry: the proof is too long")

    def test_refuses_a_root_that_nobody_signed(self):
        lines = self.receipt["checkpoint"].split("\n")
        lines[2] = flip(lines[2], 3)
        self.assert_invalid(self.changed(checkpoint="\n".join(lines)), "does not verify")

    def test_refuses_a_changed_signature(self):
        note = self.receipt["checkpoint"]
        blob = note.rstrip("\n").split(" ")[-1]
        self.assert_invalid(self.changed(checkpoint=note.replace(blob, flip(blob, 20))),
                            "does not verify")

    def test_refuses_a_checkpoint_of_another_key(self):
        note = self.receipt["checkpoint"]
        blob = note.rstrip("\n").split(" ")[-1]
        self.assert_invalid(self.changed(checkpoint=note.replace(blob, flip(blob, 0))),
                            "not signed with the ledger's key")

    def test_refuses_a_checkpoint_of_another_log(self):
        usd = self.corridor.ledger("USD", "BANK-A").GetCheckpoint(
            ledger_pb.GetCheckpointRequest(), timeout=CALL_S).checkpoint
        self.assert_invalid(self.changed(checkpoint=usd), "of another log")

    def test_refuses_a_genesis_that_is_not_trusted(self):
        self.assert_invalid(self.receipt, "not the one that is trusted",
                            genesis_hash=self.corridor.ledgers["USD"]["genesis_hash"])

    def test_refuses_an_envelope_that_says_something_else(self):
        envelope = copy.deepcopy(self.receipt["envelope"])
        envelope["payload"] = flip(envelope["payload"])
        self.assert_invalid(self.changed(envelope=envelope), "not what the entry is about")

    def test_refuses_bytes_after_the_entry(self):
        entry = base64.b64encode(base64.b64decode(self.receipt["entry"]) + b"\0").decode()
        self.assert_invalid(self.changed(entry=entry), "bytes after its last field")


class BulkReceipts(Receipts):
    """A bulk of three payments, packed here by docs/formats/bulk.md: the second is rejected."""

    AMOUNTS = (100_00, 10**12, 3_00)

    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder("bulk-receipts")
        cls.corridor = corridor = Corridor()
        cls.genesis_hash = corridor.ledgers["EUR"]["genesis_hash"]
        ledger = corridor.ledger("EUR", "BANK-A")
        now = ledger.GetLedger(ledger_pb.GetLedgerRequest(), timeout=CALL_S).ledger_time_us
        cls.bulk_id = uuid.uuid4().bytes
        cls.ids = [uuid.uuid4().bytes for _ in cls.AMOUNTS]
        accounts = account_pair(*(cls.account(who) for who in ("BANK-A", "BANK-B")))
        cls.payload = bulk_payload(
            corridor.ledgers["EUR"]["origin"], cls.genesis_hash, "BANK-A", cls.bulk_id,
            now + HOUR_US, [(accounts, b"TRAD", amount, payment_id, uuid.uuid4().bytes)
                            for amount, payment_id in zip(cls.AMOUNTS, cls.ids)])
        request = ledger_pb.StreamRequest(tag=1, request=ledger_pb.SubmitRequest(
            envelope=envelope_of(BULK_TYPE, cls.payload, [corridor.key("BANK-A")])))
        reply = next(iter(ledger.SubmitStream(iter([request]), timeout=CALL_S)))
        cls.bulk = reply.bulk
        assert reply.WhichOneof("result") == "bulk", reply
        later = corridor.pay("EUR", "BANK-A", "BANK-B", 1_00)
        cls.receipts = [cls.fetch("BANK-A", reply.bulk.first_index + i) for i in range(3)]
        cls.of_bulk = cls.fetch("BANK-A", reply.bulk.first_index - 1)
        cls.later = cls.fetch("BANK-A", later.entry_index)

    @classmethod
    def tearDownClass(cls):
        cls.corridor.stop()

    @classmethod
    def account(cls, who):
        return cls.corridor.ledger("EUR", who).GetAccount(
            ledger_pb.GetAccountRequest(address=cls.corridor.account(who, "EUR")), timeout=CALL_S)

    @classmethod
    def fetch(cls, who, index):
        return to_file_form(cls.corridor.ledger("EUR", who).GetReceipt(
            ledger_pb.GetReceiptRequest(entry_index=index), timeout=CALL_S))

    def changed(self, **fields):
        receipt = copy.deepcopy(self.receipts[0])
        receipt.update(fields)
        return receipt

    def test_proves_each_payment_by_itself(self):
        for receipt, amount, payment_id in zip(self.receipts, self.AMOUNTS, self.ids):
            verdict = self.assert_valid(receipt)
            self.assertIn(f"valid: BANK-A pay {payment_id.hex()}", verdict)
            self.assertIn(f", {amount} EUR (minor)", verdict)
            self.assertIn(f"of bulk {self.bulk_id.hex()}", verdict)
        self.assertIn("status: settled, outcome 1", self.assert_valid(self.receipts[0]))
        self.assertIn("status: rejected, outcome 210", self.assert_valid(self.receipts[1]))

    def test_proves_the_bulk_as_a_whole(self):
        self.assertIn(f"valid: BANK-A bulk of payments {self.bulk_id.hex()}",
                      self.assert_valid(self.of_bulk))

    def test_the_payee_proves_it_without_the_other_payments(self):
        receipt = self.fetch("BANK-B", self.bulk.first_index)
        self.assertNotIn("envelope", receipt)
        self.assert_valid(receipt)

    def test_our_wallet_agrees(self):
        path = os.path.join(self.folder, "for-wallet.json")
        for receipt, status in zip(self.receipts, ("settled", "rejected", "settled")):
            with open(path, "w", encoding="utf-8") as file:
                json.dump(receipt, file)
            shown = json.loads(run("causeway-wallet", "--json", "receipt", "verify", path,
                                   "--genesis-hash", self.genesis_hash).stdout)
            self.assertEqual(shown["status"], status)

    def test_our_wallet_refuses_a_changed_one(self):
        path = os.path.join(self.folder, "changed.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.changed(entry=flip(self.receipts[0]["entry"], 80)), file)
        result = run("causeway-wallet", "receipt", "verify", path, "--genesis-hash",
                     self.genesis_hash, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("the receipt does not prove anything: entry", result.stderr)

    def test_refuses_another_amount(self):
        self.assert_invalid(self.changed(entry=flip(self.receipts[0]["entry"], 80)),
                            "entry: the proof does not lead")

    def test_refuses_the_leaf_of_another_payment(self):
        self.assert_invalid(self.changed(entry=self.receipts[2]["entry"]), "of another index")

    def test_refuses_an_entry_of_no_bulk(self):
        self.assert_invalid(
            self.changed(bulk_entry=self.later["entry"],
                         bulk_entry_index=self.later["entry_index"],
                         bulk_entry_proof=self.later["entry_proof"]),
            "bulk entry does not belong to this batch header")

    def test_refuses_a_changed_bulk_entry(self):
        self.assert_invalid(self.changed(bulk_entry=flip(self.receipts[0]["bulk_entry"], 12)),
                            "bulk entry: the proof does not lead")

    def test_refuses_a_payment_without_its_bulk(self):
        receipt = self.changed()
        del receipt["bulk_entry"]
        self.assert_invalid(receipt, "no entry leaf")

    def test_refuses_a_bulk_that_was_not_signed_so(self):
        envelope = copy.deepcopy(self.receipts[0]["envelope"])
        envelope["payload"] = flip(envelope["payload"], -30)
        self.assert_invalid(self.changed(envelope=envelope), "not what the entry is about")


class P256Receipts(Receipts):
    """A ledger of its own, all of whose keys are P-256 keys that `openssl` made."""

    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder("p256")
        cls.keys = {name: Key.generate(cls.folder, f"{name}.pem", "P-256")
                    for name in ("ledger", "first", "second")}
        for name in cls.keys:
            openssl("pkey", "-in", cls.path(f"{name}.pem"), "-pubout", "-out",
                    cls.path(f"{name}.pub"))
        with open(cls.path("spec.txtpb"), "w", encoding="utf-8") as file:
            file.write('ledger: "p256.example/chf" currency: "CHF" '
                       'central_bank { participant_id: "CH-CENTRAL-BANK" role: ROLE_CENTRAL_BANK '
                       'country: "CH" } suites: SUITE_P256_SHA256 business_date: "2024-01-05" '
                       f'approvers_needed: 2 created_us: 1704400000000000 '
                       f'liability_account: "{cls.address("CHF", "LIABILITY")}"')
        with open(cls.path("salt.key"), "w", encoding="utf-8") as file:
            file.write("5a" * 32)
        cls.genesis_hash = run(
            "causeway-node", "genesis", "--spec", cls.path("spec.txtpb"), "--out",
            cls.path("genesis.bin"), "--ledger-key", cls.path("ledger.pub"), "--approver-key",
            cls.path("first.pub"), "--approver-key", cls.path("second.pub")).stdout.strip()
        cls.log = open(cls.path("log.txt"), "wb")
        cls.node = subprocess.Popen(
            [program("causeway-node"), "run", "--genesis", cls.path("genesis.bin"), "--data",
             cls.path("data"), "--listen", "127.0.0.1:0", "--key", cls.path("ledger.pem"),
             "--salt-key", cls.path("salt.key"), "--insecure", "--ready-file", cls.path("ready")],
            stdout=cls.log, stderr=cls.log)
        end = time.monotonic() + START_WAIT_S
        while not os.path.exists(cls.path("ready")) and time.monotonic() < end:
            time.sleep(0.01)
        cls.channel = grpc.insecure_channel(read(cls.path("ready")).decode().strip(),
                                            [("grpc.enable_http_proxy", 0)])
        cls.ledger = ledger_grpc.LedgerStub(cls.channel)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        cls.node.send_signal(signal.SIGTERM)
        cls.node.wait(timeout=START_WAIT_S)
        cls.log.close()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @staticmethod
    def address(currency, body):
        made = run("causeway-wallet", "address", "make", currency, body).stdout
        return re.search(rf"{currency}[0-9]{{2}}{body}", made).group()

    def test_proves_what_happened_and_refuses_a_changed_signature(self):
        now = self.ledger.GetLedger(ledger_pb.GetLedgerRequest(), timeout=CALL_S).ledger_time_us
        command = command_pb.Command(
            ledger="p256.example/chf", genesis_hash=bytes.fromhex(self.genesis_hash),
            instructing_party="CH-CENTRAL-BANK", instruction_id="DAY-1",
            valid_until_us=now + HOUR_US,
            set_day_phase=command_pb.SetDayPhase(business_date="2024-01-08",
                                                 phase=command_pb.DAY_PHASE_OPEN))
        envelope = envelope_of(COMMAND_TYPE, command.SerializeToString(), [self.keys["first"]])
        opened = self.ledger.Submit(ledger_pb.SubmitRequest(envelope=envelope),
                                    timeout=CALL_S).instructions[0]
        self.assertEqual(opened.status, common_pb.INSTRUCTION_STATUS_SETTLED, opened)
        receipt = to_file_form(self.ledger.GetReceipt(
            ledger_pb.GetReceiptRequest(entry_index=opened.entry_index), timeout=CALL_S))
        self.assertIn("valid: CH-CENTRAL-BANK set day phase DAY-1", self.assert_valid(receipt))

        note = receipt["checkpoint"]
        blob = note.rstrip("\n").split(" ")[-1]
        receipt["checkpoint"] = note.replace(blob, flip(blob, 20))
        self.assert_invalid(receipt, "does not verify")


del Receipts  # no tests of its own


if __name__ == "__main__":
    unittest.main(verbosity=2)
