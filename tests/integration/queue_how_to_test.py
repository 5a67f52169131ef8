#!/usr/bin/python3
"""Runs docs/how-to/run-a-settlement-queue.md: its commands, in order, and compares what they print
with what the page says. "..." in an expected line stands for anything, and alone for any lines. The
configuration that the page shows must be that of the corridor's bridge, with the accounts of there.
"""

import json
import os
import re
import signal
import subprocess
import unittest

from google.protobuf import text_format

from corridor import SOURCE, STOP_WAIT_S, new_folder, program, read
from causeway.v1 import config_pb2 as config_pb

PAGE = os.path.join(SOURCE, "docs", "how-to", "run-a-settlement-queue.md")
CURRENCIES = ["EUR", "USD", "JPY"]
MEMBERS = ["BANK-A", "BANK-B", "BANK-C"]
COMMANDS = 20
START_WAIT_S = 60


def fenced(text):
    return [block.strip("\n").split("\n") for block in re.findall(r"```\n(.*?)```", text, re.S)]


def pattern_of(lines):
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
            continue
        words = [re.escape(word) for word in line.split()]
        # Columns are as wide as what is in them.
        parts.append(r"\s*" + r"\s+".join(words).replace(re.escape("..."), r".*") + r"\s*\n")
    return "".join(parts)


class HowTo(unittest.TestCase):
    def setUp(self):
        self.page = read(PAGE).decode()
        self.folder = new_folder("queue-how-to")
        os.symlink(os.path.join(SOURCE, "scenarios"), os.path.join(self.folder, "scenarios"))
        self.environment = {"HOME": self.folder, "PATH": os.pathsep.join(
            [os.path.dirname(program("causeway-wallet")), os.environ["PATH"]])}
        self.background = []
        self.addCleanup(self.end_background)

    def run_command(self, command):
        if command.endswith("&"):
            # Without the shell: it would stay when the shell is ended.
            words = command.rstrip("& ").split()
            log = self.path(f"background-{len(self.background)}.log")
            with open(log, "w", encoding="utf-8") as file:
                self.background.append(subprocess.Popen(
                    [program(words[0]), *words[1:]], cwd=self.folder, env=self.environment,
                    stdout=file, stderr=file))
            return ""
        result = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment,
                                capture_output=True, text=True, check=False, timeout=START_WAIT_S)
        self.assertEqual(result.returncode, 0,
                         f"{command}\n{result.stdout}{result.stderr}{self.logs()}")
        return result.stdout

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def end_background(self):
        for process in reversed(self.background):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_WAIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def logs(self):
        return "".join(f"\n{name}:\n{read(self.path(name)).decode()}"
                       for name in sorted(os.listdir(self.folder)) if name.endswith(".log"))

    def steps(self):
        """Commands of the page with the lines that they print."""
        steps = []
        for block in fenced(self.page):
            for line in block:
                if line.startswith("$ "):
                    steps.append((line[2:], []))
                else:
                    steps[-1][1].append(line)
        return steps

    def test_page(self):
        ran = 0
        for command, expected in self.steps():
            if "TRADE" in command:
                command = command.replace("TRADE", self.one_sided_trade())
                expected = ["...", "state returned", "..."]
            printed = self.run_command(command)
            self.assertTrue(
                re.fullmatch(pattern_of(expected), printed),
                f"$ {command}\nexpected:\n" + "\n".join(expected) + f"\nprinted:\n{printed}"
                f"{self.logs()}")
            ran += 1
        self.assertEqual(ran, COMMANDS)
        self.check_configuration()

    def check_configuration(self):
        block = re.search(r"^    settlement_queue \{\n.*?^    \}\n", self.page, re.S | re.M).group(0)
        description = json.loads(read(self.path("corridor", "corridor.json")))
        for member in MEMBERS:
            accounts = description["participants"][member]["accounts"]
            for currency in CURRENCIES:
                block = block.replace(f"{currency}21{member.replace('-', '')}", accounts[currency])
        shown = text_format.Parse(block, config_pb.BridgeConfig())
        written = text_format.Parse(read(self.path("corridor", "bridge", "bridge.txtpb")).decode(),
                                    config_pb.BridgeConfig())
        self.assertEqual(shown.settlement_queue, written.settlement_queue)

    def test_same_trades_settle_in_virtual_time(self):
        self.run_command("causeway-sim run scenarios/settlement-queue.txtpb --quiet")

    def one_sided_trade(self):
        printed = self.run_command(
            "causeway-wallet --json --config bank-a.toml queue enter --trades a-trades --reference "
            'DEAL-4 --counterparty BANK-B --pay "1.00 EUR" --get "1.00 USD" --valid-until $(cat until)')
        return re.search(r'"trade_id": ?"([0-9a-f]{64})"', printed).group(1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
