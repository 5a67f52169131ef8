#!/usr/bin/env python3
"""Explores the Promela models of payment versus payment with Spin, and the mutants that must fail.

  run.py                    everything
  run.py --list             names, what they are, and the property that a mutant breaks
  run.py --model NAME       one model (may be repeated): passes if no property can be broken
  run.py --mutant NAME      one mutant: passes if Spin breaks the property that it should break
  run.py --mutant NAME --trail    also prints how, step by step

Needs spin, gcc and python3 of Debian. README.md tells what the models cover.
"""

import argparse
import dataclasses
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
# Limits of one exploration: it fails beyond them, so that no bound is quietly missed.
CPU_S_MAX = 60
MEMORY_MIB_MAX = 1024
DEPTH_MAX = 100_000
COMPILE_CPU_S_MAX = 60


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    file: str
    about: str
    defines: str
    property: str = ""  # of a termination model: the LTL formula
    fair: bool = False  # whether the property needs weak fairness
    # Source lines that this configuration cannot reach, by a part of their text.
    unreached: tuple = ()


@dataclasses.dataclass(frozen=True)
class Mutant:
    name: str
    model: str  # whose configuration it changes
    about: str
    defines: str  # added; a later definition of a name replaces the earlier
    property: str  # that must be broken
    shortest: bool = True  # whether to look for the shortest way; it may take long


TWO = "LEDGERS=2 SETTLEMENTS=1 FUNDS=1"
MODELS = (
    Model("two-ledgers", "settlement.pml", "one settlement over two ledgers", TWO),
    Model("three-ledgers", "settlement.pml", "one settlement over three ledgers",
          "LEDGERS=3 SETTLEMENTS=1 FUNDS=1"),
    Model("abort-at-whim", "settlement.pml", "three ledgers; the authority may abort without cause",
          "LEDGERS=3 SETTLEMENTS=1 FUNDS=1 ABORTS_AT_WHIM"),
    Model("lying-ledger", "settlement.pml",
          "three ledgers, one of which lies: what holds between the two others",
          "LEDGERS=3 SETTLEMENTS=1 FUNDS=1 BYZANTINE_LEDGER"),
    Model("scarce-money", "settlement.pml",
          "two settlements over the same two ledgers, and money for one",
          "LEDGERS=2 SETTLEMENTS=2 FUNDS=1"),
    Model("enough-money", "settlement.pml",
          "two settlements over the same two ledgers, and money for both",
          "LEDGERS=2 SETTLEMENTS=2 FUNDS=2 REFUSALS_ARE_RECORDED"),
    Model("termination", "termination.pml", "two ledgers; 2 losses, 1 repeat, 1 crash",
          "LEDGERS=2 FUNDS=1 LOSSES=2 REPEATS=1 CRASHES=1", "every_settlement_ends"),
    Model("termination-fair", "termination.pml",
          "two ledgers; 1 crash; the authority repeats requests whenever it likes",
          "LEDGERS=2 FUNDS=1 LOSSES=0 REPEATS=0 CRASHES=1 RETRIES_WHILE_LEDGER_WORKS",
          "every_settlement_ends", fair=True),
    Model("termination-dead-ledger", "termination.pml",
          "as termination, and one ledger never answers: the other's money is not held by it",
          "LEDGERS=2 FUNDS=1 LOSSES=1 REPEATS=1 CRASHES=1 DEAD_LEDGER", "every_settlement_ends",
          unreached=("is complete", "pending[0] = 0",  # never: the dead one acknowledges nothing
                     # Nothing can commit.
                     "memory[((0*2)+0)] = 2", "paid[", "books settlement")),
    Model("witnesses", "witness.pml", "n = 4, k = 3, f = 1 against a lying bridge, two ids",
          "WITNESSES=4 NEEDED=3 BYZANTINE=1 RECORDS_MAX=2"),
    Model("witnesses-7", "witness.pml", "n = 7, k = 5, f = 2 against a lying bridge",
          "WITNESSES=7 NEEDED=5 BYZANTINE=2 RECORDS_MAX=1"),
    Model("witness-lost-state", "witness.pml",
          "n = 4, k = 3; the one fault is a witness that is restored from a backup, again and again",
          "WITNESSES=4 NEEDED=3 BYZANTINE=0 RECORDS_MAX=1 LOST_STATE=1"),
    Model("every-quorum", "witness.pml", "every n up to 6, k and f with 2k - n > f",
          "WITNESSES_MAX=6 RECORDS_MAX=1"),
    Model("certification", "certification.pml",
          "n = 4, k = 3, one witness dead; 1 loss, 1 crash: every record gets its certificate",
          "WITNESSES=4 NEEDED=3 DEAD=1 RECORDS=2 LOSSES=1 CRASHES=1",
          "every_record_is_certified"),
)

