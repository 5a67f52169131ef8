#!/usr/bin/python3
"""What causeway-sim does around studies and runs: whose files it may overwrite, and whether another
can make the same report from what it tells."""

import filecmp
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = os.environ.get("CAUSEWAY_SOURCE_DIR",
                        os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BIN = os.environ.get("CAUSEWAY_BIN_DIR", os.path.join(SOURCE, "build", "release", "bin"))
SIM = os.path.join(os.path.abspath(BIN), "causeway-sim")
ACCOUNTS = "id,balance\na,100\nb,50\n"
PAYMENTS = "sender,recipient,amount,time\na,b,120,09:00\nb,a,60,09:30\n"


class StudyCommand(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, folder, **tables):
        os.makedirs(self.path(folder), exist_ok=True)
        for name, text in tables.items():
            with open(self.path(folder, name + ".csv"), "w", encoding="utf-8") as file:
                file.write(text)

    def read(self, *names):
        with open(self.path(*names), encoding="utf-8") as file:
            return file.read()

    def sim(self, *arguments, shell=None):
        command = ["bash", "-c", shell] if shell else [SIM, *arguments]
        return subprocess.run(command, cwd=self.folder, check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, PATH=f"{os.path.dirname(SIM)}:/usr/bin:/bin"))

    def command_of(self, *names):
        """The command that a page tells to make it again."""
        page = html.unescape(self.read(*names))
        return re.search(r"causeway-sim (?:run|sweep) [^\n<]*", page).group(0)

    def test_results_never_overwrite_another_study(self):
        self.write("day", accounts=ACCOUNTS, payments=PAYMENTS)
        self.write("other", accounts=ACCOUNTS, payments=PAYMENTS)
        done = self.sim("run", "--csv", "day", "--out", "other")
        self.assertEqual(done.returncode, 64, done.stdout)
        self.assertIn("holds payments or accounts", done.stdout)
        self.assertEqual(self.read("other", "accounts.csv"), ACCOUNTS)
        scenario = os.path.join(SOURCE, "scenarios", "first-swap.txtpb")
        self.assertEqual(self.sim("run", scenario, "--out", "other").returncode, 64)
        self.assertEqual(self.read("other", "payments.csv"), PAYMENTS)

    def test_folder_that_is_not_there_is_named(self):
        """It was "accounts.csv: cannot be read", of no folder and for no reason."""
        done = self.sim("run", "--csv", "nosuch")
        self.assertEqual((done.returncode, done.stdout),
                         (65, "--csv nosuch: there is no such folder\n"))
        self.write("day", accounts=ACCOUNTS, payments=PAYMENTS)
        done = self.sim("run", "--csv", os.path.join("day", "accounts.csv"))
        self.assertEqual(done.returncode, 65)
        self.assertIn("is no folder", done.stdout)

    def test_seed_of_a_folder_is_refused(self):
        """There is no chance in it; whoever gave a seed was not told."""
        self.write("day", accounts=ACCOUNTS, payments=PAYMENTS)
        done = self.sim("run", "--csv", "day", "--seed", "4")
        self.assertEqual(done.returncode, 64)
        self.assertIn("--seed is for presets, scenarios and behaviours", done.stdout)

    def test_behaviours_of_a_folder_have_a_seed_that_can_be_replaced(self):
        """--seed was taken and did nothing."""
        payments = "sender,recipient,amount,time\n" + "".join(
            f"a,b,1,{10 + i // 30}:{i % 30:02}\n" for i in range(60))
        self.write("day", accounts=ACCOUNTS, payments=payments)
        with open(self.path("b.txtpb"), "w", encoding="utf-8") as file:
            file.write('# proto-message: StudyBehaviours\nseed: 1\nbehaviours { banks: "a" '
                       'withhold { from: "09:00" to: "17:00" probability_milli: 500 } }\n')
        for out, seed in (("one", []), ("again", ["--seed", "1"]), ("two", ["--seed", "2"])):
            done = self.sim("run", "--csv", "day", "--behaviours", "b.txtpb", *seed, "--quiet",
                            "--out", out)
            self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.read("one", "indicators.json"), self.read("again", "indicators.json"))
        self.assertNotEqual(self.read("one", "payments.csv"), self.read("two", "payments.csv"))
        command = self.command_of("two", "report.html")
        self.assertEqual(self.sim(shell=command + " --quiet --out redone").returncode, 0, command)
        self.assertEqual(self.read("two", "report.html"), self.read("redone", "report.html"))

    def test_sweep_of_a_folder_takes_behaviours_and_seeds_of_theirs(self):
        payments = "sender,recipient,amount,time\n" + "".join(
            f"a,b,1,{10 + i // 30}:{i % 30:02}\n" for i in range(60))
        self.write("day", accounts=ACCOUNTS, payments=payments)
        with open(self.path("b.txtpb"), "w", encoding="utf-8") as file:
            file.write('# proto-message: StudyBehaviours\nbehaviours { banks: "a" withhold { from: '
                       '"09:00" to: "17:00" probability_milli: 500 } }\n')
        sweep = ["sweep", "--csv", "day", "--set", "lsm=none,bilateral", "--x", "liquidity_value"]
        done = self.sim(*sweep, "--behaviours", "b.txtpb", "--seeds", "3", "--out", "swept")
        self.assertEqual(done.returncode, 0, done.stdout)
        lines = self.read("swept", "sweep.csv").splitlines()
        self.assertEqual(len(lines), 1 + 2 * 3)
        delay = lines[0].split(",").index("delay")
        self.assertGreater(len({line.split(",")[delay] for line in lines[1:]}), 1)
        self.assertIn("--behaviours b.txtpb --set lsm=none,bilateral --seeds 3 --first-seed 1",
                      self.command_of("swept", "report.html"))
        done = self.sim(*sweep, "--seeds", "3", "--out", "other")
        self.assertEqual(done.returncode, 64)
        self.assertIn("no chance in a folder of payments without --behaviours", done.stdout)
        done = self.sim("sweep", os.path.join(SOURCE, "scenarios", "studies", "rits-day.txtpb"),
                        "--behaviours", "b.txtpb", "--out", "other")
        self.assertEqual(done.returncode, 64)
        self.assertIn("--behaviours is for --csv", done.stdout)

    def test_comparison_of_studies_says_what_to_use(self):
        """It could not read a file that no study has."""
        self.write("day", accounts=ACCOUNTS, payments=PAYMENTS)
        self.sim("run", "--csv", "day", "--out", "out", "--quiet")
        done = self.sim("compare", "out", "out")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("out has the results of a study, and compare is for runs of scenarios",
                      done.stdout)

    def test_days_without_payments_are_said_to_have_none(self):
        self.write("day", accounts=ACCOUNTS, payments="sender,recipient,amount,time\n")
        done = self.sim("run", "--csv", "day")
        self.assertEqual(done.returncode, 0)
        self.assertIn("the table of payments holds none", done.stdout)

    def test_results_replace_earlier_ones(self):
        self.write("day", accounts=ACCOUNTS, payments=PAYMENTS)
        for _ in range(2):
            done = self.sim("run", "--csv", "day", "--out", "out")
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_report_of_a_folder_tells_its_digest_and_a_command_that_makes_it_again(self):
        self.write("o'b & c", accounts=ACCOUNTS, payments=PAYMENTS)
        done = self.sim("run", "--csv", "o'b & c", "--lsm", "bilateral", "--out", "first")
        self.assertEqual(done.returncode, 0, done.stdout)
        lines = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}.csv\n"
                        for name, text in (("accounts", ACCOUNTS), ("payments", PAYMENTS)))
        digest = hashlib.sha256(lines.encode()).hexdigest()
        self.assertEqual(json.loads(self.read("first", "indicators.json"))["input_sha256"], digest)
        self.assertIn(digest, self.read("first", "report.html"))
        command = self.command_of("first", "report.html")
        again = self.sim(shell=command + " --out again")
        self.assertEqual(again.returncode, 0, command + again.stdout)
        self.assertTrue(filecmp.cmp(self.path("first", "report.html"),
                                    self.path("again", "report.html"), shallow=False))

    def test_report_of_a_preset_has_no_path_and_the_digest_of_its_file(self):
        preset = os.path.join(SOURCE, "scenarios", "studies", "rits-day.txtpb")
        os.makedirs(self.path("a"))
        shutil.copy(preset, self.path("a"))
        for spelling, out in (("a/rits-day.txtpb", "one"), ("./a/../a/rits-day.txtpb", "two")):
            done = self.sim("run", spelling, "--quiet", "--out", out)
            self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue(filecmp.cmp(self.path("one", "report.html"),
                                    self.path("two", "report.html"), shallow=False))
        with open(preset, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        self.assertIn(digest, self.read("one", "report.html"))

    def test_command_of_a_scenario_has_the_flags_that_change_the_run(self):
        scenario = os.path.join(SOURCE, "scenarios", "mechanisms.txtpb")
        shutil.copy(scenario, self.path("scenario.txtpb"))
        done = self.sim("run", "scenario.txtpb", "--mechanism", "cls_style", "--no-faults",
                        "--no-observer", "--quiet", "--out", "first")
        self.assertTrue(os.path.exists(self.path("first", "report.html")), done.stdout)
        command = self.command_of("first", "report.html")
        self.assertIn("--mechanism cls_style --no-faults --no-observer", command)
        self.sim(shell=command.replace("--out report", "--quiet --out again"))
        self.assertTrue(filecmp.cmp(self.path("first", "report.html"),
                                    self.path("again", "report.html"), shallow=False))


if __name__ == "__main__":
    unittest.main()
