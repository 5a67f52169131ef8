#!/usr/bin/python3
"""kill -9 of a ledger in the middle of bulks at full load, again and again; and a full disk.

After each restart every acknowledged bulk must be there, once: sent again it is answered as a
repeat, with the same leaves and results. In the end the whole journal must verify by itself, a
start from snapshots and one without must come to the log and the state root of that replay, and the
money must be where the acknowledged payments say. CAUSEWAY_KILLS says how often one journal is
killed while it grows (default 4; many take minutes), and half as many new ones are, from their
creation on.
"""

import os
import random
import re
import subprocess
import threading
import time
import unittest
import uuid

import grpc

from corridor import (BULK_TYPE, CALL_S, HOUR_US, account_pair, bulk_payload, envelope_of,
                      ledger_pb, read)
from single_ledger import BANK, ORIGIN, SingleLedger

KILLS = int(os.environ.get("CAUSEWAY_KILLS", "4"))
SEED = int(os.environ.get("CAUSEWAY_SEED", "1"))
PAYMENTS = 200  # of a bulk
OUTCOME_UNKNOWN = 70
# Small, so that some kills come while one is written.
FLAGS = ("--snapshot-every", "20000")


class Sender(threading.Thread):
    """Sends one bulk after the other until the ledger is gone."""

    def __init__(self, test, acknowledged):
        super().__init__()
        self.test, self.acknowledged, self.unanswered = test, acknowledged, None

    def run(self):
        while True:
            self.unanswered = self.test.new_bulk()
            try:
                answer = self.test.send(self.unanswered)
            except grpc.RpcError:
                return
            self.acknowledged.append((self.unanswered, answer))
            self.unanswered = None


