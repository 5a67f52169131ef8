"""The machine's limits, and the ledger in one process with what drives it."""

import work


def ledger_bench(here, *arguments):
    return here.run_json("ledger_bench", "--dir", here.folder, *map(str, arguments), shows=True)


def measure_limits(here, figures):
    print("limits of the machine ...", flush=True)
    figures.update(ledger_bench(here, "--only", "limits"))


def sync_us(here):
    """Again and at once: the disk's speed changes by the minute."""
    return ledger_bench(here, "--only", "sync")["sync_us_median"]


def append_sync_us(here):
    """Likewise of a file that grows."""
    return ledger_bench(here, "--only", "sync")["append_sync_us_median"]


def verifications_per_s(here):
    """Of P-256, likewise."""
    return ledger_bench(here, "--only", "verify")["p256_verifications_per_s"]


def measure(here, sizes, rounds, figures):
    print(f"in process, {sizes.accounts:,} accounts, bulks of {sizes.batch:,} ...", flush=True)
    measured = ledger_bench(here, "--accounts", sizes.accounts, "--batch", sizes.batch,
                            "--payments", sizes.round_payments, "--rounds", rounds)
    measured.pop("sync_us_median")
    measured.pop("append_sync_us_median")
    figures.update(measured)


def measure_growth(here, sizes, figures):
    rates = {}
    for accounts in (sizes.accounts_few, sizes.accounts_many):
        print(f"growth: {accounts:,} accounts ...", flush=True)
        measured = ledger_bench(here, "--only", "in-process", "--accounts", accounts, "--batch",
                                sizes.batch, "--payments", sizes.round_payments, "--rounds", 3)
        rates[accounts] = measured["in_process_payments_per_s"]
        if accounts == sizes.accounts_many:
            figures["memory_bytes_per_account"] = measured["memory_bytes_per_account"]
    figures["accounts_few"] = sizes.accounts_few
    figures["accounts_many"] = sizes.accounts_many
    figures["accounts_few_payments_per_s"] = rates[sizes.accounts_few]
    figures["accounts_many_payments_per_s"] = rates[sizes.accounts_many]
    figures["accounts_growth_ratio"] = rates[sizes.accounts_many] / rates[sizes.accounts_few]
    if sizes.history_payments // sizes.history_parts < sizes.batch:
        raise work.Failure("a part of the history is less than a bulk")
    print(f"growth: {sizes.history_payments:,} payments ...", flush=True)
    figures.update(ledger_bench(
        here, "--only", "history", "--accounts", sizes.accounts, "--batch", sizes.batch,
        "--payments", sizes.history_payments // sizes.history_parts, "--rounds",
        sizes.history_parts))
    print("growth: a flood of exact repeats of old bulks ...", flush=True)
    figures.update(ledger_bench(
        here, "--only", "repeats", "--accounts", sizes.accounts, "--batch", sizes.batch,
        "--payments", sizes.round_payments, "--rounds", 1))
    print("growth: look-ups of old payments beside new ones ...", flush=True)
    figures.update(ledger_bench(
        here, "--only", "lookups", "--accounts", sizes.accounts, "--batch", sizes.batch,
        "--payments", sizes.round_payments, "--rounds", 3))
