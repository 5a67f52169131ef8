"""A causeway-node of its own, driven by causeway-load on the same machine."""

import os
import re
import subprocess
import time

import in_process
import work

BANK = "ALPHA"
START_WAIT_S = 600
IN_FLIGHT = 16  # bulks
SMALL_IN_FLIGHT = 128  # bulks of which 16 would wait for each other
SINGLES_IN_FLIGHT = 256
MIB = 1 << 20


class Node:
    """The ledger that `ledger_bench --only prepare` made, and the process that serves it."""

    def __init__(self, here, accounts):
        self.here = here
        self.folder = here.path("node")
        self.settled = 0
        self.leaves_before = None  # of the accounts and their money
        self._process = None
        self._tls = False
        self.address = None
        print(f"a ledger with {accounts:,} accounts ...", flush=True)
        here.run([here.program("ledger_bench"), "--only", "prepare", "--dir", self.folder,
                  "--accounts", str(accounts)])
        self._make_certificates()

    def _make_certificates(self):
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        self._openssl("req", "-x509", *curve, "-subj", "/CN=bench", "-keyout", "ca-key.pem",
                      "-out", "ca.pem")
        for name, participant, more in (("server", "CENTRAL", ",IP:127.0.0.1"),
                                        ("client", BANK, "")):
            self._openssl(
                "req", "-x509", *curve, "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-subj",
                f"/CN={name}", "-addext", f"subjectAltName=URI:causeway://participant/{participant}"
                f"{more}", "-addext", "basicConstraints=critical,CA:FALSE", "-addext",
                "extendedKeyUsage=clientAuth,serverAuth", "-keyout", f"{name}-key.pem", "-out",
                f"{name}.pem")

    def _openssl(self, *arguments):
        self.here.run(["openssl", *arguments], cwd=self.folder)

    def _file(self, name):
        return os.path.join(self.folder, name)

    def start(self, tls):
        """Seconds until it answers calls."""
        self._tls = tls
        ready = self._file("ready")
        if os.path.exists(ready):
            os.unlink(ready)
        connection = ["--insecure"] if not tls else [
            "--tls-cert", self._file("server.pem"), "--tls-key", self._file("server-key.pem"),
            "--tls-ca", self._file("ca.pem")]
        start = time.monotonic()
        with open(self._file("log.txt"), "ab") as log:
            self._process = self.here.start(
                [self.here.program("causeway-node"), "run", "--genesis", self._file("genesis.bin"),
                 "--data", self._file("data"), "--key", self._file("key.pem"), "--salt-key",
                 self._file("salt.key"), "--listen", "127.0.0.1:0", "--ready-file", ready,
                 # The ledger was made in a time of its own.
                 "--accept-clock-gap", *connection], stdout=log, stderr=subprocess.STDOUT)
        while not os.path.exists(ready):
            if self._process.poll() is not None or time.monotonic() - start > START_WAIT_S:
                with open(self._file("log.txt"), encoding="utf-8", errors="replace") as log:
                    raise work.Failure("causeway-node does not start:\n" + log.read()[-2000:])
            time.sleep(0.005)
        elapsed = time.monotonic() - start
        with open(ready, encoding="utf-8") as file:
            self.address = file.read().strip()
        if self.leaves_before is None:
            self.leaves_before = self.leaves_opened()
        return elapsed

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def kill(self):
        self._process.kill()
        self._process.wait()

    def leaves_opened(self):
        """Of the log, when the process that serves now had opened it."""
        with open(self._file("log.txt"), encoding="utf-8") as log:
            return int(re.findall(r" batches, (\d+) leaves \(", log.read())[-1])

    def memory_bytes(self):
        """Its own, without what it has mapped of files."""
        with open(f"/proc/{self._process.pid}/statm", encoding="ascii") as file:
            resident, of_files = (int(pages) for pages in file.read().split()[1:3])
        return (resident - of_files) * os.sysconf("SC_PAGESIZE")

    def written_bytes(self):
        """To the disk, by the process that serves now: journal, index of payments, snapshots."""
        with open(f"/proc/{self._process.pid}/io", encoding="ascii") as file:
            return int(re.search(r"^write_bytes: (\d+)$", file.read(), re.MULTILINE).group(1))

    def load(self, *arguments, payments, bytes_each):
        """All of it signed before the clock starts; the report of causeway-load."""
        connection = ["--insecure"] if not self._tls else [
            "--tls-cert", self._file("client.pem"), "--tls-key", self._file("client-key.pem"),
            "--tls-ca", self._file("ca.pem")]
        report = self.here.run_json(
            "causeway-load", "run", "--ledger", self.address, *connection, "--participant", BANK,
            "--key", self._file("bank.pem"), "--accounts", self._file("accounts.txt"),
            "--pool-mib", str(payments * bytes_each // MIB + 64), "--sign-ahead", "600",
            "--signers", "2", "--quiet", *map(str, arguments))
        self.settled += report["payments"]["settled"]
        return report


def bulks(node, payments, batch, in_flight=IN_FLIGHT):
    return node.load("--batch", batch, "--payments", payments, "--in-flight", in_flight,
                     payments=payments, bytes_each=60)


def median_rate(name, rounds, measure):
    rates = []
    for number in range(rounds):
        rates.append(measure()["payments_per_s"])
        print(f"  {name}, round {number + 1}: {rates[-1]:.0f} payments/s", flush=True)
    return work.median(rates)


def measure_singles(here, node, sizes, rounds, figures):
    rates, ratios = [], []
    for _ in range(rounds):
        verifications = in_process.verifications_per_s(here)
        report = node.load("--single", "--payments", sizes.singles, "--in-flight",
                           SINGLES_IN_FLIGHT, payments=sizes.singles, bytes_each=1024)
        rates.append(report["payments_per_s"])
        ratios.append(rates[-1] / verifications)
        print(f"  single signed payments: {rates[-1]:.0f}/s, {ratios[-1]:.2f} of "
              f"{verifications:.0f} verifications/s", flush=True)
    figures["signed_single_payments_per_s"] = work.median(rates)
    figures["signed_single_verify_ratio"] = work.median(ratios)


def measure_one_client(here, node, sizes, rounds, figures):
    latencies, ratios = [], []
    for _ in range(rounds):
        sync = in_process.sync_us(here)
        report = node.load("--single", "--payments", sizes.one_by_one, "--in-flight", 1,
                           payments=sizes.one_by_one, bytes_each=1024)
        latencies.append(report["latency_us"]["corrected"]["p50"])
        ratios.append(latencies[-1] / sync)
        print(f"  one client: {latencies[-1]:.0f} us, {ratios[-1]:.2f} times the sync of "
              f"{sync:.0f} us", flush=True)
    figures["one_client_latency_us"] = work.median(latencies)
    figures["one_client_latency_sync_ratio"] = work.median(ratios)


def measure_open_loop(here, node, sizes, rounds, batch, figures):
    """At half of the rate that a closed loop of such bulks reaches, just before."""
    suffix = "" if batch != 8192 else "_8192"
    rates, latencies, ratios = [], [], []
    for _ in range(rounds):
        peak = bulks(node, sizes.open_loop_peak_payments, batch,
                     IN_FLIGHT if batch == 8192 else SMALL_IN_FLIGHT)["payments_per_s"]
        rate = peak / 2
        payments = int(rate * sizes.open_loop_s)
        sync = in_process.sync_us(here)
        report = node.load("--batch", batch, "--rate", f"{rate:.0f}", "--poisson", "--duration",
                           sizes.open_loop_s, "--warm-up", sizes.open_loop_s / 10,
                           payments=payments, bytes_each=70)
        rates.append(rate)
        latencies.append(report["latency_us"]["corrected"]["p99"])
        ratios.append(latencies[-1] / sync)
        print(f"  open loop, half of {peak:.0f} payments/s in bulks of {batch}: p99 "
              f"{latencies[-1]:.0f} us, {ratios[-1]:.1f} times the sync of {sync:.0f} us",
              flush=True)
    figures[f"open_loop{suffix}_payments_per_s"] = work.median(rates)
    figures[f"open_loop{suffix}_p99_us"] = work.median(latencies)
    figures[f"open_loop{suffix}_p99_sync_ratio"] = work.median(ratios)


def measure_recovery(node, sizes, figures):
    """After a kill with nothing under way; every acknowledged payment must be there again."""
    while node.settled < sizes.recovery_payments:
        bulks(node, sizes.round_payments, sizes.batch)
    # Of a process that took most of these itself; after the start it holds less.
    figures["node_memory_running_bytes"] = node.memory_bytes()
    node.kill()
    figures["recovery_payments"] = node.settled
    figures["recovery_s"] = node.start(tls=False)
    if node.leaves_opened() < node.leaves_before + node.settled:
        raise work.Failure(f"{node.settled} payments were acknowledged, and after the kill the log "
                           f"has {node.leaves_opened() - node.leaves_before} leaves for them")
    print(f"  recovery of {node.settled:,} payments: {figures['recovery_s']:.2f} s", flush=True)


def measure(here, sizes, rounds, figures):
    node = Node(here, sizes.accounts)
    print(f"over gRPC on loopback, bulks of {sizes.batch:,} ...", flush=True)
    node.start(tls=True)
    figures["grpc_mtls_payments_per_s"] = median_rate(
        "mutual TLS", rounds, lambda: bulks(node, sizes.round_payments, sizes.batch))
    node.stop()
    node.start(tls=False)
    written, settled = node.written_bytes(), node.settled
    figures["grpc_payments_per_s"] = median_rate(
        "plain", rounds, lambda: bulks(node, sizes.round_payments, sizes.batch))
    figures["grpc_written_bytes_per_payment"] = (
        (node.written_bytes() - written) / (node.settled - settled))
    measure_singles(here, node, sizes, rounds, figures)
    measure_one_client(here, node, sizes, rounds, figures)
    for batch in (256, 8192):
        measure_open_loop(here, node, sizes, rounds, batch, figures)
    measure_recovery(node, sizes, figures)
    figures["node_memory_bytes"] = node.memory_bytes()
    node.stop()