MUTANTS = (
    Mutant("releases-on-timeout", "two-ledgers", "a ledger releases a hold at the deadline",
           "MUTANT_RELEASES_ON_TIMEOUT OUTCOMES_ONLY", "all_or_none"),
    Mutant("tells-before-durable", "two-ledgers", "the certificate is out before the record is durable",
           "MUTANT_TELLS_BEFORE_DURABLE", "one_decision"),
    Mutant("certificate-not-checked", "two-ledgers", "a ledger believes any certificate",
           "MUTANT_CERTIFICATE_NOT_CHECKED OUTCOMES_ONLY", "all_or_none"),
    Mutant("forgets-hold", "two-ledgers", "a ledger forgets its hold when it restarts",
           "MUTANT_FORGETS_HOLD OUTCOMES_ONLY", "all_or_none"),
    Mutant("votes-before-durable", "two-ledgers", "a ledger votes before its hold is durable",
           "MUTANT_VOTES_BEFORE_DURABLE", "certificate_always_executes"),
    Mutant("commits-without-votes", "two-ledgers", "the authority commits with the first vote",
           "MUTANT_COMMITS_WITHOUT_VOTES", "commit_has_votes_of_all"),
    Mutant("no-tombstone", "two-ledgers", "a ledger keeps nothing of an abort that it did not prepare",
           "MUTANT_NO_TOMBSTONE", "nothing_reserved_after_abort"),
    Mutant("freeze-blocks-completion", "two-ledgers", "a freeze stops the completion of a hold",
           "MUTANT_FREEZE_BLOCKS_COMPLETION", "certificate_always_executes"),
    Mutant("forgets-decided-ids", "two-ledgers", "complete ids may be handed in and decided anew",
           "MUTANT_FORGETS_DECIDED_IDS", "one_decision"),
    Mutant("equivocates", "two-ledgers", "no witnesses (k = 0), and the authority keeps two logs",
           "MUTANT_EQUIVOCATES OUTCOMES_ONLY", "all_or_none"),
    Mutant("no-unseen-abort", "termination", "nobody judges the deadline of terms never handed in",
           "MUTANT_NO_UNSEEN_ABORT", "every_settlement_ends"),
    Mutant("no-retry", "termination", "the authority asks each ledger to prepare once, deadline or not",
           "MUTANT_NO_RETRY MUTANT_NO_DEADLINE", "every_settlement_ends"),
    Mutant("no-deadline", "termination-dead-ledger", "the authority waits for votes past the deadline",
           "MUTANT_NO_DEADLINE", "every_settlement_ends"),
    Mutant("forgets-open", "termination", "the authority forgets what is open when it restarts",
           "MUTANT_FORGETS_OPEN", "every_settlement_ends"),
    Mutant("no-witness", "witnesses", "k = 0 and a lying bridge",
           "WITNESSES=0 NEEDED=0 BYZANTINE=0 RECORDS_MAX=1", "one_outcome_everywhere"),
    Mutant("two-of-three", "witnesses", "n = 3, k = 2 and one Byzantine witness",
           "WITNESSES=3 NEEDED=2 RECORDS_MAX=1", "one_outcome_everywhere"),
    Mutant("two-faulty-of-four", "witnesses", "n = 4, k = 3 and two Byzantine witnesses",
           "BYZANTINE=2 RECORDS_MAX=1", "one_outcome_everywhere"),
    Mutant("restored-under-old-key", "witnesses",
           "one Byzantine witness, and another is restored from a backup under its old key",
           "LOST_STATE=1 RECORDS_MAX=1", "one_outcome_everywhere"),
    Mutant("signs-before-persisting", "witnesses", "a witness signs before it persists",
           "MUTANT_SIGNS_BEFORE_PERSISTING RECORDS_MAX=1", "one_outcome_everywhere"),
    Mutant("accepts-repeated-id", "witnesses", "a witness cosigns a log that repeats an id",
           "MUTANT_ACCEPTS_REPEATED_ID", "one_outcome_everywhere"),
    Mutant("accepts-fork", "witnesses", "a witness cosigns what does not extend what it signed",
           "MUTANT_ACCEPTS_FORK RECORDS_MAX=1", "one_outcome_everywhere", shortest=False),
    Mutant("too-many-needed", "certification", "k = 4 of n = 4 and one witness dead: k > n - f",
           "NEEDED=4", "every_record_is_certified"),
    Mutant("signs-once", "certification", "a witness does not sign a checkpoint again",
           "MUTANT_SIGNS_ONCE", "every_record_is_certified"),
    Mutant("held-is-enough", "certification",
           "a bridge does not ask who holds the log for a cosignature that was lost",
           "MUTANT_HELD_COUNTS_AS_COSIGNED", "every_record_is_certified"),
)


