#!/usr/bin/python3
"""The settlement queue of a live bridge: three ledgers, a bridge, three members.

A ring of trades over three currencies, of which none could settle first, settles as one settlement
of its net positions; the bridge is killed between selection and decision, and no trade is lost or
settled twice; what is wrong is refused and changes nothing. The members are `causeway-wallet queue
serve`, and in the tests with kills one of them is a program of its own that uses the API alone.
"""

import json
import os
import signal
import struct
import subprocess
import threading
import time
import unittest

from corridor import (CALL_S, HERE, STOP_WAIT_S, TERMS_TYPE, Corridor, Key, envelope_of, grpc,
                      new_folder, outcome_name, program, read, rejection_of, sha256)
from causeway.v1 import common_pb2 as common_pb
from causeway.v1 import queue_service_pb2 as queue_pb
from causeway.v1 import queue_service_pb2_grpc as queue_grpc

SCENARIO = os.path.join(HERE, "queue.txtpb")
MEMBERS = ["BANK-A", "BANK-B", "BANK-C"]
CURRENCIES = ["EUR", "USD", "JPY"]
TRADE_TYPE = "application/vnd.causeway.queued-trade.v1"
WITHDRAWAL_TYPE = "application/vnd.causeway.trade-withdrawal.v1"
QUEUE = "bridge.causeway.example/decisions"
WAIT_S = 60
ANSWER_S = 15
WINDOW_S = 15
DAY_US = 24 * 3600 * 10**6


def now_us():
    return time.time_ns() // 1000