class LedgerKill(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(SEED)
        self.load = None
        self.node = SingleLedger()

    def start_and_fund(self):
        self.node.start(*FLAGS)
        self.node.open_and_fund()
        # Two accounts are this test's, the others the load generator's.
        with open(self.node.path("accounts"), encoding="utf-8") as file:
            lines = [line for line in file if not line.startswith("#")]
        self.mine = [line.split()[1] for line in lines[:2]]
        with open(self.node.path("accounts"), "w", encoding="utf-8") as file:
            file.writelines(lines[2:])
        payer, payee = (self.account(address) for address in self.mine)
        self.pair = account_pair(payer, payee)
        self.funds, self.postings = payer.available, payer.posting_count

    def tearDown(self):
        self.node.end()
        if self.load and self.load.poll() is None:
            self.load.kill()
            self.load.wait()

    def account(self, address):
        return self.node.ledger.GetAccount(ledger_pb.GetAccountRequest(address=address),
                                           timeout=CALL_S)

    def new_bulk(self):
        until = int(time.time() * 1e6) + HOUR_US
        return envelope_of(BULK_TYPE, bulk_payload(
            ORIGIN, self.node.genesis_hash, BANK, uuid.uuid4().bytes, until,
            [(self.pair, bytes(4), 1, uuid.uuid4().bytes, uuid.uuid4().bytes)
             for _ in range(PAYMENTS)]), [self.node.keys["bank"]])

    def send(self, envelope):
        request = ledger_pb.StreamRequest(tag=1, request=ledger_pb.SubmitRequest(envelope=envelope))
        reply = next(iter(self.node.ledger.SubmitStream(iter([request]), timeout=CALL_S)))
        self.assertEqual(reply.WhichOneof("result"), "bulk", reply)
        return reply.bulk

    def start_load(self):
        self.load = subprocess.Popen(
            self.node.load_command("--batch", "1024", "--in-flight", "8", "--duration", "60",
                                   "--pool-mib", "64", "--sign-ahead", "0.3", "--quiet"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def while_it_works(self, acknowledged, end):
        """`end` ends the ledger. What it left unanswered."""
        self.start_load()
        sender = Sender(self, acknowledged)
        sender.start()
        end()
        sender.join()
        self.load.kill()
        self.load.wait()
        return sender.unanswered

    def kill_within(self, least_s, most_s):
        time.sleep(self.random.uniform(least_s, most_s))
        self.node.kill()

    def stop_and_read_state_root(self):
        self.node.stop()
        return re.search(r"ended with .*, state root ([0-9a-f]{64})$",
                         read(self.node.path("log.txt")).decode(), re.MULTILINE).group(1)

    def expect_all_there(self, acknowledged):
        for envelope, first in acknowledged:
            again = self.send(envelope)
            self.assertTrue(again.repeated)
            self.assertEqual(again.first_index, first.first_index)
            self.assertEqual(again.rejections, first.rejections)

    def expect_money_of(self, acknowledged):
        payments = PAYMENTS * len(acknowledged)
        payer, payee = (self.account(address) for address in self.mine)
        self.assertEqual(payer.available, self.funds - payments)
        self.assertEqual(payee.available, self.funds + payments)
        self.assertEqual(payer.posting_count, self.postings + payments)

    def expect_replay_agrees(self):
        """The node that was killed, a start from its snapshots, one without and the replay of the
        whole journal come to one log and one state. How many leaves the log has."""
        checkpoint = self.node.checkpoint()
        roots = [self.stop_and_read_state_root()]
        for flags in (FLAGS, ("--snapshot-every", "0")):
            self.node.start(*flags)
            self.assertEqual(self.node.checkpoint(), checkpoint)
            roots.append(self.stop_and_read_state_root())
        leaves = checkpoint.split("\n")[1]
        replayed = self.node.care("verify").stdout
        self.assertIn(f"leaves       {leaves}\n", replayed)
        for root in roots:
            self.assertIn(f"state root   {root}\n", replayed)
        return leaves

    def test_what_was_acknowledged_is_there_once(self):
        self.start_and_fund()
        acknowledged = []
        for _ in range(KILLS):
            known = len(acknowledged)
            unanswered = self.while_it_works(acknowledged, lambda: self.kill_within(0.3, 2.5))
            self.node.start(*FLAGS)
            # All of this round, and some of long ago.
            older = self.random.sample(acknowledged[:known], min(known, 5))
            self.expect_all_there(older + acknowledged[known:])
            if unanswered is not None:  # now it is executed, or it was
                acknowledged.append((unanswered, self.send(unanswered)))
        self.assertGreater(len(acknowledged), KILLS)
        self.expect_money_of(acknowledged)
        leaves = self.expect_replay_agrees()
        print(f"{KILLS} kills, {len(acknowledged)} bulks of {PAYMENTS} acknowledged, "
              f"{leaves} leaves")

    def test_new_journal_is_killed_from_its_creation_on(self):
        for _ in range(max(1, KILLS // 2)):
            self.node = SingleLedger()
            self.node.launch(*FLAGS)
            self.kill_within(0, 0.1)
            self.start_and_fund()
            acknowledged = []
            unanswered = self.while_it_works(acknowledged, lambda: self.kill_within(0, 0.8))
            self.node.start(*FLAGS)
            self.expect_all_there(acknowledged)
            if unanswered is not None:
                acknowledged.append((unanswered, self.send(unanswered)))
            self.expect_money_of(acknowledged)
            self.expect_replay_agrees()

    def test_full_disk_ends_it_and_loses_nothing(self):
        self.start_and_fund()
        self.node.stop()
        full = {"segment_mib": 64, "file_bytes_max": 6 << 20}
        self.node.start(**full)
        acknowledged, statuses = [], []
        unanswered = self.while_it_works(acknowledged,
                                         lambda: statuses.append(self.node.await_end()))
        self.assertEqual(statuses, [OUTCOME_UNKNOWN])
        self.assertIn("no room to grow", read(self.node.path("log.txt")).decode())
        self.assertGreater(len(acknowledged), 0)
        # Without room it still starts and answers; with room it goes on.
        self.node.start(**full)
        checkpoint = self.node.checkpoint()
        self.expect_all_there(acknowledged[-3:])
        self.node.stop()
        self.node.start()
        self.assertEqual(self.node.checkpoint(), checkpoint)
        self.expect_all_there(acknowledged)
        if unanswered is not None:
            acknowledged.append((unanswered, self.send(unanswered)))
        self.expect_money_of(acknowledged)
        self.node.stop()
        self.node.care("verify")


if __name__ == "__main__":
    unittest.main()