class Failure(Exception):
    """What went otherwise than it should, for the reader."""


@dataclasses.dataclass
class Result:
    broken: str  # the property, or "" when none is
    states: int
    depth: int
    memory_mib: float
    cpu_s: float
    dead_lines: list


def merge_defines(*texts):
    """-D arguments of the definitions; a later one of a name replaces the earlier."""
    merged = {}
    for text in texts:
        for word in text.split():
            name, _, value = word.partition("=")
            merged[name] = value
    return [f"-D{name}={value}" if value else f"-D{name}" for name, value in merged.items()]


def call(command, folder, cpu_s_max):
    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s_max, cpu_s_max + 5))

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, preexec_fn=limit, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode < 0:
        raise Failure(f"{command[0]} was killed by signal {-done.returncode} after {cpu_s:.0f} s "
                      f"of CPU (at most {cpu_s_max}):\n{done.stdout[-2000:]}")
    return done, cpu_s


def build(model, defines, folder, shortest):
    """The verifier `pan` of the model, in `folder`; `shortest`: finds shortest counterexamples."""
    # A copy, because pan writes its trail beside the source.
    for source in FOLDER.rglob("*.pml"):
        target = pathlib.Path(folder) / source.relative_to(FOLDER)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(source, target)
    # -o3: no statements are merged, so that what was not reached is told line by line.
    done, _ = call(["spin", "-o3", "-a", *defines, model.file], folder, COMPILE_CPU_S_MAX)
    if done.returncode != 0 or "Error" in done.stdout:
        raise Failure(f"spin refuses {model.file}:\n{done.stdout}")
    flags = ["-DCOLLAPSE", f"-DMEMLIM={MEMORY_MIB_MAX}"]
    if model.fair:
        flags.append("-DNFAIR=3")  # room for 10 processes
    else:
        flags.append("-DNOFAIR")
    if not model.property:
        flags.append("-DSAFETY")
        if shortest:  # pan -i
            flags.append("-DREACH")
    done, _ = call(["gcc", "-O1", "-w", *flags, "-o", "pan", "pan.c"], folder, COMPILE_CPU_S_MAX)
    if done.returncode != 0:
        raise Failure(f"gcc refuses what spin made of {model.file}:\n{done.stdout}")


def broken_property(model, output):
    """The property that the counterexample breaks; "" without one."""
    assertions = re.findall(r"^pan:\d+: assertion violated (.+?) \(at depth", output, re.M)
    if assertions:
        return assertions[-1].strip("() ")  # pan -i tells ever shorter ones
    if re.search(r"^pan:\d+: acceptance cycle", output, re.M):
        return model.property
    other = re.search(r"^pan:\d+: .*", output, re.M)
    return other.group(0) if other else ""


# "state N -(tr N)-> ... file:line => statement" in what `pan -d` prints; without a file, line N.
STATE = re.compile(r"^\s*state\s+(\d+) -\(tr\s*\d+\)-> state\s+\d+\s+\[.*?\]\s+(\S+):(\d+) => (.*)$")
UNREACHED = re.compile(r"^\s+(\S+):(\d+), state (\d+), \"(.*)\"$")


def dead_lines(output, listing):
    """Source lines none of whose statements was executed, in any process: a property that holds
    because nothing happens holds for nothing."""
    unreached = set()
    process = ""
    for line in output.splitlines():
        if line.startswith("unreached in "):
            process = line.split()[-1]
        found = UNREACHED.match(line)
        if found:
            unreached.add((process, found.group(3)))
    alive, all_lines = set(), {}
    for line in listing.splitlines():
        if line.startswith(("proctype ", "init", "claim ")):
            process = line.split()[1] if " " in line else line
        found = STATE.match(line)
        if not found:
            continue
        place = (pathlib.Path(found.group(2)).name, int(found.group(3)))
        all_lines[place] = found.group(4)
        if (process, found.group(1)) not in unreached:
            alive.add(place)
    # Spin names the including file for some lines of an included one.
    return [f"{file} or what it includes, line {number}: {text}" for (file, number), text in sorted(all_lines.items())
            if (file, number) not in alive and text not in ("-end-",)]


