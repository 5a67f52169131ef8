#!/usr/bin/python3
"""kill -9 of a ledger in the middle of bulks at full load, again and again; and a full disk.

After each restart every acknowledged bulk must be there, once: sent again it is answered as a
repeat, with the same leaves and results. In the end the whole journal must verify by itself, a
start without snapshots must come to the same log, and the money must be where the acknowledged
payments say. CAUSEWAY_KILLS says how often it is killed (default 4; many take minutes).
"""

import os
import random
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
        self.node = SingleLedger()
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
        self.load = None

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

    def kill_soon(self):
        time.sleep(self.random.uniform(0.3, 2.5))
        self.node.kill()

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

    def test_what_was_acknowledged_is_there_once(self):
        acknowledged = []
        for _ in range(KILLS):
            known = len(acknowledged)
            unanswered = self.while_it_works(acknowledged, self.kill_soon)
            self.node.start(*FLAGS)
            # All of this round, and some of long ago.
            older = self.random.sample(acknowledged[:known], min(known, 5))
            self.expect_all_there(older + acknowledged[known:])
            if unanswered is not None:  # now it is executed, or it was
                acknowledged.append((unanswered, self.send(unanswered)))
        self.assertGreater(len(acknowledged), KILLS)
        self.expect_money_of(acknowledged)
        checkpoint = self.node.checkpoint()
        self.node.stop()
        leaves = checkpoint.split("\n")[1]
        self.assertIn(f"leaves       {leaves}\n", self.node.care("verify").stdout)
        self.node.start("--snapshot-every", "0")
        self.assertEqual(self.node.checkpoint(), checkpoint)
        print(f"{KILLS} kills, {len(acknowledged)} bulks of {PAYMENTS} acknowledged, "
              f"{leaves} leaves")

    def test_full_disk_ends_it_and_loses_nothing(self):
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
