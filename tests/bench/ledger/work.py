"""Where a benchmark works: its folder and its processes, both gone when it ends."""

import json
import os
import shutil
import signal
import statistics
import subprocess
import tempfile

STOP_WAIT_S = 60


class Failure(Exception):
    """What the user is told."""


def median(values):
    return statistics.median(values)


def _stop_by_signal(*_):
    raise KeyboardInterrupt


class Work:
    def __init__(self, programs, parent=None):
        self.programs = os.path.abspath(programs)
        self.folder = tempfile.mkdtemp(prefix="causeway-bench-", dir=parent)
        # Others may pass through, not look: a database server runs as another user.
        os.chmod(self.folder, 0o711)
        self._running = []
        self._handlers = {}

    def __enter__(self):
        self._handlers = {number: signal.getsignal(number)
                          for number in (signal.SIGINT, signal.SIGTERM)}
        signal.signal(signal.SIGTERM, _stop_by_signal)
        return self

    def __exit__(self, *_):
        # A second interrupt must not leave half of it behind.
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(self._running):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(STOP_WAIT_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def new_folder(self, name):
        path = self.path(name)
        os.mkdir(path)
        return path

    def program(self, name):
        path = os.path.join(self.programs, name)
        if not os.access(path, os.X_OK):
            raise Failure(f"{path} is missing: build it first (./dev bench ledger does)")
        return path

    def start(self, arguments, **options):
        """A process that ends with this at the latest. Interrupts of the terminal reach only us."""
        process = subprocess.Popen(arguments, start_new_session=True, **options)
        self._running.append(process)
        return process

    def run(self, arguments, shows=False, **options):
        """To its end; what it printed when it fails. `shows`: its lines go to our output too."""
        process = self.start(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             **options)
        printed = []
        for line in process.stdout:
            printed.append(line)
            if shows and not line.startswith(("{", "}", " ")):
                print("  " + line, end="", flush=True)
        process.wait()
        self._running.remove(process)
        if process.returncode != 0:
            raise Failure(f"{' '.join(arguments)}\nended with {process.returncode}:\n"
                          + "".join(printed[-40:]))
        return "".join(printed)

    def run_json(self, name, *arguments, shows=False):
        """A program that writes one JSON object to the file behind its --json."""
        path = self.path("figures.json")
        self.run([self.program(name), *arguments, "--json", path], shows=shows)
        with open(path, encoding="utf-8") as file:
            return json.load(file)
