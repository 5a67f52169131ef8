#!/usr/bin/python3
"""Runs docs/how-to/run-a-settlement-queue.md: its configuration and its commands, in order, on a live
corridor, and compares what they print with what the page says. "..." in an expected line stands for
anything, and alone for any lines. Names of the page that differ here (addresses, accounts, the end of
a trade's time) are put in their place.
"""

import os
import re
import subprocess
import time
import unittest

from corridor import SOURCE, program, read
from queue_test import CURRENCIES, MEMBERS, LiveQueue

PAGE = os.path.join(SOURCE, "docs", "how-to", "run-a-settlement-queue.md")
UNTIL = "2026-12-01T16:00:00"


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
        self.live = LiveQueue(lambda corridor: self.here(self.config(), corridor))
        self.addCleanup(self.live.stop)
        self.background = []
        self.addCleanup(self.end_agents)
        self.until = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 86400))

    def config(self):
        block = re.search(r"^    settlement_queue \{\n.*?^    \}\n", self.page, re.S | re.M).group(0)
        return "\n" + re.sub(r"^    ", "", block, flags=re.M)

    def names(self, corridor):
        names = {}
        for currency in CURRENCIES:
            names[f"{currency.lower()}.example:7001"] = corridor.ledgers[currency]["address"]
            for member in MEMBERS:
                names[f"{currency}21{member.replace('-', '')}"] = corridor.account(member, currency)
        return names

    def here(self, text, corridor):
        for name, value in self.names(corridor).items():
            text = text.replace(name, value)
        return text

    def write_wallets(self):
        for member in MEMBERS:
            files = self.live.corridor.participants[member]
            with open(os.path.join(self.live.folder, f"{member.lower()}.toml"), "w",
                      encoding="utf-8") as file:
                for option, value in {
                        "bridge": self.live.corridor.description["bridge"]["address"],
                        "participant": member, "tls-cert": files["certificate"],
                        "tls-key": files["tls_key"],
                        "tls-ca": self.live.corridor.description["ca"],
                        "key": files["key"]}.items():
                    file.write(f'{option} = "{value}"\n')

    def run_command(self, command):
        command = self.here(command, self.live.corridor).replace(UNTIL, self.until)
        environment = {"HOME": self.live.folder,
                       "PATH": f"{os.path.dirname(program('causeway-wallet'))}:{os.environ['PATH']}"}
        if command.endswith("&"):
            # Without the shell: it would stay when the shell is ended.
            log = os.path.join(self.live.folder, f"agent-{len(self.background)}.log")
            with open(log, "w", encoding="utf-8") as file:
                self.background.append(subprocess.Popen(
                    [program("causeway-wallet"), *command.rstrip("& ").split()[1:]],
                    cwd=self.live.folder, env=environment, stdout=file, stderr=file))
            return ""
        result = subprocess.run(["bash", "-c", command], cwd=self.live.folder, env=environment,
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, f"{command}\n{result.stdout}{result.stderr}")
        return result.stdout

    def end_agents(self):
        for process in self.background:
            process.kill()
            process.wait()

    def agents(self):
        return "".join(read(os.path.join(self.live.folder, name)).decode()
                       for name in sorted(os.listdir(self.live.folder)) if name.startswith("agent-"))

    def test_page(self):
        self.write_wallets()
        ran = 0
        for block in fenced(self.page):
            steps = []
            for line in block:
                if line.startswith("$ "):
                    steps.append((line[2:], []))
                elif steps:
                    steps[-1][1].append(line)
            for command, expected in steps:
                if "TRADE" in command:
                    command = command.replace("TRADE", self.one_sided_trade())
                    expected = ["...", "state returned", "..."]
                printed = self.run_command(command)
                expected = [line.replace(UNTIL, self.until) for line in expected]
                self.assertTrue(
                    re.fullmatch(pattern_of(expected), printed),
                    f"$ {command}\nexpected:\n" + "\n".join(expected) + f"\nprinted:\n{printed}"
                    f"\nagents:\n{self.agents()}")
                ran += 1
        self.assertEqual(ran, 15)

    def one_sided_trade(self):
        printed = self.run_command(
            "causeway-wallet --json --config bank-a.toml queue enter --trades a-trades --reference "
            f'DEAL-4 --counterparty BANK-B --pay "1.00 EUR" --get "1.00 USD" --valid-until {UNTIL}Z')
        return re.search(r'"trade_id": ?"([0-9a-f]{64})"', printed).group(1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
