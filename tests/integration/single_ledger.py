"""One ledger of its own for tests: a node on loopback without TLS, a bank with accounts, its files."""

import os
import re
import resource
import signal
import subprocess
import time

import grpc

from corridor import (CALL_S, START_WAIT_S, STOP_WAIT_S, Key, ledger_grpc, ledger_pb, new_folder,
                      openssl, program, read, run)

OK = 0
ORIGIN = "operations.example/chf"
BANK = "LOADBANK"


class SingleLedger:
    """On loopback without TLS: whoever names no participant is its operator."""

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

    def launch(self, *flags, data="data", segment_mib=1, file_bytes_max=None):
        """With a limit on the size of every file, writing beyond it fails as on a full disk."""
        def limit():
            if file_bytes_max is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max, file_bytes_max))
        if os.path.exists(self.path("ready")):
            os.remove(self.path("ready"))
        with open(self.path("log.txt"), "wb") as log:
            self.process = subprocess.Popen(
                [program("causeway-node"), "run", "--genesis", self.path("genesis"), "--data",
                 self.path(data), "--listen", "127.0.0.1:0", "--key", self.path("ledger.pem"),
                 "--salt-key", self.path("salt.key"), "--insecure", "--ready-file",
                 self.path("ready"), "--segment-mib", str(segment_mib), *flags], stdout=log,
                stderr=log, preexec_fn=limit)

    def start(self, *flags, **how):
        self.launch(*flags, **how)
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

    def kill(self):
        """Without a chance to end anything. Calls that are under way end with an error."""
        self.process.kill()
        self.await_end()

    def await_end(self):
        """The status of a process that ends by itself."""
        status = self.process.wait(timeout=STOP_WAIT_S)
        self.process = self.channel = None
        return status

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

    def load(self, seed=1):
        """Several segments."""
        subprocess.run(self.load_command("--batch", "4096", "--payments", "40960", "--seed",
                                         str(seed)), check=True, capture_output=True)

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

    def all_batches(self, seen=None):
        """All that there are, as an observer gets them; `seen` has them after an error too."""
        seen = [] if seen is None else seen
        last = self.batches(1, from_index=int(self.checkpoint().split("\n")[1]) - 1)[0].number
        for message in self.ledger.Subscribe(ledger_pb.SubscribeRequest(), timeout=CALL_S):
            seen.append(message)
            if message.number == last:
                break
        return seen

    def segments(self, directory="data"):
        return sorted(name for name in os.listdir(self.path(directory))
                      if name.startswith("segment-"))
