"""The processes of a corridor, started one by one, every connection between them through a proxy.

A corridor of `causeway-sim` makes the files, admits the participants and issues the opening
balances; then it ends, and the same processes are started again from here on the same files. A
process that comes back listens on another port; its links follow it.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import threading
import time

from google.protobuf import text_format

from corridor import START_WAIT_S, STOP_WAIT_S, Corridor, program, read

from . import schedule
from .proxy import DIRECTIONS, Link

# pylint: disable=wrong-import-order
from causeway.v1 import config_pb2, observer_config_pb2

BRIDGE, OBSERVER, BANKS = "bridge", "observer", "banks"
# A ledger that hangs must not hold up the bridge's next attempt for longer than faults last.
LEDGER_CALL_MS = 2000
WATCH_S = 0.1
RESTARTS_MAX = 5
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def die_with_parent():
    """In the child: a test that is killed leaves nothing behind."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One program: its command line, and whether it is to run now."""

    def __init__(self, name, folder, executable, verb, *arguments):
        self.name, self.folder = name, folder
        self.log = os.path.join(folder, "log.txt")
        self._ready = os.path.join(folder, "address.txt")
        ca = os.path.join(os.path.dirname(folder), "ca.pem")
        if not os.path.exists(ca):
            ca = os.path.join(os.path.dirname(os.path.dirname(folder)), "ca.pem")
        self._command = [program(executable), verb, *arguments,
                         "--data", os.path.join(folder, "data"), "--listen", "127.0.0.1:0",
                         "--tls-cert", os.path.join(folder, "server.pem"),
                         "--tls-key", os.path.join(folder, "server-key.pem"), "--tls-ca", ca,
                         "--ready-file", self._ready]
        self._child = None
        self.lock = asyncio.Lock()  # one fault of its own at a time
        self.address = None  # (host, port) while it answers
        self.starts = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    async def start(self):
        """Until it answers calls."""
        for _ in range(RESTARTS_MAX):
            self._launch()
            end = time.monotonic() + START_WAIT_S
            while time.monotonic() < end and self._child.poll() is None:
                if os.path.exists(self._ready):
                    host, port = read(self._ready).decode().strip().rsplit(":", 1)
                    self.address = (host, int(port))
                    return
                await asyncio.sleep(0.01)
            if self._child.poll() is None:
                self._child.kill()
                self._child.wait()
                break
            if self._child.returncode != 69:  # a resource that is not to be had yet
                break
        raise AssertionError(f"{self.name} does not start ({self._child.returncode}), see "
                             f"{self.log}")

    def _launch(self):
        if os.path.exists(self._ready):
            os.remove(self._ready)
        with open(self.log, "ab") as log:
            self._child = subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn
                self._command, stdout=log, stderr=log, preexec_fn=die_with_parent)
        self.starts += 1

    def ended_by_itself(self):
        return self.address is not None and self._child.poll() is not None

    def kill(self):
        self.address = None
        self._child.kill()
        self._child.wait()

    def pause(self):
        self._child.send_signal(signal.SIGSTOP)

    def resume(self):
        self._child.send_signal(signal.SIGCONT)

    async def stop(self):
        """In order; returns the exit status."""
        self.address = None
        self._child.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_WAIT_S
        while self._child.poll() is None and time.monotonic() < end:
            await asyncio.sleep(0.02)
        if self._child.poll() is None:
            self._child.kill()
        return self._child.wait()

    def end(self):
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()


