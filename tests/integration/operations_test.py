#!/usr/bin/python3
"""Care of a real node's journal: backup under load, archive and restore, damage and repair."""

import os
import re
import shutil
import subprocess
import time
import unittest

import grpc

from corridor import CALL_S, Corridor, read, run
from single_ledger import BANK, SingleLedger

OK, WRONG_DATA = 0, 65
FIRST_FRAME = 4096


def state_root(shown):
    return re.search(r"^state root +([0-9a-f]{64})$", shown.stdout, re.MULTILINE).group(1)


class Operations(unittest.TestCase):
    def setUp(self):
        self.node = SingleLedger()
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

    def flip_bit(self, path):
        """In the first block of a segment. How its place is told."""
        with open(path, "r+b") as file:
            file.seek(FIRST_FRAME + 1000)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 16]))
        return rf"{re.escape(path)}: offset [0-9]+: .*block [0-9]+"

    def expect_damaged(self, place, *flags):
        checked = self.node.care("check", *flags, check=False)
        self.assertEqual(checked.returncode, WRONG_DATA)
        self.assertRegex(checked.stderr, place)

    def test_damage_is_put_right_from_the_archive_and_check_reads_the_archive(self):
        node = self.node
        node.load()
        checkpoint = node.checkpoint()
        node.operate("archive")
        node.stop()
        archive = node.path("archive")
        node.care("check", "--archive", archive)
        node.care("restore", "--archive", archive)
        first = node.segments()[0]
        self.expect_damaged(self.flip_bit(os.path.join(node.path("data"), first)))
        node.care("repair", "--from", archive)
        node.care("check")
        node.start("--archive", archive)
        self.assertEqual(node.checkpoint(), checkpoint)
        node.operate("archive")
        node.stop()
        place = self.flip_bit(os.path.join(archive, first))
        node.care("check")  # which passes archived segments over
        self.expect_damaged(place, "--archive", archive)

    def test_damaged_index_is_made_again_from_segments_here_and_in_the_archive(self):
        node, archive = self.node, self.node.path("archive")
        node.load()
        node.operate("archive")
        checkpoint = node.checkpoint()
        node.stop()
        with open(node.path("data/data.mdb"), "r+b") as file:
            file.truncate(5000)
        self.assertEqual(node.care("check", check=False).returncode, WRONG_DATA)
        self.assertEqual(node.care("repair", check=False).returncode, WRONG_DATA)
        node.care("repair", "--archive", archive)
        node.care("check", "--archive", archive)
        node.start("--archive", archive)
        self.assertEqual(node.checkpoint(), checkpoint)
        node.load(seed=2)
        node.stop()

    def test_flipped_bit_is_refused_with_its_place_and_repaired(self):
        node = self.node
        node.load()
        node.operate("backup", "--name", "before")
        checkpoint = node.checkpoint()
        node.stop()
        node.care("check")
        root = state_root(node.care("info"))
        shutil.rmtree(node.path("data/snapshots"))  # so that a start reads it
        place = self.flip_bit(os.path.join(node.path("data"), node.segments()[1]))
        self.expect_damaged(place)
        status, says = node.refusal()
        self.assertEqual(status, WRONG_DATA, says)
        self.assertRegex(says, place)
        node.care("repair", "--from", node.path("backups/before"))
        node.care("check")
        self.assertEqual(state_root(node.care("verify")), root)
        node.start()
        self.assertEqual(node.checkpoint(), checkpoint)

    def test_scrub_tells_damage_in_an_old_segment_of_a_running_node(self):
        node = self.node
        node.load()
        node.operate("backup", "--name", "before")
        node.stop()
        node.start()  # the first pass begins seconds later
        place = self.flip_bit(os.path.join(node.path("data"), node.segments()[1]))
        for _ in range(120):
            told = run("causeway-node", "scrub", "--ledger", node.address, "--insecure",
                       check=False)
            if told.returncode == WRONG_DATA:
                break
            self.assertEqual(told.returncode, OK, told.stderr)
            time.sleep(0.5)
        self.assertRegex(told.stdout, place + '.*causeway-node repair')
        node.load(seed=2)  # it goes on
        checkpoint = node.checkpoint()
        node.stop()
        self.expect_damaged(place)
        node.care("repair", "--from", node.path("backups/before"))
        node.care("check")
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
