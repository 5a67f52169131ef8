#!/usr/bin/python3
"""Runs docs/how-to/run-a-study.md: writes the files that it shows, runs its commands in order, and
compares what they print with what the page says they print.

In the page, a line that ends in "`NAME`:" names the file that the next indented block holds. In other
blocks a line "$ COMMAND" is run by bash in one folder, and the lines after it are its output; a line
"..." stands for any lines. `--update` writes what was printed into the page.
"""

import os
import re
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("CAUSEWAY_SOURCE_DIR",
                        os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BIN = os.environ.get("CAUSEWAY_BIN_DIR", os.path.join(SOURCE, "build", "release", "bin"))
PAGE = os.path.join(SOURCE, "docs", "how-to", "run-a-study.md")


def blocks(lines):
    """(first line, lines without indentation, the line of text before) of each indented block."""
    at, before = 0, ""
    while at < len(lines):
        if lines[at].startswith("    "):
            first = at
            while at < len(lines) and lines[at].startswith("    "):
                at += 1
            yield first, [line[4:] for line in lines[first:at]], before
            continue
        if lines[at].strip():
            before = lines[at]
        at += 1


def matches(expected, printed):
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + "\n"
                      for line in expected)
    return re.fullmatch(pattern, printed) is not None


def run(command, folder):
    environment = dict(os.environ, PATH=f"{os.path.abspath(BIN)}:{os.environ['PATH']}",
                       STUDIES=os.path.join(os.path.abspath(SOURCE), "scenarios", "studies"))
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout


def main():
    update = sys.argv[1:] == ["--update"]
    with open(PAGE, encoding="utf-8") as file:
        lines = file.read().splitlines()
    failures = commands = 0
    replaced = []
    with tempfile.TemporaryDirectory() as folder:
        for first, block, before in blocks(lines):
            named = re.search(r"`([\w./-]+)`:$", before)
            if named and not block[0].startswith("$ "):
                path = os.path.join(folder, named.group(1))
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write("\n".join(block) + "\n")
                continue
            parts = [i for i, line in enumerate(block) if line.startswith("$ ")] + [len(block)]
            for start, end in zip(parts, parts[1:]):
                commands += 1
                printed = run(block[start][2:], folder)
                expected = block[start + 1:end]
                if "..." not in expected:
                    replaced.append((first + start + 1, first + end, printed.splitlines()))
                if not update and not matches(expected, printed):
                    failures += 1
                    print(f"run-a-study.md:{first + start + 1}: {block[start]}\nprinted\n{printed}"
                          f"and not\n" + "\n".join(expected))
    if update:
        for start, end, printed in reversed(replaced):
            lines[start:end] = ["    " + line if line else "    " for line in printed]
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    print(f"{commands} commands, {failures} failures")
    return 1 if failures or commands == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
