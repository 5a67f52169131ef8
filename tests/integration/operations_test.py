#!/usr/bin/python3
"""Care of a real node's journal: backup under load, archive and restore, damage and repair."""

import os
import re
import shutil
import signal
import subprocess
import time
import unittest

import grpc

from corridor import (CALL_S, START_WAIT_S, STOP_WAIT_S, Corridor, Key, ledger_grpc, ledger_pb,
                      new_folder, openssl, program, read, run)

OK, WRONG_DATA = 0, 65
ORIGIN = "operations.example/chf"
BANK = "LOADBANK"
FIRST_FRAME = 4096


class Node:
    """One ledger, on loopback without TLS: whoever names no participant is its operator."""

    def __init__(self):
        self.folder = new_folder("operations")
        self.process = self.channel = self.ledger = None
        self.keys = {name: Key.generate(self.folder, f"{name}.pem")
                     for name in ("ledger", "first", "second", "bank")}
        for name in self.keys:
            openssl("pkey", "-in", self.path(f"{name}.pem"), "-pubout", "-out",
                    self.path(f"{name}.pub"))
        liability = re.search(r"CHF[0-9]{2}LIABILITY", run(
            "causeway-wallet", "address", "make", "CHF", "LIABILITY").stdout).group()
        with open(self.path("spec.txtpb"), "w", encoding="utf-8") as file:
            file.write(f'ledger: "{ORIGIN}" currency: "CHF" liability_account: "{liability}" '
                       'central_bank { participant_id: "CENTRAL" role: ROLE_CENTRAL_BANK '
                       'country: "CH" } suites: SUITE_ED25519_SHA256 business_date: "2024-01-08" '
                       'approvers_needed: 2 created_us: 1704400000000000')
        with open(self.path("salt.key"), "w", encoding="utf-8") as file:
            file.write("5a" * 32)
        self.genesis_hash = run(
            "causeway-node", "genesis", "--spec", self.path("spec.txtpb"), "--out",
            self.path("genesis"), "--ledger-key", self.path("ledger.pub"), "--approver-key",
            self.path("first.pub"), "--approver-key", self.path("second.pub")).stdout.strip()

    def path(self, name):
        return os.path.join(self.folder, name)

    # Processes.

    def launch(self, *flags, data="data"):
        if os.path.exists(self.path("ready")):
            os.remove(self.path("ready"))
        with open(self.path("log.txt"), "wb") as log:
            self.process = subprocess.Popen(
                [program("causeway-node"), "run", "--genesis", self.path("genesis"), "--data",
                 self.path(data), "--listen", "127.0.0.1:0", "--key", self.path("ledger.pem"),
                 "--salt-key", self.path("salt.key"), "--insecure", "--ready-file",
                 self.path("ready"), "--segment-mib", "1", *flags], stdout=log, stderr=log)

    def start(self, *flags, data="data"):
        self.launch(*flags, data=data)
        end = time.monotonic() + START_WAIT_S
        while not os.path.exists(self.path("ready")):
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"the node does not start: {read(self.path('log.txt'))}")
            time.sleep(0.01)
        self.address = read(self.path("ready")).decode().strip()
        self.channel = grpc.insecure_channel(self.address, [
            ("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", 1 << 27)])
        self.ledger = ledger_grpc.LedgerStub(self.channel)

    def refusal(self, *flags):
        """What a node says that cannot start."""
        self.launch(*flags)
        status = self.process.wait(timeout=START_WAIT_S)
        return status, read(self.path("log.txt")).decode()

    def stop(self):
        if self.channel:
            self.channel.close()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=STOP_WAIT_S)
        if status != OK:
            raise AssertionError(f"the node ended with {status}: {read(self.path('log.txt'))}")
        self.process = self.channel = None

    def end(self):
        if self.process and self.process.poll() is None:
            self.stop()

    # What is done with it.

    def open_and_fund(self):
        """The day is open, and a bank has twenty accounts with money."""
        run("causeway-load", "prepare", *self.load_flags(), "--approver-key",
            self.path("first.pem"), "--approver-key", self.path("second.pem"), "--owner", BANK,
            "--owner-key", self.path("bank.pem"), "--accounts", "20", "--amount", "1000000",
            "--out", self.path("accounts"))

    def load_flags(self):
        return "--ledger", self.address, "--insecure"

    def load_command(self, *flags):
        return [program("causeway-load"), "run", *self.load_flags(), "--participant", BANK, "--key",
                self.path("bank.pem"), "--accounts", self.path("accounts"), *flags]

    def load(self):
        """Several segments."""
        subprocess.run(self.load_command("--batch", "4096", "--payments", "40960"), check=True,
                       capture_output=True)

    def operate(self, verb, *flags):
        return run("causeway-node", verb, "--ledger", self.address, "--insecure", *flags)

    def care(self, verb, *flags, data="data", check=True):
        """On the journal of a stopped node."""
        return run("causeway-node", verb, "--genesis", self.path("genesis"), "--data",
                   self.path(data), *flags, check=check)

    def checkpoint(self):
        return self.ledger.GetCheckpoint(ledger_pb.GetCheckpointRequest(),
                                         timeout=CALL_S).checkpoint

    def batches(self, count, from_index=0):
        """The first batches that an observer gets."""
        stream = self.ledger.Subscribe(ledger_pb.SubscribeRequest(from_index=from_index),
                                       timeout=CALL_S)
        found = [next(stream) for _ in range(count)]
        stream.cancel()
        return found

    def segments(self, directory="data"):
        return sorted(name for name in os.listdir(self.path(directory))
                      if name.startswith("segment-"))


