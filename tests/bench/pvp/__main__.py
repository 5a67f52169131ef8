"""Payment versus payment against the limits of the machine and against PostgreSQL, in one run.

    ./dev bench pvp [--quick] [--rounds N] [--dir DIR] [--no-postgres] [--json FILE]

Ledgers, bridge and witnesses are processes of their own, durable, over gRPC on loopback; the load
generator runs on the same cores. Everything it makes is in a new folder below DIR, which goes when
it ends, and so do the processes that it started. `--only` measures some parts.
"""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "ledger"))

import frame  # noqa: E402
import network  # noqa: E402
import prepared  # noqa: E402
import report  # noqa: E402
import work  # noqa: E402

PARTS = ("in-process", "lists", "singly", "latency", "witnessed", "dead", "simulation",
         "postgres")


class Sizes:
    """How much of everything: a full run, `--quick`, or `--smoke`."""

    def __init__(self, name):
        full, quick = name == "full", name == "quick"
        self.name = name
        self.accounts = 100_000 if full else 20_000 if quick else 500
        self.list = 2048 if full or quick else 64
        self.lists_in_flight = 8
        self.swaps = 1_000_000 if full else 400_000 if quick else 512
        self.singly = 20_000 if full else 8_000 if quick else 64
        self.singly_per_call = 64 if full or quick else 8
        self.latency_list = 64 if full or quick else 8
        self.latency_calls = 4_000 if full else 2_000 if quick else 64
        self.latency_s = 10 if full else 5 if quick else 1
        self.seeds = 400 if full else 150 if quick else 2
        self.dead_s = 6 if full else 4 if quick else 1
        self.postgres_accounts = 100_000 if full else 20_000 if quick else 500
        self.postgres_s = 10 if full else 5 if quick else 1


def measure_in_process(here, sizes, rounds, figures):
    print(f"in process, lists of {sizes.list:,} ...", flush=True)
    figures.update(here.run_json(
        "pvp_bench", "--only", "in-process", "--dir", here.folder, "--list", str(sizes.list),
        "--swaps", str(sizes.swaps), "--accounts", str(sizes.accounts), "--rounds", str(rounds),
        "--in-flight", str(sizes.lists_in_flight), shows=True))


def measure_simulation(here, sizes, rounds, figures):
    """Drawn networks with faults, checked after every event, on one core."""
    rates = []
    for number in range(rounds):
        simulated = here.run_json(
            "causeway-sim", "seeds", "--profile", "mixed", "--modelled", "--jobs", "1", "--seeds",
            str(sizes.seeds), "--first", str(1 + number * sizes.seeds), "--out",
            here.path("failed-seeds"))
        rates.append(simulated["sim_events_per_s"])
        print(f"  simulation, round {number + 1}: {rates[-1]:,} events/s in {sizes.seeds} seeds",
              flush=True)
    figures["sim_events_per_s"] = work.median(rates)


def measure(here, arguments, sizes, figures):
    parts, rounds = arguments.parts, arguments.rounds
    if "in-process" in parts:
        measure_in_process(here, sizes, rounds, figures)
    if {"lists", "singly", "latency"} & set(parts):
        with network.Network(here, 2, sizes.accounts) as corridor:
            if "lists" in parts:
                corridor.measure_lists(sizes, rounds, figures)
            if "singly" in parts:
                corridor.measure_singly(sizes, rounds, figures)
            if "latency" in parts:
                corridor.measure_latency(sizes, rounds, figures)
    if "witnessed" in parts:
        with network.Network(here, 2, sizes.accounts, witnesses=4) as corridor:
            corridor.measure_lists(sizes, rounds, figures, "swaps_per_s_k3of4")
            corridor.measure_latency(sizes, rounds, figures, "_k3of4")
    if "dead" in parts:
        with network.Network(here, 4, sizes.accounts) as corridor:
            corridor.measure_dead_ledger(sizes, rounds, figures)
    if "simulation" in parts:
        measure_simulation(here, sizes, rounds, figures)
    frame.compare_with_postgres(
        arguments, prepared, lambda: prepared.measure(here, sizes, rounds, figures))


def main():
    arguments = frame.parse_arguments("pvp", __doc__.split("\n", maxsplit=1)[0], PARTS, rounds=3)
    sizes = Sizes(arguments.size)
    figures = frame.run(
        arguments, lambda here, figures: measure(here, arguments, sizes, figures))
    if "postgres_swaps_per_s" in figures and "swaps_per_s_k0" in figures:
        figures["postgres_ratio"] = figures["swaps_per_s_k0"] / figures["postgres_swaps_per_s"]
    frame.write_json(arguments, figures)
    print(report.as_text(figures, BARS))


# What, key, whether at least or at most, the bar.
BARS = (
    ("swaps/s, three processes over gRPC, k = 0", "swaps_per_s_k0", "at least", 20_000),
    ("swaps/s, the same, k = 3 of 4", "swaps_per_s_k3of4", "at least", 12_000),
    ("signed singly / the limit of its verifications", "signed_singly_verify_ratio", "at least",
     0.4),
    ("swaps/s in one process", "swaps_per_s_in_process", "at least", 100_000),
    ("latency at half load, p50 / sync of an append", "p50_sync_ratio", "at most", 10),
    ("latency at half load, p99 / sync of an append", "p99_sync_ratio", "at most", 40),
    ("swaps/s against two PostgreSQL databases", "postgres_ratio", "at least", 20),
    ("simulated events/s on one core", "sim_events_per_s", "at least", 200_000),
    ("rate of the others with one of four ledgers dead", "one_ledger_dead_ratio", "at least",
     0.8),
)


if __name__ == "__main__":
    frame.exit_with("pvp", main)
