#!/usr/bin/python3
"""Runs clang-tidy over the sources of the tree, as build/tidy compiles them.

Usage: tidy.py [FOLDER...]: what lies in these folders, or everything. `./dev lint --tidy`
configures build/tidy first. Sources are read several at once, as the compiler reads them
(CMAKE_UNITY_BUILD): clang-tidy looks at every header again for each file that it is given, and that
is most of what one costs. What was found clean is remembered by what the compiler saw of it, so that a later run looks
only at what changed. Prints what clang-tidy finds, and exits with 1 when that is anything.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.join(ROOT, "build", "tidy")
CLEAN = os.path.join(BUILD, "clean")
MEMORY_KIB_EACH = 1_500_000  # what one may take
INCLUDED = re.compile(r'^#include "(.*)"$', re.MULTILINE)


def sources_of(entry):
    """The sources that this entry of the compile database reads, relative to the root."""
    path = entry["file"]
    if "/Unity/unity_" not in path:
        return [os.path.relpath(path, ROOT)]
    with open(path, encoding="utf-8") as file:
        return [os.path.relpath(name, ROOT) for name in INCLUDED.findall(file.read())]


def units(folders):
    """The entries of the compile database with a source below one of the folders."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            sources = [s for s in sources_of(entry) if not s.startswith("build/")]
            if any(s.startswith(tuple(f"{f}/" for f in folders)) for s in sources):
                yield entry, sources


def key_of(entry):
    """What the verdict depends on: what the compiler sees, with comments, and the rules."""
    command = shlex.split(entry["command"])
    command[command.index("-o"):command.index("-o") + 2] = []
    command[command.index("-c")] = "-E"
    seen = subprocess.run(command + ["-C"], cwd=entry["directory"], check=True,
                          capture_output=True).stdout
    with open(os.path.join(ROOT, ".clang-tidy"), "rb") as file:
        return hashlib.sha256(seen + file.read()).hexdigest()


def check(entry):
    """What clang-tidy finds in it ("" for nothing), and whether it had to look."""
    mark = os.path.join(CLEAN, key_of(entry))
    if os.path.exists(mark):
        return "", False
    done = subprocess.run(
        ["clang-tidy", "-p", BUILD, "--quiet", "--warnings-as-errors=*", entry["file"]],
        cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode == 0:
        open(mark, "w", encoding="utf-8").close()
        return "", True
    return done.stdout or done.stderr, True


def jobs():
    with open("/proc/meminfo", encoding="utf-8") as file:
        available = re.search(r"MemAvailable:\s+(\d+)", file.read())
    return max(1, min(os.cpu_count(), int(available.group(1)) // MEMORY_KIB_EACH))


def main():
    folders = [os.path.relpath(os.path.abspath(f), ROOT) for f in sys.argv[1:]] or [
        "settlement", "central-bank-node", "fx-bridge", "observer", "wallet-cli", "scenarios"]
    todo = list(units(folders))
    if not todo:
        sys.exit(f"tidy: no source below {', '.join(folders)}")
    os.makedirs(CLEAN, exist_ok=True)
    start = time.monotonic()
    wrong = looked = 0
    with concurrent.futures.ThreadPoolExecutor(jobs()) as pool:
        for found, did_look in pool.map(check, [entry for entry, _ in todo]):
            looked += did_look
            if found:
                wrong += 1
                print(found, flush=True)
    print(f"tidy: {sum(len(sources) for _, sources in todo)} sources in {len(todo)} units, "
          f"{looked} looked at, {wrong} with findings, {time.monotonic() - start:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