def state_root(shown):
    return re.search(r"^state root +([0-9a-f]{64})$", shown.stdout, re.MULTILINE).group(1)


class Operations(unittest.TestCase):
    def setUp(self):
        self.node = Node()
        self.node.start("--archive", self.node.path("archive"), "--backup-root",
                        self.node.path("backups"))
        self.node.open_and_fund()

    def tearDown(self):
        self.node.end()

    def test_backup_under_load_is_the_ledger_at_that_moment(self):
        node = self.node
        with subprocess.Popen(
                node.load_command("--batch", "512", "--in-flight", "4", "--duration", "6"),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as load:
            time.sleep(2)
            shown = node.operate("backup", "--name", "daily").stdout
            self.assertIsNone(load.poll(), "the load was over before the backup was")
            report = load.communicate()[0]
            self.assertEqual(load.returncode, OK, report)
        directory, batches, checkpoint = re.fullmatch(
            r"directory +(\S+)\nbatches +([0-9]+)\n(.*)", shown, re.DOTALL).groups()
        self.assertEqual(directory, node.path("backups/daily"))
        size = int(checkpoint.split("\n")[1])
        # The live ledger's own batch of that number ends with the same signed head.
        same = node.batches(1, from_index=size - 1)[0]
        self.assertEqual(same.number, int(batches) - 1)
        self.assertIn(checkpoint.encode(), same.batch)
        self.assertGreater(int(node.checkpoint().split("\n")[1]), size)
        node.stop()
        node.care("check", data="backups/daily")
        self.assertIn(f"leaves       {size}\n",
                      node.care("verify", data="backups/daily").stdout)
        node.start(data="backups/daily")
        self.assertEqual(node.checkpoint(), checkpoint)

    def test_archived_segments_are_served_and_restored(self):
        node = self.node
        node.load()
        checkpoint, all_segments = node.checkpoint(), node.segments()
        batches = node.batches(8)
        self.assertRegex(node.operate("archive").stdout, "archived [2-9] segments")
        self.assertEqual(sorted(node.segments("archive") + node.segments()), all_segments)
        self.assertEqual(len(node.segments()), 1)
        self.assertEqual(node.batches(8), batches)
        node.stop()
        status, says = node.refusal()
        self.assertEqual(status, WRONG_DATA, says)
        self.assertIn(f"restore {node.path('archive')}/{all_segments[0]}", says)
        self.assertIn("causeway-node restore", says)
        node.start("--archive", node.path("archive"))
        self.assertEqual(node.checkpoint(), checkpoint)
        self.assertEqual(node.batches(8), batches)
        node.stop()
        shutil.move(node.path("archive"), node.path("elsewhere"))
        restored = node.care("restore", "--archive", node.path("elsewhere")).stdout
        self.assertEqual(restored, f"restored {len(all_segments) - 1} segments\n")
        node.care("check")
        node.start()
        self.assertEqual(node.checkpoint(), checkpoint)

    def test_flipped_bit_is_refused_with_its_place_and_repaired(self):
        node = self.node
        node.load()
        node.operate("backup", "--name", "before")
        checkpoint = node.checkpoint()
        node.stop()
        node.care("check")
        root = state_root(node.care("info"))
        segment = os.path.join(node.path("data"), node.segments()[1])
        with open(segment, "r+b") as file:
            file.seek(FIRST_FRAME + 1000)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 16]))
        place = rf"{re.escape(segment)}: offset [0-9]+: .*block [0-9]+"
        checked = node.care("check", check=False)
        self.assertEqual(checked.returncode, WRONG_DATA)
        self.assertRegex(checked.stderr, place)
        status, says = node.refusal()
        self.assertEqual(status, WRONG_DATA, says)
        self.assertRegex(says, place)
        node.care("repair", "--from", node.path("backups/before"))
        node.care("check")
        self.assertEqual(state_root(node.care("verify")), root)
        node.start()
        self.assertEqual(node.checkpoint(), checkpoint)

    def test_only_the_operator_of_a_node_that_was_given_directories(self):
        node = self.node
        for name in ("../out", ".hidden", "a/b", "x" * 65, "name.unfinished"):
            refused = run("causeway-node", "backup", "--ledger", node.address, "--insecure",
                          "--name", name, check=False)
            self.assertEqual(refused.returncode, WRONG_DATA, refused.stderr)
        node.operate("backup", "--name", "once")
        again = run("causeway-node", "backup", "--ledger", node.address, "--insecure", "--name",
                    "once", check=False)
        self.assertIn("is there already", again.stderr)
        backup = node.channel.unary_unary(
            "/causeway.v1.Operations/Backup", request_serializer=bytes,
            response_deserializer=bytes)
        with self.assertRaises(grpc.RpcError) as refused:
            backup(b"\n\x04mine", timeout=CALL_S, metadata=[("causeway-participant", BANK)])
        self.assertEqual(refused.exception.code(), grpc.StatusCode.PERMISSION_DENIED)
        node.stop()
        node.start()
        for verb, flags, missing in (("backup", ("--name", "x"), "--backup-root"),
                                     ("archive", (), "--archive")):
            refused = run("causeway-node", verb, "--ledger", node.address, "--insecure", *flags,
                          check=False)
            self.assertEqual(refused.returncode, WRONG_DATA)
            self.assertIn(f"without {missing}", refused.stderr)

    def test_over_tls_the_certificate_tells_who_operates(self):
        with Corridor() as corridor:
            ledger = corridor.ledgers["EUR"]
            for who, says in ((ledger["central_bank"], "without --backup-root"),
                              ("BANK-A", "operations are for the central bank")):
                files = corridor.participants[who]
                refused = run("causeway-node", "backup", "--name", "x", "--ledger",
                              ledger["address"], "--tls-cert", files["certificate"], "--tls-key",
                              files["tls_key"], "--tls-ca", corridor.description["ca"],
                              check=False)
                self.assertEqual(refused.returncode, WRONG_DATA)
                self.assertIn(says, refused.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