class Network:
    """Runs in a thread of its own; the methods below are called from others."""

    def __init__(self, scenario):
        with Corridor(scenario) as corridor:
            self.corridor = corridor
        self._processes, self._links = {}, {}
        self._failures = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._call(self._start_all())
        except BaseException:
            self.end()
            raise

    # For the test.

    @property
    def process_names(self):
        return list(self._processes)

    @property
    def link_names(self):
        return list(self._links)

    def run_faults(self, faults, on_fault):
        """Until the last is over. Raises AssertionError when a process ended by itself."""
        self._call(self._run_faults(faults, on_fault))
        self.check()

    def check(self):
        if self._failures:
            raise AssertionError("; ".join(self._failures))

    def observer_address(self):
        """None while it is down."""
        address = self._processes[OBSERVER].address
        return address and "%s:%d" % address

    def log_of(self, name):
        return read(self._processes[name].log).decode(errors="replace")

    def starts_of(self, name):
        return self._processes[name].starts

    def connections_of(self, link):
        return self._links[link].taken

    def stop(self):
        """Every process in order; AssertionError unless each exits with 0."""
        statuses = self._call(self._stop_all())
        wrong = {name: status for name, status in statuses.items() if status != 0}
        if wrong:
            raise AssertionError(f"exit statuses {wrong}, logs in {self.corridor.folder}")

    def end(self):
        """Kills whatever still runs."""
        if self._loop.is_closed():
            return
        for process in self._processes.values():
            process.end()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    # In the loop's thread.

    async def _start_all(self):
        folder, ledgers = self.corridor.folder, self.corridor.ledgers
        witnesses = self.corridor.description.get("witnesses", [])
        self._currency_of = {ledger["origin"]: currency for currency, ledger in ledgers.items()}
        # The first witnesses run beside the ledgers, in their order; the rest by themselves.
        hosts = list(ledgers) + [f"witness-{number}"
                                 for number in range(len(ledgers) + 1, len(witnesses) + 1)]
        self._host_of_witness = {witness["name"]: host
                                 for witness, host in zip(witnesses, hosts)}
        for witness, host in self._host_of_witness.items():
            if host in ledgers:
                own = self._ledger_folder(host)
                await self._start(self._ledger_process(
                    host, own, *await self._witness_flags(witness, host, own, "witness-"),
                    "--witness-data", os.path.join(own, "witness-data")))
            else:
                own = os.path.join(folder, host)
                await self._start(Process(
                    host, own, "causeway-node", "witness",
                    *await self._witness_flags(witness, host, own, "")))
        for currency in ledgers.keys() - self._processes.keys():
            await self._start(self._ledger_process(currency, self._ledger_folder(currency)))
        own = os.path.join(folder, "bridge")
        bridge = Process(BRIDGE, own, "causeway-bridge", "run", "--config",
                         self._torture_config(own), "--key",
                         os.path.join(own, "decision-log-key.pem"))
        await self._write_bridge_config(bridge)
        await self._start(bridge)
        own = os.path.join(folder, "observer")
        observer = Process(OBSERVER, own, "causeway-observer", "run", "--config",
                           self._torture_config(own))
        await self._write_observer_config(observer)
        await self._start(observer)
        for currency, ledger in ledgers.items():
            ledger["address"] = await self._link(BANKS, currency)
        self.corridor.description["bridge"]["address"] = await self._link(BANKS, BRIDGE)

    def _ledger_folder(self, currency):
        origin = self.corridor.ledgers[currency]["origin"]
        return os.path.join(self.corridor.folder, "ledgers", origin.replace("/", "_"))

    @staticmethod
    def _ledger_process(currency, own, *flags):
        # Small, so that some kills come while a snapshot or segment is written.
        return Process(
            currency, own, "causeway-node", "run", "--genesis", os.path.join(own, "genesis.bin"),
            "--key", os.path.join(own, "key.pem"), "--salt-key", os.path.join(own, "salt.key"),
            "--snapshot-every", "300", "--segment-mib", "1", *flags)

    async def _witness_flags(self, name, host, own, prefix):
        return [f"--{prefix}name", name, f"--{prefix}key", os.path.join(own, "witness-key.pem"),
                f"--{prefix}policy", os.path.join(own, "policy.bin"),
                f"--{prefix}bridge", self.corridor.description["bridge"]["participant"],
                f"--{prefix}peer", await self._link(host, BRIDGE)]

    async def _start(self, process):
        self._processes[process.name] = process
        await process.start()

    async def _link(self, client, server):
        """The address under which that client is to reach that server, now or later."""
        name = f"{client}>{server}"
        if name not in self._links:
            def target():
                process = self._processes.get(server)
                return process and process.address
            self._links[name] = Link(name, target)
            await self._links[name].start()
        return self._links[name].address

    @staticmethod
    def _torture_config(folder):
        return os.path.join(folder, "torture.txtpb")

    async def _write_bridge_config(self, bridge):
        config = text_format.Parse(read(bridge.path("bridge.txtpb")), config_pb2.BridgeConfig())
        for ledger in config.ledgers:
            ledger.address = await self._link(BRIDGE, self._currency_of[ledger.origin])
        for witness in config.witnesses:
            witness.address = await self._link(BRIDGE, self._host_of_witness[witness.name])
        config.limits.ledger_call_ms_max = LEDGER_CALL_MS
        self._write(self._torture_config(bridge.folder), config)

    async def _write_observer_config(self, observer):
        config = text_format.Parse(read(observer.path("observer.txtpb")),
                                   observer_config_pb2.ObserverConfig())
        for ledger in config.ledgers:
            ledger.address = await self._link(OBSERVER, self._currency_of[ledger.origin])
        config.bridge.address = await self._link(OBSERVER, BRIDGE)
        for witness in config.bridge.witnesses:
            witness.address = await self._link(OBSERVER, self._host_of_witness[witness.name])
        self._write(self._torture_config(observer.folder), config)

    @staticmethod
    def _write(path, message):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text_format.MessageToString(message))

    async def _run_faults(self, faults, on_fault):
        begin = self._loop.time()
        watch = asyncio.ensure_future(self._watch())
        try:
            await asyncio.gather(*[self._run_fault(begin, fault, on_fault) for fault in faults])
        finally:
            watch.cancel()

    async def _watch(self):
        while True:
            for process in self._processes.values():
                if process.ended_by_itself():
                    process.address = None
                    self._failures.append(f"{process.name} ended by itself, see {process.log}")
            await asyncio.sleep(WATCH_S)

    async def _run_fault(self, begin, fault, on_fault):
        await asyncio.sleep(begin + fault.at_s - self._loop.time())
        on_fault(fault)
        if fault.kind in (schedule.KILL, schedule.PAUSE):
            await self._stop_and_go(self._processes[fault.subject], fault)
        elif fault.kind == schedule.CUT:
            self._links[fault.subject].cut()
        elif fault.kind == schedule.LOSE:
            self._links[fault.subject].lose()
        elif fault.kind == schedule.DELAY:
            link = self._links[fault.subject]
            link.delay_ms += fault.delay_ms
            await asyncio.sleep(fault.lasts_s)
            link.delay_ms -= fault.delay_ms
        else:
            await self._hold(fault)

    async def _stop_and_go(self, process, fault):
        async with process.lock:  # a start that takes long ends first
            if fault.kind == schedule.KILL:
                process.kill()
                await asyncio.sleep(fault.lasts_s)
                await process.start()
            else:
                process.pause()
                await asyncio.sleep(fault.lasts_s)
                process.resume()

    async def _hold(self, fault):
        directions = fault.directions or DIRECTIONS
        if fault.kind == schedule.ISOLATE:
            links = [link for link in self._links.values()
                     if fault.subject in link.name.split(">")]
        else:
            links = [self._links[fault.subject]]
        for link in links:
            link.hold(*directions)
        await asyncio.sleep(fault.lasts_s)
        for link in links:
            link.release(*directions)

    async def _stop_all(self):
        statuses = {}
        for process in reversed(self._processes.values()):
            statuses[process.name] = await process.stop()
        for link in self._links.values():
            await link.stop()
        return statuses
