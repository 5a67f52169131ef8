"""One ledger against the limits of the machine and against PostgreSQL, in one run.

    ./dev bench ledger [--quick] [--rounds N] [--dir DIR] [--no-postgres] [--json FILE]

Measures what the machine can do, then the ledger in process, over gRPC and after a kill, then the
same payments in PostgreSQL, and prints ratios. Everything it makes is in a new folder below DIR,
which goes when it ends, and so do the processes that it started. `--only` measures some parts.
"""

import argparse
import json
import os
import sys

import in_process
import over_grpc
import postgres
import report
import work

PARTS = ("limits", "in-process", "growth", "grpc", "postgres")


class Sizes:
    """How much of everything: a full run, `--quick`, or `--smoke`."""

    def __init__(self, name):
        full, quick = name == "full", name == "quick"
        self.name = name
        self.batch = 8192 if full or quick else 256
        self.accounts = 1_000_000 if full or quick else 2_000
        self.round_bulks = 488 if full else 244 if quick else 8
        self.accounts_many = 10_000_000 if full else 1_000_000 if quick else 4_000
        self.accounts_few = 100_000 if full or quick else 1_000
        self.history_parts = 10 if full else 5 if quick else 2
        self.history_payments = 50_000_000 if full else 10_000_000 if quick else 4_096
        self.singles = 60_000 if full else 30_000 if quick else 200
        self.one_by_one = 3_000 if full else 1_500 if quick else 50
        self.open_loop_peak_payments = (244 if full else 122 if quick else 1) * 8192
        self.open_loop_s = 10 if full else 5 if quick else 1
        self.recovery_payments = 50_000_000 if full else 0  # 0: what is there
        self.postgres_s = 10 if full else 5 if quick else 1
        self.postgres_batch_payments = 400_000 if full else 200_000 if quick else 2_000

    @property
    def round_payments(self):
        return self.round_bulks * self.batch


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench ledger", formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__.split("\n", maxsplit=1)[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="smaller: a few minutes")
    size.add_argument("--smoke", action="store_true", help="tiny: whether everything works")
    parser.add_argument("--rounds", type=int, metavar="N", help="of which the median counts (5)")
    parser.add_argument("--only", action="append", choices=PARTS, metavar="PART",
                        help=f"only this part, repeatable: {', '.join(PARTS)}")
    parser.add_argument("--no-postgres", action="store_true", help="without the comparison")
    parser.add_argument("--dir", metavar="DIR", help="below which to work (the temporary one)")
    parser.add_argument("--bin", metavar="DIR", default="build/release/bin",
                        help="where the programs are (build/release/bin)")
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    arguments = parser.parse_args()
    if arguments.rounds is not None and arguments.rounds < 1:
        parser.error(f"--rounds {arguments.rounds}: must be at least 1")
    for flag, folder in (("--dir", arguments.dir), ("--bin", arguments.bin)):
        if folder is not None and not os.path.isdir(folder):
            parser.error(f"{flag} {folder}: is no directory")
    if arguments.json is not None and not os.path.isdir(os.path.dirname(arguments.json) or "."):
        parser.error(f"--json {arguments.json}: its directory does not exist")
    return arguments


def main():
    arguments = parse_arguments()
    size = "smoke" if arguments.smoke else "quick" if arguments.quick else "full"
    sizes = Sizes(size)
    rounds = arguments.rounds or (1 if size == "smoke" else 5)
    parts = arguments.only or list(PARTS)
    figures = {"size": size, "rounds": rounds, "cores": os.cpu_count(),
               "load_before": os.getloadavg()[0]}
    with work.Work(arguments.bin, arguments.dir) as here:
        print(f"{figures['cores']} cores, load {figures['load_before']:.2f} before, "
              f"median of {rounds}, in {here.folder}", flush=True)
        in_process.measure_limits(here, figures)
        if "in-process" in parts:
            in_process.measure(here, sizes, rounds, figures)
        if "growth" in parts:
            in_process.measure_growth(here, sizes, figures)
        if "grpc" in parts:
            over_grpc.measure(here, sizes, rounds, figures)
        if "postgres" in parts and not arguments.no_postgres:
            if postgres.is_installed():
                postgres.measure(here, sizes, rounds, figures)
            elif size != "smoke":
                raise work.Failure("PostgreSQL 15 is not installed (Debian: postgresql-15); "
                                   "--no-postgres leaves it out")
    figures["load_after"] = os.getloadavg()[0]
    report.add_ratios(figures)
    if arguments.json is not None:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)
            file.write("\n")
    print(report.as_text(figures))
    missing = report.missing_keys(figures)
    if missing and not arguments.only:
        raise work.Failure(f"a whole run has no {', '.join(missing)}")


if __name__ == "__main__":
    try:
        main()
    except work.Failure as failure:
        sys.exit(f"bench ledger: {failure}")
    except KeyboardInterrupt:
        sys.exit("bench ledger: interrupted")
