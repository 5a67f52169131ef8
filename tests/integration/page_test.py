#!/usr/bin/python3
"""The page of a run: asks nobody for anything, runs no script but its own, and draws its plots.

Drawing is seen in Chromium where it is installed; the rest needs no browser.
"""

import base64
import hashlib
import html.parser
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

BIN = os.environ["CAUSEWAY_BIN_DIR"]
SOURCE = os.environ["CAUSEWAY_SOURCE_DIR"]
CHROMIUM = shutil.which("chromium")
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'>"


class Page(html.parser.HTMLParser):
    """Elements with their attributes, and the text of each script and style."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.embedded, self.open = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.open = (tag, dict(attrs), [])

    def handle_data(self, data):
        if self.open:
            self.open[2].append(data)

    def handle_endtag(self, tag):
        if self.open and tag == self.open[0]:
            self.embedded.append((self.open[0], self.open[1], "".join(self.open[2])))
            self.open = None

    def policy(self):
        return next(a["content"] for t, a in self.elements
                    if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")

    def plots(self):
        return json.loads(next(text for _, a, text in self.embedded if a.get("id") == "plots"))


def simulate(scenario, folder):
    subprocess.run([os.path.join(BIN, "causeway-sim"), "run", scenario, "--quiet", "--out", folder],
                   check=False, timeout=60)
    with open(os.path.join(folder, "report.html"), encoding="utf-8") as file:
        return file.read()


class Browser:
    """What Chromium makes of a page."""

    def __init__(self, path, width=900, fragment=""):
        with tempfile.TemporaryDirectory() as profile:
            done = subprocess.run(
                [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                 f"--user-data-dir={profile}", f"--window-size={width},2000",
                 "--virtual-time-budget=2000", "--dump-dom", f"file://{path}{fragment}"],
                capture_output=True, text=True, check=True, timeout=100)
        self.dom = done.stdout
        self.complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="causeway-page-")
        cls.path = os.path.join(cls.folder, "pilot", "report.html")
        cls.text = simulate(os.path.join(SOURCE, "scenarios", "mbridge-pilot-2022.txtpb"),
                            os.path.dirname(cls.path))
        cls.page = Page(cls.text)
        with open(os.path.join(SOURCE, "scenarios", "first-swap.txtpb"), encoding="utf-8") as file:
            scenario = file.read()
        hostile = os.path.join(cls.folder, "hostile.txtpb")
        with open(hostile, "w", encoding="utf-8") as file:
            file.write(re.sub(r'^description: .*$', f'description: "{HOSTILE}"', scenario,
                              flags=re.M))
        cls.hostile_path = os.path.join(cls.folder, "hostile", "report.html")
        cls.hostile = simulate(hostile, os.path.dirname(cls.hostile_path))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_nothing_refers_outside(self):
        for tag, attributes in self.page.elements:
            self.assertNotIn(tag, ("link", "iframe", "object", "embed", "base", "form", "img"))
            for name in ("src", "href", "srcset", "action", "style"):
                self.assertNotIn(name, attributes, tag)

    def test_policy_names_every_script_and_nothing_else(self):
        policy = self.page.policy()
        self.assertTrue(policy.startswith("default-src 'none';"))
        hashed = set(re.findall(r"'sha256-([^']+)'", policy))
        found = set()
        for tag, attributes, text in self.page.embedded:
            if attributes.get("type") == "application/json":
                continue
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            self.assertIn(digest, hashed, tag)
            found.add(digest)
        self.assertEqual(found, hashed)
        self.assertNotIn("unsafe", policy)

    def test_same_run_gives_the_same_bytes(self):
        again = simulate(os.path.join(SOURCE, "scenarios", "mbridge-pilot-2022.txtpb"),
                         os.path.join(self.folder, "again"))
        self.assertEqual(again, self.text)

    def test_hostile_description_adds_no_element(self):
        tags = [tag for tag, _ in Page(self.hostile).elements]
        self.assertEqual(tags.count("script"), 4)
        self.assertEqual(tags.count("img"), 0)
        self.assertIn("owned", self.hostile)

    def test_every_plot_has_a_place_a_caption_and_its_data(self):
        plots = self.page.plots()
        self.assertEqual([plot["id"] for plot in plots],
                         ["network", "corridors", "value", "queue-length", "queue-value",
                          "liquidity", "delay"] +
                         [f"{plot}-{currency}" for currency in ("hkd", "thb", "cny", "aed")
                          for plot in ("throughput", "liquidity-in-use")])
        ids = {attributes.get("id") for _, attributes in self.page.elements}
        for plot in plots:
            self.assertLessEqual({f"plot-{plot['id']}", f"data-{plot['id']}"}, ids)

    @unittest.skipUnless(CHROMIUM, "Chromium is not installed")
    def test_browser_draws_every_plot_at_every_width(self):
        for width in (1200, 500):
            seen = Browser(self.path, width)
            self.assertEqual(seen.complaints, [])
            drawn = re.findall(r'<svg class="drawn" id="figure-([a-z-]+)".*?</svg>', seen.dom, re.S)
            self.assertEqual(drawn, [plot["id"] for plot in self.page.plots()])
            for svg in re.findall(r'<svg class="drawn".*?</svg>', seen.dom, re.S):
                self.assertNotIn("NaN", svg)
                self.assertNotIn("undefined", svg)
                self.assertNotIn("Infinity", svg)

    @unittest.skipUnless(CHROMIUM, "Chromium is not installed")
    def test_browser_runs_nothing_that_a_scenario_holds(self):
        seen = Browser(self.hostile_path)
        self.assertNotIn("<title>owned", seen.dom)
        self.assertEqual(seen.complaints, [])

    def expect_figures(self, path, ids):
        """As docs/formats/report.md takes them out of a page: one line, an SVG document by itself."""
        with open(path, encoding="utf-8") as file:
            self.assertEqual(re.findall(r'id="plot-([a-z-]*)', file.read()), ids)
        for figure in ids:
            seen = Browser(path, fragment=f"#svg={figure}")
            lines = [line for line in seen.dom.splitlines() if line.startswith("<svg")]
            self.assertEqual(len(lines), 1, figure)
            root = xml.etree.ElementTree.fromstring(lines[0])
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg", figure)
            self.assertGreater(sum(1 for _ in root.iter()), 10, figure)
            self.assertNotIn("var(", lines[0], figure)  # colours of a style sheet that is not there
            self.assertNotIn("<section", seen.dom, figure)

    @unittest.skipUnless(CHROMIUM, "Chromium is not installed")
    def test_browser_gives_each_figure_of_a_run_alone_in_colours_for_print(self):
        self.expect_figures(self.path, [plot["id"] for plot in self.page.plots()])

    @unittest.skipUnless(CHROMIUM, "Chromium is not installed")
    def test_browser_gives_each_figure_of_a_study_alone_in_colours_for_print(self):
        folder = os.path.join(self.folder, "study")
        simulate(os.path.join(SOURCE, "scenarios", "studies", "fx-day-2025.txtpb"), folder)
        self.expect_figures(os.path.join(folder, "USD", "report.html"),
                            ["network", "corridors", "throughput", "queue-length", "queue-value",
                             "liquidity"])  # and no delays: all settle when they are due

    def write_ring(self):
        """Two days of a ring that nobody has the money to begin."""
        folder = os.path.join(self.folder, "ring")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "accounts.csv"), "w", encoding="utf-8") as file:
            file.write("id,balance\na,0\nb,5\nc,0\n")
        with open(os.path.join(folder, "payments.csv"), "w", encoding="utf-8") as file:
            file.write("sender,recipient,amount,day,time\n")
            for day in (1, 2):
                file.write(f"a,b,100,{day},09:00\nb,c,100,{day},09:10\nc,a,100,{day},09:20\n")
                file.write(f"c,b,30,{day},11:00\n")
        return folder

    @unittest.skipUnless(CHROMIUM, "Chromium is not installed")
    def test_twelve_lines_of_a_sweep_all_differ(self):
        """From the eighth on, colour and dash repeated together."""
        out = os.path.join(self.folder, "sweep")
        subprocess.run([os.path.join(BIN, "causeway-sim"), "sweep", "--csv", self.write_ring(),
                        "--set", "liquidity=0,1", "--set", "lsm=none,bilateral,bech-soramaki,cycle",
                        "--set", "queue=fifo,fifo-bypass,priority", "--out", out],
                       check=True, timeout=60, stdout=subprocess.DEVNULL)
        seen = Browser(os.path.join(out, "report.html"))
        looks = re.findall(r'stroke="(var[^"]*)" stroke-width="2.5" stroke-dasharray="([^"]*)"',
                           seen.dom)
        self.assertEqual(len(looks), 12)
        self.assertEqual(len(set(looks)), 12)

    @unittest.skipUnless(CHROMIUM, "Chromium is not installed")
    def test_heads_of_a_sweeps_table_stay_in_their_columns(self):
        """The first is the path of a setting, which had no place to break."""
        out = os.path.join(self.folder, "wide")
        path = "participants[*].opening_balances[*].amount"
        subprocess.run([os.path.join(BIN, "causeway-sim"), "sweep",
                        os.path.join(SOURCE, "scenarios", "gridlock.txtpb"),
                        "--set", path + "=1000000.00,2000000.00", "--out", out],
                       check=True, timeout=60, stdout=subprocess.DEVNULL)
        with open(os.path.join(out, "report.html"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn(path + "</th>", text)
        # The page lets no other script run, so this one is run in a copy without the policy.
        script = """<script>
            const wide = [];
            for (const cell of document.querySelectorAll("th")) {
              const range = document.createRange();
              range.selectNodeContents(cell);
              const over = range.getBoundingClientRect().right - cell.getBoundingClientRect().right;
              if (over > 1) wide.push(cell.textContent);
            }
            document.title = `wide: ${JSON.stringify(wide)}`;
            </script>"""
        copy = os.path.join(out, "copy.html")
        with open(copy, "w", encoding="utf-8") as file:
            file.write(re.sub("<meta http-equiv[^>]*>", "", text).replace("</body>",
                                                                          script + "</body>"))
        for width in (1200, 500):
            self.assertIn("<title>wide: []</title>", Browser(copy, width).dom)

    @unittest.skipUnless(CHROMIUM, "Chromium is not installed")
    def test_axis_of_several_days_has_day_and_hour_without_nights(self):
        out = os.path.join(self.folder, "days")
        subprocess.run([os.path.join(BIN, "causeway-sim"), "run", "--csv", self.write_ring(),
                        "--opens", "08:00", "--closes", "18:00", "--quiet", "--out", out],
                       check=True, timeout=60)
        seen = Browser(os.path.join(out, "report.html"))
        plot = re.search(r'<svg class="drawn" id="figure-queue-length".*?</svg>', seen.dom, re.S)
        at = {label: float(x) for x, label in
              re.findall(r'<text x="([0-9.]+)"[^>]*>(day \d [0-9:]*)</text>', plot.group(0))}
        self.assertIn("day 1 12:00", at)
        self.assertIn("day 2 08:00", at)
        self.assertFalse([label for label in at if not 8 <= int(label[6:8]) <= 18], at)
        # Ten hours from opening to opening: four of them to noon.
        hour = (at["day 2 08:00"] - at["day 1 12:00"]) / 6
        self.assertAlmostEqual(at["day 2 12:00"] - at["day 2 08:00"], 4 * hour, delta=1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