def sized(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack(">I", len(data)) + data


class LiveQueue:
    """A corridor whose bridge serves a settlement queue, and wallets that serve members."""

    def __init__(self):
        self.corridor = Corridor(SCENARIO)
        self.folder = new_folder("queue")
        self.bridge_folder = os.path.join(self.corridor.folder, "bridge")
        self.config = os.path.join(self.bridge_folder, "queue-bridge.txtpb")
        self.bridge = None
        self.agents = {}
        self._write_config()
        self.code_without_queue = self._code_without_queue()
        self._end_bridge_of_corridor()
        self.start_bridge()

    def _write_config(self):
        text = read(os.path.join(self.bridge_folder, "bridge.txtpb")).decode()
        text += self._members()
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)

    def _code_without_queue(self):
        """What the corridor's own bridge answers, whose configuration has no queue."""
        try:
            self.queue("BANK-A").GetQueue(queue_pb.GetQueueRequest(), timeout=CALL_S)
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    def _members(self):
        text = "\nsettlement_queue {\n  interval_s: 1\n  selection: \"largest\"\n"
        text += f"  answer_ms_max: {ANSWER_S * 1000}\n  settlement_window_s: {WINDOW_S}\n"
        for member in MEMBERS:
            text += f"  members {{\n    participant: \"{member}\"\n"
            for currency in CURRENCIES:
                text += (f"    accounts {{ ledger: \"{self.corridor.ledgers[currency]['origin']}\" "
                         f"account: \"{self.corridor.account(member, currency)}\" }}\n")
            text += "  }\n"
        return text + "}\n"

    def _end_bridge_of_corridor(self):
        config = os.path.join(self.bridge_folder, "bridge.txtpb").encode()
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                command = read(f"/proc/{name}/cmdline").split(b"\0")
            except OSError:
                continue
            if config not in command:
                continue
            os.kill(int(name), signal.SIGTERM)
            deadline = time.monotonic() + STOP_WAIT_S
            while time.monotonic() < deadline:
                try:
                    if read(f"/proc/{name}/stat").split(b") ")[1].startswith(b"Z"):
                        return
                except OSError:
                    return
                time.sleep(0.05)
        raise AssertionError("the corridor's bridge did not end")

    def start_bridge(self):
        ready = os.path.join(self.folder, "ready")
        if os.path.exists(ready):
            os.remove(ready)
        folder = self.bridge_folder
        log = open(os.path.join(self.folder, "bridge.log"), "a", encoding="utf-8")
        with log:
            self.bridge = subprocess.Popen(
                [program("causeway-bridge"), "run", "--config", self.config,
                 "--key", os.path.join(folder, "decision-log-key.pem"),
                 "--data", os.path.join(folder, "data"),
                 "--listen", self.corridor.description["bridge"]["address"],
                 "--tls-cert", os.path.join(folder, "server.pem"),
                 "--tls-key", os.path.join(folder, "server-key.pem"),
                 "--tls-ca", self.corridor.description["ca"], "--ready-file", ready],
                stdout=log, stderr=log)
        deadline = time.monotonic() + WAIT_S
        while not os.path.exists(ready):
            if self.bridge.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the bridge does not start: {self.bridge_log()}")
            time.sleep(0.02)
        self.corridor.forget_channels()

    def bridge_log(self):
        return read(os.path.join(self.folder, "bridge.log")).decode()

    def kill_bridge(self):
        self.bridge.kill()
        self.bridge.wait()

    def stop(self):
        for name in list(self.agents):
            self.end_agent(name)
        self.bridge.send_signal(signal.SIGTERM)
        self.bridge.wait(timeout=STOP_WAIT_S)
        process = self.corridor._process  # pylint: disable=protected-access
        self.corridor.forget_channels()
        # Not Corridor.stop, to which a bridge that was ended is a failure.
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=STOP_WAIT_S)
        if self.bridge.returncode != 0:
            raise AssertionError(f"the bridge ended with {self.bridge.returncode}: "
                                 f"{self.bridge_log()}")

    # The wallet.

    def wallet_arguments(self, who):
        files = self.corridor.participants[who]
        return [program("causeway-wallet"), "--json", "--participant", who,
                "--bridge", self.corridor.description["bridge"]["address"],
                "--tls-cert", files["certificate"], "--tls-key", files["tls_key"],
                "--tls-ca", self.corridor.description["ca"], "--key", files["key"]]

    def environment(self):
        return {"HOME": self.folder, "PATH": os.environ["PATH"]}

    def wallet(self, who, *arguments, status=0):
        result = subprocess.run([*self.wallet_arguments(who), *arguments], capture_output=True,
                                text=True, check=False, env=self.environment())
        if result.returncode != status:
            raise AssertionError(f"{who} {arguments}: {result.returncode}\n"
                                 f"{result.stdout}{result.stderr}")
        return json.loads(result.stdout if status == 0 else result.stderr)

    def book(self, who):
        return os.path.join(self.folder, "trades", who)

    def enter(self, who, reference, counterparty, pays, gets, valid_until):
        return self.wallet(who, "queue", "enter", "--reference", reference, "--counterparty",
                           counterparty, "--pay", pays, "--get", gets, "--valid-until", valid_until,
                           "--trades", self.book(who))

    def start_agent(self, who):
        arguments = [*self.wallet_arguments(who), "queue", "serve", "--trades", self.book(who),
                     "--poll-ms", "50"]
        for currency in CURRENCIES:
            arguments += ["--account", f"{self.corridor.account(who, currency)}@"
                                       f"{self.corridor.ledgers[currency]['address']}"]
        log = open(os.path.join(self.folder, f"{who}.log"), "a", encoding="utf-8")
        with log:
            self.agents[who] = subprocess.Popen(arguments, stdout=log, stderr=log,
                                                env=self.environment())

    def agent_log(self, who):
        return read(os.path.join(self.folder, f"{who}.log")).decode()

    def end_agent(self, who):
        agent = self.agents.pop(who)
        agent.kill()
        agent.wait()

    # The API.

    def queue(self, who):
        return queue_grpc.SettlementQueueStub(
            self.corridor.channel(self.corridor.description["bridge"]["address"], who))

    def funds(self):
        return {(who, currency): self.corridor.available(who, currency)
                for who in MEMBERS for currency in CURRENCIES}

    def trade_bytes(self, reference, first, second, valid_until_us=None, queue=QUEUE):
        """docs/formats/queued-trade.md. A side is (party, currency, minor units)."""
        until = now_us() + DAY_US if valid_until_us is None else valid_until_us
        sides = b"".join(
            sized(party) + sized(self.corridor.ledgers[currency]["origin"]) + sized(currency)
            + struct.pack(">q", amount) for party, currency, amount in (first, second))
        return b"CWTRADE1" + sized(queue) + sized(reference) + struct.pack(">q", until) + sides

    def enter_bytes(self, sender, payload, *signers):
        keys = [self.corridor.key(who) if isinstance(who, str) else who for who in signers]
        return self.queue(sender).EnterTrade(
            queue_pb.EnterTradeRequest(trade=envelope_of(TRADE_TYPE, payload, keys)),
            timeout=CALL_S)


