"""What the benchmarks of a ledger and of swaps share: their arguments, and the frame of a run."""

import argparse
import json
import os
import sys

import in_process
import work


def parse_arguments(name, about, parts, rounds):
    """The arguments of `./dev bench NAME`: with size, rounds (the default of a whole run is given)
    and parts."""
    parser = argparse.ArgumentParser(prog=f"./dev bench {name}", description=about)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="smaller: a few minutes")
    size.add_argument("--smoke", action="store_true", help="tiny: whether everything works")
    parser.add_argument("--rounds", type=int, metavar="N",
                        help=f"of which the median counts ({rounds})")
    parser.add_argument("--only", action="append", choices=parts, metavar="PART",
                        help=f"only this part, repeatable: {', '.join(parts)}")
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
    arguments.size = "smoke" if arguments.smoke else "quick" if arguments.quick else "full"
    arguments.rounds = arguments.rounds or (1 if arguments.smoke else rounds)
    arguments.parts = arguments.only or list(parts)
    return arguments


def run(arguments, measure):
    """The figures of a run: of the machine, and what `measure(here, figures)` adds."""
    figures = {"size": arguments.size, "rounds": arguments.rounds, "cores": os.cpu_count(),
               "load_before": os.getloadavg()[0]}
    with work.Work(arguments.bin, arguments.dir) as here:
        print(f"{figures['cores']} cores, load {figures['load_before']:.2f} before, "
              f"median of {arguments.rounds}, in {here.folder}", flush=True)
        in_process.measure_limits(here, figures)
        measure(here, figures)
    figures["load_after"] = os.getloadavg()[0]
    return figures


def compare_with_postgres(arguments, peer, measure):
    """Calls `measure` if the comparison is wanted. Only a tiny run goes on without the peer."""
    if "postgres" not in arguments.parts or arguments.no_postgres:
        return
    if peer.is_installed():
        measure()
    elif not arguments.smoke:
        raise work.Failure("PostgreSQL 15 is not installed (Debian: postgresql-15); "
                           "--no-postgres leaves it out")


def write_json(arguments, figures):
    if arguments.json is not None:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)
            file.write("\n")


def exit_with(name, main):
    """Runs a benchmark's main and says in one line why it ended."""
    try:
        main()
    except work.Failure as failure:
        sys.exit(f"bench {name}: {failure}")
    except KeyboardInterrupt:
        sys.exit(f"bench {name}: interrupted")
