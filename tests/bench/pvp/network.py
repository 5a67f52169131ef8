"""Ledgers, a bridge and witnesses as processes, durable, over gRPC on loopback, and their load."""

import json
import os
import subprocess
import threading
import time

import in_process
import work

START_WAIT_S = 120
# Both payers' at the bridge, and its own payer's at each of the two ledgers.
VERIFICATIONS_PER_SWAP = 4
LATENCY_THREADS = 64
# Of the rate of a closed loop, percent.
LATENCY_SHARES = (10, 25, 50)


class Network:
    _count = 0

    def __init__(self, here, ledgers, accounts, witnesses=0):
        Network._count += 1
        self.here = here
        self.folder = here.path(f"network-{Network._count}")
        self.ledgers = ledgers
        self.witnesses = witnesses
        self.processes = []
        self.bridge = None
        self._seed = 0
        print(f"{ledgers} ledgers with {accounts:,} accounts each, a bridge and {witnesses} "
              "witnesses ...", flush=True)
        here.run([here.program("pvp_bench"), "--only", "prepare", "--dir", self.folder,
                  "--ledgers", str(ledgers), "--accounts", str(accounts),
                  "--witnesses", str(witnesses)])

    def __enter__(self):
        addresses = [self._start_ledger(i) for i in range(self.ledgers)]
        # The first witnesses run beside the ledgers, the others by themselves.
        witnesses = addresses[:self.witnesses]
        witnesses += [self._start(f"witness-{i}", [self.here.program("causeway-node"), "witness",
                                                   *self._witness_flags(i, "")])
                      for i in range(len(witnesses), self.witnesses)]
        self._write_config(addresses, witnesses)
        self.bridge = self._start(
            "bridge", [self.here.program("causeway-bridge"), "run", "--config",
                       self._file("bridge.txtpb"), "--data", self._file("bridge"), "--key",
                       self._file("decision-log-key.pem")])
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            process.wait()

    def _file(self, *names):
        return os.path.join(self.folder, *names)

    def _start(self, name, arguments):
        ready = self._file(f"{name}.ready")
        with open(self._file(f"{name}.log"), "ab") as log:
            process = self.here.start(
                [*arguments, "--insecure", "--listen", "127.0.0.1:0", "--ready-file", ready],
                stdout=log, stderr=subprocess.STDOUT)
        self.processes.append(process)
        end = time.monotonic() + START_WAIT_S
        while not os.path.exists(ready):
            if process.poll() is not None or time.monotonic() > end:
                with open(self._file(f"{name}.log"), encoding="utf-8", errors="replace") as log:
                    raise work.Failure(f"{name} does not start:\n" + log.read()[-2000:])
            time.sleep(0.005)
        with open(ready, encoding="utf-8") as file:
            return file.read().strip()

    def _start_ledger(self, index):
        of = f"ledger-{index}"
        return self._start(
            of, [self.here.program("causeway-node"), "run", "--genesis",
                 self._file(of, "genesis.bin"), "--data", self._file(of, "data"), "--key",
                 self._file(of, "key.pem"), "--salt-key", self._file(of, "salt.key"),
                 "--accept-clock-gap",  # the ledger was made in a time of its own
                 *(self._witness_flags(index, "witness-") if index < self.witnesses else [])])

    def _witness_flags(self, index, prefix):
        return [f"--{prefix}name", f"witness-{index}.bench.example", f"--{prefix}key",
                self._file(f"witness-{index}-key.pem"), f"--{prefix}data",
                self._file(f"witness-{index}"), f"--{prefix}policy", self._file("policy.bin"),
                f"--{prefix}bridge", "BRIDGE"]

    def _write_config(self, addresses, witnesses):
        lines = ['policy_file: "policy.bin"', 'participant: "BRIDGE"']
        for index, address in enumerate(addresses):
            lines.append(f'ledgers {{ origin: "ledger-{index}.bench.example/money" '
                         f'address: "{address}" }}')
            lines.append(f'participants {{ participant: "BANK{index}" '
                         f'key_files: "ledger-{index}/bank.pub.pem" }}')
        for index, address in enumerate(witnesses):
            lines.append(f'witnesses {{ name: "witness-{index}.bench.example" '
                         f'address: "{address}" }}')
        with open(self._file("bridge.txtpb"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def load(self, *arguments):
        self._seed += 1
        figures = self._file(f"load-{self._seed}.json")
        self.here.run([self.here.program("pvp_bench"), "--only", "load", "--dir", self.folder,
                       "--bridge", self.bridge, "--seed", str(self._seed), "--json", figures,
                       *map(str, arguments)])
        with open(figures, encoding="utf-8") as file:
            return json.load(file)

    def lists(self, sizes, swaps, *arguments):
        return self.load("--list", sizes.list, "--in-flight", sizes.lists_in_flight, "--swaps",
                         swaps, *arguments)

    def measure_lists(self, sizes, rounds, figures, key="swaps_per_s_k0"):
        self.lists(sizes, sizes.swaps // 8)  # warms the caches
        rates = []
        for number in range(rounds):
            rates.append(self.lists(sizes, sizes.swaps)["swaps_per_s"])
            print(f"  lists of {sizes.list:,}, round {number + 1}: {rates[-1]:.0f} swaps/s",
                  flush=True)
        figures[key] = work.median(rates)

    def measure_singly(self, sizes, rounds, figures):
        """Every payer signs every swap by itself; swaps share calls, and nothing else."""
        rates, ratios = [], []
        for _ in range(rounds):
            limit = (in_process.verifications_per_s(self.here) * os.cpu_count()
                     / VERIFICATIONS_PER_SWAP)
            report = self.load("--list", 1, "--per-call", sizes.singly_per_call, "--in-flight", 8,
                               "--swaps", sizes.singly)
            rates.append(report["swaps_per_s"])
            ratios.append(rates[-1] / limit)
            print(f"  signed singly: {rates[-1]:.0f} swaps/s, {ratios[-1]:.2f} of the limit of "
                  f"{limit:.0f}", flush=True)
        figures["signed_singly_swaps_per_s"] = work.median(rates)
        figures["signed_singly_verify_ratio"] = work.median(ratios)
        figures["verifications_per_swap"] = VERIFICATIONS_PER_SWAP

    def measure_latency(self, sizes, rounds, figures, of=""):
        """From when a call was due to its answer: every swap of it is booked on both ledgers."""
        for size in (1, sizes.latency_list):
            figures_of = {share: [] for share in LATENCY_SHARES}
            for _ in range(rounds):
                # What lists of this size reach, just before.
                peak = self.load("--list", size, "--in-flight", LATENCY_THREADS, "--swaps",
                                 sizes.latency_calls * size)["swaps_per_s"]
                for share in LATENCY_SHARES:
                    figures_of[share].append(self._latency_at(sizes, size, peak, share))
            for share, measured in figures_of.items():
                for key in measured[0]:
                    value = work.median([each[key] for each in measured])
                    figures[f"latency_list_{size}_load_{share}_{key}{of}"] = value
        figures["latency_list"] = sizes.latency_list
        for quantile in ("p50", "p99"):
            figures[f"{quantile}_sync_ratio{of}"] = figures[
                f"latency_list_{sizes.latency_list}_load_50_{quantile}_sync_ratio{of}"]

    def _latency_at(self, sizes, size, peak, share):
        rate = peak * share / 100
        sync = in_process.append_sync_us(self.here)
        report = self.load("--list", size, "--rate", f"{rate:.0f}", "--in-flight",
                           LATENCY_THREADS, "--swaps", max(size, int(rate * sizes.latency_s)))
        measured = {"swaps_per_s": rate, "append_sync_us": sync}
        for quantile in ("p50", "p99"):
            measured[f"{quantile}_us"] = report[f"latency_us_{quantile}"]
            measured[f"{quantile}_sync_ratio"] = report[f"latency_us_{quantile}"] / sync
        print(f"  lists of {size} at {share}% of {peak:.0f} swaps/s: "
              f"p50 {measured['p50_us']:.0f} us, p99 {measured['p99_us']:.0f} us, "
              f"{measured['p50_sync_ratio']:.1f} and {measured['p99_sync_ratio']:.1f} times "
              f"the {sync:.0f} us of an append", flush=True)
        return measured

    def measure_dead_ledger(self, sizes, rounds, figures):
        """Two ledgers settle with each other while the third and fourth do, and without."""
        self.lists(sizes, sizes.swaps // 8)
        rate = self.lists(sizes, sizes.swaps // 2)["swaps_per_s"]
        swaps = max(sizes.list, int(rate / 2 * sizes.dead_s))
        before = work.median([self._beside_others(sizes, swaps) for _ in range(rounds)])
        dead = self.processes[3]
        dead.kill()
        dead.wait()
        after = work.median([self._beside_others(sizes, swaps, expects=False)
                             for _ in range(rounds)])
        figures["one_ledger_alive_swaps_per_s"] = before
        figures["one_ledger_dead_swaps_per_s"] = after
        figures["one_ledger_dead_ratio"] = after / before
        print(f"  ledgers 0 and 1: {before:.0f} swaps/s while 2 and 3 settle too, {after:.0f} "
              f"with 3 dead: {after / before:.2f}", flush=True)

    def _beside_others(self, sizes, swaps, expects=True):
        """The rate between ledgers 0 and 1 while lists between 2 and 3 are handed in as well."""
        failures = []

        def others():
            try:
                self.load("--list", sizes.list, "--in-flight", 2, "--swaps", swaps // 4,
                          "--left", 2, "--right", 3, *([] if expects else ["--no-wait"]))
            except work.Failure as failure:
                failures.append(failure)

        thread = threading.Thread(target=others)
        thread.start()
        rate = self.lists(sizes, swaps)["swaps_per_s"]
        thread.join()
        if failures:
            raise failures[0]
        return rate