def trade_id_of(payload):
    return sha256(b"causeway/queued-trade/v1\n" + payload)


class HeldMember(threading.Thread):
    """BANK-C by the API alone. It answers everything, but a set only when it is let."""

    def __init__(self, live):
        super().__init__(daemon=True)
        self.live = live
        self.set_asked = threading.Event()
        self.let = threading.Event()
        self.signed_set = threading.Event()
        self.asked = {}  # attempt -> terms
        self.ended = False

    def run(self):
        while not self.ended:
            try:
                self.answer(self.live.queue("BANK-C").GetRequests(
                    queue_pb.GetRequestsRequest(), timeout=CALL_S))
            except (grpc.RpcError, ValueError):
                pass  # the bridge is being killed
            time.sleep(0.02)

    def answer(self, requests):
        queue = self.live.queue("BANK-C")
        for each in requests.funds:
            currency = next(c for c in CURRENCIES
                            if self.live.corridor.ledgers[c]["origin"] == each.ledger)
            queue.TellFunds(queue_pb.TellFundsRequest(
                run=each.run, ledger=each.ledger,
                minor_units=self.live.corridor.available("BANK-C", currency)), timeout=CALL_S)
        for each in requests.signatures:
            is_set = len(each.trades) > 1
            if is_set:
                self.asked.setdefault(each.attempt, set()).add(each.terms)
                self.set_asked.set()
                if not self.let.is_set():
                    continue
            queue.SignAttempt(queue_pb.SignAttemptRequest(
                attempt=each.attempt,
                terms=envelope_of(TERMS_TYPE, each.terms, [self.live.corridor.key("BANK-C")])),
                timeout=CALL_S)
            if is_set:
                self.signed_set.set()


