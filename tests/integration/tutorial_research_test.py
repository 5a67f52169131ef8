#!/usr/bin/python3
"""Runs docs/tutorial-research.md: every command, in order, and compares what it prints.

A line "..." of the page stands for any lines. Commands that build, and those that need a browser
that is not installed, are passed over.
"""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

BIN = os.environ["CAUSEWAY_BIN_DIR"]
SOURCE = os.environ["CAUSEWAY_SOURCE_DIR"]
PAGE = os.path.join(SOURCE, "docs", "tutorial-research.md")
FIGURE = os.path.join(SOURCE, "docs", "figures", "settlement-time.svg")


def steps(text):
    """(command, expected lines) of the indented blocks of the page."""
    found, here = [], None
    for line in text.splitlines():
        if here:
            found[-1][0] += "\n" + line[4:]
            if line[4:] == here:
                here = None
        elif line.startswith("    $ "):
            found.append([line[6:], []])
            document = re.search(r"<<'(\w+)'$", line)
            here = document.group(1) if document else None
        elif line.startswith("    ") and found:
            found[-1][1].append(line[4:])
        elif line == "" and found and found[-1][1]:
            found[-1][1].append("")
    for step in found:
        while step[1] and step[1][-1] == "":
            step[1].pop()
    return found


def matches(expected, actual):
    pattern = "\n".join(r"(?:.*\n)*?.*" if line == "..." else re.escape(line) for line in expected)
    return re.fullmatch(pattern, "\n".join(actual)) is not None


class TutorialTest(unittest.TestCase):
    def test_every_step_does_what_the_page_says(self):
        with open(PAGE, encoding="utf-8") as file:
            page = file.read()
        run = 0
        with tempfile.TemporaryDirectory(prefix="causeway-tutorial-") as folder:
            environment = dict(os.environ, PATH=f"{BIN}:{os.environ['PATH']}", HOME=folder)
            for command, expected in steps(page):
                if command.startswith(("./dev ", "export ")):
                    continue
                if command.startswith("chromium"):
                    self.draw(command, folder, environment)
                    continue
                done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment,
                                      capture_output=True, text=True, timeout=240, check=False)
                self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
                actual = done.stdout.rstrip("\n").split("\n") if done.stdout else []
                self.assertTrue(matches(expected, actual),
                                f"$ {command}\nthe page has\n" + "\n".join(expected) +
                                "\nit printed\n" + done.stdout)
                run += 1
        self.assertGreaterEqual(run, 9)

    def draw(self, command, folder, environment):
        """The figure that the page shows is the one that its command draws."""
        if not shutil.which("chromium"):
            return
        command = command.replace("--headless", f"--headless --no-sandbox --user-data-dir={folder}/x")
        subprocess.run(["bash", "-c", command], cwd=folder, env=environment, check=True,
                       stderr=subprocess.DEVNULL, timeout=100)
        with open(os.path.join(folder, "curve.svg"), encoding="utf-8") as drawn:
            with open(FIGURE, encoding="utf-8") as shown:
                self.assertEqual(drawn.read(), shown.read(),
                                 "docs/figures/settlement-time.svg is not what the page draws")


if __name__ == "__main__":
    unittest.main(verbosity=2)