def explore(model, defines, folder, shortest):
    build(model, defines, folder, shortest)
    command = ["./pan", "-w22", f"-m{DEPTH_MAX}"]
    if model.property:
        command.append("-a")
    elif shortest:
        command.append("-i")
    if model.fair:
        command.append("-f")
    done, cpu_s = call(command, folder, CPU_S_MAX)
    output = done.stdout
    broken = broken_property(model, output)
    for trouble in ("max search depth too small", "out of memory", "memory limit"):
        if trouble in output:
            raise Failure(f"the exploration is not complete: {trouble}\n{output[-3000:]}")
    if not broken and ("Search not completed" in output or "errors: 0" not in output):
        raise Failure(f"the exploration is not complete:\n{output[-3000:]}")

    def number(pattern):
        found = re.search(pattern, output, re.M)
        if not found:
            raise Failure(f"pan did not say {pattern!r}:\n{output[-3000:]}")
        return float(found.group(1))

    dead = []
    if not broken:
        listing, _ = call(["./pan", "-d"], folder, CPU_S_MAX)
        dead = dead_lines(output, listing.stdout)
    return Result(broken, int(number(r"^ *([0-9.e+]+) states, stored")),
                  int(number(r"depth reached (\d+)")),
                  number(r"([0-9.]+)\s+total actual memory usage"), cpu_s, dead)


def describe(name, result):
    return (f"{name:26} {result.states:>9,} states  depth {result.depth:>6,}  "
            f"{result.cpu_s:6.2f} s CPU  {result.memory_mib:5.0f} MiB")


def run_model(model):
    with tempfile.TemporaryDirectory(prefix="causeway-model-") as folder:
        result = explore(model, merge_defines(model.defines), folder, shortest=False)
        print(describe(model.name, result), end="  ")
        if result.broken:
            print(f"BROKEN: {result.broken}")
            show_trail(model, merge_defines(model.defines), folder)
            raise Failure(f"{model.name}: {result.broken} can be broken")
        dead = [line for line in result.dead_lines
                if not any(part in line for part in model.unreached)]
        if dead:
            print("NOT EXERCISED")
            raise Failure(f"{model.name}: nothing executes these lines:\n  " + "\n  ".join(dead))
        print(f"holds: {model.property or 'every assertion'}")


def run_mutant(mutant, trail):
    model = next(each for each in MODELS if each.name == mutant.model)
    defines = merge_defines(model.defines, mutant.defines)
    with tempfile.TemporaryDirectory(prefix="causeway-model-") as folder:
        result = explore(model, defines, folder, mutant.shortest)
        print(describe(mutant.name, result), end="  ")
        if result.broken != mutant.property:
            print("WRONG")
            raise Failure(f"{mutant.name}: must break {mutant.property}; broke "
                          f"{result.broken or 'nothing'}")
        print(f"breaks {result.broken}, as it must")
        if trail:
            show_trail(model, defines, folder)


def show_trail(model, defines, folder):
    """The counterexample: what the parts say of themselves, in order."""
    done, _ = call(["spin", "-t", "-u10000", *defines, model.file], folder, CPU_S_MAX)
    for line in done.stdout.splitlines():
        text = line.strip()
        if text.startswith(("#processes", "spin: trail ends")):
            break
        if text and not text.startswith(("starting claim", "using statement merging", "Never claim",
                                         "ltl ")):
            print("    " + text)


def list_all():
    print("models:")
    for model in MODELS:
        print(f"  {model.name:26} {model.about}")
    print("mutants, and what each must break:")
    for mutant in MUTANTS:
        print(f"  {mutant.name:26} {mutant.about} [{mutant.property}]")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", default=[], metavar="NAME")
    parser.add_argument("--mutant", action="append", default=[], metavar="NAME")
    parser.add_argument("--trail", action="store_true", help="print the steps of counterexamples")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--names", action="store_true", help="for CMake: one test a line")
    arguments = parser.parse_args()
    if arguments.list:
        list_all()
        return 0
    if arguments.names:
        for kind, group in (("model", MODELS), ("mutant", MUTANTS)):
            for each in group:
                print(f"{kind} {each.name}")
        return 0
    for kind, group, names in (("model", MODELS, arguments.model),
                               ("mutant", MUTANTS, arguments.mutant)):
        unknown = set(names) - {each.name for each in group}
        if unknown:
            parser.error(f"no {kind} {', '.join(sorted(unknown))}; --list tells what there is")
    everything = not arguments.model and not arguments.mutant
    failures = []
    for model in MODELS:
        if everything or model.name in arguments.model:
            attempt(lambda model=model: run_model(model), failures)
    for mutant in MUTANTS:
        if everything or mutant.name in arguments.mutant:
            attempt(lambda mutant=mutant: run_mutant(mutant, arguments.trail), failures)
    for failure in failures:
        print(f"\nFAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


def attempt(action, failures):
    try:
        action()
    except Failure as failure:
        failures.append(failure)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