class SettlementQueue(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.live = LiveQueue()

    @classmethod
    def tearDownClass(cls):
        cls.live.stop()

    def wait_for(self, what, done):
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            result = done()
            if result:
                return result
            time.sleep(0.1)
        logs = "".join(self.live.agent_log(who) for who in MEMBERS
                       if os.path.exists(os.path.join(self.live.folder, f"{who}.log")))
        raise AssertionError(f"{what}\n{self.live.wallet('BANK-A', 'queue', 'list', '--all')}\n"
                             f"{self.live.wallet('BANK-A', 'queue', 'runs')}\n"
                             f"{self.live.bridge_log()}{logs}")

    # A ring: none of the three can pay its euros before it has got them.

    def ring(self, name, reverse=False):
        """Enters three trades by both parties; their ids."""
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        trades = [("BANK-A", "100.00 EUR", "BANK-B", "110.00 USD"),
                  ("BANK-B", "100.00 EUR", "BANK-C", "15000 JPY"),
                  ("BANK-C", "100.00 EUR", "BANK-A", "120.00 USD")]
        ids = []
        for i, (first, pays, second, gets) in enumerate(trades):
            if reverse:
                pays, gets = gets, pays
            reference = f"{name}-{i}"
            mine = self.live.enter(first, reference, second, pays, gets, until)
            self.assertEqual(mine["state"], "awaiting-counterparty")
            theirs = self.live.enter(second, reference, first, gets, pays, until)
            self.assertEqual(mine["trade_id"], theirs["trade_id"])
            ids.append(mine["trade_id"])
        return ids

    def all_settled(self, ids):
        observer = self.live.corridor.description["observer"]["participant"]
        views = [self.live.queue(observer).GetTrade(
            queue_pb.GetTradeRequest(trade_id=bytes.fromhex(i)), timeout=CALL_S) for i in ids]
        settled = [v.state == queue_pb.QUEUED_TRADE_STATE_SETTLED for v in views]
        return views if all(settled) else None

    def check_moved(self, before, reverse=False):
        """The net positions of one ring, once."""
        sign = -1 if reverse else 1
        moved = {("BANK-A", "USD"): -1000, ("BANK-B", "USD"): -11000, ("BANK-C", "USD"): 12000,
                 ("BANK-B", "JPY"): 15000, ("BANK-C", "JPY"): -15000}
        expected = {key: before[key] + sign * moved.get(key, 0) for key in before}
        self.assertEqual(self.live.funds(), expected)

    def test_a_ring_settles_and_kills_neither_lose_nor_double_a_trade(self):
        for who in MEMBERS:
            os.makedirs(self.live.book(who), exist_ok=True)
            self.live.start_agent(who)
        before = self.live.funds()
        ids = self.ring("RING")
        views = self.wait_for("the ring settles", lambda: self.all_settled(ids))
        self.assertEqual(len({v.settlement_id for v in views}), 1)
        self.assertEqual({v.together for v in views}, {3})
        self.check_moved(before)
        runs = self.live.wallet("BANK-A", "queue", "runs")
        sets = [s for run in runs for s in run["sets"]]
        self.assertEqual([s["size"] for s in sets if s["outcome"] == "settled"], [3], runs)
        self.check_the_settlement_is_one_at_the_bridge(views[0].settlement_id)
        self.with_kills()

    def check_the_settlement_is_one_at_the_bridge(self, settlement_id):
        from corridor import bridge_pb
        decision = self.live.corridor.bridge("BANK-A").GetDecision(
            bridge_pb.GetDecisionRequest(settlement_id=settlement_id), timeout=CALL_S)
        self.assertEqual(decision.state, bridge_pb.SETTLEMENT_STATE_SETTLED)
        self.assertGreater(len(decision.certificate.record), 0)

    def with_kills(self):
        self.live.end_agent("BANK-C")
        reverse = True
        for offset_ms in (None, 0, 1, 3, 8, 20):
            self.killed_ring(offset_ms, reverse)
            reverse = not reverse
        self.ring_signed_too_late(reverse)

    def killed_ring(self, offset_ms, reverse):
        """kill -9 while a set waits for a signature; with an offset, again so long after it came."""
        before = self.live.funds()
        member = HeldMember(self.live)
        member.start()
        ids = self.ring(f"KILL-{offset_ms}", reverse)
        self.assertTrue(member.set_asked.wait(WAIT_S), self.live.bridge_log())
        self.live.kill_bridge()
        self.live.start_bridge()
        member.let.set()
        if offset_ms is not None:
            self.assertTrue(member.signed_set.wait(WAIT_S), self.live.bridge_log())
            time.sleep(offset_ms / 1000)
            self.live.kill_bridge()
            self.live.start_bridge()
        views = self.wait_for("the ring settles after the kill", lambda: self.all_settled(ids))
        member.ended = True
        member.join()
        # The restarted bridge asked for the same terms.
        for attempt, terms in member.asked.items():
            self.assertEqual(len(terms), 1, attempt)
        self.assertEqual(len({v.settlement_id for v in views}), 1)
        self.check_moved(before, reverse)


    def ring_signed_too_late(self, reverse):
        """What two of three signed and the bridge never handed in binds them until its deadline."""
        before = self.live.funds()
        member = HeldMember(self.live)
        member.start()
        ids = self.ring("LATE", reverse)
        self.assertTrue(member.set_asked.wait(WAIT_S), self.live.bridge_log())
        asked = time.time()
        first = set(member.asked)
        self.wait_for("the set ends unsigned", lambda: [
            s for run in self.live.wallet("BANK-A", "queue", "runs") for s in run["sets"]
            if s["attempt"] in first and s["outcome"] not in (None, "under-way")])
        member.let.set()
        self.wait_for("the ring settles after the deadline", lambda: self.all_settled(ids))
        member.ended = True
        member.join()
        # The ledgers have this clock too: not before the deadline of the first.
        self.assertGreater(time.time() - asked, ANSWER_S + WINDOW_S)
        self.check_moved(before, reverse)


class Refusals(unittest.TestCase):
    """What is wrong is refused with its canonical code, and the queue stays as it was."""

    @classmethod
    def setUpClass(cls):
        cls.live = LiveQueue()

    @classmethod
    def tearDownClass(cls):
        cls.live.stop()

    def setUp(self):
        self.before = self.listing()

    def listing(self):
        observer = self.live.corridor.description["observer"]["participant"]
        return self.live.queue(observer).ListTrades(
            queue_pb.ListTradesRequest(ended=True), timeout=CALL_S).trades

    def refused(self, call, code, outcome):
        with self.assertRaises(grpc.RpcError) as raised:
            call()
        self.assertEqual(raised.exception.code(), code, raised.exception.details())
        self.assertEqual(outcome_name(rejection_of(raised.exception).outcome), outcome)
        self.assertEqual(list(self.listing()), list(self.before))

    def good(self, reference="R-1"):
        return self.live.trade_bytes(reference, ("BANK-A", "EUR", 100), ("BANK-B", "USD", 110))

    def test_bridge_without_a_queue_serves_none(self):
        self.assertEqual(self.live.code_without_queue, grpc.StatusCode.UNIMPLEMENTED)

    def test_truncated_and_longer_bytes(self):
        good = self.good()
        for payload in [b"", good[:-1], good + b"\0", b"X" + good[1:]] + [
                good[:n] for n in range(8, len(good), 7)]:
            self.refused(lambda p=payload: self.live.enter_bytes("BANK-A", p, "BANK-A"),
                         grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED")

    def test_fields(self):
        trade = self.live.trade_bytes
        first, second = ("BANK-A", "EUR", 100), ("BANK-B", "USD", 110)
        wrong = [
            (trade("R", second, first), "INVALID_ARGUMENT", "MALFORMED"),
            (trade("R", first, first), "INVALID_ARGUMENT", "MALFORMED"),
            (trade("R", first, ("BANK-B", "EUR", 1)), "INVALID_ARGUMENT", "MALFORMED"),
            (trade("R", ("BANK-A", "EUR", 0), second), "INVALID_ARGUMENT", "MALFORMED"),
            (trade("R", ("BANK-A", "EUR", -5), second), "INVALID_ARGUMENT", "MALFORMED"),
            (trade("", first, second), "INVALID_ARGUMENT", "MALFORMED")]
        for payload, code, outcome in wrong:
            self.refused(lambda p=payload: self.live.enter_bytes("BANK-A", p, "BANK-A"),
                         getattr(grpc.StatusCode, code), outcome)

    def outcome_of(self, payload, sender="BANK-A", signer="BANK-A"):
        with self.assertRaises(grpc.RpcError) as raised:
            self.live.enter_bytes(sender, payload, signer)
        self.assertEqual(list(self.listing()), list(self.before))
        return outcome_name(rejection_of(raised.exception).outcome)

    def test_what_does_not_belong_here(self):
        trade = self.live.trade_bytes
        first, second = ("BANK-A", "EUR", 100), ("BANK-B", "USD", 110)
        self.assertEqual(self.outcome_of(trade("R", first, second, queue="other.example/log")),
                         "WRONG_LEDGER")
        self.assertEqual(self.outcome_of(trade("R", first, second, valid_until_us=1)),
                         "PAST_VALID_UNTIL")
        self.assertEqual(self.outcome_of(trade("R", first, second,
                                               valid_until_us=now_us() + 8 * DAY_US)),
                         "VALID_UNTIL_TOO_FAR")
        self.assertEqual(self.outcome_of(trade("R", first, ("NOBODY", "USD", 1))),
                         "UNKNOWN_PARTICIPANT")

    def test_signatures_and_senders(self):
        good = self.good()
        self.assertEqual(self.outcome_of(good, "BANK-C", "BANK-A"), "SENDER_NOT_ENTITLED")
        self.assertEqual(self.outcome_of(good, "BANK-A", "BANK-C"), "NOT_SIGNED_BY_PARTY")
        stranger = Key.generate(self.live.folder, "stranger.pem")
        self.assertEqual(self.outcome_of(good, "BANK-A", stranger), "UNKNOWN_KEY")
        envelope = envelope_of(TRADE_TYPE, good, [self.live.corridor.key("BANK-A")])
        envelope.payload = self.good("R-2")
        self.refused(lambda: self.live.queue("BANK-A").EnterTrade(
            queue_pb.EnterTradeRequest(trade=envelope), timeout=CALL_S),
            grpc.StatusCode.UNAUTHENTICATED, "BAD_SIGNATURE")
        wrong_type = envelope_of(WITHDRAWAL_TYPE, good, [self.live.corridor.key("BANK-A")])
        self.refused(lambda: self.live.queue("BANK-A").EnterTrade(
            queue_pb.EnterTradeRequest(trade=wrong_type), timeout=CALL_S),
            grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED")
        self.refused(lambda: self.live.queue("BANK-A").EnterTrade(
            queue_pb.EnterTradeRequest(), timeout=CALL_S),
            grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED")

    def test_answers_that_nobody_asked_for(self):
        queue = self.live.queue("BANK-A")
        origin = self.live.corridor.ledgers["EUR"]["origin"]
        self.refused(lambda: queue.TellFunds(queue_pb.TellFundsRequest(
            run=1, ledger=origin, minor_units=5), timeout=CALL_S),
            grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        self.refused(lambda: queue.TellFunds(queue_pb.TellFundsRequest(
            run=1, ledger=origin, minor_units=-5), timeout=CALL_S),
            grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED")
        terms = envelope_of(TERMS_TYPE, b"terms", [self.live.corridor.key("BANK-A")])
        self.refused(lambda: queue.SignAttempt(queue_pb.SignAttemptRequest(
            attempt=7, terms=terms), timeout=CALL_S), grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        central = self.live.corridor.central_bank("EUR")
        self.refused(lambda: self.live.queue(central).GetRequests(
            queue_pb.GetRequestsRequest(), timeout=CALL_S),
            grpc.StatusCode.PERMISSION_DENIED, "SENDER_NOT_ENTITLED")

    def test_withdrawal_and_who_may_see(self):
        payload = self.good("W-1")
        entered = self.live.enter_bytes("BANK-A", payload, "BANK-A")
        self.assertEqual(entered.trade_id, trade_id_of(payload))
        again = self.live.enter_bytes("BANK-A", payload, "BANK-A")
        self.assertEqual(again, entered)  # a repeat
        with self.assertRaises(grpc.RpcError) as raised:
            self.live.queue("BANK-C").GetTrade(
                queue_pb.GetTradeRequest(trade_id=entered.trade_id), timeout=CALL_S)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.PERMISSION_DENIED)
        self.assertEqual(len(self.live.queue("BANK-C").ListTrades(
            queue_pb.ListTradesRequest(ended=True), timeout=CALL_S).trades), 0)
        withdrawal = envelope_of(
            WITHDRAWAL_TYPE, b"CWTRWD01" + sized(QUEUE) + entered.trade_id,
            [self.live.corridor.key("BANK-A")])
        with self.assertRaises(grpc.RpcError) as raised:
            self.live.queue("BANK-C").WithdrawTrade(
                queue_pb.WithdrawTradeRequest(withdrawal=withdrawal), timeout=CALL_S)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.PERMISSION_DENIED)
        ended = self.live.queue("BANK-A").WithdrawTrade(
            queue_pb.WithdrawTradeRequest(withdrawal=withdrawal), timeout=CALL_S)
        self.assertEqual(ended.state, queue_pb.QUEUED_TRADE_STATE_RETURNED)
        self.assertEqual(ended.rejection.outcome, common_pb.OUTCOME_REFUSED_BY_APPROVERS)
        # Its end is remembered: it cannot be entered again.
        late = self.live.enter_bytes("BANK-B", payload, "BANK-B")
        self.assertEqual(late.state, queue_pb.QUEUED_TRADE_STATE_RETURNED)
        # And so after a restart.
        self.live.kill_bridge()
        self.live.start_bridge()
        late = self.live.enter_bytes("BANK-B", payload, "BANK-B")
        self.assertEqual(late, ended)


if __name__ == "__main__":
    unittest.main(verbosity=2)
