"""One ledger against the limits of the machine and against PostgreSQL, in one run.

    ./dev bench ledger [--quick] [--rounds N] [--dir DIR] [--no-postgres] [--json FILE]

Measures what the machine can do, then the ledger in process, over gRPC and after a kill, then the
same payments in PostgreSQL, and prints ratios. Everything it makes is in a new folder below DIR,
which goes when it ends, and so do the processes that it started. `--only` measures some parts.
"""

import frame
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


def measure(here, arguments, sizes, figures):
    if "in-process" in arguments.parts:
        in_process.measure(here, sizes, arguments.rounds, figures)
    if "growth" in arguments.parts:
        in_process.measure_growth(here, sizes, figures)
    if "grpc" in arguments.parts:
        over_grpc.measure(here, sizes, arguments.rounds, figures)
    frame.compare_with_postgres(
        arguments, postgres, lambda: postgres.measure(here, sizes, arguments.rounds, figures))


def main():
    arguments = frame.parse_arguments("ledger", __doc__.split("\n", maxsplit=1)[0], PARTS, rounds=5)
    sizes = Sizes(arguments.size)
    figures = frame.run(
        arguments, lambda here, figures: measure(here, arguments, sizes, figures))
    report.add_ratios(figures)
    frame.write_json(arguments, figures)
    print(report.as_text(figures))
    missing = report.missing_keys(figures)
    if missing and not arguments.only:
        raise work.Failure(f"a whole run has no {', '.join(missing)}")


if __name__ == "__main__":
    frame.exit_with("ledger", main)
